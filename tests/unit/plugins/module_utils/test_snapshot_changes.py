# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired state to changes: each promise in the documentation of `legacy_snapshot`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._processes import describe
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import Snapshot, from_api
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot_change import (
    DesiredState,
    Step,
    decide,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot_changes import (
    Outcome,
    apply,
    desired_states,
    diffs,
    failure_text,
    outcomes,
    rules_of,
)
from hypothesis import given
from hypothesis import strategies as st

from simulator import switches as simulator_switches
from unit.plugins.clients import NOW, PLATFORMS, Talk

TalkTo = Callable[..., Talk]
A, B, C = "a" * 24, "b" * 24, "c" * 24
LATE, LATER, PAST = "2027-06-01T00:00:00Z", "2028-06-01T00:00:00Z", "2026-11-01T00:00:00Z"
TOP: dict[str, Any] = {
    "snapshot_id": None,
    "snapshots": None,
    "state": "present",
    "expires_at": None,
    "lifetime": None,
    "do_not_delete": None,
    "allow_past_expiry": False,
    "concurrency": 4,
}
HOW: dict[str, Any] = {"time_limit": None, "unless_restoring": False, "unless_newest": False, "while_running": None}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def asked(**params: Any) -> list[DesiredState]:
    return desired_states({**TOP, **params})


def refused(**params: Any) -> str:
    with pytest.raises(OptionError) as caught:
        asked(**params)
    return str(caught.value)


# --- what is asked for ---


def test_one_snapshot_is_asked_for_by_the_options_themselves() -> None:
    (state,) = asked(snapshot_id=A.upper(), expires_at=LATE)
    assert state == DesiredState(A, False, moment(LATE), None, False)


INHERITED: dict[str, tuple[dict[str, Any], dict[str, Any], DesiredState]] = {
    "all from the top": (
        {"expires_at": LATE, "allow_past_expiry": True},
        {},
        DesiredState(A, False, moment(LATE), None, True),
    ),
    "null is left out": ({"expires_at": LATE}, {"expires_at": None}, DesiredState(A, False, moment(LATE), None, False)),
    "its own first": ({"expires_at": LATE}, {"expires_at": LATER}, DesiredState(A, False, moment(LATER), None, False)),
    "half and half": (
        {"expires_at": LATE},
        {"do_not_delete": False},
        DesiredState(A, False, moment(LATE), False, False),
    ),
    "false beats true": (
        {"do_not_delete": True},
        {"do_not_delete": False, "expires_at": LATE},
        DesiredState(A, False, moment(LATE), False, False),
    ),
    "a hold does not inherit a date": (
        {"expires_at": LATE},
        {"do_not_delete": True},
        DesiredState(A, False, None, True, False),
    ),
    "a lifetime from the top": (
        {"lifetime": "400d"},
        {},
        DesiredState(A, False, None, None, False, None, Duration(days=400)),
    ),
    "a date of its own instead of a lifetime": (
        {"lifetime": "400d"},
        {"expires_at": LATE},
        DesiredState(A, False, moment(LATE), None, False),
    ),
    "a lifetime of its own instead of a date": (
        {"expires_at": LATE},
        {"lifetime": "1y6mo"},
        DesiredState(A, False, None, None, False, None, Duration(years=1, months=6)),
    ),
    "a hold does not inherit a lifetime": (
        {"lifetime": "400d"},
        {"do_not_delete": True},
        DesiredState(A, False, None, True, False),
    ),
    "absent does not inherit a lifetime": (
        {"lifetime": "400d"},
        {"state": "absent"},
        DesiredState(A, True, None, None, False),
    ),
    "an inherited hold": ({"do_not_delete": True}, {}, DesiredState(A, False, None, True, False)),
    "its own state": (
        {"state": "absent"},
        {"state": "present", "expires_at": LATE},
        DesiredState(A, False, moment(LATE), None, False),
    ),
    "absent from the top": ({"state": "absent"}, {}, DesiredState(A, True, None, None, False)),
    "absent ignores what it inherits": (
        {"expires_at": LATE, "do_not_delete": False},
        {"state": "absent"},
        DesiredState(A, True, None, None, False),
    ),
    "permission of its own": (
        {"expires_at": PAST},
        {"allow_past_expiry": True},
        DesiredState(A, False, moment(PAST), None, True),
    ),
    "permission withdrawn": (
        {"expires_at": PAST, "allow_past_expiry": True},
        {"allow_past_expiry": False},
        DesiredState(A, False, moment(PAST), None, False),
    ),
}


@pytest.mark.parametrize(("top", "item", "state"), INHERITED.values(), ids=INHERITED)
def test_what_an_item_leaves_out_is_taken_from_the_top(
    top: dict[str, Any], item: dict[str, Any], state: DesiredState
) -> None:
    assert asked(**top, snapshots=[{"snapshot_id": A, **item}]) == [state]


REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({"snapshot_id": A}, [f"snapshot_id {A}: state present needs expires_at, lifetime or do_not_delete"]),
    "an item with nothing": (
        {"snapshots": [{"snapshot_id": A, "expires_at": LATE}, {"snapshot_id": B}]},
        [f"snapshots[1] ({B}): state present needs"],
    ),
    "hold and date": (
        {"snapshot_id": A, "do_not_delete": True, "expires_at": LATE},
        ["do_not_delete true and expires_at"],
    ),
    "hold and date in an item": (
        {"snapshots": [{"snapshot_id": A, "do_not_delete": True, "expires_at": LATE}]},
        ["snapshots[0]", "exclude each other"],
    ),
    "a date of its own, a hold from the top": (
        {"do_not_delete": True, "snapshots": [{"snapshot_id": A, "expires_at": LATE}]},
        ["snapshots[0]", "exclude each other"],
    ),
    "absent with a date": ({"snapshot_id": A, "state": "absent", "expires_at": LATE}, ["state absent and expires_at"]),
    "absent with a hold": (
        {"snapshot_id": A, "state": "absent", "do_not_delete": False},
        ["state absent and do_not_delete"],
    ),
    "absent from the top, a date of its own": (
        {"state": "absent", "snapshots": [{"snapshot_id": A, "expires_at": LATE, "do_not_delete": True}]},
        ["snapshots[0]", "expires_at and do_not_delete exclude"],
    ),
    "a date and a lifetime": (
        {"snapshots": [{"snapshot_id": A, "expires_at": LATE, "lifetime": "3d"}]},
        [f"snapshots[0] ({A}): expires_at and lifetime exclude each other"],
    ),
    "hold and lifetime": (
        {"snapshot_id": A, "do_not_delete": True, "lifetime": "3d"},
        ["do_not_delete true and lifetime exclude each other"],
    ),
    "absent with a lifetime": (
        {"snapshot_id": A, "state": "absent", "lifetime": "3d"},
        ["state absent and lifetime exclude"],
    ),
    "a lifetime of months or minutes": ({"snapshot_id": A, "lifetime": "3m"}, ["lifetime '3m' has a bare m"]),
    "a lifetime that is none": ({"snapshot_id": A, "lifetime": "forever"}, ["lifetime 'forever' is not a duration"]),
    "an id that is none": ({"snapshot_id": "daily"}, ["snapshot_id: 'daily' is not an id of 24 hexadecimal digits"]),
    "an item's id that is none": ({"snapshots": [{"snapshot_id": A[:-1], "expires_at": LATE}]}, ["snapshots[0]: 'aaa"]),
    "no id at all": ({"snapshots": [{"expires_at": LATE}]}, ["snapshots[0] has no snapshot_id"]),
    "a date that is none": (
        {"snapshot_id": A, "expires_at": "tomorrow"},
        ["expires_at: 'tomorrow' is not an ISO 8601"],
    ),
    "a day that does not exist": ({"snapshot_id": A, "expires_at": "2027-02-29"}, ["expires_at", "that exists"]),
    "twice and different": (
        {"expires_at": LATE, "snapshots": [{"snapshot_id": A}, {"snapshot_id": A.upper(), "expires_at": LATER}]},
        [f"snapshots[1]: {A} is listed twice and asks for different things"],
    ),
}


@pytest.mark.parametrize(("params", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_before_any_request(params: dict[str, Any], words: list[str]) -> None:
    said = refused(**params)
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"concurrency": 0}, "concurrency is 0: it is a number from 1 to 16"),
        ({"concurrency": 17}, "concurrency is 17"),
        ({"time_limit": 0}, "time_limit is 0: it is a number of seconds, 1 or more"),
        ({"while_running": [{"pid": 0, "started": 1, "machine": "m"}]}, "while_running: 0 is no process id"),
        ({"while_running": [{"pid": 2**31, "started": 1, "machine": "m"}]}, "while_running: 2147483648 is no process"),
    ],
)
def test_how_it_is_carried_out_is_refused_before_any_request(params: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        rules_of({**TOP, **HOW, **params})


def test_identical_duplicates_are_one_change_with_two_outcomes(talk: TalkTo) -> None:
    asker = talk()
    items = [asker.mark("plain_0"), asker.mark("plain_0").upper(), asker.mark("plain_1")]
    found = run(asker, expires_at=LATE, snapshots=[{"snapshot_id": one} for one in items])
    assert [row["action"] for row in outcomes(found)] == ["updated"] * 3
    assert len(asker.sim.log.done_writes) == 2
    assert len(diffs(found)) == 2


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2027-06-01", "2027-06-01T00:00:00+00:00"),
        ("2027-06-01T12:00", "2027-06-01T12:00:00+00:00"),
        ("2027-06-01 12:00:30.999", "2027-06-01T12:00:30+00:00"),
        ("2027-06-01T12:00:00+02:00", "2027-06-01T10:00:00+00:00"),
        ("2027-06-01T12:00:00-0430", "2027-06-01T16:30:00+00:00"),
    ],
)
def test_dates_as_people_write_them(text: str, wanted: str) -> None:
    (state,) = asked(snapshot_id=A, expires_at=text)
    assert state.expires_at == datetime.fromisoformat(wanted)


