"""`make demo`: a fresh local cloud, a real programme's members and purchases, journeys, and the proof."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx

from local import joining
from local.arrivals import imported
from local.cloud import AlreadyRuns, Cloud
from local.connected import STATE, Connected
from local.demo import purchases
from local.demo.aftermath import Aftermath
from local.demo.invoiced import Invoiced
from local.demo.journeys import Ended, Journeys
from local.demo.proof import Proof, prove
from local.demo.reconciled import reconcile
from local.demo.shopper import Shopper
from local.people import Member
from local.ports import Ports
from local.processes import Failed

QUICK_HOUSEHOLDS = 50
MEMBERS_AT_ONCE = 50
# Each journey takes one member: those of journeys.py, aftermath.py and invoiced.py.
ALONE = 12
REST_SECONDS = 120
# What the cheapest product may cost with shipping and tax.
POINTS_ENOUGH = 5_000


def main() -> int:
    """0 only if every journey ended as it must and the proof finds nothing."""
    arguments = argparse.ArgumentParser(prog="make demo")
    arguments.add_argument("--quick", action="store_true", help=f"{QUICK_HOUSEHOLDS} households only")
    arguments.add_argument("--stay", action="store_true", help="keep the cloud running until Ctrl-C")
    options = arguments.parse_args()
    state = STATE / "demo"
    shutil.rmtree(state, ignore_errors=True)
    cloud = Cloud(state, Ports.free(), say=_say)
    try:
        connected = cloud.start()
        if cloud.problems:
            raise RuntimeError("; ".join(cloud.problems))
        proof, ended = _demonstrate(connected, QUICK_HOUSEHOLDS if options.quick else None)
        if options.stay:
            _say(f"the cloud stays: {connected.gateway}; Ctrl-C ends it")
            while not time.sleep(1):
                pass
    except KeyboardInterrupt:
        return 130
    except (AlreadyRuns, Failed, RuntimeError, joining.Refused) as error:
        print(f"DEMO FAILED {error}", file=sys.stderr)
        return 1
    finally:
        cloud.stop()
    return _verdict(proof, ended)


def _demonstrate(cloud: Connected, households: int | None) -> tuple[Proof, Ended]:
    files = purchases.write_files(
        cloud.state / "import", ends_at=datetime.now(UTC).replace(microsecond=0), households=households
    )
    _import(cloud, files)
    with ExitStack() as doors:
        shoppers = _shoppers(cloud, doors)
        journeys = Journeys(cloud, shoppers[-ALONE:], _products(cloud), _say)
        ended = journeys.run()
        Aftermath(journeys, cloud, cloud.state / "documents").run()
        Invoiced(journeys, cloud).run()
        journeys.together(shoppers[:-ALONE][-MEMBERS_AT_ONCE:])
    _rest(cloud)
    ended.failures += reconcile(cloud, _say)
    return prove(cloud), ended


def _import(cloud: Connected, files: purchases.Files) -> None:
    _say(
        f"\n— The Complete Journey: {files.household_count:,} households,"
        f" {files.line_count:,} lines in {files.basket_count:,} baskets"
    )
    for file, key in (
        (files.members, "members/complete-journey.csv"),
        (files.accruals, f"accruals/{purchases.PARTNER}/complete-journey.csv"),
    ):
        began = time.monotonic()
        report = imported(cloud, file, key, partial(_tell_accruals, cloud))
        seconds = time.monotonic() - began
        _say(
            f"    {key}: {report['accepted']:,} lines accepted, {report['replayed']:,} replayed,"
            f" {report['rejected']:,} rejected {json.dumps(report['reasons'])} in {seconds:.1f} s"
            f" ({report['accepted'] / seconds:,.0f} lines/s)"
        )


def _tell_accruals(cloud: Connected) -> None:
    so_far = _scalar(cloud, "select count(*) from points.accrual")
    _say(f"    {so_far:,} accruals so far")


def _shoppers(cloud: Connected, doors: ExitStack) -> list[Shopper]:
    """Those with the most points join the portal: sign-up, claim by the mailed code, terms, an address."""
    with cloud.query() as connection:
        rows = connection.execute(
            "select m.number, m.email, m.phone, m.tier from members.member m"
            " join points.member p using (program_id, member_id) where m.number like %s and p.available >= %s"
            " order by p.available desc limit %s",
            (f"{purchases.NUMBER_PREFIX}%", POINTS_ENOUGH, ALONE + MEMBERS_AT_ONCE),
        ).fetchall()
    began = time.monotonic()

    def join(row: dict[str, Any]) -> Shopper:
        member = Member(row["number"], row["email"], "Household", row["tier"], 0)
        return Shopper(member.number, joining.join(cloud, member), row["phone"])

    with ThreadPoolExecutor(6) as people:
        shoppers = list(people.map(join, reversed(rows)))
    for shopper in shoppers:
        doors.callback(shopper.door.close)
    _say(f"\n— {len(shoppers)} members signed up and claimed their membership in {time.monotonic() - began:.1f} s")
    return shoppers


def _products(cloud: Connected) -> dict[str, str]:
    """What the journeys redeem: two ordinary products, and the simulator's special ones."""
    answer = httpx.get(f"{cloud.simulator('amazon_business')}/_simulator/products", timeout=10)
    products = answer.json()["products"]
    ordinary = sorted(
        (product for product in products if not product["scenario"] and product["kind"] == "STANDARD"),
        key=lambda product: product["price_minor"],
    )
    special = {product["scenario"]: product["asin"] for product in products if product["scenario"]}
    return {
        "cheap": ordinary[0]["asin"],
        "dearer": ordinary[5]["asin"],
        "partial": special["partial_quantity"],
        "timeout": special["timeout_after_accept"],
    }


def _rest(cloud: Connected) -> None:
    """Wait until nothing is on the way any more; what stays is told by the proof."""
    deadline = time.monotonic() + REST_SECONDS
    while time.monotonic() < deadline:
        if not _scalar(cloud, "select count(*) from redemptions.redemption where state <> 'closed'"):
            return
        time.sleep(1)


def _verdict(proof: Proof, ended: Ended) -> int:
    wrong = [*ended.failures, *proof.violations, *proof.orphans]
    if proof.outcomes != ended.statuses:
        wrong.append(f"members saw {dict(ended.statuses)}, the books say {dict(proof.outcomes)}")
    _say("")
    for line in wrong:
        _say(f"  WRONG  {line}")
    _say(f"DEMO {'FAILED' if wrong else 'OK'} {proof.line()}")
    return 1 if wrong else 0


def _scalar(cloud: Connected, statement: str) -> int:
    with cloud.query() as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return int(next(iter(row.values())))


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
