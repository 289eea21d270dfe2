# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""R19: which approved plans are refused, and what counts as drift."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.approval import drift, refusals
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import read_info
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError

from unit.plugins.plugin_utils._retention.cases import (
    CLUSTER,
    FAR,
    NOW,
    PROJECT,
    ago,
    applied,
    bare,
    by_action,
    dated,
    info,
    moment,
    row,
    rows,
    sid,
)

LATER = moment(NOW) + timedelta(hours=20)
TAKEN = {1: ago(hours=1), 2: ago(days=40), 3: ago(days=41), 4: ago(days=80)}
DAY = Duration(hours=24)
Rows = list[dict[str, Any]]


def approved(**options: Any) -> tuple[Rows, Plan]:
    """A listing, and a plan that extends 2, deletes 3 and keeps the others."""
    listing = [
        row(1, TAKEN[1], "2026-08-21T12:00:00Z"),
        row(2, TAKEN[2], ago(days=-20)),
        row(3, TAKEN[3], ago(days=-10), created_increment=7),
        row(5, ago(days=60)),
        row(4, TAKEN[4], None),
    ]
    policy = {"keep_within_monthly": "13mo"}
    document = bare(listing, policy, extend_kept=True, protected_ids=[sid(1)], **options)
    assert (by_action(document, "extend"), by_action(document, "delete")) == ([2], [3])
    return listing, Plan.load(document)


def name(number: int) -> str:
    """How texts name a snapshot of this listing."""
    return dated(number, TAKEN[number])


def listed(listing: Rows) -> tuple[Snapshot, ...]:
    """The snapshots of a listing."""
    return read_info(info(listing)).snapshots


def why(plan: Plan, **given: Any) -> list[str]:
    """The refusals with everything right but what is given."""
    right = {
        "approved": (plan.digest,),
        "project_id": PROJECT,
        "cluster_id": CLUSTER,
        "now": LATER,
        "max_age": DAY,
    }
    return refusals(plan, **{**right, **given})


def test_r19_what_was_approved_may_be_applied() -> None:
    _listing, plan = approved()
    assert why(plan) == why(plan, project_id=None, cluster_id=None) == []


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"approved": ("0" * 64,)}, "its digest is "),
        ({"project_id": "d" * 24}, "it is for project "),
        ({"cluster_id": "d" * 24}, "it is for cluster "),
        ({"now": moment(NOW) + timedelta(hours=24, seconds=1)}, "it was made at 2026-08-21T01:00:00Z, more than 24h"),
        ({"now": moment(NOW) - timedelta(seconds=1)}, "it was made at 2026-08-21T01:00:00Z, which is still to come"),
    ],
)
def test_r19_what_is_refused(given: dict[str, Any], reason: str) -> None:
    _listing, plan = approved()
    (found,) = why(plan, **given)
    assert found.startswith(reason)


def test_r19_of_several_digests_one_has_to_be_the_plans() -> None:
    _listing, plan = approved()
    others = ("0" * 64, "1" * 64)
    assert why(plan, approved=(*others, plan.digest)) == []
    (found,) = why(plan, approved=others)
    assert found == f"its digest is {plan.digest}, and it is none of the 2 in retention_approved_digest"
    (found,) = why(plan, approved=others[:1])
    assert found.endswith(f"and retention_approved_digest is '{others[0]}'")


def test_r19_a_blocked_plan_is_refused_also_when_it_was_approved() -> None:
    _listing, plan = approved(max_delete=0)
    assert why(plan) == ["its guard is blocked, which an approval does not lift"]
    with pytest.raises(RefusedError, match="its digest is"):
        Plan.load({**plan.dump(), "guard": {"blocked": False, "reasons": []}})


def change(number: int, **values: Any) -> Callable[[Rows], Rows]:
    """Somebody changes a snapshot."""
    return lambda listing: [{**one, **values} if one["id"] == sid(number) else one for one in listing]


def remove(number: int) -> Callable[[Rows], Rows]:
    """Somebody deletes a snapshot."""
    return lambda listing: [one for one in listing if one["id"] != sid(number)]


@pytest.mark.parametrize(
    ("meanwhile", "found"),
    [
        (lambda listing: listing, []),
        (lambda listing: [*listing, row(9, "2026-08-21T19:00:00Z")], []),
        (remove(1), []),  # It has expired by now.
        (remove(2), []),
        (remove(3), []),
        (remove(4), [f"{name(4)} is gone, and was to be kept for ever"]),
        (change(2, expires_at="2027-08-12T01:00:00Z"), []),
        (change(1, do_not_delete=True, expires_at=None), []),
        (
            change(2, expires_at=FAR),
            [f"{name(2)} is to be changed (extend), but its expires_at was {ago(days=-20)} and is {FAR}"],
        ),
        (
            change(3, do_not_delete=True, expires_at=None),
            [
                f"{name(3)} is to be changed (delete), but its do_not_delete was False and is True",
                f"{name(3)} is to be changed (delete), but its expires_at was {ago(days=-10)} and is None",
            ],
        ),
        (
            change(3, complete=False),
            [f"{name(3)} is to be changed (delete), but its complete was True and is False"],
        ),
        (
            change(3, created_increment=8),
            [f"{name(3)} is to be changed (delete), but its created_increment was 7 and is 8"],
        ),
        (
            change(3, created_at=NOW),
            [f"{name(3)} is to be changed (delete), but its created_at was {ago(days=41)} and is {NOW}"],
        ),
    ],
)
def test_r19_drift(meanwhile: Callable[[Rows], Rows], found: list[str]) -> None:
    listing, plan = approved()
    assert drift(plan, listed(meanwhile(listing)), LATER) == found


def test_r19_a_kept_one_that_went_before_its_time_is_drift() -> None:
    listing, plan = approved()
    earlier = moment(NOW) + timedelta(hours=1)
    assert drift(plan, listed(remove(1)(listing)), earlier) == [
        f"{name(1)} is gone, and was to be kept until 2026-08-21T12:00:00Z"
    ]


def test_r20_after_applying_nothing_has_drifted() -> None:
    listing, plan = approved()
    after = applied(info(listing), plan.dump())["snapshots"]
    assert drift(plan, listed(after), LATER) == []
    assert bare(rows([]), {"keep_last": 1})["changes"] == []
