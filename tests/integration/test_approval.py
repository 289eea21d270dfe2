# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan, approve, apply: what was approved is done and nothing else, and what has drifted is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.instants import DAY, HOUR, iso
from simulator.world import World
from tools.environment import atlas_environment
from tools.playbooks import NAMESPACE, Playbooks, Run, options, play, warned

ROLE = f"{NAMESPACE}.retention"
# Of twelve snapshots a day apart this keeps the newest eight.
EIGHT = {"retention_keep_last": "8", "retention_stale_after": "off"}
DOCUMENTED = {
    "retention_keep_within": "2d",
    "retention_keep_within_daily": "7d",
    "retention_keep_within_weekly": "4w",
    "retention_keep_within_monthly": "13mo",
}
# What happens to a host's cluster between plan and apply, by the host's name.
REFUSED = ("held", "dated", "deleted", "altered", "swapped", "unplanned", "blocked", "aged", "unknown digest")
APPLIED = ("gone", "expired", "grown")
HOSTS = (*APPLIED, *REFUSED)


def inventory(world: World, folder: Path) -> dict[str, dict[str, Any]]:
    """One cluster a host."""
    own: dict[str, dict[str, Any]] = {
        "blocked": {"retention_max_delete": "3"},
        "aged": {"retention_plan_max_age": "2h"},
        "unknown digest": {"retention_approved_digest": "0" * 64},
    }
    return {
        name: {
            "project_id": cluster.project_id,
            "cluster_name": cluster.name,
            "retention_plan_dir": str(folder / "plans"),
            **EIGHT,
            **own.get(name, {}),
        }
        for name, cluster in zip(HOSTS, world.clusters.values(), strict=True)
    }


def lines(run: Run, host: str) -> list[str]:
    """The summary."""
    return list(run.applied(host).result["summary"])


def handed_on(run: Run, host: str) -> dict[str, Any]:
    """What a host gave to the jobs that follow."""
    return dict(run.applied(host).result["ansible_stats"]["data"])


def refusal(run: Run, host: str) -> str:
    """Why a host failed; it did so once."""
    (failed,) = (task for task in run.tasks if task.status == "failed" and task.host == host)
    return run.failure(failed)


def ids(world: World, number: int) -> list[str]:
    """The snapshots of the cluster of that place among the hosts, newest first."""
    return [one.id for one in world.snapshots(list(world.clusters.values())[number])]


def meddle(world: World) -> dict[str, str]:
    """What people and the service do between plan and apply; the snapshots concerned, by host."""
    clusters = dict(zip(HOSTS, world.clusters.values(), strict=True))
    newest = {name: ids(world, number) for number, name in enumerate(HOSTS)}
    oldest = {name: found[-1] for name, found in newest.items()}
    world.hold(clusters["held"], oldest["held"])
    world.change(clusters["dated"], oldest["dated"], expires=world.clock.epoch + 30 * DAY)
    world.remove(clusters["deleted"], newest["deleted"][0])
    world.remove(clusters["gone"], oldest["gone"])
    world.remove(clusters["expired"], newest["expired"][7])
    grown = world.add_snapshot(clusters["grown"], world.clock.epoch - HOUR, world.clock.epoch + 900 * DAY)
    return {"held": oldest["held"], "dated": oldest["dated"], "deleted": newest["deleted"][0], "grown": grown.id}


def artifacts(planned: Run, folder: Path) -> str:
    """The artifacts of the plan as the next job of a workflow gets them, one of them tampered with, one exchanged."""
    found = {host: handed_on(planned, host) for host in HOSTS if host != "unplanned"}
    keys = {host: sorted(data) for host, data in found.items()}
    altered = json.loads(found["altered"][keys["altered"][1]])
    altered["rows"][0][altered["columns"].index("action")] = "delete"
    found["altered"][keys["altered"][1]] = json.dumps(altered)
    for key, other in zip(keys["swapped"], keys["gone"], strict=True):
        found["swapped"][key] = found["gone"][other]
    (folder / "artifacts.json").write_text(json.dumps({k: v for data in found.values() for k, v in data.items()}))
    return f"@{folder / 'artifacts.json'}"


