# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX as far as a job meets it: credentials, surveys, artifacts, workflows, and what ansible-runner is given.

Shaped after AWX 24.6; each function names the place there. Nothing here knows of this collection.
Slices are in `tools.slices`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shlex
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tools.environment import bare_environment
from tools.measured import coverage_environment

Hosts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Job:
    """What became of one job. `events` are ansible-runner's, in order; `artifacts` what set_stats left."""

    status: str
    rc: int
    stdout: str
    artifacts: dict[str, Any]
    events: tuple[dict[str, Any], ...]

    @property
    def succeeded(self) -> bool:
        return self.status == "successful"

    def results(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Hosts and results of the events of a kind, such as `runner_on_failed`."""
        for event in self.events:
            if event["event"] == kind:
                yield event["event_data"]["host"], event["event_data"]["res"]

    @property
    def failures(self) -> dict[str, str]:
        """The message of each host that failed."""
        return {host: str(result.get("msg", "")) for host, result in self.results("runner_on_failed")}

    @property
    def changed(self) -> dict[str, int]:
        """How many tasks changed something, by host; hosts that changed nothing are not named."""
        (stats,) = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        return dict(stats["changed"])


# --- credentials ---


def rendered(credential_type: Mapping[str, Any], inputs: Mapping[str, Any], private_data_dir: Path) -> dict[str, str]:
    """The variables that a credential gives to a job; files go to `env/` (CredentialType.inject_credential).

    Every template is rendered, also of fields that are blank. A blank field is not in the namespace; a boolean that is
    not given is False.
    """
    fields = {one["id"]: one for one in credential_type["inputs"]["fields"]}
    namespace: dict[str, Any] = {
        name: value for name, value in inputs.items() if name in fields and (isinstance(value, bool) or value)
    }
    for name, one in fields.items():
        if one.get("type") == "boolean":
            namespace.setdefault(name, False)
    namespace["tower"] = SimpleNamespace()
    environment = ImmutableSandboxedEnvironment()
    for label, template in credential_type["injectors"].get("file", {}).items():
        path = _written_file(environment.from_string(template).render(namespace), private_data_dir / "env")
        if "." not in label:
            namespace["tower"].filename = path
            continue
        if not hasattr(namespace["tower"], "filename"):
            namespace["tower"].filename = SimpleNamespace()
        setattr(namespace["tower"].filename, label.split(".")[1], path)
    return {
        name: environment.from_string(template).render(namespace)
        for name, template in credential_type["injectors"].get("env", {}).items()
    }


def _written_file(text: str, folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    handle, path = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return path


# --- artifacts and variables ---


def merged(*artifacts: Mapping[str, Any]) -> dict[str, Any]:
    """The artifacts of several jobs in one (get_effective_artifacts, WorkflowJobNode.get_job_kwargs)."""
    return {key: value for one in artifacts for key, value in one.items()}


def survey_defaults(template: Mapping[str, Any]) -> dict[str, Any]:
    """What a survey sends for what nobody answered (SurveyJobTemplateMixin._update_unified_job_kwargs).

    Of a question without a default nothing is sent, and nothing of one whose default breaks its own limits: so a text
    with a least length is not sent when it is blank.
    """
    if not template.get("survey_enabled"):
        return {}
    questions = template["survey_spec"]["spec"]
    return {
        one["variable"]: one["default"]
        for one in questions
        if one.get("default") is not None and not refused_answer(one, one["default"])
    }


def refused_answer(question: Mapping[str, Any], value: Any) -> str:
    """Why AWX does not take an answer, or "" (SurveyJobTemplateMixin._survey_element_validation)."""
    kind, least, most = question["type"], question.get("min"), question.get("max")
    if kind in ("text", "textarea", "password"):
        if not isinstance(value, str):
            return "not a string"
        measure: float = len(value)
    elif kind in ("integer", "float"):
        if type(value) not in ((int,) if kind == "integer" else (int, float)):
            return "not a number"
        measure = value
    else:
        choices = question["choices"].splitlines() if isinstance(question["choices"], str) else question["choices"]
        given = value if kind == "multiselect" else [value]
        return "" if isinstance(given, list) and set(given) <= set(choices) else "not a choice"
    if least not in ("", None) and measure < int(least):
        return "too small"
    return "too large" if most not in ("", None) and measure > int(most) else ""


def launch_variables(
    template: Mapping[str, Any],
    answers: Mapping[str, Any] | None = None,
    artifacts: Mapping[str, Any] | None = None,
    workflow: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The extra variables of a job: the template's, the survey's defaults, the answers (of the launch, or the node's
    extra_data), the artifacts of the jobs before, the workflow's; each beats those before it."""
    return merged(
        template.get("extra_vars", {}), survey_defaults(template), answers or {}, artifacts or {}, workflow or {}
    )


# --- workflows ---

Outcome = tuple[bool, Mapping[str, Any]]


def walk(nodes: Sequence[Mapping[str, Any]], run: Callable[[Mapping[str, Any], dict[str, Any]], Outcome]) -> list[str]:
    """Run a workflow's nodes in their order; return the identifiers of those that ran.

    `run(node, artifacts)` gets the artifacts of all nodes before it and says whether it succeeded, and its own. A node
    runs once, after the first of its parents that leads to it; that is all that workflows without joins need.
    """
    by_name = {node["identifier"]: node for node in nodes}
    children = {
        name: {edge: [one["identifier"] for one in node.get("related", {}).get(edge, [])] for edge in _EDGES}
        for name, node in by_name.items()
    }
    led_to = {child for edges in children.values() for found in edges.values() for child in found}
    waiting: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in by_name if name not in led_to]
    ran: list[str] = []
    while waiting:
        name, artifacts = waiting.pop(0)
        if name in ran:
            continue
        succeeded, own = run(by_name[name], artifacts)
        ran.append(name)
        followers = children[name]["success_nodes" if succeeded else "failure_nodes"] + children[name]["always_nodes"]
        waiting += [(follower, merged(artifacts, own)) for follower in followers]
    return ran


