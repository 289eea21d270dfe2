# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence of a run."""

from __future__ import annotations

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.evidence import evidence

from unit.plugins.plugin_utils._retention.cases import ago, info, row

WEEK = [row(number, ago(days=number)) for number in range(1, 8)]


def test_the_listings_sha256_depends_on_what_the_service_said_alone() -> None:
    one, other = info(WEEK), {**info(WEEK), "requests": {"gets": 7}, "warnings": ["slow"]}
    assert evidence(one, [])["listing_sha256"] == evidence(other, [])["listing_sha256"]
    assert evidence(one, [])["listing_sha256"] != evidence(info(WEEK[1:]), [])["listing_sha256"]
