# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One legacy snapshot (contract 2): read from the service, written to results. Instants and ids are parsed here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

OBJECT_ID = re.compile(r"[0-9a-f]{24}\Z")
# Python refuses to print very long numbers. Real ones have 64 bits at most.
INTEGER_LIMIT = 2**63
_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s?(Z|z|[+-]\d{2}(?::?\d{2})?)?)?\Z",
    re.ASCII,  # otherwise \d matches the digits of every script
)
_UTC = (None, "Z", "z")
_DIGITS = re.compile(r"\d+")
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# The documented fields of a part. A template then finds the same keys in each part.
_PART_KEYS = (
    "cluster_id completed_time compression_setting data_size_bytes encryption_enabled fcv file_size_bytes machine_id "
    "master_key_uuid mongod_version replica_set_name replica_state storage_size_bytes type_name"
).split()
_DETAILS = ("namespace_filter", "parts")
_SCALARS = frozenset((str, int, float, bool, type(None)))


@dataclass(frozen=True)
class Snapshot:
    """One snapshot. Instants are aware UTC datetimes, sizes are bytes. None means that the service does not say."""

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

    @property
    def is_faulty(self) -> bool:
        """Whether the service says that it is damaged (R5a)."""
        return self.is_possibly_inconsistent is True or bool(self.missing_shards)

    def is_restorable(self, now: datetime) -> bool:
        """Whether it is complete, not from the future and not expired. An expired one may be deleted at any time."""
        is_future = self.created_at is None or self.created_at > now
        has_expired = self.expires_at is not None and self.expires_at <= now
        return bool(self.complete) and not is_future and not has_expired

    def has_values(self, expires_at: datetime | None, do_not_delete: bool | None) -> bool:
        """Whether it has these values. None is not compared, and a missing doNotDelete counts as false."""
        return (expires_at is None or self.expires_at == expires_at) and (
            do_not_delete is None or bool(self.do_not_delete) == do_not_delete
        )


RESULT_KEYS = tuple(Snapshot.__dataclass_fields__)


# --- values ---


def parse_instant(text: str) -> datetime:
    """An ISO 8601 date or date-time, in UTC and whole seconds; ValueError for anything else.

    As for the service (contract 2.1), a time without a zone is UTC, and a bare date is its first second.
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


def _offset(zone: str) -> timedelta:
    digits = zone[1:].replace(":", "").ljust(4, "0")
    if int(digits[:2]) > 23 or int(digits[2:]) > 59:
        raise ValueError(f"no such offset from UTC: {zone}")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset


def format_instant(instant: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ` in UTC, for the service and for results."""
    return instant.astimezone(timezone.utc).isoformat("T", "seconds").replace("+00:00", "Z")


def _format_optional(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)


def parse_object_id(value: object) -> str:
    """An id of 24 hexadecimal digits, in lower case; ValueError for anything else."""
    text = value.strip().lower() if isinstance(value, str) else ""
    if not OBJECT_ID.match(text):
        raise ValueError(f"{value!r:.80} is not an id of 24 hexadecimal digits")
    return text


