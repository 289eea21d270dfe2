# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API, under a path that the service does not have: for other processes than the one that serves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from . import switches
from .instants import iso, parse

if TYPE_CHECKING:
    from .server import Simulator

PREFIX = "/-/"


async def handle(sim: Simulator, request: web.BaseRequest) -> web.StreamResponse:
    """Answers GET (look) and POST (do) with JSON; a mistake in the question is a 400 that names it."""
    action = _ACTIONS.get((request.method, request.path[len(PREFIX) :]))
    if action is None:
        known = ", ".join(f"{method} {PREFIX}{name}" for method, name in _ACTIONS)
        return web.json_response({"error": f"there is {known}"}, status=404)
    try:
        body = json.loads(await request.read() or b"{}")
        with sim.world.lock:
            return web.json_response(action(sim, body))
    except (ValueError, KeyError, TypeError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


def _get_log(sim: Simulator, body: dict[str, Any]) -> Any:
    log = sim.log
    return {
        "entries": log.as_dicts(),
        "requests": log.requests,
        "writes": len(log.writes),
        "done_writes": len(log.done_writes),
        "connections": log.connections,
        "challenges": log.challenges,
        "tokens": log.tokens,
    }


def _reset_log(sim: Simulator, body: dict[str, Any]) -> Any:
    sim.reset_log()
    return {}


def _get_state(sim: Simulator, body: dict[str, Any]) -> Any:
    """All clusters with their snapshots, as the service would show them."""
    sim.world.tick()
    return {
        "now": iso(sim.clock.epoch),
        "clusters": [
            {
                "id": cluster.id,
                "name": cluster.name,
                "project_id": cluster.project_id,
                "platform": sim.world.projects[cluster.project_id].platform,
                "snapshots": sim.world.documents(cluster),
            }
            for cluster in sim.world.clusters.values()
        ],
    }


def _set_switches(sim: Simulator, body: dict[str, Any]) -> Any:
    return asdict(sim.switch(**{name: switches.checked(name, value) for name, value in body.items()}))


def _add_fault(sim: Simulator, body: dict[str, Any]) -> Any:
    sim.faults.add(**body)
    return {}


def _clear_faults(sim: Simulator, body: dict[str, Any]) -> Any:
    sim.faults.clear()
    return {}


def _get_clock(sim: Simulator, body: dict[str, Any]) -> Any:
    return {"now": iso(sim.clock.epoch), "running": sim.clock.running}


def _move_clock(sim: Simulator, body: dict[str, Any]) -> Any:
    """`now` (ISO 8601) or `advance` (seconds), and `running`."""
    if "now" in body:
        sim.clock.set(parse(body["now"])[0])
    if "advance" in body:
        sim.clock.advance(float(body["advance"]))
    if "running" in body:
        sim.clock.running = bool(body["running"])
    return _get_clock(sim, {})


def _set_limit(sim: Simulator, body: dict[str, Any]) -> Any:
    sim.limits.set(**body)
    return {}


def _set_latency(sim: Simulator, body: dict[str, Any]) -> Any:
    sim.latency = float(body["seconds"])
    return {}


def _change_world(sim: Simulator, body: dict[str, Any]) -> Any:
    """What somebody else does: `do` is hold, remove, change, add_snapshot, add_restore, clear_restores, sweep."""
    arguments = dict(body)
    name = arguments.pop("do")
    if name not in ("hold", "remove", "change", "add_snapshot", "add_restore", "clear_restores", "sweep"):
        raise ValueError(f"the world cannot do {name!r}")
    for moment in ("created", "expires", "at", "delivery_expires"):
        if isinstance(arguments.get(moment), str):
            arguments[moment] = parse(arguments[moment])[0]
    done = getattr(sim.world, name)(**arguments)
    many = done if isinstance(done, list) else [done]
    return {"ids": [one.id for one in many if hasattr(one, "id")]}


_ACTIONS: dict[tuple[str, str], Callable[[Simulator, dict[str, Any]], Any]] = {
    ("GET", "log"): _get_log,
    ("POST", "log/reset"): _reset_log,
    ("GET", "state"): _get_state,
    ("GET", "violations"): lambda sim, body: list(sim.violations),
    ("GET", "switches"): lambda sim, body: asdict(sim.switches),
    ("POST", "switches"): _set_switches,
    ("POST", "faults"): _add_fault,
    ("POST", "faults/clear"): _clear_faults,
    ("GET", "clock"): _get_clock,
    ("POST", "clock"): _move_clock,
    ("POST", "limits"): _set_limit,
    ("POST", "latency"): _set_latency,
    ("POST", "world"): _change_world,
}
