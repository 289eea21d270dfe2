# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold of a plan for any input: each line of that list in the retention rules is one function here.

Each takes a listing, a policy and options, makes the plans that it needs, and asserts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import parse_duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import Zone, seconds, zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import PERIODS

from unit.plugins.plugin_utils._retention.cases import FAR, NOW, applied, codes, moment, planned, spelled, texts

Case = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
Row = dict[str, Any]

SPANS = {"within": ["6h", "1d", "5d"], "within_hourly": ["12h", "2d"]}
LONG_SPANS = ["3d", "7d", "4w", "2mo", "13mo", "2y"]
# How late the plan is made again, in hours.
STEPS = (1, 30, 47, 49, 24 * 9)


def removed(document: Mapping[str, Any]) -> set[str]:
    """What is deleted or shortened."""
    return {one["id"] for one in document["snapshots"] if one["action"] in ("delete", "shorten")}


def gave_way(document: Mapping[str, Any], before: Mapping[str, Any]) -> set[str]:
    """What is removed now and may be: it was kept as the longest-lived alone, or is faulty beside a sound one."""
    only = {one["id"] for one in before["snapshots"] if set(codes(one["reasons"])) == {"outlives"}}
    calendar = zone(document["timezone"])
    kinds = {PERIODS[key[5:]] for key in document["policy"]} - {None}
    sound = {
        (kind, calendar.period(str(kind), created_of(one)))
        for one in document["snapshots"]
        for kind in kinds
        if one["state"] == "candidate" and not one["faulty"] and is_kept(one)
    }
    faulty = {
        one["id"]
        for one in document["snapshots"]
        if one["faulty"] and any((kind, calendar.period(str(kind), created_of(one))) in sound for kind in kinds)
    }
    return removed(document) & (only | faulty)


def is_kept(one: Row) -> bool:
    return one["action"] in ("keep", "extend")


def created_of(one: Row) -> int:
    return seconds(moment(one["created_at"]))


def expiry(text: str | None) -> str:
    """Such that the latest is the greatest."""
    return text or "9999"


def candidates(document: Mapping[str, Any], sound: bool = False) -> list[Row]:
    """The candidates, or the sound ones, newest first."""
    return [one for one in document["snapshots"] if one["state"] == "candidate" and not (sound and one["faulty"])]


# --- the properties ---


def permuting_the_input_changes_nothing(listing: Row, policy: Row, options: Row) -> None:
    expected, rows = planned(listing, policy, **options), listing["snapshots"]
    for mixed in (rows[::-1], rows[1::2] + rows[::2]):
        assert planned({**listing, "snapshots": mixed}, policy, **options) == expected


def replanning_what_is_kept_removes_nothing(listing: Row, policy: Row, options: Row) -> None:
    left = applied(listing, planned(listing, policy, **options))
    again = planned(left, policy, **options)
    assert removed(again) == set()
    assert again["changes"] == []


def the_newest_complete_candidate_and_the_newest_sound_one_stay(listing: Row, policy: Row, options: Row) -> None:
    document = planned(listing, policy, **options)
    for sound in (False, True):
        assert all(is_kept(one) for one in candidates(document, sound)[:1])


def the_floor_holds(listing: Row, policy: Row, options: Row) -> None:
    document = planned(listing, policy, **options)
    for sound in (False, True):
        floor = candidates(document, sound)[: options["min_keep"]]
        assert all("min_keep" in codes(one["reasons"]) and is_kept(one) for one in floor)