# --- what is decided ---


def snapshot(**fields: Any) -> Snapshot:
    body = {"id": A, "complete": True, "created": {"date": "2026-11-01T00:00:00Z", "increment": 1}}
    return replace(from_api({**body, "doNotDelete": False, "expires": LATE}), **fields)


def desired(**fields: Any) -> DesiredState:
    return replace(DesiredState(A, False, None, None, False), **fields)


HELD = snapshot(do_not_delete=True, expires_at=None)
ENDLESS = snapshot(expires_at=None)
EXPIRED = snapshot(expires_at=moment(PAST))
PLAIN = snapshot()
UNFINISHED = snapshot(complete=False)
EXACT = snapshot(expires_at=NOW)

DECISIONS: dict[str, tuple[DesiredState, Snapshot | None, str, Any]] = {
    "dated": (desired(expires_at=moment(LATER)), PLAIN, "updated", (moment(LATER), False)),
    "dated earlier": (
        desired(expires_at=moment(LATE)),
        snapshot(expires_at=moment(LATER)),
        "updated",
        (moment(LATE), False),
    ),
    "dated for the first time": (desired(expires_at=moment(LATE)), ENDLESS, "updated", (moment(LATE), False)),
    "already dated so": (desired(expires_at=moment(LATE)), PLAIN, "unchanged", None),
    "already dated so, in the past": (desired(expires_at=moment(PAST)), EXPIRED, "unchanged", None),
    "already dated so, in the past, and released": (
        desired(expires_at=moment(PAST), do_not_delete=False),
        EXPIRED,
        "unchanged",
        None,
    ),
    "held": (desired(do_not_delete=True), PLAIN, "updated", (None, True)),
    "held already": (desired(do_not_delete=True), HELD, "unchanged", None),
    "not held already": (desired(do_not_delete=False), PLAIN, "unchanged", None),
    "not held already, expired": (desired(do_not_delete=False), EXPIRED, "unchanged", None),
    "not held where it is not said": (desired(do_not_delete=False), snapshot(do_not_delete=None), "unchanged", None),
    "released and dated": (
        desired(do_not_delete=False, expires_at=moment(LATE)),
        HELD,
        "updated",
        (moment(LATE), False),
    ),
    "released without a date": (desired(do_not_delete=False), HELD, "HELD", None),
    "dated while held": (desired(expires_at=moment(LATE)), HELD, "HELD", None),
    "an expired one dated": (desired(expires_at=moment(LATE)), EXPIRED, "EXPIRED", None),
    "an expired one held": (desired(do_not_delete=True), EXPIRED, "EXPIRED", None),
    "one that expires now": (desired(expires_at=moment(LATE)), EXACT, "EXPIRED", None),
    "dated to the past": (desired(expires_at=moment(PAST)), PLAIN, "PAST_EXPIRY", None),
    "dated to now": (desired(expires_at=NOW), PLAIN, "PAST_EXPIRY", None),
    "dated to a second after": (
        desired(expires_at=NOW + timedelta(seconds=1)),
        PLAIN,
        "updated",
        (NOW + timedelta(seconds=1), False),
    ),
    "dated to the past as meant": (
        desired(expires_at=moment(PAST), allow_past_expiry=True),
        PLAIN,
        "updated",
        (moment(PAST), False),
    ),
    "the past on a held one": (desired(expires_at=moment(PAST)), HELD, "PAST_EXPIRY", None),
    "the past on one that is not there": (desired(expires_at=moment(PAST)), None, "PAST_EXPIRY", None),
    "present and not there": (desired(expires_at=moment(LATE)), None, "NOT_FOUND", None),
    "an incomplete one dated": (desired(expires_at=moment(LATER)), UNFINISHED, "updated", (moment(LATER), False)),
    "absent": (desired(is_absent=True), PLAIN, "deleted", "gone"),
    "absent, expired": (desired(is_absent=True), EXPIRED, "deleted", "gone"),
    "absent and not there": (desired(is_absent=True), None, "absent", None),
    "absent and held": (desired(is_absent=True), HELD, "HELD", None),
    "absent and incomplete": (desired(is_absent=True), UNFINISHED, "INCOMPLETE", None),
    "absent and nobody says whether complete": (desired(is_absent=True), snapshot(complete=None), "INCOMPLETE", None),
    "absent, held and incomplete": (desired(is_absent=True), replace(HELD, complete=False), "HELD", None),
}


@pytest.mark.parametrize(("asked_for", "before", "wanted", "then"), DECISIONS.values(), ids=DECISIONS)
def test_what_is_decided(asked_for: DesiredState, before: Snapshot | None, wanted: str, then: Any) -> None:
    step = decide(asked_for, before, NOW)
    if wanted.isupper():
        assert step.action == "failed"
        assert step.error is not None
        assert (step.error.code, step.error.status) == (wanted, None)
        assert A in step.error.detail
        assert step.after == before
        return
    assert (step.action, step.error) == (wanted, None)
    if wanted == "updated":
        assert step.after is not None
        assert (step.after.expires_at, step.after.do_not_delete) == then
        assert replace(step.after, expires_at=None, do_not_delete=None) == replace(
            step.before or PLAIN, expires_at=None, do_not_delete=None
        )
    else:
        assert step.after == (None if then == "gone" else before)


BLOCKING: dict[str, tuple[DesiredState, Snapshot | None, bool]] = {
    "would have lived longer": (desired(expires_at=moment(LATER)), PLAIN, True),
    "would have lived shorter": (desired(expires_at=moment(LATE)), snapshot(expires_at=moment(LATER)), False),
    "would have been held": (desired(do_not_delete=True), PLAIN, True),
    "would have been dated for the first time": (desired(expires_at=moment(LATE)), ENDLESS, False),
    "would have been released": (desired(do_not_delete=False, expires_at=moment(LATE)), HELD, False),
    "would only have been released": (desired(do_not_delete=False), HELD, False),
    "could not be read": (desired(expires_at=moment(LATE)), None, True),
    "was to be absent": (desired(is_absent=True), PLAIN, False),
}


@pytest.mark.parametrize(("asked_for", "before", "blocks"), BLOCKING.values(), ids=BLOCKING)
def test_which_failures_block_deletes(asked_for: DesiredState, before: Snapshot | None, blocks: bool) -> None:
    assert Step(asked_for, "failed", before, before).blocks_deletes is blocks
    assert not Step(asked_for, "updated", before, before).blocks_deletes


moments = st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(timezone.utc)).map(
    lambda at: at.replace(microsecond=0)
)
snapshots = st.builds(
    snapshot,
    expires_at=moments,
    do_not_delete=st.sampled_from([True, False, None]),
    complete=st.sampled_from([True, False, None]),
)


@given(st.none() | snapshots, st.booleans(), moments, st.sampled_from([True, False, None]), st.booleans())
def test_no_decision_takes_away_what_is_protected(
    before: Snapshot | None, absent: bool, expires: datetime | None, hold: bool | None, allow: bool
) -> None:
    # Options that hold a snapshot and date it are refused before.
    state = DesiredState(A, absent, None if hold else expires, hold, allow)
    step = decide(state, before, NOW)
    if step.action == "deleted":
        assert absent
        assert before is not None
        assert before.complete
        assert not before.do_not_delete
    if step.action == "updated":
        assert before is not None
        assert step.after != before
        assert (
            allow or step.after is None or step.after.expires_at is None or step.after.expires_at > NOW or hold is None
        )
        assert before.expires_at is None or before.expires_at > NOW
    if step.after is not None and step.action != "failed":
        again = decide(state, step.after, NOW)
        assert step.action != "updated" or again.action == "unchanged"


# --- reading, deciding, writing ---


def run(
    asker: Talk, check: bool = False, unless_restoring: bool = False, unless_newest: bool = False, **params: Any
) -> Outcome:
    full = {**TOP, **params}
    how = {**HOW, "unless_restoring": unless_restoring, "unless_newest": unless_newest, **full}
    return apply(desired_states(full), asker.service, NOW, rules_of(how), check)


