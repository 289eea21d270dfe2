# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run says of itself (R23), the cluster and the service that it talks to (R24), and the gates of an audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator import seeds
from simulator.exchange import Call
from simulator.fixtures_pytest import Start
from simulator.instants import DAY, HOUR, iso
from tools.fleets import BLOCKED, REMOVED, Fleet, counts, fleet, include, lines, refusal, result, roles
from tools.playbooks import GROUP, NAMESPACE, Playbooks, Run, options

INFO, CHANGE = f"{NAMESPACE}.legacy_snapshot_info", f"{NAMESPACE}.legacy_snapshot"


# --- predictions ---

PREDICTED = [
    (roles(check_mode=True), ()),
    ({"tasks": [include(apply={"check_mode": True})]}, ()),
    (roles(), ("--check",)),
    ({"tasks": [{"block": [include()], "check_mode": True}]}, ()),
]


def test_check_mode_by_any_way_is_told_as_a_prediction(playbooks: Playbooks, simulator: Start) -> None:
    """By a keyword, which ansible_check_mode does not tell of, as by the option; and it passes."""
    clusters = fleet(simulator, playbooks, {"a": {}})
    for play, arguments in PREDICTED:
        run = clusters.run([play], *arguments)
        assert (clusters.sim.log.writes, run.status) == ([], 0)
        assert result(run, "a")["check_mode"] is True
        assert counts(run, "a") == {"kept": 8, "to_delete": REMOVED}
        assert "Nothing was written: " in lines(run, "a")
        assert "deleted" not in lines(run, "a")


@pytest.mark.parametrize(
    "play",
    [
        {"roles": [{"role": f"{NAMESPACE}.retention", "check_mode": False}]},
        roles(check_mode=False),
        {"tasks": [include(apply={"check_mode": False})]},
    ],
    ids=["role", "play", "include"],
)
def test_a_real_run_under_check_is_told_as_one_and_verified(
    playbooks: Playbooks, simulator: Start, play: dict[str, Any]
) -> None:
    clusters = fleet(simulator, playbooks, {"a": {}, "reappearing": {}})
    world, other = clusters.sim.world, clusters.cluster("reappearing")
    oldest = min(world.snapshots(other), key=lambda found: found.created)
    # The service says that it deleted, and has not: only a listing made afterwards tells.
    clusters.sim.faults.after(
        lambda _call: other.snapshots.update({oldest.id: oldest}),
        method="DELETE",
        path=f"/{other.name}/snapshots/{oldest.id}",
    )
    run = clusters.run([play], "--check")
    assert clusters.deleted == dict.fromkeys(clusters.hosts, REMOVED)
    assert result(run, "a")["check_mode"] is False
    assert counts(run, "a") == {"kept": 8, "deleted": REMOVED}
    assert lines(run, "a").count("Done: ") == 1
    assert counts(run, "reappearing") == {"kept": 8, "deleted": REMOVED - 1, "failed": 1}
    assert f"{oldest.id} of {iso(oldest.created)} was reported deleted and is still there" in refusal(
        run, "reappearing"
    )


# --- what this run did ---


def approved(clusters: Fleet, folder: Path) -> dict[str, Any]:
    """The variables that approve what is planned now."""
    plan = {"retention_plan_dir": str(folder)}
    planned = clusters.run([{"tasks": [include("plan", vars=plan)]}])
    digests = [result(planned, host)["digest"] for host in clusters.hosts]
    return {"retention_approved_plan": str(folder), "retention_approved_digest": digests}


def test_a_second_apply_claims_nothing_of_the_first(playbooks: Playbooks, simulator: Start, tmp_path: Path) -> None:
    clusters = fleet(simulator, playbooks, {"whole": {}, "part": {}})
    variables = {**approved(clusters, tmp_path / "plans"), "retention_report_dir": str(tmp_path / "reports")}
    part = clusters.cluster("part")
    oldest = sorted(clusters.sim.world.snapshots(part), key=lambda found: found.created)[:3]
    clusters.sim.world.remove(part, [found.id for found in oldest])
    plays = [{"tasks": [include("apply", vars=variables)]}]
    check, first, second = clusters.run(plays, "--check"), clusters.run(plays), clusters.run(plays)
    assert clusters.deleted == {"whole": REMOVED, "part": 1}
    assert counts(check, "part") == {"kept": 8, "to_delete": 1}
    assert "1 to delete, 3 are already gone" in lines(check, "part")
    assert counts(first, "part") == {"kept": 8, "deleted": 1, "already_gone": 3}
    assert counts(first, "whole") == {"kept": 8, "deleted": REMOVED}
    for host in clusters.hosts:
        assert counts(second, host) == {"kept": 8, "already_gone": REMOVED}
        assert "0 deleted, 4 were already gone" in lines(second, host)
        assert (second.recap(host)["changed"], second.status) == (0, 0)
        # The time of the run, and that of the plan beside it.
        told = result(second, host)
        assert told["now"] > result(first, host)["now"] > told["plan_now"]
        assert told["now"] in lines(second, host)
        assert told["plan_now"] in lines(second, host)


