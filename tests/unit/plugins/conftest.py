# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`talk("ops_manager")`: a simulator of the ladder seed, and a client of ours that talks to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from simulator.fixtures_pytest import https_simulator, simulator
from simulator.server import Simulator
from unit.plugins.clients import Talk, talking, world

__all__ = ["https_simulator", "simulator"]

Start = Callable[..., Simulator]
TalkTo = Callable[..., Talk]


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def again(simulator: Start, closing: ExitStack) -> TalkTo:
    """`again(sim, "v2", key="reader")`: somebody else who talks to a simulator that runs."""

    def start(sim: Simulator, name: str = "v2", **options: Any) -> Talk:
        return closing.enter_context(talking(sim, name, **options))

    return start


@pytest.fixture
def talk(simulator: Start, again: TalkTo) -> TalkTo:
    """A simulator and somebody who talks to it: `seed` and `arguments` make the world, `switches` its answers."""

    def start(
        name: str = "v2",
        seed: str = "ladder",
        arguments: dict[str, Any] | None = None,
        switches: dict[str, Any] | None = None,
        server: dict[str, Any] | None = None,
        **options: Any,
    ) -> Talk:
        sim = simulator(world(name, seed, **(arguments or {})), **(server or {}))
        sim.switch(**(switches or {}))
        return again(sim, name, **options)

    return start
