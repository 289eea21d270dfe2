# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A snapshot: read from what the service answers, and written to results."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import (
    RESULT_KEYS,
    Snapshot,
    age_key,
    format_instant,
    from_api,
    newest_first,
    parse_instant,
    parse_object_id,
    row_id,
    snake_case,
    to_result,
)
from hypothesis import given
from hypothesis import strategies as st

import simulator
from unit.plugins.clients import PLATFORMS, tried, world

ID = "5a4279d4fcc178500596745a"
UTC = timezone.utc
SAMPLE = json.loads((Path(simulator.__file__).parent / "fixtures" / "snapshot.json").read_text(encoding="utf-8"))


# --- instants ---


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T12:30", datetime(2027, 1, 31, 12, 30, tzinfo=UTC)),
        ("2027-01-31T12:30:15", datetime(2027, 1, 31, 12, 30, 15, tzinfo=UTC)),
        ("2027-01-31t12:30:15z", datetime(2027, 1, 31, 12, 30, 15, tzinfo=UTC)),
        ("2027-01-31 12:30:15 +00:00", datetime(2027, 1, 31, 12, 30, 15, tzinfo=UTC)),
        ("2027-01-31T12:30:15.999Z", datetime(2027, 1, 31, 12, 30, 15, tzinfo=UTC)),
        ("2027-01-31T12:30:15,5Z", datetime(2027, 1, 31, 12, 30, 15, tzinfo=UTC)),
        ("2027-01-31T23:30+02", datetime(2027, 1, 31, 21, 30, tzinfo=UTC)),
        ("2027-01-31T23:30-0430", datetime(2027, 2, 1, 4, 0, tzinfo=UTC)),
        ("2018-09-27T16:00-04:00", datetime(2018, 9, 27, 20, 0, tzinfo=UTC)),
        ("2027-01-31T12:00+23:59", datetime(2027, 1, 30, 12, 1, tzinfo=UTC)),
        (" 2024-02-29 ", datetime(2024, 2, 29, tzinfo=UTC)),
        ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_instants(text: str, wanted: datetime) -> None:
    assert parse_instant(text) == wanted
    assert parse_instant(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2027-1-1",
        "27-01-01",
        "2027-02-29",
        "2027-13-01",
        "2027-01-31T24:00:00Z",
        "2027-01-31T12:60Z",
        "2027-01-31T12:00:60Z",
        "2027-01-31T12Z",
        "2027-01-31Z",
        "2027-01-31T12:00+25:00",
        "2027-01-31T12:00+02:60",
        "2027-01-31T12:00 CET",
        "0001-01-01T00:00+02:00",
        "9999-12-31T23:59-02:00",
        "2027-01-31T12:00Z\nx",
        "1798761600",
        1798761600,
        None,
        True,
        [],
    ],
)
def test_what_is_no_instant(text: Any) -> None:
    with pytest.raises(ValueError, match="is not a"):
        parse_instant(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_survives_its_text(moment: datetime) -> None:
    text = format_instant(moment)
    assert parse_instant(text) == moment.replace(microsecond=0)
    assert len(text) == len("2027-01-31T00:00:00Z")


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?([+-]\d\d:?\d\d|Z)?)?"))
def test_any_text_is_an_instant_or_a_value_error(text: str) -> None:
    try:
        moment = parse_instant(text)
    except ValueError:
        return
    assert parse_instant(format_instant(moment)) == moment


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_a_zone_is_converted(moment: datetime, minutes: int) -> None:
    aware = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_instant(aware.isoformat()) == aware
    assert format_instant(aware) == format_instant(aware.astimezone(UTC))


@pytest.mark.parametrize("offset", ["+24:00", "-24:00", "+23:60"])
def test_an_offset_that_no_place_has_is_named(offset: str) -> None:
    with pytest.raises(ValueError, match=rf"no such offset from UTC: {re.escape(offset)}$"):
        parse_instant(f"2027-01-31T12:00{offset}")


def test_the_zone_of_the_machine_is_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        assert format_instant(datetime(2027, 1, 31, 12, tzinfo=UTC)) == "2027-01-31T12:00:00Z"
    finally:
        monkeypatch.undo()
        time.tzset()


# --- ids and keys ---


