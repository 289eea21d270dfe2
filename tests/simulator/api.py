# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of the three dialects (contract 1, contract 2, contract 4, contract 6, contract 9)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlencode

from . import answers, documents, routes, schema
from .accounts import Account
from .auth import REVOKE_PATH, TOKEN_PATH, Authenticator
from .documents import Dialect
from .errors import Refused
from .exchange import JSON_TYPE, Answer, Call, dumps
from .limits import Limits, Verdict
from .nouns import Cluster, Project, RestoreJob, Snapshot, part_id, whole_id
from .world import World

_ID = re.compile(r"[a-f0-9]{24}")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*")
NEWER = "2024-08-05"
OTHER_HOST = "https://central.opsmanager.invalid:8443"


@dataclass(frozen=True)
class Context:
    """A request that may be answered: who, in which dialect, where."""

    call: Call
    dialect: Dialect
    route: routes.Route
    account: Account
    path: dict[str, str]
    version: str
    project: Project | None = None
    cluster: Cluster | None = None
    # The part that stands for a shard's own cluster id on CM/OM; 0 is the whole cluster.
    part: int = 0

    @property
    def place(self) -> tuple[Project, Cluster]:
        if self.project is None or self.cluster is None:
            raise LookupError(self.call.path)
        return self.project, self.cluster


