# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret in what a module prints, whatever goes wrong and whoever repeats it; and nothing destroyed for it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, quote_plus, unquote

import pytest
from ansible.module_utils import basic
from ansible_collections.mongodb_ops.legacy_backup.plugins.modules import legacy_snapshot, legacy_snapshot_info

from simulator import faults, tokens
from simulator.accounts import Account, Role
from simulator.exchange import Call
from simulator.fixtures_pytest import Start
from simulator.server import Simulator
from tools.faketime import FakeTime
from tools.modules import Finished, run_module
from unit.plugins.clients import world
from unit.plugins.modules.runner import connection

LATER = "2099-06-01T00:00:00Z"
PROXY_PASSWORD = "pr0xy%40canary%2Fpassword"
UNUSED = "unused-canary-31"
KEYS = ("owner", "service_account")
SLOW = 1.2


@dataclass
class Watch:
    """A simulator as the service and as the proxy on the way to it, and all that it was shown to prove who asks."""

    sim: Simulator
    who: str
    secret: str = ""
    headers: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sim.faults.before(self._note, times=None, when=lambda call: bool(call.headers.get("Authorization")))

    def _note(self, call: Call) -> None:
        self.headers += [call.authorization, call.headers.get("Proxy-Authorization", "")]

    @property
    def account(self) -> Account:
        return self.sim.world.keys[self.who]

    def options(self, **more: Any) -> dict[str, Any]:
        """The way to the service, which goes through a proxy that wants a password."""
        return {
            **connection(self.sim, self.who, self.secret or None),
            "base_url": "http://mongo.invalid",
            "proxy": f"http://me:{PROXY_PASSWORD}@127.0.0.1:{self.sim.port}",
            "timeout": 1,
            "retry_timeout": 0,
            **more,
        }

    def run(self, module: ModuleType, **more: Any) -> Finished:
        return run_module(module, self.options(**more), FakeTime(), diff=True)

    def forbidden(self) -> set[str]:
        """All that no output may show."""
        secret = self.secret or self.account.secret
        found = {secret, secret.strip(), PROXY_PASSWORD, unquote(PROXY_PASSWORD), UNUSED}
        found |= {*self.sim.api.auth.tokens.given}
        for header in self.headers:
            scheme, _space, rest = header.partition(" ")
            found |= {*re.findall(r'(?:response|cnonce)="([^"]+)"', rest)}
            if scheme in ("Basic", "Bearer"):
                found.add(rest)
        return {form for text in found if text for form in written(text)}


def written(text: str) -> set[str]:
    """The ways in which a text may stand in another."""
    ways = {text, quote(text, safe=""), quote(text), quote_plus(text), html.escape(text), json.dumps(text)[1:-1]}
    return ways | {json.dumps(text, ensure_ascii=False)[1:-1], base64.b64encode(text.encode()).decode().rstrip("=")}


