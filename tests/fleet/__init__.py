# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet costs: inventory, audit and retention over many clusters, measured against the simulator."""
