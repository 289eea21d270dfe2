# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""List the snapshots of a cluster: what the options ask for, and the result of `legacy_snapshot_info`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable

from ._api.errors import ApiError, OptionError
from ._restore_job import job_to_result
from ._snapshot import Snapshot, newest_first, parse_instant, parse_object_id, to_result
from ._snapshot_api import Service

_DATES = ("created_after", "created_before", "expires_after", "expires_before")
FILTERS = (*_DATES, "do_not_delete")
# How the service says that a cluster has no schedule, or that it cannot be told now (contract 6).
_NO_SCHEDULE = {400: "absent", 404: "absent", 409: "unavailable"}


@dataclass(frozen=True)
class Query:
    """What is to be listed. None means "any"."""

    snapshot_id: str | None
    completeness: str
    dates: Mapping[str, datetime]
    do_not_delete: bool | None
    limit: int | None
    gather: Sequence[str]

    @property
    def is_filtered(self) -> bool:
        return bool(self.dates) or self.do_not_delete is not None or self.snapshot_id is not None

    def matches(self, snapshot: Snapshot) -> bool:
        """Whether a snapshot passes the filters. Without a date it passes no date."""
        if self.do_not_delete is not None and bool(snapshot.do_not_delete) != self.do_not_delete:
            return False
        times = {"created": snapshot.created_at, "expires": snapshot.expires_at}
        for name, limit in self.dates.items():
            what, _underscore, side = name.partition("_")
            moment = times[what]
            if moment is None or (moment < limit if side == "after" else moment >= limit):
                return False
        return True


def query(params: Mapping[str, Any]) -> Query:
    """What the options ask for. Raises OptionError."""
    if params["limit"] is not None and params["limit"] < 1:
        raise OptionError(f"limit is {params['limit']}: it is 1 or more. Leave it out for all.")
    try:
        snapshot_id = None if params["snapshot_id"] is None else parse_object_id(params["snapshot_id"])
    except ValueError as exc:
        raise OptionError(f"snapshot_id: {exc}.") from exc
    dates = {name: _date(params, name) for name in _DATES if params[name] is not None}
    return Query(snapshot_id, params["completeness"], dates, params["do_not_delete"], params["limit"], params["gather"])


def _date(params: Mapping[str, Any], name: str) -> datetime:
    try:
        return parse_instant(params[name])
    except ValueError as exc:
        raise OptionError(f"{name}: {exc}, such as 2026-01-31T00:00:00Z.") from exc


def listing(
    service: Service, project_id: str, asked: Query, now: datetime, warn: Callable[[str], None]
) -> dict[str, Any]:
    """The result of the module."""
    found = _found(service, asked)
    matching = newest_first([snapshot for snapshot in found if asked.matches(snapshot)])
    shown = matching[: asked.limit]
    cluster = service.cluster
    jobs = _restore_jobs(service, now) if "restore_jobs" in asked.gather else None
    schedule, status = _schedule(service, warn) if "schedule" in asked.gather else (None, None)
    return {
        "snapshots": [to_result(snapshot, "parts" in asked.gather) for snapshot in shown],
        "total": len(matching),
        "truncated": len(shown) < len(matching),
        "filtered": asked.is_filtered,
        "completeness": asked.completeness,
        "project_id": project_id,
        "cluster_id": cluster.id or _first(one.cluster_id for one in found),
        "cluster_name": cluster.name or _first(one.cluster_name for one in found),
        "schedule": schedule,
        "schedule_status": status,
        "restore_jobs": jobs,
    }


def _first(values: Iterable[str | None]) -> str | None:
    return next(filter(None, values), None)


def _restore_jobs(service: Service, now: datetime) -> list[dict[str, Any]]:
    return [job_to_result(job) for job in service.restore_jobs(now)]


def _found(service: Service, asked: Query) -> list[Snapshot]:
    if asked.snapshot_id is None:
        return service.snapshots(asked.completeness)
    snapshot = service.snapshot(asked.snapshot_id)
    return [] if snapshot is None else [snapshot]


def _schedule(service: Service, warn: Callable[[str], None]) -> tuple[dict[str, Any] | None, str]:
    """The schedule, and its status: read, absent or unavailable."""
    try:
        return service.schedule(), "read"
    except ApiError as error:
        status = _NO_SCHEDULE.get(error.status or 0)
        if status is None:
            raise
        what = "has no snapshot schedule" if status == "absent" else "does not tell its snapshot schedule now"
        warn(f"Cluster {service.cluster.key} {what}: {error}")
        return None, status
