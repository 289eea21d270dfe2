# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m fleet`: measure, print a table, write file and plot. Exit status 1 when something failed or grew.

fleet [--brief]    --brief leaves out the fleet of 500, and writes nothing
"""

from __future__ import annotations

import sys
from pathlib import Path

from fleet.measure import BACKLOG, FASTER, PER_PROJECT, Measured, backlog, fleet, head, line, problems
from fleet.plot import draw
from tools.artefact import build, install
from tools.spending import write_measured
from tools.tree import CACHE

HERE = Path(__file__).parent
SNAPSHOTS = 400
# Which jobs with how many workers, by the size of the fleet. Every fleet with every number would take an hour.
JOBS: dict[int, dict[str, tuple[int, ...]]] = {
    5: {"audit": (1, 4), "retention": (1, 4)},
    50: {"audit": (1, 4, 16), "retention": (1, 4, 16)},
    500: {"audit": (16,), "retention": (16,)},
}


def main(arguments: list[str]) -> int:
    """Measure; 0 when all is as it should be."""
    collections = install(build(CACHE / "fleet" / "artefact"), CACHE / "fleet" / "collections")
    brief = "--brief" in arguments
    print(
        f"{SNAPSHOTS} snapshots a cluster, {PER_PROJECT} clusters a project, MongoDB's own rate limits, in real time."
    )
    print(head(), flush=True)
    found: list[Measured] = []
    for clusters, jobs in JOBS.items():
        if clusters < 500 or not brief:
            found += fleet(clusters, SNAPSHOTS, jobs, collections, lambda text: print(text, flush=True))
    print(
        f"One project, {BACKLOG} removals a cluster, all workers at once, limits {FASTER} times as fast as real ones."
    )
    for one in backlog(PER_PROJECT, SNAPSHOTS, BACKLOG, (1, 4, 16), collections):
        found.append(one)
        print(line(one), flush=True)
    if not brief:
        _write(found)
    failures = list(problems(found))
    for failure in failures:
        print(f"FAILED: {failure}")
    return 1 if failures else 0


def _write(found: list[Measured]) -> None:
    write_measured(HERE / "fleet.json", limits_faster_in_backlog=FASTER, measured=[one.as_dict() for one in found])
    draw(found, HERE / "fleet.svg")
    print(f"Written: {HERE / 'fleet.json'} and {HERE / 'fleet.svg'}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
