# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The snapshots of one cluster on each dialect: reading, changing, deleting, and what a 404 means."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.workers import at_once, one_by_one
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._clusters import Cluster
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot, from_api
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot_api import Service, is_gone

from unit.plugins.clients import NOW, PLATFORMS, Talk, error_of

TalkTo = Callable[..., Talk]
LATER = NOW + timedelta(days=400)
NOBODY = "0" * 24
OTHER_404 = ["RESOURCE_NOT_FOUND", "INVALID_SNAPSHOT_ID", "CONFIG_SNAPSHOT_NOT_FOUND", None]


def before_of(asker: Talk, mark: str = "plain_0") -> Snapshot:
    body = asker.shown(asker.mark(mark))
    assert body is not None
    return from_api(body)


# --- listing and reading ---


@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize(("completeness", "count"), [("all", 20), ("complete", 19), ("incomplete", 1)])
def test_the_listing(talk: TalkTo, name: str, completeness: str, count: int) -> None:
    asker = talk(name)
    found = asker.service.snapshots(completeness)
    assert len(found) == count
    assert {snapshot.complete for snapshot in found} <= {completeness != "incomplete", completeness == "complete"}


@pytest.mark.parametrize("name", PLATFORMS)
def test_one_snapshot(talk: TalkTo, name: str) -> None:
    asker = talk(name)
    found = asker.service.snapshot(asker.mark("plain_0"))
    assert found is not None
    assert found.id == asker.mark("plain_0")
    assert asker.service.snapshot(NOBODY) is None


@pytest.mark.parametrize("how", ["snapshot_not_found", "other_code", "no_code", "empty_body"])
@pytest.mark.parametrize("name", ["v2", "ops_manager"])
def test_not_there_however_it_is_spelled(talk: TalkTo, name: str, how: str) -> None:
    asker = talk(name, switches={"missing_snapshot": how})
    assert asker.service.snapshot(NOBODY) is None
    # Any other spelling is settled by a listing of all, made after the answer.
    listed = [entry.query for entry in asker.sim.log if entry.path.endswith("/snapshots")]
    assert ["completed=all" in query for query in listed] == ([] if how == "snapshot_not_found" else [True])


@pytest.mark.parametrize("code", OTHER_404)
def test_a_404_about_a_snapshot_that_is_listed_fails(talk: TalkTo, code: str | None) -> None:
    asker = talk()
    asker.sim.faults.add("not_found", code=code)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert (error.status, error.code) == (404, code)


