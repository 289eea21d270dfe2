# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m bench`: measure, print tables and ratios, write file, plot and README. Status 1 where a ratio is missed.

bench [--quick | --all]    --quick measures what the ratios need, and writes nothing; --all adds the slowest
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from ansible.release import __version__ as core

from bench import measure
from bench.measure import Row
from bench.plot import draw
from bench.ratios import Reach, reached
from bench.readme import with_tables
from tools.artefact import build, install
from tools.spending import write_measured
from tools.tree import CACHE, ROOT

HERE = Path(__file__).parent
TIMES = 5


def main(arguments: list[str]) -> int:
    """Measure; 0 when every ratio holds."""
    collections = install(build(CACHE / "bench" / "artefact"), CACHE / "bench" / "collections")
    print(f"{os.cpu_count()} processors, Python {platform.python_version()}, ansible-core {core}; medians of {TIMES}.")
    rows: list[Row] = []
    for found in _works(collections, quick="--quick" in arguments, everything="--all" in arguments):
        print(f"\n{found[0].work}, {found[0].size:,} at {found[0].latency_ms} ms a request", flush=True)
        for row in found:
            print(_line(row), flush=True)
        rows += found
    print()
    reach = list(reached(rows))
    for one in reach:
        print(one.line())
    if "--quick" not in arguments:
        _write(rows, reach)
    return 0 if all(one.holds for one in reach) else 1


def _works(collections: Path, quick: bool, everything: bool) -> Iterator[list[Row]]:
    """The works that the ratios are of, then how the cost grows."""
    yield measure.changes(collections, 1, 20, TIMES)
    yield measure.changes(collections, 200, 20, TIMES)
    yield measure.role(collections, 400, 340, 20, TIMES)
    yield measure.nothing_to_do(collections, 400, 20, TIMES)
    for size in (1_000, 10_000):
        yield measure.listing(collections, size, 20, TIMES)
    for size in (100, 1_000, 10_000, 100_000):
        yield [measure.planning(size, TIMES)]
    if quick:
        return
    yield measure.changes(collections, 20, 20, TIMES)
    for latency_ms in (0, 100):
        yield measure.changes(collections, 200, latency_ms, 1)
    # By a loop 2,000 changes take a quarter of an hour; what ten times as much costs it is no question.
    yield measure.changes(collections, 2_000, 20, 1, by_hand=everything)
    yield measure.listing(collections, 100, 20, TIMES)
    yield measure.role(collections, 4_000, 3_400, 20, 1)
    for size in (10, 100, 1_000):
        yield measure.inventory(collections, size, 20, TIMES)


def _line(row: Row) -> str:
    text = f"  {row.rival:26}  {row.seconds:8.2f} s  ({row.least:.2f} to {row.most:.2f}, {row.runs} runs)"
    if row.requests:
        text += f"  {row.requests:5} requests  {row.connections:4} connections"
    return f"{text}  {row.megabytes:4.0f} MB" if row.megabytes else text


def _write(rows: list[Row], reach: list[Reach]) -> None:
    file, readme = HERE / "bench.json", ROOT / "README.md"
    measured = write_measured(file, reached=[one.as_dict() for one in reach], measured=[row.as_dict() for row in rows])
    draw(rows, HERE / "bench.svg")
    readme.write_text(with_tables(readme.read_text(encoding="utf-8"), measured), encoding="utf-8")
    print(f"Written: {file}, {HERE / 'bench.svg'}, and the tables of {readme}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
