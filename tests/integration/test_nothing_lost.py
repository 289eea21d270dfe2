# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A part of `make torture`: every fault at a spread of requests, every request with the worst faults, some kills."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.counted import Count
from tools.playbooks import Playbooks
from torture.bench import SETTINGS, Setting, undisturbed
from torture.faults import FOR_GOOD, ONCE, SLOW_ONES, broken_promises, for_good, once
from torture.fixtures import victims
from torture.kills import broken_by_a_kill
from torture.playbook import broken_in_a_playbook
from torture.test_playbook import KEY, TOKEN
from torture.victim import Victims

__all__ = ["victims"]

QUICK = [label for label in ONCE if label not in SLOW_ONES]
# Done and not told, told and not done, and what has to be asked again: with one worker and with more, patient or not.
WORST = [
    (SETTINGS[4], "504 after"),
    (SETTINGS[3], "reset after"),
    (SETTINGS[1], "404 CLUSTER_NOT_FOUND"),
    (SETTINGS[5], "wrong shape"),
    (SETTINGS[0], "401 stale"),
    (SETTINGS[2], "refused"),
]


@pytest.mark.parametrize(("setting", "label"), WORST, ids=[f"{one.label}, {label}" for one, label in WORST])
def test_each_request_with_the_worst_faults(setting: Setting, label: str, counted: Count) -> None:
    requests = undisturbed(setting).requests
    found = {index: broken_promises(setting, once(label, index)) for index in range(requests)}
    counted("cases of faults", requests)
    assert {index: broken for index, broken in found.items() if broken} == {}


@pytest.mark.parametrize("part", range(8))
def test_each_fault_at_a_spread_of_requests(part: int, counted: Count) -> None:
    """Three requests for each fault: one of the reading, one of the batches, one anywhere; each setting in its turn."""
    found = {}
    for number, label in list(enumerate(QUICK))[part::8]:
        for turn in range(3):
            setting = SETTINGS[(number + turn) % len(SETTINGS)]
            requests = undisturbed(setting).requests
            index = (number % 8, 8 + (number * 5) % (requests - 13), (number * 11 + 3) % requests)[turn]
            found[setting.label, label, index] = broken_promises(setting, once(label, index))
    counted("cases of faults", len(found))
    assert {case: broken for case, broken in found.items() if broken} == {}


@pytest.mark.parametrize("part", range(2))
def test_faults_that_stay(part: int, counted: Count) -> None:
    found = {}
    for number, label in list(enumerate(FOR_GOOD))[part::2]:
        setting = SETTINGS[number % len(SETTINGS)]
        index = (number * 7 + 5) % undisturbed(setting).requests
        found[setting.label, label, index] = broken_promises(setting, for_good(label, index))
    counted("cases of faults that stay", len(found))
    assert {case: broken for case, broken in found.items() if broken} == {}


@pytest.mark.parametrize(("label", "index"), [("slow before", 29), ("slow after", 15)])
def test_slow_beyond_the_timeout(label: str, index: int, counted: Count) -> None:
    counted("cases of faults", 1)
    assert broken_promises(replace(SETTINGS[3], timeout=1), once(label, index)) == []


@pytest.mark.parametrize("setting", SETTINGS[1:3], ids=lambda setting: setting.label)
def test_kills(setting: Setting, victims: Victims, counted: Count) -> None:
    moments = [(index, index % 4 != 0) for index in range(2, undisturbed(setting).requests, 3)]
    found = {moment: broken_by_a_kill(victims, setting, *moment) for moment in moments}
    counted("kills", len(moments))
    assert {moment: broken for moment, broken in found.items() if broken} == {}


@pytest.mark.parametrize(
    ("setting", "label", "index"), [(KEY, "504 after", 27), (TOKEN, "killed", 28)], ids=["504 after", "killed"]
)
def test_the_role_itself(playbooks: Playbooks, setting: Setting, label: str, index: int, counted: Count) -> None:
    counted("playbooks", 1)
    assert broken_in_a_playbook(playbooks, setting, label, index, stays=False) == []
