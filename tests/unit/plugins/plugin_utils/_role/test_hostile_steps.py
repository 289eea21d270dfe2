# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables, approved plans, and results of the modules with anything in them: each step ends with a result.

What cannot be used is why the host fails, in words. Nothing is asked for that was not planned.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.digest import DECIDES
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.decide import APPLY, AUDIT, MAIN, PLAN
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import VARIABLES
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tools.steps import Host
from unit import hostile
from unit.hostile import MISSING
from unit.plugins.plugin_utils._retention.cases import NOW, SCHEDULE, TIDY, ago, info, job, moment, planned, row

LISTING = info(
    [
        row(1, ago(hours=6), missing_shards=[{"shard_name": "s0"}]),
        row(2, ago(days=2), do_not_delete=True, expires_at=None),
        row(3, ago(days=3)),
        row(4, ago(days=9), complete=False),
        *(row(number, ago(days=4 * number + 20)) for number in range(5, 14)),
    ],
    schedule=SCHEDULE,
    restore_jobs=[job(5, None), job(None, ago(days=400), job_id="e" * 24)],
    requests={"platform": "atlas", "base_url": "x", "gets": 1, "patches": 0, "deletes": 0, "posts": 0},
)
OPEN = {"max_delete": -1, "max_delete_percent": 100}
PLAN_ = json.loads(json.dumps(planned(LISTING, TIDY, **OPEN)))
GIVEN = {f"retention_{key}": value for key, value in {**TIDY, **OPEN, "batch_size": 3}.items()}
CLOCK = moment(NOW)


