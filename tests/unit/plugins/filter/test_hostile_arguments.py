# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every argument of every filter with any value: a right result, or an AnsibleFilterError that names what is wrong.

An undefined variable may say so itself, by Jinja's own error, which Ansible turns into its own message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_plan import retention_plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_report_index import retention_report_index
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_table import retention_table
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.snapshot_table import snapshot_table
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import as_json
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.html import as_html
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    OPTION_KEYS,
    POLICY_KEYS,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined, UndefinedError

from unit import hostile
from unit.hostile import MISSING
from unit.plugins.plugin_utils._report.cases import reported
from unit.plugins.plugin_utils._retention.cases import BARE, NOW, SCHEDULE, TIDY, ago, info, job, planned, row, sid
from unit.plugins.plugin_utils._role.results import RESULTS

# Whatever a template may hold: also text that is not trusted, and variables that are not defined.
ANY_VALUES = hostile.any_values_or(hostile.texts.map(wrap_var), st.builds(lambda: StrictUndefined(name="nowhere")))
LISTING = info(
    [
        row(1, ago(hours=6), missing_shards=[{"shard_name": "s0"}]),
        row(2, ago(days=2), do_not_delete=True, expires_at=None),
        row(3, ago(days=3)),
        row(4, ago(days=9), complete=False),
        *(row(number, ago(days=4 * number + 20)) for number in range(5, 14)),
    ],
    schedule=SCHEDULE,
    restore_jobs=[job(5, None), job(None, ago(days=400), job_id="e" * 24)],
)
PLAN = json.loads(json.dumps(planned(LISTING, TIDY, max_delete=-1, max_delete_percent=100)))
REPORT = as_json(reported(PLAN, LISTING))
# Removed when Python ends.
FOLDER = TemporaryDirectory()
(Path(FOLDER.name) / "retention-x.json").write_text(REPORT, encoding="utf-8")
LEFT_BEHIND = {host: {"retention_result": result} for host, result in RESULTS.items()}
ARGUMENTS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "retention_plan": (
        retention_plan,
        {"info": LISTING, "policy": TIDY, "now": NOW, **dict.fromkeys(OPTION_KEYS), "max_delete": -1},
    ),
    "retention_report_index": (retention_report_index, {"folder": FOLDER.name}),
    "retention_table": (
        retention_table,
        {"hosts": list(LEFT_BEHIND), "hostvars": LEFT_BEHIND, "digests": True},
    ),
    "snapshot_table": (snapshot_table, {"info": LISTING, "now": NOW}),
}
EACH = [(name, argument) for name, (_filter, given_) in ARGUMENTS.items() for argument in given_]


def called(name: str, **changed: Any) -> Any:
    """What a filter comes to: its result, plain and fit for a file, or None for an error in its own words."""
    function, arguments = ARGUMENTS[name]
    with hostile.in_time():
        try:
            result = function(**{**arguments, **changed})
        except UndefinedError:
            return None
        except AnsibleFilterError as error:
            message = str(error)
            assert message.startswith(f"{name}: ")
            assert len(message) < 2000
            assert "object at 0x" not in message
            if set(changed) == {"now"} or (name == "retention_plan" and set(changed) <= set(OPTION_KEYS)):
                assert message.startswith(tuple(f"{name}: {key}:" for key in changed)) or "extend_kept" in changed
            return None
    assert hostile.is_plain(result)
    json.dumps(result, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return result


def test_the_filters_work_on_what_they_are_made_for() -> None:
    for name in ARGUMENTS:
        assert called(name), name
    assert PLAN["changes"]


@pytest.mark.parametrize(("name", "argument"), EACH, ids=[f"{name}-{argument}" for name, argument in EACH])
@settings(max_examples=hostile.examples(0.3))
@given(value=ANY_VALUES)
def test_any_value_is_a_result_or_an_error_of_the_filter(name: str, argument: str, value: Any) -> None:
    called(name, **{argument: value})


PLACES = [
    (name, argument, place)
    for name, (_filter, given_) in ARGUMENTS.items()
    for argument, document in given_.items()
    if isinstance(document, (dict, list))
    for place in hostile.places(document)
]


@settings(max_examples=hostile.examples(6))
@given(st.sampled_from(PLACES), ANY_VALUES | st.just(MISSING))
def test_any_value_inside_a_document_is_a_result_or_an_error_of_the_filter(
    at: tuple[str, str, tuple[Any, ...]], value: Any
) -> None:
    name, argument, place = at
    called(name, **{argument: hostile.put(ARGUMENTS[name][1][argument], place, value)})


# --- numbers and times at both ends ---

HUGE = [10**18, -(10**18), 10**400, 10**5000, "9" * 30, "1e3", "10" * 3000, "\u0661", 1e308, float("inf"), float("nan")]
SPANS = [
    "999999999y",
    "999999999mo999999999w999999999d999999999h",
    "1" + "0" * 30 + "y",
    "0y",
    "1h1h",
    "\u0661d",
    "1m",
    "١y",
]


@pytest.mark.parametrize("key", POLICY_KEYS)
def test_counts_and_spans_without_end_neither_hang_nor_remove_more(key: str) -> None:
    for value in (*HUGE, *SPANS):
        result = called("retention_plan", policy={key: value})
        if result is not None:
            assert result["snapshots"][0]["action"] == "keep"
            assert result["changes"] == [] or key.startswith("keep_within_")


@pytest.mark.parametrize(
    "key", ["min_keep", "max_delete", "max_delete_percent", "min_age", "pit_window", "stale_after"]
)
def test_options_without_end_neither_hang_nor_lift_a_guard(key: str) -> None:
    for value in (*HUGE, *SPANS):
        result = called("retention_plan", **{key: value})
        if result is not None:
            assert len(result["changes"]) <= len(PLAN["changes"])


@pytest.mark.parametrize(
    "zone",
    [
        "../../etc/passwd",
        "/etc/localtime",
        "Europe/../UTC",
        "Europe\\Berlin",
        "\x00",
        "x" * 10_000,
        "localtime",
        "posix/",
        "Europe",
        ".",
        "\ud800",
        "utc\u0661",
    ],
)
def test_a_zone_is_a_name_and_never_a_path(zone: str) -> None:
    assert called("retention_plan", timezone=zone) is None


@pytest.mark.parametrize("method", ["delete", "expire"])
@pytest.mark.parametrize(
    "now",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01",
        "9999-12-31T23:59:59Z",
        datetime.min,
        datetime.max,
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-23))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=23))),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Apia", "America/St_Johns"])
def test_both_ends_of_time(now: Any, zone: str, method: str) -> None:
    ends = ["0001-01-01T00:00:00Z", "0001-01-01T00:00:01Z", "9999-12-31T23:59:58Z", "9999-12-31T23:59:59Z"]
    listing = info(
        [row(number, created, expires) for number, (created, expires) in enumerate((a, b) for a in ends for b in ends)]
    )
    result = called(
        "retention_plan",
        info=listing,
        now=now,
        timezone=zone,
        method=method,
        policy={"keep_within": "1h", "keep_within_yearly": "999999999y"},
        **{key: value for key, value in BARE.items() if key != "max_delete"},
    )
    if result is None:
        assert isinstance(now, datetime)
        return
    assert all(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one["expires_to"] or result["now"])
        for one in result["snapshots"]
    )
    assert as_html(reported(result, listing))
    assert Plan.load(Plan.load(result).dump_compact()).digest == result["digest"]


