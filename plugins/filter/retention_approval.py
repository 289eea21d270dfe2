# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter: reads an approved plan, and says whether it may still be applied."""

from __future__ import annotations

DOCUMENTATION = r"""
name: retention_approval
short_description: Tell whether an approved retention plan may be applied
version_added: "1.0.0"
author:
  - The mongodb_ops.legacy_backup authors
description:
  - Reads an approved plan, and compares it with the digest that was approved and with the cluster as it is now.
  - Refused are a plan whose digest is another one, that is too old, that is for another cluster, or whose guard is
    blocked, since an approval does not lift a guard.
  - With O(listing), also one whose snapshots have changed meanwhile. What the plan does not know is left alone.
    Snapshots that are already gone, that already have the expiry they were to get, or that expired as they were to,
    are no change.
  - The policy is not evaluated again.
positional: digest
options:
  _input:
    description:
      - The plan, as P(mongodb_ops.legacy_backup.retention_document#filter) or
        P(mongodb_ops.legacy_backup.retention_plan#filter) make it, or as JSON, or the path of a file of JSON.
    type: raw
  digest:
    description:
      - The digest that was approved.
    type: str
  now:
    description:
      - The present instant, ISO 8601; without a zone it is UTC. Required.
    type: str
    required: true
  listing:
    description:
      - The whole result of M(mongodb_ops.legacy_backup.legacy_snapshot_info), called now. Without it the plan alone is
        tried.
    type: dict
  max_age:
    description:
      - How old the plan may be, a duration.
    type: str
    default: 24h
  project_id:
    description:
      - The project that is meant. Blank is not compared.
    type: str
  cluster_id:
    description:
      - The cluster that is meant. Blank is not compared.
    type: str
"""

EXAMPLES = r"""
- name: Refuse what was not approved
  ansible.builtin.assert:
    that: not approval.refused
    fail_msg: "{{ approval.refused }}"
  vars:
    approval: "{{ 'orders.json' | mongodb_ops.legacy_backup.retention_approval(approved_digest, now=now(utc=true)) }}"
"""

RETURN = r"""
_value:
  description: The plan, and whether it may be applied.
  type: dict
  contains:
    refused:
      description: Why it must not be applied, all reasons in one line; blank when it may.
      type: str
      sample: ""
    plan:
      description:
        - The plan that was approved, as P(mongodb_ops.legacy_backup.retention_plan#filter) returns it. A compact
          document has no reasons.
        - Empty when it is refused.
      type: dict
    void:
      description:
        - The snapshots whose expiry can no longer be changed, since they have expired or are gone.
        - Their changes are not to be made. The V(warnings) of the plan name each of them.
      type: list
      elements: str
      sample: []
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import approval
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster, read_info
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import duration, parse_now
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    RefusedError,
    blank,
    check_at,
    shown,
    string,
    unless_blank,
)

_NOTHING = (
    "RETENTION NO PLAN: there is no approved plan for this cluster: give retention_approved_plan, or run plan before"
    " apply in one workflow; a missing plan is never taken for nothing to do."
)


def retention_approval(
    document: Any,
    digest: Any = None,
    now: Any = None,
    listing: Mapping[str, Any] | None = None,
    max_age: Any = None,
    project_id: str | None = None,
    cluster_id: str | None = None,
) -> dict[str, Any]:
    """The approved plan, and why it must not be applied; AnsibleFilterError names what cannot be used."""
    try:
        moment = parse_now(now)
        age = check_at(duration, "24h" if blank(max_age) else max_age, "max_age")
        cluster = None if listing is None else read_info(listing)
        target = (_text("project_id", project_id), _text("cluster_id", cluster_id))
        approved = _text("digest", digest)
    except RefusedError as exc:
        raise AnsibleFilterError(f"retention_approval: {exc}") from exc
    if not document or blank(document):
        return _refused(_NOTHING)
    try:
        plan = Plan.load(_read(document))
        if approved is None:
            raise RefusedError("no digest was approved, retention_approved_digest is blank")
    except ValueError as exc:
        return _refused(f"The approved plan is refused: {exc}.")
    ids = target if cluster is None else (cluster.project_id, cluster.cluster_id)
    return _refused_for(approval.refusals(plan, approved, *ids, moment, age), plan) or _compared(plan, cluster, moment)


def _refused_for(reasons: list[str], plan: Plan) -> dict[str, Any] | None:
    mark = "RETENTION BLOCKED: the" if plan.is_blocked else "The"
    return _refused(f"{mark} approved plan is refused: {'; '.join(reasons)}.") if reasons else None


def _compared(plan: Plan, cluster: Cluster | None, moment: datetime) -> dict[str, Any]:
    drifted = [] if cluster is None else approval.drift(plan, cluster.snapshots, moment)
    if drifted:
        return _refused(
            "RETENTION DRIFT: the cluster is not as the approved plan found it, and nothing was written:"
            f" {'; '.join(drifted)}. Make a new plan, and have it approved."
        )
    void = {} if cluster is None else approval.void_changes(plan, cluster.snapshots, moment)
    warned = replace(plan, warnings=(*plan.warnings, *void.values()))
    return {"refused": "", "plan": warned.dump(), "void": list(void)}


def _refused(reason: str) -> dict[str, Any]:
    return {"refused": reason, "plan": {}, "void": []}


def _text(key: str, value: Any) -> str | None:
    """An id or a digest, in lower case; None where it was left out."""
    found: str | None = check_at(unless_blank(string), value, key)
    return None if found is None else found.strip().lower()


def _read(document: Any) -> Any:
    """A document as it is; what is neither a dictionary nor JSON is the path of a file."""
    if not isinstance(document, str) or document.lstrip().startswith("{"):
        return document
    try:
        path = Path(document.strip()).expanduser()
        # A device or a pipe may never end.
        if path.is_file():
            return path.read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError):
        pass
    raise ValueError(f"retention_approved_plan is no JSON, and no file that can be read: {shown(document)}")


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The one filter of this file."""
        return {"retention_approval": retention_approval}
