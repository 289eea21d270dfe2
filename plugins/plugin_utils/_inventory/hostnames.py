# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host names for clusters: stable, unique, and without characters that mean something in patterns or templates."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.discovery import FleetCluster

_SAFE = "._-/"


def safe_name(text: str) -> str:
    """The text as a host name: each run of other characters becomes one `_`.

    Kept are letters and digits of all scripts, and `.`, `_`, `-` and `/`. A part between slashes is never `.` or `..`,
    since Ansible looks for host_vars by that path.
    """
    kept: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if _is_safe(character):
            kept.append(character)
        elif not kept or kept[-1] != "":
            kept.append("")
    parts = "".join(character or "_" for character in kept).split("/")
    return "/".join("_" if part.strip(".") == "" else part for part in parts if part)


def default_name(cluster: FleetCluster) -> str:
    """The name of a host if no other is asked for: project/cluster."""
    return "/".join(safe_name(text.replace("/", " ")) for text in (cluster.project_name, cluster.cluster_name))


def named_hosts(
    clusters: Iterable[FleetCluster], name_of: Callable[[FleetCluster], str]
) -> list[tuple[str, FleetCluster]]:
    """Each cluster with the name of its host; OptionError where two would share one.

    A number behind the name would not do: it would change as clusters come and go, and the policy that somebody set for
    the host would then apply to another cluster.
    """
    hosts: dict[str, FleetCluster] = {}
    for cluster in clusters:
        name = safe_name(name_of(cluster))
        if not name:
            raise OptionError(f"hostname gives no name for {_described(cluster)}.")
        if name in hosts:
            raise OptionError(
                f"Two clusters would be the host {name!r}: {_described(hosts[name])} and {_described(cluster)}. Set "
                "hostname to a template that tells them apart, such as "
                "'{{ project_name }}/{{ cluster_name }}/{{ cluster_id }}', or leave one out by a filter."
            )
        hosts[name] = cluster
    return list(hosts.items())


def _is_safe(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character in _SAFE
    return unicodedata.category(character)[0] not in "ZC"  # neither a separator nor a control character


def _described(cluster: FleetCluster) -> str:
    project = f"project {cluster.project_name!r} ({cluster.project_id})"
    return f"cluster {cluster.cluster_name!r} ({cluster.cluster_id}) of {project}"
