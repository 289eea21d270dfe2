# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard of the fleet: who is in it, who has stopped, and when it trips (R25)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.fleet import Fleet, fleet_of, refused
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.store import (
    BEGUN,
    RELEASED,
    STOPPED,
    Entry,
)

BATCH = ("own", "x", "y", "z")
OWN = Entry("own", 1, BATCH, RELEASED)
SOUND = replace(OWN, host="x")


def seen(
    *others: Entry,
    there: Collection[str] = BATCH,
    disputed: Collection[str] = (),
    failed: Collection[str] = (),
) -> tuple[int, int]:
    """Size and stopped, as the host `own` sees them."""
    found = fleet_of(OWN, [OWN, *others], there, disputed, lambda host: host in failed)
    return found.size, found.stopped


def test_hosts_that_never_began_and_are_still_there_count_neither_way() -> None:
    assert seen() == (1, 0)
    assert seen(SOUND) == (2, 0)


def test_unless_their_first_step_failed_before_it_began() -> None:
    assert seen(SOUND, failed=["y"]) == (3, 1)
    # Whoever has begun is judged by what it decided.
    assert seen(SOUND, failed=["x"]) == (2, 0)


def test_hosts_that_never_began_and_are_gone_have_stopped() -> None:
    assert seen(SOUND, there=("own", "x")) == (4, 2)


@pytest.mark.parametrize(
    "entry",
    [
        replace(SOUND, state=BEGUN),
        replace(SOUND, state=STOPPED),
        replace(SOUND, withholds=True),
        replace(SOUND, state=STOPPED, is_finished=True),
    ],
    ids=["begun", "stopped", "withholds", "told"],
)
def test_what_has_stopped(entry: Entry) -> None:
    assert seen(entry) == (2, 1)


def test_a_host_that_is_gone_counts_as_stopped_until_it_has_applied() -> None:
    assert seen(SOUND, there=("own", "y", "z")) == (2, 1)
    assert seen(replace(SOUND, is_finished=True), there=("own", "y", "z")) == (2, 0)


def test_a_disputed_cluster_has_stopped_whatever_was_decided() -> None:
    assert seen(SOUND, disputed=["x"]) == (2, 1)
    assert seen(SOUND, disputed=["own"]) == (2, 1)


def test_hosts_of_another_round_are_another_fleet() -> None:
    assert seen(replace(SOUND, round=2, state=STOPPED)) == (1, 0)


def test_a_host_that_left_before_this_one_began_counts_by_the_batch_of_another() -> None:
    """The first to begin saw it; where it fails before this host begins, Ansible no longer lists it."""
    own = replace(OWN, batch=("own", "x"))
    found = fleet_of(own, [own, replace(SOUND, batch=("own", "x", "lost"))], ("own", "x"), (), lambda _host: False)
    assert (found.size, found.stopped) == (3, 1)
    # Not by that of a host that is in another batch.
    other = Entry("other", 1, ("other", "lost"), RELEASED)
    found = fleet_of(own, [own, other], ("own", "x"), (), lambda _host: False)
    assert (found.size, found.stopped) == (1, 0)


@pytest.mark.parametrize(
    ("size", "stopped", "limit", "trips"),
    [
        (4, 1, 25, False),
        (4, 1, 24.9, True),
        (3, 1, 33.3, True),
        (3, 1, 33.4, False),
        (500, 1, 0, True),
        (500, 0, 0, False),
        (1, 1, 100, False),
        (1, 1, 99.999, True),
        (0, 0, 0, False),
    ],
)
def test_it_trips_above_the_limit_and_not_at_it(size: int, stopped: int, limit: float, trips: bool) -> None:
    assert Fleet(size, stopped).trips(limit) is trips


@pytest.mark.parametrize("strategy", ["linear", "ansible.builtin.linear", "debug", "mitogen_linear"])
def test_with_a_barrier_a_limit_can_be_held(strategy: str) -> None:
    assert refused(0, strategy, run_once=False, hosts=500) is None


@pytest.mark.parametrize(
    "strategy", ["free", "host_pinned", "mitogen_free", "ansible.builtin.free", "own.plugin.x", ""]
)
def test_with_a_strategy_that_is_not_known_to_have_one_it_is_refused(strategy: str) -> None:
    assert f"strategy {strategy}" in (refused(99.9, strategy, run_once=False, hosts=2) or "")
    assert refused(100, strategy, run_once=True, hosts=500) is None
    assert refused(0, strategy, run_once=True, hosts=1) is None


def test_run_once_is_refused() -> None:
    assert "run_once" in (refused(0, "linear", run_once=True, hosts=2) or "")