def items(asker: Talk, *marks: Any) -> list[dict[str, Any]]:
    """Items by mark: a name is one to delete, a pair is one to change."""
    made: list[dict[str, Any]] = []
    for mark in marks:
        name, more = (mark, {"state": "absent"}) if isinstance(mark, str) else mark
        made.append({"snapshot_id": asker.sim.world.marks.get(name, name), **more})
    return made


def actions(outcome: Outcome) -> list[str]:
    return [step.action for step in outcome.steps]


def codes(outcome: Outcome) -> list[str | None]:
    return [step.error.code if step.error else None for step in outcome.steps]


def writes(asker: Talk) -> list[str]:
    """The writes that took effect: verb and mark, in order."""
    names = {value: key for key, value in asker.sim.world.marks.items()}
    return [f"{entry.method} {names[entry.path.rpartition('/')[2]]}" for entry in asker.sim.log.done_writes]


DATE = {"expires_at": LATER}
HOLD = {"do_not_delete": True}
SOON = {"expires_at": "2026-11-24"}


@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize("concurrency", [1, 4])
def test_all_kinds_of_changes_in_one_call(talk: TalkTo, name: str, concurrency: int) -> None:
    asker = talk(name, connections=concurrency)
    asked_for = items(
        asker,
        "plain_9",
        ("plain_0", DATE),
        ("plain_1", HOLD),
        ("held", {"do_not_delete": False, "expires_at": LATER}),
        ("plain_2", SOON),
        "plain_8",
        "f" * 24,
        ("never_expiring", DATE),
        "expired",
    )
    found = run(asker, snapshots=asked_for, concurrency=concurrency)
    assert actions(found) == [
        "deleted",
        "updated",
        "updated",
        "updated",
        "updated",
        "deleted",
        "absent",
        "updated",
        "deleted",
    ]
    assert found.changed
    assert found.failures == []
    for row in outcomes(found):
        now = asker.shown(row["id"])
        assert (now is None) == (row["after"] is None)
        if now is not None:
            assert (row["after"]["expires_at"], row["after"]["do_not_delete"]) == (
                now.get("expires"),
                now["doNotDelete"],
            )
    assert {
        json.dumps(sorted(json.loads(entry.body or "{}"))) for entry in asker.sim.log.done_writes if entry.body
    } == {
        '["expires"]',
        '["doNotDelete"]',
        '["doNotDelete", "expires"]',
    }
    again = run(asker, snapshots=asked_for, concurrency=concurrency)
    assert (again.changed, set(actions(again))) == (False, {"unchanged", "absent"})


@pytest.mark.parametrize("concurrency", [1, 4])
def test_changes_come_first_and_deletes_begin_with_the_oldest(talk: TalkTo, concurrency: int) -> None:
    asker = talk(connections=concurrency)
    run(
        asker,
        snapshots=items(asker, "plain_3", ("plain_0", DATE), "plain_9", "plain_1", ("plain_2", HOLD), "plain_7"),
        concurrency=concurrency,
    )
    arrived = [entry.method for entry in asker.sim.log.writes]
    assert arrived == ["PATCH"] * 2 + ["DELETE"] * 4
    if concurrency == 1:
        assert writes(asker)[2:] == ["DELETE plain_9", "DELETE plain_7", "DELETE plain_3", "DELETE plain_1"]


def test_the_oldest_first_also_within_a_second(talk: TalkTo) -> None:
    asker = talk()
    run(asker, snapshots=items(asker, "same_second_c", "same_second_b", "same_second_a"), concurrency=1)
    assert writes(asker)[2] == "DELETE same_second_c"  # the highest increment


def test_a_past_expiry_stops_every_write(talk: TalkTo) -> None:
    asker = talk()
    found = run(
        asker,
        snapshots=items(
            asker,
            ("plain_0", DATE),
            ("plain_1", {"expires_at": PAST}),
            "plain_9",
            ("plain_2", {"expires_at": PAST}),
            "held",
        ),
    )
    assert actions(found) == ["not_tried", "failed", "not_tried", "failed", "failed"]
    assert codes(found) == [None, "PAST_EXPIRY", None, "PAST_EXPIRY", "HELD"]
    assert asker.sim.log.writes == []
    assert all(row["after"] == row["before"] for row in outcomes(found))
    assert not found.changed


def test_a_past_expiry_that_is_meant_is_written(talk: TalkTo) -> None:
    asker = talk(switches={"removal": "when_told"})
    found = run(asker, snapshots=items(asker, ("plain_0", {"expires_at": PAST, "allow_past_expiry": True})))
    assert actions(found) == ["updated"]


@pytest.mark.parametrize("code", ["INVALID_ATTRIBUTE", "CANNOT_MODIFY_SNAPSHOT", "UNEXPECTED_ERROR"])
@pytest.mark.parametrize(
    ("change", "blocks"), [(DATE, True), (HOLD, True), (SOON, False)], ids=["longer", "held", "shorter"]
)
def test_a_change_that_failed_blocks_deletes_when_it_would_have_kept(
    talk: TalkTo, code: str, change: dict[str, Any], blocks: bool
) -> None:
    asker = talk()
    asker.sim.faults.add("error", method="PATCH", code=code)
    found = run(asker, snapshots=items(asker, ("plain_0", change), ("plain_1", DATE), "plain_9"), concurrency=1)
    assert actions(found) == ["failed", "updated", "not_tried" if blocks else "deleted"]
    # Of a 500 nobody knows whether it was done all the same.
    assert (outcomes(found)[0]["after"] is None) == (code == "UNEXPECTED_ERROR")


@pytest.mark.parametrize(
    ("item", "code", "blocks"),
    [
        (("f" * 24, DATE), "NOT_FOUND", True),
        (("expired", DATE), "EXPIRED", True),
        (("expired", HOLD), "EXPIRED", True),
        (("held", {"expires_at": LATER}), "HELD", False),
        (("held", {"do_not_delete": False}), "HELD", False),
        ("held", "HELD", False),
        ("incomplete", "INCOMPLETE", False),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_refusal_blocks_deletes_when_it_would_have_kept(
    talk: TalkTo, item: Any, code: str, blocks: bool, check: bool
) -> None:
    asker = talk(read_only=check)
    found = run(asker, check, snapshots=items(asker, item, ("plain_1", DATE), "plain_9"))
    assert actions(found) == ["failed", "updated", "not_tried" if blocks else "deleted"]
    assert codes(found) == [code, None, None]
    assert outcomes(found)[0]["error"]["status"] is None
    assert len(asker.sim.log.writes) == (0 if check else 1 if blocks else 2)


@pytest.mark.parametrize("blocked", [("plain_0", DATE), ("plain_0", SOON)])
def test_a_change_that_could_not_be_read_blocks_deletes(talk: TalkTo, blocked: Any) -> None:
    asker = talk()
    wanted = asker.mark("plain_0")
    asker.sim.faults.add("login_page", path="/snapshots$", times=None)
    asker.sim.faults.add("wrong_shape", path=f"/{wanted}$", times=None)
    found = run(asker, snapshots=items(asker, blocked, "plain_9"))
    assert actions(found) == ["failed", "not_tried"]
    assert asker.sim.log.writes == []


# --- what stops the rest ---


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "access_list"},
        {"kind": "unauthorized"},
        {"kind": "error", "code": "ACCOUNT_SUSPENDED"},
        {"kind": "error", "code": "CLUSTER_NOT_FOUND"},
        {"kind": "error", "code": "NOT_IN_GROUP"},
        {"kind": "unavailable"},
    ],
    ids=str,
)
def test_an_answer_that_would_meet_all_stops_the_changes_and_the_deletes(talk: TalkTo, fault: dict[str, Any]) -> None:
    asker = talk(retry_timeout=0)
    asker.sim.faults.add(method="PATCH", nth=2, times=None, **fault)
    found = run(
        asker,
        snapshots=items(asker, ("plain_0", DATE), ("plain_1", DATE), ("plain_2", DATE), "plain_9"),
        concurrency=1,
    )
    assert actions(found) == ["updated", "failed", "not_tried", "not_tried"]
    assert found.changed
    assert writes(asker) == ["PATCH plain_0"]


@pytest.mark.parametrize("code", ["CANNOT_MODIFY_SNAPSHOT", "INVALID_ATTRIBUTE", "ALREADY_EXPIRED"])
def test_an_answer_about_one_snapshot_does_not_stop_the_rest(talk: TalkTo, code: str) -> None:
    asker = talk()
    asker.sim.faults.add("error", method="PATCH", code=code)
    found = run(asker, snapshots=items(asker, ("plain_0", SOON), ("plain_1", DATE), "plain_9"), concurrency=1)
    assert actions(found) == ["failed", "updated", "deleted"]


