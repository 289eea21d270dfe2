# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request and one answer, as the logic sees them: no web framework in here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl

JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Call:
    """A request. `target` is the request line's, with the path as it was sent."""

    index: int
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    address: str = "127.0.0.1"
    connection: int = 0
    # What the base URL has before the service's own paths.
    prefix: str = ""

    @cached_property
    def path(self) -> str:
        """The service's own path; one without the prefix is no path of the service."""
        path = self.target.partition("?")[0]
        if not path.startswith(self.prefix + "/"):
            return ""
        return path[len(self.prefix) :]

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def authorization(self) -> str:
        return self.headers.get("Authorization", "")


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    media_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    # The phrase beside the status; None: the usual one.
    reason: str | None = None
    # Name of the JSON Schema that the body keeps; None: no body, or not JSON.
    schema: str | None = None
    # For the log.
    user: str | None = None
    auth: str = "none"
    challenge: bool = False


def dumps(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
