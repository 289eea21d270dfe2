# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The retention engine: a listing, a policy and one instant make a plan.

It is pure: no request, no clock, no Ansible. The rules are those of docs/dev/retention-rules.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from itertools import chain, islice

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import findings, rules
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    Zone,
    clamped,
    moment,
    period_of,
    seconds,
    text,
    zone,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.gaps import find_gaps
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.guard import Unknown, blocked_by
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.lifetimes import (
    GRACE,
    TOLERANCE,
    Lifetimes,
    extension_candidates,
    lifetimes,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster, Schedule
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.outage import Outage, outage
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import (
    STALE,
    Decision,
    Note,
    Plan,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Options, Policy
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.restores import InUse, in_use
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.rules import Entry, Pass, Tier

_PIT_UNKNOWN = Duration(hours=72)
# When backups count as stopped where `stale_after` is off (R14b).
_STOPPED = Duration(days=3)
_MIN_KEEP, _MIN_AGE, _PIT = Note("min_keep", "min_keep"), Note("min_age", "min_age"), Note("pit", "pit")
_PIT_BASE, _EXPIRING = Note("pit:base", "pit:base"), Note("expiring", "expiring")
_FAULTY = Note("faulty", "faulty")


def plan(cluster: Cluster, policy: Policy, options: Options, now: datetime, prefix: str = "") -> Plan:
    """What is to be done with each snapshot of one cluster (R1 to R18).

    `now` is aware; `options` are those that `parse_options` found to agree with the policy. `prefix` stands before the
    names of options in texts, for readers who know them by longer names.
    """
    known, assumed = _resolved(options, cluster.schedule, prefix)
    run = _run(cluster, policy, known, now)
    decisions = tuple(_withheld(decision, run.stale) for decision in _decisions(run))
    gaps, unmeasured = find_gaps(_full(run), run.entries, run.anchor, cluster.schedule, run.now, run.zone)
    removals = sum(decision.is_removal for decision in decisions)
    used = in_use(cluster)
    unknown = Unknown(
        jobs=used.unknown,
        window=options.pit_window == "auto" and cluster.schedule_status == "unavailable",
    )
    return Plan(
        project_id=cluster.project_id,
        cluster_id=cluster.cluster_id,
        cluster_name=cluster.cluster_name,
        now=now,
        policy=policy,
        options=known,
        decisions=decisions,
        gaps=tuple(gaps),
        blocked_by=blocked_by(known, removals, len(run.candidates), unknown, prefix),
        warnings=(*assumed, *_warnings(cluster, used, policy, run, decisions, prefix), *unmeasured),
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
    passes: Sequence[Pass]
    """The rules applied to the sound candidates, where any snapshot is faulty, and to all (R5a)."""
    reasons: Sequence[list[Note]]
    """Why each candidate is kept, R13 and R14a excepted."""
    lifetimes: Lifetimes
    stale: Outage


def _resolved(options: Options, schedule: Schedule | None, prefix: str) -> tuple[Options, list[Note]]:
    """The options with `pit_window: auto` read from the schedule (R10), and a warning where it does not say."""
    if options.pit_window != "auto":
        return options, []
    if schedule is not None and schedule.pit_hours is not None:
        # With 0 hours the service keeps no oplog to replay.
        window = Duration(hours=schedule.pit_hours) if schedule.pit_hours else None
        return replace(options, pit_window=window), []
    auto = f"{prefix}pit_window: auto, but the schedule"
    unread = f"{auto} does not say pointInTimeWindowHours; {_PIT_UNKNOWN} are assumed"
    return replace(options, pit_window=_PIT_UNKNOWN), [Note("pit_assumed", unread)]


def _run(cluster: Cluster, policy: Policy, options: Options, instant: datetime) -> _Run:
    now, calendar = seconds(instant), zone(options.timezone)
    entries = rules.classify(cluster, options, now)
    anchor = rules.anchor_of(entries, options, now)
    # Without an anchor there is no candidate either.
    candidates = [] if anchor is None else [entry for entry in entries if entry.state == "candidate"]
    passes = rules.apply_passes(policy, options, entries, candidates, now, calendar)
    reasons = _rule_reasons(passes, len(candidates))
    _add_safeguards(reasons, candidates, entries, options, now, calendar)
    stale = outage(entries, options.stale_after, now, calendar)
    stopped = None if options.anchor == "now" else outage(entries, options.stale_after or _STOPPED, now, calendar)
    newest = rules.newest_complete(entries, now)
    wanting = [] if newest is None else extension_candidates(passes, candidates, newest.created, stopped, now, calendar)
    is_kept = [bool(notes) for notes in reasons]
    lives = lifetimes(passes, candidates, is_kept, wanting, options, now, calendar)
    return _Run(options, now, calendar, entries, candidates, anchor, passes, reasons, lives, stale)


# --- why a candidate is kept ---


def _rule_reasons(passes: Sequence[Pass], candidates: int) -> list[list[Note]]:
    """The reasons that the rules of the policy give each candidate, in their order (R12)."""
    reasons: list[list[Note]] = [[] for _candidate in range(candidates)]
    beyond = []
    # No candidate has reasons of both passes.
    for tier in chain.from_iterable(passes):
        name, count = tier.rule.name, tier.rule.count
        of = "unlimited" if count == -1 else count
        for place, ordinal in tier.ordinals.items():
            if tier.is_beyond(place):
                beyond.append((place, Note(f"{name}:min_keep", f"{name}:min_keep")))
            else:
                reasons[place].append(Note(name, name if tier.cutoff is not None else f"{name} {ordinal}/{of}"))
        if tier.oldest is not None:
            reasons[tier.oldest].append(Note(f"{name}:oldest", f"{name}:oldest"))
    for place, note in beyond:
        reasons[place].append(note)
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
    floor = _floor(candidates, options.min_keep)
    for place, candidate in enumerate(candidates):
        safeguards = (
            (place in floor, _MIN_KEEP),
            (young is not None and candidate.created > young, _MIN_AGE),
            (since is not None and candidate.created >= since, _PIT),
        )
        reasons[place] += [note for applies, note in safeguards if applies]
    for base in () if since is None else _bases(candidates, entries, since, now):
        reasons[base].append(_PIT_BASE)


def _floor(candidates: Sequence[Entry], least: int) -> set[int]:
    """The newest so many candidates, and the newest so many sound ones (R9, R5a)."""
    sound = (place for place, candidate in enumerate(candidates) if not candidate.is_faulty)
    return {*range(least), *islice(sound, least)}


def _bases(candidates: Sequence[Entry], entries: Sequence[Entry], since: int, now: int) -> set[int]:
    """The candidates that the oplog may be replayed onto (R10, R5a).

    These are the newest restorable snapshot before the window and the newest sound one, unless they are held.
    """
    older = [entry for entry in entries if entry.created < since and entry.is_restorable(now)]
    ids = {entry.snapshot.id for entry in (*older[:1], *islice((one for one in older if not one.is_faulty), 1))}
    return {place for place, candidate in enumerate(candidates) if candidate.snapshot.id in ids}


# --- what is to be done ---


def _decisions(run: _Run) -> Iterator[Decision]:
    """Only candidates get actions (R4). The others carry the reasons of their state."""
    why = _explainer(run)
    place = -1
    for entry in run.entries:
        if entry.state != "candidate":
            yield Decision(entry.snapshot, entry.state, "keep", None, entry.state_reasons, (), entry.is_faulty)
            continue
        place += 1
        action, expires_to, reasons = _action(place, run)
        date = None if expires_to is None else moment(expires_to)
        explanation = why(place) if action in ("delete", "shorten") else ()
        yield Decision(entry.snapshot, entry.state, action, date, reasons, explanation, entry.is_faulty)


def _action(place: int, run: _Run) -> tuple[str, int | None, tuple[Note, ...]]:
    outlived = (run.candidates[other].snapshot.id for other in run.lifetimes.outlives.get(place, ()))
    reasons = (*run.reasons[place], *(Note("outlives", f"outlives {snapshot_id}") for snapshot_id in outlived))
    if place in run.lifetimes.extended:
        return "extend", run.lifetimes.extended[place], reasons
    if reasons:
        return "keep", None, reasons
    if run.options.method == "delete":
        return "delete", None, ()
    until = clamped(run.now + GRACE)
    if until < run.candidates[place].expires - TOLERANCE:
        return "shorten", until, ()
    return "keep", None, (_EXPIRING,)


def _withheld(decision: Decision, stale: Outage) -> Decision:
    """The decision itself, or to keep the snapshot while backups have stopped (R17)."""
    if not decision.is_removal or not stale.affects(decision.is_faulty):
        return decision
    return replace(decision, action="keep", expires_to=None, reasons=(STALE,), why=())


def _explainer(run: _Run) -> Callable[[int], tuple[Note, ...]]:
    """A function that says why each rule does not keep a candidate (R12). Rules with the same answer share a note."""
    full = _full(run)
    sound = run.passes[0] if run.passes else ()
    otherwise = {id(tier): _otherwise(tier, run.candidates) for tier in (*sound, *full)}

    # Most of the ten thousand that a listing may hold share their explanation.
    @cache
    def explain(is_faulty: bool, *representatives: int | None) -> tuple[Note, ...]:
        answers: dict[Note, str] = {}
        for tier, representative in zip(full if is_faulty else sound, representatives, strict=True):
            answer = otherwise[id(tier)]
            if representative is not None:
                standing = run.candidates[representative].snapshot.id
                answer = Note("represented", f"{standing} stands for its period")
            answers[answer] = f"{answers[answer]}, {tier.rule.name}" if answer in answers else tier.rule.name
        notes = tuple(Note(answer.code, f"{names}: {answer.text}") for answer, names in answers.items())
        return (_FAULTY, *notes) if is_faulty else notes

    def why(place: int) -> tuple[Note, ...]:
        is_faulty = run.candidates[place].is_faulty
        return explain(is_faulty, *(tier.representative_of(place) for tier in (full if is_faulty else sound)))

    return why


def _otherwise(tier: Tier, candidates: Sequence[Entry]) -> Note:
    """Why a rule does not keep those that are of no period that it keeps."""
    if tier.used_up_by is not None:
        return Note("quota_used", f"quota used up by {candidates[tier.used_up_by].snapshot.id}")
    return Note("before_cutoff", f"older than the cutoff {'' if tier.cutoff is None else text(tier.cutoff)}")


# --- what to look at ---


def _full(run: _Run) -> Pass:
    """The pass over all candidates."""
    return run.passes[-1] if run.passes else ()


def _warnings(
    cluster: Cluster, used: InUse, policy: Policy, run: _Run, decisions: Sequence[Decision], prefix: str
) -> Iterator[Note]:
    withheld = sum(decision.is_withheld for decision in decisions)
    removed = (entry for entry, decision in zip(run.entries, decisions, strict=True) if decision.is_removal)
    yield from findings.of_schedule(policy, run.options, cluster, run.now, run.zone, prefix)
    yield from findings.of_listing(run.options, run.entries, run.now, prefix)
    yield from used.unlisted
    yield from findings.stale(run.stale, run.options, withheld, prefix)
    yield from findings.faulty(_standing_faulty(run))
    yield from findings.long_dates(removed, cluster.schedule, run.now, run.zone)
    yield from _expires_sooner(run)


def _standing_faulty(run: _Run) -> list[Entry]:
    """The faulty candidates that stand for a period of which no sound snapshot is there, held ones included (R5a)."""
    if len(run.passes) < 2:
        return []
    sound = [entry.local for entry in run.entries if entry.is_complete(run.now) and not entry.is_faulty]
    standing: set[int] = set()
    for tier in _full(run):
        if tier.rule.period is not None:
            covered = set(map(partial(period_of, tier.rule.period), sound))
            standing.update(place for place in tier.ordinals if tier.periods[place] not in covered)
    return [run.candidates[place] for place in sorted(standing)]


def _expires_sooner(run: _Run) -> list[Note]:
    """Warnings for what is kept here and expires on the service sooner (R14b, R15)."""
    extended = run.lifetimes.extended
    counts = (tier for tier in chain.from_iterable(run.passes) if tier.cutoff is None)
    by_counts = {place for tier in counts for place in tier.kept}
    return findings.expires_sooner(
        [run.candidates[place] for place in sorted(run.lifetimes.wanted) if place not in extended],
        [run.candidates[place] for place in sorted(by_counts) if place not in extended],
        run.now,
    )
