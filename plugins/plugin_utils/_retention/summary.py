# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a plan in one run: counts, what did not go as reported (R22), and the summary for people (R23)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import (
    Snapshot,
    format_instant,
    parse_instant,
    shared_reason,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import named
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import (
    Decision,
    Gap,
    Note,
    Plan,
    dump_notes,
    total_size,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    check_at,
    cut,
    each,
    fields,
    instant,
    mapping,
    optional,
    plain,
    string,
)

OUTCOMES = ("unchanged", "updated", "deleted", "absent", "failed", "not_tried", "unknown")
# What one run makes of the snapshots of a plan, in the order in which it is told. With the states other than candidate
# and held, each snapshot of a plan has one of these.
FACTS = (
    "kept",
    "held",
    "deleted",
    "already_gone",
    "extended",
    "shortened",
    "withheld",
    "failed",
    "not_tried",
    "unknown",
)
PREDICTIONS = (
    "kept",
    "held",
    "to_delete",
    "to_extend",
    "to_shorten",
    "withheld",
    "failed",
    "not_tried",
    "unknown",
)
# The fates after which somebody has to look at the run.
UNDONE = ("failed", "not_tried", "unknown")
_GONE = ("deleted", "already_gone", "to_delete", "unknown")
_SHORTENED = ("shortened", "to_shorten")
_REMOVED = ("deleted", "to_delete", *_SHORTENED)
# By what was planned and by the outcome. Any other pair says nothing about the snapshot.
_FATES = {
    ("delete", "deleted"): "deleted",
    ("delete", "absent"): "already_gone",
    ("extend", "updated"): "extended",
    ("extend", "unchanged"): "kept",
    ("shorten", "updated"): "shortened",
    ("shorten", "unchanged"): "kept",
    **{(action, fate): fate for action in ("delete", "extend", "shorten") for fate in ("failed", "not_tried")},
}
_PREDICTED = {"deleted": "to_delete", "extended": "to_extend", "shortened": "to_shorten"}
_NOUNS = {"delete": "deletion", "extend": "extension", "shorten": "shortening"}
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SHOWN, _NAMED = 10, 3
# The id of a snapshot in a sentence, and not in a path.
_ID = re.compile(r"(?<![/0-9a-z])[0-9a-f]{24}\b(?! of [0-9])")
# What a line of the summary says of why a snapshot is removed.
_LONGEST_WHY = 200
# Numbers of one cluster stay small in an artifact however many snapshots it has.
_LONGEST_FINDING = 400
_LONGEST_PROBLEM = 700


@dataclass(frozen=True)
class Outcome:
    """What became of one change: `expires_at` is the expiry afterwards, `error` has `status`, `code` and `detail`."""

    id: str
    action: str
    expires_at: datetime | None = None
    error: Mapping[str, Any] | None = None

    @property
    def reason(self) -> str:
        """Why it failed."""
        return str((self.error or {}).get("detail") or "no reason given")


@dataclass(frozen=True)
class Run:
    """One run of a plan. `now` is its own time, which is not that of a plan that was approved earlier.

    `withheld` are the removals that the guard of the fleet withheld, `void` the changes of expiry of snapshots that
    are gone or have expired since. `listed_after` are the expiries, by id, of a listing made afterwards.
    """

    plan: Plan
    now: datetime
    outcomes: tuple[Outcome, ...] = ()
    is_prediction: bool = True
    is_applied_plan: bool = False
    withheld: frozenset[str] = frozenset()
    listed_after: Mapping[str, datetime | None] | None = None
    void: frozenset[str] = frozenset()

    @property
    def verified_by(self) -> Mapping[str, datetime | None] | None:
        """The expiries, by id, that tell what was really done; None where nothing was written or nobody looked."""
        return None if self.is_prediction else self.listed_after

    @cached_property
    def fates(self) -> dict[str, str]:
        """What became of each snapshot, by id: a word of FACTS or PREDICTIONS, or its state."""
        outcomes = {outcome.id: outcome for outcome in self.outcomes}
        return {one.snapshot.id: self._fate(one, outcomes.get(one.snapshot.id)) for one in self.plan.decisions}

    @cached_property
    def remaining(self) -> frozenset[str]:
        """The snapshots that are there after the run, for longer than a grace.

        A listing made afterwards tells. Without one, a snapshot whose fate is not known counts as gone.
        """
        if self.verified_by is not None:
            there = [name for name in self.fates if name in self.verified_by]
        else:
            there = [name for name, fate in self.fates.items() if fate not in _GONE]
        return frozenset(name for name in there if self.fates[name] not in _SHORTENED)

    def _fate(self, decision: Decision, outcome: Outcome | None) -> str:
        if decision.state != "candidate":
            return decision.state
        if decision.action == "keep":
            return "withheld" if decision.is_withheld else "kept"
        if decision.snapshot.id in self.withheld:
            return "withheld"
        if decision.snapshot.id in self.void:
            return "already_gone"
        return self._fate_of_change(decision.action, outcome)

    def _fate_of_change(self, action: str, outcome: Outcome | None) -> str:
        if self.is_prediction and not self.outcomes:
            return f"to_{action}"
        if outcome is None:
            return "not_tried"
        if self.verified_by is not None and _contradiction(outcome, self.verified_by):
            return "failed"
        fate = _FATES.get((action, outcome.action), "unknown")
        return _PREDICTED.get(fate, fate) if self.is_prediction else fate


