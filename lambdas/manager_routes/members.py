"""Members at the desk: found, seen whole, blocked, put right, merged; a case opened for who is on the telephone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, StringConstraints

from lambdas.http import KEYED, STRICT, Router, View, idempotency_key
from lambdas.manager_routes.cases import StaffCase, view_of
from lambdas.manager_routes.orders import Order, Orders
from lambdas.member_routes.cases import NewCase, about
from lambdas.member_routes.profile import (
    From,
    Kinds,
    Lot,
    PageSize,
    Sequence,
    Statement,
    StatementDocument,
    To,
    statement_of,
)
from lambdas.staff import staff
from loyalty.casework import asking
from loyalty.database import database
from loyalty.members import blocking, membership
from loyalty.points import statement as statements
from loyalty.programme import reading
from loyalty.support import finding, merging, seeing

router = Router()

Number = Annotated[str, Path(max_length=40)]
Named = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]{1,500}$")]


class Found(View):
    """One member. `found_by` number, name, phone, email; order, amazon, document or parcel, then with the order.
    `state` active, frozen, closing, blocked, closed, merged (into `merged_into`), erased."""

    member_number: str
    full_name: str | None
    email: str
    phone: str | None
    country: str
    tier: str
    state: str
    merged_into: str | None
    found_by: str
    redemption_id: UUID | None


class FoundMembers(View):
    """The surest first; at most twenty."""

    members: list[Found]


class PastContact(View):
    """An address or number that was in use until then."""

    channel: str
    contact: str | None
    changed_at: datetime


class Person(View):
    """Who it is. `also`: numbers of memberships that became part of this one. `sign_in`: whether there is one.
    `claimable_from`: no code is sent until then, because staff changed the e-mail address."""

    member_number: str
    email: str | None
    phone: str | None
    country: str
    language: str
    tier: str
    member_since: datetime
    created_by: str
    state: str
    frozen_since: datetime | None
    closing_since: datetime | None
    sign_in: bool
    claimed_at: datetime | None
    claimable_from: datetime | None
    also: list[str]
    past_contacts: list[PastContact]


class Address(View):
    """Where something goes, or went (`removed_at`)."""

    address_id: UUID
    full_name: str
    phone: str
    line1: str
    line2: str | None
    line3: str | None
    city: str
    state_or_region: str | None
    postal_code: str
    country_code: str
    is_po_box: bool
    is_military: bool
    is_default: bool
    created_at: datetime
    removed_at: datetime | None


class Accepted(View):
    """Terms that were accepted."""

    version: str
    accepted_at: datetime


class Consent(View):
    """What comes by which channel. `source` default, or who decided; `suppressed`: why nothing comes all the same."""

    channel: str
    kind: str
    wanted: bool
    source: str
    since: datetime | None
    reachable: bool
    suppressed: str | None


class WaitingPoints(View):
    """Points of a purchase that can be used from a day on."""

    amount: int
    until: datetime
    partner: str | None
    partner_reference: str | None


class Points(View):
    """What there is, by last good day, and what is still to come."""

    available: int
    held: int
    pending: int
    debt: int
    expires_next_on: date | None
    expires_next_amount: int
    lots: list[Lot]
    waiting: list[WaitingPoints]


class CaseLine(View):
    """A case in the list."""

    case_id: UUID
    kind: str
    state: str
    outcome: str | None
    points: int | None
    money_minor: int | None
    redemption_id: UUID | None
    opened_at: datetime
    decided_at: datetime | None
    deadline: datetime | None


class MessageLine(View):
    """What was said to the member and whether it arrived; not the words."""

    message_id: UUID
    channel: str
    template: str
    state: str
    reason: str | None
    created_at: datetime
    sent_at: datetime | None


class Stood(View):
    """Spending was stopped or allowed: frozen, unfrozen, blocked, unblocked."""

    kind: str
    reason: str
    actor: str
    at: datetime


class Screened(View):
    """What the rules said of a redemption, and what became of it."""

    redemption_id: UUID
    action: str
    points: int
    hits: list[Any]
    decided_at: datetime
    results: list[str | None]


class Adjusted(View):
    """Points by hand."""

    adjustment_id: UUID
    amount: int
    expires_on: date | None
    reason_code: str
    note: str | None
    state: str
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class Device(View):
    """A browser that redeemed; its name says only whether it is the same one."""

    device: str
    redemptions: int
    first_at: datetime
    last_at: datetime


class Merge(View):
    """Two memberships of one person. `state` waiting, merged, declined; `points` that moved."""

    merge_id: UUID
    duplicate: str
    survivor: str
    reason: str
    state: str
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    points: int | None
    sign_in: str | None


class Merges(View):
    """Oldest first."""

    merges: list[Merge]


class Overview(View):
    """Everything on one page. Lists are newest first and end after twenty."""

    member: Person
    addresses: list[Address]
    terms: list[Accepted]
    consents: list[Consent]
    points: Points
    redemptions: list[Order]
    cases: list[CaseLine]
    messages: list[MessageLine]
    standing: list[Stood]
    screenings: list[Screened]
    adjustments: list[Adjusted]
    devices: list[Device]
    merges: list[Merge]


class Why(BaseModel):
    """In a few words, for whoever asks later."""

    model_config = STRICT
    reason: Reason


class Contact(BaseModel):
    """What was wrong and is right now. The address of before is told."""

    model_config = STRICT
    email: Annotated[str, StringConstraints(min_length=3, max_length=254)] | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] | None = None


class Standing(View):
    """How the member stands now."""

    member_number: str
    state: str
    email: str
    language: str


class OneOfTwo(Found):
    """One of two memberships, with what it has."""

    found_by: str = "number"
    redemption_id: UUID | None = None
    member_since: datetime
    sign_in: bool
    available: int
    held: int
    pending: int
    debt: int
    lots: list[Lot]
    redemptions: int
    cases: int


class Obstacle(View):
    """What has to end first."""

    code: str
    words: str


class MergePreview(View):
    """What would happen. `sign_in` moved (the duplicate's becomes the survivor's), both (each leads there), none."""

    duplicate: OneOfTwo
    survivor: OneOfTwo
    obstacles: list[Obstacle]
    sign_in: Literal["moved", "both", "none"]


class NewMerge(BaseModel):
    """Which membership is the duplicate, and how that is known."""

    model_config = STRICT
    duplicate: Named
    reason: Reason


class Approval(BaseModel):
    """The second person's word."""

    model_config = STRICT
    decision: Literal["approve", "decline"]


