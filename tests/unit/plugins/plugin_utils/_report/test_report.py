# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports: the page, the JSON, the CSV and the console say the same, of every plan."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import COLUMNS, as_csv, as_json
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.html import as_html
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.index import index, read_entry
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import MARKS, Report
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import summary as recap
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError

from unit.plugins.plugin_utils._report.cases import NOW, OPEN, Page, cases, indexed, large, reported, varied
from unit.plugins.plugin_utils._retention.cases import (
    SCHEDULE,
    TIDY,
    ago,
    applied,
    bare,
    codes,
    info,
    moment,
    planned,
    row,
    sid,
)

CASES = {name: (listing, plan) for name, listing, plan in cases()}
SPOKEN = ("kept", "extended", "shortened", "removed", "withheld", "held", "expired", "incomplete", "future")


def numbers(plan: dict[str, Any]) -> dict[str, int]:
    """What the plan's own summary says, in the words of the report."""
    actions, states = plan["summary"]["by_action"], plan["summary"]["by_state"]
    others = {state: states[state] for state in ("held", "expired", "incomplete", "future")}
    withheld = sum("stale" in codes(one["reasons"]) for one in plan["snapshots"])
    return {
        **others,
        "withheld": withheld,
        "kept": actions["keep"] - sum(others.values()) - withheld,
        "extended": actions["extend"],
        "shortened": actions["shorten"],
        "removed": actions["delete"],
    }


def action_shown(one: dict[str, Any]) -> str:
    """What the page of a prediction has in the column of actions."""
    if one["state"] != "candidate":
        return "none"
    return "withheld" if "stale" in codes(one["reasons"]) else f"to {one['action']}"


@pytest.mark.parametrize("name", CASES)
def test_all_forms_give_the_same_numbers(name: str) -> None:
    listing, plan = CASES[name]
    made = reported(plan, listing)
    page, data = Page.of(as_html(made)), json.loads(as_json(made))
    lines = list(csv.DictReader(io.StringIO(as_csv(made), newline="")))
    expected = numbers(plan)

    assert {mark: page.counts.get(f"data-count={mark}", 0) for mark in SPOKEN} == expected
    assert Counter(page.marks.values()) == Counter(data["summary"]["marks"])
    assert {key: count for key, count in data["summary"]["marks"].items() if count} == {
        mark: page.counts[f"data-legend={mark}"] for mark in MARKS if f"data-legend={mark}" in page.counts
    }
    assert data["summary"]["kept"] == expected["kept"]
    assert data["summary"]["to_remove"] == expected["removed"] + expected["shortened"]
    assert data["summary"]["to_extend"] == expected["extended"]
    assert (data["summary"]["removed"], data["summary"]["extended"], data["summary"]["undone"]) == (0, 0, 0)
    assert data["summary"]["counts"] == recap.numbers(made.run, [])["counts"]
    assert [one["id"] for one in page.rows] == [one["id"] for one in plan["snapshots"]]
    assert set(page.marks) == {one["id"] for one in plan["snapshots"]}
    assert [one["action"] for one in page.rows] == [action_shown(one) for one in plan["snapshots"]]
    assert [(one["id"], one["state"], one["action"]) for one in lines] == [
        (one["id"], one["state"], one["action"]) for one in plan["snapshots"]
    ]
    said = recap.lines(made.run, [], [])
    assert page.texts["verdict-line"] in said
    assert page.texts["space-line"] in said
    assert data["summary"]["verdict"] in said
    assert data["plan"] == json.loads(json.dumps(plan))
    assert page.texts["digest"] == plan["digest"]


@pytest.mark.parametrize("name", CASES)
def test_the_same_plan_makes_the_same_report(name: str) -> None:
    listing, plan = CASES[name]
    first, second = reported(plan, listing), reported(plan, listing)
    assert as_html(first) == as_html(second)
    assert as_json(first) == as_json(second)


def test_between_them_the_cases_have_every_mark() -> None:
    marks = {one.mark for listing, plan in CASES.values() for one in reported(plan, listing).rows}
    # The others are of changes that did not come about, and of removals that are withheld where backups have stopped.
    assert marks - {"withheld"} == set(MARKS) - {"gone", "withheld", "undone"}


def test_two_thousand_snapshots_stay_small() -> None:
    listing = large()
    made = reported(planned(listing, TIDY, now=NOW, **OPEN), listing)
    assert len(as_html(made).encode()) < 2_500_000


