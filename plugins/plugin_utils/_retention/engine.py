# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The retention engine: a listing, a policy and one instant make a plan.

It is pure: no request, no clock, no Ansible. The rules are those of docs/dev/retention-rules.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import findings, rules
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    HOUR,
    Zone,
    clamped,
    moment,
    seconds,
    text,
    zone,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.gaps import find_gaps
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.guard import blocked_by
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster, Schedule
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Decision, Note, Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Options, Policy
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.rules import (
    Entry,
    ExtensionCandidate,
    Tier,
)

# How long a snapshot still lives that is shortened, or whose window has passed: time to change one's mind (R14a).
_GRACE = 48 * HOUR
_PIT_UNKNOWN = Duration(hours=72)
_MIN_KEEP, _MIN_AGE, _PIT = Note("min_keep", "min_keep"), Note("min_age", "min_age"), Note("pit", "pit")
_PIT_BASE, _EXPIRING = Note("pit:base", "pit:base"), Note("expiring", "expiring")


def plan(cluster: Cluster, policy: Policy, options: Options, now: datetime) -> Plan:
    """What is to be done with each snapshot of one cluster (R1 to R18).

    `now` is aware; `options` are those that `parse_options` found to agree with the policy.
    """
    options, warnings = _resolved(options, cluster.schedule)
    run = _run(cluster, policy, options, now)
    decisions = tuple(_decisions(run))
    gaps, too_many_gaps = find_gaps(run.applied, run.entries, run.anchor, cluster.schedule, run.now, run.zone)
    removals = sum(decision.is_removal for decision in decisions)
    warnings += findings.warnings(policy, options, run.entries, cluster.schedule, run.now, run.zone)
    return Plan(
        project_id=cluster.project_id,
        cluster_id=cluster.cluster_id,
        cluster_name=cluster.cluster_name,
        now=now,
        policy=policy,
        options=options,
        decisions=decisions,
        gaps=tuple(gaps),
        blocked_by=blocked_by(options, removals, run.entries, run.now, run.zone, rules.in_use(cluster).unknown),
        warnings=(*warnings, *_expires_sooner(run), *too_many_gaps),
    )


@dataclass(frozen=True)
class _Run:
    """What is known once the rules have been applied; candidates are named by their places, as in `rules`."""

    options: Options
    now: int
    zone: Zone
    entries: Sequence[Entry]
    candidates: Sequence[Entry]
    anchor: int | None
    applied: Sequence[Tier]
    reasons: Sequence[list[Note]]
    """Why each candidate is kept, R13 and R14a excepted."""
    lifetimes: _Lifetimes


class _Lifetimes(NamedTuple):
    wanted: dict[int, int]
    """The expiry that a within rule wants for those that expire sooner (R14)."""
    extended: dict[int, int]
    """The expiry that the plan gives instead."""
    outlives: dict[int, list[int]]
    """Those that outlive the representative of their period, and which ones they outlive (R13)."""


def _resolved(options: Options, schedule: Schedule | None) -> tuple[Options, list[Note]]:
    """The options with `pit_window: auto` read from the schedule (R10), and a warning where it does not say."""
    if options.pit_window != "auto":
        return options, []
    if schedule is not None and schedule.pit_hours is not None:
        # With 0 hours the service keeps no oplog to replay.
        window = Duration(hours=schedule.pit_hours) if schedule.pit_hours else None
        return replace(options, pit_window=window), []
    unread = f"pit_window: auto, but the schedule does not say pointInTimeWindowHours; {_PIT_UNKNOWN} are assumed"
    return replace(options, pit_window=_PIT_UNKNOWN), [Note("pit_assumed", unread)]


