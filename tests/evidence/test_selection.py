"""Selection: one effect per trial, nobody hidden, nothing chosen by its result."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.core.provenance import VERIFIED, SeenHow
from reprieve.evidence.candidates import candidates
from reprieve.evidence.package.load import Package, load
from reprieve.evidence.selection import SECOND_HAND, Filters, Selection, select
from reprieve.evidence.timepoints import TimePoint, timepoint
from tests.evidence.invented import HIERARCHY, SERIES, overlap, reading, row, trial, values, with_trial

POINTS: list[tuple[str, str | None]] = [
    *(("24h", None), ("1w", None), ("2w", None), ("eot", None), ("4w", None)),
    *(("1w", "last"), ("2w", "last"), ("4w", "first")),
]
TRIALS = {
    *("feder2014", "feder2021", "abdallah2022", "dadabayev2020", "pradhan2017", "pradhan2018", "duek2023"),
    "beaglehole2025",
}
EVERYTHING = frozenset(SeenHow)
FEW = settings(max_examples=20)
WISHES = {
    "all": Filters(),
    "active": Filters(comparator="active"),
    "inert": Filters(comparator="inert"),
    "veteran": Filters(population="veteran"),
    "civilian": Filters(population="civilian"),
    "IES-R": Filters(instrument="IES-R"),
    "second-hand": Filters(trusted=SECOND_HAND),
    "everything": Filters(trusted=EVERYTHING),
    "change": Filters(analysis="change"),
    "adjusted": Filters(analysis="adjusted"),
}


def chosen(package: Package, at: str, filters: Filters | None = None, since: str | None = None) -> dict[str, str]:
    return {one.study: one.row_id for one in select(package, timepoint(at, since), filters).chosen}


def out_of(found: Selection, study: str) -> dict[str, str]:
    return {one.kind: one.reason for one in found.left_out if one.study == study}


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize(("at", "since"), POINTS)
def test_nobody_is_hidden(at: str, since: str | None, wish: str) -> None:
    """Invariant: each PTSD trial is in the pool or left out with a reason, at every time point, for every wish."""
    found = select(load(), timepoint(at, since), WISHES[wish])

    studies = [one.study for one in found.chosen]
    assert len(studies) == len(set(studies))
    assert set(studies) | {one.study for one in found.left_out} == TRIALS
    assert all(one.kind and one.reason.strip() for one in found.left_out)
    assert not {one.row_id for one in found.chosen} & {one.row_id for one in found.left_out}
    assert len(found.left_out) == len(set(found.left_out))


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize(("at", "since"), POINTS)
def test_every_figure_in_the_window_is_chosen_or_left_out(at: str, since: str | None, wish: str) -> None:
    """Invariant: no row with an effect disappears, whatever is asked for."""
    package, point = load(), timepoint(at, since)
    found = select(package, point, WISHES[wish])

    named = {one.row_id for one in found.chosen} | {one.row_id for one in found.left_out}
    whole = {one.study for one in found.left_out if one.kind == "population"}
    missing = [
        one.row_id
        for study in package.studies
        if study.pool == "ptsd" and study.study not in whole
        for one in candidates(package, study)
        if one.poolable and in_window(one.day, one.days_since_last, one.doses_given, point)
        if one.row_id not in named
    ]
    assert missing == []


def in_window(day: float | None, since_last: float | None, doses: int, point: TimePoint) -> bool:
    """The window written again."""
    at = day if point.since == "first" else since_last
    return at is not None and point.from_day <= at <= point.to_day and (doses == 1 or not point.single_dose_only)


@pytest.mark.parametrize(("at", "since"), POINTS)
def test_every_difference_that_a_trial_printed_is_chosen_or_left_out(at: str, since: str | None) -> None:
    """Invariant (issue 3): a contrast with a figure is named even where it cannot be standardised."""
    package, point = load(), timepoint(at, since)
    found = select(package, point)

    named = {one.row_id for one in found.chosen} | {one.row_id for one in found.left_out}
    missing = [
        one.row_id
        for one in package.contrasts
        if one.study in TRIALS and one.instrument in HIERARCHY and one.day is not None
        if one.estimate is not None or one.smd is not None
        if in_window(
            one.day,
            package.days_since_last(one.study, one.arm1, one.day),
            package.doses_given(one.study, one.arm1, one.day),
            point,
        )
        if one.row_id not in named
    ]
    assert missing == []


@pytest.mark.parametrize("asked", ["active", "inert"])
@pytest.mark.parametrize(("at", "since"), POINTS)
def test_words_of_another_comparator_are_left_out_for_their_comparator(at: str, since: str | None, asked: str) -> None:
    """Invariant: only trials with the comparator asked for are said to lack figures."""
    package = load()
    found = select(package, timepoint(at, since), Filters(comparator=asked))
    roles = {name: {one.role for one in package.arms if one.study == name} for name in TRIALS}

    silent = {one.study for one in found.left_out if one.kind == "no figures"}
    assert {name for name in silent if asked not in roles[name]} == set()


@pytest.mark.parametrize(("at", "since"), POINTS)
def test_nothing_unverified_enters_unasked(at: str, since: str | None) -> None:
    """Invariant (issue 3): by default only what was read in the paper, its abstract or the register is pooled."""
    found = select(load(), timepoint(at, since))

    assert {one.seen for one in found.chosen} <= {SeenHow.FULL_TEXT, SeenHow.ABSTRACT}
    assert not any(one.needs_assumption for one in found.chosen)


@pytest.mark.parametrize(("at", "since"), POINTS)
def test_the_count_of_unverified_is_a_recount(at: str, since: str | None) -> None:
    """Independent recomputation: effects of PTSD trials in the window that nobody saw in the paper."""
    package, point = load(), timepoint(at, since)
    recount = Counter(
        one.seen
        for study in package.studies
        if study.pool == "ptsd"
        for one in candidates(package, study)
        if (one.poolable or one.printed) and in_window(one.day, one.days_since_last, one.doses_given, point)
    )

    found = select(package, point)

    assert found.count("second-hand") == recount[SeenHow.SECONDARY]
    assert found.count("unverified") == recount[SeenHow.UNVERIFIED] + recount[SeenHow.ASSUMED]


def test_the_quoted_primary_result_enters_when_asked_for() -> None:
    """Published -12.7 on the IES-R at 24 hours (Feder 2014), seen second-hand only."""
    assert chosen(load(), "24h") == {}
    assert chosen(load(), "24h", Filters(trusted=SECOND_HAND)) == {"feder2014": "c0001"}
    assert out_of(select(load(), timepoint("24h")), "feder2014").keys() >= {"second-hand", "unverified"}


@pytest.mark.parametrize("seen", list(SeenHow))
@pytest.mark.parametrize("trusted", [VERIFIED, SECOND_HAND, EVERYTHING], ids=["verified", "second-hand", "everything"])
def test_trust_decides_who_enters(seen: SeenHow, trusted: frozenset[SeenHow]) -> None:
    """Invariant: a row enters if and only if how it was seen is trusted; else it is counted."""
    package = reading(trial(load(), "new2030"), "new2030", 7, seen=seen)
    found = select(package, timepoint("1w"), Filters(trusted=trusted))

    assert ("new2030" in {one.study for one in found.chosen}) == (seen in trusted)
    if seen not in trusted:
        kind = "second-hand" if seen is SeenHow.SECONDARY else "unverified"
        assert list(out_of(found, "new2030")) == [kind]


@pytest.mark.parametrize("pool", ["depression", "context"])
@pytest.mark.parametrize("at", ["24h", "1w", "2w", "eot", "4w"])
def test_depression_and_context_never_enter(pool: str, at: str) -> None:
    """Invariant (issue 3): their rows turned into CAPS-5 from the full text change nothing at all."""
    package = load()
    others = {one.study for one in package.studies if one.pool == pool}
    turned = replace(
        package,
        outcomes=tuple(
            replace(one, instrument="CAPS-5", measure="mean", seen="full text", subscale=None)
            if one.study in others
            else one
            for one in package.outcomes
        ),
        contrasts=tuple(
            replace(one, instrument="CAPS-5", seen="full text") if one.study in others else one
            for one in package.contrasts
        ),
    )
    assert turned != package

    for filters in (Filters(), Filters(trusted=EVERYTHING)):
        assert select(turned, timepoint(at), filters) == select(package, timepoint(at), filters)


@given(instrument=st.sampled_from(HIERARCHY), day=st.floats(0.5, 42), pool=st.sampled_from(["depression", "context"]))
def test_a_perfect_depression_trial_never_enters(instrument: str, day: float, pool: str) -> None:
    """Invariant: it is the study's pool that counts, not its scale."""
    package = reading(trial(load(), "mood2030", pool=pool), "mood2030", day, instrument=instrument)

    for at, since in POINTS:
        found = select(package, timepoint(at, since), Filters(trusted=EVERYTHING))
        assert "mood2030" not in {one.study for one in found.chosen} | {one.study for one in found.left_out}


