# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a policy and its options may say, as YAML or as the strings of a survey, and how the rest is refused."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    OPTION_KEYS,
    POLICY_KEYS,
    Options,
    parse_now,
    parse_options,
    parse_policy,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError, shown

WITHIN = parse_policy({"keep_within": "2d"})
COUNTED = parse_policy({"keep_daily": 7})


@pytest.mark.parametrize("value", [7, "7", " 7 ", "+7", "07"])
def test_counts(value: Any) -> None:
    assert parse_policy({"keep_daily": value}).to_plain() == {"keep_daily": 7}


@pytest.mark.parametrize("value", [-1, "-1"])
def test_unlimited(value: Any) -> None:
    assert parse_policy({"keep_daily": value}).to_plain() == {"keep_daily": -1}


@pytest.mark.parametrize("value", [0, "0", "", "  ", None])
def test_off_or_absent(value: Any) -> None:
    assert parse_policy({"keep_daily": value, "keep_last": 1}).to_plain() == {"keep_last": 1}


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        7.0,
        "7.0",
        "7x",
        "true",
        "seven",
        -2,
        "-2",
        [],
        {},
        [7],
        10**9,
        pytest.param(10**5000, id="huge"),
        "1" * 5000,
        "٧",
        object(),
    ],
)
def test_what_is_no_count(value: Any) -> None:
    with pytest.raises(RefusedError, match=r"^policy\.keep_daily: must be a whole number, or -1 for unlimited, not "):
        parse_policy({"keep_daily": value, "keep_last": 1})


@pytest.mark.parametrize("value", [7, 0, True, False, 1.5, "7", "0", "off", "6m", [], {}, date(2026, 1, 1)])
def test_what_is_no_window(value: Any) -> None:
    with pytest.raises(RefusedError, match=r"^policy\.keep_within_daily: "):
        parse_policy({"keep_within_daily": value, "keep_last": 1})


@pytest.mark.parametrize("value", [{}, {"keep_daily": 0}, {"keep_daily": None, "keep_within": ""}])
def test_an_empty_policy_is_refused(value: Any) -> None:
    with pytest.raises(RefusedError, match=r"^policy: keeps nothing"):
        parse_policy(value)


@pytest.mark.parametrize("value", [None, "", "keep_daily=7", 7, ["keep_daily"], True, object()])
def test_a_policy_is_a_dictionary(value: Any) -> None:
    with pytest.raises(RefusedError, match=r"^policy: must be a dictionary"):
        parse_policy(value)


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("keep_dayly", "did you mean keep_daily"),
        ("keep_tags", "the keys are"),
        (7, "the keys are"),
        (None, "the keys are"),
    ],
)
def test_an_unknown_key_is_refused(key: Any, hint: str) -> None:
    with pytest.raises(RefusedError, match=rf"^policy: has no key .*{hint}"):
        parse_policy({key: 7, "keep_last": 1})


def test_rules_are_in_the_order_of_their_reasons() -> None:
    policy = parse_policy({key: "7d" if "within" in key else 7 for key in sorted(POLICY_KEYS, reverse=True)})
    assert [f"keep_{rule.name}" for rule in policy.rules] == list(POLICY_KEYS)
    assert list(policy.to_plain()) == list(POLICY_KEYS)


def test_options_have_the_defaults_that_are_documented() -> None:
    assert parse_options({}, WITHIN) == Options()
    assert Options().to_plain() == {
        "anchor": "newest",
        "min_keep": 3,
        "min_age": "24h",
        "pit_window": "auto",
        "protected_ids": [],
        "no_expiry": "hold",
        "method": "delete",
        "extend_kept": False,
        "max_delete": 50,
        "max_delete_percent": 75,
        "stale_after": "3d",
    }


@pytest.mark.parametrize("blank", ["", " ", None])
@pytest.mark.parametrize("key", OPTION_KEYS)
def test_r21_blank_is_the_default(key: str, blank: Any) -> None:
    assert parse_options({key: blank}, WITHIN) == Options()


@pytest.mark.parametrize("off", ["off", False, "Off", " off ", "false"])
@pytest.mark.parametrize("key", ["min_age", "pit_window", "stale_after"])
def test_r21_off_is_off(key: str, off: Any) -> None:
    options = parse_options({key: off}, WITHIN)
    assert getattr(options, key) is None
    assert options.to_plain()[key] == "off"


