# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check, do, again, undo: every step of both modules on three dialects, with both ways to authenticate."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from simulator import seeds, tokens
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from tools.playbooks import Playbooks, Run, facts, options, play, task, warned

DIALECTS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "atlas-v2-key": ("atlas", "owner", {}),
    "atlas-v2-account": ("atlas", "service_account", {}),
    "atlas-v1-key": ("atlas", "owner", {"api_version": "v1.0"}),
    "cloud-manager-key": ("cloud_manager", "owner", {}),
    "cloud-manager-account": ("cloud_manager", "service_account", {}),
    "ops-manager-key": ("ops_manager", "owner", {}),
}
LATER = "2035-01-01T00:00:00Z"
GATHER = {"completeness": "all", "gather": ["parts", "schedule", "restore_jobs"]}


@dataclass(frozen=True)
class Step:
    """What is asked, what becomes of it, and what takes it back (a deletion nothing does)."""

    name: str
    asked: dict[str, Any]
    actions: list[str]
    undo: dict[str, Any] = field(default_factory=dict)


def steps(sim: Simulator) -> list[Step]:
    """What is done one after the other; each is tried in check mode, done, done again, and taken back."""
    marks = sim.world.marks
    one, two, three, held = marks["plain_0"], marks["plain_1"], marks["plain_2"], marks["held"]
    expiry = {row["id"]: row.get("expires") for row in sim.world.documents(sim.world.main)}
    back = {name: {"snapshot_id": name, "do_not_delete": False, "expires_at": expiry[name]} for name in (one, two)}
    return [
        Step("date one", {"snapshot_id": one, "expires_at": "2035-01-01"}, ["updated"], back[one]),
        Step("hold it", {"snapshot_id": one, "do_not_delete": True}, ["updated"], back[one]),
        Step(
            "date, hold, release and delete",
            {
                "expires_at": LATER,
                "concurrency": 2,
                "snapshots": [
                    {"snapshot_id": two},
                    {"snapshot_id": one, "do_not_delete": True},
                    {"snapshot_id": three, "state": "absent"},
                    {"snapshot_id": held, "do_not_delete": False},
                ],
            },
            ["updated", "updated", "deleted", "updated"],
            {"snapshots": [back[two], back[one], {"snapshot_id": held, "do_not_delete": True}]},
        ),
        Step(
            "delete what expired and what is not there",
            {"state": "absent", "snapshots": [{"snapshot_id": marks["expired"]}, {"snapshot_id": three}]},
            ["deleted", "absent"],
        ),
    ]


def ladder(sim: Simulator) -> list[dict[str, Any]]:
    """The tasks of one play: a listing, then each step is checked, done, done again and undone."""
    tasks = [
        task("list (check)", "legacy_snapshot_info", GATHER, check_mode=True),
        task("list (do)", "legacy_snapshot_info", GATHER),
    ]
    for step in steps(sim):
        tasks.append(task(f"{step.name} (check)", "legacy_snapshot", step.asked, check_mode=True, diff=True))
        tasks.append(task(f"{step.name} (do)", "legacy_snapshot", step.asked, diff=True))
        tasks.append(task(f"{step.name} (again)", "legacy_snapshot", step.asked, diff=True))
        if step.undo:
            tasks.append(task(f"{step.name} (undo)", "legacy_snapshot", step.undo, diff=True))
    return tasks


def assert_step_held(run: Run, step: Step) -> None:
    check, do, again = (run.named(f"{step.name} ({rung})") for rung in ("check", "do", "again"))
    assert facts(check) == facts(do)
    assert do.actions == step.actions
    assert do.result["changed"] is True
    assert len(do.result["diff"]) == sum(action in ("updated", "deleted") for action in step.actions)
    assert again.result["changed"] is False
    assert again.result["diff"] == []
    assert set(again.actions) <= {"unchanged", "absent"}
    # What the first left behind is what the second found.
    assert [one["after"] for one in do.result["outcomes"]] == [one["before"] for one in again.result["outcomes"]]
    if step.undo:
        undo = run.named(f"{step.name} (undo)")
        assert set(undo.actions) == {"updated"}
        before = {one["id"]: one["before"] for one in do.result["outcomes"]}
        assert all(one["after"] == before[one["id"]] for one in undo.result["outcomes"])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ladder(playbooks: Playbooks, simulator: Start, monkeypatch: pytest.MonkeyPatch, dialect: str) -> None:
    # Each task asks for a token of its own: more than ten a minute, which has a test of its own below.
    monkeypatch.setattr(tokens, "LIMIT", 1000)
    platform, who, more = DIALECTS[dialect]
    sim = simulator(seeds.ladder(platform=platform))
    before, asked = sim.world.state()[sim.world.main.id], steps(sim)

    run = playbooks.run([play(ladder(sim), options(sim, who, **more))])

    assert run.status == 0, run.output
    assert run.warnings == []
    for step in asked:
        assert_step_held(run, step)
    assert facts(run.named("list (check)")) == facts(run.named("list (do)"))
    assert {row["id"] for row in run.named("list (do)").result["snapshots"]} == set(before)
    # All that could be undone was: only the two that were deleted are missing.
    deleted = {sim.world.marks["plain_2"], sim.world.marks["expired"]}
    assert sim.world.state()[sim.world.main.id] == {key: one for key, one in before.items() if key not in deleted}
    # Five changes and as many undone (one and one of one; three), two deletions, and nothing by a check.
    assert [entry.method for entry in sim.log.done_writes].count("PATCH") == 10
    assert [entry.method for entry in sim.log.done_writes].count("DELETE") == 2
    assert len(sim.log.writes) == 12


