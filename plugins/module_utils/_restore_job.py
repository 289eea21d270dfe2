# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restore jobs, and which snapshots they need (contract 9, R11a)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, TypeVar

from ._snapshot import Snapshot, age_key, format_instant, parse_instant, parse_object_id

_ENDED = ("FINISHED", "BROKEN", "KILLED")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class RestoreJob:
    """A restore job (contract 9), without the fields that give access to the data."""

    id: str
    snapshot_id: str | None
    timestamp: datetime | None
    status: str | None
    delivery_status: str | None
    delivery_expires_at: datetime | None
    in_use: bool


def job_from_api(row: Mapping[str, Any], now: datetime) -> RestoreJob:
    """The restore job in a row of the service; ValueError for a field of the wrong type.

    A job that has ended is still in use at `now` while its download can be fetched.
    """
    delivery, stamp = _object(row, "delivery"), _object(row, "timestamp")
    expires = _optional(delivery.get("expires"), parse_instant)
    status, delivered = _status(row), _status(delivery)
    # A download without an expiry counts as one that can be fetched.
    can_be_fetched = delivered == "READY" and (expires is None or expires > now)
    return RestoreJob(
        id=_job_id(row.get("id")),
        snapshot_id=_optional(row.get("snapshotId"), parse_object_id),
        timestamp=_optional(stamp.get("date"), parse_instant),
        status=status,
        delivery_status=delivered,
        delivery_expires_at=expires,
        in_use=status not in _ENDED or can_be_fetched,
    )


def _optional(value: Any, parse: Callable[[Any], _Value]) -> _Value | None:
    return None if value is None else parse(value)


def _object(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    # Only null counts as missing: false or 0 must not read as "not in use".
    value = row.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise ValueError(f"{key} is no object")
    return value or {}


def _job_id(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a restore job has no id")
    return value


def _status(row: Mapping[str, Any]) -> str | None:
    value = row.get("statusName")
    if value is not None and not isinstance(value, str):
        raise ValueError("a status is no text")
    return value


def job_to_result(job: RestoreJob) -> dict[str, Any]:
    """A restore job as results show it."""
    times = {key: _optional(getattr(job, key), format_instant) for key in ("timestamp", "delivery_expires_at")}
    return {**vars(job), **times}


def used_snapshots(jobs: Iterable[RestoreJob], snapshots: Sequence[Snapshot]) -> dict[str, RestoreJob]:
    """Which of all the snapshots of a cluster the restore jobs in use need, or may need: snapshot id to job.

    Raises ValueError for a job that does not tell which snapshot it needs.
    """
    ids = {snapshot.id for snapshot in snapshots}
    used: dict[str, RestoreJob] = {}
    for job in jobs:
        if job.in_use:
            used.update(dict.fromkeys(needed_by(job, ids, snapshots), job))
    return used


def needed_by(job: RestoreJob, ids: AbstractSet[str], snapshots: Sequence[Snapshot]) -> list[str]:
    """The ids of the snapshots that one job in use needs, or may need (R11a); `ids` are those of all snapshots.

    Raises ValueError for a job that does not tell.
    """
    if job.snapshot_id in ids:
        return [str(job.snapshot_id)]
    if job.timestamp is None:
        unlisted = f"snapshot {job.snapshot_id}, which is not listed, but no"
        named = unlisted if job.snapshot_id else "neither a snapshot nor a"
        raise ValueError(f"restore job {job.id} is in use and names {named} point in time")
    undated = next((one for one in snapshots if one.complete and one.created_at is None), None)
    if undated is not None:
        raise ValueError(
            f"restore job {job.id} names a point in time, and of snapshot {undated.id}, which it may need, nobody "
            "knows when it was taken"
        )
    return [one.id for one in _near(job.timestamp, snapshots, is_base=job.snapshot_id is None)]


def _near(moment: datetime, snapshots: Sequence[Snapshot], is_base: bool) -> list[Snapshot]:
    """The base of a restore to a point in time, or what the unlisted snapshot of a job may be.

    The base is the newest complete snapshot at or before that time. A job of a sharded cluster can name a shard's part,
    whose id is not that of the snapshot. The snapshot is then that of the time, or else the nearest before or after it.
    """
    complete = sorted((one for one in snapshots if one.complete), key=age_key)
    older = [one for one in complete if age_key(one)[0] <= moment]
    if is_base:
        return _first_of(older[::-1])
    same = [one for one in snapshots if one.created_at == moment]
    if any(one.complete for one in same):
        return same
    return [*same, *_first_of(older[::-1]), *_first_of(complete[len(older) :])]


def _first_of(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """The first, and the first sound one (R5a)."""
    return [*snapshots[:1], *[one for one in snapshots if not one.is_faulty][:1]]
