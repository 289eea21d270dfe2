# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard: why a plan must not be applied (R11a, R16, R17). The codes are those of what the reader can set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import DAY, HOUR, Zone, text
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Options
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.rules import Entry, newest_complete

_LOOK = "look at the plan, then raise {} for that run"


def blocked_by(
    options: Options, removals: int, entries: Sequence[Entry], now: int, zone: Zone, jobs_unknown: str | None
) -> tuple[Note, ...]:
    """Which limits the plan exceeds, by how much, and what to do; nothing when it may be applied.

    `jobs_unknown` says why the restore jobs do not tell which snapshots they use; None when they do.
    """
    if not removals:
        return ()
    candidates = sum(entry.state == "candidate" for entry in entries)
    reasons = [*_too_many(options, removals, candidates), *_stale(options, entries, now, zone)]
    if jobs_unknown is not None:
        reasons.append(
            Note(
                "restore_jobs",
                f"restore_jobs: {jobs_unknown}, so a snapshot to be removed may be in use; {removals} would be removed;"
                " gather restore_jobs, or wait until those jobs have ended",
            )
        )
    return tuple(reasons)


def _too_many(options: Options, removals: int, candidates: int) -> Iterator[Note]:
    if options.max_delete != -1 and removals > options.max_delete:
        yield Note(
            "max_delete",
            f"max_delete: {removals} snapshots would be removed, {removals - options.max_delete} more than max_delete"
            f" {options.max_delete} allows; {_LOOK.format('max_delete')}",
        )
    percent = options.max_delete_percent
    if percent < 100 and removals * 100 > percent * candidates:
        allowed = percent * candidates // 100
        yield Note(
            "max_delete_percent",
            f"max_delete_percent: {removals} of {candidates} candidates would be removed, {removals - allowed} more"
            f" than the {allowed} that max_delete_percent {percent} allows; {_LOOK.format('max_delete_percent')}",
        )


def _stale(options: Options, entries: Sequence[Entry], now: int, zone: Zone) -> Iterator[Note]:
    newest = newest_complete(entries, now)
    if options.stale_after is None or newest is None:
        return
    limit = zone.before(now, options.stale_after)
    if newest.created < limit:
        yield Note(
            "stale_after",
            f"stale_after: the newest complete snapshot, {newest.snapshot.id} of {text(newest.created)}, is"
            f" {_length(limit - newest.created)} older than stale_after {options.stale_after} allows;"
            " backups have stopped: mend them, or, where legacy backups have ended,"
            " set anchor: now and stale_after: off",
        )


def _length(length: int) -> str:
    days, rest = divmod(length, DAY)
    if days:
        return f"{days} d {rest // HOUR} h"
    return f"{rest // HOUR} h {rest % HOUR // 60} min" if rest >= 60 else f"{rest} s"
