# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The retention rules one by one; each test is named after the rule that it tries."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.engine import plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import read_info
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    POLICY_KEYS,
    parse_now,
    parse_options,
    parse_policy,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError

from unit.plugins.plugin_utils._retention.cases import (
    CLUSTER,
    FAR,
    NOW,
    PROJECT,
    SCHEDULE,
    TIDY,
    ago,
    applied,
    bare,
    by_action,
    codes,
    dated,
    info,
    job,
    kept,
    of,
    planned,
    row,
    rows,
    sid,
    texts,
)

ONE = {"keep_last": 1}
DAILY = [ago(hours=hours) for hours in range(0, 24 * 20, 12)]


# R1, R2, R3: one instant, one whole cluster, one order


def test_r01_the_plan_carries_its_instant_in_utc_and_whole_seconds() -> None:
    assert planned([], ONE, now="2026-08-21T03:00:00.9+02:00")["now"] == NOW


def test_r01_every_comparison_is_with_that_instant() -> None:
    listing = [row(1, NOW, "2026-08-21T01:00:01Z"), row(2, "2026-08-21T01:00:01Z"), row(3, ago(hours=1), NOW)]
    assert {number: of(planned(listing, ONE), number)["state"] for number in (1, 2, 3)} == {
        1: "candidate",
        2: "future",
        3: "expired",
    }


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"truncated": True}, "^truncated: is True"),
        ({"truncated": None}, "^truncated: is None"),
        ({"filtered": True}, "^filtered: is True"),
        ({"filtered": "false"}, "^filtered: is 'false'"),
        ({"completeness": "complete"}, "^completeness: is 'complete'"),
        ({"total": 3}, "^total: is 3 for 2"),
        ({"failed": True}, "^_input: the listing failed"),
        ({"snapshots": None}, "^snapshots: must be a list"),
        ({"project_id": "d" * 24}, "^project_id: the snapshots are not all of one"),
        ({"cluster_id": "d" * 24}, "^cluster_id: the snapshots are not all of one"),
        ({"cluster_id": 7}, "^cluster_id: must be a string"),
    ],
)
def test_r02_a_listing_that_is_not_whole_plans_nothing(change: dict[str, Any], why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        planned({**info(rows([NOW, ago(hours=1)])), **change}, ONE)


@pytest.mark.parametrize("key", ["snapshots", "truncated", "filtered", "completeness"])
def test_r02_a_result_of_something_else_is_refused(key: str) -> None:
    listing = info([])
    del listing[key]
    with pytest.raises(RefusedError, match=f"^_input: has no key {key}; give the filter the whole result"):
        planned(listing, ONE)


def test_r02_an_id_twice_is_refused_whatever_its_case() -> None:
    with pytest.raises(RefusedError, match="listed twice"):
        planned([row(171, NOW), row(171, ago(hours=1), id=sid(171).upper())], ONE)


def test_r02_a_restore_job_twice_tells_that_pages_shifted() -> None:
    with pytest.raises(RefusedError, match=r"^restore_jobs: 'c{24}' is listed twice, so the listing shifted"):
        planned(info([row(1, NOW)], restore_jobs=[job(1, None), job(1, None, in_use=False)]), ONE)


@pytest.mark.parametrize("key", ["project_id", "cluster_id"])
def test_r02_rows_of_two_clusters_are_refused(key: str) -> None:
    listing = info([row(1, NOW), row(2, ago(hours=1), **{key: "d" * 24})], **{key: None})
    with pytest.raises(RefusedError, match=f"^{key}: the snapshots are not all of one"):
        planned(listing, ONE)


def test_r02_the_ids_come_from_the_rows_where_the_result_has_none() -> None:
    document = planned(info([row(1, NOW)], project_id=None, cluster_id="", cluster_name=None), ONE)
    assert (document["project_id"], document["cluster_id"], document["cluster_name"]) == (PROJECT, CLUSTER, "Cluster0")
    nothing = planned(info([], project_id=None, cluster_id=None, cluster_name=None), ONE)
    assert (nothing["project_id"], nothing["cluster_id"], nothing["cluster_name"]) == (None, None, None)


def test_r03_newest_first_by_created_increment_and_id() -> None:
    at = ago(hours=5)
    listing = [
        row(1, at, created_increment=1),
        row(12, at, created_increment=2),
        row(11, at, created_increment=2),
        row(4, NOW),
        row(5, ago(hours=9)),
    ]
    assert [int(one["id"], 16) for one in planned(listing, ONE)["snapshots"]] == [4, 12, 11, 1, 5]


@pytest.mark.parametrize("created", [None, "", "yesterday", "2026-02-30T00:00:00Z", 7, [], "2026-08-21T01:00:00+99:00"])
def test_r03_a_missing_or_unreadable_created_is_refused(created: Any) -> None:
    with pytest.raises(RefusedError, match=r"^snapshots\[1\]\.created_at: "):
        planned([row(1, NOW), row(2, created)], ONE)


# R4: the states


@pytest.mark.parametrize(
    ("more", "options", "state", "reasons"),
    [
        ({}, {}, "candidate", []),
        ({"do_not_delete": True, "expires_at": None}, {}, "held", ["do_not_delete"]),
        ({"do_not_delete": True}, {"protected_ids": [sid(2)]}, "held", ["do_not_delete", "protected"]),
        ({}, {"protected_ids": [sid(2).upper()]}, "held", ["protected"]),
        ({"expires_at": None}, {}, "held", ["no_expiry"]),
        ({"expires_at": None}, {"no_expiry": "candidate"}, "candidate", []),
        ({"expires_at": None, "complete": False}, {}, "held", ["no_expiry"]),
        ({"expires_at": NOW}, {}, "expired", ["expired"]),
        ({"expires_at": ago(days=1)}, {"protected_ids": [sid(2)]}, "held", ["protected"]),
        ({"expires_at": ago(days=1), "complete": False}, {}, "expired", ["expired"]),
        ({"created_at": "2026-08-21T01:00:01Z"}, {}, "future", ["future"]),
        ({"created_at": "2026-08-22T00:00:00Z", "complete": False}, {}, "future", ["future"]),
        ({"complete": False}, {}, "incomplete", ["incomplete"]),
        ({"complete": None}, {}, "incomplete", ["incomplete"]),
        ({"do_not_delete": None}, {}, "candidate", []),
    ],
)
def test_r04_the_first_state_that_applies(
    more: dict[str, Any], options: dict[str, Any], state: str, reasons: list[str]
) -> None:
    listing = [row(1, ago(hours=1)), row(2, ago(days=5), **more)]
    found = of(bare(listing, ONE, **options), 2)
    assert (found["state"], found["reasons"]) == (state, reasons)
    assert found["action"] == ("delete" if state == "candidate" else "keep")


def test_r04_only_candidates_take_slots() -> None:
    listing = rows(DAILY[:6])
    listing[0]["do_not_delete"] = True
    assert by_action(bare(listing, {"keep_last": 2}), "delete") == [4, 5, 6]


def test_r04_protected_ids_that_are_not_listed_or_expire_are_warnings() -> None:
    listing = [row(1, NOW), row(2, ago(days=5), None)]
    warnings = planned(listing, ONE, protected_ids=f"{sid(1)} {sid(2)} {sid(3)}")["warnings"]
    assert codes(warnings) == ["protected_expires", "protected_missing"]
    assert texts(warnings) == [
        (
            f"protected_ids: {dated(1, NOW)} is protected from this plan alone, and the service expires it on {FAR};"
            " only do_not_delete stops that"
        ),
        f"protected_ids: {sid(3)} is not among the listed snapshots",
    ]


def test_r04_all_complete_expired_is_a_warning() -> None:
    listing = [row(1, ago(days=3), ago(days=1)), row(2, ago(days=4), ago(days=2)), row(3, NOW, complete=False)]
    assert texts(planned(listing, ONE)["warnings"]) == [
        (
            f"all complete snapshots have expired, the newest, {dated(1, ago(days=3))}, on {ago(days=1)};"
            " the last restorable one is kept past its expiry by Ops Manager, and by nothing else"
        ),
        "gaps cannot be measured: no complete snapshot is there that has not expired",
    ]
    assert "all_expired" not in codes(planned([], ONE)["warnings"])


# R5 to R8: counts, windows, the calendar, the oldest


@pytest.mark.parametrize(
    ("zone", "created", "policy", "expected"),
    [
        # 22:30 UTC is the next day in Berlin.
        ("UTC", ["2026-08-20T22:30:00Z", "2026-08-20T12:00:00Z", "2026-08-19T12:00:00Z"], {"keep_daily": 2}, [1, 3]),
        (
            "Europe/Berlin",
            ["2026-08-20T22:30:00Z", "2026-08-20T12:00:00Z", "2026-08-19T12:00:00Z"],
            {"keep_daily": 2},
            [1, 2],
        ),
        # The hour from two to three comes twice on 25 October, and is one hour.
        (
            "Europe/Berlin",
            ["2025-10-26T01:30:00Z", "2025-10-26T00:30:00Z", "2025-10-25T23:30:00Z"],
            {"keep_hourly": 2},
            [1, 3],
        ),
        ("UTC", ["2025-10-26T01:30:00Z", "2025-10-26T00:30:00Z", "2025-10-25T23:30:00Z"], {"keep_hourly": 2}, [1, 2]),
        # In St. John's the clock went back over midnight: a day that comes twice is one day.
        (
            "America/St_Johns",
            ["2010-11-07T03:40:00Z", "2010-11-07T03:00:00Z", "2010-11-07T02:30:30Z", "2010-11-07T01:00:00Z"],
            {"keep_daily": 2},
            [1, 2],
        ),
        # Samoa had no 30 December 2011.
        (
            "Pacific/Apia",
            ["2011-12-30T12:00:00Z", "2011-12-30T08:00:00Z", "2011-12-28T12:00:00Z"],
            {"keep_daily": 2},
            [1, 2],
        ),
        # ISO weeks: 31 December 2024 belongs to the first week of 2025, 3 January 2021 to the last of 2020.
        ("UTC", ["2025-01-05T00:00:00Z", "2024-12-31T00:00:00Z", "2024-12-29T00:00:00Z"], {"keep_weekly": 2}, [1, 3]),
        (
            "UTC",
            ["2021-01-04T00:00:00Z", "2021-01-03T00:00:00Z", "2020-12-28T00:00:00Z"],
            {"keep_weekly": 3},
            [1, 2, 3],
        ),
        # Days without a snapshot do not count.
        ("UTC", ["2026-08-20T00:00:00Z", "2026-07-01T00:00:00Z", "2020-02-29T00:00:00Z"], {"keep_daily": 3}, [1, 2, 3]),
    ],
)
def test_r05_counts(zone: str, created: list[str], policy: dict[str, Any], expected: list[int]) -> None:
    assert kept(bare(rows(created), policy, timezone=zone)) == expected


def test_r05_rules_are_independent() -> None:
    listing = rows(DAILY)
    together = set(kept(bare(listing, {"keep_daily": 3, "keep_weekly": 2, "keep_within": "3d"})))
    alone = [kept(bare(listing, policy)) for policy in ({"keep_daily": 3}, {"keep_weekly": 2}, {"keep_within": "3d"})]
    assert together == {number for numbers in alone for number in numbers}


def test_r06_a_window_is_open_at_its_far_end() -> None:
    listing = rows([NOW, ago(hours=48), ago(hours=48, seconds=1), ago(hours=47, minutes=59)])
    assert kept(bare(listing, {"keep_within": "48h"})) == [1, 4]


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [("newest", [1, 2, 3, 4]), ("now", [1])],  # the newest candidate stays by the floor
)
def test_r06_windows_end_at_the_newest_snapshot_or_now(anchor: str, expected: list[int]) -> None:
    listing = rows([ago(days=400 + number) for number in range(8)])
    assert kept(bare(listing, {"keep_within_daily": "4d"}, anchor=anchor)) == expected


