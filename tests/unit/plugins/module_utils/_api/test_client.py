# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client on the wire: pages, retries, broken connections, certificates, redirects, and what its errors say."""

from __future__ import annotations

import base64
import codecs
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api import pagination
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.auth import Digest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.client import Client, RetryLog
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.responses import parse_json, retry_after
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.settings import (
    MANAGER,
    Settings,
    quoted_path,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator import faults
from simulator.tls import Tls
from tools.faketime import FakeTime
from unit.plugins.clients import Talk, error_of, tried

TalkTo = Callable[..., Talk]
DAY = "2027-01-01T00:00:00Z"
CRLF = b"\r\n"


def act(asker: Talk, method: str, mark: str = "plain_0") -> Any:
    """One request of that method about a snapshot."""
    path = (*asker.base, "snapshots", asker.mark(mark))
    if method == "GET":
        return asker.client.get(*path)
    if method == "PATCH":
        return asker.client.patch(*path, body={"expires": DAY})
    return asker.client.delete(*path)


# --- paths and bodies ---


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        (["groups", "a"], "/groups/a"),
        (["a/b", "c d"], "/a%2Fb/c%20d"),
        (["a?b=c#d"], "/a%3Fb%3Dc%23d"),
        (["..x", "x..", "%2e%2e"], "/..x/x../%252e%252e"),
        (["ü"], "/%C3%BC"),
        (["a\r\nb"], "/a%0D%0Ab"),
    ],
)
def test_each_part_of_a_path_is_quoted_whole(parts: list[str], wanted: str) -> None:
    assert quoted_path(parts) == wanted


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_a_part_that_would_bend_the_path_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="cannot be part of a path"):
        quoted_path(["groups", part])


@pytest.mark.parametrize("name", ["v2", "v1.0", "cloud_manager", "ops_manager"])
def test_requests_of_each_dialect(talk: TalkTo, name: str) -> None:
    asker = talk(name)
    act(asker, "GET")
    act(asker, "PATCH")
    act(asker, "DELETE")
    dialect = asker.client.dialect
    assert {entry.accept for entry in asker.sim.log} == {dialect.media_type}
    assert {entry.user_agent for entry in asker.sim.log} == {"mongodb_ops.legacy_backup"}
    assert all(entry.path.startswith(dialect.api_path + "/groups/") for entry in asker.sim.log)
    assert [json.loads(entry.body) for entry in asker.sim.log.done_writes if entry.body] == [{"expires": DAY}]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"{}", {}),
        (b"\xef\xbb\xbf[1]", [1]),
        ('"é"'.encode(), "é"),
        ('"é"'.encode("latin-1"), "é"),
    ],
)
def test_json_in_the_encodings_that_are_met(content: bytes, wanted: Any) -> None:
    assert parse_json(content) == wanted


@pytest.mark.parametrize("content", [b"", b"{", b"NaN", b'{"a": Infinity}', b"<html>", b"\x00", b"[" * 200_000, b"'a'"])
def test_what_is_no_json_is_a_value_error(content: bytes) -> None:
    assert isinstance(tried(parse_json, content)[1], ValueError)


@given(st.binary())
def test_no_bytes_break_the_reader(content: bytes) -> None:
    _found, error = tried(parse_json, content)
    assert error is None or str(error)


# --- forms of errors that were recorded (contract 11) ---


@pytest.mark.parametrize("parameters", ["null", "[]", "[null]", '["x"]', '["x", null]', "5", '{"a": 1}'])
def test_odd_parameters_of_an_error_do_no_harm(talk: TalkTo, parameters: str) -> None:
    asker = talk(retry_timeout=0)
    for code, status in (("RATE_LIMITED_TOKEN_BUCKET", 429), ("IP_ADDRESS_NOT_ON_ACCESS_LIST", 403)):
        body = f'{{"error": {status}, "errorCode": "{code}", "detail": null, "parameters": {parameters}}}'
        asker.sim.faults.add("answer", status=status, body=body)
        assert error_of(act, asker, "GET").code == code


@pytest.mark.parametrize("how", [{"headers": {"Retry-After": "0"}}, {}])
def test_a_wait_of_0_is_a_short_wait(talk: TalkTo, how: dict[str, Any]) -> None:
    asker = talk()
    bucket = {"error": 429, "errorCode": "RATE_LIMITED_TOKEN_BUCKET", "parameters": ["x", 0, 10, 5, 60]}
    asker.sim.faults.add("answer", status=429, body=json.dumps(bucket), times=2, **how)
    assert act(asker, "GET")["id"]
    assert asker.time.waits == [1.0, 1.0]


@pytest.mark.parametrize("media_type", ["application/json", "text/html"])
@pytest.mark.parametrize("body", ["", "<html>Down</html>", "Service Unavailable"])
def test_a_503_without_json_is_waited_for(talk: TalkTo, body: str, media_type: str) -> None:
    asker = talk()
    asker.sim.faults.add("answer", status=503, body=body, media_type=media_type, times=2)
    assert act(asker, "GET")["id"]
    assert "last: 503 Service Unavailable" in str(asker.client.retries.summary())


@pytest.mark.parametrize("body", ["", "{}", "<html></html>", '{"errorCode": null}'])
def test_a_code_in_the_header_alone_counts(talk: TalkTo, body: str) -> None:
    asker = talk()
    header = {"X-Error-Code": "GROUP_NOT_FOUND"}
    asker.sim.faults.add("answer", status=404, body=body, headers=header)
    error = error_of(act, asker, "GET")
    assert (error.code, error.meets_all) == ("GROUP_NOT_FOUND", True)
    assert "Check project_id" in error.message
    asker.sim.faults.add("answer", status=401, body=body, headers={"X-Error-Code": "USER_UNAUTHORIZED"})
    assert "role of the key" in error_of(act, asker, "GET").message
    asker.sim.faults.add("answer", status=404, body=body, headers={"X-Error-Code": "some <text>"})
    assert error_of(act, asker, "GET").code is None


def test_a_missing_entity_and_a_wrong_path_have_one_code(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("not_found", code="RESOURCE_NOT_FOUND")
    error = error_of(act, asker, "GET")
    assert "knows no such path, or what the path names is not there: check platform, api_version" in error.message


# --- pages ---


@pytest.mark.parametrize("rows", [500, 501])
def test_a_page_of_more_rows_than_were_asked_for_is_an_error(talk: TalkTo, rows: int) -> None:
    asker = talk("ops_manager")
    asker.sim.faults.add("answer", path="/snapshots$", body=results(*map(row, range(rows))), times=None)
    found, error = tried(asker.client.listing, *asker.base, "snapshots")
    page, error_of_page = tried(asker.client.page, *asker.base, "snapshots")
    if rows > 500:
        assert found is page is None
        assert "a page of 501 rows, although 500 were asked for" in str(error)
        assert "a page of 501 rows" in str(error_of_page)
        assert asker.sim.log.status(200) == 2
    else:
        assert len(page.rows) == 500


def test_a_listing_of_too_many_rows_is_an_error(talk: TalkTo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "MOST_ROWS", 1000)
    asker = talk("ops_manager", "many", {"count": 1000})
    assert len(asker.client.listing(*asker.base, "snapshots")) == 1000
    asker = talk("ops_manager", "many", {"count": 1001})
    error = error_of(asker.client.listing, *asker.base, "snapshots")
    assert "a listing of more than 1000 rows" in error.message


def results(*rows: Any, **more: Any) -> str:
    return json.dumps({"results": list(rows), **more})


def row(number: int) -> dict[str, str]:
    return {"id": f"{number:024x}"}


NEXT = [{"rel": "self", "href": "x"}, {"rel": "next", "href": "http://elsewhere.invalid/steal"}]
SELF = [{"rel": "self", "href": "x"}]


def on_page(number: int) -> Callable[[Any], bool]:
    return lambda call: bool(call.query["pageNum"] == str(number))


def answer_pages(asker: Talk, pages: list[str]) -> None:
    """The listing's pages, one after the other, the last for ever."""
    fault = asker.sim.faults.add("answer", path="/snapshots$", times=None)

    def turn(call: Any) -> None:
        fault.body = pages[min(int(call.query["pageNum"]), len(pages)) - 1]

    asker.sim.faults.before(turn, path="/snapshots$", times=None)


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (499, 1), (500, 1), (501, 2), (1000, 2), (1203, 3)])
def test_all_pages_500_each(talk: TalkTo, count: int, requests: int) -> None:
    asker = talk("ops_manager", "many", {"count": count})
    rows = asker.client.listing(*asker.base, "snapshots")
    assert len({one["id"] for one in rows}) == count
    asked = [entry for entry in asker.sim.log if entry.status == 200]
    assert [entry.query for entry in asked] == [f"pageNum={n}&itemsPerPage=500" for n in range(1, requests + 1)]