class Api:
    def __init__(self, world: World, *, check: bool = True) -> None:
        self.world = world
        self.auth = Authenticator(world)
        self.limits = Limits(world.clock)
        self.violations: list[str] = []
        # Where links point; the server sets its own address.
        self.base = documents.CENTRAL_URL
        self._check = check
        self._rendered: dict[tuple[str, str, int], tuple[Snapshot, object, str, bytes]] = {}
        self._ordered: dict[str, tuple[int, object, list[Snapshot]]] = {}

    # --- from the request to the endpoint ---

    def answer(self, call: Call) -> Answer:
        """The service's answer, checked against its schema."""
        if call.path in (TOKEN_PATH, REVOKE_PATH):
            return self._checked(call, replace(self.auth.token_answer(call), auth="basic"))
        dialect = routes.dialect_of(call.path)
        caller = self.auth.caller(call, dialect)
        user = caller.account.id if caller.account is not None else None
        rate: dict[str, str] = {}
        try:
            if caller.account is None or caller.refusal is not None:
                answer = self._challenged(call, dialect, caller.refusal)
            else:
                answer = self._routed(call, dialect, caller.account, rate)
        except Refused as refused:
            answer = self._refusal(call, refused)
        headers = {**rate, **answer.headers}
        return self._checked(call, replace(answer, headers=headers, user=user, auth=caller.auth))

    def _challenged(self, call: Call, dialect: Dialect | None, refusal: Answer | None) -> Answer:
        if refusal is None:
            raise LookupError(call.path)
        if self.world.switches.challenge_costs and dialect is not None:
            route, path, _known = routes.find(dialect, call.path[len(dialect.path) :], call.method)
            if route is not None:
                self._pay(call, dialect, route, path, call.address, {})
        return refusal

    def _routed(self, call: Call, dialect: Dialect | None, account: Account, rate: dict[str, str]) -> Answer:
        """The checks in the order in which the service is taken to make them, then the endpoint."""
        if dialect is None:
            raise Refused("RESOURCE_NOT_FOUND", call.path)
        route, quoted, known = routes.find(dialect, call.path[len(dialect.path) :], call.method)
        if route is None:
            code, what = ("METHOD_NOT_ALLOWED", call.method) if known else ("RESOURCE_NOT_FOUND", call.path)
            raise Refused(code, what)
        path = {name: unquote(value) for name, value in quoted.items()}
        version = self._version(call, dialect, route)
        self._pay(call, dialect, route, path, account.id, rate)
        self._check_query(call, dialect, route)
        self._check_address(call, dialect, route, account)
        context = Context(call, dialect, route, account, path, version)
        if "group" in path:
            context = self._in_project(context)
        if "cluster" in path:
            context = self._in_cluster(context)
        handler: Callable[[Context], Answer] = getattr(self, route.handler)
        return self._dressed(context, handler(context))

    def _version(self, call: Call, dialect: Dialect, route: routes.Route) -> str:
        switches = self.world.switches
        accept = call.headers.get("Accept", "")
        if switches.clusters_version == "older":
            route = replace(route, versions=tuple(one for one in route.versions if one != NEWER))
        version = routes.version_for(route, dialect, accept, falls_back=switches.newer_accept == "falls_back")
        if version is None:
            raise Refused("INVALID_VERSION_DATE", accept)
        ended = switches.clusters_version == "newer" and NEWER in route.versions
        if version == "2023-01-01" and (switches.version_gone or ended):
            raise Refused("VERSION_GONE", version)
        return version

    def _pay(
        self, call: Call, dialect: Dialect, route: routes.Route, path: dict[str, str], user: str, rate: dict[str, str]
    ) -> None:
        """Take a token of the bucket (contract 5), and note the headers that say so."""
        switches = self.world.switches
        if switches.rate_limited == "off" or (switches.rate_limited == "v2" and dialect.name != "v2"):
            return
        verdict = self.limits.take(route.bucket, path.get("group", ""), user)
        if switches.rate_headers == "present" and dialect.name == "v2":
            rate["RateLimit-Limit"] = str(verdict.limit.capacity)
            rate["RateLimit-Remaining"] = str(verdict.remaining)
        if not verdict.allowed:
            raise self._limited(call, dialect, verdict)

    def _limited(self, call: Call, dialect: Dialect, verdict: Verdict) -> Refused:
        limit, per = verdict.limit, int(verdict.limit.per)
        if self.world.switches.bucket_wait == "zero":
            verdict = replace(verdict, wait=0)
        if dialect.name == "v2":
            resource = call.path.lstrip("/")
            refused = Refused("RATE_LIMITED_TOKEN_BUCKET", resource, verdict.wait, limit.capacity, limit.refill, per)
        else:
            refused = Refused("RATE_LIMITED", call.path, limit.capacity, max(1, per // 60))
        if self.world.switches.retry_after == "present":
            refused.headers["Retry-After"] = str(verdict.wait)
        return refused

    def _check_query(self, call: Call, dialect: Dialect, route: routes.Route) -> None:
        switches, query = self.world.switches, call.query
        if switches.unknown_query == "refused":
            for name in query:
                if name not in route.query | routes.COMMON:
                    raise Refused("INVALID_QUERY_PARAMETER", name)
        if switches.om_include_count == "refused" and not dialect.atlas and "includeCount" in query:
            raise Refused("INVALID_QUERY_PARAMETER", "includeCount")
        for name in ("pretty", "envelope", "includeCount"):
            if query.get(name, "false").lower() not in ("true", "false"):
                raise Refused("INVALID_QUERY_PARAMETER", name)
        if query.get("completed", "true") not in ("true", "false", "all"):
            raise Refused("INVALID_ENUM_VALUE", query["completed"])

    def _check_address(self, call: Call, dialect: Dialect, route: routes.Route, account: Account) -> None:
        """Contract 3: for writes the address has to be listed; on v2 the settings decide."""
        switches = self.world.switches
        rule = switches.v2_access_list if dialect.name == "v2" else "writes"
        if rule == "off" or (rule == "writes" and route.method == "GET") or account.listed(call.address):
            return
        code = switches.access_list_code
        raise Refused(code, *((call.address,) if code.startswith("IP_") else ()))

    def _in_project(self, context: Context) -> Context:
        group = context.path["group"]
        if not _ID.fullmatch(group):
            raise Refused("INVALID_GROUP_ID", group)
        project, role = self.world.projects.get(group), context.account.role_in(group)
        if project is None or role is None:
            code = self.world.switches.missing_project
            raise Refused(code, *(() if code == "NOT_IN_GROUP" else (group,)))
        if (project.platform == "atlas") != context.dialect.atlas:
            raise Refused("NOT_ATLAS_GROUP" if context.dialect.atlas else "ATLAS_GROUP", group)
        if project.platform == "ops_manager" and context.account.kind == "service_account":
            # Contract 3: Ops Manager knows no service accounts.
            raise Refused("USER_UNAUTHORIZED")
        if role < context.route.role:
            raise Refused("USER_UNAUTHORIZED")
        return replace(context, project=project)

    def _in_cluster(self, context: Context) -> Context:
        key, group = context.path["cluster"], context.path["group"]
        malformed = _NAME if context.dialect.atlas else _ID
        if not malformed.fullmatch(key):
            raise Refused("INVALID_CLUSTER_ID", key)
        for cluster in self.world.clusters.values():
            if cluster.project_id != group:
                continue
            if context.dialect.key(cluster) == key:
                return replace(context, cluster=cluster)
            if not context.dialect.atlas:
                for part in range(1, len(cluster.shards) + 2) if cluster.sharded else ():
                    if documents.shard_id(cluster, part) == key:
                        return replace(context, cluster=cluster, part=part)
        raise Refused("CLUSTER_NOT_FOUND", key, group)

    # --- snapshots ---

    def list_snapshots(self, context: Context) -> Answer:
        project, cluster = context.place
        if cluster.flex and context.dialect.atlas:
            raise Refused("CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", cluster.name)
        if not cluster.snapshots and not documents.legacy_backup(cluster):
            code = self.world.switches.no_legacy_backup
            if code != "empty":
                raise Refused(code, context.path["cluster"], project.id)
        rows = self._in_order(cluster)
        completed = context.call.query.get("completed", "true")
        if completed != "all":
            rows = [one for one in rows if one.complete == (completed == "true")]
        return self._page(context, rows, lambda one: self._render(context, one), "page")

    def get_snapshot(self, context: Context) -> Answer:
        return self._snapshot(context, self._found(context))

    def patch_snapshot(self, context: Context) -> Answer:
        body = self._json(context)
        found = self._found(context)
        if context.part:
            raise Refused("CANNOT_MODIFY_CLUSTER_SNAPSHOT", context.path["snapshot"])
        return self._snapshot(context, self.world.patch(context.place[1], found.id, body))

    def delete_snapshot(self, context: Context) -> Answer:
        switches = self.world.switches
        found = self._missing(context) if switches.delete_missing == "no_content" else self._found(context)
        if found is not None:
            if context.part:
                raise Refused("CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT", context.path["snapshot"])
            self.world.delete(context.place[1], found.id, backup_admin=context.account.backup_admin)
        if context.dialect.atlas or switches.om_delete_status == 204:
            return Answer(204)
        if switches.om_delete_body == "empty_object":
            return answers.document(switches.om_delete_status, {}, "empty")
        return Answer(switches.om_delete_status)

    def take_snapshot(self, context: Context) -> Answer:
        project, cluster = context.place
        if project.platform != "ops_manager":
            raise Refused("RESOURCE_NOT_FOUND", context.call.path)
        if not context.account.backup_admin:
            raise Refused("USER_UNAUTHORIZED")
        days = self._number(context.call, "retentionDays", 0, 1, 1 << 31)
        taken = self.world.take_on_demand(cluster, days)
        stamp = documents.timestamp(taken.created, taken.increment, self.world.switches) | {"time": taken.created}
        body = {"clusterName": cluster.name, "description": "On-demand snapshot", "timestamp": stamp}
        return answers.document(200, body, "on demand")

    def _found(self, context: Context) -> Snapshot:
        found = self._missing(context)
        if found is None:
            raise self._not_found(context)
        return found

    def _missing(self, context: Context) -> Snapshot | None:
        wanted, cluster = context.path["snapshot"], context.place[1]
        if not _ID.fullmatch(wanted):
            raise Refused("INVALID_SNAPSHOT_ID", wanted)
        found = cluster.snapshots.get(whole_id(wanted) if context.part else wanted)
        if found is not None and context.part and part_id(found.id, context.part) != wanted:
            return None
        return found

    def _not_found(self, context: Context) -> Refused:
        code = "RESOURCE_NOT_FOUND" if self.world.switches.missing_snapshot == "other_code" else "SNAPSHOT_NOT_FOUND"
        return Refused(code, context.path["snapshot"], context.path["cluster"])

    def _refusal(self, call: Call, refused: Refused) -> Answer:
        """The error's body; "no such snapshot" as the switch has it."""
        how = self.world.switches.missing_snapshot
        if refused.code == "SNAPSHOT_NOT_FOUND" and how == "no_code":
            return answers.error_without_code(404, refused.detail)
        if refused.code == "SNAPSHOT_NOT_FOUND" and how == "empty_body":
            return Answer(404)
        return answers.error(refused, self.world.switches)

    def _in_order(self, cluster: Cluster) -> list[Snapshot]:
        """All snapshots in the service's order (contract 1.3); made anew only after a change."""
        switches = self.world.switches
        kept = self._ordered.get(cluster.id)
        if kept is not None and kept[0] == cluster.revision and kept[1] is switches:
            return kept[2]
        rows = self.world.snapshots(cluster)
        if switches.order == "oldest":
            rows.reverse()
        elif switches.order == "shuffled":
            rows.sort(key=lambda one: one.id[-8:-2] + one.id)
        self._ordered[cluster.id] = (cluster.revision, switches, rows)
        return rows

    def _snapshot(self, context: Context, snapshot: Snapshot) -> Answer:
        return Answer(200, self._render(context, snapshot), self._media_type(context))

    def _render(self, context: Context, snapshot: Snapshot) -> bytes:
        """The document's bytes, made and checked once for each state of a snapshot."""
        key = (snapshot.id, context.dialect.name, context.part)
        switches, base = self.world.switches, self._link_base
        kept = self._rendered.get(key)
        if kept is not None and kept[0] is snapshot and kept[1] is switches and kept[2] == base:
            return kept[3]
        project, cluster = context.place
        body = documents.snapshot_document(
            snapshot, cluster, project, context.dialect, switches, base=base, part=context.part
        )
        self._note(context.call, f"snapshot {context.dialect.name}", body)
        made = dumps(body)
        self._rendered[key] = (snapshot, switches, base, made)
        return made

    # --- schedule and backup configuration ---

    def get_schedule(self, context: Context) -> Answer:
        project, cluster = context.place
        self._needs_backup(context)
        body = documents.schedule_document(cluster, project, context.dialect, self.world.switches, base=self._link_base)
        return self._document(context, body, f"schedule {context.dialect.name}")

    def patch_schedule(self, context: Context) -> Answer:
        cluster = context.place[1]
        if context.part:
            raise Refused("CANNOT_MODIFY_SHARD_BACKUP_CONFIG", cluster.id)
        body = self._json(context)
        self._needs_backup(context)
        names = {
            "snapshotIntervalHours": "interval_hours",
            "snapshotRetentionDays": "retention_days",
            "dailySnapshotRetentionDays": "daily_days",
            "weeklySnapshotRetentionWeeks": "weekly_weeks",
            "monthlySnapshotRetentionMonths": "monthly_months",
            "pointInTimeWindowHours": "pit_hours",
            "clusterCheckpointIntervalMin": "checkpoint_min",
            "referenceHourOfDay": "reference_hour",
            "referenceMinuteOfHour": "reference_minute",
        }
        if not isinstance(body, dict):
            raise Refused("INVALID_JSON")
        for name, value in body.items():
            if name not in names:
                raise Refused("INVALID_ATTRIBUTE", name)
            if not _is_number(value) or value < 0 or (name == "snapshotIntervalHours" and value not in (6, 8, 12, 24)):
                raise Refused("INVALID_ATTRIBUTE", name)
        cluster.schedule = replace(cluster.schedule, **{names[name]: value for name, value in body.items()})
        cluster.next_slot = cluster.schedule.slot_after(self.world.clock.epoch)
        return self.get_schedule(context)

    def _needs_backup(self, context: Context) -> None:
        if not documents.legacy_backup(context.place[1]):
            raise Refused(self.world.switches.no_schedule, context.path["cluster"])

    def list_configs(self, context: Context) -> Answer:
        switches = self.world.switches
        if switches.monitoring == "off":
            raise Refused("CANNOT_GET_BACKUP_CONFIG_INVALID_STATE")
        everything = switches.inactive_configs == "present"
        known = [one for one in self._clusters(context, gone=True) if everything or one.backup != "INACTIVE"]
        rows = [body for one in known for body in documents.backup_config_documents(one, switches)]
        return self._page(context, rows, dumps, "backup configs")

    def get_config(self, context: Context) -> Answer:
        cluster = context.place[1]
        if cluster.backup == "INACTIVE":
            raise Refused("BACKUP_CONFIG_NOT_FOUND", cluster.id)
        body = documents.backup_config_document(cluster, self.world.switches)
        return self._document(context, body, "backup config")

    # --- restore jobs ---

    def list_jobs(self, context: Context) -> Answer:
        batch, cluster = context.call.query.get("batchId"), context.place[1]
        rows = [job for job in cluster.jobs if batch is None or job.batch_id == batch]
        if context.part:
            rows = [job for job in rows if job.part == context.part]
        return self._page(context, rows, lambda job: dumps(self._job_document(context, job)), "restore jobs")

    def get_job(self, context: Context) -> Answer:
        wanted, cluster = context.path["job"], context.place[1]
        if not _ID.fullmatch(wanted):
            raise Refused("INVALID_RESTORE_JOB_ID", wanted)
        for job in cluster.jobs:
            if job.id == wanted:
                return self._document(context, self._job_document(context, job), "restore job")
        raise Refused("RESTORE_JOB_NOT_FOUND", wanted, context.path["cluster"])

    def _job_document(self, context: Context, job: RestoreJob) -> dict[str, Any]:
        project, cluster = context.place
        return documents.restore_document(
            job, cluster, project, context.dialect, self.world.switches, base=self._link_base
        )

    # --- projects and clusters ---

    def list_groups(self, context: Context) -> Answer:
        rows = self._projects(context, self.world.switches.foreign_projects == "listed")
        org, name = context.path.get("org"), context.call.query.get("name")
        rows = [one for one in rows if (org is None or one.org_id == org) and (name is None or name in one.name)]
        return self._page(context, rows, lambda one: dumps(self._group(one)), "groups")

    def get_group_by_name(self, context: Context) -> Answer:
        for project in self._projects(context):
            if project.name == context.path["name"]:
                return self._document(context, self._group(project), "group")
        raise Refused("GROUP_NAME_NOT_FOUND", context.path["name"])

    def get_group(self, context: Context) -> Answer:
        if context.project is None:
            raise LookupError(context.call.path)
        return self._document(context, self._group(context.project), "group")

    def list_clusters(self, context: Context) -> Answer:
        known = self._clusters(context)
        if self._is_older(context):
            beyond = [one for one in known if one.beyond]
            if beyond and self.world.switches.older_clusters == "refused":
                raise Refused(beyond[0].beyond, beyond[0].name)
            known = [one for one in known if one not in beyond]
        rows = [body for one in known for body in self._cluster_documents(context, one)]
        kind = "atlas" if context.dialect.atlas else "public"
        return self._page(context, rows, dumps, f"clusters {kind}")

    def _is_older(self, context: Context) -> bool:
        """Whether the version asked for cannot describe every cluster (contract 11)."""
        return context.dialect.atlas and context.version != NEWER and self.world.switches.older_clusters != "described"

    def get_cluster(self, context: Context) -> Answer:
        cluster = context.place[1]
        if context.dialect.atlas and cluster.flex:
            raise Refused("CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", cluster.name)
        if cluster.beyond and self._is_older(context):
            raise Refused(cluster.beyond, cluster.name)
        if cluster.gone:
            raise Refused("CLUSTER_NOT_FOUND", context.path["cluster"], context.path["group"])
        bodies = self._cluster_documents(context, cluster)
        # The config server may be no entry of its own in the list.
        if context.part >= len(bodies):
            raise Refused("CLUSTER_NOT_FOUND", context.path["cluster"], context.path["group"])
        return self._document(
            context, bodies[context.part], "cluster atlas" if context.dialect.atlas else "cluster public"
        )

    def list_all_clusters(self, context: Context) -> Answer:
        switches = self.world.switches
        if switches.overview_pages == "refused" and not context.dialect.atlas:
            for name in sorted(set(context.call.query) & routes.LIST):
                raise Refused("INVALID_QUERY_PARAMETER", name)
        clusters: dict[str, list[Cluster]] = {}
        for cluster in self.world.clusters.values():
            if not cluster.gone:
                clusters.setdefault(cluster.project_id, []).append(cluster)
        everything = switches.overview_empty_projects == "present"
        rows = [
            documents.overview_document(one, clusters.get(one.id, []), switches)
            for one in self._projects(context, switches.overview_atlas == "present")
            if everything or one.id in clusters
        ]
        return self._page(context, rows, dumps, "overview")

    def no_config_host(self, context: Context) -> Answer:
        """Contract 1.1: only mirrored config servers of MongoDB 3.2 and older have these; there is none here."""
        raise Refused("HOST_NOT_FOUND", context.path["host"], context.path["group"])

    def _cluster_documents(self, context: Context, cluster: Cluster) -> list[dict[str, Any]]:
        if context.dialect.atlas:
            return [documents.atlas_cluster_document(cluster, context.version)]
        return documents.public_cluster_documents(cluster, self.world.clock.epoch, self.world.switches)

    def _projects(self, context: Context, foreign: bool = False) -> list[Project]:
        """Those that the caller has a role in: of this dialect, or of all."""
        return [
            one
            for one in self.world.projects.values()
            if (foreign or (one.platform == "atlas") == context.dialect.atlas)
            and context.account.role_in(one.id) is not None
        ]

    def _clusters(self, context: Context, *, gone: bool = False) -> list[Cluster]:
        """Those of the project; without `gone`, only those whose deployment is still there."""
        own = [one for one in self.world.clusters.values() if one.project_id == context.path["group"]]
        return [one for one in own if gone or not one.gone]

    def _group(self, project: Project) -> dict[str, Any]:
        count = sum(1 for one in self.world.clusters.values() if one.project_id == project.id)
        return documents.group_document(project, count, self.world.switches)

    # --- bodies ---

    @property
    def _link_base(self) -> str:
        return OTHER_HOST if self.world.switches.link_host == "other" else self.base

    def _json(self, context: Context) -> Any:
        """The request's body; its type and spelling are checked before anything is looked for."""
        sent = context.call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if sent != context.dialect.media_type:
            raise Refused("UNSUPPORTED_MEDIA_TYPE", sent)
        try:
            return json.loads(context.call.body)
        except ValueError:
            raise Refused("MALFORMED_JSON" if context.dialect.atlas else "INVALID_JSON") from None

    def _number(self, call: Call, name: str, default: int, low: int, high: int) -> int:
        text = call.query.get(name, str(default))
        number = int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else -1
        if not low <= number <= high:
            raise Refused("INVALID_QUERY_PARAMETER", name)
        return number

    def _page(self, context: Context, rows: Sequence[Any], render: Callable[[Any], bytes], name: str) -> Answer:
        """Contract 1.3: offset based, `next` absent on the last page, totalCount only an estimate."""
        call, switches = context.call, self.world.switches
        number = self._number(call, "pageNum", 1, 1, 1 << 30)
        size = min(self._number(call, "itemsPerPage", 100, 1, 500), switches.page_cap or 500)
        items = [render(one) for one in rows[(number - 1) * size : number * size]]
        around: dict[str, Any] = {}
        if switches.list_links == "present":
            around["links"] = self._page_links(call, number, size, len(rows))
        if call.query.get("includeCount", "true").lower() == "true":
            around["totalCount"] = max(0, len(rows) + switches.total_count_off)
        head = dumps(around)[1:-1]
        body = b'{"results":[' + b",".join(items) + b"]" + (b"," + head if head else b"") + b"}"
        if self._check:
            # Snapshots were checked when they were rendered.
            self._note(call, name, around | {"results": []} if name == "page" else json.loads(body))
        return Answer(200, body, self._media_type(context))

    def _page_links(self, call: Call, number: int, size: int, total: int) -> list[dict[str, str]]:
        def link(rel: str, page: int) -> dict[str, str]:
            query = urlencode(call.query | {"pageNum": str(page), "itemsPerPage": str(size)})
            return {"href": f"{self._link_base}{call.path}?{query}", "rel": rel}

        links = [link("self", number)]
        if number > 1:
            links.append(link("previous", number - 1))
        if number * size < total:
            links.append(link("next", number + 1))
        return links

    def _document(self, context: Context, body: dict[str, Any], name: str) -> Answer:
        return Answer(200, dumps(body), self._media_type(context), schema=name)

    def _media_type(self, context: Context) -> str:
        if context.dialect.name != "v2":
            return JSON_TYPE
        return f"application/vnd.atlas.{context.version}+json;charset=utf-8"

    def _dressed(self, context: Context, answer: Answer) -> Answer:
        """pretty and envelope (contract 8, trap 8)."""
        query = context.call.query
        pretty, envelope = (query.get(name, "false").lower() == "true" for name in ("pretty", "envelope"))
        if not answer.body or not (pretty or envelope):
            return answer
        body = json.loads(answer.body)
        if envelope and "results" in body:
            body["status"] = answer.status
        elif envelope:
            body = {"status": answer.status, self.world.switches.envelope_key: body}
        made = json.dumps(body, indent=2).encode() if pretty else dumps(body)
        return replace(answer, body=made, schema=None if envelope else answer.schema)

    # --- the check of every answer ---

    def _note(self, call: Call, name: str, body: object) -> None:
        if self._check:
            self.violations += [f"{call.method} {call.target}: {problem}" for problem in schema.problems(name, body)]

    def _checked(self, call: Call, answer: Answer) -> Answer:
        if answer.schema is not None and self._check:
            self._note(call, answer.schema, json.loads(answer.body))
        return answer


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
