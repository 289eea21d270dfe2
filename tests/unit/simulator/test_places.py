# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths, projects, clusters, versions, roles, addresses (contract 1, contract 3, contract 4, contract 6)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import seeds
from simulator.switches import Switches

SOME = "5f00000000000000000000aa"


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("v2", "/groups/nope/clusters/ladder/snapshots", (404, "INVALID_GROUP_ID")),
        ("v2", "/groups/5F00000000000000000000AA/clusters/ladder/snapshots", (404, "INVALID_GROUP_ID")),
        ("v2", f"/groups/{SOME}/clusters/ladder/snapshots", (401, "NOT_IN_GROUP")),
        ("v2", "/groups/GROUP/clusters/nobody/snapshots", (404, "CLUSTER_NOT_FOUND")),
        ("v2", "/groups/GROUP/clusters/CLUSTER/snapshots", (404, "CLUSTER_NOT_FOUND")),
        ("v2", "/groups/GROUP/clusters/-bad/snapshots", (404, "INVALID_CLUSTER_ID")),
        ("v2", "/groups/GROUP/clusters/a%2Fb/snapshots", (404, "INVALID_CLUSTER_ID")),
        ("v2", "/groups/GROUP/clusters/ladder/snapshots/xyz", (404, "INVALID_SNAPSHOT_ID")),
        ("v2", f"/groups/GROUP/clusters/ladder/snapshots/{SOME}", (404, "SNAPSHOT_NOT_FOUND")),
        ("v2", "/groups/GROUP/clusters/ladder/snapshotz", (404, "RESOURCE_NOT_FOUND")),
        ("v2", "/groups/GROUP/backupConfigs", (404, "RESOURCE_NOT_FOUND")),
        ("ops_manager", "/groups/GROUP/clusters/ladder/snapshots", (404, "INVALID_CLUSTER_ID")),
        ("ops_manager", f"/groups/GROUP/clusters/{SOME}/snapshots", (404, "CLUSTER_NOT_FOUND")),
        ("ops_manager", "/groups/GROUP/clusters/CLUSTER/snapshotSchedule", (404, "RESOURCE_NOT_FOUND")),
        ("ops_manager", f"/groups/GROUP/hosts/{SOME}/snapshots", (404, "HOST_NOT_FOUND")),
        ("ops_manager", f"/groups/GROUP/clusters/CLUSTER/restoreJobs/{SOME}", (404, "RESTORE_JOB_NOT_FOUND")),
        ("ops_manager", "/groups/byName/nobody", (404, "GROUP_NAME_NOT_FOUND")),
        ("v1.0", "/groups/GROUP/clusters/nobody", (404, "CLUSTER_NOT_FOUND")),
    ],
)
def test_what_is_not_there(ask: Any, code: Any, name: str, path: str, expected: tuple[int, str]) -> None:
    asker = ask(name)
    path = path.replace("GROUP", asker.cluster.project_id).replace("CLUSTER", asker.cluster.id)
    assert code(asker("GET", asker.base + path)) == expected


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("ops_manager", "/api/atlas/v2", (404, "NOT_ATLAS_GROUP")),
        ("cloud_manager", "/api/atlas/v1.0", (404, "NOT_ATLAS_GROUP")),
        ("v2", "/api/public/v1.0", (404, "ATLAS_GROUP")),
        ("v2", "/api/atlas/v3", (404, "RESOURCE_NOT_FOUND")),
        ("v2", "/mms/api/atlas/v2", (404, "RESOURCE_NOT_FOUND")),
    ],
)
def test_wrong_dialect(ask: Any, code: Any, name: str, path: str, expected: tuple[int, str]) -> None:
    asker = ask(name)
    url = f"{asker.sim.url}{path}/groups/{asker.cluster.project_id}/clusters/ladder/snapshots"
    assert code(asker("GET", url, headers={"Accept": "application/vnd.atlas.2023-01-01+json"})) == expected


@pytest.mark.parametrize(
    ("accept", "switches", "status"),
    [
        ("application/vnd.atlas.2023-01-01+json", {}, 200),
        ("application/vnd.atlas.2023-01-01+json;q=0.9, */*", {}, 200),
        ("application/json", {}, 406),
        ("*/*", {}, 406),
        ("application/vnd.atlas.2024-08-05+json", {}, 406),
        ("application/vnd.atlas.2024-08-05+json", {"newer_accept": "falls_back"}, 200),
        ("application/vnd.atlas.2022-01-01+json", {"newer_accept": "falls_back"}, 406),
        ("application/vnd.atlas.2023-01-01+json", {"version_gone": True}, 410),
    ],
)
def test_versions(ask: Any, accept: str, switches: dict[str, Any], status: int) -> None:
    asker = ask("v2", switches=Switches(**switches))
    answer = asker("GET", f"{asker.home}/snapshots", headers={"Accept": accept})
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["Content-Type"] == "application/json"


