# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a step returns: `retention_result`, the summary for people, and the message of the task that fails."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import names
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.build import report
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.evidence import evidence
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import as_csv, as_json
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.html import as_html
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import summary
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import (
    ACTIONS,
    Decision,
    Note,
    Plan,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import cut
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role import files
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.step import Step
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import Cluster

# A task's result has to stay small, since AWX empties an event that is too long.
_MOST_FAILURES = 100
_LONGEST_DETAIL = 300
# What a header of a diff says of why.
_LONGEST_WHY = 500
# Ansible shows the message of a task that fails up to three times.
_LONGEST_MESSAGE = 199
_SEE = " (all of it is in the summary)"
# What would come of two hosts that are one cluster.
TWICE = "each would be given the whole of retention_max_delete"


def without_plan(step: Step, cluster: Cluster, failure: str, is_prediction: bool) -> dict[str, Any]:
    """The result of a host for which there is no plan."""
    named = {key: getattr(cluster, key) or None for key in ("project_id", "cluster_id", "cluster_name")}
    return {
        "check_mode": is_prediction,
        **named,
        "now": format_instant(step.clock),
        "plan_now": None,
        "counts": {},
        "gaps": 0,
        "findings": [],
        "guard": {"blocked": False, "reasons": []},
        "digest": None,
        "plan_file": None,
        "report": None,
        "failures": [],
        "summary": [
            f"{cluster.cluster_name or cluster.cluster_id or step.host}: nothing was written.",
            *_too_long([failure]),
        ],
        "failure": failure,
        "message": _message([failure]),
    }


def with_plan(
    host: str, run: summary.Run, findings: Sequence[Note], written: Mapping[str, str | None], failures: Sequence[str]
) -> dict[str, Any]:
    """The result of a host with a plan; `written` are the paths of `plan_file` and `report`."""
    problems = summary.problems(run)
    failed = [
        {"id": outcome.id, "action": outcome.action, "error": _short(outcome.error)}
        for outcome in run.outcomes
        if outcome.action in summary.UNDONE
    ]
    paths = [
        f"{name}: {path}" for name, path in (("Plan", written["plan_file"]), ("Report", written["report"])) if path
    ]
    reasons = [*failures, *([summary.failure(problems)] if problems else [])]
    *told, digest = summary.lines(run, findings, problems, host)
    return {
        **summary.numbers(run, findings),
        **written,
        "failures": failed[:_MOST_FAILURES],
        "summary": [*told, *_too_long(reasons), digest, *paths],
        "failure": " ".join(reasons),
        "message": _message(reasons),
    }


def _message(reasons: Sequence[str]) -> str:
    """The reasons in one short text. Each begins with what people and programs search for, so none is left out."""
    if not _is_long(reasons):
        return " ".join(reasons)
    room = (_LONGEST_MESSAGE - len(_SEE)) // len(reasons) - 1
    begun = [reason if len(reason) <= room else f"{reason[: room - 1].rstrip()}…" for reason in reasons]
    return f"{' '.join(begun)}{_SEE}"


def _too_long(reasons: Sequence[str]) -> list[str]:
    """The reasons in full where the message is cut, without the mark that is to be printed once."""
    return [reason.removeprefix("RETENTION ") for reason in reasons] if _is_long(reasons) else []


def _is_long(reasons: Sequence[str]) -> bool:
    return len(" ".join(reasons)) > _LONGEST_MESSAGE


def _short(error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {key: cut(value, _LONGEST_DETAIL) if isinstance(value, str) else value for key, value in error.items()}


def numbers_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result as notifications and other programs get it: without the failures and the texts for people."""
    return {name: value for name, value in result.items() if name not in ("failures", "summary", "failure", "message")}


def published(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a step adds to its result to publish data for the jobs that follow, as `set_stats` does it."""
    return {"ansible_stats": {"data": dict(data), "per_host": False, "aggregate": False}}


def same_cluster(host: str, other: str, plan: Plan, twice: str = TWICE) -> str:
    """Why a host is refused that is the same cluster as another; `twice` is what would come of it."""
    return (
        f"{host} and {other} are the same cluster, {plan.cluster_name or plan.cluster_id} of project {plan.project_id},"
        f" and {twice}: take one of them out of the inventory."
    )


def write_report(
    step: Step, folder: str, run: summary.Run, listing: Mapping[str, Any] | None, findings: Sequence[Note]
) -> str | None:
    """Writes the page, the data and the table of a run, and returns the path of the page; None without a folder.

    An earlier report that cannot be read costs the comparison with it, and is told. files.FileError where a file cannot
    be written.
    """
    if not folder:
        return None
    place = files.resolve(folder)
    stem = names.stem(run.plan)
    previous, warning = files.earlier_report(place / f"{stem}.json")
    if warning:
        step.log.warnings.append(warning)
    told = {"collection_version": _version(), **evidence(listing or {}, step.log.requests), **step.facts}
    made = report(run.plan, listing, run, {**told, "check_mode": run.is_prediction}, findings, previous)
    for ending, text in (("html", as_html(made)), ("json", as_json(made)), ("csv", as_csv(made))):
        files.write(place / f"{stem}.{ending}", text)
    return str(place / f"{stem}.html")


def changes_shown(host: str, decisions: Iterable[Decision]) -> list[dict[str, str]]:
    """What is changed, as entries of a diff in the order of R19: one for each snapshot, with the reason."""
    changed = [decision for decision in decisions if decision.action != "keep"][::-1]
    return [_diff_entry(host, one) for one in sorted(changed, key=lambda one: ACTIONS.index(one.action))]


def _diff_entry(host: str, decision: Decision) -> dict[str, str]:
    snapshot, why = decision.snapshot, cut(decision.explanation, _LONGEST_WHY)
    header = f"{host}, snapshot {snapshot.id}"
    created = f"created_at: {_spelled(snapshot.created_at)}\n"
    return {
        "before_header": header,
        "after_header": f"{header}, {decision.action}{f': {why}' if why else ''}",
        "before": f"{created}expires_at: {_spelled(snapshot.expires_at)}\n",
        "after": "" if decision.action == "delete" else f"{created}expires_at: {_spelled(decision.expires_to)}\n",
    }


def _spelled(value: datetime | None) -> str:
    return "none" if value is None else format_instant(value)


def _version() -> str | None:
    """The version of this collection, from what is installed around this file, or from a checkout."""
    root = Path(__file__).resolve().parents[3]
    for name, pattern in (("MANIFEST.json", r'"version":\s*"([^"]+)"'), ("galaxy.yml", r"(?m)^version:\s*(\S+)")):
        try:
            found = re.search(pattern, (root / name).read_text(encoding="utf-8"))
        except OSError:
            continue
        if found:
            return found.group(1)
    return None
