# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clusters of a project on Cloud and Ops Manager, and the states of their backups (contract 6, contract 11).

A cluster whose deployment is gone is known to the backup configurations alone, and its snapshots remain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.client import Client
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.pagination import (
    MOST_PAGES,
    MOST_ROWS,
    next_link,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._clusters import names_of, sort_rows
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.fleet import (
    FleetCluster,
    Found,
    Project,
    Remark,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.rows import (
    id_of,
    manager_cluster,
    overview_clusters,
    rows_of,
    text_of,
    unnamed_cluster,
)


class ManagerClusters:
    """Reads the clusters of one project after the other. Safe for threads after `read_overview`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._overview: dict[str, list[FleetCluster]] = {}

    def read_overview(self) -> None:
        """Read the clusters of all projects by one request. Projects that it lacks are read one by one later."""
        try:
            rows = self._overview_rows()
        except ApiError as error:
            if error.status != 404:
                raise
            return
        for row in rows:
            clusters = overview_clusters(row)
            if str(row.get("planType", "")).lower() != "atlas":
                # A project can have several rows.
                self._overview.setdefault(text_of(row, "groupId").lower(), []).extend(clusters)

    def read(self, project: Project) -> Found:
        """All clusters of a project with the states of their backups, by two requests, by one after an overview.

        After an overview, which has no shards, it is one more where the states cannot be told, or where a backup
        configuration names something else.
        """
        statuses, remarks = self._statuses(project)
        overview = self._overview.get(project.id)
        known = {one.cluster_id: one for one in overview or ()}
        if overview is None or remarks or set(statuses) - set(known):
            listed = sort_rows(self._client.listing("groups", project.id, "clusters"))
            known = {**{id_of(row): manager_cluster(project, row) for row in listed.clusters}, **known}
            remarks = [*remarks, *(_unclear(project, row) for row in listed.unclear)]
            _drop(statuses, (*listed.parts, *listed.unclear))
        unnamed = {one: unnamed_cluster(project, one) for one in set(statuses) - set(known)}
        clusters = [*known.values(), *unnamed.values()]
        return Found([replace(one, backup_status=statuses[one.cluster_id]) for one in clusters], remarks)

    def _statuses(self, project: Project) -> tuple[dict[str, str | None], list[Remark]]:
        """The states of the backups by cluster id, and a remark where the service cannot tell them.

        A cluster that is not in it has no backup, or None where the service cannot tell.
        """
        statuses: dict[str, str | None] = defaultdict(lambda: "INACTIVE")
        try:
            for row in self._client.listing("groups", project.id, "backupConfigs", key="clusterId"):
                statuses[text_of(row, "clusterId").lower()] = text_of(row, "statusName")
        except ApiError as error:
            if error.status == 409:
                return defaultdict(lambda: None), [_untold(project, error)]
            if error.code != "BACKUP_CONFIG_NOT_FOUND":
                raise
        return statuses, []

    def _overview_rows(self) -> list[dict[str, Any]]:
        """The rows of all pages. Page parameters are not documented, so only a link to a next page has them sent.

        ApiError for a listing that is longer than any can be.
        """
        rows: list[dict[str, Any]] = []
        known: set[object] = set()
        size = 0
        for number in range(1, MOST_PAGES + 1):
            body = self._client.get("clusters", query={"pageNum": number} if number > 1 else None)
            page = [row for row in rows_of(body, "clusters") if _identity(row) not in known]
            known |= {_identity(row) for row in page}
            rows += page
            # A service that ignores the page number returns the same rows again.
            if not page or not next_link(body):
                return rows
            size += _size(page)
            if size > MOST_ROWS:
                raise _endless(f"more than {MOST_ROWS} rows")
        raise _endless(f"more than {MOST_PAGES} pages")


def _size(rows: Iterable[dict[str, Any]]) -> int:
    """How many rows these are, with the clusters in them."""
    nested = [row.get("clusters") for row in rows]
    return len(nested) + sum(len(clusters) for clusters in nested if isinstance(clusters, list))


def _endless(size: str) -> ApiError:
    text = f"GET /clusters was answered with a listing of {size}. Is this the service? Check base_url and proxy."
    return ApiError(text, status=200)


def _identity(row: dict[str, Any]) -> str:
    """What tells a row of the overview from others; its numbers change from one request to the next."""
    ids = [one.get("clusterId") for one in rows_of(row, "clusters of a project", "clusters")]
    return repr((row.get("groupId"), ids))


def _drop(statuses: dict[str, str | None], rows: Iterable[dict[str, Any]]) -> None:
    """Forget the states of what is no cluster."""
    for row in rows:
        statuses.pop(id_of(row), None)


def _untold(project: Project, error: ApiError) -> Remark:
    return Remark(
        f"the states of the backups in project {project} cannot be told: {error} backup_status of its clusters is "
        "null, and a cluster whose deployment is gone is not among them."
    )


def _unclear(project: Project, row: dict[str, Any]) -> Remark:
    name = next(iter(names_of(row)), "")
    return Remark(
        f"cluster {name!r} ({id_of(row)}) of project {project} is left out: it has the shardName "
        f"{str(row.get('shardName'))[:100]!r}, and no sharded cluster of its name is listed. If it is a cluster of its "
        "own, give its cluster_id to the modules or to a host of your own."
    )
