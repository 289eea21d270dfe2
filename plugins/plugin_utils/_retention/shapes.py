# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents that go from filter to filter, checked key by key before anything is read from them.

They may come from a file, an artifact or a variable that somebody changed. Each check returns what it was given as
Python's own types, since the templating engine has its own, or raises RefusedError that names the key.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant, parse_object_id
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.audit import COUNTED
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import ACTIONS, STATES
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    OPTION_KEYS,
    RefusedError,
    instant,
    parse_options,
    parse_policy,
    shown,
)

MOST_LEVELS = 50
# Nothing real comes near, and Python refuses to spell numbers far beyond it.
_LARGEST = 2**63
_Check = Callable[[str, Any], Any]


def plain(key: str, value: Any, levels: int = MOST_LEVELS) -> Any:
    """Any value as JSON has it; what JSON does not know is shown as text."""
    if levels < 0:
        raise RefusedError(f"{key}: is nested too deeply")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value) if -_LARGEST <= value < _LARGEST else shown(value)
    if isinstance(value, float) and math.isfinite(value):
        return float.__float__(value)
    if isinstance(value, Mapping):
        return {_name(name): plain(key, item, levels - 1) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(key, item, levels - 1) for item in value]
    return value.isoformat() if isinstance(value, date) else shown(value)


def plan(value: Any, key: str = "_input", rows: Sequence[str] | None = None) -> dict[str, Any]:
    """The document of the filter `retention_plan`. What it says beside its keys is left as it is.

    `rows` are the keys of its snapshots that are needed: the templating engine looks at each text that is touched, and
    the reasons of a large plan are most of its texts. None is all.
    """
    try:
        found = _mapping("the plan", plain("the plan", _with_rows_of(value, "snapshots", rows)))
        needed = _ROW if rows is None else {name: _ROW[name] for name in rows}
        for name, check in {**_PLAN, "snapshots": _each(_dictionary(needed))}.items():
            found[name] = _under("the plan", found, name, check)
        for name in OPTION_KEYS:
            if name != "timezone":
                _under("options", found["options"], name, plain)
        parse_options({**found["options"], "timezone": found["timezone"]}, parse_policy(found["policy"]))
        for number, row in enumerate(found["snapshots"] if "expires_to" in needed else ()):
            if row["action"] in ("extend", "shorten"):
                _text(f"snapshots[{number}].expires_to", row["expires_to"])
    except RefusedError as exc:
        raise RefusedError(f"{key}: this is no plan of the filter retention_plan: {exc}") from None
    return found


def mappings(key: str, value: Any) -> list[dict[str, Any]]:
    """A list of dictionaries; blank is none."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    return [_mapping(f"{key}[{number}]", row) for number, row in enumerate(_list(key, plain(key, value)))]


def mapping(key: str, value: Any) -> dict[str, Any]:
    """A dictionary; blank is an empty one."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return {}
    return _mapping(key, plain(key, value))


def outcomes(key: str, value: Any) -> list[dict[str, Any]]:
    """`outcomes` of the module `legacy_snapshot`, as far as they are told of: not what was before."""
    rows = [_only(_OUTCOME, row) for row in value] if isinstance(value, (list, tuple)) else value
    return [_fields(f"{key}[{number}]", row, _OUTCOME) for number, row in enumerate(mappings(key, rows))]


def findings(key: str, value: Any) -> list[dict[str, Any]]:
    """`findings` of the filter `retention_audit`."""
    return [_fields(f"{key}[{number}]", row, _FINDING) for number, row in enumerate(mappings(key, value))]


def requests(key: str, value: Any) -> list[dict[str, Any]]:
    """`requests` of tasks, of which each told its own."""
    return [_fields(f"{key}[{number}]", row, _REQUESTS) for number, row in enumerate(mappings(key, value))]


def listed(key: str, value: Any) -> list[dict[str, Any]]:
    """The snapshots of a result of `legacy_snapshot_info`, of each no more than its id and its expiry."""
    rows = value.get("snapshots") if isinstance(value, Mapping) else None
    if not isinstance(rows, (list, tuple)):
        raise RefusedError(f"{key}: must be a result of legacy_snapshot_info, not {shown(value)}")
    found = []
    for number, row in enumerate(rows):
        found.append(_dictionary(_LISTED)(f"{key}.snapshots[{number}]", plain(key, _only(_LISTED, row))))
    return found


def audited(key: str, value: Any, whole: bool = True) -> dict[str, Any]:
    """A result of `legacy_snapshot_info`, whole, or its snapshots as far as findings tell of them."""
    found = _mapping(key, plain(key, _with_rows_of(value, "snapshots", None if whole else _FOUND_IN)))
    found["snapshots"] = _under(key, found, "snapshots", _each(_dictionary(_AUDITED)))
    for number, row in enumerate(found["snapshots"]):
        _or_none(_each(_mapping))(f"{key}.snapshots[{number}].missing_shards", row.get("missing_shards"))
    return found


