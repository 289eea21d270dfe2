# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX 24.6 accepts: credential types, surveys, schedules, notifications, and what it takes for a playbook.

Each function names the place there. Nothing here knows of this collection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dateutil.rrule import rrulestr
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jsonschema import Draft7Validator

# awx/main/fields.py: CredentialTypeInputField and CredentialTypeInjectorField
_INPUTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "required": {"type": "array", "items": {"type": "string"}},
        "fields": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "type": {"enum": ["string", "boolean"]},
                    "format": {"enum": ["ssh_private_key", "url"]},
                    "choices": {"type": "array", "minItems": 1, "items": {"type": "string"}, "uniqueItems": True},
                    "id": {"type": "string", "pattern": "^[a-zA-Z_]+[a-zA-Z0-9_]*$"},
                    "label": {"type": "string"},
                    "help_text": {"type": "string"},
                    "multiline": {"type": "boolean"},
                    "secret": {"type": "boolean"},
                    "ask_at_runtime": {"type": "boolean"},
                    "default": {},
                },
                "additionalProperties": False,
                "required": ["id", "label"],
            },
        },
    },
}
_INJECTORS = {
    "type": "object",
    "properties": {
        "file": {
            "type": "object",
            "patternProperties": {r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$": {"type": "string"}},
            "additionalProperties": False,
        },
        "env": {
            "type": "object",
            "patternProperties": {"^[a-zA-Z_]+[a-zA-Z0-9_]*$": {"type": "string", "pattern": "^[\x00-\x7f]*$"}},
            "additionalProperties": False,
        },
        "extra_vars": {"type": "object"},
    },
    "additionalProperties": False,
}
# awx/main/constants.py: ENV_BLOCKLIST
_FORBIDDEN = frozenset(
    """VIRTUAL_ENV PATH PYTHONPATH JOB_ID INVENTORY_ID INVENTORY_SOURCE_ID INVENTORY_UPDATE_ID AD_HOC_COMMAND_ID
    REST_API_URL REST_API_TOKEN MAX_EVENT_RES CALLBACK_QUEUE CALLBACK_CONNECTION CACHE JOB_CALLBACK_DEBUG
    INVENTORY_HOSTVARS AWX_HOST PROJECT_REVISION SUPERVISOR_CONFIG_PATH""".split()
)
# awx/main/constants.py: SURVEY_TYPE_MAPPING
_ANSWERS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("text", "textarea", "password", "multiplechoice", "multiselect"), str),
    "integer": int,
    "float": (float, int),
}


def credential_type_errors(given: Mapping[str, Any]) -> dict[str, str]:
    """Why a credential type is refused, by field; nothing when it is taken."""
    if given.get("kind") not in ("cloud", "net"):
        return {"kind": "Must be cloud or net for custom credential types."}
    inputs = next(_input_errors(given.get("inputs", {})), "")
    injectors = "" if inputs else next(_injector_errors(given.get("injectors", {}), given.get("inputs", {})), "")
    return {name: text for name, text in (("inputs", inputs), ("injectors", injectors)) if text}


def _input_errors(inputs: Any) -> Iterator[str]:
    yield from (error.message for error in Draft7Validator(_INPUTS).iter_errors(inputs))
    seen = set()
    for field in inputs.get("fields", []):
        kind = field.get("type", "string")
        if field["id"] == "tower" or field["id"] in seen:
            yield f"{field['id']} is reserved or not unique"
        seen.add(field["id"])
        if "default" in field and not isinstance(field["default"], {"string": str, "boolean": bool}[kind]):
            yield f"the default of {field['id']} is not a {kind}"
        if kind != "string":
            yield from (
                f"{key} not allowed for {kind}" for key in ("choices", "multiline", "format", "secret") if key in field
            )


class _Named:
    """What `tower` and `tower.filename` are while a type is checked: they have attributes and are no text."""

    def __str__(self) -> str:
        raise TemplateError("tower and tower.filename are no values")


