"""Placing orders at Amazon Business: one thing at a time, and after each exactly what is known.

The rules, because there is no cancel call and an order may exist although nobody heard of it:

* the order's name and the state `sent` are stored before the call (`orders.next`);
* a call whose outcome is unknown is looked up by its name, never repeated blindly;
* "not found" is believed after several look-ups over some minutes; then the order is sent again under the same name;
* an answer that does not account for every unit of every line is no answer: the rest of it may be on its way;
* a refusal of a repeated order is believed only from a look-up: Amazon may be refusing the repetition;
* what is wrong with the programme (credentials, company card, limits) stops the programme, not the member;
* an order of the canary's programme is a trial: that is read from the database with the order, never from a message,
  nothing is bought, and its answer says nothing about anybody else's orders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from loyalty.database import Connection
from loyalty.orders import bucket
from loyalty.orders.amazon_business import (
    AcceptedItem,
    Address,
    CredentialsRevoked,
    NotSent,
    Ordering,
    OrderLine,
    OrderResult,
    PlaceOrder,
    Reason,
    Refused,
    Throttled,
    Unknown,
)

# Refusals that say something about the buying account and nothing about the order. The list of codes is not public.
_STOPS_THE_PROGRAMME = re.compile(
    r"PAYMENT|CARD|CREDIT|SPEND|(?<!QUANTITY_)LIMIT_EXCEEDED|BUDGET|APPROVAL|SUSPENDED|EMAIL_ID_NOT_FOUND"
)

PROBE_ID = "connection-probe"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what is unknown may stay so. Seconds, unless the name says otherwise."""

    lease: int = 90
    first_look: float = 2.0
    longest_pause: float = 600.0
    not_found_count: int = 3
    not_found_quiet: int = 120
    resends: int = 2
    give_up: int = 7200


@dataclass(frozen=True, slots=True)
class Happened:
    """What one step did. `kind`: idle, accepted, partial, rejected, throttled, not_sent, unknown, not_found,
    resend, given_up, paused, resumed or trial_ordered (Amazon has bought what was a trial); `wait_seconds` until the
    next step is worth a try. `trial`: an order of the canary's."""

    kind: str
    wait_seconds: float = 0.0
    program_id: int | None = None
    redemption_id: UUID | None = None
    reason: str | None = None
    correlation_id: str | None = None
    trial: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the state machine waits to hear: `outcome` accepted, partial, rejected, withdrawn, sent or unknown."""

    program_id: int
    redemption_id: UUID
    task_token: str
    outcome: str
    accepted_quantity: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What an order goes back to: the correlation id of the member's request, and the trace that its message came with:
    Root=…;Parent=…;Sampled=…."""

    correlation_id: str | None = None
    trace: str | None = None


# What is done for an order is done within this, e.g. a span of its trace.
type On = Callable[[str, UUID, Origin], AbstractContextManager[object]]


def enqueue(
    connection: Connection, program_id: int, redemption_id: UUID, task_token: str, origin: Origin | None = None
) -> str:
    """Put the redemption's order into the durable queue. Returns its state, or `unknown_redemption`."""
    origin = origin or Origin()
    row = connection.execute(
        "select orders.enqueue(%s, %s, %s, %s, %s) as state",
        (program_id, redemption_id, task_token, origin.correlation_id, origin.trace),
    ).fetchone()
    assert row is not None
    return str(row["state"])


def unanswered(connection: Connection, connection_name: str, most: int = 20) -> list[Answer]:
    """Answers that have not been delivered."""
    rows = connection.execute("select * from orders.unanswered(%s, %s)", (connection_name, most)).fetchall()
    return [
        Answer(
            row["program_id"], row["redemption_id"], row["task_token"], row["outcome"], int(row["accepted_quantity"])
        )
        for row in rows
    ]


def answered(connection: Connection, answer: Answer) -> None:
    """The answer was delivered, or nobody waits for it."""
    connection.execute(
        "select orders.answered(%s, %s, %s)", (answer.program_id, answer.redemption_id, answer.task_token)
    )