def _run(cluster: Cluster, policy: Policy, options: Options, instant: datetime) -> _Run:
    now, calendar = seconds(instant), zone(options.timezone)
    entries = rules.classify(cluster, options, now)
    anchor = rules.anchor_of(entries, options, now)
    # Without an anchor there is no candidate either.
    candidates = [] if anchor is None else [entry for entry in entries if entry.state == "candidate"]
    applied = [] if anchor is None else rules.apply_rules(policy, candidates, anchor, calendar)
    reasons = _rule_reasons(applied, len(candidates))
    _add_safeguards(reasons, candidates, entries, options, now, calendar)
    newest = rules.newest_complete(entries, now)
    wanting = [] if newest is None else rules.extension_candidates(applied, candidates, newest.created, now, calendar)
    lifetimes = _lifetimes(applied, candidates, reasons, wanting, options, now)
    return _Run(options, now, calendar, entries, candidates, anchor, applied, reasons, lifetimes)


# --- why a candidate is kept ---


def _rule_reasons(applied: Sequence[Tier], candidates: int) -> list[list[Note]]:
    """The reasons that the rules of the policy give each candidate, in their order (R12)."""
    reasons: list[list[Note]] = [[] for _candidate in range(candidates)]
    for tier in applied:
        name, count = tier.rule.name, tier.rule.count
        of = "unlimited" if count == -1 else count
        for ordinal, place in enumerate(tier.representatives.values(), 1):
            reasons[place].append(Note(name, name if tier.cutoff is not None else f"{name} {ordinal}/{of}"))
        if tier.oldest is not None:
            reasons[tier.oldest].append(Note(f"{name}:oldest", f"{name}:oldest"))
    return reasons


def _add_safeguards(
    reasons: list[list[Note]],
    candidates: Sequence[Entry],
    entries: Sequence[Entry],
    options: Options,
    now: int,
    calendar: Zone,
) -> None:
    """The floor, the minimum age (R9) and the point-in-time window (R10)."""
    young = None if options.min_age is None else calendar.before(now, options.min_age)
    since = calendar.before(now, options.pit_window) if isinstance(options.pit_window, Duration) else None
    for place, candidate in enumerate(candidates):
        safeguards = (
            (place < options.min_keep, _MIN_KEEP),
            (young is not None and candidate.created > young, _MIN_AGE),
            (since is not None and candidate.created >= since, _PIT),
        )
        reasons[place] += [note for applies, note in safeguards if applies]
    base = None if since is None else _base(candidates, entries, since, now)
    if base is not None:
        reasons[base].append(_PIT_BASE)


def _base(candidates: Sequence[Entry], entries: Sequence[Entry], since: int, now: int) -> int | None:
    """The candidate that the oplog is replayed onto: the newest restorable snapshot before the window (R10).

    None where that is held.
    """
    base = next((entry for entry in entries if entry.created < since and entry.is_restorable(now)), None)
    first = next((place for place, candidate in enumerate(candidates) if candidate.created < since), None)
    return first if first is not None and candidates[first] is base else None


def _lifetimes(
    applied: Sequence[Tier],
    candidates: Sequence[Entry],
    reasons: Sequence[list[Note]],
    wanting: Sequence[ExtensionCandidate],
    options: Options,
    now: int,
) -> _Lifetimes:
    """What is wanted (R14), what is extended (R14a, R15), and who then outlives whom (R13).

    An extension may make the longest-lived of a period superfluous, and with it what covered another's period. So this
    is repeated until whatever covers a period is kept. Each round wants more than the one before, so it ends, mostly
    after the first.
    """
    kept: set[int] | None = None
    while True:
        wanted = _uncovered(wanting, kept)
        extended = _extensions(wanted, options, now)
        lives = [extended.get(place, candidate.expires) for place, candidate in enumerate(candidates)]
        outlives = rules.longest_lived(applied, lives)
        kept = {place for place in range(len(candidates)) if reasons[place] or place in outlives}
        if all(wanted.get(want.place, 0) >= want.until or not kept.isdisjoint(want.covered_by) for want in wanting):
            return _Lifetimes(wanted, extended, outlives)


