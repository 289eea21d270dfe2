# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The result of `legacy_snapshot_info` as a plan takes it: whole, of one cluster, or refused (rules R2, R3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._restore_job import RestoreJob
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import (
    RESULT_KEYS,
    Snapshot,
    newest_first,
    parse_object_id,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    RefusedError,
    blank,
    instant,
    shown,
)

_HINT = "give the filter the whole result of legacy_snapshot_info, called with completeness: all"
_TIERS = {
    "snapshot_retention_days": "days",
    "daily_snapshot_retention_days": "days",
    "weekly_snapshot_retention_weeks": "weeks",
    "monthly_snapshot_retention_months": "months",
}
# Nothing real comes near. Python refuses to spell numbers far beyond it, and messages quote what they refuse.
_LARGEST = 2**63
_LONGEST = 1000


@dataclass(frozen=True)
class Schedule:
    """What the service's own schedule says; None or nothing where it does not say."""

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
    jobs: tuple[RestoreJob, ...] | None = None


def read_info(info: Any) -> Cluster:
    """What a result of `legacy_snapshot_info` says of its cluster; RefusedError names what is wrong and the way out."""
    _whole(info)
    snapshots = tuple(newest_first([_row(number, row) for number, row in enumerate(info["snapshots"])]))
    _each_once(snapshots)
    return Cluster(
        snapshots=snapshots,
        project_id=_common(info, "project_id", snapshots),
        cluster_id=_common(info, "cluster_id", snapshots),
        cluster_name=_name(info, snapshots),
        schedule=_schedule(info.get("schedule")),
        jobs=_jobs(info.get("restore_jobs")),
    )


def _whole(info: Any) -> None:
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


def _row(number: int, row: Any) -> Snapshot:
    if not isinstance(row, Mapping):
        raise RefusedError(f"snapshots[{number}]: must be a dictionary, not {shown(row)}; {_HINT}")
    values = dict(_NOTHING)
    for key, read in _READ.items():
        if key not in row:
            raise RefusedError(f"snapshots[{number}]: has no key {key}; {_HINT}")
        try:
            values[key] = read(row[key])
        except ValueError as exc:
            raise RefusedError(f"snapshots[{number}].{key}: {exc}") from None
    if values["created_at"] is None:
        raise RefusedError(f"snapshots[{number}].created_at: is null, and the snapshot cannot be placed without it")
    return Snapshot(**values)


def _string(value: Any) -> str | None:
    """Python's own string, since the templating engine has its own."""
    if value is None or (isinstance(value, str) and len(value) <= _LONGEST):
        return None if value is None else str.__str__(value)
    raise ValueError(f"must be a string, not {shown(value)}")


def _flag(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise ValueError(f"must be true or false, not {shown(value)}")


def _whole_number(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and -_LARGEST <= value < _LARGEST):
        return None if value is None else int.__int__(value)
    raise ValueError(f"must be a whole number, not {shown(value)}")


def _instant(value: Any) -> datetime | None:
    return None if value is None else instant(value)


def _object_id(value: Any) -> str:
    try:
        return parse_object_id(_string(value))
    except ValueError:
        raise ValueError(f"{shown(value)} is not an id of 24 hexadecimal digits") from None


# What a plan decides by or shows. The rest is most of a listing and is not read.
_READ: dict[str, Callable[[Any], Any]] = {
    "id": _object_id,
    "project_id": _string,
    "cluster_id": _string,
    "cluster_name": _string,
    "created_at": _instant,
    "created_increment": _whole_number,
    "complete": _flag,
    "do_not_delete": _flag,
    "expires_at": _instant,
    "file_size_bytes": _whole_number,
}
_NOTHING: dict[str, Any] = dict.fromkeys(RESULT_KEYS)


def _each_once(snapshots: tuple[Snapshot, ...]) -> None:
    seen: set[str] = set()
    for snapshot in snapshots:
        if snapshot.id in seen:
            raise RefusedError(f"snapshots: {snapshot.id} is listed twice, so the listing shifted; list again")
        seen.add(snapshot.id)


def _common(info: Mapping[str, Any], key: str, snapshots: tuple[Snapshot, ...]) -> str | None:
    """The one id that the result and all its rows agree on."""
    given = _text(info, key)
    found = {getattr(snapshot, key) for snapshot in snapshots} - {None}
    if len(found) > 1 or (given is not None and found and found != {given}):
        names = ", ".join(shown(name) for name in sorted({*found, *([given] if given else [])})[:3])
        raise RefusedError(f"{key}: the snapshots are not all of one, but of {names}; plan each cluster by itself")
    return given if given is not None or not found else found.pop()


def _name(info: Mapping[str, Any], snapshots: tuple[Snapshot, ...]) -> str | None:
    given = _text(info, "cluster_name")
    return given if given is not None else next((row.cluster_name for row in snapshots if row.cluster_name), None)


def _text(info: Mapping[str, Any], key: str) -> str | None:
    value = info.get(key)
    if blank(value):
        return None
    if not isinstance(value, str):
        raise RefusedError(f"{key}: must be a string, not {shown(value)}")
    return str.__str__(value)


def _schedule(value: Any) -> Schedule | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise RefusedError(f"schedule: must be a dictionary or null, not {shown(value)}")
    tiers = ((unit, _number(value, key)) for key, unit in _TIERS.items())
    return Schedule(
        interval_hours=_number(value, "snapshot_interval_hours"),
        tiers=tuple(Duration(**{unit: number}) for unit, number in tiers if number),
        pit_hours=_number(value, "point_in_time_window_hours"),
    )


def _number(schedule: Mapping[str, Any], key: str) -> int | None:
    value = schedule.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**9:
        raise RefusedError(f"schedule.{key}: must be a whole number, 0 or more, not {shown(value)}")
    return int.__int__(value)


def _jobs(value: Any) -> tuple[RestoreJob, ...] | None:
    if value is None:
        return None
    if not isinstance(value, (list, tuple)):
        raise RefusedError(f"restore_jobs: must be a list or null, not {shown(value)}")
    jobs = (_job(f"restore_jobs[{number}]", job) for number, job in enumerate(value))
    return tuple(job for job in jobs if job is not None)


def _job(key: str, job: Any) -> RestoreJob | None:
    if not isinstance(job, Mapping):
        raise RefusedError(f"{key}: must be a dictionary, not {shown(job)}")
    if not isinstance(job.get("in_use"), bool):
        raise RefusedError(f"{key}.in_use: must be true or false, not {shown(job.get('in_use'))}")
    if not job["in_use"]:
        return None
    for name in ("id", "snapshot_id"):
        if not blank(job.get(name)) and not isinstance(job[name], str):
            raise RefusedError(f"{key}.{name}: must be a string or null, not {shown(job[name])}")
    try:
        timestamp = None if blank(job.get("timestamp")) else instant(job["timestamp"])
    except ValueError as exc:
        raise RefusedError(f"{key}.timestamp: {exc}") from None
    return RestoreJob(
        id="" if blank(job.get("id")) else str.__str__(job["id"]),
        snapshot_id=None if blank(job.get("snapshot_id")) else str.__str__(job["snapshot_id"]).strip().lower(),
        timestamp=timestamp,
        status=None,
        delivery_status=None,
        delivery_expires_at=None,
        in_use=True,
    )
