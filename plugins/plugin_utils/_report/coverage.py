# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be restored before a run and after it: how far back, with what gaps, and which periods are missing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import Coverage, Row
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import rules
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import text, zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.gaps import find_gaps
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Gap, Plan


def before(plan: Plan, rows: Sequence[Row], now: int, measured: bool) -> Coverage:
    """What can be restored as the snapshots are; which periods are missing only where that can be measured."""
    kept, removed = (plan.summary[f"file_size_bytes_{what}"] for what in ("kept", "removed"))
    missing = _named(plan.gaps) if measured else None
    return _coverage(rows, now, missing, None if kept is None or removed is None else kept + removed)


def after(rows: Sequence[Row], now: int, missing: tuple[str, ...] | None, size: int | None) -> Coverage:
    """What can be restored after the run. A snapshot whose expiry is shortened counts as gone."""
    extended = [replace(row, expires=row.until) if row.mark == "extended" else row for row in rows if row.stays]
    return _coverage(extended, now, missing, size)


def missing_after(cluster: Cluster, plan: Plan, now: int, removed: Iterable[str]) -> tuple[str, ...] | None:
    """The periods that the policy wants and nothing covers once the removed snapshots are gone.

    None where that cannot be measured, since nothing is left to restore.
    """
    calendar, gone = zone(plan.options.timezone), set(removed)
    entries = rules.classify(cluster, plan.options, now)
    anchor = rules.anchor_of(entries, plan.options, now)
    left = [entry for entry in entries if entry.snapshot.id not in gone]
    if anchor is None or not any(entry.snapshot.is_restorable(plan.now) for entry in left):
        return None
    candidates = [entry for entry in entries if entry.state == "candidate"]
    applied = rules.apply_rules(plan.policy, candidates, anchor, calendar)
    gaps, notes = find_gaps(applied, left, anchor, cluster.schedule, now, calendar)
    return None if any(note.code == "gaps_unmeasured" for note in notes) else _named(gaps)


def _named(gaps: Iterable[Gap]) -> tuple[str, ...]:
    return tuple(f"{gap.rule} {gap.period}" for gap in gaps)


def _coverage(rows: Iterable[Row], now: int, missing: tuple[str, ...] | None, size: int | None) -> Coverage:
    created = [row.created for row in rows if _is_restorable(row, now)]
    gaps = [(newer - older, older, newer) for newer, older in itertools.pairwise(created)]
    length, start, end = max(gaps, default=(None, None, None), key=lambda gap: gap[0] or 0)
    return Coverage(
        restorable=len(created),
        oldest=_text(created[-1] if created else None),
        newest=_text(created[0] if created else None),
        largest_gap=length,
        gap_from=_text(start),
        gap_to=_text(end),
        missing=missing,
        size=size,
    )


def _text(instant: int | None) -> str | None:
    return None if instant is None else text(instant)


def _is_restorable(row: Row, now: int) -> bool:
    return row.complete and row.created <= now and (row.expires is None or row.expires > now)
