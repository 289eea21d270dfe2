# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages, rendered from the templates beside this file: each is one file that needs nothing else.

`report.html.j2` and `index.html.j2` are the pages, `page.html.j2` is their frame, `timeline.svg.j2` is the picture.
`report.css` and `report.js` are put into the pages.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import reasons, words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.calendar import months
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.model import MARKS, SAFETY, Report, Row
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.timeline import timeline
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import size
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_FOLDER = Path(__file__).parent


class Inline(NamedTuple):
    """A file of ours that is put into a page, and the hash by which the page's security policy allows it."""

    text: Markup
    sha256: str


def as_html(report: Report) -> str:
    """The page of a report."""
    told, kept_by = list(reasons.told(report)), [reasons.kept_by(row) for row in report.rows]
    return render(
        "report.html.j2",
        report=report,
        calendar=months(report),
        picture=timeline(report, {row.id: one.line for row, one in zip(report.rows, told, strict=True) if row.why}),
        rows=map(_cells, report.rows, told, kept_by),
        safeguards=_safeguards(kept_by),
        terms=reasons.terms(report),
    )


def _safeguards(kept_by: Sequence[str]) -> dict[str, int]:
    """How many snapshots each safeguard keeps, and how many are kept by these alone."""
    found = Counter(code for words_of_row in kept_by for code in words_of_row.split())
    return {code: found[code] for code in (SAFETY, *reasons.SAFEGUARDS) if found[code]}


def _cells(row: Row, told: reasons.Told, kept_by: str) -> tuple[Any, ...]:
    """What the table shows of a snapshot, put together here since there are thousands of them."""
    return (
        row.id,
        row.mark,
        kept_by,
        row.created_at,
        words.day_and_time(row.created_at),
        str(row.age),
        words.span(row.age),
        row.expires_at,
        words.day_and_time(row.expires_at),
        row.expires_to,
        (row.state, row.done, row.mark),
        told,
        "" if row.size is None else str(row.size),
        "–" if row.size is None else size(row.size),
        row.error,
    )


def render(template: str, **values: Any) -> str:
    """A page. No value can add an element or an attribute to it, or hide a character in it."""
    return words.visible(_environment().get_template(template).render(values))


@cache
def _environment() -> Environment:
    """Whatever the templates print is escaped, and what they print has to be there."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        {one.__name__: one for one in (words.number, words.plural, words.span, words.duration, words.plain, size)},
        instant=words.day_and_time,
    )
    inline = {"style": _inline("report.css"), "script": _inline("report.js")}
    environment.globals.update(marks=MARKS, note=words.note, **inline)
    return environment


def _inline(name: str) -> Inline:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).digest()
    return Inline(Markup(text), base64.b64encode(digest).decode())  # noqa: S704  (a file of ours, no value)