# --- outcomes ---


def told(run: Run, outcome: Outcome) -> str:
    """The action of an outcome, worded as a prediction where nothing was written."""
    predicted = {"deleted": "to_delete", "updated": "to_update"}
    return predicted.get(outcome.action, outcome.action) if run.is_prediction else outcome.action


def read_outcomes(value: Any) -> tuple[Outcome, ...]:
    """The `outcomes` of `legacy_snapshot`; RefusedError names what is none. Another action counts as `unknown`."""
    return tuple(
        Outcome(
            row["id"],
            row["action"] if row["action"] in OUTCOMES else "unknown",
            (row["after"] or {}).get("expires_at"),
            row["error"],
        )
        for row in check_at(_ROWS, value, "outcomes")
    )


_ROWS = each(
    fields(
        {"id": string, "action": string},
        {
            "after": optional(fields({}, {"expires_at": optional(instant)})),
            "error": optional(lambda error: plain(mapping(error))),
        },
    )
)


def resolved(
    asked_ids: Iterable[str],
    changes: Iterable[Mapping[str, Any]],
    outcomes: Iterable[Outcome],
    listed_after: Mapping[str, datetime | None] | None,
    listed_before: Mapping[str, datetime | None] | None = None,
) -> tuple[Outcome, ...]:
    """The outcomes, with one for each change that was handed to a module that ended without a result.

    Two listings tell it, by id and expiry. Without the one before, whatever is done counts as done by this run.
    """
    told = tuple(outcomes)
    known, by_id = {outcome.id for outcome in told}, {change["snapshot_id"]: change for change in changes}
    asked = [name for name in dict.fromkeys(asked_ids) if name not in known]
    return (*told, *(_resolved(name, by_id.get(name), listed_after, listed_before) for name in asked))


def _resolved(
    snapshot_id: str,
    change: Mapping[str, Any] | None,
    after: Mapping[str, datetime | None] | None,
    before: Mapping[str, datetime | None] | None,
) -> Outcome:
    if change is None or after is None:
        return Outcome(snapshot_id, "unknown")
    if change["state"] == "absent":
        if snapshot_id in after:
            return Outcome(snapshot_id, "not_tried", after[snapshot_id])
        return Outcome(snapshot_id, "deleted" if before is None or snapshot_id in before else "absent")
    sent = parse_instant(change["expires_at"])
    if after.get(snapshot_id) != sent:
        return Outcome(snapshot_id, "not_tried", after.get(snapshot_id))
    return Outcome(snapshot_id, "updated" if before is None or before.get(snapshot_id) != sent else "unchanged", sent)


def must_stop(plan: Plan, outcomes: Iterable[Outcome]) -> bool:
    """Whether no further batch may begin (R19).

    Something was not tried or is not known, or a snapshot was not made to live longer.
    """
    extends = {decision.snapshot.id for decision in plan.decisions if decision.action == "extend"}
    return any(
        outcome.action in ("not_tried", "unknown") or (outcome.id in extends and _lives_shorter(outcome))
        for outcome in outcomes
    )


def _lives_shorter(outcome: Outcome) -> bool:
    """Whether a snapshot was not extended. One that somebody extended further lives long enough."""
    return outcome.action == "failed" and (outcome.error or {}).get("code") != "EXTENDED"


# --- numbers ---


def counts(run: Run) -> dict[str, int]:
    """How many snapshots have which fate. Snapshots that are expired, incomplete or in the future are not counted."""
    found = Counter(run.fates.values())
    return {fate: found[fate] for fate in (PREDICTIONS if run.is_prediction else FACTS)}


