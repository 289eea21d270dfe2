# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to reach the service, the dialect it speaks (contract 1), and one request to it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from .auth import Auth


def quoted_path(parts: Sequence[str]) -> str:
    """A path of parts, each quoted whole. ValueError for a part that would change the shape of the path."""
    for part in parts:
        if not part or part in (".", ".."):
            raise ValueError(f"{part!r} cannot be part of a path")
    return "/" + "/".join(quote(part, safe="") for part in parts)


@dataclass(frozen=True)
class Dialect:
    """One of the three versions of the API (contract 1)."""

    name: str
    api_path: str
    media_type: str
    cluster_in_path: str  # "name" or "id"


ATLAS_V2 = Dialect("Atlas v2", "/api/atlas/v2", "application/vnd.atlas.2023-01-01+json", "name")
# For the clusters of Atlas: the version that lists all of them. The older one of the dialect, which ends on 2027-07-01,
# has the flags of the legacy backup (contract 6, contract 11).
NEWER_CLUSTERS = "application/vnd.atlas.2024-08-05+json"
ATLAS_V1 = Dialect("Atlas v1.0", "/api/atlas/v1.0", "application/json", "name")
MANAGER = Dialect("Cloud Manager or Ops Manager", "/api/public/v1.0", "application/json", "id")


@dataclass(frozen=True)
class Settings:
    """How to reach the service. Times in seconds; `verify` and `proxies` as requests takes them.

    `time_limit` is for all requests of a client together, from its start on. `has_answered`: whether the service has
    answered before, so that an error of the network is worth `retry_timeout`.
    """

    base_url: str
    dialect: Dialect
    timeout: float = 30
    retry_timeout: float = 300
    verify: bool | str = True
    proxies: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False
    connections: int = 1
    secrets: tuple[str, ...] = ()
    time_limit: float = math.inf
    has_answered: bool = False


@dataclass(frozen=True)
class Request:
    """One request, however often it is sent."""

    method: str
    url: str
    auth: Auth
    query: Mapping[str, Any] | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path, for messages."""
        return urlsplit(self.url).path

    @property
    def is_write(self) -> bool:
        """Whether it changes anything."""
        return self.method in ("PATCH", "DELETE")
