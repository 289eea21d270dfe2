# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's page as people have it before them: in Chromium, small and large, dark and light, on paper."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note

from browser.conftest import AXE, NARROW, WIDE, Open, Opened
from unit.plugins.plugin_utils._retention.cases import ago, bare, info, row

SIZES = ("400", "2000")
LOOKS = [(size, scheme, width) for size in SIZES for scheme in ("light", "dark") for width in (WIDE, NARROW)]
# A table of 2,000 rows keeps axe-core busy, and differs from one of 400 in nothing that it looks at.
READINGS = [look for look in LOOKS if look[0] == "400" or look[1:] in (("light", WIDE), ("dark", NARROW))]


def assert_nothing_else_happened(opened: Opened) -> None:
    assert opened.requests == []
    assert opened.complaints == []


@pytest.mark.parametrize("size", SIZES)
def test_marks_rows_and_numbers_are_those_of_the_plan(open_page: Open, size: str) -> None:
    opened = open_page(size)
    page, plan = opened.page, opened.plan
    marks = page.eval_on_selector_all(
        "#timeline-picture .mark", "marks => marks.map(mark => [mark.dataset.id, mark.dataset.mark])"
    )
    assert sorted(name for name, _mark in marks) == sorted(opened.ids())
    assert opened.shown() == opened.ids()
    kinds = Counter(mark for _name, mark in marks)
    actions = plan["summary"]["by_action"]
    assert (kinds["removed"], kinds["extended"], kinds["shortened"]) == (
        actions["delete"],
        actions["extend"],
        actions["shorten"],
    )
    assert kinds["held"] == plan["summary"]["by_state"]["held"]
    told = page.eval_on_selector_all(
        "[data-count]",
        "all => Object.fromEntries(all.map(one => [one.dataset.count, +one.textContent.replace(',', '')]))",
    )
    assert told["kept"] == kinds["kept"] + kinds["young"]
    assert told["removed"] == kinds["removed"]
    assert page.locator("#timeline-picture .mark").count() == plan["summary"]["total"]
    assert_nothing_else_happened(opened)


@pytest.mark.parametrize("size", SIZES)
def test_every_mark_is_drawn_inside_the_picture(open_page: Open, size: str) -> None:
    outside = open_page(size).page.evaluate(
        """() => {
          const picture = document.getElementById("timeline-picture").getBoundingClientRect();
          return Array.from(document.querySelectorAll("#timeline-picture .mark use")).filter(mark => {
            const box = mark.getBoundingClientRect();
            return !(box.width > 4 && box.left >= picture.left && box.right <= picture.right
              && box.top >= picture.top && box.bottom <= picture.bottom);
          }).length;
        }"""
    )
    assert outside == 0


def test_a_mark_says_which_snapshot_it_is_and_why(open_page: Open) -> None:
    opened = open_page()
    for one in opened.plan["snapshots"][:40]:
        title = opened.page.locator(f'#timeline-picture .mark[data-id="{one["id"]}"] title').text_content()
        assert one["id"] in title
        assert all(reason["text"] in title for reason in one["reasons"])
    extended = opened.page.locator('.mark[data-mark="extended"] .move').count()
    assert extended == opened.plan["summary"]["by_action"]["extend"]


@pytest.mark.parametrize("size", SIZES)
def test_sorting(open_page: Open, size: str) -> None:
    opened = open_page(size)
    page = opened.page
    sizes = {one["id"]: one["file_size_bytes"] for one in opened.plan["snapshots"]}
    page.get_by_role("button", name="Size").click()
    known = [sizes[name] for name in opened.shown() if sizes[name] is not None]
    assert known == sorted(known)
    assert len(opened.shown()) == len(sizes)
    head = page.locator("th[aria-sort=ascending]")
    assert head.count() == 1
    # With the keyboard, the other way round; what has no size stays last.
    page.get_by_role("button", name="Size").focus()
    page.keyboard.press("Enter")
    names = opened.shown()
    known = [sizes[name] for name in names if sizes[name] is not None]
    assert known == sorted(known, reverse=True)
    assert all(sizes[name] is None for name in names[len(known) :])
    page.get_by_role("button", name="Age").click()
    assert opened.shown()[0] == opened.ids()[0]
    page.get_by_role("button", name="Created (UTC)").click()
    created = {one["id"]: one["created_at"] for one in opened.plan["snapshots"]}
    order = [created[name] for name in opened.shown()]
    assert order == sorted(order)
    assert_nothing_else_happened(opened)


