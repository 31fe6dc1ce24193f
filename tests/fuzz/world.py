"""A programme in the middle of its day: members with points, quotes and redemptions, adjustments that wait, purchases
from partners, a simulated Amazon Business; and for every operation of the three documents a request that is good."""

from __future__ import annotations

import base64
import importlib
import itertools
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

from botocore.exceptions import ClientError

from lambdas import case_files, machine, mail, openapi, payment_webhook, queues, shelf, sms, webhook_api
from lambdas.environment import environment
from lambdas.manager_routes.allowed import ALL
from local.simulators.amazon_pay import notices as sns
from local.simulators.amazon_pay.files import File as SnsFile
from local.simulators.stripe.events import signature
from loyalty.catalogue import curating
from loyalty.database import Connection, Database
from loyalty.members import freezing
from loyalty.members.addresses import Address, save
from loyalty.members.membership import NewMember, create
from loyalty.payments.amazon_pay.notices import Certificates
from loyalty.programme import logo as logos
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from loyalty.redemptions import quotes, signing
from loyalty.tiers import granting
from tests.conftest import TestDatabase
from tests.domain.catalogue.shop import KEY, Shop, open_shop
from tests.domain.people import changed_points
from tests.fuzz.door import Door, Reply, Request
from tests.lambdas.conftest import (
    CANARY_CLIENT,
    MEMBER_CLIENT,
    PROGRAM_BY_CLIENT,
    STAFF_CLIENT,
    Token,
    member_token,
    partner_token,
    staff_token,
)

CANARY_STAFF, CANARY_PARTNER = "canary-staff", "canary-partner"
ASIN = "B0BUNDLE00"
# One pixel.
LOGO = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
# Stored about members; never to be seen in a log, nor in anybody else's answers.
FULL_NAME, PHONE, STREET = "Quorva Zelmantine", "+12065550147", "Brimblecombe Passage"
MAILBOX = "zelmantine.example"
WEBHOOK_SECRET = "the-secret-of-the-webhook-in-tests"
SNS = "http://127.0.0.1:4620"
_numbers = itertools.count(1)


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
        """Points altogether, and the rows of every table in which something would move."""
        row = self.owner.execute(_COUNTS).fetchone()
        assert row is not None
        return row

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
        number = f"Z{next(_numbers):05d}"
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
        street = f"{next(_numbers)} {STREET}"
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
        title = {"en": {"title": f"Number {next(_numbers)}"}}
        return {"standing": None, "category": None, "texts": title, "seen": newest[0]["change_id"] if newest else 0}

    def curation(self) -> int:
        """A change that can be taken back."""
        texts = {"en": {"title": f"Number {next(_numbers)}"}}
        done = curating.curate(self.owner, 1, [{"asin": ASIN, "texts": texts}], "edit", None, "staff:test")
        assert done.change_id
        return done.change_id

    def table_to_come(self) -> Request:
        """A table of changes that is announced."""
        return Request.json("POST", "/catalogue/imports", {"file_name": "products.csv", "bytes": 100}, self.key())

    def table(self) -> UUID:
        """A table of changes that was looked at and is good."""
        key = self.key()
        curating.open_import(self.owner, 1, key, "products.csv", 100, "staff:test")
        texts = {"en": {"title": f"Number {next(_numbers)}"}}
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
        purchase = {"partner": "shop", "reference": f"bill-{next(_numbers)}", "bought_on": "2026-11-01"}
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
        """A logo that somebody uploaded."""
        drawn = logos.drawn(base64.b64decode(LOGO))
        logos.keep(self.owner, 1, drawn, "staff:x")
        return drawn.digest

    def rate(self, applies_from: str | None = None) -> Request:
        """A proposal; each later than those before it."""
        count = next(_numbers)
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
            "partner_reference": f"basket-{next(_numbers)}",
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


def _new_address(world: World) -> Request:
    number = next(_numbers)
    if number % 20 == 0:
        world.mover = world.person()
    body = {
        "full_name": FULL_NAME, "phone": PHONE, "line1": f"{number} {STREET}", "city": "Seattle",
        "state_or_region": "WA", "postal_code": "98109", "country_code": "US", "make_default": False,
    }  # fmt: skip
    return Request.json("POST", "/me/addresses", body)


def _new_member(_: World) -> Request:
    number = f"N{next(_numbers):05d}"
    body = {"member_number": number, "email": f"{number.lower()}@{MAILBOX}", "phone": PHONE, "country": "US"}
    return Request.json("POST", "/members", body)


def _claim(world: World) -> Request:
    world.newcomer = f"newcomer-{next(_numbers)}"
    new_member = _new_member(world)
    assert world.quiet("inbound").send(new_member).status == 201
    number = json.loads(new_member.body or b"")["member_number"]
    return Request.json("POST", "/claims", {"member_number": number})


def _confirmation(world: World) -> Request:
    claim = _claim(world)
    assert world.quiet("member", member_token(world.newcomer)).send(claim).status == 202
    number = json.loads(claim.body or b"")["member_number"]
    body = {"member_number": number, "code": world.fakes.codes()[-1]}
    return Request.json("POST", "/claims/confirmation", body)


def _terms(world: World) -> Request:
    version = reading.current(world.owner, 1).document.terms.version
    return Request.json("POST", "/terms/acceptance", {"version": version})


