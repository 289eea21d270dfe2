# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""Names of hosts for clusters: stable, unique, and without anything that patterns, paths or templates would read."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.discovery import Entry

_SAFE = "._-/"


def safe_name(text: str) -> str:
    """The text as a host can be called: each run of anything else is one `_`.

    Letters and digits of all scripts stay; blanks, quotes, braces and what host patterns are written with
    do not. A part between slashes is never `.` or `..`, since host_vars are looked for by that path.
    """
    kept: list[str] = []
    for sign in unicodedata.normalize("NFC", text):
        if _is_safe(sign):
            kept.append(sign)
        elif not kept or kept[-1] != "":
            kept.append("")
    parts = "".join(sign or "_" for sign in kept).split("/")
    return "/".join("_" if part.strip(".") == "" else part for part in parts if part)


def default_name(entry: Entry) -> str:
    """project/cluster."""
    return "/".join(safe_name(text.replace("/", " ")) for text in (entry.project_name, entry.cluster_name))


def named_hosts(entries: Iterable[Entry], name_of: Callable[[Entry], str]) -> list[tuple[str, Entry]]:
    """Each entry with the name of its host.

    OptionError where two would share one: a number behind the name would go from one cluster to the
    other as clusters come and go, and with it the policy that somebody set for the host.
    """
    hosts: dict[str, Entry] = {}
    for entry in entries:
        name = safe_name(name_of(entry))
        if not name:
            raise OptionError(f"hostname gives no name for {_described(entry)}.")
        if name in hosts:
            raise OptionError(
                f"Two clusters would be the host {name!r}: {_described(hosts[name])} and {_described(entry)}. Set "
                "hostname to a template that tells them apart, such as "
                "'{{ project_name }}/{{ cluster_name }}/{{ cluster_id }}', or leave one out by a filter."
            )
        hosts[name] = entry
    return list(hosts.items())


def _is_safe(sign: str) -> bool:
    if sign.isascii():
        return sign.isalnum() or sign in _SAFE
    return unicodedata.category(sign)[0] not in "ZC"


def _described(entry: Entry) -> str:
    return f"cluster {entry.cluster_name!r} ({entry.cluster_id}) of project {entry.project_name!r} ({entry.project_id})"
