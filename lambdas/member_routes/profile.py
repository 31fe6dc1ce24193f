"""Who I am here: claiming, terms, balance, statement, addresses."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field, StringConstraints

from lambdas import mail, sms
from lambdas.http import STRICT, Instant, Router, View, caller, member
from loyalty.database import Connection, database
from loyalty.members import addresses, claiming, membership, telephone
from loyalty.points import ledger
from loyalty.points import statement as statements
from loyalty.programme import reading

router = Router()

SCOPE = "loyalty/member"

Number = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Sequence = Annotated[int | None, Query(ge=1, le=2**53 - 1)]
PageSize = Annotated[int, Query(ge=1, le=100)]
Kind = Literal[
    "accrue", "repay", "mature", "hold", "settle", "release", "restore", "expire", "adjust", "reverse", "write_off",
    "transfer",
]  # fmt: skip
Kinds = Annotated[list[Kind] | None, Query(alias="kind", max_length=20)]
From = Annotated[Instant | None, Query(alias="from", description="What happened at this instant or after.")]
To = Annotated[Instant | None, Query(description="What happened before this instant.")]


class Me(View):
    """The signed-in member. `transfer_daily_limit`: how many points may be given to others in 24 hours; none where the
    programme does not allow it."""

    member_number: str
    email: str
    phone: str | None
    tier: str
    tier_name: str
    country: str
    language: str
    state: str
    member_since: datetime
    default_address_id: UUID | None
    terms_accepted: bool
    terms_version: str
    transfer_daily_limit: int | None


class Claim(BaseModel):
    """The number on the card or letter."""

    model_config = STRICT
    member_number: Number


class ClaimStarted(View):
    """The same whether or not the number exists."""

    sent_to: str
    code_minutes: int


class Confirmation(BaseModel):
    """The number and the code that came by mail."""

    model_config = STRICT
    member_number: Number
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class Confirmed(View):
    """The sign-in is this member from now on."""

    member_number: str


class NewPhone(BaseModel):
    """My number, with its country."""

    model_config = STRICT
    phone: Annotated[str, StringConstraints(min_length=5, max_length=40)]


class PhoneCodeSent(View):
    """A code is on its way to the number."""

    sent_to: Literal["sms"]
    code_minutes: int


class PhoneConfirmation(BaseModel):
    """The code that came."""

    model_config = STRICT
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class PhoneView(View):
    """The number SMS go to."""

    phone: str | None


class TermsView(View):
    """The current terms, in the languages there are."""

    version: str
    url: str
    text: dict[str, str]


class TermsAcceptance(BaseModel):
    """Which version was read."""

    model_config = STRICT
    version: Annotated[str, StringConstraints(min_length=1, max_length=20)]


class TermsAccepted(View):
    """When it was first accepted."""

    version: str
    accepted_at: datetime


class Balance(View):
    """Points now."""

    available: int
    held: int
    pending: int
    debt: int
    expires_next_on: date | None
    expires_next_amount: int


class BalanceAt(View):
    """Points as they were booked at an instant, and the row of the statement (0: none yet) that says so."""

    available: int
    held: int
    pending: int
    debt: int
    sequence: int
    chain: str


class Lot(View):
    """Points that are good until the same day (none: for ever)."""

    expires_on: date | None
    amount: int


class Lots(View):
    """Points by their last good day, soonest first."""

    lots: list[Lot]


class StatementLine(View):
    """One movement of points. `available_change` is what it made of the points that can be used; `redemption_id` is
    there for what a redemption did."""

    sequence: int
    kind: str
    amount: int
    available_change: int
    available_after: int
    held_after: int
    occurred_at: datetime
    booked_at: datetime
    reference: str | None
    partner: str | None
    partner_reference: str | None
    redemption_id: UUID | None
    lots: list[dict[str, Any]]


class Statement(View):
    """A page, newest first; `before` asks for the next one and is missing on the last."""

    lines: list[StatementLine]
    before: int | None


class StatementRow(View):
    """A row of the journal with every column that its link covers."""

    sequence: int
    op_id: str
    leg: int
    kind: str
    dr: int
    cr: int
    amount: int
    available_after: int
    held_after: int
    pending_after: int
    debt_after: int
    lot_keys: list[int] | None
    lot_amounts: list[int] | None
    lot_to: list[int] | None
    ref_op: str | None
    reference: str | None
    actor: str
    approver: str | None
    request_hash: str
    occurred_at: str
    created_at: str
    chain: str


class StatementHead(View):
    """Where the rows lead to."""

    sequence: int
    chain: str
    available: int
    held: int
    pending: int
    debt: int
    lot_keys: list[int]
    lot_amounts: list[int]


class StatementDocument(View):
    """The whole statement, oldest first; `after` its last row asks for the rest while that is below the head."""

    format: str
    program_id: int
    member_id: int
    rows: list[StatementRow]
    head: StatementHead


class NewAddress(BaseModel):
    """An address as it is typed."""

    model_config = STRICT
    full_name: Line
    phone: Annotated[str, StringConstraints(min_length=5, max_length=40)]
    line1: Line
    line2: Annotated[str, StringConstraints(max_length=60)] | None = None
    line3: Annotated[str, StringConstraints(max_length=60)] | None = None
    city: Line
    state_or_region: Annotated[str, StringConstraints(max_length=60)] | None = None
    postal_code: Annotated[str, StringConstraints(min_length=2, max_length=12)]
    country_code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    make_default: Annotated[bool, Field(description="Use it unless the member says otherwise.")] = True


class AddressView(View):
    """A saved address; a correction is a new one."""

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


class Addresses(View):
    """The member's addresses, newest first."""

    addresses: list[AddressView]


