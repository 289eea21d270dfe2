# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the heavy tests share."""

from __future__ import annotations

from integration.conftest import collections, playbooks
from simulator.fixtures_pytest import simulator
from torture.fixtures import victims

__all__ = ["collections", "playbooks", "simulator", "victims"]
