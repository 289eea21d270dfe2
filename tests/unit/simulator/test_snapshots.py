# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four snapshot endpoints on every dialect (contract 1, contract 2, contract 4)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import seeds
from simulator.switches import Switches

EVERY = pytest.mark.parametrize("name", ["v2", "v1.0", "cloud_manager", "ops_manager"])
LATER = "2027-05-01T00:00:00Z"


@EVERY
def test_list_get_patch_delete(ask: Any, code: Any, name: str) -> None:
    asker = ask(name)
    listed = asker.list()
    assert listed.status_code == 200
    assert listed.headers["Content-Type"].startswith(asker.dialect.media_type)
    one = asker.sim.world.marks["plain_4"]
    document = asker.get(one).json()
    assert document in listed.json()["results"]
    assert asker.patch(one, {"expires": LATER}).json() == document | {"expires": LATER}
    held = asker.patch(one, {"doNotDelete": True}).json()
    assert held["doNotDelete"] is True
    assert "expires" not in held
    assert asker.patch(one, {"doNotDelete": False, "expires": LATER}).json()["expires"] == LATER
    gone = asker.delete(one)
    assert gone.status_code == (204 if asker.dialect.atlas else 200)
    assert gone.content == b""
    assert code(asker.delete(one)) == (404, "SNAPSHOT_NOT_FOUND")
    assert code(asker.get(one)) == (404, "SNAPSHOT_NOT_FOUND")
    assert one not in [row["id"] for row in asker.list().json()["results"]]


@EVERY
def test_fields_are_the_dialects(ask: Any, name: str) -> None:
    asker = ask(name)
    document = asker.get(asker.sim.world.marks["plain_0"]).json()
    assert ("clusterName" in document) is (name == "v2")
    assert ("incremental" in document) is (name == "v2")
    assert ("namespaceFilterList" in document) is (not asker.dialect.atlas)
    assert document["clusterId"] == asker.cluster.id
    assert "isPossiblyInconsistent" not in document  # sharded clusters only


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"doNotDelete": True, "expires": LATER}, (403, "CANNOT_MODIFY_SNAPSHOT")),
        ({"id": "5f0000000000000000000000"}, (400, "ATTRIBUTE_READ_ONLY")),
        ({"parts": []}, (400, "ATTRIBUTE_READ_ONLY")),
        ({"retentionValue": 5}, (400, "INVALID_ATTRIBUTE")),
        ({"doNotDelete": "yes"}, (400, "INVALID_JSON_ATTRIBUTE")),
        ({"doNotDelete": None}, (400, "INVALID_JSON_ATTRIBUTE")),
        ({"expires": None}, (400, "INVALID_JSON_ATTRIBUTE")),
        ({"expires": 1767225600}, (400, "INVALID_JSON_ATTRIBUTE")),
        ({"expires": "soon"}, (400, "INVALID_JSON_ATTRIBUTE")),
        ({"expires": "2026-02-30"}, (400, "INVALID_JSON_ATTRIBUTE")),
        ({"expires": "2027-01-01T00:00:00.5Z"}, (400, "FRACTIONAL_TIMESTAMP")),
        ([], (400, "INVALID_JSON")),
    ],
)
def test_patch_refuses(ask: Any, code: Any, body: Any, expected: tuple[int, str]) -> None:
    asker = ask("ops_manager")
    before = asker.sim.world.state()
    assert code(asker.patch(asker.sim.world.marks["plain_0"], body)) == expected
    assert asker.sim.world.state() == before


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2028-12-01", "2028-12-01T00:00:00Z"),
        ("2028-12-01T16:00-04:00", "2028-12-01T20:00:00Z"),
        ("2028-12-01T16:00:05", "2028-12-01T16:00:05Z"),
        ("2028-12-01T00:30:00+0530", "2028-11-30T19:00:00Z"),
        (LATER, LATER),
    ],
)
def test_dates_are_normalised_or_echoed(ask: Any, sent: str, kept: str) -> None:
    asker = ask("v2")
    one = asker.sim.world.marks["plain_0"]
    assert asker.patch(one, {"expires": sent}).json()["expires"] == kept
    asker.sim.switch(dates="echoed")
    assert asker.get(one).json()["expires"] == sent