def test_media_type_and_json_of_a_patch(ask: Any, code: Any) -> None:
    asker = ask("v2")
    url = f"{asker.home}/snapshots/{asker.sim.world.marks['plain_0']}"
    wrong = asker("PATCH", url, data="{}", headers={"Content-Type": "text/plain"})
    assert code(wrong) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert code(asker("PATCH", url, data="{")) == (400, "MALFORMED_JSON")
    assert code(asker("PUT", url, data="{}")) == (405, "METHOD_NOT_ALLOWED")
    own = ask("ops_manager")
    url = f"{own.home}/snapshots/{own.sim.world.marks['plain_0']}"
    assert code(own("PATCH", url, data="{")) == (400, "INVALID_JSON")


@pytest.mark.parametrize(
    ("name", "key", "switches", "read", "write"),
    [
        ("v2", "owner", {}, (200, None), (200, None)),
        ("v2", "reader", {}, (200, None), (401, "USER_UNAUTHORIZED")),
        ("v2", "auditor", {}, (200, None), (403, "IP_ADDRESS_NOT_ON_ACCESS_LIST")),
        ("v2", "auditor", {"v2_access_list": "off"}, (200, None), (401, "USER_UNAUTHORIZED")),
        (
            "v2",
            "auditor",
            {"v2_access_list": "all"},
            (403, "IP_ADDRESS_NOT_ON_ACCESS_LIST"),
            (403, "IP_ADDRESS_NOT_ON_ACCESS_LIST"),
        ),
        ("v1.0", "unlisted_owner", {}, (200, None), (403, "IP_ADDRESS_NOT_ON_ACCESS_LIST")),
        (
            "ops_manager",
            "unlisted_owner",
            {"access_list_code": "RESOURCE_REQUIRES_WHITELIST"},
            (200, None),
            (403, "RESOURCE_REQUIRES_WHITELIST"),
        ),
        ("cloud_manager", "auditor", {}, (200, None), (403, "IP_ADDRESS_NOT_ON_ACCESS_LIST")),
        ("ops_manager", "stranger", {}, (401, "NOT_IN_GROUP"), (401, "NOT_IN_GROUP")),
        (
            "v2",
            "stranger",
            {"missing_project": "GROUP_NOT_FOUND"},
            (404, "GROUP_NOT_FOUND"),
            (404, "GROUP_NOT_FOUND"),
        ),
    ],
)
def test_roles_and_addresses(
    ask: Any,
    code: Any,
    name: str,
    key: str,
    switches: dict[str, Any],
    read: tuple[int, Any],
    write: tuple[int, Any],
) -> None:
    asker = ask(name, key=key, switches=Switches(**switches))
    one = asker.sim.world.marks["plain_0"]
    assert code(asker.get(one)) == read
    assert code(asker.patch(one, {"expires": "2027-05-01"})) == write


def test_the_403_names_the_address(ask: Any) -> None:
    asker = ask("v1.0", key="unlisted_owner")
    body = asker.delete(asker.sim.world.marks["plain_0"]).json()
    assert body["parameters"] == ["127.0.0.1"]
    assert "127.0.0.1" in body["detail"]


@pytest.mark.parametrize("name", ["v2", "v1.0", "cloud_manager", "ops_manager"])
def test_projects_and_clusters(ask: Any, name: str) -> None:
    asker = ask(name)
    project = asker.sim.world.project_of(asker.cluster)
    (group,) = asker("GET", f"{asker.base}/groups").json()["results"]
    assert (group["id"], group["name"], group["clusterCount"]) == (project.id, "Ladder", 1)
    assert asker("GET", f"{asker.base}/groups/byName/Ladder").json() == group
    assert asker("GET", asker.group).json() == group
    assert asker("GET", f"{asker.base}/orgs/{project.org_id}/groups").json()["results"] == [group]
    (row,) = asker("GET", f"{asker.base}/clusters").json()["results"]
    assert [(one["clusterId"], one["name"], one["type"]) for one in row["clusters"]] == [
        (asker.cluster.id, "ladder", "REPLICA_SET")
    ]
    (cluster,) = asker("GET", f"{asker.group}/clusters").json()["results"]
    assert cluster["id"] == asker.cluster.id
    assert asker("GET", asker.home).json() == cluster


