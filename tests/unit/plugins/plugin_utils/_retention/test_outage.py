# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What backups that have stopped, or resume, do to a plan (R6, R13, R14b, R15a, R17)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan

from unit.plugins.plugin_utils._retention.cases import (
    FAR,
    NOW,
    SCHEDULE,
    ago,
    bare,
    by_action,
    codes,
    dated,
    info,
    kept,
    of,
    plan_of,
    row,
    rows,
    sid,
    texts,
)

WEEK = {"keep_within_daily": "7d"}
ONE = {"keep_last": 1}


# R6: a window never empties


@pytest.mark.parametrize(
    ("policy", "reason", "stays"),
    [
        ({"keep_within_daily": "7d"}, "within_daily:min_keep", 3),
        ({"keep_within_daily": "2d"}, "within_daily:min_keep", 2),
        ({"keep_within_daily": "1h"}, "within_daily:min_keep", 1),
        ({"keep_within_weekly": "14d"}, "within_weekly:min_keep", 2),
        ({"keep_within_monthly": "1y"}, "within_monthly:min_keep", 3),
        ({"keep_within_yearly": "1y"}, "within_yearly:min_keep", 1),
        # Twelve months are a year, and 11 months and a half are not.
        ({"keep_within_monthly": "2mo"}, "within_monthly:min_keep", 2),
        ({"keep_within_monthly": "364d"}, "within_monthly:min_keep", 3),
    ],
)
def test_r06_a_window_never_empties(policy: dict[str, Any], reason: str, stays: int) -> None:
    """One new snapshot after a pause of five years, in which every window has passed."""
    listing = [row(1, NOW), *(row(number, ago(days=1900 + 35 * number)) for number in range(2, 30))]
    document = bare(listing, policy, min_keep=3)
    found = [one for one in document["snapshots"] if reason in codes(one["reasons"])]
    assert len(found) == stays - 1
    for one in found:
        # After the rules, and before the floor.
        assert codes(one["reasons"]) in ([reason], [reason, "min_keep"])


def test_r06_the_periods_are_the_newest_and_their_newest_snapshots() -> None:
    created = [f"2026-07-{day}T{hour}:00:00Z" for day in (15, 14, 13, 12) for hour in ("20", "08")]
    document = bare([row(1, NOW), *(row(number, at) for number, at in enumerate(created, 2))], WEEK, min_keep=3)
    assert [number for number in kept(document) if "within_daily:min_keep" in of(document, number)["reasons"]] == [2, 4]
    assert of(document, 6)["why"] == [f"within_daily: older than the cutoff {ago(days=7)}"]
    # Of a period that is kept so, one that is removed says what stands for it.
    assert of(document, 5)["why"] == [f"within_daily: {sid(4)} stands for its period"]


def test_r06_not_where_windows_end_now() -> None:
    document = bare(rows([ago(days=30 + number) for number in range(6)]), WEEK, min_keep=3, anchor="now")
    assert [codes(one["reasons"]) for one in document["snapshots"]] == [["min_keep"]] * 3 + [[]] * 3


def test_r06_what_is_kept_so_counts_as_a_period_for_the_longest_lived() -> None:
    listing = [
        row(1, NOW),
        row(2, "2026-07-15T20:00:00Z", ago(days=-20)),
        row(3, "2026-07-15T08:00:00Z", ago(days=-40)),
    ]
    document = bare(listing, WEEK, min_keep=2)
    assert of(document, 3)["reasons"] == [f"outlives {sid(2)}"]


# R13: inside the window


def test_r13_the_one_that_stays_longest_inside_the_window_is_kept_too() -> None:
    listing = [
        row(1, NOW),
        row(2, "2026-07-31T18:00:00Z", ago(hours=-5)),
        row(3, "2026-07-29T00:00:00Z", "2026-08-28T00:00:00Z"),
        row(4, "2026-07-27T12:00:00Z", "2027-01-01T00:00:00Z"),
        row(5, "2026-07-27T06:00:00Z", "2026-08-24T00:00:00Z"),
    ]
    document = bare(listing, {"keep_within_weekly": "4w"})
    # 3 is inside until 26 August, 4 until the 24th at noon, though it lives on.
    assert {number: of(document, number)["reasons"] for number in (3, 4, 5)} == {
        3: [f"outlives {sid(2)}"],
        4: [f"outlives {sid(2)}"],
        5: ["within_weekly:oldest"],
    }


# R14b: what would run out


def dailies(newest: float, expires: str, count: int = 4) -> list[dict[str, Any]]:
    """So many days' snapshots, the newest so many days old."""
    return [row(number, ago(days=newest + number - 1), expires) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("expires", "extended"),
    [(ago(days=-7, hours=-23), [1, 2, 3, 4]), (ago(days=-8), []), (ago(hours=-1), [1, 2, 3, 4])],
)
def test_r14b_what_runs_out_is_extended_by_half_a_month(expires: str, extended: list[int]) -> None:
    document = bare(dailies(9, expires), WEEK, extend_kept=True)
    assert by_action(document, "extend") == extended
    assert {one["expires_to"] for one in document["snapshots"]} == {ago(days=-15) if extended else None}


