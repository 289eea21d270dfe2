# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of values that come from users, listings and documents.

A check takes a value and returns it as one of Python's own types, because the templating engine has types of its own.
It raises ValueError that says what the value must be. Its caller adds where the value stands.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import parse_instant, parse_object_id

Check = Callable[[Any], Any]

_MOST_LEVELS = 50
# Nothing real comes near, and Python refuses to spell numbers far beyond it.
_LARGEST = 2**63
# Of what people count: snapshots, per cent, requests.
LARGEST_COUNT = 10**9 - 1
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}\Z")


class RefusedError(ValueError):
    """A value that cannot be used. The message names where it stands and what to do."""

    def __init__(self, reason: str, *path: str | int) -> None:
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
        super().__init__(f"{place}: {reason}" if path else reason)
        self.reason, self.path = reason, path


def check_at(check: Check, value: Any, *path: str | int) -> Any:
    """The checked value; RefusedError that names the path to it."""
    try:
        return check(value)
    except RefusedError as exc:
        raise RefusedError(exc.reason, *path, *exc.path) from None
    except ValueError as exc:
        raise RefusedError(str(exc), *path) from None


def cut(text: str, longest: int) -> str:
    """A text, cut where it is longer."""
    return text if len(text) <= longest else f"{text[: longest - 2]} …"


# --- single values ---


def string(value: Any) -> str:
    """A string."""
    if isinstance(value, str):
        return str.__str__(value)
    raise ValueError(f"must be a string, not {shown(value)}")


def flag(value: Any) -> bool:
    """True or false, and no word for either."""
    if isinstance(value, bool):
        return value
    raise ValueError(f"must be true or false, not {shown(value)}")


def whole_number(value: Any) -> int:
    """A whole number of 64 bits."""
    if isinstance(value, int) and not isinstance(value, bool) and -_LARGEST <= value < _LARGEST:
        return int.__int__(value)
    raise ValueError(f"must be a whole number, not {shown(value)}")


def object_id(value: Any) -> str:
    """An id of 24 hexadecimal digits, in lower case."""
    try:
        return parse_object_id(string(value))
    except ValueError:
        raise ValueError(f"{shown(value)} is not an id of 24 hexadecimal digits") from None


def instant(value: Any) -> datetime:
    """An aware UTC datetime of whole seconds, from a string or from YAML's own date or date-time."""
    if isinstance(value, datetime):
        aware = value if value.utcoffset() is not None else value.replace(tzinfo=timezone.utc)
        try:
            utc = aware.astimezone(timezone.utc)
        except OverflowError:
            raise ValueError(f"{shown(value)} is not a date-time that exists in UTC") from None
        # Built anew, since the class of the value may be one of the templating engine.
        return datetime(utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, tzinfo=timezone.utc)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    if not isinstance(value, str):
        raise ValueError(f"must be an ISO 8601 date-time such as 2026-08-21T01:00:00Z, not {shown(value)}")
    try:
        return parse_instant(str.__str__(value))
    except ValueError:
        raise ValueError(f"{shown(value)} is not an ISO 8601 date-time such as 2026-08-21T01:00:00Z") from None


def one_of(choices: Sequence[str]) -> Check:
    """One of these words."""

    def check(value: Any) -> str:
        if isinstance(value, str) and value in choices:
            return str.__str__(value)
        raise ValueError(f"must be one of {', '.join(choices)}, not {shown(value)}")

    return check


def whole_number_from(least: int, what: str, most: int = LARGEST_COUNT) -> Check:
    """A whole number in these limits, or a string of one."""

    def check(value: Any) -> int:
        number = None
        if isinstance(value, int) and not isinstance(value, bool):
            number = int.__int__(value)
        elif isinstance(value, str) and _NUMBER.match(value.strip()):
            number = int(value.strip())
        if number is None or not least <= number <= most:
            raise ValueError(f"must be {what}, not {shown(value)}")
        return number

    return check


# --- values made of others ---


