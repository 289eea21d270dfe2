# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations, and periods of a local calendar, in whole seconds since 1970 (rules R5 and R7).

Integers, not datetimes: the years 1 and 9999 occur, and a window reaches before the one and
past the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
HOUR = 3600
DAY = 24 * HOUR
FIRST = -62135596800  # 0001-01-01T00:00:00Z
LAST = 253402300799  # 9999-12-31T23:59:59Z
# What one period spans at most, by which it is compared with the schedule's interval.
PERIOD_HOURS = {"hour": 1, "day": 24, "week": 7 * 24, "month": 31 * 24, "year": 366 * 24}

_UNITS = {"y": "years", "mo": "months", "w": "weeks", "d": "days", "h": "hours"}
_PART = re.compile(r"([0-9]{1,9})(mo|[ydwh])")
_NOT_SHARED = ("localtime", "posixrules")


@dataclass(frozen=True)
class Duration:
    """A span on the calendar, as `1y2mo3d` says it."""

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0
    hours: int = 0

    def __str__(self) -> str:
        """The one spelling that plans carry: largest unit first, no zeros, nothing carried over."""
        return "".join(f"{getattr(self, name)}{unit}" for unit, name in _UNITS.items() if getattr(self, name))

    def at_least(self) -> int:
        """Seconds that it never falls short of, wherever it begins."""
        days = self.years * 365 + self.months * 28 + self.weeks * 7 + self.days
        # A clamped day (three at most) and a change of the clock shorten a calendar span.
        return max(0, days * DAY - 4 * DAY) + self.hours * HOUR


def parse_duration(text: str) -> Duration:
    """`<int><unit>` pairs of the units h d w mo y, each at most once, in any order, not nothing.

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


def seconds(instant: datetime) -> int:
    """An aware datetime as whole seconds since 1970."""
    return (instant - EPOCH) // timedelta(seconds=1)


def text(instant: int) -> str:
    """Seconds since 1970 as results spell an instant."""
    return format_instant(EPOCH + timedelta(seconds=clamped(instant)))


def clamped(instant: int) -> int:
    """The instant, or the nearest one that a date can show."""
    return min(max(instant, FIRST), LAST)


def zone(name: str) -> Zone:
    """The time zone of that name; UTC needs no zone database.

    Raises ValueError that names the package `tzdata`.
    """
    if name.upper() in ("UTC", "ETC/UTC"):
        return Zone("UTC", timezone.utc)
    if name in _NOT_SHARED:
        raise ValueError(f"{name!r} differs from machine to machine; name the zone itself, such as Europe/Berlin")
    try:
        # Imported here: an interpreter without it can still plan in UTC.
        from zoneinfo import ZoneInfo

        return Zone(name, ZoneInfo(name))
    except (ImportError, LookupError, OSError, ValueError) as exc:
        raise ValueError(
            f"there is no time zone {name!r:.80} in this machine's zone database;"
            " use a name such as Europe/Berlin, or UTC; where the name is right, install the Python package tzdata"
        ) from exc


@dataclass(frozen=True)
class Zone:
    """A time zone's calendar. Instants are seconds since 1970, local times seconds on the wall clock."""

    name: str
    rules: tzinfo
    _days: dict[int, int | None] = field(default_factory=dict, compare=False, repr=False)

    def local(self, instant: int) -> int:
        """What the wall clock shows."""
        return instant + self._offset(instant)

    def instant(self, local: int) -> int:
        """The instant of a wall-clock time.

        At a clock change restic's choice: its offset is looked up as if the wall clock were UTC,
        then corrected once. So a time that the change skips lies an hour off, never in between.
        """
        guess = self._offset(local)
        return local - guess if guess == 0 else local - self._offset(local - guess)

    def before(self, instant: int, span: Duration) -> int:
        """The instant that lies the span earlier (rule R7)."""
        return self._moved(instant, span, -1)

    def after(self, instant: int, span: Duration) -> int:
        """The instant that lies the span later (rule R7)."""
        return self._moved(instant, span, 1)

    def period(self, kind: str, instant: int) -> int:
        """The number of the period that the instant lies in; the next one has the next number (rule R5)."""
        return period_of(kind, self.local(instant))

    def starts(self, kind: str, number: int) -> int:
        """The first instant of a period."""
        return self.instant(_start(kind, number))

    def exists(self, kind: str, number: int) -> bool:
        """Whether the wall clock ever shows that period: a change may skip an hour, or a whole day."""
        first, last = _start(kind, number), _start(kind, number + 1) - 1
        return any(self.period(kind, self.instant(local)) == number for local in (first, last))

    def _offset(self, instant: int) -> int:
        if self.rules is timezone.utc:
            return 0
        day = instant // DAY
        if day not in self._days:
            first, last = self._looked_up(day * DAY), self._looked_up(day * DAY + DAY - 1)
            self._days[day] = first if first == last else None
        offset = self._days[day]
        return self._looked_up(instant) if offset is None else offset

    def _looked_up(self, instant: int) -> int:
        # Two days from either end, since the local date must be one that datetime can show.
        safe = min(max(instant, FIRST + 2 * DAY), LAST - 2 * DAY)
        offset = (EPOCH + timedelta(seconds=safe)).astimezone(self.rules).utcoffset()
        return 0 if offset is None else offset // timedelta(seconds=1)

    def _moved(self, instant: int, span: Duration, sign: int) -> int:
        moved = instant
        if span.years or span.months or span.weeks or span.days:
            day, second = divmod(self.local(instant), DAY)
            year, month, day_of_month = _date(day)
            month += sign * (span.years * 12 + span.months)
            day_of_month = min(day_of_month, _first_day(year, month + 1) - _first_day(year, month))
            day = _first_day(year, month) + day_of_month - 1 + sign * (span.weeks * 7 + span.days)
            moved = self.instant(day * DAY + second)
        return clamped(moved + sign * span.hours * HOUR)


