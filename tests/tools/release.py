# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prepares a release, checks that it may be made, and makes it.

release.py prepare VERSION           the version into galaxy.yml, the fragments into the changelog
release.py check VERSION             says all that is wrong with the checkout for a release of that version
release.py write VERSION [FOLDER]    checks, then writes the artefact, its checksum and its notes into FOLDER,
                                     which is new or empty (default: .cache/release/VERSION, made anew)
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tools.artefact import build
from tools.tree import CACHE, ROOT, git

# Semantic versions, without what Galaxy does not take.
VERSION = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[0-9A-Za-z.-]+)?")
CHANGELOG = [sys.executable, "-m", "antsibull_changelog"]


def prepare(version: str) -> list[str]:
    """Set the version and make the changelog of it; return what is in the way, and then do nothing."""
    faults = [*_version_faults(version), *_work_tree_faults()]
    if version in _releases():
        faults.append(f"changelogs/changelog.yaml has a release {version} already")
    if not _fragments():
        faults.append("there is no file in changelogs/fragments, and so nothing to release")
    if faults:
        return faults
    galaxy = ROOT / "galaxy.yml"
    text = galaxy.read_text(encoding="utf-8")
    galaxy.write_text(re.sub(r"(?m)^version: .*$", f"version: {version}", text), encoding="utf-8")
    subprocess.run([*CHANGELOG, "release"], cwd=ROOT, check=True)
    print(
        f"Look at CHANGELOG.md, then:\n"
        f"  git add --all && git commit --message 'Release {version}'\n"
        f"  git tag --annotate {version} --message 'Release {version}'\n"
        f"  make release VERSION={version}"
    )
    return []


def check(version: str) -> list[str]:
    """All that is wrong with a release of this version from this checkout."""
    faults = [*_version_faults(version), *_work_tree_faults(), *_tag_faults(version)]
    told = str(_yaml("galaxy.yml")["version"])
    if told != version:
        faults.append(f"galaxy.yml says version {told}, not {version}: make prepare-release VERSION={version}")
    if version not in _releases():
        faults.append(f"changelogs/changelog.yaml has no release {version}: make prepare-release VERSION={version}")
    # Markdown as antsibull-changelog writes it has a backslash before each dot.
    headings = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("\\", "").splitlines()
    if f"## v{version}" not in headings:
        faults.append(f"CHANGELOG.md has no section v{version}: make prepare-release VERSION={version}")
    if _fragments():
        faults.append(f"fragments are left that no release has: {', '.join(_fragments())}")
    return faults


def write(version: str, folder: Path) -> list[str]:
    """Write the artefact, its checksum and its notes into an empty or new folder; return what was wrong instead."""
    faults = check(version)
    if folder.exists() and any(folder.iterdir()):
        faults.append(f"{folder} is not empty")
    if faults:
        return faults
    artefact = build(folder)
    digest = hashlib.sha256(artefact.read_bytes()).hexdigest()
    # The form that `sha256sum --check` reads.
    artefact.with_name(f"{artefact.name}.sha256").write_text(f"{digest}  {artefact.name}\n", encoding="utf-8")
    notes = folder / f"release-notes-{version}.md"
    generate = ["generate", version, "--output", str(notes), "--output-format", "md", "--only-latest"]
    subprocess.run([*CHANGELOG, *generate], cwd=ROOT, check=True)
    for path in sorted(folder.iterdir()):
        print(f"{path} ({path.stat().st_size:,} bytes)")
    return []


def _version_faults(version: str) -> list[str]:
    return [] if VERSION.fullmatch(version) else [f"{version!r} is no semantic version such as 1.2.3"]


def _work_tree_faults() -> list[str]:
    changed = git("status", "--porcelain").splitlines()
    return [f"the work tree is not clean: {', '.join(line[3:] for line in changed[:5])}"] if changed else []


def _tag_faults(version: str) -> list[str]:
    try:
        tagged = git("rev-parse", "--quiet", "--verify", f"refs/tags/{version}^{{commit}}").strip()
    except subprocess.CalledProcessError:
        return [f"there is no tag {version}: git tag --annotate {version}"]
    head = git("rev-parse", "HEAD").strip()
    return [] if tagged == head else [f"the tag {version} is {tagged[:12]}, and checked out is {head[:12]}"]


def _releases() -> set[str]:
    return set(_yaml("changelogs/changelog.yaml").get("releases") or {})


def _fragments() -> list[str]:
    return sorted(path.name for path in (ROOT / "changelogs" / "fragments").glob("*.y*ml"))


def _yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def main(arguments: list[str]) -> int:
    match arguments:
        case ["prepare", version]:
            faults = prepare(version)
        case ["check", version]:
            faults = check(version)
        case ["write", version, *folders] if len(folders) <= 1:
            ours = CACHE / "release" / version
            shutil.rmtree(ours, ignore_errors=True)
            faults = write(version, Path(*folders).resolve() if folders else ours)
        case _:
            print(__doc__)
            return 2
    for fault in faults:
        print(f"FAILED: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
