"""The frozen course: six infusions in three patients, a few numbers of every output.

These numbers are the program's own, so they prove nothing but that it has not changed. A change of the golden file
means that the same input now gives other numbers: raise `NUMERIC_SEMANTICS` in `core/results.py` and say why in the
changelog. `python -m tests.frozen` writes the file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from reprieve.core.results import NUMERIC_SEMANTICS
from reprieve.model.population import Population, population
from reprieve.model.regimen import Regimen
from reprieve.model.simulate import simulate
from reprieve.model.simulation import Simulation

GOLDEN = Path(__file__).parent / "course.json"
REGIMEN = "0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11"
HOURS = (40 / 60, 24.0, 14 * 24.0, 42 * 24.0)
MINUTES = (20.0, 40.0, 80.0)
DIGITS = 12


def patients() -> dict[str, Population]:
    """The typical patient, and the first two of each profile."""
    return {
        "typical": population(1, profile="typical"),
        "civilian": population(2, seed=1),
        "veteran": population(2, seed=1, profile="veteran"),
    }


def numbers() -> dict[str, dict[str, list[float]]]:
    """The course as it is computed now: patients -> output -> numbers, patient by patient."""
    regimen = Regimen.parse(REGIMEN)
    return {
        name: _flat(simulate(regimen, who, time_h=np.array(HOURS), minutes=np.array(MINUTES)))
        for name, who in patients().items()
    }


def _flat(run: Simulation) -> dict[str, list[float]]:
    first_and_last = {name: values[:, [0, -1]] for name, values in run.acute.items()}
    parts = {"values": run.values, "acute": first_and_last, "felt": run.felt, "baseline": run.baseline}
    return {
        f"{part}.{name}": [float(f"{x:.{DIGITS}g}") for x in np.asarray(values, dtype=float).ravel().tolist()]
        for part, held in parts.items()
        for name, values in held.items()
    }


def held() -> dict[str, Any]:
    """The golden file."""
    found: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return found


def write() -> None:
    """Write the golden file from what is computed now."""
    content = {"numeric_semantics": NUMERIC_SEMANTICS, "regimen": REGIMEN, "hours": HOURS, "minutes": MINUTES}
    lines = [f'  "{key}": {json.dumps(value)},' for key, value in content.items()]
    groups = []
    for name, outputs in numbers().items():
        rows = ",\n".join(f'      "{output}": {json.dumps(values)}' for output, values in outputs.items())
        groups.append(f'    "{name}": {{\n{rows}\n    }}')
    text = "\n".join(["{", *lines, '  "numbers": {', ",\n".join(groups), "  }", "}", ""])
    GOLDEN.write_text(text, encoding="utf-8")
