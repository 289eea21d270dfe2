# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One deadline for a whole request, however slowly the bytes of its response come.

The timeout of a socket bounds each single read, so a byte now and then could hold a request forever. A thread therefore
shuts down the socket of a request whose time is over, which ends the read.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from operator import attrgetter
from typing import Any

_SHORTEST = 0.001  # seconds; a socket takes a timeout of 0 for "do not wait"
# The watchdog comes before the timeout of the socket, so that each timeout is seen in the same way.
_GRACE = 1.0
# The watchdog looks at least so often (seconds) whether any request is left, and ends if there is none.
_IDLE = 1.0


def watch(sock: Any) -> None:
    """Have the deadline of this thread's request shut down this socket, instead of the one before."""
    deadline = _current.get(None)
    if deadline is not None:
        deadline.watch(sock)


def release() -> None:
    """Have the deadline of this thread's request no longer shut down its socket: another request may use it."""
    deadline = _current.get(None)
    if deadline is not None:
        deadline.release()


def has_timed_out() -> bool:
    """Whether the deadline of this thread's request has shut down its socket."""
    deadline = _current.get(None)
    return deadline is not None and deadline.timed_out


def time_left() -> float:
    """The seconds until the deadline of this thread's request, never 0. LookupError if it has none."""
    return max(_SHORTEST, _current.get().ends - time.monotonic())


class Deadline:
    """The end of one request's time. `timed_out` says whether its socket was shut down."""

    def __init__(self, seconds: float, lock: threading.Lock) -> None:
        self.ends = time.monotonic() + seconds
        self.timed_out = False
        self._is_over = False
        self._lock = lock
        self._socket: Any = None

    def watch(self, sock: Any) -> None:
        """Shut down this socket at the end of the time, at once if it is over.

        It is kept here because http.client forgets the socket of a response without a length.
        """
        sock.settimeout(max(_SHORTEST, self.ends - time.monotonic()) + _GRACE)
        with self._lock:
            # TLS within TLS is an object of urllib3 around the socket.
            self._socket = getattr(sock, "socket", sock)
            if self._is_over:
                self._shut_down()

    def release(self) -> None:
        """Leave the socket alone from now on."""
        with self._lock:
            self._socket = None

    def expire(self) -> None:
        """The time is over. The caller holds the lock."""
        self._is_over = True
        if self._socket is not None:
            self._shut_down()

    def _shut_down(self) -> None:
        self.timed_out = True
        # Not the method of SSLSocket, which takes the TLS away from under the read. Closing would not wake the read.
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Watchdog:
    """Ends all requests that take too long. It has one thread, which ends soon after the last request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._deadlines: set[Deadline] = set()
        self._is_running = False
        self._wakes = 0.0

    @contextmanager
    def limit(self, seconds: float) -> Iterator[Deadline]:
        """Give what this thread does in the block so much time."""
        deadline = Deadline(seconds, self._lock)
        self._add(deadline)
        token = _current.set(deadline)
        try:
            yield deadline
        finally:
            _current.reset(token)
            with self._lock:
                self._deadlines.discard(deadline)

    def _add(self, deadline: Deadline) -> None:
        with self._lock:
            if not self._is_running:
                # A daemon, so that the process can end at any time.
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
                self._is_running = True
            elif deadline.ends < self._wakes:
                self._changed.notify()
            self._deadlines.add(deadline)

    def _run(self) -> None:
        with self._lock:
            while self._deadlines:
                soonest = min(self._deadlines, key=attrgetter("ends"))
                now = time.monotonic()
                if soonest.ends <= now:
                    soonest.expire()
                    self._deadlines.remove(soonest)
                else:
                    self._wakes = min(soonest.ends, now + _IDLE)
                    self._changed.wait(self._wakes - now)
            self._is_running = False


_current: ContextVar[Deadline] = ContextVar("deadline of this thread's request")
