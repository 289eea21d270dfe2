# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An approved plan: where it comes from, and whether it may be applied now (R19)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import approval
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster as Listed
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note, Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    RefusedError,
    blank,
    shown,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role import files
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import Cluster, Settings

_NOTHING = (
    "RETENTION NO PLAN: there is no approved plan for this cluster: give retention_approved_plan, or run plan before"
    " apply in one workflow; a missing plan is never taken for nothing to do."
)


def approved_plan(settings: Settings, cluster: Cluster, handed_on: Mapping[str, Any], now: datetime) -> Plan:
    """The plan that was approved for the cluster, before any request; RefusedError says why it must not be applied.

    `handed_on` has the plan and the digest that a job of the workflow has handed on, for what is not given.
    """
    document = _document(settings, cluster, handed_on)
    approved = settings.approved_digest or _digests(handed_on)
    try:
        plan = Plan.load(document)
        if not approved:
            raise RefusedError("no digest was approved, retention_approved_digest is blank")
    except ValueError as exc:
        raise RefusedError(f"The approved plan is refused: {exc}.") from None
    ids = (cluster.project_id.lower() or None, cluster.cluster_id.lower() or None)
    _refuse(plan, approval.refusals(plan, approved, *ids, now, settings.plan_max_age))
    return plan


def _document(settings: Settings, cluster: Cluster, handed_on: Mapping[str, Any]) -> Any:
    document = handed_on.get("plan") if blank(settings.approved_plan) else settings.approved_plan
    if not document or blank(document):
        raise RefusedError(_NOTHING)
    return _from_file(document, cluster) if isinstance(document, str) else document


def _digests(handed_on: Mapping[str, Any]) -> tuple[str, ...]:
    found = str(handed_on.get("digest") or "").strip().lower()
    return (found,) if found else ()


def compare(plan: Plan, listed: Listed, settings: Settings, now: datetime) -> dict[str, Note]:
    """The changes of expiry that can no longer be made; RefusedError where the cluster is not as the plan found it."""
    ids = (listed.project_id, listed.cluster_id)
    _refuse(plan, approval.refusals(plan, (plan.digest,), *ids, now, settings.plan_max_age))
    drifted = approval.drift(plan, listed.snapshots, now)
    if drifted:
        more = f"; and {len(drifted) - 10} more" if len(drifted) > 10 else ""
        raise RefusedError(
            "RETENTION DRIFT: the cluster is not as the approved plan found it, and nothing was written:"
            f" {'; '.join(drifted[:10])}{more}. Make a new plan, and have it approved."
        )
    return approval.void_changes(plan, listed.snapshots, now)


def _from_file(document: str, cluster: Cluster) -> Any:
    """A document as it is; what is not JSON is the path of a file, or of a folder that has one for each cluster."""
    if document.lstrip().startswith("{"):
        return document
    try:
        place = files.resolve(document.strip())
        if place.is_dir():
            names = (cluster.project_id, cluster.cluster_id, cluster.cluster_name)
            place = files.find_plan(place, *(name or None for name in names))
        return files.read_document(place)
    except files.FileError as exc:
        raise RefusedError(f"retention_approved_plan: {exc}") from None
    except OSError as exc:
        raise RefusedError(f"retention_approved_plan: {shown(document)} cannot be read: {exc.strerror}.") from None


def _refuse(plan: Plan, reasons: list[str]) -> None:
    if reasons:
        mark = "RETENTION BLOCKED: the" if plan.is_blocked else "The"
        raise RefusedError(f"{mark} approved plan is refused: {'; '.join(reasons)}.")
