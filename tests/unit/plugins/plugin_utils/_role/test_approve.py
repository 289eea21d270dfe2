# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An approved plan: no change of it goes unseen, what is none is refused, and what has drifted is told (R19)."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.names import plan_file_name
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import read_info
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import batches
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.approve import approved_plan, compare
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import (
    read_cluster,
    read_settings,
)
from hypothesis import assume, given
from hypothesis import strategies as st

from unit.plugins.plugin_utils._retention.cases import (
    CLUSTER,
    FAR,
    NOW,
    PROJECT,
    TIDY,
    ago,
    info,
    moment,
    plan_of,
    planned,
    row,
)
from unit.plugins.plugin_utils._retention.test_properties import cases

LATER = moment(NOW) + timedelta(hours=20)
Document = dict[str, Any]


def approve(
    document: Any,
    approved: Any,
    handed_on: Mapping[str, Any] | None = None,
    now: datetime = LATER,
    listing: Mapping[str, Any] | None = None,
    **more: Any,
) -> str:
    """Why it must not be applied; blank where it may be."""
    given_ = {"approved_plan": document, "approved_digest": approved, **more}
    try:
        settings = read_settings(given_)
        plan = approved_plan(settings, read_cluster(given_), handed_on or {}, now)
        if listing is not None:
            compare(plan, read_info(listing), settings, now)
    except RefusedError as refused:
        return str(refused)
    return ""


@st.composite
def tamperings(draw: st.DrawFn) -> tuple[Document, Document]:
    """A compact plan, and the same with one change of any kind to what decides."""
    listing, policy, options = draw(cases())
    plan = plan_of(listing, policy, **{**options, "max_delete": -1, "max_delete_percent": 100})
    before = json.loads(json.dumps(plan.dump_compact()))
    after = copy.deepcopy(before)
    rows, columns = after["rows"], after["columns"]
    ways = ["option", "policy", "head"] + (["cell", "drop", "double", "swap", "order", "column"] if rows else [])
    way = draw(st.sampled_from(ways))
    place = draw(st.integers(0, len(rows) - 1)) if rows else 0
    other = draw(st.integers(0, len(rows) - 1)) if rows else 0
    if way == "cell":
        column = draw(st.integers(0, len(columns) - 2))  # the last is the size, which decides nothing
        values = [
            None,
            True,
            False,
            0,
            2,
            "delete",
            "keep",
            "extend",
            "shorten",
            "candidate",
            "held",
            FAR,
            NOW,
            "f" * 24,
        ]
        rows[place][column] = draw(st.sampled_from(values))
    elif way == "drop":
        del rows[place]
    elif way == "double":
        rows.insert(other, list(rows[place]))
    elif way == "swap":
        rows[place][0], rows[other][0] = rows[other][0], rows[place][0]
    elif way == "order":
        rows[place], rows[other] = rows[other], rows[place]
    elif way == "column":
        columns[0], columns[draw(st.integers(1, len(columns) - 2))] = (
            columns[draw(st.integers(1, len(columns) - 2))],
            "id",
        )
    elif way == "option":
        after["options"][draw(st.sampled_from(sorted(after["options"])))] = draw(
            st.sampled_from([None, "off", 1, True])
        )
    elif way == "policy":
        after["policy"][draw(st.sampled_from(["keep_last", "keep_within", "keep_x"]))] = draw(st.integers(1, 9))
    else:
        key = draw(st.sampled_from(["project_id", "cluster_id", "now", "timezone"]))
        after[key] = draw(st.sampled_from([None, "c" * 24, "2026-08-21T02:00:00Z", "Europe/Rome"]))
    # JSON has the last word on what is the same: 1 is not true.
    assume(json.dumps(before) != json.dumps(after))
    return before, after


@given(tamperings())
def test_any_change_is_caught_when_the_digest_comes_another_way(pair: tuple[Document, Document]) -> None:
    before, after = pair
    approved = before["digest"]
    assert "its digest is" not in approve(before, approved)
    for forged in (after, {**after, "digest": approved}, json.dumps(after)):
        assert approve(forged, approved).startswith(("The approved plan is refused: ", "RETENTION BLOCKED: "))


def test_a_digest_in_the_document_is_not_an_approval() -> None:
    document = planned([row(1, ago(days=1))], TIDY)
    assert "no digest was approved" in approve(document, "")
    assert "no digest was approved" in approve(document, None)
    assert approve(document, f" {document['digest'].upper()} ") == ""


@pytest.mark.parametrize("approved", ["yes", "0" * 63, ["g" * 64], 7, {"a": 1}])
def test_what_is_no_digest_is_named(approved: Any) -> None:
    document = planned([row(1, ago(days=1))], TIDY)
    assert approve(document, approved).startswith("retention_approved_digest")


def test_the_digests_of_several_clusters_come_together() -> None:
    document = planned([row(1, ago(days=1))], TIDY)
    others = ["0" * 64, "f" * 64]
    for approved in ([*others, document["digest"]], ", ".join([document["digest"], *others])):
        assert approve(document, approved) == ""
    assert "its digest is" in approve(document, others)


def test_a_plan_and_a_digest_that_a_job_has_handed_on() -> None:
    document = planned([row(1, ago(days=1))], TIDY)
    handed_on = {"plan": json.dumps(document), "digest": document["digest"]}
    assert approve("", "", handed_on) == ""
    # What somebody gives counts, and a digest that a person has entered proves more than that of the job.
    assert "its digest is" in approve("", "0" * 64, handed_on)
    assert approve("", "", {}).startswith("RETENTION NO PLAN: ")
    assert "no digest was approved" in approve("", "", {"plan": json.dumps(document)})


