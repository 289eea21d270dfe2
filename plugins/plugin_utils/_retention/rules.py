# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules one by one: states, periods and windows (R4 to R8).

A candidate is named by its place in the list of candidates, newest first: 0 is the newest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import wall_clock
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    EPOCH,
    LAST,
    Zone,
    period_of,
    periods_in,
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
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.restores import in_use

NEVER = 2 * LAST


class Entry(NamedTuple):
    """A snapshot with its instants in whole seconds, its state, and the reasons for the state (R4)."""

    snapshot: Snapshot
    created: int
    local: datetime
    """The naive local time at which it was created."""
    expires: int
    is_faulty: bool
    state: str
    state_reasons: tuple[Note, ...]

    def is_complete(self, now: int) -> bool:
        """Whether it is complete and in the past, expired or not."""
        return self.snapshot.complete is True and self.created <= now

    def is_restorable(self, now: int) -> bool:
        """Whether it is complete, in the past and not expired, held or not."""
        return self.snapshot.complete is True and self.created <= now < self.expires


class Tier(NamedTuple):
    """One rule applied in one pass: to all candidates, or to the sound ones (R5a)."""

    rule: Rule
    periods: Sequence[int]
    """The period of each candidate."""
    places: Sequence[int]
    """The candidates that the pass looks at, newest first."""
    inside: int
    """How many of these the rule looks at: all of them, or those inside its window."""
    cutoff: int | None
    representatives: Mapping[int, int]
    """For each period that the rule keeps, the candidate that it keeps."""
    ordinals: Mapping[int, int]
    """The representatives that this pass decides on, newest first, each with its number among the rule's periods."""
    beyond: AbstractSet[int]
    """The periods that it keeps a candidate of that is older than the window (R6)."""
    oldest: int | None
    """The oldest candidate, where the rule keeps it in addition (R8)."""
    used_up_by: int | None
    """The candidate that took the last of the count."""

    def representative_of(self, place: int) -> int | None:
        """The candidate that the rule keeps of a candidate's period; None when it keeps none."""
        period = self.periods[place]
        return self.representatives.get(period) if self._is_inside(place) or period in self.beyond else None

    def is_beyond(self, place: int) -> bool:
        """Whether the rule keeps a representative although it is older than the window (R6)."""
        return self.periods[place] in self.beyond

    def members(self) -> Iterator[int]:
        """The candidates of the periods that the rule keeps, newest first: where it can, those inside the window."""
        yield from self.places[: self.inside]
        if self.beyond:
            yield from (place for place in self.places[self.inside :] if self.periods[place] in self.beyond)

    @property
    def kept(self) -> list[int]:
        """All candidates that this pass keeps by the rule."""
        return [*self.ordinals, *([] if self.oldest is None else [self.oldest])]

    def _is_inside(self, place: int) -> bool:
        last = self.places[self.inside - 1] if self.inside else -1
        return place <= last


Pass = Sequence[Tier]


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
        local = wall_clock(created_at, time_zone)
        entries.append(Entry(snapshot, created, local, expires, snapshot.is_faulty, state, reasons))
    return entries


def anchor_of(entries: Sequence[Entry], options: Options, now: int, sound: bool = False) -> int | None:
    """Where windows end (R6); with `sound` in the pass over the sound ones (R5a).

    Held snapshots count, so that a protected history does not move it.
    """
    if options.anchor == "now":
        return now
    found = (entry.created for entry in entries if entry.is_restorable(now) and not (sound and entry.is_faulty))
    return next(found, None)


def newest_complete(entries: Sequence[Entry], now: int, sound: bool = False) -> Entry | None:
    """The newest complete snapshot that is not in the future, whatever its state; with `sound` the newest sound one."""
    return next((entry for entry in entries if entry.is_complete(now) and not (sound and entry.is_faulty)), None)


def _state(snapshot: Snapshot, created: int, expires: int, now: int) -> str:
    if expires <= now:
        return "expired"
    if created > now:
        return "future"
    return "candidate" if snapshot.complete is True else "incomplete"


# --- the two passes ---


