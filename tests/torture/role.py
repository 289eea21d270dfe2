# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's own task files, carried out in this process: the same tasks, expressions and options, without Ansible's
start-up of a second or two for each run.

Knows the keywords and actions that the role uses, and refuses any other, so that role and tests cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml

from tools.modules import Finished
from tools.tree import ROOT
from torture.templates import evaluated

FOLDER = ROOT / "roles" / "retention"
OURS = "mongodb_ops.legacy_backup."
Modules = Callable[[str, Mapping[str, Any]], Finished]
_KEYWORDS = {
    "name",
    "when",
    "block",
    "rescue",
    "always",
    "vars",
    "register",
    "loop",
    "loop_control",
    "module_defaults",
    "check_mode",
    "changed_when",
    "throttle",
}


class TaskFailed(Exception):
    """A task of the role failed; its message."""


@dataclass
class Told:
    """All that a run told: each call of a module in its order, the role's facts, the summary, and how it ended."""

    calls: list[tuple[str, Finished]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    failure: str | None = None

    @property
    def changes(self) -> list[Finished]:
        """The calls that were to change something."""
        return [done for name, done in self.calls if name == "legacy_snapshot"]

    @property
    def plan(self) -> dict[str, Any]:
        """The plan; empty where it did not come to one."""
        return dict(self.facts.get("retention_plan", {}))

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        """Those that the role tells of, over all batches."""
        return list(self.facts.get("retention_outcomes", []))


def run_role(variables: Mapping[str, Any], modules: Modules, tasks_from: str = "main") -> Told:
    """Carry out the role with the variables of its host; `modules` runs one of our modules."""
    run = _Run(modules, {**_yaml("defaults"), **variables, **_yaml("vars")})
    try:
        run.file(tasks_from, _Inherited())
    except TaskFailed as failed:
        run.told.failure = str(failed)
    return run.told


@dataclass(frozen=True)
class _Inherited:
    """What tasks have from the blocks and includes around them."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[Any, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def with_task(self, task: Mapping[str, Any]) -> _Inherited:
        unknown = {key for key in task if "." not in key} - _KEYWORDS
        if unknown:
            raise NotImplementedError(f"the keyword {', '.join(unknown)} of a task")
        when = task.get("when", [])
        return _Inherited(
            {**self.variables, **task.get("vars", {})},
            (*self.conditions, *(when if isinstance(when, list) else [when])),
            {**self.defaults, **task.get("module_defaults", {})},
        )


class _Run:
    def __init__(self, modules: Modules, variables: Mapping[str, Any]) -> None:
        self._modules = modules
        self._variables = {
            **variables,
            "ansible_check_mode": False,
            "inventory_hostname": "orders",
            "ansible_play_hosts_all": ["orders"],
            "ansible_play_hosts": ["orders"],
            "ansible_play_batch": ["orders"],
        }
        self.told = Told()

    def file(self, name: str, around: _Inherited) -> None:
        self._tasks(_yaml("tasks", name.removesuffix(".yml")), around)

    def _tasks(self, tasks: Sequence[Mapping[str, Any]], around: _Inherited) -> None:
        for task in tasks:
            here = around.with_task(task)
            if "block" in task:
                self._block(task, here)
            elif "loop" in task:
                for item in self._value(task["loop"], here):
                    name = task["loop_control"]["loop_var"]
                    looped = _Inherited({**here.variables, name: item}, here.conditions, here.defaults)
                    self._task(task, looped)
            else:
                self._task(task, here)

    def _block(self, task: Mapping[str, Any], here: _Inherited) -> None:
        try:
            try:
                self._tasks(task["block"], here)
            except TaskFailed:
                if "rescue" not in task:
                    raise
                self._tasks(task["rescue"], here)
        finally:
            self._tasks(task.get("always", []), here)

    def _task(self, task: Mapping[str, Any], here: _Inherited) -> None:
        action = next(key for key in task if "." in key)
        if not all(self._holds(condition, here) for condition in here.conditions):
            if "register" in task:
                self.told.facts[task["register"]] = {"changed": False, "skipped": True}
            return
        if action.endswith((".include_tasks", ".import_tasks")):
            # The conditions of an include were for the include alone.
            inner = here if action.endswith("import_tasks") else _Inherited(here.variables, (), here.defaults)
            self.file(task[action], inner)
            return
        arguments = self._value(task[action], here)
        if action.startswith(OURS):
            self._module(task, action, arguments, here)
        elif action.endswith(".set_fact"):
            self.told.facts.update(arguments)
        elif action.endswith(".assert"):
            given = task[action]["that"]
            if not all(self._holds(one, here) for one in (given if isinstance(given, list) else [given])):
                raise TaskFailed(arguments["fail_msg"])
        elif action.endswith(".fail"):
            raise TaskFailed(arguments["msg"])
        elif action.endswith(".debug"):
            self.told.lines = list(arguments["msg"])
        else:
            raise NotImplementedError(action)

    def _module(self, task: Mapping[str, Any], action: str, arguments: dict[str, Any], here: _Inherited) -> None:
        defaults = self._value(here.defaults.get(action, {}), here)
        done = self._modules(action[len(OURS) :], {**defaults, **arguments})
        self.told.calls.append((action[len(OURS) :], done))
        if "register" in task:
            self.told.facts[task["register"]] = done.result
        if done.result.get("failed"):
            raise TaskFailed(done.result["msg"])

    def _holds(self, condition: Any, here: _Inherited) -> bool:
        text = condition if isinstance(condition, bool) else "{{ true if (" + condition + ") else false }}"
        return self._value(text, here) is True

    def _value(self, value: Any, here: _Inherited) -> Any:
        return evaluated(value, {**self._variables, **self.told.facts, **here.variables})


@cache
def _yaml(folder: str, name: str = "main") -> Any:
    """A file of the role."""
    return yaml.safe_load((FOLDER / folder / f"{name}.yml").read_text(encoding="utf-8"))