@router.get("/me", summary="Who I am here")
def me() -> Me:
    connection = database().connection()
    who, member_id = member(router, connection)
    document = reading.current(connection, who.program_id).document
    mine = membership.profile(connection, who.program_id, member_id)
    return Me(
        member_number=mine.number,
        email=mine.email,
        phone=mine.phone,
        tier=mine.tier,
        tier_name=document.tier(mine.tier).name_in(mine.language),
        country=mine.country,
        language=mine.language,
        state=mine.state,
        member_since=mine.member_since,
        default_address_id=mine.default_address_id,
        terms_accepted=document.terms.version in mine.accepted_terms,
        terms_version=document.terms.version,
        transfer_daily_limit=document.points.transfer_daily_limit if document.points.transfers_enabled else None,
    )


@router.post("/claims", summary="Send a code to the contact on file", status_code=202)
def start_claim(body: Claim) -> ClaimStarted:
    who = caller(router, SCOPE)
    connection = database().connection()
    document = reading.current(connection, who.program_id).document
    claiming.start(connection, who.program_id, document, body.member_number, who.subject, mail.send)
    return ClaimStarted(sent_to="the e-mail address on file", code_minutes=document.enrolment.code_minutes)


@router.post("/claims/confirmation", summary="Prove the claim with the code")
def confirm_claim(body: Confirmation) -> Confirmed:
    who = caller(router, SCOPE)
    connection = database().connection()
    document = reading.current(connection, who.program_id).document
    claiming.confirm(connection, who.program_id, document, body.member_number, who.subject, body.code)
    return Confirmed(member_number=body.member_number)


@router.get("/terms", summary="The current terms")
def terms() -> TermsView:
    who = caller(router, SCOPE)
    return TermsView(**reading.current(database().connection(), who.program_id).document.terms.model_dump())


@router.post("/terms/acceptance", summary="Accept the current terms")
def accept_terms(body: TermsAcceptance) -> TermsAccepted:
    connection = database().connection()
    who, member_id = member(router, connection)
    document = reading.current(connection, who.program_id).document
    accepted_at = membership.accept_terms(connection, who.program_id, member_id, document, body.version)
    return TermsAccepted(version=body.version, accepted_at=accepted_at)


@router.put("/me/phone", summary="Send a code to my telephone", status_code=202)
def start_phone(body: NewPhone) -> PhoneCodeSent:
    connection = database().connection()
    who, member_id = member(router, connection)
    document = reading.current(connection, who.program_id).document
    minutes = telephone.start(connection, who.program_id, member_id, document, body.phone, sms.send)
    return PhoneCodeSent(sent_to="sms", code_minutes=minutes)


@router.post("/me/phone/confirmation", summary="Prove that it is my telephone")
def confirm_phone(body: PhoneConfirmation) -> PhoneView:
    connection = database().connection()
    who, member_id = member(router, connection)
    document = reading.current(connection, who.program_id).document
    telephone.confirm(connection, who.program_id, member_id, document, body.code)
    return PhoneView(phone=membership.profile(connection, who.program_id, member_id).phone)


