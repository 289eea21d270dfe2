# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options and variables, as the public interface has them: one table for each of its sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.auth import Bearer, Digest
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.settings import ATLAS_V1, ATLAS_V2, MANAGER
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._connection import (
    CONNECTION_SPEC,
    Connection,
    connect,
    redact_options,
    resolve,
    secrets_of,
)
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.clients import Talk

P1, P2, P3 = "1" * 24, "2" * 24, "3" * 24
KEYS = {"public_key": "opt-pub", "private_key": "opt-priv"}
ACCOUNT = {"client_id": "opt-id", "client_secret": "opt-secret"}
SA_ENV = {"MONGODB_ATLAS_CLIENT_ID": "sa-id", "MONGODB_ATLAS_CLIENT_SECRET": "sa-secret"}
ATLAS_ENV = {"MONGODB_ATLAS_PUBLIC_API_KEY": "atlas-pub", "MONGODB_ATLAS_PRIVATE_API_KEY": "atlas-priv"}
MCLI_ENV = {"MCLI_PUBLIC_API_KEY": "mcli-pub", "MCLI_PRIVATE_API_KEY": "mcli-priv"}
ATLAS_REST = {"MONGODB_ATLAS_PROJECT_ID": P2, "MONGODB_ATLAS_BASE_URL": "https://atlas.example.com"}
MCLI_REST = {"MCLI_PROJECT_ID": P3, "MCLI_OPS_MANAGER_URL": "https://om.example.com"}
ALL_ENV = {**SA_ENV, **ATLAS_ENV, **MCLI_ENV, **ATLAS_REST, **MCLI_REST}
OPS = {"platform": "ops_manager", "base_url": "https://om.example.com", "project_id": P1}