@pytest.mark.parametrize("text", [ID, ID.upper(), f" {ID}\n"])
def test_ids(text: str) -> None:
    assert parse_object_id(text) == ID


@pytest.mark.parametrize("value", ["", "x", ID[:-1], ID + "0", "6c7498dg87d9e6526801572b", None, 5, [], "x" * 10_000])
def test_what_is_no_id(value: Any) -> None:
    with pytest.raises(ValueError, match="is not an id of 24 hexadecimal digits") as caught:
        parse_object_id(value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("clusterId", "cluster_id"),
        ("masterKeyUUID", "master_key_uuid"),
        ("fcv", "fcv"),
        ("dataSizeBytes", "data_size_bytes"),
        ("SSLEnabled", "ssl_enabled"),
        ("sslEnabled", "ssl_enabled"),
        ("already_snake", "already_snake"),
        ("CLUSTER-ID", "cluster-id"),
        ("x1Y", "x1_y"),
    ],
)
def test_keys_in_snake_case(key: str, wanted: str) -> None:
    assert snake_case([{key: {key: "camelCase"}}]) == [{wanted: {wanted: "camelCase"}}]


@pytest.mark.parametrize("wrapped", [lambda value: [value], lambda value: {"a": value}], ids=["lists", "objects"])
def test_what_is_too_deep_is_a_value_error(wrapped: Callable[[Any], Any]) -> None:
    deep: Any = "x"
    for _unused in range(20):
        deep = wrapped(deep)
    assert snake_case(deep) == deep
    with pytest.raises(ValueError, match=r"^it is nested too deeply$"):
        snake_case(wrapped(deep))


# --- from the service ---


def test_the_printed_sample() -> None:
    body = {**SAMPLE, "groupId": "6c7498d887d9e6526801572b"}
    assert to_result(from_api(body), detailed=True) == {
        "id": ID,
        "project_id": "6c7498d887d9e6526801572b",
        "cluster_id": "7c2487d833e9e75286093696",
        "cluster_name": None,
        "created_at": "2017-12-26T16:32:16Z",
        "created_increment": 1,
        "complete": True,
        "do_not_delete": False,
        "expires_at": "2018-12-25T16:32:16Z",
        "incremental": None,
        "is_possibly_inconsistent": None,
        "last_oplog_applied_at": "2017-12-26T16:32:15Z",
        "missing_shards": None,
        "namespace_filter": None,
        "parts": [
            {
                "cluster_id": "7c2487d833e9e75286093696",
                "completed_time": None,
                "compression_setting": "GZIP",
                "data_size_bytes": 4502,
                "encryption_enabled": False,
                "fcv": None,
                "file_size_bytes": 324760,
                "machine_id": None,
                "master_key_uuid": None,
                "mongod_version": "3.6.10",
                "replica_set_name": "Cluster0-shard-0",
                "replica_state": None,
                "storage_size_bytes": 53248,
                "type_name": "REPLICA_SET",
            }
        ],
        "data_size_bytes": 4502,
        "storage_size_bytes": 53248,
        "file_size_bytes": 324760,
    }


def test_all_the_keys_are_always_there_and_none_is_invented() -> None:
    bare = to_result(from_api({"id": ID}))
    assert tuple(bare) == RESULT_KEYS
    assert {key: value for key, value in bare.items() if value is not None} == {"id": ID}


@pytest.mark.parametrize("detailed", [True, False])
def test_details_only_where_they_were_gathered(detailed: bool) -> None:
    body = {
        "id": ID,
        "parts": [{"clusterId": "x"}],
        "missingShards": [{"shardName": "s", "lastHeartbeat": "2026-01-01T00:00:00.5Z"}, {"shardName": "t"}],
        "namespaceFilterList": {"filterList": ["a.b"], "filterType": "blacklist"},
    }
    row = to_result(from_api(body), detailed)
    assert [row[key] is None for key in ("parts", "namespace_filter")] == [not detailed] * 2
    # Who does not ask for them gets none.
    assert to_result(from_api(body)) == to_result(from_api(body), False)
    # Plans need to know which snapshots are faulty (R5a).
    assert row["missing_shards"] == [
        {"shard_name": "s", "last_heartbeat": "2026-01-01T00:00:00Z"},
        {"shard_name": "t", "last_heartbeat": None},
    ]
    if detailed:
        assert row["namespace_filter"] == {"filter_list": ["a.b"], "filter_type": "blacklist"}


