# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What code cites is in docs/dev: a rule (R13) or a section (contract 1.3) is a heading, and named files exist."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.tree import ROOT

DEV = ROOT / "docs" / "dev"
FOLDERS = ("plugins/module_utils", "plugins/plugin_utils", "plugins", "roles", "playbooks", "tests", "docs")
SUFFIXES = {".py", ".yml", ".md", ".rst", ".sh", ".j2", ".js", ".css"}
RULE = re.compile(r"\bR[0-9]{1,2}[a-z]?\b")
SECTION = re.compile(r"\b[Cc]ontract\s+(?:#\s+)?([0-9]+(?:\.[0-9]+)?)")
# Other spellings, which a search for `R13` or `contract 1.3` would miss. In comments a bare "(1.3)" is one too.
OTHERS = re.compile(
    r"\b(?:[Rr]ules?\s+R|[Ss]ections?\s+|[Cc]ontract(?:,| [0-9.]+(?:,| and)) )[0-9][0-9.]*[a-z]?|\b[Ss]ection numbers\b"
)
BARE = re.compile(r"(?<![\w`])\((?:[1-9]|1[01])(?:\.[0-9]+)?(?:, [0-9.]+)*\)")


def files(folder: str) -> Iterator[tuple[Path, str]]:
    """The files of a folder, but those of its folders that are tried by themselves; and their text."""
    own = [ROOT / one for one in FOLDERS if one.startswith(f"{folder}/")]
    for path in sorted((ROOT / folder).rglob("*")):
        if path.suffix in SUFFIXES and path != Path(__file__) and not any(one in path.parents for one in own):
            yield path, path.read_text(encoding="utf-8")


def headings(name: str) -> set[str]:
    """The numbers that the headings of a page begin with."""
    text = (DEV / name).read_text(encoding="utf-8")
    return set(re.findall(r"^##+ (R[0-9]+[a-z]?|[0-9]+(?:\.[0-9]+)?)\.? ", text, re.MULTILINE))


def comments(source: str) -> Iterator[str]:
    """The comments and docstrings of Python code."""
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_docstring = token.type == tokenize.STRING and before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        if token.type == tokenize.COMMENT or is_docstring:
            yield token.string
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            before = token.type


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_cited_is_a_heading(folder: str) -> None:
    rules, sections = headings("retention-rules.md"), headings("api-contract.md")
    missing = [
        f"{path.relative_to(ROOT)}: {cited}"
        for path, text in files(folder)
        for cited in {*RULE.findall(text), *SECTION.findall(text)}
        if cited not in rules | sections
    ]
    assert missing == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_citations_are_spelled_in_one_way(folder: str) -> None:
    found = [f"{path.relative_to(ROOT)}: {one}" for path, text in files(folder) for one in OTHERS.findall(text)]
    found += [
        f"{path.relative_to(ROOT)}: {one}"
        for path, text in files(folder)
        if path.suffix == ".py"
        for comment in comments(text)
        for one in BARE.findall(comment)
    ]
    assert found == []


def test_each_rule_says_whether_it_is_built() -> None:
    parts = re.split(r"^## ", (DEV / "retention-rules.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    rules = [part for part in parts if re.match(r"R[0-9]|Gaps|What must hold", part)]
    assert len(rules) == len(headings("retention-rules.md")) + 2
    status = re.compile(r".*\n\nStatus: (built|not built yet)[.,]")
    wrong = [rule.partition("\n")[0] for rule in rules if not status.match(rule)]
    assert wrong == []


def test_each_file_that_the_architecture_names_exists() -> None:
    """Names are paths from the root, or in a table those of the folder in the row's first cell."""
    named, missing = 0, []
    for line in (DEV / "architecture.md").read_text(encoding="utf-8").splitlines():
        names = re.findall(r"`([\w./-]+(?:/|\.(?:py|yml|md|rst|j2|css|js)))`", line)
        folder = ROOT / names[0] if names and line.startswith("| `") else ROOT
        named += len(names)
        missing += [name for name in names if not (ROOT / name).exists() and not (folder / name).exists()]
    assert missing == []
    assert named > 60


def test_the_architecture_names_each_file_that_plugins_share() -> None:
    page = (DEV / "architecture.md").read_text(encoding="utf-8")
    files = [path for name in ("module_utils", "plugin_utils") for path in (ROOT / "plugins" / name).rglob("*.py")]
    assert len(files) > 50
    assert [path for path in files if path.name != "__init__.py" and f"`{path.name}`" not in page] == []
