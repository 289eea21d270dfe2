# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network as operators have it: authorities, proxies with passwords, variables, IPv6, addresses with a path."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._connection import connect, resolve
from OpenSSL import crypto

from simulator.server import Simulator
from simulator.tls import Tls
from tools.proxies import CREDENTIALS, PASSWORD, USER, proxy
from unit.plugins.clients import Talk, error_of, world

Start = Callable[..., Simulator]
TalkTo = Callable[..., Talk]
BUNDLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
PROXY_VARIABLES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*PROXY_VARIABLES, *BUNDLES]:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of a proxy that asks for a password."""
    with proxy(tmp_path_factory.mktemp("proxy")) as address:
        yield address


@pytest.fixture
def dead() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"127.0.0.1:{taken.getsockname()[1]}"


def options(sim: Simulator, **more: Any) -> dict[str, Any]:
    account = sim.world.keys["owner"]
    return {
        "platform": "ops_manager",
        "base_url": sim.url,
        "public_key": account.id,
        "private_key": account.secret,
        "project_id": sim.world.main.project_id,
        "retry_timeout": 0,
        **more,
    }


def count(sim: Simulator, **more: Any) -> int:
    """How many snapshots a module with these options would list."""
    found = resolve(options(sim, **more), {})
    client = connect(found, read_only=True, connections=1, on_token=print)
    try:
        return len(client.listing("groups", found.project_id, "clusters", sim.world.main.id, "snapshots"))
    finally:
        client._session.close()


def failure(sim: Simulator, **more: Any) -> str:
    """What such a module says where it does not get through; never with a password."""
    error = error_of(count, sim, **more)
    assert "127.0.0.1" in error.message
    for text in (PASSWORD, CREDENTIALS, CREDENTIALS.partition(":")[2], "wrong-password"):
        assert text not in error.message
    return error.message


# --- authorities ---


@pytest.fixture
def secure(simulator: Start) -> Simulator:
    return simulator(world("ops_manager"), https=True)


@pytest.fixture
def strange(tmp_path: Path) -> str:
    """The file of an authority that knows nobody."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "strange.pem"))
    return str(tmp_path / "strange.pem")


def folder_of(certificate: str, folder: Path) -> str:
    """A folder of authorities, as `openssl rehash` makes it."""
    content = Path(certificate).read_bytes()
    folder.mkdir()
    name = crypto.load_certificate(crypto.FILETYPE_PEM, content).subject_name_hash()
    (folder / f"{name:08x}.0").write_bytes(content)
    return str(folder)


def test_an_authority_in_a_file_and_in_a_folder(secure: Simulator, tmp_path: Path, strange: str) -> None:
    assert count(secure, ca_path=secure.ca_path) == 19
    assert count(secure, ca_path=folder_of(str(secure.ca_path), tmp_path / "right")) == 19
    other = folder_of(strange, tmp_path / "other")
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "ca.pem").write_bytes(Path(str(secure.ca_path)).read_bytes())
    for wrong in (other, str(plain)):
        assert "only files count that `openssl rehash` has linked" in failure(secure, ca_path=wrong)


@pytest.mark.parametrize("variable", BUNDLES)
def test_the_bundles_of_requests_count_where_there_is_no_ca_path(
    secure: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, strange: str, variable: str
) -> None:
    for bundle in (str(secure.ca_path), folder_of(str(secure.ca_path), tmp_path / "right")):
        monkeypatch.setenv(variable, bundle)
        assert count(secure) == 19
        assert "The certificate is not trusted" in failure(secure, ca_path=strange)
    monkeypatch.setenv(variable, strange)
    assert "The certificate is not trusted: give the CA's file as ca_path." in failure(secure)
    assert count(secure, ca_path=secure.ca_path) == 19
    assert count(secure, validate_certs=False) == 19


# --- proxies ---


@pytest.mark.parametrize("https", [False, True])
def test_a_proxy_with_its_password(simulator: Start, guarded: str, dead: str, https: bool) -> None:
    """For HTTPS by CONNECT, so that certificates are checked as without a proxy."""
    sim = simulator(world("ops_manager"), https=https)
    trusted = {"ca_path": sim.ca_path} if https else {}
    assert count(sim, proxy=f"http://{CREDENTIALS}@{guarded}", **trusted) == 19
    assert count(sim, proxy=f"{CREDENTIALS}@{guarded}", **trusted) == 19
    sim.reset_log()
    for credentials in (f"{USER}:wrong-password@", f"{USER}@", ""):
        message = failure(sim, proxy=f"http://{credentials}{guarded}", **trusted)
        assert "407" in message
        assert "The proxy asks for a password, or refused the one it got: put it into the address of" in message
        assert f"the proxy {guarded}: " in message
    message = failure(sim, proxy=f"http://{CREDENTIALS}@{dead}", **trusted)
    assert f"got no answer from 127.0.0.1:{sim.port} through the proxy {dead}: " in message
    assert "Connection refused. This was the proxy: check proxy, or the variables for it." in message
    if https:
        assert "The certificate is not trusted" in failure(sim, proxy=f"http://{CREDENTIALS}@{guarded}")
    assert sim.log.requests == 0


