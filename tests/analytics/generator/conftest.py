"""Programmes made once, for tests that only look at them."""

from __future__ import annotations

import pytest

from analytics.generator import Generated, programme


@pytest.fixture(scope="module")
def made() -> Generated:
    """20,000 members for fifteen months: enough to see seasons and what campaigns do."""
    return programme(seed=11, members=20_000, days=456)


@pytest.fixture(scope="module")
def small() -> Generated:
    return programme(seed=3, members=400, days=200)
