# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold after any run, however it was disturbed: what it told, against what the service has and was asked.

Each function gives the promises that were broken, in words; none is the wish.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import cut
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.outcome import _LONGEST_DETAIL
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import in_role

from simulator.requestlog import Entry
from torture.bench import State, Undisturbed
from torture.role import Told

Rows = Mapping[str, tuple[str | None, bool]]
# How the service may say that a cluster has no schedule; the plan then goes by the default window.
NO_SCHEDULE = (400, 404, 409)
# The fates after which somebody has to look.
UNDONE = ("failed", "not_tried", "unknown")


def untouched(measure: Undisturbed, before: State, after: State, log: Sequence[Entry]) -> Iterator[str]:
    """Nothing outside the plan was touched, nor asked to be; and every extension came before the first deletion."""
    main = _main(before)
    for cluster, rows in before.items():
        for name in {*rows, *after[cluster]}:
            there, now, due = rows.get(name), after[cluster].get(name), measure.due.get(name)
            allowed = [there] if cluster != main or due is None else [there, _end(due)]
            if now not in allowed:
                yield f"{name} was {there} and is {now}; the plan has {due} for it"
    for entry in log:
        if entry.is_write:
            yield from _unplanned(measure, entry, main)
    first_delete = next((entry for entry in log if entry.method == "DELETE"), None)
    last_patch = next((entry for entry in reversed(log) if entry.method == "PATCH"), None)
    if first_delete and last_patch and first_delete.index < last_patch.index:
        yield f"{first_delete.line} came before {last_patch.line}"
    extends = {name: due for name, due in measure.due.items() if due != "delete"}
    missing = [name for name, due in extends.items() if after[main].get(name) != _end(due)]
    if first_delete and missing:
        yield f"deleted although {', '.join(missing)} does not live longer yet"


def _unplanned(measure: Undisturbed, write: Entry, main: str) -> Iterator[str]:
    due = measure.due.get(write.path.rpartition("/")[2])
    if main not in write.path and "/clusters/orders/" not in write.path:
        yield f"a write to another cluster: {write.line}"
    if due is None or (write.method == "DELETE") != (due == "delete"):
        yield f"a write that is not in the plan: {write.line}"
    elif write.method == "PATCH" and json.loads(write.body or "null") != {"expires": due}:
        yield f"a PATCH with other content than the plan has: {write.body}"


def whole(measure: Undisturbed, told: Told, log: Sequence[Entry]) -> Iterator[str]:
    """What was decided upon was a whole and true reading; without one there was no write."""
    listings = told.listings
    if not told.calls and told.plan:
        # In a playbook nobody sees the listing, but the plan has all of it.
        yield from _planned_on_all(measure, told)
        return
    if not listings or listings[0].result.get("failed"):
        yield from (f"a write without a listing: {entry.line}" for entry in log if entry.is_write)
        if told.plan:
            yield "a plan without a listing"
        return
    first = listings[0].result
    for key in ("snapshots", "total", "truncated", "completeness", "cluster_id", "project_id", "restore_jobs"):
        if first[key] != measure.listing[key]:
            yield f"the listing's {key} is not what the service has"
    if first["schedule"] != measure.listing["schedule"]:
        refused = [entry for entry in log if "snapshotSchedule" in entry.path and entry.status in NO_SCHEDULE]
        is_told = listings[0].warnings or first["schedule_status"] == "unavailable"
        if first["schedule"] is not None or not refused or not is_told:
            yield f"the schedule was taken for {first['schedule']}"


def _planned_on_all(measure: Undisturbed, told: Told) -> Iterator[str]:
    keys = ("id", "created_at", "complete", "do_not_delete", "expires_at", "state")
    planned, whole_ = (
        [{key: row[key] for key in keys} for row in plan["snapshots"]] for plan in (told.plan, measure.told.plan)
    )
    if planned != whole_:
        yield "the plan is not of what the service has"


