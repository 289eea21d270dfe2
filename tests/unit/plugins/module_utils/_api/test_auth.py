# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Digest and bearer: what is sent, how often, and what happens when it expires."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api import transport
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.auth import (
    Basic,
    Bearer,
    Digest,
    parse_challenge,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.tokens import Slot, Token
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot_changes import (
    _INHERITED,
    Rules,
    apply,
    desired_states,
    outcomes,
)
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import CATALOGUE
from unit.plugins.clients import NOW, Talk, error_of

TalkTo = Callable[..., Talk]

CHALLENGES: dict[str, tuple[str, dict[str, str] | None]] = {
    "as the documents print it": (
        'Digest realm="MMS Public API", domain="", nonce="abc=", algorithm=MD5, op="auth", stale=false',
        {"realm": "MMS Public API", "domain": "", "nonce": "abc=", "algorithm": "MD5", "op": "auth", "stale": "false"},
    ),
    "unquoted": ("Digest nonce=abc, qop=auth", {"nonce": "abc", "qop": "auth"}),
    "names in any case": ('dIgEsT NONCE="a", Stale=TRUE', {"nonce": "a", "stale": "TRUE"}),
    "escaped quotes": (r'Digest realm="a \"b\" c", nonce="n"', {"realm": 'a "b" c', "nonce": "n"}),
    "after another scheme": ('Basic realm="x", Digest nonce="n", realm="y"', {"nonce": "n", "realm": "y"}),
    "after one without parameters": ('Negotiate, Digest nonce="n"', {"nonce": "n"}),
    "before another scheme": ('Digest nonce="n", Basic realm="x"', {"nonce": "n"}),
    "the first that can be answered": (
        'Digest nonce="n", algorithm=SHA-3, Digest nonce="m", algorithm=SHA-256',
        {"nonce": "m", "algorithm": "SHA-256"},
    ),
    "unknown directives": ('Digest nonce="n", userhash=false, charset=UTF-8, x-y=1', None),
    "no nonce": ('Digest realm="x"', None),
    "an empty nonce": ('Digest nonce=""', None),
    "another scheme": ('Basic realm="x"', None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("header", "wanted"), CHALLENGES.values(), ids=CHALLENGES)
def test_challenges_in_every_spelling(header: str, wanted: dict[str, str] | None) -> None:
    if "userhash" in header:
        wanted = {"nonce": "n", "userhash": "false", "charset": "UTF-8", "x-y": "1"}
    assert parse_challenge(header) == wanted


@given(st.text())
def test_no_challenge_can_break_the_parser(header: str) -> None:
    for text in (header, f'Digest nonce="n", {header}'):
        found = parse_challenge(text)
        assert found is None or found["nonce"]


def over(connection: Any, auth: Digest, method: str = "GET", path: str = "/a?b=c", netrc: str = "") -> Any:
    """A request as it goes over a connection."""
    request = SimpleNamespace(headers={"Authorization": netrc} if netrc else {}, method=method, path_url=path)
    with transport.signing():
        auth(request)
        assert transport.signed_for(connection) == request.headers
    return request


def refused(request: Any, challenge: str) -> Any:
    return SimpleNamespace(headers={"WWW-Authenticate": challenge}, request=request)


def signed(challenge: str) -> dict[str, str]:
    """The directives of the Authorization header that a challenge leads to."""
    auth, connection = Digest("user", "pass"), SimpleNamespace(nonces=None)
    first = over(connection, auth)
    assert first.headers == {}
    assert auth.renewed(refused(first, challenge))
    header = over(connection, auth, netrc="Basic of a netrc").headers["Authorization"]
    assert header.startswith("Digest ")
    return {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^ ,]+))', header)}


