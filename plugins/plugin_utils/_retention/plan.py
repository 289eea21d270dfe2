# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: what is to be done with each snapshot of a cluster, and why; and its document of plain data (R12, R18)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot, format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.artifact import (
    compact,
    expand,
    is_compact,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.digest import DECIDES, plan_digest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import (
    SNAPSHOT_CHECKS,
    snapshot_of,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    OPTION_KEYS,
    Options,
    Policy,
    parse_options,
    parse_policy,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    Check,
    RefusedError,
    each,
    fields,
    flag,
    instant,
    mapping,
    one_of,
    optional,
    plain,
    shown,
    string,
)

SCHEMA = 1
# In the order of R19: what lets a snapshot live longer comes before what removes another.
ACTIONS = ("keep", "extend", "shorten", "delete")
STATES = ("held", "expired", "future", "incomplete", "candidate")
_KEYS = (*DECIDES, "reasons", "why", "file_size_bytes")

# AWX cuts an event at 700,000 characters. Up to this many snapshots a document stays below that.
_SHOWN_WHOLE = 1000
_LONGEST = 690_000
_LONGEST_WHY = 400
# Room for one note that says why, and for the note that says how many more there are.
_LEAST_WHY, _MORE = 150, 50
# What a note takes in a document besides its code and its text.
_NOTE_FRAME = 26
_NO_PLAN = "it is no plan of this collection"


class Note(NamedTuple):
    """A reason, a warning or a finding: a code that programs rely on, and a text for people."""

    code: str
    text: str


# The only reason of what would be removed if backups had not stopped (R17).
STALE = Note("stale", "stale")


