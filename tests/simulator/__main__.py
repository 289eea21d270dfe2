# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python tests/simulator`: serve a seed in the foreground, and say how to use it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import get_args

# However it was started, this package has to be found by its own name; run as a folder, none of its files may be
# found as a module of the top level.
_TESTS = str(Path(__file__).resolve().parent.parent)
if not __package__:
    sys.path[0] = _TESTS
elif __package__ != "simulator":
    sys.path.insert(0, _TESTS)

try:
    from simulator import seeds
    from simulator.nouns import Platform
    from simulator.report import exports, state
    from simulator.server import Simulator
except ModuleNotFoundError as missing:
    sys.exit(f"The simulator needs aiohttp, jsonschema and trustme; {missing.name} is not there. Try: make simulator")


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_ignored: done.set())
    world = seeds.SEEDS[options.seed](**({"platform": options.platform} if options.platform else {}))
    simulator = Simulator(
        world,
        https=options.https,
        latency=options.latency,
        port=options.port,
        host=options.host,
        check=not options.no_check,
    )
    with simulator as sim:
        sys.stdout.write(exports(sim))
        sys.stdout.flush()
        if options.state_file:
            _write(Path(options.state_file), json.dumps(state(sim, os.getpid()), indent=2))
        done.wait()
        if sim.violations:
            sys.stderr.write("The simulator broke the contract:\n" + "\n".join(sim.violations) + "\n")
            return 1
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description="MongoDB's legacy snapshots API, simulated.")
    parser.add_argument("--seed", choices=sorted(seeds.SEEDS), default="demo", help="the world to begin with")
    parser.add_argument("--platform", choices=get_args(Platform), help="whose, where the seed leaves it open")
    parser.add_argument("--https", action="store_true", help="serve HTTPS under a private CA")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="added to every request")
    parser.add_argument("--port", type=int, default=0, help="0, the default, is a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--state-file", metavar="FILE", help="write URL, ids and keys there, as JSON")
    parser.add_argument("--no-check", action="store_true", help="do not check the answers' schema (benchmarks)")
    return parser.parse_args(arguments)


def _write(path: Path, text: str) -> None:
    """In one step: whoever waits for the file never reads half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
