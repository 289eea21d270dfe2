#!/usr/bin/env python
# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job, to watch: a retention policy over three clusters, in check mode, for real, and once more.

    run [--brief]    --brief leaves out the diff of the audit

Starts the simulator on a free port, and leaves nothing behind but the reports, in a folder that git ignores. Exit
status 1 when a run does not do what it should.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from simulator import seeds
from simulator.server import Simulator

HERE = Path(__file__).parent
REPORTS = Path(__file__).resolve().parents[2] / ".cache" / "demo-report"
GIB = 1024**3
# Cloud Manager's own numbers, kept whatever the schedule says.
POLICY = {
    "retention_keep_within": "2d",
    "retention_keep_within_daily": "7d",
    "retention_keep_within_weekly": "4w",
    "retention_keep_within_monthly": "13mo",
}
# What a cluster needs beside the policy.
OWN: dict[str, dict[str, Any]] = {
    # A first run has more to remove than the guard allows: somebody looked at the plan, and raised it.
    "orders": {"retention_max_delete": 100},
    # Backups have ended here: no windows, which would run out, but counts; and there is nothing newer to wait for.
    "catalogue": {
        **dict.fromkeys(POLICY, ""),
        "retention_keep_monthly": -1,
        "retention_anchor": "now",
        "retention_stale_after": "off",
    },
}


def main(arguments: list[str]) -> int:
    """Watch it run; 0 when all is as it should be."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder, Simulator(seeds.demo()) as sim:
        _write_inventory(sim, Path(folder))
        heading("What the service holds")
        show_holdings(sim)
        shutil.rmtree(REPORTS, ignore_errors=True)
        heading("1. Audit: ansible-playbook --check --diff, which changes nothing")
        play(folder, "--check", *([] if "--brief" in arguments else ["--diff"]))
        written_by_audit = len(sim.log.writes)
        heading("2. The same without --check")
        play(folder, "-e", f"retention_report_dir={REPORTS}")
        written = len(sim.log.done_writes)
        heading("3. Once more: nothing is left to do")
        again = play(folder)
        play(folder, "-e", f"retention_report_dir={REPORTS}", playbook="mongodb_ops.legacy_backup.report_index")
        heading("What the service holds now")
        show_holdings(sim)
        more = len(sim.log.done_writes) - written
        failures = list(_failures(again, written_by_audit, written, more))
        heading("In short")
        print(f"The audit sent {written_by_audit} writes, the real run {written}, the run after it {more}.")
        print(f"The report of the real run, to be opened in a browser: {REPORTS / 'index.html'}")
        for failure in failures:
            print(f"FAILED: {failure}")
        return 1 if failures else 0


def heading(text: str) -> None:
    """A line that stands out."""
    print(f"\n##### {text}\n", flush=True)


def show_holdings(sim: Simulator) -> None:
    """A table of the clusters."""
    print(f"{'cluster':12}{'platform':16}{'snapshots':>10}{'do_not_delete':>15}{'GiB':>9}  oldest      newest")
    for cluster in sim.world.clusters.values():
        documents = sim.world.documents(cluster)
        sizes = sum(part.get("fileSizeBytes", 0) for one in documents for part in one.get("parts", []))
        created = sorted(document["created"]["date"] for document in documents)
        marked = sum(document["doNotDelete"] for document in documents)
        platform = sim.world.projects[cluster.project_id].platform
        print(
            f"{cluster.name:12}{platform:16}{len(documents):>10}{marked:>15}{sizes / GIB:>9.0f}"
            f"  {created[0][:10]}  {created[-1][:10]}"
        )


def play(folder: str, *arguments: str, playbook: str = "") -> str:
    """Run the playbook, showing its output as it comes; return it. Stops the demo where it fails."""
    ansible = str(Path(sys.executable).parent / "ansible-playbook")
    command = [ansible, "-i", f"{folder}/inventory.yml", playbook or str(HERE / "retention.yml"), *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    print("$ ansible-playbook -i inventory.yml", playbook or "retention.yml", *arguments, flush=True)
    lines = []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=folder) as running:
        assert running.stdout is not None
        for line in running.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if running.returncode:
        raise SystemExit(f"FAILED: ansible-playbook ended with status {running.returncode}")
    return "".join(lines)


def _write_inventory(sim: Simulator, folder: Path) -> None:
    owner = sim.world.keys["owner"]
    hosts: dict[str, dict[str, Any]] = {}
    for cluster in sim.world.clusters.values():
        project = sim.world.projects[cluster.project_id]
        target = {"platform": project.platform, "project_id": cluster.project_id, "cluster_name": cluster.name}
        hosts[cluster.name] = {**target, "project_name": project.name, **OWN.get(cluster.name, {})}
    shared: dict[str, Any] = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "base_url": sim.url,
        "public_key": owner.id,
        "private_key": owner.secret,
        **POLICY,
    }
    inventory = {"all": {"hosts": hosts, "vars": shared}}
    (folder / "inventory.yml").write_text(yaml.safe_dump(inventory, sort_keys=False), encoding="utf-8")


def _failures(again: str, by_audit: int, written: int, more: int) -> Iterator[str]:
    if by_audit:
        yield f"the audit sent {by_audit} writes"
    if not written:
        yield "the real run changed nothing"
    if more:
        yield f"the second run changed {more} snapshots"
    if "changed=0" not in again or any(f"changed={count}" in again for count in range(1, 10)):
        yield "the second run reports a change"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
