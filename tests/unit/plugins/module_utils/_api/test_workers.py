# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many at once: in order, not more than asked, and stopped in time."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.workers import Runner, at_once, one_by_one

ITEMS = [f"item-{number:02}" for number in range(30)]


@pytest.mark.parametrize("run", [at_once(1), one_by_one])
def test_one_worker_needs_no_threads(run: Runner) -> None:
    threads: set[int] = set()
    run(ITEMS, lambda _item: threads.add(threading.get_ident()), lambda result: False)
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("count", [1, 2, 4, 16, 40])
@pytest.mark.parametrize("items", [[], ITEMS[:1], ITEMS])
def test_each_item_is_done_once(count: int, items: list[str]) -> None:
    done: list[str] = []
    assert at_once(count)(items, done.append, lambda result: False) == (False, [])
    assert sorted(done) == items


def test_one_worker_keeps_the_order() -> None:
    done: list[str] = []
    at_once(1)(ITEMS, done.append, lambda result: False)
    assert done == ITEMS


def test_workers_start_in_order() -> None:
    lock, started = threading.Lock(), []

    def one(item: str) -> None:
        with lock:
            started.append(item)

    at_once(4)(ITEMS, one, lambda result: False)
    # Four are under way at most, so none is further ahead than the others' number.
    assert all(abs(started.index(item) - number) < 4 for number, item in enumerate(ITEMS))


@pytest.mark.parametrize("count", [2, 4, 8])
def test_so_many_are_under_way_at_most_and_really(count: int) -> None:
    barrier, lock = threading.Barrier(count, timeout=5), threading.Lock()
    under_way, most = 0, 0

    def one(item: str) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        barrier.wait()
        with lock:
            under_way -= 1

    at_once(count)(ITEMS[: 3 * count], one, lambda result: False)
    assert most == count


@pytest.mark.parametrize("count", [1, 4])
def test_a_stop_leaves_the_rest_in_order(count: int) -> None:
    done: list[str] = []
    lock = threading.Lock()

    def one(item: str) -> str:
        with lock:
            done.append(item)
        return item

    stopped, left = at_once(count)(ITEMS, one, lambda item: item == ITEMS[5])
    assert stopped
    assert left == ITEMS[len(done) :]
    assert 6 <= len(done) <= 6 + 2 * count
    assert sorted(done) == ITEMS[: len(done)]


def test_a_stop_at_the_last_item_is_a_stop() -> None:
    assert at_once(1)(ITEMS, lambda item: item, lambda item: item == ITEMS[-1]) == (True, [])


@pytest.mark.parametrize("count", [1, 4])
def test_an_exception_ends_it_and_is_not_lost(count: int) -> None:
    done: list[str] = []

    def one(item: str) -> None:
        done.append(item)
        if item == ITEMS[3]:
            raise KeyError(item)

    with pytest.raises(KeyError, match=ITEMS[3]):
        at_once(count)(ITEMS, one, lambda result: False)
    assert len(done) <= 4 + 2 * count
