# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a command takes: time, CPU time and memory, its children's included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COMMANDS = Path(sys.executable).parent
_SPENT = Path(__file__).parent / "spent.py"


@dataclass(frozen=True)
class Spent:
    """What one process and its children took. `megabytes` is the largest of them at its largest."""

    status: int
    seconds: float
    cpu_seconds: float
    megabytes: float


def spend(name: str, command: Sequence[str], folder: Path, more: dict[str, str]) -> Spent:
    """Run a command in a folder; what it prints goes to the file `name`.log there."""
    target = folder / f"{name}.spent"
    with (folder / f"{name}.log").open("w", encoding="utf-8") as log:
        subprocess.run(
            [sys.executable, str(_SPENT), str(target), *command],
            cwd=folder,
            env=_environment(folder, more),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=True,
        )
    return Spent(**json.loads(target.read_text(encoding="utf-8")))


def _environment(folder: Path, more: dict[str, str]) -> dict[str, str]:
    """Nothing of ours, so that it is as on a machine of anybody's."""
    (folder / "home").mkdir(exist_ok=True)
    return {
        "HOME": str(folder / "home"),
        "PATH": os.pathsep.join([str(COMMANDS), "/usr/local/bin", "/usr/bin", "/bin"]),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
        **more,
    }