def test_atlas_cluster_versions(ask: Any, now: Any) -> None:
    asker = ask("v2", world=seeds.leftovers(now))
    old = asker("GET", asker.home).json()
    assert (old["backupEnabled"], old["providerBackupEnabled"]) == (False, True)
    new = asker("GET", asker.home, headers={"Accept": "application/vnd.atlas.2024-08-05+json"}).json()
    assert new["backupEnabled"] is True
    assert "providerBackupEnabled" not in new


def test_a_sharded_cluster_is_listed_with_its_shards(ask: Any, now: Any) -> None:
    asker = ask("ops_manager", world=seeds.sharded(now))
    rows = asker("GET", f"{asker.group}/clusters").json()["results"]
    assert len(rows) == 14
    types = ["SHARDED_REPLICA_SET", *["REPLICA_SET"] * 12, "CONFIG_SERVER_REPLICA_SET"]
    assert [row["typeName"] for row in rows] == types
    assert {row["clusterName"] for row in rows} == {"events"}
    assert [row.get("shardName") for row in rows] == [None, *seeds.SHARDS, None]
    asker.sim.switch(whole_shard_name="present", config_server_row="absent")
    rows = asker("GET", f"{asker.group}/clusters").json()["results"]
    assert [row["typeName"] for row in rows] == types[:-1]
    assert rows[0]["shardName"] == "shard_0"
    assert len(asker("GET", f"{asker.base}/clusters").json()["results"][0]["clusters"]) == 1


def test_habits_of_the_listings_of_projects_and_clusters(ask: Any, code: Any, now: Any) -> None:
    """Contract 6, and the Go client's sample: words, standalones, other platforms, no pages."""
    asker = ask("cloud_manager", world=seeds.demo(now))
    asker.sim.world.add_project("Empty", "cloud_manager")
    everything = f"{asker.base}/clusters"

    def listed() -> dict[str, list[str]]:
        return {
            row["groupName"]: [one["type"] for one in row["clusters"]]
            for row in asker("GET", everything).json()["results"]
        }

    plain = {"Shop": ["REPLICA_SET"], "Bank": ["SHARDED_CLUSTER"], "Empty": []}
    assert listed() == plain
    asker.sim.switch(overview_types="words", overview_standalones="present", overview_empty_projects="absent")
    assert listed() == {"Shop": ["replica set", "standalone"], "Bank": ["sharded cluster", "standalone"]}
    asker.sim.switch(overview_types="constants", overview_standalones="absent", overview_atlas="present")
    assert listed() == {"Shop": ["REPLICA_SET"], "Bank": ["SHARDED_CLUSTER"], "Museum": ["REPLICA_SET"]}
    asker.sim.switch(overview_pages="refused")
    assert code(asker("GET", f"{everything}?pageNum=1")) == (400, "INVALID_QUERY_PARAMETER")
    assert [row["name"] for row in asker("GET", f"{asker.base}/groups").json()["results"]] == ["Shop", "Bank", "Empty"]
    asker.sim.switch(foreign_projects="listed")
    assert "Museum" in [row["name"] for row in asker("GET", f"{asker.base}/groups").json()["results"]]


def test_the_older_version_of_the_clusters_alone_may_end(ask: Any, code: Any) -> None:
    asker = ask("v2")
    asker.sim.switch(clusters_version="newer")
    assert code(asker("GET", f"{asker.group}/clusters")) == (410, "VERSION_GONE")
    newer = {"Accept": "application/vnd.atlas.2024-08-05+json"}
    assert asker("GET", f"{asker.group}/clusters", headers=newer).status_code == 200
    assert asker.list().status_code == 200


def test_the_newer_version_may_not_be_there_yet(ask: Any, code: Any) -> None:
    asker = ask("v2")
    asker.sim.switch(clusters_version="older")
    newer = {"Accept": "application/vnd.atlas.2024-08-05+json"}
    assert code(asker("GET", f"{asker.group}/clusters", headers=newer)) == (406, "INVALID_VERSION_DATE")
    asker.sim.switch(newer_accept="falls_back")
    (row,) = asker("GET", f"{asker.group}/clusters", headers=newer).json()["results"]
    assert "providerBackupEnabled" in row


