# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options, as modules and inventory plugin document them and as they are: option by option."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.plugin_docs import read_docstring
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import add_fragments
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._connection import CONNECTION_SPEC
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._variables import FAMILIES

from tools.tree import ROOT

MODULES = ("modules/legacy_snapshot.py", "modules/legacy_snapshot_info.py")
PLUGIN = "inventory/clusters.py"
# Variables that are no value of the option: a name of another kind, and the opposite.
OTHERWISE = {
    "MCLI_SERVICE": "platform",
    "MONGODB_ATLAS_SERVICE": "base_url",
    "MCLI_OPS_MANAGER_SKIP_VERIFY": "validate_certs",
}


def documented(path: str) -> dict[str, Any]:
    """The documentation with its fragments."""
    full = ROOT / "plugins" / path
    doc: dict[str, Any] = read_docstring(str(full))["doc"]
    add_fragments(doc, str(full), fragment_loader=fragment_loader, is_module=path.startswith("modules/"))
    return doc


@pytest.mark.parametrize("name", CONNECTION_SPEC)
def test_each_option_is_the_same_everywhere(name: str) -> None:
    ours = documented(PLUGIN)["options"][name]
    variables = [one["name"] for one in ours.pop("env", [])]
    for path in MODULES:
        assert documented(path)["options"][name] == ours
    spec = CONNECTION_SPEC[name]
    assert {key: ours.get(key) for key in ("type", "choices", "default")} == {
        key: spec.get(key) for key in ("type", "choices", "default")
    }
    assert "required" not in ours
    text = " ".join(ours["description"])
    if name not in ("private_key", "client_id", "client_secret"):
        # The pairs of keys are told once, at the first of them.
        assert all(f"E({variable})" in text for variable in variables)
    assert all(f"E({variable})" in text for variable, option in OTHERWISE.items() if option == name)


def test_every_variable_is_documented() -> None:
    options = documented(PLUGIN)["options"]
    found = {one["name"] for name in CONNECTION_SPEC for one in options[name].get("env", [])}
    known = {name for family in FAMILIES for pair in family.pairs for name in pair.names}
    known |= {name for family in FAMILIES for name in family.others}
    assert found | set(OTHERWISE) == known
