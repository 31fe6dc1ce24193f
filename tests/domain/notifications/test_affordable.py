"""Lapsing points are told with a product that they are enough for, as the function's own role finds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loyalty.catalogue import browsing
from loyalty.catalogue.browsing import Asked
from loyalty.notifications import telling
from loyalty.notifications.affordable import Shelf
from tests.conftest import TestDatabase
from tests.domain.catalogue.shop import Shop, open_shop
from tests.domain.notifications.conftest import PORTAL, World


@pytest.fixture(scope="module")
def shop(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(database, tmp_path_factory.mktemp("shop")) as opened:
        yield opened


def test_the_product_is_one_that_the_points_are_enough_for(shop: Shop) -> None:
    with shop.database.connect("shipment_notification") as connection:
        shelf = Shelf(connection)
        listed = browsing.page(shop.owner, 1, 1, Asked(sort="points"))["products"]
        cheapest, points = listed[0], listed[-1]["points"]
        title = shelf(1, points)
        found = browsing.page(shop.owner, 1, 1, Asked(search=title, max_points=points))["products"]
        assert title in {product["title"] for product in found}
        assert shelf(1, max(cheapest["points"] // 2, 1)) is None
        assert shelf(1, 0) is None


def test_thousands_of_warnings_look_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    page = browsing.page
    monkeypatch.setattr(browsing, "page", lambda *given: looks.append(1) or page(*given))
    with shop.database.connect("shipment_notification") as connection:
        shelf = Shelf(connection)
        titles = {shelf(1, 12_000 + number) for number in range(500)}
    assert (len(titles), len(looks)) == (1, 1)


def test_the_warning_goes_out_also_where_the_shelf_cannot_be_read(world: World) -> None:
    member = world.member(points=9_000, days=20)
    row = world.owner.execute("select expires_on::text from points.lots(1, %s)", (member,)).fetchone()
    assert row is not None
    world.owner.execute("revoke usage on schema catalogue from shipment_notification")
    event = world.event("points.expiring", member, amount=9_000, expires_on=row["expires_on"], warning_id="x")
    channels = {"email": world.email, "sms": world.sms}
    assert telling.tell(world.sender, event, channels, PORTAL, Shelf(world.sender)).sent == 1
    assert "enough for rewards worth USD 45.00" in world.email.letters[0].text
