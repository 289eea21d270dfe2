# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet of a key on each dialect: which clusters, by how many requests, and what is said of what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError, OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory import managers
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.discovery import (
    failure_text,
    is_about_the_project,
    read_fleet,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.fleet import (
    Fleet,
    FleetCluster,
    Project,
    Selection,
    cluster_from_result,
    distinct,
)
from hypothesis import given
from hypothesis import strategies as st

from simulator.nouns import Cluster
from simulator.server import Simulator
from unit.plugins.clients import PLATFORMS, Talk, error_of
from unit.plugins.conftest import TalkTo

SMALL = {"projects": 3, "clusters": 10, "each": 0}
BY_ID = ("cloud_manager", "ops_manager")


def fleet_of(talk: Talk, tolerant: bool = False, **selection: Any) -> Fleet:
    return read_fleet(talk.client, Selection(**selection), tolerant)


def projects_of(sim: Simulator) -> list[str]:
    return list(sim.world.projects)


def answered(sim: Simulator) -> int:
    """Requests without the one that fetched the challenge."""
    return sum(not entry.challenge for entry in sim.log)


def named(fleet: Fleet) -> list[str]:
    return [f"{entry.project_name}/{entry.cluster_name}" for entry in fleet.clusters]


# --- everything ---


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_fleet_by_few_requests(talk: TalkTo, name: str) -> None:
    asker = talk(name, "company", {"projects": 20, "clusters": 25, "each": 0}, connections=4)
    fleet = fleet_of(asker)
    assert (len(fleet.clusters), fleet.projects, fleet.seen, fleet.failed) == (500, 20, 500, ())
    assert named(fleet) == sorted(named(fleet))
    # On v2 two for each project, since no version of the clusters knows everything.
    assert answered(asker.sim) == {"v2": 41, "v1.0": 21}.get(name, 22)
    assert fleet.remarks == ()
    assert asker.sim.log.challenges <= 1
    assert asker.client.sent.to_result()["patches"] == 0


@pytest.mark.parametrize("name", PLATFORMS)
def test_clusters_are_told_alike_everywhere(talk: TalkTo, name: str) -> None:
    asker = talk(name, "company", SMALL, connections=4)
    world = asker.sim.world
    fleet = fleet_of(asker)
    assert len(fleet.clusters) == 30
    for one in fleet.clusters:
        cluster = world.cluster(one.cluster_id)
        assert (one.cluster_name, one.project_id) == (cluster.name, cluster.project_id)
        assert one.project_name == world.projects[cluster.project_id].name
        assert one.cluster_type == ("SHARDED" if cluster.sharded else "REPLICA_SET")
        assert one.backup_status == ("STOPPED" if name in BY_ID else "STARTED")
        flags = (one.backup_enabled, one.provider_backup_enabled)
        assert flags == ((None, None) if name in BY_ID else (True, False))
        assert one.has_legacy_snapshots is None


@pytest.mark.parametrize("name", BY_ID)
@pytest.mark.parametrize(
    "switches",
    [
        {"overview_types": "words", "overview_standalones": "present"},
        {"overview_empty_projects": "absent", "inactive_configs": "present"},
        {"overview_pages": "refused", "list_links": "absent"},
        {"overview_atlas": "present", "foreign_projects": "listed"},
        {"ssl_key": "SSLEnabled", "link_host": "other"},
        {"whole_shard_name": "present", "config_server_row": "absent"},
        {"whole_shard_name": "present", "part_configs": "present"},
    ],
    ids=str,
)
def test_habits_of_the_overview_make_no_difference(talk: TalkTo, name: str, switches: dict[str, Any]) -> None:
    """And neither does asking project by project: the shards are never clusters of their own."""
    asker = talk(name, "company", SMALL, switches=switches, connections=4)
    world = asker.sim.world
    world.add_project("Empty", PLATFORMS[name][0])
    museum = world.add_project("Museum", "atlas")
    world.add_cluster(museum, "catalogue")
    world.set_backup(world.main, "INACTIVE")
    fleet = fleet_of(asker)
    one_by_one = [entry for one in projects_of(asker.sim)[:3] for entry in fleet_of(asker, projects=(one,)).clusters]
    assert list(fleet.clusters) == one_by_one
    assert len(one_by_one) == 30
    assert fleet.clusters[0].backup_status == "INACTIVE"
    assert [one.name for one in fleet.elsewhere] == (["Museum"] if "foreign_projects" in switches else [])


@pytest.mark.parametrize("switches", [{}, {"list_links": "absent"}], ids=str)
def test_an_overview_of_several_pages(talk: TalkTo, switches: dict[str, Any]) -> None:
    """Where it does not say that there is more, the projects that it lacks are asked for one by one."""
    asker = talk("ops_manager", "company", {"projects": 130, "clusters": 1}, switches=switches, connections=4)
    fleet = fleet_of(asker)
    assert len(fleet.clusters) == 130
    assert answered(asker.sim) == (1 + 2 + 130 if not switches else 1 + 1 + 130 + 30)


def test_an_overview_that_is_not_there(talk: TalkTo) -> None:
    asker = talk("ops_manager", "company", SMALL, connections=4)
    asker.sim.faults.add("not_found", path=r"/v1\.0/clusters$", code="RESOURCE_NOT_FOUND", times=None)
    assert len(fleet_of(asker).clusters) == 30


@pytest.mark.parametrize(
    ("clusters", "limits", "said"), [(1, {"MOST_PAGES": 7}, "7 pages"), (30, {"MOST_ROWS": 100}, "100 rows")]
)
def test_an_overview_without_end_is_an_error(
    talk: TalkTo, monkeypatch: pytest.MonkeyPatch, clusters: int, limits: dict[str, int], said: str
) -> None:
    """Each page has another project, and a link to the next."""
    for name, limit in limits.items():
        monkeypatch.setattr(managers, name, limit)
    asker = talk("ops_manager", "company", SMALL)
    listed = [{"clusterId": f"{one:024x}", "name": str(one), "type": "REPLICA_SET"} for one in range(clusters)]
    for number in range(10):
        rows = [{"groupId": f"{number:024x}", "groupName": str(number), "clusters": listed}]
        body = json.dumps({"results": rows, "links": [{"rel": "next", "href": "x"}]})
        asker.sim.faults.add("answer", path="/v1.0/clusters$", body=body)
    error = error_of(fleet_of, asker)
    assert f"a listing of more than {said}" in error.message


def test_an_overview_that_goes_round_is_read_once(talk: TalkTo) -> None:
    asker = talk("ops_manager", "company", SMALL, connections=4)
    row = {"groupId": projects_of(asker.sim)[0], "groupName": "Project 00", "clusters": []}
    body = json.dumps({"results": [row], "links": [{"rel": "next", "href": "x"}]})
    asker.sim.faults.add("answer", path=r"/v1\.0/clusters$", status=200, body=body, times=None)
    # It tells of no cluster of that project, but the project's backup configurations do.
    assert len(fleet_of(asker).clusters) == 30
    assert len(asker.sim.log.where(lambda entry: entry.path.endswith("v1.0/clusters"))) == 2


@pytest.mark.parametrize("pages", [1, 2])
def test_a_project_in_several_rows_of_the_overview_keeps_all_clusters(talk: TalkTo, pages: int) -> None:
    """Those without a backup too, which no backup configuration names."""
    asker = talk("ops_manager", "company", SMALL, connections=4)
    world = asker.sim.world
    first = projects_of(asker.sim)[0]
    own = [one for one in world.clusters.values() if one.project_id == first]
    for one in own:
        world.set_backup(one, "INACTIVE")
    rows = [
        {
            "groupId": first,
            "groupName": world.projects[first].name,
            "clusters": [{"clusterId": one.id, "name": one.name, "type": "REPLICA_SET", "alertCount": number}],
        }
        for number, one in enumerate(own)
    ]
    cut = len(rows) if pages == 1 else 1
    for part, rels in ((rows[:cut], ["next"] if pages == 2 else ["self"]), (rows[cut:], ["self"])):
        body = json.dumps({"results": part, "links": [{"rel": rel, "href": "x"} for rel in rels]})
        asker.sim.faults.add("answer", path=r"/v1\.0/clusters$", status=200, body=body)
    assert len(fleet_of(asker).clusters) == 30


def test_projects_of_another_platform_are_no_error_unless_named(talk: TalkTo) -> None:
    asker = talk("v2", "company", SMALL, switches={"foreign_projects": "listed"}, connections=4)
    bank = asker.sim.world.add_project("Bank", "ops_manager")
    fleet = fleet_of(asker)
    assert len(fleet.clusters) == 30
    assert [one.id for one in fleet.elsewhere] == [bank.id]
    (remark,) = fleet.remarks
    assert f"the clusters of project 'Bank' ({bank.id}) are left out" in remark.text
    ((project, error),) = fleet_of(asker, projects=("Bank",)).failed
    assert (project.name, error.code) == ("Bank", "NOT_ATLAS_GROUP")


def test_a_key_without_projects_is_an_error(talk: TalkTo) -> None:
    asker = talk("v2", "company", SMALL, key="stranger")
    error = error_of(fleet_of, asker)
    assert "sees no project" in error.message
    assert "Project Read Only" in error.message


# --- versions, flags, statuses ---


@pytest.mark.parametrize("name", ["v2", "v1.0"])
def test_what_the_flags_of_atlas_mean(talk: TalkTo, name: str) -> None:
    asker = talk(name, "company", {"projects": 1, "clusters": 3})
    first, second, third = asker.sim.world.clusters.values()
    second.cloud_backup, third.backup = True, "INACTIVE"
    found = {
        entry.cluster_id: (entry.backup_enabled, entry.provider_backup_enabled, entry.backup_status)
        for entry in fleet_of(asker).clusters
    }
    assert found == {
        first.id: (True, False, "STARTED"),
        second.id: (False, True, "INACTIVE"),
        third.id: (False, False, "INACTIVE"),
    }


def test_the_older_version_of_the_clusters_may_be_gone(talk: TalkTo) -> None:
    """The newer one tells of the cloud backup alone; one request finds that out for all projects."""
    asker = talk("v2", "company", SMALL, switches={"clusters_version": "newer"}, connections=4)
    asker.sim.world.main.cloud_backup = True
    fleet = fleet_of(asker)
    first, *others = fleet.clusters
    assert (first.backup_enabled, first.provider_backup_enabled, first.backup_status) == (None, True, "INACTIVE")
    assert {(one.provider_backup_enabled, one.backup_status) for one in others} == {(False, None)}
    assert answered(asker.sim) == 1 + 3 + 1
    (remark,) = fleet.remarks
    assert "does not serve version 2023-01-01 of its clusters any more" in remark.text
    # What is not known may be any status.
    assert len(fleet_of(asker, statuses=("STARTED",)).clusters) == 29


def test_no_version_at_all_is_an_error(talk: TalkTo) -> None:
    asker = talk("v2", "company", SMALL)
    asker.sim.faults.add("error", path="/clusters$", code="VERSION_GONE", times=None)
    assert error_of(fleet_of, asker, tolerant=True).status == 410


def test_without_any_backup_configuration(talk: TalkTo) -> None:
    asker = talk("ops_manager", "company", SMALL, connections=4)
    asker.sim.faults.add("not_found", path="/backupConfigs$", code="BACKUP_CONFIG_NOT_FOUND", times=None)
    assert {entry.backup_status for entry in fleet_of(asker).clusters} == {"INACTIVE"}


# --- some of it ---


@pytest.mark.parametrize("name", PLATFORMS)
def test_one_project_by_its_id_lists_no_others(talk: TalkTo, name: str) -> None:
    asker = talk(name, "company", SMALL)
    second = projects_of(asker.sim)[1]
    fleet = fleet_of(asker, projects=(second.upper(),))
    assert {entry.project_id for entry in fleet.clusters} == {second}
    assert {entry.project_name for entry in fleet.clusters} == {"Project 01"}
    assert answered(asker.sim) == (2 if name == "v1.0" else 3)


@pytest.mark.parametrize("name", ["v2", "ops_manager"])
def test_projects_by_name_and_id(talk: TalkTo, name: str) -> None:
    asker = talk(name, "company", SMALL, connections=4)
    first = projects_of(asker.sim)[0]
    fleet = fleet_of(asker, projects=("Project 02", first, first, "Project 00"))
    assert {entry.project_name for entry in fleet.clusters} == {"Project 00", "Project 02"}
    assert len(fleet.clusters) == 20


def test_a_name_of_two_projects_is_refused_with_their_ids(talk: TalkTo) -> None:
    asker = talk("v2", "company", SMALL)
    world = asker.sim.world
    world.seed = "another organization"
    twin = world.add_project("Project 01", "atlas")
    with pytest.raises(OptionError, match=twin.id) as caught:
        fleet_of(asker, projects=("Project 01",))
    assert projects_of(asker.sim)[1] in str(caught.value)


@pytest.mark.parametrize("tolerant", [False, True])
def test_a_project_that_is_not_seen(talk: TalkTo, tolerant: bool) -> None:
    asker = talk("v2", "company", SMALL, connections=4)
    fleet = fleet_of(asker, tolerant, projects=("Project 00", "Nowhere", "f" * 24))
    assert len(fleet.clusters) == (10 if tolerant else 0)
    told = {str(project): error for project, error in fleet.failed}
    assert "'Nowhere'" in told
    assert "It sees: Project 00, Project 01, Project 02." in told["'Nowhere'"].message
    if tolerant:
        assert told[repr("f" * 24)].code == "NOT_IN_GROUP"


@pytest.mark.parametrize("name", ["v2", "ops_manager"])
def test_names_and_statuses(talk: TalkTo, name: str) -> None:
    asker = talk(name, "company", SMALL, connections=4)
    world = asker.sim.world
    world.set_backup(world.main, "TERMINATING")
    some = fleet_of(asker, include=("cluster-0[0-3]", "cluster-09"), exclude=("*3", "CLUSTER-02"))
    assert {entry.cluster_name for entry in some.clusters} == {"cluster-00", "cluster-01", "cluster-02", "cluster-09"}
    assert some.seen == 30
    here = ("STOPPED",) if name in BY_ID else ("STARTED", "PROVISIONING")
    assert len(fleet_of(asker, statuses=here).clusters) == 29
    assert len(fleet_of(asker, statuses=("PROVISIONING",)).clusters) == 0


def test_statuses_are_asked_for_also_where_no_name_fits(talk: TalkTo) -> None:
    """A backup configuration may name a cluster that nothing else does."""
    asker = talk("ops_manager", "company", SMALL, connections=4)
    assert fleet_of(asker, include=("nothing",)) == Fleet((), 3, 30, (), ())
    assert answered(asker.sim) == 2 + 3


@pytest.mark.parametrize("name", ["v2", "ops_manager"])
@pytest.mark.parametrize(
    "code", ["empty", "BACKUP_JOB_NOT_FOUND", "CLUSTER_NOT_FOUND", "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API"]
)
def test_only_clusters_with_snapshots(talk: TalkTo, name: str, code: str) -> None:
    """One request for each cluster that the other options leave; an incomplete snapshot counts."""
    asker = talk(name, "company", SMALL, switches={"no_legacy_backup": code}, connections=4)
    world = asker.sim.world
    clusters = list(world.clusters.values())
    for cluster in clusters:
        cluster.backup, cluster.cloud_backup = "INACTIVE", True
    now = world.clock.epoch
    world.add_snapshot(clusters[3], now - 10, now + 10**6, complete=False)
    world.add_snapshot(clusters[12], now - 10**5, now + 10**6)
    world.add_snapshot(clusters[15], now - 10**5, now + 10**6)
    before = fleet_of(asker)
    asker.sim.reset_log()
    fleet = fleet_of(asker, with_snapshots=True, exclude=("cluster-05",))
    assert [entry.cluster_id for entry in fleet.clusters] == [clusters[3].id, clusters[12].id]
    assert {entry.has_legacy_snapshots for entry in fleet.clusters} == {True}
    assert answered(asker.sim) == (1 + 6 if name == "v2" else 2 + 3) + 27
    assert {entry.has_legacy_snapshots for entry in before.clusters} == {None}


# --- what a list does not show ---


@pytest.mark.parametrize("name", BY_ID)
@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize(
    "switches", [{"whole_shard_name": "present"}, {"whole_shard_name": "present", "part_configs": "present"}], ids=str
)
def test_a_sharded_cluster_is_one_host(talk: TalkTo, name: str, alone: bool, switches: dict[str, str]) -> None:
    """Its own row may have a shardName; neither its parts nor their backup configurations are clusters."""
    asker = talk(name, "company", SMALL | {"sharded": 2}, switches=switches, connections=4)
    projects = projects_of(asker.sim)[: 1 if alone else 3]
    fleet = fleet_of(asker, projects=tuple(projects))
    assert {one.cluster_id for one in fleet.clusters} == {
        one.id for one in asker.sim.world.clusters.values() if one.project_id in projects
    }
    assert {one.cluster_type for one in fleet.clusters} == {"SHARDED", "REPLICA_SET"}
    assert {one.backup_status for one in fleet.clusters} == {"STOPPED"}
    assert fleet.remarks == ()


def rows_in_place(asker: Talk, *rows: dict[str, Any]) -> None:
    """Rows of a project's clusters, in place of those that the service has."""
    body = json.dumps({"results": [{"id": f"{number}" * 24, **row} for number, row in enumerate(rows, start=1)]})
    asker.sim.faults.add("answer", path="/groups/[^/]*/clusters$", status=200, body=body, times=None)


def test_a_row_that_may_be_a_shard_is_left_out_with_a_remark(talk: TalkTo) -> None:
    asker = talk("ops_manager", "company", SMALL | {"projects": 1, "clusters": 1})
    asker.sim.world.set_backup(asker.sim.world.main, "INACTIVE")
    whole = {"clusterName": "shannon", "typeName": "SHARDED_REPLICA_SET", "shardName": "shannon-0"}
    shard = {"clusterName": "shannon", "typeName": "REPLICA_SET", "shardName": "shannon-0"}
    rows_in_place(asker, whole, shard, {**shard, "clusterName": "elsewhere"}, {**shard, "shardName": ""})
    fleet = fleet_of(asker)
    assert [one.cluster_id[0] for one in fleet.clusters] == ["1", "4"]
    (remark,) = fleet.remarks
    assert f"cluster 'elsewhere' ({'3' * 24}) of project 'Project 00'" in remark.text
    assert "it has the shardName 'shannon-0', and no sharded cluster of its name is listed" in remark.text


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("include", [(), ("cluster-0*",), ("nothing", "[0-9a-f]*")])
def test_a_cluster_that_only_a_backup_configuration_names(talk: TalkTo, alone: bool, include: tuple[str, ...]) -> None:
    """Its deployment is gone and its snapshots remain: it is named by its id, and can be asked for them."""
    asker = talk("ops_manager", "company", SMALL | {"each": 1}, connections=4)
    world = asker.sim.world
    gone = list(world.clusters.values())[3]
    gone.gone = True
    fleet = fleet_of(asker, projects=(gone.project_id,) if alone else (), include=include, with_snapshots=True)
    found = [one for one in fleet.clusters if one.cluster_id == gone.id]
    if include == ("cluster-0*",):
        assert found == []
        return
    (one,) = found
    assert (one.cluster_name, one.cluster_type, one.backup_status) == (gone.id, "UNKNOWN", "STOPPED")
    assert (one.has_legacy_snapshots, fleet.remarks) == (True, ())


@pytest.mark.parametrize("alone", [False, True])
def test_a_project_that_is_not_monitored_keeps_its_hosts(talk: TalkTo, alone: bool) -> None:
    asker = talk("ops_manager", "company", SMALL, switches={"monitoring": "off"}, connections=4)
    projects = projects_of(asker.sim)
    fleet = fleet_of(asker, projects=(projects[0],) if alone else (), statuses=("STARTED",))
    assert len(fleet.clusters) == (10 if alone else 30)
    assert {one.backup_status for one in fleet.clusters} == {None}
    assert (fleet.failed, len(fleet.remarks)) == ((), 1 if alone else 3)
    for part in ("'Project 00'", "409 CANNOT_GET_BACKUP_CONFIG_INVALID_STATE", "backup_status of its clusters is null"):
        assert part in fleet.remarks[0].text


def test_a_cluster_that_is_listed_twice_is_one_host(talk: TalkTo) -> None:
    asker = talk("ops_manager", "company", SMALL, connections=4)
    first, second = list(asker.sim.world.clusters.values())[:2]
    row = {"clusterId": first.id, "name": "one", "type": "REPLICA_SET"}
    clusters = [row, {**row, "clusterId": first.id.upper(), "name": "another"}, {**row, "clusterId": second.id}]
    body = json.dumps({"results": [{"groupId": first.project_id, "groupName": "x", "clusters": clusters}]})
    asker.sim.faults.add("answer", path=r"/v1\.0/clusters$", status=200, body=body, times=None)
    fleet = fleet_of(asker)
    assert len(fleet.clusters) == len({one.cluster_id for one in fleet.clusters}) == 30


def test_each_cluster_once() -> None:
    one = FleetCluster("p", "P", "c", "name", "REPLICA_SET")
    twins = [one, replace(one, cluster_name="other"), replace(one, cluster_id="d"), replace(one, project_id="q")]
    assert distinct(twins) == (one, twins[2], twins[3])


# --- what older versions of Atlas do not show ---


def beyond(asker: Talk) -> list[Cluster]:
    """Two clusters that versions before 2024-08-05 cannot describe."""
    some = list(asker.sim.world.clusters.values())[2:4]
    some[0].beyond, some[1].beyond = "ASYMMETRIC_SHARD_UNSUPPORTED", "MULTI_CLOUD_CLUSTER_INVALID"
    some[1].cloud_backup = True
    return some


@pytest.mark.parametrize("listed", ["left_out", "refused"])
def test_clusters_that_the_older_version_does_not_show_are_hosts(talk: TalkTo, listed: str) -> None:
    asker = talk("v2", "company", SMALL, switches={"older_clusters": listed}, connections=4)
    some = beyond(asker)
    fleet = fleet_of(asker)
    assert len(fleet.clusters) == 30
    found = {
        one.cluster_id: (one.backup_enabled, one.provider_backup_enabled, one.backup_status) for one in fleet.clusters
    }
    assert found.pop(some[0].id) == (None, False, None)
    assert found.pop(some[1].id) == (None, True, "INACTIVE")
    told = [one for one in fleet.clusters if one.backup_status == "STARTED"]
    assert len(told) == (28 if listed == "left_out" else 20)
    # Where the list is refused as a whole, nobody can tell of any cluster of that project.
    assert len(fleet.remarks) == (listed == "refused")
    if fleet.remarks:
        assert "in project 'Project 00'" in fleet.remarks[0].text
        assert "400 ASYMMETRIC_SHARD_UNSUPPORTED" in fleet.remarks[0].text
        assert not fleet.remarks[0].is_count


@pytest.mark.parametrize(
    ("status", "code"), [(400, "SOMETHING_NEW"), (403, "FEATURE_UNSUPPORTED"), (404, "RESOURCE_NOT_FOUND"), (409, None)]
)
def test_an_older_version_that_refuses_a_project_costs_it_no_host(talk: TalkTo, status: int, code: str | None) -> None:
    asker = talk("v2", "company", SMALL, connections=4)
    older = "application/vnd.atlas.2023-01-01+json"
    asker.sim.faults.add(
        "answer",
        path=f"{projects_of(asker.sim)[0]}/clusters$",
        status=status,
        body=json.dumps({"error": status, "errorCode": code, "detail": "No."}),
        times=None,
        when=lambda call: call.headers["Accept"] == older,
    )
    fleet = fleet_of(asker)
    assert (len(fleet.clusters), fleet.failed) == (30, ())
    (remark,) = fleet.remarks
    assert f"in project 'Project 00' ({projects_of(asker.sim)[0]}): GET" in remark.text
    assert f"was answered {status}" in remark.text


def test_what_v1_leaves_out_shows_in_the_count(talk: TalkTo) -> None:
    asker = talk("v1.0", "company", SMALL, switches={"older_clusters": "left_out"}, connections=4)
    beyond(asker)
    fleet = fleet_of(asker)
    assert len(fleet.clusters) == 28
    (remark,) = fleet.remarks
    assert remark.is_count
    assert "project 'Project 00'" in remark.text
    assert "has 10 clusters by its own count, and 8 are listed" in remark.text
    assert "Set api_version to v2." in remark.text
    asker.sim.switch(older_clusters="refused")
    ((project, error),) = fleet_of(asker, tolerant=True).failed
    assert (project.name, error.code) == ("Project 00", "ASYMMETRIC_SHARD_UNSUPPORTED")


@pytest.mark.parametrize(("count", "remarks"), [("exact", 0), ("one_more", 3), ("absent", 0)])
@pytest.mark.parametrize("alone", [False, True])
def test_a_count_that_differs_is_a_remark_with_both_numbers(
    talk: TalkTo, count: str, remarks: int, alone: bool
) -> None:
    asker = talk("v2", "company", SMALL, switches={"cluster_count": count}, connections=4)
    fleet = fleet_of(asker, projects=tuple(projects_of(asker.sim)[:1] if alone else ()))
    assert len(fleet.remarks) == (min(remarks, 1) if alone else remarks)
    for remark in fleet.remarks:
        assert "has 11 clusters by its own count, and 10 are listed." in remark.text
        assert remark.is_count


@pytest.mark.parametrize("accepts", ["refused", "falls_back"])
def test_a_service_that_has_only_the_older_version(talk: TalkTo, accepts: str) -> None:
    """A newer version that falls back has the older one's flags, where backupEnabled means another thing."""
    asker = talk("v2", "company", SMALL, switches={"clusters_version": "older", "newer_accept": accepts}, connections=4)
    asker.sim.world.main.cloud_backup = True
    fleet = fleet_of(asker)
    first, *others = fleet.clusters
    assert (first.backup_enabled, first.provider_backup_enabled, first.backup_status) == (False, True, "INACTIVE")
    assert {one.backup_status for one in others} == {"STARTED"}
    assert fleet.remarks == ()


def test_what_only_the_older_version_shows_is_a_host_too(talk: TalkTo) -> None:
    asker = talk("v2", "company", SMALL | {"projects": 1})
    body = json.dumps({"results": []})
    newer = "application/vnd.atlas.2024-08-05+json"
    asker.sim.faults.add(
        "answer",
        path="/clusters$",
        status=200,
        body=body,
        times=None,
        when=lambda call: call.headers["Accept"] == newer,
    )
    assert len(fleet_of(asker).clusters) == 10


@pytest.mark.parametrize("code", ["CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", "NO_FREE_TIER_API"])
def test_flex_clusters_have_no_legacy_snapshots(talk: TalkTo, code: str) -> None:
    asker = talk("v2", "company", SMALL | {"projects": 1, "each": 1}, connections=4)
    flex = asker.sim.world.main
    flex.flex = True
    if code != "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API":
        asker.sim.faults.add("error", path=f"/{flex.name}/snapshots$", code=code, times=None)
    assert len(fleet_of(asker).clusters) == 10
    fleet = fleet_of(asker, with_snapshots=True)
    assert (len(fleet.clusters), fleet.failed) == (9, ())
    assert flex.id not in {one.cluster_id for one in fleet.clusters}


@pytest.mark.parametrize(
    ("status", "code"), [(400, "ASYMMETRIC_SHARD_UNSUPPORTED"), (400, "A_NEW_KIND"), (409, "BUSY")]
)
def test_a_cluster_whose_snapshots_cannot_be_told_is_kept(talk: TalkTo, status: int, code: str) -> None:
    asker = talk("v2", "company", SMALL | {"projects": 1})
    main = asker.sim.world.main
    body = json.dumps({"error": status, "errorCode": code})
    asker.sim.faults.add("answer", path=f"/{main.name}/snapshots$", status=status, body=body, times=None)
    fleet = fleet_of(asker, with_snapshots=True)
    assert [(one.cluster_id, one.has_legacy_snapshots) for one in fleet.clusters] == [(main.id, None)]
    assert f"whether cluster {main.name!r} has legacy snapshots cannot be told" in fleet.remarks[0].text


# --- what goes wrong ---


@pytest.mark.parametrize("name", ["v2", "ops_manager"])
@pytest.mark.parametrize("with_snapshots", [False, True])
def test_a_project_that_refuses(talk: TalkTo, name: str, with_snapshots: bool) -> None:
    asker = talk(name, "company", SMALL | {"each": 1}, connections=4)
    second = projects_of(asker.sim)[1]
    what = "/snapshots$" if with_snapshots else "/clusters$" if name == "v2" else "/backupConfigs$"
    asker.sim.faults.add("error", path=f"{second}.*{what}", code="USER_UNAUTHORIZED", times=None)
    fleet = fleet_of(asker, tolerant=True, with_snapshots=with_snapshots)
    assert {entry.project_name for entry in fleet.clusters} == {"Project 00", "Project 02"}
    assert (len(fleet.clusters), fleet.projects) == (20, 2)
    ((project, error),) = fleet.failed
    assert (project.id, error.code) == (second, "USER_UNAUTHORIZED")
    assert fleet_of(asker, with_snapshots=with_snapshots).failed != ()


def test_the_first_project_that_refuses_stops_the_rest(talk: TalkTo) -> None:
    asker = talk("v2", "company", {"projects": 20, "clusters": 1, "each": 1}, connections=4)
    asker.sim.faults.add("access_list", path="/clusters$", times=None)
    fleet = fleet_of(asker, with_snapshots=True)
    assert (fleet.clusters, len(fleet.failed)) == ((), 1)
    assert answered(asker.sim) == 2


@pytest.mark.parametrize("tolerant", [False, True])
@pytest.mark.parametrize("kind", ["unauthorized", "login_page", "wrong_shape", "server_error"])
def test_what_would_meet_all_projects_is_raised(talk: TalkTo, kind: str, tolerant: bool) -> None:
    asker = talk("v2", "company", SMALL, connections=4, retry_timeout=2)
    asker.sim.faults.add(kind, path=f"{projects_of(asker.sim)[1]}/clusters$", times=None)
    error = error_of(fleet_of, asker, tolerant)
    assert error.status in (200, 401, 500)


@pytest.mark.parametrize(
    ("status", "code", "exhausted", "expected"),
    [
        (401, "NOT_IN_GROUP", False, True),
        (401, "USER_UNAUTHORIZED", False, True),
        (401, None, False, False),
        (401, "NO_CURRENT_USER", False, False),
        (402, "ACCOUNT_SUSPENDED", False, True),
        (403, None, False, True),
        (404, "GROUP_NOT_FOUND", False, True),
        (410, "VERSION_GONE", False, False),
        (429, "RATE_LIMITED", True, False),
        (500, None, False, False),
        (None, None, True, False),
        (200, None, False, False),
    ],
)
def test_which_answers_are_about_one_project(
    status: int | None, code: str | None, exhausted: bool, expected: bool
) -> None:
    assert is_about_the_project(ApiError("x", status, code, exhausted=exhausted)) is expected


def test_rate_limits_are_waited_out(talk: TalkTo) -> None:
    asker = talk("v2", "company", SMALL, connections=4)
    asker.sim.faults.add("rate_limited", path="/clusters$", retry_after=7, times=2)
    assert len(fleet_of(asker).clusters) == 30
    assert "2 retries" in str(asker.client.retries.summary())


BROKEN: dict[str, tuple[str, str]] = {
    "a project without an id": ("/groups$", '{"results": [{"name": "x"}]}'),
    "a cluster without a name": ("/groups/.*/clusters$", '{"results": [{"id": "5e2211c17a3e5a48f5497de3"}]}'),
    "a cluster whose name is a number": ("/groups/.*/clusters$", '{"results": [{"id": "5e2211c17a3e", "name": 7}]}'),
}


@pytest.mark.parametrize("case", BROKEN)
def test_rows_that_say_too_little_are_an_error(talk: TalkTo, case: str) -> None:
    path, body = BROKEN[case]
    asker = talk("v2", "company", SMALL)
    asker.sim.faults.add("answer", path=path, status=200, body=body, times=None)
    error = error_of(fleet_of, asker, tolerant=True)
    assert "without" in error.message


@pytest.mark.parametrize("body", ['{"results": 5}', '{"results": [5]}', '{"results": [{"groupId": "a" }]}'])
def test_an_overview_that_says_too_little_is_an_error(talk: TalkTo, body: str) -> None:
    asker = talk("ops_manager", "company", SMALL)
    asker.sim.faults.add("answer", path=r"v1\.0/clusters$", status=200, body=body, times=None)
    assert "not a list of objects" in error_of(fleet_of, asker).message


def test_many_errors_are_told_shortly() -> None:
    asked = [(f"{number:024d}", ApiError("No.")) for number in range(7)]
    told = failure_text([(Project(one, None), error) for one, error in asked])
    assert told.count("No.") == 5
    assert told.endswith("And 2 more.")


# --- caches ---

TEXT = st.text(min_size=1)
FLAG = st.none() | st.booleans()
CLUSTERS = st.builds(FleetCluster, TEXT, TEXT, TEXT, TEXT, TEXT, st.none() | TEXT, FLAG, FLAG, FLAG)


@given(CLUSTERS)
def test_a_cluster_survives_a_cache(cluster: FleetCluster) -> None:
    assert cluster_from_result(json.loads(json.dumps(cluster.to_result()))) == cluster


@given(
    st.dictionaries(TEXT, st.integers())
    | st.integers()
    | CLUSTERS.map(lambda one: {**one.to_result(), "project_id": None})
    | CLUSTERS.map(lambda one: {**one.to_result(), "backup_status": 5})
    | CLUSTERS.map(lambda one: {**one.to_result(), "backup_enabled": "yes"})
)
def test_what_is_no_cluster_is_not_taken_for_one(document: Any) -> None:
    with pytest.raises(ValueError, match="cluster"):
        cluster_from_result(document)
