# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary of a run: what became of a plan, in lines for people, and what did not go as reported (R22, R23)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import (
    Gap,
    Note,
    Plan,
    dump_notes,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    each,
    fields,
    mapping,
    optional,
    plain,
    string,
)

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SHOWN = 10
# The outcomes that a planned action has when all goes well. An absent snapshot was removed by somebody else.
_DONE = {"delete": ("deleted", "absent"), "extend": ("updated", "unchanged"), "shorten": ("updated", "unchanged")}
_WORDS = {
    "delete": ("deleted", "to delete"),
    "extend": ("extended", "to extend"),
    "shorten": ("shortened", "to shorten"),
}

# A check: the `outcomes` of `legacy_snapshot`, without what was before.
read_outcomes = each(
    fields(
        {
            "id": string,
            "action": string,
            "after": optional(fields({"expires_at": optional(string)})),
            "error": optional(lambda error: plain(mapping(error))),
        }
    )
)


def summary(
    plan: Plan,
    outcomes: Sequence[Mapping[str, Any]],
    problems: Sequence[str],
    is_applied: bool,
    mode: str,
    findings: Sequence[Note] = (),
) -> list[str]:
    """The lines that end a run: counts, bytes, gaps, warnings, findings, what failed, and the digest.

    `outcomes` are those of all batches, `mode` says what kind of run it was.
    """
    lines = [_headline(plan), f"Policy: {_policy(plan)}.", verdict(plan, outcomes, is_applied, mode), space(plan)]
    if plan.is_blocked:
        lines.append(f"BLOCKED, nothing was written: {'; '.join(reason.text for reason in plan.blocked_by)}")
    lines.append(_gaps(plan.gaps))
    lines += _some("Warning", [warning.text for warning in plan.warnings])
    # Gaps have a line of their own.
    others = [finding for finding in findings if finding.code != "gap" and finding not in plan.warnings]
    lines += _some("Finding", [finding.text for finding in others])
    lines += _some("Failed", problems)
    lines.append(f"Digest {plan.digest}")
    return lines


def numbers(plan: Plan, findings: Sequence[Note]) -> dict[str, Any]:
    """What an artifact holds of one cluster: numbers, small enough for a fleet and for a notification."""
    return {
        "project_id": plan.project_id,
        "cluster_id": plan.cluster_id,
        "cluster_name": plan.cluster_name,
        "now": format_instant(plan.now),
        **plan.summary,
        "gaps": len(plan.gaps),
        "findings": len(findings),
        "findings_by_code": dict(sorted(Counter(finding.code for finding in findings).items())),
        "guard": {"blocked": plan.is_blocked, "reasons": dump_notes(plan.blocked_by)},
        "digest": plan.digest,
    }


def problems(outcomes: Iterable[Mapping[str, Any]], expiries: Mapping[str, datetime | None] | None) -> list[str]:
    """What did not go as planned: what failed, and where a listing made afterwards differs (R22).

    `expiries` are those of that listing, by snapshot id; None where nothing was written.
    """
    found = []
    failed: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome["action"] == "failed":
            detail = (outcome["error"] or {}).get("detail") or "no reason given"
            failed.setdefault(str(detail), []).append(outcome["id"])
        elif expiries is not None:
            found += _discrepancy(outcome, expiries)
    return [_failure(detail, names) for detail, names in failed.items()] + found


def failure(problems: Sequence[str]) -> str:
    """The problems in one text for the task that fails; blank when there are none."""
    more = len(problems) - _SHOWN
    return " ".join([*problems[:_SHOWN], *([f"And {more} more: see retention_outcomes."] if more > 0 else [])])


