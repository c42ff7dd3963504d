"""Fixtures of the R comparison, and small trials made on the spot."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]

FOLDER = Path(__file__).parents[3] / "validation" / "trials"
DATA = (
    "complete",
    "dropout",
    "gaps",
    "both",
    "growing",
    "small",
    "two",
    "trial",
    "orthodont",
    "chickweight",
    "fev",
)
PUBLIC = ("orthodont", "chickweight", "fev")


@cache
def fixtures(topic: str) -> tuple[dict[str, Any], ...]:
    """The cases of one topic: mmrm, responders or survival."""
    return tuple(json.loads((FOLDER / "fixtures" / f"{topic}.json").read_text(encoding="utf-8"))["cases"])


def case(topic: str, name: str) -> dict[str, Any]:
    """The case of a topic with data set `name`."""
    return next(found for found in fixtures(topic) if found["data"] == name)


def arrays(found: dict[str, Any]) -> tuple[Array, Array, Array]:
    """Scores (patients, visits), arm and baseline of a case; a missing score is NaN."""
    scores, arm, baseline = (np.array(found[name], float) for name in ("scores", "arm", "baseline"))
    return scores, arm, baseline


def made(seed: int, per_arm: int = 20, visits: int = 4, missing: float = 0.0) -> tuple[Array, Array, Array]:
    """Scores, arm and baseline of a trial drawn with `seed`; each score after the first is missing by chance."""
    draw = np.random.default_rng(seed)
    shared = draw.normal(30, 7, size=(2 * per_arm, 1))
    scores = shared + draw.normal(0, 5, size=(2 * per_arm, visits + 1)).cumsum(axis=1)
    arm = np.repeat([0.0, 1.0], per_arm)
    after = scores[:, 1:] - 4 * arm[:, None]
    after[:, 1:][draw.random((2 * per_arm, visits - 1)) < missing] = np.nan
    return after, arm, scores[:, 0]
