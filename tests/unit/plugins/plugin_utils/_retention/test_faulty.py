# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""R5a: sound snapshots come first, and faulty ones take nothing from them."""

from __future__ import annotations

from typing import Any

import pytest

from unit.plugins.plugin_utils._retention.cases import (
    FAR,
    NOW,
    ago,
    bare,
    by_action,
    codes,
    dated,
    kept,
    of,
    planned,
    row,
    sid,
    texts,
)

DAILY = {"keep_within_daily": "14d"}


def faulty(number: int, created: str, expires: str | None = FAR, **more: Any) -> dict[str, Any]:
    return row(number, created, expires, is_possibly_inconsistent=True, **more)


@pytest.mark.parametrize(
    ("more", "is_faulty"),
    [
        ({"is_possibly_inconsistent": True}, True),
        ({"missing_shards": [{"shard_name": "s1"}]}, True),
        ({"is_possibly_inconsistent": False, "missing_shards": []}, False),
        ({"is_possibly_inconsistent": None, "missing_shards": None}, False),
    ],
)
def test_r05a_which_ones_are_faulty(more: dict[str, Any], is_faulty: bool) -> None:
    document = planned([row(1, NOW, **more)], DAILY)
    assert of(document, 1)["faulty"] is is_faulty


def test_r05a_a_later_snapshot_that_lacks_a_shard_does_not_take_the_place_of_a_sound_one() -> None:
    """Two a day, and the later one of three days is faulty."""
    listing = [row(2 * day + 1, ago(days=day, hours=12)) for day in range(10)]
    listing += [
        row(2 * day, ago(days=day), missing_shards=[{"shard_name": "s1"}] if day in (2, 4, 6) else [])
        for day in range(1, 10)
    ]
    document = bare(listing, DAILY)
    stands = {one["created_at"][:10]: one for one in reversed(document["snapshots"]) if one["action"] == "keep"}
    assert len(stands) == 10
    assert not any(one["faulty"] for one in stands.values())
    removed = [one for one in document["snapshots"] if one["action"] == "delete" and one["faulty"]]
    assert len(removed) == 3
    for one in removed:
        assert codes(one["why"]) == ["faulty", "represented"]
        assert texts(one["why"])[0].startswith("faulty")


def test_r05a_ordinals_are_those_of_the_pass_that_keeps_it() -> None:
    listing = [row(1, NOW), faulty(2, ago(days=1)), row(3, ago(days=2)), faulty(4, ago(days=3)), row(5, ago(days=4))]
    document = bare(listing, {"keep_daily": 2})
    assert {number: of(document, number)["reasons"] for number in kept(document)} == {
        1: ["daily 1/2", "min_keep"],
        2: ["daily 2/2"],
        3: ["daily 2/2"],
    }
    assert of(document, 4)["why"] == ["faulty", f"daily: quota used up by {sid(2)}"]
    assert of(document, 5)["why"] == [f"daily: quota used up by {sid(3)}"]


def test_r05a_the_floor_is_that_of_all_and_that_of_the_sound_ones() -> None:
    listing = [faulty(1, NOW), faulty(2, ago(days=1)), row(3, ago(days=2)), row(4, ago(days=3)), row(5, ago(days=4))]
    assert kept(bare(listing, {"keep_last": 1}, min_keep=2)) == [1, 2, 3, 4]


def test_r05a_the_oldest_is_the_oldest_sound_one_of_the_oldest_period() -> None:
    listing = [
        row(1, NOW),
        row(2, "2026-08-20T20:00:00Z"),
        row(3, "2026-08-20T10:00:00Z"),
        faulty(4, "2026-08-20T02:00:00Z"),
    ]
    document = bare(listing, {"keep_daily": 5})
    assert of(document, 3)["reasons"] == ["daily:oldest"]
    assert by_action(document, "delete") == [4]
    alone = bare([*listing, faulty(5, "2026-08-19T20:00:00Z"), faulty(6, "2026-08-19T02:00:00Z")], {"keep_daily": 5})
    assert of(alone, 5)["reasons"] == ["daily 3/5"]
    assert of(alone, 6)["reasons"] == ["daily:oldest"]