@pytest.mark.parametrize("name", ["v2", "v1.0"])
def test_clusters_that_older_versions_cannot_describe(ask: Any, code: Any, name: str) -> None:
    """Contract 11: a GET is refused; the list leaves them out or is refused; clusterCount tells."""
    asker = ask(name)
    refused = (400, "MULTI_CLOUD_CLUSTER_INVALID")
    assert asker("GET", asker.home).status_code == 200
    asker.sim.switch(older_clusters="left_out")
    assert code(asker("GET", asker.home)) == refused
    assert asker("GET", f"{asker.group}/clusters").json()["results"] == []
    assert asker("GET", asker.group).json()["clusterCount"] == 1
    asker.sim.switch(older_clusters="refused")
    assert code(asker("GET", f"{asker.group}/clusters")) == refused
    if name == "v2":
        newer = {"Accept": "application/vnd.atlas.2024-08-05+json"}
        assert len(asker("GET", f"{asker.group}/clusters", headers=newer).json()["results"]) == 1
        assert asker("GET", asker.home, headers=newer).status_code == 200
    asker.sim.switch(cluster_count="one_more")
    assert asker("GET", asker.group).json()["clusterCount"] == 2
    asker.sim.switch(cluster_count="absent")
    assert "clusterCount" not in asker("GET", asker.group).json()


def test_a_flex_cluster(ask: Any, code: Any) -> None:
    asker = ask("v2")
    asker.cluster.flex = True
    refused = (400, "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API")
    assert code(asker("GET", asker.home)) == code(asker.list()) == refused
    assert len(asker("GET", f"{asker.group}/clusters").json()["results"]) == 1


@pytest.mark.parametrize("name", ["v2", "v1.0", "cloud_manager", "ops_manager"])
def test_schedule(ask: Any, another: Any, code: Any, name: str) -> None:
    asker = ask(name)
    middle = "clusters" if asker.dialect.atlas else "backupConfigs"
    url = f"{asker.group}/{middle}/{asker.dialect.key(asker.cluster)}/snapshotSchedule"
    schedule = asker("GET", url).json()
    assert [
        schedule[field]
        for field in (
            "snapshotIntervalHours",
            "snapshotRetentionDays",
            "dailySnapshotRetentionDays",
            "weeklySnapshotRetentionWeeks",
            "monthlySnapshotRetentionMonths",
            "pointInTimeWindowHours",
        )
    ] == [6, 2, 7, 4, 13, 24]
    changed = asker("PATCH", url, json={"dailySnapshotRetentionDays": 30}).json()
    assert changed == schedule | {"dailySnapshotRetentionDays": 30}
    assert code(asker("PATCH", url, json={"snapshotIntervalHours": 7})) == (400, "INVALID_ATTRIBUTE")
    assert code(another(asker, "reader")("PATCH", url, json={})) == (401, "USER_UNAUTHORIZED")


def test_backup_configs(ask: Any, code: Any, now: Any) -> None:
    asker = ask("ops_manager", world=seeds.ops_manager(now))
    rows = asker("GET", f"{asker.group}/backupConfigs").json()["results"]
    assert [row["statusName"] for row in rows] == ["STARTED", "STARTED", "STOPPED"]
    assert rows[0]["sslEnabled"] is True
    asker.sim.switch(ssl_key="SSLEnabled")
    assert asker("GET", f"{asker.group}/backupConfigs/{asker.cluster.id}").json()["SSLEnabled"] is True
    asker.sim.switch(inactive_configs="present")
    rows = asker("GET", f"{asker.group}/backupConfigs").json()["results"]
    assert [row["statusName"] for row in rows] == ["STARTED", "STARTED", "STOPPED", "INACTIVE"]
    asker.sim.switch(part_configs="present")
    rows = asker("GET", f"{asker.group}/backupConfigs").json()["results"]
    listed = {row["id"] for row in asker("GET", f"{asker.group}/clusters").json()["results"]}
    assert (len(rows), {row["clusterId"] for row in rows}) == (8, listed)
    shard = asker("GET", f"{asker.group}/clusters").json()["results"][2]
    url = f"{asker.group}/backupConfigs/{shard['id']}/snapshotSchedule"
    assert code(asker("PATCH", url, json={})) == (409, "CANNOT_MODIFY_SHARD_BACKUP_CONFIG")


def test_backup_configs_that_cannot_be_told_and_of_what_is_gone(ask: Any, code: Any, now: Any) -> None:
    """Contract 11: the list is 409 where nothing is monitored; a deployment may be gone before its backup."""
    asker = ask("ops_manager", world=seeds.ops_manager(now))
    archive = asker.sim.world.cluster("archive")
    archive.gone = True
    configs = f"{asker.group}/backupConfigs"
    assert archive.id in [row["clusterId"] for row in asker("GET", configs).json()["results"]]
    assert archive.id not in [row["id"] for row in asker("GET", f"{asker.group}/clusters").json()["results"]]
    assert len(asker("GET", f"{asker.base}/clusters").json()["results"][0]["clusters"]) == 3
    assert code(asker("GET", f"{asker.group}/clusters/{archive.id}")) == (404, "CLUSTER_NOT_FOUND")
    assert asker("GET", f"{asker.group}/clusters/{archive.id}/snapshots").json()["results"]
    asker.sim.switch(monitoring="off")
    assert code(asker("GET", configs)) == (409, "CANNOT_GET_BACKUP_CONFIG_INVALID_STATE")


