# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter as playbooks meet it: any input gives a plan of plain data, or one line that names the key."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import ansible.template
import pytest
import yaml
from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter import retention_plan as the_filter
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    OPTION_KEYS,
    POLICY_KEYS,
    Options,
)
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.plugin_utils._retention.cases import FAR, NOW, TIDY, ago, info, job, row, rows, sid

retention_plan = the_filter.FilterModule().filters()["retention_plan"]
LISTING = info([*rows([NOW, ago(days=1), ago(days=2), ago(days=40)]), row(9, ago(days=900), None)])
PLAIN = (str, int, bool, list, dict, type(None))


def exact(value: Any) -> bool:
    """Whether it is of Python's own types all through."""
    if isinstance(value, dict):
        return value.__class__ is dict and all(key.__class__ is str and exact(item) for key, item in value.items())
    if isinstance(value, list):
        return value.__class__ is list and all(exact(item) for item in value)
    return value.__class__ in PLAIN


def test_it_plans() -> None:
    plan = retention_plan(LISTING, TIDY, now=NOW)
    assert plan["summary"]["by_action"] == {"keep": 5, "extend": 0, "shorten": 0, "delete": 0}
    assert exact(plan)


@pytest.mark.parametrize("now", [NOW, "2026-08-21 01:00", datetime(2026, 8, 21, 1), "2026-08-21T03:00:00+02:00"])
def test_now_in_any_form(now: Any) -> None:
    assert retention_plan(LISTING, TIDY, now=now) == retention_plan(LISTING, TIDY, NOW)


def test_yaml_dates_in_the_listing_are_dates() -> None:
    dates = yaml.safe_load(yaml.safe_dump(LISTING).replace("'", ""))
    assert isinstance(dates["snapshots"][0]["created_at"], datetime)
    for one in dates["snapshots"]:
        one["id"] = one["project_id"] = one["cluster_id"] = None
    for one, as_text in zip(dates["snapshots"], LISTING["snapshots"], strict=True):
        one.update({key: as_text[key] for key in ("id", "project_id", "cluster_id")})
    dates["project_id"], dates["cluster_id"] = LISTING["project_id"], LISTING["cluster_id"]
    assert retention_plan(dates, TIDY, now=date(2026, 8, 22)) == retention_plan(LISTING, TIDY, now="2026-08-22")


def test_what_a_survey_sends() -> None:
    survey = dict.fromkeys(OPTION_KEYS, "")
    policy = dict.fromkeys(POLICY_KEYS, "") | {"keep_daily": "7", "keep_last": "-1"}
    assert retention_plan(LISTING, policy, now=NOW, **survey) == (
        retention_plan(LISTING, {"keep_daily": 7, "keep_last": -1}, now=NOW)
    )


def template(expression: str, **variables: Any) -> Any:
    """What a playbook makes of it, with the core that is installed."""
    return Templar(loader=DataLoader(), variables=variables).template(trusted("{{ " + expression + " }}"))


def trusted(text: str) -> str:
    """As what stands in a playbook: cores from 2.19 on template nothing else."""
    trust: Callable[[str], str] = getattr(ansible.template, "trust_as_template", str)
    return trust(text)


NAME = "mongodb_ops.legacy_backup.retention_plan"


def test_in_a_template_the_plan_is_plain_and_the_same() -> None:
    plan = template(
        f"(listing | {NAME}(policy, now=now, protected_ids=ids)) | to_json",
        listing=LISTING,
        policy=TIDY,
        now=NOW,
        ids=[sid(2)],
    )
    assert json.loads(plan) == retention_plan(LISTING, TIDY, now=NOW, protected_ids=[sid(2)])


def test_in_a_template_what_is_templated_itself_is_read() -> None:
    variables = {
        "listing": {**LISTING, "snapshots": trusted("{{ other }}")},
        "other": LISTING["snapshots"],
        "policy": {"keep_last": trusted("{{ number }}")},
        "number": 2,
        "keep": trusted("{{ number }}"),
    }
    plan = template(f"listing | {NAME}(policy, now='{NOW}', min_keep=keep)", **variables)
    assert plan["policy"] == {"keep_last": 2}
    assert plan["options"]["min_keep"] == 2
    assert json.loads(json.dumps(plan)) == retention_plan(LISTING, {"keep_last": 2}, now=NOW, min_keep=2)


