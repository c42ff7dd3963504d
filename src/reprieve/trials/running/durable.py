"""Writing a file so that it is there whole or not at all, also when the power fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

PART = ".part"


def write(path: Path, content: bytes) -> None:
    """Write `content` to `path`: to a file beside it, flushed to the disk, then renamed, then the folder flushed."""
    write_with(path, lambda file: file.write(content))


def write_with(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """The same for something that writes into an open file itself."""
    part = path.with_name(path.name + PART)
    with part.open("wb") as file:
        fill(file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    _flush_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove what an interrupted write left behind."""
    for part in folder.glob(f"*{PART}"):
        part.unlink()


def _flush_folder(folder: Path) -> None:
    try:
        place = os.open(folder, os.O_RDONLY)
    except OSError:  # a system that cannot open a folder cannot flush one either
        return
    try:
        os.fsync(place)
    finally:
        os.close(place)
