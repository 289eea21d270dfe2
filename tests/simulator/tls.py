# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private CA and certificates, made at run time."""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Tls:
    """How the server shows itself. The defaults are right for loopback; tests set what is to be wrong."""

    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    expired: bool = False
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED


def server_context(tls: Tls, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A context for the server, and the path of the CA's certificate for its clients."""
    authority = trustme.CA()
    ends = datetime.now(timezone.utc) - timedelta(days=1) if tls.expired else None
    certificate = authority.issue_cert(*tls.hosts, not_after=ends)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if tls.maximum < ssl.TLSVersion.TLSv1_2:
        # Old versions are only spoken at this level, where the library still has them.
        context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        # Old versions are asked for on purpose.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = tls.minimum, tls.maximum
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return context, path
