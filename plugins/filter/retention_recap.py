# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter: what a run of the role came to."""

from __future__ import annotations

DOCUMENTATION = r"""
name: retention_recap
short_description: Tell what became of a retention plan
version_added: "1.0.0"
author:
  - The mongodb_ops.legacy_backup authors
description:
  - Compares a plan with the outcomes of applying it, and says the result in lines for a person.
  - The role P(mongodb_ops.legacy_backup.retention#role) uses it to sum up, to verify, and to know when to stop.
positional: outcomes
options:
  _input:
    description:
      - The plan of P(mongodb_ops.legacy_backup.retention_plan#filter).
    type: dict
    required: true
  outcomes:
    description:
      - The outcomes of M(mongodb_ops.legacy_backup.legacy_snapshot), those of all calls together.
    type: list
    elements: dict
    required: true
  listing:
    description:
      - The result of M(mongodb_ops.legacy_backup.legacy_snapshot_info), called after the last change, to verify by.
    type: dict
  check_mode:
    description:
      - Whether the outcomes are those of check mode.
    type: bool
    default: false
  planned:
    description:
      - Whether nothing was to be applied.
    type: bool
    default: false
  findings:
    description:
      - The findings of P(mongodb_ops.legacy_backup.retention_audit#filter), to be told beside the warnings.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Sum up
  ansible.builtin.debug:
    msg: "{{ (plan | mongodb_ops.legacy_backup.retention_recap(result.outcomes)).lines }}"
"""

RETURN = r"""
_value:
  description: The result of a run.
  type: dict
  contains:
    lines:
      description: The summary for a person.
      type: list
      elements: str
      sample:
        - Cluster orders of project 5e2211c17a3e5a48f5497de3 at 2026-08-21T01:00:00Z
        - "Done: 112 snapshots, 97 kept, 12 deleted, 0 extended, 2 held, 1 incomplete."
    problems:
      description: What failed, and what the listing shows to be otherwise than was said.
      type: list
      elements: str
      sample: []
    failure:
      description: The problems in one text, those that meet many said once; blank when there are none.
      type: str
      sample: ""
    must_stop:
      description: Whether no further change may begin.
      type: bool
      sample: false
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import summary as recap
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import read_expiries
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import load_decisions, read_note
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    RefusedError,
    blank,
    check_at,
    each,
    switch,
)


def retention_recap(
    plan: Any,
    outcomes: Any,
    listing: Any = None,
    check_mode: Any = False,
    planned: Any = False,
    findings: Any = (),
) -> dict[str, Any]:
    """What became of a plan; AnsibleFilterError names what cannot be used."""
    try:
        loaded = check_at(load_decisions, plan, "_input")
        results = check_at(recap.read_outcomes, outcomes, "outcomes")
        listed = None if listing is None else check_at(read_expiries, listing, "listing")
        is_plan, is_check = check_at(switch, planned, "planned"), check_at(switch, check_mode, "check_mode")
        found = check_at(each(read_note), [] if blank(findings) else findings, "findings")
    except RefusedError as exc:
        raise AnsibleFilterError(f"retention_recap: {exc}") from exc
    mode = "Planned" if is_plan else "Check mode" if is_check else "Done"
    mode = mode if mode == "Done" else f"{mode}, nothing was written"
    problems = recap.problems(results, listed)
    return {
        "lines": recap.summary(loaded, results, problems, mode == "Done", mode, found),
        "problems": problems,
        "failure": recap.failure(problems),
        "must_stop": recap.must_stop(loaded, results),
    }


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The one filter of this file."""
        return {"retention_recap": retention_recap}
