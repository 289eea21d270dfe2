# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is PRIVATE to the collection. Do not use it from outside.

"""From AnsibleModule to the service and back: options, secrets, warnings, errors.

The only file that knows AnsibleModule.
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Callable, NoReturn, TypeVar

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.parameters import sanitize_keys
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.client import READS_AT_ONCE, REQUESTS_ERROR
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError, OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._clusters import find_cluster
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._connection import (
    CLUSTER_SPEC,
    CONNECTION_SPEC,
    connect,
    is_masked_everywhere,
    resolve,
    secrets_of,
    shown,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import parse_object_id
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot_api import Service

_Asked = TypeVar("_Asked")
_IN_A_CONTAINER = (
    "On AWX, Automation Platform and ansible-navigator that is the Python of the execution environment: name this"
    " collection under dependencies.galaxy of its definition, whence ansible-builder installs requests with it, or put"
    " requests under dependencies.python."
)


class Failed(Exception):
    """The task fails with a message, an error and all that was done until then."""

    def __init__(self, message: str, error: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.error = error
        self.result = result


@dataclass(frozen=True)
class Call:
    """What a module works with. `now` is the one instant of the task, in whole seconds, UTC."""

    params: Mapping[str, Any]
    service: Service
    project_id: str
    now: datetime
    check_mode: bool
    diff_mode: bool
    warn: Callable[[str], None]


class _Module(AnsibleModule):
    """AnsibleModule for which a blank option is one that is not given, also where it has choices."""

    def _load_params(self) -> None:
        super()._load_params()  # type: ignore[no-untyped-call]  # ansible-core has no types here
        kept = _without_blanks(self.params)
        for name, spec in self.argument_spec.items():
            # ansible-core takes a list of three for a number, ends in a traceback over an infinite one, and never
            # over 1e999999999. Quoted once more, it refuses them by name.
            if spec.get("type") == "int" and name in kept and not _is_number(kept[name]):
                kept[name] = repr(str(kept[name])[:80])
        self.params: dict[str, Any] = kept

    def _log_to_syslog(self, msg: str) -> None:
        # Newer Pythons log no text with a NUL in it, and ansible-core then fails the task with a word about syslog. Our
        # own checks refuse such an option by its name.
        super()._log_to_syslog(msg.replace("\0", r"\0"))  # type: ignore[no-untyped-call]  # nor here

    def exit_json(self, **result: Any) -> NoReturn:
        # Python looks for rings among all objects when it ends, more than once: 0.02 s, and more after a long listing.
        gc.freeze()
        super().exit_json(**self._masked(result))
        raise AssertionError("exit_json returns to nobody")

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        # Also of options that do not pass: then nothing else has looked at the secrets in them yet.
        super().fail_json(msg, **self._masked(result))
        raise AssertionError("fail_json returns to nobody")

    def _masked(self, result: dict[str, Any]) -> dict[str, Any]:
        """What core masks, told anew: all our secrets, but none that would make a hash of ids, times and states."""
        known = {*self.no_log_values, *secrets_of(self.params, os.environ)}
        self.no_log_values = {secret for secret in known if is_masked_everywhere(secret)}
        # Of results core masks the values alone, and a part of a snapshot has the keys that the service gives it.
        if any(secret in key for key in _keys(result) for secret in self.no_log_values):
            result = sanitize_keys(result, self.no_log_values)
        return {"invocation": {"module_args": shown(self.params)}, **result}


def _keys(result: Mapping[str, Any]) -> set[str]:
    """All keys at all depths. They are few where the values are many, and rewriting a result takes seconds."""
    found: set[str] = set()
    left: list[Any] = [result]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            found.update(map(str, value))
            value = value.values()
        left += [inner for inner in value if isinstance(inner, (dict, list, tuple))]
    return found


def _is_number(value: Any) -> bool:
    return (
        not isinstance(value, (list, dict)) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}(\.0*)?\s*", str(value)) is not None
    )


def _without_blanks(params: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in params.items() if value is not None and value != ""}
    items = kept.get("snapshots")
    if isinstance(items, list):
        kept["snapshots"] = [_without_blanks(item) if isinstance(item, dict) else item for item in items]
    return kept


def run(
    argument_spec: Mapping[str, Any],
    understand: Callable[[Mapping[str, Any]], _Asked],
    work: Callable[[Call, _Asked], dict[str, Any]],
    **constraints: Any,
) -> None:
    """A whole module: `understand` reads the options before any request, `work` does the rest.

    Both raise OptionError, `work` ApiError and Failed as well.
    """
    # A listing makes a million objects and no rings. Looking for rings at every 700th takes a sixth of the time.
    gc.set_threshold(200_000)
    # An answer comes in some fifteen pieces, and by default the thread that takes them has to wait 5 ms for each while
    # another one reads a page: a seventh of the time of a long listing.
    sys.setswitchinterval(0.0005)
    spec = {**CONNECTION_SPEC, **CLUSTER_SPEC, "tell_requests": {"type": "bool", "default": False}, **argument_spec}
    module = _Module(argument_spec=spec, supports_check_mode=True, **constraints)
    if REQUESTS_ERROR is not None:
        module.fail_json(msg=f"{missing_required_lib('requests')}. {_IN_A_CONTAINER}", exception=str(REQUESTS_ERROR))
    # Told also when the task fails: what was asked of the service is evidence then too. By `check_mode` whoever counts
    # from a job's events knows what was only predicted; all else is the same.
    sent: dict[str, Any] = {"check_mode": module.check_mode}
    try:
        result = _answer(module, understand, work, sent)
    except OptionError as error:
        module.fail_json(msg=str(error), error={"status": None, "code": None, "detail": str(error)}, **sent)
    except ApiError as error:
        module.fail_json(msg=str(error), error=error.to_result(), **sent)
    except Failed as failed:
        module.fail_json(msg=str(failed), error=failed.error, **failed.result, **sent)
    module.exit_json(**result, **sent)


def _answer(
    module: AnsibleModule,
    understand: Callable[[Mapping[str, Any]], _Asked],
    work: Callable[[Call, _Asked], dict[str, Any]],
    sent: dict[str, Any],
) -> dict[str, Any]:
    params = module.params
    asked = understand(params)
    cluster_id = _cluster_id(params)
    connection = resolve(params, os.environ)
    for warning in connection.warnings:
        module.warn(warning)
    client = connect(connection, module.check_mode, params.get("concurrency", READS_AT_ONCE), module.no_log_values.add)
    try:
        cluster = find_cluster(client, connection.project_id, params["cluster_name"], cluster_id)
        call = Call(
            params=params,
            service=Service(client, connection.project_id, cluster),
            project_id=connection.project_id,
            now=datetime.now(timezone.utc).replace(microsecond=0),
            check_mode=module.check_mode,
            diff_mode=module._diff,  # noqa: SLF001  (ansible-core offers it by no other name)
            warn=module.warn,
        )
        return work(call, asked)
    finally:
        if params["tell_requests"]:
            about = {"platform": connection.platform, "base_url": connection.settings.base_url}
            sent["requests"] = {**client.sent.to_result(), **about}
        retries = client.retries.summary()
        if retries is not None:
            module.warn(retries)


def _cluster_id(params: Mapping[str, Any]) -> str | None:
    if params["cluster_name"] is None and params["cluster_id"] is None:
        raise OptionError(
            "Which cluster? Give cluster_name (required on Atlas), or cluster_id (on Cloud and Ops Manager)."
        )
    try:
        return None if params["cluster_id"] is None else parse_object_id(params["cluster_id"])
    except ValueError as exc:
        raise OptionError(f"cluster_id: {exc}.") from exc
