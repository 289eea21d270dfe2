# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The page of a report: one file of HTML that needs nothing else, on a screen, on paper, and without a network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils import _report_calendar as calendar
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils import _report_svg as svg
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils import _report_words as words
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._periods import Zone, zone
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._recap import size
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._report_markup import attributes, esc, tag
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._report_model import (
    MARKS,
    Coverage,
    Report,
    Row,
    Tier,
    WhatIf,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._report_style import SCRIPT, STYLE

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
        _table(report),
        _coverage(report),
        _warnings(report),
        _findings(report),
        _since(report),
        _what_if(report),
    )
    return page(f"Retention of {report.name}", _header(report), "".join(sections), _evidence(report), SCRIPT)


def page(title: str, header: str, main: str, footer: str, script: str = "") -> str:
    """A page that may run the script and the style given here, and may load nothing at all."""
    scripts = f"<script>{script}</script>" if script else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_security(script)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        f"<title>{esc(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#main">Skip to the content</a>\n'
        f'<header>{header}</header>\n<main id="main">{main}</main>\n<footer>{footer}</footer>\n{scripts}\n</body>\n</html>\n'
    )


def named(name: str) -> str:
    """A name from elsewhere, whose direction of writing is kept to itself."""
    return f"<bdi>{esc(name)}</bdi>"


def when(instant: str | None, none: str = "never") -> str:
    """An instant for people and for machines."""
    if instant is None:
        return none
    return f'<time datetime="{esc(instant)}">{esc(words.day_and_time(instant))}</time>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Terms and their values, which are markup."""
    return (
        f'<dl class="facts">{"".join(f"<div><dt>{esc(term)}</dt><dd>{value}</dd></div>" for term, value in pairs)}</dl>'
    )


def _security(script: str) -> str:
    sources = [f"style-src {_hashed(STYLE)}"] + ([f"script-src {_hashed(script)}"] if script else [])
    return f"default-src 'none'; {'; '.join(sources)}; base-uri 'none'; form-action 'none'"


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


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
    elif any(row.error for row in report.rows):
        kind, title = "blocked", "Not everything went as planned"
    reasons = "".join(f"<li>{esc(reason)}</li>" for reason in report.plan["guard"]["reasons"])
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
    return _section("problems", "What went wrong", f'<ul class="list bad">{items}{rest}</ul>', "failed")


def _section(name: str, title: str, content: str, kind: str | None = None) -> str:
    return tag(
        "section", f'<h2 id="{name}-title">{title}</h2>{content}', id=name, class_=kind, aria_labelledby=f"{name}-title"
    )


def _scrolling(content: str, label: str, kind: str = "") -> str:
    """What may be wider than the screen; it takes the focus so that keys can move it."""
    return f'<div class="scroll{kind}" tabindex="0" role="region" aria-label="{esc(label)}">{content}</div>'


def _timeline(report: Report) -> str:
    note = (
        "Each mark is one snapshot, in the lane of the finest tier that keeps it; small ticks show the other tiers"
        " that keep it as well. The axis gives days as much room as years."
    )
    picture = _scrolling(svg.timeline(report), "Timeline, scrolls sideways", " picture")
    return _section("timeline", "Timeline", f'<p class="note">{note}</p>{picture}{svg.legend(report)}')


def _calendar(report: Report, calendar_zone: Zone) -> str:
    note = f"Each day shows the finest tier that keeps one of its snapshots. Weeks begin on Mondays, days in {esc(calendar_zone.name)}."
    content = calendar.months(report, calendar_zone) + calendar.legend(report, calendar_zone)
    return _section("calendar", "Calendar", f'<p class="note">{note}</p>{content}')


def _tiers(report: Report) -> str:
    caption = "How much of what each rule asks for is there, and when all of it will be."
    heads = ("Rule", "Asks for", "Covered", "", "Snapshots kept", "Full")
    rows = "".join(_tier(tier) for tier in report.tiers)
    return _section("tiers", "Tiers", _plain_table(caption, heads, rows, numbers=(4,)))


def _tier(tier: Tier) -> str:
    units = f"{tier.unit}{'' if tier.wanted == 1 else 's'}"
    covered = f"{tier.filled:,} of {tier.wanted:,} {units}" if tier.wanted is not None else f"{tier.filled:,} {units}"
    share = 1.0 if tier.wanted is None else min(1.0, tier.filled / max(tier.wanted, 1))
    bar = (
        '<svg class="meter" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="100" height="10"/><rect class="on" width="{share * 100:.1f}" height="10"/></svg>'
    )
    full = esc(tier.note) if tier.full_at is None else f"{when(tier.full_at)}, {esc(tier.note)}"
    return (
        f'<tr data-tier="{esc(tier.rule)}" data-kept="{tier.kept}"><th scope="row"><code>{esc(tier.rule)}</code></th>'
        f"<td>{esc(words.duration(tier.setting))}</td><td>{covered}</td><td>{bar}</td>"
        f'<td class="num">{tier.kept:,}</td><td>{full}</td></tr>'
    )


def _plain_table(
    caption: str, heads: Sequence[str], rows: str, numbers: Sequence[int] = (), name: str | None = None
) -> str:
    cells = "".join(
        f'<th scope="col"{attributes(class_="num" if place in numbers else None)}>{esc(head)}</th>'
        if head
        else "<td></td>"
        for place, head in enumerate(heads)
    )
    table = tag(
        "table", f"<caption>{esc(caption)}</caption><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody>", id=name
    )
    return _scrolling(table, caption)


