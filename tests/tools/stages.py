# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs make targets one after the other, all of them, and says at the end which failed.

stages.py [--of NAME] TARGET...    NAME is the make target that consists of these, `test` where it is not given
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

CLOSING_LINE = re.compile(r"=+ .*\b(passed|failed|errors?|no tests ran)\b.* in [0-9.]+s.* =+")


def main(targets: list[str]) -> int:
    name = "test"
    if targets[:1] == ["--of"]:
        name, targets = targets[1], targets[2:]
    failed = []
    closing_line = ""
    times = []
    began = time.monotonic()
    for target in targets:
        print(f"\n=== {target} " + "=" * (100 - len(target)), flush=True)
        stage_began = time.monotonic()
        status, line = run(target)
        closing_line = line or closing_line
        times.append(f"{target}: {'FAILED' if status else 'ok'}, {time.monotonic() - stage_began:.0f} s")
        print(f"--- {times[-1]}", flush=True)
        if status:
            failed.append(target)
    print("", *times, closing_line, sep="\n")
    outcome = f"FAILED: {', '.join(failed)}" if failed else f"passed: {', '.join(targets)}"
    print(f"make {name} {outcome} ({time.monotonic() - began:.0f} s)")
    return 1 if failed else 0


def run(target: str) -> tuple[int, str]:
    """Make ``target``, showing what it prints; return its status and pytest's last line, if there is one."""
    closing_line = ""
    command = [os.environ.get("MAKE", "make"), "--no-print-directory", target]
    plain = {**os.environ, "NO_COLOR": "1", "PY_COLORS": "0"}
    with subprocess.Popen(
        command, env=plain, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as made:
        assert made.stdout is not None
        for raw in made.stdout:
            line = raw.decode(errors="replace")
            print(line, end="", flush=True)
            if CLOSING_LINE.match(line):
                closing_line = line.strip()
    return made.returncode, closing_line


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
