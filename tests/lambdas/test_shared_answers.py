"""What the gateway keeps for all is the same for all: each kept route is asked by members with nothing in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from loyalty.programme import logo, reading
from stacks import routes
from tests.conftest import TestDatabase
from tests.domain.catalogue.shop import Shop, open_shop
from tests.domain.catalogue.test_browsing import CAMPAIGN
from tests.domain.catalogue.test_curating import LIMIT
from tests.domain.programme.test_logo import picture
from tests.lambdas.conftest import CANARY_CLIENT, MEMBER_CLIENT, Doors, Token, member_token, proxy_event

ORIGIN = "https://rewards.loyalty.example"
KEPT = [route for route in routes.MEMBER if route.shared_by is not None]
ASIN = "B0BUNDLE00"


@pytest.fixture(scope="module")
def shop(published: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Where gold members pay less, and have a shelf of their own."""
    with open_shop(published, tmp_path_factory.mktemp("shop")) as shop:
        for_gold = {"segment": {"tiers": ["gold"]}, "code": "gold-spring"}
        shop.publish(
            campaigns=[CAMPAIGN, CAMPAIGN | for_gold],
            catalogue={"rules": [LIMIT]},
            conversion={"by_tier": {"gold": 180}},
        )
        yield shop


@pytest.fixture
def doors(doors: Doors) -> Doors:
    doors.variables.update(CORS_ORIGIN=ORIGIN, SHELF_SECONDS="20")
    return doors


@pytest.fixture(scope="module")
def asking(shop: Shop) -> list[tuple[Token, dict[str, str]]]:
    """Who asks, by what: two levels, languages, segments, places to live, clients; with and without a claim."""

    def signed_in(member_id: int, **changes: str) -> Token:
        facts = {"subject": f"shared-{member_id}"} | changes
        assigned = ", ".join(f"{name} = %s" for name in facts)
        shop.owner.execute(
            f"update members.member set claimed_at = clock.now(), {assigned} where program_id = 1 and member_id = %s",
            (*facts.values(), member_id),
        )
        return member_token(facts["subject"])

    plain = signed_in(shop.member(points=20_000), language="en")
    gold = signed_in(shop.member(points=10**6, tier="gold", state="OR", postal_code="97201"), language="de")
    return [
        (plain, {"Accept-Language": "en", "Origin": ORIGIN, "X-Device-Id": "one", "X-Correlation-Id": "plain-one"}),
        (gold, {"Accept-Language": "de", "Cache-Control": "max-age=0", "User-Agent": "other", "If-None-Match": "*"}),
        (member_token("of-the-canary", client=CANARY_CLIENT), {"Origin": "https://elsewhere.example"}),
        (member_token("has-not-claimed"), {"X-Forwarded-For": "192.0.2.1", "Host": "elsewhere.example"}),
    ]


# What each kept route is asked: all of its parameters, nothing, and what is refused.
ASKED: dict[str, Callable[[Shop], list[str]]] = {
    "/catalogue/{version}/products": lambda shop: (
        [
            f"/catalogue/{_version(shop)}/products{query}"
            for query in (
                *(
                    "",
                    "?search=tea",
                    "?category=Kitchen&sort=points",
                    "?category=Music",
                    "?max_points=3000&sort=points_down",
                ),
                *("?sort=newest", "?page=nonsense", "?sort=cheapest"),
            )
        ]
        + ["/catalogue/9999/products"]
    ),
    "/catalogue/{version}/products/{asin}": lambda shop: [
        f"/catalogue/{_version(shop)}/products/{asin}" for asin in (ASIN, _music(shop), "B000000000")
    ],
    "/brand/logos/{digest}": lambda shop: [
        f"/brand/logos/{_logo(shop)}",
        f"/brand/logos/{'0' * 64}",
    ],
}


def _version(shop: Shop) -> int:
    return reading.current(shop.owner, 1).version


def _logo(shop: Shop) -> str:
    drawn = logo.drawn(picture())
    logo.keep(shop.owner, 1, drawn, "test")
    return drawn.digest


def _music(shop: Shop) -> str:
    row = shop.owner.execute("select min(asin) as asin from catalogue.product where category = 'Music'").fetchone()
    assert row is not None
    return str(row["asin"])


def test_every_kept_route_is_asked_as_different_members() -> None:
    assert set(ASKED) == {route.path for route in KEPT}
    assert all(route.method == "GET" for route in KEPT)


@pytest.mark.parametrize("path", ASKED)
def test_a_kept_answer_is_to_the_byte_the_same_whoever_asks(
    path: str, shop: Shop, doors: Doors, asking: list[tuple[Token, dict[str, str]]]
) -> None:
    statuses = set()
    for address in ASKED[path](shop):
        answers = [doors.invoke("member_api", proxy_event("GET", address, None, *asker)) for asker in asking]
        assert all(answer == answers[0] for answer in answers), address
        statuses.add(answers[0]["statusCode"])
        said = answers[0]["multiValueHeaders"]
        # Kept without the header, it would be of no use to the next browser; with a stranger's, neither.
        assert said["Access-Control-Allow-Origin"] == [ORIGIN], address
        assert "x-correlation-id" not in said, address
        assert answers[0]["statusCode"] != 304, address
        assert "ETag" not in said, address
    assert {200, 404} <= statuses


def test_the_members_differ_where_it_is_about_them(
    shop: Shop, doors: Doors, asking: list[tuple[Token, dict[str, str]]]
) -> None:
    (plain, _), (gold, _), *_ = asking
    prices = [doors("member_api", "GET", f"/me/prices?asins={ASIN}", token=who).body["prices"] for who in (plain, gold)]
    assert prices[0] != prices[1], "the comparison would prove nothing"
    assert [
        doors("member_api", "GET", f"/me/catalogue/products/{_music(shop)}", token=who).status for who in (plain, gold)
    ] == [404, 200]


def test_of_a_parameter_named_twice_the_one_that_the_gateway_finds_by_is_read(shop: Shop, doors: Doors) -> None:
    twice = f"/catalogue/{_version(shop)}/products?search=nothing-is-called-that&search=tea"
    once = f"/catalogue/{_version(shop)}/products?search=tea"
    answers = [
        doors("member_api", "GET", address, token=member_token("anybody")).body["products"] for address in (twice, once)
    ]
    assert answers[0] == answers[1]
    assert answers[1]


def test_a_browser_keeps_a_page_as_long_as_the_gateway_and_refusals_not_at_all(shop: Shop, doors: Doors) -> None:
    token = member_token("anybody")
    page = doors("member_api", "GET", f"/catalogue/{_version(shop)}/products", token=token)
    assert page.headers["cache-control"] == "private, max-age=20"
    gone = doors("member_api", "GET", f"/catalogue/{_version(shop)}/products/B000000000", token=token)
    assert gone.headers["cache-control"] == "no-store"
    doors.variables["SHELF_SECONDS"] = "0"
    page = doors("member_api", "GET", f"/catalogue/{_version(shop)}/products", token=token)
    assert page.headers["cache-control"] == "no-store"


def test_a_kept_answer_still_wants_the_members_scope(shop: Shop, doors: Doors) -> None:
    address = f"/catalogue/{_version(shop)}/products"
    assert doors("member_api", "GET", address, token=member_token("anybody", scope="openid")).status == 403
    assert doors("member_api", "GET", address, token=member_token("anybody", client=MEMBER_CLIENT)).status == 200
