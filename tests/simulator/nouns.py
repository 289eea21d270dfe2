# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service knows of: projects, clusters, snapshots, restore jobs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from .schedule import Schedule

Platform = Literal["atlas", "cloud_manager", "ops_manager"]
NEVER = 1 << 62


@dataclass(frozen=True)
class Project:
    id: str
    name: str
    org_id: str
    platform: Platform
    # Contract 4: CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY.
    compliance_policy: bool = False


@dataclass(frozen=True)
class Snapshot:
    """One snapshot of a whole cluster. Instants are epoch seconds; `expires` None is: none."""

    id: str
    created: int
    increment: int = 1
    expires: int | None = None
    do_not_delete: bool = False
    complete: bool = True
    incremental: bool = True
    possibly_inconsistent: bool = False
    data_bytes: int = 0
    # The date as it was sent, for a service that echoes (contract 2.1, point 7).
    expires_text: str | None = None
    # When somebody last changed the expiry: a past one does not act before that.
    dated: int = 0

    @property
    def ends(self) -> int:
        """From when on it may be removed."""
        return NEVER if self.expires is None else max(self.expires, self.dated)


@dataclass(frozen=True)
class RestoreJob:
    """Contract 9. Without `snapshot_id`: a restore to a point in time."""

    id: str
    created: int
    snapshot_id: str | None
    timestamp: int
    timestamp_increment: int = 1
    status: str = "IN_PROGRESS"
    method: str = "HTTP"
    delivery_status: str = "IN_PROGRESS"
    delivery_expires: int | None = None
    batch_id: str | None = None
    # The part (1, 2, …) whose id and cluster id this job carries; 0 is the whole.
    part: int = 0

    def in_use(self, now: int) -> bool:
        if self.status not in ("FINISHED", "BROKEN", "KILLED"):
            return True
        return self.delivery_status == "READY" and self.delivery_expires is not None and self.delivery_expires > now


@dataclass
class Cluster:
    """A replica set (no shards), or a sharded cluster with a config server."""

    id: str
    name: str
    project_id: str
    shards: tuple[str, ...] = ()
    schedule: Schedule = field(default_factory=Schedule)
    # Contract 6: INACTIVE, PROVISIONING, STARTED, STOPPED, TERMINATING.
    backup: str = "STARTED"
    cloud_backup: bool = False
    # Contract 11: the code by which versions before 2024-08-05 refuse it; "" is none (switch older_clusters).
    beyond: str = ""
    # Contract 11: a Flex cluster, which the cluster API refuses.
    flex: bool = False
    # Contract 11, CM/OM: the deployment is gone; its backup configuration and its snapshots remain.
    gone: bool = False
    version: str = "4.0.28"
    base_bytes: int = 120 * 1024**3
    daily_bytes: int = 96 * 1024**2
    born: int = 0
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    jobs: list[RestoreJob] = field(default_factory=list)
    # Bumped at each change of the snapshots, for whoever keeps what follows from them.
    revision: int = 0
    last_slot: int | None = None
    next_slot: int | None = None
    next_removal: int = NEVER
    counter: int = 0

    @property
    def sharded(self) -> bool:
        return bool(self.shards)

    def copy(self) -> Cluster:
        return replace(self, snapshots=dict(self.snapshots), jobs=list(self.jobs))


def part_id(snapshot_id: str, part: int) -> str:
    """The id that a part of a sharded cluster's snapshot has on its own cluster; part 0 is the whole."""
    return f"{snapshot_id[:22]}{part:02x}" if part else snapshot_id


def whole_id(snapshot_id: str) -> str:
    return snapshot_id[:22] + "00"
