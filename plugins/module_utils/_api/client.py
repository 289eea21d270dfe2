# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""HTTP to the service: one session, retries, pages, read-only mode, one error type. Knows no Ansible.

The wire is described in the API contract; section numbers below are its.
"""

from __future__ import annotations

import json
import random
import re
import time
import warnings
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Callable, TypeVar

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.auth import Basic, Token
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.counters import RetryLog, Sent
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError, readable
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.failures import broken, unreachable
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.responses import (
    LONGEST_WAIT,
    Passing,
    good,
    heard,
    knows_the_user,
    refused,
    strange,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.settings import (
    Auth,
    Dialect,
    Request,
    Settings,
    quoted_path,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.transport import (
    Response,
    Unusable,
    send,
    session,
)

try:
    import requests
    import urllib3.exceptions
except ImportError as exc:
    REQUESTS_ERROR: ImportError | None = exc
else:
    REQUESTS_ERROR = None

PAGE_SIZE = 500  # the most that the service allows (1.2)
READS_AT_ONCE = 2  # four take off a tenth more, where two take off a seventh: not worth the burst
RELISTINGS = 3
# A million rows: far more than a cluster can hold, so a listing that goes on is one that goes round.
MOST_PAGES = 2000
FIRST_WAIT = 1.0
SLOWEST_BACKOFF = 30.0
LONGEST_LIFE = 86400.0  # of a token; no task is longer
# A digest challenge, then a nonce that wore out on the way: more is no challenge but a refusal.
_SENDINGS = 3

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class Timing:
    """Clock and chance, so that tests can replace them."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


@dataclass(frozen=True)
class Answer:
    """A good answer: the JSON object, or None where there is no body; and whether an earlier one was lost."""

    status: int
    body: dict[str, Any] | None
    answer_lost: bool


