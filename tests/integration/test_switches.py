# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the contract leaves open, both ways: each switch of the simulator, through real runs.

`SAME` holds those that must make no difference; several that do not meet each other share a run. Those by which the
service refuses, or which only a race can meet, have tests of their own; the last test sees that none is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import cycle
from typing import Any

import pytest

from simulator import seeds, tokens
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from simulator.switches import Switches, variants
from tools.inventories import Inventories, environment
from tools.playbooks import NAMESPACE, Playbooks, Task, facts, options, play, task, warned

Changes = dict[str, Any]
SOON = f"{datetime.now(timezone.utc) + timedelta(days=700):%Y-%m-%dT00:00:00Z}"
FAR = f"{datetime.now(timezone.utc) + timedelta(days=1500):%Y-%m-%dT00:00:00Z}"


# Of the role, after the tasks.
POLICY = {
    "retention_keep_last": 3,
    "retention_stale_after": "off",
    "retention_max_delete": "off",
    "retention_max_delete_percent": "off",
}


@dataclass(frozen=True)
class Same:
    """A run whose outcome is the usual one, whatever the switches say."""

    platform: Any
    changes: Changes
    who: str = "owner"
    connection: Changes = field(default_factory=dict)
    by_name: bool = False
    # Name and id are given, and have to be compared.
    both: bool = False
    shards: int = 0
    expired: str = "deleted"
    waits: bool = False
    latency: float = 0.0


SAME = {
    "a service that says little": Same(
        "cloud_manager",
        {
            "timestamp_time": True,
            "cluster_name": "always",
            "optional_fields": "absent",
            "part_sizes": "absent",
            "do_not_delete_false": "absent",
            "document_links": "absent",
            "list_links": "absent",
            "filter_type": "denyList",
            "dates": "echoed",
            "order": "oldest",
            "total_count_off": -7,
            "missing_snapshot": "other_code",
            "delete_incomplete": "deleted",
            "om_delete_status": 202,
            "challenge_key": "op",
            "challenge_quoted": False,
            "challenge_body": "empty",
            "error_parameters": "absent",
        },
    ),
    "Atlas v2 with other habits": Same(
        "atlas",
        {
            "cluster_name": "null",
            "order": "shuffled",
            "total_count_off": 7,
            "link_host": "other",
            "unknown_query": "ignored",
            "newer_accept": "falls_back",
            "rate_headers": "absent",
            "missing_snapshot": "no_code",
            "page_cap": 7,
            "challenge_key": "none",
            "challenge_body": "USER_UNAUTHORIZED",
            "error_parameters": "null",
            "error_code_header": "present",
            "fractions": "cut",
            "max_expiry_days": 1200,
            "envelope_key": "envelope",
            "hold_with_expires": "INVALID_ATTRIBUTE",
            "release_expires": "past",
            "older_clusters": "left_out",
            "cluster_count": "one_more",
        },
        both=True,
    ),
    "Ops Manager, its cluster looked up": Same(
        "ops_manager",
        {
            "cluster_name": "never",
            "missing_snapshot": "empty_body",
            "digest_algorithm": "SHA-256",
            "om_delete_status": 204,
            "om_include_count": "refused",
            "ssl_key": "SSLEnabled",
            "long_lived": "last",
            "week_start": "sunday",
            "removal": "when_told",
            "keep_last_restorable": "all",
            "release_expires": "schedule",
            "whole_shard_name": "present",
            "config_server_row": "absent",
            "part_configs": "present",
            "monitoring": "off",
            "challenge_body": "no_code",
            "keep_alive": "not_after_401",
        },
        by_name=True,
        shards=2,
    ),
    "three servers, each with its nonces, which are good for three uses": Same(
        "ops_manager",
        {"servers": 3, "foreign_nonce": "refused", "nonce_uses": 3, "challenge_body": "NO_CURRENT_USER"},
    ),
    "three servers that take turns": Same(
        "ops_manager", {"servers": 3, "balanced_by": "request", "challenge_body": "USER_CANNOT_ACCESS_GROUP"}
    ),
    "three servers, and a new connection for each request": Same("ops_manager", {"servers": 3, "keep_alive": "never"}),
    "limits that name no wait, and codes in headers alone": Same(
        "atlas",
        {
            "bucket_wait": "zero",
            "total_count_off": -100_000,
            "challenge_body": "NOT_IN_GROUP",
            "error_code_header": "alone",
        },
        waits=True,
    ),
    "limits everywhere, without a word when to return": Same(
        "cloud_manager",
        {"rate_limited": "all", "retry_after": "absent", "challenge_costs": True, "om_delete_body": "empty_object"},
        waits=True,
    ),
    "no access list, no limits, expired ones go at once": Same(
        "atlas",
        {
            "v2_access_list": "off",
            "rate_limited": "off",
            "removal": "at_once",
            "older_clusters": "refused",
            "challenge_body": "TOO_MANY_GROUP_TAGS",
        },
        who="unlisted_owner",
        expired="absent",
        both=True,
    ),
    "nonces of a second": Same("ops_manager", {"nonce_max_age": 1}, latency=0.3, connection={"concurrency": 1}),
    "tokens of a second": Same(
        "atlas",
        {"token_lifetime": 1, "clusters_version": "older", "cluster_count": "absent"},
        who="service_account",
        latency=0.15,
        both=True,
    ),
}


