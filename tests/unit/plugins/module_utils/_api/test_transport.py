# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bounds of one try: of time in whatever pieces the bytes come, of size however it is packed, and of TLS."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import trustme
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api import transport as _transport
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.auth import Basic
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.client import Client, Timing
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.settings import MANAGER, Settings
from requests.exceptions import ReadTimeout

from simulator.tls import Tls, server_context
from tools.proxies import CREDENTIALS, proxy
from unit.plugins.clients import Talk, error_of

TalkTo = Callable[..., Talk]
Handler = Callable[[socket.socket], None]
Serve = Callable[..., int]
SHORT = 0.4  # seconds
SLACK = 1.2
OLD = ssl.TLSVersion.TLSv1_1


def head(*lines: str, status: str = "200 Said") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def whole(body: bytes, *lines: str, status: str = "200 Said") -> bytes:
    return head(f"Content-Length: {len(body)}", *lines, status=status) + body


def asking(connection: socket.socket) -> bytes:
    """The request, up to the end of its headers; b"" where the client went away."""
    read = b""
    while b"\r\n\r\n" not in read:
        piece = connection.recv(65536)
        if not piece:
            return b""
        read += piece
    return read


def drip(at_once: bytes, slowly: bytes) -> Handler:
    """Answers the beginning at once, and the rest by a byte now and then, for ever."""

    def handle(connection: socket.socket) -> None:
        while asking(connection):
            connection.sendall(at_once)
            for byte in itertools.cycle(slowly):
                connection.sendall(bytes([byte]))
                time.sleep(0.02)

    return handle


