# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a play, a variable or a person does around the role: nothing of it makes a guard weaker (R25)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.fixtures_pytest import Start
from tools.fleets import BLOCKED, REMOVED, ROLE, STALE, fleet, include, refusal, result, roles
from tools.playbooks import NAMESPACE, Playbooks

DECIDE, APPLY = f"{NAMESPACE}.retention_decide", f"{NAMESPACE}.retention_apply"

# Plays after which Ansible goes on past a failed task.
GO_ON: dict[str, dict[str, Any]] = {
    "play": roles(ignore_errors=True),
    "role": {"roles": [{"role": ROLE, "ignore_errors": True}]},
    "apply": {"tasks": [include(apply={"ignore_errors": True})]},
    "block": {"tasks": [{"block": [include()], "ignore_errors": True}]},
    "import": {"tasks": [{"name": "x", "ansible.builtin.import_role": {"name": ROLE}, "ignore_errors": True}]},
    # What somebody writes who wants it done all the same: again, and the step that applies by itself.
    "rescue": {
        "tasks": [
            {"block": [include()], "rescue": [include("apply", {"ignore_errors": True}), {"name": "a", APPLY: {}}]}
        ]
    },
    "always": {"ignore_errors": True, "tasks": [{"block": [include()], "always": [{"name": "again", APPLY: {}}]}]},
    "fatal": roles(any_errors_fatal=False, max_fail_percentage=100, ignore_unreachable=True, force_handlers=True),
}
STOPPED: dict[str, tuple[dict[str, Any], str]] = {
    "blocked": (BLOCKED, "RETENTION BLOCKED: "),
    "stale": (STALE, "stale_after"),
    "misspelt": ({"retention_keep_within_montly": "13mo"}, "retention_keep_within_montly"),
    "percent": ({"retention_max_delete_percent": 33}, "RETENTION BLOCKED: "),
    "unread": ({}, "restoreJobs"),
    "undefined": ({"retention_min_keep": "{{ nothing_of_that_name }}"}, "nothing_of_that_name"),
}


def test_no_way_to_go_on_past_a_failed_task_leads_to_a_write(playbooks: Playbooks, simulator: Start) -> None:
    kinds: dict[str, dict[str, Any]] = {"sound": {}, "blocked": BLOCKED}
    hosts = {f"{way}-{one}": values for way in GO_ON for one, values in kinds.items()}
    clusters = fleet(simulator, playbooks, hosts)
    run = clusters.run([{**one, "hosts": f"{way}-*"} for way, one in GO_ON.items()])
    assert clusters.deleted == {f"{way}-sound": REMOVED for way in GO_ON}
    for way in GO_ON:
        messages = [task.message for task in run.tasks if task.status == "failed" and task.host == f"{way}-blocked"]
        assert any(message.startswith("RETENTION BLOCKED: ") for message in messages), way
    # By itself the step that applies has nothing, for a host that has applied as for one that must not.
    for host in ("rescue-blocked", "always-blocked", "always-sound"):
        assert result(run, host)["failure"].startswith("RETENTION NO PLAN: ")


def test_whatever_stopped_a_host_holds_with_errors_ignored(playbooks: Playbooks, simulator: Start) -> None:
    hosts = {name: values for name, (values, _message) in STOPPED.items()}
    clusters = fleet(simulator, playbooks, {**hosts, "sound": {}})
    clusters.sim.faults.add("access_list", path=f"/{clusters.cluster('unread').name}/restoreJobs", times=None)
    run = clusters.run([roles(ignore_errors=True)])
    assert clusters.deleted == {"sound": REMOVED}
    assert run.recap("sound")["ignored"] == 0
    for host, (_values, message) in STOPPED.items():
        failed = [task.message for task in run.tasks if task.status == "failed" and task.host == host]
        assert any(message in text for text in failed), (host, failed)
    assert clusters.asked == {"blocked", "stale", "percent", "unread", "sound"}


