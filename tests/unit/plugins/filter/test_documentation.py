# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every filter's documentation: its options are the function's arguments, its result has the documented keys."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import as_json

from tools.tree import FULL_NAME, ROOT
from unit.plugins.plugin_utils._report.cases import reported
from unit.plugins.plugin_utils._retention.cases import NOW, ago, info, row

NAMES = sorted(path.stem for path in (ROOT / "plugins" / "filter").glob("*_*.py"))


def module(name: str) -> ModuleType:
    return importlib.import_module(f"ansible_collections.{FULL_NAME}.plugins.filter.{name}")


def the_filter(name: str) -> Any:
    (function,) = module(name).FilterModule().filters().values()
    return function


def document(name: str, part: str = "DOCUMENTATION") -> Any:
    return yaml.safe_load(getattr(module(name), part))


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_by_the_name_of_its_file(name: str) -> None:
    assert list(module(name).FilterModule().filters()) == [document(name)["name"]] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_options_are_the_arguments(name: str) -> None:
    about = document(name)
    named = about["options"]
    assert named.pop("_input")["description"]
    arguments = list(inspect.signature(the_filter(name)).parameters.values())[1:]
    free = [one for one in arguments if one.kind is one.VAR_KEYWORD]
    fixed = {one.name: one.default for one in arguments if one not in free}
    if free:
        # Those of a policy: test_retention_plan.py holds them to the engine's own.
        assert set(fixed) < set(named)
    else:
        assert list(named) == list(fixed)
    positional = [word.strip() for word in about.get("positional", "").split(",") if word.strip()]
    assert positional == list(fixed)[: len(positional)]
    for option, default in fixed.items():
        if named[option].get("required", False):
            # A message of our own says what is missing, where None stands for nothing.
            assert default in (inspect.Parameter.empty, None), option
            continue
        # An empty list or dictionary is what is documented where the function takes None for it, or a tuple.
        told = named[option].get("default")
        assert (told or None) == (default or None), option


def results(folder: Path) -> dict[str, Any]:
    """What each filter makes of one small cluster."""
    listing = info([row(number, ago(days=number)) for number in range(20)])
    plan = the_filter("retention_plan")(listing, {"keep_last": 5}, now=NOW)
    assert plan["changes"]
    (folder / "retention-x.json").write_text(as_json(reported(plan, listing)), encoding="utf-8")
    return {
        "retention_plan": plan,
        "retention_report_index": the_filter("retention_report_index")(str(folder)),
        "retention_table": the_filter("retention_table")(["a"], {"a": {}}),
        "snapshot_table": the_filter("snapshot_table")(listing, NOW),
    }


TYPES = {"str": str, "dict": dict, "list": list, "int": int, "bool": bool}


def test_results_have_the_documented_keys(tmp_path: Path) -> None:
    found = results(tmp_path)
    assert sorted(found) == NAMES
    for name, result in found.items():
        about = document(name, "RETURN")["_value"]
        assert isinstance(result, TYPES[about["type"]]), name
        assert result, name
        if isinstance(result, dict):
            assert set(about["contains"]) == set(result), name
            for key, one in about["contains"].items():
                assert result[key] is None or isinstance(result[key], TYPES[one["type"]]), f"{name}.{key}"
