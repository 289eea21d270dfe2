# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service account in a run of many tasks and clusters: one token, which nobody gets to see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from simulator.tokens import MOST_LIVE
from tools.environment import atlas_environment
from tools.playbooks import NAMESPACE, Playbooks, options, play

INFO = f"{NAMESPACE}.legacy_snapshot_info"


def environment(sim: Simulator) -> dict[str, str]:
    """Variables with the account in place of the API key."""
    account = sim.world.keys["service_account"]
    others = {name: value for name, value in atlas_environment(sim).items() if "API_KEY" not in name}
    return {**others, "MONGODB_ATLAS_CLIENT_ID": account.id, "MONGODB_ATLAS_CLIENT_SECRET": account.secret}


def tokens(sim: Simulator) -> int:
    """How often one was asked for."""
    return sum(1 for entry in sim.log if entry.path.endswith("/oauth/token"))


def test_a_fleet_takes_one_token_and_shows_it_nowhere(playbooks: Playbooks, simulator: Start) -> None:
    sim = simulator(seeds.fleet(6, 30))
    hosts: dict[str, dict[str, Any]] = {
        cluster.name: {
            "project_id": cluster.project_id,
            "cluster_name": cluster.name,
            "retention_keep_last": "20",
            "retention_stale_after": "off",
        }
        for cluster in sim.world.clusters.values()
    }
    run = playbooks.run(
        f"{NAMESPACE}.retention", "-vvvv", "--forks", "3", inventory=hosts, environment=environment(sim)
    )
    assert run.status == 0
    # Each lists, deletes, and lists again.
    assert len(sim.log.writes) == 60
    assert tokens(sim) == 1
    (token,) = sim.api.auth.tokens.given
    assert token not in run.output
    assert not any(path.suffix == ".token" for path in Path(playbooks.folder).rglob("*"))


def test_an_account_with_too_many_tokens_is_told_as_such(playbooks: Playbooks, simulator: Start) -> None:
    sim = simulator(seeds.fleet(1, 5))
    for _number in range(MOST_LIVE):
        sim.api.auth.tokens.mint(sim.world.keys["service_account"].id, 3600)
    run = playbooks.run([play([{"name": "list", INFO: {}}], options(sim, "service_account"))])
    message = run.named("list").message
    assert "100" in message
    assert "token" in message
    assert "not about a role" in message


def test_modules_in_a_play_share_it_and_one_that_becomes_somebody_else_works_too(
    playbooks: Playbooks, simulator: Start
) -> None:
    sim = simulator(seeds.fleet(1, 5))
    given = options(sim, "service_account")
    tasks: list[dict[str, Any]] = [
        {"name": "first", INFO: {}},
        {"name": "second", INFO: {}},
        {"name": "folder of nobody", INFO: {"run_folder": "/nowhere/at/all"}},
    ]
    run = playbooks.run([play(tasks, given)], "-vvv")
    assert (run.status, run.warnings) == (0, [])
    # An action always gives the run's own folder.
    assert tokens(sim) == 1
    assert "run_folder" in run.output
    assert "/nowhere/at/all" not in run.output.replace("folder of nobody", "")
