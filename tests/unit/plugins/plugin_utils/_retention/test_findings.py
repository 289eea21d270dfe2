# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an audit finds beyond the policy, one finding after the other, and what it gates by."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.findings import (
    CODES,
    audit,
    finding_codes,
    gates,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import read_info

from unit.plugins.plugin_utils._retention.cases import SCHEDULE, ago, info, job, plan_of, row, sid

WEEK = [row(number, ago(days=number)) for number in range(1, 8)]
EVERYTHING = {"keep_last": -1}


def found(listing: dict[str, Any], policy: Any = None, **options: Any) -> list[tuple[str, str]]:
    """Code and text of each finding."""
    return list(audit(plan_of(listing, policy or EVERYTHING, **options), read_info(listing)))


def with_row(*more: dict[str, Any]) -> dict[str, Any]:
    return info([*WEEK, *more])


def test_nothing_is_found_in_a_listing_without_fault() -> None:
    assert found(info(WEEK)) == []


@pytest.mark.parametrize(
    ("listing", "policy", "options", "code", "text"),
    [
        (with_row(row(20, ago(days=20), None)), None, {}, "no_expiry", "has no expiry, and do_not_delete is not set"),
        (
            with_row(row(20, ago(days=20), ago(days=-1))),
            {"keep_within": "1y"},
            {},
            "expires_sooner",
            "the service expires it on",
        ),
        (
            with_row(row(20, ago(days=20), ago(days=-1))),
            None,
            {},
            "expires_sooner",
            "1 snapshot kept by counts expires",
        ),
        (info(WEEK), None, {"protected_ids": [sid(3)]}, "protected_expires", " is protected from this plan"),
        (with_row(row(20, ago(days=20), complete=False)), None, {}, "incomplete", "is still incomplete"),
        (info([row(1, ago(days=4))]), None, {}, "stale", f"{sid(1)} of 2026-08-17T01:00:00Z, is 1 d 0 h older than"),
        (
            info([row(1, ago(days=-1)), *WEEK[1:]]),
            None,
            {},
            "future",
            f"{sid(1)} of 2026-08-22T01:00:00Z is dated later",
        ),
        (info(WEEK, schedule={**SCHEDULE, "snapshot_interval_hours": 3}), None, {}, "interval", "interval of 3 h"),
        (
            info(WEEK, schedule=None, schedule_status="unavailable"),
            None,
            {"pit_window": "off"},
            "schedule_unavailable",
            "cannot tell the cluster's snapshot schedule now",
        ),
        (
            info(WEEK, restore_jobs=[job("d" * 24, ago(days=1))]),
            None,
            {},
            "restore_unlisted",
            f"which is not listed; by its time it may be one of {sid(1)}, which are held",
        ),
        (
            info([*WEEK, row(20, ago(days=90), ago(days=-9000))]),
            {"keep_last": 7},
            {},
            "long_date",
            "1 snapshot to be removed lives longer than the schedule's longest tier gives",
        ),
        (info(WEEK, schedule=None), None, {"pit_window": "off"}, "no_backup", "has no snapshot schedule"),
        (info(WEEK, schedule={}), None, {}, "pit_assumed", "72h are assumed"),
        (
            info(WEEK[:2], schedule={"snapshot_retention_days": 2}),
            {"keep_within": "3d"},
            {"pit_window": "off"},
            "schedule_short",
            "no tier of the schedule reaches",
        ),
        (info(WEEK), None, {"protected_ids": [sid(9)]}, "protected_missing", "is not among the listed snapshots"),
        (
            with_row(row(20, ago(days=20), is_possibly_inconsistent=True)),
            None,
            {},
            "inconsistent",
            "possibly inconsistent",
        ),
        (
            with_row(row(20, ago(days=20), missing_shards=[{"shard_name": "s1"}])),
            None,
            {},
            "missing_shards",
            "lacks shards: s1",
        ),
        (
            with_row(row(20, ago(days=10))),
            {"keep_within_daily": "9d", "keep_last": -1},
            {},
            "gap",
            "within_daily: 2 periods that no sound snapshot covers",
        ),
    ],
)
def test_each_finding(listing: Any, policy: Any, options: Any, code: str, text: str) -> None:
    told = found(listing, policy, **options)
    assert [name for name, _text in told] == [code]
    assert text in told[0][1]


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        ([], ["no_complete", "gaps_unmeasured"]),
        ([row(1, ago(days=1), ago(hours=1))], ["all_expired", "gaps_unmeasured"]),
        ([row(1, ago(hours=2), complete=False)], ["no_complete", "gaps_unmeasured"]),
    ],
)
def test_where_nothing_can_be_restored_no_gap_gate_passes(listing: list[dict[str, Any]], expected: list[str]) -> None:
    plan = plan_of(info(listing), {"keep_within_daily": "7d"})
    told = audit(plan, read_info(info(listing)))
    assert [one.code for one in told] == expected
    assert gates(plan, told, on_drift=True, on_gap=False) == []
    (failure,) = gates(plan, told, on_drift=True, on_gap=True)
    assert failure.startswith("RETENTION GAP: gaps cannot be measured")


def test_an_audit_fails_on_the_findings_that_are_named() -> None:
    listing = with_row(row(20, ago(days=20), None, is_possibly_inconsistent=True))
    plan = plan_of(listing, EVERYTHING)
    told = audit(plan, read_info(listing))
    assert [one.code for one in told] == ["no_expiry", "inconsistent"]
    assert gates(plan, told, on_drift=True, on_gap=True) == []
    assert gates(plan, told, on_drift=True, on_gap=True, on_finding=finding_codes("inconsistent, stale")) == [
        f"RETENTION FINDING: inconsistent: {sid(20)} of {ago(days=20)} is possibly inconsistent"
    ]
    (failure,) = gates(plan, told, on_drift=True, on_gap=True, on_finding=finding_codes(["all"]))
    assert "no_expiry: " in failure
    assert "; inconsistent: " in failure


def test_a_blocked_plan_fails_an_audit_only_where_asked() -> None:
    listing = info(WEEK)
    plan = plan_of(listing, {"keep_last": 1}, max_delete=0)
    assert plan.is_blocked
    assert gates(plan, [], on_drift=False, on_gap=False, on_blocked=False) == []
    assert gates(plan, [], on_drift=False, on_gap=False, on_blocked=True)[0].startswith("RETENTION BLOCKED: max_delete")


@pytest.mark.parametrize("value", ["stail", ["gap", "stail"], [7], 7, {"gap": True}])
def test_codes_that_are_none_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"no code of a finding|must be a"):
        finding_codes(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ()), (" ", ()), ([], ()), ("gap", ("gap",)), ("gap\nstale", ("gap", "stale")), ("all", CODES)],
)
def test_codes_come_as_surveys_send_them(value: Any, expected: tuple[str, ...]) -> None:
    assert finding_codes(value) == expected


def test_a_rule_with_more_gaps_than_are_listed_is_one_finding() -> None:
    listing = info([*WEEK, row(9, ago(days=500))])
    assert [code for code, _text in found(listing, {"keep_within_daily": "600d"})].count("gap") == 1


def test_where_backups_have_ended_nobody_is_told_so() -> None:
    assert found(info([row(1, ago(days=400))], schedule=None), stale_after="off", anchor="now", pit_window="off") == []
