"""Where a member came from to a product, by the page before it."""

from __future__ import annotations

from tests.web import node

PLACES = {
    "/": "home",
    "/browse": "category",
    "/browse?category=home&search=": "category",
    "/browse?sort=points&search=lamp": "search",
    "/products/B000000001?points=500": "product",
    "/wishlist": "wishlist",
    "/cart": "elsewhere",
    "/wishlists": "elsewhere",
}


def test_the_page_before_says_where_a_product_was_found() -> None:
    told = node.run("portal/src/came-from.ts", "return told.map(module.cameFrom)", [*PLACES, None])
    assert told == [*PLACES.values(), "elsewhere"]
