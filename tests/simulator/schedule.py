# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The snapshot schedule: when a snapshot is taken, and how long it lives (contract 6)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from .instants import DAY, HOUR, MINUTE, add_months, moment_of, offset_seconds

Marks = Literal["first", "last"]
WeekStart = Literal["monday", "sunday"]


@dataclass(frozen=True)
class Schedule:
    """Cloud Manager's documented default: 6 h / 2 d / 7 d / 4 w / 13 mo / point in time 24 h."""

    interval_hours: int = 6
    retention_days: int = 2
    daily_days: int = 7
    weekly_weeks: int = 4
    monthly_months: int = 13
    pit_hours: int = 24
    checkpoint_min: int | None = None
    reference_hour: int = 0
    reference_minute: int = 0
    reference_offset: str = "+0000"
    full_incremental_day: str | None = None

    @property
    def phase(self) -> int:
        """Seconds by which the slots are shifted against midnight UTC."""
        start = self.reference_hour * HOUR + self.reference_minute * MINUTE - offset_seconds(self.reference_offset)
        return start % (self.interval_hours * HOUR)

    def slot_after(self, epoch: int) -> int:
        """The first scheduled time strictly after that instant."""
        step = self.interval_hours * HOUR
        return ((epoch - self.phase) // step + 1) * step + self.phase

    def expiry(self, slot: int, previous: int | None, marks: Marks = "first", week_start: WeekStart = "monday") -> int:
        """The end of the longest life that any tier gives the snapshot taken at that slot.

        Which snapshot of a day, week or month gets the longer life is not documented (contract 10): the
        first one taken, or the last one that the schedule has for it.
        """
        neighbour = previous if marks == "first" else self.slot_after(slot)
        ends = slot + self.retention_days * DAY
        here, there = periods(slot, week_start), None if neighbour is None else periods(neighbour, week_start)
        if self.daily_days and (there is None or here[0] != there[0]):
            ends = max(ends, slot + self.daily_days * DAY)
        if self.weekly_weeks and (there is None or here[1] != there[1]):
            ends = max(ends, slot + self.weekly_weeks * 7 * DAY)
        if self.monthly_months and (there is None or here[2] != there[2]):
            ends = max(ends, add_months(slot, self.monthly_months))
        return ends


def periods(epoch: int, week_start: WeekStart = "monday") -> tuple[int, int, int]:
    """Numbers of the UTC day, week and month that an instant lies in."""
    day = epoch // DAY
    # 1 January 1970 was a Thursday.
    return day, (day + (3 if week_start == "monday" else 4)) // 7, _month(day)


@lru_cache(maxsize=8192)
def _month(day: int) -> int:
    moment = moment_of(day * DAY)
    return moment.year * 12 + moment.month
