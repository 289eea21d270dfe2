# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the heavy tests share."""

from __future__ import annotations

from integration.conftest import collections, playbooks
from simulator.fixtures_pytest import simulator
from torture.fixtures import victims

__all__ = ["collections", "playbooks", "simulator", "victims"]
