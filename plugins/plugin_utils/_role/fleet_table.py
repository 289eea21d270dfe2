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
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import LARGEST_COUNT
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
_DIGEST_SHOWN = 6
# How many reasons are told in full, of how many characters at most.
_REASONS, _LONGEST_REASON = 5, 600
_NAMED = 3
_MARK = re.compile(r"RETENTION ([A-Z]+(?: [A-Z]+)*): ?")
_ANY_NUMBER = re.compile(r"[0-9a-f]{24}|[0-9]+")
_MORE = re.compile(r"and ([0-9]{1,5}) more\Z")
# Columns of what was done and of what would be done, by the words of `counts`. Some are there only where they count.
_DONE = {"kept": "kept", "deleted": "deleted", "extended": "extended"}
_TO_DO = {"kept": "keep", "to_delete": "delete", "to_extend": "extend"}
_DONE_SOMETIMES = {"already_gone": "gone before", "shortened": "shortened"}
_TO_DO_SOMETIMES = {"to_shorten": "shorten"}
_UNDONE = (*UNDONE, "withheld")
_RESPONSE = re.compile(r"(?:GET|PATCH|POST|DELETE) \S+ .*?\b([45]\d\d(?: [A-Z][A-Z_]+)?)\b")
_LEFT_ALONE = ("kept", "to_delete", "to_extend", "to_shorten", "withheld")
_NO_RESULT = "no result; see the messages above"
_PENDING = "the run ended before the plan was applied, and nothing was written; see the messages above"


@dataclass(frozen=True)
class Row:
    """One host. `kind` is what the last line counts, `state` the same and why in a few words, `reason` all of it.

    Whether the counts are a prediction is None where there are none.
    """

    host: str
    kind: str
    state: str
    reason: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    gaps: int = 0
    codes: tuple[str, ...] = ()
    digest: str = ""
    is_prediction: bool | None = None
    paths: Mapping[str, str] = field(default_factory=dict)
    cluster_name: str = ""
    cluster: tuple[str, ...] = ()


def lines(results: Mapping[str, Any], with_digests: bool = False) -> list[str]:
    """The lines of the table; `results` are those of `retention_result` by host, None where there is none.

    With digests, those of the plans that can be approved follow in full.
    """
    rows = [_row(one_line(host), result) for host, result in results.items()]
    is_prediction = all(row.is_prediction is not False for row in rows)
    kinds = Counter(row.kind for row in rows)
    return [
        *(_title(rows) if is_prediction else ()),
        *_table(rows, is_prediction),
        *_twice(rows),
        *_findings(rows),
        *_reasons(rows),
        *_paths(rows),
        *(_digests(rows) if with_digests else ()),
        f"{_clusters(len(rows))}: {', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}.",
    ]


def _title(rows: Sequence[Row]) -> Iterator[str]:
    # A host without a result can have failed while it was written to.
    is_sure = all(row.is_prediction for row in rows)
    yield (
        "Nothing was written: the numbers are what would be done." if is_sure else "The numbers are what would be done."
    )


# --- one host ---


def _row(host: str, result: Any) -> Row:
    """What a host left behind. Somebody can have given a variable of that name, so nothing is taken for granted."""
    found = _mapping(result)
    if not isinstance(found.get("counts"), Mapping):
        return _without_result(host, found)
    counts, codes = _numbers(found["counts"]), tuple(_codes(found.get("findings")))
    kind, state, reason = _said(found, counts, codes)
    return Row(
        host,
        kind,
        state,
        reason,
        counts=counts,
        gaps=_number(found.get("gaps")),
        codes=codes,
        digest=_text(found.get("digest")),
        is_prediction=found.get("check_mode") is not False,
        paths={name: path for name in ("plan_file", "report") if (path := _text(found.get(name)))},
        cluster_name=_text(found.get("cluster_name")),
        cluster=tuple(_text(found.get(key)) for key in ("project_id", "cluster_id")) if counts else (),
    )


def _said(found: Mapping[str, Any], counts: Mapping[str, int], codes: Sequence[str]) -> tuple[str, str, str]:
    """The kind, the state, and the reason of a host with a result."""
    if found.get("is_pending") is True:
        return "not applied", "not applied", _PENDING
    failure, guard = _text(found.get("failure")), _mapping(found.get("guard"))
    reasons = _notes(guard.get("reasons")) if guard.get("blocked") else []
    kind, state = _state(failure, counts, codes, [_variable(note["code"]) for note in reasons])
    return kind, state, failure or "; ".join(note["text"] for note in reasons)


def _without_result(host: str, result: Mapping[str, Any]) -> Row:
    """A host that failed before the role had a result."""
    reason = _text(result.get("msg")) or _NO_RESULT
    if result.get("unreachable"):
        return Row(host, "unreachable", "unreachable", reason)
    if result.get("skipped"):
        return Row(host, "skipped", "skipped")
    return Row(host, "failed", f"failed, {reason}", reason)


