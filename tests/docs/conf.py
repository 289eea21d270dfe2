# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx's settings for the site. To build it and to read it takes no network."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx

project = "mongodb_ops.legacy_backup"
project_copyright = "The mongodb_ops.legacy_backup authors"

extensions = ["sphinx_antsibull_ext"]
default_role = "any"
highlight_language = "yaml+jinja"
# A reference that leads nowhere is an error.
nitpicky = True

html_theme = "furo"
html_title = "MongoDB legacy backups"
html_show_sphinx = False
html_copy_source = False
html_use_index = False
# Light and dark as the reader's system is: furo's own switch would not reach the tables of options.
antsibull_ext_color_scheme = "default-autodark"
html_static_path = ["static"]
html_css_files = ["site.css"]
pygments_style = "friendly"
pygments_dark_style = "monokai"

# What belongs to Ansible's own documentation, which is not here to be looked into.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/reference_appendices"
ELSEWHERE = {
    "common_return_values": f"{ANSIBLE}/common_return_values.html",
    "ansible_configuration_settings": f"{ANSIBLE}/config.html",
}


def link_to_ansible(app: Sphinx, environment: object, node: nodes.Element, child: nodes.Node) -> nodes.reference | None:
    """A link for a reference into Ansible's documentation; None for any other that leads nowhere."""
    target = str(node["reftarget"])
    address = ELSEWHERE.get(target)
    if node["reftype"] == "envvar" and target.startswith("ANSIBLE_"):
        address = f"{ANSIBLE}/config.html#envvar-{target}"
    return None if address is None else nodes.reference("", "", child, internal=False, refuri=address)


def setup(app: Sphinx) -> None:
    """What Sphinx calls."""
    app.connect("missing-reference", link_to_ansible)
