# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""What a plan reports beside its actions: what blocks it, what is missing, what to look at (R15 to R17, gaps)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import (
    DAY,
    HOUR,
    PERIOD_HOURS,
    Zone,
    label,
    period_of,
    text,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Schedule
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Gap
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Options, Policy
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.rules import NEVER, SOON, Entry, Tier

# The schedule's longest interval, for where the schedule is not known.
_INTERVAL_HOURS = 24
# A decade without backups is one finding, not 3,650 lines.
_GAPS_SHOWN = 400
# The warnings that are findings of an audit too, by what each says.
_SOONER = "is kept by the policy, but the service expires it on"
_SOON = "snapshots kept by counts expire within 36 h"
_UNHELD = "is protected from this plan alone, and the service expires it on"
_UNFINISHED = "is still incomplete after more than a day"
_CODES = {_SOONER: "expires_sooner", _SOON: "expires_sooner", _UNHELD: "protected_expires", _UNFINISHED: "incomplete"}
_LOOK = "look at the plan, then raise {limit} for that run"


def blocked_by(
    options: Options, removals: int, entries: Sequence[Entry], now: int, zone: Zone, jobs_unknown: str | None
) -> tuple[str, ...]:
    """Why nothing may be written (R11a, R16, R17): which limit, by how much, and the way out."""
    if not removals:
        return ()
    candidates = sum(entry.state == "candidate" for entry in entries)
    reasons = [*_too_many(options, removals, candidates), *_stale(options, entries, now, zone)]
    if jobs_unknown is not None:
        reasons.append(
            f"restore_jobs: {jobs_unknown}, so a snapshot to be removed may be in use; {removals} would be removed;"
            " gather restore_jobs, or wait until those jobs have ended"
        )
    return tuple(reasons)


def newest_complete(entries: Iterable[Entry], now: int) -> Entry | None:
    """The newest complete snapshot that is not in the future, whatever its state."""
    return next((entry for entry in entries if entry.snapshot.complete is True and entry.created <= now), None)


def gaps(
    applied: Sequence[Tier], entries: Sequence[Entry], anchor: int, schedule: Schedule | None, now: int, zone: Zone
) -> tuple[list[Gap], list[str]]:
    """The missing whole periods of each within rule, newest first, and a warning where there are too many to list."""
    interval = _INTERVAL_HOURS if schedule is None or schedule.interval_hours is None else schedule.interval_hours
    covering = [
        zone.local(entry.created) for entry in entries if entry.snapshot.complete is True and entry.created <= now
    ]
    found: list[Gap] = []
    warnings = []
    for tier in applied:
        kind = tier.rule.period
        if tier.cutoff is None or kind is None or PERIOD_HOURS[kind] < interval or not covering:
            continue
        missing = _missing(kind, covering, tier.cutoff, anchor, zone)
        listed = [number for _place, number in zip(range(_GAPS_SHOWN + 1), missing, strict=False)]
        found += [Gap(tier.rule.name, label(kind, number)) for number in listed[:_GAPS_SHOWN]]
        if len(listed) > _GAPS_SHOWN:
            warnings.append(f"{tier.rule.name} has more than {_GAPS_SHOWN} gaps, of which the newest are listed")
    return found, warnings


def warnings(
    policy: Policy,
    options: Options,
    entries: Sequence[Entry],
    schedule: Schedule | None,
    now: int,
    zone: Zone,
) -> list[str]:
    """What to look at in the listing (R4, R11), and a schedule that the policy cannot rely on."""
    return [
        *_schedule_too_short(policy, options, schedule, now, zone),
        *_protected(options, entries),
        *_all_expired(entries, now),
        *_incomplete(entries, now),
    ]


def code_of(warning: str) -> str | None:
    """Which finding of an audit a warning is; None for one that only the reader of the plan needs."""
    return next((code for phrase, code in _CODES.items() if phrase in warning), None)


def expires_too_soon(dying: Iterable[Entry], counted: Sequence[Entry], now: int) -> list[str]:
    """What is kept here and expires there (R15): `dying` by a within rule, `counted` by a count."""
    found = [f"{entry.snapshot.id} {_SOONER} {text(entry.expires)}" for entry in dying]
    soon = [entry for entry in counted if entry.expires - now < SOON]
    if soon:
        first = min(soon, key=lambda entry: (entry.expires, entry.created))
        found.append(f"{len(soon)} {_SOON}, the first {first.snapshot.id} on {text(first.expires)}")
    return found