def say(*answers: bytes) -> Handler:
    """These answers, one a request, on one connection or more, and then the last for ever."""
    left = list(answers)

    def handle(connection: socket.socket) -> None:
        while asking(connection):
            connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return handle


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(handler, context=...)`: the port of a server that handles each connection in a thread of its own."""
    with ExitStack() as stack:
        yield lambda handler, context=None: stack.enter_context(serving(handler, context))


@contextmanager
def serving(handler: Handler, context: ssl.SSLContext | None) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = []

    def one(connection: socket.socket) -> None:
        # The client is expected to go away in the middle.
        with suppress(OSError), connection if context is None else context.wrap_socket(connection, True) as secure:
            handler(secure)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _address = listener.accept()
                open_ones.append(connection)
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_ones:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


@contextmanager
def client_of(port: int, *, https: bool = False, **settings: Any) -> Iterator[Client]:
    made = Settings(f"{'https' if https else 'http'}://127.0.0.1:{port}", MANAGER, timeout=5, retry_timeout=0)
    client = Client(replace(made, **settings), Basic("me", "secret"), Timing(sleep=lambda seconds: None))
    try:
        yield client
    finally:
        client._session.close()


# --- time ---

DRIPS: dict[str, tuple[bytes, bytes, str]] = {
    "the status line": (b"HTTP/1.1 200 ", b"x", "no"),
    "the headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n", "no"),
    "one header": (b"HTTP/1.1 200 OK\r\nX: ", b"y", "no"),
    "answers before the answer": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "no"),
    "a body": (head("Content-Length: 100000"), b" ", "only a part of an"),
    "a body without an end": (head("Connection: close"), b" ", "only a part of an"),
    "chunks": (head("Transfer-Encoding: chunked"), b"1\r\n \r\n", "only a part of an"),
    "the size of a chunk": (head("Transfer-Encoding: chunked"), b"0", "only a part of an"),
    "a packed body": (head("Content-Length: 9999", "Content-Encoding: gzip"), b"\x1f", "only a part of an"),
    "an error": (head("Content-Length: 100000", status="500 No"), b" ", "only a part of an"),
    "a redirect": (head("Content-Length: 9999", "Location: /x", status="302 No"), b" ", "only a part of an"),
    "a challenge": (head("Content-Length: 9999", status="401 No"), b" ", "only a part of an"),
}


@pytest.mark.parametrize(("at_once", "slowly", "what"), DRIPS.values(), ids=DRIPS)
def test_a_server_that_drips_is_left_when_the_time_is_over(
    serve: Serve, at_once: bytes, slowly: bytes, what: str
) -> None:
    with client_of(serve(drip(at_once, slowly)), timeout=SHORT) as client:
        began = time.monotonic()
        error = error_of(client.delete, "x")
        took = time.monotonic() - began
    assert SHORT * 0.9 <= took < SHORT + SLACK
    assert f"{what} answer within timeout ({SHORT} s). Raise timeout where the service is only slow." in error.message
    assert (error.status, error.exhausted, error.fate_unknown) == (None, True, True)


@pytest.mark.parametrize("https", [False, True])
def test_a_server_that_says_nothing_is_left_too(serve: Serve, tmp_path: Path, https: bool) -> None:
    """Over HTTPS also one that drips inside of the handshake, and inside of one record."""
    context, authority = server_context(Tls(), tmp_path)
    silent = serve(_silence)
    ports = [silent, serve(drip(head("Content-Length: 9999"), b" "), context if https else None)]
    if https:
        ports.append(serve(_handshake_that_drips))
    for port in ports:
        with client_of(port, https=https, verify=str(authority), timeout=SHORT) as client:
            began = time.monotonic()
            error = error_of(client.get, "x")
            assert SHORT * 0.9 <= time.monotonic() - began < SHORT + SLACK
        assert f"answer within timeout ({SHORT} s)" in error.message


def _silence(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def _handshake_that_drips(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 kB is to come
    for byte in itertools.repeat(b"\x00"):
        connection.sendall(byte)
        time.sleep(0.02)


def test_a_proxy_that_drips_is_left_too(serve: Serve) -> None:
    """Its answer to CONNECT, and then what it lets through of the handshake: one time for both."""

    def handle(connection: socket.socket) -> None:
        asking(connection)
        time.sleep(SHORT / 2)
        connection.sendall(head(status="200 Connected"))
        _handshake_that_drips(connection)

    for handler in (drip(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"), handle):
        proxies = {"https": f"http://127.0.0.1:{serve(handler)}"}
        with client_of(1, base_url="https://mongo.example.com", proxies=proxies, timeout=SHORT) as client:
            began = time.monotonic()
            error = error_of(client.get, "x")
            assert SHORT * 0.9 <= time.monotonic() - began < SHORT + SLACK
        assert "got no answer from mongo.example.com" in error.message


def test_a_slow_answer_within_the_time_is_an_answer(serve: Serve) -> None:
    """Each request has the whole time, also on a connection on which the last one left little of it."""
    body = json.dumps({"done": True}).encode()

    def handle(connection: socket.socket) -> None:
        while asking(connection):
            answer = whole(body)
            time.sleep(0.3)
            for start in range(0, len(answer), 10):
                connection.sendall(answer[start : start + 10])
                time.sleep(0.04)

    with client_of(serve(handle), timeout=0.8) as client:
        assert [client.get("x") for _time in range(3)] == [{"done": True}] * 3


def test_the_time_is_shared_among_the_addresses_of_a_host(
    talk: TalkTo, monkeypatch: pytest.MonkeyPatch, closing: ExitStack
) -> None:
    """One that takes no connections leaves time for the next; where none does, all end together in time."""
    asker = talk("ops_manager")
    port = asker.sim.port
    # Its queue is full, so that it takes no further connection, and does not refuse it either.
    silent = closing.enter_context(socket.create_server(("127.0.0.2", port), backlog=0))
    for _one in range(3):
        waiting = closing.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(silent.getsockname())
    known = {"both.example.com": ["127.0.0.2", "127.0.0.1"], "none.example.com": ["127.0.0.2"] * 2}
    real = socket.getaddrinfo

    def addresses(host: str, *arguments: Any, **more: Any) -> Any:
        return [found for name in known.get(host, [host]) for found in real(name, *arguments, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    for host, works in (("both.example.com", True), ("none.example.com", False)):
        asker.client._settings = Settings(f"http://{host}:{port}", asker.client.dialect, timeout=2, retry_timeout=0)
        began = time.monotonic()
        if works:
            assert asker.service.snapshot(asker.mark("plain_0"))
            assert 0.9 < time.monotonic() - began < 1.9
        else:
            error = error_of(asker.client.delete, "x")
            assert 1.8 < time.monotonic() - began < 2 + SLACK
            assert "no answer within timeout (2 s). Check base_url and proxy" in error.message
            assert not error.fate_unknown


def test_the_handshake_behind_a_proxy_gets_what_is_left_of_the_time(serve: Serve) -> None:
    def handle(connection: socket.socket) -> None:
        asking(connection)
        time.sleep(0.8)
        connection.sendall(head(status="200 Connected"))
        _handshake_that_drips(connection)

    proxies = {"https": f"http://127.0.0.1:{serve(handle)}"}
    with client_of(1, base_url="https://mongo.example.com", proxies=proxies, timeout=1) as client:
        began = time.monotonic()
        error = error_of(client.get, "x")
        assert 0.9 < time.monotonic() - began < 1.7
    assert "no answer within timeout (1 s)" in error.message


def test_tls_within_tls_is_left_in_time_too(serve: Serve, tmp_path: Path) -> None:
    """The service over TLS, through a proxy over TLS: the bytes drip inside of both."""
    context, service = server_context(Tls(), tmp_path)
    authority = trustme.CA()
    both = tmp_path / "both.pem"
    both.write_bytes(Path(str(service)).read_bytes() + authority.cert_pem.bytes())
    port = serve(drip(head("Connection: close"), b" "), context)
    with proxy(tmp_path, authority=authority) as address:
        proxies = {"https": f"https://{CREDENTIALS}@{address}"}
        with client_of(port, https=True, verify=str(both), proxies=proxies, timeout=1) as client:
            began = time.monotonic()
            error = error_of(client.get, "x")
            assert 0.9 < time.monotonic() - began < 1 + SLACK
    assert "only a part of an answer within timeout (1 s)" in error.message


def test_a_server_that_does_not_read_is_left_too(serve: Serve) -> None:
    over = threading.Event()
    with client_of(serve(lambda connection: over.wait() and None), timeout=SHORT) as client:
        began = time.monotonic()
        error = error_of(client.patch, "x", body={"text": "x" * 2**24})
        took = time.monotonic() - began
    over.set()
    assert SHORT * 0.9 <= took < SHORT + SLACK
    assert f"no answer within timeout ({SHORT} s)" in error.message
    assert error.fate_unknown


# --- one connection, many deadlines ---


def counting(handler: Handler) -> tuple[Handler, list[socket.socket]]:
    """The handler, and the connections that it was called for."""
    seen: list[socket.socket] = []

    def handle(connection: socket.socket) -> None:
        seen.append(connection)
        handler(connection)

    return handle, seen


def test_an_earlier_deadline_does_not_end_the_next_request_on_the_connection(serve: Serve) -> None:
    pauses = iter([0.0, SHORT * 3])

    def slow(connection: socket.socket) -> None:
        while asking(connection):
            time.sleep(next(pauses))
            connection.sendall(whole(b"{}"))

    handle, seen = counting(slow)
    url = f"http://127.0.0.1:{serve(handle)}/"
    with _transport.session(1) as session:
        for timeout in (SHORT, 30):
            assert _transport.send(session, "GET", url, timeout).content == b"{}"
    assert len(seen) == 1


@pytest.mark.parametrize("https", [False, True])
def test_a_later_request_on_the_connection_has_a_deadline_too(serve: Serve, tmp_path: Path, https: bool) -> None:
    context, authority = server_context(Tls(), tmp_path)

    def well_then_dripping(connection: socket.socket) -> None:
        asking(connection)
        connection.sendall(whole(b"{}"))
        drip(head("Content-Length: 9999"), b" ")(connection)

    handle, seen = counting(well_then_dripping)
    url = f"{'https' if https else 'http'}://127.0.0.1:{serve(handle, context if https else None)}/"
    with _transport.session(1) as session:
        assert _transport.send(session, "GET", url, 30, verify=str(authority)).content == b"{}"
        began = time.monotonic()
        with pytest.raises(_transport.PartialResponse):
            _transport.send(session, "GET", url, SHORT, verify=str(authority))
        assert time.monotonic() - began < SHORT + SLACK
    assert len(seen) == 1


def test_a_connection_that_is_back_in_the_pool_is_not_shut_down(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may use it already, before the request that it came back from has ended."""
    handle, seen = counting(say(whole(b"{}")))
    url = f"http://127.0.0.1:{serve(handle)}/"
    real = _transport._read

    def read_and_wait(response: Any) -> bytes:
        content = real(response)
        time.sleep(SHORT * 2)
        return content

    with _transport.session(1) as session:
        with monkeypatch.context() as patch:
            patch.setattr(_transport, "_read", read_and_wait)
            assert _transport.send(session, "GET", url, SHORT).content == b"{}"
        assert _transport.send(session, "GET", url, SHORT).content == b"{}"
    assert len(seen) == 1


def test_the_deadline_of_one_thread_does_not_end_the_request_of_another(serve: Serve) -> None:
    """Four of each kind, in one session: what drips ends in time, what is only slow is read."""
    dripping = f"http://127.0.0.1:{serve(drip(head('Connection: close'), b' '))}/"

    def slow(connection: socket.socket) -> None:
        while asking(connection):
            time.sleep(SHORT * 3)
            connection.sendall(whole(b"{}"))

    working = f"http://127.0.0.1:{serve(slow)}/"
    with _transport.session(8) as session, ThreadPoolExecutor(8) as pool:
        began = time.monotonic()
        bad = [pool.submit(_transport.send, session, "GET", dripping, SHORT) for _one in range(4)]
        good = [pool.submit(_transport.send, session, "GET", working, 30) for _one in range(4)]
        for future in bad:
            with pytest.raises(_transport.PartialResponse):
                future.result()
        assert time.monotonic() - began < SHORT + SLACK
        assert [future.result().content for future in good] == [b"{}"] * 4


def test_after_a_timeout_the_session_goes_on(serve: Serve) -> None:
    """Each timeout gives its place in the pool back, in whichever part of the response it came."""
    parts = [b"", b"HTTP/1.1 200 OK\r\nX: ", head("Connection: close"), head("Content-Length: 9")]
    left = iter([*parts, whole(b"{}")])

    def handle(connection: socket.socket) -> None:
        while asking(connection):
            connection.sendall(next(left))

    url = f"http://127.0.0.1:{serve(handle)}/"
    with _transport.session(1) as session:
        for _part in parts:
            with pytest.raises(ReadTimeout):
                _transport.send(session, "GET", url, SHORT)
        assert _transport.send(session, "GET", url, 30).content == b"{}"


@pytest.mark.parametrize("https", [False, True])
def test_a_response_without_a_length_is_whole_when_the_server_ends_it(
    serve: Serve, tmp_path: Path, https: bool
) -> None:
    """And is not when the deadline does, which looks the same to http.client."""
    context, authority = server_context(Tls(), tmp_path)
    pauses = iter([0.0, 30.0])

    def handle(connection: socket.socket) -> None:
        asking(connection)
        connection.sendall(head("Connection: close") + b"{}")
        pause = next(pauses)
        if pause:
            asking(connection)

    url = f"{'https' if https else 'http'}://127.0.0.1:{serve(handle, context if https else None)}/"
    with _transport.session(1) as session:
        assert _transport.send(session, "GET", url, 5, verify=str(authority)).content == b"{}"
        with pytest.raises(_transport.PartialResponse):
            _transport.send(session, "GET", url, SHORT, verify=str(authority))


# --- size ---

LARGEST = 64 * 2**20


def stream(start: bytes, piece: bytes) -> Handler:
    """An answer without an end, as fast as it is taken."""

    def handle(connection: socket.socket) -> None:
        asking(connection)
        connection.sendall(start)
        while True:
            connection.sendall(piece)

    return handle


@cache
def bomb(size: int) -> bytes:
    """So many blanks, packed to a thousandth."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    blanks = b" " * 2**20
    return b"".join(packer.compress(blanks) for _one in range(size // 2**20)) + packer.flush()


def test_ten_megabytes_are_read_as_ever(serve: Serve) -> None:
    large = {"text": "x" * (10 * 2**20)}
    body = json.dumps(large).encode()
    packed = gzip.compress(body)
    chunked = head("Transfer-Encoding: chunked") + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    answers = [whole(body), whole(packed, "Content-Encoding: gzip"), whole(packed, "Content-Encoding: X-GZIP"), chunked]
    with client_of(serve(say(*answers))) as client:
        for _answer in answers:
            assert client.get("x") == large


def test_a_packed_body_that_grows_without_measure_is_an_error(serve: Serve) -> None:
    content = bomb(LARGEST + 2**20)
    assert len(content) < 2**17
    with client_of(serve(say(whole(content, "Content-Encoding: gzip")))) as client:
        error = error_of(client.get, "x")
    assert "GET /api/public/v1.0/x was answered 200 with a body of more than 64 MB" in error.message
    assert "Is this the service? Check base_url and proxy." in error.message
    assert client.retries.summary() is None


@pytest.mark.parametrize("status", ["200 OK", "302 Elsewhere", "401 No", "500 No", "503 No"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_no_answer_of_any_status_may_grow_without_measure(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, status: str, method: str
) -> None:
    monkeypatch.setattr(_transport, "MOST_BYTES", 2**20)
    answer = whole(bomb(2**21), "Content-Encoding: gzip", "Location: /x", status=status)
    with client_of(serve(say(answer))) as client:
        error = error_of(client.get if method == "GET" else client.delete, "x")
    assert f"was answered {status[:3]} with a body of more than 1 MB" in error.message
    assert (error.status, error.fate_unknown) == (int(status[:3]), method == "DELETE")


def test_a_body_of_exactly_the_most_is_read(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transport, "MOST_BYTES", 2**20)
    exact, above = b"{}" + b" " * (2**20 - 2), b"{}" + b" " * (2**20 - 1)
    for packing, lines in ((bytes, []), (gzip.compress, ["Content-Encoding: gzip"])):
        with client_of(serve(say(whole(packing(exact), *lines), whole(packing(above), *lines)))) as client:
            assert client.get("x") == {}
            assert "a body of more than 1 MB" in error_of(client.get, "x").message


def test_a_body_that_announces_too_much_is_not_even_read(serve: Serve) -> None:
    with client_of(serve(say(head(f"Content-Length: {LARGEST + 1}")))) as client:
        assert "a body of more than 64 MB" in error_of(client.get, "x").message


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (head("Connection: close"), b" " * 2**16),
        (head("Transfer-Encoding: chunked"), b"10000\r\n" + b" " * 2**16 + b"\r\n"),
        (head("Connection: close", "Content-Encoding: gzip"), b"\x1f" * 2**16),
    ],
    ids=["until the end", "chunks", "packed"],
)
def test_a_body_without_an_end_is_an_error(serve: Serve, start: bytes, piece: bytes) -> None:
    with client_of(serve(stream(start, piece)), timeout=60) as client:
        error = error_of(client.get, "x")
    assert "a body of more than 64 MB" in error.message
    assert error.status == 200


@pytest.mark.parametrize(
    ("packing", "name"),
    [(name, name) for name in ("br", "zstd", "deflate", "gzip, gzip")]
    + [("x" * 500, "something else"), ("bWU6c2VjcmV0", "something else")],
)
def test_a_packing_that_was_not_asked_for_is_an_error(serve: Serve, packing: str, name: str) -> None:
    with client_of(serve(say(whole(b"whatever", f"Content-Encoding: {packing}")))) as client:
        error = error_of(client.get, "x")
    assert f"a body packed as {name}, which was not asked for" in error.message
    assert len(error.message) < 300
    assert client.retries.summary() is None


def test_only_what_is_unpacked_here_is_asked_for(serve: Serve) -> None:
    seen: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        seen.append(asking(connection))
        connection.sendall(whole(b"{}"))

    with client_of(serve(handle)) as client:
        client.get("x")
    assert b"Accept-Encoding: gzip\r\n" in seen[0]


@pytest.mark.parametrize(
    "content",
    [b"{}", gzip.compress(b"{}")[:-4], gzip.compress(b"{}") * 2, gzip.compress(b"{}")[:10], b"\x1f\x8b"],
    ids=["not packed", "cut off", "two", "only a head", "only the beginning"],
)
def test_a_packed_body_that_is_broken_is_asked_for_again(serve: Serve, content: bytes) -> None:
    packed = "Content-Encoding: gzip"
    answers = [whole(content, packed), whole(gzip.compress(b'{"done": true}'), packed)]
    with client_of(serve(say(*answers)), retry_timeout=30) as client:
        assert client.get("x") == {"done": True}
        assert client.retries.count == 1
    with client_of(serve(say(answers[0]))) as client:
        assert error_of(client.delete, "x").fate_unknown


@pytest.mark.parametrize("status", ["200 OK", "204 No Content"])
def test_no_body_may_be_called_packed(serve: Serve, status: str) -> None:
    with client_of(serve(say(whole(b"", "Content-Encoding: gzip", status=status)))) as client:
        assert client.patch("x", body={}) is None


# --- TLS ---


@pytest.fixture
def lax(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose libraries and policy still speak everything, as Python 3.9 with urllib3 1.26 may."""

    def relaxed(create: Callable[[Any], ssl.SSLContext], connection: Any) -> ssl.SSLContext:
        context = create(connection)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        return context

    for name in ("_context", "_proxy_context"):
        monkeypatch.setattr(_transport, name, partial(relaxed, getattr(_transport, name)))


@pytest.fixture
def old(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """The context of a server that speaks nothing newer than TLS 1.1, and the file of its authority."""
    context, authority = server_context(Tls(minimum=ssl.TLSVersion.MINIMUM_SUPPORTED, maximum=OLD), tmp_path)
    return context, str(authority)


@pytest.mark.usefixtures("lax")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("through", ["nothing", "a proxy"])
def test_tls_below_1_2_is_refused_by_ourselves(
    serve: Serve,
    old: tuple[ssl.SSLContext, str],
    monkeypatch: pytest.MonkeyPatch,
    open_proxy: str,
    checked: bool,
    through: str,
) -> None:
    context, authority = old
    proxies = {"https": f"http://{CREDENTIALS}@{open_proxy}"} if through == "a proxy" else {}
    made: dict[str, Any] = {"https": True, "verify": authority if checked else False, "proxies": proxies}
    port = serve(say(whole(b'{"done": true}')), context)
    with client_of(port, retry_timeout=300, **made) as client:
        error = error_of(client.delete, "x")
    assert f"DELETE /api/public/v1.0/x got no answer from 127.0.0.1:{port}" in error.message
    assert "The server offers no TLS of version 1.2 or later at this address, and nothing older" in error.message
    assert (error.exhausted, error.fate_unknown, client.retries.summary()) == (False, False, None)
    # It is our minimum that refuses it: without that the same request works.
    monkeypatch.setattr(_transport, "_modern", lambda context: context)
    with client_of(port, **made) as client:
        assert client.get("x") == {"done": True}


@pytest.mark.usefixtures("lax")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_a_proxy_with_old_tls_is_refused_too(
    serve: Serve, old: tuple[ssl.SSLContext, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For targets of either kind, and by ourselves: without our minimum the handshake is done."""
    context, authority = old
    seen: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        seen.append(asking(connection))
        connection.sendall(whole(b"", status="503 No"))

    address = f"https://127.0.0.1:{serve(handle, context)}"
    made: dict[str, Any] = {"proxies": {"http": address, "https": address}, "verify": authority}
    where = address.rpartition("/")[2]
    for scheme in ("http", "https"):
        with client_of(1, base_url=f"{scheme}://mongo.example.com", **made) as client:
            error = error_of(client.get, "x")
        assert f"got no answer from mongo.example.com through the proxy {where}: " in error.message
        assert "This was the proxy: The server offers no TLS of version 1.2" in error.message
        assert seen == []
    monkeypatch.setattr(_transport, "_modern", lambda context: context)
    with client_of(1, base_url="https://mongo.example.com", **made) as client:
        assert "503" in error_of(client.get, "x").message
    assert seen[0].startswith(b"CONNECT mongo.example.com:443 ")


def test_a_policy_that_wants_more_stays() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    assert _transport._modern(context).minimum_version == ssl.TLSVersion.TLSv1_3


@pytest.fixture(scope="module")
def open_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with proxy(tmp_path_factory.mktemp("proxy")) as address:
        yield address
