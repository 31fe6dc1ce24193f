"""After a restore to an earlier instant: take up what Amazon and the payment provider know and the database does not.

Nothing of ours may run meanwhile (docs/operations/restore.md). Each subject is taken up once a restore, so it may be
stopped anywhere and begun again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

from psycopg.types.json import Jsonb

from loyalty.database import Connection
from loyalty.orders import bucket
from loyalty.orders.amazon_business import (
    AmazonBusinessError,
    Asked,
    OrderReport,
    OrderResult,
    Page,
    Throttled,
)
from loyalty.orders.bucket import Rate
from loyalty.payments import tasks
from loyalty.payments.answers import TryLater
from loyalty.payments.provider import (
    Charge,
    ChargeState,
    Declined,
    Money,
    NotTrusted,
    PaymentError,
    PaymentProvider,
    Refused,
)

ORDER_REPORTS = "orderReports"
CANCELLED = "CANCELLED"
BATCH = 50
# Orders are looked for from a little before the restore point: clocks differ.
MARGIN = timedelta(hours=1)
NAME = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
REASON = "Not ordered: the reservation is given back"


class Amazon(Protocol):
    """What is asked of Amazon Business. May raise its package's errors."""

    def order_details(self, external_id: str) -> OrderResult | None: ...
    def order_reports(self, asked: Asked, statuses: tuple[str, ...] = ()) -> Page[OrderReport]: ...


@dataclass(frozen=True, slots=True)
class World:
    """Whom to ask, and how long. `execution_status`: RUNNING, SUCCEEDED, … or None, by an execution's name."""

    amazon: Callable[[int], Amazon]
    providers: Mapping[str, PaymentProvider]
    portal_origin: str
    execution_status: Callable[[str], str | None]
    seconds_left: Callable[[], float]
    pause: Callable[[float], None]


@dataclass
class Done:
    """What this run did. `over`: there is nothing more to do; else `stopped` says why, empty for time."""

    over: bool = False
    stopped: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1


class _Stop(Exception):
    """Not now: begin again later."""


def readopt(
    connection: Connection, world: World, restored_to: datetime, charges: Iterable[tuple[str, str]] = ()
) -> Done:
    """Take up what was lost. `charges`: (provider, charge id) as operators found them where the provider lists none."""
    done = Done()
    connection.execute("select from reconciliation.begin_readoption(%s)", (restored_to,))
    work = _Work(connection, world, restored_to, done)
    try:
        # Lost orders first: whose charge is whose is known then.
        work.lost_orders()
        work.adopt_charges(list(charges))
        work.orders_in_doubt()
        work.give_back_charges(list(charges))
        connection.execute("select reconciliation.readoption_done(%s)", (restored_to,))
        done.over = True
    except _Stop as stop:
        done.stopped = str(stop)
    except (AmazonBusinessError, PaymentError, TryLater) as error:
        done.stopped = f"{type(error).__name__}: {error}"
    return done


