# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real runs of `ansible-inventory` with the plugin `clusters`, and what they list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from simulator.server import Simulator
from tools.playbooks import NAMESPACE, Playbooks, Run

PLUGIN = f"{NAMESPACE}.clusters"
ATLAS = (
    "CLIENT_ID",
    "CLIENT_SECRET",
    "PUBLIC_API_KEY",
    "PRIVATE_API_KEY",
    "PROJECT_ID",
    "BASE_URL",
    "OPS_MANAGER_URL",
    "SERVICE",
)
OTHERS = (
    "PUBLIC_API_KEY PRIVATE_API_KEY PROJECT_ID SERVICE OPS_MANAGER_URL OPS_MANAGER_SKIP_VERIFY"
    " OPS_MANAGER_CA_CERTIFICATE"
).split()
# All that the credential types of AWX export, as blank as it exports what was left out.
BLANK = {f"MONGODB_ATLAS_{name}": "" for name in ATLAS} | {f"MCLI_{name}": "" for name in OTHERS}


def environment(sim: Simulator, who: str = "owner", **more: str) -> dict[str, str]:
    """The variables of an account, as AWX exports them: the project is not among them, and much is blank.

    With AWX's own setting, by which an inventory that cannot be read is a failure.
    """
    account, platform = sim.world.keys[who], next(iter(sim.world.projects.values())).platform
    if platform != "atlas":
        given = {
            "MCLI_PUBLIC_API_KEY": account.id,
            "MCLI_PRIVATE_API_KEY": account.secret,
            "MCLI_SERVICE": platform.replace("_", "-"),
            "MCLI_OPS_MANAGER_URL": f"{sim.url}/",
        }
    else:
        pair = ATLAS[2:4] if account.kind == "key" else ATLAS[:2]
        given = {
            f"MONGODB_ATLAS_{pair[0]}": account.id,
            f"MONGODB_ATLAS_{pair[1]}": account.secret,
            "MONGODB_ATLAS_BASE_URL": sim.url,
        }
    return {**BLANK, **given, "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true", **more}


@dataclass(frozen=True)
class Listed:
    """What `ansible-inventory --list` printed."""

    run: Run

    @property
    def document(self) -> dict[str, Any]:
        # What -v adds comes before.
        found: dict[str, Any] = json.loads("{\n" + self.run.stdout.partition("{\n")[2])
        return found

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """Variables by host, without the marks of what must not be rendered."""
        hosts = self.document["_meta"]["hostvars"]
        return {name: {key: _bare(value) for key, value in values.items()} for name, values in hosts.items()}

    def group(self, name: str) -> list[str]:
        hosts: list[str] = self.document[name]["hosts"]
        return hosts

    @property
    def said(self) -> str:
        """Standard error on one line: older versions of Ansible break the lines of warnings."""
        return " ".join(self.run.stderr.split())


@dataclass(frozen=True)
class Inventories:
    """Lists inventories from files of their own, in the folder of a test's playbooks."""

    playbooks: Playbooks

    def file(self, options: Mapping[str, Any] | None = None, name: str = "clusters.yml") -> Path:
        """An inventory file with these options."""
        path = self.playbooks.folder / name
        text = yaml.safe_dump({"plugin": PLUGIN, **(options or {})}, sort_keys=False, allow_unicode=True, width=1000)
        path.write_text(text, encoding="utf-8")
        return path

    def list(
        self,
        environment: Mapping[str, str],
        options: Mapping[str, Any] | None = None,
        *arguments: str,
        path: Path | None = None,
    ) -> Listed:
        """`ansible-inventory --list` of such a file; exit status and output are the run's."""
        source = path or self.file(options)
        command = ("ansible-inventory", "-i", str(source), "--list", *arguments)
        return Listed(self.playbooks.ansible(*command, environment=environment))


def _bare(value: Any) -> Any:
    return value["__ansible_unsafe"] if isinstance(value, dict) and set(value) == {"__ansible_unsafe"} else value
