# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection options and environment variables, resolved into a client. Their one argument spec.

Empty options and variables count as unset. All values come from one family of variables, so that a key is never sent to
another service.
"""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Callable

from ansible.module_utils.parsing.convert_bool import boolean

from ._api.auth import Auth, Bearer, Digest
from ._api.client import Client
from ._api.errors import OptionError
from ._api.redaction import MASK, login_secrets, redact_login
from ._api.settings import ATLAS_V1, ATLAS_V2, MANAGER, Dialect, Settings
from ._api.tokens import SharedTokens
from ._base_url import find_base_url, find_platform, split_address
from ._snapshot import parse_object_id
from ._variables import (
    ACCOUNT_OPTIONS,
    ATLAS,
    CLOUD_MANAGER,
    FAMILIES,
    KEY_NAMES,
    KEY_OPTIONS,
    MCLI_FAMILY,
    OPS_MANAGER,
    Family,
    Pair,
    variable,
)

MOST_SECONDS = 86400  # sockets do not take any number

# `resolve` adds the defaults, and requires what neither an option nor a variable sets.
CONNECTION_SPEC: dict[str, dict[str, Any]] = {
    "platform": {"type": "str", "choices": [ATLAS, CLOUD_MANAGER, OPS_MANAGER]},
    "base_url": {"type": "str"},
    "api_version": {"type": "str", "choices": ["v2", "v1.0"], "default": "v2"},
    "public_key": {"type": "str", "no_log": False},
    "private_key": {"type": "str", "no_log": True},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "project_id": {"type": "str"},
    "timeout": {"type": "int", "default": 30},
    "retry_timeout": {"type": "int", "default": 300},
    "validate_certs": {"type": "bool"},
    "ca_path": {"type": "path"},
    "proxy": {"type": "str"},
}
CLUSTER_SPEC: dict[str, dict[str, Any]] = {"cluster_name": {"type": "str"}, "cluster_id": {"type": "str"}}

_KEY_VARIABLES = ", or ".join(" and ".join(pair.names) for family in FAMILIES for pair in family.pairs)


@dataclass(frozen=True)
class Connection:
    """Everything that is needed to reach one project, and warnings for the user."""

    platform: str
    project_id: str
    user: str
    password: str
    is_account: bool
    settings: Settings
    warnings: tuple[str, ...]


def resolve(params: Mapping[str, Any], environ: Mapping[str, str], needs_project: bool = True) -> Connection:
    """The connection of options and variables. OptionError names the one to correct."""
    options = {name: _given(params.get(name)) for name in CONNECTION_SPEC}
    variables = {name: value for name, value in environ.items() if _given(value) is not None}
    pair, values, family = _credentials(options, variables)
    _check_text(pair, values)
    platform = find_platform(options, variables, family)
    dialect = _dialect(options, platform)
    if pair.is_account and (platform == OPS_MANAGER or dialect is ATLAS_V1):
        raise OptionError(
            f"{pair.names[0]} and {pair.names[1]}: "
            f"{'Ops Manager' if platform == OPS_MANAGER else 'api_version v1.0'} knows no service accounts. "
            "Use public_key and private_key" + ("." if platform == OPS_MANAGER else ", or api_version v2.")
        )
    warned: list[str] = []
    settings = Settings(
        base_url=find_base_url(options, variables, family, platform, warned),
        dialect=dialect,
        timeout=_seconds(options, "timeout", 1),
        retry_timeout=_seconds(options, "retry_timeout", 0),
        verify=_verify(options, variables, family, platform, warned),
        proxies=_proxies(options),
        secrets=_proxy_secrets(options),
    )
    project_id = _project(options, variables, family, needs_project)
    return Connection(platform, project_id, values[0], values[1], pair.is_account, settings, tuple(warned))


def connect(
    connection: Connection,
    read_only: bool,
    connections: int,
    on_token: Callable[[str], None],
    time_limit: float | None = None,
    has_answered: bool = False,
    run_folder: str | None = None,
) -> Client:
    """A client. `on_token` is called with each bearer token before its first use, so that it can be masked.

    `run_folder` is where the processes of a run share a token.
    """
    auth: Auth = Digest(connection.user, connection.password)
    if connection.is_account:
        account = (connection.settings.base_url, connection.user, connection.password)
        auth = Bearer(connection.user, connection.password, on_token, shared=SharedTokens(run_folder, *account))
    settings = replace(connection.settings, read_only=read_only, connections=connections, has_answered=has_answered)
    return Client(settings if time_limit is None else replace(settings, time_limit=time_limit), auth)


def no_texts(params: Mapping[str, Any]) -> list[str]:
    """The options that have to be a text and are a list or a dictionary, such as the whole result of a lookup."""
    texts = (name for name, spec in CONNECTION_SPEC.items() if spec["type"] == "str")
    return [name for name in texts if isinstance(params.get(name), (list, tuple, dict))]


def check_texts(params: Mapping[str, Any]) -> None:
    """Raise OptionError for an option that has to be a text and is none. Its value may be a key, and is not shown."""
    for name in no_texts(params)[:1]:
        kind = "dictionary" if isinstance(params[name], dict) else "list"
        what = (
            "a key is one text. Take the one value of it that is the key" if name in KEY_NAMES else "has to be a text"
        )
        raise OptionError(f"{name} is a {kind}, and {what}.")


def secrets_of(params: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Every secret in options and variables, used or not: no output may show them."""
    names = [pair.names[1] for family in FAMILIES for pair in family.pairs]
    found = [environ.get(name) for name in names]
    found += [params.get("private_key"), params.get("client_secret"), *_proxy_secrets(params)]
    texts = [str(secret) for secret in found if secret is not None]
    return list(dict.fromkeys(text for secret in texts if secret.strip() for text in (secret, secret.strip())))


