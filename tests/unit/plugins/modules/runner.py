# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules run in this process, on a simulator."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import pytest

from simulator.server import Simulator
from tools.faketime import FakeTime
from tools.modules import run_module


def connection(sim: Simulator, key: str, secret: str | None = None) -> dict[str, Any]:
    """The options that name a simulator, its main cluster and one of its accounts."""
    account, main = sim.world.keys[key], sim.world.main
    kind = ("public_key", "private_key") if account.kind == "key" else ("client_id", "client_secret")
    return {
        "platform": sim.world.project_of(main).platform,
        "base_url": sim.url,
        "project_id": main.project_id,
        "cluster_name": main.name,
        kind[0]: account.id,
        kind[1]: secret or account.secret,
    }


class Runner:
    """Runs a module in this process and gives its result."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = FakeTime()
        self.sim: Simulator | None = None
        self.key = "owner"
        self.output = ""
        for name in [name for name in os.environ if name.startswith(("MONGODB_ATLAS_", "MCLI_"))]:
            monkeypatch.delenv(name)
        self.warnings: list[str] = []

    def options(self) -> dict[str, Any]:
        """What names the simulator's project and cluster, and a key."""
        assert self.sim is not None
        return connection(self.sim, self.key)

    def raw(self, module: ModuleType, options: dict[str, Any], **flags: Any) -> dict[str, Any]:
        """The result, failed or not; the output is kept to look for secrets in."""
        done = run_module(module, options, self.time, **flags)
        self.output, self.warnings = done.output, done.warnings
        return done.result

    def __call__(self, module: ModuleType, check: bool = False, diff: bool = False, **options: Any) -> dict[str, Any]:
        return self.raw(module, {**self.options(), **options}, check_mode=check, diff=diff)
