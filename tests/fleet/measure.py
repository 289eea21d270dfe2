# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The measurements: which jobs on which fleets, and what each cost the service, the clock and the machine."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fleet.jobs import Runner
from simulator import seeds
from simulator.limits import DOCUMENTED, Limit
from simulator.server import Simulator
from tools.slices import sliced
from tools.spending import Spent

PER_PROJECT = 25
# What a night leaves to be removed in each cluster, and what a first run finds that nobody pruned before.
NIGHTLY = 4
BACKLOG = 100
# How much faster than in MongoDB's documentation the bucket of the backlog is filled.
FASTER = 12
# What one cluster may cost more CPU time in the largest fleet than in the smallest: what a busy machine adds.
GROWTH = 1.3

Say = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """One job on one fleet. `seconds` is by the clock, with so many slices at once as there are processors."""

    job: str
    clusters: int
    snapshots: int
    workers: int
    requests: int
    changes: int
    refused: int
    failed: int
    seconds: float
    slowest_seconds: float
    cpu_seconds: float
    megabytes: float

    @property
    def requests_per_cluster(self) -> float:
        return self.requests / self.clusters

    @property
    def requests_per_snapshot(self) -> float:
        """Of what the job is about: each that it changes, else each that it reads."""
        return self.requests / (self.changes or self.clusters * self.snapshots)

    @property
    def cpu_seconds_per_cluster(self) -> float:
        return self.cpu_seconds / self.clusters

    def as_dict(self) -> dict[str, Any]:
        """For the file."""
        derived = ("requests_per_cluster", "requests_per_snapshot", "cpu_seconds_per_cluster")
        return {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(self).items()} | {
            name: round(getattr(self, name), 4) for name in derived
        }


