# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP digest as the service does it: ageing nonces, MD5, qop=auth (contract 3)."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections import Counter
from dataclasses import dataclass

from .clock import Clock
from .switches import Switches

REALM = "MMS Public API"
_PAIR = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))')


@dataclass(frozen=True)
class Credentials:
    """A parsed `Authorization: Digest …` header."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    qop: str | None
    nc: str
    cnonce: str


def parse(header: str) -> Credentials | None:
    scheme, _blank, rest = header.partition(" ")
    if scheme.lower() != "digest":
        return None
    found = {name.lower(): quoted or bare for name, quoted, bare in _PAIR.findall(rest)}
    return Credentials(
        username=found.get("username", ""),
        realm=found.get("realm", ""),
        nonce=found.get("nonce", ""),
        uri=found.get("uri", ""),
        response=found.get("response", ""),
        algorithm=found.get("algorithm", "MD5"),
        qop=found.get("qop"),
        nc=found.get("nc", ""),
        cnonce=found.get("cnonce", ""),
    )


def expected(given: Credentials, password: str, method: str) -> str:
    """The response that this user's password gives, by RFC 7616 (or RFC 2069 where there is no qop)."""
    algorithm = hashlib.sha256 if given.algorithm.upper() == "SHA-256" else hashlib.md5

    def digest(text: str) -> str:
        return algorithm(text.encode()).hexdigest()

    user = digest(f"{given.username}:{given.realm}:{password}")
    request = digest(f"{method}:{given.uri}")
    if given.qop is None:
        return digest(f"{user}:{given.nonce}:{request}")
    return digest(f"{user}:{given.nonce}:{given.nc}:{given.cnonce}:{given.qop}:{request}")


class Nonces:
    """Nonces carry their own time of birth, signed, so that none has to be kept."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._secret = os.urandom(16)
        self._uses: Counter[str] = Counter()

    def new(self, server: int = 0) -> str:
        born = f"{int(self._clock.seconds * 1000):x}-{os.urandom(4).hex()}-{server:x}"
        return f"{born}-{self._sign(born)}"

    def state(self, nonce: str, server: int, max_age: int, most_uses: int) -> str:
        """One of fresh, old and foreign, which is of another server or used up. An old one is told to be stale."""
        born, _dash, signature = nonce.rpartition("-")
        if not born or not hmac.compare_digest(signature, self._sign(born)):
            return "old"
        time_of_birth = int(born.partition("-")[0], 16) / 1000
        if self._clock.seconds - time_of_birth >= max_age:
            return "old"
        if int(born.rpartition("-")[2], 16) != server:
            return "foreign"
        self._uses[nonce] += most_uses > 0
        return "foreign" if self._uses[nonce] > most_uses > 0 else "fresh"

    def wear_out(self) -> None:
        """Make every nonce given so far a stale one, as a restart of the service does."""
        self._secret = os.urandom(16)

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:16]


def challenge(nonce: str, *, stale: bool, switches: Switches) -> str:
    """The WWW-Authenticate header; with the defaults all but the qop as the docs' sample has it (they print op)."""
    quote = '"' if switches.challenge_quoted else ""
    # Unquoted, a realm with blanks could not be told from the next parameter.
    fields = [f'realm="{REALM}"', 'domain=""', f"nonce={quote}{nonce}{quote}", f"algorithm={switches.digest_algorithm}"]
    if switches.challenge_key != "none":
        fields.append(f"{switches.challenge_key}={quote}auth{quote}")
    fields.append(f"stale={'true' if stale else 'false'}")
    return "Digest " + ", ".join(fields)
