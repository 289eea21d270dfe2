# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory knows: projects, clusters, which of them are wanted, and what is to be said about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError


@dataclass(frozen=True)
class Project:
    """A project; `name` is None until the service has told it. `count` is how many clusters it says that it has."""

    id: str
    name: str | None
    count: int | None = None

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
class Remark:
    """What a user has to be told about a project that was read. `is_count`: its number of clusters differs."""

    text: str
    is_count: bool = False


@dataclass(frozen=True)
class Found:
    """The clusters of one project, before any selection, and what is to be said about them."""

    clusters: list[FleetCluster]
    remarks: list[Remark]


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

    def has(self, cluster: FleetCluster) -> bool:
        """Whether name and status of the cluster are selected. A status that the service does not tell may be any."""
        name, status = cluster.cluster_name, cluster.backup_status
        if self.include and not any(fnmatchcase(name, one) for one in self.include):
            return False
        if any(fnmatchcase(name, one) for one in self.exclude):
            return False
        return not self.statuses or status is None or status in self.statuses


@dataclass(frozen=True)
class Fleet:
    """The selected clusters, in a fixed order and each once, and what could not be read.

    `seen` counts the clusters before the selection, `projects` the projects that were read; `elsewhere` are projects
    of the key that are on another platform.
    """

    clusters: tuple[FleetCluster, ...]
    projects: int
    seen: int
    failed: tuple[tuple[Project, ApiError], ...]
    elsewhere: tuple[Project, ...]
    remarks: tuple[Remark, ...] = ()


def distinct(clusters: Iterable[FleetCluster]) -> tuple[FleetCluster, ...]:
    """Each cluster once, whatever it is called, in the order of their names.

    Two hosts of one cluster would each be pruned by the whole of what a policy allows.
    """
    by_id: dict[tuple[str, str], FleetCluster] = {}
    for cluster in clusters:
        by_id.setdefault((cluster.project_id, cluster.cluster_id), cluster)
    return tuple(sorted(by_id.values(), key=_order))


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


def _order(cluster: FleetCluster) -> tuple[str, str, str, str]:
    return cluster.project_name, cluster.project_id, cluster.cluster_name, cluster.cluster_id
