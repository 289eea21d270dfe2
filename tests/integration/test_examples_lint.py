# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each example passes the ansible-lint of a user who copies it: profile production, nothing set for this project."""

from __future__ import annotations

import ast
import re
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.environment import COMMANDS, bare_environment
from tools.guides import examples
from tools.tree import ROOT

PAGES = ("README.md", "roles/retention/README.md")


def texts() -> Iterator[tuple[str, str]]:
    """All YAML that is shown to users: where, and the text."""
    for path in sorted((ROOT / "plugins").glob("*/*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES":
                yield path.stem, str(ast.literal_eval(node.value))
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for number, block in enumerate(re.findall(r"^( *)```yaml\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL)):
            yield f"{Path(page).parent.name or 'top'}_readme_{number}", textwrap.dedent(block[1])
    for example in examples():
        yield str(example), example.text


def place(name: str, content: Any) -> str:
    """Where a user would have it, by what it is: a playbook, the tasks of one, an inventory, or variables."""
    stem = re.sub(r"\W+", "_", name)
    if isinstance(content, list):
        return f"playbooks/{stem}.yml" if "hosts" in content[0] else f"tasks/{stem}.yml"
    return f"inventory/{stem}.clusters.yml" if "plugin" in content else f"group_vars/{stem}.yml"


def write_all(folder: Path) -> list[str]:
    """The examples as files, and where they are."""
    places = []
    for name, text in texts():
        # Several documents of one plugin are as many files to a user.
        for number, document in enumerate(re.split(r"^---\n", text, flags=re.MULTILINE)):
            if (content := yaml.safe_load(document)) is None:
                continue
            path = folder / place(f"{name}_{number}", content)
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"---\n{document.strip()}\n", encoding="utf-8")
            places.append(str(path.relative_to(folder)))
    return places


def lint(folder: Path, collections: Path) -> tuple[int, str]:
    """What ansible-lint says of a folder."""
    environment = {**bare_environment(folder), "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    command = [str(COMMANDS / "ansible-lint"), "--offline", "--strict", "--profile", "production", "--nocolor"]
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    return run.returncode, run.stdout + run.stderr


def test_every_example_passes(tmp_path: Path, collections: Path) -> None:
    places = write_all(tmp_path)
    assert {one.partition("/")[0] for one in places} == {"playbooks", "tasks", "inventory", "group_vars"}
    status, output = lint(tmp_path, collections)
    assert status == 0, output
    # With a date that is not quoted, it leaves out checks of that file, and only warns of it.
    assert "WARNING" not in output
