"""The engine, from pre-drawn patients to plasma and chain at the output times, and the whole simulation."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.problem import PLASMA, Array, Course

if TYPE_CHECKING:
    from reprieve.model.engine.plan import Plan
    from reprieve.model.engine.problem import Request
    from reprieve.model.simulation import Simulation

NAMES = {"numpy": "Reprieve, NumPy", "numba": "Reprieve, Numba"}


class Engine:
    """The engine with one executor, `numpy` or `numba`; a call does all work that depends on the patients."""

    def __init__(self, course: Course, executor: str) -> None:
        from reprieve.model.disposition import Options, load_model
        from reprieve.model.links import Links
        from reprieve.model.parameters import default_parameters
        from reprieve.model.setting import Setting

        self.name = NAMES[executor]
        self._course, self._executor = course, executor
        self._setting = Setting(
            regimen=course.regimen,
            model=load_model("reprieve_iv_default"),
            parameters=default_parameters(),
            links=Links(),
            options=Options(),
            time_h=course.time_h,
            minute=course.time_h[:0],
            observed=False,
            variability=course.variability,
            site=None,
            executor=executor,
        )

    def __call__(self) -> dict[str, Array]:
        """Outputs by name, (p, q)."""
        from reprieve.model import solve

        course = self._course
        solved = solve.population(self._setting, course.patients, course.ind, course.time_h, course.time_h)
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

    def problem(self) -> tuple[Request, Plan]:
        """What reaches the executor, and the plain plan on which nearly all patients are solved."""
        from reprieve.model import drive, solve
        from reprieve.model.engine.door import PLAIN
        from reprieve.model.engine.numerics import numerics
        from reprieve.model.engine.plan import plan
        from reprieve.model.individuals import individuals

        course, setting = self._course, self._setting
        own = individuals(setting.model.parameters, course.patients, course.variability)
        modes = solve.modes_of(setting, solve.Cohort(course.patients, own, course.ind), 0)
        schedule = setting.model.schedule(course.regimen, own, course.patients, setting.options)
        names = tuple(name.removesuffix("_ng_per_ml") for name in PLASMA)
        filters, times = drive.filters(setting.parameters), course.time_h
        asked = drive.request(modes, schedule, course.ind, filters, setting.links, names, times, times)
        return asked, plan(asked, PLAIN, numerics().nodes)

    def executor_seconds(self, rounds: int = 5) -> float:
        """Median seconds per patient of the executor alone, its request prepared beforehand."""
        from reprieve.model.engine import numba_executor, numpy_executor
        from reprieve.model.engine.problem import Answer

        run = {"numpy": numpy_executor.run, "numba": numba_executor.run}[self._executor]
        asked, plain = self.problem()
        answer = Answer.empty(asked)
        held = []
        for _ in range(rounds):
            start = perf_counter()
            run(asked, plain, answer)
            held.append(perf_counter() - start)
        return median(held) / len(self._course.patients)