@pytest.mark.parametrize(
    ("day", "doses", "at"),
    [
        (1.0, (0.0,), {"24h", "eot"}),
        (1.0, SERIES, {"24h", "eot"}),
        (3.0, SERIES, {"eot"}),
        (2.0, SERIES, set()),
        (5.0, SERIES, {"1w", "eot"}),
        (14.0, SERIES, {"2w", "eot"}),
        (28.0, SERIES, set()),
        (39.0, SERIES, {"4w"}),
        (28.0, (0.0,), {"4w"}),
        (7.0, (0.0,), {"1w", "eot"}),
        (0.0, (0.0,), set()),
        (-1.0, (0.0,), set()),
    ],
)
def test_which_pools_a_reading_may_enter(day: float, doses: tuple[float, ...], at: set[str]) -> None:
    """Closed form: days counted by hand; with a second dose given a reading is no early effect any more."""
    package = with_trial("new2030", day, doses)

    assert {key for key in ("24h", "1w", "2w", "eot", "4w") if "new2030" in chosen(package, key)} == at


@given(day=st.floats(0, 60), gaps=st.lists(st.floats(0.25, 10), max_size=5))
def test_early_and_late_never_mix(day: float, gaps: list[float]) -> None:
    """Invariant: what is in the 24-hour pool had one dose; what is in a late pool is that far from the last dose."""
    doses = [sum(gaps[:i]) for i in range(len(gaps) + 1)]
    package = with_trial("new2030", day, doses)
    before = [one for one in doses if one <= day]

    early, late = chosen(package, "24h"), chosen(package, "4w")

    assert ("new2030" in early) == (0.5 <= day <= 3 and len(before) == 1)
    assert ("new2030" in late) == (21 <= day - before[-1] <= 42)


