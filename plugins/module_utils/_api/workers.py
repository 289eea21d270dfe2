# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""Many requests at once, started in order, until one result says that the rest is no use."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Callable, Protocol, TypeVar

_Result = TypeVar("_Result")


class Runner(Protocol):
    """Calls `one` on each item, in order, until `stops` says so of a result.

    Returns whether it was stopped, and the items that were not tried.
    """

    def __call__(
        self, items: Sequence[str], one: Callable[[str], _Result], stops: Callable[[_Result], bool]
    ) -> tuple[bool, list[str]]:
        """Call it on each."""


def one_by_one(
    items: Sequence[str], one: Callable[[str], _Result], stops: Callable[[_Result], bool]
) -> tuple[bool, list[str]]:
    """The Runner without threads."""
    for number, item in enumerate(items):
        if stops(one(item)):
            return True, list(items[number + 1 :])
    return False, []


def at_once(count: int) -> Runner:
    """A Runner with so many threads. What is under way when it is stopped is brought to its end."""
    return one_by_one if count == 1 else partial(_in_threads, count)


def _in_threads(
    count: int, items: Sequence[str], one: Callable[[str], _Result], stops: Callable[[_Result], bool]
) -> tuple[bool, list[str]]:
    if len(items) < 2:
        return one_by_one(items, one, stops)
    lock, stopped = threading.Lock(), threading.Event()
    remaining = list(reversed(items))

    def work() -> None:
        while True:
            with lock:
                if stopped.is_set() or not remaining:
                    return
                item = remaining.pop()
            try:
                if stops(one(item)):
                    stopped.set()
            except BaseException:
                stopped.set()
                raise

    with ThreadPoolExecutor(max_workers=min(count, len(items))) as pool:
        futures = [pool.submit(work) for _unused in range(min(count, len(items)))]
    for future in futures:
        future.result()
    return stopped.is_set(), remaining[::-1]
