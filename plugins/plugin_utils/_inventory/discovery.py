# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clusters of a key over all its projects or some of them, by few requests (contract 6, contract 11).

A project that could not be read is always reported: clusters are never left out without a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.client import Client
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import (
    ABOUT_THE_ROLE,
    ApiError,
    OptionError,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.pagination import MOST_PAGES, next_link
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.workers import at_once
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._clusters import (
    first_of,
    in_offered_version,
    is_shard,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import OBJECT_ID

REPLICA_SET, SHARDED, GEOSHARDED = "REPLICA_SET", "SHARDED", "GEOSHARDED"
WORKERS = 4
_OTHER_PLATFORM = ("ATLAS_GROUP", "NOT_ATLAS_GROUP")
# Error codes for a cluster that never had a legacy backup (contract 4).
_NO_BACKUP = ("BACKUP_JOB_NOT_FOUND", "BACKUP_CONFIG_NOT_FOUND", "CLUSTER_NOT_FOUND")


@dataclass(frozen=True)
class Project:
    """A project; `name` is None until the service has told it."""

    id: str
    name: str | None

    def __str__(self) -> str:
        return f"{self.name!r} ({self.id})" if self.name and self.id else repr(self.name or self.id)


@dataclass(frozen=True)
class FleetCluster:
    """One cluster of the fleet, which becomes a host. What a platform does not tell is None."""

    project_id: str
    project_name: str
    cluster_id: str
    cluster_name: str
    cluster_type: str
    backup_status: str | None = None
    backup_enabled: bool | None = None
    provider_backup_enabled: bool | None = None
    has_legacy_snapshots: bool | None = None

    def to_result(self) -> dict[str, Any]:
        """The cluster as host variables and caches have it, always with all keys."""
        return asdict(self)


@dataclass(frozen=True)
class Selection:
    """Which clusters the inventory is to have.

    `projects` are ids or exact names, `include` and `exclude` shell patterns of names. An empty tuple selects all.
    """

    projects: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    with_snapshots: bool = False

    def has_name(self, cluster: FleetCluster) -> bool:
        """Whether the name of the cluster is selected."""
        name = cluster.cluster_name
        return (not self.include or any(fnmatchcase(name, one) for one in self.include)) and not any(
            fnmatchcase(name, one) for one in self.exclude
        )

    def has(self, cluster: FleetCluster) -> bool:
        """Whether name and status of the cluster are selected. A status that the service does not tell may be any."""
        return self.has_name(cluster) and (
            not self.statuses or cluster.backup_status is None or cluster.backup_status in self.statuses
        )


@dataclass(frozen=True)
class Fleet:
    """The selected clusters, in a fixed order, and what could not be read.

    `seen` counts the clusters before the selection, `projects` the projects that were read; `elsewhere` are projects
    of the key that are on another platform.
    """

    clusters: tuple[FleetCluster, ...]
    projects: int
    seen: int
    failed: tuple[tuple[Project, ApiError], ...]
    elsewhere: tuple[Project, ...]


def cluster_from_result(document: Any) -> FleetCluster:
    """A cluster out of a cache; ValueError for anything that `to_result` did not make."""
    names = [field.name for field in fields(FleetCluster)]
    if not isinstance(document, Mapping) or set(document) != set(names):
        raise ValueError("it is no cluster of a fleet")
    if not all(isinstance(document[name], str) for name in names[:5]):
        raise ValueError("a cluster lacks a name or an id")
    if not isinstance(document["backup_status"], (str, type(None))):
        raise ValueError("a cluster has an odd status")
    if not all(isinstance(document[name], (bool, type(None))) for name in names[6:]):
        raise ValueError("a cluster has an odd flag")
    return FleetCluster(**document)


def read_fleet(client: Client, selection: Selection, tolerant: bool) -> Fleet:
    """The clusters of the selected projects.

    Sends at most 2 + projects + pages requests, and with `with_snapshots` one more for each cluster whose name and
    status are selected. A project that cannot be read is in `failed`; unless `tolerant`, the remaining ones are then
    not read. Raises ApiError for an error that would meet every project, OptionError for a name of several projects.
    """
    return _FleetReader(client, selection, tolerant).fleet()


def is_about_the_project(error: ApiError) -> bool:
    """Whether an error is about one project, and not about the key, the address or the service."""
    if error.exhausted or error.status not in (400, 401, 402, 403, 404, 409):
        return False
    return error.status != 401 or error.code in ABOUT_THE_ROLE


def failure_text(failed: Iterable[tuple[Project, ApiError]], shown: int = 5) -> str:
    """Which projects could not be read and why, in one text."""
    told = [f"Project {project}: {error}" for project, error in failed]
    rest = [f"And {len(told) - shown} more."] if len(told) > shown else []
    return " ".join(told[:shown] + rest)


class _FleetReader:
    """Reads a fleet once. Threads write what they find by project id; it is put in order at the end."""

    def __init__(self, client: Client, selection: Selection, tolerant: bool) -> None:
        self._client = client
        self._selection = selection
        self._tolerant = tolerant
        self._found: dict[str, list[FleetCluster]] = {}
        self._failed: dict[str, tuple[Project, ApiError]] = {}
        self._elsewhere: list[Project] = []
        self._seen: dict[str, int] = {}
        self._run = at_once(WORKERS)
        self._is_atlas = client.dialect.cluster_in_path == "name"
        self._version: str | None = None
        self._overview: dict[str, list[FleetCluster]] = {}

    def fleet(self) -> Fleet:
        projects = self._projects()
        if not self._is_atlas and len(projects) > 1:
            self._read_overview()
        by_id = {project.id: project for project in projects}
        # The first one alone: it shows which version of the clusters the service offers, and the others know it then.
        stopped = self._each(list(by_id)[:1], lambda one: self._read(by_id[one]), by_id)
        if not stopped:
            self._each(list(by_id)[1:], lambda one: self._read(by_id[one]), by_id)
        if self._selection.with_snapshots and (self._tolerant or not self._failed):
            self._select_with_snapshots(by_id)
        return self._result()

    def _result(self) -> Fleet:
        read = {project_id: found for project_id, found in self._found.items() if project_id not in self._failed}
        return Fleet(
            tuple(sorted((one for found in read.values() for one in found), key=_order)),
            len(read),
            sum(self._seen.values()),
            tuple(self._failed[one] for one in sorted(self._failed)),
            tuple(sorted(self._elsewhere, key=lambda one: (one.name or "", one.id))),
        )

    # --- projects ---

    def _projects(self) -> list[Project]:
        selected = self._selection.projects
        if len(selected) == 1 and OBJECT_ID.match(selected[0].lower()):
            return [Project(selected[0].lower(), None)]
        listed = [Project(_text(row, "id").lower(), _name(row)) for row in self._client.listing("groups")]
        if selected:
            chosen = {project.id: project for one in selected for project in self._selected(one, listed)}
            return list(chosen.values())
        if not listed:
            raise ApiError(
                "The key sees no project: GET /groups was answered with an empty list. Give the key or the "
                "service account a role in the projects (Project Read Only will do), or name them by projects.",
                status=200,
            )
        return listed

    def _selected(self, selected: str, listed: Sequence[Project]) -> list[Project]:
        """The project of an id or a name. One that is not listed is a project that could not be read."""
        if OBJECT_ID.match(selected.lower()):
            return [one for one in listed if one.id == selected.lower()] or [Project(selected.lower(), None)]
        found = [one for one in listed if one.name == selected]
        if len(found) > 1:
            ids = ", ".join(sorted(one.id for one in found))
            raise OptionError(f"projects: {len(found)} projects are called {selected!r}. Give the id, one of {ids}.")
        if not found:
            self._failed[f"name {selected}"] = (Project("", selected), _no_project(listed))
        return found

    # --- several requests at once ---

    def _each(self, items: Sequence[str], act: Callable[[str], None], project_of: Mapping[str, Project]) -> bool:
        """Call `act` on each item, and note the errors that are about its project. Whether one stopped the rest."""

        def attempt(item: str) -> bool:
            project = project_of[item]
            try:
                act(item)
            except ApiError as error:
                if error.code in _OTHER_PLATFORM and not self._selection.projects:
                    self._elsewhere.append(project)
                    return False
                if not is_about_the_project(error):
                    raise
                self._failed[project.id] = (project, error)
                return not self._tolerant
            return False

        if self._failed and not self._tolerant:
            return True
        stopped, _rest = self._run(items, attempt, bool)
        return stopped

    def _read(self, project: Project) -> None:
        if project.name is None:
            project = Project(project.id, _name(self._client.get("groups", project.id)))
        clusters = self._atlas_clusters(project) if self._is_atlas else self._manager_clusters(project)
        self._seen[project.id] = len(clusters)
        self._found[project.id] = [one for one in self._with_status(project, clusters) if self._selection.has(one)]

    def _select_with_snapshots(self, by_id: Mapping[str, Project]) -> None:
        """Keep only the clusters that have legacy snapshots."""
        asked = {f"{one.project_id}/{one.cluster_id}": one for found in self._found.values() for one in found}
        kept: dict[str, FleetCluster] = {}

        def ask(key: str) -> None:
            if self._has_snapshots(asked[key]):
                kept[key] = replace(asked[key], has_legacy_snapshots=True)

        self._each(sorted(asked), ask, {key: by_id[one.project_id] for key, one in asked.items()})
        for project_id, found in self._found.items():
            keys = [f"{project_id}/{one.cluster_id}" for one in found]
            self._found[project_id] = [kept[key] for key in keys if key in kept]

    def _has_snapshots(self, cluster: FleetCluster) -> bool:
        key = cluster.cluster_name if self._is_atlas else cluster.cluster_id
        path = ("groups", cluster.project_id, "clusters", key, "snapshots")
        try:
            body = self._client.get(*path, query={"completed": "all", "itemsPerPage": 1})
        except ApiError as error:
            if error.code in _NO_BACKUP:
                return False
            raise
        return bool(_rows(body, "snapshots"))

    # --- Atlas ---

    def _atlas_clusters(self, project: Project) -> list[FleetCluster]:
        rows, self._version = in_offered_version(
            self._client,
            self._version,
            lambda version: self._client.listing("groups", project.id, "clusters", media_type=version),
        )
        return [_atlas_cluster(project, row, shows_both=self._version is None) for row in rows]

    # --- Cloud Manager and Ops Manager ---

    def _manager_clusters(self, project: Project) -> list[FleetCluster]:
        if project.id in self._overview:
            return self._overview[project.id]
        rows = self._client.listing("groups", project.id, "clusters")
        return [_manager_cluster(project, row) for row in rows if not is_shard(row)]

    def _with_status(self, project: Project, clusters: list[FleetCluster]) -> list[FleetCluster]:
        if self._is_atlas or not any(self._selection.has_name(one) for one in clusters):
            return clusters
        try:
            rows = self._client.listing("groups", project.id, "backupConfigs", key="clusterId")
        except ApiError as error:
            if error.code != "BACKUP_CONFIG_NOT_FOUND":
                raise
            rows = []
        statuses = {_text(row, "clusterId").lower(): _text(row, "statusName") for row in rows}
        return [replace(one, backup_status=statuses.get(one.cluster_id, "INACTIVE")) for one in clusters]

    def _read_overview(self) -> None:
        """Read the clusters of all projects by one request. Projects that it lacks are read one by one later."""
        try:
            rows = self._overview_rows()
        except ApiError as error:
            if error.status != 404:
                raise
            return
        for row in rows:
            project = Project(_text(row, "groupId").lower(), _name(row, "groupName"))
            clusters = _rows(row, "clusters of a project", "clusters")
            if str(row.get("planType", "")).lower() == "atlas":
                continue
            # Standalones have no backups, and the list of a project's clusters does not have them.
            self._overview[project.id] = [
                _overview_cluster(project, one) for one in clusters if _type_of(one.get("type")) != "STANDALONE"
            ]

    def _overview_rows(self) -> list[dict[str, Any]]:
        """The rows of all pages. Page parameters are not documented, so only a link to a next page has them sent."""
        rows: list[dict[str, Any]] = []
        known: set[object] = set()
        for number in range(1, MOST_PAGES + 1):
            body = self._client.get("clusters", query={"pageNum": number} if number > 1 else None)
            page = [row for row in _rows(body, "clusters") if row.get("groupId") not in known]
            known |= {row.get("groupId") for row in page}
            rows += page
            # A service that ignores the page number returns the same rows again.
            if not page or not next_link(body):
                break
        return rows


def _atlas_cluster(project: Project, row: Mapping[str, Any], shows_both: bool) -> FleetCluster:
    """`backupEnabled` is the legacy backup in the older version of the API, and the cloud backup in the newer one."""
    enabled, provider = _flag(row, "backupEnabled"), _flag(row, "providerBackupEnabled")
    if not shows_both:
        enabled, provider = None, enabled
    return FleetCluster(
        project.id,
        project.name or project.id,
        _text(row, "id").lower(),
        _text(row, "name"),
        _type_of(row.get("clusterType")),
        _atlas_status(enabled, provider),
        enabled,
        provider,
    )


def _atlas_status(enabled: bool | None, provider: bool | None) -> str | None:
    # The two kinds of backup exclude each other, so either flag can tell that the legacy backup is off.
    if provider or enabled is False:
        return "INACTIVE"
    return "STARTED" if enabled and provider is False else None


def _manager_cluster(project: Project, row: Mapping[str, Any]) -> FleetCluster:
    name = row.get("clusterName") or row.get("replicaSetName") or row.get("id")
    cluster_type = _type_of(row.get("typeName"))
    return FleetCluster(project.id, project.name or project.id, _text(row, "id").lower(), str(name), cluster_type)


def _overview_cluster(project: Project, row: Mapping[str, Any]) -> FleetCluster:
    cluster_id, name = _text(row, "clusterId").lower(), _text(row, "name", "clusterId")
    return FleetCluster(project.id, project.name or project.id, cluster_id, name, _type_of(row.get("type")))


def _type_of(text: object) -> str:
    """A cluster's type in one spelling for all dialects; types that we do not know in capitals."""
    word = re.sub(r"[\W_]+", "_", str(text or "UNKNOWN")).upper()
    if word.startswith("GEO"):
        return GEOSHARDED
    if word.startswith("SHARDED"):
        return SHARDED
    return REPLICA_SET if word.startswith(("REPLICASET", "REPLICA_SET")) else word


def _flag(row: Mapping[str, Any], key: str) -> bool | None:
    value = row.get(key)
    return value if isinstance(value, bool) else None


def _name(row: Mapping[str, Any], key: str = "name") -> str:
    """A project's name; its id where it has none."""
    return _text(row, key, "groupId" if key == "groupName" else "id")


def _text(row: Mapping[str, Any], *keys: str) -> str:
    """The value of the first of these keys that is a text; ApiError where none is."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, str) and value.strip():
            return value
    raise ApiError(f"The service listed something without {' or '.join(keys)}. Nothing is decided on it.", status=200)


def _rows(body: Mapping[str, Any], what: str, key: str = "results") -> list[dict[str, Any]]:
    rows = body.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ApiError(f"The service answered with a listing of {what} that is not a list of objects.", status=200)
    return rows


def _no_project(listed: Sequence[Project]) -> ApiError:
    shown = first_of(sorted(one.name or one.id for one in listed))
    return ApiError(
        f"The key sees no project of that name. {f'It sees: {shown}.' if shown else 'It sees none at all.'}",
        status=404,
        code="GROUP_NAME_NOT_FOUND",
    )


def _order(cluster: FleetCluster) -> tuple[str, str, str, str]:
    return cluster.project_name, cluster.project_id, cluster.cluster_name, cluster.cluster_id
