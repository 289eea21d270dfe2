# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many snapshots in one call: what it costs, what it tells when half of it fails, and how long its results are."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from tools.playbooks import Playbooks, options, play, task, warned

LATER = "2040-01-01T00:00:00Z"
# AWX drops the result of an event whose text is longer (ansible-runner, MAX_EVENT_RES).
AWX_LIMIT = 700_000


def ids(sim: Simulator) -> list[str]:
    """All snapshots of the cluster, newest first."""
    return [str(row["id"]) for row in sim.world.documents(sim.world.main)]


def half_and_half(names: list[str]) -> list[dict[str, Any]]:
    """Every other one deleted, the rest dated."""
    dated = [{"snapshot_id": name, "expires_at": LATER} for name in names[::2]]
    return [*dated, *({"snapshot_id": name, "state": "absent"} for name in names[1::2])]


@pytest.mark.parametrize(
    ("platform", "who", "concurrency"),
    [("ops_manager", "owner", 4), ("atlas", "service_account", 8), ("atlas", "owner", 8)],
)
def test_200_changes_cost_215_requests_at_most(
    playbooks: Playbooks, simulator: Start, platform: Any, who: str, concurrency: int
) -> None:
    sim = simulator(seeds.many(300, platform=platform))
    call = {"concurrency": concurrency, "snapshots": half_and_half(ids(sim)[:200])}

    run = playbooks.run([play([task("do", "legacy_snapshot", call)], options(sim, who))])

    assert run.status == 0, run.output
    assert run.warnings == []
    assert Counter(run.named("do").actions) == {"updated": 100, "deleted": 100}
    assert len(sim.log.done_writes) == 200
    assert sim.log.requests <= 215
    assert sim.log.connections <= concurrency + 2
    # All changes come before the first deletion, and the deletions begin with the oldest.
    methods = [entry.method for entry in sim.log if entry.is_write]
    assert methods == ["PATCH"] * 100 + ["DELETE"] * 100


def test_half_of_it_failed_and_the_result_says_so(playbooks: Playbooks, simulator: Start) -> None:
    """Two cannot be deleted, one is gone, and the service limits, falters and loses answers on the way."""
    sim = simulator(seeds.many(60))
    names = ids(sim)[:40]
    held, odd, gone = names[1], names[3], names[5]
    sim.world.hold(sim.world.main, held)
    sim.faults.add("conflict", method="DELETE", path=odd, code="LINK_EXPIRATION_AFTER_SNAPSHOT_DELETION")
    sim.faults.before(lambda _call: sim.world.remove(sim.world.main, gone), method="DELETE", path=gone)
    sim.faults.add("rate_limited", method="PATCH", nth=3, times=2, retry_after=1)
    sim.faults.add("unavailable", method="DELETE", nth=4, retry_after=1)
    sim.faults.add("reset_after", method="DELETE", nth=9)
    sim.faults.add("bad_gateway", method="PATCH", nth=12)
    call = {"snapshots": half_and_half(names)}
    tasks = [
        task("do", "legacy_snapshot", call, ignore_errors=True),
        task("again", "legacy_snapshot", call, ignore_errors=True),
    ]

    run = playbooks.run([play(tasks, options(sim))], "--diff")

    do, again = run.named("do"), run.named("again")
    assert do.status == "failed"
    assert do.result["changed"] is True
    # The lost answer was a deletion of ours; the one that somebody else removed was not.
    assert Counter(do.actions) == {"updated": 20, "deleted": 17, "failed": 2, "absent": 1}
    assert len(do.result["diff"]) == 37
    by_id = {one["id"]: one for one in do.result["outcomes"]}
    assert by_id[gone]["action"] == "absent"
    assert by_id[held]["error"]["code"] == "HELD"
    assert by_id[odd]["error"]["code"] == "LINK_EXPIRATION_AFTER_SNAPSHOT_DELETION"
    assert "2 of 40 snapshots failed; 20 updated, 17 deleted, 0 not tried" in do.message
    (warning,) = do.result["warnings"]
    assert re.fullmatch(r"waited \d+ s in 5 retries; last: .+", warning)
    assert len(warned(run)) == 1
    # The second time the service has nothing against the odd one any more.
    assert Counter(again.actions) == {"unchanged": 20, "absent": 18, "failed": 1, "deleted": 1}
    assert again.result["changed"] is True
    assert set(names) - set(sim.world.state()[sim.world.main.id]) == set(names[1::2]) - {held}


def test_long_listings_stay_below_what_awx_shows(playbooks: Playbooks, simulator: Start) -> None:
    """1,000 snapshots without their parts, over two pages, in whatever order and with or without links and counts."""
    sim = simulator(seeds.many(1000, shards=12))
    turns: list[dict[str, Any]] = [
        {},
        {"order": "shuffled", "total_count_off": 7, "link_host": "other"},
        {"order": "oldest", "total_count_off": -7, "list_links": "absent"},
    ]
    following = iter(turns)
    names = [f"listing {number}" for number, _turn in enumerate(turns)]
    tasks = [task(name, "legacy_snapshot_info", {"gather": ["schedule", "restore_jobs"]}) for name in names]
    sim.faults.before(
        lambda _call: sim.switch(**next(following)),
        times=None,
        path="/snapshots$",
        when=lambda call: call.query.get("pageNum") == "1",
        authorised=True,
    )

    run = playbooks.run([play(tasks, options(sim))])

    assert run.status == 0, run.output
    assert run.warnings == []
    for name in names:
        result = run.named(name).result
        assert [row["id"] for row in result["snapshots"]] == ids(sim)
        assert result["total"] == 1000
        assert len(str(result)) < AWX_LIMIT


def test_a_long_listing_comes_over_two_connections(playbooks: Playbooks, simulator: Start) -> None:
    sim = simulator(seeds.many(2100), latency=0.05)
    run = playbooks.run([play([task("look", "legacy_snapshot_info", {"gather": [], "limit": 1})], options(sim))])
    assert run.named("look").result["total"] == 2100
    assert (sim.log.requests, sim.log.challenges, sim.log.connections) == (6, 1, 2)


def test_a_batch_of_the_role_stays_below_what_awx_shows(playbooks: Playbooks, simulator: Start) -> None:
    """100 snapshots of 13 parts, with the differences."""
    sim = simulator(seeds.many(100, shards=12))
    task_ = task("do", "legacy_snapshot", {"snapshots": half_and_half(ids(sim))})
    run = playbooks.run([play([task_], options(sim))], "--diff", "-v")
    assert run.status == 0, run.output
    assert len(run.named("do").result["diff"]) == 100
    assert len(str(run.named("do").result)) < AWX_LIMIT / 2
