# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook `report_index`: a page over a folder, whatever the folder is called and whatever somebody left in it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import as_json
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.html import as_html

from tools.playbooks import NAMESPACE, Playbooks, Run, warned
from unit.plugins.plugin_utils._report.cases import Page, reported
from unit.plugins.plugin_utils._retention.cases import ago, bare, info, row

# What a template would run, if anything rendered a name.
NAME = "{{ lookup('pipe', 'touch planted') }}"


def fill(folder: Path) -> list[str]:
    """Two reports with their pages, and what is none. Returns the names of the pages."""
    folder.mkdir(parents=True)
    pages = []
    for number, name in enumerate(("orders", NAME)):
        of: dict[str, Any] = {"cluster_id": f"{number}" * 24, "cluster_name": name}
        made = reported(bare(info([row(1, ago(days=1), **of)], **of), {"keep_last": 1}))
        (folder / f"{made.stem}.json").write_text(as_json(made), encoding="utf-8")
        (folder / f"{made.stem}.html").write_text(as_html(made), encoding="utf-8")
        pages.append(f"{made.stem}.html")
    (folder / "retention-broken.json").write_text('{"kind":', encoding="utf-8")
    (folder / "retention-orders-1.plan.json").write_text("{}", encoding="utf-8")
    return pages


def index_of(playbooks: Playbooks, folder: str) -> Run:
    return playbooks.run(f"{NAMESPACE}.report_index", "-e", f'{{"retention_report_dir": "{folder}"}}')


@pytest.mark.parametrize("name", ["reports [2026] *", "$REPORTS"])
def test_an_index_of_the_reports_in_a_folder(playbooks: Playbooks, name: str) -> None:
    """By a path that is relative to where the playbook is started, or that names a variable of the environment."""
    playbooks.environment["REPORTS"] = "from-environment"
    folder = playbooks.folder / name.replace("$REPORTS", "from-environment")
    pages = fill(folder)
    run = index_of(playbooks, name)
    assert (run.status, run.recap("localhost")["changed"]) == (0, 0), run.output
    (warning,) = warned(run)
    assert "retention-broken.json is not JSON" in warning
    index = folder / "index.html"
    # Where it is, for who wants to open it.
    assert run.named("Say where it is").message == str(index)
    page = Page.of(index.read_text(encoding="utf-8"))
    assert "2 clusters" in page.text
    assert NAME in page.text
    assert sorted(page.targets) == sorted(["#main", "#left-out", *pages])
    assert "retention-broken.json" in page.texts["left-out"]
    assert not list(playbooks.folder.rglob("planted"))
    assert stat.S_IMODE(index.stat().st_mode) == 0o640
    # One that is there keeps its mode.
    index.chmod(0o604)
    assert index_of(playbooks, name).status == 0
    assert stat.S_IMODE(index.stat().st_mode) == 0o604


def test_an_index_of_nothing_is_no_success(playbooks: Playbooks) -> None:
    (playbooks.folder / "empty").mkdir()
    for name, said in (("empty", "has no reports"), ("nowhere", "cannot be read: No such file or directory")):
        run = index_of(playbooks, name)
        assert run.status == 2
        assert said in run.output
        assert not (playbooks.folder / name / "index.html").exists()


def test_a_limit_that_leaves_out_localhost_is_no_success(playbooks: Playbooks) -> None:
    fill(playbooks.folder / "reports")
    hosts: dict[str, dict[str, Any]] = {"Shop.orders": {}}
    for limit, is_enough in (("Shop.*", False), ("Shop.*:localhost", True)):
        arguments = ("-e", "retention_report_dir=reports", "--limit", limit)
        run = playbooks.run(f"{NAMESPACE}.report_index", *arguments, inventory=hosts)
        assert ((run.status == 0), (playbooks.folder / "reports" / "index.html").exists()) == (is_enough, is_enough)
        assert ("Run it without --limit." in " ".join(run.output.split())) is not is_enough


def test_the_same_of_the_playbook_that_makes_the_objects_of_awx(playbooks: Playbooks) -> None:
    run = playbooks.run(f"{NAMESPACE}.awx", "--limit", "Shop.*", inventory={"Shop.orders": {}})
    assert run.status != 0
    assert "Run it without --limit." in " ".join(run.output.split())
