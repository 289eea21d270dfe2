# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The noun: one legacy snapshot, read from the API or from a result, written to a result.

Field names and their meaning follow the snapshot document of the service (API contract,
section 2); result keys are those of the collection's public interface.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache, partial
from typing import Any, Callable

OBJECT_ID = re.compile(r"[0-9a-f]{24}\Z")
_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s?(Z|z|[+-]\d{2}(?::?\d{2})?)?)?\Z",
    re.ASCII,  # Python takes the digits of any script for digits
)
_UTC = (None, "Z", "z")
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# What the service documents of a part, so that a template finds the same keys in each.
_PART_KEYS = (
    "cluster_id",
    "completed_time",
    "compression_setting",
    "data_size_bytes",
    "encryption_enabled",
    "fcv",
    "file_size_bytes",
    "machine_id",
    "master_key_uuid",
    "mongod_version",
    "replica_set_name",
    "replica_state",
    "storage_size_bytes",
    "type_name",
)
_PLAIN = frozenset((str, int, float, bool, type(None)))
_LARGEST = 2**63
_SIZES = ("data_size_bytes", "storage_size_bytes", "file_size_bytes")


def parse_instant(text: str) -> datetime:
    """An ISO 8601 date-time as an aware UTC datetime of whole seconds.

    Without a zone it is UTC, a bare date is its first second, and fractions are cut, as the
    service does (contract, section 2.1, 7). Raises ValueError for anything else.
    """
    match = _INSTANT.match(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r:.80} is not an ISO 8601 date or date-time")
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        local = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=timezone.utc
        )
        return local if zone in _UTC else local - _offset(zone)
    except (ValueError, OverflowError) as exc:
        raise ValueError(f"{text!r:.80} is not a date-time that exists: {exc}") from exc


