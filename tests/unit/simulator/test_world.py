# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's doings over time, without HTTP (contract 2, contract 6, contract 10)."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from simulator import seeds
from simulator.clock import Clock
from simulator.errors import Refused
from simulator.instants import DAY, HOUR, add_months, epoch_of, iso, parse
from simulator.nouns import Platform
from simulator.schedule import Schedule, periods
from simulator.switches import Switches, checked, variants
from simulator.world import World

START = datetime(2025, 9, 1)


def world_of(platform: Platform = "cloud_manager", **switches: Any) -> World:
    world = World(clock=Clock(START), switches=Switches(removal="at_once", **switches))
    world.add_cluster(world.add_project("One", platform), "one")
    return world


@pytest.mark.parametrize(
    ("marks", "slot", "days"),
    [
        ("first", "2025-10-14T06:00:00Z", 2),
        ("first", "2025-10-14T00:00:00Z", 7),
        ("first", "2025-10-13T00:00:00Z", 28),
        ("first", "2025-11-01T00:00:00Z", 395),
        ("last", "2025-10-14T00:00:00Z", 2),
        ("last", "2025-10-14T18:00:00Z", 7),
        ("last", "2025-10-12T18:00:00Z", 28),
        ("last", "2025-10-31T18:00:00Z", 395),
    ],
)
def test_tiers(marks: Any, slot: str, days: int) -> None:
    """Default schedule: 2 d, the day's 7 d, the (ISO) week's 28 d, the month's 13 months, from the first or last."""
    at = parse(slot)[0]
    assert (Schedule().expiry(at, at - 6 * HOUR, marks) - at) / DAY == pytest.approx(days, abs=0.3)


def test_slots_follow_the_reference() -> None:
    schedule = Schedule(interval_hours=8, reference_hour=3, reference_minute=30, reference_offset="+0200")
    slots, at = [], parse("2025-10-14")[0]
    for _turn in range(4):
        at = schedule.slot_after(at)
        slots.append(iso(at)[11:16])
    assert slots == ["01:30", "09:30", "17:30", "01:30"]


def test_weeks_begin_on_monday_or_sunday() -> None:
    sunday, monday = parse("2025-10-12")[0], parse("2025-10-13")[0]
    assert periods(sunday)[1] + 1 == periods(monday)[1]
    assert periods(sunday - 1, "sunday")[1] + 1 == periods(sunday, "sunday")[1]


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2025-01-31", 1, "2025-02-28T00:00:00Z"),
        ("2024-02-29T05:00:00Z", 12, "2025-02-28T05:00:00Z"),
        ("2025-12-31", 2, "2026-02-28T00:00:00Z"),
        ("2025-03-31", -1, "2025-02-28T00:00:00Z"),
        ("2025-11-01", 13, "2026-12-01T00:00:00Z"),
    ],
)
def test_months(start: str, months: int, end: str) -> None:
    assert iso(add_months(parse(start)[0], months)) == end


@pytest.mark.parametrize("long_lived", ["first", "last"])
def test_a_year_of_the_schedule(long_lived: Any) -> None:
    """After fourteen months: one a month for thirteen months, and the shorter tiers on top."""
    world = world_of(long_lived=long_lived)
    for night in range(1, 430):
        world.tick(START + timedelta(days=night))
    rows = world.documents(world.main)
    assert len({row["created"]["date"][:7] for row in rows}) in (13, 14)
    assert 25 <= len(rows) <= 33
    newest = datetime.fromisoformat(rows[0]["created"]["date"].replace("Z", "+00:00"))
    assert newest == world.clock.now


