"""Every value of a population of any size as one Parquet file, written block by block in the memory of one block.

The rows are those of `files.py`: patient, dose, acute and course. Each block of patients is a row group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from reprieve.cli import files

if TYPE_CHECKING:
    from pathlib import Path

    import polars

    from reprieve.model.simulation import Simulation
    from reprieve.model.streaming import Stream, Streamed


def write(stream: Stream, path: Path, progress: Callable[[int], None] | None = None) -> Streamed:
    """Run `stream`, write every value to `path` and return the summary. `progress` is told patients done.

    The file has its name only when it is complete. Raises what the simulation raises.
    """
    from polars.io.plugins import register_io_source

    blocks = stream.blocks()
    first = next(blocks)
    head = files.frame(first)
    raised: list[BaseException] = []

    def source(*_: object) -> Iterator[polars.DataFrame]:
        try:
            yield from _frames(first, blocks, progress)
        except BaseException as error:
            raised.append(error)
            raise

    part = path.with_name(f"{path.name}.part")
    lazy = register_io_source(source, schema=head.schema, is_pure=False)
    try:
        lazy.sink_parquet(part, row_group_size=len(head), metadata=files.provenance(first), engine="streaming")
    except BaseException:
        part.unlink(missing_ok=True)
        if raised:  # the library wraps what the simulation raised in an error of its own
            raise raised[0] from None
        raise
    part.replace(path)
    return stream.result


def _frames(
    first: Simulation, rest: Iterator[Simulation], progress: Callable[[int], None] | None
) -> Iterator[polars.DataFrame]:
    block: Simulation | None = first
    while block is not None:
        yield files.frame(block)
        if progress is not None:
            progress(len(block.patients))
        block = next(rest, None)
