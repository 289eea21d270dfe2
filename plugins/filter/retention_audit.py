# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter: findings, gates and evidence of a plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: retention_audit
short_description: Tell what somebody should look at in a retention plan and its listing
version_added: "1.0.0"
author:
  - The mongodb_ops.legacy_backup authors
description:
  - Finds what the policy does not ask for and a person should know, says whether gates fail, and gathers the evidence.
positional: listing
options:
  _input:
    description:
      - The plan of P(mongodb_ops.legacy_backup.retention_plan#filter).
    type: dict
    required: true
  listing:
    description:
      - The result of M(mongodb_ops.legacy_backup.legacy_snapshot_info) that was planned for.
    type: dict
    required: true
  fail_on_drift:
    description:
      - Whether a plan that would change anything is a failure. Blank is false.
    type: bool
    default: false
  fail_on_gap:
    description:
      - Whether a gap is a failure. Blank is false.
    type: bool
    default: false
  requests:
    description:
      - What the tasks of the run returned as V(requests).
    type: list
    elements: dict
    default: []
  facts:
    description:
      - What else is known of the run, such as the number of the job. It is put into the evidence as it is.
    type: dict
    default: {}
  evidence:
    description:
      - Whether to tell the evidence, for which all of the listing has to be read. Without it, it is null.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Fail where the cluster is not as the policy would have it
  ansible.builtin.assert:
    that: audit.failures | length == 0
    fail_msg: "{{ audit.failures | join(' ') }}"
  vars:
    audit: "{{ plan | mongodb_ops.legacy_backup.retention_audit(listing, fail_on_drift=true) }}"
"""

RETURN = r"""
_value:
  description: The audit of one cluster.
  type: dict
  contains:
    findings:
      description:
        - What to look at, each a dictionary of V(code) and V(text).
        - The codes are those of the plan's warnings, and V(no_expiry), V(stale) (the newest complete snapshot is too
          old, or there is none), V(no_backup) (there is no schedule), V(inconsistent), V(missing_shards) and V(gap).
        - With O(mongodb_ops.legacy_backup.retention_plan#filter:stale_after=off) backups have ended, and V(stale) and
          V(no_backup) are none.
      type: list
      elements: dict
      sample:
        - code: no_expiry
          text: 5a4279d4fcc178500596745a of 2026-08-20T18:00:00Z has no expiry and is not held
    failures:
      description:
        - The gates that fail. Each begins with V(RETENTION BLOCKED:), V(RETENTION DRIFT:) or V(RETENTION GAP:).
      type: list
      elements: str
      sample: []
    entry:
      description: The numbers of the plan, for an artifact.
      type: dict
    evidence:
      description:
        - Null without O(evidence).
        - C(collection_version), C(base_url), C(platform), C(first_request_at), C(last_request_at), C(requests) by
          method, C(listing_sha256), and O(facts).
      type: dict
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.evidence import evidence as evidence_of
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.evidence import read_requests
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import findings
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import read_info
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import (
    dump_notes,
    load_decisions,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import numbers
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    RefusedError,
    blank,
    check_at,
    mapping,
    plain,
    switch,
)


def retention_audit(
    plan: Any,
    listing: Any,
    fail_on_drift: Any = False,
    fail_on_gap: Any = False,
    requests: Any = (),
    facts: Any = None,
    evidence: Any = True,
) -> dict[str, Any]:
    """Findings, gates and evidence; AnsibleFilterError names what cannot be used."""
    try:
        on_drift = check_at(switch, fail_on_drift, "fail_on_drift")
        on_gap = check_at(switch, fail_on_gap, "fail_on_gap")
        loaded, cluster = check_at(load_decisions, plan, "_input"), check_at(read_info, listing, "listing")
        told = _evidence(listing, requests, facts) if check_at(switch, evidence, "evidence") else None
    except RefusedError as exc:
        raise AnsibleFilterError(f"retention_audit: {exc}") from exc
    found = findings.audit(loaded, cluster)
    return {
        "findings": dump_notes(found),
        "failures": findings.gates(loaded, found, on_drift, on_gap),
        "entry": numbers(loaded, found),
        "evidence": told,
    }


def _evidence(listing: Any, requests: Any, facts: Any) -> dict[str, Any]:
    sent = check_at(read_requests, [] if blank(requests) else requests, "requests")
    more = check_at(lambda value: plain(mapping(value)), {} if blank(facts) else facts, "facts")
    given = check_at(plain, listing, "listing")
    return {"collection_version": _version(), **evidence_of(given, sent), **more}


def _version() -> str | None:
    """The version of this collection, from what is installed beside this file, or from a checkout."""
    root = Path(__file__).resolve().parents[2]
    try:
        manifest = json.loads((root / "MANIFEST.json").read_text(encoding="utf-8"))
        return str(manifest["collection_info"]["version"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        found = re.search(r"^version:\s*(\S+)", (root / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return found.group(1) if found else None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The one filter of this file."""
        return {"retention_audit": retention_audit}
