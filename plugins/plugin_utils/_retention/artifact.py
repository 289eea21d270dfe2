# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The compact form of a plan's document, for files and artifacts: all that decides, and no explanations.

An artifact of a job lies in a row of a database, so its size is bounded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    each,
    fields,
    mapping,
    string,
    whole_number,
)

# What a compact document may take as JSON.
BYTES_A_SNAPSHOT = 168
BYTES_MORE = 4000
_HEAD = (
    "schema",
    "project_id",
    "cluster_id",
    "cluster_name",
    "now",
    "timezone",
    "policy",
    "options",
    "guard",
    "digest",
)
# The reasons of what is withheld while backups have stopped (R17).
_WITHHELD = [{"code": "stale", "text": "stale"}]
# Room for the note that says what was left out.
_NOTE = 160


def compact(document: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """The document with its snapshots as arrays, whose values `columns` names.

    Gaps and warnings are cut where they do not fit. The last warning then says so.
    """
    artifact = {key: document[key] for key in _HEAD}
    artifact["columns"] = list(columns)
    artifact["rows"] = [[row[key] for key in columns] for row in document["snapshots"]]
    artifact["withheld"] = _withheld(document["snapshots"])
    room = BYTES_MORE + BYTES_A_SNAPSHOT * len(artifact["rows"]) - _bytes({**artifact, "gaps": {}, "warnings": []})
    gaps = [(gap["rule"], gap["period"]) for gap in document["gaps"]]
    shown = list(_fitting(gaps, room - _NOTE))
    room -= sum(_bytes(gap) for gap in shown)
    warnings = list(_fitting(document["warnings"], room - _NOTE))
    left_out = (len(gaps) - len(shown), len(document["warnings"]) - len(warnings))
    if any(left_out):
        text = f"{left_out[0]} gaps and {left_out[1]} warnings did not fit into this document"
        warnings.append({"code": "artifact", "text": text})
    # Gaps come rule by rule.
    artifact["gaps"] = {rule: [period for _rule, period in found] for rule, found in groupby(shown, itemgetter(0))}
    artifact["warnings"] = warnings
    return artifact


def _withheld(rows: Iterable[Mapping[str, Any]]) -> list[int]:
    """The numbers of the rows that are withheld. Their ids would take more than the row has room for."""
    return [number for number, row in enumerate(rows) if row["reasons"] == _WITHHELD]


def is_compact(document: Mapping[str, Any]) -> bool:
    """Whether a document is in the compact form."""
    return "columns" in document


def expand(artifact: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a compact one, without explanations; ValueError where the two forms differ in more."""
    found = _COMPACT(artifact)
    withheld = set(found["withheld"])
    gaps = [{"rule": rule, "period": period} for rule, periods in found["gaps"].items() for period in periods]
    return {
        **{key: artifact[key] for key in (*_HEAD, "warnings") if key in artifact},
        "snapshots": [_row(found["columns"], row, number in withheld) for number, row in enumerate(found["rows"])],
        "gaps": gaps,
    }


def _row(columns: Sequence[str], row: Sequence[Any], is_withheld: bool) -> dict[str, Any]:
    if len(row) != len(columns):
        raise ValueError("rows: have other values than columns names")
    reasons = _WITHHELD if is_withheld else []
    return {**dict(zip(columns, row, strict=True)), "reasons": reasons, "why": []}


def _periods(value: Any) -> dict[str, list[str]]:
    return {string(rule): each(string)(periods) for rule, periods in mapping(value).items()}


_COMPACT = fields(
    {
        "columns": each(string),
        "rows": each(each(lambda value: value)),
        "withheld": each(whole_number),
        "gaps": _periods,
    }
)


def _fitting(items: Iterable[Any], room: int) -> Iterator[Any]:
    for item in items:
        room -= _bytes(item)
        if room < 0:
            return
        yield item


def _bytes(value: Any) -> int:
    # Two for the separator behind it.
    return len(json.dumps(value)) + 2
