#!/usr/bin/python
# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Without `from __future__ import annotations`, which Python 3.6 cannot read: it has to come as far as check_python.
DOCUMENTATION = r"""
module: legacy_snapshot_info
short_description: List legacy backup snapshots of a MongoDB cluster
version_added: 1.0.0
description:
  - Lists all legacy (continuous) backup snapshots of a cluster on Atlas, Cloud Manager or Ops Manager, newest first.
  - Returns the snapshot schedule and the restore jobs on request.
  - Changes nothing. The key needs the role Project Read Only.
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
    details: This module only reads.
  diff_mode:
    support: N/A
    details: This module changes nothing.
  idempotent:
    support: full
options:
  snapshot_id:
    description: Only this snapshot, complete or not. Excludes the filters. If it does not exist, the list is empty.
    type: str
    aliases:
      - id
  completeness:
    description:
      - Which snapshots to list. Incomplete ones are still being taken. Has no effect with O(snapshot_id).
    type: str
    choices:
      - complete
      - incomplete
      - all
    default: complete
  created_after:
    description:
      - Only snapshots created at this time or later. ISO 8601, in UTC unless it names a zone. A bare date is its first
        second.
    type: str
  created_before:
    description: Only snapshots created before this time.
    type: str
  expires_after:
    description: Only snapshots that expire at this time or later, so none without an expiry.
    type: str
  expires_before:
    description: Only snapshots that expire before this time, so none without an expiry.
    type: str
  do_not_delete:
    description: Only snapshots that are held (V(true)) or not held (V(false)).
    type: bool
  limit:
    description: Return only this many, the newest. RV(total) still counts all that match.
    type: int
  gather:
    description:
      - What else to return.
      - V(parts) fills RV(snapshots[].parts) and RV(snapshots[].namespace_filter). Leave it out for many snapshots. AWX
        does not show results of more than 700,000 characters.
      - V(schedule) and V(restore_jobs) need a request each. A schedule that is missing, or that the service cannot tell
        now, is a warning (see RV(schedule_status)). The task fails if the restore jobs cannot be read.
    type: list
    elements: str
    choices:
      - parts
      - schedule
      - restore_jobs
    default:
      - parts
seealso:
  - module: mongodb_ops.legacy_backup.legacy_snapshot
  - plugin: mongodb_ops.legacy_backup.retention_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: List the snapshots of an Atlas cluster, with the key in the environment
  mongodb_ops.legacy_backup.legacy_snapshot_info:
    project_id: 5e2211c17a3e5a48f5497de3
    cluster_name: Cluster0
  register: result

- name: Show how many there are and how old the newest is
  ansible.builtin.debug:
    msg: "{{ result.total }} snapshots, the newest of {{ (result.snapshots | first).created_at }}"
  when: result.snapshots | length > 0

- name: What expires this month on Ops Manager and is not held
  mongodb_ops.legacy_backup.legacy_snapshot_info:
    platform: ops_manager
    base_url: https://opsmanager.example.com:8443
    ca_path: /etc/pki/tls/certs/internal-ca.pem
    public_key: abcdefgh
    private_key: "{{ ops_manager_private_key }}"
    project_id: 5e2211c17a3e5a48f5497de3
    cluster_name: orders
    expires_before: "2026-12-01"
    do_not_delete: false
    gather: []

- name: Everything that a retention plan needs
  mongodb_ops.legacy_backup.legacy_snapshot_info:
    platform: cloud_manager
    project_id: 5e2211c17a3e5a48f5497de3
    cluster_id: 5e2211c17a3e5a48f5497de4
    completeness: all
    gather: [schedule, restore_jobs]
  register: listing
"""

