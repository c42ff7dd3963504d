"""A design small enough to be simulated in a test."""

from __future__ import annotations

from pathlib import Path

TEXT = """
schema = 1
name = "small"

[[arms]]
name = "ketamine"
role = "ketamine"
regimen = "0.5 mg/kg over 40 min on days 0, 3"
{ketamine}
[[arms]]
name = "saline"
role = "inert"
regimen = "saline over 40 min on days 0, 3"
{saline}
[visits]
days = [7]
primary_day = 7

[analysis]
method = "ancova"
{rest}
"""


def write(folder: Path, ketamine: int = 16, saline: int = 8, rest: str = "") -> Path:
    """Write the design with these arm sizes."""
    path = folder / "small.toml"
    arms = {"ketamine": f"patients = {ketamine}\n", "saline": f"patients = {saline}\n"}
    path.write_text(TEXT.format(**arms, rest=rest))
    return path
