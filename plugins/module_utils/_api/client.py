# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to the service: one session, signed requests, retries, read-only mode, one type of error."""

from __future__ import annotations

import json
import math
import random
import re
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any, Callable, TypeVar

from .auth import Auth, Basic
from .errors import TIME_LIMIT, ApiError, TransientError, no_response
from .pagination import PAGE_SIZE, READS_AT_ONCE, Listing, Page, page_of
from .redaction import readable, redact_response
from .responses import LONGEST_WAIT, error_for, is_verdict, parse, unexpected
from .settings import Dialect, Request, Settings, quoted_path
from .tokens import Token
from .transport import Response, Unusable, send, session

try:
    import requests
    import urllib3.exceptions
except ImportError as exc:
    REQUESTS_ERROR: ImportError | None = exc
else:
    REQUESTS_ERROR = None

FIRST_WAIT = 1.0
LONGEST_BACKOFF = 30.0
SHORTEST_TIMEOUT = 1.0  # with less time left, no request is sent
LONGEST_LIFE = 86400.0  # of a token; no task takes longer
# A request is signed again for a digest challenge, and more often where a balancer sends each try to another server.
_SIGNED_TRIES = 20
# Until the service has answered for the first time: tries in all, and the seconds that they may take.
_FIRST_TRIES = 3
_FIRST_SECONDS = 10.0
# Not `get`, which is a method of dictionaries: a template could not read it.
_COUNTS = {"GET": "gets", "PATCH": "patches", "DELETE": "deletes", "POST": "posts"}

_Row = TypeVar("_Row")
# Called before each try of a write, with the number of tries so far, and whether one of them may have been carried out.
BeforeTry = Callable[[int, bool], None]


@dataclass(frozen=True)
class Timing:
    """Clock and chance, so that tests can replace them."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class RetryLog:
    """The retries of a client, over all its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0
        self.waited = 0.0
        self.last = ""
        # Called with the reason for the first retry, before the wait.
        self.on_first: Callable[[str], None] | None = None

    def add(self, seconds: float, error: ApiError) -> None:
        """A retry because of an error, after a wait of so many seconds."""
        with self._lock:
            self.count += 1
            self.waited += seconds
            self.last = f"{error.status or 'no answer'} {error.code or error.detail or ''}".strip()
            is_first = self.count == 1
        if is_first and self.on_first is not None:
            self.on_first(f"{error} It is tried again.")

    def summary(self) -> str | None:
        """One sentence for a warning; None when there was no retry."""
        if not self.count:
            return None
        retries = "1 retry" if self.count == 1 else f"{self.count} retries"
        return f"waited {math.ceil(self.waited)} s in {retries}; last: {self.last}"


