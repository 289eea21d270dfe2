# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The measurements: the same work by each rival in turn, against one service, and what it took."""

from __future__ import annotations

import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_plan import FilterModule
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import from_api, to_result

from bench.rivals import PLAYBOOKS, Bench, empty_play
from simulator import seeds
from simulator.server import Simulator
from simulator.world import World
from tools.spending import Spent

# Cloud Manager's own numbers, so that every rule has something to do.
POLICY = {"keep_within": "2d", "keep_within_daily": "7d", "keep_within_weekly": "4w", "keep_within_monthly": "13mo"}
ROLE_WORKERS = 4  # the module's default, with which the role runs

Rival = Callable[[Bench], Spent]


@dataclass(frozen=True)
class Row:
    """What one rival took for one work: the median of its runs, and the extremes. Times in seconds."""

    work: str
    rival: str
    size: int
    latency_ms: int
    seconds: float
    least: float
    most: float
    runs: int
    requests: int
    connections: int
    megabytes: float

    def as_dict(self) -> dict[str, Any]:
        """For the file."""
        return {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(self).items()}


@contextmanager
def served(collections: Path, world: World, latency_ms: int) -> Iterator[Bench]:
    """A service with that world, and a folder."""
    with (
        Simulator(world, check=False, latency=latency_ms / 1000) as sim,
        tempfile.TemporaryDirectory() as folder,
    ):
        # What is measured is the clients, not how MongoDB holds them back.
        sim.switch(rate_limited="off")
        yield Bench(Path(folder), collections, sim)


def measured(
    work: str, size: int, latency_ms: int, times: int, rivals: Mapping[str, Rival], serve: Callable[[], Any]
) -> list[Row]:
    """Each rival so often, in turn, so that what the machine does besides meets all alike."""
    runs: dict[str, list[tuple[Spent, int, int]]] = {name: [] for name in rivals}
    for _round in range(times):
        for name, rival in rivals.items():
            with serve() as bench:
                bench.sim.reset_log()
                spent = rival(bench)
                assert spent.status == 0, (name, *(path.read_text() for path in bench.folder.glob("*.log")))
                assert bench.sim.violations == []
                runs[name].append((spent, bench.sim.log.requests, bench.sim.log.connections))
    return [_row(work, name, size, latency_ms, found) for name, found in runs.items()]


def _row(work: str, rival: str, size: int, latency_ms: int, runs: Sequence[tuple[Spent, int, int]]) -> Row:
    seconds = [spent.seconds for spent, _requests, _connections in runs]
    return Row(
        work=work,
        rival=rival,
        size=size,
        latency_ms=latency_ms,
        seconds=statistics.median(seconds),
        least=min(seconds),
        most=max(seconds),
        runs=len(runs),
        requests=max(requests for _spent, requests, _connections in runs),
        connections=max(connections for _spent, _requests, connections in runs),
        megabytes=max(spent.megabytes for spent, _requests, _connections in runs),
    )


# --- the works ---


def changes(collections: Path, size: int, latency_ms: int, times: int, by_hand: bool = True) -> list[Row]:
    """So many snapshots are given another expiry."""
    until = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)

    def expires() -> str:
        nonlocal until
        until += timedelta(days=1)
        return until.strftime("%Y-%m-%dT%H:%M:%SZ")

    def module(workers: int) -> Rival:
        def run(bench: Bench) -> Spent:
            wanted = expires()
            ids = [url.rpartition("/")[2] for url in bench.urls(size)]
            items = [{"snapshot_id": one, "expires_at": wanted} for one in ids]
            return bench.playbook("module", PLAYBOOKS / "change.yml", bench_items=items, bench_workers=workers)

        return run

    def by_uri(name: str) -> Rival:
        return lambda bench: bench.playbook(
            name, PLAYBOOKS / f"{name}.yml", bench_urls=bench.urls(size), bench_expires=expires()
        )

    def ideal(bench: Bench) -> Spent:
        wanted = expires()
        return bench.ideal("ideal", 8, [("PATCH", url, {"expires": wanted}) for url in bench.urls(size)])

    # Later than what they have: the newest one may not be given a shorter life.
    until += timedelta(days=4000)
    rivals: dict[str, Rival] = {f"module, {workers} at once": module(workers) for workers in (1, 4, 8)}
    rivals["ideal client, 8 at once"] = ideal
    rivals["empty play"] = lambda bench: bench.playbook("empty", empty_play(bench.folder, modules=1, actions=0))
    if size == 1:
        rivals["uri, GET and PATCH"] = by_uri("uri_pair")
    if by_hand and shutil.which("curl"):
        rivals["curl loop"] = lambda bench: bench.curl("curl", bench.urls(size), expires())
    if by_hand:
        rivals["uri loop"] = by_uri("uri_loop")
    world = seeds.many(max(size, 50))
    return measured("change", size, latency_ms, times, rivals, lambda: served(collections, world, latency_ms))


