"""The inbound API: partners bring members and purchases, by client credentials."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from lambdas.environment import environment
from lambdas.http import STRICT, Caller, Instant, View, caller, entry, resolver
from lambdas.people import MemberCreated, NewMember, create_member
from loyalty.database import Connection, database
from loyalty.points import accruals
from loyalty.programme import reading

app = resolver("Inbound API")

Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
Minor = Annotated[int, Field(ge=1, le=10**13)]


class Accrual(BaseModel):
    """What was bought. The programme computes the points; the same reference is the same purchase for ever."""

    model_config = STRICT
    partner_reference: Reference
    member_number: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    spend_minor: Minor
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    category: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    occurred_at: Instant


class Reversal(BaseModel):
    """What came back: points, or a part of what was spent."""

    model_config = STRICT
    reversal_reference: Reference
    points: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = None
    spend_minor: Minor | None = None
    original_spend_minor: Minor | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        by_spend = self.spend_minor is not None and self.original_spend_minor is not None
        neither = self.spend_minor is None and self.original_spend_minor is None
        if not (by_spend if self.points is None else neither):
            raise ValueError("give points, or spend_minor with original_spend_minor")
        return self


class Bonus(View):
    """What a campaign adds to a purchase: it promised `asked` points; budget and cap left `points` of it."""

    campaign: str
    asked: int
    points: int


class Moved(View):
    """The purchase's own points granted, released or taken back; `replayed` if this request was carried out before.

    `bonuses` are moved beside them: on a return in proportion.
    """

    points: int
    expires_on: date | None
    replayed: bool
    bonuses: list[Bonus]


@app.post("/members", summary="Bring a member", status_code=201)
def post_member(body: NewMember) -> MemberCreated:
    who = caller(app, "loyalty/members.write")
    connection = database().connection()
    return create_member(connection, who, body, actor=f"partner:{_partner(connection, who)}")


@app.post("/accruals", summary="Report a purchase", status_code=201)
def accrue(body: Accrual) -> Moved:
    who = caller(app, "loyalty/accruals.write")
    connection = database().connection()
    partner = _partner(connection, who)
    document = reading.current(connection, who.program_id).document
    purchase = accruals.Purchase(**body.model_dump())
    return _moved(accruals.accrue(connection, who.program_id, document, partner, purchase, f"partner:{partner}"))


@app.post("/accruals/<partner_reference>/reversals", summary="Report that something came back", status_code=201)
def reverse(partner_reference: Reference, body: Reversal) -> Moved:
    who = caller(app, "loyalty/accruals.write")
    connection = database().connection()
    partner = _partner(connection, who)
    document = reading.current(connection, who.program_id).document
    returned = accruals.Return(partner_reference, **body.model_dump())
    return _moved(accruals.reverse(connection, who.program_id, document, partner, returned, f"partner:{partner}"))


@app.post("/accruals/<partner_reference>/release", summary="Report that a purchase will not come back any more")
def release(partner_reference: Reference) -> Moved:
    who = caller(app, "loyalty/accruals.write")
    connection = database().connection()
    partner = _partner(connection, who)
    return _moved(accruals.release(connection, who.program_id, partner, partner_reference, f"partner:{partner}"))


def _moved(earned: accruals.Earned) -> Moved:
    bonuses = [Bonus(campaign=b.campaign, asked=b.asked, points=b.points) for b in earned.bonuses]
    return Moved(points=earned.points, expires_on=earned.expires_on, replayed=earned.replayed, bonuses=bonuses)


def _partner(connection: Connection, who: Caller) -> str:
    # Registered clients have a name; one that is not yet gets a stable one, so its references never mix with another's.
    row = connection.execute(
        "select programme.partner_of(%s, %s) as partner", (who.program_id, who.client_id)
    ).fetchone()
    registered = row["partner"] if row else None
    return registered or environment().partner_by_client.get(who.client_id) or f"partner-{who.client_id[:8].lower()}"


handler = entry(app)
