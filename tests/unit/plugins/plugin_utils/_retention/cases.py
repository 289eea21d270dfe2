# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the retention engine are written with: short ways to a listing, and from it to a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.engine import plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import read_info
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    parse_now,
    parse_options,
    parse_policy,
)

NOW = "2026-08-21T01:00:00Z"
FAR = "2099-01-01T00:00:00Z"
PROJECT = "a" * 24
CLUSTER = "b" * 24
SCHEDULE = {
    "snapshot_interval_hours": 6,
    "snapshot_retention_days": 2,
    "daily_snapshot_retention_days": 7,
    "weekly_snapshot_retention_weeks": 4,
    "monthly_snapshot_retention_months": 13,
    "point_in_time_window_hours": 24,
}
TIDY = {
    "keep_within": "2d",
    "keep_within_daily": "7d",
    "keep_within_weekly": "4w",
    "keep_within_monthly": "13mo",
}
# Only the rules of the policy decide, the newest candidate excepted.
BARE: dict[str, Any] = {
    "min_keep": 1,
    "min_age": "off",
    "pit_window": "off",
    "max_delete": -1,
    "max_delete_percent": 100,
    "stale_after": "off",
}


def sid(number: int) -> str:
    """The id of a test's snapshot with that number."""
    return f"{number:024x}"


def dated(number: int, created: str) -> str:
    """How texts name a test's snapshot."""
    return f"{sid(number)} of {created}"


def moment(text: str) -> datetime:
    """An aware datetime of what the tests write."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def ago(**span: float) -> str:
    """The instant that lies that much before NOW."""
    return spelled(moment(NOW) - timedelta(**span))


def spelled(instant: datetime) -> str:
    """An instant as results spell it."""
    return instant.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def row(number: int, created: str, expires: str | None = FAR, **more: Any) -> dict[str, Any]:
    """One snapshot as `legacy_snapshot_info` returns it."""
    return {
        "id": sid(number),
        "project_id": PROJECT,
        "cluster_id": CLUSTER,
        "cluster_name": "Cluster0",
        "created_at": created,
        "created_increment": 1,
        "complete": True,
        "do_not_delete": False,
        "expires_at": expires,
        "incremental": None,
        "is_possibly_inconsistent": None,
        "last_oplog_applied_at": None,
        "missing_shards": None,
        "namespace_filter": None,
        "parts": None,
        "data_size_bytes": None,
        "storage_size_bytes": None,
        "file_size_bytes": 1000,
        **more,
    }


def rows(created: Iterable[str], expires: str | None = FAR) -> list[dict[str, Any]]:
    """Snapshots numbered from 1 in the order given."""
    return [row(number, at, expires) for number, at in enumerate(created, 1)]


def job(number: int | str | None, timestamp: str | None, in_use: bool = True, job_id: str = "c" * 24) -> dict[str, Any]:
    """A restore job as `legacy_snapshot_info` returns it."""
    return {
        "id": job_id,
        "snapshot_id": sid(number) if isinstance(number, int) else number,
        "timestamp": timestamp,
        "status": "IN_PROGRESS" if in_use else "FINISHED",
        "delivery_status": None,
        "delivery_expires_at": None,
        "in_use": in_use,
    }


def info(snapshots: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """A whole result of `legacy_snapshot_info`."""
    return {
        "snapshots": list(snapshots),
        "total": len(snapshots),
        "truncated": False,
        "filtered": False,
        "completeness": "all",
        "project_id": PROJECT,
        "cluster_id": CLUSTER,
        "cluster_name": "Cluster0",
        "schedule": dict(SCHEDULE),
        "restore_jobs": [],
        "changed": False,
        **more,
    }


def plan_of(
    listing: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    policy: Mapping[str, Any],
    now: Any = NOW,
    **options: Any,
) -> Plan:
    """The plan for a result, or for its snapshots alone."""
    rules = parse_policy(policy)
    given = listing if isinstance(listing, Mapping) else info(listing)
    return plan(read_info(given), rules, parse_options(options, rules), parse_now(now))


def planned(
    listing: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    policy: Mapping[str, Any],
    now: Any = NOW,
    **options: Any,
) -> dict[str, Any]:
    """The document of that plan."""
    return plan_of(listing, policy, now, **options).dump()


def bare(
    listing: Mapping[str, Any] | Sequence[Mapping[str, Any]], policy: Mapping[str, Any], **options: Any
) -> dict[str, Any]:
    """The plan with every safety switched off, the single newest candidate excepted."""
    return planned(listing, policy, **{**BARE, **options})


def by_action(document: Mapping[str, Any], *actions: str) -> list[int]:
    """The numbers of the snapshots with such an action, newest first."""
    return [int(one["id"], 16) for one in document["snapshots"] if one["action"] in actions]


def kept(document: Mapping[str, Any]) -> list[int]:
    """The numbers of what stays, newest first."""
    return by_action(document, "keep", "extend")


def of(document: Mapping[str, Any], number: int) -> dict[str, Any]:
    """What the plan says of one snapshot, its reasons as texts."""
    (found,) = (one for one in document["snapshots"] if one["id"] == sid(number))
    return {**found, "reasons": texts(found["reasons"]), "why": texts(found["why"])}


def texts(notes: Iterable[Mapping[str, str]]) -> list[str]:
    """What reasons, warnings or findings of a document say."""
    return [note["text"] for note in notes]


def codes(notes: Iterable[Mapping[str, str]]) -> list[str]:
    """Their codes."""
    return [note["code"] for note in notes]


def applied(listing: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The listing after all changes of the plan."""
    changes = {change["snapshot_id"]: change for change in document["changes"]}
    left = [
        {**one, "expires_at": changes[one["id"]]["expires_at"]} if one["id"] in changes else one
        for one in listing["snapshots"]
        if changes.get(one["id"], {}).get("state") != "absent"
    ]
    return {**listing, "snapshots": left, "total": len(left)}
