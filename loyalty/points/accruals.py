"""One purchase at a time: partners say what was spent, the programme says how many points that is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from loyalty.campaigns import shoppers
from loyalty.database import Connection
from loyalty.points import bonuses, ledger
from loyalty.points.bonuses import Bonus, Units
from loyalty.points.ledger import DebtPolicy, Outcome, Status
from loyalty.programme import earning
from loyalty.programme.document import Programme
from loyalty.programme.schema.campaigns import Shopper
from loyalty.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a partner reports: `spend_minor` in the store's currency, known for ever by its reference."""

    partner_reference: str
    member_number: str
    spend_minor: int
    currency: str
    category: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Return:
    """A purchase, or part of it, that came back: so many points, or this much of what was spent on it."""

    partner_reference: str
    reversal_reference: str
    points: int | None = None
    spend_minor: int | None = None
    original_spend_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Earned:
    """The answer: the purchase's own points moved, until when they are good, whether this request was carried out
    before, and what campaigns added."""

    points: int
    expires_on: date | None
    replayed: bool
    bonuses: tuple[Bonus, ...] = ()


def accrue(
    connection: Connection, program_id: int, document: Programme, partner: str, purchase: Purchase, actor: str
) -> Earned:
    """Grant the points of a purchase; the same purchase again has the first answer. Raises Refusal."""
    earning.require_currency(document, purchase.currency)
    shopper = shoppers.by_number(connection, program_id, purchase.member_number)
    points = earning.points_for(
        document, partner, purchase.category, purchase.spend_minor, purchase.currency, shopper.tier
    )
    if points == 0:
        # The ledger knows no movement of nothing; saying so again and again is the same answer.
        return Earned(0, None, replayed=False)
    now, op_id = _minted(connection)
    if purchase.occurred_at > now + timedelta(minutes=5):
        raise Refusal(Kind.INVALID, "invalid", "This purchase is in the future.", field="occurred_at")
    expires_on = earning.expires_on(document, purchase.occurred_at)
    funder, unit_cost_micros = terms(document, partner)
    outcome, paid = bonuses.accrue(
        connection,
        program_id,
        ledger.Accrual(
            member_id=shopper.member_id,
            op_id=op_id,
            amount=points,
            expires_on=expires_on,
            occurred_at=purchase.occurred_at,
            partner=partner,
            partner_reference=purchase.partner_reference,
            funder=funder,
            unit_cost_micros=unit_cost_micros,
            pending_until=pending_until(document, purchase.occurred_at),
            request_hash=ledger.request_hash("purchase", asdict(purchase)),
        ),
        _wanted(document, partner, purchase, shopper),
        _units(document, partner, purchase),
        actor,
    )
    _require_done(outcome, expires_on < now.astimezone(document.zone).date())
    return Earned(outcome.amount, expires_on, outcome.status is Status.REPLAY, paid)


def reverse(
    connection: Connection, program_id: int, document: Programme, partner: str, returned: Return, actor: str
) -> Earned:
    """Take back the points of what came back, and bonuses in proportion; the same return again has the first answer.

    `points` are the purchase's own. Raises Refusal.
    """
    points = _points_of(connection, program_id, partner, returned)
    if points == 0:
        return Earned(0, None, replayed=False)
    _, op_id = _minted(connection)
    outcome, taken = bonuses.reverse(
        connection,
        program_id,
        ledger.Reversal(
            op_id=op_id,
            partner=partner,
            partner_reference=returned.partner_reference,
            reversal_reference=returned.reversal_reference,
            amount=points,
            debt_policy=DebtPolicy(document.points.debt_policy),
        ),
        actor,
    )
    _require_done(outcome, lapsed=False, reference="reversal_reference")
    return Earned(outcome.amount, None, outcome.status is Status.REPLAY, taken)


