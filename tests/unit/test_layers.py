# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The house: each file imports only from floors below its own, and few know Ansible or the network."""

from __future__ import annotations

import ast
from pathlib import Path

from tools.tree import ROOT

UTILS = ROOT / "plugins" / "module_utils"
PREFIX = "ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils"
# From the ground up; files of one floor know nothing of each other.
FLOORS = (
    {
        "_errors",
        "_json",
        "_snapshot",
        "_workers",
        "_auth",
        "_transport",
        "_report_model",
        "_report_markup",
        "_report_style",
        "_report_words",
    },
    {"_request", "_tally", "_restore_job", "_periods"},
    {"_answer"},
    {"_silence"},
    {"_client"},
    {"_service", "_connection", "_policy", "_fleet"},
    {"_change", "_query", "_plan_input", "_plan", "_hosts"},
    {"_shapes"},
    {"_module", "_rules", "_approval", "_document"},
    {"_findings", "_recap"},
    {"_retention", "_audit"},
    {"_report_tiers", "_report_coverage", "_report_since", "_report_whatif", "_report_data", "_report_page"},
    {"_report", "_report_svg", "_report_calendar", "_report_table", "_report_index"},
    {"_report_html"},
)
# Which of the standard library, or of others, only some files may know.
KNOWN_TO = {
    "ansible": {"_module", "_connection"},
    "requests": {"_client", "_silence", "_transport"},
    "urllib3": {"_client", "_transport"},
    "time": {"_client", "_transport", "_auth"},
}
# The retention engine: no request, no clock, no environment.
PURE = set().union(*FLOORS) - {"_auth", "_client", "_silence", "_transport", "_connection", "_module", "_workers"}
IMPURE = {"os", "time", "requests", "urllib3", "socket", "random", "ansible", "subprocess"}


def imports(path: Path) -> set[str]:
    """The full names of what a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == PREFIX:
            found |= {f"{PREFIX}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def own(path: Path) -> set[str]:
    """The utils that a file imports."""
    return {name[len(PREFIX) + 1 :] for name in imports(path) if name.startswith(PREFIX + ".")}


def foreign(path: Path) -> set[str]:
    """The top-level packages that a file imports, ours left out."""
    return {name.split(".")[0] for name in imports(path)} - {"ansible_collections", "__future__"}


def test_every_file_has_its_floor() -> None:
    files = {path.stem for path in UTILS.glob("*.py") if path.stem != "__init__"}
    assert files == set().union(*FLOORS)
    assert all(name.startswith("_") for name in files)


def test_imports_go_down() -> None:
    floor_of = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    upward = [
        f"{path.stem} imports {name}"
        for path in UTILS.glob("_*.py")
        if path.stem != "__init__"
        for name in own(path)
        if floor_of[name] >= floor_of[path.stem]
    ]
    assert upward == []


def test_few_know_ansible_and_the_network() -> None:
    for package, few in KNOWN_TO.items():
        knowing = {path.stem for path in UTILS.glob("_*.py") if package in foreign(path)}
        assert knowing <= few, package


def test_the_engine_is_pure() -> None:
    for name in PURE:
        assert foreign(UTILS / f"{name}.py") & IMPURE == set(), name


def test_only_one_file_knows_ansible_module() -> None:
    knowing = [path.stem for path in UTILS.glob("_*.py") if "AnsibleModule" in path.read_text(encoding="utf-8")]
    assert knowing == ["_module"]
