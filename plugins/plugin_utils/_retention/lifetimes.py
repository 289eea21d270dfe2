# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long what is kept lives: what a plan extends, and what outlives what (R13 to R15).

A candidate is named by its place in the list of candidates, newest first: 0 is the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    DAY,
    HOUR,
    LAST,
    Zone,
    clamped,
    least_seconds,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.outage import Outage
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Options
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.rules import Entry, Pass, Tier

# How long a snapshot still lives that is shortened, or whose window has passed: time to change one's mind (R14a).
GRACE = 48 * HOUR
# Expiries that differ by this many seconds count as equal, because the service's own sums are not always to the second.
TOLERANCE = 60
# An expiry this near may pass before the next nightly run extends it.
SOON = 36 * HOUR
# While backups have stopped: what expires sooner than the first is extended by the second (R14b).
_OUTAGE_SOON, _OUTAGE_LIFE = 8 * DAY, 15 * DAY


class Lifetimes(NamedTuple):
    """What becomes of the candidates' expiries."""

    wanted: dict[int, int]
    """The expiry that a within rule wants for those that expire sooner (R14, R14b)."""
    extended: dict[int, int]
    """The expiry that the plan gives instead."""
    outlives: dict[int, list[int]]
    """Those that outlive the representative of their period, and which ones they outlive (R13)."""


class ExtensionCandidate(NamedTuple):
    """A candidate that a within rule wants to live longer than it does."""

    place: int
    until: int
    covered_by: Sequence[int]
    """Other candidates of its period that live as long as the rule wants."""


def lifetimes(
    passes: Sequence[Pass],
    candidates: Sequence[Entry],
    is_kept: Sequence[bool],
    wanting: Sequence[ExtensionCandidate],
    options: Options,
    now: int,
    calendar: Zone,
) -> Lifetimes:
    """What is wanted (R14, R14b), what is extended (R14a, R15), and who then outlives whom (R13).

    An extension may make the longest-lived of a period superfluous, and with it what covered another's period. So this
    is repeated until whatever covers a period is kept. Each round wants more than the one before, so it ends, mostly
    after the first.
    """
    kept: set[int] | None = None
    while True:
        wanted = _uncovered(wanting, kept)
        extended = _extensions(wanted, options, now)
        lives = [extended.get(place, candidate.expires) for place, candidate in enumerate(candidates)]
        outlives = longest_lived(passes, candidates, lives, calendar)
        kept = {place for place in range(len(candidates)) if is_kept[place] or place in outlives}
        if all(wanted.get(want.place, 0) >= want.until or not kept.isdisjoint(want.covered_by) for want in wanting):
            return Lifetimes(wanted, extended, outlives)


def _uncovered(wanting: Sequence[ExtensionCandidate], kept: set[int] | None) -> dict[int, int]:
    """Until when each is to live that no other kept one of its period covers; None for `kept` is all."""
    wanted: dict[int, int] = {}
    for want in wanting:
        if not any(kept is None or other in kept for other in want.covered_by):
            wanted[want.place] = max(want.until, wanted.get(want.place, want.until))
    return wanted


def _extensions(wanted: dict[int, int], options: Options, now: int) -> dict[int, int]:
    if options.method == "expire":
        return {place: max(until, clamped(now + GRACE)) for place, until in wanted.items()}
    return dict(wanted) if options.extend_kept else {}


# --- the longest-lived of a period ---


def longest_lived(
    passes: Sequence[Pass], candidates: Sequence[Entry], lives: Sequence[int], calendar: Zone
) -> dict[int, list[int]]:
    """The candidates that outlive the representative of their period, and which ones they outlive (R13).

    `lives` has the expiry of each candidate, extended or not.
    """
    outlives: dict[int, list[int]] = {}
    for tier in (tier for rules in passes for tier in rules if tier.rule.period is not None):
        outlived = _outlived(tier, lives)
        for places in (outlived, _longest_inside(tier, outlived, candidates, lives, calendar)):
            for period, place in places.items():
                representative = tier.representatives[period]
                if representative not in outlives.setdefault(place, []):
                    outlives[place].append(representative)
    return outlives


