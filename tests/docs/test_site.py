# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The site that the session docs has built: each plugin and guide has its page, and to read it takes no network."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tools.tree import CACHE, ROOT

SITE = CACHE / "docs"
PAGES = sorted(SITE.rglob("*.html"))
# What a browser fetches by itself, by element.
FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
    "object": "data",
    "use": "href",
}
# A link that only names another page.
NAMED = {"canonical", "index", "search", "next", "prev", "author", "license", "top", "up"}


class Reader(HTMLParser):
    """What a page fetches, where it links to, and the places in it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.styles: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in FETCHED and not (tag == "link" and given.get("rel") in NAMED):
            self.fetched.append(given.get(FETCHED[tag], ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.places |= {given[name] for name in ("id", "name") if name in given}
        self.styles.append(given.get("style", ""))


READ = {page: Reader(page) for page in PAGES}


def test_every_plugin_and_guide_has_its_page() -> None:
    plugins = ROOT / "plugins"
    kinds = {"modules": "module", "filter": "filter", "inventory": "inventory"}
    wanted = {f"{path.stem}_{name}.html" for kind, name in kinds.items() for path in (plugins / kind).glob("[a-z]*.py")}
    wanted |= {f"{path.name}_role.html" for path in (ROOT / "roles").iterdir()}
    wanted |= {f"docsite/{path.stem}.html" for path in (ROOT / "docs/docsite/rst").glob("*.rst")}
    assert len(wanted) > 20
    assert wanted <= {str(page.relative_to(SITE)) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_nothing_is_fetched_from_elsewhere(page: Path) -> None:
    read = READ[page]
    assert read.fetched != []
    for address in read.fetched:
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc) in (("", ""), ("data", "")), address
        assert parts.scheme or (page.parent / unquote(parts.path)).resolve().exists(), address
    assert not any("url(" in style for style in read.styles)


def test_neither_do_its_styles_and_scripts() -> None:
    styles = list(SITE.rglob("*.css"))
    assert len(styles) > 3
    for path in styles:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"@import[^;]*https?:|url\(\s*[\"']?(?:https?:)?//", text) == [], path
    for path in SITE.rglob("*.js"):
        assert (
            re.findall(r"(?:fetch|importScripts|import)\(\s*[\"'](?:https?:)?//", path.read_text(encoding="utf-8"))
            == []
        ), path


def test_every_link_within_the_site_leads_somewhere() -> None:
    for page, read in READ.items():
        for link in read.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                assert parts.scheme in ("https", "mailto"), (page, link)
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.exists(), (page, link)
            if parts.fragment and target in READ:
                assert unquote(parts.fragment) in READ[target].places, (page, link)


def test_no_page_says_that_something_went_wrong() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'class="(?:problematic|system-message)|Unknown interpreted text role', text), page
