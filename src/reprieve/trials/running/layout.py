"""How replicates are cut into chunks. The cut never changes a number: replicate r depends on r only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A chunk is what an interruption may lose and what one file holds: few replicates, but not thousands of files.
SMALLEST, MOST_FILES = 10, 200


@dataclass(frozen=True, slots=True)
class Chunk:
    """Replicates `first` to `first + count - 1`."""

    index: int
    first: int
    count: int

    @property
    def numbers(self) -> range:
        """The numbers of its replicates."""
        return range(self.first, self.first + self.count)

    def __str__(self) -> str:
        """Return it as people would say it."""
        return f"replicates {self.first} to {self.first + self.count - 1}"


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """What a chunk gave: `values` is (count, columns)."""

    chunk: Chunk
    names: tuple[str, ...]
    values: NDArray[np.float64]


def usual_chunk(replicates: int) -> int:
    """The number of replicates in a chunk where nobody says."""
    return max(SMALLEST, -(-replicates // MOST_FILES))


def chunks(replicates: int, size: int) -> list[Chunk]:
    """All chunks, in order; the last one may be shorter."""
    return [
        Chunk(index, first, min(size, replicates - first)) for index, first in enumerate(range(0, replicates, size))
    ]
