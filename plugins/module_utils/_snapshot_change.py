# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about each item: first by itself, then all together, so that the newest snapshot and used ones stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Callable

from ._api.errors import ApiError
from ._duration import Duration, later
from ._restore_job import RestoreJob, used_snapshots
from ._snapshot import Snapshot, age_key, format_instant, row_id
from ._snapshot_api import Reading, Service

# The actions of an outcome.
UNCHANGED, UPDATED, DELETED, GONE = "unchanged", "updated", "deleted", "absent"
FAILED, NOT_TRIED = "failed", "not_tried"
# A snapshot that takes so long may be stuck (R11).
_LONG = timedelta(days=1)
_ANYWAY = ". Try again when the restore has ended. To do it all the same, set unless_restoring to false."


@dataclass(frozen=True)
class DesiredState:
    """What an item asks of one snapshot. None means "as it is". A `lifetime` becomes `expires_at` with the snapshot."""

    id: str
    is_absent: bool
    expires_at: datetime | None
    do_not_delete: bool | None
    allow_past_expiry: bool
    unless_expires_after: datetime | None = None
    lifetime: Duration | None = None


@dataclass(frozen=True)
class ItemError:
    """Why an item failed. `status` is None for our own codes."""

    code: str | None
    detail: str
    status: int | None = None

    def to_result(self) -> dict[str, Any]:
        """`error` of an outcome."""
        return {"status": self.status, "code": self.code, "detail": self.detail}


@dataclass(frozen=True)
class Step:
    """What is done about one desired state: the action, and the snapshot before and after it."""

    desired: DesiredState
    action: str
    before: Snapshot | None = None
    after: Snapshot | None = None
    error: ItemError | None = None

    @property
    def is_change(self) -> bool:
        return self.action in (UPDATED, DELETED)

    @property
    def deletes_or_shortens(self) -> bool:
        """Whether it deletes the snapshot or brings its expiry forward."""
        if self.action == DELETED:
            return True
        if self.action != UPDATED or self.after is None or self.after.expires_at is None or self.before is None:
            return False
        return self.before.expires_at is None or self.after.expires_at < self.before.expires_at

    @property
    def blocks_deletes(self) -> bool:
        """Whether it failed and would, or might, have made its snapshot live longer."""
        if self.desired.is_absent or self.action != FAILED:
            return False
        if self.before is None:
            return True
        wanted = None if self.desired.do_not_delete else self.desired.expires_at
        if wanted is None:
            return bool(self.desired.do_not_delete) or self.desired.lifetime is not None
        return self.before.expires_at is not None and wanted > self.before.expires_at

    def failed(self, error: ItemError) -> Step:
        """The step when the snapshot stays as it is because of an error."""
        return replace(self, action=FAILED, after=self.before, error=error)

    def not_tried(self) -> Step:
        """The step when it is left out because of another one."""
        return replace(self, action=NOT_TRIED, after=self.before, error=None)


# --- each by itself ---


def decide(state: DesiredState, before: Snapshot | None, now: datetime) -> Step:
    """What to do about a desired state. A snapshot that is as asked is unchanged, whatever else is wrong."""
    if state.lifetime is not None and before is not None:
        if before.created_at is None:
            detail = f"Nobody knows when snapshot {state.id} was taken, so lifetime gives no expiry. Give expires_at."
            return Step(state, FAILED, before, before, ItemError("NO_CREATION", detail))
        state = replace(state, expires_at=later(before.created_at, state.lifetime))
    step = _decide_absent(state, before, now) if state.is_absent else _decide_present(state, before, now)
    error = _extended(state, before) if step.deletes_or_shortens and before is not None else None
    return step if error is None else step.failed(error)


def _decide_absent(state: DesiredState, before: Snapshot | None, now: datetime) -> Step:
    if before is None:
        return Step(state, GONE)
    step = Step(state, DELETED, before)
    if before.do_not_delete:
        detail = (
            f"Snapshot {state.id} is held (do_not_delete) and is not deleted. Release it first: do_not_delete false "
            "with an expires_at, in one item."
        )
        return step.failed(ItemError("HELD", detail))
    if not before.complete:
        return step.failed(ItemError("INCOMPLETE", _incomplete(before, now)))
    return step


