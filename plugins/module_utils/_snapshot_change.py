# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One change of a snapshot: what is asked for, and what to do about it. Nothing is requested here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ._duration import Duration, later
from ._snapshot import Snapshot, format_instant

# The actions of an outcome.
UNCHANGED, UPDATED, DELETED, GONE = "unchanged", "updated", "deleted", "absent"
FAILED, NOT_TRIED = "failed", "not_tried"


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


def decide(state: DesiredState, before: Snapshot | None, now: datetime) -> Step:
    """What to do about a desired state. A snapshot that is as asked is unchanged, whatever else is wrong."""
    if state.lifetime is not None and before is not None:
        if before.created_at is None:
            detail = f"Nobody knows when snapshot {state.id} was taken, so lifetime gives no expiry. Give expires_at."
            return Step(state, FAILED, before, before, ItemError("NO_CREATION", detail))
        state = replace(state, expires_at=later(before.created_at, state.lifetime))
    step = _decide_absent(state, before) if state.is_absent else _decide_present(state, before, now)
    error = _extended(state, before) if step.deletes_or_shortens and before is not None else None
    return step if error is None else step.failed(error)


def _decide_absent(state: DesiredState, before: Snapshot | None) -> Step:
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
        detail = f"Snapshot {state.id} is not complete: it is still being taken, and is not deleted. Try again later."
        return step.failed(ItemError("INCOMPLETE", detail))
    return step


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