class _Work:
    """One run."""

    def __init__(self, connection: Connection, world: World, restored_to: datetime, done: Done) -> None:
        self._connection = connection
        self._world = world
        self._restored_to = restored_to
        self._done = done
        # Redemptions that Amazon's reports name, by the number of their orders.
        self._reported: set[UUID] = set()

    # ---- orders ----------------------------------------------------------------------------------------------------

    def lost_orders(self) -> None:
        """Orders under our numbers, made since the restore point, whose redemption is not in the database."""
        end = self._one("select reports_end from reconciliation.begin_readoption(%s)")["reports_end"]
        for connection_name, (program_id, rate) in self._connections().items():
            amazon, token = self._world.amazon(program_id), None
            while True:
                asked = Asked(self._restored_to - MARGIN, end, page_token=token)
                page = self._asked(program_id, rate, ORDER_REPORTS, partial(amazon.order_reports, asked))
                for report in page.entries:
                    self._reported_order(program_id, rate, connection_name, amazon, report)
                token = page.next_token
                if token is None:
                    break

    def _reported_order(
        self, program_id: int, rate: Rate, connection_name: str, amazon: Amazon, report: OrderReport
    ) -> None:
        found = NAME.search(report.purchase_order_number.lower())
        if found is None or report.status == CANCELLED:
            return
        redemption_id = UUID(found[0])
        self._reported.add(redemption_id)
        if self._one("select reconciliation.knows(%s, %s) as known", redemption_id)["known"]:
            return
        name = str(redemption_id)
        details = self._asked(program_id, rate, bucket.ORDER_DETAILS, partial(amazon.order_details, name))
        if details is not None and details.accepted_quantity == 0:
            return
        told = _told(details) | {
            "amazon_order_id": report.order_id,
            "purchase_order_number": report.purchase_order_number,
            "ordered_at": report.ordered_at.isoformat() if report.ordered_at else None,
            "status": report.status,
        }
        row = self._one(
            "select reconciliation.lost_redemption(%s, %s, %s, %s) as kind", connection_name, redemption_id, Jsonb(told)
        )
        self._done.add(row["kind"])

    def orders_in_doubt(self) -> None:
        """Redemptions that the database knows from before their order, or from after they were turned back."""
        programmes = self._programmes()
        while True:
            rows = self._connection.execute(
                "select * from reconciliation.in_doubt(%s, %s)", (self._restored_to, BATCH)
            ).fetchall()
            if not rows:
                return
            for row in rows:
                rate = programmes.get(row["program_id"])
                if rate is None:
                    raise _Stop(f"programme {row['program_id']} has no connection")
                self._decide(row, rate)

    def _decide(self, row: dict[str, Any], rate: Rate) -> None:
        program_id, redemption_id = row["program_id"], row["redemption_id"]
        amazon, name = self._world.amazon(program_id), row["external_id"]
        details = self._asked(program_id, rate, bucket.ORDER_DETAILS, partial(amazon.order_details, name))
        accepted = details is not None and details.accepted_quantity > 0
        if not accepted and redemption_id not in self._reported:
            over = self._world.execution_status(row["execution_name"]) == "SUCCEEDED"
            told = self._one("select reconciliation.no_order(%s, %s, %s, %s) as kind", program_id, redemption_id, over)
        else:
            if row["has_payment"]:
                self._reserve_again(program_id, redemption_id)
            told = self._one(
                "select reconciliation.has_order(%s, %s, %s, %s, %s) as kind",
                program_id,
                redemption_id,
                Jsonb(_told(details)),
                accepted,
            )
        self._done.add(told["kind"])

    def _reserve_again(self, program_id: int, redemption_id: UUID) -> None:
        """The money of an order was reserved before it was placed: the same keys bring back the same checkout.

        What is not to be had is for the state machine to find: Amazon delivers, and a person has the case."""
        settings = tasks.Settings(self._world.providers, self._world.portal_origin)
        for task in ("authorise", "complete"):
            try:
                tasks.run(self._connection, settings, tasks.Task(task, program_id, redemption_id))
            except TryLater as later:
                if later.alarm:
                    raise
                self._world.pause(min(later.seconds, 5))

    # ---- money -----------------------------------------------------------------------------------------------------

    def adopt_charges(self, given: list[tuple[str, str]]) -> None:
        """Charges of open redemptions that the database does not know."""
        for provider, charge in self._charges(given):
            verdict = self._found(provider, charge)
            if verdict["verdict"] == "adopt":
                said = self._one(
                    "select reconciliation.adopt_charge(%s, %s, %s, %s, %s, %s, %s) as said",
                    verdict["program_id"],
                    verdict["redemption_id"],
                    charge.charge_id,
                    charge.permission_id,
                    charge.amount.minor,
                    charge.expires_at,
                )
                self._done.add("adopted" if said["said"] == "ok" else "not_adopted")

    def give_back_charges(self, given: list[tuple[str, str]]) -> None:
        """Charges for which nothing was ordered: what is reserved is cancelled, what was taken is sent back."""
        for provider, charge in self._charges(given):
            verdict = self._found(provider, charge)
            if verdict["verdict"] == "keep":
                self._done.add("kept")
            elif verdict["verdict"] == "give_back" and not self._ordered_after_all(verdict):
                self._done.add(self._give_back(provider, charge, verdict))

    def _ordered_after_all(self, verdict: dict[str, Any]) -> bool:
        """Whether Amazon knows an order by the charge's name that no report has shown (yet): then a person has it."""
        redemption_id, name = verdict["redemption_id"], str(verdict["redemption_id"])
        for connection_name, (program_id, rate) in self._connections().items():
            amazon = self._world.amazon(program_id)
            details = self._asked(program_id, rate, bucket.ORDER_DETAILS, partial(amazon.order_details, name))
            if details is not None and details.accepted_quantity > 0:
                if verdict["program_id"] is None:
                    self._one(
                        "select reconciliation.lost_redemption(%s, %s, %s, %s) as kind",
                        connection_name,
                        redemption_id,
                        Jsonb(_told(details)),
                    )
                    self._done.add("lost")
                return True
        return False

    def _give_back(self, provider: PaymentProvider, charge: Charge, verdict: dict[str, Any]) -> str:
        taken = charge.captured_minor - charge.refunded_minor
        kind = "refunded" if taken > 0 else "voided"
        begun = self._one(
            "select reconciliation.begin_giving_back(%s, %s, %s, %s, %s, %s) as begun",
            charge.charge_id,
            kind,
            verdict["program_id"],
            verdict["redemption_id"],
            Jsonb(_money(provider, charge)),
        )
        if not begun["begun"]:
            return "replay"
        detail: dict[str, Any] = {}
        try:
            if taken > 0:
                # The same key for ever: a second run asks for the same refund.
                reference = f"readoption:{charge.charge_id}"
                sought = provider.find_refund(charge.charge_id, reference)
                request = provider.refund_request(charge.charge_id, Money(taken, charge.amount.currency), reference)
                refund = sought or provider.refund(sha256(reference.encode()).hexdigest()[:32], request)
                detail = {"refund_id": refund.refund_id}
            else:
                after = provider.cancel(charge.charge_id, REASON)
                if after.state in (ChargeState.AUTHORISED, ChargeState.PENDING):
                    raise Refused(409, "NotCancelled")
        except (Declined, Refused) as refused:
            kind, detail = "refused", {"provider_reason": refused.reason}
        self._execute("select reconciliation.gave_back(%s, %s, %s, %s)", charge.charge_id, kind, Jsonb(detail))
        return kind

    def _charges(self, given: list[tuple[str, str]]) -> Iterable[tuple[PaymentProvider, Charge]]:
        now = self._one("select reports_end from reconciliation.begin_readoption(%s)")["reports_end"]
        for name in self._world.providers:
            try:
                provider = self._world.providers[name]
            except NotTrusted:
                continue  # nobody has filled in its secret: it is not used
            token: str | None = None
            while True:
                self._in_time()
                page = provider.charges(self._restored_to - MARGIN, now, token)
                if page is None:
                    break
                for charge in page.charges:
                    yield provider, charge
                token = page.next_token
                if token is None:
                    break
        for name, charge_id in given:
            self._in_time()
            yield self._world.providers[name], self._world.providers[name].named_charge(charge_id)

    def _found(self, provider: PaymentProvider, charge: Charge) -> dict[str, Any]:
        money = charge.state is ChargeState.AUTHORISED or charge.captured_minor > charge.refunded_minor
        return self._one(
            "select * from reconciliation.charge_found(%s, %s, %s, %s, %s, %s)",
            provider.name,
            charge.charge_id,
            charge.reference,
            money,
            Jsonb(_money(provider, charge)),
        )

    # ---- asking ----------------------------------------------------------------------------------------------------

    def _asked[T](self, program_id: int, rate: Rate, operation: str, question: Callable[[], T]) -> T:
        """The answer, at Amazon's pace."""
        while True:
            self._in_time()
            wait = bucket.take_token(self._connection, program_id, rate, operation)
            if wait > 0:
                self._world.pause(wait)
                continue
            try:
                return question()
            except Throttled as throttled:
                self._world.pause(throttled.retry_after_seconds)

    def _programmes(self) -> dict[int, Rate]:
        """Each programme with its connection."""
        rows = self._connection.execute("select program_id from catalogue.stores() order by 1").fetchall()
        rates = {row["program_id"]: bucket.rate_of(self._connection, row["program_id"]) for row in rows}
        return {program_id: rate for program_id, rate in rates.items() if rate is not None}

    def _connections(self) -> dict[str, tuple[int, Rate]]:
        """Each connection with a programme that uses it."""
        return {rate.connection: (program_id, rate) for program_id, rate in self._programmes().items()}

    def _in_time(self) -> None:
        if self._world.seconds_left() <= 0:
            raise _Stop("")

    def _one(self, statement: str, *arguments: Any) -> dict[str, Any]:
        row = self._connection.execute(statement.encode(), (self._restored_to, *arguments)).fetchone()
        assert row is not None
        return row

    def _execute(self, statement: str, *arguments: Any) -> None:
        self._connection.execute(statement.encode(), (self._restored_to, *arguments))


def _told(details: OrderResult | None) -> dict[str, Any]:
    """An order in ids, units and amounts."""
    lines = details.lines.values() if details is not None else ()
    return {
        "lines": [
            {
                "line_number": line.line_number,
                "quantity": line.accepted_quantity,
                "amazon_order_ids": list(line.order_ids),
                "unit_price_minor": line.unit_price_minor,
                "charged_minor": line.charged_minor,
            }
            for line in lines
            if line.accepted_quantity
        ]
    }


def _money(provider: PaymentProvider, charge: Charge) -> dict[str, Any]:
    return {
        "provider": provider.name,
        "charge_id": charge.charge_id,
        "state": charge.state.value,
        "currency": charge.amount.currency,
        "authorised_minor": charge.amount.minor,
        "captured_minor": charge.captured_minor,
        "refunded_minor": charge.refunded_minor,
    }
