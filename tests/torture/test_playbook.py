# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sample of the cases through the real role: what holds in process holds for `ansible-playbook`."""

from __future__ import annotations

import pytest

from tools.counted import Count
from tools.playbooks import Playbooks
from torture.bench import Setting
from torture.playbook import broken_in_a_playbook

KEY, TOKEN = Setting("ops_manager", "owner", 4), Setting("atlas", "service_account", 4)
# Of about 41 requests the first seven read, the next eleven are the batch of the extends, then come two with deletes.
SAMPLE = [
    (KEY, "401 stale", 13, False),
    (KEY, "504 after", 27, False),
    (KEY, "reset after", 33, False),
    (KEY, "log-in page", 3, False),
    (KEY, "broken JSON", 14, False),
    (KEY, "refused", 24, False),
    (KEY, "404 SNAPSHOT_NOT_FOUND", 29, False),
    (KEY, "killed", 28, False),
    (TOKEN, "killed", 15, False),
    (TOKEN, "500 after", 28, False),
    (TOKEN, "429 with Retry-After", 2, False),
    (TOKEN, "401 role", 16, True),
    (TOKEN, "403 access list", 26, True),
    (TOKEN, "shape {}", 6, False),
]


@pytest.mark.parametrize(("setting", "label", "index", "stays"), SAMPLE)
def test_the_role_itself(
    playbooks: Playbooks, setting: Setting, label: str, index: int, stays: bool, counted: Count
) -> None:
    broken = broken_in_a_playbook(playbooks, setting, label, index, stays)
    counted("playbooks", 1)
    assert broken == []