class Placing:
    """The work on one connection's queue. Several processes may do it at once: the database deals out the work."""

    def __init__(
        self,
        ordering: Ordering,
        connection_name: str,
        patience: Patience | None = None,
        lease_id: Callable[[], UUID] = uuid4,
        on: On = lambda kind, redemption_id, origin: nullcontext(),
    ) -> None:
        self._ordering = ordering
        self._name = connection_name
        self._patience = patience or Patience()
        self._lease_id = lease_id
        self._on = on

    def step(self, connection: Connection) -> Happened:
        """Do the next thing that is due. Everything it learns is in the database before it returns."""
        lease_id = self._lease_id()
        work = connection.execute(
            "select * from orders.next(%s, %s, %s, true)", (self._name, lease_id, self._patience.lease)
        ).fetchone()
        assert work is not None
        if work["kind"] == "wait":
            return Happened("idle", float(work["wait_seconds"]))
        if work["kind"] == "probe":
            return self._probe(connection)
        task = _Task(self, connection, lease_id, work)
        with self._on(work["kind"], work["redemption_id"], Origin(work["correlation_id"], work["trace"])):
            return task.place() if work["kind"] == "place" else task.look()

    def _probe(self, connection: Connection) -> Happened:
        try:
            self._ordering.order_details(PROBE_ID)
        except (CredentialsRevoked, NotSent, Unknown):
            return Happened("idle", 5.0)
        except (Throttled, Refused):
            pass  # Amazon knows us again, whatever it thinks of the question
        connection.execute("select orders.resume(%s)", (self._name,))
        return Happened("resumed")


