# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tells the JSON of a report from other files, and reports of this version from those of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError, shown

SCHEMA = 1
KIND = "mongodb_ops.legacy_backup.report"


def check_kind(value: Any) -> Mapping[str, Any]:
    """The document, if it is a report of this schema; else RefusedError."""
    if not isinstance(value, Mapping) or value.get("kind") != KIND:
        raise RefusedError("it is not the JSON of a report of this collection")
    found = value.get("schema")
    if isinstance(found, bool) or found != SCHEMA:
        raise RefusedError(f"it is a report of schema {shown(found)}, and this version reads schema {SCHEMA}")
    return value