def numbers(run: Run, findings: Sequence[Note]) -> dict[str, Any]:
    """One cluster in numbers, small enough for the artifact of a fleet and for a notification."""
    plan = run.plan
    return {
        "check_mode": run.is_prediction,
        "project_id": plan.project_id,
        "cluster_id": plan.cluster_id,
        "cluster_name": plan.cluster_name,
        "now": format_instant(run.now),
        "plan_now": format_instant(plan.now),
        "counts": counts(run),
        "gaps": len(plan.gaps),
        "findings": dump_notes(_shortened(all_findings(plan, findings))),
        "guard": {"blocked": plan.is_blocked, "reasons": dump_notes(plan.blocked_by)},
        "digest": plan.digest,
    }


def all_findings(plan: Plan, findings: Sequence[Note]) -> list[Note]:
    """The findings of an audit and the warnings of the plan, each once."""
    return list(dict.fromkeys((*findings, *plan.warnings)))


def _shortened(findings: Sequence[Note]) -> Iterator[Note]:
    """The first findings of each code, and how many more there are."""
    for code in dict.fromkeys(finding.code for finding in findings):
        texts = [finding.text for finding in findings if finding.code == code]
        for text in texts[:_SHOWN]:
            yield Note(code, cut(text, _LONGEST_FINDING))
        if len(texts) > _SHOWN:
            yield Note(code, f"and {len(texts) - _SHOWN} more")


# --- what went wrong ---


def problems(run: Run) -> list[str]:
    """What did not go as planned: failed, contradicted by a listing made afterwards (R22), not known, not tried."""
    failed = [outcome for outcome in run.outcomes if outcome.action == "failed"]
    found = [
        *(_failed(kind, same) for kind, same in _alike(run, failed)),
        *_contradicted(run),
        *_unknown(_with_fate(run, "unknown")),
        *_not_tried(_with_fate(run, "not_tried")),
    ]
    snapshots = {decision.snapshot.id: decision.snapshot for decision in run.plan.decisions}
    return [cut(_dated(text, snapshots), _LONGEST_PROBLEM) for text in found]


def _dated(text: str, snapshots: Mapping[str, Snapshot]) -> str:
    """A text with the time of each snapshot behind its id, where the id stands first."""
    told: set[str] = set()

    def name(match: re.Match[str]) -> str:
        found = match[0]
        is_first = found not in told
        told.add(found)
        return named(snapshots[found]) if is_first and found in snapshots else found

    return _ID.sub(name, text)


def _with_fate(run: Run, fate: str) -> list[Decision]:
    return [decision for decision in run.plan.decisions if run.fates[decision.snapshot.id] == fate]


def failure(problems: Sequence[str]) -> str:
    """The problems in one text for the task that fails; blank when there are none."""
    more = len(problems) - _SHOWN
    rest = [f"And {more} more: see failures in retention_result, and the report."] if more > 0 else []
    return " ".join([*problems[:_SHOWN], *rest])


def _alike(run: Run, failed: Iterable[Outcome]) -> Iterator[tuple[str, list[Outcome]]]:
    """Failures of the same kind of change and for the same reason, whatever their ids and times."""
    kinds = {decision.snapshot.id: _NOUNS.get(decision.action, "change") for decision in run.plan.decisions}
    found: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in failed:
        reason = shared_reason(outcome.reason, outcome.id)
        found.setdefault((kinds.get(outcome.id, "change"), reason), []).append(outcome)
    for (kind, _reason), same in found.items():
        yield kind, same


def _failed(kind: str, same: Sequence[Outcome]) -> str:
    first = same[0]
    if len(same) == 1:
        return first.reason if f"napshot {first.id}" in first.reason else f"Snapshot {first.id}: {first.reason}"
    names = _listed([outcome.id for outcome in same])
    return f"{_plural(len(same), kind)} failed for the same reason ({names}): {first.reason}"


def _listed(names: Sequence[str], most: int = _NAMED) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _changes(decisions: Sequence[Decision]) -> str:
    """`1 extension and 45 deletions`."""
    kinds = Counter(decision.action for decision in decisions)
    return " and ".join(_plural(kinds[action], noun) for action, noun in reversed(_NOUNS.items()) if kinds[action])


def _unknown(decisions: Sequence[Decision]) -> Iterator[str]:
    if decisions:
        names = _listed([decision.snapshot.id for decision in decisions])
        yield (
            f"What became of {_changes(decisions)} is not known ({names}): there is no result for them, and no listing"
            " was made afterwards. List the snapshots to see what was done."
        )