def resolved(options: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Connection:
    params = {name: spec.get("default") for name, spec in CONNECTION_SPEC.items()}
    return resolve({**params, **options}, environ or {})


def refused(options: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(OptionError) as caught:
        resolved(options, environ)
    return str(caught.value)


# --- which credentials ---

USERS: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "keys as options": ({**KEYS, "project_id": P1}, ALL_ENV, "opt-pub"),
    "an account as options": ({**ACCOUNT, "project_id": P1}, ALL_ENV, "opt-id"),
    "the account first": ({}, ALL_ENV, "sa-id"),
    "then the Atlas key": ({}, {**ATLAS_ENV, **MCLI_ENV, **ATLAS_REST, **MCLI_REST}, "atlas-pub"),
    "then mongocli's": ({}, {**MCLI_ENV, **ATLAS_REST, **MCLI_REST}, "mcli-pub"),
    "blank variables are not there": (
        {},
        {**ALL_ENV, **dict.fromkeys(SA_ENV, ""), **dict.fromkeys(ATLAS_ENV, " ")},
        "mcli-pub",
    ),
    "blank options are not there": ({**dict.fromkeys([*KEYS, *ACCOUNT], ""), "project_id": " "}, ALL_ENV, "sa-id"),
    "a half after the whole is not met": ({}, {**ATLAS_ENV, **ATLAS_REST, "MCLI_PUBLIC_API_KEY": "x"}, "atlas-pub"),
    "an account that v1.0 cannot use is passed over": ({"api_version": "v1.0"}, ALL_ENV, "atlas-pub"),
    "half an account that v1.0 cannot use": (
        {"api_version": "v1.0"},
        {**ATLAS_ENV, **ATLAS_REST, "MONGODB_ATLAS_CLIENT_ID": "x"},
        "atlas-pub",
    ),
    "an account that Ops Manager cannot use": (
        {"platform": "ops_manager", "project_id": P1},
        {**SA_ENV, **MCLI_ENV, **MCLI_REST},
        "mcli-pub",
    ),
    "an account on Cloud Manager": ({"platform": "cloud_manager", "project_id": P1}, ALL_ENV, "sa-id"),
    "blanks around a value are not of it": (
        {},
        {**ATLAS_REST, **{k: f" {v}\n" for k, v in ATLAS_ENV.items()}},
        "atlas-pub",
    ),
}


@pytest.mark.parametrize(("options", "environ", "user"), USERS.values(), ids=USERS)
def test_whose_credentials_are_used(options: dict[str, Any], environ: dict[str, str], user: str) -> None:
    found = resolved(options, environ)
    assert found.user == user
    secret = {"sa-id": "sa-secret", "opt-id": "opt-secret"}.get(user, user.replace("-pub", "-priv"))
    assert (found.password, found.is_account) == (secret, user.endswith("-id"))


MIXED: dict[str, tuple[dict[str, Any], dict[str, str], list[str]]] = {
    "nothing": ({}, {}, ["public_key and private_key", "client_id and client_secret", *SA_ENV, *ATLAS_ENV, *MCLI_ENV]),
    "both kinds": ({**KEYS, **ACCOUNT}, {}, ["not both", "module_defaults"]),
    "halves of both kinds": (
        {"public_key": "a", "client_secret": "b"},
        {},
        ["client_secret and public_key", "not both"],
    ),
    "a public key alone": ({"public_key": "a"}, {}, ["public_key is given", "private_key is not"]),
    "a private key alone": ({"private_key": "a"}, {}, ["private_key is given", "public_key is not"]),
    "an id alone": ({"client_id": "a"}, {}, ["client_id is given", "client_secret is not"]),
    "half an option, half a variable": ({"public_key": "a"}, ATLAS_ENV, ["never taken from the environment"]),
    "a blank half": ({"public_key": "a", "private_key": ""}, {}, ["private_key is not"]),
    "half an account before a whole key": (
        {},
        {"MONGODB_ATLAS_CLIENT_ID": "a", **ATLAS_ENV},
        ["MONGODB_ATLAS_CLIENT_ID is set", "MONGODB_ATLAS_CLIENT_SECRET is not"],
    ),
    "half an Atlas key before mongocli's": (
        {},
        {"MONGODB_ATLAS_PRIVATE_API_KEY": "a", **MCLI_ENV},
        ["MONGODB_ATLAS_PRIVATE_API_KEY is set", "MONGODB_ATLAS_PUBLIC_API_KEY is not"],
    ),
    "half of mongocli's": ({}, {"MCLI_PUBLIC_API_KEY": "a"}, ["MCLI_PRIVATE_API_KEY is not"]),
    "a half by a blank": ({}, {**MCLI_ENV, "MCLI_PRIVATE_API_KEY": ""}, ["MCLI_PRIVATE_API_KEY is not"]),
    "an account on Ops Manager": ({**OPS, **ACCOUNT}, {}, ["Ops Manager knows no service accounts", "private_key"]),
    "an account on v1.0": (
        {**ACCOUNT, "api_version": "v1.0", "project_id": P1},
        {},
        ["api_version v1.0 knows no service accounts", "or api_version v2"],
    ),
    "only an account for Ops Manager": (OPS, SA_ENV, ["No credentials"]),
}


@pytest.mark.parametrize(("options", "environ", "words"), MIXED.values(), ids=MIXED)
def test_credentials_that_do_not_go_together(
    options: dict[str, Any], environ: dict[str, str], words: list[str]
) -> None:
    said = refused(options, environ)
    for word in words:
        assert word in said
    for secret in [*ACCOUNT.values(), *SA_ENV.values(), *ATLAS_ENV.values()]:
        assert f"'{secret}'" not in said


# --- project, address and the rest ---

RESTS: dict[str, tuple[dict[str, Any], dict[str, str], tuple[str, str]]] = {
    "the family of the key": ({}, ALL_ENV, (P2, "https://atlas.example.com")),
    "mongocli's": (
        {"platform": "ops_manager"},
        {**MCLI_ENV, **ATLAS_REST, **MCLI_REST},
        (P3, "https://om.example.com"),
    ),
    "options first": (
        {"project_id": P1, "base_url": "https://x.example.com"},
        ALL_ENV,
        (P1, "https://x.example.com"),
    ),
    "keys as options: the family of the first whole pair": (
        {**KEYS, "platform": "ops_manager"},
        {**MCLI_ENV, **ATLAS_REST, **MCLI_REST},
        (P3, "https://om.example.com"),
    ),
    "keys as options: Atlas before mongocli's": (
        KEYS,
        {**ATLAS_ENV, **MCLI_ENV, **ATLAS_REST, **MCLI_REST},
        (P2, "https://atlas.example.com"),
    ),
    "keys as options: a pair the platform cannot use is no pair": (
        {**KEYS, "platform": "ops_manager"},
        {**SA_ENV, **MCLI_ENV, **ATLAS_REST, **MCLI_REST},
        (P3, "https://om.example.com"),
    ),
    "keys as options: else the first with any": (KEYS, {**ATLAS_REST, **MCLI_REST}, (P2, "https://atlas.example.com")),
    "keys as options: the only one with any": (
        {**KEYS, "platform": "ops_manager"},
        MCLI_REST,
        (P3, "https://om.example.com"),
    ),
    "keys as options: half a pair is no matter": (
        KEYS,
        {"MCLI_PUBLIC_API_KEY": "x", **ATLAS_REST},
        (P2, "https://atlas.example.com"),
    ),
    "mongocli's address is not for Atlas": ({}, {**MCLI_ENV, **MCLI_REST}, (P3, "https://cloud.mongodb.com")),
    "Cloud Manager has one too": (
        {"platform": "cloud_manager"},
        {**MCLI_ENV, **MCLI_REST},
        (P3, "https://om.example.com"),
    ),
    "a project in capitals": ({**KEYS, "project_id": " " + "AB" * 12}, {}, ("ab" * 12, "https://cloud.mongodb.com")),
    "a blank address": (
        {},
        {**ATLAS_ENV, **ATLAS_REST, "MONGODB_ATLAS_BASE_URL": " "},
        (P2, "https://cloud.mongodb.com"),
    ),
}


@pytest.mark.parametrize(("options", "environ", "wanted"), RESTS.values(), ids=RESTS)
def test_where_project_and_address_come_from(
    options: dict[str, Any], environ: dict[str, str], wanted: tuple[str, str]
) -> None:
    found = resolved(options, environ)
    assert (found.project_id, found.settings.base_url) == wanted


def test_of_the_other_family_nothing_is_read() -> None:
    said = refused({}, {**ATLAS_ENV, "MCLI_PROJECT_ID": P3, "MCLI_SERVICE": "nonsense"})
    assert "project_id is required: give the option, or set the variable MONGODB_ATLAS_PROJECT_ID." in said
    assert "MCLI_PROJECT_ID is set, but the keys come from the other family" in said


@pytest.mark.parametrize(
    ("options", "environ", "words"),
    [
        (KEYS, {}, "MONGODB_ATLAS_PROJECT_ID or MCLI_PROJECT_ID"),
        ({**KEYS, "project_id": "my project"}, {}, "project_id: 'my project' is not an id of 24 hexadecimal digits"),
        ({}, {**ATLAS_ENV, "MONGODB_ATLAS_PROJECT_ID": "x"}, "MONGODB_ATLAS_PROJECT_ID: 'x' is not an id"),
        ({**KEYS, "project_id": P1 + "0"}, {}, "It is the id of the project, not its name"),
        ({**KEYS, "project_id": P1, "platform": "ops_manager"}, {}, "base_url is required for Ops Manager"),
        ({**KEYS, "platform": "ops_manager"}, {**ATLAS_ENV, "MONGODB_ATLAS_PROJECT_ID": P2}, "base_url is required"),
    ],
)
def test_what_is_missing_or_wrong_is_named(options: dict[str, Any], environ: dict[str, str], words: str) -> None:
    assert words in refused(options, environ)


def test_a_project_may_be_left_out_where_none_is_needed() -> None:
    params = {**dict.fromkeys(CONNECTION_SPEC), **KEYS}
    assert resolve(params, {}, needs_project=False).project_id == ""
    assert resolve({**params, "project_id": P1}, {}, needs_project=False).project_id == P1


# --- platform and dialect ---


@pytest.mark.parametrize(
    ("service", "platform", "url"),
    [
        ("cloud", "atlas", "https://cloud.mongodb.com"),
        ("cloudgov", "atlas", "https://cloud.mongodbgov.com"),
        ("cloud-manager", "cloud_manager", "https://cloud.mongodb.com"),
        ("ops-manager", "ops_manager", "https://om.example.com"),
        ("", "atlas", "https://cloud.mongodb.com"),
        (" cloudgov ", "atlas", "https://cloud.mongodbgov.com"),
    ],
)
def test_mongocli_s_service(service: str, platform: str, url: str) -> None:
    rest = MCLI_REST if platform == "ops_manager" else {"MCLI_PROJECT_ID": P3}
    found = resolved({}, {**MCLI_ENV, **rest, "MCLI_SERVICE": service})
    assert (found.platform, found.settings.base_url) == (platform, url)


def test_a_service_that_is_none_is_refused_unless_the_option_speaks() -> None:
    environ = {**MCLI_ENV, **MCLI_REST, "MCLI_SERVICE": "opsmanager"}
    assert "MCLI_SERVICE is 'opsmanager': it must be one of cloud, cloudgov, " in refused({}, environ)
    assert resolved({"platform": "ops_manager"}, environ).platform == "ops_manager"


def test_the_option_beats_the_service() -> None:
    environ = {**MCLI_ENV, **MCLI_REST, "MCLI_SERVICE": "ops-manager"}
    assert resolved({"platform": "cloud_manager"}, environ).platform == "cloud_manager"
    assert resolved({"platform": "atlas"}, environ).settings.base_url == "https://cloud.mongodb.com"


def test_the_atlas_family_means_atlas_unless_the_option_says_otherwise() -> None:
    environ = {**ATLAS_ENV, **ATLAS_REST, "MCLI_SERVICE": "ops-manager"}
    assert resolved({}, environ).platform == "atlas"
    found = resolved({"platform": "ops_manager"}, environ)
    assert (found.platform, found.settings.base_url) == ("ops_manager", "https://atlas.example.com")


@pytest.mark.parametrize(
    ("platform", "version", "wanted"),
    [
        (None, "v2", ATLAS_V2),
        ("atlas", "v1.0", ATLAS_V1),
        ("cloud_manager", "v1.0", MANAGER),
        ("cloud_manager", "v2", MANAGER),
        ("ops_manager", "v2", MANAGER),
        (None, None, ATLAS_V2),
        (None, "", ATLAS_V2),
    ],
)
def test_the_dialect(platform: str | None, version: str | None, wanted: Any) -> None:
    options = {
        **KEYS,
        "project_id": P1,
        "platform": platform,
        "api_version": version,
        "base_url": "https://x.example.com",
    }
    assert resolved(options).settings.dialect is wanted


# --- addresses ---


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://om.example.com", "https://om.example.com"),
        ("https://om.example.com/", "https://om.example.com"),
        ("https://om.example.com:8443///", "https://om.example.com:8443"),
        ("https://example.com/mms/", "https://example.com/mms"),
        ("https://example.com/api", "https://example.com"),
        ("https://example.com/api/atlas", "https://example.com"),
        ("https://example.com/api/atlas/v2/", "https://example.com"),
        ("https://example.com/api/atlas/v1.0", "https://example.com"),
        ("https://example.com/mms/api/public/v1.0", "https://example.com/mms"),
        ("https://example.com/apiary", "https://example.com/apiary"),
        ("https://[::1]:8443/x", "https://[::1]:8443/x"),
        (" https://om.example.com ", "https://om.example.com"),
    ],
)
def test_addresses_with_and_without_path(url: str, wanted: str) -> None:
    assert resolved({**KEYS, "project_id": P1, "base_url": url}).settings.base_url == wanted


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://user:s3cret@om.example.com", "holds a user name or password"),
        ("https://user@om.example.com", "holds a user name or password"),
        ("om.example.com", "is no address"),
        ("om.example.com:8080", "is no address"),
        ("ftp://om.example.com", "is no address"),
        ("https://", "is no address"),
        ("https://om.example.com:port", "is no address"),
        ("https://om.example.com:99999", "is no address"),
        ("https://om.example.com:0", "is no address"),
        ("https://om example.com", "is no address"),
        ("https://om.example.com\\x", "is no address"),
        ("https://[bad", "is no address"),
        ("https://om.example.com?x=1", "a query or a fragment"),
        ("https://om.example.com#x", "a query or a fragment"),
    ],
)
@pytest.mark.parametrize("source", ["base_url", "MCLI_OPS_MANAGER_URL", "MONGODB_ATLAS_BASE_URL"])
def test_addresses_that_are_none(url: str, words: str, source: str) -> None:
    if source == "base_url":
        said = refused({**KEYS, "project_id": P1, "base_url": url})
    elif source == "MCLI_OPS_MANAGER_URL":
        said = refused({"platform": "ops_manager"}, {**MCLI_ENV, "MCLI_PROJECT_ID": P1, source: url})
    else:
        said = refused({}, {**ATLAS_ENV, "MONGODB_ATLAS_PROJECT_ID": P1, source: url})
    assert said.startswith(source)
    assert words in said
    assert "s3cret" not in said


