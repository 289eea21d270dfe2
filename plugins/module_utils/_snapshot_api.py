# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The snapshots of one cluster, and what belongs to them, on each dialect.

Endpoints and their traps are those of the API contract, whose sections are named below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.client import Client
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError, OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.redaction import readable
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.settings import ATLAS_V2, NEWER_CLUSTERS
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.workers import Runner, one_by_one
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._restore_job import RestoreJob, job_from_api
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import (
    OBJECT_ID,
    Snapshot,
    format_instant,
    from_api,
    snake_case,
)

CLUSTER_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*\Z")  # in paths, on Atlas (1)
ALL, COMPLETE, INCOMPLETE = "all", "complete", "incomplete"
# What a schedule says (6); an answer with none of it is something else.
_SCHEDULE = {
    "snapshot_interval_hours",
    "snapshot_retention_days",
    "daily_snapshot_retention_days",
    "weekly_snapshot_retention_weeks",
    "monthly_snapshot_retention_months",
    "point_in_time_window_hours",
}
_COMPLETED = {ALL: "all", COMPLETE: "true", INCOMPLETE: "false"}


@dataclass(frozen=True)
class Cluster:
    """The cluster as it was named, completed by what the service said of it."""

    key: str  # what stands in paths: the name on Atlas, the id elsewhere
    name: str | None
    id: str | None


@dataclass(frozen=True)
class Reading:
    """What a look at some snapshots found: the snapshot, None where it is not there, or why it could not be read.

    `beside` are the rows of the listing that came along without having been asked for, not yet parsed.
    """

    found: Mapping[str, Snapshot | None]
    failed: Mapping[str, ApiError]
    beside: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Deleted:
    """What became of a DELETE: whether it was ours, or there was nothing left to delete."""

    by_us: bool


def find_cluster(client: Client, project_id: str, name: str | None, cluster_id: str | None) -> Cluster:
    """The cluster that options name (interface, "Naming the cluster").

    Costs a request only where a name is to be looked up, or where both are given and have to agree.
    Raises OptionError before any request, and ApiError for a cluster that is not there, a name that fits
    two, and names that do not agree.
    """
    by_name = client.dialect.cluster_in_path == "name"
    if by_name and name is None:
        raise OptionError("cluster_name is required on Atlas, whose paths take the name and not the id.")
    if by_name and not CLUSTER_NAME.match(name or ""):
        raise OptionError(
            f"cluster_name {name!r} is no name of an Atlas cluster: letters, digits and hyphens, no others."
        )
    if name is None or (by_name and cluster_id is None):
        return Cluster(name if by_name and name else cluster_id or "", name, cluster_id)
    if cluster_id is None:
        found = _id_of(_by_name(client.listing("groups", project_id, "clusters"), name, project_id))
        if not OBJECT_ID.match(found):
            raise ApiError(f"The service says that the id of cluster {name!r} is {_named(found)}, which is no id.")
        return Cluster(found, name, found)
    key, given = (name or "", ("id", cluster_id)) if by_name else (cluster_id, ("clusterName", name))
    own = _document(client, project_id, key, by_name)
    if own.get(given[0]) != given[1]:
        raise ApiError(
            f"cluster_name {name!r} and cluster_id {cluster_id!r} are not the same cluster: the service says that its "
            f"{'id' if by_name else 'name'} is {_named(own.get(given[0]))}. Correct one of the two, or leave one out."
        )
    return Cluster(key, name, cluster_id)


def _document(client: Client, project_id: str, key: str, by_name: bool) -> dict[str, Any]:
    """What the service says of one cluster: of the same size however many the project has.

    Where it says that there is none, all are listed, to name those that there are.
    """
    path = ("groups", project_id, "clusters")
    try:
        return client.get(*path, key)
    except ApiError as error:
        if error.status == 404:
            rows = client.listing(*path)
            own = next((row for row in rows if row.get("name" if by_name else "id") == key), None)
            if own is None:
                raise _no_cluster(key, project_id, rows) from error
            return own
        if error.status not in (406, 410) or client.dialect is not ATLAS_V2:
            raise
        return client.get(*path, key, media_type=NEWER_CLUSTERS)