def test_changes_added_to_a_whole_plan_are_caught() -> None:
    document = planned([row(1, ago(days=1))], TIDY)
    added = {**document, "changes": [{"snapshot_id": row(1, NOW)["id"], "state": "absent"}]}
    assert "its changes are not those of its snapshots" in approve(added, document["digest"])


@pytest.mark.parametrize(
    "document",
    [{"rows": []}, "{", "{}", 7, "/nowhere/plan.json", "plan\0", {"columns": ["id"], "rows": [[1, 2]]}, 3.5, ["x"]],
    ids=str,
)
def test_what_is_no_plan_is_refused(document: Any) -> None:
    refused = approve(document, "0" * 64)
    assert refused.startswith(("The approved plan is refused: ", "retention_approved_plan: "))


@pytest.mark.parametrize("document", [None, "", "  ", {}, []])
def test_no_plan_is_not_nothing_to_do(document: Any) -> None:
    assert approve(document, "0" * 64).startswith("RETENTION NO PLAN: ")


def test_dates_that_yaml_made_of_strings_are_read() -> None:
    """A plan that went through a YAML file whose dates were not quoted."""
    document = planned([row(1, ago(days=1))], TIDY)
    dated = {**document, "now": moment(NOW)}
    dated["snapshots"] = [{**one, "created_at": moment(one["created_at"])} for one in document["snapshots"]]
    assert approve(dated, document["digest"]) == ""


def test_a_file_or_a_folder_with_the_plans_of_many(tmp_path: Path) -> None:
    plan = plan_of([row(1, ago(days=1))], TIDY)
    path = tmp_path / plan_file_name(plan)
    path.write_text(json.dumps(plan.dump(), indent=2), encoding="utf-8")
    assert approve(str(path), plan.digest) == ""
    assert approve(str(tmp_path), plan.digest, project_id=PROJECT, cluster_id=CLUSTER) == ""
    assert approve(str(tmp_path), plan.digest, project_id=PROJECT, cluster_name="Cluster0") == ""
    refused = approve(str(tmp_path), plan.digest, project_id=PROJECT, cluster_id="d" * 24)
    assert refused.startswith(f"retention_approved_plan: {tmp_path} has no plan for cluster dddd")


def test_another_cluster_is_refused_before_and_after_listing() -> None:
    document = planned([row(1, ago(days=1))], TIDY)
    approved = document["digest"]
    assert "it is for cluster " in approve(document, approved, cluster_id="d" * 24)
    assert approve(document, approved, project_id=f" {PROJECT.upper()}", cluster_id="") == ""
    elsewhere = info([{**row(1, ago(days=1)), "cluster_id": "d" * 24}], cluster_id="d" * 24)
    assert "it is for cluster " in approve(document, approved, listing=elsewhere)


def test_a_blocked_plan_and_one_that_is_too_old_are_refused() -> None:
    blocked = planned([row(number, ago(days=number)) for number in range(1, 9)], {"keep_last": 1}, max_delete=1)
    assert approve(blocked, blocked["digest"]).startswith("RETENTION BLOCKED: the approved plan is refused: its guard")
    document = planned([row(1, ago(days=1))], TIDY)
    assert "more than 19h ago" in approve(document, document["digest"], plan_max_age="19h")
    assert approve(document, document["digest"], plan_max_age="") == ""
    assert "still to come" in approve(document, document["digest"], now=moment(NOW) - timedelta(seconds=1))


def test_much_drift_is_told_in_a_few_words() -> None:
    rows = [row(number, ago(days=number)) for number in range(1, 31)]
    document = planned(rows, {"keep_last": 3}, max_delete_percent=100)
    held = [{**one, "do_not_delete": True, "expires_at": None} for one in rows]
    refused = approve(document, document["digest"], listing=info(held))
    assert refused.startswith("RETENTION DRIFT: the cluster is not as the approved plan found it, and nothing was")
    assert refused.count(" is to be changed (delete)") == 10
    assert "; and 44 more. Make a new plan" in refused


def test_what_cannot_be_dated_any_more_is_left_out_and_said() -> None:
    """Extensions of what has expired meanwhile: gone, or still listed, where the service refuses to edit it."""
    lives = [ago(hours=-10), ago(hours=-12), ago(days=-20), ago(days=-90)]
    rows = [row(number, ago(days=40 * number), expires) for number, expires in enumerate(lives, 1)]
    document = planned(rows, {"keep_within_monthly": "13mo"}, extend_kept=True, stale_after="off")
    extended = [one["snapshot_id"] for one in document["changes"]]
    assert len(extended) >= 3
    settings = read_settings({"approved_plan": document, "approved_digest": document["digest"]})
    plan = approved_plan(settings, read_cluster({}), {}, LATER)
    found = compare(plan, read_info(info(rows[1:])), settings, LATER)
    void = [rows[1]["id"], rows[0]["id"]]
    assert list(found) == void
    assert [note.text.split()[0] for note in found.values()] == void
    (batch,) = batches(plan, 100, set(found))
    assert [one["snapshot_id"] for one in batch] == [name for name in extended if name not in void]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"plan_max_age": "soon"}, "retention_plan_max_age"), ({"approved_digest": "x"}, "retention_approved_digest")],
)
def test_what_cannot_be_used_is_named(wrong: dict[str, Any], named: str) -> None:
    document = planned([row(1, ago(days=1))], TIDY)
    with pytest.raises(RefusedError, match=named):
        read_settings({"approved_plan": document, "approved_digest": document["digest"], **wrong})
