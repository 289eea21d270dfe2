# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The index of a folder of plans, for a person who approves many: one line for each cluster, and the digests."""

from __future__ import annotations

import fcntl
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._duration import Duration, earlier
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._snapshot import format_instant, parse_instant
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import names
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan, load_decisions
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.values import cut
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role import files
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.columns import Column, layout
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.store import Store

INDEX = "retention-plans.txt"
_ACTIONS = ("delete", "extend", "shorten", "keep")
_NUMBERS = (*(f"to {action}" for action in _ACTIONS), "held", "gaps")
_COLUMNS = (
    Column("cluster"),
    Column("project"),
    *(Column(name, is_number=True) for name in _NUMBERS),
    Column("made"),
    Column("digest"),
)
# Seconds to wait for another host. Some network file systems have no locks.
_PATIENCE = 10.0
_LONGEST_REASON = 300


@dataclass(frozen=True)
class Row:
    """One plan: `numbers` are those of _NUMBERS, `problem` is why it cannot be applied, blank where it can.

    `written` is the time and the size of the file, by which a change of it is noticed.
    """

    file: str
    written: tuple[int, ...]
    cluster: str = "?"
    project: str = "?"
    made: str = "?"
    numbers: tuple[int, ...] = ()
    digest: str = ""
    problem: str = ""

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> Row:
        """From the store."""
        return cls(**{**kept, "written": tuple(kept["written"]), "numbers": tuple(kept["numbers"])})


def write_index(folder: Path, store: Store, now: datetime, max_age: Duration) -> Path:
    """Writes the index of the plans that are in a folder, and returns its path; FileError where it cannot be written.

    A plan is read once in a run, however many hosts write theirs beside it.
    """
    with _locked(folder):
        kept = {row["file"]: Row.load(row) for row in store.cached(str(folder)) or ()}
        rows = list(_rows(folder, kept))
        store.cache(str(folder), [asdict(row) for row in rows])
        files.write(folder / INDEX, text(folder, rows, now, max_age))
    return folder / INDEX


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Waits until no other host writes the index. It only matters for the moment between reading and writing."""
    number = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.01)
            except OSError:
                break
        yield
    finally:
        os.close(number)


def _rows(folder: Path, kept: Mapping[str, Row]) -> Iterator[Row]:
    for path in files.plans_in(folder):
        # Somebody may clear the folder meanwhile.
        with suppress(FileNotFoundError):
            yield _row(path, kept.get(path.name))


def _row(path: Path, kept: Row | None) -> Row:
    found = path.lstat()
    written = (found.st_mtime_ns, found.st_size)
    if kept is not None and kept.written == written:
        return kept
    try:
        return _row_of(path.name, written, load_decisions(files.read_document(path)))
    except (files.FileError, ValueError) as exc:
        return Row(path.name, written, problem=str(exc).rstrip("."))


def _row_of(file: str, written: tuple[int, ...], plan: Plan) -> Row:
    by_action, by_state = plan.summary["by_action"], plan.summary["by_state"]
    # Held snapshots are kept as well, and are told by themselves.
    kept = by_action["keep"] - by_state["held"]
    numbers = (*(by_action[action] for action in _ACTIONS[:-1]), kept, by_state["held"], len(plan.gaps))
    blocked = "; ".join(note.text for note in plan.blocked_by)
    named = names.plan_file_name(plan)
    is_other = names.cluster_part(file) != names.cluster_part(named)
    problem = f"it is a copy, since the plan of this cluster is called {named}" if is_other else ""
    return Row(
        file,
        written,
        plan.cluster_name or plan.cluster_id or "?",
        plan.project_id or "?",
        format_instant(plan.now),
        numbers,
        plan.digest,
        f"blocked: {blocked}" if blocked else problem,
    )


# --- the text ---


def text(folder: Path, rows: Sequence[Row], now: datetime, max_age: Duration) -> str:
    """The index as people read it."""
    checked = [(row, _problem(row, rows, now, max_age)) for row in rows]
    usable = [row for row, problem in checked if not problem]
    parts = [
        [f"Plans in {_printable(str(folder))} at {format_instant(now)}"],
        _table(rows, usable),
        [f"{row.cluster} ({row.file}) cannot be applied: {problem}." for row, problem in checked if problem],
        _approval(folder, usable),
    ]
    return "\n\n".join("\n".join(map(_printable, part)) for part in parts if part) + "\n"


def _problem(row: Row, rows: Iterable[Row], now: datetime, max_age: Duration) -> str:
    if row.problem:
        return cut(row.problem, _LONGEST_REASON)
    if parse_instant(row.made) < earlier(now, max_age):
        return f"it was made at {row.made}, more than {max_age} (retention_plan_max_age) before this index"
    # What a cluster's files have in common, however it was called.
    cluster = names.cluster_part(row.file)
    others = [other.file for other in rows if other is not row and names.cluster_part(other.file) == cluster]
    return f"{others[0]} is a plan for the same cluster; remove the one that is not meant" if others else ""


def _table(rows: Sequence[Row], usable: Sequence[Row]) -> list[str]:
    """Aligned columns, the digests last, and the sums over what can be applied."""
    totals: Counter[str] = Counter()
    for row in usable:
        totals.update(dict(zip(_NUMBERS, row.numbers, strict=True)))
    clusters = "1 cluster" if len(usable) == 1 else f"{len(usable)} clusters"
    lines = [
        *((row.cluster, row.project, *_cells(row), row.made, row.digest or "-") for row in rows),
        (clusters, "", *(str(totals[name]) for name in _NUMBERS), "", ""),
    ]
    return layout(_COLUMNS, lines, gap="  ")


def _cells(row: Row) -> list[str]:
    return [str(number) for number in row.numbers] or ["-"] * len(_NUMBERS)


def _approval(folder: Path, rows: Sequence[Row]) -> list[str]:
    if not rows:
        return ["There is no plan here that can be applied."]
    return [
        "To apply these plans, look at each of them, leave out the digests of those that you do not approve, and give:",
        f"retention_approved_plan={folder}",
        f"retention_approved_digest={','.join(row.digest for row in rows)}",
    ]


def _printable(line: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in line)
