"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

DEFAULT_MODEL = "reprieve_iv_default"
SIX_INFUSIONS = "0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11"

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Model = Annotated[str, typer.Option(help="Pharmacokinetic model; `reprieve model list` names them.")]
Patients = Annotated[int, typer.Option(help="How many virtual patients.")]
Seed = Annotated[int, typer.Option(help="Which ones: patient i of a seed is always the same.")]
Days = Annotated[float, typer.Option(help="Days of follow-up from day 0.")]
Profile = Annotated[str, typer.Option(help="Who they are: civilian, veteran, or typical (no variability).")]
Baseline = Annotated[float | None, typer.Option(help="CAPS-5 total before the first infusion, for every patient.")]
