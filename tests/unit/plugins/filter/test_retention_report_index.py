# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter `retention_report_index`, as playbooks call it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_report_index import retention_report_index
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import as_json

from unit.plugins.plugin_utils._report.cases import reported
from unit.plugins.plugin_utils._retention.cases import ago, bare, info, row

LISTING = info([row(number, ago(days=number)) for number in range(1, 5)])
PLAN = bare(LISTING, {"keep_last": 2})


def test_an_index_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a [b]*"
    folder.mkdir()
    made = reported(PLAN, LISTING)
    for end, text in (("json", as_json(made)), ("html", "x")):
        (folder / f"{made.stem}.{end}").write_text(text, encoding="utf-8")
    found = retention_report_index(str(folder))
    assert (found["clusters"], found["left_out"], found["mode"]) == (1, [], "0640")
    assert found["path"] == str(folder / "index.html")
    assert found["page"].count(f'href="{made.stem}.html"') == 1
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
