# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each option of both modules with values that nobody should give: it works, or one clear error before any write."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.modules import legacy_snapshot, legacy_snapshot_info
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.server import Simulator
from unit import hostile
from unit.hostile import spelled
from unit.plugins.modules.runner import Runner

Start = Callable[..., Simulator]
COMMON = (
    "platform base_url api_version public_key private_key client_id client_secret project_id timeout retry_timeout"
    " validate_certs ca_path proxy cluster_name cluster_id tell_requests"
).split()
OPTIONS: dict[ModuleType, list[str]] = {
    legacy_snapshot: [
        *COMMON,
        *"snapshot_id id state expires_at do_not_delete allow_past_expiry snapshots".split(),
        *"concurrency unless_restoring unless_newest unless_expires_after".split(),
    ],
    legacy_snapshot_info: [
        *COMMON,
        *"snapshot_id completeness created_after created_before expires_after expires_before do_not_delete".split(),
        *"limit gather".split(),
    ],
}
EACH = [(module, name) for module, names in OPTIONS.items() for name in names]
ITEMS = st.lists(
    st.dictionaries(
        st.sampled_from(["snapshot_id", "id", "state", "expires_at", "do_not_delete", "allow_past_expiry", "more"]),
        hostile.json_values
        | st.sampled_from(["a" * 24, " " + "a" * 24 + "\n", "absent", "present", "2099-01-01", "yes", "no"]),
        max_size=4,
    ),
    max_size=3,
)


def as_json(value: Any) -> Any:
    """A drawn value as the controller hands it over; nothing for what is no JSON."""
    try:
        return json.loads(spelled(value))
    except (ValueError, RecursionError):
        return None


def arrives(value: Any) -> bool:
    """Whether ansible-core hands it to a module at all: no half characters, no number without end, no great depth."""
    if isinstance(value, dict):
        return all(arrives(key) and arrives(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(arrives, value))
    if isinstance(value, str):
        return not re.search("[\ud800-\udfff]", value)
    return not isinstance(value, float) or math.isfinite(value)


def handed_over(value: Any) -> bool:
    try:
        return arrives(value) and bool(repr(value)) and _is_copied(value)
    except (RecursionError, ValueError):
        return False


def _is_copied(value: Any, frames: int = 200) -> bool:
    """Whether it is not nested too deeply for ansible-core 2.21, which copies it some frames further down."""
    if frames:
        return _is_copied(value, frames - 1)
    copy.deepcopy(value)
    return True


@pytest.fixture
def run(run: Runner, monkeypatch: pytest.MonkeyPatch) -> Runner:
    # Nothing is reached but the simulator, wherever an address leads.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return run


def tried(run: Runner, module: ModuleType, options: dict[str, Any]) -> dict[str, Any]:
    """The result; what must hold of any."""
    assert run.sim is not None
    run.sim.reset_log()
    with hostile.in_time():
        found = run(module, check=True, **{"retry_timeout": 0, **options})
    assert "Traceback" not in run.output
    assert run.sim.log.writes == []
    if found.get("failed"):
        assert found["msg"].strip()
    for entry in run.sim.log:
        assert re.match(
            r"/api/[a-z0-9./-]+/groups/[0-9a-f]{24}/clusters(/([0-9a-f]{24}|[A-Za-z0-9-]+)(/snapshots(/[0-9a-f]{24})?)?)?$",
            entry.path,
        )
    return found


@pytest.mark.parametrize(
    ("module", "name"), EACH, ids=[f"{module.__name__.rpartition('.')[2]}-{name}" for module, name in EACH]
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=hostile.examples(0.15))
@given(value=hostile.json_values.map(as_json).filter(handed_over))
def test_any_value_of_any_option(run: Runner, module: ModuleType, name: str, value: Any) -> None:
    more = {"snapshot_id": "f" * 24, "state": "absent"} if module is legacy_snapshot else {}
    if name in ("snapshots", "id"):
        more.pop("snapshot_id", None)
    tried(run, module, {**more, name: value})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=hostile.examples(1))
@given(ITEMS.map(as_json).filter(handed_over), st.sampled_from(["present", "absent"]))
def test_any_items(run: Runner, items: Any, state: str) -> None:
    found = tried(run, legacy_snapshot, {"snapshots": items, "state": state})
    for outcome in found.get("outcomes", []):
        assert re.fullmatch("[0-9a-f]{24}", outcome["id"])


NOT_IDS = [
    "\u0661" * 24,
    "\uff11" * 24,
    "a" * 23,
    "a" * 25,
    "a" * 12 + " " + "a" * 11,
    "a" * 12 + "\n" + "a" * 11,
    "a" * 24 + "/",
    "../" * 8,
    "%61" * 8,
    "a" * 23 + "\u0430",
    "a" * 23 + "\x00",
]


@pytest.mark.parametrize("text", NOT_IDS)
@pytest.mark.parametrize("name", ["project_id", "cluster_id", "snapshot_id", "snapshots"])
def test_what_is_no_id_is_refused_before_any_request(run: Runner, name: str, text: str) -> None:
    assert run.sim is not None
    value: Any = [{"snapshot_id": text}] if name == "snapshots" else text
    more: dict[str, Any] = {} if name in ("snapshots", "snapshot_id") else {"snapshot_id": "f" * 24}
    found = tried(run, legacy_snapshot, {**more, "state": "absent", name: value})
    assert found["failed"]
    assert name in found["msg"]
    assert run.sim.log.requests == 0


