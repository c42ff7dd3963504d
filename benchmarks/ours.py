"""The engine, from pre-drawn patients to plasma and chain at the output times, and the whole simulation."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.problem import PLASMA, Array, Course

if TYPE_CHECKING:
    from reprieve.model.engine.door import Request
    from reprieve.model.engine.problem import Problem
    from reprieve.model.simulation import Simulation

NAMES = {"numpy": "Reprieve, NumPy", "numba": "Reprieve, Numba"}


class Engine:
    """The engine with one executor, `numpy` or `numba`; a call does all work that depends on the patients."""

    def __init__(self, course: Course, executor: str) -> None:
        from reprieve.model.disposition import Options, load_model
        from reprieve.model.drive import filters
        from reprieve.model.links import Links
        from reprieve.model.parameters import default_parameters

        self.name = NAMES[executor]
        self._course, self._executor = course, executor
        self._model = load_model("reprieve_iv_default")
        self._filters = filters(default_parameters())
        self._links, self._options = Links(), Options()

    def __call__(self) -> dict[str, Array]:
        """Outputs by name, (p, q)."""
        from reprieve.model import solve

        course = self._course
        solved = solve.population(
            self._model,
            course.regimen,
            course.patients,
            course.ind,
            self._filters,
            self._links,
            self._options,
            course.variability,
            plasma_h=course.time_h,
            chain_h=course.time_h,
            executor=self._executor,
        )
        v = {name: course.ind[name][:, None] for name in ("functional_weight", "benefit_half", "benefit_max")}
        found = solved.at(course.time_h)
        total = v["functional_weight"] * found["functional"] + found["labile"] + found["consolidated"]
        return found | {"benefit": v["benefit_max"] * total / (v["benefit_half"] + total)}

    def simulate(self) -> Simulation:
        """Everything: scores, belief, readings, acute effects by minute, dropout."""
        from reprieve.model.simulate import simulate

        course = self._course
        return simulate(
            course.regimen,
            course.patients,
            time_h=course.time_h,
            variability=course.variability,
            executor=self._executor,
        )

    def problems(self) -> list[tuple[int, Problem]]:
        """The chunks that reach the executor, each with its number of patients: what the floor counts.

        This and `_request` are the only places that look behind the engine's door.
        """
        from reprieve.model.engine import door
        from reprieve.model.engine.numerics import numerics
        from reprieve.model.engine.problem import Problem

        request, settings = self._request(), numerics()
        size = {"numpy": settings.numpy_chunk, "numba": settings.numba_chunk}[self._executor]
        held = []
        for fineness, members in door._groups(request, settings):
            plan = door._plan(request, fineness, settings.nodes)
            for start in range(0, members.size, size):
                part = members[start : start + size]
                plasma, pools = door._plasma(request, part), door._take(request.pools, part)
                held.append((part.size, Problem(*plan, plasma, pools)))
        return held

    def _request(self) -> Request:
        """What `reprieve.model.solve` asks of the engine's door for all patients."""
        from reprieve.model.drive import request
        from reprieve.model.individuals import individuals

        course, ind = self._course, self._course.ind
        own = individuals(self._model.parameters, course.patients, course.variability)
        substance = course.regimen.substance
        modes = self._model.modes(own, course.patients, substance, self._options, 0)
        modes = modes.filtered("driver", ind["effect_site_rate_per_h"], "effect_site")
        modes = modes.filtered("effect_site", ind["adaptation_rate_per_h"], "adaptation")
        schedule = self._model.schedule(course.regimen, own, course.patients, self._options)
        names = tuple(name.removesuffix("_ng_per_ml") for name in PLASMA)
        times = course.time_h
        return request(modes, schedule, ind, self._filters, self._links, names, times, times)

    def executor_seconds(self, rounds: int = 5) -> float:
        """Median seconds per patient of the executor alone, its chunks prepared beforehand."""
        from reprieve.model.engine import numba_executor, numpy_executor

        run = {"numpy": numpy_executor.run, "numba": numba_executor.run}[self._executor]
        chunks = [problem for _, problem in self.problems()]
        held = []
        for _ in range(rounds):
            start = perf_counter()
            for chunk in chunks:
                run(chunk)
            held.append(perf_counter() - start)
        return median(held) / len(self._course.patients)
