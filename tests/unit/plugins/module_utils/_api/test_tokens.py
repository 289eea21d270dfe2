# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token that the processes of a run share: who may see it, for how long, and who asks for a new one."""

from __future__ import annotations

import multiprocessing
import stat
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.auth import Basic, Bearer
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.tokens import SharedTokens, Token

ACCOUNT = ("https://cloud.mongodb.com", "mdb_sa_id_1", "mdb_sa_sk_1")


class Endpoint:
    """Gives tokens that live an hour, numbered."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self, _account: Basic) -> Token:
        self.given += 1
        return Token(f"token-{self.given}", 3600.0)


def bearer(folder: Path | None, account: tuple[str, ...] = ACCOUNT) -> Bearer:
    shared = SharedTokens(None if folder is None else str(folder), *account)
    return Bearer(account[1], account[2], lambda _token: None, shared=shared)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def taken_by(endpoint: Endpoint, *auths: Bearer) -> list[str]:
    """The token of each, one after the other."""
    for auth in auths:
        auth.prepare(endpoint)
    return [auth.secrets[-1] for auth in auths]


def test_one_account_takes_one_token_and_nobody_else_can_read_it(folder: Path) -> None:
    endpoint = Endpoint()
    assert taken_by(endpoint, bearer(folder), bearer(folder)) == ["token-1", "token-1"]
    files = list(folder.iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    # Neither the account nor its secret is in a name.
    assert not any("mdb_sa" in path.name for path in files)


@pytest.mark.parametrize("place", [0, 1, 2], ids=["address", "id", "secret"])
def test_another_address_or_account_takes_its_own(folder: Path, place: int) -> None:
    endpoint = Endpoint()
    other = tuple(f"{text}x" if number == place else text for number, text in enumerate(ACCOUNT))
    assert taken_by(endpoint, bearer(folder), bearer(folder, other)) == ["token-1", "token-2"]


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777], ids=oct)
def test_a_folder_that_others_can_look_into_is_not_used(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    assert taken_by(Endpoint(), bearer(folder), bearer(folder)) == ["token-1", "token-2"]
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_not_there_is_not_made(folder: Path) -> None:
    place = folder / "elsewhere"
    assert taken_by(Endpoint(), bearer(place), bearer(place)) == ["token-1", "token-2"]
    assert not place.exists()


def test_a_link_is_not_followed(folder: Path) -> None:
    (folder / "real").mkdir(mode=0o700)
    (folder / "link").symlink_to(folder / "real")
    assert taken_by(Endpoint(), bearer(folder / "link"), bearer(folder / "link")) == ["token-1", "token-2"]


def test_what_is_about_to_expire_is_taken_anew(folder: Path) -> None:
    now = time.time()
    shared = SharedTokens(str(folder), *ACCOUNT, clock=lambda: now)
    with shared.held() as slot:
        slot.keep(Token("old", 3600.0))
        now += 3400
        kept = slot.read()
        assert kept is not None
        assert kept.value == "old"
        assert kept.expires_in == pytest.approx(200.0)
        now += 150
        assert slot.read() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"value": "x"}', '{"value": "x", "expires_at": "soon"}', "\xff"])
def test_what_cannot_be_read_is_replaced(folder: Path, text: str) -> None:
    endpoint = Endpoint()
    taken_by(endpoint, bearer(folder))
    (kept,) = folder.glob("*.token")
    kept.write_text(text, encoding="latin-1")
    assert taken_by(endpoint, bearer(folder), bearer(folder)) == ["token-2", "token-2"]


class Refused:
    """A 401 to a request that was signed with a token."""

    def __init__(self, token: str) -> None:
        self.request = self
        self.headers = {"Authorization": f"Bearer {token}"}


def test_a_shared_token_that_the_service_refuses_is_taken_anew_once_for_all(folder: Path) -> None:
    endpoint = Endpoint()
    first, second = bearer(folder), bearer(folder)
    taken_by(endpoint, first)
    first.accepted(Refused("token-1"))
    taken_by(endpoint, second)
    for auth in (first, second):
        # It was accepted elsewhere, so that the refusal is no verdict about the account.
        assert auth.renewed(Refused("token-1"))
    assert taken_by(endpoint, first, second) == ["token-2", "token-2"]
    assert endpoint.given == 2


def test_an_account_whose_tokens_are_never_accepted_takes_one_token(folder: Path) -> None:
    endpoint = Endpoint()
    for _number in range(40):
        auth = bearer(folder)
        taken_by(endpoint, auth)
        assert not auth.renewed(Refused("token-1"))
    assert endpoint.given == 1


def test_another_token_is_not_noted_as_accepted(folder: Path) -> None:
    endpoint = Endpoint()
    first = bearer(folder)
    taken_by(endpoint, first)
    with SharedTokens(str(folder), *ACCOUNT).held() as slot:
        slot.keep(Token("token-2", 3600.0))
    first.accepted(Refused("token-1"))
    second = bearer(folder)
    assert taken_by(endpoint, second) == ["token-2"]
    assert not second.renewed(Refused("token-2"))


@pytest.mark.parametrize("life", [10.0, 60.0, 90.0, 180.0])
def test_a_token_that_lives_shortly_is_shared_for_half_its_life(folder: Path, life: float) -> None:
    now = time.time()
    shared = SharedTokens(str(folder), *ACCOUNT, clock=lambda: now)
    with shared.held() as slot:
        slot.keep(Token("short", life))
        now += life * 0.49
        assert slot.read() is not None
        now += life * 0.02
        assert slot.read() is None


def take(folder: str, barrier: Barrier, log: str) -> None:
    """What one process does: all at once ask for the token of the account."""

    def endpoint(_account: Basic) -> Token:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write("asked\n")
        time.sleep(0.05)
        return Token("token", 3600.0)

    barrier.wait()
    bearer(Path(folder)).prepare(endpoint)


def test_processes_that_start_at_once_ask_once(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    log = tmp_path_factory.mktemp("log") / "asked"
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(4)
    processes = [context.Process(target=take, args=(str(folder), barrier, str(log))) for _number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 4
    assert log.read_text(encoding="utf-8") == "asked\n"
