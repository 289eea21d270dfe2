# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guides' playbooks run, in check mode against the simulator, and the summary in them is really printed."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.nouns import Cluster
from simulator.server import Simulator
from tools.environment import atlas_environment
from tools.guides import GUIDES, Example, blocks, examples
from tools.playbooks import GROUP, Playbooks, Run, warned

PROJECT, CLUSTER, NAME = "5e2211c17a3e5a48f5497de3", "5e2211c17a3e5a48f5497de4", "Cluster0"
SNAPSHOTS = ("5a4279d4fcc178500596745a", "5a4279d4fcc178500596745b")
CLUSTERS = {"atlas": "catalogue", "cloud_manager": "orders", "ops_manager": "ledger"}
# Shown for what is wrong with it.
WRONG = "Delete snapshots that are older than 30 days"
NOON = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
PLAYBOOKS = [example for example in examples() if example.plays]


def guide(stem: str) -> Path:
    return next(one for one in GUIDES if one.stem == stem)


def host(cluster: Cluster) -> dict[str, Any]:
    return {"project_id": cluster.project_id, "cluster_name": cluster.name, "cluster_id": cluster.id}


def as_here(example: Example, sim: Simulator) -> list[dict[str, Any]]:
    """The plays of an example, about a cluster of the simulator on the platform that the text names."""
    platform = next((one for one in CLUSTERS if f"platform: {one}" in example.text), "atlas")
    cluster = sim.world.cluster(CLUSTERS[platform])
    used = {sim.world.marks[mark] for mark in ("restoring", "downloadable")}
    plain = [one["id"] for one in sim.world.documents(cluster) if one["complete"] and not one["doNotDelete"]]
    ids = [one for one in plain if one not in used][-2:]
    if "do_not_delete: false\n" in example.text and "expires_at" in example.text:
        # Another than the one that the other examples are about.
        ids.reverse()
        sim.world.hold(cluster, ids[0])
    replaced = {
        PROJECT: cluster.project_id,
        CLUSTER: cluster.id,
        NAME: cluster.name,
        **dict(zip(SNAPSHOTS, ids, strict=True)),
        "https://opsmanager.example.com:8443": sim.url,
        "      ca_path: /etc/pki/tls/certs/internal-ca.pem\n": "",
        "public_key: abcdefgh": f"public_key: {sim.world.keys['owner'].id}",
    }
    text = example.text
    for old, new in replaced.items():
        text = text.replace(old, str(new))
    plays: list[dict[str, Any]] = yaml.safe_load(text)
    return plays


def test_ansible_can_read_them(playbooks: Playbooks) -> None:
    """All in one go, the one included that is shown as it should not be."""
    plays = [play for example in PLAYBOOKS for play in example.plays]
    assert len(plays) >= 9
    run = playbooks.run(plays, "--syntax-check")
    assert (run.status, run.warnings) == (0, []), run.output


def test_they_run(playbooks: Playbooks, simulator: Start) -> None:
    """In check mode, one after the other in one run, and nothing is written."""
    sim = simulator(seeds.demo())
    owner = sim.world.keys["owner"]
    secrets = {"vault_ops_manager_private_key": owner.secret, "private_key": owner.secret, "public_key": owner.id}
    inventory = {"localhost": secrets, "Shop.orders": host(sim.world.cluster("orders"))}
    plays = [play for example in PLAYBOOKS if example.title != WRONG for play in as_here(example, sim)]
    for play in plays:
        if play["hosts"] == "all":
            play.update(hosts="Shop*", module_defaults={GROUP: {"platform": "cloud_manager"}})

    limits = ("-e", "retention_max_delete=-1 retention_max_delete_percent=100")
    run = playbooks.run(plays, "--check", *limits, inventory=inventory, environment=atlas_environment(sim))

    assert run.status == 0, run.output
    # Where legacy backups have ended there is no schedule.
    assert [line for line in warned(run) if "has no snapshot schedule" not in line] == []
    assert sim.log.writes == []
    assert run.named("Delete it").actions == ["deleted"]
    assert run.named("Hold it").actions == ["updated"]
    assert run.named("Let it go in a month").actions == ["updated"]
    assert run.named("Date them").actions == ["updated", "updated"]
    assert set(run.named("Delete them").actions) == {"deleted"}
    plans = sorted(path.name for path in (playbooks.folder / "plans").iterdir())
    assert plans[0].startswith("retention-orders-")
    assert plans[1:] == ["retention-plans.txt"]


def test_the_summary_is_as_really_printed(playbooks: Playbooks) -> None:
    """That of the first audit, whose policy stands above it."""
    policy = next(one for one in examples() if one.guide == "guide_first_hour" and "retention_keep_within" in one.text)
    with Simulator(seeds.demo(NOON)) as sim:
        orders = {**host(sim.world.cluster("orders")), **policy.content, "retention_now": NOON.isoformat()}
        run = audit(playbooks, sim, orders)
        assert run.status == 0, run.output
        assert "\n".join(run.named("Sum up").result["msg"]) + "\n" == blocks("text", guide("guide_first_hour"))[0]
        assert sim.log.writes == []


def audit(playbooks: Playbooks, sim: Simulator, orders: dict[str, Any]) -> Run:
    owner = sim.world.keys["owner"]
    variables = {
        "MCLI_SERVICE": "cloud-manager",
        "MCLI_PUBLIC_API_KEY": owner.id,
        "MCLI_PRIVATE_API_KEY": owner.secret,
        "MCLI_OPS_MANAGER_URL": sim.url,
    }
    return playbooks.run("mongodb_ops.legacy_backup.audit", inventory={"orders": orders}, environment=variables)
