# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the role in a process of their own, to be killed at any moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from tempfile import TemporaryDirectory
from typing import Any

from tools.tree import ROOT
from torture.bench import Setting


class Victims:
    """Starts children and kills them."""

    def __init__(self) -> None:
        # What a child that is killed leaves behind goes with it.
        self._folder = TemporaryDirectory()
        self._server = subprocess.Popen(
            [sys.executable, "-m", "torture.victim_server"],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": self._folder.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._number = 0
        self._known = threading.Event()

    def start(self, setting: Setting, connection: Mapping[str, Any], now: str) -> None:
        """Begin a case."""
        self._known.clear()
        case = {"setting": asdict(setting), "connection": dict(connection), "now": now}
        self._say(json.dumps(case))
        self._number = int(self._hear())
        self._known.set()

    def kill(self) -> None:
        """SIGKILL, from any thread."""
        if not self._known.wait(30):
            raise TimeoutError("the child's number is not known")
        os.kill(self._number, signal.SIGKILL)

    def ended(self) -> int:
        """Wait for the child; the signal it died of, or 0."""
        return int(self._hear())

    def close(self) -> None:
        """No more cases."""
        with self._server:
            if self._server.stdin is not None:
                self._server.stdin.close()
        self._folder.cleanup()

    def _say(self, line: str) -> None:
        assert self._server.stdin is not None
        self._server.stdin.write(line + "\n")
        self._server.stdin.flush()

    def _hear(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline()
