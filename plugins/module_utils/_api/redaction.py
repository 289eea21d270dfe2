# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret in messages, results and warnings.

Whoever has secrets lists them: `secrets` of an auth object, `Settings.secrets`, `secrets_of` for options and variables.
The functions here remove what is listed, and whatever else looks like credentials.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from .transport import Response

MASK = "********"
DETAIL_LENGTH = 500
# To mask shorter texts makes a message unreadable and hides no secret.
SHORTEST_IN_MESSAGES = 3
# Shorter texts are part of ids, times and states.
SHORTEST_ANYWHERE = 8

_WORD = re.compile(r"[a-z_]+|[A-Z_]+")
_LOGIN = re.compile(
    r"(?P<before>(?:(?:[a-z][a-z0-9+.-]*:)?//)?(?P<user>[^:@/]*):)(?P<password>(?!//).*)@", re.IGNORECASE | re.DOTALL
)
# Control characters, those that change the direction of writing, and single halves of surrogate pairs.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# The same, and others that nobody sees on a screen: joiners, hyphens that may break a line, variation selectors, tags.
_UNSEEN = re.compile(
    _CONTROL.pattern[:-1] + "\u00ad\u034f\u180b-\u180f\u200b-\u200d\u2060-\u2065\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ufffd"
    "\U000e0000-\U000e0fff]"
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_BLANKS = re.compile(" {2,}")
# Longer texts are cut, with what may be half a secret at their end.
_READ_LENGTH = 20_000
_CUT_OFF = 2000
# What looks like credentials, whoever they belong to.
_CREDENTIALS = (
    re.compile(r"(\b(?:basic|bearer)(?:\s|\+|%20)+)[\w+/.~%=-]{16,}", re.IGNORECASE),
    re.compile(r"""(\b(?:access_token|client_secret)(?:[\s=:"'\\]|%3D|%22|&quot;|&#34;)+)[\w+/.~%-]+""", re.IGNORECASE),
    re.compile(r"""(\b(?:response|cnonce)(?:[\s=:"'\\]|%3D|%22|&quot;|&#34;)+)[0-9a-f]{16,}""", re.IGNORECASE),
    re.compile(r"""(//[^/\s:@"'<>]*:)[^/\s"'<>]+(?=@)"""),
)


def redact(text: str, secrets: Sequence[str]) -> str:
    """The text without the secrets, however URLs, JSON or HTML spell them, and without other credentials.

    Control characters inside a secret do not hide it, others that nobody sees neither, nor does its case.
    """
    forms = {_plain(form) for secret in secrets if len(secret) >= SHORTEST_IN_MESSAGES for form in _spellings(secret)}
    places = [place for place, sign in enumerate(text) if not _UNSEEN.match(sign)]
    plain = _plain(text)
    spans = sorted(
        (places[found.start()], places[found.end() - 1] + 1)
        for form in forms
        if len(form) >= SHORTEST_IN_MESSAGES
        for found in re.finditer(re.escape(form), plain)
    )
    text = _masked(text, spans)
    for pattern in _CREDENTIALS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


def _plain(text: str) -> str:
    """The text in lower case without what nobody sees. All other characters keep their number."""
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in _UNSEEN.sub("", text))


def hides_one_of(secrets: Iterable[str], document: str) -> bool:
    """Whether a JSON document contains a secret, also behind escapes, what nobody sees, and another case.

    It is asked of every page of a listing, so it must not take longer than parsing.
    """
    if "\\" in document:
        document = _ESCAPE.sub(_unescaped, document)
    if not (document.isascii() and document.isprintable()):
        document = _UNSEEN.sub("", document)
    document = document.lower()
    forms = {_UNSEEN.sub("", form).lower() for secret in secrets for form in _spellings(secret)}
    return any(form in document for form in forms)


def _unescaped(found: re.Match[str]) -> str:
    """The character that an escape of JSON stands for; nothing for those of control characters."""
    digits, sign = found.groups()
    return chr(int(digits, 16)) if digits else "" if sign in "bfnrt" else str(sign)


def _masked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with a mask for each span. They are sorted, and may overlap."""
    pieces, end = [], 0
    for start, stop in spans:
        if start >= end:
            pieces += [text[end:start], MASK]
        end = max(end, stop)
    return "".join([*pieces, text[end:]])


def redact_values(value: Any, secrets: Sequence[str]) -> Any:
    """A JSON value whose texts do not contain the secrets."""
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, dict):
        return {redact(key, secrets): redact_values(item, secrets) for key, item in value.items()}
    return [redact_values(item, secrets) for item in value] if isinstance(value, list) else value


def readable(text: object, secrets: Sequence[str] = ()) -> str:
    """Text of the service on one line, without control characters or secrets, at most 500 characters."""
    whole = str(text)
    words = redact(whole[:_READ_LENGTH], secrets)
    # Half a secret would not be found.
    words = words[:-_CUT_OFF] if len(whole) > _READ_LENGTH else words
    words = _BLANKS.sub(" ", _CONTROL.sub(" ", words)).strip()
    # And once more: a secret that contains a blank may have been split by a line end.
    words = redact(words, secrets)
    return words if len(words) <= DETAIL_LENGTH else words[: DETAIL_LENGTH - 1] + "…"


def redact_response(response: Response) -> Response:
    """The response without the credentials of its request.

    Not only of errors: a service may repeat the request in a good response too.
    """
    forms = sorted({form for proof in proofs_of(response) for form in (proof, quote(proof, safe=""))}, key=len)[::-1]

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


def proofs_of(response: Response) -> list[str]:
    """What the request of a response was signed with."""
    sent = response.request.headers.get("Authorization", "")
    proofs = [sent.partition(" ")[2], *re.findall(r'\b(?:response|cnonce)="([^"]+)"', sent)]
    return [proof for proof in proofs if len(proof) >= SHORTEST_ANYWHERE]


def redact_login(url: str) -> str:
    """The URL with a mask for the password in it."""
    return _LOGIN.sub(rf"\g<before>{MASK}@", url)


def login_secrets(url: str) -> list[str]:
    """The password in a URL as it is written, decoded, and as a basic Authorization header has it."""
    login = _LOGIN.match(url)
    if login is None or not login["password"]:
        return []
    decoded = unquote(login["password"])
    pair = f"{unquote(login['user'])}:{decoded}"
    headers = [base64.b64encode(pair.encode(code, "replace")).decode() for code in ("latin-1", "utf-8")]
    return [login["password"], decoded, *headers]


def is_distinctive(secret: str) -> bool:
    """Whether a secret can be masked in ids, times and states as well, and not only in messages."""
    return len(secret) >= SHORTEST_ANYWHERE and _WORD.fullmatch(secret) is None


def keys_contain(result: Mapping[str, Any], secrets: Iterable[str]) -> bool:
    """Whether one of the keys, at any depth, contains a secret."""
    found: set[str] = set()
    left: list[Any] = [result]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            found.update(map(str, value))
            value = value.values()
        left += [inner for inner in value if isinstance(inner, (dict, list, tuple))]
    return any(secret in key for secret in secrets for key in found)


def _spellings(secret: str) -> set[str]:
    in_url = quote(secret, safe="", errors="replace")
    plain = (secret, secret.rstrip("="), quote(secret, errors="replace"), quote_plus(secret, errors="replace"))
    in_json = (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], secret.replace("/", "\\/"))
    forms = {*plain, *in_json, in_url, in_url.lower(), html.escape(secret), repr(secret)[1:-1]}
    return {form for form in forms if len(form) >= SHORTEST_IN_MESSAGES}
