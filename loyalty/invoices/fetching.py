"""Invoices that never came: which shipments lack one, whether Amazon has issued it, and the paper by asking.

A run does a bounded part and remembers it: the next goes on. Amazon orders papers slowly (one a minute), so a run
orders few and looks after those that were ordered before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Protocol
from uuid import UUID

from loyalty.database import Connection
from loyalty.invoices import examining
from loyalty.invoices.packing import Found
from loyalty.invoices.taking import Keep, documents_of
from loyalty.orders.amazon_business import (
    AmazonBusinessError,
    Asked,
    CredentialsRevoked,
    Documents,
    Following,
    NotSent,
    Refused,
    ShippedItem,
    Throttled,
)
from loyalty.orders.amazon_business.documents import DONE, GONE, MOST_ITEMS_A_CALL

# Amazon's own burst is fifteen, for all who ask.
MOST_A_RUN = 10
MOST_LOOKED_THROUGH = 5_000
MOST_PAGES = 20
# Reports are by the day of the order.
_AROUND = timedelta(days=1)


class Store(Documents, Following, Protocol):
    """What is asked of Amazon."""


class Stopped(Exception):
    """Amazon does not want to be asked more now; `code`: throttled, not_trusted or unreachable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Missing:
    """A shipment without an invoice; `report_id` once its paper was ordered."""

    redemption_id: UUID
    shipment_key: str
    amazon_order_id: str
    shipment_id: str | None
    ordered_at: datetime
    report_id: str | None


@dataclass(slots=True)
class Ran:
    """What a run did. `begin`: documents that somebody has to read now. `stopped`: why Amazon was left alone."""

    missing: int = 0
    ordered: int = 0
    fetched: int = 0
    given_up: int = 0
    begin: tuple[UUID, ...] = ()
    stopped: str | None = None


def run(connection: Connection, store: Store, program_id: int, keep: Keep, more_time: Callable[[], bool]) -> Ran:
    """One programme's part; `keep(key, bytes)` puts a paper away. Raises what the database and `keep` raise."""
    ran = Ran()
    row = connection.execute(
        "select invoices.notice_missing(%s, %s) as missing", (program_id, MOST_LOOKED_THROUGH)
    ).fetchone()
    assert row is not None
    ran.missing = row["missing"]
    rows = connection.execute("select * from invoices.to_fetch(%s, %s)", (program_id, MOST_A_RUN)).fetchall()
    found = [Missing(**{name: one[name] for name in Missing.__slots__}) for one in rows]
    asking = _Asking(connection, store, program_id, keep, ran)
    try:
        for one in found:
            if one.report_id is not None and more_time():
                asking.look_after(one)
        unordered = [one for one in found if one.report_id is None]
        if unordered and more_time():
            asking.order(unordered, more_time)
    except Stopped as stopped:
        ran.stopped = stopped.code
    return ran


