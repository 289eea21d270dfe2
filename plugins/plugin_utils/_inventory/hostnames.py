# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Host names for clusters: stable, one for each cluster, and good as names of files and in patterns.

Fact caches, `--tree` and callbacks name files after hosts, so that a name must not hold a slash.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.fleet import FleetCluster, distinct

_KEPT = "._-"
_TELL_APART = (
    "Set hostname to a template that tells them apart, such as "
    "'{{ project_name }}.{{ cluster_name }}.{{ cluster_id }}', or leave one out by a filter."
)


def safe_name(text: str) -> str:
    """The text as a host name: each run of signs other than letters, digits, `.`, `-` and `_` becomes one `_`.

    Letters and digits of all scripts are kept. A name of dots alone becomes `_`, since it would be a folder.
    """
    kept: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if _is_kept(character):
            kept.append(character)
        elif not kept or kept[-1] != "":
            kept.append("")
    name = "".join(character or "_" for character in kept)
    return "_" if name and not name.strip(".") else name


def default_name(cluster: FleetCluster) -> str:
    """The name of a host if no other is asked for: project.cluster."""
    return f"{cluster.project_name}.{cluster.cluster_name}"


def named_hosts(
    clusters: Iterable[FleetCluster], name_of: Callable[[FleetCluster], str]
) -> list[tuple[str, FleetCluster]]:
    """Each cluster once, with the name of its host; OptionError where two would share one.

    A number behind the name would not do: it would change as clusters come and go, and the policy that somebody set for
    the host would then apply to another cluster.
    """
    hosts: dict[str, FleetCluster] = {}
    for cluster in distinct(clusters):
        text = name_of(cluster)
        name = safe_name(text)
        if not text.strip():
            raise OptionError(f"hostname gives no name for {_described(cluster)}.")
        if name in hosts:
            both = f"{_described(hosts[name])} and {_described(cluster)}"
            raise OptionError(f"Two clusters would be the host {name!r}: {both}. {_TELL_APART}")
        hosts[name] = cluster
    return list(hosts.items())


def check_other_sources(hosts: Iterable[tuple[str, FleetCluster]], existing: Mapping[str, Mapping[str, Any]]) -> None:
    """OptionError where a host of another inventory source is one of our clusters by another name, or the reverse.

    `existing` are the variables of the hosts that are there, by name.
    """
    names = {_identity(values): name for name, values in existing.items() if values.get("cluster_id")}
    for name, cluster in hosts:
        own = (cluster.project_id, cluster.cluster_id)
        other = names.get(own, name)
        if other != name:
            raise OptionError(
                f"Two hosts would be one cluster: {name!r}, and {other!r} of another inventory source, are both "
                f"{_described(cluster)}. Give both sources the same hostname, or let one of them leave the cluster out."
            )
        values = existing.get(name, {})
        if values.get("cluster_id") and _identity(values) != own:
            raise OptionError(
                f"Two clusters would be the host {name!r}: {_described(cluster)}, and the cluster with the id "
                f"{values['cluster_id']!s} of another inventory source. {_TELL_APART}"
            )


def _identity(values: Mapping[str, Any]) -> tuple[str, str]:
    return str(values.get("project_id")).lower(), str(values["cluster_id"]).lower()


def _is_kept(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character in _KEPT
    # Marks belong to the letters before them in many scripts.
    return unicodedata.category(character)[0] in "LMN"


def _described(cluster: FleetCluster) -> str:
    project = f"project {cluster.project_name!r} ({cluster.project_id})"
    return f"cluster {cluster.cluster_name!r} ({cluster.cluster_id}) of {project}"