def _injector_errors(injectors: Any, inputs: Mapping[str, Any]) -> Iterator[str]:
    yield from (error.message for error in Draft7Validator(_INJECTORS).iter_errors(injectors))
    namespace: dict[str, Any] = {field["id"]: "EXAMPLE" for field in inputs.get("fields", [])}
    tower = namespace["tower"] = _Named()
    tower.filename = _Named()  # type: ignore[attr-defined]  # a namespace
    files = list(injectors.get("file", {}))
    if "template" in files:
        tower.filename = "EXAMPLE_FILENAME"  # type: ignore[attr-defined]  # a namespace
        if len(files) > 1:
            yield "must use multi-file syntax when injecting multiple files"
    for name in files:
        if "." in name:
            setattr(tower.filename, name.split(".")[1], "EXAMPLE_FILENAME")  # type: ignore[attr-defined]  # a namespace
    for name in injectors.get("env", {}):
        if name.startswith("ANSIBLE_") or name in _FORBIDDEN:
            yield f"environment variable {name} is not allowed"
    for kind in ("env", "file"):
        for name, template in injectors.get(kind, {}).items():
            problem = _unrenderable(template, namespace)
            if problem:
                yield f"{name}: {problem}"


def _unrenderable(template: str, namespace: Mapping[str, Any]) -> str:
    try:
        ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(namespace)
    except TemplateError as exc:
        return f"{type(exc).__name__}: {exc}"
    return ""


def survey_error(survey: Mapping[str, Any]) -> str:
    """Why a survey is refused, or "" (awx/api/views: JobTemplateSurveySpec._validate_spec_data)."""
    for name, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(survey.get(name), kind):
            return f"field '{name}' is missing from survey spec or no {kind.__name__}"
    if not survey["spec"]:
        return "'spec' doesn't contain any items"
    names = [question.get("variable") for question in survey["spec"]]
    if len(names) != len(set(names)):
        return "a variable is asked for twice"
    return next((error for question in survey["spec"] for error in _question_errors(question)), "")


def _question_errors(question: Mapping[str, Any]) -> Iterator[str]:
    named = question.get("variable")
    for name, kind in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
        if not isinstance(question.get(name), kind):
            yield f"'{name}' of {named} missing or no {kind.__name__}"
    if question.get("type") not in _ANSWERS:
        yield f"{question.get('type')} of {named} is not one of the allowed question types"
        return
    default = question.get("default", "")
    if default != "" and not isinstance(default, _ANSWERS[question["type"]]):
        yield f"the default of {named} is no {question['type']}"
    for limit in ("min", "max"):
        if question.get(limit) is not None and not isinstance(question[limit], int):
            yield f"the {limit} limit of {named} is no integer"
    if question["type"] in ("multiplechoice", "multiselect"):
        if "choices" not in question:
            yield f"{named} must specify choices"
        elif any(one not in question["choices"] for one in str(default).splitlines()):
            yield f"the default of {named} is not one of its choices"


def rrule_errors(text: str) -> dict[str, str]:
    """Why a schedule is refused (awx/api/serializers.py: SchedulePreviewSerializer.validate_rrule)."""
    rules = re.findall(r"RULE:[^\s]*", text)
    starts = re.findall(r"DTSTART(?:;[^:]+)?:[0-9]+T[0-9]+Z?", text)
    problems = (
        (len(starts) != 1, "one DTSTART is required"),
        (re.search(r"DTSTART:[0-9]+T[0-9]+ ", text), "DTSTART cannot be a naive datetime"),
        (not rules, "one or more rule required in rrule"),
        (re.search(r"(?i)(ex|r)date:", text), "EXDATE and RDATE not allowed in rrule"),
        (any("interval" not in rule.lower() for rule in rules), "INTERVAL required in rrule"),
        (any("secondly" in rule.lower() for rule in rules), "SECONDLY is not supported"),
        (
            any(re.search(r"BYDAY[:=][0-9]+[a-zA-Z]{2}", rule) for rule in rules),
            "BYDAY with numeric prefix not supported",
        ),
        (any("COUNT" in rule and "UNTIL" in rule for rule in rules), "may not contain both COUNT and UNTIL"),
        (any(int(count) > 999 for count in re.findall(r"COUNT=([0-9]+)", text)), "COUNT > 999 is unsupported"),
    )
    found = [problem for is_so, problem in problems if is_so]
    try:
        rrulestr(text.replace(" ", "\n"))
    except ValueError as exc:
        found.append(f"rrule parsing failed validation: {exc}")
    return {"rrule": "; ".join(found)} if found else {}


