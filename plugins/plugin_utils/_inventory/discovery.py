# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The clusters of a key, over all its projects or some of them, by few requests; see the API contract, section 6.

An answer is whole or it says what is missing: a project that could not be read is never left out in silence.
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
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.settings import ATLAS_V2, NEWER_CLUSTERS
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.workers import Runner, at_once
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import OBJECT_ID

REPLICA_SET, SHARDED, GEOSHARDED = "REPLICA_SET", "SHARDED", "GEOSHARDED"
STATUSES = ("INACTIVE", "PROVISIONING", "STARTED", "STOPPED", "TERMINATING")
WORKERS = 4
_OTHER_PLATFORM = ("ATLAS_GROUP", "NOT_ATLAS_GROUP")
# How it is said that a cluster has never had a legacy backup (4).
_NO_BACKUP = ("BACKUP_JOB_NOT_FOUND", "BACKUP_CONFIG_NOT_FOUND", "CLUSTER_NOT_FOUND")


@dataclass(frozen=True)
class Project:
    """A project; `name` is None until the service has told it."""

    id: str
    name: str | None

    def __str__(self) -> str:
        return f"{self.name!r} ({self.id})" if self.name and self.id else repr(self.name or self.id)


@dataclass(frozen=True)
class Entry:
    """One cluster of the fleet: the sharded cluster, never its shards. What a platform does not tell is None."""

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
        """The entry as host variables and caches have it: always all the keys."""
        return asdict(self)


@dataclass(frozen=True)
class Wanted:
    """Which clusters. `projects` are ids or exact names, the others shell patterns and statuses; empty is any."""

    projects: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    with_snapshots: bool = False

    def names(self, entry: Entry) -> bool:
        """Whether the cluster's name is wanted."""
        name = entry.cluster_name
        return (not self.include or any(fnmatchcase(name, one) for one in self.include)) and not any(
            fnmatchcase(name, one) for one in self.exclude
        )

    def takes(self, entry: Entry) -> bool:
        """Whether name and status are wanted. A status that the service does not tell may be any."""
        return self.names(entry) and (
            not self.statuses or entry.backup_status is None or entry.backup_status in self.statuses
        )


@dataclass(frozen=True)
class Fleet:
    """What was found: the wanted entries, in an order that does not change; and what could not be read.

    `seen` counts the clusters before they were selected, `projects` the projects that were read;
    `elsewhere` are projects of the key that live on another platform.
    """

    entries: tuple[Entry, ...]
    projects: int
    seen: int
    failed: tuple[tuple[Project, ApiError], ...]
    elsewhere: tuple[Project, ...]


def entry_from_result(document: Any) -> Entry:
    """An entry out of a cache; ValueError for anything that `to_result` did not make."""
    names = [field.name for field in fields(Entry)]
    if not isinstance(document, Mapping) or set(document) != set(names):
        raise ValueError("it is no entry of a fleet")
    texts, told = names[:5], [document[name] for name in names[6:]]
    if not all(isinstance(document[name], str) for name in texts):
        raise ValueError("an entry lacks a name or an id")
    if not isinstance(document["backup_status"], (str, type(None))):
        raise ValueError("an entry has an odd status")
    if not all(one is None or isinstance(one, bool) for one in told):
        raise ValueError("an entry has an odd flag")
    return Entry(**{name: document[name] for name in names})


def read_fleet(client: Client, wanted: Wanted, tolerant: bool) -> Fleet:
    """The clusters of the projects that are wanted.

    At most 2 + projects + pages requests, and with `with_snapshots` one more for each cluster whose
    name and status are wanted. A project that refuses ends up in `failed`; unless `tolerant` is set the
    others are then not read any further. Raises ApiError for what would meet every project, OptionError
    for a name that fits several.
    """
    return _Reading(client, wanted, tolerant).fleet()


def is_about_the_project(error: ApiError) -> bool:
    """Whether an answer says something of one project, and not of the key, the address or the service."""
    if error.exhausted or error.status not in (400, 401, 402, 403, 404, 409):
        return False
    return error.status != 401 or error.code in ABOUT_THE_ROLE


