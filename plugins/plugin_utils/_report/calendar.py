# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calendar of a report: months as blocks, each day the finest tier that keeps one of its snapshots."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.markup import esc
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import Report, Row
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import Zone, label

_MOST_MONTHS = 120
_MONTHS = ("January February March April May June July August September October November December").split()
# From what says most of a day to what says least: class, letter, meaning.
DAYS: dict[str, tuple[str, str]] = {
    "all": ("A", "every snapshot"),
    "hour": ("h", "hourly"),
    "day": ("D", "daily"),
    "week": ("W", "weekly"),
    "month": ("M", "monthly"),
    "year": ("Y", "yearly"),
    "safety": ("S", "safeguards alone"),
    "held": ("H", "held alone"),
    "removed": ("R", "all removed"),
    "other": ("–", "nothing that counts"),
}
_GRAINS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}


class Day(NamedTuple):
    """One day that has snapshots."""

    kind: str
    stay: int
    go: int


def days(report: Report, zone: Zone) -> dict[int, Day]:
    """Of each day that has a snapshot, in the plan's time zone, what keeps it."""
    found: dict[int, list[Row]] = {}
    for row in report.rows:
        found.setdefault(zone.period("day", row.created), []).append(row)
    order = list(DAYS)
    return {
        number: Day(
            min((kind_of(row) for row in rows), key=order.index),
            sum(row.stays for row in rows),
            sum(not row.stays for row in rows),
        )
        for number, rows in found.items()
    }


def kind_of(row: Row) -> str:
    """What one snapshot makes of its day."""
    if row.state == "held":
        return "held"
    if row.state != "candidate":
        return "other"
    if not row.stays:
        return "removed"
    return _GRAINS.get(row.tiers[0].replace("within_", ""), "all") if row.tiers else "safety"


def months(report: Report, zone: Zone) -> str:
    """The blocks, newest month first, months without snapshots told in one line."""
    by_month: dict[tuple[int, int], dict[int, Day]] = {}
    for number, day in sorted(days(report, zone).items(), reverse=True):
        # A time zone carries the last hours of 9999 into a year of five digits.
        year, month, date = map(int, label("day", number).rsplit("-", 2))
        by_month.setdefault((year, month), {})[date] = day
    blocks = list(_blocks(by_month))
    rest = len(by_month) - _MOST_MONTHS
    note = f'<p class="note">{words.many(rest, "older month")} with snapshots not drawn.</p>' if rest > 0 else ""
    return f'<div class="months">{"".join(blocks)}</div>{note}'


def legend(report: Report, zone: Zone) -> str:
    """What the letters of the days mean, and how many days there are of each."""
    kinds = [day.kind for day in days(report, zone).values()]
    items = [
        f'<li><i class="day d-{kind}" aria-hidden="true">{letter}</i><span>{esc(meaning)}'
        f' <b data-days="{kind}">{kinds.count(kind):,}</b></span></li>'
        for kind, (letter, meaning) in DAYS.items()
        if kind in kinds
    ]
    return f'<ul class="legend">{"".join(items)}</ul>'


def _blocks(by_month: Mapping[tuple[int, int], Mapping[int, Day]]) -> Iterator[str]:
    newer = None
    for year, month in list(by_month)[:_MOST_MONTHS]:
        skipped = 0 if newer is None else newer - (year * 12 + month) - 1
        if skipped:
            yield f'<p class="skipped">{words.many(skipped, "month")} without snapshots</p>'
        newer = year * 12 + month
        yield _block(year, month, by_month[year, month])


def _block(year: int, month: int, taken: Mapping[int, Day]) -> str:
    first, length = calendar.monthrange(max(year, 1), month)
    name = f"{_MONTHS[month - 1]} {year}"
    cells = "<i></i>" * first + "".join(
        _cell(f"{year:04}-{month:02}", day, taken.get(day)) for day in range(1, length + 1)
    )
    told = _told([day.kind for day in taken.values()])
    return (
        f'<div class="month"><h3>{name}</h3>'
        f'<div class="days" role="img" aria-label="{esc(f"{name}: {told}")}">{cells}</div></div>'
    )


def _told(kinds: Sequence[str]) -> str:
    return ", ".join(
        f"{words.many(kinds.count(kind), 'day')} {meaning}"
        for kind, (_letter, meaning) in DAYS.items()
        if kind in kinds
    )


def _cell(month: str, number: int, day: Day | None) -> str:
    if day is None:
        return '<i class="day"></i>'
    letter, meaning = DAYS[day.kind]
    counts = " · ".join(
        part for part in (f"{day.stay} stay" if day.stay else "", f"{day.go} removed" if day.go else "") if part
    )
    return f'<i class="day d-{day.kind}" title="{month}-{number:02}: {meaning} · {counts}">{letter}</i>'
