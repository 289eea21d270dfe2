# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release from beginning to end, in a clone of its own with a tag of its own; and what stops one."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.tree import copy_project, git

NEXT = "1.9.0"
CHANGELOG = [sys.executable, "-m", "antsibull_changelog"]


def repository(folder: Path) -> Path:
    """A repository of the project as it is now, on main, with one commit."""
    copy_project(folder)
    git("init", "--quiet", "--initial-branch=main", folder=folder)
    commit(folder, "Everything")
    return folder


def commit(folder: Path, message: str) -> None:
    who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false"]
    git("add", "--all", folder=folder)
    git(*who, "commit", "--quiet", "--message", message, folder=folder)


def tool(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One of the project's tools, in that repository."""
    return subprocess.run(
        [sys.executable, str(folder / "tests" / "tools" / f"{name}.py"), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository that a release can be made of, with one fragment at least."""
    folder = repository(tmp_path / "clone")
    fragment = folder / "changelogs" / "fragments" / "tried.yml"
    fragment.parent.mkdir(exist_ok=True)
    fragment.write_text("---\nminor_changes:\n  - legacy_snapshot - what is new.\n", encoding="utf-8")
    commit(folder, "A change")
    return folder


def test_checked_tagged_and_written(clone: Path, tmp_path: Path) -> None:
    early = tool(clone, "release", NEXT)
    assert early.returncode == 1
    for said in (f"no tag {NEXT}", "galaxy.yml says version", "has no release", "tried.yml is in no release"):
        assert said in early.stdout

    galaxy = clone / "galaxy.yml"
    text = galaxy.read_text(encoding="utf-8")
    galaxy.write_text(re.sub(r"(?m)^version: .*$", f"version: {NEXT}", text), encoding="utf-8")
    subprocess.run([*CHANGELOG, "release"], cwd=clone, check=True)
    assert tool(clone, "fragments").returncode == 0
    assert "galaxy.yml is not committed" in tool(clone, "release", NEXT).stdout
    commit(clone, f"Release {NEXT}")
    git("tag", NEXT, folder=clone)

    written = tmp_path / "written"
    made = tool(clone, "release", NEXT, str(written))
    assert made.returncode == 0, made.stdout + made.stderr
    name = f"mongodb_ops-legacy_backup-{NEXT}.tar.gz"
    assert sorted(path.name for path in written.iterdir()) == [name, f"{name}.sha256", f"release-notes-{NEXT}.md"]
    digest = hashlib.sha256((written / name).read_bytes()).hexdigest()
    assert (written / f"{name}.sha256").read_text(encoding="utf-8") == f"{digest}  {name}\n"
    notes = (written / f"release-notes-{NEXT}.md").read_text(encoding="utf-8")
    assert "legacy_snapshot - what is new." in notes.replace("\\", "")
    assert "Release Notes" not in notes
    assert "is not empty" in tool(clone, "release", NEXT, str(written)).stdout

    # The folder of fragments has gone with the last of them, and a clone passes the linter without it.
    git("clone", "--quiet", str(clone), str(tmp_path / "fresh"), folder=tmp_path)
    linted = subprocess.run([*CHANGELOG, "lint"], cwd=tmp_path / "fresh", capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout + linted.stderr) == (0, "")

    (clone / "README.md").write_text("later", encoding="utf-8")
    commit(clone, "Later")
    assert f"no tag {NEXT} here" in tool(clone, "release", NEXT).stdout


def test_a_change_needs_a_fragment(clone: Path, tmp_path: Path) -> None:
    assert "ok since main" in tool(clone, "fragments").stdout
    git("switch", "--quiet", "--create", "topic", folder=clone)
    # What users do not run needs none.
    (clone / "README.md").write_text("other", encoding="utf-8")
    commit(clone, "Words")
    assert tool(clone, "fragments").returncode == 0
    module = clone / "plugins" / "modules" / "legacy_snapshot.py"
    module.write_text(module.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
    commit(clone, "A change without a word")
    red = tool(clone, "fragments")
    assert (red.returncode, "since main has changed: plugins/modules/legacy_snapshot.py." in red.stdout) == (1, True)
    # A clone without history has nothing to compare with.
    shallow = tmp_path / "shallow"
    git("clone", "--quiet", "--depth=1", "--branch=topic", f"file://{clone}", str(shallow), folder=tmp_path)
    done = tool(shallow, "fragments")
    assert (done.returncode, "fetch-depth: 0" in done.stdout) == (0, True)
    fragment = clone / "changelogs" / "fragments" / "more.yml"
    fragment.write_text("---\ntrivial:\n  - Words.\n", encoding="utf-8")
    assert tool(clone, "fragments").returncode == 0
