"""Invoices that did not come by themselves: noticed, asked for, fetched; or a person is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from loyalty.invoices import fetching
from loyalty.invoices.fetching import Ran
from loyalty.orders.amazon_business import (
    AmazonBusinessError,
    Asked,
    CredentialsRevoked,
    Issued,
    NotSent,
    Page,
    Refused,
    Report,
    ShipmentLineReport,
    ShippedItem,
    Throttled,
    Unknown,
)
from tests.conftest import TestDatabase
from tests.domain.invoices.books import LAMP, TOWELS, Desk, Order, content, desk, doubt, reading
from tests.domain.invoices.papers import pdf
from tests.domain.invoices.test_months import charged


@dataclass
class Amazon:
    """What it has issued, by (order, shipment); a paper is done when it is looked at for the second time."""

    shipped: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    issued: dict[tuple[str, str], list[Issued]] = field(default_factory=dict)
    papers: dict[str, bytes] = field(default_factory=dict)
    reports: dict[str, list[str]] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    failure: AmazonBusinessError | None = None

    def shipment_line_reports(self, asked: Asked) -> Page[ShipmentLineReport]:
        self._say("lines")
        entries = tuple(
            ShipmentLineReport(order, shipment, asin, 1, line_id=f"{shipment}-{asin}")
            for (order, shipment), asins in self.shipped.items()
            if order in asked.order_ids
            for asin in asins
        )
        return Page(entries)

    def issued_invoices(self, items: tuple[ShippedItem, ...]) -> dict[ShippedItem, tuple[Issued, ...]]:
        self._say("issued")
        return {item: tuple(self.issued.get((item.order_id, item.shipment_id), ())) for item in items}

    def order_invoice(self, number: str, document_type: str = "Invoice") -> str:
        self._say(f"order {number}")
        self.reports[f"R-{number}"] = ["IN_QUEUE", self.ends.get(number, "DONE")]
        return f"R-{number}"

    def invoice_report(self, report_id: str) -> Report:
        self._say("report")
        steps = self.reports[report_id]
        status = steps.pop(0) if len(steps) > 1 else steps[0]
        return Report(status, report_id if status == "DONE" else None)

    def invoice_document(self, document_id: str, most_bytes: int) -> bytes:
        self._say("document")
        return self.papers.get(document_id.removeprefix("R-"), b"")

    def _say(self, what: str) -> None:
        self.asked.append(what)
        if self.failure is not None:
            raise self.failure


@dataclass
class Watch:
    """The watch of one programme, on a database of the test's own."""

    books: Desk
    amazon: Amazon = field(default_factory=Amazon)
    kept: dict[str, bytes] = field(default_factory=dict)

    def sent(self, order: Order | None = None, quantity: int | None = None, *, issued: str | None = None) -> Order:
        """Units leave; `issued`: Amazon has made an invoice of this number about them."""
        order = order or self.books.ordered(TOWELS)
        self.books.shipped(order, quantity or order.lines[0].quantity)
        (row,) = self.books.owner.execute(
            "update orders.shipment set shipment_id = split_part(shipment_key, '/', 2)"
            " where redemption_id = %s and shipment_id is null returning shipment_id",
            (order.redemption_id,),
        ).fetchall()
        where = (order.amazon, row["shipment_id"])
        self.amazon.shipped[where] = [order.lines[0].asin]
        if issued:
            self.amazon.issued[where] = [Issued(issued, "STANDARD")]
            self.amazon.papers[issued] = pdf(words=issued)
        return order

    def later(self, interval: str) -> None:
        self.books.database.shift_clock(interval)

    def run(self) -> Ran:
        more: Any = self.amazon
        return fetching.run(self.books.watch, more, 1, self.kept.__setitem__, lambda: True)

    def row(self, order: Order) -> dict[str, Any]:
        rows = self.books.owner.execute(
            "select * from invoices.fetch where redemption_id = %s", (order.redemption_id,)
        ).fetchall()
        assert len(rows) == 1
        return rows[0]

    def states(self) -> list[str]:
        return [
            row["state"] for row in self.books.owner.execute("select state from invoices.fetch order by noticed_at")
        ]

    def cases(self, state: str = "open") -> list[dict[str, Any]]:
        return self.books.owner.execute(
            "select * from casework.case where kind = 'invoice_missing' and state = %s", (state,)
        ).fetchall()


@pytest.fixture
def watch(fresh_database: TestDatabase) -> Iterator[Watch]:
    with desk(fresh_database) as books:
        yield Watch(books)
        assert books.violations() == {}


