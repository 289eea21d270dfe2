# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model of a report, from a plan, its listing and what came of it. Pure: no request, no clock, no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import coverage
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import (
    Coverage,
    Report,
    Row,
    Since,
    Tier,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.names import stem
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.scenarios import what_if
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.since import since
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.tiers import finest_first, tiers
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import summary
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import seconds, zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster, read_info
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Decision, Note, Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError

_MARKS = {
    "deleted": "removed",
    "to_delete": "removed",
    "already_gone": "gone",
    "to_extend": "extended",
    "to_shorten": "shortened",
    **dict.fromkeys(summary.UNDONE, "undone"),
}


def report(
    plan: Plan,
    listing: Mapping[str, Any] | None,
    run: summary.Run,
    evidence: Mapping[str, Any] | None = None,
    findings: Sequence[Note] = (),
    previous: Mapping[str, Any] | None = None,
) -> Report:
    """The model of one cluster's report. Without the listing that the plan was made from it has no what-if.

    `previous` is the JSON of an earlier report. RefusedError where it or the listing cannot be used.
    """
    cluster, rows = _cluster(listing, plan), _rows(run)
    measured = all(note.code != "gaps_unmeasured" for note in summary.all_findings(plan, findings))
    before, after = _coverage(run, rows, cluster, measured)
    return Report(
        run=run,
        plan=plan.dump(),
        stem=stem(plan),
        rows=rows,
        tiers=_tiers(plan, rows, cluster),
        before=before,
        after=after,
        what_if=() if cluster is None else tuple(what_if(plan, cluster)),
        since=None if previous is None else _since(previous, plan, rows),
        findings=tuple(findings),
        evidence=dict(evidence or {}),
    )


def _cluster(listing: Mapping[str, Any] | None, plan: Plan) -> Cluster | None:
    cluster = read_info(listing) if listing else None
    if cluster is not None and (cluster.project_id, cluster.cluster_id) != (plan.project_id, plan.cluster_id):
        raise RefusedError("listing: is of another cluster than the plan")
    return cluster


def _rows(run: summary.Run) -> tuple[Row, ...]:
    rules = [rule.name for rule in finest_first(run.plan.policy)]
    by_id = {outcome.id: outcome for outcome in run.outcomes}
    return tuple(_row(one, rules, by_id.get(one.snapshot.id), run) for one in run.plan.decisions)


def _row(decision: Decision, rules: Sequence[str], outcome: summary.Outcome | None, run: summary.Run) -> Row:
    snapshot, now = decision.snapshot, seconds(run.plan.now)
    created = 0 if snapshot.created_at is None else seconds(snapshot.created_at)
    codes = {reason.code for reason in decision.reasons}
    kept_by = tuple(rule for rule in rules if rule in codes or f"{rule}:oldest" in codes)
    return Row(
        id=snapshot.id,
        created_at=_text(snapshot.created_at) or "",
        created=created,
        age=now - created,
        expires_at=_text(snapshot.expires_at),
        expires=_seconds(snapshot.expires_at),
        state=decision.state,
        action=decision.action,
        expires_to=_text(decision.expires_to),
        until=_seconds(decision.expires_to),
        reasons=decision.reasons,
        why=decision.why,
        size=snapshot.file_size_bytes,
        complete=snapshot.complete is True,
        done=_done(decision, run),
        mark=_mark(run.fates[snapshot.id], kept_by, codes),
        stays=snapshot.id in run.remaining,
        tiers=kept_by,
        outcome=None if outcome is None else summary.told(run, outcome),
        error=None if outcome is None or outcome.error is None else outcome.reason,
    )


def _done(decision: Decision, run: summary.Run) -> str:
    """A fate in words; of a change that did not come about what was planned as well."""
    fate = run.fates[decision.snapshot.id]
    if decision.state != "candidate":
        return "none"
    if fate in summary.UNDONE:
        return f"{decision.action}: {fate.replace('_', ' ')}"
    return "to keep" if run.is_prediction and fate == "kept" else fate.replace("_", " ")


def _mark(fate: str, kept_by: Sequence[str], codes: set[str]) -> str:
    if fate == "kept" and "min_age" in codes and not kept_by:
        return "young"
    return _MARKS.get(fate, fate)


def _tiers(plan: Plan, rows: Sequence[Row], cluster: Cluster | None) -> tuple[Tier, ...]:
    interval = None if cluster is None or cluster.schedule is None else cluster.schedule.interval_hours
    anchor_is_now, calendar = plan.options.anchor == "now", zone(plan.options.timezone)
    return tuple(tiers(plan.policy, rows, seconds(plan.now), anchor_is_now, interval, calendar))


def _coverage(
    run: summary.Run, rows: Sequence[Row], cluster: Cluster | None, measured: bool
) -> tuple[Coverage, Coverage]:
    """Before and after the run. What is missing after it is known only with the listing of its plan."""
    plan, missing = run.plan, None
    if measured and cluster is not None and {row.id for row in rows} == {one.id for one in cluster.snapshots}:
        gone = [row.id for row in rows if not row.stays]
        missing = coverage.missing_after(cluster, plan, seconds(plan.now), gone)
    then = coverage.after(rows, seconds(run.now), missing, summary.bytes_kept(run))
    return coverage.before(plan, rows, seconds(plan.now), measured), then


def _since(previous: Mapping[str, Any], plan: Plan, rows: Sequence[Row]) -> Since | None:
    try:
        return since(previous, plan, rows)
    except RefusedError as exc:
        raise RefusedError(f"previous: {exc}") from exc


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _seconds(instant: datetime | None) -> int | None:
    return None if instant is None else seconds(instant)
