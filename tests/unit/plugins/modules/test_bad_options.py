# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that cannot be used: an error that names the option, the reason and the way out, before any request."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.modules import legacy_snapshot, legacy_snapshot_info

from unit.plugins.modules.runner import Runner

ID, OTHER = "5a4279d4fcc178500596745a", "5a4279d4fcc178500596745b"
LATER = "2035-01-01T00:00:00Z"
NEVER = ("Traceback", "MODULE FAILURE", "Exception", "object at 0x", "s3cr3t-of-nobody")

Options = dict[str, Any]
Case = tuple[Options, tuple[str, ...]]


def one(**asked: Any) -> Options:
    return {"snapshot_id": ID, **asked}


def many(*items: Options, **asked: Any) -> Options:
    return {"snapshots": list(items), **asked}


# What is asked of legacy_snapshot, and what the error says. None of these reaches the service.
CHANGES: dict[str, Case] = {
    "nothing named": ({}, ("one of the following is required", "snapshot_id", "snapshots")),
    "both named": (
        many({"snapshot_id": OTHER}, snapshot_id=ID, expires_at=LATER),
        ("mutually exclusive", "snapshot_id|snapshots"),
    ),
    "an id that is none": (
        {"snapshot_id": "newest", "state": "absent"},
        ("snapshot_id", "'newest' is not an id of 24 hexadecimal digits"),
    ),
    "an id that is a path": (
        {"snapshot_id": "../../../groups", "state": "absent"},
        ("snapshot_id", "is not an id of 24 hexadecimal digits"),
    ),
    "an item without an id": (many({"state": "absent"}), ("snapshot_id", "snapshots")),
    "an item with a blank id": (many({"snapshot_id": "", "state": "absent"}), ("snapshot_id", "snapshots")),
    "an item whose id is none": (
        many({"snapshot_id": ID}, {"snapshot_id": "x"}, state="absent"),
        ("snapshots[1]", "'x' is not an id of 24 hexadecimal digits"),
    ),
    # In ansible-core's own words, which do not name the option.
    "an item that is no dictionary": ({"snapshots": [ID], "state": "absent"}, ("dictionary requested",)),
    "an unknown key of an item": (
        many({"snapshot_id": ID, "expires": LATER}, state="absent"),
        ("Unsupported parameters", "expires"),
    ),
    "an unknown option": (one(expires=LATER), ("Unsupported parameters", "expires")),
    "an unknown state": (one(state="deleted"), ("state must be one of", "present, absent", "deleted")),
    "an unknown state of an item": (many({"snapshot_id": ID, "state": "gone"}), ("state", "present, absent", "gone")),
    "present and nothing to be": (one(), (ID, "needs expires_at, lifetime or do_not_delete")),
    "present and nothing but blanks": (
        one(expires_at="", do_not_delete=None, state=""),
        (ID, "needs expires_at, lifetime or do_not_delete"),
    ),
    "an item with nothing to be": (
        many({"snapshot_id": ID, "state": "absent"}, {"snapshot_id": OTHER}),
        ("snapshots[1]", OTHER, "needs expires_at, lifetime or do_not_delete"),
    ),
    "absent with a date": (one(state="absent", expires_at=LATER), ("state absent and expires_at exclude each other",)),
    "absent with a hold": (
        one(state="absent", do_not_delete=False),
        ("state absent and do_not_delete exclude each other",),
    ),
    "absent with a date in an item": (
        many({"snapshot_id": ID, "state": "absent", "expires_at": LATER}),
        ("snapshots[0]", ID, "state absent and expires_at exclude each other"),
    ),
    "a date in an item, absent from the top": (
        many({"snapshot_id": ID, "expires_at": LATER}, state="absent"),
        ("snapshots[0]", "state absent and expires_at exclude each other"),
    ),
    "a hold with a date": (
        one(do_not_delete=True, expires_at=LATER),
        ("do_not_delete true and expires_at exclude each other", "no expiry"),
    ),
    "a hold with a date in an item": (
        many({"snapshot_id": ID, "do_not_delete": True, "expires_at": LATER}),
        ("snapshots[0]", "do_not_delete true and expires_at exclude each other"),
    ),
    "a hold from the top with a date in an item": (
        many({"snapshot_id": ID, "expires_at": LATER}, do_not_delete=True),
        ("snapshots[0]", "do_not_delete true and expires_at exclude each other"),
    ),
    "a date in words": (one(expires_at="tomorrow"), ("expires_at", "'tomorrow' is not an ISO 8601 date", "such as")),
    "a date of another country": (one(expires_at="31.12.2035"), ("expires_at", "is not an ISO 8601 date")),
    "a date that is not": (one(expires_at="2035-02-30"), ("expires_at", "2035-02-30", "that exists")),
    "a time that is not": (one(expires_at="2035-02-01T25:00:00Z"), ("expires_at", "that exists")),
    "an offset that is not": (one(expires_at="2035-02-01T12:00:00+25:00"), ("expires_at", "offset")),
    "a number for a date": (one(expires_at=1234567890), ("expires_at", "is not an ISO 8601 date")),
    "a date in words, in an item": (
        many({"snapshot_id": ID, "expires_at": "soon"}),
        ("snapshots[0]", "expires_at", "'soon' is not an ISO 8601 date"),
    ),
    "a flag that is none": (one(do_not_delete="perhaps"), ("do_not_delete", "perhaps", "bool")),
    "one id twice, two wishes": (
        many({"snapshot_id": ID, "expires_at": LATER}, {"snapshot_id": ID.upper(), "state": "absent"}),
        ("snapshots[1]", ID, "listed twice and asks for different things"),
    ),
    "no workers": (one(state="absent", concurrency=0), ("concurrency is 0", "1 to 16")),
    "too many workers": (one(state="absent", concurrency=17), ("concurrency is 17", "1 to 16")),
    "workers in words": (one(state="absent", concurrency="all"), ("concurrency", "unable to convert to int")),
}

