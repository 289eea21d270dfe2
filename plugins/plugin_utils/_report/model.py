# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says, before anything is drawn or written: one model for the page, the JSON and the CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import parse_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import seconds
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note

# What a snapshot is shown as, one letter and one shape each: the letter tells it where colours do not.
MARKS: dict[str, tuple[str, str]] = {
    "kept": ("K", "kept"),
    "young": ("Y", "kept, too young to go"),
    "extended": ("E", "expiry extended"),
    "shortened": ("S", "expiry shortened"),
    "removed": ("R", "removed"),
    "held": ("H", "held"),
    "incomplete": ("I", "incomplete"),
    "future": ("F", "in the future"),
    "expired": ("X", "expired"),
}
# The outcomes after which a planned change is as it should be.
DONE = ("deleted", "absent", "updated", "unchanged")
# Rules have their own names; this is what keeps a snapshot that no rule keeps.
SAFETY = "safety"


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
    mark: str
    tiers: tuple[str, ...]
    """The rules that keep it, the finest first."""
    outcome: str | None
    error: str | None

    @property
    def stays(self) -> bool:
        """Whether it is there after the plan, for longer than a grace."""
        return self.action in ("keep", "extend")


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

    plan: Mapping[str, Any]
    """The document of the plan."""
    stem: str
    """What its files are called, without the ending."""
    verdict: str
    space: str
    check_mode: bool
    rows: tuple[Row, ...]
    tiers: tuple[Tier, ...]
    before: Coverage
    after: Coverage
    what_if: tuple[WhatIf, ...]
    since: Since | None
    findings: tuple[Note, ...]
    evidence: Mapping[str, Any]
    outcomes: tuple[Mapping[str, Any], ...]
    problems: tuple[str, ...]
    """What failed."""

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
    def counts(self) -> Mapping[str, int]:
        """How many snapshots have each mark."""
        return {mark: sum(row.mark == mark for row in self.rows) for mark in MARKS}

    @property
    def kept(self) -> int:
        """Candidates that stay as they are, as the console counts them."""
        return self.counts["kept"] + self.counts["young"]

    @property
    def undone(self) -> int:
        """Changes that were planned, and meant, and did not come about."""
        if self.check_mode or self.blocked:
            return 0
        return sum(row.action != "keep" and row.outcome not in DONE for row in self.rows)

    @property
    def removed(self) -> int:
        """Deletions and shortened expiries, as the guard counts them."""
        return self.counts["removed"] + self.counts["shortened"]
