# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""What a policy and its options say: read from YAML or from strings, or refused by name.

Surveys and extra vars send strings, and "" for what was left blank, so numbers, switches and lists
are taken in either form, and a blank or null value is one that was not given (rule R21).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timezone
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration, parse_duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import parse_instant, parse_object_id
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import zone

_ADVERBS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}
# The order in which reasons are given (rule R12). `last` and `within` have no period.
PERIODS: dict[str, str | None] = {
    "last": None,
    **_ADVERBS,
    "within": None,
    **{f"within_{adverb}": period for adverb, period in _ADVERBS.items()},
}
POLICY_KEYS = tuple(f"keep_{name}" for name in PERIODS)

_COUNT = re.compile(r"[+-]?[0-9]{1,9}\Z")
_MOST = 10**9 - 1
_YES = ("true", "yes", "on", "y", "t", "1")
_NO = ("false", "no", "off", "n", "f", "0")


class RefusedError(ValueError):
    """An argument that cannot be used; the message names it and the way out."""


@dataclass(frozen=True)
class Rule:
    """One line of a policy: a count (-1 is unlimited) or a window, of what period."""

    name: str
    period: str | None
    count: int = 0
    window: Duration | None = None


@dataclass(frozen=True)
class Policy:
    """The rules that are on, in the order in which reasons are given."""

    rules: tuple[Rule, ...]

    @property
    def windows(self) -> tuple[Duration, ...]:
        """The spans of the within rules."""
        return tuple(rule.window for rule in self.rules if rule.window is not None)

    @property
    def counts(self) -> tuple[Rule, ...]:
        """The rules that count."""
        return tuple(rule for rule in self.rules if rule.window is None)

    def to_plain(self) -> dict[str, int | str]:
        """What a plan carries: the keys that are on; counts are numbers, durations their one spelling."""
        return {f"keep_{rule.name}": rule.count if rule.window is None else str(rule.window) for rule in self.rules}


@dataclass(frozen=True)
class Options:
    """Everything beside the policy. A duration that is None is off; `pit_window` may be `auto`."""

    timezone: str = "UTC"
    anchor: str = "newest"
    min_keep: int = 3
    min_age: Duration | None = Duration(hours=24)
    pit_window: Duration | str | None = "auto"
    protected_ids: tuple[str, ...] = ()
    no_expiry: str = "hold"
    method: str = "delete"
    extend_kept: bool = False
    max_delete: int = 50
    max_delete_percent: int = 75
    stale_after: Duration | None = Duration(days=3)

    def to_plain(self) -> dict[str, Any]:
        """What a plan carries, `timezone` excepted, which stands beside it: durations as strings, or `off`."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self) if field.name != "timezone"}


OPTION_KEYS = tuple(field.name for field in fields(Options))


def parse_policy(value: Any) -> Policy:
    """The policy in a dictionary of `keep_*` keys; RefusedError names the key."""
    if not isinstance(value, Mapping):
        raise RefusedError(f"policy: must be a dictionary of keep_* keys, not {shown(value)}")
    for key in value:
        if not isinstance(key, str) or str.__str__(key) not in POLICY_KEYS:
            raise RefusedError(f"policy: has no key {shown(key)}{_nearest(key)}; the keys are {', '.join(POLICY_KEYS)}")
    rules = (_rule(name, value.get(f"keep_{name}")) for name in PERIODS)
    active = tuple(rule for rule in rules if rule is not None)
    if not active:
        raise RefusedError("policy: keeps nothing, which is never meant; give at least one keep_* key a value")
    return Policy(active)


def parse_options(given: Mapping[str, Any], policy: Policy) -> Options:
    """The options by their names, defaults for those absent, null or blank; RefusedError names the key."""
    for key in given:
        if key not in OPTION_KEYS:
            raise RefusedError(f"{shown(key)}: is no option{_nearest(key)}; they are {', '.join(OPTION_KEYS)}")
    read = {key: _PARSERS[key](key, value) for key, value in given.items() if not blank(value)}
    options = Options(**read)
    _agree(policy, options)
    return options


def parse_now(value: Any) -> datetime:
    """The plan's one instant (rule R1): a date-time or date, as a string or as YAML's own; naive is UTC."""
    if blank(value):
        raise RefusedError("now: is required, the instant of this plan, such as {{ now(utc=true) }}")
    try:
        return instant(value)
    except ValueError as exc:
        raise RefusedError(f"now: {exc}") from None


def instant(value: Any) -> datetime:
    """An aware UTC datetime of whole seconds from a string or from YAML's own date; else ValueError."""
    if isinstance(value, datetime):
        aware = value if value.utcoffset() is not None else value.replace(tzinfo=timezone.utc)
        try:
            utc = aware.astimezone(timezone.utc)
        except OverflowError:
            raise ValueError(f"{shown(value)} is not a date-time that exists in UTC") from None
        # Rebuilt, since the value's class may be one of the templating engine's own.
        return datetime(utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, tzinfo=timezone.utc)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    if not isinstance(value, str):
        raise ValueError(f"must be an ISO 8601 date-time such as 2026-08-21T01:00:00Z, not {shown(value)}")
    try:
        return parse_instant(str.__str__(value))
    except ValueError:
        raise ValueError(f"{shown(value)} is not an ISO 8601 date-time such as 2026-08-21T01:00:00Z") from None


def blank(value: Any) -> bool:
    """Whether a value was left out, which is what null and a blank survey answer mean."""
    return value is None or (isinstance(value, str) and not value.strip())


