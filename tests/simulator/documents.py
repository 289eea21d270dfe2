# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON documents that the three dialects answer with (contract 2, contract 6, contract 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .instants import HOUR, iso
from .nouns import Cluster, Platform, Project, RestoreJob, Snapshot, part_id
from .switches import Switches


@dataclass(frozen=True)
class Dialect:
    """One way to speak to the service (contract 1)."""

    name: Literal["v2", "v1.0", "public"]
    path: str
    atlas: bool
    media_type: str

    def key(self, cluster: Cluster) -> str:
        """What stands for the cluster in a path: its name on Atlas, its id elsewhere."""
        return cluster.name if self.atlas else cluster.id


V2 = Dialect("v2", "/api/atlas/v2", True, "application/vnd.atlas.2023-01-01+json")
V1 = Dialect("v1.0", "/api/atlas/v1.0", True, "application/json")
PUBLIC = Dialect("public", "/api/public/v1.0", False, "application/json")
DIALECTS = (V2, V1, PUBLIC)
DIALECT_OF: dict[Platform, Dialect] = {"atlas": V2, "cloud_manager": PUBLIC, "ops_manager": PUBLIC}
CENTRAL_URL = "https://cloud.mongodb.com"


def snapshots_path(dialect: Dialect, cluster: Cluster) -> str:
    return f"{dialect.path}/groups/{cluster.project_id}/clusters/{dialect.key(cluster)}/snapshots"


def snapshot_document(
    snapshot: Snapshot,
    cluster: Cluster,
    project: Project,
    dialect: Dialect,
    switches: Switches,
    *,
    base: str = CENTRAL_URL,
    part: int = 0,
) -> dict[str, Any]:
    """A snapshot; with `part`, as that shard's own cluster shows it."""
    whole = part == 0
    own_id = snapshot.id if whole else part_id(snapshot.id, part)
    all_fields = switches.optional_fields == "present"
    document: dict[str, Any] = {
        "clusterId": cluster.id if whole else shard_id(cluster, part),
        "complete": snapshot.complete,
        "created": timestamp(snapshot.created, snapshot.increment, switches),
        "groupId": project.id,
        "id": own_id,
    }
    if switches.cluster_name == "always" or (switches.cluster_name == "v2" and dialect.name == "v2"):
        document["clusterName"] = cluster.name
    elif switches.cluster_name == "null" and dialect.name == "v2":
        document["clusterName"] = None
    if snapshot.do_not_delete or switches.do_not_delete_false == "present":
        document["doNotDelete"] = snapshot.do_not_delete
    if snapshot.expires is not None:
        document["expires"] = _expires(snapshot, switches)
    if switches.document_links == "present":
        path = f"{dialect.path}/groups/{project.id}/clusters"
        key = dialect.key(cluster) if whole else shard_id(cluster, part)
        document["links"] = [{"href": f"{base}{path}/{key}/snapshots/{own_id}", "rel": "self"}]
    if all_fields:
        document |= _optional(snapshot, cluster, dialect, switches)
    document["parts"] = _parts(snapshot, cluster, dialect, switches, part)
    return document


def _expires(snapshot: Snapshot, switches: Switches) -> str:
    if switches.dates == "echoed" and snapshot.expires_text is not None:
        return snapshot.expires_text
    return iso(snapshot.expires or 0)


def timestamp(epoch: int, increment: int, switches: Switches) -> dict[str, Any]:
    document: dict[str, Any] = {"date": iso(epoch), "increment": increment}
    if switches.timestamp_time:
        document["time"] = epoch
    return document


def _optional(snapshot: Snapshot, cluster: Cluster, dialect: Dialect, switches: Switches) -> dict[str, Any]:
    """Fields that not every source of contract 2 knows."""
    fields: dict[str, Any] = {}
    if snapshot.complete:
        fields["lastOplogAppliedTimestamp"] = timestamp(snapshot.created - 1, 1, switches)
    if dialect.name == "v2":
        fields["incremental"] = snapshot.incremental
    if not dialect.atlas:
        fields["namespaceFilterList"] = {"filterList": [], "filterType": switches.filter_type}
        if cluster.sharded:
            fields["isPossiblyInconsistent"] = snapshot.possibly_inconsistent
            fields["missingShards"] = []
    return fields


def shard_id(cluster: Cluster, part: int) -> str:
    """A part's own cluster id."""
    return f"{cluster.id[:22]}{(int(cluster.id[22:], 16) + part) & 0xFF:02x}"


def _parts(
    snapshot: Snapshot, cluster: Cluster, dialect: Dialect, switches: Switches, only: int
) -> list[dict[str, Any]]:
    """One for a replica set; one for each shard and one for the config server (contract 2)."""
    if not cluster.sharded:
        return [_part(snapshot, cluster, dialect, switches, 0, f"{cluster.name}-shard-0", 1)]
    names = part_names(cluster)
    wanted = range(1, len(names) + 1) if only == 0 else (only,)
    return [_part(snapshot, cluster, dialect, switches, part, names[part - 1], len(cluster.shards)) for part in wanted]


