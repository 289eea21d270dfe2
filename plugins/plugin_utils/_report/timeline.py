# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things lie in the timeline: age on a logarithmic axis, one lane a tier, one mark a snapshot.

`timeline.svg.j2` draws it. All places are in the units of the picture's viewBox.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import MARKS, SAFETY, Report, Row

_WIDTH = 1160
_LEFT, _RIGHT = 132, 14
_TOP = 30
_STEP = 11
_MOST_STACKED, _MOST_STACKED_OF_MANY, _MANY = 14, 26, 600
# Beyond so many extensions their arrows are drawn faintly, and without a beginning.
_CLEAR_ARROWS = 40
_HOUR, _DAY = 3600, 86400
# Where the axis turns from days of equal width to years of equal width, about.
_BEND = 2 * _DAY
_TICKS = (
    (6 * _HOUR, "6 h"),
    (_DAY, "1 d"),
    (2 * _DAY, "2 d"),
    (4 * _DAY, "4 d"),
    (7 * _DAY, "1 w"),
    (14 * _DAY, "2 w"),
    (30.44 * _DAY, "1 mo"),
    (60.88 * _DAY, "2 mo"),
    (91.3 * _DAY, "3 mo"),
    (182.6 * _DAY, "6 mo"),
    *((365.25 * _DAY * years, f"{years} y") for years in (1, 2, 3, 5, 10, 20, 50, 100, 1000)),
)
_TICK_ROOM = 40
_TIER_NAMES = {"last": "last", "within": "all within"}


class Axis(NamedTuple):
    """From the age of a snapshot, and from the time to an expiry, to a place on the page."""

    now: float
    """Where now is."""
    past: float
    """Pixels a unit of the logarithm, left of now."""
    future: float
    oldest: float
    """The ages between which it reaches, in seconds; the future is negative."""
    furthest: float

    def place(self, age: float) -> float:
        """Where an age lies; a negative one lies in the future."""
        scaled = math.log1p(abs(age) / _BEND)
        return self.now - self.past * scaled if age >= 0 else self.now + self.future * scaled


class Mark(NamedTuple):
    """One snapshot: its mark and where the middle of that is, what it says, and the path of its arrow if it has one."""

    id: str
    mark: str
    at: str
    title: str
    arrow: str


class Lane(NamedTuple):
    """A lane of the picture: its name, its snapshots, and the places of those that lie in another lane."""

    code: str
    name: str
    note: str
    top: int
    height: int
    marks: Sequence[Mark]
    ticks: Sequence[float]


class Line(NamedTuple):
    """A line of the scale, and where its text is."""

    x: float
    text_x: float
    text: str
    is_now: bool


class Picture(NamedTuple):
    """All that the template draws."""

    width: int
    top: int
    bottom: int
    lanes: Sequence[Lane]
    lines: Sequence[Line]
    clear_arrows: bool


def timeline(report: Report) -> Picture:
    """The picture of a report."""
    axis = _axis(report)
    clear = report.counts["extended"] <= _CLEAR_ARROWS
    lanes = list(_lanes(report, axis, clear))
    return Picture(_WIDTH, _TOP, _TOP + sum(lane.height for lane in lanes), lanes, list(_lines(axis)), clear)


def _axis(report: Report) -> Axis:
    oldest = max([row.age for row in report.rows] + [_DAY]) * 1.06
    ahead = [row.until - report.now for row in report.rows if row.mark == "extended" and row.until is not None]
    ahead += [-row.age for row in report.rows]
    furthest = max([*ahead, 0]) * 1.06
    room = _WIDTH - _LEFT - _RIGHT - 10
    left = room * (0.7 if furthest > 0 else 0.985)
    now = _LEFT + 10 + left
    right = _WIDTH - _RIGHT - now - 8
    past, future = left / math.log1p(oldest / _BEND), right / math.log1p(max(furthest, 1) / _BEND)
    return Axis(now, past, future, oldest, furthest)


