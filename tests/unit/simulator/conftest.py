# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An independent client (requests and its stock digest) on simulators that check themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest
import requests
from requests.auth import HTTPDigestAuth

from simulator import seeds
from simulator.documents import PUBLIC, V1, V2, Dialect
from simulator.fixtures_pytest import https_simulator, simulator
from simulator.nouns import Cluster, Platform
from simulator.server import Simulator
from simulator.world import World

__all__ = ["https_simulator", "simulator"]

NOW = datetime(2026, 11, 23, 12, 0, 0)
DIALECTS: dict[str, tuple[Platform, Dialect]] = {
    "v2": ("atlas", V2),
    "v1.0": ("atlas", V1),
    "cloud_manager": ("cloud_manager", PUBLIC),
    "ops_manager": ("ops_manager", PUBLIC),
}


class Asker:
    """Asks a simulator as one account, in one dialect, about one cluster."""

    def __init__(self, sim: Simulator, dialect: Dialect, cluster: Cluster, key: str = "owner") -> None:
        self.sim, self.dialect, self.cluster = sim, dialect, cluster
        self.session = requests.Session()
        self.session.trust_env = False
        account = sim.world.keys[key]
        self.session.auth = HTTPDigestAuth(account.id, account.secret)
        if sim.ca_path is not None:
            self.session.verify = sim.ca_path
        self.headers = {"Accept": dialect.media_type, "Content-Type": dialect.media_type}

    @property
    def base(self) -> str:
        return self.sim.url + self.dialect.path

    @property
    def group(self) -> str:
        return f"{self.base}/groups/{self.cluster.project_id}"

    @property
    def home(self) -> str:
        return f"{self.group}/clusters/{self.dialect.key(self.cluster)}"

    def __call__(self, method: str, url: str, **more: Any) -> requests.Response:
        headers = self.headers | more.pop("headers", {})
        return self.session.request(method, url, headers=headers, timeout=more.pop("timeout", 10), **more)

    def list(self, **query: Any) -> requests.Response:
        return self("GET", f"{self.home}/snapshots", params=query)

    def get(self, snapshot_id: str) -> requests.Response:
        return self("GET", f"{self.home}/snapshots/{snapshot_id}")

    def patch(self, snapshot_id: str, body: Any) -> requests.Response:
        return self("PATCH", f"{self.home}/snapshots/{snapshot_id}", json=body)

    def delete(self, snapshot_id: str) -> requests.Response:
        return self("DELETE", f"{self.home}/snapshots/{snapshot_id}")


Ask = Callable[..., Asker]


@pytest.fixture
def ask(simulator: Callable[..., Simulator]) -> Iterator[Ask]:
    """`ask("v2")`: a simulator of the ladder seed and somebody who asks it; options as keywords."""
    with ExitStack() as stack:

        def start(
            name: str = "ops_manager", *, world: World | None = None, key: str = "owner", **options: Any
        ) -> Asker:
            platform, dialect = DIALECTS[name]
            served = world if world is not None else seeds.ladder(NOW, platform=platform)
            asker = Asker(simulator(served, **options), dialect, served.main, key)
            stack.callback(asker.session.close)
            return asker

        yield start


def code(answer: requests.Response) -> tuple[int, str | None]:
    """Status and errorCode."""
    return answer.status_code, answer.json().get("errorCode") if answer.content else None


@pytest.fixture(name="code")
def code_fixture() -> Callable[[requests.Response], tuple[int, str | None]]:
    return code


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def another() -> Iterator[Callable[[Asker, str], Asker]]:
    """Somebody else who asks the same simulator."""
    with ExitStack() as stack:

        def make(asker: Asker, key: str) -> Asker:
            twin = Asker(asker.sim, asker.dialect, asker.cluster, key)
            stack.callback(twin.session.close)
            return twin

        yield make
