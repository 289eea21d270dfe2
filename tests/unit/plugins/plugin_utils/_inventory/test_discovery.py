# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet of a key on each dialect: which clusters, by how many requests, and what is said of what is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError, OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.discovery import (
    Fleet,
    FleetCluster,
    Project,
    Selection,
    cluster_from_result,
    failure_text,
    is_about_the_project,
    read_fleet,
)
from hypothesis import given
from hypothesis import strategies as st

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
    assert answered(asker.sim) == (22 if name in BY_ID else 21)
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


def test_an_overview_that_goes_round_is_read_once(talk: TalkTo) -> None:
    asker = talk("ops_manager", "company", SMALL, connections=4)
    row = {"groupId": projects_of(asker.sim)[0], "groupName": "Project 00", "clusters": []}
    body = json.dumps({"results": [row], "links": [{"rel": "next", "href": "x"}]})
    asker.sim.faults.add("answer", path=r"/v1\.0/clusters$", status=200, body=body, times=None)
    assert len(fleet_of(asker).clusters) == 20
    assert len(asker.sim.log.where(lambda entry: entry.path.endswith("v1.0/clusters"))) == 2


def test_projects_of_another_platform_are_no_error_unless_named(talk: TalkTo) -> None:
    asker = talk("v2", "company", SMALL, switches={"foreign_projects": "listed"}, connections=4)
    bank = asker.sim.world.add_project("Bank", "ops_manager")
    fleet = fleet_of(asker)
    assert len(fleet.clusters) == 30
    assert [one.id for one in fleet.elsewhere] == [bank.id]
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
    assert answered(asker.sim) == 1 + 1 + 3
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
    assert answered(asker.sim) == (3 if name in BY_ID else 2)


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


def test_statuses_are_not_asked_for_where_no_name_fits(talk: TalkTo) -> None:
    asker = talk("ops_manager", "company", SMALL, connections=4)
    assert fleet_of(asker, include=("nothing",)) == Fleet((), 3, 30, (), ())
    assert answered(asker.sim) == 2


@pytest.mark.parametrize("name", ["v2", "ops_manager"])
@pytest.mark.parametrize("code", ["empty", "BACKUP_JOB_NOT_FOUND", "CLUSTER_NOT_FOUND"])
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
    assert answered(asker.sim) == (1 + 3 if name == "v2" else 2 + 3) + 27
    assert {entry.has_legacy_snapshots for entry in before.clusters} == {None}


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
