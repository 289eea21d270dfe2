# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""What the service answered: its JSON, or why it cannot be used. No secret of the request is left in it.

Section numbers are those of the API contract.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, urlsplit

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import (
    MASK,
    UPGRADING,
    ApiError,
    readable,
    way_out,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.parsing import decoded, parse_json
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.settings import Request
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.transport import Response, proxy_of

LONGEST_WAIT = 60.0  # the published buckets refill within a minute (5)
SHORTEST_PROOF = 8  # of what a request carries to prove who sends it
SEEN = 4000  # characters of an answer that is no JSON
_GATEWAY = (502, 503, 504)
# Answered with 401 and not 403 to a user that is known (4).
ABOUT_THE_ROLE = ("NOT_IN_GROUP", "USER_UNAUTHORIZED", "USER_CANNOT_ACCESS_GROUP")


def heard(response: Response) -> Response:
    """The answer of requests, its text in all places without what the request proved itself by.

    Here and not where errors are written: a good answer may repeat the request as well.
    """
    sent = response.request.headers.get("Authorization", "")
    proofs = [sent.partition(" ")[2], *re.findall(r'\b(?:response|cnonce)="([^"]+)"', sent)]
    # Shorter ones, of a service that is none, stand in any text.
    proofs = [proof for proof in proofs if len(proof) >= SHORTEST_PROOF]
    forms = sorted({form for proof in proofs for form in (proof, quote(proof, safe=""))}, key=len, reverse=True)

    def without(text: str) -> str:
        for form in forms:
            text = text.replace(form, MASK)
        return text

    content = response.content
    for form in forms:
        content = content.replace(form.encode("utf-8", "replace"), MASK.encode())
    headers = response.headers.copy()
    headers.update({key: without(text) for key, text in response.headers.items()})
    return replace(response, reason=without(response.reason), headers=headers, content=content)


def good(request: Request, answer: Response, secrets: Sequence[str]) -> dict[str, Any] | None:
    """The JSON object of an answer that is 2xx, None where it has no body; ApiError for anything else."""
    if not answer.content.strip():
        return None
    try:
        body = parse_json(answer.content)
    except ValueError as exc:
        kind = readable(answer.headers.get("Content-Type", "no content type"), secrets)[:100]
        seen = readable(decoded(answer.content)[:SEEN], secrets)
        # A restore job carries what gives access to the data (9).
        is_secret = request.method == "POST" or request.path.endswith("/restoreJobs")
        if is_secret and not seen.startswith("an HTML page"):
            seen = "not shown, since a token may stand in it"
        raise strange(
            request,
            answer.status,
            f"something other than JSON ({kind}: {seen}; {exc}). A log-in page or a proxy in between? "
            "Check base_url and proxy",
        ) from exc
    if not isinstance(body, dict):
        raise strange(request, answer.status, "JSON that is not an object")
    return body


def refused(request: Request, answer: Response, secrets: Sequence[str], proxies: Mapping[str, str]) -> Exception:
    """The error for an answer that is not 2xx, wrapped where it may pass."""
    status = answer.status
    try:
        body = parse_json(answer.content)
    except ValueError:
        body = None
    facts = body if isinstance(body, dict) else {}
    code = facts.get("errorCode") if isinstance(facts.get("errorCode"), str) else None
    code = readable(code, secrets) if code else None
    parameters = facts.get("parameters")
    parameters = parameters if isinstance(parameters, list) else []
    words = facts.get("detail") or facts.get("error_description") or facts.get("reason") or facts.get("error")
    if body is None:
        words = decoded(answer.content)[:SEEN]
    detail = readable(words or answer.reason or "no reason given", secrets)
    hint = readable(way_out(status, code, detail, parameters), secrets)
    if 300 <= status < 400:
        target = readable(_host_of(answer.headers.get("Location", "")), secrets)
        hint = f"Redirects are refused (to {target}): put the right address into base_url."
    if status == 407:
        hint = f"This was the proxy {proxy_of(request.url, proxies)}: {hint}"
    if status == 401 and _is_stale(answer):
        hint = "The service calls every nonce worn out; this is not about the key itself. Try again later."
    error = ApiError(
        f"{request.method} {request.path} was answered {status}{f' {code}' if code else ''}: {detail.rstrip('.')}."
        f"{f' {hint}' if hint else ''}",
        status=status,
        code=code,
        detail=detail,
        method=request.method,
        path=request.path,
        fate_unknown=request.is_write and status >= 500,
    )
    if status == 429:
        return Passing(error, wait_asked_for(answer.headers, body))
    if status in _GATEWAY:
        # The service behind the gateway may have done it all the same.
        return Passing(error, wait_asked_for(answer.headers, body), taken=True)
    if (status == 405 and code == UPGRADING) or (status == 500 and request.method == "GET"):
        return Passing(error, wait_asked_for(answer.headers, body))
    return error


def strange(request: Request, status: int, what: str) -> ApiError:
    """The error for an answer that is good by its status and useless by its content."""
    return ApiError(
        f"{request.method} {request.path} was answered {status} with {what}.",
        status=status,
        detail=what,
        method=request.method,
        path=request.path,
        fate_unknown=request.is_write,
    )


def knows_the_user(response: Response) -> bool:
    """Whether a 401 is about what the user may do, so that other credentials of the same user are no help (4)."""
    try:
        body = parse_json(response.content)
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("errorCode") in ABOUT_THE_ROLE


def wait_asked_for(headers: Mapping[str, str], body: Any) -> float | None:
    """The seconds the service asks to wait: Retry-After, or the second parameter of its token bucket (5)."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if text:
        try:
            moment = email.utils.parsedate_to_datetime(text)
        except (TypeError, ValueError, IndexError, OverflowError):
            moment = None
        if moment is not None:
            moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
            return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
    parameters = body.get("parameters") if isinstance(body, dict) else None
    if isinstance(body, dict) and body.get("errorCode") == "RATE_LIMITED_TOKEN_BUCKET" and isinstance(parameters, list):
        seconds = parameters[1] if len(parameters) > 1 else None
        if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds >= 0:
            return float(min(seconds, LONGEST_WAIT))
    return None


def _is_stale(answer: Response) -> bool:
    return "stale=true" in answer.headers.get("WWW-Authenticate", "").lower().replace('"', "")


def _host_of(location: str) -> str:
    """Where a redirect leads, without what its path and query may hold."""
    try:
        target = urlsplit(location)
    except ValueError:
        return "an address that is none"
    return f"{target.scheme}://{target.hostname}" if target.hostname else "another path"


class Passing(Exception):
    """A failure that may pass; the request is sent again while there is time."""

    def __init__(self, error: ApiError, wait: float | None = None, taken: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.taken = taken
