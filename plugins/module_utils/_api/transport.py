# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""One sending and its whole answer, within bounds of time and size, and never over a TLS below 1.2.

`requests` bounds each single read of a socket, so a peer that sends a byte now and then holds it for ever; and it
unpacks whatever is sent. Here one moment ends connecting, sending, headers and body together. Looking a name up is
left to the resolver's own bounds. Works on requests 2.25 and later, with urllib3 1.26 and 2.
"""

from __future__ import annotations

import functools
import http.client
import io
import re
import socket
import ssl
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

try:
    import requests
    import urllib3
    import urllib3.exceptions
    from requests import Session
    from requests.adapters import HTTPAdapter
    from requests.exceptions import ReadTimeout
    from urllib3.util import Timeout
    from urllib3.util.ssl_ import create_urllib3_context, resolve_cert_reqs
except ImportError:
    # Something to derive from: `_client` knows that the library is missing, and nothing of this is ever called.
    HTTPAdapter = ReadTimeout = Session = Timeout = object  # type: ignore[misc,assignment]  # as above

if TYPE_CHECKING:
    from urllib3.connection import HTTPSConnection as _Connection
else:
    _Connection = object

# Thirteen times a page of 500 snapshots of 20 shards; of the answer as it is sent, and as it is unpacked.
MOST_BYTES = 64 * 2**20
_PIECE = 2**16
_AT_ONCE = 0.001  # sockets take 0 for "do not wait at all", which is another thing


class PartialAnswer(ReadTimeout):
    """The time was over before the body was."""


class Unusable(Exception):
    """An answer that is refused before it is read to its end: its status, and what it was."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status
        self.what = what


@dataclass(frozen=True)
class Response:
    """A whole answer, unpacked. `headers` and `request`, which is what was sent, are those of `requests`."""

    status: int
    reason: str
    headers: Any
    content: bytes
    request: Any


def session(connections: int) -> Session:
    """A session with so many connections at most, each within the bounds. It never follows a redirect."""
    made = _Session()
    # What we unpack ourselves, within the bound.
    made.headers["Accept-Encoding"] = "gzip"
    adapter = _Adapter(pool_connections=2, pool_maxsize=connections, max_retries=0, pool_block=True)
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    return made


def send(through: Session, method: str, url: str, timeout: float, **more: Any) -> Response:
    """Send once and read the whole answer, all within `timeout` seconds; `more` is for `Session.request`.

    Raises what `requests` raises, PartialAnswer where the time ends within the body, and Unusable for a body that
    is too large or packed in a way that was not asked for.
    """
    until: Any = _Until(timeout)  # which `requests` takes and its types leave out
    response = through.request(method, url, timeout=until, stream=True, allow_redirects=False, **more)
    try:
        content = _unpacked(response, _read(response))
    finally:
        response.close()
    return Response(response.status_code, response.reason or "", response.headers, content, response.request)


def proxy_of(url: str, given: Mapping[str, str]) -> str:
    """Host and port of the proxy that a request goes to, without its password; "" where it cannot be told."""
    try:
        proxies = {**requests.utils.get_environ_proxies(url, no_proxy=None), **given}
        proxy = requests.utils.select_proxy(url, proxies) or ""
        return urlsplit(proxy if "//" in proxy else f"//{proxy}").netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _read(response: Any) -> bytes:
    raw = response.raw
    raw.enforce_content_length = True  # urllib3 1.26 would take half an answer for the whole
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
        raise PartialAnswer(exc) from exc
    except urllib3.exceptions.SSLError as exc:
        raise requests.exceptions.SSLError(exc) from exc
    except urllib3.exceptions.ProtocolError as exc:
        raise requests.exceptions.ChunkedEncodingError(exc) from exc


def _unpacked(response: Any, content: bytes) -> bytes:
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if not content or packing in ("", "identity"):
        return content
    if packing not in ("gzip", "x-gzip"):
        # Named only where it is a name: a server may write anything there, the request's own secrets too.
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
    """A session for which no answer is a redirect: `requests` would read its body, however large, to follow it."""

    def get_redirect_target(self, resp: Any) -> None:  # noqa: ARG002  (the signature is that of requests)
        return None


