# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Night after night beside the service's own schedule: what is planned is applied to one of two equal worlds.

The service gives each snapshot its life when it is taken, and the longest life of a period to the first or to the
last of its snapshots. Neither may make the nightly run drain a history that the service alone would have kept.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any, Literal

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import parse_duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import (
    from_api,
    snake_case,
    to_result,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    seconds,
    zone,
)

from simulator import seeds
from simulator.schedule import Schedule
from simulator.switches import Switches
from simulator.world import World
from unit.plugins.plugin_utils._retention.cases import TIDY, info, moment, planned

NIGHTS = 420
BEGIN = datetime(2026, 11, 23, 1, 30, tzinfo=timezone.utc)
UTC = zone("UTC")
KINDS = {"day": "daily", "week": "weekly", "month": "monthly"}
GUARANTEE: dict[str, Any] = {"extend_kept": True}
# Nothing is thrown away that was there before the tool came, as its documentation asks for the first run.
FIRST_RUN = {"max_delete": -1, "max_delete_percent": 100}
DEFAULT = Schedule()
LONGER = Schedule(retention_days=5, daily_days=30, weekly_weeks=12, monthly_months=36)
SHORTER = Schedule(daily_days=0, weekly_weeks=0, monthly_months=0)
Marks = Literal["first", "last"]
# How the service marks the long-lived, and for how many days backups stop. The session `histories` tries all of them.
PAUSES: list[tuple[Marks, int]] = [("first", 0), ("last", 5), ("first", 40), ("last", 0), ("first", 5), ("last", 40)]
PROFILES = {"long": 6, "short": 1}


@dataclass
class Nights:
    """A world that is planned and applied to, one that is left to the service, and what was done."""

    ours: World
    alone: World
    policy: Mapping[str, Any]
    options: Mapping[str, Any]
    extends: list[tuple[str, str]] = field(default_factory=list)
    """Of each extension when the snapshot was created, and the expiry that it was given."""
    blocked: list[datetime] = field(default_factory=list)
    with_faults: bool = False
    most_removed: int = 0
    """The most that one night removed."""

    def run(self, now: datetime, **more: Any) -> dict[str, Any]:
        """Lets both get there, then plans and applies."""
        self.ours.tick(now)
        self.alone.tick(now)
        document = planned(listing(self.ours, self.with_faults), self.policy, now=now, **{**self.options, **more})
        if document["guard"]["blocked"]:
            self.blocked.append(now)
            return document
        actions = document["summary"]["by_action"]
        self.most_removed = max(self.most_removed, actions["delete"] + actions["shorten"])
        created = {one["id"]: one["created_at"] for one in document["snapshots"]}
        for change in document["changes"]:
            if change["state"] == "absent":
                # Without Global Backup Admin, which the service asks for inside the point-in-time window.
                self.ours.delete(self.ours.main, change["snapshot_id"], backup_admin=False)
            else:
                self.ours.patch(self.ours.main, change["snapshot_id"], {"expires": change["expires_at"]})
                self.extends.append((created[change["snapshot_id"]], change["expires_at"]))
        return document


def nights(
    marks: Marks, schedule: Schedule = DEFAULT, policy: Mapping[str, Any] = TIDY, **options: Any
) -> tuple[Nights, list[datetime]]:
    """Two equal worlds with fourteen months of history, and the nights to come."""
    world = seeded(marks, schedule)
    return Nights(world.copy(), world.copy(), policy, options), [BEGIN + timedelta(days=day) for day in range(NIGHTS)]


@cache
def seeded(marks: Marks, schedule: Schedule) -> World:
    """Fourteen months of history, made once."""
    return seeds.replica_set(BEGIN, switches=Switches(long_lived=marks, removal="at_once"), schedule=schedule)


def is_faulty(created: int) -> bool:
    """One snapshot in ten, the same in both worlds."""
    return hashlib.sha256(str(created).encode()).digest()[0] < 26


def listing(world: World, with_faults: bool = False) -> dict[str, Any]:
    """What `legacy_snapshot_info` would return."""
    rows = [to_result(from_api(document)) for document in world.documents(world.main)]
    for row in rows if with_faults else ():
        row["is_possibly_inconsistent"] = is_faulty(seconds(moment(row["created_at"])))
    ids = {"project_id": world.main.project_id, "cluster_id": world.main.id, "cluster_name": world.main.name}
    return info(rows, schedule=snake_case(world.schedule_document(world.main)), **ids)


def restorable(world: World, now: datetime) -> list[int]:
    """When the complete snapshots were created that have not expired."""
    return [
        one.created
        for one in world.snapshots(world.main)
        if one.complete and (one.expires is None or one.expires > seconds(now))
    ]


def months(world: World, now: datetime, since: int = 0) -> set[int]:
    """The months that can be restored."""
    return {UTC.period("month", created) for created in restorable(world, now) if created > since}


def assert_bases_are_there(worlds: Nights, now: datetime) -> None:
    """The snapshots that a restore to any point of the last 24 hours is built on, or may be."""
    start = seconds(now) - 24 * 3600
    before, after = restorable(worlds.alone, now), restorable(worlds.ours, now)
    older = [created for created in before if created < start]
    sound = [created for created in older if not (worlds.with_faults and is_faulty(created))]
    needed = {created for created in before if created >= start} | {max(bases) for bases in (older, sound) if bases}
    assert needed <= set(after)


def sound_periods(world: World, now: datetime) -> set[tuple[str, int]]:
    """The days, weeks and months inside the policy's windows of which a sound snapshot can be restored."""
    windows = {kind: parse_duration(TIDY[f"keep_within_{adverb}"]) for kind, adverb in KINDS.items()}
    return {
        (kind, UTC.period(kind, created))
        for kind, window in windows.items()
        for created in restorable(world, now)
        if created > UTC.before(seconds(now), window) and not is_faulty(created)
    }


