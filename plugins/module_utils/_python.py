# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the Python that runs a module is new enough. Python 2.7 can read this file, and Python 3.6 the modules."""

import json
import platform
import sys

OLDEST = (3, 9)


def check_python(version=sys.version_info[:3]):
    # type: (tuple[int, ...]) -> None
    """End a module with one sentence, as its result, before it imports what an older Python cannot read."""
    if version[:2] >= OLDEST:
        return
    message = (
        "Python {} ({} on {}) is too old for this module, which needs Python {} or newer: set"
        " ansible_python_interpreter to a newer one."
    ).format(
        ".".join(str(part) for part in version[:3]),
        sys.executable,
        platform.node(),
        ".".join(str(part) for part in OLDEST),
    )
    sys.stdout.write(json.dumps({"failed": True, "msg": message}) + "\n")
    raise SystemExit(1)
