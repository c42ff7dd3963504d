"""What R gives for designs: `validation/trials/designs.R` made it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reprieve.trials.sequential.bounds import Bounds, bounds

FOLDER = Path(__file__).resolve().parents[3] / "validation" / "trials" / "fixtures"


def fixture(name: str) -> dict[str, Any]:
    """A fixture by name."""
    held: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return held


def bounds_of(case: dict[str, Any]) -> Bounds:
    """Our bounds of a case."""
    futility = case.get("futility") or None
    return bounds(
        case["looks"],
        case["alpha"],
        case["shape"],
        case["sides"],
        futility_z=futility,
        binding=case.get("binding", False),
    )


def label(case: dict[str, Any]) -> str:
    """A name for a case."""
    futility = "-binding" if case.get("binding") else "-futility" if case.get("futility") else ""
    return f"{case['shape']}-{len(case['looks'])}-{case['sides']}{futility}"
