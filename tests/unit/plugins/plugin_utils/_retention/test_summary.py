# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run did, in numbers and in words: apart from what was done before, and never more than a listing shows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import named
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Decision, Gap, Note, Plan
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import (
    FACTS,
    OUTCOMES,
    PREDICTIONS,
    Outcome,
    Run,
    bytes_kept,
    bytes_removed,
    counts,
    failure,
    lines,
    must_stop,
    numbers,
    problems,
    read_outcomes,
    resolved,
    space,
    verdict,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.plugin_utils._retention.cases import BARE, FAR, NOW, ago, info, moment, plan_of, row, sid

SOON = "2026-09-01T00:00:00Z"
LATER = moment("2026-08-21T09:00:00Z")
# Six snapshots: two extended, three deleted, one held.
LISTED = info(
    [row(number, ago(days=number + 1), SOON) for number in (1, 2)]
    + [row(3, ago(days=1), FAR, do_not_delete=True, file_size_bytes=7)]
    + [row(number, ago(days=300 + number), SOON) for number in (4, 5, 6)]
)
PLAN = replace(plan_of(LISTED, {"keep_within_daily": "5mo"}, extend_kept=True, **BARE), gaps=())
EXTENDED = [one.snapshot.id for one in PLAN.decisions if one.action == "extend"]
DELETED = [one.snapshot.id for one in PLAN.decisions if one.action == "delete"]
SENT = next(one.expires_to for one in PLAN.decisions if one.action == "extend")
OTHERS = ("expired", "future", "incomplete")


def outcome(snapshot_id: str, action: str, expires_at: datetime | None = None, **error: Any) -> Outcome:
    return Outcome(snapshot_id, action, expires_at, error or None)


def name(snapshot_id: str) -> str:
    """How texts name a snapshot of the plan."""
    return next(named(one.snapshot) for one in PLAN.decisions if one.snapshot.id == snapshot_id)


def run(*outcomes: Outcome, **more: Any) -> Run:
    """A run that wrote."""
    return Run(**{"plan": PLAN, "now": LATER, "outcomes": outcomes, "is_prediction": False, **more})


def everything(delete: str = "deleted", extend: str = "updated") -> list[Outcome]:
    sent = {one.snapshot.id: one.expires_to for one in PLAN.decisions}
    return [*(outcome(one, extend, sent[one]) for one in EXTENDED), *(outcome(one, delete) for one in DELETED)]


def expiries(**changed: datetime) -> dict[str, datetime | None]:
    """A listing after everything went well, by id."""
    found = {
        one.snapshot.id: one.expires_to or one.snapshot.expires_at for one in PLAN.decisions if one.action != "delete"
    }
    return {**found, **changed}


def test_the_plan_of_these_tests() -> None:
    assert (len(EXTENDED), len(DELETED)) == (2, 3)


# --- numbers ---


def test_a_run_without_trouble() -> None:
    assert counts(run(*everything(), listed_after=expiries())) == {
        **dict.fromkeys(FACTS, 0),
        "held": 1,
        "deleted": 3,
        "extended": 2,
    }


def test_what_had_been_done_before_is_apart_from_what_this_run_did() -> None:
    again = run(*everything("absent", "unchanged"), listed_after=expiries())
    assert counts(again) == {**dict.fromkeys(FACTS, 0), "held": 1, "already_gone": 3, "kept": 2}
    assert verdict(again) == "Done: 6 snapshots, 2 kept, 0 deleted, 3 were already gone, 0 extended, 1 held."
    assert problems(again) == []
    assert (bytes_removed(again), bytes_kept(again)) == (0, 2007)


def test_without_an_outcome_nothing_was_tried() -> None:
    halted = run(*everything()[:3])
    assert counts(halted) == {**dict.fromkeys(FACTS, 0), "held": 1, "extended": 2, "deleted": 1, "not_tried": 2}
    assert verdict(halted).startswith("Not everything was done: ")
    assert problems(halted) == ["2 deletions were not tried."]
    assert problems(run()) == ["2 extensions and 3 deletions were not tried."]


@pytest.mark.parametrize("listed", [None, {}])
def test_in_a_prediction_nothing_was_done(listed: dict[str, Any] | None) -> None:
    """Whether the module predicted it, or it was not even asked; and whatever a listing says."""
    expected = {**dict.fromkeys(PREDICTIONS, 0), "held": 1, "to_delete": 3, "to_extend": 2}
    for outcomes in ((), everything()):
        predicted = run(*outcomes, is_prediction=True, listed_after=listed)
        assert counts(predicted) == expected
        assert verdict(predicted) == "Nothing was written: 6 snapshots, 0 to keep, 3 to delete, 2 to extend, 1 held."
        assert problems(predicted) == []
        assert predicted.remaining == set(EXTENDED) | {sid(3)}
        assert space(predicted).startswith("Would free at most 2.9 KiB: ")
        assert space(predicted).endswith("2.0 KiB to keep.")
        assert "deleted" not in " ".join(lines(predicted, [], []))


def test_the_first_three_of_each_change_are_named_oldest_first() -> None:
    plan = many(5)
    doomed = [one.snapshot for one in reversed(plan.decisions) if one.action == "delete"]
    told = [line for line in lines(run(plan=plan, is_prediction=True), [], []) if line.startswith("To delete")]
    assert told == [
        *(
            f"To delete: {named(one)}, expiry {FAR} (last: quota used up by {plan.decisions[0].snapshot.id})"
            for one in doomed[:3]
        ),
        "To delete: and 2 more: run with --diff, or see the report.",
    ]
    done = run(*everything(), listed_after=expiries())
    said = [line for line in lines(done, [], []) if line.startswith(("Deleted", "Extended"))]
    assert [line.partition(",")[0] for line in said] == [
        *(f"Deleted: {name(one)}" for one in reversed(DELETED)),
        *(f"Extended: {name(one)}" for one in reversed(EXTENDED)),
    ]
    sent = next(str(change["expires_at"]) for change in PLAN.changes if change["snapshot_id"] == EXTENDED[-1])
    assert said[3].startswith(f"Extended: {name(EXTENDED[-1])}, expiry {SOON}, now {sent} (")
    assert not any(line.startswith(("Deleted", "To ")) for line in lines(run(), [], []))


def test_a_cluster_whose_name_is_not_known_is_called_as_its_host() -> None:
    nameless = replace(PLAN, cluster_name=None)
    for plan, begin in ((nameless, f"Cluster orders ({PLAN.cluster_id}) of"), (PLAN, "Cluster Cluster0 of project")):
        assert lines(run(plan=plan), [], [], "orders")[0].startswith(begin)
    assert lines(run(plan=nameless), [], [])[0].startswith(f"Cluster {PLAN.cluster_id} of")


def test_why_a_snapshot_is_removed_takes_no_more_than_a_line() -> None:
    """What stands for its period rather than that it is too old for other rules."""
    why = (Note("before_cutoff", "within: older"), Note("represented", "x" * 900), Note("before_cutoff", "older"))
    plan = replace(PLAN, decisions=tuple(replace(one, why=why) for one in PLAN.decisions))
    told = [line for line in lines(run(plan=plan, is_prediction=True), [], []) if line.startswith("To delete")]
    assert max(map(len, told)) < 320
    assert all(" (xxx" in line and line.endswith("x …)") for line in told)


def test_a_prediction_tells_what_is_gone_and_what_would_fail() -> None:
    told = [outcome(DELETED[0], "absent"), outcome(DELETED[1], "failed", detail="It is held.")]
    predicted = run(*told, is_prediction=True)
    assert "0 to delete, 1 is already gone, 0 to extend, 1 failed, 3 not tried" in verdict(predicted)


def test_removals_withheld_are_neither_done_nor_left_over() -> None:
    stopped = run(*everything()[:2], withheld=frozenset(DELETED))
    assert counts(stopped) == {**dict.fromkeys(FACTS, 0), "held": 1, "extended": 2, "withheld": 3}
    assert problems(stopped) == []
    assert set(DELETED) <= stopped.remaining
    (line,) = [line for line in lines(stopped, [], []) if line.startswith("Withheld")]
    assert line == (
        "Withheld because too many other clusters have stopped: 3 removals (retention_max_fail_percentage)."
    )


def stale_plan() -> Plan:
    """The same plan where backups have stopped: what would be deleted stays."""
    reasons = (Note("stale", "stale"),)
    withheld = [
        replace(one, action="keep", reasons=reasons) if one.action == "delete" else one for one in PLAN.decisions
    ]
    return replace(PLAN, decisions=tuple(withheld), warnings=(Note("stale", "backups have stopped"),))


def test_what_stale_backups_withhold_is_not_kept_by_the_policy() -> None:
    for is_prediction, extended in ((True, "to_extend"), (False, "extended")):
        stale = run(*everything()[:2], plan=stale_plan(), is_prediction=is_prediction)
        found = counts(stale)
        assert (found["withheld"], found["kept"], found[extended]) == (3, 0, 2)
        said = lines(stale, [], [])
        assert "Withheld because backups have stopped: 3 removals. See the warning about retention_stale_after." in said


def test_changes_of_what_has_expired_meanwhile_count_as_gone() -> None:
    late = run(*everything()[2:], void=frozenset(EXTENDED))
    assert counts(late) == {**dict.fromkeys(FACTS, 0), "held": 1, "deleted": 3, "already_gone": 2}
    assert problems(late) == []


KINDS = st.sampled_from([*OUTCOMES, "else"])


@given(st.lists(st.tuples(st.sampled_from([*EXTENDED, *DELETED, sid(3), sid(99)]), KINDS)), st.booleans(), st.data())
def test_each_snapshot_has_one_fate_whatever_is_told(told: list[Any], is_prediction: bool, data: Any) -> None:
    names = [*EXTENDED, *DELETED, sid(3)]
    listed = data.draw(st.none() | st.dictionaries(st.sampled_from(names), st.sampled_from([None, SENT, LATER])))
    withheld = data.draw(st.frozensets(st.sampled_from(DELETED)))
    outcomes = [outcome(name, action, SENT) for name, action in told]
    made = run(*outcomes, is_prediction=is_prediction, listed_after=listed, withheld=withheld)
    found = counts(made)
    others = Counter(made.fates.values())
    if not is_prediction:
        assert sum(found.values()) + sum(others[state] for state in OTHERS) == len(PLAN.decisions)
        assert bool(problems(made)) >= any(found[fate] for fate in ("failed", "not_tried", "unknown"))
        if listed is not None:
            # What a listing shows is not told deleted, and what it does not show is not told to remain.
            assert made.remaining <= set(listed)
            assert not any(made.fates[name] in ("deleted", "already_gone") for name in listed)
    assert set(found) == set(PREDICTIONS if is_prediction else FACTS)
    json.dumps(numbers(made, []))
    assert lines(made, [], problems(made))


# --- outcomes ---


def test_outcomes_are_read_and_the_rest_is_left() -> None:
    row_ = {"id": sid(1), "action": "updated", "before": {"x": object()}, "after": {"expires_at": FAR, "id": 7}}
    (read,) = read_outcomes([{**row_, "error": None, "more": 1}])
    assert read == Outcome(sid(1), "updated", moment(FAR), None)
    assert read_outcomes([{"id": sid(1), "action": "deleted"}]) == (Outcome(sid(1), "deleted"),)
    assert read_outcomes([{"id": sid(1), "action": "vanished"}])[0].action == "unknown"


@pytest.mark.parametrize("wrong", [{}, "x", None, [1], [{}], [{"id": 1, "action": "deleted"}], [{"id": "a"}]])
def test_what_is_no_outcome_is_refused(wrong: Any) -> None:
    with pytest.raises(RefusedError, match=r"^outcomes"):
        read_outcomes(wrong)


def changes() -> list[dict[str, Any]]:
    return PLAN.changes


def test_what_a_batch_without_a_result_did() -> None:
    """Fault of a killed module: what is gone was deleted, what is still there was not tried."""
    told = (outcome(EXTENDED[0], "updated", SENT),)
    asked = [*EXTENDED, *DELETED]
    after = expiries(**{EXTENDED[1]: moment(SOON), DELETED[2]: moment(SOON)})
    found = {one.id: one.action for one in resolved(asked, changes(), told, after)}
    assert found == {
        EXTENDED[0]: "updated",
        EXTENDED[1]: "not_tried",
        DELETED[0]: "deleted",
        DELETED[1]: "deleted",
        DELETED[2]: "not_tried",
    }
    sent = {one.snapshot.id: one.expires_to for one in PLAN.decisions}
    done = resolved([EXTENDED[1]], changes(), (), expiries())
    assert done == (Outcome(EXTENDED[1], "updated", sent[EXTENDED[1]]),)
    for one in asked[1:]:
        assert resolved([one], changes(), (), None) == (Outcome(one, "unknown"),)
    assert resolved([sid(99)], changes(), (), after) == (Outcome(sid(99), "unknown"),)


def test_what_was_gone_before_the_batch_was_not_deleted_by_it() -> None:
    before = {name: moment(SOON) for name in (*EXTENDED, *DELETED[1:])}
    found = {one.id: one.action for one in resolved(DELETED, changes(), (), expiries(), before)}
    assert found == {DELETED[0]: "absent", DELETED[1]: "deleted", DELETED[2]: "deleted"}
    same = {**before, EXTENDED[0]: expiries()[EXTENDED[0]]}
    found = {one.id: one.action for one in resolved(EXTENDED, changes(), (), expiries(), same)}
    assert found == {EXTENDED[0]: "unchanged", EXTENDED[1]: "updated"}


def test_what_is_not_known_fails_the_run() -> None:
    lost = run(*everything()[:2], *resolved(DELETED, changes(), (), None))
    assert counts(lost)["unknown"] == 3
    (said,) = problems(lost)
    assert said.startswith(f"What became of 3 deletions is not known ({', '.join(map(name, DELETED))}): ")
    # Nobody counts on what may be gone.
    assert lost.remaining == set(EXTENDED) | {sid(3)}
    assert must_stop(PLAN, lost.outcomes)


# --- what a listing made afterwards shows ---


@pytest.mark.parametrize(
    ("told", "listed", "said"),
    [
        (outcome(DELETED[0], "deleted"), {}, []),
        (
            outcome(DELETED[0], "deleted"),
            {DELETED[0]: LATER},
            [f"Snapshot {name(DELETED[0])} was reported deleted and is still there."],
        ),
        (outcome(DELETED[0], "absent"), {}, []),
        # The service said that there is no such snapshot, and was wrong.
        (
            outcome(DELETED[0], "absent"),
            {DELETED[0]: LATER},
            [f"Snapshot {name(DELETED[0])} was reported to be gone and is still there."],
        ),
        (outcome(EXTENDED[0], "updated", LATER), {EXTENDED[0]: LATER}, []),
        (
            outcome(EXTENDED[0], "updated", LATER),
            {EXTENDED[0]: None},
            [f"Snapshot {name(EXTENDED[0])} was given the expiry 2026-08-21T09:00:00Z and has none."],
        ),
        (
            outcome(EXTENDED[0], "updated", LATER),
            {EXTENDED[0]: moment(NOW)},
            [f"Snapshot {name(EXTENDED[0])} was given the expiry 2026-08-21T09:00:00Z and has {NOW}."],
        ),
        (
            outcome(EXTENDED[0], "updated", LATER),
            {},
            [f"Snapshot {name(EXTENDED[0])} was given the expiry 2026-08-21T09:00:00Z and is not there any more."],
        ),
        (outcome(DELETED[0], "failed", detail="no"), {DELETED[0]: LATER}, [f"Snapshot {name(DELETED[0])}: no"]),
    ],
)
def test_what_the_listing_afterwards_shows(told: Outcome, listed: Mapping[str, Any], said: list[str]) -> None:
    def told_of(verified: Mapping[str, Any] | None) -> list[str]:
        return [line for line in problems(run(told, listed_after=verified)) if "not tried" not in line]

    assert told_of(listed) == said
    assert told_of(None) == [line for line in said if told.action == "failed"]
    # What is contradicted is not counted as done.
    assert counts(run(told, listed_after=listed))["failed"] == len(said)


# --- problems ---


def test_with_every_deletion_refused_none_is_told_deleted() -> None:
    refused = [outcome(one, "failed", detail=f"DELETE /snapshots/{one}: 403, no role") for one in DELETED]
    made = run(*everything()[:2], *refused, listed_after=expiries(**dict.fromkeys(DELETED, moment(SOON))))
    assert (counts(made)["deleted"], counts(made)["failed"]) == (0, 3)
    assert "0 deleted, 2 extended, 3 failed" in verdict(made)
    assert (bytes_removed(made), bytes_kept(made)) == (0, 5007)
    (said,) = problems(made)
    assert said == (
        f"3 deletions failed for the same reason ({', '.join(map(name, DELETED))}):"
        f" DELETE /snapshots/{DELETED[0]}: 403, no role"
    )


def many(count: int) -> Plan:
    listing = info([row(number, ago(days=number), FAR) for number in range(1, count + 2)])
    return plan_of(listing, {"keep_last": 1}, **BARE)


def test_a_refusal_that_meets_many_is_said_once_with_their_number() -> None:
    plan = many(45)
    deleted = [one.snapshot.id for one in plan.decisions if one.action == "delete"]
    refused = [outcome(one, "failed", detail=f"Snapshot {one} is used by a restore.") for one in deleted]
    own = replace(refused[7], error={"detail": "The jobs cannot be read."})
    told = [named(one.snapshot) for one in plan.decisions if one.action == "delete"]
    (said, other) = problems(run(*refused[:7], *refused[8:], own, plan=plan))
    assert said == (
        f"44 deletions failed for the same reason ({', '.join(told[:3])} and 41 more):"
        f" Snapshot {deleted[0]} is used by a restore."
    )
    assert other == f"Snapshot {told[7]}: The jobs cannot be read."
    assert failure([said, other]) == f"{said} {other}"


def test_times_make_no_other_reason_and_another_text_does() -> None:
    plan = many(6)
    deleted = [one.snapshot.id for one in plan.decisions if one.action == "delete"]
    times = [f"Snapshot {one} expires at 2027-01-0{number}T00:00:00Z, later." for number, one in enumerate(deleted)]
    refused = [outcome(one, "failed", detail=detail) for one, detail in zip(deleted[:-1], times, strict=False)]
    said = problems(run(*refused, outcome(deleted[-1], "failed", detail="Another."), plan=plan))
    names = [named(one.snapshot) for one in plan.decisions if one.action == "delete"]
    assert said == [
        f"5 deletions failed for the same reason ({', '.join(names[:3])} and 2 more): {times[0]}",
        f"Snapshot {names[-1]}: Another.",
    ]


def test_what_a_listing_contradicts_is_said_once_with_the_number() -> None:
    plan = many(45)
    deleted = [one.snapshot.id for one in plan.decisions if one.action == "delete"]
    done = [outcome(one, "deleted") for one in deleted]
    (said,) = problems(run(*done, plan=plan, listed_after=expiries(**dict.fromkeys(deleted, moment(SOON)))))
    names = [named(one.snapshot) for one in plan.decisions if one.action == "delete"]
    assert said.startswith(
        f"Snapshot {names[0]} was reported deleted and is still there. The same is true of 44 more ("
    )
    assert said.endswith(f"{', '.join(names[1:10])} and 35 more).")


def test_a_failure_s_text_stays_readable() -> None:
    assert failure([]) == ""
    assert failure([f"{number}." for number in range(500)]).endswith(
        "9. And 490 more: see failures in retention_result, and the report."
    )


@pytest.mark.parametrize(
    ("told", "stops"),
    [
        (outcome(EXTENDED[0], "failed", code="EXTENDED", detail="lives longer"), False),
        (outcome(EXTENDED[0], "failed", code=None, detail="refused"), True),
        (outcome(EXTENDED[0], "failed"), True),
        (outcome(EXTENDED[0], "not_tried"), True),
        (outcome(DELETED[0], "unknown"), True),
        (outcome(EXTENDED[0], "unchanged"), False),
        (outcome(DELETED[0], "failed", code="CONFLICT"), False),
    ],
    ids=str,
)
def test_when_no_further_batch_may_begin(told: Outcome, stops: bool) -> None:
    """After an extend that failed; not after one that was not needed, since somebody had extended it further."""
    assert must_stop(PLAN, [told]) is stops


# --- the summary ---


def test_the_times_of_the_run_and_of_an_approved_plan() -> None:
    own, approved = lines(run(*everything()), [], []), lines(run(*everything(), is_applied_plan=True), [], [])
    head = f"Cluster Cluster0 of project {PLAN.project_id} at 2026-08-21T09:00:00Z"
    assert own[0] == head
    assert approved[0] == f"{head}; the approved plan was made at {NOW}"


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        (0, "No gaps."),
        (1, "1 gap, periods that no sound snapshot covers: daily p0."),
        (2, "2 gaps, periods that no sound snapshot covers: daily p0, daily p1."),
    ],
)
def test_gaps_are_counted(gaps: int, said: str) -> None:
    plan = replace(PLAN, gaps=tuple(Gap("daily", f"p{number}") for number in range(gaps)))
    assert said in lines(run(plan=plan), [], [])


