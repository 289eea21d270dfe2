# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Has galaxy-importer, which Galaxy and Automation Hub run on what is uploaded, read the artefact.

It ends well whatever it finds, so its log decides: a line that begins with WARNING or ERROR is a failure.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.artefact import build

# As strict as Automation Hub is. Its ansible-test wants a container, and is `make sanity` here.
STRICT = ("CHECK_REQUIRED_TAGS", "CHECK_CHANGELOG", "REQUIRE_V1_OR_GREATER", "RUN_ANSIBLE_DOC", "RUN_ANSIBLE_LINT")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        artefact = build(Path(folder))
        strict = {f"GALAXY_IMPORTER_{name}": "True" for name in STRICT}
        # Nothing of the checkout is to help it.
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PYTHONPATH"))}
        done = subprocess.run(
            [sys.executable, "-m", "galaxy_importer.main", str(artefact)],
            cwd=folder,
            env={**kept, **strict, "HOME": folder, "GALAXY_IMPORTER_TMP_ROOT_DIR": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(done.stdout)
        complete = Path(folder, "importer_result.json").is_file()
    found = re.findall(r"^(?:\S+ )?(?:WARNING|ERROR|CRITICAL)\b.*", done.stdout, flags=re.MULTILINE)
    if done.returncode or not complete or found:
        print(f"FAILED: galaxy-importer ended with {done.returncode}, and said of {len(found)} things WARNING or ERROR")
        return 1
    print(f"galaxy-importer: {artefact.name} is clean")
    return 0


if __name__ == "__main__":
    sys.exit(main())
