"""Payments to test with, as the redemption room would open them."""

from __future__ import annotations

import uuid

from tests.conftest import TestDatabase


def new_redemption() -> uuid.UUID:
    """A redemption nobody else uses."""
    return uuid.uuid4()


def open_payment(
    database: TestDatabase,
    redemption_id: uuid.UUID | None = None,
    *,
    program_id: int = 1,
    amount_minor: int = 1000,
    currency: str = "USD",
    capture_at: str = "acceptance",
    provider: str = "amazon_pay",
) -> uuid.UUID:
    """Open a payment and return its redemption."""
    redemption_id = redemption_id or new_redemption()
    with database.owner() as owner:
        row = owner.execute(
            "select payments.open(%s, %s, %s, %s, %s, 'test', %s, 7) as status",
            (program_id, redemption_id, provider, amount_minor, currency, capture_at),
        ).fetchone()
    assert row == {"status": "ok"}
    return redemption_id
