# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request and its whole response, within bounds of time and size, and over TLS 1.2 or later.

`requests` bounds each single read of a socket, and unpacks whatever is sent. Here one deadline bounds connecting,
sending, headers and body together, but not the lookup of a host's name. Uses the public API of requests 2.28 and
later, and of urllib3 1.26 and 2.
"""

from __future__ import annotations

import functools
import queue
import re
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import urlsplit

from .deadline import Deadline, Watchdog, has_timed_out, release, time_left, watch

try:
    import requests
    import urllib3
    import urllib3.exceptions
    from requests import Session
    from requests.adapters import HTTPAdapter
    from requests.exceptions import ReadTimeout
    from urllib3.util.ssl_ import create_urllib3_context, resolve_cert_reqs
except ImportError:
    # Something to derive from. The client knows that the library is missing.
    HTTPAdapter = ReadTimeout = Session = object  # type: ignore[misc,assignment]  # as above

if TYPE_CHECKING:
    from urllib3.connection import HTTPSConnection as _Connection
else:
    _Connection = object

# The headers that sign a request, for the connection that it is about to go over.
Signer = Callable[[Any], Mapping[str, str]]

# Of a response as sent, and as unpacked: thirteen pages of 500 snapshots of 20 shards.
MOST_BYTES = 64 * 2**20
_PIECE = 2**16


class PartialResponse(ReadTimeout):
    """The time was over before the body was."""


class Unusable(Exception):
    """A response that is rejected before it is read to its end: its status, and what it was."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status
        self.what = what


@dataclass(frozen=True)
class Response:
    """A whole response, unpacked. `headers` and `request`, which is what was sent, are those of `requests`."""

    status: int
    reason: str
    headers: Any
    content: bytes
    request: Any


def sign_on_connection(signer: Signer) -> None:
    """Have this thread's request signed as soon as its connection is known. That has `nonces`, None for a new one."""
    _signer.set(signer)


@contextmanager
def signing() -> Iterator[None]:
    """The requests of a block are signed by the signer that is given in it, if any."""
    token = _signer.set(None)
    try:
        yield
    finally:
        _signer.reset(token)


def signed_for(connection: Any) -> Mapping[str, str]:
    """The headers that sign this thread's request for a connection."""
    signer = _signer.get()
    return {} if signer is None else signer(connection)


def session(connections: int) -> _Session:
    """A session with at most so many connections, each within the bounds. It never follows a redirect."""
    made = _Session()
    # The only packing that is unpacked here, within the bound.
    made.headers["Accept-Encoding"] = "gzip"
    adapter = _Adapter(pool_connections=2, pool_maxsize=connections, max_retries=0, pool_block=True)
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    return made


def send(through: _Session, method: str, url: str, timeout: float, **more: Any) -> Response:
    """Send once and read the whole response, all within `timeout` seconds; `more` is for `Session.request`.

    Raises what `requests` raises, PartialResponse if the time ends within the body, and Unusable for a body that
    is too large or packed in a way that was not asked for.
    """
    with through.watchdog.limit(timeout) as deadline, ExitStack() as stack:
        stack.enter_context(signing())
        with _in_time(deadline, ReadTimeout):
            response = through.request(method, url, timeout=timeout, stream=True, allow_redirects=False, **more)
            stack.enter_context(response)
        with _in_time(deadline, PartialResponse):
            content = _read(response)
    content = _unpacked(response, content)
    return Response(response.status_code, response.reason or "", response.headers, content, response.request)


@contextmanager
def _in_time(deadline: Deadline, error: type[Exception]) -> Iterator[None]:
    """Raise `error` if the deadline shut the socket down.

    What was read or raised then means nothing: to http.client the end of the stream is also the end of headers, and
    of a body without a length.
    """
    try:
        yield
    except Exception as exc:
        if deadline.timed_out:
            raise error("the time is over") from exc
        raise
    if deadline.timed_out:
        raise error("the time is over")


def proxy_of(url: str, given: Mapping[str, str]) -> str:
    """Host and port of the proxy that a request goes to, without its password; "" if it cannot be told."""
    try:
        proxies = {**requests.utils.get_environ_proxies(url, no_proxy=None), **given}
        proxy = requests.utils.select_proxy(url, proxies) or ""
        return urlsplit(proxy if "//" in proxy else f"//{proxy}").netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _read(response: Any) -> bytes:
    raw = response.raw
    raw.enforce_content_length = True  # urllib3 1.26 takes half a response for the whole
    if (raw.length_remaining or 0) > MOST_BYTES:
        raise _too_large(response)
    pieces: list[bytes] = []
    size = 0
    try:
        while True:
            piece = raw.read(_PIECE, decode_content=False)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                raise _too_large(response)
    except urllib3.exceptions.ReadTimeoutError as exc:
        raise PartialResponse(exc) from exc
    except urllib3.exceptions.SSLError as exc:
        raise requests.exceptions.SSLError(exc) from exc
    except urllib3.exceptions.ProtocolError as exc:
        raise requests.exceptions.ChunkedEncodingError(exc) from exc


def _unpacked(response: Any, content: bytes) -> bytes:
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if not content or packing in ("", "identity"):
        return content
    if packing not in ("gzip", "x-gzip"):
        # A server may write anything there, the request's secrets too.
        name = packing if re.fullmatch("[a-z, ]{1,20}", packing) else "something else"
        raise Unusable(response.status_code, f"a body packed as {name}, which was not asked for")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacker.decompress(content, MOST_BYTES + 1)
    except zlib.error as exc:
        raise requests.exceptions.ContentDecodingError(exc) from exc
    if len(unpacked) > MOST_BYTES:
        raise _too_large(response)
    if not unpacker.eof or unpacker.unused_data:
        raise requests.exceptions.ContentDecodingError("the packed body ends too early or too late")
    return unpacked