def test_a_shipment_is_waited_for_so_many_days_and_then_its_invoice_is_fetched(watch: Watch) -> None:
    order = watch.sent(issued="1ABC-0001")
    watch.later("6 days 23 hours")
    assert watch.run() == Ran()
    watch.later("2 hours")
    ran = watch.run()
    assert (ran.missing, ran.ordered, ran.fetched) == (1, 1, 0)
    assert (watch.row(order)["state"], watch.row(order)["invoice_number"]) == ("asked", "1ABC-0001")
    for fetched in (0, 1):  # in the queue, then done
        watch.later("2 minutes")
        ran = watch.run()
        assert (ran.missing, ran.ordered, ran.fetched) == (0, 0, fetched)
    (document_id,) = ran.begin
    (document,) = watch.books.owner.execute("select * from invoices.document").fetchall()
    assert (document["document_id"], document["source"], document["state"]) == (document_id, "fetched", "received")
    assert watch.kept == {document["object_key"]: watch.amazon.papers["1ABC-0001"]}
    assert watch.row(order)["state"] == "fetched"
    watch.later("30 days")
    watch.amazon.asked.clear()
    assert watch.run() == Ran()
    assert watch.amazon.asked == []


def test_a_fetched_paper_is_judged_like_one_that_came_by_mail(watch: Watch) -> None:
    order = watch.sent(issued="1ABC-0002")
    watch.later("8 days")
    for _ in range(3):
        ran = watch.run()
        watch.later("2 minutes")
    told = watch.books.judged([reading(content(order.item(), order=order, number="1ABC-0002"))], ran.begin[0])
    assert told["invoices"][0]["state"] == "approved"


def test_a_fetched_paper_that_is_no_invoice_after_all_does_not_end_the_asking(watch: Watch) -> None:
    order = watch.sent(issued="1ABC-0012")
    watch.later("8 days")
    for _ in range(3):
        ran = watch.run()
        watch.later("2 minutes")
    nothing = reading(None, doubt("not_an_invoice"))
    assert watch.books.judged([nothing], ran.begin[0])["state"] == "refused"
    watch.later("25 hours")
    watch.run()
    assert (watch.row(order)["state"], watch.row(order)["reason"]) == ("due", "not_an_invoice")
    for _ in range(12):
        watch.later("1 day")
        watch.run()
    assert len(watch.cases()) == 1


def test_a_fetched_paper_that_a_person_looks_at_is_waited_for(watch: Watch) -> None:
    order = watch.sent(issued="1ABC-0013")
    watch.later("8 days")
    for _ in range(3):
        ran = watch.run()
        watch.later("2 minutes")
    told = watch.books.judged([reading(None, doubt("unreadable"), draft={"number": "1ABC-0013"})], ran.begin[0])
    assert told["state"] == "review"
    watch.later("3 days")
    watch.run()
    assert watch.row(order)["state"] == "fetched"


def test_what_came_by_mail_is_not_asked_for(watch: Watch) -> None:
    order = watch.sent(issued="1ABC-0003")
    watch.books.approved(content(order.item(), order=order))
    watch.later("8 days")
    assert watch.run().missing == 0
    assert watch.amazon.asked == []


def test_a_paper_that_a_person_still_completes_has_come(watch: Watch) -> None:
    order = watch.sent(issued="1ABC-0004")
    draft = {"number": "1ABC-0004", "lines": [{"amazon_order_id": order.amazon, "asin": order.lines[0].asin}]}
    told = watch.books.judged([reading(None, doubt("missing_field", "total_minor"), draft=draft)])
    assert told["invoices"][0]["state"] == "review"
    watch.later("8 days")
    assert watch.run().missing == 0


def test_of_two_shipments_only_the_one_without_an_invoice_is_asked_for(watch: Watch) -> None:
    order = watch.sent(quantity=1, issued="1ABC-0005")
    watch.books.approved(content(order.item(1), order=order))
    watch.later("1 hour")
    watch.sent(order, 2, issued="1ABC-0006")
    watch.later("8 days")
    assert watch.run().ordered == 1
    assert watch.amazon.asked[-1] == "order 1ABC-0006"


def test_an_invoice_that_comes_while_it_is_asked_for_ends_the_asking(watch: Watch) -> None:
    order = watch.sent(issued="1ABC-0007")
    watch.later("8 days")
    watch.run()
    watch.books.approved(content(order.item(), order=order))
    watch.later("1 hour")
    watch.amazon.asked.clear()
    assert watch.run() == Ran()
    assert (watch.states(), watch.amazon.asked) == (["came"], [])


def test_what_amazon_has_not_issued_is_asked_again_and_after_a_week_a_person_is(watch: Watch) -> None:
    order = watch.sent()
    watch.later("8 days")
    for _ in range(4):
        watch.run()
        watch.later("3 days")
    (case,) = watch.cases()
    assert (case["subject"], case["reason"], case["allowed_actions"]) == (
        str(order.redemption_id),
        "not_issued",
        ["done"],
    )
    assert case["evidence"]["amazon_order_id"] == order.amazon
    assert watch.row(order)["state"] == "given_up"
    assert not any(said.startswith("order") for said in watch.amazon.asked)


