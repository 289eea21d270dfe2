# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An auditor's key reads and no more: it gets through all of check mode, and the real run fails before any change."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import seeds
from simulator.fixtures_pytest import Start
from tools.playbooks import Playbooks, Run, facts, options, play, task, warned

LATER = "2035-01-01T00:00:00Z"
READERS = {
    "atlas": ("auditor", "reader", "service_reader"),
    "cloud_manager": ("auditor", "reader", "service_reader"),
    "ops_manager": ("auditor", "reader"),
}


def audited(marks: dict[str, str]) -> list[dict[str, Any]]:
    """Every kind of thing that the modules do."""
    plain = [{"snapshot_id": marks[f"plain_{number}"]} for number in range(4)]
    return [
        task("list", "legacy_snapshot_info", {"completeness": "all", "gather": ["parts", "schedule", "restore_jobs"]}),
        task("find one", "legacy_snapshot_info", {"snapshot_id": marks["held"]}),
        task("date one", "legacy_snapshot", {**plain[0], "expires_at": LATER}),
        task("delete one", "legacy_snapshot", {**plain[1], "state": "absent"}),
        task(
            "many",
            "legacy_snapshot",
            {
                "unless_restoring": True,
                "snapshots": [
                    {**plain[2], "do_not_delete": True},
                    {"snapshot_id": marks["held"], "do_not_delete": False, "expires_at": LATER},
                    {**plain[3], "state": "absent"},
                    {"snapshot_id": marks["restoring"], "state": "absent"},
                ],
            },
            ignore_errors=True,
        ),
    ]


@pytest.mark.parametrize("platform", READERS)
def test_check_mode_shows_a_reader_what_the_owner_would_do(
    playbooks: Playbooks, simulator: Start, platform: Any
) -> None:
    sim = simulator(seeds.ladder(platform=platform))
    before = sim.world.state()
    tasks = audited(sim.world.marks)
    plays = [play(tasks, options(sim, who)) for who in READERS[platform]]

    audit = playbooks.run(plays, "--check", "--diff")

    assert audit.status == 0, audit.output
    assert warned(audit) == []
    assert sim.log.writes == []
    assert sim.world.state() == before

    real = playbooks.run([play(tasks, options(sim))], "--diff")
    assert real.status == 0, real.output
    for number, _who in enumerate(READERS[platform]):
        shown = audit.tasks[number * len(tasks) : (number + 1) * len(tasks)]
        for one, other in zip(shown, real.tasks, strict=True):
            assert (one.name, one.status, facts(one)) == (other.name, other.status, facts(other))


@pytest.mark.parametrize("platform", READERS)
def test_the_real_run_fails_before_any_change(playbooks: Playbooks, simulator: Start, platform: Any) -> None:
    sim = simulator(seeds.ladder(platform=platform))
    before, marks = sim.world.state(), sim.world.marks
    writes = {
        "change": {
            "concurrency": 1,
            "expires_at": LATER,
            "snapshots": [{"snapshot_id": marks[f"plain_{number}"]} for number in range(3)],
        },
        "delete": {
            "concurrency": 1,
            "state": "absent",
            "snapshots": [{"snapshot_id": marks[f"plain_{number}"]} for number in range(1, 4)],
        },
    }
    people = [*READERS[platform], "unlisted_owner"]
    tasks = [
        task(f"{who}: {name}", "legacy_snapshot", {**options(sim, who), **asked}, ignore_errors=True)
        for who in people
        for name, asked in writes.items()
    ]

    run = playbooks.run([play(tasks)])

    for who in people:
        for name in writes:
            assert_refused(run, f"{who}: {name}", not_listed=who in ("auditor", "unlisted_owner"))
    assert sim.log.done_writes == []
    # One refusal is enough: nothing else of a call is tried.
    assert len(sim.log.writes) == len(tasks)
    assert sim.world.state() == before


def assert_refused(run: Run, name: str, *, not_listed: bool) -> None:
    """The task failed, says that nothing was changed, why, and what helps."""
    failed = run.named(name)
    assert failed.status == "failed"
    assert failed.result["changed"] is False
    assert sorted(failed.actions) == ["failed", "not_tried", "not_tried"]
    assert "0 updated, 0 deleted, 2 not tried" in failed.message
    assert all(one["after"] == one["before"] for one in failed.result["outcomes"])
    if not_listed:
        assert failed.result["error"]["status"] == 403
        assert "The address 127.0.0.1 is not on the API access list" in failed.message
        assert "delegate_to" in failed.message
    else:
        assert failed.result["error"] == {
            "status": 401,
            "code": "USER_UNAUTHORIZED",
            "detail": failed.result["error"]["detail"],
        }
        assert "The role of the key is too low" in failed.message
        assert "Project Owner" in failed.message
