# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a cluster's snapshots, newest first, as the module lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import size
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    each,
    fields,
    flag,
    instant,
    optional,
    string,
    whole_number,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.columns import Column, layout, one_line

_COLUMNS = (
    Column("created"),
    Column("age", is_number=True),
    Column("expires"),
    Column("held"),
    Column("size", is_number=True),
    Column("complete"),
    Column("id"),
)
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


_SNAPSHOT = fields(
    {"id": string},
    {
        "created_at": optional(instant),
        "expires_at": optional(instant),
        "do_not_delete": optional(flag),
        "complete": optional(flag),
        "file_size_bytes": optional(whole_number),
    },
)
read_info = fields(
    {"snapshots": each(_SNAPSHOT)},
    {
        "project_id": optional(string),
        "cluster_id": optional(string),
        "cluster_name": optional(string),
        "total": optional(whole_number),
    },
)


def lines(info: Mapping[str, Any], now: datetime) -> list[str]:
    """A line that names the cluster, and the table; `info` is what `read_info` has checked."""
    snapshots = info["snapshots"]
    name, project = (one_line(info[key] or "unknown") for key in (_named(info), "project_id"))
    title = f"Cluster {name} of project {project}: {_counted(snapshots, info['total'])}"
    if not snapshots:
        return [f"{title}."]
    return [f"{title}. Times are UTC.", *layout(_COLUMNS, [_cells(one, now) for one in snapshots])]


def _named(info: Mapping[str, Any]) -> str:
    return "cluster_name" if info["cluster_name"] else "cluster_id"


def _counted(snapshots: Sequence[Mapping[str, Any]], total: int | None) -> str:
    held = sum(one["do_not_delete"] is True for one in snapshots)
    incomplete = sum(one["complete"] is not True for one in snapshots)
    count = f"{len(snapshots) or 'no'} snapshot{'' if len(snapshots) == 1 else 's'}"
    if total is not None and total > len(snapshots):
        count = f"the newest {len(snapshots)} of {total} snapshots"
    more = [f"{number} {what}" for number, what in ((held, "held"), (incomplete, "incomplete")) if number]
    return ", ".join([count, *more])


def _cells(snapshot: Mapping[str, Any], now: datetime) -> list[str]:
    created, expires, count = (snapshot[key] for key in ("created_at", "expires_at", "file_size_bytes"))
    return [
        "unknown" if created is None else f"{created:%Y-%m-%d %H:%M}",
        "unknown" if created is None else _age(now - created),
        "never" if expires is None else f"{expires:%Y-%m-%d %H:%M}",
        "yes" if snapshot["do_not_delete"] else "no",
        "unknown" if count is None else size(count),
        "yes" if snapshot["complete"] else "no",
        one_line(snapshot["id"]),
    ]


def _age(age: timedelta) -> str:
    if age < timedelta():
        return "future"
    if age >= 2 * _DAY:
        return f"{age // _DAY} d"
    return f"{age // _HOUR} h" if age >= 2 * _HOUR else f"{age // _MINUTE} min"
