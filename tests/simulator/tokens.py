# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OAuth2 client credentials: tokens that expire, ten a minute (contract 3), a hundred at a time (contract 11)."""

from __future__ import annotations

import secrets
from collections import deque

from .clock import Clock

LIMIT = 10
WINDOW = 60.0
MOST_LIVE = 100


class Tokens:
    """Bearer tokens given out, and the limit on giving them out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._owners: dict[str, tuple[str, float]] = {}
        self._minted: dict[str, deque[float]] = {}

    def wait(self, account_id: str) -> float:
        """Seconds until that account may ask again; 0 when it may now. Asking counts."""
        recent, now = self._minted.setdefault(account_id, deque()), self._clock.flowing
        while recent and now - recent[0] >= WINDOW:
            recent.popleft()
        if len(recent) >= LIMIT:
            return recent[0] + WINDOW - now
        recent.append(now)
        return 0.0

    def has_too_many(self, account_id: str) -> bool:
        """Whether as many of the account's tokens are alive as it may have."""
        alive = (token for token in self._owners if self.owner(token) == account_id)
        return sum(1 for _token in alive) >= MOST_LIVE

    def mint(self, account_id: str, lifetime: int) -> str:
        token = "sim-token-" + secrets.token_urlsafe(24)
        self._owners[token] = (account_id, self._clock.seconds + lifetime)
        return token

    def owner(self, token: str) -> str | None:
        """The account a good token belongs to."""
        account_id, expires = self._owners.get(token, ("", 0.0))
        return account_id if account_id and self._clock.seconds < expires else None

    def revoke(self, token: str) -> None:
        self._owners.pop(token, None)

    def revoke_all(self) -> None:
        """All tokens given so far are refused from now on."""
        self._owners.clear()

    @property
    def given(self) -> tuple[str, ...]:
        """Every token that is known; tests look for them in logs."""
        return tuple(self._owners)
