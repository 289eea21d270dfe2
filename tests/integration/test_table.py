# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run over many clusters ends with one table, whatever becomes of them; a run over none fails; and one only lists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.fixtures_pytest import Start
from tools.fleets import BLOCKED, REMOVED, SNAPSHOTS, STALE, Fleet, fleet, refusal
from tools.playbooks import NAMESPACE, Playbooks, Run, warned

MANY = 40
MOST_LINES = 350
TERMINAL = 100
KEPT = SNAPSHOTS - REMOVED


def names(count: int) -> list[str]:
    return [f"Shop.orders-{number:02d}" for number in range(count)]


def ran(clusters: Fleet, playbook: str, *arguments: str, **environment: str) -> Run:
    return clusters.run(f"{NAMESPACE}.{playbook}", *arguments, environment={**clusters.environment, **environment})


def table(run: Run) -> list[str]:
    """The lines of the table, which is the last that a run says."""
    assert run.tasks[-1].name == "Sum up all clusters"
    assert run.stdout.count("Sum up all clusters") == 1
    assert not any(task.status == "ok" for task in run.tasks if task.name.endswith(" : Sum up"))
    return list(run.tasks[-1].result["msg"])


def rows(run: Run) -> dict[str, list[str]]:
    """The words of each line of the table, by its first."""
    begin = next(at for at, line in enumerate(table(run)) if line.startswith("cluster "))
    found = [line.split(maxsplit=8) for line in table(run)[begin + 1 :]]
    return {words[0]: words[1:] for words in found[: [words[0] for words in found].index("total") + 1]}


def shown(run: Run) -> list[str]:
    """The lines of the table as a terminal shows them."""
    return [line for line in run.stdout.splitlines() if re.match(r' +"(cluster|total|Shop\.)', line)]


def test_an_audit_of_many_prints_one_line_a_cluster_and_passes(playbooks: Playbooks, simulator: Start) -> None:
    hosts: dict[str, dict[str, Any]] = {name: dict(BLOCKED) for name in names(MANY)}
    clusters = fleet(simulator, playbooks, {**hosts, names(MANY)[7]: {}})

    run = ran(clusters, "audit")

    # Looking is not failing.
    assert (run.status, warned(run), clusters.sim.log.writes) == (0, [], [])
    assert len(run.output.splitlines()) < MOST_LINES
    found = rows(run)
    assert list(found) == [*names(MANY), "total"]
    assert found[names(MANY)[0]][:5] == [str(KEPT), str(REMOVED), "0", "0", "0"]
    assert found["total"][:2] == [str(KEPT * MANY), str(REMOVED * MANY)]
    assert {words[-1] for name, words in found.items() if name != "total"} == {"blocked, retention_max_delete", "ok"}
    assert table(run)[0] == "Nothing was written: the numbers are what would be done."
    assert table(run)[-1] == "40 clusters: 39 blocked, 1 ok."
    assert max(map(len, shown(run))) <= TERMINAL
    assert len(shown(run)) == MANY + 2
    # What each digest begins with is what the host has.
    assert all(words[6] == run.applied(host).result["digest"][:6] for host, words in found.items() if host != "total")


@pytest.mark.parametrize(("playbook", "more"), [("plan", []), ("audit", []), ("retention", ["--check"])])
def test_under_diff_each_change_is_on_the_screen(
    playbooks: Playbooks, simulator: Start, playbook: str, more: list[str]
) -> None:
    # Core shows a diff only of what changed: plan and audit change nothing, and neither does a cluster that is blocked.
    clusters = fleet(simulator, playbooks, {"orders": {}, "ledger": dict(BLOCKED)})
    run = ran(clusters, playbook, "--diff", *more)
    for host in ("orders", "ledger"):
        heads = re.findall(
            rf"--- before: {host}, snapshot [0-9a-f]{{24}}\n\+\+\+ after: {host}, snapshot .*: .", run.output
        )
        assert len(heads) == REMOVED


