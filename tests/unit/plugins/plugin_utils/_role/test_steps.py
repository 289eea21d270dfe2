# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two steps of the role without Ansible: what they write, hand on and return."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.decide import APPLY, AUDIT, MAIN, PLAN
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.plans import INDEX

from tools.steps import Host
from unit.plugins.plugin_utils._retention.cases import FAR, NOW, ago, info, moment, row, sid

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
REFUSAL = {"status": 403, "code": "NOT_ALLOWED"}
# A response that a proxy has filled.
LONG = "The service says so. " * 200
# What AWX empties an event for is far more.
LONGEST_RESULT = 100_000
LONGEST_EVENT = 700_000


class Modules:
    """A service with so many snapshots, an hour apart."""

    def __init__(self, count: int = 12, refused: Sequence[str] = ()) -> None:
        self.refused, self.refusal = refused, LONG
        self.rows = [row(number, ago(hours=number)) for number in range(1, count + 1)]
        self.asked: list[str] = []

    def __call__(self, module: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        if module == "legacy_snapshot_info":
            return info(self.rows, requests={**REQUESTS, "gets": 1})
        asked = [one["snapshot_id"] for one in options["snapshots"]]
        self.asked += asked
        done = [one for one in asked if one not in self.refused]
        self.rows = [one for one in self.rows if one["id"] not in done]
        outcomes = [{"id": one, "action": "deleted", "after": None, "error": None} for one in done]
        outcomes += [
            {
                "id": one,
                "action": "failed",
                "after": None,
                "error": {**REFUSAL, "detail": f"Snapshot {one}: {self.refusal}"},
            }
            for one in asked
            if one in self.refused
        ]
        requests = {**REQUESTS, "deletes": len(done)}
        # The module's own difference, which does not say why.
        diff = [{"before_header": f"snapshot {one}", "before": "", "after": ""} for one in done]
        told = {"outcomes": outcomes, "requests": requests, "diff": diff}
        return {"changed": True, "check_mode": False, "failed": done != asked, "msg": "No.", **told}


def host(folder: Path, modules: Modules, **more: Any) -> Host:
    variables = {**EIGHT, **more.pop("variables", {})}
    return Host(folder / "run", variables, modules, moment(NOW), **more)


class Noting(Modules):
    """The same, noting what each call is told of the service. Where that is not there, each fails with `status`."""

    def __init__(self, is_there: bool = True, status: int | None = None) -> None:
        super().__init__()
        self.told: list[bool] = []
        self.is_there = is_there
        self.status = status

    def __call__(self, module: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        self.told.append(options["service_has_answered"])
        if not self.is_there:
            return {"failed": True, "msg": "No.", "error": {"status": self.status, "code": None, "detail": "No."}}
        return super().__call__(module, options)


def test_all_calls_after_the_first_are_told_that_the_service_has_answered(tmp_path: Path) -> None:
    """Listing, batches and the listing afterwards; and those of each later host with the same service."""
    first, second = Noting(), Noting()
    host(tmp_path, first, variables={"retention_batch_size": "2"}).run()
    assert first.told == [False, True, True, True]
    host(tmp_path, second, name="other", connection={"timeout": 5}).run(PLAN)
    assert second.told == [True]


@pytest.mark.parametrize("option", ["base_url", "platform", "proxy", "environment"])
def test_another_service_has_not_answered(tmp_path: Path, option: str) -> None:
    host(tmp_path, Noting()).run()
    elsewhere = Noting()
    by = {"environment": "another"} if option == "environment" else {"connection": {option: "another"}}
    host(tmp_path, elsewhere, name="other", **by).run(PLAN)
    assert elsewhere.told == [False]


@pytest.mark.parametrize("status", [None, 503])
def test_an_error_of_the_service_is_an_answer(tmp_path: Path, status: int | None) -> None:
    modules = Noting(is_there=False, status=status)
    assert host(tmp_path, modules).decide()["failure"] == "No."
    host(tmp_path, modules).decide()
    assert modules.told == [False, status is not None]


def test_what_was_done_is_told_where_nothing_can_be_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, mode: int) -> None:
        raise OSError(28, "No space left on device", oct(mode))

    monkeypatch.setattr(Path, "touch", full)
    modules = Noting()
    assert host(tmp_path, modules).run()["counts"]["deleted"] == 4
    assert modules.told == [False] * 3


@pytest.mark.parametrize("count", [12, 10_000])
def test_a_result_is_small_whatever_it_is_about(tmp_path: Path, count: int) -> None:
    modules = Modules(count)
    made = host(tmp_path, modules, diff_mode=True, variables={"retention_max_delete_percent": "off"})
    decided, applied = made.decide(), made.apply()
    assert decided["counts"]["to_delete"] == applied["counts"]["deleted"] == len(modules.asked) == count - 8
    for result in (decided, applied):
        assert len(json.dumps(result)) < LONGEST_RESULT
    assert made.lines[-1] == f"[orders] Cluster0: {count - 8} of {count - 8} changes done"


def test_what_failed_is_not_told_as_done(tmp_path: Path) -> None:
    made = host(tmp_path, Modules(refused=[sid(12)]))
    made.run()
    assert made.lines == ["[orders] Cluster0: 3 of 4 changes done, 1 failed or not tried"]


SHARDS = [{"shard_name": f"shard-{number}-{'x' * 60}"} for number in range(50)]
ODDITIES: tuple[dict[str, Any], ...] = (
    {},
    {"complete": False},
    {"missing_shards": SHARDS},
    {"is_possibly_inconsistent": True},
    {"expires_at": None},
    {"created_at": ago(days=-1)},
)
# Everything that somebody can look at, of everything.
ODD = {
    "retention_no_expiry": "candidate",
    "retention_protected_ids": [sid(number) for number in range(9000, 12_000)],
    "retention_keep_last": "",
    "retention_keep_within_hourly": "1y",
    "retention_keep_within_daily": "9y",
    "retention_keep_within": "8d",
}


def odd(count: int = 10_000) -> Modules:
    """A service whose snapshots have all faults, and which refuses every deletion in many words."""
    modules = Modules(0, refused=[sid(number) for number in range(count + 1)])
    modules.rows = [
        row(number, ago(hours=number / 4), ago(hours=-1), **ODDITIES[number % len(ODDITIES)])
        if "created_at" not in (more := ODDITIES[number % len(ODDITIES)]) and "expires_at" not in more
        else {**row(number, ago(hours=number / 4)), **more}
        for number in range(1, count + 1)
    ]
    return modules


@pytest.mark.parametrize("entry_point", [AUDIT, MAIN])
def test_a_result_is_small_however_much_is_wrong(tmp_path: Path, entry_point: str) -> None:
    variables = {**ODD, "retention_max_delete_percent": "off", "retention_fail_on_finding": "all"}
    made = host(tmp_path, odd(), variables=variables)
    results = [made.decide(entry_point)] + ([made.apply()] if entry_point == MAIN else [])
    told = results[-1]
    assert len({one["code"] for one in told["findings"]}) >= 9
    assert (len(told["failures"]) == 100) is (entry_point == MAIN)
    assert "and " in told["failure"]
    for result in results:
        assert len(json.dumps(result)) < LONGEST_RESULT


@pytest.mark.parametrize("diff_mode", [False, True])
def test_a_plan_of_a_thousand_snapshots_is_published_in_an_event(tmp_path: Path, diff_mode: bool) -> None:
    for modules, more in ((Modules(1000), {}), (odd(1000), ODD)):
        variables = {**more, "retention_max_delete_percent": "off"}
        result = host(tmp_path / str(len(modules.refused)), modules, diff_mode=diff_mode, variables=variables).run(PLAN)
        (plan,) = [
            value for name, value in result["ansible_stats"]["data"].items() if name.startswith("retention_plan_")
        ]
        assert len(plan) > 100_000
        assert (len(result.get("diff", ())) > 50) is diff_mode
        assert len(json.dumps(result)) < LONGEST_EVENT


@pytest.mark.parametrize("entry_point", [PLAN, AUDIT, MAIN])
def test_a_difference_says_when_and_why_up_to_three_hundred(tmp_path: Path, entry_point: str) -> None:
    modules = Modules(400)
    variables = {"retention_max_delete_percent": "off", "retention_batch_size": 70}
    result = host(tmp_path, modules, diff_mode=True, variables=variables).run(entry_point)
    first, *others, last = result["diff"]
    assert first == {
        "before_header": f"orders, snapshot {sid(400)}",
        "after_header": f"orders, snapshot {sid(400)}, delete: last: quota used up by {sid(8)}",
        "before": f"created_at: {ago(hours=400)}\nexpires_at: {FAR}\n",
        "after": "",
    }
    # Oldest first, as they are deleted.
    assert [one["before_header"] for one in others] == [
        f"orders, snapshot {sid(number)}" for number in range(399, 100, -1)
    ]
    assert last == {"prepared": "and 92 more, see the report or the plan file\n"}
    assert "diff" not in host(tmp_path, Modules(400), variables=variables).run(entry_point)


def test_what_a_module_says_names_the_variables_of_the_role(tmp_path: Path) -> None:
    def missing(_module: str, _options: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"failed": True, "msg": "Check cluster_name."}

    told = Host(tmp_path / "run", EIGHT, missing, moment(NOW)).run()
    assert told["failure"] == "Check retention_cluster_name."
    modules = Modules(12, refused=(sid(10),))
    modules.refusal = "it is the newest. To do it all the same, set unless_newest to false."
    told = host(tmp_path / "other", modules).run()
    assert told["failures"][0]["error"]["detail"] == f"Snapshot {sid(10)}: it is the newest."
    assert told["failure"].startswith(f"Snapshot {sid(10)} of {ago(hours=10)}: it is the newest.")


def test_what_failed_is_no_difference(tmp_path: Path) -> None:
    modules = Modules(12, refused=(sid(10),))
    result = host(tmp_path, modules, diff_mode=True).run()
    shown = [one["before_header"] for one in result["diff"]]
    assert shown == [f"orders, snapshot {sid(number)}" for number in (12, 11, 9)]


def test_a_difference_of_an_expiry_has_both(tmp_path: Path) -> None:
    modules = Modules(0)
    modules.rows = [row(1, ago(hours=1)), row(2, ago(days=40), ago(days=-3))]
    variables = {"retention_keep_last": "", "retention_keep_within_monthly": "13mo", "retention_extend_kept": True}
    (shown,) = host(tmp_path, modules, diff_mode=True, variables=variables).run(AUDIT)["diff"]
    assert shown["after_header"].startswith(f"orders, snapshot {sid(2)}, extend: within_monthly")
    assert (shown["before"], shown["after"]) == (
        f"created_at: {ago(days=40)}\nexpires_at: {ago(days=-3)}\n",
        f"created_at: {ago(days=40)}\nexpires_at: 2027-08-12T01:00:00Z\n",
    )


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


def test_of_two_hosts_that_are_one_cluster_the_second_has_no_plan_file(tmp_path: Path) -> None:
    """What somebody is to approve for one would be replaced by the other's."""
    variables = {"retention_plan_dir": str(tmp_path / "plans")}
    first = host(tmp_path, Modules(), variables=variables).run(PLAN)
    written = Path(first["plan_file"]).read_text()
    other = {**variables, "retention_keep_last": "2"}
    second = host(tmp_path, Modules(), name="other", variables=other).run(PLAN)
    assert "are the same cluster" in second["failure"]
    assert "the plan of one would overwrite the plan of the other" in second["failure"]
    assert (second["digest"], Path(first["plan_file"]).read_text()) == (None, written)
    # The same host may plan again, and another folder has another plan.
    assert host(tmp_path, Modules(), variables=variables).run(PLAN)["failure"] == ""
    what_if = {**other, "retention_plan_dir": str(tmp_path / "other")}
    assert host(tmp_path, Modules(), name="other", variables=what_if).run(PLAN)["plan_file"] is not None


def test_a_plan_is_there_also_where_its_index_cannot_be(tmp_path: Path) -> None:
    folder = tmp_path / "plans"
    (folder / INDEX).mkdir(parents=True)
    made = host(tmp_path, Modules(), variables={"retention_plan_dir": str(folder)}).run(PLAN)
    assert Path(made["plan_file"]).is_file()
    assert made["failure"] == ""
    (warning,) = made["warnings"]
    assert warning.startswith("retention_plan_dir: the index of the plans was not written: ")
    (folder / INDEX).rmdir()
    made = host(tmp_path, Modules(), variables={"retention_plan_dir": str(folder)}).run(PLAN)
    assert "warnings" not in made
    assert (folder / INDEX).read_text().endswith(f"retention_approved_digest={made['digest']}\n")


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
    assert set(entry) == set(audited) - {"ansible_stats", "failures", "summary", "failure", "message", "changed"}
    # What a run did goes the same way, also if it was stopped.
    for variables in (named, {**named, "retention_max_delete": 0}):
        done = host(tmp_path, Modules(), variables=variables).run(MAIN)
        (entry,) = done["ansible_stats"]["data"].values()
        assert entry == {key: value for key, value in done.items() if key in entry}
        assert set(entry) == set(audited) - {"ansible_stats", "failures", "summary", "failure", "message", "changed"}


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