class MergeState(View):
    """`waiting`: a second person decides."""

    merge_id: UUID
    state: Literal["waiting", "merged", "declined"]


class Budget(View):
    """Goodwill that I may give this month without a second person."""

    month: date
    monthly_points: int
    given: int


@router.get("/members", summary="Find members")
def find(
    q: Annotated[str, Query(min_length=1, max_length=100, description="Number, name, telephone, e-mail, order.")],
    limit: Annotated[int, Query(ge=1, le=20)] = 20,
) -> FoundMembers:
    who = staff(router)
    rows = finding.find(database().connection(), who.program_id, q, limit)
    return FoundMembers(members=[Found(**row) for row in rows])


@router.get("/members/<member_number>/overview", summary="Everything about a member")
def overview(member_number: Number) -> Overview:
    who = staff(router)
    connection = database().connection()
    document = reading.current(connection, who.program_id).document
    told = seeing.member(
        connection, who.program_id, member_number, order_sms=document.notifications.order_sms_by_default
    )
    return Overview(**told)


@router.get("/members/<member_number>/statement", summary="What happened to a member's points")
def statement(
    member_number: Number,
    before: Sequence = None,
    limit: PageSize = 50,
    kind: Kinds = None,
    from_: From = None,
    to: To = None,
) -> Statement:
    who = staff(router)
    connection = database().connection()
    member_id = membership.id_of(connection, who.program_id, member_number)
    return statement_of(connection, who.program_id, member_id, before, limit, kind, from_, to)


@router.get("/members/<member_number>/statement/download", summary="The whole statement, which proves itself")
def download_statement(
    member_number: Number, after: Annotated[int, Query(ge=0, le=2**53 - 1)] = 0
) -> StatementDocument:
    who = staff(router)
    connection = database().connection()
    member_id = membership.id_of(connection, who.program_id, member_number)
    document = statements.document(connection, who.program_id, member_id, after)
    assert document is not None, "a member without an account"
    return StatementDocument(**document)