@pytest.mark.parametrize(("off", "links"), [(7, "present"), (-7, "present"), (-7, "absent")])
@pytest.mark.parametrize("count", [493, 500, 507, 1000])
def test_the_count_of_the_service_decides_nothing(talk: TalkTo, off: int, links: str, count: int) -> None:
    switches = {"total_count_off": off, "list_links": links}
    asker = talk("ops_manager", "many", {"count": count}, switches=switches)
    assert len(asker.client.listing(*asker.base, "snapshots")) == count


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (499, 1), (500, 2), (1000, 3), (1001, 3)])
def test_without_links_a_full_page_asks_for_one_more(talk: TalkTo, count: int, requests: int) -> None:
    asker = talk("ops_manager", "many", {"count": count}, switches={"list_links": "absent"})
    assert len(asker.client.listing(*asker.base, "snapshots")) == count
    assert asker.sim.log.status(200) == requests


STOPS: dict[str, tuple[list[str], int, int]] = {
    "no next link": ([results(row(1), links=SELF)], 1, 1),
    "a short page without links": ([results(row(1))], 1, 1),
    "a short page with empty links": ([results(row(1), links=[])], 1, 1),
    "a short page with a next link goes on": ([results(row(1), links=NEXT), results(row(2), links=SELF)], 2, 2),
    "an empty first page": ([results(links=SELF)], 0, 1),
    "an empty page after a full one without links": ([results(*map(row, range(500))), results()], 500, 2),
    "links of odd kinds": ([results(row(1), links=[5, None, {"rel": 3}])], 1, 1),
    "links that are no list": ([results(row(1), links={"next": "x"})], 1, 1),
    "a full page without next": ([results(*map(row, range(500)), links=SELF), results(row(900))], 500, 1),
}


@pytest.mark.parametrize(("pages", "count", "requests"), STOPS.values(), ids=STOPS)
def test_when_a_listing_ends(talk: TalkTo, pages: list[str], count: int, requests: int) -> None:
    asker = talk()
    answer_pages(asker, pages)
    assert len(asker.client.listing(*asker.base, "snapshots")) == count
    assert asker.sim.log.where(lambda entry: entry.fault == "answer")[-1].status == 200
    assert len(asker.sim.log.where(lambda entry: entry.fault == "answer")) == requests


NOT_WHOLE: dict[str, tuple[dict[str, Any], int]] = {
    "a next link promised more": ({}, 2),
    "it has itself a next link": ({}, 1),
    "without links, the total promised more": ({"list_links": "absent"}, 2),
    "without links, its own total says more": ({"list_links": "absent"}, 1),
}


@pytest.mark.parametrize("times", [1, 3, None])
@pytest.mark.parametrize(("switches", "number"), NOT_WHOLE.values(), ids=NOT_WHOLE)
def test_an_empty_page_in_place_of_more_rows_is_listed_again(
    talk: TalkTo, switches: dict[str, Any], number: int, times: int | None
) -> None:
    asker = talk("ops_manager", "many", {"count": 600}, switches=switches)
    asker.sim.faults.add("empty_page", path="/snapshots$", when=on_page(number), times=times)
    if times is None:
        said = str(error_of(asker.client.listing, *asker.base, "snapshots"))
        assert f"page {number} is empty although there should be more, in 4 listings" in said
    else:
        assert len(asker.client.listing(*asker.base, "snapshots")) == 600


def test_a_total_above_the_rows_that_no_page_has_is_an_error(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 493}, switches={"list_links": "absent", "total_count_off": 7})
    assert "a listing that is not whole" in str(error_of(asker.client.listing, *asker.base, "snapshots"))


@pytest.mark.parametrize("host", ["same", "other"])
def test_links_are_read_and_never_followed(talk: TalkTo, host: str) -> None:
    asker = talk("ops_manager", "many", {"count": 501}, switches={"link_host": host})
    assert len(asker.client.listing(*asker.base, "snapshots")) == 501
    assert asker.sim.log.requests == 3  # all of them to the address that was given


def test_the_query_goes_to_each_page(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 501})
    asker.client.listing(*asker.base, "snapshots", query={"completed": "all"})
    assert all("completed=all" in entry.query for entry in asker.sim.log)


def test_the_next_page_is_on_its_way_while_one_is_read(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 1100})
    under_way = threading.Event()
    waited: list[bool] = []
    asker.sim.faults.before(lambda _call: under_way.set(), path="/snapshots$", when=on_page(2))

    def made(row: dict[str, Any]) -> str:
        # The first row is not let go before the second page is asked for.
        if not waited:
            waited.append(under_way.wait(10))
        return str(row["id"])

    ids = asker.client.listing_of(made, *asker.base, "snapshots")
    assert waited == [True]
    assert sorted(ids) == sorted(one.id for one in asker.sim.world.snapshots(asker.sim.world.main))
    assert asker.sim.log.status(200) == 3


def pages_asked(asker: Talk) -> list[int]:
    """The numbers of the pages, in the order in which they were asked for."""
    return [int(re.findall(r"pageNum=(\d+)", entry.query)[0]) for entry in asker.sim.log]


@pytest.mark.parametrize(("connections", "last"), [(1, 3), (2, 4), (8, 4)])
def test_pages_that_the_total_promises_are_asked_for_before_the_one_before_them_is_read(
    talk: TalkTo, connections: int, last: int
) -> None:
    asker = talk("ops_manager", "many", {"count": 2100}, connections=connections)
    asker.sim.faults.add("answer", path="/snapshots$", body="half a", when=on_page(2))
    assert "no JSON, 6 bytes" in error_of(asker.client.listing, *asker.base, "snapshots").message
    assert max(pages_asked(asker)) == last


@pytest.mark.parametrize("links", ["present", "absent"])
@pytest.mark.parametrize(("connections", "most"), [(1, 1), (2, 2), (8, 2)])
def test_two_pages_are_under_way_at_most_and_one_where_there_is_one_connection(
    talk: TalkTo, links: str, connections: int, most: int
) -> None:
    asker = talk(
        "ops_manager",
        "many",
        {"count": 3100},
        switches={"list_links": links},
        server={"latency": 0.1},
        connections=connections,
    )
    assert len(asker.client.listing(*asker.base, "snapshots")) == 3100
    arrivals = sorted(entry.arrived for entry in asker.sim.log)
    # None is answered within the latency, so that what comes within it comes while the other is under way.
    under_way = [sum(one <= other < one + 0.1 for other in arrivals) for one in arrivals]
    assert max(under_way) == most
    assert sorted(pages_asked(asker)) == [1, 1, 2, 3, 4, 5, 6, 7]  # the first with its challenge
    assert (asker.sim.log.challenges, asker.sim.log.connections) == (1, most)