def test_since_moves_a_reading_to_another_pool() -> None:
    """Closed form: day 28 of a course that ends on day 11 is 4 weeks from the first dose, 17 days from the last."""
    package = with_trial("new2030", 28, SERIES)

    assert "new2030" in chosen(package, "4w", since="first")
    assert "new2030" not in chosen(package, "4w")
    assert "new2030" in chosen(package, "2w", since="last")
    assert "new2030" not in chosen(package, "2w")


@pytest.mark.parametrize(("days", "best"), [((4, 7, 9), 7), ((6, 8), 6), ((4, 10), 4), ((10, 9), 9)])
def test_the_reading_nearest_the_nominal_day_stands_for_the_trial(days: tuple[float, ...], best: float) -> None:
    """Contract: nearest to day 7, of two as near the earlier; the others are named."""
    package = trial(load(), "new2030")
    for day in days:
        package = reading(package, "new2030", day)

    found = select(package, timepoint("1w"))

    assert {one.row_id for one in found.chosen if one.study == "new2030"} == {row("new2030", best)}
    left = {one.row_id: one.kind for one in found.left_out if one.study == "new2030"}
    assert left == {row("new2030", day): "other row" for day in days if day != best}


@pytest.mark.parametrize("lower", HIERARCHY[1:])
def test_the_hierarchy_beats_the_better_result_and_the_nearer_day(lower: str) -> None:
    """Contract: a study with CAPS-5 is never represented by another scale, however large the effect there."""
    package = reading(with_trial("new2030", 10), "new2030", 7, instrument=lower, ketamine=(0, 1, 200))

    assert chosen(package, "1w")["new2030"] == row("new2030", 10)


