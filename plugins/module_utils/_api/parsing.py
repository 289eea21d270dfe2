# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""Bytes of the service to plain values, or one ValueError: nothing in a body is guessed, and nothing in it costs much.

What Python's own reader takes and JSON or a result of a module cannot carry is refused: NaN, numbers without end,
depth without end, and a key that comes twice, of whose values one would have to be guessed.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

# The deepest documents of the service have four levels (contract, section 2).
MOST_LEVELS = 50
# Of a number. Older Pythons take a time that grows with the square, and newer ones refuse to write what they read.
MOST_DIGITS = 1000
_HALF_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")


def parse_json(content: bytes) -> Any:
    """A JSON document; ValueError for anything that is none, however it is broken."""
    text = decoded(content)
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_no_number
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _is_too_deep(value):
        raise ValueError("it is nested too deeply")
    return _with_whole_characters(value) if _HALF_ESCAPED.search(text) else value


def decoded(content: bytes) -> str:
    """The text of a body. Challenges are announced as ISO-8859-1 (contract, section 3), where any byte is a letter."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def whole_characters(text: str) -> str:
    """The text with a mark for each half of a surrogate pair, which no file and no terminal takes."""
    return _HALF.sub("\ufffd", text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has a key twice")
    return found


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has more than {MOST_DIGITS} digits")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _is_too_deep(value: Any) -> bool:
    """Whether a document has more levels than any of the service."""
    # Level by level from outside, never by recursion. Of a page this takes a third of what its parsing does.
    level = [value] if isinstance(value, (dict, list)) else []
    for _level in range(MOST_LEVELS):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
    return bool(level)


def _with_whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, dict):
        return {whole_characters(key): _with_whole_characters(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_whole_characters(item) for item in value]
    return value