def pages_made(asker: Talk) -> list[str]:
    """The numbers of the pages, as the service makes them from now on."""
    made: list[str] = []
    asker.sim.faults.after(lambda call: made.append(call.query["pageNum"]), path="/snapshots$", times=None)
    return made


def test_a_page_that_comes_before_the_one_before_it_is_read_after_it(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 2100}, connections=2)
    asker.sim.faults.add("slow_before", seconds=0.3, path="/snapshots$", when=on_page(2))
    made = pages_made(asker)
    rows = asker.client.listing(*asker.base, "snapshots")
    assert made[:3] == ["1", "3", "2"]
    assert [one["id"] for one in rows] == [one["id"] for one in asker.sim.world.documents(asker.sim.world.main)]


def test_a_row_that_comes_between_two_pages_under_way_is_not_missed_whatever_the_totals_say(talk: TalkTo) -> None:
    """The second page is made after the third, and moves its last row to where nobody looks again."""
    asker = talk("ops_manager", "many", {"count": 2100}, connections=2)
    world = asker.sim.world

    def arrive(_call: Any) -> None:
        world.add_snapshot(world.main, world.clock.epoch - 3600, world.clock.epoch + 10**7)
        asker.sim.switch(total_count_off=-1)

    asker.sim.faults.add("slow_before", seconds=0.3, path="/snapshots$", when=on_page(2))
    asker.sim.faults.before(arrive, path="/snapshots$", when=on_page(2))
    made = pages_made(asker)
    rows = asker.client.listing(*asker.base, "snapshots")
    assert made[:3] == ["1", "3", "2"]
    assert {one["id"] for one in rows} == {one.id for one in world.snapshots(world.main)}
    assert len(rows) == 2101


@pytest.mark.parametrize("comes", [True, False])
@pytest.mark.parametrize("page", [1, 2, 3, 4, 5])
def test_a_listing_that_shifts_while_two_pages_are_under_way_is_made_again(
    talk: TalkTo, comes: bool, page: int
) -> None:
    asker = talk("ops_manager", "many", {"count": 2100}, connections=2)
    world = asker.sim.world
    changed = [max(world.snapshots(world.main), key=lambda one: one.created)]

    def shift(_call: Any) -> None:
        if comes:
            changed[0] = world.add_snapshot(world.main, world.clock.epoch - 3600, world.clock.epoch + 10**7)
        else:
            world.remove(world.main, changed[0].id)

    asker.sim.faults.after(shift, path="/snapshots$", when=on_page(page))
    found = [one["id"] for one in asker.client.listing(*asker.base, "snapshots")]
    assert len(set(found)) == len(found)
    # After the last page is made nobody can see what comes or goes, and it may be made along with the one before it.
    assert {one.id for one in world.snapshots(world.main)} ^ set(found) <= ({changed[0].id} if page > 3 else set())


def test_what_a_total_promises_wrongly_is_asked_for_in_vain_twice_at_most(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 1100}, switches={"total_count_off": 10**9}, connections=8)
    assert len(asker.client.listing(*asker.base, "snapshots")) == 1100
    assert sorted(pages_asked(asker)) == [1, 1, 2, 3, 4, 5]


def test_a_row_that_cannot_be_read_ends_the_listing(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 600})

    def made(row: dict[str, Any]) -> str:
        raise ValueError(f"row {row['id']}")

    with pytest.raises(ValueError, match="row "):
        asker.client.listing_of(made, *asker.base, "snapshots")
    # Nothing goes on behind our back.
    assert not [one.name for one in threading.enumerate() if one.name.startswith("ThreadPoolExecutor")]


def test_a_listing_that_shifts_is_made_again(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 600})
    world = asker.sim.world
    newer = world.clock.epoch - 3600

    def arrive(call: Any) -> None:
        world.add_snapshot(world.main, newer, newer + 10**7)

    asker.sim.faults.after(arrive, path="/snapshots$", when=on_page(1), times=2)
    rows = asker.client.listing(*asker.base, "snapshots")
    assert len(rows) == 602
    assert asker.sim.log.status(200) == 6


def test_a_listing_that_always_shifts_is_an_error_after_three_repetitions(talk: TalkTo) -> None:
    asker = talk()
    answer_pages(asker, [results(row(1), row(2), links=NEXT), results(row(2), row(3), links=SELF)])
    error = error_of(asker.client.listing, *asker.base, "snapshots")
    assert f"{2:024x} came twice, in 4 listings" in error.message
    assert len(asker.sim.log.where(lambda entry: entry.fault == "answer")) == 8


def test_a_row_that_was_missed_shows_in_the_total(talk: TalkTo) -> None:
    """One that goes between two pages moves another from the second to the first, where nobody looks again."""
    asker = talk("ops_manager", "many", {"count": 600})
    world = asker.sim.world
    newest = max(world.snapshots(world.main), key=lambda one: one.created).id
    asker.sim.faults.after(
        lambda _call: world.remove(world.main, newest),
        path="/snapshots$",
        when=on_page(1),
    )
    rows = asker.client.listing(*asker.base, "snapshots")
    assert {one["id"] for one in rows} == {one.id for one in world.snapshots(world.main)}
    assert asker.sim.log.status(200) == 4


def test_a_total_that_is_never_the_same_is_only_an_estimate(talk: TalkTo) -> None:
    """The same rows twice are believed, whatever the totals say."""
    asker = talk("ops_manager", "many", {"count": 600})
    asker.sim.faults.before(lambda call: asker.sim.switch(total_count_off=[7, 0, -7][call.index % 3]), times=None)
    assert len(asker.client.listing(*asker.base, "snapshots")) == 600
    assert asker.sim.log.status(200) == 4


def test_a_listing_whose_rows_never_stay_is_an_error(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 600})
    world = asker.sim.world

    def remove_one(_call: Any) -> None:
        world.remove(world.main, max(world.snapshots(world.main), key=lambda one: one.created).id)

    asker.sim.faults.after(remove_one, path="/snapshots$", when=on_page(1), times=None)
    error = error_of(asker.client.listing, *asker.base, "snapshots")
    assert "the total was 596 and 597, in 4 listings one after the other" in error.message


def test_a_listing_that_goes_round_is_an_error(talk: TalkTo) -> None:
    asker = talk()
    answer_pages(asker, [results(row(1), row(2), links=NEXT)])
    assert "goes round" in error_of(asker.client.listing, *asker.base, "snapshots").message


@pytest.mark.parametrize("total", [0, 10**9])
def test_a_listing_without_end_is_an_error(talk: TalkTo, monkeypatch: pytest.MonkeyPatch, total: int) -> None:
    monkeypatch.setattr(pagination, "MOST_PAGES", 7)
    asker = talk(connections=2)
    answer_pages(asker, [results(row(number), links=NEXT, totalCount=total) for number in range(10)])
    error = error_of(asker.client.listing, *asker.base, "snapshots")
    assert "a listing without end, 7 pages so far" in error.message
    assert max(pages_asked(asker)) == 7


STRANGE_PAGES = {
    "no results": "{}",
    "null": '{"results": null}',
    "an object": '{"results": {}}',
    "numbers": '{"results": [42]}',
    "a row without id": '{"results": [{}]}',
    "an id that is a number": '{"results": [{"id": 42}]}',
    "an id that is a list": '{"results": [{"id": []}]}',
    "a list": "[]",
    "a number": "42",
    "no body": "",
    "HTML": "<html><head><title>Please log in</title></head></html>",
    "half a page": '{"results": [{"id": "5',
    "NaN": '{"results": [], "totalCount": NaN}',
    "a very deep one": '{"results": ' + "[" * 100_000,
}


@pytest.mark.parametrize("body", STRANGE_PAGES.values(), ids=STRANGE_PAGES)
def test_a_listing_of_another_shape_is_one_clear_error(talk: TalkTo, body: str) -> None:
    asker = talk()
    answer_pages(asker, [body])
    error = error_of(asker.client.listing, *asker.base, "snapshots")
    assert "/snapshots was answered 200 with" in error.message
    assert (error.status, error.method, error.fate_unknown) == (200, "GET", False)
    assert asker.time.waits == []


