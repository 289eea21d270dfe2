# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints of one cluster: snapshots, schedule and restore jobs (contract 1.1, contract 6, contract 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable

from ._api.client import BeforeTry, Client
from ._api.errors import ApiError
from ._api.redaction import readable
from ._api.workers import Runner, one_by_one
from ._clusters import Cluster
from ._restore_job import RestoreJob, job_from_api
from ._snapshot import Snapshot, format_instant, from_api, row_id, snake_case

ALL = "all"
# The values of the query parameter `completed` (contract 1.2).
_COMPLETED = {ALL: "all", "complete": "true", "incomplete": "false"}
# Fields of a schedule (contract 6). A response with none of them is something else.
_SCHEDULE = {
    "snapshot_interval_hours",
    "snapshot_retention_days",
    "daily_snapshot_retention_days",
    "weekly_snapshot_retention_weeks",
    "monthly_snapshot_retention_months",
    "point_in_time_window_hours",
}


@dataclass(frozen=True)
class Reading:
    """Some snapshots by id: the snapshot, None where it does not exist, or the error. An id in neither was not tried.

    `others` are the remaining rows of a listing, not parsed yet.
    """

    found: Mapping[str, Snapshot | None]
    failed: Mapping[str, ApiError]
    others: Sequence[Mapping[str, Any]] = ()


