"""What a design file may hold. Everything a trial needs stands here once; unknown keys are refused.

Days count from the first infusion of an arm, day 0; the baseline visit is read at day 0 before it, screening earlier.
Scores are named as the model names them: caps5, pcl5, iesr. The control is the first arm whose role is not ketamine.
The baseline is always a covariate. A seed is no part of a design.

A crossover gives `second` to everybody on the same day: `washout_d` after the last infusion that any arm gives in the
first period (`schedule.second_start_d`). Its visits are days of a period, so `days` holds for both.

Added since the first form, all with defaults that change nothing: `site_sd_points`, `disposition`,
`Estimand.withdrawn`, `Analysis.contrast`, `Analysis.multiplicity`. A reader that cannot carry out a value refuses it
by the name of the field; it never passes it over. `load.read_design` gives a form in which no two fields contradict
each other.

This module loads pydantic: import it where it is needed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reprieve.core.schemas import Strict

type Score = Literal["caps5", "pcl5", "iesr"]
type Share = Annotated[float, Field(ge=0, le=1)]
type Positive = Annotated[float, Field(gt=0)]
type Day = Annotated[int, Field(ge=0, le=730)]
type NotNegative = Annotated[float, Field(ge=0)]
type Strategy = Literal["treatment_policy", "hypothetical", "composite", "while_on_treatment"]
type Shape = Literal["obrien_fleming", "pocock", "lan_demets_obrien_fleming", "lan_demets_pocock", "none"]


class Entry(Strict):
    """Who is let in: a reading of `score` at screening of at least `minimum` (and at most `maximum`)."""

    score: Score = "caps5"
    minimum: float | None = None
    maximum: float | None = None
    screening_day: Annotated[int, Field(ge=-60, le=0)] = 0


class Baseline(Strict):
    """The latent baseline in the population; what is not given is the profile's own."""

    caps5_mean: Positive | None = None
    caps5_sd: Positive | None = None


class ArmForm(Strict):
    """An arm. `regimen` is the one-line language; `second` is what a crossover gives after the washout.

    `masked`: given under anaesthesia, so that nothing is felt. `psychotherapy`: trauma-focused therapy beside it.
    """

    name: str = Field(min_length=1)
    regimen: str = Field(min_length=1)
    second: str | None = None
    role: Literal["ketamine", "active", "inert"]
    patients: Annotated[int, Field(ge=1)] | None = None
    masked: bool = False
    psychotherapy: bool = False


class Allocation(Strict):
    """`patients` in all, split by `ratio` (one number per arm, in order); shares that do not divide are refused."""

    patients: Annotated[int, Field(ge=2)]
    ratio: list[Annotated[int, Field(ge=1)]] = Field(min_length=2)


class Visits(Strict):
    """When `score` is read after baseline; `primary_day` is one of `days`."""

    score: Score = "caps5"
    days: list[Day] = Field(min_length=1)
    primary_day: Day


class Dropout(Strict):
    """`model`: the hazard that follows score and dissociation; `scale` multiplies it; `none`: everybody stays."""

    kind: Literal["model", "none"] = "model"
    scale: NotNegative = 1.0


class Rescue(Strict):
    """Rescue medicine that lowers the score by `points`.

    Given to those whose score from `from_day` on is still above `share_of_baseline` of their baseline.
    """

    from_day: Day
    share_of_baseline: Share
    points: Positive


class Estimand(Strict):
    """The question: how stopping treatment, rescue medicine and withdrawal count.

    `treatment_policy` takes scores whatever happened, `hypothetical` as if it had not, `composite` counts it as
    failure, `while_on_treatment` takes what was read before. `withdrawn`: left the trial, later scores are not read.
    """

    stopped: Strategy = "treatment_policy"
    rescue: Strategy = "treatment_policy"
    withdrawn: Strategy = "hypothetical"
    dropout: Dropout = Dropout()
    rescue_rule: Rescue | None = None


class Analysis(Strict):
    """The primary analysis at two-sided `alpha`.

    `contrast`: `each` ketamine arm against the control, or one `trend` in the dose over all arms, control at dose 0.
    `multiplicity`: each of m comparisons at alpha / m (`bonferroni`) or at alpha (`none`); one is tested at alpha.
    """

    method: Literal["mmrm", "ancova", "responders", "loss_of_response", "crossover"] = "mmrm"
    degrees: Literal["kenward-roger", "satterthwaite"] = "kenward-roger"
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    response_share: Share = 0.3
    contrast: Literal["each", "trend"] = "each"
    multiplicity: Literal["bonferroni", "none"] = "bonferroni"


class Look(Strict):
    """An interim look when `information` of the patients have their primary visit."""

    information: Annotated[float, Field(gt=0, lt=1)]


class Interim(Strict):
    """Looks, bounds and dropping of arms. Futility is not binding: it costs power, never error."""

    looks: list[Look] = Field(min_length=1)
    efficacy: Shape = "lan_demets_obrien_fleming"
    futility_z: float | None = None
    drop_arms_below_z: float | None = None


class Protocol(Strict):
    """Which session rules steer the infusions: the shipped rule file, with limits of the site in place of its own."""

    rules: Literal["shipped", "none"] = "none"
    limits: dict[str, float] = Field(default_factory=dict)
    pause_min: Positive = 10.0
    slow_factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    check_every_min: Positive = 5.0


class Blinding(Strict):
    """Belief follows what is felt (`follows`) or is held at `level` for everybody (`fixed`)."""

    kind: Literal["follows", "fixed"] = "follows"
    level: Annotated[float, Field(gt=0, lt=1)] | None = None


class DesignForm(Strict):
    """A trial.

    `site_sd_points`: SD between sites of a shift of every reading after baseline, in points of the visits' score;
    what sessions feel like differs between sites by the model itself. `disposition`: the kinetic model, `model=` of
    `simulate`; the default knows infusions only.
    """

    form: int = Field(alias="schema", ge=1, le=1)
    name: str = Field(min_length=1)
    kind: Literal["parallel", "crossover"] = "parallel"
    population: Literal["civilian", "veteran"] = "civilian"
    sites: Annotated[int, Field(ge=1, le=500)] = 1
    site_sd_points: NotNegative = 0.0
    disposition: str = Field(default="reprieve_iv_default", min_length=1)
    washout_d: Positive | None = None
    entry: Entry = Entry()
    baseline: Baseline = Baseline()
    arms: list[ArmForm] = Field(min_length=2)
    allocation: Allocation | None = None
    visits: Visits
    estimand: Estimand = Estimand()
    analysis: Analysis = Analysis()
    blinding: Blinding = Blinding()
    interim: Interim | None = None
    protocol: Protocol = Protocol()
