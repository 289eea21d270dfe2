# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digest, service accounts, TLS (contract 3)."""

from __future__ import annotations

import base64
import ssl
from typing import Any

import pytest
import requests

from simulator import seeds
from simulator.answers import fixture
from simulator.switches import Switches
from simulator.tls import Tls

TOKEN = "/api/oauth/token"


def test_the_challenge_is_the_printed_one(ask: Any) -> None:
    asker = ask("v2", switches=Switches(challenge_key="op", challenge_body="no_code"))
    answer = requests.get(f"{asker.home}/snapshots", timeout=10)
    sent = answer.headers["WWW-Authenticate"]
    before, _nonce, after = fixture("challenge.txt").decode().partition("{nonce}")
    assert sent.startswith(before)
    assert sent.endswith(after)
    assert answer.status_code == 401
    assert answer.content == fixture("unauthorized.json")
    assert answer.headers["Content-Type"] == "application/json;charset=ISO-8859-1"


@pytest.mark.parametrize("key", ["qop", "op", "none"])
@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_every_spelling_is_answered_by_a_stock_client(ask: Any, key: str, quoted: bool, algorithm: str) -> None:
    asker = ask("ops_manager")
    asker.sim.switch(challenge_key=key, challenge_quoted=quoted, digest_algorithm=algorithm)
    assert asker.list().status_code == 200
    assert asker.list(completed="all", itemsPerPage=3).status_code == 200


def test_one_challenge_for_many_requests(ask: Any) -> None:
    asker = ask("ops_manager")
    for _turn in range(5):
        assert asker.list().status_code == 200
    log = asker.sim.log
    assert (log.requests, log.challenges, log.connections) == (6, 1, 1)


def test_nonces_age(ask: Any) -> None:
    asker = ask("ops_manager")
    assert asker.list().status_code == 200
    asker.sim.clock.advance(59)
    asker.sim.reset_log()
    assert asker.list().status_code == 200
    assert asker.sim.log.challenges == 0
    asker.sim.clock.advance(1)
    answer = asker.list()
    assert answer.status_code == 200
    assert "stale=true" in answer.history[0].headers["WWW-Authenticate"]
    asker.sim.expire_nonces()
    assert "stale=true" in asker.list().history[0].headers["WWW-Authenticate"]


def test_wrong_password_is_not_stale(ask: Any) -> None:
    asker = ask("ops_manager")
    asker.session.auth.password = "wrong"
    answer = asker.list()
    assert answer.status_code == 401
    assert "stale=false" in answer.headers["WWW-Authenticate"]


def test_a_signature_is_good_for_one_target_and_method(ask: Any) -> None:
    asker = ask("ops_manager")
    asker.list()
    header = asker.list().request.headers["Authorization"]
    taken = {"Authorization": header}
    assert requests.get(f"{asker.home}/snapshots", headers=taken, timeout=10).status_code == 200
    assert requests.get(f"{asker.home}/snapshots?pageNum=2", headers=taken, timeout=10).status_code == 401
    assert requests.delete(f"{asker.home}/snapshots", headers=taken, timeout=10).status_code == 401


@pytest.mark.parametrize(
    "header", ["Digest", "Digest nonce", "Basic eDp5", "Bearer", "Bearer x", "Nonsense", "Digest username="]
)
def test_odd_authorization_headers(ask: Any, header: str) -> None:
    asker = ask("v2")
    answer = requests.get(f"{asker.home}/snapshots", headers={"Authorization": header}, timeout=10)
    assert answer.status_code == 401


def test_a_401_may_carry_a_code(ask: Any, code: Any) -> None:
    asker = ask("v2", switches=Switches(challenge_body="NO_CURRENT_USER"))
    assert code(requests.get(f"{asker.home}/snapshots", timeout=10)) == (401, "NO_CURRENT_USER")


def mint(sim: Any, name: str = "service_account", **more: Any) -> requests.Response:
    account = sim.world.keys[name]
    blob = base64.b64encode(f"{account.id}:{more.pop('secret', account.secret)}".encode()).decode()
    headers = {"Authorization": f"Basic {blob}", "Accept": "application/json"} | more.pop("headers", {})
    data = more.pop("data", {"grant_type": "client_credentials"})
    return requests.post(sim.url + TOKEN, headers=headers, data=data, timeout=10)


