#!/usr/bin/python
# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: legacy_snapshot
short_description: Date, hold, release and delete legacy backup snapshots of a MongoDB cluster
version_added: 1.0.0
description:
  - Sets the expiry of legacy (continuous) backup snapshots of one cluster on Atlas, Cloud Manager or Ops Manager,
    holds or releases them, or deletes them; one, or many in one task.
  - Reads first, and writes only what differs. All changes of a task are made before its first deletion, and when a
    change that would have made a snapshot live longer fails, nothing is deleted. Deletions begin with the oldest.
  - A deleted snapshot cannot be brought back.
  - Snapshots that are held, or not complete, are never deleted, and there is no option to force it.
  - Reading needs the role Project Read Only, writing needs Project Owner; on Cloud and Ops Manager deleting inside the
    point-in-time window needs Global Backup Admin or Global Owner. On Atlas and Ops Manager writes must come from an
    address on the API access list.
author:
  - The mongodb_ops.legacy_backup authors (@mongodb-ops)
extends_documentation_fragment:
  - mongodb_ops.legacy_backup.api
  - mongodb_ops.legacy_backup.api.cluster
  - mongodb_ops.legacy_backup.api.attributes
  - mongodb_ops.legacy_backup.api.actiongroup_api
attributes:
  check_mode:
    support: full
    details:
      - Reads all that the real run reads and refuses all that reading can show to be wrong. The result is that of the
        real run.
      - A role that is too low to write, or an address that is not on the access list, shows only in the real run.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  snapshot_id:
    description:
      - The snapshot, 24 hexadecimal digits. Excludes O(snapshots).
    type: str
    aliases:
      - id
  state:
    description:
      - V(present) changes a snapshot that is there, and needs O(expires_at) or O(do_not_delete). The service cannot
        create one, so a snapshot that is not there is an error.
      - V(absent) deletes it, also one that has expired and is still there.
    type: str
    choices:
      - present
      - absent
    default: present
  expires_at:
    description:
      - When the service shall delete it. ISO 8601 with a zone; without one it is UTC; a bare date is its first second.
        Fractions of a second are cut.
      - A snapshot that is held has no expiry, so it must be released in the same item, by O(do_not_delete=false).
      - A snapshot whose expiry has passed cannot be edited any more.
    type: str
  do_not_delete:
    description:
      - Whether the snapshot is held, so that it never expires. Holding it removes its expiry, so V(true) excludes
        O(expires_at).
      - Releasing one, by V(false), needs O(expires_at), since it is not documented which expiry the service would set.
    type: bool
  allow_past_expiry:
    description:
      - Whether O(expires_at) may be now or in the past. The service then deletes the snapshot when it chooses, which
        cannot be undone.
      - Otherwise such a date is refused, and nothing else of the task is written either.
    type: bool
    default: false
  unless_expires_after:
    description:
      - Refuse to delete a snapshot, or to bring its expiry forward, that is found to expire later than this, or never.
      - Give the expiry that the snapshot had when it was decided upon; then one that somebody gave a longer life since
        is left alone and reported.
      - Written as O(expires_at).
    type: str
  snapshots:
    description:
      - Many snapshots of the cluster. What an item leaves out is taken from the options of the same name beside
        O(snapshots).
      - An item that is to be held does not take O(expires_at) from there, and one that is to be absent takes neither
        date nor hold.
    type: list
    elements: dict
    suboptions:
      snapshot_id:
        description: The snapshot.
        type: str
        required: true
        aliases:
          - id
      state:
        description: As O(state).
        type: str
        choices:
          - present
          - absent
      expires_at:
        description: As O(expires_at).
        type: str
      do_not_delete:
        description: As O(do_not_delete).
        type: bool
      allow_past_expiry:
        description: As O(allow_past_expiry).
        type: bool
      unless_expires_after:
        description: As O(unless_expires_after).
        type: str
  concurrency:
    description:
      - How many requests may be under way at once, on as many connections, from 1 to 16.
      - Of the pages of a listing there are no more than two.
    type: int
    default: 4
  unless_restoring:
    description:
      - Refuse to delete a snapshot that a restore job uses, or to bring its expiry forward. Costs a listing of the
        restore jobs, and one of the snapshots where a point in time is being restored.
      - Where the jobs cannot be read nothing is deleted or shortened.
    type: bool
    default: false
  unless_newest:
    description:
      - Refuse to delete the newest complete snapshot of the cluster that has not expired, or to bring its expiry
        forward.
      - Costs nothing where a newer one is in sight along with those that are asked for, else a listing. Where that
        cannot be read nothing is deleted or shortened.
    type: bool
    default: false
