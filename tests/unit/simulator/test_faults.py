# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault and hook, by index and by kind of request."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from simulator import faults, seeds

BROKEN = (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.mark.parametrize(
    ("label", "status"),
    [
        ("401", 401),
        ("403 access list", 403),
        ("405 upgrade", 405),
        ("409", 409),
        ("429 with Retry-After", 429),
        ("429 without Retry-After", 429),
        ("500", 500),
        ("502 HTML", 502),
        ("503", 503),
        ("503 with Retry-After", 503),
        ("504", 504),
        ("redirect", 302),
        ("log-in page", 200),
        ("404 without code", 404),
        *((f"404 {code}", 404) for code in faults.NOT_FOUND_CODES),
    ],
)
def test_faults_in_place_of_an_answer(ask: Any, label: str, status: int) -> None:
    asker = ask("ops_manager")
    one = asker.sim.world.marks["plain_0"]
    assert asker.get(one).status_code == 200
    asker.sim.faults.add(**faults.matrix()[label], method="DELETE", times=None)
    answer = asker("DELETE", f"{asker.home}/snapshots/{one}", allow_redirects=False)
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("1" if label.endswith("with Retry-After") else None)
    if label.startswith("404 ") and label != "404 without code":
        assert answer.json()["errorCode"] == label[4:]
    assert asker.sim.log.writes[-1].fault is not None
    assert asker.sim.log.done_writes == []
    assert asker.get(one).status_code == 200


def test_stale_is_mended_by_a_new_challenge(ask: Any) -> None:
    asker = ask("ops_manager")
    asker.list()
    asker.sim.faults.add("stale", at=2)
    answer = asker.list()
    assert answer.status_code == 200
    assert "stale=true" in answer.history[0].headers["WWW-Authenticate"]


@pytest.mark.parametrize("https", [False, True])
@pytest.mark.parametrize(("kind", "done"), [("reset_before", False), ("reset_after", True), ("truncated", True)])
def test_broken_connections(ask: Any, https: bool, kind: str, done: bool) -> None:
    asker = ask("ops_manager", https=https)
    one = asker.sim.world.marks["plain_0"]
    asker.list()
    fault = asker.sim.faults.add(kind, method="DELETE")
    with pytest.raises(BROKEN):
        asker.delete(one)
    assert fault.fired == 1
    assert (len(asker.sim.log.done_writes) == 1) is done
    assert asker.get(one).status_code == (404 if done else 200)


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("wrong_type", lambda answer: answer.headers["Content-Type"].startswith("text/html") and answer.json()),
        ("broken_json", lambda answer: answer.text.startswith('{"') and not answer.text.endswith("}")),
        ("wrong_shape", lambda answer: answer.json() == [42]),
    ],
)
def test_damaged_answers(ask: Any, kind: str, check: Any) -> None:
    asker = ask("v2")
    asker.sim.faults.add(kind, method="GET")
    assert check(asker.list())
    assert asker.list().json()["results"]


@pytest.mark.parametrize("kind", ["slow_before", "slow_after"])
def test_slow_beyond_a_timeout(ask: Any, kind: str) -> None:
    """A request that the client gave up on is carried out all the same."""
    asker = ask("ops_manager")
    one = asker.sim.world.marks["plain_0"]
    asker.list()
    asker.sim.faults.add(kind, method="DELETE", seconds=0.4)
    with pytest.raises(requests.exceptions.ReadTimeout):
        asker("DELETE", f"{asker.home}/snapshots/{one}", timeout=0.1)
    assert asker.get(one).status_code == (200 if kind == "slow_before" else 404)
    time.sleep(0.5)
    assert asker.get(one).status_code == 404


@pytest.mark.parametrize("https", [False, True])
def test_hanging_up(ask: Any, https: bool) -> None:
    """The answer still comes; then nobody listens, on the same port again after a while."""
    asker = ask("ops_manager", https=https)
    one = asker.sim.world.marks["plain_0"]
    asker.list()
    asker.sim.faults.add("hang_up", method="DELETE")
    assert asker.delete(one).status_code == 200
    for _turn in range(2):
        # Aborted: the client may meet the end of the old connection first.
        with pytest.raises(requests.exceptions.ConnectionError, match=r"refused|aborted"):
            asker.list()
    asker.sim.listen()
    asker.sim.listen()
    assert asker.get(one).status_code == 404
    asker.sim.hang_up()
    asker.sim.hang_up()
    with pytest.raises(requests.exceptions.ConnectionError, match=r"refused|aborted"):
        asker.list()


def test_an_answer_in_place_of_the_real_one(ask: Any) -> None:
    asker = ask("ops_manager")
    one = asker.sim.world.marks["plain_0"]
    asker.list()
    asker.sim.faults.add("answer_after", method="DELETE", status=504, body="<html>", media_type="text/html")
    answer = asker.delete(one)
    assert (answer.status_code, answer.text) == (504, "<html>")
    assert asker.get(one).status_code == 404


