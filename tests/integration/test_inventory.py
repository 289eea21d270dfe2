# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin: real listings and plays over fleets, by variables alone as in AWX."""

from __future__ import annotations

import ast
import json
import re
import shutil
import socket
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from simulator import seeds
from simulator.exchange import Call
from simulator.fixtures_pytest import Start
from tools.environment import atlas_environment
from tools.inventories import Inventories, Listed, environment
from tools.playbooks import NAMESPACE, Playbooks

VARIABLES = {
    "project_id",
    "project_name",
    "cluster_id",
    "cluster_name",
    "cluster_type",
    "backup_status",
    "backup_enabled",
    "provider_backup_enabled",
    "has_legacy_snapshots",
    "ansible_connection",
    "ansible_python_interpreter",
}


SECRET = "hunter2secret"


@pytest.fixture
def inventories(playbooks: Playbooks) -> Inventories:
    return Inventories(playbooks)


def assert_listed(listed: Listed, count: int) -> None:
    assert listed.run.status == 0, listed.run.output
    assert listed.run.warnings == []
    assert len(listed.hosts) == count


def refused(listed: Listed) -> str:
    """The reason of an inventory that could not be read: in one piece, without hosts and without a traceback."""
    assert listed.run.status != 0, listed.run.output
    assert "hostvars" not in listed.run.stdout
    assert "Traceback" not in listed.run.output
    return listed.said


# --- fleets ---


@pytest.mark.parametrize(
    ("platform", "who"),
    [("atlas", "owner"), ("atlas", "service_account"), ("cloud_manager", "reader"), ("ops_manager", "auditor")],
)
def test_a_fleet_of_500(inventories: Inventories, simulator: Start, platform: Any, who: str) -> None:
    """Few requests, none of a cluster; from the cache none; variables alone, many blank."""
    sim = simulator(seeds.company(platform=platform))
    folder = inventories.playbooks.folder / "cache"
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(folder)}
    listed = inventories.list(environment(sim, who), cached)
    assert_listed(listed, 500)
    # Beside those that were counted on, one that fetched the challenge or the token. On Atlas two for each project.
    assert sim.log.requests == 1 + (1 + 2 * 20 if platform == "atlas" else 2 + 20)
    assert sim.log.writes == []

    sharded = [values for values in listed.hosts.values() if values["cluster_type"] == "SHARDED"]
    assert len(sharded) == 40
    world = sim.world
    for name, values in listed.hosts.items():
        cluster = world.cluster(values["cluster_id"])
        assert (values["cluster_name"], values["project_id"]) == (cluster.name, cluster.project_id)
        assert name == f"{values['project_name'].replace(' ', '_')}.{cluster.name}"
    first = listed.hosts["Project_00.cluster-00"]
    assert set(first) == VARIABLES
    assert (first["ansible_connection"], first["ansible_python_interpreter"]) == (
        "local",
        "{{ ansible_playbook_python }}",
    )
    # Plain text also in what AWX reads.
    assert listed.document["_meta"]["hostvars"]["Project_00.cluster-00"] == first

    asked = sim.log.requests
    again = inventories.list(environment(sim, who), cached)
    assert_listed(again, 500)
    assert sim.log.requests == asked
    assert again.hosts == listed.hosts
    (kept,) = folder.iterdir()
    account = world.keys[who]
    for secret in (account.id, account.secret, *sim.api.auth.tokens.given):
        assert secret not in kept.read_text(encoding="utf-8")
        assert secret not in kept.name

    # Another question is not answered from what was kept for this one.
    assert_listed(inventories.list(environment(sim, who), {**cached, "include_clusters": ["cluster-0*"]}), 200)
    assert sim.log.requests == 2 * asked


def test_the_order_is_that_of_the_names(inventories: Inventories, simulator: Start) -> None:
    sim = simulator(seeds.company(3, 3), latency=0.02)
    listed = inventories.list(environment(sim))
    assert listed.group("ungrouped") == sorted(listed.hosts)


# --- options ---