def strings(value: Any) -> Iterator[str]:
    """Every string in a result, keys too."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    else:
        yield str(value)


def assert_clean(watch: Watch, done: Finished) -> None:
    """Nothing forbidden in what was printed, warned of or logged, as it stands there and as it is read."""
    texts = "\n".join([done.output, *done.warnings, *watch.logged, *strings(done.result)])
    shown_there = [text for text in watch.forbidden() if text in texts]
    assert shown_there == [], texts
    assert "censored" not in texts


@pytest.fixture
def watch(simulator: Start, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Watch]:
    """`watch("owner")`: somebody to run modules as, in an environment with secrets that nothing uses."""
    monkeypatch.setattr(tokens, "LIMIT", 10_000)
    monkeypatch.setenv("MCLI_PRIVATE_API_KEY", UNUSED)
    monkeypatch.setenv("https_proxy", f"http://me:{UNUSED}@127.0.0.1:9")

    def start(who: str, name: str = "v2", **more: Any) -> Watch:
        made = Watch(simulator(world(name)), who, **more)

        def log(_module: Any, message: str, log_args: Any = None) -> None:
            made.logged.append(f"{message} {log_args}")

        monkeypatch.setattr(basic.AnsibleModule, "log", log)
        return made

    return start


# --- every fault ---

MATRIX = {**faults.matrix(SLOW), "echo": {"kind": "echo"}}


@pytest.mark.parametrize("label", MATRIX)
@pytest.mark.parametrize("who", KEYS)
def test_no_fault_makes_a_module_show_a_secret(watch: Callable[..., Watch], who: str, label: str) -> None:
    """A listing, a change and a deletion, each met by the fault; where it may pass also a second time."""
    case, there = MATRIX[label], watch(who)
    plain = there.sim.world.marks
    attempts: list[tuple[str, ModuleType, dict[str, Any]]] = [
        ("GET", legacy_snapshot_info, {}),
        ("PATCH", legacy_snapshot, {"snapshot_id": plain["plain_0"], "expires_at": LATER}),
        ("DELETE", legacy_snapshot, {"snapshot_id": plain["plain_9"], "state": "absent"}),
    ]
    for method, module, more in attempts:
        fault = there.sim.faults.add(**case, method=method, path="/snapshots", times=None)
        done = there.run(module, **more)
        assert fault.fired > 0
        assert done.result.get("msg", "") != "" or not done.result.get("failed", False)
        assert_clean(there, done)
        fault.matcher.times = 0
        if "seconds" in case:
            break  # waiting is real here


@pytest.mark.parametrize("label", [label for label, case in MATRIX.items() if "seconds" not in case])
def test_no_fault_of_the_token_endpoint_shows_a_secret(watch: Callable[..., Watch], label: str) -> None:
    there = watch("service_account")
    fault = there.sim.faults.add(**MATRIX[label], method="POST", times=None)
    done = there.run(legacy_snapshot_info)
    assert fault.fired > 0
    assert done.result.get("failed") or label == "wrong content type"
    assert_clean(there, done)


# --- who repeats what was sent, and where ---


def _said(call: Call) -> str:
    """The request's own headers, and what they say when they are decoded."""
    headers = {name: text for name, text in call.headers.items() if "Authorization" in name}
    pairs = [
        base64.b64decode(text.partition(" ")[2]).decode("utf-8", "replace")
        for text in headers.values()
        if text.startswith("Basic")
    ]
    return "; ".join([*(f"{name}: {text}" for name, text in headers.items()), *pairs])


def _plain(call: Call) -> str:
    """The same on a line, as a header can carry it."""
    return re.sub(r"[^\x20-\x7e]+", " ", _said(call))


def _error(status: int, call: Call, **more: Any) -> dict[str, Any]:
    return {"status": status, "body": json.dumps({"error": status, "errorCode": "ODD", "detail": "?", **more})}


def _page(status: int, text: str) -> dict[str, Any]:
    return {"status": status, "body": text, "media_type": "text/html"}


ECHOES: dict[str, Callable[[Call], dict[str, Any]]] = {
    "detail": lambda call: _error(400, call, detail=_said(call)),
    "detail as JSON": lambda call: _error(400, call, detail=json.dumps(_said(call))),
    "detail as a URL": lambda call: _error(400, call, detail=quote(_said(call), safe="")),
    "detail as a form": lambda call: _error(400, call, detail=quote_plus(_said(call))),
    "detail as HTML": lambda call: _error(400, call, detail=html.escape(_said(call))),
    "detail of other requests": lambda call: _error(
        400, call, detail=f'Bearer {"z" * 30}; Digest response="{"0a" * 16}", cnonce="{"b1" * 8}"'
    ),
    "code": lambda call: _error(400, call, errorCode=_said(call)),
    "reason": lambda call: _error(400, call, detail=None, reason=_said(call)),
    "parameters": lambda call: _error(
        403, call, errorCode="IP_ADDRESS_NOT_ON_ACCESS_LIST", parameters=[_said(call)], detail=_said(call)
    ),
    "OAuth": lambda call: {
        "status": 400,
        "body": json.dumps({"error": _said(call), "error_description": _said(call)}),
    },
    "too many": lambda call: _error(429, call, detail=_said(call)),
    "page": lambda call: _page(200, f"<html>{html.escape(_said(call))}</html>"),
    "page of blanks": lambda call: _page(200, f"<html>{' ' * 3960}{_said(call)}</html>"),
    "title": lambda call: _page(200, f'<html><title>{_said(call)} it\'s "quoted"</title></html>'),
    "gateway": lambda call: _page(502, f"<html><title>{_said(call)}</title></html>"),
    "text": lambda call: _page(400, _said(call)),
    "text after text": lambda call: _page(500, f"{'x' * 470} {_said(call)}"),
    "phrase": lambda call: {"status": 418, "body": "", "reason": _plain(call)},
    "phrase of a 503": lambda call: {"status": 503, "body": "", "reason": _plain(call)},
    "content type": lambda call: {**_page(200, "no JSON"), "media_type": _plain(call)},
    "Location": lambda call: {"status": 302, "headers": {"Location": f"https://{_plain(call)}/"}},
    "Location as a URL": lambda call: {
        "status": 307,
        "headers": {"Location": f"https://{quote(_said(call), safe='')}.example.com/?{quote(_said(call))}"},
    },
    "challenge": lambda call: {
        "status": 401,
        "headers": {"WWW-Authenticate": f'Digest realm="{_plain(call)}", nonce="1", qop="auth"'},
    },
    "Basic challenge": lambda call: {
        "status": 401,
        "body": json.dumps({"detail": _said(call)}),
        "headers": {"WWW-Authenticate": f'Basic realm="{_plain(call)}"'},
    },
    "Retry-After": lambda call: {"status": 429, "headers": {"Retry-After": _plain(call)}},
    "a snapshot's values": lambda call: _listing({"clusterName": _said(call), "parts": [{"typeName": _said(call)}]}),
    "a snapshot's keys": lambda call: _listing({"parts": [{_said(call): 1}], _said(call): 2}),
    "a date": lambda call: _listing({"expires": _said(call)}),
    "an id": lambda call: {"status": 200, "body": json.dumps({"results": [{"id": _said(call)}]})},
    "ids that come twice": lambda call: {"status": 200, "body": json.dumps({"results": [{"id": _said(call)}] * 2})},
    "407": lambda call: _page(407, f"<title>{_said(call)}</title>"),
}