def _by_name(rows: list[dict[str, Any]], name: str, project_id: str) -> dict[str, Any]:
    """The entry of a cluster by its name; a sharded cluster has one of its own beside those of its shards (6)."""
    named = [row for row in rows if row.get("clusterName") == name]
    named = named or [row for row in rows if row.get("replicaSetName") == name]
    sharded = [row for row in named if str(row.get("typeName", "")).startswith("SHARDED")]
    own = sharded or [
        row for row in named if not row.get("shardName") and not str(row.get("typeName", "")).startswith("CONFIG")
    ]
    if len(own) > 1:
        ids = sorted(readable(row.get("id")) for row in own)
        raise ApiError(
            f"{len(own)} clusters of project {project_id} are called {name!r}: give cluster_id, one of "
            f"{', '.join(ids[:10])}{' …' if len(ids) > 10 else ''}."
        )
    if not own:
        raise _no_cluster(name, project_id, rows)
    return own[0]


def _no_cluster(value: str | None, project_id: str, rows: list[dict[str, Any]]) -> ApiError:
    names = sorted({readable(row.get("name") or row.get("clusterName") or row.get("id"))[:100] for row in rows})
    shown = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
    return ApiError(
        f"There is no cluster {value!r} in project {project_id}. "
        f"{f'The project has: {shown}.' if names else 'The project has no clusters that this key sees.'}",
        status=404,
        code="CLUSTER_NOT_FOUND",
    )