@given(st.text())
def test_any_text_is_an_address_or_refused(url: str) -> None:
    for text in (url, f"https://{url}", f"https://om.example.com:{url}"):
        try:
            made = resolved({**KEYS, "project_id": P1, "base_url": text}).settings.base_url
        except OptionError:
            continue
        assert made.startswith(("https://", "http://"))
        assert not made.endswith("/")


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://om.example.com", True),
        ("https://om.example.com", False),
        ("http://127.0.0.1:8080", False),
        ("http://[::1]:8080", False),
        ("http://localhost", False),
        ("http://om.localhost", False),
        ("http://10.0.0.1", True),
    ],
)
def test_plain_http_over_a_network_is_warned_of(url: str, warned: bool) -> None:
    found = resolved({**KEYS, "project_id": P1, "base_url": url})
    assert any("can be read on the way" in warning for warning in found.warnings) is warned


# --- address variables that count, and those that do not ---

OPS_URL = {"MONGODB_ATLAS_OPS_MANAGER_URL": "https://proxy.example.com/"}
ADDRESSES: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "the Atlas CLI's address": ({}, OPS_URL, "https://proxy.example.com"),
    "the address of this collection before it": (
        {},
        {**OPS_URL, "MONGODB_ATLAS_BASE_URL": "https://atlas.example.com"},
        "https://atlas.example.com",
    ),
    "either before the service": (
        {},
        {**OPS_URL, "MONGODB_ATLAS_SERVICE": "cloudgov"},
        "https://proxy.example.com",
    ),
    "the service": ({}, {"MONGODB_ATLAS_SERVICE": " cloudgov "}, "https://cloud.mongodbgov.com"),
    "the usual service": ({}, {"MONGODB_ATLAS_SERVICE": "cloud"}, "https://cloud.mongodb.com"),
    "blank ones are not there": (
        {},
        {"MONGODB_ATLAS_OPS_MANAGER_URL": " ", "MONGODB_ATLAS_SERVICE": ""},
        "https://cloud.mongodb.com",
    ),
    "Ops Manager beside the keys of that family": ({"platform": "ops_manager"}, OPS_URL, "https://proxy.example.com"),
    "the service of a Cloud Manager": (
        {"platform": "cloud_manager"},
        {"MONGODB_ATLAS_SERVICE": "cloudgov"},
        "https://cloud.mongodbgov.com",
    ),
    "a value that nobody reads is no error": (
        {},
        {"MONGODB_ATLAS_BASE_URL": "https://atlas.example.com", "MONGODB_ATLAS_SERVICE": "nonsense"},
        "https://atlas.example.com",
    ),
}


