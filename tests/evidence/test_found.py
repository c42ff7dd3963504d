"""How the studies were found: the flow is a count of the records, and no systematic search is claimed."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace

from reprieve.evidence.found import found
from reprieve.evidence.package.load import PACKAGED, load
from tests.evidence.invented import trial


def column(table: str, name: str) -> Counter[str]:
    with (PACKAGED / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return Counter(line[name] for line in csv.DictReader(file))


def test_the_flow_is_a_recount_of_the_tables() -> None:
    """Independent recomputation: decisions and pools counted in the CSV files."""
    decisions, pools = column("screened", "decision"), column("studies", "pool")
    flow = found(load()).flow

    assert flow["records screened"] == decisions.total()
    for decision in ("included", "context", "awaiting", "excluded"):
        assert flow[f"records {decision}"] == decisions[decision]
    assert set(decisions) <= {"included", "context", "awaiting", "excluded"}
    assert flow["trials of ketamine for PTSD"] == pools["ptsd"] == 8
    assert sum(flow[name] for name in flow if not name.startswith("records")) == pools.total()


def test_every_record_has_a_decision_and_a_reason() -> None:
    """Contract (issue 3): screened records with reasons."""
    held = found(load())

    assert held.screened == load().screened
    assert held.searches == load().searches
    assert held.searches
    assert all(one.reason and one.record for one in held.screened)


def test_no_systematic_search_is_said() -> None:
    """Contract (issue 3): where no systematic search stands behind it, it says so."""
    assert "No systematic search" in found(load()).statement


def test_the_flow_follows_the_package() -> None:
    """Invariant: one trial more, one record less."""
    package = trial(load(), "new2030")
    package = replace(package, screened=package.screened[1:])
    before, after = found(load()).flow, found(package).flow

    assert after["trials of ketamine for PTSD"] == before["trials of ketamine for PTSD"] + 1
    assert after["records screened"] == before["records screened"] - 1
