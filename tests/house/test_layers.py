"""The floors of the house, checked a second time and independently of import-linter."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.project import PACKAGE, modules, shown, tree

FLOORS: dict[str, int] = {
    "core": 0,
    "evidence": 1,
    "model": 1,
    "calibration": 2,
    "trials": 3,
    "care": 3,
    "figures": 4,
    "cli": 5,
    "web": 5,
}
# Modules of the package itself: the public face, and what starts it.
OUTSIDE_THE_ROOMS = {"__init__", "__main__", "_version"}


def room_of(module: str) -> str:
    """Room of a dotted name below `reprieve`; empty for the public face."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOORS else ""


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """Name of the module an import-from statement names, relative ones resolved."""
    if not node.level:
        return node.module or ""
    package = ["reprieve", *path.relative_to(PACKAGE).parent.parts]
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def imported(path: Path, text: ast.Module | None = None) -> Iterator[tuple[int, str]]:
    """Every part of the package that a file imports, wherever in the file, with the line."""
    for node in ast.walk(text or tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node, path)
            # `from reprieve import core` names a room as well as the face.
            if module == "reprieve":
                yield from ((node.lineno, f"reprieve.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, module


def test_every_folder_is_a_room_with_a_floor() -> None:
    """Invariant: a new room must be given a floor here and in pyproject.toml."""
    found = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    loose = {path.stem for path in PACKAGE.glob("*.py")}

    assert found <= set(FLOORS)
    assert loose <= OUTSIDE_THE_ROOMS


@pytest.mark.parametrize("room", FLOORS)
def test_a_room_imports_only_from_lower_floors(room: str) -> None:
    """Invariant: imports go down. Rooms on one floor do not know each other."""
    wrong = [
        f"{shown(path)}:{line} imports {name}"
        for path in modules(room)
        for line, name in imported(path)
        if (other := room_of(name)) and other != room and FLOORS[other] >= FLOORS[room]
    ]

    assert not wrong


@pytest.mark.parametrize("room", [room for room, floor in FLOORS.items() if floor < 5])
def test_only_the_doors_import_the_public_face(room: str) -> None:
    """Invariant: the face knows every room, so a room that imports it would know every room."""
    wrong = [
        f"{shown(path)}:{line} imports {name}"
        for path in modules(room)
        for line, name in imported(path)
        if name.split(".")[0] == "reprieve" and not room_of(name)
    ]

    assert not wrong


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import reprieve.model.regimen", "reprieve.model.regimen"),
        ("from reprieve.model import regimen", "reprieve.model"),
        ("from reprieve import model", "reprieve.model"),
        ("from ..model import regimen", "reprieve.model"),
        ("def f():\n    from reprieve.model import regimen", "reprieve.model"),
    ],
)
def test_the_test_sees_every_way_to_import(source: str, expected: str) -> None:
    """Invariant: the check is not blind to a spelling."""
    names = [name for _, name in imported(PACKAGE / "core" / "example.py", ast.parse(source))]

    assert names == [expected]
