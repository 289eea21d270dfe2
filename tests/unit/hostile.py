# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strategies for what nobody should send: odd texts and numbers, broken JSON, values of any Ansible type.

Where there is an oracle, a strategy draws a value together with what reading it must come to.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from datetime import time as time_of_day
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

EXAMPLES = settings().max_examples
# What no example may take, on a machine that does much else.
PATIENCE = 90.0


def examples(share: float) -> int:
    """A share of what the profile in use says, for tests whose examples are slow."""
    return max(10, int(EXAMPLES * share))


def brief(error: Exception, longest: int = 300) -> None:
    """An error says why, in a few words."""
    assert 0 < len(str(error)) < longest


@contextlib.contextmanager
def in_time(seconds: float = PATIENCE) -> Iterator[None]:
    """Nothing in here hangs."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


# --- texts and numbers ---

TEXTS = (
    "",
    " ",
    "\x00",
    "\x1b[2J\x07",
    "a\nb\r\nc",
    "\u202etxt.exe",
    "\ud800",
    "\udfff\ud800",
    "\U0001f600",
    "é",
    "..",
    "../../groups",
    "a/b",
    "%2e%2e%2f",
    "%",
    "?x=1",
    "#",
    "'; drop table x --",
    '"',
    "\\",
    "{{ lookup('pipe', 'id') }}",
    "{% raw %}",
    "<script>",
    "<title>",
    "null",
    "true",
    "NaN",
    "~nobody-here/x",
    "f" * 24,
    "5A4279D4FCC178500596745A",
    "\u0661" * 24,
    "\u0662\u0660\u0662\u0666-01-01",
    "2026-01-01",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "x" * 5000,
)
texts = st.sampled_from(TEXTS) | st.text(max_size=12)


@dataclass(frozen=True)
class Raw:
    """A literal that is put into JSON as it is."""

    text: str


@dataclass(frozen=True)
class Twice:
    """An object with a key that comes twice."""

    key: str
    first: Any
    second: Any


LITERALS = (
    "1" + "0" * 400,
    "-1" + "0" * 400,
    "9" * 4299,
    "9" * 5000,
    "1e308",
    "-1e308",
    "1e999",
    "-0",
    "-0.0",
    "1e-999",
    "NaN",
    "Infinity",
    "-Infinity",
    "0." + "1" * 2000,
    "01",
    "+1",
    "0x10",
    "1_000",
)
numbers = (
    st.integers(-3, 3)
    | st.sampled_from([2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**30])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(LITERALS).map(Raw)
)
scalars = st.none() | st.booleans() | numbers | texts


def _nested(depth: int, kind: str) -> Raw:
    return Raw("[" * depth + "]" * depth if kind == "list" else '{"a":' * depth + "1" + "}" * depth)


deep = st.builds(_nested, st.sampled_from([20, 60, 300, 950, 1100, 5000]), st.sampled_from(["list", "dict"]))
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars | deep,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(texts, inner, max_size=3)
        | st.builds(Twice, st.sampled_from(["id", "a"]), inner, inner)
    ),
    max_leaves=5,
)


def spelled(value: Any) -> str:
    """JSON, or nearly so, of a drawn value."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, Twice):
        key = json.dumps(value.key)
        return f"{{{key}: {spelled(value.first)}, {key}: {spelled(value.second)}}}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {spelled(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(spelled, value)) + "]"
    return json.dumps(value)


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1")


@st.composite
def bodies(draw: st.DrawFn, values: st.SearchStrategy[Any] = json_values) -> bytes:
    """A body: JSON of a value, whole or spoiled, in some encoding, or anything at all."""
    kind = draw(st.sampled_from(["whole", "whole", "whole", "cut", "more", "other", "bytes"]))
    if kind == "bytes":
        return draw(st.binary(max_size=40) | st.sampled_from([b"", b" \n", b"\xff\xfe", b"\xef\xbb\xbf", b"<html>"]))
    text = spelled(draw(values))
    if kind == "cut":
        text = text[: len(text) * 2 // 3]
    if kind == "more":
        text += draw(st.sampled_from(["x", "{}", "]", "\x00"]))
    encoding = draw(st.sampled_from(ENCODINGS)) if kind == "other" else "utf-8"
    return text.encode(encoding, "replace")


# --- values with what they must be read as ---


class _Wrong:
    """What must be an error, never a guess."""

    def __repr__(self) -> str:
        return "WRONG"


WRONG = _Wrong()
MISSING = Raw("")
Pair = tuple[Any, Any]

instants = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31, 23, 59, 59))
_offsets = st.none() | st.integers(-23 * 60 - 59, 23 * 60 + 59)