def _incomplete(snapshot: Snapshot, now: datetime) -> str:
    since = snapshot.created_at
    begun = "is still being taken" if since is None else f"has been in progress since {format_instant(since)}"
    text = f"Snapshot {snapshot.id} is not deleted: it is not complete, and {begun}. Try again later."
    if since is None or now - since < _LONG:
        return text
    return f"{text} After so long ({(now - since).days} d) it may be stuck: look at the backup of the cluster."


def _decide_present(state: DesiredState, before: Snapshot | None, now: datetime) -> Step:
    if before is not None and before.has_values(state.expires_at, state.do_not_delete):
        return Step(state, UNCHANGED, before, before)
    error = _past_expiry(state, now) or _not_editable(state, before, now)
    if error is not None or before is None:
        return Step(state, FAILED, before, before, error)
    is_held = before.do_not_delete if state.do_not_delete is None else state.do_not_delete
    # The service removes the expiry of a snapshot that is held (contract 2.1).
    expires_at = None if is_held else state.expires_at or before.expires_at
    return Step(state, UPDATED, before, replace(before, do_not_delete=is_held, expires_at=expires_at))


def _past_expiry(state: DesiredState, now: datetime) -> ItemError | None:
    if state.expires_at is None or state.expires_at > now or state.allow_past_expiry:
        return None
    return ItemError(
        "PAST_EXPIRY",
        f"Snapshot {state.id}: {_named_expiry(state.expires_at, state.lifetime)} is not later than now "
        f"({format_instant(now)}), so the service would delete it at any time and permanently. If that is meant, "
        "say state absent, or allow_past_expiry true. Nothing was written.",
    )


def _named_expiry(expires_at: datetime, lifetime: Duration | None) -> str:
    text = format_instant(expires_at)
    return f"expires_at {text}" if lifetime is None else f"the end of its lifetime {lifetime}, {text},"


def _not_editable(state: DesiredState, before: Snapshot | None, now: datetime) -> ItemError | None:
    if before is None:
        return ItemError(
            "NOT_FOUND", f"Snapshot {state.id} is not there, and the service cannot create one: correct the id."
        )
    if before.expires_at is not None and before.expires_at <= now:
        return ItemError(
            "EXPIRED",
            f"Snapshot {state.id} expired at {format_instant(before.expires_at)}: the service lets nobody edit it any "
            "more and deletes it when it chooses. It can only be deleted (state absent).",
        )
    if before.do_not_delete and state.do_not_delete is None:
        return ItemError(
            "HELD",
            f"Snapshot {state.id} is held (do_not_delete), which has no expiry. To date it, release it in the same "
            "item: do_not_delete false along with expires_at.",
        )
    if before.do_not_delete and state.expires_at is None:
        return ItemError(
            "HELD",
            f"Snapshot {state.id} is held, and what expiry the service gives one that is only released is not "
            "documented; a past one would delete it. Give expires_at along with do_not_delete false.",
        )
    return None


def _extended(state: DesiredState, before: Snapshot) -> ItemError | None:
    latest = state.unless_expires_after
    if latest is None or (before.expires_at is not None and before.expires_at <= latest):
        return None
    found = "never expires" if before.expires_at is None else f"expires at {format_instant(before.expires_at)}"
    return ItemError(
        "EXTENDED",
        f"Snapshot {state.id} {found}, which is later than {format_instant(latest)} (unless_expires_after): somebody "
        "gave it a longer life, so it is left alone. Look at it, and decide again.",
    )


# --- all of them together ---


