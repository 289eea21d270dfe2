# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Worlds to begin with. The same seed gives the same ids; dates hang on the given now (none: the real one, running).

Each world has `keys` (owner, auditor, pit_admin, reader, stranger, service_account, service_reader) and `marks`
(ids of the odd snapshots, by what is odd about them). `world.main` is the cluster that the seed is about.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from .accounts import ELSEWHERE, Account, Role
from .clock import Clock
from .instants import DAY, HOUR, add_months, epoch_of
from .nouns import Cluster, Platform
from .schedule import Schedule
from .switches import Switches
from .world import World

MONTHS = 14
SHARDS = tuple(f"shard_{number}" for number in range(12))


def replica_set(
    now: datetime | int | None = None,
    *,
    platform: Platform = "cloud_manager",
    seed: str = "replica_set",
    switches: Switches | None = None,
    specials: bool = True,
    schedule: Schedule | None = None,
) -> World:
    """Fourteen months under Cloud Manager's default schedule, made by running it, and the odd ones among them."""
    world = _begin(seed, now, switches)
    project = world.add_project("Orders", platform)
    cluster = world.add_cluster(project, "orders", schedule=schedule or Schedule())
    _run_to(world, now)
    if specials:
        add_specials(world, cluster)
    return world


def sharded(
    now: datetime | int | None = None,
    *,
    platform: Platform = "ops_manager",
    seed: str = "sharded",
    switches: Switches | None = None,
    specials: bool = True,
) -> World:
    """A sharded cluster with 13 parts (12 shards and the config server); CM/OM lists its shards as clusters too."""
    world = _begin(seed, now, switches)
    project = world.add_project("Events", platform)
    cluster = world.add_cluster(
        project, "events", shards=SHARDS, schedule=Schedule(checkpoint_min=15), base_bytes=3 * 1024**4
    )
    _run_to(world, now)
    if specials:
        add_specials(world, cluster)
    return world


def ops_manager(
    now: datetime | int | None = None, *, seed: str = "ops_manager", switches: Switches | None = None
) -> World:
    """A project of Ops Manager: a replica set, a sharded cluster, one stopped and one without backup."""
    world = _begin(seed, now, switches)
    project = world.add_project("Billing", "ops_manager")
    first = world.add_cluster(project, "invoices")
    world.add_cluster(project, "ledger", shards=SHARDS[:3], schedule=Schedule(checkpoint_min=15))
    stopped = world.add_cluster(project, "archive")
    world.add_cluster(project, "scratch", backup="INACTIVE")
    _run_to(world, now)
    world.set_backup(stopped, "STOPPED")
    add_specials(world, first)
    return world


def leftovers(
    now: datetime | int | None = None, *, seed: str = "leftovers", switches: Switches | None = None, count: int = 40
) -> World:
    """An Atlas cluster on cloud backup since long: its legacy snapshots are left, the newest 400 days old."""
    world = _begin(seed, now, switches)
    project = world.add_project("Inventory", "atlas")
    cluster = world.add_cluster(project, "inventory", cloud_backup=True, backup="INACTIVE")
    _run_to(world, now)
    newest = world.clock.epoch - 400 * DAY
    for number in range(count):
        # Months apart, as the monthly ones that a long schedule leaves; held, or with an expiry far away.
        created = newest - number * 7 * DAY
        held = number % 10 == 9
        world.add_snapshot(
            cluster, created, None if held else add_months(created, 36), do_not_delete=held, incremental=True
        )
    return world


def many(
    count: int,
    now: datetime | int | None = None,
    *,
    platform: Platform = "ops_manager",
    seed: str = "many",
    switches: Switches | None = None,
    every: int = HOUR,
    shards: int = 0,
) -> World:
    """So many snapshots of one cluster, an hour apart, all to expire in ten years; no schedule adds to them."""
    world = _begin(seed, now, switches)
    project = world.add_project("Load", platform)
    cluster = world.add_cluster(project, "load", backup="STOPPED", shards=SHARDS[:shards])
    _run_to(world, now)
    newest = world.clock.epoch - 2 * DAY
    for number in range(count):
        world.add_snapshot(cluster, newest - number * every, world.clock.epoch + 3650 * DAY)
    return world


