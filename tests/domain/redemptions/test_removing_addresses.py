"""A member removes an address: not while something is to go there, and orders keep where they went."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from loyalty.members import addresses
from loyalty.redemptions import overview, redeeming
from loyalty.refusal import Refusal
from tests.domain.redemptions.saga import Line, Saga

LAMP = Line("B0LAMP0000", 1, 4500)


def ids(world: Saga, member_id: int) -> list[UUID]:
    return [saved.address_id for saved in addresses.of_member(world.member_api, 1, member_id)]


def default(world: Saga, member_id: int) -> UUID | None:
    return addresses.default_of(world.member_api, 1, member_id)


def test_the_newest_other_address_becomes_the_default(world: Saga) -> None:
    member_id = world.member()
    home = default(world, member_id)
    assert home is not None
    # Of two that are saved in the same millisecond either is the newer one.
    old, new = sorted(world.address(member_id, postal_code=code, default=False) for code in ("98121", "98122"))
    addresses.remove(world.member_api, 1, member_id, home)
    assert (default(world, member_id), ids(world, member_id)) == (new, [new, old])
    addresses.remove(world.member_api, 1, member_id, old)
    addresses.remove(world.member_api, 1, member_id, new)
    assert (default(world, member_id), ids(world, member_id)) == (None, [])
    with pytest.raises(Refusal, match="no-such-address"):
        addresses.remove(world.member_api, 1, member_id, new)


def test_the_member_chooses_the_default(world: Saga) -> None:
    member_id, stranger = world.member(), world.member()
    other = world.address(member_id, postal_code="98121", default=False)
    addresses.choose(world.member_api, 1, member_id, other)
    assert default(world, member_id) == other
    for nobodys in (uuid4(), ids(world, stranger)[0]):
        with pytest.raises(Refusal, match="no-such-address"):
            addresses.choose(world.member_api, 1, member_id, nobodys)
        with pytest.raises(Refusal, match="no-such-address"):
            addresses.remove(world.member_api, 1, member_id, nobodys)
    assert len(ids(world, stranger)) == 1


def test_an_address_that_a_redemption_goes_to_stays_until_it_is_ordered_and_the_order_knows_it_for_ever(
    world: Saga,
) -> None:
    member_id = world.member()
    home = ids(world, member_id)[0]
    request = world.request(world.quote(member_id, LAMP))
    redemption_id = world.redeem(member_id, request).redemption_id
    with pytest.raises(Refusal, match="address-in-use"):
        addresses.remove(world.member_api, 1, member_id, home)
    world.run(redemption_id)
    addresses.remove(world.member_api, 1, member_id, home)
    assert ids(world, member_id) == []
    assert str(overview.overview(world.member_api, 1, member_id, redemption_id)["address_id"]) == str(home)
    kept = world.orders_worker.execute(
        "select line1, removed_at from members.shipping_address(1, %s, %s)", (member_id, home)
    ).fetchone()
    assert kept is not None
    assert kept["removed_at"] is not None


def test_the_same_address_again_is_the_one_that_was_removed(world: Saga) -> None:
    member_id = world.member()
    home = ids(world, member_id)[0]
    redemption_id = world.redeem(member_id, world.request(world.quote(member_id, LAMP))).redemption_id
    redeeming.cancel(world.member_api, 1, member_id, redemption_id)
    addresses.remove(world.member_api, 1, member_id, home)
    again = world.owner.execute(
        "select members.add_address(1, %s, full_name, phone, line1, line2, line3, city, state_or_region, postal_code,"
        " country_code, is_po_box, is_military, true, 1) as id from members.shipping_address(1, %s, %s)",
        (member_id, member_id, home),
    ).fetchone()
    assert again == {"id": home}
    assert ids(world, member_id) == [home]


def test_a_quote_for_a_removed_address_is_not_redeemed(world: Saga) -> None:
    member_id = world.member()
    home = ids(world, member_id)[0]
    request = world.request(world.quote(member_id, LAMP))
    addresses.remove(world.member_api, 1, member_id, home)
    with pytest.raises(Refusal, match="address-removed"):
        world.redeem(member_id, request)
