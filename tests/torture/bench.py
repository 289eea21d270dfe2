# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small cluster, a policy that extends some of its snapshots and deletes others, and the run that does so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import cache
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.modules import legacy_snapshot, legacy_snapshot_info

from simulator import seeds
from simulator.clock import Clock
from simulator.instants import DAY, HOUR, epoch_of, iso
from simulator.nouns import Platform
from simulator.server import Simulator
from simulator.switches import Switches
from simulator.world import World
from tools.faketime import FakeTime
from tools.modules import Finished, run_module
from tools.playbooks import options
from torture.role import Told, run_role

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=timezone.utc)
MODULES = {"legacy_snapshot": legacy_snapshot, "legacy_snapshot_info": legacy_snapshot_info}
State = dict[str, dict[str, tuple[str | None, bool]]]
# Of each day the last one stays, and gets its ten days; the others go. A batch holds six changes.
POLICY: dict[str, Any] = {
    "retention_keep_within_daily": "10d",
    "retention_extend_kept": True,
    "retention_batch_size": 6,
}
DAYS = 9


@dataclass(frozen=True)
class Setting:
    """Who runs it, and how."""

    platform: Platform
    who: str
    concurrency: int
    retry_timeout: int = 300
    by_name: bool = False
    timeout: int = 30

    @property
    def patient(self) -> Setting:
        """The same with all the time there is."""
        return replace(self, retry_timeout=300, timeout=30)

    @property
    def label(self) -> str:
        workers = "1 worker" if self.concurrency == 1 else f"{self.concurrency} workers"
        patience = "" if self.retry_timeout else ", no retries"
        return f"{'digest' if self.who == 'owner' else 'token'}, {workers}{patience}"


SETTINGS = (
    Setting("ops_manager", "owner", 1, by_name=True),
    Setting("atlas", "owner", 3),
    Setting("atlas", "service_account", 1),
    Setting("cloud_manager", "service_account", 2),
    Setting("ops_manager", "owner", 2, retry_timeout=0),
    Setting("atlas", "service_account", 1, retry_timeout=0),
)


def small_world(platform: Platform, now: datetime | None = NOW) -> World:
    """Two snapshots of each of nine days, soon to expire, an odd one of each kind, and a neighbour's three.

    Without a now the clock starts at the real one, and runs.
    """
    clock = Clock() if now is None else Clock(epoch_of(now))
    world = World(seed="torture", clock=clock, switches=Switches(removal="when_told", page_cap=7))
    seeds.add_accounts(world)
    project = world.add_project("Torture", platform)
    cluster = world.add_cluster(project, "orders", backup="STOPPED")
    today = clock.epoch - clock.epoch % DAY
    soon = clock.epoch + 40 * HOUR
    for day in range(1, DAYS + 1):
        for hour in (6, 18):
            one = world.add_snapshot(cluster, today - day * DAY + hour * HOUR, soon)
            world.marks[f"day_{day}_{hour}"] = one.id

    # Each of these would go, if it were not what it is.
    def odd(name: str, day: int, expires: int | None, **more: Any) -> None:
        world.marks[name] = world.add_snapshot(cluster, today - day * DAY + 3 * HOUR, expires, **more).id

    odd("held", 3, None, do_not_delete=True)
    odd("never_expiring", 4, None)
    odd("expired", 5, clock.epoch - HOUR)
    odd("incomplete", 6, soon, complete=False)
    odd("restoring", 7, soon)
    odd("restored", 8, soon)
    world.add_restore(cluster, world.marks["restoring"])
    world.add_restore(cluster, world.marks["restored"], status="FINISHED", delivery_status="EXPIRED")
    neighbour = world.add_cluster(project, "neighbour", backup="STOPPED")
    for day in range(1, 4):
        world.add_snapshot(neighbour, today - day * DAY, soon)
    return world


@cache
def _made(platform: Platform) -> World:
    return small_world(platform)


def world_of(setting: Setting) -> World:
    """A world of its own for a case."""
    return _made(setting.platform).copy()


@dataclass
class Bench:
    """A world served, and runs on it. One after the other, with the client's clock and chance made up."""

    setting: Setting
    sim: Simulator
    time: FakeTime

    def run(self, **more: Any) -> Told:
        """One run of the role, as its owner has it run every night."""
        return drive(self.setting, self.connection(), iso(self.sim.clock.epoch), self.time, **more)

    def connection(self) -> dict[str, Any]:
        """The options that the play gives to all our modules."""
        main = self.sim.world.main
        named: dict[str, Any] = {"cluster_id": None, "cluster_name": main.name} if self.setting.by_name else {}
        patience: dict[str, Any] = {"retry_timeout": self.setting.retry_timeout, "timeout": self.setting.timeout}
        found = options(self.sim, self.setting.who, **patience, **named)
        return {key: value for key, value in found.items() if value is not None}


def drive(setting: Setting, connection: Mapping[str, Any], now: str, time: FakeTime, **more: Any) -> Told:
    """The role in this process; `now` is the instant of the plan and of each task."""
    moment = datetime.fromisoformat(now.replace("Z", "+00:00"))
    place = [key for key in ("project_id", "cluster_name", "cluster_id") if key in connection]
    target = {f"retention_{key}": connection[key] for key in place}
    rest = {key: value for key, value in connection.items() if key not in place}

    def module(name: str, arguments: Mapping[str, Any]) -> Finished:
        return run_module(MODULES[name], {**rest, **arguments}, time, moment)

    own = {"retention_concurrency": setting.concurrency}
    return run_role({**POLICY, **target, **own, **more}, module, moment)


@dataclass(frozen=True)
class Undisturbed:
    """What a run without any fault does: the measure of all others."""

    requests: int
    before: State
    after: State
    # What is done to which snapshot: "delete", or the expiry that it gets.
    due: Mapping[str, str]
    listing: Mapping[str, Any]
    told: Told


def undisturbed(setting: Setting) -> Undisturbed:
    """Run it once, in peace."""
    return _undisturbed(setting.patient)


@cache
def _undisturbed(setting: Setting) -> Undisturbed:
    return measured(setting, world_of(setting))


def measured(setting: Setting, world: World) -> Undisturbed:
    """What a run in peace does on that world, which it changes."""
    before = world.state()
    with Simulator(world) as sim:
        told = Bench(setting.patient, sim, FakeTime(sim=sim)).run()
        assert told.failure is None, told.failure
        assert sim.violations == []
        requests = sim.log.requests
    rows = told.plan["snapshots"]
    due = {row["id"]: row["expires_to"] or row["action"] for row in rows if row["action"] != "keep"}
    listing = told.listings[0].result
    return Undisturbed(requests, before, world.state(), due, listing, told)
