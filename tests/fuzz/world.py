"""A programme in the middle of its day: members with points, quotes and redemptions, adjustments that wait, purchases
from partners, a simulated Amazon Business; and for every operation of the three documents a request that is good."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from uuid import UUID

from botocore.exceptions import ClientError
from PIL import Image
from psycopg.pq import TransactionStatus

from lambdas.manager_routes.allowed import ALL
from loyalty.catalogue import curating
from loyalty.database import Connection
from loyalty.demand import actions, alerts
from loyalty.members.addresses import Address, save
from loyalty.members.membership import NewMember, create
from loyalty.programme import logo as logos
from loyalty.programme import reading
from loyalty.redemptions import quotes, signing
from tests.conftest import TestDatabase
from tests.domain.catalogue.shop import KEY, Shop
from tests.domain.demand import morning
from tests.domain.invoices.reviewed import arrived, content, made_up, misread
from tests.fuzz.door import Door, Reply, Request
from tests.fuzz.facts import (
    ASIN,
    FULL_NAME,
    MAILBOX,
    PHONE,
    STREET,
    numbers,
)
from tests.fuzz.good import GOOD
from tests.lambdas.conftest import (
    CANARY_CLIENT,
    MEMBER_CLIENT,
    Token,
    member_token,
    partner_token,
    staff_token,
)

_TABLES = (
    "points.journal", "points.accrual", "points.reversal", "points.hold", "points.pending", "members.member",
    "members.address", "members.acceptance", "members.adjustment", "redemptions.quote", "redemptions.redemption",
    "redemptions.event", "redemptions.parking", "members.freeze",
    "orders.placement", "payments.payment", "reports.rate", "reports.day", "casework.case",
    "casework.event", "closure.closure", "cases.member_case", "cases.message", "cases.file", "redemptions.units_back",
    "catalogue.change", "catalogue.changed", "catalogue.import",
    "wishes.wish", "programme.published", "programme.draft", "programme.schedule", "support.merge",
    "interactions.catalogue_view", "interactions.choice",
    "redemptions.staff_act", "members.block", "privacy.erasure", "privacy.export", "members.legal_hold",
    "demand.action", "demand.alert",
)  # fmt: skip
_COUNTS = (
    "select pg_current_snapshot()::text as snapshot, "
    "(select coalesce(sum(available + held + pending - debt), 0)::bigint from points.member) as points, "
    "(select coalesce(sum(held), 0)::bigint from points.member) as held, "
    + ", ".join(f'(select count(*) from {table}) as "{table}"' for table in _TABLES)
).encode()


@dataclass
class Fakes:
    """Step Functions, SQS, S3 and SES; `mails` are what members would read, `sent` what went into queues."""

    mails: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)

    class exceptions:  # noqa: N801
        class ExecutionAlreadyExists(Exception):
            pass

    def start_execution(self, **_: Any) -> None:
        pass

    def get_object(self, **_: Any) -> None:
        raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")

    def get_paginator(self, _: str) -> Any:
        user = {"Username": "staff-1", "Enabled": True, "Attributes": [{"Name": "email", "Value": "s@staff.example"}]}
        return mock.Mock(paginate=lambda **_: [{"Users": [user]}])

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        return {"SecretString": "{}"}

    def send_message(self, **message: Any) -> None:
        self.sent.append(message)

    def list_users(self, **_: Any) -> dict[str, Any]:
        return {"Users": [{"Attributes": [{"Name": "email", "Value": "staff@example.com"}]}]}

    def send_email(self, **mail: Any) -> None:
        self.mails.append(mail["Message"]["Body"]["Text"]["Data"])

    def publish(self, **sms: Any) -> None:
        self.mails.append(sms["Message"])

    def execute_statement(self, *, Sql: str, **_: Any) -> dict[str, str]:  # noqa: N803
        return {"Id": "loaded" if "loyalty.loaded" in Sql else "report"}

    def describe_statement(self, **_: Any) -> dict[str, Any]:
        return {"Status": "FINISHED", "HasResultSet": True}

    def get_statement_result(self, *, Id: str) -> dict[str, Any]:  # noqa: N803
        """When it was loaded, or the only row of every report."""
        row = {"loaded": ("2026-11-21 02:15:00", "7"), "report": ("tier", "gold", "Gold", "1")}[Id]
        columns = [{"name": f"column{number}", "typeName": "varchar"} for number in range(len(row))]
        return {"ColumnMetadata": columns, "Records": [[{"stringValue": value} for value in row]]}

    def generate_presigned_url(self, operation: str, **_: Any) -> str:
        return f"https://documents.example/{operation}?signed"

    def codes(self) -> list[str]:
        return [code for text in self.mails for code in re.findall(r"\b\d{6}\b", text)]


@dataclass(frozen=True)
class Person:
    """A member who has signed in."""

    program_id: int
    member_id: int
    number: str
    subject: str
    address_id: UUID
    street: str

    @property
    def token(self) -> Token:
        return member_token(self.subject, client=CANARY_CLIENT if self.program_id == 2 else MEMBER_CLIENT)


@dataclass
class World:
    """See above. `statuses` counts the answers."""

    database: TestDatabase
    shop: Shop
    fakes: Fakes
    owner: Connection
    auditor: Connection
    statuses: dict[int, int] = field(default_factory=dict)
    _counted: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.alice, self.bob = self.person(), self.person()
        self.canary = self.person(program_id=2)
        # What stands all day, for requests to be about.
        self.quote_id = self.quote(self.alice)
        self.redemption_id = self.redemption(self.alice)
        self.tokens: dict[str, Token] = {
            "member": self.alice.token,
            "manager": staff_token(*sorted(ALL)),
            "inbound": partner_token("loyalty/accruals.write", "loyalty/members.write"),
        }
        self.newcomer, self.mover, self.leaver = "newcomer", self.alice, self.alice
        self.adjustment_id = self.adjustment()
        self.reference = self.purchase()
        self.book_month = self.books()
        self.document_id = self.document()
        self.reconciled_day = self.reconciliation()
        self.export_id = self.export()
        self.delivery_id = self.delivery()

    # ---- doors -----------------------------------------------------------------------------------------------------

    def door(self, api: str, token: Token | None = None) -> Door:
        """An API, with its own people's token unless another is given; tests.fuzz.rules checks every answer."""
        return Door(api, self.tokens[api] if token is None else token, self._watch)

    def door_of(self, api: str, path: str) -> Door:
        """The door as somebody whom the operation is for: a membership is claimed by who has none yet, a member has
        room for so many addresses only, and who has orders closes no account."""
        if path.startswith("/claims"):
            return self.door(api, member_token(self.newcomer))
        people = {
            "/me/addresses": self.mover,
            "/me/closure": self.leaver,
            "/me/phone": self.mover,
            "/me/phone/confirmation": self.mover,
        }
        return self.door(api, people[path].token if path in people else None)

    def quiet(self, api: str, token: Token | None = None) -> Door:
        """A door that nobody watches."""
        return Door(api, self.tokens[api] if token is None else token, lambda _, call: call())

    def _watch(self, request: Request, call: Callable[[], Reply]) -> Reply:
        from tests.fuzz import rules

        before = self.counts()
        reply = call()
        self.statuses[reply.status] = self.statuses.get(reply.status, 0) + 1
        rules.check(self, request, reply, before, self.counts())
        return reply

    def good(self, api: str, method: str, path: str) -> Request:
        """A request to that operation which would be accepted; for what exists once, something new."""
        return GOOD[f"{api} {method} {path}"](self)

    # ---- what there is ---------------------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Points altogether, and the rows of every table in which something would move.

        Counted anew where anything was written since: the same snapshot sees the same rows.
        """
        seen = self.owner.execute("select pg_current_snapshot()::text as snapshot").fetchone()
        alone = self.owner.info.transaction_status == TransactionStatus.IDLE
        if not (alone and self._counted and self._counted["snapshot"] == (seen or {}).get("snapshot")):
            self._counted = self.owner.execute(_COUNTS).fetchone()
        assert self._counted is not None
        return {name: count for name, count in self._counted.items() if name != "snapshot"}

    def violations(self) -> dict[str, int]:
        """Every invariant of every room that does not hold."""
        found: dict[str, int] = {}
        views = [
            f"{room}.invariants"
            for room in (
                "points",
                "members",
                "payments",
                "redemptions",
                "cases",
                "reconciliation",
                "closure",
                "privacy",
            )
        ]
        for view in (*views, "points.budget_invariants"):
            for row in self.auditor.execute(f"select name, violations from {view}".encode()).fetchall():
                if row["violations"]:
                    found[f"{view}: {row['name']}"] = row["violations"]
        return found

    def person(self, *, program_id: int = 1, points: int = 10**12) -> Person:
        number = f"Z{next(numbers):05d}"
        new = NewMember(number, f"{number.lower()}@{MAILBOX}", PHONE, "member", "US", "en")
        member_id, _ = create(self.owner, program_id, new, "test")
        subject = f"subject-{number}"
        self.owner.execute(
            "update members.member set subject = %s, claimed_at = clock.now() where program_id = %s and member_id = %s",
            (subject, program_id, member_id),
        )
        self.owner.execute(
            "select points.accrue(%s, %s, clock.new_id(), %s, (clock.now() + interval '1 year')::date, clock.now(),"
            " 'test', clock.new_id()::text, 'programme', 4000, sha256('x'), 'test')",
            (program_id, member_id, points),
        )
        street = f"{next(numbers)} {STREET}"
        return Person(program_id, member_id, number, subject, self._address(program_id, member_id, street), street)

    @staticmethod
    def preferences() -> dict[str, Any]:
        """Choices that a member may make."""
        kinds = {"orders": True, "points": False, "marketing": False}
        return {"language": "de", "email": kinds, "sms": kinds, "confirmed": ["email"]}

    def _address(self, program_id: int, member_id: int, street: str) -> UUID:
        given = Address(FULL_NAME, PHONE, street, None, None, "Seattle", "WA", "98109", "US")
        document = reading.current(self.owner, program_id).document
        return save(self.owner, program_id, member_id, document, given, make_default=False).address_id

    def other_address(self) -> UUID:
        """One of Alice's that nothing goes to."""
        return self._address(1, self.alice.member_id, f"9 {STREET}")

    def quote(self, person: Person, *, minutes: int = 15) -> UUID:
        """A lamp for 9,000 points or 45 dollars."""
        line = {
            "asin": ASIN, "offer_id": "offer", "title": "A lamp", "image_url": None, "quantity": 1,
            "unit_price_minor": 4500, "unit_points_full": 9000, "expected_unit_price_minor": 4500,
            "expected_shipping_minor": 0, "expected_tax_minor": 0,
        }  # fmt: skip
        row = self.owner.execute("select clock.new_id() as id").fetchone()
        assert row is not None
        self.owner.execute(
            "select redemptions.create_quote(%s, %s, %s, %s, 1, 'USD', 'all_or_nothing', false, sha256(%s), %s,"
            " 0, 9000, 1, null, null, %s::jsonb)",
            (
                person.program_id, row["id"], person.member_id, person.address_id, str(row["id"]).encode(), minutes,
                json.dumps([line]),
            ),
        )  # fmt: skip
        return UUID(str(row["id"]))

    def quote_token(self, person: Person, quote_id: UUID) -> str:
        quote = quotes._quote(self.owner, person.program_id, person.member_id, quote_id)
        return signing.token(KEY, quotes._promised(quote))

    def wish(self, person: Person, *, points: int = 9000, minutes: int = 15) -> Request:
        """A new quote's redemption."""
        quote_id = self.quote(person, minutes=minutes)
        body = {
            "quote_id": str(quote_id),
            "quote_token": self.quote_token(person, quote_id),
            "points": points,
            "money_minor": (9000 - points) // 2,
        }
        return Request.json("POST", "/redemptions", body, self.key())

    def redemption(self, person: Person, *, points: int = 9000) -> UUID:
        request = self.wish(person, points=points)
        reply = self.quiet("member", person.token).send(request)
        assert reply.status == 202, reply.text
        return UUID(reply.body["redemption_id"])

    def adjustment(self) -> UUID:
        """One that waits for a second person: somebody else asked for it."""
        key = self.key()
        body = {"member_number": self.alice.number, "points": 20_000, "reason_code": "goodwill"}
        asker = staff_token("support", subject="staff-2")
        reply = self.quiet("manager", asker).send(Request.json("POST", "/adjustments", body, key))
        assert reply.body["state"] == "waiting", reply.text
        return key

    def from_the_shop(self, request: Request) -> Request:
        """One that asks Amazon, which nobody has asked for a while."""
        self.owner.execute("delete from orders.bucket where operation in ('searchProducts', 'productsByAsins')")
        return request

    def saying(self) -> dict[str, Any]:
        """What is said of the product, by whoever saw its newest change."""
        newest = curating.history(self.owner, 1, None, 1, ASIN)
        title = {"en": {"title": f"Number {next(numbers)}"}}
        return {"standing": None, "category": None, "texts": title, "seen": newest[0]["change_id"] if newest else 0}

    def curation(self) -> int:
        """A change that can be taken back, of a number that no other programme has yet: each counts its own."""
        row = self.owner.execute(
            "select coalesce(max(change_id), 0) as newest from catalogue.change where program_id <> 1"
        ).fetchone()
        assert row is not None
        while True:
            texts = {"en": {"title": f"Number {next(numbers)}"}}
            done = curating.curate(self.owner, 1, [{"asin": ASIN, "texts": texts}], "edit", None, "staff:test")
            assert done.change_id
            if done.change_id > row["newest"]:
                return done.change_id

    def table_to_come(self) -> Request:
        """A table of changes that is announced."""
        return Request.json("POST", "/catalogue/imports", {"file_name": "products.csv", "bytes": 100}, self.key())

    def table(self) -> UUID:
        """A table of changes that was looked at and is good."""
        key = self.key()
        curating.open_import(self.owner, 1, key, "products.csv", 100, "staff:test")
        texts = {"en": {"title": f"Number {next(numbers)}"}}
        self.owner.execute(
            "select catalogue.checked_import(1, %s, 1, '[]', 0, %s::jsonb)",
            (key, json.dumps([{"asin": ASIN, "texts": texts}])),
        )
        return key

    def document(self) -> UUID:
        """A receipt of Alice's first order, stored."""
        document_id = self.key()
        self.owner.execute(
            "insert into documents.series (program_id, kind, year, last_number) values (1, 'receipt', 2026, 1)"
        )
        self.owner.execute(
            "insert into documents.document (program_id, document_id, redemption_id, member_id, event_key, kind, year,"
            " sequence, number, programme_version, facts, object_key, issued_at, state, content_hash, content_bytes,"
            " ready_at) values (1, %s, %s, %s, 'order', 'receipt', 2026, 1, 'R-2026-000001', 1, %s::jsonb, %s,"
            " clock.now(), 'ready', sha256('x'), 1, clock.now())",
            (
                document_id, self.redemption_id, self.alice.member_id,
                '{"issued_on": "2026-11-22", "points": 9000, "charged_minor": 0, "currency": "USD"}',
                f"1/{'0' * 48}.pdf",
            ),
        )  # fmt: skip
        return document_id

    def delivery(self) -> UUID:
        """An event about Alice for a webhook."""
        self.owner.execute(
            "select integrations.set_webhooks(1, %s::jsonb)",
            (json.dumps([{"code": "shop", "url": "https://shop.example.com/", "secret": "shop", "active": True,
                          "topics": ["member.*"]}]),),
        )  # fmt: skip
        self.owner.execute(
            "select outbox.emit(1, 'member.tier_changed', %s::text, null, jsonb_build_object('member_id', %s::bigint))",
            (self.alice.member_id, self.alice.member_id),
        )
        row = self.owner.execute("select delivery_id from integrations.delivery limit 1").fetchone()
        assert row is not None
        return UUID(str(row["delivery_id"]))

    def invoice(self) -> tuple[UUID, dict[str, Any]]:
        """One that was read with doubt, and what it says."""
        order, number = made_up(), f"1FUZ-{next(numbers):04d}"
        return arrived(self.owner, misread(order, number)), content(order, number)

    def journal_day(self) -> UUID:
        """A day of the journal that waits for an ERP."""
        self.owner.execute(
            "insert into erp.receiver (program_id, connected_at, due_at) values (1, clock.now(), clock.now())"
            " on conflict do nothing"
        )
        row = self.owner.execute(
            "select erp.hand_over(1, 'journal', null, 'main', '2026-11-21', '{\"day\": \"2026-11-21\"}') as document_id"
        ).fetchone()
        assert row is not None
        return UUID(str(row["document_id"]))

    def night(self, path: str, query: str = "") -> Request:
        """A look at what a night has brought, before anybody did anything about it."""
        morning.again(self.owner)
        return Request("GET", path, query=query)

    def action(self) -> int:
        """One that stands."""
        morning.again(self.owner)
        return actions.do(self.owner, 1, morning.OUT, "cap", {"units": 1}, "staff:staff-1").action_id

    def alert(self) -> int:
        """An open warning."""
        morning.again(self.owner)
        return alerts.open_of(self.owner, 1)[0].alert_id

    def export(self) -> UUID:
        """Of Alice's data, ready."""
        export_id = self.key()
        self.owner.execute("select privacy.ask_for_export(1, %s, %s, 'staff:x')", (self.alice.number, export_id))
        self.owner.execute("select privacy.export_ready(1, %s, 'exports/1/x.zip', 9, 1, 7)", (export_id,))
        return export_id

    def reconciliation(self) -> str:
        """Today, compared: nothing was charged, and Alice's redemptions are under way."""
        row = self.owner.execute("select points.today(1) as day").fetchone()
        assert row is not None
        for step in (
            "select reconciliation.begin(1, %s, true)",
            "select reconciliation.list_items(1, %s)",
            "update reconciliation.item set asked_at = clock.now() where program_id = 1 and day = %s",
            "select reconciliation.to_ask(1, %s, 1)",
            "select reconciliation.compare_some(1, %s, 1000)",
        ):
            self.owner.execute(step.encode(), (row["day"],))
        done = self.owner.execute("select reconciliation.finish(1, %s) as done", (row["day"],)).fetchone()
        assert done == {"done": True}
        return str(row["day"])

    def case(self) -> UUID:
        """One of Alice's about a purchase whose points are missing; those she had before are taken back."""
        self.owner.execute(
            "select cases.withdraw(1, member_id, case_id) from cases.member_case"
            " where member_id = %s and state in ('open', 'approval', 'return')",
            (self.alice.member_id,),
        )
        request = self.complaint()
        reply = self.quiet("member").send(request)
        assert reply.status == 201, reply.text
        return UUID(reply.body["case_id"])

    def complaint(self) -> Request:
        purchase = {"partner": "shop", "reference": f"bill-{next(numbers)}", "bought_on": "2026-11-01"}
        body = {"kind": "missing_points", "purchase": purchase, "text": f"Nothing came to {STREET}."}
        return Request.json("POST", "/cases", body, self.key())

    def merge(self) -> Request:
        """Two memberships of one person."""
        body = {"duplicate": self.person(points=5).number, "reason": "same card"}
        return Request.json("POST", f"/members/{self.person(points=5).number}/merges", body, self.key())

    def merge_asked(self) -> UUID:
        """One that somebody else asked for."""
        reply = self.quiet("manager", staff_token("support", subject="staff-2")).send(self.merge())
        assert reply.status == 202, reply.text
        return UUID(reply.body["merge_id"])

    def proposal(self) -> UUID:
        """A case of which somebody else proposes more than one person may give."""
        case_id = self.case()
        body = {"outcome": "goodwill_points", "points": 10**6}
        asker = staff_token("support", subject="staff-2")
        reply = self.quiet("manager", asker).send(Request.json("POST", f"/cases/{case_id}/outcome", body))
        assert reply.body["state"] == "approval", reply.text
        return case_id

    def sent_back(self) -> UUID:
        """A case of a broken lamp that is on its way back."""
        self.case()
        redemption_id = self.redemption(self.alice)
        self.settled(redemption_id)
        about = {"redemption_id": str(redemption_id), "line_number": 1, "quantity": 1}
        body = {"kind": "damaged", "units": about, "text": "It is broken."}
        reply = self.quiet("member").send(Request.json("POST", "/cases", body, self.key()))
        assert reply.status == 201, reply.text
        case_id = UUID(reply.body["case_id"])
        self.owner.execute(
            "insert into cases.file values (1, %(id)s, %(id)s, 'label', %(id)s::text, 'application/pdf', 9, 'good',"
            " 'staff:x', clock.now())",
            {"id": case_id},
        )
        told = self.owner.execute(
            "select status from cases.return_with_label(1, %s, 'staff:x', '{support}')", (case_id,)
        ).fetchone()
        assert told == {"status": "ok"}
        return case_id

    def settled(self, redemption_id: UUID) -> None:
        """Amazon has accepted all of it."""
        self.owner.execute(
            "update redemptions.redemption set release_at = clock.now() where redemption_id = %s", (redemption_id,)
        )
        self.owner.execute("select redemptions.screen(1, %s)", (redemption_id,))
        self.owner.execute(
            "update orders.placement set state = 'accepted', queue_number = nextval('orders.queue_number'), sends = 1,"
            " sent_at = clock.now(), concluded_at = clock.now(), recorded_at = clock.now() where redemption_id = %s",
            (redemption_id,),
        )
        self.owner.execute(
            "update orders.placement_line set accepted_quantity = quantity, rejected_quantity = 0"
            " where redemption_id = %s",
            (redemption_id,),
        )
        told = self.owner.execute("select redemptions.settle(1, %s) as told", (redemption_id,)).fetchone()
        assert told == {"told": {"next": "done"}}

    def purchase(self) -> str:
        body = self._purchase()
        reply = self.quiet("inbound").send(Request.json("POST", "/accruals", body))
        assert reply.status == 201, reply.text
        return str(body["partner_reference"])

    def books(self) -> str:
        """A month that is closed and locked, with a purchase of Alice's in it and an approved rate."""
        month = "2026-09"
        self.owner.execute(
            "select points.accrue(1, %s, clock.new_id(), 500, null, %s, 'test', clock.new_id()::text, 'programme',"
            " 4000, sha256('x'), 'test')",
            (self.alice.member_id, f"{month}-15 12:00+00"),
        )
        self.owner.execute(
            "insert into points.month_close (program_id, month, until, state, members, entries, available, held,"
            " pending, debt, head, attempted_by, attempted_at)"
            " values (1, %s, %s, 'closed', 0, 0, 0, 0, 0, 0, sha256(''), 'test', clock.now())",
            (f"{month}-01", "2026-10-01 00:00+00"),
        )
        approval = self.rate_approval(f"{month}")
        assert self.quiet("manager").send(approval).status == 200
        for _ in range(300):
            # Other tests share the server, and what they have under way is waited for.
            locked = self.quiet("manager").send(Request("POST", f"/finance/months/{month}/lock"))
            if locked.status != 503:
                break
        assert locked.status == 200, locked.text
        return month

    def logo(self) -> str:
        """A logo that somebody uploaded, and no other programme has."""
        picture = io.BytesIO()
        Image.new("RGB", (2, 2), "teal").save(picture, "PNG")
        drawn = logos.drawn(picture.getvalue())
        logos.keep(self.owner, 1, drawn, "staff:x")
        return drawn.digest

    def rate(self, applies_from: str | None = None) -> Request:
        """A proposal; each later than those before it."""
        count = next(numbers)
        body = {
            "applies_from": applies_from or f"20{27 + count // 12 % 73}-{count % 12 + 1:02}",
            "accounting_model": "deferred_revenue", "currency": "USD", "point_value_micros": 5000,
            "sales_micros": 100_000, "breakage_basis_points": 2000, "cost_micros": 3000, "curve": [8000, 7000],
            "note": "as agreed",
        }  # fmt: skip
        return Request.json("POST", "/finance/rates", body)

    def rate_approval(self, applies_from: str | None = None) -> Request:
        asker = staff_token("finance", subject="staff-2")
        reply = self.quiet("manager", asker).send(self.rate(applies_from))
        assert reply.status == 201, reply.text
        return Request("POST", f"/finance/rates/{reply.body['version']}/approval")

    def _purchase(self) -> dict[str, Any]:
        return {
            "partner_reference": f"basket-{next(numbers)}",
            "member_number": self.alice.number,
            "spend_minor": 5000,
            "currency": "USD",
            "category": "Dairy",
            "occurred_at": "2026-11-01T12:00:00Z",
        }

    def key(self) -> UUID:
        """A fresh UUIDv7 by the database's clock."""
        row = self.owner.execute("select clock.new_id() as id").fetchone()
        assert row is not None
        return UUID(str(row["id"]))

    def version(self) -> int:
        return reading.current(self.owner, 1).version