def fleet(
    clusters: int = 20,
    each: int = 20,
    now: datetime | int | None = None,
    *,
    platform: Platform = "atlas",
    seed: str = "fleet",
    switches: Switches | None = None,
) -> World:
    """Many clusters of one project, for runs side by side against one token bucket."""
    world = _begin(seed, now, switches)
    project = world.add_project("Fleet", platform)
    _run_to(world, now)
    for number in range(clusters):
        cluster = world.add_cluster(project, f"fleet-{number:03d}", backup="STOPPED")
        for back in range(each):
            world.add_snapshot(cluster, world.clock.epoch - (back + 2) * DAY, world.clock.epoch + 3650 * DAY)
    return world


def company(
    projects: int = 20,
    clusters: int = 25,
    each: int = 0,
    now: datetime | int | None = None,
    *,
    platform: Platform = "atlas",
    seed: str = "company",
    switches: Switches | None = None,
    sharded: int = 10,
) -> World:
    """Many projects with so many clusters, the same names in each; every so-manieth cluster is sharded (0: none).

    Each has so many snapshots, a day apart; no schedule adds to them. 500 clusters with 400 snapshots take seconds.
    """
    world = _begin(seed, now, switches)
    _run_to(world, now)
    today = world.clock.epoch
    for number in range(projects):
        project = world.add_project(f"Project {number:02d}", platform)
        for place in range(clusters):
            shards = SHARDS[:2] if sharded and place % sharded == sharded - 1 else ()
            cluster = world.add_cluster(project, f"cluster-{place:02d}", backup="STOPPED", shards=shards)
            for back in range(each):
                world.add_snapshot(cluster, today - (back + 2) * DAY, today + 3650 * DAY)
    return world


def ladder(
    now: datetime | int | None = None,
    *,
    platform: Platform = "atlas",
    seed: str = "ladder",
    switches: Switches | None = None,
    shards: int = 0,
) -> World:
    """A small cluster for the tests of single changes: ten plain snapshots (marks plain_0, newest, to plain_9) and the
    odd ones."""
    world = _begin(seed, now, switches)
    project = world.add_project("Ladder", platform)
    cluster = world.add_cluster(
        project, "ladder", backup="STOPPED", shards=SHARDS[:shards], beyond="MULTI_CLOUD_CLUSTER_INVALID"
    )
    _run_to(world, now)
    today = world.clock.epoch
    for number in range(10):
        one = world.add_snapshot(cluster, today - (number + 3) * DAY, today + (number + 30) * DAY)
        world.marks[f"plain_{number}"] = one.id
    add_specials(world, cluster)
    return world


def demo(now: datetime | int | None = None, *, seed: str = "demo", switches: Switches | None = None) -> World:
    """Three clusters on three platforms: one that keeps too much, a sharded one held in places, old leftovers."""
    world = _begin(seed, now, switches)
    cloud = world.add_project("Shop", "cloud_manager")
    own = world.add_project("Bank", "ops_manager")
    atlas = world.add_project("Museum", "atlas")
    generous = Schedule(retention_days=5, daily_days=60, weekly_weeks=26, monthly_months=13)
    orders = world.add_cluster(cloud, "orders", schedule=generous)
    ledger = world.add_cluster(own, "ledger", shards=SHARDS[:3], schedule=Schedule(checkpoint_min=15))
    catalogue = world.add_cluster(atlas, "catalogue", cloud_backup=True, backup="INACTIVE")
    _run_to(world, now)
    add_specials(world, ledger)
    # Somebody kept one before each of ten releases, for years to come.
    today = world.clock.epoch
    for number in range(10):
        world.add_snapshot(orders, today - (9 + 13 * number) * DAY - 5 * HOUR, today + (900 - number) * DAY)
    for number in range(40):
        created = today - (400 + 7 * number) * DAY
        held = number in (3, 17)
        world.add_snapshot(catalogue, created, None if held else add_months(created, 36), do_not_delete=held)
    return world


