# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept is what restic's `forget` keeps, where the rules agree: floor, ages and lifetimes switched off.

`forget` below restates restic's documented behaviour on datetimes, and shares nothing with the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.plugin_utils._retention.cases import NOW, bare, kept, moment, row, rows, spelled

KEYS: dict[str, Callable[[datetime], tuple[int, ...]]] = {
    "hourly": lambda at: (at.year, at.month, at.day, at.hour),
    "daily": lambda at: (at.year, at.month, at.day),
    "weekly": lambda at: at.isocalendar()[:2],
    "monthly": lambda at: (at.year, at.month),
    "yearly": lambda at: (at.year,),
}
# Of a span only hours and whole days, since restic lets a month's 31st run over where we clamp it.
SPANS = {"1h": (0, 1), "6h": (0, 6), "36h": (0, 36), "1d": (1, 0), "7d": (7, 0), "45d": (45, 0), "400d12h": (400, 12)}


def forget(created: Sequence[datetime], policy: dict[str, Any], zone: ZoneInfo) -> list[int]:
    """The places that stay of snapshots that are ordered newest first, at different seconds."""
    local = [at.astimezone(zone) for at in created]
    stay: set[int] = set()
    for key, value in policy.items():
        name = key.removeprefix("keep_")
        period = KEYS.get(name.removeprefix("within_"))
        left, cutoff = value, None
        if isinstance(value, str):
            days, hours = SPANS[value]
            earlier = (local[0] - timedelta(days=days)).astimezone(ZoneInfo("UTC")) if days else created[0]
            left, cutoff = -1, earlier - timedelta(hours=hours)
        last = None
        for place, at in enumerate(local):
            if left == 0 or (cutoff is not None and not created[place] > cutoff):
                break
            this = (place,) if period is None else period(at)
            if this != last or place == len(local) - 1:
                stay.add(place)
                last = this
                left -= left > 0
    return sorted(stay)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[datetime], str]:
    """Snapshots around new year, both clock changes, leap days, or anywhere, and a zone."""
    around = moment(
        draw(
            st.sampled_from(
                [
                    "2026-10-25T01:00:00Z",
                    "2026-03-29T01:00:00Z",
                    "2021-01-01T00:00:00Z",
                    "2024-12-30T00:00:00Z",
                    "2024-02-29T12:00:00Z",
                    "2012-01-01T00:00:00Z",
                    "2015-04-04T15:00:00Z",
                ]
            )
        )
    )
    minutes = st.one_of(
        st.integers(-300, 300),
        st.integers(-60, 60).map(lambda step: step * 360),
        st.integers(-1000, 1000).map(lambda step: step * 1440),
    )
    offsets = draw(st.lists(minutes, min_size=1, max_size=40, unique=True))
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"]))
    return sorted((around + timedelta(minutes=offset) for offset in offsets), reverse=True), zone


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """Counts and windows, one to four of them."""
    counts = [f"keep_{name}" for name in ("last", *KEYS)]
    windows = ["keep_within", *(f"keep_within_{name}" for name in KEYS)]
    chosen = draw(st.lists(st.sampled_from(counts + windows), min_size=1, max_size=4, unique=True))
    return {
        key: draw(st.sampled_from(list(SPANS))) if key in windows else draw(st.sampled_from([1, 2, 3, 7, 30, -1]))
        for key in chosen
    }


@given(histories(), policies())
def test_kept_is_what_restic_keeps(history: tuple[list[datetime], str], policy: dict[str, Any]) -> None:
    created, zone = history
    document = bare(rows([spelled(at) for at in created]), policy, now="2050-01-01", timezone=zone)
    # Our floor keeps the newest one, which restic need not.
    assert kept(document) == [place + 1 for place in sorted({0, *forget(created, policy, ZoneInfo(zone))})]


EVERY_SIX_HOURS = [spelled(moment(NOW) - timedelta(hours=6 * step)) for step in range(200)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"keep_last": 3}, [1, 2, 3]),
        ({"keep_last": -1}, list(range(1, 201))),
        ({"keep_hourly": 2}, [1, 2]),
        # NOW is 01:00, so the 21st has one snapshot, and the newest of each day before is that of 19:00.
        ({"keep_daily": 3}, [1, 2, 6]),
        ({"keep_weekly": 2}, [1, 18]),
        ({"keep_monthly": 2}, [1, 82]),
        # One year only, with a year to spare: the oldest one is kept until there are two.
        ({"keep_yearly": 2}, [1, 200]),
        ({"keep_yearly": -1}, [1, 200]),
        ({"keep_within": "12h"}, [1, 2]),
        ({"keep_within": "13h"}, [1, 2, 3]),
        ({"keep_within_daily": "2d"}, [1, 2, 6]),
        ({"keep_within_monthly": "1y"}, [1, 82, 200]),
        ({"keep_daily": 2, "keep_monthly": 1}, [1, 2]),
    ],
)
def test_table(policy: dict[str, Any], expected: list[int]) -> None:
    assert kept(bare(rows(EVERY_SIX_HOURS), policy)) == expected


def test_of_the_same_second_the_higher_increment_and_then_the_higher_id_stands_for_the_period() -> None:
    at = "2026-08-20T00:00:00Z"
    same = [row(1, at, created_increment=2), row(2, at, created_increment=1), row(3, at, created_increment=2)]
    for listing in (same, same[::-1]):
        assert kept(bare([*listing, row(4, "2026-08-19T00:00:00Z")], {"keep_daily": 2})) == [3, 4]
