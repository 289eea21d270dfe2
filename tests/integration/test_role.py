# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role `retention`: plan, guard, apply, verify; in check mode the same without a write."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from threading import Timer
from typing import Any

import pytest

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.instants import iso
from simulator.server import Simulator
from simulator.world import World
from tools.playbooks import NAMESPACE, Playbooks, Run, options, play, warned

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
    """The same with several hosts, each a cluster and variables of its own."""
    connection, clusters = options(sim), sim.world.clusters.values()
    for key in ("project_id", "cluster_id", "cluster_name"):
        connection.pop(key, None)
    inventory = {
        name: {
            "project_id": cluster.project_id,
            "cluster_id": cluster.id,
            "retention_stale_after": "off",
            **variables,
        }
        for (name, variables), cluster in zip(hosts.items(), itertools.cycle(clusters), strict=False)
    }
    return playbooks.run([play([], connection, roles=[{"role": ROLE}])], *arguments, inventory=inventory)


def lines(run: Run, host: str | None = None) -> list[str]:
    """The summary."""
    return list(run.named("Sum up", host).result["msg"])


def failure(run: Run, host: str | None = None) -> str:
    """What the last task of the role says, and nothing else does."""
    (failed,) = [task for task in run.tasks if task.status == "failed" and host in (None, task.host)]
    assert failed.name.endswith("Fail where not everything went as planned")
    return run.failure(failed)


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
    # What was shown is what was done, and each difference is told once.
    shown, done = (run.applied().result for run in (check, real))
    assert (shown["diff"], shown["changed"]) == (done["diff"], done["changed"])
    assert (shown["counts"]["to_delete"], done["counts"]["deleted"], len(shown["diff"])) == (340, 340, 301)
    assert shown["diff"][-1] == {"prepared": "and 40 more, see the report or the plan file\n"}
    assert check.named("Decide what stays and what goes").result.get("diff") is None
    # Oldest first, over all batches, each of which is told when it is done.
    oldest = [one for one in before if one not in newest]
    assert {entry.path.rpartition("/")[2] for entry in sim.log.done_writes} == set(oldest)
    for run, words in ((check, "checked, nothing was written"), (real, "done")):
        told = [line for line in run.stderr.splitlines() if line.startswith("[orders] ")]
        assert told == [
            f"[orders] {sim.world.main.id}: {count} of 340 changes {words}" for count in (100, 200, 300, 340)
        ]
    sim.reset_log()
    again = run_role(playbooks, sim, SIXTY)
    assert (again.status, again.recap("orders")["changed"], sim.log.writes) == (0, 0, [])
    # Nothing to do costs its reading: a challenge, listing, schedule, restore jobs.
    assert sim.log.requests == 4
    assert sim.violations == []


def test_the_summary_tells_the_same_as_the_plan(playbooks: Playbooks, four_hundred: Simulator) -> None:
    check, real = (run_role(playbooks, four_hundred, SIXTY, *mode) for mode in (["--check"], []))
    for run, word in ((check, "to_delete"), (real, "deleted")):
        result = run.applied().result
        assert (result["counts"]["kept"], result["counts"][word], result["check_mode"]) == (60, 340, run is check)
        assert result["summary"] == lines(run)
    assert "340 to delete" in " ".join(lines(check))
    assert "340 deleted" in " ".join(lines(real))
    assert any(line.startswith("Frees at most ") for line in lines(real))
    assert any(line.startswith("Would free at most ") for line in lines(check))
    assert lines(real)[-1].startswith("Digest ")
    assert "No gaps." in lines(real)


GUARDS: dict[str, tuple[dict[str, Any], str]] = {
    "count": ({"retention_max_delete": 339}, "RETENTION BLOCKED: retention_max_delete: 340 snapshots would be removed"),
    "share": ({"retention_max_delete_percent": 84}, "RETENTION BLOCKED: retention_max_delete_percent: "),
    "stale": ({"retention_stale_after": "1d"}, "RETENTION STALE: retention_stale_after: "),
}


def test_each_guard_stops_before_the_first_write(playbooks: Playbooks, simulator: Start) -> None:
    sim = simulator(seeds.fleet(len(GUARDS), 400, platform="ops_manager"))
    hosts = {name: {**SIXTY, **variables} for name, (variables, _named) in GUARDS.items()}
    run = run_hosts(playbooks, sim, hosts)
    assert run.status == 2
    assert sim.log.writes == []
    for name, (_variables, named) in GUARDS.items():
        assert failure(run, name).startswith(named)
        counts = run.applied(name).result["counts"]
        # The plan is shown all the same.
        assert (counts.get("to_delete", 0), counts["withheld"]) == ((0, 340) if name == "stale" else (340, 0))
        assert any(line.startswith("BLOCKED, nothing was written: ") for line in lines(run, name)) == (name != "stale")


def test_a_guard_lets_equality_pass(playbooks: Playbooks, simulator: Start) -> None:
    hosts: dict[str, dict[str, Any]] = {
        "equal": SIXTY,
        "off": {**SIXTY, "retention_max_delete": -1, "retention_max_delete_percent": 100},
        "survey": {name: str(value) for name, value in SIXTY.items()},
    }
    sim = simulator(seeds.fleet(len(hosts), 400, platform="ops_manager"))
    run = run_hosts(playbooks, sim, hosts, "--check")
    assert run.status == 0
    for name in hosts:
        assert run.applied(name).result["counts"]["to_delete"] == 340


