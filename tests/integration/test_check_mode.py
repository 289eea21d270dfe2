# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ansible-playbook --check --diff` shows is what a real run does; and a limit on tokens is waited out."""

from __future__ import annotations

import re
from typing import Any

import pytest

from simulator import seeds, tokens
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from tools.playbooks import Playbooks, Run, facts, options, play, task, warned

LATER = "2035-01-01T00:00:00Z"


def command_line_tasks(marks: dict[str, str]) -> list[dict[str, Any]]:
    """Tasks that do not touch each other's snapshots, so that a check run of all shows what a real run does."""
    return [
        task("list", "legacy_snapshot_info", {"completeness": "all", "gather": ["parts", "schedule", "restore_jobs"]}),
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
    assert re.fullmatch(r"waited \d+ s in 1 retry; last: 429 rate_limited", warning)
    assert len(run.warnings) == 1