def _adjustment(world: World) -> Request:
    body = {"member_number": world.alice.number, "points": 50, "reason_code": "goodwill", "note": "late parcel"}
    return Request.json("POST", "/adjustments", body, world.key())


def _tier_grant(world: World) -> Request:
    row = world.owner.execute("select (clock.now()::date + 90)::text as until").fetchone()
    assert row is not None
    body = {"tier": "gold", "until": row["until"], "reason_code": "goodwill"}
    return Request.json("POST", f"/members/{world.alice.number}/tier-grants", body, world.key())


def _tier_withdrawal(world: World) -> Request:
    row = world.owner.execute("select clock.new_id() as id, clock.now()::date + 90 as until").fetchone()
    assert row is not None
    granting.grant(world.owner, 1, row["id"], world.alice.member_id, "silver", row["until"], "goodwill", "test")
    return Request("DELETE", f"/members/{world.alice.number}/tier-grants/{row['id']}")


def _get(path: str) -> Callable[[World], Request]:
    return lambda world: Request("GET", path.format(world=world))


def _push(world: World) -> Request:
    """A package's step; of an order that nobody knows, which is the queue's business."""
    body = {
        "orderId": f"114-{next(_numbers):07d}-0000000", "trackingId": "TBA1", "shipmentId": "S1", "packageId": "1",
        "poNumber": "LOY-1", "eventTimeStampInEpochMillis": 1_795_000_000_000, "deliveryStatus": "SHIPPED",
        "detailedTrackingStatus": "PACKAGE_DEPARTED_FROM_FC_SHIPPER_SELLER",
    }  # fmt: skip
    request = Request.json("POST", "/webhooks/amazon-business/packages", body)
    return replace(request, headers={**request.headers, "X-Loyalty-Webhook-Secret": WEBHOOK_SECRET})


def _stripe_event(world: World) -> Request:
    """An event that Stripe has signed a moment ago, of a payment that nobody knows."""
    body = json.dumps(
        {
            "id": f"evt_{next(_numbers)}",
            "object": "event",
            "type": "payment_intent.canceled",
            "data": {"object": {"id": f"pi_{next(_numbers)}", "object": "payment_intent"}},
        }
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "Stripe-Signature": signature(WEBHOOK_SECRET, body, int(time.time())),
    }
    return Request("POST", "/webhooks/stripe", body, headers=headers)


def _amazon_pay_notice(world: World) -> Request:
    """A notice that SNS has signed, of a charge that nobody knows."""
    about = json.dumps(
        {"ObjectType": "CHARGE", "ObjectId": f"S01-{next(_numbers)}", "NotificationType": "STATE_CHANGE"}
    )
    body = json.dumps(sns.envelope(_signer(), about, f"m-{next(_numbers)}", SNS))
    return Request("POST", "/webhooks/amazon-pay", body.encode(), headers={"Content-Type": "application/json"})


@cache
def _signer() -> SnsFile:
    """The stand-in's key, made once."""
    return SnsFile(Path(tempfile.mkdtemp()) / "sns.sqlite")


def _post(path: str, body: Any) -> Callable[[World], Request]:
    return lambda world: Request.json("POST", path.format(world=world), body)


def _stands_still(world: World, action: str) -> UUID:
    """A redemption of Alice's that is screened: its programme's rules are changed for it alone."""
    redemption_id = world.redemption(world.alice)
    rule = {"code": "device", "when": "new_device", "action": action}
    facts = json.loads(reading.current(world.owner, 1).document.model_dump_json())
    facts["screening"] |= {"rules": [rule], "codes_per_day": 50}
    before = reading.current(world.owner, 1)
    screened = Programme.model_validate_json(json.dumps(facts))
    version = publishing.publish(world.owner, 1, screened, based_on=before.version, actor="test", why="test")
    publishing.publish(world.owner, 1, before.document, based_on=version, actor="test", why="test")
    world.owner.execute(
        "update redemptions.redemption set screens = true, programme_version = %s where redemption_id = %s",
        (version, redemption_id),
    )
    world.owner.execute("select redemptions.screen(1, %s)", (redemption_id,))
    # What was sent a moment ago is sent again only later.
    world.owner.execute("delete from redemptions.step_up_code where member_id = %s", (world.alice.member_id,))
    return redemption_id


def _code(world: World) -> Request:
    return Request("POST", f"/redemptions/{_stands_still(world, 'step_up')}/step-up")


def _code_confirmation(world: World) -> Request:
    request = _code(world)
    assert world.quiet("member").send(request).status == 202
    return Request.json("POST", f"{request.path}/confirmation", {"code": world.fakes.codes()[-1]})


def _screening_decision(world: World) -> Request:
    redemption_id = _stands_still(world, "review")
    row = world.owner.execute(
        "select case_id from redemptions.parking where redemption_id = %s", (redemption_id,)
    ).fetchone()
    assert row is not None
    return Request.json("POST", f"/screening/{row['case_id']}/decision", {"decision": "approve", "reason": "known"})


def _link(world: World) -> Request:
    row = world.owner.execute("select clock.new_id() as id, clock.now() as now").fetchone()
    assert row is not None
    member_id = world.person().member_id
    link = freezing.Link(1, member_id, row["id"], row["now"] + freezing.GOOD_FOR)
    return Request.json("POST", "/security/not-me", {"token": freezing.token(KEY, link)})


