"""Finding Python and building the environment, without building it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import ROOT, committed, shown

FIND = ROOT / "scripts" / "find-python"


def fake_python(folder: Path, name: str, version: tuple[int, int] | None) -> Path:
    """A file that behaves as a Python of that version, or as a shim that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if version is None:
        path.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    else:
        pretend = f"sys.version_info = {version!r}; sys.executable = sys._base_executable = {str(path)!r}"
        path.write_text(f"#!{sys.executable}\nimport sys\n{pretend}\nexec(sys.argv[2])\n")
    path.chmod(0o755)
    return path


def find(path: list[Path], home: Path) -> str:
    tools = home / "tools"
    tools.mkdir(exist_ok=True)
    for tool in ["ls", "grep", "sort"]:
        where = next(p for p in ["/usr/bin", "/bin"] if (Path(p) / tool).exists())
        if not (tools / tool).exists():
            (tools / tool).symlink_to(Path(where) / tool)
    environment = {"PATH": os.pathsep.join(map(str, [*path, tools])), "HOME": str(home)}
    done = subprocess.run(
        ["/bin/sh", str(FIND), "3.12"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert (done.returncode == 0) == bool(done.stdout)
    return done.stdout.strip()


def test_the_newest_on_path_wins(tmp_path: Path) -> None:
    """Invariant: python3.13 is taken before python3.12 and python3."""
    fake_python(tmp_path / "a", "python3", (3, 12))
    fake_python(tmp_path / "a", "python3.12", (3, 12))
    newest = fake_python(tmp_path / "b", "python3.13", (3, 13))

    assert find([tmp_path / "a", tmp_path / "b"], tmp_path) == str(newest)


def test_a_shim_that_fails_is_passed_over(tmp_path: Path) -> None:
    """Invariant: a file on PATH counts only if it runs."""
    fake_python(tmp_path / "shims", "python3.12", None)
    real = fake_python(tmp_path / "real", "python3.12", (3, 12))

    assert find([tmp_path / "shims", tmp_path / "real"], tmp_path) == str(real)


def test_pyenv_is_searched_newest_first(tmp_path: Path) -> None:
    """Invariant: versions are ordered as versions, so 3.12 comes after 3.9 and old ones do not count."""
    versions = tmp_path / ".pyenv" / "versions"
    fake_python(versions / "3.9.18" / "bin", "python", (3, 9))
    fake_python(versions / "3.12.1" / "bin", "python", (3, 12))
    newest = fake_python(versions / "3.13.0" / "bin", "python", (3, 13))
    fake_python(tmp_path / "a", "python3", (3, 11))

    assert find([tmp_path / "a"], tmp_path) == str(newest)


def test_an_old_python_does_not_count(tmp_path: Path) -> None:
    """Invariant: 3.11 is refused, whatever its name."""
    fake_python(tmp_path / "a", "python3", (3, 11))
    fake_python(tmp_path / "a", "python", (2, 7))

    assert find([tmp_path / "a"], tmp_path) == ""


@pytest.mark.parametrize("target", ["demo", "test", "lint", "docs", "bench", "clean"])
def test_make_knows_its_targets(target: str) -> None:
    """Invariant: a dry run of every target succeeds, with SERVE=0 accepted."""
    done = subprocess.run(
        ["make", "-n", target, "SERVE=0"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_scripts_can_be_run() -> None:
    """Invariant: git keeps the executable bit of the scripts."""
    scripts = [path for path in committed() if shown(path).startswith(("scripts/", ".ci/"))]

    assert scripts
    assert [shown(path) for path in scripts if not os.access(path, os.X_OK)] == []
