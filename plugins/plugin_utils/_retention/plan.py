# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: what is decided, its document of plain data, and the digest of what decides (rules R12, R18, R19)."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot, format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import text
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Options, Policy

SCHEMA = 1
# The order of R19: what makes a snapshot live longer comes before what removes another.
ACTIONS = ("keep", "extend", "shorten", "delete")
STATES = ("held", "expired", "future", "incomplete", "candidate")

# AWX cuts an event at 700,000 characters; up to this many snapshots a plan stays below.
_SHOWN_WHOLE = 1000
_LONGEST = 690_000
_LONGEST_WHY = 250
DECIDES = (
    "id",
    "created_at",
    "created_increment",
    "complete",
    "do_not_delete",
    "expires_at",
    "state",
    "action",
    "expires_to",
)


@dataclass(frozen=True)
class Decision:
    """What is to become of one snapshot, and why."""

    snapshot: Snapshot
    state: str
    action: str
    expires_to: int | None
    reasons: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True)
class Gap:
    """A period that a within rule wants and no complete snapshot covers."""

    rule: str
    period: str


@dataclass(frozen=True)
class Plan:
    """What one run is to do with one cluster's snapshots, newest first."""

    project_id: str | None
    cluster_id: str | None
    cluster_name: str | None
    now: int
    policy: Policy
    options: Options
    decisions: tuple[Decision, ...]
    gaps: tuple[Gap, ...]
    blocked_by: tuple[str, ...]
    warnings: tuple[str, ...]


def to_document(plan: Plan) -> dict[str, Any]:
    """The plan as plain data: str, int, bool, list, dict and None."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "project_id": plan.project_id,
        "cluster_id": plan.cluster_id,
        "cluster_name": plan.cluster_name,
        "now": text(plan.now),
        "timezone": plan.options.timezone,
        "policy": plan.policy.to_plain(),
        "options": plan.options.to_plain(),
        "snapshots": [_row(decision) for decision in plan.decisions],
    }
    document["changes"] = changes(document)
    document["summary"] = summary(document["snapshots"])
    document["gaps"] = [{"rule": gap.rule, "period": gap.period} for gap in plan.gaps]
    document["guard"] = {"blocked": bool(plan.blocked_by), "reasons": list(plan.blocked_by)}
    document["warnings"] = list(plan.warnings)
    document["digest"] = digest(document)
    _explain(document, plan.decisions)
    return document


def digest(document: Mapping[str, Any]) -> str:
    """The digest of what decides, taken from the document itself, also from one read back (R18).

    Explanations and names are not in it. Raises KeyError or TypeError for what is no plan.
    """
    decides = {
        **{key: document[key] for key in ("project_id", "cluster_id", "now", "timezone", "policy", "options")},
        "blocked": document["guard"]["blocked"],
        "snapshots": [[row[key] for key in DECIDES] for row in document["snapshots"]],
    }
    canonical = json.dumps(decides, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def changes(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What `legacy_snapshot` is to be given: extends, then shortens, then deletes, each oldest first (R19).

    Taken from the snapshots of the document, so that what the digest covers is what is done.
    """
    oldest_first = document["snapshots"][::-1]
    asked = []
    for action in ACTIONS[1:]:
        for row in oldest_first:
            if row["action"] == "delete" == action:
                asked.append({"snapshot_id": row["id"], "state": "absent"})
            elif row["action"] == action:
                asked.append({"snapshot_id": row["id"], "state": "present", "expires_at": row["expires_to"]})
    return asked


def batches(document: Mapping[str, Any], size: int) -> list[list[dict[str, Any]]]:
    """The changes of a plan, so many at a time, each with what must not have happened since the plan was made.

    `unless_expires_after` has one left alone that somebody gave a longer life: later than it had, or, where the plan
    itself extends, later than the plan gives.
    """
    rows = {row["id"]: row for row in document["snapshots"]}
    guarded = [{**change, **_latest(rows[change["snapshot_id"]])} for change in document["changes"]]
    return [guarded[start : start + size] for start in range(0, len(guarded), size)]


def _latest(row: Mapping[str, Any]) -> dict[str, str]:
    latest = row["expires_to"] if row["action"] == "extend" else row["expires_at"]
    return {} if latest is None else {"unless_expires_after": latest}


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The plan in numbers, taken from its rows, so that they are the same wherever the rows come from."""
    by_action = Counter(row["action"] for row in rows)
    by_state = Counter(row["state"] for row in rows)
    return {
        "total": len(rows),
        "by_action": {action: by_action[action] for action in ACTIONS},
        "by_state": {state: by_state[state] for state in STATES},
        "file_size_bytes_kept": _size(row for row in rows if row["action"] in ("keep", "extend")),
        "file_size_bytes_removed": _size(row for row in rows if row["action"] in ("delete", "shorten")),
    }


def _size(rows: Iterable[Mapping[str, Any]]) -> int | None:
    """The sum, or None as soon as one size is unknown: a sum of the rest would read as all of it."""
    total = 0
    for row in rows:
        if row["file_size_bytes"] is None:
            return None
        total += row["file_size_bytes"]
    return total


def _row(decision: Decision) -> dict[str, Any]:
    snapshot = decision.snapshot
    return {
        "id": snapshot.id,
        "created_at": None if snapshot.created_at is None else format_instant(snapshot.created_at),
        "created_increment": snapshot.created_increment,
        "complete": snapshot.complete,
        "do_not_delete": snapshot.do_not_delete,
        "expires_at": None if snapshot.expires_at is None else format_instant(snapshot.expires_at),
        "state": decision.state,
        "action": decision.action,
        "expires_to": None if decision.expires_to is None else text(decision.expires_to),
        "reasons": list(decision.reasons),
        "why": [],
        "file_size_bytes": snapshot.file_size_bytes,
    }


def _explain(document: dict[str, Any], decisions: Sequence[Decision]) -> None:
    removals = [
        (row, decision.why) for row, decision in zip(document["snapshots"], decisions, strict=False) if decision.why
    ]
    longest = _LONGEST_WHY
    if removals and len(decisions) <= _SHOWN_WHOLE:
        longest = max(0, _LONGEST - len(str(document))) // len(removals)
    for row, why in removals:
        row["why"] = _fitted(why, longest)


def _fitted(why: Sequence[str], longest: int) -> list[str]:
    """As many of the explanations as there is room for, at least the first."""
    if sum(len(line) + 4 for line in why) <= longest:
        return list(why)
    room, fitting = longest - len(why[0]) - 40, [why[0]]
    for line in why[1:]:
        room -= len(line) + 4
        if room < 0:
            break
        fitting.append(line)
    return [*fitting, f"and {len(why) - len(fitting)} more"]
