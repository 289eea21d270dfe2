# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of AWX: by its own rules, by the role's, and made by the real modules of awx.awx on a stand-in for it."""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    OPTION_KEYS,
    POLICY_KEYS,
    parse_options,
    parse_policy,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError
from dateutil.rrule import rrulestr
from jinja2 import ChainableUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tools import awx, awx_rules
from tools.awx_collection import awx_collection
from tools.awx_data import PLACE, shipped_objects
from tools.controller import Controller
from tools.playbooks import NAMESPACE, Playbooks, Run, warned
from tools.tree import ROOT

REPOSITORY = "https://git.example.com/backups.git"
SETTINGS: dict[str, Any] = {
    "legacy_backup_scm_url": REPOSITORY,
    "legacy_backup_scm_branch": "main",
    "legacy_backup_execution_environment": "with requests",
    "legacy_backup_credential_inputs": {
        "service": "ops-manager",
        "public_key": "abcd",
        "private_key": "a-canary-of-keys",
    },
    "legacy_backup_variables": {"retention_keep_within": "2d", "retention_stale_after": "off"},
    "legacy_backup_notification_type": "slack",
    "legacy_backup_notification_configuration": {"token": "a-canary-of-slack", "channels": ["#backups"]},
}
CANARIES = ("a-canary-of-keys", "a-canary-of-slack")
# The entry point of the role that each template's playbook runs.
ENTRIES = {"audit": "audit", "plan": "plan", "apply": "apply", "retention": "main"}


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory, collections: Path) -> dict[str, Any]:
    """What is shipped, with settings. Not to be changed."""
    return shipped_objects(Playbooks(tmp_path_factory.mktemp("objects"), collections), **SETTINGS)


# --- the modules ---


class Awx:
    """Runs of the playbook against the stand-in, with the collection awx.awx."""

    def __init__(self, playbooks: Playbooks, controller: Controller) -> None:
        self.playbooks, self.controller = playbooks, controller
        self.collections = os.pathsep.join([str(playbooks.collections), str(awx_collection())])

    def run(self, *arguments: str, playbook: str = f"{NAMESPACE}.awx", **more: Any) -> Run:
        self.controller.requests.clear()
        environment = {**self.controller.environment, "ANSIBLE_COLLECTIONS_PATH": self.collections}
        settings = json.dumps({**SETTINGS, **more})
        return self.playbooks.run(playbook, "-e", settings, *arguments, environment=environment)


def changed(run: Run) -> set[str]:
    """The tasks that changed something."""
    return {task.name for task in run.tasks if task.result.get("changed")}


def test_create_again_and_check(playbooks: Playbooks) -> None:
    project = playbooks.collections / PLACE / "templates" / "project"
    with Controller({REPOSITORY: project}) as controller:
        controller.add("execution_environments", name="with requests", image="registry.example.com/ee:1")
        made, empty = Awx(playbooks, controller), controller.state()

        # On an empty controller check mode says what it would make, and stops where nothing can be referred to.
        check = made.run("--check", legacy_backup_credential_inputs={})
        assert (check.status, controller.writes, controller.state()) == (0, [], empty), check.output
        assert changed(check) == {
            f"Make the {what}" for what in ("credential types", "project", "inventory", "notification templates")
        }
        assert "Not there yet: MongoDB API key, " in check.named("Say what was not tried").message
        assert check.named("Say what is to be done by hand").message.startswith("No credential is attached: make one")

        create = made.run("-v")
        assert (create.status, warned(create)) == (0, []), create.output
        assert_made(controller)
        assert [secret for secret in CANARIES if secret in create.output] == []

        after = controller.state()
        again = made.run()
        assert (again.status, changed(again), again.recap("localhost")["changed"]) == (0, set(), 0), again.output
        assert (controller.writes, controller.state()) == ([], after)

        # What is to change is said, and not done.
        other = made.run("--check", legacy_backup_slices=7, legacy_backup_approval_timeout=60)
        assert (other.status, controller.writes, controller.state()) == (0, [], after)
        assert changed(other) == {"Make the job templates", "Make the nodes of the workflow"}


