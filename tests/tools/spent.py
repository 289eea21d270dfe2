# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`spent.py FILE COMMAND...`: run a command, and write what it took, as JSON.

A process of its own, and a small one: Linux counts to a child what its parent held when it was begun.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path


def main(target: str, command: list[str]) -> None:
    """Run it. The megabytes are those of the largest process at its largest."""
    began = time.monotonic()
    status = subprocess.run(command, check=False).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = {
        "status": status,
        "seconds": time.monotonic() - began,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "megabytes": used.ru_maxrss / 1024,
    }
    Path(target).write_text(json.dumps(spent), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