@pytest.mark.parametrize("size", SIZES)
def test_filtering(open_page: Open, size: str) -> None:
    opened = open_page(size)
    page = opened.page
    page.get_by_label("Show").select_option("removed")
    assert opened.shown() == opened.ids("delete")
    assert page.locator("#shown").text_content() == f"{len(opened.ids('delete'))} of {len(opened.ids())} snapshots"
    page.get_by_label("Show").select_option("")
    page.get_by_label("Kept by").select_option("daily")
    daily = [
        one["id"]
        for one in opened.plan["snapshots"]
        if any(reason["code"] in ("daily", "daily:oldest") for reason in one["reasons"])
    ]
    assert opened.shown() == daily
    page.get_by_label("Kept by").select_option("min_keep")
    assert opened.shown() == [
        one["id"] for one in opened.plan["snapshots"] if any(reason["code"] == "min_keep" for reason in one["reasons"])
    ]
    page.get_by_label("Kept by").select_option("")
    page.get_by_label("Containing").fill(opened.ids()[7].upper())
    assert opened.ids()[7] in opened.shown()
    assert len(opened.shown()) < len(opened.ids())
    page.get_by_label("Containing").fill("")
    page.keyboard.press("Enter")
    assert opened.shown() == opened.ids()
    assert page.locator("#shown").text_content() == f"all {len(opened.ids())} snapshots"
    assert_nothing_else_happened(opened)


def test_filtering_by_safeguards_alone(open_page: Open) -> None:
    opened = open_page()
    opened.page.get_by_label("Kept by").select_option("safety")
    lane = opened.page.eval_on_selector_all('[data-lane="safety"] .mark', "all => all.map(one => one.dataset.id)")
    assert opened.shown() == lane
    assert len(lane) > 10


def test_without_a_script_it_is_a_plain_table(open_page: Open) -> None:
    opened = open_page(script=False)
    assert not opened.page.locator("#tools").is_visible()
    assert opened.page.locator("#snapshots tbody tr").count() == len(opened.ids())
    assert opened.page.locator("#snapshots button").count() == 0


@pytest.mark.parametrize(("size", "scheme", "width"), READINGS)
def test_axe_finds_nothing_serious_in_the_report(open_page: Open, axe: str, size: str, scheme: str, width: int) -> None:
    opened = open_page(size, scheme=scheme, width=width, findings=[Note("no_expiry", "It never ends.")])
    if size == "400":
        # So that no row is out of sight, whose contrast could not be told.
        opened.page.evaluate("document.querySelector('.rows').style.maxHeight = 'none'")
    opened.page.evaluate(axe)
    found = opened.page.evaluate(AXE)
    assert [one for one in found if one[1] in ("serious", "critical")] == []
    assert_nothing_else_happened(opened)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_blocked_report(open_page: Open, axe: str, scheme: str) -> None:
    listing = info([row(number, ago(days=number)) for number in range(1, 9)])
    plan = bare(listing, {"keep_last": 1, "keep_within_daily": "20d"}, max_delete=0, timezone="Europe/Berlin")
    outcomes = [{"id": row(8, ago())["id"], "action": "failed", "error": {"detail": "It is in use."}}]
    opened = open_page(plan=plan, scheme=scheme, outcomes=outcomes)
    opened.page.evaluate(axe)
    assert [one for one in opened.page.evaluate(AXE) if one[1] in ("serious", "critical")] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_report_of_changes_that_failed(open_page: Open, axe: str, scheme: str) -> None:
    """With a mark of each kind that only a run can have."""
    plan = bare(info([row(number, ago(days=number)) for number in range(1, 9)]), {"keep_last": 1})
    outcomes: list[dict[str, Any]] = [
        {"id": row(2, ago())["id"], "action": "deleted"},
        {"id": row(3, ago())["id"], "action": "absent"},
        {"id": row(4, ago())["id"], "action": "failed", "error": {"detail": "It is in use."}},
    ]
    withheld = frozenset({row(5, ago())["id"]})
    opened = open_page(plan=plan, scheme=scheme, outcomes=outcomes, withheld=withheld)
    for mark, count in (("removed", 1), ("gone", 1), ("withheld", 1), ("undone", 4), ("kept", 1)):
        assert opened.page.locator(f'.mark[data-mark="{mark}"]').count() == count
        assert opened.page.locator(f'.legend use[href="#mark-{mark}"]').count() == 1
    opened.page.evaluate(axe)
    assert [one for one in opened.page.evaluate(AXE) if one[1] in ("serious", "critical")] == []


