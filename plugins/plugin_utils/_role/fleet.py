# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard over all clusters of a batch: with too many stopped, nothing is removed from any (R25)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.store import RELEASED, Entry

# With any other, a host may go on before all others have decided.
_WITH_BARRIER = ("linear", "debug", "mitogen_linear")


@dataclass(frozen=True)
class Fleet:
    """How many clusters take part in this round of the role, and how many have stopped before the first write."""

    size: int
    stopped: int

    def trips(self, limit: float) -> bool:
        """Whether more than so many per cent have stopped."""
        return self.stopped * 100 > limit * self.size


def fleet_of(
    own: Entry,
    entries: Iterable[Entry],
    still_there: Collection[str],
    disputed: Collection[str],
    has_failed: Callable[[str], bool],
) -> Fleet:
    """The fleet as one host sees it when it is about to apply.

    Its hosts are those of the batch before the role's first task. One that never began and is still in the batch has
    skipped the role, and counts neither way. One that is gone, that began and did not decide, or that is to be left
    alone as a whole or in part, has stopped. `has_failed` tells of a host whose first step failed before it began, and
    that is still there since its errors are ignored or rescued.
    """
    found = {entry.host: entry for entry in entries if entry.round == own.round}
    hosts = set(own.batch).union(*(entry.batch for entry in found.values() if entry.host in own.batch))
    skipped = {host for host in hosts & set(still_there) - set(found) if not has_failed(host)}
    stopped = [host for host in hosts - skipped if host in disputed or _has_stopped(found.get(host), still_there)]
    return Fleet(len(hosts - skipped), len(stopped))


def _has_stopped(entry: Entry | None, still_there: Collection[str]) -> bool:
    if entry is None or entry.state != RELEASED or entry.withholds:
        return True
    # A host that is gone after it has applied was no less sound when it decided.
    return entry.host not in still_there and not entry.is_finished


def refused(limit: float, strategy: str, run_once: bool, hosts: int) -> str | None:
    """Why the limit could not be held to, None where it can."""
    if limit >= 100 or hosts < 2:
        return None
    if strategy.rpartition(".")[2] not in _WITH_BARRIER:
        return (
            f"retention_max_fail_percentage is {limit:g}, and with strategy {strategy} a host may apply its plan before"
            " the others have decided: use strategy linear, or leave the variable at 100"
        )
    if run_once:
        return (
            f"retention_max_fail_percentage is {limit:g}, and with run_once only one of {hosts} hosts decides: leave"
            " out run_once, or leave the variable at 100"
        )
    return None
