# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check, do, again, undo: every step of both modules on three dialects, with both ways to authenticate."""

from __future__ import annotations

from typing import Any

import pytest
from playbooks import Playbooks, Run, options, play, task
from simulator import seeds
from simulator.server import Simulator

DIALECTS = {
    "atlas-v2-key": ("atlas", "owner", {}),
    "atlas-v2-account": ("atlas", "service_account", {}),
    "atlas-v1-key": ("atlas", "owner", {"api_version": "v1.0"}),
    "cloud-manager-key": ("cloud_manager", "owner", {}),
    "cloud-manager-account": ("cloud_manager", "service_account", {}),
    "ops-manager-key": ("ops_manager", "owner", {}),
}
LATER, LATEST = "2035-01-01T00:00:00Z", "2036-06-30T12:00:00Z"


def steps(marks: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """What is done one after the other; each is tried in check mode, done, and done again."""
    one, two, three = (marks[f"plain_{number}"] for number in range(3))
    return [
        ("date one", {"snapshot_id": one, "expires_at": "2035-01-01"}),
        ("hold it", {"snapshot_id": one, "do_not_delete": True}),
        ("release and date it", {"snapshot_id": one, "do_not_delete": False, "expires_at": LATEST}),
        (
            "date, hold and delete many",
            {
                "expires_at": LATER,
                "concurrency": 2,
                "snapshots": [
                    {"snapshot_id": two},
                    {"snapshot_id": one, "do_not_delete": True},
                    {"snapshot_id": three, "state": "absent"},
                ],
            },
        ),
        ("delete one that expired", {"snapshot_id": marks["expired"], "state": "absent"}),
        ("delete one that is not there", {"snapshot_id": three, "state": "absent"}),
    ]


def ladder(playbooks: Playbooks, sim: Simulator, who: str = "owner", **more: Any) -> Run:
    """One play in which each step is checked, done, and done again."""
    tasks = []
    for name, asked in steps(sim.world.marks):
        tasks.append(task(f"{name} (check)", "legacy_snapshot", asked, check_mode=True, diff=True))
        tasks.append(task(f"{name} (do)", "legacy_snapshot", asked, diff=True))
        tasks.append(task(f"{name} (again)", "legacy_snapshot", asked, diff=True))
    tasks.append(task("list", "legacy_snapshot_info", {"completeness": "all"}))
    return playbooks.run([play(tasks, options(sim, who, **more))])


def assert_ladder_holds(run: Run, sim: Simulator) -> None:
    assert run.status == 0, run.output
    assert run.warnings == []
    assert sim.violations == []
    for name, _asked in steps(sim.world.marks):
        check, do, again = (run.named(f"{name} ({rung})").result for rung in ("check", "do", "again"))
        assert _shown(check) == _shown(do), name
        assert do["changed"] is (name != "delete one that is not there")
        assert again["changed"] is False
        assert again["diff"] == []
        assert {outcome["action"] for outcome in again["outcomes"]} <= {"unchanged", "absent"}
        # What the first left behind is what the second found.
        assert [outcome["after"] for outcome in do["outcomes"]] == [one["before"] for one in again["outcomes"]]


def _shown(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in ("invocation",)}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ladder(playbooks: Playbooks, dialect: str) -> None:
    platform, who, more = DIALECTS[dialect]
    with Simulator(seeds.ladder(platform=platform)) as sim:
        run = ladder(playbooks, sim, who, **more)
        assert_ladder_holds(run, sim)
        listed = {row["id"]: row for row in run.named("list").result["snapshots"]}
        marks = sim.world.marks
        assert listed[marks["plain_0"]]["do_not_delete"] is True
        assert listed[marks["plain_0"]]["expires_at"] is None
        assert listed[marks["plain_1"]]["expires_at"] == LATER
        assert marks["plain_2"] not in listed
        assert marks["expired"] not in listed
        # The service's own log: date, hold, release, two changes, two deletes, and nothing by a check.
        assert [entry.method for entry in sim.log.done_writes].count("PATCH") == 5
        assert [entry.method for entry in sim.log.done_writes].count("DELETE") == 2
        assert len(sim.log.writes) == len(sim.log.done_writes)
