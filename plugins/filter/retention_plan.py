# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter: reads what a playbook gives, plans, returns plain data."""

from __future__ import annotations

DOCUMENTATION = r"""
name: retention_plan
short_description: Plan which legacy snapshots of one cluster stay, go, or live longer
version_added: "1.0.0"
author:
  - The mongodb_ops.legacy_backup authors
description:
  - Decides by a policy what is to become of each snapshot of one cluster, and says why.
  - It makes no request and reads no clock, so the same input always gives the same plan.
  - The rules are independent of each other. A snapshot stays when any of them keeps it.
  - Held, expired, incomplete and future snapshots are never counted and never touched.
positional: policy
options:
  _input:
    description:
      - The whole result of M(mongodb_ops.legacy_backup.legacy_snapshot_info), called with O(ignore:completeness=all),
        and with V(schedule) and V(restore_jobs) among O(ignore:gather).
      - A result that is truncated, filtered, or without incomplete snapshots is refused, since nothing is decided on
        a listing that is not whole. So is a bare list.
      - Without the restore jobs a plan that removes anything is blocked. A restore job that is listed twice is refused.
      - Snapshots that a restore job uses are held. A job can name a snapshot that is not listed. Then the snapshot of
        its timestamp is held, or the nearest ones before and after it.
      - With RV(ignore:schedule_status=unavailable) a plan that removes anything is blocked while O(pit_window=auto).
    type: dict
    required: true
  policy:
    description:
      - What to keep, a dictionary with at least one of the keys below.
      - Counts (V(keep_last), V(keep_hourly), V(keep_daily), V(keep_weekly), V(keep_monthly), V(keep_yearly)) keep the
        newest snapshot of each of the newest n periods that have one; V(-1) is unlimited and V(0) is off.
      - Durations (V(keep_within), V(keep_within_hourly), V(keep_within_daily), V(keep_within_weekly),
        V(keep_within_monthly), V(keep_within_yearly)) keep everything, or the newest snapshot of each period, inside a
        window that ends at O(anchor).
      - A duration is numbers with the units V(h), V(d), V(w), V(mo), V(y), such as V(13mo) or V(1y2mo3d).
    type: dict
    required: true
  now:
    description:
      - The instant of the plan, ISO 8601; without a zone it is UTC. Required.
    type: str
    required: true
  timezone:
    description:
      - The time zone in which hours, days, weeks, months and years begin.
      - V(UTC) needs no zone database; on a controller without one, another zone needs the Python package C(tzdata).
    type: str
    default: UTC
  anchor:
    description:
      - Where windows end. With V(newest) that is the newest complete snapshot, so that an outage of the backups does
        not thin out what is left. V(now) is for clusters whose legacy backups have ended.
      - With V(newest) each V(keep_within_X) also keeps its newest O(min_keep) periods that have a snapshot, inside the
        window or not, but no more than fit into the window. So the first snapshot after a long pause does not move all
        others out of their windows at once.
    type: str
    choices: [newest, now]
    default: newest
  min_keep:
    description:
      - The newest so many candidates always stay, and the newest so many sound ones. At least 1.
    type: int
    default: 3
  min_age:
    description:
      - What is younger stays. V(off) switches it off.
    type: str
    default: 24h
  pit_window:
    description:
      - Snapshots of this window, counted from O(now), stay. So do the newest one and the newest sound one before it,
        since restores to a point in time replay the oplog onto them.
      - V(auto) takes the schedule's C(point_in_time_window_hours), or 72 hours and a warning when that is not known.
        V(off) switches it off.
    type: str
    default: auto
  protected_ids:
    description:
      - Snapshots that are never touched, a list or one string with commas, blanks or line ends.
    type: list
    elements: str
    default: []
  no_expiry:
    description:
      - Whether a snapshot without an expiry is held, or a candidate like any other.
    type: str
    choices: [hold, candidate]
    default: hold
  method:
    description:
      - V(delete) deletes what nothing keeps. V(expire) sets expiries instead, 48 hours from O(now) at the soonest, and
        extends what the policy keeps longer; it works with V(keep_within*) rules alone.
    type: str
    choices: [delete, expire]
    default: delete
  extend_kept:
    description:
      - With O(method=delete), whether to extend what a V(keep_within*) rule keeps and the service would expire sooner.
      - While the newest complete snapshot is older than O(stale_after), what stands for a period is also extended, by
        15 days from O(now) once it expires in less than 8 days. This needs a plan each day.
    type: bool
    default: false
  max_delete:
    description:
      - The plan is blocked when it removes more than this many. V(off) or V(-1) switches this limit off.
    type: int
    default: 50
  max_delete_percent:
    description:
      - The plan is blocked when it removes more than this share of the candidates. V(off) or V(100) switches this
        limit off.
    type: int
    default: 75
  stale_after:
    description:
      - Nothing is removed while the newest complete snapshot is older than this. While only the newest sound one is,
        no sound one is removed. Such snapshots stay with the reason V(stale), and the plan is not blocked.
      - V(off) switches it off. Where legacy backups have ended, set it together with O(anchor=now).
    type: str
    default: 3d
notes:
  - A blank string or null is the default, so that a blank survey answer switches no safety off. Numbers, switches and
    dates may be strings.
  - Of the candidates of one period the one that expires last stays as well, since the service gives the long life to
    one snapshot of a period and does not say to which. Of a V(keep_within*) rule also the one that stays longest inside
    its window.
  - A snapshot is I(faulty) when RV(ignore:snapshots[].is_possibly_inconsistent) is true or
    RV(ignore:snapshots[].missing_shards) is not empty, else it is I(sound). The rules are applied twice, to the sound
    snapshots as though there were no others, and to all. What either keeps stays. So a faulty snapshot never takes the
    place of a sound one.
seealso:
  - module: mongodb_ops.legacy_backup.legacy_snapshot_info
  - module: mongodb_ops.legacy_backup.legacy_snapshot
"""