def test_a_nightly_run_over_many_tells_what_it_did(playbooks: Playbooks, simulator: Start) -> None:
    hosts: dict[str, dict[str, Any]] = {name: {} for name in names(MANY)}
    hosts[names(MANY)[3]], hosts[names(MANY)[5]] = BLOCKED, STALE
    clusters = fleet(simulator, playbooks, hosts)

    run = ran(clusters, "retention")

    assert run.status == 2
    found = rows(run)
    assert found["total"][:2] == [str(KEPT * (MANY - 1) + SNAPSHOTS), str(REMOVED * (MANY - 2))]
    assert sum(clusters.deleted.values()) == REMOVED * (MANY - 2)
    assert found[names(MANY)[3]][:2] == [str(SNAPSHOTS), "0"]
    assert found[names(MANY)[3]][-1].startswith("blocked, ")
    assert found[names(MANY)[5]][-1] == f"stale, {REMOVED} withheld"
    assert table(run)[-1] == "40 clusters: 38 ok, 1 blocked, 1 stale."
    # Each reason is there in full, and what a failing task says is short.
    assert any("raise retention_max_delete for that run" in line for line in table(run))
    assert any("set retention_anchor: now and retention_stale_after: off" in line for line in table(run))
    failed = {task.host: task.message for task in run.tasks if task.status == "failed"}
    assert set(failed) == {names(MANY)[3], names(MANY)[5]}
    assert all(len(message) < 200 for message in failed.values())
    for mark in ("RETENTION BLOCKED:", "RETENTION STALE:"):
        assert sum(message.count(mark) for message in failed.values()) == 1
        assert not any(mark in line for line in table(run))
    # Newer cores show each failure once more.
    added = [line for line in run.output.splitlines() if not line.startswith(("[ERROR]", "Origin: "))]
    assert len(added) < MOST_LINES


def test_all_of_them_fail_and_the_table_comes_all_the_same(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {name: {} for name in names(3)})
    wrong = ran(clusters, "retention", MONGODB_ATLAS_PRIVATE_API_KEY="01234567-89ab-cdef-0123-456789abcdef")
    assert wrong.status == 2
    assert table(wrong)[-1] == "3 clusters: 3 failed."
    (reason,) = (line for line in table(wrong) if line.startswith("Failed, "))
    assert reason.startswith(f"Failed, {', '.join(names(3))}: GET ")
    # A variable that cannot be rendered, and one that takes the place of the result, end the first step itself.
    broken = ran(clusters, "audit", "-e", "retention_keep_daily={{ nowhere }}")
    assert (broken.status, table(broken)[-1]) == (2, "3 clusters: 3 failed.")
    given = ran(clusters, "audit", "-e", '{"retention_result": {"counts": {"kept": 7}}}')
    assert given.status == 2
    assert all("cannot be given" in task.message for task in given.tasks if task.status == "failed")


def test_one_fails_at_once_and_the_others_are_told_as_they_end(playbooks: Playbooks, simulator: Start) -> None:
    first, *others = names(4)
    hosts: dict[str, dict[str, Any]] = {
        first: {"retention_keep_daily": "{{ nowhere }}"},
        **{name: {} for name in others},
    }
    clusters = fleet(simulator, playbooks, hosts)
    run = ran(clusters, "retention")
    assert (run.status, clusters.deleted) == (2, dict.fromkeys(others, REMOVED))
    found = rows(run)
    assert found[first][:2] == ["-", "-"]
    assert [found[name][:2] for name in others] == [[str(KEPT), str(REMOVED)]] * 3
    # Under another strategy for all plays, too.
    again = ran(clusters, "retention", ANSIBLE_STRATEGY="free")
    assert [rows(again)[name][:2] for name in others] == [[str(KEPT), "0"]] * 3


def test_a_plan_that_was_not_applied_since_the_run_ended_is_no_run(playbooks: Playbooks, simulator: Start) -> None:
    hosts: dict[str, dict[str, Any]] = {"orders": {}, "ledger": {"retention_keep_daily": "{{ nowhere }}"}}
    clusters = fleet(simulator, playbooks, hosts)
    run = ran(clusters, "retention", ANSIBLE_ANY_ERRORS_FATAL="true")
    assert (run.status, clusters.deleted) == (2, {})
    assert rows(run)["orders"][-1] == "not applied"
    assert table(run)[-1] == "2 clusters: 1 not applied, 1 failed."


