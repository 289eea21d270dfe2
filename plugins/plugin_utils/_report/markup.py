# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text into markup, so that whatever a service, a user or a file calls something is shown and never obeyed."""

from __future__ import annotations

import html
import re
from typing import Any

# Controls, halves of characters, non-characters, and what turns the direction of a text: names have no use for them.
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def visible(text: str) -> str:
    """The text with a mark in place of each character that is not to be seen."""
    return _ODD.sub("\ufffd", str.__str__(text))


def esc(value: Any) -> str:
    """Fit for the text of an element, and for an attribute in double quotes."""
    return html.escape(visible(value if isinstance(value, str) else str(value)), quote=True)


def attributes(**values: Any) -> str:
    """Attributes with a blank before each; `class_` for class, `data_x` for data-x; None leaves one out."""
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{esc(value)}"' for name, value in values.items() if value is not None
    )


def tag(name: str, content: str = "", **values: Any) -> str:
    """An element around content that is markup already."""
    return f"<{name}{attributes(**values)}>{content}</{name}>"
