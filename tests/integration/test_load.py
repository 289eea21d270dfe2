# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clusters side by side against a service that limits them all together; the larger ones are in tests/torture/load."""

from __future__ import annotations

from tools.figures import Figure
from tools.load import Fleet, run_fleet
from tools.playbooks import Playbooks


def test_six_clusters_at_once_wait_as_long_as_they_are_told(playbooks: Playbooks, figure: Figure) -> None:
    load = run_fleet(playbooks, Fleet(clusters=6, each=24, kept=4, capacity=15, refill=10))
    assert load.refused > 0
    figure(f"6 clusters by 6 forks, a bucket of 15 and 10 a second: {load.told}")
