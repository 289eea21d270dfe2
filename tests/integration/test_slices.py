# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job cut into slices asks for the same as the whole, each thing once; and too many failures stop a fleet."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from simulator.world import World
from tools.environment import atlas_environment
from tools.playbooks import NAMESPACE, Playbooks, Run, options, play
from tools.slices import sliced

ROLE = f"{NAMESPACE}.retention"
# Of twelve snapshots a day apart this keeps the newest eight.
EIGHT: dict[str, Any] = {"retention_keep_last": "8", "retention_stale_after": "off"}


def hosts_of(world: World, **more: Any) -> dict[str, dict[str, Any]]:
    """One cluster a host, not in the order of their names; more is by host."""
    clusters = sorted(world.clusters.values(), key=lambda cluster: cluster.id)
    own = {name: {"project_id": one.project_id, "cluster_name": one.name} for one in clusters for name in [one.name]}
    return {name: {**target, **EIGHT, **more.get(name.replace("-", "_"), {})} for name, target in own.items()}


def asked(sim: Simulator) -> Counter[tuple[str, str, str]]:
    """What was asked of the service, without the ways to prove who asks."""
    return Counter((one.method, one.path, one.query) for one in sim.log if not one.challenge and not one.is_token)


def test_slices_are_every_nth_host_by_name() -> None:
    assert sliced(dict.fromkeys("cab"), 2) == [{"a": None, "c": None}, {"b": None}]
    # AWX starts no job for an empty one.
    assert sliced(dict.fromkeys("ab"), 7) == [{"a": None}, {"b": None}]


def test_slices_ask_for_what_the_whole_asks_for(playbooks: Playbooks, simulator: Start, tmp_path: Path) -> None:
    whole = seeds.fleet(7, 12)
    seen, states, reports = {}, [], []
    for count in (1, 3, 7):
        world = whole.copy()
        sim, folder = simulator(world), tmp_path / f"reports-{count}"
        # As a survey sends it that was left blank.
        blank = ["-e", json.dumps({"retention_max_fail_percentage": "", "retention_report_dir": str(folder)})]
        parts = sliced(hosts_of(world), count)
        assert sorted(name for part in parts for name in part) == sorted(hosts_of(world))
        for part in parts:
            run = playbooks.run(f"{NAMESPACE}.retention", *blank, inventory=part, environment=atlas_environment(sim))
            assert (run.status, run.warnings) == (0, []), run.output
            # A slice asks for its own clusters alone.
            assert {task.host for task in run.tasks} == set(part)
        seen[count] = asked(sim)
        states.append(world.state())
        reports.append(sorted(path.suffix for path in folder.iterdir()))
    assert seen[1] == seen[3] == seen[7]
    assert states[0] == states[1] == states[2]
    assert all(len(snapshots) == 8 for snapshots in states[0].values())
    # No write is made twice, and no report over another.
    writes = [number for (method, _path, _query), number in seen[7].items() if method != "GET"]
    assert writes == [1] * 7 * 4
    assert reports == [[".csv"] * 7 + [".html"] * 7 + [".json"] * 7] * 3


# --- the guard of the fleet ---

BLOCKED = {"fleet_001": {"retention_max_delete": 3}, "fleet_003": {"retention_max_delete": "3"}}
HEALTHY = ("fleet-000", "fleet-002", "fleet-004")


def retention(playbooks: Playbooks, sim: Simulator, name: str, limit: Any, **own: Any) -> Run:
    """A shipped playbook on five clusters, with the limit as an extra variable."""
    limited = json.dumps({"retention_max_fail_percentage": limit})
    hosts = hosts_of(sim.world, **own)
    return playbooks.run(f"{NAMESPACE}.{name}", "-e", limited, inventory=hosts, environment=atlas_environment(sim))


def failures(run: Run) -> dict[str, str]:
    """Why hosts failed, each of them once."""
    failed = [task for task in run.tasks if task.status == "failed"]
    assert len({task.host for task in failed}) == len(failed)
    return {task.host: run.failure(task) for task in failed}


def counts(run: Run, host: str) -> dict[str, int]:
    return dict(run.applied(host).result["counts"])


