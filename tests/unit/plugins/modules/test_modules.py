# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two modules whole, as Ansible runs them: options in, one JSON result out, no secret in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._processes import describe
from ansible_collections.mongodb_ops.legacy_backup.plugins.modules import legacy_snapshot, legacy_snapshot_info

from simulator import seeds
from simulator.fixtures_pytest import Start
from unit.plugins.clients import world
from unit.plugins.modules.runner import Runner

LATER = "2099-06-01T00:00:00Z"


# --- listing ---


@pytest.mark.parametrize("platform", ["v2", "cloud_manager", "ops_manager"])
def test_a_listing(runner: Runner, simulator: Start, platform: str) -> None:
    runner.sim = simulator(world(platform))
    found = runner(legacy_snapshot_info, gather=["parts", "schedule", "restore_jobs"])
    assert not found["changed"]
    assert (found["total"], len(found["snapshots"])) == (19, 19)
    assert len(found["restore_jobs"]) == 3
    assert found["cluster_id"] == runner.sim.world.main.id


@pytest.mark.parametrize(
    "name", ["created_after", "created_before", "expires_after", "expires_before", "do_not_delete"]
)
def test_an_id_excludes_the_filters(run: Runner, name: str) -> None:
    more: dict[str, Any] = {name: "true" if name == "do_not_delete" else "2026-01-01"}
    found = run(legacy_snapshot_info, snapshot_id="f" * 24, **more)
    assert found["failed"]
    assert "mutually exclusive" in found["msg"]


# --- changing ---


def test_requests_are_told_when_asked_for_alone(run: Runner) -> None:
    assert run.sim is not None
    marks = run.sim.world.marks
    ask: dict[str, Any] = {"snapshot_id": marks["plain_0"], "expires_at": "2035-01-01", "tell_requests": True}
    checked = run(legacy_snapshot, check=True, **ask)["requests"]
    done = run(legacy_snapshot, **ask)["requests"]
    assert done["patches"] == checked["patches"] + 1 == 1
    assert done["gets"] == checked["gets"] == 2
    assert (done["deletes"], done["posts"], done["base_url"]) == (0, 0, run.sim.url)
    assert done["first"] <= done["last"]
    assert "requests" not in run(legacy_snapshot, **{**ask, "tell_requests": False})


def test_a_failure_still_tells_what_was_done(run: Runner) -> None:
    assert run.sim is not None
    marks = run.sim.world.marks
    items = [{"id": marks["plain_9"]}, {"snapshot_id": marks["held"]}]
    found = run(legacy_snapshot, snapshots=items, state="absent", diff=True)
    assert (found["failed"], found["changed"]) == (True, True)
    assert [row["action"] for row in found["outcomes"]] == ["deleted", "failed"]
    assert found["error"] == {"status": None, "code": "HELD", "detail": found["outcomes"][1]["error"]["detail"]}
    assert found["msg"].startswith("Cluster ladder: 1 of 2 snapshots failed; 0 updated, 1 deleted, 0 not tried.")
    assert len(found["diff"]) == 1


@pytest.mark.parametrize("check", [True, False])
def test_an_auditor_gets_through_in_check_mode_alone(runner: Runner, simulator: Start, check: bool) -> None:
    runner.sim, runner.key = simulator(world()), "auditor"
    found = runner(legacy_snapshot, check=check, snapshot_id=runner.sim.world.marks["plain_1"], state="absent")
    assert (found["changed"], found.get("failed", False), found["check_mode"]) == (check, not check, check)
    if not check:
        assert "delegate_to" in found["msg"] or "Project Owner" in found["msg"]
    assert runner.sim.log.done_writes == []


@pytest.mark.parametrize("answered", [False, True])
def test_a_role_tells_its_later_tasks_that_the_service_has_answered(run: Runner, answered: bool) -> None:
    assert run.sim is not None
    run.sim.hang_up()
    found = run(legacy_snapshot_info, service_has_answered=answered, retry_timeout=100)
    assert found["failed"]
    end = (
        "retry_timeout (100 s) is used up." if answered else "retry_timeout is for a service that has answered before."
    )
    assert found["msg"].endswith(end)
    assert (sum(run.time.waits) > 90) is answered


def test_a_call_that_ends_before_its_time_fails_and_says_why(run: Runner) -> None:
    assert run.sim is not None
    marks = run.sim.world.marks
    (own,) = describe([os.getpid()])
    ask: dict[str, Any] = {"snapshots": [{"id": marks["plain_9"]}, {"id": marks["plain_8"]}], "state": "absent"}
    ask["concurrency"] = 1
    found = run(legacy_snapshot, **ask, while_running=[{**own, "started": own["started"] - 1}])
    assert (found["failed"], found["changed"], found["error"]["code"]) == (True, False, "PROCESS_ENDED")
    assert [row["action"] for row in found["outcomes"]] == ["not_tried", "not_tried"]
    assert found["msg"].startswith(
        "Cluster ladder: 0 of 2 snapshots failed; 0 updated, 0 deleted, 2 not tried. Process"
    )
    assert run.sim.log.writes == []

    def pass_by(_call: Any) -> None:
        run.time.now += 40

    run.sim.faults.after(pass_by, method="DELETE", authorised=True)
    found = run(legacy_snapshot, **ask, while_running=[own], time_limit=30)
    assert (found["failed"], found["changed"], found["error"]["code"]) == (True, True, "TIME_LIMIT")
    assert [row["action"] for row in found["outcomes"]] == ["deleted", "not_tried"]
    assert "time_limit is 0" in run(legacy_snapshot, **ask, time_limit=0)["msg"]


