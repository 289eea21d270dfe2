# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's script, style sheet and pages, as the linters of the web see them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import as_json
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.html import as_html
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.index import index, read_entry
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note

from browser.conftest import NODE_MODULES
from tools.tree import ROOT
from unit.plugins.plugin_utils._report.cases import cases, reported

REPORT = ROOT / "plugins" / "plugin_utils" / "_report"
CONFIGS = ROOT / "tests" / "browser"


def findings(folder: Path, *command: str | Path) -> str:
    """What a linter finds in files of a folder, as text; empty where it finds nothing."""
    program, config, *rest = command
    line = [NODE_MODULES / ".bin" / program, "--config", CONFIGS / config, "--max-warnings=0", *rest]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def eslint(folder: Path) -> str:
    return findings(folder, "eslint", "eslint.config.cjs", *folder.glob("*.js"))


def stylelint(folder: Path) -> str:
    return findings(folder, "stylelint", "stylelint.json", "--config-basedir", NODE_MODULES, *folder.glob("*.css"))


def html_validate(folder: Path) -> str:
    return findings(folder, "html-validate", "htmlvalidate.cjs", *sorted(folder.glob("*.html")))


def test_the_script() -> None:
    assert eslint(REPORT) == ""


def test_the_style_sheet() -> None:
    assert stylelint(REPORT) == ""


def test_the_pages(tmp_path: Path) -> None:
    entries = []
    for name, listing, plan in cases():
        made = reported(plan, listing, findings=[Note("no_expiry", "It never expires.")])
        (tmp_path / f"{name}.html").write_text(as_html(made), encoding="utf-8")
        entries.append(read_entry(f"retention-{name}.json", f"{name}.html", json.loads(as_json(made))))
    page = index(entries, ["retention-x.json is not JSON."]).page
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    assert html_validate(tmp_path) == ""


@pytest.mark.parametrize(
    ("lint", "name", "text", "rule"),
    [
        (eslint, "wrong.js", '"use strict";\nnowhere();\n', "no-undef"),
        (stylelint, "wrong.css", "a { colr: red; }\n", "property-no-unknown"),
        (html_validate, "wrong.html", '<p id="a">A</p><p id="a">B</p>\n', "no-dup-id"),
    ],
)
def test_the_linters_find_what_is_wrong(
    lint: Callable[..., str], name: str, text: str, rule: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert rule in lint(tmp_path)
