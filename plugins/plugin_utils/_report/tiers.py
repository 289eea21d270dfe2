# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How full each rule of a policy is, and when it will be full if backups go on as they do (R5 to R8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import Row, Tier
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    HOUR,
    LAST,
    PERIOD_HOURS,
    Zone,
    text,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.gaps import LONGEST_INTERVAL_HOURS
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Policy, Rule

_NEVER = "not in sight"
# From fine to coarse.
_GRAINS: tuple[str | None, ...] = (None, "hour", "day", "week", "month", "year")


def finest_first(policy: Policy) -> list[Rule]:
    """The rules by the length of their periods, those without periods first."""
    return sorted(policy.rules, key=lambda rule: _GRAINS.index(rule.period))


def tiers(
    policy: Policy, rows: Sequence[Row], now: int, anchor_is_now: bool, interval_hours: int | None, zone: Zone
) -> Iterator[Tier]:
    """Each rule of a policy, the finest first."""
    interval = interval_hours or LONGEST_INTERVAL_HOURS
    staying = _kept(rows, now)
    anchor = now if anchor_is_now or not staying else staying[0]
    for rule in finest_first(policy):
        kept = sum(rule.name in row.tiers for row in rows)
        if rule.window is None:
            tier = _of_count(rule, kept, staying, None if anchor_is_now else now, interval, zone)
        elif rule.period is None:
            tier = _of_span(rule, rule.window, kept, staying, anchor, not anchor_is_now, zone)
        else:
            tier = _of_window(rule, rule.window, kept, staying, anchor, not anchor_is_now, interval, zone)
        yield _unless_overdue(tier, now)


def _kept(rows: Sequence[Row], now: int) -> list[int]:
    """When the complete snapshots that are kept were created, newest first."""
    return [row.created for row in rows if row.stays and row.complete and row.created <= now]


def _unless_overdue(tier: Tier, now: int) -> Tier:
    """The tier; without a date if running backups would have filled it long ago."""
    is_overdue = tier.full_at is not None and tier.full_at <= text(now)
    return replace(tier, full_at=None, note=_NEVER) if is_overdue else tier


def _of_count(rule: Rule, kept: int, staying: Sequence[int], now: int | None, interval: int, zone: Zone) -> Tier:
    unit = rule.period or "snapshot"
    if rule.count == -1:
        return Tier(rule.name, "unlimited", kept, kept, None, unit, None, "no limit")
    missing, full_at = rule.count - kept, None
    if missing > 0 and now is not None and staying:
        if rule.period is None or PERIOD_HOURS[rule.period] < interval:
            full_at = staying[0] + missing * interval * HOUR
        else:
            full_at = zone.starts(rule.period, zone.period(rule.period, now) + missing)
    return _tier(rule, str(rule.count), kept, kept, rule.count, unit, full_at)


def _of_span(
    rule: Rule, window: Duration, kept: int, staying: Sequence[int], anchor: int, goes_on: bool, zone: Zone
) -> Tier:
    """`within` has no periods: how far back the history reaches is how full it is."""
    length = anchor - zone.before(anchor, window)
    reached = min(length, anchor - staying[-1]) if staying else 0
    unit = HOUR if length < 72 * HOUR else 24 * HOUR
    full_at = zone.after(staying[-1], window) if staying and goes_on and reached < length else None
    return _tier(
        rule, str(window), kept, reached // unit, -(-length // unit), "hour" if unit == HOUR else "day", full_at
    )


def _of_window(
    rule: Rule,
    window: Duration,
    kept: int,
    staying: Sequence[int],
    anchor: int,
    goes_on: bool,
    interval: int,
    zone: Zone,
) -> Tier:
    """The whole periods of the window, and the present one."""
    kind = rule.period or "day"
    cutoff = zone.before(anchor, window)
    first, last = zone.period(kind, cutoff), zone.period(kind, anchor)
    if zone.starts(kind, first) < cutoff and first < last:
        first += 1
    covered = _covered(staying, first, last, kind, zone)
    wanted, full_at = last - first + 1, None
    if PERIOD_HOURS[kind] < interval:
        wanted = max(1, wanted * PERIOD_HOURS[kind] // interval)
        full_at = zone.after(staying[-1], window) if staying else None
    elif len(covered) < wanted:
        full_at = zone.after(zone.starts(kind, _newest_missing(covered, last) + 1), window)
    filled = min(len(covered), wanted)
    return _tier(rule, str(window), kept, filled, wanted, kind, full_at if goes_on and filled < wanted else None)


def _covered(staying: Sequence[int], first: int, last: int, kind: str, zone: Zone) -> set[int]:
    numbers = (zone.period(kind, created) for created in staying)
    return {number for number in numbers if first <= number <= last}


def _newest_missing(covered: set[int], last: int) -> int:
    number = last
    while number in covered:
        number -= 1
    return number


def _tier(rule: Rule, setting: str, kept: int, filled: int, wanted: int, unit: str, full_at: int | None) -> Tier:
    if filled >= wanted:
        return Tier(rule.name, setting, kept, filled, wanted, unit, None, "full")
    if full_at is None or full_at >= LAST:
        return Tier(rule.name, setting, kept, filled, wanted, unit, None, _NEVER)
    return Tier(rule.name, setting, kept, filled, wanted, unit, text(full_at), "if backups go on")
