# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real forward proxy on loopback, with or without a password, over HTTP or HTTPS: the package proxy.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import trustme

USER, PASSWORD = "me", "hunter2@secret"
CREDENTIALS = f"{USER}:{quote(PASSWORD)}"  # as an address takes them


@contextmanager
def proxy(folder: Path, *, password: str | None = PASSWORD, authority: trustme.CA | None = None) -> Iterator[str]:
    """Host and port of a proxy that runs until the end; with an authority it is spoken to over HTTPS."""
    written = folder / "port"
    options = ["--hostname", "127.0.0.1", "--port", "0", "--port-file", str(written), "--data-dir", str(folder)]
    options += ["--num-acceptors", "1", "--num-workers", "1", "--log-level", "ERROR"]
    if password is not None:
        options += ["--basic-auth", f"{USER}:{password}"]
    if authority is not None:
        certificate = authority.issue_cert("127.0.0.1")
        chain, key = folder / "chain.pem", folder / "key.pem"
        for blob in certificate.cert_chain_pems:
            blob.write_to_path(str(chain), append=True)
        certificate.private_key_pem.write_to_path(str(key))
        options += ["--cert-file", str(chain), "--key-file", str(key)]
    process = subprocess.Popen(
        [sys.executable, "-m", "proxy", *options],
        env={**os.environ, "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield f"127.0.0.1:{_port(process, written)}"
    finally:
        # With its workers, which are of its own group.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _port(process: subprocess.Popen[bytes], written: Path) -> int:
    ends = time.monotonic() + 30
    while time.monotonic() < ends and process.poll() is None:
        text = written.read_text() if written.exists() else ""
        if text.strip():
            return int(text)
        time.sleep(0.02)
    raise AssertionError("the proxy did not start")
