# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draws the pictures of the guides into them. What a picture of a policy shows was planned by the filter itself.

A guide has a comment ``.. picture: NAME``; what follows up to ``.. picture ends`` is written here. They are SVG in
the page, since the tools that make sites of collections copy no other files, and so that their text has the page's own
colour.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from html import escape
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_plan import retention_plan

from tools.tree import ROOT

GUIDES = ROOT / "docs" / "docsite" / "rst"
# A Friday, so that the picture has whole weeks in it.
NOW = datetime(2026, 8, 21, 1, tzinfo=timezone.utc)
FAR = datetime(2099, 1, 1, tzinfo=timezone.utc)
# Only the rules of the policy decide, the newest snapshot excepted.
BARE: dict[str, Any] = {
    "min_keep": 1,
    "min_age": "off",
    "pit_window": "off",
    "max_delete": -1,
    "max_delete_percent": 100,
    "stale_after": "off",
}
WIDTH, LEFT, RIGHT = 760, 200, 745
# Dark enough on white and bright enough on black; whoever sees no colours has heights, dashes and words.
KEPT, GONE, HELD, NEW = "#2f7de1", "#8a8f98", "#c77d0a", "#2a9d4e"
_MARK = re.compile(r"^\.\. picture: (\w+)\n.*?(?=^\.\. picture ends$|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Taken:
    """A snapshot of a picture."""

    created: datetime
    expires: datetime | None = FAR
    held: bool = False
    complete: bool = True


@dataclass(frozen=True)
class Axis:
    """Time from left to right, so many days before and after now."""

    before: float
    after: float = 0

    def x(self, instant: datetime) -> float:
        """Where an instant lies, in the picture's units."""
        days = (instant - NOW) / timedelta(days=1)
        return LEFT + (RIGHT - LEFT) * (min(max(days, -self.before), self.after) + self.before) / (
            self.before + self.after
        )


# --- planning ---


def planned(taken: Sequence[Taken], policy: Mapping[str, Any], **options: Any) -> dict[Taken, dict[str, Any]]:
    """What the filter makes of each snapshot."""
    by_id = {f"{number:024x}": one for number, one in enumerate(taken, 1)}
    info = {
        "snapshots": [_row(name, one) for name, one in by_id.items()],
        "total": len(taken),
        "truncated": False,
        "filtered": False,
        "completeness": "all",
        "project_id": "a" * 24,
        "cluster_id": "b" * 24,
        "cluster_name": "Cluster0",
        "schedule": None,
        "restore_jobs": [],
    }
    plan = retention_plan(info, policy, now=NOW, **{**BARE, **options})
    return {by_id[row["id"]]: row for row in plan["snapshots"]}


def _row(name: str, one: Taken) -> dict[str, Any]:
    return {
        "id": name,
        "project_id": "a" * 24,
        "cluster_id": "b" * 24,
        "cluster_name": "Cluster0",
        "created_at": one.created,
        "created_increment": 1,
        "complete": one.complete,
        "do_not_delete": one.held,
        "expires_at": None if one.held else one.expires,
        "file_size_bytes": 1000,
    }


def because(plan: Mapping[Taken, Mapping[str, Any]], *codes: str) -> list[Taken]:
    """Those that are kept for one of these reasons."""
    return [one for one, row in plan.items() if {reason["code"] for reason in row["reasons"]} & set(codes)]


def staying(plan: Mapping[Taken, Mapping[str, Any]]) -> list[Taken]:
    """Those that are kept."""
    return [one for one, row in plan.items() if row["action"] in ("keep", "extend")]


def every(step: timedelta, times: int, newest: datetime) -> list[Taken]:
    """So many snapshots, evenly apart."""
    return [Taken(newest - step * number) for number in range(times)]


# --- drawing ---


def text(x: float, y: float, words: str, **more: str) -> str:
    """A line of text in the colour of the page."""
    extra = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
    return f'<text x="{x:.0f}" y="{y:.0f}"{extra}>{escape(words)}</text>'


def ticks(axis: Axis, taken: Iterable[Taken], y: float, height: float, colour: str, width: float = 2.4) -> str:
    """One upright stroke for each snapshot."""
    strokes = "".join(f"M{axis.x(one.created):.1f} {y - height / 2:g}v{height:g}" for one in taken)
    return f'<path d="{strokes}" stroke="{colour}" stroke-width="{width}"/>' if strokes else ""


def row(axis: Axis, y: float, label: str, all_of: Iterable[Taken], kept: Iterable[Taken], colour: str = KEPT) -> str:
    """A row: all snapshots low and pale, those that are kept tall."""
    stay = list(kept)
    rest = [one for one in all_of if one not in stay]
    pale = f'<g opacity="0.55">{ticks(axis, rest, y, 6, GONE, 1.6)}</g>'
    return text(0, y + 4, label, font_family="monospace") + pale + ticks(axis, stay, y, 20, colour)


def band(axis: Axis, y: float, begin: datetime, end: datetime = NOW) -> str:
    """The window of a rule."""
    x = axis.x(begin)
    place = f'x="{x:.1f}" y="{y - 13}" width="{axis.x(end) - x:.1f}" height="26"'
    return f'<rect {place} rx="3" fill="{KEPT}" opacity="0.14"/>'


def scale(axis: Axis, y: float, labels: Mapping[str, datetime]) -> str:
    """The axis, with words where they are due."""
    line = f'<path d="M{LEFT} {y}H{RIGHT}" stroke="currentColor" opacity="0.5"/>'
    marks = "".join(f"M{axis.x(at):.1f} {y}v5" for at in labels.values())
    words = [text(axis.x(at), y + 19, label, text_anchor=_anchor(axis.x(at))) for label, at in labels.items()]
    return f'{line}<path d="{marks}" stroke="currentColor" opacity="0.5"/>{"".join(words)}'


def _anchor(x: float) -> str:
    return "end" if x > RIGHT - 20 else "middle"


def days_ago(*numbers: int) -> dict[str, datetime]:
    """Labels for an axis of days."""
    return {
        "now" if not number else f"{number} days ago": NOW - timedelta(days=number)
        for number in sorted(numbers, reverse=True)
    }


def svg(title: str, description: str, height: float, parts: Iterable[str]) -> str:
    """A picture with its title and what it says, for those who do not see it."""
    head = (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title)}: {escape(description)}"'
        ' xmlns="http://www.w3.org/2000/svg" font-size="13" fill="currentColor" style="width:100%;min-width:38em">'
    )
    return "\n".join([head, *(part for part in parts if part), "</svg>"])


