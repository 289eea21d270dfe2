# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters `retention_report` and `retention_report_index`, as playbooks call them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter import retention_report as filter_file
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_report import retention_report
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_report_index import retention_report_index

from unit.plugins.plugin_utils._retention.cases import ago, bare, info, row

LISTING = info([row(number, ago(days=number)) for number in range(1, 5)])
PLAN = bare(LISTING, {"keep_last": 2})


def test_three_forms_and_a_name() -> None:
    made = retention_report(PLAN, LISTING, check_mode=True)
    assert set(made) == {"stem", "html", "csv", "json"}
    assert made["html"].startswith("<!DOCTYPE html>")
    assert f'href="{made["stem"]}.json"' in made["html"]
    assert made["csv"].count("\r\n") == 5
    assert json.loads(made["json"])["stem"] == made["stem"]
    assert made["stem"].startswith("retention-cluster0-")


def test_the_json_has_the_keys_that_are_documented() -> None:
    data = json.loads(retention_report(PLAN, LISTING, previous=retention_report(PLAN, LISTING)["json"])["json"])
    told = " ".join(yaml.safe_load(filter_file.RETURN)["_value"]["contains"]["json"]["description"])
    parts = [data, data["summary"], data["tiers"][0], data["coverage"], data["coverage"]["after"], data["what_if"][0]]
    for part in [*parts, data["since"]]:
        assert {key for key in part if f"C({key})" not in told} == set()
    assert data["schema"] == 1


@pytest.mark.parametrize("nothing", [None, "", {}])
def test_what_is_left_out_is_left_out(nothing: Any) -> None:
    made = retention_report(PLAN, nothing, None, nothing, None, nothing)
    data = json.loads(made["json"])
    assert (data["what_if"], data["since"], data["evidence"]) == ([], None, {})


def test_an_earlier_report_is_taken_as_text_or_read() -> None:
    first = retention_report(PLAN, LISTING)["json"]
    later = bare(info([row(9, ago(hours=2)), *LISTING["snapshots"]]), {"keep_last": 2})
    for previous in (first, json.loads(first)):
        since = json.loads(retention_report(later, previous=previous)["json"])["since"]
        assert len(since["new"]) == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"plan": None}, "_input"),
        ({"plan": []}, "_input"),
        ({"plan": {"schema": 1}}, "project_id"),
        ({"plan": {**PLAN, "snapshots": [{}]}}, "no plan"),
        ({"listing": []}, "listing"),
        ({"listing": {"snapshots": []}}, "truncated"),
        ({"outcomes": {}}, "outcomes"),
        ({"outcomes": ["x"]}, "outcomes"),
        ({"findings": "x"}, "findings"),
        ({"findings": [{"code": "x"}]}, "text"),
        ({"previous": "{"}, "previous"),
        ({"previous": {"plan": 1}}, "previous"),
        ({"evidence": 1}, "evidence"),
    ],
)
def test_what_cannot_be_used_is_named(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(AnsibleFilterError, match=named):
        retention_report(**{"plan": PLAN, "listing": LISTING, **arguments})


def test_depth_is_no_way_in() -> None:
    deep: dict[str, Any] = {}
    deep["deep"] = deep
    spoiled: list[dict[str, Any]] = [{"evidence": deep}, {"plan": {**PLAN, "changes": deep}}]
    for arguments in spoiled:
        with pytest.raises(AnsibleFilterError):
            retention_report(**dict({"plan": PLAN}, **arguments))


def test_an_index_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a [b]*"
    folder.mkdir()
    made = retention_report(PLAN, LISTING)
    for end in ("json", "html"):
        (folder / f"{made['stem']}.{end}").write_text(made[end], encoding="utf-8")
    found = retention_report_index(str(folder))
    assert (found["clusters"], found["left_out"], found["mode"]) == (1, [], "0640")
    assert found["path"] == str(folder / "index.html")
    assert found["page"].count(f'href="{made["stem"]}.html"') == 1
    (folder / "index.html").write_text("before", encoding="utf-8")
    (folder / "retention-broken.json").write_text("[]", encoding="utf-8")
    again = retention_report_index(str(folder))
    assert (again["clusters"], again["mode"]) == (1, None)
    assert again["left_out"] == [f"{folder}/retention-broken.json is JSON, but no dictionary."]
    told = " ".join(capsys.readouterr().err.split())
    assert "Left out of the index of" in told
    assert "retention-broken.json is JSON, but no dictionary." in told


def test_an_index_needs_a_folder_with_reports(tmp_path: Path) -> None:
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "index.html").symlink_to(tmp_path / "else")
    (tmp_path / "link" / "retention-x.json").write_text("{}", encoding="utf-8")
    for folder, said in (
        (str(tmp_path), "has no reports"),
        (str(tmp_path / "nowhere"), "cannot be read: No such file"),
        (str(tmp_path / "link"), "symbolic link"),
        ("$NOT_SET_ANYWHERE/x", "NOT_SET_ANYWHERE, which is not set"),
        ("", "no path"),
        (["x"], "_input: must be a string"),
        (None, "_input: must be a string"),
    ):
        with pytest.raises(AnsibleFilterError, match=said):
            retention_report_index(folder)
