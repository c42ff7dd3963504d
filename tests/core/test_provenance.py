"""The source list: a small regular part of BibTeX, read strictly."""

import re
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InputError
from reprieve.core.provenance import FIELDS, SeenHow, Source, load_sources, parse_sources

GOOD = "@article{feder2021,\n  author = {Feder A and others},\n  year = {2021},\n}\n"

keys = st.from_regex(r"[a-z][a-z0-9]{0,12}", fullmatch=True)
words = st.text(
    st.characters(blacklist_characters="{}", blacklist_categories=["C", "Z"]), min_size=1, max_size=12
)
values = st.lists(words, min_size=1, max_size=4).map(" ".join)
entries = st.dictionaries(
    keys, st.dictionaries(st.sampled_from(FIELDS), values, min_size=1, max_size=5), min_size=1, max_size=5
)


@given(entries)
def test_what_is_written_is_read_back(table: dict[str, dict[str, str]]) -> None:
    """Invariant: parse(bibtex(source)) is source, for any fields."""
    written = [Source(key, "misc", MappingProxyType(fields)) for key, fields in table.items()]

    read = parse_sources("\n% a remark\n".join(source.bibtex() for source in written))

    assert list(read.values()) == written


def test_the_shipped_list_is_read_back() -> None:
    """Invariant: nothing in the file is lost by the reader."""
    sources = load_sources()

    assert dict(parse_sources("\n".join(source.bibtex() for source in sources.values()))) == dict(sources)


@pytest.mark.parametrize("key", ["assumption", "derivation", "definition", "feder2021", "nct01920555"])
def test_the_shipped_list_has(key: str) -> None:
    """Invariant: the special entries and the sources that the demonstration rests on."""
    assert key in load_sources()


def test_every_source_prints_as_one_line_with_something_to_find_it_by() -> None:
    """Invariant: `reprieve cite` gives one line per source."""
    for source in load_sources().values():
        assert len(source.citation().splitlines()) == 1
        assert len(source.citation()) > 15, source.key


def test_identifiers_have_their_form() -> None:
    """Invariant: a DOI starts with 10., PMID is digits, PMCID is PMC and digits, a year has four digits."""
    forms = {"doi": r"10\.\d{4,9}/\S+", "pmid": r"\d{6,8}", "pmcid": r"PMC\d+", "year": r"(19|20)\d\d"}

    wrong = [
        f"{source.key} {name}"
        for source in load_sources().values()
        for name, form in forms.items()
        if name in source.fields and not re.fullmatch(form, source.fields[name])
    ]

    assert not wrong


def test_no_identifier_is_used_twice() -> None:
    """Invariant: one paper, one entry."""
    for name in ("doi", "pmid", "pmcid"):
        used = [s.fields[name].lower() for s in load_sources().values() if name in s.fields]
        assert len(used) == len(set(used)), name


def test_citation_of_a_paper() -> None:
    """Closed form: author, title, journal, year, volume, pages, identifiers, in that order."""
    fields = {"author": "Feder A and Costi S and others", "title": "T", "year": "2021", "journal": "J"}
    fields |= {"volume": "178", "pages": "193-202", "doi": "10.1/x"}

    assert (
        Source("a", "article", fields).citation()
        == "Feder A, Costi S et al. T. J 2021;178:193-202. doi:10.1/x"
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (GOOD + GOOD, "feder2021"),
        (GOOD + "stray", "after feder2021"),
        ("@article{a b, year = {2021},}", "after the first entry"),
        ("@article{x, year = {2021}, year = {2022},}", "x: year"),
        ("@article{x, colour = {red},}", "x: colour"),
        ("@article{x, year = 2021,}", "sources.bib: x"),
        ('@article{x, year = "2021",}', "sources.bib: x"),
        ("@article{x, note = {a {b {c}}},}", "sources.bib: x"),
        ("@article{x, note = {},}", "x: note"),
        ("@article{x, }", "x: '': has no field"),
        ("@article{x, year = {2021},", "sources.bib: x"),
        ("@article{x", "after the first entry"),
    ],
)
def test_anything_else_is_refused_by_name(text: str, part: str) -> None:
    """Invariant: a broken list stops the program, and the line says at which entry."""
    with pytest.raises(InputError) as caught:
        parse_sources(text)

    assert part in str(caught.value)


def test_seen_has_six_words() -> None:
    """Invariant: the words that data files and reports use."""
    assert set(SeenHow) == {"full text", "abstract", "secondary", "unverified", "assumed", "derived"}
