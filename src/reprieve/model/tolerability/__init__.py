"""Acute effects of an infusion: dissociation, pressure and heart rate, nausea, sedation.

Each file holds one mechanism. All are pure functions of effect-site concentrations and individual parameters.
"""

from reprieve.model.tolerability import adaptation, dissociation, limits, nausea, pressure, sedation

__all__ = ["adaptation", "dissociation", "limits", "nausea", "pressure", "sedation"]
