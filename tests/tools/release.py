# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that a release may be made of this checkout, and makes it.

release.py VERSION [FOLDER]    writes the artefact, its checksum and its notes into FOLDER, which is new or empty
                               (default: .cache/release/VERSION, made anew)
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tools.artefact import build
from tools.tree import CACHE, ROOT, git


def faults(version: str) -> list[str]:
    """All that is wrong with a release of this version from this checkout."""
    found = [f"{line[3:]} is not committed" for line in git("status", "--porcelain").splitlines()]
    if f"refs/tags/{version}" not in git("tag", "--points-at", "HEAD", "--format=%(refname)").splitlines():
        found.append(f"there is no tag {version} here: git tag --annotate {version}")
    if (told := str(_yaml("galaxy.yml")["version"])) != version:
        found.append(f"galaxy.yml says version {told}, not {version}")
    if version not in (_yaml("changelogs/changelog.yaml").get("releases") or {}):
        found.append(f"the changelog has no release {version}: antsibull-changelog release")
    found += [f"{path.name} is in no release" for path in (ROOT / "changelogs" / "fragments").glob("*.y*ml")]
    return found


def write(version: str, folder: Path) -> None:
    """Write the artefact, its checksum and its notes."""
    artefact = build(folder)
    digest = hashlib.sha256(artefact.read_bytes()).hexdigest()
    # The form that `sha256sum --check` reads.
    artefact.with_name(f"{artefact.name}.sha256").write_text(f"{digest}  {artefact.name}\n", encoding="utf-8")
    notes = ["--output", str(folder / f"release-notes-{version}.md"), "--output-format", "md", "--only-latest"]
    subprocess.run([sys.executable, "-m", "antsibull_changelog", "generate", version, *notes], cwd=ROOT, check=True)
    for path in sorted(folder.iterdir()):
        print(f"{path} ({path.stat().st_size:,} bytes)")


def _yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def main(arguments: list[str]) -> int:
    """The exit status."""
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 2
    version, *folders = arguments
    folder = Path(*folders).resolve() if folders else CACHE / "release" / version
    if not folders:
        shutil.rmtree(folder, ignore_errors=True)
    found = faults(version)
    if folder.exists() and any(folder.iterdir()):
        found.append(f"{folder} is not empty")
    for fault in found:
        print(f"FAILED: {fault}")
    if not found:
        write(version, folder)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