@router.get("/members/<member_number>/orders", summary="A member's orders, also those of merged memberships")
def orders(
    member_number: Number, before: UUID | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Orders:
    who = staff(router)
    wanted = seeing.Orders(member_number=member_number)
    rows = seeing.orders(database().connection(), who.program_id, wanted, before, limit)
    return Orders(
        redemptions=[Order(**row) for row in rows],
        before=UUID(rows[-1]["redemption_id"]) if len(rows) == limit else None,
    )


@router.post("/members/<member_number>/block", summary="Let a member redeem nothing")
def block(member_number: Number, body: Why) -> Standing:
    who = staff(router)
    connection = database().connection()
    blocking.block(connection, who.program_id, member_number, body.reason, f"staff:{who.subject}")
    return _standing(member_number)


@router.post("/members/<member_number>/unblock", summary="Let a member redeem again")
def unblock(member_number: Number, body: Why) -> Standing:
    who = staff(router)
    connection = database().connection()
    blocking.unblock(connection, who.program_id, member_number, body.reason, f"staff:{who.subject}")
    return _standing(member_number)


@router.put("/members/<member_number>/contact", summary="Put an e-mail address or the language right")
def put_contact(member_number: Number, body: Contact) -> Standing:
    who = staff(router)
    blocking.correct_contact(database().connection(), who.program_id, member_number, body.email, body.language)
    return _standing(member_number)


@router.post(
    "/members/<member_number>/cases",
    summary="Open a case for a member who is on the telephone",
    status_code=201,
    openapi_extensions=KEYED,
)
def open_case(member_number: Number, body: NewCase) -> StaffCase:
    who = staff(router)
    key = idempotency_key(router)
    connection = database().connection()
    asking.open_for(
        connection,
        who.program_id,
        member_number,
        key,
        body.kind,
        about(body),
        body.text,
        f"staff:{who.subject}",
        who.groups,
    )
    return view_of(connection, who.program_id, key)


@router.get("/members/<member_number>/merge-preview", summary="What would become of a duplicate")
def merge_preview(
    member_number: Number, duplicate: Annotated[str, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
) -> MergePreview:
    who = staff(router)
    return MergePreview(**merging.preview(database().connection(), who.program_id, duplicate, member_number))


@router.post(
    "/members/<member_number>/merges",
    summary="Ask that a duplicate becomes part of this membership",
    status_code=202,
    openapi_extensions=KEYED,
)
def ask_merge(member_number: Number, body: NewMerge) -> MergeState:
    who = staff(router)
    key = idempotency_key(router)
    state = merging.ask(
        database().connection(),
        who.program_id,
        key,
        body.duplicate,
        member_number,
        body.reason,
        f"staff:{who.subject}",
    )
    return MergeState(merge_id=key, state=state)


@router.get("/merges", summary="Merges that wait for a second person")
def merges(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Merges:
    who = staff(router)
    rows = merging.waiting(database().connection(), who.program_id, limit)
    return Merges(merges=[Merge(**row) for row in rows])


@router.post("/merges/<merge_id>/approval", summary="Approve or decline a merge as the second person")
def decide_merge(merge_id: UUID, body: Approval) -> MergeState:
    who = staff(router)
    state = merging.decide(
        database().connection(), who.program_id, merge_id, body.decision, f"staff:{who.subject}", who.groups
    )
    return MergeState(merge_id=merge_id, state=state)


@router.get("/goodwill", summary="What I may still give out of goodwill this month")
def goodwill() -> Budget:
    who = staff(router)
    row = (
        database()
        .connection()
        .execute("select * from cases.budget_of(%s, %s)", (who.program_id, f"staff:{who.subject}"))
        .fetchone()
    )
    assert row is not None
    return Budget(**row)


def _standing(member_number: str) -> Standing:
    who = staff(router)
    connection = database().connection()
    profile = membership.profile(
        connection, who.program_id, membership.id_of(connection, who.program_id, member_number)
    )
    return Standing(member_number=profile.number, state=profile.state, email=profile.email, language=profile.language)
