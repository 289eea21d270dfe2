# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers that a test found, told at the end of the run, over all workers of xdist.

`figure("20 clusters by 20 forks: 41 s")` in a test, and this line stands among the last of the run.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

Figure = Callable[[str], None]
_PROPERTY = "figure"


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Tells a number."""

    def tell(line: str) -> None:
        request.node.user_properties.append((_PROPERTY, line))

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == _PROPERTY
    ]
    if lines:
        terminalreporter.section("figures")
        for line in sorted(lines):
            terminalreporter.write_line(line)
