# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the service leaves out, cannot tell now, or tells of its snapshots, and what the role then does not delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.instants import DAY, HOUR
from simulator.nouns import Snapshot
from tools.fleets import REMOVED, ROLE, Fleet, counts, fleet, include, lines, refusal, result, roles
from tools.playbooks import Playbooks, options, play

ABSENT = "d" * 24
DAILY: dict[str, Any] = {"retention_keep_last": "", "retention_keep_within_daily": "14d"}


def oldest(clusters: Fleet, host: str) -> Snapshot:
    """The first that the policy of the fleet would delete."""
    return min(clusters.sim.world.snapshots(clusters.cluster(host)), key=lambda one: one.created)


def ids(clusters: Fleet, host: str) -> set[str]:
    return {one.id for one in clusters.sim.world.snapshots(clusters.cluster(host))}


def codes(found: dict[str, Any]) -> set[str]:
    return {one["code"] for one in found["findings"]}


def test_a_page_that_comes_empty_hides_no_restore_and_no_snapshot(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {"jobs once": {}, "jobs always": {}, "snapshots always": {}})
    # Without links the total is what tells that rows are missing (contract 1.3).
    clusters.sim.world.switches = replace(clusters.sim.world.switches, list_links="absent")
    used = {host: oldest(clusters, host).id for host in clusters.hosts}
    for host in clusters.hosts:
        clusters.sim.world.add_restore(clusters.cluster(host), used[host])
        what = "snapshots" if host == "snapshots always" else "restoreJobs"
        times = 1 if host == "jobs once" else None
        path = f"/{clusters.cluster(host).name}/{what}$"
        clusters.sim.faults.add("empty_page", method="GET", path=path, times=times)
    run = clusters.run([roles()])
    # Listed again, the job is there, and its snapshot is held.
    assert clusters.deleted == {"jobs once": REMOVED - 1}
    assert all(used[host] in ids(clusters, host) for host in clusters.hosts)
    assert counts(run, "jobs once")["held"] == 1
    for host in ("jobs always", "snapshots always"):
        assert "empty" in refusal(run, host)


def test_a_running_restore_of_a_snapshot_that_is_not_listed_holds_what_it_may_use(
    playbooks: Playbooks, simulator: Start
) -> None:
    clusters = fleet(simulator, playbooks, {"dated": {}, "free": {}})
    first = oldest(clusters, "dated")
    clusters.sim.world.add_restore(clusters.cluster("dated"), Snapshot(ABSENT, first.created))
    run = clusters.run([roles()])
    assert clusters.deleted == {"dated": REMOVED - 1, "free": REMOVED}
    assert first.id in ids(clusters, "dated")
    assert codes(result(run, "dated")) >= {"restore_unlisted"}
    assert f"{ABSENT}" in lines(run, "dated")


def test_a_schedule_that_cannot_be_told_now_stops_removals_and_one_that_is_not_there_does_not(
    playbooks: Playbooks, simulator: Start
) -> None:
    off = {"retention_pit_window": "off"}
    clusters = fleet(simulator, playbooks, {"unavailable": {}, "absent": {}, "unavailable, off": off})
    for host, kind in {"unavailable": "conflict", "absent": "not_found", "unavailable, off": "conflict"}.items():
        code = "CANNOT_GET_BACKUP_CONFIG_INVALID_STATE" if kind == "conflict" else "BACKUP_JOB_NOT_FOUND"
        path = f"/{clusters.cluster(host).name}/snapshotSchedule$"
        clusters.sim.faults.add(kind, method="GET", path=path, times=None, code=code)
    run = clusters.run([roles()])
    assert clusters.deleted == {"absent": REMOVED, "unavailable, off": REMOVED}
    assert refusal(run, "unavailable").startswith("RETENTION BLOCKED: retention_pit_window: ")
    assert "schedule_unavailable" in codes(result(run, "unavailable"))
    assert "pit_assumed" in codes(result(run, "absent"))


