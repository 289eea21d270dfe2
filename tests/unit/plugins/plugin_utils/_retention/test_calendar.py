# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""R5 and R7: periods and spans on the local calendar, in whole seconds."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import parse_duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    EPOCH,
    FIRST,
    LAST,
    PERIOD_HOURS,
    label,
    least_seconds,
    period_of,
    seconds,
    text,
    zone,
)
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.plugin_utils._retention.cases import moment

INSTANTS = st.one_of(
    st.integers(FIRST, LAST),
    st.integers(seconds(moment("1990-01-01T00:00:00Z")), seconds(moment("2040-01-01T00:00:00Z"))),
)
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Kathmandu"]


@given(INSTANTS)
def test_periods_are_those_of_the_standard_library(instant: int) -> None:
    when = EPOCH + timedelta(seconds=instant)
    iso = when.isocalendar()
    utc = zone("UTC")
    names = {kind: label(kind, utc.period(kind, instant)) for kind in PERIOD_HOURS}
    assert names == {
        "hour": when.isoformat()[:13],
        "day": when.isoformat()[:10],
        "week": f"{iso[0]:04}-W{iso[1]:02}",
        "month": when.isoformat()[:7],
        "year": when.isoformat()[:4],
    }
    assert text(instant) == when.isoformat().replace("+00:00", "Z")


@given(INSTANTS.filter(lambda instant: FIRST + 10**6 < instant < LAST - 10**6), st.sampled_from(ZONES[1:]))
def test_local_time_is_that_of_the_standard_library(instant: int, name: str) -> None:
    when = EPOCH + timedelta(seconds=instant)
    local = when.astimezone(ZoneInfo(name)).replace(tzinfo=None)
    calendar = zone(name)
    assert calendar.local(instant) == local
    assert label("hour", calendar.period("hour", instant)) == local.isoformat()[:13]
    assert label("day", calendar.period("day", instant)) == local.isoformat()[:10]


@given(INSTANTS, st.sampled_from(ZONES), st.sampled_from(list(PERIOD_HOURS)))
def test_a_period_that_has_an_instant_exists(instant: int, name: str, kind: str) -> None:
    calendar = zone(name)
    number = calendar.period(kind, instant)
    assert calendar.exists(kind, number)
    assert calendar.local(calendar.starts(kind, number)) <= calendar.local(instant)


@pytest.mark.parametrize(
    ("instant", "week"),
    [
        ("2019-12-29T12:00:00Z", "2019-W52"),
        ("2019-12-30T12:00:00Z", "2020-W01"),
        ("2021-01-03T23:59:59Z", "2020-W53"),
        ("2021-01-04T00:00:00Z", "2021-W01"),
        ("2023-01-01T12:00:00Z", "2022-W52"),
        ("2024-12-30T00:00:00Z", "2025-W01"),
        ("2027-01-01T00:00:00Z", "2026-W53"),
        ("0001-01-01T00:00:00Z", "0001-W01"),
        ("9999-12-31T23:59:59Z", "9999-W52"),
    ],
)
def test_r05_iso_weeks_at_new_year(instant: str, week: str) -> None:
    assert label("week", zone("UTC").period("week", seconds(moment(instant)))) == week


@pytest.mark.parametrize(
    ("name", "kind", "number", "exists"),
    [
        ("Europe/Berlin", "hour", "2026-03-29T02", False),
        ("Europe/Berlin", "hour", "2026-03-29T03", True),
        ("Europe/Berlin", "hour", "2026-10-25T02", True),
        ("America/St_Johns", "hour", "2026-03-08T02", False),
        ("Pacific/Apia", "day", "2011-12-30", False),
        ("Pacific/Apia", "day", "2011-12-31", True),
        ("Australia/Lord_Howe", "hour", "2026-10-04T02", True),
        ("UTC", "day", "2011-12-30", True),
    ],
)
def test_a_clock_change_may_skip_a_period(name: str, kind: str, number: str, exists: bool) -> None:
    local = datetime.fromisoformat(f"{number}:00" if "T" in number else number)
    assert zone(name).exists(kind, period_of(kind, local)) is exists


@pytest.mark.parametrize(
    ("name", "anchor", "span", "expected"),
    [
        # Days are wall-clock days, hours are real hours.
        ("Europe/Berlin", "2026-03-29T12:00:00Z", "1d", "2026-03-28T13:00:00Z"),
        ("Europe/Berlin", "2026-03-29T12:00:00Z", "24h", "2026-03-28T12:00:00Z"),
        ("Europe/Berlin", "2026-10-25T12:00:00Z", "1d", "2026-10-24T11:00:00Z"),
        ("Europe/Berlin", "2026-10-25T12:00:00Z", "24h", "2026-10-24T12:00:00Z"),
        ("Europe/Berlin", "2026-04-15T12:00:00Z", "1mo", "2026-03-15T13:00:00Z"),
        ("America/St_Johns", "2026-11-02T12:00:00Z", "1w", "2026-10-26T11:00:00Z"),
        # What a clock change skips, and what it repeats, is resolved as restic does it.
        ("Europe/Berlin", "2026-03-30T00:30:00Z", "1d", "2026-03-29T01:30:00Z"),
        ("Europe/Berlin", "2026-10-26T01:30:00Z", "1d", "2026-10-25T01:30:00Z"),
        ("America/New_York", "2026-03-09T06:30:00Z", "1d", "2026-03-08T06:30:00Z"),
        ("America/New_York", "2026-11-02T06:30:00Z", "1d", "2026-11-01T05:30:00Z"),
        ("Pacific/Apia", "2011-12-31T11:00:00Z", "1d", "2011-12-30T11:00:00Z"),
        # Hours alone never touch the wall clock.
        ("Europe/Berlin", "2026-10-25T00:30:00Z", "1h", "2026-10-24T23:30:00Z"),
        # Before the year 1 there is nothing.
        ("Asia/Kathmandu", "2026-01-01T00:00:00Z", "999999999y999999999h", "0001-01-01T00:00:00Z"),
    ],
)
def test_r07_spans_back(name: str, anchor: str, span: str, expected: str) -> None:
    assert text(zone(name).before(seconds(moment(anchor)), parse_duration(span))) == expected


@given(INSTANTS, st.integers(0, 30), st.sampled_from(["y", "mo", "w", "d", "h"]), st.sampled_from(ZONES))
def test_a_longer_span_reaches_no_less_far(instant: int, number: int, unit: str, name: str) -> None:
    calendar = zone(name)
    short, long = parse_duration(f"1d{number + 1}{unit}" if unit != "d" else f"{number + 1}d"), None
    long = parse_duration(f"1d{number + 2}{unit}" if unit != "d" else f"{number + 2}d")
    assert calendar.before(instant, long) <= calendar.before(instant, short) <= instant or number == 0
    assert calendar.after(instant, long) >= calendar.after(instant, short)


@given(INSTANTS, st.sampled_from(["1h", "1d", "4w", "1mo", "13mo", "1y2mo3w4d5h"]), st.sampled_from(ZONES))
def test_a_span_is_at_least_what_it_says(instant: int, span: str, name: str) -> None:
    duration = parse_duration(span)
    later = zone(name).after(instant, duration)
    assert later == LAST or later - instant >= least_seconds(duration)
