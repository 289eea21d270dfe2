# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's two steps and their modules, all in this process, without Ansible's start-up of a second or two a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tools.modules import Finished
from tools.steps import Host

Modules = Callable[[str, Mapping[str, Any]], Finished]


@dataclass
class Told:
    """All that a run told.

    `result` is what it leaves behind as `retention_result`, `plan` what it wrote as the plan file, `calls` each call of
    a module in its order, where they can be seen. `failure` is None where it did not fail.
    """

    result: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, Finished]] = field(default_factory=list)
    reported: list[dict[str, Any]] = field(default_factory=list)
    failure: str | None = None

    @property
    def changes(self) -> list[Finished]:
        """The calls that were to change something."""
        return [done for name, done in self.calls if name == "legacy_snapshot"]

    @property
    def listings(self) -> list[Finished]:
        """The calls that read."""
        return [done for name, done in self.calls if name == "legacy_snapshot_info"]

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        """What became of each change: as the modules say, or the report."""
        if self.calls:
            return [one for done in self.changes for one in done.result.get("outcomes", [])]
        return self.reported

    @property
    def lines(self) -> list[str]:
        """The summary."""
        return list(self.result.get("summary", []))


def run_role(variables: Mapping[str, Any], modules: Modules, now: datetime) -> Told:
    """Carry out the entry point `main` with the variables of its host; `modules` runs one of our modules."""
    told = Told()

    def run(name: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        done = modules(name, options)
        told.calls.append((name, done))
        # Ansible puts into the result what a module warns of.
        return {**done.result, "warnings": done.warnings}

    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        told.result = Host(Path(folder) / "run", {**variables, "retention_plan_file": str(path)}, run, now).run()
        told.failure = told.result["failure"] or None
        told.plan = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return told