def format_instant(instant: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`, whole seconds, which is what is sent and what results carry."""
    utc = instant.astimezone(timezone.utc)
    # Not strftime: it does not pad the year 1 to four digits on every platform.
    return f"{utc.year:04}-{utc.month:02}-{utc.day:02}T{utc.hour:02}:{utc.minute:02}:{utc.second:02}Z"


def parse_object_id(value: object) -> str:
    """A 24-digit hexadecimal id in lower case; ValueError when it is none."""
    text = value.strip().lower() if isinstance(value, str) else ""
    if not OBJECT_ID.match(text):
        raise ValueError(f"{value!r:.80} is not an id of 24 hexadecimal digits")
    return text


def snake_case(value: Any, depth: int = 20) -> Any:
    """A JSON value whose object keys are turned from camelCase into snake_case; ValueError for one that is too deep."""
    if depth < 0:
        raise ValueError("it is nested too deeply")
    if isinstance(value, (dict, Mapping)):
        # Most of a part are plain values, and a call for each takes longer than all else here.
        return {
            _snake_case_key(str(key)): item if depth and item.__class__ in _PLAIN else snake_case(item, depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [snake_case(item, depth - 1) for item in value]
    return value


# The same few keys come with each part of each snapshot.
@lru_cache(maxsize=256)
def _snake_case_key(key: str) -> str:
    return _WORD_BREAK.sub("_", key).lower()


def from_api(body: Mapping[str, Any]) -> Snapshot:
    """The snapshot in an answer of the service.

    Unknown fields are ignored and missing ones are None; a field of the wrong kind raises
    ValueError, since a listing that cannot be read must not be decided upon.
    """
    if not isinstance(body, dict):
        raise ValueError(f"a snapshot is a JSON object, not {type(body).__name__}")
    created = _typed(body, "created", dict) or {}
    oplog = _typed(body, "lastOplogAppliedTimestamp", dict) or {}
    parts = _objects(body, "parts")
    sizes = [_total(parts, name) for name in ("dataSizeBytes", "storageSizeBytes", "fileSizeBytes")]
    return Snapshot(
        id=parse_object_id(body.get("id")),
        project_id=_typed(body, "groupId", str),
        cluster_id=_typed(body, "clusterId", str),
        cluster_name=_typed(body, "clusterName", str),
        created_at=_instant(created, "date"),
        created_increment=_increment(created, "increment"),
        complete=_typed(body, "complete", bool),
        do_not_delete=_typed(body, "doNotDelete", bool),
        expires_at=_instant(body, "expires"),
        incremental=_typed(body, "incremental", bool),
        is_possibly_inconsistent=_typed(body, "isPossiblyInconsistent", bool),
        last_oplog_applied_at=_instant(oplog, "date"),
        missing_shards=_shards(body),
        namespace_filter=snake_case(_typed(body, "namespaceFilterList", dict)),
        parts=None if parts is None else tuple(_part(part) for part in parts),
        data_size_bytes=sizes[0],
        storage_size_bytes=sizes[1],
        file_size_bytes=sizes[2],
    )


def from_result(row: Mapping[str, Any]) -> Snapshot:
    """The snapshot in a result of this collection; the inverse of `to_result`.

    Raises ValueError that names the key.
    """
    if not isinstance(row, Mapping):
        raise ValueError(f"a snapshot is a dictionary, not {type(row).__name__}")
    missing = [key for key in RESULT_KEYS if key not in row]
    if missing:
        raise ValueError(f"a snapshot has no key {', '.join(missing)}")
    values: dict[str, Any] = {key: _KINDS[key](row, key) for key in RESULT_KEYS if key != "id"}
    return Snapshot(id=parse_object_id(row["id"]), **values)


def to_result(snapshot: Snapshot, detailed: bool = False) -> dict[str, Any]:
    """The snapshot as every result shows it: always all the keys, absent values None.

    `parts`, `missing_shards` and `namespace_filter` are None unless `detailed`.
    """
    return {
        "id": snapshot.id,
        "project_id": snapshot.project_id,
        "cluster_id": snapshot.cluster_id,
        "cluster_name": snapshot.cluster_name,
        "created_at": _text(snapshot.created_at),
        "created_increment": snapshot.created_increment,
        "complete": snapshot.complete,
        "do_not_delete": snapshot.do_not_delete,
        "expires_at": _text(snapshot.expires_at),
        "incremental": snapshot.incremental,
        "is_possibly_inconsistent": snapshot.is_possibly_inconsistent,
        "last_oplog_applied_at": _text(snapshot.last_oplog_applied_at),
        "missing_shards": _thawed(snapshot.missing_shards) if detailed else None,
        "namespace_filter": snapshot.namespace_filter if detailed else None,
        "parts": _thawed(snapshot.parts) if detailed else None,
        "data_size_bytes": snapshot.data_size_bytes,
        "storage_size_bytes": snapshot.storage_size_bytes,
        "file_size_bytes": snapshot.file_size_bytes,
    }


def newest_first(snapshots: list[Snapshot]) -> list[Snapshot]:
    """Sorted by created, increment and id, newest first: a total order (rule R3).

    The service promises no order (contract, section 1.3). What has no creation date comes last.
    """
    return sorted(snapshots, key=age_key, reverse=True)


def age_key(snapshot: Snapshot) -> tuple[datetime, int, str]:
    """What orders snapshots by age, the oldest the smallest."""
    return (
        snapshot.created_at or datetime.min.replace(tzinfo=timezone.utc),
        snapshot.created_increment or 0,
        snapshot.id,
    )


def _offset(zone: str) -> timedelta:
    digits = zone[1:].replace(":", "").ljust(4, "0")
    if int(digits[:2]) > 23 or int(digits[2:]) > 59:
        raise ValueError(f"no such offset from UTC: {zone}")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset


def _typed(body: Mapping[str, Any], key: str, kind: type) -> Any:
    value = body.get(key)
    # bool is an int to Python, but true is no number to the service.
    if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise ValueError(f"{key} is {value!r:.80}, which is no {kind.__name__.lower()}")
    return value


def _increment(body: Mapping[str, Any], key: str) -> int | None:
    value: int | None = _typed(body, key, int)
    # It orders snapshots of one second, and has 32 bits where it comes from.
    if value is not None and not -_LARGEST <= value < _LARGEST:
        raise ValueError(f"{key} is a number of more than 64 bits")
    return value


def _instant(body: Mapping[str, Any], key: str) -> datetime | None:
    text = body.get(key)
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError as exc:
        raise ValueError(f"{key}: {exc}") from exc


def _objects(body: Mapping[str, Any], key: str) -> list[Mapping[str, Any]] | None:
    rows: list[Mapping[str, Any]] | None = _typed(body, key, list)
    if rows is not None and not all(isinstance(row, (dict, Mapping)) for row in rows):
        raise ValueError(f"{key} holds something that is no object")
    return rows


def _total(parts: list[Mapping[str, Any]] | None, key: str) -> int | None:
    # A part that does not say makes the sum unknown: 0 would read as "frees nothing".
    sizes = [_typed(part, key, int) for part in parts or ()]
    return None if not sizes or None in sizes else sum(sizes)


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    row = dict.fromkeys(_PART_KEYS)
    row.update(snake_case(part))
    row["completed_time"] = _readable(row["completed_time"])
    return row


def _shards(body: Mapping[str, Any]) -> tuple[dict[str, Any], ...] | None:
    shards = _objects(body, "missingShards")
    if shards is None:
        return None
    rows = [snake_case(shard) for shard in shards]
    return tuple({**row, "last_heartbeat": _readable(row.get("last_heartbeat"))} for row in rows)


def _readable(text: Any) -> Any:
    # Nothing is decided by these two, so an odd one is shown as it came.
    try:
        return _text(parse_instant(text))
    except ValueError:
        return text


def _frozen(row: Mapping[str, Any], key: str) -> tuple[dict[str, Any], ...] | None:
    rows = _objects(row, key)
    return None if rows is None else tuple(dict(item) for item in rows)


def _thawed(rows: tuple[dict[str, Any], ...] | None) -> list[dict[str, Any]] | None:
    return None if rows is None else [dict(row) for row in rows]


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)


@dataclass(frozen=True)
class Snapshot:
    """One snapshot. Instants are aware UTC datetimes, sizes bytes; None is "the service does not say"."""

    id: str
    project_id: str | None
    cluster_id: str | None
    cluster_name: str | None
    created_at: datetime | None
    created_increment: int | None
    complete: bool | None
    do_not_delete: bool | None
    expires_at: datetime | None
    incremental: bool | None
    is_possibly_inconsistent: bool | None
    last_oplog_applied_at: datetime | None
    missing_shards: tuple[dict[str, Any], ...] | None
    namespace_filter: Mapping[str, Any] | None
    parts: tuple[dict[str, Any], ...] | None
    data_size_bytes: int | None
    storage_size_bytes: int | None
    file_size_bytes: int | None


RESULT_KEYS = tuple(Snapshot.__dataclass_fields__)
_KINDS: dict[str, Callable[[Mapping[str, Any], str], Any]] = {
    **dict.fromkeys(("project_id", "cluster_id", "cluster_name"), partial(_typed, kind=str)),
    **dict.fromkeys(
        ("complete", "do_not_delete", "incremental", "is_possibly_inconsistent"), partial(_typed, kind=bool)
    ),
    **dict.fromkeys(_SIZES, partial(_typed, kind=int)),
    "created_increment": _increment,
    **dict.fromkeys(("created_at", "expires_at", "last_oplog_applied_at"), _instant),
    **dict.fromkeys(("missing_shards", "parts"), _frozen),
    "namespace_filter": partial(_typed, kind=Mapping),
}