TAGGED = {"tasks": [{"name": "tagged", "ansible.builtin.import_role": {"name": ROLE}, "tags": ["retention"]}]}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--start-at-task", f"{ROLE} : Apply what was released"],
        ["--start-at-task", "Apply what was released"],
        ["--start-at-task", f"{ROLE} : Sum up"],
        ["--skip-tags", "retention"],
        ["--tags", "always"],
    ],
    ids=" ".join,
)
def test_no_option_of_the_command_line_reaches_a_write_without_the_decision(
    playbooks: Playbooks, simulator: Start, arguments: list[str]
) -> None:
    clusters = fleet(simulator, playbooks, {"sound": {}, "blocked": BLOCKED})
    run = clusters.run([TAGGED], *arguments)
    assert (clusters.deleted, clusters.sim.log.requests) == ({}, 0)
    started = "--start-at-task" in arguments
    assert bool(run.status) is started
    if "Apply" in arguments[1]:
        assert refusal(run, "sound").startswith("RETENTION NO PLAN: ")


def test_without_the_validation_of_ansible_the_decision_checks(playbooks: Playbooks, simulator: Start) -> None:
    """The task that Ansible puts before the role can be skipped by its tag, and by include_role."""
    unchecked = {"name": ROLE, "rolespec_validate": False}
    clusters = fleet(simulator, playbooks, {"sound": {}, "word": {"retention_max_delete": "many"}})
    run = clusters.run([{"tasks": [{"name": "x", "ansible.builtin.include_role": unchecked}]}])
    assert clusters.deleted == {"sound": REMOVED}
    again = clusters.run([roles()], "--skip-tags", "always", "--limit", "word")
    assert clusters.asked == {"sound"}
    for one in (run, again):
        assert "retention_max_delete" in refusal(one, "word")


# --- steps called by themselves ---

# What the defaults of the role say to its own tasks.
NAMED = {"retention_project_id": "{{ project_id }}", "retention_cluster_name": "{{ cluster_name }}"}


def test_a_step_by_itself_applies_nothing(playbooks: Playbooks, simulator: Start) -> None:
    decide = {"name": "decide", DECIDE: {"entry_point": "main"}}
    apply = {"name": "apply", APPLY: {}}
    ways: dict[str, list[dict[str, Any]]] = {
        "no-decision": [apply],
        "planned": [{"name": "plan", DECIDE: {"entry_point": "plan"}}, apply],
        "audited": [{"name": "audit", DECIDE: {"entry_point": "audit"}}, apply],
        # An approved plan is asked for last, and there is none.
        "unapproved": [decide, {"name": "approved", DECIDE: {"entry_point": "apply"}}, apply],
        # The last decision counts, and what cannot be decided leaves nothing of what was decided before.
        "undecided": [
            decide,
            {**decide, "name": "again", "vars": {"retention_min_keep": "{{ nothing }}"}, "ignore_errors": True},
            apply,
        ],
        "misused": [decide, {"name": "x", DECIDE: {"entry_point": "burn"}, "ignore_errors": True}, apply],
        "checked": [{**decide, "check_mode": True}, apply],
        "twice": [decide, {**decide, "name": "again"}, apply, {**apply, "name": "apply again"}],
    }
    clusters = fleet(simulator, playbooks, {way: {} for way in ways})
    run = clusters.run([{"hosts": way, "tasks": tasks, "vars": NAMED} for way, tasks in ways.items()])
    assert clusters.deleted == {"twice": REMOVED}
    told = {way: run.named("apply", way).result["failure"] for way in ways}
    for way in ("no-decision", "planned", "audited", "undecided", "misused"):
        assert told[way].startswith("RETENTION NO PLAN: "), way
    assert "approved" in told["unapproved"]
    assert "check mode" in told["checked"]
    assert run.named("apply again", "twice").result["failure"].startswith("RETENTION NO PLAN: ")


