# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables of plain text for a terminal: aligned columns, one line a row, whatever the cells hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# The default callback shows each line in a list, eight blanks deep, in quotes, with a comma. That makes 100 in all.
LINE_WIDTH = 89


@dataclass(frozen=True)
class Column:
    """One column. Numbers are aligned to the right."""

    header: str
    is_number: bool = False


def layout(columns: Sequence[Column], rows: Sequence[Sequence[str]], gap: str = " ") -> list[str]:
    """The header and a line for each row. Each row has as many cells as there are columns."""
    lines = [[column.header for column in columns], *rows]
    widths = [max(width(line[at]) for line in lines) for at in range(len(columns))]
    return [gap.join(_padded(columns, widths, cells)).rstrip() for cells in lines]


def one_line(text: str) -> str:
    """The text without line ends and without what a terminal would take for a command."""
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(text.split()))


def cut(text: str, most: int) -> str:
    """The text, its end left out where it is wider than `most`."""
    if width(text) <= most:
        return text
    begin = text[:most]
    while width(begin) >= most:
        begin = begin[:-1]
    return f"{begin.rstrip()}…"


def cut_middle(text: str, most: int) -> str:
    """The text, its middle left out where it is wider: names of a fleet tend to differ at either end."""
    if width(text) <= most:
        return text
    begin, end = text[:most], text[-most:]
    while width(begin) > (most - 1) // 2:
        begin = begin[:-1]
    while width(end) > most // 2:
        end = end[1:]
    return f"{begin}…{end}"


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(unicodedata.combining(sign) > 0 for sign in text)


def _padded(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[str]) -> Iterator[str]:
    for column, most, cell in zip(columns, widths, cells, strict=True):
        blanks = " " * (most - width(cell))
        yield blanks + cell if column.is_number else cell + blanks
