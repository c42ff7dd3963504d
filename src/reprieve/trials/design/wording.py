"""What is wrong with a design file, in one line: the field, what it holds, the rule, and what to write instead."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAliasType, Union, get_args, get_origin

from pydantic import BaseModel

from reprieve.core.errors import InputError
from reprieve.trials.design.form import DesignForm

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

# Scales that a reader may look for. The model computes none of them, and no scale is computed from another.
_KNOWN_SCORES = "the model reads caps5, pcl5 and iesr"
_OTHER_SCALES: Mapping[str, str] = {
    "madrs": "the model has no depression: MADRS cannot be produced",
    "ham": "the model has no depression or anxiety: Hamilton scales cannot be produced",
    "phq": "the model has no depression: PHQ-9 cannot be produced",
    "qids": "the model has no depression: QIDS cannot be produced",
    "bdi": "the model has no depression: BDI cannot be produced",
    "cgi": "the model has no global impression: CGI cannot be produced",
    "cadss": "CADSS is read during sessions, not at visits",
    "caps": "CAPS for DSM-IV counts other items than CAPS-5 and cannot be produced; there is no conversion",
    "pcl": "PCL for DSM-IV counts other items than PCL-5 and cannot be produced; there is no conversion",
    "ies": "the IES has no hyperarousal items, IES-R has",
}
_SPELLINGS = {"caps5": "caps5", "pcl5": "pcl5", "iesr": "iesr"}
_FIXES: Mapping[str, str] = {
    "visits.days": "baseline is day 0, before the first infusion; visits come after it, in whole days",
    "visits.primary_day": "name one of visits.days",
    "arms.patients": "give at least 1 patient, or leave it out and write [allocation]",
    "allocation.patients": "give the number of all patients, at least 2",
    "allocation.ratio": "one whole number of at least 1 for each arm, such as [1, 1]",
    "interim.looks.information": "a share between 0 and 1; the last analysis needs no look",
    "blinding.level": "a belief between 0 and 1, 0.5 for not knowing",
    "analysis.alpha": "two-sided, such as 0.05",
    "entry.screening_day": "screening comes before the first infusion: 0 or negative days",
}
_TOO_SHORT: Mapping[str, str] = {
    "arms": "a trial compares arms",
    "visits.days": "list the days of the visits after baseline",
    "allocation.ratio": "one whole number for each arm, such as [1, 1]",
    "interim.looks": "write [[interim.looks]], or leave [interim] out",
}
_PLAIN: Mapping[str, str] = {
    "missing": "must be given",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be a text in quotes",
    "string_too_short": "must not be empty",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}


def refusal(error: ValidationError, table: Mapping[str, Any], where: str) -> InputError:
    """Return the first thing that is wrong, an unknown key before all else, with the number of further ones."""
    first, *others = sorted(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
    place = _place(first["loc"], table)
    path = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
    rule, fix = _rule(first, path)
    more = f"{len(others)} more {'field is' if len(others) == 1 else 'fields are'} wrong" if others else ""
    value = None if first["type"] == "missing" else first["input"]
    return InputError(f"{where}: {place}", value, rule, "; ".join(part for part in (fix, more) if part))


def nearest(name: str, known: Sequence[str], most: int = 20) -> str:
    """Return `did you mean ...?` with the nearest known name, or the known names, at `most` so many."""
    plain = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), plain, n=1)
    return (
        f"did you mean `{plain[close[0]]}`?"
        if close
        else f"known: {', '.join(known[:most])}{', ...' * (len(known) > most)}"
    )


def _place(loc: Sequence[str | int], table: Mapping[str, Any]) -> str:
    """The path of a field, arms by name where they have one."""
    words: list[str] = []
    inside: Any = table
    for part in loc:
        inside = _step(inside, part)
        if isinstance(part, str):
            words.append(part)
        elif words[-1:] == ["arms"] and isinstance(inside, Mapping) and isinstance(inside.get("name"), str):
            words.append(inside["name"] or f"number {part + 1}")
        else:
            words[-1] += f"[{part}]"
    return ".".join(words)


def _step(inside: Any, part: str | int) -> Any:
    try:
        return inside[part]
    except (KeyError, IndexError, TypeError):
        return None


def _rule(first: ErrorDetails, path: str) -> tuple[str, str]:
    kind, context = first["type"], first.get("ctx", {})
    if kind == "extra_forbidden":
        return "is not a known key", nearest(str(first["loc"][-1]), _keys(first["loc"][:-1]))
    if kind == "literal_error":
        words = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        if path.endswith("score"):
            return _score_rule(str(first["input"]))
        fix = nearest(str(first["input"]), words.split(", "))
        return f"must be one of {words}", fix if fix.startswith("did") else ""
    limit = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}.get(kind)
    if limit is not None:
        words = {"gt": "must be above", "ge": "must be at least", "lt": "must be below", "le": "must be at most"}[limit]
        return f"{words} {context[limit]:g}", _FIXES.get(path, "")
    if kind == "too_short":
        return f"must hold at least {context['min_length']}", _TOO_SHORT.get(path, "")
    return _PLAIN.get(kind, first["msg"][:1].lower() + first["msg"][1:]), _FIXES.get(path, "")


def _score_rule(value: str) -> tuple[str, str]:
    """Why the model cannot produce a scale, and which it can."""
    plain = value.lower().replace("-", "").replace("_", "").replace(" ", "")
    if plain in _SPELLINGS:
        return "is written otherwise here", f"write `{_SPELLINGS[plain]}`"
    for start, reason in _OTHER_SCALES.items():
        if plain.startswith(start):
            return reason, _KNOWN_SCORES
    return "is an instrument that the model cannot produce", _KNOWN_SCORES


def _keys(loc: Sequence[str | int]) -> list[str]:
    """The keys that the table at a place may hold."""
    form: type[BaseModel] = DesignForm
    for part in loc:
        if isinstance(part, str):
            named = {field.alias or name: field.annotation for name, field in form.model_fields.items()}
            form = _inner(named[part]) or form
    return [field.alias or name for name, field in form.model_fields.items()]


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The form inside an annotation such as `list[Form]` or `Form | None`."""
    if isinstance(annotation, TypeAliasType):
        return _inner(annotation.__value__)
    if isinstance(annotation, type) and not get_origin(annotation) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, Union, types.UnionType):
        return next((found for one in get_args(annotation) if (found := _inner(one))), None)
    return None
