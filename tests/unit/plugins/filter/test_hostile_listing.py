# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A listing that no service should send, through all of it: what is read, what is planned, and what is deleted then."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_plan import retention_plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.modules import legacy_snapshot, legacy_snapshot_info
from hypothesis import given
from hypothesis import strategies as st

from unit import hostile
from unit.plugins.modules.conftest import run, runner
from unit.plugins.modules.runner import Runner
from unit.plugins.modules.test_hostile_answers import listed, ready, slow, told

__all__ = ["run", "runner"]

Drawn = tuple[dict[str, Any], dict[str, Any]]


@slow
@given(
    st.lists(hostile.sound_snapshots, min_size=2, max_size=8, unique_by=lambda drawn: drawn[1]["id"]),
    st.lists(hostile.snapshots, max_size=1),
    st.sampled_from(["delete", "expire"]),
)
def test_no_listing_makes_anything_be_removed_that_must_not_be(
    run: Runner, sound: list[Drawn], odd: list[Drawn], method: str
) -> None:
    """The whole way: what the service lists, what is planned on that, and what is sent then."""
    assert run.sim is not None
    sim, drawn = ready(run, run.sim), [*sound, *odd]
    documents = [document for document, _read in drawn]
    sim.faults.add("answer", path="/snapshots$", times=None, body=listed(documents))
    info = told(run, run(legacy_snapshot_info, completeness="all", gather=["restore_jobs"]), set())
    if info.get("failed"):
        return
    info["restore_jobs"] = []
    now = "2026-11-23T12:00:00Z"
    off: dict[str, Any] = {"min_age": "off", "pit_window": "off", "stale_after": "off", "min_keep": 1}
    try:
        plan = retention_plan(info, {"keep_within": "1h"}, now=now, method=method, max_delete_percent=100, **off)
    except AnsibleFilterError:
        assert any(read["created"][0] is None for _document, read in drawn)
        return
    asked = {change["snapshot_id"] for change in plan["changes"]}
    found = told(run, run(legacy_snapshot, snapshots=plan["changes"], concurrency=1), asked)
    by_id = {read["id"]: read for _document, read in drawn}
    fit = [
        read["id"]
        for read in by_id.values()
        if read["complete"] is True
        and read["doNotDelete"] is not True
        and read["expires"]
        and read["expires"] > now
        and read["created"][0] <= now
    ]
    newest = max(
        (read for read in by_id.values() if read["complete"] is True and read["created"][0] <= now),
        key=lambda read: (read["created"][0], read["created"][1] or 0, read["id"]),
        default={"id": ""},
    )["id"]
    sent = {entry.path.rpartition("/")[2] for entry in sim.log.writes}
    removed = {one["id"] for one in plan["snapshots"] if one["action"] in ("delete", "shorten")}
    assert sent <= asked <= set(fit)
    assert removed <= set(fit) - {newest}
    assert len(found["outcomes"]) == len(plan["changes"])