def _itself(text: str) -> str:
    return text


class Marked(str):
    """Stands for the unsafe and tagged strings of ansible-core, whose methods return their own kind."""

    def strip(self, *args: Any) -> Marked:
        return Marked(super().strip(*args))

    def lower(self) -> Marked:
        return Marked(super().lower())

    __str__ = _itself


class Number(int):
    """Likewise for numbers."""


def test_strings_of_the_templating_engine_do_not_reach_the_plan() -> None:
    def marked(value: Any) -> Any:
        if isinstance(value, dict):
            return {Marked(key): marked(item) for key, item in value.items()}
        if isinstance(value, list):
            return [marked(item) for item in value]
        if isinstance(value, str):
            return Marked(value)
        return Number(value) if isinstance(value, int) and not isinstance(value, bool) else value

    listing = info(LISTING["snapshots"], restore_jobs=[job(2, NOW)])
    policy = {**TIDY, "keep_last": 3}
    options: dict[str, Any] = {
        "timezone": "Europe/Berlin",
        "anchor": "now",
        "min_keep": 2,
        "min_age": "1h",
        "pit_window": "auto",
        "protected_ids": [sid(1)],
        "no_expiry": "candidate",
        "method": "delete",
        "max_delete": 7,
    }
    plan = retention_plan(marked(listing), marked(policy), now=Marked(NOW), **marked(options))
    assert exact(plan)
    assert plan == retention_plan(listing, policy, now=NOW, **options)


def refused(*args: Any, **options: Any) -> str:
    """The message of the filter's own error."""
    with pytest.raises(AnsibleFilterError) as error:
        retention_plan(*args, **options)
    message = str(error.value.message if hasattr(error.value, "message") else error.value)
    assert message.startswith("retention_plan: ")
    assert "\n" not in message
    assert len(message) < 600
    return message.removeprefix("retention_plan: ")


@pytest.mark.parametrize(
    ("args", "options", "begins"),
    [
        ((LISTING, TIDY), {}, "now: is required"),
        ((LISTING,), {"now": NOW}, "policy: must be a dictionary"),
        ((LISTING, {}), {"now": NOW}, "policy: keeps nothing"),
        ((LISTING, {"keep_dialy": 7}), {"now": NOW}, "policy: has no key 'keep_dialy' (did you mean keep_daily?)"),
        ((LISTING, {"keep_within": "6m"}), {"now": NOW}, "policy.keep_within: '6m' has a bare m"),
        ((LISTING["snapshots"], TIDY), {"now": NOW}, "_input: is a bare list"),
        (("listing", TIDY), {"now": NOW}, "_input: must be a result of legacy_snapshot_info"),
        ((None, TIDY), {"now": NOW}, "_input: must be a result of legacy_snapshot_info"),
        (({**LISTING, "truncated": True}, TIDY), {"now": NOW}, "truncated: is True"),
        ((LISTING, TIDY), {"now": NOW, "min_kep": 1}, "'min_kep': is no option (did you mean min_keep?)"),
        ((LISTING, TIDY), {"now": NOW, "a\nb": 1}, "'a\\nb': is no option"),
        (({**LISTING, "snapshots": [1], "total": 1}, TIDY), {"now": NOW}, "snapshots[0]: must be a dictionary"),
        ((info([{}]), TIDY), {"now": NOW}, "snapshots[0]: has no key id"),
        ((info([row(1, NOW, id="x")]), TIDY), {"now": NOW}, "snapshots[0].id: 'x' is not an id"),
        ((info([row(1, NOW, complete="yes")]), TIDY), {"now": NOW}, "snapshots[0].complete: must be true or false"),
        ((info([row(1, NOW, expires="9")]), TIDY), {"now": NOW, "method": "x"}, "method: must be delete or expire"),
        ((info([row(1, NOW, expires_at="9")]), TIDY), {"now": NOW}, "snapshots[0].expires_at: '9' is not"),
        ((info([row(1, NOW, created_increment=1.5)]), TIDY), {"now": NOW}, "snapshots[0].created_increment: must be"),
        ((info([row(1, NOW, file_size_bytes=2**70)]), TIDY), {"now": NOW}, "snapshots[0].file_size_bytes: must be"),
        ((info([], schedule=[]), TIDY), {"now": NOW}, "schedule: must be a dictionary"),
        (
            (info([], schedule={"point_in_time_window_hours": "24"}), TIDY),
            {"now": NOW},
            "schedule.point_in_time_window_hours: must be a whole number",
        ),
        ((info([], restore_jobs={}), TIDY), {"now": NOW}, "restore_jobs: must be a list"),
        ((info([], restore_jobs=[7]), TIDY), {"now": NOW}, "restore_jobs[0]: must be a dictionary"),
        ((info([], restore_jobs=[{}]), TIDY), {"now": NOW}, "restore_jobs[0].in_use: must be true or false"),
        ((info([], restore_jobs=[job(1, "x")]), TIDY), {"now": NOW}, "restore_jobs[0].timestamp: 'x' is not"),
        (
            (info([], restore_jobs=[{**job(1, NOW), "snapshot_id": 7}]), TIDY),
            {"now": NOW},
            "restore_jobs[0].snapshot_id: must be a string",
        ),
    ],
)
def test_what_cannot_be_used_is_named(args: tuple[Any, ...], options: dict[str, Any], begins: str) -> None:
    assert refused(*args, **options).startswith(begins)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**4000),
    st.floats(),
    st.text(max_size=30),
    st.dates(),
    st.datetimes(),
    st.binary(max_size=5),
    st.sampled_from(["0001-01-01", "9999-12-31T23:59:59Z", "off", "-1", "7", "1y", NOW, FAR, sid(1), "x" * 10000]),
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3), max_leaves=6
)