class _Adapter(HTTPAdapter):
    """Has all connections made by the classes below, also those to a proxy and through it."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        _bound(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
        manager = super().proxy_manager_for(*args, **more)
        _bound(manager)
        return manager


def _bound(manager: Any) -> None:
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded_pool(pool) for scheme, pool in pools.items()}


@functools.cache
def _bounded_pool(pool: Any) -> Any:
    if issubclass(pool.ConnectionCls, _Bounded):
        return pool
    # Connections through a SOCKS proxy look names up in ways of their own.
    own = pool in (urllib3.HTTPConnectionPool, urllib3.HTTPSConnectionPool)
    connection = type(pool.ConnectionCls.__name__, (_Shared if own else _Bounded, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Until(Timeout):
    """What is left until one moment, whenever it is asked for: urllib3 asks before each step of a request."""

    def __init__(self, seconds: float) -> None:
        super().__init__(total=seconds)
        self._ends = time.monotonic() + seconds

    def clone(self) -> _Until:
        return self

    @property
    def connect_timeout(self) -> float:
        return max(_AT_ONCE, self._ends - time.monotonic())

    @property
    def read_timeout(self) -> float:
        return max(0.0, self._ends - time.monotonic())


class _TimedReader(io.RawIOBase):
    """Reads of a socket that end at one moment, in however small pieces the bytes come.

    A timeout that shrinks before each read, rather than a watching thread: it costs a system call a read, ends
    in the same exception as any other timeout, and leaves nothing behind.
    """

    def __init__(self, raw: Any, sock: Any) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._ends = time.monotonic() + sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        self._sock.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """Status line, headers and body by the moment at which the socket's timeout, as it is now, ends."""

    def __init__(self, sock: Any, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp: Any = io.BufferedReader(_TimedReader(self.fp.detach(), sock))


class _Bounded(_Connection):
    """A connection that is made, and its answers read, within `self.timeout` as a whole; over TLS 1.2 or later."""

    response_class = _TimedResponse

    def connect(self) -> None:
        if hasattr(self, "ssl_context"):
            self.ssl_context = _modern(self.ssl_context or _context(self))
        super().connect()

    def request(self, *args: Any, **more: Any) -> None:
        if self.sock is not None:
            # Of the last answer's reading little may be left.
            self.sock.settimeout(self.timeout)
        super().request(*args, **more)

    def _new_conn(self) -> socket.socket:
        self._ends = time.monotonic() + float(self.timeout or 0)
        dialled: socket.socket = self._within(self._dial())
        return dialled

    def _dial(self) -> socket.socket:
        return super()._new_conn()

    def _tunnel(self) -> None:
        super()._tunnel()
        self._within(self.sock)

    def _connect_tls_proxy(self, hostname: str, sock: socket.socket) -> ssl.SSLSocket:
        """TLS to the proxy itself, with the same rules about certificates as for the service.

        Not left to urllib3: 1.26 would take any TLS, and no address where a name is due.
        """
        context = _modern(_context(self))
        if context.verify_mode != ssl.CERT_NONE:
            context.check_hostname = True
            if self.ca_certs or self.ca_cert_dir:
                context.load_verify_locations(self.ca_certs, self.ca_cert_dir)
            else:
                context.load_default_certs()
        wrapped: ssl.SSLSocket = self._within(context.wrap_socket(sock, server_hostname=hostname.strip("[]")))
        self.proxy_is_verified = context.verify_mode == ssl.CERT_REQUIRED
        return wrapped

    def _within(self, sock: Any) -> Any:
        """The socket, with what is left of the time for the next step."""
        sock.settimeout(max(_AT_ONCE, self._ends - time.monotonic()))
        return sock


class _Shared(_Bounded):
    """Shares the time among the addresses of a host: each would get all of it, one that is dead the first of it."""

    def _dial(self) -> socket.socket:
        name = getattr(self, "_dns_host", self.host)  # with the last dot, which the property leaves out
        whole = self.timeout
        try:
            addresses = _addresses(self, name)
            for number, address in enumerate(addresses, start=1):
                self.host = address
                left = max(_AT_ONCE, self._ends - time.monotonic())
                self.timeout = left / (len(addresses) - number + 1)
                try:
                    return super()._dial()
                except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
                    if number == len(addresses):
                        raise
            return super()._dial()
        finally:
            self.host, self.timeout = name, whole


def _addresses(connection: Any, name: str) -> list[str]:
    """The addresses of a host. Empty for what is no name, which urllib3 then says in its own words."""
    try:
        found = socket.getaddrinfo(name.strip("[]"), connection.port, type=socket.SOCK_STREAM)
    except UnicodeError:
        return []
    except OSError as exc:
        raise urllib3.exceptions.NewConnectionError(connection, f"Failed to resolve {name!r}: {exc}") from exc
    return list(dict.fromkeys(str(address[0]) for _family, _type, _protocol, _name, address in found))


def _context(connection: Any) -> ssl.SSLContext:
    return create_urllib3_context(cert_reqs=resolve_cert_reqs(connection.cert_reqs))


def _modern(context: ssl.SSLContext) -> ssl.SSLContext:
    """The context without the TLS that we do not speak, whatever the host's own policy still allows."""
    # Never the other way: a policy may want more.
    if context.minimum_version < ssl.TLSVersion.TLSv1_2:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