def test_a_blocked_plan_says_so_with_its_limit() -> None:
    listing, plan = CASES["blocked"]
    page = Page.of(as_html(reported(plan, listing)))
    assert "Blocked: nothing was written" in page.texts["verdict"]
    for reason in plan["guard"]["reasons"]:
        assert reason["text"] in page.texts["guard"]


def test_what_a_tier_has_and_when_it_is_full() -> None:
    listing = info([row(number, ago(days=number), None) for number in range(5)])
    made = reported(
        bare(
            listing,
            {"keep_daily": 7, "keep_last": 2, "keep_within_daily": "7d", "keep_yearly": -1},
            no_expiry="candidate",
        )
    )
    tiers = {tier.rule: tier for tier in made.tiers}
    assert list(tiers) == ["last", "daily", "within_daily", "yearly"]
    daily = tiers["daily"]
    assert (daily.kept, daily.filled, daily.wanted, daily.is_full) == (5, 5, 7, False)
    # Today has one already, so two more days are needed.
    assert daily.full_at == "2026-08-23T00:00:00Z"
    assert tiers["last"].is_full
    assert (tiers["yearly"].wanted, tiers["yearly"].is_full) == (None, False)
    within = tiers["within_daily"]
    assert (within.filled, within.wanted) == (5, 7)
    # The newest day without a snapshot leaves the window a week after its end.
    assert within.full_at == "2026-08-24T00:00:00Z"


def test_a_tier_is_full_when_the_plan_thinks_so() -> None:
    """Time goes on as the tier foretold, with a snapshot a day: then it is full, and not a day before."""
    policy = {"keep_within_daily": "7d"}
    for days, full in ((6, False), (7, True)):
        listing = info([row(number, ago(days=number), None) for number in range(days)])
        (tier,) = reported(bare(listing, policy, no_expiry="candidate")).tiers
        assert tier.is_full is full, days


def test_tiers_of_backups_that_have_ended_are_never_full() -> None:
    listing = info([row(number, ago(days=400 + number), None) for number in range(3)])
    made = reported(bare(listing, {"keep_daily": 7, "keep_within_weekly": "4w"}, anchor="now", no_expiry="candidate"))
    assert [(tier.full_at, tier.note) for tier in made.tiers] == [(None, "not in sight")] * 2
    made = reported(bare(listing, {"keep_within_weekly": "4w"}, no_expiry="candidate"))
    assert made.tiers[0].full_at is None


def test_hours_finer_than_the_schedule_are_counted_by_it() -> None:
    listing = info([row(number, ago(hours=6 * number)) for number in range(8)], schedule=dict(SCHEDULE))
    made = reported(bare(listing, {"keep_hourly": 12, "keep_within_hourly": "2d"}), listing)
    tiers = {tier.rule: tier for tier in made.tiers}
    assert (tiers["within_hourly"].wanted, tiers["within_hourly"].is_full) == (8, True)
    assert tiers["hourly"].full_at == "2026-08-22T01:00:00Z"


def test_coverage_before_and_after() -> None:
    days = [0, 1, 2, 10, 11]
    listing = info([row(number, ago(days=day)) for number, day in enumerate(days)])
    plan = bare(listing, {"keep_within_daily": "15d"})
    made = reported(plan, listing)
    assert (made.before.restorable, made.before.oldest, made.before.newest) == (5, ago(days=11), ago(days=0))
    assert (made.before.largest_gap, made.before.gap_from) == (8 * 86400, ago(days=10))
    assert made.before.missing == tuple(f"{gap['rule']} {gap['period']}" for gap in plan["gaps"])
    assert made.before.missing
    assert made.after.missing == made.before.missing
    assert made.before.size == 5000

    plan = bare(listing, {"keep_last": 2})
    made = reported(plan, listing)
    assert (made.after.restorable, made.after.oldest, made.after.size) == (2, ago(days=1), 2000)
    assert reported(plan).after.missing is None


@pytest.mark.parametrize("name", CASES)
def test_the_missing_periods_after_are_those_of_the_listing_after(name: str) -> None:
    listing, plan = CASES[name]
    if plan["options"]["method"] == "expire":
        return
    after = planned(
        applied(listing, plan), plan["policy"], now=plan["now"], timezone=plan["timezone"], **plan["options"]
    )
    made = reported(plan, listing)
    named = tuple(f"{gap['rule']} {gap['period']}" for gap in after["gaps"])
    # Without a snapshot it cannot be told which periods are missing.
    assert made.after.missing == (named if listing["snapshots"] else None)


