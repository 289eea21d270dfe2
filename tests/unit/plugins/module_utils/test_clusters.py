# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the cluster that options name, on each dialect."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._clusters import (
    Cluster,
    find_cluster,
    sort_rows,
)

from unit.plugins.clients import PLATFORMS, Talk, error_of

TalkTo = Callable[..., Talk]
NOBODY = "0" * 24
BY_NAME, BY_ID = ["v2", "v1.0"], ["cloud_manager", "ops_manager"]


def find(asker: Talk, name: str | None, cluster_id: str | None) -> Cluster:
    return find_cluster(asker.client, asker.sim.world.main.project_id, name, cluster_id)


@pytest.mark.parametrize("name", BY_NAME)
def test_atlas_takes_the_name_as_it_is(talk: TalkTo, name: str) -> None:
    asker = talk(name)
    assert find(asker, "ladder", None) == Cluster("ladder", "ladder", None)
    assert asker.sim.log.requests == 0


@pytest.mark.parametrize("name", [None, "", "my cluster", "../x", "-a", "a_b", "ü", "a/b", "a\n"])
def test_atlas_needs_a_name_that_can_be_one(talk: TalkTo, name: str | None) -> None:
    asker = talk("v2")
    with pytest.raises(OptionError, match="cluster_name"):
        find(asker, name, "a" * 24)
    assert asker.sim.log.requests == 0


@pytest.mark.parametrize("name", BY_ID)
def test_the_others_take_the_id_as_it_is(talk: TalkTo, name: str) -> None:
    asker = talk(name)
    own = asker.sim.world.main.id
    assert find(asker, None, own) == Cluster(own, None, own)
    assert asker.sim.log.requests == 0


@pytest.mark.parametrize("name", BY_ID)
def test_the_others_look_a_name_up(talk: TalkTo, name: str) -> None:
    asker = talk(name)
    own = asker.sim.world.main.id
    assert find(asker, "ladder", None) == Cluster(own, "ladder", own)
    assert asker.sim.log.status(200) == 1


def test_of_a_sharded_cluster_the_whole_is_taken(talk: TalkTo) -> None:
    asker = talk("ops_manager", "sharded")
    assert find(asker, "events", None).key == asker.sim.world.main.id


def test_among_more_than_a_page_of_clusters(talk: TalkTo) -> None:
    asker = talk("ops_manager", "fleet", {"clusters": 3, "each": 1})
    world = asker.sim.world
    project = world.project_of(world.main)
    last = [world.add_cluster(project, f"more-{number}") for number in range(600)][-1]
    assert find(asker, "more-599", None).key == last.id


@pytest.mark.parametrize("name", PLATFORMS)
def test_both_given_and_agreeing(talk: TalkTo, name: str) -> None:
    asker = talk(name)
    main = asker.sim.world.main
    key = main.name if name in BY_NAME else main.id
    assert find(asker, "ladder", main.id) == Cluster(key, "ladder", main.id)
    assert asker.sim.log.status(200) == 1


@pytest.mark.parametrize("name", BY_NAME)
def test_ids_are_compared_without_regard_to_case(talk: TalkTo, name: str) -> None:
    asker = talk(name)
    main = asker.sim.world.main
    body = json.dumps({"id": main.id.upper(), "name": "ladder"})
    asker.sim.faults.add("answer", path="/clusters/ladder$", status=200, body=body)
    assert find(asker, "ladder", main.id) == Cluster("ladder", "ladder", main.id)


@pytest.mark.parametrize("name", [*BY_NAME, *BY_ID])
def test_both_given_and_not_agreeing(talk: TalkTo, name: str) -> None:
    asker = talk(name, "fleet", {"clusters": 2, "each": 1})
    first, second = asker.sim.world.clusters.values()
    error = error_of(find, asker, first.name, second.id)
    assert "are not the same cluster" in error.message
    assert (second.name if name in BY_ID else first.id) in error.message


def test_both_given_cost_the_same_in_a_large_project(talk: TalkTo) -> None:
    asker = talk("ops_manager", "fleet", {"clusters": 600, "each": 0})
    main = asker.sim.world.main
    find(asker, main.name, main.id)
    assert asker.sim.log.where(lambda one: not one.challenge)[0].path.endswith(f"/clusters/{main.id}")
    assert asker.sim.log.status(200) == 1


@pytest.mark.parametrize("name", [*BY_NAME, *BY_ID])
def test_both_given_and_not_there_names_those_that_are(talk: TalkTo, name: str) -> None:
    error = error_of(find, talk(name), "elsewhere", "f" * 24)
    assert (error.status, error.code) == (404, "CLUSTER_NOT_FOUND")
    assert "The project has: ladder." in error.message


