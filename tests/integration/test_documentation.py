# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation says what is so: results have the documented keys, examples run, the group has every module."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from tools.environment import atlas_environment
from tools.playbooks import GROUP, NAMESPACE, Playbooks, Task, facts, options, play, task, warned

MODULES = ("legacy_snapshot", "legacy_snapshot_info")
LATER = "2035-01-01T00:00:00Z"
# What Ansible itself puts into results.
ANSIBLES = {"changed", "invocation", "diff", "warnings", "exception", "deprecations"}
PYTHON_TYPES: dict[str, type] = {"str": str, "int": int, "bool": bool, "list": list, "dict": dict}


def plugin_folder(collections: Path) -> Path:
    return collections.joinpath("ansible_collections", *NAMESPACE.split("."))


def text_of(collections: Path, plugin: str, name: str, kind: str = "modules") -> str:
    """DOCUMENTATION, EXAMPLES or RETURN of an installed plugin."""
    tree = ast.parse((plugin_folder(collections) / "plugins" / kind / f"{plugin}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return str(ast.literal_eval(node.value))
    raise AssertionError(f"{plugin} has no {name}")


def returned(collections: Path, module: str, when: str) -> dict[str, Any]:
    """The documented keys of a result: of one that succeeded, or failed."""
    keys = yaml.safe_load(text_of(collections, module, "RETURN"))
    return {key: about for key, about in keys.items() if about["returned"] == "always" or when in about["returned"]}


def is_a(value: Any, name: str) -> bool:
    """Whether a value is of a documented type; a bool is no int."""
    return value.__class__ is PYTHON_TYPES[name]


def compare(documented: Mapping[str, Any], shown: Mapping[str, Any], place: str) -> None:
    """The keys of a result are those of the documentation, of the types that it says, at all depths."""
    assert set(shown) == set(documented), place
    for key, about in documented.items():
        value, where = shown[key], f"{place}.{key}"
        if value is None:
            continue
        assert is_a(value, about["type"]), where
        if about["type"] == "list":
            assert all(is_a(item, about["elements"]) for item in value), where
        for item in (value if isinstance(value, list) else [value]) if "contains" in about else ():
            compare(about["contains"], item, where)


def compare_result(collections: Path, done: Task, when: str) -> None:
    module = done.action.rpartition(".")[2]
    shown = {key: value for key, value in facts(done).items() if key not in ANSIBLES}
    shown["check_mode"] = done.result["check_mode"]
    compare(returned(collections, module, when), shown, f"{done.name} of {module}")


@pytest.mark.parametrize("platform", ["atlas", "ops_manager"])
def test_results_have_the_documented_keys(
    playbooks: Playbooks, simulator: Start, collections: Path, platform: Any
) -> None:
    sim = simulator(seeds.ladder(platform=platform, shards=2))
    marks = sim.world.marks
    items = [
        {"snapshot_id": marks["plain_0"], "expires_at": LATER},
        {"snapshot_id": marks["plain_1"], "state": "absent"},
        {"snapshot_id": "f" * 24, "state": "absent"},
    ]
    everything = {"gather": ["parts", "schedule", "restore_jobs"], "completeness": "all"}
    tasks = [
        task("list", "legacy_snapshot_info", everything),
        task("list little", "legacy_snapshot_info", {"gather": [], "limit": 2}),
        task("list nothing", "legacy_snapshot_info", {"snapshot_id": "f" * 24}),
        task("change", "legacy_snapshot", {"snapshots": items}),
        task("fail", "legacy_snapshot", {"snapshot_id": marks["held"], "state": "absent"}, ignore_errors=True),
        task("fail to list", "legacy_snapshot_info", {"project_id": "f" * 24}, ignore_errors=True),
    ]

    plain = task("plain", "legacy_snapshot_info", {"tell_requests": False})
    run = playbooks.run([play([*tasks, plain], options(sim, tell_requests=True))])

    # What differs from run to run is no part of a result unless asked for.
    assert "requests" not in run.named("plain").result
    for name in ("list", "list little", "list nothing", "change"):
        compare_result(collections, run.named(name), "success")
    for name in ("fail", "fail to list"):
        compare_result(collections, run.named(name), "failure")
    compare_samples(collections, run.named("list").result, run.named("change").result)


@pytest.mark.parametrize("entry", ["plan", "main", "refused"])
def test_the_role_leaves_the_documented_keys_behind(
    playbooks: Playbooks, simulator: Start, collections: Path, entry: str
) -> None:
    sim = simulator(seeds.many(12))
    role = {"name": f"{NAMESPACE}.retention", "tasks_from": "main" if entry == "refused" else entry}
    keep = {"refused": 0, "plan": 8, "main": 8}[entry]
    variables = {"retention_keep_last": keep, "retention_stale_after": "off", "retention_min_age": "off"}
    tasks = [{"name": "role", "ansible.builtin.include_role": role, "vars": variables}]
    run = playbooks.run([play(tasks, options(sim))])
    assert run.status == (2 if entry == "refused" else 0), run.output
    steps = [one for one in run.tasks if one.action.startswith(NAMESPACE)]
    assert [one.action.rpartition("_")[2] for one in steps] == ["decide"] + ["apply"] * (entry != "plan")
    for step in steps:
        shown = {key: value for key, value in facts(step).items() if key not in ANSIBLES | {"ansible_stats"}}
        shown["check_mode"] = step.result["check_mode"]
        is_released = entry == "main" and step is steps[0]
        when = "released" if is_released else "success"
        compare(returned(collections, step.action.rpartition(".")[2], when), shown, step.name)
    # In a refused run the second step says what the first has found.
    assert len({one.result["failure"] for one in steps}) == 1


def compare_samples(collections: Path, listed: dict[str, Any], changed: dict[str, Any]) -> None:
    """Samples of what has no `contains` have the keys of the real thing too."""
    info = yaml.safe_load(text_of(collections, "legacy_snapshot_info", "RETURN"))
    about = info["snapshots"]["contains"]
    snapshot = listed["snapshots"][0]
    assert set(about["parts"]["sample"][0]) == set(snapshot["parts"][0])
    # Which fields a schedule has depends on the platform, so the sample shows those that all have.
    assert set(info["schedule"]["sample"]) <= set(listed["schedule"])
    outcome = yaml.safe_load(text_of(collections, "legacy_snapshot", "RETURN"))["outcomes"]["contains"]
    for key in ("before", "after"):
        assert set(changed["outcomes"][0][key]) == set(snapshot)
    assert set(outcome["before"]["sample"]) == set(snapshot)
    for module, result in (("legacy_snapshot_info", listed), ("legacy_snapshot", changed)):
        requests = yaml.safe_load(text_of(collections, module, "RETURN"))["requests"]["sample"]
        assert set(requests) == set(result["requests"])


# --- the examples ---


def places(sim: Simulator) -> dict[str, dict[str, str]]:
    """What stands for the documentation's example project and cluster, on each platform."""
    clusters = {"atlas": "catalogue", "cloud_manager": "orders", "ops_manager": "ledger"}
    found = {platform: sim.world.cluster(name) for platform, name in clusters.items()}
    return {
        platform: {"5e2211c17a3e5a48f5497de3": one.project_id, "5e2211c17a3e5a48f5497de4": one.id, "Cluster0": one.name}
        for platform, one in found.items()
    }


def as_here(example: str, sim: Simulator, snapshots: Mapping[str, str]) -> str:
    """An example with its ids, names, addresses and years replaced by those of the simulator."""
    platform = next((one for one in ("cloud_manager", "ops_manager") if f"platform: {one}" in example), "atlas")
    replaced = {
        **places(sim)[platform],
        **snapshots,
        "https://opsmanager.example.com:8443": sim.url,
        "/etc/pki/tls/certs/internal-ca.pem": str(sim.ca_path),
        "public_key: abcdefgh": f"public_key: {sim.world.keys['owner'].id}",
        "cluster_name: orders": "cluster_name: ledger",
        "2027-": f"{datetime.now(timezone.utc).year + 1}-",
    }
    for old, new in replaced.items():
        example = example.replace(old, new)
    return example


def snapshots_for(sim: Simulator) -> dict[str, str]:
    """Snapshots that stand for those of the examples: two on Atlas, three on Ops Manager."""

    def plain(name: str) -> list[str]:
        rows = sim.world.documents(sim.world.cluster(name))
        soon = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
        used = {sim.world.marks[mark] for mark in ("restoring", "downloadable")}
        return [
            str(row["id"])
            for row in rows
            if row["complete"] and row.get("expires", "") > soon and row["id"] not in used
        ]

    atlas, manager = plain("catalogue"), plain("ledger")
    names = [f"5a4279d4fcc17850059674{digits}" for digits in ("5a", "5b", "5c", "5d", "5e")]
    return dict(zip(names, [atlas[1], atlas[2], manager[-1], manager[-2], manager[-3]], strict=True))


def test_examples_run(playbooks: Playbooks, simulator: Start, collections: Path, tmp_path: Path) -> None:
    """All of both modules, as they stand, with the key in the environment."""
    sim = simulator(seeds.demo(), https=True)
    owner = sim.world.keys["owner"]
    environment = {
        **atlas_environment(sim),
        "REQUESTS_CA_BUNDLE": str(sim.ca_path),
    }
    inventory = {"localhost": {"ops_manager_private_key": owner.secret}}
    for module in ("legacy_snapshot_info", "legacy_snapshot"):
        text = text_of(collections, module, "EXAMPLES")
        snapshots = snapshots_for(sim)
        examples = [as_here(one, sim, snapshots) for one in re.split(r"^(?=- name:)", text, flags=re.MULTILINE)[1:]]
        body = "\n".join(examples).replace("\n", "\n    ").rstrip()
        header = "- hosts: all\n  gather_facts: false\n  tasks:\n    "
        (tmp_path / f"{module}.yml").write_text(f"{header}{body}\n", encoding="utf-8")

        run = playbooks.run(str(tmp_path / f"{module}.yml"), inventory=inventory, environment=environment)

        assert run.status == 0, run.output
        assert [one.status for one in run.tasks] == ["ok"] * len(examples), run.output
        assert warned(run) == []
        ours = run.of(module)
        assert len(ours) == text.count(f"{NAMESPACE}.{module}:")
        if module == "legacy_snapshot":
            assert [one.actions for one in ours[:5]] == [*[["updated"]] * 4, ["deleted"]]
            assert ours[5].actions == ["deleted", "deleted", "updated"]
            assert set(text_of(collections, module, "EXAMPLES").split()) >= {"state:", "snapshots:"}


def filter_examples(collections: Path) -> dict[str, list[dict[str, Any]]]:
    """The tasks of each filter's examples."""
    folder = plugin_folder(collections) / "plugins" / "filter"
    return {
        path.stem: yaml.safe_load(text_of(collections, path.stem, "EXAMPLES", "filter"))
        for path in sorted(folder.glob("*_*.py"))
    }


def test_examples_of_filters_run(playbooks: Playbooks, simulator: Start, collections: Path) -> None:
    """All of them, as they stand, in the order in which a play would have them."""
    sim = simulator(seeds.ladder(platform="atlas"))
    examples = filter_examples(collections)
    listing, show, do = examples.pop("retention_plan")
    connection = options(sim)
    name = str(connection["cluster_name"])
    for one in (listing, do):
        (module,) = [key for key in one if key.startswith(NAMESPACE)]
        one[module]["cluster_name"] = name
    report = {"retention_report_dir": "reports", "retention_keep_last": 4, "retention_cluster_name": name}
    audit = {"name": f"{NAMESPACE}.retention", "tasks_from": "audit"}
    tasks = [
        listing,
        show,
        {"name": "Keep a plan", "ansible.builtin.set_fact": {"plan": PLAN}},
        do,
        {"name": "Report", "ansible.builtin.include_role": audit, "vars": report},
        *examples.pop("retention_report_index"),
        *[{**one, "name": f"{one['name']} as a table"} for one in _on(name, examples.pop("snapshot_table"))],
    ]
    (table,) = examples.pop("retention_table")
    assert examples == {}
    whole = {"hosts": "all", "module_defaults": {GROUP: connection}, "check_mode": True}

    run = playbooks.run([play(tasks, connection), {**table, **whole}])

    assert run.status == 0, run.output
    assert warned(run) == []
    folder = playbooks.folder / "reports"
    assert {path.suffix for path in folder.iterdir()} == {".html", ".csv", ".json"}
    assert (folder / "index.html").is_file()
    assert run.named("Show them as a table").result["msg"][0].startswith(f"Cluster {name} of project ")
    assert run.named("Sum up all clusters").result["msg"][-1] == "1 cluster: 1 ok."


def _on(cluster: str, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks about a cluster of the simulator."""
    about = f"{NAMESPACE}.legacy_snapshot_info"
    return [{**one, about: {"cluster_name": cluster}} if about in one else one for one in tasks]


PLAN = (
    f"{{{{ listing | {NAMESPACE}.retention_plan({{'keep_last': 4}}, now=now(utc=true), min_age='off',"
    " pit_window='off', max_delete=-1, max_delete_percent=100, stale_after='off') }}"
)
