# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's variables as inventories, surveys and jinja2_native give them (R1, R21, R26)."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
import yaml
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import (
    CLUSTER_KEYS,
    KEYS,
    VARIABLES,
    Cluster,
    Settings,
    in_role,
    now_of,
    read_cluster,
    read_policy,
    read_settings,
    refuse_unknown,
)

from tools.tree import ROOT

CLOCK = datetime(2026, 8, 21, 1, tzinfo=timezone.utc)


def test_the_role_and_its_defaults_know_the_same_variables() -> None:
    defaults = yaml.safe_load((ROOT / "roles" / "retention" / "defaults" / "main.yml").read_text(encoding="utf-8"))
    assert set(defaults) == set(VARIABLES)


# --- the cluster ---


@pytest.mark.parametrize("key", CLUSTER_KEYS)
@pytest.mark.parametrize(
    "value", [202401, 0, 1.5, True, False, date(2024, 1, 1), ["orders"], {"name": "orders"}, b"orders"], ids=repr
)
def test_a_name_or_an_id_is_text(key: str, value: Any) -> None:
    """jinja2_native makes 202401 of the text 2024_01."""
    with pytest.raises(RefusedError, match=rf"^retention_{key}: .*no text"):
        read_cluster({key: value})


@pytest.mark.parametrize("blank", ["", " ", None], ids=repr)
def test_blank_is_not_given(blank: Any) -> None:
    assert read_cluster(dict.fromkeys(CLUSTER_KEYS, blank)) == Cluster()
    assert read_cluster({}).given == {}
    assert read_settings(dict.fromkeys(KEYS, blank)) == Settings()


def test_a_subclass_of_text_is_text() -> None:
    """Ansible marks what may be rendered, and what must not be, by classes of its own."""

    class Marked(str):
        def __str__(self) -> str:
            return "another"

    found = read_cluster({"cluster_name": Marked(" 2024_01 ")}).cluster_name
    assert (found, type(found)) == ("2024_01", str)


def test_the_key_of_a_cluster_is_by_what_is_given() -> None:
    keys = {
        Cluster("p", "n", "i").key("h"),
        Cluster("p", "i").key("h"),
        Cluster("p", "n").key("h"),
        Cluster("q", "n").key("h"),
        Cluster("p").key("h"),
        Cluster("p").key("g"),
        Cluster("p", "h").key("x"),
    }
    # The id wins over the name; without either it is the host's.
    assert len(keys) == 5
    assert all(len(key) == 16 for key in keys)
    assert Cluster("p", "\udcff").key("h")


# --- unknown ones ---


@pytest.mark.parametrize(
    "name",
    [
        "retention_keep_within_montly",
        "retention_plan",
        "retention_",
        "retention_Keep_last",
        "retention_plan_0123456789abcde",
        "retention_plan_0123456789abcdeg",
        "retention_plan_0123456789ABCDEF",
        "retention_result_0123456789abcdef",
        "retention_plan_0123456789abcdef\n",
        "retention_" + "x" * 100_000,
    ],
    ids=lambda name: name[:40],
)
def test_an_unknown_variable_is_refused(name: str) -> None:
    with pytest.raises(RefusedError, match="retention_ignore_variables"):
        refuse_unknown([*VARIABLES, name], ())
    refuse_unknown([*VARIABLES, name], (name,))


def test_the_nearest_one_is_named() -> None:
    with pytest.raises(RefusedError, match=r"retention_stale_affter; the nearest one .* is retention_stale_after\."):
        refuse_unknown(["retention_stale_affter"], ())


def test_what_others_set_and_what_the_role_leaves_is_known() -> None:
    known = (
        "retention_hosts",
        "retention_result",
        *(f"retention_{one}_0123456789abcdef" for one in ("plan", "digest")),
    )
    refuse_unknown(
        [
            *known,
            "retention_audit_0123456789abcdef",
            "retention_run_0123456789abcdef",
            "retentions",
            "my_retention_x",
            "keep_last",
        ],
        (),
    )


# --- settings ---


