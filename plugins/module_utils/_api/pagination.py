# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of a listing: what follows a page, and how all of them become one list (contract 1.3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Callable, TypeVar

from .errors import ApiError
from .redaction import readable
from .transport import Response

PAGE_SIZE = 500  # the most that the service allows (contract 1.2)
READS_AT_ONCE = 2  # they save a seventh of the time; four save a tenth more, which is not worth the burst
RELISTINGS = 3
# A longer listing repeats itself, or is not one of snapshots.
MOST_ROWS = 100_000
# Pages can be short.
MOST_PAGES = 2000

_Row = TypeVar("_Row")


def next_link(body: Mapping[str, Any]) -> bool | None:
    """Whether a page links to a next one; None where it has no links at all."""
    links = body.get("links")
    if not isinstance(links, list) or not links:
        return None
    return any(isinstance(link, dict) and link.get("rel") == "next" for link in links)


def page_of(body: Mapping[str, Any], error: Callable[[str], ApiError]) -> Page:
    """The page in the body of a response. `error` makes the error for a body of another shape."""
    rows, total = body.get("results"), body.get("totalCount")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise error("a listing whose results are not a list of objects")
    if len(rows) > PAGE_SIZE:
        raise error(f"a page of {len(rows)} rows, although {PAGE_SIZE} were asked for")
    return Page(rows, total if isinstance(total, int) else None, next_link(body))


@dataclass(frozen=True)
class Page:
    """One page of a listing. `total` is an estimate: a reason to go on, and never one to stop."""

    rows: list[dict[str, Any]]
    total: int | None
    next_link: bool | None

    @property
    def is_last(self) -> bool:
        """Whether it has no rows or no next link or, without any links, is short.

        With a next link a short page is not the last, since the service may serve fewer rows than we ask for.
        """
        if not self.rows:
            return True
        return len(self.rows) < PAGE_SIZE if self.next_link is None else not self.next_link

    def ends_after(self, rows: int) -> bool:
        """Whether no page follows. `rows` counts those of this page and of all pages before it."""
        # Without links, only the total says that the service serves fewer rows than we ask for.
        return self.is_last and not (self.rows and self.promises_more(rows))

    def promises_more(self, rows: int) -> bool:
        """Whether it has a next link or, without any links, a total above the `rows` seen so far (R2)."""
        return (self.total or 0) > rows if self.next_link is None else self.next_link


@dataclass(frozen=True)
class Listing:
    """A listing, read page by page.

    `send` requests the page of a number, from any thread; `parse` makes a JSON object of the response; `error` makes
    the error for a useless listing. `key` is the name of a row's id. `at_once` limits the requests under way.
    """

    send: Callable[[int], Response]
    parse: Callable[[Response], dict[str, Any]]
    error: Callable[[str], ApiError]
    key: str
    at_once: int

    def read(self, make: Callable[[dict[str, Any]], _Row]) -> list[_Row]:
        """What `make` makes of the rows of all pages.

        Rows that are added or deleted meanwhile move the others, so that one may come twice or be missed. An id that
        comes twice, a total that changes or an empty page in place of the rest shows it: then all is listed again, at
        most three times.
        """
        before: set[str] | None = None
        for _unused in range(1 + RELISTINGS):
            rows, ids, fault = self._read_once(make)
            # The same rows once more are believed, whatever the totals say.
            if not fault or (ids is not None and ids == before):
                return rows
            before = ids
        raise self.error(
            f"a listing that is not whole, shifts while it is read or goes round: {fault}, in "
            f"{1 + RELISTINGS} listings one after the other. Try again when nothing else changes it"
        )

    def _read_once(self, make: Callable[[dict[str, Any]], _Row]) -> tuple[list[_Row], set[str] | None, str]:
        """The rows, their ids, and what shows that rows moved or are missing ("" where nothing does).

        The ids are None where the rows cannot be believed even if they come once more.
        """
        rows: list[_Row] = []
        ids: set[str] = set()
        totals: set[int] = set()
        promised = False
        with closing(self._pages()) as pages:
            for number, page in enumerate(pages, start=1):
                totals |= set() if page.total is None else {page.total}
                twice = self._add_ids(ids, page)
                if twice is not None:
                    return rows, None, f"{twice} came twice"
                rows += [make(row) for row in page.rows]
                if not page.rows and (promised or page.promises_more(len(rows))):
                    return rows, None, f"page {number} is empty although there should be more"
                promised = page.promises_more(len(rows))
        return rows, ids, f"the total was {min(totals)} and {max(totals)}" if len(totals) > 1 else ""

    def _add_ids(self, ids: set[str], page: Page) -> str | None:
        """Add the ids of a page; return the first that is there already."""
        for row in page.rows:
            name = row.get(self.key)
            if not isinstance(name, str):
                raise self.error(f"a listing with a row without {self.key}")
            if name in ids:
                return readable(name)
            ids.add(name)
        return None

    def _pages(self) -> Generator[Page, None, None]:
        """Each page in turn, while the requests for the next ones are under way.

        The first is requested alone. All others are made after it, in whatever order, so that a row that is added
        meanwhile makes another one come twice.
        """
        ahead: deque[Future[Response]] = deque()
        rows, total = 0, 1
        with ThreadPoolExecutor(self.at_once) as pool:
            self._request(pool, ahead, 0, total)
            for number in range(1, MOST_PAGES + 1):
                response = ahead.popleft().result()
                self._request(pool, ahead, number, total)
                page = page_of(self.parse(response), self.error)
                rows += len(page.rows)
                if rows > MOST_ROWS:
                    raise self.error(f"a listing of more than {MOST_ROWS} rows")
                # At least one row more: the total is an estimate.
                total = min(max(page.total or 0, number * PAGE_SIZE + 1), MOST_PAGES * PAGE_SIZE)
                is_end = page.ends_after(rows)
                if not is_end:
                    self._request(pool, ahead, number, total)
                yield page
                if is_end:
                    return
        raise self.error(f"a listing without end, {MOST_PAGES} pages so far")

    def _request(self, pool: ThreadPoolExecutor, ahead: deque[Future[Response]], number: int, total: int) -> None:
        """Request the pages after this number that so many rows need, as far as requests may be under way."""
        while len(ahead) < self.at_once and (number + len(ahead)) * PAGE_SIZE < total:
            ahead.append(pool.submit(self.send, number + len(ahead) + 1))
