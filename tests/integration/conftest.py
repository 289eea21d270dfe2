# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artefact, built and installed once, and runs of playbooks on it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.fixtures_pytest import simulator
from tools.artefact import installed
from tools.playbooks import Playbooks

__all__ = ["collections", "playbooks", "simulator"]


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collections path with the artefact as users install it."""
    base = tmp_path_factory.getbasetemp()
    return installed(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture
def playbooks(tmp_path: Path, collections: Path) -> Playbooks:
    """Runs of playbooks, in a folder of the test's own."""
    return Playbooks(tmp_path, collections)
