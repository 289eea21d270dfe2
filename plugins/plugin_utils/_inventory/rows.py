# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of the service as projects and clusters (contract 6, contract 11)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._clusters import names_of
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.fleet import FleetCluster, Project

REPLICA_SET, SHARDED, GEOSHARDED, UNKNOWN = "REPLICA_SET", "SHARDED", "GEOSHARDED", "UNKNOWN"


def project_of(row: Mapping[str, Any]) -> Project:
    """The project in a row of `GET /groups`, or in the answer for one project."""
    count = row.get("clusterCount")
    known = isinstance(count, int) and not isinstance(count, bool)
    return Project(text_of(row, "id").lower(), text_of(row, "name", "id"), count if known else None)


def id_of(row: Mapping[str, Any]) -> str:
    """The id of a row."""
    return text_of(row, "id").lower()


def atlas_cluster(project: Project, row: Mapping[str, Any], older: Mapping[str, Any] | None) -> FleetCluster:
    """The cluster of a row. `older` is its row in a version that shows the legacy backup, None where there is none.

    `backupEnabled` is the legacy backup where `providerBackupEnabled` is beside it, and the cloud backup where not.
    """
    both = older if older is not None else row if "providerBackupEnabled" in row else {}
    enabled, provider = _flag(both, "backupEnabled"), _flag(both, "providerBackupEnabled")
    if provider is None and row is not older and "providerBackupEnabled" not in row:
        provider = _flag(row, "backupEnabled")
    return FleetCluster(
        project.id,
        project.name or project.id,
        id_of(row),
        text_of(row, "name"),
        _type_of(row.get("clusterType")),
        _atlas_status(enabled, provider),
        enabled,
        provider,
    )


def manager_cluster(project: Project, row: Mapping[str, Any]) -> FleetCluster:
    """The cluster of a row of one project's list; named by its id where the service tells no name."""
    cluster_id = id_of(row)
    name = next(iter(names_of(row)), cluster_id)
    return FleetCluster(project.id, project.name or project.id, cluster_id, name, _type_of(row.get("typeName")))


def unnamed_cluster(project: Project, cluster_id: str) -> FleetCluster:
    """A cluster of which nothing but the id is known, because its deployment is gone (contract 11)."""
    return FleetCluster(project.id, project.name or project.id, cluster_id, cluster_id, UNKNOWN)


def overview_clusters(row: Mapping[str, Any]) -> list[FleetCluster]:
    """The clusters in a row of `GET /clusters`, which is one project."""
    project = Project(text_of(row, "groupId").lower(), text_of(row, "groupName", "groupId"))
    made = []
    for one in rows_of(row, "clusters of a project", "clusters"):
        kind = _type_of(one.get("type"))
        # Standalones have no backups, and the list of a project's clusters does not have them.
        if kind != "STANDALONE":
            cluster_id, name = text_of(one, "clusterId").lower(), text_of(one, "name", "clusterId")
            made.append(FleetCluster(project.id, project.name or project.id, cluster_id, name, kind))
    return made


def text_of(row: Mapping[str, Any], *keys: str) -> str:
    """The value of the first of these keys that is a text; ApiError where none is."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, str) and value.strip():
            return value
    raise ApiError(f"The service listed something without {' or '.join(keys)}. Nothing is decided on it.", status=200)


def rows_of(body: Mapping[str, Any], what: str, key: str = "results") -> list[dict[str, Any]]:
    """The rows in the body of a response; ApiError where they are not a list of objects."""
    rows = body.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ApiError(f"The service answered with a listing of {what} that is not a list of objects.", status=200)
    return rows


def _atlas_status(enabled: bool | None, provider: bool | None) -> str | None:
    # The two kinds of backup exclude each other, so either flag can tell that the legacy backup is off.
    if provider or enabled is False:
        return "INACTIVE"
    return "STARTED" if enabled and provider is False else None


def _type_of(text: object) -> str:
    """A cluster's type in one spelling for all dialects; types that we do not know in capitals."""
    word = re.sub(r"[\W_]+", "_", str(text or UNKNOWN)).upper()
    if word.startswith("GEO"):
        return GEOSHARDED
    if word.startswith("SHARDED"):
        return SHARDED
    return REPLICA_SET if word.startswith(("REPLICASET", "REPLICA_SET")) else word


def _flag(row: Mapping[str, Any], key: str) -> bool | None:
    value = row.get(key)
    return value if isinstance(value, bool) else None