@pytest.mark.parametrize(
    ("mark", "code", "option"), [("plain_0", "NEWEST", "unless_newest"), ("restoring", "RESTORING", "unless_restoring")]
)
def test_by_default_the_newest_and_what_a_restore_uses_is_left_alone(
    run: Runner, mark: str, code: str, option: str
) -> None:
    assert run.sim is not None
    ask: dict[str, Any] = {"snapshot_id": run.sim.world.marks[mark], "state": "absent"}
    found = run(legacy_snapshot, **ask)
    assert (found["failed"], found["error"]["code"]) == (True, code)
    assert f"To do it all the same, set {option} to false." in found["msg"]
    assert run.sim.log.writes == []
    assert run(legacy_snapshot, **ask, **{option: False})["changed"]


# --- blanks, nulls and other input ---


def test_blank_options_are_not_given(run: Runner) -> None:
    """What AWX and templates leave empty: "" and null count as not given, in items too."""
    assert run.sim is not None
    marks = run.sim.world.marks
    names = "platform api_version validate_certs timeout retry_timeout ca_path proxy cluster_id client_id client_secret"
    dates = ("created_after", "created_before", "expires_after", "expires_before")
    item = {"snapshot_id": marks["plain_0"], "state": None, "expires_at": "", "do_not_delete": None}
    for blank in ("", None):
        options: dict[str, Any] = dict.fromkeys(names.split(), blank)
        listed = run(
            legacy_snapshot_info, **options, **dict.fromkeys(dates, blank), limit=blank, completeness=blank, gather=None
        )
        assert (listed["filtered"], listed["truncated"], listed["completeness"]) == (False, False, "complete")
        assert listed["snapshots"][0]["parts"] is not None
        options |= dict.fromkeys(["snapshot_id", "do_not_delete", "concurrency", "unless_restoring", "state"], blank)
        done = run(legacy_snapshot, **options, snapshots=[{**item, "allow_past_expiry": blank}], expires_at=LATER)
        assert done["outcomes"][0]["action"] == ("updated" if blank == "" else "unchanged")
        # A list that somebody's filter left empty is nothing to do.
        assert run(legacy_snapshot, **options, snapshots=[], expires_at=LATER)["outcomes"] == []
    done = run(legacy_snapshot, snapshot_id=marks["plain_1"], snapshots=None, state="absent", expires_at="")
    assert done["outcomes"][0]["action"] == "deleted"


def test_our_own_refusal_of_options_has_an_error_of_the_same_shape(run: Runner) -> None:
    found = run(legacy_snapshot_info, limit=0)
    assert found["error"] == {"status": None, "code": None, "detail": found["msg"]}


def test_an_answer_of_the_service_is_msg_and_error(run: Runner) -> None:
    found = run(legacy_snapshot_info, cluster_name="nobody")
    assert found["error"]["code"] == "CLUSTER_NOT_FOUND"
    assert found["error"]["status"] == 404
    assert "Check cluster_name" in found["msg"]


# --- warnings ---


def test_retries_are_one_warning(run: Runner) -> None:
    assert run.sim is not None
    run.sim.faults.add("rate_limited", retry_after=4, times=2)
    assert run(legacy_snapshot_info)["total"] == 19
    assert run.warnings == ["waited 8 s in 2 retries; last: 429 RATE_LIMITED"]


def test_retries_are_told_also_when_it_fails(run: Runner) -> None:
    assert run.sim is not None
    run.sim.faults.add("rate_limited", retry_after=4, times=None)
    found = run(legacy_snapshot_info, retry_timeout=10)
    assert found["failed"]
    assert run.warnings == ["waited 10 s in 3 retries; last: 429 RATE_LIMITED"]


def test_certificates_that_are_not_checked_are_one_warning(runner: Runner, https_simulator: Start) -> None:
    runner.sim = https_simulator(world("ops_manager"))
    assert runner(legacy_snapshot_info, validate_certs=False)["total"] == 19
    assert runner.warnings == [
        "Certificates are not validated (validate_certs): anybody on the way can pose as the service."
    ]
    assert runner(legacy_snapshot_info, ca_path=runner.sim.ca_path)["total"] == 19
    assert "The certificate is not trusted" in runner(legacy_snapshot_info)["msg"]


# --- requests is not there ---


@pytest.mark.parametrize("name", ["legacy_snapshot", "legacy_snapshot_info"])
def test_without_requests_the_usual_message_tells(name: str) -> None:
    code = (
        "import sys; sys.modules['requests'] = None\n"
        "from ansible.module_utils import basic\n"
        "basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.argv[1].encode(), 'legacy'\n"
        f"from ansible_collections.mongodb_ops.legacy_backup.plugins.modules import {name} as module\n"
        "module.main()\n"
    )
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"snapshot_id": "f" * 24}})
    command = [sys.executable, "-c", code, arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    found = json.loads(done.stdout)
    assert found["failed"]
    # Which package, which interpreter, and what an execution environment needs.
    assert "Failed to import the required Python library (requests)" in found["msg"]
    assert f"'s Python {sys.executable}. Please read the module documentation" in found["msg"]
    assert "name this collection under dependencies.galaxy of its definition" in found["msg"]
    assert "or put requests under dependencies.python." in found["msg"]


def test_the_time_of_a_task_is_the_real_one(runner: Runner, simulator: Start) -> None:
    runner.sim = simulator(seeds.ladder())
    wanted = runner.sim.world.marks["plain_0"]
    found = runner(legacy_snapshot, snapshot_id=wanted, expires_at="2026-01-01")
    assert found["error"]["code"] == "PAST_EXPIRY"
    assert runner(legacy_snapshot, snapshot_id=wanted, expires_at=LATER)["changed"]