def _too_many(options: Options, removals: int, candidates: int) -> Iterator[str]:
    if options.max_delete != -1 and removals > options.max_delete:
        yield (
            f"max_delete: {removals} snapshots would be removed, {removals - options.max_delete} more than"
            f" max_delete {options.max_delete} allows; {_LOOK.format(limit='max_delete')}"
        )
    percent = options.max_delete_percent
    if percent < 100 and removals * 100 > percent * candidates:
        allowed = percent * candidates // 100
        yield (
            f"max_delete_percent: {removals} of {candidates} candidates would be removed, {removals - allowed} more"
            f" than the {allowed} that max_delete_percent {percent} allows;"
            f" {_LOOK.format(limit='max_delete_percent')}"
        )


def _stale(options: Options, entries: Sequence[Entry], now: int, zone: Zone) -> Iterator[str]:
    newest = newest_complete(entries, now)
    if options.stale_after is None or newest is None:
        return
    limit = zone.before(now, options.stale_after)
    if newest.created < limit:
        yield (
            f"stale_after: the newest complete snapshot, {newest.snapshot.id} of {text(newest.created)}, is"
            f" {_span(limit - newest.created)} older than stale_after {options.stale_after} allows;"
            " backups have stopped: mend them, or, where legacy backups have ended,"
            " set anchor: now and stale_after: off"
        )


def _span(length: int) -> str:
    days, rest = divmod(length, DAY)
    if days:
        return f"{days} d {rest // HOUR} h"
    return f"{rest // HOUR} h {rest % HOUR // 60} min" if rest >= 60 else f"{rest} s"


def _missing(kind: str, covering: Sequence[datetime], cutoff: int, anchor: int, zone: Zone) -> Iterator[int]:
    """The whole periods from cutoff to anchor, after the oldest covered one, that nothing covers; newest first."""
    covered = {period_of(kind, local) for local in covering}
    oldest = min(covered)
    first = zone.period(kind, cutoff)
    if zone.starts(kind, first) < cutoff:
        first += 1
    end = zone.period(kind, anchor)
    for number in sorted(covered | {end}, reverse=True):
        for missing in range(end - 1, max(number, oldest, first - 1), -1):
            if zone.exists(kind, missing):
                yield missing
        end = min(end, number)


def _schedule_too_short(
    policy: Policy, options: Options, schedule: Schedule | None, now: int, zone: Zone
) -> Iterator[str]:
    if schedule is None or not schedule.tiers or not policy.windows:
        return
    if options.extend_kept or options.method == "expire":
        return
    longest = max(policy.windows, key=lambda window: zone.after(now, window))
    if all(zone.after(now, tier) < zone.after(now, longest) for tier in schedule.tiers):
        yield (
            f"no tier of the schedule reaches the policy's longest window, {longest}, so the service expires"
            " snapshots sooner; extend_kept: true or method expire mends that"
        )


def _protected(options: Options, entries: Sequence[Entry]) -> Iterator[str]:
    by_id = {entry.snapshot.id: entry for entry in entries} if options.protected_ids else {}
    for snapshot_id in options.protected_ids:
        entry = by_id.get(snapshot_id)
        if entry is None:
            yield f"protected_ids: {snapshot_id} is not among the listed snapshots"
        elif entry.expires != NEVER:
            yield (f"protected_ids: {snapshot_id} {_UNHELD} {text(entry.expires)}; only do_not_delete stops that")


def _all_expired(entries: Sequence[Entry], now: int) -> Iterator[str]:
    complete = [entry for entry in entries if entry.snapshot.complete is True]
    if complete and all(entry.expires <= now for entry in complete):
        yield (
            f"all complete snapshots have expired, the newest, {complete[0].snapshot.id},"
            f" on {text(complete[0].expires)}; the last restorable one is kept past its expiry by Ops Manager,"
            " and by nothing else"
        )


def _incomplete(entries: Sequence[Entry], now: int) -> Iterator[str]:
    for entry in entries:
        if entry.snapshot.complete is not True and now - entry.created > DAY:
            yield f"{entry.snapshot.id} of {text(entry.created)} {_UNFINISHED}"