# --- the pictures ---


def rules() -> str:
    """Three windows over five weeks of snapshots, six hours apart."""
    axis, taken = Axis(35), every(timedelta(hours=6), 139, NOW - timedelta(hours=1))
    policy = {"keep_within": "2d", "keep_within_daily": "7d", "keep_within_weekly": "4w"}
    plan, newest = planned(taken, policy), taken[0].created
    stay = staying(plan)
    windows = {"keep_within: 2d": 2, "keep_within_daily: 7d": 7, "keep_within_weekly: 4w": 28}
    parts = [row(axis, 20, f"there are {len(taken)}", taken, taken, "currentColor")]
    for number, (label, days) in enumerate(windows.items(), 1):
        y = 20 + 36 * number
        parts.append(band(axis, y, newest - timedelta(days=days), newest))
        parts.append(row(axis, y, label, taken, because(plan, label.partition(":")[0][len("keep_") :])))
    parts.append(row(axis, 164, f"{len(stay)} kept", taken, stay, NEW))
    parts.append(scale(axis, 188, days_ago(35, 28, 21, 14, 7, 0)))
    said = f"three windows keep {len(stay)} of {len(taken)}: all of two days, one a day for seven, one a week for four"
    return svg("Three rules", said, 212, parts)


def outage() -> str:
    """Daily snapshots that stopped five days ago, under a count and under windows of either anchor."""
    axis, taken = Axis(21), every(timedelta(days=1), 15, NOW - timedelta(days=5, hours=2))
    newest = taken[0].created
    cases: tuple[tuple[str, dict[str, Any], str, tuple[datetime, datetime] | None], ...] = (
        ("keep_daily: 7", {"keep_daily": 7}, "newest", None),
        ("keep_within_daily: 7d", {"keep_within_daily": "7d"}, "newest", (newest - timedelta(days=7), newest)),
        ("the same, anchor: now", {"keep_within_daily": "7d"}, "now", (NOW - timedelta(days=7), NOW)),
    )
    parts = [row(axis, 20, "there are", taken, taken, "currentColor")]
    counts = []
    for number, (label, policy, anchor, window) in enumerate(cases, 1):
        kept = staying(planned(taken, policy, anchor=anchor))
        counts.append(len(kept))
        parts.append("" if window is None else band(axis, 20 + 36 * number, *window))
        parts.append(row(axis, 20 + 36 * number, label, taken, kept))
    parts.append(scale(axis, 152, days_ago(21, 14, 5, 0)))
    said = (
        f"a count of seven keeps {counts[0]}, a window before the newest {counts[1]}, a window before now {counts[2]}"
    )
    return svg("Five days without backups", said, 176, parts)


