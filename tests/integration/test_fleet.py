# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make fleet` on a fleet of three: what it measures, so that the figures of the large one can be believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fleet.measure import NIGHTLY, backlog, fleet, head, line, problems
from simulator.limits import Limit

# A GET answered with a challenge, and the one that it asked for: each process of a module begins with them.
CHALLENGE = 1
# Name and id are compared, each time that a module begins: on Atlas another cluster may bear the name by then (R24).
COMPARED = 1
# Then a listing, the schedule, the restore jobs.
READING = CHALLENGE + COMPARED + 3


def test_a_small_fleet(collections: Path) -> None:
    said: list[str] = []
    found = fleet(3, 20, {"audit": (2,), "retention": (2,)}, collections, said.append)

    by_job = {one.job: one for one in found}
    assert list(by_job) == ["inventory", "inventory, cached", "audit", "retention"]
    # One project, its clusters by both versions of the API (contract 11), and a challenge; from the cache nothing.
    assert (by_job["inventory"].requests, by_job["inventory, cached"].requests) == (3 + CHALLENGE, 0)
    audit, retention = by_job["audit"], by_job["retention"]
    assert (audit.requests_per_cluster, audit.changes) == (READING, 0)
    assert retention.changes == 3 * NIGHTLY
    # The plan's reading, the batch's of jobs and snapshots, the removals, and the listing that verifies.
    batch, verification = CHALLENGE + COMPARED + 2, CHALLENGE + COMPARED + 1
    assert retention.requests_per_cluster == READING + batch + NIGHTLY + verification
    assert all((one.failed, one.refused) == (0, 0) for one in found)
    assert all(one.seconds > 0 and one.cpu_seconds > 0 and 20 < one.megabytes < 300 for one in found)
    assert said == [line(one) for one in found]
    assert {len(text) for text in said} == {len(head())}
    assert list(problems(found)) == []
    grown = replace(audit, clusters=6, requests=6 * 7, failed=1, cpu_seconds=audit.cpu_seconds * 3)
    assert [text.rpartition(":")[0] for text in problems([*found, grown])] == [
        "audit over 6 clusters with 2 workers",
        "audit: the requests for each cluster differ from fleet to fleet",
        "audit: CPU seconds for each cluster grow with the fleet",
    ]


def test_a_small_backlog(collections: Path) -> None:
    """More to remove than the bucket holds: everything is done all the same, later."""
    (one,) = backlog(2, 20, 14, (2,), collections, bucket=Limit(12, 12, per=12.0))
    assert (one.changes, one.failed) == (28, 0)
    assert one.refused > 0
