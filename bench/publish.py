"""How long after "publish" a member sees it: a colour in what the portal is told first, a price on the shelf.

Both are asked for as a browser does, again and again, beginning when the API has said "published".
Nothing is flushed: the version is in the address of every cached answer, and what names the version is kept briefly.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx

from bench._figures import ROUNDS, Budget, Figures, spread
from local import joining
from local.connected import Connected
from local.fresh import fresh_cloud
from local.people import MEMBERS, STAFF
from local.plain import PLAIN

BUDGETS = {"publish_to_brand_s": Budget(5), "publish_to_price_s": Budget(5)}
POLL_SECONDS = 0.05
LONGEST_SECONDS = 30.0
FACTORS = (220, 200)
COLOURS = ("#7a1f4b", "#0b6e4f")


def run() -> Figures:
    """Seconds from the answer of the publication until portal and shelf have the new version."""
    manager = next(one.email for one in STAFF if one.group == "catalogue-manager")
    brand, price = [], []
    with (
        fresh_cloud("publish", {}) as cloud,
        joining.staff_signed_in(cloud, manager) as desk,
        joining.signed_in(cloud, MEMBERS[0].email) as door,
    ):
        for turn in range(ROUNDS):
            colour, factor = COLOURS[turn % 2], FACTORS[turn % 2]
            # What was asked for just before may still be kept.
            before = _shelf(door)
            _config(cloud)
            published = _publish(desk, colour, factor)
            brand.append(_seconds_until(published, partial(_is_coloured, cloud, colour)))
            price.append(_seconds_until(published, partial(_is_priced_anew, door, before)))
    return {**spread("publish_to_brand_s", brand, 2), **spread("publish_to_price_s", price, 2)}


def _publish(desk: httpx.Client, colour: str, factor: int) -> float:
    draft = _ok(desk.get("/programme/draft"))
    for section, value in (("brand", {"accent": colour}), ("conversion", {"points_per_major": factor})):
        body = {"revision": draft["revision"], "value": draft["document"][section] | value}
        draft |= _ok(desk.put(f"/programme/draft/{section}", json=body))
    _ok(desk.post("/programme/draft/publication", json={"revision": draft["revision"], "why": "bench"}))
    return time.perf_counter()


def _is_coloured(cloud: Connected, colour: str) -> bool:
    return bool(_config(cloud)["brand"]["accent"] == colour)


def _is_priced_anew(door: httpx.Client, before: list[tuple[str, int]]) -> bool:
    return _shelf(door) != before


def _config(cloud: Connected) -> dict[str, Any]:
    return _ok(httpx.get(f"{cloud.portal}/config.json", verify=PLAIN, timeout=LONGEST_SECONDS))


def _shelf(door: httpx.Client) -> list[tuple[str, int]]:
    version = _ok(door.get("/catalogue"))["programme_version"]
    found = _ok(door.get(f"/catalogue/{version}/products"))["products"]
    return [(one["asin"], one["points"]) for one in found]


def _seconds_until(since: float, seen: Callable[[], bool]) -> float:
    while not seen():
        if time.perf_counter() - since > LONGEST_SECONDS:
            raise TimeoutError(f"not seen after {LONGEST_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - since


def _ok(answer: httpx.Response) -> dict[str, Any]:
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body