def test_what_if_begins_with_this_policy() -> None:
    listing = varied()
    plan = planned(listing, {"keep_daily": 7, "keep_within_weekly": "1y1mo1w1d1h"}, now=NOW, **OPEN)
    made = reported(plan, listing)
    this, half, twice, defaults = made.what_if
    expected = numbers(plan)
    assert (this.kept, this.removed, this.policy) == (expected["kept"], expected["removed"], plan["policy"])
    assert half.policy == {"keep_daily": 4, "keep_within_weekly": "6mo18d13h"}
    assert twice.policy == {"keep_daily": 14, "keep_within_weekly": "2y2mo2w2d2h"}
    assert defaults.policy == TIDY
    assert half.removed >= this.removed >= twice.removed


def test_what_if_needs_the_listing_of_the_plan() -> None:
    listing = varied()
    plan = planned(listing, TIDY, now=NOW)
    other = {**listing, "snapshots": listing["snapshots"][1:], "total": listing["total"] - 1}
    assert reported(plan, other).what_if == ()
    assert reported(plan, None).what_if == ()


def test_what_another_policy_cannot_do_is_said() -> None:
    listing = varied()
    plan = planned(listing, {"keep_within_hourly": "1h", "keep_last": 1}, now=NOW, extend_kept=True, **OPEN)
    # Half of an hour and of one snapshot is the same again.
    assert [(one.name, one.refused) for one in reported(plan, listing).what_if] == [
        ("this policy", None),
        ("twice as much", None),
        ("Cloud Manager's defaults", None),
    ]


def test_what_changed_since_the_last_report() -> None:
    before = info([row(1, ago(days=1)), row(2, ago(days=2)), row(3, ago(days=3)), row(4, ago(days=4), ago(hours=1))])
    first = json.loads(as_json(reported(bare(before, {"keep_last": 2}, now=ago(days=0, hours=2)), before)))
    later = info([row(5, ago(hours=1)), row(1, ago(days=1))])
    made = reported(bare(later, {"keep_last": 1}), later, previous=first)
    assert made.since is not None
    assert made.since.new == (sid(5),)
    assert made.since.gone == (
        f"{sid(2)}: gone, although it was to be kept until 2099-01-01T00:00:00Z",
        f"{sid(3)}: gone, and it was to be deleted",
        f"{sid(4)}: gone, and it was to be deleted",
    )
    assert made.since.otherwise == (f"{sid(1)}: action keep → delete",)
    assert made.since.total == 5
    page = Page.of(as_html(made))
    assert sid(5) in page.texts["since"]


def test_an_earlier_report_of_another_cluster_is_left_out() -> None:
    other = info([row(1, ago(days=1), cluster_id="d" * 24)], cluster_id="d" * 24)
    first = json.loads(as_json(reported(bare(other, {"keep_last": 2}), other)))
    own = info([row(1, ago(days=1))])
    assert reported(bare(own, {"keep_last": 1}), own, previous=first).since is None


def test_outcomes_are_shown_with_their_rows() -> None:
    listing = info([row(number, ago(days=number)) for number in range(1, 4)])
    plan = bare(listing, {"keep_last": 1})
    failed = {"status": 409, "code": "CONFLICT", "detail": "It is in use."}
    outcomes: list[dict[str, Any]] = [
        {"id": sid(2), "action": "deleted", "error": None},
        {"id": sid(3), "action": "failed", "error": failed},
    ]
    made = reported(plan, listing, outcomes=outcomes)
    page = Page.of(as_html(made))
    assert "Not everything went as planned" in page.texts["verdict"]
    assert "It is in use." in page.texts[f"s-{sid(3)}"]
    assert "It is in use." in page.texts["problems"]
    assert page.texts["verdict-line"] == recap.verdict(made.run) == recap.lines(made.run, [], [])[2]
    rows = list(csv.DictReader(io.StringIO(as_csv(made), newline="")))
    assert [(one["outcome"], one["error"]) for one in rows] == [("", ""), ("deleted", ""), ("failed", "It is in use.")]