@pytest.mark.parametrize(
    ("algorithm", "function"),
    [("MD5", "md5"), ("md5", "md5"), ("MD5-sess", "md5"), ("SHA-256", "sha256"), ("SHA-256-sess", "sha256")],
)
@pytest.mark.parametrize("qop", ["auth", "auth-int,auth", "auth-int", ""])
def test_the_response_is_that_of_the_rfc(algorithm: str, function: str, qop: str) -> None:
    def digest(text: str) -> str:
        return hashlib.new(function, text.encode()).hexdigest()

    challenge = f'Digest realm="r", nonce="n", opaque="o", algorithm={algorithm}' + (f', qop="{qop}"' if qop else "")
    found = signed(challenge)
    secret = digest("user:r:pass")
    if algorithm.endswith("sess"):
        secret = digest(f"{secret}:n:{found['cnonce']}")
    with_qop = qop in ("auth", "auth-int,auth")
    middle = f"n:00000001:{found['cnonce']}:auth" if with_qop else "n"
    assert found["response"] == digest(f"{secret}:{middle}:{digest('GET:/a?b=c')}")
    assert found["algorithm"] == algorithm
    assert (found["username"], found["realm"], found["opaque"]) == ("user", "r", "o")
    assert ("qop" in found, "nc" in found) == (with_qop, with_qop)


def test_no_algorithm_is_md5_and_is_not_echoed() -> None:
    found = signed('Digest realm="r", nonce="n"')
    assert len(found["response"]) == 32
    assert "algorithm" not in found


def test_a_quote_in_a_key_stays_inside_its_field() -> None:
    auth, connection = Digest('a"b\\c', "pass"), SimpleNamespace(nonces=None)
    assert auth.renewed(refused(over(connection, auth), 'Digest nonce="n"'))
    assert 'username="a\\"b\\\\c"' in over(connection, auth).headers["Authorization"]


def test_digest_costs_one_request_more_on_one_connection(talk: TalkTo) -> None:
    asker = talk("v2")
    for number in range(10):
        asker.service.snapshot(asker.mark(f"plain_{number}"))
    asker.client.patch(*asker.base, "snapshots", asker.mark("plain_0"), body={"expires": "2027-01-01T00:00:00Z"})
    asker.client.delete(*asker.base, "snapshots", asker.mark("plain_9"))
    assert (asker.sim.log.requests, asker.sim.log.challenges, asker.sim.log.connections) == (13, 1, 1)


def test_a_body_survives_the_challenge(talk: TalkTo) -> None:
    asker = talk("v2")
    answer = asker.client.patch(
        *asker.base, "snapshots", asker.mark("plain_0"), body={"expires": "2027-01-01T00:00:00Z"}
    )
    assert answer is not None
    assert answer["expires"] == "2027-01-01T00:00:00Z"
    assert [entry.body for entry in asker.sim.log] == ['{"expires": "2027-01-01T00:00:00Z"}'] * 2


def test_threads_share_the_challenge(talk: TalkTo) -> None:
    asker = talk("ops_manager", connections=8)
    asker.service.snapshot(asker.mark("plain_0"))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(asker.service.snapshot, [asker.mark(f"plain_{n % 10}") for n in range(40)]))
    assert all(found)
    assert (asker.sim.log.requests, asker.sim.log.challenges) == (42, 1)
    assert asker.sim.log.connections <= 8


def test_threads_that_begin_together_all_get_through(talk: TalkTo) -> None:
    asker = talk("ops_manager", connections=8)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(asker.service.snapshot, [asker.mark(f"plain_{n % 10}") for n in range(40)]))
    assert all(found)
    assert asker.sim.log.challenges <= 8


@pytest.mark.parametrize("times", [1, 3])
def test_an_expired_nonce_is_renewed_once(talk: TalkTo, times: int) -> None:
    asker = talk("v2")
    for _unused in range(times):
        assert asker.service.snapshot(asker.mark("plain_0"))
        asker.sim.clock.advance(61)
        assert asker.service.snapshot(asker.mark("plain_1"))
    # Each nonce costs one challenge, and none of it is a retry.
    assert asker.sim.log.challenges == 1 + times
    assert asker.sim.log.requests == 2 * times + asker.sim.log.challenges
    assert asker.client.retries.summary() is None


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_every_verb_survives_a_nonce_that_expires(talk: TalkTo, method: str) -> None:
    asker = talk("v2")
    asker.service.snapshot(asker.mark("plain_0"))
    asker.sim.expire_nonces()
    path = (*asker.base, "snapshots", asker.mark("plain_0"))
    if method == "GET":
        assert asker.client.get(*path)["id"] == asker.mark("plain_0")
    elif method == "PATCH":
        asker.client.patch(*path, body={"doNotDelete": True})
    else:
        asker.client.delete(*path)
    assert [entry.method for entry in asker.sim.log] == ["GET", "GET", method, method]
    assert len(asker.sim.log.done_writes) == (method != "GET")