def test_filters_names_and_groups(inventories: Inventories, simulator: Start) -> None:
    sim = simulator(seeds.company(4, 10, platform="ops_manager"))
    options = {
        "projects": ["Project 01", "{{ second }}"],
        "include_clusters": ["cluster-0[0-4]", "cluster-09"],
        "exclude_clusters": ["*-03"],
        "backup_status": ["STOPPED", "STARTED"],
        "filters": ["cluster_name != 'cluster-04'"],
        "hostname": "{{ cluster_name }}.{{ project_name | lower }}",
        "strict": True,
        "compose": {"retention_keep_daily": "30 if cluster_type == 'SHARDED' else 14"},
        "groups": {"sharded": "cluster_type == 'SHARDED'"},
        "keyed_groups": [{"key": "project_name", "prefix": "project"}],
        "timeout": "{{ 60 }}",
        "ca_path": "",
        "platform": "",
    }
    sim.world.set_backup(next(iter(sim.world.clusters.values())), "STARTED")
    second = list(sim.world.projects)[2]
    listed = inventories.list(environment(sim), options, "--extra-vars", f"second={second}")
    assert_listed(listed, 8)
    assert set(listed.group("project_Project_01")) == {
        f"cluster-{number}.project_01" for number in ("00", "01", "02", "09")
    }
    assert listed.group("sharded") == ["cluster-09.project_01", "cluster-09.project_02"]
    # A number, or its digits where Jinja knows no others.
    days = Counter(str(values["retention_keep_daily"]) for values in listed.hosts.values())
    assert days == {"14": 6, "30": 2}

    graph = inventories.playbooks.ansible(
        "ansible-inventory",
        "-i",
        str(inventories.file({"project_id": second, "keyed_groups": [{"key": "cluster_type", "separator": ""}]})),
        "--graph",
        environment=environment(sim),
    )
    assert graph.status == 0
    assert "@SHARDED:\n  |  |--Project_02.cluster-09" in graph.stdout


@pytest.mark.parametrize(("platform", "asked"), [("atlas", 3), ("ops_manager", 3)])
def test_one_project_lists_no_others(inventories: Inventories, simulator: Start, platform: Any, asked: int) -> None:
    """Given by its variable; has_legacy_snapshots costs a request for each of its clusters."""
    sim = simulator(seeds.company(3, 4, platform=platform))
    project = list(sim.world.projects)[1]
    cluster = list(sim.world.clusters.values())[5]
    sim.world.add_snapshot(cluster, sim.world.clock.epoch - 1000, sim.world.clock.epoch + 10**6)
    variable = "MONGODB_ATLAS_PROJECT_ID" if platform == "atlas" else "MCLI_PROJECT_ID"
    own = environment(sim, **{variable: project})
    assert_listed(inventories.list(own), 4)
    assert sim.log.requests == 1 + asked
    sim.reset_log()
    listed = inventories.list(own, {"has_legacy_snapshots": True})
    assert_listed(listed, 1)
    assert listed.hosts[f"Project_01.{cluster.name}"]["has_legacy_snapshots"] is True
    assert sim.log.requests == 1 + asked + 4


def test_a_project_that_refuses(inventories: Inventories, simulator: Start) -> None:
    """A failure that names it, or a warning that names it; and what is not whole never gets into the cache."""
    sim = simulator(seeds.company(3, 2))
    second = list(sim.world.projects)[1]
    sim.faults.add("error", path=f"{second}/clusters", code="USER_UNAUTHORIZED", times=None)
    text = refused(inventories.list(environment(sim)))
    for part in (f"Project 'Project 01' ({second})", "401 USER_UNAUTHORIZED", "set on_project_error to warn"):
        assert part in text

    folder = inventories.playbooks.folder / "cache"
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(folder)}
    tolerant = {**cached, "on_project_error": "warn"}
    listed = inventories.list(environment(sim), tolerant)
    assert len(listed.hosts) == 4
    (warning,) = [line for line in re.split(r"\[WARNING\]: ", listed.said) if line]
    assert f"the clusters of project 'Project 01' ({second}) are missing" in warning
    assert list(folder.iterdir()) == []

    sim.faults.clear()
    assert_listed(inventories.list(environment(sim), tolerant), 6)
    sim.faults.add("access_list", path="/clusters", times=None)
    # From the cache.
    assert_listed(inventories.list(environment(sim), tolerant), 6)
    shutil.rmtree(folder)
    text = refused(inventories.list(environment(sim), tolerant))
    assert "No project could be read" in text
    assert "is not on the API access list" in text


