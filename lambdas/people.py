"""Bringing a member: the same request from partners and from staff."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from lambdas.http import STRICT, Caller, View
from loyalty.database import Connection
from loyalty.members import membership
from loyalty.programme import reading


class NewMember(BaseModel):
    """A member who may never have signed in. The number is the company's own and stays."""

    model_config = STRICT
    member_number: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    email: Annotated[str, StringConstraints(min_length=3, max_length=254)]
    phone: Annotated[str, StringConstraints(min_length=5, max_length=40)] | None = None
    tier: Annotated[str, StringConstraints(min_length=1, max_length=63)] | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "en"


class MemberCreated(View):
    """`created` is false if this very request had been carried out before."""

    member_number: str
    created: bool


def create_member(connection: Connection, who: Caller, body: NewMember, actor: str) -> MemberCreated:
    """Create the member in the caller's programme. Raises Refusal."""
    document = reading.current(connection, who.program_id).document
    given = membership.NewMember(
        number=body.member_number,
        email=body.email,
        phone=body.phone,
        tier=body.tier or "",
        country=body.country,
        language=body.language,
    )
    _, created = membership.create(connection, who.program_id, membership.checked(document, given), actor)
    return MemberCreated(member_number=body.member_number, created=created)