def _phone(world: World) -> Request:
    world.mover = world.person()
    return Request.json("PUT", "/me/phone", {"phone": f"+1212555{next(_numbers) % 10_000:04d}"})


def _phone_confirmation(world: World) -> Request:
    request = _phone(world)
    assert world.quiet("member", world.mover.token).send(request).status == 202
    return Request.json("POST", "/me/phone/confirmation", {"code": world.fakes.codes()[-1]})


def _closure(world: World) -> Request:
    world.leaver = world.person(points=5)
    return Request.json("POST", "/me/closure", {"points": 5}, world.key())


def _erasure(world: World) -> Request:
    wish = {"reason": "member_request", "points": 5}
    return Request.json("POST", f"/members/{world.person(points=5).number}/erasure", wish, world.key())


def _erasure_approval(world: World) -> Request:
    """Of an erasure that somebody else asked for."""
    asker = staff_token("support", subject="staff-2")
    asked = world.quiet("manager", asker).send(_erasure(world))
    assert asked.status == 202, asked.text
    return Request.json("POST", f"/privacy/requests/{asked.body['request_id']}/approval", {"decision": "approve"})


def _erasure_retry(world: World) -> Request:
    """Of one that is stuck."""
    request = _erasure_approval(world)
    assert world.quiet("manager").send(request).status == 200
    erasure_id = request.path.split("/")[3]
    world.owner.execute("select privacy.step_failed(1, %s, 'list', 'Refused', 1)", (erasure_id,))
    return Request("POST", f"/privacy/requests/{erasure_id}/retry")


def _lifting(world: World) -> Request:
    hold_id, number = world.key(), world.person().number
    world.owner.execute("select privacy.place_hold(1, %s, %s, 'court 12/26', 'staff:staff-2')", (number, hold_id))
    return Request("POST", f"/members/{number}/legal-holds/{hold_id}/lifting")


def _unfreeze(world: World) -> Request:
    person = world.person()
    world.owner.execute("select members.stop_spending(1, %s, 'not_me', clock.new_id(), 'link')", (person.member_id,))
    return Request.json("POST", f"/members/{person.number}/unfreeze", {"reason": "it was me"})


def _message_test(world: World) -> Request:
    world.owner.execute("delete from programme.test_send")
    text = {"key": "tier-changed", "language": "en", "subject": "You are {tier}", "text": "Hello, {brand}"}
    return Request.json("POST", "/programme/messages/test", text)


def _section(world: World) -> Request:
    # Of the version, not of the draft: that may hold any nonsense.
    value = world.quiet("manager").send(Request("GET", "/programme")).body["document"]["casework"]
    revision = world.quiet("manager").send(Request("GET", "/programme/draft")).body["revision"]
    value["answer_hours"] = value["answer_hours"] % 700 + 1
    return Request.json("PUT", "/programme/draft/casework", {"revision": revision, "value": value})


def _publication(world: World, **more: Any) -> Request:
    for row in world.owner.execute("select schedule_id from programme.schedule where state = 'waiting'").fetchall():
        world.quiet("manager").send(Request("DELETE", f"/programme/schedule/{row['schedule_id']}"))
    world.quiet("manager").send(Request("DELETE", "/programme/draft"))
    saved = world.quiet("manager").send(_section(world))
    assert saved.status == 200, saved.text
    body = {"revision": saved.body["revision"], "why": "agreed", **more}
    return Request.json("POST", "/programme/draft/publication", body)


def _simulating(world: World) -> Request:
    # A schedule has it; what is simulated is the programme as it stands then.
    draft = world.quiet("manager").send(Request("GET", "/programme/draft")).body
    world.owner.execute("delete from simulation.job where state in ('waiting', 'running')")
    return Request.json("POST", "/programme/draft/simulations", {"revision": draft["revision"]})


def _simulated(world: World) -> Request:
    asked = world.quiet("manager").send(_simulating(world))
    assert asked.status == 202, asked.text
    return Request("GET", f"/programme/simulations/{asked.body['simulation_id']}")


def _cancelling(world: World) -> Request:
    row = world.owner.execute("select clock.now() + interval '1 day' as at").fetchone()
    assert row is not None
    told = world.quiet("manager").send(_publication(world, at=row["at"].isoformat()))
    assert told.status == 200, told.text
    return Request("DELETE", f"/programme/schedule/{told.body['schedule_id']}")


def _restoration(world: World) -> Request:
    told = world.quiet("manager").send(_publication(world))
    assert told.status == 200, told.text
    before = told.body["version"] - 1
    return Request.json("POST", f"/programme/versions/{before}/restoration", {"why": "it was better"})


CAMPAIGN = {
    "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2036-01-01T00:00:00Z", "earn_multiplier_percent": 200,
    "scope": {"categories": ["Nowhere"]}, "budget_minor": 1, "funder": "brand",
}  # fmt: skip