def test_waiting_is_told_and_so_are_empty_fleets(inventories: Inventories, simulator: Start) -> None:
    sim = simulator(seeds.company(2, 2))
    sim.faults.add("rate_limited", path="/clusters", retry_after=1)
    listed = inventories.list(environment(sim))
    assert len(listed.hosts) == 4
    assert re.search(r"waited \d s in 1 retry; last: 429", listed.said)
    nothing = inventories.list(environment(sim), {"include_clusters": ["nothing"]})
    assert nothing.run.status == 0
    assert "4 clusters were found in 2 projects, and the options leave none" in nothing.said
    filtered = inventories.list(environment(sim), {"filters": ["cluster_type is none"]})
    assert "filters leaves none of 4 clusters" in filtered.said


def test_projects_on_another_platform(inventories: Inventories, simulator: Start) -> None:
    """Where the service lists those too they are left out, with a warning; none but those is an error."""
    sim = simulator(seeds.company(1, 1))
    sim.world.add_project("Bank", "ops_manager")
    sim.switch(foreign_projects="listed")
    listed = inventories.list(environment(sim))
    assert (listed.run.status, len(listed.hosts)) == (0, 1)
    assert re.search(
        r"the clusters of project 'Bank' \([0-9a-f]{24}\) are left out, since it is on another", listed.said
    )
    own = environment(sim)
    del sim.world.projects[sim.world.main.project_id]
    assert "sees projects on another platform only" in refused(inventories.list(own))


# --- no cluster is left out without a word ---


def test_what_is_odd_is_a_warning_also_from_the_cache(inventories: Inventories, simulator: Start) -> None:
    """A count that differs, and an Atlas that no longer knows the legacy backup; by option, the count is an error."""
    sim = simulator(seeds.company(2, 2))
    sim.switch(cluster_count="one_more", clusters_version="newer")
    folder = inventories.playbooks.folder / "cache"
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(folder)}
    for _run in range(2):
        listed = inventories.list(environment(sim), cached)
        assert len(listed.hosts) == 4
        assert listed.said.count("has 3 clusters by its own count, and 2 are listed") == 2
        assert listed.said.count("does not serve version 2023-01-01") == 1
    assert sim.log.requests == 1 + 1 + 1 + 2
    strict = {**cached, "on_count_mismatch": "{{ 'fail' }}"}
    text = refused(inventories.list(environment(sim), strict))
    assert text.count("has 3 clusters by its own count, and 2 are listed") >= 2
    assert "set on_count_mismatch to warn" in text


def test_ops_manager_as_it_was_seen(inventories: Inventories, simulator: Start) -> None:
    """A sharded cluster with a shardName, parts with backup configurations, a deployment that is gone."""
    sim = simulator(seeds.ops_manager())
    sim.switch(whole_shard_name="present", part_configs="present")
    archive = sim.world.cluster("archive")
    archive.gone = True
    listed = inventories.list(environment(sim))
    assert_listed(listed, 4)
    assert set(listed.hosts) == {"Billing.invoices", "Billing.ledger", "Billing.scratch", f"Billing.{archive.id}"}
    assert listed.hosts["Billing.ledger"]["cluster_type"] == "SHARDED"
    # It can be read as it is.
    play = {
        "hosts": f"Billing.{archive.id}",
        "gather_facts": False,
        "tasks": [
            {
                "name": "read",
                f"{NAMESPACE}.legacy_snapshot_info": {
                    name: f"{{{{ {name} }}}}" for name in ("project_id", "cluster_id", "cluster_name")
                },
            }
        ],
    }
    run = inventories.playbooks.run([play], inventory=inventories.file(), environment=environment(sim))
    assert run.status == 0, run.output
    assert run.named("read").result["total"] == len(archive.snapshots)
    sim.switch(monitoring="off")
    listed = inventories.list(environment(sim), {"backup_status": ["STARTED"]})
    assert {values["backup_status"] for values in listed.hosts.values()} == {None}
    assert len(listed.hosts) == 3
    assert "the states of the backups in project 'Billing'" in listed.said


# --- one cluster, one host ---


