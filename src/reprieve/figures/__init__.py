"""Every picture, in one place (floor 4): SVG with the table of its numbers, and the report that holds them.

`docs/figures.md` shows what there is and how to read it.
"""

from reprieve.figures.figure import Figure, Table

__all__ = ["Figure", "Table"]
