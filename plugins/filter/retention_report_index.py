# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter: an index page of a folder of reports."""

from __future__ import annotations

DOCUMENTATION = r"""
name: retention_report_index
short_description: Make an index page of retention reports
version_added: "1.0.0"
author:
  - The mongodb_ops.legacy_backup authors
description:
  - Reads the reports that the role P(mongodb_ops.legacy_backup.retention#role) wrote into a folder, and makes a page of
    HTML with one line for each cluster. Blocked clusters come first, then those with problems, gaps or findings.
  - The page can be sorted, and filtered by result, by project and by text. What blocks a cluster, its problems and its
    findings are behind its line.
  - A row links to the page of its report only if that lies beside the report's JSON.
  - A file that is damaged is left out with a warning, and the page names it. An older report of the same cluster is
    left out as well.
  - The folder is read on the controller, and nothing is written.
options:
  _input:
    description:
      - The folder, as in O(mongodb_ops.legacy_backup.retention#role:main:retention_report_dir). V(~) and environment
        variables are expanded. A relative path begins in the directory where C(ansible-playbook) was started.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Write the index of a folder
  vars:
    index: "{{ 'reports' | mongodb_ops.legacy_backup.retention_report_index }}"
  ansible.builtin.copy:
    content: "{{ index.page }}"
    dest: "{{ index.path }}"
    mode: "{{ index.mode | default(omit, true) }}"
  changed_when: false
"""

RETURN = r"""
_value:
  description: The index of the folder.
  type: dict
  contains:
    page:
      description: The page.
      type: str
      sample: "<!DOCTYPE html>..."
    path:
      description: Where the page belongs, as an absolute path.
      type: str
      sample: /srv/reports/index.html
    mode:
      description: The mode for a new file; null where the file is there, which keeps its own.
      type: str
      sample: "0640"
    clusters:
      description: How many clusters the page has.
      type: int
      sample: 12
    left_out:
      description: A sentence about each file that is left out.
      type: list
      elements: str
      sample: ["/srv/reports/retention-orders-1f3870be274f6c49.json is not JSON: it has NaN, which is no JSON."]
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.index import index
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import check_at, string
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.files import (
    FILE_MODE,
    FileError,
    check,
    reports_in,
    resolve,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._trust import untrusted

_NAMED = 10


def retention_report_index(folder: Any) -> dict[str, Any]:
    """The page of all reports in a folder; AnsibleFilterError where it cannot be read or has none."""
    try:
        place = resolve(check_at(string, folder, "_input"))
        entries, left_out = reports_in(place)
        path = place / "index.html"
        if not entries and not left_out:
            raise FileError(f"{place} has no reports (retention-*.json).")
        if (refusal := check(path)) is not None:
            raise FileError(refusal)
    except (FileError, ValueError) as exc:
        raise AnsibleFilterError(f"retention_report_index: {exc}") from exc
    made = index(entries, left_out)
    if left_out:
        # One warning, which Ansible shows once however often the template is rendered.
        listed = " ".join(left_out[:_NAMED]) + (
            f" And {len(left_out) - _NAMED} more." if len(left_out) > _NAMED else ""
        )
        Display().warning(f"Left out of the index of {place}: {listed}")
    return {
        "page": untrusted(made.page),
        "path": untrusted(str(path)),
        "mode": None if path.exists() else f"{FILE_MODE:04o}",
        "clusters": made.clusters,
        "left_out": [untrusted(line) for line in made.left_out],
    }


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The one filter of this file."""
        return {"retention_report_index": retention_report_index}
