# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which processes a call depends on, and when one of them has ended."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils import _processes
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._processes import (
    Process,
    describe,
    first_ended,
    processes,
    this_machine,
)


def itself() -> Process:
    (found,) = processes(describe([os.getpid()]))
    return found


def test_running_processes_have_not_ended() -> None:
    found = processes(describe([os.getpid(), os.getppid()]))
    assert [one.pid for one in found] == [os.getpid(), os.getppid()]
    assert first_ended(found) is None


def test_a_process_that_is_gone_or_a_later_one_with_its_id_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (watched,) = processes(describe([child.pid]))
    assert first_ended([watched]) is None
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert first_ended([itself(), watched]) == watched  # a zombie
    child.communicate()
    assert first_ended([itself(), watched]) == watched
    later = replace(itself(), started=itself().started - 1)
    assert first_ended([later]) == later


def test_a_name_with_blanks_and_parentheses_is_read(tmp_path: Any) -> None:
    program = tmp_path / "a) Z 1 (b"
    program.write_text(f"#!{sys.executable}\nprint('up', flush=True)\ninput()\n")
    program.chmod(0o755)
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        (watched,) = processes(describe([child.pid]))
        assert first_ended([watched]) is None
        child.kill()


def test_of_another_machine_nothing_is_said() -> None:
    assert first_ended([replace(itself(), machine="another", started=1)]) is None


@pytest.mark.parametrize("hidden", ["the boot", "the processes"])
def test_without_proc_nothing_is_said(hidden: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = replace(itself(), started=1)
    assert first_ended([gone]) == gone

    def refuse(path: str, *_args: Any, **_more: Any) -> Any:
        if hidden == "the boot" or path.endswith("stat"):
            raise FileNotFoundError(path)
        return Path(path).open(encoding="ascii")

    monkeypatch.setattr(_processes, "open", refuse, raising=False)
    # Hidden from other users, but there: the signal 0 reaches it.
    assert first_ended([gone]) is None
    if hidden == "the boot":
        assert this_machine() is None
    assert describe([os.getpid()]) == []


def test_what_is_hidden_and_gone_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    gone = replace(itself(), pid=child.pid)
    assert first_ended([gone]) == gone


@pytest.mark.parametrize("pid", [-1, 0, 2**31])
def test_what_is_no_process_id_is_refused(pid: int) -> None:
    with pytest.raises(ValueError, match=f"{pid} is no process id"):
        processes([{"pid": pid, "started": 1, "machine": "m"}])