@pytest.mark.parametrize(
    ("parts", "total"),
    [
        (None, None),
        ([], None),
        ([{"fileSizeBytes": 0}], 0),
        ([{"fileSizeBytes": 5}, {"fileSizeBytes": 7}], 12),
        ([{"fileSizeBytes": 5}, {}], None),
        ([{"fileSizeBytes": 5}, {"fileSizeBytes": None}], None),
        ([{"fileSizeBytes": 2**70}], 2**70),
    ],
)
def test_sizes_are_sums_and_never_a_guess(parts: Any, total: int | None) -> None:
    assert from_api({"id": ID, "parts": parts}).file_size_bytes == total


WRONG: dict[str, Any] = {
    "id": [None, 5, "", "x", [], "6c7498dg87d9e6526801572b"],
    "groupId": [5, [], True],
    "clusterName": [5, {}],
    "created": [
        "2026-01-01",
        5,
        [],
        {"date": 5},
        {"date": "soon"},
        {"increment": "1"},
        {"increment": True},
        {"increment": 1.5},
    ],
    "lastOplogAppliedTimestamp": ["x", {"date": []}],
    "complete": ["true", 1, []],
    "doNotDelete": [0, "false"],
    "expires": [5, "", "never", {}, True],
    "incremental": ["yes"],
    "isPossiblyInconsistent": [1],
    "missingShards": [{}, [5], "x"],
    "namespaceFilterList": [[], "x"],
    "parts": [{}, [5], [None], "x", [{"dataSizeBytes": 1.5}], [{"fileSizeBytes": True}], [{"storageSizeBytes": "5"}]],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in WRONG.items() for value in values], ids=str)
def test_a_field_of_the_wrong_kind_is_a_value_error(key: str, value: Any) -> None:
    error = tried(from_api, {"id": ID, key: value})[1]
    assert isinstance(error, ValueError)
    assert 0 < len(str(error)) < 250


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"id": "x"}, "'x' is not an id of 24 hexadecimal digits"),
        ({"expires": "soon"}, "expires: 'soon' is not an ISO 8601 date or date-time"),
        ({"complete": "yes"}, "complete is 'yes', which is no bool"),
        ({"created": {"increment": True}}, "increment is True, which is no int"),
        ({"parts": [5]}, "parts holds something that is no object"),
        ({"clusterId": 5}, "clusterId is 5, which is no str"),
        ({"namespaceFilterList": []}, r"namespaceFilterList is \[\], which is no dict"),
    ],
    ids=str,
)
def test_a_field_of_the_wrong_kind_is_named(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words}$"):
        from_api({"id": ID, **fields})


@pytest.mark.parametrize(("body", "kind"), [(None, "NoneType"), ([], "list"), ("x", "str"), (5, "int")])
def test_what_is_no_object_is_a_value_error(body: Any, kind: str) -> None:
    with pytest.raises(ValueError, match=f"^a snapshot is a JSON object, not {kind}$"):
        from_api(body)


@pytest.mark.parametrize("increment", [-(2**63), 0, 2**63 - 1])
def test_an_increment_has_64_bits(increment: int) -> None:
    assert from_api({"id": ID, "created": {"increment": increment}}).created_increment == increment
    beyond = 2**63 if increment >= 0 else increment - 1
    with pytest.raises(ValueError, match=r"^increment is a number of more than 64 bits$"):
        from_api({"id": ID, "created": {"increment": beyond}})


