"""One thread for linear algebra while a task runs.

A sum that a library splits over threads may round differently, so the number of threads would show in the last bit.
And workers that each take every core slow each other down. OpenBLAS, which the wheels of NumPy and SciPy bring, is told
directly; other libraries listen to the environment, which is set for worker processes before they load anything.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)
_SPELLINGS = ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads")

type _Library = tuple[Callable[[], int], Callable[[int], None]]


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold linear algebra and compiled loops to one thread; as it was before when left."""
    before = [(put, get()) for get, put in _libraries()]
    numba = sys.modules.get("numba")
    if numba is not None:
        before.append((numba.set_num_threads, numba.get_num_threads()))
    for put, _ in before:
        put(1)
    try:
        yield
    finally:
        for put, threads in before:
            put(threads)


@contextmanager
def one_thread_below() -> Iterator[None]:
    """Processes started inside load their libraries with one thread."""
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def blas_threads() -> list[int]:
    """How many threads each OpenBLAS of this process would take."""
    return [get() for get, _ in _libraries()]


@cache
def _libraries() -> tuple[_Library, ...]:
    """Readers and setters of the OpenBLAS libraries beside NumPy and SciPy."""
    found = []
    for path in _paths():
        library = ctypes.CDLL(str(path))
        for spelling in _SPELLINGS:
            get = getattr(library, spelling.format("get"), None)
            put = getattr(library, spelling.format("set"), None)
            if get is not None and put is not None:
                found.append((get, put))
                break
    return tuple(found)


def _paths() -> Iterator[Path]:
    for package in ("numpy", "scipy"):
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            continue
        home = Path(spec.origin).parent
        for folder in (home.with_name(f"{package}.libs"), home / ".dylibs"):
            yield from sorted(folder.glob("*openblas*"))
