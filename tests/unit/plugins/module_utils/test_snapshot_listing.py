# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is: filters, order, and what is gathered beside it. Public interface, "legacy_snapshot_info"."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._clusters import Cluster
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import RESULT_KEYS
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot_api import Service
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot_listing import listing, query

from unit.plugins.clients import NOW, PLATFORMS, Talk, error_of

TalkTo = Callable[..., Talk]
PARAMS: dict[str, Any] = {
    "snapshot_id": None,
    "completeness": "complete",
    "created_after": None,
    "created_before": None,
    "expires_after": None,
    "expires_before": None,
    "do_not_delete": None,
    "limit": None,
    "gather": ["parts"],
}
KEYS = (
    "snapshots",
    "total",
    "truncated",
    "filtered",
    "completeness",
    "project_id",
    "cluster_id",
    "cluster_name",
    "schedule",
    "schedule_status",
    "restore_jobs",
)


def ask(asker: Talk, warned: list[str] | None = None, **params: Any) -> dict[str, Any]:
    said = [] if warned is None else warned
    found = query({**PARAMS, **params})
    return listing(asker.service, asker.sim.world.main.project_id, found, NOW, said.append)


def marks(asker: Talk, result: dict[str, Any]) -> set[str]:
    names = {value: key for key, value in asker.sim.world.marks.items()}
    return {names[row["id"]] for row in result["snapshots"]}


@pytest.mark.parametrize("name", PLATFORMS)
def test_all_the_keys_are_always_there(talk: TalkTo, name: str) -> None:
    asker = talk(name)
    found = ask(asker)
    assert tuple(found) == KEYS
    assert all(tuple(row) == RESULT_KEYS for row in found["snapshots"])
    assert (found["total"], found["truncated"], found["filtered"]) == (19, False, False)
    main = asker.sim.world.main
    assert (found["project_id"], found["cluster_id"], found["cluster_name"]) == (main.project_id, main.id, main.name)
    assert (found["schedule"], found["schedule_status"], found["restore_jobs"]) == (None, None, None)
    assert asker.sim.log.requests == 2
    assert json.loads(json.dumps(found)) == found


def test_newest_first_by_time_increment_and_id(talk: TalkTo) -> None:
    asker = talk(switches={"order": "shuffled"})
    rows = ask(asker, completeness="all")["snapshots"]
    keys = [(row["created_at"], row["created_increment"], row["id"]) for row in rows]
    assert keys == sorted(keys, reverse=True)
    assert len(rows) == 20


@pytest.mark.parametrize(("completeness", "count"), [("complete", 19), ("incomplete", 1), ("all", 20)])
def test_completeness(talk: TalkTo, completeness: str, count: int) -> None:
    found = ask(talk(), completeness=completeness)
    assert (found["total"], found["completeness"], found["filtered"]) == (count, completeness, False)


FILTERS: dict[str, tuple[dict[str, Any], int, set[str]]] = {
    "held": ({"do_not_delete": True}, 1, {"held"}),
    "not held": ({"do_not_delete": False}, 18, {"plain_0", "never_expiring"}),
    "from that second on": ({"created_after": "2026-11-20T12:00:00Z"}, 1, {"plain_0"}),
    "a second later": ({"created_after": "2026-11-20T12:00:01Z"}, 0, set()),
    "before that second": ({"created_before": "2026-11-11T12:00:00Z"}, 9, {"held"}),
    "up to that second": ({"created_before": "2026-11-11T12:00:01Z"}, 10, {"plain_9"}),
    "between": (
        {"created_after": "2026-11-17", "created_before": "2026-11-19T18:00+02:00"},
        3,
        {"plain_1", "plain_2", "plain_3"},
    ),
    "expires from then on": ({"expires_after": "2027-01-01T12:00:00Z"}, 7, {"plain_9", "restoring"}),
    "expires before": ({"expires_before": "2026-12-24T12:00:00Z"}, 2, {"plain_0", "expired"}),
    "no expiry matches neither": ({"expires_after": "2000-01-01"}, 17, {"plain_0"}),
    "no expiry matches neither, the other way": ({"expires_before": "2100-01-01"}, 17, {"plain_0"}),
    "all at once": (
        {
            "created_after": "2026-11-01",
            "expires_after": "2027-01-01",
            "do_not_delete": False,
            "expires_before": "2027-01-02",
        },
        1,
        {"plain_9"},
    ),
}


