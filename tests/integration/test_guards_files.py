# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports and plans as files: on the controller, whatever lies there, and tried before the first write."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from simulator.fixtures_pytest import Start
from tools.fleets import REMOVED, counts, fleet, include, lines, refusal, result, roles
from tools.playbooks import Playbooks, warned

DAMAGED = {
    "empty": "",
    "truncated": '{"schema": 1, "plan": {"snapshots": [',
    "list": "[]",
    "number": "7",
    "null": "null",
    "conflict": '<<<<<<< HEAD\n{"schema": 1}\n=======\n{"schema": 2}\n>>>>>>> other\n',
    "other": '{"schema": 99, "snapshots": "many"}',
    "binary": "\x00\x01\x02",
    "deep": "[" * 5000,
}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_damaged_earlier_report_costs_the_comparison_alone(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    """The run goes on, says which file it is, and leaves a whole report in its place."""
    report = {"retention_report_dir": str(tmp_path / "reports")}
    clusters = fleet(simulator, playbooks, dict.fromkeys((*DAMAGED, "pipe", "folder", "link", "sound"), report))
    check = clusters.run([roles()], "--check")
    pages = {host: Path(result(check, host)["report"]) for host in clusters.hosts}
    data = {host: page.with_suffix(".json") for host, page in pages.items()}
    for host, text in DAMAGED.items():
        data[host].write_text(text, encoding="utf-8")
    data["pipe"].unlink()
    os.mkfifo(data["pipe"])
    data["folder"].unlink()
    data["folder"].mkdir()
    data["link"].unlink()
    data["link"].symlink_to(tmp_path / "elsewhere.json")
    run = clusters.run([roles()], "-e", "retention_max_fail_percentage=100")
    assert clusters.deleted == dict.fromkeys((*DAMAGED, "sound"), REMOVED)
    told = {host: " ".join(result(run, host).get("warnings", [])) for host in clusters.hosts}
    for host in DAMAGED:
        assert str(data[host]) in told[host], host
        assert (refusal(run, host), counts(run, host)["deleted"]) == ("", REMOVED)
        assert json.loads(data[host].read_text(encoding="utf-8"))["schema"]
        assert pages[host].with_suffix(".csv").exists()
    assert told["sound"] == ""
    # What is no file is neither written through nor taken away, and that is known before the first write.
    for host in ("pipe", "folder", "link"):
        assert str(data[host]) in refusal(run, host)
        assert "retention_report_dir" in refusal(run, host)
    assert not (tmp_path / "elsewhere.json").exists()
    again = clusters.run([roles()], "--limit", ",".join(DAMAGED))
    assert (again.status, warned(again)) == (0, [])


def test_a_folder_that_is_there_keeps_its_mode(playbooks: Playbooks, simulator: Start, tmp_path: Path) -> None:
    """In check mode as well, with the sticky and the group's bit, and under a strict or a generous umask."""
    modes = {"plain": 0o755, "shared": 0o1777, "group": 0o2775, "own": 0o700}
    for name, bits in modes.items():
        (tmp_path / name).mkdir()
        # Where these tests run as root: somebody else's.
        with suppress(PermissionError):
            os.chown(tmp_path / name, 65534, 65534)
        (tmp_path / name).chmod(bits)
    owners = {name: (tmp_path / name).stat().st_uid for name in modes}
    hosts = {name: {"retention_report_dir": str(tmp_path / name)} for name in modes}
    hosts["new"] = {"retention_report_dir": str(tmp_path / "a" / "b" / "new")}
    clusters = fleet(simulator, playbooks, hosts)
    for arguments in (["--check"], []):
        run = clusters.run([roles()], *arguments)
        assert run.status == 0, run.output
        assert {name: mode(tmp_path / name) for name in modes} == modes
        assert {name: (tmp_path / name).stat().st_uid for name in modes} == owners
    made = [Path(result(run, "new")["report"]).parent, tmp_path / "a" / "b", tmp_path / "a"]
    assert [mode(folder) for folder in made] == [0o750] * 3
    assert mode(Path(result(run, "new")["report"])) == 0o640
    # A file that somebody has given another mode keeps it.
    Path(result(run, "own")["report"]).chmod(0o644)
    clusters.run([roles()], "--limit", "own")
    assert mode(Path(result(run, "own")["report"])) == 0o644


def test_what_cannot_be_written_is_known_before_the_first_request(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "plan.json").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "at" / "all")
    hosts: dict[str, dict[str, Any]] = {
        "below-a-file": {"retention_report_dir": str(tmp_path / "file" / "reports")},
        "a-file": {"retention_report_dir": str(tmp_path / "file")},
        "kernel": {"retention_report_dir": "/proc/reports"},
        "plans": {"retention_plan_dir": "/proc/plans"},
        "plan-is-a-folder": {"retention_plan_file": str(tmp_path / "plan.json")},
        "plan-below-a-file": {"retention_plan_file": str(tmp_path / "file" / "plan.json")},
        "unset": {"retention_report_dir": "$NOT_SET_ANYWHERE/reports"},
        "nobodys-home": {"retention_report_dir": "~nobody-of-that-name/reports"},
        "zero": {"retention_report_dir": "a\0b"},
        "number": {"retention_report_dir": 7},
        "dangling": {"retention_report_dir": str(tmp_path / "dangling")},
    }
    clusters = fleet(simulator, playbooks, hosts)
    # One file for several hosts of a play would be refused for that.
    files = [host for host, given in hosts.items() if "retention_plan_file" in given]
    plays = [*(roles(hosts=host, ignore_errors=True) for host in files), roles(hosts="all:!plan-*")]
    run = clusters.run(plays)
    for host, given in hosts.items():
        assert next(iter(given)) in refusal(run, host), host
    assert clusters.sim.log.requests == 0
    many = clusters.run([roles()], "-e", f"retention_plan_file={tmp_path / 'one.json'}", "--limit", "plans:kernel")
    assert "use retention_plan_dir" in refusal(many, "plans")


