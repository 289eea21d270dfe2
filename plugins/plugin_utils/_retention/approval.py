# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an approved plan may be applied, and what has changed since it was made (R19)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration, earlier
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot, format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import named
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Decision, Note, Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import shown

_COMPARED = ("created_at", "created_increment", "complete", "do_not_delete", "expires_at")


def refusals(
    plan: Plan,
    approved: Sequence[str],
    project_id: str | None,
    cluster_id: str | None,
    now: datetime,
    max_age: Duration,
) -> list[str]:
    """Why this plan must not be applied now to that cluster; nothing when it may.

    `approved` are the digests that were approved, each of another cluster. An id that is None is not known and not
    compared.
    """
    made = format_instant(plan.now)
    reasons = (
        (plan.digest not in approved, f"its digest is {plan.digest}, and {_spelled_digests(approved)}"),
        (plan.is_blocked, "its guard is blocked, which an approval does not lift"),
        (plan.now > now, f"it was made at {made}, which is still to come"),
        (plan.now < earlier(now, max_age), f"it was made at {made}, more than {max_age} ago (retention_plan_max_age)"),
        (_differ(plan.project_id, project_id), f"it is for project {shown(plan.project_id)}, not for {project_id}"),
        (_differ(plan.cluster_id, cluster_id), f"it is for cluster {_cluster(plan)}, not for {cluster_id}"),
    )
    return [reason for applies, reason in reasons if applies]


def void_changes(plan: Plan, listed: Sequence[Snapshot], now: datetime) -> dict[str, Note]:
    """The changes of expiry that can no longer be made, by snapshot id, each with a line that says so.

    The snapshot is gone, or its expiry has passed, so that the service refuses edits and deletes it when it chooses.
    That is no drift. A deletion is always asked for.
    """
    present = {snapshot.id: snapshot for snapshot in listed}
    void = {}
    for decision in reversed(plan.decisions):
        if decision.expires_to is None:
            continue
        snapshot = present.get(decision.snapshot.id)
        if snapshot is None or (snapshot.expires_at is not None and snapshot.expires_at <= now):
            line = f"was to be dated {format_instant(decision.expires_to)}, and has expired or is gone"
            void[decision.snapshot.id] = Note("expires_sooner", f"{named(decision.snapshot)} {line}")
    return void


def drift(plan: Plan, listed: Sequence[Snapshot], now: datetime) -> list[str]:
    """What is no longer as the plan found it, by snapshot; nothing when the plan still fits.

    What the plan removes may be gone, and what it dates may have its date. What it keeps may have expired. Snapshots
    that the plan does not know are left alone, and are no drift.
    """
    present = {snapshot.id: snapshot for snapshot in listed}
    return [line for decision in plan.decisions for line in _drifted(decision, present.get(decision.snapshot.id), now)]


def _spelled_digests(approved: Sequence[str]) -> str:
    if len(approved) == 1:
        return f"retention_approved_digest is {shown(approved[0])}"
    return f"it is none of the {len(approved)} in retention_approved_digest"


def _cluster(plan: Plan) -> str:
    return shown(plan.cluster_id) if plan.cluster_name is None else f"{plan.cluster_name} ({plan.cluster_id})"


def _differ(planned: str | None, wanted: str | None) -> bool:
    return None not in (planned, wanted) and planned != wanted


def _drifted(decision: Decision, found: Snapshot | None, now: datetime) -> Iterator[str]:
    planned, action = decision.snapshot, decision.action
    if action == "keep":
        if found is None:
            yield from _gone(planned, now)
        return
    if found is None:
        return
    for key in _COMPARED:
        before, value = getattr(planned, key), getattr(found, key)
        if value != before and not (key == "expires_at" and _is_done(decision, value)):
            was, now_is = _spelled(before), _spelled(value)
            yield f"{named(planned)} is to be changed ({action}), but its {key} was {was} and is {now_is}"


def _gone(planned: Snapshot, now: datetime) -> Iterator[str]:
    """A kept snapshot that is gone although its recorded expiry is still to come."""
    if planned.expires_at is None:
        yield f"{named(planned)} is gone, and was to be kept for ever"
    elif planned.expires_at > now:
        yield f"{named(planned)} is gone, and was to be kept until {_spelled(planned.expires_at)}"


def _is_done(decision: Decision, expires_at: datetime | None) -> bool:
    return expires_at is not None and expires_at == decision.expires_to


def _spelled(value: object) -> str:
    return format_instant(value) if isinstance(value, datetime) else str(value)
