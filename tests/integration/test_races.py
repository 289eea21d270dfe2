# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others do while the role runs: between the plan and the write, between two pages, and at the same time."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.instants import DAY, HOUR
from simulator.nouns import Cluster
from simulator.server import Simulator
from simulator.world import World
from tools.playbooks import NAMESPACE, Playbooks, Run, options, play

ROLE = f"{NAMESPACE}.retention"
# Of twelve snapshots a day apart this keeps the newest eight.
EIGHT: dict[str, Any] = {"retention_keep_last": 8, "retention_stale_after": "off"}

Meddling = Callable[[World, Cluster, list[str]], object]


def later(world: World) -> int:
    return world.clock.epoch + 9000 * DAY


# By the host's name: what somebody does between the plan's listing and the batch's reading (the snapshots newest
# first), which of the four that were to go are left, and the words that the host's failure has.
HAPPENINGS: dict[str, tuple[Meddling, set[int], str]] = {
    "nothing": (lambda world, cluster, names: None, set(), ""),
    "held": (lambda world, cluster, names: world.hold(cluster, names[9]), {9}, "is held (do_not_delete)"),
    "dated later": (
        lambda world, cluster, names: world.change(cluster, names[10], expires=later(world)),
        {10},
        "somebody gave it a longer life",
    ),
    "never to expire": (
        lambda world, cluster, names: world.change(cluster, names[11], expires=None),
        {11},
        "never expires",
    ),
    "dated sooner": (
        lambda world, cluster, names: world.change(cluster, names[11], expires=world.clock.epoch + DAY),
        set(),
        "",
    ),
    "deleted": (lambda world, cluster, names: world.remove(cluster, names[8]), set(), ""),
    "a kept one deleted": (lambda world, cluster, names: world.remove(cluster, names[0]), set(), ""),
    "a new one": (
        lambda world, cluster, names: world.add_snapshot(cluster, world.clock.epoch - HOUR, later(world)),
        set(),
        "",
    ),
    "restored": (lambda world, cluster, names: world.add_restore(cluster, names[8]), {8}, "is used by restore job"),
    "restored to a point in time": (
        lambda world, cluster, names: world.add_restore(cluster, None, at=cluster.snapshots[names[9]].created + HOUR),
        {9},
        "is used by restore job",
    ),
    "all kept ones deleted": (
        lambda world, cluster, names: world.remove(cluster, names[:8]),
        {8},
        "is the newest complete one of the cluster",
    ),
    "all kept ones expired": (
        lambda world, cluster, names: [world.change(cluster, one, expires=world.clock.epoch - 1) for one in names[:8]],
        {8},
        "is the newest complete one of the cluster",
    ),
}


def run_role(playbooks: Playbooks, sim: Simulator, hosts: dict[str, Cluster], *arguments: str) -> Run:
    """The role, each cluster a host."""
    connection = options(sim)
    for key in ("project_id", "cluster_id", "cluster_name"):
        connection.pop(key, None)
    inventory = {
        name: {"project_id": cluster.project_id, "cluster_id": cluster.id, **EIGHT} for name, cluster in hosts.items()
    }
    plays = [play([], connection, roles=[{"role": ROLE}])]
    return playbooks.run(plays, "--forks", "4", *arguments, inventory=inventory)


def fleet(simulator: Start, count: int) -> tuple[Simulator, list[Cluster]]:
    sim = simulator(seeds.fleet(count, 12, platform="ops_manager"))
    return sim, list(sim.world.clusters.values())


def names_of(world: World, cluster: Cluster) -> list[str]:
    """Its snapshots, newest first."""
    return [one.id for one in world.snapshots(cluster)]


def meddle(sim: Simulator, cluster: Cluster, doing: Meddling, names: list[str]) -> None:
    """Have it done when the batch comes to read: the second time that the cluster's snapshots are listed."""
    sim.faults.before(
        lambda _call: doing(sim.world, cluster, names),
        path=f"/clusters/{cluster.id}/snapshots$",
        nth=2,
        authorised=True,
    )


