# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HTTP(S) server that behaves as MongoDB's legacy snapshots API does. See README.md beside this file."""
