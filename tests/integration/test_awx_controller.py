# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of AWX made by the real modules of awx.awx, on a stand-in for the controller: `test_awx_objects.py` has
the rules."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tools.awx_collection import awx_collection
from tools.awx_data import CANARIES, PLACE, REPOSITORY, SETTINGS
from tools.controller import READ_TOKEN, Controller
from tools.playbooks import NAMESPACE, Playbooks, Run, warned

TEMPLATES = ("audit", "plan", "apply", "retention")
ACCOUNT = {
    "legacy_backup_credential_type": "service_account",
    "legacy_backup_credential_inputs": {"client_id": "mdb_sa_id_1", "client_secret": "a-canary-of-accounts"},
}
# As few keys as the controller asks for: it fills in the rest, which a second run must not take for a change.
WEBHOOK = {
    "legacy_backup_notification_type": "webhook",
    "legacy_backup_notification_configuration": {
        **{"url": "https://hooks.example.com/1", "username": "us", "password": "a-canary-of-hooks"},
    },
}
EMAIL = {
    "legacy_backup_notification_type": "email",
    "legacy_backup_notification_configuration": {
        **{"host": "mail.example.com", "port": 25, "username": "us", "password": "a-canary-of-mail"},
        **{"use_tls": True, "use_ssl": False, "sender": "us@example.com", "recipients": ["them@example.com"]},
    },
}


class Awx:
    """Runs of the playbook against the stand-in, with the collection awx.awx."""

    def __init__(self, playbooks: Playbooks, controller: Controller) -> None:
        self.playbooks, self.controller = playbooks, controller
        self.collections = os.pathsep.join([str(playbooks.collections), str(awx_collection())])

    def run(self, *arguments: str, playbook: str = f"{NAMESPACE}.awx", token: str = "", **more: Any) -> Run:
        self.controller.requests.clear()
        # Pipelined, since a run has about thirty modules.
        told = {"ANSIBLE_COLLECTIONS_PATH": self.collections, "ANSIBLE_PIPELINING": "1"}
        environment = {**self.controller.environment, **told}
        environment.update({"CONTROLLER_OAUTH_TOKEN": token} if token else {})
        settings = json.dumps({**SETTINGS, **more})
        return self.playbooks.run(playbook, "-e", settings, *arguments, environment=environment)

    def assert_unchanged(self, **more: Any) -> Run:
        """Check mode finds nothing to change, and is content to read. (Every request that would write is a change.)"""
        check = self.run("--check", token=READ_TOKEN, **more)
        assert (check.status, changed(check), self.controller.writes) == (0, set(), []), check.output
        return check

    def assert_done(self, **more: Any) -> None:
        """A second run changes nothing, and neither would a third."""
        again = self.run(**more)
        assert (again.status, changed(again), self.controller.writes) == (0, set(), []), again.output
        self.assert_unchanged(**more)


@pytest.fixture
def made(playbooks: Playbooks) -> Iterator[Awx]:
    """A controller that knows the project's repository and the execution environment, and has no objects of ours."""
    with Controller({REPOSITORY: playbooks.collections / PLACE / "templates" / "project"}) as controller:
        name = SETTINGS["legacy_backup_execution_environment"]
        controller.add("execution_environments", name=name, image="registry.example.com/ee:1")
        yield Awx(playbooks, controller)


def changed(run: Run) -> set[str]:
    """The tasks that changed something."""
    return {task.name for task in run.tasks if task.result.get("changed")}


def schedules(controller: Controller) -> dict[str, bool]:
    """Which templates of the default prefix have a schedule, and whether it is enabled."""
    by_id = {
        item["id"]: item["name"]
        for kind in ("job_templates", "workflow_job_templates")
        for item in controller.items[kind].values()
    }
    found = controller.of("schedules", "Legacy backup nightly")
    return {by_id[one["unified_job_template"]].rpartition(" ")[2]: one["enabled"] for one in found}


def test_create_again_and_check(made: Awx) -> None:
    controller, empty = made.controller, made.controller.state()

    # On an empty controller check mode says what it would make, and stops where nothing can be referred to.
    check = made.run("--check", token=READ_TOKEN, legacy_backup_credential_inputs={})
    assert (check.status, controller.writes, controller.state()) == (0, [], empty), check.output
    assert changed(check) == {
        f"Make the {what}" for what in ("credential types", "project", "inventory", "notification templates")
    }
    told = check.named("Say what cannot be tried in check mode").message
    assert "Objects that do not exist yet: MongoDB API key, " in told
    assert check.named("Say what is to be done by hand").message.startswith("No credential is attached. Make one")

    create = made.run("-v")
    assert (create.status, warned(create)) == (0, []), create.output
    assert_made(controller)
    assert [secret for secret in CANARIES if secret in create.output] == []
    assert not [task for task in create.tasks if task.name == "Say what was not compared" and task.status == "ok"]

    after = controller.state()
    again = made.run(token=READ_TOKEN)
    assert (again.status, changed(again), again.recap("localhost")["changed"]) == (0, set(), 0), again.output
    assert controller.state() == after
    made.assert_unchanged()
    not_compared = again.named("Say what was not compared").message
    assert "does not show secrets: Legacy backup api key, Legacy backup notifications. To send" in not_compared

    # What is to change is said, and not done.
    other = made.run("--check", legacy_backup_slices=7, legacy_backup_approval_timeout=60)
    assert (other.status, controller.writes, controller.state()) == (0, [], after)
    assert changed(other) == {"Make the job templates", "Make the nodes of the workflow"}


