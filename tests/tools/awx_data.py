# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of AWX that the collection ships, as Ansible reads them from the installed artefact."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tools.playbooks import Playbooks, play

PLACE = Path("ansible_collections/mongodb_ops/legacy_backup/playbooks")
FILES = ("awx_settings.yml", "awx_surveys.yml", "awx_objects.yml", "controller.yml")
REPOSITORY = "https://git.example.com/backups.git"
# Every option on, with secrets where they can be.
SETTINGS: dict[str, Any] = {
    "legacy_backup_scm_url": REPOSITORY,
    "legacy_backup_scm_branch": "main",
    "legacy_backup_execution_environment": "with the collection",
    "legacy_backup_credential_inputs": {
        "service": "ops-manager",
        "public_key": "abcd",
        "private_key": "a-canary-of-keys",
    },
    "legacy_backup_variables": {"retention_keep_within": "2d", "retention_stale_after": "off"},
    "legacy_backup_notification_type": "slack",
    "legacy_backup_notification_configuration": {"token": "a-canary-of-slack", "channels": ["#backups"]},
}
CANARIES = ("a-canary-of-keys", "a-canary-of-accounts", "a-canary-of-slack", "a-canary-of-mail", "a-canary-of-hooks")
_SHIPPED = re.compile(r"^((?:legacy_backup|controller)_\w+):", re.MULTILINE)


def shipped_objects(playbooks: Playbooks, **settings: Any) -> dict[str, Any]:
    """Every public variable of these files, with settings as a user gives them."""
    files = [playbooks.collections / PLACE / "vars" / name for name in FILES]
    names = [name for path in files for name in _SHIPPED.findall(path.read_text(encoding="utf-8"))]
    told = {name: f"{{{{ {name} }}}}" for name in names}
    own = playbooks.folder / "settings.yml"
    own.write_text(repr(settings), encoding="utf-8")
    tell = {"name": "tell", "ansible.builtin.debug": {"msg": told}}
    run = playbooks.run([play([tell], vars_files=[*map(str, files), str(own)])])
    return dict(run.named("tell").result["msg"])
