# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is asking: digest, bearer tokens, and the token endpoint (contract 3)."""

from __future__ import annotations

import base64
import binascii
import hmac
import math
from dataclasses import dataclass
from urllib.parse import parse_qs

from . import answers, digest
from .accounts import Account
from .digest import Nonces
from .documents import PUBLIC, V1, V2, Dialect
from .exchange import Answer, Call
from .tokens import Tokens
from .world import World

TOKEN_PATH = "/api/oauth/token"
REVOKE_PATH = "/api/oauth/revoke"
FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Caller:
    """Either an account, or the answer that refuses."""

    auth: str
    account: Account | None = None
    refusal: Answer | None = None


class Authenticator:
    def __init__(self, world: World) -> None:
        self._world = world
        self.nonces = Nonces(world.clock)
        self.tokens = Tokens(world.clock)

    def challenge_headers(self, *, stale: bool = False) -> dict[str, str]:
        return {
            "WWW-Authenticate": digest.challenge(self.nonces.new(), stale=stale, switches=self._world.switches),
        }

    def caller(self, call: Call, dialect: Dialect | None) -> Caller:
        scheme = call.authorization.partition(" ")[0].lower()
        if scheme == "digest":
            return self._by_digest(call)
        if scheme == "bearer":
            return self._by_bearer(call, dialect)
        return Caller(scheme or "none", refusal=self._refuse())

    def _refuse(self, *, stale: bool = False, challenge: bool = True) -> Answer:
        headers = self.challenge_headers(stale=stale) if challenge else {}
        return answers.unauthorized(headers, with_code=self._world.switches.unauthorized_code == "present")

    def _by_digest(self, call: Call) -> Caller:
        given = digest.parse(call.authorization)
        account = self._world.accounts.get(given.username) if given is not None else None
        if given is None or account is None or account.kind != "key" or not self._right(given, account, call):
            return Caller("digest", refusal=self._refuse())
        if not self.nonces.fresh(given.nonce, self._world.switches.nonce_max_age):
            return Caller("digest", refusal=self._refuse(stale=True))
        return Caller("digest", account)

    def _right(self, given: digest.Credentials, account: Account, call: Call) -> bool:
        switches = self._world.switches
        wanted_qop = {"qop": ("auth",), "op": ("auth", None), "none": (None,)}[switches.challenge_key]
        return (
            given.uri == call.target
            and given.realm == digest.REALM
            and given.algorithm.upper() == switches.digest_algorithm
            and given.qop in wanted_qop
            and (given.qop is None or bool(given.nc and given.cnonce))
            and hmac.compare_digest(given.response, digest.expected(given, account.secret, call.method))
        )

    def _by_bearer(self, call: Call, dialect: Dialect | None) -> Caller:
        owner = self.tokens.owner(call.authorization.partition(" ")[2].strip())
        account = self._world.accounts.get(owner) if owner is not None else None
        if account is None or not self._takes_bearer(dialect):
            return Caller("bearer", refusal=self._refuse(challenge=False))
        return Caller("bearer", account)

    def _takes_bearer(self, dialect: Dialect | None) -> bool:
        switches = self._world.switches
        # On the public dialect the project decides as well: Ops Manager has no service accounts.
        accepts = {
            V2.name: True,
            V1.name: switches.v1_bearer == "accepted",
            PUBLIC.name: switches.cm_bearer == "accepted",
        }
        return dialect is not None and accepts[dialect.name]

    # --- the token endpoint ---

    def token_answer(self, call: Call) -> Answer:
        account = self._by_basic(call)
        if call.method != "POST":
            return answers.oauth_error(405, "invalid_request", "The token endpoint takes POST.")
        if account is None:
            return answers.oauth_error(401, "invalid_client", "The client credentials are invalid.")
        if call.headers.get("Content-Type", "").partition(";")[0].strip().lower() != FORM_TYPE:
            return answers.oauth_error(400, "invalid_request", f"The content type has to be {FORM_TYPE}.")
        form = parse_qs(call.body.decode("utf-8", "replace"))
        if call.path == REVOKE_PATH:
            for token in form.get("token", []):
                self.tokens.revoke(token)
            return Answer(200, user=account.id, auth="basic")
        return self._mint(call, account, form)

    def _mint(self, call: Call, account: Account, form: dict[str, list[str]]) -> Answer:
        switches = self._world.switches
        if form.get("grant_type") != ["client_credentials"]:
            return answers.oauth_error(400, "unsupported_grant_type", "Only client_credentials is supported.")
        wait = self.tokens.wait(account.id)
        if wait > 0:
            header = max(1, math.ceil(wait)) if switches.retry_after == "present" else None
            return answers.too_many_tokens(call.path, header)
        if self.tokens.has_too_many(account.id):
            return answers.oauth_error(403, "access_denied", "Too many active access tokens.")
        lifetime = switches.token_lifetime
        token = self.tokens.mint(account.id, lifetime)
        body = {"access_token": token, "expires_in": lifetime, "token_type": "Bearer"}
        return answers.document(200, body, "token")

    def _by_basic(self, call: Call) -> Account | None:
        scheme, _blank, blob = call.authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            client, _colon, secret = base64.b64decode(blob, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        account = self._world.accounts.get(client)
        if account is None or account.kind != "service_account":
            return None
        return account if hmac.compare_digest(account.secret.encode(), secret.encode()) else None