@pytest.mark.parametrize(("options", "environ", "wanted"), ADDRESSES.values(), ids=ADDRESSES)
def test_the_variables_of_the_atlas_cli(options: dict[str, Any], environ: dict[str, str], wanted: str) -> None:
    assert resolved({**options, "project_id": P1}, {**ATLAS_ENV, **environ}).settings.base_url == wanted


def test_a_service_of_the_atlas_cli_that_is_none() -> None:
    said = refused({"project_id": P1}, {**ATLAS_ENV, "MONGODB_ATLAS_SERVICE": "cloud-manager"})
    assert said == "The variable MONGODB_ATLAS_SERVICE is 'cloud-manager': it must be one of cloud, cloudgov."
    assert "set the variable MONGODB_ATLAS_BASE_URL" in refused({"platform": "ops_manager"}, {**ATLAS_ENV})


def test_the_service_of_the_atlas_cli_alone_makes_its_family_the_one_for_the_rest() -> None:
    found = resolved({**KEYS, "project_id": P1}, {"MONGODB_ATLAS_SERVICE": "cloudgov"})
    assert found.settings.base_url == "https://cloud.mongodbgov.com"


BEFORE = {"base_url": "https://other.example.com"}
UNUSED: dict[str, tuple[dict[str, Any], dict[str, str], list[tuple[str, str]]]] = {
    "an address of Ops Manager without the service": (
        {},
        {**MCLI_ENV, **MCLI_REST},
        [("MCLI_OPS_MANAGER_URL", "the platform is atlas. Set MCLI_SERVICE to ops-manager or cloud-manager")],
    ),
    "with the service": ({}, {**MCLI_ENV, **MCLI_REST, "MCLI_SERVICE": "ops-manager"}, []),
    "with the option": ({"platform": "ops_manager"}, {**MCLI_ENV, **MCLI_REST}, []),
    "the service of Atlas": (
        {},
        {**MCLI_ENV, **MCLI_REST, "MCLI_SERVICE": "cloud"},
        [("MCLI_OPS_MANAGER_URL", "the platform is atlas")],
    ),
    "keys of the other family": (
        {},
        {**ATLAS_ENV, **ATLAS_REST, **MCLI_ENV, **MCLI_REST, "MCLI_SERVICE": "ops-manager"},
        [
            ("MCLI_OPS_MANAGER_URL", "comes from the MONGODB_ATLAS_ variables"),
            ("MCLI_SERVICE", "comes from the MONGODB_ATLAS_ variables"),
        ],
    ),
    "an address of Atlas beside mongocli's keys": (
        {},
        {**MCLI_ENV, "MCLI_PROJECT_ID": P3, "MONGODB_ATLAS_BASE_URL": "https://atlas.example.com"},
        [("MONGODB_ATLAS_BASE_URL", "comes from the MCLI_ variables")],
    ),
    "the later of two": (
        {},
        {**ATLAS_ENV, **ATLAS_REST, **OPS_URL, "MONGODB_ATLAS_SERVICE": "cloudgov"},
        [
            ("MONGODB_ATLAS_OPS_MANAGER_URL", "MONGODB_ATLAS_BASE_URL comes first"),
            ("MONGODB_ATLAS_SERVICE", "MONGODB_ATLAS_BASE_URL comes first"),
        ],
    ),
    "an option beside the keys of the environment": (
        BEFORE,
        {**ATLAS_ENV, **ATLAS_REST, "MONGODB_ATLAS_SERVICE": "cloud"},
        [("MONGODB_ATLAS_BASE_URL", "option base_url is given"), ("MONGODB_ATLAS_SERVICE", "option base_url is given")],
    ),
    "a platform that is another": (
        {"platform": "atlas"},
        {**MCLI_ENV, "MCLI_PROJECT_ID": P3, "MCLI_SERVICE": "ops-manager"},
        [("MCLI_SERVICE", "the option platform is given")],
    ),
    "a platform that is the same": (
        {"platform": "ops_manager", **BEFORE},
        {**MCLI_ENV, "MCLI_PROJECT_ID": P3, "MCLI_SERVICE": "ops-manager"},
        [],
    ),
    "a value that means nothing": (
        {"platform": "cloud_manager"},
        {**MCLI_ENV, "MCLI_PROJECT_ID": P3, "MCLI_SERVICE": "nonsense"},
        [("MCLI_SERVICE", "the option platform is given")],
    ),
    "an address with a password, which is not shown": (
        {},
        {**ATLAS_ENV, **ATLAS_REST, "MCLI_OPS_MANAGER_URL": "https://user:s3cret@om.example.com"},
        [("MCLI_OPS_MANAGER_URL", "comes from the MONGODB_ATLAS_ variables")],
    ),
    "the same address twice": (
        {},
        {
            **ATLAS_ENV,
            **ATLAS_REST,
            "MONGODB_ATLAS_OPS_MANAGER_URL": "https://atlas.example.com/api/atlas/v2",
            "MCLI_OPS_MANAGER_URL": "https://atlas.example.com/",
        },
        [],
    ),
    "all of it as options": (
        {**KEYS, **BEFORE, "project_id": P1},
        {**ATLAS_REST, "MONGODB_ATLAS_SERVICE": "cloudgov", "MCLI_OPS_MANAGER_URL": "https://om.example.com"},
        [],
    ),
    "all of it but the platform": (
        {**KEYS, **BEFORE, "project_id": P1},
        {**ATLAS_ENV, "MCLI_SERVICE": "ops-manager"},
        [("MCLI_SERVICE", "comes from the MONGODB_ATLAS_ variables")],
    ),
    "keys as options, and the address of a family": (
        {**KEYS, "project_id": P1},
        {**ATLAS_REST, **MCLI_REST},
        [("MCLI_OPS_MANAGER_URL", "comes from the MONGODB_ATLAS_ variables")],
    ),
    "nothing": ({**KEYS, "project_id": P1}, {}, []),
}