@router.get("/me/balance", summary="My points now")
def balance() -> Balance:
    connection = database().connection()
    who, member_id = member(router, connection)
    mine = ledger.balance(connection, who.program_id, member_id)
    assert mine is not None, "a member without an account"
    return Balance(**{name: getattr(mine, name) for name in Balance.model_fields})


@router.get("/me/balance/at", summary="My points as they were booked at an instant")
def balance_at(instant: Annotated[Instant, Query()]) -> BalanceAt:
    connection = database().connection()
    who, member_id = member(router, connection)
    then = ledger.balance_at(connection, who.program_id, member_id, instant)
    assert then is not None, "a member without an account"
    return BalanceAt(**asdict(then) | {"chain": then.chain.hex()})


@router.get("/me/lots", summary="My points by their last good day")
def lots() -> Lots:
    connection = database().connection()
    who, member_id = member(router, connection)
    return Lots(lots=[Lot(**asdict(lot)) for lot in ledger.lots(connection, who.program_id, member_id)])


@router.get("/me/statement", summary="What happened to my points")
def statement(
    before: Sequence = None, limit: PageSize = 50, kind: Kinds = None, from_: From = None, to: To = None
) -> Statement:
    connection = database().connection()
    who, member_id = member(router, connection)
    return statement_of(connection, who.program_id, member_id, before, limit, kind, from_, to)


@router.get("/me/statement/download", summary="All that happened to my points, as a document that proves itself")
def download_statement(after: Annotated[int, Query(ge=0, le=2**53 - 1)] = 0) -> StatementDocument:
    connection = database().connection()
    who, member_id = member(router, connection)
    document = statements.document(connection, who.program_id, member_id, after)
    assert document is not None, "a member without an account"
    return StatementDocument(**document)


@router.get("/me/addresses", summary="My addresses")
def list_addresses() -> Addresses:
    connection = database().connection()
    who, member_id = member(router, connection)
    return _addresses(connection, who.program_id, member_id)


@router.post("/me/addresses", summary="Save an address", status_code=201)
def save_address(body: NewAddress) -> AddressView:
    connection = database().connection()
    who, member_id = member(router, connection)
    document = reading.current(connection, who.program_id).document
    given = body.model_dump()
    make_default = given.pop("make_default")
    saved = addresses.save(
        connection, who.program_id, member_id, document, addresses.Address(**given), make_default=make_default
    )
    return _view(saved, addresses.default_of(connection, who.program_id, member_id))


@router.put("/me/addresses/<address_id>/default", summary="Use this address unless I say otherwise")
def choose_address(address_id: UUID) -> Addresses:
    connection = database().connection()
    who, member_id = member(router, connection)
    addresses.choose(connection, who.program_id, member_id, address_id)
    return _addresses(connection, who.program_id, member_id)


@router.delete("/me/addresses/<address_id>", summary="Remove an address")
def remove_address(address_id: UUID) -> Addresses:
    connection = database().connection()
    who, member_id = member(router, connection)
    addresses.remove(connection, who.program_id, member_id, address_id)
    return _addresses(connection, who.program_id, member_id)


def _addresses(connection: Connection, program_id: int, member_id: int) -> Addresses:
    default = addresses.default_of(connection, program_id, member_id)
    return Addresses(
        addresses=[_view(saved, default) for saved in addresses.of_member(connection, program_id, member_id)]
    )


def _view(saved: addresses.SavedAddress, default: UUID | None) -> AddressView:
    known = asdict(saved)
    del known["created_at"]
    return AddressView(**known, is_default=saved.address_id == default)


def statement_of(
    connection: Connection,
    program_id: int,
    member_id: int,
    before: int | None,
    limit: int,
    kinds: list[Kind] | None,
    from_: datetime | None,
    to: datetime | None,
) -> Statement:
    """A page of a member's statement, as the member and staff see it."""
    lines = ledger.statement(connection, program_id, member_id, before, limit, kinds=kinds, from_=from_, to=to)
    return Statement(
        lines=[
            StatementLine(
                sequence=line.sequence,
                kind=line.kind,
                amount=line.amount,
                available_change=line.available_change,
                available_after=line.available_after,
                held_after=line.held_after,
                occurred_at=line.occurred_at,
                booked_at=line.created_at,
                reference=line.reference,
                partner=line.partner,
                partner_reference=line.partner_reference,
                redemption_id=line.hold,
                lots=line.lots or [],
            )
            for line in lines
        ],
        before=lines[-1].sequence if len(lines) == limit and lines[-1].sequence > 1 else None,
    )
