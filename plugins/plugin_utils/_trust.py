# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is PRIVATE to the collection. Do not use it from outside.

"""What may be a template and what never is, on each ansible-core.

From 2.19 on a text is only templated when it carries a mark of trust; until then each text is, unless it
carries a mark of being unsafe.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_Mark = Callable[[str], str]


def _marks() -> tuple[_Mark, _Mark]:
    """How to mark what is trusted, and what is not."""
    try:
        from ansible.template import trust_as_template
    except ImportError:
        from ansible.utils.unsafe_proxy import wrap_var

        return str, wrap_var
    return trust_as_template, str


_trusted, _untrusted = _marks()
# No template in any syntax is made of these alone.
_PLAIN = re.compile(r"[\w .-]*\Z")


def template(text: str) -> str:
    """A template of ours, to be rendered where it is used."""
    return _trusted(text)


def foreign(value: Any) -> Any:
    """A value of the service's, never to be rendered, whatever it says.

    A text that can be no template is left plain: marked ones are objects in what `ansible-inventory --list`
    prints, and so in AWX.
    """
    if not isinstance(value, str):
        return value
    return _trusted(value) if _PLAIN.match(value) else _untrusted(value)
