"""Small-study effects: R metafor, published examples, closed forms, and the rule of ten."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest

from reprieve.evidence.pooling import begg, bias, egger, funnel, trim_fill
from tests.evidence.pooling.diagnostics import agrees, all_agree, cases, data, fixture, kind, name, refused
from tests.tolerance import close

SETS = ("bcg", "hackshaw1998", "egger2001", "raudenbush1985", "normand1999", "skewed", "alike", "ties")
FIGURES = ("slope", "slope_se", "statistic", "p", "estimate", "se", "estimate_p", "ci_low", "ci_high", "tau2")
POOL = ("estimate", "se", "p", "ci_low", "ci_high", "tau2", "se_k0", "p_k0")
MIRRORED = ("filled_yi", "filled_vi")
BCG: dict[str, list[float]] = fixture("bias")["data"]["bcg"]


def declared() -> set[tuple[Any, ...]]:
    rows: set[tuple[Any, ...]] = set()
    for held in SETS:
        rows |= {("regression", held, predictor, "lm", None, None) for predictor in ("sei", "vi")}
        rows |= {
            ("regression", held, predictor, "rma", method, test)
            for predictor, method, test in product(("sei", "vi"), ("REML", "DL", "ML"), ("knha", "z"))
        }
        rows |= {
            ("trim_fill", held, estimator, side, method, test)
            for estimator, side, (method, test) in product(
                ("L0", "R0"), ("auto", "left", "right"), (("REML", "knha"), ("REML", "z"), ("DL", "z"), ("EE", "z"))
            )
        }
        rows.add(("rank", held, None, None, None, None))
    return rows


def test_the_grid_is_complete() -> None:
    """Invariant: every declared case is in the fixture, once, and no other."""
    found = []
    for case in cases("bias"):
        middle = ("estimator", "side") if case["kind"] == "trim_fill" else ("predictor", "model")
        found.append(tuple(case.get(key) for key in ("kind", "data", *middle, "method", "test")))

    assert set(found) == declared()
    assert len(found) == len(set(found)) == 312


@pytest.mark.parametrize("case", cases("bias", "regression"), ids=name)
def test_regression(case: dict[str, Any]) -> None:
    """R metafor 3.8-1, regtest() by lm and rma on standard errors and variances (PET and PEESE)."""
    held = data("bias", case)
    choice = {key: case[key] for key in ("method", "test") if key in case}

    found = egger.egger(held["yi"], held["vi"], model=case["model"], predictor=case["predictor"], force=True, **choice)

    all_agree({one: getattr(found, one) for one in FIGURES}, case, FIGURES)


def test_where_the_search_of_metafor_is_caught_at_zero() -> None:
    """R metafor 3.8-1: ML of egger2001 on its variances stops at tau2 = 0, where the likelihood is lower by 1.9.

    From another start it ends where Reprieve does. No other case of the grid depends on the start.
    """
    caught = [
        case for case in cases("bias", "regression") if not math.isclose(case["tau2"], case["first_tau2"], rel_tol=0.1)
    ]
    caught = [case for case in caught if abs(case["tau2"] - case["first_tau2"]) > 1e-6]

    assert {(case["data"], case["predictor"], case["method"]) for case in caught} == {("egger2001", "vi", "ML")}
    assert all(case["first_tau2"] == 0 for case in caught)


@pytest.mark.parametrize("case", cases("bias", "trim_fill"), ids=name)
def test_trim_and_fill(case: dict[str, Any]) -> None:
    """R metafor 3.8-1, trimfill(); the filled pool by rma() with the test that was asked for."""
    held = data("bias", case)
    wanted = {key: case[key] for key in ("estimator", "side", "method", "test")}

    found = trim_fill.trim_fill(held["yi"], held["vi"], force=True, **wanted)

    assert (found.k0, found.side) == (case["k0"], case["found_side"])
    all_agree({one: getattr(found, one) for one in POOL}, case, POOL)
    put_in = {"filled_yi": [one.yi for one in found.filled], "filled_vi": [one.vi for one in found.filled]}
    for one in MIRRORED:
        assert agrees(put_in[one], case[one], kind(case))


@pytest.mark.parametrize("case", cases("bias", "rank"), ids=name)
def test_ranks(case: dict[str, Any]) -> None:
    """R metafor 3.8-1, ranktest(): exact p without ties, normal with them."""
    held = data("bias", case)

    found = begg.rank_test(held["yi"], held["vi"], force=True)

    all_agree({"tau": found.tau, "p": found.p}, case, ("tau", "p"))


def test_bcg_as_printed() -> None:
    """R metafor 3.8-1, printed output for dat.bcg: t = -1.4013 on 11 df, p 0.1887; one study missing on the right."""
    test = egger.egger(BCG["yi"], BCG["vi"])
    filled = trim_fill.trim_fill(BCG["yi"], BCG["vi"], test="z")

    assert (round(test.statistic, 4), test.df, round(test.p, 4)) == (-1.4013, 11, 0.1887)
    assert (filled.k0, filled.side, round(filled.se_k0, 4), round(filled.estimate, 4)) == (1, "right", 2.4528, -0.6571)


def test_egger_is_the_intercept_of_the_standardised_estimates() -> None:
    """Closed form (Egger 1997): y / se regressed on 1 / se by least squares has the asymmetry as its intercept."""
    y, se = np.array(BCG["yi"]), np.sqrt(BCG["vi"])
    design = np.column_stack([1 / se, np.ones(len(y))])
    (effect, asymmetry), (rest,) = np.linalg.lstsq(design, y / se)[:2]
    error = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * rest / (len(y) - 2))

    found = egger.egger(y, se**2)

    assert close([found.slope, found.estimate], [asymmetry, effect], "closed_form")
    assert close([found.slope_se, found.se], error[::-1], "closed_form")


@pytest.mark.parametrize(("effect", "chosen"), [(0.0, "PET"), (-2.0, "PEESE")])
def test_pet_peese_chooses_by_the_effect(effect: float, chosen: str) -> None:
    """Invariant (Stanley 2014): PEESE only where PET finds an effect; the estimate is that of the one chosen."""
    y, v = np.array(BCG["yi"]), np.array(BCG["vi"])
    flat = y - egger.egger(y, v).estimate + effect

    found = egger.pet_peese(flat, v)

    assert found.chosen == chosen
    assert found.estimate is (found.peese if chosen == "PEESE" else found.pet)
    assert found.pet == egger.egger(flat, v)
    assert found.peese == egger.egger(flat, v, predictor="vi")


def test_a_symmetric_funnel_lacks_nothing() -> None:
    """Closed form: estimates mirrored in pairs of one size have no slope and no missing study."""
    se = np.repeat([0.1, 0.2, 0.3, 0.4, 0.5], 2)
    y = np.tile([1.0, -1.0], 5) * se * np.repeat([1, 2, 1, 2, 1.5], 2)

    found = bias.small_study(y, se**2, method="EE", test="z")

    assert close([found.egger_lm.slope, found.egger_rma.slope], [0, 0], "closed_form")
    assert found.trim_fill_l0.k0 == 0
    assert found.trim_fill_l0.filled == ()
    assert close(found.trim_fill_l0.estimate, found.trim_fill_l0.observed, "closed_form")
    assert math.isnan(found.trim_fill_l0.p_k0)


def test_a_mirror_turns_everything_round() -> None:
    """Invariant: with the sign of the estimates changed, sides and signs change and nothing else."""
    y, v = np.array(BCG["yi"]), np.array(BCG["vi"])
    plain, turned = bias.small_study(y, v), bias.small_study(-y, v)

    assert close(turned.egger_rma.slope, -plain.egger_rma.slope, "closed_form")
    assert close(turned.rank.tau, -plain.rank.tau, "closed_form")
    for ours, other in ((plain.trim_fill_l0, turned.trim_fill_l0), (plain.trim_fill_r0, turned.trim_fill_r0)):
        assert (ours.side, ours.k0) == ("right" if other.side == "left" else "left", other.k0)
        assert close(ours.estimate, -other.estimate, "closed_form")


def test_a_filled_study_mirrors_one_that_is_there() -> None:
    """Closed form: the filled estimate is twice the trimmed pool minus its model, with the same variance."""
    labels = [f"trial {i}" for i in range(13)]

    found = trim_fill.trim_fill(BCG["yi"], BCG["vi"], labels, method="DL", test="z")

    (one,) = found.filled
    assert one.mirrors == labels[int(np.argmin(BCG["yi"]))]
    assert one.vi == BCG["vi"][int(np.argmin(BCG["yi"]))]


def test_the_run_of_highest_ranks() -> None:
    """Closed form (Duval 2000): R0 of nothing missing has p 1/2, and each missing study halves it."""
    found = trim_fill.trim_fill(BCG["yi"], BCG["vi"], estimator="R0")

    assert close(found.p_k0, 0.5 ** (found.k0 + 1), "closed_form")
    assert close(found.se_k0, math.sqrt(2 * found.k0 + 2), "closed_form")


@pytest.mark.parametrize(
    "call",
    [egger.egger, egger.pet_peese, trim_fill.trim_fill, begg.rank_test, bias.small_study],
    ids=lambda f: f.__name__,
)
def test_nine_studies_are_too_few_unless_asked_for(call: Any) -> None:
    """Sterne 2011 and Cochrane Handbook 13.3.5.4: no test for funnel asymmetry below ten studies."""
    line = refused(call, BCG["yi"][:9], BCG["vi"][:9])

    assert "studies: 9" in line
    assert "Sterne 2011" in line
    assert "13.3.5.4" in line
    assert "force" in line
    assert call(BCG["yi"][:9], BCG["vi"][:9], force=True) is not None
    assert "at least 3" in refused(call, BCG["yi"][:2], BCG["vi"][:2], force=True)


def test_what_was_forced_says_so() -> None:
    """Invariant: the warning travels with the result."""
    assert bias.small_study(BCG["yi"], BCG["vi"]).warnings == ()
    assert "asked for" in bias.small_study(BCG["yi"][:9], BCG["vi"][:9], force=True).warnings[0]


@pytest.mark.parametrize("call", [egger.egger, egger.pet_peese, trim_fill.trim_fill, begg.rank_test])
def test_studies_of_one_size_have_nothing_to_compare(call: Any) -> None:
    """Invariant: equal standard errors make the regression collinear and the ranks all tied."""
    assert "all equal" in refused(call, BCG["yi"], [0.1] * 13)
    assert "all equal" in refused(call, BCG["yi"], [0.1 * (1 + 1e-12 * i) for i in range(13)])


def test_studies_of_one_size_can_be_filled_on_a_side_that_is_named() -> None:
    """Invariant: only finding the side needs sizes that differ."""
    assert trim_fill.trim_fill(BCG["yi"], [0.1] * 13, side="left").side == "left"


def test_the_unit_does_not_matter() -> None:
    """Invariant: estimates in a unit a million times larger keep every p, k0 and tau."""
    y, v = np.array(BCG["yi"]), np.array(BCG["vi"])
    plain, scaled = bias.small_study(y, v, method="DL"), bias.small_study(y * 1e-6, v * 1e-12, method="DL")

    assert close(scaled.egger_rma.p, plain.egger_rma.p, "closed_form")
    assert close(scaled.pet_peese.estimate.estimate_p, plain.pet_peese.estimate.estimate_p, "closed_form")
    assert scaled.trim_fill_r0.k0 == plain.trim_fill_r0.k0
    assert scaled.rank == plain.rank


def test_the_contours_are_normal_and_centred_on_no_effect() -> None:
    """Closed form: 1.645, 1.960 and 2.576 standard errors from zero."""
    found = funnel.contours([0.0, 0.5, 1.0])

    assert [one.level for one in found] == [0.90, 0.95, 0.99]
    assert [round(one.high[2], 3) for one in found] == [1.645, 1.960, 2.576]
    assert found[0].low[0] == found[0].high[0] == 0
    assert close(found[1].low[1], -found[1].high[1], "closed_form")
    assert close(funnel.contours(1.0, reference=0.3)[1].high[0], found[1].high[2] + 0.3, "closed_form")


def test_what_is_refused() -> None:
    """Invariant: one line with the value and the rule."""
    y, v = BCG["yi"], BCG["vi"]
    assert "model" in refused(egger.egger, y, v, model="glm")
    assert "predictor" in refused(egger.egger, y, v, predictor="ni")
    assert "alpha" in refused(egger.pet_peese, y, v, alpha=0)
    assert "estimator" in refused(trim_fill.trim_fill, y, v, estimator="Q0")
    assert "side" in refused(trim_fill.trim_fill, y, v, side="up")
    assert "se" in refused(funnel.contours, [-0.1])
    assert "level" in refused(funnel.contours, [0.1], levels=[95])
    assert "R0 is not defined" in refused(trim_fill.trim_fill, [1.0] * 13, v, side="left", estimator="R0")
