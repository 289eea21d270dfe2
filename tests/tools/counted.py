# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that hold many cases each say how many, and the run's last line sums them up, over all workers of xdist.

`counted("cases of faults", 41)` in three tests ends the run with `torture: 123 cases of faults: all held (12 s)`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import pytest

Count = Callable[[str, int], None]
_PROPERTY = "counted"
_began = pytest.StashKey[float]()
_line = pytest.StashKey[str]()


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> Count:
    """Counts cases, by what they are cases of."""

    def add(what: str, number: int) -> None:
        request.node.user_properties.append((_PROPERTY, [what, number]))

    return add


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_began] = time.monotonic()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    counts: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for name, value in report.user_properties:
                    if name == _PROPERTY:
                        counts[value[0]] += value[1]
    if counts:
        seconds = time.monotonic() - config.stash[_began]
        failed = sum(len(terminalreporter.stats.get(kind, [])) for kind in ("failed", "error"))
        verdict = f"{failed} tests FAILED" if failed else "all held"
        told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
        config.stash[_line] = f"torture: {told}: {verdict} ({seconds:.0f} s)"


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    # After pytest's own last line.
    if _line in config.stash:
        print(config.stash[_line])