class _Reading:
    """One reading of a fleet. What the threads find is kept by project, and put in order at the end."""

    def __init__(self, client: Client, wanted: Wanted, tolerant: bool) -> None:
        self._client = client
        self._wanted = wanted
        self._tolerant = tolerant
        self._found: dict[str, list[Entry]] = {}
        self._failed: dict[str, tuple[Project, ApiError]] = {}
        self._elsewhere: list[Project] = []
        self._seen: dict[str, int] = {}
        self._run: Runner = at_once(WORKERS)
        self._atlas = client.dialect.cluster_in_path == "name"
        self._media_type: str | None = None
        self._overview: dict[str, list[Entry]] = {}

    def fleet(self) -> Fleet:
        projects = self._projects()
        if not self._atlas and len(projects) > 1:
            self._read_overview()
        by_id = {project.id: project for project in projects}
        # The first by itself: it shows whether the service still speaks the version, and the others then know.
        stopped = self._each(list(by_id)[:1], lambda one: self._read(by_id[one]), by_id)
        if not stopped:
            self._each(list(by_id)[1:], lambda one: self._read(by_id[one]), by_id)
        if self._wanted.with_snapshots and (self._tolerant or not self._failed):
            self._ask_for_snapshots(by_id)
        entries = [entry for project, found in self._found.items() if project not in self._failed for entry in found]
        return Fleet(
            tuple(sorted(entries, key=_order)),
            len([one for one in self._found if one not in self._failed]),
            sum(self._seen.values()),
            tuple(self._failed[one] for one in sorted(self._failed)),
            tuple(sorted(self._elsewhere, key=lambda one: (one.name or "", one.id))),
        )

    # --- projects ---

    def _projects(self) -> list[Project]:
        wanted = self._wanted.projects
        if len(wanted) == 1 and OBJECT_ID.match(wanted[0].lower()):
            return [Project(wanted[0].lower(), None)]
        listed = [Project(_text(row, "id").lower(), _name(row)) for row in self._client.listing("groups")]
        if not wanted:
            if not listed:
                raise ApiError(
                    "The key sees no project: GET /groups was answered with an empty list. Give the key or the "
                    "service account a role in the projects (Project Read Only will do), or name them by projects.",
                    status=200,
                )
            return listed
        chosen = {project.id: project for one in wanted for project in self._named(one, listed)}
        return list(chosen.values())

    def _named(self, wanted: str, listed: Sequence[Project]) -> list[Project]:
        """The project of an id or a name. One that the listing lacks is a project that could not be read."""
        if OBJECT_ID.match(wanted.lower()):
            return [one for one in listed if one.id == wanted.lower()] or [Project(wanted.lower(), None)]
        found = [one for one in listed if one.name == wanted]
        if len(found) > 1:
            ids = ", ".join(sorted(one.id for one in found))
            raise OptionError(f"projects: {len(found)} projects are called {wanted!r}. Give the id, one of {ids}.")
        if not found:
            names = sorted(one.name or one.id for one in listed)
            shown = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
            error = ApiError(
                f"The key sees no project of that name. {f'It sees: {shown}.' if names else 'It sees none at all.'}",
                status=404,
                code="GROUP_NAME_NOT_FOUND",
            )
            self._failed[f"name {wanted}"] = (Project("", wanted), error)
        return found

    # --- many at once ---

    def _each(self, items: Sequence[str], one: Callable[[str], None], project_of: Mapping[str, Project]) -> bool:
        """Do it for each item; what is about its project is noted. Whether that stopped the rest."""

        def attempt(item: str) -> bool:
            project = project_of[item]
            try:
                one(item)
            except ApiError as error:
                if error.code in _OTHER_PLATFORM and not self._wanted.projects:
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
        entries = self._of_atlas(project) if self._atlas else self._of_manager(project)
        self._seen[project.id] = len(entries)
        self._found[project.id] = [entry for entry in self._with_status(project, entries) if self._wanted.takes(entry)]

    def _ask_for_snapshots(self, by_id: Mapping[str, Project]) -> None:
        asked = {f"{entry.project_id}/{entry.cluster_id}": entry for found in self._found.values() for entry in found}
        kept: dict[str, Entry] = {}

        def ask(key: str) -> None:
            if self._has_snapshots(asked[key]):
                kept[key] = replace(asked[key], has_legacy_snapshots=True)

        self._each(sorted(asked), ask, {key: by_id[entry.project_id] for key, entry in asked.items()})
        for project, found in self._found.items():
            keys = [f"{project}/{entry.cluster_id}" for entry in found]
            self._found[project] = [kept[key] for key in keys if key in kept]

    def _has_snapshots(self, entry: Entry) -> bool:
        key = entry.cluster_name if self._atlas else entry.cluster_id
        path = ("groups", entry.project_id, "clusters", key, "snapshots")
        try:
            body = self._client.get(*path, query={"completed": "all", "itemsPerPage": 1})
        except ApiError as error:
            if error.code in _NO_BACKUP:
                return False
            raise
        return bool(_rows(body, "snapshots"))

    # --- Atlas ---

    def _of_atlas(self, project: Project) -> list[Entry]:
        path = ("groups", project.id, "clusters")
        try:
            rows = self._client.listing(*path, media_type=self._media_type)
        except ApiError as error:
            if error.status not in (406, 410) or self._media_type is not None or self._client.dialect is not ATLAS_V2:
                raise
            # It shows the cloud backup alone; the dialect's own version shows both kinds.
            self._media_type = NEWER_CLUSTERS
            rows = self._client.listing(*path, media_type=self._media_type)
        return [_atlas_entry(project, row, self._media_type is None) for row in rows]

    # --- Cloud Manager and Ops Manager ---

    def _of_manager(self, project: Project) -> list[Entry]:
        if project.id in self._overview:
            return self._overview[project.id]
        rows = self._client.listing("groups", project.id, "clusters")
        return [_manager_entry(project, row) for row in rows if not _is_shard(row)]

    def _with_status(self, project: Project, entries: list[Entry]) -> list[Entry]:
        if self._atlas or not any(self._wanted.names(entry) for entry in entries):
            return entries
        try:
            rows = self._client.listing("groups", project.id, "backupConfigs", key="clusterId")
        except ApiError as error:
            if error.code != "BACKUP_CONFIG_NOT_FOUND":
                raise
            rows = []
        statuses = {_text(row, "clusterId").lower(): _text(row, "statusName") for row in rows}
        return [replace(entry, backup_status=statuses.get(entry.cluster_id, "INACTIVE")) for entry in entries]

    def _read_overview(self) -> None:
        """All clusters of all projects, by one request. A project that it lacks is asked for by itself.

        No page parameters are documented for it, so none are sent until it says that there is a next page.
        """
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
            # Standalones are no clusters, and have no backups.
            self._overview[project.id] = [
                _overview_entry(project, one) for one in clusters if _kind(one.get("type")) != "STANDALONE"
            ]

    def _overview_rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        known: set[object] = set()
        for number in range(1, MOST_PAGES + 1):
            body = self._client.get("clusters", query={"pageNum": number} if number > 1 else None)
            page = [row for row in _rows(body, "clusters") if row.get("groupId") not in known]
            known |= {row.get("groupId") for row in page}
            rows += page
            # A page that brings nothing new is a listing that goes round.
            if not page or not next_link(body):
                break
        return rows


