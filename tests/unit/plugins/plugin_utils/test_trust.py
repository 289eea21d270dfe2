# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the service says is never rendered, whatever it is; what we say is. On each ansible-core."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._trust import trusted, untrusted
from hypothesis import given
from hypothesis import strategies as st

LOADER = DataLoader()


def rendered(value: Any) -> Any:
    return Templar(loader=LOADER, variables={"value": value, "secret": "rendered"}).template(trusted("{{ value }}"))


@pytest.mark.parametrize(
    "text",
    [
        "{{ secret }}",
        "{% if true %}x{% endif %}",
        "{# x #}",
        "a {{ 7*7 }}",
        "#jinja2: x\n{{ secret }}",
        "'{{ secret }}'",
    ],
)
def test_texts_of_the_service_are_never_rendered(text: str) -> None:
    assert rendered(untrusted(text)) == text


@given(st.text(st.sampled_from("{}%# secrt'\"|") | st.characters(codec="utf-8"), max_size=30))
def test_whatever_they_are(text: str) -> None:
    kept = untrusted(text)
    assert kept == text
    if text.strip() == text and text not in ("", "None"):
        assert str(rendered(kept)) == text


@pytest.mark.parametrize("value", [None, True, False, 5])
def test_what_is_no_text_stays_as_it_is(value: Any) -> None:
    assert untrusted(value) is value


def test_templates_are_rendered() -> None:
    assert rendered(trusted("{{ secret }}")) == "rendered"
