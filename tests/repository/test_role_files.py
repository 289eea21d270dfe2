# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's files agree with each other, and nothing in it or the playbooks knows of other hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    OPTION_KEYS,
    POLICY_KEYS,
)

from tools.tree import ROOT

ROLE = ROOT / "roles" / "retention"
ENTRIES = {"main", "plan", "apply", "audit"}
PLAYBOOKS = {"retention": "main", "plan": "plan", "apply": "apply", "audit": "audit"}
FILES = [*(ROLE / "tasks").glob("*.yml"), *(ROOT / "playbooks").glob("*.yml")]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_arguments_are_the_defaults() -> None:
    specs, defaults = read(ROLE / "meta" / "argument_specs.yml")["argument_specs"], read(ROLE / "defaults" / "main.yml")
    assert set(specs) == ENTRIES
    options = {name: about for entry in specs.values() for name, about in entry["options"].items()}
    assert {name: about["default"] for name, about in options.items()} == defaults
    for entry in specs.values():
        # The same variable means the same in each entry point.
        assert all(options[name] == about for name, about in entry["options"].items())
    # No other type takes what a survey sends; text of our own is a string, blank or not.
    assert {about["type"] for about in options.values()} == {"raw", "str"}


def test_every_key_of_the_filter_is_a_variable() -> None:
    defaults = read(ROLE / "defaults" / "main.yml")
    assert all(name.startswith("retention_") for name in defaults)
    assert {f"retention_{key}" for key in (*POLICY_KEYS, *OPTION_KEYS)} <= set(defaults)


def test_what_is_not_for_users_says_so() -> None:
    assert all(name.startswith("__retention_") for name in read(ROLE / "vars" / "main.yml"))


def test_each_variable_that_the_role_reads_is_an_argument_or_its_own() -> None:
    defaults = read(ROLE / "defaults" / "main.yml")
    texts = [path.read_text(encoding="utf-8") for path in [*(ROLE / "tasks").glob("*.yml"), ROLE / "vars" / "main.yml"]]
    named = {name for text in texts for name in re.findall(r"(?<![\w.'])retention_\w+", text)}
    filters = {path.stem for path in (ROOT / "plugins" / "filter").glob("*.py")} | {"retention_report"}
    assert named - filters - set(defaults) == {"retention_outcomes"}


def test_the_readme_tells_of_each_entry_point_and_message() -> None:
    text = (ROLE / "README.md").read_text(encoding="utf-8")
    assert all(f"`{entry}`" in text for entry in ENTRIES)
    assert all(f"RETENTION {what}:" in text for what in ("BLOCKED", "STOPPED", "DRIFT", "GAP", "NO PLAN"))


# No part of a sliced job: the index is made afterwards, of the files that such jobs left; the objects of AWX, before.
SLICED = [path for path in FILES if path.name not in ("report_index.yml", "awx.yml")]
# What is run once for all hosts, or reads, makes or waits for others.
OTHERS = (
    r"run_once|localhost|hostvars|groups\[|delegate_to|delegate_facts|local_action|add_host|group_by|end_play|end_batch"
    r"|any_errors_fatal|ansible_play_name|retention_report_index"
)
# The files that are written, all of them under names of the cluster's own or that the user gave for it.
WRITTEN = {"{{ retention_plan_file }}", "{{ __retention_report_path }}.{{ item }}", "{{ retention_report_dir }}"}


@pytest.mark.parametrize("path", SLICED, ids=lambda path: path.name)
def test_nothing_depends_on_other_hosts(path: Path) -> None:
    """A sliced job sees only its own hosts, and runs what is once a play once a slice."""
    text = path.read_text(encoding="utf-8")
    assert re.findall(OTHERS, text) == []
    assert set(re.findall(r"^ *(?:dest|path): \"?([^\"\n]+)", text, flags=re.MULTILINE)) <= WRITTEN


def test_of_other_hosts_only_the_number_is_known() -> None:
    """How many there are says in a slice what the slice has; who they are nothing asks."""
    texts = [path.read_text(encoding="utf-8") for path in [*(ROLE / "tasks").glob("*.yml"), ROLE / "vars" / "main.yml"]]
    named = [found for text in texts for found in re.findall(r"ansible_play_\w+(?: \| \w+)?", text)]
    assert named
    assert all(found.endswith(" | length") for found in named)


def _tasks(tasks: list[dict[str, Any]], caught: bool = False) -> Iterator[tuple[dict[str, Any], bool]]:
    """Each task, imported ones too, and whether a failure of it goes on in a block's `rescue` or `always`."""
    for task in tasks:
        inner = caught or "rescue" in task or "always" in task
        for part in ("block", "rescue", "always"):
            yield from _tasks(task.get(part, []), inner)
        name = task.get("ansible.builtin.import_tasks")
        if name:
            yield from _tasks(read(ROLE / "tasks" / name), caught)
        elif "block" not in task:
            yield task, caught


@pytest.mark.parametrize("entry", ["main", "apply"])
def test_what_fails_before_the_first_write_counts(entry: str) -> None:
    """For max_fail_percentage only what no block catches does, and all of it has to lie before the batches."""
    found = list(_tasks(read(ROLE / "tasks" / f"{entry}.yml")))
    names = [task["name"] for task, _caught in found]
    first_write = names.index("Apply the plan in batches")
    assert [task["name"] for task, caught in found[:first_write] if caught] == []
    assert names.index("Stop where a guard says so") < names.index("Stop where too many other clusters have stopped")
    assert names[first_write - 1] == "Stop where too many other clusters have stopped"
    assert found[first_write][1]
    assert found[-1] == (found[-1][0], False)
    assert names[-1] == "Fail where not everything went as planned"


@pytest.mark.parametrize(("name", "entry"), PLAYBOOKS.items())
def test_playbooks_are_one_play_of_the_role(name: str, entry: str) -> None:
    (play,) = read(ROOT / "playbooks" / f"{name}.yml")
    assert play.get("check_mode", False) is (name in ("plan", "audit"))
    writes = name in ("retention", "apply")
    # Only in lockstep do all clusters plan before any is written to.
    assert play.get("strategy") == ("linear" if writes else None)
    assert ("retention_max_fail_percentage" in play.get("max_fail_percentage", "")) is writes
    text = str(play)
    assert "mongodb_ops.legacy_backup.retention" in text
    assert entry == "main" or f"'tasks_from': '{entry}'" in text
