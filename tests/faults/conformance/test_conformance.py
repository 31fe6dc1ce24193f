"""The interpreter ends every case as AWS documents it; tests/local/test_conformance.py asks the local cloud."""

from __future__ import annotations

import pytest

from tests.faults.conformance.case import Case
from tests.faults.conformance.cases import CASES
from tests.faults.conformance.running import on_interpreter


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_the_interpreter_ends_it_as_aws_does(case: Case) -> None:
    assert on_interpreter(case) == case.ending


def test_at_least_thirty_cases_end_alike_and_every_difference_says_why() -> None:
    assert len({case.rule for case in CASES}) == len(CASES)
    assert sum(case.locally is None for case in CASES) >= 30
    assert all(bool(case.differs) == (case.locally is not None) for case in CASES)