def fleet(
    clusters: int, snapshots: int, jobs: Mapping[str, Sequence[int]], collections: Path, say: Say
) -> list[Measured]:
    """An inventory, then each job with each number of workers, on one fleet with the buckets as documented."""
    per_project = min(PER_PROJECT, clusters)
    world = seeds.company(clusters // per_project, per_project, snapshots, sharded=0)
    with Simulator(world, check=False) as sim, tempfile.TemporaryDirectory() as folder:
        runner = Runner(Path(folder), collections, sim)
        found, hosts = _inventories(runner, clusters, snapshots)
        for measured in found:
            say(line(measured))
        assert len(hosts) == clusters, f"the inventory has {len(hosts)} of {clusters} clusters"
        kept = snapshots
        for job, numbers in jobs.items():
            for workers in numbers:
                # Each retention run finds a night's worth to remove.
                kept -= NIGHTLY if job == "retention" else 0
                slices = sliced(hosts, workers)
                sim.reset_log()
                sim.limits.fill()
                spent, seconds = _timed(runner, job, slices, os.cpu_count() or 1, {"retention_keep_last": kept})
                found.append(_measured(job, clusters, snapshots, workers, sim, spent, seconds))
                say(line(found[-1]))
        assert sim.violations == []
    return found


def backlog(
    clusters: int,
    snapshots: int,
    removed: int,
    workers: Sequence[int],
    collections: Path,
    bucket: Limit = DOCUMENTED["Legacy Backup"],
) -> Iterator[Measured]:
    """A first run in one project, whose bucket does not hold what goes: all slices at once, limits FASTER than real."""
    for number in workers:
        world = seeds.company(1, clusters, snapshots, sharded=0)
        with Simulator(world, check=False) as sim, tempfile.TemporaryDirectory() as folder:
            sim.limits.set(bucket.capacity, bucket.refill, bucket.per / FASTER)
            runner = Runner(Path(folder), collections, sim)
            slices = sliced(runner.hosts()[1], number)
            sim.reset_log()
            wanted = {"retention_keep_last": snapshots - removed, "retention_max_delete": removed}
            spent, seconds = _timed(runner, "retention", slices, len(slices), wanted)
            yield _measured("backlog", clusters, snapshots, number, sim, spent, seconds)


def _inventories(runner: Runner, clusters: int, snapshots: int) -> tuple[list[Measured], dict[str, dict[str, Any]]]:
    """The first one, one that fills the cache, of which nothing is told, and one from the cache; and the hosts."""
    found: list[Measured] = []
    hosts: dict[str, dict[str, Any]] = {}
    for job, cached in (("inventory", False), ("", True), ("inventory, cached", True)):
        runner.sim.reset_log()
        spent, hosts = runner.hosts(cached=cached)
        if job:
            found.append(_measured(job, clusters, snapshots, 1, runner.sim, [spent], spent.seconds))
    return found, hosts


def _timed(
    runner: Runner, job: str, slices: Sequence[dict[str, Any]], at_once: int, variables: dict[str, Any]
) -> tuple[list[Spent], float]:
    began = time.monotonic()
    spent = runner.playbook(job, slices, at_once, **variables)
    return spent, time.monotonic() - began


def _measured(
    job: str, clusters: int, snapshots: int, workers: int, sim: Simulator, spent: Sequence[Spent], seconds: float
) -> Measured:
    log = sim.log
    return Measured(
        job=job,
        clusters=clusters,
        snapshots=snapshots,
        workers=workers,
        requests=log.requests,
        changes=len(log.done_writes),
        refused=log.status(429),
        failed=sum(one.status != 0 for one in spent),
        seconds=seconds,
        slowest_seconds=max(one.seconds for one in spent),
        cpu_seconds=sum(one.cpu_seconds for one in spent),
        megabytes=max(one.megabytes for one in spent),
    )


# --- the table ---

COLUMNS: dict[str, Callable[[Measured], str]] = {
    "clusters": lambda one: str(one.clusters),
    "job": lambda one: one.job,
    "workers": lambda one: str(one.workers),
    "requests": lambda one: str(one.requests),
    "a cluster": lambda one: f"{one.requests_per_cluster:.2f}",
    "a snapshot": lambda one: f"{one.requests_per_snapshot:.3f}",
    "429s": lambda one: str(one.refused),
    "seconds": lambda one: f"{one.seconds:.1f}",
    "slowest": lambda one: f"{one.slowest_seconds:.1f}",
    "CPU s a cluster": lambda one: f"{one.cpu_seconds_per_cluster:.2f}",
    "MB": lambda one: f"{one.megabytes:.0f}",
    "failed": lambda one: str(one.failed),
}
_WIDTHS = {name: max(len(name), 17 if name == "job" else 0) for name in COLUMNS}


def head() -> str:
    """The names of the table's columns."""
    return "  ".join(name.ljust(_WIDTHS[name]) if name == "job" else name.rjust(_WIDTHS[name]) for name in COLUMNS)


def line(one: Measured) -> str:
    """One line of it."""
    texts = {name: text(one) for name, text in COLUMNS.items()}
    return "  ".join(
        text.ljust(_WIDTHS[name]) if name == "job" else text.rjust(_WIDTHS[name]) for name, text in texts.items()
    )


def problems(found: Sequence[Measured]) -> Iterator[str]:
    """What must not be: a job that failed, or one whose requests or CPU time for each cluster grow with the fleet."""
    for one in found:
        if one.failed:
            yield f"{one.job} over {one.clusters} clusters with {one.workers} workers: {one.failed} processes failed"
    for job in ("audit", "retention"):
        rows = sorted((one for one in found if one.job == job), key=lambda one: one.clusters)
        costs = {round(one.requests_per_cluster, 2) for one in rows}
        if len(costs) > 1:
            yield f"{job}: the requests for each cluster differ from fleet to fleet: {sorted(costs)}"
        times = [one.cpu_seconds_per_cluster for one in rows]
        # What a start costs is shared by more clusters in a larger fleet, so that growth shows as a last one above.
        if times and times[-1] > times[0] * GROWTH:
            yield f"{job}: CPU seconds for each cluster grow with the fleet: {times[0]:.2f} to {times[-1]:.2f}"