def redact_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options as a result may show them."""
    made = dict(params)
    for name, spec in CONNECTION_SPEC.items():
        if spec.get("no_log") and made.get(name) is not None:
            made[name] = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    for name in ("proxy", "base_url"):
        if made.get(name) is not None:
            made[name] = redact_login(str(made[name]))
    if _holds_text(str(made.get("ca_path"))):
        made["ca_path"] = MASK
    return made


def _given(value: Any) -> Any:
    """The value, or None where it counts as unset: AWX exports blank fields as ""."""
    if isinstance(value, str):
        return value.strip() or None
    return value


def _credentials(
    options: Mapping[str, Any], variables: Mapping[str, str]
) -> tuple[Pair, tuple[str, str], Family | None]:
    given = [name for pair in (ACCOUNT_OPTIONS, KEY_OPTIONS) for name in pair.names if options[name] is not None]
    if given:
        pair = _pair_of_options(given)
        return pair, (options[pair.names[0]], options[pair.names[1]]), _family_for_the_rest(options, variables)
    for family in FAMILIES:
        for pair in family.pairs:
            values = _values_of(pair, variables) if _is_usable(pair, options) else None
            if values is not None:
                return pair, values, family
    raise OptionError(
        "No credentials: give public_key and private_key (an API key), or client_id and client_secret (a service "
        f"account), as options or module_defaults, or set the variables {_KEY_VARIABLES}."
    )


def _values_of(pair: Pair, variables: Mapping[str, str]) -> tuple[str, str] | None:
    """The values of two variables; None where both are unset."""
    missing = [name for name in pair.names if name not in variables]
    if len(missing) == 1:
        held = next(name for name in pair.names if name in variables)
        raise OptionError(f"The variable {held} is set and {missing[0]} is not: set both or none of them.")
    return None if missing else (variables[pair.names[0]].strip(), variables[pair.names[1]].strip())


def _check_text(pair: Pair, values: tuple[str, str]) -> None:
    # Variables are bytes. Only UTF-8 can be signed and sent.
    for name, value in zip(pair.names, values):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as exc:
            raise OptionError(f"{name} holds what is no text in UTF-8: give it as the service shows it.") from exc


def _pair_of_options(given: list[str]) -> Pair:
    pairs = [pair for pair in (ACCOUNT_OPTIONS, KEY_OPTIONS) if set(pair.names) & set(given)]
    if len(pairs) == 2:
        raise OptionError(
            f"{' and '.join(given)} are of two kinds: give public_key and private_key, or client_id and client_secret, "
            "not both. Check module_defaults too."
        )
    missing = [name for name in pairs[0].names if name not in given]
    if missing:
        raise OptionError(
            f"{given[0]} is given as an option and {missing[0]} is not: give both as options, or both as variables. "
            "One half is never taken from the environment."
        )
    return pairs[0]


def _family_for_the_rest(options: Mapping[str, Any], variables: Mapping[str, str]) -> Family | None:
    """The family that project, URL and the rest come from when the keys are options."""
    for family in FAMILIES:
        if any(_is_usable(pair, options) and set(pair.names) <= set(variables) for pair in family.pairs):
            return family
    return next((family for family in FAMILIES if set(family.others) & set(variables)), None)


def _is_usable(pair: Pair, options: Mapping[str, Any]) -> bool:
    """Whether the platform that the options name accepts such a pair."""
    platform = options["platform"] or ATLAS
    return not pair.is_account or (platform != OPS_MANAGER and _dialect(options, platform) is not ATLAS_V1)


def _dialect(options: Mapping[str, Any], platform: str) -> Dialect:
    if platform != ATLAS:
        return MANAGER
    return ATLAS_V1 if options["api_version"] == "v1.0" else ATLAS_V2


def _verify(
    options: Mapping[str, Any], variables: Mapping[str, str], family: Family | None, platform: str, warned: list[str]
) -> bool | str:
    own = family if family is not None and platform != ATLAS else None
    validate, source = options["validate_certs"], "validate_certs"
    skip = variable(variables, own.skip_verify if own else "")
    if validate is None and skip is not None:
        validate, source = not _truth(skip), MCLI_FAMILY.skip_verify
    if validate is False:
        warned.append(f"Certificates are not validated ({source}): anybody on the way can pose as the service.")
        return False
    path, source = options["ca_path"], "ca_path"
    if path is None and own:
        path, source = variable(variables, own.ca_path), own.ca_path
    return True if path is None else _checked_path(path, source)


def _truth(text: str) -> bool:
    try:
        return bool(boolean(text))
    except TypeError as exc:
        raise OptionError(f"The variable {MCLI_FAMILY.skip_verify} is {text!r}, which is neither yes nor no.") from exc


def _checked_path(path: str, source: str) -> str:
    if _holds_text(path):
        raise OptionError(f"{source} holds the text of a file: put it into a file, and give the path of that.")
    path = os.path.expanduser(os.path.expandvars(path))
    if not _is_readable(path):
        raise OptionError(f"{source}: there is no readable file or folder {path} on the host that runs the module.")
    return path


def _is_readable(path: str) -> bool:
    try:
        return os.access(path, os.R_OK)
    except ValueError:  # a NUL, or characters that no file system can encode
        return False


def _holds_text(path: str) -> bool:
    return "-----BEGIN" in path or "\n" in path


def _proxies(options: Mapping[str, Any]) -> dict[str, str]:
    proxy = options["proxy"]
    if proxy is None:
        return {}
    # Without a scheme, requests takes what comes before the colon of a password for the scheme.
    proxy = proxy if "//" in proxy else f"http://{proxy}"
    if split_address(proxy, ("http", "https", "socks5", "socks5h")) is None:
        raise OptionError("proxy is no address: it looks like http://user:password@proxy.example.com:3128.")
    return {"http": proxy, "https": proxy}


def _proxy_secrets(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The passwords in the proxy option and in the usual proxy variables."""
    proxies = (options.get("proxy") or "", *urllib.request.getproxies().values())
    return tuple(dict.fromkeys(secret for proxy in proxies for secret in login_secrets(str(proxy))))


