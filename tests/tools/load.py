# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many clusters at once against a service that limits its requests, and what its log must say of them."""

from __future__ import annotations

import re
import resource
import stat
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from simulator import seeds
from simulator.requestlog import Entry
from simulator.server import Simulator
from tools.playbooks import NAMESPACE, Playbooks, Run, options, play

_WAITED = re.compile(r"waited \d+ s in (\d+) retr(?:y|ies); last: 429 ")
# The endpoints of the bucket (contract 5); restore jobs have another.
_LIMITED = re.compile(r"/(?:snapshots(?:/\w+)?|snapshotSchedule)$")


@dataclass(frozen=True)
class Fleet:
    """So many clusters of one project with so many snapshots each, and what its bucket holds and gets a second."""

    clusters: int
    each: int
    kept: int
    capacity: int
    refill: int


@dataclass(frozen=True)
class Load:
    """What came of a run: times in seconds, counts of requests."""

    run: Run
    took: float
    cpu: float
    allowed: int
    refused: int
    longest: float

    @property
    def told(self) -> str:
        """The figures on a line."""
        return (
            f"{self.took:.0f} s ({self.cpu:.0f} s of CPU), {self.allowed} requests let through, "
            f"{self.refused} answered 429, "
            f"each sent again {self.longest:.2f} s after it at the earliest"
        )


def run_fleet(playbooks: Playbooks, fleet: Fleet) -> Load:
    """The role on all clusters at once, a fork each; asserts that all went well and that nobody overstepped."""
    world = seeds.fleet(fleet.clusters, fleet.each, platform="ops_manager")
    with Simulator(world) as sim:
        sim.switch(rate_limited="all")
        sim.limits.set(fleet.capacity, fleet.refill)
        inventory = {
            cluster.name: {
                "project_id": cluster.project_id,
                "cluster_id": cluster.id,
                "retention_keep_last": fleet.kept,
                "retention_stale_after": "off",
                "retention_max_delete": -1,
                "retention_max_delete_percent": 100,
            }
            for cluster in world.clusters.values()
        }
        connection = {key: value for key, value in options(sim).items() if not key.startswith("cluster")}
        began, used = time.monotonic(), cpu_seconds()
        run = playbooks.run(
            [play([], {**connection, "retry_timeout": 300}, roles=[{"role": f"{NAMESPACE}.retention"}])],
            "--forks",
            str(fleet.clusters),
            inventory=inventory,
        )
        took, cpu = time.monotonic() - began, cpu_seconds() - used
        assert run.status == 0, run.output
        assert sim.violations == []
        for cluster in world.clusters.values():
            assert len(world.snapshots(cluster)) == fleet.kept
            assert (run.recap(cluster.name)["failed"], run.recap(cluster.name)["ignored"]) == (0, 0)
        entries = [entry for entry in sim.log if _LIMITED.search(entry.path) and not entry.challenge]
    refused = [entry for entry in entries if entry.status == 429]
    assert_bucket_kept([entry for entry in entries if entry.status != 429], fleet)
    longest = assert_retry_after_kept(entries)
    told = {cluster.name: refusals_told(run, cluster.name) for cluster in world.clusters.values()}
    seen = Counter(next(one.name for one in world.clusters.values() if one.id in entry.path) for entry in refused)
    # Two batches that waited alike are told once.
    assert all(told[name] <= seen[name] and bool(told[name]) == bool(seen[name]) for name in told)
    return Load(run, took, cpu, len(entries) - len(refused), len(refused), longest)


def assert_bucket_kept(allowed: list[Entry], fleet: Fleet) -> None:
    """From no request to no later one were more let through than the bucket holds and got meanwhile."""
    moments = sorted(entry.arrived for entry in allowed)
    for first, began in enumerate(moments):
        for last in range(first, len(moments), 25):
            seconds = moments[last] - began
            assert last - first + 1 <= fleet.capacity + fleet.refill * (int(seconds) + 1)


def assert_retry_after_kept(entries: Iterable[Entry]) -> float:
    """Whoever was told to wait did: the same request came again, and not sooner. The shortest wait, in seconds."""
    by_request: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        by_request[(entry.method, entry.path, entry.query)].append(entry)
    waits = []
    for same in by_request.values():
        for entry, following in zip(same, [*same[1:], None], strict=True):
            if entry.status != 429:
                continue
            assert following is not None, entry.line
            waits.append(following.arrived - entry.arrived)
            assert waits[-1] >= int(entry.retry_after or 0) >= 1, entry.line
    return min(waits, default=0.0)


def refusals_told(run: Run, host: str) -> int:
    """How many retries the results of a host tell of: one warning at most of each module, and of nothing else."""
    count = 0
    for step in ("retention_decide", "retention_apply"):
        for task in run.of(step):
            for warning in task.result.get("warnings", []) if task.host == host else []:
                waited = _WAITED.match(warning)
                assert waited is not None, warning
                count += int(waited[1])
    return count


def cpu_seconds() -> float:
    """Of all processes that this one has waited for, and those that they have: what a busy machine does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measuring_interpreter(folder: Path, figures: Path) -> Path:
    """An interpreter for modules that adds to a file, a line each, the most memory that one had, in KiB.

    It starts the real one and asks the kernel when that has ended: what was waited for is that process alone, and
    what a process had before it became the module is far less than a module has.
    """
    path = folder / "python"
    path.write_text(
        f"#!{sys.executable} -IS\n"
        "import resource, subprocess, sys\n"
        f"status = subprocess.call([{sys.executable!r}, *sys.argv[1:]])\n"
        f"with open({str(figures)!r}, 'a') as file:\n"
        "    file.write(f'{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}\\n')\n"
        "sys.exit(status)\n",
        encoding="utf-8",
    )
    path.chmod(stat.S_IRWXU)
    return path
