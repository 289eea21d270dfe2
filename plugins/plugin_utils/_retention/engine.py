# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The retention engine: a listing, a policy and one instant make a plan.

Pure: no request, no clock, no Ansible. The rules are R1 to R18 of the collection's retention rules;
each is spoken of by its number where it is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import findings, rules
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    HOUR,
    Zone,
    clamped,
    seconds,
    text,
    zone,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster, Schedule
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Decision, Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Options, Policy
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.rules import Entry, Tier

# What a shortened snapshot, or one that leaves its window, still lives: time enough to change one's mind.
_GRACE = 48 * HOUR
_PIT_UNKNOWN = Duration(hours=72)


def plan(cluster: Cluster, policy: Policy, options: Options, now: datetime) -> Plan:
    """What is to become of each snapshot of one cluster (R1 to R18).

    `now` is aware; `options` are those that `parse_options` found to agree with the policy.
    """
    moment, calendar = seconds(now), zone(options.timezone)
    options, unread = _resolved(options, cluster.schedule)
    entries = rules.classify(cluster, options, moment)
    work = _work(policy, options, entries, moment, calendar)
    decisions = tuple(_decisions(entries, work, options, moment))
    removals = sum(decision.action in ("delete", "shorten") for decision in decisions)
    missing, too_many_gaps = (
        ([], [])
        if work.anchor is None
        else findings.gaps(work.applied, entries, work.anchor, cluster.schedule, moment, calendar)
    )
    return Plan(
        project_id=cluster.project_id,
        cluster_id=cluster.cluster_id,
        cluster_name=cluster.cluster_name,
        now=moment,
        policy=policy,
        options=options,
        decisions=decisions,
        gaps=tuple(missing),
        blocked_by=findings.blocked_by(options, removals, entries, moment, calendar, rules.in_use(cluster).unknown),
        warnings=(
            *unread,
            *findings.warnings(policy, options, entries, cluster.schedule, moment, calendar),
            *_dying(work, moment),
            *too_many_gaps,
        ),
    )


class _Work(NamedTuple):
    """What is known of the candidates once the rules have been applied; places as in `_rules`."""

    candidates: Sequence[Entry]
    anchor: int | None
    applied: Sequence[Tier]
    reasons: Sequence[list[str]]
    """Why each is kept, R13 and R14a excepted."""
    wanted: dict[int, int]
    """Until when a within rule wants those to live that do not live as long (R14)."""
    extended: dict[int, int]
    """The expiry that this plan gives instead."""
    outlives: dict[int, list[int]]


def _resolved(options: Options, schedule: Schedule | None) -> tuple[Options, list[str]]:
    """The options with `pit_window: auto` read from the schedule (R10), and a warning where that cannot be."""
    if options.pit_window != "auto":
        return options, []
    if schedule is not None and schedule.pit_hours is not None:
        # No hours at all: the service keeps no oplog to replay.
        window = Duration(hours=schedule.pit_hours) if schedule.pit_hours else None
        return replace(options, pit_window=window), []
    unread = f"pit_window: auto, but the schedule does not say pointInTimeWindowHours; {_PIT_UNKNOWN} are assumed"
    return replace(options, pit_window=_PIT_UNKNOWN), [unread]


def _work(policy: Policy, options: Options, entries: Sequence[Entry], now: int, calendar: Zone) -> _Work:
    candidates = [entry for entry in entries if entry.state == "candidate"]
    anchor = now if options.anchor == "now" else _newest_restorable(entries, now)
    if anchor is None:
        # Then there is no candidate either, and no rule has anything to say.
        return _Work([], None, [], [], {}, {}, {})
    applied = rules.tiers(policy, candidates, anchor, calendar)
    reasons = _reasons(applied, candidates, options, entries, now, calendar)
    newest = findings.newest_complete(entries, now)
    due = [] if newest is None else rules.due(applied, candidates, newest.created, now, calendar)
    return _Work(candidates, anchor, applied, reasons, *_lifetimes(applied, candidates, reasons, due, options, now))


def _newest_restorable(entries: Sequence[Entry], now: int) -> int | None:
    """The anchor `newest` (R6): held ones count, so that a protected history does not move it."""
    return next((entry.created for entry in entries if entry.is_restorable(now)), None)


def _reasons(
    applied: Sequence[Tier],
    candidates: Sequence[Entry],
    options: Options,
    entries: Sequence[Entry],
    now: int,
    calendar: Zone,
) -> list[list[str]]:
    """Every reason of each candidate, in the order of R12, as far as R13."""
    reasons: list[list[str]] = [[] for _candidate in candidates]
    for tier in applied:
        name, count = tier.rule.name, tier.rule.count
        of = "" if tier.cutoff is not None else "/unlimited" if count == -1 else f"/{count}"
        for ordinal, place in enumerate(tier.stands.values(), 1):
            reasons[place].append(f"{name} {ordinal}{of}" if of else name)
        if tier.oldest is not None:
            reasons[tier.oldest].append(f"{name}:oldest")
    for place in range(min(options.min_keep, len(candidates))):
        reasons[place].append("min_keep")
    young = None if options.min_age is None else calendar.before(now, options.min_age)
    since = calendar.before(now, options.pit_window) if isinstance(options.pit_window, Duration) else None
    for place, candidate in enumerate(candidates):
        if young is not None and candidate.created > young:
            reasons[place].append("min_age")
        if since is not None and candidate.created >= since:
            reasons[place].append("pit")
    if since is not None:
        _mark_base(reasons, candidates, entries, since, now)
    return reasons


