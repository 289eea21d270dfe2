# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mark which texts Ansible may render as templates, for each ansible-core.

Since 2.19 a text is rendered only if it is marked as trusted. Before, every text is rendered unless it is marked as
unsafe.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

# No template in any syntax consists of these characters alone.
_NO_TEMPLATE = re.compile(r"[\w .-]*\Z")


def _marks() -> tuple[Callable[[str], str], Callable[[str], str]]:
    """The functions that mark a text as trusted, and as untrusted."""
    try:
        from ansible.template import trust_as_template
    except ImportError:
        from ansible.utils.unsafe_proxy import wrap_var

        return str, wrap_var
    return trust_as_template, str


_mark_trusted, _mark_untrusted = _marks()


def trusted(template: str) -> str:
    """A template of ours, which Ansible renders where it is used."""
    return _mark_trusted(template)


def untrusted(value: Any) -> Any:
    """A value of the service, which Ansible never renders.

    A text that cannot be a template is not marked as unsafe: `ansible-inventory --list`, and so AWX, shows marked texts
    as objects.
    """
    if not isinstance(value, str):
        return value
    return _mark_trusted(value) if _NO_TEMPLATE.match(value) else _mark_untrusted(value)


def as_data(line: str) -> str:
    """A line of a table, which Ansible never renders, whatever signs it has. No inventory shows it."""
    return _mark_untrusted(line)
