# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The timeline of a report as inline SVG: age on a logarithmic axis, one lane a tier, one mark a snapshot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.markup import esc, tag
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
# A shape for each, so that neither colour nor letter is needed to tell two apart.
_SHAPES = {
    "kept": '<circle r="5"/>',
    "young": '<path d="M0-5.6 5-2.8V2.8L0 5.6-5 2.8V-2.8Z"/>',
    "extended": '<path d="M-5-4.6H1.8L6 0 1.8 4.6H-5Z"/>',
    "shortened": '<path d="M5-4.6H-1.8L-6 0-1.8 4.6H5Z"/>',
    "removed": '<path d="M0-6.2 6.2 0 0 6.2-6.2 0Z"/>',
    "held": '<rect x="-5" y="-5" width="10" height="10" rx="1.5"/>',
    "incomplete": '<circle r="4.7" stroke-dasharray="2 1.4"/>',
    "future": '<path d="M-4.6-5 5.6 0-4.6 5Z"/>',
    "expired": '<rect x="-4.6" y="-4.6" width="9.2" height="9.2"/>',
}
_TIER_NAMES = {"last": "last", "within": "all within"}


class Axis(NamedTuple):
    """From the age of a snapshot, and from the time to an expiry, to a place on the page."""

    now: float
    """Where now is."""
    past: float
    """Pixels a unit of the logarithm, left of now."""
    future: float

    def place(self, age: float) -> float:
        """Where an age lies; a negative one lies in the future."""
        scaled = math.log1p(abs(age) / _BEND)
        return self.now - self.past * scaled if age >= 0 else self.now + self.future * scaled


class Lane(NamedTuple):
    """A line of the picture: its name, its snapshots with their places, how far they pile up."""

    code: str
    name: str
    rows: Sequence[tuple[Row, float, int]]
    stacked: int


def timeline(report: Report) -> str:
    """The picture, whose equal in text is the table."""
    axis, end = _axis(report)
    lanes = [_lane(report, code, name, axis) for code, name in _lane_names(report)]
    bands, parts, top = [], [], float(_TOP)
    for number, lane in enumerate(lanes):
        height = max(30, lane.stacked * _STEP + 13)
        if number % 2:
            bands.append(f'<rect class="band" x="0" y="{top:g}" width="{_WIDTH}" height="{height:g}"/>')
        parts.append(_drawn(report, lane, axis, top, height))
        top += height
    body = f"{_definitions()}{''.join(bands)}{_scale(report, axis, end, top)}{''.join(parts)}"
    label = (
        f"Timeline: {len(report.rows)} snapshots by age, in {len(lanes)} lanes; the table of snapshots says the same."
    )
    return tag(
        "svg",
        body,
        id="timeline-picture",
        viewBox=f"0 0 {_WIDTH} {top + 26:g}",
        role="img",
        aria_label=label,
    )


def legend(report: Report) -> str:
    """What the marks mean, and how many there are of each."""
    items = []
    for mark, (_letter, meaning) in MARKS.items():
        count = report.counts[mark]
        if not count:
            continue
        icon = f'<svg viewBox="-8 -8 16 16" width="18" height="18" aria-hidden="true"><use href="#mark-{mark}"/></svg>'
        items.append(f'<li>{icon}<span>{esc(meaning)} <b data-legend="{mark}">{count:,}</b></span></li>')
    return f'<ul class="legend">{"".join(items)}</ul>'


def _axis(report: Report) -> tuple[Axis, float]:
    """The axis, and how far into the future it reaches."""
    oldest = max([row.age for row in report.rows] + [_DAY]) * 1.06
    ahead = [row.until - report.now for row in report.rows if row.mark == "extended" and row.until is not None]
    ahead += [-row.age for row in report.rows]
    furthest = max([*ahead, 0]) * 1.06
    room = _WIDTH - _LEFT - _RIGHT - 10
    left = room * (0.7 if furthest > 0 else 0.985)
    now = _LEFT + 10 + left
    right = _WIDTH - _RIGHT - now - 8
    return Axis(now, left / math.log1p(oldest / _BEND), right / math.log1p(max(furthest, 1) / _BEND)), furthest


def _lane_names(report: Report) -> Iterator[tuple[str, str]]:
    for tier in report.tiers:
        yield tier.rule, _TIER_NAMES.get(tier.rule, tier.rule.replace("within_", "") + " ")
    used = {_lane_of(row) for row in report.rows}
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


