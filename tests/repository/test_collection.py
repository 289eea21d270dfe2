# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame of the collection: what its files promise about each other."""

from __future__ import annotations

import importlib
import re
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from tools.artefact import build
from tools.tree import FULL_NAME, NAME, NAMESPACE, ROOT, project_files

LICENCE = "SPDX-License-" + "Identifier: GPL-3.0-or-later"  # in parts, so that nobody reads it as this file's own
AUTHORS = "Copyright (c) 2026, The mongodb_ops.legacy_backup authors"

# What cannot hold a comment, or is written by a tool, or is handed out byte for byte.
WITHOUT_HEADER = (
    "LICENSE",
    "LICENSES/*",
    "CHANGELOG.md",
    "changelogs/changelog.yaml",
    "*.json",
    "*.jsonl",
    "*.png",
    "*.svg",
    "tests/**/fixtures/**",
)


FILES = project_files()
PLUGINS = [path for path in FILES if path.parts[0] == "plugins" and path.suffix == ".py"]


def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def document(name: str) -> Any:
    return yaml.safe_load(text(Path(name)))


def modules() -> set[str]:
    return {path.stem for path in PLUGINS if path.parts[1] == "modules" and path.stem != "__init__"}


def test_the_tree_is_named_as_galaxy_yml_has_it() -> None:
    galaxy = document("galaxy.yml")
    assert (galaxy["namespace"], galaxy["name"]) == (NAMESPACE, NAME)


def test_every_module_is_in_the_action_group() -> None:
    groups = document("meta/runtime.yml")["action_groups"]
    assert list(groups) == ["api"]
    assert groups["api"] == sorted(modules())


def test_the_collection_needs_nothing_but_requests() -> None:
    environment = document("meta/execution-environment.yml")
    requirements = text(Path(environment["dependencies"]["python"]))
    assert re.findall(r"^[\w-]+", requirements, re.MULTILINE) == ["requests"]
    assert document("galaxy.yml")["dependencies"] == {}


def test_the_version_stands_in_galaxy_yml_alone() -> None:
    version = re.compile(rf"(?<![\w.]){re.escape(document('galaxy.yml')['version'])}(?![\w.])")
    since = re.compile(r"version_added|added in")
    places = {
        f"{path}:{number}"
        for path in FILES
        if path.parts[0] not in ("galaxy.yml", "CHANGELOG.md", "changelogs") and not path.match("*.png")
        for number, line in enumerate(text(path).splitlines(), start=1)
        if version.search(line) and not since.search(line)
    }
    # What a project asks for names the first release of the major version, whichever the present one is.
    assert places <= {"docs/awx/collections/requirements.yml:7"}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_each_file_names_its_licence(path: Path) -> None:
    if any(path.match(pattern) for pattern in WITHOUT_HEADER) or not text(path):
        return
    beginning = text(path)[:600]
    assert AUTHORS in beginning
    assert LICENCE in beginning


# Built from parts, so that this file does not find itself. What comes after the marker: which rule, then why.
IGNORES = {
    "no" + "qa": r": [A-Z]+\d+(, [A-Z]+\d+)*  \(\w.{8,}\)$",
    "type: " + "ignore": r"\[[a-z-]+(,[a-z-]+)*\]  # \w.{4,}$",
    "pragma: " + "no": r" \w+  # \w.{8,}$",
    "pylint: " + "disable": r"=[\w-]+  # \w.{8,}$",
    "shellcheck " + "disable": r"=SC\d+ # \w.{8,}$",
    "yamllint " + "disable": r"[\w:-]* # \w.{8,}$",
    "no" + "sec": r" [A-Z]+\d+  # \w.{8,}$",
}


def test_what_is_ignored_says_which_rule_and_why() -> None:
    bare = [
        f"{path}:{number}"
        for path in FILES
        if path.suffix in (".py", ".sh", ".yml", ".yaml", ".toml", "") and not path.match("LICENSE")
        for number, line in enumerate(text(path).splitlines(), start=1)
        for marker, form in IGNORES.items()
        if re.search(rf"# ?{marker}\b", line) and not re.search(rf"# ?{marker}{form}", line)
    ]
    assert bare == []


@pytest.mark.parametrize("path", PLUGINS, ids=str)
def test_each_plugin_imports(path: Path) -> None:
    """This also brings each into the table of the coverage."""
    importlib.import_module(".".join(["ansible_collections", FULL_NAME, *path.with_suffix("").parts]))


