"""`reprieve rules`: the rules of a course, what each asks and shows, and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli.options import Json
from reprieve.cli.reading import Command

if TYPE_CHECKING:
    from reprieve.core.rules import Limit, Rule, RuleSet


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("rules", cls=Command)(rules)


def rules(
    name: Annotated[str | None, typer.Argument(help="The id of a rule, such as INF-03; all if left out.")] = None,
    phase: Annotated[str | None, typer.Option(help="Only the rules of a phase, such as infusion.")] = None,
    json: Json = False,
) -> None:
    """The rules of a course, with source and how it was seen. Rules inform; a clinician decides."""
    from reprieve.cli import show
    from reprieve.core.rules import load_rules

    held = load_rules()
    chosen = held.rules if phase is None else held.phase(phase)
    if name is not None:
        chosen = (held.rule(name),)
    if json:
        listed = [_described(rule, held) for rule in chosen]
        show.emit({"rules": listed, "name": held.name, "version": held.version, "digest": held.digest})
    elif name is not None:
        show.say(*_lines(chosen[0], held))
    else:
        columns = ("rule", "phase", "action", "shows", "source", "seen")
        rows = [_row(rule, held) for rule in chosen]
        show.table(f"Rules {held.version}, {len(rows)} of {len(held.rules)}", columns, rows, columns[1:])


def _row(rule: Rule, held: RuleSet) -> tuple[str, ...]:
    text = rule.filled(held.limits)
    return rule.id, rule.phase.value, rule.action.value, text, rule.source, rule.seen.value


def _limits(rule: Rule, held: RuleSet) -> list[Limit]:
    return [held.limits[name] for name in rule.when.names if name in held.limits]


def _described(rule: Rule, held: RuleSet) -> dict[str, Any]:
    """A rule as a JSON-ready table."""
    conflict = rule.conflict
    return {
        "id": rule.id,
        "phases": [phase.value for phase in rule.phases],
        "action": rule.action.value,
        "text": rule.filled(held.limits),
        "when": rule.when.text,
        "asks": [name for name in rule.when.names if name in held.variables],
        "limits": [_limit(limit) for limit in _limits(rule, held)],
        "source": rule.source,
        "seen": rule.seen.value,
        "strength": rule.strength.value,
        "note": rule.note,
        "conflict": None
        if conflict is None
        else {"topic": conflict.topic, "views": list(conflict.views), "default": conflict.default},
    }


def _limit(limit: Limit) -> dict[str, Any]:
    quantity = limit.quantity
    return {
        "name": limit.name,
        "value": limit.value,
        "unit": limit.unit,
        "lowest": limit.lowest,
        "highest": limit.highest,
        "set_by": limit.set_by or "Reprieve",
        "source": quantity.source,
        "seen": quantity.seen.value,
        "strength": limit.strength.value,
        "note": quantity.note,
    }


def _lines(rule: Rule, held: RuleSet) -> list[str]:
    lines = [
        f"{rule.id}   {', '.join(rule.phases)}   {rule.action}",
        f"  {rule.filled(held.limits)}",
        f"  when: {rule.when.text}",
        f"  source: {rule.source}, seen: {rule.seen}, strength: {rule.strength}",
    ]
    if rule.note:
        lines.append(f"  {rule.note}")
    for limit in _limits(rule, held):
        one = limit.quantity
        lines.append(f"  {one.name} = {one.value:g} {one.unit}   ({one.source}, seen: {one.seen})")
        if one.note:
            lines.append(f"    {one.note}")
    if rule.conflict is not None:
        lines.append(f"  sources disagree on: {rule.conflict.topic}")
        lines.extend(f"    - {view}" for view in rule.conflict.views)
        lines.append(f"    here: {rule.conflict.default}")
    return lines
