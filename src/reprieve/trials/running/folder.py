"""The folder of a run: what the run is, and the chunks that are finished.

    run.json       the stamp: everything the rows depend on, and how replicates are cut into chunks
    chunks/        one file per finished chunk
    rows.parquet   all rows, written when the run is complete
    lock           held while a run is going on

The number of replicates is not in the stamp: a finished run may be continued with more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reprieve.core.errors import InputError
from reprieve.core.results import digest, versions
from reprieve.trials.running import chunk_file, durable
from reprieve.trials.running.layout import Block, Chunk
from reprieve.trials.running.lock import locked
from reprieve.trials.running.rows import Rows

MANIFEST, CHUNKS, TABLE = "run.json", "chunks", "rows.parquet"
_FORM = 1
_LONGEST, _HEAD = 40, 13
_OTHER_FOLDER = "choose another folder, or give what the folder was made with"

type Stamp = Mapping[str, str | int | float | bool | None]


@dataclass(slots=True)
class Store:
    """An opened folder."""

    path: Path
    chunk: int
    run: str
    damaged: list[str] = field(default_factory=list)

    def finished(self, chunks: Sequence[Chunk]) -> dict[int, Block]:
        """The blocks that are there and can be trusted, by index."""
        blocks = {}
        for chunk in chunks:
            try:
                block = chunk_file.read(self.path / CHUNKS, self.run, chunk)
            except FileNotFoundError:
                continue
            if block is None:
                self.damaged.append(chunk_file.name(chunk))
            else:
                blocks[chunk.index] = block
        return blocks

    def keep(self, block: Block) -> None:
        """Write a finished block so that it survives whatever comes."""
        chunk_file.write(self.path / CHUNKS, self.run, block)

    def complete(self, rows: Rows) -> None:
        """Write the table of all rows."""
        durable.write_with(self.path / TABLE, rows.frame().write_parquet)


def stamp_of(folder: Path) -> dict[str, Any] | None:
    """What the run in a folder was made with; None if there is no run. Raises `InputError` if it cannot be read."""
    manifest = _manifest(folder)
    return None if manifest is None else dict(manifest["stamp"])


@contextmanager
def opened(folder: Path, stamp: Stamp, chunk: int | None, usual: int, resume: bool) -> Iterator[Store]:
    """Open a folder for a run, or for going on with it.

    Raises `InputError` if it holds a run and `resume` is not said, if it holds another run (naming what differs), if a
    run is going on in it, or if it cannot be written to.
    """
    try:
        (folder / CHUNKS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("folder", str(folder), f"cannot be a folder: {error.strerror}") from None
    with locked(folder):
        durable.sweep(folder)
        durable.sweep(folder / CHUNKS)
        whole = {**stamp, **{f"version of {name}": value for name, value in versions().items()}}
        there = _manifest(folder)
        if there is None:
            size = chunk or usual
            text = json.dumps({"form": _FORM, "chunk": size, "stamp": whole}, indent=1, ensure_ascii=False)
            durable.write(folder / MANIFEST, text.encode() + b"\n")
        else:
            size = there["chunk"]
            _check(folder, there, whole, chunk, resume)
        yield Store(folder, size, digest({"chunk": size, "stamp": whole}))


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        held = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if held["form"] != _FORM or not isinstance(held["stamp"], dict) or not held["chunk"] >= 1:
            raise ValueError("not of this form")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise InputError("folder", str(folder), f"holds a {MANIFEST} that no run wrote", _OTHER_FOLDER) from None
    return dict(held)


def _check(folder: Path, there: Mapping[str, Any], stamp: Stamp, chunk: int | None, resume: bool) -> None:
    if not resume:
        raise InputError("folder", str(folder), "already holds a run", "resume it or choose another folder")
    old, new = {**there["stamp"], "chunk": there["chunk"]}, {**stamp, "chunk": chunk or there["chunk"]}
    odd = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    if odd:
        said = "; ".join(f"{name} is {_short(old.get(name))} there and {_short(new.get(name))} here" for name in odd)
        raise InputError("resume", str(folder), f"the folder holds another run: {said}", _OTHER_FOLDER)


def _short(value: object) -> str:
    """A value as people can compare it: the head of a digest is enough."""
    said = repr(value)
    return said if len(said) <= _LONGEST else f"{said[:_HEAD]}...'"
