"""Ketamine infusion therapy in PTSD: evidence, pharmacology, trials and care on one vocabulary.

    import reprieve as rp

    regimen = rp.Regimen.parse("0.5 mg/kg over 40 min on days 0, 2, 4, 7, 9, 11")
    run = rp.simulate(regimen, patients=rp.population(200, seed=1), days=42)

Importing the package loads nothing: each name loads what it needs when it is first used.
"""

import importlib as _importlib
import typing as _typing

if _typing.TYPE_CHECKING:
    import xarray as _xarray

    from reprieve.evidence.pooling.meta import Meta as _Meta
    from reprieve.evidence.pooling.meta import meta as _meta
    from reprieve.figures.figure import Figure as _Figure
    from reprieve.model.disposition.predict import pk
    from reprieve.model.links import Links
    from reprieve.model.population import Population, population
    from reprieve.model.regimen import Regimen
    from reprieve.trials.replay import Replay as _Replay
    from reprieve.trials.scorecard import Scorecard as _Scorecard
    from reprieve.trials.simulated import TrialRun as _TrialRun

    __version__: str

__all__ = [
    "Links",
    "Population",
    "Regimen",
    "__version__",
    "cite",
    "meta",
    "pk",
    "population",
    "replay",
    "simulate",
    "trial",
]

_HOMES = {
    "Links": "reprieve.model.links",
    "Population": "reprieve.model.population",
    "Regimen": "reprieve.model.regimen",
    "meta": "reprieve.evidence.pooling.meta",
    "pk": "reprieve.model.disposition.predict",
    "population": "reprieve.model.population",
}


def simulate(
    regimen: "Regimen",
    patients: "Population",
    *,
    days: float = 42,
    model: str = "reprieve_iv_default",
    links: "Links | None" = None,
    **options: _typing.Any,
) -> "_xarray.Dataset":
    """Simulate `patients` under `regimen`: a dataset with dimensions (patient, time) and (patient, dose, minute).

    `days` is the follow-up from day 0, `model` the pharmacokinetic model, `links` which links of the chain are
    on. Further options are those of `reprieve.model.simulate.simulate`, which returns the same as a frozen
    result. Provenance, warnings and what is assumed are attributes of the dataset.

    Raises `InputError` naming the field for bad input, `UnsupportedError` for what has no published model,
    `NumericsError` if the accuracy cannot be reached.
    """
    module = _importlib.import_module("reprieve.model.simulate")
    run = module.simulate(regimen, patients, days=days, model=model, links=links, **options)
    return _typing.cast("_xarray.Dataset", run.dataset())


@_typing.overload
def replay(trial: _typing.Literal["feder2021"] = ..., *, patients: int | None = ..., seed: int = ...) -> "_Replay": ...
@_typing.overload
def replay(trial: str, *, patients: int | None = ..., seed: int = ...) -> "_Replay | _Scorecard": ...
def replay(trial: str = "feder2021", *, patients: int | None = None, seed: int = 1) -> "_Replay | _Scorecard":
    """Simulate a published trial again, with `patients` virtual patients per arm: published against predicted.

    `feder2021` gives the replay that the figures draw, by default with 2,000 patients; another trial, or `all`, the
    scorecard of `reprieve replay`, by default with 10,000.

    Raises `InputError` for a trial that is not here.
    """
    asked = {"seed": seed} if patients is None else {"patients": patients, "seed": seed}
    if trial == "feder2021":
        module = _importlib.import_module("reprieve.trials.replay")
        return _typing.cast("_Replay", module.feder2021(**asked))
    module = _importlib.import_module("reprieve.trials.scorecard")
    return _typing.cast("_Scorecard", module.scorecard(trial, **asked))


def trial(design: object, replicates: int = 1000, *, seed: int = 1, **options: object) -> "_TrialRun":
    """Simulate `replicates` trials of a design: operating characteristics in each world, with Monte-Carlo error.

    `design` is a design, the path of a design file or the name of an example. Further options are those of
    `reprieve.trials.simulated.simulated_trial`.

    Raises `InputError` naming field and fix for a design that contradicts itself.
    """
    module = _importlib.import_module("reprieve.trials.simulated")
    return _typing.cast("_TrialRun", module.simulated_trial(design, replicates, seed=seed, **options))


def cite(model: str = "reprieve_iv_default") -> str:
    """Return BibTeX of Reprieve and of the publications that a simulation with `model` rests on.

    Raises `InputError` for an unknown model.
    """
    catalogue = _importlib.import_module("reprieve.model.catalogue")
    return "\n\n".join(source.bibtex() for source in catalogue.cited(model))


def _forest(
    self: "_Meta", title: str = "Forest plot", effect: str = "Effect", favours: tuple[str, str] = ("", "")
) -> "_Figure":
    """Draw the forest plot. `effect` names the axis, `favours` what a negative and a positive effect mean."""
    module = _importlib.import_module("reprieve.figures.forest")
    return _typing.cast("_Figure", module.forest_of_meta(self, title, effect, favours))


def _funnel(self: "_Meta", title: str = "Funnel plot", effect: str = "Effect") -> "_Figure":
    """Draw the funnel plot. `effect` names the axis."""
    module = _importlib.import_module("reprieve.figures.funnel")
    return _typing.cast("_Figure", module.funnel_of_meta(self, title, effect))


# The plot methods of a meta-analysis are attached here, so that no lower floor imports the pictures.
_PLOTS = {"reprieve.evidence.pooling.meta": ("Meta", {"forest": _forest, "funnel": _funnel})}

if _typing.TYPE_CHECKING:

    class _Pool(_Meta):
        forest = _forest
        funnel = _funnel

    def _with_plots[**P](call: _typing.Callable[P, _Meta]) -> _typing.Callable[P, _Pool]: ...

    meta = _with_plots(_meta)


def __getattr__(name: str) -> object:
    if name == "__version__":
        return _importlib.import_module("reprieve.core.results").versions()["reprieve"]
    if name in _HOMES:
        home = _importlib.import_module(_HOMES[name])
        result, plots = _PLOTS.get(_HOMES[name], ("", {}))
        for plot, draw in plots.items():
            setattr(getattr(home, result), plot, draw)
        return getattr(home, name)
    raise AttributeError(f"module 'reprieve' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
