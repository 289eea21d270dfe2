# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings: what somebody should look at, each with a code (R4, R11, R15), and which of them fail an audit.

Every warning of a plan is a finding. An audit finds more, in the plan and in the listing.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    DAY,
    HOUR,
    Zone,
    least_seconds,
    text,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.gaps import interval_hours
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.lifetimes import SOON
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import (
    Cluster,
    Schedule,
    named,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.outage import Outage
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note, Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Options, Policy
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.rules import NEVER, Entry
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    blank,
    cut,
    each,
    shown,
    string,
)

# Every code that a finding can have, in the order of the guide.
CODES = (
    *("no_complete", "all_expired", "stale", "no_backup"),
    *("schedule_unavailable", "schedule_short", "interval", "pit_assumed"),
    *("gap", "gaps_unmeasured", "faulty", "inconsistent", "missing_shards"),
    *("incomplete", "future", "no_expiry", "expires_sooner", "long_date"),
    *("protected_missing", "protected_expires", "restore_unlisted", "artifact"),
)
# How long a snapshot may live where no schedule says how long its snapshots do (R15a).
_USUAL_LIFE = 30 * DAY
# Of what a message says of findings.
_SHOWN, _LONGEST = 10, 400
_HOLD = "hold one to keep it"


def of_listing(options: Options, entries: Sequence[Entry], now: int, prefix: str) -> list[Note]:
    """What to look at in the listing itself (R4, R11)."""
    return [
        *_protected(options, entries, f"{prefix}protected_ids"),
        *_no_complete(entries, now),
        *_all_expired(entries, now),
        *_incomplete(entries, now),
        *(_future(entry) for entry in entries if entry.created > now),
    ]


def of_schedule(
    policy: Policy, options: Options, cluster: Cluster, now: int, calendar: Zone, prefix: str
) -> list[Note]:
    """A schedule that the policy cannot rely on, or that is not known (R10)."""
    found = []
    if cluster.schedule_status == "unavailable":
        found.append(Note("schedule_unavailable", "the service cannot tell the cluster's snapshot schedule now"))
    schedule = cluster.schedule
    if schedule is None:
        return found
    hours = schedule.interval_hours
    if hours is not None and hours != interval_hours(schedule):
        text = f"the schedule's interval of {hours} h is none that the service documents; it counts as 24 h"
        found.append(Note("interval", text))
    return [*found, *_schedule_short(policy, options, schedule, now, calendar, prefix)]


def stale(outage: Outage, options: Options, withheld: int, prefix: str) -> list[Note]:
    """That backups have stopped, since when, what is withheld for it, and both ways out (R17)."""
    newest, what = outage.newest, "complete"
    if newest is None:
        newest, what = outage.newest_sound, "sound"
    if newest is None:
        return []
    name = f"{prefix}stale_after"
    removals = "1 removal is" if withheld == 1 else f"{withheld or 'no'} removals are"
    told = (
        f"{name}: the newest {what} snapshot, {named(newest.snapshot)}, is"
        f" {_length(outage.limit - newest.created)} older than {name} {options.stale_after} allows, and {removals}"
        f" withheld; backups have stopped: mend them, or, where legacy backups have ended, set {prefix}anchor: now and"
        f" {name}: off"
    )
    return [Note("stale", told)]


def faulty(standing: Sequence[Entry]) -> list[Note]:
    """One warning for the faulty snapshots that stand for a period without a sound one (R5a)."""
    if not standing:
        return []
    count = "1 faulty snapshot stands" if len(standing) == 1 else f"{len(standing)} faulty snapshots stand"
    return [Note("faulty", f"{count} for a period without a sound one, the first {named(standing[0].snapshot)}")]


def long_dates(removed: Iterable[Entry], schedule: Schedule | None, now: int, calendar: Zone) -> list[Note]:
    """One warning for removals of what lives longer than the schedule gives: perhaps somebody dated it (R15a)."""
    tiers = () if schedule is None else schedule.tiers
    longest_tier = max(tiers, key=lambda tier: calendar.after(now, tier), default=None)
    long = [entry for entry in removed if _lives_long(entry, longest_tier, now, calendar)]
    if not long:
        return []
    longest = max(long, key=lambda entry: entry.expires)
    until = "for ever" if longest.expires == NEVER else f"until {text(longest.expires)}"
    gives = "the schedule's longest tier gives" if tiers else "30 d, and the schedule is not known"
    count = "1 snapshot to be removed lives" if len(long) == 1 else f"{len(long)} snapshots to be removed live"
    return [Note("long_date", f"{count} longer than {gives}, the longest {named(longest.snapshot)} {until}; {_HOLD}")]


