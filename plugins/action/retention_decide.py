# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first step of the role `retention`. What it does is in plugin_utils/_role/decide.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.action import (
    CONNECTION_OPTIONS,
    StepAction,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.decide import ENTRY_POINTS, decide

_SPEC = {"entry_point": {"type": "str", "required": True, "choices": list(ENTRY_POINTS)}, **CONNECTION_OPTIONS}


class ActionModule(StepAction):
    """What Ansible looks for."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Decides for one host."""
        super().run(tmp, task_vars)
        known = task_vars or {}
        with self.told_where_it_fails():
            entry = self.begin(known)
            self.refuse_given(known)
            _result, options = self.validate_argument_spec(_SPEC)
            step = self.step(known)
            result = decide(step, entry, options["entry_point"], self.other_hosts(known))
            self.show_diff(step.log)
            return {**result, **step.log.result()}