def apply_passes(
    policy: Policy, options: Options, entries: Sequence[Entry], candidates: Sequence[Entry], now: int, calendar: Zone
) -> tuple[Pass, ...]:
    """The rules applied to the sound candidates, and to all (R5a); one pass where nothing is faulty."""
    anchor = anchor_of(entries, options, now)
    if anchor is None:
        return ()
    least = 0 if options.anchor == "now" else options.min_keep
    full = apply_rules(policy, candidates, anchor, calendar, least)
    if not any(entry.is_faulty for entry in entries):
        return (full,)
    sound_anchor = anchor_of(entries, options, now, sound=True)
    places = [place for place, candidate in enumerate(candidates) if not candidate.is_faulty]
    sound = apply_rules(policy, candidates, anchor if sound_anchor is None else sound_anchor, calendar, least, places)
    return sound, [_sound_first(*tiers, candidates) for tiers in zip(full, sound, strict=True)]


def _sound_first(full: Tier, sound: Tier, candidates: Sequence[Entry]) -> Tier:
    """The tier of the pass over all, where a period stands by its sound candidate if the rule keeps one (R5a).

    It has the periods of both passes. What it decides on is the faulty ones.
    """
    own = {period: sound.representatives.get(period, place) for period, place in full.representatives.items()}
    merged = {**own, **sound.representatives}
    # Where the oldest period has a sound one, the sound pass tells which of them is the oldest.
    is_told = full.oldest is None or full.periods[full.oldest] in sound.representatives
    return full._replace(
        representatives=merged,
        ordinals={place: number for number, place in enumerate(own.values(), 1) if candidates[place].is_faulty},
        beyond={period for period, place in merged.items() if place >= full.inside},
        oldest=None if is_told else full.oldest,
        used_up_by=None if full.used_up_by is None else next(reversed(own.values())),
    )


# --- periods and windows ---


def apply_rules(
    policy: Policy,
    candidates: Sequence[Entry],
    anchor: int,
    calendar: Zone,
    least: int = 0,
    places: Sequence[int] | None = None,
) -> list[Tier]:
    """Each rule of the policy applied by itself (R5 to R8), to all candidates or to those in `places`.

    Of each window at least the newest `least` periods are kept (R6).
    """
    looked_at = range(len(candidates)) if places is None else places
    # Ascending, as bisect needs it.
    ages = [-candidates[place].created for place in looked_at]
    periods: dict[str | None, Sequence[int]] = {None: range(len(candidates))}
    applied = []
    for rule in policy.rules:
        kind = rule.period
        if kind is not None and kind not in periods:
            periods[kind] = [period_of(kind, candidate.local) for candidate in candidates]
        if rule.window is None:
            applied.append(_count(rule, periods[kind], looked_at))
        else:
            cutoff = calendar.before(anchor, rule.window)
            fits = 0 if kind is None else min(least, max(1, periods_in(kind, rule.window)))
            inside = bisect_left(ages, -cutoff)
            applied.append(_within(rule, periods[kind], looked_at, cutoff, inside, fits))
    return applied


def _count(rule: Rule, periods: Sequence[int], places: Sequence[int]) -> Tier:
    representatives: dict[int, int] = {}
    used_up_by = None
    for place in places:
        period = periods[place]
        if period in representatives:
            continue
        if len(representatives) == rule.count:
            used_up_by = next(reversed(representatives.values()))
            break
        representatives[period] = place
    has_count_left = rule.count == -1 or len(representatives) < rule.count
    oldest = _oldest(periods, places, representatives) if has_count_left else None
    ordinals = _numbered(representatives)
    return Tier(rule, periods, places, len(places), None, representatives, ordinals, frozenset(), oldest, used_up_by)


def _within(rule: Rule, periods: Sequence[int], places: Sequence[int], cutoff: int, inside: int, least: int) -> Tier:
    representatives: dict[int, int] = {}
    for place in places[:inside]:
        representatives.setdefault(periods[place], place)
    beyond = set()
    for place in places[inside:]:
        if len(representatives) >= least:
            break
        if periods[place] not in representatives:
            representatives[periods[place]] = place
            beyond.add(periods[place])
    oldest = _oldest(periods, places, representatives) if inside == len(places) else None
    ordinals = _numbered(representatives)
    return Tier(rule, periods, places, inside, cutoff, representatives, ordinals, beyond, oldest, None)


def _numbered(representatives: Mapping[int, int]) -> dict[int, int]:
    return {place: number for number, place in enumerate(representatives.values(), 1)}


def _oldest(periods: Sequence[int], places: Sequence[int], representatives: Mapping[int, int]) -> int | None:
    last = places[-1] if places else None
    return None if last is None or representatives[periods[last]] == last else last
