# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Automation Platform counts nodes from the results of tasks: one a cluster, none that is only predicted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jq
import pytest
import yaml

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from tools.playbooks import NAMESPACE, Playbooks, Run, options, play, task

LATER = "2035-01-01T00:00:00Z"
# Of each platform one cluster with snapshots; v1.0 is Atlas with documents that name no cluster.
DIALECTS: dict[str, dict[str, Any]] = {"v2": {}, "v1.0": {"api_version": "v1.0"}, "om": {}}


@pytest.fixture
def queries(collections: Path) -> dict[str, str]:
    """The queries by module, from where the platform looks for them in an installed collection."""
    place = collections.joinpath("ansible_collections", *NAMESPACE.split("."), "extensions", "audit", "event_query.yml")
    return {name: entry["query"] for name, entry in yaml.safe_load(place.read_text(encoding="utf-8")).items()}


def counted(query: str, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The nodes that Controller finds in a result; it refuses facts that have a null or nothing in them."""
    nodes: list[dict[str, Any]] = jq.compile(query).input_value(result).all()
    for node in nodes:
        assert set(node) == {"name", "canonical_facts", "facts"}
        assert node["canonical_facts"]
        assert all(isinstance(value, str) for value in node["canonical_facts"].values())
    return nodes


def tasks_of(sim: Simulator, dialect: str) -> list[dict[str, Any]]:
    """Tasks that are to count, and tasks that are not; all of them on Atlas v2, one of each module elsewhere."""
    marks, more = sim.world.marks, {**options(sim), **DIALECTS[dialect]}
    items = [{"snapshot_id": marks["plain_1"], "state": "absent"}, {"snapshot_id": "f" * 24, "state": "absent"}]
    partly = [{"snapshot_id": marks["held"]}, {"snapshot_id": marks["plain_2"]}]
    tasks: dict[str, tuple[str, dict[str, Any]]] = {
        "count list": ("legacy_snapshot_info", {}),
        "count list one": ("legacy_snapshot_info", {"snapshot_id": marks["plain_3"]}),
        "count date": ("legacy_snapshot", {"snapshot_id": marks["plain_0"], "expires_at": LATER}),
        "count what is unchanged": ("legacy_snapshot", {"snapshot_id": marks["held"], "do_not_delete": True}),
        "count a deletion": ("legacy_snapshot", {"snapshots": items}),
        "count half a failure": ("legacy_snapshot", {"snapshots": partly, "state": "absent"}),
        "pass a refusal": ("legacy_snapshot", {"snapshot_id": marks["held"], "state": "absent"}),
        "pass what was not there": ("legacy_snapshot", {"snapshot_id": "f" * 24, "state": "absent"}),
        "pass a failed listing": ("legacy_snapshot_info", {"project_id": "f" * 24}),
        "pass bad options": ("legacy_snapshot", {"snapshot_id": "x", "state": "absent"}),
        "pass worse options": ("legacy_snapshot", {}),
    }
    return [
        task(f"{dialect} {name}", module, {**more, **own}, ignore_errors=True)
        for name, (module, own) in tasks.items()
        if dialect == "v2" or name in ("count list", "count a deletion")
    ]


def found(run: Run, queries: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The nodes of each task, by its name."""
    return {one.name: counted(queries[one.action], one.result) for one in run.tasks}


def test_one_node_a_cluster_and_none_in_check_mode(
    playbooks: Playbooks, simulator: Start, queries: dict[str, str]
) -> None:
    sims = {
        name: simulator(seeds.ladder(platform="ops_manager" if name == "om" else "atlas", seed=name))
        for name in DIALECTS
    }
    tasks = [one for name, sim in sims.items() for one in tasks_of(sim, name)]
    nothing = simulator(seeds.fleet(1, 0))
    tasks.append(task("pass an empty listing", "legacy_snapshot_info", options(nothing)))

    counting = [one for one in tasks if "count" in one["name"]]
    check = playbooks.run([play(counting)], "--check")

    assert {one.action for one in check.tasks if one.result["check_mode"]} == set(queries)
    assert found(check, queries) == {one["name"]: [] for one in counting}

    real = playbooks.run([play(tasks)])

    assert set(queries) == {one.action for one in real.tasks}
    nodes = found(real, queries)
    assert {name: len(of) for name, of in nodes.items()} == {one["name"]: int("count" in one["name"]) for one in tasks}
    # Both modules, whatever they did, count the same node, and the id is that of the service's own documents.
    for name, sim in sims.items():
        own = [node for task_name, of in nodes.items() if task_name.startswith(name) for node in of]
        cluster = sim.world.main
        assert {node["name"] for node in own} == {cluster.id}
        assert all(node["canonical_facts"] == {"cluster_id": cluster.id} for node in own)
        assert all(node["facts"]["device_type"] == "cluster" for node in own)
        assert {node["facts"]["project_id"] for node in own} == {cluster.project_id}


ODD: dict[str, Any] = {
    "dropped for its size": {},
    "censored": {"censored": "the output has been hidden", "changed": True},
    "a loop's own event": {"changed": True, "msg": "All items completed", "results": [{"cluster_id": "a" * 24}]},
    "of an older version": {"cluster_id": "a" * 24, "outcomes": [{"action": "deleted", "before": None, "after": None}]},
    "no id": {"check_mode": False, "cluster_id": None, "outcomes": [{"action": "deleted", "before": {}, "after": 1}]},
    "no real id": {
        "check_mode": False,
        "cluster_id": "orders",
        "outcomes": [{"action": "deleted", "before": {"cluster_id": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}}],
    },
    "wrong types": {"check_mode": False, "cluster_id": ["a" * 24], "outcomes": "none"},
    "wrong types within": {"check_mode": False, "cluster_id": 1, "outcomes": [None, 1, "x", [], {"action": 3}]},
    "check_mode unlike": {"check_mode": "no", "cluster_id": "a" * 24},
}


@pytest.mark.parametrize("name", ODD)
def test_a_query_never_fails(queries: dict[str, str], name: str) -> None:
    """One that did would cost the whole job its count."""
    for query in queries.values():
        assert counted(query, ODD[name]) == []
