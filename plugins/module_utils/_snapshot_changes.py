# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change many snapshots of a cluster: read, decide, write, and report, in this order below.

All decisions come before the first write, so check mode only leaves out the writing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Callable

from ._api.errors import ApiError, OptionError
from ._api.workers import Runner, at_once
from ._restore_job import used_snapshots
from ._snapshot import Snapshot, age_key, format_instant, parse_instant, parse_object_id, to_result
from ._snapshot_api import Reading, Service

MOST_WORKERS = 16
# The actions of an outcome.
UNCHANGED, UPDATED, DELETED, GONE = "unchanged", "updated", "deleted", "absent"
FAILED, NOT_TRIED = "failed", "not_tried"
_INHERITED = ("state", "expires_at", "do_not_delete", "allow_past_expiry", "unless_expires_after")
_SHOWN_FAILURES = 3


@dataclass(frozen=True)
class DesiredState:
    """What an item asks of one snapshot. None means "as it is"."""

    id: str
    is_absent: bool
    expires_at: datetime | None
    do_not_delete: bool | None
    allow_past_expiry: bool
    unless_expires_after: datetime | None = None


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
            return bool(self.desired.do_not_delete)
        return self.before.expires_at is not None and wanted > self.before.expires_at

    def failed(self, error: ItemError) -> Step:
        """The step when the snapshot stays as it is because of an error."""
        return replace(self, action=FAILED, after=self.before, error=error)

    def not_tried(self) -> Step:
        """The step when it is left out because of another one."""
        return replace(self, action=NOT_TRIED, after=self.before)


@dataclass(frozen=True)
class Outcome:
    """What became of all items: a step for each, in the order asked."""

    steps: tuple[Step, ...]

    @property
    def changed(self) -> bool:
        return any(step.is_change for step in self.steps)

    @property
    def unique(self) -> list[Step]:
        """The steps, each snapshot once."""
        return list({step.desired.id: step for step in self.steps}.values())

    @property
    def failures(self) -> list[Step]:
        return [step for step in self.unique if step.action == FAILED]

    def error(self) -> dict[str, Any]:
        """The first error, as the result of a failed task shows it."""
        error = next((step.error for step in self.failures), None) or ItemError(None, "")
        return error.to_result()


# --- the options ---


def desired_states(params: Mapping[str, Any]) -> list[DesiredState]:
    """What the options ask for, in their order. OptionError names the option or the item."""
    if not 1 <= params["concurrency"] <= MOST_WORKERS:
        raise OptionError(f"concurrency is {params['concurrency']}: it is a number from 1 to {MOST_WORKERS}.")
    if params.get("snapshot_id") is not None:
        return [_desired_state("snapshot_id", params, {})]
    first: dict[str, DesiredState] = {}
    asked = []
    for number, item in enumerate(params.get("snapshots") or []):
        state = _desired_state(f"snapshots[{number}]", item, params)
        if first.setdefault(state.id, state) != state:
            raise OptionError(f"snapshots[{number}]: {state.id} is listed twice and asks for different things.")
        asked.append(state)
    return asked


def _desired_state(place: str, item: Mapping[str, Any], defaults: Mapping[str, Any]) -> DesiredState:
    """What one item asks for, with `defaults` for what it leaves out. `place` names it in errors."""
    snapshot_id = _snapshot_id(place, item)
    place = f"{place} ({snapshot_id})" if defaults else f"snapshot_id {snapshot_id}"
    asked = {key: defaults.get(key) if item.get(key) is None else item[key] for key in _INHERITED}
    latest = _instant(place, "unless_expires_after", asked)
    if asked["state"] == "absent":
        _check_absent(place, item)
        return DesiredState(snapshot_id, True, None, None, False, latest)
    if item.get("do_not_delete") and item.get("expires_at") is None:
        asked["expires_at"] = None  # a snapshot that is held has no expiry, so none is inherited
    _check_present(place, asked)
    expires_at = _instant(place, "expires_at", asked)
    return DesiredState(
        snapshot_id, False, expires_at, asked["do_not_delete"], bool(asked["allow_past_expiry"]), latest
    )


def _snapshot_id(place: str, item: Mapping[str, Any]) -> str:
    if item.get("snapshot_id") is None:
        raise OptionError(f"{place} has no snapshot_id.")
    try:
        return parse_object_id(item["snapshot_id"])
    except ValueError as exc:
        raise OptionError(f"{place}: {exc}.") from exc


def _instant(place: str, name: str, asked: Mapping[str, Any]) -> datetime | None:
    try:
        return None if asked[name] is None else parse_instant(asked[name])
    except ValueError as exc:
        raise OptionError(f"{place}: {name}: {exc}, such as 2027-01-31T00:00:00Z.") from exc


def _check_absent(place: str, item: Mapping[str, Any]) -> None:
    own = [key for key in ("expires_at", "do_not_delete") if item.get(key) is not None]
    if own:
        raise OptionError(f"{place}: state absent and {' and '.join(own)} exclude each other: leave one out.")


