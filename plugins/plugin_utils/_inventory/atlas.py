# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clusters of a project on Atlas: the newer version lists all of them, the older one knows the legacy backup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.client import Client
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.settings import ATLAS_V2, NEWER_CLUSTERS
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._clusters import is_not_offered
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.fleet import Found, Project, Remark
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.rows import atlas_cluster, id_of

# How a version refuses clusters that it cannot describe. Codes for it are not all known (contract 11).
_REFUSED = (400, 403, 404, 409)
_ENDED = (
    "Atlas does not serve version 2023-01-01 of its clusters any more, which alone tells whether the legacy backup is "
    "on. backup_enabled is null, and backup_status is null unless the cloud backup is on."
)

Rows = list[dict[str, Any]]


class AtlasClusters:
    """Reads the clusters of one project after the other. Safe for threads once one project has been read."""

    def __init__(self, client: Client) -> None:
        self._client = client
        # The versions that the service was found not to offer; None is that of the dialect.
        self._missing: set[str | None] = set() if client.dialect is ATLAS_V2 else {NEWER_CLUSTERS}

    def read(self, project: Project) -> Found:
        """All clusters of a project, by one request for each version that the service offers."""
        newer = self._rows(project, NEWER_CLUSTERS)
        older, remarks = self._older(project, newer is None)
        by_id = {id_of(row): row for row in older}
        rows: dict[str, Mapping[str, Any]] = {**by_id, **{id_of(row): row for row in newer or ()}}
        clusters = [atlas_cluster(project, row, by_id.get(one)) for one, row in rows.items()]
        return Found(clusters, [*self._count(project, len(clusters)), *remarks])

    def _older(self, project: Project, alone: bool) -> tuple[Rows, list[Remark]]:
        """The rows of the version that shows the legacy backup, and what is to be said where there are none."""
        try:
            rows = self._rows(project, None)
        except ApiError as error:
            # Since the newer version was read, it is not about the key or the project.
            if alone or error.status not in _REFUSED:
                raise
            return [], [_refused(project, error)]
        return ([], [Remark(_ENDED)]) if rows is None else (rows, [])

    def _rows(self, project: Project, version: str | None) -> Rows | None:
        """The rows of one version; None where the service does not offer it, and offers the other."""
        if version in self._missing:
            return None
        try:
            return self._client.listing("groups", project.id, "clusters", media_type=version)
        except ApiError as error:
            other = NEWER_CLUSTERS if version is None else None
            if not is_not_offered(error) or other in self._missing:
                raise
            self._missing.add(version)
            return None

    def _count(self, project: Project, listed: int) -> list[Remark]:
        if project.count in (None, listed):
            return []
        hint = ""
        if NEWER_CLUSTERS in self._missing:
            hint = " The version of the API that was read leaves some clusters out, such as those of several clouds."
            hint += "" if self._client.dialect is ATLAS_V2 else " Set api_version to v2."
        text = f"project {project} has {project.count} clusters by its own count, and {listed} are listed.{hint}"
        return [Remark(text, is_count=True)]


def _refused(project: Project, error: ApiError) -> Remark:
    return Remark(
        f"whether the legacy backup is on cannot be told in project {project}: {error} backup_enabled of its clusters "
        "is null, and backup_status is null unless the cloud backup is on."
    )
