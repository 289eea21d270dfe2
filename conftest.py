# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the checkout importable as a collection, wherever it lies and however pytest was started.

Afterwards ``ansible_collections.mongodb_ops.legacy_backup…``, ``simulator…`` and ``tools…`` import, here and in
processes that the tests start. ``ansible-test units`` reads this file too. It brings its own tree and loader, and hides
the controller's code from the tests of module_utils and modules.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests"))

from tools.tree import CACHE, make_tree  # noqa: E402  (found by the line above)

LOADED = "ansible_pytest_collections" in sys.modules  # by ansible-test
TREE = ROOT.parents[2] if LOADED else make_tree()
PATH = [str(TREE), str(ROOT / "tests")]
sys.path.insert(0, str(TREE))
os.environ["PYTHONPATH"] = os.pathsep.join([*PATH, os.environ["PYTHONPATH"]] if LOADED else PATH)
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(TREE)
os.environ.setdefault("ANSIBLE_HOME", str(CACHE / "ansible"))

# Ansible reads its settings when it is first imported, so these imports come last.
import hypothesis  # noqa: E402  (as said above)
import hypothesis.configuration  # noqa: E402  (as said above)
from ansible.utils.collection_loader._collection_config import AnsibleCollectionConfig  # noqa: E402  (as said above)

if AnsibleCollectionConfig.collection_finder is None:  # mutation testing runs pytest many times in one process
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader([str(TREE)])

pytest_plugins = ["tools.counted", "tools.figures"]

# "steady" finds the same in each run, as does "short", which mutation testing uses. "explore" looks further:
# HYPOTHESIS_PROFILE=explore make unit. "long" looks much further, at the retention rules in the session `histories`.
hypothesis.configuration.set_hypothesis_home_dir(CACHE / "hypothesis")
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("short", derandomize=True, deadline=None, max_examples=20)
hypothesis.settings.register_profile("explore", deadline=None, print_blob=True, max_examples=2000)
hypothesis.settings.register_profile("long", deadline=None, print_blob=True, max_examples=20_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_runtest_teardown(item: Any) -> None:
    """Count the cases of each test that has "hostile" in its name: what it says itself, else its examples, else one."""
    if "hostile" in item.nodeid and "hostile" not in dict(item.user_properties):
        examples = re.findall(r"(\d+) passing", getattr(item, "hypothesis_statistics", ""))
        item.user_properties.append(("hostile", sum(map(int, examples)) or 1))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell how many hostile cases were tried, over all workers."""
    reports = [
        one for kind in terminalreporter.stats.values() for one in kind if getattr(one, "when", "") == "teardown"
    ]
    counts = [dict(one.user_properties).get("hostile", 0) for one in reports]
    if any(counts):
        terminalreporter.write_line(f"{sum(counts):,} hostile cases in {sum(map(bool, counts)):,} tests")
