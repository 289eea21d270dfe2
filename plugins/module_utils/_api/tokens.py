# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token of a service account, shared by the processes of one run (contract 11: the service allows few of them).

It lies in a folder that the run has for itself, in a file for each account and address. Where that folder is not there,
as on another host, or belongs to another user, as under `become`, each process takes a token of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable

# A token that expires sooner (seconds), and has lived half its life, is left to those that have it.
_LEAST = 90.0
_NO_FOLLOW = os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True)
class Token:
    """A bearer token, the seconds until it expires, and whether the service is known to have accepted it."""

    value: str
    expires_in: float
    was_accepted: bool = False


class Slot:
    """The place of one account's token, while no other process may look at it."""

    def __init__(self, path: str | None, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock

    def read(self) -> Token | None:
        """The token that another process has left here; None where there is none that lives long enough."""
        kept = self._kept()
        try:
            left, life = float(kept["expires_at"]) - self._clock(), float(kept["life"])
            token = Token(str(kept["value"]), left, kept["was_accepted"] is True)
        except (ValueError, TypeError, KeyError):
            return None
        return token if left > min(_LEAST, life / 2) else None

    def keep(self, token: Token) -> None:
        """Leave a token here for the others. One that cannot be kept is no error."""
        expires_at = self._clock() + token.expires_in
        self._write({"value": token.value, "expires_at": expires_at, "life": token.expires_in, "was_accepted": False})

    def accept(self, token: Token) -> None:
        """Note for the others that the service has accepted the token, if it is still the one here."""
        kept = self._kept()
        if kept.get("value") == token.value:
            self._write({**kept, "was_accepted": True})

    def _kept(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            with open(os.open(self._path, os.O_RDONLY | _NO_FOLLOW), encoding="utf-8") as file:
                kept = json.load(file)
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def _write(self, kept: dict[str, Any]) -> None:
        if self._path is None:
            return
        try:
            # Whoever reads holds the lock.
            number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_FOLLOW, 0o600)
            with open(number, "w", encoding="utf-8") as file:
                json.dump(kept, file)
        except OSError:
            return


class SharedTokens:
    """Where the processes of a run share the token of one account; `folder` is None where there is no run."""

    def __init__(self, folder: str | None, *account: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        name = hashlib.sha256("\0".join(account).encode("utf-8", "surrogateescape")).hexdigest()
        self._path = os.path.join(folder, f"{name}.token") if folder and _is_private(folder) else None

    @contextmanager
    def held(self) -> Iterator[Slot]:
        """The account's place, with all other processes kept waiting."""
        lock = None if self._path is None else _locked(f"{self._path}.lock")
        try:
            yield Slot(None if lock is None else self._path, self._clock)
        finally:
            if lock is not None:
                os.close(lock)


def _is_private(folder: str) -> bool:
    """Whether a folder is this user's, and nobody else can look into it."""
    try:
        found = os.lstat(folder)
    except (OSError, ValueError):
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _locked(path: str) -> int | None:
    """The descriptor of a file that is locked until it is closed; None where that cannot be done."""
    try:
        import fcntl  # Not on every platform, and of use only here.

        number = os.open(path, os.O_WRONLY | os.O_CREAT | _NO_FOLLOW, 0o600)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
    except OSError:
        os.close(number)
        return None
    return number


NOT_SHARED = SharedTokens(None)