# The same for legacy_snapshot_info.
QUERIES: dict[str, Case] = {
    "an id that is none": ({"snapshot_id": "newest"}, ("snapshot_id", "is not an id of 24 hexadecimal digits")),
    "an id and a filter": (
        {"snapshot_id": ID, "created_after": LATER},
        ("mutually exclusive", "snapshot_id|created_after"),
    ),
    "an id and a flag": ({"snapshot_id": ID, "do_not_delete": True}, ("mutually exclusive", "do_not_delete")),
    "an unknown completeness": (
        {"completeness": "some"},
        ("completeness must be one of", "complete, incomplete, all", "some"),
    ),
    "an unknown thing to gather": (
        {"gather": ["parts", "logs"]},
        ("gather must be one or more of", "parts, schedule, restore_jobs", "logs"),
    ),
    "a limit of nothing": ({"limit": 0}, ("limit is 0", "1 or more")),
    "a limit below nothing": ({"limit": -3}, ("limit is -3", "1 or more")),
    "a limit in words": ({"limit": "few"}, ("limit", "unable to convert to int")),
    "created after words": ({"created_after": "yesterday"}, ("created_after", "is not an ISO 8601 date")),
    "created before words": ({"created_before": "yesterday"}, ("created_before", "is not an ISO 8601 date")),
    "expires after words": ({"expires_after": "2026-13-01"}, ("expires_after", "that exists")),
    "expires before words": ({"expires_before": "now"}, ("expires_before", "is not an ISO 8601 date")),
    "an unknown option": ({"filter": "x"}, ("Unsupported parameters", "filter")),
}