@pytest.mark.parametrize(
    ("more", "deleted"),
    [
        ({}, [2, 3]),
        # Held, it takes no slot, and the floor is the next one.
        ({"do_not_delete": True, "expires_at": None}, [3]),
        ({"complete": False}, []),
        ({"created_at": "2026-08-22T00:00:00Z"}, []),
        ({"expires_at": NOW}, []),
    ],
)
def test_r06_the_anchor_is_complete_not_future_and_not_expired(more: dict[str, Any], deleted: list[int]) -> None:
    listing = [row(1, ago(hours=1)), row(2, ago(days=3)), row(3, ago(days=4))]
    listing[0].update(more)
    assert by_action(bare(listing, {"keep_within": "36h"}), "delete") == deleted


@pytest.mark.parametrize(
    ("newest", "window", "inside", "outside"),
    [
        ("2026-03-31T12:00:00Z", "1mo", "2026-02-28T12:00:01Z", "2026-02-28T12:00:00Z"),
        ("2024-03-31T12:00:00Z", "1mo", "2024-02-29T12:00:01Z", "2024-02-29T12:00:00Z"),
        ("2024-02-29T12:00:00Z", "1y", "2023-02-28T12:00:01Z", "2023-02-28T12:00:00Z"),
    ],
)
def test_r07_months_are_clamped(newest: str, window: str, inside: str, outside: str) -> None:
    listing = rows([newest, inside, outside])
    assert kept(bare(listing, {"keep_within": window}, anchor="newest")) == [1, 2]


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"keep_daily": 5}, "daily:oldest"),
        ({"keep_daily": -1}, "daily:oldest"),
        ({"keep_within_daily": "9d"}, "within_daily:oldest"),
        ({"keep_yearly": 2}, "yearly:oldest"),
        ({"keep_daily": 2}, None),
        ({"keep_within_daily": "1d"}, None),
        ({"keep_last": 9}, "last 4/9"),
    ],
)
def test_r08_the_oldest_of_a_young_history(policy: dict[str, Any], reason: str | None) -> None:
    listing = rows([NOW, ago(days=1, hours=0.5), ago(days=1, hours=5), ago(days=1, hours=12)])
    listing[1]["created_at"] = "2026-08-19T23:00:00Z"
    listing[2]["created_at"] = "2026-08-19T22:00:00Z"
    listing[3]["created_at"] = "2026-08-19T21:00:00Z"
    assert of(bare(listing, policy), 4)["reasons"] == ([] if reason is None else [reason])


