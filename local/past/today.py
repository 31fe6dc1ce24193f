"""Today, at the doors that everybody uses: some households sign up and redeem, two of them partly with money; one
sends it back, and Amazon's invoices come."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import httpx

from local import joining
from local.connected import Connected
from local.demo.aftermath import Aftermath
from local.demo.invoiced import Invoiced
from local.demo.journeys import Journeys
from local.demo.purchases import NUMBER_PREFIX
from local.demo.shopper import Shopper
from local.people import Member

# A journey each, of those with the most points.
HOUSEHOLDS = 4


def redeem(cloud: Connected, say: Callable[[str], None]) -> None:
    """All of it; a journey that goes wrong is told, and the others are gone all the same."""
    with ExitStack() as doors:
        shoppers = _shoppers(cloud)
        for shopper in shoppers:
            doors.callback(shopper.door.close)
        journeys = Journeys(cloud, shoppers, {"cheap": _cheapest(cloud)}, say)
        aftermath, invoiced = Aftermath(journeys, cloud, cloud.state / "documents"), Invoiced(journeys, cloud)
        journeys.all_of(
            (journeys.points_and_money, "points and money"),
            (aftermath.delivered_and_returned, "points and money, delivered and sent back"),
            (invoiced.posted, "invoiced"),
            (invoiced.differing, "an invoice that is too dear"),
        )


def _shoppers(cloud: Connected) -> list[Shopper]:
    with cloud.query() as connection:
        rows = connection.execute(
            "select m.number, m.email, m.phone, m.tier from members.member m"
            " join points.member p using (program_id, member_id) where m.number like %s"
            " order by p.available desc limit %s",
            (f"{NUMBER_PREFIX}%", HOUSEHOLDS),
        ).fetchall()
    return [
        Shopper(
            row["number"],
            joining.join(cloud, Member(row["number"], row["email"], "Household", row["tier"], 0)),
            row["phone"],
        )
        for row in rows
    ]


def _cheapest(cloud: Connected) -> str:
    """The cheapest product of the shelf with nothing special about it."""
    answer = httpx.get(f"{cloud.simulator('amazon_business')}/_simulator/products", timeout=10)
    ordinary = [one for one in answer.json()["products"] if not one["scenario"] and one["kind"] == "STANDARD"]
    return str(min(ordinary, key=lambda one: one["price_minor"])["asin"])