def must_stop(plan: Plan, outcomes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether no further batch may begin: something was not tried, or a snapshot was not made to live longer (R19)."""
    extends = {decision.snapshot.id for decision in plan.decisions if decision.action == "extend"}
    return any(
        outcome["action"] == "not_tried" or (outcome["id"] in extends and _lives_shorter(outcome))
        for outcome in outcomes
    )


def verdict(plan: Plan, outcomes: Sequence[Mapping[str, Any]], is_applied: bool, mode: str) -> str:
    """The counts of a run in one line, which begins with the kind of run it was."""
    actions, states = plan.summary["by_action"], plan.summary["by_state"]
    parts = [f"{actions['keep'] - (len(plan.decisions) - states['candidate'])} kept"]
    happened = _happened(plan, outcomes) if is_applied and not plan.is_blocked else None
    parts += [
        _counted(action, actions[action], None if happened is None else happened[action])
        for action in _WORDS
        if actions[action] or action != "shorten"
    ]
    parts.append(f"{states['held']} held")
    parts += [f"{states[state]} {state}" for state in ("expired", "incomplete", "future") if states[state]]
    return f"{'Nothing was written' if plan.is_blocked else mode}: {len(plan.decisions)} snapshots, {', '.join(parts)}."


def _counted(action: str, count: int, happened: int | None) -> str:
    done, planned = _WORDS[action]
    if happened is None:
        return f"{count} {planned}"
    return f"{happened} {done}" + (f" of {count}" if happened != count else "")


def space(plan: Plan) -> str:
    """What a run frees and keeps, in one line."""
    removed, kept = (plan.summary[f"file_size_bytes_{what}"] for what in ("removed", "kept"))
    rest = "" if kept is None else f"; {size(kept)} kept"
    if removed is None:
        return f"How much space is freed is not known, since not every snapshot says its size{rest}."
    if removed == 0:
        return f"No space is freed{rest}."
    return f"Frees up to {size(removed)}, after the store's groom job and less what others share{rest}."


def size(count: int) -> str:
    """Bytes as people read them."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{count} B" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


def _headline(plan: Plan) -> str:
    name = plan.cluster_name or plan.cluster_id
    return f"Cluster {name} of project {plan.project_id} at {format_instant(plan.now)}"


def _policy(plan: Plan) -> str:
    kept = [f"{key} {value}" for key, value in plan.policy.to_plain().items()]
    extends = ["extend_kept"] if plan.options.extend_kept else []
    ways = [f"method {plan.options.method}", *extends]
    return f"{', '.join(kept)}; {', '.join(ways)}; days begin in {plan.options.timezone}"


def _happened(plan: Plan, outcomes: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How many of each planned action were done."""
    results = {outcome["id"]: outcome["action"] for outcome in outcomes}
    return Counter(
        decision.action
        for decision in plan.decisions
        if decision.action in _DONE and results.get(decision.snapshot.id) in _DONE[decision.action]
    )


def _gaps(gaps: Sequence[Gap]) -> str:
    if not gaps:
        return "No gaps."
    shown = ", ".join(f"{gap.rule} {gap.period}" for gap in gaps[:_SHOWN])
    return f"{len(gaps)} gaps, periods that no snapshot covers: {shown}{' …' if len(gaps) > _SHOWN else ''}."


def _some(label: str, texts: Sequence[str]) -> list[str]:
    lines = [f"{label}: {text}" for text in texts[:_SHOWN]]
    return lines + ([f"{label}: and {len(texts) - _SHOWN} more."] if len(texts) > _SHOWN else [])


def _lives_shorter(outcome: Mapping[str, Any]) -> bool:
    """Whether a snapshot was not extended. One that somebody extended further lives long enough."""
    return bool(outcome["action"] == "failed" and (outcome["error"] or {}).get("code") != "EXTENDED")


def _discrepancy(outcome: Mapping[str, Any], expiries: Mapping[str, datetime | None]) -> list[str]:
    is_there = outcome["id"] in expiries
    said = {"deleted": "reported deleted", "absent": "said not to be there any more"}.get(outcome["action"])
    if said is not None:
        return [] if not is_there else [f"Snapshot {outcome['id']} was {said} and is still there."]
    if outcome["action"] != "updated":
        return []
    sent = (outcome["after"] or {}).get("expires_at")
    if not is_there:
        return [f"Snapshot {outcome['id']} was given the expiry {sent} and is not there any more."]
    found = expiries[outcome["id"]]
    expiry = None if found is None else format_instant(found)
    return (
        [] if expiry == sent else [f"Snapshot {outcome['id']} was given the expiry {sent} and has {expiry or 'none'}."]
    )


def _failure(detail: str, names: Sequence[str]) -> str:
    """Why some failed, and which; a reason that many have is given once."""
    if len(names) == 1:
        return detail if names[0] in detail else f"Snapshot {names[0]}: {detail}"
    more = len(names) - _SHOWN
    return f"Snapshots {', '.join(names[:_SHOWN])}{f' and {more} more' if more > 0 else ''}: {detail}"
