# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What other policies would make of the same snapshots: no request, the engine once more for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import WhatIf
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import engine as retention
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    Policy,
    Rule,
    parse_options,
    parse_policy,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError

_DEFAULTS = {
    "keep_within": "2d",
    "keep_within_daily": "7d",
    "keep_within_weekly": "4w",
    "keep_within_monthly": "13mo",
}
_MOST = 10**8


def what_if(plan: Plan, cluster: Cluster) -> Iterator[WhatIf]:
    """Policies that differ from the plan's, after the plan's own to compare them with.

    These are half of it, twice as much, and the service's own numbers. Nothing where none differs, and where the
    listing is not the one that the plan was made from: the two would not compare.
    """
    own = retention.plan(cluster, plan.policy, plan.options, plan.now)
    others = list(_others(plan.policy))
    if own.digest != plan.digest or not others:
        return
    yield _result("this policy", own)
    for name, policy in others:
        yield _tried(name, cluster, policy, plan)


def _others(policy: Policy) -> Iterator[tuple[str, Policy]]:
    """Each policy once. Half of one snapshot is one, and twice an unlimited number is unlimited."""
    seen = [policy]
    for name, other in (
        ("half as much", _scaled(policy, _half)),
        ("twice as much", _scaled(policy, _double)),
        ("Cloud Manager's defaults", parse_policy(_DEFAULTS)),
    ):
        if other not in seen:
            seen.append(other)
            yield name, other


def _tried(name: str, cluster: Cluster, policy: Policy, plan: Plan) -> WhatIf:
    try:
        # The parser knows whether method and policy agree.
        options = parse_options({**plan.options.to_plain(), "timezone": plan.options.timezone}, policy)
    except RefusedError as exc:
        return WhatIf(name, policy.to_plain(), 0, 0, 0, None, None, 0, False, str(exc))
    return _result(name, retention.plan(cluster, policy, options, plan.now))


def _result(name: str, plan: Plan) -> WhatIf:
    numbers = plan.summary
    kept = [
        one.snapshot.created_at for one in plan.decisions if not one.is_removal and one.snapshot.is_restorable(plan.now)
    ]
    return WhatIf(
        name=name,
        policy=plan.policy.to_plain(),
        kept=sum(one.state == "candidate" and one.action == "keep" for one in plan.decisions),
        extended=numbers["by_action"]["extend"],
        removed=sum(one.is_removal for one in plan.decisions),
        size_removed=numbers["file_size_bytes_removed"],
        oldest=format_instant(kept[-1]) if kept and kept[-1] else None,
        gaps=len(plan.gaps),
        blocked=plan.is_blocked,
    )


def _scaled(policy: Policy, scale: Callable[[Rule], Rule]) -> Policy:
    return Policy(tuple(scale(rule) for rule in policy.rules))


def _double(rule: Rule) -> Rule:
    if rule.window is None:
        return rule if rule.count == -1 else replace(rule, count=min(rule.count * 2, _MOST))
    window = rule.window
    doubled = {name: min(2 * value, _MOST) for name, value in asdict(window).items()}
    return replace(rule, window=Duration(**doubled))


def _half(rule: Rule) -> Rule:
    """Rounded up, so that no rule vanishes; what does not halve is carried into the unit below."""
    if rule.window is None:
        return rule if rule.count == -1 else replace(rule, count=-(-rule.count // 2))
    parts = asdict(rule.window)
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
