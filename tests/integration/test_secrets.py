# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret in anything that a run leaves: output, results, differences, facts, artifacts, events, JUnit, reports.

At the highest verbosity, by each way that credentials come in, on success and on every kind of error. The wide
matrix of faults and of servers that repeat what they are sent is in the unit tests; here whole runs are looked through.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote

import pytest
import yaml

from simulator import faults, seeds, tokens
from simulator.exchange import Call
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from tools.awx import Runner
from tools.playbooks import GROUP, LOCAL, NAMESPACE, Playbooks, options, play, task

ROLE = f"{NAMESPACE}.retention"
PROXY_PASSWORD = "pr0xy%40canary%2Fpassword"
UNUSED = "unused-canary-31"
# From 2.20 on Ansible shows the options of a task only when it is told to.
LOUD = {"ANSIBLE_VERBOSITY": "5", "ANSIBLE_INJECT_INVOCATION": "1"}
REASON = re.compile(
    r"answered \d{3}|answered with something|got no answer|as an option|of two kinds|is held|ca_path", re.IGNORECASE
)
# One fault of each kind; of the codes, which differ by a word, the first.
KINDS = {case["kind"]: case for case in reversed(faults.matrix(1.2).values())}
KINDS["not_found"] = {"kind": "not_found", "code": "CLUSTER_NOT_FOUND"}
FEW = ("echo", "unauthorized", "bad_gateway", "truncated", "login_page")


