# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says, before anything is drawn or written: one model for the page, the JSON and the CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant, parse_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import summary
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import seconds
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import UNDONE, Run

# What a snapshot is shown as, one letter and one shape each: the letter tells it where colours do not.
MARKS: dict[str, tuple[str, str]] = {
    "kept": ("K", "kept"),
    "young": ("Y", "kept, too young to delete"),
    "extended": ("E", "expiry extended"),
    "shortened": ("S", "expiry shortened"),
    "removed": ("D", "deleted"),
    "gone": ("G", "already gone"),
    "withheld": ("W", "removal withheld"),
    "undone": ("U", "not changed as planned"),
    "held": ("H", "held"),
    "incomplete": ("I", "incomplete"),
    "future": ("F", "dated in the future"),
    "expired": ("X", "expired"),
}
# The same where nothing was written (R23).
PREDICTED = {
    "kept": "to keep",
    "young": "to keep, too young to delete",
    "extended": "expiry to extend",
    "shortened": "expiry to shorten",
    "removed": "to delete",
}
# Rules have their own names; this is what keeps a snapshot that no rule keeps.
SAFETY = "safety"
# Why a snapshot is held, by the first of its reasons (R4).
_HELD_BY = {
    "do_not_delete": "with do_not_delete",
    "protected": "in protected_ids",
    "restoring": "in use by a restore job",
    "no_expiry": "without an expiry",
}
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Row:
    """One snapshot. Instants are given as text and as seconds since 1970."""

    id: str
    created_at: str
    created: int
    age: int
    expires_at: str | None
    expires: int | None
    state: str
    action: str
    expires_to: str | None
    until: int | None
    """`expires_to` in seconds."""
    reasons: tuple[Note, ...]
    why: tuple[Note, ...]
    size: int | None
    complete: bool
    done: str
    """What was done with it, or is to be done, in a word or two."""
    mark: str
    stays: bool
    """Whether it is there after the run, for longer than a grace."""
    tiers: tuple[str, ...]
    """The rules that keep it, the finest first."""
    outcome: str | None
    error: str | None

    @property
    def is_unwanted(self) -> bool:
        """Whether the policy does not keep it, whatever became of it."""
        return self.action in ("delete", "shorten") or self.mark == "withheld"

    @property
    def kept_by(self) -> str:
        """The finest rule that keeps it, SAFETY for safeguards alone, else `held`, `other` or `removed`."""
        if self.state == "held":
            return "held"
        if self.state != "candidate":
            return "other"
        if self.is_unwanted or not self.stays:
            return "removed"
        return self.tiers[0] if self.tiers else SAFETY


@dataclass(frozen=True)
class Tier:
    """How full one rule is."""

    rule: str
    setting: str
    kept: int
    """Snapshots that have this rule among their reasons."""
    filled: int
    wanted: int | None
    """None is no limit."""
    unit: str
    full_at: str | None
    note: str

    @property
    def is_full(self) -> bool:
        """Whether nothing more can come."""
        return self.wanted is not None and self.filled >= self.wanted


@dataclass(frozen=True)
class Coverage:
    """What can be restored, before a plan or after it."""

    restorable: int
    oldest: str | None
    newest: str | None
    largest_gap: int | None
    gap_from: str | None
    gap_to: str | None
    missing: tuple[str, ...] | None
    """Periods that a rule wants and nothing covers; None is not known."""
    size: int | None


@dataclass(frozen=True)
class WhatIf:
    """The same snapshots under a policy."""

    name: str
    policy: Mapping[str, Any]
    kept: int
    extended: int
    removed: int
    size_removed: int | None
    oldest: str | None
    gaps: int
    blocked: bool
    refused: str | None = None


@dataclass(frozen=True)
class Since:
    """What is otherwise than in the last report."""

    at: str
    new: tuple[str, ...]
    gone: tuple[str, ...]
    otherwise: tuple[str, ...]

    @property
    def total(self) -> int:
        """How many differences there are."""
        return len(self.new) + len(self.gone) + len(self.otherwise)


