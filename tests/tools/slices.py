# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How AWX and Automation Platform cut a job into slices, each a job of its own with hosts of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

_Vars = TypeVar("_Vars")


def sliced(hosts: Mapping[str, _Vars], count: int) -> list[dict[str, _Vars]]:
    """The hosts by name, of which each slice gets every so-manieth; a slice without a host is no job."""
    names = sorted(hosts)
    slices = [{name: hosts[name] for name in names[number::count]} for number in range(count)]
    return [one for one in slices if one]