def test_settling_waits_for_what_nobody_waits_for(ask: Any) -> None:
    asker = ask("ops_manager")
    one = asker.sim.world.marks["plain_0"]
    asker.list()
    asker.sim.faults.add("slow_before", method="DELETE", seconds=0.4)
    with pytest.raises(requests.exceptions.ReadTimeout):
        asker("DELETE", f"{asker.home}/snapshots/{one}", timeout=0.1)
    with pytest.raises(TimeoutError, match="1 requests are still in hand"):
        asker.sim.settle(0.01)
    asker.sim.settle()
    assert one not in asker.sim.world.state()[asker.cluster.id]


def test_echo_and_free_answers(ask: Any) -> None:
    asker = ask("v2")
    asker.list()
    asker.sim.faults.add("echo")
    assert "Digest username" in asker.list().json()["detail"]
    asker.sim.faults.add("answer", status=418, body="<tea>", media_type="text/plain")
    answer = asker.list()
    assert (answer.status_code, answer.text) == (418, "<tea>")
    asker.sim.faults.add("error", code="ACCOUNT_SUSPENDED")
    assert asker.list().status_code == 402


def test_each_index_can_be_hit(ask: Any) -> None:
    asker = ask("ops_manager")
    for index in range(6):
        asker.sim.reset_log()
        asker.sim.faults.clear()
        asker.sim.faults.add("server_error", at=index)
        statuses = [asker.list().status_code for _turn in range(6)]
        hit = [entry.index for entry in asker.sim.log if entry.fault]
        assert hit == [index]
        assert statuses.count(500) == 1


def test_which_requests(ask: Any) -> None:
    asker = ask("ops_manager")
    marks = asker.sim.world.marks
    asker.sim.faults.add("unavailable", method="DELETE", nth=2, times=2)
    ids = [marks[f"plain_{number}"] for number in range(5)]
    assert [asker.delete(one).status_code for one in ids] == [200, 503, 503, 200, 200]
    asker.sim.faults.add("server_error", path=r"/restoreJobs$", times=None)
    assert asker.list().status_code == 200
    assert [asker("GET", f"{asker.home}/restoreJobs").status_code for _turn in range(3)] == [500, 500, 500]
    asker.sim.faults.clear()
    asker.sim.faults.add("conflict", when=lambda call: b"2031" in call.body)
    assert asker.patch(ids[1], {"expires": "2030-01-01"}).status_code == 200
    assert asker.patch(ids[1], {"expires": "2031-01-01"}).status_code == 409


@pytest.mark.parametrize(
    "mistake", [{"kind": "nonsense"}, {"kind": "not_found", "code": "NONSENSE"}, {"kind": "stale", "nonsense": 1}]
)
def test_mistakes_in_asking_for_faults(mistake: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        faults.Faults().add(**mistake)


def test_hooks_race(ask: Any, now: Any) -> None:
    """Somebody holds a snapshot before the DELETE comes, and takes new ones between two pages."""
    asker = ask("ops_manager", world=seeds.many(250, now))
    world, cluster = asker.sim.world, asker.cluster
    victim = world.snapshots(cluster)[200].id
    asker.sim.faults.before(lambda call: world.hold(cluster, victim), method="DELETE")
    assert asker.delete(victim).status_code == 403
    newest = world.snapshots(cluster)[0].created
    asker.sim.faults.after(
        lambda call: [world.add_snapshot(cluster, newest + 60 * n, newest + 10**7) for n in (1, 2)],
        path="/snapshots$",
    )
    first, second = (asker.list(pageNum=number).json()["results"] for number in (1, 2))
    assert len({row["id"] for row in first} & {row["id"] for row in second}) == 2


def test_an_error_in_a_hook_is_a_violation(ask: Any) -> None:
    asker = ask("v2")
    asker.list()
    asker.sim.faults.before(lambda call: 1 // 0)
    assert asker.list().status_code == 500
    assert "ZeroDivisionError" in asker.sim.violations.pop()


def test_a_wrong_document_is_a_violation(ask: Any) -> None:
    asker = ask("v2")
    cluster = asker.cluster
    asker.sim.world.change(cluster, asker.sim.world.marks["plain_0"], increment=0)
    asker.list()
    assert "less than the minimum" in asker.sim.violations.pop()


def test_latency_is_waited_side_by_side(ask: Any, another: Any) -> None:
    asker = ask("ops_manager", latency=0.1)
    askers = [another(asker, "owner") for _turn in range(16)]
    started = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        assert {answer.status_code for answer in pool.map(lambda one: one.list(), askers)} == {200}
    # Sixteen times two requests of a tenth of a second each take 3.2 s one after the other.
    assert 0.2 <= time.monotonic() - started < 1.6
    assert asker.sim.log.connections == 16
