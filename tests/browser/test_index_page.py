# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The index of a fleet's reports as people have it before them: with one cluster, with forty and with five hundred."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.index import index, read_entry
from playwright.sync_api import Browser

from browser.conftest import AXE, NARROW, WIDE
from unit.plugins.plugin_utils._report.cases import fleet

OpenIndex = Callable[..., Any]
COUNTS = (1, 40, 500)


@pytest.fixture
def open_index(chromium: Browser, tmp_path: Path) -> Iterator[OpenIndex]:
    """`open_index(40, width=, scheme=, script=)`: the index of so many clusters, opened from a file."""
    with ExitStack() as stack:

        def start(count: int, width: int = WIDE, scheme: Any = "light", script: bool = True) -> Any:
            entries = [
                read_entry(f"retention-{n}.json", f"retention-{n}.html", one) for n, one in enumerate(fleet(count))
            ]
            file = tmp_path / "index.html"
            file.write_text(index(entries, ["retention-x.json is not JSON."]).page, encoding="utf-8")
            size: Any = {"width": width, "height": 900}
            context = chromium.new_context(viewport=size, color_scheme=scheme, java_script_enabled=script)
            stack.callback(context.close)
            page = context.new_page()
            page.goto(file.as_uri())
            return page

        yield start


def shown(page: Any) -> list[str]:
    """The names of the clusters in the rows that can be seen, from the top."""
    rows = "rows => rows.filter(row => !row.hidden).map(row => row.cells[0].textContent.trim())"
    return list(page.eval_on_selector_all("#clusters tbody tr", rows))


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("count", COUNTS)
def test_a_cluster_takes_one_line(open_index: OpenIndex, count: int, width: int) -> None:
    page = open_index(count, width)
    heights = page.eval_on_selector_all(
        "#clusters tbody tr", "rows => rows.map(row => Math.round(row.getBoundingClientRect().height))"
    )
    assert len(heights) == count
    assert max(heights) < 36
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.scrollHeight") < 2300


def test_at_full_width_every_column_is_in_view(open_index: OpenIndex) -> None:
    box = "const box = document.querySelector('#clusters').parentElement; return box.scrollWidth - box.clientWidth"
    assert open_index(40).evaluate(f"() => {{ {box} }}") == 0


def test_why_a_cluster_is_blocked_is_behind_its_line(open_index: OpenIndex) -> None:
    page = open_index(40, script=False)
    row = page.locator("#clusters tbody tr").first
    assert row.locator("summary").text_content() == "blocked (1)"
    reason = row.get_by_text("would be removed")
    assert not reason.is_visible()
    row.locator("summary").click()
    assert reason.is_visible()


def test_sorting(open_index: OpenIndex) -> None:
    page = open_index(40)
    page.get_by_role("button", name="Cluster").click()
    assert shown(page) == sorted(shown(page))
    page.get_by_role("button", name="To delete").click()
    page.get_by_role("button", name="To delete").click()
    numbers = page.eval_on_selector_all(
        "#clusters tbody tr", "rows => rows.map(row => row.querySelectorAll('td.num')[3].dataset.v)"
    )
    known = [int(number) for number in numbers if number]
    assert known == sorted(known, reverse=True)
    # A run that wrote has nothing that is to be deleted, which comes last.
    assert numbers[-1] == ""


def test_filtering(open_index: OpenIndex) -> None:
    page = open_index(40)
    page.get_by_label("Show").select_option("blocked")
    assert len(shown(page)) == 14
    assert page.locator("#shown").text_content() == "14 of 40 clusters"
    page.get_by_label("Project").select_option(label="P1")
    assert shown(page) == [f"cluster-{number:03d}" for number in range(40) if number % 3 == 0 and number % 4 == 1]
    page.get_by_label("Show").select_option("")
    page.get_by_label("Project").select_option("")
    page.get_by_label("Containing").fill("Cluster-007")
    assert shown(page) == ["cluster-007"]
    assert open_index(1).locator("#shown").text_content() == "1 cluster"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_axe_finds_nothing_serious(open_index: OpenIndex, axe: str, scheme: str, width: int) -> None:
    page = open_index(40, width, scheme)
    page.locator("summary").first.click()
    page.evaluate(axe)
    assert [one for one in page.evaluate(AXE) if one[1] in ("serious", "critical")] == []


def test_it_prints_on_a_reasonable_number_of_pages(open_index: OpenIndex) -> None:
    for count, most in ((40, 3), (500, 14)):
        printed = open_index(count).pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= most
