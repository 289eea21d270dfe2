# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person, or a script, needs to know of a running simulator: addresses, ids, keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .nouns import Project
from .server import Simulator

_TITLES = {"atlas": "Atlas", "cloud_manager": "Cloud Manager", "ops_manager": "Ops Manager"}
_SERVICES = {"cloud_manager": "cloud-manager", "ops_manager": "ops-manager"}


def state(sim: Simulator, pid: int) -> dict[str, Any]:
    """For scripts (`--state-file`)."""
    world = sim.world
    return {
        "url": sim.url,
        "ca_path": sim.ca_path,
        "pid": pid,
        "projects": [{"id": one.id, "name": one.name, "platform": one.platform} for one in world.projects.values()],
        "clusters": [
            {
                "id": one.id,
                "name": one.name,
                "project_id": one.project_id,
                "platform": world.projects[one.project_id].platform,
                "sharded": one.sharded,
                "snapshots": len(one.snapshots),
            }
            for one in world.clusters.values()
        ],
        "keys": {
            name: {"kind": account.kind, "id": account.id, "secret": account.secret}
            for name, account in world.keys.items()
        },
        "marks": world.marks,
    }


def exports(sim: Simulator) -> str:
    """For people: variables to copy, and a playbook to try."""
    lines = [f"The simulator serves {sim.url} until it is interrupted (Ctrl+C).", ""]
    if sim.ca_path is not None:
        lines += [f"Its CA's certificate is {sim.ca_path}: set ca_path to that.", ""]
    for project in sim.world.projects.values():
        lines += [*_project(sim, project), ""]
    lines += [*_playbook(sim), ""]
    lines += [f"What it holds: {sim.url}/-/state   What it was asked: {sim.url}/-/log", ""]
    return "\n".join(lines)


def _project(sim: Simulator, project: Project) -> Iterator[str]:
    keys = sim.world.keys
    clusters = [one for one in sim.world.clusters.values() if one.project_id == project.id]
    yield f"# {_TITLES[project.platform]}, project {project.name}"
    for one in clusters:
        kind = f"sharded, {len(one.shards)} shards" if one.sharded else "replica set"
        yield f"#   cluster_name {one.name}  cluster_id {one.id}  ({kind}, {len(one.snapshots)} snapshots)"
    owner = keys["owner"]
    if project.platform == "atlas":
        yield f"export MONGODB_ATLAS_BASE_URL={sim.url}"
        yield f"export MONGODB_ATLAS_PROJECT_ID={project.id}"
        yield f"export MONGODB_ATLAS_PUBLIC_API_KEY={owner.public_key}"
        yield f"export MONGODB_ATLAS_PRIVATE_API_KEY={owner.private_key}"
        service = keys["service_account"]
        yield "# or, in place of the two keys, a service account"
        yield f"#   export MONGODB_ATLAS_CLIENT_ID={service.id}"
        yield f"#   export MONGODB_ATLAS_CLIENT_SECRET={service.secret}"
        return
    yield f"export MCLI_SERVICE={_SERVICES[project.platform]}"
    yield f"export MCLI_OPS_MANAGER_URL={sim.url}/"
    if sim.ca_path is not None:
        yield f"export MCLI_OPS_MANAGER_CA_CERTIFICATE={sim.ca_path}"
    yield f"export MCLI_PROJECT_ID={project.id}"
    yield f"export MCLI_PUBLIC_API_KEY={owner.public_key}"
    yield f"export MCLI_PRIVATE_API_KEY={owner.private_key}"


def _playbook(sim: Simulator) -> Iterator[str]:
    cluster = sim.world.main
    yield "Export one block, then try, for instance, a playbook like this one with --check --diff:"
    yield ""
    yield "- hosts: localhost"
    yield "  gather_facts: false"
    yield "  tasks:"
    yield "    - name: List the snapshots"
    yield "      mongodb_ops.legacy_backup.legacy_snapshot_info:"
    yield f"        cluster_name: {cluster.name}"
    yield "      register: info"
    yield ""
    auditor = sim.world.keys["auditor"]
    yield f"An auditor's key (read only, not on the access list): {auditor.public_key} {auditor.private_key}"
