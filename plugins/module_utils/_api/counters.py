# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""What a client counts over all its threads: what it sent, and what it waited for."""

from __future__ import annotations

import math
import threading
from datetime import datetime, timezone
from typing import Any

# A template could not read a count called `get`: dictionaries have a method of that name.
COUNTED = {"GET": "gets", "PATCH": "patches", "DELETE": "deletes", "POST": "posts"}


class RetryLog:
    """What was waited for, over all threads of a client."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0
        self.waited = 0.0
        self.last = ""

    def add(self, seconds: float, reason: str) -> None:
        """One wait of so many seconds."""
        with self._lock:
            self.count += 1
            self.waited += seconds
            self.last = reason

    def summary(self) -> str | None:
        """One sentence for a warning; None when nothing was sent twice."""
        if not self.count:
            return None
        retries = "1 retry" if self.count == 1 else f"{self.count} retries"
        return f"waited {math.ceil(self.waited)} s in {retries}; last: {self.last}"


class Sent:
    """What was sent, over all threads of a client: each sending counts, challenges and retries too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(COUNTED.values(), 0)
        self._first: datetime | None = None
        self._last: datetime | None = None

    def add(self, method: str) -> None:
        """One sending, now."""
        with self._lock:
            self._counts[COUNTED[method]] += 1
            self._last = datetime.now(timezone.utc)
            self._first = self._first or self._last

    def to_result(self) -> dict[str, Any]:
        """Counts by method, and when the first and the last was sent."""
        moments = {"first": self._first, "last": self._last}
        return {**self._counts, **{name: at and at.strftime("%Y-%m-%dT%H:%M:%SZ") for name, at in moments.items()}}
