# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release from beginning to end, in a clone of its own with a tag of its own; and what stops one."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.tree import ROOT, copy_project, git

NEXT = "1.9.0"


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


def test_prepared_tagged_and_written(clone: Path, tmp_path: Path) -> None:
    early = tool(clone, "release", "check", NEXT)
    assert early.returncode == 1
    for said in (f"no tag {NEXT}", "galaxy.yml says version", "has no release", "no section", "fragments are left"):
        assert said in early.stdout

    prepared = tool(clone, "release", "prepare", NEXT)
    assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    assert f"version: {NEXT}\n" in (clone / "galaxy.yml").read_text(encoding="utf-8")
    assert f"## v{NEXT}\n" in (clone / "CHANGELOG.md").read_text(encoding="utf-8").replace("\\", "")
    unclean = tool(clone, "release", "write", NEXT, str(tmp_path / "unclean"))
    assert "the work tree is not clean" in unclean.stdout
    assert not (tmp_path / "unclean").exists()
    commit(clone, f"Release {NEXT}")
    git("tag", NEXT, folder=clone)

    first, second = tmp_path / "first", tmp_path / "second"
    made = tool(clone, "release", "write", NEXT, str(first))
    assert made.returncode == 0, made.stdout + made.stderr
    name = f"mongodb_ops-legacy_backup-{NEXT}.tar.gz"
    assert sorted(path.name for path in first.iterdir()) == [name, f"{name}.sha256", f"release-notes-{NEXT}.md"]
    digest = hashlib.sha256((first / name).read_bytes()).hexdigest()
    assert (first / f"{name}.sha256").read_text(encoding="utf-8") == f"{digest}  {name}\n"
    notes = (first / f"release-notes-{NEXT}.md").read_text(encoding="utf-8")
    assert "legacy_snapshot - what is new." in notes.replace("\\", "")
    assert "Release Notes" not in notes

    # Whoever clones the tag gets the same.
    git("clone", "--quiet", "--branch", NEXT, str(clone), str(tmp_path / "elsewhere"), folder=tmp_path)
    again = tool(tmp_path / "elsewhere", "release", "write", NEXT, str(second))
    assert again.returncode == 0, again.stdout + again.stderr
    assert {path.name: path.read_bytes() for path in first.iterdir()} == {
        path.name: path.read_bytes() for path in second.iterdir()
    }

    commit_after(clone)
    late = tool(clone, "release", "check", NEXT)
    assert f"the tag {NEXT} is " in late.stdout


def commit_after(folder: Path) -> None:
    (folder / "README.md").write_text("later", encoding="utf-8")
    commit(folder, "Later")


def test_what_is_no_version_is_refused(clone: Path) -> None:
    for version in ("1.2", "v1.2.3", "01.2.3", "1.2.3;ls"):
        refused = tool(clone, "release", "prepare", version)
        assert refused.returncode == 1
        assert "is no semantic version" in refused.stdout
    assert git("status", "--porcelain", folder=clone) == ""


def test_the_clone_of_a_release_passes_the_linter(clone: Path) -> None:
    """Also when the folder of fragments has gone with the last of them."""
    tool(clone, "release", "prepare", NEXT)
    commit(clone, f"Release {NEXT}")
    git("clone", "--quiet", str(clone), str(clone.with_name("fresh")), folder=clone)
    linted = [sys.executable, "-m", "antsibull_changelog", "lint"]
    done = subprocess.run(linted, cwd=clone.with_name("fresh"), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def changed(folder: Path) -> None:
    path = folder / "plugins" / "modules" / "legacy_snapshot.py"
    path.write_text(path.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")


def added(folder: Path) -> None:
    path = folder / "changelogs" / "fragments" / "more.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text("---\ntrivial:\n  - Words.\n", encoding="utf-8")


def test_a_change_needs_a_fragment_on_a_branch(clone: Path) -> None:
    assert "nothing to compare with, since this is main" in tool(clone, "fragments").stdout
    git("switch", "--quiet", "--create", "topic", folder=clone)
    changed(clone)
    commit(clone, "A change without a word")
    red = tool(clone, "fragments")
    assert red.returncode == 1
    assert "where this branch left main: plugins/modules/legacy_snapshot.py." in red.stdout
    added(clone)
    assert tool(clone, "fragments").returncode == 0
    commit(clone, "A word")
    assert "ok since where this branch left main" in tool(clone, "fragments").stdout
    # What users do not run needs none.
    git("switch", "--quiet", "--create", "other", "main", folder=clone)
    (clone / "README.md").write_text("other", encoding="utf-8")
    commit(clone, "Words")
    assert tool(clone, "fragments").returncode == 0


def test_a_change_needs_a_fragment_on_main_since_the_last_release(clone: Path) -> None:
    tool(clone, "release", "prepare", NEXT)
    commit(clone, f"Release {NEXT}")
    git("tag", NEXT, folder=clone)
    assert f"ok since release {NEXT}" in tool(clone, "fragments").stdout
    changed(clone)
    red = tool(clone, "fragments")
    assert (red.returncode, f"changed since release {NEXT}" in red.stdout) == (1, True)
    added(clone)
    commit(clone, "A change with a word")
    assert tool(clone, "fragments").returncode == 0
    # The next release takes the fragments away, and is none the worse for it before it has its tag.
    assert tool(clone, "release", "prepare", "1.10.0").returncode == 0
    commit(clone, "Release 1.10.0")
    assert f"ok since release {NEXT}" in tool(clone, "fragments").stdout


def test_a_clone_without_history_is_not_red(clone: Path, tmp_path: Path) -> None:
    git("switch", "--quiet", "--create", "topic", folder=clone)
    changed(clone)
    commit(clone, "A change without a word")
    git(
        "clone", "--quiet", "--depth=1", "--branch=topic", f"file://{clone}", str(tmp_path / "shallow"), folder=tmp_path
    )
    done = tool(tmp_path / "shallow", "fragments")
    assert (done.returncode, "fetch-depth: 0" in done.stdout) == (0, True)


def test_this_checkout_has_its_fragments() -> None:
    assert tool(ROOT, "fragments").returncode == 0
