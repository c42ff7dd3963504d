"""Pictures and reports as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reprieve.figures import report
from reprieve.figures.gallery import Gallery, gallery

if TYPE_CHECKING:
    from reprieve.model.simulation import Simulation


def write(run: Simulation, page: Path | None, folder: Path | None) -> None:
    """Draw a simulated regimen and write its report to `page`, its pictures and their numbers into `folder`."""
    drawn = gallery(run)
    if folder is not None:
        write_figures(drawn, folder)
    if page is not None:
        page.write_text(report.of_run(run, drawn), encoding="utf-8")


def write_figures(drawn: Gallery, folder: Path) -> None:
    """Write every picture with the table of its numbers."""
    for figure in drawn.figures:
        figure.save(folder / f"{figure.name}.svg")
        (folder / f"{figure.name}.csv").write_text(figure.table.csv(), encoding="utf-8")
