"""Other constants of the method for the length of a test: smaller chunks, coarser or finer grids."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from reprieve.model import drive
from reprieve.model.engine import plan
from reprieve.model.engine.numerics import Numerics, numerics


def _forget() -> None:
    """Grids and J are kept once made; they do not know which constants made them."""
    plan._made.cache_clear()
    drive.reference_area_h.cache_clear()


@contextmanager
def constants(**changed: float) -> Iterator[Numerics]:
    """Put `changed` into every module of the model that asks for the constants, and take them back."""
    other = replace(numerics(), **changed)  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("reprieve.model") and getattr(module, "numerics", None) is numerics:
                patch.setattr(module, "numerics", lambda: other)
        _forget()
        try:
            yield other
        finally:
            _forget()