def test_r05a_a_window_ends_at_the_newest_sound_one_for_the_sound_ones() -> None:
    """Backups have been faulty for a week: the sound ones stay as long as they would if there were no others."""
    listing = [faulty(number, ago(days=number)) for number in range(1, 8)]
    listing += [row(number, ago(days=number)) for number in range(8, 22)]
    document = bare(listing, {"keep_within_daily": "7d"})
    assert kept(document) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]


def test_r05a_where_all_are_faulty_nothing_differs_but_the_gaps() -> None:
    created = [ago(hours=hours) for hours in range(0, 24 * 40, 12)]
    policy = {"keep_last": 2, "keep_within_daily": "7d", "keep_within_weekly": "4w"}
    sound, bad = ([make(n, at) for n, at in enumerate(created, 1)] for make in (row, faulty))
    one, other = bare(sound, policy), bare(bad, policy)
    assert by_action(one, "delete") == by_action(other, "delete")
    assert [one_["reasons"] for one_ in one["snapshots"]] == [one_["reasons"] for one_ in other["snapshots"]]
    assert one["gaps"] == []
    assert len([gap for gap in other["gaps"] if gap["rule"] == "within_daily"]) == 6


def test_r05a_what_a_sound_one_stands_for_is_said_of_the_faulty_ones_outside_the_window_too() -> None:
    """The sound pass reaches further back, so it keeps a day that the other one does not look at."""
    listing = [faulty(1, NOW), row(2, ago(days=3)), row(3, "2026-08-12T20:00:00Z"), faulty(4, "2026-08-12T10:00:00Z")]
    document = bare(listing, {"keep_within_daily": "7d"})
    assert kept(document) == [1, 2, 3]
    assert of(document, 4)["why"] == ["faulty", f"within_daily: {sid(3)} stands for its period"]


def test_r13_a_faulty_one_that_outlives_a_sound_one_stays() -> None:
    listing = [
        row(1, "2026-08-20T20:00:00Z", ago(days=-3)),
        faulty(2, "2026-08-20T10:00:00Z", ago(days=-9)),
        row(3, "2026-08-20T02:00:00Z", ago(days=-5)),
        faulty(4, "2026-08-20T01:00:00Z", ago(days=-4)),
    ]
    document = bare(listing, {"keep_daily": 1})
    assert {number: of(document, number)["reasons"] for number in (2, 3)} == {
        2: [f"outlives {sid(1)}"],
        3: [f"outlives {sid(1)}"],
    }
    assert by_action(document, "delete") == [4]


def test_r14_a_faulty_one_covers_no_period_that_a_sound_one_stands_for() -> None:
    listing = [row(1, NOW), row(2, "2026-07-31T18:00:00Z", ago(days=-20)), row(3, "2026-07-01T00:00:00Z")]
    policy = {"keep_within_monthly": "13mo"}
    assert by_action(bare(listing, policy, extend_kept=True), "extend") == []
    listing[2]["is_possibly_inconsistent"] = True
    assert by_action(bare(listing, policy, extend_kept=True), "extend") == [2]


def test_r05a_one_warning_for_those_that_stand_for_a_period_without_a_sound_one() -> None:
    listing = [
        row(1, NOW),
        faulty(2, ago(days=1)),
        faulty(3, ago(days=2)),
        faulty(4, ago(days=3)),
        row(5, ago(days=3, minutes=9)),
    ]
    assert texts(bare(listing, DAILY)["warnings"])[:1] == [
        f"2 faulty snapshots stand for a period without a sound one, the first {dated(2, ago(days=1))}"
    ]
    # A sound one that is held is there as well.
    listing.append(row(6, ago(days=2.01), None, do_not_delete=True))
    assert texts(bare(listing, DAILY)["warnings"])[:1] == [
        f"1 faulty snapshot stands for a period without a sound one, the first {dated(2, ago(days=1))}"
    ]
