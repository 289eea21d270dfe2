# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""What other policies would make of the same snapshots: no request, the engine once more for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import parse_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import WhatIf
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import engine as retention
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import digest, to_document
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    Options,
    Policy,
    RefusedError,
    Rule,
    parse_options,
    parse_policy,
)

_DEFAULTS = {
    "keep_within": "2d",
    "keep_within_daily": "7d",
    "keep_within_weekly": "4w",
    "keep_within_monthly": "13mo",
}
_MOST = 10**8


def what_if(plan: Mapping[str, Any], cluster: Cluster, policy: Policy, options: Options) -> Iterator[WhatIf]:
    """This policy, half of it, twice as much, and the service's own numbers.

    Nothing where the listing is not the one that the plan was made from: the two would not compare.
    """
    now = parse_instant(plan["now"])
    own = to_document(retention.plan(cluster, policy, options, now))
    if own["digest"] != digest(plan):
        return
    yield _result("this policy", own)
    others = {"half as much": _scaled(policy, _half), "twice as much": _scaled(policy, _double)}
    if parse_policy(_DEFAULTS) != policy:
        others["Cloud Manager's defaults"] = parse_policy(_DEFAULTS)
    for name, other in others.items():
        yield _tried(name, cluster, other, options, now)


def _tried(name: str, cluster: Cluster, policy: Policy, options: Options, now: datetime) -> WhatIf:
    try:
        # Whether method and policy agree is for the parser to say.
        fitting = parse_options({**options.to_plain(), "timezone": options.timezone}, policy)
    except RefusedError as exc:
        return WhatIf(name, policy.to_plain(), 0, 0, 0, None, None, 0, False, str(exc))
    return _result(name, to_document(retention.plan(cluster, policy, fitting, now)))


def _result(name: str, document: Mapping[str, Any]) -> WhatIf:
    actions, now = document["summary"]["by_action"], document["now"]
    staying = [
        row["created_at"]
        for row in document["snapshots"]
        if row["action"] in ("keep", "extend")
        and row["complete"]
        and row["created_at"] <= now
        and (row["expires_at"] is None or row["expires_at"] > now)
    ]
    candidates_kept = sum(row["state"] == "candidate" and row["action"] == "keep" for row in document["snapshots"])
    return WhatIf(
        name=name,
        policy=document["policy"],
        kept=candidates_kept,
        extended=actions["extend"],
        removed=actions["delete"] + actions["shorten"],
        size_removed=document["summary"]["file_size_bytes_removed"],
        oldest=staying[-1] if staying else None,
        gaps=len(document["gaps"]),
        blocked=document["guard"]["blocked"],
    )


def _scaled(policy: Policy, scale: Any) -> Policy:
    return Policy(tuple(scale(rule) for rule in policy.rules))


def _double(rule: Rule) -> Rule:
    if rule.window is None:
        return rule if rule.count == -1 else replace(rule, count=min(rule.count * 2, _MOST))
    window = rule.window
    doubled = {name: min(2 * value, _MOST) for name, value in _parts(window).items()}
    return replace(rule, window=Duration(**doubled))


def _half(rule: Rule) -> Rule:
    """Rounded up, so that no rule vanishes; what does not halve is carried into the unit below."""
    if rule.window is None:
        return rule if rule.count == -1 else replace(rule, count=-(-rule.count // 2))
    parts = _parts(rule.window)
    halves = {name: value // 2 for name, value in parts.items()}
    for name, below, half in (
        ("years", "months", 6),
        ("months", "days", 15),
        ("weeks", "days", 3),
        ("days", "hours", 12),
    ):
        halves[below] += half * (parts[name] % 2)
    halves["hours"] += parts["hours"] % 2
    return replace(rule, window=Duration(**halves))


def _parts(window: Duration) -> dict[str, int]:
    return {name: getattr(window, name) for name in ("years", "months", "weeks", "days", "hours")}
