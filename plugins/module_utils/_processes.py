# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that a call depends on: which they are, and whether one of them has ended. Linux only, by `/proc`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

_LARGEST_PID = 2**31 - 1


@dataclass(frozen=True)
class Process:
    """A process. `started` (clock ticks since the machine's start) tells it from a later one with the same id."""

    pid: int
    started: int
    machine: str


def describe(pids: Iterable[int]) -> list[dict[str, Any]]:
    """These processes of this machine as the option `while_running` takes them; none where there is no `/proc`."""
    machine = this_machine()
    try:
        return [] if machine is None else [asdict(Process(pid, _stat(pid)[1], machine)) for pid in pids]
    except (OSError, ValueError, IndexError):
        return []


def processes(rows: Iterable[Mapping[str, Any]]) -> list[Process]:
    """The processes in the option `while_running`. Raises ValueError."""
    found = [Process(row["pid"], row["started"], row["machine"]) for row in rows]
    wrong = next((one.pid for one in found if not 1 <= one.pid <= _LARGEST_PID), None)
    if wrong is not None:
        raise ValueError(f"{wrong} is no process id")
    return found


def first_ended(watched: Iterable[Process]) -> Process | None:
    """The first of the processes that has ended. Those of other machines are not looked at."""
    machine = this_machine()
    return next((one for one in watched if one.machine == machine and _has_ended(one)), None)


def this_machine() -> str | None:
    """What tells this machine, its start and its space of process ids from all others; None without `/proc`."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"
    except (OSError, ValueError):
        return None


def _has_ended(process: Process) -> bool:
    try:
        state, started = _stat(process.pid)
    except (FileNotFoundError, ProcessLookupError):
        return not _exists(process.pid)
    except (OSError, ValueError, IndexError):
        return False
    # A zombie has ended, and nobody has noticed yet.
    return state in "ZX" or started != process.started


def _stat(pid: int) -> tuple[str, int]:
    """State and start time of a process (proc(5), fields 3 and 22)."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        # The name in parentheses can contain anything.
        fields = file.read().rpartition(")")[2].split()
    return fields[0], int(fields[19])


def _exists(pid: int) -> bool:
    """Whether there is such a process: `/proc` can be mounted so that it hides those of other users."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