def test_a_404_about_an_incomplete_one_that_is_listed_fails(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("not_found")
    assert error_of(asker.service.snapshot, asker.mark("incomplete")).status == 404


@pytest.mark.parametrize("code", ["CLUSTER_NOT_FOUND", "GROUP_NOT_FOUND", None])
@pytest.mark.parametrize("kind", ["access_list", "unavailable", "login_page", "wrong_shape"])
def test_a_404_whose_listing_fails_fails(talk: TalkTo, code: str | None, kind: str) -> None:
    asker = talk(retry_timeout=0)
    asker.sim.faults.add("not_found", code=code)
    asker.sim.faults.add(kind, path="/snapshots$")
    error = error_of(asker.service.snapshot, NOBODY)
    assert error.status != 404


@pytest.mark.parametrize("name", ["v2", "ops_manager"])
def test_a_missing_cluster_is_never_a_missing_snapshot(talk: TalkTo, name: str) -> None:
    asker = talk(name, cluster="nobody" if name == "v2" else NOBODY)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert error.code == "CLUSTER_NOT_FOUND"
    assert error.meets_all


def reading_requests(asker: Talk, ids: list[str], threads: int = 1) -> tuple[int, int]:
    """How many listings and single reads it takes to read these."""
    asker.sim.reset_log()
    reading = asker.service.read(ids, at_once(threads))
    assert reading.failed == {}
    assert set(reading.found) == set(ids)
    good = asker.sim.log.where(lambda entry: entry.status in (200, 404))
    listings = [entry for entry in good if entry.path.endswith("/snapshots")]
    return len(listings), len(good) - len(listings)


@pytest.mark.parametrize(
    ("count", "wanted", "requests"),
    [
        (1200, [0], (0, 1)),
        (1200, [0, 1], (1, 0)),
        (1200, [0, 700], (1, 1)),
        (1200, [700, 1100], (1, 2)),
        (1200, [0, 700, 1100], (1, 2)),
        (1200, [600, 700, 1100], (2, 1)),
        (1200, range(0, 1200, 10), (3, 0)),
        (10, range(10), (1, 0)),
        (4000, [900, 901, 902, 903], (1, 4)),
    ],
)
def test_the_cheaper_way_is_chosen(talk: TalkTo, count: int, wanted: Any, requests: tuple[int, int]) -> None:
    asker = talk("ops_manager", "many", {"count": count}, server={"check": False})
    ids = [snapshot.id for snapshot in asker.sim.world.snapshots(asker.sim.world.main)]
    assert reading_requests(asker, [ids[number] for number in wanted]) == requests


@pytest.mark.parametrize(
    "switches",
    [
        {"total_count_off": 7},
        {"total_count_off": -7},
        {"list_links": "absent"},
        {"order": "shuffled"},
        {"order": "oldest"},
    ],
    ids=str,
)
def test_whatever_the_listing_is_like_all_are_found(talk: TalkTo, switches: dict[str, Any]) -> None:
    asker = talk("ops_manager", "many", {"count": 1200}, switches=switches, server={"check": False})
    ids = [snapshot.id for snapshot in asker.sim.world.snapshots(asker.sim.world.main)]
    listings, reads = reading_requests(asker, ids[::100])
    assert listings + reads <= 12 + 1


def test_an_id_that_the_listing_lacks_is_confirmed_by_a_read(talk: TalkTo) -> None:
    asker = talk()
    assert reading_requests(asker, [asker.mark("plain_0"), NOBODY]) == (1, 1)
    reading = asker.service.read([asker.mark("plain_0"), NOBODY], one_by_one)
    assert reading.found[NOBODY] is None


def test_one_listing_settles_all_unclear_ones(talk: TalkTo) -> None:
    asker = talk(switches={"missing_snapshot": "no_code"})
    missing = [f"{number:024x}" for number in range(5)]
    assert reading_requests(asker, missing, threads=4) == (2, 5)


def test_a_listing_without_totalcount(talk: TalkTo) -> None:
    asker = talk()
    rows = [asker.shown(asker.mark(f"plain_{number}")) for number in range(4)]
    asker.sim.faults.add("answer", path="/snapshots$", times=2, body=json.dumps({"results": rows[:2]}))
    reading = asker.service.read([asker.mark(f"plain_{number}") for number in range(4)], one_by_one)
    assert len(reading.found) == 4


@pytest.mark.parametrize("kind", ["login_page", "wrong_shape", "broken_json"])
def test_a_listing_that_cannot_be_read_leaves_single_reads(talk: TalkTo, kind: str) -> None:
    asker = talk()
    asker.sim.faults.add(kind, path="/snapshots$")
    ids = [asker.mark("plain_0"), asker.mark("plain_1")]
    assert set(asker.service.read(ids, one_by_one).found) == set(ids)


def test_a_listing_that_is_refused_stops_the_rest(talk: TalkTo) -> None:
    asker = talk(key="stranger")
    ids = [asker.mark("plain_0"), asker.mark("plain_1")]
    reading = asker.service.read(ids, one_by_one)
    assert reading.found == {}
    assert {key: error.code for key, error in reading.failed.items()} == {ids[0]: "NOT_IN_GROUP"}
    assert asker.sim.log.requests == 2


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"id": "0123"}',
        '{"id": 5}',
        f'{{"id": "{NOBODY}"}}',
        '{"id": null}',
        '{"id": "%s", "expires": 5}',
        '{"id": "%s", "expires": "soon"}',
        '{"id": "%s", "complete": "yes"}',
        '{"id": "%s", "created": "2026-01-01"}',
        '{"id": "%s", "created": {"increment": true}}',
        '{"id": "%s", "parts": {}}',
        '{"id": "%s", "parts": [5]}',
        '{"id": "%s", "parts": [{"fileSizeBytes": "5"}]}',
        '{"id": "%s", "doNotDelete": 1}',
        '{"id": "%s", "parts": [{"x": ' + "[" * 30 + "]" * 30 + "}]}",
        '{"id": "%s", "parts": [{"x": ' + "[" * 44 + "]" * 44 + "}]}",
        '{"id": "%s", "expires": ' + "[" * 44 + "]" * 44 + "}",
    ],
)
def test_a_snapshot_of_another_shape_is_one_clear_error(talk: TalkTo, body: str) -> None:
    asker = talk()
    wanted = asker.mark("plain_0")
    asker.sim.faults.add("answer", body=body.replace("%s", wanted))
    error = error_of(asker.service.snapshot, wanted)
    assert f"GET of snapshot {wanted} was answered with something that is not this snapshot" in error.message
    assert len(error.message) < 1000
    assert asker.time.waits == []