@pytest.mark.parametrize(
    ("total", "wanted"), [(41, 41), ("41", None), (None, None), (4.5, None), ([], None), (-7, -7), (10**30, 10**30)]
)
def test_the_count_is_a_number_or_nothing(talk: TalkTo, total: Any, wanted: int | None) -> None:
    asker = talk()
    answer_pages(asker, [results(totalCount=total)])
    assert asker.client.page(*asker.base, "snapshots").total == wanted


# --- read only ---


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("key", ["owner", "service_account"])
def test_a_client_that_only_reads_raises_on_each_write(talk: TalkTo, method: str, key: str) -> None:
    asker = talk(key=key, read_only=True)
    error = error_of(act, asker, method)
    assert "nothing is written in check mode" in error.message
    assert asker.sim.log.requests == 0
    assert act(asker, "GET")["id"] == asker.mark("plain_0")


# --- retries ---

RETRIED: list[tuple[str, str, dict[str, Any]]] = [
    (method, kind, more)
    for method in ("GET", "PATCH", "DELETE")
    for kind, more in [
        ("rate_limited", {}),
        ("rate_limited", {"retry_after": 2}),
        ("bad_gateway", {}),
        ("unavailable", {"retry_after": 2}),
        ("unavailable", {}),
        ("gateway_timeout", {}),
        ("upgrade", {}),
        ("reset_before", {}),
    ]
] + [("GET", "server_error", {}), ("GET", "reset_after", {}), ("GET", "truncated", {})]


@pytest.mark.parametrize(("method", "kind", "more"), RETRIED)
def test_what_may_pass_is_tried_again(talk: TalkTo, method: str, kind: str, more: dict[str, Any]) -> None:
    asker = talk(chance=1.0)
    asker.sim.faults.add(kind, method=method, times=3, **more)
    act(asker, method)
    assert len(asker.sim.log.where(lambda entry: entry.fault == kind)) == 3
    assert asker.time.waits == ([2.2] * 3 if more else [1.0, 2.0, 4.0])
    assert len(asker.sim.log.done_writes) == (method != "GET")
    assert str(asker.client.retries.summary()).startswith(f"waited {7} s in 3 retries; last: ")


NOT_RETRIED: list[tuple[str, str, dict[str, Any], int]] = [
    ("PATCH", "server_error", {}, 500),
    ("DELETE", "server_error", {}, 500),
    ("GET", "access_list", {}, 403),
    ("GET", "conflict", {}, 409),
    ("GET", "not_found", {}, 404),
    ("GET", "error", {"code": "METHOD_NOT_ALLOWED"}, 405),
    ("GET", "error", {"code": "INVALID_ATTRIBUTE"}, 400),
    ("GET", "error", {"code": "VERSION_GONE"}, 410),
    ("GET", "redirect", {}, 302),
    ("GET", "answer", {"status": 501}, 501),
    ("GET", "login_page", {}, 200),
    ("GET", "broken_json", {}, 200),
    ("GET", "wrong_shape", {}, 200),
]


@pytest.mark.parametrize(("method", "kind", "more", "status"), NOT_RETRIED)
def test_what_does_not_pass_is_not_tried_again(
    talk: TalkTo, method: str, kind: str, more: dict[str, Any], status: int
) -> None:
    asker = talk()
    asker.sim.faults.add(kind, method=method, times=None, **more)
    error = error_of(act, asker, method)
    assert (error.status, error.exhausted) == (status, False)
    assert asker.time.waits == []
    assert asker.client.retries.summary() is None


def test_a_500_on_a_write_leaves_its_fate_unknown(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("server_error", method="DELETE")
    assert error_of(act, asker, "DELETE").fate_unknown
    asker.sim.faults.add("access_list", method="DELETE")
    assert not error_of(act, asker, "DELETE").fate_unknown


HOUR_AHEAD = format_datetime(datetime.now(timezone.utc) + timedelta(hours=1), usegmt=True)
HOUR_AGO = format_datetime(datetime.now(timezone.utc) - timedelta(hours=1), usegmt=True)
BUCKET = {"errorCode": "RATE_LIMITED_TOKEN_BUCKET"}
ASKED: list[tuple[str | None, Any, tuple[float, float] | None]] = [
    ("7", None, (7, 7)),
    (" 7 ", None, (7, 7)),
    ("0", None, (0, 0)),
    ("2.5", None, (2.5, 2.5)),
    ("9" * 400, None, (float("inf"), float("inf"))),
    (HOUR_AHEAD, None, (1800, 3600)),
    (HOUR_AHEAD.replace("GMT", "-0000"), None, (1800, 3600)),
    (HOUR_AGO, None, (0, 0)),
    ("soon", None, None),
    ("-5", None, None),
    ("", None, None),
    ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None, None),
    ("Mon, 99 Foo 2026 00:00:00 GMT", None, None),
    (None, None, None),
    (None, {**BUCKET, "parameters": ["x", 55, 10, 5, 60]}, (55, 55)),
    (None, {**BUCKET, "parameters": ["x", 0.5]}, (0.5, 0.5)),
    ("7", {**BUCKET, "parameters": ["x", 55]}, (7, 7)),
    ("soon", {**BUCKET, "parameters": ["x", 55]}, (55, 55)),
    (None, {**BUCKET, "parameters": ["x", 10**400]}, (60, 60)),
    (None, {**BUCKET, "parameters": ["x", float("inf")]}, (60, 60)),
    (None, {**BUCKET, "parameters": ["x", -1]}, None),
    (None, {**BUCKET, "parameters": ["x", True]}, None),
    (None, {**BUCKET, "parameters": ["x", "55"]}, None),
    (None, {**BUCKET, "parameters": ["x"]}, None),
    (None, {**BUCKET, "parameters": "x" * 60}, None),
    (None, {"errorCode": "RATE_LIMITED", "parameters": ["x", 10, 1]}, None),
    (None, [], None),
]


# Numbered: a name with the present hour in it would not be the same in each process of a run.
@pytest.mark.parametrize(("header", "body", "wanted"), ASKED, ids=range(len(ASKED)))
def test_the_wait_that_is_asked_for(header: str | None, body: Any, wanted: tuple[float, float] | None) -> None:
    found = retry_after({} if header is None else {"Retry-After": header}, body)
    if wanted is None:
        assert found is None
    else:
        assert found is not None
        assert wanted[0] <= found <= wanted[1]


@given(st.text(), st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists))
def test_no_header_and_no_parameters_break_the_wait(header: str, parameters: Any) -> None:
    for text in (header, f"Mon, 01 Jan 2026 {header}"):
        found = retry_after({"Retry-After": text}, {**BUCKET, "parameters": ["x", parameters]})
        assert found is None or found >= 0


@pytest.mark.parametrize(
    ("header", "chance", "waits"),
    [
        ("5", 0.0, [5.0]),
        ("5", 1.0, [5.5]),
        ("30", 1.0, [31.0]),  # jitter of a second at most
        ("3600", 0.0, [60.0]),  # capped
        ("9" * 400, 1.0, [60.0]),
        ("0", 0.0, [1.0]),  # never without a pause
        pytest.param(HOUR_AGO, 0.0, [1.0], id="an hour ago"),
        ("soon", 0.0, [0.5]),
        ("soon", 1.0, [1.0]),
        ("", 0.5, [0.75]),
    ],
)
def test_how_long_is_waited(talk: TalkTo, header: str, chance: float, waits: list[float]) -> None:
    asker = talk(chance=chance)
    plain_server(asker, [(429, {"Retry-After": header}, "{}")])
    assert asker.client.get("x") == {"done": True}
    assert asker.time.waits == waits