def _lives_long(entry: Entry, tier: Duration | None, now: int, calendar: Zone) -> bool:
    if tier is None:
        return entry.expires > now + _USUAL_LIFE
    # Most are decided without the calendar, of which there may be a hundred thousand.
    if entry.expires <= entry.created + least_seconds(tier) + DAY:
        return False
    return entry.expires > calendar.after(entry.created, tier) + DAY


def expires_sooner(by_windows: Iterable[Entry], by_counts: Sequence[Entry], now: int) -> list[Note]:
    """The snapshots that the policy keeps and the service expires sooner (R15); one warning for all kept by counts."""
    found = []
    for entry in by_windows:
        kept = f"{named(entry.snapshot)} is kept by the policy"
        found.append(Note("expires_sooner", f"{kept}, but the service expires it on {text(entry.expires)}"))
    soon = [entry for entry in by_counts if entry.expires - now < SOON]
    if soon:
        first = min(soon, key=lambda entry: (entry.expires, entry.created))
        count = (
            "1 snapshot kept by counts expires" if len(soon) == 1 else f"{len(soon)} snapshots kept by counts expire"
        )
        which = f"the first {named(first.snapshot)} on {text(first.expires)}"
        found.append(Note("expires_sooner", f"{count} within 36 h, {which}"))
    return found


def audit(plan: Plan, cluster: Cluster) -> list[Note]:
    """All findings of a plan and of the listing that it was made from."""
    return [
        # Of a rule with more gaps than are listed `_gaps` tells as well.
        *(warning for warning in plan.warnings if warning.code != "gap"),
        *_no_expiry(plan),
        *_no_backup(plan, cluster),
        *_faults(cluster.snapshots),
        *_gaps(plan),
    ]


def gates(
    plan: Plan,
    findings: Sequence[Note],
    on_drift: bool,
    on_gap: bool,
    on_blocked: bool = True,
    on_finding: Container[str] = (),
) -> list[str]:
    """Why an audit fails, a sentence each that begins with what people search for; nothing when it passes.

    `on_finding` has the codes of the findings that fail it. Gaps that cannot be measured fail as gaps do.
    """
    gaps = [finding.text for finding in findings if finding.code in ("gap", "gaps_unmeasured")]
    others = [f"{finding.code}: {finding.text}" for finding in findings if finding.code in on_finding]
    drift = "RETENTION DRIFT: the cluster is not as the policy would have it: "
    found = (
        ("RETENTION BLOCKED: ", on_blocked, "; ".join(reason.text for reason in plan.blocked_by)),
        (drift, on_drift, _planned(plan)),
        ("RETENTION GAP: ", on_gap, _first(gaps)),
        ("RETENTION FINDING: ", True, _first(others)),
    )
    return [f"{begin}{told}" for begin, is_asked, told in found if is_asked and told]


def _first(texts: Sequence[str]) -> str:
    """The first few, since ten thousand snapshots can have as many findings."""
    more = [f"and {len(texts) - _SHOWN} more"] if len(texts) > _SHOWN else []
    return "; ".join([*(cut(text, _LONGEST) for text in texts[:_SHOWN]), *more])


def finding_codes(value: Any) -> tuple[str, ...]:
    """A check: codes of findings, a list or one string with commas, blanks or line ends; `all` is every code."""
    if blank(value):
        return ()
    items = re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else value
    given = [code for code in each(string)(items) if code.strip()]
    for code in given:
        if code not in (*CODES, "all"):
            raise ValueError(f"{shown(code)} is no code of a finding; they are {', '.join(CODES)}, and all")
    return CODES if "all" in given else tuple(given)


def _planned(plan: Plan) -> str:
    actions = plan.summary["by_action"].items()
    return ", ".join(f"{count} to {action}" for action, count in actions if action != "keep" and count)


# --- warnings of a plan ---


def _schedule_short(
    policy: Policy, options: Options, schedule: Schedule, now: int, calendar: Zone, prefix: str
) -> Iterator[Note]:
    if not schedule.tiers or not policy.windows:
        return
    if options.extend_kept or options.method == "expire":
        return
    longest = max(policy.windows, key=lambda window: calendar.after(now, window))
    if all(calendar.after(now, tier) < calendar.after(now, longest) for tier in schedule.tiers):
        yield Note(
            "schedule_short",
            f"no tier of the schedule reaches the policy's longest window, {longest}, so the service expires"
            f" snapshots sooner; {prefix}extend_kept: true or {prefix}method: expire mends that",
        )


