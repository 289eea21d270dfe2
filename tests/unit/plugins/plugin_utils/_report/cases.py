# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the reports are written with: listings of many kinds, and a page as a reader finds it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import (
    from_api,
    snake_case,
    to_result,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.build import report
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import as_json
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.index import index, read_entry
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import Report
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note, Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import Run, read_outcomes

from simulator import seeds
from simulator.nouns import Cluster
from simulator.schedule import Schedule
from simulator.world import World
from unit.plugins.plugin_utils._retention.cases import TIDY, ago, bare, info, planned, row, spelled

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=timezone.utc)
OPEN: dict[str, Any] = {"max_delete": -1, "max_delete_percent": 100}
MANY_RULES = {
    "keep_last": 10,
    "keep_hourly": 24,
    "keep_daily": 60,
    "keep_weekly": 30,
    "keep_monthly": 12,
    "keep_yearly": -1,
}


def listing(world: World, cluster: Cluster | None = None) -> dict[str, Any]:
    """What `legacy_snapshot_info` would return of a cluster."""
    one = cluster or world.main
    rows = [to_result(from_api(document)) for document in world.documents(one)]
    ids = {"project_id": one.project_id, "cluster_id": one.id, "cluster_name": one.name}
    return info(rows, schedule=snake_case(world.schedule_document(one)), **ids)


def varied() -> dict[str, Any]:
    """Some 400 snapshots: every state and, with `extend_kept`, every action of method delete."""
    generous = Schedule(retention_days=60, daily_days=150, weekly_weeks=50, monthly_months=36)
    given = listing(seeds.replica_set(NOW, schedule=generous))
    rows = given["snapshots"]
    for one in rows[::7]:
        if one["expires_at"] and one["expires_at"] > "2026-11-26":
            one["expires_at"] = "2026-12-05T00:00:00Z"
    future = {**rows[1], "id": "f" * 24, "created_at": spelled(NOW + timedelta(hours=6))}
    return {**given, "snapshots": [future, *rows], "total": len(rows) + 1}


def large(count: int = 2000) -> dict[str, Any]:
    """So many snapshots, an hour apart."""
    return listing(seeds.many(count, NOW))


def cases() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, listing and plan of what between them have all that a report can show."""
    given = varied()
    long = {"keep_daily": 60, "keep_within_weekly": "2y", "keep_within_monthly": "5y"}
    yield "extended", given, planned(given, long, now=NOW, extend_kept=True, timezone="Asia/Kolkata", **OPEN)
    within = {**TIDY, "keep_within_yearly": "5y"}
    yield "shortened", given, planned(given, within, now=NOW, method="expire", timezone="America/New_York", **OPEN)
    yield "blocked", given, planned(given, TIDY, now=NOW, timezone="Europe/Berlin")
    demo = seeds.demo(NOW)
    for cluster in demo.clusters.values():
        one = listing(demo, cluster)
        yield cluster.name, one, planned(one, TIDY, now=NOW, **OPEN)
    empty = info([])
    yield "empty", empty, planned(empty, TIDY, now=NOW)
    thousands = large()
    yield "large", thousands, planned(thousands, MANY_RULES, now=NOW, **OPEN)


def reported(
    plan: Mapping[str, Any],
    given: Mapping[str, Any] | None = None,
    outcomes: Sequence[Mapping[str, Any]] = (),
    evidence: Mapping[str, Any] | None = None,
    findings: Sequence[Note] = (),
    previous: Mapping[str, Any] | None = None,
    **more: Any,
) -> Report:
    """The report of a run of a plan that went through JSON, as one from a file has. `more` is of the run.

    A prediction, unless there are outcomes.
    """
    loaded = Plan.load(json.dumps(plan))
    told = read_outcomes(list(outcomes))
    given_run = {"now": loaded.now, "outcomes": told, "is_prediction": loaded.is_blocked or not told, **more}
    return report(loaded, given, Run(loaded, **given_run), evidence, findings, previous)


def fleet(count: int) -> list[dict[str, Any]]:
    """The JSON of the reports of so many clusters, every third of which is blocked, and every fifth was applied."""
    daily = info([row(number, ago(days=number)) for number in range(1, 12)])
    blocked = json.loads(as_json(reported(bare(daily, {"keep_last": 1}, max_delete=1), daily)))
    applied = json.loads(as_json(reported(bare(daily, {"keep_last": 20}), daily, is_prediction=False)))
    calm = json.loads(as_json(reported(bare(daily, {"keep_last": 20}), daily)))
    found = []
    for number in range(count):
        document = blocked if number % 3 == 0 else applied if number % 5 == 0 else calm
        plan = {**document["plan"], "cluster_id": f"{number:024x}", "project_id": f"{number % 4:024x}"}
        summary = {**document["summary"], "cluster": f"cluster-{number:03d}"}
        found.append({**document, "plan": plan, "summary": summary, "evidence": {"project_name": f"P{number % 4}"}})
    return found


def indexed(*made: Report) -> Page:
    """The index of reports whose pages all lie beside them."""
    entries = [read_entry(f"{one.stem}.json", f"{one.stem}.html", json.loads(as_json(one))) for one in made]
    return Page.of(index(entries).page)


@dataclass
class Page(HTMLParser):
    """The marks, rows and numbers of a page, its elements, and all that it would run or load."""

    marks: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    """By the id of an element, what it reads."""
    elements: Counter[str] = field(default_factory=Counter)
    handlers: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    text: str = ""
    _open: list[tuple[str, str | None]] = field(default_factory=list)
    _counting: tuple[str, str] | None = None
    _in_badge: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def of(cls, html: str) -> Page:
        page = cls()
        page.feed(html)
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements[tag] += 1
        self.handlers += [name for name in found if name.startswith("on")]
        self.targets += [found[name] for name in ("href", "src", "action", "xlink:href", "data") if name in found]
        if found.get("class") == "mark":
            assert found["data-id"] not in self.marks
            self.marks[found["data-id"]] = found["data-mark"]
        if tag == "tr" and found.get("id", "").startswith("s-"):
            self.rows.append({**found, "id": found["id"][2:], "action": ""})
        self._in_badge = found.get("class") == "badge"
        for name in ("data-count", "data-legend"):
            if name in found:
                self._counting = (name, found[name])
        if tag not in ("meta", "path", "circle", "rect", "use", "br", "input", "link"):
            self._open.append((tag, found.get("id")))

    def handle_endtag(self, tag: str) -> None:
        self._counting = None
        self._in_badge = False
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] in ("script", "style"):
            return
        self.text += data
        if self._in_badge:
            self.rows[-1]["action"] += data
        if self._counting is not None:
            self.counts[f"{self._counting[0]}={self._counting[1]}"] = int(data.replace(",", ""))
        for _tag, name in self._open:
            if name is not None:
                self.texts[name] = self.texts.get(name, "") + data