def _check_present(place: str, asked: Mapping[str, Any]) -> None:
    if asked["do_not_delete"] and asked["expires_at"] is not None:
        raise OptionError(
            f"{place}: do_not_delete true and expires_at exclude each other: what is held has no expiry. Leave one out."
        )
    if asked["do_not_delete"] is None and asked["expires_at"] is None:
        raise OptionError(f"{place}: state present needs expires_at or do_not_delete: say what is to be.")


# --- the whole call ---


def apply(
    asked: Sequence[DesiredState],
    service: Service,
    now: datetime,
    unless_restoring: bool,
    concurrency: int,
    check_mode: bool,
    unless_newest: bool = False,
) -> Outcome:
    """Read, decide and, unless in check mode, write. Errors of the service are in the steps."""
    unique = list({state.id: state for state in asked}.values())
    run = at_once(concurrency)
    reading = service.read([state.id for state in unique], run, always_list=unless_newest)
    steps = [_first_step(state, reading, now) for state in unique]
    if _nothing_may_be_written(steps, reading):
        steps = [step.not_tried() if step.is_change else step for step in steps]
    else:
        steps = _keep_newest(steps, reading, service, now) if unless_newest else steps
        steps = _keep_restoring(steps, service, now) if unless_restoring else steps
    by_id = _write(steps, service, run, check_mode)
    return Outcome(tuple(by_id[state.id] for state in asked))


def _first_step(state: DesiredState, reading: Reading, now: datetime) -> Step:
    if state.id in reading.failed:
        return Step(state, FAILED, error=_error_of_service(reading.failed[state.id]))
    if state.id not in reading.found:
        return Step(state, NOT_TRIED)
    return decide(state, reading.found[state.id], now)


def _error_of_service(error: ApiError) -> ItemError:
    return ItemError(error.code, str(error), error.status)


def _nothing_may_be_written(steps: Sequence[Step], reading: Reading) -> bool:
    """Whether every request would meet an error, or an item has an expiry in the past by mistake."""
    return (
        any(error.meets_all for error in reading.failed.values())
        # Reading stopped at such an error, even if it was settled later.
        or any(step.action == NOT_TRIED for step in steps)
        or any(step.error is not None and step.error.code == "PAST_EXPIRY" for step in steps)
    )


# --- decide on one snapshot ---


def decide(state: DesiredState, before: Snapshot | None, now: datetime) -> Step:
    """What to do about a desired state. A snapshot that is as asked is unchanged, whatever else is wrong."""
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
        f"Snapshot {state.id}: expires_at {format_instant(state.expires_at)} is not later than now "
        f"({format_instant(now)}), so the service would delete it at any time and permanently. If that is meant, "
        "say state absent, or allow_past_expiry true. Nothing was written.",
    )


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


# --- decide on all of them together ---


def _keep_newest(steps: list[Step], reading: Reading, service: Service, now: datetime) -> list[Step]:
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
        "sooner: nothing newer is left to restore. Look at the backups.",
    )


def _keep_restoring(steps: list[Step], service: Service, now: datetime) -> list[Step]:
    """The steps, failed where one would delete or shorten a snapshot that a restore job uses."""
    if not any(step.deletes_or_shortens for step in steps):
        return steps
    try:
        used = _used(steps, service, now)
    except (ApiError, ValueError) as exc:
        detail = f"Which snapshots a restore uses cannot be told, so nothing is deleted or shortened: {exc}"
        status, code = (exc.status, exc.code) if isinstance(exc, ApiError) else (None, "RESTORING")
        error = ItemError(code, detail, status)
        return _fail_losses(steps, lambda _snapshot_id: error)
    return _fail_losses(
        steps, lambda snapshot_id: _restoring(snapshot_id, used[snapshot_id]) if snapshot_id in used else None
    )


def _used(steps: Sequence[Step], service: Service, now: datetime) -> Mapping[str, str]:
    """The restore job that uses a snapshot, by the snapshot's id."""
    jobs = service.restore_jobs(now)
    known = [step.before for step in steps if step.before is not None]
    # A restore to a point in time begins with one of all the snapshots.
    if any(job.in_use and job.snapshot_id is None for job in jobs):
        known = service.snapshots()
    return used_snapshots(jobs, known)


def _restoring(snapshot_id: str, job_id: str) -> ItemError:
    return ItemError(
        "RESTORING",
        f"Snapshot {snapshot_id} is used by restore job {job_id}, and is neither deleted nor made to expire sooner. "
        "Try again when the restore has ended.",
    )


def _fail_losses(steps: Sequence[Step], error_for: Callable[[str], ItemError | None]) -> list[Step]:
    """The steps, failed where they delete or shorten a snapshot whose id has an error."""
    errors = {step.desired.id: error_for(step.desired.id) for step in steps if step.deletes_or_shortens}
    return [step if (error := errors.get(step.desired.id)) is None else step.failed(error) for step in steps]


# --- write ---