def test_a_better_second_scale_does_not_stand_for_a_trial() -> None:
    """Contract: Feder 2021 given a huge IES-R effect still counts by CAPS-5."""
    package = reading(load(), "feder2021", 14, instrument="IES-R", ketamine=(0, 1, 15))

    assert chosen(package, "2w")["feder2021"] == "c0008"
    assert out_of(select(package, timepoint("2w")), "feder2021")["other row"].endswith("c0008")
    asked = chosen(package, "2w", Filters(instrument="IES-R"))
    assert asked == {"feder2021": row("feder2021", 14, "IES-R")}


@given(order=st.permutations(HIERARCHY), keep=st.integers(1, len(HIERARCHY)))
def test_the_highest_instrument_is_chosen_whatever_the_order_of_rows(order: list[str], keep: int) -> None:
    """Invariant: the order of rows in the table does not matter."""
    package = trial(load(), "new2030")
    for instrument in order[:keep]:
        package = reading(package, "new2030", 7, instrument=instrument)

    best = min(order[:keep], key=HIERARCHY.index)
    assert chosen(package, "1w")["new2030"] == row("new2030", 7, best)


@pytest.mark.parametrize(("wish", "measure"), [("final", "mean"), ("change", "change"), ("adjusted", "mean")])
def test_final_scores_are_preferred_unless_another_analysis_is_asked_for(wish: str, measure: str) -> None:
    """Contract: final scores before change scores, as the standardiser is fixed."""
    package = with_trial()
    package = reading(package, "new2030", 7, measure="change", ketamine=(-20, 9, 30), control=(-5, 9, 28))

    assert chosen(package, "1w", Filters(analysis=wish))["new2030"] == row("new2030", 7, measure=measure)


@FEW
@given(scale=st.floats(0.01, 10).flatmap(lambda size: st.sampled_from([size, -size])))
def test_nothing_is_chosen_by_its_result(scale: float) -> None:
    """Invariant: every value scaled or its sign turned, the same rows stand for the same trials."""
    other = values(load(), scale)

    for at, since in POINTS:
        for filters in (Filters(), Filters(trusted=EVERYTHING)):
            assert chosen(other, at, filters, since) == chosen(load(), at, filters, since)


@FEW
@given(data=st.data())
def test_any_other_scores_choose_the_same_rows(data: st.DataObject) -> None:
    """Invariant: each arm's score replaced by an arbitrary one, row by row."""
    package = load()
    new = iter(data.draw(st.lists(st.floats(0, 80), min_size=120, max_size=120)))
    ptsd = {one.study for one in package.studies if one.pool == "ptsd"}
    scored = [one.row_id for one in package.outcomes if one.study in ptsd and one.instrument in HIERARCHY]
    value = dict(zip(scored, new, strict=False))
    other = replace(
        package,
        outcomes=tuple(replace(one, value=value.get(one.row_id, one.value)) for one in package.outcomes),
    )

    for at, since in POINTS:
        assert chosen(other, at, since=since) == chosen(package, at, since=since)


@FEW
@given(data=st.data())
def test_the_order_of_the_tables_does_not_matter(data: st.DataObject) -> None:
    """Invariant: rows shuffled, the same selection."""
    package = with_trial()
    other = replace(
        package,
        studies=tuple(data.draw(st.permutations(package.studies))),
        contrasts=tuple(data.draw(st.permutations(package.contrasts))),
    )

    for at, since in POINTS:
        before, after = select(package, timepoint(at, since)), select(other, timepoint(at, since))
        assert after.chosen == before.chosen
        assert {(one.study, one.row_id, one.kind) for one in after.left_out if one.kind != "no figures"} == {
            (one.study, one.row_id, one.kind) for one in before.left_out if one.kind != "no figures"
        }