def _table(report: Report) -> str:
    has_outcomes = any(row.outcome for row in report.rows)
    heads = [
        ("Snapshot", None, None),
        ("Created (UTC)", None, "descending"),
        ("Age", "num", None),
        ("Expires (UTC)", None, None),
        ("State", None, None),
        ("Action", None, None),
        ("Reasons, or why not kept", None, None),
        ("Size", "num", None),
        *([("Outcome", None, None)] if has_outcomes else []),
    ]
    cells = "".join(
        f'<th scope="col"{attributes(class_=kind, data_sorted=order)}>{head}</th>' for head, kind, order in heads
    )
    caption = f"All {len(report.rows):,} snapshots, newest first; the reasons for what stays, and for what goes why no rule keeps it."
    body = "".join(_row(row, has_outcomes) for row in report.rows)
    table = f'<table id="snapshots"><caption class="skip">{caption}</caption><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>'
    return _section("table", "Snapshots", f"{_tools(report)}{_scrolling(table, 'Snapshots, scrolls', ' rows')}")


def _tools(report: Report) -> str:
    """What works only with the script, which shows it."""
    marks = "".join(
        f'<option value="{mark}">{esc(meaning)} ({report.counts[mark]:,})</option>'
        for mark, (_letter, meaning) in MARKS.items()
        if report.counts[mark]
    )
    tiers = "".join(
        f'<option value="{esc(tier.rule)}">{esc(tier.rule)} ({tier.kept:,})</option>' for tier in report.tiers
    )
    return (
        '<div class="tools" id="tools" hidden><form id="filters" class="tools" role="search" aria-label="Filter the snapshots">'
        f'<label>Show <select id="filter-mark"><option value="">everything</option>{marks}</select></label>'
        f'<label>Kept by <select id="filter-tier"><option value="">any or no rule</option>{tiers}</select></label>'
        '<label>Containing <input id="filter-text" type="search" autocomplete="off" spellcheck="false"></label></form>'
        '<output id="shown" for="filter-mark filter-tier filter-text"></output></div>'
    )


def _row(row: Row, has_outcomes: bool) -> str:
    expires = when(row.expires_at) + (f" → {when(row.expires_to)}" if row.expires_to else "")
    letter, meaning = MARKS[row.mark]
    told = "; ".join(esc(reason) for reason in row.reasons)
    why = f'<ul class="why">{"".join(f"<li>{esc(line)}</li>" for line in row.why)}</ul>' if row.why else ""
    outcome = f"<td>{esc(row.outcome or '')}{_error(row)}</td>" if has_outcomes else ""
    return (
        f'<tr id="s-{esc(row.id)}" data-mark="{row.mark}" data-state="{esc(row.state)}" data-action="{esc(row.action)}"'
        f' data-tiers="{esc(" ".join(row.tiers))}">'
        f'<th scope="row" class="id">{esc(row.id)}</th>'
        f'<td class="when" data-v="{esc(row.created_at)}">{when(row.created_at)}</td>'
        f'<td class="num" data-v="{row.age}">{words.span(row.age)}</td>'
        f'<td class="when" data-v="{esc(row.expires_at or "")}">{expires}</td>'
        f"<td>{esc(row.state)}</td>"
        f'<td><span class="badge b-{row.mark}" data-letter="{letter}" title="{esc(meaning)}">{esc(row.action)}</span></td>'
        f"<td>{told}{why}</td>"
        f'<td class="num" data-v="{"" if row.size is None else row.size}">{"–" if row.size is None else size(row.size)}</td>{outcome}</tr>'
    )


def _error(row: Row) -> str:
    return f' <span class="bad">{esc(row.error)}</span>' if row.error else ""


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
    return _section("coverage", "Coverage", _plain_table(caption, heads, rows) + _missing_list(report))


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
    return _section("warnings", "Warnings", _listing(report.plan["warnings"], "Nothing to look at."))


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
    return _section("findings", "Findings", _plain_table(caption, ("Finding", "What it is about"), rows) + rest)


def _since(report: Report) -> str:
    if report.since is None:
        return ""
    groups = (("New", report.since.new), ("Gone", report.since.gone), ("Decided otherwise", report.since.otherwise))
    parts = [f"<h3>{name} ({len(lines):,})</h3>{_listing(lines, '')}" for name, lines in groups if lines]
    content = "".join(parts) or '<p class="note">Nothing is new, gone, or decided otherwise.</p>'
    return _section("since", f"Since the report of {when(report.since.at)} UTC", content)


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
    return _section("what-if", "What if", _plain_table(caption, heads, rows, numbers=(2, 3, 4, 5, 7)))


def _tried(one: WhatIf) -> str:
    rules = "<br>".join(f"<code>{esc(key)} {esc(value)}</code>" for key, value in one.policy.items())
    begin = f'<tr{attributes(class_="this" if one.name == "this policy" else None)}><th scope="row">{esc(one.name)}</th><td>{rules}</td>'
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
    files = f'<p class="note">The same in other forms: <a href="{esc(report.stem)}.json">JSON</a>, <a href="{esc(report.stem)}.csv">CSV</a>.</p>'
    return _section("evidence", "Evidence", f'<dl class="evidence">{items}</dl>{files}')


def _spelled(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return ", ".join(_pairs(value)) or "none"
    return json.dumps(value, default=str)


def _pairs(value: dict[Any, Any]) -> Iterator[str]:
    for key, item in value.items():
        yield f"{key} {item if isinstance(item, str) else json.dumps(item, default=str)}"