@dataclass(frozen=True)
class Delivery:
    """An answer that is good by its status and not read yet; and whether an earlier one was lost."""

    reply: Response
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
        return _object(request, self._answered(request))

    def patch(self, *parts: str, body: Mapping[str, Any]) -> Answer:
        """Change what is at a path."""
        return self._answered(self._request("PATCH", parts, body=json.dumps(body, sort_keys=True).encode()))

    def delete(self, *parts: str) -> Answer:
        """Delete what is at a path; done when the answer is 2xx with no body or a JSON object."""
        return self._answered(self._request("DELETE", parts))

    def page(
        self,
        *parts: str,
        number: int = 1,
        query: Mapping[str, Any] | None = None,
        media_type: str | None = None,
    ) -> Page:
        """One page of a listing."""
        request = self._page_request(parts, number, query, media_type)
        return _page(request, self._answered(request))

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
        """What is made of the rows of all pages.

        Rows that come or go while pages are read move the others (1.3), so that one may come twice or be
        missed. An id that comes twice shows it, and so may a total that is another on a later page: it is
        listed again, three times at most, then that is the error. Totals are estimates (1.3), so the same
        rows once more are believed whatever they say.
        """
        before: set[str] | None = None
        moved = ""
        for _unused in range(1 + RELISTINGS):
            names: set[str] = set()
            totals: set[int] = set()
            found: list[_Row] = []
            twice = ""
            with closing(self._pages(parts, query, media_type)) as pages:
                for page in pages:
                    totals |= set() if page.total is None else {page.total}
                    twice = self._add_names(names, page, parts, key)
                    if twice:
                        break
                    found += [made(row) for row in page.rows]
            if not twice and (len(totals) < 2 or names == before):
                return found
            before = None if twice else names
            moved = f"{twice} came twice" if twice else f"the total was {min(totals)} and {max(totals)}"
        raise strange(
            self._request("GET", parts),
            200,
            f"a listing that shifts while it is read or goes round: {moved}, in "
            f"{1 + RELISTINGS} listings one after the other. Try again when nothing else changes it",
        )

    def _add_names(self, names: set[str], page: Page, parts: Sequence[str], key: str) -> str:
        """Add what the page's rows are called; return the first that was there already, or ""."""
        for row in page.rows:
            name = row.get(key)
            if not isinstance(name, str):
                raise strange(self._request("GET", parts), 200, f"a listing with a row without {key}")
            if name in names:
                return readable(name)
            names.add(name)
        return ""

    def _pages(
        self, parts: Sequence[str], query: Mapping[str, Any] | None, media_type: str | None
    ) -> Generator[Page, None, None]:
        """Each page in turn. While one is read the next is on its way; two are where the totals promise both.

        Totals are estimates (1.3): what they promise may be asked for in vain, and what they do not is asked for when
        a page says that another one follows. The first is asked for alone, so that among all that are made after it, in
        whatever order, a row that has come meanwhile moves another to where it comes twice.
        """
        seen = total = 0
        coming: deque[tuple[Request, Future[Delivery]]] = deque()
        most = min(READS_AT_ONCE, self._settings.connections)
        with ThreadPoolExecutor(most) as beside:

            def ask(number: int) -> None:
                request = self._page_request(parts, number, query, media_type)
                coming.append((request, beside.submit(self._deliver, request)))

            def ask_for_promised(number: int) -> None:
                while len(coming) < most and (number + len(coming)) * PAGE_SIZE < total:
                    ask(number + len(coming) + 1)

            ask(1)
            for number in range(1, MOST_PAGES + 1):
                request, future = coming.popleft()
                delivery = future.result()
                ask_for_promised(number)
                page = _page(request, self._read(request, delivery))
                seen, total = seen + len(page.rows), min(page.total or 0, MOST_PAGES * PAGE_SIZE)
                # Short by a limit of the service's own, and without links to say so: the total is a reason to go on.
                seems_cut = not page.has_links and page.rows and total > seen
                is_last = page.is_last and not seems_cut
                if not is_last:
                    ask_for_promised(number)
                    if not coming and number < MOST_PAGES:
                        ask(number + 1)
                yield page
                if is_last:
                    return
        raise strange(self._request("GET", parts), 200, f"a listing without end, {MOST_PAGES} pages so far")

    def _page_request(
        self, parts: Sequence[str], number: int, query: Mapping[str, Any] | None, media_type: str | None
    ) -> Request:
        asked = {**(query or {}), "pageNum": number, "itemsPerPage": PAGE_SIZE}
        return self._request("GET", parts, query=asked, media_type=media_type)

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
        body = self._answered(request).body or {}
        value, life = body.get("access_token"), body.get("expires_in", 3600)
        usable = isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]+", value)
        if not usable or isinstance(life, bool) or not isinstance(life, (int, float)) or not life > 0:
            raise strange(request, 200, "an answer without a usable access_token and expires_in")
        return Token(str(value), float(min(life, LONGEST_LIFE)))

    def _answered(self, request: Request) -> Answer:
        return self._read(request, self._deliver(request))

    def _read(self, request: Request, delivery: Delivery) -> Answer:
        try:
            body = good(request, delivery.reply, self._secrets(request))
        except ApiError as error:
            _mark(error, delivery.answer_lost)
            raise
        return Answer(delivery.reply.status, body, delivery.answer_lost)

    def _deliver(self, request: Request) -> Delivery:
        """Send until an answer is good by its status; ApiError for any that no sending again would help."""
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
                return Delivery(self._try(request), lost)
            except Passing as passing:
                lost = lost or (request.is_write and passing.taken)
                self._wait(passing, deadline, tries, lost)
                tries += 1
            except ApiError as error:
                _mark(error, lost)
                raise

    def _wait(self, passing: Passing, deadline: float, tries: int, lost: bool) -> None:
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

    def _try(self, request: Request) -> Response:
        settings = self._settings
        try:
            response = self._signed(request)
        except requests.exceptions.RequestException as exc:
            raise broken(request, exc, settings, self._secrets(request)) from exc
        except Unusable as exc:
            what = f"{readable(exc.what)}. Is this the service? Check base_url and proxy"
            raise strange(request, exc.status, what) from exc
        except OSError as exc:
            # Not of the network, which requests wraps: a file of certificates that is not there.
            hint = "Check ca_path, and the variable REQUESTS_CA_BUNDLE."
            raise unreachable(request, exc, hint, settings, self._secrets(request)) from exc
        except (ValueError, urllib3.exceptions.HTTPError) as exc:
            hint = "Check base_url, proxy and the key."
            raise unreachable(request, exc, hint, settings, self._secrets(request)) from exc
        answer = heard(response)
        if 200 <= answer.status < 300:
            return answer
        raise refused(request, answer, self._secrets(request), settings.proxies)

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
            if response.status != 401 or knows_the_user(response):
                request.auth.accepted()
                return response
            if sending == _SENDINGS or not request.auth.renewed(response):
                return response
        raise AssertionError("the last sending returns")

    def _secrets(self, request: Request) -> list[str]:
        return [*self._settings.secrets, *self._auth.secrets(), *request.auth.secrets()]


def _mark(error: ApiError, answer_lost: bool) -> None:
    """Note whether an earlier answer was lost: then what was asked for may have been done."""
    error.answer_lost = answer_lost
    error.fate_unknown = error.fate_unknown or answer_lost


def _object(request: Request, answer: Answer) -> dict[str, Any]:
    if answer.body is None:
        raise strange(request, answer.status, "no body where a JSON object was due")
    return answer.body


def _page(request: Request, answer: Answer) -> Page:
    body = _object(request, answer)
    rows, links, total = body.get("results"), body.get("links"), body.get("totalCount")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise strange(request, 200, "a listing whose results are not a list of objects")
    return Page(rows, _is_last(rows, links), total if isinstance(total, int) else None, _has(links))


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
