# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's state and its doings, without HTTP: projects, clusters, snapshots, restore jobs, time.

Importable and fast by itself: `tick` takes and removes snapshots for a whole year in a fraction of a second.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from .accounts import Account
from .clock import Clock
from .documents import DIALECT_OF, schedule_document, snapshot_document
from .errors import Refused
from .instants import DAY, HOUR, epoch_of, iso, parse
from .nouns import NEVER, Cluster, Platform, Project, RestoreJob, Snapshot, part_id, whole_id
from .switches import Switches


class World:
    """All that the service knows. Every method may be called from any thread."""

    def __init__(self, *, seed: str = "world", clock: Clock | None = None, switches: Switches | None = None) -> None:
        self.seed = seed
        self.lock = threading.RLock()
        self.clock = clock if clock is not None else Clock()
        self._switches = switches if switches is not None else Switches()
        self.projects: dict[str, Project] = {}
        self.clusters: dict[str, Cluster] = {}
        self.accounts: dict[str, Account] = {}
        # Names that seeds give: accounts by what they are for, snapshots by what is odd about them.
        self.keys: dict[str, Account] = {}
        self.marks: dict[str, str] = {}
        self.clock.on_move(self.tick)

    @property
    def switches(self) -> Switches:
        return self._switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        with self.lock:
            self._switches = switches
            for cluster in self.clusters.values():
                # The delay may be another now: look again at the next tick.
                cluster.next_removal, cluster.revision = 0, cluster.revision + 1

    # --- building ---

    def new_id(self, *parts: object) -> str:
        """24 hex digits that are always the same for the same seed and parts."""
        return hashlib.blake2b(f"{self.seed}/{'/'.join(map(str, parts))}".encode(), digest_size=12).hexdigest()

    def add_project(self, name: str, platform: Platform, **more: Any) -> Project:
        project = Project(self.new_id("project", name), name, self.new_id("org"), platform, **more)
        self.projects[project.id] = project
        return project

    def add_cluster(self, project: Project, name: str, **more: Any) -> Cluster:
        cluster = Cluster(self.new_id("cluster", project.id, name), name, project.id, **more)
        with self.lock:
            cluster.born = cluster.born or self.clock.epoch
            self.clusters[cluster.id] = cluster
        return cluster

    def add_account(self, account: Account) -> Account:
        self.accounts[account.id] = self.keys[account.name] = account
        return account

    def add_snapshot(
        self,
        cluster: Cluster | str,
        created: datetime | int,
        expires: datetime | int | None = None,
        **more: Any,
    ) -> Snapshot:
        """Put one snapshot there, whatever the schedule says; `more` are fields of Snapshot."""
        with self.lock:
            where, born = self.cluster(cluster), epoch_of(created)
            fields: dict[str, Any] = {"id": self._snapshot_id(where, born), "data_bytes": _size(where, born), **more}
            ends = None if expires is None else epoch_of(expires)
            return self._put(where, Snapshot(created=born, expires=ends, **fields))

    def add_restore(
        self,
        cluster: Cluster | str,
        snapshot: Snapshot | str | None = None,
        at: datetime | int | None = None,
        **more: Any,
    ) -> list[RestoreJob]:
        """A restore of a snapshot, or to a point in time. On a sharded cluster: one job for each part (contract 9)."""
        with self.lock:
            where = self.cluster(cluster)
            source = where.snapshots[snapshot] if isinstance(snapshot, str) else snapshot
            now = self.clock.epoch
            stamp = epoch_of(at) if at is not None else source.created if source is not None else now
            batch = self.new_id("batch", where.id, len(where.jobs)) if where.sharded else None
            jobs = [
                RestoreJob(
                    id=self.new_id("job", where.id, len(where.jobs) + number),
                    created=now,
                    snapshot_id=None if source is None else part_id(source.id, part),
                    timestamp=stamp,
                    timestamp_increment=1 if source is None else source.increment,
                    batch_id=batch,
                    part=part,
                    **more,
                )
                for number, part in enumerate(range(1, len(where.shards) + 2) if where.sharded else (0,))
            ]
            where.jobs.extend(jobs)
            return jobs

    def clear_restores(self, cluster: Cluster | str) -> None:
        with self.lock:
            self.cluster(cluster).jobs.clear()

    # --- looking ---

    def cluster(self, key: Cluster | str) -> Cluster:
        """By itself, id or name."""
        if isinstance(key, Cluster):
            return self.clusters[key.id]
        if key in self.clusters:
            return self.clusters[key]
        named = [cluster for cluster in self.clusters.values() if cluster.name == key]
        if len(named) != 1:
            raise KeyError(key)
        return named[0]

    @property
    def main(self) -> Cluster:
        """The cluster that a seed is about: its first."""
        return next(iter(self.clusters.values()))

    def project_of(self, cluster: Cluster | str) -> Project:
        return self.projects[self.cluster(cluster).project_id]

    def snapshots(self, cluster: Cluster | str) -> list[Snapshot]:
        """All of them, newest first by (created, increment, id)."""
        with self.lock:
            return sorted(self.cluster(cluster).snapshots.values(), key=_age, reverse=True)

    def in_use(self, cluster: Cluster | str, snapshot: Snapshot) -> bool:
        """A restore job needs it: it names it, or (a sharded one's parts) carries its time."""
        where, now = self.cluster(cluster), self.clock.epoch
        return any(
            job.in_use(now) and job.snapshot_id is not None and whole_id(job.snapshot_id) == whole_id(snapshot.id)
            for job in where.jobs
        )

    def state(self) -> dict[str, dict[str, tuple[str | None, bool]]]:
        """What a run can change, to compare worlds by: cluster id -> snapshot id -> (expires, doNotDelete)."""
        with self.lock:
            return {
                cluster.id: {
                    one.id: (None if one.expires is None else iso(one.expires), one.do_not_delete)
                    for one in cluster.snapshots.values()
                }
                for cluster in self.clusters.values()
            }

    def copy(self) -> World:
        """A world of its own in the same state: seed once, run many times."""
        with self.lock:
            twin = World(seed=self.seed, clock=self.clock.copy(), switches=self.switches)
            twin.projects, twin.accounts = dict(self.projects), dict(self.accounts)
            twin.keys, twin.marks = dict(self.keys), dict(self.marks)
            twin.clusters = {key: cluster.copy() for key, cluster in self.clusters.items()}
            return twin

    # --- the documents, for tests without HTTP ---

    def document(self, snapshot: Snapshot, cluster: Cluster | str | None = None) -> dict[str, Any]:
        """The snapshot as the cluster's own platform answers it (Atlas: v2)."""
        where = self.main if cluster is None else self.cluster(cluster)
        if cluster is None and snapshot.id not in where.snapshots:
            where = next(one for one in self.clusters.values() if snapshot.id in one.snapshots)
        project = self.projects[where.project_id]
        return snapshot_document(snapshot, where, project, DIALECT_OF[project.platform], self.switches)

    def documents(self, cluster: Cluster | str) -> list[dict[str, Any]]:
        """All of a cluster's, incomplete ones too, newest first."""
        return [self.document(one, cluster) for one in self.snapshots(cluster)]

    def schedule_document(self, cluster: Cluster | str) -> dict[str, Any]:
        where = self.cluster(cluster)
        project = self.projects[where.project_id]
        return schedule_document(where, project, DIALECT_OF[project.platform], self.switches)

    # --- what callers may do ---

    def find(self, cluster: Cluster | str, snapshot_id: str) -> Snapshot:
        with self.lock:
            where = self.cluster(cluster)
            found = where.snapshots.get(snapshot_id)
            if found is None:
                raise Refused("SNAPSHOT_NOT_FOUND", snapshot_id, where.id)
            return found

    def patch(self, cluster: Cluster | str, snapshot_id: str, body: object) -> Snapshot:
        """Change expires and doNotDelete, by the rules of contract 2.1."""
        with self.lock:
            where = self.cluster(cluster)
            found = self.find(where, snapshot_id)
            hold, text = _wanted(body)
            changed = self._changed(where, found, hold, text)
            same = (changed.expires, changed.do_not_delete) == (found.expires, found.do_not_delete)
            if same and self.switches.same_value_patch == "refused":
                raise Refused("CANNOT_MODIFY_SNAPSHOT")
            return self._put(where, changed)

    def delete(self, cluster: Cluster | str, snapshot_id: str, *, backup_admin: bool = True) -> None:
        """Remove one snapshot, by the rules of contract 2.2."""
        with self.lock:
            where = self.cluster(cluster)
            found = self.find(where, snapshot_id)
            self._check_delete(where, found, backup_admin)
            del where.snapshots[snapshot_id]
            where.revision += 1

    def take_on_demand(self, cluster: Cluster | str, retention_days: int) -> Snapshot:
        """Contract 1.1: Ops Manager's on-demand snapshot; afterwards it looks like any other (contract 10)."""
        with self.lock:
            now = self.clock.epoch
            return self.add_snapshot(cluster, now, now + retention_days * DAY)

    def set_backup(self, cluster: Cluster | str, status: str) -> None:
        """Stop keeps the snapshots, terminate deletes them at once (contract 10)."""
        with self.lock:
            where = self.cluster(cluster)
            where.backup = status
            if status == "TERMINATING":
                where.snapshots.clear()
            # What was missed in a pause is not made up for.
            where.next_slot = where.schedule.slot_after(self.clock.epoch)
            where.revision += 1

    # --- what others do behind the caller's back: for races ---

    def change(self, cluster: Cluster | str, snapshot_id: str, **fields: Any) -> Snapshot:
        """Set fields of a snapshot with no rule asked."""
        with self.lock:
            where = self.cluster(cluster)
            if isinstance(fields.get("expires"), datetime):
                fields["expires"] = epoch_of(fields["expires"])
            return self._put(where, replace(where.snapshots[snapshot_id], **fields))

    def hold(self, cluster: Cluster | str, snapshot_id: str) -> Snapshot:
        return self.change(cluster, snapshot_id, do_not_delete=True, expires=None, expires_text=None)

    def remove(self, cluster: Cluster | str, snapshot_ids: Iterable[str] | str) -> None:
        with self.lock:
            where = self.cluster(cluster)
            for one in [snapshot_ids] if isinstance(snapshot_ids, str) else list(snapshot_ids):
                del where.snapshots[one]
            where.revision += 1

    # --- time ---

    def tick(self, to: datetime | int | None = None) -> None:
        """Do all that is due up to now; with `to`, move the clock there first."""
        if to is not None:
            self.clock.set(to)
            return
        with self.lock:
            now = self.clock.epoch
            for cluster in self.clusters.values():
                self._run_schedule(cluster, now)
                self._remove_expired(cluster, now)

    def sweep(self, cluster: Cluster | str | None = None) -> int:
        """Remove what has expired, now; gives the number. With `removal="when_told"` the only way."""
        with self.lock:
            every = self.clusters.values() if cluster is None else (self.cluster(cluster),)
            return sum(self._sweep(one, self.clock.epoch, 0) for one in every)

    # --- inside ---

    def _snapshot_id(self, cluster: Cluster, created: int) -> str:
        """The shape of an object id: its time first. The last two digits tell a part from the whole."""
        cluster.counter += 1
        text = f"{self.seed}/{cluster.id}/{cluster.counter}"
        return f"{created & 0xFFFFFFFF:08x}{hashlib.blake2b(text.encode(), digest_size=7).hexdigest()}00"

    def _put(self, cluster: Cluster, snapshot: Snapshot) -> Snapshot:
        cluster.snapshots[snapshot.id] = snapshot
        cluster.revision += 1
        cluster.next_removal = min(cluster.next_removal, snapshot.ends + self._delay)
        return snapshot

    @property
    def _delay(self) -> int:
        switches = self.switches
        return switches.removal_delay_hours * HOUR if switches.removal == "later" else 0

    def _changed(self, cluster: Cluster, found: Snapshot, hold: bool | None, text: str | None) -> Snapshot:
        switches, now = self.switches, self.clock.epoch
        if hold and text is not None:
            raise Refused(switches.hold_with_expires, "expires")
        if found.expires is not None and found.expires <= now:
            raise Refused(switches.edit_expired)
        if hold:
            return replace(found, do_not_delete=True, expires=None, expires_text=None)
        if text is not None:
            return self._dated(found, hold, text, now)
        if hold is False and found.do_not_delete:
            ends = self._after_release(cluster, found, now)
            return replace(found, do_not_delete=False, expires=ends, dated=now)
        return found

    def _dated(self, found: Snapshot, hold: bool | None, text: str, now: int) -> Snapshot:
        switches = self.switches
        expires, fraction = _date(text)
        if fraction and switches.fractions == "refused":
            raise Refused("FRACTIONAL_TIMESTAMP")
        if switches.max_expiry_days and expires > now + switches.max_expiry_days * DAY:
            raise Refused("INVALID_ATTRIBUTE", "expires")
        if found.do_not_delete and hold is None:
            if switches.date_held == "refused":
                raise Refused("CANNOT_MODIFY_SNAPSHOT")
            if switches.date_held == "ignored":
                return found
        return replace(found, do_not_delete=False, expires=expires, expires_text=text, dated=now)

    def _after_release(self, cluster: Cluster, found: Snapshot, now: int) -> int | None:
        """Contract 2.1, point 6: what doNotDelete:false alone leaves behind is unknown."""
        if self.switches.release_expires == "removed":
            return None
        if self.switches.release_expires == "past":
            return now
        return found.created + cluster.schedule.retention_days * DAY

    def _check_delete(self, cluster: Cluster, found: Snapshot, backup_admin: bool) -> None:
        switches, project = self.switches, self.projects[cluster.project_id]
        if project.compliance_policy:
            raise Refused("CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY")
        if found.do_not_delete and switches.delete_held == "refused":
            raise Refused("CANNOT_MODIFY_SNAPSHOT")
        if not found.complete and switches.delete_incomplete == "refused":
            raise Refused("CANNOT_DELETE_IN_PROGRESS_SNAPSHOT")
        if switches.delete_in_use == "refused" and self.in_use(cluster, found):
            raise Refused("LINK_EXPIRATION_AFTER_SNAPSHOT_DELETION", found.id)
        window = self.clock.epoch - cluster.schedule.pit_hours * HOUR
        if project.platform != "atlas" and not backup_admin and found.created > window:
            raise Refused(switches.pit_delete_error)

    def _run_schedule(self, cluster: Cluster, now: int) -> None:
        if cluster.backup != "STARTED" or cluster.cloud_backup:
            return
        if cluster.next_slot is None:
            cluster.next_slot = cluster.schedule.slot_after(max(cluster.born, cluster.last_slot or 0))
        switches = self.switches
        while cluster.next_slot <= now:
            slot = cluster.next_slot
            self._remove_expired(cluster, slot)
            expires = cluster.schedule.expiry(slot, cluster.last_slot, switches.long_lived, switches.week_start)
            self._put(
                cluster,
                Snapshot(self._snapshot_id(cluster, slot), slot, 1, expires, data_bytes=_size(cluster, slot)),
            )
            cluster.last_slot, cluster.next_slot = slot, cluster.schedule.slot_after(slot)

    def _remove_expired(self, cluster: Cluster, now: int) -> None:
        if cluster.next_removal <= now and self.switches.removal != "when_told":
            self._sweep(cluster, now, self._delay)

    def _sweep(self, cluster: Cluster, now: int, delay: int) -> int:
        due = [one for one in cluster.snapshots.values() if one.ends + delay <= now]
        kept = self._last_restorable(cluster, due)
        for one in due:
            if one.id != kept:
                del cluster.snapshots[one.id]
        cluster.next_removal = min((one.ends for one in cluster.snapshots.values()), default=NEVER) + self._delay
        gone = len(due) - (kept is not None)
        cluster.revision += 1 if gone else 0
        return gone

    def _last_restorable(self, cluster: Cluster, due: list[Snapshot]) -> str | None:
        """Contract 10: Ops Manager always preserves at least one restorable snapshot, past its expiry."""
        platform = self.projects[cluster.project_id].platform
        if self.switches.keep_last_restorable != "all" and platform != "ops_manager":
            return None
        going = {one.id for one in due}
        if any(one.complete and one.id not in going for one in cluster.snapshots.values()):
            return None
        complete = [one for one in due if one.complete]
        return max(complete, key=_age).id if complete else None