def test_both_given_to_a_service_that_only_lists(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    main = asker.sim.world.main
    asker.sim.faults.add("not_found", path=f"/clusters/{main.id}$", code="RESOURCE_NOT_FOUND")
    assert find(asker, main.name, main.id) == Cluster(main.id, main.name, main.id)


def test_both_given_once_the_older_version_has_ended(talk: TalkTo) -> None:
    asker = talk("v2")
    asker.sim.switch(clusters_version="newer")
    main = asker.sim.world.main
    assert find(asker, "ladder", main.id) == Cluster("ladder", "ladder", main.id)


def test_both_given_and_not_there_once_the_older_version_has_ended(talk: TalkTo) -> None:
    asker = talk("v2")
    asker.sim.switch(clusters_version="newer")
    error = error_of(find, asker, "elsewhere", "f" * 24)
    assert (error.status, error.code) == (404, "CLUSTER_NOT_FOUND")
    assert "The project has: ladder." in error.message


@pytest.mark.parametrize("listed", ["left_out", "refused"])
def test_both_given_of_a_cluster_that_older_versions_cannot_describe(talk: TalkTo, listed: str) -> None:
    asker = talk("v2", switches={"older_clusters": listed})
    main = asker.sim.world.main
    assert find(asker, "ladder", main.id) == Cluster("ladder", "ladder", main.id)
    assert asker.sim.log.status(200) == asker.sim.log.requests - asker.sim.log.challenges == 1
    assert "are not the same cluster" in error_of(find, asker, "ladder", NOBODY).message
    # It is one of those that the project has.
    assert "The project has: ladder." in error_of(find, asker, "elsewhere", NOBODY).message


def test_both_given_to_v1_of_a_cluster_that_it_cannot_describe(talk: TalkTo) -> None:
    asker = talk("v1.0", switches={"older_clusters": "left_out"})
    error = error_of(find, asker, "ladder", asker.sim.world.main.id)
    assert (error.status, error.code) == (400, "MULTI_CLOUD_CLUSTER_INVALID")
    assert "leave cluster_id out. Or set api_version to v2." in error.message


def test_both_given_where_the_newer_version_is_not_there(talk: TalkTo) -> None:
    asker = talk("v2", switches={"clusters_version": "older", "older_clusters": "refused"})
    error = error_of(find, asker, "ladder", asker.sim.world.main.id)
    assert error.message.endswith("leave cluster_id out.")
    asker.sim.switch(older_clusters="described")
    main = asker.sim.world.main
    assert find(asker, "ladder", main.id) == Cluster("ladder", "ladder", main.id)


def test_a_cluster_whose_deployment_is_gone(talk: TalkTo) -> None:
    """The inventory names it by its id, and nothing but its backup tells of it."""
    asker = talk("ops_manager")
    main = asker.sim.world.main
    main.gone = True
    assert find(asker, main.id, main.id) == Cluster(main.id, main.id, main.id)
    assert asker.sim.log.requests == 0
    assert "its backups remain, leave cluster_name out" in error_of(find, asker, "ladder", main.id).message


def test_both_given_and_agreeing_by_the_name_of_the_replica_set(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    own = asker.sim.world.main.id
    body = json.dumps({"id": own, "replicaSetName": "rs0", "typeName": "REPLICA_SET"})
    asker.sim.faults.add("answer", path=f"/clusters/{own}$", body=body, status=200, times=None)
    assert find(asker, "rs0", own) == Cluster(own, "rs0", own)
    assert "that its name is 'rs0'" in error_of(find, asker, "ladder", own).message


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({"typeName": "REPLICA_SET", "clusterName": "x"}, "clusters"),
        ({"typeName": "SHARDED_REPLICA_SET", "clusterName": "y"}, "clusters"),
        ({"typeName": "SHARDED_REPLICA_SET", "clusterName": "x", "shardName": "x-0"}, "clusters"),
        ({"typeName": "sharded replica set", "clusterName": "x", "shardName": "x-0"}, "clusters"),
        ({"typeName": "Config_Server_Replica_Set", "clusterName": "y"}, "parts"),
        ({"typeName": "REPLICA_SET", "clusterName": "x", "shardName": "x-0"}, "parts"),
        ({"typeName": "REPLICA_SET", "clusterName": "y", "shardName": "x-0"}, "unclear"),
        ({"typeName": "REPLICA_SET", "clusterName": "x", "shardName": ""}, "clusters"),
        ({"typeName": "CONFIG_SERVER_REPLICA_SET", "clusterName": "x"}, "parts"),
        ({"typeName": [], "shardName": None}, "clusters"),
        ({}, "clusters"),
    ],
    ids=str,
)
def test_the_type_tells_a_cluster_from_its_parts(row: dict[str, Any], wanted: str) -> None:
    whole = {"typeName": "SHARDED_REPLICA_SET", "clusterName": "x"}
    listed = sort_rows([row, whole])
    assert row in getattr(listed, wanted)
    assert len(listed.clusters) + len(listed.parts) + len(listed.unclear) == 2