@pytest.mark.parametrize(
    ("value", "limit"),
    [(0, 0), ("0", 0), (0.0, 0), ("0%", 0), (" 7.5 % ", 7.5), (100, 100), ("100", 100), ("", 100), (None, 100)],
    ids=repr,
)
def test_a_percentage(value: Any, limit: float) -> None:
    assert read_settings({"max_fail_percentage": value}).max_fail_percentage == limit


@pytest.mark.parametrize(
    "value",
    [False, True, [], [0], {}, 1000, -0.1, 100.1, float("inf"), float("nan"), "inf", "nan", "off", "no", "1_0", "0x1"],
    ids=repr,
)
def test_what_is_no_percentage(value: Any) -> None:
    with pytest.raises(RefusedError, match=r"^retention_max_fail_percentage: "):
        read_settings({"max_fail_percentage": value})


@pytest.mark.parametrize("value", [["a", "b"], "a,b", "a b", "a\nb", " a ,, b ", ("a", "b"), ["a", " ", "b"]])
def test_a_list_in_all_the_ways_to_write_it(value: Any) -> None:
    assert read_settings({"ignore_variables": value}).ignore_variables == ("a", "b")


@pytest.mark.parametrize("value", [7, True, [7], {"a": 1}, [["a"]], ["a", None]], ids=repr)
def test_what_is_no_list_of_names(value: Any) -> None:
    with pytest.raises(RefusedError, match=r"^retention_ignore_variables"):
        read_settings({"ignore_variables": value})


def test_digests() -> None:
    one, other = "a" * 64, "B" * 64
    assert read_settings({"approved_digest": f"{one}, {other}"}).approved_digest == (one, other.lower())
    for wrong in ("a" * 63, "g" * 64, f"{one} x", 7, [one, "x"]):
        with pytest.raises(RefusedError, match=r"^retention_approved_digest"):
            read_settings({"approved_digest": wrong})


@pytest.mark.parametrize("key", ["report_dir", "plan_dir", "plan_file"])
@pytest.mark.parametrize("value", [7, True, ["a"], {"a": 1}], ids=repr)
def test_a_path_is_text(key: str, value: Any) -> None:
    with pytest.raises(RefusedError, match=rf"^retention_{key}: "):
        read_settings({key: value})


def test_a_policy_names_the_variable() -> None:
    with pytest.raises(RefusedError, match=r"^retention_keep_within_daily: "):
        read_policy({"keep_within_daily": "3m"})
    with pytest.raises(RefusedError, match=r"retention_"):
        read_policy({})


# --- texts of modules ---


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Check cluster_name (Atlas) or cluster_id.", "Check retention_cluster_name (Atlas) or retention_cluster_id."),
        ("project_id is required", "retention_project_id is required"),
        (
            "raise retry_timeout, or lower concurrency, forks",
            "raise retry_timeout, or lower retention_concurrency, forks",
        ),
        # What is no option of ours stays as it is.
        ("/groups/project_id/clusters retention_cluster_name", "/groups/project_id/clusters retention_cluster_name"),
        ("Snapshot x is held. To do it all the same, set unless_newest to false.", "Snapshot x is held."),
        ("later than T (unless_expires_after): somebody", "later than T: somebody"),
        ("time_limit (30 s) is used up.", "the timeout of the task (30 s) is used up."),
    ],
)
def test_a_module_s_text_names_what_the_reader_of_the_role_can_set(text: str, told: str) -> None:
    assert in_role(text) == told


# --- now ---


@pytest.mark.parametrize("hours", [-48, -1.01, 1.01, 48])
def test_another_clock_is_refused_where_something_could_be_written(hours: float) -> None:
    settings = Settings(now=CLOCK + timedelta(hours=hours))
    with pytest.raises(RefusedError, match=r"^retention_now is "):
        now_of(settings, CLOCK, may_write=True)
    assert now_of(settings, CLOCK, may_write=False) == settings.now
    simulated = Settings(now=settings.now, allow_simulated_now=True)
    assert now_of(simulated, CLOCK, may_write=True) == settings.now


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_clock_within_the_hour_is_taken(hours: float) -> None:
    settings = Settings(now=CLOCK + timedelta(hours=hours))
    assert now_of(settings, CLOCK, may_write=True) == settings.now
    assert now_of(Settings(), CLOCK, may_write=True) == CLOCK
