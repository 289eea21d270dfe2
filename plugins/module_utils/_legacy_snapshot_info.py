# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module `legacy_snapshot_info` does: options in, result out."""

from __future__ import annotations

from ._module import Call, run
from ._snapshot_listing import (
    FILTERS,
    Query,
    listing,
    query,
)


def work(call: Call, asked: Query) -> dict[str, object]:
    """List what was asked for."""
    return {"changed": False, **listing(call.service, call.project_id, asked, call.now, call.warn)}


def main() -> None:
    """Run the module."""
    run(
        {
            "snapshot_id": {"type": "str", "aliases": ["id"]},
            "completeness": {"type": "str", "choices": ["complete", "incomplete", "all"], "default": "complete"},
            "created_after": {"type": "str"},
            "created_before": {"type": "str"},
            "expires_after": {"type": "str"},
            "expires_before": {"type": "str"},
            "do_not_delete": {"type": "bool"},
            "limit": {"type": "int"},
            "gather": {
                "type": "list",
                "elements": "str",
                "choices": ["parts", "schedule", "restore_jobs"],
                "default": ["parts"],
            },
        },
        query,
        work,
        mutually_exclusive=[("snapshot_id", name) for name in FILTERS],
    )
