# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong with a request, and what to do about it.

HINTS is the place for the hint of a new error code (contract 4). Without a response, `no_response` finds the hint.
"""

from __future__ import annotations

import http.client
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from .redaction import DETAIL_LENGTH, readable
from .settings import Request, Settings
from .transport import PartialResponse, proxy_of

try:
    import requests
except ImportError as exc:
    # The client tells the user, and none of this is ever called.
    _MISSING = exc

# Temporary while an Ops Manager is upgraded (contract 8).
UPGRADING = "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES"
# The service answers these with 401 and not 403, to a user it knows (contract 4).
ABOUT_THE_ROLE = ("NOT_IN_GROUP", "USER_UNAUTHORIZED", "USER_CANNOT_ACCESS_GROUP")
# The same, and not about the role either (contract 11).
_OTHER_CAUSES = ("TOO_MANY_GROUP_TAGS", "EXTERNALLY_MANAGED_LOCK", "NOT_ORG_GROUP_CREATOR")
# What a 401 says of a wrong key, or of one that it accepts in the next moment (contract 11).
WRONG_KEY = (None, "UNEXPECTED_ERROR", "NO_CURRENT_USER")

# Our own: the time of the whole task is over.
TIME_LIMIT = "TIME_LIMIT"

_NO_PROJECT = ("NOT_IN_GROUP", "GROUP_NOT_FOUND", "INVALID_GROUP_ID", "USER_CANNOT_ACCESS_GROUP")
_NO_CLUSTER = ("CLUSTER_NOT_FOUND", "CLUSTER_NAME_NOT_FOUND", "INVALID_CLUSTER_ID")
_WRONG_PLATFORM = ("ATLAS_GROUP", "NOT_ATLAS_GROUP")
_LOW_ROLE = ("USER_UNAUTHORIZED", "ACCESS_FORBIDDEN")
_OF_A_SHARD = ("CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT", "CANNOT_MODIFY_CLUSTER_SNAPSHOT")
# The ends of codes that say that the address is not listed; older services say whitelist.
_ACCESS_LIST = ("_ACCESS_LIST", "_WHITELIST")
_ROLE_HINT = (
    "The role of the key is too low: reading needs Project Read Only, changing and deleting need "
    "Project Owner; on Cloud and Ops Manager a delete inside the point-in-time window needs "
    "Global Backup Admin or Global Owner."
)

HINTS: dict[str, str] = {
    **dict.fromkeys(_NO_PROJECT, "Check project_id: there is no such project, or the key is no member of it."),
    **dict.fromkeys(
        _NO_CLUSTER,
        "Check cluster_name (Atlas: the exact name) or cluster_id (Cloud and Ops Manager: the id), "
        "and that it is in this project.",
    ),
    **dict.fromkeys(_LOW_ROLE, _ROLE_HINT),
    **dict.fromkeys(
        _OF_A_SHARD, "It is one shard's part: name the sharded cluster itself, whose snapshot holds all parts."
    ),
    "ATLAS_GROUP": "This project is on Atlas: set platform to atlas.",
    "NOT_ATLAS_GROUP": (
        "This project is not on Atlas: set platform to cloud_manager, or to ops_manager with its base_url."
    ),
    **dict.fromkeys(
        ("BACKUP_JOB_NOT_FOUND", "BACKUP_CONFIG_NOT_FOUND"),
        "Legacy backups are not enabled for this cluster: check its name and the project.",
    ),
    "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API": "It is a Flex cluster, which has no legacy backup: leave it out.",
    "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT": (
        "Wait until the snapshot is complete. After more than a day it may be stuck: look at the backup of the cluster."
    ),
    "CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY": (
        "The project's backup compliance policy forbids it; it can only expire."
    ),
    "ALREADY_EXPIRED": "Its expiry has passed, and the service lets nobody edit it any more.",
    "ACCOUNT_SUSPENDED": "The account is suspended for an unpaid invoice.",
    "RESOURCE_NOT_FOUND": (
        "The service knows no such path, or what the path names is not there: check platform, api_version and "
        "base_url, then the project, the cluster and the id."
    ),
    "VERSION_GONE": "The service no longer speaks this version of its API.",
}
# For codes that are not in HINTS. Of a 403 with an unknown code nothing is known.
_STATUS_HINTS = {
    407: (
        "The proxy asks for a password, or refused the one it got: put it into the address of the proxy, "
        "before the host."
    ),
    429: "Too many requests: raise retry_timeout, or lower concurrency, forks or the number of jobs at once.",
}

# A whole run of the characters of addresses, so that no text makes the search slow.
_ADDRESS = re.compile(r"(?<![\w:.])[0-9a-fA-F:.]{2,46}(?![\w:])")
# DNS says that the name does not exist. Its other errors may be temporary.
_NO_SUCH_NAME = re.compile(r"Name or service not known|nodename nor servname|No address associated|\[Errno -[25]\]")
_PROXY = "This was the proxy: "
_KEY_HINT = "Check base_url, proxy and the key."


class OptionError(Exception):
    """The options cannot be carried out, which is found without a request. The text names option and remedy."""


@dataclass(eq=False)
class ApiError(Exception):
    """Why a request failed.

    `status` is None without a response. `answer_lost`: the response to an earlier try was lost, so that try may have
    been carried out. `fate_unknown`: nobody can tell whether the request was. `exhausted`: no time was left to retry.
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
    def is_about_the_token(self) -> bool:
        """Whether the request for a token failed, and not the one that needs the token."""
        return self.method == "POST"

    @property
    def meets_all(self) -> bool:
        """Whether every further request of the same task would fail in the same way."""
        if self.exhausted or self.is_about_the_token or self.status in (None, 401, 402):
            return True
        if self.status == 403:
            # CANNOT_… is about this one snapshot, not about the address or the role.
            return not (self.code or "").startswith("CANNOT_")
        return self.code in (*_NO_PROJECT, *_NO_CLUSTER, *_WRONG_PLATFORM)

    def to_result(self) -> Mapping[str, Any]:
        """`error` as results have it: status (int or None), code and detail (str or None)."""
        return {"status": self.status, "code": self.code, "detail": self.detail or self.message}