class Service:
    """The snapshots of one cluster. Every method raises ApiError, also for what belongs to another cluster (R24)."""

    def __init__(self, client: Client, project_id: str, cluster: Cluster) -> None:
        self._client = client
        self._project_id = project_id
        self.cluster = cluster
        # By their field. On Atlas, paths take the cluster's name, and the first row tells its id.
        self._ids = {"groupId": project_id} if cluster.id is None else {"groupId": project_id, "clusterId": cluster.id}
        self._base = ("groups", project_id, "clusters", cluster.key)

    @property
    def clock(self) -> Callable[[], float]:
        """The clock of the client, in seconds."""
        return self._client.clock

    # --- reading ---

    def snapshots(self, completeness: str = ALL) -> list[Snapshot]:
        """All snapshots, in no particular order; `completeness` is all, complete or incomplete."""
        query = {"completed": _COMPLETED[completeness]}
        try:
            found = self._client.listing_of(self._snapshot, *self._base, "snapshots", query=query)
        except ValueError as exc:
            raise self._unreadable("snapshots", exc) from exc
        # The client compares ids as they are spelled. Here all are in lower case.
        if len({snapshot.id for snapshot in found}) < len(found):
            raise self._unreadable("snapshots", ValueError("one id comes twice"))
        return found

    def snapshot(self, snapshot_id: str) -> Snapshot | None:
        """One snapshot, or None where it does not exist."""
        reading = self.read([snapshot_id], one_by_one)
        if snapshot_id in reading.failed:
            raise reading.failed[snapshot_id]
        return reading.found[snapshot_id]

    def read(self, ids: Sequence[str], run: Runner, always_list: bool = False) -> Reading:
        """The present state of some snapshots, by as few requests as possible.

        Where a listing needs fewer requests, it comes first, and what it lacks is read singly. `always_list` lists a
        page for a single snapshot too.
        """
        found: dict[str, Snapshot | None] = {}
        others: list[Mapping[str, Any]] = []
        if len(ids) > 1 or (ids and always_list):
            try:
                found.update(self._read_from_listing(ids, others))
            except ApiError as error:
                if error.meets_all:
                    return Reading(found, {ids[0]: error})
        single = self._read_each([snapshot_id for snapshot_id in ids if snapshot_id not in found], run)
        return Reading({**found, **single.found}, single.failed, others)

    def any_other(self, reading: Reading, test: Callable[[Snapshot], bool]) -> bool:
        """Whether one of the `others` of a reading passes the test."""
        return any(test(snapshot) for row in reading.others for snapshot in self._parsed([row]))

    def _read_from_listing(self, ids: Sequence[str], others: list[Mapping[str, Any]]) -> dict[str, Snapshot]:
        """Those of the snapshots that the first pages have. Adds the remaining rows to `others`."""
        asked, wanted = frozenset(ids), set(ids)
        found: dict[str, Snapshot] = {}
        seen: set[str] = set()
        # At least one page, and no more pages than single reads would need, even if each promises a next one.
        for number in range(1, max(2, len(ids))):
            page = self._client.page(*self._base, "snapshots", number=number, query={"completed": "all"})
            for row in page.rows:
                self._check_cluster(row)
            rows, more = _split(page.rows, asked)
            others += more
            for snapshot in self._parsed(rows):
                # Of two rows with one id neither can be trusted, so the snapshot is read singly.
                if snapshot.id in seen:
                    found.pop(snapshot.id, None)
                else:
                    found[snapshot.id] = snapshot
                seen.add(snapshot.id)
                wanted.discard(snapshot.id)
            # An estimate (contract 1.3), good enough to choose the cheaper way.
            pages_left = max(1, -(-(page.total or 0) // max(1, len(page.rows))) - number)
            if page.is_last or pages_left >= len(wanted):
                break
        return found

    def _read_each(self, ids: Sequence[str], run: Runner) -> Reading:
        found: dict[str, Snapshot | None] = {}
        failed: dict[str, ApiError] = {}
        unclear: dict[str, ApiError] = {}

        def read_one(snapshot_id: str) -> ApiError | None:
            try:
                found[snapshot_id] = self._read_one(snapshot_id)
            except ApiError as error:
                (unclear if error.status == 404 else failed)[snapshot_id] = error
                return error
            return None

        run(ids, read_one, lambda error: error is not None and error.meets_all)
        settled = self._settle(unclear)
        return Reading({**found, **settled.found}, {**failed, **settled.failed})

    def _read_one(self, snapshot_id: str) -> Snapshot | None:
        try:
            body = self._client.get(*self._base, "snapshots", snapshot_id)
        except ApiError as error:
            if is_gone(error):
                return None
            raise
        return self._parsed_one(body, snapshot_id, "GET")

    def _settle(self, unclear: Mapping[str, ApiError]) -> Reading:
        """Settle by a listing which snapshots exist, after a 404 without SNAPSHOT_NOT_FOUND (contract 4)."""
        if not unclear:
            return Reading({}, {})
        try:
            listed = {snapshot.id for snapshot in self.snapshots()}
        except ApiError as error:
            # Its error tells more than such a 404.
            return Reading({}, dict.fromkeys(unclear, error))
        failed = {snapshot_id: error for snapshot_id, error in unclear.items() if snapshot_id in listed}
        return Reading({snapshot_id: None for snapshot_id in unclear if snapshot_id not in listed}, failed)

    # --- writing ---

    def change(
        self,
        before: Snapshot,
        expires_at: datetime | None,
        do_not_delete: bool | None,
        before_try: BeforeTry | None = None,
    ) -> Snapshot:
        """Change a snapshot, and return it as the service then has it. None is not sent.

        Raises ApiError also if the response does not have the values that were sent.
        """
        sent: dict[str, Any] = {} if expires_at is None else {"expires": format_instant(expires_at)}
        if do_not_delete is not None:
            sent["doNotDelete"] = do_not_delete
        try:
            body_after = self._client.patch(*self._base, "snapshots", before.id, body=sent, before_try=before_try)
        except ApiError as error:
            return self._settle_change(before.id, expires_at, do_not_delete, error)
        after = self._parsed_one(body_after or {}, before.id, "PATCH")
        if not after.has_values(expires_at, do_not_delete):
            raise _not_as_sent(sent, after)
        return after

    def _settle_change(
        self, snapshot_id: str, expires_at: datetime | None, do_not_delete: bool | None, error: ApiError
    ) -> Snapshot:
        """The snapshot, if a try whose response was lost has changed it; else raises the error."""
        # Without a response to the last try, the service cannot be asked.
        if not error.answer_lost or error.exhausted or error.status is None:
            raise error
        try:
            now = self._read_one(snapshot_id)
        except ApiError:
            now = None
        if now is not None and now.has_values(expires_at, do_not_delete):
            return now
        error.fate_unknown = now is None
        raise error

    def delete(self, snapshot_id: str, before_try: BeforeTry | None = None) -> bool:
        """Delete one snapshot. False if it did not exist, and no try whose response was lost can have deleted it."""
        try:
            self._client.delete(*self._base, "snapshots", snapshot_id, before_try=before_try)
        except ApiError as error:
            if is_gone(error):
                return error.answer_lost
            if error.status != 404:
                raise
            self._confirm_gone(snapshot_id, error)
            return error.answer_lost
        return True

    def _confirm_gone(self, snapshot_id: str, error: ApiError) -> None:
        """Raise an error, unless neither a listing nor a single read finds the snapshot."""
        found = self._settle({snapshot_id: error}).failed.get(snapshot_id)
        if found is None:
            # Other workers delete meanwhile, which moves rows: a listing may miss a snapshot that exists.
            found = self._error_of_read(snapshot_id, error)
        if found is not None:
            # A snapshot that was found is as it was.
            found.fate_unknown = error.answer_lost and found is not error
            raise found from None

    def _error_of_read(self, snapshot_id: str, not_found: ApiError) -> ApiError | None:
        try:
            return None if self._read_one(snapshot_id) is None else not_found
        except ApiError as error:
            return None if error.status == 404 else error

    # --- what belongs to the snapshots ---

    def schedule(self) -> dict[str, Any]:
        """The schedule, keys in snake case; ApiError 400, 404 or 409 where there is none (contract 6)."""
        if self._client.dialect.cluster_in_path == "name":
            body = self._client.get(*self._base, "snapshotSchedule")
        else:
            body = self._client.get("groups", self._project_id, "backupConfigs", self.cluster.key, "snapshotSchedule")
        self._check_cluster(body)
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
        for row in rows:
            # On a sharded cluster, a job can have the cluster id of a shard (contract 9).
            self._check_id(row, "groupId", "project")
        try:
            return [job_from_api(row, now) for row in rows]
        except ValueError as exc:
            raise self._unreadable("restore jobs", exc) from exc

    # --- parsing ---

    def _snapshot(self, row: Mapping[str, Any]) -> Snapshot:
        self._check_cluster(row)
        return from_api(row)

    def _check_cluster(self, row: Mapping[str, Any]) -> None:
        """Raise ApiError if a row or response is of another project or cluster (R24)."""
        self._check_id(row, "groupId", "project")
        self._check_id(row, "clusterId", "cluster")

    def _check_id(self, row: Mapping[str, Any], field: str, what: str) -> None:
        found = row.get(field) if isinstance(row, dict) else None
        if not isinstance(found, str) or not found:
            return
        expected = self._ids.setdefault(field, found.lower())
        if found.lower() != expected:
            raise ApiError(
                f"The service answered for cluster {self.cluster.key} with something of another {what}: "
                f"{readable(found)[:100]} instead of {expected}. Was the cluster renamed or replaced? Nothing more is "
                "written. Check cluster_name and cluster_id.",
                code="ANOTHER_CLUSTER",
            )

    def _parsed(self, rows: Iterable[Mapping[str, Any]]) -> list[Snapshot]:
        try:
            return [self._snapshot(row) for row in rows]
        except ValueError as exc:
            raise self._unreadable("snapshots", exc) from exc

    def _parsed_one(self, body: Mapping[str, Any], snapshot_id: str, method: str) -> Snapshot:
        try:
            snapshot = self._snapshot(body)
            if snapshot.id != snapshot_id:
                raise ValueError(f"it is snapshot {snapshot.id}")
        except ApiError as error:
            error.fate_unknown = method != "GET"
            raise
        except ValueError as exc:
            raise ApiError(
                f"{method} of snapshot {snapshot_id} was answered with something that is not this snapshot: {exc}.",
                status=200,
                method=method,
                fate_unknown=method != "GET",
            ) from exc
        return snapshot

    def _unreadable(self, what: str, exc: ValueError) -> ApiError:
        return ApiError(
            f"The {what} of cluster {self.cluster.key} cannot be read: {exc}. Nothing is decided on them.", status=200
        )


def _not_as_sent(sent: Mapping[str, Any], after: Snapshot) -> ApiError:
    expiry = format_instant(after.expires_at) if after.expires_at else "none"
    return ApiError(
        f"The service answered the change of snapshot {after.id} with other values than were sent: "
        f"sent {sent}, answered expires {expiry}, doNotDelete {after.do_not_delete}. "
        "Look at the snapshot before anything else is done.",
        status=200,
        method="PATCH",
        path=f"snapshots/{after.id}",
        fate_unknown=True,
    )


def _split(rows: Sequence[dict[str, Any]], ids: AbstractSet[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows with one of these ids, and the others."""
    return [row for row in rows if row_id(row) in ids], [row for row in rows if row_id(row) not in ids]


def is_gone(error: ApiError) -> bool:
    """Whether the error alone says that the snapshot does not exist. No other 404 does (contract 8)."""
    return error.status == 404 and error.code == "SNAPSHOT_NOT_FOUND" and not error.is_about_the_token
