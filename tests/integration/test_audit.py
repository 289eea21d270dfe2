# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit: 0 on a clean fleet, 2 with a marker on what gates ask for, and never a write."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.instants import DAY, HOUR
from simulator.server import Simulator
from simulator.world import World
from tools.playbooks import NAMESPACE, Playbooks, Run, Task, options, play, warned
from tools.tree import ROOT

HOSTS = ("clean", "drift", "gap", "blocked", "odd", "api")
# Of twelve snapshots a day apart these keep all.
TWELVE = {"retention_keep_last": 12, "retention_keep_within_daily": "9d"}
OWN: dict[str, dict[str, Any]] = {
    "drift": {"retention_keep_last": 11},
    "blocked": {"retention_keep_last": 11, "retention_max_delete": 0},
    "api": {"cluster_id": "f" * 24},
}
GATES = {
    "retention_fail_on_drift": "true",
    "retention_fail_on_gap": "yes",
    "retention_fail_on_blocked": "1",
    "retention_fail_on_finding": "stale, no_complete",
}


def fleet() -> World:
    """Five clusters, one of them sharded and odd, one with a day missing."""
    world = seeds.fleet(4, 12, platform="ops_manager")
    now = world.clock.epoch
    for cluster in world.clusters.values():
        # Up to yesterday, which would be a gap otherwise.
        world.add_snapshot(cluster, now - DAY, now + 3650 * DAY)
        world.remove(cluster, min(world.snapshots(cluster), key=lambda one: one.created).id)
    gap = list(world.clusters.values())[2]
    world.remove(gap, world.snapshots(gap)[4].id)
    odd = world.add_cluster(world.project_of(gap), "odd", shards=("one", "two"), backup="STOPPED")
    for number in range(1, 8):
        world.add_snapshot(odd, now - number * DAY, now + 3000 * DAY)
    for name, created, expires, more in (
        ("forever", 2 * DAY + HOUR, None, {}),
        ("guarded", 3 * DAY + HOUR, now + DAY, {}),
        ("unfinished", 4 * DAY + HOUR, now + DAY, {"complete": False}),
        ("inconsistent", 5 * DAY + HOUR, now + 9 * DAY, {"possibly_inconsistent": True}),
    ):
        world.marks[name] = world.add_snapshot(odd, now - created, expires, **more).id
    return world


def inventory(world: World, **more: Any) -> dict[str, dict[str, Any]]:
    """One cluster a host, and one host whose cluster is not there."""
    clusters = [*world.clusters.values(), world.main]
    own = {**OWN, "odd": {"retention_keep_within": "30d", "retention_protected_ids": world.marks["guarded"]}}
    return {
        name: {"project_id": cluster.project_id, "cluster_id": cluster.id, **TWELVE, **more, **own.get(name, {})}
        for name, cluster in zip(HOSTS, clusters, strict=True)
    }


def environment(sim: Simulator, folder: Path) -> dict[str, str]:
    owner = sim.world.keys["owner"]
    return {
        "MCLI_SERVICE": "ops-manager",
        "MCLI_OPS_MANAGER_URL": f"{sim.url}/",
        "MCLI_PUBLIC_API_KEY": owner.id,
        "MCLI_PRIVATE_API_KEY": owner.secret,
        "ANSIBLE_CALLBACKS_ENABLED": "record,ansible.builtin.junit",
        "JUNIT_OUTPUT_DIR": str(folder / "junit"),
    }


def failures(folder: Path) -> dict[str, str]:
    """What the stock JUnit callback calls a failure or (since ansible-core 2.19) an error, by host."""
    found = {}
    for path in (folder / "junit").glob("*.xml"):
        for case in ET.parse(path).getroot().iter("testcase"):
            for failure in (*case.iter("failure"), *case.iter("error")):
                host = re.match(r"\[(\S+)\]", case.attrib["name"])
                assert host is not None
                found[host.group(1)] = failure.attrib.get("message", "") + (failure.text or "")
        path.unlink()
    return found


def entries(run: Run) -> dict[str, dict[str, Any]]:
    """The artifact's entries, by host; no two under the same key."""
    told = [task for task in run.of("retention_decide") if "ansible_stats" in task.result]
    artifact = {key: value for task in told for key, value in task.result["ansible_stats"]["data"].items()}
    assert len(artifact) == len(told)
    assert all(re.fullmatch(r"retention_audit_[0-9a-f]{16}", key) for key in artifact)
    return {task.host: value for task in told for value in task.result["ansible_stats"]["data"].values()}


def agree(entry: dict[str, Any], task: Task) -> None:
    """The numbers of the artifact are those of the result and of the console."""
    result, counts, told = task.result, entry["counts"], task.result["summary"]
    assert {key: result[key] for key in entry} == entry
    assert set(result) - set(entry) - {"ansible_stats", "changed", "warnings", "invocation", "_ansible_no_log"} == {
        "failures",
        "summary",
        "failure",
        "message",
    }
    verdict = next(line for line in told if line.startswith("Nothing was written: "))
    for fate, words in (("kept", "to keep"), ("to_delete", "to delete"), ("to_extend", "to extend"), ("held", "held")):
        assert f" {counts[fate]} {words}" in verdict
    assert any(line.startswith(f"{entry['gaps'] or 'No'} gap") for line in told)
    assert told[-1] == f"Digest {entry['digest']}"
    assert (counts["to_delete"] == 0) == ("No space is freed" in " ".join(told))
    assert entry["check_mode"] is True


