# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module `legacy_snapshot` does: options in, result out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._module import Call, Failed, run
from ._snapshot_change import DesiredState
from ._snapshot_changes import (
    Rules,
    apply,
    desired_states,
    diffs,
    failure_text,
    outcomes,
    rules_of,
)

PROCESS = {"pid": "int", "started": "int", "machine": "str"}


def parse(params: Mapping[str, Any]) -> tuple[list[DesiredState], Rules]:
    """What the options ask for, and how."""
    return desired_states(params), rules_of(params)


def work(call: Call, asked: tuple[list[DesiredState], Rules]) -> dict[str, Any]:
    """Bring the snapshots into the state asked for."""
    states, rules = asked
    outcome = apply(states, call.service, call.now, rules, call.check_mode)
    result: dict[str, Any] = {"changed": outcome.changed, "outcomes": outcomes(outcome)}
    if call.diff_mode:
        result["diff"] = diffs(outcome)
    if outcome.has_failed:
        raise Failed(failure_text(outcome, call.service.cluster.key), outcome.error(), result)
    return result


def argument_spec() -> dict[str, dict[str, Any]]:
    """The options beside those of the connection."""
    snapshot_id: dict[str, Any] = {"type": "str", "aliases": ["id"]}
    desired: dict[str, dict[str, Any]] = {
        "state": {"type": "str", "choices": ["present", "absent"]},
        "expires_at": {"type": "str"},
        "lifetime": {"type": "str"},
        "do_not_delete": {"type": "bool"},
        "allow_past_expiry": {"type": "bool"},
        "unless_expires_after": {"type": "str"},
    }
    item = {"snapshot_id": {**snapshot_id, "required": True}, **desired}
    process = {name: {"type": kind, "required": True} for name, kind in PROCESS.items()}
    return {
        **desired,
        "snapshot_id": snapshot_id,
        "state": {**desired["state"], "default": "present"},
        "allow_past_expiry": {**desired["allow_past_expiry"], "default": False},
        "snapshots": {"type": "list", "elements": "dict", "options": item},
        "concurrency": {"type": "int", "default": 4},
        "unless_restoring": {"type": "bool", "default": True},
        "unless_newest": {"type": "bool", "default": True},
        "time_limit": {"type": "int"},
        "while_running": {"type": "list", "elements": "dict", "options": process},
    }


def main() -> None:
    """Run the module."""
    either = [("snapshot_id", "snapshots")]
    exclusive = [*either, ("expires_at", "lifetime")]
    run(argument_spec(), parse, work, mutually_exclusive=exclusive, required_one_of=either)
