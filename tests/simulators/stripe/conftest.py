"""One stand-in a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulators.stripe.running import StripeStandIn, stripe_stand_in


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeStandIn]:
    with stripe_stand_in(tmp_path_factory.mktemp("stripe") / "stripe.sqlite") as running:
        yield running
