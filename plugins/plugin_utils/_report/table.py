# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""The table of a report's page: a row a snapshot, with what its script needs to sort and to filter."""

from __future__ import annotations

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.markup import attributes, esc
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import MARKS, Report, Row
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.page import scrolling, section, when
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import size

_COLUMNS = (
    ("Snapshot", None),
    ("Created (UTC)", None),
    ("Age", "num"),
    ("Expires (UTC)", None),
    ("State", None),
    ("Action", None),
    ("Reasons, or why not kept", None),
    ("Size", "num"),
)


def section_of(report: Report) -> str:
    """The section with the table, newest first, and the fields of its filters."""
    has_outcomes = any(row.outcome for row in report.rows)
    columns = (*_COLUMNS, *([("Outcome", None)] if has_outcomes else []))
    heads = "".join(
        f'<th scope="col"{attributes(class_=kind, data_sorted="descending" if place == 1 else None)}>{head}</th>'
        for place, (head, kind) in enumerate(columns)
    )
    caption = f"All {len(report.rows):,} snapshots, newest first, with the reasons why each stays or goes."
    body = "".join(_row(row, has_outcomes) for row in report.rows)
    table = (
        f'<table id="snapshots"><caption class="skip">{caption}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
    return section("table", "Snapshots", _tools(report) + scrolling(table, "Snapshots, scrolls", " rows"))


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
        '<div class="tools" id="tools" hidden>'
        '<form id="filters" class="tools" role="search" aria-label="Filter the snapshots">'
        f'<label>Show <select id="filter-mark"><option value="">everything</option>{marks}</select></label>'
        f'<label>Kept by <select id="filter-tier"><option value="">any or no rule</option>{tiers}</select></label>'
        '<label>Containing <input id="filter-text" type="search" autocomplete="off" spellcheck="false"></label></form>'
        '<output id="shown" for="filter-mark filter-tier filter-text"></output></div>'
    )


def _row(row: Row, has_outcomes: bool) -> str:
    expires = when(row.expires_at) + (f" → {when(row.expires_to)}" if row.expires_to else "")
    letter = MARKS[row.mark][0]
    told = "; ".join(esc(reason.text) for reason in row.reasons)
    why = f'<ul class="why">{"".join(f"<li>{esc(line.text)}</li>" for line in row.why)}</ul>' if row.why else ""
    outcome = f"<td>{esc(row.outcome or '')}{_error(row)}</td>" if has_outcomes else ""
    told_size = "–" if row.size is None else size(row.size)
    return (
        f'<tr id="s-{esc(row.id)}" data-mark="{row.mark}" data-state="{esc(row.state)}" data-action="{esc(row.action)}"'
        f' data-tiers="{esc(" ".join(row.tiers))}">'
        f'<th scope="row" class="id">{esc(row.id)}</th>'
        f'<td class="when">{when(row.created_at)}</td>'
        f'<td class="num" data-v="{row.age}">{words.span(row.age)}</td>'
        f'<td class="when"{attributes(data_v="" if row.expires_at is None else None)}>{expires}</td>'
        f"<td>{esc(row.state)}</td>"
        f'<td><span class="badge b-{row.mark}" data-letter="{letter}">{esc(row.action)}</span></td>'
        f"<td>{told}{why}</td>"
        f'<td class="num" data-v="{"" if row.size is None else row.size}">{told_size}</td>{outcome}</tr>'
    )


def _error(row: Row) -> str:
    return f' <span class="bad">{esc(row.error)}</span>' if row.error else ""
