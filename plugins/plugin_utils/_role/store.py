# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of ansible-playbook keeps between deciding and applying: one folder, private to the run (R25).

What is not released here cannot be written: applying knows no other source. A plan can be taken once.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

# What became of a host in one round of the role.
BEGUN, RELEASED, STOPPED, SHOWN = "begun", "released", "stopped", "shown"


@dataclass(frozen=True)
class Entry:
    """One host: `batch` are the hosts that it began with, and `round` counts the times that the role was run.

    `withholds` says that something is withheld from it as stale, which counts as stopped (R17). `claims` is the cluster
    that it may write to.
    """

    host: str
    round: int
    batch: tuple[str, ...]
    state: str = BEGUN
    withholds: bool = False
    is_finished: bool = False
    claims: str | None = None


class Store:
    """The folder. All forks of one ansible-playbook share it, and nothing else does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != os.geteuid():
            raise OSError(f"{folder} belongs to somebody else")

    def begin(self, host: str, batch: Sequence[str]) -> Entry:
        """Forgets what the host decided before, and notes that it has begun, before its first request."""
        self._plan(host).unlink(missing_ok=True)
        self._result(host).unlink(missing_ok=True)
        # Within a step of the role that applies nobody has finished, so that all hosts of the step count alike.
        last = max((entry.round for entry in self.entries() if entry.is_finished), default=0)
        entry = Entry(host, last + 1, tuple(batch))
        self._put(self._entry(host), asdict(entry))
        return entry

    def release(self, entry: Entry, document: Mapping[str, Any], withholds: bool) -> None:
        """Gives the host's plan to the step that applies."""
        self._put(self._plan(entry.host), document)
        self._put(self._entry(entry.host), asdict(replace(entry, state=RELEASED, withholds=withholds)))

    def end(self, entry: Entry, state: str, result: Mapping[str, Any]) -> None:
        """Notes that nothing is to be applied, and what is to be said of it."""
        self._plan(entry.host).unlink(missing_ok=True)
        self._put(self._result(entry.host), result)
        is_finished = state == SHOWN
        self._put(self._entry(entry.host), asdict(replace(entry, state=state, is_finished=is_finished)))

    def take(self, host: str) -> tuple[Entry | None, dict[str, Any] | None]:
        """The host's entry, and its plan or, where it has none, what is to be said. Neither can be taken again."""
        entry = self.entry(host)
        if entry is None or entry.is_finished:
            return None, None
        source = self._plan(host) if entry.state == RELEASED else self._result(host)
        taken = source.with_suffix(".taken")
        try:
            source.replace(taken)
            self._put(self._entry(host), asdict(replace(entry, is_finished=True)))
            return entry, json.loads(taken.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return entry, None
        finally:
            taken.unlink(missing_ok=True)

    def claim(self, entry: Entry, cluster: str) -> tuple[Entry, str | None]:
        """Claims a cluster for the host: its entry then, and the other host that had claimed it before."""
        path = self._folder / f"{_hashed(cluster)}.claim"
        claimed = replace(entry, claims=cluster)
        self._put(self._entry(entry.host), asdict(claimed))
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(json.dumps(entry.host))
            return claimed, None
        except FileExistsError:
            pass
        holder = str(json.loads(path.read_text(encoding="utf-8") or '""'))
        if holder == entry.host:
            return claimed, None
        self._put(path.with_suffix(".disputed"), [holder, entry.host])
        return claimed, holder or "another host"

    def rival(self, entry: Entry) -> str | None:
        """The other host that claims the same cluster."""
        if entry.claims is None:
            return None
        hosts = _read(self._folder / f"{_hashed(entry.claims)}.disputed") or []
        return next((str(host) for host in hosts if host != entry.host), None)

    def note_answer(self, service: str) -> None:
        """Notes that a service has answered in this run. A full disk must not hide what a module has done."""
        with suppress(OSError):
            self._answer(service).touch(mode=0o600)

    def has_answered(self, service: str) -> bool:
        """Whether a service has answered a host of this run."""
        return self._answer(service).exists()

    def cached(self, name: str) -> Any:
        """What was worked out before in this run, None where nothing was."""
        return _read(self._folder / f"{_hashed(name)}.cached")

    def cache(self, name: str, value: Any) -> None:
        """Keeps what other hosts need not work out again."""
        self._put(self._folder / f"{_hashed(name)}.cached", value)

    def entry(self, host: str) -> Entry | None:
        """The host's entry."""
        return _entry_of(_read(self._entry(host)))

    def entries(self) -> list[Entry]:
        """Those of all hosts."""
        found = (_entry_of(_read(path)) for path in sorted(self._folder.glob("*.entry")))
        return [entry for entry in found if entry is not None]

    def _entry(self, host: str) -> Path:
        return self._folder / f"{_hashed(host)}.entry"

    def _plan(self, host: str) -> Path:
        return self._folder / f"{_hashed(host)}.plan"

    def _result(self, host: str) -> Path:
        return self._folder / f"{_hashed(host)}.result"

    def _answer(self, service: str) -> Path:
        return self._folder / f"{_hashed(service)}.answered"

    def _put(self, path: Path, value: Any) -> None:
        """Whole or not at all, and readable for nobody else."""
        handle, name = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(value, file)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _hashed(name: str) -> str:
    # Names can hold what no file system takes.
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _entry_of(value: Any) -> Entry | None:
    return None if value is None else Entry(**{**value, "batch": tuple(value["batch"])})
