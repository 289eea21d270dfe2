# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of the role: what is created and what is left alone, what can be known before the first write, what is read."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.export import as_json
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.index import index
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._report.names import plan_file_name, stem
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role import files
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._role.files import (
    FileError,
    check,
    check_report,
    earlier_report,
    find_plan,
    prepare,
    read_document,
    reports_in,
    resolve,
    write,
)

from unit.plugins.plugin_utils._report.cases import Page, reported
from unit.plugins.plugin_utils._retention.cases import CLUSTER, PROJECT, ago, bare, info, plan_of, row

LISTING = info([row(number, ago(days=number)) for number in range(1, 5)])
REPORT = as_json(reported(bare(LISTING, {"keep_last": 2}), LISTING))
NAME = f"{reported(bare(LISTING, {'keep_last': 2})).stem}.json"
OTHER = 12345


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def traces(folder: Path) -> Any:
    """What shows that somebody touched a folder."""
    found = folder.stat()
    return (
        found.st_mode,
        found.st_uid,
        found.st_gid,
        found.st_mtime_ns,
        sorted(path.name for path in folder.iterdir()),
    )


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    yield
    os.umask(before)


def as_other(action: Callable[[], Any]) -> Any:
    """The result of an action as another user, who may write only where others may.

    In another process, so that nothing else in this one runs as that user. Tests that run as root need it, since
    nothing keeps root from writing.
    """
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setegid(OTHER)
                os.seteuid(OTHER)
            result: Any = action()
        except FileError as exc:
            result = str(exc)
        finally:
            os.write(writing, json.dumps(result).encode())
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        return json.loads(pipe.read())


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder that every user can reach."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder not in (Path("/"), Path("/tmp")):
            folder.chmod(mode(folder) | 0o011)
    return tmp_path


# --- paths ---


def test_paths_begin_where_the_process_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REPORTS", "sub/dir")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert resolve("reports") == tmp_path / "reports"
    assert resolve("$REPORTS/a") == resolve("${REPORTS}/a") == tmp_path / "sub" / "dir" / "a"
    assert resolve("~/a") == tmp_path / "home" / "a"
    assert resolve("/a/[b]*?") == Path("/a/[b]*?")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "no path"),
        ("  ", "no path"),
        ("a\0b", "no path"),
        ("a\ud800b", "no path"),
        ("$NOT_SET/a", "NOT_SET, which is not set"),
        ("/${EMPTY}/a", "EMPTY, which is not set"),
        ("~nobody-of-this-name/a", "a user that does not exist"),
        # A path is printed, and who may give it in a survey may not know the key.
        ("$MONGODB_ATLAS_PRIVATE_API_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY, which may hold a secret"),
        ("a/${MONGODB_ATLAS_CLIENT_SECRET}", "MONGODB_ATLAS_CLIENT_SECRET, which may hold a secret"),
        ("/srv/$https_proxy", "https_proxy, which may hold a secret"),
    ],
)
def test_a_path_that_cannot_be_expanded_is_refused(path: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    monkeypatch.setenv("EMPTY", "")
    for name in ("MONGODB_ATLAS_PRIVATE_API_KEY", "MONGODB_ATLAS_CLIENT_SECRET", "https_proxy"):
        monkeypatch.setenv(name, "what nobody may read")
    with pytest.raises(FileError, match=said):
        resolve(path)


def test_a_current_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FileError, match="reports is relative to the current directory, which is gone"):
        resolve("reports")
    assert resolve("/reports") == Path("/reports")


# --- folders ---


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_folder_that_is_made_has_its_mode(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        assert prepare(tmp_path / "a" / "b") is None
    assert [mode(tmp_path / "a"), mode(tmp_path / "a" / "b")] == [0o750, 0o750]


def test_a_folder_that_is_made_inherits_the_group(tmp_path: Path) -> None:
    tmp_path.chmod(0o2775)
    assert prepare(tmp_path / "a") is None
    assert mode(tmp_path / "a") == 0o2750


@pytest.mark.parametrize("before", [0o700, 0o755, 0o1777, 0o2775])
def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path, before: int) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    folder.chmod(before)
    state = traces(folder)
    assert prepare(folder) is None
    assert traces(folder) == state


