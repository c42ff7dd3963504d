"""A fit on disk: read back as written, refused when changed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from reprieve.calibration.store import Key, read, read_header, shipped, write
from reprieve.core.errors import InputError
from tests.calibration.toys import efficacy_draws, header, put

CHAIN = Key("efficacy", "chain")


def test_draws_come_back_in_single_precision(tmp_path: Path) -> None:
    """Invariant: what is read is what was written, rounded to float32."""
    draws = efficacy_draws()

    write(CHAIN, header(tuple(draws)), draws, tmp_path)

    found = read(CHAIN, tmp_path)
    assert list(found.draws) == list(draws)
    assert found.size == 12
    for name, values in draws.items():
        assert np.array_equal(found.draws[name], values.astype(np.float32).astype(np.float64))
    assert found.header["studies"] == ["feder2014", "duek2023"]


def test_the_same_fit_gives_the_same_bytes(tmp_path: Path) -> None:
    """Invariant: a fit that is written again shows no difference."""
    draws = efficacy_draws()
    first, second = (write(CHAIN, header(tuple(draws)), draws, tmp_path / name) for name in ("a", "b"))

    assert first.read_bytes() == second.read_bytes()
    assert first.with_suffix(".f4").read_bytes() == second.with_suffix(".f4").read_bytes()


def test_draws_cannot_be_changed_in_memory(tmp_path: Path) -> None:
    """Invariant: nobody changes the posterior of everybody else."""
    held = read(CHAIN, put(tmp_path))

    with pytest.raises(ValueError, match="read-only"):
        held.draws["nondrug_belief"][0] = 0
    with pytest.raises(TypeError):
        held.draws["nondrug_belief"] = np.zeros(3)  # type: ignore[index]


@pytest.mark.parametrize("suffix", [".f4", ".json"])
def test_a_changed_byte_is_refused(suffix: str, tmp_path: Path) -> None:
    """Invariant: the digest covers header and draws."""
    path = put(tmp_path) / f"{CHAIN}{suffix}"
    raw = bytearray(path.read_bytes())
    place = raw.index(b"0.1") + 2 if suffix == ".json" else 5
    raw[place] ^= 1
    path.write_bytes(bytes(raw))

    with pytest.raises(InputError, match=r"posterior: 'efficacy-chain': its files are not what the fit wrote"):
        read(CHAIN, tmp_path)
    assert read_header(CHAIN, tmp_path) is None


@pytest.mark.parametrize(
    ("text", "rule"),
    [("{", "is not JSON"), ("[]", "is not of the form"), (json.dumps({"schema": "other"}), "is not of the form")],
)
def test_another_header_is_refused(text: str, rule: str, tmp_path: Path) -> None:
    """Invariant: one line says what is wrong and how to rebuild it."""
    (put(tmp_path) / f"{CHAIN}.json").write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=rule):
        read(CHAIN, tmp_path)


def test_a_fit_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Invariant: the error names the fit."""
    with pytest.raises(InputError, match=r"efficacy-chain--feder2014.*there is no such fit"):
        read(Key("efficacy", "chain", "feder2014"), tmp_path)
    assert shipped(tmp_path / "nowhere") == []


def test_draws_of_two_lengths_are_refused(tmp_path: Path) -> None:
    """Invariant: draw i is one draw of every parameter."""
    with pytest.raises(InputError, match="one length"):
        write(CHAIN, {}, {"a": np.zeros(3), "b": np.zeros(4)}, tmp_path)


def test_what_json_cannot_hold_becomes_null(tmp_path: Path) -> None:
    """Invariant: a figure that could not be computed is null, never a wrong number."""
    write(CHAIN, {"r_hat": float("nan"), "worst": np.float64(1.23456789012)}, {"a": np.zeros(2)}, tmp_path)

    found = read(CHAIN, tmp_path).header
    assert found["r_hat"] is None
    assert found["worst"] == 1.2345679