class Service:
    """The snapshots of one cluster. Every method raises ApiError."""

    def __init__(self, client: Client, project_id: str, cluster: Cluster) -> None:
        self._client = client
        self._project_id = project_id
        self.cluster = cluster
        self._base = ("groups", project_id, "clusters", cluster.key)

    def snapshots(self, completeness: str = ALL) -> list[Snapshot]:
        """All snapshots, in no particular order. By default the service hides incomplete ones (1.2)."""
        query = {"completed": _COMPLETED[completeness]}
        try:
            found = self._client.listing_of(from_api, *self._base, "snapshots", query=query)
        except ValueError as exc:
            raise self._unreadable("snapshots", exc) from exc
        if len({snapshot.id for snapshot in found}) < len(found):
            # Ids are the same in any case of letters.
            raise self._unreadable("snapshots", ValueError("one id comes twice"))
        return found

    def snapshot(self, snapshot_id: str) -> Snapshot | None:
        """One snapshot, or None where it is not there."""
        reading = self.read([snapshot_id], one_by_one)
        if snapshot_id in reading.failed:
            raise reading.failed[snapshot_id]
        return reading.found[snapshot_id]

    def read(self, ids: Sequence[str], run: Runner, look_around: bool = False) -> Reading:
        """The present state of some snapshots, by as few requests as will do.

        One page of the listing tells whether reading on costs less than single reads. What a listing
        lacks is confirmed by a read, and a 404 that does not say SNAPSHOT_NOT_FOUND is settled by a
        listing made after it. `look_around` has a page listed for a single snapshot too.
        """
        found: dict[str, Snapshot | None] = {}
        failed: dict[str, ApiError] = {}
        beside: list[Mapping[str, Any]] = []
        if len(ids) > 1 or (ids and look_around):
            try:
                found.update(self._from_listing(ids, beside))
            except ApiError as error:
                if error.meets_all:
                    return Reading(found, {ids[0]: error})
        missing = [snapshot_id for snapshot_id in ids if snapshot_id not in found]
        unclear: dict[str, ApiError] = {}

        def one(snapshot_id: str) -> ApiError | None:
            try:
                found[snapshot_id] = self._single(snapshot_id)
            except ApiError as error:
                (unclear if error.status == 404 else failed)[snapshot_id] = error
                return error
            return None

        run(missing, one, lambda error: error is not None and error.meets_all)
        self._settle(unclear, found, failed)
        return Reading(found, failed, beside)

    def any_beside(self, reading: Reading, test: Callable[[Snapshot], bool]) -> bool:
        """Whether one of the rows beside those asked for passes the test."""
        return any(test(snapshot) for row in reading.beside for snapshot in self._parsed([row]))

    def _from_listing(self, ids: Sequence[str], beside: list[Mapping[str, Any]]) -> dict[str, Snapshot]:
        asked, wanted = frozenset(ids), set(ids)
        found: dict[str, Snapshot] = {}
        seen: set[str] = set()
        # No more pages than single reads would cost, also where the next one is always promised; one at least.
        for number in range(1, max(2, len(ids))):
            page = self._client.page(*self._base, "snapshots", number=number, query={"completed": "all"})
            beside += [row for row in page.rows if _id_of(row) not in asked]
            for snapshot in self._parsed(row for row in page.rows if _id_of(row) in asked):
                # Twice: one of the two would have to be guessed, so it is read by itself.
                if snapshot.id in seen:
                    found.pop(snapshot.id, None)
                else:
                    found[snapshot.id] = snapshot
                seen.add(snapshot.id)
                wanted.discard(snapshot.id)
            # The count is an estimate, good enough to choose the cheaper way by.
            pages_left = max(1, -(-(page.total or 0) // max(1, len(page.rows))) - number)
            if page.is_last or pages_left >= len(wanted):
                break
        return found

    def _single(self, snapshot_id: str) -> Snapshot | None:
        try:
            body = self._client.get(*self._base, "snapshots", snapshot_id)
        except ApiError as error:
            if is_gone(error):
                return None
            raise
        return self._the_one(body, snapshot_id, "GET")

    def _now(self, snapshot_id: str) -> Snapshot | None:
        """The snapshot as it is now; None where it is not there or cannot be read."""
        try:
            return self._single(snapshot_id)
        except ApiError:
            return None

    def _settle(
        self, unclear: Mapping[str, ApiError], found: dict[str, Snapshot | None], failed: dict[str, ApiError]
    ) -> None:
        if not unclear:
            return
        try:
            listed = {snapshot.id for snapshot in self.snapshots(ALL)}
        except ApiError as error:
            # What the listing says of cluster or project tells more than a 404 without a word.
            failed.update(dict.fromkeys(unclear, error))
            return
        for snapshot_id, refusal in unclear.items():
            if snapshot_id in listed:
                failed[snapshot_id] = refusal
            else:
                found[snapshot_id] = None

    def change(self, before: Snapshot, expires_at: datetime | None, do_not_delete: bool | None) -> Snapshot:
        """Send what is given, and return the snapshot as the service then has it.

        None is "not sent". The answer must be the snapshot with what was sent; a try whose answer was
        lost and whose repetition is refused is settled by a reading.
        """
        body: dict[str, Any] = {}
        if expires_at is not None:
            body["expires"] = format_instant(expires_at)
        if do_not_delete is not None:
            body["doNotDelete"] = do_not_delete

        def is_as_sent(snapshot: Snapshot | None) -> bool:
            return (
                snapshot is not None
                and (expires_at is None or snapshot.expires_at == expires_at)
                and (do_not_delete is None or bool(snapshot.do_not_delete) == do_not_delete)
            )

        try:
            body_after = self._client.patch(*self._base, "snapshots", before.id, body=body)
        except ApiError as error:
            # Without an answer to the last try there is nothing more to ask.
            if not error.answer_lost or error.exhausted or error.status is None:
                raise
            now = self._now(before.id)
            if now is None or not is_as_sent(now):
                error.fate_unknown = now is None
                raise
            return now
        after = self._the_one(body_after or {}, before.id, "PATCH")
        if not is_as_sent(after):
            raise ApiError(
                f"The service answered the change of snapshot {before.id} with other values than were sent: "
                f"sent {body}, answered expires {_shown(after.expires_at)}, doNotDelete {after.do_not_delete}. "
                "Look at the snapshot before anything else is done.",
                status=200,
                method="PATCH",
                path=f"snapshots/{before.id}",
                fate_unknown=True,
            )
        return after

    def delete(self, snapshot_id: str) -> Deleted:
        """Delete one snapshot. One that is already gone is not ours, unless an answer to us was lost."""
        try:
            self._client.delete(*self._base, "snapshots", snapshot_id)
        except ApiError as error:
            if is_gone(error):
                return Deleted(by_us=error.answer_lost)
            if error.status != 404:
                raise
            found: dict[str, Snapshot | None] = {}
            failed: dict[str, ApiError] = {}
            self._settle({snapshot_id: error}, found, failed)
            if not failed:
                # Our other workers delete meanwhile, and a page that shifts may hide one that is there.
                self._confirm_gone(snapshot_id, error, failed)
            if failed:
                # Found after all: it is as it was. Neither found nor known to be gone: who knows.
                failed[snapshot_id].fate_unknown = error.answer_lost and failed[snapshot_id] is not error
                raise failed[snapshot_id] from None
            return Deleted(by_us=error.answer_lost)
        return Deleted(by_us=True)

    def _confirm_gone(self, snapshot_id: str, refusal: ApiError, failed: dict[str, ApiError]) -> None:
        """Of one that a listing lacks: a read answered with 404 of any code confirms that."""
        try:
            if self._single(snapshot_id) is not None:
                failed[snapshot_id] = refusal
        except ApiError as error:
            if error.status != 404:
                failed[snapshot_id] = error

    def schedule(self) -> dict[str, Any]:
        """The snapshot schedule, keys in snake case; ApiError 400, 404 or 409 where there is none (6)."""
        if self._client.dialect.cluster_in_path == "name":
            body = self._client.get(*self._base, "snapshotSchedule")
        else:
            body = self._client.get("groups", self._project_id, "backupConfigs", self.cluster.key, "snapshotSchedule")
        try:
            schedule: dict[str, Any] = snake_case({key: value for key, value in body.items() if key != "links"})
        except ValueError as exc:
            raise self._unreadable("schedule", exc) from exc
        if not _SCHEDULE & schedule.keys():
            raise self._unreadable("schedule", ValueError("none of its fields is in the answer"))
        return schedule

    def restore_jobs(self, now: datetime) -> list[RestoreJob]:
        """All restore jobs; `now` decides whether a download can still be fetched."""
        rows = self._client.listing(*self._base, "restoreJobs")
        try:
            return [job_from_api(row, now) for row in rows]
        except ValueError as exc:
            raise self._unreadable("restore jobs", exc) from exc

    def _parsed(self, rows: Iterable[Mapping[str, Any]]) -> list[Snapshot]:
        try:
            return [from_api(row) for row in rows]
        except ValueError as exc:
            raise self._unreadable("snapshots", exc) from exc

    def _the_one(self, body: Mapping[str, Any], snapshot_id: str, method: str) -> Snapshot:
        try:
            snapshot = from_api(body)
            if snapshot.id != snapshot_id:
                raise ValueError(f"it is snapshot {snapshot.id}")
        except ValueError as exc:
            raise ApiError(
                f"{method} of snapshot {snapshot_id} was answered with something that is not this snapshot: {exc}.",
                status=200,
                method=method,
                fate_unknown=method != "GET",
            ) from exc
        return snapshot

    def _unreadable(self, what: str, exc: Exception) -> ApiError:
        return ApiError(
            f"The {what} of cluster {self.cluster.key} cannot be read: {exc}. Nothing is decided on them.", status=200
        )


def is_gone(error: ApiError) -> bool:
    """Whether the error says by itself that the snapshot does not exist. No other 404 does (contract 8)."""
    return error.status == 404 and error.code == "SNAPSHOT_NOT_FOUND" and not error.is_about_the_token


def _id_of(row: Mapping[str, Any]) -> str:
    return str(row.get("id", "")).lower()


def _named(value: Any) -> str:
    return repr(readable(value)[:100])


def _shown(instant: datetime | None) -> str:
    return "none" if instant is None else format_instant(instant)