def test_what_the_service_refused_to_delete_is_not_said_to_be_deleted(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {"each": {}, "some": {}, "fine": {}})
    code = "CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY"
    clusters.sim.faults.add(
        "conflict", method="DELETE", path=f"/{clusters.cluster('each').name}/", code=code, times=None
    )
    clusters.sim.faults.add("conflict", method="DELETE", path=f"/{clusters.cluster('some').name}/", code=code, nth=2)
    run = clusters.run([roles()])
    assert counts(run, "each") == {"kept": 8, "failed": REMOVED}
    assert counts(run, "some") == {"kept": 8, "deleted": REMOVED - 1, "failed": 1}
    assert counts(run, "fine") == {"kept": 8, "deleted": REMOVED}
    assert " 0 deleted" in lines(run, "each")
    assert len(result(run, "each")["failures"]) == REMOVED
    assert (run.recap("each")["changed"], run.recap("some")["changed"]) == (0, 1)
    for host in ("each", "some"):
        assert code in refusal(run, host)
        assert "Not everything was done" in lines(run, host)


# --- another cluster, another service ---


def test_a_cluster_that_is_renamed_between_plan_and_batch_is_left_alone(playbooks: Playbooks, simulator: Start) -> None:
    """And so is the one that has its name now."""
    clusters = fleet(simulator, playbooks, {"renamed": {}, "fine": {}, "heir": {"retention_keep_last": 12}})
    one, heir = clusters.cluster("renamed"), clusters.cluster("heir")

    def rename(_call: Call) -> None:
        one.name, heir.name = heir.name, one.name

    # The last that is asked before the batch.
    clusters.sim.faults.after(rename, path=f"/{one.name}/restoreJobs")
    run = clusters.run([roles()], "--limit", "renamed:fine")
    assert [entry.method for entry in clusters.sim.log.writes] == ["DELETE"] * REMOVED
    assert counts(run, "fine")["deleted"] == REMOVED
    assert {len(found.snapshots) for found in (one, heir)} == {12}
    assert result(run, "renamed")["counts"].get("deleted", 0) == 0
    assert one.id in refusal(run, "renamed")


@pytest.mark.parametrize("field", ["clusterId", "groupId"])
def test_a_row_of_another_cluster_stops_the_host(playbooks: Playbooks, simulator: Start, field: str) -> None:
    """In the listing before the plan, and in the reading of the batch."""
    clusters = fleet(simulator, playbooks, {"first": {}, "batch": {}, "fine": {}})
    for host, nth in (("first", 1), ("batch", 2)):
        one = clusters.cluster(host)
        rows = clusters.sim.world.documents(one)
        rows[-1] = {**rows[-1], field: "a" * 24}
        body = json.dumps({"links": [], "results": rows, "totalCount": len(rows)})
        clusters.sim.faults.add("answer_after", path=f"/{one.name}/snapshots$", nth=nth, status=200, body=body)
    run = clusters.run([roles()])
    assert clusters.deleted == {"fine": REMOVED}
    for host in ("first", "batch"):
        assert "a" * 24 in refusal(run, host)


