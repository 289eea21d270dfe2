# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the digest of a plan covers, and how it is worked out (R18)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

# Of the plan itself, beside whether it is blocked. No name, size, reason or path is covered.
HEAD = ("project_id", "cluster_id", "now", "timezone", "policy", "options")
# Of each snapshot.
DECIDES = (
    "id",
    "created_at",
    "created_increment",
    "complete",
    "do_not_delete",
    "faulty",
    "expires_at",
    "state",
    "action",
    "expires_to",
)


def plan_digest(head: Mapping[str, Any], is_blocked: bool, snapshots: Sequence[Sequence[Any]]) -> str:
    """The digest of a plan.

    `head` has the values of HEAD, as documents show them. `snapshots` has those of DECIDES, newest first.
    """
    return digest_of({**{key: head[key] for key in HEAD}, "blocked": is_blocked, "snapshots": snapshots})


def digest_of(value: Any) -> str:
    """The sha256 of a value's canonical JSON, in hexadecimal digits: the same on every machine and Python."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
