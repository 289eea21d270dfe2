# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The one error that the client raises, the one for options, and what a person can do about it.

Codes and their meaning are those of the API contract, section 4.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, quote_plus

SNAPSHOT_GONE = "SNAPSHOT_NOT_FOUND"
# Transient on an Ops Manager that is being upgraded (contract, section 8, 13).
UPGRADING = "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES"
DETAIL_LENGTH = 500
MASK = "********"
# What is shorter stands in too many words: masking it would hide the reasons, and would hide no secret.
SHORTEST_SECRET = 3

_NO_PROJECT = {"NOT_IN_GROUP", "GROUP_NOT_FOUND", "INVALID_GROUP_ID", "USER_CANNOT_ACCESS_GROUP"}
_NO_CLUSTER = {"CLUSTER_NOT_FOUND", "CLUSTER_NAME_NOT_FOUND", "INVALID_CLUSTER_ID"}
_WRONG_DIALECT = {"ATLAS_GROUP", "NOT_ATLAS_GROUP"}
_LOW_ROLE = {"USER_UNAUTHORIZED", "ACCESS_FORBIDDEN", "NO_CURRENT_USER"}
# Runs of what addresses are made of, taken whole, so that no text makes the search take long.
_ADDRESS = re.compile(r"(?<![\w:.])[0-9a-fA-F:.]{2,46}(?![\w:])")
_TITLE = re.compile(r"<title[^<>]*>", re.IGNORECASE)
# Controls, also those that turn the direction of writing round, and halves of characters.
_CONTROL = re.compile("[\x00-\x20\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_READ_LENGTH = 20_000
# What looks like credentials, whosoever they are: of another request, of a header that could not be sent.
_CREDENTIALS = (
    re.compile(r"(\b(?:basic|bearer)(?:\s|\+|%20)+)[\w+/.~%=-]{16,}", re.IGNORECASE),
    re.compile(r"""(\b(?:access_token|client_secret)(?:[\s=:"'\\]|%3D|%22|&quot;|&#34;)+)[\w+/.~%-]+""", re.IGNORECASE),
    re.compile(r"""(\b(?:response|cnonce)(?:[\s=:"'\\]|%3D|%22|&quot;|&#34;)+)[0-9a-f]{16,}""", re.IGNORECASE),
    re.compile(r"""(//[^/\s:@"'<>]*:)[^/\s"'<>]+(?=@)"""),
)

_WAYS_OUT = {
    "ATLAS_GROUP": "This project is on Atlas: set platform to atlas.",
    "NOT_ATLAS_GROUP": (
        "This project is not on Atlas: set platform to cloud_manager, or to ops_manager with its base_url."
    ),
    "BACKUP_JOB_NOT_FOUND": "Legacy backups are not enabled for this cluster: check its name and the project.",
    "CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT": (
        "It is one shard's part: name the sharded cluster itself, whose snapshot holds all parts."
    ),
    "CANNOT_MODIFY_CLUSTER_SNAPSHOT": (
        "It is one shard's part: name the sharded cluster itself, whose snapshot holds all parts."
    ),
    "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT": "Wait until the snapshot is complete.",
    "CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY": (
        "The project's backup compliance policy forbids it; it can only expire."
    ),
    "ALREADY_EXPIRED": "Its expiry has passed, and the service lets nobody edit it any more.",
    "ACCOUNT_SUSPENDED": "The account is suspended for an unpaid invoice.",
    "RESOURCE_NOT_FOUND": "The service knows no such path: check platform, api_version and base_url.",
    "VERSION_GONE": "The service no longer speaks this version of its API.",
}


def way_out(status: int | None, code: str | None, detail: str | None, parameters: Sequence[Any] = ()) -> str:
    """What a person can do about an answer; "" when nothing is known."""
    if code in _WAYS_OUT:
        return _WAYS_OUT[code]
    if is_access_list(code):
        return _listing_hint(detail, parameters)
    if code in _NO_PROJECT:
        return "Check project_id: there is no such project, or the key is no member of it."
    if code in _NO_CLUSTER:
        return (
            "Check cluster_name (Atlas: the exact name) or cluster_id (Cloud and Ops Manager: the id), "
            "and that it is in this project."
        )
    if code in _LOW_ROLE or (status == 403 and code is None):
        return (
            "The role of the key is too low: reading needs Project Read Only, changing and deleting need "
            "Project Owner; on Cloud and Ops Manager a delete inside the point-in-time window needs "
            "Global Backup Admin or Global Owner."
        )
    if status == 401:
        return "The service did not accept the credentials: check the key or the service account, and base_url."
    if status == 407:
        return (
            "The proxy asks for a password, or refused the one it got: put it into the address of the proxy, "
            "before the host."
        )
    if status == 429:
        return "Too many requests: raise retry_timeout, or lower concurrency, forks or the number of jobs at once."
    return ""


def is_access_list(code: str | None) -> bool:
    """Whether the address of the caller was refused; the codes had several names over the years."""
    return code is not None and (code.endswith(("_ACCESS_LIST", "_WHITELIST")))


def readable(text: object, secrets: Sequence[str] = ()) -> str:
    """Text of the service on one line, without markup, control characters or secrets, cut at 500 characters."""
    # Cut only then, since half a secret would not be found.
    words = masked(str(text), secrets)[:_READ_LENGTH]
    title = _title(words)
    if title:
        words = f"an HTML page titled {title!r}"
    words = _CONTROL.sub(" ", words).strip()
    # Once more: only now a secret with a blank in it may have come together.
    words = masked(words, secrets)
    return words if len(words) <= DETAIL_LENGTH else words[: DETAIL_LENGTH - 1] + "…"


def _title(words: str) -> str:
    begin = _TITLE.search(words[:2000])
    return "" if begin is None else words[begin.end() :].partition("</")[0].strip()


def masked(text: str, secrets: Sequence[str]) -> str:
    """The text with no secret in it, as it is or as URLs, JSON and HTML write it, and with nothing like credentials."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
    # The longest first: a secret may begin with another.
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    for pattern in _CREDENTIALS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


def _forms(secret: str) -> set[str]:
    in_url = quote(secret, safe="", errors="replace")
    plain = (secret, secret.rstrip("="), quote(secret, errors="replace"), quote_plus(secret, errors="replace"))
    in_json = (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], secret.replace("/", "\\/"))
    forms = {*plain, *in_json, in_url, in_url.lower(), html.escape(secret), repr(secret)[1:-1]}
    return {form for form in forms if len(form) >= SHORTEST_SECRET}


def _listing_hint(detail: str | None, parameters: Sequence[Any]) -> str:
    texts = [*(one for one in parameters if isinstance(one, str)), detail or ""]
    words = (word.rstrip(".") for text in texts for word in _ADDRESS.findall(text[:DETAIL_LENGTH]))
    found = [word for word in words if _is_address(word)]
    address = f"The address {found[0]}" if found else "The address this runs from"
    return (
        f"{address} is not on the API access list of the key or its organization: add it there, or run the task "
        "from a host that is listed with delegate_to."
    )


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


class OptionError(Exception):
    """What was asked for cannot be done, found without a request; names the option and the way out."""


@dataclass(eq=False)
class ApiError(Exception):
    """Why a request did not lead to what was asked.

    `status` is None where there was no answer. `answer_lost` says that an earlier try of the same
    request may have been carried out, `fate_unknown` that nobody can tell whether this one was;
    `exhausted` that retry_timeout is used up.
    """

    message: str
    status: int | None = None
    code: str | None = None
    detail: str | None = None
    method: str | None = None
    path: str | None = None
    answer_lost: bool = False
    fate_unknown: bool = False
    exhausted: bool = False

    def __str__(self) -> str:
        return self.message

    @property
    def is_snapshot_gone(self) -> bool:
        """The only answer that says by itself that a snapshot is not there (contract, section 8, 5)."""
        return self.status == 404 and self.code == SNAPSHOT_GONE and not self.is_about_the_token

    @property
    def is_about_the_token(self) -> bool:
        """Whether it was the request for a token that failed, and not the one that needed it."""
        return self.method == "POST"

    @property
    def meets_all(self) -> bool:
        """Whether every further request of the same call would get this answer too."""
        if self.exhausted or self.is_about_the_token or self.status in (None, 401, 402):
            return True
        if self.status == 403:
            # CANNOT_…: about this one snapshot, not about the address or the role.
            return not (self.code or "").startswith("CANNOT_")
        return self.code in _NO_PROJECT | _NO_CLUSTER | _WRONG_DIALECT

    def to_result(self) -> Mapping[str, Any]:
        """`error` as results carry it: status (int or None), code and detail (str or None)."""
        return {"status": self.status, "code": self.code, "detail": self.detail or self.message}