def test_a_listing_with_one_row_of_another_kind_decides_nothing(talk: TalkTo) -> None:
    asker = talk()
    rows = [asker.shown(asker.mark("plain_0")), {"id": NOBODY, "expires": False}]
    asker.sim.faults.add("answer", path="/snapshots$", body=json.dumps({"results": rows}))
    error = error_of(asker.service.snapshots)
    assert "The snapshots of cluster ladder cannot be read: expires: False is not an ISO 8601" in error.message
    assert "Nothing is decided on them" in error.message


# --- changing ---


@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize(
    ("mark", "expires", "hold", "sent"),
    [
        ("plain_0", LATER, None, {"expires": "2027-12-28T12:00:00Z"}),
        ("plain_0", None, True, {"doNotDelete": True}),
        ("held", LATER, False, {"doNotDelete": False, "expires": "2027-12-28T12:00:00Z"}),
    ],
)
def test_a_change_sends_what_differs_and_returns_what_is(
    talk: TalkTo, name: str, mark: str, expires: Any, hold: bool | None, sent: dict[str, Any]
) -> None:
    asker = talk(name)
    after = asker.service.change(before_of(asker, mark), expires, hold)
    assert [json.loads(entry.body or "") for entry in asker.sim.log.done_writes] == [sent]
    assert (after.expires_at, after.do_not_delete) == (expires, bool(hold))


LOST = ["reset_after", "truncated", "slow_after"]


def lose(asker: Talk, kind: str, method: str) -> None:
    slow: dict[str, Any] = {"seconds": 1.0} if kind == "slow_after" else {}
    asker.sim.faults.add(kind, method=method, **slow)


@pytest.mark.parametrize("kind", LOST)
def test_a_change_whose_answer_was_lost_is_a_change(talk: TalkTo, kind: str) -> None:
    asker = talk(timeout=0.3)
    lose(asker, kind, "PATCH")
    assert asker.service.change(before_of(asker), LATER, None).expires_at == LATER


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("edit_expired", ["ALREADY_EXPIRED", "CANNOT_MODIFY_SNAPSHOT"])
def test_a_lost_change_whose_repetition_is_refused_is_settled_by_reading(
    talk: TalkTo, kind: str, edit_expired: str
) -> None:
    asker = talk(timeout=0.3, switches={"removal": "when_told", "edit_expired": edit_expired})
    lose(asker, kind, "PATCH")
    # A date in the past: the repetition meets a snapshot that has expired.
    past = NOW - timedelta(days=1)
    assert asker.service.change(before_of(asker), past, None).expires_at == past


def test_a_lost_change_that_did_not_happen_is_the_refusal(talk: TalkTo) -> None:
    asker = talk(retry_timeout=10)
    before = before_of(asker)
    asker.sim.faults.add("bad_gateway", method="PATCH")
    asker.sim.faults.add("error", method="PATCH", code="CANNOT_MODIFY_SNAPSHOT")
    error = error_of(asker.service.change, before, LATER, None)
    assert (error.status, error.code, error.fate_unknown) == (403, "CANNOT_MODIFY_SNAPSHOT", False)


def test_a_lost_change_that_cannot_be_settled_has_an_unknown_fate(talk: TalkTo) -> None:
    asker = talk(retry_timeout=10)
    before = before_of(asker)
    asker.sim.faults.add("reset_after", method="PATCH")
    asker.sim.faults.add("access_list", times=None)
    error = error_of(asker.service.change, before, LATER, None)
    assert (error.status, error.fate_unknown) == (403, True)


