# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes of a plan in batches, each guarded against what happened since."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_batches import retention_batches
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.plugin_utils._retention.cases import BARE, FAR, ago, info, planned, row, sid
from unit.plugins.plugin_utils._retention.test_properties import cases

SOON = "2026-09-01T00:00:00Z"


@given(cases(), st.integers(1, 7))
def test_all_changes_in_their_order_and_each_once(case: Any, size: int) -> None:
    listing, policy, options = case
    document = planned(listing, policy, **options)
    batches = retention_batches(document, size)
    joined = [item for batch in batches for item in batch]
    assert [
        {key: value for key, value in item.items() if key != "unless_expires_after"} for item in joined
    ] == document["changes"]
    assert all(len(batch) == size for batch in batches[:-1])
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
    extending = planned(info(rows[:2]), {"keep_within_daily": "5mo"}, extend_kept=True, **BARE)
    extends = [one for one in extending["snapshots"] if one["action"] == "extend"]
    assert extends
    for item in retention_batches(extending)[0]:
        assert item["unless_expires_after"] == item["expires_at"] > SOON
    deleting = planned(info(rows), {"keep_last": 2}, **{**BARE, "no_expiry": "candidate"})
    assert retention_batches(deleting) == [
        [
            {"snapshot_id": sid(4), "state": "absent", "unless_expires_after": FAR},
            {"snapshot_id": sid(3), "state": "absent"},
        ]
    ]


@pytest.mark.parametrize("size", [0, -1, True, "100", 1.5, None])
def test_a_size_that_is_none_is_named(size: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="retention_batches: size is"):
        retention_batches(planned(info([row(1, ago(days=1))]), {"keep_last": 1}), size)


@pytest.mark.parametrize("plan", [{}, [], None, "plan", {"snapshots": [{}], "changes": []}])
def test_what_is_no_plan_is_refused(plan: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="retention_batches: _input: it is no plan of this collection"):
        retention_batches(plan, 1)
