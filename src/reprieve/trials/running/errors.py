"""What can go wrong in a run beside bad input."""

from __future__ import annotations

from reprieve.core.errors import ReprieveError


class RunError(ReprieveError):
    """The run could not go on. Chunks that were finished before are kept."""


class ReplicateError(RunError):
    """A task raised an exception. `replicate` is its number, `said` the exception's type and text."""

    def __init__(self, replicate: int, said: str) -> None:
        super().__init__(replicate, said)
        self.replicate = replicate
        self.said = said

    def __str__(self) -> str:
        """Return one line that names the replicate."""
        return f"replicate {self.replicate}: {self.said}"