@pytest.mark.parametrize(("options", "environ", "warned"), UNUSED.values(), ids=UNUSED)
def test_an_address_variable_that_is_set_and_not_used_is_a_warning(
    options: dict[str, Any], environ: dict[str, str], warned: list[tuple[str, str]]
) -> None:
    """It names the variable, why it does not count, and where the requests go."""
    found = resolved({"project_id": P1, **options}, environ)
    assert len(found.warnings) == len(warned)
    for warning, (name, why) in zip(found.warnings, warned):
        assert warning.startswith(f"The variable {name} is set and not used: ")
        assert why in warning
        assert f"Requests go to {found.settings.base_url}, as {found.platform}." in warning
        assert "s3cret" not in warning


# --- certificates ---


@pytest.mark.parametrize(
    ("options", "variable", "wanted"),
    [
        ({}, None, True),
        ({}, "", True),
        ({}, "yes", False),
        ({}, "TRUE", False),
        ({}, " 1 ", False),
        ({}, "false", True),
        ({}, "no", True),
        ({"validate_certs": True}, "yes", True),
        ({"validate_certs": False}, "no", False),
        ({"validate_certs": False}, None, False),
        ({"validate_certs": True}, "nonsense", True),
    ],
)
@pytest.mark.parametrize("platform", ["ops_manager", "cloud_manager"])
def test_whether_certificates_are_checked(
    options: dict[str, Any], variable: str | None, wanted: bool, platform: str
) -> None:
    environ = {**MCLI_ENV, **MCLI_REST}
    if variable is not None:
        environ["MCLI_OPS_MANAGER_SKIP_VERIFY"] = variable
    found = resolved({"platform": platform, **options}, environ)
    assert found.settings.verify is wanted
    source = "validate_certs" if "validate_certs" in options else "MCLI_OPS_MANAGER_SKIP_VERIFY"
    assert any(f"not validated ({source})" in warning for warning in found.warnings) is not wanted


