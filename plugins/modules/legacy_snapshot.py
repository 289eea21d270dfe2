#!/usr/bin/python
# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Without `from __future__ import annotations`, which Python 3.6 cannot read: it has to come as far as check_python.
DOCUMENTATION = r"""
module: legacy_snapshot
short_description: Change the expiry of legacy backup snapshots of a MongoDB cluster, hold, release or delete them
version_added: 1.0.0
description:
  - Changes one or many legacy (continuous) backup snapshots of a cluster on Atlas, Cloud Manager or Ops Manager.
  - Reads the snapshots first, and writes only what differs. All changes come before the first deletion. If a change
    that would have made a snapshot live longer fails, nothing is deleted. The oldest snapshots are deleted first.
  - Reads the snapshots and restore jobs again when 60 seconds have passed since the last reading, and before it repeats
    a request after a wait. A snapshot that somebody holds meanwhile is left alone.
  - A deletion cannot be undone. A snapshot that is held or not complete is never deleted, and no option forces it.
  - Reading needs the role Project Read Only, and writing needs Project Owner. On Cloud and Ops Manager, deletions
    inside the point-in-time window need Global Backup Admin or Global Owner. On Atlas and Ops Manager, the API access
    list must contain the address that writes.
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
      - Reads what the real run reads, refuses the same, and returns the same result.
      - Only the real run shows that a role is too low to write, or that an address is not on the access list.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  snapshot_id:
    description: The snapshot, 24 hexadecimal digits. Excludes O(snapshots).
    type: str
    aliases:
      - id
  state:
    description:
      - V(present) changes a snapshot, and needs O(expires_at), O(lifetime) or O(do_not_delete). If there is no such
        snapshot, that is an error, since the service cannot create one.
      - V(absent) deletes it, even after its expiry.
    type: str
    choices:
      - present
      - absent
    default: present
  expires_at:
    description:
      - When the service should delete the snapshot. ISO 8601, in UTC unless it names a zone. A bare date is its first
        second. Fractions of a second are cut.
      - A snapshot that is held has no expiry, so release it in the same item, by O(do_not_delete=false).
      - After its expiry a snapshot cannot be changed.
      - An expiry does not protect a snapshot from the role. Only O(do_not_delete=true) does, or the role's variable
        C(retention_protected_ids).
    type: str
  lifetime:
    description:
      - How long after its creation the service should delete the snapshot, in place of O(expires_at). A second run then
        changes nothing.
      - Pairs of a number and a unit, such as V(400d) or V(1y6mo). The units are V(h), V(d), V(w), V(mo) and V(y). Years
        and months are counted on the calendar, in UTC.
    type: str
  do_not_delete:
    description:
      - Whether the snapshot is held, so that it never expires. V(true) excludes O(expires_at) and O(lifetime).
      - To release a snapshot by V(false), give one of these two. Which expiry the service would set is not documented.
    type: bool
  allow_past_expiry:
    description:
      - Whether the expiry may be now or in the past. The service then deletes the snapshot at any time and
        permanently.
      - Without this, such an expiry is an error, and the task writes nothing.
    type: bool
    default: false
  unless_expires_after:
    description:
      - Refuse to delete a snapshot, or to bring its expiry forward, if it expires later than this or never.
      - Give the expiry that you decided by. A snapshot that somebody has extended since is then left alone.
      - Written as O(expires_at).
    type: str
  snapshots:
    description:
      - Many snapshots of the cluster. An item takes what it leaves out from the option of the same name.
      - An item with an O(expires_at) or O(lifetime) of its own ignores the shared ones, and so does one with
        O(do_not_delete=true). Items with O(state=absent) ignore all three.
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
      lifetime:
        description: As O(lifetime).
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
    description: How many requests are sent at once, from 1 to 16. For the pages of a listing it is never more than 2.
    type: int
    default: 4
  unless_restoring:
    description:
      - Refuse to delete a snapshot that a restore job uses, or to bring its expiry forward.
      - A job in use may name no snapshot, or one that is not listed. Its time then tells which snapshots it may use,
        and without a time it may use any.
      - Needs a listing of the restore jobs, and for such a job one of the snapshots. If a listing fails, nothing is
        deleted or shortened.
    type: bool
    default: true
  unless_newest:
    description:
      - Refuse to delete the newest complete snapshot that has not expired, or to bring its expiry forward.
      - Needs an extra listing only if none of the snapshots already read is newer. If it fails, nothing is deleted or
        shortened.
    type: bool
    default: true
  time_limit:
    description:
      - How many seconds the whole task may take. When they are over, it ends by itself and fails. Snapshots that it has
        not written are then V(not_tried), and requests under way are cut short.
      - Set it lower than the C(timeout) of the task. Ansible ends only its own process then, and the module would go on
        without anybody who reads its result.
      - If not given, there is no limit.
    type: int
  while_running:
    description:
      - Write only while all of these processes run. As soon as one has ended, nothing more is written, the task fails,
        and the snapshots that are left are V(not_tried).
      - For action plugins, so that a module does not go on deleting after somebody has killed C(ansible-playbook).
      - Has no effect on another machine than that of the processes, and on systems without C(/proc).
    type: list
    elements: dict
    suboptions:
      pid:
        description: Its process id.
        type: int
        required: true
      started:
        description: When it was started, in clock ticks since the machine was (the 22nd field of C(/proc/PID/stat)).
        type: int
        required: true
      machine:
        description: The C(boot_id) of its machine, a blank, and the target of the link C(/proc/self/ns/pid).
        type: str
        required: true
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
    expires_at: "2027-12-31"

# A date does not protect a snapshot from the role retention. Hold it, or name it in retention_protected_ids.
- name: Keep it for three years from its creation on
  mongodb_ops.legacy_backup.legacy_snapshot:
    project_id: 5e2211c17a3e5a48f5497de3
    cluster_name: Cluster0
    snapshot_id: 5a4279d4fcc178500596745a
    lifetime: 3y

- name: Hold a snapshot for as long as an investigation takes
  mongodb_ops.legacy_backup.legacy_snapshot:
    project_id: 5e2211c17a3e5a48f5497de3
    cluster_name: Cluster0
    snapshot_id: 5a4279d4fcc178500596745a
    do_not_delete: true

- name: Release it, to expire in 30 days
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

- name: Many at once on Ops Manager
  mongodb_ops.legacy_backup.legacy_snapshot:
    platform: ops_manager
    base_url: https://opsmanager.example.com:8443
    project_id: 5e2211c17a3e5a48f5497de3
    cluster_id: 5e2211c17a3e5a48f5497de4
    state: absent
    concurrency: 8
    snapshots:
      - snapshot_id: 5a4279d4fcc178500596745c
      - snapshot_id: 5a4279d4fcc178500596745d
      - snapshot_id: 5a4279d4fcc178500596745e
        state: present
        expires_at: "2027-06-30T12:00:00+02:00"
"""

