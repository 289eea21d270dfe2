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
  - Makes a page of HTML with a row a cluster, which links to the pages of
    P(mongodb_ops.legacy_backup.retention_report#filter) beside it. Blocked clusters come first.
options:
  _input:
    description:
      - The JSON of the reports, each as text or read.
    type: list
    elements: raw
    required: true
"""

EXAMPLES = r"""
- name: Write the index of a folder
  vars:
    files: "{{ query('ansible.builtin.fileglob', 'reports/retention-*.json') }}"
  ansible.builtin.copy:
    content: "{{ query('ansible.builtin.file', *files) | mongodb_ops.legacy_backup.retention_report_index }}"
    dest: reports/index.html
    mode: "0644"
  changed_when: false
"""

RETURN = r"""
_value:
  description: The page, to be put beside those that it links to.
  type: str
  sample: "<!DOCTYPE html>..."
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.index import index
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError, shown
from jinja2 import UndefinedError


def retention_report_index(reports: Any) -> str:
    """The page of all reports; AnsibleFilterError names what is none."""
    try:
        if not isinstance(reports, Sequence) or isinstance(reports, str):
            raise RefusedError(f"_input: must be a list of reports, not {shown(reports)}")
        return index([_read(number, report) for number, report in enumerate(reports)])
    except RefusedError as exc:
        raise AnsibleFilterError(f"retention_report_index: {exc}") from exc
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError, UndefinedError) as exc:
        raise AnsibleFilterError(f"retention_report_index: one of these is no report: {exc!r:.200}") from exc


def _read(number: int, report: Any) -> Any:
    if not isinstance(report, str):
        return report
    try:
        return json.loads(report)
    except ValueError as exc:
        raise RefusedError(f"_input[{number}]: is not JSON: {exc}") from exc


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The one filter of this file."""
        return {"retention_report_index": retention_report_index}
