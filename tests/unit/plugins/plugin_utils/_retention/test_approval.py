# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rule R19: which approved plans are refused, and what counts as drift."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import from_result
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.approval import drift, refusals
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import digest

from unit.plugins.plugin_utils._retention.cases import (
    CLUSTER,
    FAR,
    NOW,
    PROJECT,
    ago,
    applied,
    bare,
    by_action,
    info,
    moment,
    row,
    rows,
    sid,
)

LATER = moment(NOW) + timedelta(hours=20)
DAY = Duration(hours=24)
Rows = list[dict[str, Any]]


def approved(**options: Any) -> tuple[Rows, dict[str, Any]]:
    """A listing, and a plan that extends 2, deletes 3 and keeps the others."""
    listing = [
        row(1, ago(hours=1), "2026-08-21T12:00:00Z"),
        row(2, ago(days=40), ago(days=-20)),
        row(3, ago(days=41), ago(days=-10), created_increment=7),
        row(5, ago(days=60)),
        row(4, ago(days=80), None),
    ]
    policy = {"keep_within_monthly": "13mo"}
    document = bare(listing, policy, extend_kept=True, protected_ids=[sid(1)], **options)
    assert (by_action(document, "extend"), by_action(document, "delete")) == ([2], [3])
    return listing, document


def why(document: Any, **given: Any) -> list[str]:
    """The refusals with everything right but what is given."""
    right = {
        "approved": document.get("digest", "") if isinstance(document, dict) else "",
        "project_id": PROJECT,
        "cluster_id": CLUSTER,
        "now": LATER,
        "max_age": DAY,
    }
    return refusals(document, **{**right, **given})


def test_r19_what_was_approved_may_be_applied() -> None:
    _listing, document = approved()
    assert why(document) == why(document, project_id=None, cluster_id=None) == []


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"approved": "0" * 64}, "its digest is "),
        ({"project_id": "d" * 24}, "it is for project "),
        ({"cluster_id": "d" * 24}, "it is for cluster "),
        ({"now": moment(NOW) + timedelta(hours=24, seconds=1)}, "it was made at 2026-08-21T01:00:00Z, more than 24h"),
        ({"now": moment(NOW) - timedelta(seconds=1)}, "it was made at 2026-08-21T01:00:00Z, which is still to come"),
    ],
)
def test_r19_what_is_refused(given: dict[str, Any], reason: str) -> None:
    _listing, document = approved()
    (found,) = why(document, **given)
    assert found.startswith(reason)


def test_r19_a_blocked_plan_is_refused_also_when_it_was_approved() -> None:
    _listing, document = approved(max_delete=0)
    assert why(document) == ["its guard is blocked, which an approval does not lift"]
    assert [reason[:13] for reason in why({**document, "guard": {"blocked": False, "reasons": []}})] == [
        "its digest is"
    ]


def test_r19_changes_that_are_not_those_of_the_snapshots_are_refused() -> None:
    _listing, document = approved()
    more = [*document["changes"], {"snapshot_id": sid(1), "state": "absent"}]
    assert digest({**document, "changes": more}) == document["digest"]
    assert why({**document, "changes": more}) == ["its changes are not those of its snapshots"]


def test_r19_another_schema_is_refused() -> None:
    _listing, document = approved()
    assert why({**document, "schema": 2}) == ["its schema is 2, not 1"]


@pytest.mark.parametrize("document", [None, [], "{}", {}, {"snapshots": []}, 7])
def test_r19_what_is_no_plan_is_refused(document: Any) -> None:
    assert why(document) == ["it is not a plan of this collection, or not a whole one"]


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
        (remove(4), [f"{sid(4)} is gone, and was to be kept for ever"]),
        (change(2, expires_at="2027-08-12T01:00:00Z"), []),
        (change(1, do_not_delete=True, expires_at=None), []),
        (
            change(2, expires_at=FAR),
            [f"{sid(2)} is to be changed (extend), but its expires_at was {ago(days=-20)} and is {FAR}"],
        ),
        (
            change(3, do_not_delete=True, expires_at=None),
            [
                f"{sid(3)} is to be changed (delete), but its do_not_delete was False and is True",
                f"{sid(3)} is to be changed (delete), but its expires_at was {ago(days=-10)} and is None",
            ],
        ),
        (
            change(3, complete=False),
            [f"{sid(3)} is to be changed (delete), but its complete was True and is False"],
        ),
        (
            change(3, created_increment=8),
            [f"{sid(3)} is to be changed (delete), but its created_increment was 7 and is 8"],
        ),
        (
            change(3, created_at=NOW),
            [f"{sid(3)} is to be changed (delete), but its created_at was {ago(days=41)} and is {NOW}"],
        ),
    ],
)
def test_r19_drift(meanwhile: Callable[[Rows], Rows], found: list[str]) -> None:
    listing, document = approved()
    assert drift(document, [from_result(one) for one in meanwhile(listing)], LATER) == found


def test_r19_a_kept_one_that_went_before_its_time_is_drift() -> None:
    listing, document = approved()
    earlier = moment(NOW) + timedelta(hours=1)
    left = [from_result(one) for one in remove(1)(listing)]
    assert drift(document, left, earlier) == [f"{sid(1)} is gone, and was to be kept until 2026-08-21T12:00:00Z"]


def test_r20_after_applying_nothing_has_drifted() -> None:
    listing, document = approved()
    after = applied(info(listing), document)["snapshots"]
    assert drift(document, [from_result(one) for one in after], LATER) == []
    assert bare(rows([]), {"keep_last": 1})["changes"] == []