@pytest.mark.parametrize(("size", "scheme", "width"), LOOKS)
def test_nothing_but_what_scrolls_is_wider_than_the_screen(open_page: Open, size: str, scheme: str, width: int) -> None:
    opened = open_page(size, scheme=scheme, width=width)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_and_light_differ_and_paper_is_light(open_page: Open) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light = open_page(scheme="light").page.evaluate(background)
    dark = open_page(scheme="dark").page
    assert dark.evaluate(background) != light
    dark.emulate_media(media="print")
    assert dark.evaluate(background) == "rgb(255, 255, 255)"
    assert not dark.locator("#tools").is_visible()
    assert dark.evaluate("getComputedStyle(document.querySelector('.rows')).maxHeight") == "none"


def test_it_moves_nothing_for_those_who_want_that(open_page: Open) -> None:
    page = open_page().page
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


@pytest.mark.parametrize(("size", "most"), [("400", 15), ("2000", 55)])
def test_it_prints_on_a_reasonable_number_of_pages(open_page: Open, size: str, most: int) -> None:
    """A snapshot takes one line."""
    printed = open_page(size).page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert 2 < len(re.findall(rb"/Type\s*/Page\b", printed)) <= most


@pytest.mark.parametrize("size", SIZES)
def test_a_deletion_takes_one_line_until_it_is_opened(open_page: Open, size: str) -> None:
    page = open_page(size).page
    heights = page.eval_on_selector_all(
        '#snapshots tr[data-mark="removed"]', "rows => rows.map(row => Math.round(row.getBoundingClientRect().height))"
    )
    assert max(heights) < 36
    row = page.locator('#snapshots tr[data-mark="removed"]').first
    text = row.locator("li").first
    assert not text.is_visible()
    row.locator("summary").click()
    assert text.is_visible()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("script", [True, False])
def test_the_timeline_opens_with_now_in_view(open_page: Open, size: str, script: bool) -> None:
    """Beside the names of the lanes, which stay where they are."""
    page = open_page(size, width=NARROW, script=script).page
    now, names = page.locator(".picture .now").bounding_box(), page.locator(".picture .names").bounding_box()
    view = page.locator(".picture").bounding_box()
    assert names["x"] == view["x"]
    assert names["x"] + names["width"] < now["x"] < view["x"] + view["width"]


@pytest.mark.parametrize("size", SIZES)
def test_at_full_width_every_column_is_in_view(open_page: Open, size: str) -> None:
    box = "const box = document.querySelector('.rows'); return box.scrollWidth - box.clientWidth"
    assert open_page(size).page.evaluate(f"() => {{ {box} }}") == 0


def test_what_lies_beyond_the_edge_is_hinted_at(open_page: Open) -> None:
    """By a shadow, which is not there where nothing lies beyond."""
    page = open_page(width=NARROW).page
    style = page.evaluate("getComputedStyle(document.querySelector('#coverage .scroll')).backgroundAttachment")
    assert style == "local, local, scroll, scroll"


def test_a_mark_can_be_seen_at_its_size(open_page: Open) -> None:
    for size, least in (("400", 11), ("2000", 9.5)):
        boxes = open_page(size).page.eval_on_selector_all(
            '#timeline-picture [data-mark="kept"] use', "all => all.map(one => one.getBoundingClientRect().width)"
        )
        assert min(boxes) >= least
    ticks = open_page().page.locator(".also").first.bounding_box()
    assert ticks["height"] >= 8


@pytest.mark.parametrize(
    "name",
    [
        "<script>document.title = 'obeyed'</script>",
        "</title></style><img src=http://evil.example/x onerror=\"document.title='obeyed'\">",
        "'\"><svg onload=\"document.title='obeyed'\">",
    ],
)
def test_names_are_shown_and_not_obeyed(open_page: Open, name: str) -> None:
    plan: dict[str, Any] = json.loads(json.dumps(bare(info([row(1, ago(days=1))]), {"keep_last": 1})))
    note = {"code": name, "text": name}
    plan["cluster_name"], plan["warnings"] = name, [note]
    plan["snapshots"][0]["reasons"] = [note]
    opened = open_page(plan=plan, evidence={name: name}, findings=[Note(name, name)])
    assert opened.page.locator("h1").text_content() == name
    assert opened.page.title() == f"Retention of {name}"
    assert_nothing_else_happened(opened)


def test_the_page_could_not_load_anything_if_it_wanted(open_page: Open) -> None:
    opened = open_page()
    opened.page.evaluate(
        """() => {
          const image = document.createElement("img");
          image.src = "http://evil.example/x.png";
          document.body.append(image);
          return fetch("http://evil.example/").catch(() => null);
        }"""
    )
    assert opened.requests == []
    assert any("Content Security Policy" in complaint for complaint in opened.complaints)
