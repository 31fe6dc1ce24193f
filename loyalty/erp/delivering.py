"""Take what is due to each programme's ERP, and write down what became of it: at most once in its books."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from loyalty.database import Connection
from loyalty.erp import journal, rest_json
from loyalty.erp.gateway import Accepted, Again, ErpGateway, Format, Outgoing, Posted, Refused, Told, Unfit
from loyalty.integrations.tokens import NoToken
from loyalty.invoices.invoice import Invoice
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.programme.schema.integrations import Erp
from loyalty.programme.schema.invoices import Party

# Few at a time: an ERP books one after the other, and one that is away is not asked often.
AT_ONCE, TAKEN = 4, 8
# Longer than a gateway lives: one that was killed is followed by another after this.
LEASE_SECONDS = 120
GIVE_UP_DAYS = 3
JOURNAL_DAYS_AT_ONCE = 400

# The way to an ERP as the programme names it. Raises NoToken.
type ErpOf = Callable[[Erp], ErpGateway]


@dataclass(slots=True)
class Done:
    """What one run did. `failed`: to be tried again; `accepted`: to be asked about."""

    posted: int = 0
    accepted: int = 0
    refused: int = 0
    failed: int = 0
    given_up: int = 0


def connect(connection: Connection) -> list[int]:
    """The programmes that have an ERP, as they are published now."""
    rows = connection.execute("select program_id from erp.connect() as program_id").fetchall()
    return [row["program_id"] for row in rows]


def hand_over_journal(connection: Connection) -> int:
    """Days that finance has locked since become documents. How many."""
    row = connection.execute("select erp.hand_over_journal(%s) as days", (JOURNAL_DAYS_AT_ONCE,)).fetchone()
    assert row is not None
    return int(row["days"])


def deliver(connection: Connection, programmes: list[int], erp_of: ErpOf, seconds: float, linger: float = 0) -> Done:
    """Send what is due until nothing is, or the time is up; look again every second while `linger` seconds last."""
    began = time.monotonic()
    done = Done()
    row = connection.execute("select clock.new_id() as id").fetchone()
    assert row is not None
    with ThreadPoolExecutor(AT_ONCE) as several:
        while time.monotonic() - began < seconds:
            busy = [
                program_id
                for program_id in programmes
                if time.monotonic() - began < seconds
                and _some(connection, several, program_id, row["id"], erp_of, done)
            ]
            if not busy:
                if time.monotonic() - began >= linger:
                    break
                time.sleep(1)
                hand_over_journal(connection)
    return done


def standing(connection: Connection) -> dict[str, int]:
    """How long the oldest waits, how many wait, are accepted, given up; how many ERPs fail."""
    row = connection.execute("select * from erp.standing()").fetchone()
    assert row is not None
    return row


def parked(connection: Connection, most: int = 100) -> list[dict[str, Any]]:
    """What nobody tries any more, oldest first."""
    return connection.execute("select * from erp.parked(%s)", (most,)).fetchall()


def redrive(connection: Connection, documents: list[UUID] | None = None) -> int:
    """Try them again: those, or all. How many."""
    row = connection.execute("select erp.redrive(%s::uuid[]) as count", (documents,)).fetchone()
    assert row is not None
    return int(row["count"])


def _some(
    connection: Connection, several: ThreadPoolExecutor, program_id: int, taker: UUID, erp_of: ErpOf, done: Done
) -> bool:
    programme = reading.current(connection, program_id).document
    settings = programme.integrations.erp
    if settings is None:
        return False
    rows = connection.execute(
        "select * from erp.take(%s, %s, %s, %s)", (program_id, taker, TAKEN, LEASE_SECONDS)
    ).fetchall()
    if not rows:
        return False
    try:
        erp: ErpGateway | Again = erp_of(settings)
    except NoToken as failure:
        erp = Again(failure.code, left=False)
    ready = [(row, _ready(connection, program_id, taker, row, programme, settings.format)) for row in rows]
    ours = [(row, one) for row, one in ready if one is not None]
    answers = several.map(partial(_ask, erp), [one for _, one in ours])
    for (row, _), (told, milliseconds) in zip(ours, answers, strict=True):
        _note(connection, program_id, taker, row, told, milliseconds, done)
    return True


def _ready(
    connection: Connection, program_id: int, taker: UUID, row: Mapping[str, Any], programme: Programme, chosen: Format
) -> Outgoing | str | Refused | None:
    """What is sent; the id of one that is only asked about; or why nothing is. None: it is another's meanwhile."""
    if row["state"] == "accepted":
        return str(row["erp_document_id"])
    made, body = row["format"], row["body"]
    if body is None:
        made = "json" if row["kind"] == "journal" else chosen
        try:
            body = written(row["kind"], row["content"], made, programme)
        except Unfit as failure:
            return Refused(failure.rule, failure.detail, None)
        except (ValidationError, KeyError, TypeError):
            return Refused("unreadable", "What was handed over is no such document.", None)
        prepared = connection.execute(
            "select erp.prepare(%s, %s, %s, %s, %s) as ours", (program_id, row["document_id"], taker, made, body)
        ).fetchone()
        if prepared is None or not prepared["ours"]:
            return None
    return Outgoing(row["kind"], row["idempotency_key"], made, body)


