# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clusters of a key over all its projects or some of them, by few requests (contract 6, contract 11).

A project that could not be read is always reported: clusters are never left out without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.client import Client
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import (
    ABOUT_THE_ROLE,
    ApiError,
    OptionError,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.workers import at_once
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._clusters import first_of
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import OBJECT_ID
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.atlas import AtlasClusters
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.fleet import (
    Fleet,
    FleetCluster,
    Project,
    Remark,
    Selection,
    distinct,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.managers import ManagerClusters
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.rows import project_of, rows_of

WORKERS = 4
_OTHER_PLATFORM = ("ATLAS_GROUP", "NOT_ATLAS_GROUP")
# Error codes for a cluster that never had a legacy backup (contract 4, contract 11).
_NO_BACKUP = (
    "BACKUP_JOB_NOT_FOUND",
    "BACKUP_CONFIG_NOT_FOUND",
    "CLUSTER_NOT_FOUND",
    "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API",
    "NO_FREE_TIER_API",
)


def read_fleet(client: Client, selection: Selection, tolerant: bool) -> Fleet:
    """The clusters of the selected projects.

    Sends at most 2 + 2 * projects + pages requests, and with `with_snapshots` one more for each cluster whose name and
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
        self._remarks: dict[str, list[Remark]] = {}
        self._run = at_once(WORKERS)
        self._is_atlas = client.dialect.cluster_in_path == "name"
        self._managers = ManagerClusters(client)
        self._clusters = AtlasClusters(client).read if self._is_atlas else self._managers.read

    def fleet(self) -> Fleet:
        projects = self._projects()
        if not self._is_atlas and len(projects) > 1:
            self._managers.read_overview()
        by_id = {project.id: project for project in projects}
        # The first one alone: it shows which versions of the clusters the service offers, and the others know it then.
        stopped = self._each(list(by_id)[:1], lambda one: self._read(by_id[one]), by_id)
        if not stopped:
            self._each(list(by_id)[1:], lambda one: self._read(by_id[one]), by_id)
        if self._selection.with_snapshots and (self._tolerant or not self._failed):
            self._select_with_snapshots(by_id)
        return self._result()

    def _result(self) -> Fleet:
        read = {project_id: found for project_id, found in self._found.items() if project_id not in self._failed}
        elsewhere = tuple(sorted(self._elsewhere, key=lambda one: (one.name or "", one.id)))
        return Fleet(
            distinct(one for found in read.values() for one in found),
            len(read),
            sum(self._seen.values()),
            tuple(self._failed[one] for one in sorted(self._failed)),
            elsewhere,
            tuple(dict.fromkeys(self._remarks_of(read, elsewhere))),
        )

    def _remarks_of(self, read: Mapping[str, object], elsewhere: Iterable[Project]) -> Iterator[Remark]:
        for project_id in sorted(read):
            # Threads added some of them, in any order.
            yield from sorted(self._remarks[project_id], key=_text)
        yield from (_on_another_platform(one) for one in elsewhere if read)

    # --- projects ---

    def _projects(self) -> list[Project]:
        selected = self._selection.projects
        if len(selected) == 1 and OBJECT_ID.match(selected[0].lower()):
            return [Project(selected[0].lower(), None)]
        listed = [project_of(row) for row in self._client.listing("groups")]
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

    def _each(self, items: Sequence[str], act: Callable[[str], None], owners: Mapping[str, Project]) -> bool:
        """Call `act` on each item, and note the errors that are about its project. Whether one stopped the rest."""

        def attempt(item: str) -> bool:
            project = owners[item]
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
            project = replace(project_of(self._client.get("groups", project.id)), id=project.id)
        found = self._clusters(project)
        self._seen[project.id] = len(found.clusters)
        self._remarks[project.id] = found.remarks
        self._found[project.id] = [one for one in found.clusters if self._selection.has(one)]

    def _select_with_snapshots(self, by_id: Mapping[str, Project]) -> None:
        """Keep only the clusters that have legacy snapshots."""
        asked = {f"{one.project_id}/{one.cluster_id}": one for found in self._found.values() for one in found}
        kept: dict[str, FleetCluster] = {}

        def ask(key: str) -> None:
            has_some = self._has_snapshots(asked[key])
            if has_some is not False:
                kept[key] = replace(asked[key], has_legacy_snapshots=has_some)

        self._each(sorted(asked), ask, {key: by_id[one.project_id] for key, one in asked.items()})
        for project_id, found in self._found.items():
            keys = [f"{project_id}/{one.cluster_id}" for one in found]
            self._found[project_id] = [kept[key] for key in keys if key in kept]

    def _has_snapshots(self, cluster: FleetCluster) -> bool | None:
        """Whether the cluster has legacy snapshots; None, and a remark, where that cannot be told."""
        key = cluster.cluster_name if self._is_atlas else cluster.cluster_id
        path = ("groups", cluster.project_id, "clusters", key, "snapshots")
        try:
            body = self._client.get(*path, query={"completed": "all", "itemsPerPage": 1})
        except ApiError as error:
            if error.code in _NO_BACKUP:
                return False
            # One cluster of a kind that is not known here must not cost a project its hosts.
            if error.status not in (400, 409):
                raise
            text = f"whether cluster {cluster.cluster_name!r} has legacy snapshots cannot be told: {error}"
            self._remarks[cluster.project_id].append(Remark(text))
            return None
        return bool(rows_of(body, "snapshots"))


def _text(remark: Remark) -> str:
    return remark.text


def _on_another_platform(project: Project) -> Remark:
    return Remark(
        f"the clusters of project {project} are left out, since it is on another platform. To read them, make an "
        "inventory with that platform. To hear no more of them, name the others by projects."
    )


def _no_project(listed: Sequence[Project]) -> ApiError:
    shown = first_of(sorted(one.name or one.id for one in listed))
    return ApiError(
        f"The key sees no project of that name. {f'It sees: {shown}.' if shown else 'It sees none at all.'}",
        status=404,
        code="GROUP_NAME_NOT_FOUND",
    )
