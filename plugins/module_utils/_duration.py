# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations such as `1y2mo3d`, and the instant that lies one later or earlier (R7)."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

# What a result can show, in whole seconds.
EARLIEST = datetime(1, 1, 1, tzinfo=timezone.utc)
LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)

_UNITS = {"y": "years", "mo": "months", "w": "weeks", "d": "days", "h": "hours"}
_PART = re.compile(r"([0-9]{1,9})(mo|[ydwh])")


@dataclass(frozen=True)
class Duration:
    """A duration on the calendar, as `1y2mo3d` spells it."""

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0
    hours: int = 0

    def __str__(self) -> str:
        """The canonical spelling: largest unit first, no zeros, nothing carried over."""
        return "".join(f"{getattr(self, name)}{unit}" for unit, name in _UNITS.items() if getattr(self, name))


def parse_duration(text: str) -> Duration:
    """`<int><unit>` pairs with the units h d w mo y, each at most once, in any order, with a sum above 0.

    Raises ValueError that says what is wrong.
    """
    found: dict[str, int] = {}
    end = 0
    for part in _PART.finditer(text):
        if part.start() != end:
            break
        number, unit = part.groups()
        if unit in found:
            raise ValueError(f"names the unit {unit} twice")
        found[unit] = int(number)
        end = part.end()
    if re.match(r"[0-9]+m(?![a-z])", text[end:]):
        raise ValueError("has a bare m, which is months to some and minutes to others: write mo for months")
    if end != len(text) or not found:
        raise ValueError("is not a duration such as 36h, 7d, 4w, 13mo or 1y2mo3d")
    if not any(found.values()):
        raise ValueError("is a duration of nothing")
    return Duration(**{_UNITS[unit]: number for unit, number in found.items()})


def later(instant: datetime, duration: Duration, zone: tzinfo = timezone.utc) -> datetime:
    """The instant that lies the duration later, at most LATEST (R7). `instant` is aware."""
    return _shifted(instant, duration, 1, zone)


def earlier(instant: datetime, duration: Duration, zone: tzinfo = timezone.utc) -> datetime:
    """The instant that lies the duration earlier, at least EARLIEST (R7). `instant` is aware."""
    return _shifted(instant, duration, -1, zone)


def wall_clock(instant: datetime, zone: tzinfo) -> datetime:
    """The naive local time that clocks in the zone show at an aware instant."""
    try:
        return instant.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        # The local time is before the year 1 or after 9999. UTC is close enough for hours that no snapshot has.
        return instant.replace(tzinfo=None)


def from_wall_clock(local: datetime, zone: tzinfo) -> datetime:
    """The instant in UTC at which clocks in the zone show a naive local time.

    A clock change skips some local times and repeats others. They are resolved as restic resolves them: the offset is
    looked up as if the local time were UTC, then corrected once.
    """
    as_utc = local.replace(tzinfo=timezone.utc)
    try:
        guess = as_utc - _offset(as_utc, zone)
        return as_utc - _offset(guess, zone)
    except OverflowError:
        return as_utc


def _offset(instant: datetime, zone: tzinfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def _shifted(instant: datetime, duration: Duration, sign: int, zone: tzinfo) -> datetime:
    """Years and months, clamped to the month's last day, then weeks and days, then hours as real hours (R7)."""
    months, days = duration.years * 12 + duration.months, duration.weeks * 7 + duration.days
    try:
        if months or days:
            local = _months_later(wall_clock(instant, zone), sign * months) + timedelta(days=sign * days)
            instant = from_wall_clock(local, zone)
        return min(instant + timedelta(hours=sign * duration.hours), LATEST)
    except (OverflowError, ValueError):
        return LATEST if sign > 0 else EARLIEST


def _months_later(local: datetime, months: int) -> datetime:
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day)