EXAMPLES = r"""
- name: List everything that a plan needs
  mongodb_ops.legacy_backup.legacy_snapshot_info:
    cluster_name: Cluster0
    completeness: all
    gather: [schedule, restore_jobs]
  register: listing

- name: Show what would be removed, and why
  vars:
    plan: >-
      {{ listing | mongodb_ops.legacy_backup.retention_plan(
           {'keep_within': '2d', 'keep_within_daily': '7d', 'keep_within_weekly': '4w', 'keep_within_monthly': '13mo'},
           now=now(utc=true), timezone='Europe/Berlin') }}
  ansible.builtin.debug:
    msg: "{{ item.id }}: {{ item.why | map(attribute='text') | join('; ') }}"
  loop: "{{ plan.snapshots | selectattr('action', 'eq', 'delete') }}"
  loop_control:
    label: "{{ item.id }}"

- name: Do it
  vars:
    policy: {keep_last: 8, keep_daily: 7, keep_weekly: 4}
    plan: "{{ listing | mongodb_ops.legacy_backup.retention_plan(policy, now=now(utc=true)) }}"
  mongodb_ops.legacy_backup.legacy_snapshot:
    cluster_name: Cluster0
    snapshots: "{{ plan.changes }}"
    unless_restoring: true
  when:
    - not plan.guard.blocked
    - plan.changes | length > 0
"""

