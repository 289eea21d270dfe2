# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process killed at every request of a run: the next run tells what was left, and ends where it should."""

from __future__ import annotations

import pytest

from tools.counted import Count
from torture.bench import SETTINGS, Setting, undisturbed
from torture.kills import broken_by_a_kill
from torture.victim import Victims


@pytest.mark.parametrize("is_taken", [True, False], ids=["taken", "not taken"])
@pytest.mark.parametrize("setting", SETTINGS[:4], ids=lambda setting: setting.label)
def test_killed_at_each_request(setting: Setting, is_taken: bool, victims: Victims, counted: Count) -> None:
    requests = undisturbed(setting).requests
    found = {index: broken_by_a_kill(victims, setting, index, is_taken) for index in range(requests)}
    counted("kills", requests)
    assert {index: broken for index, broken in found.items() if broken} == {}
