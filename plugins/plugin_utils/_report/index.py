# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The index of a folder of reports: one row a cluster, blocked ones first, and what is left out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.html import render
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.schema import check_kind
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note, read_note
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    each,
    fields,
    flag,
    mapping,
    optional,
    string,
    whole_number,
)

_REQUIRED = ("total", "kept", "held", "removed", "extended", "undone", "gaps", "warnings")
_OTHERS = ("to_remove", "to_extend", "withheld")
_SUMMARY = fields(
    {"cluster": string, "blocked": flag, **dict.fromkeys(_REQUIRED, whole_number)},
    dict.fromkeys(_OTHERS, optional(whole_number)),
)
_PLAN = fields(
    {
        **dict.fromkeys(("project_id", "cluster_id"), optional(string)),
        "now": string,
        "guard": fields({"reasons": each(read_note)}),
        "warnings": each(read_note),
    }
)
_REPORT = fields(
    {"check_mode": flag, "summary": _SUMMARY, "plan": _PLAN, "problems": each(string), "findings": each(read_note)},
    {"now": optional(string)},
)


@dataclass(frozen=True)
class Entry:
    """What the index says of one report. `file` is the name of its JSON, `link` leads to its page if that is there."""

    file: str
    link: str | None
    cluster: str
    project_id: str | None
    cluster_id: str | None
    at: str
    check_mode: bool
    blocked: bool
    reasons: tuple[Note, ...]
    problems: int
    findings: int
    measured: bool
    """Whether it is known which periods are missing."""
    numbers: dict[str, int]

    @property
    def order(self) -> tuple[bool, bool, str, str]:
        """Blocked ones first, then those that somebody has to look at, each by name."""
        looks_well = not (self.problems or self.findings or self.numbers["undone"] or self.numbers["gaps"])
        return (not self.blocked, looks_well, self.cluster.lower(), self.file)


def read_entry(file: str, link: str | None, document: Any) -> Entry:
    """The entry of a report; RefusedError says what is wrong with its JSON. `link` is put into the page as it is."""
    found = _REPORT(mapping(check_kind(document)))
    summary, plan = found["summary"], found["plan"]
    codes = {note.code for note in (*found["findings"], *plan["warnings"])}
    return Entry(
        file=file,
        link=link,
        cluster=summary["cluster"],
        project_id=plan["project_id"],
        cluster_id=plan["cluster_id"],
        at=found["now"] or plan["now"],
        check_mode=found["check_mode"],
        blocked=summary["blocked"],
        reasons=tuple(plan["guard"]["reasons"]),
        problems=len(found["problems"]),
        findings=len(found["findings"]),
        measured="gaps_unmeasured" not in codes,
        numbers={key: summary[key] or 0 for key in (*_REQUIRED, *_OTHERS)},
    )


class Index(NamedTuple):
    """The page of a folder, how many clusters it has, and what is left out of it."""

    page: str
    clusters: int
    left_out: Sequence[str]


def index(entries: Sequence[Entry], left_out: Sequence[str] = ()) -> Index:
    """The index. `left_out` says of each file that is no report why."""
    found, older = _newest(entries)
    reports, others = sorted(found, key=lambda entry: entry.order), [*left_out, *older]
    return Index(render("index.html.j2", None, reports=reports, left_out=others), len(reports), others)


def _newest(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """The last report of each cluster. One that was renamed since has a report under its old name as well."""
    newest: dict[tuple[str | None, str], Entry] = {}
    older = []
    for entry in sorted(entries, key=lambda entry: (entry.at, entry.file), reverse=True):
        key = (entry.project_id, entry.cluster_id or f"file {entry.file}")
        if newest.setdefault(key, entry) is not entry:
            older.append(f"{entry.file} is an older report of the cluster that {newest[key].file} is about.")
    return list(newest.values()), older
