# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the documentation as a site, into ``.cache/docs``: a page for each plugin and the role, and the guides.

Works without a network. A warning of antsibull-docs or of Sphinx is an error. The tools want the collection in a real
``ansible_collections`` folder, so they get a copy of the checkout.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.tree import CACHE, FULL_NAME, NAME, NAMESPACE, ROOT, copy_project

SITE = CACHE / "docs"
SETTINGS = ROOT / "tests" / "docs"


def main() -> None:
    """Check the references, build, and say where the first page lies."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "collections" / "ansible_collections" / NAMESPACE / NAME
        copy_project(copy)
        sources = Path(directory) / "rst"
        # antsibull-docs refuses a folder that others may write to.
        sources.mkdir(mode=0o755)
        shutil.rmtree(SITE, ignore_errors=True)
        run(copy, *lint())
        run(copy, *pages(sources))
        # In place of the page that lists each plugin by its full name.
        shutil.copy2(SETTINGS / "index.rst", sources)
        run(copy, *site(sources))
    print(f"The site, to be opened in a browser: {SITE / 'index.html'}")


def run(copy: Path, *command: str) -> None:
    """Run a command in the copy, which is the only collection that it sees; end where it fails."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(copy.parents[2])}
    status = subprocess.run(command, cwd=copy, env=environment, check=False).returncode
    if status:
        sys.exit(f"{' '.join(command[:2])} ended with status {status}")


def lint() -> list[str]:
    """Whether all that the documentation refers to is there.

    The pages themselves Sphinx checks. rstcheck does not, since it trips over its own folder where that ends in `_`.
    """
    references = ["--validate-collection-refs=all", "--disallow-unknown-collection-refs"]
    return ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", *references, "."]


def pages(sources: Path) -> list[str]:
    """A page for each plugin, and the guides, as reStructuredText."""
    how = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--cleanup", "everything"]
    return ["antsibull-docs", "collection", *how, "--dest-dir", str(sources), FULL_NAME]


def site(sources: Path) -> list[str]:
    """From that the site."""
    strict = ["--fail-on-warning", "--keep-going", "--quiet"]
    return ["sphinx-build", *strict, "--conf-dir", str(SETTINGS), "--builder", "html", str(sources), str(SITE)]


if __name__ == "__main__":
    main()