@pytest.mark.parametrize(
    ("newest", "stale_after", "extended"),
    [(3, "3d", 0), (3.1, "3d", 4), (3.1, "off", 4), (3.1, "4d", 0)],
)
def test_r14b_only_while_backups_have_stopped(newest: float, stale_after: str, extended: int) -> None:
    document = bare(
        dailies(newest, ago(days=-7)), {"keep_within_daily": "5d"}, extend_kept=True, stale_after=stale_after
    )
    assert len(by_action(document, "extend")) == extended


def test_r14b_method_expire_extends_as_well() -> None:
    document = bare(dailies(9, ago(days=-1)), WEEK, method="expire")
    assert by_action(document, "extend") == [1, 2, 3, 4]


def test_r14b_not_where_windows_end_now() -> None:
    document = bare(dailies(4, ago(days=-7), 2), {"keep_within_daily": "5d"}, extend_kept=True, anchor="now")
    assert by_action(document, "extend") == []


def test_r14b_a_window_of_all_extends_each() -> None:
    document = bare(dailies(9, ago(days=-7)), {"keep_within": "2d"}, extend_kept=True)
    assert by_action(document, "extend") == [1, 2]


def test_r14b_the_oldest_is_left_out() -> None:
    listing = [row(1, "2026-08-10T20:00:00Z"), row(2, "2026-08-10T08:00:00Z", ago(days=-1))]
    document = bare(listing, WEEK, extend_kept=True)
    assert of(document, 2)["reasons"] == ["within_daily:oldest"]
    assert by_action(document, "extend") == []


@pytest.mark.parametrize(
    ("expires", "more", "extended"),
    [
        (ago(days=-8), {}, []),
        (ago(days=-7, hours=-23), {}, [2]),
        # A faulty one does not stand in for a sound one.
        (ago(days=-8), {"is_possibly_inconsistent": True}, [2]),
    ],
)
def test_r14b_not_where_another_covers_the_period(expires: str, more: dict[str, Any], extended: list[int]) -> None:
    listing = [
        row(1, "2026-08-11T20:00:00Z"),
        row(2, "2026-08-10T20:00:00Z", ago(days=-1)),
        row(3, "2026-08-10T08:00:00Z", expires, **more),
        row(4, "2026-08-09T08:00:00Z"),
    ]
    assert by_action(bare(listing, WEEK, extend_kept=True), "extend") == extended


def test_r14b_a_later_target_of_the_window_holds() -> None:
    document = bare(dailies(9, ago(hours=-30), 1), {"keep_within_daily": "90d"}, extend_kept=True)
    assert of(document, 1)["expires_to"] == ago(days=9 - 90)


def test_r14b_sound_ones_are_looked_at_by_themselves() -> None:
    """New snapshots come, and all of them are faulty."""
    listing = [
        row(number, ago(days=number - 1), ago(days=-7), is_possibly_inconsistent=number < 6) for number in range(1, 9)
    ]
    document = bare(listing, WEEK, extend_kept=True)
    assert by_action(document, "extend") == [6, 7, 8]


def test_r14b_what_a_window_keeps_that_has_passed_is_extended_at_any_time() -> None:
    listing = [row(1, NOW), *(row(number, ago(days=28 + number), ago(days=-3)) for number in range(2, 6))]
    document = bare(listing, WEEK, min_keep=3, extend_kept=True)
    assert by_action(document, "extend") == [2, 3]
    assert of(document, 2)["expires_to"] == ago(days=-15)


def test_r14b_without_extensions_each_is_a_warning() -> None:
    document = bare(dailies(9, ago(days=-1)), WEEK)
    assert texts(document["warnings"]) == [
        f"{dated(number, ago(days=8 + number))} is kept by the policy, but the service expires it on {ago(days=-1)}"
        for number in (1, 2, 3, 4)
    ]


def test_r14b_is_over_once_it_is_applied() -> None:
    listing = dailies(9, ago(days=-15))
    assert bare(listing, WEEK, extend_kept=True)["changes"] == []


# R15a: dates that are later than the schedule's


@pytest.mark.parametrize(
    ("schedule", "expires", "warned"),
    [
        (SCHEDULE, "2027-09-02T00:00:00Z", False),
        (SCHEDULE, "2027-09-02T00:00:01Z", True),
        (None, ago(days=-30), False),
        (None, ago(days=-30, seconds=-1), True),
        ({"snapshot_interval_hours": 6}, ago(days=-30, seconds=-1), True),
    ],
)
def test_r15a_a_date_later_than_the_schedule_gives_is_said(schedule: Any, expires: str, warned: bool) -> None:
    listing = info([row(1, NOW), row(2, "2026-08-01T00:00:00Z", expires)], schedule=schedule)
    document = bare(listing, ONE)
    assert by_action(document, "delete") == [2]
    assert ("long_date" in codes(document["warnings"])) is warned