def _protected(options: Options, entries: Sequence[Entry], name: str) -> Iterator[Note]:
    by_id = {entry.snapshot.id: entry for entry in entries} if options.protected_ids else {}
    for snapshot_id in options.protected_ids:
        entry = by_id.get(snapshot_id)
        if entry is None:
            yield Note("protected_missing", f"{name}: {snapshot_id} is not among the listed snapshots")
        elif entry.expires != NEVER:
            yield Note(
                "protected_expires",
                f"{name}: {named(entry.snapshot)} is protected from this plan alone, and the service expires it on"
                f" {text(entry.expires)}; only do_not_delete stops that",
            )


def _no_complete(entries: Sequence[Entry], now: int) -> Iterator[Note]:
    if not any(entry.is_complete(now) for entry in entries):
        yield Note("no_complete", "there is no complete snapshot, so nothing can be restored")


def _all_expired(entries: Sequence[Entry], now: int) -> Iterator[Note]:
    complete = [entry for entry in entries if entry.snapshot.complete is True]
    if complete and all(entry.expires <= now for entry in complete):
        yield Note(
            "all_expired",
            f"all complete snapshots have expired, the newest, {named(complete[0].snapshot)},"
            f" on {text(complete[0].expires)}; the last restorable one is kept past its expiry by Ops Manager,"
            " and by nothing else",
        )


def _incomplete(entries: Sequence[Entry], now: int) -> Iterator[Note]:
    for entry in entries:
        if entry.snapshot.complete is not True and now - entry.created > DAY:
            yield Note("incomplete", f"{named(entry.snapshot)} is still incomplete after more than a day")


# --- what only an audit finds ---


def _no_expiry(plan: Plan) -> Iterator[Note]:
    """Nobody decided to keep these for ever, as somebody decided to hold others."""
    for decision in plan.decisions:
        snapshot = decision.snapshot
        if snapshot.expires_at is None and snapshot.do_not_delete is not True and snapshot.complete is True:
            yield Note("no_expiry", f"{named(snapshot)} has no expiry, and do_not_delete is not set")


def _no_backup(plan: Plan, cluster: Cluster) -> Iterator[Note]:
    """Nothing where `stale_after: off` says that backups have ended, or where the schedule may be there (R10)."""
    if plan.options.stale_after is not None and cluster.schedule is None and cluster.schedule_status != "unavailable":
        reason = "the service has no snapshot schedule for the cluster, so no backup seems to be running"
        yield Note("no_backup", reason)


def _faults(snapshots: Iterable[Snapshot]) -> Iterator[Note]:
    for snapshot in snapshots:
        if snapshot.is_possibly_inconsistent is True:
            yield Note("inconsistent", f"{named(snapshot)} is possibly inconsistent")
        if snapshot.missing_shards:
            names = ", ".join(_shard_name(shard) for shard in snapshot.missing_shards)
            yield Note("missing_shards", f"{named(snapshot)} lacks shards: {names}")


def _shard_name(shard: dict[str, object]) -> str:
    name = shard.get("shard_name") or shard.get("replica_set_name") or shard.get("id") or "?"
    return name if isinstance(name, str) else shown(name)


def _gaps(plan: Plan) -> Iterator[Note]:
    """One finding a rule, since a decade without backups is one finding too."""
    for rule in dict.fromkeys(gap.rule for gap in plan.gaps):
        periods = [gap.period for gap in plan.gaps if gap.rule == rule]
        listed = ", ".join(periods[:10]) + (" …" if len(periods) > 10 else "")
        count = "1 period" if len(periods) == 1 else f"{len(periods)} periods"
        yield Note("gap", f"{rule}: {count} that no sound snapshot covers: {listed}")


def _future(entry: Entry) -> Note:
    return Note("future", f"{named(entry.snapshot)} is dated later than now, so a clock is wrong")


def _length(length: int) -> str:
    days, rest = divmod(length, DAY)
    if days:
        return f"{days} d {rest // HOUR} h"
    return f"{rest // HOUR} h {rest % HOUR // 60} min" if rest >= 60 else f"{rest} s"