@pytest.mark.parametrize(
    ("mark", "switches", "patched", "deleted"),
    [
        ("expired", {}, (400, "ALREADY_EXPIRED"), (200, None)),
        ("expired", {"edit_expired": "CANNOT_MODIFY_SNAPSHOT"}, (403, "CANNOT_MODIFY_SNAPSHOT"), (200, None)),
        ("held", {}, (403, "CANNOT_MODIFY_SNAPSHOT"), (403, "CANNOT_MODIFY_SNAPSHOT")),
        ("held", {"date_held": "ignored", "delete_held": "deleted"}, (200, None), (200, None)),
        ("held", {"date_held": "released"}, (200, None), (200, None)),
        ("incomplete", {}, (200, None), (400, "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT")),
        ("incomplete", {"delete_incomplete": "deleted"}, (200, None), (200, None)),
        ("never_expiring", {}, (200, None), (200, None)),
        ("restoring", {}, (200, None), (200, None)),
        ("restoring", {"delete_in_use": "refused"}, (200, None), (409, "LINK_EXPIRATION_AFTER_SNAPSHOT_DELETION")),
        ("downloadable", {"delete_in_use": "refused"}, (200, None), (409, "LINK_EXPIRATION_AFTER_SNAPSHOT_DELETION")),
        ("restored", {"delete_in_use": "refused"}, (200, None), (200, None)),
    ],
)
def test_odd_snapshots(
    ask: Any, code: Any, mark: str, switches: dict[str, Any], patched: tuple[int, Any], deleted: tuple[int, Any]
) -> None:
    asker = ask("ops_manager", switches=Switches(**switches), key="pit_admin")
    one = asker.sim.world.marks[mark]
    assert code(asker.patch(one, {"expires": LATER})) == patched
    assert code(asker.delete(one)) == deleted


@pytest.mark.parametrize(
    ("how", "expires"),
    [("removed", None), ("past", "2026-11-23T12:00:00Z"), ("schedule", "2026-11-05T09:00:00Z")],
)
def test_release_alone(ask: Any, how: str, expires: str | None) -> None:
    """Contract 2.1, point 6: why a client has to send a date with it."""
    asker = ask("v1.0", switches=Switches(release_expires=how))  # type: ignore[arg-type]  # one of the three above
    answer = asker.patch(asker.sim.world.marks["held"], {"doNotDelete": False})
    assert answer.json()["doNotDelete"] is False
    assert answer.json().get("expires") == expires


def test_a_past_date_is_accepted_and_final(ask: Any, code: Any) -> None:
    asker = ask("v2")
    one = asker.sim.world.marks["plain_0"]
    assert asker.patch(one, {"expires": "2020-01-01"}).status_code == 200
    assert code(asker.patch(one, {"expires": LATER})) == (400, "ALREADY_EXPIRED")
    assert one in [row["id"] for row in asker.list().json()["results"]]
    asker.sim.clock.advance(hours=7)
    assert code(asker.get(one)) == (404, "SNAPSHOT_NOT_FOUND")


@pytest.mark.parametrize("completed", [None, "true", "false", "all"])
def test_completed(ask: Any, completed: str | None) -> None:
    asker = ask("v2")
    query = {} if completed is None else {"completed": completed}
    rows = asker.list(**query).json()["results"]
    incomplete = asker.sim.world.marks["incomplete"]
    assert (incomplete in [row["id"] for row in rows]) is (completed in ("false", "all"))
    assert len(rows) == {"false": 1, "all": 20}.get(completed or "", 19)


@pytest.mark.parametrize(
    ("switches", "expected", "empty"),
    [
        ({}, (404, "SNAPSHOT_NOT_FOUND"), False),
        ({"missing_snapshot": "other_code"}, (404, "RESOURCE_NOT_FOUND"), False),
        ({"missing_snapshot": "no_code"}, (404, None), False),
        ({"missing_snapshot": "empty_body"}, (404, None), True),
        ({"delete_missing": "no_content", "om_delete_status": 204}, (204, None), True),
    ],
)
def test_deleting_what_is_not_there(
    ask: Any, code: Any, switches: dict[str, Any], expected: tuple[int, Any], empty: bool
) -> None:
    asker = ask("ops_manager", switches=Switches(**switches))
    answer = asker.delete("5f00000000000000000000aa")
    assert code(answer) == expected
    assert (answer.content == b"") is empty


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize("body", ["none", "empty_object"])
def test_delete_status_on_ops_manager(ask: Any, status: int, body: str) -> None:
    asker = ask("ops_manager")
    asker.sim.switch(om_delete_status=status, om_delete_body=body)
    answer = asker.delete(asker.sim.world.marks["plain_5"])
    assert answer.status_code == status
    assert answer.content == (b"{}" if body == "empty_object" and status != 204 else b"")


@pytest.mark.parametrize("name", ["cloud_manager", "ops_manager"])
def test_inside_the_point_in_time_window(ask: Any, another: Any, code: Any, name: str, now: Any) -> None:
    asker = ask(name)
    recent = asker.sim.world.add_snapshot(asker.cluster, int(now.timestamp()) - 3600, int(now.timestamp()) + 86400)
    assert code(asker.delete(recent.id)) == (401, "USER_UNAUTHORIZED")
    asker.sim.switch(pit_delete_error="ACCESS_FORBIDDEN")
    assert code(asker.delete(recent.id)) == (403, "ACCESS_FORBIDDEN")
    assert another(asker, "pit_admin").delete(recent.id).status_code == 200


