# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ansible-core is tested with which Python, and how far; and runs that.

    python -m tools.matrix 2.18 [KIND...]    the tests of one ansible-core, or only some kinds of them

The table holds for the make targets and for the workflow alike: tests/unit/test_make_targets.py compares them. Needs
nothing but Python, since it runs before there is an environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.interpreters import find

WITHIN = Path(__file__).with_name("within.sh")


@dataclass(frozen=True)
class Core:
    """One ansible-core: its Python on the controller, and which kinds of tests it gets."""

    version: str
    python: str
    kinds: tuple[str, ...] = ("end-to-end",)


ALL = ("sanity", "unit", "end-to-end")
# Each supported Python of a controller at least once. ansible-test of a core that is no longer maintained has nothing
# to say about a new collection, so the old ones, which Automation Platform still ships, get the playbooks alone.
CORES = (
    Core("2.16", "3.10"),
    Core("2.17", "3.12"),
    Core("2.18", "3.11"),
    Core("2.19", "3.11", ALL),
    Core("2.20", "3.12", ALL),
    Core("2.21", "3.13", ALL),
)
# The ladders of both modules, the role with its entry points, the inventory, and the examples of the documentation.
END_TO_END = ("ladder", "role", "approval", "audit", "inventory", "documentation")


def commands(kind: str) -> list[str]:
    """What a kind of tests runs in the environment of its ansible-core."""
    pytest = [
        "python",
        "-m",
        "pytest",
        f"--numprocesses={os.environ.get('JOBS', '2')}",
        "--dist=worksteal",
        "--durations=8",
    ]
    return {
        "sanity": ["python", "tests/tools/sanity.py"],
        "unit": [*pytest, "tests/unit"],
        "end-to-end": [*pytest, *(f"tests/integration/test_{name}.py" for name in END_TO_END)],
    }[kind]


def main(arguments: list[str]) -> int:
    known = {core.version: core for core in CORES}
    version, *kinds = arguments or [""]
    if version not in known or not set(kinds) <= set(ALL):
        print(f"python -m tools.matrix {'|'.join(known)} [{'|'.join(ALL)}...]")
        return 2
    core = known[version]
    interpreter = find(core.python)
    if interpreter is None:
        print(
            f"ansible-core {version} is tested with Python {core.python}, which is not here. Install it, as"
            f" python{core.python} on the PATH or by pyenv install {core.python}, and run make core-{version} again."
        )
        return 1
    environment = {**os.environ, "PYTHON": interpreter, "ANSIBLE_CORE": version}
    failed = []
    for kind in kinds or core.kinds:
        print(f"ansible-core {version}, Python {core.python}: {kind}", flush=True)
        if subprocess.run([str(WITHIN), "core", *commands(kind)], env=environment, check=False).returncode:
            failed.append(kind)
    print(f"ansible-core {version}: " + (f"FAILED: {', '.join(failed)}" if failed else "ok"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
