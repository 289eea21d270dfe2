# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many clusters are planned into one folder, its index is read, and what was approved of it is applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator import seeds
from simulator.fixtures_pytest import Start
from tools.environment import atlas_environment
from tools.playbooks import NAMESPACE, Playbooks, Run, warned

HOSTS = ("carts", "orders", "stock")
EIGHT = {"retention_keep_last": 8, "retention_stale_after": "off"}


def inventory(world: Any) -> dict[str, dict[str, Any]]:
    return {
        name: {"project_id": cluster.project_id, "cluster_name": cluster.name, **EIGHT}
        for name, cluster in zip(HOSTS, world.clusters.values(), strict=True)
    }


def failures(run: Run) -> dict[str, str]:
    return {task.host: task.message for task in run.tasks if task.status == "failed"}


def test_an_approver_hands_on_the_folder_and_the_digests(playbooks: Playbooks, simulator: Start) -> None:
    """Paths are relative to where ansible-playbook was started, with `~` and with variables of the environment."""
    sim = simulator(seeds.fleet(len(HOSTS), 12))
    hosts, env = inventory(sim.world), atlas_environment(sim)
    env["PLANS"] = "plans"

    one = playbooks.run(f"{NAMESPACE}.plan", "-e", "retention_plan_file=plan.json", inventory=hosts, environment=env)
    assert set(failures(one)) == set(HOSTS)
    assert all("retention_plan_file is one file for 3 hosts" in message for message in failures(one).values())
    assert not (playbooks.folder / "plan.json").exists()

    planned = playbooks.run(f"{NAMESPACE}.plan", "-e", "retention_plan_dir=$PLANS", inventory=hosts, environment=env)
    assert (planned.status, warned(planned)) == (0, [])
    folder = playbooks.folder / "plans"
    index = (folder / "retention-plans.txt").read_text(encoding="utf-8")
    digests = {host: planned.applied(host).result["digest"] for host in HOSTS}
    lines = {host: line for host in HOSTS for line in index.splitlines() if line.endswith(f"  {digests[host]}")}
    assert all(" 4 " in lines[host] for host in HOSTS)
    given = index.splitlines()[-1].removeprefix("retention_approved_digest=").split(",")
    assert sorted(given) == sorted(digests.values())
    # Beside it one file for each.
    assert len(list(folder.iterdir())) == len(HOSTS) + 1

    given.remove(digests["stock"])
    approved = ["-e", "retention_approved_plan=plans", "-e", f"retention_approved_digest={','.join(given)}"]
    applied = playbooks.run(f"{NAMESPACE}.apply", *approved, inventory=hosts, environment=env)
    assert set(failures(applied)) == {"stock"}
    assert digests["stock"] in failures(applied)["stock"]
    done = {host: applied.applied(host).result["counts"].get("deleted") for host in HOSTS}
    assert done == {"carts": 4, "orders": 4, "stock": None}

    home = Path(playbooks.folder, "home")
    reported = playbooks.run(
        f"{NAMESPACE}.audit",
        "-e",
        "retention_report_dir=~/reports",
        "--limit",
        "orders",
        inventory=hosts,
        environment=env,
    )
    assert (reported.status, warned(reported)) == (0, [])
    assert {path.suffix for path in (home / "reports").iterdir()} == {".html", ".json", ".csv"}
    collection = playbooks.collections / "ansible_collections" / "mongodb_ops" / "legacy_backup"
    assert [path.name for path in collection.rglob("retention-*") if path.is_file()] == []
