# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reads the service's answers, on answers that no service should give.

What is right by the contract is read right; what decides and is odd is an error, never a guess; what decides nothing
may be shown as it came. The readings that ours are compared with are written down along with the values.
"""

from __future__ import annotations

import contextlib
import json
import re
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.auth import parse_challenge
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import hint_for
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.redaction import readable
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.responses import (
    LONGEST_WAIT,
    parse_json,
    retry_after,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._restore_job import (
    job_from_api,
    job_to_result,
    used_snapshots,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import (
    RESULT_KEYS,
    from_api,
    parse_instant,
    parse_object_id,
    snake_case,
    to_result,
)
from hypothesis import example, given
from hypothesis import strategies as st

from unit import hostile
from unit.hostile import MISSING, WRONG

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc)
REST = (
    "groupId",
    "clusterId",
    "clusterName",
    "incremental",
    "isPossiblyInconsistent",
    "lastOplogAppliedTimestamp",
    "missingShards",
    "namespaceFilterList",
    "parts",
    "links",
)


def written(value: Any) -> str:
    """A result as a module prints it; whatever is in it, it can be printed in full."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    assert json.loads(text.encode("utf-8")) == value
    return text


def parsed(document: Any) -> Any:
    """A drawn document after its way over the wire; None where it is no JSON, as the odd literals are not."""
    try:
        return parse_json(hostile.spelled(document).encode())
    except ValueError:
        return None


# --- JSON ---


@given(hostile.bodies())
def test_any_bytes_are_plain_json_or_a_value_error(body: bytes) -> None:
    with hostile.in_time(10):
        try:
            value = parse_json(body)
        except ValueError:
            return
    assert hostile.is_plain(value)
    written(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_without_oddities_is_read_as_it_is(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(b"\xef\xbb\xbf" + json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000, "01", "0x1", "1_0"])
def test_what_is_no_number_in_json_is_a_value_error(literal: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(f'{{"a": [{literal}]}}'.encode())


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '{"b": [{"doNotDelete": true, "doNotDelete": false}]}'])
def test_a_key_that_comes_twice_is_a_value_error(text: str) -> None:
    """Of two values one would have to be guessed."""
    with pytest.raises(ValueError, match="twice"):
        parse_json(text.encode())


def test_half_a_character_leaves_a_mark() -> None:
    assert parse_json(rb'{"\ud800": ["a\udc00b", "\ud83d\ude00", "\\ud800"]}') == {
        "\ufffd": ["a\ufffdb", "\U0001f600", "\\ud800"]
    }


@pytest.mark.parametrize("opened", [b"[", b'{"a":', b'[{"a":[', b'{"a":[1,'])
@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("depth", [100, 900, 1200, 100_000])
def test_what_is_nested_without_end_is_a_value_error(opened: bytes, closed: bool, depth: int) -> None:
    ends = b"".join({b"[": b"]", b"{": b"}"}[bytes([sign])] for sign in reversed(opened) if sign in b"[{")
    with hostile.in_time(20), pytest.raises(ValueError, match=r"."):
        parse_json(opened * depth + b"1" + (ends * depth if closed else b""))


def test_what_is_nested_as_the_service_nests_is_read() -> None:
    assert parse_json(b'{"[[[[": [{"a": [["{", {"b": "]}"}]]}]}') == {"[[[[": [{"a": [["{", {"b": "]}"}]]}]}


# --- dates and ids ---


@given(hostile.some_date)
def test_a_date_is_the_instant_or_a_value_error(pair: tuple[Any, Any]) -> None:
    value, read = pair
    body = {"id": "f" * 24} if value is MISSING else parsed({"id": "f" * 24, "expires": value})
    if read is WRONG:
        with pytest.raises(ValueError, match="expires"):
            from_api(body)
    else:
        assert to_result(from_api(body))["expires_at"] == read


@given(hostile.texts | st.text(st.sampled_from("0123456789-+:.,TtZz \u0662\uff10\u00b2\t\n"), max_size=30))
def test_any_text_is_an_instant_or_a_value_error(text: str) -> None:
    try:
        instant = parse_instant(text)
    except ValueError as error:
        hostile.brief(error)
        return
    assert instant.utcoffset() is not None
    assert text.strip().isascii()


@given(hostile.any_values)
def test_any_value_is_an_id_or_a_value_error(value: Any) -> None:
    try:
        assert re.fullmatch("[0-9a-f]{24}", parse_object_id(value))
    except ValueError as error:
        hostile.brief(error)


# --- snapshots ---


