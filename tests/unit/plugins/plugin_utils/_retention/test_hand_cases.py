# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small cases that were worked out by hand from the retention rules, before there was code for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unit.plugins.plugin_utils._retention.cases import info, planned, row, texts

CASES = [
    json.loads(line) for line in Path(__file__).with_name("hand_cases.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['rule']}: {case['name']}" for case in CASES])
def test_a_case_worked_out_by_hand(case: dict[str, Any]) -> None:
    hours = case["schedule_pit_hours"]
    schedule = None if hours is None else {"point_in_time_window_hours": hours}
    rows = [{**row(0, one["created_at"]), **one} for one in case["snapshots"]]
    document = planned(info(rows, schedule=schedule), case["policy"], now=case["now"], **case["options"])
    found = {one["id"]: one for one in document["snapshots"]}
    assert {name: one["action"] for name, one in found.items()} == case["expect"]
    assert {name: found[name]["expires_to"] for name in case.get("expect_expires_to", {})} == case.get(
        "expect_expires_to", {}
    )
    gaps = [[gap["rule"], gap["period"]] for gap in document["gaps"]]
    assert gaps == case.get("expect_gaps", gaps)
    assert document["guard"]["blocked"] is case.get("blocked", False)
    assert any(case.get("warning_contains", "") in text for text in [*texts(document["warnings"]), ""])


def test_there_are_cases() -> None:
    assert len(CASES) >= 12
