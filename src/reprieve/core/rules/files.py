"""Reading a set of rules from its three files: variables.toml, limits.toml, rules.toml."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from reprieve.core.errors import InputError
from reprieve.core.parameters import read_toml
from reprieve.core.quantities import (
    check_schema,
    check_seen,
    check_source,
    read_quantity,
    refuse_unknown,
    table_of,
    text_of,
)
from reprieve.core.rules.parse import parse
from reprieve.core.rules.protocol import PLACE, Action, Conflict, Limit, Phase, Rule, Strength
from reprieve.core.rules.ruleset import RuleSet
from reprieve.core.rules.variables import Kind, Variable

FOLDER = Path(__file__).parents[1] / "data" / "rules"
_FILES = ("variables.toml", "limits.toml", "rules.toml")
_RULE_TEXTS = {
    **dict.fromkeys(("id", "phase", "when", "action", "text", "source", "seen", "strength"), True),
    **dict.fromkeys(("note", "conflict"), False),
}


def load_rules(folder: Path | None = None) -> RuleSet:
    """Return the shipped rules, or those of a site's folder; a file that the folder lacks is the shipped one.

    Raises `InputError` naming file, entry and key: not TOML, unknown or missing key, a condition that is not in
    the language or whose kinds or units do not fit, a source not in `sources.bib`, a text that names no limit.
    """
    if folder is None:
        return _shipped()
    if not any((folder / name).is_file() for name in _FILES):
        raise InputError("folder of rules", folder.name, f"must hold at least one of {', '.join(_FILES)}")
    tables = [read_toml(folder / name if (folder / name).is_file() else FOLDER / name) for name in _FILES]
    return read_rules(*tables)


@cache
def _shipped() -> RuleSet:
    return read_rules(*(read_toml(FOLDER / name) for name in _FILES))


def read_rules(variables: Mapping[str, Any], limits: Mapping[str, Any], rules: Mapping[str, Any]) -> RuleSet:
    """Build a set from the tables of the three files. Raises as `load_rules`."""
    for name, table in zip(_FILES, (variables, limits, rules), strict=True):
        check_schema(table, name)
    refuse_unknown(variables, ("schema", "variables"), _FILES[0])
    refuse_unknown(limits, ("schema", "checks", "limits"), _FILES[1])
    refuse_unknown(rules, ("schema", "name", "version", "conflicts", "rules"), _FILES[2])
    named = {name: _variable(name, entry) for name, entry in table_of(variables, "variables", _FILES[0]).items()}
    numbers = {name: _limit(name, entry) for name, entry in table_of(limits, "limits", _FILES[1]).items()}
    for name in named.keys() & numbers.keys():
        raise InputError(f"{_FILES[1]}: {name}", name, "is the name of a variable too", "rename one")
    kinds = {name: Variable(name, Kind.NUMBER, limit.unit) for name, limit in numbers.items()}
    conflicts = {key: _conflict(key, entry) for key, entry in table_of(rules, "conflicts", _FILES[2]).items()}
    return RuleSet(
        name=text_of(rules, "name", _FILES[2], needed=True),
        version=text_of(rules, "version", _FILES[2], needed=True),
        variables=named,
        limits=numbers,
        rules=_rules(rules, {**named, **kinds}, kinds, conflicts),
        checks=tuple(parse(text, kinds, f"{_FILES[1]}: checks") for text in _list(limits, "checks", _FILES[1])),
    )


def _variable(name: str, entry: Any) -> Variable:
    here = f"{_FILES[0]}: {name}"
    if not isinstance(entry, Mapping):
        raise InputError(here, entry, "must be a table")
    kind = _one_of(Kind, text_of(entry, "kind", here, needed=True), f"{here}: kind")
    own = {Kind.NUMBER: ("unit",), Kind.CATEGORY: ("allowed",), Kind.TRUTH: ()}[kind]
    refuse_unknown(entry, ("kind", "meaning", "code", *own), here)
    return Variable(
        name=name,
        kind=kind,
        unit=text_of(entry, "unit", here, needed=kind is Kind.NUMBER),
        allowed=tuple(_list(entry, "allowed", here)),
        meaning=text_of(entry, "meaning", here, needed=True),
        code=text_of(entry, "code", here, needed=False),
    )


def _limit(name: str, entry: Any) -> Limit:
    here = f"{_FILES[1]}: {name}"
    if not isinstance(entry, Mapping):
        raise InputError(here, entry, "must be a table")
    lowest, highest = (_bound(entry, key, here) for key in ("lowest", "highest"))
    strength = _one_of(Strength, text_of(entry, "strength", here, needed=True), f"{here}: strength")
    rest = {key: value for key, value in entry.items() if key not in ("lowest", "highest", "strength")}
    limit = Limit(read_quantity(name, rest, _FILES[1]), lowest, highest, strength)
    if not lowest <= limit.value <= highest:
        raise InputError(f"{here}: value", limit.value, f"must lie within {lowest:g} to {highest:g}")
    return limit


def _conflict(key: str, entry: Any) -> Conflict:
    here = f"{_FILES[2]}: conflicts: {key}"
    if not isinstance(entry, Mapping):
        raise InputError(here, entry, "must be a table")
    refuse_unknown(entry, ("topic", "views", "default"), here)
    topic, default = (text_of(entry, name, here, needed=True) for name in ("topic", "default"))
    return Conflict(key, topic, tuple(_list(entry, "views", here)), default)


def _rules(
    table: Mapping[str, Any],
    names: Mapping[str, Variable],
    limits: Mapping[str, Variable],
    conflicts: Mapping[str, Conflict],
) -> tuple[Rule, ...]:
    entries = table.get("rules")
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{_FILES[2]}: rules", entries, "must be a list of tables")
    found: dict[str, Rule] = {}
    for position, entry in enumerate(entries):
        rule = _rule(entry, f"{_FILES[2]}: rules[{position}]", names, limits, conflicts)
        if rule.id in found:
            raise InputError(f"{_FILES[2]}: rules[{position}]: id", rule.id, "is the id of two rules")
        found[rule.id] = rule
    return tuple(found.values())


def _rule(
    entry: Any,
    where: str,
    names: Mapping[str, Variable],
    limits: Mapping[str, Variable],
    conflicts: Mapping[str, Conflict],
) -> Rule:
    if not isinstance(entry, Mapping):
        raise InputError(where, entry, "must be a table")
    refuse_unknown(entry, (*_RULE_TEXTS, "also"), where)
    id = text_of(entry, "id", where, needed=True)
    here = f"{_FILES[2]}: {id}"
    if id != id.upper():
        raise InputError(f"{here}: id", id, "must be written in capitals")
    text = {key: text_of(entry, key, here, needed) for key, needed in _RULE_TEXTS.items()}
    for name in PLACE.findall(text["text"]):
        if name not in limits:
            raise InputError(f"{here}: text", name, "is not the name of a limit")
    if text["conflict"] and text["conflict"] not in conflicts:
        raise InputError(f"{here}: conflict", text["conflict"], "is not in conflicts")
    phases = [text["phase"], *_list(entry, "also", here)]
    return Rule(
        id=id,
        phases=tuple(_one_of(Phase, phase, f"{here}: phase") for phase in dict.fromkeys(phases)),
        when=parse(text["when"], names, here),
        action=_one_of(Action, text["action"], f"{here}: action"),
        text=text["text"],
        source=check_source(text["source"], here),
        seen=check_seen(text["seen"], here),
        strength=_one_of(Strength, text["strength"], f"{here}: strength"),
        note=text["note"],
        conflict=conflicts.get(text["conflict"]),
    )


def _one_of[E: StrEnum](kind: type[E], text: str, where: str) -> E:
    try:
        return kind(text)
    except ValueError:
        raise InputError(where, text, f"must be one of {', '.join(kind)}") from None


def _bound(entry: Mapping[str, Any], key: str, where: str) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where}: {key}", value, "must be a number")
    return float(value)


def _list(entry: Mapping[str, Any], key: str, where: str) -> list[str]:
    values = entry.get(key, [])
    if not isinstance(values, list) or any(not isinstance(value, str) for value in values):
        raise InputError(f"{where}: {key}", values, "must be a list of texts")
    return values