def test_no_gaps_is_never_said_where_they_cannot_be_measured() -> None:
    finding = Note("gaps_unmeasured", "gaps cannot be measured: there is no complete snapshot")
    for plan, findings in ((PLAN, [finding]), (replace(PLAN, warnings=(finding,)), [])):
        said = lines(run(plan=plan), findings, [])
        assert "Gaps: gaps cannot be measured: there is no complete snapshot." in said
        assert "No gaps." not in said
        assert sum("measured" in line for line in said) == 1


def test_a_blocked_plan_is_a_prediction() -> None:
    plan = replace(PLAN, blocked_by=(Note("max_delete", "max_delete: too many"),))
    said = lines(Run(plan, LATER), [], [])
    assert said[2].startswith("Nothing was written: 6 snapshots, 0 to keep, 3 to delete")
    assert "BLOCKED, nothing was written: max_delete: too many" in said


def test_numbers_are_those_that_programs_rely_on() -> None:
    finding, warning = Note("gap", "x"), Note("incomplete", "y")
    plan = replace(PLAN, warnings=(warning,))
    found = numbers(run(*everything(), plan=plan), [warning, finding])
    assert found == {
        "check_mode": False,
        "project_id": PLAN.project_id,
        "cluster_id": PLAN.cluster_id,
        "cluster_name": "Cluster0",
        "now": "2026-08-21T09:00:00Z",
        "plan_now": NOW,
        "counts": {**dict.fromkeys(FACTS, 0), "held": 1, "deleted": 3, "extended": 2},
        "gaps": 0,
        "findings": [{"code": "incomplete", "text": "y"}, {"code": "gap", "text": "x"}],
        "guard": {"blocked": False, "reasons": []},
        "digest": PLAN.digest,
    }
    assert numbers(Run(PLAN, LATER), [])["check_mode"] is True


def test_numbers_stay_small_however_much_was_found() -> None:
    codes = [f"code_{number}" for number in range(21)]
    findings = [Note(code, f"{number} {'x' * 1000}") for code in codes for number in range(10_000)]
    found = numbers(run(), findings)["findings"]
    assert {one["code"] for one in found} == set(codes)
    assert found[10] == {"code": "code_0", "text": "and 9990 more"}
    assert len(json.dumps(found)) < 100_000


def test_a_snapshot_that_is_expired_is_told_as_such() -> None:
    expired = info([row(1, ago(days=1)), row(2, ago(days=2), ago(hours=1)), row(3, ago(days=3), complete=False)])
    made = Run(plan_of(expired, {"keep_last": 1}, **BARE), LATER)
    assert verdict(made).endswith("1 to keep, 0 to delete, 0 to extend, 0 held, 1 expired, 1 incomplete.")
    assert all(isinstance(one, Decision) for one in made.plan.decisions)
