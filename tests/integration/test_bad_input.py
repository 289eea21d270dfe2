# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input of every kind: a clear error that names the thing, the reason and the way out, and nothing written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from simulator import seeds
from simulator.fixtures_pytest import Start
from tools.playbooks import Playbooks, Run, options, play, task

CHANGE, INFO = "legacy_snapshot", "legacy_snapshot_info"
ID = "5a4279d4fcc178500596745a"
GONE = "fffffffffffffffffffffffe"
LATER = "2035-01-01T00:00:00Z"
# Later than now, and earlier than the ends of the odd ones.
SOON = f"{datetime.now(timezone.utc) + timedelta(days=20):%Y-%m-%d}"
NEVER = ("Traceback", "MODULE FAILURE", "Exception", "object at 0x")

Options = dict[str, Any]
Case = tuple[Options, tuple[str, ...]]


def assert_clear(run: Run, name: str, fragments: tuple[str, ...]) -> None:
    """A task failed with a message that says all this, and is no accident of ours."""
    failed = run.named(name)
    assert failed.status == "failed", f"{name}: {failed.result}"
    for fragment in fragments:
        assert fragment.lower() in failed.message.lower(), f"{name}: {failed.message}"
    shown = str({key: value for key, value in failed.result.items() if key != "invocation"})
    assert [word for word in NEVER if word in shown] == [], f"{name}: {shown}"
    assert failed.result.get("changed", False) is False, name


@dataclass(frozen=True)
class Unwanted:
    """What only reading shows to be wrong: each item's own code, and what the message says."""

    asked: Options
    actions: list[str]
    code: str
    fragments: tuple[str, ...]


def unwanted(marks: dict[str, str]) -> dict[str, Unwanted]:
    """Calls that the service's state forbids, by what is wrong with them."""
    held, expired, plain = marks["held"], marks["expired"], marks["plain_0"]

    def change(name: str, **asked: Any) -> Options:
        return {"snapshot_id": marks.get(name, name), **asked}

    return {
        "a date for one that is held": Unwanted(
            change("held", expires_at=LATER), ["failed"], "HELD", (held, "is held", "do_not_delete false")
        ),
        "a release without a date": Unwanted(
            change("held", do_not_delete=False), ["failed"], "HELD", (held, "not documented", "expires_at")
        ),
        "the deletion of one that is held": Unwanted(
            change("held", state="absent"), ["failed"], "HELD", (held, "is held", "Release it first")
        ),
        "the deletion of one that is being taken": Unwanted(
            change("incomplete", state="absent"), ["failed"], "INCOMPLETE", ("is not complete", "Try again later")
        ),
        "a date for one that has expired": Unwanted(
            change("expired", expires_at=LATER), ["failed"], "EXPIRED", (expired, "expired at", "state absent")
        ),
        "a hold for one that has expired": Unwanted(
            change("expired", do_not_delete=True), ["failed"], "EXPIRED", (expired, "expired at")
        ),
        "a date in the past": Unwanted(
            change("plain_0", expires_at="2020-01-01"),
            ["failed"],
            "PAST_EXPIRY",
            (plain, "2020-01-01T00:00:00Z", "not later than now", "allow_past_expiry", "Nothing was written"),
        ),
        "a date in the past among others": Unwanted(
            {
                "expires_at": LATER,
                "snapshots": [
                    change("plain_1"),
                    change("plain_0", expires_at="2020-01-01"),
                    change("plain_2", state="absent"),
                ],
            },
            ["not_tried", "failed", "not_tried"],
            "PAST_EXPIRY",
            ("1 of 3 snapshots failed", "0 updated, 0 deleted, 2 not tried"),
        ),
        "a date for one that is not there": Unwanted(
            change(GONE, expires_at=LATER), ["failed"], "NOT_FOUND", (GONE, "is not there", "correct the id")
        ),
        "one of many that is not there": Unwanted(
            {"snapshots": [change(GONE, expires_at=LATER), change("plain_1", state="absent")]},
            ["failed", "not_tried"],
            "NOT_FOUND",
            (GONE, "is not there", "1 not tried"),
        ),
        "the deletion of one that is being restored": Unwanted(
            change("restoring", state="absent", unless_restoring=True),
            ["failed"],
            "RESTORING",
            (marks["restoring"], "restore job", "Try again when"),
        ),
        "an earlier end for one whose download is ready": Unwanted(
            change("downloadable", expires_at=SOON, unless_restoring=True),
            ["failed"],
            "RESTORING",
            (marks["downloadable"], "restore job"),
        ),
    }


def test_what_only_reading_shows_is_refused_alike_in_check_mode(playbooks: Playbooks, simulator: Start) -> None:
    sim = simulator(seeds.ladder(platform="cloud_manager"))
    before = sim.world.state()
    cases = unwanted(sim.world.marks)
    tasks = [task(name, CHANGE, case.asked, ignore_errors=True) for name, case in cases.items()]
    plays = [play(tasks, options(sim))]

    real, check = playbooks.run(plays), playbooks.run(plays, "--check")

    for name, case in cases.items():
        assert_clear(real, name, case.fragments)
        failed = real.named(name)
        assert failed.actions == case.actions, name
        assert failed.result["error"]["code"] == case.code, name
        assert failed.result["error"]["status"] is None, name
        # But for the instant in it, the message of check mode is the same.
        assert check.named(name).actions == case.actions, name
        assert check.named(name).result["error"]["code"] == case.code, name
    assert sim.log.writes == []
    assert sim.world.state() == before
