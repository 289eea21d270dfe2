# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API, the command in the foreground, and every switch once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator import seeds
from simulator.client import SimulatorClient
from simulator.report import exports
from simulator.switches import variants

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("https", [False, True])
def test_the_client_of_the_control_api(ask: Any, https: bool) -> None:
    asker = ask("ops_manager", https=https, path="/mms")
    client = SimulatorClient(asker.sim.url, asker.sim.ca_path)
    marks = asker.sim.world.marks
    asker.patch(marks["plain_0"], {"expires": "2027-05-01"})
    log = client.log()
    assert [log[name] for name in ("requests", "writes", "done_writes", "connections", "challenges", "tokens")] == [
        2,
        2,
        1,
        1,
        1,
        0,
    ]
    assert json.loads(log["entries"][1]["body"]) == {"expires": "2027-05-01"}
    client.reset_log()
    assert client.log()["entries"] == []
    assert client.switches(om_delete_status=204)["om_delete_status"] == 204
    assert client.switches()["om_delete_status"] == 204
    assert asker.delete(marks["plain_1"]).status_code == 204
    client.add_fault("unavailable", method="GET", retry_after=2)
    assert asker.list().headers["Retry-After"] == "2"
    client.add_fault("unavailable", method="GET")
    client.clear_faults()
    assert asker.list().status_code == 200
    assert client.now() == "2026-11-23T12:00:00Z"
    client.advance(60)
    client.set_clock("2026-11-24")
    assert client.now() == "2026-11-24T00:00:00Z"
    client.set_latency(0.0)
    client.set_limit(100, 10)
    client.world("hold", cluster="ladder", snapshot_id=marks["plain_2"])
    (new,) = client.world("add_snapshot", cluster="ladder", created="2026-11-20", expires="2027-01-01T00:00:00Z")
    (cluster,) = client.state()["clusters"]
    rows = {row["id"]: row for row in cluster["snapshots"]}
    assert rows[marks["plain_2"]]["doNotDelete"] is True
    assert rows[new]["expires"] == "2027-01-01T00:00:00Z"
    client.world("remove", cluster="ladder", snapshot_ids=[new])
    assert client.violations() == []


def test_mistakes_are_named(ask: Any) -> None:
    client = SimulatorClient(ask("v2").sim.url)
    for mistake in (
        lambda: client.switches(order="odd"),
        lambda: client.add_fault("odd"),
        lambda: client.world("explode"),
        lambda: client.world("hold", cluster="nobody", snapshot_id="x"),
        lambda: client.set_clock("soon"),
        lambda: client._ask("nonsense"),
    ):
        with pytest.raises(ValueError, match="error"):
            mistake()


def rounds() -> list[dict[str, Any]]:
    """Every value of every switch in few sets: the first other value of each, then the second of each, and so on."""
    sets: list[dict[str, Any]] = []
    for name, value in variants():
        here = next((one for one in sets if name not in one), None)
        if here is None:
            sets.append(here := {})
        here[name] = value
    return sets


@pytest.mark.parametrize("changes", rounds(), ids=lambda changes: f"{len(changes)} switches")
@pytest.mark.parametrize("dialect", ["v2", "v1.0", "cloud_manager", "ops_manager"])
def test_every_switch_keeps_the_schema(ask: Any, another: Any, dialect: str, changes: dict[str, Any]) -> None:
    """A walk past all endpoints; the fixture asserts afterwards that nothing broke the schema."""
    asker = ask(dialect, key="pit_admin")
    # The stock client does not cope with nonces of several servers.
    asker.sim.switch(**{**changes, "servers": 1, "nonce_uses": 0})
    if dialect == "v2":
        asker.sim.switch(version_gone=False)
    marks = asker.sim.world.marks
    middle = "clusters" if asker.dialect.atlas else "backupConfigs"
    assert asker.list(completed="all").status_code == 200
    asker("GET", f"{asker.home}/restoreJobs")
    asker("GET", f"{asker.group}/{middle}/{asker.dialect.key(asker.cluster)}/snapshotSchedule")
    asker("GET", f"{asker.group}/clusters")
    asker("GET", f"{asker.base}/clusters")
    for mark in ("plain_0", "held", "expired", "incomplete", "restoring"):
        asker.get(marks[mark])
        asker.patch(marks[mark], {"doNotDelete": True})
        asker.patch(marks[mark], {"doNotDelete": False, "expires": "2027-01-01"})
        asker.delete(marks[mark])
        asker.delete(marks[mark])
    another(asker, "auditor").delete(marks["plain_1"])
    another(asker, "stranger").list()
    asker.sim.clock.advance(days=40)
    assert requests.get(f"{asker.home}/snapshots", timeout=10).status_code == 401


@pytest.mark.parametrize("seed", ["demo", "ladder"])
def test_the_variables_to_export(simulator: Any, seed: str) -> None:
    sim = simulator(seeds.SEEDS[seed](), https=True)
    text = exports(sim)
    for project in sim.world.projects.values():
        assert f"_PROJECT_ID={project.id}" in text
    assert sim.url in text
    assert sim.ca_path in text


@pytest.mark.parametrize(
    ("command", "folder"),
    [(["tests/simulator"], ROOT), (["-m", "tests.simulator"], ROOT), (["-m", "simulator"], ROOT / "tests")],
    ids=["folder", "tests.simulator", "simulator"],
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground(tmp_path: Path, command: list[str], folder: Path, number: signal.Signals) -> None:
    state_file = tmp_path / "state.json"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [sys.executable, *command, "--seed", "ladder", "--https", "--state-file", str(state_file)],
        cwd=folder,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        while not state_file.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        state = json.loads(state_file.read_text(encoding="utf-8"))
        assert state["pid"] == process.pid
        client = SimulatorClient(state["url"], state["ca_path"])
        assert client.state()["clusters"][0]["id"] == state["clusters"][0]["id"]
        process.send_signal(number)
        out, err = process.communicate(timeout=15)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, err) == (0, "")
    assert f"export MONGODB_ATLAS_PROJECT_ID={state['projects'][0]['id']}" in out
    assert not Path(state["ca_path"]).exists()