def keep_newest(steps: list[Step], reading: Reading, service: Service, now: datetime) -> list[Step]:
    """The steps, failed where one would delete or shorten the newest complete snapshot of the cluster."""
    lost = {step.desired.id: step.before for step in steps if step.deletes_or_shortens and step.before is not None}
    if not lost:
        return steps
    newest_lost = max(map(age_key, lost.values()))

    def is_newer_and_kept(snapshot: Snapshot | None) -> bool:
        if snapshot is None or snapshot.id in lost:
            return False
        return snapshot.is_restorable(now) and age_key(snapshot) > newest_lost

    try:
        # One of the snapshots already read is mostly newer.
        if any(map(is_newer_and_kept, reading.found.values())) or service.any_other(reading, is_newer_and_kept):
            return steps
        newest_id = _newest_complete(service.snapshots(), now)
    except ApiError as exc:
        detail = f"Which snapshot is the newest complete one cannot be told, so nothing is deleted or shortened: {exc}"
        error = ItemError(exc.code, detail, exc.status)
        return _fail_losses(steps, lambda _snapshot_id: error)
    return _fail_losses(steps, lambda snapshot_id: _newest(snapshot_id) if snapshot_id == newest_id else None)


def _newest_complete(listed: Sequence[Snapshot], now: datetime) -> str | None:
    """The id of the newest complete snapshot. Without a better one, an expired one counts (contract 10)."""
    complete = [snapshot for snapshot in listed if snapshot.complete]
    newest = max([one for one in complete if one.is_restorable(now)] or complete, key=age_key, default=None)
    return None if newest is None else newest.id


def _newest(snapshot_id: str) -> ItemError:
    return ItemError(
        "NEWEST",
        f"Snapshot {snapshot_id} is the newest complete one of the cluster, and is neither deleted nor made to expire "
        "sooner: nothing newer is left to restore. Look at the backups. To do it all the same, set unless_newest to "
        "false.",
    )


def keep_restoring(steps: list[Step], reading: Reading, service: Service, now: datetime) -> list[Step]:
    """The steps, failed where one would delete or shorten a snapshot that a restore job uses, or may use (R11a)."""
    if not any(step.deletes_or_shortens for step in steps):
        return steps
    try:
        used = _used(reading, service, now)
    except (ApiError, ValueError) as exc:
        text = f"Which snapshots a restore uses cannot be told, so nothing is deleted or shortened: {exc}"
        error = ItemError("RESTORING", text + _ANYWAY)
        if isinstance(exc, ApiError):
            error = ItemError(exc.code, text, exc.status)
        return _fail_losses(steps, lambda _snapshot_id: error)
    return _fail_losses(
        steps, lambda snapshot_id: _restoring(snapshot_id, used[snapshot_id]) if snapshot_id in used else None
    )


def _used(reading: Reading, service: Service, now: datetime) -> Mapping[str, RestoreJob]:
    """The restore job that uses a snapshot, or may use it, by the snapshot's id."""
    jobs = [job for job in service.restore_jobs(now) if job.in_use]
    seen = {snapshot_id for snapshot_id, snapshot in reading.found.items() if snapshot is not None}
    seen.update(map(row_id, reading.others))
    if all(job.snapshot_id in seen for job in jobs):
        return {str(job.snapshot_id): job for job in jobs}
    # By its time, such a job may need any of all the snapshots.
    return used_snapshots(jobs, service.snapshots())


def _restoring(snapshot_id: str, job: RestoreJob) -> ItemError:
    use = "is used" if job.snapshot_id in (None, snapshot_id) else "may be used"
    return ItemError(
        "RESTORING",
        f"Snapshot {snapshot_id} {use} by restore job {job.id}, and is neither deleted nor made to expire sooner"
        + _ANYWAY,
    )


def _fail_losses(steps: Sequence[Step], error_for: Callable[[str], ItemError | None]) -> list[Step]:
    """The steps, failed where they delete or shorten a snapshot whose id has an error."""
    errors = {step.desired.id: error_for(step.desired.id) for step in steps if step.deletes_or_shortens}
    return [step if (error := errors.get(step.desired.id)) is None else step.failed(error) for step in steps]
