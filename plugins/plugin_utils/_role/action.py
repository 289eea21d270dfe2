# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an action plugin to a step of the role and back: the only file with tasks, variables and modules of Ansible."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible.utils.display import Display
from ansible.utils.vars import load_extra_vars
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._connection import (
    CLUSTER_SPEC,
    CONNECTION_SPEC,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._processes import describe
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError, shown
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.step import (
    CHANGE,
    INFO,
    Connection,
    Log,
    Step,
    as_text,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.store import Entry, Store
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import (
    KEYS,
    PREFIX,
    read_cluster,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._run_folder import run_folder

_COLLECTION = "mongodb_ops.legacy_backup"
# As the modules check them. Here they are handed on.
CONNECTION_OPTIONS: dict[str, dict[str, Any]] = {
    name: {"type": "raw", "no_log": spec.get("no_log", False)}
    for name, spec in {**CONNECTION_SPEC, **CLUSTER_SPEC}.items()
}
# Before its timeout ends a task, what was done has to be told: so many seconds at most, and a third of the timeout.
_MARGIN = 30.0
# Between the patterns of hosts.
_SEPARATORS = ",: \t\r\n"
_DISPLAY = Display()


class StepAction(ActionBase):
    """What the two steps share: they support check mode and diff, and return data whatever they find."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _supports_diff = True

    @staticmethod
    @contextmanager
    def told_where_it_fails() -> Iterator[None]:
        """AnsibleActionFail for a folder of the run that cannot be used."""
        try:
            yield
        except OSError as exc:
            raise AnsibleActionFail(
                f"The private folder of this run cannot be used: {exc}. Make room there, or set ANSIBLE_LOCAL_TEMP to"
                " another place."
            ) from exc

    def refuse_given(self, task_vars: Mapping[str, Any]) -> None:
        """AnsibleActionFail for a variable that takes the place of what the role works with.

        It fails at once, since the last task of the role would read the variable as well.
        """
        # Under another name a host would apply, or count as, what another host has decided.
        own = {f"{PREFIX}result": "what the role leaves behind", "inventory_hostname": "the name of the host"}
        places = (self._task.get_vars(), self._task.get_play().get_vars(), load_extra_vars(self._loader))
        given = [name for name in own if any(name in place for place in places)]
        if "inventory_hostname" not in given and task_vars["inventory_hostname"] not in _hosts(task_vars, "play_batch"):
            given.append("inventory_hostname")
        if given:
            raise AnsibleActionFail(
                f"{given[0]} is {own[given[0]]}, and cannot be given: call the variable otherwise. Nothing was written."
            )

    def begin(self, task_vars: Mapping[str, Any]) -> Entry:
        """Notes that the host has begun, before a variable that cannot be rendered can end the task."""
        return _store().begin(str(task_vars["inventory_hostname"]), _hosts(task_vars, "play_batch"))

    def step(self, task_vars: Mapping[str, Any]) -> Step:
        """What this task works with. Raises AnsibleError, and RefusedError for a variable that cannot be used."""
        started = time.monotonic()
        timeout = float(self._task.timeout or 0)
        play = self._task.get_play()
        return Step(
            host=str(task_vars["inventory_hostname"]),
            given=self._given(task_vars),
            names=[name for name in task_vars if str(name).startswith(PREFIX)],
            hosts=_hosts(task_vars, "play_hosts_all"),
            batch=_hosts(task_vars, "play_batch"),
            strategy=str(play.strategy),
            run_once=bool(self._task.run_once),
            check_mode=bool(self._task.check_mode),
            diff_mode=bool(self._task.diff),
            store=_store(),
            connection=self._connection_options(),
            run=lambda module, options: self._module(module, options, task_vars),
            tell=self._tell,
            clock=datetime.now(timezone.utc).replace(microsecond=0),
            facts={**_facts(task_vars), "project_name": self._project_name(task_vars)},
            has_failed=lambda host: _has_failed(task_vars, host),
            processes=describe((os.getppid(), os.getpid())),
            limit=started + timeout - min(_MARGIN, timeout / 3) if timeout else None,
            environment=str(self._task.environment or ""),
        )

    def show_diff(self, log: Log) -> None:
        """Core shows the diff of a task that changed something alone, and to decide changes nothing."""
        if not log.changed:
            for entry in log.shown():
                self._tell(as_text(entry))

    def _tell(self, line: str) -> None:
        # On standard error, so that no callback's JSON breaks.
        if not self._task.no_log:
            _DISPLAY.display(line, stderr=True)

    def _module(self, name: str, options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> Mapping[str, Any]:
        """The result of a module of this collection, run where the host's connection says."""
        try:
            result: Mapping[str, Any] = self._execute_module(
                module_name=f"{_COLLECTION}.{name}",
                module_args={**options, "run_folder": str(run_folder())},
                task_vars=task_vars,
            )
        except AnsibleConnectionFailure as exc:
            return {"failed": True, "msg": f"The host could not be reached: {exc}"}
        except (AnsibleError, OSError) as exc:
            # What was done before still has to be told.
            return {"failed": True, "msg": f"The module {name} could not be run: {exc}"}
        except BaseException as exc:
            # Core raises it once. The module has its own limit, and ends by itself.
            if type(exc).__name__ != "TaskTimeoutError":
                raise
            return {"failed": True, "msg": f"The timeout of the task passed while {name} was running."}
        return result

    # --- options ---

    def _connection_options(self) -> Connection:
        """The options of the action are those of the group. Core gives what a module is given by name to that alone."""
        common = {name: value for name, value in self._task.args.items() if name in CONNECTION_OPTIONS}
        by_module: dict[str, Any] = {INFO: {}, CHANGE: {}}
        for defaults in self._task.module_defaults or ():
            # As core does it, the innermost defaults of a module take the place of all others.
            by_module.update(
                {module: defaults[name] for module in by_module if (name := f"{_COLLECTION}.{module}") in defaults}
            )
        return Connection(common, {module: self._known(options) for module, options in by_module.items()})

    def _known(self, options: Any) -> dict[str, Any]:
        found = self._templar.template(options)
        return {key: value for key, value in found.items() if key in CONNECTION_OPTIONS}

    # --- variables ---

    def _given(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """The role's variables without their prefix, those that are omitted left out.

        What was approved is rendered for `apply` alone: a play may look up a file that another step writes first.
        """
        given = {}
        is_apply = self._task.args.get("entry_point") == "apply"
        for key in KEYS if is_apply else [key for key in KEYS if not key.startswith("approved_")]:
            if f"{PREFIX}{key}" in task_vars:
                value = self._value(task_vars[f"{PREFIX}{key}"], task_vars)
                given.update({} if value is None else {key: value})
        given["handed_on_plan"] = self._handed_on(given, task_vars)
        return given

    def _value(self, raw: Any, task_vars: Mapping[str, Any]) -> Any:
        # Within a dictionary newer cores leave out what is omitted; by itself it is an error to them.
        value = _decrypted(self._templar.template({"value": raw}).get("value"))
        omit = task_vars.get("omit")
        return None if isinstance(value, str) and value == omit else value

    def _project_name(self, task_vars: Mapping[str, Any]) -> str | None:
        """What the inventory calls the project of the host, for reports. No name is worth a run that fails for it."""
        try:
            name, own, used = (
                self._value(task_vars.get(key), task_vars)
                for key in ("project_name", "project_id", f"{PREFIX}project_id")
            )
        except AnsibleError:
            return None
        is_of_project = own is None or used in (None, "", own)
        return str.__str__(name) if isinstance(name, str) and is_of_project else None

    def _handed_on(self, given: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """What a job of the workflow has handed on for this cluster. It is data, and never rendered as a template."""
        try:
            key = read_cluster(given).key(str(task_vars["inventory_hostname"]))
        except RefusedError:
            return {}
        return {name: task_vars.get(f"{PREFIX}{name}_{key}") for name in ("plan", "digest")}

    def other_hosts(self, task_vars: Mapping[str, Any]) -> str | None:
        """Why a host is refused whose retention_hosts means others than the play has: `hosts:` sees no inventory's."""
        pattern = task_vars.get(f"{PREFIX}hosts")
        pattern = None if pattern is None else self._templar.template(pattern)
        if pattern is None:
            return None
        names = list(pattern) if isinstance(pattern, (list, tuple)) else [str(pattern)]
        others = sorted(set(_hosts(task_vars, "play_hosts_all")) - self._selected(":".join(map(str, names)), task_vars))
        if not others:
            return None
        return (
            f"retention_hosts is {shown(pattern)}, and the play has taken other hosts as well, such as {others[0]}:"
            " `hosts:` cannot see a variable of the inventory. Give it as an extra variable (-e retention_hosts=...),"
            " or use --limit"
        )

    def _selected(self, pattern: str, task_vars: Mapping[str, Any]) -> set[str]:
        # To core a pattern of nothing but separators is all hosts.
        if not pattern.strip(_SEPARATORS):
            return set()
        lookup = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar)
        return set(lookup.run([pattern], variables=dict(task_vars)))


def _store() -> Store:
    return Store(run_folder())


def _hosts(task_vars: Mapping[str, Any], kind: str) -> list[str]:
    """Names of hosts in one of Ansible's own variables, which nothing can take the place of."""
    return [str(name) for name in task_vars.get(f"ansible_{kind}") or ()]


def _has_failed(task_vars: Mapping[str, Any], host: str) -> bool:
    """Whether the step before failed for a host, or ran under another host's name."""
    known = task_vars["hostvars"][host]
    result = known.get(f"{PREFIX}result")
    has_failed = isinstance(result, Mapping) and bool(result.get("failed"))
    return has_failed or known.get("inventory_hostname") != host


def _facts(task_vars: Mapping[str, Any]) -> dict[str, Any]:
    """Which job of a controller this is, for the evidence."""
    return {
        f"awx_{name}": task_vars.get(f"awx_{name}", task_vars.get(f"tower_{name}")) for name in ("job_id", "user_name")
    }


def _decrypted(value: Any) -> Any:
    """Plain text in place of what is encrypted inline, which older cores decrypt only where it is shown."""
    if getattr(value, "__ENCRYPTED__", False):
        return str(value)
    if isinstance(value, list):
        return [_decrypted(item) for item in value]
    return value