def release(connection: Connection, program_id: int, partner: str, partner_reference: str, actor: str) -> Earned:
    """Let the points of a purchase be spent before their day: its return window is over. Raises Refusal."""
    _, op_id = _minted(connection)
    outcome, released = bonuses.release(connection, program_id, op_id, partner, partner_reference, actor)
    _require_done(outcome, lapsed=False)
    return Earned(outcome.amount, None, outcome.status is Status.REPLAY, released)


def terms(document: Programme, partner: str) -> tuple[str, int]:
    """Who pays for the partner's points, and how much for one, in millionths."""
    agreed = document.points.partners.get(partner)
    if agreed is not None:
        return agreed.funder, agreed.unit_cost_micros
    return document.points.funder, document.points.unit_cost_micros


def pending_until(document: Programme, occurred_at: datetime) -> datetime | None:
    """From when the points may be spent, if the programme makes them wait."""
    days = document.points.pending_days
    return occurred_at + timedelta(days=days) if days else None


def _units(document: Programme, partner: str, purchase: Purchase) -> Units:
    parts = purchase.spend_minor * earning.base_parts_per_minor(document, partner, purchase.category)
    return Units(parts // earning.parts_per_point(document), purchase.spend_minor)


def _wanted(document: Programme, partner: str, purchase: Purchase, shopper: Shopper) -> dict[str, int]:
    """What campaigns promise for the purchase, in points."""
    campaigns = earning.bonus_campaigns(document)
    campaign = earning.campaign_of(campaigns, shopper, purchase.category, purchase.occurred_at)
    if campaign is None:
        return {}
    parts = purchase.spend_minor * earning.parts_per_minor(document, partner, purchase.category, shopper.tier)
    points = earning.whole_bonus(document, earning.bonus(parts, campaign))
    return {campaign.code: points} if points else {}


def _points_of(connection: Connection, program_id: int, partner: str, returned: Return) -> int:
    if returned.points is not None:
        return returned.points
    spend_minor, original_spend_minor = returned.spend_minor, returned.original_spend_minor
    if spend_minor is None or original_spend_minor is None:
        raise Refusal(Kind.INVALID, "invalid", "Give points, or spend_minor of original_spend_minor.", field="points")
    if spend_minor > original_spend_minor:
        raise Refusal(Kind.INVALID, "invalid", "More comes back than was bought.", field="spend_minor")
    row = connection.execute(
        "select amount from points.accrued(%s, %s, %s)", (program_id, partner, returned.partner_reference)
    ).fetchone()
    if row is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-accrual", "There is no such purchase.", field="partner_reference")
    # By what was granted then, not by today's rate; rounded down, so that parts never add up to more than the whole.
    return int(row["amount"]) * spend_minor // original_spend_minor


def _minted(connection: Connection) -> tuple[datetime, UUID]:
    row = connection.execute("select clock.now() as now, clock.new_id() as id").fetchone()
    assert row is not None
    return row["now"], row["id"]


def _require_done(outcome: Outcome, lapsed: bool, reference: str = "partner_reference") -> None:
    match outcome.status:
        case Status.OK | Status.REPLAY:
            return
        case Status.KEY_REUSE:
            raise Refusal(
                Kind.CONFLICT,
                "reference-reused",
                "This reference was used for something else.",
                field=reference,
            )
        case Status.UNKNOWN_MEMBER:
            raise Refusal(Kind.NOT_FOUND, "no-such-member", "This programme has no such member.", field="member_number")
        case Status.UNKNOWN_ACCRUAL:
            raise Refusal(Kind.NOT_FOUND, "no-such-accrual", "There is no such purchase.", field="partner_reference")
        case Status.OVER_ACCRUAL:
            raise Refusal(
                Kind.CONFLICT, "more-than-earned", "More comes back than is left of that purchase.", field="points"
            )
        case _ if lapsed:
            raise Refusal(
                Kind.INVALID, "lapsed", "Points of this purchase would have lapsed already.", field="occurred_at"
            )
        case _:
            raise Refusal(Kind.INVALID, "invalid", "The ledger cannot hold that many points.", field="spend_minor")
