# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as files and artifacts carry it: compact JSON with all that decides, and the way back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import DECIDES, changes, summary
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.shapes import plan as checked

# What a document may take, as JSON with Python's own separators: an artifact of a job lies in a database row.
BYTES_A_SNAPSHOT = 160
BYTES_MORE = 4000
# The columns of a row. Reasons are left out: they say why, decide nothing, and would not fit.
COLUMNS = (*DECIDES, "file_size_bytes")
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
_NO_PLAN = "it is not a plan of this collection, or not a whole one"
# For the line that says what was left out.
_NOTE = 120


def to_artifact(document: Mapping[str, Any]) -> dict[str, Any]:
    """The plan with its snapshots as arrays under `columns`.

    Gaps and warnings, of which there may be any number, are cut where they do not fit; the last
    warning then says so.
    """
    artifact = {key: document[key] for key in _HEAD}
    artifact["columns"] = list(COLUMNS)
    artifact["rows"] = [[row[key] for key in COLUMNS] for row in document["snapshots"]]
    room = BYTES_MORE + BYTES_A_SNAPSHOT * len(artifact["rows"]) - _bytes({**artifact, "gaps": {}, "warnings": []})
    gaps = [(gap["rule"], gap["period"]) for gap in document["gaps"]]
    warnings = list(document["warnings"])
    shown = list(_fitting(gaps, room - _NOTE))
    room -= sum(_bytes(gap) for gap in shown)
    told = list(_fitting(warnings, room - _NOTE))
    left_out = (len(gaps) - len(shown), len(warnings) - len(told))
    if any(left_out):
        told.append(f"{left_out[0]} gaps and {left_out[1]} warnings did not fit into this document")
    artifact["gaps"] = {rule: [period for name, period in shown if name == rule] for rule, _period in shown}
    artifact["warnings"] = told
    return artifact


def from_artifact(artifact: Any) -> dict[str, Any]:
    """The plan in a compact document, or in a whole one such as the filter's; JSON or plain data.

    Numbers and changes are made anew from the snapshots, so that what is shown and done is what the
    digest covers. Raises ValueError for what is no plan.
    """
    try:
        given = _plain(artifact)
        document = {key: given[key] for key in _HEAD}
        document["snapshots"] = given["snapshots"] if "snapshots" in given else [*_rows(given)]
        document["changes"] = changes(document)
        document["summary"] = summary(document["snapshots"])
        document["gaps"] = _gaps(given["gaps"])
        document["warnings"] = [str(warning) for warning in given["warnings"]]
        document = checked(document, "plan")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as exc:
        raise ValueError(_NO_PLAN) from exc
    if given.get("changes", document["changes"]) != document["changes"]:
        raise ValueError("its changes are not those of its snapshots")
    return document


def _rows(artifact: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    columns = artifact["columns"]
    for row in artifact["rows"]:
        if len(row) != len(columns):
            raise ValueError(_NO_PLAN)
        yield {**dict(zip(columns, row, strict=False)), "reasons": [], "why": []}


def _gaps(gaps: Any) -> list[dict[str, str]]:
    if isinstance(gaps, list):
        return [{"rule": str(gap["rule"]), "period": str(gap["period"])} for gap in gaps]
    return [{"rule": rule, "period": str(period)} for rule, periods in gaps.items() for period in periods]


def _plain(value: Any) -> Any:
    """What JSON says again: neither the templating engine's own types nor YAML's dates are left."""
    text = value if isinstance(value, str) else json.dumps(value, default=_date)
    return json.loads(text)


def _date(value: Any) -> str:
    if isinstance(value, (date, datetime)):
        return format_instant(instant(value))
    raise TypeError(f"{type(value).__name__} is not JSON")


def _fitting(items: Iterable[Any], room: int) -> Iterator[Any]:
    for item in items:
        room -= _bytes(item)
        if room < 0:
            return
        yield item


def _bytes(value: Any) -> int:
    # Two for the separator behind it.
    return len(json.dumps(value)) + 2
