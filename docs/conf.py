"""Builds the documentation with Sphinx, MyST and Furo; a warning is an error."""

from __future__ import annotations

import tomllib
from pathlib import Path

_project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]

project = "alignkit"
author = "The alignkit developers"
copyright = author
release = _project["version"]
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True
# Types are shown and not linked: most are of other packages, whose pages are not here.
nitpick_ignore_regex = [("py:.*", ".*")]
default_role = "code"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"alignkit {release}"
html_show_sphinx = False
