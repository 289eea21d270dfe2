# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold of a plan for any input: each line of that list in the retention rules is one test here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import parse_duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import seconds, zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import PERIODS
from hypothesis import assume, given
from hypothesis import strategies as st

from unit.plugins.plugin_utils._retention.cases import (
    FAR,
    NOW,
    SCHEDULE,
    ago,
    applied,
    codes,
    info,
    job,
    moment,
    planned,
    row,
    sid,
    spelled,
    texts,
)

COUNTS = [name for name in PERIODS if not name.startswith("within")]
WINDOWS = [name for name in PERIODS if name.startswith("within")]
SPANS = {"within": ["6h", "1d", "5d"], "within_hourly": ["12h", "2d"]}
LONG_SPANS = ["3d", "7d", "4w", "2mo", "13mo", "2y"]
LIVES = [timedelta(days=days) for days in (2, 3, 7, 28, 60, 395)]
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"]

Case = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


@st.composite
def snapshots(draw: st.DrawFn, odd: bool = True) -> list[dict[str, Any]]:
    """Snapshots on a grid of six hours, with days and months between, of all states."""
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
    made = []
    for number, hour in enumerate(hours, 1):
        created = ago(hours=hour)
        life = draw(st.sampled_from([*LIVES, None, timedelta(days=800)]))
        one = row(number, created, None if life is None else spelled(moment(created) + life))
        if odd:
            one["complete"] = draw(st.sampled_from([True, True, True, True, False]))
            one["do_not_delete"] = draw(st.sampled_from([False, False, False, False, True]))
            one["created_increment"] = draw(st.integers(1, 2))
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
        "stale_after": "off",
        "max_delete": -1,
        "max_delete_percent": 100,
    }
    if method == "extend" and any(name.startswith("keep_within") for name in policy):
        options["extend_kept"] = True
    jobs = draw(st.lists(st.integers(1, 24).map(lambda number: job(number, NOW)), max_size=1))
    return info(listed, restore_jobs=jobs, schedule=draw(st.sampled_from([None, SCHEDULE]))), policy, options


def removed(document: Mapping[str, Any]) -> set[str]:
    """What is deleted or shortened."""
    return {one["id"] for one in document["snapshots"] if one["action"] in ("delete", "shorten")}


def gave_way(document: Mapping[str, Any], before: Mapping[str, Any]) -> set[str]:
    """What is removed now and was kept before only as the longest-lived of its period."""
    only = {one["id"] for one in before["snapshots"] if set(codes(one["reasons"])) == {"outlives"}}
    return removed(document) & only


@given(cases(), st.randoms())
def test_permuting_the_input_changes_nothing(case: Case, random: Any) -> None:
    listing, policy, options = case
    mixed = list(listing["snapshots"])
    random.shuffle(mixed)
    assert planned({**listing, "snapshots": mixed}, policy, **options) == planned(listing, policy, **options)


@given(cases())
def test_replanning_what_is_kept_removes_nothing(case: Case) -> None:
    listing, policy, options = case
    left = applied(listing, planned(listing, policy, **options))
    again = planned(left, policy, **options)
    assert removed(again) == set()
    assert again["changes"] == []


@given(cases())
def test_the_newest_complete_candidate_stays(case: Case) -> None:
    listing, policy, options = case
    document = planned(listing, policy, **options)
    newest = next((one for one in document["snapshots"] if one["state"] == "candidate"), None)
    assert newest is None or newest["action"] in ("keep", "extend")


@given(cases())
def test_the_floor_holds(case: Case) -> None:
    listing, policy, options = case
    document = planned(listing, policy, **options)
    floor = [one for one in document["snapshots"] if one["state"] == "candidate"][: options["min_keep"]]
    assert all("min_keep" in codes(one["reasons"]) and one["action"] in ("keep", "extend") for one in floor)


