# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of `legacy_snapshot_info` that a plan is made from: a whole listing of one cluster (R2, R3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._restore_job import RestoreJob
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import (
    RESULT_KEYS,
    Snapshot,
    format_instant,
    newest_first,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    Check,
    RefusedError,
    check_at,
    each,
    fields,
    flag,
    instant,
    mapping,
    object_id,
    one_of,
    optional,
    plain,
    shown,
    string,
    unless_blank,
    whole_number,
)

# Whether the service has told the schedule, has none, or cannot tell it now (R10).
SCHEDULE_STATUSES = ("read", "absent", "unavailable")
_HINT = "give the filter the whole result of legacy_snapshot_info, called with completeness: all"
_TIERS = {
    "snapshot_retention_days": "days",
    "daily_snapshot_retention_days": "days",
    "weekly_snapshot_retention_weeks": "weeks",
    "monthly_snapshot_retention_months": "months",
}


def named(snapshot: Snapshot) -> str:
    """A snapshot as people are told of it, by its id and the time it was taken."""
    return snapshot.id if snapshot.created_at is None else f"{snapshot.id} of {format_instant(snapshot.created_at)}"


@dataclass(frozen=True)
class Schedule:
    """The service's own snapshot schedule; None where it does not say, no tiers where it names none."""

    interval_hours: int | None = None
    tiers: tuple[Duration, ...] = ()
    pit_hours: int | None = None


@dataclass(frozen=True)
class Cluster:
    """Every snapshot of one cluster, newest first, with its schedule and the restore jobs in use (R11a)."""

    snapshots: tuple[Snapshot, ...]
    project_id: str | None = None
    cluster_id: str | None = None
    cluster_name: str | None = None
    schedule: Schedule | None = None
    schedule_status: str | None = None
    """One of SCHEDULE_STATUSES; None where the listing does not say."""
    jobs: tuple[RestoreJob, ...] | None = None


def _created_at(value: Any) -> datetime:
    if value is None:
        raise ValueError("is null, and the snapshot cannot be placed without it")
    return instant(value)