def _state(failure: str, counts: Mapping[str, int], codes: Sequence[str], blocked_by: Sequence[str]) -> tuple[str, str]:
    """The kind, and the same with why in a few words. Without a colon, for which YAML would put a line in quotes."""
    marks = list(dict.fromkeys(mark.lower() for mark in _MARK.findall(failure)))
    undone = [f"{counts[fate]} {fate.replace('_', ' ')}" for fate in _UNDONE if counts.get(fate)]
    if blocked_by:
        return "blocked", ", ".join(dict.fromkeys(["blocked", *blocked_by, *marks]))
    if marks:
        return marks[0], ", ".join([*marks, *undone])
    if failure:
        return "failed", ", ".join(undone or ["failed", _shortest(failure)])
    kind = ("stale" if "stale" in codes else "withheld") if undone else "ok"
    return kind, ", ".join([kind, *undone])


def _shortest(failure: str) -> str:
    """Of a response of the service its status and code."""
    response = _RESPONSE.match(failure)
    return response.group(1) if response else failure


def _variable(code: str) -> str:
    """The variable that a reason of the guard is named after. Restore jobs have none."""
    return code if code == "restore_jobs" else f"{PREFIX}{code}"


def _codes(findings: Any) -> Iterator[str]:
    """The code of each finding. Of a code with many the last says how many more there are."""
    for finding in _notes(findings):
        more = _MORE.match(finding["text"])
        yield from [finding["code"]] * (int(more.group(1)) if more else 1)


def _notes(value: Any) -> list[dict[str, str]]:
    notes = [note for note in value if isinstance(note, Mapping)] if isinstance(value, (list, tuple)) else []
    return [{key: _text(note.get(key)) for key in ("code", "text")} for note in notes]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _numbers(counts: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): _number(count) for name, count in counts.items()}


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int) and 0 <= value <= LARGEST_COUNT else 0


def _text(value: Any) -> str:
    return one_line(value) if isinstance(value, str) else ""


# --- the table ---


def _table(rows: Sequence[Row], is_prediction: bool) -> list[str]:
    told = [_told(row, is_prediction) for row in rows]
    fates = {**_fates(told, is_prediction), "held": "held"}
    headers = [Column(name, is_number=True) for name in (*fates.values(), "gaps", "findings")]
    cells = [_cells(row, numbers, tuple(fates)) for row, numbers in zip(rows, told, strict=True)]
    sums = [sum(numbers.get(fate, 0) for numbers in told) for fate in fates]
    more = [sum(row.gaps for row in rows), sum(len(row.codes) for row in rows)]
    cells.append(["total", *map(str, [*sums, *more]), ""])
    columns = [Column("cluster"), *headers, Column("digest")]
    left = max(_SHORTEST_STATE, LINE_WIDTH - max(map(width, layout(columns, cells))) - 1)
    states = [*(_fitting(row.state, left) for row in rows), ""]
    whole = [[*numbers, state] for numbers, state in zip(cells, states, strict=True)]
    return layout([*columns, Column("state")], whole)


def _fates(told: Sequence[Mapping[str, int]], is_prediction: bool) -> dict[str, str]:
    """The columns that count snapshots, by the words of `counts`."""
    always, sometimes = (_TO_DO, _TO_DO_SOMETIMES) if is_prediction else (_DONE, _DONE_SOMETIMES)
    return {**always, **{fate: name for fate, name in sometimes.items() if any(row.get(fate) for row in told)}}


def _told(row: Row, is_prediction: bool) -> Mapping[str, int]:
    """The counts of a host. In a run that has written, one that was not written to keeps what it would have lost."""
    if is_prediction or not row.is_prediction or not row.counts:
        return row.counts
    return {"kept": sum(row.counts.get(fate, 0) for fate in _LEFT_ALONE), "held": row.counts.get("held", 0)}


def _cells(row: Row, numbers: Mapping[str, int], fates: Sequence[str]) -> list[str]:
    """All cells of a row but the last."""
    told = [*(numbers.get(fate, 0) for fate in fates), row.gaps, len(row.codes)]
    shown = [str(number) if numbers else "-" for number in told]
    return [cut_middle(row.host, _LONGEST_NAME), *shown, row.digest[:_DIGEST_SHOWN] or "-"]


def _fitting(state: str, most: int) -> str:
    """The state in so many columns. The text below the table has the names of variables in full."""
    is_short = width(state) <= most or not state.startswith("blocked")
    return cut(state if is_short else state.replace(PREFIX, ""), most)


# --- below the table ---


def _twice(rows: Sequence[Row]) -> Iterator[str]:
    """Hosts that are one cluster. Nothing is written to it, but an audit takes them for two."""
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row.cluster and all(row.cluster):
            alike.setdefault(row.cluster, []).append(row)
    for same in alike.values():
        if len(same) > 1:
            yield f"One cluster, counted {len(same)} times: {_hosts(same)}. Take all but one out of the inventory."


def _findings(rows: Sequence[Row]) -> Iterator[str]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        for code in dict.fromkeys(row.codes):
            found.setdefault(code, []).append(row)
    if found:
        told = [_where(code, same, len(rows)) for code, same in sorted(found.items(), key=lambda one: -len(one[1]))]
        yield f"Findings: {', '.join(told)}."


def _where(code: str, rows: Sequence[Row], total: int) -> str:
    """In how many clusters there is a finding, and in which if not in all of them."""
    return f"{code} in {_clusters(len(rows))}{f' ({_hosts(rows)})' if len(rows) < total else ''}"


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
    names = "|".join(re.escape(name) for name in (row.host, row.cluster_name) if name)
    text = re.sub(rf"(?<!\w)({names})(?!\w)", "#", row.reason)
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
