# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation of every module, and of the inventory plugin, says in the same words."""

from __future__ import annotations


class ModuleDocFragment:
    """Connection options, the naming of a cluster, and attributes."""

    DOCUMENTATION = r"""
options:
  platform:
    description:
      - Where the project lives.
      - If not given, E(MCLI_SERVICE) decides when the keys come from the C(MCLI_) variables (V(cloud) and V(cloudgov)
        mean V(atlas)), and else it is V(atlas).
    type: str
    choices:
      - atlas
      - cloud_manager
      - ops_manager
  base_url:
    description:
      - Address of the service, with or without a path and a last slash. Required for Ops Manager.
      - If not given, it comes from the family of variables that the key comes from. These are
        E(MONGODB_ATLAS_BASE_URL), then E(MONGODB_ATLAS_OPS_MANAGER_URL), then E(MONGODB_ATLAS_SERVICE) (V(cloud) or
        V(cloudgov)); or E(MCLI_OPS_MANAGER_URL), which does not count for Atlas.
      - Else it is V(https://cloud.mongodb.com), or V(https://cloud.mongodbgov.com) where E(MCLI_SERVICE) or
        E(MONGODB_ATLAS_SERVICE) is V(cloudgov).
      - One of these variables, or E(MCLI_SERVICE), that is set, does not count and means another service is a warning.
        There is none where options give keys, O(base_url) and, for E(MCLI_SERVICE), O(platform).
    type: str
  api_version:
    description:
      - Version of the Atlas API. Of no effect on other platforms.
    type: str
    choices:
      - v2
      - v1.0
    default: v2
  public_key:
    description:
      - Public part of an API key. Goes with O(private_key) and excludes O(client_id).
      - If no key option at all is given, the first complete pair of variables is used, in the order
        E(MONGODB_ATLAS_CLIENT_ID) and E(MONGODB_ATLAS_CLIENT_SECRET), E(MONGODB_ATLAS_PUBLIC_API_KEY) and
        E(MONGODB_ATLAS_PRIVATE_API_KEY), E(MCLI_PUBLIC_API_KEY) and E(MCLI_PRIVATE_API_KEY). Project, address and the
        rest are then read from the same family of variables, and from no other. Variables that are empty are not
        there.
    type: str
  private_key:
    description:
      - Private part of an API key.
    type: str
  client_id:
    description:
      - Id of a service account, on Atlas with O(api_version=v2) and on Cloud Manager. Goes with O(client_secret).
    type: str
  client_secret:
    description:
      - Secret of a service account.
    type: str
  project_id:
    description:
      - Id of the project, 24 hexadecimal digits. Required for modules, here or by E(MONGODB_ATLAS_PROJECT_ID) or
        E(MCLI_PROJECT_ID).
    type: str
  timeout:
    description:
      - How long one request may take, in seconds, from connecting to the last byte of its answer.
    type: int
    default: 30
  retry_timeout:
    description:
      - How long one request may be tried again where the service asks to wait or does not answer, in seconds, all
        waiting together. V(0) fails at once.
      - Requests are repeated after 429, 502, 503, 504, after 405 while Ops Manager is being upgraded, after broken
        connections, and reads after 500. What was waited is shown as a warning.
      - Until the service has answered for the first time, a connection that is refused, reset or of another protocol is
        tried three times within 10 seconds. So a wrong O(base_url) or O(proxy) shows at once.
      - A 401 that names no cause, to a key that was accepted before, is tried again twice.
    type: int
    default: 300
  validate_certs:
    description:
      - Whether to check the certificate of the service, and of a proxy that is spoken to over HTTPS.
      - TLS below version 1.2 is refused in either case.
      - If not given, the opposite of E(MCLI_OPS_MANAGER_SKIP_VERIFY) on Cloud and Ops Manager, and else V(true).
    type: bool
  ca_path:
    description:
      - File or folder with the certificates to trust, where the service has one of a private authority. In a folder
        only files count that C(openssl rehash) has linked.
      - Wins over E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE), which are used where no file or folder is given.
      - If not given, E(MCLI_OPS_MANAGER_CA_CERTIFICATE) on Cloud and Ops Manager.
    type: path
  proxy:
    description:
      - Address of a proxy, with user and password where it asks for them, such as
        V(http://user:password@proxy.example.com:3128). Special characters in either are percent-encoded.
      - It is always used where it is given. E(NO_PROXY) belongs to the variables and does not count then.
      - Without it the usual variables, E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY) and E(NO_PROXY), are honoured.
      - A password in it is masked in all output.
    type: str
requirements:
  - requests >= 2.25 (where the module runs, or the inventory is read)
notes:
  - Variables are those of the process that runs the module or reads the inventory. With C(connection=local) or
    C(delegate_to=localhost) that is the controller, or its execution environment.
"""

    # On top of the above. Ansible shows these variables, but `_connection` is what reads them, family by family.
    PLUGIN = r"""
options:
  base_url:
    env:
      - name: MONGODB_ATLAS_BASE_URL
      - name: MONGODB_ATLAS_OPS_MANAGER_URL
      - name: MCLI_OPS_MANAGER_URL
  public_key:
    env:
      - name: MONGODB_ATLAS_PUBLIC_API_KEY
      - name: MCLI_PUBLIC_API_KEY
  private_key:
    env:
      - name: MONGODB_ATLAS_PRIVATE_API_KEY
      - name: MCLI_PRIVATE_API_KEY
  client_id:
    env:
      - name: MONGODB_ATLAS_CLIENT_ID
  client_secret:
    env:
      - name: MONGODB_ATLAS_CLIENT_SECRET
  project_id:
    env:
      - name: MONGODB_ATLAS_PROJECT_ID
      - name: MCLI_PROJECT_ID
  ca_path:
    env:
      - name: MCLI_OPS_MANAGER_CA_CERTIFICATE
"""

    CLUSTER = r"""
options:
  cluster_name:
    description:
      - Name of the cluster. Required on Atlas.
      - On Cloud and Ops Manager it is looked up, at the price of a request more. Of a sharded cluster the entry of the
        whole is taken, not its shards.
      - Where both O(cluster_name) and O(cluster_id) are given, they must be the same cluster.
    type: str
  cluster_id:
    description:
      - Id of the cluster on Cloud and Ops Manager, 24 hexadecimal digits.
    type: str
  tell_requests:
    description:
      - Whether to return RV(ignore:requests), how often the service was asked and when, as evidence for the record.
      - It differs from run to run, so it is left out of the result unless asked for.
    type: bool
    default: false
    version_added: 1.0.0
  service_has_answered:
    description:
      - Whether the service has answered an earlier task of this run. For roles and plugins that run several tasks.
      - If so, O(retry_timeout) is also for connections that are refused or reset at the first request of the task.
    type: bool
    default: false
    version_added: 1.0.0
  run_folder:
    description:
      - A folder that the run of C(ansible-playbook) has for itself, in which its tasks share the token of a service
        account, since the service allows 10 new ones a minute. The collection's action plugins set it.
      - Of no effect where it is not there, or is not this user's alone, as on another host and under C(become). The
        task takes a token of its own then.
    type: path
    version_added: 1.0.0
"""

    ATTRIBUTES = r"""
attributes:
  check_mode:
    description: Can run in check mode and tell what would be done, without changing anything.
  diff_mode:
    description: Returns what has changed, or in check mode would change, when run with C(--diff).
  idempotent:
    description: A second run with the same options changes nothing.
  platform:
    description: Where the module can run.
    platforms: posix
    support: full
"""

    ACTIONGROUP_API = r"""
attributes:
  action_group:
    description: Use C(group/mongodb_ops.legacy_backup.api) in C(module_defaults) to set connection options once.
    support: full
    membership:
      - mongodb_ops.legacy_backup.api
notes:
  - All options can be set once for a play by C(module_defaults) for the group
    C(mongodb_ops.legacy_backup.api).
"""
