# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a fleet: one line a cluster, truthful totals, and each reason once."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.columns import LINE_WIDTH, width
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.fleet_table import lines

from tools.guides import GUIDES, blocks
from unit.plugins.plugin_utils._role.results import RESULTS, SAMPLE, TOO_MANY, blocked, done, predicted, refused


def state(result: Any) -> str:
    """What a table says at the end of the line of a host."""
    line = next(line for line in lines({"Shop.orders": result}) if line.startswith("Shop.orders"))
    return line.split(maxsplit=8)[8]


def test_a_run_with_what_can_go_wrong() -> None:
    assert lines(RESULTS) == [
        "cluster     kept deleted extended held gaps findings digest state",
        "Shop.orders   39      73        2    1    0        8 c8aee4 ok",
        "Shop.ledger  114       0        0    1    0        0 c8aee4 blocked, retention_max_delete",
        "Bank.x         -       -        -    -    -        - -      failed, 401 UNAUTHORIZED",
        "Bank.y         -       -        -    -    -        - -      failed, the task was ended",
        "Bank.z         -       -        -    -    -        - -      failed, no result; see the m…",
        "total        153      73        2    2    0        8",
        "Findings: stale in 1 cluster (Shop.orders), gap in 1 cluster (Shop.orders).",
        f"Blocked, Shop.ledger: {TOO_MANY}",
        f"Failed, Bank.x: {refused('x')['failure']}",
        "Failed, Bank.y: the task was ended",
        "Failed, Bank.z: no result; see the messages above",
        "5 clusters: 3 failed, 1 ok, 1 blocked.",
    ]


def test_a_prediction_is_worded_as_one() -> None:
    told = lines({"Shop.orders": predicted("orders", gaps=2), "Shop.ledger": blocked("ledger")})
    assert told == [
        "Nothing was written: the numbers are what would be done.",
        "cluster     keep delete extend held gaps findings digest state",
        "Shop.orders   39     73      2    1    2        0 c8aee4 ok",
        "Shop.ledger   39     73      2    1    0        0 c8aee4 blocked, retention_max_delete",
        "total         78    146      4    2    2        0",
        f"Blocked, Shop.ledger: {TOO_MANY}",
        "2 clusters: 1 ok, 1 blocked.",
    ]
    # A host without a result may have been written to.
    assert lines({"a": predicted("a"), "b": None})[0] == "The numbers are what would be done."


def test_what_is_not_written_to_loses_nothing() -> None:
    """In a run that writes, the plan of a cluster that was stopped is no number of what was done."""
    total = next(line for line in lines({"a": done("a"), "b": blocked("b")}) if line.startswith("total"))
    assert total.split()[1:4] == ["153", "73", "2"]


def test_what_was_only_released_is_not_applied() -> None:
    """The play ended between the two steps of the role, and what its first left behind is no run."""
    told = lines({"a": predicted("a", is_pending=True), "b": predicted("b", is_pending=True), "c": None})
    assert [line.split(maxsplit=8)[-1] for line in told if line.startswith(("a ", "b "))] == ["not applied"] * 2
    assert "Not applied, a, b: the run ended before the plan was applied, and nothing was written" in "\n".join(told)
    assert told[-1] == "3 clusters: 2 not applied, 1 failed."


def test_hosts_that_are_one_cluster_are_named() -> None:
    one = {"cluster_id": "c" * 24}
    told = lines({"a": predicted("x", **one), "b": predicted("x"), "c": predicted("x", **one)})
    assert [line for line in told if "One cluster" in line] == [
        "One cluster, counted 2 times: a, c. Take all but one out of the inventory."
    ]


@pytest.mark.parametrize(
    ("failure", "counts", "shown"),
    [
        ("RETENTION STALE: no backups", {"withheld": 12}, "stale, 12 withheld"),
        ("RETENTION STOPPED: 2 of 5 clusters", {"withheld": 3}, "stopped, 3 withheld"),
        ("RETENTION DRIFT: a RETENTION GAP: b RETENTION GAP: c", {}, "drift, gap"),
        ("RETENTION NO PLAN: nothing", {}, "no plan"),
        ("RETENTION BLOCKED: the approved plan is refused: its guard", {}, "blocked"),
        ("2 deletions failed", {"failed": 2, "not_tried": 1}, "2 failed, 1 not tried"),
        ("retention_now is a week from now", {}, "failed, retention_now is a w…"),
        ("", {"withheld": 4}, "withheld, 4 withheld"),
        ("", {}, "ok"),
    ],
)
def test_why_in_a_few_words(failure: str, counts: dict[str, int], shown: str) -> None:
    assert state(done("orders", failure=failure, counts={"kept": 1, **counts})) == shown