def each(worlds: Nights, dates: list[datetime], **more: Any) -> Iterator[datetime]:
    """Applies each night, and looks before and after at what the point-in-time window needs."""
    for now in dates:
        worlds.ours.tick(now)
        worlds.alone.tick(now)
        assert_bases_are_there(worlds, now)
        worlds.run(now, **more)
        assert_bases_are_there(worlds, now)
        yield now


@pytest.mark.parametrize("options", [{}, GUARANTEE, {"method": "expire"}], ids=["tidy", "guarantee", "expire"])
@pytest.mark.parametrize("marks", ["first", "last"])
def test_no_month_is_lost_that_the_service_alone_would_still_hold(marks: Marks, options: dict[str, Any]) -> None:
    worlds, dates = nights(marks, **options)
    for now in each(worlds, dates):
        assert months(worlds.alone, now) <= months(worlds.ours, now)
    assert worlds.blocked == []
    assert len(months(worlds.ours, dates[-1])) >= 13


@pytest.mark.parametrize("options", [{}, GUARANTEE, {"method": "expire"}], ids=["tidy", "guarantee", "expire"])
@pytest.mark.parametrize(("marks", "pause"), PAUSES[: PROFILES.get(os.environ.get("HYPOTHESIS_PROFILE", ""), 3)])
def test_no_sound_period_is_lost_with_faulty_snapshots_and_a_pause(
    marks: Marks, pause: int, options: dict[str, Any]
) -> None:
    """One snapshot in ten is faulty, and backups stop once for some days."""
    worlds, dates = nights(marks, **options)
    worlds.with_faults = True
    for number, now in enumerate(each(worlds, dates)):
        assert sound_periods(worlds.alone, now) <= sound_periods(worlds.ours, now)
        for world in (worlds.ours, worlds.alone):
            if pause and number in (200, 200 + pause):
                world.set_backup(world.main, "STOPPED" if number == 200 else "STARTED")
    assert worlds.blocked == []
    assert worlds.most_removed <= 20


@pytest.mark.parametrize("marks", ["first", "last"])
def test_with_a_schedule_equal_to_the_policy_there_is_at_most_one_extension_for_each_period(marks: Marks) -> None:
    worlds, dates = nights(marks, **GUARANTEE)
    for now in dates:
        worlds.run(now)
    assert_one_extension_a_period(worlds)
    # The one that the service marks covers its period, whether it comes first or last.
    assert worlds.extends == []


def assert_one_extension_a_period(worlds: Nights) -> None:
    """For each day, week and month that ended, one extension at most, to that rule's window."""
    windows = {kind: parse_duration(TIDY[f"keep_within_{adverb}"]) for kind, adverb in KINDS.items()}
    counted: Counter[tuple[str, int]] = Counter()
    for created, expires in worlds.extends:
        at = seconds(moment(created))
        (kind,) = (kind for kind, window in windows.items() if UTC.after(at, window) == seconds(moment(expires)))
        counted[kind, UTC.period(kind, at)] += 1
    assert set(counted.values()) <= {1}


@pytest.mark.parametrize("marks", ["first", "last"])
def test_a_guarantee_holds_thirteen_months_whatever_the_schedule_says(marks: Marks) -> None:
    worlds, dates = nights(marks, SHORTER, **GUARANTEE)
    first = UTC.period("month", min(restorable(worlds.ours, BEGIN)))
    for now in each(worlds, dates):
        present = UTC.period("month", seconds(now))
        wanted = range(max(first, present - 12), present + 1)
        assert set(wanted) <= months(worlds.ours, now)
    assert worlds.blocked == []
    assert len(worlds.extends) > NIGHTS
    assert_one_extension_a_period(worlds)


@pytest.mark.parametrize("marks", ["first", "last"])
def test_tidy_keeps_what_its_windows_hold_of_a_longer_schedule(marks: Marks) -> None:
    worlds, dates = nights(marks, LONGER)
    worlds.run(dates[0], **FIRST_RUN)
    for now in each(worlds, dates[1:]):
        window = UTC.before(seconds(now), parse_duration(TIDY["keep_within_monthly"]))
        assert months(worlds.alone, now, window) <= months(worlds.ours, now)
    assert worlds.blocked == []
    assert len(restorable(worlds.ours, dates[-1])) < len(restorable(worlds.alone, dates[-1])) / 2


@pytest.mark.parametrize("policy", [{"keep_last": 1}, {"keep_monthly": 2}, {"keep_within_monthly": "13mo"}])
@pytest.mark.parametrize("marks", ["first", "last"])
def test_a_point_in_time_window_never_loses_its_base(marks: Marks, policy: dict[str, Any]) -> None:
    # Policies that leave it to the window alone, at any hour of the day, and the default for what is young is off.
    worlds, dates = nights(marks, LONGER, policy, min_keep=1, min_age="off", **FIRST_RUN)
    for _now in each(worlds, [now + timedelta(hours=5 * number) for number, now in enumerate(dates[:60])]):
        pass
    assert worlds.blocked == []


@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize("marks", ["first", "last"])
def test_a_week_without_runs_does_not_shut_the_guard(marks: Marks, every: int) -> None:
    worlds, dates = nights(marks, LONGER)
    worlds.run(dates[0], **FIRST_RUN)
    for now in [*dates[1:20], *dates[28:48], *dates[56:200:every]][: 60 if every == 1 else None]:
        worlds.run(now)
    assert worlds.blocked == []
