# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instants: whole epoch seconds inside, ISO 8601 at the edges."""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

MINUTE = 60
HOUR = 3600
DAY = 86400

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)([.,]\d+)?)?(Z|z|[+-]\d\d(?::?\d\d)?)?)?\Z",
    re.ASCII,
)


def epoch_of(moment: datetime | int) -> int:
    """Whole seconds since the epoch; a datetime without a zone is UTC."""
    if isinstance(moment, int):
        return moment
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return int(moment.timestamp())


def moment_of(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, timezone.utc)


@lru_cache(maxsize=65536)
def iso(epoch: int) -> str:
    """The service's own spelling: whole seconds and `Z` (contract 2)."""
    return moment_of(epoch).strftime("%Y-%m-%dT%H:%M:%SZ") if epoch >= 0 else _early(epoch)


def _early(epoch: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=epoch)
    return f"{moment.year:04d}" + moment.strftime("-%m-%dT%H:%M:%SZ")


def parse(text: str) -> tuple[int, bool]:
    """What the service makes of a date it is sent: (epoch, had a fraction). Contract 2.1, point 7.

    No zone is UTC, and a bare date is its first second. Anything else is a ValueError.
    """
    match = _ISO.match(text)
    if match is None:
        raise ValueError(f"not a date: {text!r}")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        raise ValueError(f"not a date: {text!r}") from None
    epoch = calendar.timegm(moment.timetuple()) - offset_seconds(zone or "Z")
    return epoch, fraction is not None


def offset_seconds(zone: str) -> int:
    """`Z`, `+02`, `+0200` and `+02:00` as seconds east of UTC."""
    if zone in ("Z", "z"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * HOUR + int(digits[2:]) * MINUTE
    return -seconds if zone[0] == "-" else seconds


def add_months(epoch: int, months: int) -> int:
    """The same day and time so many calendar months later (or earlier), clamped to the month's last day."""
    moment = moment_of(epoch)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return epoch_of(moment.replace(year=year, month=month + 1, day=day))