@dataclass(frozen=True)
class Report:
    """All that a report says of one cluster."""

    run: Run
    plan: Mapping[str, Any]
    """The document of the plan."""
    stem: str
    """What its files are called, without the ending."""
    rows: tuple[Row, ...]
    tiers: tuple[Tier, ...]
    before: Coverage
    after: Coverage
    what_if: tuple[WhatIf, ...]
    since: Since | None
    findings: tuple[Note, ...]
    evidence: Mapping[str, Any]

    @property
    def check_mode(self) -> bool:
        """Whether the run is a prediction: nothing was written."""
        return self.run.is_prediction

    @property
    def run_at(self) -> str:
        """The time of the run, which is later than the plan's where an approved plan is applied."""
        return format_instant(self.run.now)

    @property
    def verdict(self) -> str:
        """The counts of the run in a line, as the summary has it."""
        return summary.verdict(self.run)

    @property
    def space(self) -> str:
        """The bytes that are freed and kept in a line, as the summary has it."""
        return summary.space(self.run)

    @property
    def size_removed(self) -> int | None:
        """The bytes of what is removed; None where a size is not known."""
        return summary.bytes_removed(self.run)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """What the run did, or would do, under the names of `retention_result`."""
        return summary.counts(self.run)

    @cached_property
    def problems(self) -> Sequence[str]:
        """What did not go as planned."""
        return summary.problems(self.run)

    @property
    def project_name(self) -> str | None:
        """What the project is called; None where the inventory does not say."""
        found = self.evidence.get("project_name")
        return str.__str__(found)[:_LONGEST_NAME] if isinstance(found, str) and found.strip() else None

    @property
    def facts(self) -> Mapping[str, Any]:
        """The evidence, each key once."""
        own = {key: self.plan[key] for key in ("project_id", "cluster_id", "cluster_name", "policy", "options")}
        own["check_mode"] = self.check_mode
        # Twice, so that the order is theirs and the values are not those of somebody else's evidence.
        return {**own, **self.evidence, **own}

    @property
    def name(self) -> str:
        """What the cluster is called."""
        return str(self.plan["cluster_name"] or self.plan["cluster_id"] or "unnamed")

    @property
    def sentence(self) -> str:
        """The policy in words."""
        return words.policy(self.plan)

    @property
    def blocked(self) -> bool:
        """Whether the plan must not be applied."""
        return bool(self.plan["guard"]["blocked"])

    @property
    def now(self) -> int:
        """The instant of the plan, in seconds since 1970."""
        return seconds(parse_instant(self.plan["now"]))

    @cached_property
    def marks(self) -> Mapping[str, int]:
        """How many snapshots have each mark."""
        found = Counter(row.mark for row in self.rows)
        return {mark: found[mark] for mark in MARKS}

    @cached_property
    def all_findings(self) -> Mapping[str, Sequence[str]]:
        """The texts of all findings and warnings, by their codes."""
        found: dict[str, list[str]] = {}
        for note in summary.all_findings(self.run.plan, self.findings):
            found.setdefault(note.code, []).append(note.text)
        return found

    @property
    def finding_count(self) -> int:
        """How many findings and warnings there are, each once."""
        return sum(map(len, self.all_findings.values()))

    @cached_property
    def held_by(self) -> Mapping[str, int]:
        """How many snapshots are held for which reason, in words."""
        found = Counter(row.reasons[0].code for row in self.rows if row.state == "held" and row.reasons)
        return {_HELD_BY.get(code, code): count for code, count in found.items()}

    @property
    def undone(self) -> int:
        """Changes that were planned and did not come about; 0 where nothing was to be written."""
        return 0 if self.check_mode else sum(self.counts[fate] for fate in UNDONE)

    @property
    def is_untried(self) -> bool:
        """Whether the run ended before its first change."""
        return not self.check_mode and self.undone > 0 and not self.run.outcomes

    @property
    def removed(self) -> int:
        """Deletions and shortened expiries, as the guard counts them; predicted ones in a prediction."""
        return self.marks["removed"] + self.marks["shortened"]

    def meaning(self, mark: str) -> str:
        """What a mark stands for in this report."""
        return PREDICTED.get(mark, MARKS[mark][1]) if self.check_mode else MARKS[mark][1]