class _Task:
    """One attempt on one placement, under its lease."""

    def __init__(self, placing: Placing, connection: Connection, lease_id: UUID, work: dict[str, Any]) -> None:
        self._placing = placing
        self._patience = placing._patience
        self._connection = connection
        self._lease_id = lease_id
        self._work = work
        self._program_id: int = work["program_id"]
        self._redemption_id: UUID = work["redemption_id"]

    def place(self) -> Happened:
        """Send it. The state has been `sent` since before this call."""
        if self._work["trial"]:
            return self._try()
        order = self._order()
        if order is None:
            if self._work["sends"] > 1:
                return self._unknown("repetition_without_address")
            return self._conclude(_rejected_by_us("AddressMissing", self._lines()))
        try:
            result = self._placing._ordering.place_order(order)
        except Throttled as error:
            self._close_bucket(bucket.PLACE_ORDER, error)
            return self._put_back("throttled", 0)
        except NotSent as error:
            return self._put_back("not_sent", 5, type(error).__name__)
        except CredentialsRevoked as error:
            self._put_back("not_sent", 0)
            return self._pause(f"credentials:{error.status}")
        except Refused as error:
            if self._work["sends"] > 1:
                return self._unknown("repetition_refused")
            if _STOPS_THE_PROGRAMME.search(error.code.upper()):
                return self._ask_again_later(error.code)
            return self._conclude(_rejected_by_us(f"Refused:{error.status}", self._lines()))
        except Unknown as error:
            return self._unknown(type(error).__name__)
        return self._take(result, repeated=self._work["sends"] > 1)

    def look(self) -> Happened:
        """Ask what became of it."""
        if self._work["trial"]:
            # Amazon keeps nothing of a trial that could be looked up.
            return self._not_tried("TrialUnknown")
        try:
            result = self._placing._ordering.order_details(self._work["external_id"])
        except Throttled as error:
            self._close_bucket(bucket.ORDER_DETAILS, error)
            return self._unknown("throttled")
        except CredentialsRevoked as error:
            self._unknown("credentials")
            return self._pause(f"credentials:{error.status}")
        except (NotSent, Unknown, Refused) as error:
            return self._unknown(type(error).__name__)
        if result is None:
            return self._not_found()
        return self._take(result, repeated=False)

    def _try(self) -> Happened:
        """Ask Amazon what it would say. Whatever comes is the end of it: nothing was bought, so nothing is in doubt,
        and only real orders stop the programme or set it going again."""
        order = self._order()
        if order is None:
            return self._not_tried("AddressMissing")
        try:
            result = self._placing._ordering.place_order(order)
        except Throttled as error:
            self._close_bucket(bucket.PLACE_ORDER, error)
            return self._put_back("throttled", 0)
        except NotSent as error:
            return self._put_back("not_sent", 5, type(error).__name__)
        except (CredentialsRevoked, Refused, Unknown) as error:
            return self._not_tried(f"Trial{type(error).__name__}")
        bought = result.signed or any(item.order_id for line in result.lines.values() for item in line.accepted)
        whole = _accounts_for(result, self._lines())
        happened = self._conclude(_as_json(result)) if whole else self._not_tried("TrialIncomplete")
        # Also where only a part was: somebody has to cancel it by hand.
        return self._happened("trial_ordered", happened.kind) if bought else happened

    def _not_tried(self, reason: str) -> Happened:
        return self._conclude(_rejected_by_us(reason, self._lines()))

    def _take(self, result: OrderResult, *, repeated: bool) -> Happened:
        if not _accounts_for(result, self._lines()):
            self._unknown("incomplete")
            code = None if result.accepted_quantity else _stopping_code(result)
            return self._pause(code) if code else self._happened("unknown", "incomplete")
        if result.accepted_quantity == 0:
            if repeated:
                return self._unknown("repetition_rejected")
            if code := _stopping_code(result):
                return self._ask_again_later(code)
            return self._answered(result)
        if not result.signed and not all(
            item.order_id for line in result.lines.values() for item in line.accepted if item.quantity
        ):
            # Accepted and not placed: an approval is pending, or the buying group is in test mode.
            self._unknown("not_signed")
            return self._pause("not_signed")
        return self._answered(result)

    def _answered(self, result: OrderResult) -> Happened:
        # Whoever answers about goods has nothing against the account.
        self._connection.execute("select orders.resume(%s)", (self._placing._name,))
        return self._conclude(_as_json(result))

    def _conclude(self, result: dict[str, Any]) -> Happened:
        state = self._call("select orders.conclude(%s, %s, %s) as answer", Jsonb(result))
        return self._happened(str(state))

    def _put_back(self, kind: str, seconds: float, reason: str | None = None) -> Happened:
        self._call("select orders.put_back(%s, %s, %s, %s) as answer", self._lease_id, seconds)
        return self._happened(kind, reason)

    def _ask_again_later(self, reason: str) -> Happened:
        self._call("select orders.ask_again_later(%s, %s, %s) as answer", self._lease_id)
        return self._pause(reason)

    def _pause(self, reason: str) -> Happened:
        self._connection.execute("select orders.pause(%s, %s)", (self._placing._name, reason))
        return self._happened("paused", reason)

    def _unknown(self, reason: str) -> Happened:
        pause = min(self._patience.first_look * 2 ** min(self._work["look_ups"], 16), self._patience.longest_pause)
        verdict = self._call(
            "select orders.mark_unknown(%s, %s, %s, %s, %s) as answer", self._lease_id, pause, self._patience.give_up
        )
        return self._happened(str(verdict), reason)

    def _not_found(self) -> Happened:
        patience = self._patience
        pause = min(patience.first_look * 2 ** min(self._work["look_ups"], 16), patience.not_found_quiet / 2 or 1)
        verdict = self._call(
            "select orders.not_found(%s, %s, %s, %s, %s, %s, %s) as answer",
            self._lease_id,
            patience.not_found_count,
            patience.not_found_quiet,
            patience.resends,
            pause,
        )
        return self._happened("not_found" if verdict == "look_again" else str(verdict))

    def _close_bucket(self, operation: str, error: Throttled) -> None:
        self._connection.execute(
            "select orders.close_bucket(%s, %s, %s)", (self._placing._name, operation, error.retry_after_seconds)
        )

    def _order(self) -> PlaceOrder | None:
        row = self._connection.execute(
            "select * from members.shipping_address(%s, %s, %s)",
            (self._program_id, self._work["member_id"], self._work["address_id"]),
        ).fetchone()
        if row is None:
            return None
        return PlaceOrder(
            external_id=self._work["external_id"],
            lines=tuple(
                OrderLine(
                    line_number=line["line_number"],
                    asin=line["asin"],
                    offer_id=line["offer_id"],
                    quantity=line["quantity"],
                    expected_unit_price_minor=line["limit_unit_price_minor"],
                    expected_shipping_minor=line["limit_shipping_minor"],
                    expected_tax_minor=line["limit_tax_minor"],
                )
                for line in self._lines()
            ),
            address=Address(
                full_name=row["full_name"],
                phone=row["phone"] or "",
                line1=row["line1"],
                line2=row["line2"] or "",
                line3=row["line3"] or "",
                city=row["city"],
                state_or_region=row["state_or_region"] or "",
                postal_code=row["postal_code"],
                country_code=row["country_code"],
            ),
            purchase_order_number=self._work["purchase_order_number"],
            region=self._work["region"],
            currency=self._work["currency"],
            trial=self._work["trial"],
        )

    def _lines(self) -> list[dict[str, Any]]:
        return self._connection.execute(
            "select * from orders.lines_to_place(%s, %s)", (self._program_id, self._redemption_id)
        ).fetchall()

    def _call(self, statement: str, *arguments: Any) -> Any:
        row = self._connection.execute(
            statement.encode(), (self._program_id, self._redemption_id, *arguments)
        ).fetchone()
        assert row is not None
        return row["answer"]

    def _happened(self, kind: str, reason: str | None = None) -> Happened:
        work = self._work
        return Happened(
            kind, 0.0, self._program_id, self._redemption_id, reason, work["correlation_id"], trial=work["trial"]
        )


