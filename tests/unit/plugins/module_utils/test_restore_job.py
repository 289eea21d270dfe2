# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restore jobs: which are in use, what they need, and what of them is never shown (contract 9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._restore_job import (
    job_from_api,
    job_to_result,
    used_snapshots,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot, from_api
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.clients import NOW

AHEAD, BEHIND, EXACT = "2026-11-24T12:00:00Z", "2026-11-22T12:00:00Z", "2026-11-23T12:00:00Z"


def job(**row: Any) -> Any:
    return job_from_api({"id": "j", **row}, NOW)


@pytest.mark.parametrize(
    ("status", "delivery", "expires", "wanted"),
    [
        ("IN_PROGRESS", None, None, True),
        ("IN_PROGRESS", "EXPIRED", BEHIND, True),
        ("FINISHED", None, None, False),
        ("FINISHED", "READY", AHEAD, True),
        ("FINISHED", "READY", BEHIND, False),
        ("FINISHED", "READY", EXACT, False),
        ("FINISHED", "READY", None, True),
        ("FINISHED", "EXPIRED", AHEAD, False),
        ("FINISHED", "NOT_STARTED", None, False),
        ("BROKEN", "FAILED", None, False),
        ("KILLED", "READY", AHEAD, True),
        ("KILLED", "INTERRUPTED", None, False),
        ("SOMETHING_NEW", None, None, True),
        ("finished", None, None, True),
        (None, None, None, True),
        ("", None, None, True),
    ],
)
def test_which_jobs_are_in_use(status: Any, delivery: Any, expires: Any, wanted: bool) -> None:
    found = job(statusName=status, delivery={"statusName": delivery, "expires": expires})
    assert found.in_use is wanted
    if delivery is None and expires is None:
        assert job(statusName=status).in_use is wanted
        assert job(statusName=status, delivery=None).in_use is wanted


def test_a_job_as_results_show_it() -> None:
    secret = {"url": "https://x/secret", "authHeader": "secret", "authValue": "secret", "methodName": "HTTP"}
    found = job(
        snapshotId="A" * 24,
        timestamp={"date": "2026-11-01T00:00:00Z", "increment": 1},
        statusName="FINISHED",
        delivery={**secret, "statusName": "READY", "expires": AHEAD},
        links=["secret"],
    )
    assert job_to_result(found) == {
        "id": "j",
        "snapshot_id": "a" * 24,
        "timestamp": "2026-11-01T00:00:00Z",
        "status": "FINISHED",
        "delivery_status": "READY",
        "delivery_expires_at": AHEAD,
        "in_use": True,
    }
    assert "secret" not in f"{found!r}"
    assert job_to_result(job()) == {**dict.fromkeys(job_to_result(found)), "id": "j", "in_use": True}