def test_blank_answers_switch_no_safety_off(playbooks: Playbooks, four_hundred: Simulator) -> None:
    names = ("max_delete", "max_delete_percent", "min_keep", "min_age", "pit_window", "method", "anchor", "timezone")
    blank = {
        f"retention_{name}": ""
        for name in (*names, "no_expiry", "extend_kept", "protected_ids", "batch_size", "concurrency", "now")
    }
    run = run_role(playbooks, four_hundred, {"retention_keep_last": "1", **blank})
    assert run.status == 2
    assert "retention_max_delete 50" in failure(run)
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
        assert named in failure(run, name)


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
    counts = run.applied().result["counts"]
    assert counts["shortened"] == len(sim.log.done_writes) > 0
    assert (counts["deleted"], counts["failed"]) == (0, 0)
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
    result = run.applied().result
    assert (result["counts"]["deleted"], result["counts"]["failed"], result["changed"]) == (339, 1, True)
    assert [(one["id"], one["action"], one["error"]["code"]) for one in result["failures"]] == [
        (doomed, "failed", "HELD")
    ]
    assert doomed in failure(run)


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
    assert len(sim.log.writes) <= 4
    counts = run.applied().result["counts"]
    assert (counts["deleted"], counts["failed"] + counts["not_tried"]) == (0, 340)
    assert 1 <= counts["failed"] <= 4
    assert len(run.applied().result["failures"]) == 100
    assert "access list" in failure(run)
    assert "not tried" in failure(run)


def test_a_delete_that_was_only_said_to_be_done_is_found_out(playbooks: Playbooks, four_hundred: Simulator) -> None:
    sim = four_hundred
    # Something between here and the service answers in its stead, as the service would.
    sim.faults.add("answer", method="DELETE", nth=7, status=204, body="")
    run = run_role(playbooks, sim, SIXTY)
    assert run.status == 2
    assert len(ids(sim.world)) == 61
    survivor = min(sim.world.snapshots(sim.world.main), key=lambda one: one.created)
    named = f"{survivor.id} of {iso(survivor.created)}"
    assert failure(run) == f"Snapshot {named} was reported deleted and is still there."
    assert f"Failed: {failure(run)}" in lines(run)
    assert run.applied().result["counts"]["failed"] == 1


def test_a_service_that_starts_anew_before_the_listing_afterwards_is_waited_for(
    playbooks: Playbooks, simulator: Start
) -> None:
    """That listing is another process, to which no connection succeeds for longer than a first contact may take."""
    sim = simulator(seeds.ladder(platform="ops_manager"))
    sim.faults.add("hang_up", method="DELETE", nth=6)
    sim.faults.after(lambda _call: Timer(9.0, sim.listen).start(), method="DELETE", nth=6)
    policy = {"retention_keep_last": 8, "retention_max_delete_percent": "off", "retention_concurrency": 1}
    run = run_role(playbooks, sim, policy)
    assert run.status == 0, run.output
    assert run.applied().result["counts"]["deleted"] == len(sim.log.done_writes) == 6
    (warning,) = warned(run)
    assert "refused" in warning


def test_that_one_service_has_answered_says_nothing_of_another(playbooks: Playbooks, simulator: Start) -> None:
    """The addresses differ by the environment of the tasks, and the second one is wrong: it shows at once."""
    sim = simulator(seeds.ladder(platform="ops_manager"))
    account, cluster = sim.world.keys["owner"], sim.world.main
    variables = {
        "MCLI_SERVICE": "ops-manager",
        "MCLI_OPS_MANAGER_URL": "{{ url }}",
        "MCLI_PUBLIC_API_KEY": account.id,
        "MCLI_PRIVATE_API_KEY": account.secret,
    }
    hosts = {
        name: {"url": url, "project_id": cluster.project_id, "cluster_id": cluster.id, "retention_keep_last": 8}
        for name, url in (("right", sim.url), ("wrong", "http://127.0.0.1:9"))
    }
    include = {"name": "plan", "ansible.builtin.include_role": {"name": ROLE, "tasks_from": "plan"}}
    run = playbooks.run([play([include], environment=variables)], "--forks=1", inventory=hosts)
    assert (run.recap("right")["failed"], run.recap("wrong")["failed"]) == (0, 1)
    assert "It was tried 3 times: retry_timeout is for a service that has answered before." in run.output


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


def test_a_second_run_in_one_play_shows_nothing_of_the_first(playbooks: Playbooks, four_hundred: Simulator) -> None:
    """Twice for one host: the second run, which cannot read, has neither plan nor numbers of the first."""
    include = {"name": "first", "ansible.builtin.include_role": {"name": ROLE, "public": True}}
    show = {"name": "show", "ansible.builtin.debug": {"msg": "{{ retention_result }}"}}
    plays = [
        play([include], options(four_hundred)),
        play([{"name": "second", "block": [include], "rescue": [show]}], options(four_hundred, private_key="wrong")),
    ]
    variables = {**SIXTY, "retention_stale_after": "off"}
    run = playbooks.run(plays, "--check", inventory={"orders": variables})
    result = run.named("show").result["msg"]
    assert (result["counts"], result["digest"], result["plan_now"]) == ({}, None, None)
    assert "401" in result["failure"]


def test_nothing_is_left_behind_as_a_fact(playbooks: Playbooks, four_hundred: Simulator) -> None:
    """Facts go into caches, and AWX would show last night's."""
    cache = playbooks.folder / "facts"
    environment = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(cache)}
    connection = options(four_hundred)
    run = playbooks.run(
        [play([], connection, roles=[{"role": ROLE}])],
        inventory={"orders": {**SIXTY, "retention_stale_after": "off"}},
        environment=environment,
    )
    assert run.status == 0
    assert all("ansible_facts" not in task.result for task in run.tasks)
    assert [path for path in cache.rglob("*") if path.is_file() and "retention" in path.read_text()] == []
