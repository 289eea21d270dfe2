# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's files agree with each other, nothing lies between its two steps, and no playbook knows of other hosts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    OPTION_KEYS,
    POLICY_KEYS,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import VARIABLES

from tools.tree import ROOT

ROLE = ROOT / "roles" / "retention"
OURS = "mongodb_ops.legacy_backup."
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
    # No other type takes what a survey sends, or what is encrypted inline.
    assert {about["type"] for about in options.values()} == {"raw"}


def test_every_key_of_the_filter_is_a_variable() -> None:
    defaults = read(ROLE / "defaults" / "main.yml")
    assert all(name.startswith("retention_") for name in defaults)
    assert {f"retention_{key}" for key in (*POLICY_KEYS, *OPTION_KEYS)} <= set(defaults)


def test_the_arguments_are_what_the_steps_read() -> None:
    """Any other variable of the name is refused, so that none of the role's own may be missing (R26)."""
    assert set(VARIABLES) == set(read(ROLE / "defaults" / "main.yml"))


def test_the_readme_tells_of_each_entry_point_and_message() -> None:
    text = (ROLE / "README.md").read_text(encoding="utf-8")
    assert all(f"`{entry}`" in text for entry in ENTRIES)
    told = ("BLOCKED", "STOPPED", "DRIFT", "GAP", "FINDING", "STALE", "NO PLAN")
    assert [what for what in told if f"RETENTION {what}:" not in text] == []


# No part of a sliced job: the index is made afterwards, of the files that such jobs left; the objects of AWX, before.
SLICED = [path for path in FILES if path.name not in ("report_index.yml", "awx.yml")]
# What is run once for all hosts, or reads, makes or waits for others.
OTHERS = (
    r"run_once|localhost|hostvars|groups\[|delegate_to|delegate_facts|local_action|add_host|group_by|end_play|end_batch"
    r"|any_errors_fatal|ansible_play_name|retention_report_index"
)


@pytest.mark.parametrize("path", SLICED, ids=lambda path: path.name)
def test_nothing_depends_on_other_hosts(path: Path) -> None:
    """A sliced job sees only its own hosts, and runs what is once a play once a slice. Only the table looks at all."""
    found = read(path)
    for play in found if "hosts" in found[0] else ():
        for task in play["tasks"]:
            task.pop("always", None)
    assert re.findall(OTHERS, yaml.safe_dump(found)) == []


def _tasks(name: str) -> list[dict[str, Any]]:
    """The tasks of an entry point, imported ones too."""
    found: list[dict[str, Any]] = []
    for task in read(ROLE / "tasks" / name):
        imported = task.get("ansible.builtin.import_tasks")
        found += [task] if imported is None else _tasks(imported)
    return found


@pytest.mark.parametrize("entry", sorted(ENTRIES))
def test_an_entry_point_is_the_two_steps_and_the_end(entry: str) -> None:
    """Nothing lies between deciding and applying, and no logic in a template decides whether anything is written."""
    steps = ["retention_decide", *(["retention_apply"] if entry in ("main", "apply") else [])]
    first, *others = _tasks(f"{entry}.yml")
    told, failing = others[-2:]
    assert [first[OURS + steps[0]]] == [{"entry_point": entry}]
    assert [task.get(OURS + "retention_apply", "none") for task in others[:-2]] == [None] * (len(steps) - 1)
    # Neither condition nor loop, nor what goes on past a failure; the two after them only tell.
    for task in (first, *others[:-2]):
        assert set(task) == {"name", "register", *(key for key in task if key.startswith(OURS))}
        assert task["register"] == "retention_result"
    assert told["ansible.builtin.debug"] == {"msg": "{{ retention_result.summary }}"}
    assert failing["ansible.builtin.fail"] == {"msg": "{{ retention_result.message }}"}
    assert failing["when"] == "retention_result.failure | length > 0"


@pytest.mark.parametrize(("name", "entry"), PLAYBOOKS.items())
def test_playbooks_are_one_play_of_the_role(name: str, entry: str) -> None:
    (play,) = read(ROOT / "playbooks" / f"{name}.yml")
    assert play.get("check_mode", False) is (name in ("plan", "audit"))
    # Only in lockstep do all clusters plan before any is written to, and does the table come after all of them.
    assert play["strategy"] == "linear"
    refusal, task = play["tasks"]
    assert refusal["ansible.builtin.import_tasks"] == "tasks/refuse_no_hosts.yml"
    (table,) = task["always"]
    assert (table["run_once"], "retention_table(hostvars" in str(table)) == (True, True)
    (role,) = task["block"]
    assert role["vars"] == {"retention_print_summary": "{{ ansible_play_hosts_all | length == 1 }}"}
    # The keyword would end the play before the extends.
    assert "max_fail_percentage" not in play
    text = str(play)
    assert "mongodb_ops.legacy_backup.retention" in text
    assert entry == "main" or f"'tasks_from': '{entry}'" in text
