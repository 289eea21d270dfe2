# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every job template that is shipped, and its inventory, as AWX runs them: with what surveys and credentials send."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from ansible.release import __version__ as ansible_version

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from tools import awx
from tools.awx import Job, Outcome, Runner
from tools.awx_data import PLACE, shipped_objects
from tools.playbooks import Playbooks
from tools.slices import sliced

# Of twelve snapshots a day apart, the newest two days old, these keep the newest seven.
POLICY = {"retention_keep_within": "2d", "retention_keep_within_daily": "7d"}
KEPT = 7
SERVICES = {"ops_manager": "ops-manager", "cloud_manager": "cloud-manager"}


@dataclass
class Fleet:
    """The shipped objects on one AWX, and one service behind them."""

    objects: dict[str, Any]
    sim: Simulator
    runner: Runner
    inputs: dict[str, Any]  # of the credential, blanks and all
    variables: dict[str, Any] = field(default_factory=dict)  # of the inventory
    slices: int = 1
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    jobs: dict[str, list[Job]] = field(default_factory=dict)

    @cached_property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """The clusters, as an update of the inventory finds them."""
        (source,) = self.objects["legacy_backup_inventory_sources"]
        place = self.runner.private_data_dir()
        return self.runner.update(source, awx.rendered(self._credential_type(), self.inputs, place), place)

    def template(self, name: str) -> dict[str, Any]:
        return next(one for one in self.objects["legacy_backup_job_templates"] if one["name"] == name)

    def launch(self, name: str, answers: Mapping[str, Any], job_type: str | None = None) -> list[Job]:
        """The jobs of a template, one a slice, all at once."""
        return self._run(self.template(name), awx.launch_variables(self.template(name), answers), job_type)

    def walk(self, answers: Mapping[str, Any], is_approved: bool) -> list[str]:
        """The workflow, with answers to its survey. What ran before is not run again: only the approval is new."""
        (workflow,) = self.objects["legacy_backup_workflows"]
        told = awx.launch_variables(workflow, answers)

        def run(node: Mapping[str, Any], artifacts: dict[str, Any]) -> Outcome:
            if "approval_node" in node:
                return is_approved, {}
            name = node["identifier"]
            if name not in self.outcomes:
                template = self.template(node["unified_job_template"])
                variables = awx.launch_variables(template, node.get("extra_data"), artifacts, told)
                self.jobs[name] = self._run(template, variables)
                own = awx.merged(*(job.artifacts for job in self.jobs[name]))
                self.outcomes[name] = (all(job.succeeded for job in self.jobs[name]), own)
            return self.outcomes[name]

        return awx.walk(_linked(workflow["simplified_workflow_nodes"]), run)

    def failures(self, name: str) -> dict[str, str]:
        return awx.merged(*(job.failures for job in self.jobs[name]))

    def left(self) -> dict[str, int]:
        """How many snapshots each cluster has."""
        return {one.name: len(self.sim.world.snapshots(one)) for one in self.sim.world.clusters.values()}

    def _run(self, template: dict[str, Any], variables: Mapping[str, Any], job_type: str | None = None) -> list[Job]:
        parts = sliced(self.hosts, self.slices)
        places = [self.runner.private_data_dir() for _part in parts]
        told = [awx.rendered(self._credential_type(), self.inputs, place) for place in places]

        def run(number: int) -> Job:
            return self.runner.run(
                template, parts[number], variables, told[number], places[number], self.variables, job_type
            )

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(run, range(len(parts))))

    def _credential_type(self) -> dict[str, Any]:
        kind = "public_key" if "public_key" in self.inputs else "client_id"
        types = self.objects["legacy_backup_credential_types"]
        (found,) = [one for one in types if kind in [own["id"] for own in one["inputs"]["fields"]]]
        return dict(found)