RETURN = r"""
snapshots:
  description: The snapshots, newest first. Each has all the keys. A value that the service does not give is null.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the snapshot.
      returned: always
      type: str
      sample: 5a4279d4fcc178500596745a
    project_id:
      description: Id of the project.
      returned: always
      type: str
      sample: 5e2211c17a3e5a48f5497de3
    cluster_id:
      description: Id of the cluster, also on Atlas.
      returned: always
      type: str
      sample: 5e2211c17a3e5a48f5497de4
    cluster_name:
      description: Name of the cluster.
      returned: always
      type: str
      sample: Cluster0
    created_at:
      description: When it was taken, UTC.
      returned: always
      type: str
      sample: '2026-11-01T12:00:00Z'
    created_increment:
      description: Distinguishes snapshots of the same second.
      returned: always
      type: int
      sample: 1
    complete:
      description: Whether it is complete and can be restored.
      returned: always
      type: bool
      sample: true
    do_not_delete:
      description: Whether it is held, which means that it never expires.
      returned: always
      type: bool
      sample: false
    expires_at:
      description: When the service deletes it, UTC. Null if it is held.
      returned: always
      type: str
      sample: '2027-11-01T12:00:00Z'
    incremental:
      description: Whether it contains only what changed since the snapshot before. Atlas only.
      returned: always
      type: bool
      sample: true
    is_possibly_inconsistent:
      description: Whether the balancer could not be stopped. Sharded clusters on Cloud and Ops Manager only.
      returned: always
      type: bool
      sample: false
    last_oplog_applied_at:
      description: Time of the last operation in it, UTC.
      returned: always
      type: str
      sample: '2026-11-01T11:59:58Z'
    missing_shards:
      description: Shards that are not in it.
      returned: always
      type: list
      elements: dict
      sample: []
    namespace_filter:
      description: Which namespaces are in it. Null without a filter, and unless O(gather) has V(parts).
      returned: always
      type: dict
      sample: {filter_list: [], filter_type: denyList}
    parts:
      description:
        - One for a replica set. For a sharded cluster, one for each shard and one for the config servers.
        - Null unless O(gather) has V(parts).
      returned: always
      type: list
      elements: dict
      sample:
        - cluster_id: 5e2211c17a3e5a48f5497de4
          completed_time:
          compression_setting: GZIP
          data_size_bytes: 4502
          encryption_enabled: false
          fcv: "6.0"
          file_size_bytes: 324760
          machine_id:
          master_key_uuid:
          mongod_version: 6.0.13
          replica_set_name: Cluster0-shard-0
          replica_state:
          storage_size_bytes: 53248
          type_name: REPLICA_SET
    data_size_bytes:
      description: Size of the data, the sum of its parts. Null if a part has no size.
      returned: always
      type: int
      sample: 4502
    storage_size_bytes:
      description: Size of the storage, summed likewise.
      returned: always
      type: int
      sample: 53248
    file_size_bytes:
      description: Size of the files, summed likewise.
      returned: always
      type: int
      sample: 324760
total:
  description: How many snapshots match, before O(limit).
  returned: success
  type: int
  sample: 41
truncated:
  description: Whether O(limit) left some out.
  returned: success
  type: bool
  sample: false
filtered:
  description: Whether a filter or O(snapshot_id) was given.
  returned: success
  type: bool
  sample: false
completeness:
  description: The O(completeness) that was listed.
  returned: success
  type: str
  sample: all
project_id:
  description: Id of the project.
  returned: success
  type: str
  sample: 5e2211c17a3e5a48f5497de3
cluster_id:
  description: Id of the cluster. Null on Atlas without a snapshot.
  returned: success
  type: str
  sample: 5e2211c17a3e5a48f5497de4
cluster_name:
  description: Name of the cluster. Null if neither an option nor a snapshot has it.
  returned: success
  type: str
  sample: Cluster0
schedule:
  description: The snapshot schedule, keys in snake case. Null if there is none, and unless O(gather) has V(schedule).
  returned: success
  type: dict
  sample:
    snapshot_interval_hours: 6
    snapshot_retention_days: 2
    daily_snapshot_retention_days: 7
    weekly_snapshot_retention_weeks: 4
    monthly_snapshot_retention_months: 13
    point_in_time_window_hours: 24
schedule_status:
  description:
    - V(read), V(absent) if the cluster has no schedule (the service answers 400 or 404), or V(unavailable) if there may
      be one that the service cannot tell now (409). Null unless O(gather) has V(schedule).
  returned: success
  type: str
  sample: read
restore_jobs:
  description: All restore jobs of the cluster. Null unless O(gather) has V(restore_jobs).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the job.
      returned: always
      type: str
      sample: 5a4279d4fcc178500596746b
    snapshot_id:
      description: The snapshot that is restored. Null if a point in time is.
      returned: always
      type: str
      sample: 5a4279d4fcc178500596745a
    timestamp:
      description: The time that is restored, UTC.
      returned: always
      type: str
      sample: '2026-11-01T12:00:00Z'
    status:
      description: State of the job, as the service names it.
      returned: always
      type: str
      sample: IN_PROGRESS
    delivery_status:
      description: State of the delivery, as the service names it.
      returned: always
      type: str
      sample: READY
    delivery_expires_at:
      description: When the download expires, UTC.
      returned: always
      type: str
      sample: '2026-11-02T12:00:00Z'
    in_use:
      description: Whether the job still needs its snapshot. In an unknown state it does.
      returned: always
      type: bool
      sample: true
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
    GET .../clusters/Cluster9/snapshots was answered 404 CLUSTER_NOT_FOUND ... Check cluster_name ...
error:
  description: The error for programs.
  returned: failure
  type: dict
  contains:
    status:
      description: HTTP status. Null without a response, and for an error of the collection's own.
      returned: always
      type: int
      sample: 404
    code:
      description: The C(errorCode) of the service, or one of the collection's own, or null.
      returned: always
      type: str
      sample: CLUSTER_NOT_FOUND
    detail:
      description: What the service says about it.
      returned: always
      type: str
      sample: No cluster named Cluster9 exists in group 5e2211c17a3e5a48f5497de3.
"""

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._python import check_python

check_python()

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._legacy_snapshot_info import main

if __name__ == "__main__":
    main()