seealso:
  - module: mongodb_ops.legacy_backup.legacy_snapshot_info
  - plugin: mongodb_ops.legacy_backup.retention_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Keep the snapshot from before the migration until the end of next year
  mongodb_ops.legacy_backup.legacy_snapshot:
    project_id: 5e2211c17a3e5a48f5497de3
    cluster_name: Cluster0
    snapshot_id: 5a4279d4fcc178500596745a
    expires_at: 2027-12-31

- name: Hold a snapshot for as long as an investigation takes
  mongodb_ops.legacy_backup.legacy_snapshot:
    project_id: 5e2211c17a3e5a48f5497de3
    cluster_name: Cluster0
    snapshot_id: 5a4279d4fcc178500596745a
    do_not_delete: true

- name: Release it, and let it go in a month
  mongodb_ops.legacy_backup.legacy_snapshot:
    project_id: 5e2211c17a3e5a48f5497de3
    cluster_name: Cluster0
    snapshot_id: 5a4279d4fcc178500596745a
    do_not_delete: false
    expires_at: "{{ '%Y-%m-%d' | strftime(now().timestamp() + 30 * 86400) }}"

- name: Delete a snapshot
  mongodb_ops.legacy_backup.legacy_snapshot:
    project_id: 5e2211c17a3e5a48f5497de3
    cluster_name: Cluster0
    snapshot_id: 5a4279d4fcc178500596745b
    state: absent

- name: Many at once on Ops Manager, none of which a restore is using
  mongodb_ops.legacy_backup.legacy_snapshot:
    platform: ops_manager
    base_url: https://opsmanager.example.com:8443
    project_id: 5e2211c17a3e5a48f5497de3
    cluster_id: 5e2211c17a3e5a48f5497de4
    state: absent
    unless_restoring: true
    unless_newest: true
    concurrency: 8
    snapshots:
      - snapshot_id: 5a4279d4fcc178500596745c
      - snapshot_id: 5a4279d4fcc178500596745d
      - snapshot_id: 5a4279d4fcc178500596745e
        state: present
        expires_at: 2027-06-30T12:00:00+02:00
"""

RETURN = r"""
outcomes:
  description:
    - One entry for each item, in the order asked. In check mode what the real run would do.
    - Also returned when the task fails, unless it failed before anything was read.
  returned: success or failure
  type: list
  elements: dict
  contains:
    id:
      description: Id of the snapshot.
      returned: always
      type: str
      sample: 5a4279d4fcc178500596745a
    action:
      description:
        - What became of it. V(absent) is one that was not there to be deleted.
        - V(not_tried) is one left alone because of what happened to another; O(snapshots) says when.
      returned: always
      type: str
      sample: updated
    before:
      description:
        - The snapshot as it was, with the keys of the info module but without its parts. Null where it is not there.
      returned: always
      type: dict
      sample:
        id: 5a4279d4fcc178500596745a
        project_id: 5e2211c17a3e5a48f5497de3
        cluster_id: 5e2211c17a3e5a48f5497de4
        cluster_name: Cluster0
        created_at: '2026-11-01T12:00:00Z'
        created_increment: 1
        complete: true
        do_not_delete: false
        expires_at: '2027-01-01T12:00:00Z'
        incremental: true
        is_possibly_inconsistent:
        last_oplog_applied_at: '2026-11-01T11:59:58Z'
        missing_shards:
        namespace_filter:
        parts:
        data_size_bytes: 4502
        storage_size_bytes: 53248
        file_size_bytes: 324760
    after:
      description: The snapshot as it is now. Null where it is not there, or where the fate of a write is unknown.
      returned: always
      type: dict
      sample:
        id: 5a4279d4fcc178500596745a
        project_id: 5e2211c17a3e5a48f5497de3
        cluster_id: 5e2211c17a3e5a48f5497de4
        cluster_name: Cluster0
        created_at: '2026-11-01T12:00:00Z'
        created_increment: 1
        complete: true
        do_not_delete: false
        expires_at: '2027-12-31T00:00:00Z'
        incremental: true
        is_possibly_inconsistent:
        last_oplog_applied_at: '2026-11-01T11:59:58Z'
        missing_shards:
        namespace_filter:
        parts:
        data_size_bytes: 4502
        storage_size_bytes: 53248
        file_size_bytes: 324760
    error:
      description:
        - Null, or why it failed, with C(status), C(code) and C(detail).
        - Codes of our own have no status and are V(HELD), V(INCOMPLETE), V(EXPIRED), V(PAST_EXPIRY), V(RESTORING),
          V(EXTENDED) (see O(unless_expires_after)), V(NEWEST) (see O(unless_newest)) and V(NOT_FOUND).
      returned: always
      type: dict
      sample:
