# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plot of the measurements."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

from fleet.measure import Measured

STYLES = {"audit": "o-", "retention": "s--"}


def draw(found: Sequence[Measured], target: Path) -> None:
    """Requests for each cluster, time for each cluster, and memory of a worker, as an SVG."""
    # Text as text: smaller, and it can be searched. No date, so that the same numbers give the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "fleet", "font.size": 9})
    figure, (requests, seconds, memory) = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    for job, style in STYLES.items():
        rows = [one for one in found if one.job == job]
        sizes = sorted({one.clusters for one in rows})
        most = [max((one for one in rows if one.clusters == size), key=lambda one: one.workers) for size in sizes]
        requests.plot(sizes, [one.requests_per_cluster for one in most], style, label=job)
        seconds.plot(sizes, [one.cpu_seconds_per_cluster for one in most], style, label=job)
        loads = sorted((one.clusters / one.workers, one.megabytes) for one in rows)
        memory.plot([load for load, _size in loads], [size for _load, size in loads], style, label=job)
    requests.set(title="requests a cluster", xlabel="clusters in the fleet", ylim=(0, None))
    seconds.set(title="CPU seconds a cluster", xlabel="clusters in the fleet", ylim=(0, None))
    memory.set(title="MB, largest process of a worker", xlabel="clusters a worker", ylim=(0, None))
    for one in (requests, seconds):
        one.set_xscale("log")
        one.set_xticks(sorted({row.clusters for row in found if row.job in STYLES}), minor=False)
        one.minorticks_off()
        one.xaxis.set_major_formatter("{x:g}")
    for one in (requests, seconds, memory):
        one.grid(alpha=0.3)
    requests.legend(frameon=False)
    figure.savefig(target, metadata={"Date": None})
