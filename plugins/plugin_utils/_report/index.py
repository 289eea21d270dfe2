# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The index of a folder of reports: one row a cluster, blocked ones first, and what is left out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.html import render
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.schema import check_kind
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.words import note
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

_NUMBERS = ("total", "kept", "held", "undone", "gaps", "withheld")
# What was changed, or is to be, by the mark that the snapshots have on the page.
_CHANGES = {"deleted": "removed", "extended": "extended", "shortened": "shortened"}
_SUMMARY = fields(
    {
        "cluster": string,
        "blocked": flag,
        **dict.fromkeys(_NUMBERS, whole_number),
        "marks": fields(dict.fromkeys(_CHANGES.values(), whole_number)),
    }
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
    {"now": optional(string), "evidence": optional(fields({}, {"project_name": optional(string)}))},
)
# What the filter of the page offers, in this order, where any cluster has it.
_KINDS = {
    "blocked": "blocked",
    "problem": "with problems",
    "withheld": "with removals withheld",
    "gap": "with gaps, or gaps not measured",
    "finding": "with findings",
    "well": "nothing to look at",
}
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Entry:
    """What the index says of one report. `file` is the name of its JSON, `link` leads to its page if that is there."""

    file: str
    link: str | None
    cluster: str
    project: str | None
    """What the project is called, or its id."""
    project_id: str | None
    cluster_id: str | None
    at: str
    check_mode: bool
    blocked: bool
    reasons: tuple[Note, ...]
    problems: tuple[str, ...]
    findings: tuple[Note, ...]
    """With the warnings of the plan, each once."""
    measured: bool
    """Whether it is known which periods are missing."""
    numbers: dict[str, int]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Why somebody has to look at it: words of the page's filter."""
        found = {
            "blocked": self.blocked,
            "problem": bool(self.problems or self.numbers["undone"]),
            "withheld": self.numbers["withheld"] > 0,
            "gap": self.numbers["gaps"] > 0 or not self.measured,
            "finding": bool(self.findings),
        }
        return tuple(kind for kind, applies in found.items() if applies) or ("well",)

    @property
    def order(self) -> tuple[bool, bool, str, str, str]:
        """Blocked ones first, then those that somebody has to look at, each by name."""
        looks_well = self.kinds == ("well",)
        return (not self.blocked, looks_well, self.cluster.lower(), (self.project or "").lower(), self.file)

    @property
    def details(self) -> tuple[str, ...]:
        """What is behind its result, the most important first."""
        return (*map(note, self.reasons), *self.problems, *map(note, self.findings))


def read_entry(file: str, link: str | None, document: Any) -> Entry:
    """The entry of a report; RefusedError says what is wrong with its JSON. `link` is put into the page as it is."""
    found = _REPORT(mapping(check_kind(document)))
    summary, plan = found["summary"], found["plan"]
    notes = tuple(dict.fromkeys((*found["findings"], *plan["warnings"])))
    name = str.strip((found["evidence"] or {}).get("project_name") or "")[:_LONGEST_NAME]
    return Entry(
        file=file,
        link=link,
        cluster=summary["cluster"],
        project=name or plan["project_id"],
        project_id=plan["project_id"],
        cluster_id=plan["cluster_id"],
        at=found["now"] or plan["now"],
        check_mode=found["check_mode"],
        blocked=summary["blocked"],
        reasons=tuple(plan["guard"]["reasons"]),
        problems=tuple(found["problems"]),
        findings=notes,
        measured=all(note.code != "gaps_unmeasured" for note in notes),
        numbers={
            **{key: summary[key] for key in _NUMBERS},
            **{name: summary["marks"][mark] for name, mark in _CHANGES.items()},
        },
    )


class Column(NamedTuple):
    """A column of numbers, of predictions, of runs that wrote, or (None) of both."""

    title: str
    key: str
    check_mode: bool | None

    def number(self, report: Entry) -> int | None:
        """What a report says; None where the column is not about such reports."""
        return report.numbers[self.key] if self.check_mode in (None, report.check_mode) else None

    def total(self, reports: Sequence[Entry]) -> int:
        """The sum of all reports."""
        return sum(self.number(report) or 0 for report in reports)


class Index(NamedTuple):
    """The page of a folder, how many clusters it has, and what is left out of it."""

    page: str
    clusters: int
    left_out: Sequence[str]


def index(entries: Sequence[Entry], left_out: Sequence[str] = ()) -> Index:
    """The index. `left_out` says of each file that is no report why."""
    found, older = _newest(entries)
    reports, others = sorted(found, key=lambda entry: entry.order), [*left_out, *older]
    page = render(
        "index.html.j2",
        reports=reports,
        left_out=others,
        columns=_columns(reports),
        kinds=_counted(reports),
        projects=_projects(reports),
    )
    return Index(page, len(reports), others)


def _columns(reports: Sequence[Entry]) -> list[Column]:
    """The columns of numbers: what was changed only if a run has written, what is to be changed only if one has not."""
    facts, predictions = (any(one.check_mode is wanted for one in reports) for wanted in (False, True))
    found = []
    for key, verb in (("kept", "keep"), ("deleted", "delete"), ("shortened", "shorten"), ("extended", "extend")):
        for title, check_mode, applies in ((key.capitalize(), False, facts), (f"To {verb}", True, predictions)):
            if applies and (
                key != "shortened" or any(one.numbers[key] for one in reports if one.check_mode is check_mode)
            ):
                found.append(Column(title, key, check_mode))
    return [*found, Column("Held", "held", None)]


def _projects(reports: Sequence[Entry]) -> list[tuple[str, str]]:
    """Ids and names of the projects, by name. Of a project without a name in one of its reports another tells it."""
    named_last = sorted(reports, key=lambda one: one.project != one.project_id)
    found = {one.project_id: one.project or one.project_id for one in named_last if one.project_id}
    return sorted(found.items(), key=lambda project: (project[1].lower(), project[0]))


def _counted(reports: Sequence[Entry]) -> list[tuple[str, str, int]]:
    """The kinds of clusters that there are: word, meaning and number."""
    found = Counter(kind for one in reports for kind in one.kinds)
    return [(kind, meaning, found[kind]) for kind, meaning in _KINDS.items() if found[kind]]


def _newest(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """The last report of each cluster. One that was renamed since has a report under its old name as well."""
    newest: dict[tuple[str | None, str], Entry] = {}
    older = []
    for entry in sorted(entries, key=lambda entry: (entry.at, entry.file), reverse=True):
        key = (entry.project_id, entry.cluster_id or f"file {entry.file}")
        if newest.setdefault(key, entry) is not entry:
            older.append(f"{entry.file} is an older report of the cluster that {newest[key].file} is about.")
    return list(newest.values()), older
