# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""HTTP to the service: one session, retries, pages, read-only mode, one error type. Knows no Ansible.

The wire is described in the API contract; section numbers below are its.
"""

from __future__ import annotations

import email.utils
import json
import math
import os
import random
import re
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Callable, Protocol, TypeVar
from urllib.parse import quote, urlsplit

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._auth import Basic, Token
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._errors import (
    MASK,
    UPGRADING,
    ApiError,
    readable,
    way_out,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._json import decoded, parse_json
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._transport import (
    PartialAnswer,
    Unusable,
    send,
    session,
)

try:
    import requests
    import requests.structures
    import urllib3.exceptions
except ImportError as exc:
    REQUESTS_ERROR: ImportError | None = exc
else:
    REQUESTS_ERROR = None

PAGE_SIZE = 500  # the most that the service allows (1.2)
RELISTINGS = 3
# A million rows: far more than a cluster can hold, so a listing that goes on is one that goes round.
MOST_PAGES = 2000
LONGEST_WAIT = 60.0  # the published buckets refill within a minute (5)
FIRST_WAIT = 1.0
SLOWEST_BACKOFF = 30.0
SHORTEST_PROOF = 8  # of what a request carries to prove who sends it
SEEN = 4000  # characters of an answer that is no JSON
LONGEST_LIFE = 86400.0  # of a token; no task is longer
_GATEWAY = (502, 503, 504)
# A digest challenge, then a nonce that wore out on the way: more is no challenge but a refusal.
_SENDINGS = 3
# Answered with 401 and not 403 to a user that is known (4).
ABOUT_THE_ROLE = ("NOT_IN_GROUP", "USER_UNAUTHORIZED", "USER_CANNOT_ACCESS_GROUP")
# DNS says that there is no such name; anything else of DNS may pass.
_NO_SUCH_NAME = re.compile(r"Name or service not known|nodename nor servname|No address associated|\[Errno -[25]\]")


_Row = TypeVar("_Row")


class Auth(Protocol):
    """What the client needs of an auth object; see `_auth`."""

    def prepare(self, mint: Callable[[Basic], Token]) -> None: ...

    def __call__(self, request: Any) -> Any: ...

    def accepted(self) -> None: ...

    def renewed(self, response: Any) -> bool: ...

    def secrets(self) -> list[str]: ...


@dataclass(frozen=True)
class Dialect:
    """One of the three ways to speak to the service (1)."""

    name: str
    api_path: str
    media_type: str
    cluster_in_path: str  # "name" or "id"


ATLAS_V2 = Dialect("Atlas v2", "/api/atlas/v2", "application/vnd.atlas.2023-01-01+json", "name")
# Of Atlas's clusters, once the version of the rest of v2 has ended for them (2027-07-01).
NEWER_CLUSTERS = "application/vnd.atlas.2024-08-05+json"
ATLAS_V1 = Dialect("Atlas v1.0", "/api/atlas/v1.0", "application/json", "name")
MANAGER = Dialect("Cloud Manager or Ops Manager", "/api/public/v1.0", "application/json", "id")


@dataclass(frozen=True)
class Settings:
    """How to reach the service. Times in seconds; `verify` and `proxies` as requests takes them."""

    base_url: str
    dialect: Dialect
    timeout: float = 30
    retry_timeout: float = 300
    verify: bool | str = True
    proxies: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False
    connections: int = 1
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Timing:
    """Clock and chance, so that tests can replace them."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


@dataclass(frozen=True)
class Request:
    """One request, whoever sends it and however often."""

    method: str
    url: str
    auth: Auth
    query: Mapping[str, Any] | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def is_write(self) -> bool:
        return self.method in ("PATCH", "DELETE")


@dataclass(frozen=True)
class Answer:
    """A good answer: the JSON object, or None where there is no body; and whether an earlier one was lost."""

    status: int
    body: dict[str, Any] | None
    answer_lost: bool