ROWS: dict[str, tuple[list[dict[str, Any]], str | None]] = {
    "a replica set": ([{"clusterName": "x", "typeName": "REPLICA_SET"}], "0"),
    "a replica set by that name alone": ([{"replicaSetName": "x", "typeName": "REPLICA_SET"}], "0"),
    "the sharded one before its shards": (
        [
            {"clusterName": "x", "typeName": "REPLICA_SET", "shardName": "s0"},
            {"clusterName": "x", "typeName": "SHARDED_REPLICA_SET"},
            {"clusterName": "x", "typeName": "CONFIG_SERVER_REPLICA_SET"},
        ],
        "1",
    ),
    "the sharded one that has a shardName too": (
        [
            {"clusterName": "x", "typeName": "REPLICA_SET", "shardName": "x-0"},
            {"clusterName": "x", "typeName": "SHARDED_REPLICA_SET", "shardName": "x-0"},
        ],
        "1",
    ),
    "a sharded one and a replica set of its name": (
        [{"clusterName": "x", "typeName": "SHARDED_REPLICA_SET"}, {"clusterName": "x", "typeName": "REPLICA_SET"}],
        "two",
    ),
    "a shard of something that is not listed": (
        [{"clusterName": "x", "typeName": "REPLICA_SET", "shardName": "s0"}],
        "shard",
    ),
    "no shard and no config server by its own name": (
        [
            {"clusterName": "y", "typeName": "SHARDED_REPLICA_SET"},
            {"clusterName": "y", "replicaSetName": "x", "typeName": "REPLICA_SET", "shardName": "s0"},
            {"replicaSetName": "x", "typeName": "CONFIG_SERVER_REPLICA_SET"},
        ],
        None,
    ),
    "two replica sets": ([{"clusterName": "x"}, {"clusterName": "x"}], "two"),
    "two sharded ones": (
        [{"clusterName": "x", "typeName": "SHARDED"}, {"clusterName": "x", "typeName": "SHARDED"}],
        "two",
    ),
    "none": ([{"clusterName": "y"}, {}], None),
    "no clusters at all": ([], None),
    "odd types": ([{"clusterName": 5, "typeName": [], "shardName": {}}], None),
}


@pytest.mark.parametrize(("rows", "wanted"), ROWS.values(), ids=ROWS)
def test_which_entry_is_meant(talk: TalkTo, rows: list[dict[str, Any]], wanted: str | None) -> None:
    asker = talk("ops_manager")
    named = [{**row, "id": f"{number}" * 24} for number, row in enumerate(rows)]
    asker.sim.faults.add("answer", path="/clusters$", body=json.dumps({"results": named}))
    if wanted not in (None, "two", "shard"):
        assert find(asker, "x", None).key == str(wanted) * 24
        return
    error = error_of(find, asker, "x", None)
    if wanted == "two":
        assert f"give cluster_id, one of {'0' * 24}, {'1' * 24}" in error.message
    elif wanted == "shard":
        assert "'x' is only the name of a shard" in error.message
        assert f"give cluster_id: {'0' * 24}" in error.message
    else:
        assert (error.status, error.code) == (404, "CLUSTER_NOT_FOUND")
        assert "There is no cluster 'x' in project" in error.message


def test_a_cluster_that_is_not_there_names_those_that_are(talk: TalkTo) -> None:
    asker = talk("ops_manager", "fleet", {"clusters": 12, "each": 1})
    error = error_of(find, asker, "nobody", None)
    assert "The project has: fleet-000, fleet-001, " in error.message
    assert error.message.endswith("fleet-009 ….")
    error = error_of(find, asker, "fleet-000", NOBODY)
    assert (error.code, "There is no cluster" in error.message) == ("CLUSTER_NOT_FOUND", True)


def test_an_id_of_the_service_that_is_none(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    asker.sim.faults.add("answer", path="/clusters$", body='{"results": [{"clusterName": "x", "id": "../etc"}]}')
    assert "'../etc', which is no id" in error_of(find, asker, "x", None).message


def test_a_project_that_is_not_there_fails_the_look_up(talk: TalkTo) -> None:
    assert "Check project_id" in error_of(find, talk("ops_manager", key="stranger"), "ladder", None).message
