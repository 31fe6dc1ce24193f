"""Whoever works on several members' points takes the members ascending, whatever order the redemptions are in."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from loyalty.database import Connection
from loyalty.redemptions import sweeping
from tests.domain.redemptions.saga import Line, Saga

LAMP = Line("B0LAMP0000", 1, 4500)


@pytest.mark.parametrize(("duty", "state"), [(sweeping.abandon, "held"), (sweeping.extend_leases, "ordering")])
def test_the_sweeper_waits_for_the_first_member_with_no_other_in_hand(
    own_world: Saga, duty: Callable[[Connection], int], state: str
) -> None:
    world = own_world
    members = [world.member(), world.member()]
    for member in reversed(members):
        request = world.request(world.quote(member, LAMP))
        world.redeem(member, request)
        world.owner.execute(
            "update redemptions.redemption set state = %s where redemption_id = %s", (state, request.redemption_id)
        )
        world.database.shift_clock("1 minute")
    world.database.shift_clock("4 days")
    lock = "select from points.member where member_id = %s for no key update nowait"
    with (
        world.database.owner() as other,
        world.connection("sweeper") as sweeper,
        ThreadPoolExecutor(1) as pool,
    ):
        with other.transaction():
            other.execute(lock, (members[0],))
            waiting = pool.submit(duty, sweeper)
            for _ in range(500):
                row = other.execute(
                    "select wait_event_type from pg_stat_activity where pid = %s", (sweeper.info.backend_pid,)
                ).fetchone()
                if row == {"wait_event_type": "Lock"}:
                    break
                time.sleep(0.01)
            else:
                pytest.fail("nobody waited")
            other.execute(lock, (members[1],))
        assert waiting.result(10) == 2
