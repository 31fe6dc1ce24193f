"""Every case. The interpreter runs them in test_conformance.py here, the local cloud in tests/local."""

from __future__ import annotations

from tests.faults.conformance.language import CHOICES, VALUES, WAITS_AND_ENDS
from tests.faults.conformance.redemptions import PRODUCT
from tests.faults.conformance.tasks import FUNCTIONS, WORKERS

CASES = [*VALUES, *CHOICES, *WAITS_AND_ENDS, *FUNCTIONS, *WORKERS, *PRODUCT]
