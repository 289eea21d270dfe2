# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change many snapshots of a cluster: read, decide, write, and report, in this order below.

All decisions come before the first write, so check mode only leaves out the writing. What a long call has read is read
again while it writes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ._api.client import BeforeTry
from ._api.errors import TIME_LIMIT, ApiError, OptionError
from ._api.workers import at_once
from ._duration import Duration, parse_duration
from ._processes import Process, first_ended, processes
from ._snapshot import Snapshot, age_key, parse_instant, parse_object_id, shared_reason, to_result
from ._snapshot_api import Reading, Service
from ._snapshot_change import (
    DELETED,
    FAILED,
    GONE,
    NOT_TRIED,
    UNCHANGED,
    UPDATED,
    DesiredState,
    ItemError,
    Step,
    decide,
    keep_newest,
    keep_restoring,
)

MOST_WORKERS = 16
# Seconds. A hold or a restore that begins meanwhile is to be seen.
READING_AGE = 60.0
_INHERITED = ("state", "expires_at", "lifetime", "do_not_delete", "allow_past_expiry", "unless_expires_after")
_EXPIRY = ("expires_at", "lifetime")
_SHOWN_FAILURES = 3
PROCESS_ENDED = "PROCESS_ENDED"


@dataclass(frozen=True)
class Rules:
    """How a call is carried out: see the options of the same names."""

    unless_restoring: bool
    unless_newest: bool
    concurrency: int
    while_running: Sequence[Process] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of all items: a step for each, in the order asked."""

    steps: tuple[Step, ...]
    # Why the call ended before its time, if that is the error of no step.
    stopped: ItemError | None = None

    @property
    def has_failed(self) -> bool:
        return bool(self.failures) or self.stopped is not None

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
        error = self.stopped or next((step.error for step in self.failures), None) or ItemError(None, "")
        return error.to_result()


# --- the options ---


def rules_of(params: Mapping[str, Any]) -> Rules:
    """How the options want a call carried out. Raises OptionError."""
    if not 1 <= params["concurrency"] <= MOST_WORKERS:
        raise OptionError(f"concurrency is {params['concurrency']}: it is a number from 1 to {MOST_WORKERS}.")
    if params["time_limit"] is not None and params["time_limit"] < 1:
        raise OptionError(f"time_limit is {params['time_limit']}: it is a number of seconds, 1 or more.")
    try:
        watched = processes(params["while_running"] or ())
    except ValueError as exc:
        raise OptionError(f"while_running: {exc}.") from exc
    return Rules(params["unless_restoring"], params["unless_newest"], params["concurrency"], watched)


def desired_states(params: Mapping[str, Any]) -> list[DesiredState]:
    """What the options ask for, in their order. OptionError names the option or the item."""
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
    asked = _inherited(item, defaults)
    latest = _instant(place, "unless_expires_after", asked)
    if asked["state"] == "absent":
        _check_absent(place, item)
        return DesiredState(snapshot_id, True, None, None, False, latest)
    _check_present(place, asked)
    expires_at, lifetime = _instant(place, "expires_at", asked), _lifetime(place, asked)
    allow_past = bool(asked["allow_past_expiry"])
    return DesiredState(snapshot_id, False, expires_at, asked["do_not_delete"], allow_past, latest, lifetime)


def _inherited(item: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an item, with `defaults` for those that it leaves out."""
    asked = {key: defaults.get(key) if item.get(key) is None else item[key] for key in _INHERITED}
    own = [key for key in _EXPIRY if item.get(key) is not None]
    if own or item.get("do_not_delete"):
        # An expiry of its own is enough, and a snapshot that is held has none: no other one is inherited.
        asked.update({key: None for key in _EXPIRY if key not in own})
    return asked


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


def _lifetime(place: str, asked: Mapping[str, Any]) -> Duration | None:
    try:
        return None if asked["lifetime"] is None else parse_duration(asked["lifetime"])
    except ValueError as exc:
        raise OptionError(f"{place}: lifetime {asked['lifetime']!r:.80} {exc}.") from exc


def _check_absent(place: str, item: Mapping[str, Any]) -> None:
    own = [key for key in (*_EXPIRY, "do_not_delete") if item.get(key) is not None]
    if own:
        raise OptionError(f"{place}: state absent and {' and '.join(own)} exclude each other: leave one out.")


def _check_present(place: str, asked: Mapping[str, Any]) -> None:
    given = [key for key in _EXPIRY if asked[key] is not None]
    if len(given) == 2:
        raise OptionError(f"{place}: expires_at and lifetime exclude each other: leave one out.")
    if asked["do_not_delete"] and given:
        raise OptionError(
            f"{place}: do_not_delete true and {given[0]} exclude each other: what is held has no expiry. Leave one out."
        )
    if asked["do_not_delete"] is None and not given:
        raise OptionError(f"{place}: state present needs expires_at, lifetime or do_not_delete: say what is to be.")


