# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a plan, its listing and what came of it to the model of a report. Pure: no request, no clock, no file."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import parse_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import coverage, words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import MARKS, Report, Row
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.scenarios import what_if
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.since import since
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.tiers import finest_first, tiers
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import plan as _plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import summary as recap
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import seconds, zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster, read_info
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    Options,
    Policy,
    RefusedError,
    parse_options,
    parse_policy,
)

_NO_PLAN = "this is no plan of the filter retention_plan"
_MARK_OF_ACTION = {"delete": "removed", "extend": "extended", "shorten": "shortened"}


def report(
    plan: Mapping[str, Any],
    listing: Mapping[str, Any] | None,
    outcomes: Sequence[Mapping[str, Any]] = (),
    evidence: Mapping[str, Any] | None = None,
    findings: Sequence[Mapping[str, Any]] = (),
    previous: Mapping[str, Any] | None = None,
    check_mode: bool = False,
) -> Report:
    """The model of one cluster's report; RefusedError names what cannot be used.

    `listing` is what the plan was made from; without it there is no what-if, and no more than the plan knows.
    `findings` have `code` and `text`; `previous` is the JSON of the last report, read.
    """
    _check(plan)
    policy, options, cluster = *_policy(plan), None if not listing else read_info(listing)
    if cluster is not None and (cluster.project_id, cluster.cluster_id) != (plan["project_id"], plan["cluster_id"]):
        raise RefusedError("listing: is of another cluster than the plan")
    rows, now = _rows(plan, policy, outcomes), _seconds(plan["now"])
    return Report(
        plan=plan,
        stem=stem(plan),
        name=plan["cluster_name"] or plan["cluster_id"] or "unnamed",
        sentence=words.policy({**plan, "policy": policy.to_plain()}),
        verdict=recap.verdict(plan, outcomes, not check_mode, words.mode(check_mode)),
        space=recap.space(plan),
        check_mode=check_mode,
        blocked=plan["guard"]["blocked"],
        counts={mark: sum(row.mark == mark for row in rows) for mark in MARKS},
        rows=rows,
        tiers=tuple(tiers(policy, rows, now, options.anchor == "now", _interval(cluster), zone(options.timezone))),
        before=coverage.before(plan, rows, now),
        after=coverage.after(plan, rows, now, _missing_after(rows, cluster, policy, options, now)),
        what_if=() if cluster is None else tuple(what_if(plan, cluster, policy, options)),
        since=None if previous is None else _since(previous, plan, rows),
        findings=tuple((str(one["code"]), str(one["text"])) for one in findings),
        evidence=dict(evidence or {}),
        outcomes=tuple(outcomes),
        problems=(*_doubts(plan), *recap.problems(outcomes, None)),
        now=now,
    )


def stem(plan: Mapping[str, Any]) -> str:
    """What the files of this cluster's report are called: for people and, by its end, unlike any other's."""
    name = re.sub(r"[^a-z0-9]+", "-", str(plan["cluster_name"] or "").lower()).strip("-")[:40]
    key = f"{plan['project_id']}/{plan['cluster_id'] or plan['cluster_name']}"
    return "-".join(
        part for part in ("retention", name, hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:16]) if part
    )


def _check(plan: Mapping[str, Any]) -> None:
    if not isinstance(plan, Mapping) or plan.get("schema") != _plan.SCHEMA:
        raise RefusedError(f"_input: {_NO_PLAN}, schema {_plan.SCHEMA}")
    for key in ("now", "timezone", "policy", "options", "snapshots", "summary", "gaps", "guard", "warnings", "digest"):
        if key not in plan:
            raise RefusedError(f"_input: {_NO_PLAN}, since it has no {key}")


def _policy(plan: Mapping[str, Any]) -> tuple[Policy, Options]:
    """Read back as a person's would be, since a plan may come from a file that somebody changed."""
    policy = parse_policy(plan["policy"])
    return policy, parse_options({**plan["options"], "timezone": plan["timezone"]}, policy)


def _rows(plan: Mapping[str, Any], policy: Policy, outcomes: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    names = [rule.name for rule in finest_first(policy)]
    by_id = {outcome["id"]: outcome for outcome in outcomes}
    now = _seconds(plan["now"])
    return tuple(_row(row, names, by_id.get(row["id"]), now) for row in plan["snapshots"])


def _row(row: Mapping[str, Any], names: Sequence[str], outcome: Mapping[str, Any] | None, now: int) -> Row:
    created = _seconds(row["created_at"])
    codes = {reason.split(" ")[0] for reason in row["reasons"]}
    kept_by = tuple(name for name in names if name in codes or f"{name}:oldest" in codes)
    error = (outcome or {}).get("error") or {}
    return Row(
        id=row["id"],
        created_at=row["created_at"],
        created=created,
        age=now - created,
        expires_at=row["expires_at"],
        expires=None if row["expires_at"] is None else _seconds(row["expires_at"]),
        state=row["state"],
        action=row["action"],
        expires_to=row["expires_to"],
        until=None if row["expires_to"] is None else _seconds(row["expires_to"]),
        reasons=tuple(row["reasons"]),
        why=tuple(row["why"]),
        size=row["file_size_bytes"],
        complete=row["complete"] is True,
        mark=_mark(row, kept_by, codes),
        tiers=kept_by,
        outcome=None if outcome is None else outcome["action"],
        error=str(error.get("detail") or error.get("code")) if error else None,
    )


def _mark(row: Mapping[str, Any], kept_by: Sequence[str], codes: set[str]) -> str:
    if row["state"] != "candidate":
        return str(row["state"])
    if row["action"] != "keep":
        return _MARK_OF_ACTION[row["action"]]
    return "young" if "min_age" in codes and not kept_by else "kept"


def _missing_after(
    rows: Sequence[Row], cluster: Cluster | None, policy: Policy, options: Options, now: int
) -> tuple[str, ...] | None:
    if cluster is None or {row.id for row in rows} != {snapshot.id for snapshot in cluster.snapshots}:
        return None
    return coverage.missing_after(cluster, policy, options, now, [row.id for row in rows if not row.stays])


def _since(previous: Mapping[str, Any], plan: Mapping[str, Any], rows: Sequence[Row]) -> Any:
    try:
        return since(previous, plan, rows)
    except (KeyError, TypeError, AttributeError) as exc:
        raise RefusedError(f"previous: is not the JSON of an earlier report: {exc!r:.100}") from exc


def _doubts(plan: Mapping[str, Any]) -> list[str]:
    """Why this plan is not to be trusted: it may come from a file."""
    found = []
    if _plan.digest(plan) != plan["digest"]:
        found.append("The digest is not that of this plan: it was changed after it was made.")
    actions = Counter(row["action"] for row in plan["snapshots"])
    states = Counter(row["state"] for row in plan["snapshots"])
    told = plan["summary"]
    if any(Counter(told[key]) != counted for key, counted in (("by_action", actions), ("by_state", states))):
        found.append("The summary of this plan does not agree with its snapshots.")
    return found


def _interval(cluster: Cluster | None) -> int | None:
    return None if cluster is None or cluster.schedule is None else cluster.schedule.interval_hours


def _seconds(instant: Any) -> int:
    return seconds(parse_instant(instant))
