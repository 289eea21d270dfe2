# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the API of AWX, as far as the modules of awx.awx ask it: `with Controller(projects) as controller:`.

Shaped after AWX 24.6.1, as measured there and in its code (awx/api/views, serializers.py, urls): lists with filters,
POST, PATCH and DELETE with the checks that AWX makes of references, required fields, credential types, surveys,
playbooks, schedules and messages, sub-lists that associate and disassociate, surveys, the templates of approvals, and
updates of projects and inventory sources, which end when somebody asks for them. It keeps what it is given in
a dictionary, hides secrets, and asks for a token.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from tools import awx_rules

Item = dict[str, Any]
TOKEN = "a-token-of-the-controller"
READ_TOKEN = "a-token-of-the-controller-for-reading"
_SYNCED = ("projects", "inventory_sources")  # what has updates


@dataclass(frozen=True)
class Resource:
    """A list of the API: what its items have when nothing is given, what has to be given, and what refers to what."""

    type: str
    defaults: Mapping[str, Any]
    required: tuple[str, ...] = ("name",)
    references: Mapping[str, str] | None = None  # field -> list
    associations: Mapping[str, str] | None = None  # sub-list -> list
    unique: tuple[str, ...] = ("name", "organization")
    survey: bool = False


_NOTIFIED = {f"notification_templates_{when}": "notification_templates" for when in ("started", "success", "error")}
_TEMPLATE = {"description": "", "organization": None, "extra_vars": "", "limit": "", "survey_enabled": False}
RESOURCES: dict[str, Resource] = {
    "organizations": Resource("organization", {"description": ""}, unique=("name",)),
    "execution_environments": Resource(
        "execution_environment",
        {"description": "", "organization": None, "image": "", "pull": ""},
        ("name", "image"),
        {"organization": "organizations"},
        unique=("name",),
    ),
    "credential_types": Resource(
        "credential_type",
        {"description": "", "kind": "", "inputs": {}, "injectors": {}, "managed": False},
        ("name", "kind"),
        unique=("name", "kind"),
    ),
    "credentials": Resource(
        "credential",
        {"description": "", "organization": None, "inputs": {}},
        ("name", "credential_type"),
        {"organization": "organizations", "credential_type": "credential_types"},
        unique=("name", "organization", "credential_type"),
    ),
    "projects": Resource(
        "project",
        {
            **{"description": "", "organization": None, "scm_type": "", "scm_url": "", "scm_branch": ""},
            **{"credential": None, "scm_revision": "", "allow_override": False, "status": "never updated"},
            **{"scm_update_on_launch": False, "scm_update_cache_timeout": 0, "timeout": 0},
        },
        ("name",),
        {"organization": "organizations", "credential": "credentials"},
        _NOTIFIED,
    ),
    "project_updates": Resource("project_update", {}),
    "inventory_updates": Resource("inventory_update", {}),
    "inventories": Resource(
        "inventory",
        {"description": "", "organization": None, "kind": "", "host_filter": None, "variables": ""},
        ("name", "organization"),
        {"organization": "organizations"},
    ),
    "inventory_sources": Resource(
        "inventory_source",
        {
            **{"description": "", "source": "", "source_path": "", "source_project": None, "credential": None},
            **{"execution_environment": None, "overwrite": False, "overwrite_vars": False, "source_vars": ""},
            **{"update_on_launch": False, "update_cache_timeout": 0, "organization": None, "status": "never updated"},
        },
        ("name", "inventory"),
        {
            "inventory": "inventories",
            "source_project": "projects",
            "credential": "credentials",
            "execution_environment": "execution_environments",
        },
        _NOTIFIED,
        unique=("name", "inventory"),
    ),
    "notification_templates": Resource(
        "notification_template",
        {"description": "", "notification_configuration": {}, "messages": None},
        ("name", "organization", "notification_type"),
        {"organization": "organizations"},
    ),
    "job_templates": Resource(
        "job_template",
        {
            **_TEMPLATE,
            **{"job_type": "run", "inventory": None, "playbook": "", "forks": 0, "job_slice_count": 1},
            **{"execution_environment": None, "allow_simultaneous": False, "diff_mode": False, "verbosity": 0},
            **{f"ask_{name}_on_launch": False for name in ("limit", "job_type", "variables", "diff_mode")},
        },
        ("name", "project", "playbook"),
        {"project": "projects", "inventory": "inventories", "execution_environment": "execution_environments"},
        {**_NOTIFIED, "credentials": "credentials"},
        survey=True,
    ),
    "workflow_job_templates": Resource(
        "workflow_job_template",
        {**_TEMPLATE, "allow_simultaneous": False, "ask_limit_on_launch": False, "ask_variables_on_launch": False},
        ("name",),
        {"organization": "organizations"},
        {**_NOTIFIED, "notification_templates_approvals": "notification_templates"},
        survey=True,
    ),
    "workflow_job_template_nodes": Resource(
        "workflow_job_template_node",
        {"unified_job_template": None, "extra_data": {}, "all_parents_must_converge": False, "limit": None},
        ("workflow_job_template",),
        {"workflow_job_template": "workflow_job_templates", "unified_job_template": "unified_job_templates"},
        {f"{edge}_nodes": "workflow_job_template_nodes" for edge in ("success", "failure", "always")},
        unique=("identifier", "workflow_job_template"),
    ),
    "workflow_approval_templates": Resource(
        "workflow_approval_template", {"description": "", "timeout": 0, "organization": None}
    ),
    "schedules": Resource(
        "schedule",
        {"description": "", "enabled": True, "extra_data": {}},
        ("name", "rrule", "unified_job_template"),
        {"unified_job_template": "unified_job_templates"},
        unique=("name", "unified_job_template"),
    ),
}
# What has a list of its own and another with all of its kind.
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates", "workflow_approval_templates")