def _integer(least: int, most: int, what: str) -> Check:
    def check(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return int.__int__(value)
        raise ValueError(f"must be {what}, not {shown(value)}")

    return check


# What a plan says of a snapshot.
SNAPSHOT_CHECKS: dict[str, Check] = {
    "id": object_id,
    "created_at": _created_at,
    "created_increment": optional(whole_number),
    "complete": optional(flag),
    "do_not_delete": optional(flag),
    "expires_at": optional(instant),
    "file_size_bytes": optional(whole_number),
}
# What it is decided by besides. The rest is most of a listing and is not read.
_row = fields(
    {**SNAPSHOT_CHECKS, **dict.fromkeys(("project_id", "cluster_id", "cluster_name"), optional(string))},
    {
        "is_possibly_inconsistent": optional(flag),
        "missing_shards": optional(lambda shards: tuple(each(lambda shard: plain(mapping(shard)))(shards))),
    },
)
_EXPIRY = fields({"id": object_id, "expires_at": optional(instant)})
_hours = optional(_integer(0, 10**9 - 1, "a whole number, 0 or more"))
_schedule_fields = fields({}, dict.fromkeys(("snapshot_interval_hours", "point_in_time_window_hours", *_TIERS), _hours))
_job = fields({}, {"id": unless_blank(string), "snapshot_id": unless_blank(string), "timestamp": unless_blank(instant)})
_schedule_status = unless_blank(one_of(SCHEDULE_STATUSES))
_NOTHING: dict[str, Any] = dict.fromkeys(RESULT_KEYS)


def snapshot_of(found: Mapping[str, Any]) -> Snapshot:
    """The snapshot with these values, and None for the others."""
    return Snapshot(**{**_NOTHING, **found})


def read_info(info: Any) -> Cluster:
    """The cluster in a result of `legacy_snapshot_info`; RefusedError says what is wrong and what to do."""
    _check_result(info)
    _check_whole(info)
    rows = (check_at(_row, row, "snapshots", number) for number, row in enumerate(info["snapshots"]))
    snapshots = tuple(newest_first([snapshot_of(row) for row in rows]))
    _check_unique(snapshots)
    return Cluster(
        snapshots=snapshots,
        project_id=_common(info, "project_id", snapshots),
        cluster_id=_common(info, "cluster_id", snapshots),
        cluster_name=_name(info, snapshots),
        schedule=check_at(optional(_schedule), info.get("schedule"), "schedule"),
        schedule_status=check_at(_schedule_status, info.get("schedule_status"), "schedule_status"),
        jobs=check_at(optional(_jobs), info.get("restore_jobs"), "restore_jobs"),
    )


def read_expiries(info: Any) -> dict[str, datetime | None]:
    """The expiry of each snapshot in a whole listing, by id: all that is compared after a run (R22)."""
    _check_result(info)
    _check_whole(info)
    rows = (check_at(_EXPIRY, row, "snapshots", number) for number, row in enumerate(info["snapshots"]))
    return {row["id"]: row["expires_at"] for row in rows}


def _check_result(info: Any) -> None:
    if isinstance(info, (list, tuple)):
        raise RefusedError(f"_input: is a bare list, which does not tell whether it is whole; {_HINT}")
    if not isinstance(info, Mapping):
        raise RefusedError(f"_input: must be a result of legacy_snapshot_info, not {shown(info)}; {_HINT}")
    if info.get("failed"):
        raise RefusedError(f"_input: the listing failed, and nothing is decided upon it; {_HINT}")
    for key in ("snapshots", "truncated", "filtered", "completeness"):
        if key not in info:
            raise RefusedError(f"_input: has no key {key}; {_HINT}")
    if not isinstance(info["snapshots"], (list, tuple)):
        raise RefusedError(f"snapshots: must be a list, not {shown(info['snapshots'])}; {_HINT}")


def _check_whole(info: Mapping[str, Any]) -> None:
    """Nothing is decided on a listing that leaves snapshots out (R2)."""
    for key, way_out in (("truncated", "list without limit"), ("filtered", "list without filters and snapshot_id")):
        if info[key] is not False:
            raise RefusedError(f"{key}: is {shown(info[key])}, so the listing is not whole; {way_out}")
    if info["completeness"] != "all":
        raise RefusedError(
            f"completeness: is {shown(info['completeness'])}, so the listing is not whole; list with completeness: all"
        )
    total = info.get("total")
    if total is not None and (isinstance(total, bool) or total != len(info["snapshots"])):
        raise RefusedError(f"total: is {shown(total)} for {len(info['snapshots'])} snapshots; {_HINT}")


def _check_unique(snapshots: tuple[Snapshot, ...]) -> None:
    seen: set[str] = set()
    for snapshot in snapshots:
        if snapshot.id in seen:
            raise RefusedError(f"snapshots: {snapshot.id} is listed twice, so the listing shifted; list again")
        seen.add(snapshot.id)


def _common(info: Mapping[str, Any], key: str, snapshots: tuple[Snapshot, ...]) -> str | None:
    """The one id that the result and all its rows agree on."""
    given: str | None = check_at(unless_blank(string), info.get(key), key)
    found = {getattr(snapshot, key) for snapshot in snapshots} - {None}
    if len(found) > 1 or (given is not None and found and found != {given}):
        names = ", ".join(shown(name) for name in sorted({*found, *([given] if given else [])})[:3])
        raise RefusedError(f"{key}: the snapshots are not all of one, but of {names}; plan each cluster by itself")
    return given if given is not None or not found else found.pop()


def _name(info: Mapping[str, Any], snapshots: tuple[Snapshot, ...]) -> str | None:
    given: str | None = check_at(unless_blank(string), info.get("cluster_name"), "cluster_name")
    return given if given is not None else next((row.cluster_name for row in snapshots if row.cluster_name), None)


def _schedule(value: Any) -> Schedule:
    found = _schedule_fields(value)
    return Schedule(
        interval_hours=found["snapshot_interval_hours"],
        tiers=tuple(Duration(**{unit: found[key]}) for key, unit in _TIERS.items() if found[key]),
        pit_hours=found["point_in_time_window_hours"],
    )


def _jobs(value: Any) -> tuple[RestoreJob, ...]:
    jobs = tuple(job for job in each(_job_in_use)(value) if job is not None)
    _check_whole_jobs(value)
    return jobs


def _check_whole_jobs(rows: Any) -> None:
    """A job that is listed twice tells that the pages shifted, and another may be missing (R2)."""
    seen: set[str] = set()
    for row in rows:
        job_id = row.get("id")
        if isinstance(job_id, str) and job_id:
            if job_id in seen:
                raise ValueError(f"{shown(job_id)} is listed twice, so the listing shifted; list again")
            seen.add(job_id)


def _job_in_use(value: Any) -> RestoreJob | None:
    if not check_at(flag, mapping(value).get("in_use"), "in_use"):
        return None
    job = _job(value)
    return RestoreJob(
        id=job["id"] or "",
        snapshot_id=None if job["snapshot_id"] is None else job["snapshot_id"].strip().lower(),
        timestamp=job["timestamp"],
        status=None,
        delivery_status=None,
        delivery_expires_at=None,
        in_use=True,
    )
