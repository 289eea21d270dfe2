# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process killed at one request, before or after the service took it, and all that must hold afterwards."""

from __future__ import annotations

import signal

from simulator.instants import iso
from simulator.server import Simulator
from tools.faketime import FakeTime
from torture import truth
from torture.bench import Bench, Setting, undisturbed, world_of
from torture.faults import in_peace
from torture.victim import Victims


def broken_by_a_kill(victims: Victims, setting: Setting, index: int, is_taken: bool) -> list[str]:
    """Kill at the request of that index; `is_taken` says whether the service still carries it out."""
    measure = undisturbed(setting)
    world = world_of(setting)
    with Simulator(world, check=False) as sim:
        bench = Bench(setting, sim, FakeTime(sim=sim))
        if not is_taken:
            sim.faults.add("reset_before", at=index)
        sim.faults.before(lambda _call: victims.kill(), at=index, times=1)
        victims.start(setting, bench.connection(), iso(sim.clock.epoch))
        ended = victims.ended()
        sim.settle(quiet=0.1)
        log, after = sim.log.entries, world.state()
        found = [] if ended == signal.SIGKILL else [f"the child was not killed, but ended with {ended}"]
        found += truth.untouched(measure, measure.before, after, log)
        found += in_peace(bench, measure, after)
        found += sim.violations
    return found
