# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says in words: the policy as a sentence, spans, instants, amounts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note

# Controls, halves of characters, non-characters, and what turns the direction of a text: names have no use for them.
# Python counts none of them as printable.
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_UNITS = {"y": "year", "mo": "month", "w": "week", "d": "day", "h": "hour"}
_PERIODS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MONTH, _YEAR = 30.44 * _DAY, 365.25 * _DAY


def visible(text: str) -> str:
    """The text with a mark in place of each character that cannot be seen."""
    return text if text.replace("\n", "").isprintable() else _ODD.sub("\ufffd", str.__str__(text))


def note(reason: Note | Mapping[str, Any]) -> str:
    """The text of a reason, a warning, or why a snapshot is not kept; also of one in a document."""
    return reason.text if isinstance(reason, Note) else str(reason["text"])


def number(count: int) -> str:
    """`2,000`."""
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    """`1 day`, `2 days`, `2,000 days`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(items: Sequence[str], last: str = "and") -> str:
    """`a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def duration(text: str) -> str:
    """`1y2mo` as `1 year 2 months`."""
    parts = re.findall(r"([0-9]+)(mo|[ydwh])", text)
    return " ".join(plural(int(number), _UNITS[unit]) for number, unit in parts) or text


def span(length: float) -> str:
    """A length of time in the unit that suits it."""
    sign, length = ("-" if length < 0 else ""), abs(length)
    if length < 2 * _HOUR:
        return f"{sign}{int(length // _MINUTE)} min"
    if length < 2 * _DAY:
        return f"{sign}{int(length // _HOUR)} h"
    if length < 90 * _DAY:
        return f"{sign}{int(length // _DAY)} d"
    if length < 2 * _YEAR:
        return f"{sign}{length / _MONTH:.1f} mo"
    return f"{sign}{length / _YEAR:.1f} y"


def day_and_time(instant: str | None) -> str:
    """An instant of a result, without what the eye stumbles over; its seconds only where it has some."""
    if instant is None:
        return "never"
    shown = instant.replace("T", " ").rstrip("Z")
    return shown[:-3] if shown.endswith(":00") and len(shown) == 19 else shown


def plain(value: Any) -> str:
    """A value of the evidence: text as it is, a mapping as `key value, key value`, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        pairs = (f"{key} {item if isinstance(item, str) else _json(item)}" for key, item in value.items())
        return ", ".join(pairs) or "none"
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, default=str)


def rule(key: str, value: Any) -> str:
    """What one line of a policy keeps."""
    name = key[len("keep_") :]
    if name == "last":
        return "every snapshot" if value == -1 else f"the newest {plural(value, 'snapshot')}"
    if name == "within":
        return f"everything of the last {duration(value)}"
    if name.startswith("within_"):
        return f"the newest of each {_PERIODS[name[len('within_') :]]} for {duration(value)}"
    period = _PERIODS[name]
    return f"the newest of every {period}" if value == -1 else f"the newest of each of {plural(value, period)}"


def mode(check_mode: bool) -> str:
    """What kind of run it was, as the summary in the console says it."""
    return "Check mode, nothing was written" if check_mode else "Done"


def policy(plan: Mapping[str, Any]) -> str:
    """The policy of a plan as one sentence."""
    kept = [rule(key, value) for key, value in plan["policy"].items()]
    return f"Keep {listed(kept)}. {_way(plan['options'])}"


def _way(options: Mapping[str, Any]) -> str:
    if options["method"] == "expire":
        return "What nothing keeps is given an early expiry, and what is kept lives as long as its window."
    rest = "; what is kept lives at least as long as its window" if options["extend_kept"] else ""
    return f"What nothing keeps is deleted{rest}."