def _not_tried(decisions: Sequence[Decision]) -> Iterator[str]:
    if decisions:
        yield f"{_changes(decisions)} {'was' if len(decisions) == 1 else 'were'} not tried."


def _contradicted(run: Run) -> Iterator[str]:
    """What a listing made afterwards contradicts, each kind once with its snapshots, which nothing else lists."""
    found: dict[str, tuple[str, list[str]]] = {}
    listed = run.verified_by
    if listed is None:
        return
    for outcome in run.outcomes:
        text = _contradiction(outcome, listed)
        if text is not None:
            found.setdefault(shared_reason(text, outcome.id), (text, []))[1].append(outcome.id)
    for text, names in found.values():
        others = (
            f" The same is true of {len(names) - 1} more ({_listed(names[1:], _SHOWN - 1)})." if len(names) > 1 else ""
        )
        yield f"{text}{others}"


def _contradiction(outcome: Outcome, listed: Mapping[str, datetime | None]) -> str | None:
    """What a listing made afterwards shows to be otherwise than the outcome says."""
    is_there = outcome.id in listed
    said = {"deleted": "reported deleted", "absent": "reported to be gone"}.get(outcome.action)
    if said is not None:
        return f"Snapshot {outcome.id} was {said} and is still there." if is_there else None
    if outcome.action != "updated":
        return None
    sent = "no expiry" if outcome.expires_at is None else f"the expiry {format_instant(outcome.expires_at)}"
    if not is_there:
        return f"Snapshot {outcome.id} was given {sent} and is not there any more."
    found = listed[outcome.id]
    if found == outcome.expires_at:
        return None
    return f"Snapshot {outcome.id} was given {sent} and has {'none' if found is None else format_instant(found)}."


# --- the summary ---


def lines(run: Run, findings: Sequence[Note], problems: Sequence[str], host: str | None = None) -> list[str]:
    """The lines that end a run: what it was, counts, bytes, gaps, warnings, findings, what failed, and the digest.

    `host` is how people call a cluster whose name is not known.
    """
    plan = run.plan
    found = [_headline(run, host), f"Policy: {_policy(plan)}.", verdict(run), space(run)]
    if plan.is_blocked:
        found.append(f"BLOCKED, nothing was written: {'; '.join(reason.text for reason in plan.blocked_by)}")
    found += _withheld(run)
    found += _gone_or_dated(run)
    found.append(_gaps(plan.gaps, all_findings(plan, findings)))
    found += _some("Warning", [warning.text for warning in plan.warnings if warning.code != "gaps_unmeasured"])
    # Gaps have a line of their own.
    others = [one for one in findings if one.code not in ("gap", "gaps_unmeasured") and one not in plan.warnings]
    found += _some("Finding", [finding.text for finding in others])
    found += _some("Failed", problems)
    found.append(f"Digest {plan.digest}")
    return found


def verdict(run: Run) -> str:
    """The counts of a run in one line, which begins with whether anything was done."""
    found = counts(run)
    parts = [f"{found['kept']} {'to keep' if run.is_prediction else 'kept'}", *_changed(run, found)]
    parts += [f"{found[fate]} {fate.replace('_', ' ')}" for fate in ("withheld", *UNDONE) if found[fate]]
    parts.append(f"{found['held']} held")
    others = Counter(run.fates.values())
    parts += [f"{others[state]} {state}" for state in ("expired", "incomplete", "future") if others[state]]
    return f"{_mode(run, found)}: {_plural(len(run.plan.decisions), 'snapshot')}, {', '.join(parts)}."


def _mode(run: Run, found: Mapping[str, int]) -> str:
    if run.is_prediction:
        return "Nothing was written"
    return "Not everything was done" if any(found[fate] for fate in UNDONE) else "Done"


def _changed(run: Run, found: Mapping[str, int]) -> Iterator[str]:
    """What was changed, or is to be. Deletions and extensions are always told."""
    gone = Counter(run.fates.values())["already_gone"]
    if run.is_prediction:
        yield f"{found['to_delete']} to delete"
        yield from [f"{gone} {_is(gone)} already gone"] if gone else []
        yield f"{found['to_extend']} to extend"
        yield from [f"{found['to_shorten']} to shorten"] if found["to_shorten"] else []
        return
    yield f"{found['deleted']} deleted"
    yield from [f"{gone} {'was' if gone == 1 else 'were'} already gone"] if gone else []
    yield f"{found['extended']} extended"
    yield from [f"{found['shortened']} shortened"] if found["shortened"] else []


