# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The other side of `victim.Victims`: reads one case a line and forks for each, so that nothing is imported again.

Says the child's number, and how it ended: the signal, or 0.
"""

from __future__ import annotations

import json
import os
import sys

import conftest

from tools.faketime import FakeTime
from torture.bench import Setting, drive

# Importing it made the collection importable, before anything of it was imported.
TREE = conftest.TREE


def main() -> None:
    """Serve cases until there are no more."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(line)
        print(child, flush=True)
        _child, status = os.waitpid(child, 0)
        print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, flush=True)


def _run(line: str) -> None:
    try:
        case = json.loads(line)
        drive(Setting(**case["setting"]), case["connection"], case["now"], FakeTime())
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