def listing(collections: Path, size: int, latency_ms: int, times: int) -> list[Row]:
    """All snapshots are listed; the module's result is short, and in full."""
    rivals: dict[str, Rival] = {
        "module, short result": lambda bench: bench.playbook("module", PLAYBOOKS / "list.yml", bench_limit=10),
        "module, full result": lambda bench: bench.playbook("module", PLAYBOOKS / "list.yml"),
        "ideal client": lambda bench: bench.ideal("ideal", 1, [], f"{bench.snapshots}?itemsPerPage=500"),
        "empty play": lambda bench: bench.playbook("empty", empty_play(bench.folder, modules=1, actions=0)),
    }
    world = seeds.many(size)
    return measured("list", size, latency_ms, times, rivals, lambda: served(collections, world, latency_ms))


def role(collections: Path, size: int, deletes: int, latency_ms: int, times: int) -> list[Row]:
    """The whole role: so many of the snapshots are deleted."""
    world = seeds.many(size)
    keep = size - deletes
    tasks = {"modules": 0, "actions": 0}

    def ours(bench: Bench) -> Spent:
        spent = bench.playbook("role", PLAYBOOKS / "role.yml", bench_keep=keep)
        assert len(bench.sim.log.done_writes) == deletes, (bench.folder / "role.log").read_text(encoding="utf-8")
        tasks.update(_tasks(bench.folder / "role.log"))
        return spent

    def ideal(bench: Bench) -> Spent:
        gone = bench.urls(size)[keep:]
        return bench.ideal(
            "ideal", ROLE_WORKERS, [("DELETE", url, None) for url in gone], f"{bench.snapshots}?itemsPerPage=500"
        )

    rivals: dict[str, Rival] = {
        "role": ours,
        f"ideal client, {ROLE_WORKERS} at once": ideal,
        "empty play": lambda bench: bench.playbook("empty", empty_play(bench.folder, **tasks)),
    }
    return measured("role", size, latency_ms, times, rivals, lambda: served(collections, world.copy(), latency_ms))


def nothing_to_do(collections: Path, size: int, latency_ms: int, times: int) -> list[Row]:
    """The role where the policy is met already."""
    world = seeds.many(size)
    rivals: dict[str, Rival] = {"role": lambda bench: bench.playbook("role", PLAYBOOKS / "role.yml", bench_keep=size)}
    return measured("nothing to do", size, latency_ms, times, rivals, lambda: served(collections, world, latency_ms))


def inventory(collections: Path, size: int, latency_ms: int, times: int) -> list[Row]:
    """The inventory of so many clusters in projects of 25."""
    per_project = min(25, size)
    world = seeds.company(size // per_project, per_project, 0, platform="ops_manager", sharded=0)
    rivals: dict[str, Rival] = {"inventory": lambda bench: bench.inventory("inventory")}
    return measured("inventory", size, latency_ms, times, rivals, lambda: served(collections, world, latency_ms))


def planning(size: int, times: int) -> Row:
    """The filter alone, in this process: the time of one plan."""
    now = datetime(2026, 11, 1, tzinfo=timezone.utc)
    world = seeds.many(size, now)
    documents = world.documents(world.main)
    schedule = {"point_in_time_window_hours": 24}
    listed = {
        "snapshots": [to_result(from_api(document)) for document in documents],
        "total": size,
        "truncated": False,
        "filtered": False,
        "completeness": "all",
        "project_id": world.main.project_id,
        "cluster_id": world.main.id,
        "cluster_name": world.main.name,
        "schedule": schedule,
        "restore_jobs": [],
    }
    plan = FilterModule().filters()["retention_plan"]
    seconds = []
    for _round in range(times):
        began = time.perf_counter()
        made = plan(listed, POLICY, now="2026-11-01T00:00:00Z", timezone="Europe/Berlin", stale_after="off")
        seconds.append(time.perf_counter() - began)
        assert made["summary"]["total"] == size
    return Row("plan", "filter", size, 0, statistics.median(seconds), min(seconds), max(seconds), times, 0, 0, 0.0)


def _tasks(log: Path) -> dict[str, int]:
    """How many modules a run of the role had, each a process, and how many tasks that begin none.

    Deciding lists, and applying changes batch by batch, tells a line of each, and lists again.
    """
    text = log.read_text(encoding="utf-8")
    names = re.findall(r"^TASK \[(?:.* : )?(.*)\] \*+$", text, re.MULTILINE)
    batches = len(re.findall(r"^\[localhost\] .* of \d+ changes done$", text, re.MULTILINE))
    return {"modules": 2 + batches, "actions": len(names) - 2}