def truthful(measure: Undisturbed, told: Told, before: State, after: State, log: Sequence[Entry]) -> Iterator[str]:
    """Each outcome is what the service has, nothing was done that is not told, and the summary says the same."""
    main = _main(before)
    was, now = before[main], after[main]
    sent = {entry.path.rpartition("/")[2] for entry in log if entry.is_write}
    # What was under way when every connection was cut: sent, and not in the log.
    is_cut = any(entry.fault == "hang_up" for entry in log)
    own = told.outcomes
    by_id = {outcome["id"]: outcome for outcome in own}
    if len(by_id) != len(own):
        yield "a snapshot has two outcomes"
    for name, outcome in by_id.items():
        if outcome["action"] == "absent" and now.get(name) is not None and _was_denied(name, log):
            # The service said that it was not there. Only the listing afterwards can tell.
            if told.failure is None or (_is_verified(told) and name not in told.failure):
                yield f"{name} is there, the service said it is not, and nobody found out"
            continue
        yield from _outcome(name, outcome, was.get(name), now.get(name), name in sent, is_cut)
    for name in {*was, *now} - set(by_id):
        if was.get(name) != now.get(name):
            yield f"{name} was changed without a word"
    yield from (f"{name} was sent without a word" for name in sent - set(by_id))
    for done in told.changes:
        yield from _changed(done.result, was, now)
    yield from _ending(measure, told, now, by_id)


def _outcome(
    name: str,
    outcome: Mapping[str, Any],
    was: object,
    now: tuple[str | None, bool] | None,
    was_sent: bool,
    is_cut: bool,
) -> Iterator[str]:
    action, error = outcome["action"], outcome["error"]
    expiry = (outcome.get("after") or {}).get("expires_at")
    told = f"{name} is told {action}"
    if (action == "failed") != (error is not None):
        yield f"{told} with the error {error}"
    if action == "failed":
        yield from _failed(outcome, told, was, now, was_sent or is_cut)
    elif action in ("deleted", "absent"):
        if now is not None:
            yield f"{told} and is there"
        if action == "absent" and was is not None:
            yield f"{told}, but it was there before and nobody else is about"
    elif action == "updated":
        if now is None or now[0] != expiry or now == was:
            yield f"{told} to {expiry} and is {now}"
    elif now != was:
        yield f"{told} and was {was}, is {now}"
    if action in ("not_tried", "unchanged") and was_sent:
        yield f"{told} and was sent"


def _failed(outcome: Mapping[str, Any], told: str, was: object, now: object, may_be_sent: bool) -> Iterator[str]:
    yield from _readable(outcome["error"].get("detail"), told)
    if "before" not in outcome:
        return
    before, after = outcome["before"], outcome["after"]
    if after is not None and now != was:
        yield f"{told}, as it was, and is {now}"
    if after is not None and after != before:
        yield f"{told} with before and after that differ"
    if after is None and before is not None and not may_be_sent:
        yield f"{told}, fate unknown, and was never sent"


def _was_denied(name: str, log: Sequence[Entry]) -> bool:
    faulty = [entry for entry in log if entry.fault == "not_found" and entry.status == 404]
    return any(entry.path.endswith(name) for entry in faulty)


def _changed(result: Mapping[str, Any], was: Rows, now: Rows) -> Iterator[str]:
    outcomes = result.get("outcomes", [])
    done = [one for one in outcomes if was.get(one["id"]) != now.get(one["id"])]
    unknown = [one for one in outcomes if one["action"] == "failed" and one["after"] is None and one["before"]]
    if result.get("changed") and not done and not unknown:
        yield "changed is true and nothing was done"
    if not result.get("changed") and [one for one in done if one not in unknown]:
        yield "changed is false and something was done"
    if result.get("failed") != (True if any(one["action"] == "failed" for one in outcomes) else result.get("failed")):
        yield "an outcome failed and the module did not"