@pytest.mark.parametrize("code", ["USER_UNAUTHORIZED", "ACCESS_FORBIDDEN", "IP_ADDRESS_NOT_ON_ACCESS_LIST"])
@pytest.mark.parametrize("before", ["nothing", "a change", "a delete", "one that was gone"])
def test_a_refused_delete_stops_the_rest_unless_a_write_succeeded(talk: TalkTo, code: str, before: str) -> None:
    asker = talk()
    first = {"nothing": [], "a change": [("plain_0", DATE)]}.get(before, ["plain_9"])
    asker.sim.faults.add("error", method="DELETE", nth=1 if before in ("nothing", "a change") else 2, code=code)
    if before == "one that was gone":
        gone = asker.mark("plain_9")
        asker.sim.faults.before(lambda call: asker.sim.world.remove(asker.sim.world.main, gone), method="DELETE")
    found = run(asker, snapshots=items(asker, *first, "plain_8", "plain_7", "plain_6"), concurrency=1)
    went_on = before in ("a change", "a delete")
    assert actions(found)[-3:] == ["failed", *(["deleted"] * 2 if went_on else ["not_tried"] * 2)]


@pytest.mark.parametrize("code", ["CANNOT_MODIFY_SNAPSHOT", "CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT"])
def test_a_code_about_one_snapshot_never_stops_deletes(talk: TalkTo, code: str) -> None:
    asker = talk()
    asker.sim.faults.add("error", method="DELETE", code=code)
    found = run(asker, snapshots=items(asker, "plain_9", "plain_8"), concurrency=1)
    assert actions(found) == ["failed", "deleted"]


@pytest.mark.parametrize("code", ["USER_UNAUTHORIZED", "ACCESS_FORBIDDEN"])
def test_a_delete_inside_the_point_in_time_window_fails_alone(talk: TalkTo, code: str) -> None:
    asker = talk("ops_manager", "replica_set", {"specials": False}, switches={"pit_delete_error": code})
    ids = [one.id for one in asker.sim.world.snapshots(asker.sim.world.main)]
    found = run(
        asker, state="absent", snapshots=[{"snapshot_id": one} for one in (ids[0], ids[-1], ids[-2])], concurrency=1
    )
    assert actions(found) == ["failed", "deleted", "deleted"]
    assert "Global Backup Admin" in str(outcomes(found)[0]["error"]["detail"])


def test_a_delete_with_an_unknown_fate_has_no_after(talk: TalkTo) -> None:
    asker = talk(retry_timeout=1)
    asker.sim.faults.add("reset_after", method="DELETE", times=None)
    # Whether it is gone cannot be read either.
    asker.sim.faults.before(
        lambda _call: asker.sim.faults.add("unavailable", method="GET", times=None), method="DELETE", authorised=True
    )
    found = run(asker, snapshots=items(asker, "plain_9", "plain_8"), concurrency=1)
    assert actions(found) == ["failed", "not_tried"]
    assert outcomes(found)[0]["after"] is None
    assert outcomes(found)[0]["before"] is not None
    assert outcomes(found)[1]["after"] == outcomes(found)[1]["before"]