def written(kind: str, content: Mapping[str, Any], chosen: Format, programme: Programme) -> str:
    """A document's text in a format. Beside the invoice `content` has our orders' numbers and redemptions.

    Raises Unfit, ValidationError.
    """
    if kind == "journal":
        return journal.text(content)
    invoice = Invoice.model_validate({name: content[name] for name in Invoice.model_fields if name in content})
    # What we ordered by is what we wrote ourselves; the paper's may be read wrong.
    if ours := content.get("purchase_orders"):
        invoice = invoice.model_copy(update={"purchase_order_numbers": tuple(ours)})
    if chosen == "json":
        redemptions = content.get("redemptions") or []
        return rest_json.text(invoice, programme.invoices.vendor, programme.invoices.buyer, redemptions)
    # Only here is lxml needed.
    from loyalty.erp import ubl

    # UBL knows no document without a buyer.
    buyer = programme.invoices.buyer or Party(name=programme.brand.name, country=programme.store.region)
    return ubl.text(invoice, programme.invoices.vendor, buyer)


def _ask(erp: ErpGateway | Again, ready: Outgoing | str | Refused) -> tuple[Told, int]:
    began = time.monotonic()
    told: Told
    if isinstance(ready, Refused):
        told = ready
    elif isinstance(erp, Again):
        told = erp
    else:
        told = erp.status(ready) if isinstance(ready, str) else erp.post(ready)
    return told, round((time.monotonic() - began) * 1000)


def _note(
    connection: Connection,
    program_id: int,
    taker: UUID,
    row: Mapping[str, Any],
    told: Told,
    milliseconds: int,
    done: Done,
) -> None:
    action = "status" if row["state"] == "accepted" else "post"
    outcome, left, problem, detail, document_id, stands, wait = "again", False, None, None, None, None, 0
    match told:
        case Posted() | Accepted():
            outcome = "posted" if isinstance(told, Posted) else "accepted"
            document_id, stands = told.document_id, told.erp_status
        case Refused():
            outcome, problem, detail = "refused", told.code, told.detail
        case Again():
            left, problem, wait = told.left, told.problem, told.retry_after_seconds
    said = connection.execute(
        "select erp.tried(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) as became",
        (program_id, row["document_id"], taker, action, outcome, left, told.status, problem, detail, document_id,
         stands, wait, milliseconds, GIVE_UP_DAYS),
    ).fetchone()  # fmt: skip
    assert said is not None
    done.posted += said["became"] == "posted"
    done.accepted += said["became"] == "accepted"
    done.refused += said["became"] == "refused"
    done.given_up += said["became"] == "given_up"
    done.failed += outcome == "again" and said["became"] in ("waiting", "sent")
