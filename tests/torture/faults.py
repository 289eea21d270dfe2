# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run, one fault at one request (or from there on), and all that must hold afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator import faults
from simulator.server import Simulator
from tools.faketime import FakeTime
from torture import truth
from torture.bench import Bench, Setting, State, Undisturbed, undisturbed, world_of

# Long enough for a `timeout` of one second, the least there is.
SLOW = 1.4
ONCE: dict[str, dict[str, Any]] = {**faults.matrix(SLOW), "refused": {"kind": "hang_up"}}
SLOW_ONES = tuple(label for label in ONCE if label.startswith("slow"))
# From a request on until the end of the run, whoever asks what.
FOR_GOOD: tuple[str, ...] = (
    "401 stale",
    "401",
    "401 without a challenge",
    "401 role",
    "403 access list",
    "405 upgrade",
    "409",
    "429 with Retry-After",
    "500",
    "502 HTML",
    "503",
    "504 after",
    "reset before",
    "reset after",
    "truncated body",
    "broken JSON",
    "log-in page",
    "404 SNAPSHOT_NOT_FOUND",
    "404 CLUSTER_NOT_FOUND",
    "404 without code",
    "redirect",
    "refused",
)


def once(label: str, index: int) -> Callable[[Simulator, FakeTime], None]:
    """That fault at the request of that index."""
    how = ONCE[label]

    def inject(sim: Simulator, _time: FakeTime) -> None:
        if how["kind"] != "hang_up":
            sim.faults.add(at=index, **how)
        elif index == 0:
            sim.hang_up()
        else:
            # Refused is a request that never arrives: the service hung up after the one before.
            sim.faults.add(at=index - 1, **how)

    return inject


def for_good(label: str, index: int) -> Callable[[Simulator, FakeTime], None]:
    """That fault at each request from that index on."""
    how = ONCE[label]

    def inject(sim: Simulator, time: FakeTime) -> None:
        if how["kind"] == "hang_up":
            time.sim = None  # waiting brings nothing back
            once(label, index)(sim, time)
        else:
            sim.faults.add(times=None, authorised=False, when=lambda call: call.index >= index, **how)

    return inject


def broken_promises(setting: Setting, inject: Callable[[Simulator, FakeTime], None]) -> list[str]:
    """Run it with the fault, then once more in peace; what did not hold."""
    measure = undisturbed(setting)
    world = world_of(setting)
    found: list[str] = []
    with Simulator(world, check=False) as sim:
        time = FakeTime(sim=sim)
        bench = Bench(setting, sim, time)
        inject(sim, time)
        try:
            told = bench.run()
        except AssertionError as error:
            return [str(error)]
        sim.settle()
        log, after = sim.log.entries, world.state()
        found += truth.untouched(measure, measure.before, after, log)
        found += truth.whole(measure, told, log)
        found += truth.truthful(measure, told, measure.before, after, log)
        found += in_peace(bench, measure, after)
        found += sim.violations
    return found


def in_peace(bench: Bench, measure: Undisturbed, before: State, **more: Any) -> list[str]:
    """The run afterwards, without a fault: truthful too, and it ends where an undisturbed run ends."""
    sim = bench.sim
    sim.faults.clear()
    sim.listen()
    sim.reset_log()
    told = Bench(bench.setting.patient, sim, FakeTime(sim=sim)).run(**more)
    after, log = sim.world.state(), sim.log.entries
    found = [*truth.untouched(measure, before, after, log), *truth.done_in_peace(measure, told, after)]
    found += truth.truthful(measure, told, before, after, log)
    return [f"afterwards: {one}" for one in found]
