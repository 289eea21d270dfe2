# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX and Automation Platform run the collection in: built from its own metadata, and no more than it needs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import ansiblelint
import jsonschema
import pytest
import yaml

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from tools.artefact import build
from tools.environment import atlas_environment, bare_environment
from tools.playbooks import NAMESPACE, Playbooks, options, play, task

# What of an installed collection is run; all else is for people and for tools.
RUNS = {"meta", "plugins", "roles", "playbooks"}
ROLE = f"{NAMESPACE}.retention"
POLICY = {"retention_keep_last": "8", "retention_stale_after": "off"}


def builder(*arguments: str, folder: Path) -> str:
    """What ansible-builder says; it makes no image here, which takes a container engine."""
    command = [str(Path(sys.executable).parent / "ansible-builder"), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def installed_at(collections: Path) -> Path:
    return collections.joinpath("ansible_collections", *NAMESPACE.split("."))


@pytest.fixture
def bare(collections: Path, tmp_path: Path) -> Path:
    """A collections path with what is run and nothing else."""
    for name in RUNS:
        shutil.copytree(installed_at(collections) / name, installed_at(tmp_path / "bare") / name)
    return tmp_path / "bare"


def test_an_environment_gets_requests_and_nothing_else(collections: Path, tmp_path: Path) -> None:
    needed = yaml.safe_load(builder("introspect", str(collections), folder=tmp_path))
    assert [line.split()[0] for line in needed["python"]] == ["requests>=2.28.0"]
    assert needed["system"] == []


def example(collections: Path, folder: Path) -> Path:
    """The folder with the definitions, as somebody copies it; both agree with the schema."""
    shutil.copytree(installed_at(collections) / "docs" / "awx", folder)
    schema = Path(ansiblelint.__file__).parent / "schemas" / "execution-environment.json"
    for path in folder.glob("*.yml"):
        definition = yaml.safe_load(path.read_text(encoding="utf-8"))
        jsonschema.validate(definition, json.loads(schema.read_text(encoding="utf-8")))
        assert definition["version"] == 3
    return folder


def test_the_definition_of_what_is_released(collections: Path, tmp_path: Path) -> None:
    """Builder makes of it a context that installs this collection."""
    builder("create", "--context", str(tmp_path / "context"), folder=example(collections, tmp_path / "example"))

    wanted = yaml.safe_load((tmp_path / "context" / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert [one["name"] for one in wanted["collections"]] == [NAMESPACE]
    version = yaml.safe_load((installed_at(collections) / "MANIFEST.json").read_text(encoding="utf-8"))
    assert wanted["collections"][0]["version"].startswith(f">={version['collection_info']['version'].split('.')[0]}.")
    # No package of Python's or the system's beyond what the collection's own metadata ask for.
    assert not (tmp_path / "context" / "_build" / "requirements.txt").exists()
    assert not (tmp_path / "context" / "_build" / "bindep.txt").exists()


def test_the_definition_of_a_checkout(collections: Path, tmp_path: Path) -> None:
    """Its context has all that it installs."""
    definition = "execution-environment-checkout.yml"
    folder = example(collections, tmp_path / "example")
    shutil.copy(build(tmp_path / "built"), folder / "mongodb_ops-legacy_backup.tar.gz")
    builder("create", "-f", definition, "--context", str(tmp_path / "context"), folder=folder)

    # As the image's file does it: COPY _build /build, WORKDIR /build.
    arguments = ("collection", "install", "-r", "requirements.yml", "--offline", "--collections-path", str(tmp_path))
    command = [str(Path(sys.executable).parent / "ansible-galaxy"), *arguments]
    place, told = tmp_path / "context" / "_build", bare_environment(tmp_path)
    done = subprocess.run(command, cwd=place, env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (installed_at(tmp_path) / "plugins" / "modules" / "legacy_snapshot.py").is_file()


def hosts_of(sim: Simulator, folder: Path) -> dict[str, dict[str, Any]]:
    """One cluster a host, with the files that a job leaves to the next."""
    (folder / "reports").mkdir()
    plan = str(folder / "plan.json")
    connection = options(sim)
    target = {key: connection.pop(key) for key in ("project_id", "cluster_name")}
    reports = {"retention_report_dir": str(folder / "reports"), "retention_plan_file": plan}
    approved = {
        "retention_approved_plan": plan,
        "retention_approved_digest": "{{ (lookup('ansible.builtin.file', retention_plan_file) | from_json).digest }}",
    }
    return {"cluster": {**target, **POLICY, **reports, **approved}}


def test_it_works_with_what_is_run_alone(bare: Path, simulator: Start, tmp_path: Path) -> None:
    """Each module, each entry of the role, each playbook that works on clusters."""
    sim = simulator(seeds.fleet(1, 12))
    playbooks = Playbooks(tmp_path, bare)
    environment = {
        **atlas_environment(sim),
    }
    files = {path.stem: path for path in (installed_at(bare) / "playbooks").glob("*.yml")}
    chain = ["audit", "plan", "apply", "retention"]
    assert {name for name, path in files.items() if f"{ROLE}\n" in path.read_text(encoding="utf-8")} == set(chain)
    entries = yaml.safe_load((installed_at(bare) / "roles/retention/meta/argument_specs.yml").read_text("utf-8"))
    assert set(entries["argument_specs"]) == {"main", *chain} - {"retention"}

    run = playbooks.run(
        f"{NAMESPACE}.audit",
        *(f"{NAMESPACE}.{name}" for name in chain[1:]),
        inventory=hosts_of(sim, tmp_path),
        environment=environment,
    )

    assert (run.status, run.warnings) == (0, []), run.output
    assert [entry.method for entry in sim.log.done_writes] == ["DELETE"] * 4
    assert {path.suffix for path in (tmp_path / "reports").iterdir()} == {".html", ".json", ".csv"}
    index = playbooks.run(f"{NAMESPACE}.report_index", "-e", f"retention_report_dir={tmp_path / 'reports'}")
    assert (index.status, (tmp_path / "reports" / "index.html").exists()) == (0, True), index.output
    newest = sim.world.snapshots(sim.world.main)[0].id
    tasks = [
        task("list", "legacy_snapshot_info"),
        task("hold", "legacy_snapshot", {"snapshot_id": newest, "do_not_delete": True}),
    ]
    modules = playbooks.run([play(tasks, options(sim))])
    assert (modules.status, modules.warnings) == (0, []), modules.output
    assert {path.stem for path in (installed_at(bare) / "plugins" / "modules").glob("leg*.py")} == {
        one.action.rpartition(".")[2] for one in modules.tasks
    }
