#!/usr/bin/python
# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the action plugin of this name, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: retention_decide
short_description: Decide what becomes of the snapshots of one cluster
version_added: 1.0.0
description:
  - The first step of the role P(mongodb_ops.legacy_backup.retention#role), which is its interface. It is not meant to
    be used by itself.
  - Reads the variables of the role, lists the cluster, plans by the policy or checks an approved plan, and releases for
    M(mongodb_ops.legacy_backup.retention_apply) what no guard has stopped. It changes nothing.
  - It passes whatever it finds, and returns why the host fails. The last task of the role fails then.
extends_documentation_fragment:
  - mongodb_ops.legacy_backup.api
  - mongodb_ops.legacy_backup.api.cluster
  - mongodb_ops.legacy_backup.api.attributes
  - mongodb_ops.legacy_backup.api.actiongroup_api
attributes:
  check_mode:
    support: full
    details: It only reads.
  diff_mode:
    support: full
    details: Shows what would be changed and why, up to 300 snapshots, unless the plan is applied next.
  idempotent:
    support: full
    details: It changes nothing.
options:
  entry_point:
    description:
      - For which entry point of the role it decides. Only V(main) and V(apply) release a plan.
    type: str
    choices:
      - main
      - plan
      - apply
      - audit
    required: true
seealso:
  - module: mongodb_ops.legacy_backup.retention_apply
author:
  - The mongodb_ops.legacy_backup authors (@mongodb-ops)
"""

EXAMPLES = r"""
- name: Keep the snapshots of each cluster by a policy
  hosts: clusters
  gather_facts: false
  vars:
    retention_keep_within_daily: 7d
    retention_keep_within_monthly: 13mo
  roles:
    # The role runs this step, and the one that applies.
    - role: mongodb_ops.legacy_backup.retention
"""

RETURN = r"""
check_mode:
  description:
    - Whether nothing could be written, so that the numbers are predictions. Always true in V(plan) and V(audit).
  returned: always
  type: bool
  sample: false
project_id:
  description: The project of the cluster.
  returned: always
  type: str
  sample: 5e2211c17a3e5a48f5497de3
cluster_id:
  description: The cluster.
  returned: always
  type: str
  sample: 7c2487d833e9e75286093696
cluster_name:
  description: The cluster's name, where it is known.
  returned: always
  type: str
  sample: Cluster0
now:
  description: The time of the run.
  returned: always
  type: str
  sample: "2026-08-21T01:00:00Z"
plan_now:
  description: The time of the plan. Null if there is none.
  returned: always
  type: str
  sample: "2026-08-21T01:00:00Z"
counts:
  description:
    - How many snapshots were V(kept), V(held), V(deleted), V(already_gone), V(extended), V(shortened), V(withheld),
      V(failed), V(not_tried), or V(unknown).
    - In a prediction, V(to_delete), V(to_extend) and V(to_shorten) are in place of what was done.
    - Empty if there is no plan.
  returned: always
  type: dict
  sample:
    kept: 100
    held: 2
    deleted: 12
    already_gone: 0
    extended: 0
    shortened: 0
    withheld: 0
    failed: 0
    not_tried: 0
    unknown: 0
gaps:
  description: How many periods no sound snapshot covers.
  returned: always
  type: int
  sample: 0
findings:
  description: What somebody should look at, each with C(code) and C(text).
  returned: always
  type: list
  elements: dict
  sample: []
guard:
  description: Whether the plan is V(blocked), and the V(reasons).
  returned: always
  type: dict
  sample: {blocked: false, reasons: []}
digest:
  description: The digest of the plan, which an approval names.
  returned: always
  type: str
  sample: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
plan_file:
  description: The path of the plan that was written, null if none was.
  returned: always
  type: str
  sample: /var/lib/reports/retention-cluster0-0c4f6d1e2a3b4c5d.plan.json
report:
  description: The path of the page that was written, null if none was.
  returned: always
  type: str
  sample: /var/lib/reports/retention-cluster0-0c4f6d1e2a3b4c5d.html
is_pending:
  description: That M(mongodb_ops.legacy_backup.retention_apply) is to apply the plan, and has not yet.
  returned: when the plan was released
  type: bool
  sample: true
failures:
  description:
    - The first 100 snapshots that failed or were not tried, or whose fate is not known.
    - Each has C(id), C(action) and C(error), whose texts are cut at 300 characters.
  returned: always
  type: list
  elements: dict
  sample: []
summary:
  description: What a person is to read, line by line.
  returned: always
  type: list
  elements: str
  sample: ["Done: 400 snapshots, 60 kept, 340 deleted, 0 extended, 0 held."]
failure:
  description: Why the host fails at the end of the role. Blank if it does not.
  returned: always
  type: str
  sample: ""
message:
  description: The same in less than 200 characters, as the last task of the role says it.
  returned: always
  type: str
  sample: ""
"""
