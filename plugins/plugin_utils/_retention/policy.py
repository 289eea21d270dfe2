# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy and its options, as YAML or as the strings of surveys give them, checked and refused by name (R21)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration, parse_duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import parse_object_id
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    LARGEST_COUNT,
    Check,
    RefusedError,
    blank,
    check_at,
    instant,
    shown,
    switch,
    whole_number_from,
)

_ADVERBS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}
# The order in which reasons are given (R12). `last` and `within` have no period.
PERIODS: dict[str, str | None] = {
    "last": None,
    **_ADVERBS,
    "within": None,
    **{f"within_{adverb}": period for adverb, period in _ADVERBS.items()},
}
POLICY_KEYS = tuple(f"keep_{name}" for name in PERIODS)

_OFF = "off"


@dataclass(frozen=True)
class Rule:
    """One key of a policy: a count (-1 is unlimited) or a window, and the period that it keeps snapshots of."""

    name: str
    period: str | None
    count: int = 0
    window: Duration | None = None


@dataclass(frozen=True)
class Policy:
    """The rules that are on, in the order of reasons (R12)."""

    rules: tuple[Rule, ...]

    @property
    def windows(self) -> tuple[Duration, ...]:
        """The durations of the within rules."""
        return tuple(rule.window for rule in self.rules if rule.window is not None)

    @property
    def counts(self) -> tuple[Rule, ...]:
        """The rules that count."""
        return tuple(rule for rule in self.rules if rule.window is None)

    def to_plain(self) -> dict[str, int | str]:
        """As a plan shows it: the keys that are on, counts as numbers, durations in their canonical spelling."""
        return {f"keep_{rule.name}": rule.count if rule.window is None else str(rule.window) for rule in self.rules}


@dataclass(frozen=True)
class Options:
    """All options but the policy. A duration that is None is off; `pit_window` may be `auto`."""

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
        """As a plan shows them, without `timezone`, which has a key of its own: durations as strings, or `off`."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self) if field.name != "timezone"}


OPTION_KEYS = tuple(field.name for field in fields(Options))


def parse_policy(value: Any, prefix: str = "") -> Policy:
    """The policy in a dictionary of `keep_*` keys; RefusedError names the key.

    `prefix` stands before the names of keys where a reader knows them by longer ones.
    """
    if not isinstance(value, Mapping):
        raise RefusedError(f"policy: must be a dictionary of keep_* keys, not {shown(value)}")
    for key in value:
        if not isinstance(key, str) or str.__str__(key) not in POLICY_KEYS:
            raise RefusedError(f"policy: has no key {shown(key)}{_nearest(key)}; the keys are {', '.join(POLICY_KEYS)}")
    rules = (_rule(name, value.get(f"keep_{name}"), prefix) for name in PERIODS)
    active = tuple(rule for rule in rules if rule is not None)
    if not active:
        keys = f"at least one {prefix}keep_* {'variable' if prefix else 'key'}"
        raise RefusedError(f"policy: keeps nothing, which is never meant; give {keys} a value")
    return Policy(active)


def parse_options(given: Mapping[str, Any], policy: Policy, prefix: str = "") -> Options:
    """The options by their names, defaults for those absent, null or blank; RefusedError names the key.

    `prefix` stands before the names of options where a reader knows them by longer ones.
    """
    for key in given:
        if key not in OPTION_KEYS:
            raise RefusedError(f"{shown(key)}: is no option{_nearest(key)}; they are {', '.join(OPTION_KEYS)}")
    read = {key: check_at(_CHECKS[key], value, f"{prefix}{key}") for key, value in given.items() if not blank(value)}
    options = Options(**read)
    _check_agreement(policy, options, prefix)
    return options


def parse_now(value: Any, prefix: str = "") -> datetime:
    """The instant of the plan (R1): a date-time or date, as a string or as YAML's own; without a zone it is UTC."""
    if blank(value):
        raise RefusedError(f"{prefix}now: is required, the instant of this plan, such as {{{{ now(utc=true) }}}}")
    now: datetime = check_at(instant, value, f"{prefix}now")
    return now


def duration(value: Any) -> Duration:
    """A check: the duration that a string spells."""
    if not isinstance(value, str):
        raise ValueError(f"must be a duration such as 36h, 7d, 4w, 13mo or 1y2mo3d, not {shown(value)}")
    try:
        return parse_duration(str.__str__(value).strip())
    except ValueError as exc:
        raise ValueError(f"{shown(value)} {exc}") from None