def asked(marks: dict[str, str]) -> Changes:
    """One call that meets most of what there is, refusals too."""
    ids = {"state": "absent", "unless_restoring": True}
    kept = [
        {"snapshot_id": marks["plain_0"], "state": "present", "expires_at": SOON},
        {"snapshot_id": marks["plain_1"], "state": "present", "do_not_delete": True},
        {"snapshot_id": marks["held"], "state": "present", "do_not_delete": False, "expires_at": SOON},
    ]
    gone = ["plain_2", "expired", "missing", "incomplete", "restoring"]
    return {**ids, "snapshots": [*kept, *({"snapshot_id": marks[name]} for name in gone)]}


@pytest.mark.parametrize("name", SAME)
def test_the_outcome_is_the_same(
    playbooks: Playbooks, simulator: Start, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(tokens, "LIMIT", 1000)
    case = SAME[name]
    world = seeds.ladder(platform=case.platform, switches=Switches(**case.changes), shards=case.shards)
    sim = simulator(world, latency=case.latency)
    if case.waits:
        sim.limits.set(6, 6, per=1.0)
    marks = {**world.marks, "missing": "f" * 24}
    defaults = options(sim, case.who)
    if case.by_name:
        defaults = {**defaults, "cluster_name": world.main.name}
        del defaults["cluster_id"]
    if case.both:
        defaults = {**defaults, "cluster_id": world.main.id}
    call = {**asked(marks), **case.connection}
    plays = [
        task("check", "legacy_snapshot", call, check_mode=True, ignore_errors=True),
        task("do", "legacy_snapshot", call, ignore_errors=True),
        task("again", "legacy_snapshot", call, ignore_errors=True),
        task("list", "legacy_snapshot_info", {"completeness": "all", "gather": ["parts", "schedule", "restore_jobs"]}),
        {"name": "role", "ansible.builtin.include_role": {"name": f"{NAMESPACE}.retention"}},
    ]

    run = playbooks.run([play(plays, defaults)], inventory={"orders": POLICY})

    assert run.status == 0, run.output
    changed = ["updated", "updated", "updated", "deleted", case.expired, "absent", "failed", "failed"]
    check, do, again = (run.named(rung) for rung in ("check", "do", "again"))
    assert told(check) == told(do)
    assert do.actions == changed
    assert [one["error"] and one["error"]["code"] for one in do.result["outcomes"]][-2:] == ["INCOMPLETE", "RESTORING"]
    assert again.actions == ["unchanged"] * 3 + ["absent"] * 3 + ["failed"] * 2
    assert (do.result["changed"], again.result["changed"]) == (True, False)
    pruned = run.applied().result["counts"]
    assert_listed(run.named("list"), sim, but=pruned["deleted"])
    assert pruned["deleted"] > 2
    assert [pruned[fate] for fate in ("failed", "not_tried", "unknown", "already_gone")] == [0] * 4
    done = [entry.method for entry in sim.log.done_writes]
    deleted = pruned["deleted"] + (2 if case.expired == "deleted" else 1)
    assert (done.count("PATCH"), done.count("DELETE")) == (3, deleted)
    assert all(" retr" in line for line in warned(run)) if case.waits else warned(run) == []


def told(one: Task) -> Changes:
    """All that a task returned but for warnings: who waited how long is not the same twice."""
    return {key: value for key, value in facts(one).items() if key != "warnings"}


def assert_listed(listing: Task, sim: Simulator, but: int) -> None:
    """The listing shows what the service holds, and so many snapshots that were deleted after it."""
    held = {
        row["id"]: (row.get("expires"), bool(row.get("doNotDelete"))) for row in sim.world.documents(sim.world.main)
    }
    shown = {row["id"]: (row["expires_at"], bool(row["do_not_delete"])) for row in listing.result["snapshots"]}
    assert held.items() <= shown.items()
    assert len(shown) == len(held) + but
    assert len(listing.result["restore_jobs"]) == len(sim.world.main.jobs) >= 3
    assert listing.result["schedule"]["snapshot_interval_hours"] == 6


# --- where the service refuses ---


@dataclass(frozen=True)
class Refused:
    """A run in which the service refuses everything, and the error says why and what helps."""

    platform: Any
    changes: Changes
    who: str
    status: int
    fragments: tuple[str, ...]


REFUSED = {
    "service accounts are a preview there": Refused(
        "cloud_manager",
        {"cm_bearer": "refused"},
        "service_account",
        401,
        ("401", "does not accept the token of this service account"),
    ),
    "the access list counts for reading too": Refused(
        "atlas",
        {"v2_access_list": "all"},
        "unlisted_owner",
        403,
        ("IP_ADDRESS_NOT_ON_ACCESS_LIST", "The address 127.0.0.1 is not on the API access list", "delegate_to"),
    ),
    "the version has reached its end": Refused(
        "atlas", {"version_gone": True}, "owner", 410, ("VERSION_GONE", "no longer speaks this version")
    ),
    **{
        f"a wrong key is answered with {body}": Refused(
            "ops_manager", {"wrong_key_body": body}, "owner", 401, ("The key is wrong: the service does not accept it",)
        )
        for body in ("UNEXPECTED_ERROR", "no_code", "empty", "NO_CURRENT_USER")
    },
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_of_everything_is_a_clear_error(playbooks: Playbooks, simulator: Start, name: str) -> None:
    case = REFUSED[name]
    sim = simulator(seeds.ladder(platform=case.platform, switches=Switches(**case.changes)))
    call = {"snapshot_id": sim.world.marks["plain_1"], "state": "absent"}
    tasks = [
        task("list", "legacy_snapshot_info", ignore_errors=True),
        task("check", "legacy_snapshot", call, check_mode=True, ignore_errors=True),
        task("do", "legacy_snapshot", call, ignore_errors=True),
    ]
    defaults = options(sim, case.who)
    if "wrong_key_body" in case.changes:
        defaults["private_key"] = "another-key"
    run = playbooks.run([play(tasks, defaults)])
    for one in run.tasks:
        assert one.status == "failed", one
        assert one.result["error"]["status"] == case.status
        assert all(fragment in one.message for fragment in case.fragments), one.message
    assert sim.log.writes == []


def switched(sim: Simulator, values: list[Changes], **which: Any) -> None:
    """Have the switches change before each request that matches, from one entry to the next."""
    following = cycle(values)

    def turn(_call: object) -> None:
        sim.switch(**next(following))

    sim.faults.before(turn, times=None, **which)


CODES = {
    "access_list_code": [
        "IP_ADDRESS_NOT_ON_ACCESS_LIST",
        "IP_ADDRESS_NOT_ON_WHITELIST",
        "RESOURCE_REQUIRES_WHITELIST",
        "ORG_REQUIRES_WHITELIST",
        "RESOURCE_REQUIRES_ACCESS_LIST",
        "ORG_REQUIRES_ACCESS_LIST",
    ],
    "missing_project": ["NOT_IN_GROUP", "USER_CANNOT_ACCESS_GROUP", "GROUP_NOT_FOUND"],
    "no_schedule": ["BACKUP_CONFIG_NOT_FOUND", "BACKUP_JOB_NOT_FOUND", "CANNOT_GET_BACKUP_CONFIG_INVALID_STATE"],
    "pit_delete_error": ["USER_UNAUTHORIZED", "ACCESS_FORBIDDEN"],
    "unavailable_body": ["empty", "html"],
}


def test_an_address_that_is_not_listed_under_all_its_names(playbooks: Playbooks, simulator: Start) -> None:
    sim = simulator(seeds.ladder(platform="atlas"))
    codes = CODES["access_list_code"]
    switched(sim, [{"access_list_code": code} for code in codes], method="DELETE")
    call = {"snapshot_id": sim.world.marks["plain_1"], "state": "absent"}
    tasks = [task(code, "legacy_snapshot", call, ignore_errors=True) for code in codes]

    run = playbooks.run([play(tasks, options(sim, "unlisted_owner"))])

    for code in codes:
        one = run.named(code)
        assert one.result["error"]["code"] == code
        assert one.result["error"]["status"] == 403
        address = "The address 127.0.0.1" if code.startswith("IP_") else "The address this runs from"
        assert f"{address} is not on the API access list" in one.message
        assert "delegate_to" in one.message
        assert one.result["changed"] is False
    assert sim.log.done_writes == []
    assert len(sim.log.writes) == len(codes)


def test_a_project_that_is_not_there_under_all_its_names(playbooks: Playbooks, simulator: Start) -> None:
    sim = simulator(seeds.ladder(platform="ops_manager"))
    codes = CODES["missing_project"]
    switched(
        sim, [{"missing_project": code} for code in codes], authorised=False, when=lambda call: not call.authorization
    )
    call = {"snapshot_id": sim.world.marks["plain_1"], "state": "absent"}
    tasks = [task(code, "legacy_snapshot", call, ignore_errors=True) for code in codes]
    run = playbooks.run([play(tasks, options(sim, "stranger"))])
    for code in codes:
        assert run.named(code).result["error"]["code"] == code
        assert "Check project_id" in run.named(code).message
    assert sim.log.writes == []


NO_BACKUP = {
    "BACKUP_JOB_NOT_FOUND": "Legacy backups are not enabled",
    "CLUSTER_NOT_FOUND": "Check cluster_name",
    "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API": "It is a Flex cluster, which has no legacy backup",
}


def test_a_cluster_without_legacy_backup(playbooks: Playbooks, simulator: Start) -> None:
    sim = simulator(seeds.ops_manager())
    scratch = sim.world.cluster("scratch")
    no_schedule = CODES["no_schedule"]
    values: list[Changes] = [{"no_schedule": code} for code in no_schedule]
    values += [{"no_legacy_backup": code} for code in NO_BACKUP]
    switched(sim, values, path="/snapshots$", authorised=True)
    tasks = [task(f"schedule {code}", "legacy_snapshot_info", {"gather": ["schedule"]}) for code in no_schedule]
    tasks += [task(f"backup {code}", "legacy_snapshot_info", ignore_errors=True) for code in NO_BACKUP]

    run = playbooks.run([play(tasks, options(sim, "reader", scratch))])

    for code in no_schedule:
        result = run.named(f"schedule {code}").result
        assert (result["snapshots"], result["schedule"]) == ([], None)
        (warning,) = result["warnings"]
        status = "unavailable" if code == "CANNOT_GET_BACKUP_CONFIG_INVALID_STATE" else "absent"
        assert result["schedule_status"] == status
        assert ("has no snapshot schedule" in warning) is (status == "absent")
        assert code in warning
    for code, hint in NO_BACKUP.items():
        one = run.named(f"backup {code}")
        assert one.result["error"]["code"] == code
        assert hint in one.message


def test_a_delete_inside_the_point_in_time_window_needs_its_role(playbooks: Playbooks, simulator: Start) -> None:
    """As the first write of a call it stops the rest; after one that worked it is about that snapshot alone."""
    sim = simulator(seeds.ladder(platform="cloud_manager"))
    marks, now = sim.world.marks, sim.clock.epoch
    fresh = sim.world.add_snapshot(sim.world.main, now - 3600, now + 90 * 86400).id
    codes = CODES["pit_delete_error"]
    switched(sim, [{"pit_delete_error": code} for code in codes], method="DELETE", path=fresh)
    alone = {"state": "absent", "unless_newest": False, "snapshots": [{"snapshot_id": fresh}]}
    last = {
        "state": "absent",
        "unless_newest": False,
        "concurrency": 1,
        "snapshots": [{"snapshot_id": fresh}, {"snapshot_id": marks["plain_9"]}],
    }
    tasks = [
        task("alone", "legacy_snapshot", alone, ignore_errors=True),
        task("last", "legacy_snapshot", last, ignore_errors=True),
        task("with the role", "legacy_snapshot", {**last, **credentials(sim, "pit_admin")}),
    ]
    run = playbooks.run([play(tasks, options(sim))])
    assert [run.named(name).actions for name in ("alone", "last")] == [["failed"], ["failed", "deleted"]]
    for name, code in zip(("alone", "last"), codes, strict=True):
        assert run.named(name).result["error"]["code"] == code
        assert "Global Backup Admin" in run.named(name).message
    assert run.named("with the role").actions == ["deleted", "absent"]


def credentials(sim: Simulator, who: str) -> Changes:
    return {"public_key": sim.world.keys[who].id, "private_key": sim.world.keys[who].secret}


def test_a_date_too_far_away_for_the_service(playbooks: Playbooks, simulator: Start) -> None:
    """The service refuses it, and since it would have made a snapshot live longer, nothing is deleted."""
    sim = simulator(seeds.ladder(platform="atlas", switches=Switches(max_expiry_days=1200)))
    marks = sim.world.marks
    items = [{"snapshot_id": marks["plain_0"], "expires_at": FAR}, {"snapshot_id": marks["plain_1"], "state": "absent"}]
    run = playbooks.run([play([task("do", "legacy_snapshot", {"snapshots": items}, ignore_errors=True)], options(sim))])
    do = run.named("do")
    assert do.actions == ["failed", "not_tried"]
    assert do.result["error"]["code"] == "INVALID_ATTRIBUTE"
    assert "Invalid attribute expires" in do.message
    assert sim.log.done_writes == []
    assert [entry.method for entry in sim.log.writes] == ["PATCH"]


IN_USE: Changes = {"delete_in_use": "refused"}


def test_a_snapshot_in_use_that_the_service_does_not_delete(playbooks: Playbooks, simulator: Start) -> None:
    sim = simulator(seeds.ladder(platform="ops_manager", switches=Switches(**IN_USE)))
    items = [{"snapshot_id": sim.world.marks[name]} for name in ("restoring", "plain_1")]
    call = {"state": "absent", "unless_restoring": False, "snapshots": items}
    run = playbooks.run([play([task("do", "legacy_snapshot", call, ignore_errors=True)], options(sim))])
    assert run.named("do").actions == ["failed", "deleted"]
    assert run.named("do").result["error"]["code"] == "LINK_EXPIRATION_AFTER_SNAPSHOT_DELETION"
    assert "in use by a restore" in run.named("do").message


ON_V1: Changes = {"v1_bearer": "accepted"}


def test_a_service_account_on_v1_is_ours_to_refuse(playbooks: Playbooks, simulator: Start) -> None:
    """Whatever the service would say of it: no source tells."""
    sim = simulator(seeds.ladder(platform="atlas", switches=Switches(**ON_V1)))
    defaults = options(sim, "service_account", api_version="v1.0")
    run = playbooks.run([play([task("list", "legacy_snapshot_info", ignore_errors=True)], defaults)])
    assert "api_version v1.0 knows no service accounts" in run.named("list").message
    assert sim.log.requests == 0


@pytest.mark.parametrize("body", CODES["unavailable_body"])
def test_a_503_without_json_is_waited_for(playbooks: Playbooks, simulator: Start, body: Any) -> None:
    sim = simulator(seeds.ladder(platform="ops_manager", switches=Switches(unavailable_body=body)))
    sim.faults.add("unavailable", method="DELETE", times=2)
    call = {"snapshot_id": sim.world.marks["plain_1"], "state": "absent"}
    run = playbooks.run([play([task("do", "legacy_snapshot", call)], options(sim))])
    assert run.named("do").actions == ["deleted"]
    assert [line for line in warned(run) if "last: 503 Service Unavailable" in line]


# --- what only a race can meet: somebody else acts between our reading and our writing ---


@dataclass(frozen=True)
class Race:
    """Switches, and what then becomes of the changes and of the deletions."""

    changes: Changes
    updates: dict[str, str]
    deletes: dict[str, str]


RACES = {
    "refused": Race(
        {},
        {"held meanwhile": "failed", "dated alike meanwhile": "updated", "expired meanwhile": "failed"},
        {"held meanwhile": "failed", "gone meanwhile": "absent"},
    ),
    "ignored": Race(
        {
            "date_held": "ignored",
            "edit_expired": "CANNOT_MODIFY_SNAPSHOT",
            "delete_held": "deleted",
            "delete_missing": "no_content",
        },
        {"held meanwhile": "failed", "dated alike meanwhile": "updated", "expired meanwhile": "failed"},
        {"held meanwhile": "deleted", "gone meanwhile": "deleted"},
    ),
    "released": Race(
        {"date_held": "released", "same_value_patch": "refused"},
        {"held meanwhile": "updated", "dated alike meanwhile": "failed", "expired meanwhile": "failed"},
        {"held meanwhile": "failed", "gone meanwhile": "absent"},
    ),
}


@pytest.mark.parametrize("name", RACES)
def test_races(playbooks: Playbooks, simulator: Start, name: str) -> None:
    race = RACES[name]
    sim = simulator(seeds.ladder(platform="cloud_manager", switches=Switches(**race.changes)))
    world, marks = sim.world, sim.world.marks
    cluster, past = world.main, sim.clock.epoch - 60
    updated = dict(zip(race.updates, (marks["plain_0"], marks["plain_1"], marks["plain_2"]), strict=True))
    deleted = dict(zip(race.deletes, (marks["plain_3"], marks["plain_4"]), strict=True))
    wanted = int(datetime.fromisoformat(SOON).timestamp())

    def meanwhile(method: str, one: str, act: Callable[[str], object]) -> None:
        sim.faults.before(lambda _call: act(one), method=method, path=one)

    meanwhile("PATCH", updated["held meanwhile"], lambda one: world.hold(cluster, one))
    meanwhile("PATCH", updated["dated alike meanwhile"], lambda one: world.change(cluster, one, expires=wanted))
    meanwhile("PATCH", updated["expired meanwhile"], lambda one: world.change(cluster, one, expires=past))
    meanwhile("DELETE", deleted["held meanwhile"], lambda one: world.hold(cluster, one))
    meanwhile("DELETE", deleted["gone meanwhile"], lambda one: world.remove(cluster, one))
    tasks = [
        task(
            "update",
            "legacy_snapshot",
            {"expires_at": SOON, "snapshots": [{"snapshot_id": one} for one in updated.values()]},
            ignore_errors=True,
        ),
        task(
            "delete",
            "legacy_snapshot",
            {"state": "absent", "snapshots": [{"snapshot_id": one} for one in deleted.values()]},
            ignore_errors=True,
        ),
    ]

    run = playbooks.run([play(tasks, options(sim))])

    assert dict(zip(race.updates, run.named("update").actions, strict=True)) == race.updates
    assert dict(zip(race.deletes, run.named("delete").actions, strict=True)) == race.deletes
    if name == "ignored":
        # Taken with 200 and not carried out: the answer gives it away.
        first = run.named("update").result["outcomes"][0]
        assert "with other values than were sent" in first["error"]["detail"]
        assert first["after"] is None


# --- what only the inventory meets ---


@dataclass(frozen=True)
class Fleet:
    """A list of the hosts, which are all clusters there are; `said` are warnings."""

    platform: Any
    changes: Changes
    said: tuple[str, ...] = ()


FLEETS = {
    "an overview of another shape": Fleet(
        "cloud_manager",
        {
            "overview_types": "words",
            "overview_standalones": "present",
            "overview_empty_projects": "absent",
            "overview_pages": "refused",
            "list_links": "absent",
            "challenge_body": "empty",
        },
    ),
    "more than is ours": Fleet(
        "ops_manager",
        {
            "overview_atlas": "present",
            "foreign_projects": "listed",
            "inactive_configs": "present",
            "part_configs": "present",
            "whole_shard_name": "present",
            "ssl_key": "SSLEnabled",
            "servers": 3,
        },
        said=("Museum", "is on another platform"),
    ),
    "nothing is monitored": Fleet(
        "ops_manager",
        {"monitoring": "off", "config_server_row": "absent", "challenge_body": "no_code"},
        ("the states of the backups in project 'Project 01'",),
    ),
    "an Atlas after 2027": Fleet(
        "atlas",
        {"clusters_version": "newer", "cluster_count": "one_more", "foreign_projects": "listed"},
        ("does not serve version 2023-01-01", "has 11 clusters by its own count, and 10 are listed"),
    ),
    "an Atlas of today": Fleet(
        "atlas", {"older_clusters": "left_out", "cluster_count": "absent", "error_code_header": "alone", "page_cap": 7}
    ),
}


@pytest.mark.parametrize("name", FLEETS)
def test_the_inventory_has_all_clusters(playbooks: Playbooks, simulator: Start, name: str) -> None:
    case = FLEETS[name]
    sim = simulator(seeds.company(2, 10, platform=case.platform, switches=Switches(**case.changes)))
    world = sim.world
    if case.platform == "atlas":
        world.main.beyond = "MULTI_CLOUD_CLUSTER_INVALID"
    wanted = {f"{world.projects[one.project_id].name} {one.name}": one.id for one in world.clusters.values()}
    world.add_project("Empty", case.platform)
    world.add_cluster(world.add_project("Museum", "ops_manager" if case.platform == "atlas" else "atlas"), "catalogue")

    listed = Inventories(playbooks).list(environment(sim))

    assert listed.run.status == 0, listed.run.output
    hosts = listed.hosts.values()
    assert {f"{one['project_name']} {one['cluster_name']}": one["cluster_id"] for one in hosts} == wanted
    assert len(hosts) == 20
    assert all(text in listed.said for text in case.said)
    assert bool(warned(listed.run)) == bool(case.said)
    assert sim.log.writes == []


def test_no_switch_is_forgotten() -> None:
    """A new switch, or a new value of one, has to find its place in this file."""
    cases: list[Same | Refused | Race | Fleet]
    cases = [*SAME.values(), *REFUSED.values(), *RACES.values(), *FLEETS.values()]
    changes = [*(case.changes for case in cases), IN_USE, ON_V1]
    tried = {(name, value) for change in changes for name, value in change.items()}
    tried |= {(name, code) for name, codes in CODES.items() for code in codes}
    tried |= {("no_legacy_backup", code) for code in NO_BACKUP}
    assert set(variants()) <= tried
