# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Token buckets per endpoint set and scope (contract 5)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from .clock import Clock


@dataclass(frozen=True)
class Limit:
    """So many requests at once, and so many more each period; they come back together, at the period's end."""

    capacity: int
    refill: int
    per: float = 60.0
    scope: Literal["group", "user"] = "group"


# The documented numbers "are not part of the API contract": tests set their own.
DOCUMENTED: dict[str, Limit] = {
    "Legacy Backup": Limit(1200, 500),
    "Cloud Backups": Limit(1200, 500),
    "Clusters": Limit(10000, 5000),
    "All Clusters": Limit(300, 100, scope="user"),
    "Organizations": Limit(300, 100, scope="user"),
    "Projects": Limit(1200, 500, scope="user"),
}


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    limit: Limit
    remaining: int
    wait: int


class _Bucket:
    def __init__(self, limit: Limit, now: float) -> None:
        self.limit, self.left, self.refilled = limit, limit.capacity, now

    def take(self, now: float) -> Verdict:
        periods = int((now - self.refilled) / self.limit.per)
        if periods > 0:
            self.left = min(self.limit.capacity, self.left + periods * self.limit.refill)
            self.refilled += periods * self.limit.per
        if self.left < 1:
            wait = max(1, math.ceil(self.refilled + self.limit.per - now))
            return Verdict(False, self.limit, 0, wait)
        self.left -= 1
        return Verdict(True, self.limit, self.left, 0)


class Limits:
    """The buckets, one for each endpoint set and each project (or user)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits = dict(DOCUMENTED)
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def set(
        self,
        capacity: int,
        refill: int,
        per: float = 1.0,
        *,
        endpoints: str = "Legacy Backup",
        scope: Literal["group", "user"] = "group",
    ) -> None:
        """Another limit for an endpoint set, with full buckets."""
        self._limits[endpoints] = Limit(capacity, refill, per, scope)
        self.fill()

    def fill(self) -> None:
        self._buckets.clear()

    def take(self, endpoints: str, group: str, user: str) -> Verdict:
        limit, now = self._limits[endpoints], self._clock.flowing
        key = (endpoints, group if limit.scope == "group" else user)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(limit, now)
        return bucket.take(now)