# awx/main/models/notifications.py: JobNotificationMixin.context_stub, what messages may use
STUB = {
    "job": {
        "id": 42,
        "name": "Stub JobTemplate",
        "status": "running",
        "artifacts": {},
        "host_status_counts": {"ok": 5, "changed": 3, "failures": 0},
        "limit": "bar_limit",
    },
    "job_friendly_name": "Job",
    "url": "https://platformhost/#/jobs/playbook/1010",
    "approval_status": "approved",
    "approval_node_name": "Approve Me",
    "workflow_url": "https://platformhost/#/jobs/workflow/1010",
    "job_metadata": "{}",
}
EVENTS = ("started", "success", "error", "workflow_approval")
_APPROVAL_EVENTS = {"running", "approved", "timed_out", "denied"}


def message_errors(messages: Mapping[str, Any]) -> dict[str, str]:
    """Why the texts of a notification are refused (awx/api/serializers.py: NotificationTemplateSerializer)."""
    approvals = messages.get("workflow_approval") or {}
    unknown = (set(messages) - set(EVENTS)) | (set(approvals) - _APPROVAL_EVENTS)
    found = [f"event {name} invalid" for name in sorted(unknown)]
    plain = [texts for event, texts in messages.items() if event != "workflow_approval"]
    for texts in filter(None, [*plain, *approvals.values()]):
        for kind, text in texts.items():
            if kind not in ("message", "body"):
                found.append(f"message type {kind} invalid")
            if kind == "message" and "\n" in text:
                found.append("messages cannot contain newlines")
            found += [problem for problem in [_unrenderable(text, STUB)] if problem]
    return {"messages": "; ".join(found)} if found else {}


@dataclass(frozen=True)
class NotificationType:
    """The keys of a notification's configuration (awx/main/notifications: init_parameters)."""

    required: tuple[str, ...]
    secrets: tuple[str, ...]
    defaults: Mapping[str, Any]


NOTIFICATIONS = {
    "slack": NotificationType(("token", "channels"), ("token",), {}),
    "email": NotificationType(
        ("host", "port", "username", "password", "use_tls", "use_ssl", "sender", "recipients"),
        ("password",),
        {"timeout": 30},
    ),
    "webhook": NotificationType(
        ("url",),
        ("password",),
        {"http_method": "POST", "disable_ssl_verification": False, "username": "", "password": "", "headers": {}},
    ),
}


def notification_errors(template: Mapping[str, Any]) -> dict[str, str]:
    """Why the configuration of a notification is refused (serializers.py: NotificationTemplateSerializer.validate)."""
    given = template["notification_configuration"]
    missing = [name for name in NOTIFICATIONS[template["notification_type"]].required if name not in given]
    told = f"Missing required fields for Notification Configuration: {missing}."
    return {"notification_configuration": told} if missing else {}


def webhook_body(text: str) -> Any:
    """What a webhook sends of a rendered body (awx/main/notifications/webhook_backend.py: format_body)."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return {}


# awx/main/utils/ansible.py: could_be_playbook and skip_directory
_PLAYBOOK = re.compile(
    r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):\s*?.*?$"
)
_NO_PLAYBOOKS = {"roles", "tasks", "group_vars", "host_vars"}


def playbooks_in(project: Path) -> list[str]:
    """What a project's checkout offers as playbooks."""
    found = []
    for path in sorted(project.rglob("*.y*ml")):
        parts = path.relative_to(project).parts
        hidden = any(part in _NO_PLAYBOOKS or part.startswith(".") for part in parts[:-1])
        if not hidden and any(_PLAYBOOK.match(line) for line in path.read_text(encoding="utf-8").splitlines()):
            found.append("/".join(parts))
    return found