def test_a_hundred_thousand_protected_ids_take_seconds() -> None:
    with hostile.in_time(60):
        result = retention_plan(LISTING, TIDY, now=NOW, protected_ids=" ".join(sid(number) for number in range(10**5)))
    assert result["changes"] == []


# --- whatever the listing says ---

ROWS = st.dictionaries(
    st.sampled_from(
        ["id", "created_at", "created_increment", "complete", "do_not_delete", "expires_at", "file_size_bytes"]
    ),
    ANY_VALUES | st.sampled_from([True, False, None, sid(1), sid(2), ago(days=90), ago(hours=1), "2099-01-01"]),
    max_size=3,
)
TOPS = st.dictionaries(
    st.sampled_from(
        ["total", "truncated", "filtered", "completeness", "project_id", "cluster_id", "schedule", "restore_jobs"]
    ),
    ANY_VALUES,
    max_size=1,
)


def changed_by(plan: Mapping[str, Any]) -> list[Any]:
    return [change["snapshot_id"] for change in plan["changes"]]


@settings(max_examples=hostile.examples(2))
@given(st.lists(ROWS, max_size=8), TOPS, st.sampled_from(["delete", "expire"]), st.sampled_from(["hold", "candidate"]))
def test_no_listing_makes_a_plan_touch_what_is_no_candidate_or_the_newest(
    changes: list[dict[str, Any]], top: dict[str, Any], method: str, no_expiry: str
) -> None:
    rows = [{**row(number, ago(days=number * 9 + 9)), **more} for number, more in enumerate(changes, 1)]
    plan = called(
        "retention_plan",
        info={**info(rows), **top},
        policy={"keep_within": "1h"},
        method=method,
        no_expiry=no_expiry,
        min_age="off",
        min_keep=1,
        pit_window="off",
        stale_after="off",
        max_delete=-1,
        max_delete_percent=100,
    )
    if plan is None:
        return
    given_rows = {str(one["id"]).strip().lower(): one for one in rows}
    assert len(given_rows) == len(rows) == len(plan["snapshots"])
    complete = [one for one in plan["snapshots"] if one["complete"] is True and one["created_at"] <= NOW]
    for name in changed_by(plan):
        one = given_rows[name]
        assert re.fullmatch("[0-9a-f]{24}", name)
        assert one["complete"] is True
        assert one["do_not_delete"] is False or one["do_not_delete"] is None
        assert one["expires_at"] is not None or no_expiry == "candidate"
        shown = next(row_ for row_ in plan["snapshots"] if row_["id"] == name)
        assert shown["created_at"] <= NOW
        assert shown["expires_at"] is None or shown["expires_at"] > NOW
        assert name != complete[0]["id"]
