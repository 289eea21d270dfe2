# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""Whether an approved plan may be applied, and what has changed since it was made (rule R19)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import (
    Snapshot,
    format_instant,
    parse_instant,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import seconds, zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import SCHEMA, changes, digest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import shown

_COMPARED = ("created_at", "created_increment", "complete", "do_not_delete", "expires_at")


def refusals(
    document: Any, approved: str, project_id: str | None, cluster_id: str | None, now: datetime, max_age: Duration
) -> list[str]:
    """Why this plan must not be applied now to that cluster; nothing when it may.

    The digest tells only what is altered; that an approval does not lift a guard, does not last for
    ever, and is for one cluster is told beside it. An id that is None is not known and not compared.
    """
    try:
        found, asked, made = digest(document), changes(document), seconds(parse_instant(document["now"]))
        is_blocked, written = document["guard"]["blocked"], document["changes"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return ["it is not a plan of this collection, or not a whole one"]
    moment = seconds(now)
    others = [
        f"it is for {name} {shown(document[key])}, not for {wanted}"
        for name, key, wanted in (("project", "project_id", project_id), ("cluster", "cluster_id", cluster_id))
        if None not in (wanted, document[key]) and document[key] != wanted
    ]
    reasons = (
        (
            document.get("schema") != SCHEMA,
            f"its schema is {shown(document.get('schema'))}, not {SCHEMA}",
        ),
        (found != approved, f"its digest is {found}, and {shown(approved)} was approved"),
        (asked != written, "its changes are not those of its snapshots"),
        (is_blocked is not False, "its guard is blocked, which an approval does not lift"),
        (made > moment, f"it was made at {document['now']}, which is still to come"),
        (made < zone("UTC").before(moment, max_age), f"it was made at {document['now']}, more than {max_age} ago"),
    )
    return [*(reason for applies, reason in reasons if applies), *others]


def still_due(
    document: Mapping[str, Any], listed: Sequence[Snapshot], now: datetime
) -> tuple[list[dict[str, Any]], list[str]]:
    """The changes that are still to be asked for, and a line for each that has become void.

    A snapshot that is gone, or whose expiry has passed so that the service refuses edits and deletes it
    when it chooses, cannot be dated any more; that is no drift. A deletion is always asked for.
    """
    present = {snapshot.id: snapshot for snapshot in listed}
    due, void = [], []
    for change in changes(document):
        snapshot = present.get(change["snapshot_id"])
        gone = snapshot is None or (snapshot.expires_at is not None and snapshot.expires_at <= now)
        if change["state"] == "present" and gone:
            void.append(f"{change['snapshot_id']} was to be dated {change['expires_at']}, and has expired or is gone")
        else:
            due.append(change)
    return due, void


def drift(document: Mapping[str, Any], listed: Sequence[Snapshot], now: datetime) -> list[str]:
    """What is no longer as the plan found it, by snapshot; nothing when the plan still fits.

    What the plan removes may be gone, and what it dates may have its date; what it keeps may have
    expired. Snapshots that the plan does not know are left alone, and are no drift.
    """
    present = {snapshot.id: snapshot for snapshot in listed}
    return [line for row in document["snapshots"] for line in _drifted(row, present.get(row["id"]), now)]


def _drifted(row: Mapping[str, Any], snapshot: Snapshot | None, now: datetime) -> Iterator[str]:
    if snapshot is None:
        if row["action"] == "keep" and (row["expires_at"] is None or parse_instant(row["expires_at"]) > now):
            until = "for ever" if row["expires_at"] is None else f"until {row['expires_at']}"
            yield f"{row['id']} is gone, and was to be kept {until}"
        return
    if row["action"] == "keep":
        return
    for key in _COMPARED:
        value = getattr(snapshot, key)
        value = format_instant(value) if isinstance(value, datetime) else value
        is_done = key == "expires_at" and value is not None and value == row["expires_to"]
        if value != row[key] and not is_done:
            yield f"{row['id']} is to be changed ({row['action']}), but its {key} was {row[key]} and is {value}"
