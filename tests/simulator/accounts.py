# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: keys and service accounts, roles, access lists (contract 1.1, contract 3, contract 4)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

EVERYWHERE = ("0.0.0.0/0", "::/0")
# Documentation addresses (RFC 5737, RFC 3849): nobody calls from there.
ELSEWHERE = ("192.0.2.10/32", "2001:db8::10/128")


class Role(IntEnum):
    """Project roles, the higher includes the lower."""

    READ_ONLY = 1
    OWNER = 2


@dataclass(frozen=True)
class Account:
    """One programmatic key (digest) or one service account (OAuth2)."""

    name: str
    id: str
    secret: str
    kind: Literal["key", "service_account"] = "key"
    # Project id -> role; "*" stands for every project.
    roles: Mapping[str, Role] = field(default_factory=dict)
    # Global Backup Admin or Global Owner: deletes inside the point-in-time window, on-demand snapshots.
    backup_admin: bool = False
    access_list: tuple[str, ...] = EVERYWHERE

    @property
    def public_key(self) -> str:
        return self.id

    @property
    def private_key(self) -> str:
        return self.secret

    def role_in(self, project_id: str) -> Role | None:
        return self.roles.get(project_id, self.roles.get("*"))

    def listed(self, address: str) -> bool:
        caller = ipaddress.ip_address(address.partition("%")[0])
        return any(caller in ipaddress.ip_network(entry) for entry in self.access_list)
