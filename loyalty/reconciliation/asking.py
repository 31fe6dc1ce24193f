"""The payment provider's own picture: charges that we know, and those that it shows without being asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from loyalty.database import Connection
from loyalty.payments.provider import Charge, NotTrusted, PaymentError, PaymentProvider, Refused

BATCH = 20
# The payments service asks the same provider: it goes first.
SECONDS_BETWEEN = 0.5
LISTED_DAYS = 3
UNKNOWN_DAYS, MOST_UNKNOWN = 7, 50
GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Asked:
    """How many redemptions' charges were asked about. `over`: all on the list; else `reason`, empty for time."""

    over: bool
    redemptions: int = 0
    reason: str = ""


def ask(
    connection: Connection,
    providers: Mapping[str, PaymentProvider],
    program_id: int,
    day: date,
    seconds_left: Callable[[], float],
    pause: Callable[[float], None],
) -> Asked:
    """Ask about every charge on the day's list. Throttled or away: the rest waits for the next time."""
    asked = 0
    while seconds_left() > 0:
        rows = connection.execute(
            "select * from reconciliation.to_ask(%s, %s, %s)", (program_id, day, BATCH)
        ).fetchall()
        if not rows:
            return Asked(True, asked)
        for row in rows:
            if seconds_left() <= 0:
                break
            try:
                charges = [
                    _charge(providers[row["provider"]], one, row["currency"], pause) for one in row["charge_ids"]
                ]
            except PaymentError as error:
                return Asked(False, asked, f"{type(error).__name__}: {error.reason}")
            connection.execute(
                "select reconciliation.answered(%s, %s, %s, %s, %s)",
                (program_id, day, row["redemption_id"], row["provider"], Jsonb(charges)),
            )
            asked += 1
    return Asked(False, asked)


def look_around(
    connection: Connection,
    providers: Mapping[str, PaymentProvider],
    program_id: int,
    as_of: datetime,
    seconds_left: Callable[[], float],
    pause: Callable[[float], None],
) -> Asked:
    """Charges of the last days that no payment of ours knows: by the provider's list, and by notices."""
    seen = 0
    for name in providers:
        token: str | None = None
        try:
            provider = providers[name]
            while seconds_left() > 0:
                page = provider.charges(as_of - timedelta(days=LISTED_DAYS), as_of, token)
                if page is None:
                    break
                for charge in page.charges:
                    seen += _see(connection, program_id, name, charge)
                token = page.next_token
                if token is None:
                    break
                pause(SECONDS_BETWEEN)
            for row in connection.execute(
                "select charge_id from reconciliation.unknown_charges(%s, %s, %s)", (name, UNKNOWN_DAYS, MOST_UNKNOWN)
            ).fetchall():
                if seconds_left() <= 0:
                    break
                try:
                    seen += _see(connection, program_id, name, provider.named_charge(row["charge_id"]))
                except Refused as refused:
                    if refused.status not in GONE:
                        raise
                pause(SECONDS_BETWEEN)
        except NotTrusted:
            continue  # nobody has filled in its secret: it is not used
        except PaymentError as error:
            return Asked(False, seen, f"{name}: {type(error).__name__}: {error.reason}")
    return Asked(seconds_left() > 0, seen)


def _see(connection: Connection, program_id: int, provider: str, charge: Charge) -> int:
    row = connection.execute(
        "select reconciliation.see_charge(%s, %s, %s, %s, %s, %s, %s, %s, %s) as said",
        (
            program_id,
            provider,
            charge.charge_id,
            charge.reference,
            charge.state.value,
            charge.amount.currency,
            charge.amount.minor,
            charge.captured_minor,
            charge.refunded_minor,
        ),
    ).fetchone()
    assert row is not None
    return int(row["said"] == "orphan")


def _charge(provider: PaymentProvider, charge_id: str, currency: str, pause: Callable[[float], None]) -> dict[str, Any]:
    pause(SECONDS_BETWEEN)
    try:
        charge = provider.charge(charge_id)
    except Refused as refused:
        if refused.status not in GONE:
            raise
        return {
            "charge_id": charge_id, "state": "missing", "currency": currency, "authorised_minor": 0,
            "captured_minor": 0, "refunded_minor": 0,
        }  # fmt: skip
    return {
        "charge_id": charge_id,
        "state": charge.state.value,
        "currency": charge.amount.currency,
        "authorised_minor": charge.amount.minor,
        "captured_minor": charge.captured_minor,
        "refunded_minor": charge.refunded_minor,
    }