def dump_notes(notes: Iterable[Note]) -> list[dict[str, str]]:
    """Notes as documents show them."""
    return [{"code": code, "text": text} for code, text in notes]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with one snapshot, and why. `expires_to` is the expiry that extend and shorten give it."""

    snapshot: Snapshot
    state: str
    action: str
    expires_to: datetime | None = None
    reasons: tuple[Note, ...] = ()
    why: tuple[Note, ...] = ()
    is_faulty: bool = False

    @property
    def is_withheld(self) -> bool:
        """Whether it would be removed, and stays because backups have stopped (R17)."""
        return self.action == "keep" and self.reasons == (STALE,)

    @property
    def explanation(self) -> str:
        """Why, in one text: why it is removed or, if it is not, why it is kept."""
        return "; ".join(note.text for note in self.why or self.reasons)

    @property
    def is_removal(self) -> bool:
        """Whether it counts as removed: a shortened expiry is a deletion that the service makes (R16)."""
        return self.action in ("delete", "shorten")


@dataclass(frozen=True)
class Gap:
    """A period that a within rule wants and no sound complete snapshot covers."""

    rule: str
    period: str


@dataclass(frozen=True)
class Plan:
    """What one run is to do with the snapshots of one cluster, newest first."""

    project_id: str | None
    cluster_id: str | None
    cluster_name: str | None
    now: datetime
    policy: Policy
    options: Options
    decisions: tuple[Decision, ...]
    gaps: tuple[Gap, ...]
    blocked_by: tuple[Note, ...]
    warnings: tuple[Note, ...]

    @property
    def is_blocked(self) -> bool:
        """Whether it must not be applied (R16)."""
        return bool(self.blocked_by)

    @property
    def withheld(self) -> tuple[Decision, ...]:
        """The removals that are withheld because backups have stopped (R17)."""
        return tuple(decision for decision in self.decisions if decision.is_withheld)

    @cached_property
    def digest(self) -> str:
        """The digest of what decides; explanations, names and sizes are not in it (R18)."""
        return plan_digest(self._head(), self.is_blocked, [_deciding(decision) for decision in self.decisions])

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What `legacy_snapshot` is to be given: extends, then shortens, then deletes, each oldest first (R19)."""
        return [
            _change(decision)
            for action in ACTIONS[1:]
            for decision in reversed(self.decisions)
            if decision.action == action
        ]

    @property
    def summary(self) -> dict[str, Any]:
        """The plan in numbers."""
        by_action = Counter(decision.action for decision in self.decisions)
        by_state = Counter(decision.state for decision in self.decisions)
        return {
            "total": len(self.decisions),
            "by_action": {action: by_action[action] for action in ACTIONS},
            "by_state": {state: by_state[state] for state in STATES},
            "file_size_bytes_kept": total_size(decision for decision in self.decisions if not decision.is_removal),
            "file_size_bytes_removed": total_size(decision for decision in self.decisions if decision.is_removal),
        }

    def _head(self) -> dict[str, Any]:
        return {
            "project_id": self.project_id,
            "cluster_id": self.cluster_id,
            "cluster_name": self.cluster_name,
            "now": format_instant(self.now),
            "timezone": self.options.timezone,
            "policy": self.policy.to_plain(),
            "options": self.options.to_plain(),
        }

    def dump(self) -> dict[str, Any]:
        """The document, as the filter returns it: str, int, bool, list, dict and None."""
        head = self._head()
        deciding = [_deciding(decision) for decision in self.decisions]
        document: dict[str, Any] = {
            "schema": SCHEMA,
            **head,
            "snapshots": [_row(*pair) for pair in zip(deciding, self.decisions, strict=True)],
            "changes": self.changes,
            "summary": self.summary,
            "gaps": [{"rule": gap.rule, "period": gap.period} for gap in self.gaps],
            "guard": {"blocked": self.is_blocked, "reasons": dump_notes(self.blocked_by)},
            "warnings": dump_notes(self.warnings),
            "digest": plan_digest(head, self.is_blocked, deciding),
        }
        _explain_removals(document, self.decisions)
        return document

    def dump_compact(self) -> dict[str, Any]:
        """The document as files and artifacts carry it, without changes, summary and all reasons but those of R17.

        Gaps and warnings are cut if there are too many.
        """
        return compact(self.dump(), (*DECIDES, "file_size_bytes"))

    @classmethod
    def load(cls, value: Any, explained: bool = True) -> Plan:
        """The plan in a document, whole or compact, or in JSON of one; RefusedError says what is wrong with it.

        Numbers and changes are those of the snapshots, so that what is shown and done is what the digest covers.
        Reasons are most of a document, and are left out unless `explained`; not those of what is withheld.
        """
        try:
            document = mapping(_parsed(value))
            _check_schema(document.get("schema"))
            read = _DOCUMENT if explained else _DECIDING
            found = read(expand(document) if is_compact(document) else document)
            policy = parse_policy(found["policy"])
            options = parse_options({**found["options"], "timezone": found["timezone"]}, policy)
        except ValueError as exc:
            raise RefusedError(f"{_NO_PLAN}: {exc}") from None
        plan = cls(
            project_id=found["project_id"],
            cluster_id=found["cluster_id"],
            cluster_name=found["cluster_name"],
            now=found["now"],
            policy=policy,
            options=options,
            decisions=tuple(found["snapshots"]),
            gaps=tuple(found["gaps"]),
            blocked_by=found["guard"],
            warnings=tuple(found["warnings"]),
        )
        _check_agreement(plan, found)
        return plan


def batches(plan: Plan, size: int, without: AbstractSet[str] = frozenset()) -> list[list[dict[str, Any]]]:
    """The changes of a plan in batches of that size, those of the snapshots in `without` left out.

    With `unless_expires_after` the module leaves a snapshot alone whose expiry somebody made later since the plan was
    made: later than it was or, where the plan extends it, later than the plan makes it.
    """
    decisions = {decision.snapshot.id: decision for decision in plan.decisions}
    asked = [change for change in plan.changes if change["snapshot_id"] not in without]
    guarded = [{**change, **_unless(decisions[change["snapshot_id"]])} for change in asked]
    return [guarded[start : start + size] for start in range(0, len(guarded), size)]


