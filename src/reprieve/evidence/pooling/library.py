"""The one door to PyMARE."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any


@cache
def pymare() -> Any:
    """Return PyMARE with its estimators and statistics. Loads late: it brings pandas and SymPy, over two seconds.

    PyMARE 0.0.13 leaves a file of its own open while it is imported. Python reports that as a ResourceWarning,
    which says nothing about a result; it is held back here, in this one place.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        import pymare.estimators
        import pymare.stats
    return pymare
