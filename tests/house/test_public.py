"""The public names: what a user may rely on is written down, sorted and there."""

import ast
import importlib
import subprocess
import sys
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
    bound = {name for name, value in vars(face).items() if not name.startswith("_") and not hasattr(value, "__spec__")}

    assert bound <= set(PUBLIC)


def test_a_meta_analysis_draws_itself(face: Any) -> None:
    """Invariant: the face attaches the plot methods; the figure's numbers are the result's."""
    found = face.meta({"study": ["a", "b", "c"], "yi": [-0.5, -0.2, 0.1], "vi": [0.04, 0.05, 0.06]})

    forest, funnel = found.forest(effect="Hedges g"), found.funnel()

    assert [cell for cell in forest.table.column("effect") if cell is not None][:3] == [-0.5, -0.2, 0.1]
    assert f"{found.estimate:.6g}" in {f"{cell:.6g}" for cell in forest.table.column("effect") if cell is not None}
    assert funnel.table.column("effect")[:3] == (-0.5, -0.2, 0.1)
    assert "<svg" in forest.svg
    assert "<svg" in funnel.svg


def test_plots_load_no_picture_before_they_are_drawn() -> None:
    """Invariant (house rule 11): pooling costs no plotting library, and no lower floor knows the pictures."""
    script = (
        "import sys, reprieve as rp\n"
        "found = rp.meta({'yi': [0.1, 0.2], 'vi': [0.1, 0.1]}, method='EE', test='z')\n"
        "assert callable(found.forest) and callable(found.funnel)\n"
        "assert not {'altair', 'reprieve.figures'} & set(sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
