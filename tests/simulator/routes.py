# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The paths that the service knows, and what each demands first (contract 1, contract 5, contract 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .accounts import Role
from .documents import DIALECTS, V2, Dialect

LIST = frozenset({"pageNum", "itemsPerPage", "includeCount"})
COMMON = frozenset({"pretty", "envelope"})
ATLAS = frozenset({"v2", "v1.0"})
EVERY = frozenset({"v2", "v1.0", "public"})
CM_OM = frozenset({"public"})
BACKUP, RESTORE = "Legacy Backup", "Cloud Backups"


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    # The method of Api that answers.
    handler: str
    dialects: frozenset[str] = EVERY
    # The endpoint set whose bucket pays (contract 5).
    bucket: str = BACKUP
    query: frozenset[str] = frozenset()
    role: Role = Role.READ_ONLY
    versions: tuple[str, ...] = ("2023-01-01",)

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path))


_CLUSTER = "/groups/{group}/clusters/{cluster}"
_CONFIG = "/groups/{group}/backupConfigs"
_SNAPSHOTS = f"{_CLUSTER}/snapshots"
_BOTH = ("2023-01-01", "2024-08-05")

ROUTES = (
    Route("GET", _SNAPSHOTS, "list_snapshots", query=LIST | {"completed"}),
    Route("GET", f"{_SNAPSHOTS}/{{snapshot}}", "get_snapshot"),
    Route("PATCH", f"{_SNAPSHOTS}/{{snapshot}}", "patch_snapshot", role=Role.OWNER),
    Route("DELETE", f"{_SNAPSHOTS}/{{snapshot}}", "delete_snapshot", role=Role.OWNER),
    Route("POST", f"{_SNAPSHOTS}/onDemandSnapshot", "take_snapshot", CM_OM, query=frozenset({"retentionDays"})),
    Route("GET", f"{_CLUSTER}/snapshotSchedule", "get_schedule", ATLAS),
    Route("PATCH", f"{_CLUSTER}/snapshotSchedule", "patch_schedule", ATLAS, role=Role.OWNER),
    Route("GET", f"{_CONFIG}/{{cluster}}/snapshotSchedule", "get_schedule", CM_OM),
    Route("PATCH", f"{_CONFIG}/{{cluster}}/snapshotSchedule", "patch_schedule", CM_OM, role=Role.OWNER),
    Route("GET", _CONFIG, "list_configs", CM_OM, query=LIST),
    Route("GET", f"{_CONFIG}/{{cluster}}", "get_config", CM_OM),
    Route("GET", f"{_CLUSTER}/restoreJobs", "list_jobs", bucket=RESTORE, query=LIST | {"batchId"}),
    Route("GET", f"{_CLUSTER}/restoreJobs/{{job}}", "get_job", bucket=RESTORE),
    Route("GET", "/groups", "list_groups", bucket="Projects", query=LIST | {"name"}),
    Route("GET", "/orgs/{org}/groups", "list_groups", bucket="Organizations", query=LIST | {"name"}),
    Route("GET", "/groups/byName/{name}", "get_group_by_name", bucket="Projects"),
    Route("GET", "/groups/{group}", "get_group", bucket="Projects"),
    Route("GET", "/groups/{group}/clusters", "list_clusters", bucket="Clusters", query=LIST, versions=_BOTH),
    Route("GET", _CLUSTER, "get_cluster", bucket="Clusters", versions=_BOTH),
    Route("GET", "/clusters", "list_all_clusters", bucket="All Clusters", query=LIST),
    Route("GET", "/groups/{group}/hosts/{host}/snapshots", "no_config_host", CM_OM, query=LIST),
    Route("GET", "/groups/{group}/hosts/{host}/snapshots/{snapshot}", "no_config_host", CM_OM),
)
# Fixed paths before those with a variable in the same place.
_ORDERED = sorted(ROUTES, key=lambda route: [part.startswith("{") for part in route.path.split("/")])
_PATTERNS = [(route, route.pattern) for route in _ORDERED]


def dialect_of(path: str) -> Dialect | None:
    return next((one for one in DIALECTS if path.startswith(one.path + "/")), None)


def find(dialect: Dialect, path: str, method: str) -> tuple[Route | None, dict[str, str], bool]:
    """The route, its path parameters (still quoted), and whether the path is known with another method."""
    known = False
    for route, pattern in _PATTERNS:
        if dialect.name not in route.dialects:
            continue
        match = pattern.fullmatch(path)
        if match is None:
            continue
        if route.method == method:
            return route, match.groupdict(), True
        known = True
    return None, {}, known


_VERSIONED = re.compile(r"application/vnd\.atlas\.(\d{4}-\d\d-\d\d)\+json")


def version_for(route: Route, dialect: Dialect, accept: str, *, falls_back: bool) -> str | None:
    """The version of a v2 resource that an Accept header gets; None is a 406. Other dialects have no versions."""
    if dialect is not V2:
        return ""
    for date in _VERSIONED.findall(accept):
        if date in route.versions:
            return str(date)
        older = [version for version in route.versions if version <= date]
        if falls_back and older:
            return max(older)
    return None
