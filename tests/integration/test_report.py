# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run: written in check mode too, never a change, and with the numbers of console and artifact."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from tools.fleets import fleet as make_fleet
from tools.fleets import include as include_role
from tools.playbooks import NAMESPACE, Playbooks, Run, options, play, warned

EIGHT = {"retention_keep_last": 8, "retention_stale_after": "off"}


def include(playbooks: Playbooks, sim: Simulator, entry: str, folder: Path, *arguments: str) -> Run:
    """One entry point of the role on the main cluster, with a report."""
    connection = options(sim)
    target = {key: connection.pop(key) for key in ("project_id", "cluster_id")}
    task = {"name": entry, "ansible.builtin.include_role": {"name": f"{NAMESPACE}.retention", "tasks_from": entry}}
    host = {**target, **EIGHT, "retention_report_dir": str(folder)}
    return playbooks.run([play([task], connection)], *arguments, inventory={"orders": host})


def report(folder: Path) -> tuple[dict[str, Any], list[dict[str, str]], str]:
    """The data, the table and the page, which lie beside each other under one name."""
    (data,) = folder.glob("*.json")
    assert {path.name for path in folder.iterdir()} == {
        data.with_suffix(end).name for end in (".json", ".csv", ".html")
    }
    with data.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return json.loads(data.read_text(encoding="utf-8")), rows, data.with_suffix(".html").read_text(encoding="utf-8")


def test_console_artifact_json_and_csv_give_the_same_numbers(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    sim, folder = simulator(seeds.fleet(1, 12, platform="ops_manager")), tmp_path / "reports"
    run = include(playbooks, sim, "audit", folder)
    assert (run.status, warned(run), sim.log.writes, run.recap("orders")["changed"]) == (0, [], [], 0)
    data, rows, page = report(folder)
    numbers = run.applied().result["ansible_stats"]["data"]
    (entry,) = numbers.values()
    lines = run.named("Sum up").result["msg"]
    assert "12 snapshots, 8 to keep, 4 to delete, 0 to extend, 0 held" in lines[2]
    assert lines[-1] == f"Report: {run.applied().result['report']}"
    assert entry["counts"] == data["summary"]["counts"]
    assert data["summary"]["total"] == len(rows) == 12
    assert [row["action"] for row in rows].count("delete") == entry["counts"]["to_delete"] == 4
    assert entry["check_mode"] is data["check_mode"] is True
    assert data["plan"]["digest"] == entry["digest"]
    assert data["summary"]["gaps"] == entry["gaps"]
    assert entry["digest"] in page
    assert data["findings"] == entry["findings"]
    assert data["evidence"]["requests"]["deletes"] == 0
    assert data["since"] is None


def test_a_report_is_written_whatever_the_mode_and_compared_with_the_last(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    sim, folder = simulator(seeds.fleet(1, 12, platform="ops_manager")), tmp_path / "reports"
    check = include(playbooks, sim, "main", folder, "--check")
    assert (check.status, sim.log.writes) == (0, [])
    assert report(folder)[0]["check_mode"] is True
    real = include(playbooks, sim, "main", folder)
    assert (real.status, warned(real)) == (0, [])
    done = report(folder)[0]
    assert done["check_mode"] is False
    assert len(done["outcomes"]) == 4
    again = include(playbooks, sim, "main", folder)
    assert again.recap("orders")["changed"] == 0
    assert len(report(folder)[0]["since"]["gone"]) == 4


def test_a_report_names_the_project_as_the_inventory_does(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    """A name that cannot be told, or that is another project's, costs the name and nothing else."""
    folder = {"retention_report_dir": str(tmp_path / "reports")}
    hosts: dict[str, dict[str, Any]] = {
        "named": {"project_name": "{{ 'Sh' ~ 'op' }}"},
        "undefined": {"project_name": "{{ nowhere.to_be_found }}"},
        "number": {"project_name": 7},
        "other": {
            "project_name": "Elsewhere",
            "project_id": "f" * 24,
            "retention_project_id": "{{ hostvars['named'].project_id }}",
        },
    }
    fleet = make_fleet(simulator, playbooks, {host: {**folder, **own} for host, own in hosts.items()})
    run = fleet.run([{"tasks": [include_role("audit")]}])
    assert (run.status, warned(run)) == (0, []), run.output
    found = {}
    for path in (tmp_path / "reports").glob("*.json"):
        data = json.loads(path.read_text(encoding="utf-8"))
        found[data["plan"]["cluster_name"]] = data["evidence"]["project_name"]
    assert found == {fleet.cluster("named").name: "Shop", **{fleet.cluster(one).name: None for one in list(hosts)[1:]}}