def test_threads_survive_nonces_that_expire(talk: TalkTo) -> None:
    asker = talk("v2", connections=8)
    asker.service.snapshot(asker.mark("plain_0"))
    for at in (10, 30, 50):
        asker.sim.faults.before(lambda call: asker.sim.expire_nonces(), at=at)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(asker.service.snapshot, [asker.mark(f"plain_{n % 10}") for n in range(80)]))
    assert all(found)
    assert asker.client.retries.summary() is None


def test_an_old_nonce_that_is_refused_without_a_word_is_renewed_too(talk: TalkTo) -> None:
    asker = talk("v2")
    asker.service.snapshot(asker.mark("plain_0"))
    asker.sim.faults.add("unauthorized")
    assert asker.service.snapshot(asker.mark("plain_0"))
    assert asker.sim.log.requests == 4


def test_a_service_that_calls_each_nonce_stale_is_not_bad_credentials(talk: TalkTo) -> None:
    asker = talk("v2")
    asker.sim.faults.add("stale", times=None)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert error.status == 401
    assert "says of every nonce that it has expired" in error.message
    assert "key is wrong" not in error.message
    # 20 at once, as a balancer may ask for, and the same after a pause.
    assert asker.sim.log.requests == 40
    assert len(asker.time.waits) == 1


@pytest.mark.parametrize("code", ["USER_UNAUTHORIZED", "TOO_MANY_GROUP_TAGS"])
def test_a_challenge_that_says_stale_is_no_verdict_whatever_its_code(talk: TalkTo, code: str) -> None:
    asker = talk("v2")
    asker.service.snapshot(asker.mark("plain_0"))
    asker.sim.switch(challenge_body=code)
    # Twenty challenges in a row, as a balancer may have them, and then the request gets through.
    asker.sim.faults.add("stale", code=code, times=20)
    assert asker.service.snapshot(asker.mark("plain_1"))
    asker.sim.faults.add("stale", code=code, times=None)
    error = error_of(asker.service.snapshot, asker.mark("plain_1"))
    assert "says of every nonce that it has expired" in error.message
    assert "role" not in error.message


@pytest.mark.parametrize("name", ["v2", "v1.0", "cloud_manager", "ops_manager"])
@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("key", ["qop", "op", "none"])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_the_service_takes_what_each_of_its_challenges_leads_to(
    talk: TalkTo, name: str, quoted: bool, key: str, algorithm: str
) -> None:
    switches = {"challenge_quoted": quoted, "challenge_key": key, "digest_algorithm": algorithm}
    asker = talk(name, switches=switches)
    assert len(asker.service.snapshots()) == 20
    assert asker.service.delete(asker.mark("plain_9"))
    assert asker.sim.log.challenges == 1


CHALLENGE_BODIES = ["UNEXPECTED_ERROR", "no_code", "empty", "NO_CURRENT_USER"]
MISLEADING_BODIES = ["USER_UNAUTHORIZED", "NOT_IN_GROUP", "USER_CANNOT_ACCESS_GROUP", "TOO_MANY_GROUP_TAGS"]


@pytest.mark.parametrize("name", ["v2", "ops_manager"])
@pytest.mark.parametrize("body", [*CHALLENGE_BODIES, *MISLEADING_BODIES])
def test_a_challenge_is_answered_whatever_its_body_says(talk: TalkTo, name: str, body: str) -> None:
    asker = talk(name, switches={"challenge_body": body})
    assert asker.service.snapshot(asker.mark("plain_0"))
    # The challenge for a nonce that is too old, as well.
    asker.sim.clock.advance(61)
    assert asker.service.delete(asker.mark("plain_9"))
    assert (asker.sim.log.requests, asker.sim.log.challenges) == (4, 2)
    assert asker.client.retries.summary() is None


