# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where modules get their connection from, over HTTPS and proxies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trustme

from simulator import seeds
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from tools.playbooks import Playbooks, Run, options, play, task, warned
from tools.proxies import CREDENTIALS, PASSWORD, proxy

LATER = "2035-01-01T00:00:00Z"
# From 2.20 on Ansible shows the options of a task only when it is told to.
SHOW_OPTIONS = {"ANSIBLE_INJECT_INVOCATION": "1"}
# All that the credential types of AWX export, as blank as it exports what was left out.
BLANK = dict.fromkeys(
    (
        "MONGODB_ATLAS_CLIENT_ID",
        "MONGODB_ATLAS_CLIENT_SECRET",
        "MONGODB_ATLAS_PUBLIC_API_KEY",
        "MONGODB_ATLAS_PRIVATE_API_KEY",
        "MONGODB_ATLAS_PROJECT_ID",
        "MONGODB_ATLAS_BASE_URL",
        "MCLI_PUBLIC_API_KEY",
        "MCLI_PRIVATE_API_KEY",
        "MCLI_PROJECT_ID",
        "MCLI_SERVICE",
        "MCLI_OPS_MANAGER_URL",
        "MCLI_OPS_MANAGER_SKIP_VERIFY",
        "MCLI_OPS_MANAGER_CA_CERTIFICATE",
    ),
    "",
)


def variables(sim: Simulator, family: str, who: str = "owner") -> dict[str, str]:
    """The variables of one family, all others blank."""
    account, project = sim.world.keys[who], sim.world.main.project_id
    if family == "MCLI":
        given = {
            "MCLI_PUBLIC_API_KEY": account.id,
            "MCLI_PRIVATE_API_KEY": account.secret,
            "MCLI_PROJECT_ID": project,
            "MCLI_SERVICE": {"cloud_manager": "cloud-manager"}.get(sim.world.projects[project].platform, "ops-manager"),
            "MCLI_OPS_MANAGER_URL": f"{sim.url}/",
        }
    else:
        pair = ("PUBLIC_API_KEY", "PRIVATE_API_KEY") if account.kind == "key" else ("CLIENT_ID", "CLIENT_SECRET")
        given = {
            f"MONGODB_ATLAS_{pair[0]}": account.id,
            f"MONGODB_ATLAS_{pair[1]}": account.secret,
            "MONGODB_ATLAS_PROJECT_ID": project,
            "MONGODB_ATLAS_BASE_URL": sim.url,
        }
    return {**BLANK, **given}


def named(sim: Simulator) -> dict[str, str]:
    """The cluster as its platform names it: all that a task has to say."""
    cluster = sim.world.main
    atlas = sim.world.projects[cluster.project_id].platform == "atlas"
    return {"cluster_name": cluster.name} if atlas else {"cluster_id": cluster.id}


def both(sim: Simulator, **connection: Any) -> list[dict[str, Any]]:
    """One task of each module."""
    change = {"snapshot_id": sim.world.marks["plain_0"], "expires_at": LATER}
    place = {**named(sim), **connection}
    return [
        task("list", "legacy_snapshot_info", {**place, "gather": []}),
        task("change", "legacy_snapshot", {**place, **change}),
    ]


def assert_worked(run: Run, sim: Simulator, who: str = "owner") -> None:
    assert run.status == 0, run.output
    assert run.warnings == []
    assert run.named("list").result["total"] > 0
    assert run.named("change").result["changed"] is True
    users = {entry.user for entry in sim.log if entry.user is not None}
    assert users == {sim.world.keys[who].id}


@pytest.mark.parametrize(
    ("platform", "family", "who"),
    [
        ("atlas", "ATLAS", "owner"),
        ("atlas", "ATLAS", "service_account"),
        ("cloud_manager", "MCLI", "owner"),
        ("ops_manager", "MCLI", "owner"),
    ],
)
def test_variables_alone(playbooks: Playbooks, simulator: Start, platform: Any, family: str, who: str) -> None:
    sim = simulator(seeds.ladder(platform=platform))
    run = playbooks.run([play(both(sim))], environment=variables(sim, family, who))
    assert_worked(run, sim, who)


# --- HTTPS and proxies ---