@st.composite
def dates(draw: st.DrawFn) -> Pair:
    """A date as ISO 8601 has it, and the instant as results spell it; WRONG where there is no such instant."""
    moment = draw(instants | st.sampled_from([datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)]))
    form = draw(st.sampled_from(["full", "minutes", "day"]))
    if form == "day":
        return f"{moment.year:04}-{moment.month:02}-{moment.day:02}", f"{moment.isoformat()[:10]}T00:00:00Z"
    text = moment.isoformat()[:16]
    moment = moment.replace(microsecond=0, second=0 if form == "minutes" else moment.second)
    if form == "full":
        text += f":{moment.second:02}" + draw(st.sampled_from(["", ".0", ",5", ".999999999999"]))
    text = text.replace("T", draw(st.sampled_from("Tt ")))
    offset = draw(_offsets)
    if offset is None:
        return text + draw(st.sampled_from(["", "Z", "z"])), f"{moment.isoformat()}Z"
    sign, size = "-" if offset < 0 else "+", abs(offset)
    text += f"{sign}{size // 60:02}{draw(st.sampled_from(['', ':']))}{size % 60:02}"
    try:
        return text, f"{(moment - timedelta(minutes=offset)).isoformat()}Z"
    except OverflowError:
        return text, WRONG


def wrong(*values: Any) -> st.SearchStrategy[Pair]:
    """Values that must be an error."""
    return st.sampled_from([(value, WRONG) for value in values])


def right(*values: Any) -> st.SearchStrategy[Pair]:
    """Values that are read as what they are; one that is left out or null is None."""
    return st.sampled_from([*((value, value) for value in values), (MISSING, None), (None, None)])


_NO_DATES = wrong(
    0,
    1,
    1e308,
    True,
    False,
    "",
    " ",
    "tomorrow",
    [],
    ["2026-01-01"],
    {},
    "2026-02-30T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00 Europe/Berlin",
    "2026-01-01T00:00:00.Z",
    "2026-1-1",
    "20260101T000000Z",
    "1767225600",
    "\u0662\u0660\u0662\u0666-01-01T00:00:00Z",
    "2026-01-01T00:00:0\uff10Z",
    "2026-01-01\x00",
    Raw("1767225600"),
)
some_date = st.one_of(dates(), dates(), right(), _NO_DATES)
flags = st.one_of(right(True, False), right(True, False), wrong("true", "false", "", 0, 1, [], {}, Raw("0.0")))
hex_ids = st.text("0123456789abcdef", min_size=24, max_size=24)
_NO_IDS = wrong(
    MISSING,
    None,
    "",
    0,
    True,
    [],
    {},
    "f" * 23,
    "f" * 25,
    "g" * 24,
    "\u0661" * 24,
    "\uff46" * 24,
    "../" * 8,
    "%2e" * 8,
    "f" * 23 + "\x00",
    "f" * 12 + "/" + "f" * 11,
    "\ud800" + "f" * 23,
    Raw("1" * 24),
)