def _name(item: Item) -> str:
    return str(item["identifier"] if item["type"] == "workflow_job_template_node" else item["name"])


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


class Controller:
    """The server, on a free port of loopback. `projects` are checkouts by the address of their repository.

    Of what it holds: `items[list][id]`. Of what it was asked: `writes`, the methods and paths that were no reading.
    While `has_capacity` is false no update begins. `inventory_error` is the output of the updates that fail.
    """

    def __init__(self, projects: Mapping[str, Path]) -> None:
        self.projects = dict(projects)
        self.items: dict[str, dict[int, Item]] = {name: {} for name in RESOURCES}
        self.surveys: dict[str, Any] = {}
        self.linked: dict[str, list[int]] = {}
        self.requests: list[tuple[str, str]] = []
        self.url = ""
        self.has_capacity = True
        self.inventory_error = ""
        self._next = 0
        self._add("organizations", {"name": "Default"})
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="controller", daemon=True)
        self._started = threading.Event()

    # --- what tests use ---

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which the modules find it."""
        return {"CONTROLLER_HOST": self.url, "CONTROLLER_OAUTH_TOKEN": TOKEN}

    def of(self, kind: str, name: str) -> list[Item]:
        """All items of that name; `named` is for the one."""
        return [item for item in self.items[kind].values() if _name(item) == name]

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.requests if method not in ("GET", "HEAD")]

    def named(self, kind: str, name: str) -> Item:
        """The item of that name, or identifier."""
        (found,) = [item for item in self.items[kind].values() if name == _name(item)]
        return found

    def related(self, kind: str, name: str, association: str) -> set[str]:
        """The names of what is associated with an item."""
        target = (RESOURCES[kind].associations or {})[association]
        found = self.linked.get(f"{kind}/{self.named(kind, name)['id']}/{association}", [])
        return {_name(self.items[target][one]) for one in found}

    def survey(self, kind: str, name: str) -> Any:
        return self.surveys.get(f"{kind}/{self.named(kind, name)['id']}")

    def state(self) -> Any:
        """All that it holds, to compare."""
        return (repr(self.items), repr(self.surveys), repr(self.linked))

    def add(self, kind: str, /, **fields: Any) -> int:
        """An item that somebody made by hand."""
        return int(self._add(kind, fields)["id"])

    def __enter__(self) -> Controller:
        self._thread.start()
        assert self._started.wait(10), "the controller did not start"
        return self

    def __exit__(self, *exc_info: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    # --- the server ---

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._loop.run_forever()

    async def _listen(self) -> None:
        self._runner = web.ServerRunner(web.Server(self._handle))
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._started.set()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        headers = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}
        try:
            self._authorize(request)
            if "_updates/" in request.path:
                self._work()
            given = await request.json() if request.method in ("POST", "PATCH", "PUT") else {}
            status, body = self._answer(request.method, request.path, dict(request.query), given)
        except Refused as refused:
            status, body = refused.status, dict(refused.body)
        if status == 204:
            return web.Response(status=204, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    def _authorize(self, request: web.BaseRequest) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in (TOKEN, READ_TOKEN):
            raise Refused(401, {"detail": "Authentication credentials were not provided."})
        if token == READ_TOKEN and request.method not in ("GET", "HEAD"):
            raise Refused(403, {"detail": "You do not have permission to perform this action."})

    def _answer(self, method: str, path: str, query: dict[str, str], given: Item) -> tuple[int, Any]:
        match path.removeprefix("/api/v2/").strip("/").split("/"):
            case ["unified_job_templates"] if method == "GET":
                return 200, self._page([one for kind in UNIFIED for one in self.items[kind].values()], query)
            case [kind] if kind in RESOURCES and method == "GET":
                return 200, self._page(list(self.items[kind].values()), query)
            case [kind] if kind in RESOURCES and method == "POST":
                return 201, self._shown(kind, self._created(kind, given))
            case [kind, number] if kind in RESOURCES:
                return self._one(method, kind, self._item(kind, number), given)
            case [kind, number, sub] if kind in RESOURCES:
                return self._part(method, kind, self._item(kind, number), sub, given)
        raise Refused(404, {"detail": "The requested resource could not be found."})

    def _one(self, method: str, kind: str, item: Item, given: Item) -> tuple[int, Any]:
        if method == "DELETE":
            return self._deleted(kind, item)
        if method == "PATCH":
            self._change(kind, item, given)
        return 200, self._shown(kind, item)

    def _part(self, method: str, kind: str, item: Item, sub: str, given: Item) -> tuple[int, Any]:
        """A list below an item, or what can be done with it."""
        match sub:
            case "update" if kind in _SYNCED and method == "POST":
                update = self._update(kind, item)
                return 202, self._shown(f"{update['type']}s", update)
            case "stdout" if "stdout" in item:
                return 200, {"range": {}, "content": item["stdout"]}
            case "survey_spec" if RESOURCES[kind].survey:
                return 200, self._survey(method, f"{kind}/{item['id']}", given)
            case "create_approval_template" if kind == "workflow_job_template_nodes" and method == "POST":
                return 201, self._approval(item, given)
            case name if name in (RESOURCES[kind].associations or {}):
                return self._associated(method, kind, item, sub, given)
        raise Refused(404, {"detail": "The requested resource could not be found."})

    # --- reading ---

    def _page(self, items: list[Item], query: dict[str, str]) -> Item:
        kinds = {id(item): kind for kind, held in self.items.items() for item in held.values()}
        found = [item for item in items if self._fits(item, query)]
        return {
            "count": len(found),
            "next": None,
            "previous": None,
            "results": [self._shown(kinds[id(item)], item) for item in found],
        }

    def _fits(self, item: Item, query: Mapping[str, str]) -> bool:
        """All filters, of which those that begin with or__ are one."""
        alternatives = [self._equal(item, name[4:], value) for name, value in query.items() if name.startswith("or__")]
        others = [self._equal(item, name, value) for name, value in query.items() if not name.startswith("or__")]
        return all(others) and (any(alternatives) or not alternatives)

    def _equal(self, item: Item, name: str, value: str) -> bool:
        if name in ("page", "page_size", "order_by"):
            return True
        if name == "type":
            return bool(item["type"] == value)
        field, _sign, of = name.partition("__")
        if of == "name":
            target = {"organization": "organizations", "credential_type": "credential_types"}[field]
            return bool(item[field] and self.items[target][item[field]]["name"] == value)
        if name not in item:
            raise Refused(400, {"detail": f"{item['type']} has no field named '{name}'"})
        return str(item[name]) == (value.title() if isinstance(item[name], bool) else value)

    def _item(self, kind: str, number: str) -> Item:
        try:
            return self.items[kind][int(number)]
        except (KeyError, ValueError):
            raise Refused(404, {"detail": "Not found."}) from None

    def _shown(self, kind: str, item: Item) -> Item:
        """An item as the API shows it: with addresses, and secrets hidden."""
        url = f"/api/v2/{kind}/{item['id']}/"
        related = {name: f"{url}{name}/" for name in RESOURCES[kind].associations or {}}
        summary: Item = {}
        shown = dict(item)
        if RESOURCES[kind].survey:
            related["survey_spec"] = f"{url}survey_spec/"
        if kind == "workflow_job_template_nodes":
            related["create_approval_template"] = f"{url}create_approval_template/"
            if item["unified_job_template"] is not None:
                of = self._kind_of_unified(item["unified_job_template"])
                related["unified_job_template"] = f"/api/v2/{of}/{item['unified_job_template']}/"
        if kind in _SYNCED:
            related["update"] = f"{url}update/"
            updates = [one for one in self._updates if one["of"] == item["id"]]
            if updates:
                name = "last_update" if updates[-1]["finished"] else "current_update"
                summary = {name: {"id": updates[-1]["id"], "status": updates[-1]["status"]}}
        if kind == "credentials":
            shown["inputs"] = self._hidden(item)
        if kind == "notification_templates":
            secret = awx_rules.NOTIFICATIONS[item["notification_type"]].secrets
            told = item["notification_configuration"]
            shown["notification_configuration"] = {
                name: "$encrypted$" if name in secret and value else value for name, value in told.items()
            }
        return {**shown, "url": url, "related": related, "summary_fields": summary}

    def _hidden(self, credential: Item) -> Item:
        fields = self.items["credential_types"][credential["credential_type"]]["inputs"].get("fields", [])
        secret = {one["id"] for one in fields if one.get("secret")}
        return {name: "$encrypted$" if name in secret else value for name, value in credential["inputs"].items()}

    def _kind_of_unified(self, number: int) -> str:
        return next(kind for kind in UNIFIED if number in self.items[kind])

    # --- writing ---

    def _add(self, kind: str, fields: Mapping[str, Any]) -> Item:
        self._next += 1
        item = {"id": self._next, "type": RESOURCES[kind].type, "modified": 0, **RESOURCES[kind].defaults, **fields}
        self.items[kind][self._next] = item
        return item

    def _created(self, kind: str, given: Item) -> Item:
        resource = RESOURCES[kind]
        missing = [name for name in resource.required if given.get(name) in (None, "")]
        if missing:
            raise Refused(400, {name: ["This field is required."] for name in missing})
        self._check(kind, given, given)
        taken = [
            one
            for one in self.items[kind].values()
            if all(one.get(name) == given.get(name, resource.defaults.get(name)) for name in resource.unique)
        ]
        if taken:
            raise Refused(
                400, {"__all__": [f"{resource.type} with this {' and '.join(resource.unique)} already exists."]}
            )
        item = self._add(kind, {name: value for name, value in given.items() if name not in ("id", "type")})
        if kind in ("job_templates", "inventory_sources"):  # that of another, and cannot be given
            of, field = ("projects", "project") if kind == "job_templates" else ("inventories", "inventory")
            item["organization"] = self.items[of][item[field]]["organization"]
        if kind == "notification_templates":
            self._keep_notification(item, {})
        if kind == "projects" and item["scm_type"]:
            self._update(kind, item)
        return item

    def _deleted(self, kind: str, item: Item) -> tuple[int, Any]:
        """What an item was associated with knows of it no more."""
        del self.items[kind][item["id"]]
        for key, held in self.linked.items():
            owner, _sign, sub = key.split("/")
            if (RESOURCES[owner].associations or {})[sub] == kind and item["id"] in held:
                held.remove(item["id"])
        return 204, None

    def _change(self, kind: str, item: Item, given: Item) -> None:
        """What an item has is changed; what it does not know is passed over, as AWX does."""
        known = {name: value for name, value in given.items() if name in item and name not in ("id", "type")}
        if kind == "inventories":
            known["kind"] = known.get("kind") or ""
        if kind == "credentials":
            kept = {
                key: item["inputs"][key] for key, value in known.get("inputs", {}).items() if value == "$encrypted$"
            }
            known.update({"inputs": {**known["inputs"], **kept}} if kept else {})
        before = dict(item)
        self._check(kind, known, {**item, **known})
        item.update(known, modified=item["modified"] + 1)
        if kind == "notification_templates":
            self._keep_notification(item, before)
        if kind == "projects" and any(before[name] != item[name] for name in ("scm_url", "scm_branch", "credential")):
            self._update(kind, item)

    def _keep_notification(self, item: Item, before: Item) -> None:
        """Defaults are filled in, what was encrypted stays, and so do texts that are not replaced."""
        of_type = awx_rules.NOTIFICATIONS[item["notification_type"]]
        told = {**of_type.defaults, **item["notification_configuration"]}
        old = before.get("notification_configuration", {})
        item["notification_configuration"] = {
            name: old[name] if value == "$encrypted$" else value for name, value in told.items()
        }
        kept, new = before.get("messages") or {}, item["messages"] or {}
        item["messages"] = {name: new.get(name) or kept.get(name) for name in awx_rules.EVENTS}

    def _check(self, kind: str, given: Item, whole: Item) -> None:
        for field, target in (RESOURCES[kind].references or {}).items():
            held = [
                one
                for name in (UNIFIED if target == "unified_job_templates" else (target,))
                for one in self.items[name]
            ]
            if given.get(field) is not None and given[field] not in held:
                raise Refused(400, {field: [f'Invalid pk "{given[field]}" - object does not exist.']})
        if kind == "credential_types" and "id" in whole:
            old = self.items[kind][whole["id"]]
            is_used = any(one["credential_type"] == whole["id"] for one in self.items["credentials"].values())
            if is_used and whole["inputs"] != old["inputs"]:
                detail = "Modifications to inputs are not allowed for credential types that are in use"
                raise Refused(403, {"detail": detail})
        checks: dict[str, Callable[[Item], Mapping[str, str]]] = {
            "credential_types": awx_rules.credential_type_errors,
            "credentials": self._credential_errors,
            "inventory_sources": lambda one: (
                {}
                if one.get("source") != "scm" or one.get("source_project")
                else {"source_project": "Project required for scm type sources."}
            ),
            "job_templates": self._template_errors,
            "notification_templates": lambda one: {
                **awx_rules.message_errors(one.get("messages") or {}),
                **awx_rules.notification_errors(one),
            },
            "schedules": lambda one: awx_rules.rrule_errors(one["rrule"]),
        }
        errors = checks[kind](whole) if kind in checks else {}
        if errors:
            raise Refused(400, {name: [text] for name, text in errors.items()})

    def _credential_errors(self, credential: Item) -> Mapping[str, str]:
        known = {one["id"] for one in self.items["credential_types"][credential["credential_type"]]["inputs"]["fields"]}
        unknown = set(credential.get("inputs", {})) - known
        return {"inputs": f"Additional properties are not allowed ({unknown} were unexpected)"} if unknown else {}

    def _template_errors(self, template: Item) -> Mapping[str, str]:
        project = self.items["projects"][template["project"]]
        return {} if template["playbook"] in project["playbooks"] else {"playbook": "Playbook not found for project."}

    @property
    def _updates(self) -> list[Item]:
        return [one for kind in ("project_updates", "inventory_updates") for one in self.items[kind].values()]

    def _update(self, kind: str, item: Item) -> Item:
        """A sync that is to begin."""
        item["status"] = "pending"
        about = {"of": item["id"], "name": item["name"], "status": "pending", "failed": False, "finished": None}
        return self._add(
            "project_updates" if kind == "projects" else "inventory_updates",
            {**about, "stdout": "", "scm_revision": ""},
        )

    def _work(self) -> None:
        """Ends the updates that wait. The playbooks of a project's checkout are known afterwards."""
        for update in self._updates if self.has_capacity else ():
            if update["finished"] is None:
                is_project = update["type"] == "project_update"
                item = self.items["projects" if is_project else "inventory_sources"][update["of"]]
                root = self.projects.get(item["scm_url"]) if is_project else None
                error = self.inventory_error
                if is_project:
                    item["playbooks"] = awx_rules.playbooks_in(root) if root else []
                    error = "" if root else f"fatal: repository '{item['scm_url']}' not found"
                item["status"] = "failed" if error else "successful"
                item["scm_revision"] = revision = "0" * 40 if is_project and not error else ""
                update.update(status=item["status"], failed=bool(error), finished="now", stdout=error)
                update["scm_revision"] = revision

    def _survey(self, method: str, key: str, given: Item) -> Any:
        if method == "POST":
            error = awx_rules.survey_error(given)
            if error:
                raise Refused(400, {"error": error})
            self.surveys[key] = given
        return self.surveys.get(key, {})

    def _approval(self, node: Item, given: Item) -> Item:
        if not given.get("name"):
            raise Refused(400, {"name": ["This field is required."]})
        template = self._add(
            "workflow_approval_templates", {k: given[k] for k in ("name", "description", "timeout") if k in given}
        )
        node["unified_job_template"] = template["id"]
        return self._shown("workflow_approval_templates", template)

    def _associated(self, method: str, kind: str, item: Item, sub: str, given: Item) -> tuple[int, Any]:
        target = (RESOURCES[kind].associations or {})[sub]
        held = self.linked.setdefault(f"{kind}/{item['id']}/{sub}", [])
        if method == "GET":
            return 200, self._page([self.items[target][number] for number in held], {})
        number = given.get("id")
        if not isinstance(number, int) or number not in self.items[target]:
            raise Refused(400, {"msg": f"{target} with id {number} cannot be associated."})
        if kind == "job_templates" and sub == "credentials" and "disassociate" not in given:
            same = [one for one in held if self._type_of(one) == self._type_of(number) and one != number]
            if same:
                raise Refused(400, {"error": "Cannot assign multiple credentials of one type."})
        if "disassociate" in given:
            held.remove(number)
        elif number not in held:
            held.append(number)
        return 204, None

    def _type_of(self, credential: int) -> int:
        return int(self.items["credentials"][credential]["credential_type"])
