# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: which request goes wrong, and how; and hooks that act between requests."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import CATALOGUE
from .exchange import Call

# Answered in place of being processed.
INSTEAD = {
    "stale": "401 with a fresh nonce and stale=true",
    "unauthorized": "401 with a challenge, as for bad credentials, and `code` (None: a body without errorCode)",
    "access_list": "403, the address is not on the access list",
    "not_found": "404 with `code` (None: a body without errorCode)",
    "upgrade": "405 WRITES_NOT_ALLOWED_DURING_APP_UPGRADES",
    "conflict": "409 with `code`",
    "rate_limited": "429; `retry_after` seconds, None for no header",
    "error": "`code` of the catalogue, with its status",
    "server_error": "500 UNEXPECTED_ERROR",
    "bad_gateway": "502, a proxy's HTML",
    "unavailable": "503; `retry_after` seconds, None for no header",
    "gateway_timeout": "504, a proxy's HTML",
    "reset_before": "connection reset, nothing was processed",
    "redirect": "`status` (302) to `location`",
    "login_page": "200 with a proxy's HTML log-in page",
    "echo": "400 whose text repeats all of the request, headers too",
    "answer": "`status`, `body` (text or bytes), `media_type`, `headers` and the phrase `reason` as given",
    "fixture": "`status` (200) and the file `body` of fixtures/, byte for byte",
}
# Processed; then the answer suffers.
AFTER = {
    "reset_after": "connection reset, the request was processed",
    "truncated": "half of the announced body, then the connection closes",
    "slow_after": "processed, answered after `seconds`",
    "wrong_type": "the right body as text/html",
    "broken_json": "a body cut off inside, of announced length",
    "empty_page": "a page of a listing without its rows; links and total stay",
    "wrong_shape": "JSON of another shape: `body`, or a list of one number",
    "answer_after": "processed; then `status`, `body` and `media_type` as given in place of its answer",
    "hang_up": "answered; then every connection is cut and none is accepted until `Simulator.listen()`",
}
# Processed only after a while: a client that gave up meanwhile has its request carried out all the same.
DELAYED = {"slow_before": "processed and answered after `seconds`"}
KINDS = {**INSTEAD, **AFTER, **DELAYED}


@dataclass
class Matcher:
    """Which requests: all that is given must hold. `nth` counts, from 1, those for which the rest holds."""

    at: int | None = None
    method: str | None = None
    path: str | None = None
    nth: int | None = None
    # None: for ever.
    times: int | None = 1
    # Only requests that carry credentials (a first digest request does not). None: only those, unless `at` is given.
    authorised: bool | None = None
    when: Callable[[Call], bool] | None = None
    _seen: int = field(default=0, repr=False)
    _fired: int = field(default=0, repr=False)

    def takes(self, call: Call) -> bool:
        if (self.times is not None and self._fired >= self.times) or not self._fits(call):
            return False
        self._seen += 1
        if self.nth is not None and self._seen < self.nth:
            return False
        self._fired += 1
        return True

    def _fits(self, call: Call) -> bool:
        with_credentials = self.at is None if self.authorised is None else self.authorised
        return (
            (self.at is None or call.index == self.at)
            and (self.method is None or call.method == self.method)
            and (self.path is None or re.search(self.path, call.path) is not None)
            and (not with_credentials or bool(call.authorization))
            and (self.when is None or self.when(call))
        )

    @property
    def fired(self) -> int:
        return self._fired


@dataclass
class Fault:
    """One way to go wrong, for the requests that its matcher takes."""

    kind: str
    matcher: Matcher
    code: str | None = None
    status: int | None = None
    retry_after: int | None = None
    seconds: float = 0.0
    location: str = "https://elsewhere.invalid/"
    body: str | bytes | None = None
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None

    @property
    def fired(self) -> int:
        """How often it was injected."""
        return self.matcher.fired


@dataclass
class Hook:
    before: bool
    matcher: Matcher
    call: Callable[[Call], object]


