# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an audit finds beyond the policy, what it gates by, and the evidence that goes with a plan."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import parse_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    Zone,
    seconds,
    text,
    zone,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.findings import code_of
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import RefusedError, duration

# The counts in `requests` of both modules (option `tell_requests`).
COUNTED = ("gets", "patches", "deletes", "posts")
# What a result of `legacy_snapshot_info` says of the service; the rest is the engine's or tells of the requests.
_LISTED = (
    "snapshots",
    "total",
    "truncated",
    "filtered",
    "completeness",
    "project_id",
    "cluster_id",
    "cluster_name",
    "schedule",
    "restore_jobs",
)


def findings(document: Mapping[str, Any], listing: Mapping[str, Any]) -> list[dict[str, str]]:
    """What somebody should look at although no rule of the policy asks for it, each with a code."""
    found = [
        *_warned(document),
        *_without_expiry(document),
        *_backups(document, listing),
        *_damaged(listing),
        *_gaps(document),
    ]
    return [{"code": code, "text": line} for code, line in found]


def gates(document: Mapping[str, Any], found: Sequence[Mapping[str, str]], on_drift: bool, on_gap: bool) -> list[str]:
    """Why an audit fails, a sentence each that begins with what people search for; nothing when it passes."""
    failures = []
    actions = document["summary"]["by_action"]
    due = [f"{count} to {action}" for action, count in actions.items() if action != "keep" and count]
    gaps = [finding["text"] for finding in found if finding["code"] == "gap"]
    if document["guard"]["blocked"]:
        failures.append(f"RETENTION BLOCKED: {'; '.join(document['guard']['reasons'])}")
    if on_drift and due:
        failures.append(f"RETENTION DRIFT: the cluster is not as the policy would have it: {', '.join(due)}")
    if on_gap and gaps:
        failures.append(f"RETENTION GAP: {'; '.join(gaps)}")
    return failures


def entry(document: Mapping[str, Any], found: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """What an artifact holds of one cluster: numbers, small enough for a fleet and for a notification."""
    return {
        **{key: document[key] for key in ("project_id", "cluster_id", "cluster_name", "now")},
        **document["summary"],
        "gaps": len(document["gaps"]),
        "findings": len(found),
        "findings_by_code": dict(sorted(Counter(finding["code"] for finding in found).items())),
        "guard": {"blocked": document["guard"]["blocked"], "reasons": list(document["guard"]["reasons"])},
        "digest": document["digest"],
    }


def evidence(listing: Mapping[str, Any], requests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """By what requests, to whom and when a run knows what it says; `requests` are those of its tasks.

    None of it decides anything, and none of it is in the digest.
    """
    firsts = [one["first"] for one in requests if one["first"] is not None]
    lasts = [one["last"] for one in requests if one["last"] is not None]
    return {
        "base_url": next((one["base_url"] for one in requests), None),
        "platform": next((one["platform"] for one in requests), None),
        "first_request_at": min(firsts, default=None),
        "last_request_at": max(lasts, default=None),
        "requests": {name: sum(one[name] for one in requests) for name in COUNTED},
        "listing_sha256": _sha256({key: listing.get(key) for key in _LISTED}),
    }


def _sha256(value: Any) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _warned(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for warning in document["warnings"]:
        code = code_of(warning)
        if code is not None:
            yield code, warning


def _without_expiry(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Nobody decided that these stay for ever, as somebody did of those that are held."""
    for row in document["snapshots"]:
        if row["expires_at"] is None and row["do_not_delete"] is not True and row["complete"] is True:
            yield "no_expiry", f"{row['id']} of {row['created_at']} has no expiry and is not held"


def _backups(document: Mapping[str, Any], listing: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Whether backups run, as far as a listing tells; nothing where `stale_after: off` says that they have ended."""
    limit = document["options"].get("stale_after")
    if limit == "off":
        return
    window, calendar = duration("options.stale_after", limit), _zone(document["timezone"])
    if listing.get("schedule") is None:
        yield "no_backup", "the service has no snapshot schedule for the cluster, so no backup seems to be running"
    now = seconds(parse_instant(document["now"]))
    complete = [row for row in document["snapshots"] if row["complete"] is True and row["state"] != "future"]
    if not complete:
        yield "stale", "there is no complete snapshot"
        return
    newest = seconds(parse_instant(complete[0]["created_at"]))
    if newest < calendar.before(now, window):
        yield "stale", f"the newest complete snapshot, {complete[0]['id']} of {text(newest)}, is older than {limit}"


def _zone(name: str) -> Zone:
    try:
        return zone(name)
    except ValueError as exc:
        raise RefusedError(f"timezone: {exc}") from None


def _damaged(listing: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for row in listing["snapshots"]:
        if row.get("is_possibly_inconsistent") is True:
            yield "inconsistent", f"{row['id']} of {row['created_at']} is possibly inconsistent"
        missing = row.get("missing_shards")
        if missing:
            names = ", ".join(_shard(shard) for shard in missing)
            yield "missing_shards", f"{row['id']} of {row['created_at']} lacks shards: {names}"


def _shard(shard: Mapping[str, Any]) -> str:
    return str(shard.get("shard_name") or shard.get("replica_set_name") or shard.get("id") or "?")


def _gaps(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """One finding a rule, since a decade without backups is one finding too."""
    rules = dict.fromkeys(gap["rule"] for gap in document["gaps"])
    for rule in rules:
        periods = [gap["period"] for gap in document["gaps"] if gap["rule"] == rule]
        shown = ", ".join(periods[:10]) + (" …" if len(periods) > 10 else "")
        yield "gap", f"{rule}: {len(periods)} periods that no snapshot covers: {shown}"
