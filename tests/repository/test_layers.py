# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports go one way: plugins → plugin_utils → module_utils → module_utils/_api (docs/dev/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

from tools.tree import ROOT

PREFIX = "ansible_collections.mongodb_ops.legacy_backup.plugins."
PLUGINS = ROOT / "plugins"
CONTROLLER = (
    "plugin_utils._retention",
    "plugin_utils._report",
    "plugin_utils._role",
    "plugin_utils._inventory",
    "plugin_utils",
)
HOST = ("module_utils._api", "module_utils")
# What the files of a folder may import of ours. A folder that is not named here counts with the one around it.
ALLOWED = {
    "module_utils._api": {"module_utils._api"},
    "module_utils": {*HOST},
    "plugin_utils": {*HOST, "plugin_utils"},
    "plugin_utils._retention": {"module_utils", "plugin_utils._retention"},
    "plugin_utils._report": {"module_utils", "plugin_utils._retention", "plugin_utils._report"},
    "plugin_utils._role": {"module_utils", "plugin_utils._retention", "plugin_utils._report", "plugin_utils._role"},
    "plugin_utils._inventory": {*HOST, "plugin_utils._inventory"},
    "modules": {*HOST, "doc_fragments"},
    "": {*HOST, *CONTROLLER, "doc_fragments"},
}
IMPURE = {"os", "time", "requests", "urllib3", "socket", "random", "ansible", "subprocess", "pathlib", "jinja2"}


def imports(path: Path) -> set[str]:
    """The full names of what a file imports, modules imported from a package included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            name = source(node, path)
            found.add(name)
            if (PLUGINS / name.removeprefix(PREFIX).replace(".", "/")).is_dir():
                found |= {f"{name}.{alias.name}" for alias in node.names}
    return found


def source(node: ast.ImportFrom, path: Path) -> str:
    """The full name of what `from … import` imports from, also where it begins with dots."""
    if not node.level:
        return node.module or ""
    folder = path.relative_to(PLUGINS).parts[: -node.level]
    return PREFIX + ".".join([*folder, *filter(None, [node.module])])


def test_relative_imports_are_understood() -> None:
    # The modules' code imports its neighbors so, which makes what is sent to hosts smaller.
    found = imports(PLUGINS / "module_utils" / "_module.py")
    assert PREFIX + "module_utils._connection" in found
    assert PREFIX + "module_utils._api.client" in found
    absolute = [
        name for name, path in files().items() if name.startswith("module_utils") and PREFIX in path.read_text()
    ]
    assert absolute == []


def folder_of(name: str) -> str:
    """The longest folder of the rule that a dotted name of ours lies in."""
    return max((one for one in (*ALLOWED, "doc_fragments") if f"{name}.".startswith(f"{one}." if one else "")), key=len)


def files() -> dict[str, Path]:
    """All our Python files by their dotted name within `plugins`."""
    return {".".join(path.relative_to(PLUGINS).with_suffix("").parts): path for path in PLUGINS.rglob("*.py")}


def test_imports_go_one_way() -> None:
    wrong = [
        f"{name} imports {one}"
        for name, path in files().items()
        for one in (found.removeprefix(PREFIX) for found in imports(path) if found.startswith(PREFIX))
        if one in files() and folder_of(one) not in ALLOWED[folder_of(name)]
    ]
    assert wrong == []


def test_no_import_goes_round() -> None:
    graph = {name: imports(path) for name, path in files().items()}
    left = {name: {one.removeprefix(PREFIX) for one in found} & set(graph) for name, found in graph.items()}
    while free := [name for name, found in left.items() if not found & set(left)]:
        left = {name: found for name, found in left.items() if name not in free}
    assert left == {}


def test_the_engine_is_pure() -> None:
    for name, path in files().items():
        if name.startswith("plugin_utils._retention."):
            assert {one.split(".")[0] for one in imports(path)} & IMPURE == set(), name


def test_ansible_is_known_to_plugins_and_three_files_more() -> None:
    knowing = {name for name, path in files().items() if any(one.split(".")[0] == "ansible" for one in imports(path))}
    assert {name for name in knowing if name.startswith("module_utils")} == {
        "module_utils._module",
        "module_utils._connection",
    }
    assert {name for name in knowing if name.startswith("plugin_utils._role")} == {"plugin_utils._role.action"}