def test_files_are_the_controllers_where_the_host_is_another_machine(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    """A connection that sees none of the controller's files stands in for a bastion over ssh."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "elsewhere.py").write_text(ELSEWHERE, encoding="utf-8")
    own = {"ansible_connection": "elsewhere", "retention_report_dir": str(tmp_path / "reports")}
    clusters = fleet(simulator, playbooks, {"bastion": {**own, "retention_plan_dir": str(tmp_path / "plans")}})
    environment = {"ANSIBLE_CONNECTION_PLUGINS": str(tmp_path / "plugins"), "ELSEWHERE_LOG": str(tmp_path / "log")}
    first = clusters.run([roles()], environment=environment)
    assert first.status == 0, first.output
    assert clusters.deleted == {"bastion": REMOVED}
    page, plan = Path(result(first, "bastion")["report"]), next((tmp_path / "plans").glob("*.plan.json"))
    # The modules went over there, and no file of the role did.
    said = (tmp_path / "log").read_text(encoding="utf-8")
    assert "exec" in said
    for name in (page.name, plan.name, page.with_suffix(".json").name, str(tmp_path / "reports")):
        assert name not in said
    # And the report of last time is found here.
    page.with_suffix(".json").write_text("[]", encoding="utf-8")
    second = clusters.run([roles()], environment=environment)
    assert str(page.with_suffix(".json")) in " ".join(result(second, "bastion")["warnings"])
    given = {"retention_approved_plan": str(tmp_path / "plans"), "retention_approved_digest": "0" * 64}
    third = clusters.run([{"tasks": [include("apply", vars=given)]}], environment=environment)
    assert "its digest is " in refusal(third, "bastion")


ELSEWHERE = '''
"""A local connection that writes down what goes over it, and says that it is remote."""

from __future__ import annotations

import os

from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: elsewhere
short_description: Another machine
description: A local connection that is not called local.
options: {}
"""


def note(*what):
    with open(os.environ["ELSEWHERE_LOG"], "a", encoding="utf-8") as file:
        print(*what, file=file)


class Connection(Local):
    """Pipelining is off, so that files are put and fetched."""

    transport = "elsewhere"
    has_pipelining = False

    def exec_command(self, cmd, in_data=None, sudoable=True):
        note("exec", cmd)
        return super().exec_command(cmd, in_data=in_data, sudoable=sudoable)

    def put_file(self, in_path, out_path):
        note("put", in_path, out_path)
        return super().put_file(in_path, out_path)

    def fetch_file(self, in_path, out_path):
        note("fetch", in_path, out_path)
        return super().fetch_file(in_path, out_path)
'''


def test_relative_paths_begin_where_the_run_was_started(playbooks: Playbooks, simulator: Start, tmp_path: Path) -> None:
    own = {"retention_report_dir": "reports", "retention_plan_file": "${WHERE}/plan.json"}
    clusters = fleet(simulator, playbooks, {"a": own})
    run = clusters.run([roles()], environment={"WHERE": str(tmp_path / "there")})
    assert run.status == 0, run.output
    assert Path(result(run, "a")["report"]).parent == tmp_path / "reports"
    assert json.loads((tmp_path / "there" / "plan.json").read_text(encoding="utf-8"))["digest"]
    assert str(tmp_path / "reports") in lines(run, "a")
    home = clusters.run([roles()], "-e", "retention_report_dir=~/mine", environment={"WHERE": str(tmp_path)})
    assert Path(result(home, "a")["report"]).parent == tmp_path / "home" / "mine"