def _write(steps: Sequence[Step], service: Service, run: Runner, check_mode: bool) -> dict[str, Step]:
    """Send all changes, then the deletions, oldest first. Returns what became of each step, by snapshot id."""
    done = {step.desired.id: step for step in steps}
    succeeded = threading.Event()

    def write(snapshot_id: str) -> ApiError | None:
        if check_mode:
            return None
        done[snapshot_id], error = _written(done[snapshot_id], service)
        if done[snapshot_id].is_change:
            succeeded.set()
        return error

    def stops_deletes(error: ApiError | None) -> bool:
        # After a write that succeeded, a 401 or 403 is about this snapshot: inside the point-in-time window, a deletion
        # needs a higher role (contract 1.1).
        is_own = error is not None and error.status in (401, 403) and succeeded.is_set()
        return _meets_all(error) and not is_own

    stopped, left = run([step.desired.id for step in steps if step.action == UPDATED], write, _meets_all)
    oldest_first = _deletes(steps)
    if stopped or any(step.blocks_deletes for step in done.values()):
        left += oldest_first
    else:
        left += run(oldest_first, write, stops_deletes)[1]
    return {**done, **{snapshot_id: done[snapshot_id].not_tried() for snapshot_id in left}}


def _deletes(steps: Sequence[Step]) -> list[str]:
    deletes = [step.before for step in steps if step.before and step.action == DELETED]
    return [snapshot.id for snapshot in sorted(deletes, key=age_key)]


def _meets_all(error: ApiError | None) -> bool:
    return error is not None and error.meets_all


def _written(step: Step, service: Service) -> tuple[Step, ApiError | None]:
    """The step after its request: with what the service answered, or failed."""
    before, after = step.before, step.after
    if before is None:
        raise AssertionError("a snapshot that does not exist is not written")
    try:
        if after is None:
            return (step if service.delete(before.id) else replace(step, action=GONE)), None
        answered = service.change(
            before,
            after.expires_at if after.expires_at != before.expires_at else None,
            after.do_not_delete if bool(after.do_not_delete) != bool(before.do_not_delete) else None,
        )
    except ApiError as error:
        failed = step.failed(_error_of_service(error))
        return (replace(failed, after=None) if error.fate_unknown else failed), error
    # A missing doNotDelete is the same as false.
    is_same = bool(answered.do_not_delete) == bool(after.do_not_delete)
    is_held = after.do_not_delete if is_same else answered.do_not_delete
    return replace(step, after=replace(after, expires_at=answered.expires_at, do_not_delete=is_held)), None


# --- the result ---


def outcomes(outcome: Outcome) -> list[dict[str, Any]]:
    """`outcomes` of the result, in the order asked."""
    return [
        {
            "id": step.desired.id,
            "action": step.action,
            "before": _shown(step.before),
            "after": _shown(step.after),
            "error": None if step.error is None else step.error.to_result(),
        }
        for step in outcome.steps
    ]


def _shown(snapshot: Snapshot | None) -> dict[str, Any] | None:
    return None if snapshot is None else to_result(snapshot)


def diffs(outcome: Outcome) -> list[dict[str, str]]:
    """`diff` of the result: what changes of each changed snapshot, sorted by key."""
    return [_diff(step) for step in outcome.unique if step.is_change]


def _diff(step: Step) -> dict[str, str]:
    before, after = _shown(step.before) or {}, _shown(step.after)
    if after is None:
        keys = ["created_at", "expires_at", "file_size_bytes", "id"]
    else:
        keys = sorted(key for key in before if before[key] != after[key])
    header = f"snapshot {step.desired.id}"
    return {
        "before_header": header,
        "after_header": header,
        "before": _lines(before, keys),
        "after": "" if after is None else _lines(after, keys),
    }


def _lines(values: Mapping[str, Any], keys: Sequence[str]) -> str:
    words = {None: "none", True: "true", False: "false"}
    return "".join(
        f"{key}: {words[values[key]] if values[key] is None or isinstance(values[key], bool) else values[key]}\n"
        for key in keys
    )


def failure_text(outcome: Outcome, cluster: str) -> str:
    """The message of a failed task, with the first few reasons."""
    failures, unique = outcome.failures, outcome.unique
    counts = {action: sum(step.action == action for step in unique) for action in (UPDATED, DELETED, NOT_TRIED)}
    reasons = " ".join(_reason(step.desired.id, step.error) for step in failures[:_SHOWN_FAILURES] if step.error)
    if len(unique) == 1:
        return f"Cluster {cluster}: {reasons}"
    more = len(failures) - _SHOWN_FAILURES
    return (
        f"Cluster {cluster}: {len(failures)} of {len(unique)} snapshots failed; "
        f"{counts[UPDATED]} updated, {counts[DELETED]} deleted, {counts[NOT_TRIED]} not tried. {reasons}"
        f"{f' And {more} more: see outcomes.' if more > 0 else ''}"
    )


def _reason(snapshot_id: str, error: ItemError) -> str:
    return error.detail if snapshot_id in error.detail else f"{error.detail} (snapshot {snapshot_id})"
