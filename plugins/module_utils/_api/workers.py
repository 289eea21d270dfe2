# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many requests at once, started in order, until one result says that the rest is no use."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Callable, Protocol, TypeVar

_Result = TypeVar("_Result")


class Runner(Protocol):
    """Calls `one` on each item, in order, until `stops` is true for a result."""

    def __call__(
        self, items: Sequence[str], one: Callable[[str], _Result], stops: Callable[[_Result], bool]
    ) -> tuple[bool, list[str]]:
        """Returns whether it was stopped, and the items that were not tried."""


def at_once(count: int) -> Runner:
    """A Runner with so many threads. Calls that are under way when it is stopped are brought to their end."""
    return partial(_run, count)


def _run(
    count: int, items: Sequence[str], one: Callable[[str], _Result], stops: Callable[[_Result], bool]
) -> tuple[bool, list[str]]:
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

    threads = min(count, len(items))
    if threads < 2:
        work()
    else:
        with ThreadPoolExecutor(threads) as pool:
            futures = [pool.submit(work) for _unused in range(threads)]
        for future in futures:
            future.result()
    return stopped.is_set(), remaining[::-1]


one_by_one = at_once(1)
