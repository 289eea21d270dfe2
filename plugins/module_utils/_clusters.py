# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clusters (contract 6, contract 11): find the one that options name, and tell shards from clusters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, TypeVar

from ._api.client import Client
from ._api.errors import ApiError, OptionError
from ._api.redaction import readable
from ._api.settings import ATLAS_V2, NEWER_CLUSTERS
from ._snapshot import OBJECT_ID, row_id

_ATLAS_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*\Z")  # contract 1
_VERSION_ENDED = (406, 410)
_MOST_SHOWN = 10
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Cluster:
    """One cluster: `key` is what paths take, the name on Atlas and the id elsewhere. None is not known."""

    key: str
    name: str | None
    id: str | None


def find_cluster(client: Client, project_id: str, name: str | None, cluster_id: str | None) -> Cluster:
    """The cluster that the options `cluster_name` and `cluster_id` name.

    Sends a request only to look a name up, or to compare the two. Raises OptionError before any request. Raises
    ApiError for a cluster that does not exist, for a name of two, and for a name and an id of different clusters.
    """
    by_name = client.dialect.cluster_in_path == "name"
    if by_name:
        _check_atlas_name(name)
    if name is None or (by_name and cluster_id is None):
        return Cluster((name if by_name else cluster_id) or "", name, cluster_id)
    if cluster_id is None:
        found = row_id(_named(client.listing("groups", project_id, "clusters"), name, project_id))
        if not OBJECT_ID.match(found):
            raise ApiError(f"The service says that the id of cluster {name!r} is {_quoted(found)}, which is no id.")
        return Cluster(found, name, found)
    return _both(client, project_id, name, cluster_id)


def is_shard(row: Mapping[str, Any]) -> bool:
    """Whether a row of Cloud or Ops Manager is a part of a sharded cluster (contract 6)."""
    return bool(row.get("shardName")) or str(row.get("typeName", "")).startswith("CONFIG")


def in_offered_version(
    client: Client, version: str | None, read: Callable[[str | None], _Found]
) -> tuple[_Found, str | None]:
    """What `read` returns for a version of the cluster resource, and that version; None is the dialect's own.

    The newer version is read only after Atlas has ended the own one, since it does not show the legacy backup.
    """
    try:
        return read(version), version
    except ApiError as error:
        if error.status not in _VERSION_ENDED or version is not None or client.dialect is not ATLAS_V2:
            raise
    return read(NEWER_CLUSTERS), NEWER_CLUSTERS


def first_of(names: Sequence[str]) -> str:
    """The first ten names, as a message shows them."""
    return ", ".join(names[:_MOST_SHOWN]) + (" …" if len(names) > _MOST_SHOWN else "")


def _check_atlas_name(name: str | None) -> None:
    if name is None:
        raise OptionError("cluster_name is required on Atlas, whose paths take the name and not the id.")
    if not _ATLAS_NAME.match(name):
        raise OptionError(
            f"cluster_name {name!r} is no name of an Atlas cluster: letters, digits and hyphens, no others."
        )


def _named(rows: Sequence[dict[str, Any]], name: str, project_id: str) -> dict[str, Any]:
    """The row of the cluster with a name. On Ops Manager the shards of a cluster have the same name (contract 11)."""
    named = _with(rows, "clusterName", name) or _with(rows, "replicaSetName", name)
    sharded = [row for row in named if str(row.get("typeName", "")).startswith("SHARDED")]
    found = sharded or [row for row in named if not is_shard(row)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise _no_cluster(name, project_id, rows)
    ids = first_of(sorted(readable(row.get("id")) for row in found))
    raise ApiError(f"{len(found)} clusters of project {project_id} are called {name!r}: give cluster_id, one of {ids}.")


def _with(rows: Sequence[dict[str, Any]], field: str, name: str) -> list[dict[str, Any]]:
    return [row for row in rows if row.get(field) == name]


def _both(client: Client, project_id: str, name: str, cluster_id: str) -> Cluster:
    """The cluster that has both this name and this id."""
    by_name = client.dialect.cluster_in_path == "name"
    key, other, given = (name, "id", cluster_id) if by_name else (cluster_id, "clusterName", name)
    found = _row(client, project_id, key, "name" if by_name else "id").get(other)
    if found != given:
        raise ApiError(
            f"cluster_name {name!r} and cluster_id {cluster_id!r} are not the same cluster: the service says that its "
            f"{'id' if by_name else 'name'} is {_quoted(found)}. Correct one of the two, or leave one out."
        )
    return Cluster(key, name, cluster_id)


def _row(client: Client, project_id: str, key: str, key_field: str) -> dict[str, Any]:
    """The row of one cluster. If there is none, all are listed, to name those that exist."""
    path = ("groups", project_id, "clusters")
    try:
        row, _version = in_offered_version(client, None, lambda version: client.get(*path, key, media_type=version))
    except ApiError as error:
        if error.status != 404:
            raise
        rows, _version = in_offered_version(client, None, lambda version: client.listing(*path, media_type=version))
        found = next((one for one in rows if one.get(key_field) == key), None)
        if found is None:
            raise _no_cluster(key, project_id, rows) from error
        return found
    return row


def _no_cluster(value: str, project_id: str, rows: Sequence[Mapping[str, Any]]) -> ApiError:
    names = sorted({readable(row.get("name") or row.get("clusterName") or row.get("id"))[:100] for row in rows})
    return ApiError(
        f"There is no cluster {value!r} in project {project_id}. "
        f"{f'The project has: {first_of(names)}.' if names else 'The project has no clusters that this key sees.'}",
        status=404,
        code="CLUSTER_NOT_FOUND",
    )


def _quoted(value: Any) -> str:
    return repr(readable(value)[:100])