def switch(key: str, value: Any) -> bool:
    """Whether a switch is on, as surveys or YAML say it; blank is off. RefusedError names the key."""
    return False if blank(value) else _boolean(key, value)


def duration(key: str, value: Any) -> Duration:
    """The span that a value spells; RefusedError names the key."""
    if not isinstance(value, str):
        raise RefusedError(f"{key}: must be a duration such as 36h, 7d, 4w, 13mo or 1y2mo3d, not {shown(value)}")
    try:
        return parse_duration(str.__str__(value).strip())
    except ValueError as exc:
        raise RefusedError(f"{key}: {shown(value)} {exc}") from None


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


def _rule(name: str, value: Any) -> Rule | None:
    key = f"policy.keep_{name}"
    if blank(value):
        return None
    if name.startswith("within"):
        return Rule(name, PERIODS[name], window=duration(key, value))
    count = _number(key, value, -1, "a whole number, or -1 for unlimited")
    return Rule(name, PERIODS[name], count=count) if count else None


def _agree(policy: Policy, options: Options) -> None:
    if options.method == "expire":
        if policy.counts:
            raise RefusedError(
                f"method: expire works with keep_within* rules alone, and the policy has keep_{policy.counts[0].name};"
                " a count gives no date: leave it out, or use method delete"
            )
        if options.extend_kept:
            raise RefusedError("extend_kept: method expire extends by itself; leave it out, or use method delete")
    if options.extend_kept and not policy.windows:
        raise RefusedError(
            "extend_kept: the policy has no keep_within* rule, and a count gives no date to extend to;"
            " add one, or leave extend_kept out"
        )


def _number(key: str, value: Any, least: int, what: str, most: int = _MOST) -> int:
    number = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = int.__int__(value)
    elif isinstance(value, str) and _COUNT.match(value.strip()):
        number = int(value.strip())
    if number is None or not least <= number <= most:
        raise RefusedError(f"{key}: must be {what}, not {shown(value)}")
    return number


def _switchable(key: str, value: Any) -> Duration | None:
    """A duration, or None when it is switched off (rule R21)."""
    if value is False or (isinstance(value, str) and value.strip().lower() in ("off", "false")):
        return None
    if not isinstance(value, str):
        raise RefusedError(f"{key}: must be a duration such as 24h or 3d, or off, not {shown(value)}")
    try:
        return duration(key, value)
    except RefusedError as exc:
        raise RefusedError(f"{exc}; off is what switches it off") from None


def _pit_window(key: str, value: Any) -> Duration | str | None:
    if isinstance(value, str) and value.strip().lower() == "auto":
        return "auto"
    return _switchable(key, value)


def _choice(*choices: str) -> Callable[[str, Any], str]:
    def parse(key: str, value: Any) -> str:
        for choice in choices:
            if isinstance(value, str) and value.strip() == choice:
                return choice
        raise RefusedError(f"{key}: must be {' or '.join(choices)}, not {shown(value)}")

    return parse


def _at_least(least: int, what: str, most: int = _MOST) -> Callable[[str, Any], int]:
    return lambda key, value: _number(key, value, least, what, most)


def _timezone(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RefusedError(f"{key}: must be the name of a time zone, such as Europe/Berlin or UTC, not {shown(value)}")
    try:
        return zone(str.__str__(value).strip()).name
    except ValueError as exc:
        raise RefusedError(f"{key}: {exc}") from None


def _boolean(key: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = shown(value) if isinstance(value, int) else value.strip().lower() if isinstance(value, str) else None
    if word in _YES or word in _NO:
        return word in _YES
    raise RefusedError(f"{key}: must be true or false, not {shown(value)}")


def _ids(key: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        items: list[Any] = [item for item in re.split(r"[\s,]+", str.__str__(value)) if item]
    elif isinstance(value, (list, tuple)):
        items = [item for item in value if not blank(item)]
    else:
        raise RefusedError(f"{key}: must be a list of snapshot ids, or one string with commas, not {shown(value)}")
    # Sorted and each once, so that their order cannot change a digest.
    return tuple(sorted({_id(key, item) for item in items}))


def _id(key: str, value: Any) -> str:
    # An id without letters is a number to YAML unless it is quoted.
    text = shown(value) if isinstance(value, int) and not isinstance(value, bool) else value
    try:
        return parse_object_id(str.__str__(text) if isinstance(text, str) else None)
    except ValueError:
        raise RefusedError(f"{key}: {shown(value)} is not a snapshot id of 24 hexadecimal digits") from None


def _plain(value: Any) -> Any:
    if value is None:
        return "off"
    if isinstance(value, Duration):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _nearest(key: Any) -> str:
    close = difflib.get_close_matches(key[:40], POLICY_KEYS + OPTION_KEYS, 1) if isinstance(key, str) else []
    return f" (did you mean {close[0]}?)" if close else ""


_PARSERS: dict[str, Callable[[str, Any], Any]] = {
    "timezone": _timezone,
    "anchor": _choice("newest", "now"),
    "min_keep": _at_least(1, "a whole number, 1 or more"),
    "min_age": _switchable,
    "pit_window": _pit_window,
    "protected_ids": _ids,
    "no_expiry": _choice("hold", "candidate"),
    "method": _choice("delete", "expire"),
    "extend_kept": _boolean,
    "max_delete": _at_least(-1, "a whole number, or -1 to switch this limit off"),
    "max_delete_percent": _at_least(0, "a whole number from 0 to 100, where 100 switches this limit off", 100),
    "stale_after": _switchable,
}