def _ending(measure: Undisturbed, told: Told, now: Rows, by_id: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    main = _main(measure.before)
    if told.failure is None:
        # Without the schedule the plan keeps more: what lies within the default window.
        assumed = [one for one in told.result["findings"] if one["code"] in ("schedule_unavailable", "pit_assumed")]
        if now != measure.after[main] and not assumed:
            yield "the run says that all went well, and not all is done"
    else:
        yield from _readable(told.failure, "the run's message")
    failed = [name for name, outcome in by_id.items() if outcome["action"] == "failed"]
    if failed and told.failure is None:
        yield "something failed and the run did not"
    text = told.failure or ""
    if failed and _is_verified(told) and not any(name in text for name in failed):
        yield f"the run's message names none of what failed: {text}"
    for name in failed:
        if not any(name in line for line in told.lines) and len(failed) <= 3:
            yield f"the summary does not name {name}, which failed"
    yield from _failures(told, by_id)
    if told.plan and not told.plan["guard"]["blocked"]:
        yield from _counts(told, now, by_id)


def _failures(told: Told, by_id: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What is listed as failed, not tried, or not known is what the modules say, and of a batch without a word none."""
    listed = {one["id"]: (one["action"], one["error"]) for one in told.result["failures"]}
    own = {name: (one["action"], _as_listed(one["error"])) for name, one in by_id.items() if one["action"] in UNDONE}
    if {name: listed.get(name) for name in own} != own:
        yield f"the failures are {listed}, and the modules had {own}"
    for name in listed.keys() - own.keys():
        if name in by_id or listed[name] != ("not_tried", None):
            yield f"{name} is listed as {listed[name]}, and no module says so"


def _as_listed(error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The error of a module as the role lists it: in the words of the role, and no longer than a result may be."""
    if error is None:
        return None
    return {**error, "detail": cut(in_role(str(error.get("detail") or "no reason given")), _LONGEST_DETAIL)}


def _counts(told: Told, now: Rows, by_id: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The numbers, and the one line that has them."""
    planned = {row["id"]: row["action"] for row in told.plan["snapshots"] if row["action"] != "keep"}
    fates = Counter(_fate(told, now, name, action, by_id.get(name)) for name, action in planned.items())
    counts = told.result["counts"]
    for fate in ("deleted", "already_gone", "extended", *UNDONE):
        if counts.get(fate, 0) != fates[fate]:
            yield f"{fate} should be {fates[fate]} in {counts}"
    is_done = not any(counts[fate] for fate in UNDONE)
    words = next((line for line in told.lines if line.startswith(("Done: ", "Not everything was done: "))), "")
    wanted = [f"{counts[fate]} {fate}" for fate in ("deleted", "extended")]
    if words.startswith("Done: ") != is_done or not all(re.search(rf"(?<!\d){one}[,.]", words) for one in wanted):
        yield f"the summary should say {wanted}: {words!r}"


def _fate(told: Told, now: Rows, name: str, action: str, outcome: Mapping[str, Any] | None) -> str:
    if outcome is None:
        return "not_tried"
    if action == "delete" and outcome["action"] in ("deleted", "absent"):
        # What the service denied and the listing has is found out.
        if name in now and _is_verified(told):
            return "failed"
        return "deleted" if outcome["action"] == "deleted" else "already_gone"
    return {"updated": "extended", "unchanged": "kept"}.get(outcome["action"], str(outcome["action"]))


def _is_verified(told: Told) -> bool:
    """Whether the listing that verifies could be made."""
    return "could not be verified" not in (told.failure or "")


def _readable(text: object, what: str) -> Iterator[str]:
    if not isinstance(text, str) or len(text) < 20 or len(text) > 6000:
        yield f"{what} is no text for a person: {text!r}"
    elif "Traceback" in text or re.search(r"[\x00-\x1f\x7f-\x9f]| object at 0x|<class|Errno None", text):
        yield f"{what} is not readable: {text!r}"


def _end(due: str) -> tuple[str | None, bool] | None:
    return None if due == "delete" else (due, False)


def done_in_peace(measure: Undisturbed, told: Told, after: State) -> Iterator[str]:
    """A healthy run afterwards ends where an undisturbed run would have ended."""
    if told.failure is not None:
        yield f"the run afterwards failed: {told.failure}"
    for cluster, rows in measure.after.items():
        for name in {*rows, *after[cluster]}:
            if rows.get(name) != after[cluster].get(name):
                yield f"after the run afterwards {name} is {after[cluster].get(name)}, not {rows.get(name)}"


def _main(state: State) -> str:
    """The cluster that the run is about: the first."""
    return next(iter(state))
