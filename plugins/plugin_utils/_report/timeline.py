# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things lie in the timeline: age on a logarithmic axis, one lane a tier, one mark a snapshot.

`timeline.svg.j2` draws it. All places are in the units of the picture's viewBox.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import SAFETY, Report, Row

_WIDTH = 1160
_LEFT, _RIGHT = 132, 14
_TOP = 30
# How large marks are drawn, by how many there are at most, and how many are piled up at most.
_SIZES = ((150, 1.45, 10), (600, 1.15, 14), (math.inf, 1.0, 26))
_STEP = 10.6
_TICK_HEIGHT = 10
# Where the newest snapshot lies beyond so much of the axis, the axis begins with it.
_FAR = 0.4
_BREAK = 54
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
# What fills an axis that does not begin with now.
_FINE_TICKS = (
    *((days * _DAY, f"{days} d") for days in range(3, 60)),
    *((30.44 * _DAY * months, f"{months} mo") for months in range(2, 36)),
    *((365.25 * _DAY * years, f"{years} y") for years in range(3, 30)),
)
# What a tick and its text take, in the future, and where there are many to choose from.
_TICK_ROOM, _FUTURE_TICK_ROOM, _FINE_TICK_ROOM = 44, 56, 80
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
    begin: float
    """The age with which it begins left of now; 0 unless all snapshots are old, which leaves a break before now."""

    def place(self, age: float) -> float:
        """Where an age lies; a negative one lies in the future."""
        scaled = _scaled(age)
        if age < 0:
            return self.now + self.future * scaled
        return self.now - (_BREAK if self.begin else 0) - self.past * max(0.0, scaled - _scaled(self.begin))


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
    top: float
    height: float
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

    left: int
    """Left of it are the names of the lanes."""
    width: int
    """Of the rest."""
    top: int
    bottom: float
    lanes: Sequence[Lane]
    lines: Sequence[Line]
    clear_arrows: bool
    size: float
    """How many times as large as in the template marks are drawn."""
    break_at: float | None
    """Where the axis is interrupted, in the middle of the break."""


def timeline(report: Report, why: Mapping[str, str]) -> Picture:
    """The picture of a report. `why` says of each snapshot that is not kept, by its id, why it is not."""
    axis = _axis(report)
    clear = report.marks["extended"] <= _CLEAR_ARROWS
    size, most = next((size, most) for limit, size, most in _SIZES if len(report.rows) <= limit)
    lanes = list(_lanes(report, axis, why, clear, size, most))
    bottom = _TOP + sum(lane.height for lane in lanes)
    break_at = round(axis.now - _BREAK / 2, 1) if axis.begin else None
    return Picture(_LEFT, _WIDTH - _LEFT, _TOP, bottom, lanes, list(_lines(axis)), clear, size, break_at)


def _scaled(age: float) -> float:
    return math.log1p(abs(age) / _BEND)


def _past(report: Report) -> tuple[float, float]:
    """The ages between which the axis has to reach."""
    ages = [row.age for row in report.rows if row.age >= 0] or [0]
    newest, oldest = min(ages) * 0.97, max(*ages, _DAY) * 1.06
    return (newest if _scaled(newest) > _FAR * _scaled(oldest) else 0), oldest


def _axis(report: Report) -> Axis:
    begin, oldest = _past(report)
    ahead = [row.until - report.now for row in report.rows if row.mark == "extended" and row.until is not None]
    ahead += [-row.age for row in report.rows]
    furthest = max([*ahead, 0]) * 1.06
    room = _WIDTH - _LEFT - _RIGHT - 10
    left = room * (0.8 if furthest > 0 else 0.985)
    now = _LEFT + 10 + left
    right = _WIDTH - _RIGHT - now - 8
    past = (left - (_BREAK if begin else 0)) / (_scaled(oldest) - _scaled(begin))
    return Axis(now, past, right / _scaled(max(furthest, 1)), oldest, furthest, begin)