def test_the_case_is_closed_by_a_person_or_by_the_invoice(watch: Watch) -> None:
    first, second = watch.sent(), watch.sent()
    watch.later("8 days")
    for _ in range(4):
        watch.run()
        watch.later("3 days")
    by_subject = {case["subject"]: case["case_id"] for case in watch.cases()}
    said = watch.books.owner.execute(
        "select cases.settle_ticket(1, %s, 'done', null, 'staff:anna', array['finance']) as said",
        (by_subject[str(first.redemption_id)],),
    ).fetchone()
    assert said == {"said": "ok"}
    watch.books.approved(content(second.item(), order=second))
    watch.later("2 days")
    watch.run()
    assert watch.cases() == []
    assert [case["subject"] for case in watch.cases("withdrawn")] == [str(second.redemption_id)]


def test_nobody_is_given_more_than_so_many_cases(watch: Watch) -> None:
    watch.books.owner.execute(
        "select casework.open_case(1, clock.new_id(), 'invoice_missing', n::text, 'not_issued', '{}', array['done'],"
        " array['finance'], clock.now(), 'invoices') from generate_series(1, 25) n"
    )
    order = watch.sent()
    watch.later("8 days")
    for _ in range(4):
        watch.run()
        watch.later("3 days")
    assert (len(watch.cases()), watch.row(order)["state"]) == (25, "due")
    watch.books.owner.execute("select casework.withdraw_case(1, %s, 'x')", (watch.cases()[0]["case_id"],))
    watch.run()
    assert (len(watch.cases()), watch.row(order)["state"]) == (25, "given_up")


def test_a_number_that_is_known_is_not_fetched_again(watch: Watch) -> None:
    order = watch.sent(quantity=1, issued="1ABC-0008")
    # It came, and speaks of other goods: a person has it.
    watch.books.in_review(content(order.item(1, asin=LAMP.asin), order=order, number="1ABC-0008"))
    watch.later("8 days")
    ran = watch.run()
    assert (ran.ordered, watch.row(order)["reason"]) == (0, "known_by_number")


def test_a_paper_that_cannot_be_had_is_ordered_again(watch: Watch) -> None:
    wrong = {
        "report_cancelled": ("CANCELLED", b""),
        "report_fatal": ("FATAL", b""),
        "empty": ("DONE", b""),
        "encrypted": ("DONE", pdf(encrypt="x")),
    }
    orders = {}
    for number, (reason, (ends, paper)) in enumerate(wrong.items()):
        orders[reason] = watch.sent(issued=f"1ABC-2{number}")
        watch.amazon.ends[f"1ABC-2{number}"], watch.amazon.papers[f"1ABC-2{number}"] = ends, paper
    watch.later("8 days")
    for _ in range(3):
        ran = watch.run()
        watch.later("2 minutes")
    for reason, order in orders.items():
        row = watch.row(order)
        assert (row["state"], row["reason"], row["tries"], row["report_id"]) == ("due", reason, 1, None)
    assert (ran.begin, watch.kept) == ((), {})


def test_when_amazon_fails_the_next_run_goes_on(watch: Watch) -> None:
    order = watch.sent(issued="1ABC-0010")
    watch.later("8 days")
    for failure, stopped, tries in (
        (Throttled(60), "throttled", 0),
        (CredentialsRevoked(403, "InvalidGrant"), "not_trusted", 0),
        (NotSent("no connection"), "unreachable", 0),
        (Unknown("no answer"), None, 1),
        (Refused(400, "INVALID_REQUEST_PARAMETER", "quotes what was sent"), None, 2),
    ):
        watch.amazon.failure = failure
        ran = watch.run()
        assert (ran.stopped, ran.ordered, watch.row(order)["tries"]) == (stopped, 0, tries)
        watch.later("5 hours")
    watch.amazon.failure = None
    assert watch.run().ordered == 1


def test_a_run_asks_for_few_and_the_next_for_the_others(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_A_RUN", 2)
    for number in range(3):
        watch.sent(issued=f"1ABC-1{number}")
    watch.later("8 days")
    assert [watch.run().ordered, watch.run().ordered] == [2, 1]


def test_a_month_that_is_over_and_differs_from_what_was_charged_is_counted(watch: Watch) -> None:
    def differing() -> int:
        row = watch.books.watch.execute("select invoices.months_differing(1) as months").fetchone()
        assert row is not None
        return int(row["months"])

    row = watch.books.owner.execute("select date_trunc('month', clock.now()) + interval '2 days' as day").fetchone()
    assert row is not None
    day = row["day"]
    order = watch.sent()
    watch.books.approved(content(order.item(), order=order, issued_on=day.date().isoformat()))
    charged(watch.books, order, 6_000, at=day.isoformat())
    watch.run()
    assert differing() == 0  # it is not over
    watch.later("50 days")
    assert differing() == 1
    charged(watch.books, order, 600, at=day.isoformat())  # its tax came after all
    assert differing() == 1  # counted once an hour
    watch.later("61 minutes")
    assert differing() == 0


def test_only_the_watch_may_ask(watch: Watch) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        watch.books.intake.execute("select invoices.notice_missing(1, 10)")