@given(hostile.snapshots)
def test_a_snapshot_is_read_as_the_contract_has_it_or_refused(drawn: tuple[dict[str, Any], dict[str, Any]]) -> None:
    document, read = drawn
    body = parsed(document)
    if body is None:
        assert (
            parsed({key: document[key] for key in hostile.SNAPSHOT_FIELDS if key in document}) is not None
            or WRONG in read.values()
        )
        return
    if WRONG in read.values():
        with pytest.raises(ValueError, match=r"."):
            from_api(body)
        return
    found = to_result(from_api(body), detailed=True)
    written(found)
    created, increment = read["created"]
    assert [
        found[key] for key in ("id", "complete", "do_not_delete", "expires_at", "created_at", "created_increment")
    ] == [
        read["id"],
        read["complete"],
        read["doNotDelete"],
        read["expires"],
        created,
        increment,
    ]


@given(st.dictionaries(st.sampled_from(REST), hostile.json_values, min_size=1), hostile.json_values)
def test_what_decides_nothing_is_shown_or_refused(rest: dict[str, Any], instead: Any) -> None:
    for document in ({"id": "f" * 24, "complete": True, "doNotDelete": True, **rest}, instead):
        body = parsed(document)
        if body is None:
            continue
        try:
            found = from_api(body)
        except ValueError as error:
            hostile.brief(error, 500)
            continue
        assert tuple(to_result(found)) == RESULT_KEYS
        assert found.do_not_delete is True
        written(to_result(found, detailed=True))


@given(hostile.any_values | st.sampled_from([19, 30, 300]).map(hostile.nest))
def test_any_value_turns_into_snake_case_or_is_a_value_error(value: Any) -> None:
    with contextlib.suppress(ValueError):
        snake_case(value)


# --- restore jobs ---


@given(hostile.jobs)
def test_a_job_is_read_as_the_contract_has_it_or_refused(drawn: tuple[dict[str, Any], dict[str, Any]]) -> None:
    document, read = drawn
    body = parsed(document)
    if body is None or WRONG in read.values():
        with pytest.raises(ValueError, match=r"."):
            job_from_api(body or {}, NOW)
        return
    found = job_to_result(job_from_api(body, NOW))
    assert "canary" not in written(found)
    delivered, expires = read["delivery"]
    ready = delivered == "READY" and (expires is None or expires > "2026-11-23T12:00:00Z")
    assert found == {
        "id": read["id"],
        "snapshot_id": read["snapshotId"],
        "timestamp": read["timestamp"][0],
        "status": read["statusName"],
        "delivery_status": delivered,
        "delivery_expires_at": expires,
        "in_use": read["statusName"] not in hostile.ENDED or ready,
    }


@given(st.lists(hostile.jobs, max_size=4), st.lists(hostile.snapshots, max_size=6))
def test_what_a_job_needs_is_known_or_an_error(rows: list[Any], listed: list[Any]) -> None:
    jobs, shots = [], []
    for document, read in rows:
        if WRONG not in read.values():
            jobs.append(job_from_api(parsed(document), NOW))
    for document, read in listed:
        body = parsed(document)
        if body is not None and WRONG not in read.values():
            shots.append(from_api(body))
    try:
        used = used_snapshots(jobs, shots)
    except ValueError:
        assert any(job.in_use for job in jobs)
        return
    ids = {shot.id for shot in shots}
    assert set(used) <= ids
    for job in jobs:
        if not job.in_use:
            continue
        if job.snapshot_id in ids:
            assert job.snapshot_id in used
        elif job.snapshot_id is None:
            # A point in time: whatever is complete and may lie before it has a later one of its kind in use.
            assert job.timestamp is not None
            bases = [
                one for one in shots if one.complete and (one.created_at is None or one.created_at <= job.timestamp)
            ]
            assert not bases or any(one.id in used for one in bases)
            assert all(one.created_at is not None for one in bases)


@pytest.mark.parametrize("key", ["delivery", "timestamp"])
@pytest.mark.parametrize("value", [False, 0, "", []])
def test_what_is_false_is_not_what_is_left_out(key: str, value: Any) -> None:
    with pytest.raises(ValueError, match=key):
        job_from_api({"id": "j", "snapshotId": "a" * 24, "statusName": "FINISHED", key: value}, NOW)


def test_a_job_without_an_id_is_a_value_error() -> None:
    for row in ({}, {"id": None}, {"id": 1}, {"id": ""}):
        with pytest.raises(ValueError, match="id"):
            job_from_api(row, NOW)