check_mode:
  description:
    - Whether the task ran in check mode, so that what reads results later knows what was only predicted.
    - All other keys are the same in both.
  returned: success or failure
  type: bool
  sample: false
requests:
  description: What was asked of the service, for the record. It differs from run to run, and nothing depends on it.
  returned: success and failure, with O(tell_requests=true)
  type: dict
  contains:
    platform:
      description: The platform that was asked.
      returned: always
      type: str
      sample: cloud_manager
    base_url:
      description: Where it was asked.
      returned: always
      type: str
      sample: https://cloud.mongodb.com
    gets:
      description: How many GETs were sent, those included that were answered with a challenge or sent again.
      returned: always
      type: int
      sample: 4
    patches:
      description: How many PATCHes.
      returned: always
      type: int
      sample: 0
    deletes:
      description: How many DELETEs.
      returned: always
      type: int
      sample: 0
    posts:
      description: How many POSTs, which are requests for a token alone.
      returned: always
      type: int
      sample: 0
    first:
      description: When the first was sent, UTC. Null when none was.
      returned: always
      type: str
      sample: '2026-11-01T12:00:00Z'
    last:
      description: When the last was sent, UTC.
      returned: always
      type: str
      sample: '2026-11-01T12:00:02Z'
msg:
  description: What went wrong and what can be done.
  returned: failure
  type: str
  sample: >-
    Cluster Cluster0: 1 of 3 snapshots failed; 0 updated, 2 deleted, 0 not tried. Snapshot
    5a4279d4fcc178500596745a is held (do_not_delete) and is not deleted. Release it first …
error:
  description: The same for a program.
  returned: failure
  type: dict
  contains:
    status:
      description: HTTP status; null where there was no answer, or the error is our own.
      returned: always
      type: int
      sample:
    code:
      description: The errorCode of the service, or one of our own; null where there is none.
      returned: always
      type: str
      sample: HELD
    detail:
      description: What the service says of it.
      returned: always
      type: str
      sample: Snapshot 5a4279d4fcc178500596745a is held (do_not_delete) and is not deleted.
"""

from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._module import Call, Failed, run
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot_changes import (
    DesiredState,
    apply,
    desired_states,
    diffs,
    failure_text,
    outcomes,
)


def work(call: Call, asked: list[DesiredState]) -> dict[str, Any]:
    """Bring the snapshots into the state asked for."""
    params = call.params
    outcome = apply(
        asked,
        call.service,
        call.now,
        params["unless_restoring"],
        params["concurrency"],
        call.check_mode,
        params["unless_newest"],
    )
    result: dict[str, Any] = {"changed": outcome.changed, "outcomes": outcomes(outcome)}
    if call.diff_mode:
        result["diff"] = diffs(outcome)
    if outcome.failures:
        raise Failed(failure_text(outcome, call.service.cluster.key), outcome.error(), result)
    return result


def main() -> None:
    """Run the module."""
    snapshot_id: dict[str, Any] = {"type": "str", "aliases": ["id"]}
    desired: dict[str, dict[str, Any]] = {
        "state": {"type": "str", "choices": ["present", "absent"]},
        "expires_at": {"type": "str"},
        "do_not_delete": {"type": "bool"},
        "allow_past_expiry": {"type": "bool"},
        "unless_expires_after": {"type": "str"},
    }
    item = {"snapshot_id": {**snapshot_id, "required": True}, **desired}
    run(
        {
            **desired,
            "snapshot_id": snapshot_id,
            "state": {**desired["state"], "default": "present"},
            "allow_past_expiry": {**desired["allow_past_expiry"], "default": False},
            "snapshots": {"type": "list", "elements": "dict", "options": item},
            "concurrency": {"type": "int", "default": 4},
            "unless_restoring": {"type": "bool", "default": False},
            "unless_newest": {"type": "bool", "default": False},
        },
        desired_states,
        work,
        mutually_exclusive=[("snapshot_id", "snapshots")],
        required_one_of=[("snapshot_id", "snapshots")],
    )


if __name__ == "__main__":
    main()
