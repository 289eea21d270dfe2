# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The index of a folder of reports: a row a cluster, what is blocked first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import KIND, SCHEMA
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.markup import esc
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.page import (
    facts,
    named,
    page,
    table,
    when,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError

_WORDS = ("Cluster", "Project", "As of (UTC)", "Result")
_COUNTS = ("Kept", "Removed", "Extended", "Held", "Gaps", "Warnings", "Findings")
_SUMS = ("total", "kept", "removed", "extended", "held", "gaps", "warnings")


def index(reports: Sequence[Mapping[str, Any]]) -> str:
    """The page; RefusedError for what is no JSON of a report."""
    for number, report in enumerate(reports):
        _check(number, report)
    ordered = sorted(reports, key=_order)
    rows = "".join(_row(report) for report in ordered)
    caption = "Each cluster's last report; what is blocked comes first."
    heads = (*_WORDS, *_COUNTS)
    body = table(caption, heads, rows, numbers=range(len(_WORDS), len(heads)), name="clusters")
    return page("Snapshot retention", _header(ordered), f"<section>{body}</section>", "")


def _check(number: int, report: Any) -> None:
    if not isinstance(report, Mapping) or report.get("kind") != KIND or report.get("schema") != SCHEMA:
        raise RefusedError(f"_input[{number}]: is not the JSON of a report, schema {SCHEMA}")
    if not all(isinstance(report.get(key), Mapping) for key in ("summary", "plan")):
        raise RefusedError(f"_input[{number}]: is a report that lacks its plan or its summary")


def _order(report: Mapping[str, Any]) -> tuple[bool, bool, str, str]:
    summary = report["summary"]
    return (not summary["blocked"], not _asks(report), str(summary["cluster"]).lower(), str(report["stem"]))


def _asks(report: Mapping[str, Any]) -> bool:
    """Whether somebody should look."""
    return bool(report["problems"] or report["findings"] or report["summary"]["undone"] or report["summary"]["gaps"])


def _header(reports: Sequence[Mapping[str, Any]]) -> str:
    sums = {key: sum(report["summary"][key] for report in reports) for key in _SUMS}
    blocked = sum(report["summary"]["blocked"] for report in reports)
    told = [
        ("Blocked", f"<b class='bad'>{blocked}</b>" if blocked else "none"),
        ("Snapshots", f"{sums['total']:,}"),
        ("Kept", f"{sums['kept']:,}"),
        ("Removed", f"{sums['removed']:,}"),
        ("Gaps", f"{sums['gaps']:,}"),
        ("Warnings", f"{sums['warnings']:,}"),
    ]
    title = f"<h1>{words.many(len(reports), 'cluster')}</h1>"
    return f'<p class="above">Snapshot retention</p>{title}{facts(told)}'


def _row(report: Mapping[str, Any]) -> str:
    summary, plan = report["summary"], report["plan"]
    numbers = "".join(
        f'<td class="num">{count:,}</td>'
        for count in (
            *(summary[key] for key in ("kept", "removed", "extended", "held", "gaps", "warnings")),
            len(report["findings"]),
        )
    )
    return (
        f'<tr data-stem="{esc(report["stem"])}"><th scope="row">'
        f'<a href="{esc(report["stem"])}.html">{named(str(summary["cluster"]))}</a></th>'
        f"<td><code>{esc(plan['project_id'])}</code></td><td>{when(plan['now'])}</td>"
        f"<td>{_result(report)}</td>{numbers}</tr>"
    )


def _result(report: Mapping[str, Any]) -> str:
    summary = report["summary"]
    if summary["blocked"]:
        reasons = "".join(f"<li>{esc(reason['text'])}</li>" for reason in report["plan"]["guard"]["reasons"])
        return f'<b class="bad">Blocked</b><ul class="list">{reasons}</ul>'
    if report["problems"]:
        return f'<b class="bad">{words.many(len(report["problems"]), "problem")}</b>'
    if summary["undone"]:
        return f'<b class="bad">{words.many(summary["undone"], "change")} not made</b>'
    return "look ahead, nothing written" if report["check_mode"] else "applied"
