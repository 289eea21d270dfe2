# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which snapshots the restore jobs in use need, as far as a listing tells (R11a)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._restore_job import RestoreJob
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import EPOCH
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster, is_faulty
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import shown


class InUse(NamedTuple):
    """What the restore jobs use."""

    ids: frozenset[str]
    """The listed snapshots that a job uses or may use."""
    unlisted: tuple[Note, ...]
    """A warning for each job whose snapshot is not listed."""
    unknown: str | None
    """Why a job may use any snapshot; None where all of them tell."""


def in_use(cluster: Cluster) -> InUse:
    """The snapshots that restore jobs use (R11a)."""
    if cluster.jobs is None:
        return InUse(frozenset(), (), "the restore jobs were not gathered")
    listed = {snapshot.id for snapshot in cluster.snapshots}
    ids: set[str] = set()
    unlisted: list[Note] = []
    unknown = None
    for job in cluster.jobs:
        if job.snapshot_id in listed:
            ids.add(str(job.snapshot_id))
        elif job.timestamp is None:
            unknown = unknown or f"restore job {shown(job.id)} is in use, and of what cannot be told"
        elif job.snapshot_id is None:
            ids |= _base_of(job.timestamp, cluster.snapshots)
        else:
            near = _near(job.timestamp, cluster.snapshots)
            ids |= near
            unlisted.append(_unlisted(job, near))
    return InUse(frozenset(ids), tuple(unlisted), unknown)


def _base_of(timestamp: datetime, snapshots: Sequence[Snapshot]) -> set[str]:
    """What a restore to a point in time begins with: the newest complete snapshot, or the newest sound one (R5a)."""
    return _first_of([one for one in snapshots if one.complete is True and _created(one) <= timestamp])


def _near(timestamp: datetime, snapshots: Sequence[Snapshot]) -> set[str]:
    """The snapshot of that time; without a complete one, also the nearest before and after it.

    On a sharded cluster a job can name a shard's part, whose id is not that of the snapshot.
    """
    at = {one.id for one in snapshots if _created(one) == timestamp}
    complete = [one for one in snapshots if one.complete is True]
    if any(one.id in at for one in complete):
        return at
    before = [one for one in complete if _created(one) < timestamp]
    after = complete[: len(complete) - len(before)]
    return at | _first_of(before) | _first_of(after[::-1])


def _first_of(snapshots: Sequence[Snapshot]) -> set[str]:
    """The first, and the first sound one."""
    sound = next((one.id for one in snapshots if not is_faulty(one)), None)
    return {one.id for one in snapshots[:1]} | ({sound} if sound is not None else set())


def _created(snapshot: Snapshot) -> datetime:
    # No listing is read with a snapshot that does not say (R3).
    return snapshot.created_at or EPOCH


def _unlisted(job: RestoreJob, held: set[str]) -> Note:
    kept = f"by its time it may be one of {', '.join(sorted(held))}, which are held" if held else "nothing is near it"
    uses = f"restore job {shown(job.id)} uses snapshot {shown(job.snapshot_id)}, which is not listed"
    return Note("restore_unlisted", f"{uses}; {kept}")
