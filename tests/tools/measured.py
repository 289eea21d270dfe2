# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Coverage of all Python that runs: in pytest, in Ansible's workers, and in modules on their way through a zip file.

Every Python process of the environment looks for ``COVERAGE_PROCESS_START`` when it starts (coverage installs the
hook) and measures itself when it is set. A playbook passes its variables on to its modules, so this reaches module
code too, on every ansible-core, provided that the modules run with the environment's interpreter.
"""

from __future__ import annotations

import os
from pathlib import Path

from tools.tree import ROOT


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
        "COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"),
        "COVERAGE_FILE": str(directory / "data"),
        "COLLECTION_ROOT": str(ROOT),
        # A worker saves its data when it ends: Ansible is to wait for that, not to kill it.
        "ANSIBLE_WORKER_SHUTDOWN_POLL_COUNT": "500",
        "ANSIBLE_WORKER_SHUTDOWN_POLL_DELAY": "0.02",
    }
