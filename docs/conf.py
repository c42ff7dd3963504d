"""Configuration of the documentation. `make docs` builds it with warnings as errors and without a network."""

import sys
import tomllib
from pathlib import Path

_pyproject = Path(__file__).parents[1] / "pyproject.toml"
_project = tomllib.loads(_pyproject.read_text(encoding="utf-8"))["project"]

project = "Reprieve"
author = "The Reprieve developers"
copyright = f"2026, {author}"
version = release = _project["version"]

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
extensions = ["myst_parser", "evidence_page"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"Reprieve {version}"
html_static_path = ["_static"]
