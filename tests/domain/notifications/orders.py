"""A redemption as the messages see it: its rows, without the flow that would make them."""

from __future__ import annotations

from uuid import uuid4

from tests.domain.notifications.conftest import World


def order(world: World, member: int, *titles: str) -> str:
    """A redemption of these products, a thousand points and 5 dollars each."""
    redemption = str(uuid4())
    with world.owner.transaction():
        world.owner.execute("set local session_replication_role = replica")
        world.owner.execute(
            "insert into redemptions.redemption(program_id, redemption_id, member_id, quote_id, programme_version,"
            " address_id, request_hash, points, money_minor, currency, partial_policy, capture_at, return_days,"
            " settle_op_id, release_op_id, release_at, approve_until, place_before, lease_until, actor, created_at,"
            " updated_at) select 1, %s, %s, clock.new_id(), 1, clock.new_id(), '\\x', %s, %s, 'USD',"
            " 'send_what_you_can', 'shipment', 30, clock.new_id(), clock.new_id(), t, t, t, t, 'test', t, t"
            " from clock.now() as t",
            (redemption, member, 1000 * len(titles), 500 * len(titles)),
        )
        for number, title in enumerate(titles, start=1):
            world.owner.execute(
                "insert into redemptions.line(program_id, redemption_id, line_number, asin, title, quantity,"
                " unit_points, unit_money_minor) values (1, %s, %s, 'B000000001', %s, 1, 1000, 500)",
                (redemption, number, title),
            )
    return redemption


def accepted(world: World, redemption: str, *quantities: int, of_each: int = 1) -> None:
    """Amazon has accepted so many units of each line, and the redemption is settled."""
    for number, quantity in enumerate(quantities, start=1):
        world.owner.execute(
            "update redemptions.line set quantity = %s, accepted_quantity = %s"
            " where redemption_id = %s and line_number = %s",
            (of_each, quantity, redemption, number),
        )
    world.owner.execute(
        "update redemptions.redemption set points = %s, money_minor = %s, accepted_points = %s,"
        " accepted_money_minor = %s where redemption_id = %s",
        (
            *(1000 * of_each * len(quantities), 500 * of_each * len(quantities)),
            *(1000 * sum(quantities), 500 * sum(quantities), redemption),
        ),
    )