def test_r08_the_oldest_grows_into_the_next_tier() -> None:
    listing = info(rows(DAILY[:3]))
    for _night in range(2):
        document = bare(listing, {"keep_yearly": 2})
        assert kept(document)[-1] == 3
        listing = applied(listing, document)


# R9, R10: the floor, the young, restores to a point in time


def test_r09_the_newest_candidates_always_stay() -> None:
    listing = rows(DAILY)
    document = planned(listing, ONE, min_keep=4, min_age="off", pit_window="off")
    assert kept(document) == [1, 2, 3, 4]
    assert of(document, 1)["reasons"] == ["last 1/1", "min_keep"]
    assert of(document, 4)["reasons"] == ["min_keep"]


def test_r09_the_floor_counts_candidates_only() -> None:
    listing = rows(DAILY[:6])
    listing[0].update(do_not_delete=True)
    listing[1].update(complete=False)
    assert kept(bare(listing, ONE, min_keep=2)) == [1, 2, 3, 4]


def test_r09_younger_than_min_age_stays_and_exactly_that_old_does_not() -> None:
    listing = rows([NOW, ago(hours=23, minutes=59), ago(hours=24), ago(hours=25)])
    document = bare(listing, ONE, min_age="24h")
    assert kept(document) == [1, 2]
    assert of(document, 2)["reasons"] == ["min_age"]


def test_r09_both_take_part_in_the_rules_as_usual() -> None:
    assert kept(bare(rows(DAILY), {"keep_last": 2}, min_keep=2)) == [1, 2]


def test_r10_inside_the_window_all_stay_and_the_newest_before_it() -> None:
    listing = rows([NOW, ago(hours=12), ago(hours=24), ago(hours=24, seconds=1), ago(hours=30)])
    document = bare(listing, ONE, pit_window="24h")
    assert [of(document, number)["reasons"] for number in range(1, 6)] == [
        ["last 1/1", "min_keep", "pit"],
        ["pit"],
        ["pit"],
        ["pit:base"],
        [],
    ]


@pytest.mark.parametrize(
    ("more", "base"),
    [
        ({"do_not_delete": True, "expires_at": None}, 2),
        ({"complete": False}, 3),
        ({"expires_at": NOW}, 3),
        ({}, 2),
    ],
)
def test_r10_the_base_is_complete_and_unexpired_held_or_not(more: dict[str, Any], base: int) -> None:
    listing = [row(1, NOW), row(2, ago(hours=30), **{"expires_at": FAR, **more}), row(3, ago(hours=36))]
    document = bare(listing, ONE, pit_window="24h")
    assert ("pit:base" in of(document, 3)["reasons"]) is (base == 3)


@pytest.mark.parametrize(
    ("schedule", "option", "expected", "warns"),
    [
        (SCHEDULE, "auto", "24h", False),
        ({**SCHEDULE, "point_in_time_window_hours": 48}, None, "48h", False),
        ({**SCHEDULE, "point_in_time_window_hours": 0}, "auto", "off", False),
        ({**SCHEDULE, "point_in_time_window_hours": None}, "auto", "72h", True),
        ({}, "auto", "72h", True),
        (None, "auto", "72h", True),
        (None, "1w", "1w", False),
        (None, False, "off", False),
    ],
)
def test_r10_auto_is_what_the_schedule_says(schedule: Any, option: Any, expected: str, warns: bool) -> None:
    document = planned(info([row(1, NOW)], schedule=schedule), ONE, pit_window=option)
    assert document["options"]["pit_window"] == expected
    assert any("pointInTimeWindowHours; 72h are assumed" in warning for warning in texts(document["warnings"])) is warns


@pytest.mark.parametrize(
    ("status", "option", "blocked"),
    [
        ("unavailable", "auto", True),
        ("unavailable", "72h", False),
        ("unavailable", "off", False),
        ("absent", "auto", False),
        (None, "auto", False),
        ("", "auto", False),
    ],
)
def test_r10_a_schedule_that_cannot_be_told_now_blocks_removals(status: Any, option: str, blocked: bool) -> None:
    listing = info(rows(DAILY), schedule=None, schedule_status=status)
    document = bare(listing, ONE, pit_window=option)
    assert codes(document["guard"]["reasons"]) == (["pit_window"] if blocked else [])
    assert ("schedule_unavailable" in codes(document["warnings"])) is (status == "unavailable")
    assert not bare(listing, {"keep_last": -1}, pit_window=option)["guard"]["blocked"]


def test_r10_an_unknown_schedule_status_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"^schedule_status: must be one of read, absent, unavailable"):
        planned(info([], schedule_status="gone"), ONE)


def test_r10_the_base_may_be_the_newest_or_the_newest_sound_one() -> None:
    listing = rows([NOW, ago(hours=30), ago(hours=36), ago(hours=42)])
    listing[1]["is_possibly_inconsistent"] = True
    document = bare(listing, ONE, pit_window="24h")
    assert [of(document, number)["reasons"] for number in (2, 3, 4)] == [["pit:base"], ["pit:base"], []]


def test_r10_what_a_restore_to_a_point_needs_is_never_shortened() -> None:
    listing = rows([NOW, ago(hours=12), ago(hours=30), ago(days=9)])
    document = bare(listing, {"keep_within": "1h"}, method="expire", pit_window="24h")
    assert by_action(document, "shorten") == [4]


# R11: the incomplete, and what is being restored


def test_r11_incomplete_ones_are_neither_counted_nor_touched() -> None:
    listing = rows(DAILY[:5])
    listing[1]["complete"] = False
    document = bare(listing, {"keep_last": 2})
    assert kept(document) == [1, 2, 3]


def test_r11_incomplete_for_more_than_a_day_is_a_warning() -> None:
    listing = [row(1, ago(days=1), complete=False), row(2, ago(days=1, seconds=1), complete=False), row(3, NOW)]
    assert texts(planned(listing, ONE)["warnings"]) == [
        f"{sid(2)} of {ago(days=1, seconds=1)} is still incomplete after more than a day"
    ]