def _outlived(tier: Tier, lives: Sequence[int]) -> dict[int, int]:
    """For each period whose representative does not live longest, the one that does."""
    longest = dict(tier.representatives)
    periods = tier.periods
    for place in tier.members():
        best = longest.get(periods[place])
        # From the newest on, so that of equals the newest is kept.
        if best is not None and lives[place] > lives[best]:
            longest[periods[place]] = place
    return {period: place for period, place in longest.items() if place != tier.representatives[period]}


def _longest_inside(
    tier: Tier, outlived: Mapping[int, int], candidates: Sequence[Entry], lives: Sequence[int], calendar: Zone
) -> dict[int, int]:
    """The one that stays longest inside a window, for each period whose representative does not.

    Where the representative lives longest, it also stays longest inside, because it is the newest. In the pass over all
    this is asked only of periods that a faulty one stands for (R5a).
    """
    window = tier.rule.window
    asked = {
        period: tier.representatives[period] for period in outlived if tier.representatives[period] in tier.ordinals
    }
    if window is None or not asked:
        return {}
    found: dict[int, int] = {}
    ends = {period: _end_inside(place, window, candidates, lives, calendar) for period, place in asked.items()}
    for place in tier.members():
        period = tier.periods[place]
        # The calendar takes its time, and is asked only of those that live long enough.
        if period in ends and lives[place] > ends[period]:
            end = _end_inside(place, window, candidates, lives, calendar)
            if end > ends[period]:
                found[period], ends[period] = place, end
    return found


def _end_inside(place: int, window: Duration, candidates: Sequence[Entry], lives: Sequence[int], calendar: Zone) -> int:
    """Until when a candidate is there and inside the window."""
    return min(lives[place], calendar.after(candidates[place].created, window))


# --- what should live longer ---


def extension_candidates(
    passes: Sequence[Pass], candidates: Sequence[Entry], newest: int, stopped: Outage | None, now: int, calendar: Zone
) -> list[ExtensionCandidate]:
    """The candidates that a within rule wants to live longer (R14, R14b).

    `newest` is when the newest complete snapshot was created. `stopped` tells whether backups have stopped; None where
    R14b does not apply.
    """
    found: list[ExtensionCandidate] = []
    for rules in passes:
        for tier in rules:
            if tier.rule.window is not None:
                found += _until_window(tier, candidates, newest, now, calendar)
                if stopped is not None:
                    found += _while_stopped(tier, candidates, stopped, now)
    return found


def _until_window(
    tier: Tier, candidates: Sequence[Entry], newest: int, now: int, calendar: Zone
) -> Iterator[ExtensionCandidate]:
    """Those that expire before created + a window that counts (R14)."""
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
    for place in tier.ordinals:
        candidate, period = candidates[place], tier.periods[place]
        if window is None or period in tier.beyond:
            continue
        if present is None or present > period or candidate.expires - now < SOON:
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
    for place in tier.members():
        period, candidate = tier.periods[place], candidates[place]
        if period not in periods or candidate.expires + TOLERANCE < min(candidate.created + least, LAST):
            continue
        if candidate.expires + TOLERANCE >= calendar.after(candidate.created, window):
            covers.setdefault(period, []).append(place)
    return covers


def _while_stopped(tier: Tier, candidates: Sequence[Entry], stopped: Outage, now: int) -> Iterator[ExtensionCandidate]:
    """Those that expire soon while no backups replace them, and what a window keeps that has passed (R14b)."""
    soon = now + _OUTAGE_SOON
    wanted = {
        tier.periods[place]: place
        for place in tier.ordinals
        if candidates[place].expires < soon and (stopped.affects(candidates[place].is_faulty) or tier.is_beyond(place))
    }
    # With `keep_within` each is a period of its own, which is its only member.
    covers: dict[int, list[int]] = {}
    for place in tier.members() if wanted else ():
        if tier.periods[place] in wanted and candidates[place].expires >= soon:
            covers.setdefault(tier.periods[place], []).append(place)
    for period, place in wanted.items():
        yield ExtensionCandidate(place, clamped(now + _OUTAGE_LIFE), covers.get(period, ()))
