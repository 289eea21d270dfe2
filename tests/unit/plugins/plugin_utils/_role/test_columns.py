# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Columns stay columns, whatever the cells hold."""

from __future__ import annotations

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.columns import (
    Column,
    cut,
    cut_middle,
    layout,
    one_line,
    width,
)


def test_texts_are_aligned_left_and_numbers_right() -> None:
    columns = [Column("name"), Column("keep", is_number=True), Column("state")]
    assert layout(columns, [["a", "7", "ok"], ["much longer", "12345", ""]]) == [
        "name         keep state",
        "a               7 ok",
        "much longer 12345",
    ]


def test_wide_signs_and_marks_take_the_columns_that_a_terminal_gives_them() -> None:
    assert [width(text) for text in ("abc", "日本", "e\u0301")] == [3, 4, 1]
    lines = layout([Column("n"), Column("x")], [["日本", "1"], ["abcd", "2"], ["e\u0301", "3"]])
    assert {width(line) for line in lines[1:]} == {6}


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb\t c", "a b c"), ("\x1b[2Jgone", "?[2Jgone"), ("\u202eabc", "?abc"), ("\ud800", "?"), (" ", "")],
)
def test_no_cell_can_begin_a_line_or_command_a_terminal(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_what_is_too_long_is_cut_where_it_says_least() -> None:
    assert [cut("abcdef", most) for most in (6, 5, 1)] == ["abcdef", "abcd…", "…"]
    assert cut("ab  cdef", 5) == "ab…"
    assert (cut("日本語", 5), width(cut("日本語" * 1000, 9))) == ("日本…", 9)
    assert cut_middle("Payments_EU.ledger-0001", 12) == "Payme…r-0001"
    assert cut_middle("short", 12) == "short"
    assert (cut_middle("日本語" * 9, 12), width(cut_middle("日本語" * 9, 12))) == ("日本…日本語", 11)
