# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes of a plan in batches, each guarded against what happened since."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import batches
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import read_settings
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.plugin_utils._retention.cases import BARE, FAR, ago, info, plan_of, row, sid
from unit.plugins.plugin_utils._retention.test_properties import cases

SOON = "2026-09-01T00:00:00Z"


@given(cases(), st.integers(1, 7))
def test_all_changes_in_their_order_and_each_once(case: Any, size: int) -> None:
    listing, policy, options = case
    plan = plan_of(listing, policy, **options)
    document, parts = plan.dump(), batches(plan, size)
    joined = [item for part in parts for item in part]
    assert [
        {key: value for key, value in item.items() if key != "unless_expires_after"} for item in joined
    ] == document["changes"]
    assert all(len(part) == size for part in parts[:-1])
    # No change is let through that would end a life that is longer than the plan knew.
    known = {one["id"]: one["expires_at"] for one in document["snapshots"]}
    for item in joined:
        latest = item.get("unless_expires_after")
        assert latest in (known[item["snapshot_id"]], item.get("expires_at"))


def test_what_must_not_have_happened_since() -> None:
    """A delete: no later expiry than it had. An extend: none later than the plan gives. No expiry: nothing is later."""
    rows = [
        row(1, ago(days=1), SOON),
        row(2, ago(days=2), SOON),
        row(3, ago(days=40), None),
        row(4, ago(days=41), FAR),
    ]
    extending = plan_of(info(rows[:2]), {"keep_within_daily": "5mo"}, extend_kept=True, **BARE)
    assert "extend" in [one.action for one in extending.decisions]
    for item in batches(extending, 100)[0]:
        assert item["unless_expires_after"] == item["expires_at"] > SOON
    deleting = plan_of(info(rows), {"keep_last": 2}, **{**BARE, "no_expiry": "candidate"})
    assert batches(deleting, 100) == [
        [
            {"snapshot_id": sid(4), "state": "absent", "unless_expires_after": FAR},
            {"snapshot_id": sid(3), "state": "absent"},
        ]
    ]


def test_what_is_left_out_is_in_no_batch() -> None:
    plan = plan_of([row(number, ago(days=number)) for number in range(1, 9)], {"keep_last": 3}, **BARE)
    assert [[one["snapshot_id"] for one in part] for part in batches(plan, 2, {sid(7), sid(5)})] == [
        [sid(8), sid(6)],
        [sid(4)],
    ]


@pytest.mark.parametrize("size", [0, -1, True, "x", 1.5])
def test_a_size_that_is_none_is_named(size: Any) -> None:
    with pytest.raises(RefusedError, match="retention_batch_size"):
        read_settings({"batch_size": size})
