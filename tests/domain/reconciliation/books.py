"""A saga with its three parties: the journal, a payment provider whose picture may differ, Amazon's transactions."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from loyalty.orders.amazon_business import TransactionPage, reconciling
from loyalty.payments.provider import Charge, ChargePage, ChargeState, Money, PaymentError, Refused
from loyalty.reconciliation import running
from loyalty.reconciliation.running import Parties, Patience, Ran
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import Line, Saga

TOWELS = Line("B0TOWELS00", 3, 1999)
LAMP = Line("B0LAMP0000", 1, 4500)
SELLER = "Amazon.com Services LLC"
PATIENT = Patience(lambda: 1.0, lambda seconds: None)
_numbers = itertools.count(1)


@dataclass
class Billing:
    """Amazon's transactions as Amazon writes them, and the faults of the next calls (errors, raised in turn)."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    page_size: int = 100
    asked: list[tuple[datetime, datetime, str | None]] = field(default_factory=list)

    def transactions(self, start: datetime, end: datetime, page_token: str | None = None) -> TransactionPage:
        self.asked.append((start, end, page_token))
        if self.faults:
            raise self.faults.pop(0)
        offset = int(page_token or 0)
        page: dict[str, Any] = {"transactions": self.documents[offset : offset + self.page_size]}
        if offset + self.page_size < len(self.documents):
            page["nextPageToken"] = str(offset + self.page_size)
        return reconciling.page(page)

    def bill(
        self,
        order_id: str,
        asin: str,
        quantity: int,
        principal_minor: int,
        *,
        kind: str = "CHARGE",
        tax_minor: int = 0,
        name: str | None = None,
        currency: str = "USD",
        number: str = "",
        seller: str = SELLER,
        amount_minor: int | None = None,
    ) -> str:
        """One transaction of one item; refunds are told with a minus. Its id."""
        name = name or f"T{next(_numbers)}"
        sign = -1 if kind != "CHARGE" else 1

        def money(minor: int) -> dict[str, str]:
            return {"currencyCode": currency, "amount": f"{sign * minor / 100:.2f}"}

        total = principal_minor + tax_minor
        self.documents.append(
            {
                "transactionDate": "2026-11-20T08:00:00.000Z",
                "feedDate": "2026-11-21T08:00:00.000Z",
                "transactionType": kind,
                "transactionId": name,
                "amount": money(total if amount_minor is None else amount_minor),
                "buyer": {"id": "amzn1.account.1", "name": "Somebody", "email": "somebody@loyalty.example"},
                "paymentInstrumentLast4Digits": "1234",
                "transactionLineItems": [
                    {
                        "totalAmount": money(total),
                        "principalAmount": money(principal_minor),
                        "tax": money(tax_minor),
                        "orderId": order_id,
                        "orderLineItemId": "1",
                        "purchaseOrderNumber": number,
                        "asin": asin,
                        "itemQuantity": quantity,
                        "merchantLegalName": seller,
                    }
                ],
            }
        )
        return name