def test_while_reading_an_answer_that_meets_all_leaves_everything(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("login_page", path="/snapshots$", times=None)
    asker.sim.faults.add("access_list", path="/snapshots/", nth=2, times=None)
    found = run(asker, snapshots=items(asker, ("plain_0", DATE), "plain_9", "plain_8"), concurrency=1)
    assert actions(found) == ["not_tried", "failed", "not_tried"]
    assert [row["before"] is None for row in outcomes(found)] == [False, True, True]
    assert asker.sim.log.writes == []


def test_what_was_never_read_leaves_everything_though_the_reason_went_away(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("login_page", path="/snapshots$")
    # One read says that there is no such cluster; the listing that settles it works.
    asker.sim.faults.add("not_found", path="/snapshots/", nth=2, code="CLUSTER_NOT_FOUND")
    found = run(asker, snapshots=items(asker, "plain_9", "f" * 24, ("plain_0", DATE)), concurrency=1)
    assert actions(found) == ["not_tried", "absent", "not_tried"]
    assert asker.sim.log.writes == []


@pytest.mark.parametrize("many", [True, False])
def test_a_key_without_access_gets_an_outcome_for_each_item(talk: TalkTo, many: bool) -> None:
    asker = talk(key="stranger")
    one = items(asker, ("plain_0", DATE), "plain_9")
    found = run(asker, snapshots=one) if many else run(asker, snapshot_id=asker.mark("plain_0"), expires_at=LATER)
    assert actions(found) == ["failed", *(["not_tried"] if many else [])]
    assert found.error()["code"] == "NOT_IN_GROUP"
    assert asker.sim.log.requests == 2


@pytest.mark.parametrize("concurrency", [1, 4])
def test_the_real_run_with_an_auditor_s_key_fails_before_any_change(talk: TalkTo, concurrency: int) -> None:
    asker = talk("v1.0", key="auditor", connections=concurrency)
    marks = [f"plain_{number}" for number in range(10)]
    state = asker.sim.world.state()
    checked = run(asker, True, snapshots=items(asker, *marks), concurrency=concurrency)
    assert actions(checked) == ["deleted"] * 10
    found = run(asker, snapshots=items(asker, *marks), concurrency=concurrency)
    assert actions(found).count("failed") <= concurrency
    assert set(actions(found)) <= {"failed", "not_tried"}
    assert not found.changed
    assert asker.sim.world.state() == state


# --- answers that were lost ---


@pytest.mark.parametrize("kind", ["reset_after", "truncated"])
@pytest.mark.parametrize("name", ["v2", "ops_manager"])
def test_lost_answers_count_as_done(talk: TalkTo, kind: str, name: str) -> None:
    asker = talk(name)
    asker.sim.faults.add(kind, method="DELETE")
    asker.sim.faults.add(kind, method="PATCH")
    found = run(asker, snapshots=items(asker, ("plain_0", DATE), "plain_9"))
    assert actions(found) == ["updated", "deleted"]
    assert asker.client.retries.count == 2


def test_somebody_else_s_delete_is_not_ours(talk: TalkTo) -> None:
    asker = talk()
    wanted = asker.mark("plain_9")
    asker.sim.faults.before(lambda call: asker.sim.world.remove(asker.sim.world.main, wanted), method="DELETE")
    found = run(asker, snapshots=items(asker, "plain_9"))
    assert (actions(found), found.changed) == (["absent"], False)


def test_somebody_else_s_hold_is_the_service_s_refusal(talk: TalkTo) -> None:
    asker = talk()
    wanted = asker.mark("plain_9")
    asker.sim.faults.before(lambda call: asker.sim.world.hold(asker.sim.world.main, wanted), method="DELETE")
    found = run(asker, snapshots=items(asker, "plain_9", "plain_8"), concurrency=1)
    assert actions(found) == ["failed", "deleted"]
    assert codes(found)[0] == "CANNOT_MODIFY_SNAPSHOT"


# --- unless_restoring ---


@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize("check", [True, False])
def test_what_a_restore_uses_is_not_taken_away(talk: TalkTo, name: str, check: bool) -> None:
    asker = talk(name, read_only=check)
    asked_for = items(asker, "restoring", ("downloadable", SOON), "restored", "plain_9", ("plain_0", SOON), "plain_8")
    found = run(asker, check, True, snapshots=asked_for)
    assert actions(found) == ["failed", "failed", "deleted", "deleted", "updated", "deleted"]
    assert codes(found)[:2] == ["RESTORING", "RESTORING"]
    assert "is used by restore job" in str(outcomes(found)[0]["error"]["detail"])
    assert len([entry for entry in asker.sim.log if entry.path.endswith("restoreJobs")]) == 1


def test_without_the_option_nobody_asks(talk: TalkTo) -> None:
    asker = talk()
    assert actions(run(asker, snapshots=items(asker, "restoring"))) == ["deleted"]
    assert not [entry for entry in asker.sim.log if entry.path.endswith("restoreJobs")]


@pytest.mark.parametrize("change", [DATE, HOLD])
def test_what_is_only_kept_longer_costs_no_listing_of_jobs(talk: TalkTo, change: dict[str, Any]) -> None:
    asker = talk()
    assert actions(run(asker, False, True, snapshots=items(asker, ("restoring", change)))) == ["updated"]
    assert not [entry for entry in asker.sim.log if entry.path.endswith("restoreJobs")]


def test_dating_what_never_expired_takes_away_too(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.world.add_restore(asker.sim.world.main, asker.mark("never_expiring"))
    asker.sim.world.add_restore(asker.sim.world.main, asker.mark("held"))
    release = {"do_not_delete": False, "expires_at": LATER}
    found = run(asker, False, True, snapshots=items(asker, ("never_expiring", DATE), ("held", release)))
    assert codes(found) == ["RESTORING", "RESTORING"]


def test_a_point_in_time_needs_the_newest_complete_one_before_it(talk: TalkTo) -> None:
    asker = talk()
    world = asker.sim.world
    base = world.main.snapshots[asker.mark("plain_2")]
    world.add_restore(world.main, None, at=base.created + 3600)
    found = run(asker, False, True, snapshots=items(asker, "plain_1", "plain_2", "plain_3"))
    assert codes(found) == [None, "RESTORING", None]
    assert actions(found) == ["deleted", "failed", "deleted"]


@pytest.mark.parametrize("asked_for", [("restoring",), ("restoring", "plain_9"), ("plain_9", "restoring", "plain_8")])
def test_a_sharded_restore_is_matched_by_its_time(talk: TalkTo, asked_for: tuple[str, ...]) -> None:
    asker = talk("ops_manager", "ladder", {"shards": 3})
    found = run(asker, False, True, snapshots=items(asker, *asked_for))
    assert actions(found) == ["failed" if mark == "restoring" else "deleted" for mark in asked_for]


@pytest.mark.parametrize("asked_for", [("same_second_a",), ("same_second_a", "same_second_b")])
def test_a_restore_of_a_replica_set_is_matched_by_its_id_alone(talk: TalkTo, asked_for: tuple[str, ...]) -> None:
    asker = talk("ops_manager")
    asker.sim.world.add_restore(asker.sim.world.main, asker.mark("same_second_b"))
    found = run(asker, False, True, snapshots=items(asker, *asked_for))
    assert actions(found) == ["deleted", "failed"][: len(asked_for)]


@pytest.mark.parametrize("delta", [-3600, 0, 3600])
def test_a_job_whose_snapshot_is_not_listed_uses_what_is_near_its_time(talk: TalkTo, delta: int) -> None:
    """R11a: it names a shard's part, say. The nearest before and after it stay, or that of its very second."""
    asker = talk("ops_manager")
    created = asker.sim.world.main.snapshots[asker.mark("plain_2")].created + delta
    moment = datetime.fromtimestamp(created, timezone.utc).isoformat()
    row = {"id": "1" * 24, "snapshotId": "f" * 24, "statusName": "IN_PROGRESS", "timestamp": {"date": moment}}
    asker.sim.faults.add(path="/restoreJobs$", kind="answer", body=json.dumps({"results": [row]}))
    found = run(asker, False, True, snapshots=items(asker, "plain_0", "plain_1", "plain_2", "plain_3", "plain_4"))
    used = {-3600: ["plain_2", "plain_3"], 0: ["plain_2"], 3600: ["plain_1", "plain_2"]}[delta]
    refused = [f"plain_{n}" for n, code in enumerate(codes(found)) if code == "RESTORING"]
    assert refused == used
    assert actions(found).count("deleted") == 5 - len(used)
    detail = next(one["error"]["detail"] for one in outcomes(found) if one["error"])
    assert "may be used by restore job" in detail
    assert "To do it all the same, set unless_restoring to false." in detail


def test_a_job_with_an_unlisted_snapshot_and_no_time_may_use_any(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    row = {"id": "1" * 24, "snapshotId": "f" * 24, "statusName": "IN_PROGRESS"}
    asker.sim.faults.add(path="/restoreJobs$", kind="answer", body=json.dumps({"results": [row]}))
    found = run(asker, False, True, snapshots=items(asker, "plain_8", "plain_9"))
    assert codes(found) == ["RESTORING", "RESTORING"]
    detail = str(outcomes(found)[0]["error"]["detail"])
    assert "names snapshot ffffffffffffffffffffffff, which is not listed, but no point in time" in detail
    assert "set unless_restoring to false" in detail


def test_a_job_whose_snapshot_was_read_costs_no_second_listing(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.log.clear()
    run(asker, False, True, snapshots=items(asker, "plain_8", "plain_9"))
    listings = [entry for entry in asker.sim.log if entry.path.endswith("/snapshots") and entry.status == 200]
    assert len(listings) == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "access_list"}, "IP_ADDRESS_NOT_ON_ACCESS_LIST"),
        ({"kind": "unavailable"}, "SERVICE_UNAVAILABLE"),
        ({"kind": "login_page"}, None),
        ({"kind": "answer", "body": '{"results": [{"id": "1", "delivery": 5}]}'}, None),
        ({"kind": "answer", "body": '{"results": [{"id": "1", "statusName": "IN_PROGRESS"}]}'}, "RESTORING"),
    ],
    ids=str,
)
def test_jobs_that_cannot_be_read_leave_everything_in_place(
    talk: TalkTo, fault: dict[str, Any], code: str | None
) -> None:
    asker = talk(retry_timeout=0)
    asker.sim.faults.add(path="/restoreJobs$", **fault)
    found = run(
        asker,
        False,
        True,
        snapshots=items(asker, "plain_9", ("plain_0", SOON), ("plain_1", DATE), ("held", {"do_not_delete": True})),
    )
    assert actions(found) == ["failed", "failed", "updated", "unchanged"]
    assert codes(found)[0] == code
    assert "Which snapshots a restore uses cannot be told, so nothing is deleted or shortened" in str(
        outcomes(found)[0]["error"]["detail"]
    )


# --- unless_expires_after ---


def expiry(asker: Talk, mark: str) -> str:
    """When a snapshot of the seed expires."""
    return str((asker.shown(asker.mark(mark)) or {})["expires"])


def guarded(asker: Talk, *marks: str, **change: Any) -> list[dict[str, Any]]:
    """Items as the role makes them: each with the expiry that it has now."""
    change = change or {"state": "absent"}
    return [{"snapshot_id": asker.mark(mark), "unless_expires_after": expiry(asker, mark), **change} for mark in marks]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_what_was_given_a_longer_life_is_left_alone(talk: TalkTo, check: bool, concurrency: int) -> None:
    asker = talk(read_only=check)
    asked_for = guarded(asker, "plain_0", "plain_1", "plain_2", "plain_3")
    world = asker.sim.world
    world.change(world.main, asker.mark("plain_0"), expires=world.clock.epoch + 900 * 86400)
    world.change(world.main, asker.mark("plain_1"), expires=None)
    world.change(world.main, asker.mark("plain_2"), expires=world.clock.epoch + 86400)
    found = run(asker, check, snapshots=asked_for, concurrency=concurrency)
    assert actions(found) == ["failed", "failed", "deleted", "deleted"]
    assert codes(found) == ["EXTENDED", "EXTENDED", None, None]
    details = [str(one["error"]["detail"]) for one in outcomes(found)[:2]]
    assert "expires at" in details[0]
    assert "never expires" in details[1]
    assert all(asker.mark(f"plain_{number}") in details[number] for number in (0, 1))


def test_a_hold_is_told_as_a_hold(talk: TalkTo) -> None:
    asker = talk()
    asked_for = guarded(asker, "plain_0")
    asker.sim.world.hold(asker.sim.world.main, asker.mark("plain_0"))
    assert codes(run(asker, snapshots=asked_for)) == ["HELD"]


def test_only_what_takes_away_is_guarded(talk: TalkTo) -> None:
    asker = talk()
    early = {"unless_expires_after": PAST}
    found = run(
        asker,
        snapshots=items(
            asker,
            ("plain_0", {"expires_at": LATER, **early}),
            ("plain_1", {"do_not_delete": True, **early}),
            ("plain_2", {"expires_at": expiry(asker, "plain_2"), **early}),
            ("plain_3", {"expires_at": SOON["expires_at"], **early}),
        ),
    )
    assert actions(found) == ["updated", "updated", "unchanged", "failed"]
    assert codes(found)[3] == "EXTENDED"


def test_one_limit_for_all_and_one_of_its_own(talk: TalkTo) -> None:
    asker = talk()
    own = ("plain_1", {"state": "absent", "unless_expires_after": "2099-01-01"})
    found = run(asker, unless_expires_after=PAST, snapshots=items(asker, "plain_0", own))
    assert actions(found) == ["failed", "deleted"]


def test_a_limit_that_is_no_date_is_named() -> None:
    words = refused(snapshots=[{"snapshot_id": A, "state": "absent", "unless_expires_after": "soon"}])
    assert words.startswith(f"snapshots[0] ({A}): unless_expires_after: ")


# --- unless_newest ---


def newer_than_plain(asker: Talk, *but: str) -> None:
    """Remove what is newer than the plain snapshots, and those named."""
    world = asker.sim.world
    first = world.main.snapshots[asker.mark("plain_0")].created
    for one in list(world.snapshots(world.main)):
        if one.created > first or one.id in {asker.mark(mark) for mark in but}:
            world.remove(world.main, one.id)


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("name", PLATFORMS)
def test_the_newest_complete_one_stays(talk: TalkTo, name: str, check: bool) -> None:
    asker = talk(name, read_only=check)
    newer_than_plain(asker)
    found = run(asker, check, unless_newest=True, snapshots=items(asker, "plain_1", "plain_0", "plain_2"))
    assert actions(found) == ["deleted", "failed", "deleted"]
    assert codes(found)[1] == "NEWEST"
    assert asker.mark("plain_0") in str(outcomes(found)[1]["error"]["detail"])


@pytest.mark.parametrize(
    "change",
    [
        {"complete": False},
        {"expires": NOW - timedelta(hours=1)},
        {"created": NOW + timedelta(days=2)},
    ],
    ids=str,
)
def test_what_cannot_be_restored_for_long_is_not_the_newest(talk: TalkTo, change: dict[str, Any]) -> None:
    """An incomplete one, an expired one, or one from the future beside it does not make it dispensable."""
    asker = talk()
    newer_than_plain(asker)
    change = {key: int(value.timestamp()) if isinstance(value, datetime) else value for key, value in change.items()}
    created = change.pop("created", asker.sim.world.clock.epoch - 3600)
    asker.sim.world.add_snapshot(asker.sim.world.main, created, change.pop("expires", created + 10**8), **change)
    assert codes(run(asker, unless_newest=True, snapshots=items(asker, "plain_0"))) == ["NEWEST"]


def test_of_expired_ones_alone_the_newest_stays(talk: TalkTo) -> None:
    """Past its expiry the service keeps the last one that can be restored; so do we (contract 10)."""
    asker = talk()
    world = asker.sim.world
    for one in list(world.snapshots(world.main)):
        world.change(world.main, one.id, expires=world.clock.epoch - 60, do_not_delete=False)
    newer_than_plain(asker)
    found = run(asker, unless_newest=True, snapshots=items(asker, "plain_0", "plain_1"))
    assert codes(found) == ["NEWEST", None]


def test_neither_is_its_end_brought_forward(talk: TalkTo) -> None:
    asker = talk()
    newer_than_plain(asker)
    assert codes(run(asker, unless_newest=True, snapshots=items(asker, ("plain_0", SOON)))) == ["NEWEST"]
    assert actions(run(asker, unless_newest=True, snapshots=items(asker, ("plain_0", DATE)))) == ["updated"]


@pytest.mark.parametrize("wanted", [1, 2, 100])
def test_a_newer_one_in_sight_costs_no_listing_of_all(talk: TalkTo, wanted: int) -> None:
    asker = talk("ops_manager", "many", {"count": 1400})
    oldest_first = sorted(asker.sim.world.snapshots(asker.sim.world.main), key=lambda one: one.created)
    absent = [{"snapshot_id": one.id, "state": "absent"} for one in oldest_first[:wanted]]
    found = run(asker, unless_newest=True, snapshots=absent)
    assert set(actions(found)) == {"deleted"}
    gets = [entry for entry in asker.sim.log if entry.method == "GET" and entry.status == 200]
    # One page, and what is cheaper: single reads, or the two other pages.
    assert len(gets) == 1 + min(wanted, 2)


def test_a_listing_that_cannot_be_read_leaves_everything(talk: TalkTo) -> None:
    asker = talk(retry_timeout=0)
    newer_than_plain(asker)
    asker.sim.faults.add("unavailable", path="/snapshots$", nth=2, times=None)
    found = run(asker, unless_newest=True, snapshots=items(asker, "plain_0", ("plain_1", DATE)))
    assert actions(found) == ["failed", "updated"]
    assert "Which snapshot is the newest complete one cannot be told" in str(outcomes(found)[0]["error"]["detail"])


# --- how much it costs ---


@pytest.mark.parametrize("name", ["v2", "ops_manager"])
@pytest.mark.parametrize("concurrency", [1, 4, 16])
@pytest.mark.parametrize("spread", [1, 7])
def test_200_changes_cost_215_requests_at_most(talk: TalkTo, name: str, concurrency: int, spread: int) -> None:
    asker = talk(name, "many", {"count": 200 * spread}, server={"check": False}, connections=concurrency)
    ids = [one.id for one in asker.sim.world.snapshots(asker.sim.world.main)][::spread]
    changes = [{"snapshot_id": one, **({"state": "absent"} if n % 2 else DATE)} for n, one in enumerate(ids)]
    found = run(asker, False, True, snapshots=changes, concurrency=concurrency)
    assert (actions(found).count("updated"), actions(found).count("deleted")) == (100, 100)
    assert asker.sim.log.requests <= 215
    assert asker.sim.log.connections <= concurrency + 2
    assert asker.sim.log.challenges == 1


def test_nothing_asked_for_is_nothing_done(talk: TalkTo) -> None:
    asker = talk()
    found = run(asker, snapshots=[])
    assert (outcomes(found), found.changed, found.failures) == ([], False, [])
    assert asker.sim.log.requests == 0


# --- check mode ---

LADDER: list[Any] = [
    "plain_9",
    ("plain_0", DATE),
    ("plain_1", HOLD),
    ("plain_2", SOON),
    ("held", {"do_not_delete": False, "expires_at": LATER}),
    ("never_expiring", {"do_not_delete": False}),
    "expired",
    "f" * 24,
    "restored",
]
TROUBLE: list[Any] = [
    *LADDER,
    "incomplete",
    "restoring",
    ("downloadable", SOON),
    ("same_second_a", {"do_not_delete": False}),
]


@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize(
    "marks", [LADDER, TROUBLE, [*TROUBLE, ("expired_twin", DATE)], [*LADDER, ("plain_3", {"expires_at": PAST})]]
)
def test_check_mode_tells_what_the_real_run_does(talk: TalkTo, name: str, marks: list[Any]) -> None:
    asker = talk(name, connections=4)
    world = asker.sim.world
    world.marks["expired_twin"] = world.add_snapshot(world.main, world.clock.epoch - 10**6, world.clock.epoch - 60).id
    state = world.state()
    asked_for = items(asker, *marks)
    checked = run(asker, True, True, snapshots=asked_for)
    assert world.state() == state
    assert asker.sim.log.writes == []
    real = run(asker, False, True, snapshots=asked_for)
    assert outcomes(checked) == outcomes(real)
    assert (checked.changed, diffs(checked), checked.error()) == (real.changed, diffs(real), real.error())
    assert failure_text(checked, "c") == failure_text(real, "c")


SWITCHES = [
    (name, value)
    for name, value in simulator_switches.variants()
    if name not in ("version_gone", "max_expiry_days", "delete_in_use", "v1_bearer", "cm_bearer", "no_legacy_backup")
]


@pytest.mark.parametrize(("switch", "value"), SWITCHES)
def test_the_ladder_with_each_switch_of_the_service(talk: TalkTo, switch: str, value: Any) -> None:
    asker = talk("ops_manager" if switch.startswith("om_") else "v2", switches={switch: value})
    checked = run(asker, True, snapshots=items(asker, *LADDER))
    real = run(asker, snapshots=items(asker, *LADDER))
    assert outcomes(checked) == outcomes(real)
    assert real.failures == []


# --- what is told ---


def test_differences_show_what_changes_and_no_more(talk: TalkTo) -> None:
    asker = talk()
    found = run(
        asker,
        snapshots=items(
            asker, ("plain_0", DATE), ("plain_1", HOLD), "plain_9", ("never_expiring", {"do_not_delete": False})
        ),
    )
    dated, held, deleted = diffs(found)
    header = f"snapshot {asker.mark('plain_0')}"
    assert dated == {
        "before_header": header,
        "after_header": header,
        "before": "expires_at: 2026-12-23T12:00:00Z\n",
        "after": f"expires_at: {LATER}\n",
    }
    assert held["before"] == "do_not_delete: false\nexpires_at: 2026-12-24T12:00:00Z\n"
    assert held["after"] == "do_not_delete: true\nexpires_at: none\n"
    assert [line.partition(":")[0] for line in deleted["before"].splitlines()] == [
        "created_at",
        "expires_at",
        "file_size_bytes",
        "id",
    ]
    assert deleted["after"] == ""


def test_the_failure_s_text_says_how_far_it_got(talk: TalkTo) -> None:
    asker = talk()
    many = [
        "held",
        "incomplete",
        ("expired", SOON),
        ("same_second_a", {"expires_at": LATER}),
        "plain_9",
        ("f" * 24, SOON),
    ]
    found = run(asker, snapshots=items(asker, *many))
    text = failure_text(found, "orders")
    assert text.startswith("Cluster orders: 4 of 6 snapshots failed; 1 updated, 0 deleted, 1 not tried. ")
    assert text.endswith(" And 1 more: see outcomes.")
    assert all(asker.mark(mark) in text for mark in ("held", "incomplete", "expired"))
    assert found.error() == outcomes(found)[0]["error"]


def test_a_reason_that_many_snapshots_share_is_told_once_with_the_number(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 60}, connections=4)
    rows = [one.id for one in asker.sim.world.snapshots(asker.sim.world.main)]
    asker.sim.faults.add("error", code="CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT", method="DELETE", times=45)
    found = run(asker, state="absent", snapshots=[{"snapshot_id": one} for one in rows[5:]], concurrency=4)
    text = failure_text(found, "load")
    assert text.startswith("Cluster load: 45 of 55 snapshots failed; 0 updated, 10 deleted, 0 not tried. DELETE /api")
    assert text.count("CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT") == 1
    assert text.endswith(
        "name the sharded cluster itself, whose snapshot holds all parts. The same is true of 44 more."
    )


