# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as JSON, whose keys are a promise, and as CSV, for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import Report, Row
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.schema import KIND, SCHEMA
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.words import visible
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import dump_notes
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import Outcome, Run, told

COLUMNS = (
    "project_id",
    "cluster_id",
    "cluster_name",
    "now",
    "id",
    "created_at",
    "created_increment",
    "age_hours",
    "expires_at",
    "state",
    "action",
    "expires_to",
    "reasons",
    "why",
    "file_size_bytes",
    "outcome",
    "error",
)
# What makes a spreadsheet take a cell for a formula, the wide forms too, which some turn into the narrow ones.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")


def document(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "stem": report.stem,
        "check_mode": report.check_mode,
        "now": report.run_at,
        "plan_now": report.plan["now"],
        "plan": report.plan,
        "summary": _summary(report),
        "tiers": [{**asdict(tier), "full": tier.is_full} for tier in report.tiers],
        "coverage": {"before": asdict(report.before), "after": asdict(report.after)},
        "what_if": [asdict(one) for one in report.what_if],
        "since": None if report.since is None else asdict(report.since),
        "findings": dump_notes(report.findings),
        "problems": list(report.problems),
        "outcomes": [_outcome(report.run, outcome) for outcome in report.run.outcomes],
        "evidence": report.evidence,
    }


def as_json(report: Report) -> str:
    """The report as JSON text, in ASCII, keys sorted, the same for the same report."""
    return (
        json.dumps(document(report), indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False, default=str) + "\n"
    )


def as_csv(report: Report) -> str:
    """One line a snapshot, newest first. No cell begins as a formula does."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    plan = report.plan
    for row, planned in zip(report.rows, plan["snapshots"], strict=False):
        values = {
            **{key: plan[key] for key in ("project_id", "cluster_id", "cluster_name", "now")},
            **_columns(row),
            "created_increment": planned["created_increment"],
        }
        writer.writerow([_cell(values[column]) for column in COLUMNS])
    return out.getvalue()


def _summary(report: Report) -> dict[str, Any]:
    """What was removed and extended, or is to be: never both, so that a prediction is not taken for a fact."""
    happened, predicted = (0, 1) if report.check_mode else (1, 0)
    return {
        "cluster": report.name,
        "verdict": report.verdict,
        "space": report.space,
        "policy": report.sentence,
        "blocked": report.blocked,
        "total": len(report.rows),
        "counts": dict(report.counts),
        "kept": report.counts["kept"],
        "held": report.counts["held"],
        "removed": happened * report.removed,
        "to_remove": predicted * report.removed,
        "extended": happened * report.marks["extended"],
        "to_extend": predicted * report.marks["extended"],
        "withheld": report.counts["withheld"],
        "undone": report.undone,
        "marks": dict(report.marks),
        "gaps": len(report.plan["gaps"]),
        "warnings": len(report.plan["warnings"]),
    }


def _outcome(run: Run, outcome: Outcome) -> dict[str, Any]:
    expiry = None if outcome.expires_at is None else format_instant(outcome.expires_at)
    return {"id": outcome.id, "action": told(run, outcome), "expires_at": expiry, "error": outcome.error}


def _columns(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "created_at": row.created_at,
        "age_hours": round(row.age / 3600, 2),
        "expires_at": row.expires_at,
        "state": row.state,
        "action": row.action,
        "expires_to": row.expires_to,
        "reasons": "; ".join(reason.text for reason in row.reasons),
        "why": "; ".join(line.text for line in row.why),
        "file_size_bytes": row.size,
        "outcome": row.outcome,
        "error": row.error,
    }


def _cell(value: Any) -> Any:
    """A number as it is; a text so that no spreadsheet runs it."""
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    text = " ".join(visible(str(value)).split("\n"))
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