# --- the whole call ---


def apply(
    asked: Sequence[DesiredState], service: Service, now: datetime, rules: Rules, check_mode: bool = False
) -> Outcome:
    """Read, decide and, unless in check mode, write. Errors of the service are in the steps."""
    read_at = service.clock()
    states = list({state.id: state for state in asked}.values())
    steps, end = _planned(states, service, now, rules)
    writing = _Writing(steps, service, now, rules, read_at)
    if end is not None and end.code == TIME_LIMIT:
        writing.stopped = _error_of_service(end)
    writing.write_all(check_mode)
    return Outcome(tuple(writing.steps[state.id] for state in asked), writing.stopped)


def _planned(
    states: Sequence[DesiredState], service: Service, now: datetime, rules: Rules
) -> tuple[list[Step], ApiError | None]:
    """Read the snapshots, and decide on each. Also returns the error that ends the call, if there is one."""
    run = at_once(rules.concurrency)
    reading = service.read([state.id for state in states], run, always_list=rules.unless_newest)
    steps = _guarded([_first_step(state, reading, now) for state in states], reading, service, now, rules)
    late = {step.desired.id: step.error.detail for step in steps if step.error and step.error.code == TIME_LIMIT}
    if late:
        steps = [step.not_tried() if step.desired.id in late else step for step in steps]
        return steps, ApiError(next(iter(late.values())), code=TIME_LIMIT)
    return steps, next(filter(_meets_all, reading.failed.values()), None)


def _guarded(steps: list[Step], reading: Reading, service: Service, now: datetime, rules: Rules) -> list[Step]:
    if _nothing_may_be_written(steps, reading):
        return [step.not_tried() if step.is_change else step for step in steps]
    if rules.unless_newest:
        steps = keep_newest(steps, reading, service, now)
    return keep_restoring(steps, reading, service, now) if rules.unless_restoring else steps


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


# --- write ---


