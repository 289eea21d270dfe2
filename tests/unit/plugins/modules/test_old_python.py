# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python that is too old for the modules is named with the one they need, before anything that it cannot read."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils import _python

from tools.tree import ROOT

MODULES = ("legacy_snapshot", "legacy_snapshot_info")
UTILS = ROOT / "plugins" / "module_utils"
PACKAGE = Path("ansible_collections", "mongodb_ops", "legacy_backup", "plugins")
OLD = ("2.7", "3.6", "3.7", "3.8")


def refusal(version: str) -> tuple[str, str]:
    """How the sentence begins and ends."""
    return f"Python {version}", "needs Python 3.9 or newer: set ansible_python_interpreter to a newer one."


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 8, 18)])
def test_both_versions_are_told(version: tuple[int, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        _python.check_python(version)
    result = json.loads(capsys.readouterr().out)
    assert (ended.value.code, result["failed"], set(result)) == (1, True, {"failed", "msg"})
    begin, end = refusal(".".join(map(str, version)))
    assert result["msg"].startswith(f"{begin} (")
    assert result["msg"].endswith(end)


@pytest.mark.parametrize("version", [(3, 9, 0), (3, 13, 1), (4, 0, 0)])
def test_a_newer_python_goes_on(version: tuple[int, ...], capsys: pytest.CaptureFixture[str]) -> None:
    _python.check_python(version)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("module", MODULES)
def test_the_check_comes_before_all_other_imports(module: str) -> None:
    """In what any Python can read: without annotations, and, for Python 2, in ASCII."""
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    code = [node for node in ast.parse(text).body if not isinstance(node, ast.Assign)]
    assert text.isascii()
    assert [type(node) for node in code] == [ast.ImportFrom, ast.Expr, ast.ImportFrom, ast.If]
    assert ast.unparse(code[0]).endswith("module_utils._python import check_python")
    assert ast.unparse(code[1]) == "check_python()"
    assert (UTILS / "_python.py").read_text(encoding="utf-8").isascii()


def interpreters() -> Iterator[str]:
    """The old Pythons of this machine, of its path and of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    places = [*os.environ["PATH"].split(os.pathsep), *map(str, pyenv.glob("*/bin"))]
    for version in OLD:
        for place in places:
            found = shutil.which(f"python{version}", path=place)
            # A stand-in of pyenv is there also where it leads to nothing.
            if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
                yield found
                break


def test_old_pythons_say_so(tmp_path: Path) -> None:
    """Each that there is, with the files laid out as Ansible lays them out for the host that runs a module."""
    shutil.copytree(UTILS, tmp_path / PACKAGE / "module_utils", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(UTILS.parent / "modules", tmp_path / PACKAGE / "modules")
    for folder in (tmp_path / PACKAGE, *(tmp_path / PACKAGE).rglob("*")):
        for one in (folder, *folder.parents) if folder.is_dir() else ():
            if tmp_path in one.parents:
                (one / "__init__.py").touch()
    for python in interpreters():
        for module in MODULES:
            name = ".".join([*PACKAGE.parts, "modules", module])
            command = [python, "-c", f"import runpy; runpy.run_module({name!r}, run_name='__main__', alter_sys=True)"]
            run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert (run.returncode, run.stderr) == (1, "")
            begin, end = refusal(Path(python).name.removeprefix("python"))
            message = json.loads(run.stdout)["msg"]
            assert message.startswith(begin)
            assert message.endswith(end)