@dataclass
class Scene:
    """A service that fails in every way, each at a snapshot of its own, and all that it was shown."""

    sim: Simulator
    strange: Simulator
    who: str
    folder: Path
    headers: list[str] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for sim in (self.sim, self.strange):
            sim.faults.before(self._note, times=None, when=lambda call: bool(call.headers.get("Authorization")))
        free = iter(row["id"] for row in self.sim.world.documents(self.sim.world.main))
        for name, case in {**KINDS, "echo": {"kind": "echo"}}.items():
            self.marks[name] = str(next(free))
            self.sim.faults.add(**case, path=f"/snapshots/{self.marks[name]}$", times=None)
        for name in ("proxied", "refused", "fine", "held"):
            self.marks[name] = str(next(free))
        self.sim.world.hold(self.sim.world.main, self.marks["held"])
        self.sim.faults.add("echo", path=f"/snapshots/{self.marks['proxied']}$", times=None)
        self._refuse = self.sim.faults.add(
            "answer", path=f"/snapshots/{self.marks['refused']}$", times=None, status=407
        )
        self.ca = self.folder / "ca.pem"
        self.ca.write_text("-----BEGIN CERTIFICATE-----\ncertificate-canary\n-----END CERTIFICATE-----\n")

    def _note(self, call: Call) -> None:
        self.headers += [call.authorization, call.headers.get("Proxy-Authorization", "")]
        self._refuse.body = f"<title>407, not by {call.headers.get('Proxy-Authorization', '')}</title>"

    @property
    def names(self) -> tuple[str, str]:
        """The options that prove who asks."""
        is_key = self.sim.world.keys[self.who].kind == "key"
        return ("public_key", "private_key") if is_key else ("client_id", "client_secret")

    @property
    def credentials(self) -> dict[str, str]:
        account = self.sim.world.keys[self.who]
        return dict(zip(self.names, (account.id, account.secret), strict=True))

    @property
    def place(self) -> dict[str, Any]:
        """What is no secret."""
        main = self.sim.world.main
        return {"base_url": self.sim.url, "project_id": main.project_id, "cluster_name": main.name}

    @property
    def proxy(self) -> str:
        return f"http://me:{PROXY_PASSWORD}@127.0.0.1:{self.sim.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The credentials as variables, among others that nothing uses, and the proxy for all but loopback."""
        given = {f"MONGODB_ATLAS_{name.upper()}": text for name, text in self.credentials.items()}
        given = {name.replace("_KEY", "_API_KEY"): text for name, text in given.items()}
        return {**given, "MCLI_PRIVATE_API_KEY": UNUSED, "http_proxy": self.proxy, "no_proxy": "127.0.0.1"}

    def forbidden(self) -> set[str]:
        """All that nothing may show."""
        texts = {PROXY_PASSWORD, unquote(PROXY_PASSWORD), UNUSED, "certificate-canary", *self.credentials.values()}
        texts |= {*self.sim.api.auth.tokens.given, *self.strange.api.auth.tokens.given}
        texts.discard(self.sim.world.keys[self.who].id)
        for header in self.headers:
            scheme, _space, rest = header.partition(" ")
            texts |= {*re.findall(r'(?:response|cnonce)="([^"]+)"', rest)}
            if scheme in ("Basic", "Bearer"):
                texts.add(rest)
            if scheme == "Basic":
                texts.add(base64.b64decode(rest).decode())
        return {way for text in texts if text for way in (text, quote(text, safe=""), quote_plus(text))}

    def tasks(self, kinds: Sequence[str], given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A task for each kind of failure, and some that work; `given` are options that each of them gets."""
        base = {"timeout": 1, "retry_timeout": 0, **given}

        def info(name: str, mark: str, **more: Any) -> dict[str, Any]:
            options = {**base, "snapshot_id": self.marks[mark], **more}
            return task(name, "legacy_snapshot_info", options, register="last", ignore_errors=True)

        def change(name: str, mark: str, **more: Any) -> dict[str, Any]:
            guards = {"unless_newest": False, "unless_restoring": False}
            options = {**base, "snapshot_id": self.marks[mark], "state": "absent", **guards, **more}
            return task(name, "legacy_snapshot", options, register="last", ignore_errors=True)

        made = [(info if number % 2 else change)(kind, kind) for number, kind in enumerate(kinds)]
        half = {"client_secret": "{{ secrets.half }}", "public_key": "", "private_key": "", "client_id": ""}
        proxied = {"base_url": "http://mongo.invalid", "proxy": "{{ secrets.proxy }}"}
        made += [
            change("held", "held"),
            change("past a proxy by the option", "proxied", **proxied),
            info("past a proxy that refuses", "refused", **proxied),
            info("past a proxy by the variable", "proxied", base_url="http://mongo.invalid"),
            info("no TLS there", "fine", base_url=self.sim.url.replace("http:", "https:")),
            info("a stranger's certificate", "fine", base_url=self.strange.url),
            info("no authority", "fine", base_url=self.strange.url, ca_path=str(self.ca)),
            info("the text of an authority", "fine", base_url=self.strange.url, ca_path="{{ secrets.ca }}"),
            info("half a pair", "fine", **half),
            info("both kinds", "fine", **{**half, "public_key": "someone", "private_key": "{{ secrets.half }}"}),
            {
                "name": "fact",
                "ansible.builtin.set_fact": {"failure": "{{ last }}", "cacheable": True},
            },
            {"name": "artifact", "ansible.builtin.set_stats": {"data": {"failure": "{{ last }}"}}},
            change("fine", "fine"),
        ]
        return made

    @property
    def failing(self) -> set[str]:
        """Those of the tasks that are no fault's and fail all the same."""
        return {"held", "no TLS there", "a stranger's certificate", "no authority", "the text of an authority"} | {
            "past a proxy by the option",
            "past a proxy that refuses",
            "past a proxy by the variable",
            "half a pair",
            "both kinds",
        }

    @property
    def variables(self) -> dict[str, Any]:
        """Of the host: the secrets that tasks name, the role's policy and its files."""
        return {
            **LOCAL,
            "secrets": {"half": UNUSED, "proxy": self.proxy, "ca": self.ca.read_text(encoding="utf-8")},
            "retention_project_id": self.sim.world.main.project_id,
            "retention_cluster_name": self.sim.world.main.name,
            "retention_keep_last": "50",
            "retention_stale_after": "off",
            "retention_plan_file": str(self.folder / "left" / "plan.json"),
            "retention_report_dir": str(self.folder / "left" / "reports"),
        }

    def roles(self) -> list[dict[str, Any]]:
        return [
            {"name": entry, "ansible.builtin.include_role": {"name": ROLE, "tasks_from": entry}}
            for entry in ("plan", "main")
        ]


@pytest.fixture
def scene(simulator: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`scene("owner")`: a service on Atlas, and another over HTTPS whose authority nobody knows."""
    monkeypatch.setattr(tokens, "LIMIT", 1000)
    (tmp_path / "left").mkdir()

    def start(who: str) -> Scene:
        world = seeds.many(60, platform="atlas")
        return Scene(simulator(world), simulator(world.copy(), https=True), who, tmp_path)

    return start


def texts(folder: Path, *apart: str) -> Iterator[tuple[str, str]]:
    """The name and the text of each file below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in apart:
            yield str(path.relative_to(folder)), path.read_text(encoding="utf-8", errors="replace")


def assert_clean(scene: Scene, found: Mapping[str, str]) -> None:
    """Nothing forbidden in any text, and nothing hidden that helps."""
    forbidden = scene.forbidden()
    assert len(scene.headers) > 8
    for name, text in found.items():
        assert [secret for secret in forbidden if secret in text] == [], name
        assert "censored" not in text, name


def assert_reasons(scene: Scene, kinds: Sequence[str], results: Mapping[str, Mapping[str, Any]]) -> None:
    """What failed says why; what was to work did."""
    told = {name: results[name] for name in {*kinds, *scene.failing} - {"wrong_type"}}
    assert [name for name, result in told.items() if not result.get("error")] == []
    assert [result["msg"] for result in told.values() if not REASON.search(result["msg"])] == []
    assert results["fine"]["changed"]
    assert results["artifact"]["ansible_stats"]["data"]["failure"]["msg"] == results["both kinds"]["msg"]


@pytest.mark.parametrize("who", ["owner", "service_account"])
def test_no_job_of_awx_shows_a_secret(scene: Any, tmp_path: Path, collections: Path, who: str) -> None:
    """By the environment, in a private data directory, with events, artifacts and the cache of facts.

    Of what ansible-runner leaves one file is apart: `command`, its own record of the environment that it was given.
    """
    there = scene(who)
    project = tmp_path / "project"
    project.mkdir()
    # Once is enough for the role, whose runs are the longest.
    roles = there.roles() if who == "service_account" else []
    play = {"hosts": "all", "gather_facts": False, "tasks": [*there.tasks(FEW, there.place), *roles]}
    (project / "site.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    template = {"name": "secrets", "playbook": "site.yml", "diff_mode": True}
    runner = Runner(tmp_path / "jobs", collections, project)
    (tmp_path / "jobs").mkdir()

    job = runner.run(template, {"orders": there.variables}, {}, {**there.environment, **LOUD, **_target(there)})

    assert job.succeeded, job.stdout
    left = dict(texts(tmp_path / "jobs" / "job-0" / "artifacts", "command"))
    assert "job/stdout" in left
    assert any("fact_cache" in name for name in left)
    assert sum("job_events" in name for name in left) > 50
    files = dict(texts(tmp_path / "left"))
    assert len(files) == 2 * len(roles)
    assert_clean(there, {**left, **files})
    data = [event["event_data"] for event in job.events if "event_data" in event]
    results = {one["task"]: one["res"] for one in data if "res" in one}
    assert_reasons(there, FEW, results)
    assert "failure" in job.artifacts
    assert any(name.startswith("retention_plan_") for name in job.artifacts) == bool(roles)


def _target(there: Scene) -> dict[str, str]:
    return {"MONGODB_ATLAS_BASE_URL": there.sim.url}


@pytest.mark.parametrize(("who", "by"), [("service_account", "options"), ("owner", "defaults")])
def test_no_playbook_shows_a_secret(scene: Any, playbooks: Playbooks, tmp_path: Path, who: str, by: str) -> None:
    """By options of the tasks and by module_defaults, both from variables, with JUnit and the cache of facts.

    A secret that stands literally in a task is not among these: Ansible itself shows the source of a task that fails.
    """
    there = scene(who)
    names = dict(zip(there.names, ("{{ given[0] }}", "{{ given[1] }}"), strict=True))
    kinds = tuple(KINDS) if by == "options" else FEW
    tasks = there.tasks(kinds, {**there.place, **names} if by == "options" else {})
    play: dict[str, Any] = {"hosts": "all", "gather_facts": False, "tasks": tasks}
    if by == "defaults":
        play |= {"module_defaults": {GROUP: {**there.place, **names}}, "tasks": [*tasks, *there.roles()]}
    host = {**there.variables, "given": list(there.credentials.values())}
    environment = {
        **LOUD,
        **{name: text for name, text in there.environment.items() if not name.startswith("MONGODB")},
        "ANSIBLE_CALLBACKS_ENABLED": "record,ansible.builtin.junit",
        "JUNIT_OUTPUT_DIR": str(tmp_path / "left" / "junit"),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path / "left" / "facts"),
        "ANSIBLE_SHOW_CUSTOM_STATS": "1",
    }

    run = playbooks.run([play], "--diff", inventory={"orders": host}, environment=environment)

    assert run.status == 0, run.output
    files = dict(texts(tmp_path / "left"))
    assert any("junit" in name for name in files)
    assert any(name.startswith("facts/") for name in files)
    recorded = json.dumps([one.result for one in run.tasks])
    assert_clean(there, {**files, "stdout": run.stdout, "stderr": run.stderr, "results": recorded})
    assert_reasons(there, kinds, {one.name: one.result for one in run.tasks})


@pytest.mark.parametrize("kind", ["list", "dictionary"])
def test_a_key_that_is_a_whole_lookup_is_refused_without_its_value(
    simulator: Start, playbooks: Playbooks, kind: str
) -> None:
    """By the modules and by the role, before any request, at the highest verbosity."""
    sim = simulator(seeds.ladder(platform="atlas"))
    value = ["canary-of-a-lookup", "x"] if kind == "list" else {"data": {"key": "canary-of-a-lookup"}}
    defaults = {**options(sim), "private_key": "{{ looked_up }}"}
    change = {"snapshot_id": sim.world.marks["plain_1"], "state": "absent"}
    tasks = [
        task("list", "legacy_snapshot_info", ignore_errors=True),
        task("change", "legacy_snapshot", change, ignore_errors=True),
        {"name": ROLE, "ansible.builtin.include_role": {"name": ROLE}},
    ]
    host = {"looked_up": value, "retention_keep_last": 3}

    run = playbooks.run([play(tasks, defaults)], "--diff", inventory={"orders": host}, environment=LOUD)

    refusal = f"private_key is a {kind}, and a key is one text. Take the one value of it that is the key."
    assert [run.named(name).message for name in ("list", "change")] == [refusal, refusal]
    assert refusal in run.tasks[-1].message
    assert sim.log.requests == 0
    assert "canary-of-a-lookup" not in run.output + json.dumps([one.result for one in run.tasks])


def test_the_playbooks_gather_no_facts(collections: Path) -> None:
    """Gathered on the controller, `ansible_env` would hold every variable, credentials too, and go into the cache."""
    folder = collections / "ansible_collections" / NAMESPACE.replace(".", "/") / "playbooks"
    plays = [play for path in folder.glob("*.yml") for play in yaml.safe_load(path.read_text(encoding="utf-8"))]
    assert len(plays) >= 5
    assert all(play["gather_facts"] is False for play in plays)
