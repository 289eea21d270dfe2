# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reader finds on the pages: a line for each thing, words that are explained, pictures that fit."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.html import as_html
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.index import index, read_entry
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import Report
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.reasons import Told, terms, told
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.timeline import timeline
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note

from tools.tree import ROOT
from unit.plugins.plugin_utils._report.cases import Page, cases, fleet, indexed, reported
from unit.plugins.plugin_utils._retention.cases import TIDY, ago, bare, info, row, sid

REPORT = ROOT / "plugins" / "plugin_utils" / "_report"
CASES = {name: (listing, plan) for name, listing, plan in cases()}
NOUNS = (
    "snapshot gap warning finding change cluster file removal problem period candidate hour day week month year".split()
)
DAILY = info([row(number, ago(days=number)) for number in range(1, 12)])


def lines(made: Report) -> dict[str, Told]:
    """The reasons of each snapshot as the table has them."""
    return {one.id: line for one, line in zip(made.rows, told(made), strict=True)}


@cache
def made_of(name: str) -> Report:
    listing, plan = CASES[name]
    return reported(plan, listing)


def made_with(name: str, **more: Any) -> Report:
    listing, plan = CASES[name]
    return reported(plan, listing, **more)


@cache
def page_of(name: str) -> str:
    return as_html(made_of(name))


# --- reasons ---


def test_a_deletion_is_explained_in_a_line_and_the_rest_is_behind_it() -> None:
    plan = bare(DAILY, {"keep_last": 1, "keep_within_weekly": "4w", "keep_within_monthly": "3mo"})
    made = reported(plan, DAILY)
    # The plan is of a Friday, and the newest snapshot of the Thursday before it.
    assert lines(made)[sid(2)].line == f"weekly 2026-W34 → {sid(1)}"
    (removed,) = (one for one in plan["snapshots"] if one["id"] == sid(2))
    assert [note.text for note in lines(made)[sid(2)].rest] == [note["text"] for note in removed["why"]]
    assert len(removed["why"]) > 1
    summary, rest = re.findall(r"<details><summary>(.*?)</summary><ul>(.*?)</ul></details>", as_html(made))[1]
    assert summary == f"weekly 2026-W34 → {sid(1)}"
    assert re.findall(r"<li>(.*?)</li>", rest) == [note["text"] for note in removed["why"]]


def test_without_another_in_its_period_the_rule_that_reaches_furthest_explains() -> None:
    listing = info([row(number, ago(days=number)) for number in (1, 2, 200)])
    both = reported(bare(listing, {"keep_last": 1, "keep_within_daily": "7d"}), listing)
    assert re.match(r"daily: older than the cutoff 2026-08-1", lines(both)[sid(200)].line)
    assert len(lines(both)[sid(200)].rest) == 2
    alone = reported(bare(listing, {"keep_last": 2}), listing)
    assert lines(alone)[sid(200)] == (f"last: quota used up by {sid(2)}", ())


def test_many_reasons_do_not_make_many_lines() -> None:
    for name in CASES:
        for one in lines(made_of(name)).values():
            assert len(one.line) < 75 or " → " not in one.line
            assert "\n" not in one.line


def test_a_faulty_one_is_said_to_be_faulty() -> None:
    rows = [row(number, ago(days=number), is_possibly_inconsistent=number == 3) for number in range(1, 6)]
    listing = info(rows)
    made = reported(bare(listing, {"keep_within_weekly": "4w"}), listing)
    assert lines(made)[sid(3)].line == f"faulty; weekly 2026-W34 → {sid(1)}"
    assert "faulty" in terms(made)


def test_the_legend_explains_each_word_of_the_table_and_no_other() -> None:
    made = made_of("ledger")
    assert {"candidate", "held", "expired", "incomplete", "min_keep", "pit:base", "outlives", "→"} <= set(terms(made))
    assert "…:oldest" not in terms(made)
    assert terms(made)["min_keep"].startswith("one of the newest 3,")
    assert terms(made)["min_age"] == "younger than 24 hours"
    assert all(meaning in Page.of(as_html(made)).texts["terms"] for meaning in terms(made).values())
    few = reported(bare(DAILY, {"keep_daily": 20}), DAILY)
    assert list(terms(few)) == ["candidate", "daily 3/7", "min_keep"]


@pytest.mark.parametrize("name", CASES)
def test_no_word_of_the_table_is_left_unexplained(name: str) -> None:
    """Whatever the policy. `represented` and the like are texts, not words."""
    made, explained = made_of(name), set(terms(made_of(name)))
    for one in made.rows:
        assert one.state in explained
        for code in (reason.code for reason in one.reasons):
            rule, _sign, more = code.partition(":")
            known = {code, f"…:{more}", "daily 3/7" if not rule.startswith("within") else "within_…"}
            assert known & explained, code