def command_line_tasks(marks: dict[str, str]) -> list[dict[str, Any]]:
    """Tasks that do not touch each other's snapshots, so that a check run of all shows what a real run does."""
    return [
        task("list", "legacy_snapshot_info", GATHER),
        task("date", "legacy_snapshot", {"snapshot_id": marks["plain_0"], "expires_at": LATER}),
        task(
            "many",
            "legacy_snapshot",
            {
                "snapshots": [
                    {"snapshot_id": marks["plain_1"], "do_not_delete": True},
                    {"snapshot_id": marks["held"], "do_not_delete": False, "expires_at": LATER},
                    {"snapshot_id": marks["plain_2"], "state": "absent"},
                ]
            },
        ),
        task(
            "half of it",
            "legacy_snapshot",
            {
                "state": "absent",
                "snapshots": [{"snapshot_id": marks["incomplete"]}, {"snapshot_id": marks["plain_3"]}],
            },
            ignore_errors=True,
        ),
    ]


@pytest.mark.parametrize("platform", ["atlas", "ops_manager"])
def test_command_line_check_is_the_real_run_without_a_write(
    playbooks: Playbooks, simulator: Start, platform: Any
) -> None:
    sim = simulator(seeds.ladder(platform=platform))
    plays = [play(command_line_tasks(sim.world.marks), options(sim))]
    before = sim.world.state()
    golden = diff_of(sim)

    check = playbooks.run(plays, "--check", "--diff")
    assert check.status == 0, check.output
    assert sim.log.writes == []
    assert sim.world.state() == before

    real = playbooks.run(plays, "--diff")
    assert real.status == 0, real.output
    assert len(sim.log.writes) == len(sim.log.done_writes) == 5

    for one, other in zip(check.tasks, real.tasks, strict=True):
        assert (one.name, one.status, facts(one)) == (other.name, other.status, facts(other))
    assert check.recap("localhost") == real.recap("localhost")
    assert check.named("half of it").actions == ["failed", "deleted"]
    for run in (check, real):
        assert warned(run) == []
        assert printed(run, "date") + printed(run, "many") == golden

    again = playbooks.run(plays, "--diff")
    assert again.recap("localhost")["changed"] == 0
    assert "--- before" not in again.stdout
    assert len(sim.log.writes) == 5


def printed(run: Run, name: str) -> str:
    """What a task printed, up to the line that says how it went."""
    match = re.search(rf"^TASK \[{name}\] \**\n(.*?)^changed: \[localhost\]$", run.stdout, re.DOTALL | re.MULTILINE)
    assert match is not None, run.stdout
    return match.group(1)


def diff_of(sim: Simulator) -> str:
    """What the tasks `date` and `many` print with --diff, dates and sizes as the service has them."""
    marks, rows = sim.world.marks, {row["id"]: row for row in sim.world.documents(sim.world.main)}
    one, two, held = marks["plain_0"], marks["plain_1"], marks["held"]
    gone = rows[marks["plain_2"]]
    return f"""\
--- before: snapshot {one}
+++ after: snapshot {one}
@@ -1 +1 @@
-expires_at: {rows[one]["expires"]}
+expires_at: {LATER}

--- before: snapshot {two}
+++ after: snapshot {two}
@@ -1,2 +1,2 @@
-do_not_delete: false
-expires_at: {rows[two]["expires"]}
+do_not_delete: true
+expires_at: none

--- before: snapshot {held}
+++ after: snapshot {held}
@@ -1,2 +1,2 @@
-do_not_delete: true
-expires_at: none
+do_not_delete: false
+expires_at: {LATER}

--- before: snapshot {gone["id"]}
+++ after: snapshot {gone["id"]}
@@ -1,4 +0,0 @@
-created_at: {gone["created"]["date"]}
-expires_at: {gone["expires"]}
-file_size_bytes: {sum(part["fileSizeBytes"] for part in gone["parts"])}
-id: {gone["id"]}

"""


def test_the_limit_on_tokens_is_waited_out(
    playbooks: Playbooks, simulator: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten a minute, here ten in a few seconds: the eleventh waits, says so, and the task is done all the same."""
    monkeypatch.setattr(tokens, "WINDOW", 6.0)
    sim = simulator(seeds.ladder(platform="atlas"))
    account = sim.world.keys["service_account"]

    def spend(_call: object) -> None:
        while sim.api.auth.tokens.wait(account.id) == 0:
            pass

    sim.faults.before(spend, path="/api/oauth/token")
    asked = {"snapshot_id": sim.world.marks["plain_0"], "expires_at": LATER}
    run = playbooks.run([play([task("date", "legacy_snapshot", asked)], options(sim, "service_account"))])

    assert run.status == 0, run.output
    assert run.named("date").actions == ["updated"]
    assert [entry.status for entry in sim.log if entry.is_token] == [429, 200]
    (warning,) = run.named("date").result["warnings"]
    assert re.fullmatch(r"waited \d+ s in 1 retry; last: 429 Resource .* is limited .*", warning)
    assert len(run.warnings) == 1