@pytest.mark.parametrize("https", [False, True])
def test_the_variables_for_proxies(
    simulator: Start, monkeypatch: pytest.MonkeyPatch, guarded: str, dead: str, https: bool
) -> None:
    sim = simulator(world("ops_manager"), https=https)
    trusted = {"ca_path": sim.ca_path} if https else {}
    name = "HTTPS_PROXY" if https else "HTTP_PROXY"
    for variable in (name, name.lower(), "ALL_PROXY"):
        with monkeypatch.context() as patch:
            patch.setenv(variable, f"http://{CREDENTIALS}@{guarded}")
            assert count(sim, **trusted) == 19
            patch.setenv(variable, f"http://{USER}:wrong-password@{guarded}")
            message = failure(sim, **trusted)
            assert f"the proxy {guarded}: " in message
            assert "The proxy asks for a password" in message
            patch.setenv(variable, f"http://{CREDENTIALS}@{dead}")
            assert f"through the proxy {dead}: " in failure(sim, **trusted)


@pytest.mark.parametrize("listed", ["127.0.0.1", "*", "other.example.com,127.0.0.0/8"])
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_no_proxy_is_about_the_variables_and_not_about_the_option(
    simulator: Start, monkeypatch: pytest.MonkeyPatch, guarded: str, dead: str, variable: str, listed: str
) -> None:
    sim = simulator(world("ops_manager"))
    monkeypatch.setenv("HTTP_PROXY", f"http://{dead}")
    monkeypatch.setenv(variable, listed)
    assert count(sim) == 19
    assert f"through the proxy {dead}: " in failure(sim, proxy=f"http://{dead}")
    assert "The proxy asks for a password" in failure(sim, proxy=f"http://{guarded}")
    assert count(sim, proxy=f"http://{CREDENTIALS}@{guarded}") == 19
    monkeypatch.setenv(variable, "other.example.com")
    assert f"through the proxy {dead}: " in failure(sim)


def test_a_proxy_that_is_spoken_to_over_https(secure: Simulator, tmp_path: Path) -> None:
    """Its certificate is checked against the same authorities as that of the service."""
    authority = trustme.CA()
    both = tmp_path / "both.pem"
    both.write_bytes(Path(str(secure.ca_path)).read_bytes() + authority.cert_pem.bytes())
    with proxy(tmp_path, authority=authority) as address:
        here = {"proxy": f"https://{CREDENTIALS}@{address}"}
        assert count(secure, ca_path=str(both), **here) == 19
        assert count(secure, ca_path=folder_of(str(both), tmp_path / "none"), validate_certs=False, **here) == 19
        message = failure(secure, ca_path=secure.ca_path, **here)
        assert f"through the proxy {address}: " in message
        assert "This was the proxy: The certificate is not trusted: give the CA's file as ca_path" in message
        elsewhere = {"proxy": f"https://{CREDENTIALS}@localhost:{address.rpartition(':')[2]}"}
        assert "The certificate is of another name" in failure(secure, ca_path=str(both), **elsewhere)
        through = f"through the proxy {address}: "
        assert through in failure(secure, ca_path=str(both), proxy=f"http://{CREDENTIALS}@{address}")


# --- addresses ---


@pytest.mark.parametrize("https", [False, True])
def test_an_address_of_ipv6(simulator: Start, https: bool) -> None:
    sim = simulator(world("ops_manager"), https=https, host="::1")
    assert f"//[::1]:{sim.port}" in sim.url
    trusted = {"ca_path": sim.ca_path} if https else {}
    assert count(sim, **trusted) == 19
    assert count(sim, base_url=f"{sim.url}/", **trusted) == 19
    if https:
        error = error_of(count, sim)
        assert f"got no answer from [::1]:{sim.port}: " in error.message
        named = simulator(world("ops_manager"), tls=Tls(hosts=("127.0.0.1",)), host="::1")
        assert "The certificate is of another name" in error_of(count, named, ca_path=named.ca_path).message


@pytest.mark.parametrize("path", ["", "/mms"])
@pytest.mark.parametrize("ending", ["", "/", "//", "/api", "/api/", "/api/public/v1.0", "/api/public/v1.0/"])
def test_an_address_with_and_without_a_path(simulator: Start, path: str, ending: str) -> None:
    sim = simulator(world("ops_manager"), path=path)
    assert count(sim, base_url=f"http://127.0.0.1:{sim.port}{path}{ending}") == 19
    assert {entry.path.partition("/groups")[0] for entry in sim.log} == {f"{path}/api/public/v1.0"}


def test_http_to_a_port_that_speaks_https_and_the_other_way_round(secure: Simulator, simulator: Start) -> None:
    message = failure(secure, base_url=secure.url.replace("https:", "http:"))
    assert f"got no answer from 127.0.0.1:{secure.port}: " in message
    assert "Where this port speaks HTTPS, base_url has to begin with https." in message
    plain = simulator(world("ops_manager"))
    message = failure(plain, base_url=plain.url.replace("http:", "https:"))
    assert "What answers there speaks no TLS: check host and port, and whether the address begins with http." in message
