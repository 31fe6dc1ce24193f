"""`make redeem`: one member of the running local cloud redeems one product, every request and answer shown."""

from __future__ import annotations

import argparse
import json
import sys

import httpx

from local import joining
from local.clock import Clock
from local.connected import STATE, Connected, NotRunning
from local.demo.shopper import Shopper, Unexpected, new_key, timeline


def main() -> int:
    """0 when it ended as it should."""
    arguments = argparse.ArgumentParser(prog="make redeem")
    arguments.add_argument("--email", default="ada@members.example")
    arguments.add_argument("--search", default="speaker")
    arguments.add_argument("--money", action="store_true", help="pay half of it with money")
    options = arguments.parse_args()
    try:
        cloud = Connected.to(STATE)
        with joining.signed_in(cloud, options.email) as door:
            door.event_hooks["response"].append(_show)
            _redeem(Shopper(options.email, door), options.search, options.money, new_key(Clock(cloud).now()))
    except (NotRunning, Unexpected, RuntimeError, httpx.HTTPError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _redeem(shopper: Shopper, search: str, money: bool, key: str) -> None:
    balance = shopper.balance()["available"]
    version = shopper.get("/catalogue")["programme_version"]
    found = shopper.get(f"/catalogue/{version}/products?search={search}")["products"]
    product = next((product for product in found if product["points"] <= balance), None)
    if product is None:
        raise Unexpected(f"nothing found for {search!r} that {balance:,} points buy (is the catalogue synced?)")
    quote = shopper.quote(product["asin"])
    redemption = shopper.redeem(quote, quote["points_full"] // 2 if money else quote["points_full"], key)
    if money:
        shopper.pay(redemption["redemption_id"], "pay")
    shopper.door.event_hooks["response"].clear()
    ended = shopper.wait(redemption["redemption_id"], "completed")
    print("\n".join([f"\n{product['title']}", *timeline(ended), f"    {ended['words']}"]))
    print(f"\nAll of it, from the API to the outside parties: make trace ID={ended['redemption_id']}")


def _show(answer: httpx.Response) -> None:
    answer.read()
    request = answer.request
    print(f"\n{request.method} {request.url.raw_path.decode().partition('/v1')[2]}  {request.content.decode()}")
    shown = json.dumps(answer.json(), ensure_ascii=False) if answer.content else ""
    print(f"  {answer.status_code} {shown[:400]}{' …' if len(shown) > 400 else ''}")


if __name__ == "__main__":
    sys.exit(main())
