# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which snapshots the restore jobs in use need, as far as a listing tells (R11a)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._restore_job import RestoreJob, needed_by
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster
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
        try:
            needed = needed_by(job, listed, cluster.snapshots)
        except ValueError as exc:
            unknown = unknown or str(exc)
            continue
        ids.update(needed)
        if job.snapshot_id is not None and job.snapshot_id not in listed:
            unlisted.append(_unlisted(job, needed))
    return InUse(frozenset(ids), tuple(unlisted), unknown)


def _unlisted(job: RestoreJob, held: Sequence[str]) -> Note:
    kept = f"by its time it may be one of {', '.join(sorted(held))}, which are held" if held else "nothing is near it"
    uses = f"restore job {shown(job.id)} uses snapshot {shown(job.snapshot_id)}, which is not listed"
    return Note("restore_unlisted", f"{uses}; {kept}")