def _listing(more: dict[str, Any]) -> dict[str, Any]:
    created = {"date": "2026-01-01T00:00:00Z", "increment": 1}
    return {"status": 200, "body": json.dumps({"results": [{"id": "f" * 24, "created": created, **more}]})}


def echoing(sim: Simulator, echo: Callable[[Call], dict[str, Any]], **which: Any) -> faults.Fault:
    """Have every such request answered with what it said."""
    fault = sim.faults.add("answer", times=None, **which)

    def fill(call: Call) -> None:
        for name, value in echo(call).items():
            setattr(fault, name, value)

    sim.faults.before(fill, times=None, **which)
    return fault


@pytest.mark.parametrize("label", ECHOES)
@pytest.mark.parametrize("who", KEYS)
def test_no_echo_is_passed_on(watch: Callable[..., Watch], who: str, label: str) -> None:
    """The snapshots' own requests, by key and by token, and through a proxy that sees its password."""
    there = watch(who)
    fault = echoing(there.sim, ECHOES[label], path="/snapshots")
    for retry_timeout in (0, 5):
        done = there.run(legacy_snapshot_info, retry_timeout=retry_timeout)
        assert fault.fired > 0
        assert_clean(there, done)
        # What helps is there: the status at least.
        words = r"answered \d{3}|cannot be read|no id|shifts"
        assert not done.result.get("failed") or re.search(words, done.result["msg"])


@pytest.mark.parametrize("label", ECHOES)
def test_no_echo_of_the_token_endpoint_is_passed_on(watch: Callable[..., Watch], label: str) -> None:
    """There the secret itself is sent, in Basic's letters: decoded, it is masked as well."""
    there = watch("service_account")
    fault = echoing(there.sim, ECHOES[label], method="POST")
    done = there.run(legacy_snapshot_info, retry_timeout=5)
    assert fault.fired > 0
    assert done.result["failed"]
    assert_clean(there, done)


@pytest.mark.parametrize("who", KEYS)
def test_the_listing_is_masked_by_value_and_stays_a_listing(watch: Callable[..., Watch], who: str) -> None:
    there = watch(who)
    echoing(there.sim, ECHOES["a snapshot's values"], path="/snapshots")
    (row,) = there.run(legacy_snapshot_info).result["snapshots"]
    assert row["id"] == "f" * 24
    assert "********" in row["cluster_name"]


# --- connections that do not come about ---

BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "a proxy that is not there": ({"proxy": f"http://me:{PROXY_PASSWORD}@127.0.0.1:9"}, "This was the proxy"),
    "a proxy without a name": ({"proxy": f"http://me:{PROXY_PASSWORD}@proxy.invalid:3128"}, "host is not known"),
    "a proxy that is no address": ({"proxy": f"http://me:{PROXY_PASSWORD}@proxy:no"}, "proxy is no address"),
    "a proxy of another kind": ({"proxy": f"ftp://me:{PROXY_PASSWORD}@proxy"}, "proxy is no address"),
    "a service without a name": ({"proxy": None, "base_url": "http://mongo.invalid"}, "There is no such host"),
    "no TLS there": ({"proxy": None, "base_url": "https://127.0.0.1:{port}"}, "got no answer"),
    "a key with a line end": ({"public_key": "two\nlines"}, "got no answer"),
}


@pytest.mark.parametrize("label", BROKEN)
def test_no_broken_connection_shows_a_secret(watch: Callable[..., Watch], label: str, monkeypatch: Any) -> None:
    there, (more, words) = watch("owner"), BROKEN[label]
    monkeypatch.delenv("https_proxy")
    more = {name: str(text).format(port=there.sim.port) if text else text for name, text in more.items()}
    done = there.run(legacy_snapshot_info, **more)
    assert words in done.result["msg"]
    assert_clean(there, done)


def test_what_the_proxy_says_is_masked(watch: Callable[..., Watch], monkeypatch: pytest.MonkeyPatch) -> None:
    """To an https address the proxy is asked to connect; its refusal repeats the password as the header has it."""
    there = watch("owner")
    sent = base64.b64encode(f"me:{unquote(PROXY_PASSWORD)}".encode()).decode()
    there.headers.append(f"Basic {sent}")
    there.sim.faults.add("answer", method="CONNECT", status=407, reason=f"No: {sent}", times=None, authorised=False)
    done = there.run(legacy_snapshot_info, base_url="https://mongo.invalid")
    assert "The proxy asks for a password" in done.result["msg"]
    assert_clean(there, done)
    monkeypatch.setenv("https_proxy", there.options()["proxy"])
    done = there.run(legacy_snapshot_info, base_url="https://mongo.invalid", proxy=None)
    assert "The proxy asks for a password" in done.result["msg"]
    assert_clean(there, done)


def test_the_text_of_a_certificate_is_not_shown(watch: Callable[..., Watch], tmp_path: Path) -> None:
    """Given in place of its path, or in a file that holds something else."""
    there = watch("owner")
    canary = "-----BEGIN CERTIFICATE-----\ncertificate-canary\n-----END CERTIFICATE-----\n"
    strange = tmp_path / "ca.pem"
    strange.write_text(canary, encoding="utf-8")
    for ca_path, words in ((canary, "give the path of that"), (str(strange), "got no answer")):
        address = f"https://127.0.0.1:{there.sim.port}"
        done = there.run(legacy_snapshot_info, base_url=address, proxy=None, ca_path=ca_path)
        assert words in done.result["msg"]
        assert "certificate-canary" not in done.output
        assert_clean(there, done)


# --- options that do not pass ---

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "half a pair": ({"client_id": None, "public_key": None}, "is given as an option and"),
    "both kinds": ({"client_id": "mine", "public_key": "mine", "private_key": "canary-of-both"}, "of two kinds"),
    "no number": ({"limit": "many"}, "limit"),
    "no option": ({"clusters": "x"}, "Unsupported parameters"),
    "a filter too many": ({"snapshot_id": "f" * 24, "created_after": "2026-01-01"}, "mutually exclusive"),
    "no choice": ({"platform": "mainframe"}, "platform"),
    "no project": ({"project_id": "x"}, "project_id"),
    "a password in the address": ({"base_url": "https://me:canary-of-both@mongo.invalid"}, "holds a user name"),
    "an address that is none": ({"base_url": "mongo"}, "is no address"),
}


@pytest.mark.parametrize("label", WRONG)
@pytest.mark.parametrize("who", KEYS)
def test_no_refusal_of_options_shows_a_secret(watch: Callable[..., Watch], who: str, label: str) -> None:
    there, (more, words) = watch(who), WRONG[label]
    done = there.run(legacy_snapshot_info, **more)
    assert done.result["failed"]
    assert words in done.result["msg"]
    assert_clean(there, done)
    assert "canary-of-both" not in done.output
    assert there.sim.log.requests == 0


