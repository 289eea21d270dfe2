# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as files and artifacts carry it: small, without loss of what decides, and no change of it goes unseen."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.artifact import (
    BYTES_A_SNAPSHOT,
    BYTES_MORE,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError
from hypothesis import given

from tools.awx import extra_vars_file
from unit.plugins.plugin_utils._retention.cases import (
    FAR,
    NOW,
    ago,
    codes,
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
