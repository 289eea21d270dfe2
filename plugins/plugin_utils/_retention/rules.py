# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The rules one by one: who is a candidate, who stands for a period, who lives how long (R4 to R8, R11a, R13, R14).

A candidate is spoken of by its place in the list of candidates, newest first, which is 0 for the newest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._restore_job import used_snapshots
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    HOUR,
    LAST,
    Zone,
    least_seconds,
    period_of,
    seconds,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    Options,
    Policy,
    Rule,
    shown,
)

# Two expiries this close are the same: the service's own sums are not always to the second.
SAME = 60
# Within this time of its expiry the next nightly run may come too late.
SOON = 36 * HOUR
NEVER = 2 * LAST


class Entry(NamedTuple):
    """A snapshot, its instants in whole seconds, and what rule R4 makes of it."""

    snapshot: Snapshot
    created: int
    expires: int
    state: str
    state_reasons: Sequence[str]

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
    stands: Mapping[int, int]
    """Of each period that the rule keeps, the candidate that stands for it, newest period first."""
    oldest: int | None
    """The oldest candidate, where the rule keeps it beside those that stand for periods (R8)."""
    used_up_by: int | None
    """The candidate that took the last of the count."""


def classify(cluster: Cluster, options: Options, now: int) -> list[Entry]:
    """Every snapshot with its state and the reasons for it (R4)."""
    protected, restoring = set(options.protected_ids), in_use(cluster).ids
    entries = []
    for snapshot in cluster.snapshots:
        created = 0 if snapshot.created_at is None else seconds(snapshot.created_at)
        expires = NEVER if snapshot.expires_at is None else seconds(snapshot.expires_at)
        reasons = [
            reason
            for reason, applies in (
                ("do_not_delete", snapshot.do_not_delete),
                ("protected", snapshot.id in protected),
                ("restoring", snapshot.id in restoring),
                # What is held by the service has no expiry; that is not a second reason.
                ("no_expiry", expires == NEVER and options.no_expiry == "hold" and not snapshot.do_not_delete),
            )
            if applies
        ]
        state = "held" if reasons else _state(snapshot, created, expires, now)
        entries.append(Entry(snapshot, created, expires, state, reasons or ([state] if state != "candidate" else [])))
    return entries


class InUse(NamedTuple):
    """What restore jobs use: ids of listed snapshots, and why that may not be all."""

    ids: set[str]
    unknown: str | None


def in_use(cluster: Cluster) -> InUse:
    """The snapshots that a restore job uses (R11a)."""
    if cluster.jobs is None:
        return InUse(set(), "the restore jobs were not gathered")
    listed = {snapshot.id for snapshot in cluster.snapshots}
    # An id that is not listed may be that of a shard's part; then only the time tells of which snapshot.
    dark = [job for job in cluster.jobs if job.timestamp is None and job.snapshot_id not in listed]
    told = [job for job in cluster.jobs if job not in dark]
    unknown = f"restore job {shown(dark[0].id)} is in use, and of what cannot be told" if dark else None
    return InUse(set(used_snapshots(told, cluster.snapshots)), unknown)


def tiers(policy: Policy, candidates: Sequence[Entry], anchor: int, zone: Zone) -> list[Tier]:
    """Each rule of the policy applied by itself (R5 to R8)."""
    local = [zone.local(candidate.created) for candidate in candidates]
    # Ascending, which is what bisect searches in.
    ages = [-candidate.created for candidate in candidates]
    periods: dict[str | None, Sequence[int]] = {None: range(len(candidates))}
    applied = []
    for rule in policy.rules:
        kind = rule.period
        if kind is not None and kind not in periods:
            periods[kind] = [period_of(kind, wall_clock) for wall_clock in local]
        if rule.window is None:
            applied.append(_count(rule, periods[kind]))
        else:
            cutoff = zone.before(anchor, rule.window)
            applied.append(_within(rule, periods[kind], cutoff, bisect_left(ages, -cutoff)))
    return applied


