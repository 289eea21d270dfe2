# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""Why no answer came, in words that tell what to look at, and whether it may pass."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError, readable, way_out
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.responses import Passing
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.settings import Request, Settings
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.transport import PartialResponse, proxy_of

try:
    import requests
except ImportError as exc:
    # `_client` says so, and nothing of this is ever called.
    _MISSING = exc

# DNS says that there is no such name; anything else of DNS may pass.
_NO_SUCH_NAME = re.compile(r"Name or service not known|nodename nor servname|No address associated|\[Errno -[25]\]")


def broken(request: Request, exc: Exception, settings: Settings, secrets: Sequence[str]) -> Exception:
    """The error for a request without an answer, wrapped where it may pass."""
    kinds, text = requests.exceptions, str(exc)
    proxy = "This was the proxy: " if isinstance(exc, kinds.ProxyError) else ""
    if isinstance(exc, (kinds.SSLError, kinds.ProxyError)):
        hint = _about_tls(_cause(exc, 0), settings.verify)
        if hint:
            return unreachable(request, exc, proxy + hint, settings, secrets)
    if isinstance(exc, kinds.ProxyError) and "407" in text:
        return unreachable(request, exc, proxy + way_out(407, None, None), settings, secrets)
    if isinstance(exc, kinds.ProxyError) and _NO_SUCH_NAME.search(text):
        return unreachable(
            request, exc, "The proxy's host is not known: check proxy, or the usual proxy variables.", settings, secrets
        )
    if isinstance(exc, (kinds.InvalidURL, kinds.InvalidSchema, kinds.MissingSchema, kinds.InvalidProxyURL)):
        return unreachable(request, exc, "Check base_url and proxy.", settings, secrets)
    if isinstance(exc, kinds.ConnectionError) and _NO_SUCH_NAME.search(text):
        return unreachable(request, exc, "There is no such host: check base_url and proxy.", settings, secrets)
    if isinstance(exc, kinds.InvalidHeader) or not isinstance(
        exc, (kinds.ConnectionError, kinds.Timeout, kinds.ChunkedEncodingError, kinds.ContentDecodingError)
    ):
        return unreachable(request, exc, "", settings, secrets)
    hint = proxy + "check proxy, or the variables for it." if proxy else _about_connections(exc, request.url)
    never_sent = isinstance(exc, (kinds.ConnectTimeout, kinds.ProxyError)) or "NewConnectionError" in text
    return Passing(unreachable(request, exc, hint, settings, secrets), taken=not never_sent)


def unreachable(request: Request, exc: Exception, hint: str, settings: Settings, secrets: Sequence[str]) -> ApiError:
    """The error for a request without an answer; `hint` is the way out."""
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


def _about_tls(text: str, verify: bool | str) -> str:
    """What to do where TLS does not come about; "" for what may pass."""
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


def _about_connections(exc: Exception, url: str) -> str:
    """What to look at where no answer came, which may pass."""
    kinds, text = requests.exceptions, str(exc)
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
    """The innermost reason of an exception of requests, whose own text names objects and addresses."""
    if isinstance(exc, requests.exceptions.Timeout):
        part = "only a part of an" if isinstance(exc, PartialResponse) else "no"
        return f"{part} answer within timeout ({timeout:g} s)"
    inner: BaseException = exc
    while True:
        following = getattr(inner, "reason", None) or inner.__cause__ or inner.__context__
        nested = next((arg for arg in inner.args if isinstance(arg, BaseException)), None)
        following = nested if nested is not None else following
        if not isinstance(following, BaseException) or following is inner:
            break
        inner = following
    return str(inner) or type(inner).__name__
