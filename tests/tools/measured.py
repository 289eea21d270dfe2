# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Coverage of all Python that runs: in pytest, in Ansible's workers, and in modules on their way through a zip file.

Every Python process of the environment looks for ``COVERAGE_PROCESS_START`` when it starts (coverage installs the
hook) and measures itself when it is set. A playbook passes its variables on to its modules, so this reaches module
code too, on every ansible-core, provided that the modules run with the environment's interpreter.

    measured.py run -- COMMAND...    run COMMAND measured, forgetting what was measured before
    measured.py report               combine, print the table, fail under the limit of pyproject.toml
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import coverage

from tools.tree import CACHE, ROOT

SETTINGS = ROOT / "pyproject.toml"
DIRECTORY = CACHE / "coverage"


def coverage_environment(directory: Path | None = None) -> dict[str, str]:
    """The variables with which a process and all that it starts are measured.

    The data goes to ``directory``. Without one it goes where this process's own goes, and a process that is not
    measured gives no variables: so an end-to-end test just adds these to the environment of its playbook.
    """
    if directory is None:
        if "COVERAGE_PROCESS_START" not in os.environ:
            return {}
        directory = Path(os.environ["COVERAGE_FILE"]).parent
    return {
        "COVERAGE_PROCESS_START": str(SETTINGS),
        "COVERAGE_FILE": str(directory / "data"),
        "COLLECTION_ROOT": str(ROOT),
        # A worker saves its data when it ends: Ansible is to wait for that, not to kill it.
        "ANSIBLE_WORKER_SHUTDOWN_POLL_COUNT": "500",
        "ANSIBLE_WORKER_SHUTDOWN_POLL_DELAY": "0.02",
    }


def run(command: list[str]) -> int:
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    return subprocess.run(command, env={**os.environ, **coverage_environment(DIRECTORY)}, check=False).returncode


def report() -> int:
    """Combine what was measured and print the table, files that never ran included."""
    os.environ["COLLECTION_ROOT"] = str(ROOT)
    measured = coverage.Coverage(data_file=str(DIRECTORY / "data"), config_file=str(SETTINGS))
    if DIRECTORY.is_dir():
        measured.combine()
    data = measured.get_data()
    if not data:
        print("Nothing was measured. make tests does it, when there are tests.")
        return 1
    data.touch_files([str(path) for path in (ROOT / "plugins").rglob("*.py") if path.name != "__init__.py"])
    total = measured.report()
    limit = float(measured.get_option("report:fail_under") or 0)  # type: ignore[arg-type]  # a number in our settings
    verdict = f"coverage {total:.2f} %, branches included; the limit is {limit:g} %"
    print(verdict if total >= limit else f"FAILED: {verdict}")
    return 0 if total >= limit else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run", "--", *command] if command:
            sys.exit(run(command))
        case ["report"]:
            sys.exit(report())
        case _:
            sys.exit(__doc__)