@pytest.mark.parametrize("body", CHALLENGE_BODIES)
@pytest.mark.parametrize("challenge", ["UNEXPECTED_ERROR", "USER_UNAUTHORIZED"])
def test_a_wrong_key_is_called_a_wrong_key(talk: TalkTo, body: str, challenge: str) -> None:
    asker = talk("v2", secret="wrong-secret", switches={"wrong_key_body": body, "challenge_body": challenge})
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert (error.status, error.meets_all, error.exhausted) == (401, True, False)
    assert "The key is wrong: the service does not accept it. Check public_key and private_key" in error.message
    assert "role" not in error.message
    assert "wrong-secret" not in error.message
    # The challenge, the signed request, and that once more after a pause.
    assert asker.sim.log.requests == 3
    assert len(asker.time.waits) == 1


def test_without_retries_a_wrong_key_is_not_tried_again(talk: TalkTo) -> None:
    asker = talk("v2", secret="wrong-secret", retry_timeout=0)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert "The key is wrong" in error.message
    assert "retry_timeout" not in error.message
    assert asker.sim.log.requests == 2


@pytest.mark.parametrize("code", ["TOO_MANY_GROUP_TAGS", "EXTERNALLY_MANAGED_LOCK", "NOT_ORG_GROUP_CREATOR"])
def test_a_401_about_something_else_is_told_as_it_is(talk: TalkTo, code: str) -> None:
    asker = talk("v2")
    asker.service.snapshot(asker.mark("plain_0"))
    asker.sim.faults.add("error", code=code, times=None)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert error.code == code
    assert error.message.endswith(f"{CATALOGUE[code][1]}")
    assert (asker.sim.log.requests, asker.time.waits) == (3, [])


def test_an_unknown_401_is_tried_again_and_told_as_it_is(talk: TalkTo) -> None:
    asker = talk("v2")
    asker.service.snapshot(asker.mark("plain_0"))
    body = '{"error": 401, "errorCode": "SOMETHING_NEW", "detail": "No."}'
    asker.sim.faults.add("answer", status=401, body=body, times=None)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert error.message.endswith("was answered 401 SOMETHING_NEW: No.")
    assert (asker.sim.log.requests, len(asker.time.waits)) == (5, 2)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("key", ["owner", "service_account"])
@pytest.mark.parametrize(("times", "lasts"), [(1, False), (2, False), (3, False), (9, True)])
def test_a_401_in_the_middle_of_a_run_is_tried_again(
    talk: TalkTo, method: str, key: str, times: int, lasts: bool
) -> None:
    asker = talk("v2", key=key)
    asker.service.snapshot(asker.mark("plain_0"))
    asker.sim.faults.add("unauthorized", code="UNEXPECTED_ERROR", path="/snapshots/", times=times)
    ask: dict[str, Callable[[], Any]] = {
        "GET": lambda: asker.service.snapshot(asker.mark("plain_1")),
        "PATCH": lambda: asker.client.patch(
            *asker.base, "snapshots", asker.mark("plain_1"), body={"doNotDelete": True}
        ),
        "DELETE": lambda: asker.service.delete(asker.mark("plain_1")),
    }
    if lasts:
        assert error_of(ask[method]).status == 401
    else:
        assert ask[method]()
    # The first may be a nonce or token that has expired, and costs no pause.
    assert len(asker.time.waits) == min(times - 1, 2)
    assert len(asker.sim.log.done_writes) == (method != "GET" and not lasts)


def test_a_nonce_that_a_401_without_a_challenge_has_used_up_says_nothing_about_the_role(talk: TalkTo) -> None:
    asker = talk("v2")
    asker.service.snapshot(asker.mark("plain_0"))
    # The nonce is refused, the next one meets a single 401, and is used up by it.
    asker.sim.faults.add("unauthorized")
    asker.sim.faults.add("answer", status=401, body="")
    asker.sim.faults.add("unauthorized", code="USER_UNAUTHORIZED")
    assert asker.service.snapshot(asker.mark("plain_1"))
    assert len(asker.time.waits) == 1