class _Settled(Exception):
    """A request need not be repeated: the step is what became of it."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.action)
        self.step = step


class _Writing:
    """Writes the steps, each as it was decided by a reading that is not too old. For any number of threads."""

    def __init__(self, steps: Sequence[Step], service: Service, now: datetime, rules: Rules, read_at: float) -> None:
        self.steps = {step.desired.id: step for step in steps}
        self._open = {step.desired.id for step in steps if step.is_change}
        self._service = service
        self._now = now
        self._rules = rules
        self._read_at = read_at
        self._lock = threading.Lock()
        self._succeeded = threading.Event()
        self.stopped: ItemError | None = None

    def write_all(self, check_mode: bool) -> None:
        """Send all changes, then the deletions, oldest first. In check mode, act as though each succeeded."""
        run = at_once(self._rules.concurrency)
        write = _no_write if check_mode else self._write
        updates = [step.desired.id for step in self.steps.values() if step.action == UPDATED]
        oldest_first = _deletes(self.steps.values())
        stopped, left = run(updates, write, _meets_all)
        if stopped or any(step.blocks_deletes for step in self.steps.values()):
            left += oldest_first
        else:
            left += run(oldest_first, write, self._stops_deletes)[1]
        self.steps.update({snapshot_id: self.steps[snapshot_id].not_tried() for snapshot_id in left})

    def _stops_deletes(self, error: ApiError | None) -> bool:
        # After a write that succeeded, a 401 or 403 is about this snapshot: inside the point-in-time window, a deletion
        # needs a higher role (contract 1.1).
        is_own = error is not None and error.status in (401, 403) and self._succeeded.is_set()
        return _meets_all(error) and not is_own

    def _write(self, snapshot_id: str) -> ApiError | None:
        """Carry out one step. Returns the error of the service, if there is one."""
        step, error, sent = self.steps[snapshot_id], None, False

        def before_try(tries: int, answer_lost: bool) -> None:
            nonlocal sent
            sent = tries > 0
            if sent:
                self._check_again(step, answer_lost)
            self._check_processes()

        try:
            self._read_again(self._service.clock() - READING_AGE)
            step = self.steps[snapshot_id]
            if step.is_change:
                step = _sent(step, self._service, before_try)
                if step.is_change:
                    self._succeeded.set()
        except _Settled as settled:
            step = settled.step
        except ApiError as failure:
            error = failure
            step = step.not_tried() if self._has_stopped(failure, sent) else _failed(step, failure)
        with self._lock:
            self.steps[snapshot_id] = step
            self._open.discard(snapshot_id)
        return error

    def _has_stopped(self, error: ApiError, sent: bool) -> bool:
        """Whether the call ends before the first try of a request. Notes why."""
        if sent or error.code not in (TIME_LIMIT, PROCESS_ENDED):
            return False
        self.stopped = _error_of_service(error)
        return True

    def _check_processes(self) -> None:
        ended = first_ended(self._rules.while_running)
        if ended is not None:
            text = f"Process {ended.pid}, which runs this task (while_running), has ended: nothing more is written."
            raise ApiError(text, code=PROCESS_ENDED)

    def _check_again(self, sent: Step, answer_lost: bool) -> None:
        """Decide again before a request is repeated after a wait. Raises _Settled if it should not be."""
        self._read_again(self._service.clock())
        step = self.steps[sent.desired.id]
        if step.is_change:
            return
        # What is as asked now may be so by the try whose response was lost.
        if step.action == GONE:
            step = sent if answer_lost else replace(step, before=sent.before)
        elif step.action == UNCHANGED and answer_lost:
            step = replace(sent, after=step.after)
        raise _Settled(step)

    def _read_again(self, oldest: float) -> None:
        """Read and decide again what is not settled, unless that was read since `oldest`, an instant of the clock."""
        with self._lock:
            if self._read_at >= oldest:
                return
            read_at = self._service.clock()
            states = [step.desired for step in self.steps.values() if step.desired.id in self._open]
            steps, end = _planned(states, self._service, self._now, self._rules)
            if end is not None:
                raise end
            self._read_at = read_at
            self.steps.update({step.desired.id: step for step in steps})


def _no_write(_snapshot_id: str) -> ApiError | None:
    return None


def _deletes(steps: Iterable[Step]) -> list[str]:
    deletes = [step.before for step in steps if step.before and step.action == DELETED]
    return [snapshot.id for snapshot in sorted(deletes, key=age_key)]


def _meets_all(error: ApiError | None) -> bool:
    return error is not None and error.meets_all


def _failed(step: Step, error: ApiError) -> Step:
    failed = step.failed(_error_of_service(error))
    return replace(failed, after=None) if error.fate_unknown else failed


def _sent(step: Step, service: Service, before_try: BeforeTry) -> Step:
    """The step after its request, with what the service answered."""
    before, after = step.before, step.after
    if before is None:
        raise AssertionError("a snapshot that does not exist is not written")
    if after is None:
        return step if service.delete(before.id, before_try) else replace(step, action=GONE)
    answered = service.change(
        before,
        after.expires_at if after.expires_at != before.expires_at else None,
        after.do_not_delete if bool(after.do_not_delete) != bool(before.do_not_delete) else None,
        before_try,
    )
    # A missing doNotDelete is the same as false.
    is_same = bool(answered.do_not_delete) == bool(after.do_not_delete)
    is_held = after.do_not_delete if is_same else answered.do_not_delete
    return replace(step, after=replace(after, expires_at=answered.expires_at, do_not_delete=is_held))


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
    failures, unique, stopped = outcome.failures, outcome.unique, outcome.stopped
    kinds = _kinds(failures)
    reasons = [stopped.detail] if stopped else []
    reasons += [_reason(steps) for steps in kinds[:_SHOWN_FAILURES]]
    if len(unique) == 1:
        return f"Cluster {cluster}: {' '.join(reasons)}"
    counts = {action: sum(step.action == action for step in unique) for action in (UPDATED, DELETED, NOT_TRIED)}
    more = sum(map(len, kinds[_SHOWN_FAILURES:]))
    return (
        f"Cluster {cluster}: {len(failures)} of {len(unique)} snapshots failed; "
        f"{counts[UPDATED]} updated, {counts[DELETED]} deleted, {counts[NOT_TRIED]} not tried. {' '.join(reasons)}"
        f"{f' And {more} more: see outcomes.' if more > 0 else ''}"
    )


def _kinds(failures: Sequence[Step]) -> list[list[Step]]:
    """The failures, those of one reason together."""
    kinds: dict[str, list[Step]] = {}
    for step in failures:
        detail = step.error.detail if step.error else ""
        kinds.setdefault(shared_reason(detail, step.desired.id), []).append(step)
    return list(kinds.values())


def _reason(steps: Sequence[Step]) -> str:
    """The reason that several steps share, told of the first."""
    snapshot_id, error = steps[0].desired.id, steps[0].error or ItemError(None, "")
    text = error.detail if snapshot_id in error.detail else f"{error.detail} (snapshot {snapshot_id})"
    return text if len(steps) == 1 else f"{text} The same is true of {len(steps) - 1} more."