class TransientError(Exception):
    """An error that may go away, so that the request is worth a retry.

    `wait` are the seconds that the service asks to wait. `may_be_done`: the request may have been carried out. `most`
    is the number of retries, None for as many as the time allows. `no_contact`: nothing shows that there is a service.
    """

    def __init__(
        self,
        error: ApiError,
        wait: float | None = None,
        may_be_done: bool = False,
        most: int | None = None,
        no_contact: bool = False,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.may_be_done = may_be_done
        self.most = most
        self.no_contact = no_contact


def names_its_cause(code: str | None) -> bool:
    """Whether a 401 with this code is about something else than the key, so that a retry does not help."""
    return code is not None and (code in (*ABOUT_THE_ROLE, *_OTHER_CAUSES) or code.endswith(_ACCESS_LIST))


def hint_for(status: int | None, code: str | None, detail: str | None, parameters: Sequence[Any] = ()) -> str:
    """What a person can do about an error response; "" where nothing is known."""
    if code is None:
        return _ROLE_HINT if status == 403 else _STATUS_HINTS.get(status or 0, "")
    if code.endswith(_ACCESS_LIST):
        return _access_list_hint(detail, parameters)
    return HINTS.get(code) or _STATUS_HINTS.get(status or 0, "")


def no_response(request: Request, exc: Exception, settings: Settings, secrets: Sequence[str]) -> Exception:
    """The error for what sending raised: an ApiError, or a TransientError where a retry may help."""
    hint = _permanent_hint(exc, settings.verify)
    if hint is not None:
        return _unreachable(request, exc, hint, settings, secrets)
    kinds = requests.exceptions
    never_sent = isinstance(exc, (kinds.ConnectTimeout, kinds.ProxyError)) or "NewConnectionError" in str(exc)
    error = _unreachable(request, exc, _retry_hint(exc, request.url), settings, secrets)
    return TransientError(error, may_be_done=not never_sent, no_contact=not isinstance(exc, kinds.Timeout))


def _unreachable(request: Request, exc: Exception, hint: str, settings: Settings, secrets: Sequence[str]) -> ApiError:
    """The error for a request without a response, with its cause and the hint."""
    detail = readable(_cause(exc, settings.timeout), secrets).rstrip(".")
    proxy = proxy_of(request.url, settings.proxies)
    through = f" through the proxy {proxy}" if proxy else ""
    return ApiError(
        f"{request.method} {request.path} got no answer from {urlsplit(request.url).netloc}"
        f"{through}: {detail}.{f' {hint}' if hint else ''}",
        detail=detail,
        method=request.method,
        path=request.path,
    )


def _access_list_hint(detail: str | None, parameters: Sequence[Any]) -> str:
    texts = [*(one for one in parameters if isinstance(one, str)), detail or ""]
    words = (word.rstrip(".") for text in texts for word in _ADDRESS.findall(text[:DETAIL_LENGTH]))
    found = next(filter(_is_address, words), None)
    address = f"The address {found}" if found else "The address this runs from"
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


def _permanent_hint(exc: Exception, verify: bool | str) -> str | None:
    """What to do where no retry helps, "" where that is not known; None where a retry may help."""
    kinds = requests.exceptions
    if not isinstance(exc, kinds.RequestException):
        # requests wraps errors of the network. An OSError is about a file of certificates.
        of_a_file = isinstance(exc, OSError)
        return "Check ca_path, and the variable REQUESTS_CA_BUNDLE." if of_a_file else _KEY_HINT
    if isinstance(exc, kinds.ProxyError):
        return _proxy_hint(exc, verify)
    if isinstance(exc, kinds.SSLError) and (hint := _tls_hint(_cause(exc, 0), verify)):
        return hint
    if isinstance(exc, (kinds.InvalidURL, kinds.InvalidSchema, kinds.MissingSchema)):
        return "Check base_url and proxy."
    if isinstance(exc, kinds.ConnectionError) and _NO_SUCH_NAME.search(str(exc)):
        return "There is no such host: check base_url and proxy."
    temporary = (kinds.ConnectionError, kinds.Timeout, kinds.ChunkedEncodingError, kinds.ContentDecodingError)
    return None if isinstance(exc, temporary) else ""


def _proxy_hint(exc: Exception, verify: bool | str) -> str | None:
    """The same for what a proxy refuses or answers."""
    text, hint = str(exc), _tls_hint(_cause(exc, 0), verify)
    if not hint and "407" in text:
        hint = _STATUS_HINTS[407]
    if hint:
        return _PROXY + hint
    if _NO_SUCH_NAME.search(text):
        return "The proxy's host is not known: check proxy, or the usual proxy variables."
    return None


def _tls_hint(text: str, verify: bool | str) -> str:
    """What to do where TLS fails for good; "" where a retry may help."""
    if re.search(r"CERTIFICATE_VERIFY_FAILED.*(?:expired|not yet valid)", text):
        return "It must be renewed on the server, or else the clock of this host is wrong."
    if re.search(r"[Mm]ismatch|doesn't match|not valid for", text):
        return "The certificate is of another name: put a name that it has into base_url."
    if re.search(r"CERTIFICATE|certificate|X509|PEM", text):
        folder = isinstance(verify, str) and os.path.isdir(verify)
        hashed = " (in a folder only files count that `openssl rehash` has linked)" if folder else ""
        return f"The certificate is not trusted: give the CA's file as ca_path{hashed}."
    if re.search(r"WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH|RECORD_LAYER_FAILURE", text):
        return "What answers there speaks no TLS: check host and port, and whether the address begins with http."
    if re.search(r"PROTOCOL|VERSION|HANDSHAKE_FAILURE|NO_CIPHERS", text):
        return "The server offers no TLS of version 1.2 or later at this address, and nothing older is spoken."
    return ""


def _retry_hint(exc: Exception, url: str) -> str:
    """What to look at where retries do not help."""
    kinds, text = requests.exceptions, str(exc)
    if isinstance(exc, kinds.ProxyError):
        return _PROXY + "check proxy, or the variables for it."
    if isinstance(exc, kinds.ConnectTimeout):
        return "Check base_url and proxy, and what may stand in between."
    if isinstance(exc, kinds.Timeout):
        return "Raise timeout where the service is only slow."
    if "refused" in text:
        return "Nobody listens there: check base_url, its port, and proxy."
    if isinstance(exc, kinds.SSLError):
        return "Check base_url: does it speak TLS 1.2 or later at this port?"
    if url.startswith("http:") and isinstance(exc, kinds.ConnectionError):
        return "Where this port speaks HTTPS, base_url has to begin with https."
    return ""


def _cause(exc: Exception, timeout: float) -> str:
    """The innermost reason for an exception of requests, whose own text names objects and addresses."""
    if isinstance(exc, requests.exceptions.Timeout):
        part = "only a part of an" if isinstance(exc, PartialResponse) else "no"
        return f"{part} answer within timeout ({timeout:g} s)"
    inner: BaseException = exc
    while (following := _inner(inner)) is not None and not _quotes_the_server(inner):
        inner = following
    return "what answers is no HTTP" if _quotes_the_server(inner) else str(inner) or type(inner).__name__


def _quotes_the_server(exc: BaseException) -> bool:
    """Whether the text of an exception contains what the server sent, which may be the request's secrets."""
    if isinstance(exc, http.client.RemoteDisconnected):
        return False
    known = (http.client.BadStatusLine, http.client.UnknownProtocol, http.client.LineTooLong)
    return isinstance(exc, known) or type(exc).__name__ in ("InvalidChunkLength", "InvalidHeader")


def _inner(exc: BaseException) -> BaseException | None:
    found = next((arg for arg in exc.args if isinstance(arg, BaseException)), None)
    if found is None:
        found = getattr(exc, "reason", None) or exc.__cause__ or exc.__context__
    return found if isinstance(found, BaseException) and found is not exc else None
