# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step that decides: lists a cluster, plans by the policy or checks an approved plan, and releases what may be.

Nothing is changed here. Only `main` and `apply` release, and only what no guard has stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import names
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.evidence import LISTED
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention import findings as finding
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.engine import plan as plan_for
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import Cluster as Listed
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.listing import read_info
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Note, Plan, dump_notes
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.policy import Options, Policy
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.summary import Run
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import RefusedError
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role import approve, files, fleet, plans
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.files import FileError, check_report
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.outcome import (
    TWICE,
    changes_shown,
    numbers_of,
    published,
    same_cluster,
    with_plan,
    without_plan,
    write_report,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.step import Step, target
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.store import SHOWN, STOPPED, Entry
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.variables import (
    PREFIX,
    Cluster,
    Settings,
    in_role,
    now_of,
    read_cluster,
    read_policy,
    read_settings,
    refuse_unknown,
)

MAIN, PLAN, APPLY, AUDIT = "main", "plan", "apply", "audit"
ENTRY_POINTS = (MAIN, PLAN, APPLY, AUDIT)
_GATHER = ("schedule", "restore_jobs")
# AWX keeps an artifact in a row of its database.
_MOST_ARTIFACT_BYTES = 5_000_000


@dataclass(frozen=True)
class Asked:
    """What the role was asked for one host. `policy` is None in `apply`, where the approved plan has one."""

    entry_point: str
    cluster: Cluster
    settings: Settings
    policy: tuple[Policy, Options] | None
    now: datetime

    @property
    def may_release(self) -> bool:
        """Whether this entry point is followed by the step that applies."""
        return self.entry_point in (MAIN, APPLY)


@dataclass(frozen=True)
class Found:
    """A plan with what it was decided on. `void` are changes of expiry that can no longer be made."""

    plan: Plan
    listing: Mapping[str, Any]
    findings: tuple[Note, ...]
    void: frozenset[str] = frozenset()


class Stop(Exception):
    """The host goes no further. The message is what the last task of the role says."""


def decide(step: Step, entry: Entry, entry_point: str, refusal: str | None) -> dict[str, Any]:
    """The result of one host that has begun; what is released lies in the store.

    `refusal` is why the play around the role cannot be used.
    """
    cluster = Cluster()
    try:
        if refusal is not None:
            raise Stop(f"{refusal}.")
        cluster = read_cluster(step.given)
        asked = _asked(step, entry_point, cluster)
        found = _approved(step, asked) if asked.policy is None else _planned(step, asked, *asked.policy)
        entry = _claim(step, asked, entry, found.plan)
        end = _release if asked.may_release and not found.plan.is_blocked else _end
        return end(step, asked, entry, found)
    except (Stop, RefusedError) as exc:
        result = without_plan(step, cluster, str(exc), entry_point in (PLAN, AUDIT) or step.check_mode)
        step.store.end(entry, STOPPED if entry_point in (MAIN, APPLY) else SHOWN, result)
        return result


def _asked(step: Step, entry_point: str, cluster: Cluster) -> Asked:
    """What was asked for, refused before any request where it cannot be used."""
    settings = read_settings(step.given)
    if entry_point in (APPLY, AUDIT):
        # Variables of a group can be for `plan`, whose files wait for an approval and are not to be replaced.
        settings = replace(settings, plan_file="", plan_dir="")
    refuse_unknown(step.names, settings.ignore_variables)
    may_write = entry_point in (MAIN, APPLY) and not step.check_mode
    now = now_of(settings, step.clock, may_write)
    policy = None if entry_point == APPLY else read_policy(step.given)
    _check_run(step, settings)
    _check_folders(settings)
    step.connection.check(cluster.given)
    return Asked(entry_point, cluster, settings, policy, now)


def _check_run(step: Step, settings: Settings) -> None:
    reason = fleet.refused(settings.max_fail_percentage, step.strategy, step.run_once, len(step.hosts))
    if reason:
        raise RefusedError(reason)
    if settings.plan_file and len(step.hosts) > 1:
        raise RefusedError(
            f"retention_plan_file is one file for {len(step.hosts)} hosts, and each would overwrite it: use"
            " retention_plan_dir, which gets a file for each cluster"
        )


def _check_folders(settings: Settings) -> None:
    """What is to be written at the end is tried before anything is asked of the service."""
    wanted = {
        "retention_report_dir": (settings.report_dir, files.prepare),
        "retention_plan_dir": (settings.plan_dir, files.prepare),
        "retention_plan_file": (settings.plan_file, _unwritable),
    }
    for name, (path, check) in wanted.items():
        if path:
            _check_place(name, path, check)


def _check_place(name: str, path: str, check: Callable[[Path], str | None]) -> None:
    try:
        reason = check(files.resolve(path))
    except FileError as exc:
        reason = str(exc)
    if reason:
        raise RefusedError(f"{name}: {reason}")


def _unwritable(path: Path) -> str | None:
    return files.prepare(path.parent) or files.check(path)


def _listed(step: Step, cluster: Cluster) -> tuple[Mapping[str, Any], Listed]:
    listing = step.list(cluster.given, _GATHER)
    if listing.get("failed"):
        raise Stop(in_role(str(listing.get("msg") or "The snapshots could not be listed.")))
    return listing, read_info(listing)


def _planned(step: Step, asked: Asked, policy: Policy, options: Options) -> Found:
    listing, listed = _listed(step, asked.cluster)
    plan = plan_for(listed, policy, options, asked.now, PREFIX)
    return Found(plan, listing, tuple(finding.audit(plan, listed)))


def _approved(step: Step, asked: Asked) -> Found:
    plan = approve.approved_plan(asked.settings, asked.cluster, step.given["handed_on_plan"], asked.now)
    listing, listed = _listed(step, asked.cluster)
    void = approve.compare(plan, listed, asked.settings, asked.now)
    plan = replace(plan, warnings=(*plan.warnings, *void.values()))
    return Found(plan, listing, tuple(finding.audit(plan, listed)), frozenset(void))


def _claim(step: Step, asked: Asked, entry: Entry, plan: Plan) -> Entry:
    """Two hosts that are one cluster would each get the whole of retention_max_delete, and have one file for a plan."""
    cluster, folder = f"{plan.project_id}/{plan.cluster_id or plan.cluster_name}", asked.settings.plan_dir
    if not asked.may_release and not folder:
        return entry
    claimed, holder = step.store.claim(entry, cluster if asked.may_release else f"{files.resolve(folder)} {cluster}")
    if holder is not None:
        twice = TWICE if asked.may_release else "the plan of one would overwrite the plan of the other"
        raise Stop(same_cluster(step.host, holder, plan, twice))
    return claimed


def _release(step: Step, asked: Asked, entry: Entry, found: Found) -> dict[str, Any]:
    """Gives the plan to the step that applies, and returns what is to be done."""
    settings = asked.settings
    if settings.report_dir:
        _check_place("retention_report_dir", settings.report_dir, lambda folder: check_report(folder, found.plan))
    written: dict[str, str | None] = {"plan_file": _write_plan(step, asked, found.plan), "report": None}
    document = {
        "plan": found.plan.dump(),
        "void": sorted(found.void),
        "findings": dump_notes(found.findings),
        "target": target(found.listing),
        "now": asked.now.isoformat(),
        "in_check_mode": step.check_mode,
        "is_approved": asked.entry_point == APPLY,
        "max_fail_percentage": settings.max_fail_percentage,
        "batch_size": settings.batch_size,
        "concurrency": settings.concurrency,
        "plan_file": written["plan_file"],
        "report_dir": settings.report_dir,
        # Warnings are no JSON on newer cores, and the rest of a result is of no use later.
        "listing": {key: found.listing.get(key) for key in LISTED} if settings.report_dir else None,
        "requests": list(step.log.requests),
        "listed_before": {row["id"]: row["expires_at"] for row in found.listing["snapshots"]},
    }
    step.store.release(entry, document, bool(found.plan.withheld))
    result = with_plan(step.host, Run(found.plan, asked.now, void=found.void), found.findings, written, ())
    # The result of the step that applies takes its place. What ends the play before it must not look like a run.
    return {**result, "is_pending": True}


def _end(step: Step, asked: Asked, entry: Entry, found: Found) -> dict[str, Any]:
    """Writes plan and report, and returns what was found; nothing is to be applied."""
    run = Run(found.plan, asked.now, is_applied_plan=asked.entry_point == APPLY, void=found.void)
    large = _too_large(found.plan, len(step.hosts)) if asked.entry_point == PLAN else ()
    findings = (*found.findings, *large)
    failures = _failures(asked, found.plan, findings)
    written = {"plan_file": _write_plan(step, asked, found.plan), "report": None}
    try:
        written["report"] = write_report(step, asked.settings.report_dir, run, found.listing, findings)
    except FileError as exc:
        failures = [*failures, f"retention_report_dir: {exc}"]
    result = with_plan(step.host, run, findings, written, failures)
    if step.diff_mode:
        step.log.show(changes_shown(step.host, found.plan.decisions))
    step.store.end(entry, STOPPED if asked.may_release else SHOWN, result)
    return {**result, **_published(asked, step.host, found.plan, result)}


def _failures(asked: Asked, plan: Plan, findings: Sequence[Note]) -> list[str]:
    """Why the host fails: for what stops a plan and, in an audit, for what somebody has set a gate for."""
    if asked.entry_point != AUDIT:
        return finding.gates(plan, (), on_drift=False, on_gap=False)
    gates = asked.settings
    chosen = (gates.fail_on_drift, gates.fail_on_gap, gates.fail_on_blocked, gates.fail_on_finding)
    return finding.gates(plan, findings, *chosen)


def _write_plan(step: Step, asked: Asked, plan: Plan) -> str | None:
    """Writes the plan for people to read and approve, and returns the path."""
    settings = asked.settings
    if not settings.plan_file and not settings.plan_dir:
        return None
    path = files.resolve(settings.plan_file or settings.plan_dir)
    path = path if settings.plan_file else path / names.plan_file_name(plan)
    try:
        files.write(path, json.dumps(plan.dump(), indent=2) + "\n")
    except FileError as exc:
        raise Stop(f"{'retention_plan_file' if settings.plan_file else 'retention_plan_dir'}: {exc}") from None
    if not settings.plan_file:
        _write_index(step, asked, path.parent)
    return str(path)


def _write_index(step: Step, asked: Asked, folder: Path) -> None:
    """A plan can be approved without it, so that what goes wrong is a warning."""
    try:
        plans.write_index(folder, step.store, asked.now, asked.settings.plan_max_age)
    except (FileError, OSError) as exc:
        step.log.warnings.append(f"retention_plan_dir: the index of the plans was not written: {exc}")


def _published(asked: Asked, host: str, plan: Plan, result: Mapping[str, Any]) -> dict[str, Any]:
    """What is handed to the jobs that follow, as `set_stats` does it.

    A plan goes as text. AWX hands strings on as YAML, which newer cores read by their looks, so that in plain data an
    id of digits alone would become a number, and "off" false.
    """
    key = asked.cluster.key(host)
    if asked.entry_point == PLAN:
        handed_on = {f"retention_plan_{key}": json.dumps(plan.dump_compact()), f"retention_digest_{key}": plan.digest}
        return published({**handed_on, f"retention_run_{key}": numbers_of(result)})
    if asked.entry_point == AUDIT:
        return published({f"retention_audit_{key}": numbers_of(result)})
    return {}


def _too_large(plan: Plan, hosts: int) -> tuple[Note, ...]:
    """Of the other hosts of a job only the number is known, and in a slice only the slice's."""
    size = len(json.dumps(plan.dump_compact())) * hosts
    if size <= _MOST_ARTIFACT_BYTES:
        return ()
    text = f"with plans of this size the artifact of {hosts} clusters takes about {size // 1_000_000} MB"
    return (Note("artifact", f"{text}; split the workflow by project"),)
