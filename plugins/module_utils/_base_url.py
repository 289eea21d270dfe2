# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address of the service, out of an option or a variable, and a warning for each variable that gave none.

Without the warning, a variable that does not count would send the key to another host than the one that was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ._api.errors import OptionError
from ._variables import (
    ATLAS,
    ATLAS_FAMILY,
    CLOUD_URL,
    FAMILIES,
    KEY_NAMES,
    MCLI_FAMILY,
    OPS_MANAGER,
    Family,
    Service,
    variable,
)

_HAS_LOGIN = re.compile(r"[^/]*//[^/?#]*@")
_NOT_IN_ADDRESSES = re.compile(r"[\s\x00-\x1f\\]")
_MCLI_ADDRESS = "MCLI_OPS_MANAGER_URL along with the key in the MCLI_ variables"
_API_PATH = re.compile(r"/api(?:/(?:atlas|public)(?:/v[\d.]+)?)?\Z")


def find_platform(options: Mapping[str, Any], variables: Mapping[str, str], family: Family | None) -> str:
    """The platform: the option, else what the service variable of mongocli says, else Atlas."""
    if options["platform"]:
        return str(options["platform"])
    if family is not MCLI_FAMILY:
        return ATLAS
    value = variable(variables, family.service)
    return ATLAS if value is None else _service(family, value).platform


def find_base_url(
    options: Mapping[str, Any], variables: Mapping[str, str], family: Family | None, platform: str, warned: list[str]
) -> str:
    """The address, checked, without a last slash and the path of the API. Adds to `warned`; raises OptionError."""
    url, source = options["base_url"], "base_url"
    if url is None and family is not None:
        url, source = _url_variable(variables, family, platform)
    found = _default_url(variables, family, platform) if url is None else _checked_url(url, source, warned)
    warned += _unused(options, variables, family, platform, found)
    return found


def split_address(url: str, schemes: tuple[str, ...]) -> SplitResult | None:
    """The parts of an address with a host and one of these schemes; None for anything else."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.scheme in schemes and parts.port != 0 else None
    except ValueError:
        return None


def _url_variable(variables: Mapping[str, str], family: Family, platform: str) -> tuple[str | None, str]:
    """The address in the first variable that has one, and the name of that variable."""
    # mongocli's address is that of a Cloud or Ops Manager, and no Atlas is there.
    names = () if family is MCLI_FAMILY and platform == ATLAS else family.urls
    return next(((variable(variables, name), name) for name in names if variable(variables, name)), (None, ""))


def _default_url(variables: Mapping[str, str], family: Family | None, platform: str) -> str:
    if platform == OPS_MANAGER:
        where = f"{family.urls[0]} beside the key" if family is ATLAS_FAMILY else _MCLI_ADDRESS
        raise OptionError(f"base_url is required for Ops Manager: give the option, or set the variable {where}.")
    value = variable(variables, family.service) if family else None
    if family is None or value is None or (family is MCLI_FAMILY and value not in family.services):
        # Of mongocli's variable `find_platform` has checked the value, unless the option platform makes it idle.
        return CLOUD_URL
    return _service(family, value).url or CLOUD_URL


def _service(family: Family, value: str) -> Service:
    """What the value of a service variable means."""
    if value not in family.services:
        known = ", ".join(family.services)
        raise OptionError(f"The variable {family.service} is {value!r}: it must be one of {known}.")
    return family.services[value]


def _checked_url(url: str, source: str, warned: list[str]) -> str:
    if _HAS_LOGIN.match(url):
        raise OptionError(f"{source} holds a user name or password: give keys by their own options.")
    parts = split_address(url, ("http", "https"))
    if parts is None or _NOT_IN_ADDRESSES.search(url):
        raise OptionError(f"{source} is no address: it looks like https://opsmanager.example.com:8443.")
    if parts.query or parts.fragment:
        raise OptionError(f"{source} ends in a query or a fragment: give the address without it.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        warned.append(f"{source} begins with http: what is sent can be read on the way. Use https.")
    return f"{parts.scheme}://{parts.netloc}{_API_PATH.sub('', parts.path.rstrip('/')).rstrip('/')}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


# --- variables that are set and not used ---


def _unused(
    options: Mapping[str, Any], variables: Mapping[str, str], family: Family | None, platform: str, base_url: str
) -> Iterator[str]:
    """A warning for each address or service variable that is set, did not count, and means something else."""
    for own in FAMILIES:
        for name in own.addresses:
            value = variable(variables, name)
            if value is None or _counted(own, name, value, platform, base_url) or _all_given(options, name):
                continue
            if name == MCLI_FAMILY.service and own is family and not options["platform"]:
                continue  # it gave the platform
            yield (
                f"The variable {name} is set and not used: {_why(options, variables, own, family, name)} Requests go "
                f"to {base_url}, as {platform}."
            )


def _counted(own: Family, name: str, value: str, platform: str, base_url: str) -> bool:
    """Whether the platform and the address in use are those that the variable says."""
    if name != own.service:
        try:
            return _checked_url(value, name, []) == base_url
        except OptionError:
            return False
    said = own.services.get(value)
    if said is None:
        return False
    return said.url in (None, base_url) and (own is not MCLI_FAMILY or said.platform == platform)


def _all_given(options: Mapping[str, Any], name: str) -> bool:
    """Whether options say all that the variable could: the user named the host for this key, so none is mistaken."""
    has_keys = any(options[one] is not None for one in KEY_NAMES)
    return bool(has_keys and options["base_url"] and (options["platform"] or name != MCLI_FAMILY.service))


def _why(
    options: Mapping[str, Any], variables: Mapping[str, str], own: Family, family: Family | None, name: str
) -> str:
    if own is not family:
        other = "the MONGODB_ATLAS_ variables" if own is MCLI_FAMILY else "the MCLI_ variables"
        return f"the key, or the rest beside it, comes from {other}. Unset it, or unset those."
    if name == MCLI_FAMILY.service:
        return "the option platform is given. Unset the variable, or leave the option out."
    if options["base_url"]:
        return "the option base_url is given. Unset the variable, or leave the option out."
    before = [one for one in own.urls if one != name and variable(variables, one)]
    if own is MCLI_FAMILY:
        return "the platform is atlas. Set MCLI_SERVICE to ops-manager or cloud-manager, or unset the variable."
    return f"{before[0]} comes first. Unset one of the two."