_NO_KEY: Options = {"public_key": "", "private_key": None}
# Connection options, in the place of the good ones. Variables: see test_environment.py.
CONNECTIONS: dict[str, Case] = {
    "no credentials": (
        _NO_KEY,
        ("No credentials", "public_key and private_key", "client_id and client_secret", "MONGODB_ATLAS_CLIENT_ID"),
    ),
    "half a key": ({"private_key": ""}, ("public_key is given as an option and private_key is not", "both")),
    "half an account": (
        {**_NO_KEY, "client_secret": "s3cr3t-of-nobody"},
        ("client_secret is given as an option and client_id is not",),
    ),
    "a key and an account": (
        {"client_id": "mdb_sa_id_x", "client_secret": "s3cr3t-of-nobody"},
        ("public_key", "client_id", "two kinds", "not both"),
    ),
    "a key and the id of an account": ({"client_id": "mdb_sa_id_x"}, ("two kinds", "not both")),
    "an account on v1.0": (
        {**_NO_KEY, "client_id": "mdb_sa_id_x", "client_secret": "s3cr3t-of-nobody", "api_version": "v1.0"},
        ("api_version v1.0 knows no service accounts", "public_key and private_key"),
    ),
    "an account on Ops Manager": (
        {**_NO_KEY, "client_id": "mdb_sa_id_x", "client_secret": "s3cr3t-of-nobody", "platform": "ops_manager"},
        ("Ops Manager knows no service accounts", "public_key and private_key"),
    ),
    "Ops Manager without an address": (
        {"platform": "ops_manager", "base_url": ""},
        ("base_url is required for Ops Manager", "MCLI_OPS_MANAGER_URL"),
    ),
    "an unknown platform": ({"platform": "gcp"}, ("platform must be one of", "atlas, cloud_manager, ops_manager")),
    "an unknown version": ({"api_version": "v3"}, ("api_version must be one of", "v2, v1.0")),
    "an address without a scheme": ({"base_url": "opsmanager.example.com"}, ("base_url is no address", "https://")),
    "an address of another kind": (
        {"base_url": "ftp://opsmanager.example.com"},
        ("base_url is no address", "https://"),
    ),
    "an address with a key in it": (
        {"base_url": "https://user:s3cr3t-of-nobody@opsmanager.example.com"},
        ("base_url holds a user name or password", "own options"),
    ),
    "an address with a query": ({"base_url": "https://opsmanager.example.com/?a=b"}, ("base_url ends in a query",)),
    "no project": ({"project_id": ""}, ("project_id is required", "MONGODB_ATLAS_PROJECT_ID")),
    "a project by its name": ({"project_id": "Orders"}, ("project_id", "24 hexadecimal digits", "not its name")),
    "no cluster": ({"cluster_name": "", "cluster_id": ""}, ("Which cluster?", "cluster_name", "cluster_id")),
    "Atlas and an id alone": ({"cluster_name": "", "cluster_id": ID}, ("cluster_name is required on Atlas",)),
    "a cluster with a path in it": ({"cluster_name": "../x"}, ("cluster_name '../x' is no name",)),
    "a cluster id that is none": ({"cluster_id": "orders"}, ("cluster_id", "24 hexadecimal digits")),
    "a timeout of nothing": ({"timeout": 0}, ("timeout is 0", "seconds")),
    "a timeout in words": ({"timeout": "long"}, ("timeout", "unable to convert to int")),
    "a retry timeout below nothing": ({"retry_timeout": -1}, ("retry_timeout is -1", "seconds")),
    "a certificate that is not there": (
        {"ca_path": "/nowhere/ca.pem"},
        ("ca_path", "no readable file", "/nowhere/ca.pem"),
    ),
    "certificates in words": ({"validate_certs": "perhaps"}, ("validate_certs", "perhaps")),
    "a proxy that is none": ({"proxy": "socks9://x"}, ("proxy is no address", "http://")),
}

EACH: dict[str, tuple[ModuleType, Options, tuple[str, ...]]] = {
    **{f"change: {name}": (legacy_snapshot, *case) for name, case in CHANGES.items()},
    **{f"info: {name}": (legacy_snapshot_info, *case) for name, case in (QUERIES | CONNECTIONS).items()},
}


@pytest.mark.parametrize(("module", "asked", "fragments"), EACH.values(), ids=EACH)
@pytest.mark.parametrize("check", [True, False])
def test_bad_options_never_reach_the_service(
    run: Runner, module: ModuleType, asked: Options, fragments: tuple[str, ...], check: bool
) -> None:
    found = run(module, check=check, **asked)
    assert found["failed"]
    for fragment in fragments:
        assert fragment.lower() in found["msg"].lower()
    shown = str({key: value for key, value in found.items() if key != "invocation"})
    assert [word for word in NEVER if word in shown] == []
    assert found.get("changed", False) is False
    assert run.sim is not None
    assert run.sim.log.requests == 0
