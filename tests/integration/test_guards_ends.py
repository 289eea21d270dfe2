# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that end before they are done: a timeout, a killed module, a killed `ansible-playbook`.

Nothing goes on for long, and what was done is told.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator import seeds
from simulator.fixtures_pytest import Start
from tools.fleets import Fleet, counts, include, lines, refusal, result, roles
from tools.playbooks import Playbooks

# Of 60 snapshots this keeps eight, one request after the other.
MANY: dict[str, Any] = {"retention_max_delete": 60, "retention_max_delete_percent": 100, "retention_concurrency": 1}
DOOMED = 52


def slow(simulator: Start, playbooks: Playbooks, seconds: float, **variables: Any) -> Fleet:
    """One cluster whose snapshots take so long to delete, each."""
    sim = simulator(seeds.fleet(1, DOOMED + 8))
    sim.faults.add("slow_after", method="DELETE", seconds=seconds, times=None)
    return Fleet(sim, playbooks, {"a": {**MANY, **variables}})


def processes_below(number: int) -> dict[int, str]:
    """All that a process has started, and they, with their command lines."""
    listed = subprocess.run(["ps", "-Awwo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    found = {number: ""}
    for _generation in range(8):
        found |= {int(pid): command for pid, parent, *rest in rows if int(parent) in found for command in rest}
    return found


def signal_modules(number: int, which: signal.Signals = signal.SIGKILL) -> list[int]:
    """Sends a signal to every process of the module that changes snapshots; SIGKILL as when memory runs out."""
    below = processes_below(number).items()
    found = [pid for pid, command in below if "AnsiballZ_legacy_snapshot.py" in command and "/bin/sh" not in command]
    for pid in found:
        os.kill(pid, which)
    return found


def once_deleting(clusters: Fleet, doing: Callable[[int], object], nth: int = 5) -> Callable[[int], None]:
    """What `started` is: when so many snapshots are to be deleted, `doing` gets the number of ansible-playbook."""
    number: list[int] = []
    clusters.sim.faults.before(lambda _call: doing(number[0]), method="DELETE", nth=nth)
    return number.append


# --- timeouts ---


@pytest.mark.parametrize("by", ["keyword", "environment"])
def test_a_timeout_is_kept_and_what_was_done_is_told(playbooks: Playbooks, simulator: Start, by: str) -> None:
    clusters = slow(simulator, playbooks, 0.5)
    seconds = 10
    keyword = {"timeout": seconds} if by == "keyword" else {}
    run = clusters.run(
        [{"tasks": [include(apply=keyword)]}],
        environment={} if keyword else {"ANSIBLE_TASK_TIMEOUT": str(seconds)},
    )
    done = clusters.deleted["a"]
    clusters.sim.settle()
    assert 1 <= done <= seconds / 0.5
    assert clusters.deleted["a"] == done
    assert counts(run, "a") == {"kept": 8, "deleted": done, "not_tried": DOOMED - done}
    assert run.recap("a")["changed"] == 1
    assert f"{DOOMED - done} deletions were not tried" in refusal(run, "a")


def test_no_batch_is_begun_for_which_no_time_is_left(playbooks: Playbooks, simulator: Start) -> None:
    clusters = slow(simulator, playbooks, 0.5, retention_batch_size=5)
    run = clusters.run([{"tasks": [include(apply={"timeout": 10})]}])
    done = clusters.deleted["a"]
    assert counts(run, "a") == {"kept": 8, "deleted": done, "not_tried": DOOMED - done}
    assert 0 < done < DOOMED
    assert run.status == 2


def test_a_module_that_does_not_end_in_time_is_told_by_a_listing(playbooks: Playbooks, simulator: Start) -> None:
    """It hangs, the task's timeout passes, and when it goes on again it does not go on deleting."""
    clusters = slow(simulator, playbooks, 0.05)
    stopped: list[int] = []
    run = clusters.run(
        [{"tasks": [include(apply={"timeout": 8})]}],
        started=once_deleting(clusters, lambda number: stopped.extend(signal_modules(number, signal.SIGSTOP))),
    )
    clusters.sim.settle()
    done = clusters.deleted["a"]
    assert counts(run, "a") == {"kept": 8, "deleted": done, "not_tried": DOOMED - done}
    assert "The timeout of the task passed" in refusal(run, "a")
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    while any(Path(f"/proc/{pid}").exists() for pid in stopped):
        time.sleep(0.1)
    clusters.sim.settle()
    assert clusters.deleted["a"] <= done + 1


# --- a killed module ---


def test_what_a_killed_module_has_done_is_told_by_a_listing(playbooks: Playbooks, simulator: Start) -> None:
    clusters = slow(simulator, playbooks, 0.05, retention_batch_size=20)
    run = clusters.run([roles()], started=once_deleting(clusters, signal_modules, nth=25))
    clusters.sim.settle()
    done = clusters.deleted["a"]
    # The first batch is whole; of the second some; no third was begun.
    assert 20 <= done < 40
    assert counts(run, "a") == {"kept": 8, "deleted": done, "not_tried": DOOMED - done}
    assert f"{done} deleted" in lines(run, "a")
    assert "not tried" in refusal(run, "a")
    assert (run.status, run.recap("a")["changed"]) == (2, 1)


def test_without_a_listing_afterwards_nothing_is_claimed(playbooks: Playbooks, simulator: Start) -> None:
    clusters = slow(simulator, playbooks, 0.05)

    def kill(number: int) -> None:
        clusters.sim.faults.add("access_list", method="GET", times=None)
        signal_modules(number)

    run = clusters.run([roles()], started=once_deleting(clusters, kill))
    assert clusters.deleted["a"] > 0
    assert counts(run, "a") == {"kept": 8, "unknown": DOOMED}
    assert "deleted" not in {name for name, count in result(run, "a")["counts"].items() if count}
    assert f"What became of {DOOMED} deletions is not known" in refusal(run, "a")
    assert "could not be verified" in refusal(run, "a")


def test_a_module_that_is_killed_before_its_first_write_has_done_nothing(
    playbooks: Playbooks, simulator: Start
) -> None:
    clusters = slow(simulator, playbooks, 0.0)
    number: list[int] = []
    clusters.sim.faults.before(lambda _call: signal_modules(number[0]), path="/restoreJobs", nth=2)
    run = clusters.run([roles()], started=number.append)
    assert clusters.sim.log.writes == []
    assert counts(run, "a") == {"kept": 8, "not_tried": DOOMED}
    assert (run.status, run.recap("a")["changed"]) == (2, 0)


# --- a killed ansible-playbook ---


@pytest.mark.parametrize("name", ["SIGKILL", "SIGHUP"])
def test_a_module_does_not_outlive_ansible_playbook(playbooks: Playbooks, simulator: Start, name: str) -> None:
    """The main process alone is killed: its worker, the shell and the module live on."""
    clusters = slow(simulator, playbooks, 0.2)
    killed = threading.Event()

    def kill(number: int) -> None:
        os.kill(number, getattr(signal, name))
        killed.set()

    # Under nohup the signal is ignored, by what is started here as well.
    usual = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        # It returns when the last process that has its output has ended.
        clusters.run([roles()], started=once_deleting(clusters, kill))
    finally:
        signal.signal(signal.SIGHUP, usual)
    assert killed.is_set()
    clusters.sim.settle()
    # The five that were on their way, and what was sent before the signal had its effect.
    assert 4 <= clusters.deleted["a"] <= 12


def test_a_killed_worker_takes_its_module_with_it(playbooks: Playbooks, simulator: Start) -> None:
    """The process of the action is gone, and ansible-playbook is still there."""
    clusters = slow(simulator, playbooks, 0.2)

    def kill(number: int) -> None:
        below = processes_below(number)
        parents = {
            pid for pid, command in below.items() if "ansible-playbook" in command and "AnsiballZ" not in command
        }
        for pid in parents - {number}:
            os.kill(pid, signal.SIGKILL)

    run = clusters.run([roles()], started=once_deleting(clusters, kill))
    clusters.sim.settle()
    assert 4 <= clusters.deleted["a"] <= 12
    assert run.status != 0


def test_the_next_run_does_the_rest(playbooks: Playbooks, simulator: Start) -> None:
    """Nothing that a killed run leaves behind is in the way of the next one."""
    clusters = slow(simulator, playbooks, 0.1)
    clusters.run([roles()], started=once_deleting(clusters, lambda number: os.kill(number, signal.SIGKILL)))
    clusters.sim.settle()
    clusters.sim.faults.clear()
    run = clusters.run([roles()])
    assert (run.status, clusters.deleted["a"]) == (0, DOOMED)