def test_reasons_that_differ_in_ids_and_times_alone_are_one(talk: TalkTo) -> None:
    asker = talk("ops_manager", "many", {"count": 60}, connections=4)
    world, now = asker.sim.world, asker.sim.clock.epoch
    rows = [one.id for one in world.snapshots(world.main)][5:50]
    for number, one in enumerate(rows):
        world.change(world.main, one, expires=now - 60 * number - 60)
    asker.sim.faults.add("error", code="INVALID_ATTRIBUTE", method="PATCH")
    held = {"snapshot_id": [one.id for one in world.snapshots(world.main)][1], "expires_at": LATER}
    found = run(asker, snapshots=[held, *({"snapshot_id": one, "expires_at": LATER} for one in rows)])
    text = failure_text(found, "load")
    assert text.startswith("Cluster load: 46 of 46 snapshots failed; ")
    assert (text.count(" expired at "), text.count("INVALID_ATTRIBUTE")) == (1, 1)
    assert "The same is true of 44 more." in text
    assert "see outcomes" not in text


def test_a_snapshot_that_is_incomplete_for_days_may_be_stuck() -> None:
    (state,) = asked(snapshot_id=A, state="absent")
    for hours, stuck in ((3, False), (23, False), (24, True), (75, True)):
        created = (NOW - timedelta(hours=hours)).isoformat()
        error = decide(state, from_api({"id": A, "complete": False, "created": {"date": created}}), NOW).error
        assert error is not None
        assert f"it is not complete, and has been in progress since {created[:19]}Z. Try again later." in error.detail
        assert (f"After so long ({hours // 24} d) it may be stuck" in error.detail) is stuck
    unknown = decide(state, from_api({"id": A, "complete": False}), NOW).error
    assert unknown is not None
    assert "it is not complete, and is still being taken. Try again later." in unknown.detail