def period_of(kind: str, local: int) -> int:
    """The number of the period that a local time lies in."""
    if kind == "hour":
        return local // HOUR
    day = local // DAY
    if kind == "day":
        return day
    if kind == "week":
        # 1970-01-01 was a Thursday; ISO weeks begin on Mondays.
        return (day + 3) // 7
    year, month, _day_of_month = _date(day)
    return year * 12 + month - 1 if kind == "month" else year


def label(kind: str, number: int) -> str:
    """A period's name: `2026-03-29T02`, `2026-03-29`, `2026-W13`, `2026-03`, `2026`."""
    day, second = divmod(_start(kind, number), DAY)
    year, month, day_of_month = _date(day)
    if kind == "week":
        # The ISO year of a week is that of its Thursday.
        iso_year = _date(day + 3)[0]
        return f"{iso_year:04}-W{(day + 3 - _first_day(iso_year, 1)) // 7 + 1:02}"
    shown = {
        "hour": f"{year:04}-{month:02}-{day_of_month:02}T{second // HOUR:02}",
        "day": f"{year:04}-{month:02}-{day_of_month:02}",
        "month": f"{year:04}-{month:02}",
    }
    return shown.get(kind, f"{year:04}")


def _start(kind: str, number: int) -> int:
    if kind == "hour":
        return number * HOUR
    if kind == "day":
        return number * DAY
    if kind == "week":
        return (number * 7 - 3) * DAY
    return DAY * (_first_day(0, number + 1) if kind == "month" else _first_day(number, 1))


def _first_day(year: int, month: int) -> int:
    """Days from 1970-01-01 to a month's first day; months may run past the year on either side."""
    year, month = year + (month - 1) // 12, (month - 1) % 12
    # Years that begin in March have their leap day last.
    year, month = (year, month - 2) if month > 1 else (year - 1, month + 10)
    return year * 365 + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 - 719468


def _date(day: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970-01-01, on the Gregorian calendar at any time."""
    era, day_of_era = divmod(day + 719468, 146097)
    year = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    month = (5 * day_of_year + 2) // 153
    day_of_month = day_of_year - (153 * month + 2) // 5 + 1
    year += era * 400
    return (year, month + 3, day_of_month) if month < 10 else (year + 1, month - 9, day_of_month)