def part_names(cluster: Cluster) -> tuple[str, ...]:
    """Replica sets of a sharded cluster: the shards, then the config server."""
    return (*(f"{cluster.name}-{shard}" for shard in cluster.shards), f"{cluster.name}-config")


def _part(
    snapshot: Snapshot, cluster: Cluster, dialect: Dialect, switches: Switches, part: int, name: str, shares: int
) -> dict[str, Any]:
    config = part > len(cluster.shards)
    document: dict[str, Any] = {
        "clusterId": cluster.id if part == 0 else shard_id(cluster, part),
        "compressionSetting": "GZIP",
        "encryptionEnabled": False,
        "mongodVersion": cluster.version,
        "replicaSetName": name,
        "typeName": "CONFIG_SERVER_REPLICA_SET" if config else "REPLICA_SET",
    }
    if switches.part_sizes == "present" and snapshot.complete:
        data = 8 * 1024**2 if config else snapshot.data_bytes // shares + part * 4096
        document |= {"dataSizeBytes": data, "fileSizeBytes": data * 2 // 5, "storageSizeBytes": data * 3 // 5}
    if dialect.name == "v2" and switches.optional_fields == "present" and snapshot.complete:
        document |= {
            "completedTime": iso(snapshot.created + 600),
            "fcv": cluster.version.rpartition(".")[0],
            "replicaState": "SECONDARY",
        }
    return document


def schedule_document(
    cluster: Cluster,
    project: Project,
    dialect: Dialect,
    switches: Switches,
    *,
    base: str = CENTRAL_URL,
) -> dict[str, Any]:
    """Contract 6. The reference fields are Ops Manager's, and Cloud Manager's."""
    schedule = cluster.schedule
    document: dict[str, Any] = {
        "clusterId": cluster.id,
        "dailySnapshotRetentionDays": schedule.daily_days,
        "groupId": project.id,
        "monthlySnapshotRetentionMonths": schedule.monthly_months,
        "pointInTimeWindowHours": schedule.pit_hours,
        "snapshotIntervalHours": schedule.interval_hours,
        "snapshotRetentionDays": schedule.retention_days,
        "weeklySnapshotRetentionWeeks": schedule.weekly_weeks,
    }
    if dialect.atlas or cluster.sharded:
        document["clusterCheckpointIntervalMin"] = schedule.checkpoint_min or 15
    if not dialect.atlas:
        document |= {
            "referenceHourOfDay": schedule.reference_hour,
            "referenceMinuteOfHour": schedule.reference_minute,
            "referenceTimeZoneOffset": schedule.reference_offset,
        }
        if schedule.full_incremental_day is not None:
            document["fullIncrementalDayOfWeek"] = schedule.full_incremental_day
    if switches.document_links == "present":
        middle = "clusters" if dialect.atlas else "backupConfigs"
        path = f"{dialect.path}/groups/{project.id}/{middle}/{dialect.key(cluster)}/snapshotSchedule"
        document["links"] = [{"href": base + path, "rel": "self"}]
    return document


def restore_document(
    job: RestoreJob, cluster: Cluster, project: Project, dialect: Dialect, switches: Switches, *, base: str
) -> dict[str, Any]:
    """Contract 9. The delivery's secrets are recognisable: tests look for them where they must not be."""
    delivery: dict[str, Any] = {"methodName": job.method, "statusName": job.delivery_status}
    if job.delivery_expires is not None:
        delivery |= {
            "authHeader": "X-Restore-Canary",
            "authValue": f"canary-auth-value-{job.id}",
            "expirationHours": 24,
            "expires": iso(job.delivery_expires),
            "maxDownloads": 1,
            "url": f"{base}/backup/restore/canary-url-{job.id}.tar.gz",
        }
    document: dict[str, Any] = {
        "clusterId": cluster.id if job.part == 0 else shard_id(cluster, job.part),
        "created": iso(job.created),
        "delivery": delivery,
        "encryptionEnabled": False,
        "groupId": project.id,
        "id": job.id,
        "statusName": job.status,
        "timestamp": timestamp(job.timestamp, job.timestamp_increment, switches),
    }
    if dialect.atlas:
        document["clusterName"] = cluster.name
    if job.batch_id is not None:
        document["batchId"] = job.batch_id
    if job.snapshot_id is not None:
        document["snapshotId"] = job.snapshot_id
    if switches.document_links == "present":
        path = f"{dialect.path}/groups/{project.id}/clusters/{dialect.key(cluster)}/restoreJobs/{job.id}"
        document["links"] = [{"href": base + path, "rel": "self"}]
    return document


def group_document(project: Project, clusters: int, switches: Switches) -> dict[str, Any]:
    document = {"id": project.id, "links": [], "name": project.name, "orgId": project.org_id}
    if switches.cluster_count == "absent":
        return document
    return {"clusterCount": clusters + (switches.cluster_count == "one_more"), **document}


def legacy_backup(cluster: Cluster) -> bool:
    """Snapshots are still taken, or at least kept, by the legacy backup."""
    return not cluster.cloud_backup and cluster.backup in ("STARTED", "STOPPED", "PROVISIONING")


def atlas_cluster_document(cluster: Cluster, version: str) -> dict[str, Any]:
    """Contract 6: 2023-01-01 shows both kinds of backup, 2024-08-05 the cloud backup alone."""
    document: dict[str, Any] = {
        "clusterType": "SHARDED" if cluster.sharded else "REPLICASET",
        "groupId": cluster.project_id,
        "id": cluster.id,
        "links": [],
        "mongoDBMajorVersion": cluster.version.rpartition(".")[0],
        "mongoDBVersion": cluster.version,
        "name": cluster.name,
        "paused": False,
        "pitEnabled": False,
        "stateName": "IDLE",
    }
    if version == "2024-08-05":
        return document | {"backupEnabled": cluster.cloud_backup}
    return document | {
        "backupEnabled": legacy_backup(cluster),
        "numShards": max(1, len(cluster.shards)),
        "providerBackupEnabled": cluster.cloud_backup,
        "replicationFactor": 3,
    }


def public_cluster_documents(cluster: Cluster, now: int, switches: Switches) -> list[dict[str, Any]]:
    """Contract 11: a sharded cluster with n shards appears as n + 2 entries, the last that of its config server."""
    beat = iso(now - now % HOUR)
    whole: dict[str, Any] = {
        "clusterName": cluster.name,
        "groupId": cluster.project_id,
        "id": cluster.id,
        "lastHeartbeat": beat,
        "links": [],
        "typeName": "SHARDED_REPLICA_SET" if cluster.sharded else "REPLICA_SET",
    }
    if not cluster.sharded:
        return [whole | {"replicaSetName": f"{cluster.name}-shard-0"}]
    parts = [
        whole | {"id": shard_id(cluster, part), "replicaSetName": name, "typeName": "REPLICA_SET"}
        for part, name in enumerate(part_names(cluster), start=1)
    ]
    shards = [row | {"shardName": shard} for row, shard in zip(parts, cluster.shards)]
    if switches.whole_shard_name == "present":
        whole |= {"shardName": cluster.shards[0]}
    if switches.config_server_row == "absent":
        return [whole, *shards]
    return [whole, *shards, parts[-1] | {"typeName": "CONFIG_SERVER_REPLICA_SET"}]


def overview_document(project: Project, clusters: list[Cluster], switches: Switches) -> dict[str, Any]:
    """A row of `GET /clusters`, over all projects (contract 6). Shards have no entry of their own."""
    rows = [
        _overview_cluster(
            one.id,
            one.name,
            "SHARDED_CLUSTER" if one.sharded else "REPLICA_SET",
            backupEnabled=legacy_backup(one),
            dataSizeBytes=one.base_bytes,
            nodeCount=3 * max(1, len(one.shards)),
            versions=[one.version],
        )
        for one in clusters
    ]
    if switches.overview_standalones == "present":
        # Its id is of another kind: nothing else takes it.
        digits = project.id[::-1] + project.id[:8]
        rows.append(_overview_cluster(digits, "standalone:27017", "STANDALONE", backupEnabled=False, nodeCount=1))
    if switches.overview_types == "words":
        rows = [row | {"type": row["type"].lower().replace("_", " ")} for row in rows]
    return {
        "clusters": rows,
        "groupId": project.id,
        "groupName": project.name,
        "orgId": project.org_id,
        "orgName": "Simulated organization",
        "planType": "Atlas" if project.platform == "atlas" else "Cloud Manager",
        "tags": [],
    }


def _overview_cluster(identity: str, name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "alertCount": 0,
        "authEnabled": True,
        "availability": "available",
        "clusterId": identity,
        "name": name,
        "sslEnabled": True,
        "type": kind,
        **more,
    }


def backup_config_documents(cluster: Cluster, switches: Switches) -> list[dict[str, Any]]:
    """That of the whole and, by switch, INACTIVE ones of the parts (contract 11)."""
    whole = backup_config_document(cluster, switches)
    if not cluster.sharded or switches.part_configs == "absent":
        return [whole]
    parts = range(1, len(cluster.shards) + 2)
    return [whole, *(whole | {"clusterId": shard_id(cluster, part), "statusName": "INACTIVE"} for part in parts)]


def backup_config_document(cluster: Cluster, switches: Switches) -> dict[str, Any]:
    return {
        "clusterId": cluster.id,
        "encryptionEnabled": False,
        "excludedNamespaces": [],
        "groupId": cluster.project_id,
        "includedNamespaces": [],
        switches.ssl_key: True,
        "statusName": cluster.backup,
        "storageEngineName": "WIRED_TIGER",
    }
