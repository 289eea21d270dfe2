# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role leaves behind for hosts, as its steps return it: `retention_result`."""

from __future__ import annotations

from typing import Any

PROJECT = "5e2211c17a3e5a48f5497de3"
TOO_MANY = (
    "retention_max_delete: 73 snapshots would be removed, 23 more than retention_max_delete 50 allows; look at the"
    " plan, then raise retention_max_delete for that run"
)
REFUSED = (
    f"GET /api/atlas/v2/groups/{PROJECT}/clusters/{{}}/snapshots was answered 401 UNAUTHORIZED: You are not"
    " authorized. Check public_key and private_key, that the key still exists, and base_url."
)


def done(name: str, **changed: Any) -> dict[str, Any]:
    """A run that went well, but for what is changed."""
    counts = {"kept": 39, "held": 1, "deleted": 73, "already_gone": 0, "extended": 2, "shortened": 0, "withheld": 0}
    return {
        "check_mode": False,
        "project_id": PROJECT,
        "cluster_id": None,
        "cluster_name": name,
        "counts": {**counts, "failed": 0, "not_tried": 0, "unknown": 0},
        "gaps": 0,
        "findings": [],
        "guard": {"blocked": False, "reasons": []},
        "digest": "c8aee477b4f17e2eae2ca19c5b169a550796444ec85745fee15e7a95dcb7507e",
        "plan_file": None,
        "report": None,
        "failure": "",
        **changed,
    }


def predicted(name: str, **changed: Any) -> dict[str, Any]:
    """A plan that nothing is wrong with, but for what is changed."""
    counts = {"kept": 39, "held": 1, "to_delete": 73, "to_extend": 2, "to_shorten": 0, "withheld": 0}
    told = {"check_mode": True, "counts": {**counts, "failed": 0, "not_tried": 0, "unknown": 0}}
    return done(name, **{**told, **changed})


def blocked(name: str, **changed: Any) -> dict[str, Any]:
    """A plan that a guard has stopped."""
    guard = {"blocked": True, "reasons": [{"code": "max_delete", "text": TOO_MANY}]}
    return predicted(name, **{"guard": guard, **changed})


def refused(name: str) -> dict[str, Any]:
    """A cluster that could not be listed."""
    return done(name, counts={}, digest=None, failure=REFUSED.format(name))


RESULTS: dict[str, Any] = {
    "Shop.orders": done("orders", findings=[{"code": "stale", "text": "old"}, {"code": "gap", "text": "and 7 more"}]),
    "Shop.ledger": blocked("ledger", failure=f"RETENTION BLOCKED: {TOO_MANY}"),
    "Bank.x": refused("x"),
    "Bank.y": {"failed": True, "msg": "the task was ended"},
    "Bank.z": None,
}

# What the guide about audits shows.
SAMPLE: dict[str, Any] = {
    "Bank.accounts": predicted("accounts", digest="98ea6e4f", gaps=2, findings=[{"code": "gap", "text": "2 periods"}]),
    "Bank.cards": predicted("cards", digest="56e50eda", counts={"kept": 41, "held": 2, "to_delete": 4, "to_extend": 0}),
    "Shop.ledger": {**refused("ledger"), "check_mode": True},
    "Shop.orders": blocked("orders", findings=[{"code": "long_date", "text": "4 snapshots"}]),
}
