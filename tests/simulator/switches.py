# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything the contract does not settle, as one switch each.

[U] and [I] are the contract's flags: unknown, and inferred. The first value of each Literal is the default; a client
has to come through with every value. `variants()` lists them all for tests that try each one.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Switches:
    """One answer to each open question. Change some with `dataclasses.replace` or `Simulator.switch(**changes)`."""

    # --- deleting (contract 1.1, contract 2.2) ---
    # CM/OM: the page gives no status, only "no response body" [U]. Atlas always answers 204.
    om_delete_status: Literal[200, 202, 204] = 200
    om_delete_body: Literal["none", "empty_object"] = "none"
    # Contract 2.2: what an explicit DELETE of a doNotDelete snapshot does [U].
    delete_held: Literal["refused", "deleted"] = "refused"
    # Contract 2.2: CANNOT_DELETE_IN_PROGRESS_SNAPSHOT is listed, for this resource only inferred [I].
    delete_incomplete: Literal["refused", "deleted"] = "refused"
    # Contract 2.2: no code that blocks is documented [U].
    delete_in_use: Literal["deleted", "refused"] = "deleted"
    # Contract 2.2: the second DELETE of an id; no sample [I].
    delete_missing: Literal["not_found", "no_content"] = "not_found"
    # Contract 2.2, contract 4: how "no such snapshot" is spelled, for GET, PATCH and DELETE [I].
    missing_snapshot: Literal["snapshot_not_found", "other_code", "no_code", "empty_body"] = "snapshot_not_found"
    # Contract 1.1: the code of a DELETE inside the point-in-time window without the role [U].
    pit_delete_error: Literal["USER_UNAUTHORIZED", "ACCESS_FORBIDDEN"] = "USER_UNAUTHORIZED"

    # --- changing the expiry (contract 2.1) ---
    # Point 1: doNotDelete true with expires; the code is a match of texts [I].
    hold_with_expires: Literal["CANNOT_MODIFY_SNAPSHOT", "INVALID_ATTRIBUTE"] = "CANNOT_MODIFY_SNAPSHOT"
    # Point 4: editing a snapshot whose expiry has passed; the code is [U].
    edit_expired: Literal["ALREADY_EXPIRED", "CANNOT_MODIFY_SNAPSHOT"] = "ALREADY_EXPIRED"
    # Point 6: what expires becomes when doNotDelete:false is sent alone [U].
    release_expires: Literal["removed", "past", "schedule"] = "removed"
    # Point 6: expires alone on a held snapshot: refused, taken while it stays held and shows none, or a release [U].
    date_held: Literal["refused", "ignored", "released"] = "refused"
    # Point 7: the answer may normalise the date, or echo what was sent.
    dates: Literal["normalised", "echoed"] = "normalised"
    # Point 7: FRACTIONAL_TIMESTAMP is in Ops Manager's list, not tied to this endpoint [U].
    fractions: Literal["refused", "cut"] = "refused"
    # Point 9: a PATCH that changes nothing [U].
    same_value_patch: Literal["accepted", "refused"] = "accepted"
    # Contract 2.1, point 5: no upper bound is documented [U]; days from now, 0 is none.
    max_expiry_days: Literal[0, 1200] = 0

    # --- the snapshot document (contract 2) ---
    # Some answers carry `time` (epoch seconds) beside `date`.
    timestamp_time: Literal[False, True] = False
    # clusterName: in Atlas v2's document only; nullable there.
    cluster_name: Literal["v2", "always", "never", "null"] = "v2"
    # "Fields without a sensible default are omitted": everything that no source requires goes.
    optional_fields: Literal["present", "absent"] = "present"
    # Sizes of parts: a part need not say.
    part_sizes: Literal["present", "absent"] = "present"
    # doNotDelete false, said or left out.
    do_not_delete_false: Literal["present", "absent"] = "present"
    # Links of a single document.
    document_links: Literal["present", "absent"] = "present"
    # filterType: "blacklist" in Ops Manager's samples, denyList in Cloud Manager's text.
    filter_type: Literal["blacklist", "denyList"] = "blacklist"

    # --- the list (contract 1.3) ---
    # The order is stated by a command's help alone.
    order: Literal["newest", "oldest", "shuffled"] = "newest"
    # totalCount is an estimate: by how much it is wrong.
    total_count_off: Literal[0, 7, -7, -100_000] = 0
    # Links of a list, all or none.
    list_links: Literal["present", "absent"] = "present"
    # Rows a page at most, whatever was asked for; 0 is what is documented, 500 [U].
    page_cap: Literal[0, 7] = 0
    # Contract 8, trap 12: Ops Manager emits its configured central URL, which need not be the one asked.
    link_host: Literal["same", "other"] = "same"
    # Contract 8, trap 8: the inner key under envelope=true.
    envelope_key: Literal["content", "envelope"] = "content"
    # Contract 1.2: does CM/OM honour includeCount?
    om_include_count: Literal["honoured", "refused"] = "honoured"
    # Contract 4: an unknown query parameter.
    unknown_query: Literal["refused", "ignored"] = "refused"

    # --- authentication (contract 3) ---
    # How the challenge spells qop; the docs print op.
    challenge_key: Literal["qop", "op", "none"] = "qop"
    challenge_quoted: Literal[True, False] = True
    digest_algorithm: Literal["MD5", "SHA-256"] = "MD5"
    # Contract 11: what the body of a challenge holds. Any code may stand in it.
    challenge_body: Literal[
        "UNEXPECTED_ERROR",
        "no_code",
        "empty",
        "NO_CURRENT_USER",
        "USER_UNAUTHORIZED",
        "NOT_IN_GROUP",
        "USER_CANNOT_ACCESS_GROUP",
        "TOO_MANY_GROUP_TAGS",
    ] = "UNEXPECTED_ERROR"
    # The same of the 401 to a wrong key; as the challenge [I].
    wrong_key_body: Literal["UNEXPECTED_ERROR", "no_code", "empty", "NO_CURRENT_USER"] = "UNEXPECTED_ERROR"
    # Seconds for which a nonce is good.
    nonce_max_age: int = 60
    # How often a nonce is good; 0: as often as one likes.
    nonce_uses: Literal[0, 3] = 0
    # Contract 11: application servers behind a balancer, each with nonces of its own [U], and what is balanced.
    servers: Literal[1, 3] = 1
    balanced_by: Literal["connection", "request"] = "connection"
    # Whether the server says stale of a nonce of another one, or of one that was used up.
    foreign_nonce: Literal["stale", "refused"] = "stale"
    # Whether a connection is kept after an answer; HTTP/1.0 and some proxies close it each time [U].
    keep_alive: Literal["always", "not_after_401", "never"] = "always"
    # Seconds for which a bearer token is good.
    token_lifetime: int = 3600
    # Service accounts on Atlas v1.0 [U]; on Cloud Manager they are a preview.
    v1_bearer: Literal["refused", "accepted"] = "refused"
    cm_bearer: Literal["accepted", "refused"] = "accepted"
    # Contract 3: on v2 the organisation's settings decide for which requests the access list counts.
    v2_access_list: Literal["writes", "all", "off"] = "writes"
    # Contract 4: the name of the 403 for an address that is not listed.
    access_list_code: Literal[
        "IP_ADDRESS_NOT_ON_ACCESS_LIST",
        "IP_ADDRESS_NOT_ON_WHITELIST",
        "RESOURCE_REQUIRES_WHITELIST",
        "ORG_REQUIRES_WHITELIST",
        "RESOURCE_REQUIRES_ACCESS_LIST",
        "ORG_REQUIRES_ACCESS_LIST",
    ] = "IP_ADDRESS_NOT_ON_ACCESS_LIST"

    # --- projects, clusters, versions (contract 1, contract 4, contract 6) ---
    missing_project: Literal["NOT_IN_GROUP", "USER_CANNOT_ACCESS_GROUP", "GROUP_NOT_FOUND"] = "NOT_IN_GROUP"
    # "Cluster is not on legacy backup": no dedicated code [U].
    no_legacy_backup: Literal[
        "empty", "BACKUP_JOB_NOT_FOUND", "CLUSTER_NOT_FOUND", "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API"
    ] = "empty"
    # The schedule of such a cluster [U].
    no_schedule: Literal[
        "BACKUP_CONFIG_NOT_FOUND", "BACKUP_JOB_NOT_FOUND", "CANNOT_GET_BACKUP_CONFIG_INVALID_STATE"
    ] = "BACKUP_CONFIG_NOT_FOUND"
    # Contract 1: newer dated Accept values falling back to 2023-01-01 [I].
    newer_accept: Literal["refused", "falls_back"] = "refused"
    # Contract 4: the version has reached its end.
    version_gone: Literal[False, True] = False
    # Contract 6: 2023-01-01 of the clusters alone ends on 2027-07-01; then only the newer version is served.
    # A service that is not up to date may serve the older one alone [U].
    clusters_version: Literal["both", "newer", "older"] = "both"
    # Contract 11: what versions before 2024-08-05 do with a cluster that they cannot describe (Cluster.beyond). A GET
    # of it is refused; the list leaves it out, or is refused as a whole.
    older_clusters: Literal["described", "left_out", "refused"] = "described"
    # Contract 11: clusterCount of a project. Whether it counts what no list has is not known [U].
    cluster_count: Literal["exact", "one_more", "absent"] = "exact"
    # Contract 6: `GET /clusters` spells types in constants, or, as the Go client's sample does, in words.
    overview_types: Literal["constants", "words"] = "constants"
    # What `GET /clusters` holds: standalones too, as that sample; nothing of projects without a cluster.
    overview_standalones: Literal["absent", "present"] = "absent"
    overview_empty_projects: Literal["present", "absent"] = "present"
    # That sample lists projects of Atlas beside those of Cloud Manager.
    overview_atlas: Literal["absent", "present"] = "absent"
    # The listings of projects: those of the dialect, or all that the key sees [U].
    foreign_projects: Literal["hidden", "listed"] = "hidden"
    # Its page parameters: none are documented on CM/OM [U].
    overview_pages: Literal["accepted", "refused"] = "accepted"
    # `GET /groups/{id}/backupConfigs`: clusters without a backup, left out or INACTIVE [U].
    inactive_configs: Literal["absent", "present"] = "absent"
    # Contract 11: rows of parts there, INACTIVE, as MCK's tests have them.
    part_configs: Literal["absent", "present"] = "absent"
    # Contract 11: 409 on that list, because the project's deployments are not monitored.
    monitoring: Literal["on", "off"] = "on"
    # Contract 11: a sharded cluster's own row may carry a shardName.
    whole_shard_name: Literal["absent", "present"] = "absent"
    # Contract 11: two shards give four rows, one of them the config server's; older docs show none of those.
    config_server_row: Literal["present", "absent"] = "present"
    # Contract 6: docs and Go tests spell this key differently.
    ssl_key: Literal["sslEnabled", "SSLEnabled"] = "sslEnabled"

    # --- rate limits (contract 5) ---
    # Atlas v2 has the documented buckets; for the others no numbers were found [U].
    rate_limited: Literal["v2", "all", "off"] = "v2"
    # May be missing on a 429.
    retry_after: Literal["present", "absent"] = "present"
    # RateLimit-Limit and RateLimit-Remaining.
    rate_headers: Literal["present", "absent"] = "present"
    # Whether a digest challenge consumes a token [U].
    challenge_costs: Literal[False, True] = False

    # Contract 11: the wait that a token bucket names can be 0.
    bucket_wait: Literal["told", "zero"] = "told"

    # --- errors (contract 4, contract 11) ---
    error_parameters: Literal["present", "null", "absent"] = "present"
    # The header X-Error-Code, and whether the body is there as well.
    error_code_header: Literal["absent", "present", "alone"] = "absent"
    # The body of a 503.
    unavailable_body: Literal["json", "empty", "html"] = "json"

    # --- the service's own doings (contract 6, contract 10) ---
    # Which snapshot of a day, week or month gets the longer life [U].
    long_lived: Literal["first", "last"] = "first"
    week_start: Literal["monday", "sunday"] = "monday"
    # When expired ones go: so many hours after their expiry, at once, or only on World.sweep().
    removal: Literal["later", "at_once", "when_told"] = "later"
    removal_delay_hours: int = 6
    # Ops Manager always preserves one restorable snapshot, past its expiry; the others do not say [U].
    keep_last_restorable: Literal["ops_manager", "all"] = "ops_manager"


def variants() -> Iterator[tuple[str, Any]]:
    """Every value of every switch that is not its default: (name, value)."""
    hints = typing.get_type_hints(Switches)
    for field in dataclasses.fields(Switches):
        for value in typing.get_args(hints[field.name]):
            if value != field.default:
                yield field.name, value


def checked(name: str, value: Any) -> Any:
    """The value, if that switch has it; for values that come in from outside."""
    hints = typing.get_type_hints(Switches)
    if name not in hints:
        raise ValueError(f"no switch is called {name!r}")
    allowed = typing.get_args(hints[name])
    if allowed and not any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in allowed):
        raise ValueError(f"{name} is one of {', '.join(map(repr, allowed))}, not {value!r}")
    if not allowed and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"{name} is an integer, not {value!r}")
    return value
