# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two modules whole, on answers that no service should give, over real sockets.

Whatever is answered, and to which request: one result that is JSON, right or one clear error; no traceback; and no
write but to the path of a snapshot that was asked for.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.modules import legacy_snapshot, legacy_snapshot_info
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.exchange import Call
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from unit import hostile
from unit.hostile import MISSING, WRONG
from unit.plugins.clients import world
from unit.plugins.modules.runner import Runner

PLATFORMS = ("v2", "ops_manager")
SNAPSHOT_PATH = re.compile(
    r"/api/(atlas/v2|public/v1\.0)/groups/[0-9a-f]{24}/clusters/([0-9a-f]{24}|ladder)/snapshots/([0-9a-f]{24})"
)
ids = [f"{number:024x}" for number in range(1, 5)]
slow = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=hostile.examples(0.6),
)


@pytest.fixture
def sims(simulator: Start) -> dict[str, Simulator]:
    """A simulator of each kind, and one whose client is a service account."""
    return {platform: simulator(world(platform)) for platform in PLATFORMS}


def ready(runner: Runner, sim: Simulator) -> Simulator:
    """The same simulator as if nothing had been asked of it yet."""
    sim.faults.clear()
    sim.reset_log()
    sim.api.auth.tokens.revoke_all()
    runner.sim = sim
    return sim


def told(runner: Runner, found: dict[str, Any], asked: set[str]) -> dict[str, Any]:
    """What must hold of any result; then the result."""
    assert runner.sim is not None
    assert "Traceback" not in runner.output
    json.dumps(found, ensure_ascii=False, allow_nan=False).encode("utf-8")
    if found.get("failed"):
        assert found["msg"].strip()
        assert len(found["msg"]) < 6000
        assert set(found["error"]) == {"status", "code", "detail"}
    else:
        assert "snapshots" in found or "outcomes" in found
    for entry in runner.sim.log.writes:
        if entry.method == "POST":
            assert entry.path == "/api/oauth/token"
            continue
        path = SNAPSHOT_PATH.fullmatch(entry.path)
        assert path is not None, entry.path
        assert path.group(3) in asked
    return found


# --- any answer to any request ---

WHERE = [
    r"/snapshots$",
    r"/snapshots/[0-9a-f]+$",
    r"/snapshotSchedule$",
    r"/restoreJobs$",
    r"/clusters$",
    r"/oauth/token$",
    r".",
]
HEADER_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(
    str.strip
) | st.sampled_from(
    [
        "",
        "9" * 400,
        "-1",
        "0",
        "1e9",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Thu, 99 Foo 2026 99:99:99 GMT",
        'Digest realm="x", nonce="y", qop="auth", stale=true',
        "Digest nonce=a, algorithm=SHA-512-256",
        "Digest " + "a" * 6000,
        'Bearer error="invalid_token"',
        "http://[::1",
        "http://[::1]:99999/",
        "//\\..",
        "https://user:secret@elsewhere.invalid/x?y",
        "\u00e9\u00ff",
        "text/html; charset=\x7f",
    ]
)
HEADERS = st.dictionaries(
    st.sampled_from(["WWW-Authenticate", "Retry-After", "Location", "X-Odd", "Set-Cookie", "Link", "Content-Language"]),
    HEADER_VALUES,
    max_size=3,
)
TYPES = st.sampled_from(
    [
        "application/json",
        "text/html",
        "application/json; charset=utf-16",
        "x",
        "image/png",
        "application/vnd.atlas.9999-01-01+json",
    ]
)
STATUSES = st.sampled_from(
    [
        int(status)
        for status in (
            "200 200 200 201 202 203 204 206 226 299 300 301 302 304 307 308 400 401 402 403 404 404 405 407 409 410"
            " 415 418 421 429 451 500 501 502 503 504 511 599"
        ).split()
    ]
)
_ERRORS = st.fixed_dictionaries(
    {},
    optional={
        "detail": hostile.json_values,
        "error": hostile.json_values,
        "errorCode": hostile.json_values
        | st.sampled_from(
            ["SNAPSHOT_NOT_FOUND", "NOT_IN_GROUP", "IP_ADDRESS_NOT_ON_ACCESS_LIST", "RATE_LIMITED_TOKEN_BUCKET"]
        ),
        "parameters": hostile.json_values | st.lists(hostile.json_values, max_size=3),
        "reason": hostile.json_values,
    },
)
_LISTS = st.fixed_dictionaries(
    {"results": st.lists(hostile.json_values, max_size=3)},
    optional={"links": hostile.json_values, "totalCount": hostile.json_values},
)
_TOKENS = st.fixed_dictionaries({}, optional={"access_token": hostile.json_values, "expires_in": hostile.json_values})
ANSWERS = hostile.bodies(hostile.json_values | _ERRORS | _LISTS | _TOKENS)