def test_two_sources_never_make_two_hosts_of_one_cluster(inventories: Inventories, simulator: Start) -> None:
    """Nor one host of two clusters. The source that comes second is refused; the same name from both is fine."""
    sim = simulator(seeds.company(1, 2))
    first = inventories.file({}, "a.clusters.yml")
    same = inventories.file({"include_clusters": ["cluster-01"]}, "b.clusters.yml")
    assert_listed(inventories.list(environment(sim), None, "-i", str(same), path=first), 2)
    renamed = inventories.file({"hostname": "{{ cluster_id }}"}, "c.clusters.yml")
    strict = environment(sim, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    text = refused(inventories.list(strict, None, "-i", str(renamed), path=first))
    assert "Two hosts would be one cluster: " in text
    assert "'Project_00.cluster-00' of another inventory source" in text
    other = simulator(seeds.company(1, 1, platform="ops_manager", seed="another"))
    owner = other.world.keys["owner"]
    there = {
        "platform": "ops_manager",
        "base_url": other.url,
        "public_key": owner.id,
        "private_key": owner.secret,
    }
    elsewhere = inventories.file(there, "d.clusters.yml")
    text = refused(inventories.list(strict, None, "-i", str(elsewhere), path=first))
    assert "Two clusters would be the host 'Project_00.cluster-00'" in text


# --- names of hosts are names of files ---


def test_facts_are_gathered_and_kept(inventories: Inventories, simulator: Start) -> None:
    """ansible-runner, and so AWX, always sets a cache of facts with a file for each host; --tree does too."""
    sim = simulator(seeds.company(1, 1))
    world = sim.world
    world.add_cluster(next(iter(world.projects.values())), "archive")
    facts = inventories.playbooks.folder / "facts"
    play = {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"name": "facts", "ansible.builtin.setup": {"gather_subset": "!all,!min,env"}}],
    }
    own = environment(sim, ANSIBLE_CACHE_PLUGIN="ansible.builtin.jsonfile", ANSIBLE_CACHE_PLUGIN_CONNECTION=str(facts))
    source = inventories.file({"hostname": "{{ project_name }}/{{ cluster_name }}"})
    run = inventories.playbooks.run([play], inventory=source, environment=own)
    assert run.status == 0, run.output
    assert {path.name.removeprefix("s1_") for path in facts.iterdir()} == {
        "Project_00_cluster-00",
        "Project_00_archive",
    }
    shutil.rmtree(facts)
    run = inventories.playbooks.run([play], inventory=inventories.file(), environment=own)
    assert run.status == 0, run.output
    assert {path.name.removeprefix("s1_") for path in facts.iterdir()} == {
        "Project_00.cluster-00",
        "Project_00.archive",
    }


# --- caches ---


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"a": 1}', '{"entries": [1], "remarks": []}', "\udc80\udcff"])
def test_a_damaged_cache_is_read_anew_in_the_same_run(inventories: Inventories, simulator: Start, damage: str) -> None:
    sim = simulator(seeds.company(1, 2))
    folder = inventories.playbooks.folder / "cache"
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(folder)}
    assert_listed(inventories.list(environment(sim), cached), 2)
    (kept,) = folder.iterdir()
    good = kept.read_text(encoding="utf-8")
    kept.write_text(damage, encoding="utf-8", errors="surrogateescape")
    sim.reset_log()
    listed = inventories.list(environment(sim), cached)
    assert listed.run.status == 0, listed.run.output
    assert len(listed.hosts) == 2
    assert sim.log.requests > 0
    # And it is mended.
    assert json.loads(kept.read_text(encoding="utf-8")) == json.loads(good)
    sim.reset_log()
    assert_listed(inventories.list(environment(sim), cached), 2)
    assert sim.log.requests == 0


# --- one text, once ---


def test_an_error_is_told_once(inventories: Inventories, simulator: Start) -> None:
    """Where this plugin alone is enabled, as the documentation says."""
    sim = simulator(seeds.company(1, 1))
    alone = environment(sim, "stranger", ANSIBLE_INVENTORY_ENABLED=f"{NAMESPACE}.clusters")
    text = refused(inventories.list(alone))
    assert text.count("The key sees no project") == text.count("Failed to parse") == 1
    wrong: dict[str, dict[str, Any]] = {
        "mars": {"platform": "mars"},
        "Could not set x": {"strict": True, "compose": {"x": "nowhere.at_all"}},
        "the template of private_key": {"private_key": "{{ nowhere }}"},
    }
    alone = environment(sim, ANSIBLE_INVENTORY_ENABLED=f"{NAMESPACE}.clusters")
    for part, options in wrong.items():
        text = refused(inventories.list(alone, options))
        assert text.count(part) == text.count("Failed to parse") == 1


# --- what names may do ---