def _project(
    options: Mapping[str, Any], variables: Mapping[str, str], family: Family | None, needs_project: bool
) -> str:
    value, source = options["project_id"], "project_id"
    if value is None and family is not None:
        value, source = variable(variables, family.project), family.project
    if value is None and not needs_project:
        return ""
    if value is None:
        raise OptionError(_no_project(variables, family))
    try:
        return parse_object_id(value)
    except ValueError as exc:
        raise OptionError(f"{source}: {exc}. It is the id of the project, not its name.") from exc


def _no_project(variables: Mapping[str, str], family: Family | None) -> str:
    names = [family.project] if family else [one.project for one in FAMILIES]
    unread = [one.project for one in FAMILIES if one is not family and one.project in variables]
    note = f" {unread[0]} is set, but the keys come from the other family of variables." if family and unread else ""
    return f"project_id is required: give the option, or set the variable {' or '.join(names)}.{note}"


def _seconds(options: Mapping[str, Any], name: str, least: int) -> int:
    value = options[name]
    if value is None:
        return int(CONNECTION_SPEC[name]["default"])
    if not isinstance(value, int) or not least <= value <= MOST_SECONDS:
        raise OptionError(f"{name} is {value}: it is a number of seconds, from {least} to {MOST_SECONDS}.")
    return value