@slow
@given(
    st.sampled_from(PLATFORMS),
    st.sampled_from(["info", "delete", "date", "check"]),
    st.sampled_from(WHERE),
    st.sampled_from([None, "GET", "PATCH", "DELETE"]),
    STATUSES,
    ANSWERS,
    HEADERS,
    TYPES,
    st.sampled_from([1, 2, None]),
)
def test_any_answer_to_any_request_is_a_result_or_one_clear_error(
    runner: Runner,
    sims: dict[str, Simulator],
    platform: str,
    how: str,
    path: str,
    method: str | None,
    status: int,
    body: bytes,
    headers: dict[str, str],
    media_type: str,
    times: int | None,
) -> None:
    sim = ready(runner, sims[platform])
    runner.key = "service_account" if path == r"/oauth/token$" and platform == "v2" else "owner"
    sim.faults.add(
        "answer",
        path=path,
        method=method,
        times=times,
        authorised=status != 401,
        status=status,
        body=body,
        headers=headers,
        media_type=media_type,
    )
    with hostile.in_time():
        if how == "info":
            found = runner(legacy_snapshot_info, gather=["parts", "schedule", "restore_jobs"], cluster_id="")
        else:
            wish: dict[str, Any] = {"expires_at": "2098-01-01"} if how == "date" else {"state": "absent"}
            items: Any = [{"snapshot_id": name} for name in ids]
            found = runner(
                legacy_snapshot, check=how == "check", snapshots=items, unless_restoring=True, diff=True, **wish
            )
    told(runner, found, set(ids))
    assert sim.log.writes == [] or how in ("delete", "date") or path == r"/oauth/token$" or runner.key != "owner"


# --- listings ---


def listed(rows: list[dict[str, Any]]) -> bytes:
    return hostile.spelled({"links": [], "results": rows, "totalCount": len(rows)}).encode()