@pytest.mark.parametrize(("state", "action"), [("absent", "deleted"), ("present", "updated")])
def test_a_write_that_was_done_although_the_answer_was_a_401_is_told_as_done(
    talk: TalkTo, state: str, action: str
) -> None:
    asker = talk("v2")
    world, one = asker.sim.world, asker.mark("plain_1")
    until = int(datetime(2040, 1, 1, tzinfo=timezone.utc).timestamp())

    def carry_out(_call: object) -> None:
        if state == "absent":
            world.remove(world.main, one)
        else:
            world.change(world.main, one, expires=until)

    method = "DELETE" if state == "absent" else "PATCH"
    asker.sim.faults.before(carry_out, method=method)
    asker.sim.faults.add("answer", method=method, status=401, body="{}")
    params = {"snapshot_id": one, "state": state, "expires_at": "2040-01-01" if state == "present" else None}
    found = apply(desired_states({**dict.fromkeys(_INHERITED), **params}), asker.service, NOW, Rules(True, True, 1))
    assert [row["action"] for row in outcomes(found)] == [action]
    assert found.changed
    assert len(asker.time.waits) == 1


def test_a_401_to_the_first_signed_request_is_tried_again_once(talk: TalkTo) -> None:
    asker = talk("v2")
    asker.sim.faults.add("unauthorized", code="UNEXPECTED_ERROR")
    assert asker.service.snapshot(asker.mark("plain_0"))
    assert (asker.sim.log.requests, len(asker.time.waits)) == (3, 1)


def test_a_single_401_after_other_retries_has_tries_of_its_own(talk: TalkTo) -> None:
    asker = talk("v2")
    asker.service.snapshot(asker.mark("plain_0"))
    asker.sim.faults.add("unavailable", times=4)
    asker.sim.faults.add("unauthorized", code="UNEXPECTED_ERROR", times=2)
    assert asker.service.snapshot(asker.mark("plain_0"))


def test_a_401_without_a_challenge_to_an_unsigned_request_is_not_about_the_key(talk: TalkTo) -> None:
    asker = talk("v2")
    asker.sim.faults.add("answer", status=401, body="", times=None, authorised=False)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert "It asked for no signature in a way that is known. Is this the service?" in error.message
    assert (asker.sim.log.requests, error.meets_all) == (1, True)


# --- nonces behind a balancer, and nonces that are used up ---


def change_all(asker: Talk, workers: int) -> list[dict[str, Any]]:
    """The outcomes of deleting or dating all snapshots of a cluster with so many workers."""
    params = {"snapshots": [{"snapshot_id": one} for one in asker.sim.world.main.snapshots], "expires_at": "2040-01-01"}
    states = desired_states({**dict.fromkeys(_INHERITED), "state": "present", **params})
    return outcomes(apply(states, asker.service, NOW, Rules(True, True, workers)))


@pytest.mark.parametrize("foreign", ["stale", "refused"])
@pytest.mark.parametrize("workers", [1, 4, 8])
@pytest.mark.parametrize(("servers", "uses"), [(3, 0), (1, 3), (3, 3)])
def test_nonces_of_several_servers_and_nonces_that_are_used_up(
    talk: TalkTo, foreign: str, workers: int, servers: int, uses: int
) -> None:
    switches = {"servers": servers, "nonce_uses": uses, "foreign_nonce": foreign}
    asker = talk("ops_manager", "many", {"count": 200}, switches=switches, connections=workers)
    found = change_all(asker, workers)
    assert [row["action"] for row in found] == ["updated"] * 200
    assert asker.client.retries.summary() is None
    # Each connection (the listing has one too) costs two challenges at most, and then each nonce that is used up.
    assert asker.sim.log.challenges <= 2 * (workers + 1) + (0 if not uses else 100)


def test_the_budget_of_one_server(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 200}, connections=8)
    assert len(change_all(asker, 8)) == 200
    assert asker.sim.log.requests <= 215
    assert asker.sim.log.connections <= 8


@pytest.mark.parametrize("workers", [1, 8])
def test_requests_that_are_balanced_one_by_one_get_through_if_the_server_says_stale(talk: TalkTo, workers: int) -> None:
    switches = {"servers": 3, "balanced_by": "request"}
    asker = talk("ops_manager", "many", {"count": 50}, switches=switches, connections=workers)
    assert [row["action"] for row in change_all(asker, workers)] == ["updated"] * 50


