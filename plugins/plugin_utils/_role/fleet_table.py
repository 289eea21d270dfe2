# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table that ends a job over several clusters: one line a cluster, totals, and why some did not go well.

It reads `retention_result` of each host, and shows whatever it finds there: a host can have failed before the role.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import UNDONE
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.columns import (
    LINE_WIDTH,
    Column,
    cut,
    cut_middle,
    layout,
    one_line,
    width,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import PREFIX

_LONGEST_NAME = 40
_SHORTEST_STATE = 12
_DIGEST_SHOWN = 8
# How many reasons are told in full, of how many characters at most.
_REASONS, _LONGEST_REASON = 5, 600
_NAMED = 3
_MARK = re.compile(r"RETENTION ([A-Z]+(?: [A-Z]+)*): ?")
_ANY_NUMBER = re.compile(r"[0-9a-f]{24}|[0-9]+")
_MORE = re.compile(r"and (\d+) more\Z")
# Columns of what was done and of what would be done, by the words of `counts`. The last ones only where any has some.
_DONE = {"kept": "kept", "deleted": "deleted", "extended": "extended"}
_TO_DO = {"kept": "to\nkeep", "to_delete": "to\ndelete", "to_extend": "to\nextend"}
_DONE_SOMETIMES = {"shortened": "shortened", "withheld": "withheld"}
_TO_DO_SOMETIMES = {"to_shorten": "to\nshorten", "withheld": "withheld"}
_LEFT_ALONE = ("kept", "to_delete", "to_extend", "to_shorten", "withheld")


@dataclass(frozen=True)
class Row:
    """One host. `kind` is what the last line counts, `state` the same and why in a few words, `reason` all of it."""

    host: str
    kind: str
    state: str
    reason: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    gaps: int = 0
    codes: tuple[str, ...] = ()
    digest: str = ""
    is_prediction: bool = True
    paths: Mapping[str, str] = field(default_factory=dict)
    cluster_name: str = ""


def lines(results: Mapping[str, Any], with_digests: bool = False) -> list[str]:
    """The lines of the table; `results` are those of `retention_result` by host, None where there is none.

    With digests, those of the plans that can be approved follow in full.
    """
    rows = [_row(one_line(host), result) for host, result in results.items()]
    is_prediction = all(row.is_prediction for row in rows)
    kinds = Counter(row.kind for row in rows)
    return [
        *(["Nothing was written: the numbers are what would be done."] if is_prediction else []),
        *_table(rows, is_prediction),
        *_findings(rows),
        *_reasons(rows),
        *_paths(rows),
        *(_digests(rows) if with_digests else ()),
        f"{_clusters(len(rows))}: {', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}.",
    ]


# --- one host ---


def _row(host: str, result: Any) -> Row:
    if not isinstance(result, Mapping) or not isinstance(result.get("counts"), Mapping):
        return _without_result(host, result if isinstance(result, Mapping) else {})
    failure, counts = one_line(str(result.get("failure") or "")), _numbers(result["counts"])
    kind, state = _state(result, failure, counts)
    guard = result.get("guard") or {}
    blocked = "; ".join(one_line(str(note.get("text"))) for note in guard.get("reasons") or ())
    return Row(
        host,
        kind,
        state,
        failure or blocked,
        counts,
        int(result.get("gaps") or 0),
        tuple(_codes(result.get("findings") or ())),
        str(result.get("digest") or ""),
        result.get("check_mode") is not False,
        {name: str(result[name]) for name in ("plan_file", "report") if result.get(name)},
        str(result.get("cluster_name") or ""),
    )


def _without_result(host: str, result: Mapping[str, Any]) -> Row:
    """A host that the role did not come to an end with, or that somebody has given a variable of that name."""
    reason = one_line(str(result.get("msg") or "")) or "the role left no result; see the messages above"
    if result.get("unreachable"):
        return Row(host, "unreachable", "unreachable", reason)
    if result.get("skipped"):
        return Row(host, "skipped", "skipped")
    return Row(host, "failed", f"failed: {reason}", reason)


def _state(result: Mapping[str, Any], failure: str, counts: Mapping[str, int]) -> tuple[str, str]:
    guard = result.get("guard") or {}
    marks = [mark.lower() for mark in dict.fromkeys(_MARK.findall(failure))]
    undone = [f"{counts[fate]} {fate.replace('_', ' ')}" for fate in UNDONE if counts.get(fate)]
    if guard.get("blocked"):
        codes = ", ".join(_variable(str(note.get("code"))) for note in guard.get("reasons") or ())
        others = [mark for mark in marks if mark != "blocked"]
        return "blocked", ", ".join([f"blocked: {codes}", *others])
    if undone:
        return "failed", ", ".join([*marks, *undone])
    if marks:
        return marks[0], ", ".join(marks)
    if failure:
        return "failed", f"failed: {failure}"
    return ("withheld", f"{counts['withheld']} withheld") if counts.get("withheld") else ("ok", "ok")


def _variable(code: str) -> str:
    """The variable that a reason of the guard is named after. Restore jobs have none."""
    return code if code == "restore_jobs" else f"{PREFIX}{code}"


def _numbers(counts: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): count for name, count in counts.items() if isinstance(count, int)}


