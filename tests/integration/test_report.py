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