def test_what_a_guard_and_a_gate_say_is_both_there() -> None:
    failure = f"RETENTION BLOCKED: {TOO_MANY} RETENTION GAP: monthly"
    assert "blocked, retention_max_delete, gap" in "\n".join(lines({"a": blocked("a", failure=failure)}))
    stale = predicted("a", findings=[{"code": "stale", "text": "old"}], counts={"withheld": 4})
    assert state(stale) == "stale, 4 withheld"


def test_the_same_reason_is_told_once_with_the_clusters_that_it_is_about() -> None:
    hosts = {f"Shop.c{number}": refused(f"c{number}") for number in range(40)}
    told = lines(hosts)
    reasons = [line for line in told if "base_url" in line]
    assert reasons == [f"Failed, Shop.c0, Shop.c1, Shop.c2 and 37 more: {refused('c0')['failure']}"]
    # Another reason is another line, up to a few.
    words = "abcdefgh"
    different = lines({word: done(word, failure=f"reason {word * 3}") for word in words})
    assert different[-2:] == ["And 3 more reasons: see failure in retention_result.", "8 clusters: 8 failed."]


def test_long_names_do_not_break_the_columns_and_short_ones_fit_a_terminal() -> None:
    long = {f"{'p' * 100}.{number:>04}": done("x") for number in (1, 20)}
    table = [line for line in lines({**long, "Shop.orders": blocked("orders")}) if " c8aee4 " in line]
    assert {line.index(" c8aee4 ") for line in table} == {table[0].index(" c8aee4 ")}
    assert [line.split()[0][-4:] for line in table[:2]] == ["0001", "0020"]
    for name in ("Shop.orders", "Payments_EU.ledger-03"):
        fitting = lines({name: blocked("x", counts={"to_delete": 12345, "withheld": 7})})
        assert max(width(line) for line in fitting if line.startswith(("cluster", "total", name))) <= LINE_WIDTH


def test_what_is_rare_has_a_column_only_where_it_is() -> None:
    shortened = predicted("a", counts={"kept": 1, "to_shorten": 9})
    assert "shorten" in lines({"a": shortened})[1]
    assert "shorten" not in lines({"a": predicted("a")})[1]
    assert "shortened" in lines({"a": done("a", counts={"kept": 1, "shortened": 9})})[0]
    # What was done before this run is told beside it (R23).
    again = lines({"a": done("a", counts={"kept": 8, "already_gone": 4})})
    assert again[:2] == [
        "cluster kept deleted extended gone before held gaps findings digest state",
        "a          8       0        0           4    0    0        0 c8aee4 ok",
    ]


def test_folders_and_digests_for_who_approves() -> None:
    files = {"plan_file": "/srv/plans/retention-a.plan.json", "report": "/srv/reports/retention-a.html"}
    other = {**files, "digest": "d" * 64}
    results = {"a": predicted("a", **files), "b": predicted("b", **other), "c": blocked("c")}
    told = lines(results, with_digests=True)
    assert told[-6:-1] == [
        "Plans: /srv/plans (2 clusters)",
        "Reports: /srv/reports (2 clusters)",
        "Digests to approve plans by (retention_approved_digest takes several, with commas):",
        f"{results['a']['digest']} a",
        f"{'d' * 64} b",
    ]
    assert not any("Digests" in line for line in lines(results))


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ({"unreachable": True, "msg": "no route"}, "1 cluster: 1 unreachable."),
        ({"skipped": True}, "1 cluster: 1 skipped."),
        ("text", "1 cluster: 1 failed."),
        ({"counts": {"kept": "many"}, "guard": [], "findings": "x", "gaps": "y", "failure": 7}, "1 cluster: 1 ok."),
    ],
)
def test_whatever_lies_there_is_shown(result: Any, shown: str) -> None:
    assert lines({"a": result})[-1] == shown


def test_the_table_of_the_guide_is_as_it_is_made() -> None:
    (guide,) = (path for path in GUIDES if path.stem == "guide_audit")
    assert blocks("text", guide)[0] == "\n".join([*lines(SAMPLE), ""])
