# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium, and pages of reports opened in it; tests/tools/browser.sh provides the browser and axe-core."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.html import as_html
from playwright.sync_api import Browser, Route, sync_playwright

from unit.plugins.plugin_utils._report.cases import MANY_RULES, NOW, OPEN, large, reported, varied
from unit.plugins.plugin_utils._retention.cases import planned

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
WIDE, NARROW = 1400, 400
AXE = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
  found => [found.id, found.impact, found.nodes.slice(0, 3).map(node => node.html.slice(0, 200))])"""
# Where tests/tools/browser.sh puts what comes from npm.
NODE_MODULES = Path(os.environ["NODE_PATH"])


@dataclass
class Opened:
    """A page in the browser, the plan it tells of, and what went on beside."""

    page: Any
    plan: dict[str, Any]
    requests: list[str] = field(default_factory=list)
    """What was asked for, the page itself left out."""
    complaints: list[str] = field(default_factory=list)
    """Errors of scripts, and what the console was told."""

    def ids(self, *actions: str) -> list[str]:
        """The snapshots with such an action, newest first; all of them without one."""
        return [one["id"] for one in self.plan["snapshots"] if not actions or one["action"] in actions]

    def shown(self) -> list[str]:
        """The snapshots of the rows that can be seen, from the top."""
        rows = "rows => rows.filter(row => !row.hidden).map(row => row.id.slice(2))"
        return list(self.page.eval_on_selector_all("#snapshots tbody tr", rows))


Open = Callable[..., Opened]


@cache
def plan_of(size: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A listing and its plan, of about 400 or of 2,000 snapshots."""
    if size == "2000":
        given = large()
        return given, planned(given, MANY_RULES, now=NOW, **OPEN)
    given = varied()
    policy = {"keep_daily": 60, "keep_within_weekly": "2y", "keep_within_monthly": "5y"}
    return given, planned(given, policy, now=NOW, extend_kept=True, timezone="Europe/Berlin", **OPEN)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=list(ARGUMENTS)
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, tmp_path: Path) -> Iterator[Open]:
    """`open_page("400", width=, scheme=, **report)`: the page of a report, opened from a file."""
    with ExitStack() as stack:

        def start(
            size: str = "400",
            width: int = WIDE,
            scheme: Any = "light",
            script: bool = True,
            plan: dict[str, Any] | None = None,
            **more: Any,
        ) -> Opened:
            given, made = plan_of(size) if plan is None else (None, plan)
            file = tmp_path / "report.html"
            file.write_text(as_html(reported(made, given, **more)), encoding="utf-8")
            context = chromium.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
            )
            stack.callback(context.close)
            opened = Opened(context.new_page(), json.loads(json.dumps(made)))

            def record(route: Route) -> None:
                if route.request.url == file.as_uri():
                    route.continue_()
                else:
                    opened.requests.append(route.request.url)
                    route.abort()

            context.route("**/*", record)
            opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
            opened.page.on("console", lambda message: opened.complaints.append(message.text))
            opened.page.goto(file.as_uri())
            return opened

        yield start


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    return (NODE_MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
