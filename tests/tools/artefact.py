# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artefact: what users install, built from the checkout and installed for the end-to-end tests."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

from tools.tree import CACHE, FULL_NAME, ROOT

GALAXY = [sys.executable, "-m", "ansible.cli.galaxy", "collection"]


def build(directory: Path) -> Path:
    """Build the artefact into ``directory``; return its path."""
    directory.mkdir(parents=True, exist_ok=True)
    _galaxy("build", str(ROOT), "--output-path", str(directory), "--force")
    (artefact,) = directory.glob(f"{FULL_NAME.replace('.', '-')}-*.tar.gz")
    return artefact


def install(artefact: Path, directory: Path) -> Path:
    """Install ``artefact`` below ``directory`` without a network; return ``directory``, a collections path."""
    directory.mkdir(parents=True, exist_ok=True)
    _galaxy("install", str(artefact), "--collections-path", str(directory), "--offline", "--force")
    return directory


def installed(shared: Path) -> Path:
    """Build and install once below ``shared``; return the collections path. The first test process to come does it.

    Under xdist ``shared`` is ``tmp_path_factory.getbasetemp().parent``, without it ``tmp_path_factory.getbasetemp()``.
    """
    collections = shared / "collections"
    complete = shared / "collections-complete"
    with (shared / "collections.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            install(build(shared / "artefact"), collections)
            complete.touch()
    return collections


def _galaxy(*arguments: str) -> None:
    done = subprocess.run([*GALAXY, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ansible-galaxy collection {arguments[0]} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    print(build(CACHE / "artefact"))
