# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations: what spells one, and the instant that lies one later or earlier (R7)."""

from __future__ import annotations

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import (
    Duration,
    earlier,
    later,
    parse_duration,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant, parse_instant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("36h", Duration(hours=36)),
        ("7d", Duration(days=7)),
        ("4w", Duration(weeks=4)),
        ("13mo", Duration(months=13)),
        ("1y2mo3d", Duration(years=1, months=2, days=3)),
        ("3d2mo1y", Duration(years=1, months=2, days=3)),
        ("1y0mo", Duration(years=1)),
        ("007d", Duration(days=7)),
        ("999999999y", Duration(years=999999999)),
    ],
)
def test_durations(text: str, expected: Duration) -> None:
    assert parse_duration(text) == expected
    assert parse_duration(str(expected)) == expected


def test_a_duration_has_one_spelling() -> None:
    assert str(parse_duration("5h4d3w2mo1y")) == "1y2mo3w4d5h"
    assert str(parse_duration("0y12mo")) == "12mo"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not a duration"),
        ("7", "is not a duration"),
        ("d", "is not a duration"),
        ("7 d", "is not a duration"),
        ("-7d", "is not a duration"),
        ("1.5d", "is not a duration"),
        ("7d!", "is not a duration"),
        ("7D", "is not a duration"),
        ("٧d", "is not a duration"),
        ("9999999999d", "is not a duration"),
        ("6m", "bare m"),
        ("1y6m", "bare m"),
        ("6m1d", "bare m"),
        ("1d2d", "twice"),
        ("0d", "nothing"),
        ("0d0h", "nothing"),
    ],
)
def test_what_is_no_duration(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_duration(text)


@pytest.mark.parametrize(
    ("instant", "duration", "before", "after"),
    [
        ("2026-03-31T12:00:00Z", "1mo", "2026-02-28T12:00:00Z", "2026-04-30T12:00:00Z"),
        ("2024-02-29T12:00:00Z", "1y", "2023-02-28T12:00:00Z", "2025-02-28T12:00:00Z"),
        ("2024-02-29T12:00:00Z", "4y", "2020-02-29T12:00:00Z", "2028-02-29T12:00:00Z"),
        ("2026-05-31T12:00:00Z", "13mo", "2025-04-30T12:00:00Z", "2027-06-30T12:00:00Z"),
        # Years and months first, clamped, then weeks and days, then hours.
        ("2026-03-31T12:00:00Z", "1mo1d", "2026-02-27T12:00:00Z", "2026-05-01T12:00:00Z"),
        ("2026-01-01T00:00:00Z", "1y1mo1w1d1h", "2024-11-22T23:00:00Z", "2027-02-09T01:00:00Z"),
        # There is no date beyond these.
        ("0001-01-01T00:00:00Z", "1h", "0001-01-01T00:00:00Z", "0001-01-01T01:00:00Z"),
        ("9999-12-31T00:00:00Z", "1y", "9998-12-31T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("2026-01-01T00:00:00Z", "999999999y999999999h", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("2026-01-01T00:00:00Z", "999999999w", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("2026-01-01T00:00:00Z", "999999999h", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_r07_in_utc(instant: str, duration: str, before: str, after: str) -> None:
    moment, length = parse_instant(instant), parse_duration(duration)
    assert (format_instant(earlier(moment, length)), format_instant(later(moment, length))) == (before, after)
