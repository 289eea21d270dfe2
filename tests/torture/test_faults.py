# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault at every request of a run: one worker and more, with a key and with a token, with retries and without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.counted import Count
from torture.bench import SETTINGS, Setting, undisturbed
from torture.faults import FOR_GOOD, ONCE, SLOW_ONES, broken_promises, for_good, once

# Who meets what stays: one worker and more, patient or not.
STUBBORN = (SETTINGS[0], SETTINGS[3], SETTINGS[4])
# Every request: one worker and two, a key and a token, patient and not. The others at a spread of requests.
WHOLE = (SETTINGS[0], SETTINGS[3], SETTINGS[4])
SPREAD = tuple(setting for setting in SETTINGS if setting not in WHOLE)
STEP = 5
QUICK = [label for label in ONCE if label not in SLOW_ONES]
# A slow case takes its seconds: with one worker and with two.
CASES = [(setting, label) for setting in WHOLE for label in QUICK]
CASES += [(replace(setting, timeout=1), label) for setting in (SETTINGS[0], SETTINGS[3]) for label in SLOW_ONES]


@pytest.mark.parametrize(("setting", "label"), CASES, ids=[f"{one.label}, {label}" for one, label in CASES])
def test_each_fault_at_each_request(setting: Setting, label: str, counted: Count) -> None:
    requests = undisturbed(setting).requests
    found = {index: broken_promises(setting, once(label, index)) for index in range(requests)}
    counted("cases of faults", requests)
    assert {index: broken for index, broken in found.items() if broken} == {}


@pytest.mark.parametrize("setting", SPREAD, ids=lambda setting: setting.label)
@pytest.mark.parametrize("number", range(len(QUICK)), ids=QUICK)
def test_each_fault_at_a_spread_of_requests(setting: Setting, number: int, counted: Count) -> None:
    indexes = range(number % STEP, undisturbed(setting).requests, STEP)
    found = {index: broken_promises(setting, once(QUICK[number], index)) for index in indexes}
    counted("cases of faults", len(found))
    assert {index: broken for index, broken in found.items() if broken} == {}


@pytest.mark.parametrize("setting", STUBBORN, ids=lambda setting: setting.label)
@pytest.mark.parametrize("label", FOR_GOOD)
def test_each_fault_that_stays_from_each_request_on(setting: Setting, label: str, counted: Count) -> None:
    requests = undisturbed(setting).requests
    found = {index: broken_promises(setting, for_good(label, index)) for index in range(requests)}
    counted("cases of faults that stay", requests)
    assert {index: broken for index, broken in found.items() if broken} == {}
