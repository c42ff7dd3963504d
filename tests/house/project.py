"""What the tests of the house share: where things are, and what is in them."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "reprieve"
SOURCES = PACKAGE / "core" / "data" / "sources.bib"


def modules(room: str = "") -> list[Path]:
    """Python files of a room, or of the whole package."""
    return sorted((PACKAGE / room).rglob("*.py"))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def committed() -> list[Path]:
    """Every file that git holds or would take: tracked, or neither tracked nor ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def data_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.toml"))


def load(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def tables(value: object, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table inside a TOML document, with its dotted name."""
    if isinstance(value, dict):
        yield name, value
        for key, inner in value.items():
            yield from tables(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from tables(inner, f"{name}[{position}]")


def bibliography(path: Path = SOURCES) -> dict[str, str]:
    """BibTeX entries by key, as text. Read by hand: the product's own reader must not mark its own work."""
    entries = re.split(r"^@", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found: dict[str, str] = {}
    for entry in entries:
        head = re.match(r"\w+\{\s*([^,\s]+)\s*,", entry)
        assert head, f"not a BibTeX entry: @{entry[:60]!r}"
        assert head[1] not in found, f"{head[1]}: in sources.bib twice"
        found[head[1]] = re.sub(r"^%.*\n?", "", entry, flags=re.MULTILINE)
    return found
