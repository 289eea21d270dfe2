# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter: what the role did to each cluster of a play, as a table of text."""

from __future__ import annotations

DOCUMENTATION = r"""
name: retention_table
short_description: Sum up the clusters of a play in a table
version_added: "1.0.0"
author:
  - The mongodb_ops.legacy_backup authors
description:
  - Makes lines of text from RV(mongodb_ops.legacy_backup.retention_decide#module:counts) and the other parts of
    C(retention_result), which the role P(mongodb_ops.legacy_backup.retention#role) leaves behind for each host. There
    is one line for each cluster, a line of totals, why clusters are blocked or failed, and how many.
  - The playbooks of this collection print it at the end of a run over several hosts.
  - A host that failed before it had a result gets a line as well, which says so.
positional: hostvars
options:
  _input:
    description:
      - The names of the hosts, such as C(ansible_play_hosts_all), which has those that failed too.
    type: list
    elements: str
    required: true
  hostvars:
    description:
      - C(hostvars), where the table finds the result of each host. Required.
    type: dict
    required: true
  digests:
    description:
      - Whether the digests of the plans that can be approved follow in full, a line each.
    type: bool
    default: false
seealso:
  - plugin: mongodb_ops.legacy_backup.snapshot_table
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Keep the snapshots of each cluster by a policy
  hosts: clusters
  gather_facts: false
  strategy: linear
  vars:
    retention_keep_within_daily: 7d
    retention_keep_within_monthly: 13mo
  tasks:
    - name: Keep by the policy, and sum up whatever becomes of it
      block:
        - name: Keep by the policy
          ansible.builtin.include_role:
            name: mongodb_ops.legacy_backup.retention
            rolespec_validate: false
          vars:
            # The table takes the place of the summaries.
            retention_print_summary: false
      always:
        - name: Sum up all clusters
          ansible.builtin.debug:
            msg: "{{ ansible_play_hosts_all | mongodb_ops.legacy_backup.retention_table(hostvars) }}"
          run_once: true
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample:
    - "cluster     kept deleted extended held gaps findings digest   state"
    - "Shop.orders   39      73        0    0    0        0 c8aee477 ok"
    - "Shop.ledger    7       0        0    1    0        0 56e50eda ok"
    - "total         46      73        0    1    0        0"
    - "2 clusters: 2 ok."
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.fleet_table import lines
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._trust import as_data


def retention_table(hosts: Any, hostvars: Any = None, digests: bool = False) -> list[str]:
    """The lines of the table; AnsibleFilterError where it is not given names and hostvars."""
    is_list = isinstance(hosts, (list, tuple)) and all(isinstance(host, str) for host in hosts)
    if not is_list or not isinstance(hostvars, Mapping):
        raise AnsibleFilterError(
            "retention_table: takes a list of hosts and hostvars:"
            " ansible_play_hosts_all | mongodb_ops.legacy_backup.retention_table(hostvars)"
        )
    results = {str(host): _result(hostvars[host]) for host in hosts if host in hostvars}
    return [as_data(line) for line in lines(results, bool(digests))]


def _result(known: Any) -> Any:
    return known.get("retention_result") if isinstance(known, Mapping) else None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The one filter of this file."""
        return {"retention_table": retention_table}
