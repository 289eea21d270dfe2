# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make bench` on a small scale: that all rivals do the same work, and that a ratio which is missed is called so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench import measure
from bench.measure import Row
from bench.ratios import reached

# A GET that is answered with a challenge, and what it asked for.
CHALLENGE = 1


def by_rival(rows: list[Row]) -> dict[str, Row]:
    assert all(row.seconds > 0 and row.megabytes > 20 for row in rows)
    return {row.rival.partition(",")[0]: row for row in rows}


def test_one_change_by_each_rival(collections: Path) -> None:
    found = by_rival(measure.changes(collections, 1, 0, 1, by_hand=False))
    # A read and a write; by hand with a challenge for each, the ideal client writes alone, the empty play asks nothing.
    assert found["module"].requests == CHALLENGE + 2
    assert found["uri"].requests == 2 * (CHALLENGE + 1)
    assert found["ideal client"].requests == CHALLENGE + 1
    assert found["empty play"].requests == 0


def test_the_role_and_the_ideal_client_delete_the_same(collections: Path) -> None:
    found = by_rival(measure.role(collections, 30, 10, 0, 1))
    # A plan's reading, a batch's of jobs and snapshots, the removals, and the listing that verifies.
    assert found["role"].requests == (CHALLENGE + 3) + (CHALLENGE + 2) + 10 + (CHALLENGE + 1)
    assert 1 + 10 < found["ideal client"].requests <= 1 + 10 + measure.ROLE_WORKERS + CHALLENGE


def test_where_nothing_is_to_be_done_only_reading_costs(collections: Path) -> None:
    (row,) = measure.nothing_to_do(collections, 30, 0, 1)
    assert row.requests == CHALLENGE + 3


def test_listing_and_planning(collections: Path) -> None:
    found = by_rival(measure.listing(collections, 20, 0, 1))
    assert (found["module"].requests, found["ideal client"].requests) == (CHALLENGE + 1, CHALLENGE + 1)
    plan = measure.planning(50, 1)
    assert (plan.size, plan.runs) == (50, 1)


def test_a_ratio_that_is_missed_is_called_so() -> None:
    row = Row("", "", 0, 20, 1.0, 1.0, 1.0, 5, 4, 1, 50.0)
    rows = [
        replace(row, work=work, rival=rival, size=size, latency_ms=latency, seconds=seconds)
        for work, rival, size, latency, seconds in (
            ("change", "module, 8 at once", 200, 20, 2.0),
            ("change", "uri loop", 200, 20, 80.0),
            ("change", "empty play", 200, 20, 1.0),
            ("change", "ideal client", 200, 20, 0.5),
            ("change", "module, 8 at once", 1, 20, 1.0),
            ("change", "uri, GET and PATCH", 1, 20, 1.0),
            ("role", "role", 400, 20, 4.0),
            ("role", "empty play", 400, 20, 2.0),
            ("role", "ideal client", 400, 20, 1.0),
            ("plan", "filter", 10_000, 0, 0.4),
            ("plan", "filter", 100_000, 0, 7.0),
            ("list", "module, short result", 10_000, 20, 2.0),
            ("list", "module, full result", 10_000, 20, 13.0),
            ("list", "module, full result", 1_000, 20, 2.0),
            ("list", "empty play", 10_000, 20, 1.0),
            ("list", "empty play", 1_000, 20, 1.0),
            ("list", "ideal client", 10_000, 20, 1.0),
            ("nothing to do", "role", 400, 20, 1.0),
        )
    ]
    reach = list(reached(rows))
    assert [round(one.value, 2) for one in reach] == [40, 1.33, 4, 1, 1.33, 0.4, 7, 1.75, 0.91, 1.2, 4]
    missed = [number for number, one in enumerate(reach) if one.line().split()[0] == "MISS"]
    assert missed == [1, 6, 7, 9]