_EDGES = ("success_nodes", "failure_nodes", "always_nodes")


# --- jobs ---


@dataclass(frozen=True)
class Runner:
    """Runs jobs as AWX has them run: each in a private data directory of its own, by ansible-runner.

    `project` is a checkout of the project; `collections` is what the execution environment holds, and `synced` what the
    project's sync has installed by its collections/requirements.yml.
    """

    folder: Path
    collections: Path
    project: Path
    synced: Path | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def private_data_dir(self) -> Path:
        """A new one, to render credentials into before `run`."""
        path = self.folder / f"job-{next(self._numbers)}"
        for name in ("env", "inventory"):
            (path / name).mkdir(parents=True)
        (path / "project").symlink_to(self.project, target_is_directory=True)
        return path

    def run(
        self,
        template: Mapping[str, Any],
        hosts: Hosts,
        variables: Mapping[str, Any],
        environment: Mapping[str, str],
        private_data_dir: Path | None = None,
        inventory_variables: Mapping[str, Any] | None = None,
        job_type: str | None = None,
    ) -> Job:
        """One job of a template, on these hosts. Several may run at once."""
        place = private_data_dir or self.private_data_dir()
        number = int(place.name.rpartition("-")[2])
        write_inventory(place, hosts, inventory_variables or {})
        own = template.get("extra_vars", {})
        (place / "env" / "extravars").write_text(extra_vars_file({**variables, **_meta(template, number)}, own))
        (place / "env" / "cmdline").write_text(shlex.join(_arguments(template, job_type)))
        told = {**environment, "JOB_ID": str(number), "INVENTORY_ID": "1", "PROJECT_REVISION": "0" * 40}
        (place / "env" / "envvars").write_text(json.dumps(told))
        runner = [sys.executable, "-m", "ansible_runner", "run", str(place), "--playbook", template["playbook"]]
        done = subprocess.run(
            [*runner, "--ident", "job", "--quiet"],
            cwd=place,
            env=self._environment("ANSIBLE_COLLECTIONS_PATH"),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return _finished(place / "artifacts" / "job", done.stdout + done.stderr)

    def update(
        self, source: Mapping[str, Any], environment: Mapping[str, str], private_data_dir: Path
    ) -> dict[str, dict[str, Any]]:
        """The hosts that an inventory source gives (RunInventoryUpdate), by its file in the project and variables."""
        command = ["ansible-inventory", "--list", "--export", "-i", source["source_path"], "--playbook-dir", "."]
        strict = dict.fromkeys(
            ("ANSIBLE_INVENTORY_UNPARSED_FAILED", "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"), "True"
        )
        done = subprocess.run(
            command,
            cwd=private_data_dir / "project",
            # AWX 24.6.1 sets the old name alone, which ansible-core 2.19 does not read.
            env={
                **self._environment("ANSIBLE_COLLECTIONS_PATHS"),
                **{**strict, **environment, "INVENTORY_UPDATE_ID": "1"},
            },
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the inventory update failed:\n{done.stdout}{done.stderr}")
        return dict(json.loads(done.stdout)["_meta"]["hostvars"])

    def _environment(self, variable: str) -> dict[str, str]:
        """That of the container. The variable names what the sync has installed before what the image holds."""
        bare = bare_environment(self.folder)
        image = Path(bare["HOME"]) / ".ansible" / "collections"
        image.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileExistsError):
            image.symlink_to(self.collections, target_is_directory=True)
        places = [str(self.synced), str(image)] if self.synced else []
        return {**bare, **({variable: os.pathsep.join(places)} if places else {}), **coverage_environment()}


def write_inventory(private_data_dir: Path, hosts: Hosts, variables: Mapping[str, Any]) -> None:
    """The inventory as a script (BaseTask.write_inventory_file, Inventory.get_script_data)."""
    data = {
        "all": {"hosts": sorted(hosts), **({"vars": dict(variables)} if variables else {})},
        "_meta": {"hostvars": {name: dict(values) for name, values in hosts.items()}},
    }
    script = private_data_dir / "inventory" / "hosts"
    script.write_text(f"#! {sys.executable}\nprint({json.dumps(data)!r})\n", encoding="utf-8")
    script.chmod(stat.S_IRWXU)


def extra_vars_file(variables: Mapping[str, Any], trusted: Mapping[str, Any]) -> str:
    """The extra variables as YAML: what is not the template's own is marked unsafe (awx.main.utils.safe_yaml)."""
    return "".join(
        yaml.dump(
            {name: value}, Dumper=yaml.SafeDumper if name in trusted and trusted[name] == value else _Unsafe, width=4096
        )
        for name, value in variables.items()
    )


class _Unsafe(yaml.SafeDumper):
    """Marks each string."""

    def represent_data(self, data: Any) -> yaml.Node:
        if isinstance(data, str):
            return self.represent_scalar("!unsafe", data)
        return super().represent_data(data)


def _meta(template: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Some of what each job is told of itself (Job.awx_meta_vars)."""
    told = {
        "job_id": number,
        "job_launch_type": "workflow",
        "job_template_name": template["name"],
        "user_name": "operator",
        "inventory_name": "Clusters",
    }
    return {f"{prefix}_{name}": value for prefix in ("awx", "tower") for name, value in told.items()}


def _arguments(template: Mapping[str, Any], job_type: str | None) -> list[str]:
    """The command line (RunJob.build_args)."""
    arguments = ["--check"] if (job_type or template.get("job_type", "run")) == "check" else []
    arguments += ["-u", "root"]
    arguments += ["--forks", str(template["forks"])] if template.get("forks") else []
    return arguments + (["--diff"] if template.get("diff_mode") else [])


def _finished(artifacts: Path, output: str) -> Job:
    try:
        status, rc = (artifacts / "status").read_text(), int((artifacts / "rc").read_text())
    except FileNotFoundError as exc:
        raise RuntimeError(f"ansible-runner did not come to an end:\n{output}") from exc
    found = [json.loads(path.read_text()) for path in (artifacts / "job_events").glob("*.json")]
    events = tuple(sorted(found, key=lambda event: int(event["counter"])))
    kept = [event["event_data"].get("artifact_data", {}) for event in events if event["event"] == "playbook_on_stats"]
    return Job(status, rc, (artifacts / "stdout").read_text(), merged(*kept), events)