def test_what_was_approved_is_applied_and_what_drifted_is_refused(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    world = seeds.fleet(len(HOSTS), 12)
    expiring = ids(world, HOSTS.index("expired"))[7]
    world.change(list(world.clusters.values())[HOSTS.index("expired")], expiring, expires=world.clock.epoch + HOUR)
    sim = simulator(world)
    hosts, env = inventory(world, tmp_path), atlas_environment(sim)
    before = world.state()

    planned = playbooks.run(f"{NAMESPACE}.plan", inventory=hosts, environment=env)

    assert planned.status == 2
    assert warned(planned) == []
    assert (sim.log.writes, world.state()) == ([], before)
    assert refusal(planned, "blocked").startswith(
        "RETENTION BLOCKED: retention_max_delete: 4 snapshots would be removed"
    )
    assert [task.host for task in planned.tasks if task.status == "failed"] == ["blocked"]
    for host in HOSTS:
        digest, plan = sorted(text for text in handed_on(planned, host).values() if isinstance(text, str))
        plan = json.loads(plan)
        result = planned.applied(host).result
        # The file is for people, whole and indented; what is handed on is the same in short.
        text = Path(result["plan_file"]).read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), indent=2) + "\n"
        assert Plan.load(text).digest == Plan.load(plan).digest == digest == result["digest"]
        assert Plan.load(text).dump() == json.loads(text)
        # The summary is the last thing that a host says, but for where its files lie.
        assert lines(planned, host)[-2:] == [f"Digest {digest}", f"Plan: {result['plan_file']}"]
        counts = result["counts"]
        assert (counts["kept"], counts["to_delete"], counts["to_extend"], result["check_mode"]) == (8, 4, 0, True)
        ran = [
            task.name.rpartition(": ")[2] for task in planned.tasks if task.host == host and task.status != "skipped"
        ]
        failing = ["Fail where not everything went as planned"] if host == "blocked" else []
        table = ["Sum up all clusters"] if host == HOSTS[0] else []
        assert ran[-1 - len([*failing, *table]) :] == ["Decide what stays and what goes", *failing, *table]
        assert planned.recap(host)["changed"] == 0
    assert len(list((tmp_path / "plans").glob("*.plan.json"))) == len(HOSTS)
    assert "BLOCKED, nothing was written: " in " ".join(lines(planned, "blocked"))

    sim.clock.advance(hours=3)
    meddled = meddle(world)
    now = {"retention_now": iso(world.clock.epoch), "retention_allow_simulated_now": True}
    arguments = ["-e", artifacts(planned, tmp_path), "-e", json.dumps(now)]
    between = world.state()
    sim.reset_log()

    check = playbooks.run(f"{NAMESPACE}.apply", *arguments, "--check", inventory=hosts, environment=env)

    assert (sim.log.writes, world.state()) == ([], between)
    real = playbooks.run(f"{NAMESPACE}.apply", *arguments, inventory=hosts, environment=env)

    for run in (check, real):
        assert run.status == 2
        assert warned(run) == []
        assert {task.host for task in run.tasks if task.status == "failed"} == set(REFUSED)
        found = {host: refusal(run, host) for host in REFUSED}
        for host in ("held", "dated", "deleted"):
            assert found[host].startswith("RETENTION DRIFT: ")
            assert meddled[host] in found[host]
        assert "do_not_delete was False and is True" in found["held"]
        assert "its expires_at was " in found["dated"]
        assert "is gone, and was to be kept until " in found["deleted"]
        for host in ("altered", "unknown digest"):
            assert found[host].startswith("The approved plan is refused: its digest is ")
        assert "it is for cluster " in found["swapped"]
        assert found["unplanned"].startswith("RETENTION NO PLAN: ")
        assert found["blocked"].startswith("RETENTION BLOCKED: the approved plan is refused: its guard is blocked")
        assert "more than 2h ago" in found["aged"]
        assert {host for host in HOSTS if run.recap(host)["changed"]} == set(APPLIED)
    # What was shown is what was done, in the clusters whose plan was applied and in no other.
    for host, (deleted, gone) in {"gone": (3, 1), "expired": (4, 0), "grown": (4, 0)}.items():
        shown, done = (run.applied(host).result["counts"] for run in (check, real))
        assert (shown["to_delete"], done["deleted"], done["already_gone"]) == (deleted, deleted, gone)
    changed = {HOSTS[number] for number, key in enumerate(world.clusters) if world.state()[key] != between[key]}
    assert changed == set(APPLIED)
    for host, left in {"gone": 8, "expired": 7, "grown": 9}.items():
        assert len(ids(world, HOSTS.index(host))) == left
    assert meddled["grown"] in ids(world, HOSTS.index("grown"))
    # What needs no listing to be refused costs no request.
    asked = {entry.path.split("/clusters/")[1].split("/")[0] for entry in sim.log if "/clusters/" in entry.path}
    names = {host: cluster.name for host, cluster in zip(HOSTS, world.clusters.values(), strict=True)}
    assert asked == {names[host] for host in (*APPLIED, "held", "dated", "deleted", "swapped")}

    done = world.state()
    sim.reset_log()
    again = playbooks.run(
        f"{NAMESPACE}.apply", *arguments, "--limit", ":".join(APPLIED), inventory=hosts, environment=env
    )
    assert (again.status, sim.log.writes, world.state()) == (0, [], done)
    for host in APPLIED:
        # The second run did nothing, and says so.
        counts = again.applied(host).result["counts"]
        assert (again.recap(host)["changed"], counts["deleted"], counts["already_gone"]) == (0, 0, 4)