def _codes(findings: Sequence[Any]) -> Iterator[str]:
    """The code of each finding. Of a code with many the last says how many more there are."""
    for finding in findings:
        more = _MORE.match(str(finding.get("text")))
        yield from [str(finding.get("code"))] * (int(more.group(1)) if more else 1)


# --- the table ---


def _table(rows: Sequence[Row], is_prediction: bool) -> list[str]:
    always, sometimes = (_TO_DO, _TO_DO_SOMETIMES) if is_prediction else (_DONE, _DONE_SOMETIMES)
    told = [_told(row, is_prediction) for row in rows]
    fates = {**always, **{fate: name for fate, name in sometimes.items() if any(row.get(fate) for row in told)}}
    headers = [*fates.values(), "held", "gaps", "findings"]
    columns = [
        Column("cluster"),
        *(Column(name, is_number=True) for name in headers),
        Column("digest"),
        Column("state"),
    ]
    cells = [_cells(row, numbers, [*fates, "held"]) for row, numbers in zip(rows, told, strict=True)]
    sums = [sum(numbers.get(fate, 0) for numbers in told) for fate in (*fates, "held")]
    more = [sum(row.gaps for row in rows), sum(len(row.codes) for row in rows)]
    total = ["total", *map(str, [*sums, *more]), "", ""]
    taken = max(map(width, layout(columns[:-1], [one[:-1] for one in (*cells, total)])))
    left = max(_SHORTEST_STATE, LINE_WIDTH - taken - 1)
    return layout(columns, [*([*one[:-1], _fitting(one[-1], left)] for one in cells), total])


def _fitting(state: str, most: int) -> str:
    """The state in so many columns. The text below the table has the names of variables in full."""
    return cut(state if width(state) <= most else state.replace(PREFIX, ""), most)


def _told(row: Row, is_prediction: bool) -> Mapping[str, int]:
    """The counts of a host. In a run that has written, one that was not written to keeps what it would have lost."""
    if is_prediction or not row.is_prediction or not row.counts:
        return row.counts
    return {"kept": sum(row.counts.get(fate, 0) for fate in _LEFT_ALONE), "held": row.counts.get("held", 0)}


def _cells(row: Row, numbers: Mapping[str, int], fates: Sequence[str]) -> list[str]:
    counts = [str(numbers.get(fate, 0)) if numbers else "-" for fate in fates]
    others = [str(row.gaps), str(len(row.codes))] if numbers else ["-", "-"]
    name = cut_middle(row.host, _LONGEST_NAME)
    return [name, *counts, *others, row.digest[:_DIGEST_SHOWN] or "-", row.state]


# --- below the table ---


def _findings(rows: Sequence[Row]) -> Iterator[str]:
    found = Counter(code for row in rows for code in dict.fromkeys(row.codes))
    if found:
        yield f"Findings: {', '.join(f'{code} in {_clusters(count)}' for code, count in found.most_common())}."


def _reasons(rows: Sequence[Row]) -> list[str]:
    """Why clusters did not go well, each kind of reason once and in full, with the clusters that it is about."""
    alike: dict[str, list[Row]] = {}
    for row in rows:
        if row.reason:
            alike.setdefault(_alike(row), []).append(row)
    found = [
        f"{same[0].kind.capitalize()}, {_hosts(same)}: {cut(_MARK.sub('', same[0].reason), _LONGEST_REASON)}"
        for same in alike.values()
    ]
    more = len(found) - _REASONS
    return [*found[:_REASONS], *([f"And {more} more reasons: see failure in retention_result."] if more > 0 else [])]


def _alike(row: Row) -> str:
    """What the reasons of two hosts have in common if they differ in names and numbers alone."""
    text = row.reason
    for name in filter(None, (row.host, row.cluster_name)):
        text = text.replace(name, "#")
    return f"{row.kind} {_ANY_NUMBER.sub('#', text)}"


def _hosts(rows: Sequence[Row]) -> str:
    more = len(rows) - _NAMED
    names = ", ".join(row.host for row in rows[:_NAMED])
    return names + (f" and {more} more" if more > 0 else "")


def _paths(rows: Sequence[Row]) -> Iterator[str]:
    for name, label in (("plan_file", "Plans"), ("report", "Reports")):
        folders = Counter(str(PurePath(row.paths[name]).parent) for row in rows if name in row.paths)
        for folder, count in folders.items():
            yield f"{label}: {folder} ({_clusters(count)})"


def _digests(rows: Sequence[Row]) -> Iterator[str]:
    approvable = [row for row in rows if row.digest and row.kind != "blocked"]
    if approvable:
        yield "Digests to approve plans by (retention_approved_digest takes several, with commas):"
        yield from (f"{row.digest} {cut_middle(row.host, LINE_WIDTH - 65)}" for row in approvable)


def _clusters(count: int) -> str:
    return f"{count} cluster{'' if count == 1 else 's'}"