def test_what_nothing_is_decided_by_is_shown_as_it_came() -> None:
    row = to_result(
        from_api({"id": ID, "parts": [{"completedTime": "at noon", "newField": 1}, {"completedTime": 5}]}), True
    )
    assert [part["completed_time"] for part in row["parts"]] == ["at noon", 5]
    assert row["parts"][0]["new_field"] == 1


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("2026-01-01T00:00:00Z"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["date", "increment", "fileSizeBytes", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = ["groupId", "clusterId", "clusterName", *WRONG, "links", "networkPermissions"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES), st.booleans())
def test_any_body_is_a_snapshot_or_a_value_error(body: dict[str, Any], with_id: bool) -> None:
    found, error = tried(from_api, {**body, **({"id": ID} if with_id else {})})
    if error is not None:
        assert str(error)
        return
    row = to_result(found, detailed=True)
    assert tuple(row) == RESULT_KEYS
    # What was said is never turned into something else.
    for key, name in (("complete", "complete"), ("doNotDelete", "do_not_delete"), ("clusterName", "cluster_name")):
        assert row[name] is body.get(key) or row[name] == body.get(key)


# --- to results ---


@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize(("seed", "arguments"), [("ladder", {}), ("ladder", {"shards": 3})])
def test_a_result_carries_every_field_as_json_does(name: str, seed: str, arguments: dict[str, Any]) -> None:
    there = world(name, seed, **arguments)
    for body in there.documents(there.main):
        found = from_api(body)
        row = json.loads(json.dumps(to_result(found, detailed=True)))
        for key in RESULT_KEYS:
            value = getattr(found, key)
            if isinstance(value, datetime):
                assert parse_instant(row[key]) == value
            else:
                assert row[key] == (list(value) if isinstance(value, tuple) else value)


@pytest.mark.parametrize(
    ("flag", "expires_at", "do_not_delete", "wanted"),
    [
        ({}, None, None, True),
        ({}, datetime(2027, 1, 1, tzinfo=UTC), None, True),
        ({}, datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC), None, False),
        ({}, None, False, True),  # the service may leave out doNotDelete where it is false
        ({}, None, True, False),
        ({}, datetime(2027, 1, 1, tzinfo=UTC), True, False),
        ({"doNotDelete": False}, None, False, True),
        ({"doNotDelete": True}, None, False, False),
        ({"doNotDelete": True}, datetime(2027, 1, 1, tzinfo=UTC), True, True),
    ],
)
def test_which_values_it_has(
    flag: dict[str, Any], expires_at: datetime | None, do_not_delete: bool | None, wanted: bool
) -> None:
    assert from_api({"id": ID, "expires": "2027-01-01", **flag}).has_values(expires_at, do_not_delete) is wanted


NOW = datetime(2026, 8, 21, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({}, True),
        ({"complete": False}, False),
        ({"complete": None}, False),
        ({"created_at": NOW}, True),
        ({"created_at": NOW + HOUR}, False),
        # What does not say when it was taken is no proof that there is one.
        ({"created_at": None}, False),
        ({"expires_at": NOW + HOUR}, True),
        ({"expires_at": NOW}, False),
        ({"expires_at": NOW - HOUR}, False),
    ],
)
def test_what_can_be_restored(values: dict[str, Any], wanted: bool) -> None:
    usual = {"complete": True, "created_at": NOW - HOUR, "expires_at": None}
    snapshot = Snapshot(**{**dict.fromkeys(RESULT_KEYS), **usual, **values})
    assert snapshot.is_restorable(NOW) is wanted


@pytest.mark.parametrize(
    ("inconsistent", "shards", "wanted"),
    [(None, None, False), (False, (), False), (True, (), True), (False, ({"id": "x"},), True), (None, ({},), True)],
)
def test_what_is_faulty(inconsistent: bool | None, shards: Any, wanted: bool) -> None:
    fields = {**dict.fromkeys(RESULT_KEYS), "is_possibly_inconsistent": inconsistent, "missing_shards": shards}
    assert Snapshot(**fields).is_faulty is wanted


@pytest.mark.parametrize(("row", "wanted"), [({"id": ID.upper()}, ID), ({"id": 5}, "5"), ({}, "")])
def test_the_id_of_a_row(row: dict[str, Any], wanted: str) -> None:
    assert row_id(row) == wanted


# --- order ---


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "2026-01-01", "2026-01-02"]), st.sampled_from([None, 1, 2]), st.integers(0, 9)
        ),
        unique=True,
    )
)
def test_newest_first_is_a_total_order(rows: list[tuple[str | None, int | None, int]]) -> None:
    made = [
        from_api({"id": f"{number:024x}", "created": {"date": date, "increment": increment}})
        for date, increment, number in rows
    ]
    ordered = newest_first(made)
    assert newest_first(made[::-1]) == ordered or len({age_key(one) for one in made}) < len(made)
    keys = [age_key(one) for one in ordered]
    assert keys == sorted(keys, reverse=True)
    undated = [one.created_at is None for one in ordered]
    assert undated == sorted(undated)