@given(
    st.dictionaries(
        st.sampled_from(["snapshotId", "timestamp", "statusName", "delivery"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=9)
        | st.dictionaries(
            st.sampled_from(["date", "statusName", "expires"]), st.none() | st.integers() | st.text(max_size=9)
        )
        | st.lists(st.none()),
    )
)
def test_any_row_is_a_job_or_a_value_error(row: dict[str, Any]) -> None:
    try:
        found = job(**row)
    except ValueError:
        return
    assert isinstance(job_to_result(found)["in_use"], bool)


# --- what they need ---


def shot(letter: str, day: int, complete: bool = True, **more: Any) -> Snapshot:
    created = {"date": f"2026-11-{day:02}T00:00:00Z", "increment": 1}
    return from_api({"id": letter * 24, "created": created, "complete": complete, **more})


PLAIN = [shot("a", 1), shot("b", 2), shot("c", 2), shot("d", 3)]
# Of a and d a shard is missing, and the balancer ran during e.
LAME = [
    shot("a", 1, missingShards=[{"id": "s"}]),
    shot("b", 2),
    shot("c", 3),
    shot("d", 4, missingShards=[{"id": "s"}]),
    shot("e", 6, isPossiblyInconsistent=True),
    shot("f", 7),
]


def at(day: int, time: str = "00:00:00") -> dict[str, Any]:
    return {"timestamp": {"date": f"2026-11-{day:02}T{time}Z"}}


NEEDS: dict[str, tuple[list[Snapshot], list[dict[str, Any]], str]] = {
    "by its id": (PLAIN, [{"snapshotId": "b" * 24}], "b"),
    "by its id, whatever the time": (PLAIN, [{"snapshotId": "b" * 24, **at(1)}], "b"),
    "another of the same second": (PLAIN, [{"snapshotId": "b" * 24, **at(2)}], "b"),
    "an unlisted one, such as a part, by its time": (PLAIN, [{"snapshotId": "e" * 24, **at(2)}], "bc"),
    "an unlisted one between two": (PLAIN, [{"snapshotId": "e" * 24, **at(1, "12:00:00")}], "ab"),
    "an unlisted one after all": (PLAIN, [{"snapshotId": "e" * 24, **at(9)}], "d"),
    "an unlisted one before all": (PLAIN, [{"snapshotId": "e" * 24, "timestamp": {"date": "2026-10-01"}}], "a"),
    "an unlisted one, and at its time an incomplete one": (
        [*PLAIN, shot("e", 4, complete=False), shot("f", 5)],
        [{"snapshotId": "9" * 24, **at(4)}],
        "def",
    ),
    "an unlisted one among faulty ones": (LAME, [{"snapshotId": "9" * 24, **at(5)}], "cdef"),
    "a point in time after a faulty one": (LAME, [at(5)], "cd"),
    "a point in time, and no sound one": (LAME, [at(1, "12:00:00")], "a"),
    "a point in time": (PLAIN, [at(3, "12:00:00")], "d"),
    "the very second": (PLAIN, [at(3)], "d"),
    "a point between": (PLAIN, [at(2, "23:59:59")], "c"),
    "a point before all": (PLAIN, [at(1, "00:00:00"), {"timestamp": {"date": "2026-10-01"}}], "a"),
    "only a complete one is a base": ([*PLAIN, shot("e", 4, complete=False)], [at(5)], "d"),
    "two jobs": (PLAIN, [{"snapshotId": "a" * 24}, at(9)], "ad"),
    "an ended one needs nothing": (PLAIN, [{"snapshotId": "a" * 24, "statusName": "FINISHED"}], ""),
    "an ended one without anything": (PLAIN, [{"statusName": "KILLED"}], ""),
    "no snapshots": ([], [at(1), {"snapshotId": "a" * 24, **at(1)}], ""),
    "no jobs": (PLAIN, [], ""),
}


@pytest.mark.parametrize(("snapshots", "jobs", "letters"), NEEDS.values(), ids=NEEDS)
def test_what_jobs_need(snapshots: list[Snapshot], jobs: list[dict[str, Any]], letters: str) -> None:
    found = used_snapshots([job_from_api({"id": f"job-{n}", **row}, NOW) for n, row in enumerate(jobs)], snapshots)
    assert set(found) == {letter * 24 for letter in letters}
    assert {job.id for job in found.values()} <= {f"job-{n}" for n in range(len(jobs))}


def test_a_job_of_which_nothing_can_be_told_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="restore job j is in use and names neither a snapshot nor a point in time"):
        used_snapshots([job(statusName="IN_PROGRESS")], PLAIN)
    with pytest.raises(ValueError, match=r"names snapshot e{24}, which is not listed, but no point in time"):
        used_snapshots([job(snapshotId="e" * 24)], PLAIN)


@given(st.integers(0, 40))
def test_a_point_in_time_never_needs_a_younger_one(days: int) -> None:
    moment = NOW - timedelta(days=days)
    row = {"id": "j", "timestamp": {"date": moment.isoformat()}}
    used = used_snapshots([job_from_api(row, NOW)], PLAIN)
    by_id = {one.id: one for one in PLAIN}
    assert all((by_id[one].created_at or NOW) <= moment for one in used)
    assert bool(used) == any((one.created_at or NOW) <= moment for one in PLAIN)
