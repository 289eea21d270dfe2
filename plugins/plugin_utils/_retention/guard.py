# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard: why a plan must not be applied (R10, R11a, R16). The codes are those of what the reader can set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Options

_LOOK = "look at the plan, then raise {} for that run"


class Unknown(NamedTuple):
    """What a listing does not tell and removals would need."""

    jobs: str | None
    """Why the restore jobs do not tell which snapshots they use; None where they do."""
    window: bool
    """Whether the point-in-time window is the schedule's, and the service cannot tell the schedule now."""


def blocked_by(options: Options, removals: int, candidates: int, unknown: Unknown, prefix: str) -> tuple[Note, ...]:
    """Which limits the plan exceeds, by how much, and what to do; nothing when it may be applied.

    `prefix` stands before the names of options where a reader knows them by longer ones.
    """
    if not removals:
        return ()
    return (*_too_many(options, removals, candidates, prefix), *_not_known(options, removals, unknown, prefix))


def _too_many(options: Options, removals: int, candidates: int, prefix: str) -> Iterator[Note]:
    if options.max_delete != -1 and removals > options.max_delete:
        name = f"{prefix}max_delete"
        yield Note(
            "max_delete",
            f"{name}: {removals} snapshots would be removed, {removals - options.max_delete} more than {name}"
            f" {options.max_delete} allows; {_LOOK.format(name)}",
        )
    percent = options.max_delete_percent
    if percent < 100 and removals * 100 > percent * candidates:
        name, allowed = f"{prefix}max_delete_percent", percent * candidates // 100
        yield Note(
            "max_delete_percent",
            f"{name}: {removals} of {candidates} candidates would be removed, {removals - allowed} more"
            f" than the {allowed} that {name} {percent} allows; {_LOOK.format(name)}",
        )


def _not_known(options: Options, removals: int, unknown: Unknown, prefix: str) -> Iterator[Note]:
    if unknown.window:
        name = f"{prefix}pit_window"
        yield Note(
            "pit_window",
            f"{name}: auto is the schedule's point-in-time window, which the service cannot tell now, so it may be"
            f" longer than the {options.pit_window} that are assumed; {removals} would be removed;"
            f" plan again later, or set {name} to the window's length",
        )
    if unknown.jobs is not None:
        # The role always gathers them, and its reader cannot.
        way_out = "wait" if prefix else "gather restore_jobs, or wait"
        yield Note(
            "restore_jobs",
            f"restore_jobs: {unknown.jobs}, so a snapshot to be removed may be in use; {removals} would be removed;"
            f" {way_out} until those jobs have ended",
        )
