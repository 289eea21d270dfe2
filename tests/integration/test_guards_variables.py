# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of somebody else, misspelt, of another type, encrypted or omitted: the role takes none for its own plan."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.fixtures_pytest import Start
from tools.fleets import EIGHT, REMOVED, counts, fleet, include, refusal, result, roles
from tools.playbooks import NAMESPACE, Playbooks

# Names that the role has or had inside, and names that look like its own.
INTERNAL = (
    "retention_plan",
    "retention_changes",
    "retention_outcomes",
    "retention_released",
    "retention_listing",
    "retention_info",
    "retention_batch",
    "retention_summary",
    "retention_store",
    "retention_handed_on_plan",
    "retention_plan_0123456789abcde",
    "retention_plan_0123456789abcdef0",
)


def in_days(days: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- another plan ---


def test_a_variable_with_a_plan_is_refused_or_without_effect(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    """The plan in it is a right one of the same cluster, and would delete more."""
    clusters = fleet(simulator, playbooks, {"a": {}})
    more = {"retention_keep_last": 3, "retention_plan_file": str(tmp_path / "more.json")}
    clusters.run([{"tasks": [include("plan", vars=more)]}])
    harsher = json.loads((tmp_path / "more.json").read_text(encoding="utf-8"))
    assert harsher["summary"]["by_action"]["delete"] == 9
    given = {"retention_plan": harsher, "retention_changes": harsher["changes"], "retention_outcomes": []}
    refused = clusters.run([roles()], "-e", json.dumps(given))
    assert "does not know the variable retention_changes, retention_outcomes, retention_plan" in refusal(refused, "a")
    assert (clusters.deleted, refused.status) == ({}, 2)
    ignored = {**given, "retention_ignore_variables": list(given)}
    run = clusters.run([roles()], "-e", json.dumps(ignored))
    assert (clusters.deleted, run.status) == ({"a": REMOVED}, 0)


def test_another_plan_in_a_variable_does_not_take_the_place_of_the_approved_one(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    hosts: dict[str, dict[str, Any]] = {name: {} for name in ("approved", "artifact", "exchanged")}
    clusters = fleet(simulator, playbooks, hosts)
    plan = {"retention_plan_dir": str(tmp_path / "plans")}
    planned = clusters.run([{"tasks": [include("plan", vars=plan)]}])
    harsher = clusters.run([{"tasks": [include("plan", vars={"retention_keep_last": 3})]}])
    own, other = ({host: result(run, host)["ansible_stats"]["data"] for host in hosts} for run in (planned, harsher))
    handed_on = {name: value for data in own.values() for name, value in data.items()}
    # The plan that deletes more has come to the one with the digest of the plan that was approved.
    key = next(name for name in other["exchanged"] if name.startswith("retention_plan_"))
    digests = [value for name, value in handed_on.items() if name.startswith("retention_digest_")]
    arguments = {**handed_on, key: other["exchanged"][key]}
    by_folder = {"retention_approved_plan": str(tmp_path / "plans"), "retention_approved_digest": digests}
    run = clusters.run(
        [
            {"hosts": "approved", "tasks": [include("apply", vars=by_folder)]},
            {"hosts": "artifact:exchanged", "tasks": [include("apply")]},
        ],
        "-e",
        json.dumps({**arguments, "retention_plan": other["approved"], "retention_ignore_variables": "retention_plan"}),
    )
    assert clusters.deleted == {"approved": REMOVED, "artifact": REMOVED}
    assert refusal(run, "exchanged").startswith("The approved plan is refused: its digest is ")


def test_each_unknown_variable_is_refused_before_any_request(playbooks: Playbooks, simulator: Start) -> None:
    hosts: dict[str, dict[str, Any]] = {f"h{number}": {name: "x"} for number, name in enumerate(INTERNAL)}
    hosts["montly"] = {"retention_keep_within_montly": "13mo", "retention_keep_within_daily": "7d"}
    hosts["capital"] = {"retention_Keep_last": 3}
    hosts["too much"] = {"retention_days": 7, "retention_ignore_variables": ["retention_day"]}
    clusters = fleet(simulator, playbooks, hosts)
    run = clusters.run([roles()])
    assert clusters.sim.log.requests == 0
    for host, variables in hosts.items():
        assert f"does not know the variable {next(iter(variables))}" in refusal(run, host), host
        assert "retention_ignore_variables" in refusal(run, host)
    assert "the nearest one that it knows is retention_keep_within_monthly" in refusal(run, "montly")


def test_what_belongs_to_somebody_else_can_be_ignored(playbooks: Playbooks, simulator: Start) -> None:
    names = ["retention_days", "retention_policy"]
    own = dict.fromkeys(names, 7)
    artifacts = {f"retention_{name}_0123456789abcdef": "x" for name in ("plan", "digest", "audit")}
    hosts: dict[str, dict[str, Any]] = {
        "list": {**own, "retention_ignore_variables": names},
        "text": {**own, "retention_ignore_variables": ", ".join(names)},
        "lines": {**own, "retention_ignore_variables": "\n".join(names)},
        "known": {**artifacts, "retention_hosts": "all", "retention_result": {"failure": ""}},
        # Other prefixes are nobody's business.
        "others": {"retentions": 1, "my_retention_plan": 1, "retention": 1, "Retention_x": 1},
    }
    clusters = fleet(simulator, playbooks, hosts)
    assert clusters.run([roles()]).status == 0
    assert clusters.deleted == dict.fromkeys(hosts, REMOVED)


# --- names that the role works with ---


@pytest.mark.parametrize(
    ("name", "value"), [("retention_result", {"failure": "", "summary": "All well."}), ("inventory_hostname", "sound")]
)
def test_what_the_role_works_with_cannot_be_given(
    playbooks: Playbooks, simulator: Start, name: str, value: Any
) -> None:
    """The one is read by the last task. With the other, hosts would share a place in the run's store."""
    limit = {"retention_max_fail_percentage": 0}
    clusters = fleet(simulator, playbooks, {"sound": limit, "blocked": {**limit, "retention_max_delete": 1}})
    ways = {
        "extra": clusters.run([roles()], "-e", json.dumps({name: value})),
        "task": clusters.run([{"tasks": [include(vars={name: value})]}]),
        "play": clusters.run([roles(vars={name: value})]),
        "ignored": clusters.run([roles(vars={name: value}, ignore_errors=True)]),
    }
    assert clusters.deleted == {}
    for way, run in ways.items():
        assert any(name in task.message for task in run.tasks if task.status == "failed"), way
        assert bool(run.status) is (way != "ignored"), way


def test_a_host_under_the_name_of_another_counts_as_stopped(playbooks: Playbooks, simulator: Start) -> None:
    limit = {"retention_max_fail_percentage": 0}
    for name in ("sound", "nobody"):
        clusters = fleet(simulator, playbooks, {"sound": limit, "blocked": {**limit, "retention_max_delete": 1}})
        fact = {"name": "x", "ansible.builtin.set_fact": {"inventory_hostname": name}}
        run = clusters.run([{"pre_tasks": [{**fact, "when": "retention_max_delete is defined"}], **roles()}])
        assert clusters.deleted == {}
        assert run.status == 2


def test_a_fact_called_retention_result_says_nothing(playbooks: Playbooks, simulator: Start) -> None:
    """What the role registers takes its place."""
    clusters = fleet(simulator, playbooks, {"sound": {}, "blocked": {"retention_max_delete": 1}})
    fact = {"name": "fact", "ansible.builtin.set_fact": {"retention_result": {"failure": "", "summary": "All well."}}}
    run = clusters.run([{"pre_tasks": [fact], **roles()}])
    assert clusters.deleted == {"sound": REMOVED}
    assert refusal(run, "blocked").startswith("RETENTION BLOCKED: ")


# --- the limit of the fleet ---

NO_LIMIT: tuple[Any, ...] = (
    False,
    True,
    [],
    {},
    [0],
    1000,
    100.5,
    -1,
    float("inf"),
    float("nan"),
    "off",
    "no",
    "none",
    "0x10",
    "1_0",
)


def test_what_is_no_percentage_is_refused_before_any_request(playbooks: Playbooks, simulator: Start) -> None:
    hosts = {f"h{number}": {"retention_max_fail_percentage": value} for number, value in enumerate(NO_LIMIT)}
    clusters = fleet(simulator, playbooks, hosts)
    run = clusters.run([roles(ignore_errors=True)])
    assert clusters.sim.log.requests == 0
    for host, given in hosts.items():
        assert "retention_max_fail_percentage" in refusal(run, host), given


# --- the clock ---


def test_another_day_is_refused_where_something_could_be_written(playbooks: Playbooks, simulator: Start) -> None:
    hosts = {
        "ahead": {"retention_now": in_days(2)},
        "behind": {"retention_now": in_days(-2)},
        "two hours": {"retention_now": in_days(2 / 24)},
        "near": {"retention_now": in_days(0.5 / 24)},
        "simulated": {"retention_now": in_days(2), "retention_allow_simulated_now": "yes"},
        "not simulated": {"retention_now": in_days(2), "retention_allow_simulated_now": "no"},
        "unread": {"retention_now": in_days(2), "retention_allow_simulated_now": "perhaps"},
    }
    clusters = fleet(simulator, playbooks, hosts)
    # Looking at another day is allowed.
    check = clusters.run([roles()], "--check", "--limit", "ahead:behind")
    planned = clusters.run([{"tasks": [include("plan"), include("audit")]}], "--limit", "ahead:behind")
    assert (check.status, planned.status) == (0, 0)
    clusters.sim.reset_log()
    run = clusters.run([roles(ignore_errors=True)])
    assert clusters.deleted == {"near": REMOVED, "simulated": REMOVED}
    assert clusters.asked == {"near", "simulated"}
    for host in ("ahead", "behind", "two hours", "not simulated"):
        assert "retention_now" in refusal(run, host)
    assert "retention_allow_simulated_now" in refusal(run, "unread")


def test_an_old_approval_does_not_pass_by_another_clock(playbooks: Playbooks, simulator: Start, tmp_path: Path) -> None:
    then = in_days(-3)
    plan = {"retention_now": then, "retention_plan_dir": str(tmp_path)}
    clusters = fleet(simulator, playbooks, {"pinned": {"retention_now": then}, "aged": {}, "longer": {}})
    planned = clusters.run([{"tasks": [include("plan", vars=plan)]}])
    digests = [result(planned, host)["digest"] for host in clusters.hosts]
    approved = {"retention_approved_plan": str(tmp_path), "retention_approved_digest": digests}
    clusters.sim.reset_log()
    run = clusters.run([{"tasks": [include("apply", vars=approved)], "ignore_errors": True}])
    assert clusters.sim.log.requests == 0
    assert "retention_now" in refusal(run, "pinned")
    assert "more than 24h ago" in refusal(run, "aged")
    # What somebody has decided: an approval that is valid for longer.
    aged = {**approved, "retention_plan_max_age": "4d"}
    assert clusters.run([{"tasks": [include("apply", vars=aged)]}], "--limit", "longer").status == 0
    # Three days ago the newest of its snapshots was not there yet.
    assert clusters.deleted == {"longer": REMOVED - 1}


# --- which hosts ---


def test_retention_hosts_in_an_inventory_is_not_passed_over(
    playbooks: Playbooks, simulator: Start, tmp_path: Path
) -> None:
    clusters = fleet(simulator, playbooks, {"prod1": {}, "prod2": {}, "staging1": {}})
    (tmp_path / "group_vars").mkdir()
    where = tmp_path / "group_vars" / "all.yml"
    for pattern in ("staging1", "staging*", ["staging1"], "all:!prod*", "~^staging", "nobody", "", [], ", ", False):
        where.write_text(yaml.safe_dump({"retention_hosts": pattern}), encoding="utf-8")
        run = clusters.run(f"{NAMESPACE}.retention", environment=clusters.environment)
        assert (clusters.sim.log.requests, run.status) == (0, 2), pattern
        assert "retention_hosts" in refusal(run, "prod1")
        # Where it comes too late for the play, it is not taken for right for the one that it names either.
        assert "retention_hosts" in refusal(run, "staging1")
    # By -e it is seen, and by --limit it is true; and other words for the same hosts are no other hosts.
    extra = clusters.run(f"{NAMESPACE}.retention", "-e", "retention_hosts=staging1", environment=clusters.environment)
    assert (clusters.deleted, extra.status) == ({"staging1": REMOVED}, 0)
    where.write_text(yaml.safe_dump({"retention_hosts": "prod2"}), encoding="utf-8")
    limited = clusters.run(f"{NAMESPACE}.retention", "--limit", "prod2", environment=clusters.environment)
    assert (clusters.deleted, limited.status) == ({"staging1": REMOVED, "prod2": REMOVED}, 0)
    where.write_text(yaml.safe_dump({"retention_hosts": "staging1,prod*"}), encoding="utf-8")
    same = clusters.run(f"{NAMESPACE}.retention", environment=clusters.environment)
    assert (clusters.deleted["prod1"], same.status) == (REMOVED, 0)


def test_retention_hosts_from_import_playbook_is_seen(playbooks: Playbooks, simulator: Start, tmp_path: Path) -> None:
    clusters = fleet(simulator, playbooks, {"prod1": {}, "staging1": {}})
    book = tmp_path / "mine.yml"
    imported = {"name": "x", "import_playbook": f"{NAMESPACE}.retention", "vars": {"retention_hosts": "staging1"}}
    book.write_text(yaml.safe_dump([imported]), encoding="utf-8")
    run = clusters.run(str(book), environment=clusters.environment)
    assert (clusters.deleted, run.status) == ({"staging1": REMOVED}, 0), run.output


# --- types ---

VAULTED = {
    "retention_protected_ids": "{ids}",
    "retention_min_keep": "10",
    "retention_method": "delete",
    "retention_anchor": "now",
    "retention_no_expiry": "candidate",
    "retention_max_delete": "60",
    "retention_max_delete_percent": "90",
    "retention_timezone": "Europe/Berlin",
    "retention_extend_kept": "false",
    "retention_keep_last": "9",
    "retention_min_age": "off",
    "retention_pit_window": "1d",
    "retention_stale_after": "off",
    "retention_concurrency": "2",
    "retention_batch_size": "5",
    "retention_max_fail_percentage": "100",
    "retention_fail_on_finding": "all",
    "retention_fail_on_gap": "true",
    "retention_plan_max_age": "3d",
    "retention_ignore_variables": "retention_days",
    "retention_allow_simulated_now": "true",
    "retention_project_id": "{project_id}",
    "retention_cluster_name": "{cluster_name}",
}


def test_each_variable_encrypted_inline(playbooks: Playbooks, simulator: Start, tmp_path: Path) -> None:
    """As text, and where a list is wanted as its items. The same is said as without encryption."""
    clusters = fleet(simulator, playbooks, {"vaulted": {}, "plain": {}, "items": {}})
    (tmp_path / "password").write_text("secret", encoding="utf-8")
    (tmp_path / "host_vars").mkdir()
    for host in clusters.hosts:
        one = clusters.cluster(host)
        held = min(clusters.sim.world.snapshots(one), key=lambda found: found.created).id
        filled = {
            name: text.format(ids=held, project_id=one.project_id, cluster_name=one.name)
            for name, text in VAULTED.items()
        }
        given: dict[str, Any] = {"retention_days": 1, **filled}
        if host == "vaulted":
            given |= encrypted(playbooks, filled)
        if host == "items":
            given["retention_protected_ids"] = list(encrypted(playbooks, {"id": held}).values())
        (tmp_path / "host_vars" / f"{host}.yml").write_text(yaml.dump(given, Dumper=Dumper), encoding="utf-8")
    run = clusters.run([roles()], "--vault-password-file", str(tmp_path / "password"), "--check")
    assert run.status == 0, run.output
    found = [counts(run, host) for host in clusters.hosts]
    assert found == [{"kept": 10, "to_delete": 1, "held": 1}] * 3


class Encrypted(str):
    """Text that is written as `!vault`."""


class Dumper(yaml.SafeDumper):
    """Knows the tag, and writes all else as usual."""


Dumper.add_representer(Encrypted, lambda dumper, text: dumper.represent_scalar("!vault", str(text), style="|"))


def encrypted(playbooks: Playbooks, values: dict[str, str]) -> dict[str, Encrypted]:
    """The values encrypted with the password in the folder's file, in this process since there are many."""
    from ansible.parsing.vault import VaultLib, VaultSecret

    secret = VaultSecret((playbooks.folder / "password").read_bytes())
    vault = VaultLib([("default", secret)])
    return {name: Encrypted(vault.encrypt(value, secret).decode()) for name, value in values.items()}


def test_an_omitted_variable_is_one_that_is_not_given(playbooks: Playbooks, simulator: Start) -> None:
    names = [name for name in VAULTED if name not in ("retention_project_id", "retention_cluster_name", *EIGHT)]
    omitted = dict.fromkeys(names, "{{ nothing | default(omit) }}")
    clusters = fleet(simulator, playbooks, {"omitted": omitted, "plain": {}})
    run = clusters.run([roles()])
    assert run.status == 0, run.output
    assert clusters.deleted == dict.fromkeys(clusters.hosts, REMOVED)
    # Where the cluster is omitted there is none, and its neighbour is not taken instead.
    gone = clusters.run([{"tasks": [include(vars={"retention_cluster_name": "{{ nothing | default(omit) }}"})]}])
    assert "cluster_name" in refusal(gone, "plain")
    assert clusters.deleted == dict.fromkeys(clusters.hosts, REMOVED)


def test_a_name_or_an_id_that_is_no_text_is_refused(playbooks: Playbooks, simulator: Start) -> None:
    """YAML and jinja2_native make numbers and dates of what looks so: 2024_01 would be another cluster, 202401."""
    hosts: dict[str, dict[str, Any]] = {
        "number": {"retention_cluster_name": 202401},
        "zero": {"retention_cluster_name": 0},
        "fraction": {"retention_cluster_name": 1.5},
        "switch": {"retention_cluster_name": True},
        "off": {"retention_cluster_name": False},
        "date": {"retention_cluster_name": datetime(2024, 1, 1, tzinfo=timezone.utc).date()},
        "list": {"retention_cluster_name": ["orders"]},
        "project": {"retention_project_id": 123456789012345678901234},
        "id": {"retention_cluster_id": 123456789012345678901234},
    }
    clusters = fleet(simulator, playbooks, hosts)
    run = clusters.run([roles(ignore_errors=True)])
    assert clusters.sim.log.requests == 0
    for host, variables in hosts.items():
        assert f"{next(iter(variables))}" in refusal(run, host)
        assert "which is no text" in refusal(run, host)


def test_what_jinja_makes_of_a_name_never_leads_to_another_cluster(playbooks: Playbooks, simulator: Start) -> None:
    """Before 2.19 jinja2_native reads 0x10 as a number, and 2024_01 as 202401; since then a text stays a text."""
    clusters = fleet(simulator, playbooks, {"meant": {}, "neighbor": {}})
    clusters.cluster("meant").name, clusters.cluster("neighbor").name = "0x10", "16"
    play = roles(vars={"wanted": "0x10", "retention_cluster_name": "{{ wanted }}"})
    native = {"ANSIBLE_JINJA2_NATIVE": "true", "ANSIBLE_DEPRECATION_WARNINGS": "false"}
    run = clusters.run([play], "--limit", "meant", environment=native)
    assert clusters.asked <= {"meant"}
    assert clusters.deleted == ({} if "which is no text" in refusal(run, "meant") else {"meant": REMOVED})
