# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of the role on the controller: reports, plans, and earlier reports to compare with.

Errors are sentences that name the path. The caller adds the name of the variable that the path comes from.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import sys
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report import names, since
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.index import Entry, read_entry
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._retention.plan import Plan

FOLDER_MODE, FILE_MODE = 0o750, 0o640
REPORT_ENDINGS = ("html", "json", "csv")
LARGEST = 64 * 1024 * 1024
_VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|(\w+))", re.ASCII)
# Names of variables that may hold a secret. Paths are printed, and who gives one need not know the secret.
_SECRET = re.compile(r"secret|(?:\b|_)key|token|passw|credential|proxy", re.IGNORECASE)
_KEPT_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
# What a file system answers that cannot make a file without a name.
_NO_NAMELESS_FILES = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.ENOSYS)
_NAMED = 3


class FileError(Exception):
    """A file or folder cannot be used. The text is a sentence that names it."""


# --- paths ---


def resolve(path: str) -> Path:
    """The absolute path, `~` and variables of the environment expanded; FileError where that cannot be done.

    Relative paths begin in the directory where `ansible-playbook` was started: neither Ansible nor this collection
    changes the current directory of its processes.
    """
    if not path.strip() or not _is_encodable(path):
        raise FileError(f"{path!a:.200} is no path.")
    _check_variables(path)
    expanded = os.path.expanduser(os.path.expandvars(path))
    if expanded.startswith("~"):
        raise FileError(f"{path} begins with the home of a user that does not exist.")
    try:
        return Path(expanded) if expanded.startswith("/") else Path.cwd() / expanded
    except OSError as exc:
        raise FileError(f"{path} is relative to the current directory, which is gone: {_why(exc)}.") from exc


def _check_variables(path: str) -> None:
    named = [found[0] or found[1] for found in _VARIABLE.findall(path)]
    secret = next(filter(_SECRET.search, named), None)
    if secret is not None:
        raise FileError(f"{path} names the environment variable {secret}, which may hold a secret: paths are printed.")
    unset = next((name for name in named if not os.environ.get(name)), None)
    if unset is not None:
        raise FileError(f"{path} names the environment variable {unset}, which is not set.")


def _is_encodable(path: str) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeError:
        return False


# --- before the first write ---


def prepare(folder: Path) -> str | None:
    """Makes sure that files can be written into a folder; else why they cannot.

    A folder that is not there is created with mode 0750, and so are those above it. One that is there is left as it is.
    """
    try:
        _create(folder)
        if not folder.is_dir():
            return f"{folder} is no folder."
        if not os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            return f"The folder {folder} cannot be written to: {os.strerror(errno.EACCES)}."
        _try_nameless_file(folder)
    except (OSError, ValueError) as exc:
        return f"The folder {folder} cannot be written to: {_why(exc)}."
    return None


def check(path: Path) -> str | None:
    """Why `write` would refuse to replace what is there; None where nothing is, or a file that can be replaced."""
    try:
        found = path.lstat()
        folder = path.parent.stat()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        return f"{path} cannot be written: {_why(exc)}."
    # A link in a folder that others may write to could lead to any file of this user.
    if stat.S_ISLNK(found.st_mode):
        return f"{path} is a symbolic link, which is not written through. Remove it, or name the file itself."
    if not stat.S_ISREG(found.st_mode):
        return f"{path} is there and is no regular file."
    user = os.geteuid()
    if folder.st_mode & stat.S_ISVTX and user not in (0, folder.st_uid, found.st_uid):
        return f"{path} belongs to another user, and its folder lets nobody else replace it (sticky bit)."
    return None


def check_report(folder: Path, plan: Plan) -> str | None:
    """Why a part of a plan's report could not be written; None where all can."""
    stem = names.stem(plan)
    refusals = (check(folder / f"{stem}.{ending}") for ending in REPORT_ENDINGS)
    return next((refusal for refusal in refusals if refusal is not None), None)


def _create(folder: Path) -> None:
    if folder.exists():
        return
    if folder.parent != folder:
        _create(folder.parent)
    # Hosts are worked on at once, so another process may have made it.
    with suppress(FileExistsError):
        folder.mkdir(FOLDER_MODE)
        # Whatever the umask. What the folder inherits, such as the group of its files, stays.
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) & _KEPT_BITS | FOLDER_MODE)


def _try_nameless_file(folder: Path) -> None:
    """OSError where the file system takes no new file: permissions do not tell of quotas and network file systems.

    A file without a name leaves no trace in the folder.
    """
    if sys.platform != "linux":
        return
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except OSError as exc:
        if exc.errno not in _NO_NAMELESS_FILES:
            raise


# --- writing ---


def write(path: Path, text: str) -> None:
    """Writes a file in one step, so that nobody ever reads half of it; FileError where it cannot be written.

    A new file gets mode 0640. One that is there keeps its mode.
    """
    if (refusal := check(path)) is not None:
        raise FileError(refusal)
    try:
        _replace(path, text.encode("utf-8", "replace"))
    except (OSError, ValueError) as exc:
        raise FileError(f"{path} cannot be written: {_why(exc)}.") from exc


