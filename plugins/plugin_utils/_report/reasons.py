# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a snapshot is kept or not, in one line, with the rest behind it; and what the words of the table mean."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import SAFETY, Report, Row
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.tiers import finest_first
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.words import duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import Zone, label, zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Rule

# So many characters fit into the column of the table.
_LINE = 38
_ID = re.compile(r"\b[0-9a-f]{24}\b")
_ORDINAL = re.compile(r"[a-z]+ [0-9]+/[a-z0-9]+")
# Reasons of no rule, in the order of R12.
SAFEGUARDS = ("min_keep", "min_age", "pit", "pit:base", "outlives")
# By code; `{}` is the option of that name. Those of rules are by what follows the rule's name.
_TERMS = {
    "candidate": "a snapshot that the policy decides about",
    "held": "never changed or deleted by the role; the reasons say why",
    "expired": "its expiry has passed, and the service deletes it when it chooses",
    "future": "dated later than now; never changed or deleted by the role",
    "incomplete": "not finished, or failed; counts for no rule, and is never changed or deleted by the role",
    "daily 3/7": "the third of the seven that the rule keeps, from the newest on",
    "within": "inside the rule's window, which keeps every snapshot",
    "within_…": "the newest of its period inside the rule's window",
    "…:oldest": "the oldest snapshot, kept until the history is as long as the rule asks for",
    "…:min_keep": "outside the window; the newest periods of a rule are kept even so",
    "min_keep": "one of the newest {}, which are always kept",
    "min_age": "younger than {}",
    "pit": "inside the point-in-time window of {}",
    "pit:base": "a restore to a point in time begins from this one",
    "outlives": "expires later than the one that is kept for the same period, and is kept for that",
    "stale": "would be deleted, but backups have stopped",
    "expiring": "no rule keeps it, and it expires early enough by itself",
    "do_not_delete": "somebody marked it on the service",
    "protected": "listed in protected_ids",
    "restoring": "in use by a restore job",
    "no_expiry": "has no expiry, which counts as held",
    "faulty": "possibly inconsistent, or without some shards",
    "→": "the snapshot that is kept for the period instead",
}
_OPTION_OF = {"min_keep": "min_keep", "min_age": "min_age", "pit": "pit_window"}


class Told(NamedTuple):
    """The reasons of one snapshot: a line, and all of them where the line leaves some out."""

    line: str
    rest: tuple[Note, ...]


def told(report: Report) -> Iterator[Told]:
    """Why each snapshot is kept or not, in the order of the rows. Snapshots with the same reasons share the answer."""
    rules = {rule.name: rule for rule in finest_first(report.run.plan.policy)}
    calendar = zone(report.run.plan.options.timezone)
    known: dict[tuple[Note, ...], Told] = {}
    for row in report.rows:
        notes = row.why or row.reasons
        if notes not in known:
            known[notes] = _not_kept(row, rules, calendar) if row.why else _in_a_line(notes)
        yield known[notes]


def _not_kept(row: Row, rules: Mapping[str, Rule], calendar: Zone) -> Told:
    """By the finest rule that keeps another snapshot of the period, else the one that reaches furthest back."""
    faulty = "faulty; " if row.why[0].code == "faulty" else ""
    by_rule = dict(_by_rule(row.why, rules))
    told = [(rules[name], by_rule[name]) for name in rules if name in by_rule]
    for rule, note in told:
        if note.code == "represented" and rule.period is not None:
            found = _ID.search(note.text)
            period = label(rule.period, calendar.period(rule.period, row.created))
            return Told(f"{faulty}{_short(rule)} {period} → {found[0] if found else note.text}", row.why)
    if not told:
        return _in_a_line(row.why)
    rule, note = told[-1]
    return Told(f"{faulty}{_short(rule)}: {note.text.partition(': ')[2]}", row.why if len(told) > 1 else ())


def _by_rule(notes: Iterable[Note], rules: Container[str]) -> Iterator[tuple[str, Note]]:
    """The note of each rule; one note may be of several rules, which its text begins with."""
    for note in notes:
        for name in note.text.partition(": ")[0].split(", "):
            if name in rules:
                yield name, note


def _short(rule: Rule) -> str:
    return rule.name.replace("within_", "")


def _in_a_line(notes: tuple[Note, ...]) -> Told:
    """As many reasons as fit, at least the first."""
    count, room = 0, _LINE
    for note in notes:
        room -= len(note.text) + 2
        if room < 0 and count:
            break
        count += 1
    line, more = "; ".join(note.text for note in notes[:count]), len(notes) - count
    return Told(f"{line} and {more} more", notes) if more else Told(line, ())


def kept_by(row: Row) -> str:
    """The words by which the table is filtered: rules, safeguards, and SAFETY for these alone."""
    codes = {reason.code for reason in row.reasons}
    safeguards = [code for code in SAFEGUARDS if code in codes]
    return " ".join((*row.tiers, *([SAFETY] if row.kept_by == SAFETY else ()), *safeguards))


def terms(report: Report) -> Mapping[str, str]:
    """What the words mean that the table of this report has, those of states first."""
    found = {row.state for row in report.rows}
    for notes in {row.why or row.reasons for row in report.rows}:
        found.update(_term(note) for note in notes)
    options = report.plan["options"]
    given = {code: duration(str(options.get(option) or "")) for code, option in _OPTION_OF.items()}
    return {code: text.format(given.get(code, "")) for code, text in _TERMS.items() if code in found}


def _term(note: Note) -> str:
    """The word of a note in the legend; the code itself where the legend has none."""
    rule, _sign, more = note.code.partition(":")
    if note.code in _TERMS:
        return note.code
    if note.code == "represented":
        return "→"
    if more in ("oldest", "min_keep"):
        return f"…:{more}"
    if rule.startswith("within_"):
        return "within_…"
    return "daily 3/7" if _ORDINAL.fullmatch(note.text) else note.code