def test_a_switch_that_is_neither_is_refused() -> None:
    environ = {**MCLI_ENV, **MCLI_REST, "MCLI_OPS_MANAGER_SKIP_VERIFY": "maybe"}
    assert "MCLI_OPS_MANAGER_SKIP_VERIFY is 'maybe', which is neither" in refused({"platform": "ops_manager"}, environ)


def test_on_atlas_mongocli_s_certificates_are_not_read() -> None:
    environ = {
        **MCLI_ENV,
        **MCLI_REST,
        "MCLI_OPS_MANAGER_SKIP_VERIFY": "nonsense",
        "MCLI_OPS_MANAGER_CA_CERTIFICATE": "/nowhere",
    }
    assert resolved({}, environ).settings.verify is True


def test_the_file_of_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, other = tmp_path / "own.pem", tmp_path / "other.pem"
    own.write_text("x")
    other.write_text("x")
    environ = {**MCLI_ENV, **MCLI_REST, "MCLI_OPS_MANAGER_CA_CERTIFICATE": str(other)}
    ops = {"platform": "ops_manager"}
    assert resolved(ops, environ).settings.verify == str(other)
    assert resolved({**ops, "ca_path": str(own)}, environ).settings.verify == str(own)
    assert resolved({**ops, "ca_path": str(tmp_path)}, environ).settings.verify == str(tmp_path)
    assert resolved({**ops, "ca_path": str(own), "validate_certs": False}, environ).settings.verify is False
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolved(ops, {**environ, "MCLI_OPS_MANAGER_CA_CERTIFICATE": "~/own.pem"}).settings.verify == str(own)
    missing = str(tmp_path / "missing.pem")
    assert f"ca_path: there is no readable file or folder {missing}" in refused({**ops, "ca_path": missing}, environ)
    said = refused(ops, {**environ, "MCLI_OPS_MANAGER_CA_CERTIFICATE": missing})
    assert said.startswith("MCLI_OPS_MANAGER_CA_CERTIFICATE: there is no readable file")
    assert resolved({**ops, "ca_path": missing, "validate_certs": False}, environ).settings.verify is False


