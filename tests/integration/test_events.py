# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events of large jobs: ansible-runner, and so AWX, leaves the result out of an event that is too long."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simulator import seeds
from simulator.fixtures_pytest import Start
from tools.awx import Job, Runner
from tools.playbooks import NAMESPACE

LONGEST = 100_000
LIMITS = {"retention_max_delete": -1, "retention_max_delete_percent": 100, "retention_pit_window": "off"}
WAYS: dict[str, dict[str, Any]] = {
    "delete": {"retention_keep_last": 100},
    "expire": {"retention_method": "expire", "retention_keep_within": "100h"},
}


def results(job: Job) -> dict[str, dict[str, Any]]:
    """What the role's tasks returned, by their names. No result of any task is empty."""
    found: dict[str, dict[str, Any]] = {}
    for event in job.events:
        data = event.get("event_data", {})
        if event["event"] in ("runner_on_ok", "runner_on_failed"):
            assert data["res"], f"the event of {data['task']} is empty"
            found[data["task"]] = data["res"]
    return found


def sizes(found: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """How long each is without its difference and what it publishes."""
    left_out = ("diff", "ansible_stats")
    return {
        name: len(json.dumps({key: value for key, value in result.items() if key not in left_out}))
        for name, result in found.items()
    }


@pytest.mark.parametrize(("way", "diff_mode"), [("delete", True), ("expire", False)])
def test_no_event_is_empty(simulator: Start, tmp_path: Path, collections: Path, way: str, diff_mode: bool) -> None:
    """A thousand snapshots and nine hundred changes, in each job template's playbook."""
    sim = simulator(seeds.many(1000))
    cluster, owner = sim.world.main, sim.world.keys["owner"]
    hosts = {"load": {"project_id": cluster.project_id, "cluster_id": cluster.id}}
    environment = {
        "MCLI_SERVICE": "ops-manager",
        "MCLI_OPS_MANAGER_URL": sim.url,
        "MCLI_PUBLIC_API_KEY": owner.id,
        "MCLI_PRIVATE_API_KEY": owner.secret,
    }
    project = collections.joinpath("ansible_collections", *NAMESPACE.split("."), "playbooks", "templates", "project")
    (tmp_path / "jobs").mkdir()
    runner = Runner(tmp_path / "jobs", collections, project)

    def run(name: str, job_type: str = "run", **variables: Any) -> tuple[Job, dict[str, dict[str, Any]]]:
        template = {"name": name, "playbook": f"{name}.yml", "diff_mode": diff_mode}
        job = runner.run(template, hosts, variables, environment, job_type=job_type)
        assert job.succeeded, job.stdout[-3000:]
        found = results(job)
        assert {task for task, size in sizes(found).items() if size >= LONGEST} == set()
        return job, found

    policy = {**WAYS[way], **LIMITS}
    for name in ("audit", "retention"):
        _job, found = run(name, "check", **policy)
        shown = max(len(result.get("diff", ())) for result in found.values())
        assert shown == (301 if diff_mode else 0), name
    planned, _found = run("plan", **policy)
    _applied, found = run("apply", **planned.artifacts)
    (counts,) = [result["counts"] for task, result in found.items() if task.endswith("Apply what was released")]
    assert counts["deleted"] + counts["shortened"] >= 890
