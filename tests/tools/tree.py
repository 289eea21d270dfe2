# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things lie, and the tree in which the checkout goes by its full collection name."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
NAMESPACE = "mongodb_ops"
NAME = "legacy_backup"
FULL_NAME = f"{NAMESPACE}.{NAME}"


def make_tree() -> Path:
    """Make ``.cache/tree/ansible_collections/<namespace>/<name>``, a link to the checkout; return the tree.

    The link appears in one step, so that runs side by side do not meet a half-made one.
    """
    tree = CACHE / "tree"
    link = tree / "ansible_collections" / NAMESPACE / NAME
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() or link.resolve() != ROOT:
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            fresh = Path(directory) / NAME
            fresh.symlink_to(os.path.relpath(ROOT, link.parent), target_is_directory=True)
            fresh.replace(link)
    return tree


def git(*arguments: str, folder: Path = ROOT) -> str:
    """What git prints; subprocess.CalledProcessError where it fails.

    Also in a checkout that belongs to another user, as on some CI machines.
    """
    command = ["git", "-c", "safe.directory=*", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def project_files() -> list[Path]:
    """What git tracks or would track, as paths relative to the checkout."""
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return sorted({Path(name) for name in names.split("\0") if name and (ROOT / name).exists()})


def copy_project(directory: Path) -> None:
    """Copy what git tracks or would track, as it is now."""
    for path in project_files():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, directory / path, follow_symlinks=False)


if __name__ == "__main__":
    print(make_tree())