RETURN = r"""
_value:
  description: The plan, plain data that can be written to a file and read back.
  type: dict
  contains:
    schema:
      description: The version of this shape.
      type: int
      sample: 1
    project_id:
      description: The project of the snapshots.
      type: str
      sample: 5e2211c17a3e5a48f5497de3
    cluster_id:
      description: The cluster of the snapshots.
      type: str
      sample: 7c2487d833e9e75286093696
    cluster_name:
      description: The cluster's name, where it is known.
      type: str
      sample: Cluster0
    now:
      description: The instant of the plan.
      type: str
      sample: "2026-08-21T01:00:00Z"
    timezone:
      description: The time zone of the plan's periods.
      type: str
      sample: UTC
    policy:
      description: The rules that are on. Counts are numbers, durations strings with the largest unit first.
      type: dict
      sample: {keep_daily: 7, keep_within_monthly: 13mo}
    options:
      description: All the other options as they were used. Durations are strings, or V(off).
      type: dict
      sample:
        anchor: newest
        min_keep: 3
        min_age: 24h
        pit_window: 24h
        protected_ids: []
        no_expiry: hold
        method: delete
        extend_kept: false
        max_delete: 50
        max_delete_percent: 75
        stale_after: 3d
    snapshots:
      description: Every snapshot, newest first.
      type: list
      elements: dict
      contains:
        id:
          description: The snapshot.
          type: str
          sample: 5a4279d4fcc178500596745a
        created_at:
          description: When it was taken.
          type: str
          sample: "2026-08-19T12:00:00Z"
        created_increment:
          description: What orders snapshots of one second.
          type: int
          sample: 1
        complete:
          description: Whether it can be restored.
          type: bool
          sample: true
        do_not_delete:
          description: Whether the service holds it.
          type: bool
          sample: false
        expires_at:
          description: When the service expires it, null when never.
          type: str
          sample: "2026-08-26T12:00:00Z"
        faulty:
          description: Whether it is possibly inconsistent or lacks a shard.
          type: bool
          sample: false
        state:
          description: Only a V(candidate) is counted, and changed.
          type: str
          choices: [held, expired, future, incomplete, candidate]
          sample: candidate
        action:
          description: What is to be done with it.
          type: str
          choices: [keep, delete, extend, shorten]
          sample: keep
        expires_to:
          description: The expiry that V(extend) and V(shorten) give it, else null.
          type: str
          sample:
        reasons:
          description:
            - All reasons why it is kept.
            - The text V(daily 3/7) is the third of seven days, V(daily:oldest) the oldest snapshot while fewer days
              than asked for have one, V(outlives ID) the longest-lived of a period that ID stands for.
            - V(within_daily:min_keep) is kept although its window has passed, so that the window does not empty.
            - V(stale) alone is what would be removed if backups had not stopped.
            - Where the plan would be too long for an event of AWX, the last one has the code V(more).
          type: list
          elements: dict
          contains:
            code:
              description: What programs can rely on.
              type: str
              sample: daily
            text:
              description: What people read.
              type: str
              sample: daily 3/7
        why:
          description:
            - For a snapshot that is removed, why each rule does not keep it. Cut short in large plans.
            - The codes are V(faulty) (always the first), V(represented) (another snapshot stands for its period),
              V(quota_used), V(before_cutoff), and V(more) for what was cut.
          type: list
          elements: dict
          contains:
            code:
              description: What programs can rely on.
              type: str
              sample: represented
            text:
              description: What people read, the rules first.
              type: str
              sample: "daily, within_daily: 5a4279d4fcc178500596745b stands for its period"
        file_size_bytes:
          description: Its size, null when the listing does not say.
          type: int
          sample: 324760
    changes:
      description: What O(mongodb_ops.legacy_backup.legacy_snapshot#module:snapshots) takes, in the order to be done.
      type: list
      elements: dict
      contains:
        snapshot_id:
          description: The snapshot.
          type: str
          sample: 5a4279d4fcc178500596745a
        state:
          description: V(absent) to delete it, V(present) to change its expiry.
          type: str
          sample: present
        expires_at:
          description: The new expiry. Not there with V(absent).
          type: str
          sample: "2027-09-19T12:00:00Z"
    summary:
      description: The plan in numbers.
      type: dict
      contains:
        total:
          description: How many snapshots there are.
          type: int
          sample: 112
        by_action:
          description: How many of each action.
          type: dict
          sample: {keep: 100, extend: 0, shorten: 0, delete: 12}
        by_state:
          description: How many in each state.
          type: dict
          sample: {held: 2, expired: 0, future: 0, incomplete: 1, candidate: 109}
        file_size_bytes_kept:
          description: Bytes of what stays, null when a size is not known.
          type: int
          sample: 90000000
        file_size_bytes_removed:
          description: Bytes of what is removed, null when a size is not known. The store frees at most that.
          type: int
          sample: 10000000
    gaps:
      description:
        - Whole periods from the cutoff of a V(keep_within*) rule to O(now), from that of the oldest complete snapshot
          on, that no sound complete snapshot covers.
        - Where they cannot be measured the list is empty, and RV(warnings) has the code V(gaps_unmeasured).
      type: list
      elements: dict
      contains:
        rule:
          description: The rule.
          type: str
          sample: within_daily
        period:
          description: The hour, day, ISO week, month or year.
          type: str
          sample: "2026-08-17"
    guard:
      description: Whether the plan must not be applied.
      type: dict
      contains:
        blocked:
          description: Whether it is blocked.
          type: bool
          sample: false
        reasons:
          description:
            - Which limit, by how much, and the way out.
            - The code is the option (V(max_delete), V(max_delete_percent), V(pit_window)) or V(restore_jobs).
          type: list
          elements: dict
          contains:
            code:
              description: What programs can rely on.
              type: str
              sample: max_delete
            text:
              description: What people read.
              type: str
              sample: "max_delete: 60 snapshots would be removed, 10 more than max_delete 50 allows; ..."
    warnings:
      description:
        - What somebody should look at. Each warning is also a finding of an audit, with the same code.
        - V(no_complete), there is no complete snapshot. V(all_expired), all complete ones have expired. V(stale), the
          newest is older than O(stale_after), and what is withheld for it.
        - V(schedule_unavailable), the service cannot tell the schedule now. V(schedule_short), no tier of it reaches
          the policy's longest window. V(interval), it is not 6, 8, 12 or 24 hours and counts as 24. V(pit_assumed), 72
          hours were assumed for O(pit_window).
        - V(gap), a rule has more gaps than are listed. V(gaps_unmeasured), there is no complete snapshot, or none since
          the cutoff of a rule.
        - V(faulty), faulty snapshots stand for a period without a sound one.
        - V(incomplete), a snapshot is so for more than a day. V(future), one is dated later than O(now).
        - V(expires_sooner), a snapshot is kept, and the service expires it. V(long_date), what is to be removed lives
          longer than the schedule gives, so somebody may have dated it.
        - V(protected_missing) and V(protected_expires), for O(protected_ids). V(restore_unlisted), a restore job uses a
          snapshot that is not listed.
      type: list
      elements: dict
      contains:
        code:
          description: What programs can rely on.
          type: str
          sample: expires_sooner
        text:
          description: What people read.
          type: str
          sample: 5a4279d4fcc178500596745a is kept by the policy, but the service expires it on 2026-08-26T12:00:00Z
    digest:
      description: The sha256 of all that decides, the same on any machine, which an approval names.
      type: str
      sample: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.engine import plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import read_info
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    parse_now,
    parse_options,
    parse_policy,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError


def retention_plan(info: Any, policy: Any = None, now: Any = None, **options: Any) -> dict[str, Any]:
    """The plan for one cluster's listing, as plain data; AnsibleFilterError names what cannot be used."""
    try:
        rules = parse_policy(policy)
        chosen = parse_options(options, rules)
        return plan(read_info(info), rules, chosen, parse_now(now)).dump()
    except RefusedError as exc:
        raise AnsibleFilterError(f"retention_plan: {exc}") from exc


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The one filter of this file."""
        return {"retention_plan": retention_plan}
