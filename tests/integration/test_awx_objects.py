# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of AWX by its own rules, and by the role's. `test_awx_controller.py` makes them."""

from __future__ import annotations

import json
import re
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
from tools.awx_data import PLACE, SETTINGS, shipped_objects
from tools.playbooks import NAMESPACE, Playbooks
from tools.tree import ROOT

# The entry point of the role that each template's playbook runs.
ENTRIES = {"audit": "audit", "plan": "plan", "apply": "apply", "retention": "main"}


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory, collections: Path) -> dict[str, Any]:
    """What is shipped, with settings. Not to be changed."""
    return shipped_objects(Playbooks(tmp_path_factory.mktemp("objects"), collections), **SETTINGS)


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


def test_inputs_of_a_released_type_never_change(objects: dict[str, Any]) -> None:
    """AWX refuses other inputs for a type in use, so other inputs need another name, and an entry here."""
    released = yaml.safe_load((Path(__file__).parent / "released_inputs.yml").read_text(encoding="utf-8"))
    shipped = {one["name"]: one["inputs"] for one in objects["legacy_backup_credential_types"]}
    assert shipped == {name: released.get(name) for name in shipped}


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
        told = question["question_description"].partition("If blank: ")[2]
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
    assert {one["playbook"] for one in objects["legacy_backup_job_templates"]} <= set(offered)
    for name in offered:
        (play,) = yaml.safe_load((project / name).read_text(encoding="utf-8"))
        assert play["ansible.builtin.import_playbook"] == f"{NAMESPACE}.{Path(name).stem}"
    (source,) = objects["legacy_backup_inventory_sources"]
    assert (
        yaml.safe_load((project / source["source_path"]).read_text(encoding="utf-8"))["plugin"]
        == f"{NAMESPACE}.clusters"
    )
    # The image holds the collection. With requirements here, jobs would run another release than inventory updates.
    assert not (project / "collections").exists()


def test_only_what_reads_runs_by_itself(objects: dict[str, Any]) -> None:
    (schedule,) = [one for one in objects["legacy_backup_schedules"] if one["state"] == "present"]
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


# --- notifications ---

ENTRY = {
    **{"project_id": "5e22", "cluster_id": "c1", "cluster_name": "orders", "gaps": 2, "digest": "d" * 64},
    "findings": [{"code": "gap", "text": "x"}],
    "guard": {"blocked": True, "reasons": []},
}
JOB: dict[str, Any] = {
    **{"name": "Legacy backup audit", "id": 7, "status": "failed"},
    "artifacts": {
        "retention_audit_1": {**ENTRY, "counts": {"to_delete": 3, "to_extend": 1, "kept": 5, "failed": 0}},
        "retention_audit_2": {
            **{**ENTRY, "cluster_name": None, "findings": [], "guard": {"blocked": False}, "digest": None},
            "counts": {"to_delete": 3, "to_extend": 1},
        },
        "retention_plan_1": "{}",
    },
}


def said(objects: dict[str, Any], place: str, *events: str, **about: Any) -> str:
    """The message or the body of an event, as AWX renders it."""
    (template,) = objects["legacy_backup_notification_templates"]
    assert awx_rules.message_errors(template["messages"]) == {}
    texts = template["messages"]
    for event in events:
        texts = texts[event]
    environment = ImmutableSandboxedEnvironment(undefined=ChainableUndefined)
    return environment.from_string(texts[place]).render(
        job={**JOB, **about},
        url="https://x/7",
        approval_status="approved",
        approval_node_name='Legacy "backup"',
        workflow_url="https://x/8",
    )


def test_notifications_say_one_line_of_the_artifacts(objects: dict[str, Any]) -> None:
    line = (
        "Legacy backup audit 7 failed. 2 clusters. To delete: 6. To extend: 2. Deleted: 0. Extended: 0. Failed: 0."
        " Gaps: 4. Findings: orders. Blocked: orders. https://x/7"
    )
    assert [said(objects, place, "error") for place in ("message", "body")] == [line, line]
    none = said(objects, "message", "success", artifacts={})
    assert none.startswith("Legacy backup audit 7 failed. 0 clusters. To delete: 0.")
    assert none.endswith("Gaps: 0. Findings: none. Blocked: none. https://x/7")
    assert said(objects, "message", "workflow_approval", "running").startswith('Legacy "backup": approved. ')


def test_a_webhook_gets_json(tmp_path: Path, collections: Path) -> None:
    """AWX sends an empty object for a body that is none, and counts it as a success."""
    hooked = {"legacy_backup_notification_type": "webhook", "legacy_backup_notification_configuration": {"url": "x"}}
    objects = shipped_objects(Playbooks(tmp_path, collections), **{**SETTINGS, **hooked})
    name = 'A "name" \\ of <one>'
    body = awx_rules.webhook_body(said(objects, "body", "success", name=name))
    assert (body["job"], body["id"], body["state"], body["url"]) == (name, 7, "failed", "https://x/7")
    assert body["clusters"] == [JOB["artifacts"][name] for name in ("retention_audit_1", "retention_audit_2")]
    # Of a workflow the controller hands no artifacts on.
    assert awx_rules.webhook_body(said(objects, "body", "error", artifacts=None))["clusters"] == []
    for event in ("running", "approved", "timed_out", "denied"):
        approval = awx_rules.webhook_body(said(objects, "body", "workflow_approval", event))
        assert approval == {"approval": 'Legacy "backup"', "state": "approved", "url": "https://x/8"}
    assert awx_rules.webhook_body(said(objects, "message", "success")) == {}


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
    waiting = yaml.safe_load((ROOT / "playbooks/tasks/awx_objects.yml").read_text(encoding="utf-8"))
    passed: dict[str, set[str]] = {}
    while waiting:
        task = waiting.pop()
        waiting += task.get("block", [])
        for module, options in task.items():
            if module.startswith("awx.awx."):
                passed.setdefault(module.removeprefix("awx.awx."), set()).update(options)
    passed["workflow_job_template"].add("simplified_workflow_nodes")
    # How the playbook works, and not what the objects are.
    passed["project"].remove("wait")
    passed["notification_template"].remove("state")
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