def test_a_later_faulty_snapshot_does_not_push_out_a_sound_one(playbooks: Playbooks, simulator: Start) -> None:
    world = seeds.fleet(0, 0, platform="ops_manager")
    # The service tells it of sharded clusters alone.
    project, now = next(iter(world.projects.values())), world.clock.epoch
    cluster = world.add_cluster(project, "events", shards=("shard_0", "shard_1"))
    noon = now - now % DAY + 12 * HOUR
    sound = [world.add_snapshot(cluster, noon - number * DAY, now + 900 * DAY) for number in range(2, 14)]
    faulty = [
        world.add_snapshot(cluster, one.created + HOUR, one.expires, possibly_inconsistent=True) for one in sound[4:7]
    ]
    sim = simulator(world)
    run = playbooks.run(
        [play([], options(sim, cluster=cluster), roles=[{"role": ROLE}])],
        inventory={"a": {"cluster_id": cluster.id, "retention_stale_after": "off", **DAILY}},
    )
    assert run.status == 0
    # Nothing keeps the faulty ones, and they are removed like any other.
    assert {one.id for one in world.snapshots(cluster)} == {one.id for one in sound}
    assert counts(run, "a") == {"kept": len(sound), "deleted": len(faulty)}


def test_while_backups_have_stopped_what_is_left_lives_longer_and_nothing_is_removed(
    playbooks: Playbooks, simulator: Start
) -> None:
    """Six dailies that live a week, the newest five days old: the last ones would run out within two days."""
    given = {
        **DAILY,
        "retention_keep_within_daily": "7d",
        "retention_extend_kept": "true",
        "retention_stale_after": "",
        "retention_min_keep": "1",
    }
    clusters = fleet(simulator, playbooks, {"calm": given, "with a removal": given})
    world, now = clusters.sim.world, clusters.sim.world.clock.epoch
    noon = now - now % DAY + (12 * HOUR if now % DAY > 13 * HOUR else -12 * HOUR)
    left: dict[str, list[str]] = {}
    for host in clusters.hosts:
        cluster = clusters.cluster(host)
        world.remove(cluster, [one.id for one in world.snapshots(cluster)])
        born = [noon - number * DAY for number in range(5, 11)]
        made = [world.add_snapshot(cluster, one, one + 7 * DAY - HOUR) for one in born]
        left[host] = [one.id for one in made if one.expires is not None and one.expires > now]
    # An earlier one of the same day stands for nothing, and would be removed if backups ran.
    other = clusters.cluster("with a removal")
    spare = world.add_snapshot(other, noon - 5 * DAY - 2 * HOUR, now + 6 * HOUR)
    run = clusters.run([roles()])
    assert clusters.deleted == {}
    for host in clusters.hosts:
        found = {one.id: one for one in world.snapshots(clusters.cluster(host))}
        assert left[host]
        assert all((found[name].expires or 0) >= now + 14 * DAY for name in left[host] if name != spare.id)
        assert counts(run, host)["extended"] == len(left[host])
        assert "stale" in codes(result(run, host))
    assert counts(run, "with a removal")["withheld"] == 1
    assert refusal(run, "with a removal").startswith("RETENTION STALE: retention_stale_after: ")
    assert refusal(run, "calm") == ""


def test_an_audit_says_of_no_cluster_without_backups_that_it_has_no_gaps(
    playbooks: Playbooks, simulator: Start
) -> None:
    gates = {**DAILY, "retention_stale_after": "", "retention_fail_on_gap": "true", "retention_fail_on_drift": "true"}
    clusters = fleet(
        simulator, playbooks, dict.fromkeys(["empty", "incomplete", "expired", "dead for a month", "alive"], gates)
    )
    world, now = clusters.sim.world, clusters.sim.world.clock.epoch
    for host in clusters.hosts:
        cluster = clusters.cluster(host)
        found = world.snapshots(cluster)
        if host in ("empty", "dead for a month"):
            world.remove(cluster, [one.id for one in found])
        for number, one in enumerate(found):
            if host == "incomplete":
                world.change(cluster, one.id, complete=False)
            elif host == "expired":
                world.change(cluster, one.id, expires=now - HOUR, dated=now)
            elif host == "dead for a month":
                world.add_snapshot(cluster, now - (30 + number) * DAY, now + 900 * DAY)
        if host == "alive":
            world.add_snapshot(cluster, now - DAY, now + 900 * DAY)
    run = clusters.run([{"tasks": [include("audit")]}])
    assert {host for host in clusters.hosts if refusal(run, host)} == set(clusters.hosts) - {"alive"}
    for host in set(clusters.hosts) - {"alive"}:
        assert "RETENTION GAP: " in refusal(run, host)
        assert "No gaps." not in lines(run, host)
    assert "No gaps." in lines(run, "alive")
