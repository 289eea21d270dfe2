# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README's tables of the benchmark are those that the benchmark wrote."""

from __future__ import annotations

import json
import re

import pytest

from bench.ratios import Reach
from bench.readme import BEGIN, END, tables, with_tables
from tools.tree import ROOT

MEASURED = json.loads((ROOT / "tests" / "bench" / "bench.json").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_has_the_tables_of_the_file() -> None:
    assert f"{BEGIN}\n\n{tables(MEASURED)}\n\n{END}" in README
    assert with_tables(README, MEASURED) == README


def test_each_ratio_is_shown_with_its_limit_and_holds() -> None:
    shown = re.findall(r"^\| .* \| [\d.]+ \| [≥≤] ([\d.]+) \|$", README, re.MULTILINE)
    assert [float(limit) for limit in shown] == [30, 1.2, 215, 1.5, 1.5, 0.5, 6, 1.5, 1, 1, 4]
    assert [one["what"] for one in MEASURED["reached"] if not Reach(**one).holds] == []


def test_another_number_is_another_table() -> None:
    other = {**MEASURED, "reached": [{**MEASURED["reached"][0], "value": 12345.67}]}
    text = with_tables(README, other)
    assert "| 12345.7 | ≥ 30 |" in text
    assert text.count(BEGIN) == text.count(END) == 1
    assert with_tables(text, MEASURED) == README


def test_a_text_without_their_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        with_tables("# Nothing\n", MEASURED)
