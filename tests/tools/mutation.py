# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mutation testing: mutmut makes small faults in what decides about snapshots, and the unit tests have to notice.

    mutation.py [FILE...]    without files: those of MUTATED; `mutation.py _rules` is another one's turn

It prints the score and each survivor as a difference, and fails under LIMIT. mutmut wants to find files under the
names by which they are imported, so it works on a copy in .cache/mutation, which also stays to be looked into:
cd .cache/mutation && mutmut browse.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tools.tree import CACHE, NAME, NAMESPACE, copy_project

FOLDER = CACHE / "mutation"
COLLECTION = Path("ansible_collections", NAMESPACE, NAME)
RULES = ("engine", "rules", "lifetimes", "outage", "restores")
MUTATED = (*(f"plugin_utils/_retention/{name}" for name in RULES), "module_utils/_snapshot")
LIMIT = 90.0
# What tests these in a few seconds: each mutant that nothing notices costs all of them.
TESTS = ("module_utils/test_snapshot.py", "module_utils/test_hostile_reading.py", "plugin_utils/_retention")
NOTICED = ("killed", "timeout", "segfault")


def settings(names: list[str]) -> str:
    """mutmut's settings. JSON's strings and lists are TOML's too."""
    plugins, tests = COLLECTION / "plugins", Path("tests", "unit", "plugins")
    return "\n".join(
        [
            "[tool.mutmut]",
            f"source_paths = {json.dumps(['ansible_collections'])}",
            f"only_mutate = {json.dumps([str(plugins / f'{name}.py') for name in names])}",
            f"pytest_add_cli_args_test_selection = {json.dumps([str(tests / name) for name in TESTS])}",
            f"also_copy = {json.dumps(['conftest.py', 'galaxy.yml', 'meta'])}",
            # A mutant that loops for ever is waited for this long.
            "timeout_multiplier = 4.0",
            "timeout_constant = 5.0",
            "use_git_change_detection = false",
            "use_setproctitle = false",
            "",
        ]
    )


def make_copy(names: list[str]) -> None:
    """The project with its plugins where their full name says; mutmut copies it once more, into `mutants`."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    copy_project(FOLDER)
    (FOLDER / COLLECTION).mkdir(parents=True)
    (FOLDER / "plugins").rename(FOLDER / COLLECTION / "plugins")
    # The tests look for them at the top.
    (FOLDER / "mutants").mkdir()
    (FOLDER / "mutants" / "plugins").symlink_to(COLLECTION / "plugins")
    with (FOLDER / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{settings(names)}")


def main(names: list[str]) -> int:
    make_copy(names or list(MUTATED))
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "ANSIBLE_COLLECTIONS_PATH")}
    kept["HYPOTHESIS_PROFILE"] = "short"
    jobs = os.environ.get("JOBS", "2")
    ran = mutmut("run", "--max-children", jobs, environment=kept)
    found = mutmut("results", "--all", "true", environment=kept)
    outcomes = dict(line.strip().rsplit(": ", 1) for line in found.stdout.splitlines() if ": " in line)
    if ran.returncode or not outcomes:
        print(f"{ran.stdout[-5000:]}\nFAILED: mutmut ended with {ran.returncode}, and {len(outcomes)} mutants")
        return 1
    counts = Counter(outcomes.values())
    noticed = sum(counts[kind] for kind in NOTICED)
    survivors = [name for name, outcome in outcomes.items() if outcome not in NOTICED]
    for name in survivors:
        print(f"\n{outcomes[name]}: {name}\n{mutmut('show', name, environment=kept).stdout.strip()}")
    score = 100 * noticed / len(outcomes)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    verdict = f"{score:.1f} % of {len(outcomes)} mutants noticed ({told}); the limit is {LIMIT:g} %"
    print(f"\nmutation: {verdict}" if score >= LIMIT else f"\nmutation: FAILED: {verdict}")
    return 0 if score >= LIMIT else 1


def mutmut(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """One of mutmut's commands."""
    return subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=FOLDER,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
