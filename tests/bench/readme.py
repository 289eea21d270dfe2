# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README's tables of the benchmark, made from its file alone, so that no number is written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

BEGIN, END = "<!-- written by make bench: begin -->", "<!-- written by make bench: end -->"
# What is shown of all that was measured: work, size, and how it is called.
SHOWN = (
    ("change", 1, "1 change"),
    ("change", 200, "200 changes"),
    ("role", 400, "role, 340 of 400 deleted"),
    ("nothing to do", 400, "role, nothing to do on 400"),
    ("list", 10_000, "listing of 10,000"),
    ("plan", 10_000, "plan of 10,000"),
    ("plan", 100_000, "plan of 100,000"),
)


def tables(measured: Mapping[str, Any]) -> str:
    """The ratios and the times, as Markdown, from what the benchmark's file holds."""
    return "\n".join([*_ratios(measured), "", *_times(measured)])


def with_tables(text: str, measured: Mapping[str, Any]) -> str:
    """The README's text with these tables in their place; ValueError where it has none."""
    before, began, rest = text.partition(BEGIN)
    _old, ended, after = rest.partition(END)
    if not began or not ended:
        raise ValueError("no place for the benchmark's tables")
    return f"{before}{BEGIN}\n\n{tables(measured)}\n\n{END}{after}"


def _ratios(measured: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{measured['processors']} processors, Python {measured['python']}, ansible-core {measured['ansible_core']}, "
        f"20 ms a request, medians of {max(row['runs'] for row in measured['measured'])}."
    )
    yield from ("", "| | measured | limit |", "| --- | ---: | ---: |")
    for one in measured["reached"]:
        yield f"| {one['what']} | {one['value']:g} | {'≥' if one['at_least'] else '≤'} {one['limit']:g} |"


def _times(measured: Mapping[str, Any]) -> Iterator[str]:
    yield "| work | by | seconds | requests | connections | MB |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for work, size, called in SHOWN:
        for row in measured["measured"]:
            if (row["work"], row["size"]) == (work, size) and row["latency_ms"] == (0 if work == "plan" else 20):
                numbers = (row["requests"], row["connections"], round(row["megabytes"]))
                cells = " | ".join(f"{number:,}" if number else "" for number in numbers)
                yield f"| {called} | {row['rival']} | {row['seconds']:.2f} | {cells} |"