def _accounts_for(result: OrderResult, lines: list[dict[str, Any]]) -> bool:
    """Whether the answer says of each unit that was asked for that it is accepted or rejected."""
    asked = {line["line_number"]: line["quantity"] for line in lines}
    answered = {
        number: sum(item.quantity for item in line.accepted) + sum(item.quantity for item in line.rejected)
        for number, line in result.lines.items()
    }
    return answered == asked


def _stopping_code(result: OrderResult) -> str | None:
    """The code by which Amazon says that this account cannot buy now, if it says so for the whole order: for the order
    itself, or for each of its lines."""
    whole = _first_stopping(result.rejections)
    if whole or result.accepted_quantity or not result.lines:
        return whole
    codes = [
        _first_stopping([reason for item in line.rejected for reason in item.reasons]) for line in result.lines.values()
    ]
    return codes[0] if all(codes) else None


def _first_stopping(reasons: Iterable[Reason]) -> str | None:
    codes = (reason.code or reason.kind for reason in reasons)
    return next((code for code in codes if _STOPS_THE_PROGRAMME.search(code.upper())), None)


def _as_json(result: OrderResult) -> dict[str, Any]:
    """What is kept of an answer: numbers, ids and kinds, never Amazon's prose."""
    return {
        "signed": result.signed,
        "lines": [
            {
                "line_number": line.line_number,
                "accepted": [_accepted_as_json(item) for item in line.accepted],
                "rejected": [
                    {
                        "quantity": item.quantity,
                        "reasons": [
                            {
                                name: value
                                for name, value in asdict(reason).items()
                                if name != "message" and value is not None
                            }
                            for reason in item.reasons
                        ],
                    }
                    for item in line.rejected
                ],
            }
            for line in result.lines.values()
        ],
    }


def _accepted_as_json(item: AcceptedItem) -> dict[str, Any]:
    charged = sum(charge.amount_minor for charge in item.charges)
    tax = sum(charge.amount_minor for charge in item.charges if charge.kind == "TAX")
    shipping = sum(c.amount_minor for c in item.charges if c.kind != "TAX" and c.category == "SHIPPING")
    return {
        "order_id": item.order_id,
        "quantity": item.quantity,
        "unit_price_minor": item.unit_price_minor,
        "charged_minor": charged,
        "shipping_minor": shipping,
        "tax_minor": tax,
        "delivery_earliest": _text(item.delivery_earliest),
        "delivery_latest": _text(item.delivery_latest),
    }


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _rejected_by_us(kind: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "signed": False,
        "lines": [
            {
                "line_number": line["line_number"],
                "accepted": [],
                "rejected": [{"quantity": line["quantity"], "reasons": [{"kind": kind}]}],
            }
            for line in lines
        ],
    }