@pytest.mark.parametrize("keep_alive", ["not_after_401", "never"])
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize(("servers", "age"), [(1, 60), (3, 60), (1, 1)])
def test_a_challenge_is_answered_over_another_connection(
    talk: TalkTo, keep_alive: str, workers: int, servers: int, age: int
) -> None:
    switches = {"keep_alive": keep_alive, "servers": servers, "nonce_max_age": age}
    asker = talk("ops_manager", "many", {"count": 50}, switches=switches, connections=workers)
    asker.sim.faults.before(lambda call: asker.sim.clock.advance(age), at=20)
    assert [row["action"] for row in change_all(asker, workers)] == ["updated"] * 50
    assert asker.client.retries.summary() is None
    if servers == 1:
        # Two listings, 50 changes, and a challenge for each nonce, which other workers may meet at the same time.
        assert asker.sim.log.requests <= 54 + 2 * workers


@pytest.mark.parametrize("keep_alive", ["not_after_401", "never"])
def test_a_wrong_key_over_many_connections_is_a_wrong_key(talk: TalkTo, keep_alive: str) -> None:
    asker = talk("v2", secret="wrong-secret", switches={"keep_alive": keep_alive})
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert "The key is wrong" in error.message
    # Each connection may have led to another server, so that the first two refusals say nothing about the key.
    assert (asker.sim.log.requests, len(asker.time.waits)) == (5, 1)


def test_a_key_that_is_no_longer_good_is_refused_after_one_new_challenge(talk: TalkTo) -> None:
    asker = talk("v2")
    asker.service.snapshot(asker.mark("plain_0"))
    asker.sim.world.accounts.clear()
    asker.sim.reset_log()
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert "The key is wrong" in error.message
    # Two challenges at once, and then two tries after a pause each.
    assert (asker.sim.log.requests, len(asker.time.waits)) == (4, 2)


# --- service accounts ---


def test_one_token_serves_all_requests(talk: TalkTo) -> None:
    asker = talk("v2", key="service_account", connections=8)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(asker.service.snapshot, [asker.mark(f"plain_{n % 10}") for n in range(40)]))
    assert all(found)
    assert (asker.sim.log.requests, asker.sim.log.tokens) == (41, 1)
    assert len(asker.told) == 1
    assert asker.told[0] in asker.sim.api.auth.tokens.given


def test_cloud_manager_takes_a_service_account(talk: TalkTo) -> None:
    asker = talk("cloud_manager", key="service_account")
    assert len(asker.service.snapshots()) == 20


@pytest.mark.parametrize(("life", "good_for"), [(3600, 3540), (100, 50), (120, 60)])
def test_a_token_is_renewed_before_it_expires(talk: TalkTo, life: int, good_for: int) -> None:
    asker = talk("v2", key="service_account", switches={"token_lifetime": life})
    asker.service.snapshot(asker.mark("plain_0"))
    asker.time.sleep(good_for - 1)
    asker.service.snapshot(asker.mark("plain_0"))
    assert asker.sim.log.tokens == 1
    asker.time.sleep(2)
    asker.service.snapshot(asker.mark("plain_0"))
    assert asker.sim.log.tokens == 2
    assert asker.sim.log.status(401) == 0


def test_a_token_that_was_good_and_is_refused_is_renewed_once(talk: TalkTo) -> None:
    asker = talk("v2", key="service_account")
    asker.service.snapshot(asker.mark("plain_0"))
    asker.sim.expire_tokens()
    assert asker.service.snapshot(asker.mark("plain_1"))
    assert (asker.sim.log.tokens, asker.sim.log.status(401)) == (2, 1)
    assert len(set(asker.told)) == 2


def test_a_token_that_the_endpoint_gives_once_more_is_used(talk: TalkTo) -> None:
    """It is known as a secret by then, and must not be masked."""
    asker = talk("v2", key="service_account")
    asker.service.snapshot(asker.mark("plain_0"))
    asker.sim.faults.add("unauthorized", path="/snapshots/")
    body = json.dumps({"access_token": asker.told[0], "expires_in": 3600})
    asker.sim.faults.add("answer", path="oauth", body=body)
    assert asker.service.snapshot(asker.mark("plain_1"))
    assert asker.told[1] == asker.told[0]


def test_threads_renew_a_refused_token_once(talk: TalkTo) -> None:
    asker = talk("v2", key="service_account", connections=8)
    asker.service.snapshot(asker.mark("plain_0"))
    asker.sim.expire_tokens()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(asker.service.snapshot, [asker.mark(f"plain_{n % 10}") for n in range(40)]))
    assert all(found)
    assert asker.sim.log.tokens == 2