def add_specials(world: World, cluster: Cluster) -> None:
    """One or two of each odd kind (retention.md's states), between the others; their ids go to `marks`."""
    now, marks = world.clock.epoch, world.marks
    later = now + 200 * DAY
    base = now - 20 * DAY - 3 * HOUR

    def put(name: str, created: int, expires: int | None, **more: object) -> str:
        marks[name] = world.add_snapshot(cluster, created, expires, **more).id
        return marks[name]

    put("held", base, None, do_not_delete=True)
    put("never_expiring", base - DAY, None)
    # Expired an hour ago: listed for as long as the service likes (contract 2.1, point 3).
    put("expired", base - 2 * DAY, now - HOUR)
    put("incomplete", now - 10 * 60, now + 2 * DAY, complete=False)
    put("restoring", base - 3 * DAY, later)
    put("same_second_a", base - 4 * DAY, later, increment=1)
    put("same_second_b", base - 4 * DAY, later, increment=1)
    put("same_second_c", base - 4 * DAY, later, increment=2)
    put("downloadable", base - 5 * DAY, later)
    put("restored", base - 6 * DAY, later)
    if cluster.sharded:
        put("inconsistent", base - 7 * DAY, later, possibly_inconsistent=True)
    world.add_restore(cluster, marks["restoring"])
    world.add_restore(
        cluster, marks["downloadable"], status="FINISHED", delivery_status="READY", delivery_expires=now + 20 * HOUR
    )
    world.add_restore(cluster, marks["restored"], status="FINISHED", delivery_status="EXPIRED")


def add_accounts(world: World) -> None:
    """Keys for every role that the contract knows; all are good for every project of the world, stranger for none."""

    def account(name: str, role: Role | None, **more: object) -> None:
        kind = "service_account" if name.startswith("service") else "key"
        mark = world.new_id("account", name)
        public = f"mdb_sa_id_{mark}" if kind == "service_account" else f"{name.replace('_', '')[:4]}{mark[:4]}"
        secret = f"mdb_sa_sk_{mark[::-1]}" if kind == "service_account" else _uuid(world.new_id("secret", name) + mark)
        roles = {} if role is None else {"*": role}
        fields: dict[str, object] = {"name": name, "id": public, "secret": secret, "kind": kind, "roles": roles, **more}
        world.add_account(Account(**fields))  # type: ignore[arg-type]  # of the types that `account` has

    account("owner", Role.OWNER)
    account("auditor", Role.READ_ONLY, access_list=ELSEWHERE)
    account("reader", Role.READ_ONLY)
    account("unlisted_owner", Role.OWNER, access_list=ELSEWHERE)
    account("pit_admin", Role.OWNER, backup_admin=True)
    account("stranger", None)
    account("service_account", Role.OWNER)
    account("service_reader", Role.READ_ONLY)


def _uuid(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


def _begin(seed: str, now: datetime | int | None, switches: Switches | None) -> World:
    """A world fourteen months ago, with its accounts and a clock that stands."""
    today = epoch_of(now) if now is not None else Clock().epoch
    world = World(seed=seed, clock=Clock(add_months(today, -MONTHS)), switches=switches)
    add_accounts(world)
    return world


def _run_to(world: World, now: datetime | int | None) -> None:
    """Let the schedules run up to now; without a now, real time goes on from here."""
    world.clock.set(epoch_of(now) if now is not None else Clock().epoch)
    world.clock.running = now is None


SEEDS: dict[str, Callable[..., World]] = {
    "demo": demo,
    "replica_set": replica_set,
    "sharded": sharded,
    "ops_manager": ops_manager,
    "leftovers": leftovers,
    "ladder": ladder,
    "fleet": fleet,
    "company": partial(company, each=3),
    "many": partial(many, 1000),
}
