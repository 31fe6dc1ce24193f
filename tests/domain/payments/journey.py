"""One redemption's payment, driven as the engine, the member and the worker would."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from loyalty.payments import tasks
from loyalty.payments.amazon_pay.adapter import AmazonPay
from loyalty.payments.answers import Answer, TryLater
from loyalty.payments.provider import PaymentProvider
from tests.conftest import TestDatabase
from tests.domain.payments.rows import open_payment
from tests.simulators.amazon_pay.running import AmazonPayStandIn


class Crash(Exception):
    """The worker died here."""


class Journey:
    """Steps return the answer the state machine would get; `TryLater` comes back as itself."""

    name = "amazon_pay"

    def __init__(self, database: TestDatabase, stand_in: AmazonPayStandIn, clock_file: Path | None = None) -> None:
        self.database = database
        self.stand_in = stand_in
        self.reopen(2599)
        self._clock_file = clock_file
        self._worker = database.connect("payments_worker")
        self.settings = tasks.Settings({self.name: self.made()}, "http://portal.test")

    def made(self, **options: Any) -> PaymentProvider:
        """The provider as the service builds it."""
        return AmazonPay(self.stand_in.client(**options), self.stand_in.credentials.store_id)

    def impatient(self) -> None:
        """From now on the worker waits only a moment for an answer."""
        self.provide(self.made(read_timeout_seconds=0.15))

    def provide(self, provider: PaymentProvider) -> None:
        self.settings = replace(self.settings, providers={self.name: provider})

    @property
    def provider(self) -> PaymentProvider:
        return self.settings.providers[self.name]

    def run(self, task: str, token: str | None = None) -> Answer | TryLater | None:
        work = tasks.Task(task, 1, self.redemption_id, token or (f"{task}-token" if task in tasks.WITH_TOKEN else None))
        return self._run(work)

    def look(self, task: str) -> Answer | TryLater | None:
        """The worker comes by without a message."""
        return self._run(tasks.Task(task, 1, self.redemption_id))

    def _run(self, work: tasks.Task) -> Answer | TryLater | None:
        try:
            answer = tasks.run(self._worker, self.settings, work)
        except TryLater as later:
            return later
        if answer is not None:
            tasks.answered(self._worker, work, answer)
        return answer

    def approve(self, decision: str = "pay", card: str = "1111") -> None:
        url = self.status()["approval_url"]
        assert url is not None
        self.stand_in.decide(url, decision, card)

    def authorised(self) -> None:
        """The way everything goes well."""
        self.run("authorise")
        self.approve()
        answer = self.run("complete")
        assert isinstance(answer, Answer)
        assert answer.output == {"state": "authorised"}

    def intend(self, amount_minor: int) -> str:
        return self._say("select payments.intend_capture(1, %s, %s) as status", amount_minor)

    def give_back(self, event_key: str, amount_minor: int) -> str:
        """As returns and cancellations do."""
        return self._say("select payments.give_back(1, %s, %s, %s, 'test') as status", event_key, amount_minor)

    def collect(self, event_key: str, amount_minor: int, *, is_last: bool = False) -> str:
        """As a shipment does."""
        return self._say("select payments.collect(1, %s, %s, %s, %s) as status", event_key, amount_minor, is_last)

    def _say(self, statement: str, *arguments: Any) -> str:
        return str(self.rows(statement, self.redemption_id, *arguments)[0]["status"])

    def rows(self, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        """As the owner of the schema."""
        with self.database.owner() as owner:
            return owner.execute(statement, arguments).fetchall()

    def standing(self) -> dict[str, Any]:
        return self.rows("select * from payments.standing where redemption_id = %s", self.redemption_id)[0]

    def refunds(self) -> dict[str, str]:
        """How each event's money went."""
        return {
            row["event_key"]: row["state"]
            for row in self.rows("select * from payments.refunds_of(1, %s)", self.redemption_id)
        }

    def rest(self, looks: int = 12, seconds: float = 100) -> None:
        """The worker looks by itself until nothing of this payment is due; the clock goes on in between."""
        for _ in range(looks):
            for work in list(tasks.due(self._worker, 50)):
                if work.redemption_id == self.redemption_id:
                    self._run(work)
            if not self.rows(
                "select 1 from payments.payment where redemption_id = %s and next_look_at is not null"
                " union all select 1 from payments.refund where redemption_id = %s and next_look_at is not null",
                self.redemption_id,
                self.redemption_id,
            ):
                return
            self.turn_clock(seconds=seconds)

    def refunded_minor(self) -> int:
        """What the provider has sent, or will send, back."""
        return sum(
            row["amount_minor"]
            for row in self.stand_in.rows(
                "select r.* from refunds as r join charges as c using (charge_id)"
                " where c.merchant_reference = ? and r.state <> 'Declined'",
                str(self.redemption_id),
            )
        )

    def status(self) -> dict[str, Any]:
        with self.database.owner() as reader:
            row = reader.execute("select * from payments.status_of(1, %s)", (self.redemption_id,)).fetchone()
        assert row is not None
        return row

    def reopen(self, amount_minor: int, capture_at: str = "acceptance") -> None:
        """Another redemption on the same database and provider."""
        self.amount_minor = amount_minor
        self.redemption_id = open_payment(
            self.database, amount_minor=amount_minor, capture_at=capture_at, provider=self.name
        )

    def charges(self) -> list[dict[str, Any]]:
        """This redemption's charges at the provider."""
        return self.stand_in.rows(
            "select * from charges where merchant_reference = ? order by rowid", str(self.redemption_id)
        )

    def reserved_minor(self) -> int:
        """What the member's card shows as reserved."""
        return sum(
            row["authorised_minor"]
            for row in self.charges()
            if row["state"] in ("Authorized", "AuthorizationInitiated", "CaptureInitiated")
        )

    def taken_minor(self) -> int:
        return sum(row["captured_minor"] for row in self.charges())

    def turn_clock(self, **interval: float) -> None:
        """Move database and provider together, e.g. days=6."""
        from datetime import timedelta

        assert self._clock_file is not None
        seconds = timedelta(**interval).total_seconds()
        before = json.loads(self._clock_file.read_text())["shift_seconds"] if self._clock_file.exists() else 0.0
        self.database.shift_clock(f"{seconds} seconds")
        self._clock_file.write_text(json.dumps({"shift_seconds": before + seconds}))

    def close(self) -> None:
        self._worker.close()