def test_a_reason_of_the_service_names_the_snapshot(talk: TalkTo) -> None:
    asker = talk()
    asker.sim.faults.add("login_page", path="/snapshots/")
    text = failure_text(run(asker, snapshot_id=asker.mark("plain_0"), expires_at=LATER), "c")
    assert asker.mark("plain_0") in text


def test_an_outcome_without_failures_has_an_empty_error() -> None:
    assert Outcome(()).error() == {"status": None, "code": None, "detail": ""}


# --- what is read again while a call writes ---


def when(asker: Talk, kind: str, act: Callable[[], Any], **which: Any) -> None:
    """Do something of somebody else's just after a request was carried out."""
    asker.sim.faults.after(lambda _call: act(), method=kind, authorised=True, **which)


def takes(asker: Talk, seconds: float) -> None:
    """The next DELETE takes so long, by the client's clock."""

    def pass_by(_call: Any) -> None:
        asker.time.now += seconds

    asker.sim.faults.after(pass_by, method="DELETE", authorised=True)


def gets(asker: Talk) -> int:
    return sum(entry.method == "GET" and entry.status == 200 for entry in asker.sim.log)


@pytest.mark.parametrize("seconds", [59.0, 61.0])
def test_a_hold_that_begins_is_seen_when_a_minute_has_passed_since_the_reading(talk: TalkTo, seconds: float) -> None:
    asker = talk("ops_manager")
    world = asker.sim.world
    takes(asker, seconds)
    when(asker, "DELETE", lambda: world.hold(world.main, asker.mark("plain_8")))
    found = run(asker, snapshots=items(asker, "plain_9", "plain_8", "plain_7"), concurrency=1)
    assert actions(found) == ["deleted", "failed", "deleted"]
    # Without a second reading it is the service that refuses.
    assert (error_codes(found) == ["HELD"]) is (seconds > 60)
    assert (gets(asker), len(asker.sim.log.writes)) == ((2, 2) if seconds > 60 else (1, 3))