class Faults:
    """The faults in wait. The first whose matcher takes a request is injected there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._hooks: list[Hook] = []

    def add(
        self,
        kind: str,
        *,
        at: int | None = None,
        method: str | None = None,
        path: str | None = None,
        nth: int | None = None,
        times: int | None = 1,
        authorised: bool | None = None,
        when: Callable[[Call], bool] | None = None,
        **more: Any,
    ) -> Fault:
        """Inject a fault of that kind (see KINDS); `more` are fields of Fault."""
        if kind not in KINDS:
            raise ValueError(f"no fault is called {kind!r}; there are {', '.join(KINDS)}")
        if more.get("code") is not None and more["code"] not in CATALOGUE:
            raise ValueError(f"no error code {more['code']!r} in the catalogue")
        fault = Fault(kind, Matcher(at, method, path, nth, times, authorised, when), **more)
        with self._lock:
            self._faults.append(fault)
        return fault

    def before(self, call: Callable[[Call], object], **which: Any) -> Hook:
        """Have a function called before the requests that match (fields of Matcher) are processed."""
        return self._hook(Hook(True, Matcher(**which), call))

    def after(self, call: Callable[[Call], object], **which: Any) -> Hook:
        """The same after they were processed, before they are answered."""
        return self._hook(Hook(False, Matcher(**which), call))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self._hooks.clear()

    def take(self, call: Call) -> Fault | None:
        with self._lock:
            return next((fault for fault in self._faults if fault.matcher.takes(call)), None)

    def hooks(self, call: Call) -> tuple[list[Hook], list[Hook]]:
        """Those to be called before, and those after this request."""
        with self._lock:
            taken = [hook for hook in self._hooks if hook.matcher.takes(call)]
        return [hook for hook in taken if hook.before], [hook for hook in taken if not hook.before]

    def _hook(self, hook: Hook) -> Hook:
        with self._lock:
            self._hooks.append(hook)
        return hook


NOT_FOUND_CODES = tuple(code for code, (status, _detail) in CATALOGUE.items() if status == 404)


def matrix(slow: float = 5.0) -> dict[str, dict[str, Any]]:
    """Every fault that a client has to survive: label -> arguments of `Faults.add`."""
    cases: dict[str, dict[str, Any]] = {
        "401 stale": {"kind": "stale"},
        "401": {"kind": "unauthorized"},
        "403 access list": {"kind": "access_list"},
        "405 upgrade": {"kind": "upgrade"},
        "409": {"kind": "conflict"},
        "429 with Retry-After": {"kind": "rate_limited", "retry_after": 1},
        "429 without Retry-After": {"kind": "rate_limited"},
        "500": {"kind": "server_error"},
        "502 HTML": {"kind": "bad_gateway"},
        "503": {"kind": "unavailable"},
        "503 with Retry-After": {"kind": "unavailable", "retry_after": 1},
        "504": {"kind": "gateway_timeout"},
        "reset before": {"kind": "reset_before"},
        "reset after": {"kind": "reset_after"},
        "truncated body": {"kind": "truncated"},
        "slow before": {"kind": "slow_before", "seconds": slow},
        "slow after": {"kind": "slow_after", "seconds": slow},
        "wrong content type": {"kind": "wrong_type"},
        "broken JSON": {"kind": "broken_json"},
        "wrong shape": {"kind": "wrong_shape"},
        "redirect": {"kind": "redirect"},
        "log-in page": {"kind": "login_page"},
        "400": {"kind": "error", "code": "VALIDATION_ERROR"},
        "401 without a challenge": {"kind": "answer", "status": 401, "body": ""},
        "401 role": {"kind": "error", "code": "USER_UNAUTHORIZED"},
        "402": {"kind": "error", "code": "ACCOUNT_SUSPENDED"},
        "403 role": {"kind": "error", "code": "ACCESS_FORBIDDEN"},
        "403 snapshot": {"kind": "error", "code": "CANNOT_MODIFY_SNAPSHOT"},
        "405": {"kind": "error", "code": "METHOD_NOT_ALLOWED"},
        "408": {"kind": "answer", "status": 408, "body": "", "media_type": "text/html"},
        "409 in use": {"kind": "error", "code": "LINK_EXPIRATION_AFTER_SNAPSHOT_DELETION"},
        "410": {"kind": "error", "code": "VERSION_GONE"},
        "500 HTML": {"kind": "answer", "status": 500, "body": "<html>Oops</html>", "media_type": "text/html"},
        "301": {"kind": "redirect", "status": 301, "location": "/login"},
        "307": {"kind": "redirect", "status": 307},
        "log-in page after": {"kind": "answer_after", "body": "<title>Log in</title>", "media_type": "text/html"},
    }
    for status in (500, 502, 503, 504):
        # A gateway that gives up on a service that carries on.
        cases[f"{status} after"] = {"kind": "answer_after", "status": status, "body": "", "media_type": "text/html"}
    for body in ("{}", "null", "42", '"x"', '{"results":null}', '{"results":[42]}', '{"results":[{}]}', '{"id":null}'):
        cases[f"shape {body}"] = {"kind": "wrong_shape", "body": body}
    for code in NOT_FOUND_CODES:
        cases[f"404 {code}"] = {"kind": "not_found", "code": code}
    cases["404 without code"] = {"kind": "not_found"}
    return cases
