# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`ideal.py JOB`: what any client has to do, and nothing else: one session, one pool, threads, digest.

It checks nothing, retries nothing and reports nothing, so that it shows what the network and the library cost. The
job is a JSON file: `key`, `workers`, `listing` (a URL, or null) and `requests` ([method, URL, body or null] each).
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPDigestAuth


def main(job: dict[str, object]) -> None:
    """List, then send all requests, so many at once."""
    workers, sending = int(str(job["workers"])), job["requests"]
    assert isinstance(sending, list)
    session = requests.Session()
    session.auth = HTTPDigestAuth(*job["key"])  # type: ignore[misc]  # a pair, which JSON cannot say
    session.mount("http://", HTTPAdapter(pool_maxsize=workers))
    following = job["listing"]
    while following:
        page = session.get(str(following)).json()
        following = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)

    def send(request: tuple[str, str, object]) -> None:
        method, url, body = request
        session.request(method, url, json=body).raise_for_status()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(send, sending))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