def test_one_cluster_has_its_summary_and_no_table(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {"orders": STALE, "other": {}})
    run = ran(clusters, "retention", "--limit", "orders")
    assert run.named("Sum up").result["msg"] == run.applied().result["summary"]
    assert "Sum up all clusters" not in {task.name for task in run.tasks if task.status == "ok"}
    (failed,) = (task for task in run.tasks if task.status == "failed")
    whole = run.failure(failed)
    assert len(whole) > 200
    # What has no room in the message stands in the summary.
    assert whole.removeprefix("RETENTION ") in run.named("Sum up").result["msg"]
    for word, is_printed in (("", True), ("no", False), ("' No '", False), ("maybe", True)):
        given = ran(clusters, "retention", "--limit", "other", "-e", f"retention_print_summary={word}")
        assert (given.named("Sum up").status == "ok") is is_printed
        assert ("retention_print_summary: must be true or false" in refusal(given, "other")) == (word == "maybe")


def test_many_are_planned_approved_and_applied_by_what_the_table_says(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    clusters = fleet(simulator, playbooks, {name: {} for name in names(3)} | {"Shop.blocked": BLOCKED})
    plans = tmp_path / "plans"
    planned = ran(clusters, "plan", "-e", f"retention_plan_dir={plans}")
    assert f"Plans: {plans} (4 clusters)" in table(planned)
    told = [line.split() for line in table(planned) if re.match(r"[0-9a-f]{64} ", line)]
    # That of a plan that is blocked is of no use.
    assert [host for _digest, host in told] == names(3)
    assert clusters.sim.log.writes == []
    approved = ",".join(digest for digest, _host in told)
    given = ("-e", f"retention_approved_plan={plans}", "-e", f"retention_approved_digest={approved}")
    applied = ran(clusters, "apply", *given)
    assert clusters.deleted == dict.fromkeys(names(3), REMOVED)
    assert rows(applied)["total"][1] == str(REMOVED * 3)
    assert "Shop.blocked" in {task.host for task in applied.tasks if task.status == "failed"}


# --- which hosts ---

PLAYBOOKS = ("list", "audit", "plan", "apply", "retention")


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_no_cluster_is_no_success(playbooks: Playbooks, simulator: Start, playbook: str) -> None:
    clusters = fleet(simulator, playbooks, {"prod": {}})
    run = ran(clusters, playbook, "-e", "retention_hosts=nobody")
    assert (run.status, clusters.sim.log.requests) == (2, 0)
    said = 'No cluster is selected by retention_hosts "nobody". The inventory has 1 hosts: correct the pattern, or'
    assert said in " ".join(run.output.split())


def test_by_no_limit_and_no_inventory_either(playbooks: Playbooks, simulator: Start, tmp_path: Path) -> None:
    clusters = fleet(simulator, playbooks, {"prod": {}, "staging": {}})
    (tmp_path / "limit.txt").write_text("prod\n", encoding="utf-8")
    where = tmp_path / "clusters.yml"
    where.write_text("plugin: mongodb_ops.legacy_backup.clusters\n", encoding="utf-8")
    # With a key that is wrong, and no switch to say that this is an error.
    key = {"MONGODB_ATLAS_PRIVATE_API_KEY": "01234567-89ab-cdef-0123-456789abcdef"}
    nothing = {
        'retention_hosts "staging" and --limit "prod"': ("-e", "retention_hosts=staging", "--limit", "prod"),
        'and --limit "@': ("-e", "retention_hosts=staging", "--limit", f"@{tmp_path / 'limit.txt'}"),
        'selected by retention_hosts "".': ("-e", "retention_hosts="),
        # To core, all hosts.
        'selected by retention_hosts ", ".': ("-e", "{retention_hosts: ', '}"),
        'selected by retention_hosts ":".': ("-e", "{retention_hosts: ['', '']}"),
    }
    runs = {said: ran(clusters, "audit", *arguments) for said, arguments in nothing.items()}
    environment = {**clusters.environment, **key}
    said = "The inventory has 0 hosts: read what was said of it above."
    runs[said] = playbooks.run(f"{NAMESPACE}.audit", inventory=where, environment=environment)
    for said, run in runs.items():
        assert run.status != 0, said
        assert not any(task.status == "ok" for task in run.tasks)
        assert said in " ".join([run.output, *(task.message for task in run.tasks)]).replace("\n", " ")


def test_a_blank_pattern_is_not_a_cluster_that_is_called_localhost(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {"localhost": {}})
    for playbook in ("list", "retention"):
        run = ran(clusters, playbook, "-e", "retention_hosts=,")
        assert (run.status, clusters.sim.log.requests) == (2, 0)
        assert 'No cluster is selected by retention_hosts ",".' in " ".join(run.output.split())


def test_some_cluster_is_enough(playbooks: Playbooks, simulator: Start, tmp_path: Path) -> None:
    clusters = fleet(simulator, playbooks, {"prod": {}, "staging": {}})
    (tmp_path / "limit.txt").write_text("prod\n", encoding="utf-8")
    for arguments, host in (
        (("--limit", f"@{tmp_path / 'limit.txt'}"), "prod"),
        (("-e", '{"retention_hosts": ["all", "!prod"]}'), "staging"),
        (("-e", "retention_hosts=staging:prod", "--limit", "!staging"), "prod"),
    ):
        run = ran(clusters, "audit", *arguments)
        assert (run.status, {task.host for task in run.tasks}) == (0, {host}), run.output


def test_a_cluster_without_an_inventory(playbooks: Playbooks, simulator: Start) -> None:
    """The implicit localhost, which no pattern of `all` has."""
    clusters = fleet(simulator, playbooks, {"orders": {}})
    about = clusters.inventory["orders"]
    given = [f"-e{name if name.startswith('retention_') else 'retention_' + name}={about[name]}" for name in about]
    arguments = (f"{NAMESPACE}.audit", *given, "-e", "retention_hosts=localhost")
    run = playbooks.ansible("ansible-playbook", *arguments, environment=clusters.environment)
    assert run.status == 0, run.output
    assert run.applied("localhost").result["counts"]["to_delete"] == REMOVED


# --- the playbook that lists ---


def test_a_list_of_the_snapshots_of_each_cluster(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {"orders": {}, "ledger": {}})
    kept = clusters.sim.world.snapshots(clusters.cluster("orders"))
    clusters.sim.world.hold(clusters.cluster("orders"), kept[3].id)
    for mode in ([], ["--check"]):
        run = ran(clusters, "list", *mode)
        assert (run.status, warned(run), clusters.sim.log.writes) == (0, [], [])
        for host in ("orders", "ledger"):
            title, header, *lines = run.named("Show the snapshots", host).result["msg"]
            assert f"Cluster {clusters.cluster(host).name} of project " in title
            assert header.split() == ["created", "age", "expires", "held", "size", "complete", "id"]
            listed = sorted(clusters.sim.world.snapshots(clusters.cluster(host)), key=lambda one: -one.created)
            assert [line.split()[-1] for line in lines] == [one.id for one in listed]
            held = header.index("held")
            assert [line[held:].startswith("yes") for line in lines].count(True) == (host == "orders")
    assert all(len(line) <= TERMINAL for line in run.stdout.splitlines() if re.match(r' +"20\d\d-', line))


def test_a_list_goes_by_the_variables_of_the_role_and_refuses_other_hosts(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    clusters = fleet(simulator, playbooks, {"orders": {}, "ledger": {}})
    named = f"retention_cluster_name={clusters.cluster('ledger').name}"
    run = ran(clusters, "list", "--limit", "orders", "-e", named)
    assert clusters.cluster("ledger").name in run.named("Show the snapshots").result["msg"][0]
    (tmp_path / "group_vars").mkdir()
    where = tmp_path / "group_vars" / "all.yml"
    where.write_text(yaml.safe_dump({"retention_hosts": "ledger"}), encoding="utf-8")
    clusters.sim.reset_log()
    refused = ran(clusters, "list")
    assert (refused.status, clusters.sim.log.requests) == (2, 0)
    assert "retention_hosts is ledger" in refused.output
