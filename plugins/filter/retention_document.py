# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter: a plan as files and artifacts carry it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: retention_document
short_description: Make a retention plan small enough for a file or an artifact
version_added: "1.0.0"
author:
  - The mongodb_ops.legacy_backup authors
description:
  - Turns a plan into a document with all that decides, at most 168 bytes a snapshot and 4 kB.
  - What it leaves out is why. The filter P(mongodb_ops.legacy_backup.retention_approval#filter) reads it back, with the
    same digest.
options:
  _input:
    description:
      - The plan of P(mongodb_ops.legacy_backup.retention_plan#filter).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Hand the plan to the next job of the workflow
  ansible.builtin.set_stats:
    data:
      orders_plan: "{{ plan | mongodb_ops.legacy_backup.retention_document }}"
"""

RETURN = r"""
_value:
  description:
    - The head of the plan, and its snapshots as arrays.
    - Gaps and warnings are cut short where they do not fit.
  type: dict
  contains:
    columns:
      description: What the values of a row are.
      type: list
      elements: str
      sample: [id, created_at, expires_at, state, action]
    rows:
      description: The snapshots, newest first.
      type: list
      elements: list
      sample: [[5a4279d4fcc178500596745a, "2026-08-20T18:00:00Z", "2026-08-22T18:00:00Z", candidate, keep]]
    withheld:
      description: The numbers of the rows whose removal is withheld because backups have stopped, from 0 on.
      type: list
      elements: int
      sample: []
    digest:
      description: The digest of the plan, which an approval names.
      type: str
      sample: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan, load_decisions
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError, check_at


def retention_document(plan: Any) -> dict[str, Any]:
    """The compact document of a plan; AnsibleFilterError for what is no plan."""
    try:
        loaded: Plan = check_at(load_decisions, plan, "_input")
    except RefusedError as exc:
        raise AnsibleFilterError(f"retention_document: {exc}") from exc
    return loaded.dump_compact()


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The one filter of this file."""
        return {"retention_document": retention_document}
