# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings: what somebody should look at, each with a code (R4, R11, R15), and which of them fail an audit.

Every warning of a plan is a finding. An audit finds more, in the plan and in the listing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import earlier
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot, format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import DAY, Zone, text, zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster, Schedule
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note, Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Options, Policy
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.rules import NEVER, SOON, Entry
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import shown


def warnings(
    policy: Policy, options: Options, entries: Sequence[Entry], schedule: Schedule | None, now: int, calendar: Zone
) -> list[Note]:
    """What to look at in the listing, and a schedule that the policy cannot rely on."""
    return [
        *_schedule_short(policy, options, schedule, now, calendar),
        *_protected(options, entries),
        *_all_expired(entries, now),
        *_incomplete(entries, now),
    ]


def expires_sooner(by_windows: Iterable[Entry], by_counts: Sequence[Entry], now: int) -> list[Note]:
    """The snapshots that the policy keeps and the service expires sooner (R15); one warning for all kept by counts."""
    found = []
    for entry in by_windows:
        kept = f"{entry.snapshot.id} is kept by the policy"
        found.append(Note("expires_sooner", f"{kept}, but the service expires it on {text(entry.expires)}"))
    soon = [entry for entry in by_counts if entry.expires - now < SOON]
    if soon:
        first = min(soon, key=lambda entry: (entry.expires, entry.created))
        which = f"the first {first.snapshot.id} on {text(first.expires)}"
        found.append(Note("expires_sooner", f"{len(soon)} snapshots kept by counts expire within 36 h, {which}"))
    return found


def audit(plan: Plan, cluster: Cluster) -> list[Note]:
    """All findings of a plan and of the listing that it was made from."""
    return [
        # Of a rule with more gaps than are listed `_gaps` tells as well.
        *(warning for warning in plan.warnings if warning.code != "gap"),
        *_no_expiry(plan),
        *_backups(plan, cluster),
        *_faults(cluster.snapshots),
        *_gaps(plan),
    ]


def gates(plan: Plan, findings: Iterable[Note], on_drift: bool, on_gap: bool) -> list[str]:
    """Why an audit fails, a sentence each that begins with what people search for; nothing when it passes."""
    gaps = [finding.text for finding in findings if finding.code == "gap"]
    found = (
        ("RETENTION BLOCKED: ", "; ".join(reason.text for reason in plan.blocked_by)),
        ("RETENTION DRIFT: the cluster is not as the policy would have it: ", _planned(plan) if on_drift else ""),
        ("RETENTION GAP: ", "; ".join(gaps) if on_gap else ""),
    )
    return [f"{begin}{text}" for begin, text in found if text]


def _planned(plan: Plan) -> str:
    actions = plan.summary["by_action"].items()
    return ", ".join(f"{count} to {action}" for action, count in actions if action != "keep" and count)


# --- warnings of a plan ---


def _schedule_short(
    policy: Policy, options: Options, schedule: Schedule | None, now: int, calendar: Zone
) -> Iterator[Note]:
    if schedule is None or not schedule.tiers or not policy.windows:
        return
    if options.extend_kept or options.method == "expire":
        return
    longest = max(policy.windows, key=lambda window: calendar.after(now, window))
    if all(calendar.after(now, tier) < calendar.after(now, longest) for tier in schedule.tiers):
        yield Note(
            "schedule_short",
            f"no tier of the schedule reaches the policy's longest window, {longest}, so the service expires"
            " snapshots sooner; extend_kept: true or method expire mends that",
        )


def _protected(options: Options, entries: Sequence[Entry]) -> Iterator[Note]:
    by_id = {entry.snapshot.id: entry for entry in entries} if options.protected_ids else {}
    for snapshot_id in options.protected_ids:
        entry = by_id.get(snapshot_id)
        if entry is None:
            yield Note("protected_missing", f"protected_ids: {snapshot_id} is not among the listed snapshots")
        elif entry.expires != NEVER:
            yield Note(
                "protected_expires",
                f"protected_ids: {snapshot_id} is protected from this plan alone, and the service expires it on"
                f" {text(entry.expires)}; only do_not_delete stops that",
            )


def _all_expired(entries: Sequence[Entry], now: int) -> Iterator[Note]:
    complete = [entry for entry in entries if entry.snapshot.complete is True]
    if complete and all(entry.expires <= now for entry in complete):
        yield Note(
            "all_expired",
            f"all complete snapshots have expired, the newest, {complete[0].snapshot.id},"
            f" on {text(complete[0].expires)}; the last restorable one is kept past its expiry by Ops Manager,"
            " and by nothing else",
        )


def _incomplete(entries: Sequence[Entry], now: int) -> Iterator[Note]:
    for entry in entries:
        if entry.snapshot.complete is not True and now - entry.created > DAY:
            yield Note("incomplete", f"{_named(entry.snapshot)} is still incomplete after more than a day")


# --- what only an audit finds ---


def _no_expiry(plan: Plan) -> Iterator[Note]:
    """Nobody decided to keep these for ever, as somebody decided to hold others."""
    for decision in plan.decisions:
        snapshot = decision.snapshot
        if snapshot.expires_at is None and snapshot.do_not_delete is not True and snapshot.complete is True:
            yield Note("no_expiry", f"{_named(snapshot)} has no expiry and is not held")


def _backups(plan: Plan, cluster: Cluster) -> Iterator[Note]:
    """Whether backups run, as far as a listing tells; nothing where `stale_after: off` says that they have ended."""
    limit = plan.options.stale_after
    if limit is None:
        return
    if cluster.schedule is None:
        reason = "the service has no snapshot schedule for the cluster, so no backup seems to be running"
        yield Note("no_backup", reason)
    complete = [one.snapshot for one in plan.decisions if one.snapshot.complete is True and one.state != "future"]
    if not complete:
        yield Note("stale", "there is no complete snapshot")
        return
    newest = complete[0]
    if newest.created_at is not None and newest.created_at < earlier(
        plan.now, limit, zone(plan.options.timezone).rules
    ):
        yield Note("stale", f"the newest complete snapshot, {_named(newest)}, is older than {limit}")


def _faults(snapshots: Iterable[Snapshot]) -> Iterator[Note]:
    for snapshot in snapshots:
        if snapshot.is_possibly_inconsistent is True:
            yield Note("inconsistent", f"{_named(snapshot)} is possibly inconsistent")
        if snapshot.missing_shards:
            names = ", ".join(_shard_name(shard) for shard in snapshot.missing_shards)
            yield Note("missing_shards", f"{_named(snapshot)} lacks shards: {names}")


def _shard_name(shard: dict[str, object]) -> str:
    name = shard.get("shard_name") or shard.get("replica_set_name") or shard.get("id") or "?"
    return name if isinstance(name, str) else shown(name)


def _gaps(plan: Plan) -> Iterator[Note]:
    """One finding a rule, since a decade without backups is one finding too."""
    for rule in dict.fromkeys(gap.rule for gap in plan.gaps):
        periods = [gap.period for gap in plan.gaps if gap.rule == rule]
        listed = ", ".join(periods[:10]) + (" …" if len(periods) > 10 else "")
        yield Note("gap", f"{rule}: {len(periods)} periods that no snapshot covers: {listed}")


def _named(snapshot: Snapshot) -> str:
    return snapshot.id if snapshot.created_at is None else f"{snapshot.id} of {format_instant(snapshot.created_at)}"
