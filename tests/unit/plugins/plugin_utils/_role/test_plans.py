# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The index of a folder of plans: a line for each, true to the files, and the digests of those that can be applied."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.names import plan_file_name
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role import files, plans
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.files import FileError, find_plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.plans import INDEX, write_index
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.store import Store

from unit.plugins.plugin_utils._retention.cases import NOW, PROJECT, ago, info, moment, plan_of, row

DAY = Duration(hours=24)
KEEP_TWO = {"keep_last": 2}
FREE = {"min_age": "off", "pit_window": "off", "stale_after": "off", "max_delete_percent": "off", "min_keep": 1}


def put(folder: Path, number: int = 1, name: str = "orders", count: int = 5, now: str = NOW, **options: Any) -> Plan:
    """A plan in the folder, which deletes all snapshots of a cluster but two, and one that is held."""
    cluster = {"cluster_name": name, "cluster_id": f"{number:024x}"}
    rows = [row(one, ago(days=one), **cluster) for one in range(1, count + 1)]
    rows.append(row(99, ago(days=99), None, do_not_delete=True, **cluster))
    listing = info(rows, **cluster)
    made = plan_of(listing, KEEP_TWO, now=now, **{**FREE, **options})
    (folder / plan_file_name(made)).write_text(json.dumps(made.dump(), indent=2))
    return made


