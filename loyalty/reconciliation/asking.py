"""The payment provider's own picture: charges that we know, and those that it shows without being asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from loyalty.database import Connection
from loyalty.payments.provider import Charge, NotSent, NotTrusted, PaymentError, PaymentProvider, Refused, Throttled

BATCH = 20
# The payments service asks the same provider: it goes first.
SECONDS_BETWEEN = 0.5
LISTED_DAYS = 3
UNKNOWN_DAYS, MOST_UNKNOWN = 7, 50
GONE = (404, 410)
# An answer that cannot be read: the charge's, not the provider's.
MALFORMED = "MalformedAnswer"
# So many charges that fail one after the other are the provider's trouble.
MOST_IN_A_ROW = 3


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
    """Ask about every charge on the list. A provider that is away or wants less: the rest waits for the next call.
    A charge that alone cannot be read is told as such, and the day goes on."""
    asked, in_a_row = 0, 0
    doubtful: set[UUID] = set()

    def its_own(error: PaymentError, provider: str) -> bool:
        """Whether it is this charge that cannot be read, rather than the provider that cannot be asked."""
        if isinstance(error, Refused) or error.reason == MALFORMED:
            return True
        return (isinstance(error, NotTrusted) or (late and not isinstance(error, NotSent))) and _answers(
            connection, providers[provider], program_id, day, pause
        )

    late = _is_late(connection, program_id, day)
    while seconds_left() > 0:
        rows = connection.execute(
            "select * from reconciliation.to_ask(%s, %s, %s)", (program_id, day, BATCH)
        ).fetchall()
        if not rows:
            return Asked(True, asked)
        # What failed is asked about once more, when nothing else is left.
        fresh = [row for row in rows if row["redemption_id"] not in doubtful]
        for row in fresh or rows:
            if seconds_left() <= 0:
                break
            redemption_id, name = row["redemption_id"], row["provider"]
            try:
                charges = [
                    _charge(providers[name], one, row["currency"], pause, name, its_own if not fresh else None)
                    for one in row["charge_ids"]
                ]
            except PaymentError as error:
                in_a_row += 1
                alone = in_a_row < MOST_IN_A_ROW or its_own(error, name)
                away = isinstance(error, NotSent) or (
                    isinstance(error, Throttled) and error.reason != MALFORMED and not late
                )
                if not fresh or away or not alone:
                    return Asked(False, asked, f"{type(error).__name__}: {error.reason}")
                in_a_row %= MOST_IN_A_ROW
                doubtful.add(redemption_id)
                continue
            connection.execute(
                "select reconciliation.answered(%s, %s, %s, %s, %s)",
                (program_id, day, redemption_id, name, Jsonb(charges)),
            )
            asked += 1
            in_a_row = 0
    return Asked(False, asked)


def _is_late(connection: Connection, program_id: int, day: date) -> bool:
    """Whether the day should have been done yesterday: then one charge does not hold it up for longer."""
    row = connection.execute("select reconciliation.today(%s) as today", (program_id,)).fetchone()
    assert row is not None
    return bool(day < row["today"] - timedelta(days=1))


def _answers(
    connection: Connection, provider: PaymentProvider, program_id: int, day: date, pause: Callable[[float], None]
) -> bool:
    """Whether the provider still answers about a charge that it has answered about in this run."""
    row = connection.execute(
        "select reconciliation.readable_charge(%s, %s, %s) as charge_id", (program_id, day, provider.name)
    ).fetchone()
    if row is None or row["charge_id"] is None:
        return False
    pause(SECONDS_BETWEEN)
    try:
        provider.charge(row["charge_id"])
    except PaymentError:
        return False
    return True


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


def _charge(
    provider: PaymentProvider,
    charge_id: str,
    currency: str,
    pause: Callable[[float], None],
    name: str,
    its_own: Callable[[PaymentError, str], bool] | None,
) -> dict[str, Any]:
    """What the provider says of a charge; with `its_own`, what alone cannot be read is told as unreadable."""
    pause(SECONDS_BETWEEN)
    try:
        charge = provider.charge(charge_id)
    except PaymentError as error:
        if isinstance(error, Refused):
            return _without_amounts(charge_id, currency, "missing" if error.status in GONE else "unreadable")
        if its_own is not None and its_own(error, name):
            return _without_amounts(charge_id, currency, "unreadable")
        raise
    return {
        "charge_id": charge_id,
        "state": charge.state.value,
        "currency": charge.amount.currency,
        "authorised_minor": charge.amount.minor,
        "captured_minor": charge.captured_minor,
        "refunded_minor": charge.refunded_minor,
    }


def _without_amounts(charge_id: str, currency: str, state: str) -> dict[str, Any]:
    return {
        "charge_id": charge_id, "state": state, "currency": currency, "authorised_minor": 0, "captured_minor": 0,
        "refunded_minor": 0,
    }  # fmt: skip