@dataclass
class Cashier:
    """A provider that says what our rows say, but for `differs` (charge id → what is other) and `unknown` charges."""

    books: Books
    name: str = "amazon_pay"
    differs: dict[str, dict[str, Any]] = field(default_factory=dict)
    unknown: list[Charge] = field(default_factory=list)
    faults: list[PaymentError] = field(default_factory=list)
    # Charge id → how it fails, whenever it is asked about.
    broken: dict[str, PaymentError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    lists: bool = True

    def charge(self, charge_id: str) -> Charge:
        self.asked.append(charge_id)
        if self.faults:
            raise self.faults.pop(0)
        if charge_id in self.broken:
            raise self.broken[charge_id]
        row = self.books.owner.execute(
            "select p.redemption_id, p.state, p.currency, p.authorised_minor, (select coalesce(sum(c.amount_minor), 0)"
            " from payments.capture c where c.charge_id = p.charge_id)::bigint as captured, (select"
            " coalesce(sum(r.amount_minor), 0) from payments.refund r where r.charge_id = p.charge_id"
            " and r.state = 'refunded')::bigint as refunded from payments.payment p where p.charge_id = %s",
            (charge_id,),
        ).fetchone()
        if row is None:
            raise Refused(404, "ResourceNotFound")
        told = Charge(
            charge_id,
            ChargeState.CAPTURED if row["captured"] else ChargeState.AUTHORISED,
            Money(row["authorised_minor"], row["currency"]),
            captured_minor=row["captured"],
            refunded_minor=row["refunded"],
            reference=str(row["redemption_id"]),
        )
        if row["state"] in ("voided", "declined", "abandoned"):
            told = replace(told, state=ChargeState.CANCELLED)
        return replace(told, **self.differs.get(charge_id, {}))

    def named_charge(self, charge_id: str) -> Charge:
        return self.charge(charge_id)

    def charges(self, start: datetime, end: datetime, page_token: str | None = None) -> ChargePage | None:
        return ChargePage(tuple(self.unknown)) if self.lists else None


class Books(Saga):
    """`reconcile()` runs a day as the function does, under its own role."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.billing = Billing()
        self.cashier = Cashier(self)
        self.reconciliation = self.database.connect("reconciliation")

    def close(self) -> None:
        self.reconciliation.close()
        super().close()

    def _payment(self, message: Mapping[str, Any], change: str) -> None:
        # A charge has a name of its own.
        super()._payment(message, change.replace("charge_id = 'c'", f"charge_id = 'ch-{message['redemption_id']}'"))

    # ---- what happens ----------------------------------------------------------------------------------------------

    def ordered(self, *lines: Line, points: int | None = None) -> UUID:
        """A redemption that is accepted, settled and paid."""
        member_id = self.member()
        request = self.request(self.quote(member_id, *lines), points)
        self.redeem(member_id, request)
        self.run(request.redemption_id)
        return request.redemption_id

    def order_id(self, redemption_id: UUID, line: int = 1) -> str:
        return f"114-{redemption_id}-{line}"

    def shipped(self, redemption_id: UUID, line: int = 1, quantity: int = 1, name: str = "S1") -> None:
        """Units have left, as following would write it down."""
        self.owner.execute(
            "insert into orders.shipment (program_id, redemption_id, shipment_key, amazon_order_id, shipped_at)"
            " values (1, %s, %s, %s, clock.now()) on conflict do nothing",
            (redemption_id, name, self.order_id(redemption_id, line)),
        )
        self.owner.execute(
            "insert into orders.shipped_unit (program_id, redemption_id, shipment_key, line_number, quantity)"
            " values (1, %s, %s, %s, %s)",
            (redemption_id, name, line, quantity),
        )

    def delivered(self, *lines: Line, points: int | None = None) -> UUID:
        """All of it has left and was charged as the quote said."""
        redemption_id = self.ordered(*lines, points=points)
        for number, line in enumerate(lines, 1):
            self.shipped(redemption_id, number, line.quantity, f"S{number}")
            self.bill(redemption_id, line, number)
        return redemption_id

    def bill(self, redemption_id: UUID, line: Line, number: int = 1, quantity: int | None = None, **more: Any) -> str:
        """Amazon charges units of a line at their price, or refunds them."""
        units = line.quantity if quantity is None else quantity
        principal = more.pop("principal_minor", units * line.unit_price_minor)
        return self.billing.bill(self.order_id(redemption_id, number), line.asin, units, principal, **more)

    def returned(self, redemption_id: UUID, quantity: int = 1, line: int = 1, key: str = "r-1") -> None:
        """Units come back, and their money has been sent."""
        assert self.give_back(redemption_id, line, key, quantity)[0] == "ok"
        self.owner.execute(
            "update payments.refund set state = 'refunded', refund_id = 'R' || refund_number || redemption_id::text,"
            " ended_at = clock.now(), begun_at = clock.now(), next_look_at = null where redemption_id = %s",
            (redemption_id,),
        )

    def numbered(self, prefix: str) -> None:
        """From now on orders are numbered so."""
        self.owner.execute(
            "select programme.publish(1, c.version, jsonb_set(c.document,"
            " '{integrations,amazon_business,purchase_order_prefix}', to_jsonb(%s::text)), 'test', 'test')"
            " from programme.current(1) as c",
            (prefix,),
        )

    # ---- reconciling -----------------------------------------------------------------------------------------------

    def today(self) -> date:
        row = self.owner.execute("select points.today(1) as today").fetchone()
        assert row is not None
        day: date = row["today"]
        return day

    def parties(self) -> Parties:
        return Parties(lambda _: self.billing, {"amazon_pay": self.cashier})  # type: ignore[dict-item]

    def reconcile(self, day: date | None = None, patience: Patience = PATIENT, *, again: bool = True) -> Ran:
        return running.run(self.reconciliation, self.parties(), 1, day or self.today(), patience, again=again)

    def next_day(self, days: int = 1) -> None:
        self.database.shift_clock(f"{days} days")

    def alone(self) -> None:
        """Wait until nothing that began before now is under way in any database of this server."""
        row = self.owner.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as now").fetchone()
        assert row is not None
        for _ in range(600):
            passed = self.owner.execute(
                "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= %s as yes", (row["now"],)
            ).fetchone()
            if passed is not None and passed["yes"]:
                return
            time.sleep(0.05)
        raise AssertionError("another test's transaction does not end")

    def verdict(self, redemption_id: UUID) -> str:
        return str(self.subject(redemption_id)["verdict"])

    def subject(self, redemption_id: UUID) -> dict[str, Any]:
        return self.row(redemption_id, "reconciliation.subject")

    def differences(self, redemption_id: UUID) -> dict[str, int]:
        """kind → amount or points."""
        return {
            one["kind"]: one.get("amount_minor", one.get("points"))
            for one in self.subject(redemption_id)["differences"]
        }

    def case(self, redemption_id: UUID) -> dict[str, Any]:
        row = self.owner.execute(
            "select * from casework.case where case_id = %s", (self.subject(redemption_id)["case_id"],)
        ).fetchone()
        assert row is not None
        return row

    def cases(self, subject: object, state: str = "open") -> int:
        row = self.owner.execute(
            "select count(*) as n from casework.case where kind = 'reconciliation' and subject = %s and state = %s",
            (str(subject), state),
        ).fetchone()
        assert row is not None
        return int(row["n"])

    def decide(self, redemption_id: UUID, decision: str) -> None:
        row = self.owner.execute(
            "select cases.settle_ticket(1, %s, %s, null, 'staff:7', '{business-operator}') as status",
            (self.subject(redemption_id)["case_id"], decision),
        ).fetchone()
        assert row == {"status": "ok"}

    def house(self, redemption_id: UUID) -> list[tuple[str, str, str, int]]:
        rows = self.owner.execute(
            "select asin, seller, reason, sum(amount_minor)::bigint as minor from reconciliation.house"
            " where redemption_id = %s group by 1, 2, 3 having sum(amount_minor) <> 0 order by 1, 2, 3",
            (redemption_id,),
        ).fetchall()
        return [(row["asin"], row["seller"], row["reason"], row["minor"]) for row in rows]

    def orphans(self) -> dict[str, dict[str, Any]]:
        rows = self.owner.execute("select * from reconciliation.orphan").fetchall()
        return {row["reference"]: row for row in rows}

    def violations(self) -> dict[str, int]:
        found = super().violations()
        with self.database.connect("auditor") as auditor:
            for row in auditor.execute("select name, violations from reconciliation.invariants").fetchall():
                if row["violations"]:
                    found[f"reconciliation: {row['name']}"] = row["violations"]
        return found


@contextmanager
def books(database: TestDatabase) -> Iterator[Books]:
    made = Books(database)
    try:
        yield made
    finally:
        made.close()


def unknown_charge(reference: UUID | None, minor: int = 2500, captured: int = 0) -> Charge:
    """A charge at the provider that nobody knows."""
    return Charge(
        f"ch-stray-{next(_numbers)}",
        ChargeState.CAPTURED if captured else ChargeState.AUTHORISED,
        Money(minor, "USD"),
        captured_minor=captured,
        reference=str(reference) if reference else None,
    )


LONG_AGO = timedelta(days=31)