def raised(policy: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each count and each duration made larger, one at a time."""
    for key, value in policy.items():
        more: list[int | str]
        if isinstance(value, str):
            more = [span for span in SPANS.get(key[5:], LONG_SPANS) if longer(span, value)]
        else:
            more = [] if value == -1 else [value + 1, -1]
        yield from (({**policy, key: one}, dict(options)) for one in more)
    yield dict(policy), {**options, "min_keep": options["min_keep"] + 2}
    yield dict(policy), {**options, "min_age": "9d"}
    yield dict(policy), {**options, "pit_window": "3mo"}


def longer(one: str, other: str) -> bool:
    """Whether a span is the longer one wherever it begins."""
    utc, now = zone("UTC"), seconds(moment(NOW))
    return utc.after(now, parse_duration(one)) > utc.after(now, parse_duration(other))


@given(cases())
def test_raising_a_count_or_a_duration_removes_no_more(case: Case) -> None:
    listing, policy, options = case
    before = planned(listing, policy, **options)
    for more, safer in raised(policy, options):
        after = planned(listing, more, **safer)
        assert removed(after) - removed(before) <= gave_way(after, before)


@given(cases(methods=("delete",)), st.data())
def test_protecting_more_removes_no_more(case: Case, data: st.DataObject) -> None:
    listing, policy, options = case
    assume(len(listing["snapshots"]) > 0)
    before = planned(listing, policy, **options)
    one = data.draw(st.sampled_from([one["id"] for one in listing["snapshots"]]))
    after = planned(listing, policy, **{**options, "protected_ids": [*options["protected_ids"], one]})
    assert removed(after) <= removed(before)
    assert one not in removed(after)


@given(cases(methods=("extend", "expire")), st.data())
def test_protecting_more_removes_no_more_but_what_gives_way_to_an_extension(case: Case, data: st.DataObject) -> None:
    # What stands for a period then may be extended instead of the protected one, and outlive the longest-lived.
    listing, policy, options = case
    assume(len(listing["snapshots"]) > 0)
    before = planned(listing, policy, **options)
    one = data.draw(st.sampled_from([one["id"] for one in listing["snapshots"]]))
    after = planned(listing, policy, **{**options, "protected_ids": [*options["protected_ids"], one]})
    assert removed(after) - removed(before) <= gave_way(after, before)


@given(cases())
def test_no_action_ever_falls_on_what_is_no_candidate(case: Case) -> None:
    listing, policy, options = case
    for one in planned(listing, policy, **options)["snapshots"]:
        if one["state"] != "candidate":
            assert (one["action"], one["expires_to"]) == ("keep", None)
            assert one["reasons"]


@given(cases())
def test_kept_means_a_reason_and_removed_means_why(case: Case) -> None:
    listing, policy, options = case
    document = planned(listing, policy, **options)
    for one in document["snapshots"]:
        goes = one["action"] in ("delete", "shorten")
        assert bool(one["reasons"]) != goes
        assert bool(one["why"]) == goes


@given(cases(), st.integers(-1, 6), st.integers(0, 100))
def test_a_blocked_plan_says_so_and_why(case: Case, limit: int, percent: int) -> None:
    # That it makes no write is the role's; here, that what blocks it is exactly what the rules say.
    listing, policy, options = case
    document = planned(listing, policy, **{**options, "max_delete": limit, "max_delete_percent": percent})
    count, candidates = len(removed(document)), document["summary"]["by_state"]["candidate"]
    expected = (limit != -1 and count > limit) or (percent < 100 and count * 100 > percent * candidates)
    assert document["guard"]["blocked"] is (bool(count) and expected)
    assert document["guard"]["blocked"] is bool(document["guard"]["reasons"])


@given(cases())
def test_the_latest_expiry_of_each_period_is_not_brought_forward(case: Case) -> None:
    listing, policy, options = case
    document = planned(listing, policy, **options)
    for key in policy:
        for numbers in kept_periods(document, key[5:], listing):
            before = max(expiry(one["expires_at"]) for one in numbers)
            after = [one["expires_to"] or one["expires_at"] for one in numbers if one["action"] != "delete"]
            assert max(map(expiry, after)) >= before


def kept_periods(document: Mapping[str, Any], name: str, listing: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The candidates of each period that a rule keeps, those outside its window left out."""
    calendar, now = zone(document["timezone"]), seconds(moment(document["now"]))
    cutoff = None
    if name in WINDOWS:
        restorable = [
            seconds(moment(one["created_at"]))
            for one in document["snapshots"]
            if one["complete"] and seconds(moment(one["created_at"])) <= now < seconds(moment(one["expires_at"] or FAR))
        ]
        anchor = now if document["options"]["anchor"] == "now" else max(restorable, default=now)
        cutoff = calendar.before(anchor, parse_duration(document["policy"][f"keep_{name}"]))
    kind = PERIODS[name]
    grouped: dict[int, list[dict[str, Any]]] = {}
    for one in document["snapshots"]:
        created = seconds(moment(one["created_at"]))
        if one["state"] == "candidate" and kind is not None and (cutoff is None or created > cutoff):
            grouped.setdefault(calendar.period(kind, created), []).append(one)
    for group in grouped.values():
        # The first is the newest; it carries the rule's name where the rule keeps the period.
        if name in codes(group[0]["reasons"]):
            yield group


def expiry(text: str | None) -> str:
    """Such that the latest is the greatest."""
    return text or "9999"


@pytest.mark.parametrize("step", [1, 30, 47, 49, 24 * 9])
@given(case=cases(methods=("expire",)))
def test_without_new_snapshots_each_is_shortened_at_most_once(step: int, case: Case) -> None:
    listing, policy, options = case
    shortened: set[str] = set()
    for turn in range(8):
        now = spelled(moment(NOW) + timedelta(hours=step * turn))
        document = planned(listing, policy, now=now, **options)
        again = removed(document)
        assert not again & shortened
        shortened |= again
        listing = applied(listing, document)
        # The service takes away what has expired, sooner or later.
        left = [one for one in listing["snapshots"] if (one["expires_at"] or FAR) > now or turn % 2]
        listing = {**listing, "snapshots": left, "total": len(left)}


@given(cases(methods=("delete", "extend")), st.integers(1, 24))
def test_a_snapshot_that_is_restored_is_held(case: Case, number: int) -> None:
    listing, policy, options = case
    document = planned({**listing, "restore_jobs": [job(number, None)]}, policy, **options)
    for one in document["snapshots"]:
        if one["id"] == sid(number):
            assert one["state"] == "held"
            assert "restoring" in codes(one["reasons"])


WARNINGS = {
    *("no_complete", "all_expired", "stale", "schedule_short", "pit_assumed", "gap", "gaps_unmeasured", "faulty"),
    *("incomplete", "future", "expires_sooner", "long_date", "protected_missing", "protected_expires"),
    "restore_unlisted",
}


@given(cases())
def test_every_reason_and_warning_has_its_code(case: Case) -> None:
    listing, policy, options = case
    document = planned(listing, policy, **options)
    for one in document["snapshots"]:
        # The code is the part of the text that does not depend on the listing.
        assert codes(one["reasons"]) == [text.split(" ")[0] for text in texts(one["reasons"])]
        assert {*codes(one["why"])} <= {"represented", "quota_used", "before_cutoff", "faulty"}
    guard = document["guard"]["reasons"]
    assert codes(guard) == [text.split(":")[0] for text in texts(guard)]
    assert {*codes(document["warnings"])} <= WARNINGS
