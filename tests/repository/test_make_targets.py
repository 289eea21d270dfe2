# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The make targets explain themselves, and whatever runs them elsewhere, workflows and hooks, names ones that exist."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tools.matrix import ALL, CORES
from tools.tree import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z][a-z0-9.-]*):(?!=)", MAKEFILE, flags=re.MULTILINE)
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def variable(name: str) -> list[str]:
    """The words of a variable of the Makefile, with those that it names."""
    (words,) = re.findall(rf"^{name} := (.*)$", MAKEFILE, flags=re.MULTILINE)
    return [found for word in words.split() for found in (variable(word[2:-1]) if word.startswith("$(") else [word])]


def test_help_lists_every_target_in_a_line() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    lines = [line.split(maxsplit=2) for line in shown.splitlines()]
    assert [line[1] for line in lines] == TARGETS
    assert [line for line in lines if len(line) < 3 or len(line[2]) < 10] == []


def test_every_target_runs_whatever_files_there_are() -> None:
    known = subprocess.run(["make", "-pn", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (phony,) = re.findall(r"^\.PHONY: (.*)$", known, flags=re.MULTILINE)
    assert phony.split() == TARGETS


def test_each_core_has_its_target() -> None:
    assert variable("CORES") == [f"core-{core.version}" for core in CORES]
    for core in CORES:
        (told,) = re.findall(rf"^core-{re.escape(core.version)}: ## (.*)$", MAKEFILE, flags=re.MULTILINE)
        assert core.version in told
        assert core.kinds in (ALL, ("end-to-end",))


def test_the_floor_of_the_cores_is_what_the_collection_asks_for() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["requires_ansible"] == f">={CORES[0].version}.0"


# --- workflows ---


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def steps(workflow: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            yield job, step


def commands(job: dict[str, Any], step: dict[str, Any]) -> list[str]:
    """What a step runs, for each row of the job's matrix."""
    matrix = job.get("strategy", {}).get("matrix", {})
    rows = matrix.get("include") or [{key: value} for key, values in matrix.items() for value in values] or [{}]
    return [filled(step["run"], row) for row in rows]


def filled(command: str, row: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda found: row[found[1]], command)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_make_targets_that_exist(path: Any) -> None:
    ran = [command for job, step in steps(read(str(path))) if "run" in step for command in commands(job, step)]
    assert ran
    for command in ran:
        if command.startswith("gh release create "):
            continue
        target = re.fullmatch(r"make ([a-z0-9.-]+)", command)
        assert target, command
        assert target[1] in TARGETS


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_do_little(path: Any) -> None:
    workflow = read(str(path))
    assert workflow["permissions"] == {"contents": "read"}
    writing = [name for name, job in workflow["jobs"].items() if "permissions" in job]
    assert writing == (["github"] if path.name == "release.yml" else [])
    for _job, step in steps(workflow):
        if "uses" in step:
            # GitHub's own alone, each by its major version.
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])
        # What a stranger may have named, a branch or a tag, is never pasted into a command.
        assert "github." not in step.get("run", "")
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


def test_ci_runs_everything_on_every_core() -> None:
    workflow = read(".github/workflows/ci.yml")
    assert {"push", "pull_request", "schedule"} <= set(workflow["on"])
    jobs = workflow["jobs"]
    rows = jobs["core"]["strategy"]["matrix"]["include"]
    assert [(row["core"], row["python"]) for row in rows] == [(core.version, core.python) for core in CORES]
    assert jobs["gate"]["strategy"]["matrix"]["gate"] == [
        name for name in variable("GATES") if name not in variable("CORES")
    ]
    ran = [command for job, step in steps(workflow) if "run" in step for command in commands(job, step)]
    assert sorted(ran) == sorted(f"make {name}" for name in ["test", *variable("GATES")])


def test_what_a_release_is_built_of_has_all_of_history() -> None:
    for path in WORKFLOWS:
        for job, step in steps(read(str(path))):
            if step.get("uses", "").startswith("actions/checkout") and not job.get("environment"):
                assert step["with"]["fetch-depth"] == 0


# --- hooks, container ---


def test_hooks_run_make_targets_and_fetch_nothing() -> None:
    repositories = read(".pre-commit-config.yaml")["repos"]
    assert [one["repo"] for one in repositories] == ["local"]
    hooks = repositories[0]["hooks"]
    assert all(hook["entry"] == hook["name"] == f"make {hook['id']}" for hook in hooks)
    assert {hook["language"] for hook in hooks} == {"system"}
    names = {hook["id"] for hook in hooks}
    assert names <= set(TARGETS)
    # All that `make test` lints with, and all of it before anything is pushed.
    assert set(variable("LINTERS")) <= names
    assert "test" in names


def test_the_container_is_set_up_by_a_target() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"].removeprefix("make ") in TARGETS


def test_the_oldest_requests_that_is_promised_is_tried() -> None:
    """With the oldest Python of the controller, which one ansible-core of the table has."""
    promised = (ROOT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8")
    tried = (ROOT / "tests" / "requirements" / "core.txt").read_text(encoding="utf-8")
    pinned = re.findall(r'^requests==(\S+); python_version < "3\.11"$', tried, flags=re.MULTILINE)
    assert re.findall(r"^requests>=(\S+)$", promised, flags=re.MULTILINE) == pinned
    assert sum(core.python == "3.10" for core in CORES) == 1
