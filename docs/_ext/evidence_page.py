"""Directives and a role that put computed evidence into a page: `evidence-table`, `evidence-figure`, `evidence`.

Nothing on the page is typed from an output: an unknown name is an error, and errors stop the build.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from evidence_content import PICTURES, TABLES, Grid, words
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

from reprieve.figures.figure import Figure

FOLDER = Path("_static") / "evidence"


def table(grid: Grid) -> nodes.table:
    """A table as nodes, so that every builder can write it."""
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in grid.head), cols=len(grid.head))
    group += nodes.thead("", _row(grid.head))
    group += nodes.tbody("", *(_row(row) for row in grid.rows))
    return nodes.table("", group, classes=["evidence"])


def _row(cells: tuple[str, ...]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", cell)) for cell in cells))


class _Computed(SphinxDirective):
    """A directive whose page is read again on every build, because data are no source file of it."""

    required_arguments = 1
    optional_arguments = 1

    def made(self, makers: dict[str, Any]) -> Any:
        """Call the maker that the arguments name. Raises a directive error for an unknown one."""
        self.env.note_reread()
        name, *rest = self.arguments
        if name not in makers:
            raise self.error(f"no evidence is called {name}; known: {', '.join(makers)}")
        return makers[name](*rest)


class EvidenceTable(_Computed):
    """`evidence-table NAME [TIME POINT]`: a computed table; a line of text where it has no rows."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        grid: Grid = self.made(TABLES)
        return [table(grid) if grid.rows else nodes.paragraph("", "None.")]


class EvidenceFigure(_Computed):
    """`evidence-figure NAME [TIME POINT]`: a picture drawn at build, its caption, and its table twin folded away."""

    def run(self) -> list[nodes.Node]:
        """Write the picture beside the page and return what shows it."""
        drawn: Figure = self.made(PICTURES)
        folder = Path(self.env.app.outdir) / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        drawn.save(folder / f"{drawn.name}.svg")
        up = "../" * self.env.docname.count("/")
        shown = f'<img src="{up}{(FOLDER / drawn.name).as_posix()}.svg" alt="{html.escape(drawn.title)}">'
        cells = tuple(tuple("" if cell is None else str(cell) for cell in row) for row in drawn.table.rows)
        return [
            nodes.raw("", shown, format="html"),
            nodes.paragraph("", drawn.caption),
            nodes.raw("", "<details><summary>The numbers of this picture</summary>", format="html"),
            table(Grid(drawn.table.columns, cells)),
            nodes.raw("", "</details>", format="html"),
        ]


class EvidenceRole(SphinxRole):
    """`evidence`: one computed number or sentence inside the text."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the words."""
        self.env.note_reread()
        if self.text not in words():
            message = self.inliner.reporter.error(f"no evidence is called {self.text}", line=self.lineno)
            return [], [message]
        return [nodes.Text(words()[self.text])], []


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directives and the role."""
    directives: dict[str, type[Directive]] = {"evidence-table": EvidenceTable, "evidence-figure": EvidenceFigure}
    for name, directive in directives.items():
        app.add_directive(name, directive)
    app.add_role("evidence", EvidenceRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
