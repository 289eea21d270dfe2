# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each variable of the role with values that nobody should give, a host for each value.

It works, or it fails before any request and names the variable or its key; never a traceback, never a write.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from tools.playbooks import NAMESPACE, Playbooks, Run, options, play
from tools.tree import ROOT
from unit import hostile

ROLE = f"{NAMESPACE}.retention"
VARIABLES = list(yaml.safe_load((ROOT / "roles" / "retention" / "defaults" / "main.yml").read_text(encoding="utf-8")))
# Paths are written to and read from where they lead, and are tried by themselves.
PATHS = ("retention_plan_file", "retention_plan_dir", "retention_report_dir")
VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "minus": -7,
    "huge": 10**18,
    "endless": "9" * 400,
    "half": 0.5,
    "nan": float("nan"),
    "infinite": float("inf"),
    "blanks": " \t\n ",
    "word": "soon",
    "arabic": "\u0661\u0662",
    "emoji": "\U0001f600 \u202e",
    "slashes": "../../etc/passwd",
    "quotes": "'\"\\",
    "controls": "a\x07\x1b[2Jb",
    "long": "x" * 20_000,
    "date": "9999-12-31T23:59:59-23:59",
    "list": ["a", None, {"b": 1}],
    "dictionary": {"a": {"b": ["c"]}, "1": None},
    "nested": [[[[[[[[[[]]]]]]]]]],
    "span": "999999999y",
}
# What comes from outside is never taken for a template.
UNSAFE = ["{{ lookup('pipe', 'touch hostile-was-here') }}", "{% for x in y %}", "{{ undefined_variable }}", "{#"]


class Unsafe(str):
    """Text that is written as `!unsafe`."""


class Dumper(yaml.SafeDumper):
    """Knows the tag, and writes all else as usual."""


Dumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))
VALUES |= {f"unsafe-{number}": Unsafe(text) for number, text in enumerate(UNSAFE)}


def some(variable: str) -> list[Any]:
    """The values for a variable: all of them where the profile looks further, else two, not its neighbours'."""
    values = list(VALUES.values())
    if hostile.EXAMPLES > 100:
        return values
    first = VARIABLES.index(variable) * 2
    return [values[(first + number) % len(values)] for number in range(2)]


def run_hosts(playbooks: Playbooks, sim: Simulator, hosts: dict[str, dict[str, Any]], entry: str) -> Run:
    """One run with a cluster for each value. In check mode, so that a value that works writes nothing."""
    connection = options(sim)
    for key in ("project_id", "cluster_id", "cluster_name"):
        connection.pop(key, None)
    usual = {"retention_keep_last": 5, "retention_keep_within_yearly": "1y", "retention_stale_after": "off"}
    folder = playbooks.folder / "host_vars"
    folder.mkdir(exist_ok=True)
    for name, variables in hosts.items():
        text = yaml.dump({**usual, **variables}, Dumper=Dumper, allow_unicode=False)
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    tasks = [{"name": "try", "ansible.builtin.include_role": {"name": ROLE, "tasks_from": entry}}]
    return playbooks.run(
        [play(tasks, connection, strategy="free")],
        "--check",
        "--forks",
        "8",
        inventory={
            name: {"project_id": cluster.project_id, "cluster_id": cluster.id}
            for name, cluster in zip(hosts, sim.world.clusters.values(), strict=True)
        },
    )


def judged(run: Run, sim: Simulator, hosts: dict[str, dict[str, Any]], folder: Path) -> int:
    """How many of the hosts failed; none in a way that it must not."""
    assert "Traceback" not in run.output
    assert "Unexpected" not in run.output
    assert not (folder / "hostile-was-here").exists()
    assert sim.log.writes == []
    failed = {task.host: task for task in run.tasks if task.status in ("failed", "unreachable")}
    for host, task in failed.items():
        if task.message.startswith("RETENTION BLOCKED: "):
            continue  # the value worked, and a guard had something to say
        (variable,) = hosts[host]
        key = variable.removeprefix("retention_")
        assert re.search(rf"\b(retention_)?{key}\b", task.message), f"{host}: {task.message[:500]}"
        assert len(task.message) < 3000, host
    told = {task.host for task in run.tasks}
    assert told == set(hosts)
    return len(failed)


GROUPS: dict[str, Callable[[str], bool]] = {
    "the policy": lambda name: name.startswith("retention_keep_"),
    "the options": lambda name: not name.startswith("retention_keep_"),
}


@pytest.mark.parametrize("group", GROUPS)
def test_any_value_of_any_variable(
    playbooks: Playbooks, simulator: Start, group: str, record_property: Callable[[str, Any], None]
) -> None:
    hosts = {
        f"h{number}": {variable: value}
        for number, (variable, value) in enumerate(
            (variable, value)
            for variable in VARIABLES
            if GROUPS[group](variable) and variable not in PATHS and not variable.startswith("retention_approved")
            for value in some(variable)
        )
    }
    sim = simulator(seeds.fleet(len(hosts), 6, platform="ops_manager"))
    run = run_hosts(playbooks, sim, hosts, "main")
    record_property("hostile", len(hosts))
    assert 0 < judged(run, sim, hosts, playbooks.folder) < len(hosts)


def test_any_value_of_what_was_approved(
    playbooks: Playbooks, simulator: Start, record_property: Callable[[str, Any], None]
) -> None:
    names = ("retention_approved_plan", "retention_approved_digest", "retention_plan_max_age")
    hosts = {
        f"h{number}": {variable: value}
        for number, (variable, value) in enumerate((variable, value) for variable in names for value in some(variable))
    }
    sim = simulator(seeds.fleet(len(hosts), 6, platform="ops_manager"))
    run = run_hosts(playbooks, sim, hosts, "apply")
    record_property("hostile", len(hosts))
    assert "Traceback" not in run.output
    assert sim.log.requests == 0
    failed = {task.host for task in run.tasks if task.status == "failed"}
    assert failed == set(hosts)
