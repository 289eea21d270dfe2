# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of hosts: of any names whatever, none that Ansible would read as something else, and no two alike."""

from __future__ import annotations

import unicodedata

import pytest
from ansible.inventory.manager import split_host_pattern
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.fleet import FleetCluster
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.hostnames import (
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
        ("Shop", "orders", "Shop/orders"),
        ("Bob's shop (EU)", "Cluster0", "Bob_s_shop_EU_/Cluster0"),
        ("Zürich", "Übersee", "Zürich/Übersee"),
        ("Zu\u0308rich", "o", "Zürich/o"),
        ("東京", "注文", "東京/注文"),
        ("{{ 7*7 }}", "{% raw %}", "_7_7_/_raw_"),
        ("a/b", "c", "a_b/c"),
        ("..", ".", "_/_"),
        ("all:!prod", "~x,y", "all_prod/_x_y"),
        ("two\nlines", "tab\tbed", "two_lines/tab_bed"),
    ],
)
def test_names(project: str, cluster: str, expected: str) -> None:
    assert default_name(cluster_of(project, cluster)) == expected


@given(HOSTILE)
def test_nothing_is_left_that_means_something(text: str) -> None:
    name = safe_name(text)
    assert set(name) & set("{}%#[]():,;!&~@*?\\'\"`<>|$=^+ \n\t\r") == set()
    assert not any(unicodedata.category(sign)[0] in "ZC" for sign in name)
    assert not {"", ".", ".."} & set(name.split("/") if name else ())
    assert safe_name(name) == name
    name.encode("utf-8")


@given(HOSTILE, HOSTILE)
def test_a_name_is_a_pattern_that_means_the_host_alone(project: str, cluster: str) -> None:
    name = default_name(cluster_of(project or "p", cluster or "c"))
    assert split_host_pattern(name) == [name]
    assert name.count("/") <= 1


@given(st.lists(st.tuples(HOSTILE, HOSTILE), max_size=6))
def test_no_two_hosts_share_a_name(names: list[tuple[str, str]]) -> None:
    clusters = [cluster_of(f"p{project}", f"c{name}", f"{number:024x}") for number, (project, name) in enumerate(names)]
    wanted = {default_name(one) for one in clusters}
    if len(wanted) < len(clusters):
        with pytest.raises(OptionError, match="hostname"):
            named_hosts(clusters, default_name)
        return
    hosts = named_hosts(clusters, default_name)
    assert [one for _name, one in hosts] == clusters
    assert {name for name, _one in hosts} == wanted


def test_both_of_one_name_are_named() -> None:
    first, second = cluster_of(identity="1" * 24), cluster_of(identity="2" * 24)
    with pytest.raises(OptionError) as caught:
        named_hosts([first, second], default_name)
    assert all(one in str(caught.value) for one in ("'Shop/orders'", first.cluster_id, second.cluster_id))
    by_id = named_hosts([first, second], lambda one: f"{one.cluster_name}-{one.cluster_id}")
    assert [name for name, _one in by_id] == [f"orders-{'1' * 24}", f"orders-{'2' * 24}"]


def test_a_template_that_gives_nothing() -> None:
    with pytest.raises(OptionError, match="hostname gives no name for cluster 'orders'"):
        named_hosts([cluster_of()], lambda one: "/")