def _lane(report: Report, code: str, name: str, axis: Axis) -> Lane:
    """Marks that would lie upon each other are piled up, newest first, as long as there is room."""
    most = _MOST_STACKED if len(report.rows) <= _MANY else _MOST_STACKED_OF_MANY
    ends: list[float] = []
    placed = []
    for row in report.rows:
        if _lane_of(row) != code:
            continue
        x = axis.place(row.age)
        level = next((number for number, end in enumerate(ends) if abs(end - x) >= _STEP), None)
        if level is None and len(ends) < most:
            level = len(ends)
            ends.append(x)
        elif level is None:
            level = max(range(len(ends)), key=lambda number: abs(ends[number] - x))
        ends[level] = x
        placed.append((row, x, level))
    return Lane(code, name.strip(), placed, len(ends))


def _drawn(report: Report, lane: Lane, axis: Axis, top: float, height: float) -> str:
    bottom = top + height
    clear = report.counts["extended"] <= _CLEAR_ARROWS
    also = [axis.place(row.age) for row in report.rows if lane.code in row.tiers[1:] and row.stays]
    ticks = f'<path class="also" d="{"".join(f"M{x:.1f} {bottom - 5:g}v4" for x in also)}"/>' if also else ""
    marks = "".join(_mark(row, x, bottom - 11.5 - level * _STEP, axis, clear) for row, x, level in lane.rows)
    middle = top + height / 2
    label = f'<text class="lane" x="10" y="{middle - 2:g}">{esc(lane.name)}</text>'
    label += f'<text class="lane-count" x="10" y="{middle + 10:g}">{_lane_note(report, lane)}</text>'
    return f'<g data-lane="{esc(lane.code)}">{label}{ticks}{marks}</g>'


def _lane_note(report: Report, lane: Lane) -> str:
    tier = next((tier for tier in report.tiers if tier.rule == lane.code), None)
    if tier is None:
        return f"{len(lane.rows):,}"
    return f"{tier.setting} · keeps {tier.kept:,}" if len(tier.setting) < 10 else f"keeps {tier.kept:,}"


def _mark(row: Row, x: float, y: float, axis: Axis, clear: bool) -> str:
    arrow = _arrow(row, y, axis, clear) if row.mark == "extended" else ""
    title = tag("title", esc(hover(row)))
    use = f'<use href="#mark-{row.mark}" x="{x:.1f}" y="{y:.1f}"/>'
    return f'<g class="mark" data-id="{esc(row.id)}" data-mark="{row.mark}">{title}{use}{arrow}</g>'


def _arrow(row: Row, y: float, axis: Axis, clear: bool) -> str:
    """From the old expiry to the new one, right of now."""
    if row.until is None or row.expires is None:
        return ""
    now = row.created + row.age
    start, end = axis.place(now - row.expires), axis.place(now - row.until)
    begin = f"M{start:.1f} {y - 3:.1f}v6" if clear else ""
    return f'<path class="move{"" if clear else " faint"}" d="{begin}M{start:.1f} {y:.1f}H{end:.1f}m-4 -3l4 3l-4 3"/>'


def hover(row: Row) -> str:
    """What one mark says."""
    lines = [f"{row.id} · {words.day_and_time(row.created_at)} · {MARKS[row.mark][1]}"]
    if row.expires_to is not None:
        lines.append(f"expires {words.day_and_time(row.expires_at)} → {words.day_and_time(row.expires_to)}")
    lines.append("; ".join(reason.text for reason in row.reasons or row.why) or "no rule keeps it")
    return "\n".join(lines)


def _definitions() -> str:
    shapes = "".join(
        f'<g id="mark-{mark}" class="m-{mark}">{_SHAPES[mark]}<text y="2.6">{letter}</text></g>'
        for mark, (letter, _meaning) in MARKS.items()
    )
    return f"<defs>{shapes}</defs>"


def _scale(report: Report, axis: Axis, furthest: float, bottom: float) -> str:
    """Lines for ages, as many as have room, from now outwards."""
    oldest = max([row.age for row in report.rows] + [_DAY]) * 1.06
    lines, taken = [], [axis.now]
    for sign, limit in ((1, oldest), (-1, furthest)):
        for age, name in _TICKS:
            x = axis.place(sign * age)
            if age > limit or min(abs(x - other) for other in taken) < _TICK_ROOM:
                continue
            taken.append(x)
            text = name if sign > 0 else f"in {name}"
            lines.append(f'<path class="grid" d="M{x:.1f} {_TOP - 6}V{bottom:g}"/>{_ends(x, text, bottom)}')
    now = f'<path class="now" d="M{axis.now:.1f} {_TOP - 6}V{bottom:g}"/>{_ends(axis.now, "now", bottom, "tick-now")}'
    title = f'<text class="tick" x="10" y="{_TOP - 12}" text-anchor="start">age</text>'
    return title + "".join(lines) + now


def _ends(x: float, text: str, bottom: float, kind: str = "tick") -> str:
    x = min(x, _WIDTH - 16)
    return "".join(f'<text class="{kind}" x="{x:.1f}" y="{y:g}">{text}</text>' for y in (_TOP - 12, bottom + 17))
