# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clusters (contract 6, contract 11): find the one that options name, and tell shards from clusters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Callable, TypeVar

from ._api.client import Client
from ._api.errors import ApiError, OptionError
from ._api.redaction import readable
from ._api.settings import ATLAS_V2, NEWER_CLUSTERS
from ._snapshot import OBJECT_ID, row_id

_ATLAS_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*\Z")  # contract 1
_VERSION_ENDED = (406, 410)
_MOST_SHOWN = 10
_GONE = " If its deployment is gone and its backups remain, leave cluster_name out."
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


@dataclass(frozen=True)
class Listed:
    """The rows of a list of clusters of Cloud or Ops Manager, by what they are (contract 6, contract 11).

    `parts` are the shards and config servers of sharded clusters. `unclear` rows have a shardName, but the list has no
    sharded cluster that they could be a shard of.
    """

    clusters: list[dict[str, Any]]
    parts: list[dict[str, Any]]
    unclear: list[dict[str, Any]]


def sort_rows(rows: Sequence[dict[str, Any]]) -> Listed:
    """The rows of clusters, of their parts, and those that nobody can tell.

    The type tells a sharded cluster, whose own row may carry a shardName too. Its shards have the type of a replica
    set, a shardName, and the name of the sharded cluster.
    """
    sharded = [row.get("clusterName") for row in rows if _type(row).startswith("SHARDED")]
    listed = Listed([], [], [])
    for row in rows:
        if _type(row).startswith("CONFIG"):
            listed.parts.append(row)
        elif _type(row).startswith("SHARDED") or not row.get("shardName"):
            listed.clusters.append(row)
        else:
            (listed.parts if row.get("clusterName") in sharded else listed.unclear).append(row)
    return listed


def names_of(row: Mapping[str, Any]) -> list[str]:
    """The names that a row of Cloud or Ops Manager may be called by, the first one being the usual one."""
    found = [row.get(key) for key in ("clusterName", "replicaSetName")]
    return [name for name in found if isinstance(name, str) and name]


def is_beyond(error: ApiError) -> bool:
    """Whether a version of the API says that it cannot describe a cluster (contract 11)."""
    code = error.code or ""
    return error.status == 400 and (code.startswith("ASYMMETRIC_") or code == "MULTI_CLOUD_CLUSTER_INVALID")


def is_not_offered(error: ApiError) -> bool:
    """Whether the service does not, or no longer, serve this version of the resource."""
    return error.status in _VERSION_ENDED


def in_newest_version(client: Client, read: Callable[[str | None], _Found]) -> _Found:
    """What `read` returns for the newest version of the clusters that is offered; None is the dialect's own.

    Older versions refuse some clusters, and leave some out of the list (contract 11).
    """
    if client.dialect is ATLAS_V2:
        try:
            return read(NEWER_CLUSTERS)
        except ApiError as error:
            if not is_not_offered(error):
                raise
    return read(None)


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


def _type(row: Mapping[str, Any]) -> str:
    return str(row.get("typeName", "")).upper()


def _named(rows: Sequence[dict[str, Any]], name: str, project_id: str) -> dict[str, Any]:
    """The row of the cluster with a name. On Ops Manager the shards of a cluster have the same name (contract 11)."""
    listed = sort_rows(rows)
    found = _with(listed.clusters, name)
    if len(found) == 1:
        return found[0]
    if found:
        raise ApiError(
            f"{len(found)} clusters of project {project_id} are called {name!r}: give cluster_id, one of {_ids(found)}."
        )
    unclear = _with(listed.unclear, name)
    if unclear:
        raise ApiError(
            f"{name!r} is only the name of a shard in project {project_id}, whose sharded cluster is not listed. If it "
            f"is a cluster of its own, give cluster_id: {_ids(unclear)}."
        )
    raise _no_cluster(name, project_id, rows)


def _with(rows: Sequence[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The rows with this clusterName, or else with this replicaSetName."""
    by_name = [row for row in rows if row.get("clusterName") == name]
    return by_name or [row for row in rows if row.get("replicaSetName") == name]


def _ids(rows: Sequence[Mapping[str, Any]]) -> str:
    return first_of(sorted(readable(row.get("id")) for row in rows))


def _both(client: Client, project_id: str, name: str, cluster_id: str) -> Cluster:
    """The cluster that has both this name and this id."""
    by_name = client.dialect.cluster_in_path == "name"
    if not by_name and name.lower() == cluster_id:
        # The inventory names a cluster by its id where the service tells no name (contract 11).
        return Cluster(cluster_id, name, cluster_id)
    row = _row(client, project_id, name if by_name else cluster_id, "name" if by_name else "id")
    if (row_id(row) != cluster_id) if by_name else (name not in names_of(row)):
        found = row.get("id") if by_name else next(iter(names_of(row)), None)
        raise ApiError(
            f"cluster_name {name!r} and cluster_id {cluster_id!r} are not the same cluster: the service says that its "
            f"{'id' if by_name else 'name'} is {_quoted(found)}. Correct one of the two, or leave one out."
        )
    return Cluster(name if by_name else cluster_id, name, cluster_id)


def _row(client: Client, project_id: str, key: str, key_field: str) -> dict[str, Any]:
    """The row of one cluster. If there is none, all are listed, to name those that exist."""
    path = ("groups", project_id, "clusters")
    try:
        return in_newest_version(client, lambda version: client.get(*path, key, media_type=version))
    except ApiError as error:
        if is_beyond(error):
            raise replace(error, message=f"{error} {_beyond_hint(client)}") from error
        if error.status != 404:
            raise
        rows = in_newest_version(client, lambda version: client.listing(*path, media_type=version))
        found = next((one for one in rows if one.get(key_field) == key), None)
        if found is None:
            raise _no_cluster(key, project_id, rows, "" if key_field == "name" else _GONE) from error
        return found


def _beyond_hint(client: Client) -> str:
    other = "" if client.dialect is ATLAS_V2 else " Or set api_version to v2."
    return f"This version of the API cannot describe the cluster and tell its id: leave cluster_id out.{other}"


def _no_cluster(value: str, project_id: str, rows: Sequence[Mapping[str, Any]], hint: str = "") -> ApiError:
    names = sorted({readable(row.get("name") or row.get("clusterName") or row.get("id"))[:100] for row in rows})
    known = f"The project has: {first_of(names)}." if names else "The project has no clusters that this key sees."
    return ApiError(
        f"There is no cluster {value!r} in project {project_id}. {known}{hint}",
        status=404,
        code="CLUSTER_NOT_FOUND",
    )


def _quoted(value: Any) -> str:
    return repr(readable(value)[:100])