@pytest.mark.parametrize(
    "text",
    [
        "..",
        ".",
        "a/b",
        "a%2fb",
        "a?b",
        "a#b",
        "a b",
        "\u0661",
        "é",
        "a\x00",
        "-a",
        "",
        " ",
        "a\n/b",
        "a" * 10 + "\u200b",
    ],
)
def test_what_is_no_cluster_name_is_refused_before_any_request(run: Runner, text: str) -> None:
    assert run.sim is not None
    found = tried(run, legacy_snapshot_info, {"cluster_name": text})
    assert found["failed"]
    assert "cluster" in found["msg"]
    assert run.sim.log.requests == 0


@pytest.mark.parametrize(
    "text",
    [
        "\u0662\u0660\u0662\u0666-01-01",
        "\uff12\uff10\uff12\uff16-01-01",
        "2099-01-0\u0661",
        "2099-01-01T00:00:00+0\u0661:00",
    ],
)
@pytest.mark.parametrize("name", ["expires_at", "created_after"])
def test_dates_have_digits_of_ascii(run: Runner, name: str, text: str) -> None:
    assert run.sim is not None
    module = legacy_snapshot if name == "expires_at" else legacy_snapshot_info
    more = {"snapshot_id": "f" * 24} if module is legacy_snapshot else {}
    found = tried(run, module, {**more, name: text})
    assert name in found["msg"]
    assert run.sim.log.requests == 0


@pytest.mark.parametrize("value", ["maybe", "2", "TRUE!", "\u0661", "[]", [True], {"a": 1}, 7, 0.5])
@pytest.mark.parametrize("name", ["do_not_delete", "allow_past_expiry", "unless_restoring"])
def test_a_switch_is_on_or_off(run: Runner, name: str, value: Any) -> None:
    assert run.sim is not None
    found = tried(run, legacy_snapshot, {"snapshot_id": "f" * 24, "expires_at": "2099-01-01", name: value})
    assert found["failed"]
    assert name in found["msg"]
    assert run.sim.log.requests == 0


@pytest.mark.parametrize("value", ["yes", "on", "1", "true", True, 1, "no", "off", "0", "false", False, 0])
def test_a_switch_that_is_spelled_is_what_it_spells(run: Runner, value: Any) -> None:
    assert run.sim is not None
    wanted = run.sim.world.marks["plain_0"]
    is_on = str(value).lower() in ("yes", "on", "1", "true")
    found = tried(run, legacy_snapshot, {"snapshot_id": wanted, "do_not_delete": value})
    assert found["outcomes"][0]["action"] == ("updated" if is_on else "unchanged")


@pytest.mark.parametrize(
    "value",
    [
        *(math.inf, -math.inf, math.nan, 1.5, 10**30),
        *("inf", "nan", "1e5", "1e999999999", "\u0661", "1_000"),
        *([0, [1], 5], [False, None, 2**63], {"a": 1}, [], True),
    ],
)
@pytest.mark.parametrize("name", ["timeout", "retry_timeout", "concurrency", "limit"])
def test_what_is_no_whole_number_is_refused_by_name(run: Runner, name: str, value: Any) -> None:
    """A list of three is a number to ansible-core, and an infinite one ends its check in a traceback."""
    assert run.sim is not None
    module = legacy_snapshot if name == "concurrency" else legacy_snapshot_info
    more = {"snapshot_id": "f" * 24, "state": "absent"} if module is legacy_snapshot else {}
    found = tried(run, module, {**more, name: value})
    assert found["failed"]
    assert name in found["msg"]
    assert run.sim.log.requests == 0


def test_ten_thousand_items_are_refused_at_the_one_that_is_odd(run: Runner) -> None:
    assert run.sim is not None
    items: list[Any] = [{"snapshot_id": f"{number:024x}"} for number in range(10_000)]
    found = tried(run, legacy_snapshot, {"snapshots": [*items, {"snapshot_id": "x"}], "state": "absent"})
    assert "snapshots[10000]" in found["msg"]
    assert run.sim.log.requests == 0
    same = [{"snapshot_id": run.sim.world.marks["plain_0"].upper() + " "}] * 10_000
    found = tried(run, legacy_snapshot, {"snapshots": same, "state": "absent"})
    assert len(found["outcomes"]) == 10_000
    # A page of snapshots, which has no newer one; so all of them; and a challenge.
    assert run.sim.log.requests <= 3


@pytest.mark.parametrize("name", ["PRIVATE_API_KEY", "PUBLIC_API_KEY", "CLIENT_ID", "CLIENT_SECRET"])
def test_bytes_that_are_no_text_in_the_environment_are_named(
    run: Runner, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a key in another encoding than UTF-8."""
    assert run.sim is not None
    options = {key: value for key, value in run.options().items() if key not in ("public_key", "private_key")}
    pair = ("CLIENT_ID", "CLIENT_SECRET") if name.startswith("CLIENT") else ("PUBLIC_API_KEY", "PRIVATE_API_KEY")
    for each in pair:
        monkeypatch.setenv(f"MONGODB_ATLAS_{each}", "k\udcfcy" if each == name else "other")
    found = run.raw(legacy_snapshot_info, options)
    assert found["failed"]
    assert f"MONGODB_ATLAS_{name}" in found["msg"]
    assert run.sim.log.requests == 0


@pytest.mark.parametrize("path", ["\x00", "a\x00b", "x" * 5000, "/proc/self/nothing"])
def test_a_path_that_cannot_be_is_named(run: Runner, path: str) -> None:
    assert run.sim is not None
    found = tried(run, legacy_snapshot_info, {"ca_path": path})
    assert "ca_path" in found["msg"]
    assert run.sim.log.requests == 0
