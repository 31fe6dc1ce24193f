"""The interpreter ends every case as AWS documents it, and the local cloud's Step Functions ends it alike."""

from __future__ import annotations

import pytest

from local.connected import Connected
from tests.cloud import ON_CLOUD
from tests.faults.conformance.case import Case, Ending
from tests.faults.conformance.language import CHOICES, VALUES, WAITS_AND_ENDS
from tests.faults.conformance.redemptions import PRODUCT
from tests.faults.conformance.running import on_interpreter, on_local_cloud
from tests.faults.conformance.tasks import FUNCTIONS, WORKERS

CASES = [*VALUES, *CHOICES, *WAITS_AND_ENDS, *FUNCTIONS, *WORKERS, *PRODUCT]
ALIKE = [case for case in CASES if case.locally is None]

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)


@pytest.fixture(scope="module")
def local_endings(cloud: Connected) -> dict[str, Ending]:
    """How the local cloud ends them, by rule."""
    return on_local_cloud(cloud, CASES)


@every_case
def test_the_interpreter_ends_it_as_aws_does(case: Case) -> None:
    assert on_interpreter(case) == case.ending


@pytest.mark.parametrize("case", [pytest.param(case, marks=ON_CLOUD, id=case.rule) for case in CASES])
def test_the_local_cloud_ends_it_alike_or_as_is_known(case: Case, local_endings: dict[str, Ending]) -> None:
    assert local_endings[case.rule] == (case.locally or case.ending), case.differs


def test_at_least_thirty_cases_end_alike_and_every_difference_says_why() -> None:
    assert len({case.rule for case in CASES}) == len(CASES)
    assert len(ALIKE) >= 30
    assert all(case.differs for case in CASES if case.locally)