def _campaign(action: str, state: str) -> Callable[[World], Request]:
    """An action on a campaign of its own that nobody's purchase is in."""

    def request(world: World) -> Request:
        code = f"fuzz-{next(_numbers)}"
        current = reading.current(world.owner, 1)
        facts = json.loads(current.document.model_dump_json())
        facts["campaigns"] = [CAMPAIGN | {"code": code, "state": state}]
        document = Programme.model_validate_json(json.dumps(facts))
        publishing.publish(world.owner, 1, document, based_on=current.version, actor="test", why="test")
        return Request.json("POST", f"/campaigns/{code}/{action}", {"why": "agreed"})

    return request


def _campaign_page(world: World) -> Request:
    acted = world.quiet("manager").send(_campaign("pause", "running")(world))
    assert acted.status == 200, acted.text
    return Request("GET", f"/campaigns/{acted.body['campaign']}")


def _unblock(world: World) -> Request:
    person = world.person()
    world.owner.execute("select members.block(1, %s, 'told lies', 'staff:x')", (person.number,))
    return Request.json("POST", f"/members/{person.number}/unblock", {"reason": "they were none"})


def _stuck(world: World) -> Request:
    redemption_id = world.redemption(world.alice)
    world.owner.execute("select redemptions.review(1, %s, 'stuck')", (redemption_id,))
    return Request("POST", f"/redemptions/{redemption_id}/retry")


def _confirmed(world: World) -> Request:
    redemption_id = world.redemption(world.alice)
    world.settled(redemption_id)
    return Request("POST", f"/redemptions/{redemption_id}/confirmation")


