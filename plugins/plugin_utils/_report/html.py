# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The page of a report: one file of HTML that needs nothing else, on a screen, on paper, and without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import calendar, words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import table as snapshots
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import timeline as svg
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.markup import attributes, esc
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import (
    Coverage,
    Report,
    Tier,
    WhatIf,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.page import (
    facts,
    named,
    page,
    scrolling,
    section,
    table,
    when,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.style import SCRIPT
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.calendar import Zone, zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import size

_SHOWN = 60
_NOT_KNOWN = "not known"
_COUNTS = ("kept", "extended", "shortened", "removed", "held", "expired", "incomplete", "future")


def as_html(report: Report) -> str:
    """The page, top to bottom as people read it: what is asked, what comes of it, the pictures, the rows, the rest."""
    calendar_zone = zone(report.plan["timezone"])
    sections = (
        _verdict(report),
        _problems(report),
        _timeline(report),
        _calendar(report, calendar_zone),
        _tiers(report),
        snapshots.section_of(report),
        _coverage(report),
        _warnings(report),
        _findings(report),
        _since(report),
        _what_if(report),
    )
    return page(f"Retention of {report.name}", _header(report), "".join(sections), _evidence(report), SCRIPT)


def _header(report: Report) -> str:
    plan = report.plan
    links = [
        ("timeline", "Timeline"),
        ("calendar", "Calendar"),
        ("tiers", "Tiers"),
        ("table", f"{len(report.rows):,} snapshots"),
        ("coverage", "Coverage"),
        ("warnings", words.many(len(plan["warnings"]), "warning")),
        *([("findings", words.many(len(report.findings), "finding"))] if report.findings else []),
        *([("since", words.many(report.since.total, "change"))] if report.since else []),
        *([("what-if", "What if")] if report.what_if else []),
        ("evidence", "Evidence"),
    ]
    items = "".join(f'<li><a href="#{target}">{text}</a></li>' for target, text in links)
    return (
        '<p class="above">Snapshot retention</p>'
        f"<h1>{named(report.name)}</h1>"
        f'<p class="policy">{esc(report.sentence)}</p>'
        + facts(
            [
                ("Days begin in", esc(plan["timezone"])),
                ("Decided as of", f"{when(plan['now'])} UTC"),
                ("Method", esc(_method(report))),
                ("Digest", f'<code id="digest">{esc(plan["digest"])}</code>'),
            ]
        )
        + f'<nav aria-label="Contents"><ul>{items}</ul></nav>'
    )


def _method(report: Report) -> str:
    options = report.plan["options"]
    return str(options["method"]) + (" and extend what is kept" if options["extend_kept"] else "")


def _verdict(report: Report) -> str:
    kind, title = "done", "Applied"
    if report.blocked:
        kind, title = "blocked", "Blocked: nothing was written"
    elif report.check_mode:
        kind, title = "check", "A look ahead: nothing was written"
    elif report.undone and not report.outcomes:
        kind, title = "check", "Not applied"
    elif report.undone or report.problems:
        kind, title = "blocked", "Not everything went as planned"
    reasons = "".join(f"<li>{esc(reason['text'])}</li>" for reason in report.plan["guard"]["reasons"])
    guard = f'<ul class="list bad" id="guard">{reasons}</ul>' if report.blocked else ""
    return (
        f'<div class="verdict {kind}" id="verdict"><h2>{title}</h2>{guard}{_counts(report)}'
        f'<p id="verdict-line">{esc(report.verdict)}</p><p class="note" id="space-line">{esc(report.space)}</p></div>'
    )


def _counts(report: Report) -> str:
    """Large numbers, as the console has them: what is too young counts as kept."""
    numbers = {**report.counts, "kept": report.kept}
    items = []
    for mark in _COUNTS:
        if not numbers[mark] and mark in ("shortened", "expired", "incomplete", "future"):
            continue
        kind = f"c-{mark}" if numbers[mark] else "c-none"
        name = "future" if mark == "future" else mark
        items.append(f'<div class="{kind}"><dt>{name}</dt><dd data-count="{mark}">{numbers[mark]:,}</dd></div>')
    return f'<dl class="counts">{"".join(items)}</dl>'


def _problems(report: Report) -> str:
    if not report.problems:
        return ""
    items = "".join(f"<li>{esc(problem)}</li>" for problem in report.problems[:_SHOWN])
    more = len(report.problems) - _SHOWN
    rest = f"<li>and {more:,} more, in the table</li>" if more > 0 else ""
    return section("problems", "What went wrong", f'<ul class="list bad">{items}{rest}</ul>', "failed")


def _timeline(report: Report) -> str:
    note = (
        "Each mark is one snapshot, in the lane of the finest tier that keeps it; small ticks show the other tiers"
        " that keep it as well. The axis gives days as much room as years."
    )
    picture = scrolling(svg.timeline(report), "Timeline, scrolls sideways", " picture")
    return section("timeline", "Timeline", f'<p class="note">{note}</p>{picture}{svg.legend(report)}')


def _calendar(report: Report, calendar_zone: Zone) -> str:
    note = (
        "Each day shows the finest tier that keeps one of its snapshots. Weeks begin on Mondays,"
        f" days in {esc(calendar_zone.name)}."
    )
    content = calendar.months(report, calendar_zone) + calendar.legend(report, calendar_zone)
    return section("calendar", "Calendar", f'<p class="note">{note}</p>{content}')


def _tiers(report: Report) -> str:
    caption = "How much of what each rule asks for is there, and when all of it will be."
    heads = ("Rule", "Asks for", "Covered", "", "Snapshots kept", "Full")
    rows = "".join(_tier(tier) for tier in report.tiers)
    return section("tiers", "Tiers", table(caption, heads, rows, numbers=(4,)))


def _tier(tier: Tier) -> str:
    units = f"{tier.unit}{'' if tier.wanted == 1 else 's'}"
    covered = f"{tier.filled:,} of {tier.wanted:,} {units}" if tier.wanted is not None else f"{tier.filled:,} {units}"
    share = 1.0 if tier.wanted is None else min(1.0, tier.filled / max(tier.wanted, 1))
    meter = (
        '<svg class="meter" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="100" height="10"/><rect class="on" width="{share * 100:.1f}" height="10"/></svg>'
    )
    full = esc(tier.note) if tier.full_at is None else f"{when(tier.full_at)}, {esc(tier.note)}"
    return (
        f'<tr data-tier="{esc(tier.rule)}" data-kept="{tier.kept}"><th scope="row"><code>{esc(tier.rule)}</code></th>'
        f"<td>{esc(words.duration(tier.setting))}</td><td>{covered}</td><td>{meter}</td>"
        f'<td class="num">{tier.kept:,}</td><td>{full}</td></tr>'
    )


def _coverage(report: Report) -> str:
    before, after = report.before, report.after
    lines = [
        ("Snapshots that can be restored", *(f"{one.restorable:,}" for one in (before, after))),
        ("Oldest restorable point (UTC)", *(when(one.oldest, "none") for one in (before, after))),
        ("Newest restorable point (UTC)", *(when(one.newest, "none") for one in (before, after))),
        ("Largest gap between two", *(_gap(one) for one in (before, after))),
        ("Missing periods", *(_missing(one) for one in (before, after))),
        ("Bytes held, up to", *(_NOT_KNOWN if one.size is None else size(one.size) for one in (before, after))),
        ("Bytes removed, up to", "", _removed(report)),
    ]
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td>{left}</td><td>{right}</td></tr>' for name, left, right in lines
    )
    caption = (
        "What can be restored before this plan, and after it. The store frees space after its groom job,"
        " less what others share, so bytes are an upper limit."
    )
    heads = ("Coverage", "Before", "After")
    return section("coverage", "Coverage", table(caption, heads, rows) + _missing_list(report))


def _gap(coverage: Coverage) -> str:
    if coverage.largest_gap is None:
        return "none"
    return f"{words.span(coverage.largest_gap)}, {when(coverage.gap_from)} to {when(coverage.gap_to)}"


def _missing(coverage: Coverage) -> str:
    return _NOT_KNOWN if coverage.missing is None else f"{len(coverage.missing):,}"


def _removed(report: Report) -> str:
    removed = report.plan["summary"]["file_size_bytes_removed"]
    return _NOT_KNOWN if removed is None else size(removed)


def _missing_list(report: Report) -> str:
    gaps = report.plan["gaps"]
    if not gaps:
        return ""
    shown = "".join(f"<li>{esc(gap['rule'])} {esc(gap['period'])}</li>" for gap in gaps[:_SHOWN])
    rest = f"<li>and {len(gaps) - _SHOWN:,} more, in the JSON</li>" if len(gaps) > _SHOWN else ""
    return f'<h3>Periods that a rule wants and no snapshot covers</h3><ul class="list" id="gaps">{shown}{rest}</ul>'


def _warnings(report: Report) -> str:
    return section(
        "warnings",
        "Warnings",
        _listing([warning["text"] for warning in report.plan["warnings"]], "Nothing to look at."),
    )


def _listing(lines: Sequence[str], none: str) -> str:
    if not lines:
        return f'<p class="note">{none}</p>'
    shown = "".join(f"<li>{esc(line)}</li>" for line in lines[:_SHOWN])
    rest = f"<li>and {len(lines) - _SHOWN:,} more, in the JSON</li>" if len(lines) > _SHOWN else ""
    return f'<ul class="list">{shown}{rest}</ul>'


def _findings(report: Report) -> str:
    if not report.findings:
        return ""
    rows = "".join(
        f'<tr><th scope="row"><code>{esc(code)}</code></th><td>{esc(text)}</td></tr>'
        for code, text in report.findings[:_SHOWN]
    )
    more = len(report.findings) - _SHOWN
    rest = f'<p class="note">and {more:,} more, in the JSON</p>' if more > 0 else ""
    caption = "What the audit found beyond the policy."
    return section("findings", "Findings", table(caption, ("Finding", "What it is about"), rows) + rest)


def _since(report: Report) -> str:
    if report.since is None:
        return ""
    groups = (("New", report.since.new), ("Gone", report.since.gone), ("Decided otherwise", report.since.otherwise))
    parts = [f"<h3>{name} ({len(lines):,})</h3>{_listing(lines, '')}" for name, lines in groups if lines]
    content = "".join(parts) or '<p class="note">Nothing is new, gone, or decided otherwise.</p>'
    return section("since", f"Since the report of {when(report.since.at)} UTC", content)


def _what_if(report: Report) -> str:
    if not report.what_if:
        return ""
    heads = (
        "Policy",
        "Rules",
        "Kept",
        "Extended",
        "Removed",
        "Bytes removed, up to",
        "Oldest restorable",
        "Gaps",
        "Guard",
    )
    rows = "".join(_tried(one) for one in report.what_if)
    caption = "What other policies would make of the same snapshots, all other options equal."
    return section("what-if", "What if", table(caption, heads, rows, numbers=(2, 3, 4, 5, 7)))


def _tried(one: WhatIf) -> str:
    rules = "<br>".join(f"<code>{esc(key)} {esc(value)}</code>" for key, value in one.policy.items())
    this = attributes(class_="this" if one.name == "this policy" else None)
    begin = f'<tr{this}><th scope="row">{esc(one.name)}</th><td>{rules}</td>'
    if one.refused is not None:
        return f'{begin}<td colspan="7">{esc(one.refused)}</td></tr>'
    removed = _NOT_KNOWN if one.size_removed is None else size(one.size_removed)
    guard = '<span class="bad">blocked</span>' if one.blocked else "open"
    numbers = "".join(
        f'<td class="num">{number}</td>'
        for number in (f"{one.kept:,}", f"{one.extended:,}", f"{one.removed:,}", removed)
    )
    return f'{begin}{numbers}<td>{when(one.oldest, "none")}</td><td class="num">{one.gaps:,}</td><td>{guard}</td></tr>'


def _evidence(report: Report) -> str:
    plan = report.plan
    pairs = [
        ("project_id", plan["project_id"]),
        ("cluster_id", plan["cluster_id"]),
        ("cluster_name", plan["cluster_name"]),
        ("policy", plan["policy"]),
        ("options", plan["options"]),
        ("check_mode", report.check_mode),
        *report.evidence.items(),
    ]
    items = "".join(f"<dt>{esc(key)}</dt><dd><code>{esc(_spelled(value))}</code></dd>" for key, value in pairs)
    forms = ", ".join(f'<a href="{esc(report.stem)}.{form.lower()}">{form}</a>' for form in ("JSON", "CSV"))
    files = f'<p class="note">The same in other forms: {forms}.</p>'
    return section("evidence", "Evidence", f'<dl class="evidence">{items}</dl>{files}')


def _spelled(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return ", ".join(_pairs(value)) or "none"
    return json.dumps(value, default=str)


def _pairs(value: dict[Any, Any]) -> Iterator[str]:
    for key, item in value.items():
        yield f"{key} {item if isinstance(item, str) else json.dumps(item, default=str)}"
