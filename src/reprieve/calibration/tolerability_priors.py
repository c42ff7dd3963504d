"""Priors of the tolerability calibration, from `data/tolerability_priors.toml`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from reprieve.calibration.problem import Prior
from reprieve.core.errors import InputError
from reprieve.core.parameters import read_toml
from reprieve.core.quantities import check_schema, check_seen, check_source, refuse_unknown, table_of

FILE = "tolerability_priors.toml"
SCALES = ("normal", "lognormal", "logit_normal", "half_normal")
_TEXTS = ("label", "unit", "scale", "source", "seen", "note")
_KEYS = (*_TEXTS, "centre", "spread", "studies")


def priors(held_out: str = "") -> tuple[Prior, ...]:
    """Return the prior of every parameter that is estimated, in file order.

    Raises `InputError` if a prior was chosen by looking at the study `held_out`.
    """
    found = _all()
    for prior in found:
        if held_out and held_out in prior.studies:
            rule = f"was seen when the prior of {prior.name} was chosen"
            raise InputError("held_out", held_out, rule, "give the parameter a prior that has not seen it")
    return found


@cache
def _all() -> tuple[Prior, ...]:
    table = read_toml(files("reprieve.calibration") / "data" / FILE)
    refuse_unknown(table, ("schema", "name", "version", "about", "priors"), FILE)
    check_schema(table, FILE)
    return tuple(_prior(name, entry) for name, entry in table_of(table, "priors", FILE).items())


def _prior(name: str, entry: dict[str, object]) -> Prior:
    where = f"{FILE}: {name}"
    refuse_unknown(entry, _KEYS, where)
    texts = {key: entry.get(key) for key in _TEXTS}
    wrong = [key for key, text in texts.items() if not (isinstance(text, str) and text.strip())]
    numbers = {key: entry.get(key) for key in ("centre", "spread")}
    wrong += [key for key, number in numbers.items() if not isinstance(number, float)]
    if wrong:
        raise InputError(where, wrong[0], "must be given, texts as text and numbers with a decimal point")
    if texts["scale"] not in SCALES:
        raise InputError(f"{where}: scale", texts["scale"], f"must be one of {', '.join(SCALES)}")
    studies = entry.get("studies", [])
    if not isinstance(studies, list):
        raise InputError(f"{where}: studies", studies, "must be a list of study keys")
    centre, spread = (float(str(numbers[key])) for key in ("centre", "spread"))
    if not spread > 0:
        raise InputError(f"{where}: spread", spread, "must be above 0")
    words = {key: str(text) for key, text in texts.items()}
    check_source(words["source"], where)
    check_seen(words["seen"], where)
    return Prior(name=name, centre=centre, spread=spread, studies=tuple(map(str, studies)), **words)