@pytest.mark.parametrize(
    ("restore", "held"),
    [
        (job(3, None), [3]),
        (job(3, NOW), [3]),
        (job(sid(3).upper(), None), [3]),
        (job(3, None, in_use=False), []),
        (job("d" * 24, DAILY[4]), [5]),
        (job("d" * 24, ago(hours=49)), [5, 6]),
        (job(None, ago(hours=47)), [5]),
        (job(None, DAILY[4]), [5]),
        (job("", ago(hours=47)), [5]),
        (job(None, ago(days=900)), []),
    ],
)
def test_r11a_what_a_restore_job_uses_is_held(restore: dict[str, Any], held: list[int]) -> None:
    document = bare(info(rows(DAILY[:6]), restore_jobs=[restore]), ONE)
    found = [int(one["id"], 16) for one in document["snapshots"] if codes(one["reasons"]) == ["restoring"]]
    assert found == held
    assert not document["guard"]["blocked"]


def test_r11a_a_point_in_time_uses_the_newest_complete_one() -> None:
    listing = rows(DAILY[:6])
    listing[4]["complete"] = False
    document = bare(info(listing, restore_jobs=[job(None, ago(hours=47))]), ONE)
    assert of(document, 6)["reasons"] == ["restoring"]


def unsound(listing: list[dict[str, Any]], *numbers: int) -> list[dict[str, Any]]:
    """The listing with these snapshots faulty."""
    return [{**one, "is_possibly_inconsistent": int(one["id"], 16) in numbers} for one in listing]


@pytest.mark.parametrize(
    ("timestamp", "faulty", "held"),
    [
        # The one of that time, whatever else there is.
        (DAILY[3], (), [4]),
        (DAILY[3], (4,), [4]),
        # Between two, the nearest on each side, and the nearest sound ones.
        (ago(hours=40), (), [4, 5]),
        (ago(hours=40), (4, 5), [3, 4, 5, 6]),
        (ago(hours=40), (1, 2, 3, 4, 5, 6), [4, 5]),
        # Older or newer than all.
        (ago(days=90), (), [6]),
        (ago(hours=-1), (1,), [1, 2]),
    ],
)
def test_r11a_a_job_whose_snapshot_is_not_listed(timestamp: str, faulty: tuple[int, ...], held: list[int]) -> None:
    listing = info(unsound(rows(DAILY[:6]), *faulty), restore_jobs=[job("d" * 24, timestamp)])
    document = bare(listing, ONE)
    found = [int(one["id"], 16) for one in document["snapshots"] if codes(one["reasons"]) == ["restoring"]]
    assert found == held
    warned = [
        text for text in texts(document["warnings"]) if text.startswith(f"restore job {'c' * 24!r} uses snapshot")
    ]
    assert len(warned) == 1
    assert ", ".join(sid(number) for number in held) in warned[0]
    assert not document["guard"]["blocked"]


def test_r11a_one_of_that_time_that_is_incomplete_is_not_enough() -> None:
    listing = rows(DAILY[:6])
    listing[3]["complete"] = False
    document = bare(info(listing, restore_jobs=[job("d" * 24, DAILY[3])]), ONE)
    assert [number for number in range(1, 7) if of(document, number)["reasons"] == ["restoring"]] == [3, 4, 5]


def test_r11a_a_point_in_time_may_use_the_newest_or_the_newest_sound_one() -> None:
    listing = info(unsound(rows(DAILY[:6]), 4, 5), restore_jobs=[job(None, ago(hours=40))])
    document = bare(listing, ONE)
    assert [number for number in range(1, 7) if of(document, number)["reasons"] == ["restoring"]] == [5, 6]


@pytest.mark.parametrize("jobs", [None, [job(None, None)], [job("d" * 24, None)]])
def test_r11a_jobs_that_cannot_be_told_block_removals(jobs: Any) -> None:
    listing = info(rows(DAILY[:6]), restore_jobs=jobs)
    guard = bare(listing, ONE)["guard"]
    assert guard["blocked"]
    assert texts(guard["reasons"])[0].startswith("restore_jobs: ")
    assert not bare(listing, {"keep_last": -1})["guard"]["blocked"]


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        (None, "the restore jobs were not gathered"),
        ([job(None, None)], f"restore job {'c' * 24} is in use and names neither a snapshot nor a point in time"),
    ],
)
def test_r11a_a_guard_says_what_is_not_known_of_restores(jobs: Any, words: str) -> None:
    document = bare(info([row(1, NOW), row(2, ago(days=9))], restore_jobs=jobs), ONE)
    assert texts(document["guard"]["reasons"]) == [
        (
            f"restore_jobs: {words}, so a snapshot to be removed may be in use; 1 would be removed;"
            " gather restore_jobs, or wait until those jobs have ended"
        )
    ]


# R12: the reasons


def test_r12_reasons_in_their_order_with_ordinals() -> None:
    listing = rows([NOW, ago(hours=12), ago(days=3)])
    listing[1]["expires_at"] = "2100-01-01T00:00:00Z"
    policy = {"keep_last": 2, "keep_daily": -1, "keep_yearly": 3, "keep_within": "1d", "keep_within_monthly": "1mo"}
    document = planned(listing, policy, min_keep=1, pit_window="24h", max_delete=-1)
    assert of(document, 1)["reasons"] == [
        "last 1/2",
        "daily 1/unlimited",
        "yearly 1/3",
        "within",
        "within_monthly",
        "min_keep",
        "min_age",
        "pit",
    ]
    assert of(document, 2)["reasons"] == [
        "last 2/2",
        "daily 2/unlimited",
        "within",
        "min_age",
        "pit",
        f"outlives {sid(1)}",
    ]
    assert of(document, 3)["reasons"] == ["daily 3/unlimited", "yearly:oldest", "within_monthly:oldest", "pit:base"]


def test_r12_why_says_what_stands_instead_or_what_ended() -> None:
    listing = rows([NOW, ago(hours=2), ago(hours=30), ago(hours=31), ago(days=40)])
    document = bare(listing, {"keep_last": 1, "keep_daily": 2, "keep_within_daily": "7d", "keep_within": "12h"})
    assert by_action(document, "delete") == [4, 5]
    assert of(document, 4)["why"] == [
        f"last: quota used up by {sid(1)}",
        f"daily: quota used up by {sid(2)}",
        f"within: older than the cutoff {ago(hours=12)}",
        f"within_daily: {sid(3)} stands for its period",
    ]
    assert of(document, 5)["why"] == [
        f"last: quota used up by {sid(1)}",
        f"daily: quota used up by {sid(2)}",
        f"within: older than the cutoff {ago(hours=12)}",
        f"within_daily: older than the cutoff {ago(days=7)}",
    ]


def test_r12_like_answers_share_a_line() -> None:
    policy = {"keep_last": 1, "keep_daily": 1, "keep_weekly": 1, "keep_monthly": 1}
    assert of(bare(rows([NOW, ago(hours=2)]), policy), 2)["why"] == [
        f"last, daily: quota used up by {sid(1)}",
        f"weekly, monthly: {sid(1)} stands for its period",
    ]