def test_audit_gates_and_never_writes(playbooks: Playbooks, simulator: Start, tmp_path: Path) -> None:
    world = fleet()
    sim, before = simulator(world), world.state()
    env = environment(sim, tmp_path)
    marks = world.marks

    # Without gates nothing but an error fails.
    calm = playbooks.run(f"{NAMESPACE}.audit", "--limit", "!api", inventory=inventory(world), environment=env)
    assert (calm.status, warned(calm)) == (0, [])
    assert failures(tmp_path) == {}
    found = entries(calm)
    assert set(found) == {"clean", "drift", "gap", "blocked", "odd"}
    for host, entry in found.items():
        agree(entry, calm.applied(host))
        assert calm.recap(host)["changed"] == 0
    codes = {host: sorted(one["code"] for one in entry["findings"]) for host, entry in found.items()}
    assert codes["clean"] == []
    assert codes["gap"] == ["gap"]
    assert codes["odd"] == ["expires_sooner", "incomplete", "inconsistent", "no_expiry", "protected_expires"]
    # Looking is not failing: that a guard would stop the plan is told, and no more.
    assert found["blocked"]["guard"]["blocked"] is True
    assert "BLOCKED, nothing was written: " in " ".join(calm.applied("blocked").result["summary"])
    said = " ".join(calm.applied("odd").result["summary"])
    assert all(marks[name] in said for name in ("forever", "guarded", "unfinished", "inconsistent"))
    assert len(re.findall(rf"{marks['guarded']} of \S+ is protected", said)) == 1

    gated = playbooks.run(f"{NAMESPACE}.audit", inventory=inventory(world, **GATES), environment=env)
    assert gated.status == 2
    told = failures(tmp_path)
    assert set(told) == {"drift", "gap", "blocked", "api"}
    messages = {task.host: task.message for task in gated.tasks if task.status == "failed"}
    assert set(messages) == set(told)
    assert messages["drift"].startswith("RETENTION DRIFT: the cluster is not as the policy would have it: 1 to delete")
    assert messages["gap"].startswith("RETENTION GAP: within_daily: 1 period that no sound snapshot covers: ")
    assert messages["blocked"].startswith("RETENTION BLOCKED: retention_max_delete: 1 snapshot")
    assert "RETENTION DRIFT: " in messages["blocked"]
    assert "RETENTION" not in messages["api"]
    assert "404" in messages["api"]
    for host, message in messages.items():
        assert ("RETENTION" in told[host]) == ("RETENTION" in message)
    for host in ("drift", "gap", "blocked"):
        agree(entries(gated)[host], gated.applied(host))

    assert (sim.log.writes, world.state()) == ([], before)


def test_a_gate_that_is_neither_on_nor_off_is_named_before_any_request(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    world = fleet()
    sim = simulator(world)
    hosts = inventory(world)
    hosts = {
        "drift": {**hosts["drift"], "retention_fail_on_drift": "maybe"},
        "gap": {**hosts["gap"], "retention_fail_on_gap": "2"},
        "blocked": {**hosts["blocked"], "retention_fail_on_blocked": ["x"]},
    }
    run = playbooks.run(f"{NAMESPACE}.audit", inventory=hosts, environment=environment(sim, tmp_path))
    assert run.status == 2
    assert sim.log.requests == 0
    for host in hosts:
        assert f"retention_fail_on_{host}: must be true or false" in next(
            task.message for task in run.tasks if task.status == "failed" and task.host == host
        )


@pytest.mark.parametrize("entry", ["audit", "main"])
def test_the_evidence_is_that_of_the_services_own_log(
    playbooks: Playbooks, simulator: Start, tmp_path: Path, entry: str
) -> None:
    world = seeds.fleet(1, 12, platform="ops_manager")
    sim = simulator(world)
    connection = options(sim)
    target = {key: connection.pop(key) for key in ("project_id", "cluster_id")}
    include = {
        "name": "include",
        "ansible.builtin.include_role": {"name": f"{NAMESPACE}.retention", "tasks_from": entry},
    }
    known = {"awx_job_id": 4711, "tower_user_name": "ann", "retention_stale_after": "off"}
    wanted = {"retention_keep_last": 8, "retention_report_dir": str(tmp_path / "reports")}
    if entry == "main":
        wanted["retention_batch_size"] = 3
    run = playbooks.run([play([include], connection)], inventory={"orders": {**target, **known, **wanted}})
    assert (run.status, warned(run)) == (0, [])
    (data,) = (tmp_path / "reports").glob("*.json")
    evidence = json.loads(data.read_text(encoding="utf-8"))["evidence"]
    methods = [item.method for item in sim.log]
    counted = {"gets": "GET", "patches": "PATCH", "deletes": "DELETE", "posts": "POST"}
    assert evidence["requests"] == {name: methods.count(method) for name, method in counted.items()}
    assert evidence["requests"]["deletes"] >= (4 if entry == "main" else 0)
    assert (evidence["platform"], evidence["base_url"]) == ("ops_manager", sim.url)
    assert (str(evidence["awx_job_id"]), evidence["awx_user_name"], evidence["check_mode"]) == (
        "4711",
        "ann",
        entry == "audit",
    )
    assert evidence["first_request_at"] <= evidence["last_request_at"]
    assert re.fullmatch(r"[0-9a-f]{64}", evidence["listing_sha256"])
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert evidence["collection_version"] == galaxy["version"]
