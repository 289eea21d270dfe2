# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the most memory that the controller, and any one of its children, had: to the file that PEAK_FILE names."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: peak
type: notification
short_description: Record memory
description: Writes the most memory that the controller and any one of its children had at a time.
"""


class CallbackModule(CallbackBase):
    """Asks at the end, by when all children have been waited for."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "peak"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_stats(self, stats: Any) -> None:
        who = {"controller": resource.RUSAGE_SELF, "worker": resource.RUSAGE_CHILDREN}
        peaks = {name: resource.getrusage(which).ru_maxrss for name, which in who.items()}
        Path(os.environ["PEAK_FILE"]).write_text(json.dumps(peaks), encoding="utf-8")
