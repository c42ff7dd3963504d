"""Reading the table `replay` of a trial's file, every key checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reprieve.core.errors import InputError
from reprieve.core.quantities import check_schema, refuse_unknown, table_of, text_of
from reprieve.model.parameters import default_parameters
from reprieve.model.population import PROFILES, population_parameters
from reprieve.model.regimen import Regimen
from reprieve.trials.trial import HeldRow, HeldVerdict, NotScored, PlannedArm, Trial

ROLES = ("ketamine", "active", "inert")
_REFUSED_KEYS = ("study", "citation", "refused")
_KEYS = (
    *("study", "citation", "profile", "entry", "last_day", "response_share", "visit_days", "seen_by", "notes"),
    *("psychotherapy", "arms", "rows", "verdicts", "left_out"),
)


def read_trial(table: Mapping[str, Any], where: str) -> Trial | NotScored:
    """Build a trial from the document of a file that errors call `where`.

    Raises `InputError` naming file and key: unknown or missing key, unknown profile, role, arm or quantity, a regimen
    that cannot be, a row that is neither predicted nor left out with a reason.
    """
    check_schema(table, where)
    here = f"{where}: replay"
    replay = table_of(table, "replay", where)
    study, citation = (text_of(replay, key, here, needed=True) for key in ("study", "citation"))
    if "refused" in replay:
        refuse_unknown(replay, _REFUSED_KEYS, here)
        return NotScored(study, "", text_of(replay, "refused", here, needed=True))
    refuse_unknown(replay, _KEYS, here)
    profile = text_of(replay, "profile", here, needed=True)
    if profile not in PROFILES:
        raise InputError(f"{here}: profile", profile, f"must be one of {', '.join(PROFILES)}")
    rows = tuple(_row(one, f"{here}: rows") for one in _list(replay, "rows", here))
    verdicts = tuple(_verdict(one, f"{here}: verdicts") for one in _list(replay, "verdicts", here))
    if not (rows or verdicts):
        raise InputError(f"{here}: rows", [], "must hold at least one row, or `verdicts` one verdict")
    return Trial(
        study=study,
        citation=citation,
        profile=profile,
        psychotherapy=_flag(replay, "psychotherapy", here),
        entry=text_of(replay, "entry", here, needed=True),
        last_day=int(_number(replay, "last_day", here)),
        response_share=_number(replay, "response_share", here, missing=0),
        visit_days=_number(replay, "visit_days", here, missing=0),
        seen_by=_seen_by(replay, here),
        notes=_texts(replay, "notes", here),
        arms=_arms(replay, here),
        rows=rows,
        verdicts=verdicts,
        left_out=tuple(_left_out(one, study, f"{here}: left_out") for one in _list(replay, "left_out", here)),
    )


def _arms(replay: Mapping[str, Any], here: str) -> dict[str, PlannedArm]:
    arms = {}
    for name in table_of(replay, "arms", here):
        entry, where = table_of(replay["arms"], name, f"{here}: arms"), f"{here}: arms.{name}"
        refuse_unknown(entry, ("regimen", "role", "patients", "stands_for"), where)
        role = text_of(entry, "role", where, needed=True)
        if role not in ROLES:
            raise InputError(f"{where}: role", role, f"must be one of {', '.join(ROLES)}")
        patients = int(_number(entry, "patients", where)) if "patients" in entry else None
        regimen = Regimen.parse(text_of(entry, "regimen", where, needed=True))
        arms[name] = PlannedArm(name, regimen, role, patients, text_of(entry, "stands_for", where, needed=False))
    if len(arms) < 2:
        raise InputError(f"{here}: arms", list(arms), "must hold at least two arms")
    return arms


def _seen_by(replay: Mapping[str, Any], here: str) -> tuple[str, ...]:
    if "seen_by" not in replay:
        raise InputError(f"{here}: seen_by", None, "must be given", "an empty list says that the trial is blind")
    seen = _texts(replay, "seen_by", here)
    for name in seen:
        if name not in default_parameters() and name not in population_parameters():
            raise InputError(f"{here}: seen_by", name, "is not a quantity of the model")
    return seen


def _row(entry: Any, here: str) -> HeldRow:
    table = _table(entry, here, ("row", "day"))
    day = _number(table, "day", here) if "day" in table else None
    return HeldRow(text_of(table, "row", here, needed=True), day)


def _verdict(entry: Any, here: str) -> HeldVerdict:
    table = _table(entry, here, ("rows", "days"))
    days, rows = _list(table, "days", here), _texts(table, "rows", here)
    if not days or not rows or not all(isinstance(day, int) and day >= 0 for day in days):
        raise InputError(here, entry, "needs `rows` and `days`, a list of whole days from 0")
    return HeldVerdict(rows, tuple(float(day) for day in days))


def _left_out(entry: Any, study: str, here: str) -> NotScored:
    table = _table(entry, here, ("row", "reason"))
    return NotScored(study, *(text_of(table, key, here, needed=True) for key in ("row", "reason")))


def _table(entry: Any, here: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping):
        raise InputError(here, entry, "must be a list of tables")
    refuse_unknown(entry, known, here)
    return entry


def _list(table: Mapping[str, Any], key: str, here: str) -> list[Any]:
    value = table.get(key, [])
    if not isinstance(value, list):
        raise InputError(f"{here}: {key}", value, "must be a list")
    return value


def _texts(table: Mapping[str, Any], key: str, here: str) -> tuple[str, ...]:
    values = _list(table, key, here)
    if not all(isinstance(one, str) for one in values):
        raise InputError(f"{here}: {key}", values, "must be a list of texts")
    return tuple(values)


def _flag(table: Mapping[str, Any], key: str, here: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise InputError(f"{here}: {key}", value, "must be true or false")
    return value


def _number(table: Mapping[str, Any], key: str, here: str, missing: float | None = None) -> float:
    value = table.get(key, missing)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise InputError(f"{here}: {key}", value, "must be a number, zero or more")
    return float(value)