def test_the_table_can_be_filtered_by_safeguards() -> None:
    page = page_of("ledger")
    assert "safeguards alone (3)" in page
    words = re.findall(r'data-kept="([^"]*)"', page)
    assert sum("safety" in one.split() for one in words) == 3
    assert any(one.split()[-3:] == ["min_keep", "min_age", "pit"] for one in words)


# --- wording ---


def test_a_run_that_wrote_says_what_it_did_with_each_snapshot() -> None:
    plan = bare(DAILY, {"keep_last": 8})
    outcomes: list[dict[str, Any]] = [
        {"id": sid(9), "action": "deleted", "error": None},
        {"id": sid(10), "action": "absent", "error": None},
        {"id": sid(11), "action": "failed", "error": {"detail": "It is in use."}},
    ]
    made = reported(plan, DAILY, outcomes=outcomes)
    assert [one["action"] for one in Page.of(as_html(made)).rows] == [
        *["kept"] * 8,
        "deleted",
        "already gone",
        "delete: failed",
    ]


def test_one_is_one() -> None:
    """No plural stands beside a one, in whatever form."""
    listing = info([row(1, ago(days=1), None), row(2, ago(days=9))], schedule=None)
    made = reported(bare(listing, {"keep_within_weekly": "2w", "keep_daily": 1}), listing)
    pages = [as_html(made), indexed(made).text, *(page_of(name) for name in ("ledger", "catalogue"))]
    for page in pages:
        text = re.sub(r"\s+", " ", Page.of(page).text)
        assert re.findall(rf"(?<![0-9,.])\b1 (?:{'|'.join(NOUNS)})s\b", text) == []


def test_held_is_held() -> None:
    """A snapshot without an expiry counts as held, and no finding says that it is not."""
    made = made_with("ledger", findings=[Note("no_expiry", "x has no expiry, and do_not_delete is not set")])
    assert made.counts["held"] == 2
    page = Page.of(as_html(made))
    assert page.texts["held-line"].strip().endswith("1 with do_not_delete, 1 without an expiry.")
    assert "not held" not in page.text


def test_each_finding_is_told_once() -> None:
    listing, plan = CASES["catalogue"]
    (warning,) = (one for one in plan["warnings"] if one["code"] == "stale")
    page = Page.of(
        as_html(reported(plan, listing, findings=[Note(**warning), *[Note("gap", f"g{n}") for n in range(9)]]))
    )
    assert page.text.count(warning["text"]) == 1
    # Those of the audit, and one of the plan.
    assert "gap (10)" in page.texts["findings"]
    assert "and 7 more" in page.texts["findings"]


def test_evidence_has_each_key_once() -> None:
    evidence = {"platform": "atlas", "check_mode": False, "project_id": "another"}
    made = reported(CASES["orders"][1], evidence=evidence)
    keys = re.findall(r"<dt>([a-z_]+)</dt><dd><code>", as_html(made))
    assert len(keys) == len(set(keys))
    assert keys[-1] == "platform"
    assert (made.facts["check_mode"], made.facts["project_id"]) == (True, made.plan["project_id"])


def test_what_if_has_only_policies_that_differ() -> None:
    listing = DAILY
    unlimited = reported(bare(listing, {"keep_monthly": -1}), listing)
    assert [one.name for one in unlimited.what_if] == ["this policy", "Cloud Manager's defaults"]
    own = reported(bare(listing, TIDY), listing)
    assert [one.name for one in own.what_if] == ["this policy", "half as much", "twice as much"]
    policies = [str(one.policy) for one in own.what_if]
    assert len(policies) == len(set(policies))


# --- the project ---


def test_the_name_of_the_project_is_on_the_page_and_in_the_index() -> None:
    made = made_with("orders", evidence={"project_name": "Shop & Co"})
    page = Page.of(as_html(made))
    assert page.texts["project"] == "Shop & Co"
    assert page.texts["evidence"].count("Shop & Co") == 1
    assert "Shop & Co" in indexed(made).texts["clusters"]
    nameless = made_of("orders")
    assert "project" not in Page.of(as_html(nameless)).texts
    assert str(nameless.plan["project_id"]) in indexed(nameless).texts["clusters"]