def raised(policy: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[tuple[Row, Row]]:
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


def raising_a_count_or_a_duration_removes_no_more(listing: Row, policy: Row, options: Row) -> None:
    before = planned(listing, policy, **options)
    for more, safer in raised(policy, options):
        after = planned(listing, more, **safer)
        assert removed(after) - removed(before) <= gave_way(after, before)


def protecting_more_removes_no_more(listing: Row, policy: Row, options: Row) -> None:
    """What stands for a period may then be extended instead of the protected one, and outlive the longest-lived."""
    before, ids = planned(listing, policy, **options), [one["id"] for one in listing["snapshots"]]
    extends = options["method"] == "expire" or options.get("extend_kept")
    for one in ids[:: len(ids) // 4 + 1]:
        after = planned(listing, policy, **{**options, "protected_ids": [*options["protected_ids"], one]})
        assert removed(after) - removed(before) <= (gave_way(after, before) if extends else set())
        assert one not in removed(after)


def no_action_falls_on_what_is_no_candidate(listing: Row, policy: Row, options: Row) -> None:
    for one in planned(listing, policy, **options)["snapshots"]:
        if one["state"] != "candidate":
            assert (one["action"], one["expires_to"]) == ("keep", None)
            assert one["reasons"]


def kept_means_a_reason_and_removed_means_why(listing: Row, policy: Row, options: Row) -> None:
    for one in planned(listing, policy, **options)["snapshots"]:
        assert bool(one["reasons"]) is is_kept(one)
        assert bool(one["why"]) is not is_kept(one)
        assert ("faulty" in codes(one["why"])) is (one["faulty"] and not is_kept(one))
        # What is withheld has no other reason.
        assert codes(one["reasons"]) == ["stale"] or "stale" not in codes(one["reasons"])


def the_latest_expiry_of_each_period_is_not_brought_forward(listing: Row, policy: Row, options: Row) -> None:
    """Of all candidates of a period, and of the sound ones."""
    document = planned(listing, policy, **options)
    for key in policy:
        for sound in (False, True):
            for group in periods(document, key[5:], sound):
                if any(key[5:] in codes(one["reasons"]) for one in group):
                    before = max(expiry(one["expires_at"]) for one in group)
                    after = [one["expires_to"] or one["expires_at"] for one in group if one["action"] != "delete"]
                    assert max(map(expiry, after)) >= before


def a_period_that_had_a_sound_snapshot_still_has_one(listing: Row, policy: Row, options: Row) -> None:
    document = planned(listing, policy, **options)
    for key, value in policy.items():
        groups = list(periods(document, key[5:], sound=True))
        for group in groups if isinstance(value, str) or value == -1 else groups[:value]:
            assert any(is_kept(one) for one in group)


def periods(document: Mapping[str, Any], name: str, sound: bool) -> Iterator[list[Row]]:
    """The candidates of each period inside a rule, newest first; or the sound ones, and inside their window."""
    calendar, now = zone(document["timezone"]), seconds(moment(document["now"]))
    cutoff = cutoff_of(document, name, sound, calendar, now)
    grouped: dict[Any, list[Row]] = {}
    for one in candidates(document, sound):
        if cutoff is None or created_of(one) > cutoff:
            kind = PERIODS[name]
            grouped.setdefault(one["id"] if kind is None else calendar.period(kind, created_of(one)), []).append(one)
    yield from grouped.values()


def cutoff_of(document: Mapping[str, Any], name: str, sound: bool, calendar: Zone, now: int) -> int | None:
    if not name.startswith("within"):
        return None
    restorable = [
        created_of(one)
        for one in document["snapshots"]
        if one["complete"]
        and not (sound and one["faulty"])
        and created_of(one) <= now < seconds(moment(one["expires_at"] or FAR))
    ]
    anchor = now if document["options"]["anchor"] == "now" else max(restorable, default=now)
    return calendar.before(anchor, parse_duration(document["policy"][f"keep_{name}"]))


def without_new_snapshots_each_is_shortened_at_most_once(listing: Row, policy: Row, options: Row) -> None:
    for step in STEPS if options["method"] == "expire" else ():
        left, shortened = listing, set[str]()
        for turn in range(8):
            now = spelled(moment(NOW) + timedelta(hours=step * turn))
            document = planned(left, policy, now=now, **options)
            assert not removed(document) & shortened
            shortened |= removed(document)
            after = applied(left, document)
            # The service deletes what has expired, sooner or later.
            rows = [one for one in after["snapshots"] if (one["expires_at"] or FAR) > now or turn % 2]
            left = {**after, "snapshots": rows, "total": len(rows)}


WARNINGS = {
    *("no_complete", "all_expired", "stale", "schedule_short", "pit_assumed", "gap", "gaps_unmeasured", "faulty"),
    *("incomplete", "future", "expires_sooner", "long_date", "protected_missing", "protected_expires"),
    "restore_unlisted",
}


def every_reason_and_warning_has_its_code(listing: Row, policy: Row, options: Row) -> None:
    document = planned(listing, policy, **options)
    for one in document["snapshots"]:
        # The code is the part of the text that does not depend on the listing.
        assert codes(one["reasons"]) == [text.split(" ")[0] for text in texts(one["reasons"])]
        assert {*codes(one["why"])} <= {"represented", "quota_used", "before_cutoff", "faulty"}
    guard = document["guard"]["reasons"]
    assert codes(guard) == [text.split(":")[0] for text in texts(guard)]
    assert {*codes(document["warnings"])} <= WARNINGS


PROPERTIES: tuple[Callable[[Row, Row, Row], None], ...] = (
    permuting_the_input_changes_nothing,
    replanning_what_is_kept_removes_nothing,
    the_newest_complete_candidate_and_the_newest_sound_one_stay,
    the_floor_holds,
    raising_a_count_or_a_duration_removes_no_more,
    protecting_more_removes_no_more,
    no_action_falls_on_what_is_no_candidate,
    kept_means_a_reason_and_removed_means_why,
    the_latest_expiry_of_each_period_is_not_brought_forward,
    a_period_that_had_a_sound_snapshot_still_has_one,
    without_new_snapshots_each_is_shortened_at_most_once,
    every_reason_and_warning_has_its_code,
)