def _age(snapshot: Snapshot) -> tuple[int, int, str]:
    return snapshot.created, snapshot.increment, snapshot.id


def _size(cluster: Cluster, created: int) -> int:
    """Data grows a little every day; the last digits are there so that no two are alike."""
    days = max(0, created - cluster.born) // DAY
    return cluster.base_bytes + cluster.daily_bytes * days + created % 9973


_READ_ONLY = frozenset(
    "id groupId clusterId clusterName complete created lastOplogAppliedTimestamp incremental isPossiblyInconsistent"
    " missingShards namespaceFilterList links parts".split()
)


def _wanted(body: object) -> tuple[bool | None, str | None]:
    """doNotDelete and expires out of a PATCH body; everything else is refused with 400 (contract 2.1, point 8)."""
    if not isinstance(body, Mapping):
        raise Refused("INVALID_JSON")
    for name in body:
        if name in _READ_ONLY:
            raise Refused("ATTRIBUTE_READ_ONLY", name)
        if name not in ("expires", "doNotDelete"):
            raise Refused("INVALID_ATTRIBUTE", name)
    hold, text = body.get("doNotDelete"), body.get("expires")
    if "doNotDelete" in body and not isinstance(hold, bool):
        raise Refused("INVALID_JSON_ATTRIBUTE", "doNotDelete")
    if "expires" in body and not isinstance(text, str):
        raise Refused("INVALID_JSON_ATTRIBUTE", "expires")
    return hold, text


def _date(text: str) -> tuple[int, bool]:
    try:
        return parse(text)
    except ValueError:
        raise Refused("INVALID_JSON_ATTRIBUTE", "expires") from None
