"""Which links of the hypothesised chain are on. Each can be switched off to see what rests on it."""

from __future__ import annotations

from dataclasses import dataclass

from reprieve.core.errors import InputError

BENEFITS = ("chain", "empirical")


@dataclass(frozen=True, slots=True)
class Links:
    """Switches of the chain, and the belief if it is clamped instead of following what is felt (0 to 1).

    `benefit` says whose drug benefit moves scores, belief and dropout: the chain's, or with `empirical` that of the
    comparator, which takes from every cluster alike.

    Raises `InputError` if `belief` is not strictly between 0 and 1 or `benefit` is not known.
    """

    block: bool = True
    function: bool = True
    consolidation: bool = True
    drug: bool = True
    tolerance: bool = True
    belief: float | None = None
    benefit: str = "chain"

    def __post_init__(self) -> None:
        if self.belief is not None and not 0 < self.belief < 1:
            raise InputError("belief", self.belief, "must lie strictly between 0 and 1")
        if self.benefit not in BENEFITS:
            raise InputError("benefit", self.benefit, f"must be one of {', '.join(BENEFITS)}")