def floor() -> str:
    """What is kept under a policy that keeps a single snapshot."""
    axis, taken = Axis(6), every(timedelta(hours=6), 24, NOW - timedelta(hours=1))
    held = Taken(taken[18].created, held=True)
    unfinished = Taken(NOW - timedelta(minutes=10), complete=False)
    taken = [unfinished, *taken[:18], held, *taken[19:]]
    plan = planned(taken, {"keep_last": 1}, min_keep=3, min_age="24h", pit_window="72h")
    apart = [held, unfinished]
    candidates = [one for one in taken if one not in apart]
    reasons = (
        ("keep_last: 1", ("last",), None),
        ("min_keep: 3", ("min_keep",), None),
        ("min_age: 24h", ("min_age",), 1),
        ("pit_window: 72h", ("pit", "pit:base"), 3),
    )
    parts = []
    for number, (label, codes, days) in enumerate(reasons):
        y = 20 + 32 * number
        parts.append("" if days is None else band(axis, y, NOW - timedelta(days=days)))
        parts.append(row(axis, y, label, candidates, because(plan, *codes)))
    base = because(plan, "pit:base")[0]
    parts.append(text(axis.x(base.created) - 6, 107, "the base", text_anchor="end", fill=KEPT))
    parts.append(row(axis, 148, "never touched", [], apart, HELD))
    parts.append(text(axis.x(held.created) + 7, 152, "held", fill=HELD))
    parts.append(text(axis.x(unfinished.created) - 7, 152, "incomplete", fill=HELD, text_anchor="end"))
    stay = [one for one in staying(plan) if one not in apart]
    parts.append(row(axis, 180, "kept", candidates, stay, NEW) + ticks(axis, apart, 180, 20, HELD))
    parts.append(scale(axis, 204, days_ago(6, 5, 4, 3, 2, 1, 0)))
    said = (
        f"where the policy keeps one, {len(stay)} of {len(candidates)} are kept,"
        " and no held or incomplete one is touched"
    )
    return svg("The floor", said, 228, parts)


def life(axis: Axis, y: float, one: Taken, label: str, colour: str, until: datetime | None = None) -> str:
    """A bar from creation to expiry, and a dashed one up to a later expiry."""
    begin, end = axis.x(one.created), axis.x(one.expires or FAR)
    dashes = ' stroke-dasharray="3 3"' if colour == GONE else ""
    line = f'<path d="M{begin:.1f} {y}H{end:.1f}" stroke="{colour}" stroke-width="5"{dashes}/>'
    dot = f'<circle cx="{begin:.1f}" cy="{y}" r="5" fill="{colour}"/>'
    more = (
        ""
        if until is None
        else f'<path d="M{end:.1f} {y}H{axis.x(until):.1f}" stroke="{NEW}" stroke-width="5" stroke-dasharray="9 3"/>'
    )
    return text(0, y + 4, label) + line + dot + more