def documents_of(fields: dict[str, st.SearchStrategy[Pair]], more: st.SearchStrategy[dict[str, Any]]) -> Any:
    """Objects with fields drawn one by one: (document, field -> what it must be read as)."""

    @st.composite
    def drawn(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
        pairs = {name: draw(field) for name, field in fields.items()}
        document = {name: value for name, (value, _read) in pairs.items() if value is not MISSING}
        return {**draw(more), **document}, {name: read for name, (_value, read) in pairs.items()}

    return drawn()


_harmless = st.none() | st.booleans() | st.integers(-3, 3) | texts


@st.composite
def _stamps(draw: st.DrawFn, increments: st.SearchStrategy[Pair]) -> Pair:
    more = st.dictionaries(texts.filter(lambda text: text not in ("date", "increment")), _harmless, max_size=1)
    document, read = draw(documents_of({"date": some_date, "increment": increments}, more))
    return document, WRONG if WRONG in read.values() else (read["date"], read["increment"])


def _stamps_or_none(increments: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    return st.one_of(
        _stamps(increments),
        st.sampled_from([(MISSING, (None, None)), (None, (None, None))]),
        wrong("2026-01-01", 0, 1, False, [], ["x"], ""),
    )


stamps = _stamps_or_none(
    st.one_of(right(0, 1, 2**32 - 1), wrong("1", True, 1.5, [], -(2**63) - 1, 2**63, Raw("1" + "0" * 400)))
)
# Of a job's own nothing but the date is decided on.
job_stamps = _stamps_or_none(st.sampled_from([(MISSING, None), (1, None), ("1", None), ([], None)]))
indifferent = st.dictionaries(
    texts.filter(lambda text: text.isascii()) | st.sampled_from(["links", "time", "_id", "networkPermissions"]),
    json_values,
    max_size=2,
)
SNAPSHOT_FIELDS: dict[str, st.SearchStrategy[Pair]] = {
    "id": st.one_of(*[hex_ids.map(lambda text: (text, text))] * 5, _NO_IDS),
    "complete": flags,
    "doNotDelete": flags,
    "expires": some_date,
    "created": stamps,
}
snapshots = documents_of(SNAPSHOT_FIELDS, indifferent)


@st.composite
def _sound_dates(draw: st.DrawFn) -> Pair:
    moment = draw(st.datetimes(min_value=datetime(2026, 11, 1), max_value=datetime(2026, 12, 1)) | instants)
    text = f"{moment.replace(microsecond=0).isoformat()}Z"
    return text, text


# Those that nothing is wrong with, of about the same time, so that much may be removed.
sound_snapshots = documents_of(
    {
        "id": hex_ids.map(lambda text: (text, text)),
        "complete": st.one_of(*[st.just((True, True))] * 4, right(True, False)),
        "doNotDelete": st.one_of(*[st.just((False, False))] * 4, right(True, False)),
        "expires": st.one_of(st.just(("2099-01-01T00:00:00Z", "2099-01-01T00:00:00Z")), _sound_dates()),
        "created": _sound_dates().map(lambda pair: ({"date": pair[0], "increment": 1}, (pair[1], 1))),
    },
    st.just({}),
)

ENDED, DELIVERIES = ("FINISHED", "BROKEN", "KILLED"), ("READY", "EXPIRED", "PENDING", "IN_PROGRESS")
_no_words = wrong(0, True, [], {}, 1.5)


@st.composite
def _deliveries(draw: st.DrawFn) -> Pair:
    document, read = draw(
        documents_of(
            {"statusName": st.one_of(right(*DELIVERIES, "SOMETHING"), _no_words), "expires": some_date},
            st.just({"url": "https://delivery.invalid/", "authValue": "delivery-canary"}),
        )
    )
    return document, WRONG if WRONG in read.values() else (read["statusName"], read["expires"])


JOB_FIELDS: dict[str, st.SearchStrategy[Pair]] = {
    "id": hex_ids.map(lambda text: (text, text)),
    "snapshotId": st.one_of(
        hex_ids.map(lambda text: (text, text)), st.just((MISSING, None)), _NO_IDS.filter(lambda p: p[0] is not MISSING)
    ).map(lambda pair: (None, None) if pair[0] is None else pair),
    "timestamp": job_stamps,
    "statusName": st.one_of(right(*ENDED, "IN_PROGRESS", "finished", ""), _no_words),
    "delivery": st.one_of(
        _deliveries(),
        st.sampled_from([(MISSING, (None, None)), (None, (None, None))]),
        wrong("READY", 0, False, [], [{"statusName": "READY"}], ""),
    ),
}
jobs = documents_of(JOB_FIELDS, st.just({"links": []}))


# --- any value that an option or a variable may hold ---


class Odd:
    """Something that no template engine knows."""


_zones = st.none() | st.sampled_from([timezone.utc, timezone(timedelta(hours=23, minutes=59)), timezone.min])
_odd_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([10**18, -(10**18), 10**400, 2**63]) | st.integers(5000, 5001).map(lambda zeros: 10**zeros),
    st.floats(),
    texts,
    st.binary(max_size=4),
    st.dates(),
    st.datetimes(timezones=_zones) | st.sampled_from([datetime(1, 1, 1, tzinfo=timezone.utc), datetime(9999, 12, 31)]),
    st.times(),
    st.sampled_from([date.min, date.max, time_of_day.max]),
    st.timedeltas(),
    st.builds(Odd),
    st.sampled_from(["1" + "0" * 30 + "y", "999999999y", "0d", "1m", "24 h", "-1h", "\u0661h", "1h1h"]),
    st.sampled_from(["../../etc/passwd", "/etc/localtime", "Europe/../UTC", "", "localtime", "\x00", "x" * 300]),
)
_hashable = st.none() | st.booleans() | st.integers(-3, 3) | texts | st.tuples(st.integers(0, 2))


def any_values_or(*more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of any type, and those of more kinds."""
    return st.recursive(
        st.one_of(_odd_scalars, *more),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(_hashable, inner, max_size=3)
            | st.tuples(inner)
            | st.sets(st.integers(0, 3), max_size=2)
        ),
        max_leaves=4,
    )


any_values = any_values_or()


def nest(depth: int) -> list[Any]:
    """A list in a list in a list …"""
    value: list[Any] = []
    for _unused in range(depth):
        value = [value]
    return value


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value inside a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at one place; MISSING takes the place away."""
    if not path:
        return value
    copied = document.copy()
    if len(path) == 1 and value is MISSING:
        del copied[path[0]]
    else:
        copied[path[0]] = put(document[path[0]], path[1:], value)
    return copied


def is_plain(value: Any) -> bool:
    """Whether a value is what JSON has: str, int, float, bool, None, list and dict with keys of str."""
    if isinstance(value, dict):
        return all(key.__class__ is str and is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(is_plain, value))
    return value is None or type(value) in (str, int, float, bool)