def _too_large(response: Any) -> Unusable:
    return Unusable(response.status_code, f"a body of more than {MOST_BYTES // 2**20} MB")


class _Session(Session):
    """No response is a redirect: `requests` would read its whole body to follow it."""

    def __init__(self) -> None:
        super().__init__()
        self.watchdog = Watchdog()

    def get_redirect_target(self, resp: Any) -> None:  # noqa: ARG002  (the signature is that of requests)
        return None


class _Adapter(HTTPAdapter):
    """Has all connections made by the classes below, also those to a proxy and through it."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        _bound(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
        return _bound(super().proxy_manager_for(*args, **more))


def _bound(manager: Any) -> Any:
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded_pool(pool) for scheme, pool in pools.items()}
    return manager


@functools.cache
def _bounded_pool(pool: Any) -> Any:
    if issubclass(pool.ConnectionCls, _Bounded):
        return pool
    # A SOCKS proxy may look up the names instead of this host.
    own = pool in (urllib3.HTTPConnectionPool, urllib3.HTTPSConnectionPool)
    connection = type(pool.ConnectionCls.__name__, (_Bounded, pool.ConnectionCls), {"looks_names_up": own})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection, "QueueCls": _Idle})


class _Idle(queue.LifoQueue):  # type: ignore[type-arg]  # has no parameters on Python 3.9
    """Idle connections, which the deadline of the last request must not end."""

    def put(self, *args: Any, **more: Any) -> None:
        release()
        super().put(*args, **more)


class _Bounded(_Connection):
    """A connection, over TLS 1.2 or later, that the deadline of the request can end in each of its steps."""

    looks_names_up = False
    nonces: Any = None
    _socket: Any = None

    @property
    def sock(self) -> Any:
        return self._socket

    @sock.setter
    def sock(self, sock: Any) -> None:
        # urllib3 sets it before it sends CONNECT to a proxy.
        self._socket = sock
        if sock is not None:
            watch(sock)
        else:
            # Behind a balancer, the next socket may lead to another server.
            self.nonces = None

    def connect(self) -> None:
        whole = self.timeout
        if hasattr(self, "ssl_context"):
            self.ssl_context = _modern(self.ssl_context or _context(self))
            if self.proxy and self.proxy_config and self.proxy.scheme == "https":
                self.proxy_config = self.proxy_config._replace(ssl_context=_modern(_proxy_context(self)))
        try:
            # So that an unreachable first address cannot use up the whole timeout.
            addresses = _addresses(self) if self.looks_names_up else 1
            self.timeout = time_left() / addresses
            super().connect()
        finally:
            self.timeout = whole

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **more: Any) -> None:
        if self.sock is not None:
            watch(self.sock)
        super().request(method, url, body, {**(headers or {}), **signed_for(self)}, **more)


def _addresses(connection: Any) -> int:
    """How many addresses urllib3 will try."""
    try:
        return len(socket.getaddrinfo(connection.host.strip("[]"), connection.port, type=socket.SOCK_STREAM)) or 1
    except UnicodeError:
        return 1  # no name: urllib3 says so in its own words
    except OSError as exc:
        text = f"Failed to resolve {connection.host!r}: {exc}"
        raise urllib3.exceptions.NewConnectionError(connection, text) from exc


class _TlsSocket(ssl.SSLSocket):
    """A socket whose handshake the deadline can end."""

    def __new__(cls, *args: Any, **more: Any) -> _TlsSocket:
        # If the deadline ended a proxy's response to CONNECT, http.client takes it for whole. Without a connection
        # the ssl module makes a socket that skips the handshake.
        if has_timed_out():
            raise socket.timeout("timed out")
        return super().__new__(cls, *args, **more)

    def do_handshake(self, block: bool = False) -> None:
        watch(self)
        super().do_handshake(block)


def _modern(context: ssl.SSLContext) -> ssl.SSLContext:
    """The context without TLS below 1.2, whatever the host's own policy still allows."""
    # Never the other way: a policy may want more.
    if context.minimum_version < ssl.TLSVersion.TLSv1_2:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _TlsSocket
    return context


def _context(connection: Any) -> ssl.SSLContext:
    return create_urllib3_context(cert_reqs=resolve_cert_reqs(connection.cert_reqs))


class _ProxyContext(ssl.SSLContext):
    """TLS to a proxy. urllib3 1.26 would not pass on a host that is an address."""

    host = ""

    def wrap_socket(self, *args: Any, **more: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*args, **{**more, "server_hostname": self.host})


def _proxy_context(connection: Any) -> ssl.SSLContext:
    """TLS to the proxy itself, with the same rules about certificates as for the service."""
    context = _ProxyContext(ssl.PROTOCOL_TLS_CLIENT)
    context.host = connection.host.strip("[]")
    context.verify_flags = connection.ssl_context.verify_flags
    if resolve_cert_reqs(connection.cert_reqs) == ssl.CERT_NONE:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif connection.ca_certs or connection.ca_cert_dir:
        context.load_verify_locations(connection.ca_certs, connection.ca_cert_dir)
    else:
        context.load_default_certs()
    return context


_signer: ContextVar[Signer | None] = ContextVar("signer of this thread's request", default=None)
