# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's own clock: tests move it, the demo lets it run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from .instants import epoch_of, moment_of


class Clock:
    """Stands still at `start`, or runs in real time from there (without a start: from the real now).

    Whoever has to act when time passes subscribes with `on_move`: the World does, so that moving the clock takes
    and removes snapshots at once.
    """

    def __init__(self, start: datetime | int | None = None, *, running: bool | None = None) -> None:
        self._lock = threading.RLock()
        self._base = float(epoch_of(start)) if start is not None else time.time()
        self._running = running if running is not None else start is None
        self._since = time.monotonic()
        self._moved = 0.0
        self._listeners: list[Callable[[], object]] = []

    @property
    def running(self) -> bool:
        return self._running

    @running.setter
    def running(self, value: bool) -> None:
        with self._lock:
            self._base, self._since, self._running = self.seconds, time.monotonic(), value

    @property
    def seconds(self) -> float:
        with self._lock:
            return self._base + (time.monotonic() - self._since if self._running else 0.0)

    @property
    def epoch(self) -> int:
        return int(self.seconds)

    @property
    def now(self) -> datetime:
        return moment_of(self.epoch)

    @now.setter
    def now(self, moment: datetime | int) -> None:
        self.set(moment)

    @property
    def flowing(self) -> float:
        """Seconds that pass even while the clock stands, plus every move of it: for rate limits.

        A client that honours Retry-After really waits; it would wait for ever on a clock that stands.
        """
        return time.monotonic() + self._moved

    def set(self, moment: datetime | int) -> None:
        with self._lock:
            target = float(epoch_of(moment))
            self._moved += max(0.0, target - self.seconds)
            self._base, self._since = target, time.monotonic()
        for listener in tuple(self._listeners):
            listener()

    def advance(self, by: timedelta | float = 0, *, days: float = 0, hours: float = 0, minutes: float = 0) -> None:
        """Move on by a timedelta or by seconds; the keywords add to that."""
        step = by.total_seconds() if isinstance(by, timedelta) else float(by)
        step += timedelta(days=days, hours=hours, minutes=minutes).total_seconds()
        with self._lock:
            self._moved += max(0.0, step)
            self._base, self._since = self.seconds + step, time.monotonic()
        for listener in tuple(self._listeners):
            listener()

    def on_move(self, listener: Callable[[], object]) -> None:
        self._listeners.append(listener)

    def copy(self) -> Clock:
        twin = Clock(int(self.seconds), running=self._running)
        twin._moved = self._moved
        return twin