@pytest.mark.parametrize(("params", "count", "some"), FILTERS.values(), ids=FILTERS)
def test_filters(talk: TalkTo, params: dict[str, Any], count: int, some: set[str]) -> None:
    asker = talk()
    found = ask(asker, **params)
    assert found["total"] == len(found["snapshots"]) == count
    assert some <= marks(asker, found)
    assert found["filtered"]
    assert not found["truncated"]
    if "expires_after" in params or "expires_before" in params:
        assert not marks(asker, found) & {"held", "never_expiring"}


@pytest.mark.parametrize(
    ("limit", "shown", "truncated"), [(1, 1, True), (18, 18, True), (19, 19, False), (500, 19, False)]
)
def test_a_limit_shows_the_newest_and_still_counts(talk: TalkTo, limit: int, shown: int, truncated: bool) -> None:
    asker = talk()
    found = ask(asker, limit=limit)
    assert (len(found["snapshots"]), found["total"], found["truncated"]) == (shown, 19, truncated)
    assert not found["filtered"]
    assert found["snapshots"][0]["id"] == asker.mark("plain_0")


@pytest.mark.parametrize("name", PLATFORMS)
def test_one_by_its_id_at_the_price_of_one_request(talk: TalkTo, name: str) -> None:
    asker = talk(name)
    found = ask(asker, snapshot_id=asker.mark("incomplete").upper())
    assert [row["id"] for row in found["snapshots"]] == [asker.mark("incomplete")]
    assert (found["total"], found["filtered"], found["truncated"]) == (1, True, False)
    assert asker.sim.log.requests == 2


@pytest.mark.parametrize("how", ["snapshot_not_found", "no_code"])
def test_an_id_that_does_not_exist_gives_an_empty_list(talk: TalkTo, how: str) -> None:
    found = ask(talk(switches={"missing_snapshot": how}), snapshot_id="f" * 24)
    assert (found["snapshots"], found["total"], found["filtered"]) == ([], 0, True)


def test_a_cluster_that_does_not_exist_fails(talk: TalkTo) -> None:
    asker = talk(cluster="nobody")
    assert error_of(ask, asker).code == "CLUSTER_NOT_FOUND"
    assert error_of(ask, asker, snapshot_id="f" * 24).code == "CLUSTER_NOT_FOUND"


def test_a_project_that_does_not_exist_fails(talk: TalkTo) -> None:
    assert "Check project_id" in error_of(ask, talk(key="stranger")).message


def test_a_cluster_without_snapshots_is_an_empty_list(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 0})
    assert ask(asker)["snapshots"] == []


@pytest.mark.parametrize(("name", "told"), [("v2", True), ("v1.0", False)])
def test_what_the_snapshots_tell_of_their_cluster(talk: TalkTo, name: str, told: bool) -> None:
    asker = talk(name)
    main = asker.sim.world.main
    asker.service = Service(asker.client, main.project_id, Cluster(main.name, None, None))
    found = ask(asker)
    assert (found["cluster_id"], found["cluster_name"]) == (main.id, main.name if told else None)


# --- what is gathered ---


@pytest.mark.parametrize(("gather", "there"), [(["parts"], True), ([], False), (["schedule"], False)])
def test_parts(talk: TalkTo, gather: list[str], there: bool) -> None:
    found = ask(talk("ops_manager", "ladder", {"shards": 3}), gather=gather)
    for row in found["snapshots"]:
        assert [row[key] is not None for key in ("parts", "namespace_filter")] == [there] * 2
        assert row["missing_shards"] == []
        assert row["file_size_bytes"] > 0


def test_a_thousand_snapshots_without_parts_fit_into_an_event(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 1000, "shards": 12}, server={"check": False})
    found = ask(asker, gather=["schedule", "restore_jobs"])
    assert found["total"] == 1000
    assert len(json.dumps(found)) < 700_000


