# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a step of the role works with, and how it runs the collection's modules. Nothing here knows Ansible."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.store import Store
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import CLUSTER_KEYS

INFO, CHANGE = "legacy_snapshot_info", "legacy_snapshot"
# Two modules that differ in one of these would list one cluster and change another.
_SAME = (
    "platform",
    "base_url",
    "api_version",
    "public_key",
    "private_key",
    "client_id",
    "client_secret",
    *CLUSTER_KEYS,
)
# What tells one service from another, along with the task's own environment.
_SERVICE = ("platform", "base_url", "proxy")
_LONGEST_DIFF = 300
# Each batch can have one of its own.
_MOST_WARNINGS = 20


@dataclass(frozen=True)
class Connection:
    """The connection options of the play: those of the action group, and those given to a module by its name."""

    common: Mapping[str, Any]
    by_module: Mapping[str, Mapping[str, Any]]

    def options_for(self, module: str, cluster: Mapping[str, str]) -> dict[str, Any]:
        """The options of a module; the cluster as the role names it wins over what the play gives."""
        return {**self.common, **self.by_module.get(module, {}), **cluster}

    def check(self, cluster: Mapping[str, str]) -> None:
        """RefusedError where the modules would use different services, keys or clusters."""
        info, change = (self.options_for(module, cluster) for module in (INFO, CHANGE))
        differing = [name for name in _SAME if (info.get(name) or None) != (change.get(name) or None)]
        if differing:
            raise RefusedError(
                f"module_defaults give {INFO} and {CHANGE} different values of {', '.join(differing)}, so that one"
                " cluster would be listed and another changed: give both the same, or use the group"
                " mongodb_ops.legacy_backup.api"
            )


@dataclass
class Log:
    """What the modules of a step said besides their results."""

    changed: bool = False
    warnings: list[Any] = field(default_factory=list)
    deprecations: list[Any] = field(default_factory=list)
    diff: list[Any] = field(default_factory=list)
    requests: list[Mapping[str, Any]] = field(default_factory=list)
    hidden: int = 0

    def note(self, result: Mapping[str, Any]) -> None:
        """Takes over what is to be passed on from the result of a module."""
        self.changed = self.changed or result.get("changed") is True
        self.warnings += [text for text in result.get("warnings") or () if text not in self.warnings]
        self.deprecations += result.get("deprecations") or ()
        if result.get("requests"):
            self.requests.append(result["requests"])

    def show(self, entries: Sequence[Any]) -> None:
        """Adds entries to the diff, up to a length that callbacks and AWX take."""
        shown = list(entries)[: max(0, _LONGEST_DIFF - len(self.diff))]
        self.diff += shown
        self.hidden += len(entries) - len(shown)

    def shown(self) -> list[Any]:
        """The entries of the diff, and how many more there are."""
        more = [{"prepared": f"and {self.hidden} more, see the report or the plan file\n"}] if self.hidden else []
        return [*self.diff, *more]

    def result(self) -> dict[str, Any]:
        """As keys of a task's result."""
        warnings = self.warnings[:_MOST_WARNINGS]
        if len(self.warnings) > _MOST_WARNINGS:
            warnings.append(f"and {len(self.warnings) - _MOST_WARNINGS} more warnings")
        told = {"warnings": warnings, "deprecations": self.deprecations, "diff": self.shown()}
        return {"changed": self.changed, **{key: value for key, value in told.items() if value}}


def as_text(entry: Mapping[str, str]) -> str:
    """An entry of a diff as Ansible shows it."""
    if "prepared" in entry:
        return entry["prepared"].rstrip("\n")
    before, after = (
        [f"{sign} {line}" for line in entry[key].splitlines()] for sign, key in (("-", "before"), ("+", "after"))
    )
    heads = [f"--- before: {entry['before_header']}", f"+++ after: {entry['after_header']}"]
    same = [line[2:] for line in before if f"+ {line[2:]}" in after]
    return "\n".join(
        [
            *heads,
            *(f"  {line}" for line in same),
            *(line for line in [*before, *after] if line[2:] not in same),
        ]
    )


@dataclass(frozen=True)
class Step:
    """One host at one step of the role.

    `given` are the role's variables without their prefix, and `names` all that begin with it. `hosts` are those of the
    play, `batch` those that have not failed. `run` runs a module and `tell` shows a line at once. `limit` is when the
    task ends, on the clock of `time.monotonic`; None where it has no end. `clock` is now in UTC and whole seconds.
    `has_failed` tells whether the step before failed for another host. `environment` are the variables that the task
    gives to its modules, as text.
    """

    host: str
    given: Mapping[str, Any]
    names: Sequence[str]
    hosts: Sequence[str]
    batch: Sequence[str]
    strategy: str
    run_once: bool
    check_mode: bool
    diff_mode: bool
    store: Store
    connection: Connection
    run: Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
    tell: Callable[[str], None]
    clock: datetime
    facts: Mapping[str, Any]
    has_failed: Callable[[str], bool] = lambda _host: False
    processes: Sequence[Mapping[str, Any]] = ()
    limit: float | None = None
    environment: str = ""
    log: Log = field(default_factory=Log)

    def list(self, cluster: Mapping[str, str], gather: Sequence[str]) -> Mapping[str, Any]:
        """The whole listing of a cluster, or the result of the module that failed."""
        return self._run(INFO, {**cluster}, {"completeness": "all", "gather": list(gather)})

    def change(
        self, cluster: Mapping[str, str], changes: Sequence[Mapping[str, Any]], workers: int
    ) -> Mapping[str, Any]:
        """The result of changing these snapshots."""
        options: dict[str, Any] = {"snapshots": list(changes), "concurrency": workers, **self._bounds()}
        return self._run(CHANGE, {**cluster}, {**options, "unless_restoring": True, "unless_newest": True})

    def seconds_left(self) -> float | None:
        """Until the module has to have ended, so that what it did can still be told; None where there is no limit."""
        return None if self.limit is None else self.limit - time.monotonic()

    def _bounds(self) -> dict[str, Any]:
        left = self.seconds_left()
        return {
            **({} if left is None else {"time_limit": max(1, int(left))}),
            **({"while_running": list(self.processes)} if self.processes else {}),
        }

    def _run(self, module: str, cluster: Mapping[str, str], options: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = {**self.connection.options_for(module, cluster), **options, "tell_requests": True}
        service = "\0".join([self.environment, *(str(asked.get(name) or "") for name in _SERVICE)])
        # Once the service has answered a host of this run, an error of the network is worth `retry_timeout`.
        result = self.run(module, {**asked, "service_has_answered": self.store.has_answered(service)})
        if _was_answered(result):
            self.store.note_answer(service)
        self.log.note(result)
        return result


def _was_answered(result: Mapping[str, Any]) -> bool:
    """Whether the service has answered a request of the module with this result."""
    return not result.get("failed") or (result.get("error") or {}).get("status") is not None


def target(listing: Mapping[str, Any]) -> dict[str, str]:
    """By what the modules that follow a listing are told the cluster: the one that was listed, and no other (R24)."""
    platform = (listing.get("requests") or {}).get("platform")
    keys = CLUSTER_KEYS if platform == "atlas" else ("project_id", "cluster_id")
    return {key: listing[key] for key in keys if listing.get(key)}