HOSTILE = ("{{ 7*7 }}", "{{ lookup('pipe', 'touch PROOF') }}", 'Bob\'s "shop" & söhne', "{% raw %}")


def test_names_are_never_rendered(inventories: Inventories, simulator: Start) -> None:
    """In a play, and on the way of AWX: what ansible-inventory prints, read again by another Ansible."""
    folder = inventories.playbooks.folder
    proof = folder / "proof"
    names = [name.replace("PROOF", str(proof)) for name in HOSTILE]
    sim = simulator(seeds.company(0, 0, platform="ops_manager"))
    for name in names:
        project = sim.world.add_project(name, "ops_manager")
        sim.world.add_cluster(project, name)
    shown = "{{ [inventory_hostname, inventory_hostname_short, project_name, cluster_name, twice] | to_json }}"
    play = {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"name": "show", "ansible.builtin.debug": {"msg": shown}},
            {"name": "python", "ansible.builtin.command": "echo {{ ansible_python_interpreter | quote }}"},
        ],
    }
    options = {
        "compose": {"twice": "cluster_name ~ project_name"},
        "keyed_groups": [{"key": "project_name", "prefix": "p"}],
        "strict": True,
    }
    run = inventories.playbooks.run([play], inventory=inventories.file(options), environment=environment(sim))
    listed = inventories.list(environment(sim), options)
    script = folder / "hosts.sh"
    script.write_text(f"#!/bin/sh\ncat <<'END'\n{listed.run.stdout}\nEND\n", encoding="utf-8")
    script.chmod(0o755)
    through = inventories.playbooks.run([play], inventory=script)

    for one in (run, through):
        assert one.status == 0, one.output
        assert one.warnings == []
        told = [task.result["msg"] for task in one.tasks if task.name == "show"]
        told = [row if isinstance(row, list) else json.loads(row) for row in told]
        assert sorted(row[2] for row in told) == sorted(names)
        assert sorted(row[3] for row in told) == sorted(names)
        assert sorted(row[4] for row in told) == sorted(name * 2 for name in names)
        assert not set("{}'\"&% ") & set("".join(row[0] for row in told))
        assert len({task.result["stdout"] for task in one.tasks if task.name == "python"}) == 1
    assert not proof.exists()
    assert not Path("PROOF").exists()


# --- what cannot be used ---


UNUSABLE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "an option that is not there": (
        {"exclude_cluster": ["x"]},
        ("There is no option exclude_cluster. The options are api_version,", "exclude_clusters"),
    ),
    "a choice that is not there": ({"private_key": SECRET, "platform": "mars"}, ("mars", "platform", "ops_manager")),
    "half a key": ({"private_key": SECRET}, ("private_key is given as an option and public_key is not",)),
    "both": ({"projects": ["a"], "project_id": "f" * 24}, ("Give projects or project_id, not both.",)),
    "no projects": ({"projects": []}, ("projects is an empty list",)),
    "a project that is not seen": ({"projects": ["Project 1"]}, ("'Project 1'", "It sees: Project 00.")),
    "two of one name": ({}, ("would be the host 'Project_00.cluster_00'", "Set hostname to a template")),
    "no filter": ({"filters": ["cluster_nam == 'x'"]}, ("filters: \"cluster_nam == 'x'\" cannot be evaluated",)),
    "half a filter": ({"filters": ["cluster_name"]}, ("'cluster_name' is neither true nor false",)),
    "no template": ({"private_key": "{{ nowhere }}"}, ("the template of private_key cannot be rendered",)),
    "a key that is a list": (
        {"private_key": [SECRET], "public_key": "pub"},
        ("private_key is a list, and a key is one text.",),
    ),
    "a key that is a dictionary": (
        {"public_key": "pub", "private_key": "{{ {'key': '" + SECRET + "'} }}"},
        ("private_key is a dictionary, and a key is one text.",),
    ),
    "a proxy that is a list": ({"proxy": [f"http://u:{SECRET}@proxy"]}, ("proxy is a list, and has to be a text.",)),
    "no name": ({"hostname": "{{ nowhere }}"}, ("hostname cannot be rendered for cluster",)),
    "another cluster by compose": (
        {"compose": {"cluster_id": "'5' * 24", "x": "1"}},
        ("compose sets cluster_id, which say which cluster a host is.",),
    ),
    "strict": (
        {"hostname": "{{ cluster_id }}", "strict": True, "compose": {"x": "nowhere.at_all"}},
        ("Could not set x",),
    ),
}