def test_what_happened_since_the_plan_is_respected_and_told(playbooks: Playbooks, simulator: Start) -> None:
    sim, clusters = fleet(simulator, len(HAPPENINGS))
    hosts = dict(zip(HAPPENINGS, clusters, strict=True))
    before = {host: names_of(sim.world, cluster) for host, cluster in hosts.items()}
    for host, (doing, _left, _words) in HAPPENINGS.items():
        meddle(sim, hosts[host], doing, before[host])

    run = run_role(playbooks, sim, hosts)

    for host, (_doing, left, words) in HAPPENINGS.items():
        present = set(names_of(sim.world, hosts[host]))
        assert {number for number, name in enumerate(before[host]) if number > 7 and name in present} == left, host
        failed = [run.failure(task) for task in run.tasks if task.host == host and task.status == "failed"]
        summary = " ".join(run.named("Sum up", host).result["msg"])
        if not words:
            assert failed == [], host
            continue
        # The end of the run says which it was and why.
        (number,) = left
        assert words in failed[-1], host
        assert before[host][number] in failed[-1], host
        assert f"Failed: Snapshot {before[host][number]}" in summary, host
        # No request that takes anything away was made for it.
        assert not [entry for entry in sim.log.writes if entry.path.endswith(before[host][number])], host
    assert run.status == 2
    assert "Traceback" not in run.output


def test_jobs_that_cannot_be_read_at_the_write_keep_everything(playbooks: Playbooks, simulator: Start) -> None:
    sim, (cluster,) = fleet(simulator, 1)
    before = names_of(sim.world, cluster)
    sim.faults.add("login_page", path="/restoreJobs$", nth=2, times=None)
    run = run_role(playbooks, sim, {"orders": cluster})
    assert run.status == 2
    assert names_of(sim.world, cluster) == before
    assert sim.log.writes == []
    result, message = run.applied().result, run.failure(run.named("Fail where not everything went as planned"))
    # One reason for all of them is said once.
    assert message.count("Which snapshots a restore uses cannot be told, so nothing is deleted or shortened") == 1
    assert all(name in message for name in before[:-4:-1])
    assert {one["id"] for one in result["failures"]} == set(before[8:])
    assert {one["error"]["detail"] for one in result["failures"]} == {result["failures"][0]["error"]["detail"]}
    assert result["counts"]["failed"] == 4


def test_two_runs_of_one_policy_at_once(simulator: Start, collections: Path, tmp_path: Path) -> None:
    """Each does what the other has not done yet; together they do what one would have done."""
    sim, clusters = fleet(simulator, 2)
    sim.latency = 0.02
    wanted = {cluster.id: names_of(sim.world, cluster)[:8] for cluster in clusters}
    hosts = {cluster.name: cluster for cluster in clusters}
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    with ThreadPoolExecutor() as pool:
        runs = list(
            pool.map(lambda name: run_role(Playbooks(tmp_path / name, collections), sim, hosts), ("one", "other"))
        )
    assert [(run.status, run.warnings) for run in runs] == [(0, []), (0, [])]
    assert {cluster.id: names_of(sim.world, cluster) for cluster in clusters} == wanted
    # Each deletion is told as done by one of the two, and by the one that did it.
    for name in hosts:
        told = [run.applied(name).result["counts"] for run in runs]
        deleted, gone = (sum(one[fate] for one in told) for fate in ("deleted", "already_gone"))
        # One that listed after the other had ended had less to do.
        assert (deleted, gone <= 4) == (4, True)


@pytest.mark.parametrize("arrives", [True, False], ids=["one arrives", "one goes"])
def test_what_moves_between_two_pages_is_seen(playbooks: Playbooks, simulator: Start, arrives: bool) -> None:
    """A row that comes or goes moves the others over the page's end: nothing is planned on half a listing."""
    sim = simulator(seeds.many(620))
    world, cluster = sim.world, sim.world.main
    newest = names_of(world, cluster)[0]

    def move(_call: object) -> None:
        if arrives:
            world.add_snapshot(cluster, world.clock.epoch - HOUR, later(world))
        else:
            world.remove(cluster, newest)

    sim.faults.after(move, path="/snapshots$", when=lambda call: call.query["pageNum"] == "1", authorised=True)
    path = playbooks.folder / "plan.json"
    run = run_role(playbooks, sim, {"load": replace(cluster)}, "--check", "-e", f"retention_plan_file={path}")
    assert run.applied("load").result["plan_file"] == str(path)
    plan = json.loads(path.read_text(encoding="utf-8"))
    assert [one["id"] for one in plan["snapshots"]] == names_of(world, cluster)
    assert len(plan["snapshots"]) == (621 if arrives else 619)
