# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the files of a cluster are called: its report and its plan. For people and, by the hash, unlike any other's."""

from __future__ import annotations

import hashlib
import re

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan

PREFIX = "retention-"
PLAN_SUFFIX = ".plan.json"
_LONGEST_NAME = 40


def stem(plan: Plan) -> str:
    """The name of the files of this cluster's report, without the ending."""
    return stem_of(plan.project_id, plan.cluster_id, plan.cluster_name)


def stem_of(project_id: str | None, cluster_id: str | None, cluster_name: str | None) -> str:
    """The same for a cluster without a plan."""
    return f"{PREFIX}{slug(cluster_name)}{hash_of(project_id, cluster_id or cluster_name)}"


def plan_file_name(plan: Plan) -> str:
    """The name of the file that this plan has in a folder of plans."""
    return f"{stem(plan)}{PLAN_SUFFIX}"


def cluster_part(name: str) -> str:
    """The part of a file's name that all files of a cluster have in common, whatever it was called."""
    return name.partition(".")[0].rpartition("-")[2]


def slug(cluster_name: str | None) -> str:
    """The part of a stem that people read, with the hyphen behind it; blank for a name without letters and digits."""
    name = re.sub(r"[^a-z0-9]+", "-", (cluster_name or "").lower()).strip("-")[:_LONGEST_NAME]
    return f"{name}-" if name else ""


def hash_of(project_id: str | None, cluster: str | None) -> str:
    """The part of a stem that tells clusters apart: 16 hexadecimal digits for a cluster's id or, without one, name."""
    return hashlib.sha256(f"{project_id}/{cluster}".encode("utf-8", "replace")).hexdigest()[:16]
