# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection has to reach, as ratios of one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.measure import Row

# A challenge, the listing, the schedule, the restore jobs.
READING = 4


@dataclass(frozen=True)
class Reach:
    """One of them: what was measured, the limit, and whether more is better."""

    what: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def as_dict(self) -> dict[str, Any]:
        """For the file."""
        return {**asdict(self), "value": round(self.value, 2)}

    def line(self) -> str:
        """For the table."""
        sign = ">=" if self.at_least else "<="
        return f"{'ok  ' if self.holds else 'MISS'}  {self.value:9.2f}  {sign} {self.limit:7.2f}  {self.what}"


def reached(rows: Sequence[Row]) -> Iterator[Reach]:
    """Each of them."""

    def one(work: str, rival: str, size: int, latency_ms: int = 20) -> Row:
        found = [row for row in rows if (row.work, row.size, row.latency_ms) == (work, size, latency_ms)]
        return next(row for row in found if row.rival.startswith(rival))

    ours, empty = one("change", "module, 8", 200), one("change", "empty", 200).seconds
    ideal = one("change", "ideal", 200).seconds
    yield Reach(
        "200 changes at 20 ms: uri loop / module", one("change", "uri loop", 200).seconds / ours.seconds, 30, True
    )
    yield Reach("200 changes at 20 ms: module / (empty play + ideal client)", ours.seconds / (empty + ideal), 1.2)
    yield Reach("200 changes: requests of the module", ours.requests, 215)
    single = one("change", "module, 8", 1).seconds / one("change", "uri, GET", 1).seconds
    yield Reach("1 change: module / uri GET and uri PATCH", single, 1.5)
    whole = one("role", "empty", 400).seconds + one("role", "ideal", 400).seconds
    yield Reach(
        "role, 340 of 400 deleted: role / (empty play + ideal client)", one("role", "role", 400).seconds / whole, 1.5
    )
    plans = [one("plan", "filter", size, 0).seconds for size in (10_000, 100_000)]
    yield Reach("planning 10,000: seconds", plans[0], 0.5)
    yield Reach("planning 100,000: seconds", plans[1], 6)
    yield Reach("planning: time of each snapshot, of 100,000 / of 10,000", plans[1] / plans[0] / 10, 1.5)
    bare = one("list", "empty", 10_000).seconds + 1.2 * one("list", "ideal", 10_000).seconds
    yield Reach(
        "listing 10,000: module / (empty play + 1.2 x ideal client)",
        one("list", "module, short", 10_000).seconds / bare,
        1,
    )
    grown = [one("list", "module, full", size).seconds - one("list", "empty", size).seconds for size in (1_000, 10_000)]
    yield Reach("listing: time of each snapshot, of 10,000 / of 1,000", grown[1] / grown[0] / 10, 1)
    yield Reach("nothing to do: requests of the role", one("nothing to do", "role", 400).requests, READING)
