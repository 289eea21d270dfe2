# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Periods of a local calendar (R5), and durations in a time zone (R7).

Instants are whole seconds since 1970, because the engine compares them by the hundred thousand. A period is a number,
and the period after it has the next number.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import (
    EARLIEST,
    LATEST,
    Duration,
    earlier,
    from_wall_clock,
    later,
    wall_clock,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
HOUR = 3600
DAY = 24 * HOUR
# The longest that a period lasts, to compare it with the interval of the schedule.
PERIOD_HOURS = {"hour": 1, "day": 24, "week": 7 * 24, "month": 31 * 24, "year": 366 * 24}
# What a period counts as where a window is divided into such periods.
_USUAL_HOURS = {"hour": 1, "day": 24, "week": 7 * 24, "month": 730, "year": 365 * 24}

_SECOND = timedelta(seconds=1)
_NOT_SHARED = ("localtime", "posixrules")


def seconds(instant: datetime) -> int:
    """An aware datetime as whole seconds since 1970."""
    return (instant - EPOCH) // _SECOND


FIRST, LAST = seconds(EARLIEST), seconds(LATEST)


def clamped(instant: int) -> int:
    """The instant, or the nearest one that a date can show."""
    return min(max(instant, FIRST), LAST)


def moment(instant: int) -> datetime:
    """Seconds since 1970 as an aware datetime in UTC."""
    return EPOCH + timedelta(seconds=clamped(instant))


def text(instant: int) -> str:
    """Seconds since 1970 as results spell an instant."""
    return format_instant(moment(instant))


def least_seconds(duration: Duration) -> int:
    """How many seconds a duration lasts at least, wherever it begins."""
    days = duration.years * 365 + duration.months * 28 + duration.weeks * 7 + duration.days
    # Clamping takes up to three days, a clock change up to one.
    return max(0, days - 4) * DAY + duration.hours * HOUR


def periods_in(kind: str, duration: Duration) -> int:
    """How many whole periods fit into a duration, where a year is 365 days and twelve months (R6)."""
    months, days = duration.years * 12 + duration.months, duration.weeks * 7 + duration.days
    return (months * _USUAL_HOURS["month"] + days * 24 + duration.hours) // _USUAL_HOURS[kind]


def zone(name: str) -> Zone:
    """The time zone of that name; UTC needs no zone database.

    Raises ValueError that names the package `tzdata`.
    """
    if name.upper() in ("UTC", "ETC/UTC"):
        return Zone("UTC", timezone.utc)
    if name in _NOT_SHARED:
        raise ValueError(f"{name!r} differs from machine to machine; name the zone itself, such as Europe/Berlin")
    try:
        return Zone(name, zoneinfo.ZoneInfo(name))
    except (LookupError, OSError, ValueError) as exc:
        raise ValueError(
            f"there is no time zone {name!r:.80} in this machine's zone database;"
            " use a name such as Europe/Berlin, or UTC; where the name is right, install the Python package tzdata"
        ) from exc


@dataclass(frozen=True)
class Zone:
    """The calendar of a time zone."""

    name: str
    rules: tzinfo

    def local(self, instant: int) -> datetime:
        """The naive local time."""
        return wall_clock(moment(instant), self.rules)

    def before(self, instant: int, duration: Duration) -> int:
        """The instant that lies the duration earlier (R7)."""
        return seconds(earlier(moment(instant), duration, self.rules))

    def after(self, instant: int, duration: Duration) -> int:
        """The instant that lies the duration later (R7)."""
        return seconds(later(moment(instant), duration, self.rules))

    def period(self, kind: str, instant: int) -> int:
        """The number of the period in which the instant lies (R5)."""
        return period_of(kind, self.local(instant))

    def starts(self, kind: str, number: int) -> int:
        """The first instant of a period; LAST for one after the year 9999."""
        try:
            return seconds(from_wall_clock(_start(kind, number), self.rules))
        except (OverflowError, ValueError):
            return LAST

    def exists(self, kind: str, number: int) -> bool:
        """Whether clocks ever show that period. A clock change may skip an hour, or a whole day."""
        if kind not in ("hour", "day"):
            return True
        start = _start(kind, number)
        return any(
            period_of(kind, wall_clock(from_wall_clock(local, self.rules), self.rules)) == number
            for local in (start, start + (timedelta(hours=PERIOD_HOURS[kind]) - _SECOND))
        )


def period_of(kind: str, local: datetime) -> int:
    """The number of the period in which a naive local time lies."""
    if kind == "year":
        return local.year
    if kind == "month":
        return local.year * 12 + local.month - 1
    day = local.toordinal()
    if kind == "day":
        return day
    # Day 1 was a Monday, on which ISO weeks begin.
    return (day - 1) // 7 if kind == "week" else day * 24 + local.hour


def label(kind: str, number: int) -> str:
    """The name of a period: `2026-03-29T02`, `2026-03-29`, `2026-W13`, `2026-03`, `2026`."""
    start = _start(kind, number)
    if kind == "week":
        year, week, _weekday = start.isocalendar()
        return f"{year:04}-W{week:02}"
    return start.isoformat()[: {"hour": 13, "day": 10, "month": 7, "year": 4}[kind]]


def _start(kind: str, number: int) -> datetime:
    """The local time at which a period begins; OverflowError or ValueError after the year 9999."""
    if kind == "hour":
        return datetime.fromordinal(number // 24) + timedelta(hours=number % 24)
    if kind == "year":
        number = date(number, 1, 1).toordinal()
    elif kind == "month":
        number = date(number // 12, number % 12 + 1, 1).toordinal()
    elif kind == "week":
        number = number * 7 + 1
    return datetime.fromordinal(number)