def flag(key: str, value: Any) -> bool:
    """True or false, no other."""
    if isinstance(value, bool):
        return value
    raise RefusedError(f"{key}: must be true or false, not {shown(value)}")


def _only(names: Iterable[str], value: Any) -> Any:
    """Of a dictionary these keys alone, as far as they are there."""
    return {name: value[name] for name in names if name in value} if isinstance(value, Mapping) else value


def _with_rows_of(value: Any, name: str, keys: Sequence[str] | None) -> Any:
    """The value, the dictionaries of the list under that name with these keys alone."""
    rows = value.get(name) if isinstance(value, Mapping) and keys is not None else None
    if keys is None or not isinstance(rows, (list, tuple)):
        return value
    return {**{other: value[other] for other in value if other != name}, name: [_only(keys, row) for row in rows]}


def _name(name: Any) -> str:
    return str.__str__(name) if isinstance(name, str) else shown(name)


def _mapping(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise RefusedError(f"{key}: must be a dictionary, not {shown(value)}")


def _list(key: str, value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise RefusedError(f"{key}: must be a list, not {shown(value)}")


def _under(key: str, found: Mapping[str, Any], name: str, check: _Check) -> Any:
    if name not in found:
        raise RefusedError(f"{key}: has no key {name}")
    return check(f"{key}.{name}", found[name])


def _fields(key: str, found: dict[str, Any], checks: Mapping[str, _Check]) -> dict[str, Any]:
    return {**found, **{name: _under(key, found, name, check) for name, check in checks.items()}}


def _dictionary(checks: Mapping[str, _Check]) -> _Check:
    return lambda key, value: _fields(key, _mapping(key, value), checks)


def _each(check: _Check) -> _Check:
    return lambda key, value: [check(f"{key}[{number}]", item) for number, item in enumerate(_list(key, value))]


def _or_none(check: _Check) -> _Check:
    return lambda key, value: None if value is None else check(key, value)


def _text(key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise RefusedError(f"{key}: must be a string, not {shown(value)}")


def _count(key: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise RefusedError(f"{key}: must be a whole number, not {shown(value)}")


def _instant(key: str, value: Any) -> str:
    """A date-time in the one spelling that can be compared as text."""
    try:
        return format_instant(instant(_text(key, value)))
    except RefusedError:
        raise
    except ValueError as exc:
        raise RefusedError(f"{key}: {exc}") from None


def _object_id(key: str, value: Any) -> str:
    try:
        return parse_object_id(value)
    except ValueError as exc:
        raise RefusedError(f"{key}: {exc}") from None


def _one_of(choices: Sequence[str]) -> _Check:
    def check(key: str, value: Any) -> str:
        if value in choices:
            return str(value)
        raise RefusedError(f"{key}: must be one of {', '.join(choices)}, not {shown(value)}")

    return check


_ROW: dict[str, _Check] = {
    "id": _object_id,
    "created_at": _instant,
    "created_increment": _or_none(_count),
    "complete": _or_none(flag),
    "do_not_delete": _or_none(flag),
    "expires_at": _or_none(_instant),
    "state": _one_of(STATES),
    "action": _one_of(ACTIONS),
    "expires_to": _or_none(_instant),
    "reasons": _each(_text),
    "why": _each(_text),
    "file_size_bytes": _or_none(_count),
}
_PLAN: dict[str, _Check] = {
    "schema": _count,
    **dict.fromkeys(("project_id", "cluster_id", "cluster_name"), _or_none(_text)),
    "now": _instant,
    "timezone": _text,
    "policy": _mapping,
    "options": _mapping,
    "snapshots": _each(_dictionary(_ROW)),
    "summary": _dictionary(
        {
            "total": _count,
            "by_action": _dictionary(dict.fromkeys(ACTIONS, _count)),
            "by_state": _dictionary(dict.fromkeys(STATES, _count)),
            "file_size_bytes_kept": _or_none(_count),
            "file_size_bytes_removed": _or_none(_count),
        }
    ),
    "gaps": _each(_dictionary({"rule": _text, "period": _text})),
    "guard": _dictionary({"blocked": flag, "reasons": _each(_text)}),
    "warnings": _each(_text),
    "digest": _text,
}
_OUTCOME: dict[str, _Check] = {
    "id": _text,
    "action": _text,
    "after": _or_none(_dictionary({"expires_at": _or_none(_text)})),
    "error": _or_none(_mapping),
}
_FINDING: dict[str, _Check] = {"code": _text, "text": _text}
_REQUESTS: dict[str, _Check] = {
    **dict.fromkeys(COUNTED, _count),
    **dict.fromkeys(("first", "last", "base_url", "platform"), _or_none(_text)),
}
_LISTED: dict[str, _Check] = {"id": _text, "expires_at": _or_none(_text)}
_AUDITED: dict[str, _Check] = {"id": _text, "created_at": _or_none(_text)}
_FOUND_IN = (*_AUDITED, "is_possibly_inconsistent", "missing_shards")
