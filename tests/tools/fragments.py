# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fails where what users run has changed and no changelog fragment says so.

On a branch everything since it left `main` counts, on `main` everything since the last release, with what is not
committed yet. Where there is nothing to compare with, before the first release or in a clone without history, it says
so and passes.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.tree import ROOT, git

WATCHED = ("plugins", "roles", "playbooks", "extensions", "meta")
FRAGMENTS = "changelogs/fragments"
# Where a clone, a fork, and a runner of GitHub have the branch that all others come from.
MAINS = ("origin/main", "upstream/main", "main")


@dataclass(frozen=True)
class Base:
    """What the present state is compared with."""

    commit: str
    name: str


def find_base(folder: Path = ROOT) -> Base | str:
    """Where the branch left `main`, or the last release; else a sentence that says why there is none."""
    head = _asked(folder, "rev-parse", "HEAD")
    if head is None:
        return "there is no commit"
    shallow = _asked(folder, "rev-parse", "--is-shallow-repository") == "true"
    for main in MAINS:
        left = _asked(folder, "merge-base", "HEAD", main)
        if left is not None and left != head:
            return Base(left, f"where this branch left {main}")
    tag = _asked(folder, "describe", "--tags", "--abbrev=0", "--match", "[0-9]*")
    if tag is not None:
        return Base(tag, f"release {tag}")
    if shallow:
        return "this clone has no history: fetch it all (fetch-depth: 0 in a workflow, git fetch --unshallow by hand)"
    return "this is main, before the first release"


def find_fault(base: Base, folder: Path = ROOT) -> str | None:
    """What is wrong, for a person to read; None where nothing is."""
    changed = _changed(base, folder, "ACDMRT", *WATCHED)
    if not changed or _changed(base, folder, "ACMRT", FRAGMENTS) or _is_new_release(base, folder):
        return None
    shown = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
    return (
        f"changed since {base.name}: {shown}. No file in {FRAGMENTS}/ says so. Add one, for example\n\n"
        "---\nminor_changes:\n  - legacy_snapshot - what a user will notice.\n\n"
        "with `trivial:` for what nobody will."
    )


def _changed(base: Base, folder: Path, kinds: str, *paths: str) -> list[str]:
    """What differs, in commits, in the work tree, or as a file that is not added yet."""
    tracked = git("diff", "--name-only", f"--diff-filter={kinds}", base.commit, "--", *paths, folder=folder)
    added = git("ls-files", "--others", "--exclude-standard", "--", *paths, folder=folder)
    return sorted({*tracked.split("\n"), *added.split("\n")} - {""})


def _is_new_release(base: Base, folder: Path) -> bool:
    """Whether the changelog has a release that it did not have then: its fragments have gone into it."""
    now = (folder / "changelogs" / "changelog.yaml").read_text(encoding="utf-8")
    then = _asked(folder, "show", f"{base.commit}:changelogs/changelog.yaml") or "{}"
    return bool(_releases(now) - _releases(then))


def _releases(changelog: str) -> set[str]:
    return set((yaml.safe_load(changelog) or {}).get("releases") or {})


def _asked(folder: Path, *arguments: str) -> str | None:
    try:
        return git(*arguments, folder=folder).strip() or None
    except subprocess.CalledProcessError:
        return None


def main() -> int:
    base = find_base()
    if isinstance(base, str):
        print(f"changelog fragments: nothing to compare with, since {base}")
        return 0
    fault = find_fault(base)
    print(f"changelog fragments: FAILED: {fault}" if fault else f"changelog fragments: ok since {base.name}")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
