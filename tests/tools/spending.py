# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a command takes: time, CPU time and memory, its children's included."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.release import __version__ as ansible_core

from tools.environment import bare_environment

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
            env={**bare_environment(folder), "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true", **more},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=True,
        )
    return Spent(**json.loads(target.read_text(encoding="utf-8")))


def write_measured(file: Path, **measured: Any) -> dict[str, Any]:
    """Write, and return, what was measured, with the machine that it was measured on."""
    about = {"processors": os.cpu_count(), "python": platform.python_version(), "ansible_core": ansible_core}
    document = {**about, **measured}
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return document
