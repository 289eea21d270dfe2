# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of all answers as JSON Schema: names, types and enums restated from contract 2 to contract 9.

Objects are closed (`additionalProperties: false`), so that a field the simulator invents by mistake is found.
"""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]

ID: Schema = {"type": "string", "pattern": "^[a-f0-9]{24}$"}
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
# Whole seconds and Z; what a PATCH sent may be echoed (contract 2.1, point 7).
MOMENT: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
ECHO: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d"}


def _object(required: str, optional: str = "", **properties: Schema) -> Schema:
    """A closed object: names without a schema of their own in `properties` are text."""
    names = [*required.split(), *optional.split()]
    return {
        "type": "object",
        "properties": {name: properties.get(name, TEXT) for name in names},
        "required": required.split(),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _enum(*values: object) -> Schema:
    return {"enum": list(values)}


LINKS = _list(_object("href rel"))
# Contract 2: the document's own minimum for increment is a mistake; every real one is 1.
TIMESTAMP = _object("date increment", "time", date=MOMENT, increment={"type": "integer", "minimum": 1}, time=COUNT)
PART = _object(
    "clusterId replicaSetName typeName",
    "compressionSetting dataSizeBytes storageSizeBytes fileSizeBytes encryptionEnabled masterKeyUUID mongodVersion"
    " completedTime fcv machineId replicaState",
    clusterId=ID,
    typeName=_enum("REPLICA_SET", "CONFIG_SERVER", "CONFIG_SERVER_REPLICA_SET", "CONFIG_SHARD_REPLICA_SET"),
    compressionSetting=_enum("NONE", "GZIP"),
    dataSizeBytes=COUNT,
    storageSizeBytes=COUNT,
    fileSizeBytes=COUNT,
    encryptionEnabled=FLAG,
    mongodVersion={"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
    completedTime=MOMENT,
)
_SNAPSHOT = {
    "id": ID,
    "groupId": ID,
    "clusterId": ID,
    "clusterName": {"type": ["string", "null"]},
    "complete": FLAG,
    "created": TIMESTAMP,
    "lastOplogAppliedTimestamp": TIMESTAMP,
    "doNotDelete": FLAG,
    "expires": ECHO,
    "links": LINKS,
    "parts": _list(PART),
    "incremental": FLAG,
    "isPossiblyInconsistent": FLAG,
    "missingShards": _list(
        _object("id groupId typeName", "clusterName shardName replicaSetName lastHeartbeat", id=ID, groupId=ID)
    ),
    "namespaceFilterList": _object("filterList filterType", filterList=_list(TEXT)),
}
_COMMON = "clusterName lastOplogAppliedTimestamp doNotDelete expires links parts"
# Contract 2: clusterName and incremental are v2's, the last three CM's and OM's.
SNAPSHOT_ATLAS = _object("id groupId clusterId complete created", f"{_COMMON} incremental", **_SNAPSHOT)
SNAPSHOT_PUBLIC = _object(
    "id groupId clusterId complete created",
    f"{_COMMON} isPossiblyInconsistent missingShards namespaceFilterList",
    **_SNAPSHOT,
)
# doNotDelete true comes without expires (contract 2).
for _schema in (SNAPSHOT_ATLAS, SNAPSHOT_PUBLIC):
    _schema["if"] = {"properties": {"doNotDelete": {"const": True}}, "required": ["doNotDelete"]}
    _schema["then"] = {"properties": {"expires": False}}

_SCHEDULE = (
    "dailySnapshotRetentionDays monthlySnapshotRetentionMonths pointInTimeWindowHours snapshotIntervalHours"
    " snapshotRetentionDays weeklySnapshotRetentionWeeks"
)
_NUMBERS = dict.fromkeys(_SCHEDULE.split(), COUNT) | {
    "clusterCheckpointIntervalMin": _enum(15, 30, 60),
    "snapshotIntervalHours": _enum(6, 8, 12, 24),
}
SCHEDULE_ATLAS = _object(
    f"clusterId groupId clusterCheckpointIntervalMin {_SCHEDULE}",
    "links",
    **_NUMBERS,
    clusterId=ID,
    groupId=ID,
    links=LINKS,
)
SCHEDULE_PUBLIC = _object(
    f"clusterId groupId {_SCHEDULE}",
    "links clusterCheckpointIntervalMin referenceHourOfDay referenceMinuteOfHour referenceTimeZoneOffset"
    " fullIncrementalDayOfWeek",
    **_NUMBERS,
    clusterId=ID,
    groupId=ID,
    links=LINKS,
    referenceHourOfDay={"type": "integer", "minimum": 0, "maximum": 23},
    referenceMinuteOfHour={"type": "integer", "minimum": 0, "maximum": 59},
    referenceTimeZoneOffset={"type": "string", "pattern": r"^[+-]\d{4}$"},
)
DELIVERY = _object(
    "methodName",
    "authHeader authValue expirationHours expires maxDownloads statusName targetClusterId targetClusterName"
    " targetGroupId url urlV2",
    methodName=_enum(
        "CLIENT_PIT_HTTP", "QUERY", "AUTOMATED_RESTORE", "HTTP", "THIRD_PARTY_COPY", "CLIENT_PIT_SCP", "SCP"
    ),
    statusName=_enum(
        "NOT_STARTED", "IN_PROGRESS", "READY", "FAILED", "INTERRUPTED", "EXPIRED", "MAX_DOWNLOADS_EXCEEDED", "PENDING"
    ),
    expirationHours=COUNT,
    maxDownloads=COUNT,
    expires=MOMENT,
    targetClusterId=ID,
    targetGroupId=ID,
)
RESTORE_JOB = _object(
    "delivery id groupId clusterId statusName timestamp created",
    "batchId clusterName encryptionEnabled links masterKeyUUID snapshotId",
    delivery=DELIVERY,
    id=ID,
    groupId=ID,
    clusterId=ID,
    statusName=_enum("IN_PROGRESS", "BROKEN", "KILLED", "FINISHED"),
    timestamp=TIMESTAMP,
    created=MOMENT,
    batchId=ID,
    encryptionEnabled=FLAG,
    links=LINKS,
    snapshotId=ID,
)
GROUP = _object("id name orgId", "clusterCount links", id=ID, orgId=ID, clusterCount=COUNT, links=LINKS)
_CLUSTER = {
    "id": ID, "groupId": ID, "links": LINKS, "backupEnabled": FLAG, "providerBackupEnabled": FLAG, "paused": FLAG,
    "pitEnabled": FLAG, "numShards": COUNT, "replicationFactor": COUNT,
    "clusterType": _enum("REPLICASET", "SHARDED", "GEOSHARDED"),
}  # fmt: skip
CLUSTER_ATLAS = _object(
    "id groupId name clusterType backupEnabled",
    "links mongoDBMajorVersion mongoDBVersion paused pitEnabled stateName numShards replicationFactor"
    " providerBackupEnabled",
    **_CLUSTER,
)
CLUSTER_PUBLIC = _object(
    "id groupId typeName clusterName",
    "shardName replicaSetName lastHeartbeat links",
    id=ID,
    groupId=ID,
    lastHeartbeat=MOMENT,
    links=LINKS,
)
OVERVIEW = _object(
    "groupId groupName orgId clusters",
    "orgName planType tags",
    groupId=ID,
    orgId=ID,
    tags=_list(TEXT),
    clusters=_list(
        _object(
            "clusterId name type backupEnabled",
            "alertCount authEnabled availability dataSizeBytes nodeCount sslEnabled versions",
            # A standalone's is longer.
            clusterId={"type": "string", "pattern": "^([a-f0-9]{24}|[a-f0-9]{32})$"},
            type=_enum("REPLICA_SET", "SHARDED_CLUSTER", "replica set", "sharded cluster", "STANDALONE", "standalone"),
            backupEnabled=FLAG,
            alertCount=COUNT,
            authEnabled=FLAG,
            dataSizeBytes=COUNT,
            nodeCount=COUNT,
            sslEnabled=FLAG,
            versions=_list(TEXT),
        )
    ),
)
BACKUP_CONFIG = _object(
    "groupId clusterId statusName",
    "storageEngineName sslEnabled SSLEnabled encryptionEnabled excludedNamespaces includedNamespaces",
    groupId=ID,
    clusterId=ID,
    statusName=_enum("INACTIVE", "PROVISIONING", "STARTED", "STOPPED", "TERMINATING"),
    sslEnabled=FLAG,
    SSLEnabled=FLAG,
    encryptionEnabled=FLAG,
    excludedNamespaces=_list(TEXT),
    includedNamespaces=_list(TEXT),
)
ON_DEMAND = _object("clusterName description timestamp", timestamp=TIMESTAMP)
# Contract 4. The parameters' items are strings and numbers.
ERROR = _object(
    "error errorCode",
    "detail parameters reason badRequestDetail",
    error={"type": "integer", "minimum": 400, "maximum": 599},
    detail={"type": ["string", "null"]},
    reason={"type": ["string", "null"]},
    parameters={"type": ["array", "null"], "items": {"type": ["string", "number"]}},
    badRequestDetail=_object("fields", fields=_list(_object("field description"))),
)
# Contract 3: a 401's body may lack errorCode.
ERROR_BARE = ERROR | {"required": ["error"]}
TOKEN = _object("access_token token_type expires_in", token_type=_enum("Bearer"), expires_in=COUNT)
OAUTH_ERROR = _object("error", "error_description")
EMPTY_OBJECT: Schema = {"type": "object", "maxProperties": 0}


def page_of(items: Schema) -> Schema:
    return _object("results", "links totalCount", results=_list(items), links=LINKS, totalCount=COUNT)


SCHEMAS: dict[str, Schema] = {
    "snapshot v2": SNAPSHOT_ATLAS,
    "snapshot v1.0": SNAPSHOT_ATLAS,
    "snapshot public": SNAPSHOT_PUBLIC,
    # Snapshots are checked one by one when they are rendered.
    "page": page_of({}),
    "schedule v2": SCHEDULE_ATLAS,
    "schedule v1.0": SCHEDULE_ATLAS,
    "schedule public": SCHEDULE_PUBLIC,
    "restore jobs": page_of(RESTORE_JOB),
    "restore job": RESTORE_JOB,
    "groups": page_of(GROUP),
    "group": GROUP,
    "clusters atlas": page_of(CLUSTER_ATLAS),
    "cluster atlas": CLUSTER_ATLAS,
    "clusters public": page_of(CLUSTER_PUBLIC),
    "cluster public": CLUSTER_PUBLIC,
    "overview": page_of(OVERVIEW),
    "backup configs": page_of(BACKUP_CONFIG),
    "backup config": BACKUP_CONFIG,
    "on demand": ON_DEMAND,
    "error": ERROR,
    "error without code": ERROR_BARE,
    "token": TOKEN,
    "oauth error": OAUTH_ERROR,
    "empty": EMPTY_OBJECT,
}
_VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}


def problems(name: str, document: object) -> list[str]:
    """What is wrong with a document of that name; nothing is the answer wanted."""
    return [f"{name}: {error.json_path}: {error.message}" for error in _VALIDATORS[name].iter_errors(document)]
