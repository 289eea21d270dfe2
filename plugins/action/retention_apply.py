# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The second step of the role `retention`. What it does is in plugin_utils/_role/apply.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.action import (
    CONNECTION_OPTIONS,
    StepAction,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.apply import apply


class ActionModule(StepAction):
    """What Ansible looks for."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Applies what was released for one host."""
        super().run(tmp, task_vars)
        self.validate_argument_spec(CONNECTION_OPTIONS)
        self.refuse_given(task_vars or {})
        with self.told_where_it_fails():
            step = self.step(task_vars or {})
            return {**apply(step), **step.log.result()}