def test_a_change_without_any_answer_has_an_unknown_fate(talk: TalkTo) -> None:
    asker = talk(retry_timeout=1)
    before = before_of(asker)
    asker.sim.faults.add("reset_after", method="PATCH", times=None)
    error = error_of(asker.service.change, before, LATER, None)
    assert (error.status, error.exhausted, error.fate_unknown) == (None, True, True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "something that is not this snapshot"),
        ("{}", "something that is not this snapshot"),
        (f'{{"id": "{NOBODY}"}}', f"it is snapshot {NOBODY}"),
        ('{"id": "%s"}', "other values than were sent"),
        ('{"id": "%s", "expires": "2026-12-01T00:00:00Z"}', "answered expires 2026-12-01T00:00:00Z, doNotDelete None"),
    ],
)
def test_the_answer_to_a_change_must_be_the_snapshot_with_what_was_sent(talk: TalkTo, body: str, words: str) -> None:
    asker = talk()
    asker.sim.faults.add("answer", method="PATCH", body=body.replace("%s", asker.mark("plain_0")))
    error = error_of(asker.service.change, before_of(asker), LATER, None)
    assert words in error.message
    assert error.fate_unknown


def test_a_hold_that_the_service_does_not_answer_is_an_error(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("answer", method="PATCH", body=f'{{"id": "{asker.mark("plain_0")}", "doNotDelete": false}}')
    error = error_of(asker.service.change, before_of(asker), None, True)
    assert "answered expires none, doNotDelete False" in error.message


@pytest.mark.parametrize("date", ["2027-12-28T14:00:00+02:00", "2027-12-28T12:00:00.999Z", "2027-12-28T12:00"])
def test_the_answer_s_date_is_compared_as_an_instant(talk: TalkTo, date: str) -> None:
    asker = talk()
    asker.sim.faults.add("answer", method="PATCH", body=f'{{"id": "{asker.mark("plain_0")}", "expires": "{date}"}}')
    assert asker.service.change(before_of(asker), LATER, None).expires_at == LATER


# --- deleting ---


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize("body", ["none", "empty_object"])
def test_a_delete_on_ops_manager(talk: TalkTo, status: int, body: str) -> None:
    asker = talk("ops_manager", switches={"om_delete_status": status, "om_delete_body": body})
    assert asker.service.delete(asker.mark("plain_9"))
    assert asker.shown(asker.mark("plain_9")) is None


@pytest.mark.parametrize("how", ["snapshot_not_found", "other_code", "no_code", "empty_body"])
@pytest.mark.parametrize("kind", [None, *LOST])
def test_a_delete_of_what_is_gone(talk: TalkTo, how: str, kind: str | None) -> None:
    asker = talk(timeout=0.3, switches={"missing_snapshot": how})
    wanted = asker.mark("plain_9")
    if kind is None:
        asker.sim.world.remove(asker.sim.world.main, wanted)
    else:
        lose(asker, kind, "DELETE")
    # Gone before us is not ours; gone by a try of ours whose answer was lost is.
    assert asker.service.delete(wanted) is (kind is not None)


@pytest.mark.parametrize("code", OTHER_404)
def test_a_delete_answered_404_of_a_snapshot_that_is_listed_fails(talk: TalkTo, code: str | None) -> None:
    asker = talk()
    asker.sim.faults.add("not_found", code=code, method="DELETE")
    error = error_of(asker.service.delete, asker.mark("plain_0"))
    assert (error.status, error.code, error.fate_unknown) == (404, code, False)


@pytest.mark.parametrize("code", ["SNAPSHOT_NOT_FOUND", None])
def test_a_refused_token_says_nothing_of_a_snapshot(talk: TalkTo, code: str | None) -> None:
    asker = talk(key="service_account")
    asker.sim.faults.add("not_found", code=code, path="/oauth/token$", times=None)
    for act in (asker.service.snapshot, asker.service.delete):
        error = error_of(act, asker.mark("plain_5"))
        assert (error.method, error.status, error.meets_all) == ("POST", 404, True)
    reading = asker.service.read([asker.mark("plain_5"), asker.mark("plain_6")], one_by_one)
    assert reading.found == {}
    assert asker.shown(asker.mark("plain_5")) is not None


def test_a_delete_is_not_taken_for_done_on_a_listing_that_shifted(talk: TalkTo) -> None:
    """What our other workers delete meanwhile moves the rows: the listing that settles a 404 may miss one."""
    asker = talk("ops_manager")
    wanted = asker.mark("plain_5")
    asker.sim.faults.add("not_found", code="CLUSTER_NOT_FOUND", method="DELETE")
    asker.sim.faults.add("answer", path="/snapshots$", body='{"results": []}')
    error = error_of(asker.service.delete, wanted)
    assert (error.code, error.fate_unknown) == ("CLUSTER_NOT_FOUND", False)
    assert asker.shown(wanted) is not None


def test_a_delete_that_cannot_be_confirmed_is_an_error(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    wanted = asker.mark("plain_5")
    asker.sim.faults.add("not_found", method="DELETE")
    asker.sim.faults.add("answer", path="/snapshots$", body='{"results": []}')
    asker.sim.faults.add("error", code="ACCESS_FORBIDDEN", path=f"/{wanted}$", method="GET")
    assert error_of(asker.service.delete, wanted).code == "ACCESS_FORBIDDEN"


def test_a_lost_delete_whose_404_cannot_be_settled_has_an_unknown_fate(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("bad_gateway", method="DELETE")
    asker.sim.faults.add("not_found", method="DELETE")
    asker.sim.faults.add("access_list", path="/snapshots$")
    error = error_of(asker.service.delete, asker.mark("plain_0"))
    assert (error.status, error.fate_unknown) == (403, True)


@pytest.mark.parametrize("code", ["USER_UNAUTHORIZED", "ACCESS_FORBIDDEN"])
def test_a_lost_delete_that_is_then_refused_has_an_unknown_fate(talk: TalkTo, code: str) -> None:
    asker = talk()
    asker.sim.faults.add("reset_after", method="DELETE")
    asker.sim.faults.add("error", method="DELETE", code=code)
    error = error_of(asker.service.delete, asker.mark("plain_0"))
    assert (error.code, error.fate_unknown) == (code, True)


@pytest.mark.parametrize("missing", ["not_found", "no_content"])
def test_a_second_delete(talk: TalkTo, missing: str) -> None:
    asker = talk(switches={"delete_missing": missing})
    assert asker.service.delete(asker.mark("plain_9"))
    assert asker.service.delete(asker.mark("plain_9")) is (missing == "no_content")


# --- what belongs to it ---


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_schedule(talk: TalkTo, name: str) -> None:
    asker = talk(name, "replica_set", {"specials": False})
    found = asker.service.schedule()
    assert (found["snapshot_interval_hours"], found["point_in_time_window_hours"]) == (6, 24)
    assert "links" not in found
    assert all(key == key.lower() for key in found)


@pytest.mark.parametrize("body", ["{}", '{"results": [42]}', '{"id": null}', '{"error": 500, "reason": "x"}'])
def test_what_has_no_field_of_a_schedule_is_none(talk: TalkTo, body: str) -> None:
    asker = talk()
    asker.sim.faults.add("answer", body=body)
    error = error_of(asker.service.schedule)
    assert "The schedule of cluster ladder cannot be read: none of its fields is in the answer" in error.message
    assert error.status == 200


def test_a_schedule_that_cannot_be_read_is_one_clear_error(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("answer", body='{"x": ' + "[" * 45 + "]" * 45 + "}")
    assert (
        "The schedule of cluster ladder cannot be read: it is nested too deeply"
        in error_of(asker.service.schedule).message
    )


@pytest.mark.parametrize("name", PLATFORMS)
def test_restore_jobs(talk: TalkTo, name: str) -> None:
    asker = talk(name)
    jobs = {job.snapshot_id: job for job in asker.service.restore_jobs(NOW)}
    assert {mark: jobs[asker.mark(mark)].in_use for mark in ("restoring", "downloadable", "restored")} == {
        "restoring": True,
        "downloadable": True,
        "restored": False,
    }


@pytest.mark.parametrize(
    "row",
    [
        {"delivery": 5},
        {"timestamp": "x"},
        {"timestamp": {"date": 5}},
        {"statusName": 5},
        {"snapshotId": "x"},
        {"delivery": {"expires": "x"}},
        {"delivery": {"statusName": []}},
    ],
    ids=str,
)
def test_restore_jobs_of_another_shape_are_one_clear_error(talk: TalkTo, row: dict[str, Any]) -> None:
    asker = talk()
    asker.sim.faults.add("answer", body=json.dumps({"results": [{"id": "1" * 24, **row}]}))
    assert "The restore jobs of cluster ladder cannot be read" in error_of(asker.service.restore_jobs, NOW).message


def test_a_service_speaks_of_its_own_cluster_alone(talk: TalkTo) -> None:
    asker = talk("ops_manager", "ops_manager", None)
    world = asker.sim.world
    counts = {}
    for cluster in world.clusters.values():
        service = Service(asker.client, cluster.project_id, Cluster(cluster.id, None, cluster.id))
        counts[cluster.name] = len(service.snapshots()) == len(cluster.snapshots)
    assert counts == dict.fromkeys(["invoices", "ledger", "archive", "scratch"], True)


@pytest.mark.parametrize(
    ("status", "code", "wanted"),
    [
        (404, "SNAPSHOT_NOT_FOUND", True),
        (404, None, False),
        (404, "CLUSTER_NOT_FOUND", False),
        (400, "SNAPSHOT_NOT_FOUND", False),
    ],
)
def test_only_one_answer_says_by_itself_that_a_snapshot_is_gone(status: int, code: str | None, wanted: bool) -> None:
    assert is_gone(ApiError("x", status, code)) is wanted


# --- another cluster ---

OTHER = "e" * 24


def answers_for_another(asker: Talk, path: str, field: str, method: str = "GET") -> None:
    """From now on, one row or the whole answer at a path is that of another project or cluster."""
    world, main = asker.sim.world, asker.sim.world.main
    row: dict[str, Any] = {**world.documents(main)[-1], field: OTHER.upper()}
    rows = [*world.documents(main)[:-1], row]
    body = {**row, "id": asker.mark("plain_0")} if path == "/snapshots/" else {"results": rows}
    if path == "/restoreJobs":
        body = {"results": [{"id": "j", "statusName": "FINISHED", field: OTHER}]}
    if path == "/snapshotSchedule":
        body = {"snapshotIntervalHours": 6, field: OTHER}
    asker.sim.faults.add("wrong_shape", body=json.dumps(body), path=path, method=method, times=None)


@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize(("field", "what"), [("clusterId", "cluster"), ("groupId", "project")])
@pytest.mark.parametrize("path", ["/snapshots$", "/snapshots/", "/snapshotSchedule"])
def test_what_belongs_to_another_cluster_is_an_error(talk: TalkTo, name: str, field: str, what: str, path: str) -> None:
    asker = talk(name)
    answers_for_another(asker, path, field)
    ask: dict[str, Callable[[], Any]] = {
        "/snapshots$": asker.service.snapshots,
        "/snapshots/": lambda: asker.service.snapshot(asker.mark("plain_0")),
        "/snapshotSchedule": asker.service.schedule,
    }
    error = error_of(ask[path])
    assert (error.code, error.status, error.meets_all) == ("ANOTHER_CLUSTER", None, True)
    assert f"something of another {what}: {OTHER.upper() if 'snapshots' in path else OTHER}" in str(error)


def test_a_restore_job_of_another_project_is_an_error_and_one_of_a_shard_is_not(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    answers_for_another(asker, "/restoreJobs", "clusterId")
    assert len(asker.service.restore_jobs(NOW)) == 1
    asker.sim.faults.clear()
    answers_for_another(asker, "/restoreJobs", "groupId")
    assert error_of(asker.service.restore_jobs, NOW).code == "ANOTHER_CLUSTER"


def test_where_only_the_name_is_known_the_first_row_tells_the_cluster(talk: TalkTo) -> None:
    asker = talk("v2")
    main = asker.sim.world.main
    service = Service(asker.client, main.project_id, Cluster(main.name, main.name, None))
    assert len(service.snapshots()) == 20
    answers_for_another(asker, "/snapshots$", "clusterId")
    # A cluster of the same name in its place, all of its rows with its own id.
    assert error_of(service.snapshots).code == "ANOTHER_CLUSTER"
    assert error_of(Service(asker.client, main.project_id, Cluster(main.name, main.name, None)).snapshots).code


def test_a_row_of_another_cluster_among_those_nobody_asked_for_is_an_error(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    answers_for_another(asker, "/snapshots$", "clusterId")
    reading = asker.service.read([asker.mark("plain_0"), asker.mark("plain_1")], one_by_one)
    assert [error.code for error in reading.failed.values()] == ["ANOTHER_CLUSTER"]


def test_a_change_that_is_answered_for_another_cluster_has_an_unknown_fate(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    answers_for_another(asker, "/snapshots/", "clusterId", "PATCH")
    error = error_of(asker.service.change, before_of(asker), LATER, None)
    assert (error.code, error.fate_unknown, error.meets_all) == ("ANOTHER_CLUSTER", True, True)