def test_r12_a_period_that_the_cutoff_divides() -> None:
    """The older of the two is of a day that is kept, and still older than the window."""
    listing = rows([ago(hours=1), "2026-08-14T09:00:00Z", "2026-08-14T01:00:01Z", "2026-08-14T01:00:00Z"])
    document = bare(listing, {"keep_within_daily": "7d"}, anchor="now")
    assert by_action(document, "delete") == [3, 4]
    assert of(document, 3)["why"] == [f"within_daily: {sid(2)} stands for its period"]
    assert of(document, 4)["why"] == [f"within_daily: older than the cutoff {ago(days=7)}"]


def test_r12_what_is_shortened_says_why_too() -> None:
    document = bare(rows([NOW, ago(hours=2)]), {"keep_within": "1h"}, method="expire")
    assert by_action(document, "shorten") == [2]
    assert of(document, 2)["why"] == [f"within: older than the cutoff {ago(hours=1)}"]


# R13: the longest-lived of a period


def day(*expiries: str | None) -> list[dict[str, Any]]:
    """Snapshots of one day before NOW's, newest first, with those expiries."""
    return [row(number, f"2026-08-20T{23 - number:02}:00:00Z", expires) for number, expires in enumerate(expiries, 1)]


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        (day("2026-08-22T00:00:00Z", "2026-08-27T00:00:00Z", "2026-08-22T00:00:00Z"), {2: [f"outlives {sid(1)}"]}),
        # Of equals the newest.
        (day("2026-08-22T00:00:00Z", "2026-08-27T00:00:00Z", "2026-08-27T00:00:00Z"), {2: [f"outlives {sid(1)}"]}),
        (day("2026-08-27T00:00:00Z", "2026-08-27T00:00:00Z"), {}),
        (day("2026-08-28T00:00:00Z", "2026-08-27T00:00:00Z"), {}),
        # No expiry is never.
        (day("2026-08-22T00:00:00Z", FAR, None), {3: [f"outlives {sid(1)}"]}),
        (day(None, FAR), {}),
    ],
)
def test_r13_the_longest_lived_of_a_period_stays(listing: list[dict[str, Any]], expected: dict[int, list[str]]) -> None:
    document = bare(listing, {"keep_daily": 1}, no_expiry="candidate")
    found = {int(one["id"], 16): texts(one["reasons"]) for one in document["snapshots"][1:] if one["reasons"]}
    assert found == expected
    assert kept(document) == [1, *expected]


def test_r13_of_a_window_what_lies_inside_it() -> None:
    at = ["2026-08-20T20:00:00Z", "2026-08-20T10:00:00Z", "2026-08-20T02:00:00Z"]
    listing = [row(1, at[0], ago(days=-2)), row(2, at[1], ago(days=-7)), row(3, at[2], FAR)]
    assert kept(bare(listing, {"keep_within_daily": "12h"})) == [1, 2]


def test_r13_in_each_rule_the_one_that_it_outlives() -> None:
    listing = [
        row(1, "2026-08-20T20:00:00Z", "2026-08-22T00:00:00Z"),
        row(2, "2026-08-19T20:00:00Z", "2026-08-21T20:00:00Z"),
        row(3, "2026-08-19T02:00:00Z", FAR),
    ]
    document = bare(listing, {"keep_daily": 2, "keep_weekly": 1})
    assert of(document, 3)["reasons"] == [f"outlives {sid(2)}", f"outlives {sid(1)}"]


def test_r13_an_expiry_that_this_plan_extends_counts_as_extended() -> None:
    listing = [
        row(1, "2026-08-20T20:00:00Z", "2026-08-22T20:00:00Z"),
        row(2, "2026-08-19T20:00:00Z", "2026-08-23T20:00:00Z"),
        row(3, "2026-08-19T02:00:00Z", "2026-08-24T02:00:00Z"),
    ]
    policy = {"keep_within_daily": "7d"}
    assert of(bare(listing, policy), 3)["reasons"] == ["within_daily:oldest", f"outlives {sid(2)}"]
    listing.append(row(4, "2026-08-12T02:00:00Z", "2026-08-24T02:00:00Z"))
    assert by_action(bare(listing, policy), "delete") == [4]
    assert by_action(bare(listing, policy, extend_kept=True), "delete") == [3, 4]


# R14, R14a, R15: how long, and dates instead of deletes


MONTH = {"keep_within_monthly": "13mo"}


def month(newest: str = "2026-08-20T19:00:00Z", **more: Any) -> list[dict[str, Any]]:
    """A newer month's snapshot, July's newest and July's first, and one of June."""
    return [
        row(1, newest, "2026-08-30T00:00:00Z"),
        row(2, "2026-07-31T18:00:00Z", "2026-08-28T18:00:00Z", **more),
        row(3, "2026-07-01T00:00:00Z", "2026-08-29T00:00:00Z"),
        row(4, "2026-06-30T18:00:00Z", FAR),
    ]


def test_r15_what_a_window_keeps_is_extended_once_its_period_is_over() -> None:
    document = bare(month(), MONTH, extend_kept=True)
    assert by_action(document, "extend") == [2]
    assert of(document, 2)["expires_to"] == "2027-08-31T18:00:00Z"
    assert by_action(document, "delete") == [3]


def test_r14_not_while_the_period_lasts() -> None:
    listing = month("2026-07-31T20:00:00Z")
    document = bare(listing, MONTH, extend_kept=True)
    assert by_action(document, "extend") == []


@pytest.mark.parametrize(("expires", "extended"), [("2026-08-22T12:59:59Z", [1]), ("2026-08-22T13:00:00Z", [])])
def test_r14_but_at_the_last_moment(expires: str, extended: list[int]) -> None:
    listing = month()
    listing[0]["expires_at"] = expires
    document = bare(listing, MONTH, extend_kept=True)
    assert [number for number in by_action(document, "extend") if number == 1] == extended


def test_r14_a_newer_snapshot_that_is_held_or_expired_ends_a_period_too() -> None:
    options = {"extend_kept": True, "stale_after": "60d"}
    for more in ({"do_not_delete": True, "expires_at": None}, {"expires_at": NOW}):
        listing = month()
        listing[0].update(more)
        assert by_action(bare(listing, MONTH, **options), "extend") == [2]
    listing[0].update(complete=False)
    assert by_action(bare(listing, MONTH, **options), "extend") == []


@pytest.mark.parametrize(
    ("expires", "extended"),
    [
        ("2027-08-01T00:00:00Z", []),
        ("2027-07-31T23:59:00Z", []),
        ("2027-07-31T23:58:59Z", [2]),
        (None, []),
    ],
)
def test_r14_not_where_another_covers_the_period(expires: str | None, extended: list[int]) -> None:
    listing = month()
    listing[2]["expires_at"] = expires
    document = bare(listing, MONTH, extend_kept=True, no_expiry="candidate")
    assert by_action(document, "extend") == extended
    assert by_action(document, "delete") == ([3] if extended else [])


