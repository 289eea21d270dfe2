# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What fails a host after its plan was made: guards, and in an audit the gates that somebody has set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note, Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import is_stale
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import Settings

# Periods without a snapshot, and where it cannot be told whether there are any.
_GAP = ("gap", "gaps_unmeasured")


def failures(plan: Plan, findings: Sequence[Note], settings: Settings, entry_point: str) -> list[str]:
    """Why the host fails, a sentence each that begins with what people search for; nothing when it passes."""
    is_audit = entry_point == "audit"
    found = [("RETENTION BLOCKED: ", _texts(plan.blocked_by) if settings.fail_on_blocked or not is_audit else "")]
    if is_audit:
        found += _audited(plan, findings, settings)
    return [f"{begin}{text}" for begin, text in found if text]


def stale(plan: Plan) -> list[str]:
    """Why a host fails whose removals were withheld, after its extends (R17)."""
    if not any(map(is_stale, plan.decisions)):
        return []
    return [f"RETENTION STALE: {_texts(note for note in plan.warnings if note.code == 'stale')}"]


def _audited(plan: Plan, findings: Sequence[Note], settings: Settings) -> list[tuple[str, str]]:
    drift = "RETENTION DRIFT: the cluster is not as the policy would have it: "
    chosen = [note for note in findings if note.code in settings.fail_on_finding]
    return [
        (drift, _planned(plan) if settings.fail_on_drift else ""),
        ("RETENTION GAP: ", _texts(note for note in findings if note.code in _GAP) if settings.fail_on_gap else ""),
        ("RETENTION FINDING: ", _texts(chosen)),
    ]


def _planned(plan: Plan) -> str:
    actions = plan.summary["by_action"].items()
    return ", ".join(f"{count} to {action}" for action, count in actions if action != "keep" and count)


def _texts(notes: Iterable[Note]) -> str:
    """The first ten; a decade without backups is one message too."""
    texts = [note.text for note in notes]
    more = f"; and {len(texts) - 10} more" if len(texts) > 10 else ""
    return "; ".join(texts[:10]) + more