def assert_made(controller: Controller) -> None:
    """All objects are there and refer to each other as they should."""
    assert {kind: len(held) for kind, held in controller.items.items() if held} == {
        **{"organizations": 1, "execution_environments": 1, "credential_types": 2, "credentials": 1, "projects": 1},
        **{"project_updates": 1, "inventories": 1, "inventory_sources": 1, "notification_templates": 2},
        **{"job_templates": 4, "workflow_job_templates": 1, "workflow_job_template_nodes": 5},
        **{"workflow_approval_templates": 1, "schedules": 1},
    }
    for name in ENTRIES:
        template = controller.named("job_templates", f"Legacy backup {name}")
        assert (template["playbook"], template["job_type"]) == (f"{name}.yml", "check" if name == "audit" else "run")
        assert template["execution_environment"] == controller.named("execution_environments", "with requests")["id"]
        assert template["ask_variables_on_launch"] is False
        assert controller.related("job_templates", template["name"], "credentials") == {"Legacy backup api key"}
        assert controller.survey("job_templates", template["name"])["spec"]
    source = controller.named("inventory_sources", "Legacy backup clusters")
    assert (source["source"], source["source_path"]) == ("scm", "clusters.yml")
    assert source["credential"] == controller.named("credentials", "Legacy backup api key")["id"]
    inventory = controller.named("inventories", "Legacy backup clusters")
    assert json.loads(inventory["variables"]) == SETTINGS["legacy_backup_variables"]
    schedule = controller.named("schedules", "Legacy backup nightly")
    assert schedule["unified_job_template"] == controller.named("job_templates", "Legacy backup audit")["id"]
    approval = controller.named("workflow_approval_templates", "Legacy backup approval")
    assert controller.named("workflow_job_template_nodes", "approval")["unified_job_template"] == approval["id"]
    nodes = "workflow_job_template_nodes"
    chain = ["audit", "plan", "approval", "apply", "verify"]
    assert {name: controller.related(nodes, name, "success_nodes") for name in chain} == {
        name: {follower} - {""} for name, follower in zip(chain, [*chain[1:], ""], strict=True)
    }
    assert {
        name: controller.related(nodes, name, f"{edge}_nodes") for name in chain for edge in ("failure", "always")
    } == {name: set() for name in chain}


def test_a_misspelt_option_fails(playbooks: Playbooks) -> None:
    """So that a run that succeeds says that the options are those of the modules."""
    place = playbooks.folder / "playbooks"
    shutil.copytree(playbooks.collections / PLACE, place)
    tasks = place / "tasks" / "awx_objects.yml"
    tasks.write_text(tasks.read_text(encoding="utf-8").replace("    injectors:", "    injector:"), encoding="utf-8")
    with Controller({}) as controller:
        run = Awx(playbooks, controller).run(playbook=str(place / "awx.yml"))
        assert (run.status, controller.writes) == (2, [])
        assert "Unsupported parameters" in run.output
        assert "injector" in run.output


def test_without_the_collection_or_the_address_it_says_what_is_missing(playbooks: Playbooks) -> None:
    run = playbooks.run(f"{NAMESPACE}.awx", "-e", json.dumps(SETTINGS))
    assert run.status != 0
    assert "(ansible-galaxy collection install awx.awx)" in run.stdout.rpartition("TASK [")[2]
    assert "couldn't resolve module/action 'awx.awx." in run.output
    run = playbooks.run(f"{NAMESPACE}.awx", "-e", "legacy_backup_credential_type=password")
    refused = run.named("Refuse settings that cannot be used").message
    assert 'legacy_backup_scm_url has to be the address of the project\'s repository (it is "")' in refused
    assert '(it is "password")' in refused


# --- the rules ---


def test_credential_types_are_as_awx_wants_them(objects: dict[str, Any]) -> None:
    for one in objects["legacy_backup_credential_types"]:
        assert awx_rules.credential_type_errors(one) == {}
        fields = {field["id"]: field for field in one["inputs"]["fields"]}
        assert set(one["inputs"]["required"]) <= set(fields)
        secret = {name for name, field in fields.items() if field.get("secret")}
        assert secret == {name for name in fields if "private" in name or "secret" in name}
        # Each field goes to one variable, and extra_vars, which an inventory update does not get, are not used.
        assert set(one["injectors"]) <= {"env", "file"}
        used = [set(re.findall(r"[a-z_]+", template)) & set(fields) for template in one["injectors"]["env"].values()]
        assert sorted(name for names in used for name in names) == sorted(fields)


def test_credentials_render_to_whole_families(objects: dict[str, Any], tmp_path: Path) -> None:
    key, account = objects["legacy_backup_credential_types"]
    blank = awx.rendered(key, {"service": "ops-manager", "public_key": "a", "private_key": "b"}, tmp_path / "blank")
    assert blank == {
        **{"MCLI_SERVICE": "ops-manager", "MCLI_PUBLIC_API_KEY": "a", "MCLI_PRIVATE_API_KEY": "b"},
        **{"MCLI_PROJECT_ID": "", "MCLI_OPS_MANAGER_URL": "", "MCLI_OPS_MANAGER_SKIP_VERIFY": ""},
        "MCLI_OPS_MANAGER_CA_CERTIFICATE": "",
    }
    # The file is there all the same: an empty one, which nothing points to.
    assert [path.read_text(encoding="utf-8") for path in (tmp_path / "blank" / "env").iterdir()] == [""]
    full = awx.rendered(key, {"ca_certificate": "-----BEGIN\n", "skip_verify": True}, tmp_path / "full")
    assert Path(full["MCLI_OPS_MANAGER_CA_CERTIFICATE"]).read_text(encoding="utf-8") == "-----BEGIN\n"
    assert full["MCLI_OPS_MANAGER_SKIP_VERIFY"] == "yes"
    assert awx.rendered(account, {"client_id": "a", "client_secret": "b", "base_url": "c"}, tmp_path) == {
        **{"MONGODB_ATLAS_CLIENT_ID": "a", "MONGODB_ATLAS_CLIENT_SECRET": "b"},
        **{"MONGODB_ATLAS_PROJECT_ID": "", "MONGODB_ATLAS_BASE_URL": "c"},
    }