def outlives() -> str:
    """A week of which not the newest snapshot has the long life."""
    monday = datetime(2026, 8, 10, 23, tzinfo=timezone.utc)
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    week = [
        Taken(monday + timedelta(days=day), monday + timedelta(days=400 if day == 1 else day + 14)) for day in range(7)
    ]
    axis = Axis(12, 24)
    plan = planned(week, {"keep_within_weekly": "4w"})
    parts = []
    for number, (name, one) in enumerate(zip(names, week, strict=True)):
        codes = [reason["code"] for reason in plan[one]["reasons"]]
        why = next((code for code in codes if code in ("within_weekly", "outlives")), "")
        y = 16 + 24 * number
        colour = {"within_weekly": KEPT, "outlives": NEW}.get(why, GONE)
        parts.append(life(axis, y, one, f"{name}: {f'kept, {why}' if why else 'to delete'}", colour))
    parts.append(text(RIGHT - 4, 34, "13 months", text_anchor="end", fill=NEW))
    parts.append(_now(axis, 176))
    parts.append(scale(axis, 184, {"10 August": monday, "now": NOW, "two weeks on": NOW + timedelta(days=14)}))
    said = (
        "Sunday's snapshot stands for its week; Tuesday's, which lives thirteen months, is kept as well;"
        " the others are to be deleted"
    )
    return svg("The longest-lived of a week", said, 208, parts)


def guarantee() -> str:
    """Monthly snapshots of a schedule that keeps them for half a year, and what is added."""
    months = [datetime(2026, month, 1, 0, tzinfo=timezone.utc) for month in range(3, 9)]
    taken = [Taken(at, at + timedelta(days=183)) for at in months]
    axis = Axis(175, 400)
    plan = planned(taken, {"keep_within_monthly": "13mo"}, extend_kept=True)
    parts = []
    for number, one in enumerate(taken):
        row_of = plan[one]
        until = (
            None
            if row_of["expires_to"] is None
            else datetime.fromisoformat(row_of["expires_to"].replace("Z", "+00:00"))
        )
        words = f"{one.created:%B}: {'not yet' if until is None else f'to {until:%B %Y}'}"
        parts.append(life(axis, 16 + 24 * number, one, words, KEPT, until))
    parts.append(_now(axis, 150))
    years = {
        "March 2026": months[0],
        "now": NOW,
        "March 2027": NOW.replace(year=2027, month=3),
        "August 2027": NOW.replace(year=2027),
    }
    parts.append(scale(axis, 158, years))
    extended = sum(one["action"] == "extend" for one in plan.values())
    said = f"of {len(taken)} monthly snapshots that live half a year {extended} are extended to thirteen months"
    return svg("Guarantee", said, 182, parts)


def _now(axis: Axis, bottom: float) -> str:
    x = axis.x(NOW)
    return f'<path d="M{x:.1f} 4V{bottom}" stroke="currentColor" opacity="0.6" stroke-dasharray="2 3"/>'


PICTURES: dict[str, Callable[[], str]] = {one.__name__: one for one in (rules, outage, floor, outlives, guarantee)}


# --- into the guides ---


def drawn(guide: str) -> str:
    """A guide with its pictures as they are now."""

    def block(match: re.Match[str]) -> str:
        lines = ['<div style="overflow-x:auto;margin:1em 0">', *PICTURES[match[1]]().splitlines(), "</div>"]
        picture = "\n".join(f"   {line}" for line in lines)
        return f".. picture: {match[1]}\n\n.. raw:: html\n\n{picture}\n\n"

    return _MARK.sub(block, guide)


def main() -> None:
    """Draw all pictures anew."""
    for path in sorted(GUIDES.glob("*.rst")):
        path.write_text(drawn(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
