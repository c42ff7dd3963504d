"""The tables: printed with rich, and written as Markdown for the documentation. Ratios first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.extras import Growth, Memory, Startup
from benchmarks.race import WHOLE, Result

if TYPE_CHECKING:
    from rich.console import Console

NUMPY, NUMBA, LSODA = "Reprieve, NumPy", "Reprieve, Numba", "numbalsoda LSODA"
TARGETS = {"numpy": 40, "numba": 200, "fraction": 0.25, "simulate": 0.5, "compile": 30}


@dataclass(frozen=True, slots=True)
class Table:
    """A title, a line about it, a header and rows of text."""

    title: str
    about: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(result: Result, growth: Growth, memories: Mapping[str, Memory], startup: Startup | None) -> list[Table]:
    """All tables of a run."""
    made = [targets(result, startup), race(result), floor(result), *growths(growth), memory(memories)]
    return [*made, starts(startup)] if startup else made


def targets(result: Result, startup: Startup | None) -> Table:
    """Each target beside what was measured."""
    numpy, numba = result.ratio(NUMPY, LSODA), result.ratio(NUMBA, LSODA)
    errors = [(t.contender.plasma_error, t.contender.chain_error) for t in result.timings[:2]]
    plasma, chain = (max(pair) for pair in zip(*errors, strict=True))
    rows = [
        _target("patients/s, NumPy against numbalsoda", numpy, TARGETS["numpy"], "{:.0f} x"),
        _target("patients/s, Numba against numbalsoda", numba, TARGETS["numba"], "{:.0f} x"),
        _target("share of the arithmetic floor, Numba", _fraction(result), TARGETS["fraction"], "{:.0%}"),
        _target("error of concentrations", plasma, 1e-6, "{:.1e}", most=True),
        _target("error of chain and benefit", chain, 1e-5, "{:.1e}", most=True),
    ]
    if startup:
        rows.append(_target("`reprieve simulate`, one patient, wall s", startup.simulate, 0.5, "{:.2f}", most=True))
        rows.append(_target("Numba, first compilation, s", startup.numba_first, 30, "{:.1f}", most=True))
    about = f"{result.sizes.ours:,} patients, six infusions, 42 days, 64 times, one thread, float64."
    return Table("Targets", about, ("what", "measured", "target", "met"), tuple(rows))


def _target(what: str, value: float, limit: float, form: str, most: bool = False) -> tuple[str, ...]:
    met = value <= limit if most else value >= limit
    sign = "at most" if most else "at least"
    return what, form.format(value), f"{sign} {form.format(limit)}", "yes" if met else "no"


def race(result: Result) -> Table:
    """Engines on the same patients."""
    slowest = next(t for t in result.timings if t.contender.name == LSODA).per_patient
    rows = [
        (
            t.contender.name,
            f"{slowest / t.per_patient:.3g}",
            f"{1 / t.per_patient:,.3g}",
            f"{t.spread:.0%}",
            f"{t.contender.plasma_error:.1e}",
            f"{t.contender.chain_error:.1e}",
            f"{t.contender.patients:,}",
            t.contender.setting,
        )
        for t in result.timings
    ]
    about = (
        "Same equations, parameters, patients and outputs, one thread; medians of "
        f"{result.sizes.rounds} rounds in turn. Errors |x - ref| / (|ref| + 1e-3) against the oracle on the "
        f"patients shared with it (at most {result.sizes.reference}). Adaptive solvers restart at rate "
        "changes and run at the fastest tolerances whose errors are at most "
        f"{result.allowed[0]:.0e} (concentrations) and {result.allowed[1]:.0e} (chain). "
        f"{WHOLE[2:].capitalize()}: also scores, belief, readings, dropout and acute effects by minute, "
        "which the adaptive solvers are not asked for."
    )
    header = (
        "engine",
        "ratio to numbalsoda",
        "patients/s",
        "half range",
        "error, plasma",
        "error, chain",
        "patients",
        "setting",
    )
    return Table("Race", about, header, tuple(rows))


def _fraction(result: Result) -> float:
    """Share of the floor that the Numba engine reaches, everything included."""
    numba = next(t for t in result.timings if t.contender.name == NUMBA)
    return result.speeds.seconds(result.work) / numba.per_patient


def floor(result: Result) -> Table:
    """Work of one patient and how near the engine comes to doing only that."""
    work, speed = result.work, result.speeds
    least = speed.seconds(work)
    rows = [
        _part("exponentials", work.exponentials, speed.exponentials, least),
        _part("divisions", work.divisions, speed.divisions, least),
        _part("multiply-adds", work.multiply_adds, speed.multiply_adds, least),
        ("all, patients/s at the floor", "", "", f"{1 / least:,.3g}"),
        ("reached by the executor alone", "", "", f"{least / result.executor_seconds:.0%}"),
        ("reached by the engine, everything included", "", "", f"{_fraction(result):.0%}"),
        ("the same, NumPy", "", "", f"{least / result.timings[0].per_patient:.0%}"),
    ]
    about = (
        "Operations counted per patient, at the speeds one thread reached in the same run "
        f"({2 * speed.multiply_adds / 1e9:.0f} GFLOP/s of multiply-adds). Loads and stores are not counted."
    )
    return Table("Arithmetic floor", about, ("what", "per patient", "thousand million/s", "share"), tuple(rows))


def _part(name: str, number: float, speed: float, least: float) -> tuple[str, ...]:
    return name, f"{number:,.0f}", f"{speed / 1e9:.2f}", f"{number / speed / least:.0%}"


def growths(growth: Growth) -> list[Table]:
    """Time per patient by number of patients, and per patient and infusion by number of infusions."""
    return [
        Table(
            "Growth with patients",
            "Time per patient relative to the largest population; 1 everywhere means linear.",
            ("executor", *(f"{size:,}" for size in growth.sizes)),
            _relative(growth.by_size, -1),
        ),
        Table(
            "Growth with infusions",
            "Time per patient and infusion relative to six infusions, 42 days; below 1: less than linear.",
            ("executor", *(str(number) for number in growth.infusions)),
            _relative(growth.by_infusions, growth.infusions.index(6)),
        ),
    ]


def _relative(values: Mapping[str, Sequence[float]], base: int) -> tuple[tuple[str, ...], ...]:
    return tuple((name, *(f"{value / row[base]:.2f}" for value in row)) for name, row in values.items())


def memory(memories: Mapping[str, Memory]) -> Table:
    """Traced memory."""
    sizes = next(iter(memories.values())).sizes
    rows = tuple(
        (name, f"{m.kept / 1024:.1f}", f"{m.work[0] / 1024:.1f}", f"{m.work[1] / 1024:.1f}")
        for name, m in memories.items()
    )
    header = (
        "executor",
        "answers, KiB per patient",
        *(f"peak above that, KiB per patient, {size:,} patients" for size in sizes),
    )
    return Table("Memory", "Traced allocations of one call. Chunking bounds the work, answers grow.", header, rows)


def starts(startup: Startup) -> Table:
    """Fresh processes."""
    rows = (
        ("`reprieve simulate`, one patient", f"{startup.simulate:.2f}"),
        ("`import numpy` for comparison", f"{startup.numpy_import:.2f}"),
        ("an empty Python process for comparison", f"{startup.bare_python:.2f}"),
        ("Numba, first call ever: compilation", f"{startup.numba_first:.1f}"),
        ("Numba, first call of a later process: from the cache", f"{startup.numba_cached:.2f}"),
    )
    return Table("Start-up", "Wall seconds of fresh processes.", ("what", "s"), rows)


def show(console: Console, made: Sequence[Table]) -> None:
    """Print the tables."""
    from rich.table import Table as RichTable

    for table in made:
        rich = RichTable(title=table.title, caption=table.about, title_justify="left", caption_justify="left")
        for place, name in enumerate(table.header):
            rich.add_column(name, justify="left" if place == 0 else "right", overflow="fold")
        for row in table.rows:
            rich.add_row(*row)
        console.print(rich)


def markdown(made: Sequence[Table], machine: Mapping[str, str], quick: bool) -> str:
    """The page for the documentation."""
    facts = "; ".join(f"{name} {value}" for name, value in machine.items())
    lines = [
        "# Engine benchmarks",
        "",
        "Written by `make bench` (`python -m benchmarks`). Read ratios: they are taken within one run.",
        "",
        f"Machine: {facts}.",
    ]
    if quick:
        lines += ["", "This was a quick run: few patients and rounds, figures are rough."]
    for table in made:
        lines += ["", f"## {table.title}", "", table.about, ""]
        lines.append("| " + " | ".join(table.header) + " |")
        lines.append("|" + " --- |" * len(table.header))
        lines += ["| " + " | ".join(row) + " |" for row in table.rows]
    return "\n".join(lines) + "\n"