def test_what_cannot_be_used_is_told(inventories: Inventories, simulator: Start) -> None:
    """A file for each, all in one run: none of them makes a host."""
    sim = simulator(seeds.company(1, 2))
    (project,) = sim.world.projects.values()
    for name in ("cluster 00", "cluster_00"):
        sim.world.add_cluster(project, name)
    files = [
        inventories.file(options, f"{number}.clusters.yml")
        for number, (options, _texts) in enumerate(UNUSABLE.values())
    ]
    files.append(inventories.file(name="mongodb.yml"))
    sources = [text for file in files[1:] for text in ("-i", str(file))]
    text = refused(inventories.list(environment(sim), None, *sources, path=files[0]))
    for name, (_options, parts) in UNUSABLE.items():
        for part in parts:
            assert part in text, name
    assert "must end in clusters.yml or clusters.yaml" in text
    assert SECRET not in text


def test_credentials_that_cannot_be_used(inventories: Inventories, simulator: Start) -> None:
    sim = simulator(seeds.company(1, 1))
    half = environment(sim, MONGODB_ATLAS_PUBLIC_API_KEY="")
    assert "MONGODB_ATLAS_PUBLIC_API_KEY is not" in refused(inventories.list(half))
    assert "The key sees no project" in refused(inventories.list(environment(sim, "stranger")))


def test_a_key_that_is_no_text_is_refused_without_its_value(inventories: Inventories, simulator: Start) -> None:
    sim = simulator(seeds.company(1, 1))
    for value, kind in ((["canary-of-a-key", "x"], "list"), ({"key": "canary-of-a-key"}, "dictionary")):
        listed = inventories.list(environment(sim), {"public_key": "a", "private_key": value}, "-vvvv")
        assert f"private_key is a {kind}, and a key is one text" in refused(listed)
        assert "canary-of-a-key" not in listed.run.output


def test_an_address_where_nobody_listens_fails_fast_and_warns_at_once(
    inventories: Inventories, simulator: Start
) -> None:
    sim = simulator(seeds.company(1, 1))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    begun = time.monotonic()
    listed = inventories.list(environment(sim, MONGODB_ATLAS_BASE_URL=address))
    text = refused(listed)
    assert time.monotonic() - begun < 20
    assert "Nobody listens there: check base_url, its port, and proxy. It is tried again." in text
    assert "It was tried 3 times: retry_timeout is for a service that has answered before." in text


def test_a_missing_requests_says_what_to_do(inventories: Inventories, simulator: Start) -> None:
    sim = simulator(seeds.company(1, 1))
    shim = inventories.playbooks.folder / "shim"
    shim.mkdir()
    (shim / "requests.py").write_text("raise ImportError(\"No module named 'requests'\")\n")
    text = refused(inventories.list(environment(sim, PYTHONPATH=str(shim))))
    assert "Failed to import the required Python library (requests)" in text
    assert "'s Python /" in text
    assert "In an execution environment it belongs to the Python requirements" in text
    assert sim.log.requests == 0