def test_too_many_blocked_clusters_stop_the_removals_of_all(playbooks: Playbooks, simulator: Start) -> None:
    sim = simulator(seeds.fleet(5, 12))
    before = sim.world.state()

    stopped = retention(playbooks, sim, "retention", 30, **BLOCKED)

    assert stopped.status == 2
    assert (sim.log.writes, sim.world.state()) == ([], before)
    failed = failures(stopped)
    assert set(failed) == {"fleet-001", "fleet-003", *HEALTHY}
    for host in ("fleet-001", "fleet-003"):
        assert failed[host].startswith("RETENTION BLOCKED: retention_max_delete: 4 snapshots would be removed")
        assert any(line.startswith("BLOCKED, nothing was written: ") for line in lines(stopped, host))
    for host in HEALTHY:
        assert failed[host].startswith("RETENTION STOPPED: 2 of 5 clusters are blocked, or could not be planned, more")
        assert (counts(stopped, host)["withheld"], counts(stopped, host)["kept"]) == (4, 8)
        assert stopped.recap(host)["changed"] == 0

    allowed = retention(playbooks, sim, "retention", "50%", **BLOCKED)

    assert allowed.status == 2
    assert set(failures(allowed)) == {"fleet-001", "fleet-003"}
    for cluster in sim.world.clusters.values():
        assert len(sim.world.snapshots(cluster)) == (8 if cluster.name in HEALTHY else 12)
    assert [counts(allowed, host)["deleted"] for host in HEALTHY] == [4, 4, 4]


def lines(run: Run, host: str) -> list[str]:
    """The summary."""
    return list(run.applied(host).result["summary"])


def test_too_many_refused_approvals_stop_all_before_the_first_write(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    """One has drifted, one was never planned for, and one cannot be listed."""
    sim = simulator(seeds.fleet(5, 12))
    folder = {"retention_plan_dir": str(tmp_path / "plans")}
    planned = retention(playbooks, sim, "plan", 0, **{f"fleet_00{number}": folder for number in range(5)})
    assert planned.status == 0, planned.output
    clusters = list(sim.world.clusters.values())
    sim.world.hold(clusters[1], sim.world.snapshots(clusters[1])[-1].id)
    Path(planned.applied("fleet-003").result["plan_file"]).write_text("{}")
    sim.faults.add("error", path=f"/clusters/{clusters[4].name}/snapshots$", code="NOT_IN_GROUP", times=None)
    # An approver hands on the folder and the digests.
    digests = [planned.applied(f"fleet-00{number}").result["digest"] for number in range(5)]
    own = {"retention_approved_plan": str(tmp_path / "plans"), "retention_approved_digest": " ".join(digests)}
    approved = {f"fleet_00{number}": own for number in range(5)}
    between = sim.world.state()

    stopped = retention(playbooks, sim, "apply", 50, **approved)

    assert stopped.status == 2
    assert (sim.log.writes, sim.world.state()) == ([], between)
    failed = failures(stopped)
    assert failed["fleet-001"].startswith("RETENTION DRIFT: ")
    assert failed["fleet-003"].startswith("retention_approved_plan: ")
    assert "has no plan for cluster fleet-003" in failed["fleet-003"]
    assert "NOT_IN_GROUP" in failed["fleet-004"]
    for host in ("fleet-000", "fleet-002"):
        assert failed[host].startswith("RETENTION STOPPED: 3 of 5 clusters ")

    allowed = retention(playbooks, sim, "apply", 60, **approved)

    assert set(failures(allowed)) == {"fleet-001", "fleet-003", "fleet-004"}
    assert [len(sim.world.snapshots(cluster)) for cluster in clusters] == [8, 12, 8, 12, 12]


def test_the_guard_of_a_play_of_ones_own(playbooks: Playbooks, simulator: Start) -> None:
    """For variables of hosts, which keywords of a play do not see, and batch by batch."""
    sim = simulator(seeds.fleet(6, 12))
    connection = options(sim)
    for key in ("project_id", "cluster_name"):
        del connection[key]
    limit = {"retention_max_fail_percentage": 33}
    # By name: in the first batch of three none is blocked, in the second one, and that is as many as a third.
    hosts = {
        name: {**about, **limit} for name, about in sorted(hosts_of(sim.world, fleet_004=BLOCKED["fleet_001"]).items())
    }
    plays = [play([], connection, roles=[{"role": ROLE}], serial=3)]

    run = playbooks.run(plays, inventory=hosts)

    assert run.status == 2
    failed = failures(run)
    assert set(failed) == {"fleet-003", "fleet-004", "fleet-005"}
    for host in ("fleet-003", "fleet-005"):
        assert failed[host].startswith(
            "RETENTION STOPPED: 1 of 3 clusters are blocked, or could not be planned, more than"
            " retention_max_fail_percentage 33 allows"
        )
    assert [len(sim.world.snapshots(one)) for one in sim.world.clusters.values()] == [8, 8, 8, 12, 12, 12]
    sim.reset_log()
    wrong = {name: {**about, "retention_max_fail_percentage": "a third"} for name, about in list(hosts.items())[-1:]}
    refused = playbooks.run(plays, inventory=wrong)
    assert (refused.status, sim.log.requests) == (2, 0)
    (message,) = failures(refused).values()
    assert "retention_max_fail_percentage: must be a number from 0 to 100" in message