def test_a_point_in_time_onto_a_snapshot_of_no_time_is_a_value_error() -> None:
    """It may be the one that the restore replays onto."""
    shots = [
        from_api({"id": "a" * 24, "complete": True}),
        from_api({"id": "b" * 24, "created": {"date": "2026-01-01"}, "complete": True}),
    ]
    with pytest.raises(ValueError, match="a" * 24):
        used_snapshots([job_from_api({"id": "j", "timestamp": {"date": "2026-02-01"}}, NOW)], shots)


# --- headers, and texts for people ---

HEADERS = st.text(st.characters(max_codepoint=255), max_size=60) | st.sampled_from(
    [
        "Digest",
        'Digest nonce="',
        'Digest nonce="a", nonce="b"',
        "Digest nonce=a, algorithm=SHA-512-256, qop=auth-int",
        'Negotiate, Digest nonce="x", Basic realm="y"',
        "Digest " + "a" * 60_000,
        "Digest " + "a=" * 30_000,
        "Digest " + 'a="\\' * 15_000,
        "Digest nonce" + " " * 60_000 + "=x",
        "," * 60_000,
        ", " * 30_000 + "Digest nonce=a",
        "Digest " + "a " * 30_000,
        "Digest " + "a, " * 20_000,
    ]
)


@pytest.mark.parametrize("header", ["Digest " + "a" * 60_000, "Digest " + "a" * 30_000 + " " * 30_000])
def test_a_header_of_one_long_word_is_read_at_once(header: str) -> None:
    with hostile.in_time(10):
        assert parse_challenge(header) is None


@given(HEADERS)
def test_any_challenge_is_read_at_once(header: str) -> None:
    with hostile.in_time(10):
        found = parse_challenge(header)
    assert found is None or found["nonce"]


@given(
    st.text(st.characters(max_codepoint=255), max_size=20)
    | st.sampled_from(
        [
            "9" * 400,
            "-1",
            "1e9",
            "0.0000001",
            "\u00b2",
            "\u0661",
            "inf",
            "nan",
            "Fri, 31 Dec 9999 23:59:59 -2359",
            "Mon, 01 Jan 0001 00:00:00 +2359",
            "Fri, 31 Dec 9999 23:59:59 +99999999",
            "Thu, 99 Foo 2026 99:99:99 GMT",
            "1" * 60_000,
        ]
    )
    | st.datetimes(timezones=st.just(timezone.utc)).map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
    hostile.json_values
    | st.lists(hostile.json_values, max_size=3).map(
        lambda parameters: {"errorCode": "RATE_LIMITED_TOKEN_BUCKET", "parameters": parameters}
    ),
)
def test_any_wait_is_a_number_of_seconds_or_none(header: str, body: Any) -> None:
    with hostile.in_time(10):
        wait = retry_after({"Retry-After": header}, parsed(body))
    assert wait is None or (wait >= 0 and min(wait, LONGEST_WAIT) <= LONGEST_WAIT)


@given(hostile.json_values.map(parsed) | hostile.texts, st.lists(st.text(min_size=1, max_size=5), max_size=2))
@example("<title>" * 200_000, ["secret"])
@example("<title " * 200_000, ["secret"])
@example("\u202e\x1b[31m" * 9000, [])
@example(" " * 100_000 + "secret", ["secret"])
def test_any_text_becomes_one_short_line(value: Any, secrets: list[str]) -> None:
    with hostile.in_time(10):
        line = readable(value, secrets)
    assert len(line) <= 500
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", line)
    line.encode("utf-8")


@given(
    st.sampled_from(["IP_ADDRESS_NOT_ON_ACCESS_LIST", None, "X"]),
    st.lists(hostile.json_values, max_size=3),
    hostile.texts,
)
@example("IP_ADDRESS_NOT_ON_ACCESS_LIST", [":" * 100_000 + "g", "1." * 50_000 + "g"], ":." * 50_000 + "g")
def test_any_error_has_its_way_out_at_once(code: str | None, parameters: list[Any], detail: str) -> None:
    with hostile.in_time(10):
        assert isinstance(hint_for(403, code, detail, parameters), str)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("IP address 203.0.113.7 is not allowed", "203.0.113.7"),
        ("(2001:db8::1)", "2001:db8::1"),
        ("at 10.0.0.1.", "10.0.0.1"),
        ("version 1.2.3.4.5 at 12:30:59, 999.1.1.1", None),
    ],
)
def test_an_address_is_found_in_a_text(text: str, address: str | None) -> None:
    hint = hint_for(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", text)
    assert hint.startswith("The address this runs from" if address is None else f"The address {address} is")
