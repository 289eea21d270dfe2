# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules one by one: states, periods, windows and lifetimes (R4 to R8, R11a, R13, R14).

A candidate is named by its place in the list of candidates, newest first: 0 is the newest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import wall_clock
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._restore_job import used_snapshots
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    EPOCH,
    HOUR,
    LAST,
    Zone,
    least_seconds,
    period_of,
    seconds,
    zone,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    Options,
    Policy,
    Rule,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import shown

# Expiries that differ by this many seconds count as equal, because the service's own sums are not always to the second.
TOLERANCE = 60
# An expiry this near may pass before the next nightly run extends it.
SOON = 36 * HOUR
NEVER = 2 * LAST


class Entry(NamedTuple):
    """A snapshot with its instants in whole seconds, its state, and the reasons for the state (R4)."""

    snapshot: Snapshot
    created: int
    local: datetime
    """The naive local time at which it was created."""
    expires: int
    state: str
    state_reasons: tuple[Note, ...]

    def is_complete(self, now: int) -> bool:
        """Whether it is complete and in the past, expired or not."""
        return self.snapshot.complete is True and self.created <= now

    def is_restorable(self, now: int) -> bool:
        """Whether it is complete, in the past and not expired, held or not."""
        return self.snapshot.complete is True and self.created <= now < self.expires


class Tier(NamedTuple):
    """One rule applied to the candidates."""

    rule: Rule
    periods: Sequence[int]
    """The period of each candidate."""
    inside: int
    """How many candidates the rule looks at: all of them, or those inside its window."""
    cutoff: int | None
    representatives: Mapping[int, int]
    """For each period that the rule keeps, the candidate that it keeps, newest period first."""
    oldest: int | None
    """The oldest candidate, where the rule keeps it in addition (R8)."""
    used_up_by: int | None
    """The candidate that took the last of the count."""

    def representative_of(self, place: int) -> int | None:
        """The candidate that the rule keeps of a candidate's period; None when it keeps none."""
        return self.representatives.get(self.periods[place]) if place < self.inside else None

    @property
    def kept(self) -> list[int]:
        """All candidates that the rule keeps."""
        return [*self.representatives.values(), *([] if self.oldest is None else [self.oldest])]


class InUse(NamedTuple):
    """The ids of the listed snapshots that restore jobs use, and why there may be more."""

    ids: set[str]
    unknown: str | None


class ExtensionCandidate(NamedTuple):
    """A candidate that a within rule wants to live longer than it does (R14)."""

    place: int
    until: int
    covered_by: Sequence[int]
    """Other candidates of its period that live as long as the rule wants."""


# --- states ---


_NOTES = {
    code: Note(code, code)
    for code in (
        *("do_not_delete", "protected", "restoring", "no_expiry"),
        *("expired", "future", "incomplete"),
    )
}


def classify(cluster: Cluster, options: Options, now: int) -> list[Entry]:
    """Every snapshot with its state and the reasons for it (R4)."""
    protected, restoring = set(options.protected_ids), in_use(cluster).ids
    time_zone, entries = zone(options.timezone).rules, []
    for snapshot in cluster.snapshots:
        created_at = snapshot.created_at or EPOCH
        created = seconds(created_at)
        expires = NEVER if snapshot.expires_at is None else seconds(snapshot.expires_at)
        held = (
            ("do_not_delete", snapshot.do_not_delete),
            ("protected", snapshot.id in protected),
            ("restoring", snapshot.id in restoring),
            # A snapshot that the service holds never has an expiry, so that is no reason of its own.
            ("no_expiry", expires == NEVER and options.no_expiry == "hold" and not snapshot.do_not_delete),
        )
        reasons = tuple(_NOTES[code] for code, applies in held if applies)
        state = "held" if reasons else _state(snapshot, created, expires, now)
        if state not in ("held", "candidate"):
            reasons = (_NOTES[state],)
        entries.append(Entry(snapshot, created, wall_clock(created_at, time_zone), expires, state, reasons))
    return entries


def in_use(cluster: Cluster) -> InUse:
    """The snapshots that restore jobs use (R11a)."""
    if cluster.jobs is None:
        return InUse(set(), "the restore jobs were not gathered")
    listed = {snapshot.id for snapshot in cluster.snapshots}
    # An id that is not listed may be that of a shard's part. Then only the timestamp tells which snapshot it is.
    dark = [job for job in cluster.jobs if job.timestamp is None and job.snapshot_id not in listed]
    told = [job for job in cluster.jobs if job not in dark]
    unknown = f"restore job {shown(dark[0].id)} is in use, and of what cannot be told" if dark else None
    return InUse(set(used_snapshots(told, cluster.snapshots)), unknown)


def anchor_of(entries: Sequence[Entry], options: Options, now: int) -> int | None:
    """Where windows end (R6). Held snapshots count, so that a protected history does not move it."""
    if options.anchor == "now":
        return now
    return next((entry.created for entry in entries if entry.is_restorable(now)), None)


def newest_complete(entries: Sequence[Entry], now: int) -> Entry | None:
    """The newest complete snapshot that is not in the future, whatever its state."""
    return next((entry for entry in entries if entry.snapshot.complete is True and entry.created <= now), None)


