# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a cluster's snapshots."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.columns import LINE_WIDTH
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.snapshot_table import lines, read_info

NOW = datetime(2026, 8, 21, 1, tzinfo=timezone.utc)
ID = "5a4279d4fcc178500596745a"


def table(*snapshots: dict[str, Any], **more: Any) -> list[str]:
    known = {"project_id": "5e2211c17a3e5a48f5497de3", "cluster_id": "7c2487d833e9e75286093696", **more}
    return lines(read_info({**known, "snapshots": list(snapshots)}), NOW)


def snapshot(**changed: Any) -> dict[str, Any]:
    told = {"id": ID, "created_at": "2026-08-20T12:00:30Z", "expires_at": "2026-08-22T12:00:30Z"}
    return {**told, "complete": True, "do_not_delete": False, "file_size_bytes": 1024**3 * 3 // 2, **changed}


def test_one_line_a_snapshot_as_listed() -> None:
    held = snapshot(do_not_delete=True, expires_at=None)
    odd = snapshot(complete=False, file_size_bytes=None, created_at="2024-01-01T00:00:00Z")
    assert table(snapshot(), held, odd, cluster_name="orders") == [
        "Cluster orders of project 5e2211c17a3e5a48f5497de3: 3 snapshots, 1 held, 1 incomplete. Times are UTC.",
        "created            age expires          held    size complete id",
        f"2026-08-20 12:00  12 h 2026-08-22 12:00 no   1.5 GiB yes      {ID}",
        f"2026-08-20 12:00  12 h never            yes  1.5 GiB yes      {ID}",
        f"2024-01-01 00:00 963 d 2026-08-22 12:00 no   unknown no       {ID}",
    ]


def test_a_cluster_without_snapshots_or_name() -> None:
    assert table() == ["Cluster 7c2487d833e9e75286093696 of project 5e2211c17a3e5a48f5497de3: no snapshots."]


def test_a_listing_that_was_cut_short_says_so() -> None:
    assert "the newest 1 of 113 snapshots." in table(snapshot(), total=113)[0]
    assert "1 snapshot." in table(snapshot(), total=1)[0]


@pytest.mark.parametrize(
    ("created", "age"),
    [
        ("2026-08-21T00:58:59Z", "1 min"),
        ("2026-08-20T23:00:01Z", "119 min"),
        ("2026-08-19T01:00:01Z", "47 h"),
        ("2026-08-19T01:00:00Z", "2 d"),
        ("2026-08-21T01:00:01Z", "future"),
        (None, "unknown"),
    ],
)
def test_ages(created: str | None, age: str) -> None:
    assert f" {age} " in table(snapshot(created_at=created))[2]


def test_a_line_fits_a_terminal() -> None:
    widest = snapshot(created_at="2000-01-01T00:00:00Z", file_size_bytes=999 * 1024**4)
    assert max(map(len, table(widest)[1:])) <= LINE_WIDTH