@pytest.mark.parametrize(
    ("expires", "extended"),
    [("2026-08-27T12:00:00Z", []), ("2026-08-27T11:59:00Z", []), ("2026-08-27T11:58:59Z", [2])],
)
@pytest.mark.parametrize("window", ["7d", "168h"])
def test_r14_a_window_is_covered_to_the_minute(window: str, expires: str, extended: list[int]) -> None:
    """Two of one day: the newer stands for it and dies early, the older lives as long as the window."""
    listing = [
        row(1, NOW),
        row(2, "2026-08-20T18:00:00Z", "2026-08-25T00:00:00Z"),
        row(3, "2026-08-20T12:00:00Z", expires),
    ]
    document = bare(listing, {"keep_within_daily": window}, extend_kept=True)
    assert by_action(document, "extend") == extended


def test_r14_a_count_before_a_window_changes_nothing() -> None:
    listing = [row(1, NOW), row(2, ago(days=8), ago(days=-2)), row(3, ago(days=60))]
    document = bare(listing, {"keep_last": 3, "keep_within_weekly": "4w"}, extend_kept=True)
    assert of(document, 2)["expires_to"] == ago(days=8 - 28)


def test_r14_the_longer_window_holds_also_where_it_is_the_finer_rule() -> None:
    listing = [row(1, NOW), row(2, ago(days=8), ago(days=-2))]
    document = bare(listing, {"keep_within_daily": "60d", "keep_within_weekly": "4w"}, extend_kept=True)
    assert of(document, 2)["expires_to"] == ago(days=8 - 60)


def test_r15_the_oldest_that_a_count_keeps_and_that_expires_soon_is_told() -> None:
    oldest = "2026-08-01T00:00:00Z"
    listing = [row(1, NOW), row(2, "2026-08-02T00:00:00Z"), row(3, oldest, ago(hours=-20))]
    document = bare(listing, {"keep_monthly": 5})
    assert of(document, 3)["reasons"] == ["monthly:oldest"]
    assert [warning for warning in texts(document["warnings"]) if sid(3) in warning] == [
        f"1 snapshot kept by counts expires within 36 h, the first {dated(3, oldest)} on {ago(hours=-20)}"
    ]


def test_r14_one_that_goes_covers_nothing() -> None:
    # The first lives its full window, but the second outlives it, and only the longest-lived stays.
    listing = month()
    listing[2]["expires_at"] = "2027-08-01T00:00:00Z"
    listing.insert(2, row(5, "2026-07-20T00:00:00Z", "2027-08-02T00:00:00Z"))
    document = bare(listing, MONTH, extend_kept=True)
    assert by_action(document, "extend") == [2]
    assert by_action(document, "delete") == [5, 3]


def test_r14_the_oldest_gives_no_window() -> None:
    listing = [*month()[:3], row(4, "2026-07-01T00:00:00Z", "2026-08-29T00:00:00Z", created_increment=0)]
    document = bare(listing, MONTH, extend_kept=True)
    assert of(document, 4)["reasons"] == ["within_monthly:oldest"]
    assert by_action(document, "extend") == [2]


def test_r14_the_longest_window_that_counts() -> None:
    policy = {"keep_within": "30d", "keep_within_monthly": "13mo", "keep_within_yearly": "5y"}
    document = bare(month(), policy, extend_kept=True)
    # The year lasts, the month is over; the plain window has no period to wait for.
    assert of(document, 2)["expires_to"] == "2027-08-31T18:00:00Z"
    assert of(document, 1)["expires_to"] == "2026-09-19T19:00:00Z"


@pytest.mark.parametrize(("expires", "extended"), [("2026-08-22T18:59:00Z", []), ("2026-08-22T18:58:59Z", [1])])
def test_r15_a_minute_is_no_difference(expires: str, extended: list[int]) -> None:
    listing = [row(1, "2026-08-20T19:00:00Z", expires)]
    assert by_action(bare(listing, {"keep_within": "2d"}, extend_kept=True), "extend") == extended


def test_r15_where_it_is_off_each_is_a_warning() -> None:
    document = bare(month(), MONTH)
    kept = f"{dated(2, '2026-07-31T18:00:00Z')} is kept by the policy"
    assert f"{kept}, but the service expires it on 2026-08-28T18:00:00Z" in texts(document["warnings"])
    listing = month()
    listing[2]["expires_at"] = "2027-08-01T00:00:00Z"
    assert not any("is kept by the policy" in warning for warning in texts(bare(listing, MONTH)["warnings"]))
    assert not any("is kept by the policy" in one for one in texts(bare(month(), MONTH, extend_kept=True)["warnings"]))


def test_r15_kept_by_counts_is_one_warning() -> None:
    listing = [row(1, NOW, ago(days=-2)), row(2, ago(hours=6), ago(hours=-35)), row(3, ago(hours=9), ago(hours=-34))]
    warnings = texts(bare(listing, {"keep_last": 5}, min_keep=3)["warnings"])
    assert warnings == [
        f"2 snapshots kept by counts expire within 36 h, the first {dated(3, ago(hours=9))} on {ago(hours=-34)}"
    ]
    # Not for floor, age or point in time.
    assert texts(bare(listing, {"keep_last": 1}, min_keep=3, min_age="24h", pit_window="24h")["warnings"]) == []


def test_r15_a_schedule_shorter_than_the_policy_is_a_warning() -> None:
    short = {**SCHEDULE, "monthly_snapshot_retention_months": 12}
    listing = info([row(1, NOW)], schedule=short)
    expected = (
        "no tier of the schedule reaches the policy's longest window, 13mo, so the service expires snapshots"
        " sooner; extend_kept: true or method: expire mends that"
    )
    assert expected in texts(bare(listing, TIDY)["warnings"])
    assert expected not in texts(bare(listing, TIDY, extend_kept=True)["warnings"])
    assert expected not in texts(bare(listing, TIDY, method="expire")["warnings"])
    assert expected not in bare(info([row(1, NOW)]), TIDY)["warnings"]
    assert expected not in texts(bare(listing, {**TIDY, "keep_within_monthly": "1y"})["warnings"])


EXPIRE = {"method": "expire"}


def test_r14a_what_nothing_keeps_is_shortened_to_two_days() -> None:
    listing = rows([NOW, ago(days=5), ago(days=6)])
    listing[2]["expires_at"] = "2026-08-23T01:01:00Z"
    document = bare(listing, {"keep_within": "1d"}, **EXPIRE)
    assert (of(document, 2)["action"], of(document, 2)["expires_to"]) == ("shorten", "2026-08-23T01:00:00Z")
    assert (of(document, 3)["action"], of(document, 3)["reasons"]) == ("keep", ["expiring"])
    assert document["summary"]["by_action"] == {"keep": 2, "extend": 0, "shorten": 1, "delete": 0}


