# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gaps: the periods that a within rule wants and no sound complete snapshot covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    PERIOD_HOURS,
    Zone,
    label,
    period_of,
    text,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Schedule
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Gap, Note
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.rules import Entry, Tier

# The intervals that a schedule can have (contract 7), of which the longest is assumed where it has none of them.
INTERVALS_HOURS = (6, 8, 12, 24)
LONGEST_INTERVAL_HOURS = max(INTERVALS_HOURS)
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
    """The missing whole periods of each within rule, newest first; and what of them is not told, as warnings.

    A rule with too many gaps to list is a warning, and so is what cannot be measured. Held and expired snapshots cover
    their periods as well. Rules finer than the schedule's interval have no gaps.
    """
    if anchor is None or not any(entry.is_restorable(now) for entry in entries):
        return [], [
            Note("gaps_unmeasured", "gaps cannot be measured: no complete snapshot is there that has not expired")
        ]
    complete = [entry for entry in entries if entry.is_complete(now)]
    gaps: list[Gap] = []
    warnings: list[Note] = []
    for tier in applied:
        kind, cutoff = tier.rule.period, tier.cutoff
        if kind is None or cutoff is None or PERIOD_HOURS[kind] < interval_hours(schedule):
            continue
        found, more = _of_rule(tier.rule.name, kind, cutoff, complete, now, zone)
        gaps += found
        warnings += more
    return gaps, warnings


def _of_rule(
    rule: str, kind: str, cutoff: int, complete: Sequence[Entry], now: int, zone: Zone
) -> tuple[list[Gap], list[Note]]:
    if complete[0].created <= cutoff:
        since = f"gaps of {rule} cannot be measured: there is no complete snapshot since {text(cutoff)}"
        return [], [Note("gaps_unmeasured", since)]
    missing = list(islice(_missing(kind, cutoff, complete, now, zone), _LISTED + 1))
    many = f"{rule} has more than {_LISTED} gaps, of which the newest are listed"
    warnings = [Note("gap", many)] if len(missing) > _LISTED else []
    return [Gap(rule, label(kind, number)) for number in missing[:_LISTED]], warnings


def interval_hours(schedule: Schedule | None) -> int:
    """The hours between two snapshots of the schedule; the longest where it does not say, or says another."""
    known = None if schedule is None else schedule.interval_hours
    return known if known in INTERVALS_HOURS else LONGEST_INTERVAL_HOURS


def _missing(kind: str, cutoff: int, complete: Sequence[Entry], now: int, zone: Zone) -> Iterator[int]:
    """The whole periods from cutoff to now, from that of the oldest snapshot on, that nothing covers; newest first."""
    covered = {period_of(kind, entry.local) for entry in complete if not entry.is_faulty}
    first = zone.period(kind, cutoff)
    if zone.starts(kind, first) < cutoff:
        first += 1
    first = max(first, period_of(kind, complete[-1].local))
    for number in range(zone.period(kind, now) - 1, first - 1, -1):
        if number not in covered and zone.exists(kind, number):
            yield number
