# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artefact: what users install, built from the checkout and installed for the end-to-end tests.

Built of the same files it is the same to the last byte, whoever builds it, where and when.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from tools.tree import CACHE, FULL_NAME, copy_project

GALAXY = [sys.executable, "-m", "ansible.cli.galaxy", "collection"]
# The time of all files in it; installing sets another.
_EPOCH = 315_532_800  # 1980-01-01


def build(directory: Path) -> Path:
    """Build the artefact into ``directory`` from what git tracks or would track; return its path."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder, "project"))
        galaxy("build", str(Path(folder, "project")), "--output-path", folder)
        (built,) = Path(folder).glob(f"{FULL_NAME.replace('.', '-')}-*.tar.gz")
        artefact = directory / built.name
        artefact.write_bytes(_reproducible(built.read_bytes()))
    return artefact


def install(artefact: Path, directory: Path) -> Path:
    """Install ``artefact`` below ``directory`` without a network; return ``directory``, a collections path."""
    directory.mkdir(parents=True, exist_ok=True)
    galaxy("install", str(artefact), "--collections-path", str(directory), "--offline", "--force")
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


def galaxy(*arguments: str) -> str:
    """What ``ansible-galaxy collection`` prints; RuntimeError with it where it fails."""
    done = subprocess.run([*GALAXY, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ansible-galaxy collection {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def _reproducible(artefact: bytes) -> bytes:
    """The same artefact with its files in the order of their names, and without the time at which it was built.

    ansible-galaxy lists files as the file system has them, which on another machine is another order.
    """
    with tarfile.open(fileobj=io.BytesIO(artefact), mode="r:gz") as archive:
        members = {member.name: member for member in archive.getmembers()}
        contents = {name: archive.extractfile(one) for name, one in members.items() if one.isfile()}
        read = {name: file.read() for name, file in contents.items() if file is not None}
    files, manifest = json.loads(read["FILES.json"]), json.loads(read["MANIFEST.json"])
    files["files"].sort(key=lambda one: str(one["name"]))
    read["FILES.json"] = _json(files)
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(read["FILES.json"]).hexdigest()
    read["MANIFEST.json"] = _json(manifest)
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=_EPOCH) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        # ansible-galaxy wants these two first.
        for name in sorted(members, key=lambda name: (name not in ("MANIFEST.json", "FILES.json"), name)):
            member = tarfile.TarInfo(name)
            member.type, member.mode, member.mtime = members[name].type, members[name].mode, _EPOCH
            member.linkname = members[name].linkname
            member.size = len(read.get(name, b""))
            archive.addfile(member, io.BytesIO(read[name]) if name in read else None)
    return packed.getvalue()


def _json(document: Any) -> bytes:
    return json.dumps(document, indent=True).encode()


if __name__ == "__main__":
    print(build(CACHE / "artefact"))
