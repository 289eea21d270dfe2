# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds Python interpreters: by name, or in a version manager's folder when the name is only a stand-in.

Needs nothing but Python, since it runs before there is an environment.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def find(version: str) -> str | None:
    """The path of an interpreter of this version, such as 3.12, that runs; None where there is none."""
    by_name = shutil.which(f"python{version}")
    folder = (by_name and real_folder(by_name)) or managed_folder(version)
    return str(Path(folder, f"python{version}")) if folder else None


def real_folder(interpreter: str) -> str | None:
    """The folder in which an interpreter really lies; None for one that does not run."""
    asked = [interpreter, "-c", "import os, sys; print(os.path.dirname(os.path.abspath(sys.executable)))"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


def managed_folder(version: str) -> str | None:
    """The folder of an interpreter that pyenv has but does not offer by name."""
    if not shutil.which("pyenv"):
        return None
    root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False).stdout.strip()
    candidates = sorted(Path(root, "versions").glob(f"{version}.*/bin/python{version}"))
    return real_folder(str(candidates[-1])) if candidates else None