def tried(*args: Any, **options: Any) -> None:
    """A plan of plain data, or the filter's own error: nothing else."""
    try:
        plan = retention_plan(*args, **options)
    except AnsibleFilterError as error:
        message = str(getattr(error, "message", error))
        assert message.startswith("retention_plan: ")
        assert "\n" not in message
    else:
        assert exact(plan)
        json.dumps(plan, allow_nan=False)


@pytest.mark.parametrize("key", OPTION_KEYS)
@given(value=ANYTHING)
def test_any_value_of_any_option(key: str, value: Any) -> None:
    tried(LISTING, TIDY, now=NOW, **{key: value})


@given(ANYTHING)
def test_any_now(value: Any) -> None:
    tried(LISTING, TIDY, now=value)


@given(ANYTHING)
def test_any_policy(value: Any) -> None:
    tried(LISTING, value, now=NOW)


@given(st.dictionaries(st.sampled_from(POLICY_KEYS), ANYTHING, max_size=4))
def test_any_value_of_any_rule(value: Any) -> None:
    tried(LISTING, value, now=NOW)


@given(ANYTHING)
def test_any_input(value: Any) -> None:
    tried(value, TIDY, now=NOW)


@pytest.mark.parametrize("key", [key for key in LISTING if key != "snapshots"])
@given(value=ANYTHING)
def test_any_value_in_the_input(key: str, value: Any) -> None:
    tried({**LISTING, key: value}, TIDY, now=NOW)


@given(ANYTHING)
def test_any_snapshots(value: Any) -> None:
    tried({**LISTING, "snapshots": value, "total": None}, TIDY, now=NOW)


@pytest.mark.parametrize("key", list(LISTING["snapshots"][0]))
@given(value=ANYTHING)
def test_any_value_in_a_snapshot(key: str, value: Any) -> None:
    tried(info([row(1, ago(days=3)), {**row(2, ago(days=9)), key: value}]), TIDY, now=NOW)


@pytest.mark.parametrize("key", list(LISTING["schedule"]))
@given(value=ANYTHING)
def test_any_value_in_the_schedule(key: str, value: Any) -> None:
    tried({**LISTING, "schedule": {**LISTING["schedule"], key: value}}, TIDY, now=NOW)


@pytest.mark.parametrize("key", list(job(1, NOW)))
@given(value=ANYTHING)
def test_any_value_in_a_restore_job(key: str, value: Any) -> None:
    tried({**LISTING, "restore_jobs": [{**job(1, NOW), key: value}]}, TIDY, now=NOW)


