# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether backups have stopped (R14b, R17)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import Zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.rules import Entry, newest_complete


class Outage(NamedTuple):
    """The newest complete snapshot and the newest sound one, each only where it is too old."""

    newest: Entry | None = None
    newest_sound: Entry | None = None
    limit: int = 0
    """What was created before this instant is too old."""

    def affects(self, is_faulty: bool) -> bool:
        """Whether there is no recent enough snapshot of the kind: a faulty one is of no help to the sound ones."""
        return self.newest is not None or (self.newest_sound is not None and not is_faulty)


def outage(entries: Sequence[Entry], stale_after: Duration | None, now: int, calendar: Zone) -> Outage:
    """Whether the newest snapshots are older than `stale_after`; with None nothing is too old."""
    if stale_after is None:
        return Outage()
    limit = calendar.before(now, stale_after)
    newest, sound = (newest_complete(entries, now, sound=sound) for sound in (False, True))
    return Outage(
        newest if newest is not None and newest.created < limit else None,
        sound if sound is not None and sound.created < limit else None,
        limit,
    )
