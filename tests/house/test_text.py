"""What is committed reads the same on every machine, and says only what is so."""

import re
import tomllib

from tests.house.project import ROOT, committed, shown

# Written in pieces, so that this file does not hold what it forbids.
FORBIDDEN = ["/" + "work/", "/" + "tmp/w", "../" + "shared", "/" + "root/", "/home/" + "runner"]


def text_files() -> list[tuple[str, str]]:
    found = []
    for path in committed():
        raw = path.read_bytes()
        if b"\0" not in raw:
            found.append((shown(path), raw.decode("utf-8")))
    return found


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, flags=re.MULTILINE))


def make_commands(text: str) -> set[str]:
    """Targets of `make` that a document tells its reader to type."""
    return set(re.findall(r"(?:^\s*|`)make ([a-z][a-z-]*)", text, flags=re.MULTILINE))


def test_no_path_of_a_machine_is_committed() -> None:
    """Invariant: a clone works anywhere, so nothing names a folder of the machine it was written on."""
    wrong = [f"{name}: {bad}" for name, text in text_files() for bad in FORBIDDEN if bad in text]

    assert not wrong


def test_every_make_command_in_the_documents_exists() -> None:
    """Invariant: what a reader is told to type is there."""
    wrong = [
        f"{name}: make {target}"
        for name, text in text_files()
        if name.endswith(".md")
        for target in make_commands(text) - make_targets()
    ]

    assert not wrong


def test_the_readme_names_the_two_commands() -> None:
    """Invariant: a newcomer needs `make demo` and `make test`."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "make demo" in readme
    assert "make test" in readme


def test_every_local_link_of_the_root_documents_leads_somewhere() -> None:
    """Invariant: links and pictures in README, CONTRIBUTING and the like exist."""
    wrong = [
        f"{path.name}: {target}"
        for path in ROOT.glob("*.md")
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        if not (ROOT / target).exists()
    ]

    assert not wrong


def test_one_version_everywhere() -> None:
    """Invariant: pyproject.toml, CITATION.cff and the changelog agree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f"version: {project['version']}\n" in citation
    assert f"## {project['version']}" in changelog


def test_text_ends_with_one_newline() -> None:
    """Invariant (.editorconfig): files end with a newline and hold no carriage return."""
    wrong = [name for name, text in text_files() if text and (not text.endswith("\n") or "\r" in text)]

    assert not wrong
