# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter: the changes of a plan, so many at a time."""

from __future__ import annotations

DOCUMENTATION = r"""
name: retention_batches
short_description: Divide the changes of a retention plan into batches
version_added: "1.0.0"
author:
  - The mongodb_ops.legacy_backup authors
description:
  - The V(changes) of a plan in their order, in batches.
  - Each has the C(unless_expires_after) by which M(mongodb_ops.legacy_backup.legacy_snapshot) leaves a snapshot alone
    that was given a longer life since the plan was made.
positional: size
options:
  _input:
    description:
      - The plan of P(mongodb_ops.legacy_backup.retention_plan#filter).
    type: dict
    required: true
  size:
    description:
      - How many changes a batch has, 1 or more.
    type: int
    default: 100
  without:
    description:
      - The ids of snapshots whose changes are left out.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Apply a plan in batches
  mongodb_ops.legacy_backup.legacy_snapshot:
    snapshots: "{{ item }}"
    unless_restoring: true
    unless_newest: true
  loop: "{{ plan | mongodb_ops.legacy_backup.retention_batches(100) }}"
  loop_control:
    label: "{{ item | length }} changes"
"""

RETURN = r"""
_value:
  description: The batches. Each item is one for O(mongodb_ops.legacy_backup.legacy_snapshot#module:snapshots).
  type: list
  elements: list
  sample:
    - - snapshot_id: 5a4279d4fcc178500596745a
        state: absent
        unless_expires_after: "2026-12-24T18:00:00Z"
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import batches, load_decisions
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    RefusedError,
    check_at,
    each,
    object_id,
    shown,
)


def retention_batches(plan: Any, size: Any = 100, without: Any = ()) -> list[list[dict[str, Any]]]:
    """The changes of a plan in batches; AnsibleFilterError for what is no plan or no size."""
    try:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise RefusedError(f"size is {shown(size)}: it is a number of changes, 1 or more")
        loaded = check_at(load_decisions, plan, "_input")
        return batches(loaded, size, {*check_at(each(object_id), without, "without")})
    except RefusedError as exc:
        raise AnsibleFilterError(f"retention_batches: {exc}") from exc


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The one filter of this file."""
        return {"retention_batches": retention_batches}
