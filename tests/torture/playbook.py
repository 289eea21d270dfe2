# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same cases through `ansible-playbook`: the real role on the real clock, held to the same promises."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.instants import iso
from simulator.server import Simulator
from tools.faketime import FakeTime
from tools.playbooks import NAMESPACE, Playbooks, Run, kill_tree, options, play
from torture import truth
from torture.bench import POLICY, Bench, Setting, measured, small_world
from torture.faults import for_good, in_peace, once
from torture.role import Told

ROLE = f"{NAMESPACE}.retention"


def broken_in_a_playbook(playbooks: Playbooks, setting: Setting, label: str, index: int, stays: bool) -> list[str]:
    """One fault in a run of the role, then a run in peace; `label` "killed" kills all its processes there."""
    world = small_world(setting.platform, now=None)
    twin = world.copy()
    now = iso(world.clock.epoch)
    measure = measured(setting, twin)
    with Simulator(world, check=False) as sim:
        number, known = [0], threading.Event()

        def started(process: int) -> None:
            number[0] = process
            known.set()

        def kill(_call: object) -> None:
            known.wait(30)
            kill_tree(number[0])

        if label == "killed":
            sim.faults.before(kill, at=index)
        else:
            (for_good if stays else once)(label, index)(sim, FakeTime())
        run = _run(playbooks, sim, setting, {**POLICY, "retention_now": now}, started)
        sim.settle(quiet=0.2 if label == "killed" else 0.0)
        log, after = sim.log.entries, world.state()
        told = _told(playbooks, run)
        found = [*truth.untouched(measure, measure.before, after, log)]
        if label != "killed":
            found += truth.whole(measure, told, log)
            found += truth.truthful(measure, told, measure.before, after, log)
            found += ["a traceback:\n" + run.output] if "Traceback" in run.output else []
            if (told.failure or "") != told.result["failure"]:
                found.append(f"the role failed with {told.failure}, and its result says {told.result['failure']}")
        elif run.status == 0:
            found.append("the run was not killed")
        bench = Bench(setting, sim, FakeTime(sim=sim))
        return found + in_peace(bench, measure, after, retention_now=now)


def _run(playbooks: Playbooks, sim: Simulator, setting: Setting, variables: Mapping[str, Any], started: Any) -> Run:
    connection = options(sim, setting.who, retry_timeout=min(setting.retry_timeout, 20), timeout=2)
    names = ("project_id", "cluster_id", "cluster_name")
    target = {name: connection.pop(name) for name in names if name in connection}
    told = {"retention_plan_file": str(_plan(playbooks)), "retention_report_dir": str(playbooks.folder / "told")}
    plays = [play([], connection, roles=[{"role": ROLE}])]
    return playbooks.run(plays, inventory={"orders": {**target, **variables, **told}}, started=started)


def _plan(playbooks: Playbooks) -> Path:
    return playbooks.folder / "told" / "plan.json"


def _told(playbooks: Playbooks, run: Run) -> Told:
    """What the run told: as `retention_result`, by its plan file, and in its report."""
    told = Told()
    plan = _plan(playbooks)
    if plan.exists():
        told.plan = json.loads(plan.read_text(encoding="utf-8"))
    if run.status != 0:
        failed = [task for task in run.tasks if task.status == "failed"]
        told.failure = run.failure(failed[-1]) if failed else run.output
    if any(task.status == "ok" for task in run.of("retention_apply")):
        told.result = run.applied().result
        report = told.result["report"]
        data = json.loads(Path(report).with_suffix(".json").read_text(encoding="utf-8")) if report else {}
        told.reported = [
            {**one, "after": one["expires_at"] and {"expires_at": one["expires_at"]}}
            for one in data.get("outcomes", [])
        ]
    return told