def test_what_was_released_in_one_play_is_applied_once_in_another(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {"sound": {}, "blocked": BLOCKED})
    decide, apply = {"name": "decide", DECIDE: {"entry_point": "main"}}, {"name": "apply", APPLY: {}}
    plays = [[decide], [apply], [{**apply, "name": "again"}]]
    run = clusters.run([{"tasks": tasks, "vars": NAMED} for tasks in plays])
    assert clusters.deleted == {"sound": REMOVED}
    assert run.named("apply", "sound").result["failure"] == ""
    assert run.named("again", "sound").result["failure"].startswith("RETENTION NO PLAN: ")
    # Nothing of it lies about for the next run.
    later = clusters.run([{"tasks": [apply], "vars": NAMED}])
    assert later.named("apply", "sound").result["failure"].startswith("RETENTION NO PLAN: ")


def test_the_role_twice_in_a_play(playbooks: Playbooks, simulator: Start) -> None:
    """The second time decides anew, by the variables of the second time."""
    clusters = fleet(simulator, playbooks, {"both": {}, "second-blocked": {}, "looped": {}, "other": {}})
    two = [include(vars={"retention_keep_last": 10}), include(vars={"retention_keep_last": 8})]
    tight = [two[0], include(vars={"retention_keep_last": 8, "retention_max_delete": 1})]
    names = [clusters.cluster(host).name for host in ("looped", "other")]
    loop = include(loop=names, vars={"retention_cluster_name": "{{ item }}"})
    run = clusters.run(
        [
            {"hosts": "both", "tasks": two},
            {"hosts": "second-blocked", "tasks": [{"block": tight, "rescue": [{"name": "a", APPLY: {}}]}]},
            {"hosts": "looped", "tasks": [loop]},
        ]
    )
    assert clusters.deleted == {"both": 4, "second-blocked": 2, "looped": 4, "other": 4}
    assert result(run, "second-blocked")["failure"].startswith("RETENTION NO PLAN: ")


# --- keywords that are no errors ---


def test_keywords_of_a_play_reach_what_the_steps_run(playbooks: Playbooks, simulator: Start) -> None:
    """The environment of the play, another host to run on, privileges and one host at a time."""
    ways: dict[str, dict[str, Any]] = {
        "environment": roles(module_defaults={}),
        "block": {"module_defaults": {}, "tasks": [{"block": [include()]}]},
        "delegated": {"tasks": [include(apply={"delegate_to": "bastion", "throttle": 1})]},
        "bastion": roles(serial=1, order="sorted"),
    }
    clusters = fleet(simulator, playbooks, {way: {"retention_max_fail_percentage": 0} for way in ways})
    given = {"environment": clusters.environment}
    ways["environment"] |= given
    ways["block"]["tasks"][0] |= given
    run = clusters.run([{**one, "hosts": way} for way, one in ways.items()])
    assert run.status == 0, run.output
    assert clusters.deleted == dict.fromkeys(ways, REMOVED)


def test_progress_is_told_at_once_and_not_under_no_log(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {"told": {"retention_batch_size": 1}, "silent": {"retention_batch_size": 1}})
    plays = [roles(hosts="told"), roles(hosts="silent", no_log=True)]
    run = clusters.run(plays, "--diff")
    assert clusters.deleted == {"told": REMOVED, "silent": REMOVED}
    told = [line for line in run.stderr.splitlines() if line.startswith("[")]
    assert told == [f"[told] fleet-000: {done} of 4 changes done" for done in (1, 2, 3, 4)]
    # Standard output is the callbacks' alone: many make JSON of it.
    assert "changes done" not in run.stdout
    assert "fleet-001" not in run.stdout + run.stderr


def test_what_is_changed_is_shown_as_a_difference(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {"a": {}})
    world, one = clusters.sim.world, clusters.cluster("a")
    oldest = sorted(found.id for found in sorted(world.snapshots(one), key=lambda found: found.created)[:REMOVED])
    for arguments in (["--check", "--diff"], ["--diff"]):
        run = clusters.run([roles()], *arguments)
        assert run.recap("a")["changed"] == 1
        headers = [entry["before_header"] for entry in result(run, "a")["diff"]]
        assert sorted(header.removeprefix("a, snapshot ") for header in headers) == oldest
    assert "diff" not in result(clusters.run([roles()]), "a")