def test_it_does_not_matter_how_time_is_cut() -> None:
    """Nightly ticks, hourly ones and one jump leave the same snapshots, ids and all."""
    states = []
    for step in (24, 1, 24 * 50):
        world = world_of()
        for number in range(1, 24 * 50 // step + 1):
            world.tick(START + timedelta(hours=step * number))
        states.append(world.state())
    assert states[0] == states[1] == states[2]


@pytest.mark.parametrize(
    ("removal", "after_hour", "after_week", "after_sweep"),
    [("at_once", 0, 0, 0), ("later", 1, 0, 0), ("when_told", 1, 1, 0)],
)
def test_when_expired_ones_go(removal: Any, after_hour: int, after_week: int, after_sweep: int) -> None:
    world = world_of()
    world.set_backup(world.main, "STOPPED")
    world.switches = Switches(removal=removal)
    now = epoch_of(START)
    world.add_snapshot(world.main, now - DAY, now)
    world.add_snapshot(world.main, now - DAY, None, do_not_delete=True)
    world.clock.advance(hours=1)
    assert len(world.main.snapshots) == 1 + after_hour
    world.clock.advance(days=7)
    assert len(world.main.snapshots) == 1 + after_week
    world.sweep()
    assert len(world.main.snapshots) == 1 + after_sweep


@pytest.mark.parametrize(
    ("platform", "keep", "left"),
    [("ops_manager", "ops_manager", 1), ("cloud_manager", "ops_manager", 0), ("cloud_manager", "all", 1)],
)
def test_the_last_restorable_one_stays(platform: Any, keep: Any, left: int) -> None:
    world = world_of(platform, keep_last_restorable=keep)
    world.tick(START + timedelta(days=3))
    world.set_backup(world.main, "STOPPED")
    newest = world.snapshots(world.main)[0].id
    world.add_snapshot(world.main, world.clock.epoch, world.clock.epoch + DAY, complete=False)
    world.tick(START + timedelta(days=500))
    assert [one.id for one in world.snapshots(world.main)] == [newest][:left]
    world.set_backup(world.main, "STARTED")
    world.tick(START + timedelta(days=501))
    assert newest not in world.main.snapshots


def test_stop_and_terminate() -> None:
    world = world_of()
    world.tick(START + timedelta(days=1))
    assert len(world.main.snapshots) == 4
    world.set_backup(world.main, "STOPPED")
    world.tick(START + timedelta(days=1, hours=12))
    assert len(world.main.snapshots) == 4
    world.set_backup(world.main, "STARTED")
    world.tick(START + timedelta(days=1, hours=18))
    assert len(world.main.snapshots) == 5
    world.set_backup(world.main, "TERMINATING")
    assert world.main.snapshots == {}


def test_copies_are_independent() -> None:
    world = seeds.replica_set(datetime(2026, 11, 23))
    twin = world.copy()
    assert twin.state() == world.state()
    twin.tick(datetime(2026, 12, 1))
    twin.delete(twin.main, twin.snapshots(twin.main)[0].id)
    assert twin.state() != world.state()
    assert world.clock.now == datetime.fromisoformat("2026-11-23T00:00:00+00:00")


def test_refusals_carry_their_code() -> None:
    world = seeds.replica_set(datetime(2026, 11, 23))
    with pytest.raises(Refused) as caught:
        world.delete(world.main, world.marks["held"])
    assert (caught.value.status, caught.value.code) == (403, "CANNOT_MODIFY_SNAPSHOT")
    recent = next(one.id for one in world.snapshots(world.main) if one.complete)
    with pytest.raises(Refused, match="USER_UNAUTHORIZED"):
        world.delete(world.main, recent, backup_admin=False)
    world.delete(world.main, recent)


def test_it_is_fast_enough_for_years_in_a_test() -> None:
    world = world_of()
    started = time.perf_counter()
    world.tick(START + timedelta(days=400))
    for night in range(400, 500):
        world.tick(START + timedelta(days=night))
        world.documents(world.main)
    # About 0.1 s where this was written.
    assert time.perf_counter() - started < 3


SEEDS: dict[str, Any] = {
    "replica_set": seeds.replica_set,
    "sharded": seeds.sharded,
    "ops_manager": seeds.ops_manager,
    "leftovers": seeds.leftovers,
    "ladder": seeds.ladder,
    "fleet": lambda now: seeds.fleet(3, 4, now),
    "company": lambda now: seeds.company(2, 3, 4, now, sharded=3),
    "many": lambda now: seeds.many(10, now),
    "demo": seeds.demo,
}


@pytest.mark.parametrize("name", SEEDS)
def test_seeds_are_the_same_each_time(name: str) -> None:
    now = datetime(2026, 11, 23, 12)
    one, two = SEEDS[name](now), SEEDS[name](now)
    assert one.state() == two.state()
    assert one.keys == two.keys
    assert set(seeds.SEEDS) == set(SEEDS)
    ids = [key for cluster in one.state().values() for key in cluster]
    assert len(ids) == len(set(ids))
    assert one.clock.epoch == epoch_of(now)


def test_the_histories() -> None:
    now = datetime(2026, 11, 23, 12)
    plain = seeds.replica_set(now, specials=False)
    created = [one.created for one in plain.snapshots(plain.main)]
    assert 28 <= len(created) <= 33
    assert epoch_of(now) - min(created) > 380 * DAY
    old = seeds.leftovers(now)
    assert len(old.main.snapshots) == 40
    assert epoch_of(now) - max(one.created for one in old.snapshots(old.main)) == 400 * DAY
    assert old.main.cloud_backup
    assert len(seeds.sharded(now).documents(seeds.sharded(now).main)[0]["parts"]) == 13
    marks = seeds.ladder(now)
    twins = [marks.find(marks.main, marks.marks[f"same_second_{letter}"]) for letter in "abc"]
    assert len({one.created for one in twins}) == 1
    assert [one.increment for one in twins] == [1, 1, 2]


def test_switches() -> None:
    names = {name for name, _value in variants()}
    assert {"om_delete_status", "order", "challenge_key", "long_lived"} <= names
    assert checked("order", "oldest") == "oldest"
    assert checked("nonce_max_age", 5) == 5
    for name, value in (("order", "odd"), ("nonsense", 1), ("om_delete_status", True), ("nonce_max_age", "5")):
        with pytest.raises(ValueError, match=name):
            checked(name, value)


@pytest.mark.parametrize(
    "text", ["", "x", "2025", "2025-13-01", "2025-01-01T25:00", "2025-01-01T00:00:00+", "2025-01-01Zx", "٢٠٢٥-01-01"]
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        parse(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z"])
def test_far_dates(text: str) -> None:
    assert iso(parse(text)[0]) == text


def test_the_clock() -> None:
    clock = Clock(START)
    moves: list[int] = []
    clock.on_move(lambda: moves.append(clock.epoch))
    clock.now = START + timedelta(days=1)
    clock.advance(30, hours=1)
    clock.advance(timedelta(minutes=1))
    begin = epoch_of(START)
    assert moves == [begin + DAY, begin + DAY + 3630, begin + DAY + 3690]
    before = clock.flowing
    clock.advance(100)
    assert 100 <= clock.flowing - before < 101
    clock.running = True
    seconds = clock.seconds
    time.sleep(0.02)
    assert clock.seconds > seconds
    assert abs(Clock().seconds - time.time()) < 1
