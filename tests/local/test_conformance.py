"""The local cloud's Step Functions ends the interpreter's cases alike, or differs from AWS in the way that is known."""

from __future__ import annotations

import pytest

from local.connected import Connected
from tests.cloud import ON_CLOUD
from tests.faults.conformance.case import Case, Ending
from tests.faults.conformance.cases import CASES
from tests.faults.conformance.running import on_local_cloud

pytestmark = ON_CLOUD


@pytest.fixture(scope="module")
def endings(cloud: Connected) -> dict[str, Ending]:
    """How they end there, by rule: all of them at once, some six seconds."""
    return on_local_cloud(cloud, CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_it_ends_alike_or_as_is_known(case: Case, endings: dict[str, Ending]) -> None:
    assert endings[case.rule] == (case.locally or case.ending), case.differs
