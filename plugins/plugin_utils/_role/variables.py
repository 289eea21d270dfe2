# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's variables, read and checked, as surveys and inventories give them (R1, R21, R26)."""

from __future__ import annotations

import difflib
import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.findings import finding_codes
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import (
    OPTION_KEYS,
    POLICY_KEYS,
    Options,
    Policy,
    duration,
    parse_options,
    parse_policy,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import (
    Check,
    RefusedError,
    blank,
    check_at,
    instant,
    shown,
    switch,
    whole_number_from,
)

PREFIX = "retention_"
CLUSTER_KEYS = ("project_id", "cluster_name", "cluster_id")
# A clock that differs more would make the floors and the age of an approval mean nothing (R1).
_NEAR = timedelta(hours=1)
_ARTIFACT = re.compile(r"retention_(plan|digest|audit|run)_[0-9a-f]{16}\Z")
# Options of the modules that the role fills from its variables, in a module's text.
_OPTION = re.compile(r"(?<![\w./-])(project_id|cluster_name|cluster_id|concurrency)\b")
# What the reader of a module's text can set, and that of the role's cannot.
_NOT_HERE = re.compile(r" To do it all the same, set unless_\w+ to false\.| \((?:unless_expires_after|while_running)\)")
# What others set, and what the role leaves behind.
_NOT_READ = ("retention_hosts", "retention_result")


@dataclass(frozen=True)
class Settings:
    """What the variables say, apart from policy and options."""

    now: datetime | None = None
    allow_simulated_now: bool = False
    max_fail_percentage: float = 100.0
    batch_size: int = 100
    concurrency: int = 4
    print_summary: bool = True
    report_dir: str = ""
    plan_dir: str = ""
    plan_file: str = ""
    fail_on_drift: bool = False
    fail_on_gap: bool = False
    fail_on_blocked: bool = False
    fail_on_finding: tuple[str, ...] = ()
    approved_plan: Any = None
    approved_digest: tuple[str, ...] = ()
    plan_max_age: Duration = field(default_factory=lambda: Duration(hours=24))
    ignore_variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cluster:
    """The cluster as the role names it; "" for what it does not name."""

    project_id: str = ""
    cluster_name: str = ""
    cluster_id: str = ""

    @property
    def given(self) -> dict[str, str]:
        """What is named, as options of the modules."""
        return {key: value for key in CLUSTER_KEYS if (value := getattr(self, key))}

    def key(self, host: str) -> str:
        """By what a cluster's plan and numbers go from job to job.

        It is made from the names as given, so that a job finds them before any request; without any, from the host's.
        """
        named = f"{self.project_id}/{self.cluster_id or self.cluster_name or host}"
        return hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:16]


def in_role(text: str) -> str:
    """The text of a module, with the variables of the role in place of the options that it names."""
    text = _NOT_HERE.sub("", text).replace("time_limit (", "the timeout of the task (")
    return _OPTION.sub(rf"{PREFIX}\1", text)


def refuse_unknown(names: Iterable[str], ignored: Sequence[str]) -> None:
    """RefusedError for a variable that begins with `retention_` and means nothing here (R26)."""
    unknown = sorted(name for name in names if name.startswith(PREFIX) and not _is_known(name) and name not in ignored)
    if not unknown:
        return
    close = difflib.get_close_matches(unknown[0][:60], VARIABLES, 1)
    nearest = f"; the nearest one that it knows is {close[0]}" if close else ""
    raise RefusedError(
        f"The role does not know the variable {', '.join(unknown[:5])}{nearest}. Correct the name, or, where it belongs"
        " to somebody else, add it to retention_ignore_variables"
    )


def _is_known(name: str) -> bool:
    return name in VARIABLES or name in _NOT_READ or _ARTIFACT.match(name) is not None


def read_settings(given: Mapping[str, Any]) -> Settings:
    """The settings in variables without their prefix; RefusedError names the variable."""
    read = {key: _checked(check, given[key], key) for key, check in _SETTINGS.items() if not blank(given.get(key))}
    return Settings(**read)


