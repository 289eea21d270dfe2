# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The watchdog: whose socket it shuts down, when, and that its thread ends."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api import deadline as _deadline
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.deadline import (
    Watchdog,
    has_timed_out,
    release,
    time_left,
    watch,
)

SHORT = 0.3  # seconds
LONG = 30.0
SLACK = 1.2


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection: our side and that of the peer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


Pair = tuple[socket.socket, socket.socket]


def timed(function: Callable[[], object]) -> float:
    """The seconds that a call takes."""
    began = time.monotonic()
    function()
    return time.monotonic() - began


def test_a_read_ends_with_the_deadline(pair: Pair) -> None:
    ours, _theirs = pair
    with Watchdog().limit(SHORT) as deadline:
        watch(ours)
        assert SHORT * 0.9 < timed(lambda: ours.recv(1)) < SHORT + SLACK
        assert deadline.timed_out
        assert has_timed_out()


def test_a_send_ends_with_the_deadline(pair: Pair) -> None:
    ours, _theirs = pair
    with Watchdog().limit(SHORT) as deadline:
        watch(ours)
        with pytest.raises(BrokenPipeError):
            ours.sendall(b" " * 2**24)
    assert deadline.timed_out


def test_a_socket_that_was_released_is_left_alone(pair: Pair) -> None:
    ours, theirs = pair
    with Watchdog().limit(SHORT) as deadline:
        watch(ours)
        release()
        time.sleep(SHORT + 0.2)
    theirs.sendall(b"x")
    assert ours.recv(1) == b"x"
    assert not deadline.timed_out


def test_a_socket_is_left_alone_after_the_request(pair: Pair) -> None:
    ours, theirs = pair
    with Watchdog().limit(SHORT) as deadline:
        watch(ours)
    time.sleep(SHORT + 0.2)
    theirs.sendall(b"x")
    assert ours.recv(1) == b"x"
    assert not deadline.timed_out


def test_a_socket_that_comes_after_the_deadline_is_shut_down_at_once(pair: Pair) -> None:
    ours, _theirs = pair
    with Watchdog().limit(SHORT) as deadline:
        time.sleep(SHORT + 0.2)
        assert not has_timed_out()
        assert time_left() > 0
        watch(ours)
        assert deadline.timed_out
        assert ours.recv(1) == b""


def test_the_watchdog_ends_what_tls_within_tls_is_around(pair: Pair) -> None:
    ours, _theirs = pair
    with Watchdog().limit(SHORT) as deadline:
        watch(SimpleNamespace(socket=ours, settimeout=ours.settimeout))
        assert ours.recv(1) == b""
    assert deadline.timed_out


def test_each_thread_has_a_deadline_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that is earlier than what the watchdog waits for."""
    monkeypatch.setattr(_deadline, "_IDLE", LONG)
    watchdog, began = Watchdog(), time.monotonic()
    is_waiting = threading.Event()

    def request(seconds: float) -> tuple[float, bool]:
        ours, theirs = socket.socketpair()
        with ours, theirs, watchdog.limit(seconds) as deadline:
            watch(ours)
            is_waiting.set()
            if seconds == LONG:
                time.sleep(SHORT * 4)
                theirs.sendall(b"x")
            ours.recv(1)
            return time.monotonic() - began, deadline.timed_out

    with ThreadPoolExecutor(4) as pool:
        long = pool.submit(request, LONG)
        is_waiting.wait()
        short = {seconds: pool.submit(request, seconds) for seconds in (SHORT * 3, SHORT * 2, SHORT)}
    for seconds, future in short.items():
        end, is_late = future.result()
        assert is_late
        assert seconds * 0.9 < end < seconds + SLACK
    assert not long.result()[1]


def test_the_thread_ends_when_it_is_idle_and_starts_again(monkeypatch: pytest.MonkeyPatch, pair: Pair) -> None:
    monkeypatch.setattr(_deadline, "_IDLE", 0.05)
    before = set(threading.enumerate())
    watchdog = Watchdog()
    for _request in range(2):
        with watchdog.limit(LONG):
            (thread,) = set(threading.enumerate()) - before
        assert thread.daemon
        thread.join(5)
        assert not thread.is_alive()
    with watchdog.limit(SHORT) as deadline:
        watch(pair[0])
        assert pair[0].recv(1) == b""
    assert deadline.timed_out


def test_requests_in_a_row_share_one_thread() -> None:
    watchdog = Watchdog()
    before = set(threading.enumerate())
    for _request in range(50):
        with watchdog.limit(LONG):
            time.sleep(0.001)
    assert len(set(threading.enumerate()) - before) <= 1


def test_a_thread_without_a_request_has_no_deadline(pair: Pair) -> None:
    ours, _theirs = pair
    watch(ours)
    release()
    assert ours.gettimeout() is None
    assert not has_timed_out()
    with pytest.raises(LookupError):
        time_left()
