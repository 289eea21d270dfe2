# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The other noun: a restore job, and which snapshots it needs (API contract, section 9; rule R11a)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, TypeVar

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import (
    Snapshot,
    age_key,
    format_instant,
    parse_instant,
    parse_object_id,
)

_ENDED = ("FINISHED", "BROKEN", "KILLED")
_Value = TypeVar("_Value")


def job_from_api(row: Mapping[str, Any], now: datetime) -> RestoreJob:
    """The job in an answer; `now` decides whether a download can still be fetched.

    Raises ValueError for a field of the wrong kind.
    """
    delivery, stamp = _object(row, "delivery"), _object(row, "timestamp")
    expires = _optional(delivery.get("expires"), parse_instant)
    status, delivered = _word(row.get("statusName")), _word(delivery.get("statusName"))
    # A download that is ready may be fetched until it expires; one that does not say until when may be fetched.
    fetchable = delivered == "READY" and (expires is None or expires > now)
    return RestoreJob(
        id=_name(row.get("id")),
        snapshot_id=_optional(row.get("snapshotId"), parse_object_id),
        timestamp=_optional(stamp.get("date"), parse_instant),
        status=status,
        delivery_status=delivered,
        delivery_expires_at=expires,
        in_use=status not in _ENDED or fetchable,
    )


def _optional(value: Any, parse: Callable[[Any], _Value]) -> _Value | None:
    return None if value is None else parse(value)


def _object(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    # Only what is left out says nothing. False or 0 is no "not in use".
    value = row.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise ValueError(f"{key} is no object")
    return value or {}


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a restore job has no id")
    return value


def _word(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("a status is no text")
    return value


def job_to_result(job: RestoreJob) -> dict[str, Any]:
    """A restore job as results show it."""
    return {
        "id": job.id,
        "snapshot_id": job.snapshot_id,
        "timestamp": None if job.timestamp is None else format_instant(job.timestamp),
        "status": job.status,
        "delivery_status": job.delivery_status,
        "delivery_expires_at": None if job.delivery_expires_at is None else format_instant(job.delivery_expires_at),
        "in_use": job.in_use,
    }


def used_snapshots(jobs: Iterable[RestoreJob], snapshots: Sequence[Snapshot]) -> dict[str, str]:
    """Which of all the snapshots of a cluster a restore needs: snapshot id to job id.

    A job on a sharded cluster may carry the ids of a shard's parts, and is then matched by the time of
    the snapshot. A job that names none restores a point in time, and replays the oplog onto the newest
    complete snapshot at or before it. Raises ValueError for a job of which neither can be told.
    """
    by_id = {snapshot.id: snapshot for snapshot in snapshots}
    used: dict[str, str] = {}
    for job in jobs:
        if not job.in_use:
            continue
        if job.snapshot_id in by_id:
            used[str(job.snapshot_id)] = job.id
        elif job.timestamp is None:
            if job.snapshot_id is None:
                raise ValueError(f"restore job {job.id} is in use and names neither a snapshot nor a point in time")
        elif job.snapshot_id is not None:
            used.update({one.id: job.id for one in snapshots if one.created_at == job.timestamp and _is_sharded(one)})
        else:
            moment = job.timestamp
            undated = next((one for one in snapshots if one.complete and one.created_at is None), None)
            if undated is not None:
                raise ValueError(
                    f"restore job {job.id} restores a point in time, and of snapshot {undated.id}, which it may replay "
                    "onto, nobody knows when it was taken"
                )
            older = [one for one in snapshots if one.complete and one.created_at and one.created_at <= moment]
            if older:
                used[max(older, key=age_key).id] = job.id
    return used


def _is_sharded(snapshot: Snapshot) -> bool:
    """Whether it may have parts with ids of their own; where the parts were not gathered, it may."""
    return snapshot.parts is None or len(snapshot.parts) != 1


@dataclass(frozen=True)
class RestoreJob:
    """A restore job (contract, section 9), without what gives access to the data."""

    id: str
    snapshot_id: str | None
    timestamp: datetime | None
    status: str | None
    delivery_status: str | None
    delivery_expires_at: datetime | None
    in_use: bool
