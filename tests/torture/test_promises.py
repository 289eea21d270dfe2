# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The torture itself: product code that breaks a promise is found out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils import _snapshot_change, _snapshot_changes
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.pagination import Page
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot_api import Service
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import summary as _recap

from torture.bench import SETTINGS, undisturbed
from torture.faults import broken_promises, for_good, once

Break = Callable[[pytest.MonkeyPatch], None]


def says_deleted(patch: pytest.MonkeyPatch) -> None:
    """A delete is told and never sent."""
    patch.setattr(Service, "delete", lambda service, snapshot_id, before_try: True)


def stops_at_the_first_page(patch: pytest.MonkeyPatch) -> None:
    """A listing that is not whole is planned upon."""
    patch.setattr(Page, "ends_after", lambda page, rows: True)


def goes_on(patch: pytest.MonkeyPatch) -> None:
    """What was not made to live longer does not keep the deletes back."""
    patch.setattr(_snapshot_change.Step, "blocks_deletes", False)
    patch.setattr(_recap, "must_stop", lambda plan, outcomes: False)


def forgets(patch: pytest.MonkeyPatch) -> None:
    """What failed is told as if it had not been tried."""
    told = _snapshot_changes.outcomes

    def outcomes(outcome: Any) -> list[dict[str, Any]]:
        rows = told(outcome)
        return [{**row, "action": "not_tried", "error": None} if row["error"] else row for row in rows]

    from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils import _legacy_snapshot

    patch.setattr(_legacy_snapshot, "outcomes", outcomes)


@pytest.mark.parametrize(
    ("broken", "fault", "words"),
    [
        (says_deleted, once("401 stale", 1), "is told deleted and is there"),
        (stops_at_the_first_page, once("503", 1), "the listing's snapshots is not what the service has"),
        (goes_on, once("403 snapshot", 16), "does not live longer yet"),
        (forgets, once("500", 16), "is told not_tried and was sent"),
        (forgets, for_good("500 after", 16), "is told not_tried and was"),
    ],
)
def test_a_broken_promise_is_found(
    broken: Break, fault: Callable[..., None], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = SETTINGS[2]
    assert undisturbed(setting).requests > 30
    assert broken_promises(setting, fault) == []
    broken(monkeypatch)
    assert any(words in one for one in broken_promises(setting, fault))