@pytest.mark.parametrize(
    ("switches", "listed", "schedule"),
    [
        ({}, (200, None), (404, "BACKUP_CONFIG_NOT_FOUND")),
        (
            {"no_legacy_backup": "BACKUP_JOB_NOT_FOUND", "no_schedule": "BACKUP_JOB_NOT_FOUND"},
            (400, "BACKUP_JOB_NOT_FOUND"),
            (400, "BACKUP_JOB_NOT_FOUND"),
        ),
        (
            {"no_legacy_backup": "CLUSTER_NOT_FOUND", "no_schedule": "CANNOT_GET_BACKUP_CONFIG_INVALID_STATE"},
            (404, "CLUSTER_NOT_FOUND"),
            (409, "CANNOT_GET_BACKUP_CONFIG_INVALID_STATE"),
        ),
    ],
)
def test_a_cluster_without_legacy_backup(
    ask: Any, code: Any, now: Any, switches: dict[str, Any], listed: tuple[int, Any], schedule: tuple[int, Any]
) -> None:
    asker = ask("ops_manager", world=seeds.ops_manager(now, switches=Switches(**switches)))
    asker.cluster = asker.sim.world.cluster("scratch")
    assert code(asker.list()) == listed
    assert code(asker("GET", f"{asker.group}/backupConfigs/{asker.cluster.id}/snapshotSchedule")) == schedule


@pytest.mark.parametrize("name", ["v2", "ops_manager"])
def test_restore_jobs(ask: Any, name: str) -> None:
    asker = ask(name)
    marks = asker.sim.world.marks
    rows = asker("GET", f"{asker.home}/restoreJobs").json()["results"]
    assert [(row["snapshotId"], row["statusName"], row["delivery"]["statusName"]) for row in rows] == [
        (marks["restoring"], "IN_PROGRESS", "IN_PROGRESS"),
        (marks["downloadable"], "FINISHED", "READY"),
        (marks["restored"], "FINISHED", "EXPIRED"),
    ]
    assert "canary" in rows[1]["delivery"]["url"]
    assert asker("GET", f"{asker.home}/restoreJobs/{rows[1]['id']}").json() == rows[1]


def test_restore_jobs_of_a_sharded_cluster_and_to_a_point_in_time(ask: Any, now: Any) -> None:
    asker = ask("ops_manager", world=seeds.sharded(now, specials=False))
    world = asker.sim.world
    snapshot = world.snapshots(asker.cluster)[3]
    world.add_restore(asker.cluster, snapshot)
    rows = asker("GET", f"{asker.home}/restoreJobs").json()["results"]
    assert len(rows) == 13
    assert snapshot.id not in {row["snapshotId"] for row in rows}
    document = world.document(snapshot)
    assert {row["timestamp"]["date"] for row in rows} == {document["created"]["date"]}
    assert {row["clusterId"] for row in rows} == {part["clusterId"] for part in document["parts"]}
    batch = {row["batchId"] for row in rows}
    assert len(asker("GET", f"{asker.home}/restoreJobs", params={"batchId": batch.pop()}).json()["results"]) == 13
    world.clear_restores(asker.cluster)
    world.add_restore(asker.cluster, at=now)
    (row, *_others) = asker("GET", f"{asker.home}/restoreJobs").json()["results"]
    assert "snapshotId" not in row


def test_below_a_path(ask: Any, code: Any) -> None:
    asker = ask("ops_manager", path="/mms")
    assert asker.sim.url.endswith("/mms")
    row = asker.list(itemsPerPage=1).json()
    assert row["results"][0]["links"][0]["href"].startswith(f"{asker.home}/snapshots/")
    assert row["links"][0]["href"].startswith(f"{asker.home}/snapshots?")
    assert code(asker("GET", asker.home.replace("/mms", ""))) == (404, "RESOURCE_NOT_FOUND")


def test_ipv6(ask: Any) -> None:
    asker = ask("v2", host="::1", key="owner")
    assert asker.sim.url.startswith("http://[::1]:")
    assert asker.patch(asker.sim.world.marks["plain_0"], {"expires": "2027-05-01"}).status_code == 200
