# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who does the work: our module and role, what people write by hand, an ideal client, and a play that does nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from simulator.server import Simulator
from simulator.world import World
from tools.environment import COMMANDS
from tools.spending import Spent, spend
from tools.tree import FULL_NAME

HERE = Path(__file__).parent
PLAYBOOKS = HERE / "playbooks"


@dataclass(frozen=True)
class Bench:
    """A folder, the installed artefact, and a service with one cluster."""

    folder: Path
    collections: Path
    sim: Simulator

    @property
    def world(self) -> World:
        return self.sim.world

    @property
    def snapshots(self) -> str:
        """The URL of the listing."""
        cluster = self.world.main
        return f"{self.sim.url}/api/public/v1.0/groups/{cluster.project_id}/clusters/{cluster.id}/snapshots"

    def urls(self, count: int) -> list[str]:
        """Of so many snapshots, the newest first."""
        return [f"{self.snapshots}/{one['id']}" for one in self.world.documents(self.world.main)[:count]]

    @property
    def key(self) -> list[str]:
        owner = self.world.keys["owner"]
        return [owner.id, owner.secret]

    def playbook(self, name: str, path: Path | str, **variables: Any) -> Spent:
        """A playbook as anybody runs it, with the connection in the environment."""
        given = {
            "bench_key": self.key,
            "bench_cluster": self.world.main.id,
            "bench_listing": f"{self.snapshots}?itemsPerPage=500",
            "ansible_python_interpreter": sys.executable,
            **variables,
        }
        (self.folder / "variables.json").write_text(json.dumps(given), encoding="utf-8")
        command = [str(COMMANDS / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(path)]
        return spend(name, [*command, "-e", "@variables.json"], self.folder, self._connection())

    def inventory(self, name: str) -> Spent:
        """The inventory plugin's listing of the fleet."""
        (self.folder / "clusters.yml").write_text(f"plugin: {FULL_NAME}.clusters\n", encoding="utf-8")
        command = [str(COMMANDS / "ansible-inventory"), "-i", "clusters.yml", "--list", "--output", "inventory.json"]
        return spend(name, command, self.folder, self._connection())

    def ideal(self, name: str, workers: int, requests: Sequence[Sequence[Any]], listing: str | None = None) -> Spent:
        """The bare client."""
        job = {"key": self.key, "workers": workers, "listing": listing, "requests": list(requests)}
        (self.folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        return spend(name, [sys.executable, str(HERE / "ideal.py"), "job.json"], self.folder, {})

    def curl(self, name: str, urls: Sequence[str], expires: str) -> Spent:
        """The shell script."""
        return spend(name, [str(HERE / "curl_loop.sh"), ":".join(self.key), expires, *urls], self.folder, {})

    def _connection(self) -> dict[str, str]:
        cluster = self.world.main
        connection = {
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "MCLI_PUBLIC_API_KEY": self.key[0],
            "MCLI_PRIVATE_API_KEY": self.key[1],
            "MCLI_OPS_MANAGER_URL": self.sim.url,
            "MCLI_SERVICE": "ops-manager",
        }
        return {**connection, **({"MCLI_PROJECT_ID": cluster.project_id} if len(self.world.projects) == 1 else {})}


def empty_play(folder: Path, modules: int, actions: int) -> Path:
    """A play of so many tasks that do nothing: each module a process, each action none."""
    tasks: list[dict[str, Any]] = [
        {"name": f"Module {number}", "ansible.builtin.ping": {}} for number in range(modules)
    ]
    tasks += [
        {"name": f"Action {number}", "ansible.builtin.set_fact": {"bench_nothing": number}} for number in range(actions)
    ]
    path = folder / "empty.yml"
    play = {"name": "Do nothing", "hosts": "localhost", "gather_facts": False, "tasks": tasks}
    path.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    return path
