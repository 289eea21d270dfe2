# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that make a key, and the environment variables of MongoDB's command line tools (contract 11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ATLAS, CLOUD_MANAGER, OPS_MANAGER = "atlas", "cloud_manager", "ops_manager"
CLOUD_URL = "https://cloud.mongodb.com"
GOVERNMENT_URL = "https://cloud.mongodbgov.com"


@dataclass(frozen=True)
class Service:
    """What the value of a service variable means. `url` is None where the address comes from elsewhere."""

    platform: str
    url: str | None


@dataclass(frozen=True)
class Pair:
    """Two options or variables that make a credential together."""

    is_account: bool  # a service account; else an API key
    names: tuple[str, str]


@dataclass(frozen=True)
class Family:
    """The variables of one command line tool; "" for those that it does not have.

    `urls` are in the order in which they count. `services` are the values that the variable `service` may have.
    """

    pairs: tuple[Pair, ...]
    project: str
    urls: tuple[str, ...]
    service: str
    services: Mapping[str, Service]
    skip_verify: str = ""
    ca_path: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The variables that tell, or help to tell, the address."""
        return (*self.urls, self.service)

    @property
    def others(self) -> tuple[str, ...]:
        """The variables other than the keys."""
        return tuple(filter(None, (self.project, *self.addresses, self.skip_verify, self.ca_path)))


ACCOUNT_OPTIONS = Pair(True, ("client_id", "client_secret"))
KEY_OPTIONS = Pair(False, ("public_key", "private_key"))
KEY_NAMES = (*ACCOUNT_OPTIONS.names, *KEY_OPTIONS.names)
_ATLAS_SERVICES = {"cloud": Service(ATLAS, CLOUD_URL), "cloudgov": Service(ATLAS, GOVERNMENT_URL)}
_MCLI_SERVICES = {
    **_ATLAS_SERVICES,
    "cloud-manager": Service(CLOUD_MANAGER, CLOUD_URL),
    "ops-manager": Service(OPS_MANAGER, None),
}
ATLAS_FAMILY = Family(
    (
        Pair(True, ("MONGODB_ATLAS_CLIENT_ID", "MONGODB_ATLAS_CLIENT_SECRET")),
        Pair(False, ("MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY")),
    ),
    project="MONGODB_ATLAS_PROJECT_ID",
    urls=("MONGODB_ATLAS_BASE_URL", "MONGODB_ATLAS_OPS_MANAGER_URL"),
    service="MONGODB_ATLAS_SERVICE",
    services=_ATLAS_SERVICES,
)
MCLI_FAMILY = Family(
    (Pair(False, ("MCLI_PUBLIC_API_KEY", "MCLI_PRIVATE_API_KEY")),),
    project="MCLI_PROJECT_ID",
    urls=("MCLI_OPS_MANAGER_URL",),
    service="MCLI_SERVICE",
    services=_MCLI_SERVICES,
    skip_verify="MCLI_OPS_MANAGER_SKIP_VERIFY",
    ca_path="MCLI_OPS_MANAGER_CA_CERTIFICATE",
)
FAMILIES = (ATLAS_FAMILY, MCLI_FAMILY)


def variable(variables: Mapping[str, str], name: str) -> str | None:
    """The value of a variable without the blanks around it; None where it is unset or empty."""
    return variables.get(name, "").strip() or None
