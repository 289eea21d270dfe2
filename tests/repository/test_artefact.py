# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artefact: built twice it is the same, it installs offline, and verifies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.artefact import build, galaxy, install
from tools.tree import FULL_NAME, NAMESPACE, copy_project, git


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the checkout."""
    return build(tmp_path_factory.mktemp("artefact"))


def test_two_builds_are_the_same(artefact: Path, tmp_path: Path) -> None:
    """From another folder, by somebody who shares nothing, of files that are older and were made in another order."""
    copy_project(tmp_path / "unsorted")
    other = tmp_path / "other"
    old = os.umask(0o077)
    try:
        for path in sorted((tmp_path / "unsorted").rglob("*"), reverse=True):
            if path.is_file() and not path.is_symlink():
                target = other / path.relative_to(tmp_path / "unsorted")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
                target.chmod(0o700 if path.stat().st_mode & 0o100 else 0o600)
                os.utime(target, (10**9, 10**9))
        git("init", "--quiet", folder=other)
        # Neither is a file of the project.
        (other / "plugins" / "modules" / "__pycache__").mkdir()
        (other / "plugins" / "modules" / "__pycache__" / "junk.pyc").touch()
        (other / "notes.log").touch()
        command = [sys.executable, str(other / "tests" / "tools" / "artefact.py")]
        subprocess.run(command, env={**os.environ, "PYTHONPATH": str(other / "tests")}, check=True)
    finally:
        os.umask(old)
    (again,) = (other / ".cache" / "artefact").glob("*.tar.gz")
    assert again.name == artefact.name
    assert again.read_bytes() == artefact.read_bytes()


def test_it_installs_offline_and_verifies(artefact: Path, tmp_path: Path) -> None:
    collections = install(artefact, tmp_path / "collections")
    # No dependency has come with it.
    assert [path.name for path in (collections / "ansible_collections").iterdir()] == [NAMESPACE]
    said = galaxy("verify", FULL_NAME, "--collections-path", str(collections), "--offline")
    assert "Successfully verified" in said
    # It does look: what was changed afterwards is found.
    changed = collections.joinpath("ansible_collections", *FULL_NAME.split("."), "README.md")
    changed.write_text("other", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"README\.md"):
        galaxy("verify", FULL_NAME, "--collections-path", str(collections), "--offline")
