# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role `retention`: plan, guard, apply, verify; in check mode the same without a write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator import seeds
from simulator.server import Simulator
from simulator.world import World
from tools.playbooks import NAMESPACE, Playbooks, Run, options, play

ROLE = f"{NAMESPACE}.retention"
DOCUMENTED = {
    "retention_keep_within": "2d",
    "retention_keep_within_daily": "7d",
    "retention_keep_within_weekly": "4w",
    "retention_keep_within_monthly": "13mo",
}
# Of 400 snapshots an hour apart this keeps the newest sixty, and 340 go.
SIXTY: dict[str, Any] = {"retention_keep_last": 60, "retention_max_delete": 340, "retention_max_delete_percent": 85}


@pytest.fixture
def four_hundred() -> Iterator[Simulator]:
    """400 snapshots of one cluster, an hour apart, none of them odd."""
    with Simulator(seeds.many(400)) as sim:
        yield sim


def run_role(playbooks: Playbooks, sim: Simulator, variables: dict[str, Any], *arguments: str) -> Run:
    """The role on the simulator's main cluster; the cluster is a host, the connection the play's defaults."""
    return run_hosts(playbooks, sim, {"orders": variables}, *arguments)


def run_hosts(playbooks: Playbooks, sim: Simulator, hosts: dict[str, dict[str, Any]], *arguments: str) -> Run:
    """The same with several hosts, all of them the same cluster, each with variables of its own."""
    connection = options(sim)
    target = {key: connection.pop(key) for key in ("project_id", "cluster_id", "cluster_name") if key in connection}
    aged = {"retention_stale_after": "off"}
    inventory = {name: {**target, **aged, **variables} for name, variables in hosts.items()}
    return playbooks.run([play([], connection, roles=[{"role": ROLE}])], *arguments, inventory=inventory)


def lines(run: Run, host: str | None = None) -> list[str]:
    """The summary."""
    return list(run.named("Sum up", host).result["msg"])


def ids(world: World) -> set[str]:
    return {snapshot.id for snapshot in world.snapshots(world.main)}


def test_check_shows_what_the_real_run_does_and_the_second_changes_nothing(
    playbooks: Playbooks, four_hundred: Simulator
) -> None:
    sim, before = four_hundred, ids(four_hundred.world)
    newest = {one.id for one in sorted(sim.world.snapshots(sim.world.main), key=lambda one: -one.created)[:60]}
    check = run_role(playbooks, sim, SIXTY, "--check", "--diff")
    assert (check.status, check.warnings) == (0, [])
    assert sim.log.writes == []
    assert ids(sim.world) == before
    real = run_role(playbooks, sim, SIXTY, "--diff")
    assert (real.status, real.warnings) == (0, [])
    assert ids(sim.world) == newest
    # What was shown is what was done: outcome by outcome, batch by batch, difference by difference.
    shown = [
        (task.result["outcomes"], task.result["diff"], task.result["changed"]) for task in check.of("legacy_snapshot")
    ]
    done = [
        (task.result["outcomes"], task.result["diff"], task.result["changed"]) for task in real.of("legacy_snapshot")
    ]
    assert shown == done
    assert [len(outcomes) for outcomes, _diff, _changed in done] == [100, 100, 100, 40]
    # Oldest first, over all batches.
    deleted = [outcome["before"]["created_at"] for outcomes, _diff, _changed in done for outcome in outcomes]
    assert deleted == sorted(deleted)
    sim.reset_log()
    again = run_role(playbooks, sim, SIXTY)
    assert (again.status, again.recap("orders")["changed"], sim.log.writes) == (0, 0, [])
    # Nothing to do costs its reading: a challenge, listing, schedule, restore jobs.
    assert sim.log.requests == 4
    assert sim.violations == []