@pytest.mark.parametrize(
    ("name", "switches", "status"),
    [
        ("v2", {}, 200),
        ("v1.0", {}, 401),
        ("v1.0", {"v1_bearer": "accepted"}, 200),
        ("cloud_manager", {}, 200),
        ("cloud_manager", {"cm_bearer": "refused"}, 401),
        ("ops_manager", {}, 401),
    ],
)
def test_bearer_tokens(ask: Any, name: str, switches: dict[str, Any], status: int) -> None:
    asker = ask(name, switches=Switches(**switches))
    body = mint(asker.sim).json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    asker.session.auth = None
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert asker("GET", f"{asker.home}/snapshots", headers=headers).status_code == status


def test_tokens_expire_and_are_revoked(ask: Any) -> None:
    asker = ask("v2")
    first, second, third = (mint(asker.sim).json()["access_token"] for _turn in range(3))
    asker.session.auth = None

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return int(asker("GET", f"{asker.home}/snapshots", headers=headers).status_code)

    account = asker.sim.world.keys["service_account"]
    revoked = requests.post(
        f"{asker.sim.url}/api/oauth/revoke", data={"token": second}, auth=(account.id, account.secret), timeout=10
    )
    assert revoked.status_code == 200
    assert [status(first), status(second)] == [200, 401]
    asker.sim.clock.advance(3599)
    assert status(first) == 200
    asker.sim.clock.advance(1)
    assert status(first) == 401
    asker.sim.expire_tokens()
    assert status(third) == 401


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"secret": "wrong"}, (401, "invalid_client")),
        ({"headers": {"Authorization": "Basic %%%"}}, (401, "invalid_client")),
        ({"name": "owner"}, (401, "invalid_client")),
        ({"data": {"grant_type": "password"}}, (400, "unsupported_grant_type")),
        ({"data": "{}", "headers": {"Content-Type": "application/json"}}, (400, "invalid_request")),
    ],
)
def test_the_token_endpoint_refuses(ask: Any, more: dict[str, Any], expected: tuple[int, str]) -> None:
    answer = mint(ask("v2").sim, **more)
    assert (answer.status_code, answer.json()["error"]) == expected


def test_ten_tokens_a_minute(ask: Any) -> None:
    sim = ask("v2").sim
    assert [mint(sim).status_code for _turn in range(10)] == [200] * 10
    answer = mint(sim)
    assert answer.status_code == 429
    assert answer.content == fixture("oauth-rate-limited.json").replace(b"{URL}", TOKEN.encode())
    assert 50 <= int(answer.headers["Retry-After"]) <= 60
    sim.switch(retry_after="absent")
    assert "Retry-After" not in mint(sim).headers
    sim.clock.advance(60)
    assert mint(sim).status_code == 200
    assert mint(sim, "service_reader").status_code == 200


def test_https_under_a_private_ca(ask: Any) -> None:
    asker = ask("ops_manager", https=True)
    assert asker.list().json()["links"][0]["href"].startswith("https://")
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(asker.sim.url, timeout=10)


@pytest.mark.parametrize("tls", [Tls(hosts=("elsewhere.example",)), Tls(expired=True)])
def test_certificates_that_must_not_be_trusted(ask: Any, tls: Tls) -> None:
    asker = ask("ops_manager", tls=tls)
    with pytest.raises(requests.exceptions.SSLError):
        asker.list()


def test_old_tls(ask: Any) -> None:
    old = Tls(minimum=ssl.TLSVersion.MINIMUM_SUPPORTED, maximum=ssl.TLSVersion.TLSv1_1)
    asker = ask("ops_manager", tls=old)
    with pytest.raises(requests.exceptions.ConnectionError):
        asker.list()


def test_two_side_by_side(ask: Any, now: Any) -> None:
    one, two = ask("v2"), ask("v2", world=seeds.ladder(now, seed="other"))
    assert one.sim.port != two.sim.port
    assert one.list().json()["results"][0]["id"] != two.list().json()["results"][0]["id"]
    two.session.auth.password = one.sim.world.keys["owner"].secret
    assert two.list().status_code == 401
