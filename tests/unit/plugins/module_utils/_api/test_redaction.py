# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text without secrets: what is masked, and what stays readable."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.redaction import (
    DETAIL_LENGTH,
    hides_one_of,
    readable,
    redact_login,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "secrets", "wanted"),
    [
        ("  two\r\n\tlines\x00\x1b[31m\u2028here ", [], "two lines [31m here"),
        ("the key abc is bad", ["abc"], "the key ******** is bad"),
        ("abcdef", ["abc", "abcdef"], "********"),
        ("nothing", ["", "x"], "nothing"),
        ("the key aBC is bad", ["Abc"], "the key ******** is bad"),
        ("the key a\x00b\nc is bad", ["abc"], "the key ******** is bad"),
        ("the key a\u200bb\ufe0fc\u00ad\U000e0041 is bad", ["abc"], "the key ********\u00ad\U000e0041 is bad"),
        ("the key a\ufffdb\ufeffc is bad", ["abc"], "the key ******** is bad"),
        ("the key a\nb is bad", ["a b"], "the key ******** is bad"),
        ("the key a  b is bad", ["a b"], "the key ******** is bad"),
        ("abcabc", ["abca", "cab", "abc"], "********"),
        ("a < b", [], "a < b"),
        (42, [], "42"),
        (None, [], "None"),
        ("x" * 501, [], "x" * 499 + "…"),
        ("x" * 500, [], "x" * 500),
    ],
)
def test_text_of_the_service_is_made_readable(text: object, secrets: list[str], wanted: str) -> None:
    assert readable(text, secrets) == wanted


SECRET = "kL3/x9+Zq=7wv"


@pytest.mark.parametrize(
    "between", ["", "\0", "\t", "\x01", "\x85", "\u200b", "\u202e", "\u2060", "\ufe0f", "\ud83d", "\U000e0041"]
)
@pytest.mark.parametrize("is_escaped", [True, False])
@pytest.mark.parametrize("change", [str, str.upper, lambda text: quote(text, safe="")])
def test_a_secret_in_a_document_is_found_whatever_hides_it(
    between: str, is_escaped: bool, change: Callable[[str], str]
) -> None:
    text = json.dumps({"name": between.join(change(SECRET))}, ensure_ascii=is_escaped)
    shown = text.encode(errors="surrogatepass").decode(errors="replace")
    assert hides_one_of([SECRET], shown.replace("/", "\\/") if is_escaped else shown)
    assert not hides_one_of(["another-secret"], shown)


@given(st.text(), st.lists(st.text(min_size=1), max_size=3))
def test_readable_text_is_one_short_line(text: str, secrets: list[str]) -> None:
    made = readable(text, secrets)
    assert len(made) <= DETAIL_LENGTH
    assert made.isprintable() or not set(made) & set("\n\r\t\x00\x1b\u2028")
    assert not any(
        secret in made.replace("********", "") for secret in secrets if "*" not in secret and len(secret) > 3
    )


@pytest.mark.parametrize(
    ("proxy", "wanted"),
    [
        ("http://me:pw@proxy:3128", "http://me:********@proxy:3128"),
        ("me:pw@proxy:3128", "me:********@proxy:3128"),
        ("http://me:a:b@proxy", "http://me:********@proxy"),
        ("http://me:a//b@proxy", "http://me:********@proxy"),
        ("http://me:a@b@proxy", "http://me:********@proxy"),
        ("socks5h://:pw@proxy", "socks5h://:********@proxy"),
        ("http://me@proxy:3128", "http://me@proxy:3128"),
        ("http://proxy:3128", "http://proxy:3128"),
        ("proxy:3128", "proxy:3128"),
    ],
)
def test_of_a_proxy_only_the_password_is_hidden(proxy: str, wanted: str) -> None:
    assert redact_login(proxy) == wanted
