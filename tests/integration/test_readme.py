# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What README.md shows is true: its playbooks run, its summary is what is printed, its commands exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from simulator import seeds
from simulator.nouns import Cluster
from simulator.server import Simulator
from tools.environment import atlas_environment
from tools.playbooks import Playbooks, Run
from tools.tree import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT, CLUSTER = "5e2211c17a3e5a48f5497de3", "5e2211c17a3e5a48f5497de4"
SNAPSHOTS = ("5a4279d4fcc178500596745a", "5a4279d4fcc178500596745b")
NOON = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)


def blocks(language: str) -> list[str]:
    """The code blocks of one language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def example(number: int, cluster: Cluster, snapshots: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """The plays of a block, about a cluster of the simulator instead of the ids in the text."""
    text = blocks("yaml")[number].replace(PROJECT, cluster.project_id).replace(CLUSTER, cluster.id)
    text = text.replace("        base_url: https://opsmanager.example.com:8443\n", "")
    for shown, own in zip(SNAPSHOTS, snapshots, strict=False):
        text = text.replace(shown, own)
    plays: list[dict[str, Any]] = yaml.safe_load(text)
    return plays


def variables(sim: Simulator) -> dict[str, str]:
    """The key and the address, as the text says where they come from."""
    owner = sim.world.keys["owner"]
    return {
        "OM_PUBLIC_KEY": owner.id,
        "OM_PRIVATE_KEY": owner.secret,
        "MCLI_PUBLIC_API_KEY": owner.id,
        "MCLI_PRIVATE_API_KEY": owner.secret,
        "MCLI_OPS_MANAGER_URL": sim.url,
    }


def test_list_on_ops_manager(playbooks: Playbooks) -> None:
    with Simulator(seeds.ops_manager()) as sim:
        run = playbooks.run(example(0, sim.world.cluster("invoices")), environment=variables(sim))
        assert (run.status, run.warnings) == (0, [])
        shown = run.named("Show the newest").message
        assert re.fullmatch(r"\d+ snapshots, the newest of 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", shown)


def test_hold_on_cloud_manager(playbooks: Playbooks) -> None:
    with Simulator(seeds.ladder(platform="cloud_manager")) as sim:
        mark = sim.world.marks["plain_0"]
        run = playbooks.run(example(1, sim.world.main, (mark,)), environment=variables(sim))
        assert (run.status, run.warnings) == (0, [])
        assert run.named("Hold it").actions == ["updated"]
        assert sim.world.find(sim.world.main, mark).do_not_delete is True


def test_date_and_delete_on_atlas(playbooks: Playbooks) -> None:
    with Simulator(seeds.leftovers()) as sim:
        ids = tuple(one.id for one in sim.world.snapshots(sim.world.main) if not one.do_not_delete)[:2]
        environment = {
            **atlas_environment(sim),
        }
        run = playbooks.run(example(2, sim.world.main, ids), environment=environment)
        assert (run.status, run.warnings) == (0, [])
        assert run.named("Change what differs").actions == ["updated", "deleted"]


def retention_example(playbooks: Playbooks) -> Run:
    """The policy on the cluster of the demo, as it stands at noon on one certain day."""
    with Simulator(seeds.demo(NOON)) as sim:
        orders = sim.world.cluster("orders")
        host = {"project_id": orders.project_id, "cluster_id": orders.id, "retention_now": NOON.isoformat()}
        plays = example(3, orders)
        return playbooks.run(plays, "--check", inventory={"orders": host}, environment=variables(sim))


def test_the_summary_is_as_really_printed(playbooks: Playbooks) -> None:
    run = retention_example(playbooks)
    assert (run.status, run.warnings) == (0, [])
    assert "\n".join(run.named("Sum up").result["msg"]) + "\n" == blocks("text")[0]


def test_the_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"\bmake ([a-z]+)", README)
    assert {"demo", "test", "simulator"} <= set(commands)
    for target in commands:
        assert re.search(rf"^{target}: ", makefile, flags=re.MULTILINE), target


def test_the_demo_runs(tmp_path: Path) -> None:
    """`make demo`, but for setting up its environment."""
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--brief"],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The audit sent 0 writes" in done.stdout
    assert "the run after it 0." in done.stdout
    last = done.stdout.splitlines()[-1]
    assert Path(last.rpartition(": ")[2]).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_inventory_has_the_clusters(playbooks: Playbooks, tmp_path: Path) -> None:
    (text,) = [block for block in blocks("yaml") if block.startswith("plugin: ")]
    source = tmp_path / "clusters.yml"
    source.write_text(text, encoding="utf-8")
    with Simulator(seeds.demo()) as sim:
        run = playbooks.ansible("ansible-inventory", "-i", str(source), "--graph", environment=variables(sim))
        assert (run.status, run.warnings) == (0, [])
        assert "Shop.orders" in run.stdout
        assert "@project_Shop" in run.stdout


def test_the_settings_for_awx_are_settings() -> None:
    """Each name in the text is one that the playbook knows."""
    (text,) = re.findall(r"^   ```yaml\n(.*?)^   ```$", README, flags=re.MULTILINE | re.DOTALL)
    known = yaml.safe_load((ROOT / "playbooks/vars/awx_settings.yml").read_text(encoding="utf-8"))
    assert set(yaml.safe_load(text)) <= set(known)
