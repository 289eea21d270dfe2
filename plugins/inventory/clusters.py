# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin: clusters as hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: clusters
short_description: MongoDB clusters with legacy backups as inventory
version_added: "1.0.0"
author:
  - The mongodb_ops.legacy_backup authors (@mongodb-ops)
description:
  - Makes a host of each cluster that a key or a service account sees on Atlas, Cloud Manager or Ops Manager, over all
    its projects or those that are named. A sharded cluster is one host, its shards are none.
  - The hosts can be given to the role P(mongodb_ops.legacy_backup.retention#role) as they are.
  - The file ends in C(clusters.yml) or C(clusters.yaml). All of the connection can come from variables, so that the
    file of an inventory in AWX needs no more than O(plugin).
  - On Cloud and Ops Manager a cluster that only a backup configuration names, because its deployment is gone and its
    snapshots remain, is a host as well. Its C(cluster_name) is its id, its C(cluster_type) is V(UNKNOWN).
  - "Host variables, always all of them: C(project_id), C(project_name), C(cluster_name), C(cluster_id),
    C(cluster_type) (V(REPLICA_SET), V(SHARDED), V(GEOSHARDED) or V(UNKNOWN)), C(backup_status) (see
    O(backup_status)), on Atlas C(backup_enabled) (the legacy backup) and C(provider_backup_enabled) (the cloud
    backup), C(has_legacy_snapshots) where it was asked for, C(ansible_connection) (V(local)), and
    C(ansible_python_interpreter), which is the Python that runs Ansible. What the platform does not tell is null."
  - No cluster is left out without a word. What the service cannot tell, a row that may be a shard, a project on another
    platform, and a number of clusters that differs from the project's own count are warnings that name the project.
  - "A listing takes one request for the projects. On Atlas it takes two more for each project: version 2024-08-05 of
    the API lists all clusters, and version 2023-01-01 tells whether the legacy backup is on. With O(api_version=v1.0)
    it is one. On Cloud and Ops Manager it takes one more for all clusters and one for each project, or two where a
    backup configuration names something else or the states of the backups cannot be told. Key or service account need
    the role Project Read Only."
extends_documentation_fragment:
  - mongodb_ops.legacy_backup.api
  - mongodb_ops.legacy_backup.api.plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - Marks the file as one of this plugin.
    type: str
    required: true
    choices:
      - mongodb_ops.legacy_backup.clusters
  projects:
    description:
      - Ids or exact names of the projects to read. Excludes O(project_id), and wins over its variables.
      - Without it, and without a project in option or variable, all projects that the key sees are read.
      - A name or id that the key does not see is treated as a project that cannot be read, see O(on_project_error).
    type: list
    elements: str
  include_clusters:
    description:
      - Only clusters whose name fits one of these shell patterns. Case counts.
    type: list
    elements: str
  exclude_clusters:
    description:
      - No clusters whose name fits one of these shell patterns.
    type: list
    elements: str
  backup_status:
    description:
      - Only clusters whose backup has one of these statuses.
      - On Cloud and Ops Manager it is the one that the service tells; V(INACTIVE) where there never was a backup.
      - On Atlas it is V(STARTED) where the legacy backup is on, and else V(INACTIVE). A cluster that has gone over to
        the cloud backup is V(INACTIVE) and may still have legacy snapshots; see O(has_legacy_snapshots).
      - Clusters whose status the service does not tell are kept. Their C(backup_status) is null. That is so for all
        clusters of a project of Ops Manager that is not monitored, and on Atlas once it no longer tells whether the
        legacy backup is on. A warning says so.
    type: list
    elements: str
    choices:
      - INACTIVE
      - PROVISIONING
      - STARTED
      - STOPPED
      - TERMINATING
  has_legacy_snapshots:
    description:
      - Whether to keep only clusters that have legacy snapshots, complete or not. Flex clusters have none.
      - Costs one request more for each cluster that the options above leave.
    type: bool
    default: false
  filters:
    description:
      - Jinja expressions over the host variables, all of which must be true of a cluster for it to be kept.
      - One that cannot be evaluated is an error, whatever O(strict) says.
    type: list
    elements: str
  hostname:
    description:
      - Template of the host's name, over its variables. The name should not depend on what changes.
      - If not given, it is the name of the project, a dot, and the name of the cluster.
      - In all names, other signs than letters, digits, C(.), C(-) and C(_) are replaced by C(_), each run of them by
        one. There is never a slash in a name, because fact caches and callbacks name files after hosts.
      - Two clusters with the same name are an error, also where the other is from another inventory source. So is one
        cluster that another source has made a host of, by another name.
    type: str
  on_project_error:
    description:
      - What to do with a project that cannot be read, because the key may not, or the project is gone.
      - With V(fail) there is no inventory.
      - With V(warn) its clusters are missing, which a warning says, naming the project. Nothing is put into the cache
        then. It fails all the same when no project could be read at all.
    type: str
    choices:
      - fail
      - warn
    default: fail
  on_count_mismatch:
    description:
      - What to do when a project of Atlas says that it has another number of clusters than its list has. Which clusters
        Atlas counts is not documented, so a difference need not be an error.
      - With V(warn) a warning names the project and both numbers.
      - With V(fail) there is no inventory.
    type: str
    choices:
      - fail
      - warn
    default: warn
notes:
  - Ansible goes on without hosts when an inventory cannot be read, and a play without hosts succeeds. Set
    E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to V(true), or C(any_unparsed_is_failed) under C([inventory]) in
    C(ansible.cfg), so that a run whose clusters could not be listed fails. AWX does so for its inventory updates.
  - "When this plugin fails, Ansible tries its other inventory plugins on the file and shows the errors of all. To see
    this plugin's error alone, and once, put C(enable_plugins = mongodb_ops.legacy_backup.clusters) under C([inventory])
    in C(ansible.cfg), or set E(ANSIBLE_INVENTORY_ENABLED) to it."
  - The connection options, O(projects), O(include_clusters), O(exclude_clusters), O(backup_status),
    O(has_legacy_snapshots), O(on_project_error) and O(on_count_mismatch) may be templates, in which extra variables and
    lookups can be used.
  - Texts of the service are never rendered as templates. Those with other signs than letters, digits, blanks, C(.),
    C(-) and C(_) are marked for that, and are objects with the key C(__ansible_unsafe) in what
    C(ansible-inventory --list) prints.
  - With O(cache=true), a change of these options or of the key is another entry of the cache. The cache holds no
    secrets. Warnings about what was read are kept in it, and shown again. A cache that cannot be read is made anew.
  - C(compose) cannot set C(project_id), C(cluster_id) and C(cluster_name), since they say which cluster a host is.
seealso:
  - module: mongodb_ops.legacy_backup.legacy_snapshot_info
"""

EXAMPLES = r"""
# clusters.yml: all clusters of all projects, with the key in the environment.
---
plugin: mongodb_ops.legacy_backup.clusters

# production.clusters.yml: one Ops Manager, some projects, grouped by project and by type.
---
plugin: mongodb_ops.legacy_backup.clusters
platform: ops_manager
base_url: https://opsmanager.example.com:8443
ca_path: /etc/pki/tls/certs/internal-ca.pem
public_key: abcdefgh
private_key: "{{ lookup('ansible.builtin.env', 'OPS_MANAGER_PRIVATE_KEY') }}"
projects:
  - Bank
  - 5e2211c17a3e5a48f5497de3
backup_status: [STARTED, STOPPED]
exclude_clusters: ["scratch-*"]
strict: true
keyed_groups:
  - key: project_name
    prefix: project
groups:
  sharded: cluster_type != 'REPLICA_SET'
compose:
  retention_keep_daily: "30 if cluster_type == 'SHARDED' else 14"

# leftovers.clusters.yml: Atlas clusters that still have legacy snapshots, asked for at most every six hours.
---
plugin: mongodb_ops.legacy_backup.clusters
has_legacy_snapshots: true
on_project_error: warn
filters:
  - not project_name.startswith('sandbox')
hostname: "{{ cluster_name }}.{{ project_name }}"
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /var/cache/ansible/clusters
cache_timeout: 21600
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.client import REQUESTS_ERROR
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.errors import ApiError, OptionError
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._api.redaction import (
    MASK,
    is_distinctive,
    redact,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.module_utils._connection import (
    CONNECTION_SPEC,
    Connection,
    check_texts,
    connect,
    resolve,
    secrets_of,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.discovery import (
    WORKERS,
    failure_text,
    read_fleet,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.fleet import (
    Fleet,
    FleetCluster,
    Remark,
    Selection,
    cluster_from_result,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._inventory.hostnames import (
    check_other_sources,
    default_name,
    named_hosts,
)
from ansible_collections.mongodb_ops.legacy_backup.plugins.plugin_utils._trust import trusted, untrusted

NAME = "mongodb_ops.legacy_backup.clusters"
ENDINGS = ("clusters.yml", "clusters.yaml")
# Our options that may be templates in the file.
_RENDERED = {
    *CONNECTION_SPEC,
    "projects",
    "include_clusters",
    "exclude_clusters",
    "backup_status",
    "has_legacy_snapshots",
    "on_project_error",
    "on_count_mismatch",
}
# They say which cluster a host is.
_IDENTITY = ("project_id", "cluster_id", "cluster_name")
_EE = (
    "In an execution environment it belongs to the Python requirements: requests, as in the collection's "
    "meta/ee-requirements.txt."
)


class InventoryError(AnsibleParserError):
    """Why there is no inventory, in one text."""

    # From 2.19 on, Ansible prints an error that has a source twice, and gives every error of a plugin one.
    _formatted_source_context = None


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The inventory plugin."""

    NAME = NAME

    def verify_file(self, path: str) -> bool:
        """Whether the name of the file says that it is for this plugin."""
        if not super().verify_file(path):  # type: ignore[no-untyped-call]  # ansible-core has no types here
            return False
        fits = path.endswith(ENDINGS)
        if not fits and path.endswith((".yml", ".yaml")) and _names_us(path):
            self.display.warning(f"{path}: a file for the inventory plugin {NAME} must end in {' or '.join(ENDINGS)}.")
        return fits

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Render our options first. As in the modules, an empty one counts as unset."""
        given = self._rendered(direct) if isinstance(direct, Mapping) else direct
        try:
            check_texts(given or {})
        except OptionError as error:
            # ansible-core would show the value.
            raise InventoryError(f"{NAME}: {error}") from None
        super().set_options(task_keys, var_options, given)  # type: ignore[no-untyped-call]  # nor here
        self._given = set(given or ())

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Read the file, then the cache or the service, and add the hosts. Every error is an AnsibleParserError."""
        super().parse(inventory, loader, path, cache)
        if REQUESTS_ERROR is not None:
            raise InventoryError(f"{missing_required_lib('requests')} {_EE}")
        self._read_options(path)
        self._secrets = secrets_of({name: self.get_option(name) for name in CONNECTION_SPEC}, os.environ)
        try:
            self._check_options()
            clusters = self._filtered(self._clusters(path, cache))
            hosts = named_hosts(clusters, self._name_of())
            check_other_sources(hosts, {name: host.vars for name, host in inventory.hosts.items()})
            self._add(inventory, hosts)
        except (ApiError, OptionError, AnsibleError) as error:
            # Not chained: the cause can show more than the redacted message.
            raise InventoryError(redact(f"{NAME}: {error}", self._secrets)) from None

    def _read_options(self, path: str) -> None:
        try:
            self._read_config_data(path)
        except InventoryError:
            raise
        except AnsibleError as error:
            told = _with_help(error)
            raise InventoryError(told if told.startswith(NAME) else f"{NAME}: {told}") from None

    def _warn(self, text: str) -> None:
        self.display.warning(redact(f"{NAME}: {text}", self._secrets))

    # --- options ---

    def _rendered(self, direct: Mapping[str, Any]) -> dict[str, Any]:
        self.templar.available_variables = self._vars or {}
        given = {}
        for name, value in direct.items():
            rendered = self._render(name, value) if name in _RENDERED else value
            if rendered is not None and rendered != "":
                given[name] = rendered
        return given

    def _render(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._render(name, one) for one in value]
        if not isinstance(value, str):
            return value
        try:
            return self.templar.template(value)
        except AnsibleError as error:
            raise InventoryError(f"{NAME}: the template of {name} cannot be rendered: {error}") from None

    def _check_options(self) -> None:
        unknown = sorted(str(name) for name in self._given - set(self._options))
        if unknown:
            raise OptionError(
                f"There is no option {', '.join(unknown)}. The options are {', '.join(sorted(self._options))}."
            )
        if "projects" in self._given and "project_id" in self._given:
            raise OptionError("Give projects or project_id, not both.")
        if self._given & {"projects"} and not self.get_option("projects"):
            raise OptionError("projects is an empty list: name the projects, or leave it out to read all of them.")
        self._check_composed()

    def _check_composed(self) -> None:
        composed = [name for name in _IDENTITY if name in (self.get_option("compose") or {})]
        if composed:
            raise OptionError(
                f"compose sets {', '.join(composed)}, which say which cluster a host is. Use other names."
            )

    def _connection(self) -> Connection:
        # Only options of the file. For the variables Ansible's own reading would not do: it takes an empty one as set,
        # and one from another family of variables than the rest.
        given = {name: self.get_option(name) for name in CONNECTION_SPEC if name in self._given}
        defaults = {name: spec.get("default") for name, spec in CONNECTION_SPEC.items()}
        return resolve({**defaults, **given}, os.environ, needs_project=False)

    def _selection(self, connection: Connection) -> Selection:
        def texts(name: str) -> tuple[str, ...]:
            return tuple(str(one).strip() for one in self.get_option(name) or () if str(one).strip())

        named = texts("projects")
        return Selection(
            projects=named or ((connection.project_id,) if connection.project_id else ()),
            include=texts("include_clusters"),
            exclude=texts("exclude_clusters"),
            statuses=texts("backup_status"),
            with_snapshots=self.get_option("has_legacy_snapshots"),
        )

    # --- from the service, or the cache ---

    def _clusters(self, path: str, cache: bool) -> list[FleetCluster]:
        connection = self._connection()
        selection = self._selection(connection)
        key = f"{self.get_cache_key(path)}_{_fingerprint(connection, selection)}"
        uses_cache = self.get_option("cache")
        cached = self._cached(key) if uses_cache and cache else None
        if cached is not None:
            clusters, remarks = cached
        else:
            fleet = self._read(connection, selection)
            clusters = list(fleet.clusters)
            # Names of the service are in them, and they go into the cache.
            remarks = [replace(remark, text=redact(remark.text, self._secrets)) for remark in fleet.remarks]
            if uses_cache and not fleet.failed:
                self._cache[key] = {
                    "entries": [cluster.to_result() for cluster in clusters],
                    "remarks": [[remark.text, remark.is_count] for remark in remarks],
                }
        self._tell(remarks)
        return clusters

    def _cached(self, key: str) -> tuple[list[FleetCluster], list[Remark]] | None:
        """What an earlier run has found; None where it has to be read."""
        try:
            kept = self._cache[key]
            remarks = [Remark(str(text), bool(is_count)) for text, is_count in kept["remarks"]]
            return [cluster_from_result(document) for document in kept["entries"]], remarks
        except AnsibleError as error:
            # Ansible says to run again, which is not needed.
            self._warn("the cache cannot be read, so the clusters are read from the service.")
            self.display.v(redact(f"{NAME}: {error}", self._secrets))
        except (KeyError, TypeError, ValueError):
            pass  # There is none, it is too old, or another version of the collection wrote it.
        return None

    def _tell(self, remarks: list[Remark]) -> None:
        """Warn of what was found odd; OptionError for a number of clusters that is to fail."""
        counts = [remark.text for remark in remarks if remark.is_count]
        if counts and self.get_option("on_count_mismatch") == "fail":
            shown = " ".join(f"{text[0].upper()}{text[1:]}" for text in counts[:5])
            more = f" And {len(counts) - 5} more." if len(counts) > 5 else ""
            raise OptionError(f"{shown}{more} To go on, and be warned, set on_count_mismatch to warn.")
        for remark in remarks:
            self._warn(remark.text)

    def _read(self, connection: Connection, selection: Selection) -> Fleet:
        tolerant = self.get_option("on_project_error") == "warn"
        for warning in connection.warnings:
            self._warn(warning)
        client = connect(connection, True, WORKERS, self._secrets.append)
        client.retries.on_first = self._warn
        try:
            fleet = read_fleet(client, selection, tolerant)
        finally:
            retries = client.retries.summary()
            if retries is not None:
                self._warn(retries)
        if fleet.failed and not tolerant:
            raise OptionError(
                f"{failure_text(fleet.failed)} To go on without its clusters, and be warned, set on_project_error to "
                "warn."
            )
        if fleet.failed and not fleet.projects:
            raise OptionError(f"No project could be read. {failure_text(fleet.failed)}")
        self._report(fleet)
        self._check_names(fleet)
        return fleet

    def _report(self, fleet: Fleet) -> None:
        for project, error in fleet.failed:
            self._warn(f"the clusters of project {project} are missing: {error}")
        if not fleet.projects:
            raise OptionError("The key sees projects on another platform only: set platform to where they are.")
        if not fleet.clusters:
            found = f"{fleet.seen} clusters were found in {fleet.projects} projects"
            self._warn(f"no hosts. {found}{', and the options leave none' if fleet.seen else ''}.")

    def _check_names(self, fleet: Fleet) -> None:
        """Reject names that contain a secret. A server that echoes requests would put it into variables and caches."""
        # The client masks those that are hidden by escapes or case.
        secrets = [MASK, *(secret for secret in self._secrets if is_distinctive(secret))]
        for cluster in fleet.clusters:
            if any(
                secret in text for text in cluster.to_result().values() if isinstance(text, str) for secret in secrets
            ):
                raise OptionError(
                    f"The service answered with a secret of ours in a name of project {cluster.project_id}. Nothing is "
                    "made of such an answer. Check base_url, and what lies between."
                )

    # --- hosts ---

    def _name_of(self) -> Callable[[FleetCluster], str]:
        pattern = self.get_option("hostname")
        if not pattern:
            return default_name

        def rendered(cluster: FleetCluster) -> str:
            self.templar.available_variables = _variables(cluster)
            try:
                return str(self.templar.template(pattern))
            except AnsibleError as error:
                raise OptionError(
                    f"hostname cannot be rendered for cluster {cluster.cluster_name!r}: {error}"
                ) from None

        return rendered

    def _filtered(self, clusters: list[FleetCluster]) -> list[FleetCluster]:
        conditions = self.get_option("filters") or []
        kept = [cluster for cluster in clusters if all(self._holds(one, cluster) for one in conditions)]
        if clusters and not kept:
            self._warn(f"no hosts. filters leaves none of {len(clusters)} clusters.")
        return kept

    def _holds(self, condition: str, cluster: FleetCluster) -> bool:
        try:
            value = self._compose(condition, _variables(cluster))
        except AnsibleError as error:
            raise OptionError(
                f"filters: {condition!r} cannot be evaluated for cluster {cluster.cluster_name!r}: {error}"
            ) from None
        if not isinstance(value, bool):
            raise OptionError(
                f"filters: {condition!r} is neither true nor false for cluster {cluster.cluster_name!r}. Compare it "
                "with something."
            )
        return value

    def _add(self, inventory: Any, hosts: Iterable[tuple[str, FleetCluster]]) -> None:
        """Add all hosts, or none after an error: Ansible would use a part as if it were the whole inventory."""
        new = []
        try:
            for name, cluster in hosts:
                if name not in inventory.hosts:
                    new.append(name)
                inventory.add_host(name)
                for key, value in _variables(cluster).items():
                    inventory.set_variable(name, key, value)
                self._construct(name, inventory.hosts[name].get_vars())
        except BaseException:
            for name in new:
                if name in inventory.hosts:
                    inventory.remove_host(inventory.hosts[name])
            raise

    def _construct(self, name: str, variables: Mapping[str, Any]) -> None:
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), {}, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), {}, name, strict=strict)


def _with_help(error: BaseException) -> str:
    """The text of an error of Ansible with what it proposes, which from 2.19 on is kept apart, and in its causes."""
    texts = [str(error)]
    one: BaseException | None = error
    while one is not None:
        texts.append(str(getattr(one, "_help_text", None) or ""))
        one = one.__cause__
    return " ".join(dict.fromkeys(filter(None, texts)))


def _variables(cluster: FleetCluster) -> dict[str, Any]:
    """The variables of a host. The interpreter is a template, since AWX runs jobs in another container."""
    return {
        **{key: untrusted(value) for key, value in cluster.to_result().items()},
        "ansible_connection": trusted("local"),
        "ansible_python_interpreter": trusted("{{ ansible_playbook_python }}"),
    }


def _fingerprint(connection: Connection, selection: Selection) -> str:
    """A hash of everything that the clusters depend on, so that other settings have another entry in the cache."""
    settings = connection.settings
    asked = [connection.platform, settings.base_url, settings.dialect.name, connection.user, asdict(selection)]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


def _names_us(path: str) -> bool:
    try:
        with open(path, encoding="utf-8") as file:
            return NAME in file.read(100_000)
    except (OSError, ValueError):
        return False