def test_https_from_the_variables(playbooks: Playbooks, simulator: Start) -> None:
    """The authority by its variable; no checks by theirs, with the warning that names it."""
    sim = simulator(seeds.ladder(platform="ops_manager"), https=True)
    given = variables(sim, "MCLI")
    trusting = {**given, "MCLI_OPS_MANAGER_CA_CERTIFICATE": str(sim.ca_path), "MCLI_OPS_MANAGER_SKIP_VERIFY": "no"}
    assert_worked(playbooks.run([play(both(sim))], environment=trusting), sim)
    careless = {**given, "MCLI_OPS_MANAGER_SKIP_VERIFY": "yes"}
    run = playbooks.run([play(both(sim)[:1])], environment=careless)
    assert "MCLI_OPS_MANAGER_SKIP_VERIFY" in run.named("list").result["warnings"][0]
    assert len(warned(run)) == 1
    assert "InsecureRequestWarning" not in run.output


def test_a_proxy_is_used_and_its_password_masked(playbooks: Playbooks, simulator: Start) -> None:
    """The simulator takes the place of the proxy: it gets the absolute address of a host that does not exist."""
    sim = simulator(seeds.ladder(platform="ops_manager"))
    proxy = f"http://me:hunter2secret@127.0.0.1:{sim.port}"
    defaults = {**options(sim), "base_url": "http://opsmanager.invalid", "proxy": "{{ proxy }}"}
    nobody = {**defaults, "proxy": "http://me:hunter2secret@proxy.invalid:3128", "retry_timeout": 0}
    tasks = [*both(sim), task("nobody", "legacy_snapshot_info", {**named(sim), **nobody}, ignore_errors=True)]
    inventory = {"localhost": {"proxy": proxy, "nobody": nobody["proxy"]}}
    tasks[-1]["mongodb_ops.legacy_backup.legacy_snapshot_info"]["proxy"] = "{{ nobody }}"

    run = playbooks.run([play(tasks, defaults)], "-vvv", inventory=inventory, environment=SHOW_OPTIONS)

    assert run.status == 0, run.output
    assert run.named("change").result["changed"] is True
    assert "begins with http" in run.named("list").result["warnings"][0]
    assert "The proxy's host is not known: check proxy" in run.named("nobody").message
    # Of its address only the password is hidden.
    assert "http://me:********@proxy.invalid:3128" in run.output
    assert "hunter2secret" not in run.output


def test_a_real_proxy_that_asks_for_a_password(playbooks: Playbooks, simulator: Start, tmp_path: Path) -> None:
    """HTTPS by CONNECT: by the option, by the variable, and past it by NO_PROXY; a netrc of the host does nothing."""
    sim = simulator(seeds.ladder(platform="ops_manager"), https=True)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".netrc").write_text("default login somebody password else\n")
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "strange.pem"))
    defaults = {**options(sim), "ca_path": sim.ca_path, "retry_timeout": 0}
    with proxy(tmp_path) as address:
        given = {"right": f"http://{CREDENTIALS}@{address}", "wrong": f"http://me:hunter3@{address}", "bare": address}
        tasks = [
            task(name, "legacy_snapshot_info", {**named(sim), "proxy": f"{{{{ {name} }}}}"}, ignore_errors=True)
            for name in given
        ]
        tasks.append(task("by variable", "legacy_snapshot_info", named(sim)))
        dead = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
        tasks.append(task("past it", "legacy_snapshot_info", named(sim), environment=dead))
        aside = {"HTTPS_PROXY": given["right"], "REQUESTS_CA_BUNDLE": str(tmp_path / "strange.pem")}
        run = playbooks.run(
            [play(tasks, defaults)], "-vvv", inventory={"localhost": given}, environment={**aside, **SHOW_OPTIONS}
        )

    for name in ("right", "by variable", "past it"):
        assert run.named(name).result["total"] > 0, run.output
    for name in ("wrong", "bare"):
        message = run.named(name).message
        assert f"got no answer from 127.0.0.1:{sim.port} through the proxy {address}: " in message
        assert "The proxy asks for a password, or refused the one it got" in message
    for secret in (PASSWORD, CREDENTIALS.partition(":")[2], "hunter3"):
        assert secret not in run.output
    assert warned(run) == []