def test_nothing_is_left_of_an_inventory_that_failed(inventories: Inventories, simulator: Start) -> None:
    """Ansible itself goes on: a host that was made before the error would pass for the fleet."""
    sim = simulator(seeds.company(1, 3))
    options = {"strict": True, "compose": {"x": "[1, 2][cluster_name[-1] | int]"}}
    own = {**environment(sim), "ANSIBLE_INVENTORY_UNPARSED_FAILED": "false"}
    listed = inventories.list(own, options)
    assert listed.run.status == 0
    assert listed.hosts == {}
    assert "Could not set x for host Project_00.cluster-02" in listed.said
    # What the documentation has people set.
    play = {"hosts": "all", "gather_facts": False, "tasks": []}
    strict = {**own, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    assert inventories.playbooks.run([play], inventory=inventories.file(options), environment=own).status == 0
    assert inventories.playbooks.run([play], inventory=inventories.file(options), environment=strict).status != 0


# --- secrets ---


@pytest.mark.parametrize("who", ["owner", "service_account"])
def test_no_output_shows_a_secret(inventories: Inventories, simulator: Start, who: str) -> None:
    """At the highest verbosity, of a listing that succeeds, and of one whose server repeats all it was sent."""
    sim = simulator(seeds.company(2, 2))
    account = sim.world.keys[who]
    pair = ("public_key", "private_key") if account.kind == "key" else ("client_id", "client_secret")
    options = {
        pair[0]: account.id,
        pair[1]: "{{ lookup('ansible.builtin.env', 'HIDDEN') }}",
        "base_url": sim.url,
        "platform": "atlas",
    }
    seen: list[str] = []

    def note(call: Call) -> None:
        seen.append(call.authorization)

    sim.faults.before(note, times=None, authorised=True)
    good = inventories.list({"HIDDEN": account.secret}, options, "-vvvvv")
    sim.faults.add("echo", path="/clusters", times=None)
    bad = inventories.list({"HIDDEN": account.secret}, {**options, "on_project_error": "warn"}, "-vvvvv")
    assert len(good.hosts) == 4
    assert "VALIDATION_ERROR" in bad.said
    sim.faults.clear()
    repeated = {"id": sim.world.main.id, "name": account.secret, "clusterType": "REPLICASET"}
    sim.faults.add("answer", path="/clusters", times=None, status=200, body=json.dumps({"results": [repeated]}))
    failing = {"HIDDEN": account.secret, "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true"}
    hostile = refused(inventories.list(failing, options, "-vvvvv"))
    assert "with a secret of ours in a name" in hostile
    forbidden = {account.secret, *sim.api.auth.tokens.given}
    forbidden |= {text for one in seen for text in re.findall(r'(?:response|cnonce)="([^"]+)"', one)}
    forbidden |= {one.partition(" ")[2] for one in seen if not one.startswith("Digest")}
    assert len(seen) > 4
    for secret in forbidden:
        assert secret not in good.run.output
        assert secret not in bad.run.output
        assert secret not in hostile


def test_a_vaulted_key(inventories: Inventories, simulator: Start) -> None:
    sim = simulator(seeds.company(1, 1))
    folder, owner = inventories.playbooks.folder, sim.world.keys["owner"]
    (folder / "password").write_text("open", encoding="utf-8")
    vault = inventories.playbooks.ansible(
        "ansible-vault",
        "encrypt_string",
        "--vault-password-file",
        "password",
        owner.secret,
        "--name",
        "private_key",
    )
    path = inventories.file({"public_key": owner.id, "base_url": sim.url})
    path.write_text(path.read_text(encoding="utf-8") + vault.stdout, encoding="utf-8")
    listed = inventories.list({}, None, "--vault-password-file", "password", path=path)
    assert_listed(listed, 1)
    assert owner.secret not in listed.run.output


# --- documentation ---


def test_the_examples_run(inventories: Inventories, simulator: Start, collections: Path) -> None:
    """As they stand, but for ids and addresses."""
    path = collections.joinpath("ansible_collections", *NAMESPACE.split("."), "plugins", "inventory", "clusters.py")
    (text,) = (
        str(ast.literal_eval(node.value))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "EXAMPLES"
    )
    everything, some, leftovers = re.split(r"^---$", text, flags=re.MULTILINE)[1:]

    sim = simulator(seeds.demo())
    assert_listed(inventories.list(atlas_environment(sim), path=written(inventories, everything)), 1)
    left = leftovers.replace("/var/cache/ansible/clusters", str(inventories.playbooks.folder / "cache"))
    listed = inventories.list(atlas_environment(sim), path=written(inventories, left))
    assert list(listed.hosts) == ["catalogue.Museum"]

    own = simulator(seeds.demo(), https=True)
    owner = own.world.keys["owner"]
    bank = next(project for project in own.world.projects.values() if project.name == "Bank")
    for old, new in {
        "https://opsmanager.example.com:8443": own.url,
        "/etc/pki/tls/certs/internal-ca.pem": str(own.ca_path),
        "abcdefgh": owner.id,
        "5e2211c17a3e5a48f5497de3": bank.id,
    }.items():
        some = some.replace(old, new)
    listed = inventories.list({"OPS_MANAGER_PRIVATE_KEY": owner.secret}, path=written(inventories, some))
    assert_listed(listed, 1)
    assert listed.group("sharded") == listed.group("project_Bank") == ["Bank.ledger"]
    assert str(listed.hosts["Bank.ledger"]["retention_keep_daily"]) == "30"


def written(inventories: Inventories, text: str) -> Path:
    path = inventories.playbooks.folder / "clusters.yaml"
    path.write_text(text, encoding="utf-8")
    return path
