"""The interval of every summary: its level, its kind, and how it is called. Never a library's default."""

from typing import Final

PERCENTILES: Final = (2.5, 50.0, 97.5)
OVER_PATIENTS: Final = "95 % interval over patients, equal-tailed"
OVER_TRIALS: Final = "95 % interval of trials of the published size, equal-tailed"