def test_a_restore_that_begins_is_seen_when_a_minute_has_passed_since_the_reading(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    world = asker.sim.world
    takes(asker, 61)
    when(asker, "DELETE", lambda: world.add_restore(world.main, asker.mark("plain_8"), status="IN_PROGRESS"))
    found = run(asker, unless_restoring=True, snapshots=items(asker, "plain_9", "plain_8"), concurrency=1)
    assert actions(found) == ["deleted", "failed"]
    assert error_codes(found) == ["RESTORING"]
    assert len(asker.sim.log.writes) == 1


def error_codes(outcome: Outcome) -> list[str | None]:
    return [step.error.code for step in outcome.steps if step.error is not None]


@pytest.mark.parametrize("kind", ["rate_limited", "unavailable", "reset_before"])
def test_a_hold_that_begins_while_a_request_waits_is_seen_before_it_is_repeated(talk: TalkTo, kind: str) -> None:
    asker = talk("ops_manager")
    world = asker.sim.world
    asker.sim.faults.add(kind, method="DELETE")
    asker.sim.faults.before(
        lambda _call: world.hold(world.main, asker.mark("plain_9")), method="DELETE", authorised=True
    )
    found = run(asker, snapshots=items(asker, "plain_9"))
    assert (actions(found), error_codes(found)) == (["failed"], ["HELD"])
    assert asker.sim.log.done_writes == []
    assert sum(entry.method == "DELETE" for entry in asker.sim.log) == 1


def test_a_restore_that_begins_while_a_request_waits_is_seen_before_it_is_repeated(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    world = asker.sim.world
    asker.sim.faults.add("rate_limited", method="DELETE", retry_after=1)
    asker.sim.faults.before(
        lambda _call: world.add_restore(world.main, asker.mark("plain_9"), status="IN_PROGRESS"),
        method="DELETE",
        authorised=True,
    )
    found = run(asker, unless_restoring=True, snapshots=items(asker, "plain_9", "plain_8"), concurrency=1)
    assert (actions(found), error_codes(found)) == (["failed", "deleted"], ["RESTORING"])


def test_a_change_is_decided_again_before_it_is_repeated(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    world, mark = asker.sim.world, asker.mark("plain_0")
    asker.sim.faults.add("rate_limited", method="PATCH", retry_after=1)
    asker.sim.faults.before(lambda _call: world.hold(world.main, mark), method="PATCH", authorised=True)
    found = run(asker, snapshot_id=mark, expires_at=LATE)
    assert (actions(found), error_codes(found)) == (["failed"], ["HELD"])
    assert asker.sim.log.done_writes == []


@pytest.mark.parametrize("lost", [True, False])
def test_a_delete_that_need_not_be_repeated_is_ours_only_if_an_answer_was_lost(talk: TalkTo, lost: bool) -> None:
    asker = talk("ops_manager")
    world, mark = asker.sim.world, asker.mark("plain_9")
    asker.sim.faults.add("reset_after" if lost else "rate_limited", method="DELETE")
    if not lost:
        asker.sim.faults.before(lambda _call: world.remove(world.main, mark), method="DELETE", authorised=True)
    found = run(asker, snapshot_id=mark, state="absent")
    assert actions(found) == ["deleted" if lost else "absent"]
    assert found.changed is lost
    (row,) = outcomes(found)
    assert (row["before"]["id"], row["after"], row["error"]) == (mark, None, None)
    assert sum(entry.method == "DELETE" for entry in asker.sim.log) == 1


@pytest.mark.parametrize("lost", [True, False])
def test_a_change_that_need_not_be_repeated_is_ours_only_if_an_answer_was_lost(talk: TalkTo, lost: bool) -> None:
    asker = talk("ops_manager")
    world, mark = asker.sim.world, asker.mark("plain_0")
    asker.sim.faults.add("reset_after" if lost else "rate_limited", method="PATCH")
    if not lost:
        asker.sim.faults.before(
            lambda _call: world.change(world.main, mark, expires=moment(LATE)), method="PATCH", authorised=True
        )
    found = run(asker, snapshot_id=mark, expires_at=LATE)
    assert actions(found) == ["updated" if lost else "unchanged"]
    (row,) = outcomes(found)
    assert row["after"]["expires_at"] == LATE
    assert (row["before"]["expires_at"] == LATE) is not lost
    assert sum(entry.method == "PATCH" and entry.auth is not None for entry in asker.sim.log) >= 1
    assert len(asker.sim.log.done_writes) == (1 if lost else 0)


def test_a_reading_that_fails_meanwhile_ends_the_call(talk: TalkTo) -> None:
    asker = talk("ops_manager", retry_timeout=2)
    takes(asker, 61)
    asker.sim.faults.before(
        lambda _call: asker.sim.faults.add("unavailable", method="GET", times=None), method="DELETE", authorised=True
    )
    found = run(asker, snapshots=items(asker, "plain_9", "plain_8", "plain_7"), concurrency=1)
    assert actions(found) == ["deleted", "failed", "not_tried"]
    assert found.failures[0].error is not None
    assert found.failures[0].error.status == 503
    assert len(asker.sim.log.writes) == 1


def test_another_cluster_of_the_same_name_ends_the_call(talk: TalkTo) -> None:
    asker = talk("v2")
    takes(asker, 61)
    rows = [{**row, "clusterId": "e" * 24} for row in asker.sim.world.documents(asker.sim.world.main)]
    body = json.dumps({"results": rows})
    asker.sim.faults.before(
        lambda _call: asker.sim.faults.add("wrong_shape", body=body, method="GET", times=None),
        method="DELETE",
        authorised=True,
    )
    found = run(asker, snapshots=items(asker, "plain_9", "plain_8", "plain_7"), concurrency=1)
    assert (actions(found), error_codes(found)) == (["deleted", "failed", "not_tried"], ["ANOTHER_CLUSTER"])
    assert len(asker.sim.log.writes) == 1


def test_workers_that_wait_share_a_reading(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    asker.sim.faults.add("rate_limited", method="DELETE", times=4, retry_after=1)
    found = run(asker, snapshots=items(asker, *(f"plain_{number}" for number in range(4, 10))), concurrency=4)
    assert actions(found) == ["deleted"] * 6
    # At first, and for the four that waited at most once each.
    assert 2 <= gets(asker) <= 5


# --- when the call ends before its time ---


def test_a_time_limit_ends_the_call_before_the_next_write(talk: TalkTo) -> None:
    asker = talk("ops_manager", time_limit=30)
    takes(asker, 29.5)
    found = run(asker, snapshots=items(asker, "plain_9", "plain_8", "plain_7"), concurrency=1)
    assert actions(found) == ["deleted", "not_tried", "not_tried"]
    assert found.has_failed
    assert found.error()["code"] == "TIME_LIMIT"
    said = failure_text(found, "orders")
    assert said.startswith("Cluster orders: 0 of 3 snapshots failed; 0 updated, 1 deleted, 2 not tried. DELETE /api")
    assert said.endswith("was not sent: time_limit (30 s) is used up.")
    assert all(row["error"] is None for row in outcomes(found))
    assert len(asker.sim.log.writes) == 1


def test_a_time_limit_that_ends_between_changes_and_deletions_leaves_the_deletions(talk: TalkTo) -> None:
    asker = talk("ops_manager", time_limit=30)

    def pass_by(_call: Any) -> None:
        asker.time.now += 40

    asker.sim.faults.after(pass_by, method="PATCH", authorised=True)
    found = run(asker, snapshots=items(asker, ("plain_0", {"expires_at": LATE}), "plain_9"), concurrency=1)
    assert actions(found) == ["updated", "not_tried"]
    assert found.error()["code"] == "TIME_LIMIT"


@pytest.mark.parametrize("guards", [{}, {"unless_restoring": True}, {"unless_newest": True}])
def test_a_time_limit_that_ends_while_reading_leaves_all(talk: TalkTo, guards: dict[str, bool]) -> None:
    asker = talk("ops_manager", time_limit=30)

    def pass_by(_call: Any) -> None:
        asker.time.now += 40

    # Reading one, it is the first request; else the first of the guards'.
    which: dict[str, Any] = {"path": "/snapshots/"} if guards.get("unless_restoring") else {}
    asker.sim.faults.after(pass_by, method="GET", authorised=not guards, **which)
    found = run(asker, snapshots=items(asker, "plain_9"), **guards)
    if actions(found) == ["deleted"]:
        raise AssertionError("it was deleted after the time was over")
    assert actions(found) == ["not_tried"]
    assert found.error()["code"] == "TIME_LIMIT"
    assert asker.sim.log.writes == []


def test_a_wait_that_the_time_limit_does_not_leave_is_not_begun(talk: TalkTo) -> None:
    asker = talk("ops_manager", time_limit=30)
    asker.sim.faults.add("rate_limited", method="DELETE", retry_after=40)
    found = run(asker, snapshots=items(asker, "plain_9", "plain_8"), concurrency=1)
    assert actions(found) == ["failed", "not_tried"]
    (row, _left) = outcomes(found)
    assert row["error"]["status"] == 429
    assert "time_limit (30 s) is used up" in row["error"]["detail"]
    assert row["after"] == row["before"]
    assert asker.time.waits == []


def test_a_request_under_way_is_cut_at_the_time_limit_and_its_fate_is_unknown(talk: TalkTo) -> None:
    asker = talk("ops_manager", time_limit=2, timeout=30)
    asker.sim.faults.add("slow_after", method="DELETE", seconds=8)
    takes(asker, 2)
    found = run(asker, snapshots=items(asker, "plain_9", "plain_8"), concurrency=1)
    (row, _left) = outcomes(found)
    assert actions(found) == ["failed", "not_tried"]
    assert (row["after"], row["error"]["status"]) == (None, None)


def itself(**changes: Any) -> list[dict[str, Any]]:
    """This process, as the option takes it."""
    (found,) = describe([os.getpid()])
    return [{**found, **changes}]


def test_while_its_processes_run_a_call_goes_on(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    found = run(
        asker, snapshots=items(asker, "plain_9", "plain_8"), while_running=describe([os.getpid(), os.getppid()])
    )
    assert (actions(found), found.has_failed) == (["deleted", "deleted"], False)


@pytest.mark.parametrize("end", ["kill", "zombie"])
def test_when_one_of_its_processes_has_ended_nothing_more_is_written(talk: TalkTo, end: str) -> None:
    asker = talk("ops_manager")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        watched = describe([os.getpid(), child.pid])

        def kill(_call: Any) -> None:
            child.kill()
            if end == "kill":
                child.wait()
            else:
                os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

        asker.sim.faults.after(kill, method="DELETE", authorised=True)
        found = run(
            asker, snapshots=items(asker, "plain_9", "plain_8", "plain_7"), concurrency=1, while_running=watched
        )
    assert actions(found) == ["deleted", "not_tried", "not_tried"]
    assert found.error()["code"] == "PROCESS_ENDED"
    assert f"Process {child.pid}, which runs this task (while_running), has ended" in failure_text(found, "orders")
    assert len(asker.sim.log.writes) == 1


def test_a_request_that_waits_when_a_process_ends_is_not_repeated(talk: TalkTo) -> None:
    asker = talk("ops_manager")
    asker.sim.faults.add("rate_limited", method="DELETE")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        watched = describe([child.pid])

        def kill(_call: Any) -> None:
            child.kill()
            child.wait()

        # Once it was read again, just before the second try.
        asker.sim.faults.after(kill, path="/snapshots/", method="GET", nth=2, authorised=True)
        found = run(asker, snapshots=items(asker, "plain_9"), while_running=watched)
    assert (actions(found), error_codes(found)) == (["failed"], ["PROCESS_ENDED"])
    assert asker.sim.log.done_writes == []


def test_in_check_mode_no_process_is_looked_at(talk: TalkTo) -> None:
    asker = talk("ops_manager", read_only=True)
    found = run(asker, True, snapshots=items(asker, "plain_9"), while_running=itself(started=1))
    assert (actions(found), found.has_failed) == (["deleted"], False)


@pytest.mark.parametrize(
    ("changes", "goes_on"), [({}, True), ({"started": 1}, False), ({"machine": "another", "started": 1}, True)]
)
def test_a_process_is_told_by_its_start_and_its_machine(talk: TalkTo, changes: dict[str, Any], goes_on: bool) -> None:
    found = run(talk("ops_manager"), snapshots=items(talk("ops_manager"), "plain_9"), while_running=itself(**changes))
    assert (found.stopped is None) is goes_on


# --- a lifetime ---


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_lifetime_counts_from_the_creation_and_a_second_run_changes_nothing(talk: TalkTo, name: str) -> None:
    asker = talk(name)
    ask: dict[str, Any] = {"lifetime": "1y1mo", "snapshots": items(asker, ("plain_0", {}), ("plain_1", {}))}
    found = run(asker, **ask)
    assert actions(found) == ["updated", "updated"]
    for row in outcomes(found):
        created = moment(row["before"]["created_at"])
        assert moment(row["after"]["expires_at"]) == created.replace(
            year=created.year + 1, month=created.month % 12 + 1
        )
    assert actions(run(asker, **ask)) == ["unchanged", "unchanged"]


def test_months_are_clamped_to_the_last_day_in_utc() -> None:
    (state,) = asked(snapshot_id=A, lifetime="1mo")
    before = from_api({"id": A, "complete": True, "created": {"date": "2027-01-31T23:30:00Z"}, "expires": LATE})
    step = decide(state, before, NOW)
    assert step.after is not None
    assert step.after.expires_at == moment("2027-02-28T23:30:00Z")


def test_a_lifetime_that_is_over_is_refused_as_a_deletion_and_nothing_is_written(talk: TalkTo) -> None:
    asker = talk()
    wanted = items(asker, ("plain_9", {"lifetime": "1h"}), "plain_8")
    found = run(asker, snapshots=wanted)
    assert (actions(found), error_codes(found)) == (["failed", "not_tried"], ["PAST_EXPIRY"])
    assert found.failures[0].error is not None
    assert "the end of its lifetime 1h, 20" in found.failures[0].error.detail
    found = run(asker, snapshots=[{**wanted[0], "allow_past_expiry": True}])
    assert actions(found) == ["updated"]


def test_without_a_creation_there_is_no_lifetime_and_nothing_is_deleted() -> None:
    (state,) = asked(snapshot_id=A, lifetime="400d")
    step = decide(state, from_api({"id": A, "complete": True, "expires": LATE}), NOW)
    assert step.error is not None
    assert (step.action, step.error.code, step.blocks_deletes) == ("failed", "NO_CREATION", True)
    assert decide(state, None, NOW).error is not None


def test_a_held_snapshot_is_released_and_dated_by_a_lifetime(talk: TalkTo) -> None:
    asker = talk()
    found = run(asker, snapshots=items(asker, ("held", {"lifetime": "400d"})))
    assert error_codes(found) == ["HELD"]
    found = run(asker, snapshots=items(asker, ("held", {"lifetime": "400d", "do_not_delete": False})))
    assert actions(found) == ["updated"]
    assert len(asker.sim.log.done_writes) == 1
