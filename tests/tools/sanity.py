# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ``ansible-test sanity`` on a copy of the checkout, with a home of its own, and fails on any ignore file.

ansible-test wants a real ``ansible_collections/<namespace>/<name>`` folder, silently skips every file in a folder
that git ignores, takes a version manager's stand-ins for interpreters, hides pip's variables from pip, and fetches
pip itself from a host of its own. Each is dealt with here, so that a package index is all it needs.

    sanity.py [ARGUMENT OF ansible-test sanity...]
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import ansible_test

from tools.interpreters import managed_folder, real_folder
from tools.tree import NAME, NAMESPACE, ROOT, copy_project

VERSIONS = [f"3.{minor}" for minor in range(8, 16)]


def main(arguments: list[str]) -> int:
    ignore_files = [str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "sanity").glob("ignore*")]
    if ignore_files:
        print(f"These are not wanted: {', '.join(ignore_files)}. Mend what ansible-test finds instead.")
        return 1
    home = Path(sys.prefix) / "home"
    write_pip_settings(home)
    provide_pip(home)
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "ansible_collections" / NAMESPACE / NAME
        copy_project(copy)
        command = ["ansible-test", "sanity", "--color", "no", *arguments]
        return subprocess.run(command, cwd=copy, env=environment(home), check=False).returncode


def environment(home: Path) -> dict[str, str]:
    """The variables for ansible-test: an own home, and each interpreter before what stands in for it."""
    folders, broken = [], set()
    for version in VERSIONS:
        found = shutil.which(f"python{version}")
        real = found and real_folder(found)
        if found and not real:
            broken.add(str(Path(found).parent))
            real = managed_folder(version)
        if real:
            folders.append(real)
    first = str(Path(sys.executable).parent)
    rest = [entry for entry in os.environ["PATH"].split(os.pathsep) if entry not in broken]
    path = os.pathsep.join(dict.fromkeys([first, *folders, *rest]))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON", "VIRTUAL"))}
    return {**kept, "HOME": str(home), "PATH": path}


def write_pip_settings(home: Path) -> None:
    """Write down pip's settings as they are here: ansible-test passes no variables on to the pip that it starts."""
    listing = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.splitlines()
    settings = {"global": {"quiet": "2"}}
    for line in sorted(lines, key=lambda line: line.startswith(":env:")):  # a variable outranks a file
        name, value = line.split("=", 1)
        section, key = name.replace(":env:", "global").split(".", 1)
        settings.setdefault(section, {})[key] = ast.literal_eval(value)
    file = home / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    with file.open("w") as out:
        for section, values in settings.items():
            out.write(f"[{section}]\n")
            out.writelines(f"{key} = {' '.join(str(value).split())}\n" for key, value in values.items())


BOOTSTRAP = """\
import sys

sys.path.insert(0, {wheel!r})
from pip._internal.cli.main import main

arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", *arguments]))
"""


def provide_pip(home: Path) -> None:
    """Put each pip that ansible-test would fetch from elsewhere where it looks first, from the package index."""
    source = Path(ansible_test.__path__[0], "_internal", "python_requirements.py").read_text()
    cache = home / ".ansible" / "test" / "cache"
    for version in sorted(set(re.findall(r"pip='([0-9.]+)'", source))):
        if not list(cache.glob(f"pip-{version}-*.whl")):
            download = ["download", "--quiet", "--no-deps", "--dest", str(cache), f"pip=={version}"]
            done = subprocess.run([sys.executable, "-m", "pip", *download], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"pip {version}, which ansible-test needs, could not be downloaded:\n{done.stderr}")
        (wheel,) = cache.glob(f"pip-{version}-*.whl")
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        script.write_text(BOOTSTRAP.format(wheel=str(wheel)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
