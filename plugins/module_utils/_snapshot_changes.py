# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""Desired state to changes: read, decide, then write many at once, and tell the truth about each.

`before`, `after` and every refusal are computed first; check mode leaves out nothing but the writing.
Public interface, section "legacy_snapshot".
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError, OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.workers import Runner, at_once
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._restore_job import used_snapshots
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import (
    Snapshot,
    age_key,
    format_instant,
    parse_instant,
    parse_object_id,
    to_result,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot_api import Reading, Service

PRESENT, ABSENT = "present", "absent"
UNCHANGED, UPDATED, DELETED, GONE, FAILED, NOT_TRIED = (
    "unchanged",
    "updated",
    "deleted",
    "absent",
    "failed",
    "not_tried",
)
_INHERITED = ("state", "expires_at", "do_not_delete", "allow_past_expiry", "unless_expires_after")
# What refuses an item because of what somebody did since it was decided upon; the service has no such codes.
EXTENDED, NEWEST, RESTORING = "EXTENDED", "NEWEST", "RESTORING"
_SHOWN_FAILURES = 3
MOST_WORKERS = 16


@dataclass(frozen=True)
class Wish:
    """What is asked of one snapshot. None is "as it is"."""

    id: str
    is_absent: bool
    expires_at: datetime | None
    do_not_delete: bool | None
    allow_past_expiry: bool
    unless_expires_after: datetime | None = None


@dataclass(frozen=True)
class Refusal:
    """Why something is not done: our own code, or an answer of the service."""

    code: str | None
    detail: str
    status: int | None = None
    fate_unknown: bool = False

    def to_result(self) -> dict[str, Any]:
        """`error` as an outcome carries it."""
        return {"status": self.status, "code": self.code, "detail": self.detail}


@dataclass(frozen=True)
class Step:
    """One wish, what there is, and what is to become of it."""

    wish: Wish
    action: str
    before: Snapshot | None = None
    after: Snapshot | None = None
    refusal: Refusal | None = None

    @property
    def is_change(self) -> bool:
        return self.action in (UPDATED, DELETED)

    @property
    def blocks_deletes(self) -> bool:
        """Whether this is a `present` that failed and would have made its snapshot live longer (or nobody knows)."""
        if self.wish.is_absent or self.action != FAILED:
            return False
        if self.before is None:
            return True
        wanted = None if self.wish.do_not_delete else self.wish.expires_at
        if wanted is None:
            return bool(self.wish.do_not_delete)
        return self.before.expires_at is not None and wanted > self.before.expires_at

    @property
    def takes_away(self) -> bool:
        """Whether it removes the snapshot, or brings its end forward."""
        if self.action == DELETED:
            return True
        if self.action != UPDATED or self.after is None or self.after.expires_at is None or self.before is None:
            return False
        return self.before.expires_at is None or self.after.expires_at < self.before.expires_at


@dataclass(frozen=True)
class Outcome:
    """How the call as a whole went: a step for each item, in the order asked."""

    steps: tuple[Step, ...]

    @property
    def changed(self) -> bool:
        return any(step.is_change for step in self.steps)

    @property
    def unique(self) -> list[Step]:
        """The steps without those of items that were listed twice."""
        return list({step.wish.id: step for step in self.steps}.values())

    @property
    def failures(self) -> list[Step]:
        return [step for step in self.unique if step.action == FAILED]

    def error(self) -> dict[str, Any]:
        """The first failure, as the result carries it."""
        refusal = next((step.refusal for step in self.failures), None) or Refusal(None, "")
        return refusal.to_result()


def wishes(params: Mapping[str, Any]) -> list[Wish]:
    """What the options ask for, in their order. Raises OptionError naming the option or the item."""
    if not 1 <= params["concurrency"] <= MOST_WORKERS:
        raise OptionError(f"concurrency is {params['concurrency']}: it is a number from 1 to {MOST_WORKERS}.")
    if params.get("snapshot_id") is not None:
        return [_wish("snapshot_id", {**params, "snapshot_id": params["snapshot_id"]}, {})]
    items = params.get("snapshots") or []
    found: dict[str, Wish] = {}
    asked = []
    for number, item in enumerate(items):
        wish = _wish(f"snapshots[{number}]", item, params)
        if found.setdefault(wish.id, wish) != wish:
            raise OptionError(f"snapshots[{number}]: {wish.id} is listed twice and asks for different things.")
        asked.append(wish)
    return asked


def _wish(place: str, item: Mapping[str, Any], top: Mapping[str, Any]) -> Wish:
    if item.get("snapshot_id") is None:
        raise OptionError(f"{place} has no snapshot_id.")
    try:
        snapshot_id = parse_object_id(item["snapshot_id"])
    except ValueError as exc:
        raise OptionError(f"{place}: {exc}.") from exc
    place = f"{place} ({snapshot_id})" if top else f"snapshot_id {snapshot_id}"
    asked = {key: item.get(key) if item.get(key) is not None else top.get(key) for key in _INHERITED}
    latest = _instant(place, "unless_expires_after", asked)
    if asked["state"] == ABSENT:
        own = [key for key in ("expires_at", "do_not_delete") if item.get(key) is not None]
        if own:
            raise OptionError(f"{place}: state absent and {' and '.join(own)} exclude each other: leave one out.")
        return Wish(snapshot_id, True, None, None, False, latest)
    if item.get("do_not_delete") and item.get("expires_at") is None:
        asked["expires_at"] = None  # an item that holds its snapshot does not inherit a date
    if asked["do_not_delete"] and asked["expires_at"] is not None:
        raise OptionError(
            f"{place}: do_not_delete true and expires_at exclude each other: what is held has no expiry. Leave one out."
        )
    if asked["do_not_delete"] is None and asked["expires_at"] is None:
        raise OptionError(f"{place}: state present needs expires_at or do_not_delete: say what is to be.")
    expires_at = _instant(place, "expires_at", asked)
    return Wish(snapshot_id, False, expires_at, asked["do_not_delete"], bool(asked["allow_past_expiry"]), latest)


def _instant(place: str, name: str, asked: Mapping[str, Any]) -> datetime | None:
    try:
        return None if asked[name] is None else parse_instant(asked[name])
    except ValueError as exc:
        raise OptionError(f"{place}: {name}: {exc}, such as 2027-01-31T00:00:00Z.") from exc


def decide(wish: Wish, before: Snapshot | None, now: datetime) -> Step:
    """What a wish comes to. What already is as asked is unchanged, before any refusal is considered."""
    step = _decide(wish, before, now)
    latest = wish.unless_expires_after
    if latest is None or before is None or not step.takes_away:
        return step
    if before.expires_at is not None and before.expires_at <= latest:
        return step
    found = "never expires" if before.expires_at is None else f"expires at {format_instant(before.expires_at)}"
    detail = (
        f"Snapshot {wish.id} {found}, which is later than {format_instant(latest)} (unless_expires_after): somebody "
        "gave it a longer life, so it is left alone. Look at it, and decide anew."
    )
    return _refused(step, Refusal(EXTENDED, detail))


def _decide(wish: Wish, before: Snapshot | None, now: datetime) -> Step:
    if wish.is_absent:
        return _decide_absent(wish, before)
    if before is not None and _is_as_asked(wish, before):
        return Step(wish, UNCHANGED, before, before)
    refusal = _refusal(wish, before, now)
    if refusal is not None or before is None:
        return Step(wish, FAILED, before, before, refusal)
    held = before.do_not_delete if wish.do_not_delete is None else wish.do_not_delete
    # Holding a snapshot wipes its expiry (contract, section 2.1, 2).
    expires_at = None if held else wish.expires_at or before.expires_at
    return Step(wish, UPDATED, before, replace(before, do_not_delete=held, expires_at=expires_at))


def _decide_absent(wish: Wish, before: Snapshot | None) -> Step:
    if before is None:
        return Step(wish, GONE)
    if before.do_not_delete:
        detail = (
            f"Snapshot {wish.id} is held (do_not_delete) and is not deleted. Release it first: do_not_delete false "
            "with an expires_at, in one item."
        )
        return Step(wish, FAILED, before, before, Refusal("HELD", detail))
    if not before.complete:
        detail = f"Snapshot {wish.id} is not complete: it is still being taken, and is not deleted. Try again later."
        return Step(wish, FAILED, before, before, Refusal("INCOMPLETE", detail))
    return Step(wish, DELETED, before, None)


def _is_as_asked(wish: Wish, before: Snapshot) -> bool:
    flag = wish.do_not_delete is None or bool(before.do_not_delete) == wish.do_not_delete
    return flag and (wish.expires_at is None or before.expires_at == wish.expires_at)


def _refusal(wish: Wish, before: Snapshot | None, now: datetime) -> Refusal | None:
    if wish.expires_at is not None and wish.expires_at <= now and not wish.allow_past_expiry:
        return Refusal(
            "PAST_EXPIRY",
            f"Snapshot {wish.id}: expires_at {format_instant(wish.expires_at)} is not later than now "
            f"({format_instant(now)}), so the service would delete it at its leisure, for good. If that is meant, "
            "say state absent, or allow_past_expiry true. Nothing was written.",
        )
    if before is None:
        return Refusal(
            "NOT_FOUND", f"Snapshot {wish.id} is not there, and the service cannot create one: correct the id."
        )
    if before.expires_at is not None and before.expires_at <= now:
        return Refusal(
            "EXPIRED",
            f"Snapshot {wish.id} expired at {format_instant(before.expires_at)}: the service lets nobody edit it any "
            "more and deletes it when it chooses. It can only be deleted (state absent).",
        )
    if before.do_not_delete and wish.do_not_delete is None:
        return Refusal(
            "HELD",
            f"Snapshot {wish.id} is held (do_not_delete), which has no expiry. To date it, release it in the same "
            "item: do_not_delete false along with expires_at.",
        )
    if before.do_not_delete and wish.expires_at is None:
        return Refusal(
            "HELD",
            f"Snapshot {wish.id} is held, and what expiry the service gives one that is only released is not "
            "documented; a past one would delete it. Give expires_at along with do_not_delete false.",
        )
    return None


def apply(
    asked: Sequence[Wish],
    service: Service,
    now: datetime,
    unless_restoring: bool,
    concurrency: int,
    check_mode: bool,
    unless_newest: bool = False,
) -> Outcome:
    """Read, decide and, unless in check mode, write. Raises nothing of the service: each step tells."""
    unique = list({wish.id: wish for wish in asked}.values())
    run = at_once(concurrency)
    reading = service.read([wish.id for wish in unique], run, look_around=unless_newest)
    steps = [_decided(wish, reading, now) for wish in unique]
    # What was not even read was left out because of an answer that would meet all.
    stopped = any(step.action == NOT_TRIED for step in steps)
    stopped = stopped or any(error.meets_all for error in reading.failed.values())
    past = any(step.refusal and step.refusal.code == "PAST_EXPIRY" for step in steps)
    if stopped or past:
        steps = [_not_tried(step) if step.is_change else step for step in steps]
    else:
        steps = _without_newest(steps, reading, service, now) if unless_newest else steps
        steps = _without_restoring(steps, service, now) if unless_restoring else steps
    by_id = _write(steps, service, run, check_mode)
    return Outcome(tuple(by_id[wish.id] for wish in asked))


def _decided(wish: Wish, reading: Reading, now: datetime) -> Step:
    if wish.id in reading.failed:
        return Step(wish, FAILED, refusal=_refusal_of(reading.failed[wish.id]))
    if wish.id not in reading.found:
        return Step(wish, NOT_TRIED)
    return decide(wish, reading.found[wish.id], now)


def _refusal_of(error: ApiError) -> Refusal:
    return Refusal(error.code, str(error), error.status, error.fate_unknown)


def _without_newest(steps: list[Step], reading: Reading, service: Service, now: datetime) -> list[Step]:
    """Refuse what would take away the newest complete snapshot of the cluster.

    Mostly a newer one that stays is in sight along with those that were asked for; else all are listed.
    """
    taken = {step.wish.id for step in steps if step.takes_away}
    if not taken:
        return steps
    newest_taken = max(age_key(step.before) for step in steps if step.takes_away and step.before is not None)

    def is_newer_and_stays(snapshot: Snapshot) -> bool:
        return snapshot.id not in taken and _is_restorable(snapshot, now) and age_key(snapshot) > newest_taken

    try:
        known = [snapshot for snapshot in reading.found.values() if snapshot is not None]
        if any(map(is_newer_and_stays, known)) or service.any_beside(reading, is_newer_and_stays):
            return steps
        listed = [snapshot for snapshot in service.snapshots() if snapshot.complete]
    except ApiError as error:
        detail = f"Which snapshot is the newest complete one cannot be told, so nothing is taken away: {error}"
        return [
            _refused(step, Refusal(error.code, detail, error.status)) if step.takes_away else step for step in steps
        ]
    newest = max([one for one in listed if _is_restorable(one, now)] or listed, key=age_key, default=None)
    is_it = newest.id if newest is not None and newest.id in taken else None
    return [_refused(step, _newest(step.wish.id)) if step.wish.id == is_it else step for step in steps]


def _is_restorable(snapshot: Snapshot, now: datetime) -> bool:
    """Complete, and there to stay for now: what has expired the service deletes when it chooses."""
    is_future = snapshot.created_at is None or snapshot.created_at > now
    has_expired = snapshot.expires_at is not None and snapshot.expires_at <= now
    return bool(snapshot.complete) and not is_future and not has_expired


def _newest(snapshot_id: str) -> Refusal:
    return Refusal(
        NEWEST,
        f"Snapshot {snapshot_id} is the newest complete one of the cluster now, and is neither deleted nor made to "
        "expire sooner: nothing newer is left to restore. Look at the backups.",
    )


def _without_restoring(steps: list[Step], service: Service, now: datetime) -> list[Step]:
    """Refuse what would take away a snapshot that a restore job uses."""
    if not any(step.takes_away for step in steps):
        return steps
    try:
        jobs = service.restore_jobs(now)
        known = [step.before for step in steps if step.before is not None]
        if any(job.in_use and job.snapshot_id is None for job in jobs):
            known = service.snapshots()
        used = used_snapshots(jobs, known)
    except (ApiError, ValueError) as error:
        detail = f"Which snapshots a restore uses cannot be told, so nothing is taken away: {error}"
        status, code = (error.status, error.code) if isinstance(error, ApiError) else (None, RESTORING)
        refusal = Refusal(code, detail, status)
        return [_refused(step, refusal) if step.takes_away else step for step in steps]
    return [
        _refused(step, _restoring(step.wish.id, used[step.wish.id]))
        if step.takes_away and step.wish.id in used
        else step
        for step in steps
    ]


def _restoring(snapshot_id: str, job_id: str) -> Refusal:
    return Refusal(
        RESTORING,
        f"Snapshot {snapshot_id} is used by restore job {job_id}, and is neither deleted nor made to expire sooner. "
        "Try again when the restore has ended.",
    )


def _refused(step: Step, refusal: Refusal) -> Step:
    return replace(step, action=FAILED, after=step.before, refusal=refusal)


def _write(steps: Sequence[Step], service: Service, run: Runner, check_mode: bool) -> dict[str, Step]:
    """PATCHes, all of them to their end, then DELETEs, oldest first."""
    done = {step.wish.id: step for step in steps}
    succeeded = threading.Event()

    def write(snapshot_id: str) -> ApiError | None:
        if check_mode:
            return None
        done[snapshot_id], error = _written(done[snapshot_id], service)
        if done[snapshot_id].is_change:
            succeeded.set()
        return error

    def stops_deletes(error: ApiError | None) -> bool:
        # After a write that worked, a 401 or 403 is about this one snapshot: inside the point-in-time
        # window, say, a delete needs a higher role (contract, section 1.1).
        own = error is not None and error.status in (401, 403) and succeeded.is_set()
        return _meets_all(error) and not own

    stopped, left = run([step.wish.id for step in steps if step.action == UPDATED], write, _meets_all)
    deletes = [(age_key(step.before), step.wish.id) for step in steps if step.before and step.action == DELETED]
    oldest_first = [snapshot_id for _age, snapshot_id in sorted(deletes)]
    if stopped or any(step.blocks_deletes for step in done.values()):
        left += oldest_first
    else:
        left += run(oldest_first, write, stops_deletes)[1]
    for snapshot_id in left:
        done[snapshot_id] = _not_tried(done[snapshot_id])
    return done


def _meets_all(error: ApiError | None) -> bool:
    return error is not None and error.meets_all


def _not_tried(step: Step) -> Step:
    return replace(step, action=NOT_TRIED, after=step.before)


def _written(step: Step, service: Service) -> tuple[Step, ApiError | None]:
    before, after = step.before, step.after
    if before is None:
        raise AssertionError("what is not there is not written")
    try:
        if after is None:
            return (step if service.delete(before.id).by_us else replace(step, action=GONE)), None
        answered = service.change(
            before,
            after.expires_at if after.expires_at != before.expires_at else None,
            after.do_not_delete if bool(after.do_not_delete) != bool(before.do_not_delete) else None,
        )
    except ApiError as error:
        fate = None if error.fate_unknown else before
        return replace(step, action=FAILED, after=fate, refusal=_refusal_of(error)), error
    # A service may leave out doNotDelete where it is false: that is what was expected, not another value.
    held = after.do_not_delete if bool(answered.do_not_delete) == bool(after.do_not_delete) else answered.do_not_delete
    return replace(step, after=replace(after, expires_at=answered.expires_at, do_not_delete=held)), None


def outcomes(outcome: Outcome) -> list[dict[str, Any]]:
    """`outcomes` as the result carries them, one an item, in the order asked."""
    return [
        {
            "id": step.wish.id,
            "action": step.action,
            "before": _shown(step.before),
            "after": _shown(step.after),
            "error": None if step.refusal is None else step.refusal.to_result(),
        }
        for step in outcome.steps
    ]


def _shown(snapshot: Snapshot | None) -> dict[str, Any] | None:
    return None if snapshot is None else to_result(snapshot)


def diffs(outcome: Outcome) -> list[dict[str, str]]:
    """One difference for each changed snapshot: only what changes, its keys sorted."""
    return [_diff(step) for step in outcome.unique if step.is_change]


def _diff(step: Step) -> dict[str, str]:
    header = f"snapshot {step.wish.id}"
    before, after = _shown(step.before) or {}, _shown(step.after)
    if after is None:
        keys = ["created_at", "expires_at", "file_size_bytes", "id"]
        return {"before_header": header, "after_header": header, "before": _lines(before, keys), "after": ""}
    keys = sorted(key for key in before if before[key] != after[key])
    return {
        "before_header": header,
        "after_header": header,
        "before": _lines(before, keys),
        "after": _lines(after, keys),
    }


def _lines(values: Mapping[str, Any], keys: Sequence[str]) -> str:
    plain = {None: "none", True: "true", False: "false"}
    return "".join(
        f"{key}: {plain[values[key]] if values[key] is None or isinstance(values[key], bool) else values[key]}\n"
        for key in keys
    )


def failure_text(outcome: Outcome, cluster: str) -> str:
    """What went wrong, how far it got, and the first few reasons."""
    failures, unique = outcome.failures, outcome.unique
    counts = {action: sum(step.action == action for step in unique) for action in (UPDATED, DELETED, NOT_TRIED)}
    reasons = [
        f"{step.refusal.detail}{'' if step.wish.id in step.refusal.detail else f' (snapshot {step.wish.id})'}"
        for step in failures[:_SHOWN_FAILURES]
        if step.refusal
    ]
    if len(unique) == 1:
        return f"Cluster {cluster}: {' '.join(reasons)}"
    more = len(failures) - _SHOWN_FAILURES
    return (
        f"Cluster {cluster}: {len(failures)} of {len(unique)} snapshots failed; "
        f"{counts[UPDATED]} updated, {counts[DELETED]} deleted, {counts[NOT_TRIED]} not tried. {' '.join(reasons)}"
        f"{f' And {more} more: see outcomes.' if more > 0 else ''}"
    )
