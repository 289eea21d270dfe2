# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pytest fixtures: import them in a conftest (`from simulator.fixtures_pytest import simulator`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .server import Simulator
from .world import World

Start = Callable[..., Simulator]


@pytest.fixture
def simulator() -> Iterator[Start]:
    """Starts simulators: `sim = simulator(world, ...)`. At the test's end none may have made a mistake of its own."""
    running: list[Simulator] = []

    def start(world: World, **options: Any) -> Simulator:
        running.append(Simulator(world, **options).start())
        return running[-1]

    yield start
    violations = [problem for sim in running for problem in sim.violations]
    for sim in running:
        sim.stop()
    if violations:
        pytest.fail("the simulator broke the contract:\n" + "\n".join(violations))


@pytest.fixture
def https_simulator(simulator: Start) -> Start:
    """The same over HTTPS."""
    return lambda world, **options: simulator(world, https=True, **options)