@pytest.mark.parametrize(
    "name", ["public_key", "private_key", "client_id", "client_secret", "proxy", "base_url", "platform"]
)
@pytest.mark.parametrize("kind", ["list", "dictionary"])
def test_an_option_that_is_no_text_is_refused_without_its_value(
    watch: Callable[..., Watch], name: str, kind: str
) -> None:
    there = watch("owner")
    value = ["http://u:canary-of-both@x", "x"] if kind == "list" else {"data": {"key": "canary-of-both"}}
    done = there.run(legacy_snapshot_info, **{name: value})
    is_key = name not in ("proxy", "base_url", "platform")
    what = "a key is one text. Take the one value of it that is the key" if is_key else "has to be a text"
    assert done.result["msg"] == f"{name} is a {kind}, and {what}."
    assert "canary-of-both" not in done.output
    assert there.sim.log.requests == 0


# --- secrets of any kind ---

ODD = {
    "regular expression": "a.*[b]+(c|d)$^\\d{3}?",
    "quotes": 'it\'s "quoted" and \\back\\slashed',
    "markup": "<b>&amp;</b> & <title>x</title>",
    "letters": "pässwörd-ключ-鍵-🔑",
    "line ends": "one\nline\r\nand another",
    "blanks around": "  \tblanks around it 1 \n",
    "blanks inside": "two  blanks\tand a tab",
    "a URL": "p%40ss%2Fword&x=1#y?z+w",
    "a template": "{{ lookup('env', 'HOME') }}",
    "JSON": '{"a": [1, "b"]}',
    "long": "l0ng" * 300,
}


@pytest.mark.parametrize("label", ODD)
@pytest.mark.parametrize("kind", ["private_key", "client_secret"])
def test_odd_secrets_work_and_are_masked(watch: Callable[..., Watch], kind: str, label: str) -> None:
    """They prove who asks, and no echo of any form shows them."""
    secret = ODD[label]
    what: Any = "key" if kind == "private_key" else "service_account"
    account = Account("odd", "odd-one", secret.strip(), what, {"*": Role.OWNER})
    made = watch("owner", secret=secret)
    made.sim.world.add_account(account)
    made.who = "odd"
    done = made.run(legacy_snapshot_info)
    assert done.result.get("total") == 19, done.result.get("msg")
    assert_clean(made, done)
    for label in ("detail", "detail as JSON", "detail as a URL", "title", "text", "a snapshot's values"):
        fault = echoing(made.sim, ECHOES[label], method="POST" if kind == "client_secret" else "GET")
        done = made.run(legacy_snapshot_info)
        fault.matcher.times = 0
        assert_clean(made, done)


WEAK = ["e", "1", "a", ":", '"', "\\", "{", "2026", "12", "true", "None", "deleted", "failed", "snapshot", "complete"]
WEAK += ["unchanged", "127.0.0", "ladder", "FINISHED", "http", "id", "-", "T00:00:0", "0000"]


@pytest.mark.parametrize("kind", ["private_key", "client_secret", "proxy"])
def test_weak_secrets_destroy_no_result(watch: Callable[..., Watch], kind: str) -> None:
    """Ids, times, counts and states are the same as with a secret worth the name; the option itself is masked."""
    found = []
    there = watch("owner")
    seeded = there.sim.world
    for secret in ("c0rrect-horse-battery", *WEAK):
        there.sim.world = there.sim.api.world = there.sim.api.auth._world = seeded.copy()
        more: dict[str, Any] = {}
        if kind == "proxy":
            more["proxy"] = f"http://me:{quote(secret, safe='')}@127.0.0.1:{there.sim.port}"
        else:
            what: Any = "key" if kind == "private_key" else "service_account"
            there.sim.world.add_account(Account("weak", "weak-one", secret, what, {"*": Role.OWNER}))
            there.who = "weak"
        marks = there.sim.world.marks
        items = [{"snapshot_id": marks["plain_9"]}, {"snapshot_id": marks["held"]}]
        results = [
            there.run(legacy_snapshot_info, gather=["parts", "schedule", "restore_jobs"], **more).result,
            there.run(legacy_snapshot, snapshots=items, state="absent", **more).result,
        ]
        for result in results:
            asked = result.pop("invocation")["module_args"]
            assert asked.get(kind, "VALUE").startswith(("VALUE", "http://me:********@127.0.0.1"))
        assert [one["action"] for one in results[1]["outcomes"]] == ["deleted", "failed"]
        found.append(results)
    assert all(results == found[0] for results in found)