@given(
    st.lists(st.datetimes(), max_size=5),
    st.datetimes(),
    st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia", "America/St_Johns"]),
    st.sampled_from(["delete", "expire"]),
    st.sampled_from(["999999999y", "1h", "9999y", "13mo"]),
)
def test_any_time_from_the_year_1_to_9999(
    created: list[datetime], now: datetime, zone: str, method: str, window: str
) -> None:
    policy = {key: window for key in POLICY_KEYS if key.startswith("keep_within")}
    listed = [row(number, at.isoformat()[:19]) for number, at in enumerate(created, 1)]
    tried(info(listed), policy, now=now, timezone=zone, method=method, min_age=window, pit_window=window)


def test_depth_is_no_way_in() -> None:
    deep: list[Any] = []
    for _level in range(100_000):
        deep = [deep]
    for key in OPTION_KEYS:
        tried(LISTING, TIDY, now=NOW, **{key: deep})
    for key in LISTING:
        tried({**LISTING, key: deep}, TIDY, now=NOW)
    for key in LISTING["snapshots"][0]:
        tried(info([{**row(1, NOW), key: deep}]), TIDY, now=NOW)
    tried(deep, deep, now=deep)


def test_size_is_no_way_in() -> None:
    # Python itself refuses to spell such a number.
    for huge in (10**5000, -(10**5000), "9" * 5000, "x" * 10**7):
        for key in OPTION_KEYS:
            tried(LISTING, TIDY, now=NOW, **{key: huge})
        for key in LISTING:
            tried({**LISTING, key: huge}, TIDY, now=NOW)
        for key in LISTING["snapshots"][0]:
            tried(info([{**row(1, NOW), key: huge}]), TIDY, now=NOW)
        for key in LISTING["schedule"]:
            tried(info([], schedule={key: huge}), TIDY, now=NOW)
        tried(LISTING, {"keep_daily": huge}, now=huge)


def test_an_undefined_variable_is_refused() -> None:
    # By the name of the variable, or before ansible-core 2.19 by that of the option.
    with pytest.raises(AnsibleError, match=r"nowhere|retention_plan: now: "):
        template(f"listing | {NAME}(policy, now=nowhere)", listing=LISTING, policy=TIDY)


def test_the_documented_options_are_those_that_there_are() -> None:
    documented = yaml.safe_load(the_filter.DOCUMENTATION)["options"]
    assert list(documented) == ["_input", "policy", "now", *OPTION_KEYS]
    plain = {"timezone": Options().timezone, **Options().to_plain()}
    assert {key: documented[key]["default"] for key in OPTION_KEYS} == plain
    assert all(key in "".join(documented["policy"]["description"]) for key in POLICY_KEYS)


def test_the_documented_result_is_what_is_returned() -> None:
    def keys(documented: dict[str, Any]) -> dict[str, Any]:
        return {key: keys(value["contains"]) if "contains" in value else None for key, value in documented.items()}

    def shape(value: Any, like: dict[str, Any]) -> dict[str, Any]:
        """The keys of all dictionaries in a list, as those of one."""
        items = value if isinstance(value, list) else [value]
        parts: dict[str, list[Any]] = {key: [] for item in items for key in item}
        for item in items:
            for key, part in item.items():
                parts[key] += part if isinstance(part, list) else [part]
        return {key: shape(found, like[key]) if like.get(key) else None for key, found in parts.items()}

    expected = keys(yaml.safe_load(the_filter.RETURN)["_value"]["contains"])
    listing = info(rows([ago(days=days) for days in (1, 3, 8, 9, 10)], ago(days=-1)))
    options: dict[str, Any] = {"extend_kept": True, "max_delete": 0, "pit_window": "off", "protected_ids": sid(77)}
    plan = retention_plan(listing, {"keep_within_daily": "7d"}, now=NOW, **options)
    assert all(plan[key] for key in ("changes", "gaps", "warnings"))
    assert plan["guard"]["reasons"]
    assert any(one["why"] for one in plan["snapshots"])
    assert shape(plan, expected) == expected
    for key, value in yaml.safe_load(the_filter.RETURN)["_value"]["contains"].items():
        assert type(value.get("sample", plan[key])) is type(plan[key])


def test_the_examples_are_playbooks_that_template() -> None:
    _list, show, do = yaml.safe_load(the_filter.EXAMPLES)
    for task in (show, do):
        expression = task["vars"]["plan"].strip().removeprefix("{{").removesuffix("}}").strip()
        plan = template(expression, listing=LISTING, policy=task["vars"].get("policy"))
        assert plan["schema"] == 1
