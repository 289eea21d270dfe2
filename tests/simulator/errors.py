# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's error codes: status, and detail with its parameters (contract 4)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

# The quoted texts of the contract are kept as it prints them; the others are ours, since no source prints them.
CATALOGUE: dict[str, tuple[int, str]] = {
    "INVALID_ATTRIBUTE": (400, "Invalid attribute %s specified."),
    "ATTRIBUTE_READ_ONLY": (400, "The attribute %s is read-only and cannot be changed by the user."),
    "INVALID_JSON": (400, "Received JSON does not match expected format."),
    "MALFORMED_JSON": (400, "Received JSON is malformed."),
    "INVALID_JSON_ATTRIBUTE": (400, "Received JSON for the %s attribute does not match expected format."),
    "INVALID_QUERY_PARAMETER": (400, "Invalid query parameter %s specified."),
    "INVALID_ENUM_VALUE": (400, "An invalid enumeration value %s was specified."),
    "INVALID_PATH_PARAMETER": (400, "Invalid path parameter %s specified."),
    "VALIDATION_ERROR": (400, "The request is not valid: %s."),
    "FRACTIONAL_TIMESTAMP": (400, "Timestamp must be whole number of seconds."),
    "ALREADY_EXPIRED": (400, "Cannot update an entity that has already expired."),
    "BACKUP_JOB_NOT_FOUND": (400, "Backups are not enabled for this cluster."),
    "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT": (400, "Cannot delete a snapshot that is in progress."),
    "CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY": (
        400,
        "Cannot delete a snapshot while a backup compliance policy is active.",
    ),
    "ASYMMETRIC_SHARD_UNSUPPORTED": (400, "Cluster %s has asymmetric shards, which this version cannot describe."),
    "MULTI_CLOUD_CLUSTER_INVALID": (400, "Cluster %s is a multi-cloud cluster, which this version cannot describe."),
    "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API": (400, "Flex cluster %s cannot be used in the cluster API."),
    "NOT_IN_GROUP": (401, "The current user is not in the group, or the group does not exist."),
    "USER_UNAUTHORIZED": (401, "The current user is not authorized to perform this action."),
    "USER_CANNOT_ACCESS_GROUP": (401, "The current user cannot access the group with ID %s."),
    "NO_CURRENT_USER": (401, "No current user."),
    "TOO_MANY_GROUP_TAGS": (401, "The group has too many tags."),
    "EXTERNALLY_MANAGED_LOCK": (401, "The automation configuration is managed from elsewhere."),
    "NOT_ORG_GROUP_CREATOR": (401, "The current user is not authorized to create groups in the organization."),
    "ACCOUNT_SUSPENDED": (402, "The account is suspended."),
    "IP_ADDRESS_NOT_ON_ACCESS_LIST": (403, "IP address %s is not allowed to access this resource."),
    "IP_ADDRESS_NOT_ON_WHITELIST": (403, "IP address %s is not allowed to access this resource."),
    "RESOURCE_REQUIRES_WHITELIST": (403, "This resource requires access through a whitelist of IP addresses."),
    "ORG_REQUIRES_WHITELIST": (403, "This organization requires access through a whitelist of IP addresses."),
    "RESOURCE_REQUIRES_ACCESS_LIST": (403, "This resource requires access through an access list of IP addresses."),
    "ORG_REQUIRES_ACCESS_LIST": (403, "This organization requires access through an access list of IP addresses."),
    "CANNOT_MODIFY_SNAPSHOT": (403, "Cannot modify snapshot because of invalid fields."),
    "CANNOT_MODIFY_CLUSTER_SNAPSHOT": (
        403,
        "Cannot individually modify a snapshot %s that is part of a cluster snapshot.",
    ),
    "CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT": (
        403,
        "Cannot individually delete a snapshot %s that is part of a cluster snapshot.",
    ),
    "ACCESS_FORBIDDEN": (403, "Access to this resource is forbidden."),
    "FEATURE_UNSUPPORTED": (403, "This feature is not supported."),
    "UNSUPPORTED_FOR_CURRENT_PLAN": (403, "Operation not supported for current plan."),
    "UNSUPPORTED_FOR_CURRENT_CONFIG": (403, "Operation not supported for current configuration."),
    "NO_FREE_TIER_API": (403, "This endpoint is not available for free-tier clusters."),
    "SNAPSHOT_NOT_FOUND": (404, "No snapshot with ID %s exists for cluster %s."),
    "CLUSTER_NOT_FOUND": (404, "No cluster %s exists in group %s."),
    "CLUSTER_NAME_NOT_FOUND": (404, "No cluster named %s exists in group %s."),
    "GROUP_NOT_FOUND": (404, "No group with ID %s exists."),
    "GROUP_NAME_NOT_FOUND": (404, "No group named %s exists."),
    "INVALID_GROUP_ID": (404, "An invalid group ID %s was specified."),
    "INVALID_CLUSTER_ID": (404, "An invalid cluster ID %s was specified."),
    "INVALID_SNAPSHOT_ID": (404, "An invalid snapshot ID %s was specified."),
    "INVALID_RESTORE_JOB_ID": (404, "An invalid restore job ID %s was specified."),
    "RESTORE_JOB_NOT_FOUND": (404, "No restore job with ID %s exists for cluster %s."),
    "BACKUP_CONFIG_NOT_FOUND": (404, "No backup configuration exists for cluster %s."),
    "CONFIG_SNAPSHOT_NOT_FOUND": (404, "No config snapshot with ID %s exists."),
    "NOT_CONFIG_SERVER": (404, "Host %s is not a config server."),
    "HOST_NOT_FOUND": (404, "No host with ID %s exists in group %s."),
    "RESOURCE_NOT_FOUND": (404, "Cannot find resource %s."),
    "ATLAS_GROUP": (404, "Group %s is an Atlas group; use the Atlas API at /api/atlas/v1.0 to access it."),
    "NOT_ATLAS_GROUP": (404, "Group %s is not an Atlas group; use the API at /api/public/v1.0 to access it."),
    "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES": (405, "Writes are not allowed while the application is upgraded."),
    "METHOD_NOT_ALLOWED": (405, "The method %s is not allowed for this resource."),
    "INVALID_VERSION_DATE": (406, "No version of this resource is served for the Accept header %s."),
    "CANNOT_GET_BACKUP_CONFIG_INVALID_STATE": (409, "Cannot get backup configuration without cluster being monitored."),
    "CANNOT_MODIFY_SHARD_BACKUP_CONFIG": (
        409,
        "Cannot modify the backup configuration of a shard; use cluster ID %s for the entire cluster.",
    ),
    "ATLAS_BACKUP_CONFLICTING_OPTIONS": (409, "Legacy backup and cloud backup cannot both be enabled."),
    "LINK_EXPIRATION_AFTER_SNAPSHOT_DELETION": (409, "Snapshot %s is in use by a restore."),
    "VERSION_GONE": (410, "The version %s of this resource has reached its end of life."),
    "UNSUPPORTED_MEDIA_TYPE": (415, "The content type %s is not supported."),
    "RATE_LIMITED": (429, "Resource %s is limited to %s requests every %s minutes."),
    "RATE_LIMITED_TOKEN_BUCKET": (
        429,
        (
            "Rate limit exceeded for %s. Please retry after %s seconds. "
            "Request capacity: %s. Refill rate: %s per %s seconds."
        ),
    ),
    "UNEXPECTED_ERROR": (500, "An unexpected error occurred."),
    "SERVICE_UNAVAILABLE": (503, "The service is not available now."),
}


class Refused(Exception):
    """The service says no: an error code of the catalogue and its parameters."""

    def __init__(self, code: str, *parameters: object, status: int | None = None) -> None:
        super().__init__(code, *parameters)
        self.code = code
        self.parameters = parameters
        self.status = CATALOGUE[code][0] if status is None else status
        self.headers: dict[str, str] = {}

    @property
    def detail(self) -> str:
        return detail_of(self.code, self.parameters)


def detail_of(code: str, parameters: tuple[object, ...]) -> str:
    template = CATALOGUE[code][1]
    wanted = template.count("%s")
    given = (*parameters, *("?",) * wanted)[:wanted]
    return template % given


def body_of(refused: Refused) -> dict[str, Any]:
    """The documented error body, keys in the order in which the printed sample has them."""
    return {
        "detail": refused.detail,
        "error": refused.status,
        "errorCode": refused.code,
        "parameters": list(refused.parameters),
        "reason": reason_of(refused.status),
    }


def reason_of(status: int) -> str:
    return HTTPStatus(status).phrase
