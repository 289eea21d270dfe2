# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two steps of the role without Ansible: what they write, hand on and return."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.decide import APPLY, AUDIT, MAIN, PLAN

from tools.steps import Host
from unit.plugins.plugin_utils._retention.cases import NOW, ago, info, moment, row

EIGHT = {
    "retention_keep_last": "8",
    "retention_stale_after": "off",
    "retention_max_delete": "off",
    "retention_min_age": "off",
    "retention_pit_window": "off",
}
REQUESTS: dict[str, Any] = {
    **dict.fromkeys(("gets", "patches", "deletes", "posts"), 0),
    **{"platform": "atlas", "base_url": "https://x", "first": NOW, "last": NOW},
}
# What AWX empties an event for is far more.
LONGEST_RESULT = 100_000


class Modules:
    """A service with so many snapshots, an hour apart."""

    def __init__(self, count: int = 12) -> None:
        self.rows = [row(number, ago(hours=number)) for number in range(1, count + 1)]
        self.asked: list[str] = []

    def __call__(self, module: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        if module == "legacy_snapshot_info":
            return info(self.rows, requests={**REQUESTS, "gets": 1})
        done = [one["snapshot_id"] for one in options["snapshots"]]
        self.asked += done
        self.rows = [one for one in self.rows if one["id"] not in done]
        outcomes = [{"id": one, "action": "deleted", "after": None, "error": None} for one in done]
        requests = {**REQUESTS, "deletes": len(done)}
        return {"changed": True, "check_mode": False, "outcomes": outcomes, "requests": requests}


def host(folder: Path, modules: Modules, **more: Any) -> Host:
    variables = {**EIGHT, **more.pop("variables", {})}
    return Host(folder / "run", variables, modules, moment(NOW), **more)


@pytest.mark.parametrize("count", [12, 10_000])
def test_a_result_is_small_whatever_it_is_about(tmp_path: Path, count: int) -> None:
    modules = Modules(count)
    made = host(tmp_path, modules, diff_mode=True, variables={"retention_max_delete_percent": "off"})
    decided, applied = made.decide(), made.apply()
    assert decided["counts"]["to_delete"] == applied["counts"]["deleted"] == len(modules.asked) == count - 8
    for result in (decided, applied):
        assert len(json.dumps(result)) < LONGEST_RESULT
    assert made.lines[-1] == f"[orders] Cluster0: {count - 8} of {count - 8} changes done"


def test_a_run_has_one_time(tmp_path: Path) -> None:
    """Planned for another instant in check mode, both steps tell that one."""
    made = host(tmp_path, Modules(), check_mode=True, variables={"retention_now": "2026-08-22"})
    told = {(result["now"], result["plan_now"]) for result in (made.decide(), made.apply())}
    assert told == {("2026-08-22T00:00:00Z", "2026-08-22T00:00:00Z")}


def test_only_plan_and_main_write_plan_files(tmp_path: Path) -> None:
    """An audit by the same variables leaves a plan alone that waits for its approval, and so does applying it."""
    folder = tmp_path / "plans"
    variables = {"retention_plan_dir": str(folder)}
    planned = host(tmp_path, Modules(), variables=variables).run(PLAN)
    path = Path(planned["plan_file"])
    path.write_text(path.read_text() + "\n")
    waiting = path.read_text()
    later = Modules(14)
    assert host(tmp_path, later, variables=variables).run(AUDIT)["plan_file"] is None
    approved = {**variables, "retention_approved_plan": str(folder), "retention_approved_digest": planned["digest"]}
    named = {"retention_project_id": "a" * 24, "retention_cluster_id": "b" * 24}
    applied = host(tmp_path, Modules(), variables={**approved, **named}, check_mode=True).run(APPLY)
    assert (applied["failure"], applied["plan_file"], path.read_text()) == ("", None, waiting)
    assert host(tmp_path, later, variables=variables).run(MAIN)["plan_file"] == str(path)
    assert path.read_text() != waiting


def test_that_the_plans_of_a_fleet_are_too_large_for_an_artifact_is_told(tmp_path: Path) -> None:
    """Of the other hosts of a job only the number is known."""
    told = []
    for hosts in (1, 4000):
        names = ("orders", *(f"h{number}" for number in range(hosts - 1)))
        result = host(tmp_path / str(hosts), Modules(), hosts=names).run(PLAN)
        told.append([one for one in result["findings"] if one["code"] == "artifact"])
        assert result["failure"] == ""
    assert told[0] == []
    (finding,) = told[1]
    assert "the artifact of 4000 clusters takes about " in finding["text"]
    assert "split the workflow by project" in finding["text"]


def test_what_is_handed_on_is_text_and_goes_by_names_that_are_given(tmp_path: Path) -> None:
    named = {"retention_project_id": "a" * 24, "retention_cluster_name": "Cluster0"}
    result = host(tmp_path, Modules(), variables=named).run(PLAN)
    data = result["ansible_stats"]["data"]
    digest, plan, numbers = sorted(data)
    assert (digest[:17], plan[:15]) == ("retention_digest_", "retention_plan_")
    assert digest[17:] == plan[15:] == numbers.removeprefix("retention_run_")
    assert data[numbers]["counts"] == result["counts"]
    assert json.loads(data[plan])["digest"] == data[digest] == result["digest"]
    assert (result["ansible_stats"]["per_host"], result["ansible_stats"]["aggregate"]) == (False, False)
    handed_on = {"plan": data[plan], "digest": data[digest]}
    modules = Modules()
    assert host(tmp_path, modules, handed_on=handed_on, variables=named).run(APPLY)["counts"]["deleted"] == 4
    audited = host(tmp_path, Modules(), variables=named).run(AUDIT)
    (entry,) = audited["ansible_stats"]["data"].values()
    assert set(entry) == set(audited) - {"ansible_stats", "failures", "summary", "failure", "changed"}
    # What a run did goes the same way, also if it was stopped.
    for variables in (named, {**named, "retention_max_delete": 0}):
        done = host(tmp_path, Modules(), variables=variables).run(MAIN)
        (entry,) = done["ansible_stats"]["data"].values()
        assert entry == {key: value for key, value in done.items() if key in entry}
        assert set(entry) == set(audited) - {"ansible_stats", "failures", "summary", "failure", "changed"}


def test_the_forms_of_a_report_lie_beside_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    first = host(tmp_path, modules := Modules(), variables={"retention_report_dir": str(folder)}).run()
    page = Path(first["report"])
    assert {path.name for path in folder.iterdir()} == {
        page.with_suffix(end).name for end in (".html", ".json", ".csv")
    }
    assert page.name.startswith("retention-cluster0-")
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert f'href="{page.stem}.json"' in page.read_text()
    assert page.with_suffix(".csv").read_bytes().count(b"\r\n") == 13
    data = json.loads(page.with_suffix(".json").read_text())
    assert (data["stem"], len(data["outcomes"]), data["since"]) == (page.stem, 4, None)
    # The next one is compared with it.
    host(tmp_path, modules, variables={"retention_report_dir": str(folder)}).run()
    assert len(json.loads(page.with_suffix(".json").read_text())["since"]["gone"]) == 4
