# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the guides of docs/docsite: their examples, by kind."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.tree import FULL_NAME, ROOT

GUIDES = sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst"))
_BLOCK = re.compile(r"^\.\. code-block:: (\S+)\n((?:\n|   .*\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A code block: of which guide, the how-manieth of its language there, and its text."""

    guide: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.guide}-{self.number}"

    @property
    def content(self) -> Any:
        """What the YAML says."""
        return yaml.safe_load(self.text)

    @property
    def plays(self) -> list[dict[str, Any]]:
        """Its plays; none where it is no playbook."""
        return self.content if isinstance(self.content, list) else []

    @property
    def title(self) -> str:
        """The name of its first play."""
        return str(self.plays[0]["name"])


def blocks(language: str, guide: Path) -> list[str]:
    """The code blocks of a language in a guide, without their indentation."""
    found = _BLOCK.findall(guide.read_text(encoding="utf-8"))
    return [textwrap.dedent(body).strip("\n") + "\n" for kind, body in found if kind == language]


def examples(language: str = "yaml+jinja") -> list[Example]:
    """All code blocks of a language."""
    return [
        Example(guide.stem, number, text) for guide in GUIDES for number, text in enumerate(blocks(language, guide))
    ]


def tasks(plays: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All tasks of plays, and their roles as tasks that include them."""
    for play in plays:
        yield from play.get("tasks", ())
        for role in play.get("roles", ()):
            yield {"ansible.builtin.include_role": {"name": role["role"]}, "vars": role.get("vars", {})}


def calls(task: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The modules of ours that a task runs (one at most), with their options."""
    for key, given in task.items():
        if key.startswith(f"{FULL_NAME}."):
            yield key.rpartition(".")[2], given or {}


def commands() -> Iterator[list[str]]:
    """The command lines of all guides, as words; what a command prints is left out."""
    for example in examples("console"):
        for line in example.text.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                yield shlex.split(line[2:])