def assert_made(controller: Controller) -> None:
    """All objects are there and refer to each other as they should."""
    assert {kind: len(held) for kind, held in controller.items.items() if held} == {
        **{"organizations": 1, "execution_environments": 1, "credential_types": 2, "credentials": 1, "projects": 1},
        **{"project_updates": 1, "inventories": 1, "inventory_sources": 1, "inventory_updates": 1},
        **{"notification_templates": 1, "job_templates": 4, "workflow_job_templates": 1},
        **{"workflow_job_template_nodes": 5, "workflow_approval_templates": 1, "schedules": 1},
    }
    for name in TEMPLATES:
        template = controller.named("job_templates", f"Legacy backup {name}")
        assert (template["playbook"], template["job_type"]) == (f"{name}.yml", "check" if name == "audit" else "run")
        assert (
            template["execution_environment"] == controller.named("execution_environments", "with the collection")["id"]
        )
        assert template["ask_variables_on_launch"] is False
        assert controller.related("job_templates", template["name"], "credentials") == {"Legacy backup api key"}
        assert controller.survey("job_templates", template["name"])["spec"]
        for when in ("success", "error"):
            told = controller.related("job_templates", template["name"], f"notification_templates_{when}")
            assert told == {"Legacy backup notifications"}
    # Jobs follow the branch, and are not kept waiting for more than one sync an hour.
    project = controller.named("projects", "Legacy backup project")
    assert (project["scm_branch"], project["scm_update_on_launch"], project["scm_update_cache_timeout"]) == (
        "main",
        True,
        3600,
    )
    source = controller.named("inventory_sources", "Legacy backup clusters")
    assert (source["source"], source["source_path"], source["status"]) == ("scm", "clusters.yml", "successful")
    assert source["credential"] == controller.named("credentials", "Legacy backup api key")["id"]
    inventory = controller.named("inventories", "Legacy backup clusters")
    assert json.loads(inventory["variables"]) == SETTINGS["legacy_backup_variables"]
    assert schedules(controller) == {"audit": True}
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


def test_what_earlier_settings_have_made_does_not_go_on(made: Awx) -> None:
    """Of each object whose identity has a setting in it, at most one is left or in use."""
    controller = made.controller
    first: dict[str, Any] = {
        **WEBHOOK,
        "legacy_backup_schedule_template": "retention",
        "legacy_backup_scm_revision": "v1.2.0",
    }
    assert made.run(**first).status == 0
    assert schedules(controller) == {"retention": True}
    project = controller.named("projects", "Legacy backup project")
    assert (project["scm_branch"], project["scm_update_on_launch"], project["scm_update_cache_timeout"]) == (
        "v1.2.0",
        False,
        0,
    )
    made.assert_done(**first)

    second: dict[str, Any] = {**ACCOUNT, **EMAIL, "legacy_backup_schedule_template": "workflow"}
    switched = made.run(**second)
    assert (switched.status, schedules(controller)) == (0, {"workflow": True}), switched.output
    assert [one["scm_branch"] for one in controller.items["projects"].values()] == ["main"]
    assert [one["notification_type"] for one in controller.items["notification_templates"].values()] == ["email"]
    for name in TEMPLATES:
        attached = controller.related("job_templates", f"Legacy backup {name}", "credentials")
        assert attached == {"Legacy backup service account"}
    account = controller.named("credentials", "Legacy backup service account")["id"]
    assert controller.named("inventory_sources", "Legacy backup clusters")["credential"] == account
    left = switched.named("Say which credential of an earlier run is left").message
    assert left.startswith('The credential "Legacy backup api key" of an earlier run is no longer attached')
    made.assert_done(**second)

    none: dict[str, Any] = {
        **ACCOUNT,
        **{"legacy_backup_notification_type": "", "legacy_backup_notification_configuration": {}},
        "legacy_backup_schedule_enabled": False,
    }
    # A second set of objects, of which the first knows nothing: what runs of the first is told.
    other = made.run(**none, legacy_backup_prefix="Other")
    told = other.named("Say which other schedules of this collection are enabled").message
    assert told.startswith("Of another prefix or organization, and enabled too: Legacy backup nightly.")

    off = made.run(**none)
    assert (off.status, schedules(controller)) == (0, {"audit": False}), off.output
    assert controller.items["notification_templates"] == {}
    workflow = ("workflow_job_templates", "Legacy backup workflow", "notification_templates_approvals")
    assert controller.related(*workflow) == set()