def test_a_compliance_policy_forbids_deleting(ask: Any, code: Any) -> None:
    asker = ask("v2")
    world = asker.sim.world
    project = world.project_of(asker.cluster)
    world.projects[project.id] = type(project)(
        project.id, project.name, project.org_id, project.platform, compliance_policy=True
    )
    assert code(asker.delete(world.marks["plain_0"])) == (
        400,
        "CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY",
    )


def test_parts_of_a_sharded_cluster(ask: Any, code: Any, now: Any) -> None:
    """Contract 2.2, contract 6: the whole has 13 parts; a shard's own cluster shows its part and refuses changes."""
    asker = ask("ops_manager", world=seeds.sharded(now), key="pit_admin")
    row = asker.list(itemsPerPage=1).json()["results"][0]
    assert len(row["parts"]) == 13
    assert [part["typeName"] for part in row["parts"]] == ["REPLICA_SET"] * 12 + ["CONFIG_SERVER_REPLICA_SET"]
    assert row["missingShards"] == []
    part = row["parts"][3]
    home = f"{asker.group}/clusters/{part['clusterId']}/snapshots"
    shard_row = asker("GET", home, params={"itemsPerPage": 1}).json()["results"][0]
    assert shard_row["parts"] == [part]
    assert shard_row["clusterId"] == part["clusterId"]
    assert shard_row["id"] != row["id"]
    url = f"{home}/{shard_row['id']}"
    assert asker("GET", url).json() == shard_row
    assert code(asker("PATCH", url, json={"doNotDelete": True})) == (403, "CANNOT_MODIFY_CLUSTER_SNAPSHOT")
    assert code(asker("DELETE", url)) == (403, "CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT")
    assert code(asker("DELETE", f"{home}/{row['id']}")) == (404, "SNAPSHOT_NOT_FOUND")


def test_on_demand_is_ops_managers(ask: Any, another: Any, code: Any) -> None:
    asker = ask("ops_manager", key="pit_admin")
    url = f"{asker.home}/snapshots/onDemandSnapshot"
    taken = asker("POST", url, params={"retentionDays": 5}).json()
    assert taken["timestamp"] == {"date": "2026-11-23T12:00:00Z", "increment": 1, "time": 1795435200}
    newest = asker.list(itemsPerPage=1).json()["results"][0]
    assert (newest["created"]["date"], newest["expires"]) == ("2026-11-23T12:00:00Z", "2026-11-28T12:00:00Z")
    assert code(asker("POST", url)) == (400, "INVALID_QUERY_PARAMETER")
    assert code(another(asker, "owner")("POST", url, params={"retentionDays": 5})) == (401, "USER_UNAUTHORIZED")
    cloud = ask("cloud_manager", key="pit_admin")
    url = f"{cloud.home}/snapshots/onDemandSnapshot"
    assert code(cloud("POST", url, params={"retentionDays": 5})) == (404, "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize(
    ("switches", "check"),
    [
        ({"timestamp_time": True}, lambda row: row["created"]["time"] > 0),
        ({"timestamp_time": False}, lambda row: "time" not in row["created"]),
        ({"cluster_name": "always"}, lambda row: row["clusterName"] == "ladder"),
        ({"cluster_name": "never"}, lambda row: "clusterName" not in row),
        ({"optional_fields": "absent"}, lambda row: "lastOplogAppliedTimestamp" not in row),
        ({"part_sizes": "absent"}, lambda row: "fileSizeBytes" not in row["parts"][0]),
        ({"do_not_delete_false": "absent"}, lambda row: "doNotDelete" not in row),
        ({"document_links": "absent"}, lambda row: "links" not in row),
        ({"filter_type": "denyList"}, lambda row: row["namespaceFilterList"]["filterType"] == "denyList"),
        ({"link_host": "other"}, lambda row: row["links"][0]["href"].startswith("https://central.")),
    ],
)
def test_what_a_document_says(ask: Any, switches: dict[str, Any], check: Any) -> None:
    asker = ask("ops_manager", switches=Switches(**switches))
    assert check(asker.get(asker.sim.world.marks["plain_0"]).json())


def test_same_value_patch(ask: Any, code: Any) -> None:
    asker = ask("v2")
    one = asker.sim.world.marks["plain_0"]
    body = {"expires": asker.get(one).json()["expires"]}
    assert code(asker.patch(one, body)) == (200, None)
    asker.sim.switch(same_value_patch="refused")
    assert code(asker.patch(one, body)) == (403, "CANNOT_MODIFY_SNAPSHOT")
