# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's variables: the argument specs, which do nothing at run time, say the same as the defaults, which do."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    OPTION_KEYS,
    POLICY_KEYS,
)

from tools.tree import ROOT

ROLE = ROOT / "roles" / "retention"


def read(name: str) -> Any:
    return yaml.safe_load((ROLE / name).read_text(encoding="utf-8"))


DEFAULTS = read("defaults/main.yml")
SPECS = read("meta/argument_specs.yml")["argument_specs"]


@pytest.mark.parametrize("entry_point", SPECS)
def test_specs_equal_defaults(entry_point: str) -> None:
    described = {name: spec["default"] for name, spec in SPECS[entry_point]["options"].items()}
    assert described == {name: DEFAULTS[name] for name in described}


def test_every_variable_is_described() -> None:
    assert set(DEFAULTS) == {name for spec in SPECS.values() for name in spec["options"]}
    assert all(name.startswith("retention_") for name in DEFAULTS)


def test_every_key_of_the_filter_is_a_variable() -> None:
    assert {f"retention_{key}" for key in (*POLICY_KEYS, *OPTION_KEYS)} <= set(DEFAULTS)


def test_what_is_not_for_users_says_so() -> None:
    assert all(name.startswith("__retention_") for name in read("vars/main.yml"))
