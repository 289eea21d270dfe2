# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder that a run of ansible-playbook has for itself: its forks share it, and it is removed when the run ends."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.action.normal import ActionModule as NormalAction

_NAME = "mongodb_ops.legacy_backup"


def run_folder() -> Path:
    """The folder of this collection in it, for this user alone. Raises OSError."""
    base = constants.DEFAULT_LOCAL_TMP  # type: ignore[attr-defined]  # ansible-core sets it while it starts
    folder = Path(str(base)) / _NAME
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


class SharingAction(NormalAction):
    """Hands the folder to a module, as an option that is never shown. Without it the module takes its own token."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Runs the module as usual."""
        with suppress(OSError):
            self._task.args = {**self._task.args, "run_folder": str(run_folder())}
        result: dict[str, Any] = super().run(tmp, task_vars)  # type: ignore[no-untyped-call]  # core's has no types
        return result
