"""The public names: what a user may rely on is written down, sorted and there."""

import ast
import importlib
from pathlib import Path
from typing import Any

import pytest

from tests.house.project import PACKAGE, modules, shown, tree


def order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions: the order that the linter keeps as well."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name


def listed(path: Path) -> list[str] | None:
    """`__all__` of a file, or None."""
    for node in tree(path).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        annotated = [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in [*targets, *annotated]:
            if isinstance(target, ast.Name) and target.id == "__all__":
                value = node.value  # type: ignore[attr-defined]
                return list(ast.literal_eval(value))
    return None


WITH_NAMES = [path for path in modules() if listed(path) is not None]
PUBLIC = listed(PACKAGE / "__init__.py") or []


@pytest.fixture
def face() -> Any:
    return importlib.import_module("reprieve")


def test_the_face_says_what_is_public() -> None:
    """Invariant: `import reprieve as rp` is a contract, so its names are listed."""
    assert PUBLIC


@pytest.mark.parametrize("path", WITH_NAMES, ids=shown)
def test_names_are_sorted_once_and_public(path: Path) -> None:
    """Invariant: `__all__` is sorted, without repeats."""
    names = [name for name in listed(path) or [] if not name.startswith("__")]

    assert names == sorted(set(names), key=order)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_listed_name_is_there(face: Any, name: str) -> None:
    """Invariant: a name that loads late still loads."""
    assert getattr(face, name) is not None


def test_dir_shows_every_listed_name(face: Any) -> None:
    """Invariant: tab completion finds names that load late."""
    assert set(PUBLIC) <= set(dir(face))


def test_an_unknown_name_is_refused(face: Any) -> None:
    """Invariant: the late loading does not swallow typing errors."""
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = face.no_such_name


def test_the_face_holds_no_unlisted_name(face: Any) -> None:
    """Invariant: what `import reprieve` binds is listed, a module, or private."""
    bound = {
        name
        for name, value in vars(face).items()
        if not name.startswith("_") and not hasattr(value, "__spec__")
    }

    assert bound <= set(PUBLIC)