def test_what_was_not_tried_is_not_said_to_be_applied() -> None:
    listing = info([row(number, ago(days=number)) for number in range(1, 4)])
    plan = bare(listing, {"keep_last": 1})
    done = [{"id": sid(number), "action": "deleted", "error": None} for number in (2, 3)]
    halted = [done[0], {"id": sid(3), "action": "not_tried", "error": None}]
    for outcomes, undone, title in (
        (done, 0, "Applied"),
        (halted, 1, "Not everything went as planned"),
        ([], 2, "Not applied"),
    ):
        made = reported(plan, listing, outcomes=outcomes, is_prediction=False)
        assert made.undone == undone
        assert Page.of(as_html(made)).texts["verdict"].startswith(title)
        assert ("1 problem" in indexed(made).texts["clusters"]) is bool(undone)
    assert reported(plan, listing).undone == 0


def refused(*numbers: int) -> list[dict[str, Any]]:
    """Deletions that the service refused."""
    error = {"status": 403, "code": "X", "detail": "No."}
    return [{"id": sid(number), "action": "failed", "error": error} for number in numbers]


def forms(made: Report) -> tuple[Page, dict[str, Any], dict[str, str]]:
    """The page, the summary of the JSON, and the numbers of the index by the heads of their columns."""
    page = index([read_entry("retention-x.json", None, json.loads(as_json(made)))]).page
    cells = re.findall(r'<td class="num"[^>]*>(.*?)</td>', page)
    heads = re.findall(r'<th scope="col" class="num">(.*?)</th>', page)
    return Page.of(as_html(made)), json.loads(as_json(made))["summary"], dict(zip(heads, cells, strict=True))


def test_with_every_deletion_refused_nothing_is_said_to_be_removed() -> None:
    """And what can be restored is what is there."""
    listing = info([row(number, ago(days=number)) for number in range(1, 5)])
    plan = bare(listing, {"keep_last": 1})
    after = {sid(number): None for number in range(1, 5)}
    for listed in (None, after):
        made = reported(plan, listing, outcomes=refused(2, 3, 4), listed_after=listed)
        page, data, line = forms(made)
        assert page.counts["data-count=removed"] == data["removed"] == int(line["Deleted"]) == 0
        assert (data["counts"]["deleted"], data["counts"]["failed"], data["undone"]) == (0, 3, 3)
        assert page.counts["data-count=undone"] == data["marks"]["undone"] == 3
        assert made.after.restorable == made.before.restorable == 4
        assert made.after.oldest == ago(days=4)
        assert (made.after.size, made.size_removed) == (4000, 0)
        assert set(page.marks.values()) == {"kept", "undone"}
        assert "0 deleted" in page.texts["verdict-line"]
        assert "to remove" not in page.texts["verdict"]
        assert list(line) == ["Kept", "Deleted", "Extended", "Held", "Gaps", "Findings"]


def test_what_was_gone_before_is_not_removed_by_this_run() -> None:
    listing = info([row(number, ago(days=number)) for number in range(1, 5)])
    plan = bare(listing, {"keep_last": 1})
    outcomes = [{"id": sid(2), "action": "deleted"}, *({"id": sid(one), "action": "absent"} for one in (3, 4))]
    made = reported(plan, listing, outcomes=outcomes, listed_after={sid(1): None})
    page, data, line = forms(made)
    assert page.counts["data-count=removed"] == data["removed"] == int(line["Deleted"]) == 1
    assert page.counts["data-count=gone"] == data["counts"]["already_gone"] == 2
    assert (made.after.restorable, made.after.size, made.size_removed) == (1, 1000, 1000)
    assert "1 deleted, 2 were already gone" in page.texts["verdict-line"]
    assert Page.of(as_html(made)).texts["verdict"].startswith("Applied")


def test_what_a_listing_afterwards_shows_is_what_can_be_restored() -> None:
    """Deletions that are told done and were not, and a snapshot that was kept and is gone."""
    listing = info([row(number, ago(days=number)) for number in range(1, 5)])
    plan = bare(listing, {"keep_last": 2})
    outcomes = [{"id": sid(number), "action": "deleted"} for number in (3, 4)]
    made = reported(plan, listing, outcomes=outcomes, listed_after={sid(1): None, sid(4): None})
    assert (made.after.restorable, made.after.oldest) == (2, ago(days=4))
    assert (made.removed, made.undone) == (1, 1)
    assert (
        f"{sid(4)} of {ago(days=4)} was reported deleted and is still there" in Page.of(as_html(made)).texts["problems"]
    )


