# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for all changes of a call together: the newest snapshot, and those that a restore uses, stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Callable

from ._api.errors import ApiError
from ._restore_job import used_snapshots
from ._snapshot import Snapshot, age_key
from ._snapshot_api import Reading, Service
from ._snapshot_change import ItemError, Step


def keep_newest(steps: list[Step], reading: Reading, service: Service, now: datetime) -> list[Step]:
    """The steps, failed where one would delete or shorten the newest complete snapshot of the cluster."""
    lost = {step.desired.id: step.before for step in steps if step.deletes_or_shortens and step.before is not None}
    if not lost:
        return steps
    newest_lost = max(map(age_key, lost.values()))

    def is_newer_and_kept(snapshot: Snapshot | None) -> bool:
        if snapshot is None or snapshot.id in lost:
            return False
        return snapshot.is_restorable(now) and age_key(snapshot) > newest_lost

    try:
        # One of the snapshots already read is mostly newer.
        if any(map(is_newer_and_kept, reading.found.values())) or service.any_other(reading, is_newer_and_kept):
            return steps
        newest_id = _newest_complete(service.snapshots(), now)
    except ApiError as exc:
        detail = f"Which snapshot is the newest complete one cannot be told, so nothing is deleted or shortened: {exc}"
        error = ItemError(exc.code, detail, exc.status)
        return _fail_losses(steps, lambda _snapshot_id: error)
    return _fail_losses(steps, lambda snapshot_id: _newest(snapshot_id) if snapshot_id == newest_id else None)


def _newest_complete(listed: Sequence[Snapshot], now: datetime) -> str | None:
    """The id of the newest complete snapshot. Without a better one, an expired one counts (contract 10)."""
    complete = [snapshot for snapshot in listed if snapshot.complete]
    newest = max([one for one in complete if one.is_restorable(now)] or complete, key=age_key, default=None)
    return None if newest is None else newest.id


def _newest(snapshot_id: str) -> ItemError:
    return ItemError(
        "NEWEST",
        f"Snapshot {snapshot_id} is the newest complete one of the cluster, and is neither deleted nor made to expire "
        "sooner: nothing newer is left to restore. Look at the backups. To do it all the same, set unless_newest to "
        "false.",
    )


def keep_restoring(steps: list[Step], service: Service, now: datetime) -> list[Step]:
    """The steps, failed where one would delete or shorten a snapshot that a restore job uses."""
    if not any(step.deletes_or_shortens for step in steps):
        return steps
    try:
        used = _used(steps, service, now)
    except (ApiError, ValueError) as exc:
        detail = f"Which snapshots a restore uses cannot be told, so nothing is deleted or shortened: {exc}"
        status, code = (exc.status, exc.code) if isinstance(exc, ApiError) else (None, "RESTORING")
        error = ItemError(code, detail, status)
        return _fail_losses(steps, lambda _snapshot_id: error)
    return _fail_losses(
        steps, lambda snapshot_id: _restoring(snapshot_id, used[snapshot_id]) if snapshot_id in used else None
    )


def _used(steps: Sequence[Step], service: Service, now: datetime) -> Mapping[str, str]:
    """The restore job that uses a snapshot, by the snapshot's id."""
    jobs = service.restore_jobs(now)
    known = [step.before for step in steps if step.before is not None]
    # A restore to a point in time begins with one of all the snapshots.
    if any(job.in_use and job.snapshot_id is None for job in jobs):
        known = service.snapshots()
    return used_snapshots(jobs, known)


def _restoring(snapshot_id: str, job_id: str) -> ItemError:
    return ItemError(
        "RESTORING",
        f"Snapshot {snapshot_id} is used by restore job {job_id}, and is neither deleted nor made to expire sooner. "
        "Try again when the restore has ended. To do it all the same, set unless_restoring to false.",
    )


def _fail_losses(steps: Sequence[Step], error_for: Callable[[str], ItemError | None]) -> list[Step]:
    """The steps, failed where they delete or shorten a snapshot whose id has an error."""
    errors = {step.desired.id: error_for(step.desired.id) for step in steps if step.deletes_or_shortens}
    return [step if (error := errors.get(step.desired.id)) is None else step.failed(error) for step in steps]