def plain_server(asker: Talk, answers: list[tuple[int, dict[str, str], str]]) -> None:
    """Points the client to a server that gives these answers, with any headers, and then a good one."""
    listener = socket.create_server(("127.0.0.1", 0))
    left = [*answers, (200, {}, '{"done": true}')]

    def serve() -> None:
        with listener:
            while left:
                connection, _address = listener.accept()
                with connection:
                    connection.recv(65536)
                    status, headers, body = left.pop(0)
                    lines = [f"{name}: {value}" for name, value in headers.items()]
                    head = [f"HTTP/1.1 {status} Said", "Connection: close", f"Content-Length: {len(body.encode())}"]
                    connection.sendall(("\r\n".join([*head, *lines]) + "\r\n\r\n" + body).encode("latin-1"))

    threading.Thread(target=serve, daemon=True).start()
    made = Settings(f"http://127.0.0.1:{listener.getsockname()[1]}", MANAGER, timeout=5)
    asker.client._settings = made


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_backoff_doubles_up_to_its_end_with_jitter(talk: TalkTo, chance: float) -> None:
    asker = talk(chance=chance, retry_timeout=10_000)
    asker.sim.faults.add("unavailable", times=9)
    act(asker, "GET")
    full = [1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert asker.time.waits == pytest.approx([wait * (0.5 + chance / 2) for wait in full])


def test_the_parameter_of_the_token_bucket_is_waited_for(talk: TalkTo) -> None:
    asker = talk(switches={"retry_after": "absent"})
    asker.sim.faults.add("fixture", status=429, body="rate-limited-token-bucket.json")
    act(asker, "GET")
    assert asker.time.waits == [55.0]
    summary = "waited 55 s in 1 retry; last: 429 RATE_LIMITED_TOKEN_BUCKET"
    assert asker.client.retries.summary() == summary


def test_a_real_token_bucket_is_waited_out(talk: TalkTo) -> None:
    asker = talk("v2")
    asker.sim.limits.set(3, 3, per=20)
    for number in range(9):
        assert asker.service.snapshot(asker.mark(f"plain_{number}"))
    assert asker.client.retries.count == 2
    assert sum(asker.time.waits) <= 41


def test_no_retry_timeout_fails_at_once(talk: TalkTo) -> None:
    asker = talk(retry_timeout=0)
    asker.sim.faults.add("unavailable", retry_after=1)
    error = error_of(act, asker, "GET")
    assert (error.status, error.exhausted, error.meets_all) == (503, True, True)
    assert "retry_timeout (0 s) is used up" in error.message
    assert asker.time.waits == []
    assert asker.client.retries.summary() is None


def test_a_retry_timeout_that_is_used_up(talk: TalkTo) -> None:
    asker = talk(retry_timeout=20)
    asker.sim.faults.add("rate_limited", retry_after=15, times=None)
    error = error_of(act, asker, "GET")
    assert asker.time.waits == [15.0, 5.0]
    assert error.exhausted
    assert "was answered 429 RATE_LIMITED" in error.message
    assert "raise retry_timeout" in error.message
    assert error.message.endswith("retry_timeout (20 s) is used up.")


@pytest.mark.parametrize(
    ("waits", "text"),
    [
        ([], None),
        ([0.4], "waited 1 s in 1 retry; last: 429 X"),
        ([1.0, 2.0, 5.0], "waited 8 s in 3 retries; last: 429 X"),
    ],
)
def test_the_retry_summary(waits: list[float], text: str | None) -> None:
    log = RetryLog()
    for wait in waits:
        log.add(wait, ApiError("…", status=429, code="X"))
    assert log.summary() == text


def test_the_summary_of_a_broken_connection_names_the_cause(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("reset_before")
    act(asker, "GET")
    assert "last: no answer" in str(asker.client.retries.summary())
    assert "0x" not in str(asker.client.retries.summary())


# --- answers that are lost ---


@pytest.mark.parametrize("kind", ["reset_after", "truncated", "slow_after"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_write_whose_answer_was_lost_says_so(talk: TalkTo, method: str, kind: str) -> None:
    asker = talk(timeout=0.3)
    slow: dict[str, Any] = {"seconds": 1.0} if kind == "slow_after" else {}
    asker.sim.faults.add(kind, method=method, **slow)
    if method == "PATCH":
        assert act(asker, method)["expires"] == DAY
    else:
        error = error_of(act, asker, method)
        assert (error.code, error.answer_lost, error.fate_unknown) == ("SNAPSHOT_NOT_FOUND", True, True)
    assert asker.client.retries.count == 1


@pytest.mark.parametrize("kind", ["rate_limited", "upgrade"])
def test_a_write_that_was_refused_was_not_lost(talk: TalkTo, kind: str) -> None:
    asker = talk()
    asker.sim.faults.add(kind, method="DELETE")
    asker.sim.faults.add("conflict", method="DELETE")
    error = error_of(act, asker, "DELETE")
    assert (error.status, error.answer_lost, error.fate_unknown) == (409, False, False)
    assert asker.client.retries.count == 1


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_request_without_any_answer_is_an_error_with_its_cause(talk: TalkTo, method: str) -> None:
    asker = talk(timeout=0.2, retry_timeout=2)
    asker.service.snapshot(asker.mark("plain_0"))
    asker.sim.faults.add("slow_before", seconds=0.6, times=None)
    error = error_of(act, asker, method)
    assert "no answer within timeout (0.2 s)" in error.message
    assert (error.status, error.exhausted, error.fate_unknown) == (None, True, method != "GET")


def test_an_address_where_nobody_listens_is_tried_again_and_was_never_taken(talk: TalkTo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    asker = talk(base_url=f"http://127.0.0.1:{port}", retry_timeout=3)
    error = error_of(act, asker, "DELETE")
    assert f"got no answer from 127.0.0.1:{port}: " in error.message
    assert "refused" in error.message
    assert (error.exhausted, error.fate_unknown) == (True, False)


def test_a_host_that_does_not_exist_is_told_at_once(talk: TalkTo, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: Any, **more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    asker = talk(base_url="http://opsmanager.invalid:8080")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = error_of(act, asker, "GET")
    assert "There is no such host: check base_url and proxy" in error.message
    assert asker.time.waits == []


# --- the first contact ---


def nobody() -> str:
    """The address of a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("how", ["refused", "reset_before", "truncated", "a proxy that is not there"])
def test_the_first_contact_fails_fast(talk: TalkTo, how: str) -> None:
    settings: dict[str, dict[str, Any]] = {
        "refused": {"base_url": nobody()},
        "a proxy that is not there": {"proxies": {"http": nobody()}},
    }
    asker = talk(**settings.get(how, {}))
    if how not in settings:
        asker.sim.faults.add(how, times=None, authorised=False)
    error = error_of(act, asker, "GET")
    assert error.message.endswith("It was tried 3 times: retry_timeout is for a service that has answered before.")
    assert (error.meets_all, error.exhausted) == (True, True)
    assert len(asker.time.waits) == 2
    assert sum(asker.time.waits) < 10


def test_http_to_a_port_that_speaks_tls_fails_fast(talk: TalkTo) -> None:
    asker = talk(server={"https": True})
    asker.client._settings = Settings(asker.sim.url.replace("https://", "http://"), asker.client.dialect)
    error = error_of(act, asker, "GET")
    assert "base_url has to begin with https" in error.message
    assert len(asker.time.waits) <= 2


def test_a_first_contact_that_is_slow_to_fail_ends_after_ten_seconds(talk: TalkTo) -> None:
    asker = talk()

    def pass_by(_call: Any) -> None:
        asker.time.now += 6

    asker.sim.faults.before(pass_by, times=None, authorised=False)
    asker.sim.faults.add("reset_before", times=None, authorised=False)
    assert "It was tried 2 times" in error_of(act, asker, "GET").message


@pytest.mark.parametrize("fault", ["unavailable", "bad_gateway", "gateway_timeout", "rate_limited"])
def test_a_service_that_answers_at_all_is_worth_retry_timeout(talk: TalkTo, fault: str) -> None:
    asker = talk(retry_timeout=100)
    asker.sim.faults.add(fault, times=None, authorised=False)
    assert "retry_timeout (100 s) is used up" in error_of(act, asker, "GET").message
    assert sum(asker.time.waits) >= 99


@pytest.mark.parametrize("how", ["an earlier request", "an earlier task"])
def test_a_service_that_has_answered_is_worth_retry_timeout(talk: TalkTo, how: str) -> None:
    asker = talk(retry_timeout=100, has_answered=how == "an earlier task")
    if how == "an earlier request":
        act(asker, "GET")
    asker.sim.faults.add("reset_before", times=None, authorised=how == "an earlier request")
    assert "retry_timeout (100 s) is used up" in error_of(act, asker, "GET").message


def test_the_first_retry_is_told_before_the_wait(talk: TalkTo) -> None:
    asker = talk(base_url=nobody())
    told: list[tuple[str, int]] = []
    asker.client.retries.on_first = lambda text: told.append((text, len(asker.time.waits)))
    error_of(act, asker, "GET")
    ((text, waits),) = told
    assert waits == 0
    assert "refused. Nobody listens there: check base_url, its port, and proxy. It is tried again." in text


# --- redirects and pages of others ---


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://login.example.com/sso?token=abc", "(to https://login.example.com)"),
        ("https://ops.example.com:8443/api", "(to https://ops.example.com:8443)"),
        ("http://[2001:db8::7]:8080/", "(to http://[2001:db8::7]:8080)"),
        ("https://me:secret@ops.example.com:8443/", "(to https://ops.example.com:8443)"),
        ("https://ops.example.com:99999/", "(to an address that is none)"),
        ("/login", "(to another path)"),
        ("", "(to another path)"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_refused(talk: TalkTo, location: str, words: str, status: int) -> None:
    asker = talk()
    asker.sim.faults.add("redirect", location=location, status=status)
    error = error_of(act, asker, "GET")
    assert error.status == status
    assert f"Redirects are refused {words}" in error.message
    assert "token=abc" not in error.message
    assert asker.sim.log.requests == 2


def test_a_redirect_to_no_address_is_refused_too(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("redirect", location="http://[bad")
    assert "Redirects are refused (to an address that is none)" in error_of(act, asker, "GET").message
    assert asker.sim.log.requests == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "login_page"}, ["an HTML page, ", " bytes, text/html; charset=utf-8", "A log-in page or a proxy"]),
        ({"kind": "broken_json"}, ["something other than JSON", "application/"]),
        ({"kind": "wrong_shape"}, ["JSON that is not an object"]),
        ({"kind": "answer", "body": ""}, ["no body where a JSON object was due"]),
        ({"kind": "answer", "body": " \n"}, ["no body where a JSON object was due"]),
        ({"kind": "answer", "body": "null"}, ["JSON that is not an object"]),
    ],
)
def test_what_is_no_json_object_is_named(talk: TalkTo, fault: dict[str, Any], words: list[str]) -> None:
    asker = talk()
    asker.sim.faults.add(**fault)
    error = error_of(act, asker, "GET")
    assert error.status == 200
    for word in words:
        assert word in error.message


def test_json_is_json_whatever_its_type_says(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("wrong_type")
    assert act(asker, "GET")["id"] == asker.mark("plain_0")


@pytest.mark.parametrize(
    ("status", "body", "good"),
    [
        (200, "", True),
        (202, "", True),
        (204, "", True),
        (200, "{}", True),
        (200, '{"some": "object"}', True),
        (200, "<html><title>Please log in</title></html>", False),
        (200, "[]", False),
        (200, "null", False),
        (200, "deleted", False),
    ],
)
def test_when_a_delete_is_done(talk: TalkTo, status: int, body: str, good: bool) -> None:
    asker = talk("ops_manager")
    asker.sim.faults.add("answer", method="DELETE", status=status, body=body)
    if good:
        act(asker, "DELETE")
        assert asker.sim.log.status(status) == 1
    else:
        error = error_of(act, asker, "DELETE")
        assert (error.status, error.fate_unknown) == (200, True)


# --- certificates ---


def test_a_private_authority(talk: TalkTo) -> None:
    asker = talk(server={"https": True})
    asker.client._settings = Settings(asker.sim.url, asker.client.dialect, verify=str(asker.sim.ca_path))
    assert act(asker, "GET")["id"] == asker.mark("plain_0")


@pytest.mark.parametrize(
    ("tls", "hint"),
    [
        (Tls(hosts=("10.1.1.1",)), "The certificate is of another name: put a name that it has into base_url"),
        (Tls(hosts=("elsewhere.example.com",)), "The certificate is of another name"),
        (Tls(expired=True), "It must be renewed on the server, or else the clock of this host is wrong"),
    ],
    ids=["other address", "other name", "expired"],
)
@pytest.mark.parametrize("verify", ["own", True])
def test_a_certificate_that_is_not_trusted(talk: TalkTo, tls: Tls, hint: str, verify: Any) -> None:
    asker = talk(server={"tls": tls})
    made = Settings(asker.sim.url, asker.client.dialect, verify=str(asker.sim.ca_path) if verify == "own" else True)
    asker.client._settings = made
    error = error_of(act, asker, "GET")
    unknown = "The certificate is not trusted: give the CA's file as ca_path"
    assert (hint if verify == "own" else unknown) in error.message
    assert f"got no answer from 127.0.0.1:{asker.sim.port}: " in error.message
    assert (error.status, asker.time.waits, asker.sim.log.requests) == (None, [], 0)


def test_no_validation_takes_any_certificate_without_a_word(talk: TalkTo) -> None:
    asker = talk(server={"tls": Tls(hosts=("elsewhere.example.com",), expired=True)}, verify=False)
    assert act(asker, "GET")["id"] == asker.mark("plain_0")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", ["", "no certificate"])
def test_the_variables_of_requests_do_not_override_ca_path(
    talk: TalkTo, variable: str, content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.pem"
    other.write_text(content)
    monkeypatch.setenv(variable, str(other))
    asker = talk(server={"https": True})
    asker.client._settings = Settings(asker.sim.url, asker.client.dialect, verify=str(asker.sim.ca_path))
    assert act(asker, "GET")["id"] == asker.mark("plain_0")


@pytest.mark.parametrize(
    "content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_that_is_no_certificate_is_told_at_once(
    talk: TalkTo, content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    asker = talk(server={"https": True})
    for verify in (True, str(path)):
        asker.client._settings = Settings(asker.sim.url, asker.client.dialect, verify=verify)
        error = error_of(act, asker, "GET")
        assert "ca_path" in error.message
    assert asker.time.waits == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_a_server_without_today_s_tls_is_named(talk: TalkTo) -> None:
    old = ssl.TLSVersion.TLSv1_1
    asker = talk(server={"tls": Tls(minimum=old, maximum=old)}, verify=False, retry_timeout=1)
    assert "TLS" in error_of(act, asker, "GET").message


def test_a_server_that_says_why_it_does_not_speak_tls(talk: TalkTo) -> None:
    asker = talk()
    alert = b"\x15\x03\x01\x00\x02\x02\x46"  # protocol_version
    port = raw_server(alert)
    asker.client._settings = Settings(f"https://127.0.0.1:{port}", asker.client.dialect)
    error = error_of(act, asker, "GET")
    assert "no TLS of version 1.2 or later" in error.message
    assert asker.time.waits == []


def raw_server(answer: bytes) -> int:
    """The port of a server that says this once, whatever it is asked."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            connection, _address = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def test_https_to_a_server_that_speaks_http(talk: TalkTo) -> None:
    asker = talk()
    asker.client._settings = Settings(asker.sim.url.replace("http://", "https://"), asker.client.dialect)
    error = error_of(act, asker, "GET")
    assert "TLS" in error.message
    assert asker.time.waits == []


# --- options that no request can be made of ---


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "http://a..b"},
        {"base_url": "http://" + "x" * 70 + ".example.com"},
        {"base_url": "ftp://example.com"},
        {"base_url": "http://*.example.com"},
        {"proxies": {"http": "http://"}},
        {"proxies": {"http": "socks5://127.0.0.1:1"}},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_told_at_once(talk: TalkTo, settings: dict[str, Any]) -> None:
    asker = talk(**settings)
    error = error_of(act, asker, "GET")
    assert error.status is None
    assert "got no answer from" in error.message
    assert "heck base_url" in error.message
    assert asker.time.waits == []


@pytest.mark.parametrize("key", ["a\nb", "ключ"])
def test_a_key_that_no_header_takes(talk: TalkTo, key: str) -> None:
    asker = talk()
    asker.client._auth = Digest(key, "private-part")
    error = error_of(act, asker, "GET")
    assert "the key" in error.message or error.status == 401
    assert "private-part" not in error.message


# --- proxies ---


@pytest.fixture
def proxy() -> Iterator[Callable[[str], int]]:
    """A proxy that gives one answer to everything."""
    listeners = []

    def start(answer: str) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            while True:
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

        threading.Thread(target=serve, daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_password(talk: TalkTo, proxy: Callable[[str], int], scheme: str) -> None:
    address = f"http://user:s3cret@127.0.0.1:{proxy('407 Proxy Authentication Required')}"
    made = {"proxies": {"http": address, "https": address}, "secrets": ("s3cret",)}
    asker = talk(base_url=f"{scheme}://mongo.example.com", **made)
    error = error_of(act, asker, "GET")
    assert (
        "The proxy asks for a password, or refused the one it got: put it into the address of the proxy"
        in error.message
    )
    assert "s3cret" not in error.message
    assert asker.time.waits == []


def test_a_proxy_whose_host_is_not_known_is_told_at_once(talk: TalkTo, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: Any, **more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    asker = talk(base_url="https://mongo.example.com", proxies={"https": "http://user:s3cret@proxy.invalid"})
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = error_of(act, asker, "GET")
    assert "check proxy" in error.message
    assert "s3cret" not in error.message
    assert asker.time.waits == []


def test_a_proxy_that_is_broken_is_tried_again(talk: TalkTo, proxy: Callable[[str], int]) -> None:
    address = f"http://user:s3cret@127.0.0.1:{proxy('502 Bad Gateway')}"
    asker = talk(base_url="https://mongo.example.com", proxies={"https": address}, secrets=("s3cret",), retry_timeout=4)
    error = error_of(act, asker, "DELETE")
    assert (error.exhausted, error.fate_unknown) == (True, False)
    where = f"got no answer from mongo.example.com through the proxy {address.rpartition('@')[2]}: "
    assert where in error.message
    assert "This was the proxy: check proxy" in error.message
    assert "s3cret" not in error.message


def test_a_proxy_option_beats_the_variables(talk: TalkTo, monkeypatch: pytest.MonkeyPatch) -> None:
    asker = talk()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    asker.client._settings = Settings(
        "http://mongo.example.com", asker.client.dialect, proxies={"http": asker.sim.url, "https": asker.sim.url}
    )
    assert act(asker, "GET")["id"] == asker.mark("plain_0")


# --- what errors say, and what not ---


def test_each_error_names_the_request(talk: TalkTo) -> None:
    asker = talk()
    error = error_of(asker.client.get, *asker.base, "snapshots", "0" * 24)
    path = f"/api/atlas/v2/groups/{asker.sim.world.main.project_id}/clusters/ladder/snapshots/{'0' * 24}"
    assert (error.method, error.path, error.status, error.code) == ("GET", path, 404, "SNAPSHOT_NOT_FOUND")
    assert error.detail == f"No snapshot with ID {'0' * 24} exists for cluster ladder."
    assert error.message == f"GET {path} was answered 404 SNAPSHOT_NOT_FOUND: {error.detail}"


@pytest.mark.parametrize(
    ("name", "server_platform", "words"),
    [
        ("v2", "ops_manager", "This project is not on Atlas: set platform to cloud_manager, or to ops_manager"),
        ("v1.0", "cloud_manager", "This project is not on Atlas"),
        ("ops_manager", "v2", "This project is on Atlas: set platform to atlas"),
    ],
)
def test_the_wrong_dialect(
    talk: TalkTo, again: Callable[..., Talk], name: str, server_platform: str, words: str
) -> None:
    other = again(talk(server_platform).sim, name)
    error = error_of(act, other, "GET")
    assert (error.status, error.meets_all) == (404, True)
    assert words in error.message


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("code", ["IP_ADDRESS_NOT_ON_ACCESS_LIST", "IP_ADDRESS_NOT_ON_WHITELIST"])
def test_an_address_that_is_not_listed(talk: TalkTo, method: str, code: str) -> None:
    asker = talk(key="unlisted_owner", switches={"access_list_code": code})
    assert act(asker, "GET")["id"]
    error = error_of(act, asker, method)
    assert (error.status, error.code) == (403, code)
    assert "The address 127.0.0.1 is not on the API access list" in error.message
    assert "delegate_to" in error.message


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_role_that_is_too_low(talk: TalkTo, method: str) -> None:
    asker = talk("ops_manager", key="reader")
    error = error_of(act, asker, method)
    assert (error.status, error.code) == (401, "USER_UNAUTHORIZED")
    assert "changing and deleting need Project Owner" in error.message


@pytest.mark.parametrize("key", ["owner", "service_account"])
@pytest.mark.parametrize("code", ["USER_UNAUTHORIZED", "NOT_IN_GROUP", "USER_CANNOT_ACCESS_GROUP"])
def test_a_401_about_the_role_asks_for_no_other_credentials(talk: TalkTo, key: str, code: str) -> None:
    asker = talk(key=key)
    act(asker, "GET")
    asker.sim.reset_log()
    asker.sim.faults.add("error", code=code)
    assert error_of(act, asker, "GET").code == code
    assert asker.sim.log.requests == 1
    assert act(asker, "GET")["id"] == asker.mark("plain_0")


def test_a_401_in_html_is_about_the_credentials(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("answer", times=None, status=401, body="<title>Unauthorized</title>")
    error = error_of(act, asker, "GET")
    assert "was answered 401: Unauthorized, with an HTML page, 27 bytes, application/json. The key" in error.message


@pytest.mark.parametrize("code", ["NOT_IN_GROUP", "USER_CANNOT_ACCESS_GROUP", "GROUP_NOT_FOUND"])
def test_a_project_that_is_not_there(talk: TalkTo, code: str) -> None:
    asker = talk(key="stranger", switches={"missing_project": code})
    error = error_of(act, asker, "GET")
    assert error.meets_all
    assert "Check project_id" in error.message


def test_a_cluster_that_is_not_there(talk: TalkTo) -> None:
    asker = talk(cluster="nobody")
    error = error_of(act, asker, "GET")
    assert "Check cluster_name (Atlas: the exact name)" in error.message


SECRET_KEYS = ["owner", "service_account"]
PROXY_PASSWORD = "proxy-password"


def in_json(text: str) -> str:
    return json.dumps({"error": 400, "errorCode": "VALIDATION_ERROR", "detail": text})


def escaped(text: str) -> str:
    """JSON in which each character is escaped."""
    return '{"error": 400, "detail": "' + "".join(f"\\u{ord(sign):04x}" for sign in text) + '"}'


# How a server may repeat what it was sent. The proofs of digest are only in those that keep their shape.
ECHOES: dict[str, Callable[[str], str | bytes]] = {
    "JSON": in_json,
    "JSON, escaped": escaped,
    "JSON, in capitals": lambda text: in_json(text.upper()),
    "JSON, with control characters": lambda text: in_json("\x00\u200e".join(text)),
    "JSON, with joiners": lambda text: in_json("\u200b\ufe0f".join(text)),
    "JSON, with line ends": lambda text: in_json(re.sub(r"(.{5})", r"\1\n", text)),
    "HTML": lambda text: f"<html><head><title>{text}</title></head>{text}</html>",
    "text": lambda text: text,
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-32": lambda text: text.encode("utf-32-be"),
    "EBCDIC": lambda text: text.encode("cp037", "replace"),
    "UTF-7": lambda text: text.encode("utf-7"),
    "base64": lambda text: base64.b64encode(text.encode()),
    "hexadecimal": lambda text: text.encode().hex(),
    "reversed": lambda text: text[::-1],
    "rotated": lambda text: codecs.encode(text, "rot13"),
    "entities": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "percent": lambda text: "".join(f"%{ord(sign):02X}" for sign in text),
    "with blanks": " ".join,
}


@pytest.mark.parametrize("key", SECRET_KEYS)
@pytest.mark.parametrize("status", [200, 400, 401, 502])
@pytest.mark.parametrize("how", ECHOES)
def test_a_server_that_echoes_shows_no_secret(talk: TalkTo, key: str, how: str, status: int) -> None:
    asker = talk(key=key, secrets=(PROXY_PASSWORD,), retry_timeout=0)
    account = asker.sim.world.keys[key]
    act(asker, "GET")
    sent: list[str] = []

    def note(call: Any) -> None:
        sent.append(call.authorization)
        text = f"{PROXY_PASSWORD} {account.secret} {call.authorization} {dict(call.headers)}"
        fault.body = ECHOES[how](text)

    fault = asker.sim.faults.add("answer", status=status, times=None)
    asker.sim.faults.before(note, times=None)
    body, error = tried(act, asker, "GET")
    texts = f"{error} {getattr(error, 'detail', '')}".lower()
    proofs = [one for header in sent for one in (header, header.partition(" ")[2])]
    for secret in (account.secret, *proofs, PROXY_PASSWORD, *asker.told):
        assert secret
        for echo in ECHOES.values():
            shown = echo(secret)
            plain = shown.decode("latin-1") if isinstance(shown, bytes) else shown
            assert plain.lower() not in texts
    # Whatever the form, nothing of a response that is not JSON is repeated.
    assert how.startswith("JSON") or "drowssap" not in texts.replace("password", "drowssap")
    # The request's own proofs are in no good answer, either.
    assert not any(proof in str(body) for proof in proofs)


HIDING: dict[str, Callable[[str], str]] = {
    "in capitals": str.upper,
    "with control characters": "\x00".join,
    "with line ends": "\n".join,
    "with joiners": "\u200b".join,
    "with halves of pairs": "\ud83d".join,
}


@pytest.mark.parametrize("key", SECRET_KEYS)
@pytest.mark.parametrize("how", HIDING)
def test_a_good_answer_that_hides_a_secret_shows_it_masked(talk: TalkTo, key: str, how: str) -> None:
    """Ansible masks a secret in a result only where it is spelled as in the options."""
    asker = talk(key=key)
    act(asker, "GET")
    secrets = [asker.sim.world.keys[key].secret, *asker.told]
    name = " and ".join(map(HIDING[how], secrets))
    asker.sim.faults.add("answer", status=200, body=json.dumps({"name": name, HIDING[how](secrets[-1]): 5}))
    body = act(asker, "GET")
    assert body == {"name": " and ".join(["********"] * len(secrets)), "********": 5}


def test_a_short_secret_leaves_good_answers_alone(talk: TalkTo) -> None:
    asker = talk(secrets=("5e2", "started"))
    asker.sim.faults.add("answer", status=200, body=r'{"id": "5e2211c17a3e5a48f5497de3", "s": "STARTED \u0026 so on"}')
    assert act(asker, "GET") == {"id": "5e2211c17a3e5a48f5497de3", "s": "STARTED & so on"}


def test_what_is_not_json_is_told_by_its_length_and_its_type(talk: TalkTo) -> None:
    asker = talk(retry_timeout=0)
    asker.sim.faults.add("answer", status=502, body="Oops", media_type="text/plain; charset=utf-8", reason="secret")
    error = error_of(act, asker, "GET")
    assert error.detail == "Bad Gateway, with no JSON, 4 bytes, text/plain; charset=utf-8"
    asker.sim.faults.add("answer", status=400, body="Oops", media_type="text/echo-of-something")
    assert error_of(act, asker, "GET").detail == "Bad Request, with no JSON, 4 bytes, another content type"
    asker.sim.faults.add("answer", status=599, body="", reason="secret")
    assert error_of(act, asker, "GET").detail == "no reason given"


@pytest.mark.parametrize("line", ["NOT-HTTP the secret", "HTTP/9 200 the secret", "HTTP/1.1 the-secret OK"])
def test_a_status_line_that_is_none_is_not_repeated(talk: TalkTo, line: str) -> None:
    asker = talk(base_url=f"http://127.0.0.1:{raw_server(line.encode() + CRLF + CRLF)}", retry_timeout=0)
    error = error_of(act, asker, "GET")
    assert "secret" not in f"{error} {error.detail}"
    assert "what answers is no HTTP" in error.message


@pytest.mark.parametrize("label", faults.matrix())
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_no_fault_leads_to_anything_but_an_answer_or_the_one_error(talk: TalkTo, label: str, method: str) -> None:
    asker = talk(timeout=0.3)
    asker.sim.faults.add(method=method, **faults.matrix(slow=0.5)[label])
    _answer, error = tried(act, asker, method)
    assert error is None or isinstance(error, ApiError)
    assert error is None or error.message.startswith(f"{method} /api/atlas/v2/groups/")
    assert error is None or error.detail


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ERROR_BODIES = st.fixed_dictionaries(
    {},
    optional={
        "errorCode": JSON_VALUES | st.sampled_from(["SNAPSHOT_NOT_FOUND", "IP_ADDRESS_NOT_ON_ACCESS_LIST"]),
        "detail": JSON_VALUES,
        "parameters": JSON_VALUES,
        "reason": JSON_VALUES,
        "error": JSON_VALUES,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.integers(200, 599).filter(lambda status: status != 204),
    ERROR_BODIES.map(json.dumps) | JSON_VALUES.map(json.dumps) | st.text(max_size=50),
    st.sampled_from(["GET", "PATCH", "DELETE"]),
)
def test_any_body_is_an_object_or_the_one_error(client_of: Talk, status: int, body: str, method: str) -> None:
    client_of.sim.faults.clear()
    client_of.sim.faults.add("answer", times=None, status=status, body=body.encode("utf-8", "replace").decode())
    answer, error = tried(act, client_of, method)
    if error is None:
        assert isinstance(answer, dict) or (method != "GET" and answer is None)
        return
    assert isinstance(error, ApiError)
    assert error.message.isprintable() or "\n" not in error.message
    assert error.status in (status, None)
    assert set(json.loads(json.dumps(error.to_result()))) == {"status", "code", "detail"}


@pytest.fixture
def client_of(talk: TalkTo) -> Talk:
    return talk("ops_manager", retry_timeout=0)


def test_the_time_of_a_client_is_the_real_one_unless_told_otherwise() -> None:
    client = Client(Settings("http://127.0.0.1:1", MANAGER, retry_timeout=0), Digest("a", "b"))
    assert client._timing.monotonic() <= client._timing.monotonic()
    assert FakeTime().timing.monotonic() == 1000.0
