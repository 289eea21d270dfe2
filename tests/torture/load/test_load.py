# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load: a fleet against one bucket, and a cluster of ten thousand snapshots."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

from simulator import seeds
from simulator.server import Simulator
from tools.figures import Figure
from tools.load import Fleet, cpu_seconds, measuring_interpreter, run_fleet
from tools.playbooks import NAMESPACE, Playbooks, options, play

# AWX drops the result of an event whose text is longer than 700,000 (ansible-runner, MAX_EVENT_RES).
RESULT_LIMIT = 100_000
MODULE_LIMIT = 300 * 1024  # KiB
MANY, KEPT = 10_000, 5_000


def test_twenty_clusters_at_once_wait_as_long_as_they_are_told(playbooks: Playbooks, figure: Figure) -> None:
    load = run_fleet(playbooks, Fleet(clusters=20, each=80, kept=10, capacity=60, refill=30))
    assert load.refused > 0
    figure(f"20 clusters by 20 forks, a bucket of 60 and 30 a second: {load.told}")


def test_ten_thousand_snapshots_in_one_cluster(playbooks: Playbooks, figure: Figure, tmp_path: Path) -> None:
    """Listed, planned, and half of them deleted, by the role as it is."""
    peaks, modules = tmp_path / "peak.json", tmp_path / "modules.txt"
    with Simulator(seeds.many(MANY), check=False) as sim:
        connection = {key: value for key, value in options(sim).items() if not key.startswith("cluster")}
        host = {
            "ansible_python_interpreter": str(measuring_interpreter(tmp_path, modules)),
            "project_id": sim.world.main.project_id,
            "cluster_id": sim.world.main.id,
            "retention_keep_last": KEPT,
            "retention_stale_after": "off",
            "retention_max_delete": -1,
            "retention_max_delete_percent": 100,
            "retention_report_dir": str(tmp_path / "reports"),
        }
        began, used_before = time.monotonic(), cpu_seconds()
        run = playbooks.run(
            [play([], connection, roles=[{"role": f"{NAMESPACE}.retention"}])],
            inventory={"load": host},
            environment={"ANSIBLE_CALLBACKS_ENABLED": "record,peak", "PEAK_FILE": str(peaks)},
        )
        took, cpu = time.monotonic() - began, cpu_seconds() - used_before
        assert run.status == 0, run.output[-4000:]
        newest = sorted(sim.world.snapshots(sim.world.main), key=lambda one: -one.created)
        assert len(newest) == KEPT
        assert len(sim.log.done_writes) == MANY - KEPT
        requests = sim.log.requests
    counts = run.applied().result["counts"]
    assert (counts["kept"], counts["deleted"]) == (KEPT, MANY - KEPT)
    results = [len(str(task.result)) for task in run.tasks]
    assert max(results) < RESULT_LIMIT
    batches = len(re.findall(r"^\[load\] .* changes done$", run.stderr, re.MULTILINE))
    assert batches == (MANY - KEPT) // 100
    used = [int(line) for line in modules.read_text(encoding="utf-8").split()]
    # The two listings, and a module for each batch.
    assert len(used) == batches + 2
    assert max(used) < MODULE_LIMIT
    peak = json.loads(peaks.read_text(encoding="utf-8"))
    figure(
        f"{MANY} snapshots, {MANY - KEPT} deleted in {batches} batches: "
        f"{took:.0f} s ({cpu:.0f} s of CPU), {requests} requests; "
        f"a module had {max(used) // 1024} MiB at most, the controller {peak['controller'] // 1024} MiB; "
        f"a task's result has {max(results)} characters at most"
    )
