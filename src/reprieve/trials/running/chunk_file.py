"""One finished chunk as a file. It proves by itself that it is whole and that it belongs to this run.

Line 1: SHA-256 of everything after it. Line 2: a JSON header. Then the values as little-endian 64-bit floats, row by
row, so that every bit comes back.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import numpy as np

from reprieve.trials.running import durable
from reprieve.trials.running.layout import Block, Chunk

ENDING = ".rows"
_FORM = 1


def name(chunk: Chunk) -> str:
    """The name of a chunk's file."""
    return f"{chunk.index:06d}{ENDING}"


def write(folder: Path, run: str, block: Block) -> None:
    """Write a block for the run with digest `run`."""
    chunk = block.chunk
    header = {"form": _FORM, "run": run, "first": chunk.first, "count": chunk.count, "names": block.names}
    body = json.dumps(header).encode() + b"\n" + block.values.astype("<f8").tobytes()
    durable.write(folder / name(chunk), sha256(body).hexdigest().encode() + b"\n" + body)


def read(folder: Path, run: str, chunk: Chunk) -> Block | None:
    """Read a chunk back, the first `count` replicates of it; None for a file that is torn or is not of this run.

    A file with fewer replicates than the chunk has now is not enough either. Raises `FileNotFoundError` for no file.
    """
    seal, _, body = (folder / name(chunk)).read_bytes().partition(b"\n")
    if seal != sha256(body).hexdigest().encode():
        return None
    line, _, raw = body.partition(b"\n")
    try:
        header = json.loads(line)
        names = tuple(header["names"])
        fits = (header["form"], header["run"], header["first"]) == (_FORM, run, chunk.first)
        values = np.frombuffer(raw, dtype="<f8").reshape(header["count"], len(names))
    except (ValueError, KeyError, TypeError):
        return None
    if not fits or len(values) < chunk.count:
        return None
    return Block(chunk, names, values[: chunk.count].astype(np.float64))