def test_a_folder_of_somebody_else_is_fine_if_it_can_be_written_to(shared: Path) -> None:
    for name, before, said in (("open", 0o777, None), ("sticky", 0o1777, None), ("shut", 0o755, "cannot be written")):
        folder = shared / name
        folder.mkdir()
        folder.chmod(before)
        state = traces(folder)
        found = as_other(partial(prepare, folder))
        assert found is said or said in found
        assert found is None or found == f"The folder {folder} cannot be written to: Permission denied."
        assert traces(folder) == state
    assert "Permission denied" in as_other(lambda: prepare(shared / "shut" / "below"))


def test_what_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    assert prepare(tmp_path / "file") == f"{tmp_path}/file is no folder."
    assert prepare(tmp_path / "link") == f"{tmp_path}/link is no folder."
    for folder in (tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        assert str(prepare(folder)).startswith(f"The folder {folder} cannot be written to: ")
    folder = tmp_path / "real"
    folder.mkdir()
    (tmp_path / "good").symlink_to(folder)
    assert prepare(tmp_path / "good") is None


def test_a_file_system_that_takes_no_more_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Any, flags: int, *more: Any, **others: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    assert prepare(tmp_path) == f"The folder {tmp_path} cannot be written to: No space left on device."


def test_several_hosts_may_make_the_same_folder_at_once(tmp_path: Path) -> None:
    found: list[str | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(prepare(tmp_path / "a" / "b" / "c"))) for _number in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [None] * 16


# --- writing ---


def test_a_new_file_has_its_mode_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    with umask(0o077):
        write(path, "one\r\n")
    assert (mode(path), path.read_bytes()) == (0o640, b"one\r\n")
    path.chmod(0o604)
    write(path, "zwei ü \ud800")
    assert (mode(path), path.read_bytes()) == (0o604, "zwei ü ?".encode())
    assert [found.name for found in tmp_path.iterdir()] == ["plan.json"]


def test_a_file_that_cannot_be_written_is_left_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan.json"
    path.write_text("before")

    def full(_number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match=f"{path} cannot be written: No space left on device."):
        write(path, "after")
    assert path.read_text() == "before"
    assert [found.name for found in tmp_path.iterdir()] == ["plan.json"]


def test_nothing_is_written_through_a_link_or_over_what_is_no_file(tmp_path: Path) -> None:
    target, link, pipe = tmp_path / "secret", tmp_path / "link", tmp_path / "pipe"
    target.write_text("mine")
    link.symlink_to(target)
    os.mkfifo(pipe)
    for path, said in ((link, "symbolic link"), (pipe, "no regular file"), (tmp_path, "no regular file")):
        assert said in str(check(path))
        with pytest.raises(FileError, match=said):
            write(path, "x")
    assert (target.read_text(), link.is_symlink(), pipe.is_fifo()) == ("mine", True, True)
    assert check(tmp_path / "new") is None
    with pytest.raises(FileError, match="cannot be written: No such file or directory"):
        write(tmp_path / "nowhere" / "new", "x")


@pytest.mark.parametrize("ending", ["html", "json", "csv"])
def test_a_report_that_could_not_be_written_is_known_before(tmp_path: Path, ending: str) -> None:
    plan = plan_of(LISTING, {"keep_last": 2})
    assert check_report(tmp_path, plan) is None
    path = tmp_path / f"{stem(plan)}.{ending}"
    path.symlink_to(tmp_path / "else")
    assert check_report(tmp_path, plan) == check(path)
    assert check(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_sticky_folder_keeps_the_files_of_others(shared: Path) -> None:
    folder = shared / "sticky"
    folder.mkdir()
    folder.chmod(0o1777)
    path = folder / "retention-x.html"
    path.write_text("mine")
    found = as_other(lambda: check(path))
    assert "belongs to another user" in found if os.geteuid() == 0 else found is None
    assert as_other(lambda: write(path, "theirs")) == found
    assert as_other(lambda: write(folder / "new", "theirs")) is None


# --- reading ---


def damage(text: str) -> dict[str, bytes]:
    """What damaged files are like."""
    half = text[: len(text) // 2]
    return {
        "empty": b"",
        "truncated": half.encode(),
        "list": b"[]",
        "text": b'"x"',
        "null": b"null",
        "merge conflict": f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n".encode(),
        "NaN": text.replace('"schema": 1', '"schema": NaN').encode(),
        "infinity": b'{"a": -Infinity}',
        "not UTF-8": b'{"a": "\xff"}',
        "nul": b"\0" * 100,
        "deep": b"[" * 200_000,
        "long number": b'{"a": ' + b"9" * 10_000 + b"}",
        "another kind": b'{"kind": "x", "schema": 1}',
        "another schema": text.replace('"schema": 1', '"schema": 2').encode(),
        "no plan": b'{"kind": "mongodb_ops.legacy_backup.report", "schema": 1}',
        "no rows": text.replace('"snapshots"', '"other"').encode(),
    }


@pytest.mark.parametrize("name", damage(REPORT))
def test_a_damaged_earlier_report_is_named_and_left_out(tmp_path: Path, name: str) -> None:
    path = tmp_path / NAME
    path.write_bytes(damage(REPORT)[name])
    found, warning = earlier_report(path)
    assert found is None
    assert warning is not None
    assert warning.startswith(f"The comparison with the last report is left out. {path} ")
    assert len(warning) < 500
    # The run can write its own over it.
    write(path, REPORT)
    assert earlier_report(path)[1] is None


def test_an_earlier_report_is_read(tmp_path: Path) -> None:
    path = tmp_path / NAME
    assert earlier_report(path) == (None, None)
    assert earlier_report(tmp_path / "nowhere" / NAME) == (None, None)
    path.write_text(REPORT)
    found, warning = earlier_report(path)
    assert (found is not None, warning) == (True, None)
    later = info([row(9, ago(hours=1)), *LISTING["snapshots"][1:]])
    since = reported(bare(later, {"keep_last": 2}), later, previous=found).since
    assert since is not None
    assert (len(since.new), len(since.gone)) == (1, 1)


def test_what_is_no_file_is_no_earlier_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / NAME
    os.mkfifo(path)
    assert "is no regular file" in str(earlier_report(path)[1])
    path.unlink()
    path.mkdir()
    assert "no regular file" in str(earlier_report(path)[1])
    path.rmdir()
    path.symlink_to("/dev/zero")
    assert "is no regular file" in str(earlier_report(path)[1])
    path.unlink()
    path.symlink_to(path)
    assert "cannot be read" in str(earlier_report(path)[1])
    path.unlink()
    monkeypatch.setattr(files, "LARGEST", 1024 * 1024)
    path.write_bytes(b" " * (1024 * 1024 + 1))
    assert "is larger than 1 MB" in str(earlier_report(path)[1])


def test_an_earlier_report_that_may_not_be_read(shared: Path) -> None:
    path = shared / NAME
    path.write_text(REPORT)
    path.chmod(0o000)
    found = as_other(lambda: earlier_report(path)[1])
    assert f"{path} cannot be read: Permission denied." in found


@pytest.mark.parametrize("name", ["empty", "truncated", "list", "NaN", "deep", "not UTF-8"])
def test_a_document_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(damage(REPORT)[name])
    with pytest.raises(FileError, match=str(path)):
        read_document(path)
    with pytest.raises(FileError, match="cannot be read: No such file"):
        read_document(tmp_path / "nothing")


# --- a folder of plans ---


def plan_in(folder: Path, **more: Any) -> Path:
    listing = info([row(1, ago(days=1), **more)], **more)
    plan = plan_of(listing, {"keep_last": 1})
    path = folder / plan_file_name(plan)
    write(path, json.dumps(plan.dump_compact()))
    return path


def test_the_plan_of_a_cluster_is_found(tmp_path: Path) -> None:
    own = plan_in(tmp_path)
    assert own.name == f"{NAME[: -len('.json')]}.plan.json"
    plan_in(tmp_path, cluster_id="d" * 24, cluster_name="Cluster0")
    assert find_plan(tmp_path, PROJECT, CLUSTER, "Cluster0") == own
    # By its id, however it is called now.
    assert find_plan(tmp_path, PROJECT, CLUSTER, "renamed") == own
    assert find_plan(tmp_path, PROJECT, CLUSTER, None) == own


def test_a_plan_is_found_by_the_name_of_its_cluster(tmp_path: Path) -> None:
    own = plan_in(tmp_path)
    plan_in(tmp_path, cluster_name="Cluster0-b", cluster_id="d" * 24)
    plan_in(tmp_path, cluster_name="cluster0", cluster_id="e" * 24)
    assert find_plan(tmp_path, PROJECT, None, "Cluster0") == own
    plan_in(tmp_path, cluster_name="Cluster0", cluster_id="f" * 24)
    with pytest.raises(FileError, match="has 2 plans for cluster Cluster0"):
        find_plan(tmp_path, PROJECT, None, "Cluster0")


def test_a_plan_that_is_not_there(tmp_path: Path) -> None:
    plan_in(tmp_path)
    for project, cluster, name in ((PROJECT, "d" * 24, "Cluster0"), ("c" * 24, CLUSTER, None), (PROJECT, None, "x")):
        with pytest.raises(FileError, match=rf"{tmp_path} has no plan for cluster .* plan files of 1 other"):
            find_plan(tmp_path, project, cluster, name)
    with pytest.raises(FileError, match=r"folder of plans .* cannot be read: No such file"):
        find_plan(tmp_path / "nowhere", PROJECT, CLUSTER, None)


@pytest.mark.parametrize("name", ["../../x", "a/b", "", "ü", "x" * 200, "-", "\ud800", "con", "a\nb", ".", "*[?]"])
def test_the_name_of_a_file_is_one_whatever_the_cluster_is_called(name: str) -> None:
    plan = plan_of(info([row(1, ago(days=1), cluster_name=name)], cluster_name=name), {"keep_last": 1})
    found = plan_file_name(plan)
    assert found == f"{stem(plan)}.plan.json"
    assert len(found) < 100
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert found.startswith("retention-")


# --- the index of a folder ---


def page_of(folder: Path) -> tuple[Page, list[str]]:
    made = index(*reports_in(folder))
    return Page.of(made.page), list(made.left_out)


@pytest.mark.parametrize("name", ["reports", "a [b] c", "*", "?", "{x}", "ü \n"])
def test_an_index_of_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    write(folder / NAME, REPORT)
    page, left_out = page_of(folder)
    assert ("1 cluster" in page.text, left_out) == (True, [])


def test_damaged_reports_are_left_out_and_named(tmp_path: Path) -> None:
    write(tmp_path / NAME, REPORT)
    for number, content in enumerate(damage(REPORT).values()):
        (tmp_path / f"retention-{number}.json").write_bytes(content)
    # Neither is a report.
    plan_in(tmp_path)
    write(tmp_path / "retention.json", "{}")
    page, left_out = page_of(tmp_path)
    assert "1 cluster" in page.text
    assert len(left_out) == len(damage(REPORT))
    assert all(any(f"retention-{number}.json " in line for line in left_out) for number in range(len(left_out)))
    assert f"{len(left_out)} files" in page.texts["left-out-count"]
    assert all(line in page.texts["left-out"] for line in left_out)


@pytest.mark.parametrize("planted", ["javascript:alert(1)//", "../../x", 'x" onclick="alert(1)', "x\n", ""])
def test_a_page_links_to_what_lies_beside_it_and_to_nothing_else(tmp_path: Path, planted: str) -> None:
    document = {**json.loads(REPORT), "stem": planted}
    (tmp_path / NAME).write_text(json.dumps(document))
    assert page_of(tmp_path)[0].targets == ["#main"]
    write(tmp_path / f"{NAME[: -len('.json')]}.html", "page")
    assert page_of(tmp_path)[0].targets == ["#main", f"{NAME[: -len('.json')]}.html"]


@pytest.mark.parametrize("name", ["retention-x:alert(1)", "retention-a b?c#d", 'retention-"><b>', "retention-ü"])
def test_a_link_is_the_name_of_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.json").write_text(REPORT)
    (tmp_path / f"{name}.html").write_text("page")
    (target,) = page_of(tmp_path)[0].targets[1:]
    assert not set(target) & set(":/?#\"<>' ")
    assert (tmp_path / unquote(target)).is_file()


def test_of_a_cluster_that_was_renamed_the_last_report_counts(tmp_path: Path) -> None:
    later = as_json(reported(bare(LISTING, {"keep_last": 2}, now=ago(hours=-5)), LISTING))
    write(tmp_path / "retention-old.json", REPORT)
    write(tmp_path / "retention-new.json", later)
    page, left_out = page_of(tmp_path)
    assert "1 cluster" in page.text
    assert left_out == ["retention-old.json is an older report of the cluster that retention-new.json is about."]