def test_no_file_of_ansible_test_ignores_anything() -> None:
    assert [path for path in FILES if path.match("tests/sanity/ignore*")] == []


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[PurePosixPath]:
    artefact = build(tmp_path_factory.mktemp("artefact"))
    assert artefact.stat().st_size < 300_000
    with tarfile.open(artefact) as archive:
        return [PurePosixPath(member.name) for member in archive.getmembers()]


def test_the_artefact_holds_what_users_run_and_read(members: list[PurePosixPath]) -> None:
    assert {path.parts[0] for path in members} <= {
        "CHANGELOG.md",
        "CODE_OF_CONDUCT.md",
        "CONTRIBUTING.md",
        "FILES.json",
        "LICENSE",
        "MANIFEST.json",
        "README.md",
        "SECURITY.md",
        "changelogs",
        "docs",
        "extensions",
        "meta",
        "playbooks",
        "plugins",
        "roles",
    }


def test_the_artefact_holds_each_file_of_these(members: list[PurePosixPath]) -> None:
    wanted = {path for path in FILES if path.parts[0] in ("meta", "playbooks", "plugins", "roles")}
    assert {str(path) for path in wanted} <= {str(path) for path in members}


def test_the_artefact_holds_no_hidden_files_caches_or_what_is_for_developers(members: list[PurePosixPath]) -> None:
    unwanted = re.compile(r"(^|/)(\.|__pycache__|fragments|tests?(/|$))|\.pyc$|^docs/(dev|docsite)")
    assert [str(path) for path in members if unwanted.search(str(path))] == []


# --- what stands at the top ---

HERE = "https://github.com/mongodb-ops/mongodb_ops.legacy_backup/blob/main/"
TEXTS = [path for path in FILES if path.suffix in (".md", ".rst") and path.name != "CHANGELOG.md"]
AT_THE_TOP = [path for path in TEXTS if len(path.parts) == 1]


def headings(path: Path) -> list[str]:
    return re.findall(r"^## (.+)$", re.sub(r"```.*?```", "", text(path), flags=re.DOTALL), re.MULTILINE)


def anchor(heading: str) -> str:
    """As GitHub makes one."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_the_readme_has_the_headings_of_a_certified_collection() -> None:
    wanted = ["Description", "Requirements", "Installation", "Use cases", "Testing", "Support", "Release notes"]
    wanted += ["Related information", "License"]
    found = headings(Path("README.md"))
    assert [heading for heading in found if heading in wanted] == wanted
    use_cases = text(Path("README.md")).partition("\n## Use cases\n")[2].partition("\n## ")[0]
    assert 3 <= len(re.findall("^### ", use_cases, re.MULTILINE)) <= 5


def test_the_readme_says_what_certification_asks_for() -> None:
    readme = text(Path("README.md"))
    assert readme.index("Automation Hub") < readme.index("Galaxy.")
    assert not re.search(r"pip3? install ansible\b", readme)
    for words in (
        "*Create\nissue*",
        "CODE_OF_CONDUCT.md",
        "forum.ansible.com",
        "semantic versioning",
        "deprecated first",
    ):
        assert words in readme, words
    least = document("meta/runtime.yml")["requires_ansible"].removeprefix(">=").removesuffix(".0")
    assert f"ansible-core {least} or newer" in readme


@pytest.mark.parametrize("path", TEXTS, ids=str)
def test_each_link_is_absolute_and_each_of_ours_leads_to_a_file(path: Path) -> None:
    found = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text(path), flags=re.DOTALL))
    found += re.findall(r"<(https?://[^>\s]+)>`__", text(path))
    if path in AT_THE_TOP or path.suffix == ".rst":
        assert [link for link in found if not link.startswith("https://")] == []
    for link in found:
        if not link.startswith(HERE):
            continue
        name, _hash, place = link.removeprefix(HERE).partition("#")
        assert Path(name) in FILES, link
        assert not place or place in map(anchor, headings(Path(name))), link


def test_the_top_links_to_what_people_look_for() -> None:
    assert {path.name for path in AT_THE_TOP} == {"README.md", "SECURITY.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md"}
    assert "docs.ansible.com/projects/ansible/latest/community/code_of_conduct.html" in text(Path("CODE_OF_CONDUCT.md"))
    targets = re.findall(r"^make ([a-z0-9.-]+)", text(Path("CONTRIBUTING.md")), re.MULTILINE)
    assert {"demo", "unit", "test"} == set(targets)
    makefile = text(Path("Makefile"))
    assert all(re.search(rf"^{target}: ", makefile, re.MULTILINE) for target in targets)