GOOD: Mapping[str, Callable[[World], Request]] = {
    "member GET /config": _get("/config"),
    "manager GET /config": _get("/config"),
    "member GET /me": _get("/me"),
    "member POST /claims": _claim,
    "member POST /claims/confirmation": _confirmation,
    "member GET /terms": _get("/terms"),
    "member POST /terms/acceptance": _terms,
    "member GET /me/balance": _get("/me/balance"),
    "member GET /me/balance/at": lambda _: Request("GET", "/me/balance/at", query="instant=2026-11-01T12:00:00Z"),
    "member GET /me/statement": _get("/me/statement"),
    "member GET /me/statement/download": _get("/me/statement/download"),
    "member GET /me/lots": _get("/me/lots"),
    "member GET /me/tier": _get("/me/tier"),
    "member GET /me/addresses": _get("/me/addresses"),
    "member POST /me/addresses": _new_address,
    "member PUT /me/phone": _phone,
    "member POST /me/phone/confirmation": _phone_confirmation,
    "member GET /me/closure": _get("/me/closure"),
    "member POST /me/closure": _closure,
    "member DELETE /me/closure": lambda _: Request("DELETE", "/me/closure"),
    "member PUT /me/addresses/{address_id}/default": lambda w: Request(
        "PUT", f"/me/addresses/{w.other_address()}/default"
    ),
    "member DELETE /me/addresses/{address_id}": lambda w: Request("DELETE", f"/me/addresses/{w.other_address()}"),
    "member GET /catalogue": _get("/catalogue"),
    "member GET /catalogue/{version}/products": lambda w: Request("GET", f"/catalogue/{w.version()}/products"),
    "member GET /catalogue/{version}/products/{asin}": lambda w: Request(
        "GET", f"/catalogue/{w.version()}/products/{ASIN}"
    ),
    "member POST /quotes": _post("/quotes", {"lines": [{"asin": ASIN, "quantity": 1}]}),
    "member POST /quotes/{quote_id}/split": lambda w: Request.json(
        "POST", f"/quotes/{w.quote_id}/split", {"points": 4000}
    ),
    "member POST /redemptions": lambda w: w.wish(w.alice),
    "member GET /redemptions": _get("/redemptions"),
    "member GET /redemptions/{redemption_id}": _get("/redemptions/{world.redemption_id}"),
    "member POST /redemptions/{redemption_id}/payment-approval": lambda w: Request(
        "POST", f"/redemptions/{w.redemption(w.alice, points=4000)}/payment-approval"
    ),
    "member POST /redemptions/{redemption_id}/cancel": lambda w: Request(
        "POST", f"/redemptions/{w.redemption(w.alice)}/cancel"
    ),
    "member PUT /redemptions/{redemption_id}/address": lambda w: Request.json(
        "PUT", f"/redemptions/{w.redemption_id}/address", {"address_id": str(w.alice.address_id)}
    ),
    "member POST /redemptions/{redemption_id}/step-up": _code,
    "member POST /redemptions/{redemption_id}/step-up/confirmation": _code_confirmation,
    "member POST /security/not-me": _link,
    "manager GET /screening": _get("/screening"),
    "manager POST /screening/{case_id}/decision": _screening_decision,
    "manager GET /members/{member_number}/freezes": _get("/members/{world.alice.number}/freezes"),
    "manager POST /members/{member_number}/unfreeze": _unfreeze,
    "member GET /redemptions/{redemption_id}/documents": _get("/redemptions/{world.redemption_id}/documents"),
    "member GET /documents/{document_id}": _get("/documents/{world.document_id}"),
    "member GET /me/catalogue": _get("/me/catalogue"),
    "member GET /me/catalogue/products/{asin}": _get(f"/me/catalogue/products/{ASIN}"),
    "member GET /me/wishlist": _get("/me/wishlist"),
    "member PUT /me/wishlist/{asin}": lambda _: Request("PUT", f"/me/wishlist/{ASIN}"),
    "member DELETE /me/wishlist/{asin}": lambda _: Request("DELETE", f"/me/wishlist/{ASIN}"),
    "member GET /recommendations": lambda _: Request("GET", "/recommendations", query=f"limit=3&asin={ASIN}"),
    "member GET /me/preferences": _get("/me/preferences"),
    "member PUT /me/preferences": lambda w: Request.json("PUT", "/me/preferences", w.preferences()),
    "member POST /transfers": lambda w: Request.json(
        "POST", "/transfers", {"member_number": w.person(points=1).number, "points": 5}, w.key()
    ),
    "member POST /cases": lambda w: w.complaint(),
    "member GET /cases": _get("/cases"),
    "member GET /cases/{case_id}": lambda w: Request("GET", f"/cases/{w.case()}"),
    "member POST /cases/{case_id}/messages": lambda w: Request.json(
        "POST", f"/cases/{w.case()}/messages", {"text": "Here is the bill."}
    ),
    "member POST /cases/{case_id}/photos": lambda w: Request.json(
        "POST", f"/cases/{w.case()}/photos", {"content_type": "image/jpeg", "size_bytes": 90_000}
    ),
    "member POST /cases/{case_id}/withdrawal": lambda w: Request("POST", f"/cases/{w.case()}/withdrawal"),
    "manager GET /cases": lambda w: (w.case(), Request("GET", "/cases", query="state=waiting"))[1],
    "manager GET /cases/{case_id}": lambda w: Request("GET", f"/cases/{w.case()}"),
    "manager POST /cases/{case_id}/assignment": lambda w: Request.json(
        "POST", f"/cases/{w.case()}/assignment", {"owner": "me"}
    ),
    "manager POST /cases/{case_id}/messages": lambda w: Request.json(
        "POST", f"/cases/{w.case()}/messages", {"text": "Which shop was it?"}, w.key()
    ),
    "manager POST /cases/{case_id}/label": lambda w: Request.json(
        "POST", f"/cases/{w.case()}/label", {"content_type": "application/pdf", "size_bytes": 90_000}
    ),
    "manager POST /cases/{case_id}/outcome": lambda w: Request.json(
        "POST", f"/cases/{w.case()}/outcome", {"outcome": "credit_missing_accrual", "points": 5}
    ),
    "manager POST /cases/{case_id}/approval": lambda w: Request.json(
        "POST", f"/cases/{w.proposal()}/approval", {"decision": "approve"}
    ),
    "manager POST /cases/{case_id}/return-received": lambda w: Request.json(
        "POST", f"/cases/{w.sent_back()}/return-received", {"quantity": 1}
    ),
    "manager POST /members": _new_member,
    "manager GET /members/{member_number}": _get("/members/{world.alice.number}"),
    "manager GET /members": lambda w: Request("GET", "/members", query=f"q={w.alice.number}"),
    "manager GET /members/{member_number}/overview": _get("/members/{world.alice.number}/overview"),
    "manager GET /members/{member_number}/statement": _get("/members/{world.alice.number}/statement"),
    "manager GET /members/{member_number}/statement/download": _get("/members/{world.alice.number}/statement/download"),
    "manager GET /members/{member_number}/orders": _get("/members/{world.alice.number}/orders"),
    "manager POST /members/{member_number}/block": lambda w: Request.json(
        "POST", f"/members/{w.person().number}/block", {"reason": "told lies"}
    ),
    "manager POST /members/{member_number}/unblock": _unblock,
    "manager PUT /members/{member_number}/contact": lambda w: Request.json(
        "PUT", f"/members/{w.person().number}/contact", {"email": "right@example.com", "language": "de"}
    ),
    "manager POST /members/{member_number}/cases": lambda w: replace(
        w.complaint(), path=f"/members/{w.person().number}/cases"
    ),
    "manager GET /members/{member_number}/merge-preview": lambda w: Request(
        "GET", f"/members/{w.alice.number}/merge-preview", query=f"duplicate={w.person().number}"
    ),
    "manager POST /members/{member_number}/merges": lambda w: w.merge(),
    "manager GET /merges": _get("/merges"),
    "manager POST /merges/{merge_id}/approval": lambda w: Request.json(
        "POST", f"/merges/{w.merge_asked()}/approval", {"decision": "approve"}
    ),
    "manager GET /goodwill": _get("/goodwill"),
    "manager GET /members/{member_number}/tier": _get("/members/{world.alice.number}/tier"),
    "manager POST /members/{member_number}/tier-grants": _tier_grant,
    "manager DELETE /members/{member_number}/tier-grants/{grant_id}": _tier_withdrawal,
    "manager GET /tiers/distribution": _get("/tiers/distribution"),
    "manager GET /redemptions": lambda w: Request("GET", "/redemptions", query=f"state=open&member={w.alice.number}"),
    "manager POST /redemptions/{redemption_id}/cancel": lambda w: Request.json(
        "POST", f"/redemptions/{w.redemption(w.alice)}/cancel", {"reason": "asked on the telephone"}
    ),
    "manager PUT /redemptions/{redemption_id}/address": lambda w: Request.json(
        "PUT", f"/redemptions/{w.redemption_id}/address", {"address_id": str(w.alice.address_id)}
    ),
    "manager POST /redemptions/{redemption_id}/retry": _stuck,
    "manager POST /redemptions/{redemption_id}/confirmation": _confirmed,
    "manager POST /adjustments": _adjustment,
    "manager GET /adjustments": _get("/adjustments"),
    "manager POST /adjustments/{adjustment_id}/approval": lambda w: Request.json(
        "POST", f"/adjustments/{w.adjustment()}/approval", {"decision": "approve"}
    ),
    "manager GET /redemptions/{redemption_id}": _get("/redemptions/{world.redemption_id}"),
    "manager GET /redemptions/{redemption_id}/documents": _get("/redemptions/{world.redemption_id}/documents"),
    "manager GET /documents/{document_id}": _get("/documents/{world.document_id}"),
    "manager GET /notices/unwarned-lots": _get("/notices/unwarned-lots"),
    "manager GET /notices/lost-messages": _get("/notices/lost-messages"),
    "manager GET /finance/rates": _get("/finance/rates"),
    "manager POST /finance/rates": lambda w: w.rate(),
    "manager POST /finance/rates/{version}/approval": lambda w: w.rate_approval(),
    "manager GET /finance/months/{month}/days": _get("/finance/months/{world.book_month}/days"),
    "manager POST /finance/months/{month}/lock": lambda w: Request("POST", f"/finance/months/{w.book_month}/lock"),
    "manager GET /finance/months/{month}/verification": _get("/finance/months/{world.book_month}/verification"),
    "manager GET /finance/months/{month}/funders": _get("/finance/months/{world.book_month}/funders"),
    "manager GET /finance/months/{month}/funders.csv": _get("/finance/months/{world.book_month}/funders.csv"),
    "manager GET /finance/days/{day}": _get("/finance/days/{world.book_month}-15"),
    "manager GET /finance/days/{day}/journal.csv": _get("/finance/days/{world.book_month}-15/journal.csv"),
    "manager GET /finance/position": _get("/finance/position"),
    "manager GET /finance/closes": _get("/finance/closes"),
    "manager GET /finance/closes/{month}/verification": _get("/finance/closes/{world.book_month}/verification"),
    "manager GET /liability": _get("/liability"),
    "manager GET /campaigns": _get("/campaigns"),
    "manager GET /campaigns/{campaign}": _campaign_page,
    "manager POST /campaigns/preview": _post(
        "/campaigns/preview", {"campaign": CAMPAIGN | {"code": "preview", "state": "draft"}}
    ),
    "manager POST /campaigns/{campaign}/start": _campaign("start", "draft"),
    "manager POST /campaigns/{campaign}/pause": _campaign("pause", "running"),
    "manager POST /campaigns/{campaign}/resume": _campaign("resume", "paused"),
    "manager POST /campaigns/{campaign}/end": _campaign("end", "running"),
    "member GET /me/prices": lambda _: Request("GET", "/me/prices", query=f"asins={ASIN}"),
    "manager GET /programme": _get("/programme"),
    "member GET /brand/logos/{digest}": lambda w: Request("GET", f"/brand/logos/{w.logo()}"),
    "manager GET /programme/logo/{digest}": lambda w: Request("GET", f"/programme/logo/{w.logo()}"),
    "manager POST /programme/logo": lambda _: Request.json("POST", "/programme/logo", {"picture": LOGO}),
    "manager GET /programme/messages": _get("/programme/messages"),
    "manager POST /programme/messages/test": _message_test,
    "manager GET /programme/draft": _get("/programme/draft"),
    "manager PUT /programme/draft/{section}": _section,
    "manager DELETE /programme/draft": lambda _: Request("DELETE", "/programme/draft"),
    "manager POST /programme/draft/publication": lambda w: _publication(w),
    "manager DELETE /programme/schedule/{schedule_id}": _cancelling,
    "manager POST /programme/draft/simulations": _simulating,
    "manager GET /programme/simulations": _get("/programme/simulations"),
    "manager GET /programme/simulations/{simulation_id}": _simulated,
    "manager GET /programme/versions": _get("/programme/versions"),
    "manager GET /programme/versions/{version}": _get("/programme/versions/1"),
    "manager POST /programme/versions/{version}/restoration": _restoration,
    "manager GET /reconciliation": _get("/reconciliation"),
    "manager GET /reconciliation/days/{day}/redemptions.csv": _get(
        "/reconciliation/days/{world.reconciled_day}/redemptions.csv"
    ),
    "manager GET /finance/months/{month}/house": _get("/finance/months/{world.book_month}/house"),
    "manager GET /finance/months/{month}/house.csv": _get("/finance/months/{world.book_month}/house.csv"),
    "manager GET /members/{member_number}/privacy": _get("/members/{world.alice.number}/privacy"),
    "manager POST /members/{member_number}/exports": lambda w: Request(
        "POST", f"/members/{w.person().number}/exports", headers={"Idempotency-Key": str(w.key())}
    ),
    "manager POST /members/{member_number}/erasure": _erasure,
    "manager POST /members/{member_number}/legal-holds": lambda w: Request.json(
        "POST", f"/members/{w.person().number}/legal-holds", {"reason": "court 12/26"}, w.key()
    ),
    "manager POST /members/{member_number}/legal-holds/{hold_id}/lifting": _lifting,
    "manager GET /privacy/requests": _get("/privacy/requests"),
    "manager GET /privacy/requests/{request_id}": lambda w: Request("GET", f"/privacy/requests/{w.export_id}"),
    "manager POST /privacy/requests/{request_id}/approval": _erasure_approval,
    "manager POST /privacy/requests/{request_id}/retry": _erasure_retry,
    "manager POST /privacy/requests/{request_id}/file": lambda w: Request(
        "POST", f"/privacy/requests/{w.export_id}/file"
    ),
    "manager GET /privacy/retention": _get("/privacy/retention"),
    "manager GET /integrations": _get("/integrations"),
    "manager GET /integrations/deliveries": _get("/integrations/deliveries"),
    "manager GET /integrations/deliveries/{delivery_id}": lambda w: Request(
        "GET", f"/integrations/deliveries/{w.delivery_id}"
    ),
    "manager POST /integrations/deliveries/{delivery_id}/redelivery": lambda w: Request(
        "POST", f"/integrations/deliveries/{w.delivery_id}/redelivery"
    ),
    "manager POST /integrations/webhooks/{code}/start": lambda _: Request("POST", "/integrations/webhooks/shop/start"),
    "manager POST /integrations/{connection}/test": lambda _: Request("POST", "/integrations/payment/test"),
    "manager GET /staff": _get("/staff"),
    "manager GET /audit": _get("/audit"),
    "manager GET /audit.csv": _get("/audit.csv"),
    "manager GET /catalogue/products": _get("/catalogue/products"),
    "manager GET /catalogue/products.csv": _get("/catalogue/products.csv"),
    "manager POST /catalogue/additions": lambda w: w.from_the_shop(
        Request.json("POST", "/catalogue/additions", {"asin": ASIN})
    ),
    "manager GET /catalogue/products/{asin}": _get(f"/catalogue/products/{ASIN}"),
    "manager PUT /catalogue/products/{asin}": lambda w: Request.json("PUT", f"/catalogue/products/{ASIN}", w.saying()),
    "manager GET /catalogue/search": lambda w: w.from_the_shop(Request("GET", "/catalogue/search", query="q=teapot")),
    "manager GET /catalogue/counts": _get("/catalogue/counts"),
    "manager POST /catalogue/preview": lambda _: Request.json(
        "POST",
        "/catalogue/preview",
        {"catalogue": {"rules": [{"code": "a", "effect": "exclude", "matching": {"brands": ["Solvane"]}}]}},
    ),
    "manager POST /catalogue/actions": lambda _: Request.json(
        "POST", "/catalogue/actions", {"action": "pick", "asins": [ASIN]}
    ),
    "manager GET /catalogue/changes": _get("/catalogue/changes"),
    "manager POST /catalogue/changes/{change_id}/undo": lambda w: Request.json(
        "POST", f"/catalogue/changes/{w.curation()}/undo", {}
    ),
    "manager GET /catalogue/featured": _get("/catalogue/featured"),
    "manager PUT /catalogue/featured": lambda w: Request.json(
        "PUT", "/catalogue/featured", {"asins": [ASIN], "revision": curating.featured(w.owner, 1)[1]}
    ),
    "manager GET /catalogue/categories": _get("/catalogue/categories"),
    "manager POST /catalogue/imports": lambda w: w.table_to_come(),
    "manager GET /catalogue/imports/{import_id}": lambda w: Request("GET", f"/catalogue/imports/{w.table()}"),
    "manager POST /catalogue/imports/{import_id}/application": lambda w: Request(
        "POST", f"/catalogue/imports/{w.table()}/application"
    ),
    "inbound POST /members": _new_member,
    "inbound POST /accruals": lambda w: Request.json("POST", "/accruals", w._purchase()),
    "inbound POST /accruals/{partner_reference}/release": lambda w: Request(
        "POST", f"/accruals/{w.purchase()}/release"
    ),
    "inbound POST /accruals/{partner_reference}/reversals": lambda w: Request.json(
        "POST", f"/accruals/{w.purchase()}/reversals", {"reversal_reference": f"r-{next(_numbers)}", "points": 5}
    ),
    "inbound POST /webhooks/amazon-business/packages": _push,
    "inbound POST /webhooks/amazon-pay": _amazon_pay_notice,
    "inbound POST /webhooks/stripe": _stripe_event,
}