def _replace(path: Path, content: bytes) -> None:
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else FILE_MODE
    number, temporary = tempfile.mkstemp(prefix=".retention-", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


# --- reading ---


def read_document(path: Path) -> Mapping[str, Any]:
    """The dictionary in a file of JSON, such as a plan; FileError says what is wrong with it."""
    try:
        text = _read(path).decode("utf-8-sig")
        found = json.loads(text, parse_constant=_refuse_constant)
    except OSError as exc:
        raise FileError(f"{path} cannot be read: {_why(exc)}.") from exc
    except RecursionError:
        raise FileError(f"{path} is nested too deeply.") from None
    except ValueError as exc:
        raise FileError(f"{path} is not JSON: {_why(exc)}.") from None
    if not isinstance(found, dict):
        raise FileError(f"{path} is JSON, but no dictionary.")
    return found


def earlier_report(path: Path) -> tuple[Mapping[str, Any] | None, str | None]:
    """The JSON of an earlier report to compare with, and a warning where there is one that cannot be used."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None, None
    except (OSError, ValueError):
        pass  # Reading it says why.
    try:
        return since.read_previous(read_document(path)), None
    except (FileError, ValueError) as exc:
        reason = str(exc) if isinstance(exc, FileError) else f"{path} is no report that can be read: {exc}."
        then = " This run replaces it." if check(path) is None else ""
        return None, f"The comparison with the last report is left out. {reason}{then}"


def reports_in(folder: Path) -> tuple[list[Entry], list[str]]:
    """The reports in a folder, for its index, and of each file that is no report a sentence that says why.

    FileError where the folder cannot be read. A report links to its page only if that lies beside it.
    """
    entries, left_out = [], []
    for path in _listed(folder, _is_report, "reports"):
        try:
            entries.append(read_entry(path.name, _link(path), read_document(path)))
        except FileError as exc:
            left_out.append(str(exc))
        except ValueError as exc:
            left_out.append(f"{path} is no report that can be read: {exc}.")
    return entries, left_out


def _link(report: Path) -> str | None:
    """A relative link to a report's page. By the name of the file, since its text may name anything."""
    page = report.with_suffix(".html")
    # A name with a colon would otherwise be taken for a scheme.
    return urllib.parse.quote(os.fsencode(page.name), safe="") if page.is_file() else None


def _is_report(name: str) -> bool:
    return name.startswith(names.PREFIX) and name.endswith(".json") and not name.endswith(names.PLAN_SUFFIX)


def plans_in(folder: Path) -> list[Path]:
    """The files of plans in a folder, by their names; FileError where it cannot be read."""
    return _listed(folder, _is_plan, "plans")


def find_plan(folder: Path, project_id: str | None, cluster_id: str | None, cluster_name: str | None) -> Path:
    """The file of a cluster's plan in a folder of plans; FileError where there is none, or more than one.

    By the cluster's id, whatever it was called when the plan was made. Where only its name is known, the plans of
    clusters that are called so are read.
    """
    files = plans_in(folder)
    end = f"-{names.hash_of(project_id, cluster_id or cluster_name)}{names.PLAN_SUFFIX}"
    found = [path for path in files if path.name.endswith(end)]
    if not found and cluster_id is None:
        found = list(_of_name(files, project_id, cluster_name))
    if len(found) == 1:
        return found[0]
    cluster = f"cluster {cluster_name or cluster_id} of project {project_id}"
    if not found:
        raise FileError(f"{folder} has no plan for {cluster} (it has plan files of {len(files)} other clusters).")
    listed = ", ".join(path.name for path in found[:_NAMED])
    raise FileError(f"{folder} has {len(found)} plans for {cluster}: {listed}. Remove those that are not meant.")


def _listed(folder: Path, is_wanted: Callable[[str], bool], what: str) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if is_wanted(path.name))
    except OSError as exc:
        raise FileError(f"The folder of {what} {folder} cannot be read: {_why(exc)}.") from exc


def _of_name(files: list[Path], project_id: str | None, cluster_name: str | None) -> Iterator[Path]:
    begin = f"{names.PREFIX}{names.slug(cluster_name)}"
    for path in files:
        if path.name.startswith(begin):
            project, id_, name = map(read_document(path).get, ("project_id", "cluster_id", "cluster_name"))
            # What is called otherwise is a copy.
            is_own = names.cluster_part(path.name) == names.hash_of(project, id_ or name)
            if is_own and (project, name) == (project_id, cluster_name):
                yield path


def _is_plan(name: str) -> bool:
    return name.startswith(names.PREFIX) and name.endswith(names.PLAN_SUFFIX)


def _read(path: Path) -> bytes:
    # Without O_NONBLOCK, opening a named pipe waits for somebody who writes to it.
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            raise FileError(f"{path} is no regular file.")
        if found.st_size > LARGEST:
            raise FileError(f"{path} is larger than {LARGEST // 1024 // 1024} MB.")
        with open(number, "rb", closefd=False) as file:
            return file.read(LARGEST)
    finally:
        os.close(number)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it has {name}, which is no JSON")


def _why(exc: Exception) -> str:
    """The reason alone, since the caller names the path."""
    if isinstance(exc, UnicodeError):
        return "it is not UTF-8"
    return (exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)).rstrip(".")