def test_r14a_never_expiring_ones_get_a_date() -> None:
    listing = rows([NOW, ago(days=5)], None)
    document = bare(listing, {"keep_within": "1d"}, **EXPIRE, no_expiry="candidate")
    assert by_action(document, "shorten") == [2]


def test_r14a_extends_as_far_as_the_window_and_two_days_at_least() -> None:
    listing = [row(1, NOW), row(2, ago(days=6, hours=20), ago(hours=-1)), row(3, ago(days=2), ago(hours=-1))]
    document = bare(listing, {"keep_within": "7d"}, **EXPIRE)
    assert (of(document, 2)["action"], of(document, 2)["expires_to"]) == ("extend", "2026-08-23T01:00:00Z")
    assert (of(document, 3)["action"], of(document, 3)["expires_to"]) == ("extend", "2026-08-26T01:00:00Z")


def test_r14a_the_longest_lived_is_not_shortened() -> None:
    listing = month()
    listing[2]["expires_at"] = FAR
    document = bare(listing, MONTH, **EXPIRE)
    assert of(document, 3)["reasons"] == [f"outlives {sid(2)}"]
    assert by_action(document, "shorten") == []


def test_r14a_near_the_end_of_time() -> None:
    listing = info([row(1, "9999-12-31T00:00:00Z", "9999-12-31T23:00:00Z"), row(2, "0001-01-01T00:00:00Z", None)])
    rules = {"keep_within_daily": "9y"}
    document = bare(listing, rules, **EXPIRE, no_expiry="candidate", now="9999-12-31T12:00:00Z")
    assert of(document, 1)["expires_to"] == "9999-12-31T23:59:59Z"
    assert of(document, 2)["expires_to"] == "9999-12-31T23:59:59Z"


# R16: the guard


def guard(number: int, **options: Any) -> dict[str, Any]:
    """The guard of a plan that removes all but one of so many."""
    listing = rows([ago(minutes=minutes) for minutes in range(number)])
    return dict(bare(listing, ONE, **{"max_delete": 50, "max_delete_percent": 75, **options})["guard"])


@pytest.mark.parametrize(
    ("number", "options", "expected"),
    [
        (4, {}, []),
        (
            5,
            {},
            [
                (
                    "max_delete_percent: 4 of 5 candidates would be removed, 1 more than the 3 that"
                    " max_delete_percent 75 allows; look at the plan, then raise max_delete_percent for that run"
                )
            ],
        ),
        (51, {"max_delete_percent": 100}, []),
        (
            52,
            {"max_delete_percent": 100},
            [
                (
                    "max_delete: 51 snapshots would be removed, 1 more than max_delete 50 allows;"
                    " look at the plan, then raise max_delete for that run"
                )
            ],
        ),
        (52, {"max_delete_percent": 100, "max_delete": -1}, []),
        (52, {"max_delete_percent": 100, "max_delete": 51}, []),
        (1, {"max_delete_percent": 0, "max_delete": 0}, []),
        (2, {"max_delete_percent": 50, "max_delete": 1}, []),
    ],
)
def test_r16_the_limits(number: int, options: dict[str, Any], expected: list[str]) -> None:
    found = guard(number, **options)
    assert (found["blocked"], texts(found["reasons"])) == (bool(expected), expected)


def test_r16_shortens_count_and_both_limits_are_named() -> None:
    listing = rows([NOW, *(ago(days=day) for day in range(2, 9))])
    document = bare(listing, {"keep_within": "1d"}, **EXPIRE, max_delete=3, max_delete_percent=50)
    assert codes(document["guard"]["reasons"]) == ["max_delete", "max_delete_percent"]


@pytest.mark.parametrize("off", ["off", False, "false", " OFF "])
def test_r16_off_switches_a_limit_off(off: Any) -> None:
    assert guard(60, max_delete=off, max_delete_percent=off) == {"blocked": False, "reasons": []}


def test_r16_zero_is_a_limit() -> None:
    assert codes(guard(2, max_delete=0, max_delete_percent=0)["reasons"]) == ["max_delete", "max_delete_percent"]


def test_r16_the_names_are_those_that_the_reader_can_set() -> None:
    listing = info(rows([ago(days=days) for days in range(60)]), schedule=None, schedule_status="unavailable")
    rules = parse_policy(ONE)
    made = plan(read_info(listing), rules, parse_options({}, rules), parse_now(NOW), prefix="retention_")
    assert [reason.code for reason in made.blocked_by] == ["max_delete", "max_delete_percent", "pit_window"]
    made = plan(read_info(listing), rules, parse_options({"max_delete": 3}, rules), parse_now(NOW), prefix="retention_")
    assert made.blocked_by[0].text == (
        "retention_max_delete: 55 snapshots would be removed, 52 more than retention_max_delete 3 allows;"
        " look at the plan, then raise retention_max_delete for that run"
    )
    texts_ = [reason.text for reason in (*made.blocked_by, *made.warnings)]
    assert all("retention_pit_window" in text for text in texts_ if "pit_window" in text)


# Gaps


def test_gaps_are_whole_periods_without_a_complete_snapshot() -> None:
    created = [f"2026-08-{day:02}T12:00:00Z" for day in (20, 19, 16, 15, 11, 3)]
    listing = rows(created)
    listing[2]["do_not_delete"] = True
    listing[3]["expires_at"] = NOW
    document = bare(listing, {"keep_within_daily": "8d", "keep_within_hourly": "8d", "keep_within": "8d"})
    assert document["gaps"] == [{"rule": "within_daily", "period": f"2026-08-{day}"} for day in (18, 17, 14, 13)]


def test_gaps_begin_after_the_oldest_complete_snapshot() -> None:
    listing = [row(1, ago(days=1)), row(2, ago(days=3)), row(3, ago(days=9), complete=False)]
    assert bare(listing, {"keep_within_daily": "13mo"})["gaps"] == [{"rule": "within_daily", "period": "2026-08-19"}]


def test_gaps_reach_to_now_and_begin_at_the_cutoff() -> None:
    listing = rows(["2026-05-10T00:00:00Z", "2026-04-10T00:00:00Z", "2025-05-20T00:00:00Z"])
    months = ["2026-07", "2026-06", "2026-03", "2026-02", "2026-01", "2025-12", "2025-11", "2025-10", "2025-09"]
    newest = [gap["period"] for gap in bare(listing, MONTH)["gaps"]]
    assert newest == [*months, "2025-08", "2025-07", "2025-06"]
    assert [gap["period"] for gap in bare(listing, MONTH, anchor="now")["gaps"]] == newest[:-2]


