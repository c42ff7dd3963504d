"""Published trials run again with virtual patients, and what they published beside it."""

from reprieve.trials.replay import Comparison, Replay, feder2021

__all__ = ["Comparison", "Replay", "feder2021"]
