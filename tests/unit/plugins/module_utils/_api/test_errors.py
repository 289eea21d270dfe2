# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error: what it says, what it leaves out, and what stops a call."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import HINTS, ApiError, hint_for

HINTED: list[tuple[int, str | None, str]] = [
    (404, "ATLAS_GROUP", "set platform to atlas"),
    (404, "NOT_ATLAS_GROUP", "set platform to cloud_manager, or to ops_manager"),
    (404, "GROUP_NOT_FOUND", "Check project_id"),
    (401, "NOT_IN_GROUP", "Check project_id"),
    (401, "USER_CANNOT_ACCESS_GROUP", "no member of it"),
    (404, "INVALID_GROUP_ID", "Check project_id"),
    (404, "CLUSTER_NOT_FOUND", "Check cluster_name (Atlas: the exact name) or cluster_id"),
    (404, "CLUSTER_NAME_NOT_FOUND", "Check cluster_name"),
    (404, "INVALID_CLUSTER_ID", "cluster_id (Cloud and Ops Manager: the id)"),
    (401, "USER_UNAUTHORIZED", "Project Owner"),
    (403, "ACCESS_FORBIDDEN", "Global Backup Admin"),
    (403, None, "The role of the key is too low"),
    (403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", "delegate_to"),
    (403, "ORG_REQUIRES_WHITELIST", "API access list"),
    (407, None, "The proxy asks for a password"),
    (429, "RATE_LIMITED", "raise retry_timeout"),
    (400, "BACKUP_JOB_NOT_FOUND", "not enabled for this cluster"),
    (404, "BACKUP_CONFIG_NOT_FOUND", "not enabled for this cluster"),
    (400, "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", "which has no legacy backup"),
    (400, "ALREADY_EXPIRED", "nobody edit it"),
    (402, "ACCOUNT_SUSPENDED", "unpaid"),
    (410, "VERSION_GONE", "no longer speaks"),
    (404, "RESOURCE_NOT_FOUND", "check platform, api_version and base_url"),
    (403, "CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT", "name the sharded cluster itself"),
    (403, "CANNOT_MODIFY_CLUSTER_SNAPSHOT", "name the sharded cluster itself"),
    (400, "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT", "it may be stuck"),
    (400, "CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY", "compliance policy"),
]


@pytest.mark.parametrize(("status", "code", "words"), HINTED)
def test_each_error_tells_the_hint_for(status: int, code: str | None, words: str) -> None:
    assert words in hint_for(status, code, "whatever")


def test_each_code_of_the_table_is_tried() -> None:
    assert set(HINTS) <= {code for _status, code, _words in HINTED}


@pytest.mark.parametrize(
    ("status", "code"), [(400, "INVALID_ATTRIBUTE"), (401, "SOMETHING_NEW"), (500, "UNEXPECTED_ERROR"), (None, None)]
)
def test_where_nothing_is_known_nothing_is_said(status: int | None, code: str | None) -> None:
    assert hint_for(status, code, None) == ""


@pytest.mark.parametrize(
    ("detail", "parameters", "address"),
    [
        ("IP address 203.0.113.9 is not allowed", [], "203.0.113.9"),
        (None, ["203.0.113.9"], "203.0.113.9"),
        (None, ["x", "2001:db8::7"], "2001:db8::7"),
        ("Address 2001:db8:0:0:0:0:0:7 is not allowed.", [], "2001:db8:0:0:0:0:0:7"),
        ("IP ::1 is refused", [], "::1"),
        ("at 10:15 the address ::ffff:10.0.0.1 was refused", [], "::ffff:10.0.0.1"),
    ],
)
def test_the_access_list_names_the_address(detail: str | None, parameters: list[Any], address: str) -> None:
    hint = hint_for(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", detail, parameters)
    assert f"The address {address} is not on the API access list" in hint
    assert "add it there" in hint
    assert "delegate_to" in hint


@pytest.mark.parametrize("detail", [None, "", "This organization requires access through a list", "since 1.2.3"])
def test_the_access_list_without_an_address(detail: str | None) -> None:
    assert "The address this runs from is not on" in hint_for(403, "ORG_REQUIRES_ACCESS_LIST", detail, [])


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("IP_ADDRESS_NOT_ON_ACCESS_LIST", True),
        ("IP_ADDRESS_NOT_ON_WHITELIST", True),
        ("RESOURCE_REQUIRES_ACCESS_LIST", True),
        ("ORG_REQUIRES_WHITELIST", True),
        ("USER_UNAUTHORIZED", False),
        (None, False),
    ],
)
def test_the_names_of_the_access_list(code: str | None, wanted: bool) -> None:
    assert ("API access list" in hint_for(403, code, None)) is wanted


MEETS_ALL: list[tuple[int | None, str | None, bool]] = [
    (None, None, True),
    (401, None, True),
    (401, "USER_UNAUTHORIZED", True),
    (402, "ACCOUNT_SUSPENDED", True),
    (403, None, True),
    (403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", True),
    (403, "ACCESS_FORBIDDEN", True),
    (403, "CANNOT_MODIFY_SNAPSHOT", False),
    (403, "CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT", False),
    (404, "CLUSTER_NOT_FOUND", True),
    (404, "CLUSTER_NAME_NOT_FOUND", True),
    (404, "GROUP_NOT_FOUND", True),
    (404, "ATLAS_GROUP", True),
    (404, "NOT_ATLAS_GROUP", True),
    (404, "SNAPSHOT_NOT_FOUND", False),
    (404, None, False),
    (400, "INVALID_ATTRIBUTE", False),
    (409, None, False),
    (500, None, False),
    (200, None, False),
]


@pytest.mark.parametrize(("status", "code", "wanted"), MEETS_ALL)
def test_which_errors_would_meet_every_further_request(status: int | None, code: str | None, wanted: bool) -> None:
    assert ApiError("x", status, code).meets_all is wanted
    assert ApiError("x", status, code, exhausted=True).meets_all


def test_an_error_as_results_carry_it() -> None:
    assert ApiError("text", 404, "CODE", "detail").to_result() == {"status": 404, "code": "CODE", "detail": "detail"}
    assert ApiError("text").to_result() == {"status": None, "code": None, "detail": "text"}
    assert str(ApiError("text", 404)) == "text"