def _lanes(report: Report, axis: Axis, why: Mapping[str, str], clear: bool, size: float, most: int) -> Iterator[Lane]:
    rows, others = defaultdict[str, list[Row]](list), defaultdict[str, list[float]](list)
    for row in report.rows:
        rows[row.kept_by].append(row)
        for code in row.tiers[1:] if row.stays else ():
            others[code].append(round(axis.place(row.age), 1))
    step, top = _STEP * size, float(_TOP)
    for code, name in _lane_names(report, rows):
        placed, stacked = _stacked(rows[code], axis, step, most)
        ticks = _TICK_HEIGHT if others[code] else 0
        height = max(34, round(stacked * step + ticks + 8))
        base = top + height - ticks - 4 - step / 2
        marks = [
            _mark(row, _title(row, report.meaning(row.mark), why.get(row.id)), (x, base - level * step), axis, clear)
            for row, x, level in placed
        ]
        yield Lane(code, name, _note(report, code, len(marks)), top, height, marks, others[code])
        top += height


def _lane_names(report: Report, used: Container[str]) -> Iterator[tuple[str, str]]:
    for tier in report.tiers:
        yield tier.rule, _TIER_NAMES.get(tier.rule, tier.rule.replace("within_", ""))
    for code, name in ((SAFETY, "safeguards"), ("held", "held"), ("other", "not counted"), ("removed", "not kept")):
        if code in used:
            yield code, name


def _stacked(rows: Sequence[Row], axis: Axis, step: float, most: int) -> tuple[list[tuple[Row, float, int]], int]:
    """Snapshots, newest first, with their places and levels, and the number of levels.

    Marks that would overlap are piled up as long as there is room. `step` is what a mark takes.
    """
    ends: list[float] = []
    placed = []
    for row in rows:
        x = axis.place(row.age)
        roomiest = max(ends, default=x)
        if roomiest - x >= step:
            level = next(number for number, end in enumerate(ends) if end - x >= step)
        elif len(ends) < most:
            level = len(ends)
            ends.append(x)
        else:
            level = ends.index(roomiest)
        ends[level] = x
        placed.append((row, x, level))
    return placed, len(ends)


def _mark(row: Row, title: str, at: tuple[float, float], axis: Axis, clear: bool) -> Mark:
    x, y = at
    arrow = _arrow(row, y, axis, clear) if row.mark == "extended" else ""
    return Mark(row.id, row.mark, f"{x:.1f} {y:.1f}", title, arrow)


def _title(row: Row, meaning: str, why: str | None) -> str:
    """What a mark says when the mouse rests on it."""
    lines = [f"{row.id} · {words.day_and_time(row.created_at)} · {meaning}"]
    if row.expires_to is not None:
        lines.append(f"expires {words.day_and_time(row.expires_at)} → {words.day_and_time(row.expires_to)}")
    lines.append("; ".join(map(words.note, row.reasons)) or why or "no rule keeps it")
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
    for room, age, text in _ticks(axis):
        x = axis.place(age)
        if min(abs(x - other) for other in taken) >= room:
            taken.append(x)
            yield _line(x, text)
    yield _line(axis.now, "now")


def _ticks(axis: Axis) -> Iterator[tuple[float, float, str]]:
    """The room, the age and the text of each line that the axis could have, the most welcome ones first."""
    for age, name in _TICKS:
        if axis.begin <= age <= axis.oldest:
            yield _TICK_ROOM, age, name
    for age, name in _FINE_TICKS if axis.begin else ():
        if axis.begin <= age <= axis.oldest:
            yield _FINE_TICK_ROOM, age, name
    for age, name in _TICKS:
        if age <= axis.furthest:
            yield _FUTURE_TICK_ROOM, -age, f"in {name}"


def _line(x: float, text: str) -> Line:
    return Line(round(x, 1), round(min(x, _WIDTH - 16), 1), text, text == "now")
