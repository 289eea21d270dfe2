# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The properties of plans for each history of a few snapshots on a small grid of times, lives and faults."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Any

import pytest

from unit.plugins.plugin_utils._retention.cases import BARE, ago, info, row
from unit.plugins.plugin_utils._retention.properties import PROPERTIES

# "long" tries all of up to four snapshots in a quarter of an hour. Otherwise it is each thirteenth of up to three.
PROFILES = {"long": (4, 1), "short": (2, 7)}
MOST, EVERY = PROFILES.get(os.environ.get("HYPOTHESIS_PROFILE", ""), (3, 13))
# Two of a day, the day before, the week before, and after a pause of a month.
AGES = [{"hours": 2}, {"hours": 8}, {"hours": 30}, {"days": 9}, {"days": 45}]
# Until when it lives: soon, in ten days, or as long as a schedule's month.
LIVES = [ago(hours=-20), ago(days=-10), ago(days=-300)]
POLICIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "counts": ({"keep_daily": 1, "keep_weekly": 2}, {}),
    "windows": ({"keep_within_daily": "7d", "keep_within_monthly": "2mo"}, {"min_keep": 2}),
    "extended": ({"keep_within": "12h", "keep_within_daily": "2d"}, {"extend_kept": True, "min_keep": 2}),
    "expire": ({"keep_within_daily": "2d", "keep_within_weekly": "4w"}, {"method": "expire"}),
    "stale": ({"keep_within_daily": "2d"}, {"stale_after": "6h", "extend_kept": True}),
}
OPTIONS: dict[str, Any] = {**BARE, "method": "delete", "protected_ids": []}


def histories() -> Iterator[list[dict[str, Any]]]:
    """Every history, and the same whichever snapshot of it is faulty."""
    for count in range(MOST + 1):
        for ages in itertools.combinations(AGES, count):
            for odds in itertools.product(LIVES, (False, True), repeat=count):
                lives, faults = odds[::2], odds[1::2]
                yield [
                    row(number, ago(**age), str(life), is_possibly_inconsistent=fault)
                    for number, (age, life, fault) in enumerate(zip(ages, lives, faults, strict=True), 1)
                ]


@pytest.mark.parametrize("name", POLICIES)
def test_of_every_small_history(name: str) -> None:
    policy, options = POLICIES[name]
    number = 0
    for number, history in enumerate(histories()):
        if number % EVERY == 0:
            for holds in PROPERTIES:
                holds(info(history), policy, {**OPTIONS, **options})
    assert number + 1 == sum(len(list(itertools.combinations(AGES, count))) * 6**count for count in range(MOST + 1))
