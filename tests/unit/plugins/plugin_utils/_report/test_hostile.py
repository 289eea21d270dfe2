# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of names and texts from elsewhere: shown, never obeyed, in a page that loads nothing."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import as_csv, as_json
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.html import as_html
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.index import index, read_entry
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.schema import KIND
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.since import read_previous
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.words import visible
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Gap, Note
from hypothesis import given, settings
from hypothesis import strategies as st

from unit import hostile
from unit.hostile import MISSING
from unit.plugins.plugin_utils._report.cases import Page, indexed, reported
from unit.plugins.plugin_utils._retention.cases import BARE, ago, bare, info, plan_of, row

HOSTILE = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><style>*{background:url(//evil.example)}",
    "]]><svg/onload=alert(1)>",
    "<!--",
    "&lt;b&gt;",
    "{{ lookup('pipe', 'id') }}",
    "\u202etxt.exe",
    "a\x00b\ud800c",
    "=cmd|'/c calc'!A1",
)
ANY = st.text(max_size=60) | st.sampled_from(HOSTILE)


def spoiled(text: str) -> dict[str, Any]:
    """The document of a plan with a text wherever a file or a service may put one."""
    listing = info([row(number, ago(days=number)) for number in range(1, 5)], cluster_name=text or "x")
    plan, note = plan_of(listing, {"keep_last": 1, "keep_within_weekly": "4w"}, **BARE), Note(text, text)
    return replace(
        plan,
        cluster_name=text,
        warnings=(note,),
        gaps=(Gap(text, text),),
        blocked_by=(note,),
        decisions=tuple(replace(one, reasons=(*one.reasons, note), why=(note,)) for one in plan.decisions),
    ).dump()


def forms(text: str) -> tuple[str, str, str]:
    """HTML, CSV and JSON with that text everywhere."""
    made = reported(spoiled(text), None, findings=[Note(text, text)], evidence={text: text, "more": {"x": text}})
    return as_html(made), as_csv(made), as_json(made)


@given(ANY)
def test_the_page_has_the_same_elements_whatever_the_names(text: str) -> None:
    # As long, since what does not fit into a line goes behind it.
    page, usual = Page.of(forms(text)[0]), Page.of(forms("o" * max(1, len(text)))[0])
    assert page.elements == usual.elements
    assert page.handlers == []
    assert page.elements["script"] == 1
    assert all(re.fullmatch(r"#[a-z0-9-]+|retention-[a-z0-9-]+\.(json|csv)", target) for target in page.targets)
    assert all(visible(text).strip() in page.texts.get(name, "") for name in ("guard", "findings"))


@given(ANY)
def test_every_form_can_be_written_as_utf_8(text: str) -> None:
    for form in forms(text):
        assert form.encode("utf-8").decode("utf-8") == form


@given(ANY)
def test_no_cell_of_the_csv_is_a_formula(text: str) -> None:
    table = list(csv.reader(io.StringIO(forms(text)[1], newline="")))
    assert {len(line) for line in table} == {len(table[0])}
    assert len(table) == 5
    for line in table:
        for cell in line:
            assert re.fullmatch(r"-?[0-9.]+", cell) or not cell.lstrip(" ").startswith(tuple("=+-@\t\r\n|%＝＋－＠"))


@given(ANY)
def test_the_json_carries_any_text_unchanged(text: str) -> None:
    read = json.loads(forms(text)[2])
    assert read["plan"]["warnings"] == [{"code": text, "text": text}]
    assert read["findings"] == [{"code": text, "text": text}]


def index_of(*texts: str) -> str:
    """The index of the JSON of a report; what follows it is left out."""
    return index([read_entry("retention-x.json", "retention-x.html", json.loads(texts[0]))], texts[1:]).page


@given(ANY)
def test_the_index_shows_any_name(text: str) -> None:
    page, usual = Page.of(index_of(forms(text)[2], text)), Page.of(index_of(forms("orders")[2], "orders"))
    assert page.elements == usual.elements
    assert page.handlers == []
    assert page.elements["script"] == 1


def test_a_cluster_called_script_is_shown_as_such() -> None:
    page = Page.of(forms("<script>")[0])
    assert "<script>" in page.text
    assert page.elements["script"] == 1


def test_the_page_may_load_nothing() -> None:
    html = forms("orders")[0]
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy[1]
    # The namespaces of SVG are no addresses either: inline SVG needs none.
    assert re.findall(r"(?:https?:)?//[a-z]", re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)) == []
    assert " style=" not in html


@pytest.mark.parametrize("page", ["report", "index"])
def test_every_row_has_a_cell_for_each_head(page: str) -> None:
    text = forms("orders")[0] if page == "report" else index_of(forms("orders")[2])
    tables = re.findall(r"<table.*?</table>", text, flags=re.DOTALL)
    assert tables
    for table in tables:
        head, *rows = re.findall(r"<tr.*?</tr>", table, flags=re.DOTALL)
        widths = {len(re.findall(r"<t[hd][ >]", row)) for row in rows}
        assert widths <= {len(re.findall(r"<t[hd][ >]", head))}, table[:300]


def test_the_index_puts_what_is_blocked_first() -> None:
    plans = []
    for cluster_id, name, limit in (("c" * 24, "calm", -1), ("d" * 24, "shut", 1)):
        rows = [row(number, ago(days=number), cluster_id=cluster_id) for number in range(1, 9)]
        listing = info(rows, cluster_id=cluster_id, cluster_name=name)
        plans.append(bare(listing, {"keep_last": 1}, max_delete=limit))
    text = indexed(*map(reported, plans)).texts["clusters"]
    assert text.index("shut") < text.index("calm")
    assert plans[1]["guard"]["reasons"][0]["text"] in text
    assert Page.of(index([]).page).elements["tr"] == 1


@pytest.mark.parametrize(
    "wrong", [{}, [], None, {"kind": "else"}, {"kind": "mongodb_ops.legacy_backup.report", "schema": 1}, {"kind": KIND}]
)
def test_the_index_refuses_what_is_no_report(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"report|has no key"):
        read_entry("retention-x.json", None, wrong)


REPORT = json.loads(forms("orders")[2])


@settings(max_examples=hostile.examples(0.3))
@given(st.sampled_from(list(hostile.places(REPORT))), hostile.any_values_or(hostile.texts) | st.just(MISSING))
def test_any_value_inside_a_report_is_shown_or_refused(place: tuple[Any, ...], value: Any) -> None:
    """By the index, and by the comparison with an earlier report."""
    spoiled = hostile.put(REPORT, place, value)
    with suppress(ValueError):
        assert index([read_entry("retention-x.json", None, spoiled)]).clusters == 1
    try:
        read = read_previous(spoiled)
    except ValueError:
        return
    assert reported(REPORT["plan"], previous=read).problems == []


def test_characters_that_cannot_be_seen_leave_a_mark() -> None:
    assert visible("a\x00b\u202ec\ud800\n\t<d>") == "a\ufffdb\ufffdc\ufffd\n\t<d>"
