# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""R18: the digest of what decides, and of nothing else."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.plugin_utils._retention.cases import FAR, NOW, SCHEDULE, TIDY, ago, info, planned, row, sid

LISTING = [
    row(1, NOW, ago(days=-2)),
    row(2, ago(hours=6), ago(days=-7)),
    row(3, ago(days=3), None, do_not_delete=True),
    row(4, ago(days=3, hours=6), FAR),
    row(5, ago(days=3, hours=12), ago(days=-4), created_increment=2),
    row(6, ago(days=40), FAR, complete=False),
    row(7, ago(days=40), ago(days=1)),
    row(8, ago(days=800), FAR),
    row(9, ago(days=3, hours=3), FAR, is_possibly_inconsistent=True),
]
COVERED = (
    "id",
    "created_at",
    "created_increment",
    "complete",
    "do_not_delete",
    "faulty",
    "expires_at",
    "state",
    "action",
    "expires_to",
)
GOLDEN = "dac543c5b27909378f30f73391c01182769dd0eafac12d7163014797a9d0bba9"


def plan(**options: Any) -> dict[str, Any]:
    """The plan that all of these tests are about."""
    return planned(info(LISTING), TIDY, **{"timezone": "Europe/Berlin", "max_delete_percent": 100, **options})


def test_r18_the_digest_is_the_same_on_any_machine_and_any_python() -> None:
    assert plan()["digest"] == GOLDEN


def test_r18_the_digest_is_that_of_the_document() -> None:
    """Worked out here as the rule says it, from what the document shows."""
    document = plan()
    rows = [[row_[key] for key in COVERED] for row_ in document["snapshots"]]
    decides = {key: document[key] for key in ("project_id", "cluster_id", "now", "timezone", "policy", "options")}
    decides |= {"blocked": document["guard"]["blocked"], "snapshots": rows}
    canonical = json.dumps(decides, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == document["digest"]


def test_r18_a_document_that_is_read_back_has_its_digest() -> None:
    document = plan()
    for given_ in (document, json.loads(json.dumps(document)), json.dumps(document)):
        assert Plan.load(given_).digest == document["digest"]
        assert Plan.load(given_).dump() == document


def test_r18_an_order_of_input_or_of_ids_is_none_of_it() -> None:
    both = [sid(1), sid(2)]
    one = planned(info(LISTING[::-1]), dict(reversed(TIDY.items())), protected_ids=both)
    other = planned(info(LISTING), TIDY, protected_ids=both[::-1])
    assert one["digest"] == other["digest"]


def test_r18_spellings_are_none_of_it() -> None:
    given_as_strings = {"min_keep": "3", "min_age": " 24h", "extend_kept": "no", "max_delete": "50", "stale_after": ""}
    assert (
        planned(info(LISTING), {**TIDY, "keep_last": "2"}, **given_as_strings)["digest"]
        == (planned(info(LISTING), {**TIDY, "keep_last": 2, "keep_daily": 0})["digest"])
    )


def test_r18_names_and_sizes_are_none_of_it() -> None:
    others = [{**one, "cluster_name": "other", "file_size_bytes": 7, "incremental": True} for one in LISTING]
    named = info(others, cluster_name="other")
    assert planned(named, TIDY)["digest"] == planned(info(LISTING), TIDY)["digest"]


@pytest.mark.parametrize(
    "change",
    [
        {"now": "2026-08-21T01:00:01Z"},
        {"timezone": "UTC"},
        {"min_keep": 4},
        {"min_age": "25h"},
        {"pit_window": "25h"},
        {"protected_ids": sid(1)},
        {"no_expiry": "candidate"},
        {"extend_kept": True},
        {"max_delete": 51},
        {"max_delete_percent": 99},
        {"stale_after": "4d"},
        {"anchor": "now"},
        {"method": "expire"},
    ],
)
def test_r18_every_option_is_part_of_it(change: dict[str, Any]) -> None:
    assert plan(**change)["digest"] != plan()["digest"]


@pytest.mark.parametrize("fault", [{"is_possibly_inconsistent": True}, {"missing_shards": [{"id": "x"}]}])
def test_r18_whether_a_snapshot_is_faulty_is_part_of_it(fault: dict[str, Any]) -> None:
    """A held one, of which nothing else changes."""
    faulty = [{**one, **(fault if one["id"] == sid(3) else {})} for one in LISTING]
    before, after = planned(info(LISTING), {"keep_last": -1}), planned(info(faulty), {"keep_last": -1})
    assert [one["action"] for one in before["snapshots"]] == [one["action"] for one in after["snapshots"]]
    assert before["digest"] != after["digest"]


@pytest.mark.parametrize(
    "change",
    [
        {"project_id": "d" * 24},
        {"cluster_id": "d" * 24},
        {"schedule": {**SCHEDULE, "point_in_time_window_hours": 25}},
    ],
)
def test_r18_the_cluster_and_what_the_schedule_decides_are_part_of_it(change: dict[str, Any]) -> None:
    bare = [{**one, "project_id": None, "cluster_id": None} for one in LISTING]
    assert planned(info(bare, **change), TIDY)["digest"] != planned(info(bare), TIDY)["digest"]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the single values of a document are."""
    if isinstance(value, dict):
        return [leaf for key in value for leaf in leaves(value[key], (*path, key))]
    if isinstance(value, list) and value:
        return [leaf for place, item in enumerate(value) for leaf in leaves(item, (*path, place))]
    return [path]


NOT_DECIDING = {"schema", "cluster_name", "changes", "summary", "gaps", "reasons", "why", "warnings", "file_size_bytes"}
DOCUMENT = plan()
DECIDING = [
    path for path in leaves(DOCUMENT) if not NOT_DECIDING & {*path} and path not in {("digest",), ("guard", "reasons")}
]


@given(st.sampled_from(DECIDING), st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.just([])))
def test_r18_no_deciding_value_can_be_altered_unseen(path: tuple[Any, ...], value: Any) -> None:
    tampered = copy.deepcopy(DOCUMENT)
    *parents, last = path
    place: Any = tampered
    for step in parents:
        place = place[step]
    before, place[last] = place[last], value
    if type(before) is type(value) and before == value:
        assert Plan.load(tampered).digest == DOCUMENT["digest"]
        return
    with pytest.raises(RefusedError):
        Plan.load(tampered)


@given(st.integers(0, 8), st.integers(0, 8))
def test_r18_no_snapshot_can_be_moved_added_or_taken_away_unseen(one: int, other: int) -> None:
    rows = DOCUMENT["snapshots"]
    swapped = list(rows)
    swapped[one], swapped[other] = rows[other], rows[one]
    without_numbers = {key: value for key, value in DOCUMENT.items() if key not in ("changes", "summary")}
    for tampered in ([*rows, rows[one]], rows[:one] + rows[one + 1 :], *([swapped] if one != other else [])):
        with pytest.raises(RefusedError):
            Plan.load({**without_numbers, "snapshots": tampered})
