"""What the invariants would see: each error is planted by hand where no function of ours could have made it."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from loyalty.redemptions import redeeming
from tests.domain.redemptions.saga import Line, Saga

LAMP = Line("B0LAMP0000", 3, 4500)
SOLD_OUT = Line("B0SOLDOUT0", 1, 2000)


def ended(world: Saga, how: str) -> UUID:
    """A redemption of 27000 points' worth that was delivered, refused, or cancelled before it was paid."""
    member_id = world.member()
    lines = [SOLD_OUT] if how == "refused" else [LAMP]
    world.amazon.accepts[SOLD_OUT.asin] = 0
    request = world.request(world.quote(member_id, *lines), 2000)
    world.redeem(member_id, request)
    if how == "cancelled":
        redeeming.cancel(world.member_api, 1, member_id, request.redemption_id)
    world.run(request.redemption_id)
    return request.redemption_id


def violated(world: Saga, redemption_id: UUID, plant: str) -> set[str]:
    """The invariants that the planted error breaks; nothing of it stays."""
    seen: set[str] = set()
    with world.owner.transaction(force_rollback=True):
        world.owner.execute("set local session_replication_role = replica")
        world.owner.execute(plant.encode(), {"id": redemption_id})
        for view in ("points.invariants", "redemptions.invariants"):
            rows = world.owner.execute(f"select name from {view} where violations > 0".encode()).fetchall()
            seen |= {str(row["name"]) for row in rows}
    return seen


@pytest.mark.parametrize(
    ("how", "plant", "name"),
    [
        (
            "delivered",
            "update payments.payment set state = 'authorised', captured_minor = 0 where redemption_id = %(id)s",
            "what was accepted for money was captured or waits for its shipments, or a person knows",
        ),
        (
            "delivered",
            "update payments.payment set captured_minor = captured_minor - 1, capture_minor = capture_minor - 1"
            " where redemption_id = %(id)s",
            "money was captured for what was accepted and for nothing else",
        ),
        (
            "delivered",
            "delete from payments.payment where redemption_id = %(id)s",
            "the payment is of the money that was promised",
        ),
        (
            "cancelled",
            "update payments.payment set state = 'authorised', charge_id = 'c', authorised_minor = amount_minor,"
            " void_requested_at = null where redemption_id = %(id)s",
            "nothing is reserved for a redemption that is over, or a person knows",
        ),
        (
            "refused",
            "update orders.placement set state = 'accepted' where redemption_id = %(id)s",
            "no points returned in full while Amazon delivers, or may",
        ),
        (
            "refused",
            "update orders.placement set state = 'unknown', concluded_at = null where redemption_id = %(id)s",
            "no points returned in full while Amazon delivers, or may",
        ),
        (
            "delivered",
            "update orders.placement_line set accepted_quantity = 2, rejected_quantity = 1"
            " where redemption_id = %(id)s",
            "what was settled is what Amazon accepted, to the point and to the cent",
        ),
        (
            "delivered",
            "update orders.placement_line set asin = 'B0OTHER000' where redemption_id = %(id)s",
            "what was ordered is what was redeemed",
        ),
        (
            "delivered",
            "update redemptions.line set unit_money_minor = unit_money_minor - 1 where redemption_id = %(id)s",
            "every unit costs what the signed quote says",
        ),
        (
            "delivered",
            "update redemptions.line set quantity = quantity + 1 where redemption_id = %(id)s",
            "the lines add up to what the member promised",
        ),
        (
            "delivered",
            "update redemptions.redemption set settled_points = settled_points - 1,"
            " released_points = released_points + 1 where redemption_id = %(id)s",
            "what was settled is what Amazon accepted, to the point and to the cent",
        ),
        (
            "delivered",
            "update points.member m set held = 1, hold_ids = array[%(id)s::uuid], holds = '{1,9000,0,0}'"
            " from redemptions.redemption r where r.redemption_id = %(id)s and r.member_id = m.member_id"
            " and r.program_id = m.program_id",
            "the hold agrees with the redemption",
        ),
        (
            "delivered",
            "delete from redemptions.redemption where redemption_id = %(id)s",
            "no order was sent without a redemption that had gone forward",
        ),
        (
            "delivered",
            "delete from points.journal where ref_op = %(id)s and kind = 'settle'",
            "I5 a hold is resolved exactly once",
        ),
        (
            "delivered",
            "update points.journal set amount = amount - 1 where ref_op = %(id)s and kind = 'settle'",
            "I1 conservation",
        ),
    ],
)
def test_a_planted_error_is_seen(world: Saga, how: str, plant: str, name: str) -> None:
    redemption_id = ended(world, how)
    assert violated(world, redemption_id, "select %(id)s::uuid") == set()
    assert name in violated(world, redemption_id, plant)


def test_what_is_closed_cannot_be_left_with_points_on_the_way(world: Saga) -> None:
    redemption_id = ended(world, "delivered")
    with pytest.raises(psycopg.errors.CheckViolation):
        world.owner.execute(
            "update redemptions.redemption set settled_points = settled_points - 1 where redemption_id = %s",
            (redemption_id,),
        )
