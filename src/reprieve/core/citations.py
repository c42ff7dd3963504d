"""How to cite Reprieve itself. `CITATION.cff` in the project root says the same; a test compares them."""

from __future__ import annotations

from types import MappingProxyType

from reprieve.core.provenance import Source
from reprieve.core.results import versions

TITLE = "Reprieve: ketamine infusion therapy in PTSD, from evidence to course"
AUTHOR = "The Reprieve developers"
LICENCE = "Apache-2.0"


def software() -> Source:
    """Return this version of Reprieve as a source."""
    fields = {"author": f"{{{AUTHOR}}}", "title": TITLE, "version": versions()["reprieve"]}
    return Source("reprieve", "software", MappingProxyType({**fields, "note": f"Licence {LICENCE}"}))