def test_the_summary_tells_the_same_as_the_plan(playbooks: Playbooks, four_hundred: Simulator) -> None:
    check, real = (run_role(playbooks, four_hundred, SIXTY, *mode) for mode in (["--check"], []))
    assert "Check mode, nothing was written: 400 snapshots, 60 kept, 340 to delete, 0 to extend, 0 held." in lines(
        check
    )
    assert "Done: 400 snapshots, 60 kept, 340 deleted, 0 extended, 0 held." in lines(real)
    assert any(line.startswith("Frees up to ") for line in lines(real))
    assert lines(real)[-1].startswith("Digest ")
    assert "No gaps." in lines(real)


GUARDS: dict[str, tuple[dict[str, Any], str]] = {
    "count": ({"retention_max_delete": 339}, "340 snapshots would be removed, 1 more than max_delete 339 allows"),
    "share": ({"retention_max_delete_percent": 84}, "max_delete_percent 84"),
}


def test_each_guard_stops_before_the_first_write(playbooks: Playbooks, four_hundred: Simulator) -> None:
    hosts = {name: {**SIXTY, **variables} for name, (variables, _named) in GUARDS.items()}
    # Not blocked, and its removals are withheld.
    hosts["stale"] = {**SIXTY, "retention_stale_after": "1d"}
    run = run_hosts(playbooks, four_hundred, hosts)
    assert run.status == 2
    assert four_hundred.log.writes == []
    assert any("340 removals are withheld" in line for line in lines(run, "stale"))
    for name, (_variables, named) in GUARDS.items():
        message = run.named("Stop where a guard says so", name).message
        assert message.startswith("RETENTION BLOCKED: ")
        assert named in message
        # The plan is shown all the same.
        assert any(line.startswith("BLOCKED, nothing was written: ") for line in lines(run, name))


def test_a_guard_lets_equality_pass(playbooks: Playbooks, four_hundred: Simulator) -> None:
    hosts: dict[str, dict[str, Any]] = {
        "equal": SIXTY,
        "off": {**SIXTY, "retention_max_delete": -1, "retention_max_delete_percent": 100},
        "survey": {name: str(value) for name, value in SIXTY.items()},
    }
    run = run_hosts(playbooks, four_hundred, hosts, "--check")
    assert run.status == 0
    for name in hosts:
        assert "340 to delete" in " ".join(lines(run, name))


def test_blank_answers_switch_no_safety_off(playbooks: Playbooks, four_hundred: Simulator) -> None:
    names = ("max_delete", "max_delete_percent", "min_keep", "min_age", "pit_window", "method", "anchor", "timezone")
    blank = {
        f"retention_{name}": ""
        for name in (*names, "no_expiry", "extend_kept", "protected_ids", "batch_size", "concurrency", "now")
    }
    run = run_role(playbooks, four_hundred, {"retention_keep_last": "1", **blank})
    assert run.status == 2
    assert "max_delete 50" in run.named("Stop where a guard says so").message
    assert four_hundred.log.writes == []


UNUSABLE: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({}, "policy"),
    "word": ({"retention_keep_last": "many"}, "keep_last"),
    "fraction": ({"retention_keep_daily": 1.5}, "keep_daily"),
    "minutes": ({"retention_keep_within": "3m"}, "keep_within"),
    "zone": ({"retention_keep_last": 1, "retention_timezone": "Mars/Olympus"}, "timezone"),
    "method": ({"retention_keep_last": 1, "retention_method": "burn"}, "method"),
    "ids": ({"retention_keep_last": 1, "retention_protected_ids": "xyz"}, "protected_ids"),
    "floor": ({"retention_keep_last": 1, "retention_min_keep": 0}, "min_keep"),
    "moment": ({"retention_keep_last": 1, "retention_now": "soon"}, "now"),
    "no batch": ({"retention_keep_last": 1, "retention_batch_size": 0}, "retention_batch_size"),
    "endless batch": ({"retention_keep_last": 1, "retention_batch_size": float("inf")}, "retention_batch_size"),
    "word batch": ({"retention_keep_last": 1, "retention_batch_size": "all"}, "retention_batch_size"),
    "no worker": ({"retention_keep_last": 1, "retention_concurrency": 0}, "retention_concurrency"),
    "many workers": ({"retention_keep_last": 1, "retention_concurrency": 17}, "retention_concurrency"),
    "word workers": ({"retention_keep_last": 1, "retention_concurrency": "all"}, "retention_concurrency"),
}


