# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists, pages, query parameters, rate limits (contract 1.2, contract 1.3, contract 5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator import seeds
from simulator.answers import fixture
from simulator.errors import Refused, body_of
from simulator.exchange import dumps
from simulator.nouns import Platform
from simulator.switches import Switches


@pytest.mark.parametrize("name", ["v2", "v1.0", "ops_manager"])
def test_pages(ask: Any, now: Any, name: str) -> None:
    platform: Platform = "ops_manager" if name == "ops_manager" else "atlas"
    asker = ask(name, world=seeds.many(230, now, platform=platform))
    bodies = [asker.list(pageNum=number).json() for number in (1, 2, 3, 4)]
    assert [len(body["results"]) for body in bodies] == [100, 100, 30, 0]
    assert [[link["rel"] for link in body["links"]] for body in bodies] == [
        ["self", "next"],
        ["self", "previous", "next"],
        ["self", "previous"],
        ["self", "previous"],
    ]
    assert len({row["id"] for body in bodies for row in body["results"]}) == 230
    following = asker("GET", bodies[0]["links"][1]["href"]).json()
    assert following == bodies[1]
    assert {body["totalCount"] for body in bodies} == {230}
    assert len(asker.list(itemsPerPage=500).json()["results"]) == 230


def test_fewer_rows_than_asked_for(ask: Any) -> None:
    asker = ask("v2")
    asker.sim.switch(page_cap=7)
    bodies = [asker.list(pageNum=number, itemsPerPage=500, completed="all").json() for number in (1, 2, 3)]
    assert [len(body["results"]) for body in bodies] == [7, 7, 6]
    assert [[link["rel"] for link in body["links"]][-1] for body in bodies] == ["next", "next", "previous"]


def test_order(ask: Any) -> None:
    asker = ask("v2")
    orders = {}
    for order in ("newest", "oldest", "shuffled"):
        asker.sim.switch(order=order)
        orders[order] = [
            (row["created"]["date"], row["created"]["increment"]) for row in asker.list().json()["results"]
        ]
    assert orders["newest"] == sorted(orders["newest"], reverse=True)
    assert orders["oldest"] == sorted(orders["newest"])
    assert sorted(orders["shuffled"]) == orders["oldest"]
    assert orders["shuffled"] not in (orders["oldest"], orders["newest"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("itemsPerPage=0", (400, "INVALID_QUERY_PARAMETER")),
        ("itemsPerPage=501", (400, "INVALID_QUERY_PARAMETER")),
        ("itemsPerPage=ten", (400, "INVALID_QUERY_PARAMETER")),
        ("pageNum=0", (400, "INVALID_QUERY_PARAMETER")),
        ("pageNum=-1", (400, "INVALID_QUERY_PARAMETER")),
        ("completed=yes", (400, "INVALID_ENUM_VALUE")),
        ("includeCount=1", (400, "INVALID_QUERY_PARAMETER")),
        ("limit=5", (400, "INVALID_QUERY_PARAMETER")),
        ("includeCount=false&pretty=true", (200, None)),
    ],
)
def test_query_parameters(ask: Any, code: Any, query: str, expected: tuple[int, Any]) -> None:
    asker = ask("v2")
    assert code(asker("GET", f"{asker.home}/snapshots?{query}")) == expected


@pytest.mark.parametrize(
    ("switches", "query", "check"),
    [
        ({"total_count_off": 7}, {}, lambda body: body["totalCount"] == len(body["results"]) + 7),
        ({"total_count_off": -7}, {"itemsPerPage": 5}, lambda body: body["totalCount"] == 12),
        ({}, {"includeCount": "false"}, lambda body: "totalCount" not in body),
        ({"list_links": "absent"}, {}, lambda body: "links" not in body),
        ({"link_host": "other"}, {}, lambda body: body["links"][0]["href"].startswith("https://central.")),
        ({"unknown_query": "ignored"}, {"limit": 3}, lambda body: len(body["results"]) == 19),
        ({"om_include_count": "refused"}, {"includeCount": "true"}, lambda body: body["error"] == 400),
        ({}, {"envelope": "true"}, lambda body: body["status"] == 200),
    ],
)
def test_what_a_list_says(ask: Any, switches: dict[str, Any], query: dict[str, Any], check: Any) -> None:
    asker = ask("ops_manager", switches=Switches(**switches))
    assert check(asker.list(**query).json())


@pytest.mark.parametrize("key", ["content", "envelope"])
def test_envelope_of_one(ask: Any, key: str) -> None:
    asker = ask("ops_manager")
    asker.sim.switch(envelope_key=key)
    url = f"{asker.home}/snapshots/{asker.sim.world.marks['plain_0']}"
    assert asker("GET", url, params={"envelope": "true"}).json() == {"status": 200, key: asker("GET", url).json()}


def test_an_empty_list(ask: Any, now: Any) -> None:
    asker = ask("v2", world=seeds.many(0, now, platform="atlas"))
    body = asker.list().json()
    assert (body["results"], body["totalCount"]) == ([], 0)


def test_token_bucket(ask: Any, code: Any) -> None:
    asker = ask("v2")
    asker.sim.limits.set(5, 2, 60.0)
    asker.list()
    left = [asker.list().headers["RateLimit-Remaining"] for _turn in range(4)]
    assert left == ["3", "2", "1", "0"]
    answer = asker.list()
    assert code(answer) == (429, "RATE_LIMITED_TOKEN_BUCKET")
    assert (answer.headers["RateLimit-Limit"], answer.headers["RateLimit-Remaining"]) == ("5", "0")
    wait = int(answer.headers["Retry-After"])
    assert answer.json()["parameters"] == [answer.request.path_url[1:], wait, 5, 2, 60]
    assert asker("GET", f"{asker.home}/restoreJobs").status_code == 200  # another endpoint set
    asker.sim.switch(retry_after="absent", rate_headers="absent")
    assert not {"Retry-After", "RateLimit-Limit"} & set(asker.list().headers)
    asker.sim.clock.advance(wait)
    assert [asker.list().status_code for _turn in range(3)] == [200, 200, 429]


def test_other_dialects_have_the_plain_code(ask: Any, code: Any) -> None:
    asker = ask("ops_manager")
    asker.sim.limits.set(1, 1, 60.0)
    assert [asker.list().status_code for _turn in range(3)] == [200, 200, 200]
    asker.sim.switch(rate_limited="all")
    asker.list()
    assert code(asker.list()) == (429, "RATE_LIMITED")


def test_a_challenge_may_cost(ask: Any) -> None:
    asker = ask("v2", switches=Switches(challenge_costs=True))
    asker.sim.limits.set(3, 1, 60.0)
    assert asker.list().headers["RateLimit-Remaining"] == "1"


def test_the_printed_429_byte_for_byte() -> None:
    made = dumps(body_of(Refused("RATE_LIMITED_TOKEN_BUCKET", "api/atlas/v2/orgs", 55, 10, 5, 60)))
    assert made == fixture("rate-limited-token-bucket.json")


def test_the_printed_snapshot_byte_for_byte(ask: Any) -> None:
    asker = ask("v1.0")
    asker.sim.faults.add("fixture", body="snapshot.json")
    answer = asker.get(asker.sim.world.marks["plain_0"])
    assert answer.content == fixture("snapshot.json")
    sample, own = json.loads(answer.content), asker.get(asker.sim.world.marks["plain_0"]).json()
    assert sample.keys() == own.keys()
    assert sample["parts"][0].keys() == own["parts"][0].keys()