def test_secrets_are_sent_again_only_when_asked(made: Awx) -> None:
    controller = made.controller
    assert made.run().status == 0

    def kept() -> tuple[Any, Any]:
        credential = controller.named("credentials", "Legacy backup api key")
        told = controller.named("notification_templates", "Legacy backup notifications")["notification_configuration"]
        return credential["inputs"]["private_key"], told["token"]

    inputs = {**SETTINGS["legacy_backup_credential_inputs"], "private_key": "another-key"}
    slack = {**SETTINGS["legacy_backup_notification_configuration"], "token": "another-token"}
    new: dict[str, Any] = {"legacy_backup_credential_inputs": inputs, "legacy_backup_notification_configuration": slack}
    made.assert_unchanged(**new)
    assert kept() == CANARIES[::2][:2]

    sent = made.run(**new, legacy_backup_update_secrets=True)
    assert (sent.status, changed(sent)) == (0, {"Make the credential", "Make the notification templates"})
    assert kept() == ("another-key", "another-token")
    assert not [task for task in sent.tasks if task.name == "Say what was not compared" and task.status == "ok"]

    # What can be read is compared, and does not take the secrets along.
    moved: dict[str, Any] = {
        "legacy_backup_notification_configuration": {**slack, "channels": ["#others"], "token": "a-third-token"},
        "legacy_backup_credential_inputs": {**inputs, "public_key": "efgh", "private_key": "a-third-key"},
    }
    other = made.run(**moved)
    assert (other.status, changed(other)) == (0, {"Make the credential", "Make the notification templates"}), (
        other.output
    )
    assert kept() == ("another-key", "another-token")
    assert controller.named("credentials", "Legacy backup api key")["inputs"]["public_key"] == "efgh"


def test_a_sync_that_failed_is_made_again(playbooks: Playbooks) -> None:
    with Controller({}) as controller:
        made = Awx(playbooks, controller)
        controller.add("execution_environments", name=SETTINGS["legacy_backup_execution_environment"], image="x")
        failed = made.run()
        assert failed.status == 2
        told = failed.named("Say why the project was not synced").message
        assert 'The project "Legacy backup project" could not be synced: ' in told
        assert f"fatal: repository '{REPOSITORY}' not found" in told
        assert "legacy_backup_scm_url" in told
        # The same again: the module of the project finds nothing to change, and the sync fails for the same reason.
        again = made.run()
        assert (
            f"fatal: repository '{REPOSITORY}' not found" in again.named("Say why the project was not synced").message
        )

        # Without capacity nothing begins, and the playbook ends all the same.
        controller.projects[REPOSITORY] = playbooks.collections / PLACE / "templates" / "project"
        controller.has_capacity = False
        waiting = made.run(legacy_backup_sync_timeout=1)
        assert waiting.status == 2
        assert "aborted due to timeout" in waiting.named("Say why the project was not synced").message

        controller.has_capacity = True
        controller.inventory_error = "ERROR! No credentials: give public_key\nmore"
        unread = made.run()
        assert unread.status == 2
        told = unread.named("Say why the inventory was not synced").message
        reason = "could not be synced: The inventory_update failed. ERROR! No credentials: give public_key Jobs fail"
        assert told.startswith(f'All objects are there, and the inventory "Legacy backup clusters" {reason} until')
        assert schedules(controller) == {"audit": True}

        controller.inventory_error = ""
        assert made.run().status == 0

        # What is to be switched off is so first, whatever fails afterwards.
        nowhere = made.run(legacy_backup_scm_url="https://git.example.com/none", legacy_backup_schedule_enabled=False)
        assert (nowhere.status, schedules(controller)) == (2, {"audit": False})


def test_why_a_credential_type_is_refused(made: Awx) -> None:
    controller = made.controller
    no_admin = made.run(token=READ_TOKEN)
    assert no_admin.status == 2
    told = no_admin.named("Say why a credential type was refused").message
    assert '"MongoDB API key" could not be made or changed: ' in told
    assert told.endswith("use a token of one, with write scope, in CONTROLLER_OAUTH_TOKEN.")

    assert made.run().status == 0
    controller.named("credential_types", "MongoDB API key")["inputs"] = {"fields": []}
    frozen = made.run()
    assert frozen.status == 2
    told = frozen.named("Say why a credential type was refused").message
    assert "the controller refuses to change the inputs of a type that credentials use. Rename the type" in told


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
    assert 'legacy_backup_scm_url must be the address of the project\'s repository (it is "")' in refused
    assert '(it is "password")' in refused
