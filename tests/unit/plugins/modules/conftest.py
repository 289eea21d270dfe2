# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`run(legacy_snapshot_info, limit=1)`: a module on the simulator of a ladder on Atlas."""

from __future__ import annotations

import pytest

from simulator.fixtures_pytest import Start
from unit.plugins.clients import world
from unit.plugins.modules.runner import Runner


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Runner:
    """A runner whose simulator the test sets."""
    return Runner(monkeypatch)


@pytest.fixture
def run(runner: Runner, simulator: Start) -> Runner:
    """A runner for a ladder on Atlas."""
    runner.sim = simulator(world())
    return runner
