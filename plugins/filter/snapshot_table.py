# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter: the snapshots of a cluster as a table of text."""

from __future__ import annotations

DOCUMENTATION = r"""
name: snapshot_table
short_description: Show the snapshots of a cluster as a table
version_added: "1.0.0"
author:
  - The mongodb_ops.legacy_backup authors
description:
  - Makes lines of text, one for each snapshot, in the order of the listing, which is newest first. The playbook
    C(mongodb_ops.legacy_backup.list) prints them.
  - The columns are when the snapshot was created, its age, its expiry, whether it is held, its size, whether it is
    complete, and its id. Times are UTC.
  - It makes no request and reads no clock.
options:
  _input:
    description:
      - The result of M(mongodb_ops.legacy_backup.legacy_snapshot_info).
    type: dict
    required: true
  now:
    description:
      - The time from which ages count, ISO 8601. Without a zone it is UTC. Required.
    type: str
    required: true
seealso:
  - plugin: mongodb_ops.legacy_backup.retention_table
    plugin_type: filter
"""

EXAMPLES = r"""
- name: List the snapshots of a cluster
  mongodb_ops.legacy_backup.legacy_snapshot_info:
    project_id: 5e2211c17a3e5a48f5497de3
    cluster_name: Cluster0
    completeness: all
    gather: []
  register: listing

- name: Show them
  ansible.builtin.debug:
    msg: "{{ listing | mongodb_ops.legacy_backup.snapshot_table(now=now(utc=true)) }}"
"""

RETURN = r"""
_value:
  description: The lines, of which the first two are a title and the names of the columns.
  type: list
  elements: str
  sample:
    - "Cluster Cluster0 of project 5e2211c17a3e5a48f5497de3: 1 snapshot. Times are UTC."
    - "created           age expires          held    size complete id"
    - "2026-08-20 12:00 13 h 2026-08-22 12:00 no   1.4 GiB yes      5a4279d4fcc178500596745a"
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import check_at, instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.snapshot_table import lines, read_info
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._trust import as_data


def snapshot_table(info: Any, now: Any = None) -> list[str]:
    """The lines of the table; AnsibleFilterError names what cannot be used."""
    try:
        return [as_data(line) for line in lines(check_at(read_info, info, "_input"), check_at(instant, now, "now"))]
    except ValueError as exc:
        raise AnsibleFilterError(f"snapshot_table: {exc}") from exc


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The one filter of this file."""
        return {"snapshot_table": snapshot_table}