def test_gaps_leave_out_what_the_calendar_leaves_out() -> None:
    listing = rows(["2012-01-01T00:00:00Z", "2011-12-28T12:00:00Z"])
    now = "2012-01-01T12:00:00Z"
    gaps = bare(listing, {"keep_within_daily": "9d"}, timezone="Pacific/Apia", now=now)["gaps"]
    assert [gap["period"] for gap in gaps] == ["2011-12-31", "2011-12-29"]


@pytest.mark.parametrize(
    ("interval", "days", "warned"),
    [(6, 1, False), (24, 1, False), (None, 1, False), (1, 1, True), (48, 1, True), (0, 1, True)],
)
def test_gaps_are_those_of_periods_no_shorter_than_the_interval(interval: int | None, days: int, warned: bool) -> None:
    """An interval that the service does not document counts as a day, so that it silences no gate."""
    listing = info(rows([NOW, ago(days=2)]), schedule={"snapshot_interval_hours": interval})
    document = bare(listing, {"keep_within_hourly": "7d", "keep_within_daily": "7d"})
    assert [gap["rule"] for gap in document["gaps"]] == ["within_daily"] * days
    assert ("interval" in codes(document["warnings"])) is warned


@pytest.mark.parametrize(
    ("listing", "options"),
    [
        ([], {}),
        ([row(1, ago(days=1), complete=False)], {}),
        ([row(1, ago(days=1), NOW)], {}),
        ([row(1, ago(days=1), NOW)], {"anchor": "now"}),
        ([row(1, ago(days=400))], {"anchor": "now"}),
    ],
)
def test_gaps_that_cannot_be_measured_are_a_warning(listing: list[dict[str, Any]], options: dict[str, Any]) -> None:
    document = bare(listing, {"keep_within_daily": "7d"}, **options)
    assert document["gaps"] == []
    assert "gaps_unmeasured" in codes(document["warnings"])


def test_gaps_that_cannot_be_measured_are_those_of_a_rule() -> None:
    policy = {"keep_within_daily": "7d", "keep_within_monthly": "3mo"}
    document = bare([row(1, ago(days=80))], policy, anchor="now", stale_after="off")
    assert [gap["period"] for gap in document["gaps"]] == ["2026-07"]
    assert texts(document["warnings"])[-1] == (
        f"gaps of within_daily cannot be measured: there is no complete snapshot since {ago(days=7)}"
    )


def test_gaps_are_periods_without_a_sound_snapshot() -> None:
    listing = [row(number, ago(days=number), is_possibly_inconsistent=number in (2, 4)) for number in range(1, 6)]
    listing.append(row(6, ago(days=3, hours=20), do_not_delete=True))
    document = bare(listing, {"keep_within_daily": "7d"})
    assert document["gaps"] == [{"rule": "within_daily", "period": "2026-08-19"}]


def test_gaps_that_are_very_many_are_cut() -> None:
    listing = info(rows(["2026-08-20T00:00:00Z", "0001-01-01T00:00:00Z"]), schedule=None)
    document = bare(listing, {"keep_within_daily": "9999y"})
    assert len(document["gaps"]) == 400
    assert document["gaps"][0]["period"] == "2026-08-19"
    assert texts(document["warnings"])[-1] == "within_daily has more than 400 gaps, of which the newest are listed"


# The document


def test_r19_changes_are_extends_then_shortens_then_deletes_each_oldest_first() -> None:
    listing = [*month(), row(5, ago(days=800)), row(6, ago(days=801))]
    listing[0]["expires_at"] = ago(hours=-30)
    document = bare(listing, MONTH, extend_kept=True)
    assert document["changes"] == [
        {"snapshot_id": sid(2), "state": "present", "expires_at": "2027-08-31T18:00:00Z"},
        {"snapshot_id": sid(1), "state": "present", "expires_at": "2027-09-20T19:00:00Z"},
        {"snapshot_id": sid(6), "state": "absent"},
        {"snapshot_id": sid(5), "state": "absent"},
        {"snapshot_id": sid(3), "state": "absent"},
    ]
    shortened = bare(listing, MONTH, **EXPIRE)["changes"]
    assert [change["snapshot_id"] for change in shortened] == [sid(number) for number in (2, 1, 6, 5, 3)]


def test_the_document_has_its_keys_in_order_and_holds_plain_data() -> None:
    document = planned(month(), TIDY)
    assert list(document) == [
        "schema",
        "project_id",
        "cluster_id",
        "cluster_name",
        "now",
        "timezone",
        "policy",
        "options",
        "snapshots",
        "changes",
        "summary",
        "gaps",
        "guard",
        "warnings",
        "digest",
    ]
    assert list(document["snapshots"][0]) == [
        "id",
        "created_at",
        "created_increment",
        "complete",
        "do_not_delete",
        "faulty",
        "expires_at",
        "state",
        "action",
        "expires_to",
        "reasons",
        "why",
        "file_size_bytes",
    ]
    assert list(document["summary"]) == [
        "total",
        "by_action",
        "by_state",
        "file_size_bytes_kept",
        "file_size_bytes_removed",
    ]
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize(
    ("sizes", "stays", "goes"), [((10, 20, 30), 10, 50), ((None, 20, 30), None, 50), ((10, None, 30), 10, None)]
)
def test_sizes_are_null_when_one_is_unknown(sizes: Any, stays: int | None, goes: int | None) -> None:
    listing = rows([NOW, ago(hours=1), ago(hours=2)])
    for one, size in zip(listing, sizes, strict=True):
        one["file_size_bytes"] = size
    summary = bare(listing, ONE)["summary"]
    assert (summary["file_size_bytes_kept"], summary["file_size_bytes_removed"]) == (stays, goes)


@pytest.mark.parametrize(
    "policy",
    [
        TIDY,
        {"keep_last": 1},
        {
            **TIDY,
            **{"keep_last": 3, "keep_hourly": 5, "keep_daily": 7, "keep_weekly": 9, "keep_monthly": 11},
            **{"keep_yearly": 2, "keep_within_hourly": "1d", "keep_within_yearly": "2y"},
        },
        {key: "10y" if "within" in key else -1 for key in POLICY_KEYS},
    ],
)
def test_a_thousand_snapshots_stay_under_what_awx_shows(policy: dict[str, Any]) -> None:
    for hours in (1, 6, 24):
        listing = [row(10**20 + number, ago(hours=hours * number), file_size_bytes=10**15) for number in range(1, 1001)]
        document = bare(listing, policy)
        assert len(str(document)) < 700_000
        assert len(json.dumps(document)) < 700_000
        assert all(one["why"] for one in document["snapshots"] if one["action"] == "delete")


def test_in_a_small_plan_nothing_is_left_out_of_why() -> None:
    document = bare(rows(DAILY), {"keep_last": 1, "keep_daily": 2, "keep_weekly": 2, "keep_within_daily": "3d"})
    assert "more" not in [code for one in document["snapshots"] for code in codes(one["why"])]
