"""`reprieve demo`: the main job. A published trial simulated again, published beside predicted, and one patient."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reprieve.cli import files
from reprieve.cli.options import Json, Seed
from reprieve.cli.reading import Command


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("demo", cls=Command)(demo)


def demo(
    out: Annotated[str, typer.Option(help="Where the report goes: FILE.html.")] = "demo/report.html",
    patients: Annotated[int, typer.Option(help="Virtual patients per arm.")] = 2000,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """A published trial, simulated again. Feder 2021: six infusions against midazolam, published beside predicted."""
    from reprieve.cli import show, summary
    from reprieve.core.intervals import OVER_PATIENTS, OVER_TRIALS
    from reprieve.figures import report, tables
    from reprieve.trials.replay import feder2021

    if out == "demo/report.html":
        Path(out).parent.mkdir(exist_ok=True)
    path = files.checked("out", out, (".html",))
    replay = feder2021(patients, seed)
    path.write_text(report.of_replay(replay), encoding="utf-8")
    if json:
        show.emit({**replay.to_json(), "report": str(path)})
        return
    show.say(f"{replay.trial}, simulated again with {patients:,} virtual patients per arm.", replay.about["design"], "")
    summary.print_table("Published against predicted", report.published_table(replay), ("", "source, how seen"))
    show.say(
        f"Predicted: expectation over all virtual patients, with the {OVER_TRIALS}.",
        "The model's values are assumed until they are calibrated: agreement here is no validation.",
        "",
    )
    summary.print_table(
        f"Ketamine arm, CAPS-5 and others by day: median and {OVER_PATIENTS}", tables.by_day(replay.ketamine)
    )
    summary.print_basis(replay.ketamine.model)
    show.say("", f"Report, with one patient's course: {path}")