def _unless(decision: Decision) -> dict[str, str]:
    latest = decision.expires_to if decision.action == "extend" else decision.snapshot.expires_at
    return {} if latest is None else {"unless_expires_after": format_instant(latest)}


# --- to a document ---


def _text(value: datetime | None) -> str | None:
    return None if value is None else format_instant(value)


def _deciding(decision: Decision) -> list[Any]:
    """The values of DECIDES, as documents show them."""
    snapshot = decision.snapshot
    return [
        snapshot.id,
        _text(snapshot.created_at),
        snapshot.created_increment,
        snapshot.complete,
        snapshot.do_not_delete,
        decision.is_faulty,
        _text(snapshot.expires_at),
        decision.state,
        decision.action,
        _text(decision.expires_to),
    ]


def _check_schema(value: Any) -> None:
    if isinstance(value, bool) or value != SCHEMA:
        raise RefusedError(f"its schema is {shown(value)}, not {SCHEMA}")


def load_decisions(value: Any) -> Plan:
    """The plan in a document, without reasons, which are most of it; RefusedError as for `Plan.load`."""
    return Plan.load(value, explained=False)


def _change(decision: Decision) -> dict[str, Any]:
    if decision.action == "delete":
        return {"snapshot_id": decision.snapshot.id, "state": "absent"}
    return {"snapshot_id": decision.snapshot.id, "state": "present", "expires_at": _text(decision.expires_to)}


def total_size(decisions: Iterable[Decision]) -> int | None:
    """The sum, or None when one size is unknown: a sum of the others would read as all of it."""
    total = 0
    for decision in decisions:
        if decision.snapshot.file_size_bytes is None:
            return None
        total += decision.snapshot.file_size_bytes
    return total


def _row(deciding: Sequence[Any], decision: Decision) -> dict[str, Any]:
    values = (*deciding, dump_notes(decision.reasons), [], decision.snapshot.file_size_bytes)
    return dict(zip(_KEYS, values, strict=True))


def _explain_removals(document: dict[str, Any], decisions: Sequence[Decision]) -> None:
    """Fills in why snapshots are removed, as far as the document has room for it."""
    rows = document["snapshots"]
    removals = [(row, decision.why) for row, decision in zip(rows, decisions, strict=True) if decision.why]
    longest = _LONGEST_WHY
    if len(decisions) <= _SHOWN_WHOLE:
        room = _LONGEST - len(str(document))
        if room < _LEAST_WHY * len(removals):
            _cut_reasons(rows, decisions, room - _LEAST_WHY * len(removals))
            room = _LEAST_WHY * len(removals)
        longest = room // max(1, len(removals))
    for row, why in removals:
        row["why"] = dump_notes(_fitting(why, longest))


def _cut_reasons(rows: Sequence[dict[str, Any]], decisions: Sequence[Decision], room: int) -> None:
    """Shortens the reasons of all snapshots alike where many rules keep each of them."""
    told = [(row, decision.reasons) for row, decision in zip(rows, decisions, strict=True) if decision.reasons]
    longest = max(0, sum(_length(reasons) for _row, reasons in told) + room) // max(1, len(told))
    for row, reasons in told:
        row["reasons"] = dump_notes(_fitting(reasons, longest))


def _length(notes: Sequence[Note]) -> int:
    return sum(len(note.code) + len(note.text) + _NOTE_FRAME for note in notes)


# Most removed snapshots share their explanation.
@lru_cache(maxsize=1000)
def _fitting(why: tuple[Note, ...], longest: int) -> tuple[Note, ...]:
    """As many of the notes as there is room for, at least the first."""
    if _length(why) <= longest:
        return why
    room, count = longest - _MORE, 0
    for note in why:
        room -= _length((note,))
        if room < 0 and count:
            break
        count += 1
    rest = len(why) - count
    return (*why[:count], Note("more", f"and {rest} more")) if rest else why


