# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run keeps between deciding and applying: whole or not at all, for one host, once, and for nobody else."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.action import StepAction
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.store import (
    BEGUN,
    RELEASED,
    SHOWN,
    STOPPED,
    Store,
)

BATCH = ("a", "b")
PLAN = {"plan": {"rows": [1, 2, 3]}}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_what_is_released_can_be_taken_once(store: Store) -> None:
    store.release(store.begin("a", BATCH), PLAN, withholds=False)
    entry, kept = store.take("a")
    assert (entry and entry.state, kept) == (RELEASED, PLAN)
    assert store.take("a") == (None, None)
    # The fleet still sees what became of it.
    found = store.entry("a")
    assert found is not None
    assert (found.state, found.is_finished) == (RELEASED, True)


def test_what_never_began_has_nothing(store: Store) -> None:
    assert store.take("a") == (None, None)
    assert (store.entry("a"), store.entries()) == (None, [])


def test_to_begin_forgets_what_was_released_and_what_was_said(store: Store) -> None:
    store.release(store.begin("a", BATCH), PLAN, withholds=False)
    again = store.begin("a", BATCH)
    assert store.take("a") == (again, None)
    store.end(store.begin("a", BATCH), STOPPED, {"failure": "once"})
    store.begin("a", BATCH)
    assert store.take("a")[1] is None


def test_what_was_stopped_says_why_and_has_no_plan(store: Store) -> None:
    entry = store.begin("a", BATCH)
    store.release(entry, PLAN, withholds=False)
    store.end(entry, STOPPED, {"failure": "why"})
    found, kept = store.take("a")
    assert (found and found.state, kept) == (STOPPED, {"failure": "why"})


def test_what_was_only_shown_cannot_be_taken(store: Store) -> None:
    store.end(store.begin("a", BATCH), SHOWN, {"failure": ""})
    assert store.take("a") == (None, None)


def test_a_round_lasts_until_somebody_has_finished(store: Store) -> None:
    first = [store.begin(host, BATCH) for host in BATCH]
    assert [entry.round for entry in first] == [1, 1]
    store.release(first[0], PLAN, withholds=True)
    store.take("a")
    assert [store.begin(host, BATCH).round for host in ("c", "a")] == [2, 2]
    assert {entry.host: (entry.round, entry.state) for entry in store.entries()} == {
        "a": (2, BEGUN),
        "b": (1, BEGUN),
        "c": (2, BEGUN),
    }


def test_a_cluster_is_one_hosts(store: Store) -> None:
    entries = {host: store.begin(host, BATCH) for host in ("a", "b", "c")}
    first, holder = store.claim(entries["a"], "p/1")
    assert holder is None
    assert store.rival(first) is None
    # Its own claim, of an earlier round, is no other host's.
    assert store.claim(first, "p/1") == (first, None)
    second, holder = store.claim(entries["b"], "p/1")
    assert holder == "a"
    assert (store.rival(first), store.rival(second)) == ("b", "a")
    third, holder = store.claim(entries["c"], "p/2")
    assert (holder, store.rival(third)) == (None, None)


def test_of_many_that_claim_at_once_one_is_first(store: Store) -> None:
    entries = [store.begin(f"h{number}", BATCH) for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        claimed = list(pool.map(lambda entry: store.claim(entry, "p/1"), entries))
    assert sum(holder is None for _entry, holder in claimed) == 1
    # Whoever it was has a rival by now.
    assert all(store.rival(entry) is not None for entry, _holder in claimed)


@pytest.mark.parametrize("name", ["../../x", "a/b", "", "\udcff", "x" * 4000, "a\0b", "..", "A"])
def test_any_name_of_a_host_or_a_cluster_is_one_file_in_the_folder(store: Store, tmp_path: Path, name: str) -> None:
    entry = store.begin(name, [name])
    claimed, _holder = store.claim(entry, name)
    store.release(claimed, PLAN, withholds=False)
    assert store.take(name)[1] == PLAN
    assert store.take("a") == (None, None)
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {tmp_path / "store"}


def test_nobody_else_can_read_it(store: Store, tmp_path: Path) -> None:
    entry, _holder = store.claim(store.begin("a", BATCH), "p/1")
    store.release(entry, PLAN, withholds=False)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "store").glob("*.plan")}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700


def test_a_folder_that_somebody_else_has_put_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="somebody else"):
        Store(tmp_path / "link")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(OSError, match="somebody else"):
        Store(tmp_path / "real")


def test_what_cannot_be_written_leaves_what_was_there(store: Store, tmp_path: Path) -> None:
    entry = store.begin("a", BATCH)
    store.release(entry, PLAN, withholds=False)
    with pytest.raises(TypeError):
        store.release(entry, {"plan": object()}, withholds=False)
    assert store.take("a")[1] == PLAN
    assert [path.suffix for path in (tmp_path / "store").iterdir()] == [".entry"]


@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path, is_there: bool) -> None:
    folder = tmp_path / "link" if is_there else tmp_path / "missing" / "folder"
    if is_there:
        folder.symlink_to(tmp_path)
    with pytest.raises(AnsibleActionFail) as failure, StepAction.told_where_it_fails():
        Store(folder)
    assert str(folder) in str(failure.value)
    assert "Make room there, or set ANSIBLE_LOCAL_TEMP" in str(failure.value)
