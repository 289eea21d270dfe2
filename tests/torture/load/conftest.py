# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artefact and the playbooks, as in the end-to-end tests."""

from __future__ import annotations

from integration.conftest import collections, playbooks

__all__ = ["collections", "playbooks"]
