# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a response means: the JSON object in it, or an error and whether a retry may help.

Responses come here redacted. JSON is parsed strictly: NaN, endless numbers or nesting, and a key that comes twice are
errors.
"""

from __future__ import annotations

import email.utils
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from .auth import is_stale, parse_challenge
from .errors import UPGRADING, WRONG_KEY, ApiError, TransientError, hint_for, names_its_cause
from .redaction import hides_one_of, is_distinctive, proofs_of, readable, redact_values
from .settings import Request
from .transport import Response, proxy_of

LONGEST_WAIT = 60.0  # the published token buckets are refilled every minute (contract 5)
_GATEWAY = (502, 503, 504)
# Retries of a request that an accepted key signed, and that was refused without a cause.
_UNEXPLAINED_TRIES = 2
_CODE = re.compile("[A-Z][A-Z0-9_]{1,99}")
# Of the rest, a message does not show the content type: it is text of the response, too.
_MEDIA_TYPE = re.compile(
    r"(?:text/(?:html|plain|xml)|application/(?:json|xml|xhtml\+xml|octet-stream|vnd\.atlas\.\d{4}-\d\d-\d\d\+json))"
    r"(?:; ?charset=(?:utf-8|iso-8859-1|us-ascii))?",
    re.IGNORECASE,
)
_PAGE = re.compile(rb"\s*<(?:!doctype html|html|head|title|body)", re.IGNORECASE)
_LIMITS_OF_ACCOUNTS = (
    "This was the token endpoint, and not about a role: a service account may ask for 10 tokens a minute and have 100 "
    "live ones within an hour. Run fewer tasks at once, or use an API key (public_key and private_key)."
)
# The deepest documents of the service have four levels (contract 2).
_MOST_LEVELS = 50
# Of a number. Older Pythons take long to read more, newer ones refuse to write it.
_MOST_DIGITS = 1000
_HALF_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")


def parse(request: Request, response: Response, secrets: Sequence[str]) -> dict[str, Any] | None:
    """The JSON object in a 2xx response, None where it has no body; ApiError for anything else."""
    if not response.content.strip():
        return None
    try:
        body = parse_json(response.content)
    except ValueError as exc:
        what = f"something other than JSON ({_described(response)}; {exc}). A log-in page or a proxy in between? "
        raise unexpected(request, response.status, f"{what}Check base_url and proxy") from exc
    if not isinstance(body, dict):
        raise unexpected(request, response.status, "JSON that is not an object")
    if request.method == "POST":
        # Nobody sees the response of the token endpoint, and the token in it may be known already.
        return body
    known = [secret for secret in (*secrets, *proofs_of(response)) if is_distinctive(secret)]
    # Ansible masks a secret in a result only where it is spelled as in the options.
    return dict(redact_values(body, known)) if hides_one_of(known, _decoded(response.content)) else body


def error_for(
    request: Request, response: Response, secrets: Sequence[str], proxies: Mapping[str, str]
) -> ApiError | TransientError:
    """The error for a response that is not 2xx: an ApiError, or a TransientError where a retry may help."""
    status = response.status
    facts, code, detail = _facts(request, response, secrets)
    hint = readable(_hint(request, response, facts, code, detail, proxies), secrets)
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
    if _is_unexplained(response) and request.method != "POST":
        return TransientError(error, most=_UNEXPLAINED_TRIES if request.auth.was_accepted else 1)
    if not _is_transient(request, status, code):
        return error
    # The service behind a gateway may have carried out the request.
    return TransientError(error, retry_after(response.headers, facts), may_be_done=status in _GATEWAY)


def unexpected(request: Request, status: int, what: str) -> ApiError:
    """The error for a response that is good by its status and useless by its content."""
    return ApiError(
        f"{request.method} {request.path} was answered {status} with {what}.",
        status=status,
        detail=what,
        method=request.method,
        path=request.path,
        fate_unknown=request.is_write,
    )


def error_code(response: Response) -> str | None:
    """The code of an error: `errorCode`, or the header that repeats it, also where there is no body (contract 11)."""
    body = _body(response)
    code = body.get("errorCode") if isinstance(body, dict) else None
    if isinstance(code, str) and code:
        return code
    header = response.headers.get("X-Error-Code", "")
    return header if _CODE.fullmatch(header) else None


def retry_after(headers: Mapping[str, str], body: Any) -> float | None:
    """The seconds the service asks to wait, by Retry-After or by its token bucket; None where it does not say."""
    seconds = _seconds_until(headers.get("Retry-After", "").strip())
    return _token_bucket_wait(body) if seconds is None else seconds


def parse_json(content: bytes) -> Any:
    """A JSON document; ValueError for anything else."""
    text = _decoded(content)
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_no_number
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _is_too_deep(value):
        raise ValueError("it is nested too deeply")
    return _with_whole_characters(value) if _HALF_ESCAPED.search(text) else value


def _body(response: Response) -> Any:
    """The JSON in a response; None where there is none."""
    try:
        return parse_json(response.content)
    except ValueError:
        return None


def _facts(request: Request, response: Response, secrets: Sequence[str]) -> tuple[dict[str, Any], str | None, str]:
    """What an error response says: its JSON object ({} where there is none), its code and its reason."""
    body = _body(response)
    facts: dict[str, Any] = body if isinstance(body, dict) else {}
    words = next(filter(None, map(facts.get, ("detail", "error_description", "reason", "error"))), None)
    if words is None:
        words = _phrase(response.status)
        if body is None and response.content:
            words = f"{words}, with {_described(response)}"
    known = [*secrets, *proofs_of(response)]
    code = error_code(response)
    if code is None and request.method == "POST" and isinstance(facts.get("error"), str):
        code = facts["error"]  # the token endpoint has errors of OAuth
    return facts, None if code is None else readable(code, known), readable(words, known)


def _phrase(status: int) -> str:
    # Not the phrase of the response: a server may write anything there, the request's secrets too.
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no reason given"


def _described(response: Response) -> str:
    """What a response without JSON is. Its text is never repeated: it may contain the request's secrets in any form."""
    given = response.headers.get("Content-Type", "")
    kind = given if _MEDIA_TYPE.fullmatch(given) else "another content type" if given else "no content type"
    is_page = "html" in kind.lower() or _PAGE.match(response.content)
    return f"{'an HTML page' if is_page else 'no JSON'}, {len(response.content)} bytes, {kind}"