def test_r15a_one_warning_with_the_longest() -> None:
    listing = info([row(1, NOW), row(2, ago(days=9)), row(3, ago(days=10), None), row(4, ago(days=11))])
    gives = "longer than the schedule's longest tier gives, the longest"
    assert texts(bare(listing, ONE, no_expiry="candidate")["warnings"]) == [
        f"3 snapshots to be removed live {gives} {dated(3, ago(days=10))} for ever; hold one to keep it"
    ]
    assert texts(bare(info(listing["snapshots"][:2]), ONE)["warnings"]) == [
        f"1 snapshot to be removed lives {gives} {dated(2, ago(days=9))} until {FAR}; hold one to keep it"
    ]
    shortened = bare(info([row(1, NOW), row(2, ago(days=9))]), {"keep_within": "1d"}, method="expire")
    assert codes(shortened["warnings"]) == ["long_date"]


# R17: removals are withheld


@pytest.mark.parametrize(
    ("age", "stale_after", "withheld"),
    [({"days": 3}, "3d", False), ({"days": 3, "seconds": 1}, "3d", True), ({"days": 9}, "off", False)],
)
def test_r17_while_backups_have_stopped_nothing_is_removed(age: Any, stale_after: str, withheld: bool) -> None:
    listing = rows([ago(**age), ago(days=30)])
    plan = plan_of(listing, ONE, min_keep=1, pit_window="off", max_delete=0, stale_after=stale_after)
    assert [decision.action for decision in plan.decisions] == ["keep", "keep" if withheld else "delete"]
    # Withholding comes before the guard counts.
    assert plan.is_blocked is not withheld
    assert [decision.snapshot.id for decision in plan.withheld] == ([sid(2)] if withheld else [])
    assert ("stale" in [warning.code for warning in plan.warnings]) is withheld
    if withheld:
        assert of(plan.dump(), 2)["reasons"] == ["stale"]
        assert of(plan.dump(), 2)["why"] == []


def test_r17_a_shorten_is_withheld_too_and_an_extension_goes_on() -> None:
    listing = [*dailies(9, ago(days=-1), 2), row(9, ago(days=60))]
    document = bare(listing, WEEK, method="expire", stale_after="3d")
    assert by_action(document, "extend") == [1, 2]
    assert of(document, 9)["reasons"] == ["stale"]


def test_r17_while_only_sound_ones_have_stopped_faulty_ones_are_removed() -> None:
    listing = [row(number, ago(days=number), is_possibly_inconsistent=number < 7) for number in range(1, 12)]
    document = bare(listing, ONE, stale_after="3d")
    assert by_action(document, "delete") == [2, 3, 4, 5, 6]
    assert [number for number in range(1, 12) if of(document, number)["reasons"] == ["stale"]] == [8, 9, 10, 11]
    (told,) = [text for text in texts(document["warnings"]) if "stale_after" in text]
    assert told.startswith(f"stale_after: the newest sound snapshot, {sid(7)} of {ago(days=7)}, is 4 d 0 h older than")
    assert "and 4 removals are withheld" in told


def test_r17_a_snapshot_in_the_future_is_no_newest_one() -> None:
    listing = [row(1, ago(days=-1)), row(2, ago(days=9)), row(3, ago(days=10))]
    assert by_action(bare(listing, ONE, stale_after="3d"), "delete") == []


def test_r17_the_finding_names_both_ways_out_and_is_there_without_removals() -> None:
    document = bare(rows([ago(days=400), ago(days=401)]), ONE, stale_after="3d")
    assert texts(document["warnings"])[0] == (
        f"stale_after: the newest complete snapshot, {sid(1)} of {ago(days=400)}, is 397 d 0 h older than"
        " stale_after 3d allows, and 1 removal is withheld; backups have stopped: mend them, or, where legacy backups"
        " have ended, set anchor: now and stale_after: off"
    )
    nothing = bare(rows([ago(days=400)]), ONE, stale_after="3d")
    assert "and no removals are withheld" in texts(nothing["warnings"])[0]


@pytest.mark.parametrize(
    ("age", "by"),
    [({"hours": 73}, "1 h 0 min"), ({"hours": 72, "minutes": 1}, "0 h 1 min"), ({"hours": 72.01}, "36 s")],
)
def test_r17_by_how_much(age: dict[str, float], by: str) -> None:
    told = texts(bare(rows([ago(**age), ago(days=401)]), ONE, stale_after="3d")["warnings"])[0]
    assert f"is {by} older than" in told


def test_r17_an_approved_plan_still_tells_what_was_withheld() -> None:
    """Also in its compact form, and where no other reason is read."""
    plan = plan_of(rows([ago(days=9), ago(days=30), ago(days=31)]), ONE, min_keep=1)
    for document in (plan.dump(), plan.dump_compact(), json.dumps(plan.dump_compact())):
        for explained in (True, False):
            read = Plan.load(document, explained)
            assert [decision.snapshot.id for decision in read.withheld] == [sid(2), sid(3)]
            assert read.digest == plan.digest
