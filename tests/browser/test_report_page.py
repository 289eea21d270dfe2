# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's page as people have it before them: in Chromium, small and large, dark and light, on paper."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import document
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.index import index, read_entry
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note
from playwright.sync_api import Browser

from browser.conftest import NARROW, WIDE, Open, Opened
from unit.plugins.plugin_utils._report.cases import reported
from unit.plugins.plugin_utils._retention.cases import ago, bare, info, row

SIZES = ("400", "2000")
LOOKS = [(size, scheme, width) for size in SIZES for scheme in ("light", "dark") for width in (WIDE, NARROW)]
# A table of 2,000 rows keeps axe-core busy, and differs from one of 400 in nothing that it looks at.
READINGS = [look for look in LOOKS if look[0] == "400" or look[1:] in (("light", WIDE), ("dark", NARROW))]
AXE = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
  found => [found.id, found.impact, found.nodes.slice(0, 3).map(node => node.html.slice(0, 200))])"""


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
    page.get_by_label("Kept by").select_option("")
    page.get_by_label("Containing").fill(opened.ids()[7].upper())
    assert opened.ids()[7] in opened.shown()
    assert len(opened.shown()) < len(opened.ids())
    page.get_by_label("Containing").fill("")
    page.keyboard.press("Enter")
    assert opened.shown() == opened.ids()
    assert page.locator("#shown").text_content() == f"all {len(opened.ids())} snapshots"
    assert_nothing_else_happened(opened)


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_index(
    chromium: Browser, axe: str, tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    listing = info([row(number, ago(days=number), cluster_id=None) for number in range(1, 9)])
    plans = [bare({**listing, "cluster_id": None}, {"keep_last": 1}, max_delete=limit) for limit in (-1, 1)]
    file = tmp_path / "index.html"
    entries = [
        read_entry(f"{number}.json", f"{number}.html", document(reported(plan))) for number, plan in enumerate(plans)
    ]
    file.write_text(index(entries, ["retention-x.json is not JSON."]).page, encoding="utf-8")
    context = chromium.new_context(viewport={"width": NARROW, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(file.as_uri())
    page.evaluate(axe)
    assert [one for one in page.evaluate(AXE) if one[1] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    assert page.locator("#clusters tbody tr").count() == 2
    context.close()


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


def test_it_prints(open_page: Open) -> None:
    opened = open_page()
    assert opened.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


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