RETURN = r"""
outcomes:
  description:
    - One entry for each item, in the order asked.
    - A failed task returns it too, unless it failed before anything was read.
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
        - V(unchanged), V(updated), V(deleted), V(absent) (it did not exist), V(failed), or V(not_tried), because of
          what happened to another snapshot, or because the task ended early (O(time_limit), O(while_running)).
      returned: always
      type: str
      sample: updated
    before:
      description: The snapshot before, with the keys of the info module. Null if it does not exist.
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
      description: The snapshot after. Null if it does not exist, or if nobody knows what became of a write.
      returned: always
      type: dict
      sample:
    error:
      description:
        - Null, or why it failed, with C(status), C(code) and C(detail).
        - Codes of the collection's own are V(HELD), V(INCOMPLETE), V(EXPIRED), V(PAST_EXPIRY), V(RESTORING),
          V(EXTENDED) (O(unless_expires_after)), V(NEWEST), V(NOT_FOUND), V(NO_CREATION), V(ANOTHER_CLUSTER),
          V(TIME_LIMIT) and V(PROCESS_ENDED).
      returned: always
      type: dict
      sample:
check_mode:
  description: Whether the task ran in check mode, so that the result is a prediction.
  returned: success or failure
  type: bool
  sample: false
requests:
  description: Which requests were sent. Differs from run to run. C(gets) includes challenges and retries.
  returned: success and failure, with O(tell_requests=true)
  type: dict
  sample:
    platform: cloud_manager
    base_url: https://cloud.mongodb.com
    gets: 4
    patches: 0
    deletes: 0
    posts: 0
    first: '2026-11-01T12:00:00Z'
    last: '2026-11-01T12:00:02Z'
msg:
  description: What happened and what to do.
  returned: failure
  type: str
  sample: >-
    Cluster Cluster0: 1 of 3 snapshots failed; 0 updated, 2 deleted, 0 not tried. Snapshot
    5a4279d4fcc178500596745a is held (do_not_delete) and is not deleted. Release it first ...
error:
  description: The error for programs.
  returned: failure
  type: dict
  contains:
    status:
      description: HTTP status. Null without a response, and for an error of the collection's own.
      returned: always
      type: int
      sample:
    code:
      description: The C(errorCode) of the service, or one of the collection's own, or null.
      returned: always
      type: str
      sample: HELD
    detail:
      description: What the service says about it.
      returned: always
      type: str
      sample: Snapshot 5a4279d4fcc178500596745a is held (do_not_delete) and is not deleted.
"""

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._python import check_python

check_python()

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._legacy_snapshot import main

if __name__ == "__main__":
    main()