def _state(snapshot: Snapshot, created: int, expires: int, now: int) -> str:
    if expires <= now:
        return "expired"
    if created > now:
        return "future"
    return "candidate" if snapshot.complete is True else "incomplete"


# --- periods and windows ---


def apply_rules(policy: Policy, candidates: Sequence[Entry], anchor: int, calendar: Zone) -> list[Tier]:
    """Each rule of the policy applied by itself (R5 to R8)."""
    # Ascending, as bisect needs it.
    ages = [-candidate.created for candidate in candidates]
    periods: dict[str | None, Sequence[int]] = {None: range(len(candidates))}
    applied = []
    for rule in policy.rules:
        kind = rule.period
        if kind is not None and kind not in periods:
            periods[kind] = [period_of(kind, candidate.local) for candidate in candidates]
        if rule.window is None:
            applied.append(_count(rule, periods[kind]))
        else:
            cutoff = calendar.before(anchor, rule.window)
            applied.append(_within(rule, periods[kind], cutoff, bisect_left(ages, -cutoff)))
    return applied


def _count(rule: Rule, periods: Sequence[int]) -> Tier:
    representatives: dict[int, int] = {}
    used_up_by = None
    for place, period in enumerate(periods):
        if period in representatives:
            continue
        if len(representatives) == rule.count:
            used_up_by = next(reversed(representatives.values()))
            break
        representatives[period] = place
    has_count_left = rule.count == -1 or len(representatives) < rule.count
    oldest = _oldest(periods, representatives) if has_count_left else None
    return Tier(rule, periods, len(periods), None, representatives, oldest, used_up_by)


def _within(rule: Rule, periods: Sequence[int], cutoff: int, inside: int) -> Tier:
    representatives: dict[int, int] = {}
    for place in range(inside):
        representatives.setdefault(periods[place], place)
    oldest = _oldest(periods, representatives) if inside == len(periods) else None
    return Tier(rule, periods, inside, cutoff, representatives, oldest, None)


def _oldest(periods: Sequence[int], representatives: Mapping[int, int]) -> int | None:
    last = len(periods) - 1
    return None if last < 0 or representatives[periods[last]] == last else last


# --- lifetimes ---


def longest_lived(applied: Sequence[Tier], lives: Sequence[int]) -> dict[int, list[int]]:
    """The candidates that outlive the representative of their period, and which ones they outlive (R13).

    `lives` has the expiry of each candidate, extended or not.
    """
    outlives: dict[int, list[int]] = {}
    for tier in applied:
        if tier.rule.period is None:
            continue
        longest = dict(tier.representatives)
        for place in range(tier.inside):
            best = longest.get(tier.periods[place])
            # From the newest on, so that of equals the newest is kept.
            if best is not None and lives[place] > lives[best]:
                longest[tier.periods[place]] = place
        for period, place in longest.items():
            representative = tier.representatives[period]
            if place != representative and representative not in outlives.setdefault(place, []):
                outlives[place].append(representative)
    return outlives


def extension_candidates(
    applied: Sequence[Tier], candidates: Sequence[Entry], newest: int, now: int, calendar: Zone
) -> list[ExtensionCandidate]:
    """The candidates that expire before created + a window that counts (R14).

    `newest` is when the newest complete snapshot was created.
    """
    return [
        candidate
        for tier in applied
        if tier.rule.window is not None
        for candidate in _extension_candidates(tier, candidates, newest, now, calendar)
    ]


def _extension_candidates(
    tier: Tier, candidates: Sequence[Entry], newest: int, now: int, calendar: Zone
) -> Iterator[ExtensionCandidate]:
    wanted = dict(_wanted(tier, candidates, newest, now, calendar))
    covers = _covers(tier, candidates, wanted, calendar)
    for period, (place, until) in wanted.items():
        yield ExtensionCandidate(place, until, [other for other in covers.get(period, ()) if other != place])


def _wanted(
    tier: Tier, candidates: Sequence[Entry], newest: int, now: int, calendar: Zone
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Each period whose representative is to live longer: the period, the representative, and until when."""
    window, kind = tier.rule.window, tier.rule.period
    present = None if kind is None else calendar.period(kind, newest)
    for period, place in tier.representatives.items():
        candidate = candidates[place]
        if window is not None and (present is None or present > period or candidate.expires - now < SOON):
            until = calendar.after(candidate.created, window)
            if until > candidate.expires + TOLERANCE:
                yield period, (place, until)


def _covers(
    tier: Tier, candidates: Sequence[Entry], periods: Mapping[int, object], calendar: Zone
) -> dict[int, list[int]]:
    """The candidates of these periods that live until their own created + window."""
    covers: dict[int, list[int]] = {}
    window = tier.rule.window
    if window is None or tier.rule.period is None or not periods:
        return covers
    least = least_seconds(window)
    for place in range(tier.inside):
        period, candidate = tier.periods[place], candidates[place]
        if period not in periods or candidate.expires + TOLERANCE < min(candidate.created + least, LAST):
            continue
        if candidate.expires + TOLERANCE >= calendar.after(candidate.created, window):
            covers.setdefault(period, []).append(place)
    return covers
