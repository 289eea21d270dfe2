# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The index of a folder of reports: one row a cluster, blocked ones first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import KIND, SCHEMA
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.html import render
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError


def index(reports: Sequence[Mapping[str, Any]]) -> str:
    """The page; RefusedError for what is no JSON of a report."""
    for number, report in enumerate(reports):
        _check(number, report)
    return render("index.html.j2", None, reports=sorted(reports, key=_order))


def _check(number: int, report: Any) -> None:
    if not isinstance(report, Mapping) or report.get("kind") != KIND or report.get("schema") != SCHEMA:
        raise RefusedError(f"_input[{number}]: is not the JSON of a report, schema {SCHEMA}")
    if not all(isinstance(report.get(key), Mapping) for key in ("summary", "plan")):
        raise RefusedError(f"_input[{number}]: is a report that lacks its plan or its summary")
    # The page links to it: a scheme or a slash would lead out of the folder.
    if not re.fullmatch(r"[\w.-]+", str(report.get("stem", ""))):
        raise RefusedError(f"_input[{number}]: is no report, since its stem is no file name")


def _order(report: Mapping[str, Any]) -> tuple[bool, bool, str, str]:
    summary = report["summary"]
    return (not summary["blocked"], not _needs_attention(report), str(summary["cluster"]).lower(), report["stem"])


def _needs_attention(report: Mapping[str, Any]) -> bool:
    return bool(report["problems"] or report["findings"] or report["summary"]["undone"] or report["summary"]["gaps"])
