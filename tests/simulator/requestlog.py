# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked of the simulator: every request, in the order of arrival."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from .instants import iso

WRITES = ("PATCH", "DELETE", "POST", "PUT")


@dataclass(frozen=True)
class Entry:
    index: int
    method: str
    path: str
    query: str
    status: int | None
    connection: int
    user: str | None
    # digest, bearer, basic or none: what the request carried.
    auth: str
    # True when the answer was a digest challenge.
    challenge: bool
    # The simulator's clock, in seconds.
    time: float
    # A monotonic clock, in seconds, at arrival.
    arrived: float
    # Of PATCH and POST, as sent; not of the token endpoint, where secrets may stand in it.
    body: str | None
    # The fault that was injected here, if any.
    fault: str | None
    # False when a fault kept the request from being processed.
    processed: bool
    # What the answer asked to wait.
    retry_after: str | None
    user_agent: str
    accept: str

    @property
    def is_token(self) -> bool:
        return self.path.endswith(("/api/oauth/token", "/api/oauth/revoke"))

    @property
    def is_write(self) -> bool:
        return self.method in WRITES and not self.is_token

    @property
    def line(self) -> str:
        query = f"?{self.query}" if self.query else ""
        return f"{iso(int(self.time))} {self.method} {self.path}{query} -> {self.status} ({self.user or self.auth})"


class RequestLog:
    """A list of entries with the counts that tests ask for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    @property
    def entries(self) -> list[Entry]:
        with self._lock:
            return sorted(self._entries, key=lambda entry: entry.index)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self._entries)

    def where(self, test: Callable[[Entry], bool]) -> list[Entry]:
        return [entry for entry in self.entries if test(entry)]

    @property
    def requests(self) -> int:
        """All of them: challenged ones and those for tokens too."""
        return len(self)

    @property
    def writes(self) -> list[Entry]:
        """Every PATCH, DELETE and POST that arrived, whatever came of it (tokens apart)."""
        return self.where(lambda entry: entry.is_write)

    @property
    def done_writes(self) -> list[Entry]:
        """The writes that changed something: processed, and answered with 2xx (also when the answer was lost)."""
        return self.where(lambda entry: entry.is_write and entry.processed and (entry.status or 0) // 100 == 2)

    @property
    def connections(self) -> int:
        return len({entry.connection for entry in self.entries})

    @property
    def challenges(self) -> int:
        return len(self.where(lambda entry: entry.challenge))

    @property
    def tokens(self) -> int:
        """Tokens asked for."""
        return len(self.where(lambda entry: entry.is_token))

    def status(self, code: int) -> int:
        return len(self.where(lambda entry: entry.status == code))

    def as_dicts(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self.entries]