@dataclass(frozen=True)
class Page:
    """One page of a listing. `total` is the service's estimate, never a reason to stop (1.3).

    `has_links` says whether the page itself tells that it is the last; else only its shortness does.
    """

    rows: list[dict[str, Any]]
    is_last: bool
    total: int | None
    has_links: bool = True


@dataclass(frozen=True)
class _Heard:
    """An answer without the credentials of its own request, which a server may repeat anywhere in it."""

    status: int
    reason: str
    headers: Mapping[str, str]
    content: bytes


class _Passing(Exception):
    """A failure that may pass; the request is sent again while there is time."""

    def __init__(self, error: ApiError, wait: float | None = None, taken: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.taken = taken


class RetryLog:
    """What was waited for, over all threads of a client."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0
        self.waited = 0.0
        self.last = ""

    def add(self, seconds: float, reason: str) -> None:
        """One wait of so many seconds."""
        with self._lock:
            self.count += 1
            self.waited += seconds
            self.last = reason

    def summary(self) -> str | None:
        """One sentence for a warning; None when nothing was sent twice."""
        if not self.count:
            return None
        retries = "1 retry" if self.count == 1 else f"{self.count} retries"
        return f"waited {math.ceil(self.waited)} s in {retries}; last: {self.last}"


# A template could not read a count called `get`: dictionaries have a method of that name.
_COUNTED = {"GET": "gets", "PATCH": "patches", "DELETE": "deletes", "POST": "posts"}


class Sent:
    """What was sent, over all threads of a client: each sending counts, challenges and retries too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(_COUNTED.values(), 0)
        self._first: datetime | None = None
        self._last: datetime | None = None

    def add(self, method: str) -> None:
        """One sending, now."""
        with self._lock:
            self._counts[_COUNTED[method]] += 1
            self._last = datetime.now(timezone.utc)
            self._first = self._first or self._last

    def to_result(self) -> dict[str, Any]:
        """Counts by method, and when the first and the last was sent."""
        moments = {"first": self._first, "last": self._last}
        return {**self._counts, **{name: at and format_instant(at) for name, at in moments.items()}}


def quoted_path(parts: Sequence[str]) -> str:
    """A path of validated parts, each quoted whole. ValueError for one that would change the path's shape."""
    for part in parts:
        if not part or part in (".", ".."):
            raise ValueError(f"{part!r} cannot be part of a path")
    return "/" + "/".join(quote(part, safe="") for part in parts)


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


class Client:
    """Sends requests for one project key. Safe to use from as many threads as there are connections."""

    def __init__(self, settings: Settings, auth: Auth, timing: Timing | None = None) -> None:
        self._settings = settings
        self._auth = auth
        self._timing = timing or Timing()
        self._session = _session(settings)
        self.retries = RetryLog()
        self.sent = Sent()

    @property
    def dialect(self) -> Dialect:
        """The dialect spoken."""
        return self._settings.dialect

    def get(self, *parts: str, query: Mapping[str, Any] | None = None, media_type: str | None = None) -> dict[str, Any]:
        """The JSON object at a path; `media_type` where the resource has another version than the dialect's own."""
        request = self._request("GET", parts, query=query, media_type=media_type)
        answer = self._deliver(request)
        if answer.body is None:
            raise self._strange(request, answer.status, "no body where a JSON object was due")
        return answer.body

    def patch(self, *parts: str, body: Mapping[str, Any]) -> Answer:
        """Change what is at a path."""
        return self._deliver(self._request("PATCH", parts, body=json.dumps(body, sort_keys=True).encode()))

    def delete(self, *parts: str) -> Answer:
        """Delete what is at a path; done when the answer is 2xx with no body or a JSON object."""
        return self._deliver(self._request("DELETE", parts))

    def page(
        self,
        *parts: str,
        number: int = 1,
        query: Mapping[str, Any] | None = None,
        media_type: str | None = None,
    ) -> Page:
        """One page of a listing."""
        request = self._request("GET", parts)
        asked = {**(query or {}), "pageNum": number, "itemsPerPage": PAGE_SIZE}
        body = self.get(*parts, query=asked, media_type=media_type)
        rows, links, total = body.get("results"), body.get("links"), body.get("totalCount")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._strange(request, 200, "a listing whose results are not a list of objects")
        return Page(rows, _is_last(rows, links), total if isinstance(total, int) else None, _has(links))

    def listing(
        self,
        *parts: str,
        query: Mapping[str, Any] | None = None,
        key: str = "id",
        media_type: str | None = None,
    ) -> list[dict[str, Any]]:
        """All rows of all pages, as `listing_of` reads them."""
        return self.listing_of(dict, *parts, query=query, key=key, media_type=media_type)

    def listing_of(
        self,
        made: Callable[[dict[str, Any]], _Row],
        *parts: str,
        query: Mapping[str, Any] | None = None,
        key: str = "id",
        media_type: str | None = None,
    ) -> list[_Row]:
        """What is made of the rows of all pages, each while the next page is on its way.

        Rows that come or go while pages are read move the others (1.3), so that one may come twice or be
        missed. An id that comes twice shows it, and so may a total that is another on a later page: it is
        listed again, three times at most, then that is the error. Totals are estimates (1.3), so the same
        rows once more are believed whatever they say.
        """
        before: set[str] | None = None
        moved = ""
        for _unused in range(1 + RELISTINGS):
            rows: dict[str, _Row] = {}
            totals: set[int] = set()
            twice = self._read_pages(made, parts, query, key, rows, totals, media_type)
            if not twice and (len(totals) < 2 or set(rows) == before):
                return list(rows.values())
            before = None if twice else set(rows)
            moved = f"{twice} came twice" if twice else f"the total was {min(totals)} and {max(totals)}"
        raise self._strange(
            self._request("GET", parts),
            200,
            f"a listing that shifts while it is read or goes round: {moved}, in "
            f"{1 + RELISTINGS} listings one after the other. Try again when nothing else changes it",
        )

    def _read_pages(
        self,
        made: Callable[[dict[str, Any]], _Row],
        parts: Sequence[str],
        query: Mapping[str, Any] | None,
        key: str,
        rows: dict[str, _Row],
        totals: set[int],
        media_type: str | None,
    ) -> str:
        for page in self._pages(parts, query, media_type):
            if page.total is not None:
                totals.add(page.total)
            for row in page.rows:
                name = row.get(key)
                if not isinstance(name, str):
                    raise self._strange(self._request("GET", parts), 200, f"a listing with a row without {key}")
                if name in rows:
                    return readable(name)
                rows[name] = made(row)
        return ""

    def _pages(self, parts: Sequence[str], query: Mapping[str, Any] | None, media_type: str | None) -> Iterator[Page]:
        """The pages one after the other; the next is asked for before the present one is looked at."""
        page = self.page(*parts, number=1, query=query, media_type=media_type)
        seen = len(page.rows)
        # A thread costs nothing before there is a second page.
        with ThreadPoolExecutor(1) as ahead:
            for number in range(2, MOST_PAGES + 2):
                # Short by a limit of the service's own, and without links to say so: the total is a reason to go on.
                seems_cut = not page.has_links and page.rows and (page.total or 0) > seen
                if page.is_last and not seems_cut:
                    yield page
                    return
                if number > MOST_PAGES:
                    break
                coming = ahead.submit(self.page, *parts, number=number, query=query, media_type=media_type)
                yield page
                page = coming.result()
                seen += len(page.rows)
        raise self._strange(self._request("GET", parts), 200, f"a listing without end, {MOST_PAGES} pages so far")

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

    def _mint(self, account: Basic) -> Token:
        """A new token of a service account (3). The endpoint's own 429 is waited out like any other."""
        request = Request(
            "POST",
            self._settings.base_url + "/api/oauth/token",
            account,
            body=b"grant_type=client_credentials",
            headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
        )
        body = self._deliver(request).body or {}
        value, life = body.get("access_token"), body.get("expires_in", 3600)
        usable = isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]+", value)
        if not usable or isinstance(life, bool) or not isinstance(life, (int, float)) or not life > 0:
            raise self._strange(request, 200, "an answer without a usable access_token and expires_in")
        return Token(str(value), float(min(life, LONGEST_LIFE)))

    def _deliver(self, request: Request) -> Answer:
        if self._settings.read_only and request.is_write:
            raise ApiError(
                f"{request.method} {request.path} is refused: nothing is written in check mode.",
                method=request.method,
                path=request.path,
            )
        deadline = self._timing.monotonic() + self._settings.retry_timeout
        lost, tries = False, 0
        while True:
            try:
                status, body = self._try(request)
                return Answer(status, body, lost)
            except _Passing as passing:
                lost = lost or (request.is_write and passing.taken)
                self._wait(passing, deadline, tries, lost)
                tries += 1
            except ApiError as error:
                error.answer_lost = lost
                error.fate_unknown = error.fate_unknown or lost
                raise

    def _wait(self, passing: _Passing, deadline: float, tries: int, lost: bool) -> None:
        left = deadline - self._timing.monotonic()
        error = passing.error
        if left <= 0:
            error.message += f" retry_timeout ({self._settings.retry_timeout:g} s) is used up."
            error.exhausted = True
            error.fate_unknown = lost
            raise error
        # Jitter on top of what was asked for, so that jobs that were refused together do not return together.
        if passing.wait is not None:
            # A wait of no time, or a moment that is past, must not have us knock without a pause.
            wait = max(passing.wait, FIRST_WAIT)
            wait += self._timing.chance() * min(1.0, 0.1 * wait)
        else:
            wait = min(SLOWEST_BACKOFF, FIRST_WAIT * 2**tries) * (0.5 + self._timing.chance() / 2)
        wait = min(wait, LONGEST_WAIT, left)
        self.retries.add(wait, f"{error.status or 'no answer'} {error.code or error.detail or ''}".strip())
        self._timing.sleep(wait)

    def _try(self, request: Request) -> tuple[int, dict[str, Any] | None]:
        try:
            response = self._signed(request)
        except requests.exceptions.RequestException as exc:
            raise self._broken(request, exc) from exc
        except Unusable as exc:
            what = f"{readable(exc.what)}. Is this the service? Check base_url and proxy"
            raise self._strange(request, exc.status, what) from exc
        except OSError as exc:
            # Not of the network, which requests wraps: a file of certificates that is not there.
            raise self._unreachable(request, exc, "Check ca_path, and the variable REQUESTS_CA_BUNDLE.") from exc
        except (ValueError, urllib3.exceptions.HTTPError) as exc:
            raise self._unreachable(request, exc, "Check base_url, proxy and the key.") from exc
        heard = _heard(response)
        if 200 <= heard.status < 300:
            return heard.status, self._good(request, heard)
        raise self._refused(request, heard)

    def _signed(self, request: Request) -> Any:
        for sending in range(1, _SENDINGS + 1):
            request.auth.prepare(self._mint)
            self.sent.add(request.method)
            response = send(
                self._session,
                request.method,
                request.url,
                self._settings.timeout,
                params=request.query,
                data=request.body,
                headers=request.headers,
                auth=request.auth,
                # Per request: a session's own setting loses to REQUESTS_CA_BUNDLE.
                verify=self._settings.verify,
                proxies=dict(self._settings.proxies),
            )
            if response.status_code != 401 or _knows_the_user(response):
                request.auth.accepted()
                return response
            if sending == _SENDINGS or not request.auth.renewed(response):
                return response
        raise AssertionError("the last sending returns")

    def _good(self, request: Request, heard: _Heard) -> dict[str, Any] | None:
        if not heard.content.strip():
            return None
        try:
            body = parse_json(heard.content)
        except ValueError as exc:
            secrets = self._secrets(request)
            kind = readable(heard.headers.get("Content-Type", "no content type"), secrets)[:100]
            seen = readable(decoded(heard.content)[:SEEN], secrets)
            # A restore job carries what gives access to the data (9).
            is_secret = request.method == "POST" or request.path.endswith("/restoreJobs")
            if is_secret and not seen.startswith("an HTML page"):
                seen = "not shown, since a token may stand in it"
            raise self._strange(
                request,
                heard.status,
                f"something other than JSON ({kind}: {seen}; {exc}). A log-in page or a proxy in between? "
                "Check base_url and proxy",
            ) from exc
        if not isinstance(body, dict):
            raise self._strange(request, heard.status, "JSON that is not an object")
        return body

    def _refused(self, request: Request, heard: _Heard) -> Exception:
        """The error for an answer that is not 2xx, wrapped where it may pass."""
        status, secrets = heard.status, self._secrets(request)
        try:
            body = parse_json(heard.content)
        except ValueError:
            body = None
        facts = body if isinstance(body, dict) else {}
        code = facts.get("errorCode") if isinstance(facts.get("errorCode"), str) else None
        code = readable(code, secrets) if code else None
        parameters = facts.get("parameters")
        parameters = parameters if isinstance(parameters, list) else []
        words = facts.get("detail") or facts.get("error_description") or facts.get("reason") or facts.get("error")
        if body is None:
            words = decoded(heard.content)[:SEEN]
        detail = readable(words or heard.reason or "no reason given", secrets)
        hint = readable(way_out(status, code, detail, parameters), secrets)
        if 300 <= status < 400:
            target = readable(_host_of(heard.headers.get("Location", "")), secrets)
            hint = f"Redirects are refused (to {target}): put the right address into base_url."
        if status == 407:
            hint = f"This was the proxy {_proxy_of(request.url, self._settings.proxies)}: {hint}"
        if status == 401 and _is_stale(heard):
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
            return _Passing(error, wait_asked_for(heard.headers, body))
        if status in _GATEWAY:
            # The service behind the gateway may have done it all the same.
            return _Passing(error, wait_asked_for(heard.headers, body), taken=True)
        if (status == 405 and code == UPGRADING) or (status == 500 and request.method == "GET"):
            return _Passing(error, wait_asked_for(heard.headers, body))
        return error

    def _broken(self, request: Request, exc: Exception) -> Exception:
        """The error for a request without an answer, wrapped where it may pass."""
        kinds, text = requests.exceptions, str(exc)
        proxy = "This was the proxy: " if isinstance(exc, kinds.ProxyError) else ""
        if isinstance(exc, (kinds.SSLError, kinds.ProxyError)):
            hint = _about_tls(_cause(exc, 0), self._settings.verify)
            if hint:
                return self._unreachable(request, exc, proxy + hint)
        if isinstance(exc, kinds.ProxyError) and "407" in text:
            return self._unreachable(request, exc, proxy + way_out(407, None, None))
        if isinstance(exc, kinds.ProxyError) and _NO_SUCH_NAME.search(text):
            return self._unreachable(
                request, exc, "The proxy's host is not known: check proxy, or the usual proxy variables."
            )
        if isinstance(exc, (kinds.InvalidURL, kinds.InvalidSchema, kinds.MissingSchema, kinds.InvalidProxyURL)):
            return self._unreachable(request, exc, "Check base_url and proxy.")
        if isinstance(exc, kinds.ConnectionError) and _NO_SUCH_NAME.search(text):
            return self._unreachable(request, exc, "There is no such host: check base_url and proxy.")
        if isinstance(exc, kinds.InvalidHeader) or not isinstance(
            exc, (kinds.ConnectionError, kinds.Timeout, kinds.ChunkedEncodingError, kinds.ContentDecodingError)
        ):
            return self._unreachable(request, exc, "")
        hint = proxy + "check proxy, or the variables for it." if proxy else _about_connections(exc, request.url)
        never_sent = isinstance(exc, (kinds.ConnectTimeout, kinds.ProxyError)) or "NewConnectionError" in text
        return _Passing(self._unreachable(request, exc, hint), taken=not never_sent)

    def _unreachable(self, request: Request, exc: Exception, hint: str) -> ApiError:
        detail = readable(_cause(exc, self._settings.timeout), self._secrets(request)).rstrip(".")
        proxy = _proxy_of(request.url, self._settings.proxies)
        through = f" through the proxy {proxy}" if proxy else ""
        return ApiError(
            f"{request.method} {request.path} got no answer from {urlsplit(request.url).netloc}"
            f"{through}: {detail}.{f' {hint}' if hint else ''}",
            detail=detail,
            method=request.method,
            path=request.path,
        )

    def _strange(self, request: Request, status: int, what: str) -> ApiError:
        """The error for an answer that is good by its status and useless by its content."""
        return ApiError(
            f"{request.method} {request.path} was answered {status} with {what}.",
            status=status,
            detail=what,
            method=request.method,
            path=request.path,
            fate_unknown=request.is_write,
        )

    def _secrets(self, request: Request) -> list[str]:
        return [*self._settings.secrets, *self._auth.secrets(), *request.auth.secrets()]