def _hint(
    request: Request,
    response: Response,
    facts: Mapping[str, Any],
    code: str | None,
    detail: str,
    proxies: Mapping[str, str],
) -> str:
    status, parameters = response.status, facts.get("parameters")
    if 300 <= status < 400:
        target = _host_of(response.headers.get("Location", ""))
        return f"Redirects are refused (to {target}): put the right address into base_url."
    if request.method == "POST":
        return request.auth.rejection if status == 401 else _LIMITS_OF_ACCOUNTS if status in (403, 429) else ""
    if status == 401 and (code in WRONG_KEY or _is_stale(response)):
        return _hint_of_401(request, response)
    hint = hint_for(status, code, detail, parameters if isinstance(parameters, list) else ())
    return f"This was the proxy {proxy_of(request.url, proxies)}: {hint}" if status == 407 else hint


def _is_transient(request: Request, status: int, code: str | None) -> bool:
    if status == 405:
        return code == UPGRADING
    return status == 429 or status in _GATEWAY or (status == 500 and request.method == "GET")


def is_verdict(response: Response) -> bool:
    """Whether a 401 to a signed request names a cause other than the key.

    A challenge that calls the nonce stale says nothing more, whatever code is in its body.
    """
    return _is_signed(response) and not _is_stale(response) and names_its_cause(error_code(response))


def _is_unexplained(response: Response) -> bool:
    """Whether a 401 to a signed request names no cause. Keys that work met such in a run (contract 11)."""
    return response.status == 401 and _is_signed(response) and not is_verdict(response)


def _is_signed(response: Response) -> bool:
    return "Authorization" in response.request.headers


def _is_stale(response: Response) -> bool:
    """Whether a response says that the nonce has expired. A challenge of digest may also come with a refused token."""
    is_digest = response.request.headers.get("Authorization", "").startswith("Digest ")
    return is_digest and is_stale(parse_challenge(response.headers.get("WWW-Authenticate", "")) or {})


def _hint_of_401(request: Request, response: Response) -> str:
    if not _is_signed(response):
        return "It asked for no signature in a way that is known. Is this the service? Check base_url and proxy."
    if _is_stale(response):
        return "The service says of every nonce that it has expired; this is not about the key itself. Try again later."
    return request.auth.rejection


def _host_of(location: str) -> str:
    """Where a redirect leads, without its path and query, which may contain secrets."""
    try:
        target = urlsplit(location)
        port = target.port
    except ValueError:
        return "an address that is none"
    if not target.hostname:
        return "another path"
    host = f"[{target.hostname}]" if ":" in target.hostname else target.hostname
    return f"{target.scheme}://{host}{f':{port}' if port else ''}"


def _seconds_until(text: str) -> float | None:
    """The seconds that a Retry-After header names, or those until the time that it names."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())


def _token_bucket_wait(body: Any) -> float | None:
    """The second parameter of the error of a token bucket (contract 5)."""
    if not isinstance(body, dict) or body.get("errorCode") != "RATE_LIMITED_TOKEN_BUCKET":
        return None
    parameters = body.get("parameters")
    seconds = parameters[1] if isinstance(parameters, list) and len(parameters) > 1 else None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
        return None
    return float(min(seconds, LONGEST_WAIT))


def _decoded(content: bytes) -> str:
    """The text of a body. Challenges are announced as ISO-8859-1 (contract 3), in which any byte is a character."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has a key twice")
    return found


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number has more than {_MOST_DIGITS} digits")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _is_too_deep(value: Any) -> bool:
    """Whether a document has more levels than any of the service."""
    # Level by level, without recursion. This takes a third of the time of parsing.
    level = [value] if isinstance(value, (dict, list)) else []
    for _level in range(_MOST_LEVELS):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
    return bool(level)


def _with_whole_characters(value: Any) -> Any:
    """The value with U+FFFD for each half of a surrogate pair, which no file and no terminal takes."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_HALF.sub("\ufffd", key): _with_whole_characters(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_whole_characters(item) for item in value]
    return value