# --- proxies and seconds ---


@pytest.mark.parametrize(
    ("proxy", "proxies"),
    [
        (None, {}),
        ("", {}),
        ("http://proxy.example.com:3128", None),
        ("proxy.example.com:3128", dict.fromkeys(("http", "https"), "http://proxy.example.com:3128")),
        ("http://user:pa%40ss@proxy.example.com:3128", None),
        ("socks5h://proxy.example.com", None),
    ],
)
def test_a_proxy_serves_both_schemes(proxy: str | None, proxies: dict[str, str] | None) -> None:
    wanted = {"http": proxy, "https": proxy} if proxies is None else proxies
    assert resolved({**KEYS, "project_id": P1, "proxy": proxy}).settings.proxies == wanted


@pytest.mark.parametrize(
    "proxy", ["http://", "ftp://proxy", "http://proxy:port", "http://user:s3cret@", "http://[bad", "//p"]
)
def test_proxies_that_are_none(proxy: str) -> None:
    said = refused({**KEYS, "project_id": P1, "proxy": proxy})
    assert said.startswith("proxy is no address")
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("proxy", "environ", "secrets"),
    [
        ("http://user:s3cret@proxy.example.com", {}, ["s3cret"]),
        ("http://user:a%40b@proxy.example.com", {}, ["a%40b", "a@b"]),
        ("http://user:a@b@proxy.example.com", {}, ["a@b"]),
        ("user:s3cret@proxy.example.com:3128", {}, ["s3cret"]),
        ("http://user@proxy.example.com", {}, []),
        ("http://proxy.example.com", {}, []),
        (None, {"https_proxy": "http://user:s3cret@proxy.example.com"}, ["s3cret"]),
        (None, {"HTTPS_PROXY": "http://user:s3cret@proxy.example.com"}, ["s3cret"]),
        ("http://u:one@p.example.com", {"http_proxy": "http://u:two@p.example.com"}, ["one", "two"]),
    ],
)
def test_the_passwords_of_proxies_are_secrets(
    proxy: str | None, environ: dict[str, str], secrets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    options = {**KEYS, "project_id": P1, "proxy": proxy}
    assert set(secrets) == {one for one in resolved(options).settings.secrets if not one.endswith("=")}
    masked = secrets_of(options, {})
    assert set(secrets) <= set(masked)
    assert not any("example.com" in secret for secret in masked)


def test_every_secret_is_masked_used_or_not() -> None:
    environ = {**ALL_ENV, "MCLI_PRIVATE_API_KEY": " mcli-priv\n"}
    found = secrets_of({**KEYS, "client_secret": "opt-secret"}, environ)
    assert {"opt-priv", "opt-secret", "sa-secret", "atlas-priv", "mcli-priv", " mcli-priv\n"} == set(found)
    assert secrets_of({}, {"MCLI_PRIVATE_API_KEY": " "}) == []


def test_options_are_shown_without_what_is_secret_in_them() -> None:
    given = {"private_key": "priv", "client_secret": None, "proxy": "u:pw@proxy", "base_url": None, "timeout": 5}
    assert redact_options(given) == {
        "private_key": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER",
        "client_secret": None,
        "proxy": "u:********@proxy",
        "base_url": None,
        "timeout": 5,
    }


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("timeout", None, 30),
        ("timeout", 1, 1),
        ("timeout", 86400, 86400),
        ("timeout", 0, None),
        ("timeout", -1, None),
        ("timeout", 86401, None),
        ("timeout", 10**30, None),
        ("retry_timeout", None, 300),
        ("retry_timeout", 0, 0),
        ("retry_timeout", -1, None),
        ("retry_timeout", 10**30, None),
    ],
)
def test_seconds(name: str, value: int | None, wanted: int | None) -> None:
    options = {**KEYS, "project_id": P1, name: value}
    if wanted is None:
        assert refused(options).startswith(f"{name} is {value}: it is a number of seconds, from ")
    else:
        assert getattr(resolved(options).settings, name) == wanted


