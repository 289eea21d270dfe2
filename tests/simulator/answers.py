# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to single questions: bodies, errors, challenges, injected faults. All bytes are made here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from .errors import CATALOGUE, Refused, body_of, reason_of
from .exchange import JSON_TYPE, Answer, Call, dumps
from .faults import Fault
from .switches import Switches

FIXTURES = Path(__file__).parent / "fixtures"
HTML_TYPE = "text/html; charset=utf-8"
CHALLENGE_TYPE = "application/json;charset=ISO-8859-1"


def fixture(name: str) -> bytes:
    """A printed sample of the contract, byte for byte."""
    path = FIXTURES / name
    if path.parent != FIXTURES:
        raise ValueError(name)
    return path.read_bytes()


def page(title: str) -> bytes:
    """What a proxy answers in the service's place."""
    return f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n".encode()


def document(status: int, body: Any, schema: str, media_type: str = JSON_TYPE) -> Answer:
    return Answer(status, dumps(body), media_type, schema=schema)


def error(refused: Refused, switches: Switches | None = None) -> Answer:
    """Contract 4: errors come as application/json on every dialect. Contract 11: how they were seen to differ."""
    body, how = body_of(refused), switches or Switches()
    if how.error_parameters == "null":
        body["parameters"] = None
    elif how.error_parameters == "absent":
        del body["parameters"]
    answer = Answer(refused.status, dumps(body), JSON_TYPE, refused.headers, schema="error")
    if how.error_code_header != "absent":
        answer = replace(answer, headers={**refused.headers, "X-Error-Code": refused.code})
    return replace(answer, body=b"", schema=None) if how.error_code_header == "alone" else answer


def error_without_code(status: int, detail: str) -> Answer:
    body = {"detail": detail, "error": status, "reason": reason_of(status)}
    return Answer(status, dumps(body), JSON_TYPE, schema="error without code")


def unauthorized(headers: dict[str, str], body: str) -> Answer:
    """A 401 with that code; "no_code" is what the docs print (contract 3), and some have no body (contract 11)."""
    if body == "empty":
        return Answer(401, headers=headers, challenge="WWW-Authenticate" in headers)
    if body == "no_code":
        answer = Answer(401, fixture("unauthorized.json"), headers=headers, schema="error without code")
    else:
        answer = replace(error(Refused(body, status=401)), headers=headers)
    return replace(answer, media_type=CHALLENGE_TYPE, challenge="WWW-Authenticate" in headers)


def oauth_error(status: int, name: str, description: str) -> Answer:
    return document(status, {"error": name, "error_description": description}, "oauth error")


def too_many_tokens(resource: str, wait: int | None) -> Answer:
    """Contract 3: the token endpoint's own kind of 429."""
    body = fixture("oauth-rate-limited.json").replace(b"{URL}", resource.encode())
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return Answer(429, body, JSON_TYPE, headers, schema="oauth error")


def in_place(fault: Fault, call: Call, challenge: dict[str, str], switches: Switches) -> Answer:
    """The answer of a fault that keeps a request from being processed; none of these is checked against a schema."""
    kind = fault.kind
    if kind in ("stale", "unauthorized"):
        return replace(unauthorized(challenge, fault.code or "no_code"), schema=None)
    if kind in ("bad_gateway", "gateway_timeout"):
        status = 502 if kind == "bad_gateway" else 504
        return Answer(status, page(f"{status} {reason_of(status)}"), HTML_TYPE)
    if kind == "login_page":
        return Answer(200, page("Please log in"), HTML_TYPE)
    if kind == "redirect":
        return Answer(fault.status or 302, b"", HTML_TYPE, {"Location": fault.location})
    if kind == "echo":
        return _echo(call)
    if kind == "answer":
        return Answer(fault.status or 200, _bytes(fault.body), fault.media_type, fault.headers, reason=fault.reason)
    if kind == "fixture":
        return Answer(fault.status or 200, fixture(_bytes(fault.body).decode()), fault.media_type)
    if kind == "unavailable" and switches.unavailable_body != "json":
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        body = page("Down") if switches.unavailable_body == "html" else b""
        return Answer(503, body, HTML_TYPE, headers)
    return replace(_service_error(fault, call, switches), schema=None)


def _bytes(body: str | bytes | None) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


_CODES = {
    "access_list": "IP_ADDRESS_NOT_ON_ACCESS_LIST",
    "upgrade": "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES",
    "conflict": "CANNOT_GET_BACKUP_CONFIG_INVALID_STATE",
    "rate_limited": "RATE_LIMITED",
    "server_error": "UNEXPECTED_ERROR",
    "unavailable": "SERVICE_UNAVAILABLE",
}


def _service_error(fault: Fault, call: Call, switches: Switches) -> Answer:
    code = fault.code or _CODES.get(fault.kind)
    if code is None:
        return error_without_code(fault.status or 404, "Not found.")
    parameters: tuple[object, ...] = (call.address,) if fault.kind == "access_list" else ()
    if code == "RATE_LIMITED":
        parameters = (call.path, 10, 1)
    elif CATALOGUE[code][1].count("%s"):
        parameters = parameters or tuple(call.path.strip("/").split("/")[-1:])
    refused = Refused(code, *parameters, status=fault.status)
    if fault.retry_after is not None:
        refused.headers["Retry-After"] = str(fault.retry_after)
    return error(refused, switches)


def _echo(call: Call) -> Answer:
    """A server, or a debugging proxy, that repeats what it was sent."""
    text = json.dumps({"line": f"{call.method} {call.target}", "headers": dict(call.headers)})
    body = {"detail": f"{text} {call.body.decode(errors='replace')}", "error": 400, "errorCode": "VALIDATION_ERROR"}
    return Answer(400, dumps(body))


def damaged(fault: Fault, answer: Answer) -> Answer:
    """The answer of a fault that spoils what was processed."""
    if fault.kind == "wrong_type":
        return replace(answer, media_type=HTML_TYPE, schema=None, status=_with_body(answer))
    if fault.kind == "broken_json":
        cut = answer.body[: max(1, len(answer.body) * 2 // 3)] or b'{"id": "5f'
        return replace(answer, body=cut, schema=None, status=_with_body(answer))
    if fault.kind == "wrong_shape":
        body = _bytes(fault.body or "[42]")
        return replace(answer, body=body, schema=None, status=_with_body(answer))
    if fault.kind == "empty_page":
        return replace(answer, body=dumps({**json.loads(answer.body), "results": []}))
    if fault.kind == "answer_after":
        return Answer(fault.status or 200, _bytes(fault.body), fault.media_type)
    return answer


def _with_body(answer: Answer) -> int:
    """204 carries no body: what damages a body needs another status."""
    return 200 if answer.status == 204 else answer.status