def test_a_token_that_never_was_good_is_not_renewed(talk: TalkTo) -> None:
    asker = talk("v1.0", key="service_account")  # the version that refuses them, by default
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert error.status == 401
    assert "does not accept the token of this service account: check base_url, client_id, client_s" in error.message
    assert "*****" not in error.message
    assert (asker.sim.log.tokens, asker.sim.log.requests) == (1, 3)


def test_a_refused_token_is_not_told_as_a_nonce(talk: TalkTo) -> None:
    asker = talk("v2", key="service_account")
    asker.sim.faults.add("stale", path="/snapshots/", times=None)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert "does not accept the token of this service account" in error.message
    assert "nonce" not in error.message


def test_a_token_refused_again_after_its_renewal_is_an_error(talk: TalkTo) -> None:
    asker = talk("v2", key="service_account")
    asker.service.snapshot(asker.mark("plain_0"))
    asker.sim.faults.add("unauthorized", path="/snapshots/", times=None)
    assert error_of(asker.service.snapshot, asker.mark("plain_0")).status == 401
    assert asker.sim.log.tokens == 2


def test_a_bad_secret_is_the_account_and_shows_nowhere(talk: TalkTo) -> None:
    asker = talk("v2", key="service_account", secret="wrong-secret")
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert (error.status, error.path) == (401, "/api/oauth/token")
    assert "service account" in error.message
    assert "wrong-secret" not in error.message
    assert asker.sim.log.requests == 1


@pytest.mark.parametrize("header", ["present", "absent"])
def test_the_limit_of_the_token_endpoint_is_waited_out(talk: TalkTo, header: str) -> None:
    asker = talk("v2", key="service_account", switches={"retry_after": header})
    account = asker.sim.world.keys["service_account"]
    for _unused in range(10):
        asker.sim.api.auth.tokens.wait(account.id)
    assert asker.service.snapshot(asker.mark("plain_0"))
    assert 59 <= sum(asker.time.waits) <= 130
    summary = asker.client.retries.summary()
    assert summary is not None
    assert "429" in summary


def test_the_limit_of_the_token_endpoint_uses_retry_timeout_up(talk: TalkTo) -> None:
    asker = talk("v2", key="service_account", retry_timeout=20)
    account = asker.sim.world.keys["service_account"]
    for _unused in range(10):
        asker.sim.api.auth.tokens.wait(account.id)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert (error.status, error.exhausted, error.meets_all) == (429, True, True)
    assert "retry_timeout (20 s) is used up" in error.message
    assert "limited to 10 requests" in error.message


class Contended:
    """The place of a token that another process holds for so many seconds."""

    def __init__(self, asker: Talk, seconds: float) -> None:
        self._asker = asker
        self._seconds = seconds

    @contextmanager
    def held(self) -> Iterator[Slot]:
        self._asker.time.now += self._seconds
        yield Slot(None, lambda: self._asker.time.now)


@pytest.mark.parametrize(("waited", "waits", "requests"), [(0, 60, None), (55, 5, None), (90, 0, 1)])
def test_where_the_token_endpoint_fails_all_tasks_of_a_run_fail_together(
    talk: TalkTo, waited: int, waits: int, requests: int | None
) -> None:
    asker = talk("v2", key="service_account", retry_timeout=60)
    vars(asker.client._auth)["_shared"] = Contended(asker, waited)
    asker.sim.faults.add("unavailable", path="oauth", times=None)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert (error.status, error.exhausted) == (503, True)
    assert "retry_timeout (60 s) is used up" in error.message
    assert sum(asker.time.waits) == waits
    assert requests in (None, asker.sim.log.requests)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, '{"error": "access_denied", "error_description": "Too many tokens."}', "access_denied"),
        (403, "", None),
        (429, '{"error": "rate_limited", "error_description": "Slow down."}', "rate_limited"),
    ],
)
def test_a_refusal_of_the_token_endpoint_names_its_limits_and_no_role(
    talk: TalkTo, status: int, body: str, code: str | None
) -> None:
    asker = talk("v2", key="service_account", retry_timeout=0)
    asker.sim.faults.add("answer", path="oauth", status=status, body=body, times=None)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert (error.status, error.code, error.meets_all) == (status, code, True)
    assert "may ask for 10 tokens a minute and have 100 live ones within an hour" in error.message
    assert "Project Owner" not in error.message


