# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold of a plan for any input: each line of that list in the retention rules is one test here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import PERIODS
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.plugin_utils._retention.cases import (
    NOW,
    SCHEDULE,
    ago,
    codes,
    info,
    job,
    moment,
    planned,
    row,
    sid,
    spelled,
)
from unit.plugins.plugin_utils._retention.properties import LONG_SPANS, PROPERTIES, SPANS, Case, removed

COUNTS = [name for name in PERIODS if not name.startswith("within")]
WINDOWS = [name for name in PERIODS if name.startswith("within")]
LIVES = [timedelta(days=days) for days in (2, 3, 7, 28, 60, 395)]
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"]
FAULTS = [{}, {}, {}, {"is_possibly_inconsistent": True}, {"missing_shards": [{"shard_name": "s1"}]}]


@st.composite
def snapshots(draw: st.DrawFn, odd: bool = True) -> list[dict[str, Any]]:
    """Snapshots on a grid of six hours, with days and months between, of all states, and a pause among them."""
    hours = draw(
        st.lists(
            st.one_of(
                st.integers(0, 40).map(lambda step: step * 6),
                st.integers(0, 70).map(lambda step: step * 144),
                st.integers(-30, 12000),
            ),
            max_size=24,
        )
    )
    begin, length = draw(st.integers(0, 400)), draw(st.sampled_from([0, 0, 5, 40, 200])) * 24
    made = []
    for number, hour in enumerate(hours, 1):
        created = ago(hours=hour + (length if hour >= begin else 0))
        life = draw(st.sampled_from([*LIVES, None, timedelta(days=800)]))
        one = row(number, created, None if life is None else spelled(moment(created) + life))
        if odd:
            one["complete"] = draw(st.sampled_from([True, True, True, True, False]))
            one["do_not_delete"] = draw(st.sampled_from([False, False, False, False, True]))
            one["created_increment"] = draw(st.integers(1, 2))
            one.update(draw(st.sampled_from(FAULTS)))
        made.append(one)
    return made


@st.composite
def policies(draw: st.DrawFn, names: list[str] | None = None) -> dict[str, Any]:
    """A policy of one to four rules."""
    chosen = draw(st.lists(st.sampled_from(names or COUNTS + WINDOWS), min_size=1, max_size=4, unique=True))
    return {
        f"keep_{name}": draw(st.sampled_from(SPANS.get(name, LONG_SPANS)))
        if name in WINDOWS
        else draw(st.sampled_from([1, 2, 3, 5, 13, -1]))
        for name in chosen
    }


@st.composite
def cases(draw: st.DrawFn, methods: tuple[str, ...] = ("delete", "extend", "expire")) -> Case:
    """A listing, a policy and options that agree with it."""
    method = draw(st.sampled_from(methods))
    policy = draw(policies(WINDOWS if method == "expire" else None))
    listed = draw(snapshots())
    options: dict[str, Any] = {
        "timezone": draw(st.sampled_from(ZONES)),
        "anchor": draw(st.sampled_from(["newest", "newest", "now"])),
        "min_keep": draw(st.integers(1, 4)),
        "min_age": draw(st.sampled_from(["off", "24h", "3d"])),
        "pit_window": draw(st.sampled_from(["off", "auto", "72h", "1mo"])),
        "no_expiry": draw(st.sampled_from(["hold", "candidate"])),
        "method": "expire" if method == "expire" else "delete",
        "protected_ids": draw(st.lists(st.sampled_from([one["id"] for one in listed]), max_size=2)) if listed else [],
        "stale_after": draw(st.sampled_from(["off", "off", "3d", "1mo"])),
        "max_delete": -1,
        "max_delete_percent": 100,
    }
    if method == "extend" and any(name.startswith("keep_within") for name in policy):
        options["extend_kept"] = True
    jobs = draw(st.lists(st.integers(1, 24).map(lambda number: job(number, NOW)), max_size=1))
    return info(listed, restore_jobs=jobs, schedule=draw(st.sampled_from([None, SCHEDULE]))), policy, options


@given(cases())
def test_of_any_plan(case: Case) -> None:
    # Each property of the same history: to make one up takes longer than to plan for it.
    for holds in PROPERTIES:
        holds(*case)


@given(cases(), st.integers(-1, 6), st.integers(0, 100))
def test_a_blocked_plan_says_so_and_why(case: Case, limit: int, percent: int) -> None:
    # That it makes no write is the role's; here, that what blocks it is exactly what the rules say.
    listing, policy, options = case
    document = planned(listing, policy, **{**options, "max_delete": limit, "max_delete_percent": percent})
    count, candidates = len(removed(document)), document["summary"]["by_state"]["candidate"]
    expected = (limit != -1 and count > limit) or (percent < 100 and count * 100 > percent * candidates)
    assert document["guard"]["blocked"] is (bool(count) and expected)
    assert document["guard"]["blocked"] is bool(document["guard"]["reasons"])


@given(cases(methods=("delete", "extend")), st.integers(1, 24))
def test_a_snapshot_that_is_restored_is_held(case: Case, number: int) -> None:
    listing, policy, options = case
    document = planned({**listing, "restore_jobs": [job(number, None)]}, policy, **options)
    for one in document["snapshots"]:
        if one["id"] == sid(number):
            assert one["state"] == "held"
            assert "restoring" in codes(one["reasons"])


@given(cases())
def test_where_all_are_faulty_the_actions_are_those_where_all_are_sound(case: Case) -> None:
    listing, policy, options = case
    sound, faulty = (
        {**listing, "snapshots": [{**one, **more} for one in listing["snapshots"]]}
        for more in ({"is_possibly_inconsistent": None, "missing_shards": None}, {"is_possibly_inconsistent": True})
    )
    one, other = planned(sound, policy, **options), planned(faulty, policy, **options)
    assert one["changes"] == other["changes"]
    assert [row_["reasons"] for row_ in one["snapshots"]] == [row_["reasons"] for row_ in other["snapshots"]]
