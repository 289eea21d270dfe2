# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the role came to: the lines a person reads, and what the service has other than was said (R22)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SHOWN = 10
# Which outcome a planned action comes to when all goes well; "absent" is one that somebody else removed.
_DONE = {"delete": ("deleted", "absent"), "extend": ("updated", "unchanged"), "shorten": ("updated", "unchanged")}
_WORDS = {
    "delete": ("deleted", "to delete"),
    "extend": ("extended", "to extend"),
    "shorten": ("shortened", "to shorten"),
}


def summary(
    plan: Mapping[str, Any],
    outcomes: Sequence[Mapping[str, Any]],
    problems: Sequence[str],
    is_applied: bool,
    mode: str,
    notes: Sequence[str] = (),
) -> list[str]:
    """The lines that end a run: counts, bytes, gaps, warnings, findings, digest; and what failed.

    `plan` is the document of the filter `retention_plan`, `outcomes` those of all batches, `notes` what
    else there is to look at. `mode` says what kind of run it was.
    """
    lines = [_headline(plan), f"Policy: {_policy(plan)}.", verdict(plan, outcomes, is_applied, mode), space(plan)]
    if plan["guard"]["blocked"]:
        lines.append(f"BLOCKED, nothing was written: {'; '.join(plan['guard']['reasons'])}")
    lines.append(_gaps(plan["gaps"]))
    lines += _some("Warning", plan["warnings"])
    lines += _some("Finding", [note for note in notes if note not in plan["warnings"]])
    lines += _some("Failed", problems)
    lines.append(f"Digest {plan['digest']}")
    return lines


def problems(outcomes: Iterable[Mapping[str, Any]], snapshots: Iterable[Mapping[str, Any]] | None) -> list[str]:
    """What did not go as planned: what failed, and where a listing made afterwards says otherwise (R22).

    `snapshots` is that listing; None where nothing was written.
    """
    found = []
    failed: dict[str, list[str]] = {}
    listed = None if snapshots is None else {snapshot["id"]: snapshot for snapshot in snapshots}
    for outcome in outcomes:
        if outcome["action"] == "failed":
            failed.setdefault(str((outcome["error"] or {}).get("detail") or "no reason given"), []).append(
                outcome["id"]
            )
        elif listed is not None:
            found += _discrepancy(outcome, listed.get(outcome["id"]))
    return [_reason(detail, names) for detail, names in failed.items()] + found


def failure(problems: Sequence[str]) -> str:
    """The problems in one text for the task that fails; blank when there are none."""
    more = len(problems) - _SHOWN
    return " ".join([*problems[:_SHOWN], *([f"And {more} more: see retention_outcomes."] if more > 0 else [])])


def must_stop(plan: Mapping[str, Any], outcomes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether no further batch may begin: something was not tried, or a snapshot was not made to live longer (R19)."""
    extends = {row["id"] for row in plan["snapshots"] if row["action"] == "extend"}
    return any(
        outcome["action"] == "not_tried" or (outcome["id"] in extends and _lives_shorter(outcome))
        for outcome in outcomes
    )


def _lives_shorter(outcome: Mapping[str, Any]) -> bool:
    """Whether one that was to be extended was not; one that somebody extended further lives long enough."""
    return bool(outcome["action"] == "failed" and (outcome["error"] or {}).get("code") != "EXTENDED")


def _discrepancy(outcome: Mapping[str, Any], now: Mapping[str, Any] | None) -> list[str]:
    if outcome["action"] == "deleted" and now is not None:
        return [f"Snapshot {outcome['id']} was reported deleted and is still there."]
    if outcome["action"] == "absent" and now is not None:
        return [f"Snapshot {outcome['id']} was said not to be there any more and is still there."]
    if outcome["action"] != "updated":
        return []
    sent = outcome["after"]["expires_at"]
    if now is None:
        return [f"Snapshot {outcome['id']} was given the expiry {sent} and is not there any more."]
    if now["expires_at"] != sent:
        return [f"Snapshot {outcome['id']} was given the expiry {sent} and has {now['expires_at'] or 'none'}."]
    return []


def _headline(plan: Mapping[str, Any]) -> str:
    name = plan["cluster_name"] or plan["cluster_id"]
    return f"Cluster {name} of project {plan['project_id']} at {plan['now']}"


def _policy(plan: Mapping[str, Any]) -> str:
    kept = [f"{key} {value}" for key, value in plan["policy"].items() if value is not None]
    options = plan["options"]
    ways = ["method expire"] if options["method"] == "expire" else ["method delete"]
    ways += ["extend_kept"] if options["extend_kept"] else []
    return f"{', '.join(kept)}; {', '.join(ways)}; days begin in {plan['timezone']}"


def verdict(plan: Mapping[str, Any], outcomes: Sequence[Mapping[str, Any]], is_applied: bool, mode: str) -> str:
    """The counts of a run in one line, which begins with the kind of run it was."""
    actions, states = plan["summary"]["by_action"], plan["summary"]["by_state"]
    others = sum(states[state] for state in states if state != "candidate")
    parts = [f"{actions['keep'] - others} kept"]
    happened = _happened(plan, outcomes)
    for action, (done, due) in _WORDS.items():
        count = actions[action]
        if action == "shorten" and not count:
            continue
        if plan["guard"]["blocked"] or not is_applied:
            parts.append(f"{count} {due}")
        else:
            parts.append(f"{happened[action]} {done}" + (f" of {count}" if happened[action] != count else ""))
    parts.append(f"{states['held']} held")
    parts += [f"{states[state]} {state}" for state in ("expired", "incomplete", "future") if states[state]]
    if plan["guard"]["blocked"]:
        mode = "Nothing was written"
    return f"{mode}: {plan['summary']['total']} snapshots, {', '.join(parts)}."


def _happened(plan: Mapping[str, Any], outcomes: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How many of each planned action came to its end."""
    results = {outcome["id"]: outcome["action"] for outcome in outcomes}
    planned = {row["id"]: row["action"] for row in plan["snapshots"] if row["action"] in _DONE}
    return Counter(action for name, action in planned.items() if results.get(name) in _DONE[action])


def space(plan: Mapping[str, Any]) -> str:
    """What a run frees and keeps, in one line."""
    removed, kept = (plan["summary"][f"file_size_bytes_{what}"] for what in ("removed", "kept"))
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


def _gaps(gaps: Sequence[Mapping[str, str]]) -> str:
    if not gaps:
        return "No gaps."
    shown = ", ".join(f"{gap['rule']} {gap['period']}" for gap in gaps[:_SHOWN])
    return f"{len(gaps)} gaps, periods that no snapshot covers: {shown}{' …' if len(gaps) > _SHOWN else ''}."


def _some(label: str, texts: Sequence[str]) -> list[str]:
    lines = [f"{label}: {text}" for text in texts[:_SHOWN]]
    return lines + ([f"{label}: and {len(texts) - _SHOWN} more."] if len(texts) > _SHOWN else [])


def _reason(detail: str, names: Sequence[str]) -> str:
    """Why some failed, and which; a reason that meets many is said once."""
    if len(names) == 1:
        return detail if names[0] in detail else f"Snapshot {names[0]}: {detail}"
    more = len(names) - _SHOWN
    return f"Snapshots {', '.join(names[:_SHOWN])}{f' and {more} more' if more > 0 else ''}: {detail}"