def test_a_prediction_is_worded_as_one() -> None:
    listing, plan = CASES["shortened"]
    page, _data, line = forms(reported(plan, listing))
    told = "".join(page.texts[part] for part in ("verdict", "timeline", "calendar", "snapshots", "coverage"))
    assert page.texts["verdict"].startswith("A prediction: nothing was written")
    for word in ("removed", "deleted", "extended", "shortened"):
        assert not re.search(rf"(?<!to be ){word}", told), word
    assert list(line) == ["To keep", "To delete", "To shorten", "To extend", "Held", "Gaps", "Findings"]
    assert int(line["To shorten"].replace(",", "")) > 0


def test_what_check_mode_would_do_is_not_told_as_done() -> None:
    listing = info([row(number, ago(days=number)) for number in range(1, 4)])
    outcomes = [{"id": sid(number), "action": "deleted"} for number in (2, 3)]
    made = reported(bare(listing, {"keep_last": 1}), listing, outcomes=outcomes, is_prediction=True)
    page, data, _line = forms(made)
    assert "deleted" not in page.texts["snapshots"] + page.texts["verdict"]
    assert data["counts"]["to_delete"] == 2
    assert [one["action"] for one in json.loads(as_json(made))["outcomes"]] == ["to_delete"] * 2
    assert "deleted" not in as_csv(made)


def test_the_times_of_a_run_and_of_the_plan_that_it_applies() -> None:
    listing = info([row(number, ago(days=number)) for number in range(1, 4)])
    plan = bare(listing, {"keep_last": 1})
    outcomes = [{"id": sid(number), "action": "deleted"} for number in (2, 3)]
    later = moment(ago(hours=-9))
    made = reported(plan, listing, outcomes=outcomes, now=later, is_applied_plan=True)
    page, data = Page.of(as_html(made)), json.loads(as_json(made))
    assert (data["now"], data["plan_now"]) == (ago(hours=-9), plan["now"])
    assert page.texts["plan-time"].startswith("2026-08-21 01:00")
    assert page.texts["run-time"].startswith("2026-08-21 10:00")
    assert "2026-08-21 10:00" in indexed(made).texts["clusters"]
    own = Page.of(as_html(reported(plan, listing, outcomes=outcomes)))
    assert "plan-time" not in own.texts


def test_withheld_removals_are_there_afterwards() -> None:
    listing = info([row(number, ago(days=number)) for number in range(1, 5)])
    plan = bare(listing, {"keep_last": 1})
    names = frozenset(sid(number) for number in (2, 3, 4))
    made = reported(plan, listing, is_prediction=False, withheld=names)
    page, data, line = forms(made)
    assert page.counts["data-count=withheld"] == data["withheld"] == 3
    assert made.after.restorable == 4
    assert page.texts["verdict"].startswith("Applied, except for the removals that were withheld")
    assert line["Deleted"] == "0"
    assert "3 removals withheld" in indexed(made).texts["clusters"]


def test_with_nothing_left_to_restore_no_period_is_told_to_be_covered() -> None:
    listing = info([row(1, ago(days=1)), row(2, ago(days=2))])
    plan = bare(listing, {"keep_within_daily": "7d"})
    made = reported(plan, listing, is_prediction=False, listed_after={})
    assert (made.after.restorable, made.after.missing) == (0, None)


def test_periods_that_nobody_could_measure_are_not_told_to_be_there() -> None:
    listing = info([row(1, ago(days=1), ago(hours=1))])
    finding = Note("gaps_unmeasured", "gaps cannot be measured")
    made = reported(bare(listing, {"keep_within_daily": "7d"}), listing, findings=[finding])
    assert (made.before.missing, made.after.missing) == (None, None)
    assert forms(made)[2]["Gaps"] == "not measured"


def test_a_listing_of_another_cluster_is_refused() -> None:
    plan = bare(info([row(1, ago(days=1))]), {"keep_last": 1})
    other = info([row(1, ago(days=1), cluster_id="d" * 24)], cluster_id="d" * 24)
    with pytest.raises(RefusedError, match="listing"):
        reported(plan, other)


def test_the_csv_has_the_columns_that_are_documented() -> None:
    made = reported(bare(info([row(1, ago(days=1))]), {"keep_last": 1}))
    head, line, rest = as_csv(made).split("\r\n")
    assert tuple(head.split(",")) == COLUMNS
    assert line.split(",")[4] == sid(1)
    assert rest == ""
