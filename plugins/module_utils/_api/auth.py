# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""How a request proves who sends it: digest with an API key, or a bearer token of a service account.

Both are auth objects of requests, called with each prepared request, and not headers: a header
would be replaced by what `~/.netrc` has for the host. One object serves all threads of a client.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable

# A name begins where none is before it, so that a header of nothing else is read once and not from each letter on.
_PAIR = re.compile(r'(?<![A-Za-z0-9_-])([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))')
_SCHEME = re.compile(r"(?:^|,)\s*(?:([A-Za-z][\w-]*)\s+)(?=[A-Za-z0-9_-]+\s*=)")
_HASHES = {"MD5": "md5", "MD5-SESS": "md5", "SHA-256": "sha256", "SHA-256-SESS": "sha256", "SHA-512-256": "sha512_256"}
# A token is taken for worn out this long before the service says so, or at half its life.
_MARGIN = 60.0


def parse_challenge(header: str) -> dict[str, str] | None:
    """The directives of the Digest challenge in a WWW-Authenticate header, names in lower case.

    Unknown directives are kept and never an error: the documents print `op` where the wire says
    `qop` (contract, section 3), values may be unquoted, `domain` empty, `opaque` missing. None when there is no
    Digest challenge that can be answered.
    """
    schemes = list(_SCHEME.finditer(header))
    for number, scheme in enumerate(schemes):
        if scheme.group(1).lower() != "digest":
            continue
        end = schemes[number + 1].start() if number + 1 < len(schemes) else len(header)
        pairs = _PAIR.findall(header[scheme.end() : end])
        challenge = {name.lower(): _unquoted(quoted) or bare for name, quoted, bare in pairs}
        if challenge.get("nonce") and challenge.get("algorithm", "MD5").upper() in _HASHES:
            return challenge
    return None


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True)
class Token:
    """A bearer token and its life in seconds."""

    value: str
    expires_in: float


class Digest:
    """HTTP digest with an API key: public key as user, private key as password.

    Stock digest objects keep their challenge per thread; this one keeps it for all threads, so
    that n requests of any number of workers cost n + 1.
    """

    def __init__(self, public_key: str, private_key: str) -> None:
        self._user = public_key
        self._password = private_key
        self._lock = threading.Lock()
        self._challenge: dict[str, str] | None = None
        self._uses = 0
        self._proven = False

    def prepare(self, mint: Callable[[Basic], Token]) -> None:
        """Digest needs nothing before a request."""

    def __call__(self, request: Any) -> Any:
        """Sign the request once a challenge is known."""
        request.headers.pop("Authorization", None)
        with self._lock:
            challenge = self._challenge
            self._uses += 1
            uses = self._uses
        if challenge is not None:
            request.headers["Authorization"] = self._authorization(challenge, uses, request.method, request.path_url)
        return request

    def accepted(self) -> None:
        """The service answered a signed request: the nonce in use is good."""
        self._proven = True

    def renewed(self, response: Any) -> bool:
        """Whether a 401 was a challenge, so that the request is to be sent again."""
        challenge = parse_challenge(response.headers.get("WWW-Authenticate", ""))
        if challenge is None:
            return False
        used = parse_challenge(response.request.headers.get("Authorization", ""))
        stale = challenge.get("stale", "").lower() == "true"
        with self._lock:
            current = self._challenge
            if used is not None and current is not None and used["nonce"] != current["nonce"]:
                return True  # another worker renewed it meanwhile
            # A nonce that was good and is not any more is worn out, also where the service fails to say stale.
            if used is not None and not stale and not (self._proven and challenge["nonce"] != used["nonce"]):
                return False
            self._challenge, self._uses, self._proven = challenge, 0, False
        return True

    def secrets(self) -> list[str]:
        """What must not show in any text."""
        return [self._password]

    def _authorization(self, challenge: dict[str, str], uses: int, method: str, uri: str) -> str:
        algorithm = challenge.get("algorithm", "MD5")
        realm, nonce = challenge.get("realm", ""), challenge["nonce"]
        qop = "auth" if "auth" in re.split(r"[\s,]+", challenge.get("qop", "")) else None
        count, client_nonce = f"{uses:08x}", os.urandom(8).hex()
        secret = _hash(algorithm, f"{self._user}:{realm}:{self._password}")
        is_session = algorithm.upper().endswith("-SESS")
        if is_session:
            secret = _hash(algorithm, f"{secret}:{nonce}:{client_nonce}")
        middle = f"{nonce}:{count}:{client_nonce}:{qop}" if qop else nonce
        response = _hash(algorithm, f"{secret}:{middle}:{_hash(algorithm, f'{method}:{uri}')}")
        fields = {"username": self._user, "realm": realm, "nonce": nonce, "uri": uri, "response": response}
        if "opaque" in challenge:
            fields["opaque"] = challenge["opaque"]
        bare = {"algorithm": algorithm} if "algorithm" in challenge else {}
        if qop or is_session:
            fields["cnonce"] = client_nonce
        if qop:
            bare.update(qop=qop, nc=count)
        pairs = [f"{name}={_quoted(value)}" for name, value in fields.items()]
        return "Digest " + ", ".join(pairs + [f"{name}={value}" for name, value in bare.items()])


def _hash(algorithm: str, text: str) -> str:
    # Digest's own algorithm, not a choice of ours: without the flag a FIPS host refuses MD5.
    return hashlib.new(_HASHES[algorithm.upper()], text.encode("utf-8"), usedforsecurity=False).hexdigest()


class Basic:
    """HTTP basic, for the token endpoint alone."""

    def __init__(self, user: str, password: str) -> None:
        self._value = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._password = password

    def prepare(self, mint: Callable[[Basic], Token]) -> None:
        """Basic needs nothing before a request."""

    def __call__(self, request: Any) -> Any:
        """Sign the request."""
        request.headers["Authorization"] = f"Basic {self._value}"
        return request

    def accepted(self) -> None:
        """Nothing to remember."""

    def renewed(self, response: Any) -> bool:  # noqa: ARG002  (what the other credentials look at)
        """A password that was refused once is refused again."""
        return False

    def secrets(self) -> list[str]:
        """What must not show in any text."""
        return [self._value, self._password]


class Bearer:
    """An OAuth2 service account: one token for all requests, minted anew when it is worn out."""

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        on_token: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = Basic(client_id, client_secret)
        self._on_token = on_token
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._worn_out_at = 0.0
        self._proven = False
        self._known: list[str] = []

    def prepare(self, mint: Callable[[Basic], Token]) -> None:
        """See to it that there is a token. The endpoint allows ten a minute, so only one thread asks."""
        with self._lock:
            if self._token is not None and self._clock() < self._worn_out_at:
                return
            token = mint(self._account)
            self._on_token(token.value)
            self._known.append(token.value)
            self._token, self._proven = token, False
            self._worn_out_at = self._clock() + max(token.expires_in - _MARGIN, token.expires_in / 2)

    def __call__(self, request: Any) -> Any:
        """Sign the request."""
        token = self._token
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token.value}"
        return request

    def accepted(self) -> None:
        """The service took the token."""
        self._proven = True

    def renewed(self, response: Any) -> bool:
        """Whether a 401 met a token that was good before, and a new one is worth a try."""
        used = response.request.headers.get("Authorization")
        with self._lock:
            if self._token is None or used != f"Bearer {self._token.value}":
                return True  # another worker renewed it meanwhile
            if not self._proven:
                return False
            self._token = None
        return True

    def secrets(self) -> list[str]:
        """What must not show in any text."""
        return [*self._known, *self._account.secrets()]