class _Asking:
    """The steps of a run, each remembered as soon as it is done."""

    def __init__(self, connection: Connection, store: Store, program_id: int, keep: Keep, ran: Ran) -> None:
        self._connection, self._store, self._program_id, self._keep, self._ran = (
            connection,
            store,
            program_id,
            keep,
            ran,
        )

    def look_after(self, one: Missing) -> None:
        """A paper that was ordered: is it there?"""
        assert one.report_id is not None
        with self._failing(one):
            report = self._store.invoice_report(one.report_id)
            if report.status in GONE:
                self._again(one, f"report_{report.status.lower()}")
            elif report.status != DONE or report.document_id is None:
                self._note("select invoices.fetch_waits(%s, %s, %s)", one)
            else:
                self._fetched(one, self._store.invoice_document(report.document_id, examining.LARGEST_BYTES))

    def order(self, missing: list[Missing], more_time: Callable[[], bool]) -> None:
        """What Amazon has issued for these shipments is ordered, unless it is known by its number."""
        try:
            numbers = self._numbers(missing)
        except (CredentialsRevoked, Throttled, NotSent) as failure:
            raise _stopped(failure) from None
        except AmazonBusinessError as failure:
            for one in missing:
                self._again(one, _code(failure))
            return
        for one in missing:
            wanted = self._unknown(numbers.get(one.shipment_key, ()))
            if not wanted:
                self._again(one, "known_by_number" if one.shipment_key in numbers else "not_issued")
            elif more_time():
                with self._failing(one):
                    report_id = self._store.order_invoice(wanted[0])
                    self._note("select invoices.fetch_asked(%s, %s, %s, %s, %s)", one, wanted[0], report_id)
                    self._ran.ordered += 1

    def _numbers(self, missing: list[Missing]) -> dict[str, tuple[str, ...]]:
        """The numbers of invoices by shipment; one for which none was issued is not there."""
        of_shipment = {(one.amazon_order_id, one.shipment_id): one.shipment_key for one in missing if one.shipment_id}
        items = sorted(
            {item for item in self._items(missing) if (item.order_id, item.shipment_id) in of_shipment},
            key=lambda item: (item.order_id, item.shipment_id, item.line_id),
        )
        numbers: dict[str, tuple[str, ...]] = {}
        for some in batched(items, MOST_ITEMS_A_CALL, strict=False):
            for item, issued in self._store.issued_invoices(some).items():
                told = tuple(one.number for one in issued if one.type != "CREDIT_MEMO")
                key = of_shipment[item.order_id, item.shipment_id]
                if told:
                    numbers[key] = tuple(dict.fromkeys(numbers.get(key, ()) + told))
        return numbers

    def _items(self, missing: list[Missing]) -> Iterator[ShippedItem]:
        """Amazon's own names of the lines in these shipments."""
        days = [one.ordered_at for one in missing]
        asked = Asked(min(days) - _AROUND, max(days) + _AROUND, tuple(sorted({one.amazon_order_id for one in missing})))
        for _ in range(MOST_PAGES):
            page = self._store.shipment_line_reports(asked)
            for entry in page.entries:
                if entry.line_id:
                    yield ShippedItem(entry.order_id, entry.line_id, entry.shipment_id)
            if page.next_token is None:
                return
            asked = Asked(asked.start, asked.end, asked.order_ids, page.next_token)

    def _unknown(self, numbers: Iterable[str]) -> list[str]:
        rows = self._connection.execute(
            "select invoices.unknown_numbers(%s, %s::text[]) as number", (self._program_id, list(numbers))
        )
        return [row["number"] for row in rows]

    def _fetched(self, one: Missing, pdf: bytes) -> None:
        name = f"{one.amazon_order_id}-{hashlib.sha256(pdf).hexdigest()[:8]}.pdf"
        (document,) = documents_of(self._connection, self._program_id, (Found(name, pdf),), self._keep)
        row = self._connection.execute(
            "select document_id, state from invoices.fetched(%s, %s, %s, %s::jsonb)",
            (self._program_id, one.redemption_id, one.shipment_key, json.dumps(document.told())),
        ).fetchone()
        assert row is not None
        self._ran.fetched += 1
        if row["state"] == "received":
            self._ran.begin += (row["document_id"],)

    @contextmanager
    def _failing(self, one: Missing) -> Iterator[None]:
        try:
            yield
        except (CredentialsRevoked, Throttled, NotSent) as failure:
            raise _stopped(failure) from None
        except AmazonBusinessError as failure:
            self._again(one, _code(failure))

    def _again(self, one: Missing, reason: str) -> None:
        self._ran.given_up += bool(self._note("select invoices.fetch_again(%s, %s, %s, %s) as said", one, reason))

    def _note(self, query: str, one: Missing, *more: str) -> object:
        row = self._connection.execute(query, (self._program_id, one.redemption_id, one.shipment_key, *more)).fetchone()
        return None if row is None else row.get("said")


def _stopped(failure: AmazonBusinessError) -> Stopped:
    return Stopped(
        "throttled" if isinstance(failure, Throttled)
        else "not_trusted" if isinstance(failure, CredentialsRevoked)
        else "unreachable"
    )  # fmt: skip


def _code(failure: AmazonBusinessError) -> str:
    return f"refused_{failure.code.lower()}"[:60] if isinstance(failure, Refused) else "no_answer"
