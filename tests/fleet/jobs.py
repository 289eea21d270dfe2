# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's commands as jobs of AWX: one process a slice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.server import Simulator
from tools.environment import COMMANDS, atlas_environment
from tools.spending import Spent, spend
from tools.tree import FULL_NAME

# Ansible's own default, and AWX's.
FORKS = 5


@dataclass(frozen=True)
class Runner:
    """Runs Ansible's commands with the installed artefact, in a folder, as a job of AWX is run: by variables alone."""

    folder: Path
    collections: Path
    sim: Simulator

    def run(self, name: str, command: str, *arguments: str) -> Spent:
        """One command; its output goes to the file of that name."""
        return spend(name, [str(COMMANDS / command), *arguments], self.folder, self._environment())

    def hosts(self, *, cached: bool = False) -> tuple[Spent, dict[str, dict[str, Any]]]:
        """An inventory update: what it took, and the hosts."""
        cache = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(self.folder / "cache")}
        self._write("clusters.yml", {"plugin": f"{FULL_NAME}.clusters", **(cache if cached else {})})
        target = self.folder / "inventory.json"
        spent = self.run(
            "inventory", "ansible-inventory", "-i", "clusters.yml", "--list", "--export", "--output", str(target)
        )
        listed = json.loads(target.read_text(encoding="utf-8")) if spent.status == 0 else {"_meta": {"hostvars": {}}}
        return spent, listed["_meta"]["hostvars"]

    def playbook(self, name: str, slices: Sequence[Mapping[str, Any]], at_once: int, **variables: Any) -> list[Spent]:
        """One of our playbooks, each slice a process with an inventory of its own, so many of them side by side."""
        self._write("variables.json", variables)
        for number, hosts in enumerate(slices):
            self._write(f"slice-{number}.json", {"all": {"hosts": dict(hosts)}})

        def one(number: int) -> Spent:
            return self.run(
                f"{name}-{number}",
                "ansible-playbook",
                "-i",
                f"slice-{number}.json",
                f"{FULL_NAME}.{name}",
                "-e",
                "@variables.json",
            )

        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(one, range(len(slices))))

    def _write(self, name: str, content: Any) -> None:
        (self.folder / name).write_text(json.dumps(content), encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        return {
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_FORKS": str(FORKS),
            **atlas_environment(self.sim),
        }
