# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The colors of a report: every text can be read on what it lies on, in either scheme (WCAG 2, level AA)."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.calendar import DAYS

from tools.tree import ROOT

STYLE = (ROOT / "plugins" / "plugin_utils" / "_report" / "report.css").read_text(encoding="utf-8")
ROOTS = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)
LIGHT, DARK = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", root)) for root in ROOTS[:2])
TEXTS = [(ink, ground) for ink in ("ink", "soft", "link") for ground in ("page", "card", "band")]
NUMBERS = [(ink, "card") for ink in ("kept", "extended", "shortened", "removed", "held", "bad", "soft")]
ON_MARKS = [("on", mark) for mark in ("kept", "young", "extended", "shortened", "removed", "held", "other", "bad")]
ON_BLOCKED = [(ink, "bad-page") for ink in ("ink", "soft", "bad", "kept", "extended", "shortened", "removed", "held")]


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_stand_out(scheme: dict[str, str]) -> None:
    assert set(LIGHT) == set(DARK)
    pairs = [*TEXTS, *NUMBERS, *ON_MARKS, *ON_BLOCKED]
    found = {pair: contrast(scheme[pair[0]], scheme[pair[1]]) for pair in pairs}
    assert {pair: value for pair, value in found.items() if value < 4.5} == {}


def test_letters_of_the_calendar_stand_out() -> None:
    found = re.findall(r"\.d-([a-z]+) \{ background: (#[0-9a-f]+); color: (#[0-9a-f]+); \}", STYLE)
    days, letters = ({name: pair[place] for name, *pair in found} for place in (0, 1))
    assert set(days) == set(DAYS) - {"other"}
    assert {name for name in days if contrast(days[name], letters[name]) < 4.5} == set()


def test_marks_of_the_two_schemes_can_be_seen() -> None:
    for scheme in (LIGHT, DARK):
        assert all(contrast(scheme[mark], scheme["band"]) >= 3 for _on, mark in ON_MARKS)
