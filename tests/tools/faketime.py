# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client's clock and chance, made up: waiting costs no time."""

from __future__ import annotations

import threading

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.client import Timing

from simulator.server import Simulator


class FakeTime:
    """A clock that only waiting moves, and chance that is what a test says. The simulator's clock goes along."""

    def __init__(self, chance: float = 0.0, sim: Simulator | None = None) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self.chance = chance
        self.sim = sim
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        """Wait without waiting. A service that hung up is there again afterwards."""
        with self._lock:
            self.waits.append(seconds)
            self.now += seconds
        if self.sim is not None:
            self.sim.clock.advance(seconds)
            self.sim.listen()

    @property
    def timing(self) -> Timing:
        return Timing(lambda: self.now, self.sleep, lambda: self.chance)