def changes_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the module says where all is done."""
    outcomes = [
        {
            "id": one["snapshot_id"],
            "action": "deleted" if one["state"] == "absent" else "updated",
            "before": None,
            "after": None if one["state"] == "absent" else {"expires_at": one["expires_at"]},
            "error": None,
        }
        for one in options["snapshots"]
    ]
    return {"changed": True, "check_mode": False, "outcomes": outcomes}


class Modules:
    """The modules: what they were asked to change, and what they say, at one place something else."""

    def __init__(self, module: str = "", place: tuple[Any, ...] = (), value: Any = None, nth: int = 0) -> None:
        self.asked: list[dict[str, Any]] = []
        self.calls: dict[str, int] = {}
        self._spoiled = (module, nth, place, value)

    def __call__(self, module: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        nth = self.calls[module] = self.calls.get(module, -1) + 1
        if module == "legacy_snapshot":
            self.asked += options["snapshots"]
            found = changes_of(options)
        else:
            found = self._listing()
        spoiled, at, place, value = self._spoiled
        if (module, nth) != (spoiled, at):
            return found
        try:
            result: Mapping[str, Any] = hostile.put(found, place, value)
        except (IndexError, KeyError):
            assume(False)
        return result

    def _listing(self) -> dict[str, Any]:
        gone = {one["snapshot_id"] for one in self.asked}
        left = [one for one in LISTING["snapshots"] if one["id"] not in gone]
        return {**LISTING, "snapshots": left, "total": len(left)}


def run(modules: Modules, entry_point: str, **variables: Any) -> dict[str, Any]:
    """What an entry point leaves behind, which is plain, and says why it fails in a text for people."""
    with TemporaryDirectory() as folder, hostile.in_time():
        host = Host(Path(folder) / "store", variables, modules, CLOCK, connection={"project_id": "a" * 24})
        result = host.run(entry_point)
    assert hostile.is_plain(json.loads(json.dumps(result)))
    assert isinstance(result["failure"], str)
    assert len(result["failure"]) < 6000
    assert "Traceback" not in result["failure"]
    assert "object at 0x" not in result["failure"]
    return result


def test_the_steps_work_on_what_they_are_made_for() -> None:
    for entry_point in (MAIN, PLAN, AUDIT):
        modules = Modules()
        assert run(modules, entry_point, **GIVEN)["failure"] == ""
        assert len(modules.asked) == (len(PLAN_["changes"]) if entry_point == MAIN else 0)
    modules = Modules()
    approved = {"retention_approved_plan": PLAN_, "retention_approved_digest": PLAN_["digest"]}
    assert run(modules, APPLY, **approved)["failure"] == ""
    assert [one["snapshot_id"] for one in modules.asked] == [one["snapshot_id"] for one in PLAN_["changes"]]


# What is checked before the first request; a plan file or folder would be made.
READ = [name for name in VARIABLES if not name.endswith(("_dir", "_file"))]


@pytest.mark.parametrize("name", READ)
@settings(max_examples=hostile.examples(0.3))
@given(value=hostile.any_values_or(hostile.texts))
def test_any_variable_is_used_or_named(name: str, value: Any) -> None:
    for entry_point in (MAIN, APPLY):
        modules = Modules()
        result = run(modules, entry_point, **{**GIVEN, name: value})
        if not modules.calls:
            assert "retention_" in result["failure"] or result["failure"].startswith("The approved plan is refused: ")
            assert modules.asked == []


@pytest.mark.parametrize("name", ["retention_report_dir", "retention_plan_dir", "retention_plan_file"])
@pytest.mark.parametrize(
    "value", ["", "\x00", "\ud800", "~nobody-here/x", "$NOT_SET/x", 7, ["x"], "/dev/null/x", "/proc/x"]
)
def test_any_path_is_used_or_named(name: str, value: Any) -> None:
    modules = Modules()
    result = run(modules, MAIN, **{**GIVEN, name: value})
    assert bool(modules.asked) == (value == "")
    assert (name in result["failure"]) == (value != "")


@settings(max_examples=hostile.examples(3))
@given(
    st.sampled_from([MAIN, PLAN, AUDIT]),
    st.sampled_from(
        [("legacy_snapshot_info", 0), ("legacy_snapshot_info", 1), ("legacy_snapshot", 0), ("legacy_snapshot", 1)]
    ),
    st.sampled_from(
        [
            (),
            *hostile.places({**LISTING, "msg": "", "failed": False}),
            *hostile.places(changes_of({"snapshots": PLAN_["changes"][:3]})),
        ]
    ),
    hostile.json_values | st.just(MISSING),
)
def test_any_result_of_a_module_is_used_or_told(
    entry_point: str, call: tuple[str, int], place: tuple[Any, ...], value: Any
) -> None:
    """A module ended by somebody, or a version of it that says other things."""
    try:
        drawn = value if value is MISSING else json.loads(hostile.spelled(value))
    except (ValueError, RecursionError):
        assume(False)
    assume(place or isinstance(drawn, dict))
    modules = Modules(call[0], place, drawn, call[1])
    result = run(modules, entry_point, **GIVEN)
    known = {one["snapshot_id"] for one in PLAN_["changes"]}
    if call[0] == "legacy_snapshot":
        assert {one["snapshot_id"] for one in modules.asked} <= known
        assert entry_point != MAIN or sum(result["counts"].values()) == len(LISTING["snapshots"]) - 1


# --- an approved plan of somebody's making ---


def redigested(document: Any) -> Any:
    """The document with the digest that it has now, worked out as R18 says."""
    try:
        decides = {key: document[key] for key in ("project_id", "cluster_id", "now", "timezone", "policy", "options")}
        decides["blocked"] = document["guard"]["blocked"]
        decides["snapshots"] = [[one[key] for key in DECIDES] for one in document["snapshots"]]
        canonical = json.dumps(decides, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return {**document, "digest": hashlib.sha256(canonical.encode("ascii")).hexdigest()}
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


@settings(max_examples=hostile.examples(1.5))
@given(st.sampled_from(list(hostile.places(PLAN_))), hostile.json_values | st.just(MISSING))
def test_an_approved_plan_never_asks_for_more_than_is_planned_and_still_there(
    place: tuple[Any, ...], value: Any
) -> None:
    """Its digest is right, so all that it says was approved; what it says may be anything."""
    try:
        drawn = value if value is MISSING else json.loads(hostile.spelled(value))
    except (ValueError, RecursionError):
        assume(False)
    document = redigested(hostile.put(PLAN_, place, drawn))
    if document is None:
        return
    modules = Modules()
    run(modules, APPLY, retention_approved_plan=document, retention_approved_digest=document["digest"])
    deletable = {one["id"] for one in LISTING["snapshots"] if one["complete"] and not one["do_not_delete"]}
    for change in modules.asked:
        assert change["snapshot_id"] in deletable
        asked = {key: change[key] for key in change if key != "unless_expires_after"}
        assert asked in document.get("changes", PLAN_["changes"])


@pytest.mark.parametrize(
    "path", ["/dev/zero", "/dev/stdin", "/", "~nobody-here/plan.json", "\x00", "x" * 5000, "/proc/self/mem"]
)
def test_a_path_of_no_file_is_refused_at_once(path: str) -> None:
    with hostile.in_time(20):
        result = run(Modules(), APPLY, retention_approved_plan=path, retention_approved_digest="0" * 64)
    assert result["failure"].startswith("retention_approved_plan: ")


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with hostile.in_time(20):
        result = run(
            Modules(), APPLY, retention_approved_plan=str(tmp_path / "pipe"), retention_approved_digest="0" * 64
        )
    assert "is no regular file" in result["failure"]