@pytest.mark.parametrize("value", [True, 0, "0", "0d", "none", "no", "on", "-1", 24, 1.5, [], {}, "1m"])
@pytest.mark.parametrize("key", ["min_age", "pit_window", "stale_after"])
def test_r21_nothing_else_is_off(key: str, value: Any) -> None:
    with pytest.raises(RefusedError, match=rf"^{key}: .*off"):
        parse_options({key: value}, WITHIN)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("timezone", "utc", "UTC"),
        ("timezone", " Europe/Berlin ", "Europe/Berlin"),
        ("anchor", "now", "now"),
        ("min_keep", "5", 5),
        ("min_age", "1d", Duration(days=1)),
        ("pit_window", "AUTO", "auto"),
        ("pit_window", "48h", Duration(hours=48)),
        ("no_expiry", "candidate", "candidate"),
        ("method", "expire", "expire"),
        ("extend_kept", "yes", True),
        ("extend_kept", "False", False),
        ("extend_kept", 1, True),
        ("max_delete", "-1", -1),
        ("max_delete", 0, 0),
        ("max_delete_percent", "100", 100),
        ("max_delete", "off", -1),
        ("max_delete", False, -1),
        ("max_delete_percent", " Off ", 100),
        ("max_delete_percent", False, 100),
        ("max_delete", "", 50),
        ("max_delete_percent", None, 75),
        ("stale_after", "1w", Duration(weeks=1)),
        ("protected_ids", [], ()),
        ("protected_ids", ["B" * 24, "a" * 24, "b" * 24, ""], ("a" * 24, "b" * 24)),
        ("protected_ids", f"{'b' * 24},{'a' * 24}\n {'c' * 24} ,", ("a" * 24, "b" * 24, "c" * 24)),
        ("protected_ids", [123456789012345678901234], ("123456789012345678901234",)),
    ],
)
def test_options(key: str, value: Any, expected: Any) -> None:
    assert getattr(parse_options({key: value}, WITHIN), key) == expected


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("timezone", "Europe/Nowhere"),
        ("timezone", "Europe"),
        ("timezone", "../../etc/passwd"),
        ("timezone", "/etc/localtime"),
        pytest.param("timezone", "Europe/Ber\0lin", id="nul"),
        pytest.param("timezone", "x" * 5000, id="long"),
        pytest.param("timezone", "\ud800", id="surrogate"),
        ("timezone", "localtime"),
        ("timezone", "+02:00"),
        ("timezone", 2),
        ("timezone", ["UTC"]),
        ("anchor", "oldest"),
        ("anchor", True),
        ("min_keep", 0),
        ("min_keep", -1),
        ("min_keep", "1.5"),
        ("min_keep", True),
        ("protected_ids", "xyz"),
        ("protected_ids", ["a" * 23]),
        ("protected_ids", [None, True]),
        ("protected_ids", [["a" * 24]]),
        ("protected_ids", {"a": 1}),
        ("protected_ids", 7),
        ("no_expiry", "delete"),
        ("method", "purge"),
        ("method", 1),
        ("extend_kept", "maybe"),
        ("extend_kept", 2),
        ("extend_kept", 1.0),
        ("extend_kept", []),
        ("max_delete", -2),
        ("max_delete", True),
        pytest.param("max_delete", 10**5000, id="huge"),
        ("max_delete_percent", 101),
        ("max_delete_percent", -1),
        ("max_delete_percent", "75%"),
    ],
)
def test_options_that_are_refused(key: str, value: Any) -> None:
    with pytest.raises(RefusedError, match=rf"^{key}: ") as refused:
        parse_options({key: value}, WITHIN)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"^'min_kep': is no option \(did you mean min_keep\?\)"):
        parse_options({"min_kep": 1}, WITHIN)


def test_r14a_expire_needs_within_rules_only() -> None:
    parse_options({"method": "expire"}, WITHIN)
    mixed = parse_policy({"keep_within": "2d", "keep_daily": 7})
    with pytest.raises(RefusedError, match=r"^method: .*keep_daily"):
        parse_options({"method": "expire"}, mixed)
    parse_options({"method": "expire"}, parse_policy({"keep_within": "2d", "keep_daily": 0}))


def test_r15_extend_kept_needs_a_within_rule_and_method_delete() -> None:
    parse_options({"extend_kept": True}, WITHIN)
    with pytest.raises(RefusedError, match=r"^extend_kept: .*no keep_within"):
        parse_options({"extend_kept": True}, COUNTED)
    with pytest.raises(RefusedError, match=r"^extend_kept: method expire"):
        parse_options({"extend_kept": True, "method": "expire"}, WITHIN)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-08-21T01:00:00Z", "2026-08-21T01:00:00+00:00"),
        ("2026-08-21T01:00:00.999+02:00", "2026-08-20T23:00:00+00:00"),
        ("2026-08-21 01:00", "2026-08-21T01:00:00+00:00"),
        ("2026-08-21", "2026-08-21T00:00:00+00:00"),
        (date(2026, 8, 21), "2026-08-21T00:00:00+00:00"),
        (datetime(2026, 8, 21, 1, 0, 0, 999), "2026-08-21T01:00:00+00:00"),
        (datetime(2026, 8, 21, 1, tzinfo=timezone(timedelta(hours=2))), "2026-08-20T23:00:00+00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59+00:00"),
    ],
)
def test_r01_now(value: Any, expected: str) -> None:
    assert parse_now(value).isoformat() == expected


@pytest.mark.parametrize("value", [None, "", " "])
def test_r01_now_is_required(value: Any) -> None:
    with pytest.raises(RefusedError, match=r"^now: is required"):
        parse_now(value)


@pytest.mark.parametrize(
    "value",
    [
        "today",
        "2026-02-30",
        "2026-08-21T25:00:00Z",
        1787274000,
        1.5,
        True,
        [],
        {},
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))),
        "0001-01-01T00:00:00+14:00",
        pytest.param("x" * 100000, id="long"),
        pytest.param("\ud800", id="surrogate"),
    ],
)
def test_r01_what_is_no_instant(value: Any) -> None:
    with pytest.raises(RefusedError, match=r"^now: ") as refused:
        parse_now(value)
    assert len(str(refused.value)) < 300


def test_without_a_zone_database_there_is_utc_and_another_zone_names_tzdata(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(key: str) -> None:
        raise zoneinfo.ZoneInfoNotFoundError(key)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", missing)
    assert zone("UTC").local(0) == zone("Etc/UTC").local(0) == datetime(1970, 1, 1)
    with pytest.raises(RefusedError, match=r"^timezone: .*tzdata"):
        parse_options({"timezone": "Europe/Berlin"}, WITHIN)


def test_messages_quote_anything_in_one_short_line() -> None:
    deep: list[Any] = []
    for _level in range(100000):
        deep = [deep]
    for value in ("a\nb" * 1000, b"x" * 1000, 10**5000, deep, {"a": deep}, None, 1.5, object(), date(2026, 1, 1)):
        assert "\n" not in shown(value)
        assert len(shown(value)) < 80