def longest_lived(applied: Sequence[Tier], lives: Sequence[int]) -> dict[int, list[int]]:
    """Those that outlive what stands for their period, and whom they outlive (R13).

    `lives` says until when each candidate lives, extended or not.
    """
    outlives: dict[int, list[int]] = {}
    for tier in applied:
        if tier.rule.period is None:
            continue
        longest = dict(tier.stands)
        for place in range(tier.inside):
            best = longest.get(tier.periods[place])
            # Walking newest first, so that of equals the newest stays.
            if best is not None and lives[place] > lives[best]:
                longest[tier.periods[place]] = place
        for period, place in longest.items():
            stands = tier.stands[period]
            if place != stands and stands not in outlives.setdefault(place, []):
                outlives[place].append(stands)
    return outlives


class Due(NamedTuple):
    """A candidate that a within rule wants to live longer than it does (R14)."""

    place: int
    until: int
    covered_by: Sequence[int]
    """Others of its period that live as long as the rule wants of them."""


def due(applied: Sequence[Tier], candidates: Sequence[Entry], newest: int, now: int, zone: Zone) -> list[Due]:
    """Whose expiry is sooner than created + a window that counts, if nobody covers its period (R14).

    `newest` is when the newest complete snapshot was created.
    """
    found = []
    for tier in applied:
        window, kind = tier.rule.window, tier.rule.period
        if window is None:
            continue
        wanted = []
        present = None if kind is None else zone.period(kind, newest)
        for period, place in tier.stands.items():
            candidate = candidates[place]
            if present is None or present > period or candidate.expires - now < SOON:
                until = zone.after(candidate.created, window)
                if until > candidate.expires + SAME:
                    wanted.append((period, place, until))
        covers = _covers(tier, candidates, {period for period, _place, _until in wanted}, zone)
        for period, place, until in wanted:
            found.append(Due(place, until, [other for other in covers.get(period, ()) if other != place]))
    return found


def _covers(tier: Tier, candidates: Sequence[Entry], periods: set[int], zone: Zone) -> dict[int, list[int]]:
    covers: dict[int, list[int]] = {}
    window = tier.rule.window
    if window is None or tier.rule.period is None or not periods:
        return covers
    least = least_seconds(window)
    for place in range(tier.inside):
        period, candidate = tier.periods[place], candidates[place]
        if period not in periods or candidate.expires + SAME < min(candidate.created + least, LAST):
            continue
        if candidate.expires + SAME >= zone.after(candidate.created, window):
            covers.setdefault(period, []).append(place)
    return covers


def _state(snapshot: Snapshot, created: int, expires: int, now: int) -> str:
    if expires <= now:
        return "expired"
    if created > now:
        return "future"
    return "candidate" if snapshot.complete is True else "incomplete"


def _count(rule: Rule, periods: Sequence[int]) -> Tier:
    stands: dict[int, int] = {}
    used_up_by = None
    for place, period in enumerate(periods):
        if period in stands:
            continue
        if len(stands) == rule.count:
            used_up_by = next(reversed(list(stands.values())))
            break
        stands[period] = place
    has_count_left = rule.count == -1 or len(stands) < rule.count
    oldest = _oldest(periods, stands) if has_count_left else None
    return Tier(rule, periods, len(periods), None, stands, oldest, used_up_by)


def _within(rule: Rule, periods: Sequence[int], cutoff: int, inside: int) -> Tier:
    stands: dict[int, int] = {}
    for place in range(inside):
        stands.setdefault(periods[place], place)
    oldest = _oldest(periods, stands) if inside == len(periods) else None
    return Tier(rule, periods, inside, cutoff, stands, oldest, None)


def _oldest(periods: Sequence[int], stands: Mapping[int, int]) -> int | None:
    last = len(periods) - 1
    return None if last < 0 or stands[periods[last]] == last else last
