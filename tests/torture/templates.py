# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's expressions, evaluated by Jinja alone with Ansible's filters: each is compiled once.

Ansible's own templating compiles each expression each time, which in thousands of runs is most of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from functools import cache, wraps
from typing import Any

import jinja2
from ansible.plugins.loader import filter_loader, test_loader
from jinja2.nativetypes import NativeEnvironment
from jinja2.runtime import Context
from jinja2.utils import missing


def _listing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Ansible makes lists of what Jinja's filters yield."""

    @wraps(function)
    def listed(*arguments: Any, **more: Any) -> Any:
        found = function(*arguments, **more)
        return list(found) if isinstance(found, Iterator) else found

    return listed


class _Plugins(dict[str, Any]):
    """Jinja's own filters or tests, and Ansible's when they are asked for."""

    def __init__(self, own: Mapping[str, Any], loader: Any) -> None:
        super().__init__({name: _listing(function) for name, function in own.items()})
        self._loader = loader

    def __missing__(self, name: str) -> Any:
        found = self._loader.get(name)
        if found is None:
            raise KeyError(name)
        self[name] = _listing(found.j2_function)
        return self[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Jinja asks so when it compiles."""
        try:
            return self[name]
        except KeyError:
            return default


class _Lazy(Context):
    """A variable that is a template is evaluated when it is used, as Ansible does."""

    def resolve_or_missing(self, key: str) -> Any:
        variables: Mapping[str, Any] = self.parent["__variables"]
        if key in variables:
            return evaluated(variables[key], variables)
        return self.environment.globals.get(key, missing)


def _joined(values: Iterable[Any]) -> Any:
    parts = list(values)
    return parts[0] if len(parts) == 1 else "".join(map(str, parts))


class _Environment(NativeEnvironment):
    context_class = _Lazy
    concat = staticmethod(_joined)


@cache
def _environment() -> _Environment:
    made = _Environment(undefined=jinja2.StrictUndefined)
    made.filters = _Plugins(made.filters, filter_loader)
    made.tests = _Plugins(made.tests, test_loader)
    made.globals["now"] = lambda utc=False: datetime.now(timezone.utc if utc else None)
    return made


@cache
def _compiled(text: str) -> jinja2.Template:
    return _environment().from_string(text)


def evaluated(value: Any, variables: Mapping[str, Any]) -> Any:
    """The value with every expression in it evaluated, down to the last."""
    if isinstance(value, str) and "{{" in value:
        template = _compiled(value.strip())
        context = _Lazy(template.environment, {"__variables": variables}, template.name, template.blocks)
        found = _joined(template.root_render_func(context))
        if isinstance(found, jinja2.Undefined):
            str(found)  # raises, as Ansible does
        return found
    if isinstance(value, dict):
        return {key: evaluated(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [evaluated(one, variables) for one in value]
    return value
