# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model of a report, from a plan, its listing and what came of it. Pure: no request, no clock, no file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import coverage, words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import (
    Coverage,
    Report,
    Row,
    Since,
    Tier,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.scenarios import what_if
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.since import since
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.tiers import finest_first, tiers
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import summary
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import seconds, zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster, read_info
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Decision, Note, Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError

_MARK_OF_ACTION = {"delete": "removed", "extend": "extended", "shorten": "shortened"}


def report(
    plan: Plan,
    listing: Mapping[str, Any] | None,
    outcomes: Sequence[Mapping[str, Any]] = (),
    evidence: Mapping[str, Any] | None = None,
    findings: Sequence[Note] = (),
    previous: Mapping[str, Any] | None = None,
    check_mode: bool = False,
) -> Report:
    """The model of one cluster's report. Without the listing that the plan was made from it has no what-if."""
    cluster, rows = _cluster(listing, plan), _rows(plan, outcomes)
    before, after = _coverage(plan, rows, cluster)
    return Report(
        plan=plan.dump(),
        stem=stem(plan),
        verdict=summary.verdict(plan, outcomes, not check_mode, words.mode(check_mode)),
        space=summary.space(plan),
        check_mode=check_mode,
        rows=rows,
        tiers=_tiers(plan, rows, cluster),
        before=before,
        after=after,
        what_if=() if cluster is None else tuple(what_if(plan, cluster)),
        since=None if previous is None else _since(previous, plan, rows),
        findings=tuple(findings),
        evidence=dict(evidence or {}),
        outcomes=tuple(outcomes),
        problems=tuple(summary.problems(outcomes, None)),
    )


def stem(plan: Plan) -> str:
    """What the files of this cluster's report are called: for people and, by its end, unlike any other's."""
    name = re.sub(r"[^a-z0-9]+", "-", (plan.cluster_name or "").lower()).strip("-")[:40]
    key = f"{plan.project_id}/{plan.cluster_id or plan.cluster_name}"
    return "-".join(
        part for part in ("retention", name, hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:16]) if part
    )


def _cluster(listing: Mapping[str, Any] | None, plan: Plan) -> Cluster | None:
    cluster = read_info(listing) if listing else None
    if cluster is not None and (cluster.project_id, cluster.cluster_id) != (plan.project_id, plan.cluster_id):
        raise RefusedError("listing: is of another cluster than the plan")
    return cluster


def _rows(plan: Plan, outcomes: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    rules = [rule.name for rule in finest_first(plan.policy)]
    by_id = {outcome["id"]: outcome for outcome in outcomes}
    now = seconds(plan.now)
    return tuple(_row(decision, rules, by_id.get(decision.snapshot.id), now) for decision in plan.decisions)


def _row(decision: Decision, rules: Sequence[str], outcome: Mapping[str, Any] | None, now: int) -> Row:
    snapshot = decision.snapshot
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
        mark=_mark(decision, kept_by, codes),
        tiers=kept_by,
        outcome=None if outcome is None else outcome["action"],
        error=_error(outcome),
    )


def _error(outcome: Mapping[str, Any] | None) -> str | None:
    error = None if outcome is None else outcome.get("error")
    return str(error.get("detail") or error.get("code")) if error else None


def _mark(decision: Decision, kept_by: Sequence[str], codes: set[str]) -> str:
    if decision.state != "candidate":
        return decision.state
    if decision.action != "keep":
        return _MARK_OF_ACTION[decision.action]
    return "young" if "min_age" in codes and not kept_by else "kept"


def _tiers(plan: Plan, rows: Sequence[Row], cluster: Cluster | None) -> tuple[Tier, ...]:
    interval = None if cluster is None or cluster.schedule is None else cluster.schedule.interval_hours
    anchor_is_now, calendar = plan.options.anchor == "now", zone(plan.options.timezone)
    return tuple(tiers(plan.policy, rows, seconds(plan.now), anchor_is_now, interval, calendar))


def _coverage(plan: Plan, rows: Sequence[Row], cluster: Cluster | None) -> tuple[Coverage, Coverage]:
    """Before and after the plan. What is missing after it is known only with its listing."""
    now, missing = seconds(plan.now), None
    if cluster is not None and {row.id for row in rows} == {snapshot.id for snapshot in cluster.snapshots}:
        missing = coverage.missing_after(cluster, plan, now, [row.id for row in rows if not row.stays])
    return coverage.before(plan, rows, now), coverage.after(plan, rows, now, missing)


def _since(previous: Mapping[str, Any], plan: Plan, rows: Sequence[Row]) -> Since | None:
    try:
        return since(previous, plan, rows)
    except (KeyError, TypeError, AttributeError) as exc:
        raise RefusedError(f"previous: is not the JSON of an earlier report: {exc!r:.100}") from exc


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _seconds(instant: datetime | None) -> int | None:
    return None if instant is None else seconds(instant)