def _uncovered(wanting: Sequence[ExtensionCandidate], kept: set[int] | None) -> dict[int, int]:
    """Until when each is to live that no other kept one of its period covers; None for `kept` is all."""
    wanted: dict[int, int] = {}
    for want in wanting:
        if not any(kept is None or other in kept for other in want.covered_by):
            wanted[want.place] = max(want.until, wanted.get(want.place, want.until))
    return wanted


def _extensions(wanted: dict[int, int], options: Options, now: int) -> dict[int, int]:
    if options.method == "expire":
        return {place: max(until, clamped(now + _GRACE)) for place, until in wanted.items()}
    return dict(wanted) if options.extend_kept else {}


# --- what is to be done ---


def _decisions(run: _Run) -> Iterator[Decision]:
    """Only candidates get actions (R4). The others carry the reasons of their state."""
    why = _explainer(run)
    place = -1
    for entry in run.entries:
        if entry.state != "candidate":
            yield Decision(entry.snapshot, entry.state, "keep", None, entry.state_reasons)
            continue
        place += 1
        action, expires_to, reasons = _action(place, run)
        date = None if expires_to is None else moment(expires_to)
        explanation = why(place) if action in ("delete", "shorten") else ()
        yield Decision(entry.snapshot, entry.state, action, date, reasons, explanation)


def _action(place: int, run: _Run) -> tuple[str, int | None, tuple[Note, ...]]:
    outlived = (run.candidates[other].snapshot.id for other in run.lifetimes.outlives.get(place, ()))
    reasons = (*run.reasons[place], *(Note("outlives", f"outlives {snapshot_id}") for snapshot_id in outlived))
    if place in run.lifetimes.extended:
        return "extend", run.lifetimes.extended[place], reasons
    if reasons:
        return "keep", None, reasons
    if run.options.method == "delete":
        return "delete", None, ()
    until = clamped(run.now + _GRACE)
    if until < run.candidates[place].expires - rules.TOLERANCE:
        return "shorten", until, ()
    return "keep", None, (_EXPIRING,)


def _explainer(run: _Run) -> Callable[[int], tuple[Note, ...]]:
    """A function that says why each rule does not keep a candidate (R12). Rules with the same answer share a note."""
    otherwise = [_otherwise(tier, run.candidates) for tier in run.applied]

    # Most of the ten thousand that a listing may hold share their explanation.
    @cache
    def explain(*representatives: int | None) -> tuple[Note, ...]:
        answers: dict[Note, str] = {}
        for tier, representative, note in zip(run.applied, representatives, otherwise, strict=True):
            answer = note
            if representative is not None:
                standing = run.candidates[representative].snapshot.id
                answer = Note("represented", f"{standing} stands for its period")
            answers[answer] = f"{answers[answer]}, {tier.rule.name}" if answer in answers else tier.rule.name
        return tuple(Note(answer.code, f"{names}: {answer.text}") for answer, names in answers.items())

    return lambda place: explain(*(tier.representative_of(place) for tier in run.applied))


def _otherwise(tier: Tier, candidates: Sequence[Entry]) -> Note:
    """Why a rule does not keep those that are of no period that it keeps."""
    if tier.used_up_by is not None:
        return Note("quota_used", f"quota used up by {candidates[tier.used_up_by].snapshot.id}")
    return Note("before_cutoff", f"older than the cutoff {'' if tier.cutoff is None else text(tier.cutoff)}")


def _expires_sooner(run: _Run) -> list[Note]:
    """Warnings for what is kept here and expires on the service sooner (R15)."""
    extended = run.lifetimes.extended
    by_counts = {place for tier in run.applied if tier.cutoff is None for place in tier.kept}
    return findings.expires_sooner(
        [run.candidates[place] for place in sorted(run.lifetimes.wanted) if place not in extended],
        [run.candidates[place] for place in sorted(by_counts) if place not in extended],
        run.now,
    )
