# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the role `retention` over a few clusters, a host each, and what was written to which."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator import seeds
from simulator.nouns import Cluster
from simulator.server import Simulator
from tools.environment import atlas_environment
from tools.playbooks import GROUP, NAMESPACE, Playbooks, Run, options

ROLE = f"{NAMESPACE}.retention"
# Of twelve snapshots a day apart this keeps the newest eight, and four are deleted.
EIGHT: dict[str, Any] = {"retention_keep_last": "8", "retention_stale_after": "off"}
SNAPSHOTS, REMOVED = 12, 4
BLOCKED: dict[str, Any] = {"retention_max_delete": REMOVED - 1}
STALE: dict[str, Any] = {"retention_stale_after": "1d"}
_CLUSTER = re.compile(r"/clusters/([^/]+)")


@dataclass(frozen=True)
class Fleet:
    """Clusters of one project on Atlas, twelve snapshots each. `hosts` are the variables of each cluster's host."""

    sim: Simulator
    playbooks: Playbooks
    hosts: Mapping[str, Mapping[str, Any]]

    def cluster(self, host: str) -> Cluster:
        """The cluster of a host."""
        return list(self.sim.world.clusters.values())[list(self.hosts).index(host)]

    @property
    def connection(self) -> dict[str, Any]:
        """What the action group is given."""
        return {name: value for name, value in options(self.sim).items() if name not in ("project_id", "cluster_name")}

    @property
    def environment(self) -> dict[str, str]:
        """The same as variables of the environment, for the playbooks of the collection."""
        return atlas_environment(self.sim)

    @property
    def inventory(self) -> dict[str, dict[str, Any]]:
        """The hosts with all their variables."""
        return {
            host: {"project_id": one.project_id, "cluster_name": one.name, **EIGHT, **variables}
            for (host, variables), one in zip(self.hosts.items(), self.sim.world.clusters.values(), strict=False)
        }

    def run(
        self,
        plays: Sequence[Mapping[str, Any]] | str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        started: Callable[[int], object] | None = None,
    ) -> Run:
        """Plays with the connection as the defaults of the group, unless they say otherwise."""
        defaults = {"hosts": "all", "gather_facts": False, "module_defaults": {GROUP: self.connection}}
        given = plays if isinstance(plays, str) else [{**defaults, **one} for one in plays]
        return self.playbooks.run(given, *arguments, inventory=self.inventory, environment=environment, started=started)

    @property
    def deleted(self) -> dict[str, int]:
        """How many snapshots each host's cluster has lost, those without a loss left out."""
        hosts = {one.name: host for host, one in zip(self.hosts, self.sim.world.clusters.values(), strict=False)}
        done = [_CLUSTER.findall(entry.path)[0] for entry in self.sim.log.done_writes if entry.method == "DELETE"]
        return {hosts[name]: count for name, count in Counter(done).items()}

    @property
    def asked(self) -> set[str]:
        """The hosts whose clusters any request was about."""
        names = {found[0] for entry in self.sim.log if (found := _CLUSTER.findall(entry.path))}
        return {host for host in self.hosts if self.cluster(host).name in names}


def fleet(
    simulator: Any, playbooks: Playbooks, hosts: Mapping[str, Mapping[str, Any]], snapshots: int = SNAPSHOTS
) -> Fleet:
    """A fleet on a simulator of its own."""
    return Fleet(simulator(seeds.fleet(len(hosts), snapshots)), playbooks, hosts)


def roles(**keywords: Any) -> dict[str, Any]:
    """A play with the role in `roles:`."""
    return {"roles": [{"role": ROLE}], **keywords}


def include(tasks_from: str = "main", apply: Mapping[str, Any] | None = None, **keywords: Any) -> dict[str, Any]:
    """A task that includes the role."""
    named = {"name": ROLE, "tasks_from": tasks_from, **({"apply": dict(apply)} if apply else {})}
    return {"name": f"include {tasks_from}", "ansible.builtin.include_role": named, **keywords}


def refusal(run: Run, host: str) -> str:
    """Why the last task that failed for a host did so; blank where none did."""
    failed = [task for task in run.tasks if task.status == "failed" and task.host == host]
    return run.failure(failed[-1]) if failed else ""


def result(run: Run, host: str) -> dict[str, Any]:
    """What the role left behind for a host: `retention_result`."""
    actions = (f"{NAMESPACE}.retention_decide", f"{NAMESPACE}.retention_apply")
    return [task.result for task in run.tasks if task.host == host and task.action in actions][-1]


def counts(run: Run, host: str) -> dict[str, int]:
    """The numbers of a host that are not 0."""
    return {name: count for name, count in result(run, host)["counts"].items() if count}


def lines(run: Run, host: str) -> str:
    """The summary of a host."""
    return "\n".join(result(run, host)["summary"])
