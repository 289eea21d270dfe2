# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of hosts: of any names whatever, none that Ansible would read as something else, and no two alike."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from ansible.inventory.manager import split_host_pattern
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.fleet import FleetCluster
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.hostnames import (
    check_other_sources,
    default_name,
    named_hosts,
    safe_name,
)
from hypothesis import given
from hypothesis import strategies as st

# Names with more of what hurts than chance would bring.
HOSTILE = st.text(st.sampled_from("ab/.{}%#[]:,;!&~@*?\\'\"` \n\té٣\u200b\u2028\ud800") | st.characters(), max_size=20)


def cluster_of(project: str = "Shop", name: str = "orders", identity: str = "1" * 24) -> FleetCluster:
    return FleetCluster("f" * 24, project, identity, name, "REPLICA_SET")


@pytest.mark.parametrize(
    ("project", "cluster", "expected"),
    [
        ("Shop", "orders", "Shop.orders"),
        ("Bob's shop (EU)", "Cluster0", "Bob_s_shop_EU_.Cluster0"),
        ("Zürich", "Übersee", "Zürich.Übersee"),
        ("Zu\u0308rich", "o", "Zürich.o"),
        ("東京", "注文", "東京.注文"),
        ("{{ 7*7 }}", "{% raw %}", "_7_7_._raw_"),
        ("a/b", "c", "a_b.c"),
        ("a\uff0fb", "c", "a_b.c"),
        ("shop \U0001f600 €", "c", "shop_.c"),
        ("..", ".", "_"),
        ("a//b", "/", "a_b._"),
        ("all:!prod", "~x,y", "all_prod._x_y"),
        ("two\nlines", "tab\tbed", "two_lines.tab_bed"),
    ],
)
def test_names(project: str, cluster: str, expected: str) -> None:
    ((name, _cluster),) = named_hosts([cluster_of(project, cluster)], default_name)
    assert name == expected


@given(HOSTILE)
def test_nothing_is_left_that_means_something(text: str) -> None:
    name = safe_name(text)
    assert all(sign in "._-" or unicodedata.category(sign)[0] in "LMN" for sign in name)
    assert not {".", ".."} & {name}
    assert safe_name(name) == name
    name.encode("utf-8")


@given(HOSTILE, HOSTILE)
def test_a_name_is_a_pattern_that_means_the_host_alone(project: str, cluster: str) -> None:
    ((name, _cluster),) = named_hosts([cluster_of(project or "p", cluster or "c")], default_name)
    assert split_host_pattern(name) == [name]
    assert Path("facts", name).parent == Path("facts")


@given(st.lists(st.tuples(HOSTILE, HOSTILE), max_size=6))
def test_no_two_hosts_share_a_name(names: list[tuple[str, str]]) -> None:
    clusters = [cluster_of(f"p{project}", f"c{name}", f"{number:024x}") for number, (project, name) in enumerate(names)]
    wanted = {safe_name(default_name(one)) for one in clusters}
    if len(wanted) < len(clusters):
        with pytest.raises(OptionError, match="hostname"):
            named_hosts(clusters, default_name)
        return
    hosts = named_hosts(clusters, default_name)
    assert {one for _name, one in hosts} == set(clusters)
    assert {name for name, _one in hosts} == wanted


def test_both_of_one_name_are_named() -> None:
    first, second = cluster_of(identity="1" * 24), cluster_of(identity="2" * 24)
    with pytest.raises(OptionError) as caught:
        named_hosts([first, second], default_name)
    assert all(one in str(caught.value) for one in ("'Shop.orders'", first.cluster_id, second.cluster_id))
    by_id = named_hosts([first, second], lambda one: f"{one.cluster_name}-{one.cluster_id}")
    assert [name for name, _one in by_id] == [f"orders-{'1' * 24}", f"orders-{'2' * 24}"]


def test_a_template_that_gives_nothing() -> None:
    with pytest.raises(OptionError, match="hostname gives no name for cluster 'orders'"):
        named_hosts([cluster_of()], lambda one: " \n")


def test_a_cluster_that_comes_twice_is_one_host() -> None:
    first = cluster_of()
    assert named_hosts([first, cluster_of(name="renamed")], lambda one: one.cluster_name) == [("orders", first)]


OWN = {"project_id": "F" * 24, "cluster_id": "1" * 24}


@pytest.mark.parametrize(
    ("existing", "words"),
    [
        ({}, None),
        ({"Shop.orders": {}}, None),
        ({"Shop.orders": {"retention_min_keep": 5}, "web": {"ansible_host": "x"}}, None),
        ({"Shop.orders": OWN}, None),
        ({"other": {**OWN, "project_id": "e" * 24}}, None),
        ({"other": OWN}, "Two hosts would be one cluster: 'Shop.orders', and 'other' of another inventory source"),
        ({"Shop.orders": {**OWN, "cluster_id": "2" * 24}}, "Two clusters would be the host 'Shop.orders'"),
        ({"Shop.orders": {**OWN, "project_id": "e" * 24}}, "Two clusters would be the host 'Shop.orders'"),
    ],
    ids=str,
)
def test_hosts_of_other_sources(existing: dict[str, dict[str, Any]], words: str | None) -> None:
    hosts = named_hosts([cluster_of()], default_name)
    if words is None:
        check_other_sources(hosts, existing)
        return
    with pytest.raises(OptionError) as caught:
        check_other_sources(hosts, existing)
    assert words in str(caught.value)
