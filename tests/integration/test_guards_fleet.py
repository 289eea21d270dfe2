# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard over all clusters of a batch, in all the ways that hosts come into a play, stop, leave it or skip the role.

And one cluster under two names.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.fixtures_pytest import Start
from tools.fleets import BLOCKED, REMOVED, ROLE, STALE, Fleet, counts, fleet, include, lines, refusal, result, roles
from tools.playbooks import NAMESPACE, Playbooks, Run

LIMIT: dict[str, Any] = {"retention_max_fail_percentage": 25}
NONE: dict[str, Any] = {"retention_max_fail_percentage": 0}
# Whatever keeps a cluster from being planned, by the host's name.
STOPS: dict[str, dict[str, Any]] = {
    "blocked": BLOCKED,
    "misspelt": {"retention_keep_montly": 3},
    "stale": STALE,
    "unread": {},
    "undefined": {"retention_min_keep": "{{ nothing_of_that_name }}"},
}


def limited(hosts: dict[str, dict[str, Any]], limit: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {host: {**limit, **variables} for host, variables in hosts.items()}


def stopped(run: Run) -> set[str]:
    """The hosts from which the guard withheld something."""
    found = {task.host for task in run.tasks if task.status == "failed" and "RETENTION STOPPED: " in task.message}
    for host in found:
        assert counts(run, host)["withheld"] == REMOVED
        assert "retention_max_fail_percentage" in lines(run, host)
    return found


@pytest.mark.parametrize("kind", STOPS)
@pytest.mark.parametrize("goes_on", [False, True], ids=["fails", "goes on"])
def test_each_kind_of_stop_counts(playbooks: Playbooks, simulator: Start, kind: str, goes_on: bool) -> None:
    clusters = fleet(simulator, playbooks, limited({"a": {}, "b": {}, kind: STOPS[kind]}, LIMIT))
    if kind == "unread":
        clusters.sim.faults.add("access_list", path=f"/{clusters.cluster(kind).name}/snapshots", times=None)
    # Without Ansible's own check of the arguments, by which a host is out of the play before the role's first step.
    unchecked = {"name": ROLE, "rolespec_validate": False}
    task = {"name": "x", "ansible.builtin.include_role": unchecked}
    run = clusters.run([{"tasks": [task], "ignore_errors": goes_on}])
    assert clusters.deleted == {}
    assert stopped(run) == {"a", "b"}


def test_a_variable_that_cannot_be_rendered_counts_in_the_playbook(playbooks: Playbooks, simulator: Start) -> None:
    """Ansible's own check of the arguments would take the host out of the play before it has begun."""
    clusters = fleet(simulator, playbooks, limited({"a": {}, "undefined": STOPS["undefined"]}, NONE))
    run = clusters.run(f"{NAMESPACE}.retention", environment=clusters.environment)
    assert (clusters.deleted, stopped(run)) == ({}, {"a"})
    assert "nothing_of_that_name" in refusal(run, "undefined")


def test_as_many_as_the_limit_allows_may_stop(playbooks: Playbooks, simulator: Start) -> None:
    """A quarter of four is 25 per cent, and equality is allowed; a quarter of three is more."""
    hosts = limited({"a": {}, "b": {}, "c": {}, "bad": BLOCKED}, LIMIT)
    clusters = fleet(simulator, playbooks, hosts)
    assert clusters.run([roles()], "--limit", "all:!c").status == 2
    assert clusters.deleted == {}
    run = clusters.run([roles()])
    assert clusters.deleted == dict.fromkeys("abc", REMOVED)
    assert stopped(run) == set()


@pytest.mark.parametrize("limit", [0, "0", 0.0, "0 %", "24.9"])
def test_every_way_to_write_the_limit(playbooks: Playbooks, simulator: Start, limit: Any) -> None:
    """A number as the survey of AWX sends it too; 0 means that none may stop."""
    given = ["-e", json.dumps({"retention_max_fail_percentage": limit})]
    clusters = fleet(simulator, playbooks, {"a": {}, "b": {}, "c": {}, "bad": BLOCKED})
    run = clusters.run([roles()], *given)
    assert clusters.deleted == {}
    assert stopped(run) == set("abc")


def test_extends_go_on_where_the_guard_trips(playbooks: Playbooks, simulator: Start) -> None:
    """Nothing that makes a snapshot live longer waits for another cluster."""
    extend = {"retention_keep_last": "", "retention_keep_within_daily": "6d", "retention_extend_kept": True}
    clusters = fleet(simulator, playbooks, limited({"a": extend, "bad": BLOCKED}, NONE))
    world, one = clusters.sim.world, clusters.cluster("a")
    newest = sorted(world.snapshots(one), key=lambda found: -found.created)
    # Inside its rule, its period over, and to expire soon.
    world.change(one, newest[2].id, expires=world.clock.epoch + 3600 * 20)
    run = clusters.run([roles()])
    assert clusters.deleted == {}
    assert stopped_with_extends(run, "a") == 1
    assert {entry.method for entry in clusters.sim.log.writes} == {"PATCH"}


def stopped_with_extends(run: Run, host: str) -> int:
    assert "RETENTION STOPPED: " in refusal(run, host)
    assert counts(run, host)["withheld"] > 0
    return counts(run, host)["extended"]


# --- who counts ---


def test_hosts_that_skip_the_role_count_neither_way(playbooks: Playbooks, simulator: Start) -> None:
    hosts = limited({"a": {}, "b": {}, "bad": BLOCKED, "out1": {}, "out2": {}, "out3": {}}, LIMIT)
    clusters = fleet(simulator, playbooks, hosts)
    # One of six would be within the limit; one of the three that take part is not.
    run = clusters.run([{"tasks": [include(when="not inventory_hostname.startswith('out')")]}])
    assert (clusters.deleted, stopped(run)) == ({}, {"a", "b"})
    # With a condition on each task, as `roles:` and import_role pass it on.
    role = {"role": ROLE, "when": "not inventory_hostname.startswith('out')"}
    run = clusters.run([{"roles": [role]}])
    assert (clusters.deleted, stopped(run)) == ({}, {"a", "b"})
    ended = {"name": "end", "ansible.builtin.meta": "end_host", "when": "inventory_hostname.startswith('out')"}
    run = clusters.run([{"tasks": [ended, include()]}])
    assert (clusters.deleted, stopped(run)) == ({}, {"a", "b"})


def test_a_role_for_one_group_and_then_for_another(playbooks: Playbooks, simulator: Start) -> None:
    """Two rounds of one play are two fleets: what stopped in one says nothing about the other."""
    hosts = limited({"a1": {}, "a2": BLOCKED, "b1": {}, "b2": {}}, NONE)
    clusters = fleet(simulator, playbooks, hosts)
    first, second = (include(when=f"inventory_hostname.startswith('{one}')") for one in "ab")
    run = clusters.run([{"tasks": [{"block": [first]}, {"block": [second]}]}])
    assert clusters.deleted == {"b1": REMOVED, "b2": REMOVED}
    assert stopped(run) == {"a1"}


def test_a_host_that_failed_before_the_role_does_not_count(playbooks: Playbooks, simulator: Start) -> None:
    hosts = limited({"a": {}, "b": {}, "broken": {}, "gone": {}}, NONE)
    clusters = fleet(simulator, playbooks, hosts)
    fails = {"name": "f", "ansible.builtin.fail": {"msg": "x"}, "when": "inventory_hostname in ['broken', 'gone']"}
    run = clusters.run([{"tasks": [fails, include()]}])
    assert clusters.deleted == {"a": REMOVED, "b": REMOVED}
    assert stopped(run) == set()


def test_a_host_that_goes_between_the_two_steps_counts_as_stopped(playbooks: Playbooks, simulator: Start) -> None:
    """Where the steps are called by themselves, a task between them can fail, or end a host."""
    clusters = fleet(simulator, playbooks, limited({"a": {}, "b": {}, "failed": {}, "ended": {}}, LIMIT))
    decide = {"name": "decide", f"{NAMESPACE}.retention_decide": {"entry_point": "main"}}
    between = [
        {"name": "f", "ansible.builtin.fail": {"msg": "x"}, "when": "inventory_hostname == 'failed'"},
        {"name": "e", "ansible.builtin.meta": "end_host", "when": "inventory_hostname == 'ended'"},
    ]
    apply = {"name": "apply", f"{NAMESPACE}.retention_apply": {}}
    named = {"retention_project_id": "{{ project_id }}", "retention_cluster_name": "{{ cluster_name }}"}
    run = clusters.run([{"tasks": [decide, *between, apply], "vars": named}])
    assert clusters.deleted == {}
    assert "RETENTION STOPPED: 2 of 4 " in run.named("apply", "a").result["failure"]


def test_with_serial_each_batch_is_a_fleet(playbooks: Playbooks, simulator: Start) -> None:
    hosts = limited({"a1": {}, "a2": BLOCKED, "b1": {}, "b2": {}, "c1": {}, "c2": BLOCKED}, NONE)
    clusters = fleet(simulator, playbooks, hosts)
    # A batch that failed as a whole would end the play, by Ansible's own rule.
    run = clusters.run([roles(serial=2, ignore_errors=True)])
    assert clusters.deleted == {"b1": REMOVED, "b2": REMOVED}
    assert stopped(run) == {"a1", "c1"}
    again = clusters.run([roles(serial=1)], "--limit", "a*")
    assert clusters.deleted == {"b1": REMOVED, "b2": REMOVED, "a1": REMOVED}
    assert stopped(again) == set()


def test_a_host_with_another_limit_goes_by_its_own(playbooks: Playbooks, simulator: Start) -> None:
    hosts = {"careful": NONE, "careless": {}, "bad": {**NONE, **BLOCKED}}
    clusters = fleet(simulator, playbooks, hosts)
    run = clusters.run([roles()])
    assert clusters.deleted == {"careless": REMOVED}
    assert stopped(run) == {"careful"}


def test_more_forks_or_fewer_than_hosts_make_no_difference(playbooks: Playbooks, simulator: Start) -> None:
    """The last host to decide is the one that stops, and it stops those that decided in the first round of forks."""
    hosts = limited({**{f"h{number}": {} for number in range(5)}, "z": BLOCKED}, NONE)
    clusters = fleet(simulator, playbooks, hosts)
    for forks in ("1", "2"):
        run = clusters.run([roles()], "--forks", forks)
        assert (clusters.deleted, len(stopped(run))) == ({}, 5)


# --- strategies ---


@pytest.mark.parametrize("by", ["keyword", "environment"])
@pytest.mark.parametrize("strategy", ["free", "host_pinned", "ansible.builtin.free"])
def test_without_a_barrier_a_limit_is_refused(playbooks: Playbooks, simulator: Start, strategy: str, by: str) -> None:
    clusters = fleet(simulator, playbooks, {"limited": NONE, "blocked": {**NONE, **BLOCKED}, "free": {}})
    keyword = {"strategy": strategy} if by == "keyword" else {}
    run = clusters.run([roles(**keyword)], environment={} if keyword else {"ANSIBLE_STRATEGY": strategy})
    assert clusters.deleted == {"free": REMOVED}
    assert clusters.asked == {"free"}
    for host in ("limited", "blocked"):
        assert f"strategy {strategy}" in refusal(run, host)
    # One host by itself needs no barrier.
    assert clusters.run([roles(**keyword)], "--limit", "limited").status == 0


def test_run_once_over_several_hosts_is_refused_below_100(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {"a": NONE, "b": NONE})
    run = clusters.run([{"tasks": [include(apply={"run_once": True})]}])
    assert (clusters.deleted, clusters.sim.log.requests) == ({}, 0)
    assert "run_once" in refusal(run, "a")
    # And without a limit it is for one host alone, whatever the others' variables say.
    clusters.run([{"tasks": [include(apply={"run_once": True})]}], "-e", "retention_max_fail_percentage=100")
    assert clusters.deleted == {"a": REMOVED}


# --- one cluster, two hosts ---


def twins(simulator: Start, playbooks: Playbooks, second: dict[str, Any]) -> Fleet:
    """The last host is the first one's cluster under another name."""
    clusters = fleet(simulator, playbooks, {"one": {}, "other": {}, "twin": second})
    name = clusters.cluster("one").name
    return Fleet(clusters.sim, playbooks, {**clusters.hosts, "twin": {**second, "cluster_name": name}})


@pytest.mark.parametrize("order", ["inventory", "reverse_inventory"])
def test_two_hosts_that_are_one_cluster_are_both_refused(playbooks: Playbooks, simulator: Start, order: str) -> None:
    clusters = twins(simulator, playbooks, {})
    for forks in ("1", "5"):
        run = clusters.run([roles(order=order, ignore_errors=True)], "--forks", forks)
        for host, rival in (("one", "twin"), ("twin", "one")):
            assert refusal(run, host).startswith(f"{host} and {rival} are the same cluster, fleet-000 ")
            assert "retention_max_delete" in refusal(run, host)
    assert clusters.deleted == {"other": REMOVED}


def test_a_twin_counts_as_stopped(playbooks: Playbooks, simulator: Start) -> None:
    clusters = twins(simulator, playbooks, {})
    run = clusters.run([roles()], "-e", "retention_max_fail_percentage=50")
    assert clusters.deleted == {}
    assert "RETENTION STOPPED: 2 of 3 " in refusal(run, "other")


def test_a_twin_in_a_later_batch_play_or_loop_is_refused(playbooks: Playbooks, simulator: Start) -> None:
    """What is done is done; the second does not get the whole of the limit again."""
    plays: dict[str, list[dict[str, Any]]] = {
        "batch": [roles(serial=1)],
        "play": [roles(hosts="one"), roles(hosts="twin:other")],
        "loop": [{"tasks": [include(loop=["fleet-000", "fleet-000"], vars={"retention_cluster_name": "{{ item }}"})]}],
    }
    for way, found in plays.items():
        clusters = twins(simulator, playbooks, {"retention_keep_last": 4})
        run = clusters.run(found, *(["--limit", "one:twin"] if way == "loop" else []))
        assert clusters.deleted.get("one", 0) == (0 if way == "loop" else REMOVED), way
        assert "are the same cluster" in refusal(run, "twin"), way


def test_looking_at_one_cluster_twice_is_allowed(playbooks: Playbooks, simulator: Start) -> None:
    clusters = twins(simulator, playbooks, {"retention_keep_last": 4})
    run = clusters.run([{"tasks": [include("plan"), include("audit")]}])
    assert run.status == 0
    assert counts(run, "twin")["to_delete"] == 8
    assert result(run, "one")["cluster_id"] == result(run, "twin")["cluster_id"]