@pytest.mark.parametrize("name", PLATFORMS)
def test_schedule_and_restore_jobs(talk: TalkTo, name: str) -> None:
    asker = talk(name, "replica_set")
    warned: list[str] = []
    found = ask(asker, warned, gather=["schedule", "restore_jobs"])
    assert found["schedule"]["snapshot_interval_hours"] == 6
    assert found["schedule_status"] == "read"
    assert {(row["snapshot_id"], row["in_use"]) for row in found["restore_jobs"]} == {
        (asker.mark("restoring"), True),
        (asker.mark("downloadable"), True),
        (asker.mark("restored"), False),
    }
    assert warned == []


NO_SCHEDULE = {
    "BACKUP_CONFIG_NOT_FOUND": ("absent", "has no snapshot schedule"),
    "BACKUP_JOB_NOT_FOUND": ("absent", "has no snapshot schedule"),
    "CANNOT_GET_BACKUP_CONFIG_INVALID_STATE": ("unavailable", "does not tell its snapshot schedule now"),
    "CANNOT_MODIFY_SHARD_BACKUP_CONFIG": ("unavailable", "does not tell its snapshot schedule now"),
}


@pytest.mark.parametrize("code", NO_SCHEDULE)
@pytest.mark.parametrize("name", ["v2", "ops_manager"])
def test_a_schedule_that_is_not_there_or_not_told_is_a_warning(talk: TalkTo, name: str, code: str) -> None:
    asker = talk(name)
    asker.sim.faults.add("error", code=code, path="/snapshotSchedule$")
    warned: list[str] = []
    found = ask(asker, warned, gather=["schedule"])
    assert found["schedule"] is None
    assert len(found["snapshots"]) == 19
    (said,) = warned
    status, words = NO_SCHEDULE[code]
    assert words in said
    assert code in said
    assert found["schedule_status"] == status


@pytest.mark.parametrize("kind", ["access_list", "unauthorized", "login_page", "unavailable"])
def test_a_schedule_that_cannot_be_read_fails(talk: TalkTo, kind: str) -> None:
    asker = talk(retry_timeout=0)
    asker.sim.faults.add(kind, path="/snapshotSchedule$", times=None)
    assert error_of(ask, asker, gather=["schedule"]).status in (401, 403, 200, 503)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "access_list"},
        {"kind": "not_found"},
        {"kind": "error", "code": "BACKUP_JOB_NOT_FOUND"},
        {"kind": "conflict"},
        {"kind": "login_page"},
        {"kind": "answer", "body": '{"results": [{"id": "1", "delivery": []}, {"id": "2", "delivery": "x"}]}'},
    ],
    ids=str,
)
def test_restore_jobs_that_cannot_be_read_fail(talk: TalkTo, fault: dict[str, Any]) -> None:
    asker = talk()
    asker.sim.faults.add(path="/restoreJobs$", **fault)
    assert "restore" in error_of(ask, asker, gather=["restore_jobs"]).message


def test_a_download_is_in_use_until_it_expires(talk: TalkTo) -> None:
    asker = talk()
    world = asker.sim.world
    world.clear_restores(world.main)
    for hours in (-1, 0, 1):
        world.add_restore(
            world.main,
            asker.mark("plain_0"),
            status="FINISHED",
            delivery_status="READY",
            delivery_expires=int((NOW + timedelta(hours=hours)).timestamp()),
        )
    rows = ask(asker, gather=["restore_jobs"])["restore_jobs"]
    assert [row["in_use"] for row in rows] == [False, False, True]


# --- what is refused ---


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"limit": 0}, "limit is 0: it is 1 or more"),
        ({"limit": -5}, "limit is -5"),
        ({"snapshot_id": "daily"}, "snapshot_id: 'daily' is not an id"),
        ({"created_after": "yesterday"}, "created_after: 'yesterday' is not an ISO 8601"),
        ({"created_before": "2026-02-30"}, "created_before: "),
        ({"expires_after": "x"}, "expires_after: "),
        ({"expires_before": "2026-01-01T25:00"}, "expires_before: "),
    ],
)
def test_bad_options_are_refused_by_name(params: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError) as caught:
        query({**PARAMS, **params})
    assert words in str(caught.value)


def test_reading_writes_nothing(talk: TalkTo) -> None:
    asker = talk(key="auditor", read_only=True)
    ask(asker, gather=["parts", "schedule", "restore_jobs"], completeness="all")
    assert asker.sim.log.writes == []