def test_a_variable_that_cannot_be_used_is_named_before_any_request(
    playbooks: Playbooks, four_hundred: Simulator
) -> None:
    hosts = {name: variables for name, (variables, _named) in UNUSABLE.items()}
    run = run_hosts(playbooks, four_hundred, hosts)
    assert run.status == 2
    assert "Traceback" not in run.output
    assert four_hundred.log.requests == 0
    for name, (_variables, named) in UNUSABLE.items():
        failed = [task for task in run.tasks if task.status == "failed" and task.host == name]
        assert len(failed) == 1
        assert named in failed[0].message


def test_the_documented_policy_on_a_real_history(playbooks: Playbooks) -> None:
    with Simulator(seeds.replica_set()) as sim:
        marks = sim.world.marks
        extra = {**DOCUMENTED, "retention_extend_kept": "true", "retention_timezone": "Europe/Berlin"}
        run = run_role(playbooks, sim, extra)
        assert (run.status, run.warnings) == (0, [])
        # Held, expired, never expiring, in use by a restore, still being taken: none of them is touched.
        for name in ("held", "never_expiring", "expired", "incomplete", "restoring", "downloadable"):
            assert marks[name] in ids(sim.world)
            assert not [entry for entry in sim.log.writes if entry.path.endswith(marks[name])]
        sim.reset_log()
        again = run_role(playbooks, sim, extra)
        assert (again.recap("orders")["changed"], sim.log.writes) == (0, [])


def test_method_expire_dates_and_deletes_nothing(playbooks: Playbooks, four_hundred: Simulator) -> None:
    sim, before = four_hundred, ids(four_hundred.world)
    wanted = {"retention_keep_within_daily": "5d", "retention_method": "expire", **SIXTY, "retention_keep_last": ""}
    run = run_role(playbooks, sim, {**wanted, "retention_max_delete": -1, "retention_max_delete_percent": 100})
    assert run.status == 0
    assert {entry.method for entry in sim.log.writes} == {"PATCH"}
    assert ids(sim.world) == before
    outcomes = [outcome for task in run.of("legacy_snapshot") for outcome in task.result["outcomes"]]
    assert outcomes
    assert {outcome["action"] for outcome in outcomes} == {"updated"}
    sim.reset_log()
    again = run_role(playbooks, sim, {**wanted, "retention_max_delete": -1, "retention_max_delete_percent": 100})
    assert (again.recap("orders")["changed"], sim.log.writes) == (0, [])


def test_one_that_was_held_meanwhile_is_left_alone_and_reported(playbooks: Playbooks, four_hundred: Simulator) -> None:
    sim = four_hundred
    doomed = min(sim.world.snapshots(sim.world.main), key=lambda one: one.created).id
    # After the plan's challenge, listing, schedule and restore jobs, when the first batch reads.
    sim.faults.before(lambda _call: sim.world.hold(sim.world.main, doomed), at=4)
    run = run_role(playbooks, sim, {**SIXTY, "retention_batch_size": 200})
    assert run.status == 2
    assert doomed in ids(sim.world)
    assert len(ids(sim.world)) == 61
    assert any(doomed in line and "held" in line for line in lines(run))
    assert "Done: 400 snapshots, 60 kept, 339 deleted of 340, 0 extended, 0 held." in lines(run)
    assert doomed in run.named("Fail where not everything went as planned").message