def snake_case(value: Any, depth: int = 20) -> Any:
    """A JSON value with its keys in snake case; ValueError if it is nested too deeply."""
    if depth < 0:
        raise ValueError("it is nested too deeply")
    if isinstance(value, dict):
        # Most values are scalars. A call for each would take longer than everything else here.
        return {
            _snake_case_key(str(key)): item if depth and item.__class__ in _SCALARS else snake_case(item, depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [snake_case(item, depth - 1) for item in value]
    return value


# Each part of each snapshot has the same few keys.
@lru_cache(maxsize=256)
def _snake_case_key(key: str) -> str:
    return _WORD_BREAK.sub("_", key).lower()


# --- from the service ---


def from_api(body: Mapping[str, Any]) -> Snapshot:
    """The snapshot in a response. Unknown fields are ignored, missing ones are None.

    Raises ValueError for a field of the wrong type.
    """
    if not isinstance(body, dict):
        raise ValueError(f"a snapshot is a JSON object, not {type(body).__name__}")
    created = _typed(body, "created", dict) or {}
    oplog = _typed(body, "lastOplogAppliedTimestamp", dict) or {}
    parts = _objects(body, "parts")
    return Snapshot(
        id=parse_object_id(body.get("id")),
        project_id=_typed(body, "groupId", str),
        cluster_id=_typed(body, "clusterId", str),
        cluster_name=_typed(body, "clusterName", str),
        created_at=_instant(created, "date"),
        created_increment=_increment(created),
        complete=_typed(body, "complete", bool),
        do_not_delete=_typed(body, "doNotDelete", bool),
        expires_at=_instant(body, "expires"),
        incremental=_typed(body, "incremental", bool),
        is_possibly_inconsistent=_typed(body, "isPossiblyInconsistent", bool),
        last_oplog_applied_at=_instant(oplog, "date"),
        missing_shards=_shards(body),
        namespace_filter=snake_case(_typed(body, "namespaceFilterList", dict)),
        parts=None if parts is None else tuple(_part(part) for part in parts),
        data_size_bytes=_total(parts, "dataSizeBytes"),
        storage_size_bytes=_total(parts, "storageSizeBytes"),
        file_size_bytes=_total(parts, "fileSizeBytes"),
    )


def row_id(row: Mapping[str, Any]) -> str:
    """The id of a row in lower case; "" where it has none."""
    return str(row.get("id", "")).lower()


def _typed(body: Mapping[str, Any], key: str, kind: type) -> Any:
    value = body.get(key)
    # In Python a bool is an int, in JSON it is not.
    if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise ValueError(f"{key} is {value!r:.80}, which is no {kind.__name__.lower()}")
    return value


def _objects(body: Mapping[str, Any], key: str) -> list[dict[str, Any]] | None:
    rows: list[dict[str, Any]] | None = _typed(body, key, list)
    if rows is not None and not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{key} holds something that is no object")
    return rows


def _instant(body: Mapping[str, Any], key: str) -> datetime | None:
    text = body.get(key)
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError as exc:
        raise ValueError(f"{key}: {exc}") from exc


def _increment(created: Mapping[str, Any]) -> int | None:
    value: int | None = _typed(created, "increment", int)
    if value is not None and not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
        raise ValueError("increment is a number of more than 64 bits")
    return value


def _total(parts: list[dict[str, Any]] | None, key: str) -> int | None:
    # A part without a size does not count as 0: that would understate what a deletion frees.
    sizes = [_typed(part, key, int) for part in parts or ()]
    return None if not sizes or None in sizes else sum(sizes)


def _part(part: dict[str, Any]) -> dict[str, Any]:
    row = dict.fromkeys(_PART_KEYS)
    row.update(snake_case(part))
    row["completed_time"] = _normalized(row["completed_time"])
    return row


def _shards(body: Mapping[str, Any]) -> tuple[dict[str, Any], ...] | None:
    shards = _objects(body, "missingShards")
    if shards is None:
        return None
    rows = [snake_case(shard) for shard in shards]
    return tuple({**row, "last_heartbeat": _normalized(row.get("last_heartbeat"))} for row in rows)


def _normalized(text: Any) -> Any:
    # Only shown, so a time that cannot be parsed is shown as it is.
    try:
        return format_instant(parse_instant(text))
    except ValueError:
        return text


# --- to results ---


def to_result(snapshot: Snapshot, detailed: bool = False) -> dict[str, Any]:
    """The snapshot as results show it: with all keys, of which `_DETAILS` are None unless `detailed`."""
    shown = dict(vars(snapshot))
    for key in ("created_at", "expires_at", "last_oplog_applied_at"):
        shown[key] = _format_optional(shown[key])
    for key in _DETAILS:
        shown[key] = _copies(shown[key]) if detailed else None
    # R5a needs them in every listing.
    shown["missing_shards"] = _copies(shown["missing_shards"])
    return shown


def _copies(value: Any) -> Any:
    return [dict(row) for row in value] if isinstance(value, tuple) else value


# --- order ---


def newest_first(snapshots: list[Snapshot]) -> list[Snapshot]:
    """Sorted by creation, increment and id, newest first (R3). Snapshots without a creation date come last."""
    return sorted(snapshots, key=age_key, reverse=True)


def age_key(snapshot: Snapshot) -> tuple[datetime, int, str]:
    """The key that sorts snapshots by age, oldest first."""
    return (
        snapshot.created_at or datetime.min.replace(tzinfo=timezone.utc),
        snapshot.created_increment or 0,
        snapshot.id,
    )


def shared_reason(text: str, snapshot_id: str) -> str:
    """Why something failed without the snapshot's own id and times: the same for all that fail for one reason."""
    return _DIGITS.sub("", text.replace(snapshot_id, ""))
