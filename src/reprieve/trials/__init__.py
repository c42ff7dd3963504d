"""Published trials run again with virtual patients, and what they published beside it."""

from reprieve.trials.replay import Comparison, Replay, feder2021
from reprieve.trials.scorecard import Scorecard, scorecard

__all__ = ["Comparison", "Replay", "Scorecard", "feder2021", "scorecard"]
