# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make bench`: how fast the collection is, beside what people would use instead, in one run on one machine."""