def _atlas_entry(project: Project, row: Mapping[str, Any], shows_both: bool) -> Entry:
    """The older version shows the legacy backup as backupEnabled, the newer one the cloud backup."""
    enabled, provider = _flag(row, "backupEnabled"), _flag(row, "providerBackupEnabled")
    if not shows_both:
        enabled, provider = None, enabled
    return Entry(
        project.id,
        project.name or project.id,
        _text(row, "id").lower(),
        _text(row, "name"),
        _kind(row.get("clusterType")),
        _atlas_status(enabled, provider),
        enabled,
        provider,
    )


def _atlas_status(enabled: bool | None, provider: bool | None) -> str | None:
    """Both kinds of backup cannot be on, so either of them can tell that the legacy one is not."""
    if provider or enabled is False:
        return "INACTIVE"
    return "STARTED" if enabled and provider is False else None


def _manager_entry(project: Project, row: Mapping[str, Any]) -> Entry:
    name = row.get("clusterName") or row.get("replicaSetName") or row.get("id")
    kind = _kind(row.get("typeName"))
    return Entry(project.id, project.name or project.id, _text(row, "id").lower(), str(name), kind)


def _overview_entry(project: Project, row: Mapping[str, Any]) -> Entry:
    kind = _kind(row.get("type"))
    return Entry(
        project.id, project.name or project.id, _text(row, "clusterId").lower(), _text(row, "name", "clusterId"), kind
    )


def _is_shard(row: Mapping[str, Any]) -> bool:
    """Whether it is a part of a sharded cluster, which has an entry of its own."""
    return bool(row.get("shardName")) or str(row.get("typeName", "")).startswith("CONFIG")


def _kind(text: object) -> str:
    """The three ways in which the dialects spell a cluster's type, as one; others as they are, in capitals."""
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
    """The first of these that is a text; ApiError when none is."""
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


def _order(entry: Entry) -> tuple[str, str, str, str]:
    return entry.project_name, entry.project_id, entry.cluster_name, entry.cluster_id


def refusals(failed: Iterable[tuple[Project, ApiError]], shown: int = 5) -> str:
    """What could not be read, and why, in one text."""
    told = [f"Project {project}: {error}" for project, error in failed]
    rest = [f"And {len(told) - shown} more."] if len(told) > shown else []
    return " ".join(told[:shown] + rest)
