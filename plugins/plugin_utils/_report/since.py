# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is otherwise than in the last report of the same cluster: new, gone, or decided otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import Row, Since
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.schema import KIND, SCHEMA, check_kind
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    check_at,
    each,
    fields,
    optional,
    string,
)

# All that is compared. Whatever in an earlier report cannot be used is found by this check, and nowhere else.
_PLAN = fields(
    {
        **dict.fromkeys(("project_id", "cluster_id"), optional(string)),
        "now": string,
        "snapshots": each(
            fields(
                {
                    **dict.fromkeys(("id", "state", "action"), string),
                    **dict.fromkeys(("expires_at", "expires_to"), optional(string)),
                }
            )
        ),
    }
)


def read_previous(value: Any) -> dict[str, Any]:
    """The JSON of an earlier report, reduced to what is compared; RefusedError says what is wrong with it."""
    document = check_kind(value)
    plan = check_at(_PLAN, document.get("plan"), "plan")
    made = check_at(optional(string), document.get("now"), "now")
    return {"schema": SCHEMA, "kind": KIND, "now": made or plan["now"], "plan": plan}


def since(previous: Mapping[str, Any], plan: Plan, rows: Sequence[Row]) -> Since | None:
    """The differences; None where the last report is of another cluster, or newer. RefusedError as `read_previous`."""
    read = read_previous(previous)
    last, now = read["plan"], format_instant(plan.now)
    if (last["project_id"], last["cluster_id"]) != (plan.project_id, plan.cluster_id) or last["now"] > now:
        return None
    then = {row["id"]: row for row in last["snapshots"]}
    present = {row.id for row in rows}
    return Since(
        at=read["now"],
        new=tuple(row.id for row in rows if row.id not in then),
        gone=tuple(_gone(row, now) for row in last["snapshots"] if row["id"] not in present),
        otherwise=tuple(_otherwise(then, rows)),
    )


def _gone(row: Mapping[str, Any], now: str) -> str:
    expiry = row["expires_to"] or row["expires_at"]
    if row["action"] == "delete":
        return f"{row['id']}: gone, and it was to be deleted"
    if expiry is not None and expiry <= now:
        return f"{row['id']}: expired on {expiry}"
    return f"{row['id']}: gone, although it was to be kept" + (f" until {expiry}" if expiry else "")


def _otherwise(then: Mapping[str, Mapping[str, Any]], rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        last = then.get(row.id)
        if last is None:
            continue
        changes = [
            f"{word} {last[key] or 'none'} → {present or 'none'}"
            for word, key, present in (
                ("state", "state", row.state),
                ("action", "action", row.action),
                ("expiry", "expires_at", row.expires_at),
            )
            if last[key] != present
        ]
        if changes:
            yield f"{row.id}: {', '.join(changes)}"