def mapping(value: Any) -> Mapping[Any, Any]:
    """A dictionary, whose keys and values are left as they are."""
    if isinstance(value, Mapping):
        return value
    raise ValueError(f"must be a dictionary, not {shown(value)}")


@dataclass(frozen=True)
class _Optional:
    check: Check

    def __call__(self, value: Any) -> Any:
        return None if value is None else self.check(value)


def optional(check: Check) -> Check:
    """Null, or a value that passes the check."""
    return _Optional(check)


def each(check: Check) -> Check:
    """A list of values that pass the check."""

    def check_each(value: Any) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"must be a list, not {shown(value)}")
        return [check_at(check, item, number) for number, item in enumerate(value)]

    return check_each


def fields(required: Mapping[str, Check], others: Mapping[str, Check] | None = None) -> Check:
    """A dictionary with the required keys. Of the other keys those that are missing count as null.

    What is returned has all these keys and no more.
    """
    # Listings have a hundred thousand rows, so nothing is looked up or called that can be known here.
    checks = [
        (name, check.check if isinstance(check, _Optional) else check, isinstance(check, _Optional))
        for name, check in {**required, **(others or {})}.items()
    ]

    def check_fields(value: Any) -> dict[str, Any]:
        row, found = mapping(value), {}
        for name, check, is_optional in checks:
            try:
                item = row[name]
                found[name] = None if item is None and is_optional else check(item)
            except KeyError:
                if name in required:
                    raise ValueError(f"has no key {name}") from None
                found[name] = None if is_optional else check(None)
            except RefusedError as exc:
                raise RefusedError(exc.reason, name, *exc.path) from None
            except ValueError as exc:
                raise RefusedError(str(exc), name) from None
        return found

    return check_fields


def plain(value: Any, levels: int = _MOST_LEVELS) -> Any:
    """Any value as JSON has it; what JSON does not know is shown as text."""
    if levels < 0:
        raise ValueError("is nested too deeply")
    if isinstance(value, Mapping):
        return {
            str.__str__(name) if isinstance(name, str) else shown(name): plain(item, levels - 1)
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [plain(item, levels - 1) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    """Of Python's own types: Ansible's subclasses carry marks that must not travel along."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and -_LARGEST <= value < _LARGEST:
        return int.__int__(value)
    if isinstance(value, float) and math.isfinite(value):
        return float.__float__(value)
    return value.isoformat() if isinstance(value, date) else shown(value)


# --- what surveys send ---


def blank(value: Any) -> bool:
    """Whether a value was left out: null, or a survey's empty string (R21)."""
    return value is None or (isinstance(value, str) and not value.strip())


def unless_blank(check: Check) -> Check:
    """None for a value that was left out, or a value that passes the check."""
    return lambda value: None if blank(value) else check(value)


def switch(value: Any) -> bool:
    """True or false, as YAML or surveys spell them; blank is false."""
    if blank(value) or isinstance(value, bool):
        return value is True
    word = shown(value) if isinstance(value, int) else value.strip().lower() if isinstance(value, str) else None
    for words in (_YES, _NO):
        if word in words:
            return words is _YES
    raise ValueError(f"must be true or false, not {shown(value)}")


_YES = ("true", "yes", "on", "y", "t", "1")
_NO = ("false", "no", "off", "n", "f", "0")


def shown(value: Any) -> str:
    """A value as messages quote it: one short line, whatever it is."""
    if isinstance(value, str):
        quoted = repr(str.__str__(value)[:100])
        return quoted if len(quoted) <= 70 else f"{quoted[:66]}...'"
    if value is None or isinstance(value, (bool, float, date)):
        return str(value)
    if isinstance(value, int):
        # Python refuses to spell numbers of thousands of digits.
        return str(int.__int__(value)) if abs(value) < 10**30 else "a number of over 30 digits"
    kinds = {dict: "a dictionary", list: "a list", tuple: "a list"}
    return next((name for kind, name in kinds.items() if isinstance(value, kind)), f"a {type(value).__name__:.40}")
