# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pytest fixtures of the torture, for the small part of it that runs with the other tests too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from torture.victim import Victims


@pytest.fixture(scope="session")
def victims() -> Iterator[Victims]:
    """A process that forks children to be killed."""
    made = Victims()
    yield made
    made.close()