@pytest.mark.parametrize("name", [None, 7, "", "  ", ["x"], "x" * 5000])
def test_a_name_of_the_project_that_is_none_does_no_harm(name: Any) -> None:
    shown = made_with("orders", evidence={"project_name": name}).project_name
    assert shown is None or shown == "x" * 200


# --- the index ---


def index_of(documents: list[dict[str, Any]]) -> str:
    return index([read_entry(f"{n}.json", f"{n}.html", one) for n, one in enumerate(documents)]).page


def test_a_cluster_takes_one_line_and_its_reasons_are_behind_it() -> None:
    documents = fleet(1)
    page = index_of(documents)
    (behind,) = re.findall(r"<details><summary>(.*?)</summary><ul>(.*?)</ul></details>", page)
    assert behind[0] == '<b class="bad">blocked (1)</b>'
    first, *_findings = re.findall("<li>(.*?)</li>", behind[1])
    assert [first] == [note["text"] for note in documents[0]["plan"]["guard"]["reasons"]]
    # Nowhere else, so that the line stays one.
    assert page.count("would be removed") == 1


def test_an_index_has_a_column_only_for_what_applies() -> None:
    heads = re.findall(r'<th scope="col" class="num">(.*?)</th>', index_of(fleet(6)))
    assert heads == ["Kept", "To keep", "Deleted", "To delete", "Extended", "To extend", "Held", "Gaps", "Findings"]
    heads = re.findall(r'<th scope="col" class="num">(.*?)</th>', index_of(fleet(5)))
    assert heads == ["To keep", "To delete", "To extend", "Held", "Gaps", "Findings"]


def test_the_index_can_be_filtered_by_what_is_to_be_looked_at_and_by_project() -> None:
    page = index_of(fleet(40))
    assert "blocked (14)</option>" in page
    assert page.count('data-kinds="blocked') == 14
    assert "nothing to look at (26)</option>" in page
    assert re.findall(r'<option value="0{23}([0-9])">(P[0-9])<', page) == [(f"{n}", f"P{n}") for n in range(4)]
    assert 'data-key="project"' not in index_of(fleet(1))


def test_a_project_has_one_name_even_where_an_older_report_has_none() -> None:
    documents = fleet(8)
    documents[0]["evidence"] = {}
    assert re.findall(r'<option value="0{24}">(.*?)<', index_of(documents)) == ["P0"]


# --- the timeline ---


def test_the_axis_of_a_retired_cluster_fits_what_is_there() -> None:
    listing = info([row(number, ago(days=400 + 7 * number)) for number in range(40)])
    made = reported(bare(listing, {"keep_monthly": -1}, anchor="now"), listing)
    picture = timeline(made, {})
    places = [float(mark.at.split()[0]) for lane in picture.lanes for mark in lane.marks]
    assert max(places) - min(places) > 0.75 * picture.width
    assert picture.break_at is not None
    assert max(places) < picture.break_at < next(line.x for line in picture.lines if line.is_now)
    assert len(picture.lines) > 5
    running = reported(bare(DAILY, {"keep_monthly": -1}), DAILY)
    assert timeline(running, {}).break_at is None
    assert "interrupted" in Page.of(as_html(made)).text
    assert "interrupted" not in Page.of(as_html(running)).text


def test_few_marks_are_larger_than_many() -> None:
    small, many = (timeline(made_of(name), {}).size for name in ("ledger", "large"))
    assert small > many == 1


@pytest.mark.parametrize("name", CASES)
def test_no_two_texts_of_the_axis_overlap(name: str) -> None:
    lines_of = sorted(timeline(made_of(name), {}).lines, key=lambda line: line.text_x)
    for left, right in zip(lines_of, lines_of[1:], strict=False):
        assert right.text_x - left.text_x >= 3.1 * (len(left.text) + len(right.text)), (left, right)


# --- the look ---


def test_every_class_of_a_page_is_one_of_the_style_sheet() -> None:
    """A name that is not there, or that no selector can have, is a look that nobody gets."""
    style = (REPORT / "report.css").read_text(encoding="utf-8")
    known = set(re.findall(r"\.(-?[a-z_][a-z0-9_-]*)", style))
    pages = [page_of(name) for name in CASES] + [index_of(fleet(6))]
    used = {name for page in pages for names in re.findall(r' class="([^"]*)"', page) for name in names.split()}
    assert used - known == set()


@pytest.mark.parametrize("name", CASES)
def test_every_id_and_reference_of_a_page_is_good(name: str) -> None:
    page = page_of(name)
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*", one) for one in ids)
    references = re.findall(r' (?:href="#|aria-labelledby=")([^"]*)"', page)
    assert set(references) <= set(ids)
