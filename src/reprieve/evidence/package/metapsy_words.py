"""Names in the Metapsy table: studies, references, conditions, raters, kinds of events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reprieve.evidence.package.load import Package
    from reprieve.evidence.package.rows import Arm, Instrument, Study

CONDITIONS = {
    "ketamine": "ketamine",
    "esketamine": "esketamine",
    "active": "active control",
    "inert": "placebo",
    "no_treatment": "no treatment",
}
_KEY = re.compile(r"(?P<name>[A-Za-z]+?)(?P<year>(?:19|20)\d\d)_?(?P<rest>.*)")
_KINDS = (("remission", "remission"), ("respon", "response"), ("fall at least", "response"), ("worse", "deterioration"))


def study_name(package: Package, study: Study) -> str:
    """Return a study's name as `Surname, year`; parts of one paper keep what tells them apart."""
    found = _KEY.fullmatch(study.study)
    source = package.sources.get(study.study)
    if source is not None and "author" in source.fields:
        surname = _surname(source.fields["author"].split(" and ")[0])
    else:
        surname = found["name"].capitalize() if found else study.study
    year = study.year if study.year is not None else found["year"] if found else None
    name = surname if year is None else f"{surname}, {year}"
    return f"{name} ({found['rest'].replace('_', ' ')})" if found and found["rest"] else name


def _surname(author: str) -> str:
    """The surname of `Feder A` or `Feder, A`; names of groups in braces stay whole."""
    if author.startswith("{"):
        return author.strip("{}")
    if "," in author:
        return author.split(",")[0]
    words = author.split()
    return " ".join(words[:-1]) if len(words) > 1 and words[-1].isupper() else author


def reference(package: Package, study: Study) -> str:
    """Return the reference of the paper, or of what was seen instead."""
    source = package.sources.get(study.study) or package.sources.get(study.source)
    return source.citation() if source is not None else (study.title or study.study)


def condition(arm: Arm) -> str:
    """Return the standard name of what an arm got."""
    return CONDITIONS[arm.role or ""]


def rating(scale: Instrument) -> str | None:
    """Return who rated, None where neither patient nor clinician did."""
    return scale.rating if scale.rating in ("self-report", "clinician") else None


def kind_of_event(event: str) -> str:
    """Return `response`, `remission` or `deterioration` for outcomes of treatment, `event` for anything else."""
    text = event.lower()
    return next((kind for word, kind in _KINDS if word in text), "event")
