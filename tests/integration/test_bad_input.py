# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input of every kind: a clear error that names the thing, the reason and the way out, and nothing written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.nouns import Cluster
from simulator.server import Simulator
from tools.playbooks import Playbooks, Run, options, play, task, warned

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


def wrong_places(sim: Simulator, cluster: Cluster) -> dict[str, Case]:
    """Addresses, clusters and projects that are not those of the cluster."""
    atlas = next(one for one in sim.world.projects.values() if one.platform == "atlas")
    return {
        "Ops Manager's project as Atlas": (
            {"platform": "atlas", "cluster_name": cluster.name, "cluster_id": None},
            ("404 NOT_ATLAS_GROUP", "platform to cloud_manager", "ops_manager"),
        ),
        "Atlas's project as Ops Manager": (
            {"project_id": atlas.id, "cluster_id": ID},
            ("404 ATLAS_GROUP", "set platform to atlas"),
        ),
        "a project that is not there": ({"project_id": GONE}, ("NOT_IN_GROUP", "Check project_id")),
        "a cluster that is not there": ({"cluster_id": GONE}, ("CLUSTER_NOT_FOUND", "Check cluster_name")),
        "a name that is not there": (
            {"cluster_id": None, "cluster_name": "nobody"},
            ("There is no cluster 'nobody'", cluster.name),
        ),
        "a name and an id that do not agree": (
            {"cluster_name": "nobody"},
            ("'nobody'", cluster.id, "not the same cluster", cluster.name),
        ),
        "a key that is wrong": ({"private_key": "not-the-key"}, ("401", "did not accept the credentials")),
        "a path that is not there": ({"base_url": f"{sim.url}/elsewhere"}, ("404", "base_url")),
        "an address where nobody listens": (
            {"base_url": "http://127.0.0.1:9", "retry_timeout": 0},
            ("no answer from 127.0.0.1:9", "refused"),
        ),
        "a host that is not there": (
            {"base_url": "https://opsmanager.invalid", "retry_timeout": 0},
            ("opsmanager.invalid", "check base_url"),
        ),
    }


def test_wrong_places_are_named_with_the_way_out(playbooks: Playbooks, simulator: Start) -> None:
    sim = simulator(seeds.demo())
    ledger = sim.world.cluster("ledger")
    defaults = options(sim, cluster=ledger)
    cases = wrong_places(sim, ledger)
    call = {"snapshot_id": sim.world.marks["restored"], "state": "absent"}
    tasks = [
        task(name, CHANGE, {**defaults, **asked, **call}, ignore_errors=True) for name, (asked, _words) in cases.items()
    ]

    run = playbooks.run([play(tasks)])

    for name, (_asked, fragments) in cases.items():
        assert_clear(run, name, fragments)
        assert set(run.named(name).result["error"]) == {"status", "code", "detail"}
    assert sim.log.writes == []


def test_strange_answers_are_errors_and_not_accidents(playbooks: Playbooks, simulator: Start) -> None:
    """HTML, broken JSON, another shape, redirects, each in the place of a listing."""
    sim = simulator(seeds.ladder(platform="ops_manager"))
    faults: dict[str, tuple[str, Options, tuple[str, ...]]] = {
        "a log-in page": ("login_page", {}, ("200", "other than JSON", "Please log in", "base_url and proxy")),
        "half a document": ("broken_json", {}, ("other than JSON",)),
        "a list for an object": ("wrong_shape", {}, ("JSON that is not an object",)),
        "results that are none": ("wrong_shape", {"body": '{"results": [42]}'}, ("not a list of objects",)),
        "a snapshot that is none": ("wrong_shape", {"body": '{"results": [{"id": 7}]}'}, ("without id",)),
        "a redirect": ("redirect", {}, ("302", "Redirects are refused", "elsewhere.invalid", "base_url")),
        "an echo": ("echo", {}, ("400 VALIDATION_ERROR", "snapshots")),
    }
    for number, (kind, more, _fragments) in enumerate(faults.values()):
        # Each task sends a request without credentials and then one with them.
        sim.faults.add(kind, at=2 * number + 1, **more)
    tasks = [task(name, INFO, ignore_errors=True) for name in faults]

    run = playbooks.run([play(tasks, options(sim))])

    for name, (_kind, _more, fragments) in faults.items():
        assert_clear(run, name, fragments)
    assert sim.world.keys["owner"].secret not in run.output


def test_blanks_are_as_good_as_nothing(playbooks: Playbooks, simulator: Start) -> None:
    """What AWX and templates leave empty: "" and null count as not given, in items too."""
    sim = simulator(seeds.ladder(platform="atlas"))
    marks = sim.world.marks
    blanks = dict.fromkeys(("client_id", "client_secret", "ca_path", "proxy", "cluster_id", "snapshot_id"), "")
    nothing = {"platform": "", "api_version": "", "timeout": "", "validate_certs": None, "base_url": sim.url}
    defaults = {**options(sim), **blanks, **nothing}
    dates = dict.fromkeys(("created_after", "created_before", "expires_after", "expires_before"), "")
    item = {"state": None, "expires_at": "", "do_not_delete": None, "allow_past_expiry": ""}
    tasks = [
        task("list", INFO, {**dates, "do_not_delete": None, "limit": "", "completeness": "", "gather": None}),
        task(
            "change",
            CHANGE,
            {
                "state": "",
                "expires_at": LATER,
                "do_not_delete": None,
                "concurrency": "",
                "unless_restoring": "",
                "snapshots": [{"snapshot_id": marks["plain_0"], **item}],
            },
        ),
        task("one", CHANGE, {"snapshot_id": marks["plain_1"], "snapshots": None, "state": "absent", "expires_at": ""}),
        task("nothing to do", CHANGE, {"snapshots": [], "expires_at": LATER}),
    ]

    run = playbooks.run([play(tasks, defaults)])

    assert run.status == 0, run.output
    assert warned(run) == []
    listed = run.named("list").result
    assert (listed["filtered"], listed["truncated"], listed["completeness"]) == (False, False, "complete")
    assert listed["snapshots"][0]["parts"] is not None
    assert run.named("change").actions == ["updated"]
    assert run.named("one").actions == ["deleted"]
    # A list that somebody's filter left empty is nothing to do.
    assert run.named("nothing to do").actions == []
