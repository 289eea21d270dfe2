# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter: a plan, its listing and what came of it, as a page, a table and data."""

from __future__ import annotations

DOCUMENTATION = r"""
name: retention_report
short_description: Make a report of a retention plan
version_added: "1.0.0"
author:
  - The mongodb_ops.legacy_backup authors
description:
  - Makes a page of HTML, a CSV and a JSON of what a plan does with the snapshots of one cluster, and why.
  - The page needs nothing else, loads nothing, and can be printed. All three say the same.
  - Makes no request, reads no clock and writes no file.
positional: listing
options:
  _input:
    description:
      - The plan of P(mongodb_ops.legacy_backup.retention_plan#filter), also one that was read back from a file.
    type: dict
    required: true
  listing:
    description:
      - The result of M(mongodb_ops.legacy_backup.legacy_snapshot_info) that the plan was made from.
      - It is what other policies are tried on, and where the schedule is read. An empty or missing one leaves those
        parts out, and so does one that the plan was not made from.
    type: dict
  outcomes:
    description:
      - The outcomes of M(mongodb_ops.legacy_backup.legacy_snapshot), those of all calls together.
    type: list
    elements: dict
    default: []
  evidence:
    description:
      - What else to put down for the file, such as versions and counts of requests. Names and plain values.
    type: dict
    default: {}
  findings:
    description:
      - What an audit found beyond the policy, each with C(code) and C(text).
    type: list
    elements: dict
    default: []
  previous:
    description:
      - The JSON of an earlier report of the same cluster, as text or read, to compare with. One of another cluster,
        or a newer one, is left out.
    type: raw
  check_mode:
    description:
      - Whether nothing is, or was, to be written.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Make the report
  ansible.builtin.set_fact:
    report: "{{ plan | mongodb_ops.legacy_backup.retention_report(listing, check_mode=true) }}"

- name: Write it
  ansible.builtin.copy:
    content: "{{ report[item] }}"
    dest: "reports/{{ report.stem }}.{{ item }}"
    mode: "0644"
  loop: [html, csv, json]
  check_mode: false
  changed_when: false
"""

RETURN = r"""
_value:
  description: The report in three forms.
  type: dict
  contains:
    stem:
      description: What the files are to be called, without their endings. The page's links expect it.
      type: str
      sample: retention-orders-1f3870be274f6c49
    html:
      description: The page.
      type: str
      sample: "<!DOCTYPE html>..."
    csv:
      description:
        - A line a snapshot, newest first, with a head. No cell is a formula to a spreadsheet.
      type: str
      sample: "project_id,cluster_id,cluster_name,..."
    json:
      description:
        - The report as data, with the keys C(schema) (1), C(kind), C(stem), C(check_mode) (whether it is a prediction),
          C(now) (the time of the run), C(plan_now), C(plan) (its document), C(summary), C(tiers), C(coverage),
          C(what_if), C(since), C(findings), C(problems), C(outcomes), C(evidence).
        - C(summary) has C(cluster), C(policy), C(verdict), C(space), C(blocked), C(counts) and the numbers C(total),
          C(kept), C(held), C(removed), C(extended) (both 0 in a prediction), C(to_remove), C(to_extend) (both 0 in a
          run that wrote), C(withheld), C(undone), C(gaps), C(warnings), and C(marks), how many snapshots are shown as
          what.
        - C(tiers) has for each rule C(rule), C(setting), C(kept), C(filled), C(wanted), C(unit), C(full), C(full_at),
          C(note).
        - C(coverage) has C(before) and C(after), each with C(restorable), C(oldest), C(newest), C(largest_gap)
          (seconds), C(gap_from), C(gap_to), C(missing), C(size).
        - C(what_if) has for each policy tried C(name), C(policy), C(kept), C(extended), C(removed), C(size_removed),
          C(oldest), C(gaps), C(blocked), C(refused).
        - C(since) is null without an earlier report, else C(at), C(new), C(gone), C(otherwise).
      type: str
      sample: '{"schema": 1}'
"""

import json
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.build import report
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import as_csv, as_json
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.html import as_html
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan, read_note
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import Run, read_outcomes
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    RefusedError,
    blank,
    check_at,
    each,
    mapping,
    plain,
    switch,
)


def retention_report(
    plan: Any,
    listing: Any = None,
    outcomes: Any = None,
    evidence: Any = None,
    findings: Any = None,
    previous: Any = None,
    check_mode: bool = False,
) -> dict[str, str]:
    """The report of one cluster; AnsibleFilterError names what cannot be used."""
    try:
        loaded = check_at(Plan.load, plan, "_input")
        told = check_at(read_outcomes, [] if blank(outcomes) else outcomes, "outcomes")
        is_prediction = check_at(switch, check_mode, "check_mode") or loaded.is_blocked
        made = report(
            loaded,
            _mapping("listing", listing),
            Run(loaded, loaded.now, told, is_prediction),
            _mapping("evidence", evidence),
            check_at(each(read_note), [] if blank(findings) else findings, "findings"),
            _mapping("previous", _parsed(previous)) or None,
        )
    except RefusedError as exc:
        raise AnsibleFilterError(f"retention_report: {exc}") from exc
    return {"stem": made.stem, "html": as_html(made), "csv": as_csv(made), "json": as_json(made)}


def _mapping(key: str, value: Any) -> Any:
    return {} if blank(value) else check_at(lambda given: plain(mapping(given)), value, key)


def _parsed(previous: Any) -> Any:
    if isinstance(previous, str) and previous.strip():
        try:
            return json.loads(previous)
        except ValueError as exc:
            raise RefusedError(f"previous: is not JSON: {exc}") from exc
        except RecursionError:
            raise RefusedError("previous: is nested too deeply") from None
    return previous


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The one filter of this file."""
        return {"retention_report": retention_report}
