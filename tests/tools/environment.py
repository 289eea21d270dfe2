# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment in which commands are run as on anybody's machine, with nothing of the developer's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from simulator.server import Simulator

COMMANDS = Path(sys.executable).parent


def bare_environment(folder: Path) -> dict[str, str]:
    """A home of its own below the folder, the commands of this Python's environment, and no colours."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(COMMANDS), "/usr/local/bin", "/usr/bin", "/bin"]),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_NOCOLOR": "1",
    }


def atlas_environment(sim: Simulator) -> dict[str, str]:
    """The variables of a credential of AWX: the owner's API key, and where the service is."""
    owner = sim.world.keys["owner"]
    return {
        "MONGODB_ATLAS_PUBLIC_API_KEY": owner.id,
        "MONGODB_ATLAS_PRIVATE_API_KEY": owner.secret,
        "MONGODB_ATLAS_BASE_URL": sim.url,
    }
