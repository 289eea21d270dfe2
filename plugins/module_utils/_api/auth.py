# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication (contract 3): digest with an API key, or a bearer token of a service account.

These are auth objects of requests, since requests replaces a plain header by what `~/.netrc` has for the host. One
object serves all threads of a client.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable

from .tokens import NOT_SHARED, SharedTokens, Token
from .transport import sign_on_connection

# The lookbehind has a long name read once, and not from each of its characters on.
_PAIR = re.compile(r'(?<![A-Za-z0-9_-])([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))')
_SCHEME = re.compile(r"(?:^|,)\s*(?:([A-Za-z][\w-]*)\s+)(?=[A-Za-z0-9_-]+\s*=)")
_HASHES = {"MD5": "md5", "MD5-SESS": "md5", "SHA-256": "sha256", "SHA-256-SESS": "sha256", "SHA-512-256": "sha512_256"}
# Of one connection. A balancer with so many servers is still coped with.
_MOST_CHALLENGES = 8
# A nonce that is too old is refused once. If it is refused so often in a row, the server is not the one it came from.
_FRESH_TRIES = 2
# A token is renewed this many seconds before it expires, but not before half its life is over.
_MARGIN = 60.0


def parse_challenge(header: str) -> dict[str, str] | None:
    """The directives of the Digest challenge in a WWW-Authenticate header, names in lower case.

    Unknown directives are no error: the documents print `op` for `qop` (contract 3). Values may be unquoted. None where
    no Digest challenge can be answered.
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


def is_stale(challenge: dict[str, str]) -> bool:
    """Whether a challenge says that the nonce has expired, and not that the key is wrong."""
    return challenge.get("stale", "").lower() == "true"


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Auth:
    """What requests calls to sign each prepared request. `secrets` are the texts that no output may show.

    `was_accepted`: whether the service has accepted a request with these credentials. `rejection`: what a person can do
    if it does not.
    """

    rejection = ""

    def __init__(self, *secrets: str) -> None:
        self.secrets = list(secrets)
        self.was_accepted = False
        self._lock = threading.Lock()

    def prepare(self, new_token: Callable[[Basic], Token]) -> None:
        """Get a token where one is needed."""

    def accepted(self, response: Any) -> None:  # noqa: ARG002  (Digest looks at it)
        """Note that the service accepted the request of this response."""
        self.was_accepted = True

    def is_challenge(self, response: Any) -> bool:  # noqa: ARG002  (Digest looks at it)
        """Whether a 401 asks for a signature, so that its body says nothing (contract 11)."""
        return False

    def renewed(self, response: Any) -> bool:  # noqa: ARG002  (Digest and Bearer look at it)
        """Whether the request that was answered with this 401 should be signed and sent again."""
        return False


class _Challenge:
    """The directives of a challenge, how often its nonce was used, and whether a refusal may be about the nonce alone.

    So it is once the nonce was accepted, or was used for a request that got a 401 without a challenge.
    """

    def __init__(self, directives: dict[str, str]) -> None:
        self.directives = directives
        self.uses = 0
        self.may_be_used_up = False


class _Nonces:
    """The challenges that came over one connection, the newest last, and how many were refused since one was accepted.

    Behind a balancer, servers do not know each other's nonces. So a nonce belongs to its connection.
    """

    def __init__(self, challenges: Sequence[_Challenge] = (), refused: int = 0) -> None:
        self.challenges = list(challenges)
        self.refused = refused

    def add(self, challenge: _Challenge) -> None:
        """Use this challenge from now on."""
        self.challenges = [*self.challenges[1 - _MOST_CHALLENGES :], challenge]

    def for_new_connection(self) -> _Nonces:
        """The same challenges for another connection, which goes on with those of its own."""
        return _Nonces(self.challenges, self.refused)

    def next(self) -> _Challenge | None:
        """The challenge for the next request: the newest or, if that is refused again and again, an older one.

        If each request of a connection goes to another server, the newest is never of the one whose turn it is.
        """
        lag = 1 if self.refused < _FRESH_TRIES else 2 + (self.refused - _FRESH_TRIES) % (_MOST_CHALLENGES - 2)
        return self.challenges[-min(lag, len(self.challenges))] if self.challenges else None


@dataclass(frozen=True)
class _Signature:
    """How a request was signed: for which connection, and by which challenge. None: not at all."""

    nonces: _Nonces
    challenge: _Challenge | None
    is_borrowed: bool


class Digest(Auth):
    """HTTP digest with an API key: the public key is the user, the private key the password.

    A connection keeps the challenge that it has, and a new one begins with the last that was accepted. So n requests to
    one server need n + 1 exchanges. The digest of requests has one challenge for each thread.

    A server may close the connection behind each challenge. The next try of the request then takes its challenge along.
    """

    rejection = (
        "The key is wrong: the service does not accept it. Check public_key and private_key, that the key still "
        "exists, and base_url."
    )

    def __init__(self, public_key: str, private_key: str) -> None:
        super().__init__(private_key)
        self._user = public_key
        self._password = private_key
        self._lent: _Challenge | None = None
        # `nonces`: those of the connection that this thread's request was refused on.
        self._thread = threading.local()

    def __call__(self, request: Any) -> Any:
        """Have the request signed once its connection is known."""
        request.headers.pop("Authorization", None)
        sign_on_connection(partial(self._signed, request))
        return request

    def _signed(self, request: Any, connection: Any) -> dict[str, str]:
        """The headers that sign a request for its connection."""
        with self._lock:
            is_new = connection.nonces is None
            if is_new:
                refused: _Nonces | None = getattr(self._thread, "nonces", None)
                connection.nonces = refused.for_new_connection() if refused else _Nonces()
            challenge = connection.nonces.next() or self._lent
            is_borrowed = challenge is not None and (is_new or not connection.nonces.challenges)
            request.signature = _Signature(connection.nonces, challenge, is_borrowed)
            if challenge is None:
                return {}
            challenge.uses += 1
            uses = challenge.uses
        made = self._authorization(challenge.directives, uses, request.method, request.path_url)
        # Also for those who look at what was sent.
        request.headers["Authorization"] = made
        return {"Authorization": made}

    def accepted(self, response: Any) -> None:
        """Note that the service accepted the request, and so its nonce."""
        used: _Signature = response.request.signature
        if used.challenge is None:
            return
        super().accepted(response)
        self._thread.nonces = None
        with self._lock:
            used.nonces.refused = 0
            used.challenge.may_be_used_up = True
            self._lent = used.challenge
            if used.challenge not in used.nonces.challenges:
                used.nonces.add(used.challenge)

    def is_challenge(self, response: Any) -> bool:
        """Whether a 401 has a challenge that can be answered."""
        return parse_challenge(response.headers.get("WWW-Authenticate", "")) is not None

    def renewed(self, response: Any) -> bool:
        """Whether a 401 is a new challenge, so that the request should be sent again."""
        directives = parse_challenge(response.headers.get("WWW-Authenticate", ""))
        used: _Signature = response.request.signature
        if directives is None:
            if used.challenge is not None:
                used.challenge.may_be_used_up = True
            return False
        with self._lock:
            used.nonces.add(_Challenge(directives))
            self._thread.nonces = used.nonces
            if used.challenge is None:
                return True
            used.nonces.refused += 1
            # A nonce that was accepted before has expired, and one of another connection may be of another server, even
            # if the service does not call it stale. If all connections are closed at once, it may be the key as well.
            most = _MOST_CHALLENGES if self.was_accepted else _FRESH_TRIES
            is_foreign = used.is_borrowed and used.nonces.refused <= most
            return is_stale(directives) or is_foreign or used.challenge.may_be_used_up

    def _authorization(self, challenge: dict[str, str], uses: int, method: str, uri: str) -> str:
        """The Authorization header that answers a challenge (RFC 7616)."""
        algorithm = challenge.get("algorithm", "MD5")
        realm, nonce, client_nonce = challenge.get("realm", ""), challenge["nonce"], os.urandom(8).hex()
        secret = _hash(algorithm, f"{self._user}:{realm}:{self._password}")
        quoted = {"username": self._user, "realm": realm, "nonce": nonce, "uri": uri}
        bare: dict[str, str] = {}
        if algorithm.upper().endswith("-SESS"):
            secret = _hash(algorithm, f"{secret}:{nonce}:{client_nonce}")
            quoted["cnonce"] = client_nonce
        middle = nonce
        if "auth" in re.split(r"[\s,]+", challenge.get("qop", "")):
            bare = {"qop": "auth", "nc": f"{uses:08x}"}
            quoted["cnonce"] = client_nonce
            middle = f"{nonce}:{bare['nc']}:{client_nonce}:auth"
        quoted["response"] = _hash(algorithm, f"{secret}:{middle}:{_hash(algorithm, f'{method}:{uri}')}")
        if "opaque" in challenge:
            quoted["opaque"] = challenge["opaque"]
        if "algorithm" in challenge:
            bare["algorithm"] = algorithm
        pairs = [f"{name}={_quoted(value)}" for name, value in quoted.items()]
        return "Digest " + ", ".join(pairs + [f"{name}={value}" for name, value in bare.items()])


def _hash(algorithm: str, text: str) -> str:
    # The service chooses the algorithm. Without the flag a FIPS host refuses MD5.
    return hashlib.new(_HASHES[algorithm.upper()], text.encode("utf-8"), usedforsecurity=False).hexdigest()


class Basic(Auth):
    """HTTP basic, for the token endpoint only."""

    rejection = "The token endpoint does not accept the service account: check base_url, client_id and client_secret."

    def __init__(self, user: str, password: str) -> None:
        self._value = base64.b64encode(f"{user}:{password}".encode()).decode()
        super().__init__(self._value, password)

    def __call__(self, request: Any) -> Any:
        """Sign the request."""
        request.headers["Authorization"] = f"Basic {self._value}"
        return request


class Bearer(Auth):
    """An OAuth2 service account: one token for all requests, shared with the run's other processes, and renewed."""

    # No word follows the name of the secret: it would be masked.
    rejection = (
        "The service does not accept the token of this service account: check base_url, client_id, client_secret."
    )

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        on_token: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        shared: SharedTokens = NOT_SHARED,
    ) -> None:
        self._account = Basic(client_id, client_secret)
        self._shared = shared
        self._refused = ""
        super().__init__(*self._account.secrets)
        self._on_token = on_token
        self._clock = clock
        self._token: Token | None = None
        self._token_was_accepted = False
        self._renew_at = 0.0

    def prepare(self, new_token: Callable[[Basic], Token]) -> None:
        """Get a token if there is none. One thread asks for all: the endpoint allows ten requests a minute."""
        with self._lock:
            if self._token is not None and self._clock() < self._renew_at:
                return
            token = self._shared_or_new(new_token)
            self._on_token(token.value)
            self.secrets.append(token.value)
            self._token, self._token_was_accepted = token, token.was_accepted
            self._renew_at = self._clock() + max(token.expires_in - _MARGIN, token.expires_in / 2)

    def _shared_or_new(self, new_token: Callable[[Basic], Token]) -> Token:
        """The token that another process has taken, or a new one. All processes ask one after the other."""
        with self._shared.held() as slot:
            kept = slot.read()
            if kept is not None and kept.value != self._refused:
                return kept
            token = new_token(self._account)
            slot.keep(token)
            return token

    def __call__(self, request: Any) -> Any:
        """Sign the request."""
        token = self._token
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token.value}"
        return request

    def accepted(self, response: Any) -> None:
        """Note that the service accepted the token in use, for other processes too: if it is refused, a new one helps.

        A service that accepts no token of the account would otherwise be asked for one by each process.
        """
        super().accepted(response)
        with self._lock:
            token = self._token
            if token is None or self._token_was_accepted:
                return
            self._token_was_accepted = True
        with self._shared.held() as slot:
            slot.accept(token)

    def renewed(self, response: Any) -> bool:
        """Whether a 401 rejects a token that was accepted before, so that a new one should be tried."""
        used = response.request.headers.get("Authorization")
        with self._lock:
            if self._token is None or used != f"Bearer {self._token.value}":
                return True  # another thread renewed it meanwhile
            if not self._token_was_accepted:
                return False
            self._refused, self._token = self._token.value, None
        return True