class RequestLog:
    """The requests of a client, over all its threads, with challenges and retries."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(_COUNTS.values(), 0)
        self._first: datetime | None = None
        self._last: datetime | None = None

    def add(self, method: str) -> None:
        """A request that is sent now."""
        with self._lock:
            self._counts[_COUNTS[method]] += 1
            self._last = datetime.now(timezone.utc)
            self._first = self._first or self._last

    def to_result(self) -> dict[str, Any]:
        """Counts by method, and when the first and the last request were sent (ISO 8601, UTC)."""
        moments = {"first": self._first, "last": self._last}
        return {**self._counts, **{name: at and at.strftime("%Y-%m-%dT%H:%M:%SZ") for name, at in moments.items()}}


class Client:
    """Sends requests with one set of credentials. Safe to use from as many threads as there are connections."""

    def __init__(self, settings: Settings, auth: Auth, timing: Timing | None = None) -> None:
        self._settings = settings
        self._auth = auth
        self._timing = timing or Timing()
        self._session = _session(settings)
        self._ends_at = self._timing.monotonic() + settings.time_limit
        self._has_answered = settings.has_answered
        self.retries = RetryLog()
        self.sent = RequestLog()

    @property
    def dialect(self) -> Dialect:
        """The dialect of the service."""
        return self._settings.dialect

    def get(self, *parts: str, query: Mapping[str, Any] | None = None, media_type: str | None = None) -> dict[str, Any]:
        """The JSON object at a path. `media_type` is for a resource with a version of its own."""
        request = self._request("GET", parts, query=query, media_type=media_type)
        return self._object(request, self._send(request)[0])

    @property
    def clock(self) -> Callable[[], float]:
        """The clock that this client waits by, in seconds."""
        return self._timing.monotonic

    def patch(self, *parts: str, body: Mapping[str, Any], before_try: BeforeTry | None = None) -> dict[str, Any] | None:
        """Change what is at a path. Returns the JSON object in the response, None where it has no body."""
        request = self._request("PATCH", parts, body=json.dumps(body, sort_keys=True).encode())
        return self._write(request, before_try)

    def delete(self, *parts: str, before_try: BeforeTry | None = None) -> None:
        """Delete what is at a path. The response has to be 2xx with no body or a JSON object."""
        self._write(self._request("DELETE", parts), before_try)

    def page(self, *parts: str, number: int = 1, query: Mapping[str, Any] | None = None) -> Page:
        """One page of a listing."""
        request = self._page_request(parts, query, None, number)
        return page_of(self._object(request, self._send(request)[0]), partial(unexpected, request, 200))

    def listing(
        self, *parts: str, query: Mapping[str, Any] | None = None, key: str = "id", media_type: str | None = None
    ) -> list[dict[str, Any]]:
        """The rows of all pages, each with an id of its own under `key`."""
        return self.listing_of(dict, *parts, query=query, key=key, media_type=media_type)

    def listing_of(
        self,
        make: Callable[[dict[str, Any]], _Row],
        *parts: str,
        query: Mapping[str, Any] | None = None,
        key: str = "id",
        media_type: str | None = None,
    ) -> list[_Row]:
        """What `make` makes of the rows of all pages."""
        request = self._request("GET", parts)
        listing = Listing(
            send=lambda number: self._send(self._page_request(parts, query, media_type, number))[0],
            parse=partial(self._object, request),
            error=partial(unexpected, request, 200),
            key=key,
            at_once=min(READS_AT_ONCE, self._settings.connections),
        )
        return listing.read(make)

    def _page_request(
        self, parts: Sequence[str], query: Mapping[str, Any] | None, media_type: str | None, number: int
    ) -> Request:
        numbered = {**(query or {}), "pageNum": number, "itemsPerPage": PAGE_SIZE}
        return self._request("GET", parts, query=numbered, media_type=media_type)

    def _request(
        self,
        method: str,
        parts: Sequence[str],
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        media_type: str | None = None,
    ) -> Request:
        url = self._settings.base_url + self._settings.dialect.api_path + quoted_path(parts)
        headers = {"Accept": media_type or self._settings.dialect.media_type}
        if body is not None:
            headers["Content-Type"] = self._settings.dialect.media_type
        return Request(method, url, self._auth, query, body, headers)

    def _object(self, request: Request, response: Response) -> dict[str, Any]:
        body = parse(request, response, self._secrets(request))
        if body is None:
            raise unexpected(request, response.status, "no body where a JSON object was due")
        return body

    def _write(self, request: Request, before_try: BeforeTry | None) -> dict[str, Any] | None:
        response, answer_lost = self._send(request, before_try)
        try:
            return parse(request, response, self._secrets(request))
        except ApiError as error:
            _mark(error, answer_lost)
            raise

    def _new_token(self, begun: float, account: Basic) -> Token:
        """A token for a service account (contract 3). A 429 of this endpoint is retried like any other.

        `begun` is when this task began to want it. The time that it waited for another to get one counts as well:
        where the endpoint fails, all tasks of a run fail together, and not one after the other.
        """
        request = Request(
            "POST",
            self._settings.base_url + "/api/oauth/token",
            account,
            body=b"grant_type=client_credentials",
            headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
        )
        body = self._object(request, self._send(request, begun=begun)[0])
        value, life = body.get("access_token"), body.get("expires_in", 3600)
        usable = isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]+", value)
        if not usable or isinstance(life, bool) or not isinstance(life, (int, float)) or not life > 0:
            raise unexpected(request, 200, "an answer without a usable access_token and expires_in")
        return Token(str(value), float(min(life, LONGEST_LIFE)))

    def _send(
        self, request: Request, before_try: BeforeTry | None = None, begun: float | None = None
    ) -> tuple[Response, bool]:
        """Send until the response is 2xx. Raises ApiError if no retry helps, or no time is left since `begun`.

        Returns the response, and whether the response to an earlier try of a write was lost.
        """
        if self._settings.read_only and request.is_write:
            raise ApiError(
                f"{request.method} {request.path} is refused: nothing is written in check mode.",
                method=request.method,
                path=request.path,
            )
        tries = _Tries(self._timing.monotonic() if begun is None else begun)
        while True:
            try:
                if before_try is not None:
                    # What was refused without a cause, and is as asked now, is more likely our doing than another's.
                    before_try(tries.count, tries.answer_lost or tries.refused > 0)
                return self._try(request), tries.answer_lost
            except TransientError as failure:
                tries.add(failure, request.is_write)
                self._wait(failure, tries)
            except ApiError as error:
                _mark(error, tries.answer_lost)
                raise

    def _wait(self, failure: TransientError, tries: _Tries) -> None:
        """Wait before the next try. Raises the error if there is none."""
        error, now, limit = failure.error, self._timing.monotonic(), self._settings.retry_timeout
        if failure.most is not None and (tries.refused > failure.most or not limit):
            _mark(error, tries.answer_lost)
            raise error
        left, used_up = tries.begun + limit - now, f" retry_timeout ({limit:g} s) is used up."
        if failure.no_contact and not self._has_answered and left > 0:
            left = min(left, tries.begun + _FIRST_SECONDS - now) if tries.count < _FIRST_TRIES else 0
            used_up = f" It was tried {tries.count} times: retry_timeout is for a service that has answered before."
        if left <= 0:
            raise _exhausted(error, used_up, tries.answer_lost)
        wait = min(self._backoff(failure, tries.count), LONGEST_WAIT, left)
        if wait > self._ends_at - now - SHORTEST_TIMEOUT:
            raise _exhausted(error, f" time_limit ({self._settings.time_limit:g} s) is used up.", tries.answer_lost)
        self.retries.add(wait, error)
        self._timing.sleep(wait)

    def _backoff(self, failure: TransientError, tries: int) -> float:
        """The seconds to wait, with jitter, so that jobs do not come back together."""
        chance = self._timing.chance()
        if failure.wait is None:
            return min(LONGEST_BACKOFF, FIRST_WAIT * 2.0 ** (tries - 1)) * (0.5 + chance / 2)
        # The service may name a time in the past.
        wait = max(failure.wait, FIRST_WAIT)
        return wait + chance * min(1.0, 0.1 * wait)

    def _try(self, request: Request) -> Response:
        """Send once. Returns a 2xx response; ApiError or TransientError for anything else."""
        try:
            response = redact_response(self._send_signed(request))
        except Unusable as exc:
            what = f"{readable(exc.what)}. Is this the service? Check base_url and proxy"
            raise unexpected(request, exc.status, what) from exc
        except (requests.exceptions.RequestException, OSError, ValueError, urllib3.exceptions.HTTPError) as exc:
            raise no_response(request, exc, self._settings, self._secrets(request)) from exc
        if 200 <= response.status < 300:
            return response
        raise error_for(request, response, self._secrets(request), self._settings.proxies)

    def _send_signed(self, request: Request) -> Response:
        for number in range(1, _SIGNED_TRIES + 1):
            request.auth.prepare(partial(self._new_token, self._timing.monotonic()))
            self.sent.add(request.method)
            response = send(
                self._session,
                request.method,
                request.url,
                self._timeout(request),
                params=request.query,
                data=request.body,
                headers=request.headers,
                auth=request.auth,
                # For each request, since REQUESTS_CA_BUNDLE overrides the session's own setting.
                verify=self._settings.verify,
                proxies=dict(self._settings.proxies),
            )
            self._has_answered = True
            if response.status != 401 or (is_verdict(response) and not request.auth.is_challenge(response)):
                request.auth.accepted(response)
                return response
            if number == _SIGNED_TRIES or not request.auth.renewed(response):
                return response
        raise AssertionError("the last try returns")

    def _timeout(self, request: Request) -> float:
        """The seconds that a request may take. Raises ApiError if time_limit leaves none."""
        left = self._ends_at - self._timing.monotonic()
        if left < SHORTEST_TIMEOUT:
            limit = f"time_limit ({self._settings.time_limit:g} s)"
            raise ApiError(
                f"{request.method} {request.path} was not sent: {limit} is used up.",
                code=TIME_LIMIT,
                method=request.method,
                path=request.path,
            )
        return min(self._settings.timeout, left)

    def _secrets(self, request: Request) -> list[str]:
        return [*self._settings.secrets, *self._auth.secrets, *request.auth.secrets]


@dataclass
class _Tries:
    """The failed tries of one request: since when, how many, how many for no cause, and whether one may be done."""

    begun: float
    count: int = 0
    refused: int = 0
    answer_lost: bool = False

    def add(self, failure: TransientError, is_write: bool) -> None:
        self.count += 1
        self.refused += failure.most is not None
        self.answer_lost = self.answer_lost or (is_write and failure.may_be_done)


def _exhausted(error: ApiError, why: str, answer_lost: bool) -> ApiError:
    error.message += why
    error.exhausted = True
    error.fate_unknown = answer_lost
    return error


def _mark(error: ApiError, answer_lost: bool) -> None:
    """Note on an error that the request may have been carried out by an earlier try."""
    error.answer_lost = answer_lost
    error.fate_unknown = error.fate_unknown or answer_lost


def _session(settings: Settings) -> Any:
    made = session(settings.connections)
    made.headers["User-Agent"] = "mongodb_ops.legacy_backup"
    if settings.verify is False:
        # The task warns once. Without this urllib3 would write to stderr for each request.
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
    return made
