# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module of this name, with the folder in which the tasks of a run share a token."""

from __future__ import annotations

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._run_folder import SharingAction


class ActionModule(SharingAction):
    """What Ansible looks for."""