def index(folder: Path, tmp_path: Path, run: str = "run") -> list[str]:
    """The lines of the index that a host writes."""
    path = write_index(folder, Store(tmp_path / run), moment(NOW), DAY)
    assert path == folder / INDEX
    return path.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of plans."""
    made = tmp_path / "plans"
    made.mkdir()
    return made


def test_it_has_a_line_for_each_plan_and_the_digests(folder: Path, tmp_path: Path) -> None:
    first, second = put(folder), put(folder, 2, "carts-with-a-long-name", 15)
    lines = index(folder, tmp_path)
    assert lines[0] == f"Plans in {folder} at {NOW}"
    header, carts, orders, total = (line.split("  ") for line in lines[2:6])
    cells = [[cell.strip() for cell in line if cell.strip()] for line in (header, carts, orders, total)]
    assert cells == [
        ["cluster", "project", "to delete", "to extend", "to shorten", "to keep", "held", "gaps", "made", "digest"],
        ["carts-with-a-long-name", PROJECT, "13", "0", "0", "2", "1", "0", NOW, second.digest],
        ["orders", PROJECT, "3", "0", "0", "2", "1", "0", NOW, first.digest],
        ["2 clusters", "16", "0", "0", "4", "2", "0"],
    ]
    # Numbers stand under each other.
    assert lines[3].index(" 13 ") + 3 == lines[4].index(" 3 ") + 2
    assert lines[-2:] == [
        f"retention_approved_plan={folder}",
        f"retention_approved_digest={second.digest},{first.digest}",
    ]


def test_what_cannot_be_applied_is_told_and_its_digest_is_not_given(folder: Path, tmp_path: Path) -> None:
    usable = put(folder)
    blocked = put(folder, 2, "blocked", max_delete=1)
    old = put(folder, 3, "old", now=ago(hours=25))
    altered = put(folder, 4, "altered")
    path = folder / plan_file_name(altered)
    path.write_text(path.read_text().replace('"action": "keep"', '"action": "delete"', 1))
    put(folder, 5, "broken")
    put(folder, 6, "renamed")
    broken = next(folder.glob("retention-broken-*"))
    broken.write_text("{")
    twice = put(folder, 6, "before-it-was-renamed")
    text = "\n".join(lines := index(folder, tmp_path))
    assert lines[-1] == f"retention_approved_digest={usable.digest}"
    reasons = {line.split(" ")[0]: line for line in lines if " cannot be applied: " in line}
    assert set(reasons) == {"blocked", "old", "?", "renamed", "before-it-was-renamed"}
    assert "blocked: max_delete: 3 snapshots would be removed, 2 more than" in reasons["blocked"]
    assert f"made at {ago(hours=25)}, more than 24h (retention_plan_max_age)" in reasons["old"]
    assert "is a plan for the same cluster; remove the one that is not meant" in reasons["renamed"]
    assert "it was changed after it was made" in text or "are not those of its snapshots" in text
    assert f"{broken} is not JSON" in text
    with pytest.raises(FileError, match="has 2 plans"):
        find_plan(folder, PROJECT, twice.cluster_id, None)
    # For people the digests of these are in their lines.
    assert blocked.digest in text
    assert old.digest in text


def test_a_copy_is_told_and_the_sums_are_of_what_can_be_applied(folder: Path, tmp_path: Path) -> None:
    made = put(folder)
    put(folder, 2, "blocked", 7, max_delete=1)
    own = folder / plan_file_name(made)
    copy = folder / "retention-orders-copy.plan.json"
    copy.write_text(own.read_text())
    (folder / "retention-broken.plan.json").write_text("{")
    lines = index(folder, tmp_path)
    total = next(line for line in lines if line.startswith("1 cluster "))
    assert total.split()[2:] == ["3", "0", "0", "2", "1", "0"]
    assert (
        f"orders ({copy.name}) cannot be applied: it is a copy, since the plan of this cluster is called {own.name}."
        in (lines)
    )
    assert lines[-1] == f"retention_approved_digest={made.digest}"
    # Where apply knows the cluster by its name alone, it passes over the copy, too.
    assert find_plan(folder, PROJECT, None, "orders") == own


def test_a_plan_that_is_removed_meanwhile_has_no_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = put(folder)
    listed = [*files.plans_in(folder), folder / "retention-gone-0123456789abcdef.plan.json"]
    monkeypatch.setattr(files, "plans_in", lambda _folder: listed)
    assert index(folder, tmp_path)[-1] == f"retention_approved_digest={made.digest}"


def test_no_plan_that_can_be_applied(folder: Path, tmp_path: Path) -> None:
    put(folder, max_delete=1)
    assert index(folder, tmp_path)[-1] == "There is no plan here that can be applied."


def test_it_is_as_the_files_are_and_reads_each_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    load = files.read_document

    def noted(path: Path) -> Mapping[str, Any]:
        read.append(path.name)
        return load(path)

    monkeypatch.setattr(files, "read_document", noted)
    put(folder)
    index(folder, tmp_path)
    put(folder, 2, "carts")
    index(folder, tmp_path)
    assert [name[:16] for name in read] == ["retention-orders", "retention-carts-"]
    # A file that is changed is read again, one that is gone has no line, and another run knows nothing yet.
    newer = put(folder, 2, "carts", 9)
    next(folder.glob("retention-orders-*")).unlink()
    assert index(folder, tmp_path)[-1] == f"retention_approved_digest={newer.digest}"
    index(folder, tmp_path, "another run")
    assert [name[:16] for name in read[2:]] == ["retention-carts-", "retention-carts-"]


def test_it_waits_for_another_host_and_not_for_ever(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder)
    waits: list[float] = []
    clock = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(time, "sleep", waits.append)
    other = os.open(folder, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    assert index(folder, tmp_path)
    assert 5 <= len(waits) <= plans._PATIENCE
    os.close(other)
    waits.clear()
    assert index(folder, tmp_path)
    assert waits == []


@pytest.mark.parametrize("name", ["a\nretention_approved_digest=x", "\x1b[2Jorders", "ü" * 200, "\u202eorders"])
def test_a_name_stays_in_its_line(folder: Path, tmp_path: Path, name: str) -> None:
    made = put(folder, name=name)
    lines = index(folder, tmp_path)
    assert sum(line.startswith("retention_approved_digest=") for line in lines) == 1
    assert all(sign.isprintable() for line in lines for sign in line)
    assert lines[-1].endswith(made.digest)


def test_plans_that_are_to_come_are_usable(folder: Path, tmp_path: Path) -> None:
    """Of hosts whose clock is a little ahead of this one's."""
    made = put(folder, now=(moment(NOW) + timedelta(minutes=1)).isoformat())
    assert index(folder, tmp_path)[-1].endswith(made.digest)