@pytest.mark.parametrize("more", [{}, {"retention_extend_kept": "true"}], ids=["tidy", "guarantee"])
def test_a_plan_approved_twenty_hours_later_still_applies(
    playbooks: Playbooks, simulator: Start, tmp_path: Path, more: dict[str, str]
) -> None:
    """Under the default schedule, every six hours for two days, some of what was planned for has expired by then."""
    sim = simulator(seeds.replica_set())
    connection = options(sim)
    target = {key: connection.pop(key) for key in ("project_id", "cluster_id")}
    host = {
        **target,
        **DOCUMENTED,
        **more,
        "retention_max_delete": 100,
        "retention_plan_file": str(tmp_path / "plan.json"),
    }

    def include(entry: str, **variables: Any) -> Run:
        task = {"name": entry, "ansible.builtin.include_role": {"name": ROLE, "tasks_from": entry}}
        moment = {"retention_now": iso(sim.clock.epoch), "retention_allow_simulated_now": True}
        return playbooks.run([play([task], connection)], inventory={"orders": {**host, **moment, **variables}})

    # Outside check mode too, planning changes nothing.
    planned = include("plan")
    assert (planned.status, sim.log.writes) == (0, [])
    document = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    approved = {"retention_approved_plan": str(tmp_path / "plan.json"), "retention_approved_digest": document["digest"]}
    before = {one.id for one in sim.world.snapshots(sim.world.main)}
    sim.clock.advance(hours=20)
    there = {one.id for one in sim.world.snapshots(sim.world.main)}
    assert before - there
    assert there - before

    applied = include("apply", **approved)

    assert (applied.status, warned(applied)) == (0, [])
    after = {one.id for one in sim.world.snapshots(sim.world.main)}
    doomed = {one["id"] for one in document["snapshots"] if one["action"] == "delete"}
    assert there - after == doomed & there
    assert doomed
    sim.reset_log()
    # As the document itself, and as JSON.
    for plan in (document, json.dumps(document)):
        again = include("apply", **{**approved, "retention_approved_plan": plan})
        assert (again.status, again.recap("orders")["changed"], sim.log.writes) == (0, 0, [])
    late = include("apply", **approved, retention_now=iso(sim.clock.epoch + int(timedelta(hours=5).total_seconds())))
    assert "more than 24h ago" in refusal(late, "orders")
