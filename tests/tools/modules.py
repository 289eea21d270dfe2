# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's `main()` run in this process, as Ansible runs it: options in, one JSON result out."""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Mapping
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, tzinfo
from types import ModuleType
from typing import Any
from unittest.mock import patch

from ansible.module_utils import basic
from ansible.module_utils.common.parameters import PASS_VARS
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils import _module
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api import client as _client

from tools.faketime import FakeTime


@dataclass(frozen=True)
class Finished:
    """What a module gave: its result, failed or not, what it warned of, and all that it printed."""

    result: dict[str, Any]
    warnings: list[str]
    output: str


def run_module(
    module: ModuleType, options: Mapping[str, Any], time: FakeTime, now: datetime | None = None, **flags: Any
) -> Finished:
    """Run it, with the client's clock and chance made up; `now` is the instant of the task (default: the real one).

    AssertionError when the module ends in any other way than by its result.
    """
    warnings: list[str] = []
    printed, errors = io.StringIO(), io.StringIO()
    arguments = {**options, **{f"_ansible_{name}": value for name, value in flags.items()}}
    if "inject_invocation" in PASS_VARS:
        # Newer ansible-cores leave what was asked out of a result unless told otherwise, as older ones never did.
        arguments["_ansible_inject_invocation"] = True
    with ExitStack() as stack:
        blob = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        stack.enter_context(patch.object(basic, "_ANSIBLE_ARGS", blob))
        stack.enter_context(patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True))
        # Where the controller's code is loaded, Ansible prints warnings instead of returning them.
        stack.enter_context(patch.object(basic.AnsibleModule, "warn", lambda _module, text: warnings.append(text)))
        stack.enter_context(patch.object(_client, "Timing", lambda: time.timing))
        if now is not None:
            stack.enter_context(patch.object(_module, "datetime", _standing_at(now)))
        stack.enter_context(redirect_stdout(printed))
        stack.enter_context(redirect_stderr(errors))
        try:
            module.main()
        except SystemExit:
            return Finished(_result(printed.getvalue()), warnings, printed.getvalue() + errors.getvalue())
        except Exception:  # noqa: BLE001  (whatever it is, a module must not end so)
            raise AssertionError(f"the module ended in a traceback:\n{traceback.format_exc()}") from None
    raise AssertionError("the module ended without a result")


def _result(printed: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(printed)
    except ValueError:
        raise AssertionError(f"the module printed something other than one result:\n{printed}") from None
    return found


def _standing_at(moment: datetime) -> type[datetime]:
    class Standing(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return cls.fromtimestamp(moment.timestamp(), tz)

    return Standing