def test_defaults_by_name_reach_the_modules_as_the_users_own_tasks(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    """The environment is prod's, and the defaults are staging's: by module, by group, by both, by `apply:`."""
    prod, staging = (simulator(seeds.fleet(6, 12)) for _number in range(2))
    own = options(staging)
    connection = {name: own[name] for name in ("base_url", "public_key", "private_key")}
    keys = {name: own[name] for name in ("public_key", "private_key")}
    address = {"base_url": own["base_url"]}
    by_name = {INFO: connection, CHANGE: connection}
    ways: dict[str, dict[str, Any]] = {
        "module": roles(module_defaults=by_name),
        "group": roles(module_defaults={GROUP: connection}),
        "apply": {"tasks": [include(apply={"module_defaults": by_name})], "module_defaults": {}},
        "split": roles(module_defaults={GROUP: keys, INFO: {**keys, **address}, CHANGE: {**keys, **address}}),
        "both": roles(module_defaults={GROUP: {**connection, "base_url": prod.url}, **by_name}),
        "block": {
            "module_defaults": {GROUP: {**connection, "base_url": prod.url}},
            "tasks": [{"block": [include()], "module_defaults": by_name}],
        },
    }
    clusters = Fleet(staging, playbooks, {way: {} for way in ways})
    run = clusters.run(
        [{**play, "hosts": way} for way, play in ways.items()], environment=Fleet(prod, playbooks, {}).environment
    )
    assert run.status == 0, run.output
    assert prod.log.requests == 0
    assert clusters.deleted == dict.fromkeys(ways, REMOVED)


DIFFERING: dict[str, dict[str, Any]] = {
    "base_url": {"base_url": "https://elsewhere.invalid"},
    "public_key": {"public_key": "another"},
    "platform": {"platform": "cloud_manager"},
}


def test_modules_with_different_services_or_keys_are_refused(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {**{name: {} for name in DIFFERING}, "same": {}, "one-only": {}})
    plays = [
        roles(hosts=name, ignore_errors=True, module_defaults={GROUP: clusters.connection, CHANGE: more})
        for name, more in DIFFERING.items()
    ]
    # The same said twice is no difference; and what one module is not told is what the other gets otherwise.
    twice = {GROUP: clusters.connection, CHANGE: clusters.connection, INFO: {"timeout": 20}}
    only = {INFO: clusters.connection}
    run = clusters.run(
        [
            *plays,
            roles(hosts="one-only", ignore_errors=True, module_defaults=only),
            roles(hosts="same", module_defaults=twice),
        ],
        environment=clusters.environment,
    )
    assert clusters.deleted == {"same": REMOVED}
    assert clusters.asked == {"same"}
    for name in DIFFERING:
        assert name in refusal(run, name)
        assert "module_defaults" in refusal(run, name)
    assert "private_key" in refusal(run, "one-only")


def test_the_cluster_as_the_role_names_it_wins_over_the_defaults(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {"named": {}, "other": {}})
    other = {"cluster_name": clusters.cluster("other").name}
    defaults = {GROUP: {**clusters.connection, **other}, INFO: {**clusters.connection, **other}}
    defaults[CHANGE] = defaults[INFO]
    run = clusters.run([roles(module_defaults=defaults)], "--limit", "named")
    assert (clusters.deleted, run.status) == ({"named": REMOVED}, 0)


# --- the gates of an audit ---


def test_what_an_audit_fails_for(playbooks: Playbooks, simulator: Start) -> None:
    """Looking is not failing, unless somebody says so; each gate by itself, and each as a survey gives it."""
    young = {"retention_fail_on_finding": ["incomplete"]}
    hosts: dict[str, dict[str, Any]] = {
        "shown": BLOCKED,
        "blocked": {**BLOCKED, "retention_fail_on_blocked": "true"},
        "unblocked": {"retention_fail_on_blocked": True},
        "drift": {"retention_fail_on_drift": "yes"},
        "nothing": {"retention_keep_last": 12, "retention_fail_on_drift": True, "retention_fail_on_blocked": True},
        "list": young,
        "text": {"retention_fail_on_finding": "gap, incomplete"},
        "each": {"retention_fail_on_finding": "all"},
        "others": {"retention_fail_on_finding": ["restore_unlisted", "future"]},
        "off": {"retention_fail_on_finding": ""},
        "false": {"retention_fail_on_finding": False},
        "unknown": {"retention_fail_on_finding": "incomplet"},
    }
    clusters = fleet(simulator, playbooks, hosts)
    for host in ("list", "text", "each", "others", "off"):
        one = clusters.cluster(host)
        clusters.sim.world.add_snapshot(one, clusters.sim.world.clock.epoch - 30 * HOUR, None, complete=False)
    run = clusters.run([{"tasks": [include("audit")]}])
    assert clusters.sim.log.writes == []
    failed = {host for host in hosts if refusal(run, host)}
    assert failed == {"blocked", "drift", "list", "text", "each", "unknown", "false"}
    assert refusal(run, "blocked").startswith("RETENTION BLOCKED: ")
    assert refusal(run, "drift").startswith("RETENTION DRIFT: ")
    for host in ("list", "text", "each"):
        assert refusal(run, host).startswith("RETENTION FINDING: ")
    assert "incomplet' is no code of a finding; they are " in refusal(run, "unknown")
    assert result(run, "shown")["guard"]["blocked"] is True
    assert "BLOCKED" in lines(run, "shown")
    # In a run that writes these variables say nothing.
    assert clusters.run([roles()], "--limit", "nothing:off:others").status == 0


def test_what_is_blocked_fails_everywhere_but_in_an_audit(playbooks: Playbooks, simulator: Start) -> None:
    clusters = fleet(simulator, playbooks, {"a": BLOCKED})
    runs: dict[str, Run] = {
        entry: clusters.run([{"tasks": [include(entry)]}], *mode)
        for entry, mode in (("main", []), ("main", ["--check"]), ("plan", []), ("audit", []))
    }
    assert {entry: run.status for entry, run in runs.items()} == {"main": 2, "plan": 2, "audit": 0}
    assert clusters.sim.log.writes == []


def test_old_backups_do_not_pass_an_audit_of_findings(playbooks: Playbooks, simulator: Start) -> None:
    gate = {"retention_fail_on_finding": "all", "retention_stale_after": "3d"}
    clusters = fleet(simulator, playbooks, {"dead": gate})
    world, one = clusters.sim.world, clusters.cluster("dead")
    newest = sorted(world.snapshots(one), key=lambda found: -found.created)
    world.remove(one, [found.id for found in newest if found.created > world.clock.epoch - 10 * DAY])
    run = clusters.run([{"tasks": [include("audit")]}])
    assert refusal(run, "dead").startswith("RETENTION FINDING: ")