def surveyed(objects: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All that have a survey, by the last word of their names."""
    found = [*objects["legacy_backup_job_templates"], *objects["legacy_backup_workflows"]]
    return {one["name"].split()[-1]: one for one in found}


def test_surveys_are_as_awx_and_the_role_want_them(objects: dict[str, Any]) -> None:
    specs = yaml.safe_load((ROOT / "roles/retention/meta/argument_specs.yml").read_text(encoding="utf-8"))[
        "argument_specs"
    ]
    every = {name: about for entry in specs.values() for name, about in entry["options"].items()}
    for name, one in surveyed(objects).items():
        assert awx_rules.survey_error(one["survey_spec"]) == ""
        # Nothing is sent of what nobody answers, so that the variables of a host are not hidden.
        assert awx.survey_defaults(one) == {}
        options = every if name == "workflow" else specs[ENTRIES[name]]["options"]
        for question in one["survey_spec"]["spec"]:
            assert question["required"] is False
            assert_agrees(question, options[question["variable"]])


def assert_agrees(question: dict[str, Any], about: dict[str, Any]) -> None:
    """A question and the argument of the role: type, choices, limits and default are the same."""
    variable, kind = question["variable"], question["type"]
    default = about["default"]
    if default not in ("", []) and "{{" not in str(default):
        told = question["question_description"].partition("Blank is ")[2]
        assert told.rpartition(" ")[2] == f"{str(default).lower() if default is False else default}."
    if kind == "text":
        assert question["min"] >= 1  # else a blank would be sent
        assert about["type"] in ("str", "raw")
    else:
        assert about["type"] == "raw"  # of a type of its own a blank would be refused
    key = variable.removeprefix("retention_")
    if kind == "integer" and key not in OPTION_KEYS:
        assert f"{question['min']} to {question['max']}" in " ".join(about["description"])
    elif kind == "integer":
        assert accepted(key, question["min"])
        assert accepted(key, question["max"])
        assert not accepted(key, question["min"] - 1)
        assert not accepted(key, question["max"] + 1)
    if kind == "multiplechoice" and key == "method":
        assert question["choices"] == re.findall(r"V\((\w+)\)", " ".join(about["description"]))[:2]
        assert all(accepted(key, choice) for choice in question["choices"])
    elif kind == "multiplechoice":
        assert question["choices"] == ["true", "false"]
        assert "switch" in " ".join(about["description"])
    if key in POLICY_KEYS:
        example = re.search(r"such as (\w+)\.", question["question_description"])
        assert example is not None
        assert parse_policy({key: example.group(1)}).rules
        assert awx.refused_answer(question, example.group(1)) == ""


def accepted(key: str, value: Any) -> bool:
    """Whether the role's filter takes a value of an option."""
    try:
        parse_options({key: value}, parse_policy({"keep_within": "1d"}))
    except RefusedError:
        return False
    return True


def test_what_a_template_runs_is_in_the_project(objects: dict[str, Any], playbooks: Playbooks) -> None:
    project = playbooks.collections / PLACE / "templates" / "project"
    offered = awx_rules.playbooks_in(project)
    assert {one["playbook"] for one in objects["legacy_backup_job_templates"]} == set(offered)
    for name in offered:
        (play,) = yaml.safe_load((project / name).read_text(encoding="utf-8"))
        assert play["ansible.builtin.import_playbook"] == f"{NAMESPACE}.{Path(name).stem}"
    (source,) = objects["legacy_backup_inventory_sources"]
    assert (
        yaml.safe_load((project / source["source_path"]).read_text(encoding="utf-8"))["plugin"]
        == f"{NAMESPACE}.clusters"
    )
    wanted = yaml.safe_load((project / "collections" / "requirements.yml").read_text(encoding="utf-8"))
    assert wanted == {"collections": [{"name": NAMESPACE}]}


def test_only_what_reads_runs_by_itself(objects: dict[str, Any]) -> None:
    (schedule,) = objects["legacy_backup_schedules"]
    assert schedule["unified_job_template"] == "Legacy backup audit"
    assert awx_rules.rrule_errors(schedule["rrule"]) == {}
    begin = datetime(2026, 3, 28, tzinfo=timezone.utc)
    nights = list(islice(rrulestr(schedule["rrule"].replace(" ", "\n")).xafter(begin), 3))
    assert [f"{night:%m-%d %H:%M}" for night in nights] == ["03-28 03:30", "03-29 03:30", "03-30 03:30"]


def test_the_nodes_ask_only_for_what_templates_take(objects: dict[str, Any]) -> None:
    """AWX drops what neither a survey asks for nor a template prompts for; so verify would not fail."""
    (workflow,) = objects["legacy_backup_workflows"]
    templates = surveyed(objects)
    for node in workflow["simplified_workflow_nodes"]:
        for variable, value in node.get("extra_data", {}).items():
            questions = {one["variable"]: one for one in templates["audit"]["survey_spec"]["spec"]}
            assert node["unified_job_template"] == templates["audit"]["name"]
            assert awx.refused_answer(questions[variable], value) == ""
            # The workflow's answers would beat it.
            assert variable not in {one["variable"] for one in workflow["survey_spec"]["spec"]}


def test_notifications_say_one_line_of_the_artifact(objects: dict[str, Any]) -> None:
    audit, jobs = objects["legacy_backup_notification_templates"]
    assert awx_rules.message_errors(audit["messages"]) == awx_rules.message_errors(jobs["messages"]) == {}
    counts, findings = {"to_delete": 3, "to_extend": 1}, [{"code": "gap", "text": "x"}]
    entry = {"counts": counts, "gaps": 2, "findings": findings, "cluster_name": "orders"}
    artifacts = {
        "retention_audit_1": {**entry, "guard": {"blocked": True}},
        "retention_audit_2": {**entry, "cluster_name": "ledger", "findings": [], "guard": {"blocked": False}},
        "retention_plan_1": "{}",
    }
    job = {"name": "Legacy backup audit", "id": 7, "status": "failed", "artifacts": artifacts}
    environment = ImmutableSandboxedEnvironment(undefined=ChainableUndefined)

    def said(**about: Any) -> str:
        return environment.from_string(audit["messages"]["error"]["message"]).render(
            job={**job, **about}, url="https://x/7"
        )

    assert said() == (
        "Legacy backup audit 7 failed. 2 clusters audited, 6 snapshots to delete, 2 to extend, 4 gaps; "
        "findings: orders; blocked: orders. https://x/7"
    )
    assert said(artifacts={}).endswith("0 gaps; findings: none; blocked: none. https://x/7")


# --- infra.aap_configuration ---


def test_controller_variables_are_the_same_objects(objects: dict[str, Any]) -> None:
    names = {
        "credential_types": "credential_types",
        "notifications": "notification_templates",
        "credentials": "credentials",
        "projects": "projects",
        "inventories": "inventories",
        "inventory_sources": "inventory_sources",
        "templates": "job_templates",
        "workflows": "workflows",
        "schedules": "schedules",
    }
    assert {name for name in objects if name.startswith("controller_")} == {f"controller_{name}" for name in names}
    for theirs, ours in names.items():
        given = json.dumps(objects[f"controller_{theirs}"])
        assert "{{" not in given
        assert "{%" not in given
        # As its roles do: regex_replace('{  {', '{_~~remove~~_{') and then without the mark.
        assert json.loads(given.replace("{  {", "{{")) == objects[f"legacy_backup_{ours}"]


def test_each_key_of_an_object_is_an_option_that_the_playbook_passes_on(objects: dict[str, Any]) -> None:
    """What is misspelt in the data would else be left out without a word."""
    tasks = yaml.safe_load((ROOT / "playbooks/tasks/awx_objects.yml").read_text(encoding="utf-8"))
    passed: dict[str, set[str]] = {}
    for task in tasks:
        for module, options in task.items():
            if module.startswith("awx.awx."):
                passed.setdefault(module.removeprefix("awx.awx."), set()).update(options)
    passed["workflow_job_template"].add("simplified_workflow_nodes")
    modules = {
        "credential_types": "credential_type",
        "credentials": "credential",
        "projects": "project",
        "inventories": "inventory",
        "inventory_sources": "inventory_source",
        "notification_templates": "notification_template",
        "job_templates": "job_template",
        "workflows": "workflow_job_template",
        "schedules": "schedule",
    }
    for kind, module in modules.items():
        assert {key for one in objects[f"legacy_backup_{kind}"] for key in one} == passed[module]
    (workflow,) = objects["legacy_backup_workflows"]
    nodes = {key for node in workflow["simplified_workflow_nodes"] for key in node}
    assert nodes | {"workflow_job_template", "organization"} == passed["workflow_job_template_node"]