def _gone_or_dated(run: Run) -> Iterator[str]:
    """The first few snapshots of each change, oldest first, with the reason."""
    rest = ": run with --diff, or see the report." if run.is_prediction else "."
    for fate in ("to_delete", "deleted", "to_shorten", "shortened", "to_extend", "extended"):
        changed = _with_fate(run, fate)[::-1]
        label = fate.replace("_", " ").capitalize()
        yield from (f"{label}: {_change_told(decision)}" for decision in changed[:_NAMED])
        if len(changed) > _NAMED:
            yield f"{label}: and {len(changed) - _NAMED} more{rest}"


def _change_told(decision: Decision) -> str:
    before, after = decision.snapshot.expires_at, decision.expires_to
    expiry = "without an expiry" if before is None else f"expiry {format_instant(before)}"
    then = "" if after is None else f", now {format_instant(after)}"
    notes = decision.why or decision.reasons
    # That another snapshot stands for a period tells more than that it is too old for the other rules.
    telling = next((note for note in notes if note.code == "represented"), notes[-1] if notes else None)
    why = "" if telling is None else cut(telling.text, _LONGEST_WHY)
    return f"{named(decision.snapshot)}, {expiry}{then}{f' ({why})' if why else ''}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _withheld(run: Run) -> Iterator[str]:
    """One line for removals that wait for backups, one for those that the guard of the fleet withheld."""
    stale = len(run.plan.withheld)
    if stale:
        yield (
            f"Withheld because backups have stopped: {_plural(stale, 'removal')}. See the warning about"
            " retention_stale_after."
        )
    stopped = sum(run.fates.get(name) == "withheld" for name in run.withheld)
    if stopped:
        yield (
            f"Withheld because too many other clusters have stopped: {_plural(stopped, 'removal')}"
            " (retention_max_fail_percentage)."
        )


def space(run: Run) -> str:
    """The bytes that a run frees and keeps, in one line."""
    removed, kept = bytes_removed(run), bytes_kept(run)
    rest = "" if kept is None else f" {size(kept)} {'to keep' if run.is_prediction else 'kept'}."
    if removed is None:
        return f"How much space is freed is not known, since not every snapshot says its size.{rest}"
    if removed == 0:
        return f"No space is freed.{rest}"
    begin = "Would free" if run.is_prediction else "Frees"
    return (
        f"{begin} at most {size(removed)}: the backup store frees blocks later, and only those that no other snapshot"
        f" uses.{rest}"
    )


def bytes_removed(run: Run) -> int | None:
    """The bytes of the snapshots that the run removes; None when one does not say."""
    return total_size(one for one in run.plan.decisions if run.fates[one.snapshot.id] in _REMOVED)


def bytes_kept(run: Run) -> int | None:
    """The bytes of the snapshots that remain; None when one does not say."""
    return total_size(one for one in run.plan.decisions if one.snapshot.id in run.remaining)


def size(count: int) -> str:
    """Bytes as people read them."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{count} B" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


def _headline(run: Run, host: str | None) -> str:
    plan = run.plan
    name = plan.cluster_name or (f"{host} ({plan.cluster_id})" if host else plan.cluster_id)
    made = f"; the approved plan was made at {format_instant(plan.now)}" if run.is_applied_plan else ""
    return f"Cluster {name} of project {plan.project_id} at {format_instant(run.now)}{made}"


def _policy(plan: Plan) -> str:
    kept = [f"{key} {value}" for key, value in plan.policy.to_plain().items()]
    extends = ["extend_kept"] if plan.options.extend_kept else []
    ways = [f"method {plan.options.method}", *extends]
    return f"{', '.join(kept)}; {', '.join(ways)}; days begin in {plan.options.timezone}"


def _gaps(gaps: Sequence[Gap], findings: Iterable[Note]) -> str:
    unmeasured = [finding.text for finding in findings if finding.code == "gaps_unmeasured"]
    listed = ", ".join(f"{gap.rule} {gap.period}" for gap in gaps[:_SHOWN]) + (" …" if len(gaps) > _SHOWN else "")
    counted = f"{_plural(len(gaps), 'gap')}, periods that no sound snapshot covers: {listed}." if gaps else ""
    if unmeasured:
        return " ".join(part for part in (f"Gaps: {'; '.join(unmeasured)}.", counted) if part)
    return counted or "No gaps."


def _some(label: str, texts: Sequence[str]) -> list[str]:
    found = [f"{label}: {cut(text, _LONGEST_PROBLEM)}" for text in texts[:_SHOWN]]
    return found + ([f"{label}: and {len(texts) - _SHOWN} more."] if len(texts) > _SHOWN else [])


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