def _linked(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Nodes with their links as AWX has them."""
    return [
        {**node, "related": {"success_nodes": [{"identifier": one} for one in node.get("success_nodes", [])]}}
        for node in nodes
    ]


def fleet(playbooks: Playbooks, sim: Simulator, **more: Any) -> Fleet:
    objects = shipped_objects(playbooks)
    runner = Runner(playbooks.folder, playbooks.collections, playbooks.collections / PLACE / "templates" / "project")
    return Fleet(objects, sim, runner, **more)


def api_key(sim: Simulator, **more: Any) -> dict[str, Any]:
    """A credential of a key, as somebody fills in the form: what is not needed stays blank."""
    owner = sim.world.keys["owner"]
    platform = sim.world.projects[sim.world.main.project_id].platform
    blank = {"project_id": "", "ca_certificate": "", "skip_verify": False}
    keys = {
        "service": SERVICES[platform],
        "public_key": owner.id,
        "private_key": owner.secret,
        "base_url": f"{sim.url}/",
    }
    return {**blank, **keys, **more}


def artifacts_of(made: Fleet, name: str, kind: str) -> dict[str, Any]:
    return {key: value for key, value in made.outcomes[name][1].items() if key.startswith(f"retention_{kind}_")}


def assert_no_secret(made: Fleet, secret: str) -> None:
    """In nothing that AWX keeps of a job."""
    kept = list(made.runner.folder.glob("job-*/artifacts/**/*.*")) + list(
        made.runner.folder.glob("job-*/artifacts/**/stdout")
    )
    assert kept
    assert [path for path in kept if path.is_file() and secret in path.read_text(encoding="utf-8")] == []


def test_an_inventory_update_needs_the_collection_in_the_image(playbooks: Playbooks, simulator: Start) -> None:
    """Jobs find what a project's requirements have installed. Updates of AWX 24.6 do with ansible-core before 2.19."""
    sim = simulator(seeds.fleet(1, 12, platform="ops_manager"))
    made = fleet(playbooks, sim, inputs=api_key(sim), variables=POLICY)
    hosts = made.hosts
    (playbooks.folder / "image").mkdir()
    made.runner = Runner(
        playbooks.folder / "image", playbooks.folder / "nothing", made.runner.project, playbooks.collections
    )
    (job,) = made.launch("Legacy backup audit", {})
    assert (job.status, next(iter(job.artifacts.values()))["counts"]["kept"]) == ("successful", KEPT)
    del made.hosts
    if tuple(map(int, ansible_version.split(".")[:2])) < (2, 19):
        assert made.hosts == hosts
    else:
        with pytest.raises(RuntimeError, match=r"unknown plugin 'mongodb_ops\.legacy_backup\.clusters'"):
            len(made.hosts)


def test_the_workflow_sliced_over_https_with_every_question_answered(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    """Ops Manager with an API key, its authority in the credential, and answers as strings."""
    world = seeds.fleet(3, 12, platform="ops_manager")
    sim = simulator(world, https=True)
    before = world.state()
    assert sim.ca_path is not None
    authority = Path(sim.ca_path).read_text(encoding="utf-8")
    made = fleet(playbooks, sim, inputs=api_key(sim, ca_certificate=authority), slices=2)
    answers = {
        **POLICY,
        "retention_keep_within_weekly": "1w",
        "retention_keep_within_monthly": "1mo",
        "retention_timezone": "Europe/Berlin",
        "retention_method": "delete",
        "retention_max_delete": "6",
        "retention_max_delete_percent": "60",
        "retention_plan_max_age": "4h",
        "retention_max_fail_percentage": "50",
        "retention_report_dir": str(tmp_path / "reports"),
    }
    (workflow,) = made.objects["legacy_backup_workflows"]
    assert {one["variable"] for one in workflow["survey_spec"]["spec"]} == set(answers)

    # Denied: nothing is applied.
    assert made.walk(answers, is_approved=False) == ["audit", "plan", "approval"], made.jobs["audit"][0].stdout
    assert (sim.log.writes, world.state()) == ([], before)
    assert [job.changed for name in ("audit", "plan") for job in made.jobs[name]] == [{}] * 4
    assert {key[-16:] for key in artifacts_of(made, "plan", "plan")} == {
        key[-16:] for key in artifacts_of(made, "audit", "audit")
    }
    assert len(artifacts_of(made, "plan", "plan")) == len(artifacts_of(made, "plan", "digest")) == 3
    doomed = sum(one["counts"]["to_delete"] for one in artifacts_of(made, "audit", "audit").values())
    assert doomed > 3

    # Approved: what was planned is done, and a look at it finds nothing more to do.
    assert made.walk(answers, is_approved=True) == ["audit", "plan", "approval", "apply", "verify"]
    assert sum(made.left().values()) == 3 * 12 - doomed
    assert [entry.method for entry in sim.log.done_writes] == ["DELETE"] * doomed
    assert {host for job in made.jobs["apply"] for host in job.changed} == set(made.hosts)
    assert [one["counts"]["to_delete"] for one in artifacts_of(made, "verify", "audit").values()] == [0, 0, 0]
    assert len(list((tmp_path / "reports").glob("retention-*.html"))) == 3
    assert_no_secret(made, world.keys["owner"].secret)


def test_the_workflow_with_nothing_answered_stops_at_drift(playbooks: Playbooks, simulator: Start) -> None:
    """Cloud Manager with an API key; what nobody answers the inventory says."""
    world = seeds.fleet(3, 12, platform="cloud_manager")
    sim = simulator(world)
    # A word that YAML takes for false, on its way from job to job.
    made = fleet(playbooks, sim, inputs=api_key(sim), variables={**POLICY, "retention_stale_after": "off"})

    assert made.walk({}, is_approved=False) == ["audit", "plan", "approval"], made.jobs["audit"][0].stdout
    held, *others = world.clusters.values()
    world.hold(held, world.snapshots(held)[-1].id)
    between = world.state()
    assert made.walk({}, is_approved=True) == ["audit", "plan", "approval", "apply"]

    (host,) = made.failures("apply")
    assert host.endswith(f".{held.name}")
    assert made.failures("apply")[host].startswith("RETENTION DRIFT: ")
    assert world.state()[held.id] == between[held.id]
    assert made.left() == {held.name: 12, **{one.name: KEPT for one in others}}

    # The template that does all in one: first as a dry run, then in earnest.
    name = made.objects["legacy_backup_job_templates"][3]["name"]
    sim.reset_log()
    (dry,) = made.launch(name, {}, job_type="check")
    assert (dry.status, sim.log.writes) == ("successful", [])
    (earnest,) = made.launch(name, {})
    assert earnest.status == "successful"
    assert dry.changed == earnest.changed == {host: 1}
    # What is under way is an event of its own, so that a page of AWX shows it before the task has ended.
    told = [event["stdout"] for event in earnest.events if event["event"] == "verbose"]
    assert [line for line in told if host in line and "changes done" in line]
    assert made.left() == {held.name: KEPT + 1, **{one.name: KEPT for one in others}}


def test_the_workflow_with_blanks_for_answers(playbooks: Playbooks, simulator: Start) -> None:
    """Atlas with a service account, and "" for whatever a survey asks, as the API can send it, if not the page."""
    world = seeds.fleet(3, 12, platform="atlas")
    sim = simulator(world)
    account = world.keys["service_account"]
    inputs = {"client_id": account.id, "client_secret": account.secret, "project_id": "", "base_url": sim.url}
    made = fleet(playbooks, sim, inputs=inputs, variables=POLICY)
    questions = [one for each in made.objects["legacy_backup_job_templates"] for one in each["survey_spec"]["spec"]]
    blank = {question["variable"]: "" for question in questions}

    # A policy of blanks is refused before any request: it would keep nothing.
    assert len(made.hosts) == 3
    sim.reset_log()
    audit, *_others, retention = (one["name"] for one in made.objects["legacy_backup_job_templates"])
    (refused,) = made.launch(audit, blank)
    assert refused.status == "failed"
    assert all("policy: keeps nothing" in message for message in refused.failures.values())
    assert sim.log.requests == 0

    blank.update(POLICY)
    assert made.walk(blank, is_approved=True) == ["audit", "plan", "approval", "apply", "verify"]
    assert set(made.left().values()) == {KEPT}
    sim.reset_log()
    (again,) = made.launch(retention, blank)
    assert (again.status, again.changed, sim.log.writes) == ("successful", {}, [])
    assert_no_secret(made, account.secret)
