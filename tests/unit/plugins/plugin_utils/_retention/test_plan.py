# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as files and artifacts carry it: small, without loss of what decides, and no change of it goes unseen."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_approval import retention_approval
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_batches import retention_batches
from ansible_collections.mongodb_ops.legacy_backup.plugins.filter.retention_document import retention_document
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.artifact import (
    BYTES_A_SNAPSHOT,
    BYTES_MORE,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError
from hypothesis import assume, given
from hypothesis import strategies as st

from tools.awx import extra_vars_file
from unit.plugins.plugin_utils._retention.cases import (
    FAR,
    NOW,
    PROJECT,
    TIDY,
    ago,
    codes,
    info,
    moment,
    plan_of,
    planned,
    row,
)
from unit.plugins.plugin_utils._retention.test_properties import cases

LATER = moment(NOW) + timedelta(hours=20)
Document = dict[str, Any]


def bare_of_reasons(document: Document) -> Document:
    """A plan without what its compact form leaves out: all reasons but those of what is withheld."""
    withheld = [{"code": "stale", "text": "stale"}]
    rows = [
        {**one, "reasons": [] if one["reasons"] != withheld else withheld, "why": []} for one in document["snapshots"]
    ]
    return {**document, "snapshots": rows}


def size(artifact: Document) -> int:
    return len(json.dumps(artifact))


@given(cases())
def test_nothing_that_decides_is_lost(case: Any) -> None:
    listing, policy, options = case
    plan = plan_of(listing, policy, **options)
    artifact = json.loads(json.dumps(plan.dump_compact()))
    read = Plan.load(artifact)
    assert read.digest == plan.digest
    assert size(artifact) <= BYTES_A_SNAPSHOT * len(plan.decisions) + BYTES_MORE
    if "artifact" not in codes(artifact["warnings"]):
        assert read.dump() == bare_of_reasons(plan.dump())
    assert Plan.load(plan.dump(), explained=False) == read or "artifact" in codes(artifact["warnings"])
    # A whole plan, as the filter returns it, is one too; and so is a text.
    assert Plan.load(plan.dump()).dump() == plan.dump()
    assert Plan.load(json.dumps(artifact)) == read


@given(cases())
def test_nothing_that_decides_is_lost_on_the_way_through_awx(case: Any) -> None:
    """As the role hands it on: in plain data YAML would take ids of digits alone for numbers, and "off" for false."""
    listing, policy, options = case
    plan = plan_of(listing, policy, **options)
    told = extra_vars_file({"retention_plan": json.dumps(plan.dump_compact())}, {})
    assert Plan.load(DataLoader().load(told)["retention_plan"]).digest == plan.digest


def test_two_thousand_snapshots_are_small() -> None:
    """The widest rows there are: all extended, all warned of, a hundred terabytes each."""
    rows = [
        row(number, ago(hours=6 * number), ago(days=-3), created_increment=12, file_size_bytes=10**14)
        for number in range(1, 2001)
    ]
    policy = {"keep_within": "3y", "keep_within_daily": "9y"}
    for options in ({"extend_kept": True}, {}):
        plan = plan_of(rows, policy, **options)
        artifact = plan.dump_compact()
        assert size(artifact) <= BYTES_A_SNAPSHOT * 2000 + 4000
        assert Plan.load(artifact).digest == plan.digest
    assert any(count == 2000 for count in plan.summary["by_action"].values())


def test_gaps_and_warnings_that_do_not_fit_are_said_to_be_left_out() -> None:
    rows = [row(1, ago(days=1)), row(2, ago(days=3000))]
    plan = plan_of(rows, {"keep_within_daily": "10y", "keep_within_weekly": "10y"}, max_delete=-1)
    assert len(plan.gaps) > 400
    artifact = plan.dump_compact()
    assert size(artifact) <= BYTES_A_SNAPSHOT * 2 + 4000
    read = Plan.load(artifact)
    assert read.warnings[-1].code == "artifact"
    assert read.warnings[-1].text.endswith("did not fit into this document")
    assert read.gaps == plan.gaps[: len(read.gaps)]
    assert read.gaps


def approve(document: Any, approved: Any, **more: Any) -> str:
    return str(retention_approval(document, approved, now=LATER, **more)["refused"])


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


def test_changes_added_to_a_whole_plan_are_caught() -> None:
    document = planned([row(1, ago(days=1))], TIDY)
    added = {**document, "changes": [{"snapshot_id": row(1, NOW)["id"], "state": "absent"}]}
    assert "its changes are not those of its snapshots" in approve(added, document["digest"])


@pytest.mark.parametrize(
    "document",
    [{"rows": []}, [], "{", "{}", 7, "/nowhere/plan.json", "plan\0", {"columns": ["id"], "rows": [[1, 2]]}, 3.5],
    ids=str,
)
def test_what_is_no_plan_is_refused(document: Any) -> None:
    refused = approve(document, "0" * 64)
    assert refused.startswith(("The approved plan is refused: ", "RETENTION NO PLAN: "))


@pytest.mark.parametrize("document", [None, "", "  ", {}, []])
def test_no_plan_is_not_nothing_to_do(document: Any) -> None:
    assert approve(document, "0" * 64).startswith("RETENTION NO PLAN: ")


def test_dates_that_yaml_made_of_strings_are_read() -> None:
    """A plan that went through a YAML file whose dates were not quoted."""
    document = planned([row(1, ago(days=1))], TIDY)
    dated = {**document, "now": moment(NOW)}
    dated["snapshots"] = [{**one, "created_at": moment(one["created_at"])} for one in document["snapshots"]]
    assert approve(dated, document["digest"]) == ""


def test_another_cluster_is_refused_before_and_after_listing() -> None:
    document = planned([row(1, ago(days=1))], TIDY)
    approved = document["digest"]
    assert "it is for cluster " in approve(document, approved, cluster_id="d" * 24)
    assert approve(document, approved, project_id=f" {PROJECT.upper()}", cluster_id="") == ""
    elsewhere = info([{**row(1, ago(days=1)), "cluster_id": "d" * 24}], cluster_id="d" * 24)
    assert "it is for cluster " in approve(document, approved, listing=elsewhere)


def test_what_cannot_be_dated_any_more_is_left_out_and_said() -> None:
    """Extensions of what has expired meanwhile: gone, or still listed, where the service refuses to edit it."""
    lives = [ago(hours=-10), ago(hours=-12), ago(days=-20), ago(days=-90)]
    rows = [row(number, ago(days=40 * number), expires) for number, expires in enumerate(lives, 1)]
    document = planned(rows, {"keep_within_monthly": "13mo"}, extend_kept=True)
    extended = [one["snapshot_id"] for one in document["changes"]]
    assert len(extended) >= 3
    result = retention_approval(document, document["digest"], now=LATER, listing=info(rows[1:]))
    assert result["refused"] == ""
    plan, void = result["plan"], [rows[1]["id"], rows[0]["id"]]
    assert result["void"] == void
    (batch,) = retention_batches(plan, 100, result["void"])
    assert [one["snapshot_id"] for one in batch] == [name for name in extended if name not in void]
    assert [warning["text"].split()[0] for warning in plan["warnings"][-2:]] == void
    assert plan["digest"] == document["digest"]


@pytest.mark.parametrize(
    ("given", "named"), [({"max_age": "soon"}, "max_age"), ({"now": ""}, "now"), ({"listing": {}}, "_input")]
)
def test_what_cannot_be_used_is_named(given: dict[str, Any], named: str) -> None:
    document = planned([row(1, ago(days=1))], TIDY)
    with pytest.raises(AnsibleFilterError, match=f"retention_approval: {named}"):
        retention_approval(document, document["digest"], **{"now": LATER, **given})


def test_the_filter_refuses_what_is_no_plan() -> None:
    with pytest.raises(AnsibleFilterError, match="retention_document: _input: it is no plan"):
        retention_document({})


def changed(place: tuple[Any, ...], value: Any) -> Document:
    """The document of a plan that extends, with one value changed."""
    document: Any = planned([row(1, ago(hours=1)), row(2, ago(days=40), ago(days=-2))], MONTHS, extend_kept=True)
    assert [one["action"] for one in document["snapshots"]] == ["keep", "extend"]
    found = document
    for step in place[:-1]:
        found = found[step]
    found[place[-1]] = value
    return dict(document)


MONTHS = {"keep_within_monthly": "13mo"}


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (("schema",), 2, "it is no plan of this collection: its schema is 2, not 1"),
        (("schema",), True, "it is no plan of this collection: its schema is True, not 1"),
        (("schema",), None, "it is no plan of this collection: its schema is None, not 1"),
        (("now",), "soon", "it is no plan of this collection: now: 'soon' is not an ISO 8601 date-time"),
        (("timezone",), "Europe/Nowhere", "it is no plan of this collection: timezone: there is no time zone"),
        (("policy",), {}, "it is no plan of this collection: policy: keeps nothing"),
        (("policy", "keep_within_monthly"), "0y13mo", "it is no plan of this collection: policy: are not as a plan"),
        (("options", "min_keep"), "3", "it is no plan of this collection: options: are not as a plan spells them"),
        (("options", "min_keep"), 0, "it is no plan of this collection: min_keep: must be a whole number, 1 or more"),
        (("snapshots",), {}, "it is no plan of this collection: snapshots: must be a list, not a dictionary"),
        (("snapshots", 0), {}, "it is no plan of this collection: snapshots[0]: has no key id"),
        (("snapshots", 0, "id"), 7, "it is no plan of this collection: snapshots[0].id: 7 is not an id"),
        (("snapshots", 0, "id"), f"{2:024x}", "it is no plan of this collection: snapshots: name a snapshot twice"),
        (("snapshots", 0, "created_at"), None, "it is no plan of this collection: snapshots[0].created_at: is null"),
        (("snapshots", 0, "action"), "hold", "it is no plan of this collection: snapshots[0].action: must be one of"),
        (("snapshots", 0, "expires_to"), NOW, "it is no plan of this collection: snapshots[0].expires_to: must be"),
        (("snapshots", 1, "expires_to"), None, "it is no plan of this collection: snapshots[1].expires_to: must be"),
        (("snapshots", 1, "state"), "held", "it is no plan of this collection: snapshots[1].action: must be keep for"),
        (("snapshots", 0, "reasons"), ["x"], "it is no plan of this collection: snapshots[0].reasons[0]: must be a d"),
        (("guard", "blocked"), True, "it is no plan of this collection: guard.reasons: must be there when the plan is"),
        (("gaps",), [{}], "it is no plan of this collection: gaps[0]: has no key rule"),
        (("warnings",), [{"code": "x", "text": 7}], "it is no plan of this collection: warnings[0].text: must be a s"),
        (("changes",), [], "its changes are not those of its snapshots"),
        (("summary", "total"), 3, "its summary is not that of its snapshots"),
        (("digest",), "0" * 64, "its digest is "),
        (("snapshots", 1, "expires_to"), FAR, "its changes are not those of its snapshots"),
    ],
)
def test_what_is_wrong_with_a_document_is_said(place: tuple[Any, ...], value: Any, reason: str) -> None:
    with pytest.raises(RefusedError) as error:
        Plan.load(changed(place, value))
    assert str(error.value).startswith(reason)


def test_reasons_and_names_can_be_anything() -> None:
    for place in (("cluster_name",), ("snapshots", 0, "file_size_bytes")):
        assert Plan.load({**changed(place, None), "summary": None}).digest == changed(place, None)["digest"]
