"""Invoices leave by mail: to the laptop's door for mail, from the store's own domain, signed; tried a few times."""

from __future__ import annotations

import asyncio
import smtplib
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from local.simulators import mail_signing
from local.simulators.amazon_business import invoicing
from local.simulators.amazon_business.gate import Gate
from local.simulators.amazon_business.store import Store

if TYPE_CHECKING:
    from local.invoices.truth import Order

TICK_SECONDS = 0.5
MOST_AT_ONCE = 20
MAX_ATTEMPTS = 6
SMTP_SECONDS = 10
HOST = "127.0.0.1"
DOMAINS = {
    "US": "amazon.com", "UK": "amazon.co.uk", "DE": "amazon.de", "FR": "amazon.fr", "ES": "amazon.es",
    "IT": "amazon.it",
}  # fmt: skip
# Who spoofs says he is Amazon, and cannot sign for it.
STRANGER = "amaz0n-billing.example"
FAULTS = tuple(f"invoice_{error}" for error in invoicing.ERRORS)


@dataclass(frozen=True, slots=True)
class Letter:
    """All that sending one needs, so that it can be done aside."""

    mail_id: int
    order: Order
    layout: str
    error: str | None
    region: str
    recipient: str
    port: int
    at: datetime


class Postman:
    """Sends what is due. The store is used in the server's one thread only, drawing and SMTP are done in another."""

    def __init__(self, store: Store, gate: Gate) -> None:
        self._store = store
        self._gate = gate
        self._turn = asyncio.Lock()
        self._not_before: dict[int, float] = {}

    async def run(self) -> None:
        """For ever."""
        while True:
            with suppress(Exception):  # the next tick tries again
                await self.send_due()
            await asyncio.sleep(TICK_SECONDS)

    async def send_due(self) -> int:
        """Send what is due and what was asked for by hand. How many mails left."""
        async with self._turn:
            self._begin()
            rows = self._store.all(
                "select m.*, i.region from invoice_mails m join invoices i using (number) where m.sent_at is null"
                " order by m.id limit ?",
                MOST_AT_ONCE,
            )
            sent = 0
            for row in rows:
                if self._not_before.get(row["id"], 0) <= time.monotonic():
                    sent += await self._one(row)
            return sent

    def _begin(self) -> None:
        """What is due by now is put into the mail, or held back."""
        rows = self._store.all(
            "select number from invoices where state = 'waiting' and due_at <= ? order by due_at limit ?",
            self._gate.now().isoformat(),
            MOST_AT_ONCE,
        )
        for row in rows:
            mailed = self._gate.setting("invoices_by_mail") and self._ready()
            fault = self._gate.take_fault("invoice", "invoice_held", *FAULTS) if mailed else None
            if not mailed or fault == "invoice_held":
                self._store.run("update invoices set state = 'held' where number = ?", row["number"])
                continue
            with self._store.transaction():
                self._store.run("update invoices set state = 'sending' where number = ?", row["number"])
                put(self._store, row["number"], fault.removeprefix("invoice_") if fault else None)

    def _ready(self) -> bool:
        return bool(self._gate.setting("invoice_recipient") and self._gate.setting("mail_port"))

    async def _one(self, row: sqlite3.Row) -> int:
        if not self._ready():
            return self._failed(row)
        order, layout = invoicing.paper(self._store, self._gate, row["number"], row["error"])
        letter = Letter(
            row["id"], order, layout, row["error"], row["region"], self._gate.setting("invoice_recipient"),
            self._gate.setting("mail_port"), self._gate.now(),
        )  # fmt: skip
        if not await asyncio.to_thread(deliver, letter):
            return self._failed(row)
        self._not_before.pop(row["id"], None)
        with self._store.transaction():
            self._store.run(
                "update invoice_mails set sent_at = ? where id = ?", self._gate.now().isoformat(), row["id"]
            )
            self._store.run("update invoices set state = 'mailed' where number = ?", row["number"])
        return 1

    def _failed(self, row: sqlite3.Row) -> int:
        attempts = row["attempts"] + 1
        self._not_before[row["id"]] = time.monotonic() + TICK_SECONDS * 2**attempts
        self._store.run("update invoice_mails set attempts = ? where id = ?", attempts, row["id"])
        if attempts >= MAX_ATTEMPTS:
            self._not_before.pop(row["id"], None)
            with self._store.transaction():
                self._store.run("delete from invoice_mails where id = ?", row["id"])
                self._store.run("update invoices set state = 'failed' where number = ?", row["number"])
        return 0


def put(store: Store, number: str, error: str | None) -> None:
    """One more mail of this invoice, to go with the next tick."""
    store.run("insert into invoice_mails(number, error, attempts) values (?, ?, 0)", number, error)


def deliver(letter: Letter) -> bool:
    """Draw and send; whether the door took it."""
    domain = DOMAINS[letter.region]
    message = composed(letter, invoicing.drawn(letter.order, letter.layout, letter.error))
    raw = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    host, sender = f"mail.{domain}", f"no-reply@{domain}"
    if letter.error == "spoofed_sender":
        host, sender = f"mail.{STRANGER}", f"billing@{STRANGER}"
    else:
        raw = mail_signing.signed(raw, domain)
    try:
        with smtplib.SMTP(HOST, letter.port, local_hostname=host, timeout=SMTP_SECONDS) as door:
            door.sendmail(sender, [letter.recipient], raw)
    except (OSError, smtplib.SMTPException):
        return False
    return True


def composed(letter: Letter, pdf: bytes) -> EmailMessage:
    """The mail as Amazon Business writes it, nearly: text in two forms, and the paper."""
    order, domain = letter.order, DOMAINS[letter.region]
    memo = order.kind == "credit_memo"
    what = "credit memo" if memo else "invoice"
    message = EmailMessage()
    message["From"] = f"Amazon Business <no-reply@{domain}>"
    message["To"] = letter.recipient
    message["Subject"] = f"Your Amazon Business {what} {order.number}"
    message["Date"] = format_datetime(letter.at)
    # A mail that is sent again is another one.
    message["Message-ID"] = f"<{letter.mail_id}.{order.number}@{domain}>"
    words = (
        f"Hello,\n\nYour {what} {order.number} for PO {order.purchase_order_number} is attached.\n\nAmazon Business\n"
    )
    message.set_content(words)
    message.add_alternative(f"<html><body><p>{words.strip().replace('\n\n', '</p><p>')}</p></body></html>", "html")
    name = f"{'Credit_Memo' if memo else 'Invoice'}_{order.number}.pdf"
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
    return message
