"""Facts about the machine and the versions under test."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path


def facts() -> dict[str, str]:
    """Processor, cores, memory, system and versions."""
    packages = ("numpy", "numba", "scipy", "numbalsoda", "diffrax", "jax")
    return {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "memory": memory(),
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def processor() -> str:
    """Model name of the processor and its widest vector instructions."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    lines = info.read_text().splitlines()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = " ".join(fields.get(key, "") for key in ("model name",))
    family = f"family {fields.get('cpu family', '?')} model {fields.get('model', '?')}"
    flags = fields.get("flags", "").split()
    widest = next((name for name in ("avx512f", "avx2", "avx") if name in flags), "no AVX")
    return f"{name} ({family}, {widest})"


def memory() -> str:
    """Total memory."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return f"{pages * size / 2**30:.0f} GiB"
