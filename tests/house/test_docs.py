"""The documentation knows every command and holds no command that is not there."""

import re
from collections.abc import Iterator
from typing import Any

import typer
from typer.main import get_command

from reprieve import cli
from tests.house.project import ROOT

PAGE = ROOT / "docs" / "command-line.md"


def application() -> typer.Typer:
    """The typer application behind the command line, wherever in the door it lives."""
    holders = [cli, getattr(cli, "app", None), getattr(cli, "main", None)]
    for holder in holders:
        if isinstance(holder, typer.Typer):
            return holder
        for value in getattr(holder, "__dict__", {}).values():
            if isinstance(value, typer.Typer):
                return value
    raise AssertionError("no typer application in reprieve.cli")


def commands(command: Any, path: str) -> Iterator[str]:
    """Full names of all commands below one that are not hidden: `reprieve model check`."""
    below = getattr(command, "commands", {})
    if not below:
        yield path
    for name, inner in below.items():
        if not inner.hidden:
            yield from commands(inner, f"{path} {name}")


def existing() -> set[str]:
    return set(commands(get_command(application()), "reprieve"))


def headings() -> set[str]:
    page = PAGE.read_text(encoding="utf-8")
    return set(re.findall(r"^## `(reprieve [a-z -]+)`", page, flags=re.MULTILINE))


def test_every_command_has_its_heading() -> None:
    """Invariant: docs/command-line.md has one section for each command."""
    assert existing() - headings() == set()


def test_every_heading_is_a_command() -> None:
    """Invariant: no section describes a command that is not there."""
    assert headings() - existing() == set()


def options(command: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every long option with the command it belongs to."""
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from options(inner, f"{path} {name}")
    if not getattr(command, "commands", {}):
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option != "--help" and not getattr(parameter, "hidden", False):
                    yield path, option


def section(command: str) -> str:
    page = PAGE.read_text(encoding="utf-8")
    parts = re.split(r"^## `(reprieve [a-z -]+)`.*$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True)).get(command, "")


def test_every_option_is_in_the_section_of_its_command() -> None:
    """Invariant: an option that is not written down cannot be found."""
    wrong = [
        f"{command} {option}"
        for command, option in options(get_command(application()), "reprieve")
        if not re.search(rf"{option}\b", section(command))
    ]

    assert not wrong


def test_every_decision_is_in_the_index() -> None:
    """Invariant: a decision record is numbered, indexed and has the seven parts."""
    folder = ROOT / "docs" / "decisions"
    index = (folder / "index.md").read_text(encoding="utf-8")
    parts = ["Status", "Date", "Context", "Decision", "What we checked", "What it costs", "When to revisit"]

    records = sorted(folder.glob("[0-9]*.md"))
    assert [record.name[:4] for record in records] == [f"{n:04d}" for n in range(1, len(records) + 1)]
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert record.stem in index
        assert [part for part in parts if part not in text] == []
