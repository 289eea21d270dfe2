# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two steps of the role in this process, as the action plugins run them, without Ansible around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.apply import apply
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.decide import APPLY, MAIN, decide
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.step import Connection, Step
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.store import Store

# Runs a module of the collection: its name and its options, and its result.
Modules = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
PREFIX = "retention_"


@dataclass(frozen=True)
class Host:
    """One host of a run. `variables` are those of the role, with their prefix; `folder` is private to the run.

    `handed_on` is what a job before has handed on for the cluster, with the keys `plan` and `digest`.
    """

    folder: Path
    variables: Mapping[str, Any]
    modules: Modules
    clock: datetime
    name: str = "orders"
    hosts: tuple[str, ...] = ("orders",)
    connection: Mapping[str, Any] = field(default_factory=dict)
    handed_on: Mapping[str, Any] = field(default_factory=dict)
    check_mode: bool = False
    diff_mode: bool = False
    environment: str = ""
    lines: list[str] = field(default_factory=list)

    def step(self) -> Step:
        """What a task of this host works with."""
        self.folder.parent.mkdir(exist_ok=True)
        given = {name.removeprefix(PREFIX): value for name, value in self.variables.items() if value is not None}
        return Step(
            host=self.name,
            given={**given, "handed_on_plan": self.handed_on},
            names=list(self.variables),
            hosts=self.hosts,
            batch=self.hosts,
            strategy="linear",
            run_once=False,
            check_mode=self.check_mode,
            diff_mode=self.diff_mode,
            store=Store(self.folder),
            connection=Connection(self.connection, {}),
            run=self.modules,
            tell=self.lines.append,
            clock=self.clock,
            facts={},
            environment=self.environment,
        )

    def decide(self, entry_point: str = MAIN) -> dict[str, Any]:
        """The result of the first step."""
        step = self.step()
        entry = step.store.begin(step.host, step.batch)
        return {**decide(step, entry, entry_point, None), **step.log.result()}

    def apply(self) -> dict[str, Any]:
        """The result of the second step."""
        step = self.step()
        return {**apply(step), **step.log.result()}

    def run(self, entry_point: str = MAIN) -> dict[str, Any]:
        """`retention_result` as an entry point leaves it behind."""
        decided = self.decide(entry_point)
        return self.apply() if entry_point in (MAIN, APPLY) else decided