def _heard(response: Any) -> _Heard:
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
    headers = requests.structures.CaseInsensitiveDict((key, without(text)) for key, text in response.headers.items())
    return _Heard(response.status_code, without(response.reason or ""), headers, content)


def _session(settings: Settings) -> Any:
    made = session(settings.connections)
    made.headers["User-Agent"] = "mongodb_ops.legacy_backup"
    if settings.verify is False:
        # Said once, as the task's own warning, and not on stderr at each request.
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
    return made


def _is_last(rows: list[dict[str, Any]], links: Any) -> bool:
    """Whether a page is the last: empty, or without a next link; without any links, when it is short.

    A short page with a next link is followed: a service that serves fewer rows a page than we ask
    for must not make us believe in a listing that was cut.
    """
    if not rows:
        return True
    if _has(links):
        return not any(isinstance(link, dict) and link.get("rel") == "next" for link in links)
    return len(rows) < PAGE_SIZE


def _has(links: Any) -> bool:
    return isinstance(links, list) and bool(links)


def _host_of(location: str) -> str:
    """Where a redirect leads, without what its path and query may hold."""
    try:
        target = urlsplit(location)
    except ValueError:
        return "an address that is none"
    return f"{target.scheme}://{target.hostname}" if target.hostname else "another path"


def _proxy_of(url: str, given: Mapping[str, str]) -> str:
    """Host and port of the proxy that a request goes to, without its password; "" where it cannot be told."""
    try:
        proxies = {**requests.utils.get_environ_proxies(url, no_proxy=None), **given}
        proxy = requests.utils.select_proxy(url, proxies) or ""
        return urlsplit(proxy if "//" in proxy else f"//{proxy}").netloc.rpartition("@")[2]
    except ValueError:
        return ""


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


def _knows_the_user(response: Any) -> bool:
    """Whether a 401 is about what the user may do, so that other credentials of the same user are no help (4)."""
    try:
        body = parse_json(response.content)
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("errorCode") in ABOUT_THE_ROLE


def _is_stale(heard: _Heard) -> bool:
    return "stale=true" in heard.headers.get("WWW-Authenticate", "").lower().replace('"', "")


def _cause(exc: Exception, timeout: float) -> str:
    """The innermost reason of an exception of requests, whose own text names objects and addresses."""
    if isinstance(exc, requests.exceptions.Timeout):
        part = "only a part of an" if isinstance(exc, PartialAnswer) else "no"
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
