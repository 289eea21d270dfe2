# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fails where what users run differs from `main` and no changelog fragment says so.

A clone without history has nothing to compare with: then it says so and passes.
"""

from __future__ import annotations

import subprocess
import sys

from tools.tree import git

# Where a clone, a fork, and a runner of GitHub have the branch that all others come from.
MAINS = ("origin/main", "upstream/main", "main")
WATCHED = ("plugins", "roles", "playbooks", "extensions", "meta")


def main() -> int:
    """The exit status."""
    for name in MAINS:
        try:
            base = git("merge-base", "HEAD", name).strip()
        except subprocess.CalledProcessError:
            continue
        found = changed(base, *WATCHED)
        if found and not changed(base, "changelogs"):
            print(f"FAILED: since {name} has changed: {', '.join(found[:5])}. No file in changelogs/fragments says so.")
            return 1
        print(f"changelog fragments: ok since {name}")
        return 0
    print("changelog fragments: nothing to compare with; fetch the history (fetch-depth: 0 in a workflow)")
    return 0


def changed(base: str, *paths: str) -> list[str]:
    """What differs below these paths, in commits, in the work tree, or as a file that is not added yet."""
    tracked = git("diff", "--name-only", base, "--", *paths)
    untracked = git("ls-files", "--others", "--exclude-standard", "--", *paths)
    return sorted({*tracked.splitlines(), *untracked.splitlines()})


if __name__ == "__main__":
    sys.exit(main())
