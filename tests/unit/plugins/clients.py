# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients and services of ours that talk to a simulator over real sockets; only clock and chance are made up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.auth import Bearer, Digest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.client import Client
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.settings import (
    ATLAS_V1,
    ATLAS_V2,
    MANAGER,
    Dialect,
    Settings,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._clusters import Cluster
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot_api import Service

from simulator import seeds
from simulator.nouns import Platform
from simulator.server import Simulator
from simulator.world import World
from tools.faketime import FakeTime

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc)
PLATFORMS: dict[str, tuple[Platform, Dialect]] = {
    "v2": ("atlas", ATLAS_V2),
    "v1.0": ("atlas", ATLAS_V1),
    "cloud_manager": ("cloud_manager", MANAGER),
    "ops_manager": ("ops_manager", MANAGER),
}


@cache
def _seeded(seed: str, arguments: tuple[tuple[str, Any], ...]) -> World:
    made: World = getattr(seeds, seed)(now=NOW, **dict(arguments))
    return made


def world(name: str = "v2", seed: str = "ladder", **arguments: Any) -> World:
    """A world of its own, from a seed that is made once."""
    if seed in ("ladder", "replica_set", "sharded", "many", "fleet", "company"):
        arguments["platform"] = PLATFORMS[name][0]
    return _seeded(seed, tuple(sorted(arguments.items()))).copy()


@dataclass
class Talk:
    """Somebody who talks to a simulator."""

    sim: Simulator
    client: Client
    time: FakeTime
    service: Service
    told: list[str] = field(default_factory=list)

    @property
    def base(self) -> tuple[str, ...]:
        """The path of the cluster."""
        cluster = self.sim.world.main
        return ("groups", cluster.project_id, "clusters", self.service.cluster.key)

    def mark(self, name: str) -> str:
        """The id of a snapshot of the seed."""
        return self.sim.world.marks[name]

    def shown(self, snapshot_id: str) -> Mapping[str, Any] | None:
        """The snapshot as the service has it now."""
        with self.sim.world.lock:
            snapshot = self.sim.world.main.snapshots.get(snapshot_id)
            return None if snapshot is None else self.sim.world.document(snapshot)


@contextmanager
def talking(
    sim: Simulator,
    name: str = "v2",
    key: str = "owner",
    chance: float = 0.0,
    secret: str | None = None,
    cluster: str | None = None,
    **settings: Any,
) -> Iterator[Talk]:
    """A client and a service for one account of the simulator, closed at the end."""
    account, dialect = sim.world.keys[key], PLATFORMS[name][1]
    time = FakeTime(chance, sim)
    told: list[str] = []
    auth: Any = Digest(account.id, secret or account.secret)
    if account.kind == "service_account":
        auth = Bearer(account.id, secret or account.secret, told.append, lambda: time.now)
    made = replace(Settings(base_url=sim.url, dialect=dialect, timeout=5), **settings)
    client = Client(made, auth, time.timing)
    main = sim.world.main
    own = main.name if dialect.cluster_in_path == "name" else main.id
    service = Service(client, main.project_id, Cluster(cluster or own, main.name, main.id))
    try:
        yield Talk(sim, client, time, service, told)
    finally:
        client._session.close()


def tried(function: Any, *arguments: Any, **more: Any) -> tuple[Any, Exception | None]:
    """What a call answered, or the ApiError or ValueError that it ended in; no other exception is borne."""
    try:
        return function(*arguments, **more), None
    except (ApiError, ValueError) as error:
        return None, error


def error_of(function: Any, *arguments: Any, **more: Any) -> ApiError:
    """The ApiError that a call must end in."""
    try:
        answer = function(*arguments, **more)
    except ApiError as error:
        return error
    raise AssertionError(f"no error, but {answer!r}")