def read_cluster(given: Mapping[str, Any]) -> Cluster:
    """How the variables name the cluster; RefusedError for what is no text."""
    return Cluster(**{key: _checked(_name, given[key], key) for key in CLUSTER_KEYS if not blank(given.get(key))})


def read_policy(given: Mapping[str, Any]) -> tuple[Policy, Options]:
    """The policy and its options; RefusedError names the variable."""
    policy = parse_policy({key: given.get(key) for key in POLICY_KEYS}, PREFIX)
    return policy, parse_options({key: given.get(key) for key in OPTION_KEYS}, policy, PREFIX)


def now_of(settings: Settings, clock: datetime, may_write: bool) -> datetime:
    """The instant of a run; RefusedError where a run that may write is given another day's (R1)."""
    now = clock if settings.now is None else settings.now
    if may_write and not settings.allow_simulated_now and abs(now - clock) > _NEAR:
        raise RefusedError(
            f"retention_now is {now:%Y-%m-%dT%H:%M:%SZ}, more than an hour from this machine's clock,"
            f" {clock:%Y-%m-%dT%H:%M:%SZ}: what is young, and how old an approval is, would be told wrongly. Leave it"
            " out, or use check mode; for tests there is retention_allow_simulated_now"
        )
    return now


def _checked(check: Check, value: Any, key: str) -> Any:
    return check_at(check, value, f"{PREFIX}{key}")


def _name(value: Any) -> str:
    if isinstance(value, str):
        return str.__str__(value).strip()
    raise ValueError(
        f"is {shown(value)}, which is no text, so that another cluster could be meant; put it in quotes where it is"
        " set, and see that jinja2_native does not make a number of it"
    )


def _percentage(value: Any) -> float:
    text = str(value).strip().removesuffix("%") if isinstance(value, (str, int, float)) else ""
    if value is False or text.lower() in ("off", "false", "no"):
        raise ValueError(
            "is off, which can mean that none or that all may fail: write 100 to never stop, or 0 to stop for one"
        )
    try:
        number = math.nan if isinstance(value, bool) or "_" in text else float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 100:
        raise ValueError(f"must be a number from 0 to 100, per cent of the clusters, not {shown(value)}")
    return number


def _words(value: Any) -> tuple[str, ...]:
    """A list, or a text with commas, blanks or line ends."""
    if isinstance(value, str):
        return tuple(word for word in re.split(r"[\s,]+", str.__str__(value)) if word)
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return tuple(str.__str__(item).strip() for item in value if not blank(item))
    raise ValueError(f"must be a list, or one text with commas, not {shown(value)}")


def _digests(value: Any) -> tuple[str, ...]:
    digests = tuple(word.lower() for word in _words(value))
    wrong = next((word for word in digests if not re.fullmatch(r"[0-9a-f]{64}", word)), None)
    if wrong is not None:
        raise ValueError(f"{shown(wrong)} is no digest of 64 hexadecimal digits, as plan shows it")
    return digests


def _path(value: Any) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    raise ValueError(f"must be a path, not {shown(value)}")


_SETTINGS: dict[str, Check] = {
    "now": instant,
    "allow_simulated_now": switch,
    "max_fail_percentage": _percentage,
    "batch_size": whole_number_from(1, "a number of snapshots, 1 or more"),
    "concurrency": whole_number_from(1, "a number of requests, 1 to 16", 16),
    "print_summary": switch,
    "report_dir": _path,
    "plan_dir": _path,
    "plan_file": _path,
    "fail_on_drift": switch,
    "fail_on_gap": switch,
    "fail_on_blocked": switch,
    "fail_on_finding": finding_codes,
    "approved_plan": lambda value: value,
    "approved_digest": _digests,
    "plan_max_age": duration,
    "ignore_variables": _words,
}
KEYS = (*CLUSTER_KEYS, *POLICY_KEYS, *OPTION_KEYS, *_SETTINGS)
VARIABLES = tuple(f"{PREFIX}{key}" for key in KEYS)