@slow
@given(st.sampled_from(PLATFORMS), st.lists(hostile.snapshots, max_size=4))
def test_a_listing_is_read_as_the_contract_has_it_or_refused(
    runner: Runner, sims: dict[str, Simulator], platform: str, drawn: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    sim = ready(runner, sims[platform])
    sim.faults.add("answer", path="/snapshots$", times=None, body=listed([document for document, _read in drawn]))
    found = told(runner, runner(legacy_snapshot_info, completeness="all"), set())
    readings = [read for _document, read in drawn]
    names = [read["id"] for read in readings]
    if any(WRONG in read.values() for read in readings) or len(set(names)) < len(names):
        assert found["failed"]
        return
    if found.get("failed"):
        # What decides is right, and the rest is no JSON at all.
        assert "JSON" in found["msg"]
        return
    rows = {row["id"]: row for row in found["snapshots"]}
    assert set(rows) == set(names)
    for read in readings:
        row = rows[read["id"]]
        created, increment = read["created"]
        assert (row["complete"], row["do_not_delete"], row["expires_at"]) == (
            read["complete"],
            read["doNotDelete"],
            read["expires"],
        )
        assert (row["created_at"], row["created_increment"]) == (created, increment)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("pages", [1, 2])
def test_an_id_that_comes_twice_is_never_taken_for_either(
    runner: Runner, simulator: Start, platform: str, upper: bool, pages: int
) -> None:
    """Held in one row and not in the other, and in another case of letters: nobody may choose."""
    sim = ready(runner, simulator(world(platform)))
    free = {
        "id": "a" * 24,
        "complete": True,
        "doNotDelete": False,
        "created": {"date": "2026-01-01T00:00:00Z", "increment": 1},
    }
    held = {**free, "id": "A" * 24 if upper else "a" * 24, "doNotDelete": True}
    others = [{**free, "id": name} for name in ids]
    for rows in ([free, held], [held, free]):
        ready(runner, sim)
        for number in range(1, pages + 1):
            part = [*others, *rows] if pages == 1 else [*(others if number == 1 else []), rows[number - 1]]
            more = [{"rel": "next", "href": "x"}] if number < pages else [{"rel": "self", "href": "x"}]
            sim.faults.add(
                "answer",
                path="/snapshots$",
                times=None,
                when=partial(_is_page, number),
                body=json.dumps({"results": part, "links": more, "totalCount": len(others) + 2}),
            )
        found = told(runner, runner(legacy_snapshot_info, completeness="all"), set())
        assert found["failed"]
        if pages == 2:
            continue  # one page is enough to find both, and so no other is read
        items: Any = [{"snapshot_id": name} for name in ("a" * 24, ids[0])]
        done = told(runner, runner(legacy_snapshot, snapshots=items, state="absent", concurrency=1), {"a" * 24, ids[0]})
        assert done["outcomes"][0]["action"] != "deleted"
        assert not [entry for entry in sim.log.writes if entry.path.endswith("a" * 24)]


def _is_page(number: int, call: Call) -> bool:
    return call.query.get("pageNum") == str(number)


def test_pages_without_end_end(runner: Runner, simulator: Start) -> None:
    """Each page has other rows and a next one, and none has what is looked for."""
    sim = ready(runner, simulator(world()))
    fault = sim.faults.add("answer", path="/snapshots$", times=None)

    def turn(call: Any) -> None:
        number = int(call.query.get("pageNum", 1))
        rows = [{"id": f"{number * 10 + each:024x}", "complete": True} for each in range(3)]
        fault.body = json.dumps({"results": rows, "links": [{"rel": "next", "href": "x"}], "totalCount": 0})

    sim.faults.before(turn, path="/snapshots$", times=None)
    items: Any = [{"snapshot_id": f"{number:x}" * 24} for number in range(1, 7)]
    with hostile.in_time():
        found = told(runner, runner(legacy_snapshot, snapshots=items, state="absent"), set())
    assert {one["action"] for one in found["outcomes"]} == {"absent"}
    assert sim.log.requests < 20


# --- schedules, restore jobs, clusters ---


@slow
@given(
    hostile.bodies(
        st.dictionaries(
            hostile.texts | st.sampled_from(["pointInTimeWindowHours", "links"]), hostile.json_values, max_size=4
        )
    )
)
def test_any_schedule_is_shown_or_refused(runner: Runner, sims: dict[str, Simulator], body: bytes) -> None:
    sim = ready(runner, sims["v2"])
    sim.faults.add("answer", path="/snapshotSchedule$", times=None, body=body)
    told(runner, runner(legacy_snapshot_info, gather=["schedule"]), set())


@slow
@given(st.lists(hostile.jobs, max_size=3))
def test_nothing_is_taken_away_while_jobs_may_use_it(
    runner: Runner, sims: dict[str, Simulator], drawn: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    sim = ready(runner, sims["v2"])
    wanted = sim.world.marks["plain_5"]
    documents = [
        {**document, "snapshotId": wanted} if read["snapshotId"] not in (None, WRONG) else document
        for document, read in drawn
    ]
    sim.faults.add("answer", path="/restoreJobs$", times=None, body=listed(documents))
    found = told(
        runner, runner(legacy_snapshot, check=True, snapshot_id=wanted, state="absent", unless_restoring=True), set()
    )
    readings = [read for _document, read in drawn]
    odd = any(WRONG in read.values() for read in readings) or len({read["id"] for read in readings}) < len(readings)
    using = any(
        read["snapshotId"] is not None
        and (
            read["statusName"] not in hostile.ENDED
            or (read["delivery"][0] == "READY" and (read["delivery"][1] is None or read["delivery"][1] > "2099"))
        )
        for read in readings
        if WRONG not in read.values()
    )
    if odd or using:
        assert found["failed"]
        assert found["outcomes"][0]["action"] == "failed"
    assert "canary" not in runner.output
    assert "delivery.invalid" not in runner.output


CLUSTER_ROWS = st.fixed_dictionaries(
    {"id": hostile.json_values | st.just("b" * 24)},
    optional={
        "clusterName": hostile.json_values | st.just("ladder"),
        "name": hostile.json_values | st.just("ladder"),
        "replicaSetName": hostile.json_values | st.just("ladder"),
        "typeName": hostile.json_values | st.sampled_from(["SHARDED_REPLICA_SET", "REPLICA_SET", "CONFIG_SERVER"]),
        "shardName": hostile.json_values,
    },
)


@slow
@given(st.lists(CLUSTER_ROWS, max_size=4), st.sampled_from(PLATFORMS), st.booleans())
def test_any_cluster_list_names_a_cluster_or_is_one_clear_error(
    runner: Runner, sims: dict[str, Simulator], rows: list[dict[str, Any]], platform: str, both: bool
) -> None:
    sim = ready(runner, sims[platform])
    sim.faults.add("answer", path="/clusters$", times=None, body=listed(rows))
    found = told(
        runner,
        runner(legacy_snapshot, snapshot_id=ids[0], state="absent", cluster_id="b" * 24 if both else ""),
        {ids[0]},
    )
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", found.get("msg", ""))
    places = {entry.path.split("/clusters/")[1].split("/")[0] for entry in sim.log if "/clusters/" in entry.path}
    assert all(re.fullmatch("[0-9a-f]{24}|ladder", place) for place in places)


# --- what an error quotes ---


@pytest.mark.parametrize("cut", [b"", b"}", b"x"])
def test_a_broken_answer_of_the_token_endpoint_is_not_shown(runner: Runner, simulator: Start, cut: bytes) -> None:
    """It may hold the token."""
    sim = ready(runner, simulator(world()))
    runner.key = "service_account"
    sim.faults.add("answer", path="oauth", body=b'{"access_token": "token-canary", "expires_in": 3600' + cut + b"}}")
    found = told(runner, runner(legacy_snapshot_info), set())
    assert "something other than JSON" in found["msg"]
    assert "canary" not in runner.output


@pytest.mark.parametrize("end", [b"", b"]}x"])
def test_a_broken_list_of_restore_jobs_is_not_shown(runner: Runner, simulator: Start, end: bytes) -> None:
    """It may hold what gives access to the data."""
    sim = ready(runner, simulator(world()))
    body = b'{"results": [{"id": "j", "delivery": {"url": "https://canary.invalid", "authValue": "canary"}}' + end
    sim.faults.add("answer", path="/restoreJobs$", body=body, times=None)
    found = told(runner, runner(legacy_snapshot_info, gather=["restore_jobs"]), set())
    assert "something other than JSON" in found["msg"]
    assert "canary" not in runner.output


def test_a_content_type_is_quoted_in_short(runner: Runner, simulator: Start) -> None:
    sim = ready(runner, simulator(world()))
    sim.faults.add("answer", path="/snapshots$", body="<html>", media_type="x" * 4000 + "\u009b31m")
    found = told(runner, runner(legacy_snapshot_info), set())
    assert len(found["msg"]) < 1000
    assert "\u009b" not in found["msg"]


@pytest.mark.parametrize("location", ["http://[::1", "http://[", "//[x]/", "http://a:b:c", "\\\\x", ""])
def test_a_redirect_to_no_address_is_one_clear_error(runner: Runner, simulator: Start, location: str) -> None:
    sim = ready(runner, simulator(world()))
    sim.faults.add("redirect", path="/snapshots$", location=location, times=None)
    assert told(runner, runner(legacy_snapshot_info), set())["failed"]
    assert sim.log.requests == 2


# --- size ---

_MANY = 10 * 2**20
LARGE: dict[str, Callable[[], bytes]] = {
    "a name": lambda: listed([{"id": "a" * 24, "clusterName": "x" * _MANY}]),
    "a number": lambda: b'{"results": [{"id": "' + b"a" * 24 + b'", "x": ' + b"9" * _MANY + b"}]}",
    "a fraction": lambda: b'{"results": [{"id": "' + b"a" * 24 + b'", "x": 0.' + b"9" * _MANY + b"}]}",
    "rows that are none": lambda: b'{"results": [' + b"0," * (_MANY // 2) + b"0]}",
    "empty objects": lambda: b'{"results": [' + b"{}," * (_MANY // 3) + b"{}]}",
    "keys": lambda: b"{" + ",".join(f'"{n}":0' for n in range(_MANY // 10)).encode() + b"}",
    "brackets": lambda: b"[" * _MANY,
    "braces": lambda: b'{"a":' * (_MANY // 5),
    "escapes": lambda: b'{"results": [], "x": "' + rb"\ud800" * (_MANY // 6) + b'"}',
    "blanks": lambda: b" " * _MANY,
    "a page": lambda: b"<html>" + b"<title>" * (_MANY // 7),
    "a detail of tags": lambda: b'{"detail": "' + b"<title>" * (_MANY // 7) + b'"}',
    "an address": lambda: b'{"errorCode": "X_ACCESS_LIST", "parameters": ["' + b":" * _MANY + b'g"]}',
    "parameters": lambda: b'{"errorCode": "X_ACCESS_LIST", "parameters": [' + b"[]," * (_MANY // 3) + b"1]}",
}


@pytest.mark.parametrize("what", LARGE)
def test_ten_megabytes_of_anything_take_seconds_and_make_no_large_message(
    runner: Runner, sims: dict[str, Simulator], what: str
) -> None:
    sim, body = ready(runner, sims["v2"]), LARGE[what]()
    status = 200 if body.startswith(b'{"results"') else 403
    sim.faults.add("answer", path="/snapshots$", times=None, status=status, body=body)
    with hostile.in_time():
        found = told(runner, runner(legacy_snapshot_info), set())
    assert found.get("failed") or what in ("a name", "a fraction", "escapes")


@pytest.mark.parametrize("spoiled", [False, True])
def test_a_compressed_body_is_read_and_a_spoiled_one_is_an_error(
    runner: Runner, sims: dict[str, Simulator], spoiled: bool
) -> None:
    sim = ready(runner, sims["v2"])
    body = gzip.compress(listed([{"id": "a" * 24}]))
    body = body[:20] + b"\x00\x00" + body[22:] if spoiled else body
    sim.faults.add("answer", path="/snapshots$", times=None, body=body, headers={"Content-Encoding": "gzip"})
    found = told(runner, runner(legacy_snapshot_info, retry_timeout=5), set())
    assert found.get("failed", False) is spoiled
    assert MISSING not in found.values()
