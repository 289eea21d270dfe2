# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gaps: the periods that a within rule wants and no complete snapshot covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    PERIOD_HOURS,
    Zone,
    label,
    period_of,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Schedule
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Gap, Note
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.rules import Entry, Tier

# The schedule's longest interval, for where the schedule is not known.
LONGEST_INTERVAL_HOURS = 24
# A decade without backups is one finding, not 3,650 lines.
_LISTED = 400


def find_gaps(
    applied: Sequence[Tier],
    entries: Sequence[Entry],
    anchor: int | None,
    schedule: Schedule | None,
    now: int,
    zone: Zone,
) -> tuple[list[Gap], list[Note]]:
    """The missing whole periods of each within rule, newest first, and a warning for each rule with too many to list.

    Held and expired snapshots cover their periods as well. Rules finer than the schedule's interval have no gaps.
    """
    if anchor is None:
        return [], []
    interval = _interval_hours(schedule)
    covering = [entry.local for entry in entries if entry.is_complete(now)]
    gaps: list[Gap] = []
    warnings = []
    for tier in applied if covering else ():
        missing = list(islice(_missing(tier, covering, interval, anchor, zone), _LISTED + 1))
        kind = tier.rule.period or ""
        gaps += [Gap(tier.rule.name, label(kind, number)) for number in missing[:_LISTED]]
        if len(missing) > _LISTED:
            text = f"{tier.rule.name} has more than {_LISTED} gaps, of which the newest are listed"
            warnings.append(Note("gap", text))
    return gaps, warnings


def _interval_hours(schedule: Schedule | None) -> int:
    known = None if schedule is None else schedule.interval_hours
    return LONGEST_INTERVAL_HOURS if known is None else known


def _missing(tier: Tier, covering: Sequence[datetime], interval: int, anchor: int, zone: Zone) -> Iterator[int]:
    """The whole periods from cutoff to anchor, after the oldest covered one, that nothing covers; newest first."""
    kind, cutoff = tier.rule.period, tier.cutoff
    if kind is None or cutoff is None or PERIOD_HOURS[kind] < interval:
        return
    covered = {period_of(kind, local) for local in covering}
    first = zone.period(kind, cutoff)
    if zone.starts(kind, first) < cutoff:
        first += 1
    first = max(first, min(covered))
    end = zone.period(kind, anchor)
    for number in range(end - 1, first - 1, -1):
        if number not in covered and zone.exists(kind, number):
            yield number
