# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plot of the measurements: how each cost grows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
from matplotlib.ticker import NullLocator

from bench.measure import Row

# What each part shows: title, work, the rivals in it.
PARTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("changes at 20 ms", "change", ("uri loop", "curl loop", "module, 1", "module, 8", "ideal", "empty")),
    ("listing at 20 ms", "list", ("module, short", "module, full", "ideal", "empty")),
    ("planning", "plan", ("filter",)),
    ("role at 20 ms", "role", ("role", "ideal", "empty")),
)


def draw(rows: Sequence[Row], target: Path) -> None:
    """Seconds by size, both logarithmic, as an SVG."""
    # Text as text: smaller, and it can be searched. No date, so that the same numbers give the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 9})
    figure, parts = plt.subplots(1, len(PARTS), figsize=(13, 3.6), layout="constrained")
    for axes, (title, work, rivals) in zip(parts, PARTS, strict=True):
        for rival in rivals:
            mine = [row for row in rows if row.work == work and row.rival.startswith(rival)]
            found = sorted((row.size, row.seconds) for row in mine if work == "plan" or row.latency_ms == 20)
            axes.plot([size for size, _seconds in found], [seconds for _size, seconds in found], "o-", label=rival)
        axes.set(title=title, xlabel="snapshots", xscale="log", yscale="log")
        axes.set_xticks(sorted({row.size for row in rows if row.work == work}))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=7)
    parts[0].set_ylabel("seconds")
    figure.savefig(target, metadata={"Date": None})
