# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a listing made afterwards shows to be otherwise than was said."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import read_expiries
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import problems

from unit.plugins.plugin_utils._retention.cases import NOW, info, row

ONE, LATER = "5a" * 12, "2027-01-01T00:00:00Z"


def outcome(action: str, **more: Any) -> dict[str, Any]:
    return {"id": ONE, "action": action, "before": None, "after": None, "error": None, **more}


@pytest.mark.parametrize(
    ("told", "listed", "said"),
    [
        (outcome("deleted"), {}, []),
        (outcome("deleted"), {"expires_at": LATER}, [f"Snapshot {ONE} was reported deleted and is still there."]),
        (outcome("absent"), {}, []),
        # The service said that there is no such snapshot, and was wrong.
        (
            outcome("absent"),
            {"expires_at": LATER},
            [f"Snapshot {ONE} was said not to be there any more and is still there."],
        ),
        (outcome("updated", after={"expires_at": LATER}), {"expires_at": LATER}, []),
        (
            outcome("updated", after={"expires_at": LATER}),
            {"expires_at": None},
            [f"Snapshot {ONE} was given the expiry {LATER} and has none."],
        ),
        (
            outcome("updated", after={"expires_at": LATER}),
            {},
            [f"Snapshot {ONE} was given the expiry {LATER} and is not there any more."],
        ),
        (outcome("not_tried"), {"expires_at": LATER}, []),
    ],
)
def test_what_the_listing_afterwards_shows(told: dict[str, Any], listed: dict[str, Any], said: list[str]) -> None:
    rows = [row(1, NOW, **{"id": ONE, **listed})] if listed else []
    assert problems([told], read_expiries(info(rows))) == said
    assert problems([told], None) == []


def test_a_new_snapshot_without_a_date_does_not_keep_a_run_from_its_summary() -> None:
    rows = [row(1, NOW, id=ONE, expires_at=LATER), {**row(2, NOW), "created_at": None}]
    assert problems([outcome("not_tried")], read_expiries(info(rows))) == []
