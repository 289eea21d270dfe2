# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence for the file: which requests a run made, to whom and when, and what the listing said.

None of it decides anything, and none of it is in the digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.digest import digest_of
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    each,
    fields,
    optional,
    string,
    whole_number,
)

# The counts in `requests` of both modules (option `tell_requests`).
_COUNTS = ("gets", "patches", "deletes", "posts")
# What a result of `legacy_snapshot_info` says of the service. The rest is of Ansible, or about the requests.
LISTED = (
    "snapshots",
    "total",
    "truncated",
    "filtered",
    "completeness",
    "project_id",
    "cluster_id",
    "cluster_name",
    "schedule",
    "schedule_status",
    "restore_jobs",
)

# A check: the `requests` of several tasks.
read_requests = each(
    fields(
        {
            **dict.fromkeys(_COUNTS, whole_number),
            **dict.fromkeys(("first", "last", "base_url", "platform"), optional(string)),
        }
    )
)


def evidence(listing: Mapping[str, Any], requests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is put down of a run; `requests` are those of its tasks."""
    firsts = [one["first"] for one in requests if one["first"] is not None]
    lasts = [one["last"] for one in requests if one["last"] is not None]
    return {
        "base_url": next((one["base_url"] for one in requests), None),
        "platform": next((one["platform"] for one in requests), None),
        "first_request_at": min(firsts, default=None),
        "last_request_at": max(lasts, default=None),
        "requests": {name: sum(one[name] for one in requests) for name in _COUNTS},
        "listing_sha256": digest_of({key: listing.get(key) for key in LISTED}),
    }
