# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages of a report are put together from: the frame that loads nothing, sections, tables, facts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import words
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.markup import attributes, esc, tag
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.style import STYLE


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
        f'<header>{header}</header>\n<main id="main">{main}</main>\n<footer>{footer}</footer>\n'
        f"{scripts}\n</body>\n</html>\n"
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


def section(name: str, title: str, content: str, kind: str | None = None) -> str:
    """A part of the page with its heading; title and content are markup."""
    return tag(
        "section", f'<h2 id="{name}-title">{title}</h2>{content}', id=name, class_=kind, aria_labelledby=f"{name}-title"
    )


def scrolling(content: str, label: str, kind: str = "") -> str:
    """What may be wider than the screen; it takes the focus so that keys can move it."""
    return f'<div class="scroll{kind}" tabindex="0" role="region" aria-label="{esc(label)}">{content}</div>'


def table(caption: str, heads: Sequence[str], rows: str, numbers: Sequence[int] = (), name: str | None = None) -> str:
    """A table with its caption."""
    cells = "".join(
        f'<th scope="col"{attributes(class_="num" if place in numbers else None)}>{esc(head)}</th>'
        if head
        else "<td></td>"
        for place, head in enumerate(heads)
    )
    element = tag(
        "table", f"<caption>{esc(caption)}</caption><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody>", id=name
    )
    return scrolling(element, caption)


def _security(script: str) -> str:
    sources = [f"style-src {_hashed(STYLE)}"] + ([f"script-src {_hashed(script)}"] if script else [])
    return f"default-src 'none'; {'; '.join(sources)}; base-uri 'none'; form-action 'none'"


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