def _mark_base(
    reasons: list[list[str]], candidates: Sequence[Entry], entries: Sequence[Entry], since: int, now: int
) -> None:
    """Onto the newest restorable snapshot before the window its oplog is replayed, held or not (R10)."""
    base = next((entry for entry in entries if entry.created < since and entry.is_restorable(now)), None)
    first = next((place for place, candidate in enumerate(candidates) if candidate.created < since), None)
    if base is not None and first is not None and candidates[first] is base:
        reasons[first].append("pit:base")


def _lifetimes(
    applied: Sequence[Tier],
    candidates: Sequence[Entry],
    reasons: Sequence[list[str]],
    due: Sequence[rules.Due],
    options: Options,
    now: int,
) -> tuple[dict[int, int], dict[int, int], dict[int, list[int]]]:
    """What is wanted (R14), what is extended (R14a, R15), and who outlives whom then (R13).

    An extension may make the longest-lived of a period superfluous, and with it what covered another
    one's period; so this is repeated until whatever covers a period stays. Each round wants more than
    the last, so it ends, mostly after the first.
    """
    staying: set[int] | None = None
    while True:
        wanted: dict[int, int] = {}
        for want in due:
            if not any(staying is None or other in staying for other in want.covered_by):
                wanted[want.place] = max(want.until, wanted.get(want.place, want.until))
        extended = _extensions(wanted, options, now)
        lives = [extended.get(place, candidate.expires) for place, candidate in enumerate(candidates)]
        outlives = rules.longest_lived(applied, lives)
        stay = {place for place in range(len(candidates)) if reasons[place] or place in outlives}
        if all(
            wanted.get(want.place, 0) >= want.until or any(other in stay for other in want.covered_by) for want in due
        ):
            return wanted, extended, outlives
        staying = stay


def _extensions(wanted: dict[int, int], options: Options, now: int) -> dict[int, int]:
    if options.method == "expire":
        return {place: max(until, clamped(now + _GRACE)) for place, until in wanted.items()}
    return dict(wanted) if options.extend_kept else {}


def _decisions(entries: Sequence[Entry], work: _Work, options: Options, now: int) -> Iterator[Decision]:
    """Only candidates get actions (R4); the others carry the reasons of their state."""
    why_not = [_WhyNot.of(tier, work.candidates) for tier in work.applied]
    place = -1
    for entry in entries:
        if entry.state != "candidate":
            yield Decision(entry.snapshot, entry.state, "keep", None, tuple(entry.state_reasons), ())
            continue
        place += 1
        action, expires_to, reasons = _action(place, work, options, now)
        why = _why(place, why_not, work.candidates) if action in ("delete", "shorten") else ()
        yield Decision(entry.snapshot, entry.state, action, expires_to, reasons, why)


def _action(place: int, work: _Work, options: Options, now: int) -> tuple[str, int | None, tuple[str, ...]]:
    outlived = (work.candidates[other].snapshot.id for other in work.outlives.get(place, ()))
    reasons = (*work.reasons[place], *(f"outlives {snapshot_id}" for snapshot_id in outlived))
    if place in work.extended:
        return "extend", work.extended[place], reasons
    if reasons:
        return "keep", None, reasons
    if options.method == "delete":
        return "delete", None, ()
    until = clamped(now + _GRACE)
    if until < work.candidates[place].expires - rules.SAME:
        return "shorten", until, ()
    return "keep", None, ("expiring",)


class _WhyNot(NamedTuple):
    """What a rule answers of those that it does not keep and that are of no period that it keeps."""

    tier: Tier
    answer: str

    @classmethod
    def of(cls, tier: Tier, candidates: Sequence[Entry]) -> _WhyNot:
        """The answer, made once, since a listing may hold ten thousand that get it."""
        if tier.used_up_by is not None:
            return cls(tier, f"quota used up by {candidates[tier.used_up_by].snapshot.id}")
        return cls(tier, "" if tier.cutoff is None else f"older than the cutoff {text(tier.cutoff)}")


def _why(place: int, why_not: Sequence[_WhyNot], candidates: Sequence[Entry]) -> tuple[str, ...]:
    """Per rule, what is kept instead, or that count or window ended before (R12); like answers in one line."""
    answers: dict[str, str] = {}
    for tier, otherwise in why_not:
        stands = tier.stands.get(tier.periods[place]) if place < tier.inside else None
        answer = otherwise if stands is None else f"{candidates[stands].snapshot.id} stands for its period"
        answers[answer] = f"{answers[answer]}, {tier.rule.name}" if answer in answers else tier.rule.name
    return tuple(f"{names}: {answer}" for answer, names in answers.items())


def _dying(work: _Work, now: int) -> list[str]:
    """Warnings for what is kept here and expires there sooner (R15)."""
    too_soon = [work.candidates[place] for place in sorted(work.wanted) if place not in work.extended]
    counted: set[int] = set()
    for tier in work.applied:
        if tier.cutoff is None:
            counted.update(tier.stands.values())
            counted.update([] if tier.oldest is None else [tier.oldest])
    return findings.expires_too_soon(
        too_soon, [work.candidates[place] for place in sorted(counted) if place not in work.extended], now
    )
