# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guides say what is so: options exist, policies can be read, each code has its line, pictures are fresh.

That their playbooks run is in the end-to-end tests.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.plugin_docs import read_docstring
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import add_fragments
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import document
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.findings import CODES
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    OPTION_KEYS,
    POLICY_KEYS,
    parse_options,
    parse_policy,
)

from simulator.errors import CATALOGUE
from tools import pictures
from tools.guides import GUIDES, Example, calls, commands, examples, tasks
from tools.tree import FULL_NAME, ROOT
from unit.plugins.plugin_utils._report.cases import reported
from unit.plugins.plugin_utils._retention.cases import ago, bare, info, row

PLUGINS = ROOT / "plugins"
ROLE = yaml.safe_load((ROOT / "roles/retention/meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
VARIABLES = {name for entry in ROLE.values() for name in entry["options"]}
SETTINGS = yaml.safe_load((ROOT / "playbooks/vars/awx_settings.yml").read_text(encoding="utf-8"))
# Read by the playbooks themselves.
OF_PLAYBOOKS = {"retention_hosts"}

PATHS = {"modules": "modules/{}.py", "inventory": "inventory/{}.py"}


def text_of(guide: str) -> str:
    return (ROOT / "docs" / "docsite" / "rst" / f"{guide}.rst").read_text(encoding="utf-8")


def options_of(kind: str, name: str) -> dict[str, Any]:
    """The documented options of a plugin, fragments included."""
    path = str(ROOT / "plugins" / PATHS[kind].format(name))
    doc: dict[str, Any] = read_docstring(path)["doc"]
    add_fragments(doc, path, fragment_loader=fragment_loader, is_module=kind == "modules")
    options: dict[str, Any] = doc["options"]
    return options


def check_options(given: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Each option is there, and a plain value is of its type and one of its choices."""
    for name, value in given.items():
        assert name in options, name
        about = options[name]
        if isinstance(value, str) and "{{" in value:
            continue
        for one in value if isinstance(value, list) else [value]:
            assert "choices" not in about or one in about["choices"], (name, one)
            if isinstance(one, Mapping):
                check_options(one, about["suboptions"])
        assert isinstance(value, list) == (about["type"] == "list"), name
        assert isinstance(value, bool) == (about["type"] == "bool"), name


def check_policy(given: Mapping[str, Any]) -> None:
    """Variables of the role: each is known, and what they say of policy and options can be read together."""
    plain = {name: value for name, value in given.items() if not (isinstance(value, str) and "{{" in value)}
    assert set(given) <= VARIABLES
    policy = {key: plain[f"retention_{key}"] for key in POLICY_KEYS if f"retention_{key}" in plain}
    options = {key: plain[f"retention_{key}"] for key in OPTION_KEYS if f"retention_{key}" in plain}
    parse_options(options, parse_policy(policy or {"keep_last": 1}))


def check_playbook(plays: list[dict[str, Any]]) -> None:
    group = f"group/{FULL_NAME}.api"
    for play in plays:
        defaults = play.get("module_defaults", {})
        assert set(defaults) <= {group}
        check_options(defaults.get(group, {}), options_of("modules", "legacy_snapshot"))
    for task in tasks(plays):
        for module, given in calls(task):
            check_options(given, options_of("modules", module))
        role = task.get("ansible.builtin.include_role", {})
        if role:
            assert role["name"] == f"{FULL_NAME}.retention"
            check_policy(task.get("vars", {}))
            assert set(task.get("vars", {})) <= set(ROLE[role.get("tasks_from", "main")]["options"])


@pytest.mark.parametrize("example", examples(), ids=str)
def test_an_example_says_what_there_is(example: Example) -> None:
    content = example.content
    if isinstance(content, list):
        assert all("hosts" in play for play in content)
        check_playbook(content)
    elif "plugin" in content:
        check_options(content, options_of("inventory", "clusters"))
    elif any(name.startswith("legacy_backup_") for name in content):
        assert set(content) <= set(SETTINGS)
        check_policy(content.get("legacy_backup_variables", {}))
    else:
        check_policy(content)


def test_every_block_is_of_a_language_that_is_looked_at() -> None:
    languages = {name for guide in GUIDES for name in re.findall(r"code-block:: (\S+)", text_of(guide.stem))}
    assert languages == {"yaml+jinja", "console", "text"}
    assert "::\n\n" not in re.sub(
        r"^\.\. .*::.*$", "", "".join(text_of(one.stem) for one in GUIDES), flags=re.MULTILINE
    )


def test_the_commands_are_commands() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    playbooks = {f"{FULL_NAME}.{path.stem}" for path in (ROOT / "playbooks").glob("*.yml")}
    seen = set()
    for command in commands():
        words = [word for word in command if not re.match(r"[A-Z_]+=", word)]
        seen.add(words[0])
        if words[0] == "make":
            assert re.search(rf"^{words[1]}: ", makefile, re.MULTILINE), words
        if words[0] == "ansible-playbook":
            assert playbooks & set(words), words
            given = {word.partition("=")[0] for option, word in pairwise(words) if option == "-e"}
            assert given <= VARIABLES | OF_PLAYBOOKS, words
    assert seen == {
        *("ansible-galaxy", "ansible-inventory", "ansible-playbook", "python3"),
        *("export", "mkdir", "git", "cd", "make", "nox"),
    }


def test_each_variable_that_is_named_is_one() -> None:
    # What the role leaves behind and hands on, the filter, and names that are shown as those of nobody.
    others = {"retention_result", "retention_audit_", "retention_run_", "retention_plan", "retention_", *OF_PLAYBOOKS}
    named = {name for one in GUIDES for name in re.findall(r"``(retention_\w*)", text_of(one.stem))}
    assert named - VARIABLES - others - {f"{name}_" for name in ("retention_keep", "retention_digest")} == set()
    settings = {name for one in GUIDES for name in re.findall(r"\b(legacy_backup_[a-z_]+)\b", text_of(one.stem))}
    assert settings <= set(SETTINGS)


def test_a_default_in_brackets_is_the_default() -> None:
    """`:ansopt:…retention_x` (50) names the default of the role."""
    pattern = r":ansopt:`[\w.]+#role:\w+:(retention_\w+)`\s+\((\w+)\)"
    found = re.findall(pattern, "".join(text_of(one.stem) for one in GUIDES))
    assert len(found) >= 4
    for name, value in found:
        defaults = {str(entry["options"][name]["default"]) for entry in ROLE.values() if name in entry["options"]}
        assert defaults == {value}, name


# --- codes ---

# Words in capitals that are no codes of errors.
NO_CODES = re.compile(
    r"MONGODB_\w+|MCLI_\w+|GET|PATCH|DELETE|POST|(GEO)?SHARDED|REPLICA_SET|INACTIVE|PROVISIONING|STARTED|STOPPED"
    r"|TERMINATING|FINISHED|BROKEN|KILLED|READY|MEMBER|CONFIG|REPLICASET|VALUE_SPECIFIED_IN_NO_LOG_PARAMETER|MD5(-SESS)?"
    r"|UNKNOWN|STANDALONE|O_NOFOLLOW|_ACCESS_LIST|_WHITELIST|CANNOT_|NO_PROXY"
)
# Of the simulator, at endpoints that are never asked.
NEVER_ASKED = {"INVALID_RESTORE_JOB_ID", "RESTORE_JOB_NOT_FOUND", "METHOD_NOT_ALLOWED"}
# Words in capitals of the contract that are no codes, and codes that it names as those of other endpoints.
OTHER_WORDS = re.compile(
    r"(MONGODB|MCLI)_\w+|((CONFIG_)?SHARD(ED)?_|CONFIG_SERVER_)?REPLICA_SET|CONFIG_SERVER|IN_PROGRESS|NOT_STARTED"
    r"|MAX_DOWNLOADS_EXCEEDED|EXPIRATION_DATE_TOO_DISTANT|CANNOT_START_RESTORE_JOB_FOR_DELETED_SNAPSHOT"
)


def codes_of(path: Path) -> Iterator[str]:
    """The words in capitals among the strings of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            word = node.value
            if re.fullmatch(r"[A-Z][A-Z_]{3,}", word) and not NO_CODES.fullmatch(word):
                yield word


def test_each_code_has_its_line() -> None:
    ours = {code for path in PLUGINS.rglob("*.py") for code in codes_of(path) if "_report" not in path.parts}
    assert {"HELD", "NEWEST", "SNAPSHOT_NOT_FOUND", "VERSION_GONE", "GROUP_NAME_NOT_FOUND"} <= ours
    page = text_of("guide_errors")
    named = set(re.findall(r"``([A-Z][A-Z_]+)``", page))
    assert (ours | set(CATALOGUE)) - NEVER_ASKED - named == set()
    # And none that nobody returns.
    assert named - ours - set(CATALOGUE) - codes_of_the_contract() == set()


def codes_of_the_contract() -> set[str]:
    """The error codes that docs/dev/api-contract.md names, those of the token endpoint too."""
    text = (ROOT / "docs" / "dev" / "api-contract.md").read_text(encoding="utf-8")
    # Not the ends and beginnings of codes, such as `…_ACCESS_LIST`.
    words = set(re.findall(r"(?<![\w…*])[A-Z]+(?:_[A-Z]+)+(?![\w*…])", text)) - {"ASYMMETRIC_H"}
    oauth = re.search(r'\{"error":"(\w+)"', text)
    assert oauth is not None
    assert "`access_denied`" in text
    return {word for word in words if not OTHER_WORDS.fullmatch(word)} | {oauth[1], "access_denied"}


def test_each_code_of_the_contract_has_its_line() -> None:
    """Not only a place in the text: in a table's first column, beside what it means and what to do."""
    codes = codes_of_the_contract()
    assert len(codes) > 50
    cells = re.findall(r"^   \* - (.+(?:\n {7}.+)*)$", text_of("guide_errors"), re.MULTILINE)
    listed = {code for cell in cells for code in re.findall(r"``(\w+)``", cell)}
    assert codes - listed == set()


# What finds all but one of a plan's engine and one of its artifact.
FINDERS = ("findings.py", "gaps.py", "restores.py")


def test_each_message_of_the_role_and_finding_of_an_audit_has_its_line() -> None:
    files = [*(ROOT / "roles").rglob("*.yml"), *PLUGINS.rglob("*.py")]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    messages = set(re.findall(r"RETENTION [A-Z ]+:", source))
    assert len(messages) == 7
    assert all(f"``{message}``" in text_of("guide_errors") for message in messages)
    table = text_of("guide_audit").partition("Findings\n---")[2].partition("In a pipeline")[0]
    assert set(re.findall(r"^   \* - ``(\w+)``", table, re.MULTILINE)) == set(CODES)


def test_each_finding_that_the_engine_makes_is_a_code() -> None:
    found = "".join((PLUGINS / "plugin_utils" / "_retention" / name).read_text(encoding="utf-8") for name in FINDERS)
    assert {*re.findall(r'Note\(\s*"(\w+)"', found), "pit_assumed", "artifact"} == set(CODES)


def test_the_keys_of_a_report_are_told() -> None:
    rows = [row(number, ago(days=number)) for number in range(1, 5)]
    made = document(reported(bare(rows, {"keep_last": 2}), info(rows)))
    page = text_of("guide_audit").partition("For a machine\n---")[2]
    told = set(re.findall(r"``(\w+)``", page))
    assert set(made) - told == set()
    assert set(made["summary"]["counts"]) <= told


def test_quoted_messages_are_messages() -> None:
    """What the page about errors quotes stands in the code, but for what is cut or filled in."""
    code = "".join(path.read_text(encoding="utf-8") for path in PLUGINS.rglob("*.py"))
    code = re.sub(r'"\s*\n?\s*f?"', "", code)
    page = text_of("guide_errors").partition("Without a code\n")[2]
    quoted = re.findall(r"``(.+?)``", "".join(re.findall(r"^   \* - (.+)$", page, re.MULTILINE)))
    pieces = [piece.strip(" .:()") for one in quoted for piece in one.split("…")]
    pieces = [piece for piece in pieces if len(piece) > 12 and not re.search(r"\d s in \d", piece)]
    assert len(pieces) > 15
    assert [piece for piece in pieces if piece not in code] == []


# --- pictures ---


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_the_pictures_are_as_they_would_be_drawn(guide: Path) -> None:
    """`make pictures` draws them anew."""
    text = guide.read_text(encoding="utf-8")
    assert pictures.drawn(text) == text
    assert text.count("<svg") == text.count(".. picture: ") == text.count(".. picture ends")


def test_every_picture_has_its_place() -> None:
    named = [name for one in GUIDES for name in re.findall(r"^\.\. picture: (\w+)$", text_of(one.stem), re.MULTILINE)]
    assert sorted(named) == sorted(pictures.PICTURES)


def test_every_guide_is_listed() -> None:
    listed = yaml.safe_load((ROOT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    assert sorted(one for section in listed for one in section["toctree"]) == [guide.stem for guide in GUIDES]
    index = (ROOT / "tests/docs/index.rst").read_text(encoding="utf-8")
    assert re.findall(r"^   docsite/(\w+)$", index, re.MULTILINE) == [
        one for section in listed for one in section["toctree"]
    ]
