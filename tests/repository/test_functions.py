# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""No function of the plugins is long, and none is complex."""

from __future__ import annotations

from collections.abc import Iterator

from radon.complexity import cc_visit

from tools.tree import ROOT

LINES = 30
# Of the cyclomatic complexity, in which conditions inside of expressions count as well.
COMPLEXITY = 10


def functions() -> Iterator[tuple[str, int, int]]:
    """Each function's place, its lines and its complexity."""
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        for found in cc_visit(path.read_text(encoding="utf-8")):
            if found.letter in "FM":
                lines = found.endline - found.lineno + 1
                yield f"{path.relative_to(ROOT)}:{found.lineno} {found.name}", lines, found.complexity


def test_no_function_is_long() -> None:
    assert [(place, lines) for place, lines, _complexity in functions() if lines > LINES] == []


def test_no_function_is_complex() -> None:
    assert [(place, complexity) for place, _lines, complexity in functions() if complexity > COMPLEXITY] == []
