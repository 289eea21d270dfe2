# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP(S) server: `with Simulator(world) as sim:` serves a World on a free port of loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import tempfile
import threading
import time
import traceback
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web

from . import answers, control
from .api import Api
from .clock import Clock
from .exchange import Answer, Call
from .faults import AFTER, INSTEAD, Fault, Faults
from .limits import Limits
from .requestlog import Entry, RequestLog
from .switches import Switches
from .tls import Tls, server_context
from .world import World


class _Server(web.Server):
    """Numbers the connections, so that the log can tell them apart, and closes each of them in the end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._made = 0
        # By the handler's identity, since handlers take no attributes.
        self._known: dict[int, tuple[int, asyncio.Transport]] = {}

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        self._made += 1
        self._known[id(handler)] = (self._made, transport)
        super().connection_made(handler, transport)

    def connection_lost(self, handler: Any, exc: BaseException | None = None) -> None:
        self._known.pop(id(handler), None)
        super().connection_lost(handler, exc)

    def number(self, request: web.BaseRequest) -> int:
        return self._known.get(id(request.protocol), (0, None))[0]

    async def abort_all(self, tls: bool) -> None:
        """Cut what is still open, and let the loop do the closing before it ends."""
        for _number, transport in tuple(self._known.values()):
            transport.abort()
        # Those whose TLS was never agreed on are not known here, and end by themselves in a moment.
        await asyncio.sleep(0.05 if tls else 0)
        for _turn in range(10):
            await asyncio.sleep(0)


class Simulator:
    """One server for one World, in a thread of its own.

    `latency` is slept before each request is processed, `path` is a prefix of the base URL (Ops Manager behind a
    path), `check=False` leaves out the JSON Schema check of the answers (for benchmarks).
    """

    def __init__(
        self,
        world: World,
        *,
        switches: Switches | None = None,
        https: bool = False,
        tls: Tls | None = None,
        latency: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
        path: str = "",
        check: bool = True,
    ) -> None:
        self.world = world
        if switches is not None:
            world.switches = switches
        self.latency = latency
        self.log = RequestLog()
        self.faults = Faults()
        self.api = Api(world, check=check)
        self.url = ""
        self.ca_path: str | None = None
        self._host, self._port, self._path = host, port, path.rstrip("/")
        self._tls = tls if tls is not None else Tls() if https else None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._runner: web.ServerRunner | None = None
        self._site: web.BaseSite | None = None
        # Holds the port while nothing listens there, so that no other process gets it.
        self._placeholder: socket.socket | None = None
        self._in_hand = 0
        self._index = 0
        self._first = 0

    # --- what tests use ---

    @property
    def clock(self) -> Clock:
        return self.world.clock

    @property
    def switches(self) -> Switches:
        return self.world.switches

    def switch(self, **changes: Any) -> Switches:
        """Set some switches to other values."""
        self.world.switches = replace(self.world.switches, **changes)
        return self.world.switches

    @property
    def limits(self) -> Limits:
        return self.api.limits

    @property
    def violations(self) -> list[str]:
        """What the simulator itself did wrong: answers that break the schema, errors inside. Tests want []."""
        return self.api.violations

    @property
    def port(self) -> int:
        return self._port

    def reset_log(self) -> None:
        """Forget the requests so far: the next one has index 0 again."""
        self.log.clear()
        self._first = self._index

    def expire_nonces(self) -> None:
        """Each nonce given so far is stale from now on."""
        self.api.auth.nonces.wear_out()

    def expire_tokens(self) -> None:
        """Each bearer token given so far is refused from now on."""
        self.api.auth.tokens.revoke_all()

    def hang_up(self) -> None:
        """Cut every connection and refuse new ones, as a service that is started anew does."""
        self._wait_for(self._hang_up())

    def listen(self) -> None:
        """Accept connections again, at the same port; nothing to do while they are."""
        self._wait_for(self._listen_again())

    def settle(self, seconds: float = 10.0, quiet: float = 0.0) -> None:
        """Wait until every request that arrived was carried out, also those that nobody waits for any more.

        `quiet` seconds without a new one have to pass: what a client sent before it was killed may still be on its way.
        """
        end = time.monotonic() + seconds
        seen, since = self._index, time.monotonic()
        while self._in_hand or time.monotonic() - since < quiet:
            if time.monotonic() > end:
                raise TimeoutError(f"{self._in_hand} requests are still in hand")
            time.sleep(0.005)
            if self._in_hand or self._index != seen:
                seen, since = self._index, time.monotonic()

    # --- starting and stopping ---

    def start(self) -> Simulator:
        # Before the thread, since errors in making certificates belong to the caller.
        try:
            context = self._ssl_context()
        except BaseException:
            self._cleanup()
            raise
        started = threading.Event()
        failed: list[BaseException] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._run, args=(self._loop, context, started, failed), name="simulator", daemon=True
        )
        self._thread.start()
        started.wait()
        if failed:
            self._cleanup()
            raise failed[0]
        return self

    def stop(self) -> None:
        if self._loop is not None and self._thread is not None and self._thread.is_alive():
            self._wait_for(self._shut_down())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=10)
        self._cleanup()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _ssl_context(self) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        self._folder = tempfile.TemporaryDirectory(prefix="simulator-")
        context, path = server_context(self._tls, Path(self._folder.name))
        self.ca_path = str(path)
        return context

    def _run(
        self,
        loop: asyncio.AbstractEventLoop,
        context: ssl.SSLContext | None,
        started: threading.Event,
        failed: list[BaseException],
    ) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._listen(context))
        except BaseException as error:  # noqa: BLE001  (told to who waits for the start)
            failed.append(error)
            started.set()
            loop.close()
            return
        started.set()
        try:
            loop.run_forever()
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    async def _listen(self, context: ssl.SSLContext | None) -> None:
        self._server = _Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=0.2)
        await self._runner.setup()
        self._context = context
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        await self._open(socket.create_server((self._host, self._port), family=family, backlog=512))
        self._port = self._runner.addresses[0][1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"{'https' if context else 'http'}://{host}:{self._port}{self._path}"
        self.api.base = self.url

    async def _open(self, listener: socket.socket) -> None:
        if self._runner is not None:
            self._listener = listener
            self._site = web.SockSite(self._runner, listener, ssl_context=self._context, backlog=512)
            await self._site.start()

    async def _no_more(self) -> None:
        """Accept no more: a connection that is accepted and not yet made when its server closes is never closed."""
        asyncio.get_running_loop().remove_reader(self._listener)
        for _turn in range(3):
            await asyncio.sleep(0)

    async def _hang_up(self) -> None:
        if self._site is None or self._placeholder is not None:
            return
        await self._no_more()
        await self._site.stop()
        holder = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((self._host, self._port))
        self._placeholder = holder
        await self._server.abort_all(tls=self._tls is not None)

    async def _listen_again(self) -> None:
        if self._runner is None or self._placeholder is None:
            return
        holder, self._placeholder = self._placeholder, None
        await self._open(holder)

    async def _shut_down(self) -> None:
        if self._placeholder is not None:
            self._placeholder.close()
        if self._runner is not None:
            if self._placeholder is None:
                await self._no_more()
            await self._runner.cleanup()
            await self._server.abort_all(tls=self._tls is not None)
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    def _cleanup(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    # --- one request ---

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(control.PREFIX):
            return await control.handle(self, request)
        self._in_hand += 1
        try:
            return await self._serve(request)
        except ConnectionResetError:
            # Cut before all of it had come.
            return web.Response()
        finally:
            self._in_hand -= 1

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        arrived = time.monotonic()
        # Counted on arrival: with latency, several requests are on their way at once.
        index, self._index = self._index - self._first, self._index + 1
        call = Call(
            index=index,
            method=request.method,
            target=_target(request),
            headers=request.headers,
            body=await request.read(),
            address=str(request.remote or self._host),
            connection=self._server.number(request),
            prefix=self._path,
        )
        fault = self.faults.take(call)
        seconds = self.latency + (fault.seconds if fault is not None and fault.kind == "slow_before" else 0.0)
        if seconds:
            await asyncio.sleep(seconds)
        answer, processed = self._process(call, fault)
        self.log.add(self._entry(call, answer, fault, processed, arrived))
        return await self._send(request, answer, fault)

    def _process(self, call: Call, fault: Fault | None) -> tuple[Answer, bool]:
        """The answer, and whether the request was carried out."""
        before, after = self.faults.hooks(call)
        try:
            for hook in before:
                hook.call(call)
            if fault is not None and fault.kind in INSTEAD:
                challenge = self.api.auth.challenge_headers(call, stale=fault.kind == "stale")
                return answers.in_place(fault, call, challenge, self.switches), False
            with self.world.lock:
                self.world.tick()
                answer = self.api.answer(call)
            for hook in after:
                hook.call(call)
            return (answers.damaged(fault, answer) if fault is not None else answer), True
        except Exception:  # noqa: BLE001  (each is a fault of the simulator, and is reported as one)
            self.violations.append(f"{call.method} {call.target}: {traceback.format_exc()}")
            return Answer(500, answers.page("The simulator failed"), answers.HTML_TYPE), True

    def _entry(self, call: Call, answer: Answer, fault: Fault | None, processed: bool, arrived: float) -> Entry:
        path, _mark, query = call.target.partition("?")
        token = path.endswith(("/api/oauth/token", "/api/oauth/revoke"))
        lost = fault is not None and fault.kind == "reset_before"
        return Entry(
            index=call.index,
            method=call.method,
            path=path,
            query=query,
            status=None if lost else answer.status,
            connection=call.connection,
            user=answer.user,
            auth=call.authorization.partition(" ")[0].lower() or "none",
            challenge=answer.challenge,
            time=self.clock.seconds,
            arrived=arrived,
            body=call.body.decode("utf-8", "replace") if call.body and not token else None,
            fault=None if fault is None else fault.kind,
            processed=processed,
            retry_after=answer.headers.get("Retry-After"),
            user_agent=call.headers.get("User-Agent", ""),
            accept=call.headers.get("Accept", ""),
        )

    async def _send(self, request: web.BaseRequest, answer: Answer, fault: Fault | None) -> web.StreamResponse:
        kind = fault.kind if fault is not None else ""
        if kind in ("reset_before", "reset_after"):
            return _reset(request)
        if kind == "truncated":
            return await _truncate(request, answer)
        if fault is not None and kind == "slow_after":
            await asyncio.sleep(fault.seconds)
        response = web.Response(
            status=answer.status, reason=answer.reason, body=answer.body or None, headers=answer.headers
        )
        if answer.body:
            response.headers["Content-Type"] = answer.media_type
        if self.switches.keep_alive == "never" or (
            self.switches.keep_alive == "not_after_401" and answer.status == 401
        ):
            response.force_close()
        if kind == "hang_up":
            response.force_close()
            await response.prepare(request)
            await response.write_eof()
            await self._hang_up()
        return response


def _target(request: web.BaseRequest) -> str:
    """The request line's target as it was sent: digest signs it."""
    target = request.raw_path
    if target.startswith(("http://", "https://")):
        # The absolute form, which clients use towards a proxy.
        target = "/" + target.partition("://")[2].partition("/")[2]
    return target


def _reset(request: web.BaseRequest) -> web.StreamResponse:
    """Close with RST, so that the client sees a reset and no orderly end."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        with contextlib.suppress(OSError, AttributeError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


async def _truncate(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Announce the whole body (of a 204: some body), send half of it, and close."""
    body = answer.body or b'{"links":[],"results":[]}'
    status = 200 if answer.status == 204 else answer.status
    response = web.StreamResponse(status=status, headers=answer.headers)
    response.headers["Content-Type"] = answer.media_type
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


__all__ = ["AFTER", "Simulator", "Switches", "Tls", "World"]