@pytest.mark.parametrize("kept", ["feder2014", "duek2023"])
def test_participants_are_counted_once(kept: str) -> None:
    """Invariant: of two chosen trials that share participants one stays; the other is named with the reason."""
    (lost,) = {"feder2014", "duek2023"} - {kept}
    package = overlap(load(), "duek2023", "feder2014", kept)

    found = select(package, timepoint("eot"))

    assert {one.study for one in found.chosen} == {kept, "feder2021"}
    reason = out_of(found, lost)["overlap"]
    assert kept in reason
    assert "invented overlap" in reason


def test_an_overlap_with_a_trial_that_is_not_chosen_costs_nothing() -> None:
    """Invariant: abdallah2022 has no figures, so a trial that shares its patients is the only one to count them."""
    package = overlap(load(), "feder2014", "abdallah2022", "abdallah2022")

    assert chosen(package, "eot") == chosen(load(), "eot")


def test_the_stated_overlaps_are_honoured_wherever_both_have_figures() -> None:
    """Published overlap: pradhan2017's patients are probably among those of pradhan2018; given figures, one counts."""
    package = load()
    arms = {(one.study, one.arm): one for one in package.arms}
    for study in ("pradhan2017", "pradhan2018"):
        package = trial(replace(package, studies=tuple(s for s in package.studies if s.study != study)), study)
        package = replace(
            package, arms=tuple(one for one in package.arms if one.study != study or (one.study, one.arm) not in arms)
        )
        package = reading(package, study, 7)

    found = select(package, timepoint("1w"))

    assert "pradhan2018" in {one.study for one in found.chosen}
    assert "pradhan2017" not in {one.study for one in found.chosen}
    assert "pradhan2018" in out_of(found, "pradhan2017")["overlap"]


@pytest.mark.parametrize("role", ["active", "inert"])
@pytest.mark.parametrize("asked", ["active", "inert"])
def test_the_comparator_filter(role: str, asked: str) -> None:
    """Invariant: in if and only if the comparator is the one asked for."""
    package = reading(trial(load(), "new2030", role=role), "new2030", 7)
    found = select(package, timepoint("1w"), Filters(comparator=asked))

    assert {one.comparator for one in found.chosen} <= {asked}
    assert ("new2030" in {one.study for one in found.chosen}) == (role == asked)
    if role != asked:
        assert out_of(found, "new2030") == {"comparator": f"comparator is {role}"}


@pytest.mark.parametrize("population", ["veteran", "civilian", "mixed"])
@pytest.mark.parametrize("asked", ["veteran", "civilian"])
def test_the_population_filter(population: str, asked: str) -> None:
    """Invariant: in if and only if the people are those asked for."""
    package = reading(trial(load(), "new2030", population=population), "new2030", 7)
    found = select(package, timepoint("1w"), Filters(population=asked))

    people = {one.study: one.population for one in package.studies}
    assert {people[one.study] for one in found.chosen} <= {asked}
    assert ("new2030" in {one.study for one in found.chosen}) == (population == asked)
    if population != asked:
        assert out_of(found, "new2030") == {"population": f"population is {population}"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("comparator", "placebo"),
        ("comparator", ""),
        ("population", "firefighters"),
        ("instrument", "MADRS"),
        ("instrument", "caps-5"),
        ("analysis", "best"),
    ],
)
def test_an_unknown_wish_is_refused_by_name(field: str, value: str) -> None:
    """Contract: `InputError` names the field, the value and what is known."""
    with pytest.raises(InputError, match="must be one of") as caught:
        Filters(**{field: value})  # type: ignore[arg-type]

    assert field in str(caught.value)


def test_the_chosen_come_in_order_of_year() -> None:
    """Invariant: the order of a forest plot and of a cumulative pool."""
    assert [one.study for one in select(load(), timepoint("eot")).chosen] == ["feder2014", "feder2021", "duek2023"]