@pytest.mark.parametrize(("workers", "least", "most"), [("", 2, 4), (1, 1, 1), ("8", 5, 8)])
def test_so_many_requests_at_once_as_asked_for(
    playbooks: Playbooks, four_hundred: Simulator, workers: Any, least: int, most: int
) -> None:
    sim = four_hundred
    sim.latency = 0.05
    run = run_role(playbooks, sim, {"retention_keep_last": 376, "retention_concurrency": workers})
    assert run.status == 0
    assert len(sim.log.done_writes) == 24
    assert least <= len({entry.connection for entry in sim.log.writes}) <= most


def test_an_answer_that_meets_all_begins_no_further_batch(playbooks: Playbooks, four_hundred: Simulator) -> None:
    sim = four_hundred
    sim.faults.add("access_list", method="DELETE", times=None)
    run = run_role(playbooks, sim, {**SIXTY, "retention_batch_size": 100})
    assert run.status == 2
    assert len(ids(sim.world)) == 400
    # One batch, and of that at most as many requests as were under way at once.
    assert [task.status for task in run.of("legacy_snapshot")] == ["failed", "skipped", "skipped", "skipped"]
    assert len(sim.log.writes) <= 4
    assert "access list" in run.of("legacy_snapshot")[0].message


def test_a_delete_that_was_only_said_to_be_done_is_found_out(playbooks: Playbooks, four_hundred: Simulator) -> None:
    sim = four_hundred
    # Something between here and the service answers in its stead, as the service would.
    sim.faults.add("answer", method="DELETE", nth=7, status=204, body="")
    run = run_role(playbooks, sim, SIXTY)
    assert run.status == 2
    assert len(ids(sim.world)) == 61
    message = run.named("Fail where not everything went as planned").message
    survivor = min(sim.world.snapshots(sim.world.main), key=lambda one: one.created).id
    assert message == f"Snapshot {survivor} was reported deleted and is still there."
    assert f"Failed: {message}" in lines(run)


def test_the_playbook_of_the_collection(playbooks: Playbooks, four_hundred: Simulator) -> None:
    account, cluster = four_hundred.world.keys["owner"], four_hundred.world.main
    environment = {
        "MCLI_SERVICE": "ops-manager",
        "MCLI_OPS_MANAGER_URL": four_hundred.url + "/",
        "MCLI_PUBLIC_API_KEY": account.id,
        "MCLI_PRIVATE_API_KEY": account.secret,
    }
    host = {"project_id": cluster.project_id, "cluster_id": cluster.id, **SIXTY, "retention_stale_after": "off"}
    run = playbooks.run(f"{NAMESPACE}.retention", inventory={"orders": host}, environment=environment)
    assert (run.status, run.warnings) == (0, [])
    assert len(ids(four_hundred.world)) == 60


def test_a_cluster_by_both_keys_is_compared_once(playbooks: Playbooks, four_hundred: Simulator) -> None:
    """As an inventory has it: after the listing only the key that the platform goes by is passed on."""
    main = four_hundred.world.main
    run = run_role(playbooks, four_hundred, {**SIXTY, "cluster_name": main.name, "cluster_id": main.id})
    assert (run.status, len(ids(four_hundred.world))) == (0, 60)
    compared = [
        entry for entry in four_hundred.log if entry.path.endswith(f"/clusters/{main.id}") and entry.status == 200
    ]
    assert len(compared) == 1


def test_the_facts_of_an_earlier_run_are_forgotten(playbooks: Playbooks, four_hundred: Simulator) -> None:
    """Twice in one play: the second run, which cannot read, shows nothing of the first."""
    include = {"name": "first", "ansible.builtin.include_role": {"name": ROLE}}
    show = {"name": "show", "ansible.builtin.debug": {"msg": "{{ [retention_plan, retention_outcomes] }}"}}
    plays = [
        play([include], options(four_hundred)),
        play([{"name": "second", "block": [include], "rescue": [show]}], options(four_hundred, private_key="wrong")),
    ]
    variables = {**SIXTY, "retention_stale_after": "off"}
    run = playbooks.run(plays, "--check", inventory={"orders": variables})
    assert run.named("show").result["msg"] == [{}, []]
