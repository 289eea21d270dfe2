# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From AnsibleModule to the service and back: options, secrets, warnings, errors. The only file with AnsibleModule."""

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

from ._api.client import REQUESTS_ERROR, Client
from ._api.errors import ApiError, OptionError
from ._api.pagination import READS_AT_ONCE
from ._api.redaction import is_distinctive, keys_contain
from ._clusters import find_cluster
from ._connection import (
    CLUSTER_SPEC,
    CONNECTION_SPEC,
    check_texts,
    connect,
    no_texts,
    redact_options,
    resolve,
    secrets_of,
)
from ._snapshot import parse_object_id
from ._snapshot_api import Service

_Asked = TypeVar("_Asked")
_IN_A_CONTAINER = (
    "On AWX, Automation Platform and ansible-navigator that is the Python of the execution environment: name this"
    " collection under dependencies.galaxy of its definition, or put requests under dependencies.python."
)


# What a role or an action tells the modules that it runs, and asks of them.
_RUN_SPEC: dict[str, dict[str, Any]] = {
    **{name: {"type": "bool", "default": False} for name in ("tell_requests", "service_has_answered")},
    "run_folder": {"type": "path", "no_log": True},
}


class Failed(Exception):
    """The task fails with a message, an error and the result so far."""

    def __init__(self, message: str, error: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.error = error
        self.result = result


@dataclass(frozen=True)
class Call:
    """What a module works with. `now` is the time of the whole task, in UTC and whole seconds."""

    params: Mapping[str, Any]
    service: Service
    project_id: str
    now: datetime
    check_mode: bool
    diff_mode: bool
    warn: Callable[[str], None]


class _Module(AnsibleModule):
    """AnsibleModule that takes a blank option for an unset one, also where the option has choices."""

    def _load_params(self) -> None:
        super()._load_params()  # type: ignore[no-untyped-call]  # ansible-core has no types here
        kept = _without_blanks(self.params)
        self.text_error: OptionError | None = None
        try:
            check_texts(kept)
        except OptionError as error:
            # ansible-core would make a text of it, which no list of secrets contains.
            self.text_error = error
            for name in no_texts(kept):
                del kept[name]
        for name, spec in self.argument_spec.items():
            # ansible-core takes a list of three for a number, and never ends for 1e999999999. It rejects this repr.
            if spec.get("type") == "int" and name in kept and not _is_number(kept[name]):
                kept[name] = repr(str(kept[name])[:80])
        self.params: dict[str, Any] = kept

    def _log_to_syslog(self, msg: str) -> None:
        # Newer Pythons log no text with a NUL, which fails the task with an error about syslog instead of the option.
        super()._log_to_syslog(msg.replace("\0", r"\0"))  # type: ignore[no-untyped-call]  # nor here

    def exit_json(self, **result: Any) -> NoReturn:
        # Without this, collecting garbage at the end takes 0.02 s, and more after a long listing.
        gc.freeze()
        super().exit_json(**self._redacted(result))
        raise AssertionError("exit_json does not return")

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        # ansible-core calls this for invalid options as well, before anything has looked for secrets.
        super().fail_json(msg, **self._redacted(result))
        raise AssertionError("fail_json does not return")

    def _redacted(self, result: dict[str, Any]) -> dict[str, Any]:
        """Rebuild core's list of masked values without secrets that are short enough to garble ids and times."""
        known = {*self.no_log_values, *secrets_of(self.params, os.environ)}
        self.no_log_values = {secret for secret in known if is_distinctive(secret)}
        # ansible-core masks no keys, and the service chooses those of parts. To rewrite a result takes seconds.
        if keys_contain(result, self.no_log_values):
            result = sanitize_keys(result, self.no_log_values)
        return {"invocation": {"module_args": redact_options(self.params)}, **result}


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
    parse: Callable[[Mapping[str, Any]], _Asked],
    work: Callable[[Call, _Asked], dict[str, Any]],
    **constraints: Any,
) -> None:
    """A whole module: `parse` reads the options before any request, `work` does the rest.

    Both raise OptionError, `work` ApiError and Failed as well.
    """
    _tune()
    spec = {**CONNECTION_SPEC, **CLUSTER_SPEC, **_RUN_SPEC, **argument_spec}
    module = _Module(argument_spec=spec, supports_check_mode=True, **constraints)
    if REQUESTS_ERROR is not None:
        module.fail_json(msg=f"{missing_required_lib('requests')}. {_IN_A_CONTAINER}", exception=str(REQUESTS_ERROR))
    always: dict[str, Any] = {"check_mode": module.check_mode}
    try:
        if module.text_error is not None:
            raise module.text_error
        asked = parse(module.params)
        result = _work(module, lambda call: work(call, asked), always)
    except OptionError as error:
        module.fail_json(msg=str(error), error={"status": None, "code": None, "detail": str(error)}, **always)
    except ApiError as error:
        module.fail_json(msg=str(error), error=error.to_result(), **always)
    except Failed as failed:
        module.fail_json(msg=str(failed), error=failed.error, **failed.result, **always)
    module.exit_json(**result, **always)


def _tune() -> None:
    # A listing creates a million objects without cycles. Collecting every 700 takes a sixth of the time.
    gc.set_threshold(200_000)
    # By default, a thread waits 5 ms for each piece of a response while another parses: a seventh of the time.
    sys.setswitchinterval(0.0005)


def _work(module: AnsibleModule, work: Callable[[Call], dict[str, Any]], always: dict[str, Any]) -> dict[str, Any]:
    cluster_id = _cluster_id(module.params)
    connection = resolve(module.params, os.environ)
    for warning in connection.warnings:
        module.warn(warning)
    connections = module.params.get("concurrency", READS_AT_ONCE)
    about_run = (module.params.get("time_limit"), module.params["service_has_answered"], module.params["run_folder"])
    client = connect(connection, module.check_mode, connections, module.no_log_values.add, *about_run)
    try:
        return work(_call(module, client, connection.project_id, cluster_id))
    finally:
        if module.params["tell_requests"]:
            about = {"platform": connection.platform, "base_url": connection.settings.base_url}
            always["requests"] = {**client.sent.to_result(), **about}
        retries = client.retries.summary()
        if retries is not None:
            module.warn(retries)


def _call(module: AnsibleModule, client: Client, project_id: str, cluster_id: str | None) -> Call:
    cluster = find_cluster(client, project_id, module.params["cluster_name"], cluster_id)
    return Call(
        params=module.params,
        service=Service(client, project_id, cluster),
        project_id=project_id,
        now=datetime.now(timezone.utc).replace(microsecond=0),
        check_mode=module.check_mode,
        diff_mode=module._diff,  # noqa: SLF001  (ansible-core offers it by no other name)
        warn=module.warn,
    )


def _cluster_id(params: Mapping[str, Any]) -> str | None:
    if params["cluster_name"] is None and params["cluster_id"] is None:
        raise OptionError(
            "Which cluster? Give cluster_name (required on Atlas), or cluster_id (on Cloud and Ops Manager)."
        )
    try:
        return None if params["cluster_id"] is None else parse_object_id(params["cluster_id"])
    except ValueError as exc:
        raise OptionError(f"cluster_id: {exc}.") from exc