# --- the spec, and the client that comes of it ---


def test_what_a_variable_can_give_is_neither_required_nor_defaulted_and_nothing_has_an_alias() -> None:
    for name, spec in CONNECTION_SPEC.items():
        assert "required" not in spec
        assert "aliases" not in spec
        assert ("default" in spec) == (name in ("api_version", "timeout", "retry_timeout"))
    assert {name for name, spec in CONNECTION_SPEC.items() if spec.get("no_log")} == {"private_key", "client_secret"}


@pytest.mark.parametrize(("kind", "auth"), [("owner", Digest), ("service_account", Bearer)])
def test_a_connection_becomes_a_client(talk: Callable[..., Talk], kind: str, auth: type) -> None:
    sim = talk().sim
    account = sim.world.keys[kind]
    names = KEYS if kind == "owner" else ACCOUNT
    options = dict(zip(names, (account.id, account.secret)))
    found = resolved({**options, "project_id": sim.world.main.project_id, "base_url": sim.url + "/api/atlas/v2/"})
    told: list[str] = []
    client = connect(found, read_only=True, connections=3, on_token=told.append)
    try:
        rows = client.listing("groups", found.project_id, "clusters", sim.world.main.name, "snapshots")
    finally:
        client._session.close()
    assert len(rows) == 19
    assert isinstance(client._auth, auth)
    assert (client._settings.read_only, client._settings.connections) == (True, 3)
    assert told == list(sim.api.auth.tokens.given)
    assert account.secret not in f"{found.settings!r}"