# --- from a document ---


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as exc:
        raise ValueError(f"it is not JSON: {exc!s:.100}") from None


def read_note(value: Any) -> Note:
    """A check: a note as documents show it."""
    return Note(**_NOTE(value))


def _decision(row: Mapping[str, Any]) -> Decision:
    if (row["expires_to"] is not None) != (row["action"] in ("extend", "shorten")):
        raise RefusedError("must be there for extend and shorten, and for nothing else", "expires_to")
    if row["action"] != "keep" and row["state"] != "candidate":
        raise RefusedError(f"must be keep for a snapshot that is {row['state']}", "action")
    return Decision(
        snapshot_of({key: row[key] for key in SNAPSHOT_CHECKS}),
        row["state"],
        row["action"],
        row["expires_to"],
        tuple(row.get("reasons", ())),
        tuple(row.get("why", ())),
        row["faulty"],
    )


def _decisions_of(read_row: Check) -> Check:
    def check(value: Any) -> list[Decision]:
        found: list[Decision] = each(lambda row: _decision(read_row(row)))(value)
        if len({decision.snapshot.id for decision in found}) != len(found):
            raise ValueError("name a snapshot twice")
        return found

    return check


def _guard(value: Any) -> tuple[Note, ...]:
    guard = _GUARD(value)
    if guard["blocked"] != bool(guard["reasons"]):
        raise RefusedError("must be there when the plan is blocked, and only then", "reasons")
    return tuple(guard["reasons"])


_WITHHELD = dump_notes([STALE])
_NOTE = fields({"code": string, "text": string})
_ROW: dict[str, Check] = {
    **SNAPSHOT_CHECKS,
    "faulty": flag,
    "state": one_of(STATES),
    "action": one_of(ACTIONS),
    "expires_to": optional(instant),
}
_EXPLAINED_ROW = {**_ROW, "reasons": each(read_note), "why": each(read_note)}
# Of the reasons only what is withheld is data.
_DECIDING_ROW = {**_ROW, "reasons": lambda reasons: [STALE] if reasons == _WITHHELD else []}
_GAP = fields({"rule": string, "period": string})
_GUARD = fields({"blocked": flag, "reasons": each(read_note)})
_HEAD: dict[str, Check] = {
    **dict.fromkeys(("project_id", "cluster_id", "cluster_name"), optional(string)),
    "now": instant,
    "timezone": string,
    "policy": plain,
    "options": fields(dict.fromkeys((key for key in OPTION_KEYS if key != "timezone"), plain)),
    "gaps": each(lambda value: Gap(**_GAP(value))),
    "guard": _guard,
    "warnings": each(read_note),
    "digest": string,
}
_NUMBERS: dict[str, Check] = {"changes": optional(plain), "summary": optional(plain)}
_DOCUMENT = fields({**_HEAD, "snapshots": _decisions_of(fields(_EXPLAINED_ROW))}, _NUMBERS)
_DECIDING = fields({**_HEAD, "snapshots": _decisions_of(fields(_DECIDING_ROW))}, _NUMBERS)


def _check_agreement(plan: Plan, found: Mapping[str, Any]) -> None:
    """RefusedError where what a document says is not what its plan says."""
    for key, value in (("policy", plan.policy.to_plain()), ("options", plan.options.to_plain())):
        if found[key] != value:
            raise RefusedError(f"{_NO_PLAN}: {key}: are not as a plan spells them")
    if found["changes"] not in (None, plan.changes):
        raise RefusedError("its changes are not those of its snapshots")
    if found["summary"] not in (None, plan.summary):
        raise RefusedError("its summary is not that of its snapshots")
    if found["digest"] != plan.digest:
        raise RefusedError(
            f"its digest is {plan.digest}, and it says {shown(found['digest'])}: it was changed after it was made"
        )
