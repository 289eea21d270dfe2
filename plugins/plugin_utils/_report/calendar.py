# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calendar of a report: months as blocks, each day the finest tier that keeps one of its snapshots."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import Report, Row
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.words import plural
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import zone

_MOST_MONTHS = 120
# In English like the rest of the page, which `calendar.month_name` is not under every locale.
_MONTHS = ("January February March April May June July August September October November December").split()
# By kind, from what says most of a day to what says least: letter, meaning.
DAYS: dict[str, tuple[str, str]] = {
    "all": ("a", "every snapshot"),
    "hour": ("h", "hourly"),
    "day": ("d", "daily"),
    "week": ("w", "weekly"),
    "month": ("m", "monthly"),
    "year": ("y", "yearly"),
    "safety": ("s", "safeguards alone"),
    "held": ("H", "held alone"),
    "removed": ("D", "none kept"),
    "other": ("–", "nothing that counts"),
}
_ORDER = {kind: place for place, kind in enumerate(DAYS)}
_KIND_OF_RULE = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}


class Day(NamedTuple):
    """One day; without snapshots it has no kind."""

    kind: str = ""
    letter: str = ""
    title: str = ""


class Month(NamedTuple):
    """One block."""

    name: str
    skipped: int
    """Months without snapshots between this one and the newer one before it."""
    blanks: int
    """Days of the week before its first."""
    days: Sequence[Day]
    summary: str


class Calendar(NamedTuple):
    """All that the template draws."""

    months: Sequence[Month]
    """The newest first."""
    older: int
    """How many older months with snapshots are left out."""
    legend: Sequence[tuple[str, str, str, int]]
    """Kind, letter, meaning, and how many days there are of it."""


def months(report: Report) -> Calendar:
    """The calendar of a report, in the plan's time zone."""
    by_month: dict[tuple[int, int], dict[int, Day]] = {}
    for number, rows in _rows_by_day(report).items():
        day = date.fromordinal(number)
        by_month.setdefault((day.year, day.month), {})[day.day] = _day(day.isoformat(), rows, report.check_mode)
    kinds = Counter(day.kind for taken in by_month.values() for day in taken.values())
    legend = [(kind, DAYS[kind][0], _meaning(kind, report.check_mode), kinds[kind]) for kind in DAYS if kinds[kind]]
    return Calendar(list(_blocks(by_month, report.check_mode)), max(0, len(by_month) - _MOST_MONTHS), legend)


def _rows_by_day(report: Report) -> dict[int, list[Row]]:
    """Of each day that has a snapshot, the newest first, its snapshots."""
    days, found = zone(report.plan["timezone"]), dict[int, list[Row]]()
    for row in report.rows:
        found.setdefault(days.period("day", row.created), []).append(row)
    return dict(sorted(found.items(), reverse=True))


def _meaning(kind: str, is_prediction: bool) -> str:
    return "none to keep" if kind == "removed" and is_prediction else DAYS[kind][1]


def _day(name: str, rows: Sequence[Row], is_prediction: bool) -> Day:
    kind = min((_kind_of(row) for row in rows), key=_ORDER.__getitem__)
    kept = sum(row.stays for row in rows)
    words = ("to keep", "not to keep") if is_prediction else ("kept", "not kept")
    counts = zip((kept, len(rows) - kept), words, strict=True)
    return Day(
        kind,
        DAYS[kind][0],
        f"{name}: {_meaning(kind, is_prediction)} · {' · '.join(f'{count} {word}' for count, word in counts if count)}",
    )


def _kind_of(row: Row) -> str:
    """What one snapshot makes of its day."""
    if row.kept_by == "removed":
        return "other" if row.stays else "removed"
    if row.kept_by in DAYS:
        return row.kept_by
    return _KIND_OF_RULE.get(row.kept_by.replace("within_", ""), "all")


def _blocks(by_month: Mapping[tuple[int, int], Mapping[int, Day]], is_prediction: bool) -> Iterator[Month]:
    newer = None
    for (year, month), taken in list(by_month.items())[:_MOST_MONTHS]:
        number = year * 12 + month
        first, length = calendar.monthrange(max(year, 1), month)
        kinds = Counter(day.kind for day in taken.values())
        yield Month(
            name=f"{_MONTHS[month - 1]} {year}",
            skipped=0 if newer is None else newer - number - 1,
            blanks=first,
            days=[taken.get(date, Day()) for date in range(1, length + 1)],
            summary=", ".join(
                f"{plural(kinds[kind], 'day')} {_meaning(kind, is_prediction)}" for kind in DAYS if kinds[kind]
            ),
        )
        newer = number
