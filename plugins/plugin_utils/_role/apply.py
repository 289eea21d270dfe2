# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step that applies: takes what was released for the host, changes it in batches, and verifies (R22)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import parse_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import summary
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import read_expiries
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import (
    Decision,
    Note,
    Plan,
    batches,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import Outcome, Run
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.files import FileError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.fleet import Fleet, fleet_of
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.outcome import (
    changes_shown,
    numbers_of,
    published,
    same_cluster,
    with_plan,
    without_plan,
    write_report,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.step import Step
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.store import Entry
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import (
    Cluster,
    in_role,
    read_cluster,
)

_NO_PLAN = (
    "RETENTION NO PLAN: nothing was released for this host in this run: retention_apply follows retention_decide, which"
    " was skipped or did not end, or it has applied the plan before. Run the role as a whole."
)


_CHECKED_ONLY = (
    "The plan was decided on in check mode, where less is refused, and this is no check mode: nothing was written. Give"
    " check_mode to the role as a whole."
)


@dataclass(frozen=True)
class Released:
    """What `decide` has released for the host."""

    plan: Plan
    void: frozenset[str]
    findings: tuple[Note, ...]
    target: Mapping[str, str]
    now: datetime
    is_approved: bool
    in_check_mode: bool
    max_fail_percentage: float
    batch_size: int
    concurrency: int
    plan_file: str | None
    report_dir: str
    listing: Mapping[str, Any] | None
    requests: Sequence[Mapping[str, Any]]
    listed_before: Mapping[str, datetime | None]

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> Released:
        """From the store."""
        loaded = {
            "plan": Plan.load(kept["plan"]),
            "void": frozenset(kept["void"]),
            "findings": tuple(Note(**note) for note in kept["findings"]),
            "now": datetime.fromisoformat(kept["now"]),
            "listed_before": {key: value and parse_instant(value) for key, value in kept["listed_before"].items()},
        }
        return cls(**{**kept, **loaded})


@dataclass(frozen=True)
class Done:
    """What became of the batches: `unsure` are changes without a result, `error` is why no further batch was begun."""

    outcomes: tuple[Outcome, ...] = ()
    is_prediction: bool | None = None
    unsure: tuple[Mapping[str, Any], ...] = ()
    error: str = ""


def apply(step: Step) -> dict[str, Any]:
    """The result of one host. Its numbers are published, whatever became of the run."""
    result = _result(step)
    try:
        key = read_cluster(step.given).key(step.host)
    except RefusedError:
        return result
    return {**result, **published({f"retention_run_{key}": numbers_of(result)})}


def _result(step: Step) -> dict[str, Any]:
    entry, kept = step.store.take(step.host)
    if entry is None or kept is None:
        return without_plan(step, Cluster(), _NO_PLAN, step.check_mode)
    if "plan" not in kept:
        return kept
    released = Released.load(kept)
    step.log.requests.extend(released.requests)
    rival = step.store.rival(entry)
    if released.in_check_mode and not step.check_mode:
        return _refused(step, released, _CHECKED_ONLY)
    if rival is not None:
        return _refused(step, released, same_cluster(step.host, rival, released.plan))
    stopping = _stopping(step, entry, released)
    removals = {decision.snapshot.id for decision in released.plan.decisions if decision.is_removal}
    withheld = frozenset(removals if stopping else ())
    done = _change(step, released, withheld | released.void)
    return _ended(step, released, withheld, done, stopping)


def _refused(step: Step, released: Released, reason: str) -> dict[str, Any]:
    named = Cluster(*(str(getattr(released.plan, key) or "") for key in ("project_id", "cluster_name", "cluster_id")))
    return without_plan(step, named, reason, step.check_mode)


def _stopping(step: Step, entry: Entry, released: Released) -> Fleet | None:
    """The fleet where its guard trips."""
    limit = released.max_fail_percentage
    if limit >= 100:
        return None
    entries = step.store.entries()
    disputed = {one.host for one in entries if step.store.rival(one) is not None}
    fleet = fleet_of(entry, entries, step.batch, disputed, step.has_failed)
    return fleet if fleet.trips(limit) else None


# --- the batches ---


def _change(step: Step, released: Released, without: AbstractSet[str]) -> Done:
    """Changes batch after batch. A snapshot that fails does not keep the others from their turn."""
    parts = batches(released.plan, released.batch_size, without)
    total, done = sum(len(part) for part in parts), Done()
    for part in parts:
        left = step.seconds_left()
        if left is not None and left < 1:
            return Done(done.outcomes, done.is_prediction, error="The timeout of the task left no time for the rest.")
        done = _changed(step, released, done, part)
        step.tell(_progress(step, released, done, total))
        if done.error or summary.must_stop(released.plan, done.outcomes):
            return done
    return done


def _changed(step: Step, released: Released, done: Done, part: Sequence[Mapping[str, Any]]) -> Done:
    result = step.change(released.target, part, released.concurrency)
    is_prediction = done.is_prediction if result.get("check_mode") is None else result["check_mode"] is True
    message = in_role(str(result.get("msg") or "A batch could not be run.")) if result.get("failed") else ""
    try:
        outcomes = _outcomes(result, part)
    except RefusedError as exc:
        return Done(done.outcomes, is_prediction, tuple(part), f"A batch has no result, {exc}: {message}".rstrip(": "))
    if step.diff_mode:
        step.log.show(changes_shown(step.host, _changed_ones(released.plan, outcomes)))
    is_general = bool(message) and not any(outcome.action == "failed" for outcome in outcomes)
    return Done((*done.outcomes, *outcomes), is_prediction, error=message if is_general else "")


def _outcomes(result: Mapping[str, Any], part: Sequence[Mapping[str, Any]]) -> tuple[Outcome, ...]:
    """What a module tells of its batch; RefusedError where it was ended before it could tell."""
    if "outcomes" not in result and "invocation" in result:
        # It has failed by itself, which it does only before the first write.
        return tuple(Outcome(change["snapshot_id"], "not_tried") for change in part)
    if result.get("outcomes") is None:
        raise RefusedError("since the module was ended before it could tell what it did")
    return tuple(map(_in_role, summary.read_outcomes(result["outcomes"])))


def _in_role(outcome: Outcome) -> Outcome:
    error = outcome.error
    return outcome if error is None else replace(outcome, error={**error, "detail": in_role(outcome.reason)})


def _changed_ones(plan: Plan, outcomes: Sequence[Outcome]) -> list[Decision]:
    """What was changed, or would be. The module's own diff does not say why."""
    changed = {outcome.id for outcome in outcomes if outcome.action in ("deleted", "updated")}
    return [decision for decision in plan.decisions if decision.snapshot.id in changed]


def _progress(step: Step, released: Released, done: Done, total: int) -> str:
    name = released.plan.cluster_name or released.plan.cluster_id
    found = Counter(outcome.action for outcome in done.outcomes)
    bad, before = sum(found[action] for action in summary.UNDONE), found["absent"] + found["unchanged"]
    what = "checked, nothing was written" if done.is_prediction else "done"
    more = [f"{before} of them before this run"] if before else []
    more += [f"{bad} failed or not tried"] if bad else []
    return f"[{step.host}] {name}: {', '.join([f'{len(done.outcomes) - bad} of {total} changes {what}', *more])}"


# --- the end ---


def _ended(
    step: Step, released: Released, withheld: frozenset[str], done: Done, stopping: Fleet | None
) -> dict[str, Any]:
    is_prediction = step.check_mode if done.is_prediction is None else done.is_prediction
    has_written = (done.outcomes or done.unsure) and not is_prediction
    listed, problem = _verified(step, released) if has_written else (None, "")
    outcomes = _told(released, done, listed, is_prediction)
    run = Run(
        released.plan, released.now, outcomes, is_prediction, released.is_approved, withheld, listed, released.void
    )
    failures = [*_stopped(stopping, withheld, released), *_stale(released.plan)]
    failures += [text for text in (done.error, problem) if text]
    report, trouble = _reported(step, released, run)
    failures += trouble
    step.log.changed = step.log.changed or any(outcome.action in ("deleted", "updated") for outcome in outcomes)
    return with_plan(step.host, run, released.findings, {"plan_file": released.plan_file, "report": report}, failures)


def _reported(step: Step, released: Released, run: Run) -> tuple[str | None, list[str]]:
    """The path of the report, and why there is none although there should be."""
    try:
        return write_report(step, released.report_dir, run, released.listing, released.findings), []
    except FileError as exc:
        return None, [f"retention_report_dir: {exc}"]
    except Exception as exc:  # noqa: BLE001  (what was deleted has to be told, whatever becomes of its report)
        return None, [f"retention_report_dir: the report could not be made: {type(exc).__name__}: {exc}."]


def _told(
    released: Released, done: Done, listed: Mapping[str, datetime | None] | None, is_prediction: bool
) -> tuple[Outcome, ...]:
    """The outcomes, those of a batch without a result by the listing. In check mode nothing was tried."""
    unsure = [change["snapshot_id"] for change in done.unsure]
    if is_prediction:
        return (*done.outcomes, *(Outcome(name, "not_tried") for name in unsure))
    return summary.resolved(unsure, done.unsure, done.outcomes, listed, released.listed_before)


def _verified(step: Step, released: Released) -> tuple[Mapping[str, datetime | None] | None, str]:
    """The expiries of a listing made after the last write (R22), or why there is none."""
    listing = step.list(released.target, ())
    if listing.get("failed"):
        return None, f"What was done could not be verified: {in_role(str(listing.get('msg')))}"
    if listing.get("cluster_id") != released.plan.cluster_id:
        return None, (
            f"What was done could not be verified: the service answered for cluster {listing.get('cluster_id')}, and"
            f" the plan is for {released.plan.cluster_id}. Was the cluster renamed or replaced?"
        )
    try:
        return read_expiries(listing), ""
    except RefusedError as exc:
        return None, f"What was done could not be verified: {exc}"


def _stale(plan: Plan) -> list[str]:
    """Why a host fails whose removals were withheld, after its extends (R17)."""
    texts = [note.text for note in plan.warnings if note.code == "stale"]
    return [f"RETENTION STALE: {'; '.join(texts)}"] if plan.withheld else []


def _stopped(stopping: Fleet | None, withheld: frozenset[str], released: Released) -> list[str]:
    if stopping is None or not withheld:
        return []
    reason = (
        f"RETENTION STOPPED: {stopping.stopped} of {stopping.size} clusters are blocked, or could not be planned, more"
        f" than retention_max_fail_percentage {released.max_fail_percentage:g} allows; {len(withheld)} removals were"
        " withheld here. Mend or leave out those clusters, or raise the variable for this run."
    )
    return [reason]
