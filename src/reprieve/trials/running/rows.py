"""The rows of a run: one per replicate, in the order of their numbers, whatever order they came in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reprieve.core.results import digest
from reprieve.trials.running.errors import RunError
from reprieve.trials.running.layout import Block

if TYPE_CHECKING:
    import polars

type Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rows(Mapping[str, Array]):
    """Columns by name, each (replicates,): `rows["reject"][r]` is what replicate r gave.

    `table` is all of them, (replicates, columns). `kept` counts the replicates that were taken from the
    folder, `damaged` names files there that were not trusted and computed again.
    """

    names: tuple[str, ...]
    table: Array
    kept: int = 0
    damaged: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Array:
        if name not in self.names:
            raise KeyError(name)
        return self.table[:, self.names.index(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def replicates(self) -> int:
        """How many replicates there are."""
        return len(self.table)

    @property
    def digest(self) -> str:
        """SHA-256 over names and bits: equal only for runs that are the same to the last bit."""
        return digest({"names": self.names, "table": self.table})

    def frame(self) -> polars.DataFrame:
        """The same as a table with the column `replicate` first; it stands for a column of that name."""
        import polars

        columns = {name: np.ascontiguousarray(self[name]) for name in self.names if name != "replicate"}
        return polars.DataFrame({"replicate": np.arange(self.replicates, dtype=np.int64), **columns})


def joined(blocks: Mapping[int, Block], kept: int = 0, damaged: tuple[str, ...] = ()) -> Rows:
    """Put blocks in the order of their numbers. The first one says in which order the columns stand.

    Raises `RunError` if two blocks do not hold the same columns.
    """
    ordered = [blocks[index] for index in sorted(blocks)]
    names = ordered[0].names
    parts = []
    for block in ordered:
        if set(block.names) != set(names):
            odd = ", ".join(sorted(set(block.names) ^ set(names)))
            raise RunError(f"replicate {block.chunk.first}: its columns are not those of replicate 0: {odd}")
        parts.append(block.values[:, [block.names.index(name) for name in names]])
    table = np.concatenate(parts)
    table.setflags(write=False)
    return Rows(names, table, kept, damaged)
