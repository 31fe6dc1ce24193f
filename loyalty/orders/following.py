"""Following placed orders: one question to Amazon at a time, and what it answers handed on as observations.

Pushes and hints come without us. Of what must be asked, the reports are the regular source: thirty orders a call, every
open order every few hours. The order itself and the carrier are asked only when there was a hint or something is
overdue, and orders that are being placed come first. When to ask what is in database/orders/7_following.sql.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from loyalty.database import Connection
from loyalty.orders import observing
from loyalty.orders.amazon_business import (
    AmazonBusinessError,
    Asked,
    CredentialsRevoked,
    Following,
    Page,
    Refused,
    ShipmentLineReport,
    ShipmentReport,
    Throttled,
)
from loyalty.orders.observing import Observation

ORDER_DETAILS = "orderDetails"
PACKAGE_TRACKING = "packageTracking"
SHIPMENTS, SHIPMENT_LINES = "shipmentReports", "shipmentLineItemReports"
ORDERS = "orderReports"
CANCELLED = "CANCELLED"
# Thirty orders in fewer pages than this, or something is wrong with the tokens.
MOST_PAGES = 40

# (source, observation): handed to the Order Information function, by a queue. Raises if it cannot be.
type Hand = Callable[[Sequence[dict[str, Any]]], None]


@dataclass(frozen=True, slots=True)
class Habits:
    """How often, and for how long. `report_seconds`: between two reports about one open order. `kept_days`: after the
    delivery, the time in which it may come back. `silent_days`: then a person hears of it."""

    lease_seconds: int = 120
    report_seconds: int = 4 * 3600
    pass_days: int = 45
    kept_days: int = 35
    silent_days: int = 21
    tidy_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Stepped:
    """What one step did. `kind`: idle, details, track, report, pass or tidied; `outcome`: answered, not_found, or why
    there was no answer; `wait_seconds` until another step is worth a try."""

    kind: str
    outcome: str = "answered"
    wait_seconds: float = 0.0
    heard: int = 0


class Follower:
    """The questions of one connection. Several processes may ask at once: the database deals them out."""

    def __init__(
        self,
        amazon: Following,
        connection_name: str,
        hand: Hand,
        monotonic: Callable[[], float],
        habits: Habits | None = None,
    ) -> None:
        self._amazon = amazon
        self._name = connection_name
        self._hand = hand
        self._monotonic = monotonic
        self._habits = habits or Habits()
        self._tidied_at: float | None = None
        self._pass_at = 0.0

    def step(self, connection: Connection) -> Stepped:
        """Ask the next thing that is due. Everything it heard is handed on before the question is marked as asked."""
        question = connection.execute(
            "select * from orders.next_question(%s, %s, %s)",
            (self._name, self._habits.lease_seconds, [SHIPMENTS, SHIPMENT_LINES]),
        ).fetchone()
        assert question is not None
        match question["kind"]:
            case "details":
                return self._details(connection, question)
            case "track":
                return self._track(connection, question)
            case "report":
                return self._report(connection, question)
        done = self._besides(connection)
        wait_seconds = float(question["wait_seconds"])
        return done or Stepped("idle", wait_seconds=wait_seconds)

    # ---- questions -------------------------------------------------------------------------------------------------

    def _details(self, connection: Connection, question: dict[str, Any]) -> Stepped:
        where, asked_at = (question["program_id"], question["redemption_id"]), question["instant"]
        try:
            result = self._amazon.order_details(question["external_id"])
        except AmazonBusinessError as error:
            connection.execute("select orders.looked(%s, %s, false, %s)", (*where, asked_at))
            return self._failed(connection, "details", ORDER_DETAILS, error)
        if result is not None:
            self._tell("details", [observing.from_details(question["external_id"], result, asked_at)])
        connection.execute("select orders.looked(%s, %s, %s, %s)", (*where, result is not None, asked_at))
        return Stepped("details", "answered" if result is not None else "not_found", heard=int(result is not None))

    def _track(self, connection: Connection, question: dict[str, Any]) -> Stepped:
        names = (question["amazon_order_id"], question["shipment_id"], question["package_id"])
        try:
            tracking = self._amazon.package_tracking(*names)
        except AmazonBusinessError as error:
            return self._failed(connection, "track", PACKAGE_TRACKING, error)
        if tracking is None:
            return Stepped("track", "not_found")
        self._tell("tracking", [observing.from_tracking(*names, tracking, question["instant"])])
        return Stepped("track", heard=1)

    def _report(self, connection: Connection, question: dict[str, Any]) -> Stepped:
        asked = Asked(question["ordered_from"], question["ordered_to"], tuple(question["order_ids"]))
        operation, answered, heard = SHIPMENTS, False, 0
        try:
            shipments: list[ShipmentReport] = self._pages(self._amazon.shipment_reports, asked)
            operation = SHIPMENT_LINES
            lines: list[ShipmentLineReport] = self._pages(self._amazon.shipment_line_reports, asked)
            observations = observing.from_reports(shipments, lines, question["instant"])
            self._tell("report", observations)
            answered, heard = True, len(observations)
        except AmazonBusinessError as error:
            return self._failed(connection, "report", operation, error)
        finally:
            connection.execute(
                "select orders.reported(%s, %s, %s)",
                (question["redemption_ids"], answered, self._habits.report_seconds),
            )
        return Stepped("report", heard=heard)

    def _besides(self, connection: Connection) -> Stepped | None:
        """While nothing is due: a page of the daily pass, or tidying up."""
        now = self._monotonic()
        if now >= self._pass_at:
            done, wait_seconds = self._pass(connection)
            self._pass_at = now + wait_seconds
            if done is not None:
                return done
        if self._tidied_at is None or now - self._tidied_at >= self._habits.tidy_seconds:
            self._tidied_at = now
            return self._tidy(connection)
        return None

    def _pass(self, connection: Connection) -> tuple[Stepped | None, float]:
        """The truth about the last days: which orders Amazon has cancelled. One page."""
        page = connection.execute(
            "select * from orders.next_report_page(%s, %s, %s)", (self._name, ORDERS, self._habits.pass_days)
        ).fetchone()
        assert page is not None
        if page["range_start"] is None:
            return None, float(page["wait_seconds"])
        asked = Asked(page["range_start"], page["range_end"], page_token=page["next_token"])
        try:
            found = self._amazon.order_reports(asked, (CANCELLED,))
        except AmazonBusinessError as error:
            if isinstance(error, Refused) and page["next_token"]:
                connection.execute("select orders.report_pass_again(%s, %s)", (self._name, ORDERS))
            return self._failed(connection, "pass", ORDERS, error), 60.0
        cancelled = [entry.order_id for entry in found.entries if entry.status == CANCELLED]
        self._tell("report", [observing.from_cancelled(order_id, page["instant"]) for order_id in cancelled])
        connection.execute(
            "select orders.report_page_read(%s, %s, %s, %s)",
            (self._name, ORDERS, page["range_end"], found.next_token),
        )
        return Stepped("pass", heard=len(cancelled)), 0.0 if found.next_token else 60.0

    def _tidy(self, connection: Connection) -> Stepped | None:
        row = connection.execute(
            "select orders.tidy_following(%s, 50, %s, %s) as touched",
            (self._name, self._habits.kept_days, self._habits.silent_days),
        ).fetchone()
        assert row is not None
        owed = connection.execute("select * from orders.owed(%s, 50)", (self._name,)).fetchall()
        self._hand(
            [
                {"kind": "follow_up", "program_id": one["program_id"], "redemption_id": str(one["redemption_id"])}
                for one in owed
            ]
        )
        touched = int(row["touched"]) + len(owed)
        return Stepped("tidied", heard=touched) if touched else None

    # ---- answers ---------------------------------------------------------------------------------------------------

    def _tell(self, source: str, observations: Iterable[Observation]) -> None:
        self._hand([{"kind": "observation", "source": source, "observation": one} for one in observations])

    def _pages[Entry](self, ask: Callable[[Asked], Page[Entry]], asked: Asked) -> list[Entry]:
        entries: list[Entry] = []
        for _ in range(MOST_PAGES):
            page = ask(asked)
            entries += page.entries
            if page.next_token is None:
                return entries
            asked = replace(asked, page_token=page.next_token)
        return entries

    def _failed(self, connection: Connection, kind: str, operation: str, error: AmazonBusinessError) -> Stepped:
        """Nothing was lost by it. What Amazon refuses us, this operation is left alone for a while: following may be
        refused (a role that is missing) while ordering works, so nothing is paused for it."""
        seconds = 60.0 if isinstance(error, Refused) else 0.0
        if isinstance(error, Throttled):
            seconds = error.retry_after_seconds
        elif isinstance(error, CredentialsRevoked):
            seconds = 900.0
        if seconds:
            connection.execute("select orders.close_bucket(%s, %s, %s)", (self._name, operation, seconds))
        return Stepped(kind, type(error).__name__, wait_seconds=1.0)


def following(connection: Connection, connection_name: str) -> dict[str, int]:
    """How it stands: open, hinted, unseen (for a day), strays."""
    row = connection.execute("select * from orders.following(%s)", (connection_name,)).fetchone()
    assert row is not None
    return {name: int(value) for name, value in row.items()}