_TABLES = (
    "points.journal", "points.accrual", "points.reversal", "points.hold", "points.pending", "members.member",
    "members.address", "members.acceptance", "members.adjustment", "redemptions.quote", "redemptions.redemption",
    "redemptions.event", "redemptions.parking", "members.freeze",
    "orders.placement", "payments.payment", "reports.rate", "reports.day", "casework.case",
    "casework.event", "closure.closure", "cases.member_case", "cases.message", "cases.file", "redemptions.units_back",
    "catalogue.change", "catalogue.changed", "catalogue.import",
    "wishes.wish", "programme.published", "programme.draft", "programme.schedule", "support.merge",
    "redemptions.staff_act", "members.block", "privacy.erasure", "privacy.export", "members.legal_hold",
)  # fmt: skip
_COUNTS = (
    "select (select coalesce(sum(available + held + pending - debt), 0)::bigint from points.member) as points, "
    "(select coalesce(sum(held), 0)::bigint from points.member) as held, "
    + ", ".join(f'(select count(*) from {table}) as "{table}"' for table in _TABLES)
).encode()


@contextmanager
def opened(database: TestDatabase, folder: Path) -> Iterator[World]:
    """The world, with every function connected as its own role; checked once more when it is left."""
    variables = {
        "PROGRAM_BY_CLIENT": json.dumps(PROGRAM_BY_CLIENT | {CANARY_STAFF: 2, CANARY_PARTNER: 2}),
        "STATE_MACHINE_ARN": "arn:aws:states:x:1:stateMachine:engine",
        "PAYMENTS_QUEUE_URL": "queue",
        "SIMULATIONS_QUEUE_URL": "simulations",
        "DOCUMENTS_BUCKET": "documents",
        "EXPORTS_BUCKET": "exports",
        "AMAZON_PAY_SECRET_ARN": "amazon-pay",
        "STRIPE_SECRET_ARN": "stripe",
        "OUTSIDE_PARTIES": "outside/",
        "ORDER_INFORMATION_QUEUE_URL": "heard",
        "AMAZON_PAY_TOPICS": json.dumps([sns.TOPIC]),
        "MAIL_FROM": "programme@example.com",
        "MEMBER_AUTHORITY": "https://cognito.example/pool",
        "MEMBER_CLIENT_ID": MEMBER_CLIENT,
        "STAFF_AUTHORITY": "https://cognito.example/staff",
        "STAFF_CLIENT_ID": STAFF_CLIENT,
        "CASE_FILES_BUCKET": "files",
        "IMPORT_BUCKET": "imports",
    }
    fakes = Fakes()
    with ExitStack() as stack:
        shop = stack.enter_context(open_shop(database, folder))
        amazon = shop.amazon.client()
        stack.enter_context(mock.patch.dict("os.environ", variables))
        environment.cache_clear()
        stack.callback(environment.cache_clear)
        for target, name, value in (
            (machine, "step_functions", lambda: fakes),
            (queues, "sqs", lambda: fakes),
            (case_files, "_s3", lambda: fakes),
            (mail, "_ses", lambda: fakes),
            (sms, "_sns", lambda: fakes),
            (webhook_api, "_sqs", lambda: fakes),
            (shelf, "_s3", lambda: fakes),
            (importlib.import_module("lambdas.manager_routes.audit"), "_pool", lambda: fakes),
            (importlib.import_module("lambdas.manager_routes.messages"), "_pool", lambda: fakes),
            (importlib.import_module("lambdas.manager_routes.privacy"), "_s3", lambda: fakes),
            (importlib.import_module("lambdas.integrations_desk"), "_secrets", lambda: fakes),
            (importlib.import_module("lambdas.outside_secrets"), "_secrets", lambda: fakes),
            (importlib.import_module("lambdas.integrations_desk"), "amazon_business", lambda *_: amazon),
            (
                payment_webhook,
                "_certificates",
                cache(lambda: Certificates(lambda _: sns.keys(_signer())[1], f"{SNS}/")),
            ),
            (
                payment_webhook,
                "_signing_secret",
                cache(lambda: payment_webhook.SigningSecret(lambda: f'{{"signing_secret": "{WEBHOOK_SECRET}"}}')),
            ),
            (webhook_api, "_secrets", cache(lambda: webhook_api.Secrets(lambda: f'{{"current": "{WEBHOOK_SECRET}"}}'))),
            (importlib.import_module("lambdas.quote_api"), "amazon_business", lambda *_: amazon),
            (importlib.import_module("lambdas.catalogue_desk"), "amazon_business", lambda *_: amazon),
            (importlib.import_module("lambdas.manager_routes.catalogue"), "_s3", lambda: fakes),
            (importlib.import_module("lambdas.quote_api"), "_signing_key", lambda: KEY),
            (importlib.import_module("lambdas.member_routes.redemptions"), "_signing_key", lambda: KEY),
            (importlib.import_module("lambdas.member_routes.security"), "_link_key", lambda: KEY),
        ):
            stack.enter_context(mock.patch.object(target, name, value))
        for module, role in _doors():
            stack.enter_context(mock.patch.object(module, "database", _connected(database, role)))
            stack.callback(lambda module=module: module.database().close())
        owner, auditor = stack.enter_context(database.owner()), stack.enter_context(database.connect("auditor"))
        # Off by default: what is closed to all could not be tried.
        changed_points(owner, transfers_enabled=True, transfer_daily_limit=10**9)
        yield World(database, shop, fakes, owner, auditor)


def _doors() -> Iterator[tuple[Any, str]]:
    """Every module that answers requests, and the role its function comes as."""
    for functions in openapi.APIS.values():
        for function in functions:
            importlib.import_module(function)
    for name, module in list(sys.modules.items()):
        if hasattr(module, "database") and re.fullmatch(r"lambdas\.((member|manager)_routes\.)?\w+", name):
            role = re.sub(r"(\w+)_routes\..*", r"\1_api", name.removeprefix("lambdas."))
            if role == "staff":
                role = "manager_api"  # the guard before all of the staff's routes
            if f"lambdas.{role}" in itertools.chain.from_iterable(openapi.APIS.values()):
                yield module, role


def _connected(database: TestDatabase, role: str) -> Callable[[], Database]:
    return cache(lambda: Database(database.settings(role)))
