# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real `ansible-playbook` runs on the installed artefact, and what their tasks came to."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from simulator.nouns import Cluster
from simulator.server import Simulator
from tools.environment import bare_environment
from tools.measured import coverage_environment

HERE = Path(__file__).parent
NAMESPACE = "mongodb_ops.legacy_backup"
GROUP = f"group/{NAMESPACE}.api"
INTERPRETER = "{{ ansible_playbook_python }}"
_WARNING = re.compile(r"\[(WARNING|DEPRECATION WARNING|ERROR)\]")


@dataclass(frozen=True)
class Task:
    """What one task came to on one host."""

    status: str
    host: str
    name: str
    action: str
    result: dict[str, Any]

    @property
    def message(self) -> str:
        return str(self.result.get("msg", ""))

    @property
    def actions(self) -> list[str]:
        return [outcome["action"] for outcome in self.result["outcomes"]]


@dataclass(frozen=True)
class Run:
    """One run of ansible-playbook."""

    status: int
    stdout: str
    stderr: str
    tasks: tuple[Task, ...]

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.output.splitlines() if _WARNING.search(line)]

    def named(self, name: str, host: str | None = None) -> Task:
        """The task of that name, in a role or not; it must have run once."""
        found = [task for task in self.tasks if f": {task.name}".endswith(f": {name}") and host in (None, task.host)]
        assert len(found) == 1, f"{len(found)} tasks are called {name!r}:\n{self.output}"
        return found[0]

    def of(self, module: str) -> list[Task]:
        """All results of one of our modules."""
        return [task for task in self.tasks if task.action == f"{NAMESPACE}.{module}"]

    def applied(self, host: str | None = None) -> Task:
        """What the role has registered for a host as `retention_result`, at the last of its steps."""
        steps = [task for task in (*self.of("retention_decide"), *self.of("retention_apply")) if task.status == "ok"]
        found = {task.host: task for task in steps}
        assert host is not None or len(found) == 1, f"{len(found)} hosts have a result:\n{self.output}"
        return next(task for name, task in found.items() if host in (None, name))

    def failure(self, failed: Task) -> str:
        """Why a task failed. The role's last task says the beginning, and the step before it returned all."""
        if not failed.name.endswith("Fail where not everything went as planned"):
            return failed.message
        before = self.tasks[: self.tasks.index(failed)]
        steps = [
            task for task in before if task.host == failed.host and task.action.startswith(f"{NAMESPACE}.retention_")
        ]
        assert failed.message == steps[-1].result["message"]
        assert len(failed.message) < 200
        return str(steps[-1].result["failure"])

    def recap(self, host: str) -> dict[str, int]:
        """The numbers of a host in the recap."""
        line = next(line for line in self.stdout.splitlines() if re.match(rf"{re.escape(host)}\s+: ok=", line))
        return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", line)}


@dataclass(frozen=True)
class Playbooks:
    """Runs playbooks from a folder of its own, with the artefact as installed and an empty home."""

    folder: Path
    collections: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(
        self,
        plays: Sequence[Mapping[str, Any]] | str,
        *arguments: str,
        inventory: Mapping[str, Mapping[str, Any]] | Path | None = None,
        environment: Mapping[str, str] | None = None,
        started: Callable[[int], object] | None = None,
    ) -> Run:
        """Run plays (or a playbook by its name) on an inventory of host variables, or on a file.

        `started` is told the process's number.
        """
        source = inventory if isinstance(inventory, Path) else self.folder / "inventory.yml"
        if not isinstance(inventory, Path):
            hosts = {name: {**LOCAL, **values} for name, values in (inventory or {"localhost": {}}).items()}
            _write(source, {"all": {"hosts": hosts}})
        playbook = plays if isinstance(plays, str) else str(_write(self.folder / "playbook.yml", list(plays)))
        command = ("ansible-playbook", "-i", str(source), playbook, *arguments)
        return self.ansible(*command, environment=environment, started=started)

    def ansible(
        self,
        command: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        started: Callable[[int], object] | None = None,
    ) -> Run:
        """Run one of Ansible's commands."""
        record = self.folder / "record.jsonl"
        record.unlink(missing_ok=True)
        with subprocess.Popen(
            [str(Path(sys.executable).parent / command), *arguments],
            cwd=self.folder,
            env={**self._environment(record), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        ) as process:
            if started is not None:
                started(process.pid)
            stdout, stderr = process.communicate()
        lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
        rows = [json.loads(line) for line in lines]
        tasks = [Task(row["status"], row["host"], row["task"], row["action"], row["result"]) for row in rows]
        run = Run(process.returncode, stdout, stderr, tuple(tasks))
        # Whatever a test is about: what Ansible is going to drop, we do not use, on any ansible-core.
        assert "[DEPRECATION WARNING]" not in run.output, run.output
        return run

    def _environment(self, record: Path) -> dict[str, str]:
        return {
            **bare_environment(self.folder),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "RECORD_FILE": str(record),
            **coverage_environment(),
            **self.environment,
        }


LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": INTERPRETER}


def kill_tree(number: int) -> None:
    """SIGKILL to a process and to all that it started, and they."""
    listed = subprocess.run(["ps", "-Ao", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [line.split() for line in listed.splitlines()]
    doomed = [number]
    for one in doomed:
        doomed += [int(child) for child, parent in pairs if int(parent) == one]
    for one in doomed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def facts(task: Task) -> dict[str, Any]:
    """All that a task returned, without what it was asked, in which mode, and what Ansible keeps for itself."""
    asked = ("invocation", "check_mode")
    return {key: value for key, value in task.result.items() if key not in asked and not key.startswith("_ansible_")}


def warned(run: Run) -> list[str]:
    """The warnings of a run, without the errors of tasks that are meant to fail."""
    return [line for line in run.warnings if not line.startswith("[ERROR]")]


def play(
    tasks: Sequence[Mapping[str, Any]], defaults: Mapping[str, Any] | None = None, **keywords: Any
) -> dict[str, Any]:
    """A play of tasks, with connection options as the defaults of our action group."""
    return {
        "hosts": "all",
        "gather_facts": False,
        "module_defaults": {GROUP: dict(defaults or {})},
        "tasks": list(tasks),
        **keywords,
    }


def task(name: str, module: str, options: Mapping[str, Any] | None = None, **keywords: Any) -> dict[str, Any]:
    """A task with one of our modules."""
    return {"name": name, f"{NAMESPACE}.{module}": dict(options or {}), **keywords}


def options(sim: Simulator, who: str = "owner", cluster: Cluster | None = None, **more: Any) -> dict[str, Any]:
    """Connection options for an account of the simulator, and a cluster of it by what its platform takes."""
    cluster = cluster or sim.world.main
    account, platform = sim.world.keys[who], sim.world.projects[cluster.project_id].platform
    pair = ("public_key", "private_key") if account.kind == "key" else ("client_id", "client_secret")
    named = {"cluster_name": cluster.name} if platform == "atlas" else {"cluster_id": cluster.id}
    return {
        "platform": platform,
        "base_url": sim.url,
        pair[0]: account.id,
        pair[1]: account.secret,
        "project_id": cluster.project_id,
        "retry_timeout": 10,
        **named,
        **more,
    }


def _write(path: Path, content: Any) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=1000), encoding="utf-8")
    return path