def _rule(name: str, value: Any, prefix: str) -> Rule | None:
    if blank(value):
        return None
    place = (f"{prefix}keep_{name}",) if prefix else ("policy", f"keep_{name}")
    if name.startswith("within"):
        return Rule(name, PERIODS[name], window=check_at(duration, value, *place))
    count = check_at(whole_number_from(-1, "a whole number, or -1 for unlimited"), value, *place)
    return Rule(name, PERIODS[name], count=count) if count else None


def _check_agreement(policy: Policy, options: Options, prefix: str) -> None:
    """RefusedError where policy and options cannot be used together (R14a, R15)."""
    keep, extend = f"{prefix}keep", f"{prefix}extend_kept"
    if options.method == "expire":
        if policy.counts:
            raise RefusedError(
                f"{prefix}method: expire works with {keep}_within* rules alone, and the policy has"
                f" {keep}_{policy.counts[0].name}; a count gives no date: leave it out, or use method delete"
            )
        if options.extend_kept:
            raise RefusedError(f"{extend}: method expire extends by itself; leave it out, or use method delete")
    if options.extend_kept and not policy.windows:
        raise RefusedError(
            f"{extend}: the policy has no {keep}_within* rule, and a count gives no date to extend to;"
            f" add one, or leave {extend} out"
        )


def _duration_or_off(value: Any) -> Duration | None:
    """A duration, or None for `off` (R21)."""
    if _is_off(value):
        return None
    if not isinstance(value, str):
        raise ValueError(f"must be a duration such as 24h or 3d, or off, not {shown(value)}")
    try:
        return duration(value)
    except ValueError as exc:
        raise ValueError(f"{exc}; use off to switch it off") from None


def _limit(least: int, what: str, off: int, most: int = LARGEST_COUNT) -> Check:
    """A check: a whole number in these limits, or `off` for the number that switches the limit off (R16, R21)."""
    number = whole_number_from(least, what, most)
    return lambda value: off if _is_off(value) else number(value)


def _is_off(value: Any) -> bool:
    """Whether it is `off`, which YAML reads as false."""
    return value is False or (isinstance(value, str) and value.strip().lower() in (_OFF, "false"))


def _pit_window(value: Any) -> Duration | str | None:
    if isinstance(value, str) and value.strip().lower() == "auto":
        return "auto"
    return _duration_or_off(value)


def _choice(*choices: str) -> Check:
    def check(value: Any) -> str:
        for choice in choices:
            if isinstance(value, str) and value.strip() == choice:
                return choice
        raise ValueError(f"must be {' or '.join(choices)}, not {shown(value)}")

    return check


def _timezone(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be the name of a time zone, such as Europe/Berlin or UTC, not {shown(value)}")
    return zone(str.__str__(value).strip()).name


def _ids(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        items: list[Any] = [item for item in re.split(r"[\s,]+", str.__str__(value)) if item]
    elif isinstance(value, (list, tuple)):
        items = [item for item in value if not blank(item)]
    else:
        raise ValueError(f"must be a list of snapshot ids, or one string with commas, not {shown(value)}")
    # Sorted, and each id once, so that their order cannot change a digest.
    return tuple(sorted({_id(item) for item in items}))


def _id(value: Any) -> str:
    # YAML reads an id of digits alone as a number unless it is quoted.
    text = shown(value) if isinstance(value, int) and not isinstance(value, bool) else value
    try:
        return parse_object_id(str.__str__(text) if isinstance(text, str) else None)
    except ValueError:
        raise ValueError(f"{shown(value)} is not a snapshot id of 24 hexadecimal digits") from None


def _plain(value: Any) -> Any:
    if value is None:
        return _OFF
    if isinstance(value, Duration):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _nearest(key: Any) -> str:
    close = difflib.get_close_matches(key[:40], POLICY_KEYS + OPTION_KEYS, 1) if isinstance(key, str) else []
    return f" (did you mean {close[0]}?)" if close else ""


_CHECKS: dict[str, Check] = {
    "timezone": _timezone,
    "anchor": _choice("newest", "now"),
    "min_keep": whole_number_from(1, "a whole number, 1 or more"),
    "min_age": _duration_or_off,
    "pit_window": _pit_window,
    "protected_ids": _ids,
    "no_expiry": _choice("hold", "candidate"),
    "method": _choice("delete", "expire"),
    "extend_kept": switch,
    "max_delete": _limit(-1, "a whole number, or off", -1),
    "max_delete_percent": _limit(0, "a whole number from 0 to 100, or off", 100, 100),
    "stale_after": _duration_or_off,
}
