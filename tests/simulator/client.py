# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For other processes: the control API of a running simulator, with the standard library alone."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from datetime import datetime
from typing import Any

from .instants import epoch_of, iso


class SimulatorClient:
    """`SimulatorClient(url)`, or `SimulatorClient(url, ca_path)` where it speaks HTTPS."""

    def __init__(self, url: str, ca_path: str | None = None) -> None:
        scheme, _slashes, rest = url.partition("://")
        # The control API lies at the root, whatever path the base URL has.
        self._root = f"{scheme}://{rest.partition('/')[0]}/-/"
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if ca_path is not None:
            handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_path)))
        self._opener = urllib.request.build_opener(*handlers)

    def log(self) -> dict[str, Any]:
        """entries, and the counts requests, writes, done_writes, connections, challenges, tokens."""
        return dict(self._ask("log"))

    def reset_log(self) -> None:
        self._ask("log/reset", {})

    def state(self) -> dict[str, Any]:
        return dict(self._ask("state"))

    def violations(self) -> list[str]:
        return list(self._ask("violations"))

    def switches(self, **changes: Any) -> dict[str, Any]:
        """All of them, after the changes."""
        return dict(self._ask("switches", changes) if changes else self._ask("switches"))

    def add_fault(self, kind: str, **more: Any) -> None:
        """As `Faults.add`, without functions."""
        self._ask("faults", {"kind": kind, **more})

    def clear_faults(self) -> None:
        self._ask("faults/clear", {})

    def now(self) -> str:
        return str(self._ask("clock")["now"])

    def set_clock(self, now: datetime | str) -> None:
        self._ask("clock", {"now": now if isinstance(now, str) else iso(epoch_of(now))})

    def advance(self, seconds: float) -> None:
        self._ask("clock", {"advance": seconds})

    def set_limit(self, capacity: int, refill: int, per: float = 1.0, **more: Any) -> None:
        self._ask("limits", {"capacity": capacity, "refill": refill, "per": per, **more})

    def set_latency(self, seconds: float) -> None:
        self._ask("latency", {"seconds": seconds})

    def world(self, do: str, **arguments: Any) -> list[str]:
        """Act as somebody else: hold, remove, change, add_snapshot, add_restore, clear_restores, sweep; gives ids."""
        return list(self._ask("world", {"do": do, **arguments}).get("ids", []))

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._root + path, data=data, method="GET" if body is None else "POST")
        try:
            with self._opener.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(error.read().decode("utf-8", "replace")) from None