def test_too_many_live_tokens_are_told_as_such(talk: TalkTo) -> None:
    asker = talk("v2", key="service_account")
    for _unused in range(100):
        asker.sim.api.auth.tokens.mint(asker.sim.world.keys["service_account"].id, 3600)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert (error.status, error.code) == (403, "access_denied")
    asker.sim.clock.advance(hours=1)
    assert asker.service.snapshot(asker.mark("plain_0"))


STRANGE_TOKENS = {
    "no body": "",
    "HTML": "<html><title>Log in</title></html>",
    "a list": "[]",
    "no token": "{}",
    "null": '{"access_token": null, "expires_in": 3600}',
    "a number": '{"access_token": 5, "expires_in": 3600}',
    "an empty token": '{"access_token": "", "expires_in": 3600}',
    "a token with a line end": '{"access_token": "a\\nb", "expires_in": 3600}',
    "a token with a blank": '{"access_token": "a b", "expires_in": 3600}',
    "a token that no header takes": '{"access_token": "ключ", "expires_in": 3600}',
    "a life that is text": '{"access_token": "a", "expires_in": "3600"}',
    "a life that is true": '{"access_token": "a", "expires_in": true}',
    "no life at all": '{"access_token": "a", "expires_in": 0}',
    "a negative life": '{"access_token": "a", "expires_in": -1}',
}


@pytest.mark.parametrize("body", STRANGE_TOKENS.values(), ids=STRANGE_TOKENS)
def test_a_strange_answer_of_the_token_endpoint_is_one_clear_error(talk: TalkTo, body: str) -> None:
    asker = talk("v2", key="service_account")
    asker.sim.faults.add("answer", path="oauth", body=body)
    error = error_of(asker.service.snapshot, asker.mark("plain_0"))
    assert error.path == "/api/oauth/token"
    assert "POST /api/oauth/token was answered 200 with" in error.message
    assert asker.sim.log.requests == 1


@pytest.mark.parametrize("life", ["", ', "expires_in": 1e308', f', "expires_in": {10**400}'])
def test_a_life_without_end_is_no_trouble(talk: TalkTo, life: str) -> None:
    asker = talk("v2", key="service_account")
    token = asker.sim.api.auth.tokens.mint(asker.sim.world.keys["service_account"].id, 3600)
    asker.sim.faults.add("answer", path="oauth", body=f'{{"access_token": "{token}"{life}}}')
    assert asker.service.snapshot(asker.mark("plain_0"))


@pytest.mark.parametrize("key", ["owner", "service_account"])
def test_netrc_replaces_neither_kind(talk: TalkTo, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\nmachine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    (tmp_path / ".netrc").write_text(netrc.read_text())
    monkeypatch.setenv("HOME", str(tmp_path))
    asker = talk("v2", key=key)
    assert asker.service.snapshot(asker.mark("plain_0"))
    kinds = {entry.auth for entry in asker.sim.log if not entry.is_token}
    assert kinds == ({"none", "digest"} if key == "owner" else {"bearer"})
    # The token endpoint takes basic too, and only from the account itself.
    assert [entry.status for entry in asker.sim.log if entry.is_token] == ([] if key == "owner" else [200])


def test_every_secret_is_known_to_the_scrubber() -> None:
    bearer = Bearer("id", "secret", lambda token: None)
    bearer.prepare(lambda account: Token("first", 3600))
    assert {"first", "secret"} <= set(bearer.secrets)
    basic = Basic("id", "secret")
    assert basic.secrets == ["aWQ6c2VjcmV0", "secret"]
    assert basic(SimpleNamespace(headers={})).headers == {"Authorization": "Basic aWQ6c2VjcmV0"}
    assert Digest("public", "private").secrets == ["private"]


def test_a_bearer_without_a_token_sends_none() -> None:
    bearer = Bearer("id", "secret", lambda token: None)
    assert bearer(SimpleNamespace(headers={})).headers == {}
    assert bearer.renewed(SimpleNamespace(request=SimpleNamespace(headers={})))