def _lanes(report: Report, axis: Axis, clear: bool) -> Iterator[Lane]:
    rows, others = defaultdict[str, list[Row]](list), defaultdict[str, list[float]](list)
    for row in report.rows:
        rows[_lane_of(row)].append(row)
        for code in row.tiers[1:] if row.stays else ():
            others[code].append(round(axis.place(row.age), 1))
    most = _MOST_STACKED if len(report.rows) <= _MANY else _MOST_STACKED_OF_MANY
    top = _TOP
    for code, name in _lane_names(report, rows):
        placed, stacked = _stacked(rows[code], axis, most)
        height = max(30, stacked * _STEP + 13)
        marks = [_mark(row, x, top + height - 11.5 - level * _STEP, axis, clear) for row, x, level in placed]
        yield Lane(code, name, _note(report, code, len(marks)), top, height, marks, others[code])
        top += height


def _lane_names(report: Report, used: Container[str]) -> Iterator[tuple[str, str]]:
    for tier in report.tiers:
        yield tier.rule, _TIER_NAMES.get(tier.rule, tier.rule.replace("within_", ""))
    for code, name in ((SAFETY, "safeguards"), ("held", "held"), ("other", "not counted"), ("removed", "not kept")):
        if code in used:
            yield code, name


def _lane_of(row: Row) -> str:
    if row.state == "held":
        return "held"
    if row.state != "candidate":
        return "other"
    if not row.stays:
        return "removed"
    return row.tiers[0] if row.tiers else SAFETY


def _stacked(rows: Sequence[Row], axis: Axis, most: int) -> tuple[list[tuple[Row, float, int]], int]:
    """Snapshots, newest first, with their places and levels, and the number of levels.

    Marks that would overlap are piled up as long as there is room.
    """
    ends: list[float] = []
    placed = []
    for row in rows:
        x = axis.place(row.age)
        roomiest = max(ends, default=x)
        if roomiest - x >= _STEP:
            level = next(number for number, end in enumerate(ends) if end - x >= _STEP)
        elif len(ends) < most:
            level = len(ends)
            ends.append(x)
        else:
            level = ends.index(roomiest)
        ends[level] = x
        placed.append((row, x, level))
    return placed, len(ends)


def _mark(row: Row, x: float, y: float, axis: Axis, clear: bool) -> Mark:
    arrow = _arrow(row, y, axis, clear) if row.mark == "extended" else ""
    return Mark(row.id, row.mark, f"{x:.1f} {y:.1f}", _title(row), arrow)


def _title(row: Row) -> str:
    """What a mark says when the mouse rests on it."""
    lines = [f"{row.id} · {words.day_and_time(row.created_at)} · {MARKS[row.mark][1]}"]
    if row.expires_to is not None:
        lines.append(f"expires {words.day_and_time(row.expires_at)} → {words.day_and_time(row.expires_to)}")
    lines.append("; ".join(map(words.note, row.reasons or row.why)) or "no rule keeps it")
    return "\n".join(lines)


def _note(report: Report, code: str, marks: int) -> str:
    tier = next((tier for tier in report.tiers if tier.rule == code), None)
    if tier is None:
        return f"{marks:,}"
    return f"{tier.setting} · keeps {tier.kept:,}" if len(tier.setting) < 10 else f"keeps {tier.kept:,}"


def _arrow(row: Row, y: float, axis: Axis, clear: bool) -> str:
    """From the old expiry to the new one, right of now."""
    if row.until is None or row.expires is None:
        return ""
    now = row.created + row.age
    start, end = axis.place(now - row.expires), axis.place(now - row.until)
    begin = f"M{start:.1f} {y - 3:.1f}v6" if clear else ""
    return f"{begin}M{start:.1f} {y:.1f}H{end:.1f}m-4 -3l4 3l-4 3"


def _lines(axis: Axis) -> Iterator[Line]:
    """Lines for ages, as many as have room, from now outwards; the one for now comes last, and lies on top."""
    taken = [axis.now]
    for sign, limit in ((1, axis.oldest), (-1, axis.furthest)):
        for age, name in _TICKS:
            x = axis.place(sign * age)
            if age > limit or min(abs(x - other) for other in taken) < _TICK_ROOM:
                continue
            taken.append(x)
            yield _line(x, name if sign > 0 else f"in {name}")
    yield _line(axis.now, "now")


def _line(x: float, text: str) -> Line:
    return Line(round(x, 1), round(min(x, _WIDTH - 16), 1), text, text == "now")
